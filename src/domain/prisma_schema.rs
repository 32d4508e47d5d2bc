//! Prisma schemas: read the datasource, plan the one line that migrations over the direct URL need.

use std::ops::Range;

/// A `datasource` block. Everything else in a schema is passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datasource {
    pub name: String,
    /// From 1.
    pub line: usize,
    pub properties: Vec<Property>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    pub key: String,
    pub value: Value,
    /// From 1.
    pub line: usize,
    /// Bytes of the key's begin and the value's end.
    span: (usize, usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `"postgresql"`
    Text(String),
    /// `env("DATABASE_URL")`, with the name of the variable.
    Env(String),
    /// `["public", "billing"]`
    List(Vec<String>),
    /// A number, or what can't be read.
    Other,
}

impl Datasource {
    pub fn get(&self, key: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.key == key)
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        match &self.get(key)?.value {
            Value::Text(text) => Some(text),
            Value::Env(_) | Value::List(_) | Value::Other => None,
        }
    }

    /// The variable that `key` is read from.
    pub fn variable(&self, key: &str) -> Option<&str> {
        match &self.get(key)?.value {
            Value::Env(name) => Some(name),
            Value::Text(_) | Value::List(_) | Value::Other => None,
        }
    }

    /// The schemas of the database that the models lie in, where more than one is named.
    pub fn schemas(&self) -> &[String] {
        match self.get("schemas").map(|property| &property.value) {
            Some(Value::List(schemas)) => schemas,
            _ => &[], // none named: the URL's, or public
        }
    }

    pub fn is_postgresql(&self) -> bool {
        matches!(self.text("provider"), Some("postgresql" | "postgres"))
    }
}

/// Every datasource block of a schema; Prisma accepts one.
pub fn datasources(schema: &str) -> Vec<Datasource> {
    let tokens = tokens(schema);
    let mut reader = Reader { tokens: &tokens, at: 0, line: 1 };
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut line_begins = true;
    while let Some(token) = reader.next() {
        match token.kind {
            Kind::LineEnd => line_begins = true,
            Kind::Space | Kind::Comment => {}
            Kind::Word if depth == 0 && line_begins && token.text == "datasource" => {
                found.extend(reader.datasource());
                line_begins = false;
            }
            Kind::Open => {
                depth += 1;
                line_begins = false;
            }
            Kind::Close => {
                depth = depth.saturating_sub(1);
                line_begins = false;
            }
            Kind::Word
            | Kind::Text
            | Kind::Equals
            | Kind::Deeper
            | Kind::Shallower
            | Kind::Other => line_begins = false,
        }
    }
    found
}

/// `directUrl = env("<key>")` in a line of its own after `url`: the byte where it goes, and the line.
///
/// `None` where the datasource has no `url`, has a `directUrl`, or its `url` is not in a line of its own.
pub fn direct_url_line(
    schema: &str,
    datasource: &Datasource,
    key: &str,
) -> Option<(usize, String)> {
    if datasource.get("directUrl").is_some() {
        return None;
    }
    let (begin, end) = datasource.get("url")?.span;
    let (_, rest) = schema.split_at_checked(end)?;
    let to_line_end = rest.find('\n')?;
    let after = rest.get(..to_line_end)?.trim();
    if !after.is_empty() && !after.starts_with("//") {
        return None;
    }
    let line_end = if rest.get(..to_line_end)?.ends_with('\r') { "\r\n" } else { "\n" };
    let before = schema.get(..begin)?;
    let indent = before.rsplit('\n').next()?;
    if !indent.chars().all(char::is_whitespace) {
        return None;
    }
    Some((end + to_line_end + 1, format!("{indent}directUrl = env(\"{key}\"){line_end}")))
}

/// The bytes of a property's line; `None` where something else stands in it.
pub fn line_of(schema: &str, property: &Property) -> Option<Range<usize>> {
    let (begin, end) = property.span;
    let before = schema.get(..begin)?.rsplit('\n').next()?;
    let after = schema.get(end..)?.split_inclusive('\n').next()?;
    let is_alone = before.trim().is_empty()
        && (after.trim().is_empty() || after.trim_start().starts_with("//"));
    is_alone.then_some(begin - before.len()..end + after.len())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Space,
    LineEnd,
    Comment,
    /// A name, a keyword or a number.
    Word,
    /// With its quotes.
    Text,
    Open,
    Close,
    Equals,
    /// `(` or `[`: a line end inside ends nothing.
    Deeper,
    Shallower,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Token<'a> {
    kind: Kind,
    /// Byte of its begin.
    at: usize,
    text: &'a str,
}

impl Token<'_> {
    fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

/// The whole text as tokens: one after another they are the text again.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some((kind, length)) = text.get(at..).and_then(first_token) {
        tokens.extend(text.get(at..at + length).map(|text| Token { kind, at, text }));
        at += length;
    }
    tokens
}

