//! Applies a Prisma migrations folder over one direct connection, and leaves the ledger as Prisma would.

use std::time::{Duration, Instant};

use crate::{
    domain::{
        diagnosis::Said,
        migration::{self, Applied, LedgerRow, Script, Status},
    },
    postgres::{
        ledger::Ledger,
        wire::{Transaction, Wire, WireError},
    },
};

/// The session lock that Prisma takes.
const LOCK: &str = "select pg_advisory_lock(72707369)";
/// How long Prisma waits for it.
const LOCK_WAIT: Duration = Duration::from_secs(10);
/// A migration that waits for a table holds up everybody behind it; after this long it gives way.
const TABLE_WAIT: &str = "set lock_timeout = '5s'";

/// Why a deploy ended early.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Prisma's P1002; who holds the lock, where it could be seen.
    #[error("another deploy holds the lock")]
    Locked { holder: Option<String> },
    /// P3005.
    #[error("the database has tables but no history")]
    NotEmpty,
    /// P3009.
    #[error("an earlier migration did not finish")]
    Failed(Vec<String>),
    /// P3018.
    #[error("the migration {} was refused", .0.name)]
    Script(Box<ScriptError>),
    #[error("the connection to the database failed")]
    Wire(#[source] WireError),
}

/// What went wrong in a script, and where.
#[derive(Debug)]
pub struct ScriptError {
    pub name: String,
    pub said: Said,
    /// From 1, where the server named a position.
    pub place: Option<(usize, usize)>,
    /// The script ended inside a transaction of its own; nothing of it was kept.
    pub left_open: bool,
}

/// Folder and ledger compared; changes nothing.
pub async fn status(
    wire: &mut Wire,
    scripts: &[Script],
    schema: &str,
) -> Result<Status, WireError> {
    let ledger = Ledger::new(schema);
    let rows = ledger.read(wire).await?;
    let not_empty = if rows.is_none() { ledger.schema_not_empty(wire).await? } else { false };
    Ok(migration::status(scripts, rows.as_deref(), not_empty))
}

/// What a running deploy tells.
pub trait Progress: Send {
    /// A statement of `name` ended; how many so far.
    fn statement(&mut self, name: &str, finished: u32);
    fn applied(&mut self, applied: Applied) -> impl Future<Output = ()> + Send;
}

/// Applies what is pending, in the folder's order, and stops at the first that is refused.
pub async fn deploy(
    wire: &mut Wire,
    scripts: &[Script],
    schema: &str,
    progress: &mut impl Progress,
) -> Result<Status, MigrateError> {
    lock(wire).await?;
    let ledger = Ledger::new(schema);
    // Only now nobody else writes the ledger.
    let before = status(wire, scripts, schema).await.map_err(MigrateError::Wire)?;
    if before.schema_not_empty {
        return Err(MigrateError::NotEmpty);
    }
    if !before.failed.is_empty() {
        return Err(MigrateError::Failed(before.failed));
    }
    if !before.managed {
        ledger.create(wire).await.map_err(MigrateError::Wire)?;
    }
    for pending in &before.pending {
        let began = Instant::now();
        let row = apply(wire, &ledger, &pending.script, progress).await?;
        progress
            .applied(Applied { name: pending.script.name.clone(), took: began.elapsed(), row })
            .await;
    }
    status(wire, scripts, schema).await.map_err(MigrateError::Wire)
}

async fn lock(wire: &mut Wire) -> Result<(), MigrateError> {
    let limit = format!("set lock_timeout = '{}ms'", LOCK_WAIT.as_millis());
    wire.rows(&limit).await.map_err(MigrateError::Wire)?;
    match wire.rows(LOCK).await {
        Ok(_) => {}
        Err(WireError::Server(said)) if said.sqlstate == "55P03" => {
            return Err(MigrateError::Locked { holder: holder(wire).await });
        }
        Err(err) => return Err(MigrateError::Wire(err)),
    }
    wire.rows(TABLE_WAIT).await.map_err(MigrateError::Wire).map(drop)
}

