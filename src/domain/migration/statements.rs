//! Cuts an SQL script into statements as psql does: quotes, dollar quotes, nested comments, rules and routine bodies respected.

use std::ops::Range;

use squawk_lexer::{Token, TokenKind, tokenize};

/// Where a statement stands and what it does to transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Bytes from its first word to its semicolon, both included.
    pub range: Range<usize>,
    /// The line it begins on, from 1.
    pub line: usize,
    pub kind: Kind,
    /// A backslash outside quotes: the line of a command of psql.
    backslash: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ordinary,
    /// PostgreSQL refuses it inside a transaction, so it may not share a message with others. Named as people say it.
    Alone(&'static str),
    Begin,
    Commit,
    Rollback,
    /// May end transactions inside: `CALL`, `DO`.
    Call,
    /// `COPY … FROM stdin`: its rows follow, and only psql sends them.
    CopyIn,
}

/// How a script is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub statements: usize,
    /// Each is one message and one transaction. One part, unless statements stand alone among others.
    pub parts: Vec<Range<usize>>,
    /// Line and name of those that stand alone among others.
    pub alone: Vec<(usize, &'static str)>,
    /// Either all of it happens or nothing: after a failure it can be sent again.
    pub atomic: bool,
    /// The line of what only psql understands.
    pub for_psql: Option<usize>,
}

/// Decides how `sql` is sent: whole, as one transaction; only where PostgreSQL would refuse that, in parts.
pub fn plan(sql: &str) -> Plan {
    let mut plan =
        Plan { statements: 0, parts: Vec::new(), alone: Vec::new(), atomic: true, for_psql: None };
    let (mut part, mut end, mut waiting) = (0, 0, false);
    for statement in statements(sql) {
        plan.statements += 1;
        plan.atomic &= matches!(statement.kind, Kind::Ordinary | Kind::CopyIn);
        plan.for_psql = plan.for_psql.or(statement.backslash);
        if statement.kind == Kind::CopyIn {
            plan.for_psql = plan.for_psql.or(Some(statement.line));
        }
        if let Kind::Alone(what) = statement.kind {
            plan.alone.push((statement.line, what));
            if waiting {
                plan.parts.push(part..end);
            }
            plan.parts.push(end..statement.range.end);
            part = statement.range.end;
            waiting = false;
        } else {
            waiting = true;
        }
        end = statement.range.end;
    }
    if waiting {
        plan.parts.push(part..sql.len());
    }
    if plan.parts.len() < 2 {
        plan.parts = std::iter::once(0..sql.len()).collect();
        plan.alone.clear();
    }
    plan
}

/// The statements one after the other; nothing of them is kept.
pub fn statements(sql: &str) -> impl Iterator<Item = Statement> {
    let mut scan = Scan { sql, at: 0, line: 1 };
    let mut tokens = tokenize(sql);
    std::iter::from_fn(move || scan.next(&mut tokens))
}

fn is_blank(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. })
}

fn advance<'a>(sql: &'a str, at: &mut usize, token: Token) -> &'a str {
    let begin = *at;
    *at += token.len as usize;
    sql.get(begin..*at).unwrap_or_default()
}

struct Scan<'a> {
    sql: &'a str,
    at: usize,
    line: usize,
}

/// Longer beginnings decide nothing: a column list of `COPY` is the longest that matters.
const HEAD: usize = 1000;

impl<'a> Scan<'a> {
    fn next(&mut self, tokens: &mut impl Iterator<Item = Token>) -> Option<Statement> {
        let mut head: Vec<&str> = Vec::new();
        let mut begun: Option<Statement> = None;
        let mut nesting = Nesting::default();
        for token in tokens {
            let (begin, line) = (self.at, self.line);
            let text: &'a str = advance(self.sql, &mut self.at, token);
            self.line += text.bytes().filter(|byte| *byte == b'\n').count();
            if is_blank(token.kind) {
                continue;
            }
            if token.kind == TokenKind::Semi && nesting.is_outside() {
                let Some(mut statement) = begun else { continue };
                statement.range.end = self.at;
                statement.kind = kind(&head);
                return Some(statement);
            }
            let statement = begun.get_or_insert(Statement {
                range: begin..begin,
                line,
                kind: Kind::Ordinary,
                backslash: None,
            });
            statement.range.end = self.at;
            if token.kind == TokenKind::Unknown && text == "\\" {
                statement.backslash.get_or_insert(line);
            }
            if head.len() < HEAD {
                head.push(text);
            }
            nesting.enter(token.kind, text, &head);
        }
        begun.map(|statement| Statement { kind: kind(&head), ..statement })
    }
}

/// Semicolons inside parentheses (rules) and routine bodies (`BEGIN ATOMIC … END`) end nothing.
#[derive(Default)]
struct Nesting {
    parentheses: usize,
    bodies: usize,
}

impl Nesting {
    fn is_outside(&self) -> bool {
        self.parentheses == 0 && self.bodies == 0
    }

