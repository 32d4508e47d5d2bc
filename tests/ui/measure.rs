//! Page 3.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::{domain::cluster::Environment, setup::step::StepId};

use crate::fixtures::{self, asked, at, window};

#[test]
fn the_plan_is_told_until_something_is_measured() {
    let mut window = window(at(fixtures::chosen(Environment::Staging), StepId::Measure));
    window.get_by_label("The plan of shop-db, 4 GB, gives 97 connections to use.");
    window.get_by_role_and_label(Role::TextInput, "Address").focus();
    window.get_by_role_and_label(Role::TextInput, "Address").type_text("https://a.example/health");
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
    let field = window.get_by_role_and_label(Role::TextInput, "Address");
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
    window.get_by_label_contains("97 of 97 are in use.");
}
