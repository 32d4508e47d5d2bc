//! The deployment, phase by phase, and what is seen of it in the database.

use std::time::Duration;

use egui::Ui;

use crate::{
    setup::{
        facts::Facts,
        steps::app::{Phase, Step},
    },
    ui::kit::{
        self,
        stages::{Cell, Mark, Row, stages},
    },
};

/// Phases of a deployment in their order, as the account names them.
const PHASES: [(&str, &str); 5] = [
    ("PENDING_BUILD", "Waiting for the build"),
    ("BUILDING", "Building"),
    ("PENDING_DEPLOY", "Waiting to deploy"),
    ("DEPLOYING", "Deploying"),
    ("ACTIVE", "Active"),
];

pub(super) fn deployment(ui: &mut Ui, step: &Step, facts: &Facts) {
    let timed = |title: &str, mark, found: &str, took| Row {
        title: title.to_owned(),
        cells: vec![Cell { mark, found: found.to_owned(), took }],
    };
    let row = |title: &str, mark, found: &str| timed(title, mark, found, None);
    let mut rows = Vec::new();
    let (asked, sent) = match &step.phase {
        Phase::Proposing(..) => (Mark::Running, Mark::NotReached),
        Phase::Asking(_) => (Mark::Unverified, Mark::NotReached),
        Phase::Updating(..) | Phase::Finding(_) => (Mark::Passed, Mark::Running),
        Phase::Failed(_) if step.proposal.is_none() => (Mark::Failed, Mark::NotReached),
        Phase::Failed(_) if step.seen.is_empty() => (Mark::Passed, Mark::Failed),
        Phase::Idle
        | Phase::Watching(..)
        | Phase::Arriving(..)
        | Phase::Restoring(..)
        | Phase::Failed(_)
        | Phase::WouldChange(_) => (Mark::Passed, Mark::Passed),
    };
    rows.push(row(
        "Checked by the account",
        asked,
        step.proposal.as_ref().map_or("", |proposal| &proposal.cost),
    ));
    rows.push(row("Settings sent", sent, ""));
    let end = match &step.phase {
        Phase::Failed(_) => End::Stopped,
        Phase::Arriving(..) => End::Reached,
        _ if facts.deployed.is_some() => End::Reached,
        _ => End::Open, // it goes on
    };
    let phases = phases(&step.seen, end);
    rows.extend(
        phases
            .into_iter()
            .map(|(title, mark, found)| timed(title, mark, &found, lasted(step, title))),
    );
    let arrived = match (&step.phase, facts.deployed.as_ref().map(|deployed| deployed.arrived)) {
        (Phase::Arriving(..), _) => row("Connections through the pool", Mark::Running, "looking"),
        (_, Some(Some(count))) if 0 < count => row(
            "Connections through the pool",
            Mark::Passed,
            &kit::count(count as usize, "connection", "connections"),
        ),
        (_, Some(Some(_))) => {
            row("Connections through the pool", Mark::Unverified, "none seen yet")
        }
        (_, Some(None)) => {
            row("Connections through the pool", Mark::Unverified, "hidden from this role")
        }
        (_, None) => row("Connections through the pool", Mark::NotReached, "not reached"),
    };
    rows.push(arrived);
    stages(ui, &[], &rows);
}

/// How long a phase took, once the next one has begun.
fn lasted(step: &Step, title: &str) -> Option<Duration> {
    let (word, _) = PHASES.iter().find(|(_, known)| *known == title)?;
    let at = step.seen.iter().position(|seen| seen == word)?;
    let (began, ended) = (step.seen_at.get(at)?, step.seen_at.get(at + 1)?);
    Duration::try_from(ended.duration_since(*began)).ok()
}

/// How the deployment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Open,
    Reached,
    Stopped,
}

/// Marks of the phases, from those that were seen. A word we do not know stands at the phase it was said in.
fn phases(seen: &[String], end: End) -> Vec<(&'static str, Mark, String)> {
    let place = |word: &String| PHASES.iter().position(|(known, _)| known == word);
    let current = seen.iter().filter_map(place).max().or((!seen.is_empty()).then_some(0));
    let unknown = seen.last().filter(|word| place(word).is_none());
    let said = unknown.map(|word| word.to_lowercase().replace('_', " ")).unwrap_or_default();
    let mark = |index: usize| match current {
        _ if end == End::Reached => Mark::Passed,
        Some(current) if index < current => Mark::Passed,
        Some(current) if index == current && end == End::Stopped => Mark::Failed,
        Some(current) if index == current => Mark::Running,
        Some(_) | None => Mark::NotReached,
    };
    PHASES
        .into_iter()
        .enumerate()
        .map(|(index, (_, title))| {
            let here = end != End::Reached && current == Some(index);
            (title, mark(index), if here { said.clone() } else { String::new() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(seen: &[&str], end: End) -> Vec<Mark> {
        let seen: Vec<String> = seen.iter().map(|word| (*word).to_owned()).collect();
        phases(&seen, end).into_iter().map(|(_, mark, _)| mark).collect()
    }

    #[test]
    fn a_phase_that_was_passed_over_counts_as_passed() {
        use Mark::{NotReached, Passed, Running};
        assert_eq!(
            marks(&["PENDING_BUILD", "DEPLOYING"], End::Open),
            [Passed, Passed, Passed, Running, NotReached]
        );
        assert_eq!(marks(&[], End::Open), [NotReached; 5]);
        assert_eq!(marks(&["ACTIVE"], End::Reached), [Passed; 5]);
    }

    #[test]
    fn it_stopped_in_the_phase_that_was_under_way() {
        use Mark::{Failed, NotReached, Passed};
        assert_eq!(
            marks(&["PENDING_BUILD", "BUILDING", "ERROR"], End::Stopped),
            [Passed, Failed, NotReached, NotReached, NotReached]
        );
    }

    #[test]
    fn a_word_we_do_not_know_is_shown_where_it_was_said() {
        let seen = ["BUILDING".to_owned(), "WAITING_FOR_SLOT".to_owned()];
        let found = phases(&seen, End::Open);
        assert_eq!(found.get(1), Some(&("Building", Mark::Running, "waiting for slot".to_owned())));
    }
}
