//! Applies migrations over one direct connection, and leaves the ledger as Prisma would.

use std::time::{Duration, Instant};

use crate::{
    domain::{
        diagnosis::Said,
        migration::{
            Applied, Compared, Entry, Failure, LedgerRow, Script, Warning, compare, script::Spot,
            statements::Plan,
        },
    },
    postgres::{
        ledger::{self, Ledger},
        run::{self, Run},
        wire::{self, Reply, Transaction, Wire, WireError},
    },
};

pub use crate::postgres::ledger::Book;

/// The session lock that Prisma takes.
const LOCK: &str = "72707369";
/// How long Prisma waits for it.
const LOCK_WAIT: Duration = Duration::from_secs(10);
/// A migration that waits for a table holds up everybody behind it; after this long it gives way. And from PostgreSQL 14 on,
/// the server looks whether we are still there: what nobody waits for any more is undone, not finished.
const CARE: &str = "set lock_timeout = '5s'; select set_config('client_connection_check_interval', '2s', false) \
                    where current_setting('server_version_num')::int >= 140000";
/// So often a script that gave way is tried; only where nothing of it was kept.
const TRIES: u32 = 3;

/// Settings under which later scripts would build something else, or could not run.
const TELLING: [&str; 6] = [
    "search_path",
    "role",
    "default_tablespace",
    "default_table_access_method",
    "default_transaction_read_only",
    "standard_conforming_strings",
];

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Prisma's P1002; who holds the lock, where it could be seen.
    #[error("another deploy holds the lock")]
    Locked { holder: Option<String> },
    /// A script gave the lock away, so somebody else may be at work.
    #[error("the migration lock was lost")]
    LockLost,
    /// P3005.
    #[error("the database has tables but no history")]
    NotEmpty,
    /// P3009.
    #[error("an earlier migration did not finish")]
    Failed(Vec<Failure>),
    /// P3008.
    #[error("the migration {0} is recorded as applied")]
    AlreadyApplied(String),
    /// P3011.
    #[error("the migration {0} was never applied")]
    NeverApplied(String),
    /// P3012.
    #[error("the migration {0} did not fail")]
    NotFailed(String),
    /// Nothing to mark: there is no ledger.
    #[error("the database has no ledger")]
    Unmanaged,
    /// P3018.
    #[error("the migration {} was refused", .0.name)]
    Script(Box<ScriptError>),
    #[error("the connection to the database failed")]
    Wire(#[source] WireError),
}

impl From<WireError> for MigrateError {
    fn from(err: WireError) -> Self {
        Self::Wire(err)
    }
}

/// What went wrong in a script, and where.
#[derive(Debug)]
pub struct ScriptError {
    pub name: String,
    pub said: Said,
    /// Where the server points at, else where the statement begins.
    pub place: Option<Spot>,
    /// The statement's beginning.
    pub statement: String,
    /// The line of the last statement whose effect stays; `None` where nothing of the script does.
    pub kept: Option<usize>,
    /// The script ended inside a transaction of its own.
    pub left_open: bool,
    /// The line of what only psql understands.
    pub for_psql: Option<usize>,
    /// It calls what may commit by itself.
    pub may_commit: bool,
    pub tries: u32,
}

/// What a running deploy tells.
pub trait Progress: Send {
    /// Somebody else holds the lock; who, where it can be seen.
    fn waiting(&mut self, holder: Option<&str>);
    fn news(&mut self, running: Running<'_>);
    fn warn(&mut self, warning: Warning);
    fn applied(&mut self, applied: Applied) -> impl Future<Output = ()> + Send;
}

/// How far the script under way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running<'a> {
    pub name: &'a str,
    /// A long script takes a while to arrive: bytes.
    pub sent: usize,
    pub bytes: usize,
    pub finished: usize,
    pub statements: usize,
    /// From 1; a script that waited for a table in vain is tried again.
    pub attempt: u32,
}

/// What is found without changing anything.
#[derive(Debug)]
pub struct Seen {
    /// `None` where there is no ledger.
    pub rows: Option<Vec<LedgerRow>>,
    /// Tables stand there although no ledger does.
    pub not_empty: bool,
    pub invalid_indexes: Vec<String>,
}

/// Looks; changes nothing. Unlike Prisma, it does not make a missing schema.
pub async fn look(wire: &mut Wire, book: &Book) -> Result<Seen, WireError> {
    let ledger = Ledger::find(wire, book).await?;
    let rows = ledger.read(wire).await?;
    let not_empty = if rows.is_none() { ledger.schema_not_empty(wire).await? } else { false };
    let invalid_indexes = ledger::invalid_indexes(wire, book.limit).await?;
    Ok(Seen { rows, not_empty, invalid_indexes })
}

