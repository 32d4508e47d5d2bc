//! Cuts an SQL script into statements, respecting quotes, dollar quotes and comments.

/// One statement: its text with comments and quoted contents blanked, and the line it begins on (from 1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub line: usize,
    /// Upper case, words separated by one space; quoted contents are gone, quoted names keep their letters.
    pub words: Vec<String>,
}

/// Splits `sql` at top-level semicolons.
pub(super) fn split(sql: &str) -> Vec<Statement> {
    let mut cursor = Cursor { rest: sql, line: 1 };
    let mut statements = Vec::new();
    let mut current = Statement { line: 1, words: Vec::new() };
    while let Some(token) = cursor.next() {
        match token {
            Token::End => {
                if !current.words.is_empty() {
                    statements.push(current);
                }
                current = Statement { line: cursor.line, words: Vec::new() };
            }
            Token::Word(word, line) => {
                if current.words.is_empty() {
                    current.line = line;
                }
                current.words.push(word);
            }
        }
    }
    if !current.words.is_empty() {
        statements.push(current);
    }
    statements
}

enum Token {
    Word(String, usize),
    End,
}

struct Cursor<'a> {
    rest: &'a str,
    line: usize,
}

impl Cursor<'_> {
    /// Moves past `length` bytes and counts their lines.
    fn skip(&mut self, length: usize) {
        let (gone, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.line += gone.bytes().filter(|byte| *byte == b'\n').count();
        self.rest = rest;
    }

    /// Moves past the text up to and with `end`, or to the script's end.
    fn skip_past(&mut self, start: usize, end: &str) {
        let length = self
            .rest
            .get(start..)
            .and_then(|body| body.find(end))
            .map_or(self.rest.len(), |at| start + at + end.len());
        self.skip(length);
    }

    fn next(&mut self) -> Option<Token> {
        loop {
            let first = self.rest.chars().next()?;
            let line = self.line;
            if first.is_whitespace() {
                self.skip(first.len_utf8());
            } else if self.rest.starts_with("--") {
                self.skip_past(2, "\n");
            } else if self.rest.starts_with("/*") {
                self.block_comment();
            } else if first == ';' {
                self.skip(1);
                return Some(Token::End);
            } else if first == '\'' {
                self.quoted('\'');
                return Some(Token::Word("''".to_owned(), line));
            } else if first == '"' {
                let name = self.quoted('"');
                return Some(Token::Word(name, line));
            } else if let Some(tag) = dollar_tag(self.rest) {
                let (start, tag) = (tag.len(), tag.to_owned());
                self.skip_past(start, &tag);
                return Some(Token::Word("''".to_owned(), line));
            } else if is_word(first) {
                let length = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
                let word = self.rest.get(..length).unwrap_or_default().to_uppercase();
                self.skip(length);
                return Some(Token::Word(word, line));
            } else {
                self.skip(first.len_utf8());
                return Some(Token::Word(first.to_string(), line));
            }
        }
    }

    /// Block comments nest in PostgreSQL.
    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while !self.rest.is_empty() {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.skip(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.skip(2);
                if depth == 0 {
                    return;
                }
            } else {
                self.skip(self.rest.chars().next().map_or(1, char::len_utf8));
            }
        }
    }

    /// A doubled quote is one quote of the text; a backslash ends nothing in standard strings.
    fn quoted(&mut self, quote: char) -> String {
        let mut text = String::new();
        self.skip(1);
        loop {
            let Some(at) = self.rest.find(quote) else {
                self.skip(self.rest.len());
                return text;
            };
            text.push_str(self.rest.get(..at).unwrap_or_default());
            self.skip(at + 1);
            if !self.rest.starts_with(quote) {
                return text;
            }
            text.push(quote);
            self.skip(1);
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// `$$` or `$tag$` at the start of `text`.
fn dollar_tag(text: &str) -> Option<&str> {
    let body = text.strip_prefix('$')?;
    let end = body.find('$')?;
    let tag = body.get(..end)?;
    let starts_well = tag.chars().next().is_none_or(|c| c.is_alphabetic() || c == '_');
    (starts_well && tag.chars().all(|c| c.is_alphanumeric() || c == '_'))
        .then(|| text.get(..end + 2))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(sql: &str) -> Vec<(usize, String)> {
        split(sql)
            .into_iter()
            .map(|statement| (statement.line, statement.words.join(" ")))
            .collect()
    }

    #[test]
    fn semicolons_in_quotes_and_comments_end_nothing() {
        assert_eq!(
            cut("select ';', \"a;b\" -- ;\n/* ; /* ; */ ; */ ;\n\ndrop table x"),
            [(1, "SELECT '' , a;b".to_owned()), (4, "DROP TABLE X".to_owned())]
        );
    }

    #[test]
    fn function_bodies_are_one_word() {
        assert_eq!(
            cut("create function f() as $body$ drop table x; $body$; select 1"),
            [(1, "CREATE FUNCTION F ( ) AS ''".to_owned()), (1, "SELECT 1".to_owned())]
        );
    }

    #[test]
    fn unfinished_quotes_reach_the_end_without_harm() {
        for sql in ["'", "\"", "$$", "$a$ x", "/* /*", "--", "*/", "''''", "$1$", "é'ü"] {
            split(sql);
        }
    }
}
