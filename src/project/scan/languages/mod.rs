//! Code in languages other than TypeScript and JavaScript, read token by token.

mod elixir;
mod go;
mod php;
mod python;
mod ruby;
mod rust;
mod spring;

use std::path::Path;

use crate::{
    domain::project::{Feature, Kind, Library, Piece, Seen, Target},
    project::tokens::{self, Language, Source},
};

use super::{
    drivers::Sighted,
    features,
    found::{Found, insert},
};

/// What a code file shows.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Read {
    pub sighted: Vec<Sighted>,
    /// Where a client is made.
    pub clients: Vec<(Library, Seen)>,
}

pub fn language(path: &Path) -> Option<Language> {
    Some(match path.extension()?.to_str()? {
        "py" => Language::Python,
        "rb" | "rake" | "ru" => Language::Ruby,
        "php" => Language::Php,
        "go" => Language::Go,
        "java" | "kt" => Language::Java,
        "cs" => Language::CSharp,
        "rs" => Language::Rust,
        "ex" | "exs" => Language::Elixir,
        _ => return None, // no language of these
    })
}

pub fn read(path: &Path, language: Language, text: &str, target: &Target) -> Read {
    let code = Code { path, source: Source::read(language, text), target };
    let mut read = Read::default();
    match language {
        Language::Python => python::read(&code, &mut read),
        Language::Ruby => ruby::read(&code, &mut read),
        Language::Php => php::read(&code, &mut read),
        Language::Go => go::read(&code, &mut read),
        Language::Java | Language::CSharp => spring::read(&code, &mut read),
        Language::Rust => rust::read(&code, &mut read),
        Language::Elixir => elixir::read(&code, &mut read),
    }
    code.sql(&mut read);
    read
}

struct Code<'a> {
    path: &'a Path,
    source: Source<'a>,
    target: &'a Target,
}

impl Code<'_> {
    fn found(&self, kind: Kind, at: usize, what: &str, why: impl Into<String>) -> Found {
        Found::new(kind, (self.path, self.source.line(at)), what, why)
    }

    fn feature(&self, feature: Feature, at: usize, what: &str) -> Found {
        features::found(feature, (self.path, self.source.line(at))).named(what)
    }

    fn seen(&self, what: &str, at: usize) -> Seen {
        Seen { what: what.to_owned(), file: self.path.to_owned(), line: self.source.line(at) }
    }

    /// `name=value` as a further argument of a call.
    fn with_argument(&self, call: tokens::Call, argument: &str) -> Vec<Piece> {
        let (at, text) = self.source.further_argument(call.open, call.close, argument);
        vec![insert(at, text)]
    }

    /// A line of its own after the one that ends with the token `end`, indented as that of `at`.
    fn line_after(&self, at: usize, end: usize, text: &str) -> Vec<Piece> {
        let after = self.source.tokens.get(end).map_or(0, |token| token.range.end);
        vec![insert(after, format!("{}{}{text}", self.source.line_end(), self.source.indent(at)))]
    }

    /// Texts that are handed to the server as SQL.
    fn sql(&self, read: &mut Read) {
        let mut around: Vec<&str> = Vec::new();
        for at in 0..self.source.tokens.len() {
            match self.source.word(at) {
                "(" | "[" | "{" => around.push(self.caller(at)),
                ")" | "]" | "}" => {
                    around.pop();
                }
                _ => {
                    let Some(sql) = self.source.literal(at) else { continue };
                    let called = around.last().copied().unwrap_or_default();
                    // Ruby and Elixir need no parentheses.
                    let before = self.source.word(at.wrapping_sub(1));
                    let takes = |name: &str| features::TAKES_SQL.contains(&name);
                    if takes(called) || takes(before) {
                        let line = self.source.line(at);
                        let found = features::in_sql(sql, (self.path, line));
                        read.sighted.extend(found.into_iter().map(Sighted::from));
                    }
                }
            }
        }
    }

    /// The word that a bracket is opened after; `query!(` and `query::<T>(` count as `query`.
    fn caller(&self, open: usize) -> &str {
        let mut at = open;
        while let Some(before) = at.checked_sub(1) {
            at = before;
            match self.source.word(at) {
                "!" | ":" | "." => {}
                ">" => {
                    while 0 < at && self.source.word(at) != "<" {
                        at -= 1;
                    }
                }
                word => return word,
            }
        }
        ""
    }

    fn limit_why(&self, by_default: &str) -> String {
        format!(
            "{by_default} Step 5 counts {} for each instance behind the pool.",
            self.target.limit
        )
    }
}
