//! Steps 3 and 11: what is recorded, for how long, and what load is put on a server.

use std::{path::PathBuf, time::Duration};

use jiff::ToSpan as _;

use super::*;
use crate::{
    domain::{
        access::Rule,
        activity::{Activity, Holder, Part, Sample, Span, verdict::Verdict},
        load::{Loaded, Outcome, Through},
    },
    setup::{
        facts::{Deployed, Requests},
        steps::measure::SHUT_OUT,
    },
};

fn at(second: i64) -> Timestamp {
    now() + second.seconds()
}

fn sample(second: i64, count: u32) -> Sample {
    let holder = Holder {
        application: "shop-web".to_owned(),
        user: "shop_app".to_owned(),
        address: Some("10.0.0.9".to_owned()),
        state: "idle".to_owned(),
        count,
        age: None,
    };
    let commits = second.unsigned_abs() * 50;
    Sample { at: at(second), holders: vec![holder], commits, refused: 0 }
}

/// Recorded from the first second to the last, one sample each, as the runner reports them.
fn record(setup: &mut Setup, ticket: Ticket, seconds: std::ops::Range<i64>) -> Vec<Order> {
    let mut orders = Vec::new();
    for second in seconds {
        let msg = measure::Msg::Sample(sample(second, 20));
        orders.extend(setup.note(at(second), ticket, msg.into()));
    }
    orders
}

fn recording() -> (Setup, Ticket) {
    let mut setup = signed_in(Environment::Staging);
    let (ticket, _) = started(setup.act(now(), measure::Msg::Record.into()));
    (setup, ticket)
}

#[test]
fn a_recording_ends_with_its_length_once_it_has_enough_samples() {
    let (mut setup, ticket) = recording();
    assert!(record(&mut setup, ticket, 0..300).is_empty());
    let orders = record(&mut setup, ticket, 300..301);
    assert!(matches!(orders.as_slice(), [Order::Cancel(ended)] if *ended == ticket));
    assert_eq!(setup.standing(StepId::Measure), Standing::Done);

    let (mut setup, ticket) = recording();
    setup.rules.min_samples = 500;
    assert!(record(&mut setup, ticket, 0..499).is_empty(), "it still needs samples");
}

#[test]
fn a_recording_without_an_end_goes_on() {
    let (mut setup, ticket) = recording();
    setup.steps.measure.draft.length = measure::Length::UntilStopped;
    assert!(record(&mut setup, ticket, 0..4000).is_empty());
}

#[test]
fn a_recording_that_was_stopped_early_is_not_verified() {
    let (mut setup, ticket) = recording();
    record(&mut setup, ticket, 0..59);
    setup.act(at(59), measure::Msg::Stop.into());
    assert_eq!(setup.standing(StepId::Measure), Standing::DoneNotVerified);
    assert!(matches!(
        setup.primary(StepId::Measure),
        Primary::Act(label, _) if label == "Go on recording"
    ));
    let (ticket, _) = started(setup.act(at(60), measure::Msg::Record.into()));
    record(&mut setup, ticket, 60..61);
    assert_eq!(setup.standing(StepId::Measure), Standing::Done);
}

#[test]
fn the_switch_is_recorded_although_the_baseline_had_ended() {
    let mut setup = with_app();
    setup.facts.activity.samples = (0..60).map(|second| sample(second, 20)).collect();
    let (ticket, _) = started(setup.act(at(99), app::Msg::Switch.into()));
    let proposed = app::Msg::Proposed(app::Proposal::default());
    let orders = setup.settle(at(100), ticket, proposed.into());
    let recorded = orders.iter().any(
        |order| matches!(order, Order::Start(start) if matches!(start.effect, Effect::Measure(_))),
    );
    assert!(recorded, "{orders:?}");
}

fn shut_out(rules: Vec<Rule>) -> Setup {
    let mut setup = signed_in(Environment::Staging);
    setup.facts.cluster.as_mut().unwrap().trusted_sources = Some(rules);
    let (ticket, _) = started(setup.act(now(), measure::Msg::Record.into()));
    let problem = Problem::new(SHUT_OUT, "The database gave no answer within 10 s.", "");
    setup.settle(now(), ticket, measure::Msg::Failed(problem).into());
    setup
}