/// Indexes that a build of theirs left behind.
pub async fn invalid_indexes(wire: &mut Wire, book: &Book) -> Result<Vec<String>, WireError> {
    ledger::invalid_indexes(wire, book.limit).await
}

/// From a connection to another database of the server.
pub async fn create_database(wire: &mut Wire, database: &str) -> Result<(), WireError> {
    wire.rows(&format!("create database {}", ledger::name(database))).await.map(drop)
}

/// A connection that holds the lock. The lock ends with the connection, as Prisma's does.
#[derive(Debug)]
pub struct Session<'w> {
    wire: &'w mut Wire,
    ledger: Ledger,
    book: Book,
    /// The values of `TELLING` before any script.
    settings: Vec<Option<String>>,
    is_locked: bool,
}

/// Makes the schema where it is missing, takes the lock and looks the ledger up, in Prisma's order.
pub async fn begin<'w>(
    wire: &'w mut Wire,
    book: &Book,
    progress: &mut impl Progress,
) -> Result<Session<'w>, MigrateError> {
    Ledger::find(wire, book).await?.ensure_schema(wire).await?;
    lock(wire, book.limit, progress).await?;
    // Only now nobody else writes the ledger.
    let ledger = Ledger::find(wire, book).await?;
    let rows = wire::within(book.limit, wire.rows(&telling())).await?;
    let settings = rows.into_iter().next().unwrap_or_default();
    Ok(Session { wire, ledger, book: book.clone(), settings, is_locked: true })
}

async fn lock(
    wire: &mut Wire,
    limit: Duration,
    progress: &mut impl Progress,
) -> Result<(), MigrateError> {
    let free = format!("select pg_try_advisory_lock({LOCK}); {CARE}");
    let rows = wire::within(limit, wire.rows(&free)).await?;
    if rows.first().and_then(|row| row.first()?.as_deref()) == Some("t") {
        return Ok(());
    }
    progress.waiting(holder(wire, limit).await.as_deref());
    let wait = format!("set lock_timeout = '{}ms'", LOCK_WAIT.as_millis());
    wire::within(limit, wire.rows(&wait)).await?;
    let take = format!("select pg_advisory_lock({LOCK})");
    match wire::within(LOCK_WAIT + limit, wire.rows(&take)).await {
        Ok(_) => {}
        Err(WireError::Server(said)) if said.sqlstate == "55P03" => {
            return Err(MigrateError::Locked { holder: holder(wire, limit).await });
        }
        Err(err) => return Err(MigrateError::Wire(err)),
    }
    wire::within(limit, wire.rows(CARE)).await?;
    Ok(())
}

/// Process, application and start of whoever holds the lock. It ended meanwhile, or it is hidden: `None`.
async fn holder(wire: &mut Wire, limit: Duration) -> Option<String> {
    let sql = format!(
        "select 'process ' || l.pid || coalesce(', ' || nullif(a.application_name, ''), '') || \
         coalesce(', connected since ' || to_char(a.backend_start at time zone 'UTC', 'HH24:MI:SS') || ' UTC', '') \
         from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid \
         where l.locktype = 'advisory' and l.classid = 0 and l.objid = {LOCK} and l.objsubid = 1 and l.granted \
         and l.database = (select oid from pg_catalog.pg_database where datname = current_database())"
    );
    let rows = wire::within(limit, wire.rows(&sql)).await.ok()?;
    rows.into_iter().next()?.into_iter().next()?
}

fn telling() -> String {
    let settings: Vec<String> =
        TELLING.iter().map(|name| format!("current_setting('{name}')")).collect();
    format!("select {}, pg_try_advisory_lock({LOCK})", settings.join(", "))
}

/// Everything a script may leave in a session but the lock; `DISCARD ALL` would give that away too.
const FRESH: &str = "close all; set session authorization default; reset role; reset all; deallocate all; unlisten *; \
                     discard plans; discard sequences; discard temp;";

