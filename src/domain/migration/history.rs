//! Folder and ledger compared, as Prisma compares them.

use crate::domain::migration::{Entry, Failure, LedgerRow};

/// What the folder's entries are to the ledger's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// The ledger table exists.
    pub managed: bool,
    /// In the folder's order.
    pub pending: Vec<Entry>,
    /// With the checksums that the ledger has for each.
    pub applied: Vec<(Entry, Vec<String>)>,
    /// Started, never finished, not rolled back: P3009. Also those whose entry is gone.
    pub failed: Vec<Failure>,
    /// In the ledger, not in the folder.
    pub missing: Vec<String>,
}

/// Compares. `ledger: None` where the table does not exist.
///
/// Pending is what has no row that was not rolled back: the rule of Prisma 7.9, which earlier versions apply in `deploy`.
pub fn compare(entries: &[Entry], ledger: Option<&[LedgerRow]>) -> Compared {
    let mut standing: std::collections::HashMap<&str, Vec<&LedgerRow>> =
        std::collections::HashMap::new();
    let rows = ledger.unwrap_or_default();
    for row in rows.iter().filter(|row| row.rolled_back_at.is_none()) {
        standing.entry(&row.name).or_default().push(row);
    }
    let mut compared = Compared { managed: ledger.is_some(), ..Compared::default() };
    for entry in entries {
        match standing.remove(entry.name.as_str()) {
            None => compared.pending.push(entry.clone()),
            Some(rows) => {
                if let Some(row) = rows.iter().find(|row| row.finished_at.is_none()) {
                    compared.failed.push(failure(row));
                } else {
                    let checksums = rows.iter().map(|row| row.checksum.clone()).collect();
                    compared.applied.push((entry.clone(), checksums));
                }
            }
        }
    }
    // What is left has no entry; in the ledger's order.
    for row in rows {
        let Some(gone) = standing.remove(row.name.as_str()) else { continue };
        match gone.iter().find(|row| row.finished_at.is_none()) {
            Some(row) => compared.failed.push(failure(row)),
            None => compared.missing.push(row.name.clone()),
        }
    }
    compared
}

fn failure(row: &LedgerRow) -> Failure {
    Failure { name: row.name.clone(), started_at: row.started_at, logs: row.logs.clone() }
}

impl Compared {
    /// Entries that sort before one that is applied already: another branch was merged, most likely. Prisma applies them all the same.
    pub fn late<'a>(&'a self, entries: &[Entry]) -> Vec<&'a str> {
        let last = entries
            .iter()
            .rposition(|entry| self.applied.iter().any(|(applied, _)| applied == entry));
        let before = entries.iter().take(last.unwrap_or(0));
        before
            .filter_map(|entry| self.pending.iter().find(|pending| *pending == entry))
            .map(|pending| pending.name.as_str())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[derive(Clone, Copy)]
    enum End {
        Finished,
        Failed,
        RolledBack,
    }
    use End::{Failed, Finished, RolledBack};

    fn row(name: &str, end: End) -> LedgerRow {
        let is = |wanted: bool| wanted.then_some(Timestamp::UNIX_EPOCH);
        LedgerRow {
            id: "00000000-0000-4000-8000-000000000000".to_owned(),
            name: name.to_owned(),
            checksum: "c".to_owned(),
            started_at: Timestamp::UNIX_EPOCH,
            finished_at: is(matches!(end, Finished)),
            rolled_back_at: is(matches!(end, RolledBack)),
            logs: None,
            applied_steps: i32::from(matches!(end, Finished)),
        }
    }

    fn entries() -> [Entry; 3] {
        ["1_init", "2_more", "3_last"].map(Entry::new)
    }

    /// pending | applied | failed | missing
    fn told(rows: &[LedgerRow]) -> String {
        let compared = compare(&entries(), Some(rows));
        let names = |names: Vec<&str>| names.join(" ");
        [
            names(compared.pending.iter().map(|entry| entry.name.as_str()).collect()),
            names(compared.applied.iter().map(|(entry, _)| entry.name.as_str()).collect()),
            names(compared.failed.iter().map(|failure| failure.name.as_str()).collect()),
            names(compared.missing.iter().map(String::as_str).collect()),
        ]
        .join(" | ")
    }

    #[test]
    fn without_a_ledger_everything_is_pending() {
        let compared = compare(&entries(), None);
        assert_eq!((compared.pending.len(), compared.managed), (3, false));
        assert!(compare(&[], Some(&[])).managed);
    }

    #[test]
    fn the_last_row_that_stands_decides() {
        let of =
            |ends: &[End]| told(&ends.iter().map(|end| row("1_init", *end)).collect::<Vec<_>>());
        assert_eq!(of(&[Finished]), "2_more 3_last | 1_init |  | ");
        assert_eq!(of(&[Failed]), "2_more 3_last |  | 1_init | ");
        assert_eq!(of(&[RolledBack]), "1_init 2_more 3_last |  |  | ");
        assert_eq!(of(&[RolledBack, Finished]), "2_more 3_last | 1_init |  | ");
        assert_eq!(of(&[Finished, Failed]), "2_more 3_last |  | 1_init | ");
    }

    #[test]
    fn what_is_only_in_the_ledger_is_missing_or_failed() {
        let rows = [row("0_old", Finished), row("4_gone", Failed)];
        assert_eq!(told(&rows), "1_init 2_more 3_last |  | 4_gone | 0_old");
        assert_eq!(told(&[row("0_old", RolledBack)]), "1_init 2_more 3_last |  |  | ");
    }

    #[test]
    fn an_entry_between_applied_ones_is_late() {
        let compared = compare(&entries(), Some(&[row("2_more", Finished)]));
        assert_eq!(compared.late(&entries()), ["1_init"]);
    }
}
