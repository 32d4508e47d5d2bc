//! What an app may use of a session, and what a pool leaves of it.
//!
//! A lent connection is another one after each transaction: what a session keeps stays behind on it, and the next
//! client finds it there.

use crate::domain::{
    pool::PoolMode,
    project::{Feature, Kind, Project},
    stages::{Probe, Tracking},
};

/// Does it hold through the pool?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    Works,
    /// Gone, with or without an error, as soon as another connection is lent.
    Lost,
    /// Refused at once, with an error.
    Refused,
    Unclear,
}

/// How we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// It was done, and this is what happened.
    Provoked,
    /// It follows from the mode that the probe proved.
    Inferred,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub feature: Feature,
    pub holds: Holds,
    pub basis: Basis,
    /// What happened, where it was provoked.
    pub seen: Option<String>,
}

impl Feature {
    pub const ALL: [Self; 8] = [
        Self::Set,
        Self::Prepare,
        Self::NamedStatement,
        Self::Listen,
        Self::AdvisoryLock,
        Self::TempTable,
        Self::WithHold,
        Self::StartupParameter,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Set => "SET",
            Self::Prepare => "PREPARE and EXECUTE",
            Self::NamedStatement => "Prepared statements of libraries",
            Self::Listen => "LISTEN",
            Self::AdvisoryLock => "Advisory locks",
            Self::TempTable => "Temporary tables",
            Self::WithHold => "Cursors WITH HOLD",
            Self::StartupParameter => "Settings at sign-in",
        }
    }

    /// What to do where it does not hold.
    pub fn instead(self) -> &'static str {
        match self {
            Self::Set => "Use SET LOCAL inside the transaction, or ALTER ROLE … SET.",
            Self::Prepare => "Use the library's own prepared statements, or plain queries.",
            Self::NamedStatement => "Use the settings of step 5 for this library.",
            Self::Listen => "Use the direct URL for the process that listens.",
            Self::AdvisoryLock => "Use pg_advisory_xact_lock, or the direct URL.",
            Self::TempTable => "Create and use it in one transaction (ON COMMIT DROP).",
            Self::WithHold => "Read the cursor inside one transaction.",
            Self::StartupParameter => "Use ALTER ROLE … SET.",
        }
    }

    /// What goes wrong without anybody's noticing, or with which error.
    pub fn consequence(self) -> &'static str {
        match self {
            Self::Set => {
                "The value reaches other clients and is lost for this one, without an error."
            }
            Self::Prepare | Self::NamedStatement => {
                "The name is unknown on the next connection, or taken (26000, 42P05)."
            }
            Self::Listen => "Nothing arrives, without an error.",
            Self::AdvisoryLock => "Two clients can hold it at once, and it outlives them.",
            Self::TempTable => "Other clients see it, and it is gone for this one (42P01).",
            Self::WithHold => "The cursor is unknown on the next connection (34000).",
            Self::StartupParameter => "The pooler refuses the sign-in.",
        }
    }

    /// What follows from the mode and from tracking.
    fn through(self, mode: PoolMode, tracking: Tracking) -> Holds {
        match (self, mode) {
            // The pooler reads the sign-in itself, whatever the mode.
            (Self::StartupParameter, _) => Holds::Refused,
            (_, PoolMode::Session) => Holds::Works,
            (Self::NamedStatement, PoolMode::Transaction | PoolMode::Statement) => match tracking {
                Tracking::Tracked => Holds::Works,
                Tracking::NotTracked => Holds::Lost,
                Tracking::Unknown => Holds::Unclear,
            },
            (
                Self::Set
                | Self::Prepare
                | Self::Listen
                | Self::AdvisoryLock
                | Self::TempTable
                | Self::WithHold,
                PoolMode::Transaction | PoolMode::Statement,
            ) => Holds::Lost,
        }
    }

    /// Where the project uses it, as far as the scan tells.
    pub fn in_project(self, project: &Project) -> Option<String> {
        let mut places = project.findings.iter().filter(|found| found.kind == Kind::Feature(self));
        let first = places.next()?;
        let place = format!("{}:{}", first.file.display(), first.line);
        Some(match places.count() {
            0 => place,
            more => format!("{place} and {more} more"),
        })
    }
}

/// The table without trying anything: what the proved mode lets expect.
pub fn inferred(probe: Probe) -> Vec<Found> {
    Feature::ALL
        .into_iter()
        .map(|feature| Found {
            feature,
            holds: probe.mode.map_or(Holds::Unclear, |mode| feature.through(mode, probe.tracking)),
            basis: Basis::Inferred,
            seen: None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(mode: PoolMode, tracking: Tracking, feature: Feature) -> Holds {
        let found = inferred(Probe { mode: Some(mode), tracking });
        found.into_iter().find(|found| found.feature == feature).unwrap().holds
    }

    #[test]
    fn a_session_keeps_everything_but_settings_at_sign_in() {
        for feature in Feature::ALL {
            let kept = holds(PoolMode::Session, Tracking::NotTracked, feature);
            let refused = feature == Feature::StartupParameter;
            assert_eq!(kept, if refused { Holds::Refused } else { Holds::Works }, "{feature:?}");
        }
    }

    #[test]
    fn a_lent_connection_keeps_nothing_but_tracked_statements() {
        use Feature::NamedStatement;
        for mode in [PoolMode::Transaction, PoolMode::Statement] {
            assert_eq!(holds(mode, Tracking::Tracked, NamedStatement), Holds::Works);
            assert_eq!(holds(mode, Tracking::NotTracked, NamedStatement), Holds::Lost);
            assert_eq!(holds(mode, Tracking::Unknown, NamedStatement), Holds::Unclear);
            assert_eq!(holds(mode, Tracking::Tracked, Feature::Prepare), Holds::Lost);
            assert_eq!(holds(mode, Tracking::Tracked, Feature::AdvisoryLock), Holds::Lost);
        }
    }

    #[test]
    fn nothing_is_inferred_from_an_unclear_mode() {
        let found = inferred(Probe { mode: None, tracking: Tracking::Unknown });
        assert!(found.iter().all(|found| found.holds == Holds::Unclear));
    }
}
