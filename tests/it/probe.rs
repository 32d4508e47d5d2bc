//! The probe behind the pooled port: mode and tracking, and what of a session can be used, on two kinds of PgBouncer.

use std::time::Duration;

use poolwright::{
    domain::{
        conn_url::ConnUrl,
        features::{Basis, Found, Holds, inferred},
        pool::PoolMode,
        project::Feature,
        stages::{Probe, Tracking},
        timing::Timing,
    },
    postgres::{features, probe, stages},
    practice::{
        cluster::{APP_DATABASE, APP_ROLE, Build, Cluster},
        pooler::PoolEntry,
    },
};

use crate::{poolers, proof::proving, served};

/// Times that each kind is classified, while others use it.
fn times() -> usize {
    if proving() { 100 } else { 10 }
}

fn pool(mode: PoolMode, size: u32) -> PoolEntry {
    served::pool(&format!("{}-pool", mode.word()), mode, size)
}

fn url(cluster: &Cluster, port: u16, database: &str) -> ConnUrl {
    served::url(cluster, APP_ROLE, port, database)
}

/// Pooled URLs of the three modes, then the direct one; and what a probe must find behind each.
fn kinds(cluster: &Cluster, tracking: Tracking) -> [(ConnUrl, Probe); 4] {
    let pooled =
        |mode: PoolMode| url(cluster, cluster.pool_port(), &format!("{}-pool", mode.word()));
    let found = |mode, tracking| Probe { mode: Some(mode), tracking };
    [
        (pooled(PoolMode::Transaction), found(PoolMode::Transaction, tracking)),
        (pooled(PoolMode::Statement), found(PoolMode::Statement, tracking)),
        // Nothing has to be followed where the connection stays the same.
        (pooled(PoolMode::Session), found(PoolMode::Session, Tracking::NotTracked)),
        (
            url(cluster, cluster.direct_port(), APP_DATABASE),
            // A session of one's own; nobody renames anything.
            found(PoolMode::Session, Tracking::NotTracked),
        ),
    ]
}

/// Clients that use a URL all the time, as an app does, until they are dropped.
fn busy(url: &ConnUrl, ca: &str, count: usize) -> tokio::task::JoinSet<()> {
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..count {
        let (url, ca) = (url.clone(), ca.to_owned());
        clients.spawn(async move {
            let Ok(mut wire) = stages::connect(&url, Some(&ca), &Timing::default()).await else {
                return;
            };
            while wire.rows("select pg_sleep(0.002)").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        });
    }
    clients
}

async fn classified(pgbouncer: Option<std::path::PathBuf>, tracking: Tracking) {
    let mut cluster = Cluster::start_as(Build { pgbouncer, ..Build::default() }).await.unwrap();
    // Two more than the background needs: a probe of sessions takes two.
    let pools = PoolMode::ALL.map(|mode| pool(mode, 5));
    cluster.set_pools(pools.to_vec()).await.unwrap();
    for (url, expected) in kinds(&cluster, tracking) {
        let background = busy(&url, cluster.ca(), 3);
        for turn in 1..=times() {
            let found = probe::probe(&url, Some(cluster.ca()), &Timing::default()).await;
            assert_eq!(found, expected, "{} at turn {turn}", url.masked());
        }
        drop(background);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mode_is_told_apart_where_statements_are_not_tracked() {
    classified(None, Tracking::NotTracked).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mode_is_told_apart_where_statements_are_tracked() {
    classified(Some(poolers::tracking()), Tracking::Tracked).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_of_one_connection_is_still_told_apart() {
    let mut cluster = Cluster::start().await.unwrap();
    cluster.set_pools(PoolMode::ALL.map(|mode| pool(mode, 1)).to_vec()).await.unwrap();
    for (url, expected) in kinds(&cluster, Tracking::NotTracked) {
        let found = probe::probe(&url, Some(cluster.ca()), &Timing::default()).await;
        assert_eq!(found, expected, "{}", url.masked());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_probe_leaves_nothing_behind_but_one_text_in_the_cache_of_a_pooler_that_tracks() {
    for (pooler, pgbouncer) in poolers::all() {
        let tracks = pgbouncer.is_some();
        let mut cluster = Cluster::start_as(Build { pgbouncer, ..Build::default() }).await.unwrap();
        cluster.set_pools(vec![pool(PoolMode::Transaction, 1)]).await.unwrap();
        let url = url(&cluster, cluster.pool_port(), "transaction-pool");
        for _ in 0..3 {
            probe::probe(&url, Some(cluster.ca()), &Timing::default()).await;
        }
        let mut wire = stages::connect(&url, Some(cluster.ca()), &Timing::default()).await.unwrap();
        let left = wire.rows("select name from pg_prepared_statements").await.unwrap();
        assert!(left.len() <= usize::from(tracks), "{pooler}: {left:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_tried_out_agrees_with_what_the_mode_lets_expect() {
    for (pooler, pgbouncer) in poolers::all() {
        let tracking = if pgbouncer.is_some() { Tracking::Tracked } else { Tracking::NotTracked };
        let mut cluster = Cluster::start_as(Build { pgbouncer, ..Build::default() }).await.unwrap();
        cluster.set_pools(PoolMode::ALL.map(|mode| pool(mode, 3)).to_vec()).await.unwrap();
        for (url, expected) in kinds(&cluster, tracking).into_iter().take(3) {
            let found =
                features::provoked(&url, Some(cluster.ca()), expected, &Timing::default()).await;
            let holds = |table: &[Found]| {
                table.iter().map(|found| (found.feature, found.holds)).collect::<Vec<_>>()
            };
            assert_eq!(holds(&found), holds(&inferred(expected)), "{pooler} {}", url.masked());
            // In statement mode nobody can take a connection away, so little can be shown.
            let shown = |found: &&Found| found.basis == Basis::Provoked;
            if expected.mode != Some(PoolMode::Statement) {
                assert_eq!(found.iter().filter(shown).count(), Feature::ALL.len(), "{found:#?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_at_sign_in_are_refused_by_the_pooler_and_taken_by_the_server() {
    let mut cluster = Cluster::start().await.unwrap();
    cluster.set_pools(vec![pool(PoolMode::Transaction, 2)]).await.unwrap();
    for (url, holds) in [
        (url(&cluster, cluster.pool_port(), "transaction-pool"), Holds::Refused),
        (url(&cluster, cluster.direct_port(), APP_DATABASE), Holds::Works),
    ] {
        let found = features::settings(&url, Some(cluster.ca()), &Timing::default()).await;
        assert_eq!((found.holds, found.basis), (holds, Basis::Provoked), "{found:?}");
    }
}
