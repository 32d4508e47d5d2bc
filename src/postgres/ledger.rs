//! Prisma's ledger, `_prisma_migrations`: the same table, the same rows at the same moments as Prisma writes them.

use jiff::Timestamp;

use crate::{
    domain::migration::{LedgerRow, Script},
    postgres::wire::{Row, Wire, WireError},
};

/// As in Prisma's own source, but qualified: a script may have moved the search path.
const CREATE: &str = "(
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

/// The ledger in one schema.
#[derive(Debug)]
pub struct Ledger {
    schema: String,
    table: String,
}

impl Ledger {
    pub fn new(schema: &str) -> Self {
        Self {
            schema: schema.to_owned(),
            table: format!("{}.\"_prisma_migrations\"", name(schema)),
        }
    }

    /// `None` where the table does not exist. In the order of their start.
    pub async fn read(&self, wire: &mut Wire) -> Result<Option<Vec<LedgerRow>>, WireError> {
        let exists =
            wire.rows(&format!("select to_regclass({}) is not null", literal(&self.table))).await?;
        if first(&exists) != Some("t") {
            return Ok(None);
        }
        self.select(wire, "").await.map(Some)
    }

    async fn select(&self, wire: &mut Wire, condition: &str) -> Result<Vec<LedgerRow>, WireError> {
        let time = |column: &str| format!("to_char({column} at time zone 'UTC', {UTC})");
        let sql = format!(
            "select id, migration_name, checksum, {}, {}, {}, logs, applied_steps_count from {} {condition} order by started_at, id",
            time("started_at"),
            time("finished_at"),
            time("rolled_back_at"),
            self.table
        );
        Ok(wire.rows(&sql).await?.iter().filter_map(row).collect())
    }

    /// One row as it stands now.
    pub async fn read_row(
        &self,
        wire: &mut Wire,
        id: &str,
    ) -> Result<Option<LedgerRow>, WireError> {
        Ok(self.select(wire, &format!("where id = {}", literal(id))).await?.into_iter().next())
    }

    /// Ordinary tables in the schema that Prisma did not make: a baseline is needed before the first deploy.
    pub async fn schema_not_empty(&self, wire: &mut Wire) -> Result<bool, WireError> {
        let sql = format!(
            "select count(*) > 0 from pg_class c join pg_namespace n on n.oid = c.relnamespace \
             where c.relkind = 'r' and n.nspname = {} \
             and c.relname not in ('_prisma_migrations', 'spatial_ref_sys', 'geometry_columns')",
            literal(&self.schema)
        );
        Ok(first(&wire.rows(&sql).await?) == Some("t"))
    }

    pub async fn create(&self, wire: &mut Wire) -> Result<(), WireError> {
        wire.rows(&format!("create table {} {CREATE}", self.table)).await.map(drop)
    }

    /// Before the script runs. Gives the row's id.
    pub async fn begin(&self, wire: &mut Wire, script: &Script) -> Result<String, WireError> {
        let id = uuid::Uuid::new_v4().to_string();
        let sql = format!(
            "insert into {} (id, checksum, started_at, migration_name) values ({}, {}, {}, {})",
            self.table,
            literal(&id),
            literal(&script.checksum),
            now(),
            literal(&script.name)
        );
        wire.rows(&sql).await?;
        Ok(id)
    }

    pub async fn finish(&self, wire: &mut Wire, id: &str) -> Result<(), WireError> {
        let sql = format!(
            "update {} set applied_steps_count = applied_steps_count + 1, finished_at = {} where id = {}",
            self.table,
            now(),
            literal(id)
        );
        wire.rows(&sql).await.map(drop)
    }

    pub async fn fail(&self, wire: &mut Wire, id: &str, logs: &str) -> Result<(), WireError> {
        let sql = format!(
            "update {} set logs = {} where id = {}",
            self.table,
            literal(logs),
            literal(id)
        );
        wire.rows(&sql).await.map(drop)
    }
}

/// The client's clock, as Prisma uses it.
fn now() -> String {
    literal(&Timestamp::now().to_string())
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

fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn first(rows: &[Row]) -> Option<&str> {
    rows.first()?.first()?.as_deref()
}

fn row(cells: &Row) -> Option<LedgerRow> {
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
    }
}
