//! Fixes of the connection test: act, look at the effect as a value, settle, look at the facts.

use std::net::Ipv4Addr;

use jiff::Timestamp;

use super::*;
use crate::{
    domain::{
        access::lets_in,
        cluster::Environment,
        diagnosis::Sources,
        features::inferred,
        pool::PoolMode,
        stages::{Probe, Tracking},
    },
    setup::{
        Msg as Whole, Order, Setup,
        facts::WrittenFile,
        steps::{self, urls},
        stories::{account, cluster, made, order},
    },
};

const HERE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// Both URLs are established, the page was not opened yet.
fn before_the_test() -> Setup {
    let mut setup = Setup::new(Rules::default());
    setup.facts.account = Some(account());
    let mut cluster = cluster(Environment::Staging);
    cluster.ca = Some("the cluster's".to_owned());
    setup.facts.cluster = Some(cluster);
    setup.facts.pool = Some(made(&order()));
    setup.act(now(), urls::Msg::Accept.into());
    assert!(setup.facts.urls.is_some());
    setup
}

#[test]
fn the_test_starts_by_itself_unless_the_person_wants_to_start_it() {
    let mut setup = before_the_test();
    setup.rules.tests_start = false;
    assert!(effect_of(setup.act(now(), Whole::Go(StepId::Test))).is_none());
    setup.rules.tests_start = true;
    let started = effect_of(setup.act(now(), Whole::Go(StepId::Test)));
    assert!(matches!(started, Some((_, Effect::Run { .. }))), "{started:?}");
}

/// The effect that this starts.
fn effect(setup: &mut Setup, msg: Msg) -> (Ticket, Effect) {
    effect_of(setup.act(now(), msg.into())).expect("an effect was started")
}

fn effect_of(orders: Vec<Order>) -> Option<(Ticket, Effect)> {
    orders.into_iter().find_map(|order| match order {
        Order::Start(start) => match start.effect {
            steps::Effect::Test(effect) => Some((start.ticket, effect)),
            other => panic!("not the test's: {other:?}"),
        },
        Order::Cancel(_) => None,
    })
}

/// Names of the pooled and the direct URL, and what is known, as the test gets them.
fn run_of(effect: Effect) -> (Target, Target, Known) {
    match effect {
        Effect::Run { pooled, direct, known, .. } => (pooled, direct, *known),
        other => panic!("no test: {other:?}"),
    }
}

#[test]
fn a_repair_changes_the_urls_tests_again_and_asks_for_review_of_what_was_written() {
    let mut setup = before_the_test();
    setup.facts.urls.as_mut().unwrap().pooled.database = "shop".to_owned();
    setup.facts.env_files = Some(Vec::<WrittenFile>::new());

    let repair = Repair::Name(Port::Pooled, "shop-pool".to_owned());
    let (_, effect) = effect(&mut setup, Msg::Repair(repair));

    let (pooled, direct, _) = run_of(effect);
    assert_eq!((pooled.url.database.as_str(), direct.url.database.as_str()), ("shop-pool", "shop"));
    assert_eq!(setup.facts.urls.as_ref().unwrap().pooled.database, "shop-pool");
    assert_eq!(setup.facts.env_files, None);
    assert!(setup.facts.review.contains(&StepId::EnvFiles));
}

#[test]
fn the_cluster_s_certificate_is_used_where_it_was_not() {
    let mut setup = before_the_test();
    setup.facts.urls.as_mut().unwrap().ca = None;
    let (ticket, first) = effect(&mut setup, Msg::Run);
    assert!(run_of(first).2.authority_unused);
    setup.settle(now(), ticket, Msg::Failed(Problem::new("x", "It stopped.", "")).into());

    let (_, again) = effect(&mut setup, Msg::Repair(Repair::Certificate));

    let (pooled, _, known) = run_of(again);
    assert_eq!(pooled.ca.as_deref(), Some("the cluster's"));
    assert!(!known.authority_unused);
}

#[test]
fn a_fetched_password_goes_into_every_url_of_its_user_and_is_tested() {
    let mut setup = before_the_test();
    let (ticket, effect) = effect(&mut setup, Msg::FetchPassword("shop_app".to_owned()));
    assert!(matches!(effect, Effect::FetchPassword { ref user, .. } if user == "shop_app"));

    let fetched = Msg::Fetched("shop_app".to_owned(), Secret::new("the current one"));
    let orders = setup.settle(now(), ticket, fetched.into());

    let (pooled, direct, _) = run_of(effect_of(orders).expect("a test").1);
    assert_eq!(pooled.url.password, Some(Secret::new("the current one")));
    assert_eq!(direct.url.password, Some(Secret::new("AVNS_canary")), "another user's stays");
    let cluster = setup.facts.cluster.as_ref().unwrap();
    assert_eq!(cluster.password_of("shop_app"), Some(&Secret::new("the current one")));
}

