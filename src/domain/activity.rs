//! Connections over time: samples, before and after the switch, and the verdict.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::capacity::Limits;

/// The name our own connections carry.
pub const OURS: &str = "poolwright";

/// Who holds how many connections at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub application: String,
    pub user: String,
    /// `None` where the server hides it from our role.
    pub address: Option<String>,
    /// `active`, `idle`, `idle in transaction`, or `hidden`.
    pub state: String,
    pub count: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub at: Timestamp,
    pub holders: Vec<Holder>,
    /// Sum of `xact_commit` of the server's databases, less our own; a running total.
    pub commits: u64,
    /// Sign-ins and health requests refused since the sample before.
    pub refused: u32,
}

impl Sample {
    /// All backends, ours included.
    pub fn total(&self) -> u32 {
        self.holders.iter().map(|holder| holder.count).sum()
    }

    pub fn from_address(&self, address: &str) -> u32 {
        self.holders
            .iter()
            .filter(|holder| {
                holder.application != OURS && holder.address.as_deref() == Some(address)
            })
            .map(|holder| holder.count)
            .sum()
    }
}

/// Everything recorded so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    pub limits: Option<Limits>,
    pub samples: Vec<Sample>,
    /// When the app went over to the pool.
    pub switched_at: Option<Timestamp>,
    /// Between the two the app was being replaced; its samples count for neither side.
    pub switch_began_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Side {
    pub samples: usize,
    pub median: u32,
    pub peak: u32,
    pub refused: u32,
    pub transactions: u64,
    pub lasted: Duration,
    pub per_second: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Better,
    NoClearChange,
    Worse,
    /// With the reason, one sentence.
    NotProven(String),
}

impl Verdict {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Better => "Better",
            Self::NoClearChange => "No clear change",
            Self::Worse => "Worse",
            Self::NotProven(_) => "Not proven yet",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub before: Option<Side>,
    pub after: Option<Side>,
    pub verdict: Verdict,
}

impl Activity {
    pub fn before(&self) -> Vec<&Sample> {
        let end = self.switch_began_at.or(self.switched_at);
        self.samples.iter().filter(|sample| end.is_none_or(|end| sample.at < end)).collect()
    }

    pub fn after(&self) -> Vec<&Sample> {
        let Some(start) = self.switched_at else { return Vec::new() };
        self.samples.iter().filter(|sample| start <= sample.at).collect()
    }
}

/// Compares the two sides and judges by the rule that is printed beside the verdict.
pub fn compare(activity: &Activity, min_samples: usize) -> Comparison {
    todo!("{activity:?} {min_samples}")
}
