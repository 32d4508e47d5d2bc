//! What readers find, with what would see to it; put together into the project's findings and edits.

use std::path::{Path, PathBuf};

use crate::domain::{
    leak,
    project::{Edit, Finding, Hunk, Kind, Piece},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub finding: Finding,
    pub fix: Option<Fix>,
}

/// Pieces of one file that see to a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub file: PathBuf,
    /// The text that the pieces count in; `None` for a new file.
    pub before: Option<String>,
    pub proposed: bool,
    pub pieces: Vec<Piece>,
}

impl Found {
    pub fn new(
        kind: Kind,
        place: (&Path, usize),
        what: impl Into<String>,
        why: impl Into<String>,
    ) -> Self {
        Self { finding: Finding::new(kind, place, what, why), fix: None }
    }

    /// Safe, and needed for the set-up to work well: ticked from the beginning.
    pub fn fixed(self, text: &str, pieces: Vec<Piece>) -> Self {
        self.with_fix(text, pieces, true)
    }

    /// Offered without a tick.
    pub fn offered(self, text: &str, pieces: Vec<Piece>) -> Self {
        self.with_fix(text, pieces, false)
    }

    /// A file that is not there yet.
    pub fn new_file(mut self, file: PathBuf, text: String) -> Self {
        let pieces = vec![insert(0, text)];
        self.fix = Some(Fix { file, before: None, proposed: true, pieces });
        self
    }

    /// With a reason of its own.
    pub fn because(mut self, why: &str) -> Self {
        why.clone_into(&mut self.finding.why);
        self
    }

    fn with_fix(mut self, text: &str, pieces: Vec<Piece>, proposed: bool) -> Self {
        if !pieces.is_empty() {
            let file = self.finding.file.clone();
            self.fix = Some(Fix { file, before: Some(text.to_owned()), proposed, pieces });
        }
        self
    }
}

pub fn replace(range: std::ops::Range<usize>, with: impl Into<String>) -> Piece {
    Piece { at: range.start, length: range.len(), with: with.into() }
}

pub fn insert(at: usize, with: impl Into<String>) -> Piece {
    replace(at..at, with)
}

/// By file and line; fixes of one file become one edit. Where two would change the same bytes, the first wins and the
/// other finding stands alone.
pub fn assemble(mut found: Vec<Found>) -> (Vec<Finding>, Vec<Edit>) {
    found.sort_by(|a, b| {
        let key = |found: &Found| (found.finding.file.clone(), found.finding.line);
        key(a).cmp(&key(b))
    });
    found.dedup_by(|a, b| a.finding == b.finding);
    let mut findings = Vec::with_capacity(found.len());
    let mut edits: Vec<Edit> = Vec::new();
    for (index, Found { finding, fix }) in found.into_iter().enumerate() {
        findings.push(finding);
        // What may be a secret is not put into an edit, which is shown and kept.
        let Some(fix) = fix
            .filter(|fix| fix.before.as_deref().is_none_or(|text| leak::in_text(text).is_empty()))
        else {
            continue;
        };
        let hunk = Hunk { finding: index, proposed: fix.proposed, pieces: fix.pieces };
        match edits.iter_mut().find(|edit| edit.file == fix.file) {
            Some(edit)
                if edit.before != fix.before
                    || edit.hunks.iter().any(|other| touch(other, &hunk)) => {}
            Some(edit) => edit.hunks.push(hunk),
            None => edits.push(Edit { file: fix.file, before: fix.before, hunks: vec![hunk] }),
        }
    }
    for edit in &mut edits {
        edit.hunks.sort_by_key(|hunk| hunk.pieces.iter().map(|piece| piece.at).min());
    }
    edits.sort_by(|a, b| a.file.cmp(&b.file));
    (findings, edits)
}

fn touch(a: &Hunk, b: &Hunk) -> bool {
    a.pieces.iter().any(|a| b.pieces.iter().any(|b| overlap(a, b)))
}

/// Two insertions at one place are no conflict: they follow each other.
fn overlap(a: &Piece, b: &Piece) -> bool {
    let (first, second) = if a.at <= b.at { (a, b) } else { (b, a) };
    second.at < first.at + first.length || (a.at == b.at && 0 < a.length && 0 < b.length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: usize, pieces: Vec<Piece>) -> Found {
        Found::new(Kind::Settings, (Path::new("a.ts"), line), format!("{line}"), "")
            .fixed("0123456789", pieces)
    }

    #[test]
    fn of_two_fixes_for_the_same_bytes_the_first_wins() {
        let (findings, edits) = assemble(vec![
            found(3, vec![replace(4..6, "x")]),
            found(1, vec![replace(5..8, "y")]),
            found(2, vec![insert(0, "z")]),
        ]);

        assert_eq!(findings.len(), 3);
        let [edit] = edits.as_slice() else { panic!("{edits:?}") };
        assert_eq!(edit.hunks.iter().map(|hunk| hunk.finding).collect::<Vec<_>>(), [1, 0]);
        assert_eq!(edit.after(|_| true), "z01234y89");
    }

    #[test]
    fn insertions_at_one_place_follow_each_other() {
        let (_, edits) =
            assemble(vec![found(1, vec![insert(5, "a")]), found(2, vec![insert(5, "b")])]);
        assert_eq!(edits[0].after(|_| true), "01234ab56789");
    }

    #[test]
    fn a_file_with_a_password_gets_no_edit() {
        let text = "url: postgresql://shop:Zq7canary@db.shop.io/shop\n";
        let found = Found::new(Kind::Limits, (Path::new("a.yml"), 1), "no limit", "")
            .fixed(text, vec![insert(0, "max: 5\n")]);

        let (findings, edits) = assemble(vec![found]);

        assert_eq!((findings.len(), edits), (1, vec![]));
    }
}
