//! What the history tells of statements, sent to a real server and through a real pool.

use std::time::Duration;

use poolwright::{
    domain::{
        load::{Order, Progress, SELECT_ONE, Through},
        pool::PoolMode,
        record::{End, Place, Statement},
        timing::Timing,
    },
    postgres::{activity::Watch, history::telling, load, probe, stages},
    practice::cluster::{APP_DATABASE, APP_ROLE, Cluster},
};
use tokio::sync::mpsc;

use crate::served;

const POOL: &str = "shop-pool";

async fn cluster() -> Cluster {
    let mut cluster = Cluster::start().await.unwrap();
    cluster.set_pools(vec![served::pool(POOL, PoolMode::Transaction, 3)]).await.unwrap();
    cluster
}

/// Does `work`; what the history heard of it.
async fn heard<T>(work: impl Future<Output = T>) -> (T, Vec<Statement>) {
    let (listener, mut statements) = mpsc::channel(64);
    let answer = Box::pin(telling(listener, work)).await;
    let mut heard = Vec::new();
    while let Some(statement) = statements.recv().await {
        heard.push(statement);
    }
    (answer, heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_statement_is_told_with_its_url_its_rows_and_nothing_secret() {
    const SECRET: &str = "hunter2-of-the-person";
    let cluster = cluster().await;
    let timing = Timing::default();
    let url = served::url(&cluster, APP_ROLE, cluster.direct_port(), APP_DATABASE);
    let ca = Some(cluster.ca());

    let (wire, signing_in) = heard(Box::pin(stages::connect(&url, ca, &timing))).await;
    let mut wire = wire.unwrap();
    // Signing in sends no statement; the password is no part of any.
    assert_eq!(signing_in, []);

    let ((), told) = heard(async {
        wire.rows("select generate_series(1, 3)").await.unwrap();
        wire.run(&format!("select * from nowhere where a = '{SECRET}'")).await.unwrap();
        let script = format!("create temp table t (a text); insert into t values ('{SECRET}')");
        wire.script(&script, |_| ()).await.unwrap();
        wire.run_each(["begin", "rollback"]).await.unwrap();
    })
    .await;
    let ends: Vec<_> = told.iter().map(|it| (it.text.as_str(), it.end.clone())).collect();
    assert_eq!(
        ends,
        [
            ("select generate_series(1, 3)", End::Done(Some(3))),
            ("select * from nowhere where a = '•••'", End::Refused("42P01".to_owned())),
            ("create temp table t (a text); insert into t values ('•••')", End::Done(None)),
            ("begin", End::Done(Some(0))),
            ("rollback", End::Done(Some(0))),
        ]
    );
    assert!(told.iter().all(|it| it.place == Place::of(&url) && Duration::ZERO < it.took));

    // Nobody waits for its answer any more: it was sent all the same.
    let asleep = tokio::time::timeout(Duration::from_millis(50), wire.run("select pg_sleep(30)"));
    let (ended, told) = heard(asleep).await;
    ended.unwrap_err();
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((told.text.as_str(), &told.end), ("select pg_sleep(30)", &End::NoAnswer));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_watches_probes_and_loads_is_told_too() {
    let cluster = cluster().await;
    let timing = Timing::default();
    let direct = served::url(&cluster, APP_ROLE, cluster.direct_port(), APP_DATABASE)
        .with_parameter("sslmode", "require");
    let pooled = served::url(&cluster, APP_ROLE, cluster.pool_port(), POOL)
        .with_parameter("sslmode", "require");
    let ca = Some(cluster.ca());

    let (watch, told) = heard(async {
        let mut watch = Watch::open(&direct, ca, &timing).await.unwrap();
        watch.limits().await.unwrap();
        watch.sample(0).await.unwrap();
        watch
    })
    .await;
    assert_eq!(u64::try_from(told.len()).unwrap(), watch.own(), "{told:?}");
    assert!(told.iter().all(|it| it.place.is_of(&direct)));
    assert!(told.iter().any(|it| it.text.contains("max(clock_timestamp() - state_change)")));

    let (_, told) = heard(Box::pin(probe::probe(&pooled, ca, &timing))).await;
    assert!(!told.is_empty() && told.iter().all(|it| it.place.is_of(&pooled)), "{told:?}");

    let order = Order {
        clients: 2,
        lasts: Duration::from_millis(900),
        statement: format!("{SELECT_ONE} -- 'mine'"),
        through: Through::Both,
        guarded: false,
    };
    let target = load::Target { url: pooled.clone(), ca: ca.map(str::to_owned) };
    let mut watch = watch;
    let (outcome, told) =
        heard(load::run(&target, &order, &mut watch, None, |_: Progress| ())).await;
    let loads: Vec<_> = told.iter().filter(|it| it.place.is_of(&pooled)).collect();
    let [load] = loads.as_slice() else { panic!("{loads:?}") };
    assert_eq!((load.times, &load.end), (outcome.unwrap().transactions, &End::Done(None)));
    assert!(load.text.starts_with("begin read only"), "{}", load.text);
    assert!(!load.text.contains("mine"), "{}", load.text);
}
