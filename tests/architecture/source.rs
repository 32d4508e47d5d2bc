//! Reads Rust just far enough to tell which modules and crates a file names, and on which line.

use std::fmt;

#[derive(Debug, PartialEq, Eq)]
pub struct Breach {
    pub file: String,
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// One source file: its path from `src/`, its text, and its code without comments, strings and test modules.
pub struct Source {
    pub file: String,
    pub text: String,
    pub code: String,
}

impl Source {
    pub fn new(file: &str, text: &str) -> Self {
        let code = without_tests(&without_comments(text));
        Self { file: file.to_owned(), text: text.to_owned(), code }
    }

    /// `domain/pool.rs` is in `domain`, `keychain.rs` in `keychain`.
    pub fn module(&self) -> &str {
        let first = self.file.split('/').next().unwrap();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn path(&self) -> Vec<&str> {
        let mut path: Vec<&str> = self.file.trim_end_matches(".rs").split('/').collect();
        if matches!(path.last(), Some(&"mod" | &"lib" | &"main")) {
            path.pop();
        }
        path
    }

    pub fn breach(&self, at: usize, what: impl Into<String>) -> Breach {
        let line = self.code[..at].matches('\n').count() + 1;
        let file = format!("src/{}", self.file).replace("src/../", "");
        Breach { file, line, what: what.into() }
    }

    /// Files that this one names under `#[cfg(test)]`: they are compiled for tests only.
    pub fn test_files(&self) -> Vec<String> {
        let code = without_comments(&self.text);
        let lines: Vec<&str> = code.lines().map(str::trim).collect();
        lines
            .windows(2)
            .filter(|pair| pair[0].starts_with("#[cfg(test)]"))
            .filter_map(|pair| pair[1].strip_prefix("mod ")?.strip_suffix(';'))
            .map(|name| {
                let mut path = self.path();
                path.push(name);
                format!("{}.rs", path.join("/"))
            })
            .collect()
    }

    /// Our own top-level modules that this file may name, with where.
    pub fn own_modules(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for (at, name) in words(&self.code) {
            match name {
                "crate" | "poolwright" => found.extend(names_after(&self.code, at + name.len())),
                "super" if !self.code[..at].ends_with("::") => {
                    let mut rest = at;
                    let mut ups = 0;
                    while self.code[rest..].starts_with("super::") {
                        ups += 1;
                        rest += "super::".len();
                    }
                    if 0 < ups && ups == self.path().len() {
                        found.extend(names_after(&self.code, rest - "::".len()));
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// Where the code names this path, such as `sqlx` or `std::fs`, also from within a group of a `use`.
    pub fn names(&self, wanted: &str) -> Vec<usize> {
        let mut parts = wanted.split("::");
        let first = parts.next().unwrap();
        let rest: Vec<&str> = parts.collect();
        words(&self.code)
            .filter(|(at, name)| {
                let before = &self.code[..*at];
                *name == first
                    && !before.ends_with("::")
                    && !before.ends_with('.')
                    && leads_to(&self.code, at + name.len(), &rest)
                    && (!rest.is_empty() || is_crate(&self.code, *at, name.len()))
            })
            .map(|(at, _)| at)
            .collect()
    }
}

/// A lone word is a crate where a path starts with it or a `use` is all of it; else it is a local name.
fn is_crate(code: &str, at: usize, len: usize) -> bool {
    code[at + len..].starts_with("::") || code[..at].trim_end().ends_with("use")
}

/// Whether `::a::b` follows, be it inside a group: `std::{fs, io}` leads to `fs`.
fn leads_to(code: &str, at: usize, rest: &[&str]) -> bool {
    let Some((next, later)) = rest.split_first() else { return true };
    names_after(code, at)
        .into_iter()
        .any(|(place, name)| name == *next && leads_to(code, place + name.len(), later))
}

/// The names that follow `::` at `at`: one, or the first of each path of a group.
fn names_after(code: &str, at: usize) -> Vec<(usize, String)> {
    if !code[at..].starts_with("::") {
        return Vec::new();
    }
    let at = at + "::".len();
    let Some(group) = code[at..].strip_prefix('{') else {
        let first = words(&code[at..]).next().filter(|(offset, _)| *offset == 0);
        return first.map(|(_, name)| (at, name.to_owned())).into_iter().collect();
    };
    let mut depth = 1;
    let mut fresh = true;
    let mut found = Vec::new();
    for (offset, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => fresh = true,
            _ if fresh && depth == 1 && !c.is_whitespace() => {
                fresh = false;
                let (_, name) = words(&group[offset..]).next().unwrap_or((0, ""));
                found.push((at + 1 + offset, name.to_owned()));
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

/// Identifiers and keywords, with where they start.
pub fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + code[rest..].find(is_part)?;
        let len = code[start..].find(|c| !is_part(c)).unwrap_or(code.len() - start);
        rest = start + len;
        Some((start, &code[start..rest]))
    })
}

/// The text with comments and strings blanked out, every byte where it was.
pub fn without_comments(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let before = code.chars().next_back();
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_string(rest, before) {
            let end = format!("\"{}", "#".repeat(hashes));
            let open = hashes + 2;
            rest[open..].find(&end).map_or(rest.len(), |at| open + at + end.len())
        } else if c == '"' || (c == '\'' && is_char(rest)) {
            quoted(rest, c)
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        for c in rest[..len].chars() {
            code.push_str(if c == '\n' { "\n" } else { &"    "[..c.len_utf8()] });
        }
        rest = &rest[len..];
    }
    code
}

/// How many `#` a raw string that starts here has.
fn raw_string(rest: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// A character and not a lifetime.
fn is_char(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + 1;
        }
    }
    rest.len()
}

enum Skip {
    No,
    Pending,
    Inside,
}

/// The code with what stands under `#[cfg(test)]` blanked out: tests may use what they need.
fn without_tests(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut depth = 0_usize;
    let mut state = Skip::No;
    for line in code.split_inclusive('\n') {
        if matches!(state, Skip::No) && line.trim_start().starts_with("#[cfg(test)]") {
            state = Skip::Pending;
        }
        if matches!(state, Skip::No) {
            kept.push_str(line);
            continue;
        }
        kept.push('\n');
        for c in line.chars() {
            match c {
                '{' => {
                    depth += 1;
                    state = Skip::Inside;
                }
                '}' => depth = depth.saturating_sub(1),
                ';' if matches!(state, Skip::Pending) => state = Skip::No,
                _ => {}
            }
        }
        if matches!(state, Skip::Inside) && depth == 0 {
            state = Skip::No;
        }
    }
    kept
}
