//! The staged connection test: seven stages, two ports, one result.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::{features::Found, pool::PoolMode, problem::Problem};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    Pooled,
    Direct,
}

impl Port {
    pub const BOTH: [Self; 2] = [Self::Pooled, Self::Direct];

    pub fn word(self) -> &'static str {
        match self {
            Self::Pooled => "pooled",
            Self::Direct => "direct",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Name,
    Port,
    Encryption,
    SignIn,
    Target,
    Query,
    Proof,
}

impl Stage {
    pub const ALL: [Self; 7] = [
        Self::Name,
        Self::Port,
        Self::Encryption,
        Self::SignIn,
        Self::Target,
        Self::Query,
        Self::Proof,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Port => "Port",
            Self::Encryption => "Encryption",
            Self::SignIn => "Sign-in",
            Self::Target => "Pool or database",
            Self::Query => "Query",
            Self::Proof => "It really is",
        }
    }

    pub fn index(self) -> usize {
        Self::ALL.iter().position(|stage| *stage == self).unwrap_or(0)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    #[default]
    NotReached,
    Running,
    /// Running, and held up: by what.
    Waiting(String),
    /// What was found, and how long the stage took.
    Passed {
        found: String,
        took: Duration,
    },
    /// Works, but something is not verified: encrypted without a checked certificate.
    Unverified {
        found: String,
        took: Duration,
    },
    Failed(Box<Problem>),
}

/// One port's seven stages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    pub stages: [Outcome; 7],
}

impl Column {
    pub fn get(&self, stage: Stage) -> &Outcome {
        self.stages.get(stage.index()).unwrap_or(&Outcome::NotReached)
    }

    pub fn set(&mut self, stage: Stage, outcome: Outcome) {
        if let Some(slot) = self.stages.get_mut(stage.index()) {
            *slot = outcome;
        }
    }

    /// Every stage passed; encrypted-but-unverified is not enough for this.
    pub fn passed(&self) -> bool {
        self.stages.iter().all(|outcome| matches!(outcome, Outcome::Passed { .. }))
    }

    /// Every stage answered, verified or not.
    pub fn answered(&self) -> bool {
        self.stages
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Passed { .. } | Outcome::Unverified { .. }))
    }

    pub fn problem(&self) -> Option<(Stage, &Problem)> {
        Stage::ALL.into_iter().find_map(|stage| match self.get(stage) {
            Outcome::Failed(problem) => Some((stage, &**problem)),
            _ => None, // every other outcome has no problem in it
        })
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BothPorts {
    pub pooled: Column,
    pub direct: Column,
}

impl BothPorts {
    pub fn column(&self, port: Port) -> &Column {
        match port {
            Port::Pooled => &self.pooled,
            Port::Direct => &self.direct,
        }
    }

    pub fn column_mut(&mut self, port: Port) -> &mut Column {
        match port {
            Port::Pooled => &mut self.pooled,
            Port::Direct => &mut self.direct,
        }
    }
}

/// Does the pooler track protocol-level prepared statements?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracking {
    Tracked,
    NotTracked,
    Unknown,
}

/// What the probe on a second connection found behind the pooled port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// `None` where it stayed unclear.
    pub mode: Option<PoolMode>,
    pub tracking: Tracking,
}

/// A finished test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    pub at: Timestamp,
    pub ports: BothPorts,
    pub probe: Option<Probe>,
    /// What of a session can be used through the pool; empty without a probe.
    pub features: Vec<Found>,
    /// The address PostgreSQL sees for pooled backends (`inet_client_addr()` over the pooled URL).
    pub pooler_address: Option<String>,
    /// `server_version` as told at sign-in.
    pub server_version: Option<String>,
}

impl Tested {
    /// What was found longer ago than this may not hold any more.
    pub const FRESH: Duration = Duration::from_secs(15 * 60);

    /// How long ago, where that is too long to rely on.
    pub fn old(&self, now: Timestamp) -> Option<Duration> {
        let age = Duration::try_from(now.duration_since(self.at)).ok()?;
        (Self::FRESH < age).then_some(age)
    }

    pub fn both_work(&self) -> bool {
        Port::BOTH.into_iter().all(|port| self.ports.column(port).answered())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(outcome: &Outcome) -> Column {
        Column { stages: std::array::from_fn(|_| outcome.clone()) }
    }

    #[test]
    fn encrypted_but_not_verified_answers_without_passing() {
        let (found, took) = ("TLS 1.3".to_owned(), Duration::from_millis(1));
        let mut column = column(&Outcome::Passed { found: found.clone(), took });
        assert!(column.passed() && column.answered());
        column.set(Stage::Encryption, Outcome::Unverified { found, took });
        assert!(!column.passed() && column.answered());
        column.set(Stage::Query, Outcome::NotReached);
        assert!(!column.answered());
    }

    #[test]
    fn a_column_s_problem_is_its_first() {
        let problem = |code: &str| Problem::new(code, "It did not answer.", "");
        let mut column = column(&Outcome::NotReached);
        assert_eq!(column.problem(), None);
        column.set(Stage::Query, Outcome::Failed(Box::new(problem("second"))));
        column.set(Stage::Port, Outcome::Failed(Box::new(problem("first"))));
        assert_eq!(column.problem(), Some((Stage::Port, &problem("first"))));
    }
}
