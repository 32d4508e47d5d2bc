//! Before and after for real: clients on a small database, directly and through a pool; who holds its connections; and
//! what a load may not do.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use jiff::Timestamp;
use poolwright::{
    disk::{self, Access, Expected},
    domain::{
        activity::{
            Activity, OURS, Sample,
            verdict::{Verdict, compare},
        },
        cluster::{Cluster as Account, ClusterFacts, ClusterId, Endpoint, Environment, User},
        conn_url::ConnUrl,
        load::{Guard, Loaded, Order, Outcome, Progress, SELECT_ONE, Through},
        pool::{Pool, PoolMode, PoolName},
        timing::Timing,
        upkeep::Upkeep,
    },
    effects::{Report, World, runner::Runner},
    postgres::{
        activity::{Watch, holders_through},
        load::{Target, gone, run, usual_waits},
    },
    practice::cluster::{APP_DATABASE, APP_ROLE, Cluster, OWNER, PUBLIC_HOST},
    setup::{
        Order as Ordered, Rules, Setup, StepMsg,
        facts::Deployed,
        step::StepId,
        steps::{measure, verify},
    },
};
use sqlx::{
    ConnectOptions as _, Executor as _,
    postgres::{PgConnectOptions, PgConnection, PgSslMode},
};
use tokio::{runtime::Handle, sync::watch};

use crate::{proof::proving, served};

const POOL: &str = "contrezz-pool";

/// Full lengths where everything is proved, short ones else.
fn lasts() -> Duration {
    let seconds = if proving() { 30 } else { 7 };
    Duration::from_secs(seconds)
}

async fn cluster(mode: PoolMode, size: u32) -> Cluster {
    let mut cluster = Cluster::start().await.unwrap();
    cluster.set_pools(vec![served::pool(POOL, mode, size)]).await.unwrap();
    cluster
}

fn url(cluster: &Cluster, role: &str, port: u16, database: &str) -> ConnUrl {
    served::url(cluster, role, port, database).with_parameter("sslmode", "require")
}

fn direct(cluster: &Cluster, role: &str) -> Target {
    let url = url(cluster, role, cluster.direct_port(), APP_DATABASE);
    Target { url, ca: Some(cluster.ca().to_owned()) }
}

fn pooled(cluster: &Cluster) -> Target {
    let url = url(cluster, APP_ROLE, cluster.pool_port(), POOL);
    Target { url, ca: Some(cluster.ca().to_owned()) }
}

async fn watch_on(cluster: &Cluster) -> Watch {
    watch_as(cluster, OWNER).await
}

async fn watch_as(cluster: &Cluster, role: &str) -> Watch {
    let target = direct(cluster, role);
    Watch::open(&target.url, target.ca.as_deref(), &Timing::default()).await.unwrap()
}

/// A connection of the app's own role, held until it is dropped.
async fn held(cluster: &Cluster, name: &str) -> Result<PgConnection, sqlx::Error> {
    held_as(cluster, APP_ROLE, name).await
}

async fn held_as(cluster: &Cluster, role: &str, name: &str) -> Result<PgConnection, sqlx::Error> {
    PgConnectOptions::new_without_pgpass()
        .host(PUBLIC_HOST)
        .port(cluster.direct_port())
        .username(role)
        .password(cluster.password(role).unwrap().expose())
        .database(APP_DATABASE)
        .application_name(name)
        .ssl_mode(PgSslMode::Require)
        .connect()
        .await
}

fn order(clients: u32, lasts: Duration) -> Order {
    Order {
        clients,
        lasts,
        statement: SELECT_ONE.to_owned(),
        through: Through::Both,
        guarded: false,
    }
}

/// Runs a load and records meanwhile, as the program records: ten samples a second, with the refusals of each.
async fn recorded(cluster: &Cluster, target: &Target, order: &Order) -> (Outcome, Vec<Sample>) {
    let mut looker = watch_on(cluster).await;
    let mut recorder = watch_on(cluster).await;
    let (tell, heard) = watch::channel(Progress::default());
    let recording = async {
        let (mut samples, mut refused) = (Vec::new(), 0);
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        while heard.has_changed().is_ok() {
            ticks.tick().await;
            let so_far = heard.borrow().refused;
            samples.push(recorder.sample(so_far - refused).await.unwrap());
            refused = so_far;
        }
        samples
    };
    let loading = async {
        let tell = tell;
        run(target, order, &mut looker, None, |progress| {
            tell.send_replace(progress);
        })
        .await
        .unwrap()
    };
    let (outcome, samples) = tokio::join!(loading, recording);
    gone(&mut looker, Duration::from_secs(5)).await.unwrap();
    (outcome, samples)
}

