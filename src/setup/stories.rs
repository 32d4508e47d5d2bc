//! The core's tests: act, look at the effect as a value, settle, look at the facts.

mod accounts;
mod apps;
mod measuring;
mod planning;
mod pools;
mod resuming;

use jiff::Timestamp;

use crate::{
    domain::{
        access::{Granted, Lease},
        activity::{Holder, OURS, Sample},
        app_spec::{App, AppId},
        capacity::Limits,
        client::Client,
        cluster::{Cluster, ClusterFacts, ClusterId, Endpoint, Environment, User},
        login::Login,
        migration::{Resolve, Status, surroundings::Backup},
        pool::{BadName, Pool, PoolMode, PoolName, PoolOrder},
        problem::{Fix, Problem},
        project::Project,
        record::{Entry, Undo},
        secret::Secret,
        upkeep::Upkeep,
    },
    setup::{
        Msg, Order, Rules, Setup, StepMsg,
        facts::{Account, Grant, Kept, SCOPES},
        step::{Primary, Standing, StepId},
        steps::{
            Effect, app, cluster as cluster_step, env_files, hand_over, measure,
            migrations::{
                self,
                own::{self, Look},
            },
            pool, sign_in, test, urls, verify,
        },
        ticket::Ticket,
    },
};

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

fn endpoint(database: &str, port: u16) -> Endpoint {
    Endpoint {
        host: "db.example".to_owned(),
        port,
        user: "doadmin".to_owned(),
        password: Some(Secret::new("AVNS_canary")),
        database: database.to_owned(),
    }
}

pub(super) fn cluster(environment: Environment) -> ClusterFacts {
    ClusterFacts {
        cluster: Cluster {
            id: ClusterId("c1".to_owned()),
            name: "shop-db".to_owned(),
            engine: "pg".to_owned(),
            version: "16".to_owned(),
            status: "online".to_owned(),
            region: "fra1".to_owned(),
            size: "db-s-1vcpu-1gb".to_owned(),
            tags: Vec::new(),
            direct: endpoint("defaultdb", 25060),
            private: None,
            upkeep: Upkeep::default(),
        },
        environment,
        pools: Vec::new(),
        users: vec![User {
            name: "shop_app".to_owned(),
            role: "normal".to_owned(),
            password: Some(Secret::new("p")),
        }],
        databases: vec!["defaultdb".to_owned(), "shop".to_owned()],
        ca: None,
        trusted_sources: None,
        apps: Vec::new(),
    }
}

pub(super) fn account() -> Account {
    Account {
        token: Secret::new("dop_v1_canary"),
        email: None,
        team: None,
        scopes: Vec::new(),
        passwords_visible: Some(true),
        kept: Kept::SessionOnly(None),
        expires_at: None,
    }
}

fn signed_in(environment: Environment) -> Setup {
    let mut setup = Setup::new(Rules::default());
    setup.facts.account = Some(account());
    setup.facts.cluster = Some(cluster(environment));
    setup.act(now(), Msg::Go(StepId::Pool));
    setup
}

pub(super) fn order() -> PoolOrder {
    PoolOrder {
        name: PoolName::given("shop-pool"),
        mode: PoolMode::Transaction,
        size: 11,
        db: "shop".to_owned(),
        user: Some("shop_app".to_owned()),
    }
}

pub(super) fn made(order: &PoolOrder) -> Pool {
    Pool {
        name: order.name.clone(),
        mode: order.mode,
        size: order.size,
        db: order.db.clone(),
        user: order.user.clone(),
        public: Some(endpoint("shop-pool", 25061)),
        private: None,
    }
}

/// The one effect that the orders start.
fn started(orders: Vec<Order>) -> (Ticket, Effect) {
    let mut starts = orders.into_iter().filter_map(|order| match order {
        Order::Start(start) => Some((start.ticket, start.effect)),
        Order::Cancel(_) => None,
    });
    let first = starts.next().expect("an effect was started");
    assert!(starts.next().is_none(), "only one effect was started");
    first
}

