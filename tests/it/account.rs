//! The account's client against the practice account: what it repeats, what it never repeats, what it keeps.

use std::{sync::Arc, time::Duration};

use poolwright::{
    digitalocean::{
        budget::Budget,
        client::Client,
        error::{ApiError, Failure, Reason},
    },
    domain::{
        app_spec::AppId,
        cluster::ClusterId,
        pool::{PoolMode, PoolName, PoolOrder},
        record::Exchange,
        secret::Secret,
        timing::Timing,
    },
    practice::{
        account::{ALL_SCOPES, Account, Allowance, Beginning, CLUSTER_NAME, Crowd},
        faults::{Fault, Planned},
    },
    safety,
};
use tokio::sync::mpsc;

use crate::{
    canned::{self, Canned},
    web::Web,
};

struct Rig {
    account: Account,
    client: Client,
    exchanges: mpsc::Receiver<Exchange>,
}

impl Rig {
    async fn with(scopes: &[&str]) -> Self {
        Self::of(Beginning::default(), scopes).await
    }

    async fn of(beginning: Beginning, scopes: &[&str]) -> Self {
        let account = Account::on_paper(beginning).await.unwrap();
        let token = account.issue(scopes, Allowance::default()).await.unwrap();
        let (client, exchanges) = client(account.base(), &token);
        Self { account, client, exchanges }
    }

    async fn plan(&self, method: &str, path_end: &str, times: u32, fault: Fault) {
        let planned =
            Planned { method: method.to_owned(), path_end: path_end.to_owned(), times, fault };
        self.account.plan_fault(planned).await;
    }

    /// The status of each request since the last look; 0 where no answer came.
    fn statuses(&mut self) -> Vec<u16> {
        let mut statuses = Vec::new();
        while let Ok(exchange) = self.exchanges.try_recv() {
            statuses.push(exchange.status.unwrap_or(0));
        }
        statuses
    }

    async fn cluster_id(&mut self) -> ClusterId {
        let clusters = self.client.clusters().await.unwrap();
        let id = clusters.into_iter().find(|cluster| cluster.name == CLUSTER_NAME).unwrap().id;
        self.statuses();
        id
    }
}

fn client(base: &str, token: &Secret) -> (Client, mpsc::Receiver<Exchange>) {
    client_in(&timing(), base, token)
}

fn client_of(canned: &Canned) -> (Client, mpsc::Receiver<Exchange>) {
    client(&canned.base, &Secret::new("dop_v1_x"))
}

fn client_in(timing: &Timing, base: &str, token: &Secret) -> (Client, mpsc::Receiver<Exchange>) {
    safety::one_tls_provider();
    let (told, exchanges) = mpsc::channel(64);
    (
        Client::new(base, &poolwright::domain::proxy::Proxy::System, token, timing, told).unwrap(),
        exchanges,
    )
}

/// Waits of milliseconds; one request may take two seconds.
fn timing() -> Timing {
    let ms = Duration::from_millis;
    Timing { request: ms(2000), retry: (ms(1), ms(20)), again: ms(10), ..Timing::default() }
}

fn order(name: &str) -> PoolOrder {
    PoolOrder {
        name: PoolName::given(name),
        mode: PoolMode::Transaction,
        size: 5,
        db: "contrezz".to_owned(),
        user: Some("contrezz_app".to_owned()),
    }
}

