//! An env file cut into pieces that together are the same text: assignments, and lines that assign nothing.

use std::borrow::Cow;

use super::Action;

/// One assignment with all lines of its value, or one other line. Borrowed from the file's text as long as it stands there.
#[derive(Default)]
pub(super) struct Piece<'a> {
    pub text: Cow<'a, str>,
    /// `\n`, `\r\n`, or nothing at the end of the file.
    pub ending: Cow<'a, str>,
    /// Empty where the line assigns nothing.
    pub key: Cow<'a, str>,
    pub value: Cow<'a, str>,
    /// Indentation, `export` and the key: what stands before `=`.
    pub head: Cow<'a, str>,
    /// A comment after the value, with the blanks before it.
    pub comment: Cow<'a, str>,
    /// A double quote that nothing closes.
    pub opens_quote: bool,
    /// The value as it was read went on over several lines.
    pub spanned_lines: bool,
}

impl Piece<'_> {
    pub fn has(&self, key: &str) -> bool {
        self.key == key
    }

    pub fn is_exported(&self) -> bool {
        self.head.trim_start() != self.key
    }

    /// What stands between the key and the comment: `=`, blanks, the value with its quotes.
    pub fn raw(&self) -> &str {
        let raw = self.text.strip_prefix(&*self.head).unwrap_or_default();
        raw.strip_suffix(&*self.comment).unwrap_or(raw)
    }

    pub fn set(&mut self, value: &str) -> Action {
        if self.value == value {
            return Action::Keep;
        }
        self.value = value.to_owned().into();
        self.text = format!("{}=\"{value}\"{}", self.head, self.comment).into();
        self.opens_quote = false;
        Action::Replace
    }
}

/// Where the occurrence of a key that counts stands.
pub(super) fn place(pieces: &[Piece<'_>], key: &str) -> usize {
    pieces.iter().rposition(|piece| piece.has(key)).unwrap_or(pieces.len())
}

/// The number of the line on which a piece begins, from 1.
pub(super) fn line(pieces: &[Piece<'_>], at: usize) -> usize {
    let lines =
        |piece: &Piece<'_>| piece.text.matches('\n').count() + piece.ending.matches('\n').count();
    1 + pieces.iter().take(at).map(lines).sum::<usize>()
}

/// How the file ends its lines: as the line before the new one does, else as its first line does.
pub(super) fn newline<'a>(pieces: &[Piece<'a>], at: usize) -> Cow<'a, str> {
    at.checked_sub(1)
        .and_then(|last| pieces.get(last))
        .into_iter()
        .chain(pieces)
        .map(|piece| &piece.ending)
        .find(|ending| !ending.is_empty())
        .map_or(Cow::Borrowed("\n"), Clone::clone)
}

/// Cuts the text into pieces; put together again they are the same text.
pub(super) fn read(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = read_piece(rest);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

const BLANKS: [char; 2] = [' ', '\t'];

/// The text up to `rest`, its end. By its length: comparing what is left at each piece would take the square of the text.
fn before<'a>(text: &'a str, rest: &str) -> &'a str {
    text.get(..text.len().saturating_sub(rest.len())).unwrap_or(text)
}

fn read_piece(text: &str) -> (Piece<'_>, &str) {
    let (mut piece, rest) = match read_assignment(text) {
        Some(read) => read,
        None => (Piece::default(), split_line(text).1),
    };
    let ending = ["\r\n", "\n"].into_iter().find(|ending| rest.starts_with(ending)).unwrap_or("");
    piece.text = before(text, rest).into();
    piece.ending = ending.into();
    (piece, rest.strip_prefix(ending).unwrap_or(rest))
}

/// What a line assigns, and the text from the end of its last line on. `None` where it assigns nothing.
fn read_assignment(text: &str) -> Option<(Piece<'_>, &str)> {
    let unindented = text.trim_start_matches(BLANKS);
    let named = match unindented.strip_prefix("export") {
        Some(rest) if rest.starts_with(BLANKS) => rest.trim_start_matches(BLANKS),
        Some(_) | None => unindented,
    };
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let after = named.trim_start_matches(is_key);
    let key = Some(before(named, after)).filter(|key| !key.is_empty())?;
    let raw = after.trim_start_matches(BLANKS).strip_prefix('=')?;
    let value = read_value(raw);
    let piece = Piece {
        key: key.into(),
        value: value.text.into(),
        head: before(text, after).into(),
        comment: value.comment.into(),
        opens_quote: value.opens_quote,
        spanned_lines: value.text.contains('\n'),
        ..Piece::default()
    };
    Some((piece, value.rest))
}

/// What stands behind `=`.
struct ReadValue<'a> {
    text: &'a str,
    /// With the blanks before it.
    comment: &'a str,
    /// From the end of the value's last line on.
    rest: &'a str,
    pub opens_quote: bool,
}

fn read_value(raw: &str) -> ReadValue<'_> {
    let trimmed = raw.trim_start_matches(BLANKS);
    if let Some((text, after)) = read_quoted(trimmed) {
        let (line, rest) = split_line(after);
        let is_comment = line.starts_with(BLANKS) && line.trim_start().starts_with('#');
        let comment = if is_comment { line } else { "" };
        // Text right behind a quote on a later line: that quote opens a value there, and ours was never closed.
        if is_comment || line.trim().is_empty() || !text.contains('\n') {
            return ReadValue { text, comment, rest, opens_quote: false };
        }
    }
    let (line, rest) = split_line(raw);
    let is_comment = |at: &usize| line.get(..*at).is_some_and(|head| head.ends_with(BLANKS));
    let comment_at = line.match_indices('#').map(|(at, _)| at).find(is_comment);
    let plain = line.get(..comment_at.unwrap_or(line.len())).unwrap_or(line).trim_end();
    let comment = comment_at.and_then(|_| line.strip_prefix(plain)).unwrap_or("");
    ReadValue { text: plain.trim_start(), comment, rest, opens_quote: trimmed.starts_with('"') }
}

/// A quoted value, which may go on over several lines, and the text behind its closing quote.
fn read_quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let body = text.strip_prefix(quote)?;
    let mut is_escaped = false;
    let end = body.find(|c: char| {
        let closes = c == quote && !is_escaped;
        is_escaped = c == '\\' && quote == '"' && !is_escaped;
        closes
    })?;
    let (value, after) = body.split_at(end);
    Some((value, after.strip_prefix(quote)?))
}

/// The first line, and the text from its end on.
fn split_line(text: &str) -> (&str, &str) {
    let line = text.split('\n').next().unwrap_or(text);
    let has_end = line.len() < text.len();
    let line = if has_end { line.strip_suffix('\r').unwrap_or(line) } else { line };
    text.split_at(line.len())
}
