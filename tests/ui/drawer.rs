//! The drawer of requests: what the button will send, and what was sent.

use std::collections::BTreeMap;

use egui::{Key, Modifiers, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use poolwright::{
    domain::{
        cluster::Environment,
        record::{Undo, export::json_lines},
    },
    setup::{Setup, step::StepId},
    ui::{Begun, act::Saving},
};

use crate::{
    fixtures::{
        Screen, asked, at, created, fresh, proof,
        shop::{databases_asked, let_in, settled, shop, shut_out},
        sized, sizing,
    },
    window::{Window, begun},
};

fn opened(setup: Setup) -> Harness<'static, Screen> {
    let mut harness = sized(setup, egui::vec2(1180.0, 1900.0), egui::Theme::Light);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::L);
    harness.run_ok();
    harness
}

#[test]
fn a_pools_request_is_shown_with_its_scope_its_way_back_and_its_commands() {
    let mut harness = opened(sizing(Environment::Staging));
    harness.get_by_label_contains("sends 2 requests, in this order. 1 of them changes something.");
    harness
        .get_by_label_contains("Takes the scope database:create. Step 12 deletes the pool again");
    harness.get_by_label_contains("\"mode\": \"transaction\"");
    harness.get_by_role_and_label(Role::Button, "Request 1 as a command").click();
    harness.run_ok();
    harness.get_by_label_contains("doctl databases pool create ");
    harness.get_by_label_contains("resource \"digitalocean_database_connection_pool\"");
    harness.get_by_role_and_label(Role::Button, "Copy request 1 for curl").click();
    harness.run_ok();
    let copied = asked(&harness).pop().expect("something is copied");
    assert!(copied.starts_with("Copy(") && copied.contains("Command for curl"), "{copied}");
}

#[test]
fn an_apps_settings_are_shown_masked_and_followed_to_their_end() {
    let harness = opened(shop(StepId::App));
    harness.get_by_label_contains("sends 9 requests, in this order. 1 of them changes something.");
    harness.get_by_label("PUT /v2/apps/a1");
    harness.get_by_label("GET /v2/apps/a1/deployments/DEPLOYMENT");
    let tree = format!("{:?}", harness.root());
    assert!(!tree.contains("AVNS_canary"), "a password is shown");
}

#[test]
fn a_step_that_asks_the_account_nothing_says_what_it_does_instead() {
    let harness = opened(shop(StepId::Urls));
    harness.get_by_label_contains("sends nothing to DigitalOcean. The URLs are put together");
    let harness = opened(fresh());
    harness.get_by_label_contains("Nothing is sent yet.");
}

#[test]
fn letting_this_computer_in_is_told_beside_the_main_button() {
    let harness = opened(shut_out());
    harness.get_by_label_contains("sends nothing to DigitalOcean. It connects to both ports.");
    harness.get_by_role_and_label(Role::Heading, "Allow 203.0.113.7 for 2 hours");
    harness.get_by_label("Its button sends 3 requests, in this order.");
    harness.get_by_label_contains("PUT /v2/databases/");
    let harness = opened(let_in());
    harness.get_by_role_and_label(Role::Heading, "Remove the access of 203.0.113.7");
}

#[test]
fn every_button_that_takes_something_back_is_told_where_it_stands() {
    let headings = |setup: Setup| {
        let harness = opened(setup);
        let names = harness.get_all_by_role(Role::Heading);
        names.filter_map(|node| node.accesskit_node().label()).collect::<Vec<_>>()
    };
    let has = |names: &[String], wanted: &str| names.iter().any(|name| name == wanted);

    let mut setup = settled(StepId::HandOver);
    setup.facts.leases = let_in().facts.leases;
    let cluster = setup.facts.cluster.as_ref().expect("a cluster").cluster.id.clone();
    for mut entry in created().record.entries {
        if let Undo::DeletePool { cluster: of, .. } = &mut entry.undo {
            *of = cluster.clone();
        }
        setup.record.entries.push(entry);
    }
    let names = headings(setup);
    assert!(has(&names, "Remove the access of 203.0.113.7"), "{names:?}");
    assert!(has(&names, "Take everything back"), "{names:?}");

    let names = headings(settled(StepId::App));
    assert!(has(&names, "Restore the previous settings"), "{names:?}");

    let mut setup = proof::shut_out();
    setup.rules.production_named = Some("shop-db".to_owned());
    setup.steps.test.draft.address = "203.0.113.7".to_owned();
    let names = headings(setup);
    assert!(has(&names, "Allow 203.0.113.7 for 2 hours"), "{names:?}");
    let names = headings(at(sizing(Environment::Staging), StepId::Measure));
    assert!(!names.iter().any(|name| name.starts_with("Allow ")), "{names:?}");
}

