//! Source text of languages that have no parser here, as tokens: words, texts and signs, with comments left out.

use std::ops::Range;

/// What a token is. The text of [`Kind::Text`] includes its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name, a keyword or a number.
    Word,
    /// A literal text.
    Text,
    Sign,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub range: Range<usize>,
    /// Of a text: what stands between its quotes.
    pub inner: Range<usize>,
    /// From 1.
    pub line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Python,
    Ruby,
    Php,
    Go,
    /// Java and Kotlin.
    Java,
    CSharp,
    Rust,
    Elixir,
}

impl Language {
    fn line_comments(self) -> &'static [&'static str] {
        match self {
            Self::Python | Self::Ruby | Self::Elixir => &["#"],
            Self::Php => &["//", "#"],
            Self::Go | Self::Java | Self::CSharp | Self::Rust => &["//"],
        }
    }

    fn has_block_comments(self) -> bool {
        !matches!(self, Self::Python | Self::Ruby | Self::Elixir)
    }

    /// Quotes of literal texts, the longer first.
    fn quotes(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["\"\"\"", "'''", "\"", "'"],
            Self::Elixir => &["\"\"\"", "'''", "\"", "'"],
            Self::Ruby | Self::Php => &["\"", "'", "`"],
            Self::Go => &["\"", "`"],
            Self::Java | Self::CSharp => &["\"\"\"", "\""],
            Self::Rust => &["\""],
        }
    }
}

/// A text and its tokens.
#[derive(Debug)]
pub struct Source<'a> {
    pub text: &'a str,
    pub tokens: Vec<Token>,
}

/// `name(…)`: the places of its parentheses among the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    pub name: usize,
    pub open: usize,
    pub close: usize,
}

impl<'a> Source<'a> {
    pub fn read(language: Language, text: &'a str) -> Self {
        Self { text, tokens: Reader { text, language, at: 0, line: 1 }.read() }
    }

    pub fn word(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| self.text.get(token.range.clone()).unwrap_or(""))
    }

    /// What the literal text at this place says, as it is written.
    pub fn literal(&self, at: usize) -> Option<&'a str> {
        let token = self.tokens.get(at).filter(|token| token.kind == Kind::Text)?;
        self.text.get(token.inner.clone())
    }

    pub fn line(&self, at: usize) -> usize {
        self.tokens.get(at).map_or(1, |token| token.line)
    }

    pub fn has(&self, word: &str) -> bool {
        self.find(word).next().is_some()
    }

    /// The places of a word.
    pub fn find<'s>(&'s self, word: &'s str) -> impl Iterator<Item = usize> + 's {
        (0..self.tokens.len()).filter(move |at| self.word(*at) == word)
    }

    /// The places of several words and signs in a row.
    pub fn find_all<'s>(&'s self, words: &'s [&'s str]) -> impl Iterator<Item = usize> + 's {
        (0..self.tokens.len()).filter(move |at| {
            words.iter().enumerate().all(|(by, word)| self.word(at + by) == *word)
        })
    }

    pub fn calls<'s>(&'s self, name: &'s str) -> impl Iterator<Item = Call> + 's {
        self.find(name).filter_map(|at| {
            (self.word(at + 1) == "(").then_some(())?;
            Some(Call { name: at, open: at + 1, close: self.closing(at + 1)? })
        })
    }

    /// The sign that closes the bracket at `open`.
    pub fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for at in open..self.tokens.len() {
            match self.word(at) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return Some(at);
                    }
                }
                _ => {} // inside
            }
        }
        None
    }

    /// The place of the value that an argument of this name gets: `name=…`, `name: …`, `"name" => …`.
    pub fn argument(&self, open: usize, close: usize, name: &str) -> Option<usize> {
        let mut depth = 0_usize;
        for at in open + 1..close {
            match self.word(at) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                word if depth == 0 && (word == name || self.literal(at) == Some(name)) => {
                    match (self.word(at + 1), self.word(at + 2)) {
                        ("=", ">") => return Some(at + 3),
                        ("=" | ":", _) => return Some(at + 2),
                        _ => {} // a value of this name
                    }
                }
                _ => {} // another argument
            }
        }
        None
    }

    /// Where a further argument goes, and how it is written there: in a line of its own where the last one has one.
    pub fn further_argument(&self, open: usize, close: usize, argument: &str) -> (usize, String) {
        let end = |at: usize| self.tokens.get(at).map_or(self.text.len(), |token| token.range.end);
        if close == open + 1 {
            return (end(open), argument.to_owned());
        }
        let last = close - 1;
        let is_broken = self.line(open) < self.line(last) && self.line(last) < self.line(close);
        let own_line = || format!("{}{}{argument}", self.line_end(), self.indent(last));
        let text = match (self.word(last), is_broken) {
            (",", true) => format!("{},", own_line()),
            (",", false) => format!(" {argument}"),
            (_, true) => format!(",{}", own_line()),
            (_, false) => format!(", {argument}"),
        };
        (end(last), text)
    }

    /// The blanks that the line of this token begins with.
    pub fn indent(&self, at: usize) -> &'a str {
        let Some(token) = self.tokens.get(at) else { return "" };
        let before = self.text.get(..token.range.start).unwrap_or("");
        let line = before.rsplit('\n').next().unwrap_or("");
        line.get(..line.len() - line.trim_start().len()).unwrap_or("")
    }

    pub fn line_end(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }
}

