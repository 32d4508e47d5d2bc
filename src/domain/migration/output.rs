//! What a program says while it runs: masked line by line, and kept within bounds.

use std::collections::VecDeque;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::secret::{MASK, Secret};

/// Where a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub stream: Stream,
    /// Masked, without colours and other control characters.
    pub text: String,
}

/// The last lines of a run; earlier ones are counted only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    lines: VecDeque<Line>,
    gone: usize,
}

impl Log {
    pub const LONGEST: usize = 2000;

    pub fn add(&mut self, lines: impl IntoIterator<Item = Line>) {
        for line in lines {
            if self.lines.len() == Self::LONGEST {
                self.lines.pop_front();
                self.gone += 1;
            }
            self.lines.push_back(line);
        }
    }

    pub fn lines(&self) -> impl ExactSizeIterator<Item = &Line> {
        self.lines.iter()
    }

    /// Lines that were dropped to make room.
    pub fn gone(&self) -> usize {
        self.gone
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// Takes secrets out of what a program says, however it spells them.
#[derive(Clone)]
pub struct Mask {
    /// The longest first, so that no rest of one stays.
    spellings: Vec<Secret>,
}

/// Fixed: the spellings are secrets.
impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mask({})", self.spellings.len())
    }
}

/// Shorter values stand in every other word.
const SHORTEST: usize = 4;

/// What JavaScript's `encodeURIComponent` leaves as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'!')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

impl Mask {
    pub fn of(secrets: &[Secret]) -> Self {
        let mut spellings: Vec<String> = Vec::new();
        for secret in secrets {
            // Each spelling is looked for in the output, to take it out.
            let plain = secret.expose();
            if plain.len() < SHORTEST {
                continue;
            }
            let strict = utf8_percent_encode(plain, STRICT).to_string();
            let json = serde_json::Value::from(plain).to_string();
            spellings.extend([
                plain.to_owned(),
                lower_escapes(&strict),
                strict.replace("%20", "+"),
                strict,
                utf8_percent_encode(plain, COMPONENT).to_string(),
                utf8_percent_encode(plain, NON_ALPHANUMERIC).to_string(),
                json.trim_matches('"').to_owned(),
                json.trim_matches('"').replace('/', "\\/"),
                plain.replace('\'', "'\\''"),
                plain.replace('\'', "''"),
            ]);
        }
        spellings.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        spellings.dedup();
        Self { spellings: spellings.into_iter().map(Secret::new).collect() }
    }

    /// One line for the eye: no secret, no colours, no control characters.
    pub fn line(&self, bytes: &[u8]) -> String {
        let text = without_controls(&String::from_utf8_lossy(bytes));
        let mut shown = text;
        for spelling in &self.spellings {
            if shown.contains(spelling.expose()) {
                shown = shown.replace(spelling.expose(), MASK);
            }
        }
        without_url_passwords(&shown)
    }
}

/// `%2F` as `%2f`.
fn lower_escapes(text: &str) -> String {
    let mut escape = 0;
    text.chars()
        .map(|c| {
            if c == '%' {
                escape = 2;
                return c;
            }
            let inside = 0 < escape;
            escape -= i32::from(inside);
            if inside { c.to_ascii_lowercase() } else { c }
        })
        .collect()
}

/// Without escape sequences (colours, cursor moves, links) and other control characters.
fn without_controls(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '\u{1b}' => match letters.next() {
                // A control sequence ends with a letter or one of its like.
                Some('[') => while letters.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                // An operating system command ends with a bell or with another escape.
                Some(']') => {
                    while letters.next_if(|c| !matches!(c, '\u{7}' | '\u{1b}')).is_some() {}
                    if letters.next() == Some('\u{1b}') {
                        letters.next_if_eq(&'\\');
                    }
                }
                Some(_) | None => {}
            },
            '\t' => plain.push_str("    "),
            c if c.is_control() => {}
            // Marks that turn the direction of the text around.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c => plain.push(c),
        }
    }
    plain.trim_end().to_owned()
}

/// `scheme://user:password@host`: a password, whosever it is.
fn without_url_passwords(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | '<' | '>'))
            .unwrap_or(after.len());
        let (url, more) = after.split_at(end);
        match url
            .rsplit_once('@')
            .and_then(|(credentials, host)| Some((credentials.split_once(':')?, host)))
        {
            Some(((user, _), host)) => shown.extend([user, ":", MASK, "@", host]),
            None => shown.push_str(url),
        }
        rest = more;
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "AVNS_p@ss/\"wörd\" x'y";

    fn shown(text: &str) -> String {
        Mask::of(&[Secret::new(PASSWORD)]).line(text.as_bytes())
    }

    #[test]
    fn the_password_is_masked_in_every_spelling() {
        let strict = utf8_percent_encode(PASSWORD, STRICT).to_string();
        for spelled in [
            PASSWORD.to_owned(),
            strict.clone(),
            lower_escapes(&strict),
            strict.replace("%20", "+"),
            utf8_percent_encode(PASSWORD, COMPONENT).to_string(),
            serde_json::json!(PASSWORD).to_string().trim_matches('"').to_owned(),
            "AVNS_p@ss\\/\\\"wörd\\\" x'y".to_owned(),
        ] {
            assert_eq!(
                shown(&format!("key is {spelled}.")),
                format!("key is {MASK}."),
                "{spelled}"
            );
        }
    }

    #[test]
    fn passwords_in_urls_are_masked_whosever_they_are() {
        for (said, expected) in [
            (
                "at postgres://bob:secret@h:5432/d?x=1 now",
                "at postgres://bob:••••••••••@h:5432/d?x=1 now",
            ),
            (
                "\"redis://:pw@h\" and mysql://a:b@c",
                "\"redis://:••••••••••@h\" and mysql://a:••••••••••@c",
            ),
            ("https://example.com/a:b no password", "https://example.com/a:b no password"),
            ("postgres://bob:p@ss@h/d", "postgres://bob:••••••••••@h/d"),
        ] {
            assert_eq!(shown(said), expected);
        }
    }

    #[test]
    fn colours_and_control_characters_are_gone() {
        assert_eq!(
            shown(
                "\u{1b}[1;32mok\u{1b}[0m\u{7} \u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{1b}\\ é\u{202e}z"
            ),
            "ok link éz"
        );
        assert_eq!(Mask::of(&[]).line(b"caf\xe9 \xff"), "caf\u{fffd} \u{fffd}");
    }

    #[test]
    fn a_short_or_empty_password_masks_no_words() {
        assert_eq!(Mask::of(&[Secret::new(""), Secret::new("a")]).line(b"a line"), "a line");
    }

    #[test]
    fn a_log_keeps_its_last_lines_and_counts_the_rest() {
        let mut log = Log::default();
        log.add((0..Log::LONGEST + 5).map(|n| Line { stream: Stream::Out, text: n.to_string() }));
        assert_eq!((log.lines().len(), log.gone()), (Log::LONGEST, 5));
        assert_eq!(log.lines().next().map(|line| line.text.as_str()), Some("5"));
    }

    #[test]
    fn a_mask_never_prints_what_it_masks() {
        assert!(!format!("{:?}", Mask::of(&[Secret::new(PASSWORD)])).contains("AVNS"));
    }
}
