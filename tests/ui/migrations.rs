//! Page 9.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::{setup::step::StepId, ui::act::Act};

use crate::fixtures::{
    asked,
    shop::{deploying, half_way, pending, settled},
    window,
};

#[test]
fn what_loses_data_or_locks_is_said_before_it_runs() {
    let mut harness = window(pending());
    harness.get_by_label(
        "Warning: May lose data: line 1 drops column old of \"User\" with its values",
    );
    harness.get_by_label("Warning: Locks: line 2 builds an index on \"User\"");
    harness
        .get_by_label("Undo: A migration cannot be undone from here. Make sure of a backup first.");
    harness.get_by_role_and_label(Role::Button, "SQL of 20250103000000_drop_old").click_accesskit();
    harness.run_ok();
    harness.get_by_label("ALTER TABLE \"User\" DROP COLUMN old;");
    harness.get_by_role_and_label(Role::Button, "Apply 2 migrations").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Migrations(Deploy)))"]);
}

#[test]
fn a_run_tells_what_is_applied_and_what_goes_on() {
    let harness = window(deploying());
    harness.get_by_label("20250102000000_add_posts: passed, applied, 38 ms");
    harness.get_by_label("20250103000000_drop_old: running, begun");
}

#[test]
fn one_that_stands_half_way_blocks_the_rest() {
    let mut harness = window(half_way());
    let button = harness.get_by_role_and_label(Role::Button, "Apply 2 migrations");
    assert!(button.accesskit_node().is_disabled());
    harness.get_by_label_contains("20250102000000_add_posts stands half-way.");
    harness.get_by_label_contains("was changed after it was applied");
    harness.get_by_label_contains("is in the ledger, but not in the folder.");
    let copy = "Copy the command that marks it rolled back, 20250102000000_add_posts";
    harness.get_by_role_and_label(Role::Button, copy).click();
    harness.run_ok();
    let Some(Act::Copy(copied)) = harness.state().acts.first() else { panic!("no copy") };
    let command = "npx prisma migrate resolve --rolled-back 20250102000000_add_posts";
    assert_eq!(copied.text.expose(), command);
}

#[test]
fn the_last_one_half_way_is_not_nothing_pending() {
    let mut setup = half_way();
    let status = setup.steps.migrations.status.as_mut().expect("a status");
    status.pending.clear();
    let mut harness = window(setup);
    let button = harness.get_by_role_and_label(Role::Button, "Apply the migrations");
    assert!(button.accesskit_node().is_disabled());
    assert!(harness.query_by_label_contains("Nothing is pending").is_none());
    harness.get_by_role_and_label(Role::Button, "Read the migrations again").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Migrations(Read)))"]);
}

#[test]
fn applied_ones_show_their_rows() {
    let harness = window(settled(StepId::Migrations));
    harness.get_by_role_and_label(Role::Table, "Rows of the ledger");
    harness.get_by_label_contains("Nothing is pending.");
}