fn office() -> Rule {
    Rule {
        kind: "ip_addr".to_owned(),
        value: "192.0.2.1".to_owned(),
        description: None,
        raw: serde_json::json!({}),
    }
}

#[test]
fn who_is_shut_out_is_let_in_on_the_page_and_the_recording_begins() {
    let mut setup = shut_out(vec![office()]);
    let problem = setup.problem(StepId::Measure).unwrap();
    assert!(problem.why.starts_with("Only 1 trusted source may connect."), "{}", problem.why);
    let fix = problem.hints.first().and_then(|hint| hint.fix.clone()).unwrap();
    assert_eq!(fix, Fix::AllowThisComputer);

    let allow = setup.fix(StepId::Measure, &fix).expect("the page can let this computer in");
    assert!(setup.act(now(), allow).is_empty(), "nobody is asked for the address unasked");
    let agree = setup.fix(StepId::Test, &Fix::TryAgain).expect("the person may agree");
    let (asking, effect) = started(setup.act(now(), agree));
    assert!(matches!(effect, Effect::Test(test::Effect::FindAddress)));
    let address = [203, 0, 113, 7].into();
    let (allowing, _) = started(setup.settle(now(), asking, test::Msg::Address(address).into()));
    let cluster = setup.facts.cluster.as_ref().unwrap().cluster.id.clone();
    let lease = Lease { address, until: None, was_there: false };
    let granted = Granted { cluster, cluster_name: "shop-db".to_owned(), lease };
    let (_, effect) =
        started(setup.settle(now(), allowing, test::Msg::Allowed(granted, vec![office()]).into()));

    assert!(matches!(effect, Effect::Measure(measure::Effect::Record { .. })));
    assert_eq!(setup.standing(StepId::Measure), Standing::Working);
}

#[test]
fn where_everybody_may_connect_no_rule_is_offered() {
    let setup = shut_out(Vec::new());
    let problem = setup.problem(StepId::Measure).unwrap();
    assert!(problem.why.starts_with("Every address may connect"), "{}", problem.why);
    assert!(problem.hints.iter().all(|hint| hint.fix != Some(Fix::AllowThisComputer)));
}

#[test]
fn a_hidden_password_is_typed_once_and_never_printed() {
    let mut setup = signed_in(Environment::Staging);
    setup.facts.cluster.as_mut().unwrap().cluster.direct.password = None;
    assert!(
        matches!(setup.primary(StepId::Measure), Primary::Blocked(_, why) if why.contains("hides the password of doadmin"))
    );
    setup.steps.measure.draft.password = "AVNS_canary2".to_owned();
    assert!(!format!("{setup:?}").contains("canary2"));

    let Primary::Act(_, msg) = setup.primary(StepId::Measure) else { panic!("it is ready") };
    let orders = setup.act(now(), msg);
    assert!(!format!("{setup:?} {orders:?}").contains("canary2"));
    let (_, effect) = started(orders);

    let Effect::Measure(measure::Effect::Record { direct, .. }) = effect else { panic!() };
    assert_eq!(direct.url.password, Some(Secret::new("AVNS_canary2")));
    assert_eq!(setup.steps.measure.draft.password, "");
}

/// The app went over at second 100; both sides have enough.
fn compared(environment: Environment) -> Setup {
    let mut setup = signed_in(environment);
    setup.facts.pool = Some(made(&order()));
    setup.act(now(), urls::Msg::Accept.into());
    let samples = (0..60).map(|second| sample(second, 20));
    setup.facts.activity = Activity {
        limits: Some(Limits { max_connections: 100, superuser_reserved: 3, reserved: 0 }),
        samples: samples.chain((100..160).map(|second| sample(second, 5))).collect(),
        switch_began_at: Some(at(90)),
        switched_at: Some(at(100)),
        loads: Vec::new(),
    };
    setup.facts.deployed = Some(Deployed {
        app: AppId("a1".to_owned()),
        app_name: "shop-web".to_owned(),
        deployment: Some("8f2c".to_owned()),
        changes: Vec::new(),
        active_at: at(100),
        arrived: Some(5),
        live_url: None,
    });
    setup.facts.comparison = Some(verify::Step::live(&setup.facts, &setup.rules));
    setup.act(now(), Msg::Go(StepId::Verify));
    setup
}

