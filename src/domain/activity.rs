//! Connections over time: who holds them, sample after sample, before and after the switch.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

pub mod export;
pub mod verdict;

use crate::domain::capacity::Limits;

/// The name our own connections carry.
pub const OURS: &str = "poolwright";
/// And those of our load tests.
pub const LOAD: &str = "poolwright load";

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
    /// `None` where the server hides it from our role.
    pub age: Option<Age>,
}

/// How long connections have been in their state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    pub longest: Duration,
    /// So many of them for longer than `LONG`.
    pub long: u32,
}

/// An idle connection older than this waits for nothing that will soon come.
pub const LONG: Duration = Duration::from_secs(300);

impl Holder {
    pub fn is_ours(&self) -> bool {
        matches!(self.application.as_str(), OURS | LOAD)
    }
}

/// `shop-web 60, worker 14, unnamed 3`: by application, the most first.
pub fn who_holds(holders: &[Holder]) -> String {
    let mut sums: BTreeMap<&str, u32> = BTreeMap::new();
    for holder in holders {
        *sums.entry(holder.application.as_str()).or_default() += holder.count;
    }
    let mut sums: Vec<(&str, u32)> = sums.into_iter().collect();
    sums.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let named = |name: &str| if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() };
    let shown: Vec<String> =
        sums.into_iter().map(|(name, count)| format!("{} {count}", named(name))).collect();
    shown.join(", ")
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub at: Timestamp,
    pub holders: Vec<Holder>,
    /// Sum of `xact_commit` of the server's databases, less our own; a running total.
    pub commits: u64,
    /// Sign-ins of ours and requests to the app's health address refused since the sample before.
    pub refused: u32,
}

impl Sample {
    /// All backends, ours included.
    pub fn total(&self) -> u32 {
        self.holders.iter().map(|holder| holder.count).sum()
    }

    /// All backends but ours.
    pub fn total_of_others(&self) -> u32 {
        let others = self.holders.iter().filter(|holder| !holder.is_ours());
        others.map(|holder| holder.count).sum()
    }

    /// By this application under this role.
    pub fn held_by(&self, (application, user): (&str, &str)) -> u32 {
        let held = self
            .holders
            .iter()
            .filter(|holder| holder.application == application && holder.user == user);
        held.map(|holder| holder.count).sum()
    }

    pub fn held_from(&self, address: &str) -> u32 {
        self.holders
            .iter()
            .filter(|holder| !holder.is_ours() && holder.address.as_deref() == Some(address))
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
    /// When this program itself put load on the server; such samples count for neither side.
    pub loads: Vec<Span>,
}

/// From its first moment to its last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: Timestamp,
    pub until: Timestamp,
}

/// Which part of a recording a sample belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Before,
    /// The app was being replaced, or we made the load: it counts for neither side.
    Meanwhile,
    After,
}

impl Part {
    pub fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Meanwhile => "meanwhile",
            Self::After => "after",
        }
    }
}

impl Activity {
    pub fn before(&self) -> Vec<&Sample> {
        self.part(Part::Before)
    }

    pub fn after(&self) -> Vec<&Sample> {
        self.part(Part::After)
    }

    pub fn part(&self, part: Part) -> Vec<&Sample> {
        self.samples.iter().filter(|sample| self.part_of(sample.at) == part).collect()
    }

    pub fn part_of(&self, at: Timestamp) -> Part {
        let switching = self.switch_began_at.or(self.switched_at);
        if self.loads.iter().any(|load| load.from <= at && at <= load.until) {
            Part::Meanwhile
        } else if switching.is_none_or(|began| at < began) {
            Part::Before
        } else if self.switched_at.is_some_and(|switched| switched <= at) {
            Part::After
        } else {
            Part::Meanwhile
        }
    }

    /// Is there a load of ours between these two moments?
    fn load_between(&self, from: Timestamp, until: Timestamp) -> bool {
        self.loads.iter().any(|load| load.from <= until && from <= load.until)
    }

    /// The app went back to its earlier settings: from the switch on nothing counts any more.
    pub fn take_the_switch_back(&mut self) {
        if let Some(began) = self.switch_began_at.or(self.switched_at) {
            self.samples.retain(|sample| sample.at < began);
        }
        self.switch_began_at = None;
        self.switched_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn sample(second: i64) -> Sample {
        Sample { at: at(second), holders: Vec::new(), commits: 0, refused: 0 }
    }

    fn seconds(samples: &[&Sample]) -> Vec<i64> {
        samples.iter().map(|sample| sample.at.as_second()).collect()
    }

    fn switched() -> Activity {
        Activity {
            samples: (0..10).map(sample).collect(),
            switch_began_at: Some(at(4)),
            switched_at: Some(at(6)),
            ..Activity::default()
        }
    }

    #[test]
    fn samples_during_the_switch_count_for_neither_side() {
        let activity = switched();
        assert_eq!(seconds(&activity.before()), [0, 1, 2, 3]);
        assert_eq!(seconds(&activity.part(Part::Meanwhile)), [4, 5]);
        assert_eq!(seconds(&activity.after()), [6, 7, 8, 9]);
    }

    #[test]
    fn samples_under_our_own_load_count_for_neither_side() {
        let loads = vec![Span { from: at(1), until: at(2) }, Span { from: at(8), until: at(8) }];
        let activity = Activity { loads, ..switched() };
        assert_eq!(seconds(&activity.before()), [0, 3]);
        assert_eq!(seconds(&activity.part(Part::Meanwhile)), [1, 2, 4, 5, 8]);
        assert_eq!(seconds(&activity.after()), [6, 7, 9]);
    }

    #[test]
    fn a_switch_that_was_taken_back_leaves_the_baseline_alone() {
        let mut activity = switched();
        activity.take_the_switch_back();
        assert_eq!(seconds(&activity.before()), [0, 1, 2, 3]);
        assert_eq!((activity.after(), activity.part(Part::Meanwhile)), (vec![], vec![]));
    }
}
