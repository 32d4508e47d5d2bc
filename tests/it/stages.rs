//! The staged test against real servers: what it finds, how often it asks, and what it waits for.

use std::{
    io::Write as _,
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use poolwright::{
    domain::{
        conn_url::ConnUrl,
        diagnosis::Known,
        pool::PoolMode,
        stages::{Outcome, Port, Stage},
        timing::Timing,
    },
    postgres::stages::{self, Finding, Pace, Target},
    practice::cluster::{APP_DATABASE, APP_ROLE, Build, Cluster},
};
use serde_json::json;
use tokio::sync::mpsc;

use crate::{poolers, relay::Relay};

use crate::served;

const POOL: &str = "shop-pool";

async fn cluster(build: Build, size: u32) -> Cluster {
    let mut cluster = Cluster::start_as(build).await.unwrap();
    cluster.set_pools(vec![served::pool(POOL, PoolMode::Transaction, size)]).await.unwrap();
    cluster
}

fn url(cluster: &Cluster, port: u16, database: &str) -> ConnUrl {
    served::url(cluster, APP_ROLE, port, database)
}

fn urls(cluster: &Cluster) -> (ConnUrl, ConnUrl) {
    (url(cluster, cluster.pool_port(), POOL), url(cluster, cluster.direct_port(), APP_DATABASE))
}

/// Runs the test; `watch` hears each stage as it ends.
async fn run(
    (pooled, direct): (&ConnUrl, &ConnUrl),
    ca: Option<&str>,
    patience: Duration,
    timing: &Timing,
    mut watch: impl FnMut(Port, Stage, &Outcome),
) -> Finding {
    let (told, mut heard) = mpsc::channel(4);
    let test = async {
        let pace = Pace { patience, timing, told: &told };
        let (pooled, direct) = (Target { url: pooled, ca }, Target { url: direct, ca });
        let finding = Box::pin(stages::test(pooled, direct, &Known::default(), pace)).await;
        drop(told);
        finding
    };
    let listening = async {
        while let Some((port, stage, outcome)) = heard.recv().await {
            watch(port, stage, &outcome);
        }
    };
    tokio::join!(test, listening).0
}

fn found(finding: &Finding, port: Port, stage: Stage) -> String {
    match finding.ports.column(port).get(stage) {
        Outcome::Passed { found, .. } | Outcome::Unverified { found, .. } => found.clone(),
        other => format!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ports_pass_all_seven_stages_and_prove_what_they_are() {
    let cluster = cluster(Build::default(), 3).await;
    let (pooled, direct) = urls(&cluster);

    let ca = Some(cluster.ca());
    let finding =
        run((&pooled, &direct), ca, Duration::ZERO, &Timing::default(), |_, _, _| ()).await;

    assert!(finding.ports.pooled.passed() && finding.ports.direct.passed(), "{finding:?}");
    assert_eq!(found(&finding, Port::Pooled, Stage::Target), "shop-pool → contrezz");
    assert_eq!(found(&finding, Port::Pooled, Stage::Proof), "PgBouncer (ids differ)");
    let proof = format!("PostgreSQL {} (ids equal)", cluster.version());
    assert_eq!(found(&finding, Port::Direct, Stage::Proof), proof);
    assert_eq!(finding.pooler_address.as_deref(), Some("127.0.0.1"));
    assert_eq!(finding.server_version.as_deref(), Some(cluster.version()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_authority_encryption_works_and_is_told_as_unverified() {
    let cluster = cluster(Build::default(), 3).await;
    let (pooled, direct) = urls(&cluster);

    let finding =
        run((&pooled, &direct), None, Duration::ZERO, &Timing::default(), |_, _, _| ()).await;

    for port in Port::BOTH {
        let column = finding.ports.column(port);
        assert!(column.answered() && !column.passed());
        assert!(matches!(column.get(Stage::Encryption), Outcome::Unverified { .. }));
    }
}

/// Name to first answer: TCP, the request for TLS, TLS 1.3, start-up, two of SCRAM, the query.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seven_round_trips_bring_the_first_answer_on_both_ports() {
    for (pooler, pgbouncer) in poolers::all() {
        let build = Build { pgbouncer, ..Build::default() };
        let cluster = cluster(build, 3).await;
        let delay = Duration::from_millis(25);
        let to_pool = Relay::open(Ipv4Addr::LOCALHOST, cluster.pool_port(), delay).await;
        let to_server = Relay::open(Ipv4Addr::LOCALHOST, cluster.direct_port(), delay).await;
        let pooled = url(&cluster, to_pool.port, POOL);
        let direct = url(&cluster, to_server.port, APP_DATABASE);

        let mut trips = [0, 0];
        let watch = |port, stage, outcome: &Outcome| {
            if stage == Stage::Query && matches!(outcome, Outcome::Passed { .. }) {
                trips[usize::from(port == Port::Direct)] = match port {
                    Port::Pooled => to_pool.round_trips(),
                    Port::Direct => to_server.round_trips(),
                };
            }
        };
        let ca = Some(cluster.ca());
        let finding = run((&pooled, &direct), ca, Duration::ZERO, &Timing::default(), watch).await;

        assert!(finding.ports.pooled.passed() && finding.ports.direct.passed(), "{finding:?}");
        assert_eq!(trips, [7, 7], "{pooler}: pooled, direct");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_pool_is_waited_for_on_the_connection_that_asked() {
    let cluster = cluster(Build::default(), 1).await;
    let (pooled, direct) = urls(&cluster);
    let ca = Some(cluster.ca());
    let quick = Timing { query: Duration::from_millis(200), ..Timing::default() };
    let mut holder = stages::connect(&pooled, ca, &quick).await.unwrap();
    holder.rows("begin").await.unwrap();

    let mut waited = Vec::new();
    let began = Instant::now();
    let test =
        run((&pooled, &direct), ca, Duration::from_secs(20), &quick, |port, stage, outcome| {
            if let Outcome::Waiting(why) = outcome {
                waited.push((port, stage, why.clone()));
            }
        });
    let freeing = async {
        tokio::time::sleep(Duration::from_millis(1200)).await;
        holder.rows("rollback").await.unwrap();
    };
    let (finding, ()) = tokio::join!(test, freeing);

    assert!(finding.ports.pooled.passed(), "{finding:?}");
    assert!(Duration::from_millis(1100) < began.elapsed());
    let why = "all connections of the pool are lent out".to_owned();
    assert_eq!(waited, [(Port::Pooled, Stage::Query, why)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_database_is_asked_again_until_a_slot_is_free() {
    let cluster = cluster(Build::default(), 3).await;
    let (pooled, direct) = urls(&cluster);
    let ca = Some(cluster.ca());
    let timing = Timing { again: Duration::from_millis(100), ..Timing::default() };
    let mut holders = Vec::new();
    for _ in 0..22 {
        holders.push(stages::connect(&direct, ca, &timing).await.unwrap());
    }

    let mut waits = 0;
    let test = run((&pooled, &direct), ca, Duration::from_secs(20), &timing, |port, _, outcome| {
        waits += usize::from(port == Port::Direct && matches!(outcome, Outcome::Waiting(_)));
    });
    let freeing = async {
        tokio::time::sleep(Duration::from_millis(800)).await;
        drop(holders);
    };
    let (finding, ()) = tokio::join!(test, freeing);

    assert!(finding.ports.pooled.passed() && finding.ports.direct.passed(), "{finding:?}");
    assert!(0 < waits, "nothing was said while it was waited");
}

/// How often each is timed in the measurement.
const TIMES: usize = 15;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// From the beginning of the test to the first answer on each port: pooled, direct.
async fn first_answers(urls: (&ConnUrl, &ConnUrl), ca: Option<&str>) -> [Option<Duration>; 2] {
    let began = Instant::now();
    let mut answers = [None, None];
    let watch = |port, stage, outcome: &Outcome| {
        if stage == Stage::Query && matches!(outcome, Outcome::Passed { .. }) {
            answers[usize::from(port == Port::Direct)] = Some(began.elapsed());
        }
    };
    Box::pin(run(urls, ca, Duration::ZERO, &Timing::default(), watch)).await;
    answers
}

/// `psql -c 'select 1'`, verifying the same certificate.
async fn psql(url: &ConnUrl, ca: &std::path::Path) -> Duration {
    let began = Instant::now();
    let status = tokio::process::Command::new("psql")
        .args(["-qXAt", "-c", "select 1", "-h", &url.host, "-p", &url.port.to_string()])
        .args(["-U", &url.user, "-d", &url.database])
        .env("PGPASSWORD", url.password.as_ref().unwrap().expose())
        .env("PGSSLMODE", "verify-full")
        .env("PGSSLROOTCERT", ca)
        .stdout(std::process::Stdio::null())
        .status()
        .await
        .expect("psql is installed");
    assert!(status.success());
    began.elapsed()
}

/// As `psql 17.2`.
async fn psql_version() -> String {
    let said = tokio::process::Command::new("psql").arg("--version").output().await;
    let said = String::from_utf8(said.expect("psql is installed").stdout).expect("text");
    format!("psql {}", said.split_whitespace().nth(2).expect("a version"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, which benches/connect runs"]
async fn time_to_the_first_answer_beside_psql() {
    let cluster = cluster(Build::default(), 3).await;
    let delay = Duration::from_millis(25);
    let to_pool = Relay::open(Ipv4Addr::LOCALHOST, cluster.pool_port(), delay).await;
    let to_server = Relay::open(Ipv4Addr::LOCALHOST, cluster.direct_port(), delay).await;
    let pooled = url(&cluster, to_pool.port, POOL);
    let direct = url(&cluster, to_server.port, APP_DATABASE);
    let nowhere = url(&cluster, 1, "nobody");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(cluster.ca().as_bytes()).unwrap();
    let ca = Some(cluster.ca());

    let mut rows: [Vec<Duration>; 6] = Default::default();
    for _ in 0..TIMES {
        rows[0].extend(first_answers((&pooled, &nowhere), ca).await[0]);
        rows[1].push(psql(&pooled, file.path()).await);
        rows[2].extend(first_answers((&nowhere, &direct), ca).await[1]);
        rows[3].push(psql(&direct, file.path()).await);
        let both = first_answers((&pooled, &direct), ca).await;
        rows[4].extend(both.iter().flatten().max());
        let (one, other) = tokio::join!(psql(&pooled, file.path()), psql(&direct, file.path()));
        rows[5].push(one.max(other));
    }
    let psql = psql_version().await;
    let names = [
        ("pooled port alone", None),
        ("select 1, pooled", Some(&psql)),
        ("direct port alone", None),
        ("select 1, direct", Some(&psql)),
        ("both ports at once", None),
        ("twice at once", Some(&psql)),
    ];
    let group = "The test of the connections, 50 ms away, up to the first answer";
    for ((what, peer), times) in names.iter().zip(&rows) {
        let times: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1000.0).collect();
        println!(
            "{}",
            json!({ "group": group, "what": what, "unit": "ms", "values": times, "peer": peer })
        );
    }
    let [pooled, _, direct, _, both, _] = rows.map(median);
    let ratio = both.div_duration_f64(pooled.max(direct));
    let what = "both at once, times the slower port alone";
    println!(
        "{}",
        json!({ "group": group, "what": what, "unit": "×", "values": [ratio], "limit": 1.1 })
    );
}