#[test]
fn the_password_that_was_refused_is_not_tried_again() {
    let mut setup = before_the_test();
    let used = setup.facts.urls.as_ref().unwrap().pooled.password.clone().unwrap();
    let (ticket, _) = effect(&mut setup, Msg::FetchPassword("shop_app".to_owned()));

    let orders = setup.settle(now(), ticket, Msg::Fetched("shop_app".to_owned(), used).into());

    assert!(effect_of(orders).is_none());
    let problem = setup.problem(StepId::Test).expect("it is told");
    assert!(problem.hints.iter().any(|hint| hint.fix.is_some()), "{problem:?}");
}

#[test]
fn a_typed_password_is_used_once_and_forgotten() {
    let mut setup = before_the_test();
    setup.act(now(), Msg::TypePassword("shop_app".to_owned()).into());
    setup.steps.test.draft.password.as_mut().unwrap().typed = Secret::new("typed");

    let (_, effect) = effect(&mut setup, Msg::UsePassword);

    assert_eq!(run_of(effect).0.url.password, Some(Secret::new("typed")));
    assert!(setup.steps.test.draft.password.is_none());
}

#[test]
fn the_test_gets_what_the_account_says() {
    let mut setup = before_the_test();
    let rule = |value: &str| Rule {
        kind: "ip_addr".to_owned(),
        value: value.to_owned(),
        description: None,
        raw: serde_json::Value::Null,
    };
    let rules = vec![rule("198.51.100.1")];
    assert!(!lets_in(&rules, HERE));
    setup.facts.cluster.as_mut().unwrap().trusted_sources = Some(rules);
    setup.steps.test.draft.address = HERE.to_string();

    let (_, effect) = effect(&mut setup, Msg::Run);

    let known = run_of(effect).2;
    let names: Vec<&str> = known.pools.iter().map(|pool| pool.name.as_str()).collect();
    assert_eq!(names, ["shop-pool"]);
    assert_eq!((known.pool_port, known.direct_port), (Some(25061), Some(25060)));
    assert_eq!(known.users, ["shop_app", "doadmin"]);
    assert_eq!(known.sources, Sources::ShutsOut(1, HERE));
    assert!(known.tells_passwords);
}

#[test]
fn an_answer_of_the_web_counts_for_the_next_test_only() {
    let mut setup = before_the_test();
    let (ticket, effect) = effect(&mut setup, Msg::AskTheWeb);
    assert_eq!(effect, Effect::AskTheWeb { region: "fra1".to_owned() });

    let orders = setup.settle(now(), ticket, Msg::Web(true).into());
    let (ticket, next) = effect_of(orders).expect("a test");
    assert_eq!(run_of(next).2.web, Some(true));

    setup.settle(now(), ticket, Msg::Failed(Problem::new("x", "It stopped.", "")).into());
    let (_, later) = effect_of(setup.act(now(), Msg::Run.into())).expect("a test");
    assert_eq!(run_of(later).2.web, None);
}

#[test]
fn access_is_given_for_as_long_as_the_button_says() {
    let mut setup = before_the_test();
    setup.steps.test.draft.lease = LeaseLength::EightHours;
    setup.steps.test.draft.address = HERE.to_string();
    let fix = setup.fix(StepId::Test, &Fix::AllowThisComputer).expect("it can be done");

    let (_, effect) = effect_of(setup.act(now(), fix)).expect("an effect");

    assert!(matches!(effect, Effect::Allow { length: LeaseLength::TwoHours, .. }), "{effect:?}");
}

#[test]
fn settings_that_were_tried_replace_what_was_inferred() {
    let mut setup = before_the_test();
    let probe = Probe { mode: Some(PoolMode::Transaction), tracking: Tracking::Tracked };
    setup.facts.tested = Some(Tested {
        at: now(),
        ports: BothPorts::default(),
        probe: Some(probe),
        features: inferred(probe),
        pooler_address: None,
        server_version: None,
    });
    let (ticket, _) = effect(&mut setup, Msg::TrySettings);
    let found = Found {
        feature: Feature::StartupParameter,
        holds: crate::domain::features::Holds::Works,
        basis: crate::domain::features::Basis::Provoked,
        seen: None,
    };

    setup.settle(now(), ticket, Msg::Settings(found.clone()).into());

    let features = &setup.facts.tested.as_ref().unwrap().features;
    assert!(features.contains(&found));
    assert_eq!(features.len(), inferred(probe).len());
}

#[test]
fn a_fetch_that_was_stopped_changes_nothing() {
    let mut setup = before_the_test();
    let (ticket, _) = effect(&mut setup, Msg::FetchPassword("shop_app".to_owned()));
    setup.act(now(), Whole::from(Msg::Stop));
    let before = setup.facts.urls.clone();

    let late = Msg::Fetched("shop_app".to_owned(), Secret::new("late"));
    assert!(setup.settle(now(), ticket, late.into()).is_empty());

    assert_eq!(setup.facts.urls, before);
}
