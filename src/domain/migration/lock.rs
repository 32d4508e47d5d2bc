//! PostgreSQL's table locks, as far as they hold others up.

/// From the strongest down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    AccessExclusive,
    Exclusive,
    ShareRowExclusive,
    Share,
    ShareUpdateExclusive,
    RowExclusive,
}

impl Lock {
    /// As PostgreSQL names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::RowExclusive => "ROW EXCLUSIVE",
        }
    }

    /// What others can't do meanwhile.
    pub fn blocks(self) -> &'static str {
        match self {
            Self::AccessExclusive => "reading and writing",
            Self::Exclusive | Self::ShareRowExclusive | Self::Share => "writing",
            Self::ShareUpdateExclusive => {
                "other changes of the table, but neither reading nor writing"
            }
            Self::RowExclusive => "writing of the same rows",
        }
    }
}
