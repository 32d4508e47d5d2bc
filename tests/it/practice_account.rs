//! The practice account, asked over plain HTTP: what it refuses, what it hides, and that its changes are real.

use std::time::{Duration, Instant};

use poolwright::{
    domain::secret::Secret,
    practice::{
        account::{ALL_SCOPES, Account, Allowance, Beginning, Trusted},
        app::Load,
        cluster::{Cluster, OWNER, PUBLIC_HOST},
        faults::{Fault, Planned},
    },
};
use serde_json::{Value, json};
use sqlx::{
    ConnectOptions as _, Executor as _, Row as _,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::{net::TcpStream, time::timeout};

use crate::web::Web;

async fn account(beginning: Beginning) -> Account {
    Account::open(Cluster::start().await.unwrap(), beginning).await.unwrap()
}

async fn idle() -> Account {
    account(Beginning { load: Load::Idle, ..Beginning::default() }).await
}

fn pool_body(name: &str, size: u32) -> Value {
    json!({ "name": name, "mode": "transaction", "size": size, "db": "contrezz", "user": "contrezz_app" })
}

fn fault(method: &str, path_end: &str, times: u32, fault: Fault) -> Planned {
    Planned { method: method.to_owned(), path_end: path_end.to_owned(), times, fault }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_token_or_not_the_scope_gets_nothing() {
    let account = idle().await;
    let stranger = Web::new(account.base(), Secret::new("dop_v1_0"));
    let answer = stranger.get("/v2/databases").await;
    assert_eq!((answer.status, answer.text("/id")), (401, "unauthorized"));

    let reader = Web::with(&account, &["database:read"]).await;
    let cluster = reader.cluster().await;
    let answer = reader.post(&format!("{cluster}/pools"), pool_body("contrezz-pool", 5)).await;
    assert_eq!((answer.status, answer.text("/id")), (403, "forbidden"));
    assert_eq!(answer.text("/request_id"), answer.header("x-request-id"));
    assert_eq!(reader.get("/v2/account").await.status, 403);
    assert_eq!(reader.get("/v2/apps").await.status, 403);

    let answer = reader.get("/v2/droplets").await;
    assert_eq!((answer.status, answer.text("/id")), (404, "not_found"));
    assert_eq!(answer.header("ratelimit-limit"), "5000");
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_are_hidden_from_who_may_not_see_them() {
    let account = idle().await;
    let hidden = ["database:read", "database:create", "database:update"];
    let read_only = ["database:read", "database:view_credentials"];
    let open = Web::with_everything(&account).await;
    let cluster = open.cluster().await;
    open.post(&format!("{cluster}/pools"), pool_body("contrezz-pool", 5)).await;
    let answer = open.get(&cluster).await;
    let password = answer.text("/database/connection/password").to_owned();
    assert!(answer.text("/database/connection/uri").contains(&password));

    for scopes in [&hidden[..], &read_only] {
        let web = Web::with(&account, scopes).await;
        let mut seen = String::new();
        for path in ["", "/users", "/pools", "/users/doadmin", "/pools/contrezz-pool"] {
            seen.push_str(&web.get(&format!("{cluster}{path}")).await.body.to_string());
        }
        seen.push_str(&web.get("/v2/databases").await.body.to_string());
        assert!(!seen.contains("password") && !seen.contains("AVNS_"), "{scopes:?}");
        let answer = web.get(&cluster).await;
        assert!(
            answer.text("/database/connection/uri").starts_with("postgresql://doadmin@127.0.0.1:")
        );
        assert!(answer.body.pointer("/database/tags").is_none());
    }
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_of_the_account_is_a_pool_of_pgbouncer() {
    let account = idle().await;
    let web = Web::with_everything(&account).await;
    let cluster = web.cluster().await;
    let pools = format!("{cluster}/pools");
    let (pool, authority) = (format!("{pools}/contrezz-pool"), authority(&web, &cluster).await);

    let made = web.post(&pools, pool_body("contrezz-pool", 5)).await;
    assert_eq!(made.status, 201);
    let connection = made.at("/pool/connection").clone();
    assert_eq!(made.text("/pool/connection/database"), "contrezz-pool");
    assert_eq!(who(&connection, None, &authority).await.unwrap(), "contrezz_app in contrezz");

    for (body, why) in [
        (pool_body("contrezz-pool", 5), "pool name is not available"),
        (
            pool_body("other", 18),
            "pool size 18 exceeds the available backend connections: 22 in all - 5 of other pools = 17",
        ),
        (
            json!({ "name": "other", "mode": "fast", "size": 1, "db": "contrezz" }),
            "mode is not session, transaction or statement",
        ),
        (
            json!({ "name": "other", "mode": "session", "size": 1, "db": "shop" }),
            "database shop does not exist",
        ),
    ] {
        let answer = web.post(&pools, body).await;
        assert_eq!((answer.status, answer.text("/message")), (422, why));
    }

    // Without a user in the body the pool keeps none.
    let body = json!({ "mode": "session", "size": 17, "db": "contrezz" });
    let changed = web.put(&pool, body).await;
    assert_eq!((changed.status, changed.body), (204, Value::Null));
    let answer = web.get(&pool).await;
    assert_eq!(answer.at("/pool/size"), 17);
    assert!(answer.body.pointer("/pool/user").is_none());
    assert!(answer.text("/pool/connection/uri").starts_with("postgresql://:@127.0.0.1:"));
    let owner = web.get(&format!("{cluster}/users/{OWNER}")).await;
    let password = owner.text("/user/password");
    let inbound = who(&connection, Some((OWNER, password)), &authority).await;
    assert_eq!(inbound.unwrap(), "doadmin in contrezz");

    assert_eq!(web.send("DELETE", &pool, None).await.unwrap().status, 204);
    assert_eq!(web.get(&pool).await.status, 404);
    assert_eq!(web.send("DELETE", &pool, None).await.unwrap().status, 404);
    assert!(who(&connection, None, &authority).await.is_err());
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_user_signs_in_and_a_reset_password_replaces_the_old() {
    let account = idle().await;
    let web = Web::with_everything(&account).await;
    let cluster = web.cluster().await;
    let authority = authority(&web, &cluster).await;
    let direct = web.get(&cluster).await.at("/database/connection").clone();
    let users = format!("{cluster}/users");

    let made = web.post(&users, json!({ "name": "reporting" })).await;
    assert_eq!(made.status, 201);
    let first = made.text("/user/password").to_owned();
    let signed_in = who(&direct, Some(("reporting", &first)), &authority).await;
    assert_eq!(signed_in.unwrap(), "reporting in defaultdb");

    let reset = web.post(&format!("{users}/reporting/reset_auth"), json!({})).await;
    assert_eq!(reset.status, 200);
    assert!(who(&direct, Some(("reporting", &first)), &authority).await.is_err());
    let second = reset.text("/user/password");
    assert!(who(&direct, Some(("reporting", second)), &authority).await.is_ok());

    assert_eq!(web.post(&users, json!({ "name": "reporting" })).await.status, 422);
    assert_eq!(web.post(&format!("{cluster}/dbs"), json!({ "name": "shop" })).await.status, 201);
    let names = web.get(&format!("{cluster}/dbs")).await.at("/dbs").clone();
    assert_eq!(names, json!([{ "name": "defaultdb" }, { "name": "contrezz" }, { "name": "shop" }]));
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trusted_sources_really_open_and_shut_the_ports() {
    let account =
        account(Beginning { trusted: Trusted::App, load: Load::Idle, ..Beginning::default() })
            .await;
    let web = Web::with_everything(&account).await;
    let cluster = web.cluster().await;
    let firewall = format!("{cluster}/firewall");
    let port = web.get(&cluster).await.at("/database/connection/port").as_u64().unwrap();
    let is_open = async || {
        let address = (PUBLIC_HOST, u16::try_from(port).unwrap());
        timeout(Duration::from_millis(500), TcpStream::connect(address)).await.is_ok()
    };
    assert!(!is_open().await);

    let mine = web.get("/ip-a").await.body.as_str().unwrap().trim().to_owned();
    assert_eq!(web.get("/ip-b").await.body, format!("{mine}\n"));
    let mut rules = web.get(&firewall).await.at("/rules").as_array().unwrap().clone();
    let others = rules.clone();
    rules.push(json!({ "type": "ip_addr", "value": mine, "description": "Mine" }));
    assert_eq!(web.put(&firewall, json!({ "rules": rules })).await.status, 204);
    assert!(is_open().await);
    let read = web.get(&firewall).await;
    assert_eq!(read.at("/rules/0"), &others[0]);
    assert_eq!(read.text("/rules/1/description"), "Mine");

    web.put(&firewall, json!({ "rules": others })).await;
    assert!(!is_open().await);
    web.put(&firewall, json!({ "rules": [] })).await;
    assert!(is_open().await);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_of_the_pooler_come_into_force() {
    let account = idle().await;
    let web = Web::with_everything(&account).await;
    let cluster = web.cluster().await;
    let (config, authority) = (format!("{cluster}/config"), authority(&web, &cluster).await);
    let made = web.post(&format!("{cluster}/pools"), pool_body("contrezz-pool", 5)).await;
    let with_parameter =
        options(made.at("/pool/connection"), None, &authority).extra_float_digits(2);
    let change = async |pgbouncer: Value| {
        let body = json!({ "config": { "pgbouncer": pgbouncer } });
        web.send("PATCH", &config, Some(body)).await.unwrap().status
    };
    assert_eq!(change(json!({ "server_lifetime": 1 })).await, 422);
    assert_eq!(change(json!({ "autodb_pool_size": 5 })).await, 422);
    with_parameter.connect().await.unwrap();

    let ignored = json!(["search_path"]);
    let changed =
        change(json!({ "ignore_startup_parameters": ignored, "server_idle_timeout": 60 }));
    assert_eq!(changed.await, 200);

    let answer = web.get(&config).await;
    assert_eq!(answer.at("/config/pgbouncer/ignore_startup_parameters"), &ignored);
    assert_eq!(answer.at("/config/pgbouncer/server_idle_timeout"), 60);
    let refused = with_parameter.connect().await.unwrap_err();
    let said = refused.as_database_error().unwrap().message().to_owned();
    assert_eq!(said, "unsupported startup parameter: extra_float_digits");
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_budget_of_a_token_ends() {
    let account = idle().await;
    let allowance = Allowance { in_a_minute: 3, ..Allowance::default() };
    let token = account.issue(ALL_SCOPES, allowance).await.unwrap();
    let web = Web::new(account.base(), token);
    for left in ["4999", "4998", "4997"] {
        let answer = web.get("/v2/account").await;
        assert_eq!((answer.status, answer.header("ratelimit-remaining")), (200, left));
    }
    let answer = web.get("/v2/account").await;
    assert_eq!((answer.status, answer.text("/id")), (429, "too_many_requests"));
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((50..=60).contains(&wait), "{wait}");
    assert_eq!(Web::with_everything(&account).await.get("/v2/account").await.status, 200);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_meet_the_requests_they_are_planned_for() {
    let account = idle().await;
    let web = Web::with_everything(&account).await;
    let cluster = web.cluster().await;
    let pools = format!("{cluster}/pools");
    let names = async || -> Vec<String> {
        let answer = web.get(&pools).await;
        let pools = answer.at("/pools").as_array().unwrap().clone();
        pools.iter().map(|pool| pool["name"].as_str().unwrap().to_owned()).collect()
    };
    let create = async |name: &str| web.send("POST", &pools, Some(pool_body(name, 1))).await;

    account.plan_fault(fault("POST", "/pools", 1, Fault::ClosedBefore)).await;
    account.plan_fault(fault("POST", "/pools", 1, Fault::AnswerLost)).await;
    account.plan_fault(fault("POST", "/pools", 1, Fault::HalfAnswer)).await;
    account.plan_fault(fault("POST", "/pools", 1, Fault::slow_down(7))).await;
    account.plan_fault(fault("POST", "/pools", 1, Fault::Page(502))).await;
    account.plan_fault(fault("POST", "/pools", 1, Fault::Late(Duration::from_millis(300)))).await;

    assert!(create("not-made").await.is_err());
    assert_eq!(names().await, Vec::<String>::new());
    assert!(create("lost").await.is_err());
    assert_eq!(names().await, ["lost"]);
    assert!(create("half").await.is_err());
    assert_eq!(names().await, ["lost", "half"]);
    let slow_down = create("too-many").await.unwrap();
    assert_eq!((slow_down.status, slow_down.header("retry-after")), (429, "7"));
    let page = create("page").await.unwrap();
    assert_eq!((page.status, page.header("content-type")), (502, "text/html"));
    let began = Instant::now();
    assert_eq!(create("late").await.unwrap().status, 201);
    assert!(Duration::from_millis(300) <= began.elapsed());
    assert_eq!(names().await, ["lost", "half", "late"]);
    assert_eq!(create("well").await.unwrap().status, 201);
    account.close().await;
}

async fn authority(web: &Web, cluster: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let answer = web.get(&format!("{cluster}/ca")).await;
    let pem = STANDARD.decode(answer.text("/ca/certificate")).unwrap();
    String::from_utf8(pem).unwrap()
}

fn options(connection: &Value, login: Option<(&str, &str)>, authority: &str) -> PgConnectOptions {
    let text = |key: &str| connection[key].as_str().unwrap();
    let (user, password) = login.unwrap_or_else(|| (text("user"), text("password")));
    let path = text("uri").split('/').next_back().unwrap().split('?').next().unwrap();
    PgConnectOptions::new_without_pgpass()
        .host(text("host"))
        .port(u16::try_from(connection["port"].as_u64().unwrap()).unwrap())
        .username(user)
        .password(password)
        .database(path)
        .ssl_mode(PgSslMode::VerifyFull)
        .ssl_root_cert_from_pem(authority.as_bytes().to_vec())
        .extra_float_digits(None)
}

/// Signs in with a connection object of the account, or with another role, and asks who it is.
async fn who(
    connection: &Value,
    login: Option<(&str, &str)>,
    authority: &str,
) -> Result<String, sqlx::Error> {
    let mut connection = options(connection, login, authority).connect().await?;
    let query = "select current_user || ' in ' || current_database()";
    connection.fetch_one(sqlx::raw_sql(query)).await?.try_get_unchecked(0)
}
