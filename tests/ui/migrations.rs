//! Page 9.

use egui::{Key, accesskit::Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::{
    setup::{step::StepId, steps::migrations::own::Runner},
    ui::act::Act,
};

use crate::fixtures::{
    asked,
    shop::{
        allowed, baseline, deploying, half_way, knex, no_tool, not_direct, own_tool, pending,
        settled, tool_ended, tool_running, tool_stopping,
    },
    window,
};

#[test]
fn what_loses_data_or_locks_is_said_before_it_runs() {
    let mut harness = window(allowed());
    harness.get_by_label(
        "Warning: May lose data: line 1 drops column old of \"User\" with its values.",
    );
    harness.get_by_label(
        "Blocks reading and writing of \"User\" until the script ends (ACCESS EXCLUSIVE). \
         Safer: Let the app stop using it first, and drop it in a later migration.",
    );
    harness.get_by_label("Warning: Locks: line 2 builds an index on \"User\".");
    harness.get_by_role_and_label(Role::Button, "SQL of 20250103000000_drop_old").click_accesskit();
    harness.run_ok();
    harness.get_by_label("ALTER TABLE \"User\" DROP COLUMN old;");
    harness.get_by_role_and_label(Role::Button, "Apply 2 migrations").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Migrations(Deploy)))"]);
}

#[test]
fn the_database_is_shown_with_its_size_its_proof_and_its_newest_backup() {
    let harness = window(pending());
    harness.get_by_label("Holds: 14 tables with about 1,204,000 rows, on PostgreSQL 16.4");
    harness.get_by_label_contains("Proved direct: At ");
    harness.get_by_label_contains("Newest backup: ");
    harness.get_by_label_contains("Undo: A migration cannot be undone from here.");
}

#[test]
fn a_loss_waits_for_the_databases_name() {
    let mut harness = window(pending());
    let button = |harness: &egui_kittest::Harness<'_, crate::fixtures::Screen>| {
        harness
            .get_by_role_and_label(Role::Button, "Apply 2 migrations")
            .accesskit_node()
            .is_disabled()
    };
    assert!(button(&harness));
    harness.get_by_label_contains(
        "One statement may lose data. Type the database's name, shop, to allow that.",
    );
    harness.get_by_role_and_label(Role::TextInput, "Name of the database").focus();
    harness.run_ok();
    harness.get_by_role_and_label(Role::TextInput, "Name of the database").type_text("shop");
    harness.run_ok();
    assert!(!button(&harness));
    harness.get_by_label("Done: Allowed in shop.");
}

#[test]
fn a_run_tells_what_is_applied_and_what_goes_on() {
    let harness = window(deploying());
    harness.get_by_label("20250102000000_add_posts: passed, applied, 38 ms");
    harness.get_by_label("20250103000000_drop_old: running, begun");
}

#[test]
fn one_that_stands_half_way_blocks_the_rest_and_has_two_ways_out() {
    let mut harness = window(half_way());
    let button = harness.get_by_role_and_label(Role::Button, "Apply 2 migrations");
    assert!(button.accesskit_node().is_disabled());
    harness.get_by_label("20250102000000_add_posts stands half-way");
    harness.get_by_label_contains("was changed after it was applied");
    harness.get_by_label_contains("is in the ledger, but not in the folder.");
    harness.get_by_role_and_label(Role::Button, "Mark as applied…").click_accesskit();
    harness.run_ok();
    harness.get_by_label("Mark 20250102000000_add_posts as applied?");
    harness.get_by_role_and_label(Role::Button, "Leave it unmarked").click_accesskit();
    harness.run_ok();
    harness.get_by_role_and_label(Role::Button, "Mark as rolled back…").click_accesskit();
    harness.run_ok();
    assert_eq!(asked(&harness), [""; 0], "nothing before it is agreed to");
    harness.get_by_role_and_label(Role::Button, "Mark as rolled back").click_accesskit();
    harness.run_ok();
    let rolled_back = "Do(Step(Migrations(Resolve(RolledBack(\"20250102000000_add_posts\")))))";
    assert_eq!(asked(&harness), [rolled_back]);
}

#[test]
fn tables_without_a_history_lead_to_a_baseline() {
    let mut harness = window(baseline());
    harness.get_by_label("The database has tables, but no history");
    harness.get_by_role_and_label(Role::Button, "Mark 1 migration as applied…").click_accesskit();
    harness.run_ok();
    harness.get_by_role_and_label(Role::Button, "Mark 1 migration as applied").click_accesskit();
    harness.run_ok();
    let first = "Do(Step(Migrations(Resolve(Baseline(\"20250102000000_add_posts\")))))";
    assert_eq!(asked(&harness), [first]);
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
    harness.get_by_role_and_label(Role::Button, "Read the migrations again").click_accesskit();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Migrations(Read)))"]);
}

#[test]
fn with_nothing_pending_the_button_says_what_it_does() {
    let mut setup = pending();
    let status = setup.steps.migrations.status.as_mut().expect("a status");
    status.pending.clear();
    let harness = window(setup);
    harness.get_by_role_and_label(Role::Button, "Keep the database as it is");
    harness.get_by_label_contains("Nothing is pending.");
}

