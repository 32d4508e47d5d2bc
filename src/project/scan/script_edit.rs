//! Small edits of TypeScript and JavaScript that keep the file's own style.

use std::{ops::Range, path::Path};

use tree_sitter::Node;

use crate::{
    domain::project::Piece,
    project::script::{Script, children},
};

use super::{code::first_argument, found::insert};

/// How a file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    pub quote: char,
    pub semicolon: &'static str,
    pub line_end: &'static str,
    pub indent: String,
    pub typed: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { quote: '\'', semicolon: ";", line_end: "\n", indent: "  ".to_owned(), typed: false }
    }
}

impl Style {
    pub fn of(file: &Path, text: &str) -> Self {
        let count = |what: char| text.matches(what).count();
        let ends = |end: char| text.lines().filter(|line| line.trim_end().ends_with(end)).count();
        let typed = file
            .extension()
            .and_then(|end| end.to_str())
            .is_some_and(|end| matches!(end, "ts" | "tsx" | "mts" | "cts"));
        let indent = text
            .lines()
            .map(|line| line.len() - line.trim_start().len())
            .find(|width| 1 < *width)
            .map_or("  ".to_owned(), |width| " ".repeat(width));
        let tab = text.lines().any(|line| line.starts_with('\t'));
        Self {
            quote: if count('\'') < count('"') { '"' } else { '\'' },
            semicolon: if ends(';') == 0 && !text.is_empty() { "" } else { ";" },
            line_end: if text.contains("\r\n") { "\r\n" } else { "\n" },
            indent: if tab { "\t".to_owned() } else { indent },
            typed,
        }
    }

    pub fn text(&self, text: &str) -> String {
        format!("{0}{text}{0}", self.quote)
    }

    /// Behind the pool in production; direct in development.
    pub fn limit(&self, limit: u32) -> String {
        let production = self.text("production");
        format!("process.env.NODE_ENV === {production} ? {limit} : {DEVELOPMENT}")
    }

    /// Closes `name` on both signals; for the end of a file.
    pub fn shutdown(&self, text: &str, name: &str, closes: &str) -> String {
        let Self { semicolon, line_end: end, indent, .. } = self;
        let (term, int) = (self.text("SIGTERM"), self.text("SIGINT"));
        let typed = if self.typed { " as const" } else { "" };
        let gap = if text.ends_with('\n') { "" } else { end };
        format!(
            "{gap}{end}for (const signal of [{term}, {int}]{typed}) {{{end}\
             {indent}process.once(signal, async () => {{{end}\
             {indent}{indent}await {name}.{closes}{semicolon}{end}\
             {indent}{indent}process.exit(0){semicolon}{end}\
             {indent}}}){semicolon}{end}}}{end}"
        )
    }
}

/// Connections of one instance without a pool behind it.
const DEVELOPMENT: u32 = 10;

/// `key: value` among the options that `node` is called with; nothing where they can't be told.
pub fn options_with(script: &Script, node: Node<'_>, key: &str, value: &str) -> Vec<Piece> {
    match first_argument(node) {
        Some(options) if options.kind() == "object" => object_with(script, options, key, value),
        Some(_) => Vec::new(),
        None => match node.child_by_field_name("arguments") {
            Some(arguments) => {
                vec![insert(arguments.start_byte() + 1, format!("{{ {key}: {value} }}"))]
            }
            None => vec![insert(node.end_byte(), format!("({{ {key}: {value} }})"))],
        },
    }
}

/// After the last property, in a line of its own where the others have one.
pub fn object_with(script: &Script, object: Node<'_>, key: &str, value: &str) -> Vec<Piece> {
    let mut properties = children(object).filter(|child| child.kind() != "comment");
    let Some(first) = properties.next() else {
        return vec![insert(object.start_byte() + 1, format!(" {key}: {value} "))];
    };
    let last = properties.last().unwrap_or(first);
    let text = script.text(object);
    let before = text.get(1..first.start_byte() - object.start_byte()).unwrap_or_default();
    let with = match before.rsplit_once('\n') {
        Some((_, indent)) => {
            let end = if before.contains("\r\n") { "\r\n" } else { "\n" };
            format!(",{end}{indent}{key}: {value}")
        }
        None => format!(", {key}: {value}"),
    };
    vec![insert(last.end_byte(), with)]
}

/// What goes when a statement or a property is taken away: its lines, where nothing else stands in them, the comma
/// after it, a comment before it that is for the type checker, and one of two blank lines that would meet.
pub fn removal(script: &Script, node: Node<'_>) -> Range<usize> {
    let text = script.whole();
    let mut begin = node.start_byte();
    if let Some(comment) = node.prev_sibling().filter(|before| {
        let said = script.text(*before);
        before.kind() == "comment"
            && (said.contains("@ts-ignore") || said.contains("@ts-expect-error"))
    }) {
        begin = comment.start_byte();
    }
    let mut end = node.end_byte();
    let rest = |at: usize| text.get(at..).unwrap_or_default();
    if let Some(comma) = rest(end).trim_start().strip_prefix(',') {
        end = text.len() - comma.len();
    }
    let line = text.get(..begin).and_then(|before| before.rsplit('\n').next()).unwrap_or_default();
    let after = rest(end).split_inclusive('\n').next().unwrap_or_default();
    let is_said = after.trim_start().starts_with("//");
    if line.trim().is_empty() && (after.trim().is_empty() || is_said) {
        begin -= line.len();
        end += after.len();
        let blank_before = text.get(..begin).is_some_and(|before| {
            before.is_empty() || before.ends_with("\n\n") || before.ends_with("\n\r\n")
        });
        let next = rest(end).split_inclusive('\n').next().unwrap_or_default();
        if blank_before && next.trim().is_empty() {
            end += next.len();
        }
    } else {
        end += rest(end).len() - rest(end).trim_start_matches(' ').len();
    }
    begin..end
}
