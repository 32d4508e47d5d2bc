//! Prisma's migrations folder and ledger: what is pending, failed, edited, missing.

pub mod lock;
pub mod output;
pub mod risk;
mod statements;
pub mod tool;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::domain::migration::lock::Lock;

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

impl Script {
    pub fn new(name: impl Into<String>, sql: impl Into<String>) -> Self {
        let sql = sql.into();
        let checksum = checksum(&sql);
        Self { name: name.into(), sql, checksum }
    }

    /// Is a recorded checksum of this script? Line ends may have changed on the way through git (Prisma tolerates both).
    fn was_recorded_as(&self, recorded: &str) -> bool {
        let unix = self.sql.replace("\r\n", "\n");
        recorded == self.checksum
            || recorded == checksum(&unix)
            || recorded == checksum(&unix.replace('\n', "\r\n"))
    }
}

/// Lower-case hex SHA-256 of the text as UTF-8, nothing normalised.
pub fn checksum(sql: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(sql.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing into a string never fails.
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

/// The status that folder and ledger give together. `ledger: None` where the table does not exist.
///
/// Pending is what has no row that was not rolled back: the rule of Prisma 7.9, which earlier versions apply in `deploy`.
pub fn status(scripts: &[Script], ledger: Option<&[LedgerRow]>, schema_not_empty: bool) -> Status {
    let rows = ledger.unwrap_or_default();
    let standing: Vec<&LedgerRow> =
        rows.iter().filter(|row| row.rolled_back_at.is_none()).collect();
    let of =
        |name: &str| standing.iter().copied().filter(|row| row.name == name).collect::<Vec<_>>();
    let mut status = Status {
        managed: ledger.is_some(),
        schema_not_empty: ledger.is_none() && schema_not_empty,
        ..Status::default()
    };
    for script in scripts {
        let rows = of(&script.name);
        if rows.is_empty() {
            status
                .pending
                .push(Pending { script: script.clone(), risks: risk::risks(&script.sql) });
        } else if rows.iter().any(|row| row.finished_at.is_none()) {
            status.failed.push(script.name.clone());
        } else {
            status.applied.push(script.name.clone());
            if !rows.iter().any(|row| script.was_recorded_as(&row.checksum)) {
                status.edited.push(script.name.clone());
            }
        }
    }
    for row in standing.iter().filter(|row| !scripts.iter().any(|script| script.name == row.name)) {
        let list = if row.finished_at.is_none() { &mut status.failed } else { &mut status.missing };
        if !list.contains(&row.name) {
            list.push(row.name.clone());
        }
    }
    status
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

    fn row(script: &Script, finished: bool) -> LedgerRow {
        LedgerRow {
            id: "00000000-0000-4000-8000-000000000000".to_owned(),
            name: script.name.clone(),
            checksum: script.checksum.clone(),
            started_at: Timestamp::UNIX_EPOCH,
            finished_at: finished.then_some(Timestamp::UNIX_EPOCH),
            rolled_back_at: None,
            logs: None,
            applied_steps: i32::from(finished),
        }
    }

    fn scripts() -> [Script; 2] {
        [Script::new("1_init", "CREATE TABLE a();\n"), Script::new("2_more", "CREATE TABLE b();\n")]
    }

    #[test]
    fn the_checksum_is_plain_sha_256() {
        assert_eq!(
            checksum("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(checksum("").len(), 64);
    }

    #[test]
    fn without_a_ledger_everything_is_pending() {
        let status = status(&scripts(), None, false);
        assert_eq!(status.pending.len(), 2);
        assert!(!status.managed && !status.schema_not_empty);
    }

    #[test]
    fn tables_without_a_ledger_are_told() {
        assert!(status(&scripts(), None, true).schema_not_empty);
        assert!(!status(&scripts(), Some(&[]), true).schema_not_empty);
    }

    #[test]
    fn an_unfinished_row_is_failed_and_a_rolled_back_one_pending_again() {
        let [init, more] = scripts();
        let unfinished = row(&more, false);
        let of = |row: LedgerRow| status(&scripts(), Some(&[self::row(&init, true), row]), false);
        assert_eq!(of(unfinished.clone()).failed, ["2_more"]);
        let rolled_back = LedgerRow { rolled_back_at: Some(Timestamp::UNIX_EPOCH), ..unfinished };
        let again = of(rolled_back);
        assert_eq!(
            again.pending.first().map(|pending| pending.script.name.clone()),
            Some("2_more".to_owned())
        );
        assert!(again.failed.is_empty());
    }

    #[test]
    fn an_edited_file_is_told_but_other_line_ends_are_no_edit() {
        let [init, _] = scripts();
        let recorded = [row(&init, true)];
        let with = |sql: &str| status(&[Script::new("1_init", sql)], Some(&recorded), false).edited;
        assert!(with("CREATE TABLE a();\r\n").is_empty());
        assert_eq!(with("CREATE TABLE a(b int);\n"), ["1_init"]);
    }

    #[test]
    fn what_is_only_in_the_ledger_is_missing() {
        let [init, more] = scripts();
        let status =
            status(std::slice::from_ref(&init), Some(&[row(&init, true), row(&more, true)]), false);
        assert_eq!(status.missing, ["2_more"]);
        assert_eq!(status.applied, ["1_init"]);
    }

    #[test]
    fn the_lock_file_is_read_as_literally_as_prisma_reads_it() {
        assert_eq!(lock_provider("# comment\nprovider = \"postgresql\"\r\n"), Ok(()));
        assert_eq!(
            lock_provider("provider=\"postgresql\"\n"),
            Err("provider=\"postgresql".to_owned())
        );
        assert_eq!(lock_provider("provider = \"mysql\"\n"), Err("mysql".to_owned()));
        assert_eq!(lock_provider(""), Err("<PROVIDER NOT FOUND>".to_owned()));
    }
}