struct Reader<'a> {
    text: &'a str,
    language: Language,
    at: usize,
    line: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Goes on by some bytes and counts the lines in them.
    fn pass(&mut self, length: usize) {
        let passed = self.rest().get(..length).unwrap_or("");
        self.line += passed.matches('\n').count();
        self.at += length.max(1);
    }

    fn read(mut self) -> Vec<Token> {
        let mut tokens = Vec::new();
        while let Some(first) = self.rest().chars().next() {
            if first.is_whitespace() {
                self.pass(first.len_utf8());
            } else if let Some(length) = self.comment() {
                self.pass(length);
            } else if let Some((length, inner)) = self.literal() {
                let inner = self.at + inner.start..self.at + inner.end;
                tokens.push(self.token(Kind::Text, length, inner));
                self.pass(length);
            } else if is_word(first) {
                let rest = self.rest();
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                tokens.push(self.token(Kind::Word, length, 0..0));
                self.pass(length);
            } else {
                tokens.push(self.token(Kind::Sign, first.len_utf8(), 0..0));
                self.pass(first.len_utf8());
            }
        }
        tokens
    }

    fn token(&self, kind: Kind, length: usize, inner: Range<usize>) -> Token {
        Token { kind, range: self.at..self.at + length, inner, line: self.line }
    }

    fn comment(&self) -> Option<usize> {
        let rest = self.rest();
        if self.language.line_comments().iter().any(|mark| rest.starts_with(mark)) {
            return Some(rest.find('\n').unwrap_or(rest.len()));
        }
        (self.language.has_block_comments() && rest.starts_with("/*")).then(|| {
            let end = rest.get(2..).and_then(|inside| inside.find("*/"));
            end.map_or(rest.len(), |at| at + 4)
        })
    }

    /// Length of the literal text that begins here, and what is inside its quotes.
    fn literal(&self) -> Option<(usize, Range<usize>)> {
        let rest = self.rest();
        match self.language {
            Language::Rust => {
                if let Some(found) = raw_text(rest) {
                    return Some(found);
                }
            }
            Language::Ruby | Language::Php => {
                if let Some(found) = heredoc(rest) {
                    return Some(found);
                }
            }
            Language::Go | Language::Java | Language::CSharp if rest.starts_with('\'') => {
                return character(rest);
            }
            Language::CSharp if rest.starts_with("@\"") => return verbatim(rest),
            _ => {} // by its quotes
        }
        if self.language == Language::Rust && rest.starts_with('\'') {
            // A lifetime is no text.
            return character(rest);
        }
        let quote = self.language.quotes().iter().find(|quote| rest.starts_with(**quote))?;
        let raw = self.language == Language::Go && *quote == "`";
        Some(quoted(rest, quote, raw))
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

fn quoted(text: &str, quote: &str, raw: bool) -> (usize, Range<usize>) {
    let begin = quote.len();
    let mut escaped = false;
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < begin) {
        if escaped {
            escaped = false;
        } else if c == '\\' && !raw {
            escaped = true;
        } else if text.get(at..).is_some_and(|rest| rest.starts_with(quote)) {
            return (at + quote.len(), begin..at);
        } else if c == '\n' && quote.len() == 1 && quote != "`" {
            // Not closed in its line: no text that we can tell the end of.
            return (at, begin..at);
        }
    }
    (text.len(), begin.min(text.len())..text.len())
}

/// `'x'`, `'\n'`; a lone quote otherwise.
fn character(text: &str) -> Option<(usize, Range<usize>)> {
    let inner = text.get(1..)?;
    let length = match inner.chars().next()? {
        '\\' => 1 + inner.chars().nth(1)?.len_utf8(),
        c => c.len_utf8(),
    };
    inner.get(length..)?.starts_with('\'').then_some((length + 2, 1..1 + length))
}

/// `r"…"`, `r#"…"#`
fn raw_text(text: &str) -> Option<(usize, Range<usize>)> {
    let after = text.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after.get(hashes..)?.starts_with('"').then_some(())?;
    let begin = 1 + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = text.get(begin..)?.find(&end)?;
    Some((begin + length + end.len(), begin..begin + length))
}

