//! What a page asks of the window: a message for the core, or something only the window can do.

use crate::{domain::secret::Secret, setup::Msg};

#[derive(Debug)]
pub enum Act {
    /// For the core.
    Do(Msg),
    Copy(Copied),
    /// Opens an address in the browser.
    Open(String),
    /// Asks for the project's folder with the system's dialog; the path goes into step 7's draft.
    ChooseFolder,
    /// Asks with the system's dialog where to write a file, with a name for it.
    Save(Saving, String),
    /// One after the other.
    Both(Box<Self>, Box<Self>),
    /// A word in passing, read out: why a key did nothing.
    Say(String),
    Settings,
    Size(TextSize),
    /// Back to the start page; nothing was changed yet.
    Leave,
    /// Begins a set-up of another environment with this one's names and files.
    Another,
    /// Ends the set-up: nothing is open any more.
    Finish,
}

/// What is written into a file that the person names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saving {
    /// Step 11 writes it.
    Comparison,
    /// What was sent and changed so far.
    History,
    /// What somebody who helps has to know.
    Diagnostics,
}

impl Saving {
    /// Of the dialog.
    pub fn title(self) -> &'static str {
        match self {
            Self::Comparison => "Before and after",
            Self::History => "History",
            Self::Diagnostics => "Diagnostics",
        }
    }
}

/// What to do with the size of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextSize {
    Larger,
    Smaller,
    Usual,
}

impl<T: Into<Msg>> From<T> for Act {
    fn from(msg: T) -> Self {
        Self::Do(msg.into())
    }
}

/// A text for the clipboard.
#[derive(Debug)]
pub struct Copied {
    pub text: Secret,
    /// `Pooled URL with password`; said in the confirmation.
    pub kind: String,
    /// Cleared from the clipboard after a minute and on quit, if it is still ours.
    pub secret: bool,
}
