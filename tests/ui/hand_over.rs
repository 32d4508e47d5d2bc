//! Page 12.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::setup::{facts::WrittenFile, runbook::Format, step::StepId};

use crate::fixtures::{
    asked,
    shop::{nearly_over, shop, written},
    sized, window,
};

#[test]
fn what_can_not_be_taken_back_says_why() {
    let harness = window(shop(StepId::HandOver));
    harness.get_by_label_contains("an app still uses shop-pool; restore the app first");
    assert_eq!(
        harness.query_all_by_label_contains("· a migration cannot be undone from here").count(),
        2
    );
    assert!(harness.query_by_label_contains("Delete pool").is_none());
}

#[test]
fn a_change_is_taken_back_after_a_question() {
    let mut harness = window(nearly_over());
    harness.get_by_role_and_label(Role::Button, "Restore .env…").click();
    harness.run_ok();
    harness.get_by_label("Restore /home/anna/shop/.env?");
    assert!(asked(&harness).is_empty());
    harness.get_by_role_and_label(Role::Button, "Restore .env").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(HandOver(Undo(4))))"]);
}

#[test]
fn everything_is_taken_back_after_one_question() {
    let mut harness = window(nearly_over());
    harness.get_by_role_and_label(Role::Button, "Take everything back…").click_accesskit();
    harness.run_ok();
    assert!(asked(&harness).is_empty());
    harness.get_by_role_and_label(Role::Button, "Take everything back").click_accesskit();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(HandOver(UndoAll)))"]);
}

#[test]
fn what_was_taken_back_is_not_offered_again() {
    let harness = window(nearly_over());
    harness.get_by_label_contains("· taken back");
    assert!(harness.query_by_label("Restore schema.prisma…").is_none());
}

#[test]
fn access_that_is_still_open_is_closed_from_here() {
    let mut harness = window(nearly_over());
    harness.get_by_label_contains("Temporary access for this computer is still open.");
    harness.get_by_role_and_label(Role::Button, "Remove the access now").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Test(RemoveFrom(ClusterId(\"9cc1\")))))"]);
}

#[test]
fn the_runbook_goes_where_the_person_says() {
    let mut setup = shop(StepId::HandOver);
    setup.steps.hand_over.draft.file.clear();
    let mut harness = window(setup);
    let button = harness.get_by_role_and_label(Role::Button, "Write the runbook");
    assert!(button.accesskit_node().is_disabled());
    let field = harness.get_by_role_and_label(Role::TextInput, "File of the runbook");
    field.focus();
    field.type_text("docs/POOL.md");
    harness.run_ok();
    harness.get_by_role_and_label(Role::Button, "Write the runbook").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(HandOver(Write)))"]);
}

#[test]
fn each_form_is_looked_at_saved_and_opened() {
    let mut harness = window(shop(StepId::HandOver));
    harness.get_by_label_contains("# Connection pooling of ");
    let form = harness.get_by_role_and_label(Role::RadioButton, "As commands");
    form.click_accesskit();
    harness.run_ok();
    harness.get_by_role_and_label(Role::ComboBox, "Commands for");
    harness.get_by_label_contains("#!/bin/bash");
    let save = harness.get_by_role_and_label(Role::Button, "Save POOLING-doctl.sh");
    save.click_accesskit();
    harness.run_ok();
    let saved = "Do(Step(HandOver(Save(Commands(Doctl)))))";
    assert_eq!(asked(&harness), [saved]);

    let form = harness.get_by_role_and_label(Role::RadioButton, "HTML");
    form.click_accesskit();
    harness.run_ok();
    assert!(harness.query_by_label_contains("Open POOLING.html").is_none());
    let place =
        harness.state().setup.steps.hand_over.place(Format::Html, &harness.state().setup.facts);
    let file =
        WrittenFile { file: place.expect("a place"), ..written("POOLING.html", "300 lines") };
    harness.state_mut().setup.steps.hand_over.saved.push(file);
    harness.run_ok();
    harness.get_by_role_and_label(Role::Button, "Open POOLING.html").click_accesskit();
    harness.run_ok();
    assert!(asked(&harness)[1].starts_with("Do(Step(HandOver(Open("), "{:?}", asked(&harness));
}

#[test]
fn the_team_profile_is_looked_at_and_saved_into_the_project() {
    let mut harness = window(shop(StepId::HandOver));
    harness.get_by_role_and_label(Role::RadioButton, "Team profile").click_accesskit();
    harness.run_ok();
    harness.get_by_label("cluster = \"shop-db\"");
    harness.get_by_role_and_label(Role::Button, "Save poolwright.toml").click_accesskit();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(HandOver(Save(Profile))))"]);
}

#[test]
fn another_environment_is_begun_from_here() {
    let tall = egui::vec2(1180.0, 1900.0);
    let mut harness = sized(shop(StepId::HandOver), tall, egui::Theme::Light);
    let label = "Do the same for another environment";
    harness.get_by_role_and_label(Role::Button, label).click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Another"]);
}
