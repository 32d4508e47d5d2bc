//! What the program shows for a client is what the client takes: real clients connect with the very text through a TLS
//! pool, eight workers on two server connections, to a pooler that tracks prepared statements and to one that does not.

#![expect(clippy::disallowed_methods, reason = "people write their projects plainly")]

mod rust;
mod shown;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::OnceLock,
};

use futures_util::StreamExt as _;
use poolwright::{
    domain::{
        client::{Client, ClientUrl, Needs},
        conn_url::ConnUrl,
        pool::PoolMode,
        stages::{Port, Probe, Tracking},
        timing::Timing,
    },
    postgres::probe::probe,
    practice::cluster::{APP_ROLE, Build, Cluster},
};

use crate::{peers, poolers, proof::proving, served};

const POOL: &str = "shop-pool";
const CA_FILE: &str = "shop-db-ca.crt";
const KEYS: (&str, &str) = ("DATABASE_URL", "DIRECT_URL");
const WORKERS: u32 = 8;

/// Transactions of one worker.
fn rounds() -> u32 {
    if proving() { 40 } else { 10 }
}

/// A pool of two server connections, and what the program's own probe says of it.
struct Bench {
    cluster: Cluster,
    probe: Probe,
}

impl Bench {
    async fn start(pgbouncer: Option<PathBuf>) -> Self {
        let mut cluster = Cluster::start_as(Build { pgbouncer, ..Build::default() }).await.unwrap();
        cluster.set_pools(vec![served::pool(POOL, PoolMode::Transaction, 2)]).await.unwrap();
        let url = base(&cluster);
        let probe = probe(&url, Some(cluster.ca()), &Timing::default()).await;
        Self { cluster, probe }
    }

    /// With everything that is known: what the probe found, and the cluster's authority.
    fn needs(&self) -> Needs<'static> {
        Needs { probe: Some(self.probe), limit: WORKERS, ca_file: Some(CA_FILE), keys: KEYS }
    }

    fn url(&self, client: Client, needs: &Needs<'_>) -> ClientUrl {
        client.url(Port::Pooled, &base(&self.cluster), needs)
    }
}

fn base(cluster: &Cluster) -> ConnUrl {
    served::url(cluster, APP_ROLE, cluster.pool_port(), POOL).with_parameter("sslmode", "require")
}

/// What a client's workers report.
#[derive(Debug, PartialEq, Eq, serde::Deserialize)]
struct Report {
    right: u32,
    said: BTreeMap<String, u32>,
}

impl Report {
    fn all_right() -> Self {
        Self { right: WORKERS * rounds(), said: BTreeMap::new() }
    }
}

/// A client of another language: the program that runs it, and its part of the work.
struct Peer {
    client: Client,
    program: &'static str,
    work: &'static str,
}

const fn node(client: Client, work: &'static str) -> Peer {
    Peer { client, program: "node", work }
}

const fn python(client: Client, work: &'static str) -> Peer {
    Peer { client, program: "python", work }
}

const PEERS: [Peer; 13] = [
    node(Client::NodePostgres, "node-postgres.mjs"),
    node(Client::PostgresJs, "postgres-js.mjs"),
    node(Client::Drizzle, "drizzle.mjs"),
    node(Client::TypeOrm, "typeorm.mjs"),
    node(Client::Knex, "knex.mjs"),
    node(Client::Sequelize, "sequelize.mjs"),
    node(Client::Prisma7, "prisma7.mjs"),
    python(Client::Psycopg3, "psycopg3.py"),
    python(Client::Psycopg2, "psycopg2_pool.py"),
    python(Client::Asyncpg, "asyncpg_pool.py"),
    python(Client::SqlAlchemyPsycopg, "sqlalchemy_psycopg.py"),
    python(Client::SqlAlchemyAsyncpg, "sqlalchemy_asyncpg.py"),
    python(Client::Django, "django_app.py"),
];

impl Peer {
    /// Lets the client work with the text that is shown for `needs`, with `authority` in the file that it names.
    async fn work(&self, bench: &Bench, needs: &Needs<'_>, authority: &str) -> Report {
        self.rounds_of_work(rounds(), bench, needs, authority).await
    }

    /// One transaction of each worker with an authority that the server can't satisfy. Pools try again for a while.
    async fn refusal(&self, bench: &Bench, authority: &str) -> Report {
        self.rounds_of_work(1, bench, &bench.needs(), authority).await
    }

