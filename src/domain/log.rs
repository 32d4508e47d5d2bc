//! What a component of an app said while it was built, deployed or run: the last lines, with their secrets masked.

use crate::domain::{mask, migration::output::Mask, secret::MASK};

/// Lines that are kept.
const MOST: usize = 200;
/// Characters of a line that are kept.
const LONGEST: usize = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    Build,
    Deploy,
    Run,
}

impl LogKind {
    /// As the account spells it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Build => "BUILD",
            Self::Deploy => "DEPLOY",
            Self::Run => "RUN",
        }
    }

    /// `The log of web` …
    pub fn when(self) -> &'static str {
        match self {
            Self::Build => "while it is built",
            Self::Deploy => "while it is deployed",
            Self::Run => "while it runs",
        }
    }
}

/// Whose log, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    pub component: String,
    pub kind: LogKind,
}

/// The end of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tail {
    pub spot: Spot,
    /// Masked, without colours and control characters.
    pub lines: Vec<String>,
    /// There were earlier lines.
    pub cut: bool,
}

impl Tail {
    /// Reads the end of a log. `cut`: what came before `bytes` is missing, so that they may begin within a line.
    pub fn read(spot: Spot, bytes: &[u8], cut: bool, mask: &Mask) -> Self {
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        if cut && 1 < lines.len() {
            lines.remove(0);
        }
        while lines.last().is_some_and(|line| line.trim_ascii().is_empty()) {
            lines.pop();
        }
        let more = lines.len().saturating_sub(MOST);
        let lines = lines.into_iter().skip(more).map(|line| shown(line, mask)).collect();
        Self { spot, lines, cut: cut || 0 < more }
    }
}

/// Of a line that was written over, its last state.
fn shown(line: &[u8], mask: &Mask) -> String {
    let states = line.trim_ascii_end().rsplit(|byte| *byte == b'\r');
    let last = states.into_iter().next().unwrap_or_default();
    let text = mask::text(&without_named_values(&mask.line(last)));
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// `DB_PASSWORD=x`, `"token": "x"` and the like: the value goes, whatever it looks like.
fn without_named_values(text: &str) -> String {
    let mut words = Vec::new();
    let mut is_value = false;
    for word in text.split(' ') {
        if is_value && !word.is_empty() {
            words.push(MASK.to_owned());
            is_value = false;
            continue;
        }
        let sign =
            word.find(['=', ':']).filter(|at| names_secret(word.get(..*at).unwrap_or_default()));
        let Some(at) = sign else {
            words.push(word.to_owned());
            continue;
        };
        let (name, value) = word.split_at(at + 1);
        is_value = value.trim_matches(['"', '\'']).is_empty();
        words.push(if is_value { word.to_owned() } else { format!("{name}{MASK}") });
    }
    words.join(" ")
}

fn names_secret(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "password",
        "passwd",
        "pwd",
        "secret",
        "token",
        "api_key",
        "apikey",
        "private_key",
        "credential",
    ];
    let name = name.to_ascii_lowercase();
    NAMES.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;

    fn tail(text: &str, cut: bool) -> Tail {
        let spot = Spot { component: "web".to_owned(), kind: LogKind::Build };
        Tail::read(spot, text.as_bytes(), cut, &Mask::of(&[Secret::new("hunter-canary")]))
    }

    #[test]
    fn the_last_lines_are_kept_whole() {
        let long: String = (0..300).map(|line| format!("line {line}\n")).collect();
        let read = tail(&long, false);
        assert_eq!(read.lines.len(), MOST);
        assert_eq!(read.lines.last().map(String::as_str), Some("line 299"));
        assert!(read.cut);
        let read = tail("of a line\nsecond\n\n", true);
        assert_eq!((read.lines, read.cut), (vec!["second".to_owned()], true));
        let read = tail("", false);
        assert_eq!((read.lines, read.cut), (Vec::<String>::new(), false));
        let read = tail(&"x".repeat(2 * LONGEST), false);
        assert_eq!(read.lines.first().map(|line| line.chars().count()), Some(LONGEST + 1));
    }

    #[test]
    fn no_line_shows_a_secret_or_moves_the_screen() {
        let table = [
            ("\u{1b}[32mok\u{1b}[0m\u{7} \u{202e}x", "ok x"),
            (" 1 %\r 50 %\r100 %", "100 %"),
            ("sign-in with hunter-canary", "sign-in with ••••••••••"),
            ("at postgresql://u:canary@h/d now", "at •••••••••• now"),
            ("DB_PASSWORD=canary started", "DB_PASSWORD=•••••••••• started"),
            (r#"{"token": "canary", "a": 1}"#, r#"{"token": •••••••••• "a": 1}"#),
            (r#"{"apiKey":"canary"}"#, r#"{"apiKey":••••••••••"#),
            ("key EV[1:canary:canary] read", "key •••••••••• read"),
            ("AVNS_canary", "••••••••••"),
            ("dop_v1_canary", "••••••••••"),
            ("password authentication failed for user", "password authentication failed for user"),
            ("listening on http://0.0.0.0:8080", "listening on http://0.0.0.0:8080"),
        ];
        for (said, expected) in table {
            assert_eq!(tail(said, false).lines, [expected], "{said:?}");
        }
    }
}
