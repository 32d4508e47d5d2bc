//! A connection to watch a server that may be full: waits for a slot, and says it where there is none.

use std::time::{Duration, Instant};

use crate::{
    domain::{
        problem::{Fix, Problem},
        timing::Timing,
    },
    postgres::activity::{RecordError, Watch},
    setup::steps::measure::{SHUT_OUT, Target},
};

/// Waits for a free slot as long as `patience`; `refused` hears at each refusal what the server says and how long we have
/// waited so far.
pub(super) async fn watch(
    direct: &Target,
    patience: Duration,
    timing: &Timing,
    mut refused: impl FnMut(&str, Duration) + Send,
) -> Result<Watch, Problem> {
    let began = Instant::now();
    loop {
        match Watch::open(&direct.url, direct.ca.as_deref(), timing).await {
            Ok(watch) => return Ok(watch),
            Err(RecordError::Connect(err)) if err.full() && began.elapsed() < patience => {
                refused(&err.said(), began.elapsed())
            }
            Err(err) => return Err(problem(&err)),
        }
        // Slots come free for moments only, so we ask often.
        tokio::time::sleep(timing.again / 4).await;
    }
}

/// The problem that a failed look at the server comes to.
pub(super) fn problem(err: &RecordError) -> Problem {
    let mut problem = match err.silent_for() {
        Some(limit) => no_answer(limit),
        None => refused(err),
    };
    problem = problem.detail(err.to_string());
    let mut source = std::error::Error::source(err);
    while let Some(cause) = source {
        problem = problem.detail(cause.to_string());
        source = cause.source();
    }
    problem
}

pub(super) fn no_answer(limit: Duration) -> Problem {
    Problem::new(
        SHUT_OUT,
        format!("The database gave no answer within {} s.", limit.as_secs()),
        "Most likely: this computer is not among the cluster's trusted sources; or a company firewall or VPN blocks the port.",
    )
    .fix("Try again", Fix::TryAgain)
    .hint("Step 3 and step 6 can let this computer in for a time")
}

pub(super) fn refused(err: &RecordError) -> Problem {
    match err {
        RecordError::Connect(err) if err.full() => Problem::new(
            "53300",
            "The database has no free connection.",
            format!("All of its connections stayed in use. The server says: “{}”.", err.said()),
        )
        .fix("Keep trying for 2 minutes", Fix::TryAgain)
        .hint("Lower the app's own limit or stop one of its instances for a moment")
        .hint("Record at a quieter hour"),
        RecordError::Connect(err) => {
            let code = err.sqlstate().unwrap_or_else(|| "connection".to_owned());
            Problem::new(
                code,
                "The direct connection could not be made.",
                format!("“{}”.", err.said()),
            )
            .fix("Try again", Fix::TryAgain)
            .hint("Step 6 tests the connection stage by stage and names the cause")
        }
        RecordError::Query(_) | RecordError::Silent(_) => Problem::new(
            "query",
            "The server stopped answering questions about its connections.",
            "The connection broke or the server was restarted.",
        )
        .fix("Try again", Fix::TryAgain),
    }
}
