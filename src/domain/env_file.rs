//! `.env` files: parse keeping every byte, plan a change, render, show the difference masked.

use crate::domain::secret::Secret;

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
    /// From 1.
    pub line: usize,
}

/// A planned change of one env file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The whole new text.
    pub text: Secret,
    pub changes: Vec<KeyChange>,
    /// Keys that occur more than once; readers disagree on which wins.
    pub duplicates: Vec<String>,
}

impl Plan {
    pub fn changes_something(&self) -> bool {
        self.changes.iter().any(|change| change.action != Action::Keep)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAssignment {
    #[error("the key {0} is not accepted: letters, digits and _ only, not starting with a digit")]
    Key(String),
    #[error("the value of {0} has a character that env file readers disagree about")]
    Value(String),
}

/// Plans `assignments` into `text`; every other byte stays.
pub fn plan(text: &str, assignments: &[Assignment]) -> Result<Plan, BadAssignment> {
    todo!("{text} {assignments:?}")
}
