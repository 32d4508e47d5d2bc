//! Page 10.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::setup::{step::StepId, steps::app::Migrations};

use crate::fixtures::{
    asked,
    shop::{
        app_by_hand, asking, many_apps, migrating, no_app, not_arrived, not_attached, settled,
        shop, switching, two_apps, unhealthy, written_out,
    },
    sized, window,
};

#[test]
fn one_of_several_apps_is_chosen() {
    let mut harness = window(two_apps());
    harness.get_by_role_and_label(Role::RadioButton, "shop-worker").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(App(Choose(AppId(\"a2\")))))"]);
}

#[test]
fn variables_stand_before_and_after_and_others_do_not() {
    let mut harness = window(shop(StepId::App));
    harness.get_by_label("Removed: DATABASE_URL=${db.DATABASE_URL}");
    harness
        .get_by_label_contains("Added: DATABASE_URL=${db.shop-pool.DATABASE_URL}&pgbouncer=true");
    assert!(harness.query_by_label_contains("STRIPE_KEY").is_none());
    harness.get_by_label_contains("We do not ask for new code.");
    harness.get_by_role_and_label(Role::Button, "Switch shop-web to the pool").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(App(Switch)))"]);
}

#[test]
fn refusals_are_foretold_where_there_is_no_room() {
    let harness = window(shop(StepId::App));
    harness.get_by_label_contains(
        "82 held today at most + 48 for the pool + 3 in reserve = 133 of 97.",
    );
    harness.get_by_label_contains("36 over the limit");
}

#[test]
fn a_deployment_tells_its_phases() {
    let harness = window(switching());
    harness.get_by_label("Settings sent: passed");
    harness.get_by_label("Waiting to deploy: passed");
    harness.get_by_label("Deploying: running");
    harness.get_by_label("Connections through the pool: not reached");
}

#[test]
fn after_a_deployment_that_failed_one_click_restores_the_settings() {
    let mut harness = window(unhealthy());
    assert!(harness.query_by_label("Restore the previous settings…").is_none());
    for label in ["Restore the previous settings", "Restore the settings of shop-web"] {
        harness.get_by_role_and_label(Role::Button, label).click();
        harness.run_ok();
    }
    assert_eq!(asked(&harness), ["Do(Step(App(Restore)))"; 2], "in the card and below");
}

#[test]
fn what_is_deployed_says_how_it_goes_and_after_a_failure_that_comes_first() {
    let harness = window(switching());
    harness.get_by_label_contains("Log of web, while it is deployed");
    harness.get_by_label_contains("listening on 0.0.0.0:8080");
    // Drawn without a missing glyph, and still said as it came.
    harness.get_by_label_contains("built in 3 s 🚀");

    let harness = window(unhealthy());
    let log = harness.get_by_label("Log of web, while it is deployed").rect();
    let phases = harness.get_by_label("Deployment").rect();
    assert!(log.bottom() < phases.top(), "{log:?} {phases:?}");
    harness.get_by_label_contains("Error: connect ETIMEDOUT 10.114.0.7:25061");
    harness.get_by_label_contains("connecting as shop_app with ••••••••••");
}

#[test]
fn a_job_for_migrations_is_offered_and_left_out_until_it_is_ticked() {
    let job = "Let a job named migrate run them before each deployment, over the direct URL";
    let mut harness = sized(migrating(), egui::vec2(1180.0, 1900.0), egui::Theme::Light);
    harness.get_by_label("Added: migrate.run_command: npx prisma migrate deploy");
    harness.get_by_label_contains("and the job for migrations change, and nothing else");
    harness.get_by_label_contains("STRIPE_KEY of web is encrypted");
    harness.get_by_role_and_label(Role::CheckBox, job).click();
    harness.run_ok();
    assert!(harness.query_by_label_contains("Added: migrate.").is_none());
    harness.get_by_label_contains("Over the pool migrations can stop half-way.");

    let mut unasked = migrating();
    unasked.steps.app.draft.migrations = Migrations::default();
    let plan = unasked.steps.app.plan(&unasked.facts).expect("an app").expect("a plan");
    assert!(plan.spec.get("jobs").is_none(), "nothing is moved unasked");
}

#[test]
fn settings_that_work_are_restored_only_after_a_question() {
    let mut harness = window(settled(StepId::App));
    harness.get_by_role_and_label(Role::Button, "Restore the previous settings…").click();
    harness.run_ok();
    assert!(asked(&harness).is_empty());
    harness.get_by_label("Restore the previous settings of shop-web?");
    harness.get_by_role_and_label(Role::Button, "Keep current settings").click();
    harness.run_ok();
    assert!(asked(&harness).is_empty());
    harness.get_by_role_and_label(Role::Button, "Restore the previous settings…").click();
    harness.run_ok();
    harness.get_by_role_and_label(Role::Button, "Restore settings").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(App(Restore)))"]);
}

