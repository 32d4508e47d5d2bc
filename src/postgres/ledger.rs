//! The ledger of migrations: for Prisma folders `_prisma_migrations`, the same table and the same rows at the same moments as
//! Prisma writes them; for plain folders a table of our own with the same columns.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    domain::migration::{Layout, LedgerRow, Script},
    postgres::wire::{self, Row, Wire, WireError},
};

/// As in Prisma's own source.
const COLUMNS: &str = "(
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)";

const UTC: &str = "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'";

/// What a failed row keeps may be long; so much of it is shown.
const SHOWN_LOGS: usize = 10_000;

/// Where the ledger of one folder lies.
#[derive(Clone, Debug)]
pub struct Book {
    pub layout: Layout,
    /// Prisma's `schema=` parameter.
    pub schema: Option<String>,
    /// Further schemas that have to be empty before the first deploy.
    pub schemas: Vec<String>,
    /// For each look into the ledger and each note in it.
    pub limit: Duration,
}

/// The ledger as found on one connection.
#[derive(Debug)]
pub(super) struct Ledger {
    book: Book,
    /// Qualified, as a script may move the search path; `None` where there is no such table.
    table: Option<String>,
    /// The schema that a table made now lands in, quoted; `None` where the search path names none that exists.
    home: Option<String>,
    /// The schema that is to be empty before the first deploy exists.
    schema_exists: bool,
}

impl Book {
    fn table_name(&self) -> &'static str {
        match self.layout {
            Layout::Prisma => "_prisma_migrations",
            Layout::Plain => "_poolwright_migrations",
        }
    }

    fn schema(&self) -> &str {
        self.schema.as_deref().unwrap_or("public")
    }

    /// Prisma sets the search path where `schema=` is given, and leaves it alone otherwise.
    pub(super) fn search_path(&self) -> String {
        let schema = self.schema.as_deref();
        schema.map(|schema| format!("set search_path = {};", name(schema))).unwrap_or_default()
    }
}

impl Ledger {
    /// Sets the session's search path and finds the table by it, as Prisma does.
    pub async fn find(wire: &mut Wire, book: &Book) -> Result<Self, WireError> {
        let sql = format!(
            "{} select (select format('%I.%I', n.nspname, c.relname) from pg_catalog.pg_class c \
             join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass({})), \
             quote_ident(current_schema()), exists (select from pg_catalog.pg_namespace where nspname = {})",
            book.search_path(),
            literal(book.table_name()),
            literal(book.schema())
        );
        let rows = wire::within(book.limit, wire.rows(&sql)).await?;
        let cell = |index: usize| rows.first()?.get(index)?.clone();
        Ok(Self {
            book: book.clone(),
            table: cell(0),
            home: cell(1),
            schema_exists: cell(2).as_deref() == Some("t"),
        })
    }

    async fn ask(&self, wire: &mut Wire, sql: &str) -> Result<Vec<Row>, WireError> {
        wire::within(self.book.limit, wire.rows(sql)).await
    }

    /// A schema that `schema=` names is made where it is missing.
    pub async fn ensure_schema(&mut self, wire: &mut Wire) -> Result<(), WireError> {
        if self.schema_exists {
            return Ok(());
        }
        let sql = format!("create schema {}", name(self.book.schema()));
        self.ask(wire, &sql).await?;
        *self = Self::find(wire, &self.book).await?;
        Ok(())
    }

    /// Makes the table where it is missing.
    pub async fn ensure_table(&mut self, wire: &mut Wire) -> Result<(), WireError> {
        if self.table.is_some() {
            return Ok(());
        }
        let table = self.book.table_name();
        // Without a home the server refuses, and says why.
        let table = match &self.home {
            Some(home) => format!("{home}.{table}"),
            None => table.to_owned(),
        };
        self.ask(wire, &format!("create table {table} {COLUMNS}")).await?;
        self.table = Some(table);
        Ok(())
    }

    fn table(&self) -> &str {
        self.table.as_deref().unwrap_or_else(|| self.book.table_name())
    }

    /// `None` where the table does not exist. In the order of their start.
    pub async fn read(&self, wire: &mut Wire) -> Result<Option<Vec<LedgerRow>>, WireError> {
        if self.table.is_none() {
            return Ok(None);
        }
        let rows = self.ask(wire, &format!("{} order by started_at, id", self.select())).await?;
        Ok(Some(rows.iter().filter_map(row).collect()))
    }

    fn select(&self) -> String {
        let time = |column: &str| format!("to_char({column} at time zone 'UTC', {UTC})");
        format!(
            "select id, migration_name, checksum, {}, {}, {}, \
             case when finished_at is null then left(logs, {SHOWN_LOGS}) else logs end, applied_steps_count from {}",
            time("started_at"),
            time("finished_at"),
            time("rolled_back_at"),
            self.table()
        )
    }

