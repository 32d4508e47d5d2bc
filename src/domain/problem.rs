//! What the person is told when something did not work: what happened, why, what to do.

use crate::domain::{access::Rule, diagnosis::Repair, pool::PoolName};

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
    /// What stands behind it in its maker's own words.
    pub quote: Option<Quote>,
}

/// Somebody's own words, marked as theirs. Without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    pub by: Speaker,
    pub words: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    PostgreSql,
    PgBouncer,
    /// This program, about what it saw on the network.
    Us,
}

impl Speaker {
    pub fn name(self) -> &'static str {
        match self {
            Self::PostgreSql => "PostgreSQL",
            Self::PgBouncer => "PgBouncer",
            Self::Us => "Poolwright",
        }
    }
}

impl Quote {
    /// `PgBouncer said: “no such database: shop” (08P01)`
    pub fn sentence(&self) -> String {
        let verb = match self.by {
            Speaker::PostgreSql | Speaker::PgBouncer => "said",
            Speaker::Us => "saw",
        };
        format!("{} {verb}: {}", self.by.name(), self.words)
    }
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
    /// Offers a file that a passphrase encrypts, in the place of the keychain.
    KeepSealed,
    /// Adds this computer to the trusted sources for two hours, then tests again.
    AllowThisComputer,
    /// Changes the URLs under test, then tests again.
    Repair(Repair),
    /// Reads this role's password from the account anew, then tests again.
    FetchPassword(String),
    /// Asks for this role's password; the test runs again with it.
    TypePassword(String),
    /// Asks whether the region answers on the web's port, then tests again.
    AskTheWeb,
    /// Takes back a rule of ours.
    RemoveRule(Box<Rule>),
    /// Puts a number into the pool's size.
    UseSize(u32),
    /// Takes the pool that exists already.
    UsePool(PoolName),
    /// Deletes the pool although nobody could tell whether an app uses it.
    DeleteUnchecked,
    /// Puts the app's earlier settings back.
    RestoreApp,
    /// Keeps the token in memory only and goes on.
    KeepForSession,
    /// Leaves the project's own tool aside, and applies its migrations with the built-in runner.
    UseBuiltInRunner,
    /// Copies a command or value to the clipboard. Never a secret.
    Copy(String),
    /// Opens a page in the browser.
    Open(String),
    /// Opens the window's settings, where the proxy is set.
    ProxySettings,
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
            quote: None,
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

    pub fn quote(mut self, by: Speaker, words: impl Into<String>) -> Self {
        self.quote = Some(Quote { by, words: words.into() });
        self
    }

    pub fn outcome_unknown(mut self) -> Self {
        self.outcome_unknown = true;
        self
    }
}
