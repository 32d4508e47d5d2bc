//! Tools of other makers really run on a practice cluster through the program's own code; and what a run is held to.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    time::{Duration, Instant},
};

use base64::Engine as _;
use poolwright::{
    domain::{
        conn_url::ConnUrl,
        migration::{
            output::{Line, Stream},
            tool::{
                Ended, Tool,
                command::Command,
                variable::{Form, Variable},
            },
        },
        secret::Secret,
    },
    practice::cluster::{APP_DATABASE, Cluster, OWNER, PUBLIC_HOST},
    project::{
        command::{self, CommandError, Group, News, Run},
        tools,
    },
};
use sqlx::{
    ConnectOptions as _, Row as _,
    postgres::{PgConnectOptions, PgSslMode},
};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::{
    driven,
    migration_tools::{project, put},
    peers,
    proof::proving,
    served,
};

/// A project that has the peers' Node packages as its own.
fn node_project(files: &[(&str, &str)]) -> TempDir {
    let packages = peers::folder().join("node/node_modules");
    assert!(packages.is_dir(), "the Node packages are missing: packaging/install-deps peers");
    let place = project(files);
    symlink(packages, place.path().join("node_modules")).unwrap();
    place
}

/// A project that has the peers' Python as its own.
fn python_project(files: &[(&str, &str)]) -> TempDir {
    let python = peers::folder().join("python");
    assert!(
        python.join("bin/alembic").is_file(),
        "Alembic is missing: packaging/install-deps peers"
    );
    let place = project(files);
    symlink(python, place.path().join(".venv")).unwrap();
    place
}

fn direct(cluster: &Cluster) -> ConnUrl {
    served::url(cluster, OWNER, cluster.direct_port(), APP_DATABASE)
        .with_parameter("sslmode", "require")
}