#[test]
fn what_is_hidden_from_our_role_is_not_called_verified() {
    let mut setup = settled(StepId::App);
    setup.facts.deployed.as_mut().expect("a deployment").arrived = None;
    let harness = window(setup);
    harness
        .get_by_label("Connections through the pool: passed, not verified, hidden from this role");
    harness.get_by_label_contains("so it is not verified");
}

#[test]
fn without_an_app_the_page_says_so() {
    let mut setup = shop(StepId::App);
    setup.facts.cluster.as_mut().expect("a cluster").apps.clear();
    let harness = window(setup);
    harness.get_by_label_contains("No app found.");
    harness.get_by_role_and_label(Role::Heading, "The app runs elsewhere");
    let button = harness.get_by_role_and_label(Role::Button, "I have restarted it");
    assert!(!button.accesskit_node().is_disabled());
}

#[test]
fn of_two_thousand_apps_those_in_sight_are_drawn() {
    let mut harness = window(many_apps());
    let rows = harness.get_all_by_role(Role::RadioButton).count();
    assert!(rows < 20, "{rows} rows are drawn");
    harness.get_by_role_and_label(Role::TextInput, "Find an app").focus();
    harness.get_by_role_and_label(Role::TextInput, "Find an app").type_text("-1999");
    harness.run_ok();
    harness.get_by_label("1 of 2000 apps that use this cluster");
    harness.get_by_role_and_label(Role::RadioButton, "shop-1999");
}

#[test]
fn an_attachment_has_a_line_of_its_own_and_the_build_is_warned() {
    let harness = window(not_attached());
    harness.get_by_label_contains("shop-db is attached to the app as its component db.");
    harness.get_by_label_contains("DATABASE_URL is there at build time too");
    harness.get_by_label_contains(
        "and the attachment change, and nothing else in the app's settings.",
    );
}

#[test]
fn a_url_that_is_written_out_is_masked_on_the_page() {
    let harness = window(written_out());
    harness.get_by_label_contains("Added: DATABASE_URL=postgresql://shop_app:••••••••••@");
    assert!(harness.query_by_label_contains("is attached to the app").is_none());
}

#[test]
fn what_comes_besides_the_variables_is_told_before_it_is_sent() {
    let mut harness = window(asking());
    harness.get_by_label_contains("The cost changes from 12.00 to 17.00 USD a month.");
    harness.get_by_role_and_label(Role::Button, "Switch shop-web all the same").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(App(Confirm)))"]);
}

#[test]
fn variables_are_copied_where_the_token_may_not_change_them() {
    let mut harness = window(app_by_hand());
    harness.get_by_label("Copy DATABASE_URL of web");
    harness.get_by_role_and_label(Role::Button, "I have changed shop-web").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(App(Restarted(\"shop-web\"))))"]);
}

#[test]
fn an_app_elsewhere_is_restarted_by_hand_and_looked_for() {
    let mut harness = window(no_app());
    harness.get_by_role_and_label(Role::Button, "I have restarted it").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(App(Restarted(\"\"))))"]);

    let mut harness = window(not_arrived());
    harness.get_by_role_and_label(Role::Button, "Look again").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(App(LookAgain)))"]);
}
