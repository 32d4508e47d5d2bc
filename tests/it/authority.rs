//! The cluster's authority in a file of its own: clients find it by what step 8 writes and copies, and check the server.
#![cfg(unix)]

use std::{
    path::Path,
    process::{Output, Stdio},
};

use poolwright::{
    domain::{
        client::Client,
        env_target::{self, Authority, EnvTarget, Names},
        pool::PoolMode,
    },
    practice::cluster::{APP_DATABASE, APP_ROLE, Build, Cluster},
    setup::{
        Msg,
        step::{Primary, StepId},
        steps::env_files::{self, Step},
    },
};

use tokio::process::Command;

use crate::{change::Bench, peers, served};

const POOL: &str = "shop-pool";
const CA_FILE: &str = "shop-db-ca.crt";

/// A project over a real cluster, with its env file and the authority written.
async fn written(cluster: &Cluster, files: &[(&str, &str)]) -> Bench {
    let mut bench = Bench::over(files).await;
    let urls = bench.setup.facts.urls.as_mut().unwrap();
    urls.pooled = served::url(cluster, APP_ROLE, cluster.pool_port(), POOL);
    urls.direct = served::url(cluster, APP_ROLE, cluster.direct_port(), APP_DATABASE);
    (urls.ca, urls.ca_file) = (Some(cluster.ca().to_owned()), Some(CA_FILE.to_owned()));
    bench.act(Msg::Go(StepId::EnvFiles)).await;
    bench.act(env_files::Msg::Write).await;
    assert!(matches!(bench.setup.primary(StepId::EnvFiles), Primary::Next));
    bench
}

async fn cluster() -> Cluster {
    let mut cluster = Cluster::start_as(Build::default()).await.unwrap();
    cluster.set_pools(vec![served::pool(POOL, PoolMode::Transaction, 2)]).await.unwrap();
    cluster
}

/// A shell in `folder` with nothing in its environment.
async fn shell(folder: &Path, script: &str) -> Output {
    Command::new("bash")
        .args(["-c", script])
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

#[track_caller]
fn answers(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.trim(), "1", "{}", String::from_utf8_lossy(&output.stderr));
}

#[track_caller]
fn refuses(output: &Output, why: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(why), "{said}");
}

#[tokio::test]
async fn both_urls_of_the_env_file_check_the_server_by_the_file_beside_it() {
    let (cluster, other) = tokio::join!(cluster(), Cluster::start());
    let project =
        [("requirements.txt", "psycopg[binary]==3.2.3\n"), ("app.py", "import psycopg\n")];
    let bench = Box::pin(written(&cluster, &project)).await;
    assert!(bench.text(".env").contains("sslmode=verify-full&sslrootcert=shop-db-ca.crt"));

    for key in ["DATABASE_URL", "DIRECT_URL"] {
        let script = format!("set -a; . ./.env; psql \"${key}\" -Atc 'SELECT 1'");
        answers(&shell(&bench.root(), &script).await);
    }
    bench.put(CA_FILE, other.unwrap().ca());
    let script = "set -a; . ./.env; psql \"$DATABASE_URL\" -Atc 'SELECT 1'";
    refuses(&shell(&bench.root(), script).await, "certificate verify failed");
}

/// What direnv loads, without the parameter in the URL: the variable alone leads to the authority, from any folder.
fn session(bench: &Bench, client: Client) -> String {
    let names = Names {
        env_file: ".env",
        cluster: "shop-db",
        pool: POOL,
        authority: Some(Authority { file: CA_FILE, pem: "", key: client.authority_key() }),
    };
    let assignments = Step::assignments(&bench.setup.facts);
    let text = env_target::text(EnvTarget::Direnv, &assignments, names).unwrap();
    bench.put(".envrc", text.expose());
    ". ./.envrc; cd /; url=\"${DIRECT_URL%%\\?*}?sslmode=verify-full\"".to_owned()
}

#[tokio::test]
async fn the_runtimes_own_variable_leads_to_the_authority() {
    let (cluster, other) = tokio::join!(cluster(), Cluster::start());
    let bench = Box::pin(written(&cluster, &[("package.json", "{}")])).await;
    let packages = peers::folder().join("node/node_modules/pg").display().to_string();
    let node = peers::folder().join("bin/node").display().to_string();
    let query = format!(
        "'{node}' -e 'const {{ Client }} = require(\"{packages}\"); const client = new Client(process.argv[1]); client.connect().then(() => client.query(\"SELECT 1 AS one\")).then(({{ rows }}) => console.log(rows[0].one)).finally(() => client.end())' \"$url\""
    );
    let ways = [
        (Client::Libpq, "psql \"$url\" -Atc 'SELECT 1'", "certificate verify failed"),
        (Client::NodePostgres, query.as_str(), "certificate"),
    ];
    for (client, command, _) in ways {
        let script = format!("{}; {command}", session(&bench, client));
        answers(&shell(&bench.root(), &script).await);
    }
    bench.put(CA_FILE, other.unwrap().ca());
    for (client, command, why) in ways {
        let script = format!("{}; {command}", session(&bench, client));
        refuses(&shell(&bench.root(), &script).await, why);
    }
}
