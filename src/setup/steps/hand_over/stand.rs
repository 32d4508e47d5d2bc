//! How each change stands by now: still ours, changed by somebody since, or gone.

use crate::{
    domain::record::Undo,
    setup::{
        Ctx,
        steps::hand_over::{Effect, Step},
    },
};

/// What was found of a change that could be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stand {
    /// As it was made.
    Ours,
    /// Somebody changed the env file since, but our variables have our values: those alone go back.
    KeysOnly,
    /// Somebody changed it since: by hand only. The end of a sentence that says so.
    Changed(String),
    /// Nothing is left to take back, and why.
    Gone(String),
}

impl Stand {
    /// Taking it back does something.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Ours | Self::KeysOnly => true,
            Self::Changed(_) | Self::Gone(_) => false,
        }
    }
}

impl Step {
    /// How an entry of the record stands; `None` where nobody has looked, or could.
    pub fn stand(&self, index: usize) -> Option<&Stand> {
        self.stands.iter().find(|(at, _)| *at == index).map(|(_, stand)| stand)
    }

    /// It is being looked at.
    pub fn looks(&self) -> bool {
        self.looking.is_some()
    }

    /// Looks at everything that could be taken back. Nothing is changed.
    pub(super) fn look(&mut self, ctx: &mut Ctx<'_>) {
        let entries = ctx.record.entries.iter().enumerate().rev();
        let mut open: Vec<(usize, Undo)> = Vec::new();
        for (index, entry) in entries.filter(|(_, entry)| !entry.undone && entry.undo.possible()) {
            // An earlier change of the same thing comes back after the later one.
            if !open.iter().any(|(_, later)| is_of_the_same(later, &entry.undo)) {
                open.push((index, entry.undo.clone()));
            }
        }
        if !open.is_empty() && self.looking.is_none() {
            self.looking = Some(ctx.start(Effect::Look(open)));
        }
    }
}

fn is_of_the_same(later: &Undo, earlier: &Undo) -> bool {
    match (later, earlier) {
        (Undo::RestoreFile { file, .. }, Undo::RestoreFile { file: same, .. }) => file == same,
        (Undo::RestoreSpec { app, .. }, Undo::RestoreSpec { app: same, .. }) => app == same,
        _ => false, // nothing else is changed twice
    }
}
