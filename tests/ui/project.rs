//! Page 7.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use egui::{
    Key,
    accesskit::{Role, Toggled},
};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use poolwright::{setup::step::StepId, ui::kit};

use crate::fixtures::{
    Screen, asked,
    shop::{project_of_practice, project_read, project_reading, project_unknown, settled, shop},
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
    let tick = "The schema has no directUrl. +1 −0";
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
fn j_and_k_go_through_the_changes_and_space_ticks_one() {
    let mut harness = window(project_of_practice());
    let ticks: Vec<String> = harness
        .get_all_by_role(Role::CheckBox)
        .map(|tick| tick.accesskit_node().label().unwrap_or_default())
        .collect();
    assert!(3 <= ticks.len(), "{ticks:?}");
    for (key, at) in [(Key::J, 0), (Key::J, 1), (Key::J, 2), (Key::K, 1), (Key::K, 0), (Key::K, 0)]
    {
        harness.key_press(key);
        harness.run_ok();
        let tick = harness.get_by_role_and_label(Role::CheckBox, &ticks[at]);
        assert!(tick.is_focused(), "{key:?} to {at}");
        assert!(
            tick.rect().bottom() <= harness.ctx.content_rect().bottom(),
            "{at} is out of sight"
        );
    }
    harness.key_press(Key::Space);
    harness.run_ok();
    let tick = harness.get_by_role_and_label(Role::CheckBox, &ticks[0]);
    assert_eq!(tick.accesskit_node().toggled(), Some(Toggled::False));
}

#[test]
fn in_a_text_field_and_where_they_are_switched_off_j_and_k_are_letters() {
    let mut harness = window(project_of_practice());
    let focused = |harness: &Harness<'_, Screen>| {
        harness.get_all_by_role(Role::CheckBox).any(|tick| tick.is_focused())
    };
    let field = (Role::TextInput, "Folder of the project");
    harness.get_by_role_and_label(field.0, field.1).focus();
    harness.run_ok();
    harness.key_press(Key::J);
    harness.run_ok();
    assert!(harness.get_by_role_and_label(field.0, field.1).is_focused());
    harness.key_press(Key::Escape);
    harness.run_ok();
    kit::use_letter_keys(&harness.ctx, false);
    harness.key_press(Key::J);
    harness.run_ok();
    assert!(!focused(&harness));
    kit::use_letter_keys(&harness.ctx, true);
    harness.key_press(Key::J);
    harness.run_ok();
    assert!(focused(&harness));
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

#[test]
fn each_hunk_of_a_file_has_its_own_tick() {
    let mut harness = window(project_of_practice());
    harness.get_by_role_and_label(Role::Button, "Change 4 files");
    let tick = "A query is appended to the URL with a “?” of its own. +1 −5";
    harness.get_by_role_and_label(Role::CheckBox, tick).click_accesskit();
    harness.run_ok();
    let step = &harness.state().setup.steps.project;
    let written = step.to_write(&harness.state().setup.facts);
    let db = written.iter().find(|file| file.file.ends_with("src/lib/db.ts")).unwrap();
    assert!(db.after.contains("?connection_limit="), "left out");
    assert!(!db.after.contains("__internal"), "taken");
}

#[test]
fn a_file_is_opened_in_the_editor_from_where_it_is_named() {
    let mut harness = window(project_read());
    let name = "Open src/jobs/notify.ts in the editor: ";
    harness.get_by_label_contains(name).click_accesskit();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Project(OpenFile(\"src/jobs/notify.ts\"))))"]);
}

/// What the desktop hands over.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("a folder".to_owned())
    }
}

#[test]
fn a_folder_dropped_on_the_window_is_read() {
    let mut harness = window(shop(StepId::Project));
    harness.input_mut().dropped_files.push(Arc::new(Dropped(PathBuf::from("/srv/shop"))));
    harness.run_ok();
    assert_eq!(harness.state().setup.steps.project.draft.folder, "/srv/shop");
    assert_eq!(asked(&harness), ["Do(Step(Project(Scan)))"]);
}

#[test]
fn reading_tells_how_far_it_is_and_can_be_stopped() {
    let mut harness = window(project_reading());
    harness.get_by_label_contains("12500 files read so far.");
    harness.get_by_label_contains("Stop").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Project(Stop)))"]);
}

#[test]
fn a_stack_that_is_not_known_is_said_plainly() {
    let harness = window(project_unknown());
    harness.get_by_label_contains("No database client that Poolwright knows was found.");
    harness.get_by_label_contains("Nothing has to change here.");
}

#[test]
fn what_else_connects_says_what_is_to_be_done() {
    let harness = window(project_of_practice());
    harness.get_by_label(
        "Change: GitHub Actions: runs prisma migrate. Give this command the direct URL, as DIRECT_URL.",
    );
    harness.get_by_label("Leave: Compose: sets DATABASE_URL. Leave it as it is.");
    harness.get_by_label("1 file could not be read");
}