fn pool_effect(effect: Effect) -> pool::Effect {
    match effect {
        Effect::Pool(effect) => effect,
        other => panic!("not the pool's: {other:?}"),
    }
}

fn lost() -> StepMsg {
    pool::Msg::Failed(Problem::new("time-out", "No answer.", "").outcome_unknown()).into()
}

fn id() -> ClusterId {
    ClusterId("c1".to_owned())
}

#[test]
fn the_draft_is_filled_with_what_suits_the_cluster() {
    let setup = signed_in(Environment::Staging);
    assert_eq!(setup.steps.pool.decide(&setup.facts), Ok(pool::Decision::Create(order())));
}

#[test]
fn a_measured_limit_wins_over_the_plan() {
    let mut setup = signed_in(Environment::Staging);
    setup.facts.activity.limits =
        Some(Limits { max_connections: 50, superuser_reserved: 3, reserved: 0 });
    setup.act(now(), Msg::Go(StepId::Pool));
    assert_eq!(setup.steps.pool.draft.size, 23);
}

#[test]
fn a_second_click_orders_nothing() {
    let mut setup = signed_in(Environment::Staging);
    let (_, effect) = started(setup.act(now(), pool::Msg::Act.into()));
    assert_eq!(pool_effect(effect), pool::Effect::Create(id(), order()));
    assert!(setup.act(now(), pool::Msg::Act.into()).is_empty());
}

#[test]
fn a_pool_is_established_only_as_it_was_read_back() {
    let mut setup = signed_in(Environment::Staging);
    let (ticket, _) = started(setup.act(now(), pool::Msg::Act.into()));
    assert_eq!(setup.standing(StepId::Pool), Standing::Working);
    setup.settle(now(), ticket, pool::Msg::Made(made(&order())).into());
    assert_eq!(setup.facts.pool, Some(made(&order())));
    assert_eq!(setup.standing(StepId::Pool), Standing::Done);
    let undo = setup.record.entries.first().map(|entry| entry.undo.clone());
    assert_eq!(undo, Some(Undo::DeletePool { cluster: id(), pool: order().name }));
}

#[test]
fn a_lost_answer_is_looked_up_before_anything_is_sent_again() {
    let mut setup = signed_in(Environment::Staging);
    let (ticket, _) = started(setup.act(now(), pool::Msg::Act.into()));
    let (finding, effect) = started(setup.settle(now(), ticket, lost()));
    assert_eq!(pool_effect(effect), pool::Effect::LookFor(id(), order()));
    setup.settle(now(), finding, pool::Msg::Found(Some(made(&order()))).into());
    assert_eq!(setup.standing(StepId::Pool), Standing::Done);
}

#[test]
fn a_pool_that_was_not_created_may_be_ordered_again() {
    let mut setup = signed_in(Environment::Staging);
    let (ticket, _) = started(setup.act(now(), pool::Msg::Act.into()));
    let (finding, _) = started(setup.settle(now(), ticket, lost()));
    setup.settle(now(), finding, pool::Msg::Found(None).into());
    assert_eq!(setup.standing(StepId::Pool), Standing::Stopped);
    let again = setup.fix(StepId::Pool, &Fix::TryAgain).expect("the card offers to try again");
    let (_, effect) = started(setup.act(now(), again));
    assert_eq!(pool_effect(effect), pool::Effect::Create(id(), order()));
}

#[test]
fn stopping_a_create_looks_whether_it_arrived() {
    let mut setup = signed_in(Environment::Staging);
    let (ticket, _) = started(setup.act(now(), pool::Msg::Act.into()));
    let orders = setup.act(now(), pool::Msg::Stop.into());
    assert!(
        orders
            .iter()
            .any(|order| matches!(order, Order::Cancel(cancelled) if *cancelled == ticket))
    );
    assert_eq!(pool_effect(started(orders).1), pool::Effect::LookFor(id(), order()));
}

