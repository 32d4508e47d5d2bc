//! Rust's own clients, compiled from the very code that is shown: each works in a process of its own, with the URL in
//! its environment and the authority in its folder.

use std::{collections::BTreeMap, fs, process::Stdio, time::Duration};

use poolwright::domain::{
    client::{Client, Needs},
    stages::{Probe, Tracking},
};
use sqlx::Row as _;

use super::{Bench, CA_FILE, KEYS, Report, WORKERS, rounds, shown};
use crate::poolers;

/// Which client the process is to work with; the test below starts it.
const WORK: &str = "POOLWRIGHT_CLIENT_AT_WORK";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rust_clients_take_what_they_are_shown() {
    if let Ok(client) = std::env::var(WORK) {
        let report = match client.as_str() {
            "sqlx" => sqlx_at_work().await,
            _ => tokio_postgres_at_work().await,
        };
        println!("{}", serde_json::to_string(&(report.right, report.said)).unwrap());
        return;
    }
    for (name, pgbouncer) in poolers::all() {
        let bench = Bench::start(pgbouncer).await;
        let authority = bench.cluster.ca().to_owned();
        for (client, word, file) in [
            (Client::Sqlx, "sqlx", include_str!("shown/sqlx.rs")),
            (Client::TokioPostgres, "tokio-postgres", include_str!("shown/tokio_postgres.rs")),
        ] {
            let needs = Needs { probe: Some(untracked(bench.probe)), ..bench.needs() };
            let (_, compiled) = file.split_once("\n\n").unwrap();
            let shown = client.code(&needs).map(|code| code.text);
            assert_eq!(shown.as_deref(), Some(compiled), "{word}");
            let report = at_work(&bench, client, word, &authority).await;
            assert_eq!(report, Report::all_right(), "{word}, {name}");
        }
        let refused = at_work(&bench, Client::TokioPostgres, "tokio-postgres", "").await;
        assert_eq!(refused.right, 0, "without the authority");
    }
}

/// The code is compiled once, in the form that is safe either way.
fn untracked(probe: Probe) -> Probe {
    Probe { tracking: Tracking::NotTracked, ..probe }
}

async fn at_work(bench: &Bench, client: Client, word: &str, authority: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(CA_FILE), authority).unwrap();
    let url = bench.url(client, &bench.needs());
    let output = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "clients::rust::rust_clients_take_what_they_are_shown"])
        .current_dir(folder.path())
        .env(WORK, word)
        // The client signs in with it, from its environment as in production.
        .env(KEYS.0, url.text().expose())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let report = printed.lines().find_map(|line| serde_json::from_str(line).ok());
    let (right, said): (u32, BTreeMap<String, u32>) =
        report.unwrap_or_else(|| panic!("{word} reported nothing: {printed}"));
    Report { right, said }
}

/// Counts answers and what was said instead.
async fn gather<F: Future<Output = Result<u32, String>>>(work: impl Fn(u32) -> F) -> Report {
    let worker = async |number: u32| {
        let mut answers = Vec::new();
        for round in 0..rounds() {
            let value = number * 1000 + round;
            answers.push(work(value).await.and_then(|answer| {
                if answer == value + 1 { Ok(()) } else { Err(format!("{value} + 1 = {answer}")) }
            }));
        }
        answers
    };
    let mut report = Report { right: 0, said: BTreeMap::new() };
    for answers in futures_util::future::join_all((0..WORKERS).map(worker)).await {
        for answer in answers {
            match answer {
                Ok(()) => report.right += 1,
                Err(said) => *report.said.entry(said).or_default() += 1,
            }
        }
    }
    report
}

fn text(err: impl std::fmt::Display) -> String {
    err.to_string()
}

async fn sqlx_at_work() -> Report {
    let pool = shown::sqlx::connect().await.unwrap();
    let limit = pool.options().get_max_connections();
    assert_eq!(limit, WORKERS);
    gather(|value| {
        let pool = pool.clone();
        async move {
            let mut transaction = pool.begin().await.map_err(text)?;
            let query = sqlx::query("SELECT $1::int4 + 1").bind(value.cast_signed());
            let row = query.persistent(false).fetch_one(&mut *transaction).await.map_err(text)?;
            transaction.commit().await.map_err(text)?;
            Ok(row.get::<i32, _>(0).cast_unsigned())
        }
    })
    .await
}

/// Each worker has a connection, as from a pool of its own.
async fn tokio_postgres_at_work() -> Report {
    rustls::crypto::ring::default_provider().install_default().ok();
    gather(|value| async move {
        let client =
            tokio::time::timeout(Duration::from_secs(20), shown::tokio_postgres::connect())
                .await
                .map_err(text)?
                .map_err(text)?;
        client.batch_execute("BEGIN").await.map_err(text)?;
        let value = value.cast_signed();
        let typed = (
            &value as &(dyn tokio_postgres::types::ToSql + Sync),
            tokio_postgres::types::Type::INT4,
        );
        let rows = client.query_typed("SELECT $1 + 1", &[typed]).await.map_err(text)?;
        client.batch_execute("COMMIT").await.map_err(text)?;
        Ok(rows.first().map_or(0, |row| row.get::<_, i32>(0)).cast_unsigned())
    })
    .await
}
