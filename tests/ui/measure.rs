//! Page 3.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::{domain::cluster::Environment, setup::step::StepId};

use crate::fixtures::{self, asked, at, proof, window};

#[test]
fn the_plan_is_told_until_something_is_measured() {
    let mut window = window(at(fixtures::chosen(Environment::Staging), StepId::Measure));
    window.get_by_label("The plan of shop-db, 4 GB, gives 97 connections to use.");
    window.get_by_role_and_label(Role::TextInput, "The app's health address").focus();
    window
        .get_by_role_and_label(Role::TextInput, "The app's health address")
        .type_text("https://a.example/health");
    window.run();
    assert_eq!(window.state().setup.steps.measure.draft.health_url, "https://a.example/health");
    window.get_by_role_and_label(Role::Button, "Record the connections").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Step(Measure(Record)))"]);
}

#[test]
fn who_holds_the_connections_is_listed_with_the_most_first() {
    let window = window(fixtures::recording(3));
    // The third sample: 54 + 14 % 11 idle, 6 active; 11 others.
    window.get_by_role_and_label(Role::Heading, "Now: 74 of 97 connections in use");
    let rows: Vec<String> = window
        .root()
        .children_recursive()
        .filter_map(|node| node.accesskit_node().label().or(node.accesskit_node().value()))
        .filter(|label| label.contains("shop_app") || label.contains("unnamed"))
        .collect();
    assert!(rows.first().is_some_and(|row| row.contains("shop-web · shop_app")), "{rows:?}");
    assert!(rows.iter().any(|row| row.contains("unnamed · doadmin")), "{rows:?}");
}

#[test]
fn the_recording_tells_how_far_it_is() {
    let window = window(fixtures::recording(34));
    window.get_by_label("Recording, 34 of 60 samples.");
    let field = window.get_by_role_and_label(Role::TextInput, "The app's health address");
    assert!(field.accesskit_node().is_disabled(), "the address is asked already");
}

#[test]
fn enough_samples_lead_on_while_the_recording_goes_on() {
    let mut window = window(fixtures::recording(61));
    window.get_by_role_and_label(Role::Button, "Next: Size and create");
    window.get_by_label("Stop recording").click_accesskit();
    window.run();
    assert_eq!(asked(&window), ["Do(Step(Measure(Stop)))"]);
}

#[test]
fn a_full_database_is_waited_for_in_words() {
    let window = window(fixtures::waiting_for_a_slot());
    window.get_by_label_contains("The database has no free connection for us.");
    window.get_by_label_contains("Asked again for up to 2 min, 14 s so far");
    window.get_by_role_and_label(Role::Heading, "Who holds them, asked through a pool");
}

#[test]
fn who_is_shut_out_is_let_in_from_here() {
    let mut shown = window(proof::shut_out());
    shown.get_by_label_contains("Only 1 trusted source may connect. Most likely: this computer");
    shown.get_by_role_and_label(Role::Heading, "Access of this computer");
    shown.get_by_role_and_label(Role::Button, "Allow this computer for 2 hours").click_accesskit();
    shown.run();
    assert_eq!(asked(&shown), ["Do(Step(Test(AllowFor(TwoHours))))"]);
    let shown = window(proof::being_let_in());
    shown.get_by_label("Allowing this computer…");
}

#[test]
fn a_hidden_password_has_its_field() {
    let mut shown = window(proof::password_hidden());
    let button = shown.get_by_role_and_label(Role::Button, "Record the connections");
    assert!(button.accesskit_node().is_disabled());
    let field = "Password of doadmin";
    shown.get_by_role_and_label(Role::PasswordInput, field).focus();
    shown.get_by_role_and_label(Role::PasswordInput, field).type_text("AVNS_canary2");
    shown.run();
    shown.get_by_role_and_label(Role::Button, "Record the connections").click();
    shown.run();
    assert_eq!(asked(&shown), ["Do(Step(Measure(Password)))"]);
}

#[test]
fn the_next_deployment_is_forecast() {
    let window = window(fixtures::recording(3));
    window.get_by_label_contains(
        "Warning: Next deployment: The app holds 67. A deployment doubles that",
    );
}

#[test]
fn unnamed_connections_come_with_a_way_to_name_them() {
    let mut window = window(fixtures::recording(3));
    window.get_by_role_and_label(Role::Button, "How to name the unnamed ones").click_accesskit();
    window.run();
    window.get_by_label_contains("PGAPPNAME=shop-web");
}

#[test]
fn a_recording_that_was_stopped_early_says_that_it_is_too_short() {
    let window = window(proof::stopped_early());
    window.get_by_label("Done, not verified");
    window.get_by_label("Stopped at 20 of 60 samples: too few to compare with in step 11.");
    window.get_by_role_and_label(Role::Button, "Go on recording");
}

#[test]
fn who_waited_for_a_full_database_is_told_for_how_long() {
    let window = window(proof::waited());
    window.get_by_label_contains("It took 21 s until one was free.");
}
