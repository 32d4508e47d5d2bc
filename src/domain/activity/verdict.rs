//! Before against after: the figures of each side and what they prove, by a rule that is printed beside the verdict.

use std::{cmp::Ordering, time::Duration};

use crate::domain::{
    activity::{Activity, Sample},
    figures::{count, lasted},
};

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Side {
    pub samples: usize,
    /// Of the connections; where two lie in the middle, the higher one.
    pub median: u32,
    pub peak: u32,
    pub refused: u32,
    pub transactions: u64,
    /// Without pauses that hold a load of our own.
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

/// Transactions that a side needs before it counts.
pub const MIN_TRANSACTIONS: u64 = 100;

/// The rule in words, printed beside the verdict.
pub const RULE: &str = "Better: the median afterwards is at most 80 % of before, or there were refusals before and none after. \
    Worse: at least 110 %, or refusals that were not there before. Not proven yet: too few samples or fewer than 100 \
    transactions on a side, or traffic afterwards below two thirds of before.";

/// Compares the two sides and judges by `RULE`.
pub fn compare(activity: &Activity, min_samples: usize) -> Comparison {
    let before = side(activity, &activity.before());
    let after = side(activity, &activity.after());
    let verdict = match proven(activity, before.as_ref(), after.as_ref(), min_samples) {
        Ok((before, after)) => judge(before, after),
        Err(why) => Verdict::NotProven(why),
    };
    Comparison { before, after, verdict }
}

impl Comparison {
    /// What the verdict means here, in numbers: `61 connections fewer, no refusals`; or why nothing is proven.
    pub fn sentence(&self) -> String {
        let (before, after) = match (&self.verdict, &self.before, &self.after) {
            (Verdict::NotProven(why), _, _) => return why.clone(),
            (_, Some(before), Some(after)) => (before, after),
            (_, _, _) => return String::new(), // a verdict without its sides is never made
        };
        let connections = |number: u32| count(number as usize, "connection", "connections");
        let moved = match before.median.cmp(&after.median) {
            Ordering::Equal => "as many connections as before".to_owned(),
            Ordering::Greater => format!("{} fewer", connections(before.median - after.median)),
            Ordering::Less => format!("{} more", connections(after.median - before.median)),
        };
        let refused = match (before.refused, after.refused) {
            (0, 0) => "no refusals".to_owned(),
            (_, 0) => "no more refusals".to_owned(),
            (_, after) => count(after as usize, "refusal", "refusals"),
        };
        format!("{moved}, {refused}")
    }

    /// How long each side was recorded, and under how much traffic. `None` while a side is missing.
    pub fn traffic(&self) -> Option<String> {
        let (before, after) = (self.before.as_ref()?, self.after.as_ref()?);
        let similar = before.per_second * 2.0 <= after.per_second * 3.0
            && after.per_second * 2.0 <= before.per_second * 3.0;
        let how = match (similar, before.per_second < after.per_second) {
            (true, _) => "similar traffic",
            (false, true) => "more traffic",
            (false, false) => "less traffic",
        };
        Some(format!(
            "{} before and {} after, {how} ({:.0} → {:.0} transactions a second).",
            lasted(before.lasted),
            lasted(after.lasted),
            before.per_second,
            after.per_second
        ))
    }
}

fn side(activity: &Activity, samples: &[&Sample]) -> Option<Side> {
    if samples.is_empty() {
        return None;
    }
    let mut totals: Vec<u32> = samples.iter().map(|sample| sample.total()).collect();
    totals.sort_unstable();
    let (transactions, lasted) = traffic(activity, samples);
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

/// Transactions and the time they took, run by run: a load of ours belongs to no side, and the server's counter starts
/// again when its statistics are reset.
fn traffic(activity: &Activity, samples: &[&Sample]) -> (u64, Duration) {
    let belong = |one: &&Sample, next: &&Sample| {
        // The server counts a statement up to a second late, ours too, so a small step back is no reset.
        let was_reset = next.commits < one.commits / 2;
        !was_reset && !activity.load_between(one.at, next.at)
    };
    let mut sum = (0, Duration::ZERO);
    for run in samples.chunk_by(belong) {
        if let (Some(first), Some(last)) = (run.first(), run.last()) {
            sum.0 += last.commits.saturating_sub(first.commits);
            sum.1 += Duration::try_from(last.at.duration_since(first.at)).unwrap_or_default();
        }
    }
    sum
}

/// Both sides where there is enough of them to judge; else the reason.
fn proven<'a>(
    activity: &Activity,
    before: Option<&'a Side>,
    after: Option<&'a Side>,
    min_samples: usize,
) -> Result<(&'a Side, &'a Side), String> {
    if activity.switched_at.is_none() {
        return Err("The app has not gone over to the pool yet.".to_owned());
    }
    let before = before.ok_or("There is no baseline: nothing was recorded before the switch.")?;
    let after = after.ok_or("Nothing was recorded since the switch.")?;
    for (side, name) in [(before, "before"), (after, "after")] {
        if side.samples < min_samples {
            return Err(format!(
                "Only {} of {min_samples} samples were recorded {name} the switch.",
                side.samples
            ));
        }
        if side.transactions < MIN_TRANSACTIONS {
            return Err(format!(
                "Only {} transactions ran {name} the switch; {MIN_TRANSACTIONS} are needed.",
                side.transactions
            ));
        }
    }
    if after.per_second * 3.0 < before.per_second * 2.0 {
        return Err(format!(
            "Traffic after the switch was {:.0} % lower than before: {:.0} transactions a second against {:.0}.",
            (1.0 - after.per_second / before.per_second) * 100.0,
            after.per_second,
            before.per_second
        ));
    }
    Ok((before, after))
}

fn judge(before: &Side, after: &Side) -> Verdict {
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
    use jiff::Timestamp;

    use super::*;
    use crate::domain::activity::{Holder, Span};

    const SWITCH: i64 = 1000;

    fn sample(second: i64, total: u32, commits: u64, refused: u32) -> Sample {
        let holder = Holder {
            application: "app".to_owned(),
            user: "app".to_owned(),
            address: Some("10.0.0.1".to_owned()),
            state: "idle".to_owned(),
            count: total,
            age: None,
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
    fn the_verdict_says_what_it_means_in_numbers() {
        let side = |median, refused, per_second| Side {
            samples: 60,
            median,
            peak: median,
            refused,
            transactions: 600,
            lasted: Duration::from_secs(60),
            per_second,
        };
        let of = |before, after, verdict| Comparison {
            before: Some(before),
            after: Some(after),
            verdict,
        };
        let better = of(side(81, 37, 214.0), side(19, 0, 221.0), Verdict::Better);
        assert_eq!(better.sentence(), "62 connections fewer, no more refusals");
        assert_eq!(
            better.traffic().unwrap(),
            "1 min before and 1 min after, similar traffic (214 → 221 transactions a second)."
        );
        let worse = of(side(10, 0, 50.0), side(11, 2, 90.0), Verdict::Worse);
        assert_eq!(worse.sentence(), "1 connection more, 2 refusals");
        assert!(worse.traffic().unwrap().contains("more traffic"));
    }

    #[test]
    fn neither_our_own_load_nor_a_reset_counter_makes_traffic() {
        let mut activity = Activity {
            samples: vec![
                sample(0, 5, 1000, 0),
                sample(1, 5, 1010, 0),
                sample(5, 5, 9000, 0),
                sample(6, 5, 9010, 0),
                sample(7, 5, 3, 0),
                sample(8, 5, 2, 0),
                sample(9, 5, 13, 0),
            ],
            ..Activity::default()
        };
        let at = |second| Timestamp::from_second(second).unwrap();
        activity.loads.push(Span { from: at(2), until: at(4) });
        let before = compare(&activity, 1).before.unwrap();
        assert_eq!((before.transactions, before.lasted), (30, Duration::from_secs(4)));
    }
}
