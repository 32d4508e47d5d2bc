//! A set-up that is gone on with: the card that welcomes back.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::fixtures::{asked, resumed, window};

#[test]
fn what_is_being_looked_at_is_counted() {
    let harness = window(resumed::checking());
    harness.get_by_label("Welcome back");
    harness.get_by_label_contains("Last used Tuesday 24 November,");
    harness.get_by_label("Checking 5 things…");
}

#[test]
fn nothing_different_is_one_sentence_and_the_card_goes_when_it_was_seen() {
    let mut harness = window(resumed::as_left());
    harness.get_by_label("Everything is as you left it.");
    harness.get_by_role_and_label(Role::Button, "Close this card").click();
    harness.run_ok();
    assert!(harness.query_by_label("Welcome back").is_none());
    assert!(asked(&harness).is_empty());
}

#[test]
fn a_difference_is_told_in_words_and_leads_to_its_step() {
    let mut harness = window(resumed::different());
    harness.get_by_label("3 of 7 things are different.");
    harness.get_by_label_contains("It had 48 connections");
    harness.get_by_role_and_label(Role::Button, "Pool: Go to step 4, Size and create").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Go(Pool))"]);
}

#[test]
fn what_waits_for_the_person_says_so_and_leads_there() {
    let mut harness = window(resumed::token_gone());
    let summary = harness.get_by_label("7 things can be looked at once you have done this.");
    assert_eq!(summary.accesskit_node().live(), egui::accesskit::Live::Polite);
    harness.get_by_role_and_label(Role::Button, "Token: Go to step 1, Sign in").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Go(SignIn))"]);
}
