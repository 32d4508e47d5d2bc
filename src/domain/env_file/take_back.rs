//! Takes keys out of an env file, or gives them their earlier value again; every other byte stays.

use sha2::{Digest as _, Sha256};

use crate::domain::{
    env_file::{
        Assignment, BadAssignment, cut,
        pieces::{self, Piece},
    },
    secret::Secret,
};

/// A key as we wrote it. Its value is a secret, so that only a hash of it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenKey {
    pub key: String,
    /// SHA-256 of `KEY=value`, hex.
    pub hash: String,
}

impl WrittenKey {
    pub fn new(key: &str, value: &Secret) -> Self {
        // Only the hash leaves.
        Self::of(key, value.expose())
    }

    fn of(key: &str, value: &str) -> Self {
        let hash = Sha256::digest(format!("{key}={value}"));
        let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { key: key.to_owned(), hash }
    }
}

impl From<&Assignment> for WrittenKey {
    fn from(assignment: &Assignment) -> Self {
        Self::new(&assignment.key, &assignment.value)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTakenBack {
    #[error("{0} has another value now than the one that was written")]
    Changed(String),
    #[error(transparent)]
    Text(BadAssignment),
}

/// Takes every line out that assigns `key`, with its line end. `None` where none does.
pub fn remove(text: &str, key: &str) -> Result<Option<Secret>, BadAssignment> {
    let (mark, body) = cut(text);
    let mut pieces = pieces::read(body);
    let mut is_there = false;
    while let Some(at) = pieces.iter().rposition(|piece| piece.has(key)) {
        take_out(&mut pieces, at, mark)?;
        is_there = true;
    }
    Ok(if is_there { Some(joined(mark, &pieces)?) } else { None })
}

/// The text with our `keys` as they were in `old`, the file before we wrote it: with their earlier value, or gone.
///
/// For a file that somebody changed after us. Every key must still have the value that we wrote.
pub fn take_back(
    now: &str,
    old: Option<&str>,
    keys: &[WrittenKey],
) -> Result<Secret, NotTakenBack> {
    let (mark, body) = cut(now);
    let mut pieces = pieces::read(body);
    let old = pieces::read(cut(old.unwrap_or_default()).1);
    // The last written first: then each finds what it was put behind.
    for written in keys.iter().rev() {
        let key = &written.key;
        let changed = || NotTakenBack::Changed(key.clone());
        let earlier = old.iter().rfind(|piece| piece.has(key));
        match (pieces.iter().rposition(|piece| piece.has(key)), earlier) {
            // Somebody took it out already.
            (None, None) => {}
            (None, Some(_)) => return Err(changed()),
            (Some(at), earlier) => {
                let piece = pieces.get_mut(at).filter(|piece| is_ours(piece, written));
                let piece = piece.ok_or_else(changed)?;
                match earlier {
                    Some(earlier) => {
                        let (head, comment) = (&piece.head, &piece.comment);
                        piece.text = format!("{head}{}{comment}", earlier.raw()).into();
                        super::check_quotes(&pieces, at).map_err(NotTakenBack::Text)?;
                    }
                    None => take_out(&mut pieces, at, mark).map_err(NotTakenBack::Text)?,
                }
            }
        }
    }
    joined(mark, &pieces).map_err(NotTakenBack::Text)
}

fn is_ours(piece: &Piece<'_>, written: &WrittenKey) -> bool {
    WrittenKey::of(&written.key, &piece.value) == *written
}

/// Takes a line out with its end. A file whose last line has no end keeps it so.
fn take_out(pieces: &mut Vec<Piece<'_>>, at: usize, mark: &str) -> Result<(), BadAssignment> {
    super::check_quotes(pieces, at)?;
    let gone = pieces.remove(at);
    if gone.ending.is_empty()
        && let Some(last) = at.checked_sub(1).and_then(|last| pieces.get_mut(last))
        && !last.text.is_empty()
    {
        last.ending = "".into();
    }
    // What comes next would be hidden behind the mark, so that an empty line stays between them.
    let is_hidden = at == 0 && !mark.is_empty();
    if is_hidden && pieces.first().is_some_and(|next| !next.key.is_empty()) {
        pieces.insert(0, Piece { ending: gone.ending, ..Piece::default() });
    }
    Ok(())
}

/// The pieces as one text, if it is read as the same pieces again: a quote that our line had closed may be open now.
fn joined(mark: &str, pieces: &[Piece<'_>]) -> Result<Secret, BadAssignment> {
    let body: String = pieces.iter().flat_map(|piece| [&*piece.text, &*piece.ending]).collect();
    let again = pieces::read(&body);
    let differs = |(a, b): (&Piece<'_>, &Piece<'_>)| a.text != b.text;
    match pieces.iter().zip(&again).position(differs) {
        Some(at) => Err(BadAssignment::OpenQuote(pieces::line(pieces, at))),
        None => Ok(Secret::new(format!("{mark}{body}"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::env_file::{Assignment, plan, tests::any_text};

    fn removed(text: &str) -> String {
        let text = remove(text, "A").expect("closed quotes").expect("the key");
        text.expose().to_owned()
    }

    fn wrote(key: &str, value: &str) -> Assignment {
        Assignment { key: key.to_owned(), value: Secret::new(value) }
    }

    /// What `take_back` makes of `now`, after A=ours was written into `old`.
    fn taken_back(old: Option<&str>, now: &str) -> Result<String, NotTakenBack> {
        let keys = [WrittenKey::from(&wrote("A", "ours"))];
        take_back(now, old, &keys).map(|text| text.expose().to_owned())
    }

    #[test]
    fn a_key_goes_with_its_line_and_its_line_end() {
        for (before, after) in [
            ("A=1\n", ""),
            ("A=1", ""),
            ("B=1\nA=x # note\nC=2\n", "B=1\nC=2\n"),
            ("B=1\r\n\texport A = 'x'\r\n\r\nC=2", "B=1\r\n\r\nC=2"),
            ("B=1\nA=2", "B=1"),
            ("B=1\n\nA=2", "B=1\n\n"),
            ("A=1\nB=1\nA=2\n", "B=1\n"),
            ("AA=1\n#A=2\nA=3\n", "AA=1\n#A=2\n"),
            ("\u{feff}B=1\nA=1\n", "\u{feff}B=1\n"),
            ("\u{feff}A=1\n", "\u{feff}"),
            ("\u{feff}A=1\n# c\nB=1\n", "\u{feff}# c\nB=1\n"),
        ] {
            assert_eq!(removed(before), after, "{before:?}");
        }
        assert_eq!(remove("B=1\n", "A"), Ok(None));
    }

    #[test]
    fn the_next_key_is_not_moved_behind_a_byte_order_mark() {
        assert_eq!(removed("\u{feff}A=1\r\nB=1\r\n"), "\u{feff}\r\nB=1\r\n");
    }

    #[test]
    fn an_ambiguous_text_is_left_alone() {
        for (text, line) in [("B=\"x\nA=1\n", 1), ("A=\"x\ny\"\n", 1), ("C=1\nA='x\ny'\nB=1\n", 2)]
        {
            assert_eq!(remove(text, "A"), Err(BadAssignment::OpenQuote(line)), "{text:?}");
        }
        // Without the line between them, two lone quotes would make one value.
        assert_eq!(remove("B='x\nA='y'z\nC=1\nD='\n", "A"), Err(BadAssignment::OpenQuote(1)));
    }

    #[test]
    fn what_others_changed_since_stays() {
        for (old, now, after) in [
            (None, "A=\"ours\"\nB=new\n", "B=new\n"),
            (Some("B=1\n"), "B=2\nA=\"ours\"\n# more\n", "B=2\n# more\n"),
            (Some("A='x'  # c\n"), "# top\nA=\"ours\"  # c\nB=1\n", "# top\nA='x'  # c\nB=1\n"),
            (Some("export A = x\r\n"), "export A=\"ours\"\r\nB=1\r\n", "export A = x\r\nB=1\r\n"),
            (Some("A=x\n"), "export A='ours' # theirs\n", "export A=x # theirs\n"),
            (Some("A=\n"), "B=1\nA=ours", "B=1\nA="),
            (Some("A=1\nA=2\n"), "A=1\nA=\"ours\"\nB=1\n", "A=1\nA=2\nB=1\n"),
            (Some("B=1\n"), "B=2\n", "B=2\n"),
        ] {
            assert_eq!(taken_back(old, now), Ok(after.to_owned()), "{old:?} {now:?}");
        }
    }

    #[test]
    fn a_value_that_is_no_longer_ours_is_told_and_nothing_is_taken_back() {
        let changed = Err(NotTakenBack::Changed("A".to_owned()));
        assert_eq!(taken_back(None, "A=theirs\n"), changed);
        assert_eq!(taken_back(None, "A=\"ours\"\nA=theirs\n"), changed);
        assert_eq!(taken_back(Some("A=1\n"), "B=1\n"), changed);
        assert_eq!(taken_back(Some("A=1\n"), ""), changed);

        let keys = [wrote("A", "ours"), wrote("B", "ours")].map(|key| WrittenKey::from(&key));
        for (now, key) in [("A=ours\nB=theirs\n", "B"), ("A=theirs\nB=ours\n", "A")] {
            let ended = take_back(now, None, &keys);
            assert_eq!(ended, Err(NotTakenBack::Changed(key.to_owned())));
        }
    }

    #[test]
    fn the_hash_of_a_key_shows_neither_its_value_nor_another_keys() {
        let [one, other] = ["A", "B"].map(|key| WrittenKey::from(&wrote(key, "canary")));
        assert!(!format!("{one:?}").contains("canary"));
        assert_ne!(one.hash, other.hash);
    }

    proptest! {
        #[test]
        fn taking_back_what_was_planned_gives_the_old_text(text in any_text()) {
            // A lone CR becomes half of a line end as soon as a line follows.
            prop_assume!(!text.ends_with('\r'));
            let ours = [wrote("DATABASE_URL", "ours"), wrote("NEW_ONE", "ours")];
            let keys = ours.each_ref().map(WrittenKey::from);
            if let Ok(plan) = plan(&text, &ours) {
                match take_back(plan.text.expose(), Some(&text), &keys) {
                    // A value that stood there already is kept with its own quotes.
                    Ok(back) => prop_assert_eq!(back.expose(), text),
                    Err(err) => prop_assert!(matches!(err, NotTakenBack::Text(_)), "{}", err),
                }
            }
        }

        #[test]
        fn every_line_of_another_key_stays_byte_for_byte(
            text in "[A-C=# \\\\x]{0,6}(\r?\n[A-C=# \\\\x]{0,6}){0,6}"
        ) {
            if let Some(after) = remove(&text, "A").expect("no quotes") {
                let is_ours = |line: &&str| {
                    let line = line.trim_start();
                    line.strip_prefix('A').is_some_and(|rest| rest.trim_start().starts_with('='))
                };
                let others: Vec<&str> = text.lines().filter(|line| !is_ours(line)).collect();
                prop_assert_eq!(after.expose().lines().collect::<Vec<_>>(), others);
            }
        }
    }
}
