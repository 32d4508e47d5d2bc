//! The practice account against the provider's own description of its API. Where no description is named, the test
//! says that it was not run.

use std::{
    collections::BTreeSet,
    env,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use poolwright::{
    domain::problem::Fix,
    practice::{
        account::{Account, Beginning, Call, Trusted},
        app::Load,
        cluster::Cluster,
    },
    setup::{
        step::StepId,
        steps::{app, hand_over, pool, test},
    },
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    openapi::Description,
    paper::{Paper, timing},
    peers,
    web::Web,
};

/// Names the description's file.
const FILE: &str = "POOLWRIGHT_API_DESCRIPTION";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_account_speaks_as_its_description_says() {
    let Some(file) = env::var_os(FILE) else {
        // Past the capture of a passing test's output.
        writeln!(std::io::stderr(), "API description check: not run ({FILE} names no file)")
            .unwrap();
        return;
    };
    let description = Description::read(&PathBuf::from(file));

    let calls = every_call().await;

    let operations: BTreeSet<_> =
        calls.iter().filter_map(|call| description.operation_id(call)).collect();
    assert_eq!(operations.len(), 29, "{operations:?}");
    let faults: Vec<String> = calls.iter().flat_map(|call| description.faults(call)).collect();
    assert!(faults.is_empty(), "{} calls, and:\n{}", calls.len(), faults.join("\n"));
    println!("API description check: {} calls fit", calls.len());

    // The check itself: an answer that loses a required field, or gains one, does not pass.
    let made =
        calls.iter().find(|call| call.method == "POST" && call.path.ends_with("/pools")).unwrap();
    let fault_of = |change: fn(&mut serde_json::Map<String, Value>)| {
        let mut call = made.clone();
        change(call.answer.as_mut().unwrap()["pool"].as_object_mut().unwrap());
        description.faults(&call).join("\n")
    };
    let lost = fault_of(|pool| {
        pool.remove("mode");
    });
    assert!(lost.contains("\"mode\" is a required property"), "{lost}");
    let gained = fault_of(|pool| {
        pool.insert("pool_mode".to_owned(), json!("transaction"));
    });
    assert!(gained.contains("unknown fields [\"pool_mode\"]"), "{gained}");
}

/// The proxy answers with an error of its own where a request or an answer does not fit the description; a set-up that
/// goes through has met none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_up_goes_through_the_validating_proxy() {
    let Some(file) = env::var_os(FILE) else { return };
    let paper = Paper::open(Beginning { trusted: Trusted::App, ..Beginning::default() }).await;
    let proxy = Proxy::before(paper.account.base(), &PathBuf::from(&file)).await;
    let mut calls = paper.account.calls().await.unwrap();
    let mut run = paper.start();
    run.runner = paper.runner_at(&proxy.base, timing());

    run.ready().await;
    run.act(pool::Msg::Act).await;
    run.act(pool::Msg::UseSize(6)).await;
    run.act(pool::Msg::Act).await;
    "203.0.113.7".clone_into(&mut run.setup.steps.test.draft.address);
    run.act(test::Msg::Allow).await;
    run.act(test::Msg::Remove).await;
    run.act(app::Msg::Switch).await;
    run.act(app::Msg::Restore).await;
    run.act(hand_over::Msg::UndoAll).await;
    // Without servers nobody can look who uses the pool; the rest goes on once that is decided.
    let all_the_same = run.setup.fix(StepId::HandOver, &Fix::DeleteUnchecked).unwrap();
    run.act(all_the_same).await;

    for step in StepId::ALL {
        assert_eq!(run.setup.problem(step), None, "{step:?}");
    }
    let possible = run.setup.record.entries.iter().filter(|entry| entry.undo.possible());
    assert!(possible.clone().count() == 4 && possible.clone().all(|entry| entry.undone));
    let description = Description::read(&PathBuf::from(file));
    let (mut faults, mut operations) = (Vec::new(), BTreeSet::new());
    while let Ok(call) = calls.try_recv() {
        operations.extend(description.operation_id(&call).map(str::to_owned));
        faults.extend(description.faults(&call));
    }
    assert_eq!(faults, Vec::<String>::new());
    assert!(17 <= operations.len(), "{operations:?}");
    // The proxy itself: what does not fit the description does not pass.
    let pools = format!("{}/pools", paper.other.cluster().await);
    let through = Web::new(&proxy.base, paper.token.clone());
    let refused = through.post(&pools, json!({ "name": "no-size-pool", "db": "contrezz" })).await;
    assert!(refused.body.to_string().contains("must have required property"), "{}", refused.body);
    println!("validating proxy: a set-up of {} operations went through", operations.len());
    paper.account.close().await;
}

/// Prism, between a client and the account.
struct Proxy {
    base: String,
    process: std::process::Child,
}