/// `@"…"` with doubled quotes inside.
fn verbatim(text: &str) -> Option<(usize, Range<usize>)> {
    let mut at = 2;
    loop {
        at += text.get(at..)?.find('"')?;
        if text.get(at..)?.starts_with("\"\"") {
            at += 2;
        } else {
            return Some((at + 1, 2..at));
        }
    }
}

/// `<<~SQL … SQL`, `<<<SQL … SQL;`
fn heredoc(text: &str) -> Option<(usize, Range<usize>)> {
    let after = ["<<~", "<<-", "<<<"].iter().find_map(|mark| text.strip_prefix(mark))?;
    let after = after.trim_start_matches(['\'', '"', ' ']);
    let name: String = after.chars().take_while(|c| is_word(*c)).collect();
    if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return None;
    }
    let begin = text.find('\n')? + 1;
    let mut at = begin;
    for line in text.get(begin..)?.split_inclusive('\n') {
        if line.trim_start().starts_with(&name) {
            let indent = line.len() - line.trim_start().len();
            return Some((at + indent + name.len(), begin..at));
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(language: Language, text: &str) -> Vec<&str> {
        let source = Source::read(language, text);
        (0..source.tokens.len()).map(|at| source.literal(at).unwrap_or(source.word(at))).collect()
    }

    #[test]
    fn comments_are_left_out_and_texts_are_one_token() {
        assert_eq!(
            words(Language::Python, "# no\nx = f('a # b', \"\"\"two\nlines\"\"\")"),
            ["x", "=", "f", "(", "a # b", ",", "two\nlines", ")"]
        );
        assert_eq!(
            words(Language::Go, "/* no */ db.Exec(`SET \"x\"`) // no\nr := 'a'"),
            ["db", ".", "Exec", "(", "SET \"x\"", ")", "r", ":", "=", "a"]
        );
        assert_eq!(
            words(Language::Rust, "fn f<'a>(x: &'a str) { q(r#\"a\"b\"#, '\\'') }"),
            [
                "fn", "f", "<", "'", "a", ">", "(", "x", ":", "&", "'", "a", "str", ")", "{", "q",
                "(", "a\"b", ",", "\\'", ")", "}"
            ]
        );
        assert_eq!(
            words(Language::Ruby, "db.execute <<~SQL\n  LISTEN jobs\nSQL\nputs 1"),
            ["db", ".", "execute", "  LISTEN jobs\n", "puts", "1"]
        );
        assert_eq!(words(Language::CSharp, "f(@\"a\"\"b\")"), ["f", "(", "a\"\"b", ")"]);
    }

    #[test]
    fn an_argument_is_found_in_each_form_and_only_at_its_own_depth() {
        let found = |language, text: &str, name: &str| {
            let source = Source::read(language, text);
            let call = source.calls("f").next()?;
            let at = source.argument(call.open, call.close, name)?;
            Some(source.literal(at).unwrap_or(source.word(at)).to_owned())
        };
        assert_eq!(found(Language::Python, "f(url, size=5)", "size").as_deref(), Some("5"));
        assert_eq!(found(Language::Python, "f(g(size=5))", "size"), None);
        assert_eq!(found(Language::Elixir, "f(size: 5)", "size").as_deref(), Some("5"));
        assert_eq!(found(Language::Php, "f('size' => 'x')", "size").as_deref(), Some("x"));
    }

    #[test]
    fn a_further_argument_follows_what_is_there() {
        let edited = |text: &str| {
            let source = Source::read(Language::Python, text);
            let call = source.calls("f").next().unwrap();
            let (at, argument) = source.further_argument(call.open, call.close, "size=5");
            let (head, tail) = text.split_at(at);
            format!("{head}{argument}{tail}")
        };
        assert_eq!(edited("f()"), "f(size=5)");
        assert_eq!(edited("f(url)"), "f(url, size=5)");
        assert_eq!(edited("f(\n    url,\n)"), "f(\n    url,\n    size=5,\n)");
        assert_eq!(edited("f(\n    url\n)"), "f(\n    url,\n    size=5\n)");
    }

    proptest! {
        #[test]
        fn no_text_breaks_it_and_tokens_follow_each_other(text in "[a-z'\"`/*#<~@r\\\\\n (){}é]{0,80}") {
            use Language::{CSharp, Elixir, Go, Java, Php, Python, Ruby, Rust};
            for language in [CSharp, Elixir, Go, Java, Php, Python, Ruby, Rust] {
                let source = Source::read(language, &text);
                let mut end = 0;
                for token in &source.tokens {
                    prop_assert!(end <= token.range.start && token.range.end <= text.len());
                    prop_assert!(text.get(token.range.clone()).is_some());
                    end = token.range.end;
                }
            }
        }
    }
}
