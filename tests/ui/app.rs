//! Page 10.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::setup::step::StepId;

use crate::fixtures::{
    asked,
    shop::{settled, shop, switching, two_apps, unhealthy},
    window,
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
fn the_previous_settings_are_restored_only_after_a_question() {
    let mut harness = window(unhealthy());
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
    let fold = harness.get_by_role_and_label(Role::Button, "The app runs elsewhere");
    assert!(!fold.accesskit_node().is_disabled());
}
