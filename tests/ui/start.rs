//! The start page.

use std::path::PathBuf;

use egui::{Theme, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use poolwright::{
    domain::problem::{Fix, Problem},
    effects::saved::{Row, Shelf},
    setup::{
        saved::{Cluster, Saved},
        step::StepId,
    },
    ui::{
        start::{Choice, Start},
        theme,
    },
};

use crate::fixtures::{SMALL, WINDOW, whole};

const NOW: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;

#[derive(Default)]
pub struct Page {
    start: Start,
    chosen: Vec<Choice>,
}

pub fn page(start: Start, can_practise: bool) -> Harness<'static, Page> {
    let mut harness = Harness::builder()
        .with_size(WINDOW)
        .with_theme(Theme::Light)
        .with_context_setup(theme::install)
        .build_ui_state(
            move |ui, page: &mut Page| {
                let choice = whole(ui, |ui| page.start.show(ui, can_practise, NOW));
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

fn row(id: &str, name: &str, environment: &str, step: StepId) -> Row {
    let cluster =
        Cluster { id: id.to_owned(), name: name.to_owned(), environment: environment.to_owned() };
    let done = step == StepId::HandOver;
    let step = step.key().to_owned();
    let app = (!done).then(|| "shop-web".to_owned());
    let saved = Saved { cluster: Some(cluster), step, done, app, ..Saved::default() };
    Row { id: id.to_owned(), saved, last_used: Some(NOW), open_elsewhere: false }
}

pub fn begun_before() -> Shelf {
    let damaged = Problem::new(
        "damaged set-up",
        "A saved set-up could not be read.",
        "/home/jo/.local/share/poolwright/setups/4b.json is damaged. It is kept as /home/jo/.local/share/poolwright/setups/4b.json.bad-2026-11-24.",
    );
    let elsewhere =
        Row { open_elsewhere: true, ..row("c", "shop-db-dev", "development", StepId::Pool) };
    Shelf {
        rows: vec![
            row("a", "shop-db", "production", StepId::Test),
            row("b", "shop-db-stg", "staging", StepId::HandOver),
            elsewhere,
        ],
        problems: vec![damaged],
        other_copy: true,
    }
}

#[test]
fn a_set_up_that_was_begun_before_is_gone_on_with() {
    let mut page = page(Start { shelf: begun_before(), ..Start::default() }, true);
    let first = "Continue shop-db · shop-web, production, step 6 of 12 · Test, today";
    page.get_by(|node| node.label().is_some_and(|label| label.starts_with(first))).click();
    page.run();
    assert_eq!(page.state().chosen, [Choice::Continue("a".to_owned())]);
    page.get_by(|node| {
        node.label().is_some_and(|label| {
            label.starts_with("Continue shop-db-stg, staging, step 12 of 12 · done, today")
        })
    });
}

#[test]
fn one_that_is_open_in_another_window_says_so_and_stays_closed_here() {
    let page = page(Start { shelf: begun_before(), ..Start::default() }, true);
    page.get_by_label_contains("Poolwright is open in another window.");
    let row = page
        .get_by(|node| node.label().is_some_and(|label| label.ends_with("open in another window")));
    assert!(row.accesskit_node().is_disabled());
}

#[test]
fn one_is_removed_from_the_list_only_after_a_question() {
    let mut page = page(Start { shelf: begun_before(), ..Start::default() }, true);
    let remove = |page: &Harness<'static, Page>| {
        page.get_by(|node| {
            node.label().is_some_and(|label| label.starts_with("Remove shop-db · shop-web"))
        })
        .click();
    };
    remove(&page);
    page.run();
    page.get_by_label("Remove shop-db · shop-web from the list?");
    page.get_by_role_and_label(Role::Button, "Keep it").click();
    page.run();
    assert!(page.query_by_label("Keep it").is_none());
    assert_eq!(page.state().chosen, []);
    remove(&page);
    page.run();
    page.get_by_role_and_label(Role::Button, "Remove from the list").click();
    page.run();
    assert_eq!(page.state().chosen, [Choice::Remove("a".to_owned())]);
}

#[test]
fn the_list_has_room_in_every_window() {
    for size in [WINDOW, SMALL, egui::vec2(480.0, 320.0)] {
        let mut page = page(Start { shelf: begun_before(), ..Start::default() }, true);
        page.set_size(size);
        page.run();
        for node in page.root().children_recursive() {
            if node.accesskit_node().raw_bounds().is_some() {
                let rect = node.rect();
                assert!(-0.5 <= rect.left() && rect.right() <= size.x + 0.5, "{size:?}: {node:?}");
            }
        }
    }
}
