//! TypeScript, JavaScript and JSON, read with a real parser: a broken file still gives the parts that can be read.

use std::{borrow::Cow, path::Path};

use tree_sitter::{Node, Parser, Tree, TreeCursor};

/// A parsed file.
pub struct Script {
    text: String,
    tree: Tree,
}

impl Script {
    /// `None` for a file that is neither TypeScript nor JavaScript.
    pub fn parse(file: &Path, text: &str) -> Option<Self> {
        let language = match file.extension()?.to_str()? {
            "ts" | "mts" | "cts" => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
            // JavaScript is read as the language that contains it, with its markup.
            "tsx" | "js" | "jsx" | "mjs" | "cjs" => tree_sitter_typescript::LANGUAGE_TSX,
            _ => return None, // another language
        };
        Self::new(text.to_owned(), &language.into())
    }

    /// JSON, read as an expression.
    pub fn json(text: &str) -> Option<Self> {
        let text = format!("({})", text.trim_start_matches('\u{feff}'));
        Self::new(text, &tree_sitter_typescript::LANGUAGE_TSX.into())
    }

    fn new(text: String, language: &tree_sitter::Language) -> Option<Self> {
        let mut parser = Parser::new();
        parser.set_language(language).ok()?;
        let tree = parser.parse(without_tag_types(&text).as_ref(), None)?;
        Some(Self { text, tree })
    }

    /// Every node, in the order of the text. Without recursion: a file may be nested deeper than the stack.
    pub fn nodes(&self) -> Nodes<'_> {
        Nodes { cursor: self.tree.walk(), done: false }
    }

    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = Node<'a>> {
        self.nodes().filter(move |node| node.kind() == kind)
    }

    pub fn whole(&self) -> &str {
        &self.text
    }

    /// Did all of it make sense?
    pub fn is_sound(&self) -> bool {
        !self.tree.root_node().has_error()
    }

    pub fn text(&self, node: Node<'_>) -> &str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// What a string literal without substitutions says.
    pub fn string(&self, node: Node<'_>) -> Option<&str> {
        if !matches!(node.kind(), "string" | "template_string")
            || children(node).any(|child| child.kind() == "template_substitution")
        {
            return None;
        }
        let text = self.text(node);
        text.get(1..text.len().checked_sub(1)?)
    }

    /// The key of a `key: value` pair, quoted or not.
    pub fn key(&self, pair: Node<'_>) -> Option<&str> {
        let key = pair.child_by_field_name("key")?;
        Some(self.string(key).unwrap_or_else(|| self.text(key)))
    }

    /// The keys that lead to a pair, from the outermost object to its own.
    pub fn path(&self, pair: Node<'_>) -> Vec<&str> {
        let mut path: Vec<&str> = std::iter::once(pair)
            .chain(ancestors(pair))
            .filter(|node| node.kind() == "pair")
            .filter_map(|node| self.key(node))
            .collect();
        path.reverse();
        path
    }

    /// The environment variable an expression reads: `process.env.KEY`, `process.env["KEY"]`, `env("KEY")`.
    pub fn variable(&self, node: Node<'_>) -> Option<&str> {
        match node.kind() {
            "member_expression" if self.is_env(node.child_by_field_name("object")?) => {
                Some(self.text(node.child_by_field_name("property")?))
            }
            "subscript_expression" if self.is_env(node.child_by_field_name("object")?) => {
                self.string(node.child_by_field_name("index")?)
            }
            "call_expression" if self.text(node.child_by_field_name("function")?) == "env" => {
                self.string(node.child_by_field_name("arguments")?.named_child(0)?)
            }
            "non_null_expression"
            | "as_expression"
            | "satisfies_expression"
            | "parenthesized_expression" => self.variable(node.named_child(0)?),
            "binary_expression" => self.variable(node.child_by_field_name("left")?),
            _ => None, // no variable, or one that can't be told from the text
        }
    }

    /// Where the name of that variable stands, without quotes.
    pub fn variable_name(node: Node<'_>) -> Option<std::ops::Range<usize>> {
        let inside = |text: Node<'_>| text.start_byte() + 1..text.end_byte() - 1;
        match node.kind() {
            "member_expression" => Some(node.child_by_field_name("property")?.byte_range()),
            "subscript_expression" => Some(inside(node.child_by_field_name("index")?)),
            "call_expression" => {
                Some(inside(node.child_by_field_name("arguments")?.named_child(0)?))
            }
            "non_null_expression"
            | "as_expression"
            | "satisfies_expression"
            | "parenthesized_expression" => Self::variable_name(node.named_child(0)?),
            "binary_expression" => Self::variable_name(node.child_by_field_name("left")?),
            _ => None, // as for the variable itself
        }
    }

    fn is_env(&self, node: Node<'_>) -> bool {
        matches!(self.text(node), "process.env" | "import.meta.env" | "Bun.env")
    }
}

/// The grammar does not know types between a tag and its template (`sql<Row[]>` before one): blanks stand for them.
fn without_tag_types(text: &str) -> Cow<'_, str> {
    let mut blank = Cow::Borrowed(text);
    for (end, _) in text.match_indices(">`") {
        let head = text.get(..end).unwrap_or_default();
        let mut depth = 1_usize;
        let begin = head.char_indices().rev().find(|(_, c)| {
            match c {
                '>' => depth += 1,
                '<' => depth -= 1,
                _ => {} // inside
            }
            depth == 0
        });
        let Some((begin, _)) = begin else { continue };
        let before = head.get(..begin).and_then(|before| before.chars().next_back());
        let is_tag = before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$'));
        // Types of many lines are rare, and their line ends have to stay.
        if is_tag && !head.get(begin..).unwrap_or_default().contains(['`', ';']) {
            let types = text.get(begin..=end).unwrap_or_default();
            let blanks: String = types
                .bytes()
                .map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' })
                .collect();
            blank.to_mut().replace_range(begin..=end, &blanks);
        }
    }
    blank
}

/// From 1.
pub fn line(node: Node<'_>) -> usize {
    node.start_position().row + 1
}

pub fn children(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    (0..node.named_child_count()).filter_map(move |at| node.named_child(u32::try_from(at).ok()?))
}

/// The nodes around a node, from the inside out.
pub fn ancestors(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    std::iter::successors(node.parent(), Node::parent)
}

pub struct Nodes<'a> {
    cursor: TreeCursor<'a>,
    done: bool,
}

impl<'a> Iterator for Nodes<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        if self.done {
            return None;
        }
        let node = self.cursor.node();
        if !self.cursor.goto_first_child() {
            while !self.cursor.goto_next_sibling() {
                if !self.cursor.goto_parent() {
                    self.done = true;
                    break;
                }
            }
        }
        Some(node)
    }
}
