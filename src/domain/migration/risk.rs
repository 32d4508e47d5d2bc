//! What a script's statements lose, lock, rewrite or break, found before they run.
//!
//! The script is parsed. Whatever can lose data is found by rules of our own, which a comment in the script can't
//! switch off; squawk's linter adds what it knows of locks and of code that runs while tables change.

mod alter_table;
mod linter;
mod statement;

use std::collections::BTreeSet;

use squawk_syntax::{
    SourceFile, SyntaxElement, SyntaxKind, SyntaxNode,
    ast::{self, AstNode as _},
};

use crate::domain::migration::{Harm, Risk, lock::Lock};

/// Of longer scripts only this much is looked into: reading more takes longer than a person waits.
const LOOKED_INTO: usize = 1024 * 1024;
/// Deeper brackets than any person writes: the parser would call itself once for each.
const DEEPEST: usize = 200;
/// Of a statement's text.
const SHOWN: usize = 120;

/// Reads scripts in the order in which they will run: what an earlier one makes is new to a later one, and empty.
#[derive(Debug, Default)]
pub struct Reader {
    made: BTreeSet<String>,
}

impl Reader {
    /// The risks of the next script, in its order; of one statement the worst first.
    pub fn risks(&mut self, sql: &str) -> Vec<Risk> {
        risks(sql, &mut self.made)
    }
}

fn risks(sql: &str, made: &mut BTreeSet<String>) -> Vec<Risk> {
    let text = beginning(sql);
    let lines = Lines::of(text);
    if DEEPEST < depth(text) {
        let what = "has brackets so deep that it was not looked into".to_owned();
        return vec![Risk { line: 1, ..unseen(String::new(), what) }];
    }
    let parse = SourceFile::parse(text);
    let file = parse.tree();
    made.extend(tables_made(&file));
    let mut found: Vec<(usize, Risk)> = Vec::new();
    for stmt in file.stmts() {
        let at = start(stmt.syntax());
        let place = |finding: Finding| (at, finding.risk(lines.line(at), said(stmt.syntax())));
        found.extend(
            statement::findings(&stmt).into_iter().filter(|one| one.holds(made)).map(place),
        );
    }
    let linted = linter::findings(&parse, text).into_iter();
    for (at, finding) in linted.filter(|(_, finding)| finding.holds(made)) {
        let of = file.stmts().find(|stmt| usize::from(stmt.syntax().text_range().end()) > at);
        let begins = of.as_ref().map_or(at, |stmt| start(stmt.syntax()));
        let said = of.map_or_else(String::new, |stmt| said(stmt.syntax()));
        found.push((begins, finding.risk(lines.line(begins), said)));
    }
    // Where the parser lost its way, nothing found means nothing.
    if let Some(error) = parse.errors().first() {
        let at = usize::from(error.range().start());
        let what = "can't be read by our SQL parser, so nothing is known of it".to_owned();
        found.push((at, Risk { line: lines.line(at), ..unseen(String::new(), what) }));
    }
    found.sort_by(|(a, one), (b, other)| (a, one.harm).cmp(&(b, other.harm)));
    found.dedup_by(|(_, one), (_, other)| one.line == other.line && one.what == other.what);
    let worse: BTreeSet<usize> =
        found.iter().filter(|(_, risk)| risk.harm != Harm::Brief).map(|(at, _)| *at).collect();
    // A lock that is held for long needs no word about its being taken.
    found.retain(|(at, risk)| risk.harm != Harm::Brief || !worse.contains(at));
    let mut risks: Vec<Risk> = found.into_iter().map(|(_, risk)| risk).collect();
    if text.len() < sql.len() {
        let what = format!(
            "and all that follow were not looked into: the script has {} MiB, of which the first {} are",
            sql.len().div_ceil(1024 * 1024),
            LOOKED_INTO / 1024 / 1024,
        );
        risks.push(Risk { line: lines.count() + 1, ..unseen(String::new(), what) });
    }
    risks
}

fn unseen(statement: String, what: String) -> Risk {
    Risk {
        line: 1,
        statement,
        harm: Harm::Unseen,
        what,
        destructive: false,
        lock: None,
        safer: None,
    }
}

/// Something to say about a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    harm: Harm,
    what: String,
    destructive: bool,
    lock: Option<(Lock, String)>,
    safer: Option<String>,
    /// The table it is about: what a script does to a table that it makes itself harms nobody.
    table: Option<String>,
}

