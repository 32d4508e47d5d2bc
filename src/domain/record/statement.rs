//! A statement that was sent to a database, as the history shows it: without what may be secret in it.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use squawk_lexer::{LiteralKind, TokenKind, tokenize};

use crate::domain::conn_url::ConnUrl;

/// Longer texts are cut here, in bytes: the history tells what was done, the migration's file has the whole.
const LONGEST: usize = 4000;

/// One statement, or several equal ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// When the first of them was sent.
    pub at: Timestamp,
    pub place: Place,
    /// As [`shown`] shows it.
    pub text: String,
    pub end: End,
    /// All of them together.
    pub took: Duration,
    pub times: u64,
}

/// Where a statement went: a URL without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub user: String,
    pub host: String,
    pub port: u16,
    /// The database, or the pool in its place.
    pub database: String,
}

impl Place {
    pub fn of(url: &ConnUrl) -> Self {
        Self {
            user: url.user.clone(),
            host: url.host.clone(),
            port: url.port,
            database: url.database.clone(),
        }
    }

    /// The URL leads there too.
    pub fn is_of(&self, url: &ConnUrl) -> bool {
        (&self.host, self.port, &self.database) == (&url.host, url.port, &url.database)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}/{}", self.user, self.host, self.port, self.database)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With the number of rows, where they were read.
    Done(Option<u64>),
    /// With the server's SQLSTATE: its message may quote values.
    Refused(String),
    /// The connection broke, or nobody waited any longer.
    NoAnswer,
}

impl Statement {
    /// Takes in an equal one that was sent later.
    fn take_in(&mut self, later: &Self) {
        self.took += later.took;
        self.times += later.times;
        self.end = later.end.clone();
    }

    fn is_like(&self, other: &Self) -> bool {
        let kind = |end: &End| std::mem::discriminant(end);
        self.text == other.text && self.place == other.place && kind(&self.end) == kind(&other.end)
    }
}

/// Looking at a server asks the same few questions in turns; so many of the latest are compared.
const LATEST: usize = 12;

/// Adds `statement`, to an equal one of the latest where there is one.
pub fn add(all: &mut Vec<Statement>, statement: Statement) {
    let latest = all.len().saturating_sub(LATEST);
    let like = all.iter_mut().skip(latest).find(|earlier| earlier.is_like(&statement));
    match like {
        Some(earlier) => earlier.take_in(&statement),
        None => all.push(statement),
    }
}

/// SQL without its strings and comments, which may hold passwords and people's data.
pub fn shown(sql: &str) -> String {
    let mut cut = sql.len().min(LONGEST);
    while !sql.is_char_boundary(cut) {
        cut -= 1;
    }
    // What is cut inside a string is a string without an end, and masked like any other.
    let (head, rest) = sql.split_at(cut);
    let mut shown = String::with_capacity(head.len());
    let mut at = 0;
    for token in tokenize(head) {
        let begin = at;
        at += token.len as usize;
        let text = head.get(begin..at).unwrap_or_default();
        match token.kind {
            TokenKind::Literal { kind: LiteralKind::Int { .. } | LiteralKind::Numeric { .. } } => {
                shown.push_str(text);
            }
            TokenKind::Literal { .. } => shown.push_str("'•••'"),
            TokenKind::LineComment | TokenKind::BlockComment { .. } => {}
            _ => shown.push_str(text),
        }
    }
    let lines = shown.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let shown = lines.collect::<Vec<_>>().join("\n");
    if rest.is_empty() { shown } else { format!("{shown}\n… ({} bytes in all)", sql.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_shown() {
        for (sql, expected) in [
            ("select 1 from t where n = 5.5", "select 1 from t where n = 5.5"),
            ("create role a password 'pa''ss' ; -- pass\n", "create role a password '•••' ;"),
            ("select E'pa\\'ss', $1", "select '•••', $1"),
            ("do $$ begin perform 'pass'; end $$", "do '•••'"),
            ("do $x$ pass $$ pass $x$ ;", "do '•••' ;"),
            ("/* pass /* pass */ pass */ select \"Name\"", "select \"Name\""),
            ("select U&'pass', B'1', X'ff', N'pass'", "select '•••', '•••', '•••', '•••'"),
            ("select 'pass", "select '•••'"),
            ("select $$pass", "select '•••'"),
            ("select 'a\npass'", "select '•••'"),
            ("select a\n\n-- pass\n  , b", "select a\n  , b"),
        ] {
            let shown = shown(sql);
            assert!(!shown.contains("pass'") && !shown.contains("pass "), "{shown}");
            // Trailing blanks are the lexer's business, not the reader's.
            assert_eq!(shown.trim(), expected, "{sql}");
        }
    }

    #[test]
    fn a_long_script_is_cut_also_inside_a_string() {
        let sql = format!("insert into t values ('{}ü', 'secret')", "ü".repeat(LONGEST));
        let shown = shown(&sql);
        assert_eq!(shown, format!("insert into t values ('•••'\n… ({} bytes in all)", sql.len()));
    }

    #[test]
    fn questions_asked_in_turns_are_counted() {
        let statement = |text: &str, rows| Statement {
            at: Timestamp::UNIX_EPOCH,
            place: Place {
                user: "u".to_owned(),
                host: "h".to_owned(),
                port: 25060,
                database: "d".to_owned(),
            },
            text: text.to_owned(),
            end: End::Done(Some(rows)),
            took: Duration::from_millis(2),
            times: 1,
        };
        let mut all = Vec::new();
        for rows in 1..=50 {
            add(&mut all, statement("select a", rows));
            add(&mut all, statement("select b", 1));
        }
        add(
            &mut all,
            Statement { end: End::Refused("42P01".to_owned()), ..statement("select a", 0) },
        );
        let seen: Vec<_> =
            all.iter().map(|it| (it.text.as_str(), it.times, it.took.as_millis())).collect();
        assert_eq!(seen, [("select a", 50, 100), ("select b", 50, 100), ("select a", 1, 2)]);
        assert_eq!(all.first().map(|it| it.end.clone()), Some(End::Done(Some(50))));
    }
}