fn outcome() -> Outcome {
    Outcome {
        clients: 5,
        served: 5,
        refused: 0,
        broken: 0,
        first_error: None,
        transactions: 100,
        lasted: Duration::from_secs(10),
        wait_p95: Duration::from_millis(1),
        p50: Duration::from_millis(1),
        p95: Duration::from_millis(2),
        peak: 5,
        ended: None,
    }
}

#[test]
fn what_is_recorded_under_our_own_load_counts_for_neither_side() {
    let mut setup = compared(Environment::Staging);
    let (ticket, effect) = started(setup.act(at(200), verify::Msg::Load.into()));
    let Effect::Verify(verify::Effect::Load { order, .. }) = effect else { panic!() };
    assert_eq!(setup.facts.activity.part_of(at(205)), Part::Meanwhile);

    let loaded = Loaded { order, direct: Some(outcome()), pooled: outcome() };
    setup.settle(at(220), ticket, verify::Msg::Loaded(Box::new(loaded.clone())).into());

    assert_eq!(setup.facts.loaded, Some(loaded));
    assert_eq!(setup.facts.activity.loads, [Span { from: at(200), until: at(222) }]);
    assert_eq!(setup.facts.activity.part_of(at(223)), Part::After);
}

#[test]
fn a_load_that_is_stopped_ends_its_span_too() {
    let mut setup = compared(Environment::Staging);
    let (ticket, _) = started(setup.act(at(200), verify::Msg::Load.into()));
    let orders = setup.act(at(203), verify::Msg::Stop.into());
    assert!(matches!(orders.as_slice(), [Order::Cancel(ended)] if *ended == ticket));
    assert_eq!(setup.facts.activity.loads, [Span { from: at(200), until: at(205) }]);
}

#[test]
fn production_gets_no_load_before_it_was_named_and_then_little() {
    let mut setup = compared(Environment::Production);
    assert!(setup.act(at(200), verify::Msg::Load.into()).is_empty());
    let problem = setup.problem(StepId::Verify).unwrap();
    assert!(problem.why.contains("Type the cluster's name, shop-db"), "{}", problem.why);
    assert_eq!(setup.facts.activity.loads, []);

    setup.rules.production_named = Some("shop-db".to_owned());
    setup.steps.verify.draft.clients = 500;
    setup.steps.verify.draft.seconds = 500;
    let (_, effect) = started(setup.act(at(200), verify::Msg::Load.into()));

    let Effect::Verify(verify::Effect::Load { order, .. }) = effect else { panic!() };
    assert_eq!((order.clients, order.lasts), (9, Duration::from_secs(60)));
    assert!(order.guarded);
}

#[test]
fn a_dry_run_puts_no_load_on_anything() {
    let mut setup = compared(Environment::Staging);
    setup.rules.dry_run = true;
    assert!(setup.act(at(200), verify::Msg::Load.into()).is_empty());
    assert!(setup.problem(StepId::Verify).unwrap().why.contains("dry run"));
}

#[test]
fn the_load_is_what_the_page_says() {
    let mut setup = compared(Environment::Staging);
    let draft = &mut setup.steps.verify.draft;
    assert_eq!(draft.clients, 60, "filled with what fills a small database");
    draft.through = Through::PoolOnly;
    " select 2; ".clone_into(&mut draft.statement);
    let order = setup.steps.verify.order(&setup.facts);
    assert_eq!((order.statement.as_str(), order.through), ("select 2", Through::PoolOnly));
    assert!(!order.guarded);
}

