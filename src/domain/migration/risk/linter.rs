//! What squawk's linter adds, in our words: of its rules those that speak of locks, of errors, and of running code.

use squawk_linter::{Linter, Rule, Violation};
use squawk_syntax::{
    Parse, SourceFile,
    ast::{self, AstNode as _},
};

use super::{Finding, text};
use crate::domain::migration::{
    Harm::{self, Breaks, Fails, Locks, Rewrites},
    lock::Lock,
};

struct Row {
    rule: Rule,
    harm: Harm,
    /// `{}` stands for the table.
    what: &'static str,
    lock: Option<Lock>,
    safer: &'static str,
}

const fn row(
    rule: Rule,
    harm: Harm,
    what: &'static str,
    lock: Option<Lock>,
    safer: &'static str,
) -> Row {
    Row { rule, harm, what, lock, safer }
}

const ALL: Option<Lock> = Some(Lock::AccessExclusive);

/// The others of its rules speak of style, or of what our own rules tell.
const ROWS: [Row; 16] = [
    row(
        Rule::RequireConcurrentIndexCreation,
        Locks,
        "builds an index on {}",
        Some(Lock::Share),
        "CREATE INDEX CONCURRENTLY, alone in its script, lets others write meanwhile",
    ),
    row(
        Rule::RequireConcurrentIndexDeletion,
        Locks,
        "drops an index",
        ALL,
        "DROP INDEX CONCURRENTLY, alone in its script, keeps nobody out",
    ),
    row(
        Rule::RequireConcurrentReindex,
        Locks,
        "builds an index anew",
        ALL,
        "REINDEX … CONCURRENTLY, alone in its script, lets others write meanwhile",
    ),
    row(
        Rule::RequireConcurrentPartitionDetach,
        Locks,
        "takes a part off {}",
        ALL,
        "DETACH PARTITION … CONCURRENTLY, alone in its script, keeps nobody out",
    ),
    row(
        Rule::ConstraintMissingNotValid,
        Locks,
        "checks every row of {} against a new constraint",
        ALL,
        "Add it NOT VALID, and VALIDATE CONSTRAINT in a later migration",
    ),
    row(
        Rule::AddingForeignKeyConstraint,
        Locks,
        "checks every row of {} against the table it references, and blocks writing to both",
        Some(Lock::ShareRowExclusive),
        "Add it NOT VALID, and VALIDATE CONSTRAINT in a later migration",
    ),
    row(
        Rule::DisallowedUniqueConstraint,
        Locks,
        "builds a unique index on {}; ends in an error where values repeat",
        ALL,
        "Build the index CONCURRENTLY first, then ADD CONSTRAINT … UNIQUE USING INDEX",
    ),
    row(
        Rule::AddingFieldWithDefault,
        Rewrites,
        "writes {} anew to fill a new column",
        ALL,
        "Add an empty column, fill it in parts, then set its default",
    ),
    row(
        Rule::AddingRequiredField,
        Fails,
        "adds a column to {} that must not be empty and has no default: ends in an error where the table has rows",
        ALL,
        "Give it a default, or let it be empty until it is filled",
    ),
    row(
        Rule::RenamingColumn,
        Breaks,
        "renames a column of {}; code that runs still asks for the old name",
        ALL,
        "Add a column of the new name, write both, and drop the old one later",
    ),
    row(
        Rule::RenamingTable,
        Breaks,
        "renames {}; code that runs still asks for the old name",
        ALL,
        "A view of the old name keeps running code alive",
    ),
    row(
        Rule::BanDropNotNull,
        Breaks,
        "lets a column of {} be empty; code that runs may not expect that",
        ALL,
        "",
    ),
    row(
        Rule::BanAlterDomainWithAddConstraint,
        Locks,
        "checks every row that has the domain against a new constraint",
        None,
        "Add it NOT VALID, and VALIDATE CONSTRAINT in a later migration",
    ),
    row(
        Rule::BanConcurrentIndexCreationInTransaction,
        Fails,
        "builds an index CONCURRENTLY beside other statements; it can't be undone together with them",
        None,
        "Give it a script of its own",
    ),
    row(
        Rule::TransactionNesting,
        Fails,
        "begins or ends a transaction of its own: after an error, what was committed before stays",
        None,
        "Leave BEGIN and COMMIT out: a script runs as one transaction anyway",
    ),
    row(Rule::BanRevoke, Breaks, "takes rights away from a role", None, ""),
];

