//! The start page.

use std::path::PathBuf;

use egui::{Theme, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use poolwright::{
    domain::problem::{Fix, Problem},
    ui::{
        start::{Choice, Start},
        theme,
    },
};

use crate::fixtures::{SMALL, WINDOW, whole};

#[derive(Default)]
struct Page {
    start: Start,
    chosen: Vec<Choice>,
}

fn page(start: Start, can_practise: bool) -> Harness<'static, Page> {
    let mut harness = Harness::builder()
        .with_size(WINDOW)
        .with_theme(Theme::Light)
        .with_context_setup(theme::install)
        .build_ui_state(
            move |ui, page: &mut Page| {
                let choice = whole(ui, |ui| page.start.show(ui, can_practise));
                page.chosen.extend(choice);
            },
            Page { start, chosen: Vec::new() },
        );
    harness.run();
    harness
}

#[test]
fn the_choices_lead_where_they_say() {
    let mut page = page(Start::default(), true);
    for tile in ["Sign in with a token", "Paste two URLs", "Practise"] {
        page.get_by_role_and_label(Role::Button, tile).click();
    }
    page.run_steps(3);
    assert_eq!(page.state().chosen, [Choice::SignIn, Choice::PasteUrls, Choice::Practise]);
}

#[test]
fn practice_is_offered_only_where_it_is_built_in() {
    let page = page(Start::default(), false);
    assert!(page.query_by_label("Practise").is_none());
}

#[test]
fn while_practice_starts_it_can_be_stopped() {
    let mut page = page(Start { waiting: Some(0.0), ..Start::default() }, true);
    page.get_by_label_contains("Starting PostgreSQL and PgBouncer on this computer…");
    assert!(page.get_by_label("Practise").accesskit_node().is_disabled());
    page.get_by_role_and_label(Role::Button, "Stop").click();
    page.run();
    assert_eq!(page.state().chosen, [Choice::StopPractice]);
    assert_eq!(page.state().start.waiting, None);
}

#[test]
fn a_problem_is_told_with_the_command_that_helps() {
    let problem = Problem::new("practice", "PgBouncer is not installed.", "")
        .fix("Copy the command", Fix::Copy("sudo apt-get install pgbouncer".to_owned()));
    let mut page = page(Start { problem: Some(problem), ..Start::default() }, true);
    page.get_by_role_and_label(Role::Alert, "PgBouncer is not installed.");
    page.get_by_role_and_label(Role::Button, "Copy the command").click();
    page.run();
    let command = Choice::Copy("sudo apt-get install pgbouncer".to_owned());
    assert_eq!(page.state().chosen, [command]);
}

#[test]
fn a_team_profile_is_opened_by_its_path() {
    let mut page = page(Start::default(), true);
    page.get_by_role_and_label(Role::Button, "Open a team profile").click();
    page.run();
    assert!(page.get_by_label("Open the profile").accesskit_node().is_disabled());
    page.get_by_role_and_label(Role::TextInput, "Path of the file").focus();
    page.get_by_role_and_label(Role::TextInput, "Path of the file").type_text("/p/poolwright.toml");
    page.run();
    page.get_by_role_and_label(Role::Button, "Open the profile").click();
    page.get_by_role_and_label(Role::Button, "Choose file…").click();
    page.run();
    let opened = Choice::OpenProfile(PathBuf::from("/p/poolwright.toml"));
    assert_eq!(page.state().chosen, [opened, Choice::Browse]);
}

#[test]
fn what_is_needed_can_be_read_before() {
    let mut page = page(Start::default(), true);
    page.get_by_role_and_label(Role::Button, "What you will need").click();
    page.run();
    page.get_by_label_contains("Token: A personal access token with these scopes: account:read");
}

#[test]
fn a_small_window_has_the_choices_below_each_other() {
    let mut page = page(Start::default(), true);
    page.set_size(SMALL);
    page.run();
    let top = |label| page.get_by_role_and_label(Role::Button, label).rect();
    let (first, second) = (top("Sign in with a token"), top("Practise"));
    assert!(first.bottom() < second.top());
    assert!(second.right() <= SMALL.x);
}
