//! The log of a deployment: where it is read from, what of it is shown, and that nothing in it stops a set-up.

#![expect(clippy::disallowed_types, reason = "a server in the test tells what it was sent")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use poolwright::{
    digitalocean::client::Client,
    domain::{
        app_spec::AppId,
        log::{LogKind, Spot},
        record::Exchange,
        secret::Secret,
        timing::Timing,
    },
    practice::{
        account::{ALL_SCOPES, Beginning},
        faults::{Fault, Planned},
    },
    safety,
    setup::{
        step::StepId,
        steps::{app, pool},
    },
};
use tokio::{io::AsyncWriteExt as _, sync::mpsc};

use crate::{
    account_setup::{Rig, idle},
    canned::{self, Canned},
    paper::Paper,
};

fn client(base: &str) -> (Client, mpsc::Receiver<Exchange>) {
    safety::one_tls_provider();
    let (told, exchanges) = mpsc::channel(64);
    let timing = Timing { request: Duration::from_millis(400), ..Timing::default() };
    (
        Client::new(
            base,
            &poolwright::domain::proxy::Proxy::System,
            &Secret::new("dop_v1_canary"),
            &timing,
            told,
        )
        .unwrap(),
        exchanges,
    )
}

fn app() -> AppId {
    AppId("a1".to_owned())
}

fn spot() -> Spot {
    Spot { component: "web".to_owned(), kind: LogKind::Build }
}

/// The API says that the log is at `/log` of the same place; `log` answers there.
async fn with_log<F>(log: impl Fn(tokio::net::TcpStream) -> F + Clone + Send + 'static) -> Canned
where
    F: Future<Output = ()> + Send + 'static,
{
    let place = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&place);
    let canned = Canned::with(move |mut stream| {
        let (log, told) = (log.clone(), Arc::clone(&told));
        async move {
            let mut first = [0; 4];
            stream.peek(&mut first).await.unwrap();
            let mut line = [0; 512];
            let read = stream.peek(&mut line).await.unwrap();
            let base = told.lock().unwrap().clone();
            if line[..read].starts_with(b"GET /v2/") {
                canned::head(&mut stream).await;
                let url = format!("{base}/log?signature=canary");
                let body = format!(r#"{{"live_url": "{url}"}}"#);
                stream.write_all(&canned::json(&body)).await.ok();
                stream.shutdown().await.ok();
            } else {
                log(stream).await;
            }
        }
    })
    .await;
    canned.base.clone_into(&mut place.lock().unwrap());
    canned
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logs_host_gets_no_token_and_its_signature_is_in_no_history() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    let canned = with_log(move |mut stream| {
        let seen = Arc::clone(&seen);
        async move {
            let head = canned::head(&mut stream).await;
            seen.lock().unwrap().push(head);
            stream.write_all(&canned::answer("200 OK", "text/plain", "one\ntwo\n")).await.ok();
        }
    })
    .await;
    let (client, mut exchanges) = client(&canned.base);
    let address = client.find_log(&app(), "d1", &spot()).await.unwrap().expect("a log");
    let end = client.read_log(&address).await.unwrap();
    assert_eq!((end.bytes.as_slice(), end.cut), (b"one\ntwo\n".as_slice(), false));
    let head = heads.lock().unwrap().pop().expect("it was asked");
    assert!(head.starts_with("GET /log?signature=canary "), "{head}");
    assert!(!head.to_lowercase().contains("authorization"), "{head}");
    let mut paths = Vec::new();
    while let Ok(exchange) = exchanges.try_recv() {
        paths.push(exchange.path);
    }
    let of_log = format!("{}/log", canned.base);
    let found = "/v2/apps/a1/deployments/d1/components/web/logs?type=BUILD&follow=false";
    assert_eq!(paths, [found, &of_log]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_does_not_end_is_read_as_far_as_it_came() {
    let canned = with_log(|mut stream| async move {
        canned::head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nfirst\n").await.ok();
        // Open until the other side has enough.
        std::future::pending::<()>().await;
    })
    .await;
    let (client, _exchanges) = client(&canned.base);
    let address = client.find_log(&app(), "d1", &spot()).await.unwrap().unwrap();
    assert_eq!(client.read_log(&address).await.unwrap().bytes, b"first\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_log_without_bounds_the_end_is_kept() {
    let canned = with_log(|mut stream| async move {
        canned::head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok();
        let line = vec![b'x'; 1 << 16];
        while stream.write_all(&line).await.is_ok() {}
    })
    .await;
    let (client, _exchanges) = client(&canned.base);
    let address = client.find_log(&app(), "d1", &spot()).await.unwrap().unwrap();
    let end = client.read_log(&address).await.unwrap();
    assert!(end.cut && end.bytes.len() <= 1 << 18, "{}", end.bytes.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_points_elsewhere_is_not_followed() {
    let canned = with_log(|mut stream| async move {
        let head = canned::head(&mut stream).await;
        assert!(head.starts_with("GET /log?"), "followed: {head}");
        let moved = "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(moved.as_bytes()).await.ok();
    })
    .await;
    let (client, _exchanges) = client(&canned.base);
    let address = client.find_log(&app(), "d1", &spot()).await.unwrap().unwrap();
    assert!(client.read_log(&address).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_trouble_with_the_log_stops_a_deployment_from_being_followed() {
    for fault in [
        Fault::error(403, "forbidden", "No."),
        Fault::error(500, "server_error", "Server error."),
        Fault::ClosedBefore,
        Fault::Page(200),
        Fault::Late(Duration::from_secs(60)),
        Fault::Endless,
    ] {
        let paper = Paper::open(Beginning::default()).await;
        let (method, path_end) = ("GET".to_owned(), "logs".to_owned());
        let planned = Planned { method, path_end, times: 999, fault: fault.clone() };
        paper.account.plan_fault(planned).await;
        let mut run = paper.start();
        run.ready().await;
        run.act(pool::Msg::Act).await;
        run.act(app::Msg::Switch).await;
        assert_eq!(run.setup.problem(StepId::App), None, "{fault:?}");
        assert!(run.setup.facts.deployed.is_some(), "{fault:?}");
        assert_eq!(run.setup.steps.app.log, None, "{fault:?}");
        paper.account.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_what_failed_is_there_and_shows_no_password() {
    let failing = Beginning { deployments_fail: true, ..idle() };
    let mut rig = Rig::open(failing, ALL_SCOPES).await;
    rig.with_pool().await;
    rig.act(app::Msg::Switch).await;
    let tail = rig.setup.steps.app.log.clone().expect("the log of what failed");
    assert_eq!(tail.spot, Spot { component: "web".to_owned(), kind: LogKind::Deploy });
    assert_eq!(tail.lines.first().map(String::as_str), Some("[web] starting web"));
    assert_eq!(tail.lines.get(1).map(String::as_str), Some("[web] connecting to ••••••••••"));
    let last = tail.lines.last().expect("a last line").clone();
    assert!(last.starts_with("[web] web exited: "), "{last}");
    let problem = rig.problem(StepId::App);
    assert_eq!(problem.detail.last(), Some(&last));
    let shown = format!("{:?} {:?}", rig.setup, rig.setup.record);
    assert!(!shown.contains("AVNS_"), "a password is shown");
    // Another try has another log.
    rig.act(app::Msg::Restore).await;
    assert_eq!(rig.setup.problem(StepId::App), None);
    rig.close().await;
}
