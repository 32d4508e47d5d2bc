//! What stands behind the pooled port: which mode, and are prepared statements tracked. Read only, leaves nothing behind.

use std::time::Duration;

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

/// Turns after which two connections that never shared or moved are taken for sessions (facts: two were enough).
const ROUNDS: usize = 8;

/// In session mode the second sign-in may find the pool full; it is not worth a wait.
const SECOND: Duration = Duration::from_secs(3);

/// Asks on two connections of the pooled URL. What stays unclear is told as unclear.
pub async fn probe(url: &ConnUrl, ca: Option<&str>, timing: &Timing) -> Probe {
    let unclear = Probe { mode: None, tracking: Tracking::Unknown };
    let Ok(mut first) = connect(url, ca, timing).await else { return unclear };
    let tracking = match wire::within(timing.query, tracking(&mut first)).await {
        Ok(tracking) => tracking,
        Err(WireError::Server(said)) if said.message.contains("transaction blocks not allowed") => {
            return Probe { mode: Some(PoolMode::Statement), tracking: Tracking::Unknown };
        }
        Err(_) => return unclear,
    };
    let mode = mode(&mut first, url, ca, timing).await;
    first.close().await;
    Probe { mode, tracking }
}

/// A statement prepared by name inside a transaction: under which name does the server know it?
async fn tracking(wire: &mut Wire) -> Result<Tracking, WireError> {
    let name = format!("poolwright_{}", uuid::Uuid::new_v4().simple());
    wire.rows("begin").await?;
    let prepared = wire.prepare(&name, &format!("select 1 /* {name} */")).await?;
    let seen = match prepared.error {
        Some(_) => None,
        None => Some(
            wire.rows(&format!(
                "select name from pg_prepared_statements where statement like '%/* {name} */'"
            ))
            .await?,
        ),
    };
    wire.unprepare(&name).await?;
    wire.rows("rollback").await?;
    let known = seen
        .and_then(|rows| rows.into_iter().next())
        .and_then(|row| row.into_iter().next().flatten());
    Ok(match known {
        Some(known) if known == name => Tracking::NotTracked,
        Some(known) if known.starts_with("PGBOUNCER_") => Tracking::Tracked,
        Some(_) | None => Tracking::Unknown,
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
    let mode = take_turns(first, &mut second).await;
    second.close().await;
    mode
}

/// Two connections in turn: a shared or moving backend means that they are lent per transaction.
async fn take_turns(first: &mut Wire, second: &mut Wire) -> Option<PoolMode> {
    let (mut mine, mut other): (Option<String>, Option<String>) = (None, None);
    let mut wires = [first, second];
    for _ in 0..2 * ROUNDS {
        let [wire, _] = &mut wires;
        let rows = wire::within(SECOND, wire.rows("select pg_backend_pid()")).await.ok()?;
        let pid = rows.into_iter().next()?.into_iter().next()??;
        let moved = mine.as_ref().is_some_and(|mine| *mine != pid);
        if moved || other.as_ref() == Some(&pid) {
            return Some(PoolMode::Transaction);
        }
        mine = Some(pid);
        // The other one's turn.
        wires.swap(0, 1);
        std::mem::swap(&mut mine, &mut other);
    }
    Some(PoolMode::Session)
}
