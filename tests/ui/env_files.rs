//! Page 8.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::fixtures::{
    asked,
    shop::{CANARY, env_files_read, env_files_written},
    window,
};

#[test]
fn changed_lines_stand_masked_with_their_numbers() {
    let harness = window(env_files_read());
    let removed: Vec<String> = labels(&harness, "Removed, line 2: DATABASE_URL=");
    assert_eq!(removed.len(), 1);
    assert!(removed[0].contains("doadmin:••••••••••@"), "{removed:?}");
    assert!(!removed[0].contains(CANARY));
    assert_eq!(labels(&harness, "Added, line 2: DATABASE_URL=").len(), 1);
    assert!(labels(&harness, "STRIPE").is_empty());
}

fn labels(harness: &egui_kittest::Harness<'_, crate::fixtures::Screen>, part: &str) -> Vec<String> {
    let found = harness.query_all_by_label_contains(part);
    found.map(|node| node.value().unwrap_or_default()).collect()
}

#[test]
fn a_tracked_file_blocks_until_it_is_left_out() {
    let mut harness = window(env_files_read());
    let button = harness.get_by_role_and_label(Role::Button, "Write the env files");
    assert!(button.accesskit_node().is_disabled());
    harness.get_by_label_contains("This file is tracked by git.");
    let tick = ".env.production: new file, 2 variables";
    harness.get_by_role_and_label(Role::CheckBox, tick).click_accesskit();
    harness.run_ok();
    harness.get_by_role_and_label(Role::Button, "Write 2 variables").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(EnvFiles(Write)))"]);
}

#[test]
fn another_file_is_added_and_read() {
    let mut harness = window(env_files_read());
    let add = harness.get_by_role_and_label(Role::Button, "Add file");
    assert!(add.accesskit_node().is_disabled());
    let field = harness.get_by_role_and_label(Role::TextInput, "Another file");
    field.focus();
    field.type_text(".env.local");
    harness.run_ok();
    harness.get_by_role_and_label(Role::Button, "Add file").click_accesskit();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(EnvFiles(Read)))"]);
    let targets = &harness.state().setup.steps.env_files.draft.targets;
    assert!(targets.iter().any(|target| target.file.ends_with(".env.local") && target.ticked));
}

#[test]
fn a_file_outside_the_project_is_refused_with_the_reason() {
    let mut setup = env_files_read();
    setup.steps.env_files.draft.another = "../.env".to_owned();
    let harness = window(setup);
    harness.get_by_label("The file has to lie inside the project.");
}

#[test]
fn a_written_file_stays_as_it_is() {
    let harness = window(env_files_written());
    harness.get_by_label("Done: .env: 2 variables, written and read back");
    harness.get_by_label("Done: Both variables stand there as they should.");
    harness.get_by_role_and_label(Role::Button, "Next: Migrations");
}

#[test]
fn another_place_gets_the_variables_in_its_own_format_masked() {
    let harness = window(env_files_read());
    harness.get_by_label("For another place");
    let shown = labels(&harness, "services:");
    assert_eq!(shown.len(), 1);
    assert!(shown[0].contains("DATABASE_URL: \"postgresql://"), "{shown:?}");
    assert!(shown[0].contains("••••••••••"), "{shown:?}");
    assert!(!shown[0].contains(CANARY));
    harness.get_by_role_and_label(Role::Button, "Copy with password: Docker Compose");
}