/// Findings with the place in the text where each is.
pub(super) fn findings(parse: &Parse<SourceFile>, sql: &str) -> Vec<(usize, Finding)> {
    let mut linter = Linter::from(ROWS.map(|row| row.rule));
    // A script is sent as one message, which PostgreSQL makes one transaction.
    linter.settings.assume_in_transaction = true;
    let file = parse.tree();
    linter.lint(parse, sql).iter().filter_map(|violation| finding(violation, &file)).collect()
}

fn finding(violation: &Violation, file: &SourceFile) -> Option<(usize, Finding)> {
    let row = ROWS.iter().find(|row| row.rule == violation.code)?;
    let range = violation.text_range;
    let stmt = file.stmts().find(|stmt| stmt.syntax().text_range().contains_range(range))?;
    if row.rule == Rule::BanRevoke && !matches!(stmt, ast::Stmt::Revoke(_)) {
        return None; // a dropped role has a sentence of ours
    }
    let table = table(&stmt);
    let named = table.as_deref().unwrap_or("the table");
    let mut finding = Finding::new(row.harm, row.what.replace("{}", named));
    if let Some(lock) = row.lock {
        finding = finding.locks(lock, table.as_deref().unwrap_or("its table"));
    }
    if !row.safer.is_empty() {
        finding = finding.safer(row.safer);
    }
    if let Some(table) = &table {
        finding = finding.of(table);
    }
    Some((range.start().into(), finding))
}

fn table(stmt: &ast::Stmt) -> Option<String> {
    let name = match stmt {
        ast::Stmt::AlterTable(table) => table.table_relation_name()?,
        ast::Stmt::CreateIndex(index) => index.table_relation_name()?,
        _ => return None, // the rules for the others name no table
    };
    Some(text(name.syntax()))
}

#[cfg(test)]
mod tests {
    use crate::domain::migration::{Harm, risk::tests::risks};

    use super::*;

    #[test]
    fn every_rule_speaks_in_our_words() {
        for (sql, rule) in [
            ("CREATE INDEX i ON a(b)", Rule::RequireConcurrentIndexCreation),
            ("CREATE UNIQUE INDEX i ON a(b)", Rule::RequireConcurrentIndexCreation),
            ("DROP INDEX i", Rule::RequireConcurrentIndexDeletion),
            ("REINDEX TABLE a", Rule::RequireConcurrentReindex),
            ("ALTER TABLE a DETACH PARTITION p", Rule::RequireConcurrentPartitionDetach),
            ("ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0)", Rule::ConstraintMissingNotValid),
            (
                "ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES c(id)",
                Rule::AddingForeignKeyConstraint,
            ),
            ("ALTER TABLE a ADD CONSTRAINT u UNIQUE (b)", Rule::DisallowedUniqueConstraint),
            (
                "ALTER TABLE a ADD COLUMN b uuid DEFAULT gen_random_uuid()",
                Rule::AddingFieldWithDefault,
            ),
            ("ALTER TABLE a ADD COLUMN b int NOT NULL", Rule::AddingRequiredField),
            ("ALTER TABLE a RENAME COLUMN b TO c", Rule::RenamingColumn),
            ("ALTER TABLE a RENAME TO b", Rule::RenamingTable),
            ("ALTER TABLE a ALTER COLUMN b DROP NOT NULL", Rule::BanDropNotNull),
            (
                "ALTER DOMAIN d ADD CONSTRAINT c CHECK (value > 0)",
                Rule::BanAlterDomainWithAddConstraint,
            ),
            (
                "CREATE INDEX CONCURRENTLY i ON a(b); SELECT 1",
                Rule::BanConcurrentIndexCreationInTransaction,
            ),
            ("BEGIN; SELECT 1; COMMIT", Rule::TransactionNesting),
            ("REVOKE SELECT ON a FROM bob", Rule::BanRevoke),
        ] {
            let row = ROWS.iter().find(|row| row.rule == rule).unwrap();
            let what = row.what.replace("{}", "a");
            let found = risks(sql);
            assert!(
                found.iter().any(|risk| (&risk.what, risk.harm) == (&what, row.harm)),
                "{sql}: {found:?}"
            );
        }
    }

    #[test]
    fn constant_defaults_and_empty_columns_are_harmless() {
        for sql in [
            "ALTER TABLE a ADD COLUMN b int DEFAULT 1",
            "ALTER TABLE a ADD COLUMN b timestamptz NOT NULL DEFAULT now()",
            "ALTER TABLE a ADD COLUMN b text",
        ] {
            let found = risks(sql);
            assert!(found.iter().all(|risk| risk.harm == Harm::Brief), "{sql}: {found:?}");
        }
    }
}
