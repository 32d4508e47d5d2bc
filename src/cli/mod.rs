//! The set-up without a window: arguments, the driver of the core, and what it prints.

pub mod args;
pub mod check;
pub mod drive;
pub mod figures;
pub mod migrate;
pub mod plan;
pub mod report;
pub mod self_test;

/// How a run ended, as a process tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Every step is done, or skipped by the profile.
    Done,
    /// Stopped, not verified, or not proven.
    Stopped,
    /// A dry run found what it would change.
    WouldChange,
    /// The command line was not understood.
    Usage,
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Stopped => 1,
            Self::WouldChange => 2,
            Self::Usage => 64,
        }
    }
}
pub mod run;