    fn enter(&mut self, kind: TokenKind, text: &str, head: &[&str]) {
        match kind {
            TokenKind::OpenParen => self.parentheses += 1,
            TokenKind::CloseParen => self.parentheses = self.parentheses.saturating_sub(1),
            TokenKind::Ident if self.parentheses == 0 && makes_routine(head) => {
                if is(text, "BEGIN") || (0 < self.bodies && is(text, "CASE")) {
                    self.bodies += 1;
                } else if is(text, "END") {
                    self.bodies = self.bodies.saturating_sub(1);
                }
            }
            _ => {} // nothing else nests
        }
    }
}

fn is(word: &str, keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword)
}

fn begins(head: &[&str], keywords: &[&str]) -> bool {
    keywords.len() <= head.len()
        && head.iter().zip(keywords).all(|(word, keyword)| is(word, keyword))
}

fn has(head: &[&str], keywords: &[&str]) -> bool {
    head.windows(keywords.len()).any(|window| begins(window, keywords))
}

fn makes_routine(head: &[&str]) -> bool {
    ["FUNCTION", "PROCEDURE"].iter().any(|what| {
        begins(head, &["CREATE", what]) || begins(head, &["CREATE", "OR", "REPLACE", what])
    })
}

fn kind(head: &[&str]) -> Kind {
    let first = head.first().copied().unwrap_or_default().to_ascii_uppercase();
    match first.as_str() {
        "BEGIN" => Kind::Begin,
        "START" if begins(head, &["START", "TRANSACTION"]) => Kind::Begin,
        "COMMIT" | "ROLLBACK" if has(head, &["PREPARED"]) => Kind::Alone("COMMIT PREPARED"),
        "COMMIT" | "END" => Kind::Commit,
        "ROLLBACK" if has(head, &["TO"]) => Kind::Ordinary,
        "PREPARE" if begins(head, &["PREPARE", "TRANSACTION"]) => Kind::Rollback,
        "ROLLBACK" | "ABORT" => Kind::Rollback,
        "CALL" | "DO" => Kind::Call,
        "COPY" if has(head, &["FROM", "STDIN"]) => Kind::CopyIn,
        _ => alone(&first, head).map_or(Kind::Ordinary, Kind::Alone),
    }
}

