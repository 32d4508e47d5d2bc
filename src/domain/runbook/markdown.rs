//! Markdown that no name can break out of: paragraphs, tables, code, arguments of a shell.

/// A page, block by block.
#[derive(Default)]
pub(super) struct Page {
    blocks: Vec<String>,
}

impl Page {
    /// A heading; its title is Markdown already.
    pub(super) fn heading(&mut self, level: usize, title: &str) {
        self.blocks.push(format!("{} {title}", "#".repeat(level)));
    }

    /// A paragraph; Markdown already.
    pub(super) fn text(&mut self, text: impl Into<String>) {
        self.blocks.push(text.into());
    }

    pub(super) fn list(&mut self, items: impl IntoIterator<Item = String>) {
        let items: Vec<String> = items.into_iter().map(|item| format!("- {item}")).collect();
        if !items.is_empty() {
            self.blocks.push(items.join("\n"));
        }
    }

    /// A table; cells are Markdown already.
    pub(super) fn table<const N: usize>(
        &mut self,
        head: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) {
        let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
        let mut lines = vec![line(&head.map(cell)), line(&["---"; N].map(str::to_owned))];
        lines.extend(rows.into_iter().map(|row| line(&row.map(|text| cell(&text)))));
        self.blocks.push(lines.join("\n"));
    }

    /// A block of code in a fence that the code cannot close.
    pub(super) fn code(&mut self, language: &str, code: &str) {
        let fence = "`".repeat(longest_run(code, '`').max(2) + 1);
        self.blocks.push(format!("{fence}{language}\n{code}\n{fence}"));
    }

    pub(super) fn finish(self) -> String {
        self.blocks.join("\n\n") + "\n"
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// A name or message as plain words.
pub(super) fn plain(text: &str) -> String {
    let text = visible(text);
    let mut plain = String::new();
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let is_within_word =
            before.is_alphanumeric() && rest.peek().is_some_and(|after| after.is_alphanumeric());
        // An underscore within a word marks nothing, and names are easier to find without the backslash.
        if "\\`*[]<>#~&$".contains(c) || (c == '_' && !is_within_word) {
            plain.push('\\');
        }
        plain.push(c);
        before = c;
    }
    plain
}

/// A name or value as code within a line.
pub(super) fn code(text: &str) -> String {
    let text = visible(text);
    let fence = "`".repeat(longest_run(&text, '`') + 1);
    let needs_space = text.is_empty() || text.starts_with('`') || text.ends_with('`');
    let space = if needs_space { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Characters that end a line, change its direction or show nothing, as their code points.
fn visible(text: &str) -> String {
    text.chars().fold(String::new(), |mut visible, c| {
        let is_hidden = c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if is_hidden {
            visible.extend(c.escape_unicode());
        } else {
            visible.push(c);
        }
        visible
    })
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_names() {
        assert_eq!(plain("a*b_[c](d) <e> f_g _h_"), r"a\*b\_\[c\](d) \<e\> f_g \_h\_");
        assert_eq!(plain("a\nb\u{202e}c"), r"a\\u{a}b\\u{202e}c");
        assert_eq!(code("shop_app"), "`shop_app`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`"), "`` ` ``");
    }

    #[test]
    fn tables_keep_their_columns_and_fences_their_code() {
        let mut page = Page::default();
        page.table(["a", "b"], [["1|2".to_owned(), code("x|y")]]);
        page.code("sh", "echo ```\n````");
        assert_eq!(
            page.finish(),
            "| a | b |\n| --- | --- |\n| 1\\|2 | `x\\|y` |\n\n`````sh\necho ```\n````\n`````\n"
        );
    }
}
