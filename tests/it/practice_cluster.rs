//! The practice cluster: real servers in a private folder that leave nothing behind.

use std::{path::PathBuf, time::Duration};

use poolwright::{
    domain::pool::PoolMode,
    practice::{
        cluster::{APP_DATABASE, APP_ROLE, Build, Cluster, OWNER, PRIVATE_HOST, PUBLIC_HOST},
        pooler::{Auth, PoolEntry},
    },
};
use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, Row as _,
    postgres::{PgConnectOptions, PgConnection, PgSslMode},
};
use tokio::{net::TcpStream, time::timeout};

use crate::{poolers, served};

fn options(cluster: &Cluster, role: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host(PUBLIC_HOST)
        .port(cluster.direct_port())
        .username(role)
        .password(cluster.password(role).unwrap().expose())
        .database(APP_DATABASE)
        .ssl_mode(PgSslMode::VerifyFull)
        .ssl_root_cert_from_pem(cluster.ca().as_bytes().to_vec())
        .extra_float_digits(None)
}

fn pool(name: &str, size: u32) -> PoolEntry {
    served::pool(name, PoolMode::Transaction, size)
}

async fn text(connection: &mut PgConnection, query: &'static str) -> String {
    connection.fetch_one(sqlx::raw_sql(query)).await.unwrap().get_unchecked(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cluster_is_as_a_small_one_of_the_provider() {
    let cluster = Cluster::start().await.unwrap();
    let mut owner = options(&cluster, OWNER).connect().await.unwrap();

    let settings = text(
        &mut owner,
        "select current_setting('max_connections') || ' ' || \
         current_setting('superuser_reserved_connections') || ' ' || current_setting('TimeZone') || ' ' || \
         (select rolsuper or rolbypassrls from pg_roles where rolname = current_user)::text || ' ' || \
         pg_get_userbyid((select datdba from pg_database where datname = 'defaultdb'))",
    )
    .await;

    assert_eq!(settings, "25 3 UTC false doadmin");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_in_without_encryption() {
    let cluster = Cluster::start().await.unwrap();

    let refused =
        options(&cluster, OWNER).ssl_mode(PgSslMode::Disable).connect().await.unwrap_err();

    assert_eq!(
        refused.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap(),
        "28000"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_answers_under_its_name_as_soon_as_it_is_set() {
    let mut cluster = Cluster::start().await.unwrap();
    cluster.set_pools(vec![pool("contrezz-pool", 2)]).await.unwrap();

    let pooled = options(&cluster, OWNER).port(cluster.pool_port()).database("contrezz-pool");
    let mut client = pooled.connect().await.unwrap();
    let who = text(&mut client, "select current_user || ' in ' || current_database()").await;
    assert_eq!(who, "contrezz_app in contrezz");

    cluster.set_pools(Vec::new()).await.unwrap();
    let gone = pooled.connect().await.unwrap_err();
    assert_eq!(gone.as_database_error().unwrap().message(), "no such database: contrezz-pool");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_pooler_signs_people_in_by_its_file_and_by_asking_the_database() {
    for (pooler, pgbouncer) in poolers::all() {
        for auth in [Auth::File, Auth::Query] {
            let mut cluster =
                Cluster::start_as(Build { pgbouncer: pgbouncer.clone(), auth }).await.unwrap();
            let entry = PoolEntry { user: None, ..pool("contrezz-pool", 2) };
            cluster.set_pools(vec![entry]).await.unwrap();
            let pooled =
                options(&cluster, APP_ROLE).port(cluster.pool_port()).database("contrezz-pool");

            let mut client = pooled.connect().await.unwrap();
            assert_eq!(
                text(&mut client, "select current_user").await,
                APP_ROLE,
                "{pooler} {auth:?}"
            );

            cluster.stop_server().await.unwrap();
            options(&cluster, OWNER).connect().await.unwrap_err();
            cluster.start_server().await.unwrap();
            options(&cluster, OWNER).connect().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn direct_and_pooled_backends_differ_by_address() {
    let mut cluster = Cluster::start().await.unwrap();
    cluster.set_pools(vec![pool("contrezz-pool", 2)]).await.unwrap();
    let mut direct = options(&cluster, OWNER).connect().await.unwrap();
    let mut pooled = options(&cluster, APP_ROLE)
        .port(cluster.pool_port())
        .database("contrezz-pool")
        .connect()
        .await
        .unwrap();

    assert_eq!(text(&mut direct, "select host(inet_client_addr())").await, "127.0.0.2");
    assert_eq!(text(&mut pooled, "select host(inet_client_addr())").await, "127.0.0.1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shut_gate_leaves_new_connections_unanswered_and_old_ones_alone() {
    let cluster = Cluster::start().await.unwrap();
    let mut before = options(&cluster, OWNER).connect().await.unwrap();

    cluster.shut_out().await.unwrap();

    for port in [cluster.direct_port(), cluster.pool_port()] {
        let answer = timeout(Duration::from_millis(700), TcpStream::connect((PUBLIC_HOST, port)));
        assert!(answer.await.is_err(), "port {port} answered");
        TcpStream::connect((PRIVATE_HOST, port)).await.unwrap();
    }
    assert_eq!(text(&mut before, "select 'still here'").await, "still here");

    cluster.let_in().await.unwrap();
    options(&cluster, OWNER).connect().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_holds_on_both_ports() {
    let mut cluster = Cluster::start().await.unwrap();
    cluster.set_pools(vec![pool("contrezz-pool", 2)]).await.unwrap();
    let old = options(&cluster, APP_ROLE);

    let fresh = poolwright::domain::secret::Secret::new("it's \\ new");
    cluster.set_role(APP_ROLE, fresh).await.unwrap();

    let refused = old.connect().await.unwrap_err();
    assert_eq!(
        refused.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap(),
        "28P01"
    );
    let new = options(&cluster, APP_ROLE);
    new.connect().await.unwrap();
    new.port(cluster.pool_port()).database("contrezz-pool").connect().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clusters_stand_side_by_side_and_leave_nothing_behind() {
    let one = Cluster::start().await.unwrap();
    let two = Cluster::start().await.unwrap();
    assert_ne!(one.direct_port(), two.direct_port());
    let folders = [run_folder(&one), run_folder(&two)];
    options(&one, OWNER).connect().await.unwrap().close().await.unwrap();
    assert_ne!(processes_naming(&folders[1]), Vec::<String>::new());

    drop(one);
    drop(two);

    for folder in folders {
        assert!(!folder.exists(), "{} is still there", folder.display());
        assert!(!folder.with_extension("lock").exists());
        assert_eq!(processes_naming(&folder), Vec::<String>::new());
    }
}

fn run_folder(cluster: &Cluster) -> PathBuf {
    cluster.scratch().parent().unwrap().to_owned()
}

/// Command lines of living processes that name this folder.
pub fn processes_naming(folder: &std::path::Path) -> Vec<String> {
    let name = folder.to_str().unwrap();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        if command.contains(name) {
            found.push(command);
        }
    }
    found
}
