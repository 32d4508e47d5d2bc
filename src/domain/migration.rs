//! Prisma's migrations folder and ledger: what is pending, failed, edited, missing.

use jiff::Timestamp;

/// One folder entry with its script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub name: String,
    pub sql: String,
    /// Lower-case hex SHA-256 of the script as UTF-8.
    pub checksum: String,
}

/// One row of `_prisma_migrations`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    pub id: String,
    pub name: String,
    pub checksum: String,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub rolled_back_at: Option<Timestamp>,
    pub logs: Option<String>,
    pub applied_steps: i32,
}

/// A statement worth a look before it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risk {
    /// From 1, in the script.
    pub line: usize,
    pub what: String,
    /// Data may be lost.
    pub destructive: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    pub script: Script,
    pub risks: Vec<Risk>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The ledger table exists.
    pub managed: bool,
    pub pending: Vec<Pending>,
    pub applied: Vec<String>,
    /// Started, never finished, not rolled back: P3009.
    pub failed: Vec<String>,
    /// Applied, but the file changed since. Prisma ignores it; we warn.
    pub edited: Vec<String>,
    /// In the ledger, not in the folder. Prisma ignores it; we warn.
    pub missing: Vec<String>,
    /// Tables stand in the database although no ledger does: P3005.
    pub schema_not_empty: bool,
}

/// A migration that was applied now, with the ledger row read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    pub name: String,
    pub took: std::time::Duration,
    pub row: LedgerRow,
}

/// The status that folder and ledger give together.
pub fn status(scripts: &[Script], ledger: Option<&[LedgerRow]>, schema_not_empty: bool) -> Status {
    todo!("{scripts:?} {ledger:?} {schema_not_empty}")
}