/// Kind and length in bytes of the first token; `None` at the end.
fn first_token(text: &str) -> Option<(Kind, usize)> {
    let first = text.chars().next()?;
    let run = |inside: fn(char) -> bool| text.find(|c| !inside(c)).unwrap_or(text.len());
    Some(match first {
        '\n' => (Kind::LineEnd, 1),
        '\r' if text.starts_with("\r\n") => (Kind::LineEnd, 2),
        '\r' => (Kind::Space, 1),
        '/' if text.starts_with("//") => {
            let line = text.split('\n').next().unwrap_or(text);
            (Kind::Comment, line.strip_suffix('\r').unwrap_or(line).len())
        }
        '/' if text.starts_with("/*") => {
            let end = text.get(2..).and_then(|inside| inside.find("*/"));
            (Kind::Comment, end.map_or(text.len(), |at| at + 4))
        }
        '"' => (Kind::Text, quoted(text)),
        '{' => (Kind::Open, 1),
        '}' => (Kind::Close, 1),
        '=' => (Kind::Equals, 1),
        '(' | '[' => (Kind::Deeper, 1),
        ')' | ']' => (Kind::Shallower, 1),
        first if is_space(first) => (Kind::Space, run(is_space)),
        first if is_word(first) => (Kind::Word, run(is_word)),
        other => (Kind::Other, other.len_utf8()),
    })
}

fn is_space(c: char) -> bool {
    c.is_whitespace() && !matches!(c, '\n' | '\r')
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

/// Length of the string that `text` begins with, quotes included; to the line's end where it is not closed.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' | '\r' => return at,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {} // part of the string
        }
    }
    text.len()
}

struct Reader<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    /// Of the token that comes next, from 1.
    line: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> Option<Token<'a>> {
        let token = self.peek()?;
        self.at += 1;
        self.line += token.text.matches('\n').count();
        Some(token)
    }

    /// The next token that is neither space nor comment, nor a line's end.
    fn next_meant(&mut self) -> Option<Token<'a>> {
        loop {
            let token = self.next()?;
            if !matches!(token.kind, Kind::Space | Kind::Comment | Kind::LineEnd) {
                return Some(token);
            }
        }
    }

    /// What follows the keyword; `None` where it is no block.
    fn datasource(&mut self) -> Option<Datasource> {
        let line = self.line;
        let name = self.next_meant().filter(|token| token.kind == Kind::Word)?;
        self.next_meant().filter(|token| token.kind == Kind::Open)?;
        let mut properties = Vec::new();
        loop {
            let key = self.next_meant()?;
            match key.kind {
                Kind::Close => break,
                Kind::Word => properties.extend(self.property(key)),
                // Not of this language: passed over, as an editor in mid-typing would.
                _ => {}
            }
        }
        Some(Datasource { name: name.text.to_owned(), line, properties })
    }

    /// What follows a key, up to the line's end or the block's.
    fn property(&mut self, key: Token<'a>) -> Option<Property> {
        let line = self.line;
        let mut meant = Vec::new();
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::LineEnd | Kind::Close if depth == 0 => break,
                Kind::Deeper => depth += 1,
                Kind::Shallower => depth = depth.saturating_sub(1),
                _ => {} // belongs to the value
            }
            self.next();
            if !matches!(token.kind, Kind::Space | Kind::Comment | Kind::LineEnd) {
                meant.push(token);
            }
        }
        let (equals, value) = meant.split_first()?;
        if equals.kind != Kind::Equals {
            return None;
        }
        let end = value.last()?.end();
        Some(Property {
            key: key.text.to_owned(),
            value: read_value(value),
            line,
            span: (key.at, end),
        })
    }
}