    /// Ordinary tables in the schema that the runner did not make: a baseline is needed before the first deploy.
    pub async fn schema_not_empty(&self, wire: &mut Wire) -> Result<bool, WireError> {
        let further = self.book.schemas.iter().map(String::as_str);
        let schemas = std::iter::once(self.book.schema()).chain(further).map(literal);
        let sql = format!(
            "select count(*) > 0 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
             where c.relkind = 'r' and n.nspname in ({}) \
             and c.relname not in ({}, 'spatial_ref_sys', 'geometry_columns')",
            schemas.collect::<Vec<_>>().join(", "),
            literal(self.book.table_name())
        );
        let rows = self.ask(wire, &sql).await?;
        Ok(rows.first().and_then(|row| row.first()?.as_deref()) == Some("t"))
    }

    /// Before the script runs. Gives the row's id.
    pub async fn begin(&self, wire: &mut Wire, script: &Script) -> Result<String, WireError> {
        let id = new_id();
        let sql = format!(
            "insert into {} (id, checksum, started_at, migration_name) values ({}, {}, {}, {})",
            self.table(),
            literal(&id),
            literal(&script.checksum),
            now(),
            literal(&script.name)
        );
        self.ask(wire, &sql).await?;
        Ok(id)
    }

    /// After the script ran: the note of it, and the row read back.
    pub fn finished(&self, id: &str) -> String {
        format!(
            "update {} set applied_steps_count = applied_steps_count + 1, finished_at = {} where id = {id}; {} where id = {id}",
            self.table(),
            now(),
            self.select(),
            id = literal(id)
        )
    }

    pub fn failed(&self, id: &str, logs: &str) -> String {
        format!("update {} set logs = {} where id = {}", self.table(), literal(logs), literal(id))
    }

    /// Marks what of this migration did not finish as rolled back.
    pub async fn roll_back(&self, wire: &mut Wire, name: &str) -> Result<(), WireError> {
        let sql = format!(
            "update {} set rolled_back_at = {} where migration_name = {} and finished_at is null and rolled_back_at is null",
            self.table(),
            now(),
            literal(name)
        );
        self.ask(wire, &sql).await.map(drop)
    }

    /// Notes a migration that is not run as applied.
    pub async fn note_applied(&self, wire: &mut Wire, script: &Script) -> Result<(), WireError> {
        let sql = format!(
            "insert into {} (id, checksum, logs, started_at, finished_at, migration_name) values ({}, {}, '', {now}, {now}, {})",
            self.table(),
            literal(&new_id()),
            literal(&script.checksum),
            literal(&script.name),
            now = now(),
        );
        self.ask(wire, &sql).await.map(drop)
    }
}

/// Indexes that `CREATE INDEX CONCURRENTLY` left behind; not those being built this moment.
pub(super) async fn invalid_indexes(
    wire: &mut Wire,
    limit: Duration,
) -> Result<Vec<String>, WireError> {
    let sql = "select format('%I.%I', n.nspname, c.relname) from pg_catalog.pg_index i \
               join pg_catalog.pg_class c on c.oid = i.indexrelid \
               join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
               where not i.indisvalid and c.relkind = 'i' and n.nspname !~ '^pg_' \
               and not exists (select from pg_catalog.pg_locks l where l.relation = i.indrelid and l.granted \
               and l.mode = 'ShareUpdateExclusiveLock' and l.pid <> pg_backend_pid()) order by 1";
    let rows = wire::within(limit, wire.rows(sql)).await?;
    Ok(rows.into_iter().filter_map(|row| row.into_iter().next()?).collect())
}

fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// The client's clock, as Prisma uses it; in microseconds, which is what the column keeps.
fn now() -> String {
    literal(&Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string())
}

/// A string literal that means the same under any setting of backslashes.
pub(super) fn literal(text: &str) -> String {
    let text = text.replace('\0', "").replace('\'', "''");
    if text.contains('\\') {
        format!("E'{}'", text.replace('\\', "\\\\"))
    } else {
        format!("'{text}'")
    }
}

pub(super) fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

pub(super) fn row(cells: &Row) -> Option<LedgerRow> {
    let text = |index: usize| cells.get(index).cloned().flatten();
    let time = |index: usize| text(index).and_then(|time| time.parse::<Timestamp>().ok());
    Some(LedgerRow {
        id: text(0)?,
        name: text(1)?,
        checksum: text(2)?,
        started_at: time(3)?,
        finished_at: time(4),
        rolled_back_at: time(5),
        logs: text(6),
        applied_steps: text(7)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_survive_quotes_and_backslashes() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"C:\'x"), r"E'C:\\''x'");
        assert_eq!(name("a\"b"), "\"a\"\"b\"");
    }
}
