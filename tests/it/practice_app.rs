//! The practice app: a full database before, the pool afterwards, and deployments that end as they should.

use std::time::{Duration, Instant};

use poolwright::{
    domain::secret::Secret,
    practice::{
        account::{APP_NAME, Account, Beginning},
        app::{Load, Traffic},
        cluster::{APP_DATABASE, Cluster, OWNER, PUBLIC_HOST},
    },
};
use serde_json::{Value, json};
use sqlx::{
    ConnectOptions as _, Executor as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::time::sleep;

use crate::web::Web;

const WAVE: Duration = Duration::from_millis(1500);

async fn account(load: Load) -> (Account, Web) {
    let beginning = Beginning { load, ..Beginning::default() };
    let account = Account::open(Cluster::start().await.unwrap(), beginning).await.unwrap();
    let web = Web::with_everything(&account).await;
    (account, web)
}

/// A connection to look at the server with; waits for a slot.
async fn watch(web: &Web) -> PgConnection {
    let cluster = web.get(&web.cluster().await).await;
    let options = PgConnectOptions::new_without_pgpass()
        .host(PUBLIC_HOST)
        .port(u16::try_from(cluster.at("/database/connection/port").as_u64().unwrap()).unwrap())
        .username(OWNER)
        .password(cluster.text("/database/connection/password"))
        .database(APP_DATABASE)
        .application_name("test")
        .ssl_mode(PgSslMode::Require);
    let began = Instant::now();
    loop {
        match options.connect().await {
            Ok(connection) => return connection,
            Err(err) => assert!(began.elapsed() < Duration::from_secs(20), "no slot: {err}"),
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Connections: all, the app's direct ones, and those of the pooler.
async fn backends(watch: &mut PgConnection) -> (u32, u32, u32) {
    let query = "select count(*)::text, \
                 (count(*) filter (where usename = 'contrezz_app' and host(client_addr) = '127.0.0.2'))::text, \
                 (count(*) filter (where usename = 'contrezz_app' and host(client_addr) = '127.0.0.1'))::text \
                 from pg_stat_activity where datid is not null and backend_type = 'client backend'";
    let row = watch.fetch_one(sqlx::raw_sql(query)).await.unwrap();
    let number = |at: usize| row.get_unchecked::<String, _>(at).parse().unwrap();
    (number(0), number(1), number(2))
}

/// The app's spec with its database URL pointing elsewhere.
async fn switched(web: &Web, app: &str, url: &str) -> Value {
    let mut spec = web.get(app).await.at("/app/spec").clone();
    let value = spec.pointer_mut("/services/0/envs/0/value").unwrap();
    *value = json!(url);
    json!({ "spec": spec })
}

/// Phases of a deployment until it is over, and how it stood then.
async fn followed(web: &Web, app: &str, id: &str) -> (Vec<String>, Value) {
    let mut seen: Vec<String> = Vec::new();
    let began = Instant::now();
    loop {
        let answer = web.get(&format!("{app}/deployments/{id}")).await;
        let phase = answer.text("/deployment/phase").to_owned();
        if seen.last() != Some(&phase) {
            seen.push(phase.clone());
        }
        if ["ACTIVE", "ERROR", "CANCELED", "SUPERSEDED"].contains(&phase.as_str()) {
            return (seen, answer.at("/deployment").clone());
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{seen:?} has no end");
        sleep(Duration::from_millis(30)).await;
    }
}

async fn create_pool(web: &Web) {
    let body = json!({
        "name": "contrezz-pool", "mode": "transaction", "size": 11, "db": "contrezz", "user": "contrezz_app",
    });
    assert_eq!(web.post(&format!("{}/pools", web.cluster().await), body).await.status, 201);
}

/// The app itself, and the path of its health address.
async fn live(web: &Web) -> (Web, String) {
    let app = web.get(&web.app().await).await;
    let path = app.text("/app/spec/services/0/health_check/http_path");
    (Web::new(app.text("/app/live_url"), Secret::new("")), path.to_owned())
}

/// Health requests all at once: how many went well.
async fn at_once(web: &Web, count: usize) -> usize {
    let (live, path) = live(web).await;
    let asked = futures_util::future::join_all((0..count).map(|_| live.get(&path))).await;
    asked.iter().filter(|answer| answer.status == 200).count()
}

/// Health requests one after the other for so long: how many went well and how many did not.
async fn health(web: &Web, lasts: Duration) -> (u32, u32) {
    let (live, path) = live(web).await;
    let (mut well, mut ill) = (0, 0);
    let began = Instant::now();
    while began.elapsed() < lasts {
        let answer = live.get(&path).await;
        match answer.status {
            200 => {
                assert!(0 < answer.at("/connections").as_u64().unwrap());
                well += 1;
            }
            503 => ill += 1,
            other => panic!("{other}"),
        }
        sleep(Duration::from_millis(20)).await;
    }
    (well, ill)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_database_relaxes_when_the_app_goes_over_to_the_pool() {
    let (account, web) = account(Load::Waves(WAVE)).await;
    let app = web.app().await;
    let mut watch = watch(&web).await;
    let traffic = async || account.traffic().await.unwrap();
    let rate = |from: Traffic, to: Traffic, lasted: Duration| {
        (to.served - from.served) as f64 / lasted.as_secs_f64()
    };

    let (start, began) = (traffic().await, Instant::now());
    let (_, ill) = health(&web, 2 * WAVE).await;
    let (full, lasted) = (traffic().await, began.elapsed());
    let before = rate(start, full, lasted);
    assert!(0 < ill, "no health request was refused");
    assert!(start.refused < full.refused, "nothing was refused: {full:?}");
    let mut peak = 0;
    for _ in 0..40 {
        let (all, _, pooled) = backends(&mut watch).await;
        assert_eq!(pooled, 0);
        peak = peak.max(all);
        sleep(2 * WAVE / 40).await;
    }
    assert_eq!(peak, 22, "ours included");

    create_pool(&web).await;
    let url = "${db.contrezz-pool.DATABASE_URL}&connection_limit=5&pool_timeout=20";
    let answer = web.put(&app, switched(&web, &app, url).await).await;
    assert_eq!(answer.status, 200);
    let deployment = answer.text("/app/pending_deployment/id").to_owned();
    let (phases, shown) = followed(&web, &app, &deployment).await;
    assert_eq!(phases.last().unwrap(), "ACTIVE", "{phases:?}: {shown}");
    assert_eq!(shown.pointer("/progress/success_steps"), Some(&json!(6)));
    assert_eq!(web.get(&app).await.text("/app/active_deployment/id"), deployment);

    let (start, began) = (traffic().await, Instant::now());
    let (well, ill) = health(&web, 2 * WAVE).await;
    let (end, lasted) = (traffic().await, began.elapsed());
    let after = rate(start, end, lasted);
    assert_eq!((ill, end.refused - start.refused), (0, 0), "{well} went well");
    assert!(before * 2.0 / 3.0 <= after, "{before} transactions a second before, {after} after");
    let (_, _, steady) = backends(&mut watch).await;
    assert_eq!(at_once(&web, 50).await, 50);
    let (all, direct, pooled) = backends(&mut watch).await;
    assert_eq!(direct, 0);
    assert!((1..=11).contains(&pooled) && all < 22, "{pooled} of {all} are pooled");
    println!(
        "{before:.0} transactions a second before, {after:.0} after; \
         {steady} server connections, {pooled} after 50 requests at once"
    );
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_does_not_reach_its_database_is_given_up() {
    let (account, web) = account(Load::Steady).await;
    let app = web.app().await;
    let first = web.get(&app).await.text("/app/active_deployment/id").to_owned();
    for (url, why) in [
        ("${db.DATABASE_URL}&connection_limit=five", "invalid connection_limit in database URL"),
        (
            "${db.no-pool.DATABASE_URL}",
            "the URL must start with the protocol `postgresql://` or `postgres://`",
        ),
        (
            "postgresql://${db.USERNAME}:wrong@${db.HOSTNAME}:${db.PORT}/contrezz?sslmode=require",
            "password authentication failed for user \"contrezz_app\"",
        ),
    ] {
        let answer = web.put(&app, switched(&web, &app, url).await).await;
        let deployment = answer.text("/app/pending_deployment/id").to_owned();
        let (phases, shown) = followed(&web, &app, &deployment).await;
        assert_eq!(phases.last().map(String::as_str), Some("ERROR"));
        let reason = shown.pointer("/progress/steps/1/steps/1/steps/0/steps/0/reason").unwrap();
        assert_eq!(reason["message"], why);
    }
    assert_eq!(web.get(&app).await.text("/app/active_deployment/id"), first);
    let (well, ill) = health(&web, Duration::from_millis(500)).await;
    assert!(0 < well && ill == 0, "the old release serves: {well}, {ill}");
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_deployment_supersedes_and_a_cancelled_one_changes_nothing() {
    let (account, web) = account(Load::Idle).await;
    let app = web.app().await;
    let deployments = format!("{app}/deployments");
    let first = web.get(&app).await.text("/app/active_deployment/id").to_owned();

    let one = web.post(&deployments, json!({})).await.text("/deployment/id").to_owned();
    let two = web.post(&deployments, json!({})).await.text("/deployment/id").to_owned();
    let (phases, _) = followed(&web, &app, &one).await;
    assert_eq!(phases, ["SUPERSEDED"]);
    let cancel = format!("{deployments}/{two}/cancel");
    assert_eq!(web.post(&cancel, json!({})).await.text("/deployment/phase"), "CANCELED");
    assert_eq!(web.post(&cancel, json!({})).await.status, 400);
    assert_eq!(web.get(&app).await.text("/app/active_deployment/id"), first);

    let page = web.get(&format!("{deployments}?per_page=2")).await;
    let ids: Vec<&Value> =
        page.at("/deployments").as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&two, &one]);
    assert_eq!(page.at("/meta/total"), 3);
    let next = page.text("/links/pages/next");
    assert!(next.ends_with("/deployments?page=2&per_page=2"), "{next}");
    let last = web.get(&format!("{deployments}?page=2&per_page=2")).await;
    assert_eq!(last.text("/deployments/0/id"), first);
    assert!(last.body.pointer("/links/pages/next").is_none());
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crashing_release_leaves_the_old_one_and_the_old_settings_work_again() {
    let beginning = Beginning { load: Load::Idle, deployments_fail: true, ..Beginning::default() };
    let account = Account::open(Cluster::start().await.unwrap(), beginning).await.unwrap();
    let web = Web::with_everything(&account).await;
    let app = web.app().await;
    let old = web.get(&app).await.at("/app/spec").clone();
    let url = "${db.DATABASE_URL}&connection_limit=3";
    for (body, end) in
        [(switched(&web, &app, url).await, "ERROR"), (json!({ "spec": old }), "ACTIVE")]
    {
        let answer = web.put(&app, body).await;
        let (phases, shown) = followed(&web, &app, answer.text("/app/pending_deployment/id")).await;
        assert_eq!(phases.last().map(String::as_str), Some(end));
        let code = shown.pointer("/progress/steps/1/steps/1/steps/0/steps/0/reason/code");
        let crashed = json!("DeployContainerExitNonZero");
        assert_eq!(code, (end == "ERROR").then_some(&crashed));
    }
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn specs_are_checked_priced_and_keep_their_secrets() {
    let (account, web) = account(Load::Idle).await;
    let app = web.app().await;
    let id = app.rsplit('/').next().unwrap();
    let mut spec = web.get(&app).await.at("/app/spec").clone();
    let sealed = spec["envs"][1]["value"].as_str().unwrap().to_owned();
    assert!(sealed.starts_with("EV[1:"));

    let proposed = web.post("/v2/apps/propose", json!({ "spec": spec, "app_id": id })).await;
    assert_eq!((proposed.status, proposed.at("/app_cost")), (200, &json!(48)));
    assert_eq!(proposed.at("/app_name_available"), true);
    assert_eq!(proposed.at("/spec"), &spec);
    assert_eq!(spec["name"], APP_NAME);

    let mut wrong = spec.clone();
    wrong["databases"][0]["cluster_name"] = json!("another");
    for (method, path) in [("POST", "/v2/apps/propose"), ("PUT", app.as_str())] {
        let body = json!({ "spec": wrong });
        let refused = web.send(method, path, Some(body)).await.unwrap();
        assert_eq!(refused.status, 400);
        let why = "error validating app spec field \"databases.cluster_name\": database cluster not found";
        assert_eq!(refused.text("/message"), why);
    }

    let canary = "canary-of-a-new-secret";
    spec["envs"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "key": "NEW", "value": canary, "type": "SECRET" }));
    let stored = web.put(&app, json!({ "spec": spec })).await;
    assert_eq!(stored.at("/app/spec/envs/1/value"), &json!(sealed));
    assert!(stored.text("/app/spec/envs/2/value").starts_with("EV[1:"));
    assert!(!stored.body.to_string().contains(canary));

    let apps = web.get("/v2/apps?per_page=1&page=2").await;
    assert_eq!(
        (apps.at("/apps").as_array().unwrap().len(), apps.at("/meta/total")),
        (1, &json!(2))
    );
    assert_eq!(web.get("/v2/apps?page=0").await.status, 400);
    account.close().await;
}
