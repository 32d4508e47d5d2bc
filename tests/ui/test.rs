//! Page 6.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::{
    domain::cluster::Environment,
    setup::{step::StepId, steps::test::Phase},
    ui::act::Act,
};

use crate::fixtures::{
    asked,
    shop::{let_in, settled, shop, shut_out, testing},
    window,
};

#[test]
fn each_stage_of_each_port_reads_as_one_sentence() {
    let harness = window(settled(StepId::Test));
    harness.get_by_label("Port, Pooled: passed, open, 24 ms");
    harness.get_by_label("Sign-in, Direct: passed, shop_app, 58 ms");
    harness.get_by_label_contains("Tested at ");
}

#[test]
fn a_running_test_tells_what_it_waits_for_and_can_be_stopped() {
    let mut harness = window(testing());
    harness.get_by_label("Sign-in, Pooled: running");
    harness.get_by_label("Query, Direct: waiting");
    harness.get_by_role_and_label(Role::Button, "Stop").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Test(Stop)))"]);
}

#[test]
fn the_address_services_are_named_before_they_are_asked() {
    let mut setup = shut_out();
    setup.steps.test.draft.address.clear();
    let mut harness = window(setup);
    harness.get_by_label_contains("checkip.amazonaws.com and ipv4.icanhazip.com");
    let allow = harness.get_by_role_and_label(Role::Button, "Allow the address for 2 hours");
    assert!(allow.accesskit_node().is_disabled());
    harness.get_by_role_and_label(Role::Button, "Find the address").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Test(FindAddress)))"]);
}

#[test]
fn this_computer_is_allowed_by_its_address() {
    let mut harness = window(shut_out());
    harness.get_by_label_contains("this computer (203.0.113.7) is not one of them");
    harness.get_by_role_and_label(Role::Button, "Allow 203.0.113.7 for 2 hours").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Test(Allow)))"]);
}

#[test]
fn production_is_not_opened_before_it_was_named() {
    let mut setup = shut_out();
    setup.facts.cluster.as_mut().expect("a cluster").environment = Environment::Production;
    let harness = window(setup);
    let allow = harness.get_by_role_and_label(Role::Button, "Allow 203.0.113.7 for 2 hours");
    assert!(allow.accesskit_node().is_disabled());
}

#[test]
fn an_open_cluster_says_what_its_first_trusted_source_would_do() {
    let mut setup = shut_out();
    setup.facts.cluster.as_mut().expect("a cluster").trusted_sources = Some(Vec::new());
    let harness = window(setup);
    harness.get_by_label_contains("The first one shuts everybody else out, the app too");
    harness.get_by_label_contains("App Platform then starts a deployment of it.");
    assert!(harness.query_by_role_and_label(Role::Button, "Find the address").is_none());
}

#[test]
fn an_ipv6_address_is_said_to_be_impossible() {
    let mut setup = shut_out();
    "2001:db8::1".clone_into(&mut setup.steps.test.draft.address);
    let harness = window(setup);
    harness.get_by_label_contains("DigitalOcean's trusted sources accept only IPv4 addresses.");
}

#[test]
fn open_access_can_be_removed_before_its_time() {
    let mut harness = window(let_in());
    harness.get_by_label_contains("203.0.113.7 is a trusted source until");
    harness.get_by_role_and_label(Role::Button, "Remove the access now").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Test(Remove)))"]);
}

#[test]
fn a_rule_that_was_there_before_is_never_offered_for_removal() {
    let mut setup = let_in();
    setup.facts.leases[0].lease.was_there = true;
    let harness = window(setup);
    assert!(harness.query_by_label("Remove the access now").is_none());
}

#[test]
fn the_result_is_copied_as_text_for_a_ticket() {
    let mut harness = window(shut_out());
    harness.get_by_label("Copy the result for a ticket").click_accesskit();
    harness.run_ok();
    let Some(Act::Copy(copied)) = harness.state().acts.first() else { panic!("no copy") };
    assert!(!copied.secret);
    let text = copied.text.expose();
    assert!(
        text.contains("direct  Port              [time-out] No answer on the direct port"),
        "{text}"
    );
    assert!(text.contains("pooled  Query             not reached"), "{text}");
}

#[test]
fn what_the_probe_found_is_told_in_words() {
    let harness = window(settled(StepId::Test));
    harness.get_by_label_contains("Proved: Transaction mode");
    harness.get_by_label_contains("Warning: Prepared statements are lost between transactions");
}

#[test]
fn an_untested_page_offers_the_test() {
    let mut setup = shop(StepId::Test);
    setup.steps.test.phase = Phase::Idle;
    let mut harness = window(setup);
    harness.get_by_role_and_label(Role::Button, "Test both connections").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Test(Run)))"]);
}