    async fn rounds_of_work(
        &self,
        rounds: u32,
        bench: &Bench,
        needs: &Needs<'_>,
        authority: &str,
    ) -> Report {
        let folder = tempfile::tempdir().unwrap();
        self.lay_out(folder.path(), needs);
        fs::write(folder.path().join(CA_FILE), authority).unwrap();
        let url = bench.url(self.client, needs);
        let mut command = tokio::process::Command::from(peers::command(self.program));
        command
            .arg(self.work)
            .current_dir(folder.path())
            // The client signs in with it, from its environment as in production.
            .env(KEYS.0, url.text().expose())
            .env("ROUNDS", rounds.to_string())
            .env("PATIENCE", if rounds == 1 { "2" } else { "30" })
            .env("NODE_NO_WARNINGS", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = command.output().await.unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        let report = printed.lines().last().and_then(|line| serde_json::from_str(line).ok());
        report.unwrap_or_else(|| {
            let err = String::from_utf8_lossy(&output.stderr);
            panic!("{} reported nothing: {printed}{err}", self.client.title())
        })
    }

    /// A folder with the code that is shown, the work, and the client's packages.
    fn lay_out(&self, folder: &Path, needs: &Needs<'_>) {
        let code = self.client.code(needs).expect("code");
        let file = folder.join(code.file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, code.text).unwrap();
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/clients");
        for script in [self.work, "work.mjs", "work.py"] {
            fs::copy(scripts.join(script), folder.join(script)).unwrap();
        }
        if self.program == "node" {
            let prisma = self.client == Client::Prisma7;
            let packages = if prisma { "prisma7" } else { "node" };
            let packages = peers::folder().join(packages).join("node_modules");
            assert!(
                packages.is_dir(),
                "Node packages are missing: run packaging/install-deps peers"
            );
            std::os::unix::fs::symlink(packages, folder.join("node_modules")).unwrap();
            fs::write(folder.join("package.json"), r#"{ "type": "module" }"#).unwrap();
            if prisma {
                let generated = folder.join("src/generated");
                std::os::unix::fs::symlink(prisma_client().join("src/generated"), generated)
                    .unwrap();
            }
        } else {
            // Django wants to know of itself what the page does not show.
            let settings = folder.join("settings.py");
            if let Ok(shown) = fs::read_to_string(&settings) {
                fs::write(&settings, format!("{shown}\n{DJANGO_MORE}")).unwrap();
            }
        }
    }
}

const DJANGO_MORE: &str = r#"
USE_TZ = True
DATABASES["default"]["OPTIONS"]["pool"]["timeout"] = float(os.environ["PATIENCE"])
"#;

/// Prisma's client, made once. It needs none of Prisma's engines, so their download is never tried.
fn prisma_client() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        // Beside the packages that it names, where the next run makes it anew.
        let folder = peers::folder().join("prisma7");
        generate(&folder);
        folder
    })
}

fn generate(folder: &Path) {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/prisma7/schema.prisma");
    fs::copy(schema, folder.join("schema.prisma")).unwrap();
    let made = peers::command("node")
        .args(["node_modules/prisma/build/index.js", "generate", "--schema", "schema.prisma"])
        .current_dir(folder)
        .env("PRISMA_SCHEMA_ENGINE_BINARY", "/bin/true")
        .env("PRISMA_HIDE_UPDATE_MESSAGE", "1")
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// Each client on both poolers with what the probe found, verified; then encrypted only; then with another cluster's
/// authority, which none may accept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_takes_what_it_is_shown() {
    let stranger = Cluster::start().await.unwrap();
    let other_authority = stranger.ca().to_owned();
    drop(stranger);
    for (name, pgbouncer) in poolers::all() {
        let bench = Bench::start(pgbouncer.clone()).await;
        let tracked = pgbouncer.is_some();
        assert_eq!(bench.probe.tracking == Tracking::Tracked, tracked, "{name}");
        let authority = bench.cluster.ca().to_owned();
        // Two at a time, as there are processors.
        let each = futures_util::stream::iter(&PEERS).for_each_concurrent(2, async |peer| {
            let title = peer.client.title();
            let needs = bench.needs();
            let report = peer.work(&bench, &needs, &authority).await;
            assert_eq!(report, Report::all_right(), "{title}, {name}");
            if tracked {
                let refused = peer.refusal(&bench, &other_authority).await;
                assert_eq!(refused.right, 0, "{title} does not check the certificate");
            } else {
                let plain = Needs { ca_file: None, probe: None, ..needs };
                let report = peer.work(&bench, &plain, "").await;
                assert_eq!(report, Report::all_right(), "{title} with nothing known, {name}");
            }
            println!("{title}, {name}: {} transactions", WORKERS * rounds());
        });
        each.await;
    }
}

/// Without the setting, the client fails on the pooler that does not track: else the setting would prove nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_settings_are_needed() {
    let bench = Bench::start(None).await;
    let authority = bench.cluster.ca().to_owned();
    let believed = Probe { tracking: Tracking::Tracked, ..bench.probe };
    let needs = Needs { probe: Some(believed), ..bench.needs() };
    for peer in PEERS {
        let breaks = matches!(
            peer.client,
            Client::PostgresJs
                | Client::Psycopg3
                | Client::Asyncpg
                | Client::SqlAlchemyPsycopg
                | Client::SqlAlchemyAsyncpg
        );
        if breaks {
            let report = peer.work(&bench, &needs, &authority).await;
            assert_ne!(report, Report::all_right(), "{}", peer.client.title());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn psql_takes_what_it_is_shown() {
    let bench = Bench::start(None).await;
    let needs = bench.needs();
    let code = Client::Libpq.code(&needs).expect("a command").text;
    let url = bench.url(Client::Libpq, &needs);
    let work: String =
        (0..rounds()).map(|round| format!("BEGIN;\nSELECT {round} + 1;\nCOMMIT;\n")).collect();
    let expected: String = (0..rounds()).map(|round| format!("{}\n", round + 1)).collect();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(CA_FILE), bench.cluster.ca()).unwrap();
    fs::write(folder.path().join("work.sql"), work).unwrap();
    let workers = (0..WORKERS).map(|_| {
        let mut shell = tokio::process::Command::new("sh");
        shell
            .args(["-c", &format!("{} -qAt -f work.sql", code.trim_end())])
            .current_dir(folder.path())
            // The client signs in with it, from its environment as in production.
            .env(KEYS.0, url.text().expose());
        async move { shell.output().await.unwrap() }
    });
    for output in futures_util::future::join_all(workers).await {
        let (printed, err) = (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned());
        assert_eq!(
            (String::from_utf8_lossy(&printed).as_ref(), err.as_str()),
            (expected.as_str(), "")
        );
    }
}
