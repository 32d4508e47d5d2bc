//! Practice as a whole: quick to start, private, and gone without a trace.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, Instant},
};

use poolwright::practice::{Practice, scenario::Scenario};

use crate::{practice_cluster::processes_naming, web::Web};

async fn start(scenario: &str) -> Practice {
    Practice::start(Scenario::parse(scenario).unwrap()).await.unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn practice_is_private_and_leaves_nothing_behind() {
    let began = Instant::now();
    let practice = start("full").await;
    println!("practice was ready after {:?}", began.elapsed());
    let web = Web::new(practice.api_base(), practice.token());
    let cluster = web.get(&web.cluster().await).await;
    assert_eq!(cluster.text("/database/name"), practice.cluster_name());

    assert_eq!(mode(practice.project()), 0o700);
    assert_eq!(mode(practice.data()), 0o700);
    assert_eq!(mode(&practice.project().join(".env")), 0o600);
    let env = fs::read_to_string(practice.project().join(".env")).unwrap();
    let direct = cluster.text("/database/connection/uri").replace("/defaultdb", "/contrezz");
    assert!(env.contains(&format!("DATABASE_URL=\"{direct}\"\n")));
    let folder = practice.project().parent().unwrap().to_owned();
    assert_eq!(practice.data().parent(), Some(folder.as_path()));

    let began = Instant::now();
    practice.stop().await;
    println!("practice had ended after {:?}", began.elapsed());
    assert!(!folder.exists());
    assert_eq!(processes_naming(&folder), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_practice_that_is_dropped_leaves_nothing_behind_either() {
    let practice = start("fresh").await;
    let folder = practice.project().parent().unwrap().to_owned();

    drop(practice);

    let began = Instant::now();
    while folder.exists() || folder.with_extension("lock").exists() {
        assert!(began.elapsed() < Duration::from_secs(10), "{} is still there", folder.display());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(processes_naming(&folder), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenarios_are_what_their_names_say() {
    let practice = start("read-only").await;
    let web = Web::new(practice.api_base(), practice.token());
    let cluster = web.cluster().await;
    assert_eq!(web.put(&format!("{cluster}/firewall"), serde_json::json!({})).await.status, 403);
    assert!(!web.get(&cluster).await.body.to_string().contains("password"));
    practice.stop().await;

    let practice = start("pool-exists").await;
    let web = Web::new(practice.api_base(), practice.token());
    let pool = web.get(&format!("{}/pools/contrezz-pool", web.cluster().await)).await;
    assert_eq!(pool.at("/pool/size"), 4);
    practice.stop().await;

    let practice = start("failing-migration").await;
    let migrations = practice.project().join("prisma/migrations");
    let last = fs::read_to_string(migrations.join("20251103143000_index_payments/migration.sql"));
    assert!(last.unwrap().contains("settledAt"));
    practice.stop().await;
}
