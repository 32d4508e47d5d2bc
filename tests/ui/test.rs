//! Page 6.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::{
    domain::{
        access::LeaseLength,
        cluster::Environment,
        project::{Feature, Finding, Kind},
    },
    setup::{Setup, step::StepId, steps::test::Phase},
    ui::act::Act,
};

use crate::fixtures::{
    asked, connection,
    shop::{CANARY, let_in, project, settled, shop, shut_out, testing},
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

/// A click on the button with this name; what is asked for then.
fn clicked(setup: Setup, button: &str) -> Vec<String> {
    let mut harness = window(setup);
    // It may stand below the window's edge.
    harness.get_by_role_and_label(Role::Button, button).click_accesskit();
    harness.run_ok();
    asked(&harness)
}

#[test]
fn a_problem_tells_who_said_it_and_offers_what_can_be_done() {
    let harness = window(connection::database_for_pool());
    let what = "The pooled URL names the database, not the pool.";
    harness.get_by_role_and_label(Role::Alert, what);
    harness.get_by_label("PgBouncer said: “no such database: shop” (08P01)");
    assert_eq!(
        clicked(connection::database_for_pool(), "Use “shop-pool” and test again"),
        ["Do(Step(Test(Repair(Name(Pooled, \"shop-pool\")))))"]
    );
    assert_eq!(
        clicked(connection::exchanged(), "Exchange them and test again"),
        ["Do(Step(Test(Repair(Exchange))))"]
    );
    assert_eq!(
        clicked(connection::password_refused(), "Fetch the current password"),
        ["Do(Step(Test(FetchPassword(\"shop_app\"))))"]
    );
    assert_eq!(
        clicked(connection::password_refused(), "Paste the password"),
        ["Do(Step(Test(TypePassword(\"shop_app\"))))"]
    );
    assert_eq!(
        clicked(connection::silent_though_trusted(), "Check for a VPN or company firewall"),
        ["Do(Step(Test(AskTheWeb)))"]
    );
    assert_eq!(clicked(connection::full_pool(), "Keep trying for 2 min"), ["Do(Step(Test(Run)))"]);
}

#[test]
fn a_time_out_lets_in_for_as_long_as_its_button_says() {
    let mut setup = shut_out();
    setup.steps.test.draft.lease = LeaseLength::EightHours;
    assert_eq!(
        clicked(setup, "Allow this computer for 2 hours"),
        ["Do(Step(Test(AllowFor(TwoHours))))"]
    );
}

#[test]
fn another_password_is_typed_unseen_and_used_at_once() {
    let mut harness = window(connection::password_typed());
    harness.get_by_role_and_label(Role::PasswordInput, "Password of shop_app");
    assert!(harness.query_all_by_label_contains(CANARY).next().is_none());
    harness.get_by_role_and_label(Role::Button, "Use this password and test again").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Test(UsePassword)))"]);
}

#[test]
fn encrypted_without_a_checked_certificate_is_a_result_of_its_own() {
    let harness = window(connection::unverified());
    harness.get_by_label(
        "Encryption, Pooled: passed, not verified, TLS 1.3, certificate not checked, 31 ms",
    );
    harness.get_by_label_contains("Warning: Encrypted, but nobody verified the server");
    assert_eq!(
        clicked(connection::unverified(), "Use this cluster's certificate and test again"),
        ["Do(Step(Test(Repair(Certificate))))"]
    );
}

#[test]
fn a_result_of_two_hours_ago_says_so() {
    let harness = window(connection::old_result());
    harness.get_by_label_contains("Tested 2 h ago; it may not hold any more");
}

#[test]
fn a_column_that_waits_says_for_what() {
    let harness = window(connection::waiting());
    harness.get_by_label("Query, Pooled: running, all connections of the pool are lent out");
}

#[test]
fn what_does_not_last_in_the_pool_is_listed_and_how_that_is_known() {
    let harness = window(connection::tried_out());
    harness.get_by_label_contains("Tried out on the practice cluster");
    harness.get_by_label("LISTEN: Does not last");
    harness.get_by_label("Prepared statements of libraries: Works");
    assert!(harness.query_by_label("Try settings at sign-in").is_none());

    let harness = window(connection::unverified());
    harness.get_by_label_contains("Inferred from the mode that was proved");
    assert_eq!(
        clicked(connection::unverified(), "Try settings at sign-in"),
        ["Do(Step(Test(TrySettings)))"]
    );
}

#[test]
fn what_the_project_uses_of_it_stands_first_with_its_place() {
    let mut setup = connection::tried_out();
    let mut project = project();
    project.findings = vec![Finding {
        kind: Kind::Feature(Feature::Listen),
        file: "src/jobs.ts".into(),
        line: 12,
        what: "LISTEN jobs".to_owned(),
        why: String::new(),
    }];
    setup.facts.project = Some(project);
    let harness = window(setup);
    harness.get_by_label_contains("The project uses it in src/jobs.ts:12.");
    let top = |label: &str| {
        let place = harness.get_by_label(label).accesskit_node().bounding_box();
        place.expect("a place").y0
    };
    assert!(top("LISTEN: Does not last") < top("SET: Does not last") + 1.0);
    assert!(top("LISTEN: Does not last") < top("Temporary tables: Does not last"));
}