impl Finding {
    fn new(harm: Harm, what: impl Into<String>) -> Self {
        Self {
            harm,
            what: what.into(),
            destructive: harm == Harm::Destroys,
            lock: None,
            safer: None,
            table: None,
        }
    }

    fn destructive(self) -> Self {
        Self { destructive: true, ..self }
    }

    fn locks(self, lock: Lock, on: impl Into<String>) -> Self {
        Self { lock: Some((lock, on.into())), ..self }
    }

    fn safer(self, way: impl Into<String>) -> Self {
        Self { safer: Some(way.into()), ..self }
    }

    /// About `table`, which is not worth a word where the script made it.
    fn of(self, table: &str) -> Self {
        Self { table: Some(plain(table)), ..self }
    }

    fn holds(&self, made: &BTreeSet<String>) -> bool {
        self.table.as_ref().is_none_or(|table| !made.contains(table))
    }

    fn risk(self, line: usize, statement: String) -> Risk {
        let Self { harm, what, destructive, lock, safer, table: _ } = self;
        Risk { line, statement, harm, what, destructive, lock, safer }
    }
}

/// Tables that the script makes, by their last name.
fn tables_made(file: &SourceFile) -> BTreeSet<String> {
    let name = |stmt| match stmt {
        ast::Stmt::CreateTable(table) if table.if_not_exists().is_none() => table.table_name(),
        ast::Stmt::CreateTableAs(table) if table.if_not_exists().is_none() => table.table_name(),
        _ => None, // makes no table, or perhaps none
    };
    file.stmts().filter_map(name).map(|name| plain(&text(name.syntax()))).collect()
}

/// The name without its schema and quotes, as it is compared.
fn plain(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name).trim();
    match last.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.to_owned(),
        None => last.to_lowercase(),
    }
}

/// A node's text on one line, without comments.
fn text(node: &SyntaxNode) -> String {
    let mut words = String::new();
    let mut gap = false;
    for token in node.descendants_with_tokens().filter_map(SyntaxElement::into_token) {
        match token.kind() {
            SyntaxKind::WHITESPACE | SyntaxKind::COMMENT => gap = true,
            _ => {
                if gap && !words.is_empty() {
                    words.push(' ');
                }
                gap = false;
                words.push_str(token.text());
            }
        }
        if 4 * SHOWN < words.len() {
            break;
        }
    }
    words
}

/// A statement for the eye: one line, not too long.
fn said(node: &SyntaxNode) -> String {
    let all = text(node);
    if all.chars().count() <= SHOWN {
        return all;
    }
    all.chars().take(SHOWN).chain(['…']).collect()
}

/// Where a node's text begins, after the comments and blanks before it.
fn start(node: &SyntaxNode) -> usize {
    let first = node
        .descendants_with_tokens()
        .filter_map(SyntaxElement::into_token)
        .find(|token| !matches!(token.kind(), SyntaxKind::WHITESPACE | SyntaxKind::COMMENT));
    first.map_or_else(|| node.text_range().start(), |token| token.text_range().start()).into()
}

/// As much of the script as is looked into, up to the end of a line.
fn beginning(sql: &str) -> &str {
    if sql.len() <= LOOKED_INTO {
        return sql;
    }
    let cut = sql.floor_char_boundary(LOOKED_INTO);
    let part = sql.get(..cut).unwrap_or_default();
    part.rfind(";\n").and_then(|at| part.get(..at + 2)).unwrap_or(part)
}

/// How deep brackets lie in each other at most; those in strings count too, which does no harm.
fn depth(text: &str) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' => now += 1,
            b')' | b']' => now = now.saturating_sub(1),
            b';' => now = 0,
            _ => {} // no bracket
        }
        most = most.max(now);
    }
    most
}