/// The names of the tables that are there now.
async fn tables(cluster: &Cluster) -> Vec<String> {
    let mut connection = PgConnectOptions::new_without_pgpass()
        .host(PUBLIC_HOST)
        .port(cluster.direct_port())
        .username(OWNER)
        .password(cluster.password(OWNER).unwrap().expose())
        .database(APP_DATABASE)
        .ssl_mode(PgSslMode::VerifyFull)
        .ssl_root_cert_from_pem(cluster.ca().as_bytes().to_vec())
        .connect()
        .await
        .unwrap();
    let rows = sqlx::query(
        "select relname::text from pg_class c join pg_namespace n on n.oid = relnamespace \
         where relkind = 'r' and nspname = 'public' order by 1",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

struct Ran {
    ended: Ended,
    lines: Vec<Line>,
}

impl Ran {
    fn said(&self) -> String {
        self.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
    }
}

/// Runs a command to its end with the direct URL, and hears everything it says.
async fn run(run: Run<'_>) -> Result<Ran, CommandError> {
    let (news, mut heard) = mpsc::channel(16);
    let listen = async {
        let mut lines = Vec::new();
        while let Some(news) = heard.recv().await {
            match news {
                News::Started(_) => {}
                News::Lines(more) => lines.extend(more),
            }
        }
        lines
    };
    let (ended, lines) = tokio::join!(command::run(run, news), listen);
    Ok(Ran { ended: ended?, lines })
}

/// An env file whose URL leads nowhere, in the place where the tool or its configuration looks for one.
const WRONG_ENV: &str = "DATABASE_URL=postgresql://nobody:wrong@127.0.0.1:1/none\nDIRECT_URL=postgresql://nobody:wrong@127.0.0.1:1/none\n";

/// Finds the one tool of a project, runs its command as it would be run from the page, and looks for its table.
async fn migrates(place: &TempDir, tool: Tool, table: &str) {
    put(place.path(), ".env", WRONG_ENV);
    let cluster = Cluster::start().await.unwrap();
    let found = tools::find(place.path(), ("DATABASE_URL", "DIRECT_URL"));
    let found = found.into_iter().find(|found| found.tool == tool).expect("the tool is found");
    assert_eq!(found.elsewhere, None);
    let command = Command::parse(&found.command, &found.scripts).unwrap();
    let path =
        format!("{}:{}", peers::folder().join("bin").display(), std::env::var("PATH").unwrap());
    let mut settings = found.tool.settings().to_vec();
    settings.push(("PATH", &path));
    // The real Prisma works with the engine of its npm package; it still asks for the other one, and fetches nothing.
    if tool == Tool::Prisma {
        settings.extend(
            ["PRISMA_SCHEMA_ENGINE_BINARY", "PRISMA_QUERY_ENGINE_LIBRARY"]
                .map(|name| (name, "/bin/true")),
        );
    }
    let url = direct(&cluster);
    let folder = place.path().join(&found.folder);
    let ask = || Run {
        folder: &folder,
        command: &command,
        variables: &found.variables,
        settings: &settings,
        direct: &url,
        ca: Some(cluster.ca()),
    };

    let ran = run(ask()).await.unwrap();

    assert_eq!(ran.ended.code, Some(0), "{}", ran.said());
    assert!(tables(&cluster).await.iter().any(|name| name == table), "{}", ran.said());
    assert!(!ran.said().contains(url.password.as_ref().unwrap().expose()));
    // Nothing is pending now: the same command again changes nothing and ends well.
    if proving() {
        let again = run(ask()).await.unwrap();
        assert_eq!(again.ended.code, Some(0), "{}", again.said());
    }
}

const CREATE: &str = "CREATE TABLE by_tool (id int PRIMARY KEY)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn knex_migrates_the_database_it_is_given() {
    let place = node_project(&[
        ("package.json", r#"{ "dependencies": { "knex": "3" } }"#),
        (
            "knexfile.js",
            "require('dotenv').config();\nmodule.exports = { production: { client: 'pg', connection: process.env.DATABASE_URL } };\n",
        ),
        (
            "migrations/20250101000000_init.js",
            "exports.up = (knex) => knex.schema.createTable('by_knex', (table) => { table.increments(); });\nexports.down = () => {};\n",
        ),
    ]);
    migrates(&place, Tool::Knex, "by_knex").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drizzle_migrates_the_database_it_is_given() {
    let journal = r#"{ "version": "7", "dialect": "postgresql", "entries": [{ "idx": 0, "version": "7", "when": 1735689600000, "tag": "0000_init", "breakpoints": true }] }"#;
    let place = node_project(&[
        ("package.json", r#"{ "dependencies": { "drizzle-kit": "0.31" } }"#),
        (
            "drizzle.config.ts",
            "import { defineConfig } from 'drizzle-kit';\nexport default defineConfig({ dialect: 'postgresql', out: './drizzle', dbCredentials: { url: process.env.DATABASE_URL! } });\n",
        ),
        ("drizzle/meta/_journal.json", journal),
        ("drizzle/0000_init.sql", CREATE),
    ]);
    migrates(&place, Tool::Drizzle, "by_tool").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typeorm_migrates_the_database_it_is_given() {
    let place = node_project(&[
        ("package.json", r#"{ "dependencies": { "typeorm": "1" } }"#),
        (
            "src/data-source.js",
            "require('dotenv').config();\nconst { DataSource } = require('typeorm');\n\
             class Init1735689600000 {\n  name = 'Init1735689600000';\n  async up(runner) { await runner.query('CREATE TABLE by_typeorm (id int)'); }\n  async down() {}\n}\n\
             module.exports.source = new DataSource({ type: 'postgres', url: process.env.DIRECT_URL, migrations: [Init1735689600000] });\n",
        ),
    ]);
    migrates(&place, Tool::TypeOrm, "by_typeorm").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sequelize_migrates_the_database_it_is_given() {
    let place = node_project(&[
        ("package.json", r#"{ "dependencies": { "sequelize-cli": "6" } }"#),
        (
            "config/config.json",
            r#"{ "production": { "use_env_variable": "DATABASE_URL", "dialect": "postgres", "dialectOptions": { "ssl": {} } } }"#,
        ),
        (
            "migrations/20250101000000-init.js",
            "module.exports = { up: (queries, types) => queries.createTable('by_sequelize', { id: { type: types.INTEGER, primaryKey: true } }), down: async () => {} };\n",
        ),
        ("models/index.js", "module.exports = {};\n"),
    ]);
    migrates(&place, Tool::Sequelize, "by_sequelize").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_pg_migrate_migrates_the_database_it_is_given() {
    let place = node_project(&[
        ("package.json", r#"{ "dependencies": { "node-pg-migrate": "9" } }"#),
        (
            "migrations/1735689600000_init.js",
            "exports.up = (pgm) => { pgm.createTable('by_node_pg_migrate', { id: 'id' }); };\nexports.down = () => {};\n",
        ),
    ]);
    migrates(&place, Tool::NodePgMigrate, "by_node_pg_migrate").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alembic_migrates_the_database_it_is_given() {
    let place = python_project(&[
        (
            "alembic.ini",
            "[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = driver://user:pass@localhost/dbname\n",
        ),
        (
            "alembic/env.py",
            "import os\nfrom alembic import context\nfrom sqlalchemy import create_engine\n\n\
             engine = create_engine(os.environ['SHOP_DATABASE_URL'])\n\
             with engine.connect() as connection:\n    context.configure(connection=connection)\n    with context.begin_transaction():\n        context.run_migrations()\n",
        ),
        (
            "alembic/versions/0001_init.py",
            "import sqlalchemy as sa\nfrom alembic import op\n\nrevision = '0001'\ndown_revision = None\n\n\
             def upgrade():\n    op.create_table('by_alembic', sa.Column('id', sa.Integer, primary_key=True))\n",
        ),
        (".env.example", "SHOP_DATABASE_URL=postgresql+psycopg://localhost/shop\n"),
    ]);
    migrates(&place, Tool::Alembic, "by_alembic").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn django_migrates_the_database_it_is_given() {
    let place = python_project(&[
        (
            "manage.py",
            "import os, sys\nfrom django.core.management import execute_from_command_line\n\
             os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\nexecute_from_command_line(sys.argv)\n",
        ),
        ("shop/__init__.py", ""),
        (
            "shop/settings.py",
            "import dj_database_url\nSECRET_KEY = 'x'\nUSE_TZ = True\nDEFAULT_AUTO_FIELD = 'django.db.models.AutoField'\n\
             INSTALLED_APPS = ['orders']\nDATABASES = {'default': dj_database_url.config()}\n",
        ),
        ("orders/__init__.py", ""),
        ("orders/models.py", ""),
        ("orders/migrations/__init__.py", ""),
        (
            "orders/migrations/0001_initial.py",
            "from django.db import migrations\n\nclass Migration(migrations.Migration):\n    dependencies = []\n\
             \x20   operations = [migrations.RunSQL('CREATE TABLE by_django (id int)')]\n",
        ),
    ]);
    migrates(&place, Tool::Django, "by_django").await;
}

const PASSWORD: &str = "AVNS_canary p@ss/\"x\"";

fn canary() -> ConnUrl {
    ConnUrl::new(("db.example", 25060), "shop", Some(Secret::new(PASSWORD)), "shop")
}

/// A program of the project's own, in its folder.
fn program(script: &str) -> TempDir {
    let place = project(&[("tool", &format!("#!/bin/sh\n{script}\n"))]);
    fs::set_permissions(place.path().join("tool"), fs::Permissions::from_mode(0o755)).unwrap();
    place
}

/// Runs `./tool` with the canary's URL.
async fn runs(place: &TempDir, arguments: &str) -> Ran {
    let (command, variables, url) = parts(arguments);
    run(of(place.path(), &command, &variables, &url)).await.unwrap()
}

fn parts(arguments: &str) -> (Command, [Variable; 2], ConnUrl) {
    let command = Command::parse(&format!("./tool {arguments}"), &[].into()).unwrap();
    let variables =
        [Variable::new("DATABASE_URL", Form::Url), Variable::new("DB_PASSWORD", Form::Password)];
    (command, variables, canary())
}

fn of<'a>(
    folder: &'a Path,
    command: &'a Command,
    variables: &'a [Variable],
    url: &'a ConnUrl,
) -> Run<'a> {
    Run {
        folder,
        command,
        variables,
        settings: &[("NODE_ENV", "production")],
        direct: url,
        ca: Some("PEM\n"),
    }
}

#[tokio::test]
async fn a_program_gets_the_direct_url_and_no_other_database() {
    let place =
        program("env | cut -d= -f1 | sort; cat \"$NODE_EXTRA_CA_CERTS\"; pwd; test -z \"$PGHOST\"");
    let ran = runs(&place, "").await;
    let said = ran.said();
    assert_eq!(ran.ended.code, Some(0), "{said}");
    for name in [
        "DATABASE_URL",
        "DB_PASSWORD",
        "NODE_EXTRA_CA_CERTS",
        "PGSSLROOTCERT",
        "PATH",
        "HOME",
        "NODE_ENV",
        "PEM",
    ] {
        assert!(said.lines().any(|line| line == name), "{name}: {said}");
    }
    let real = place.path().canonicalize().unwrap();
    assert!(said.lines().any(|line| Path::new(line) == real), "{said}");
}

#[tokio::test]
async fn whatever_it_says_is_masked() {
    let place = program("echo \"$DATABASE_URL\"; echo \"key $DB_PASSWORD.\" >&2; printf 'a\\rb'");
    let ran = runs(&place, "").await;
    let lines: Vec<(Stream, &str)> =
        ran.lines.iter().map(|line| (line.stream, line.text.as_str())).collect();
    assert!(lines.contains(&(Stream::Err, "key ••••••••••.")), "{lines:?}");
    let out: Vec<&str> =
        lines.iter().filter(|line| line.0 == Stream::Out).map(|line| line.1).collect();
    assert_eq!(out[1..], ["a", "b"]);
    assert!(!out[0].contains("canary"), "{out:?}");
}

#[tokio::test]
async fn its_exit_code_is_told_and_a_missing_program_by_name() {
    assert_eq!(runs(&program("exit 3"), "").await.ended.code, Some(3));
    assert_eq!(runs(&program("kill -9 $$"), "").await.ended.code, None);
    let nothing = project(&[]);
    let (command, variables, url) = parts("");
    let refused = run(of(nothing.path(), &command, &variables, &url)).await;
    assert!(matches!(refused, Err(CommandError::Missing(name)) if name == "./tool"));
}

/// Processes of a group that are not dead, read from the system.
fn alive(group: Group) -> usize {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok())
        .filter(|stat| {
            let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
            fields[0] != "Z" && fields[2] == group.0.to_string()
        })
        .count()
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what} did not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Starts `./tool` in a task and waits for its group.
async fn started(place: &TempDir) -> (tokio::task::JoinHandle<Result<Ended, CommandError>>, Group) {
    let (news, mut heard) = mpsc::channel(64);
    let folder = place.path().to_owned();
    let running = tokio::spawn(async move {
        let (command, variables, url) = parts("");
        command::run(of(&folder, &command, &variables, &url), news).await
    });
    let Some(News::Started(group)) = heard.recv().await else { panic!("no start") };
    // Its first line says that it is ready.
    let Some(News::Lines(_)) = heard.recv().await else { panic!("no line") };
    tokio::spawn(async move { while heard.recv().await.is_some() {} });
    (running, group)
}

#[tokio::test]
async fn a_stop_reaches_the_whole_family() {
    let place = program("sleep 600 & sleep 600 & echo ready; wait");
    let (running, group) = started(&place).await;
    assert_eq!(alive(group), 3);
    let had_to = command::stop(group, Duration::from_secs(10)).await;
    assert!(!had_to);
    assert_eq!(running.await.unwrap().unwrap().code, None);
    assert_eq!(alive(group), 0);
}

#[tokio::test]
async fn one_that_does_not_listen_is_ended_after_the_wait() {
    let place = program("trap '' TERM; echo ready; while :; do sleep 0.05; done");
    let (running, group) = started(&place).await;
    let had_to = command::stop(group, Duration::from_millis(300)).await;
    assert!(had_to);
    running.await.unwrap().unwrap();
    until("its end", || alive(group) == 0).await;
}

#[tokio::test]
async fn a_run_that_nobody_waits_for_is_stopped() {
    let place = program("sleep 600 & echo ready; wait");
    let (running, group) = started(&place).await;
    running.abort();
    until("its end", || alive(group) == 0).await;
}

#[tokio::test]
async fn what_it_leaves_running_is_stopped_and_does_not_hold_the_end_up() {
    let place = program("sleep 600 & echo ready; exit 0");
    let began = Instant::now();
    let (running, group) = started(&place).await;
    assert_eq!(running.await.unwrap().unwrap().code, Some(0));
    assert!(began.elapsed() < Duration::from_secs(10));
    until("its end", || alive(group) == 0).await;
}

#[tokio::test]
async fn no_command_line_holds_the_password_while_it_runs() {
    let place = program("echo ready; sleep 600");
    let (running, group) = started(&place).await;
    let lines: Vec<String> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("cmdline")).ok())
        .collect();
    assert!(lines.iter().any(|line| line.contains("./tool") || line.contains("/tool")));
    assert!(lines.iter().all(|line| !line.contains("AVNS_canary")));
    command::stop(group, Duration::from_secs(10)).await;
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn much_output_and_a_line_without_end_stay_within_bounds() {
    let place = program("seq 1 3000; head -c 3000000 /dev/zero | tr '\\0' 'x'; echo; echo last");
    let ran = runs(&place, "").await;
    assert_eq!(ran.lines.len(), 3002);
    assert_eq!(ran.lines[3001].text, "last");
    assert!(ran.lines[3000].text.len() < 4096, "{}", ran.lines[3000].text.len());
}

/// The real Prisma, which is to be fetched nothing for.
fn prisma_project() -> TempDir {
    let oracle = peers::folder().join("prisma");
    assert!(
        oracle.join("node_modules").is_dir(),
        "Prisma is missing: packaging/install-deps peers"
    );
    let place = project(&[
        ("package.json", r#"{ "devDependencies": { "prisma": "6.19.3" } }"#),
        (
            "prisma/migrations/20250101000000_init/migration.sql",
            "CREATE TABLE by_prisma (id int PRIMARY KEY);",
        ),
        ("prisma/migrations/migration_lock.toml", "provider = \"postgresql\"\n"),
    ]);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/prisma");
    for name in ["prisma.config.ts", "prisma/schema.prisma"] {
        put(place.path(), name, &fs::read_to_string(source.join(name)).unwrap());
    }
    symlink(oracle.join("node_modules"), place.path().join("node_modules")).unwrap();
    place
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prisma_migrates_the_database_it_is_given() {
    migrates(&prisma_project(), Tool::Prisma, "by_prisma").await;
}

/// What the real Prisma says where its engine can't be fetched.
async fn prisma_without_an_engine() -> Ran {
    let place = prisma_project();
    let found = tools::find(place.path(), ("DATABASE_URL", "DIRECT_URL")).remove(0);
    let command = Command::parse(&found.command, &found.scripts).unwrap();
    let path =
        format!("{}:{}", peers::folder().join("bin").display(), std::env::var("PATH").unwrap());
    let settings = [
        ("PATH", path.as_str()),
        ("PRISMA_ENGINES_MIRROR", "http://127.0.0.1:9"),
        ("PRISMA_HIDE_UPDATE_MESSAGE", "1"),
    ];
    let url = canary();
    let asked = Run {
        folder: place.path(),
        command: &command,
        variables: &found.variables,
        settings: &settings,
        direct: &url,
        ca: None,
    };
    run(asked).await.unwrap()
}

mod step {
    //! Step 9 through the core and its runner: what is found around, the run, the refusal.

    use std::sync::Arc;

    use jiff::Timestamp;
    use poolwright::{
        domain::{
            cluster::{ClusterFacts, ClusterId, Environment},
            migration::surroundings::Backup,
            pool::{PoolMode, PoolName},
            project::Project,
            timing::Timing,
        },
        effects::{World, runner::Runner},
        postgres::{stages, surroundings},
        practice::{
            account::{ALL_SCOPES, Account, Allowance, Beginning},
            app::Load,
            cluster::APP_ROLE,
            pooler::PoolEntry,
        },
        setup::{
            Order, Rules, Setup,
            facts::{self, Kept, Urls},
            step::{Primary, StepId},
            steps::migrations::{Msg, own},
            ticket::Ticket,
        },
    };
    use tokio::runtime::Handle;

    use super::*;
    use crate::web::Web;

    struct Bench {
        setup: Setup,
        runner: Runner,
    }

    impl Bench {
        /// Step 9 over a project, with this direct URL.
        fn new(place: &TempDir, url: ConnUrl, ca: &str, api: &str) -> Self {
            let data = place.path().join("data");
            let nowhere = || "http://127.0.0.1:9".to_owned();
            let world = World::practice(api.to_owned(), [nowhere(), nowhere()], data);
            let mut setup = Setup::new(Rules::default());
            setup.facts.urls = Some(Urls {
                pooled: url.clone(),
                direct: url,
                private: None,
                ca: Some(ca.to_owned()),
                ca_file: None,
                keys: ("DATABASE_URL".to_owned(), "DIRECT_URL".to_owned()),
                limit: 5,
            });
            setup.facts.project = Some(Project::new(place.path()));
            Self { setup, runner: Runner::new(world, Handle::current(), Arc::new(|| ())) }
        }

        async fn act(&mut self, msg: Msg) {
            let orders = self.setup.act(Timestamp::now(), msg.into());
            self.settle(orders).await;
        }

        async fn settle(&mut self, orders: Vec<Order>) {
            driven::settle(&mut self.setup, &mut self.runner, orders).await;
        }

        fn look(&self) -> &own::Look {
            self.setup.steps.migrations.own.look_of(&self.setup.facts).unwrap()
        }
    }

    #[tokio::test]
    async fn an_engine_that_can_not_be_fetched_is_known_by_prismas_own_words() {
        let ran = prisma_without_an_engine().await;
        assert_ne!(ran.ended.code, Some(0));
        let place = prisma_project();
        let mut bench = Bench::new(&place, canary(), "PEM", "http://127.0.0.1:9");
        let look = own::Look {
            tools: tools::find(place.path(), ("DATABASE_URL", "DIRECT_URL")),
            surroundings: Ok(poolwright::domain::migration::surroundings::Surroundings {
                proved_at: Timestamp::now(),
                server: "16".to_owned(),
                tables: 0,
                rows: 0,
                blockers: Vec::new(),
                hidden: 0,
            }),
            backup: Backup::None,
        };
        let now = Timestamp::now();
        let own = |msg| Msg::Own(msg);
        let ticket = ticket(bench.setup.act(now, Msg::Read.into()));
        bench.setup.settle(now, ticket, own(own::Msg::Looked(Box::new(look))).into());
        bench.setup.steps.migrations.own.draft.command =
            Some((0, "npx --no prisma migrate deploy --schema x".to_owned()));
        let ticket = self::ticket(bench.setup.act(now, own(own::Msg::Run(0)).into()));
        bench.setup.note(now, ticket, own(own::Msg::Started(1)).into());
        bench.setup.note(now, ticket, own(own::Msg::Lines(ran.lines)).into());
        bench.setup.settle(now, ticket, own(own::Msg::Ended(ran.ended)).into());

        let problem = bench.setup.problem(StepId::Migrations).unwrap();

        assert_eq!(problem.what, "Prisma could not fetch its engine.");
    }

    fn ticket(orders: Vec<Order>) -> Ticket {
        let start = orders.into_iter().find_map(|order| match order {
            Order::Start(start) => Some(start.ticket),
            Order::Cancel(_) => None,
        });
        start.unwrap()
    }

    fn goose_like() -> TempDir {
        let place = program("echo \"migrating $DIRECT_URL\"; exit 0");
        put(place.path(), "db/1_init.sql", "-- +goose Up\nselect 1;\n");
        place
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_stands_around_is_found_and_the_tool_runs_with_the_direct_url() {
        let account = Account::open(
            Cluster::start().await.unwrap(),
            Beginning { load: Load::Idle, ..Beginning::default() },
        )
        .await
        .unwrap();
        let web = Web::with_everything(&account).await;
        let shown = web.get("/v2/databases").await;
        let id = shown.text("/databases/0/id").to_owned();
        let connection =
            |key: &str| shown.text(&format!("/databases/0/connection/{key}")).to_owned();
        let port = shown.at("/databases/0/connection/port").as_u64().unwrap();
        let ca =
            web.get(&format!("/v2/databases/{id}/ca")).await.text("/ca/certificate").to_owned();
        let ca = String::from_utf8(base64::prelude::BASE64_STANDARD.decode(ca).unwrap()).unwrap();
        let at = (&*connection("host"), u16::try_from(port).unwrap());
        let password = Some(Secret::new(connection("password")));
        let url = ConnUrl::new(at, &connection("user"), password, APP_DATABASE);
        let place = goose_like();
        let mut bench = Bench::new(&place, url.clone(), &ca, account.base());
        bench.setup.facts.account = Some(facts::Account {
            token: account.issue(ALL_SCOPES, Allowance::default()).await.unwrap(),
            expires_at: None,
            email: None,
            team: None,
            scopes: Vec::new(),
            passwords_visible: Some(true),
            kept: Kept::SessionOnly(None),
        });
        bench.setup.facts.cluster = Some(cluster_facts(&id));

        bench.act(Msg::Read).await;

        let look = bench.look();
        let seen = look.surroundings.as_ref().unwrap();
        assert!(
            0 < seen.tables && seen.server.starts_with(|c: char| c.is_ascii_digit()),
            "{seen:?}"
        );
        assert!(
            matches!(look.backup, Backup::Of(at) if at <= Timestamp::now()),
            "{:?}",
            look.backup
        );
        assert_eq!(look.tools.iter().map(|found| found.tool).collect::<Vec<_>>(), [Tool::Goose]);

        bench.setup.steps.migrations.own.draft.command = Some((0, "./tool up".to_owned()));
        bench.act(Msg::Own(own::Msg::Run(0))).await;

        let own = &bench.setup.steps.migrations.own;
        let said: Vec<&str> = own.log.lines().map(|line| line.text.as_str()).collect();
        assert_eq!(said, ["migrating ••••••••••"]);
        let run = bench.setup.facts.tool_run.as_ref().unwrap();
        assert_eq!((run.title, run.command.as_str(), run.verified), ("goose", "./tool up", false));
        account.close().await;
    }

    fn cluster_facts(id: &str) -> ClusterFacts {
        let endpoint = poolwright::domain::cluster::Endpoint {
            host: PUBLIC_HOST.to_owned(),
            port: 1,
            user: OWNER.to_owned(),
            password: None,
            database: APP_DATABASE.to_owned(),
        };
        ClusterFacts {
            cluster: poolwright::domain::cluster::Cluster {
                id: ClusterId(id.to_owned()),
                name: "contrezz-db-practice".to_owned(),
                engine: "pg".to_owned(),
                version: "15".to_owned(),
                status: "online".to_owned(),
                region: "fra1".to_owned(),
                size: "db-s-1vcpu-1gb".to_owned(),
                tags: Vec::new(),
                upkeep: poolwright::domain::upkeep::Upkeep::default(),
                direct: endpoint,
                private: None,
            },
            environment: Environment::Practice,
            pools: Vec::new(),
            users: Vec::new(),
            databases: Vec::new(),
            ca: None,
            trusted_sources: None,
            apps: Vec::new(),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_pooled_url_is_refused_before_any_program_starts() {
        let mut cluster = Cluster::start().await.unwrap();
        let pool = PoolEntry {
            name: PoolName::given("contrezz-pool"),
            database: APP_DATABASE.to_owned(),
            mode: PoolMode::Transaction,
            size: 2,
            user: Some(APP_ROLE.to_owned()),
        };
        cluster.set_pools(vec![pool]).await.unwrap();
        let pooled = ConnUrl {
            port: cluster.pool_port(),
            database: "contrezz-pool".to_owned(),
            ..direct(&cluster)
        };
        let place = goose_like();
        put(place.path(), "tool", "#!/bin/sh\ntouch started\n");
        let mut bench = Bench::new(&place, pooled, cluster.ca(), "http://127.0.0.1:9");

        bench.act(Msg::Read).await;
        bench.setup.steps.migrations.own.draft.command = Some((0, "./tool up".to_owned()));
        bench.act(Msg::Own(own::Msg::Run(0))).await;

        assert_eq!(bench.look().surroundings.as_ref().unwrap_err().code, "not direct");
        let primary = bench.setup.steps.migrations.primary(&bench.setup.facts, &bench.setup.rules);
        assert!(
            matches!(primary, Primary::Blocked(_, why) if why.contains("over the direct connection only"))
        );
        assert!(!place.path().join("started").exists());
        assert_eq!(bench.setup.problem(StepId::Migrations), None);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_holds_a_lock_is_seen_with_process_table_and_age() {
        let cluster = Cluster::start().await.unwrap();
        cluster.as_superuser(APP_DATABASE, "create table held (id int)").await.unwrap();
        cluster.as_superuser(APP_DATABASE, "grant all on held to public").await.unwrap();
        let url = direct(&cluster);
        let timing = Timing::default();
        let mut holder = stages::direct(&url, Some(cluster.ca()), &timing).await.unwrap();
        holder.rows("set application_name = 'shop-worker'").await.unwrap();
        holder.rows("begin").await.unwrap();
        holder.rows("select * from held").await.unwrap();
        let mut wire = stages::direct(&url, Some(cluster.ca()), &timing).await.unwrap();

        let seen = surroundings::read(&mut wire, Duration::ZERO).await.unwrap();
        let long = surroundings::read(&mut wire, Duration::from_secs(30)).await.unwrap();

        let [blocker] = seen.blockers.as_slice() else { panic!("{seen:?}") };
        assert_eq!(blocker.process, Some(holder.process_id));
        assert_eq!(
            (
                blocker.user.as_str(),
                blocker.application.as_str(),
                blocker.state.as_str(),
                blocker.tables.as_str()
            ),
            (OWNER, "shop-worker", "idle in transaction", "held")
        );
        assert_eq!(long.blockers, [], "it is not 30 s old");
    }
}
