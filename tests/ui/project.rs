//! Page 7.

use std::path::PathBuf;

use egui::accesskit::{Role, Toggled};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::setup::step::StepId;

use crate::fixtures::{
    asked,
    shop::{project_read, settled, shop},
    window,
};

#[test]
fn a_folder_is_typed_or_chosen() {
    let mut harness = window(shop(StepId::Project));
    let field = harness.get_by_role_and_label(Role::TextInput, "Folder of the project");
    field.focus();
    field.type_text("/srv/shop");
    harness.get_by_role_and_label(Role::Button, "Choose folder…").click();
    harness.run_ok();
    assert_eq!(harness.state().setup.steps.project.draft.folder, "/srv/shop");
    assert_eq!(asked(&harness), ["ChooseFolder"]);
}

#[test]
fn an_edit_is_shown_line_by_line_with_its_number() {
    let harness = window(project_read());
    harness.get_by_label("Added, line 8: directUrl = env(\"DIRECT_URL\")");
    harness.get_by_label("Unchanged, line 7: url      = env(\"DATABASE_URL\")");
    harness.get_by_label("Nothing else in this file changes.");
}

#[test]
fn an_edit_without_its_tick_is_left_out() {
    let mut harness = window(project_read());
    let tick = "The schema has no directUrl.  +1 −0";
    let node = harness.get_by_role_and_label(Role::CheckBox, tick);
    assert_eq!(node.accesskit_node().toggled(), Some(Toggled::True));
    node.click();
    harness.run_ok();
    let turned = &harness.state().setup.steps.project.draft.turned;
    assert_eq!(*turned, [(PathBuf::from("prisma/schema.prisma"), 0)]);
    harness.get_by_role_and_label(Role::Button, "Keep the files as they are");
    harness.get_by_role_and_label(Role::CheckBox, tick).click();
    harness.run_ok();
    assert!(harness.state().setup.steps.project.draft.turned.is_empty());
    harness.get_by_role_and_label(Role::Button, "Change 1 file").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Project(Write)))"]);
}

#[test]
fn what_was_found_in_the_code_has_its_place() {
    let harness = window(project_read());
    harness.get_by_label("src/jobs/notify.ts:14");
    harness.get_by_label("Worth a look: LISTEN needs a session of its own");
}

#[test]
fn written_files_name_where_the_previous_one_is_kept() {
    let harness = window(settled(StepId::Project));
    harness.get_by_label("Done: prisma/schema.prisma: +1 line, written and read back");
    harness.get_by_label_contains("backups/prisma/schema.prisma");
}
