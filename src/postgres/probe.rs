//! What stands behind the pooled port: which mode, and are prepared statements tracked. Read only, leaves nothing behind.

use std::{pin::pin, time::Duration};

use crate::{
    domain::{
        conn_url::ConnUrl,
        pool::PoolMode,
        stages::{Probe, Tracking},
        timing::Timing,
    },
    postgres::{
        stages::connect,
        wire::{self, Wire, WireError},
    },
};

/// Turns after which two connections that never shared or moved are taken for sessions; two turns were enough in
/// every measurement.
const ROUNDS: usize = 8;

/// For each step on the second connection: in session mode it may find the pool full, which is not worth a wait.
const SECOND: Duration = Duration::from_secs(3);

/// After which a query counts as held up.
const A_MOMENT: Duration = Duration::from_millis(1500);

/// Asks on two connections of the pooled URL. What stays unclear is told as unclear.
pub async fn probe(url: &ConnUrl, ca: Option<&str>, timing: &Timing) -> Probe {
    let unclear = Probe { mode: None, tracking: Tracking::Unknown };
    let Ok(mut first) = connect(url, ca, timing).await else { return unclear };
    let Ok(tracking) = wire::within(timing.query, tracking(&mut first)).await else {
        return unclear;
    };
    let mode = mode(&mut first, url, ca, timing).await;
    first.close().await;
    Probe { mode, tracking }
}

/// A statement prepared by name: under which name does the server know it?
///
/// A pooler that tracks keeps the statement in a cache of its own, one for each text; so the text is always the same.
async fn tracking(wire: &mut Wire) -> Result<Tracking, WireError> {
    const SQL: &str = "select 1 /* poolwright probe */";
    let name = format!("poolwright_{}", uuid::Uuid::new_v4().simple());
    let question = format!("select name from pg_prepared_statements where statement = '{SQL}'");
    let reply = wire.prepare_and_ask(&name, SQL, &question).await?;
    let known: Vec<String> =
        reply.rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect();
    Ok(if known.contains(&name) {
        Tracking::NotTracked
    } else if known.iter().any(|known| known.starts_with("PGBOUNCER_")) {
        Tracking::Tracked
    } else {
        Tracking::Unknown
    })
}

async fn mode(
    first: &mut Wire,
    url: &ConnUrl,
    ca: Option<&str>,
    timing: &Timing,
) -> Option<PoolMode> {
    let quick =
        Timing { connect: SECOND, tls: SECOND, sign_in: SECOND, query: SECOND, ..timing.clone() };
    let mut second = connect(url, ca, &quick).await.ok()?;
    let mode = match take_turns(first, &mut second).await {
        Turns::Kept => Some(PoolMode::Session),
        Turns::Lent => transactions(&mut second).await,
        Turns::Unclear => None,
    };
    second.close().await;
    mode
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turns {
    /// Each connection keeps a backend of its own.
    Kept,
    /// Backends are shared, or they move.
    Lent,
    Unclear,
}

/// Two connections in turn: a shared or moving backend means that they are lent.
async fn take_turns(first: &mut Wire, second: &mut Wire) -> Turns {
    let mut before: [Option<String>; 2] = [None, None];
    for _ in 0..ROUNDS {
        let Some(mine) = within_a_second(backend(first)).await else { return Turns::Unclear };
        let theirs = {
            let mut asked = pin!(backend(second));
            match tokio::time::timeout(A_MOMENT, &mut asked).await {
                Ok(theirs) => theirs,
                // Nothing free for the second. The pooler serves who asked first, so where the first is answered
                // meanwhile, it has a backend of its own.
                Err(_elapsed) => tokio::select! {
                    biased;
                    theirs = &mut asked => theirs,
                    again = within_a_second(backend(first)) => {
                        return if again == Some(mine) { Turns::Kept } else { Turns::Unclear };
                    }
                },
            }
        };
        let Some(theirs) = theirs else { return Turns::Unclear };
        let now = [Some(mine), Some(theirs)];
        let moved = before.iter().zip(&now).any(|(old, new)| old.is_some() && old != new);
        if moved || now.first() == now.last() {
            return Turns::Lent;
        }
        before = now;
    }
    Turns::Kept
}

async fn within_a_second<T>(work: impl Future<Output = Option<T>>) -> Option<T> {
    tokio::time::timeout(SECOND, work).await.ok().flatten()
}

async fn backend(wire: &mut Wire) -> Option<String> {
    let rows = wire.rows("select pg_backend_pid()").await.ok()?;
    rows.into_iter().next()?.into_iter().next()?
}

/// Lent for one transaction, or for one statement? Statement mode ends a connection that begins a transaction.
async fn transactions(wire: &mut Wire) -> Option<PoolMode> {
    match wire::within(SECOND, wire.rows("begin")).await {
        Ok(_) => {
            wire::within(SECOND, wire.rows("rollback")).await.ok()?;
            Some(PoolMode::Transaction)
        }
        Err(WireError::Server(said)) if said.message.contains("transaction blocks not allowed") => {
            Some(PoolMode::Statement)
        }
        Err(_) => None,
    }
}
