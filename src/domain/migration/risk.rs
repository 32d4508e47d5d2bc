//! Statements worth a look before they run: what loses data, what locks.

use crate::domain::migration::{
    Risk,
    statements::{self, Statement},
};

/// The risks of a script, in its order.
pub fn risks(sql: &str) -> Vec<Risk> {
    statements::split(sql).iter().filter_map(risk).collect()
}

fn risk(statement: &Statement) -> Option<Risk> {
    let words: Vec<&str> = statement.words.iter().map(String::as_str).collect();
    let has = |needle: &[&str]| words.windows(needle.len()).any(|window| window == needle);
    let destroys =
        |what: &str| Some(Risk { line: statement.line, what: what.to_owned(), destructive: true });
    let locks =
        |what: &str| Some(Risk { line: statement.line, what: what.to_owned(), destructive: false });
    match words.as_slice() {
        ["DROP", "TABLE" | "SCHEMA" | "DATABASE" | "MATERIALIZED", ..] => {
            destroys("drops a table and its rows")
        }
        ["TRUNCATE", ..] => destroys("empties a table"),
        ["DELETE", "FROM", ..] if !has(&["WHERE"]) => destroys("deletes every row of a table"),
        ["UPDATE", ..] if !has(&["WHERE"]) => destroys("changes every row of a table"),
        ["ALTER", "TABLE", ..] if has(&["DROP", "COLUMN"]) => {
            destroys("drops a column and its values")
        }
        ["ALTER", "TABLE", ..] if has(&["TYPE"]) && has(&["ALTER", "COLUMN"]) => {
            destroys("changes a column's type; the table is rewritten and locked meanwhile")
        }
        ["ALTER", "TABLE", ..] if has(&["DROP", "CONSTRAINT"]) => locks("drops a constraint"),
        ["ALTER", "TABLE", ..] if has(&["SET", "NOT", "NULL"]) => {
            locks("reads the whole table under a lock")
        }
        ["ALTER", "TABLE", ..] if has(&["ADD", "CONSTRAINT"]) && !has(&["NOT", "VALID"]) => {
            locks("checks every row under a lock")
        }
        ["CREATE", "INDEX" | "UNIQUE", ..] if !has(&["CONCURRENTLY"]) => {
            locks("blocks writes to the table while it builds")
        }
        _ => None, // nothing known against it
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sql: &str) -> Vec<(usize, bool)> {
        risks(sql).into_iter().map(|risk| (risk.line, risk.destructive)).collect()
    }

    #[test]
    fn what_loses_data_is_destructive() {
        for sql in [
            "DROP TABLE a",
            "truncate a",
            "DELETE FROM a",
            "update a set b = 1",
            "ALTER TABLE \"a\" DROP COLUMN b",
            "ALTER TABLE a ALTER COLUMN b TYPE int",
            "ALTER TABLE a ALTER COLUMN b SET DATA TYPE int",
        ] {
            assert_eq!(found(sql), [(1, true)], "{sql}");
        }
    }

    #[test]
    fn a_where_and_a_mere_mention_are_harmless() {
        for sql in [
            "DELETE FROM a WHERE b = 1",
            "INSERT INTO log VALUES ('DROP TABLE a')",
            "CREATE TABLE a(id int)",
            "-- DROP TABLE a\nSELECT 1",
            "CREATE INDEX CONCURRENTLY i ON a(b)",
        ] {
            assert_eq!(found(sql), [], "{sql}");
        }
    }

    #[test]
    fn the_line_is_the_statement_s_own() {
        assert_eq!(
            found("SELECT 1;\n\n-- why\nDROP TABLE a;\nCREATE INDEX i ON a(b);"),
            [(4, true), (5, false)]
        );
    }
}
