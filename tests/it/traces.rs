//! The four verdicts, each from a recording of real servers whose answer is known. `load` has made them.

use std::path::Path;

use jiff::Timestamp;
use poolwright::domain::activity::{
    Activity, Holder, Sample,
    verdict::{Comparison, Verdict, compare},
};

/// Reads what the program exports.
fn read(name: &str) -> Activity {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/traces").join(name);
    let text = std::fs::read_to_string(&file).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("time,connections,refused,commits,part"));
    let mut activity = Activity::default();
    for line in lines {
        let [time, connections, refused, commits, part] =
            line.split(',').collect::<Vec<_>>().try_into().unwrap();
        let at: Timestamp = time.parse().unwrap();
        if part == "after" && activity.switched_at.is_none() {
            activity.switched_at = Some(at);
        }
        let holder = Holder {
            application: "shop-web".to_owned(),
            user: "shop_app".to_owned(),
            address: None,
            state: "hidden".to_owned(),
            count: connections.parse().unwrap(),
            age: None,
        };
        activity.samples.push(Sample {
            at,
            holders: vec![holder],
            commits: commits.parse().unwrap(),
            refused: refused.parse().unwrap(),
        });
    }
    activity
}

fn judged(name: &str) -> Comparison {
    compare(&read(name), 60)
}

#[test]
fn more_clients_than_slots_and_then_a_pool_is_better() {
    let comparison = judged("better.csv");
    assert_eq!(comparison.verdict, Verdict::Better);
    let (before, after) = (comparison.before.unwrap(), comparison.after.unwrap());
    assert!(20 <= before.peak && 0 < before.refused, "{before:?}");
    assert!(after.peak <= 12 && after.refused == 0, "{after:?}");
}

#[test]
fn a_session_pool_with_as_many_clients_changes_nothing() {
    assert_eq!(judged("no-clear-change.csv").verdict, Verdict::NoClearChange);
}

#[test]
fn a_worker_that_stays_direct_beside_a_session_pool_makes_it_worse() {
    let comparison = judged("worse.csv");
    assert_eq!(comparison.verdict, Verdict::Worse);
    assert_eq!(comparison.sentence(), "3 connections more, no refusals");
}

#[test]
fn without_the_visitors_nothing_is_proven() {
    let comparison = judged("not-proven.csv");
    let Verdict::NotProven(why) = comparison.verdict else { panic!("{comparison:?}") };
    assert!(why.starts_with("Traffic after the switch was "), "{why}");
    assert!(comparison.after.unwrap().median < comparison.before.unwrap().median);
}

#[test]
fn half_a_recording_proves_nothing() {
    let mut activity = read("better.csv");
    let switched = activity.switched_at.unwrap();
    let mut after = 0;
    activity.samples.retain(|sample| {
        after += usize::from(switched <= sample.at);
        after <= 30
    });
    let why = "Only 30 of 60 samples were recorded after the switch.";
    assert_eq!(compare(&activity, 60).verdict, Verdict::NotProven(why.to_owned()));
}
