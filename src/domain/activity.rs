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

    /// All backends but ours.
    pub fn total_of_others(&self) -> u32 {
        let others = self.holders.iter().filter(|holder| holder.application != OURS);
        others.map(|holder| holder.count).sum()
    }

    pub fn held_from(&self, address: &str) -> u32 {
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

/// Transactions that a side needs before it counts.
pub const MIN_TRANSACTIONS: u64 = 100;

/// The rule in words, printed beside the verdict.
pub const RULE: &str = "Better: the median afterwards is at most 80 % of before, or there were refusals before and none after. \
    Worse: at least 110 %, or refusals that were not there before. Not proven yet: too few samples or fewer than 100 \
    transactions on a side, or traffic afterwards below two thirds of before.";

/// Compares the two sides and judges by the rule that is printed beside the verdict.
pub fn compare(activity: &Activity, min_samples: usize) -> Comparison {
    let before = side(&activity.before());
    let after = side(&activity.after());
    let verdict =
        judge(before.as_ref(), after.as_ref(), activity.switched_at.is_some(), min_samples);
    Comparison { before, after, verdict }
}

fn side(samples: &[&Sample]) -> Option<Side> {
    let (first, last) = (samples.first()?, samples.last()?);
    let mut totals: Vec<u32> = samples.iter().map(|sample| sample.total()).collect();
    totals.sort_unstable();
    let lasted = Duration::try_from(last.at.duration_since(first.at)).unwrap_or_default();
    let transactions = last.commits.saturating_sub(first.commits);
    let seconds = lasted.as_secs_f64();
    Some(Side {
        samples: samples.len(),
        median: totals.get(totals.len() / 2).copied().unwrap_or(0),
        peak: totals.last().copied().unwrap_or(0),
        refused: samples.iter().map(|sample| sample.refused).sum(),
        transactions,
        lasted,
        per_second: if 0.0 < seconds { transactions as f64 / seconds } else { 0.0 },
    })
}

fn judge(
    before: Option<&Side>,
    after: Option<&Side>,
    switched: bool,
    min_samples: usize,
) -> Verdict {
    let not_proven = |why: &str| Verdict::NotProven(why.to_owned());
    if !switched {
        return not_proven("The app has not gone over to the pool yet.");
    }
    let Some(before) = before else {
        return not_proven("There is no baseline: nothing was recorded before the switch.");
    };
    let Some(after) = after else { return not_proven("Nothing was recorded since the switch.") };
    for (side, name) in [(before, "before"), (after, "after")] {
        if side.samples < min_samples {
            return Verdict::NotProven(format!(
                "Only {} of {min_samples} samples were recorded {name} the switch.",
                side.samples
            ));
        }
        if side.transactions < MIN_TRANSACTIONS {
            return Verdict::NotProven(format!(
                "Only {} transactions ran {name} the switch; {MIN_TRANSACTIONS} are needed.",
                side.transactions
            ));
        }
    }
    if after.per_second * 3.0 < before.per_second * 2.0 {
        return Verdict::NotProven(format!(
            "Traffic after the switch was lower than before: {:.0} transactions a second against {:.0}.",
            after.per_second, before.per_second
        ));
    }
    let (was, is) = (u64::from(before.median) * 100, u64::from(after.median) * 100);
    if before.refused == 0 && 0 < after.refused {
        Verdict::Worse
    } else if is * 100 <= was * 80 || (0 < before.refused && after.refused == 0) {
        Verdict::Better
    } else if was * 110 <= is * 100 {
        Verdict::Worse
    } else {
        Verdict::NoClearChange
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWITCH: i64 = 1000;

    fn sample(second: i64, total: u32, commits: u64, refused: u32) -> Sample {
        let holder = Holder {
            application: "app".to_owned(),
            user: "app".to_owned(),
            address: Some("10.0.0.1".to_owned()),
            state: "idle".to_owned(),
            count: total,
        };
        Sample {
            at: Timestamp::from_second(second).unwrap(),
            holders: vec![holder],
            commits,
            refused,
        }
    }

    /// Ten samples on each side: connections, transactions a second, refusals in the first sample.
    fn verdict(before: (u32, u64, u32), after: (u32, u64, u32)) -> Verdict {
        let row = |start: i64, (total, rate, refused): (u32, u64, u32)| {
            (0..10_u32).map(move |n| {
                let refused = if n == 0 { refused } else { 0 };
                sample(start + i64::from(n), total, 1000 + rate * u64::from(n), refused)
            })
        };
        let switch = Timestamp::from_second(SWITCH).unwrap();
        let activity = Activity {
            samples: row(0, before).chain(row(SWITCH, after)).collect(),
            switched_at: Some(switch),
            ..Activity::default()
        };
        compare(&activity, 10).verdict
    }

    #[test]
    fn a_fifth_less_is_better_and_a_tenth_more_is_worse() {
        assert_eq!(verdict((100, 50, 0), (80, 50, 0)), Verdict::Better);
        assert_eq!(verdict((100, 50, 0), (81, 50, 0)), Verdict::NoClearChange);
        assert_eq!(verdict((100, 50, 0), (109, 50, 0)), Verdict::NoClearChange);
        assert_eq!(verdict((100, 50, 0), (110, 50, 0)), Verdict::Worse);
    }

    #[test]
    fn refusals_decide_whatever_the_median_says() {
        assert_eq!(verdict((20, 50, 3), (20, 50, 0)), Verdict::Better);
        assert_eq!(verdict((20, 50, 3), (20, 50, 1)), Verdict::NoClearChange);
        assert_eq!(verdict((20, 50, 0), (5, 50, 1)), Verdict::Worse);
    }

    #[test]
    fn too_little_traffic_proves_nothing() {
        assert!(matches!(verdict((20, 60, 0), (5, 39, 0)), Verdict::NotProven(_)));
        assert_eq!(verdict((20, 60, 0), (5, 40, 0)), Verdict::Better);
        assert!(matches!(verdict((20, 10, 0), (5, 10, 0)), Verdict::NotProven(_)));
        assert_eq!(verdict((20, 50, 0), (5, 500, 0)), Verdict::Better);
    }

    #[test]
    fn without_a_switch_or_a_baseline_nothing_is_proven() {
        let mut activity = Activity { samples: vec![sample(0, 5, 0, 0)], ..Activity::default() };
        assert!(matches!(compare(&activity, 1).verdict, Verdict::NotProven(_)));
        activity.switched_at = Some(Timestamp::from_second(0).unwrap());
        assert_eq!(
            compare(&activity, 1).verdict,
            Verdict::NotProven(
                "There is no baseline: nothing was recorded before the switch.".to_owned()
            )
        );
    }

    #[test]
    fn samples_during_the_switch_count_for_neither_side() {
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        let activity = Activity {
            samples: vec![sample(1, 5, 0, 0), sample(5, 40, 0, 0), sample(9, 5, 0, 0)],
            switch_began_at: at(4),
            switched_at: at(8),
            ..Activity::default()
        };
        let comparison = compare(&activity, 1);
        assert_eq!(comparison.before.map(|side| side.peak), Some(5));
        assert_eq!(comparison.after.map(|side| side.peak), Some(5));
    }
}
