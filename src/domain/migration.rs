//! Migrations: a folder of scripts and a ledger in the database; what is pending, failed, edited, missing.

pub mod history;
pub mod lock;
pub mod order;
pub mod output;
pub mod risk;
pub mod script;
pub mod statements;
pub mod surroundings;
pub mod tool;

use jiff::Timestamp;

use crate::domain::migration::lock::Lock;

pub use history::{Compared, compare};
pub use script::Script;

/// Whose folder it is, and so whose rules and whose ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A directory with `migration.sql` for each migration; `_prisma_migrations`.
    Prisma,
    /// Numbered `.sql` files; a ledger of our own, with the same columns.
    Plain,
}

/// One migration of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    /// `false` where a directory has no `migration.sql`: P3015 once it is needed.
    pub has_script: bool,
}

/// One row of the ledger.
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

/// A migration that began and did not finish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub name: String,
    pub started_at: Timestamp,
    /// What the database said, where the run lived long enough to note it.
    pub logs: Option<String>,
}

/// A statement worth a look before it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risk {
    /// From 1, in the script.
    pub line: usize,
    /// The statement on one line, shortened.
    pub statement: String,
    pub harm: Harm,
    /// What it does, as the end of a sentence that begins with the line: `drops table users and its rows`.
    pub what: String,
    /// Data may be lost or changed beyond repair: its name is to be typed before it runs.
    pub destructive: bool,
    /// The strongest lock it takes, and on what.
    pub lock: Option<(Lock, String)>,
    /// A safer way to the same end.
    pub safer: Option<String>,
}

/// What kind of harm a statement can do, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// Rows, values or whatever else is gone.
    Destroys,
    /// The table is written anew while nobody may use it.
    Rewrites,
    /// Others wait as long as it works.
    Locks,
    /// Code that runs may no longer fit the tables.
    Breaks,
    /// It may end in an error, or half-way.
    Fails,
    /// What it does can't be told from its text.
    Unseen,
    /// A lock that is held for a moment only.
    Brief,
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
    /// When those began, and what the database said.
    pub failures: Vec<Failure>,
    /// Applied, but the file changed since. Prisma ignores it; we warn.
    pub edited: Vec<String>,
    /// In the ledger, not in the folder. Prisma ignores it; we warn.
    pub missing: Vec<String>,
    /// Tables stand in the database although no ledger does: P3005.
    pub schema_not_empty: bool,
    /// What a look is worth, but stops nothing.
    pub warnings: Vec<Warning>,
}

/// What stops nothing, but may surprise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Prisma up to 6.5 runs the second before the first.
    Order { first: String, second: String },
    /// Sorts before a migration that is applied already.
    Late(String),
    /// `CREATE INDEX CONCURRENTLY` broke off and left this behind.
    InvalidIndex(String),
    /// Statements of a file that run on their own, outside the transaction of the rest: line and name.
    Split { name: String, alone: Vec<(usize, &'static str)> },
    /// A script changed a setting that Prisma would have left in force for the next ones.
    SettingReset { name: String, setting: String },
}

/// A migration that was applied now, with the ledger row read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    pub name: String,
    pub took: std::time::Duration,
    pub row: LedgerRow,
}

/// The ways out of a history that stands still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolve {
    /// What it did was undone: it becomes pending again.
    RolledBack(String),
    /// What it does is there: it counts as applied, without being run.
    Applied(String),
    /// Everything up to and with this one is there already.
    Baseline(String),
}

impl Entry {
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), has_script: true }
    }
}

impl Resolve {
    pub fn name(&self) -> &str {
        match self {
            Self::RolledBack(name) | Self::Applied(name) | Self::Baseline(name) => name,
        }
    }
}

impl Status {
    /// `scripts` are those of the pending entries.
    pub fn new(compared: Compared, scripts: Vec<Script>) -> Self {
        let mut reader = risk::Reader::default();
        let pending = scripts
            .into_iter()
            .map(|script| Pending { risks: reader.risks(&script.sql), script: script.shown() })
            .collect();
        Self {
            managed: compared.managed,
            pending,
            applied: compared.applied.into_iter().map(|(entry, _)| entry.name).collect(),
            failed: compared.failed.iter().map(|failure| failure.name.clone()).collect(),
            failures: compared.failed,
            missing: compared.missing,
            ..Self::default()
        }
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Order { first, second } => write!(
                f,
                "{first} runs before {second}, as Prisma 6.6 and later order them. Prisma up to 6.5 runs them the other way round."
            ),
            Self::Late(name) => write!(
                f,
                "{name} sorts before a migration that is applied already. It is applied now, after it."
            ),
            Self::InvalidIndex(index) => write!(
                f,
                "The index {index} is invalid: building it broke off. It costs writes and serves no query. Remove it with DROP INDEX CONCURRENTLY {index}, then build it again."
            ),
            Self::Split { name, alone } => {
                let alone: Vec<String> =
                    alone.iter().map(|(line, what)| format!("{what} in line {line}")).collect();
                write!(
                    f,
                    "{name} is not one transaction: {} can't run in one, so the file is sent in parts and what was done before a failure stays.",
                    alone.join(", ")
                )
            }
            Self::SettingReset { name, setting } => write!(
                f,
                "{name} leaves {setting} behind. It was reset; Prisma would run the next migrations under it."
            ),
        }
    }
}

/// What the first line of `migration_lock.toml` names as provider, read as Prisma reads it: the literal prefix
/// `provider = `, quotes stripped. `Err` holds what Prisma would print in P3019.
pub fn lock_provider(text: &str) -> Result<(), String> {
    let line = text.lines().find(|line| line.starts_with("provider"));
    let Some(line) = line else { return Err("<PROVIDER NOT FOUND>".to_owned()) };
    let provider = line.strip_prefix("provider = ").unwrap_or(line).trim_matches('"');
    if provider == "postgresql" { Ok(()) } else { Err(provider.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_is_read_as_literally_as_prisma_reads_it() {
        assert_eq!(lock_provider("# comment\nprovider = \"postgresql\"\r\n"), Ok(()));
        for (text, printed) in [
            ("provider=\"postgresql\"\n", "provider=\"postgresql"),
            ("provider  = \"postgresql\"\n", "provider  = \"postgresql"),
            ("provider = \"mysql\"\n", "mysql"),
            ("provider = 'postgresql'\n", "'postgresql'"),
            ("provider = \"postgresql\" # ours\n", "postgresql\" # ours"),
            ("provider = \"postgresql\" \n", "postgresql\" "),
            (" provider = \"postgresql\"\n", "<PROVIDER NOT FOUND>"),
            ("\u{feff}provider = \"postgresql\"\n", "<PROVIDER NOT FOUND>"),
            ("", "<PROVIDER NOT FOUND>"),
        ] {
            assert_eq!(lock_provider(text), Err(printed.to_owned()), "{text:?}");
        }
    }
}