/// Where the lines of a text begin.
struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    fn of(text: &str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { starts: std::iter::once(0).chain(ends).collect() }
    }

    /// From 1.
    fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|begins| *begins <= at)
    }

    fn count(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn risks(sql: &str) -> Vec<Risk> {
        Reader::default().risks(sql)
    }

    /// Line, harm, destructive, what.
    fn found(sql: &str) -> Vec<(usize, Harm, bool, String)> {
        risks(sql)
            .into_iter()
            .filter(|risk| risk.harm != Harm::Brief)
            .map(|risk| (risk.line, risk.harm, risk.destructive, risk.what))
            .collect()
    }

    #[test]
    fn the_line_is_the_statement_s_own() {
        let sql = "SELECT 1;\n\n-- why\n/* and\nhow */ DROP TABLE a;\nCREATE INDEX i ON a(b);";
        let lines: Vec<usize> = found(sql).into_iter().map(|(line, ..)| line).collect();
        assert_eq!(lines, [5, 6]);
    }

    #[test]
    fn a_mere_mention_is_harmless() {
        for sql in [
            "INSERT INTO log VALUES ('DROP TABLE a')",
            "-- DROP TABLE a\nSELECT 1",
            "/* TRUNCATE a; */ SELECT $$ DELETE FROM a $$",
            "COMMENT ON TABLE a IS 'update a set b = 1'",
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM a; END $$",
            "",
            "-- nothing",
        ] {
            assert_eq!(found(sql), [], "{sql}");
        }
    }

    #[test]
    fn what_a_script_does_to_its_own_tables_harms_nobody() {
        let sql = "CREATE TABLE public.\"Order\" (id int, user_id int);\n\
                   CREATE UNIQUE INDEX i ON \"Order\"(id);\n\
                   ALTER TABLE \"Order\" ALTER COLUMN id SET NOT NULL;\n\
                   ALTER TABLE \"Order\" ADD PRIMARY KEY (id);\n\
                   DELETE FROM \"Order\";\n\
                   DROP TABLE \"Order\";";
        assert_eq!(found(sql), []);
        let other = "CREATE TABLE IF NOT EXISTS a (id int);\nDROP TABLE a;";
        assert_eq!(found(other).len(), 1, "it may have been there before");
    }

    #[test]
    fn what_an_earlier_script_made_is_new_to_a_later_one() {
        let mut reader = Reader::default();
        assert_eq!(reader.risks("CREATE TABLE a (id int)"), []);
        assert_eq!(reader.risks("ALTER TABLE a ALTER COLUMN id TYPE bigint"), []);
        assert_eq!(reader.risks("ALTER TABLE b ALTER COLUMN id TYPE bigint").len(), 1);
    }

    #[test]
    fn no_comment_of_the_script_hides_a_loss() {
        let sql = "-- squawk-ignore-file\n-- squawk-ignore ban-drop-table\nDROP TABLE a;";
        let drops = (3, Harm::Destroys, true, "drops table a and its rows".to_owned());
        assert_eq!(found(sql), [drops]);
    }

    #[test]
    fn what_can_not_be_read_is_said() {
        let sql = "SELECT 1;\nDROPP TABEL a;\n\\connect other\nTRUNCATE b;";
        let harms: Vec<(usize, Harm)> =
            found(sql).into_iter().map(|(line, harm, ..)| (line, harm)).collect();
        assert_eq!(harms, [(2, Harm::Unseen), (4, Harm::Destroys)]);
    }

    #[test]
    fn a_huge_script_is_looked_into_as_far_as_a_person_waits_and_that_is_said() {
        let insert = format!("INSERT INTO a VALUES ('{}');\n", "x".repeat(1000));
        let mut sql = "TRUNCATE first;\n".to_owned();
        sql.push_str(&insert.repeat(100 * 1024));
        sql.push_str("TRUNCATE last;\n");
        assert!(100 * 1024 * 1024 <= sql.len());
        let began = std::time::Instant::now();
        let found = found(&sql);
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
        let [(1, Harm::Destroys, true, _), (line, Harm::Unseen, false, what)] = found.as_slice()
        else {
            panic!("{found:?}")
        };
        assert!(what.contains("the script has 101 MiB, of which the first 1 are"), "{what}");
        assert_eq!(sql.lines().nth(line - 2), insert.lines().next());
    }

    #[test]
    fn brackets_without_end_do_not_reach_the_parser() {
        let deep = format!("SELECT {}1", "(".repeat(100_000));
        let [(1, Harm::Unseen, ..)] = found(&deep).as_slice() else { panic!("not said") };
    }

    #[test]
    fn nothing_odd_makes_it_fall_over() {
        for sql in [
            "'",
            "\"",
            "$$",
            "$a$ x",
            "/* /*",
            "--",
            "*/",
            ";;;",
            "é'ü",
            "\0",
            "\u{feff}SELECT 1",
            "DROP",
            "ALTER TABLE",
            "UPDATE",
            "DO $$",
        ] {
            risks(sql);
        }
    }
}