fn read_value(tokens: &[Token<'_>]) -> Value {
    let texts: Vec<&str> = tokens.iter().map(|token| token.text).collect();
    match (tokens, texts.as_slice()) {
        ([text], _) if text.kind == Kind::Text => Value::Text(unquoted(text.text)),
        ([_, _, name, _], ["env", "(", _, ")"]) if name.kind == Kind::Text => {
            Value::Env(unquoted(name.text))
        }
        ([_, items @ .., _], ["[", .., "]"]) => {
            let items = items.iter().filter(|item| item.kind == Kind::Text);
            Value::List(items.map(|item| unquoted(item.text)).collect())
        }
        _ => Value::Other, // numbers, expressions
    }
}

/// Names and URLs hold no escapes that would matter here.
fn unquoted(text: &str) -> String {
    text.trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with_direct_url(schema: &str, datasource: &Datasource, key: &str) -> Option<String> {
        let (at, line) = direct_url_line(schema, datasource, key)?;
        let (head, tail) = schema.split_at(at);
        Some(format!("{head}{line}{tail}"))
    }

    const SCHEMA: &str = "\
// datasource in a comment { url = env(\"NO\") }
generator client {
  provider = \"prisma-client-js\"
}

datasource db {
  provider = \"postgresql\" // which
  url      = env(\"DATABASE_URL\") /* the app's */
  /// relations without foreign keys
  relationMode = \"prisma\"
  schemas  = [
    \"public\", // and
    \"app\",
  ]
}

model Datasource {
  url String @default(\"datasource db { }\")
}
";

    fn only(schema: &str) -> Datasource {
        let mut found = datasources(schema);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    #[test]
    fn the_datasource_is_read_and_nothing_that_looks_like_one() {
        let db = only(SCHEMA);

        assert_eq!((db.name.as_str(), db.line), ("db", 6));
        let read: Vec<_> = db
            .properties
            .iter()
            .map(|property| (property.key.as_str(), property.line, property.value.clone()))
            .collect();
        assert_eq!(
            read,
            [
                ("provider", 7, Value::Text("postgresql".to_owned())),
                ("url", 8, Value::Env("DATABASE_URL".to_owned())),
                ("relationMode", 10, Value::Text("prisma".to_owned())),
                ("schemas", 11, Value::List(vec!["public".to_owned(), "app".to_owned()])),
            ]
        );
        assert!(db.is_postgresql());
    }

    #[test]
    fn the_direct_url_goes_below_the_url_with_its_indent() {
        let plain = "datasource db {\n\tprovider = \"postgresql\"\n\turl = env(\"DATABASE_URL\") // app\n}\n";

        let edited = with_direct_url(plain, &only(plain), "DIRECT_URL");

        assert_eq!(
            edited.as_deref(),
            Some(
                "datasource db {\n\tprovider = \"postgresql\"\n\turl = env(\"DATABASE_URL\") // app\n\
                 \tdirectUrl = env(\"DIRECT_URL\")\n}\n"
            )
        );
    }

    #[test]
    fn line_ends_stay_as_they_are() {
        let windows = SCHEMA.replace('\n', "\r\n").replace(" /* the app's */", "");

        let edited = with_direct_url(&windows, &only(&windows), "DIRECT_URL").unwrap();

        assert!(edited.contains("\r\n  directUrl = env(\"DIRECT_URL\")\r\n"));
        assert_eq!(edited.matches('\n').count(), edited.matches("\r\n").count());
    }

    #[test]
    fn what_can_not_be_edited_safely_is_left_alone() {
        for schema in [
            "datasource db {\n  url = env(\"A\")\n  directUrl = env(\"B\")\n}\n",
            "datasource db {\n  provider = \"postgresql\"\n}\n",
            "datasource db { url = env(\"A\") }\n",
            "datasource db {\n  url = env(\"A\") }\n",
            "datasource db {\n  url = env(\"A\") /* to\n the next line */\n}\n",
        ] {
            let db = only(schema);
            assert_eq!(with_direct_url(schema, &db, "B"), None, "{schema}");
        }
        assert_eq!(datasources("datasource db {\n  url = env(\"A\")\n"), []);
    }

    /// Pieces of schemas, whole and broken, in any order.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "datasource db {\n",
            "  url = env(\"DATABASE_URL\")\n",
            "\turl\t=  env(\"A\") // why\r\n",
            "  provider = \"postgresql\"\n",
            "}\n",
            "}",
            "{",
            "\"",
            "/*",
            "*/",
            "// ",
            "\r\n",
            "\n",
            "model A {\n  id Int @id\n}\n",
            "(",
            "]",
            "é",
            "=",
            "\\",
        ]);
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    fn schema() -> impl Strategy<Value = String> {
        (pieces(), pieces(), pieces()).prop_map(|(before, inside, after)| {
            format!("{before}\ndatasource db {{\n{inside}  url = env(\"A\")\n{after}}}\n")
        })
    }

    proptest! {
        #[test]
        fn tokens_are_the_text_again(text in schema()) {
            let again: String = tokens(&text).iter().map(|token| token.text).collect();
            prop_assert_eq!(again, text);
        }

        #[test]
        fn an_edit_adds_one_line_and_moves_no_other_byte(text in schema()) {
            for db in datasources(&text) {
                let Some(edited) = with_direct_url(&text, &db, "DIRECT_URL") else { continue };
                let lines: Vec<&str> = edited.split_inclusive('\n').collect();
                let added: Vec<usize> = lines
                    .iter()
                    .enumerate()
                    .filter(|(_, line)| line.trim() == "directUrl = env(\"DIRECT_URL\")")
                    .map(|(at, _)| at)
                    .collect();
                prop_assert_eq!(added.len(), 1);
                let rest: String = lines
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| !added.contains(at))
                    .map(|(_, line)| *line)
                    .collect();
                prop_assert_eq!(&rest, &text);
                let reread = datasources(&edited);
                let direct = reread.iter().find_map(|other| other.variable("directUrl"));
                prop_assert_eq!(direct, Some("DIRECT_URL"));
            }
        }
    }
}
