//! What of a session can be used through a pool, tried out. It leaves traces on the server's connections (a setting, a
//! lock, a table), so it is for practice; only the settings at sign-in leave none.

use std::time::Duration;

use crate::{
    domain::{
        conn_url::ConnUrl,
        diagnosis::{Said, Symptom},
        features::{Basis, Found, Holds, inferred},
        pool::PoolMode,
        project::Feature,
        stages::Probe,
        timing::Timing,
    },
    postgres::{
        stages::connect,
        wire::{self, Reply, Wire, WireError},
    },
};

/// For each single try; a pool with nothing free is not waited for.
const LIMIT: Duration = Duration::from_secs(2);

/// So often the first client is tried to be moved to another server connection.
const TRIES: usize = 6;

/// Settings that apps send at sign-in and that `PostgreSQL` itself takes.
const SETTINGS: [(&str, &str); 4] = [
    ("search_path", "public"),
    ("statement_timeout", "30000"),
    ("lock_timeout", "5000"),
    ("default_transaction_read_only", "off"),
];

/// The table with every feature tried; what stays unclear keeps what the mode lets expect.
pub async fn provoked(
    url: &ConnUrl,
    ca: Option<&str>,
    probe: Probe,
    timing: &Timing,
) -> Vec<Found> {
    let mut table = inferred(probe);
    for row in &mut table {
        let seen = if row.feature == Feature::StartupParameter {
            Some(settings(url, ca, timing).await)
        } else {
            tried(row.feature, probe.mode, url, ca, timing).await
        };
        if let Some(seen) = seen.filter(|seen| seen.holds != Holds::Unclear) {
            *row = seen;
        }
    }
    table
}

/// One sign-in for each setting that apps send along.
pub async fn settings(url: &ConnUrl, ca: Option<&str>, timing: &Timing) -> Found {
    let mut refused = Vec::new();
    let mut accepted = Vec::new();
    for (name, value) in SETTINGS {
        let with = url.clone().with_parameter("options", &format!("-c {name}={value}"));
        match connect(&with, ca, timing).await {
            Ok(wire) => {
                wire.close().await;
                accepted.push(name);
            }
            Err(Symptom::Said(said))
                if said.message.starts_with("unsupported startup parameter") =>
            {
                refused.push(name);
            }
            Err(_) => {} // something else stands in the way; it says nothing about this setting
        }
    }
    let (holds, seen) = match (refused.as_slice(), accepted.as_slice()) {
        ([], []) => (Holds::Unclear, None),
        ([], _) => (Holds::Works, Some(format!("accepted: {}", accepted.join(", ")))),
        (_, _) => (Holds::Refused, Some(format!("refused: {}", refused.join(", ")))),
    };
    Found { feature: Feature::StartupParameter, holds, basis: Basis::Provoked, seen }
}

/// How a feature is used, and what shows that it held.
struct Trial {
    /// Runs first.
    begin: String,
    /// Runs later, when another server connection may be lent.
    check: String,
    /// The only cell of the answer that means "still there"; `None`: no error is enough.
    still: Option<&'static str>,
}

impl Trial {
    fn of(feature: Feature, name: &str) -> Option<Self> {
        // Advisory locks go by number; the name is random already.
        let key =
            name.bytes().fold(0_u32, |key, byte| key.wrapping_mul(31).wrapping_add(byte.into()));
        let (begin, check, still) = match feature {
            Feature::Set => (
                format!("set poolwright.{name} = 'kept'"),
                format!("select current_setting('poolwright.{name}', true)"),
                Some("kept"),
            ),
            Feature::Prepare => {
                (format!("prepare {name} as select 1"), format!("execute {name}"), None)
            }
            Feature::AdvisoryLock => (
                format!("select pg_advisory_lock({key})"),
                format!("select pg_advisory_unlock({key})"),
                Some("t"),
            ),
            Feature::TempTable => {
                (format!("create temp table {name} ()"), format!("select from {name}"), None)
            }
            Feature::WithHold => (
                format!("declare {name} cursor with hold for select 1"),
                format!("fetch {name}"),
                None,
            ),
            Feature::NamedStatement | Feature::Listen | Feature::StartupParameter => return None,
        };
        Some(Self { begin, check, still })
    }
}

