//! `.env` files: parse keeping every byte, plan a change, render, show the difference masked.

pub mod example;
mod pieces;
mod take_back;

use crate::domain::{
    conn_url::ConnUrl,
    env_name,
    secret::{MASK, Secret},
};

use pieces::{Piece, line, newline, place, read};
pub use take_back::{NotTakenBack, WrittenKey, remove, take_back};

/// What is to stand in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub key: String,
    pub value: Secret,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Add,
    Replace,
    Keep,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    pub key: String,
    /// Masked for the screen; `None` where the key is new.
    pub old: Option<String>,
    /// Masked for the screen.
    pub new: String,
    pub action: Action,
    /// From 1, in the new text.
    pub line: usize,
}

/// A planned change of one env file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The whole new text.
    pub text: Secret,
    pub changes: Vec<KeyChange>,
    /// Keys of ours that occur more than once; most readers take the last, some the first.
    pub duplicates: Vec<String>,
    /// A key of ours stands on the first line of a file that begins with a byte order mark. Node's reader and shells
    /// take the mark for a part of that line and do not see the key.
    pub behind_mark: bool,
}

impl Plan {
    pub fn changes_something(&self) -> bool {
        self.changed().next().is_some()
    }

    pub fn changed(&self) -> impl Iterator<Item = &KeyChange> {
        self.changes.iter().filter(|change| change.action != Action::Keep)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAssignment {
    #[error("the key {0} is not accepted: letters, digits and _ only, not starting with a digit")]
    Key(String),
    #[error("the value of {0} has a character that env file readers disagree about")]
    Value(String),
    /// Our own quotes could close it, or other lines could belong to the value that is to go.
    #[error("the quote that line {0} opens is not closed there; close it first")]
    OpenQuote(usize),
}

/// What stands in a value beside letters and digits. Inside double quotes every env reader and shell reads these alike.
const AGREED: &str = "._~:/?&=%@,+-[]";

/// Plans `assignments` into `text`; every other byte stays.
///
/// A key that stands there is changed where it counts, its last occurrence. A new one comes after the one it belongs
/// with, else at the end.
pub fn plan(text: &str, assignments: &[Assignment]) -> Result<Plan, BadAssignment> {
    let (mark, body) = cut(text);
    let mut pieces = read(body);
    let mut edits = Vec::new();
    let mut duplicates = Vec::new();
    for (index, assignment) in assignments.iter().enumerate() {
        check(assignment)?;
        let key = &assignment.key;
        if 1 < pieces.iter().filter(|piece| piece.has(key)).count() {
            duplicates.push(key.clone());
        }
        // The value is what is to be written; it leaves inside the plan's text.
        let value = assignment.value.expose();
        let (old, action) = if let Some(piece) = pieces.iter_mut().rfind(|piece| piece.has(key)) {
            (Some(shown(&piece.value)), piece.set(value))
        } else {
            insert(&mut pieces, assignments, index);
            (None, Action::Add)
        };
        if action != Action::Keep {
            check_quotes(&pieces, place(&pieces, key))?;
        }
        edits.push((key.clone(), old, shown(value), action));
    }
    let changes: Vec<KeyChange> = edits
        .into_iter()
        .map(|(key, old, new, action)| {
            let line = line(&pieces, place(&pieces, &key));
            KeyChange { key, old, new, action, line }
        })
        .collect();
    let body: String = pieces.iter().flat_map(|piece| [&*piece.text, &*piece.ending]).collect();
    let behind_mark = !mark.is_empty() && changes.iter().any(|change| change.line == 1);
    Ok(Plan { text: Secret::new(format!("{mark}{body}")), changes, duplicates, behind_mark })
}

/// The value of a key where it counts: its last occurrence.
pub fn value(text: &str, key: &str) -> Option<Secret> {
    let pieces = read(cut(text).1);
    pieces
        .into_iter()
        .rfind(|piece| piece.has(key))
        .map(|piece| Secret::new(piece.value.into_owned()))
}

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The byte order mark, if there is one, and the text behind it.
fn cut(text: &str) -> (&str, &str) {
    text.split_at(text.strip_prefix(BYTE_ORDER_MARK).map_or(0, |body| text.len() - body.len()))
}

/// Is it one that every reader takes as it stands?
pub(super) fn check(assignment: &Assignment) -> Result<(), BadAssignment> {
    let key = &assignment.key;
    if !env_name::is_key(key) {
        return Err(BadAssignment::Key(key.clone()));
    }
    let is_agreed = |c: char| c.is_ascii_alphanumeric() || AGREED.contains(c);
    // Only looked at, character by character.
    if !assignment.value.expose().chars().all(is_agreed) {
        return Err(BadAssignment::Value(key.clone()));
    }
    Ok(())
}

/// Is every quote before the changed piece closed, and was its own old value closed on its line?
fn check_quotes(pieces: &[Piece<'_>], changed: usize) -> Result<(), BadAssignment> {
    let earlier = pieces.iter().take(changed).position(|piece| piece.opens_quote);
    let own = pieces.get(changed).filter(|piece| piece.spanned_lines).map(|_| changed);
    match earlier.or(own) {
        Some(open) => Err(BadAssignment::OpenQuote(line(pieces, open))),
        None => Ok(()),
    }
}

/// A value for the screen: a URL without its password, anything else as ten dots.
fn shown(value: &str) -> String {
    match ConnUrl::parse(value) {
        Ok(url) => url.masked(),
        Err(_) if value.is_empty() => String::new(),
        Err(_) => MASK.to_owned(),
    }
}

/// Puts a new key after the one before it in our list, else after the one behind it, else at the end of the file.
fn insert(pieces: &mut Vec<Piece<'_>>, assignments: &[Assignment], index: usize) {
    let (before, rest) = assignments.split_at(index);
    let Some((new, behind)) = rest.split_first() else { return };
    let anchor = before
        .iter()
        .rev()
        .chain(behind)
        .find_map(|other| pieces.iter().rposition(|piece| piece.has(&other.key)));
    let at = anchor.map_or(pieces.len(), |anchor| anchor + 1);
    let is_exported = if let Some(anchor) = anchor.and_then(|anchor| pieces.get(anchor)) {
        anchor.is_exported()
    } else {
        let mut assigned = pieces.iter().filter(|piece| !piece.key.is_empty()).peekable();
        assigned.peek().is_some() && assigned.all(Piece::is_exported)
    };
    let newline = newline(pieces, at);
    // A file whose last line has no end keeps it so; an empty one gets a whole line.
    let ending = match at.checked_sub(1).and_then(|last| pieces.get_mut(last)) {
        Some(last) => std::mem::replace(&mut last.ending, newline),
        None => newline,
    };
    let export = if is_exported { "export " } else { "" };
    let mut piece = Piece {
        ending,
        key: new.key.clone().into(),
        head: format!("{export}{}", new.key).into(),
        ..Piece::default()
    };
    // What is to be written; as above. An empty value differs from none.
    piece.text = format!("{}=\"\"", piece.head).into();
    piece.set(new.value.expose());
    pieces.insert(at, piece);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POOLED: &str =
        "postgresql://u:p%24w@h:25061/shop-pool?sslmode=require&connection_limit=5";
    const DIRECT: &str = "postgresql://u:p%24w@h:25060/shop?sslmode=require";

    fn assignment(key: &str, value: &str) -> Assignment {
        Assignment { key: key.to_owned(), value: Secret::new(value) }
    }

    fn both() -> [Assignment; 2] {
        [assignment("DATABASE_URL", POOLED), assignment("DIRECT_URL", DIRECT)]
    }

    fn planned(text: &str) -> String {
        plan(text, &both()).expect("a plan").text.expose().to_owned()
    }

    /// The lines of ours in the form they are written.
    fn ours() -> (String, String) {
        (format!("DATABASE_URL=\"{POOLED}\""), format!("DIRECT_URL=\"{DIRECT}\""))
    }

    #[test]
    fn an_old_value_is_replaced_in_its_line_and_nothing_else_moves() {
        let (pooled, direct) = ours();
        for (before, after) in [
            ("A=1\nDATABASE_URL=x\nB=2\n", format!("A=1\n{pooled}\n{direct}\nB=2\n")),
            ("DATABASE_URL='x' # the pool\n\n", format!("{pooled} # the pool\n{direct}\n\n")),
            ("DATABASE_URL = x#y\n", format!("{pooled}\n{direct}\n")),
            ("DATABASE_URL=\"x\\\" # y\" # z\n", format!("{pooled} # z\n{direct}\n")),
            ("DATABASE_URL= # fill in\n", format!("{pooled} # fill in\n{direct}\n")),
            ("DATABASE_URL=\"x\"y\n", format!("{pooled}\n{direct}\n")),
            ("\texport DATABASE_URL=x\n", format!("\texport {pooled}\nexport {direct}\n")),
            ("DATABASE_URL=x\r\nB=2\r\n", format!("{pooled}\r\n{direct}\r\nB=2\r\n")),
            ("\u{feff}DATABASE_URL=x", format!("\u{feff}{pooled}\n{direct}")),
            (
                "A=\"a\nB=b\\\"\n\"\nDATABASE_URL=x",
                format!("A=\"a\nB=b\\\"\n\"\n{pooled}\n{direct}"),
            ),
            ("A='\"x'\nDATABASE_URL=\"x\n", format!("A='\"x'\n{pooled}\n{direct}\n")),
            ("DIRECT_URL=x\nA=1\n", format!("{direct}\n{pooled}\nA=1\n")),
            ("DATABASE_URL=x\nDIRECT_URL=`y`\n", format!("{pooled}\n{direct}\n")),
        ] {
            assert_eq!(planned(before), after, "{before:?}");
        }
    }

    #[test]
    fn new_keys_come_last_in_the_file_s_own_form() {
        let (pooled, direct) = ours();
        for (before, after) in [
            ("", format!("{pooled}\n{direct}\n")),
            ("A=1", format!("A=1\n{pooled}\n{direct}")),
            ("A=1\r\n", format!("A=1\r\n{pooled}\r\n{direct}\r\n")),
            ("# DATABASE_URL=x\n", format!("# DATABASE_URL=x\n{pooled}\n{direct}\n")),
            ("export A=1\n", format!("export A=1\nexport {pooled}\nexport {direct}\n")),
            ("not a line\n=x\n1 = 2\n", format!("not a line\n=x\n1 = 2\n{pooled}\n{direct}\n")),
            ("A='\nDATABASE_URL=x\n'\n", format!("A='\nDATABASE_URL=x\n'\n{pooled}\n{direct}\n")),
        ] {
            assert_eq!(planned(before), after, "{before:?}");
        }
    }

    #[test]
    fn the_last_of_several_occurrences_is_changed_and_the_rest_is_told() {
        let (pooled, direct) = ours();
        let plan = plan("DATABASE_URL=x\nA=1\nDATABASE_URL=y\n", &both()).expect("a plan");
        assert_eq!(plan.text.expose(), format!("DATABASE_URL=x\nA=1\n{pooled}\n{direct}\n"));
        assert_eq!(plan.duplicates, ["DATABASE_URL"]);
    }

    #[test]
    fn a_key_behind_a_byte_order_mark_is_told() {
        let behind = |text: &str| plan(text, &both()).expect("a plan").behind_mark;
        assert!(behind("\u{feff}DATABASE_URL=x\nA=1\n"));
        assert!(behind("\u{feff}"));
        assert!(!behind("\u{feff}A=1\nDATABASE_URL=x\n"));
        assert!(!behind("DATABASE_URL=x\n"));
    }

    #[test]
    fn what_stands_there_already_is_kept_in_any_form() {
        let text = format!("DATABASE_URL={POOLED}\nexport DIRECT_URL = '{DIRECT}' # kept\n");
        let plan = plan(&text, &both()).expect("a plan");
        assert_eq!(plan.text.expose(), text);
        assert!(!plan.changes_something());
    }

    #[test]
    fn changes_are_told_masked_with_their_lines() {
        let text = "# env\nDATABASE_URL=postgres://u:canary@h/d\nTOKEN=canary\n";
        let assignments =
            [both().as_slice(), &[assignment("TOKEN", "AVNS"), assignment("NEW", "")]].concat();
        let plan = plan(text, &assignments).expect("a plan");
        let masked = |port: u16, rest: &str| format!("postgresql://u:{MASK}@h:{port}/{rest}");
        let change = |key: &str, old: Option<String>, new: String, action, line| KeyChange {
            key: key.to_owned(),
            old,
            new,
            action,
            line,
        };
        assert_eq!(
            plan.changes,
            [
                change(
                    "DATABASE_URL",
                    Some(masked(5432, "d")),
                    masked(25061, "shop-pool?sslmode=require&connection_limit=5"),
                    Action::Replace,
                    2
                ),
                change("DIRECT_URL", None, masked(25060, "shop?sslmode=require"), Action::Add, 3),
                change("TOKEN", Some(MASK.to_owned()), MASK.to_owned(), Action::Replace, 4),
                change("NEW", None, String::new(), Action::Add, 5),
            ]
        );
        assert!(!format!("{plan:?}").contains("canary"));
        assert!(plan.text.expose().ends_with("NEW=\"\"\n"));
    }

    #[test]
    fn what_readers_would_read_differently_is_refused() {
        let refusal = |text: &str, key: &str, value: &str| {
            plan(text, &[assignment(key, value)]).map(|_| ()).expect_err("refused")
        };
        for key in ["", "1A", "A-B", "A B", "Ä"] {
            assert_eq!(refusal("", key, "x"), BadAssignment::Key(key.to_owned()));
        }
        for value in ["a b", "$(x)", "a\"", "a'", "a\\", "a#", "a\n", "`", "!", "$x", "é"] {
            assert_eq!(refusal("", "A", value), BadAssignment::Value("A".to_owned()));
        }
        assert_eq!(refusal("B=1\nC=\"x\nA=1\n", "A", "x"), BadAssignment::OpenQuote(2));
        assert_eq!(refusal("B=1\nC=\"x", "A", "x"), BadAssignment::OpenQuote(2));
        assert_eq!(refusal("C=\"x\nA=\"y\"\n", "A", "x"), BadAssignment::OpenQuote(1));
        assert_eq!(refusal("A=\"x\nB=\"\n", "A", "x"), BadAssignment::OpenQuote(1));
    }

    #[test]
    fn an_open_quote_behind_ours_or_of_our_own_line_does_no_harm() {
        let (pooled, direct) = ours();
        assert_eq!(planned("DATABASE_URL=\"x\nA=\"1\n"), format!("{pooled}\n{direct}\nA=\"1\n"));
        assert_eq!(planned("A='x\n"), format!("A='x\n{pooled}\n{direct}\n"));
    }

    /// Env files as people and other programs leave them.
    pub(super) fn any_text() -> impl Strategy<Value = String> {
        let words = [
            "DATABASE_URL",
            "DIRECT_URL",
            "A",
            "=",
            "=",
            "\"",
            "'",
            "`",
            "\n",
            "\n",
            "\r\n",
            "\r",
            " ",
            "\t",
            "#",
            "export ",
            "\\",
            "\u{feff}",
            "x",
            "${A}",
            "é",
            POOLED,
        ];
        proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..24)
            .prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn planning_nothing_changes_no_byte(text in any_text()) {
            let plan = plan(&text, &[]).expect("a plan");
            prop_assert_eq!(plan.text.expose(), text);
        }

        #[test]
        fn planning_twice_is_planning_once(text in any_text()) {
            if let Ok(once) = plan(&text, &both()) {
                let twice = plan(once.text.expose(), &both()).expect("a plan");
                prop_assert_eq!(once.text.expose(), twice.text.expose());
                prop_assert!(!twice.changes_something());
            }
        }

        #[test]
        fn every_other_line_stays_byte_for_byte(text in "[A-C=# \\\\x]{0,6}(\r?\n[A-C=# \\\\x]{0,6}){0,6}", value in "[a-z]{0,3}") {
            let plan = plan(&text, &[assignment("A", &value)]).expect("a plan");
            let change = plan.changes.first().expect("a change");
            let mut lines: Vec<&str> = plan.text.expose().lines().collect();
            let mut old: Vec<&str> = text.lines().collect();
            let ours = lines.remove(change.line - 1);
            match change.action {
                Action::Add => prop_assert_eq!(ours, format!("A=\"{value}\"")),
                Action::Keep => prop_assert_eq!(ours, old.remove(change.line - 1)),
                Action::Replace => {
                    let start = format!("A=\"{value}\"");
                    prop_assert!(ours.trim_start().starts_with(&start));
                    old.remove(change.line - 1);
                }
            }
            prop_assert_eq!(lines, old);
        }
    }
}