impl Proxy {
    async fn before(account: &str, description: &Path) -> Self {
        let program = peers::folder().join("prism-api/node_modules/.bin/prism");
        assert!(program.exists(), "the peer prism is missing: run packaging/install-deps peers");
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let mut command = peers::command("node");
        command.arg(program).args(["proxy", "--errors", "-h", "127.0.0.1", "-p"]);
        command.arg(address.port().to_string()).arg(description).arg(account);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let proxy = Self { base: format!("http://{address}"), process: command.spawn().unwrap() };
        for _ in 0..600 {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return proxy;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("the proxy was not ready within 30 s");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Every operation that the client has, and what the account refuses.
async fn every_call() -> Vec<Call> {
    let beginning = Beginning { load: Load::Idle, ..Beginning::default() };
    let account = Account::open(Cluster::start().await.unwrap(), beginning).await.unwrap();
    let mut heard = account.calls().await.unwrap();
    let web = Web::with_everything(&account).await;

    web.get("/v2/account").await;
    web.get("/v2/databases/options").await;
    let cluster = web.cluster().await;
    on_the_cluster(&web, &cluster).await;
    on_the_app(&web).await;
    web.send("DELETE", &format!("{cluster}/pools/contrezz-pool"), None).await.unwrap();

    for scopes in [&["database:read"][..], &["database:read", "database:update", "app:read"]] {
        let limited = Web::with(&account, scopes).await;
        for path in
            ["/v2/databases", "/v2/account", "/v2/apps", &cluster, &format!("{cluster}/pools")]
        {
            limited.get(path).await;
        }
    }
    let stranger = Web::new(account.base(), poolwright::domain::secret::Secret::new("none"));
    stranger.get("/v2/databases").await;
    account.close().await;
    let mut calls = Vec::new();
    while let Some(call) = heard.recv().await {
        calls.push(call);
    }
    calls
}

async fn on_the_cluster(web: &Web, cluster: &str) {
    let at = |path: &str| format!("{cluster}{path}");
    let pool = json!({ "name": "contrezz-pool", "mode": "transaction", "size": 11, "db": "contrezz", "user": "contrezz_app" });
    web.get(cluster).await;
    web.post(&at("/pools"), pool.clone()).await;
    web.post(&at("/pools"), pool).await;
    let inbound = json!({ "mode": "session", "size": 3, "db": "contrezz" });
    web.put(&at("/pools/contrezz-pool"), inbound).await;
    web.get(&at("/pools")).await;
    web.get(&at("/pools/contrezz-pool")).await;
    web.get(&at("/pools/no-such-pool")).await;
    let pool =
        json!({ "mode": "transaction", "size": 11, "db": "contrezz", "user": "contrezz_app" });
    web.put(&at("/pools/contrezz-pool"), pool).await;
    web.post(&at("/users"), json!({ "name": "reporting" })).await;
    web.post(&at("/users/reporting/reset_auth"), json!({})).await;
    web.get(&at("/users")).await;
    web.get(&at("/users/doadmin")).await;
    web.post(&at("/dbs"), json!({ "name": "shop" })).await;
    web.get(&at("/dbs")).await;
    web.get(&at("/ca")).await;
    web.get(&at("/backups")).await;
    web.get(&at("/config")).await;
    let config = json!({ "config": { "pgbouncer": { "server_lifetime": 600 } } });
    web.send("PATCH", &at("/config"), Some(config)).await.unwrap();
    let mut rules = web.get(&at("/firewall")).await.at("/rules").as_array().unwrap().clone();
    rules.push(json!({ "type": "ip_addr", "value": "198.51.100.4", "description": "Temporary" }));
    web.put(&at("/firewall"), json!({ "rules": rules })).await;
    web.get(&at("/firewall")).await;
}

async fn on_the_app(web: &Web) {
    let app = web.app().await;
    let id = app.rsplit('/').next().unwrap();
    web.get("/v2/apps?page=1&per_page=1").await;
    let mut spec = web.get(&app).await.at("/app/spec").clone();
    let url = "${db.contrezz-pool.DATABASE_URL}&connection_limit=5";
    *spec.pointer_mut("/services/0/envs/0/value").unwrap() = json!(url);
    web.post("/v2/apps/propose", json!({ "spec": spec, "app_id": id })).await;
    web.post("/v2/apps/propose", json!({ "spec": { "name": "?" } })).await;
    let put = web.put(&app, json!({ "spec": spec })).await;
    let deployment = format!("{app}/deployments/{}", put.text("/app/pending_deployment/id"));
    while !["ACTIVE", "ERROR"].contains(&web.get(&deployment).await.text("/deployment/phase")) {
        web.get(&app).await;
        sleep(Duration::from_millis(200)).await;
    }
    let manual = web.post(&format!("{app}/deployments"), json!({})).await;
    let manual = format!("{app}/deployments/{}", manual.text("/deployment/id"));
    web.send("POST", &format!("{manual}/cancel"), None).await.unwrap();
    web.get(&format!("{app}/deployments")).await;
    // A deployment that fails has reasons in its steps.
    *spec.pointer_mut("/services/0/envs/0/value").unwrap() = json!("nowhere");
    let put = web.put(&app, json!({ "spec": spec })).await;
    let failing = format!("{app}/deployments/{}", put.text("/app/pending_deployment/id"));
    while web.get(&failing).await.text("/deployment/phase") != "ERROR" {
        sleep(Duration::from_millis(200)).await;
    }
}