#[test]
fn what_is_taken_back_is_told_before_it_is() {
    let harness = opened(at(created(), StepId::HandOver));
    let told: Vec<String> = harness
        .get_all_by_role(Role::Heading)
        .filter_map(|node| node.accesskit_node().label())
        .filter(|name| name.starts_with("Take back: "))
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("Take back: Pool shop-pool created"), "{told:?}");
    harness.get_by_label_contains("DELETE /v2/databases/");
}

#[test]
fn the_history_is_saved_where_the_person_wants_it() {
    let mut harness = opened(settled(StepId::App));
    harness.get_by_role_and_label(Role::Tab, "History").click();
    harness.run_ok();
    harness.get_by_role_and_label(Role::Button, "Save the history…").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Save(History, \"poolwright-history.jsonl\")"]);

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("history.jsonl");
    let setup = settled(StepId::App);
    let lines = json_lines(&setup.record);
    let mut window = Window::open(Some(Begun { setup, ..begun() }), None);
    window.write(Saving::History, &file);
    window.wait_for("Written: ");
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), lines);

    // A folder that is not there: said where the history stands.
    window.write(Saving::History, &folder.path().join("gone").join("history.jsonl"));
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::L);
    window.harness.run_ok();
    window.harness.get_by_role_and_label(Role::Tab, "History").click();
    window.wait_for("The file was not written.");
}

#[test]
fn the_history_has_requests_and_files_and_is_copied_as_json_lines() {
    let mut harness = opened(settled(StepId::App));
    harness.get_by_role_and_label(Role::Tab, "History").click();
    harness.run_ok();
    assert_eq!(
        harness.get_by_role_and_label(Role::Tab, "History").accesskit_node().is_selected(),
        Some(true)
    );
    harness.get_by_role_and_label(Role::Button, "Copy the history as JSON lines").click();
    harness.run_ok();
    let copied = asked(&harness).pop().expect("something is copied");
    assert!(copied.contains("History"), "{copied}");
}

#[test]
fn the_history_has_statements_with_the_url_that_they_took() {
    let mut harness = opened(databases_asked());
    harness.get_by_role_and_label(Role::Tab, "History").click();
    harness.run_ok();
    harness.get_by_label("select count(*) from pg_stat_activity");
    harness.get_by_label_contains("1 row · 120 times, all together · 240 ms");
    harness.get_by_label_contains("refused, SQLSTATE 42704 · 240 ms");
    harness.get_by_label_contains("no answer · 240 ms");
    let told = |text: &str| harness.query_all_by_label(text).count();
    assert_eq!(told("Pooled URL, as shop_app"), 1);
    assert_eq!(told("Direct URL, as doadmin"), 2);
    assert_eq!(harness.query_all_by_label_contains(":25060/postgres").count(), 1);
    assert!(harness.query_by_label_contains("create index").is_none());
    harness.get_by_label_contains("Whole statement").click();
    harness.run_ok();
    harness.get_by_label_contains("create index on orders (buyer)");
}

#[test]
fn tabs_are_changed_by_arrows() {
    let mut harness = opened(settled(StepId::App));
    harness.get_by_role_and_label(Role::Tab, "Next").focus();
    harness.run_ok();
    harness.key_press(Key::ArrowRight);
    harness.run_ok();
    assert!(harness.get_by_role_and_label(Role::Tab, "History").is_focused());
}

#[test]
fn no_two_controls_of_the_drawer_share_a_name() {
    let shown: [fn() -> Setup; 5] = [
        || sizing(Environment::Staging),
        || shop(StepId::App),
        || settled(StepId::App),
        || settled(StepId::HandOver),
        shut_out,
    ];
    for setup in shown {
        let harness = opened(setup());
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for node in harness.root().children_recursive() {
            let node = node.accesskit_node();
            if matches!(node.role(), Role::Button | Role::Tab) {
                *names.entry(node.label().unwrap_or_default()).or_default() += 1;
            }
        }
        let twice: Vec<_> = names.iter().filter(|(_, count)| 1 < **count).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}