fn error<T: std::fmt::Debug>(ended: Result<T, ApiError>) -> ApiError {
    ended.unwrap_err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_token_is_sent_once_and_shown_nowhere() {
    let rig = Rig::with(&[]).await;
    let token = "dop_v1_canary0123456789";
    let (client, mut exchanges) = client(rig.account.base(), &Secret::new(token));
    let err = error(client.clusters().await);
    let exchange = exchanges.try_recv().unwrap();
    assert_eq!((err.status(), exchange.status), (Some(401), Some(401)));
    assert!(exchange.request_id.is_some());
    assert!(exchanges.try_recv().is_err());
    let shown = format!("{client:?} {err:?} {err} {exchange:?}");
    assert!(!shown.contains("canary"), "{shown}");
    rig.account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_sees_only_what_its_scopes_let_it_see() {
    let mut rig = Rig::with(&["database:read", "database:update"]).await;
    let clusters = rig.client.clusters().await.unwrap();
    assert!(clusters.iter().all(|cluster| cluster.direct.password.is_none()));
    let id = rig.cluster_id().await;
    let users = rig.client.users(&id).await.unwrap();
    assert!(!users.is_empty() && users.iter().all(|user| user.password.is_none()));

    let err = error(rig.client.create_pool(&id, &order("contrezz-pool")).await);
    assert!(err.forbidden() && !err.outcome_unknown());
    assert_eq!(err.operation.scope(), "database:create");
    assert!(error(rig.client.apps().await).forbidden());
    assert!(error(rig.client.owner().await).forbidden());
    rig.account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_are_asked_again_and_changes_are_not() {
    let mut rig = Rig::with(ALL_SCOPES).await;
    let id = rig.cluster_id().await;
    let unavailable = || Fault::error(503, "service_unavailable", "Server is unavailable.");

    rig.plan("GET", "/v2/databases", 1, Fault::slow_down(0)).await;
    rig.plan("GET", "/v2/databases", 1, unavailable()).await;
    rig.plan("GET", "/v2/databases", 1, Fault::ClosedBefore).await;
    assert!(rig.client.clusters().await.is_ok());
    assert_eq!(rig.statuses(), [429, 503, 0, 200]);
    // A wait that the provider does not name is ours.
    rig.plan("GET", "/v2/databases", 1, Fault::error(429, "too_many_requests", "Slow down.")).await;
    assert!(rig.client.clusters().await.is_ok());
    assert_eq!(rig.statuses(), [429, 200]);

    rig.plan("GET", "/v2/databases", 9, unavailable()).await;
    assert_eq!(error(rig.client.clusters().await).status(), Some(503));
    assert_eq!(rig.statuses(), [503; 4]);

    rig.plan("POST", "/pools", 1, unavailable()).await;
    let err = error(rig.client.create_pool(&id, &order("contrezz-pool")).await);
    assert!(err.outcome_unknown());
    assert_eq!(rig.statuses(), [503]);
    assert!(error(rig.client.pool(&id, &order("contrezz-pool").name).await).not_found());
    rig.statuses();

    // The answer says that nothing was done.
    rig.plan("POST", "/pools", 1, Fault::slow_down(0)).await;
    assert!(rig.client.create_pool(&id, &order("contrezz-pool")).await.is_ok());
    assert_eq!(rig.statuses(), [429, 201]);
    rig.account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_is_told_before_it_begins() {
    let rig = Rig::with(ALL_SCOPES).await;
    rig.plan("GET", "/v2/databases", 1, Fault::slow_down(1)).await;
    let token = rig.account.issue(ALL_SCOPES, Allowance::default()).await.unwrap();
    let (client, mut exchanges) = client_in(&Timing::default(), rig.account.base(), &token);
    let asking = client.clusters();
    let held_back = async {
        let told = exchanges.recv().await.unwrap();
        (told.status, told.again_in)
    };
    let (answered, told) = tokio::join!(asking, held_back);
    assert!(answered.is_ok());
    assert_eq!(told, (Some(429), Some(Duration::from_secs(1))));
    rig.account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_budget_holds_a_request_back_before_the_account_has_to_refuse_it() {
    let rig = Rig::with(ALL_SCOPES).await;
    let budget = Budget::default();
    let (told, mut exchanges) = mpsc::channel(512);
    let token = rig.account.issue(ALL_SCOPES, Allowance::default()).await.unwrap();
    let client = || {
        let client = Client::new(
            rig.account.base(),
            &poolwright::domain::proxy::Proxy::System,
            &token,
            &timing(),
            told.clone(),
        )
        .unwrap();
        client.within(budget.clone())
    };
    // A client for each effect, as a set-up makes them.
    for _ in 0..25 {
        let client = client();
        for _ in 0..10 {
            client.may_list_apps().await.unwrap();
        }
    }
    let client = client();
    let one_more = tokio::time::timeout(Duration::from_millis(300), client.may_list_apps());
    assert!(one_more.await.is_err(), "it waits for the minute to end");
    drop((client, told));
    let mut all = Vec::new();
    while let Some(exchange) = exchanges.recv().await {
        all.push(exchange);
    }
    assert_eq!(all.len(), 251);
    assert!(all[..250].iter().all(|exchange| exchange.status == Some(200)));
    let held = all[250].again_in.unwrap();
    assert!(Duration::from_secs(30) < held && held <= Duration::from_secs(60), "{held:?}");
    rig.account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_wait_is_left_to_the_person() {
    let mut rig = Rig::with(ALL_SCOPES).await;
    rig.plan("GET", "/v2/databases", 9, Fault::slow_down(3000)).await;
    let err = error(rig.client.clusters().await);
    assert_eq!(rig.statuses(), [429]);
    let Failure::Refused(refusal) = err.failure else { panic!("a refusal") };
    assert_eq!(refusal.wait, Some(Duration::from_secs(3000)));
    rig.account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_leaves_open_what_was_done() {
    let mut rig = Rig::with(ALL_SCOPES).await;
    let id = rig.cluster_id().await;
    for (name, fault) in [("lost-pool", Fault::AnswerLost), ("half-pool", Fault::HalfAnswer)] {
        rig.plan("POST", "/pools", 1, fault).await;
        let err = error(rig.client.create_pool(&id, &order(name)).await);
        assert!(err.outcome_unknown(), "{name}: {err:?}");
        assert_eq!(rig.statuses().len(), 1);
        let there = rig.client.pool(&id, &PoolName::given(name)).await.unwrap();
        assert!(there.fulfils(&order(name)));
        rig.statuses();
    }
    rig.account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_answer_of_the_account_is_named() {
    let mut rig = Rig::with(ALL_SCOPES).await;
    rig.plan("GET", "/v2/databases", 1, Fault::Page(200)).await;
    assert!(matches!(error(rig.client.clusters().await).failure, Failure::NotJson { .. }));
    assert_eq!(rig.statuses(), [200]);

    rig.plan("GET", "/v2/databases", 9, Fault::Page(502)).await;
    let Failure::Refused(refusal) = error(rig.client.clusters().await).failure else {
        panic!("a refusal")
    };
    assert_eq!((refusal.status, refusal.id), (502, None));
    assert_eq!(rig.statuses(), [502; 4]);

    rig.plan("GET", "/v2/account", 9, Fault::HalfAnswer).await;
    let err = error(rig.client.owner().await);
    assert!(matches!(err.failure, Failure::Broken(_)), "{err:?}");
    assert_eq!(rig.statuses().len(), 4);
    rig.account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_nobody_waits_for_any_more_is_in_the_history() {
    let mut rig = Rig::with(ALL_SCOPES).await;
    let id = rig.cluster_id().await;
    rig.plan("POST", "/pools", 1, Fault::Late(Duration::from_secs(60))).await;
    let order = order("contrezz-pool");
    let stopped =
        tokio::time::timeout(Duration::from_millis(500), rig.client.create_pool(&id, &order));
    assert!(stopped.await.is_err());
    let exchange = rig.exchanges.try_recv().unwrap();
    assert_eq!((exchange.method.as_str(), exchange.status), ("POST", None));
    assert_eq!(
        exchange.body.as_deref(),
        Some(
            r#"{"name":"contrezz-pool","mode":"transaction","size":5,"db":"contrezz","user":"contrezz_app"}"#
        )
    );
    rig.account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trusted_sources_go_back_whole() {
    let mut rig = Rig::with(ALL_SCOPES).await;
    let id = rig.cluster_id().await;
    let web = Web::with_everything(&rig.account).await;
    let path = format!("{}/firewall", web.cluster().await);
    let theirs = serde_json::json!({"rules": [
        {"type": "tag", "value": "backend", "description": "all of the back end", "unknown": {"kept": [1, null]}},
        {"type": "ip_addr", "value": "198.51.100.4", "description": "office"},
    ]});
    web.put(&path, theirs).await;
    let before = web.get(&path).await.body;

    let rules = rig.client.trusted_sources(&id).await.unwrap();
    rig.client.set_trusted_sources(&id, &rules).await.unwrap();
    assert_eq!(web.get(&path).await.body, before);
    rig.account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_pool_keeps_its_user_and_its_name_in_the_url() {
    let mut rig = Rig::with(ALL_SCOPES).await;
    let id = rig.cluster_id().await;
    let made = rig.client.create_pool(&id, &order("contrezz-pool")).await.unwrap();
    let larger = PoolOrder { size: 7, ..order("contrezz-pool") };
    rig.client.change_pool(&id, &larger).await.unwrap();
    let pool = rig.client.pool(&id, &larger.name).await.unwrap();
    assert!(pool.fulfils(&larger), "{pool:?}");
    let public = pool.public.unwrap();
    assert_eq!((public.database.as_str(), public.user.as_str()), ("contrezz-pool", "contrezz_app"));
    assert!(public.password.is_some());
    assert_eq!(made.public, Some(public));
    let pem = rig.client.authority(&id).await.unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
    rig.client.delete_pool(&id, &larger.name).await.unwrap();
    assert!(rig.client.pools(&id).await.unwrap().is_empty());
    rig.account.close().await;
}

#[tokio::test]
async fn pages_are_asked_of_the_configured_host_only() {
    let canned = Canned::serve(|path, _| {
        canned::json(match path {
            "/v2/apps?page=1&per_page=200" => {
                r#"{"apps": [{"id": "a1", "spec": {"name": "one"}}],
                    "links": {"pages": {"next": "https://api.digitalocean.com/v2/apps?page=2&per_page=200"}}}"#
            }
            "/v2/apps?page=2&per_page=200" => r#"{"apps": [{"id": "a2", "spec": {"name": "two"}}], "links": {}}"#,
            _ => "{}",
        })
    })
    .await;
    let (client, _exchanges) = client(&canned.base, &Secret::new("dop_v1_x"));
    let names: Vec<String> = client.apps().await.unwrap().into_iter().map(|app| app.name).collect();
    assert_eq!(names, ["one", "two"]);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Canned::serve(|_, head| {
        assert!(!head.contains("dop_v1_canary"), "the token went to another host");
        canned::json(r#"{"databases": []}"#)
    })
    .await;
    let to = format!("{}/v2/databases", elsewhere.base);
    let canned = Canned::serve(move |_, _| {
        format!(
            "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
        .into_bytes()
    })
    .await;
    let (client, _exchanges) = client(&canned.base, &Secret::new("dop_v1_canary"));
    assert!(matches!(error(client.clusters().await).failure, Failure::Redirected(302)));
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let canned = Canned::with(|mut stream| async move {
        use tokio::io::AsyncWriteExt as _;
        canned::head(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{\"databases\": [";
        stream.write_all(head.as_bytes()).await.ok();
        while stream.write_all(&[b' '; 8192]).await.is_ok() {}
    })
    .await;
    let patient = Timing { request: Duration::from_secs(30), ..timing() };
    let (client, _exchanges) = client_in(&patient, &canned.base, &Secret::new("x"));
    let err = error(client.clusters().await);
    let Failure::TooLarge(most) = err.failure else { panic!("{err:?}") };
    assert_eq!(most, 8 << 20);
}

#[tokio::test]
async fn values_within_values_without_end_are_refused() {
    let deep = format!("{{\"databases\": {}", "[".repeat(100_000));
    let canned = Canned::serve(move |_, _| canned::json(&deep)).await;
    let (client, _exchanges) = client(&canned.base, &Secret::new("x"));
    let err = error(client.clusters().await);
    assert!(matches!(err.failure, Failure::Unexpected(_)), "{err:?}");

    // Also where a value is kept as it came: an app's settings.
    let deep = format!(
        "{{\"app\": {{\"id\": \"a\", \"spec\": {}{}}}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let canned = Canned::serve(move |_, _| canned::json(&deep)).await;
    let (client, _exchanges) = client_of(&canned);
    let err = error(client.app(&AppId("a".to_owned())).await);
    assert!(matches!(err.failure, Failure::Unexpected(_)), "{err:?}");
}

#[tokio::test]
async fn fields_and_words_that_are_new_are_passed_over() {
    let canned = Canned::serve(|path, _| {
        canned::json(if path == "/v2/databases" {
            r#"{"databases": [{"id": "c", "name": "n", "engine": "newsql", "status": "dreaming",
                "size": "db-x", "zones": [1, {"a": null}], "connection": {"host": "h", "port": 1, "shape": "new"}}],
                "hints": {}}"#
        } else {
            r#"{"deployment": {"id": "d", "phase": "PONDERING", "progress": {"steps": [{"status": "ODD"}]}}}"#
        })
    })
    .await;
    let (client, _exchanges) = client_of(&canned);
    let clusters = client.clusters().await.unwrap();
    assert_eq!((clusters[0].engine.as_str(), clusters[0].status.as_str()), ("newsql", "dreaming"));
    let deployment = client.deployment(&AppId("a".to_owned()), "d").await.unwrap();
    assert_eq!((deployment.phase.as_str(), deployment.broken), ("PONDERING", None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_apps_come_in_pages_of_two_hundred_and_four_at_once() {
    let crowd = Crowd { apps: 1998, delay: Duration::from_millis(20), ..Crowd::default() };
    let rig = Rig::of(Beginning { crowd, ..Beginning::default() }, ALL_SCOPES).await;
    let mut calls = rig.account.calls().await.unwrap();
    let began = std::time::Instant::now();
    let apps = rig.client.apps().await.unwrap();
    // The first page tells how many there are; the other nine come in three rounds.
    println!("2,000 apps at 20 ms an answer: {} ms", began.elapsed().as_millis());
    let names: std::collections::BTreeSet<_> = apps.iter().map(|app| &app.name).collect();
    assert_eq!((apps.len(), names.len()), (2000, 2000));
    let mut pages = 0;
    while let Ok(call) = calls.try_recv() {
        assert_eq!(call.query[1], ("per_page".to_owned(), "200".to_owned()));
        pages += 1;
    }
    assert_eq!(pages, 10);
    rig.account.close().await;
}

#[tokio::test]
async fn a_page_that_is_too_large_is_asked_for_in_smaller_ones() {
    let canned = Canned::serve(|path, _| match path {
        "/v2/apps?page=1&per_page=20" => {
            canned::json(r#"{"apps": [{"id": "a1", "spec": {"name": "one"}}], "links": {}}"#)
        }
        _ => canned::json(&format!("{{\"apps\": [{}]}}", " ".repeat(9 << 20))),
    })
    .await;
    let (client, _exchanges) = client_of(&canned);
    assert_eq!(client.apps().await.unwrap().len(), 1);
}

#[tokio::test]
async fn silence_ends_at_the_limit_of_one_request() {
    let canned = Canned::with(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let short = Timing { request: Duration::from_millis(100), ..timing() };
    let (client, _exchanges) = client_in(&short, &canned.base, &Secret::new("x"));
    let id = ClusterId("c".to_owned());
    let err = error(client.create_pool(&id, &order("contrezz-pool")).await);
    assert!(matches!(err.failure, Failure::Silent(_)) && err.outcome_unknown(), "{err:?}");
}

#[tokio::test]
async fn nobody_there_is_no_connection_and_nothing_was_done() {
    let gone = Canned::serve(|_, _| Vec::new()).await.base.clone();
    let (client, mut exchanges) = client(&gone, &Secret::new("x"));
    let id = ClusterId("c".to_owned());
    let err = error(client.create_pool(&id, &order("contrezz-pool")).await);
    assert!(matches!(err.failure, Failure::Unreachable { .. }), "{err:?}");
    assert!(!err.outcome_unknown());
    // Nothing was sent, so it may be tried again.
    let mut tries = 0;
    while exchanges.try_recv().is_ok() {
        tries += 1;
    }
    assert_eq!(tries, 4);
}

/// An encrypted port whose certificate no authority of this computer signed.
async fn unknown_authority() -> Canned {
    safety::one_tls_provider();
    let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key =
        rustls::pki_types::PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    Canned::with(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            use tokio::io::AsyncReadExt as _;
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let mut all = String::new();
                stream.read_to_string(&mut all).await.ok();
                assert!(!all.contains("canary"), "the token was sent");
            }
        }
    })
    .await
}

#[tokio::test]
async fn the_token_is_not_sent_where_the_certificate_is_not_known() {
    let server = unknown_authority().await;
    let base = server.base.replace("http://", "https://");
    let (client, mut exchanges) = client(&base, &Secret::new("canary"));
    let err = error(client.clusters().await);
    let Failure::Unreachable { reason, .. } = err.failure else { panic!("{err:?}") };
    assert_eq!(reason, Reason::Authority);
    assert_eq!(exchanges.try_recv().unwrap().status, None);
    assert!(exchanges.try_recv().is_err(), "trying again would not help");
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_named_as_the_reason() {
    let (client, _exchanges) = client("https://api.poolwright.invalid", &Secret::new("x"));
    let err = error(client.clusters().await);
    let Failure::Unreachable { reason, .. } = err.failure else { panic!("{err:?}") };
    assert_eq!(reason, Reason::Name);
}