/// What PostgreSQL's `PreventInTransactionBlock` refuses, as far as the words tell.
fn alone(first: &str, head: &[&str]) -> Option<&'static str> {
    let second = head.get(1).copied().unwrap_or_default().to_ascii_uppercase();
    match (first, second.as_str()) {
        ("VACUUM", _) => Some("VACUUM"),
        ("CLUSTER", "") => Some("CLUSTER"),
        ("CREATE", "INDEX" | "UNIQUE") if has(head, &["INDEX", "CONCURRENTLY"]) => {
            Some("CREATE INDEX CONCURRENTLY")
        }
        ("DROP", "INDEX") if begins(head, &["DROP", "INDEX", "CONCURRENTLY"]) => {
            Some("DROP INDEX CONCURRENTLY")
        }
        ("REINDEX", _) if has(head, &["CONCURRENTLY"]) => Some("REINDEX CONCURRENTLY"),
        ("REINDEX", _) => {
            let whole = ["SCHEMA", "DATABASE", "SYSTEM"];
            whole.iter().any(|what| has(head, &[what])).then_some("REINDEX of a whole schema")
        }
        ("CREATE", "DATABASE") => Some("CREATE DATABASE"),
        ("DROP", "DATABASE") => Some("DROP DATABASE"),
        ("ALTER", "DATABASE") if has(head, &["SET", "TABLESPACE"]) => {
            Some("ALTER DATABASE SET TABLESPACE")
        }
        ("CREATE", "TABLESPACE") => Some("CREATE TABLESPACE"),
        ("DROP", "TABLESPACE") => Some("DROP TABLESPACE"),
        ("ALTER", "SYSTEM") => Some("ALTER SYSTEM"),
        ("CREATE", "SUBSCRIPTION") => Some("CREATE SUBSCRIPTION"),
        ("ALTER", "SUBSCRIPTION") => Some("ALTER SUBSCRIPTION"),
        ("DROP", "SUBSCRIPTION") => Some("DROP SUBSCRIPTION"),
        ("ALTER", "TABLE") if has(head, &["DETACH", "PARTITION"]) => {
            has(head, &["CONCURRENTLY"]).then_some("DETACH PARTITION CONCURRENTLY")
        }
        ("DISCARD", "ALL") => Some("DISCARD ALL"),
        _ => None, // all others may run in a transaction
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(sql: &str) -> Vec<&str> {
        statements(sql).map(|it| sql.get(it.range).expect("a statement")).collect()
    }

    fn kinds(sql: &str) -> Vec<Kind> {
        statements(sql).map(|statement| statement.kind).collect()
    }

    fn parts(sql: &str) -> Vec<&str> {
        plan(sql).parts.into_iter().map(|part| sql.get(part).expect("a part")).collect()
    }

    #[test]
    fn semicolons_in_quotes_and_comments_end_nothing() {
        for whole in [
            "select ';', \"a;b\", E'\\';', $$;$$, $a$;$b$;$a$, U&';' -- ;\n, 1;",
            "/* ; /* ; */ ; */ select 1;",
            "create rule r as on insert to a do also (insert into b values (1); insert into c values (2));",
            "create or replace function f() returns int begin atomic select case 1 when 1 then 2 end; select 2; end;",
            "create procedure p() language plpgsql as $body$ begin insert into a values (';'); end $body$;",
        ] {
            assert_eq!(statements(whole).count(), 1, "{whole}");
        }
        assert_eq!(
            cut("select 1;;\n -- nothing\n select 2"),
            ["select 1;", "select 2"],
            "empty statements are none"
        );
        assert_eq!(cut("begin; end; select 1;").len(), 3);
    }

    #[test]
    fn the_line_is_the_statement_s_own() {
        let lines: Vec<usize> =
            statements("select 1;\n\n-- why\nselect '\n';select 3;").map(|it| it.line).collect();
        assert_eq!(lines, [1, 4, 5]);
    }

    #[test]
    fn what_may_not_run_in_a_transaction_is_known() {
        for sql in [
            "create unique index concurrently i on a(b)",
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a(b)",
            "drop index concurrently i",
            "reindex (verbose, concurrently) table a",
            "reindex database shop",
            "vacuum (analyze) a",
            "alter table a detach partition b concurrently",
            "alter system set work_mem = '1MB'",
            "create database x",
            "cluster",
            "discard all",
            "commit prepared 'x'",
        ] {
            assert!(matches!(kinds(sql)[..], [Kind::Alone(_)]), "{sql}");
        }
        for sql in [
            "create index i on a(b)",
            "create table concurrently(vacuum int)",
            "refresh materialized view concurrently v",
            "reindex table a",
            "cluster a using i",
            "alter type t add value 'x'",
            "analyze",
            "rollback to savepoint s",
            "select 'create index concurrently i on a(b)'",
        ] {
            assert_eq!(kinds(sql), [Kind::Ordinary], "{sql}");
        }
        assert_eq!(
            kinds(
                "start transaction; commit and chain; end; abort; do $$ $$; copy a (b) from stdin"
            ),
            [Kind::Begin, Kind::Commit, Kind::Commit, Kind::Rollback, Kind::Call, Kind::CopyIn]
        );
    }

    #[test]
    fn a_script_is_sent_whole_unless_a_statement_must_stand_alone() {
        let whole = "-- a\ncreate table a();\ncreate index i on a(b);\n";
        assert_eq!(parts(whole), [whole]);
        let only = "-- why\ncreate index concurrently i on a(b);\n";
        assert_eq!((parts(only), plan(only).alone), (vec![only], vec![]));
        assert_eq!(parts(""), [""]);
        assert_eq!(
            parts(
                "create table a(b int);select 1;\n-- i\ncreate index concurrently i on a(b);\nvacuum;select 2;\n-- end"
            ),
            [
                "create table a(b int);select 1;",
                "\n-- i\ncreate index concurrently i on a(b);",
                "\nvacuum;",
                "select 2;\n-- end"
            ]
        );
        let alone = plan("select 1;\n\nvacuum").alone;
        assert_eq!(alone, [(3, "VACUUM")]);
    }

    #[test]
    fn only_a_script_that_ends_no_transaction_can_be_sent_again() {
        assert!(plan("create table a(); insert into a default values").atomic);
        for sql in ["begin; commit", "select 1; vacuum", "vacuum", "do $$ $$", "call p()"] {
            assert!(!plan(sql).atomic, "{sql}");
        }
    }

    #[test]
    fn what_only_psql_understands_is_found() {
        assert_eq!(plan("select 1;\n\\i other.sql\nselect 2;").for_psql, Some(2));
        assert_eq!(plan("copy a (b) from stdin;\n1\n\\.\n").for_psql, Some(1));
        assert_eq!(plan("select '\\i', E'\\\\';").for_psql, None);
    }

    proptest! {
        #[test]
        fn any_text_is_cut_without_harm_and_without_loss(sql in "[-a-zE'\"$;/*()\\\\\n é]{0,80}") {
            let mut end = 0;
            for statement in statements(&sql) {
                prop_assert!(end <= statement.range.start && statement.range.start < statement.range.end);
                prop_assert!(sql.get(statement.range.clone()).is_some());
                end = statement.range.end;
            }
            let plan = plan(&sql);
            prop_assert!(plan.parts.windows(2).all(|pair| pair[0].end == pair[1].start));
            prop_assert_eq!(plan.parts.first().map(|part| part.start), Some(0));
        }
    }
}
