//! `.env.example` and its relatives: which variables there are, with nothing of anybody's in them.

use crate::domain::{
    env_file::{
        Action, Assignment, BadAssignment, KeyChange, Plan, check, check_quotes, cut, insert,
        pieces::{self, Piece},
        shown,
    },
    secret::Secret,
};

/// A variable as an example names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    pub key: String,
    /// The form of a value, with words for its parts: `postgresql://USER:PASSWORD@HOST:25061/POOL`.
    pub form: String,
    /// What the variable is for: one line, without its `#`.
    pub comment: &'static str,
}

/// Plans those of `placeholders` into `text` that it lacks, each below its comment; every other byte stays.
///
/// A key that stands there keeps what the team wrote behind it.
pub fn plan(text: &str, placeholders: &[Placeholder]) -> Result<Plan, BadAssignment> {
    let (mark, body) = cut(text);
    let mut pieces = pieces::read(body);
    let assignments: Vec<Assignment> = placeholders
        .iter()
        .map(|one| Assignment { key: one.key.clone(), value: Secret::new(&*one.form) })
        .collect();
    let mut changes = Vec::new();
    for (index, placeholder) in placeholders.iter().enumerate() {
        assignments.get(index).map_or(Ok(()), check)?;
        let key = placeholder.key.clone();
        let there = pieces.iter().rfind(|piece| piece.has(&key)).map(|piece| shown(&piece.value));
        changes.push(if let Some(there) = there {
            let old = Some(there.clone());
            KeyChange { key, old, new: there, action: Action::Keep, line: 0 }
        } else {
            insert(&mut pieces, &assignments, index);
            let at = pieces::place(&pieces, &key);
            check_quotes(&pieces, at)?;
            pieces.insert(at, comment(&pieces, at, placeholder.comment));
            // No value stands in it.
            let new = placeholder.form.clone();
            KeyChange { key, old: None, new, action: Action::Add, line: 0 }
        });
    }
    for change in &mut changes {
        change.line = pieces::line(&pieces, pieces::place(&pieces, &change.key));
    }
    let body: String = pieces.iter().flat_map(|piece| [&*piece.text, &*piece.ending]).collect();
    let text = Secret::new(format!("{mark}{body}"));
    Ok(Plan { text, changes, duplicates: Vec::new(), behind_mark: false })
}

fn comment<'a>(pieces: &[Piece<'a>], at: usize, comment: &str) -> Piece<'a> {
    let ending = pieces::newline(pieces, at);
    Piece { text: format!("# {comment}").into(), ending, ..Piece::default() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::env_file::{remove, tests::any_text};

    const POOLED: &str = "postgresql://USER:PASSWORD@HOST:25061/POOL?sslmode=require";
    const DIRECT: &str = "postgresql://USER:PASSWORD@HOST:25060/DATABASE?sslmode=require";

    fn both() -> [Placeholder; 2] {
        [
            ("DATABASE_URL", POOLED, "The app's, through the pool."),
            ("DIRECT_URL", DIRECT, "For migrations."),
        ]
        .map(|(key, form, comment)| Placeholder {
            key: key.to_owned(),
            form: form.to_owned(),
            comment,
        })
    }

    fn planned(text: &str) -> String {
        plan(text, &both()).expect("a plan").text.expose().to_owned()
    }

    #[test]
    fn what_is_missing_is_added_below_its_comment_and_nothing_else_moves() {
        let pooled = format!("# The app's, through the pool.\nDATABASE_URL=\"{POOLED}\"");
        let direct = format!("# For migrations.\nDIRECT_URL=\"{DIRECT}\"");
        for (before, after) in [
            ("", format!("{pooled}\n{direct}\n")),
            ("A=1", format!("A=1\n{pooled}\n{direct}")),
            (
                "DATABASE_URL=postgres://johndoe:x@localhost/mydb # local\nB=\n",
                format!("DATABASE_URL=postgres://johndoe:x@localhost/mydb # local\n{direct}\nB=\n"),
            ),
            (
                "A=1\r\nB=2\r\n",
                format!("A=1\r\nB=2\r\n{pooled}\n{direct}\n")
                    .replace('\n', "\r\n")
                    .replace("\r\r", "\r"),
            ),
            ("\u{feff}", format!("\u{feff}{pooled}\n{direct}\n")),
        ] {
            assert_eq!(planned(before), after, "{before:?}");
        }
        let whole = format!("{pooled}\n{direct}\n");
        assert_eq!(planned(&whole), whole);
        assert!(!plan(&whole, &both()).expect("a plan").changes_something());
    }

    #[test]
    fn changes_are_told_with_their_lines_and_theirs_masked() {
        let text = "A=1\nDATABASE_URL=postgres://u:canary@h/d\n";
        let plan = plan(text, &both()).expect("a plan");
        let told: Vec<(usize, Action)> =
            plan.changes.iter().map(|change| (change.line, change.action)).collect();
        assert_eq!(told, [(2, Action::Keep), (4, Action::Add)]);
        assert_eq!(plan.changes[1].new, DIRECT);
        assert!(!format!("{plan:?}").contains("canary"));
    }

    #[test]
    fn an_open_quote_before_it_is_refused() {
        let ended = plan("A=\"x\n", &both()).map(drop);
        assert_eq!(ended, Err(BadAssignment::OpenQuote(1)));
    }

    proptest! {
        #[test]
        fn planning_twice_is_planning_once(text in any_text()) {
            if let Ok(once) = plan(&text, &both()) {
                prop_assert_eq!(planned(once.text.expose()), once.text.expose());
            }
        }

        #[test]
        fn only_comments_of_ours_are_left_when_the_keys_are_removed(text in "[BC=#]{0,6}(\r?\n[BC=#]{0,6}){0,4}") {
            let mut after = planned(&text);
            for key in ["DATABASE_URL", "DIRECT_URL"] {
                after = remove(&after, key).expect("no quotes").expect("a key").expose().to_owned();
            }
            let ours = |line: &&str| !["# The app's, through the pool.", "# For migrations."].contains(line);
            let left: Vec<&str> = after.lines().filter(ours).collect();
            prop_assert_eq!(left, text.lines().collect::<Vec<_>>());
        }
    }
}