/// Process, application and start of whoever holds the lock.
async fn holder(wire: &mut Wire) -> Option<String> {
    let rows = wire
        .rows(
            "select 'process ' || a.pid || coalesce(', ' || nullif(a.application_name, ''), '') || \
             coalesce(', connected since ' || to_char(a.backend_start at time zone 'UTC', 'HH24:MI:SS') || ' UTC', '') \
             from pg_locks l join pg_stat_activity a on a.pid = l.pid \
             where l.locktype = 'advisory' and l.classid = 0 and l.objid = 72707369 and l.objsubid = 1 and l.granted",
        )
        .await
        .ok()?;
    rows.into_iter().next()?.into_iter().next()?
}

async fn apply(
    wire: &mut Wire,
    ledger: &Ledger,
    script: &Script,
    progress: &mut impl Progress,
) -> Result<LedgerRow, MigrateError> {
    let id = ledger.begin(wire, script).await.map_err(MigrateError::Wire)?;
    let mut finished = 0;
    progress.statement(&script.name, finished);
    let reply = wire
        .run_watched(&script.sql, |_| {
            finished += 1;
            progress.statement(&script.name, finished);
        })
        .await
        .map_err(MigrateError::Wire)?;
    let left_open = wire.transaction != Transaction::Idle;
    if left_open {
        // The bookkeeping below must not be lost with the script's own transaction.
        wire.rows("rollback").await.map_err(MigrateError::Wire)?;
    }
    fresh_session(wire).await.map_err(MigrateError::Wire)?;
    let error = match reply.error {
        Some(said) => Some((said, left_open)),
        None if left_open => Some((unfinished(), true)),
        None => None,
    };
    if let Some((said, left_open)) = error {
        let place = said.position.map(|position| line_and_column(&script.sql, position));
        ledger.fail(wire, &id, &logs(script, &said)).await.map_err(MigrateError::Wire)?;
        let error = ScriptError { name: script.name.clone(), said, place, left_open };
        return Err(MigrateError::Script(Box::new(error)));
    }
    ledger.finish(wire, &id).await.map_err(MigrateError::Wire)?;
    let row = ledger.read_row(wire, &id).await.map_err(MigrateError::Wire)?;
    row.ok_or(MigrateError::Wire(WireError::Closed))
}

/// Settings of one script must not reach the next, nor the bookkeeping. Locks stay.
async fn fresh_session(wire: &mut Wire) -> Result<(), WireError> {
    wire.rows("reset role").await?;
    wire.rows("reset all").await?;
    wire.rows(TABLE_WAIT).await.map(drop)
}

fn unfinished() -> Said {
    Said {
        severity: "ERROR".to_owned(),
        message: "the script begins a transaction and does not end it".to_owned(),
        ..Said::default()
    }
}

/// The text Prisma keeps in the row, without its colours.
fn logs(script: &Script, said: &Said) -> String {
    format!(
        "A migration failed to apply. New migrations cannot be applied before the error is recovered from. \
         Read more about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve\n\n\
         Migration name: {}\n\nDatabase error code: {}\n\nDatabase error:\n{}: {}",
        script.name, said.sqlstate, said.severity, said.message
    )
}

/// Line and column, both from 1, of a character position from 1.
fn line_and_column(text: &str, position: usize) -> (usize, usize) {
    text.chars().take(position.saturating_sub(1)).fold((1, 1), |(line, column), c| {
        if c == '\n' { (line + 1, 1) } else { (line, column + 1) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_counted_in_characters() {
        let sql = "select 1;\n-- é\nselekt 2;";
        assert_eq!(line_and_column(sql, 1), (1, 1));
        assert_eq!(line_and_column(sql, 16), (3, 1));
        assert_eq!(line_and_column("", 9), (1, 1));
    }
}