#[test]
fn a_late_answer_changes_nothing() {
    let mut setup = signed_in(Environment::Staging);
    let (ticket, _) = started(setup.act(now(), pool::Msg::Act.into()));
    setup.act(now(), pool::Msg::Stop.into());
    setup.settle(now(), ticket, pool::Msg::Made(made(&order())).into());
    assert_eq!(setup.facts.pool, None);
}

#[test]
fn production_is_changed_only_after_its_name_was_typed() {
    let mut setup = signed_in(Environment::Production);
    assert!(matches!(setup.primary(StepId::Pool), Primary::Blocked(..)));
    assert!(setup.act(now(), pool::Msg::Act.into()).is_empty());
    setup.rules.production_named = Some("shop-db".to_owned());
    started(setup.act(now(), pool::Msg::Act.into()));
}

#[test]
fn a_dry_run_sends_nothing_and_says_what_it_would_change() {
    let mut setup = signed_in(Environment::Production);
    setup.rules.dry_run = true;
    assert!(setup.act(now(), pool::Msg::Act.into()).is_empty());
    assert_eq!(setup.standing(StepId::Pool), Standing::WouldChange);
    assert_eq!(setup.facts.pool, None);
}

#[test]
fn after_a_dry_run_the_change_can_be_made() {
    let mut setup = signed_in(Environment::Staging);
    setup.set_dry_run(true);
    setup.act(now(), pool::Msg::Act.into());
    assert_eq!(setup.standing(StepId::Pool), Standing::WouldChange);
    setup.set_dry_run(false);
    let Primary::Act(_, msg) = setup.primary(StepId::Pool) else { panic!("nothing is offered") };
    started(setup.act(now(), msg));
}

#[test]
fn trying_again_does_what_went_wrong_and_nothing_else() {
    let problem = || Problem::new("time-out", "No answer.", "");
    let mut setup = signed_in(Environment::Staging);
    setup.steps.test.draft.address = "203.0.113.7".to_owned();
    let (ticket, _) = started(setup.act(now(), test::Msg::Allow.into()));
    setup.settle(now(), ticket, test::Msg::Failed(problem()).into());
    let again = setup.fix(StepId::Test, &Fix::TryAgain);
    assert!(matches!(again, Some(Msg::Step(StepMsg::Test(test::Msg::Allow)))), "{again:?}");

    setup.record.entries.push(entry(Undo::DeletePool { cluster: id(), pool: order().name }));
    setup.facts.pool = Some(made(&order()));
    let (ticket, _) = started(setup.act(now(), hand_over::Msg::Undo(0).into()));
    setup.settle(now(), ticket, hand_over::Msg::Failed(problem()).into());
    let again = setup.fix(StepId::HandOver, &Fix::TryAgain);
    let undo = hand_over::Msg::Undo(0);
    assert_eq!(format!("{again:?}"), format!("{:?}", Some(Msg::Step(undo.into()))));
}

#[test]
fn deleting_an_earlier_pool_leaves_the_one_in_use() {
    let mut setup = signed_in(Environment::Staging);
    let earlier = PoolName::given("earlier");
    setup.record.entries.push(entry(Undo::DeletePool { cluster: id(), pool: earlier }));
    setup.facts.pool = Some(made(&order()));
    let (ticket, _) = started(setup.act(now(), hand_over::Msg::Undo(0).into()));
    setup.settle(now(), ticket, hand_over::Msg::Undone.into());
    assert_eq!(setup.facts.pool, Some(made(&order())));
}