#[test]
fn requests_that_can_t_be_sent_leave_the_comparison() {
    let mut setup = compared(Environment::Staging);
    setup.facts.comparison = None;
    "http://shop.example/health".clone_into(&mut setup.steps.verify.draft.health_url);
    let (ticket, effect) = started_of_verify(setup.act(at(200), verify::Msg::Compare.into()));
    assert!(matches!(effect, verify::Effect::Requests { count: 50, .. }));

    let problem = Problem::new("connection", "The connection broke.", "");
    setup.settle(at(201), ticket, verify::Msg::Failed(problem.clone()).into());

    assert_eq!(setup.facts.comparison.as_ref().unwrap().verdict, Verdict::Better);
    assert_eq!(setup.problem(StepId::Verify), Some(&problem));
    let again = setup.fix(StepId::Verify, &Fix::TryAgain).unwrap();
    let (_, effect) = started_of_verify(setup.act(at(202), again));
    assert!(matches!(effect, verify::Effect::Requests { .. }));
}

/// The comparison may start the recording again as well.
fn started_of_verify(orders: Vec<Order>) -> (Ticket, verify::Effect) {
    let mut effects = orders.into_iter().filter_map(|order| match order {
        Order::Start(start) => match start.effect {
            Effect::Verify(effect) => Some((start.ticket, effect)),
            _ => None, // another step's
        },
        Order::Cancel(_) => None,
    });
    effects.next().expect("an effect of step 11")
}

#[test]
fn many_requests_at_production_are_the_persons_own_decision() {
    let mut setup = compared(Environment::Production);
    setup.facts.comparison = None;
    "http://shop.example/health".clone_into(&mut setup.steps.verify.draft.health_url);
    setup.act(at(200), verify::Msg::Compare.into());
    assert!(setup.facts.comparison.is_some());
    assert_eq!(setup.facts.requests, None);
    let (ticket, effect) = started_of_verify(setup.act(at(201), verify::Msg::Request.into()));
    assert!(matches!(effect, verify::Effect::Requests { count: 20, .. }), "{effect:?}");
    let requests = Requests {
        url: "http://shop.example/health".to_owned(),
        asked: 20,
        answered: 20,
        codes: vec![("200".to_owned(), 20)],
        p50: Duration::ZERO,
        p95: Duration::ZERO,
        slowest: Duration::ZERO,
        connections: None,
    };
    setup.settle(at(202), ticket, verify::Msg::Requested(requests.clone()).into());
    assert_eq!(setup.facts.requests, Some(requests));
}

#[test]
fn a_comparison_follows_the_recording_that_goes_on() {
    let mut setup = compared(Environment::Staging);
    let (ticket, _) = started(setup.act(at(160), measure::Msg::Record.into()));
    let before = setup.facts.comparison.as_ref().unwrap().after.unwrap().samples;
    setup.note(at(161), ticket, measure::Msg::Sample(sample(161, 5)).into());
    assert_eq!(setup.facts.comparison.as_ref().unwrap().after.unwrap().samples, before + 1);
}

#[test]
fn an_export_writes_what_was_compared_and_names_the_files() {
    let mut setup = compared(Environment::Staging);
    let files = vec![PathBuf::from("/tmp/proof.csv")];
    let (ticket, effect) = started(setup.act(at(200), verify::Msg::Export(files.clone()).into()));
    let Effect::Verify(verify::Effect::Export { files: asked, comparison, .. }) = effect else {
        panic!()
    };
    assert_eq!((&asked, comparison.verdict), (&files, Verdict::Better));
    setup.settle(at(201), ticket, verify::Msg::Exported(files.clone()).into());
    assert_eq!(setup.steps.verify.exported, files);
}

#[test]
fn an_app_that_went_back_leaves_the_baseline_and_no_verdict() {
    let mut setup = compared(Environment::Staging);
    let undo = Undo::RestoreSpec {
        app: AppId("a1".to_owned()),
        spec: Box::new(serde_json::json!({}).into()),
        sent: Box::new(serde_json::json!({}).into()),
    };
    setup.record.entries.push(entry(undo));
    let (ticket, _) = started(setup.act(at(200), app::Msg::Restore.into()));
    setup.settle(at(201), ticket, app::Msg::Restored.into());

    assert_eq!(setup.facts.activity.before().len(), 60);
    assert_eq!(setup.facts.activity.after().len(), 0);
    assert_eq!(setup.facts.comparison, None);
    let verdict = verify::Step::live(&setup.facts, &setup.rules).verdict;
    let why = "The app has not gone over to the pool yet.";
    assert_eq!(verdict, Verdict::NotProven(why.to_owned()));
}