/// Both recordings as the core would hold them.
async fn switched(cluster: &Cluster, before: Vec<Sample>, after: Vec<Sample>) -> Activity {
    let limits = watch_on(cluster).await.limits().await.unwrap();
    Activity {
        limits: Some(limits),
        switch_began_at: before.last().map(|last| last.at + Duration::from_millis(1)),
        switched_at: after.first().map(|first| first.at),
        samples: before.into_iter().chain(after).collect(),
        loads: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_clients_fail_on_22_slots_and_none_fails_through_a_pool_of_ten() {
    let cluster = cluster(PoolMode::Transaction, 10).await;
    // PostgreSQL counts transactions late that touch no table.
    let statement = "select relname from pg_class limit 1".to_owned();
    let order = Order { statement, ..order(40, lasts()) };

    let (directly, before) = recorded(&cluster, &direct(&cluster, APP_ROLE), &order).await;
    let (through, after) = recorded(&cluster, &pooled(&cluster), &order).await;

    let activity = switched(&cluster, before, after).await;
    let comparison = compare(&activity, 60);
    let loaded = Loaded { order, direct: Some(directly.clone()), pooled: through.clone() };
    println!("{}: {}", comparison.verdict.word(), comparison.sentence());
    println!("{}", comparison.traffic().unwrap());
    println!("{}", loaded.sentence());
    assert!(directly.served <= 22 && 40 - 22 <= directly.refused, "{directly:?}");
    let first = directly.first_error.unwrap();
    let full = ["remaining connection slots are reserved", "too many clients already"];
    assert!(full.iter().any(|words| first.said.contains(words)), "{first:?}");
    assert!(through.clean(), "{through:?}");
    assert!(through.served == 40 && through.peak <= 10, "{through:?}");
    assert_eq!(comparison.verdict, Verdict::Better);
    let (was, is) = (comparison.before.unwrap(), comparison.after.unwrap());
    // Two connections of ours look on.
    assert!(20 <= was.peak && is.peak <= 12 && is.refused == 0, "{comparison:?}");
    assert!(comparison.sentence().ends_with(", no more refusals"), "{comparison:?}");
    let said = loaded.sentence();
    assert!(
        said.contains("Through the pool all 40 clients were served, none was refused"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_holds_the_connections_is_counted_right_by_a_role_that_may_not_see_it() {
    let cluster = cluster(PoolMode::Transaction, 2).await;
    let mut admin = Vec::new();
    for name in ["shop-web", "shop-web", "shop-web", "shop-web", ""] {
        admin.push(held_as(&cluster, OWNER, name).await.unwrap());
    }
    let mut busy = held_as(&cluster, OWNER, "shop-worker").await.unwrap();
    busy.execute("begin").await.unwrap();
    let mut watch = watch_as(&cluster, APP_ROLE).await;

    let sample = watch.sample(0).await.unwrap();

    assert_eq!(sample.total(), 7, "{sample:?}");
    assert_eq!(sample.held_by(("shop-web", OWNER)), 4);
    assert_eq!(sample.held_by(("", OWNER)), 1);
    assert_eq!(sample.held_by((OURS, APP_ROLE)), 1);
    let named = |sample: &Sample, name: &str| {
        sample.holders.iter().find(|holder| holder.application == name).cloned().unwrap()
    };
    let hidden = named(&sample, "shop-web");
    assert_eq!((hidden.state.as_str(), hidden.age, hidden.address), ("hidden", None, None));

    cluster.as_superuser("postgres", "grant pg_monitor to contrezz_app").await.unwrap();
    let sample = watch.sample(0).await.unwrap();

    assert_eq!(sample.total(), 7, "the same connections, {sample:?}");
    assert_eq!(named(&sample, "shop-web").state, "idle");
    let worker = named(&sample, "shop-worker");
    assert_eq!(worker.state, "idle in transaction");
    assert!(worker.age.is_some_and(|age| age.long == 0 && Duration::ZERO < age.longest));
    drop((admin, busy));
}

/// Takes every slot that ordinary roles have.
async fn fill(cluster: &Cluster) -> Vec<PgConnection> {
    let mut all = Vec::new();
    while let Ok(connection) = held(cluster, "shop-web").await {
        all.push(connection);
    }
    all
}

fn endpoint(cluster: &Cluster, role: &str, port: u16, database: &str) -> Endpoint {
    Endpoint {
        host: PUBLIC_HOST.to_owned(),
        port,
        user: role.to_owned(),
        password: cluster.password(role).cloned(),
        database: database.to_owned(),
    }
}

/// A set-up that has chosen this cluster.
fn chosen(cluster: &Cluster) -> Setup {
    let public = endpoint(cluster, APP_ROLE, cluster.pool_port(), POOL);
    let pool = Pool {
        name: PoolName::given(POOL),
        mode: PoolMode::Transaction,
        size: 2,
        db: APP_DATABASE.to_owned(),
        user: Some(APP_ROLE.to_owned()),
        public: Some(public),
        private: None,
    };
    let rules =
        Rules { sample_every: Duration::from_millis(50), min_samples: 5, ..Rules::default() };
    let mut setup = Setup::new(rules);
    setup.facts.pool = Some(pool.clone());
    setup.facts.cluster = Some(ClusterFacts {
        cluster: Account {
            id: ClusterId("c1".to_owned()),
            name: "practice".to_owned(),
            engine: "pg".to_owned(),
            version: "15".to_owned(),
            status: "online".to_owned(),
            region: "fra1".to_owned(),
            size: "db-s-1vcpu-1gb".to_owned(),
            tags: Vec::new(),
            direct: endpoint(cluster, OWNER, cluster.direct_port(), APP_DATABASE),
            private: None,
            upkeep: Upkeep::default(),
        },
        environment: Environment::Practice,
        pools: vec![pool],
        users: vec![User {
            name: APP_ROLE.to_owned(),
            role: "normal".to_owned(),
            password: cluster.password(APP_ROLE).cloned(),
        }],
        databases: vec![APP_DATABASE.to_owned()],
        ca: Some(cluster.ca().to_owned()),
        trusted_sources: None,
        apps: Vec::new(),
    });
    setup
}

fn runner(folder: PathBuf) -> Runner {
    let nowhere = ["http://127.0.0.1:9".to_owned(), "http://127.0.0.1:9".to_owned()];
    let world = World::practice("http://127.0.0.1:9".to_owned(), nowhere, folder);
    Runner::new(world, Handle::current(), Arc::new(|| ()))
}

/// Takes reports in until this holds.
async fn until(
    setup: &mut Setup,
    runner: &mut Runner,
    holds: impl Fn(&Setup, Option<&StepMsg>) -> bool,
) {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(30) {
        let Ok(report) = tokio::time::timeout(Duration::from_secs(10), runner.next()).await else {
            break;
        };
        let report = report.unwrap();
        let done = match &report {
            Report::Note(_, msg) | Report::End(_, msg) => holds(setup, Some(msg)),
            Report::Exchange(_) | Report::Statement(_) => false,
        };
        runner.obey(report.hand_to(setup, Timestamp::now()));
        if done || holds(setup, None) {
            return;
        }
    }
    let problems: Vec<_> = StepId::ALL.into_iter().filter_map(|step| setup.problem(step)).collect();
    panic!("it did not come to that: {problems:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_database_is_explained_through_its_pool_waited_for_and_then_recorded() {
    let cluster = cluster(PoolMode::Transaction, 2).await;
    let through = pooled(&cluster);
    // The pooler keeps the server connection that this opens.
    let first = holders_through(&through.url, through.ca.as_deref(), Duration::from_secs(5)).await;
    assert!(first.is_some());
    let mut all = fill(&cluster).await;
    let folder = tempfile::tempdir().unwrap();
    let (mut setup, mut runner) = (chosen(&cluster), runner(folder.path().to_owned()));

    let orders = setup.act(Timestamp::now(), measure::Msg::Record.into());
    runner.obey(orders);
    until(&mut setup, &mut runner, |setup, _| {
        setup.steps.measure.waiting.as_ref().is_some_and(|waiting| !waiting.holders.is_empty())
    })
    .await;

    let waiting = setup.steps.measure.waiting.clone().unwrap();
    assert!(waiting.said.contains("remaining connection slots are reserved"), "{waiting:?}");
    let web: u32 = waiting
        .holders
        .iter()
        .filter(|holder| holder.application == "shop-web")
        .map(|holder| holder.count)
        .sum();
    assert_eq!(web as usize, all.len(), "{waiting:?}");

    all.pop();
    until(&mut setup, &mut runner, |setup, _| !setup.facts.activity.samples.is_empty()).await;

    let sample = setup.facts.activity.samples.first().unwrap();
    assert!(0 < sample.refused, "what was refused before is in the first sample: {sample:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_others_would_feel_ends_by_itself() {
    let cluster = cluster(PoolMode::Transaction, 10).await;
    let mut watch = watch_on(&cluster).await;
    let waits = usual_waits(&mut watch).await.unwrap();
    let usable = watch.limits().await.unwrap().usable();
    let guard = Guard::new(usable, &waits);
    let asked = Order { guarded: true, ..order(22, Duration::from_secs(20)) };

    let target = direct(&cluster, APP_ROLE);
    let outcome = run(&target, &asked, &mut watch, Some(guard), |_| ()).await.unwrap();

    let why = outcome.ended.clone().expect("the guard ended it");
    assert!(why.contains("left free"), "{why}");
    assert!(outcome.lasted < Duration::from_secs(10), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_under_which_others_wait_for_locks_ends_by_itself() {
    let cluster = cluster(PoolMode::Transaction, 10).await;
    let mut watch = watch_on(&cluster).await;
    let guard = Guard::new(watch.limits().await.unwrap().usable(), &[0]);
    let mut holder = held(&cluster, "shop-web").await.unwrap();
    holder.execute("begin; select pg_advisory_xact_lock(7)").await.unwrap();
    let waiters: Vec<_> =
        futures_util::future::join_all((0..3).map(|_| held(&cluster, "shop-web")))
            .await
            .into_iter()
            .map(|connection| {
                let mut connection = connection.unwrap();
                tokio::spawn(async move {
                    connection.execute("select pg_advisory_lock(7)").await.map(drop)
                })
            })
            .collect();

    let asked = Order { guarded: true, ..order(3, Duration::from_secs(20)) };
    let outcome = run(&pooled(&cluster), &asked, &mut watch, Some(guard), |_| ()).await.unwrap();

    assert_eq!(outcome.ended.as_deref(), Some("3 sessions of others waited, 0 before"));
    for waiter in waiters {
        waiter.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_can_not_write_and_can_not_leave_its_transaction() {
    let cluster = cluster(PoolMode::Transaction, 4).await;
    let mut watch = watch_on(&cluster).await;
    for (statement, refusal) in [
        (
            "create table app_load.ours (id int)",
            "cannot execute CREATE TABLE in a read-only transaction",
        ),
        ("commit; create table app_load.ours (id int)", "cannot insert multiple commands"),
        ("select pg_sleep(5)", "canceling statement due to statement timeout"),
    ] {
        let statement = statement.to_owned();
        let asked = Order { statement, ..order(1, Duration::from_secs(3)) };
        for target in [direct(&cluster, APP_ROLE), pooled(&cluster)] {
            let outcome = run(&target, &asked, &mut watch, None, |_| ()).await.unwrap();
            assert_eq!(outcome.transactions, 0, "{outcome:?}");
            let said = outcome.first_error.unwrap().said;
            assert!(said.contains(refusal), "{said}");
        }
    }
}

/// Writes the recordings that `traces` judges, into the folder that `POOLWRIGHT_TRACES` names; without it they are there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traces_are_recorded_anew_on_request() {
    let Some(folder) = std::env::var_os("POOLWRIGHT_TRACES").map(PathBuf::from) else { return };
    let cases = [
        // Directly more clients than slots, then all of them through the pool.
        ("better", PoolMode::Transaction, 10, (40, 0), (40, 0)),
        // A session pool lends a connection for as long as its client stays: as many as before.
        ("no-clear-change", PoolMode::Session, 16, (12, 0), (12, 0)),
        // And some of the app still connects directly.
        ("worse", PoolMode::Session, 14, (12, 0), (12, 3)),
        // Most of the visitors have gone home.
        ("not-proven", PoolMode::Transaction, 10, (12, 0), (4, 0)),
    ];
    for (name, mode, size, before, after) in cases {
        let cluster = cluster(mode, size).await;
        let statement = "select relname from pg_class limit 1".to_owned();
        let order = |clients| Order { statement: statement.clone(), ..order(clients, lasts()) };
        let (_, first) = recorded(&cluster, &direct(&cluster, APP_ROLE), &order(before.0)).await;
        let mut left = Vec::new();
        for _ in 0..after.1 {
            left.push(held(&cluster, "shop-worker").await.unwrap());
        }
        let (_, second) = recorded(&cluster, &pooled(&cluster), &order(after.0)).await;
        let activity = switched(&cluster, first, second).await;
        println!("{name}: {:?}", compare(&activity, 60));
        let (file, text) = (folder.join(format!("{name}.csv")), activity.csv());
        disk::write(&file, text.as_bytes(), Expected::Anything, Access::Shared).unwrap();
    }
}

/// Answers well, but for every tenth, which finds no connection.
async fn health(State(asked): State<Arc<std::sync::atomic::AtomicU32>>) -> StatusCode {
    let number = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(20)).await;
    if number % 10 == 9 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

/// The app is on the pool and enough was recorded on both sides.
fn ready_to_compare(setup: &mut Setup) {
    setup.facts.deployed = Some(Deployed {
        app: poolwright::domain::app_spec::AppId("a1".to_owned()),
        app_name: "shop-web".to_owned(),
        deployment: Some("1".to_owned()),
        changes: Vec::new(),
        active_at: Timestamp::now(),
        arrived: Some(2),
        live_url: None,
    });
    let orders = setup.act(Timestamp::now(), poolwright::setup::steps::urls::Msg::Accept.into());
    assert!(orders.iter().all(|order| matches!(order, Ordered::Start(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_at_once_are_told_by_outcome_time_and_connections() {
    let cluster = cluster(PoolMode::Transaction, 2).await;
    // As `main` does it.
    rustls::crypto::ring::default_provider().install_default().ok();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/health", listener.local_addr().unwrap());
    let site = Router::new().route("/health", get(health)).with_state(Arc::default());
    tokio::spawn(async move { axum::serve(listener, site).await });
    let folder = tempfile::tempdir().unwrap();
    let (mut setup, mut runner) = (chosen(&cluster), runner(folder.path().to_owned()));
    ready_to_compare(&mut setup);
    setup.steps.verify.draft.health_url.clone_from(&url);

    let orders = setup.act(Timestamp::now(), verify::Msg::Request.into());
    runner.obey(orders);
    until(&mut setup, &mut runner, |setup, _| setup.facts.requests.is_some()).await;

    let requests = setup.facts.requests.unwrap();
    assert_eq!((requests.asked, requests.answered), (50, 45));
    assert_eq!(requests.codes, [("200".to_owned(), 45), ("503".to_owned(), 5)]);
    assert!(Duration::from_millis(20) <= requests.p50 && requests.p50 <= requests.p95);
    assert!(requests.p95 <= requests.slowest);
    assert_eq!(requests.connections, Some((0, 0)), "this site asks no database");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_load_runs_over_both_urls_from_the_page_and_is_exported_with_the_recording() {
    let cluster = cluster(PoolMode::Transaction, 2).await;
    let folder = tempfile::tempdir().unwrap();
    let (mut setup, mut runner) = (chosen(&cluster), runner(folder.path().to_owned()));
    ready_to_compare(&mut setup);
    let orders = setup.act(Timestamp::now(), measure::Msg::Record.into());
    runner.obey(orders);
    until(&mut setup, &mut runner, |setup, _| 5 <= setup.facts.activity.samples.len()).await;
    setup.steps.verify.draft.clients = 4;
    setup.steps.verify.draft.seconds = 2;

    let orders = setup.act(Timestamp::now(), verify::Msg::Load.into());
    runner.obey(orders);
    until(&mut setup, &mut runner, |setup, _| setup.facts.loaded.is_some()).await;

    let loaded = setup.facts.loaded.clone().unwrap();
    assert!(loaded.direct.as_ref().unwrap().clean() && loaded.pooled.clean(), "{loaded:?}");
    assert!((1..=2).contains(&loaded.pooled.peak), "{loaded:?}");
    let statements = &setup.record.statements;
    let sampling = statements.iter().find(|it| it.text.contains("sum(xact_commit)"));
    assert!(sampling.is_some_and(|it| 5 <= it.times), "{statements:?}");
    let loads = statements.iter().filter(|it| it.text.starts_with("begin read only"));
    assert_eq!(loads.count(), 2, "one for each URL: {statements:?}");
    let files: Vec<PathBuf> =
        verify::Format::ALL.iter().map(|format| folder.path().join(format.file_name())).collect();
    let orders = setup.act(Timestamp::now(), verify::Msg::Export(files.clone()).into());
    runner.obey(orders);
    until(&mut setup, &mut runner, |setup, _| !setup.steps.verify.exported.is_empty()).await;
    let read =
        |ending: &str| std::fs::read(folder.path().join(format!("before-and-after.{ending}")));
    assert!(read("png").unwrap().starts_with(b"\x89PNG"));
    assert!(read("svg").unwrap().starts_with(b"<svg"));
    let csv = String::from_utf8(read("csv").unwrap()).unwrap();
    assert!(csv.lines().any(|line| line.ends_with(",meanwhile")), "the load is marked: {csv}");
    let json: serde_json::Value = serde_json::from_slice(&read("json").unwrap()).unwrap();
    assert_eq!(json["samples"].as_array().unwrap().len(), csv.lines().count() - 1);
    assert!(!json.to_string().contains(cluster.password(OWNER).unwrap().expose()));
}