#[test]
fn neither_a_dry_run_nor_unnamed_production_lets_this_computer_in_or_restores_an_app() {
    for (dry_run, environment) in [(true, Environment::Staging), (false, Environment::Production)] {
        let mut setup = signed_in(environment);
        setup.rules.dry_run = dry_run;
        setup.steps.test.draft.address = "203.0.113.7".to_owned();
        setup.record.entries.push(entry(Undo::RestoreSpec {
            app: AppId("a1".to_owned()),
            spec: Box::new(serde_json::json!({}).into()),
            sent: Box::new(serde_json::json!({}).into()),
        }));

        assert!(setup.act(now(), test::Msg::Allow.into()).is_empty());
        assert!(setup.act(now(), app::Msg::Restore.into()).is_empty());

        assert_eq!(setup.standing(StepId::Test), Standing::Stopped);
        assert_eq!(
            setup.problem(StepId::App).map(|problem| problem.what.as_str()),
            Some("The app's settings were not restored.")
        );
    }
}

fn entry(undo: Undo) -> Entry {
    Entry { at: now(), what: String::new(), undo, undone: false }
}

fn granted(cluster: &str, address: &str, until: Option<Timestamp>) -> Granted {
    let lease = Lease { address: address.parse().unwrap(), until, was_there: false };
    Granted { cluster: ClusterId(cluster.to_owned()), cluster_name: cluster.to_owned(), lease }
}

fn undo_of(granted: &Granted) -> Undo {
    Undo::RemoveLease { cluster: granted.cluster.clone(), lease: granted.lease.clone() }
}

#[test]
fn access_to_a_second_cluster_keeps_the_first_ones_and_all_of_it_ends_with_the_program() {
    let mut setup = signed_in(Environment::Staging);
    let until = |seconds| Some(now() + std::time::Duration::from_secs(seconds));
    let first = granted("c0", "203.0.113.7", until(1800));
    let stays = granted("c3", "203.0.113.7", None);
    setup.facts.leases = vec![first.clone(), stays.clone()];
    setup.steps.test.draft.address = "203.0.113.7".to_owned();
    let (ticket, _) = started(setup.act(now(), test::Msg::Allow.into()));
    let here = granted(&id().0, "203.0.113.7", until(7200));
    setup.settle(now(), ticket, test::Msg::Allowed(here.clone(), Vec::new()).into());
    assert_eq!(setup.facts.leases, [first.clone(), stays.clone(), here.clone()]);
    assert_eq!(setup.facts.lease(), Some(&here.lease));

    setup.act(now(), test::Msg::Stop.into());
    let (ticket, effect) = started(setup.act(now(), test::Msg::RemoveTimed.into()));
    let removes = |granted: &Granted| {
        let (cluster, lease) = (granted.cluster.clone(), granted.lease.clone());
        Effect::Test(test::Effect::Remove { cluster, lease })
    };
    assert_eq!(format!("{effect:?}"), format!("{:?}", removes(&first)));
    let orders = setup.settle(now(), ticket, test::Msg::Removed(Vec::new()).into());
    let (ticket, effect) = started(orders);
    assert_eq!(format!("{effect:?}"), format!("{:?}", removes(&here)));
    assert!(setup.settle(now(), ticket, test::Msg::Removed(Vec::new()).into()).is_empty());
    assert_eq!(setup.facts.leases, [stays]);
}

#[test]
fn another_clusters_production_keeps_its_brake() {
    let mut setup = signed_in(Environment::Production);
    let undo = Undo::DeletePool { cluster: id(), pool: order().name };
    setup.act(now(), test::Msg::Stop.into());
    // A harmless cluster is chosen by now.
    let chosen = setup.facts.cluster.as_mut().unwrap();
    chosen.cluster.id = ClusterId("c9".to_owned());
    chosen.cluster.name = "playground".to_owned();
    chosen.environment = Environment::Development;
    let may = |setup: &Setup| crate::setup::may_take_back(&setup.facts, &setup.rules, &undo);
    assert!(may(&setup).is_err());
    setup.rules.production_named = Some("playground".to_owned());
    assert!(may(&setup).is_err());
    setup.rules.production_named = Some("shop-db".to_owned());
    assert_eq!(may(&setup), Ok(()));
}

