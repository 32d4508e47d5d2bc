//! Page 11.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::{domain::activity::RULE, setup::step::StepId, ui::act::Act};

use crate::fixtures::{
    asked,
    shop::{no_baseline, settled, shop, watching},
    window,
};

#[test]
fn the_verdict_stands_with_its_numbers() {
    let harness = window(settled(StepId::Verify));
    harness.get_by_label("Better");
    harness.get_by_label("61 connections fewer, no refusals");
    harness.get_by_label("Before, median: 81 peak 83");
    harness.get_by_label("After, median: 20 peak 22");
    harness.get_by_label("Refused: 19 → 0");
}

#[test]
fn without_a_baseline_nothing_is_proven() {
    let harness = window(no_baseline());
    harness.get_by_label("Not proven yet");
    harness.get_by_label("There is no baseline: nothing was recorded before the switch.");
    harness.get_by_label("Before, median: – nothing yet");
}

#[test]
fn the_chart_is_told_in_words() {
    let harness = window(settled(StepId::Verify));
    let chart = harness.get_by(|node| node.role() == Role::Image && node.label().is_some());
    let said = chart.accesskit_node().label().unwrap_or_default();
    let words =
        "Before: median 81, peak 83, 19 refused. After: median 20, peak 22, 0 refused. Limit 97.";
    assert!(said.contains(words), "{said}");
}

#[test]
fn the_chart_turns_into_a_table_with_the_same_numbers() {
    let mut harness = window(settled(StepId::Verify));
    harness.get_by_role_and_label(Role::Link, "Show as table").click();
    harness.run_ok();
    harness.get_by_role_and_label(Role::Table, "Connections to PostgreSQL");
    assert!(0 < harness.query_all_by_label("before").count());
    harness.get_by_role_and_label(Role::Link, "Show as chart").click();
    harness.run_ok();
    assert!(harness.query_by_role_and_label(Role::Table, "Connections to PostgreSQL").is_none());
}

#[test]
fn the_arrow_keys_walk_along_the_chart() {
    let mut harness = window(settled(StepId::Verify));
    let chart = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
        node.role() == Role::Image && node.label().is_some()
    };
    harness.get_by(chart).focus();
    harness.run_ok();
    harness.run_ok();
    let last = harness.get_by(chart).value().unwrap_or_default();
    harness.key_press(egui::Key::ArrowLeft);
    harness.run_ok();
    let before = harness.get_by(chart).value().unwrap_or_default();
    assert!(last.contains("connections, after, through the pool"), "{last}");
    assert!(before < last, "{before} {last}");
    assert!(harness.get_by(chart).is_focused());
    harness.key_press(egui::Key::T);
    harness.run_ok();
    harness.get_by_role_and_label(Role::Table, "Connections to PostgreSQL");
}

#[test]
fn the_rule_of_the_verdict_unfolds() {
    let mut harness = window(settled(StepId::Verify));
    harness.get_by_role_and_label(Role::Button, "How the verdict is made").click_accesskit();
    harness.run_ok();
    harness.get_by_label(RULE);
}

#[test]
fn requests_stand_in_a_table() {
    let harness = window(settled(StepId::Verify));
    harness.get_by_role_and_label(Role::Table, "Requests to the app");
    harness.get_by_label("50 of 50");
}

#[test]
fn the_comparison_begins_waits_and_may_be_repeated() {
    let mut harness = window(shop(StepId::Verify));
    harness.get_by_role_and_label(Role::Button, "Compare before and after").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Verify(Compare)))"]);
    let harness = window(watching());
    harness.get_by_label_contains("24 of 60 samples were recorded after the switch");
    let mut harness = window(settled(StepId::Verify));
    harness.get_by_role_and_label(Role::Button, "Compare again").click_accesskit();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Verify(Compare)))"]);
}

#[test]
fn the_recording_is_copied_as_lines() {
    let mut harness = window(settled(StepId::Verify));
    harness.get_by_label("Copy the recording as CSV").click_accesskit();
    harness.run_ok();
    let Some(Act::Copy(copied)) = harness.state().acts.first() else { panic!("no copy") };
    let lines: Vec<&str> = copied.text.expose().lines().take(2).collect();
    assert_eq!(lines, ["time,connections,refused,commits", "2025-11-24T14:20:00Z,79,1,0"]);
}
