//! One table of a profile: texts, numbers and lists with their places, unknown keys and secrets refused.

use std::ops::Range;

use toml_edit::{Item, TableLike, Value};

use crate::domain::leak;

use super::words::nearest;

/// A place in the file, both from 1; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// What is wrong in a file. A value that may be a secret is in no field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub place: Place,
    /// `pool.size is text`
    pub what: String,
    /// `a whole number from 1`; may be empty.
    pub expected: String,
}

/// Refuses tokens, passwords and URLs with one, wherever a text stands.
pub(super) fn no_secret(text: &str, item: &Item) -> Result<(), Fault> {
    match item {
        Item::Value(inner) => no_secret_value(text, inner),
        Item::Table(table) => table.iter().try_for_each(|(_, inner)| no_secret(text, inner)),
        Item::ArrayOfTables(tables) => {
            let mut items = tables.iter().flat_map(|table| table.iter());
            items.try_for_each(|(_, inner)| no_secret(text, inner))
        }
        Item::None => Ok(()),
    }
}

fn no_secret_value(text: &str, value: &Value) -> Result<(), Fault> {
    match value {
        Value::String(string) => match leak::in_value(string.value()) {
            Some(leak) => Err(Fault {
                place: place(text, value.span()),
                what: format!("a {} stands here", leak.word()),
                expected: NO_SECRET.to_owned(),
            }),
            None => Ok(()),
        },
        Value::Array(array) => array.iter().try_for_each(|inner| no_secret_value(text, inner)),
        Value::InlineTable(table) => {
            table.iter().try_for_each(|(_, inner)| no_secret_value(text, inner))
        }
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => Ok(()),
    }
}

pub(super) const NO_SECRET: &str = "no secret at all: a profile is made to be shared";

/// A value with its place.
pub(super) struct Found<T> {
    pub value: T,
    pub place: Place,
}

impl<T> Found<T> {
    pub fn into_value(self) -> T {
        self.value
    }

    pub fn fault(&self, what: String, expected: &str) -> Fault {
        Fault { place: self.place, what, expected: expected.to_owned() }
    }
}

/// One table of the file.
pub(super) struct Section<'a> {
    /// The whole file.
    text: &'a str,
    /// Empty for the file's own keys.
    name: &'a str,
    /// `None` where the file has no such table.
    table: Option<&'a dyn TableLike>,
}

impl<'a> Section<'a> {
    pub fn file(text: &'a str, document: &'a dyn TableLike) -> Self {
        Self { text, name: "", table: Some(document) }
    }

    pub fn section(&self, name: &'a str) -> Result<Self, Fault> {
        let item = self.table.and_then(|table| table.get(name));
        let table = match item {
            Some(item) => Some(item.as_table_like().ok_or_else(|| {
                self.fault(
                    item,
                    &format!("“{name}” is {}", kind(item)),
                    &format!("a table, [{name}]"),
                )
            })?),
            None => None,
        };
        Ok(Self { text: self.text, name, table })
    }

    /// Refuses every key but these.
    pub fn only(&self, known: &[&str]) -> Result<(), Fault> {
        let Some(table) = self.table else { return Ok(()) };
        let unknown = table.iter().map(|(key, _)| key).find(|key| !known.contains(key));
        let Some(key) = unknown else { return Ok(()) };
        let span = table.key(key).and_then(toml_edit::Key::span);
        let within =
            if self.name.is_empty() { String::new() } else { format!(" in [{}]", self.name) };
        Err(Fault {
            place: place(self.text, span),
            what: format!("there is no key {key}{within}"),
            expected: nearest(key, known),
        })
    }

    pub fn text(&self, key: &str) -> Result<Option<Found<String>>, Fault> {
        let Some(item) = self.item(key) else { return Ok(None) };
        match item.as_str().map(str::trim) {
            Some("") => Err(self.wrong(key, item, "empty", "a text, or no such line")),
            Some(value) => Ok(Some(self.found(item, value.to_owned()))),
            None => Err(self.wrong(key, item, kind(item), "a text in quotes")),
        }
    }

    pub fn number(&self, key: &str) -> Result<Option<Found<u32>>, Fault> {
        let Some(item) = self.item(key) else { return Ok(None) };
        let expected = "a whole number from 1";
        match item.as_integer().map(u32::try_from) {
            Some(Ok(value)) if 0 < value => Ok(Some(self.found(item, value))),
            Some(_) => Err(self.wrong(key, item, "out of range", expected)),
            None => Err(self.wrong(key, item, kind(item), expected)),
        }
    }

    pub fn texts(&self, key: &str) -> Result<Option<Vec<Found<String>>>, Fault> {
        let Some(item) = self.item(key) else { return Ok(None) };
        let expected = "a list of texts, like [\"a\", \"b\"]";
        let Some(array) = item.as_array() else {
            return Err(self.wrong(key, item, kind(item), expected));
        };
        let texts = array.iter().map(|value| match value.as_str() {
            Some(text) => {
                Ok(Found { value: text.to_owned(), place: place(self.text, value.span()) })
            }
            None => Err(self.wrong(key, item, "no list of texts", expected)),
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    fn item(&self, key: &str) -> Option<&'a Item> {
        self.table?.get(key)
    }

    fn found<T>(&self, item: &Item, value: T) -> Found<T> {
        Found { value, place: place(self.text, item.span()) }
    }

    fn wrong(&self, key: &str, item: &Item, is: &str, expected: &str) -> Fault {
        let dot = if self.name.is_empty() { "" } else { "." };
        self.fault(item, &format!("“{}{dot}{key}” is {is}", self.name), expected)
    }

    fn fault(&self, item: &Item, what: &str, expected: &str) -> Fault {
        let place = place(self.text, item.span());
        Fault { place, what: what.to_owned(), expected: expected.to_owned() }
    }
}

fn kind(item: &Item) -> &'static str {
    match item.type_name() {
        "string" => "a text",
        "integer" => "a whole number",
        "float" => "a number with a point",
        "boolean" => "true or false",
        "datetime" => "a date",
        "array" | "array of tables" => "a list",
        _ => "a table", // inline or not
    }
}

pub(super) fn place(text: &str, span: Option<Range<usize>>) -> Place {
    let before = span.and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line_begin = before.rfind('\n').map_or(0, |at| at + 1);
    Place {
        line: before.matches('\n').count() + 1,
        column: before.get(line_begin..).unwrap_or_default().chars().count() + 1,
    }
}