#[test]
fn services_are_asked_for_the_address_only_after_the_person_agreed() {
    let mut setup = signed_in(Environment::Staging);
    assert!(setup.act(now(), test::Msg::Allow.into()).is_empty());
    let problem = setup.problem(StepId::Test).unwrap();
    assert!(problem.why.contains("checkip.amazonaws.com"), "{problem:?}");
    let agreed = setup.fix(StepId::Test, &Fix::TryAgain).unwrap();
    let (_, effect) = started(setup.act(now(), agreed));
    assert!(matches!(effect, Effect::Test(test::Effect::FindAddress)));

    let mut setup = signed_in(Environment::Staging);
    setup.steps.test.draft.address = "2001:db8::1".to_owned();
    assert!(setup.act(now(), test::Msg::Allow.into()).is_empty());
    let problem = setup.problem(StepId::Test).unwrap();
    assert!(problem.why.contains("only IPv4"), "{problem:?}");
}

#[test]
fn what_an_earlier_run_left_is_looked_for_after_a_sign_in() {
    let account = signed_in(Environment::Staging).facts.account.unwrap();
    let signs_in = |rules: Rules| {
        let mut setup = Setup::new(rules);
        setup.steps.sign_in.draft.token = "dop_v1_x".to_owned();
        let (ticket, _) = started(setup.act(now(), sign_in::Msg::SignIn.into()));
        let account = Box::new(account.clone());
        let orders = setup.settle(now(), ticket, sign_in::Msg::SignedIn(account).into());
        (setup, orders)
    };
    let (_, orders) = signs_in(Rules { dry_run: true, ..Rules::default() });
    assert!(orders.is_empty(), "a dry run changes nothing");

    let (mut setup, orders) = signs_in(Rules::default());
    let (ticket, effect) = started(orders);
    assert!(matches!(effect, Effect::Test(test::Effect::Sweep)));
    let open = vec![granted("c0", "203.0.113.7", None)];
    let ended = vec![granted("c2", "203.0.113.7", Some(now()))];
    setup.settle(now(), ticket, test::Msg::Swept { ended, open: open.clone() }.into());
    assert_eq!(setup.facts.leases, open);
    assert_eq!(setup.record.entries.len(), 2);
    assert!(setup.act(now(), test::Msg::Stop.into()).is_empty());
}

