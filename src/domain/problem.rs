//! What the person is told when something did not work: what happened, why, what to do.

use crate::domain::{access::Rule, pool::PoolName};

/// One error for a person. Drawn once (`ui::kit::problem`), printed once (`cli::report`), logged once (`effects`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Past tense, the thing named, one sentence with a full stop.
    pub what: String,
    /// The verified cause; otherwise "Most likely: …". May be empty.
    pub why: String,
    /// What to do, most useful first. The first is the card's main button where it carries a fix.
    pub hints: Vec<Hint>,
    /// The raw chain, already without secrets: provider's text, SQLSTATE, HTTP status, request id.
    pub detail: Vec<String>,
    /// The message catalogue's code: `HTTP 401`, `28P01`, `time-out`.
    pub code: String,
    /// The act may have worked although its answer was lost; look before anything is sent again.
    pub outcome_unknown: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Verb and object, as it stands on the button.
    pub label: String,
    /// What the button does; `None` where only the person can do it.
    pub fix: Option<Fix>,
}

/// Fixes the program can carry out or prepare by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// Does the step's primary action again.
    TryAgain,
    /// Adds this computer to the trusted sources for two hours, then tests again.
    AllowThisComputer,
    /// Takes back a rule of ours.
    RemoveRule(Box<Rule>),
    /// Puts a number into the pool's size.
    UseSize(u32),
    /// Takes the pool that exists already.
    UsePool(PoolName),
    /// Keeps the token in memory only and goes on.
    KeepForSession,
    /// Copies a command or value to the clipboard. Never a secret.
    Copy(String),
    /// Opens a page in the browser.
    Open(String),
}

impl Problem {
    pub fn new(code: impl Into<String>, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
            hints: Vec::new(),
            detail: Vec::new(),
            code: code.into(),
            outcome_unknown: false,
        }
    }

    pub fn hint(mut self, label: impl Into<String>) -> Self {
        self.hints.push(Hint { label: label.into(), fix: None });
        self
    }

    pub fn fix(mut self, label: impl Into<String>, fix: Fix) -> Self {
        self.hints.push(Hint { label: label.into(), fix: Some(fix) });
        self
    }

    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.detail.push(line.into());
        self
    }

    pub fn outcome_unknown(mut self) -> Self {
        self.outcome_unknown = true;
        self
    }
}