#[test]
fn applied_ones_show_their_rows() {
    let harness = window(settled(StepId::Migrations));
    harness.get_by_role_and_label(Role::Table, "Rows of the ledger");
    harness.get_by_label_contains("Nothing is pending.");
}

#[test]
fn the_projects_tool_and_the_built_in_runner_are_a_choice() {
    let mut harness = window(own_tool());
    harness.get_by_role_and_label(Role::Button, "Migrate with Prisma Migrate");
    harness.get_by_label_contains("1 transaction has held a lock for more than 30 s.");
    harness.get_by_label_contains(
        "shop-worker (shop_app, process 4711): idle in transaction for 6 min 12 s, locks orders.",
    );
    harness.get_by_label("The direct URL in: DATABASE_URL, DIRECT_URL");
    harness.get_by_role_and_label(Role::RadioButton, "Built-in runner").click_accesskit();
    harness.run_ok();
    assert_eq!(harness.state().setup.steps.migrations.own.draft.runner, Some(Runner::BuiltIn));
    harness.get_by_role_and_label(Role::Button, "Apply 2 migrations");
}

#[test]
fn a_command_that_loses_everything_is_refused_with_its_reason() {
    let mut setup = own_tool();
    setup.steps.migrations.own.draft.command = Some((0, "npm run db:reset".to_owned()));
    let mut harness = window(setup);
    let button = harness.get_by_role_and_label(Role::Button, "Migrate with Prisma Migrate");
    assert!(button.accesskit_node().is_disabled());
    harness.get_by_label_contains(
        "Script db:reset of package.json: It drops every table, and with them every row.",
    );
    harness.get_by_role_and_label(Role::Button, "Put the command back").click_accesskit();
    harness.run_ok();
    assert_eq!(harness.state().setup.steps.migrations.own.draft.command, None);
}

#[test]
fn another_tool_is_run_and_can_be_asked() {
    let mut harness = window(knex());
    harness.get_by_role_and_label(Role::Button, "Ask Knex what is pending").click_accesskit();
    harness.run_ok();
    harness.get_by_role_and_label(Role::Button, "Migrate with Knex").click();
    harness.run_ok();
    assert_eq!(
        asked(&harness),
        ["Do(Step(Migrations(Own(Ask(0)))))", "Do(Step(Migrations(Own(Run(0)))))"]
    );
    harness.get_by_label_contains("what it will lock or lose can't be shown here.");
}

#[test]
fn the_output_is_shown_as_it_comes_and_a_stop_is_explained_before() {
    let mut harness = window(tool_running());
    harness.get_by_role_and_label(Role::Log, "Output of the program");
    harness.get_by_label_contains(
        "If it is stopped: Knex undoes the migration it was in and leaves its lock behind",
    );
    harness.get_by_role_and_label(Role::Button, "Stop").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Migrations(Own(Stop))))"]);
    let stopping = window(tool_stopping());
    stopping.get_by_label_contains("was asked to end; after 10 s it is ended.");
}

#[test]
fn a_well_ended_tool_is_done_but_not_verified_and_its_output_can_be_copied() {
    let mut harness = window(tool_ended(0));
    harness.get_by_label("Done: Ended well after 2.3 s.");
    assert_eq!(harness.state().setup.standing(StepId::Migrations).word(), "Done, not verified");
    harness.get_by_role_and_label(Role::Button, "Copy the output of the program").click_accesskit();
    harness.run_ok();
    let Some(Act::Copy(copied)) = harness.state().acts.first() else { panic!("no copy") };
    assert!(copied.text.expose().starts_with("Batch 1 run: 1 migration"));
}

#[test]
fn a_bad_end_is_a_problem_with_the_output_below() {
    let harness = window(tool_ended(1));
    harness
        .get_by_role_and_label(Role::Alert, "npx --no knex migrate:latest ended with exit code 1.");
    harness.get_by_role_and_label(Role::Log, "Output of the program");
}

#[test]
fn the_lines_scroll_by_keyboard() {
    let mut harness = window(tool_ended(0));
    let seen = |harness: &egui_kittest::Harness<'_, crate::fixtures::Screen>, batch| {
        harness.query_by_label_contains(&format!("Batch {batch} run:")).is_some()
    };
    assert!(seen(&harness, 39) && !seen(&harness, 1), "it stands at its end");
    harness.get_by_role_and_label(Role::Log, "Output of the program").focus();
    harness.run_ok();
    harness.key_press(Key::Home);
    harness.run_ok();
    assert!(seen(&harness, 1));
}

#[test]
fn without_a_tool_and_without_a_folder_the_way_on_is_said() {
    let harness = window(no_tool());
    harness.get_by_label_contains("none of the eighteen tools that Poolwright knows");
    harness.get_by_label_contains("Skip this step.");
}

#[test]
fn a_pooler_on_the_direct_url_stops_every_tool() {
    let harness = window(not_direct());
    let button = harness.get_by_role_and_label(Role::Button, "Migrate with Knex");
    assert!(button.accesskit_node().is_disabled());
    harness.get_by_label_contains("the lock that keeps two runs apart would stay with one of them");
    harness.get_by_label("The direct URL reaches the pooler, not PostgreSQL itself. Migrations run over the direct connection only.");
}