#[test]
fn access_is_removed_where_it_was_given_also_when_another_cluster_is_chosen() {
    let mut setup = signed_in(Environment::Staging);
    let [first, second] = [("c0", "203.0.113.7"), ("c2", "203.0.113.8")]
        .map(|(cluster, address)| granted(cluster, address, None));
    for given in [&first, &second] {
        setup.record.entries.push(entry(undo_of(given)));
        setup.facts.leases.push(given.clone());
    }

    let msg = test::Msg::RemoveFrom(first.cluster.clone());
    let (ticket, effect) = started(setup.act(now(), msg.into()));
    let Effect::Test(effect) = effect else { panic!("not the test's: {effect:?}") };
    let home = ClusterId("c0".to_owned());
    assert_eq!(effect, test::Effect::Remove { cluster: home, lease: first.lease });

    setup.settle(now(), ticket, test::Msg::Removed(Vec::new()).into());
    assert_eq!(setup.facts.leases, [second]);
    assert_eq!(setup.facts.cluster.as_ref().unwrap().trusted_sources, None);
    assert_eq!(setup.record.entries.iter().map(|e| e.undone).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn access_that_was_sent_and_not_confirmed_can_be_removed() {
    let mut setup = signed_in(Environment::Staging);
    setup.steps.test.draft.address = "203.0.113.7".to_owned();
    let (ticket, _) = started(setup.act(now(), test::Msg::Allow.into()));
    let address = "203.0.113.7".parse().unwrap();
    let lease = Lease { address, until: None, was_there: false };
    let sent = Granted { lease: lease.clone(), ..granted(&id().0, "203.0.113.7", None) };
    setup.note(now(), ticket, test::Msg::Sent(sent).into());
    let problem = Problem::new("time-out", "No answer.", "").outcome_unknown();
    setup.settle(now(), ticket, test::Msg::Failed(problem).into());

    assert_eq!(setup.standing(StepId::Test), Standing::Stopped);
    let (_, effect) = started(setup.act(now(), test::Msg::Remove.into()));
    let Effect::Test(effect) = effect else { panic!("not the test's: {effect:?}") };
    assert_eq!(effect, test::Effect::Remove { cluster: id(), lease });
}

#[test]
fn timed_access_ends_when_its_time_is_over() {
    let mut setup = signed_in(Environment::Staging);
    let until = now() + std::time::Duration::from_secs(1800);
    setup.facts.leases.push(granted(&id().0, "203.0.113.7", Some(until)));
    assert!(setup.due(now()).is_none());

    let msg = setup.due(until).expect("the time is over");
    let (ticket, effect) = started(setup.act(now(), msg));
    assert!(matches!(effect, Effect::Test(test::Effect::Remove { .. })));
    assert!(setup.due(until).is_none());

    // One that does not work is not sent again and again.
    let problem = Problem::new("time-out", "No answer.", "");
    setup.settle(now(), ticket, test::Msg::Failed(problem).into());
    assert!(setup.due(until).is_none());
}

#[test]
fn a_recording_ends_with_the_choice_of_its_cluster() {
    let mut setup = signed_in(Environment::Staging);
    let (recording, _) = started(setup.act(now(), measure::Msg::Record.into()));
    let mut other = cluster(Environment::Staging);
    other.cluster.id = ClusterId("c2".to_owned());
    setup.steps.cluster.clusters = vec![other.cluster.clone()];
    setup.act(now(), cluster_step::Msg::Choose(other.cluster.id.clone()).into());
    let (reading, _) = started(setup.act(now(), cluster_step::Msg::Use.into()));

    let orders = setup.settle(now(), reading, cluster_step::Msg::Read(Box::new(other)).into());

    assert!(matches!(orders.as_slice(), [Order::Cancel(ended)] if *ended == recording));
}

#[test]
fn a_comparison_starts_the_recording_it_waits_for_and_ends_with_it() {
    let mut setup = signed_in(Environment::Staging);
    let (ticket, effect) = started(setup.act(now(), verify::Msg::Compare.into()));
    assert!(matches!(effect, Effect::Measure(measure::Effect::Record { .. })));
    assert!(matches!(setup.steps.verify.phase, verify::Phase::Watching));

    let problem = Problem::new("connection", "The connection broke.", "");
    setup.settle(now(), ticket, measure::Msg::Failed(problem.clone()).into());

    assert_eq!(setup.problem(StepId::Verify), Some(&problem));
}

#[test]
fn what_is_pending_in_another_database_is_asked_anew() {
    let mut setup = signed_in(Environment::Staging);
    setup.facts.pool = Some(made(&order()));
    setup.facts.project = Some(project());
    setup.act(now(), urls::Msg::Accept.into());
    let (ticket, _) = started(setup.act(now(), migrations::Msg::Read.into()));
    let nothing = migrations::Msg::Status(Box::default());
    let (ticket, _) = started(setup.settle(now(), ticket, nothing.into()));
    let look = Look {
        tools: Vec::new(),
        surroundings: Err(Problem::new("", "", "")),
        backup: Backup::None,
    };
    setup.settle(now(), ticket, migrations::Msg::Own(own::Msg::Looked(Box::new(look))).into());
    setup.facts.pool.as_mut().unwrap().db = "defaultdb".to_owned();
    setup.act(now(), urls::Msg::Accept.into());

    assert!(setup.act(now(), migrations::Msg::Deploy.into()).is_empty());

    assert_eq!(setup.facts.migrated, None);
}

#[test]
fn a_failed_migration_is_marked_once_on_production_only_by_its_name_and_noted() {
    let how = Resolve::RolledBack("2_more".to_owned());
    let ready = |environment| {
        let mut setup = signed_in(environment);
        setup.facts.pool = Some(made(&order()));
        setup.facts.project = Some(project());
        setup.act(now(), urls::Msg::Accept.into());
        setup
    };
    let mut production = ready(Environment::Production);
    assert!(production.act(now(), migrations::Msg::Resolve(how.clone()).into()).is_empty());

    let mut setup = ready(Environment::Staging);
    let (ticket, effect) = started(setup.act(now(), migrations::Msg::Resolve(how.clone()).into()));
    let Effect::Migrations(migrations::Effect::Resolve { how: sent, .. }) = effect else {
        panic!("not the step's: {effect:?}")
    };
    assert_eq!(sent, how);
    assert!(setup.act(now(), migrations::Msg::Resolve(how.clone()).into()).is_empty());
    let status = Status { managed: true, ..Status::default() };
    let resolved = migrations::Msg::Resolved(how, Box::new(status.clone()));
    setup.settle(now(), ticket, resolved.into());

    assert_eq!(setup.steps.migrations.status_of(&setup.facts), Some(&status));
    let noted = setup.record.entries.last().map(|entry| entry.what.clone());
    assert_eq!(noted, Some("Migration 2_more marked as rolled back".to_owned()));
}

fn project() -> Project {
    Project {
        client: Client::Prisma6,
        migrations: Some("prisma/migrations".into()),
        ..Project::new("/shop")
    }
}

#[test]
fn another_project_brings_its_own_env_files() {
    let mut setup = signed_in(Environment::Staging);
    let of =
        |root: &str, file: &str| Project { env_files: vec![file.into()], ..Project::new(root) };
    setup.facts.project = Some(of("/shop", "apps/web/.env"));
    setup.steps.env_files.draft.targets.clear();
    let (ticket, _) = started(setup.act(now(), env_files::Msg::Read.into()));
    setup.settle(now(), ticket, env_files::Msg::Files(Vec::new()).into());

    setup.facts.project = Some(of("/other", ".env.local"));
    let (_, effect) = started(setup.act(now(), env_files::Msg::Read.into()));

    let files = vec![".env.local".into()];
    let Effect::EnvFiles(effect) = effect else { panic!("{effect:?}") };
    assert_eq!(effect, env_files::Effect::Read { root: "/other".into(), files });
}

#[test]
fn a_review_with_nothing_to_write_is_over() {
    let mut setup = signed_in(Environment::Staging);
    setup.facts.project = Some(project());
    setup.facts.review = vec![StepId::EnvFiles];
    setup.act(now(), env_files::Msg::Write.into());
    assert_eq!(setup.facts.review, []);
}

#[test]
fn nothing_prints_the_token_or_a_password() {
    let mut setup = with_app();
    let mut orders = setup.act(now(), app::Msg::Switch.into());
    setup.steps.sign_in.draft.token = "dop_v1_canary".to_owned();
    orders.extend(setup.act(now(), sign_in::Msg::SignIn.into()));
    let printed = format!("{setup:?} {orders:?}");
    assert!(!printed.contains("canary"), "{printed}");
}

#[test]
fn every_step_says_what_it_needs() {
    let setup = Setup::new(Rules::default());
    for step in StepId::ALL.into_iter().filter(|step| !step.needs().is_empty()) {
        assert!(matches!(setup.primary(step), Primary::Blocked(..)), "{step:?}");
    }
}

fn with_app() -> Setup {
    let mut setup = signed_in(Environment::Staging);
    setup.facts.pool = Some(made(&order()));
    setup.facts.cluster.as_mut().unwrap().apps.push(App {
        id: AppId("a1".to_owned()),
        name: "shop-web".to_owned(),
        spec: serde_json::json!({"name": "shop-web",
            "databases": [{"name": "db", "cluster_name": "shop-db", "production": true}],
            "services": [{"name": "web", "envs": [
            {"key": "DATABASE_URL", "value": "postgresql://u:canary@db.example:25060/shop", "scope": "RUN_TIME"},
        ]}]})
        .into(),
        live_url: None,
        active_deployment: None,
        updated_at: None,
    });
    setup
}