/// Two connections: the first uses the feature, the second takes its server connection away if that is possible.
async fn tried(
    feature: Feature,
    mode: Option<PoolMode>,
    url: &ConnUrl,
    ca: Option<&str>,
    timing: &Timing,
) -> Option<Found> {
    let mut first = connect(url, ca, timing).await.ok()?;
    let mut second = connect(url, ca, timing).await.ok()?;
    let name = format!("p{}", uuid::Uuid::new_v4().simple());
    let what = match feature {
        Feature::NamedStatement => named_statement(&mut first, &mut second, &name).await,
        Feature::Listen => listen(&mut first, &mut second, &name).await,
        Feature::Set
        | Feature::Prepare
        | Feature::AdvisoryLock
        | Feature::TempTable
        | Feature::WithHold
        | Feature::StartupParameter => session_state(feature, &mut first, &mut second, &name).await,
    };
    first.close().await;
    second.close().await;
    // Where the connection never moved, it was its own; in another mode than session that was chance.
    let (holds, seen) = match what? {
        Seen::Kept if mode == Some(PoolMode::Session) => {
            (Holds::Works, "kept: the server connection stays the same".to_owned())
        }
        Seen::Kept => return None,
        Seen::Moved => (Holds::Works, "kept on another server connection".to_owned()),
        Seen::Arrived => (Holds::Works, "the message arrived".to_owned()),
        Seen::Refused(said) => (Holds::Refused, words(&said)),
        Seen::Error(said) => (Holds::Lost, words(&said)),
        Seen::Silently => (Holds::Lost, "gone, without an error".to_owned()),
    };
    Some(Found { feature, holds, basis: Basis::Provoked, seen: Some(seen) })
}

/// What became of it.
enum Seen {
    /// Still there, on the same server connection.
    Kept,
    /// Still there, on another one.
    Moved,
    Arrived,
    Refused(Said),
    Error(Said),
    Silently,
}

async fn session_state(
    feature: Feature,
    first: &mut Wire,
    second: &mut Wire,
    name: &str,
) -> Option<Seen> {
    for turn in 0..TRIES {
        let trial = Trial::of(feature, &format!("{name}_{turn}"))?;
        // In one message, so that it is one transaction: the process is that of the feature.
        let begun = run(first, &format!("{}; select pg_backend_pid()", trial.begin)).await?;
        if let Some(said) = begun.error {
            return Some(Seen::Refused(said));
        }
        let home = begun.rows.last()?.first()?.clone();
        let held = hold(second).await;
        let checked = run(first, &format!("select pg_backend_pid(); {}", trial.check)).await;
        if held {
            release(second).await;
        }
        let checked = checked?;
        if let Some(said) = checked.error {
            return Some(Seen::Error(said));
        }
        let cell = checked.rows.get(1).and_then(|row| row.first()).cloned().flatten();
        if trial.still.is_some_and(|still| cell.as_deref() != Some(still)) {
            return Some(Seen::Silently);
        }
        if checked.rows.first().and_then(|row| row.first()) != Some(&home) {
            return Some(Seen::Moved);
        }
    }
    Some(Seen::Kept)
}

async fn named_statement(first: &mut Wire, second: &mut Wire, name: &str) -> Option<Seen> {
    let prepared =
        wire::within(LIMIT, first.prepare(name, "select pg_backend_pid()")).await.ok()?;
    if let Some(said) = prepared.error {
        return Some(Seen::Refused(said));
    }
    let mut home = None;
    for turn in 0..=TRIES {
        // The first turn tells where the first client is at home.
        let held = 0 < turn && hold(second).await;
        let ran = wire::within(LIMIT, first.execute(name)).await;
        if held {
            release(second).await;
        }
        let reply = match ran {
            Ok(reply) => reply,
            Err(WireError::Server(said)) => return Some(Seen::Error(*said)),
            Err(_) => return None, // nothing free in time
        };
        if let Some(said) = reply.error {
            return Some(Seen::Error(said));
        }
        let here = reply.rows.into_iter().next();
        if home.is_some() && home != here {
            return Some(Seen::Moved);
        }
        home = home.or(here);
    }
    Some(Seen::Kept)
}

async fn listen(first: &mut Wire, second: &mut Wire, name: &str) -> Option<Seen> {
    run(first, &format!("listen {name}")).await?;
    run(second, &format!("notify {name}")).await?;
    for _ in 0..TRIES {
        let reply = run(first, "select 1").await?;
        if reply.heard.iter().any(|channel| channel == name) {
            return Some(Seen::Arrived);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Some(Seen::Silently)
}

/// The second client keeps a server connection busy, most likely the one that the first used last.
async fn hold(second: &mut Wire) -> bool {
    run(second, "begin").await.is_some_and(|reply| reply.error.is_none())
}

async fn release(second: &mut Wire) {
    run(second, "rollback").await;
}

async fn run(wire: &mut Wire, sql: &str) -> Option<Reply> {
    wire::within(LIMIT, wire.run(sql)).await.ok()
}

fn words(said: &Said) -> String {
    format!("{} {}", said.sqlstate, said.message)
}
