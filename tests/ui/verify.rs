//! Page 11.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::{domain::activity::verdict::RULE, setup::step::StepId};

use crate::fixtures::{
    asked,
    proof::{Outcome, in_production, judged, loaded, loading},
    shop::{no_baseline, settled, shop, watching},
    window,
};

#[test]
fn the_verdict_stands_with_its_numbers() {
    let harness = window(settled(StepId::Verify));
    harness.get_by_label("Better");
    harness.get_by_label("61 connections fewer, no more refusals.");
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
    harness.get_by_role_and_label(Role::Button, "Show as table").click();
    harness.run_ok();
    harness.get_by_role_and_label(Role::Table, "Connections to PostgreSQL");
    assert!(0 < harness.query_all_by_label("before").count());
    harness.get_by_role_and_label(Role::Button, "Show as chart").click();
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
fn the_recording_is_exported_in_the_form_that_was_chosen() {
    for (words, name) in [
        ("Picture (PNG)", "before-and-after.png"),
        ("Picture (SVG)", "before-and-after.svg"),
        ("Every sample as a line (CSV)", "before-and-after.csv"),
        ("Everything (JSON)", "before-and-after.json"),
    ] {
        let mut harness = window(settled(StepId::Verify));
        harness.get_by_role_and_label(Role::Button, "Export…").click();
        harness.run_ok();
        harness.get_by_label(words).click();
        harness.run_ok();
        assert_eq!(asked(&harness), [format!("Save(Comparison, {name:?})")]);
    }
}

#[test]
fn the_next_size_is_suggested_with_the_way_to_it() {
    let mut harness = window(settled(StepId::Verify));
    harness.get_by_label_contains("would be enough and frees");
    let button = harness
        .get_by(|node| node.label().is_some_and(|label| label.starts_with("Change the size to")));
    button.click_accesskit();
    harness.run_ok();
    let asked = asked(&harness).join("");
    assert!(asked.contains("Pool(UseSize(") && asked.contains("Go(Pool)"), "{asked}");
}

#[test]
fn the_load_test_is_begun_shown_and_told() {
    let mut harness = window(settled(StepId::Verify));
    harness.get_by_role_and_label(Role::Button, "Run the load test").click_accesskit();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Verify(Load)))"]);
    let harness = window(loading());
    harness.get_by_label_contains("Direct: 4 s of 10 s, 41 of 60 clients connected");
    harness.get_by_role_and_label(Role::Button, "Stop");
    let harness = window(loaded());
    harness.get_by_role_and_label(Role::Table, "Load test");
    harness.get_by_label_contains("Directly 21 of 60 clients were served");
}

#[test]
fn production_asks_for_its_name_before_any_load() {
    let mut harness = window(in_production(settled(StepId::Verify)));
    let button = harness.get_by_role_and_label(Role::Button, "Run the load test");
    assert!(button.accesskit_node().is_disabled());
    let field = "Name of the cluster, shop-db, to allow changes";
    harness.get_by_role_and_label(Role::TextInput, field).focus();
    harness.get_by_role_and_label(Role::TextInput, field).type_text("shop-db");
    harness.run_ok();
    harness.get_by_role_and_label(Role::Button, "Allow changes to shop-db").click_accesskit();
    harness.run_ok();
    let button = harness.get_by_role_and_label(Role::Button, "Run the load test");
    assert!(!button.accesskit_node().is_disabled());
    harness.get_by_label_contains("9 clients, 10 s on each URL. This creates real load.");
}

#[test]
fn every_verdict_says_what_it_means() {
    for (verdict, word, meaning) in [
        (Outcome::Better, "Better", "61 connections fewer"),
        (Outcome::NoClearChange, "No clear change", "1 connection fewer, no refusals"),
        (Outcome::Worse, "Worse", "10 connections more"),
        (Outcome::NotProven, "Not proven yet", "70 % lower than before"),
    ] {
        let harness = window(judged(verdict));
        harness.get_by_label(word);
        harness.get_by_label_contains(meaning);
    }
}