impl Session<'_> {
    /// What is to be applied. Refuses where Prisma does; makes the ledger where it is missing.
    pub async fn pending(&mut self, entries: &[Entry]) -> Result<Compared, MigrateError> {
        let rows = self.ledger.read(self.wire).await?;
        if rows.is_none() {
            if self.ledger.schema_not_empty(self.wire).await? {
                return Err(MigrateError::NotEmpty);
            }
            self.ledger.ensure_table(self.wire).await?;
        }
        let compared = compare(entries, Some(&rows.unwrap_or_default()));
        if !compared.failed.is_empty() {
            return Err(MigrateError::Failed(compared.failed));
        }
        Ok(compared)
    }

    /// Runs one script and notes how it ended.
    pub async fn apply(
        &mut self,
        script: &Script,
        plan: &Plan,
        progress: &mut impl Progress,
    ) -> Result<(), MigrateError> {
        if !self.is_locked {
            return Err(MigrateError::LockLost);
        }
        let began = Instant::now();
        let id = self.ledger.begin(self.wire, script).await?;
        let run = self.run(script, plan, progress).await?;
        if let Some(error) = run.error(script, plan) {
            let note = self.ledger.failed(&id, &logs(script, &error.said));
            self.note(&script.name, &note, progress).await?;
            return Err(MigrateError::Script(Box::new(error)));
        }
        let note = self.ledger.finished(&id);
        let rows = self.note(&script.name, &note, progress).await?.rows()?;
        let row = rows.first().and_then(ledger::row);
        let row = row.ok_or(MigrateError::Wire(WireError::Closed))?;
        progress.applied(Applied { name: script.name.clone(), took: began.elapsed(), row }).await;
        Ok(())
    }

    /// Sends the script, again where it gave way to others and nothing of it was kept.
    async fn run(
        &mut self,
        script: &Script,
        plan: &Plan,
        progress: &mut impl Progress,
    ) -> Result<Run, WireError> {
        if 1 < plan.parts.len() {
            let (name, alone) = (script.name.clone(), plan.alone.clone());
            progress.warn(Warning::Split { name, alone });
        }
        let mut attempt = 1;
        loop {
            let mut run = run::send(self.wire, script, plan, attempt, progress).await?;
            run.left_open = self.wire.transaction != Transaction::Idle;
            if run.left_open {
                // The bookkeeping must not be lost with the script's own transaction.
                wire::within(self.book.limit, self.wire.rows("rollback")).await?;
            }
            let again = plan.atomic && run.gave_way() && attempt < TRIES;
            if !again {
                return Ok(run);
            }
            tokio::time::sleep(Duration::from_secs(1) * attempt).await;
            attempt += 1;
        }
    }

    /// Makes the session fresh and writes into the ledger, in one exchange. Settings of one script must not reach the next,
    /// nor the bookkeeping.
    async fn note(
        &mut self,
        name: &str,
        note: &str,
        progress: &mut impl Progress,
    ) -> Result<Reply, WireError> {
        let fresh = format!("{FRESH} {} {CARE}", self.book.search_path());
        let telling = telling();
        let asked = self.wire.run_each([telling.as_str(), fresh.as_str(), note]);
        let [told, fresh, noted] = wire::within(self.book.limit, asked).await?;
        fresh.rows()?;
        if let Some(said) = noted.error {
            return Err(WireError::Server(Box::new(said)));
        }
        let told = told.rows()?.into_iter().next().unwrap_or_default();
        let changed = TELLING.iter().zip(told.iter().zip(&self.settings));
        for (setting, _) in changed.filter(|(_, (now, before))| now != before) {
            let (name, setting) = (name.to_owned(), (*setting).to_owned());
            progress.warn(Warning::SettingReset { name, setting });
        }
        self.is_locked = told.last().and_then(Option::as_deref) == Some("t");
        Ok(noted)
    }

    /// Changes the ledger only. `script` is needed for what is marked as applied.
    pub async fn mark_applied(&mut self, script: &Script) -> Result<(), MigrateError> {
        self.ledger.ensure_table(self.wire).await?;
        let rows = self.rows_of(&script.name).await?;
        if rows.iter().any(|row| row.finished_at.is_some()) {
            return Err(MigrateError::AlreadyApplied(script.name.clone()));
        }
        self.ledger.roll_back(self.wire, &script.name).await?;
        Ok(self.ledger.note_applied(self.wire, script).await?)
    }

    pub async fn mark_rolled_back(&mut self, name: &str) -> Result<(), MigrateError> {
        if self.ledger.read(self.wire).await?.is_none() {
            return Err(MigrateError::Unmanaged);
        }
        let rows = self.rows_of(name).await?;
        if rows.is_empty() {
            return Err(MigrateError::NeverApplied(name.to_owned()));
        }
        if rows.iter().all(|row| row.finished_at.is_some()) {
            return Err(MigrateError::NotFailed(name.to_owned()));
        }
        Ok(self.ledger.roll_back(self.wire, name).await?)
    }

    async fn rows_of(&mut self, name: &str) -> Result<Vec<LedgerRow>, WireError> {
        let rows = self.ledger.read(self.wire).await?.unwrap_or_default();
        Ok(rows.into_iter().filter(|row| row.name == name).collect())
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
