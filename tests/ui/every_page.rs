//! What holds for each of the later pages in each of its states: names, room, and no secret.

use std::collections::BTreeMap;

use egui::{Theme, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};

use poolwright::setup::step::StepId;

use crate::fixtures::{
    Make, SMALL, Screen, WINDOW, plan,
    shop::{CANARY, PAGES, dry_run},
    sized,
};

fn pages() -> impl Iterator<Item = (&'static str, Make)> {
    PAGES.iter().chain(plan::PAGES).copied()
}

/// Role, name, left and right edge of every node that has a name and a place.
fn nodes(harness: &Harness<'_, Screen>) -> Vec<(Role, String, (f64, f64))> {
    let named = harness.get_all_by(|node| node.label().is_some() || node.value().is_some());
    named
        .filter_map(|node| {
            let node = node.accesskit_node();
            let name = node.label().or_else(|| node.value()).unwrap_or_default();
            let place = node.bounding_box()?;
            Some((node.role(), name, (place.x0, place.x1)))
        })
        .collect()
}

fn is_control(role: Role) -> bool {
    matches!(
        role,
        Role::Button
            | Role::CheckBox
            | Role::ComboBox
            | Role::Link
            | Role::PasswordInput
            | Role::RadioButton
            | Role::SpinButton
            | Role::TextInput
    )
}

#[test]
fn no_two_controls_share_a_name() {
    for (page, make) in pages() {
        let harness = sized(make(), WINDOW, Theme::Light);
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for (role, name, _) in nodes(&harness) {
            if is_control(role) {
                *names.entry(format!("{role:?} {name}")).or_default() += 1;
            }
        }
        let shared: Vec<_> = names.into_iter().filter(|(_, count)| 1 < *count).collect();
        assert!(shared.is_empty(), "{page}: {shared:?}");
    }
}

#[test]
fn the_smallest_window_cuts_nothing_off_at_its_sides() {
    for (page, make) in pages() {
        let harness = sized(make(), SMALL, Theme::Dark);
        for (role, name, (left, right)) in nodes(&harness) {
            let inside = -0.5 <= left && right <= f64::from(SMALL.x) + 0.5;
            assert!(inside, "{page}: {role:?} {name} from {left} to {right}");
        }
    }
}

#[test]
fn no_page_shows_a_password_unasked() {
    for (page, make) in pages() {
        let harness = sized(make(), WINDOW, Theme::Light);
        for (role, name, _) in nodes(&harness) {
            assert!(!name.contains(CANARY), "{page}: {role:?}");
        }
    }
}

#[test]
fn nothing_moves_on_a_page_that_only_stands_there() {
    for (page, make) in pages() {
        let mut harness = sized(make(), WINDOW, Theme::Light);
        let steps = harness.try_run().unwrap_or(u64::MAX);
        assert!(steps <= 2, "{page} painted {steps} times");
    }
}

#[test]
fn a_dry_run_says_what_it_would_do_and_that_nothing_was_changed() {
    let told = [
        (StepId::Project, "1 file would change."),
        (StepId::EnvFiles, "1 file would be written."),
        (StepId::Migrations, "2 migrations would be applied."),
        (StepId::HandOver, "The runbook would be written."),
    ];
    for (step, what) in told {
        let harness = sized(dry_run(step), WINDOW, Theme::Light);
        harness.get_by_label_contains(what);
        harness.get_by_label_contains("This is a dry run: nothing was changed.");
    }
}
