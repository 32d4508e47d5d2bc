//! `poolwright migrate` on a real PostgreSQL: what it says, what it refuses, what the ledger shows afterwards.
#![expect(clippy::disallowed_methods, reason = "other programs write files plainly")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use poolwright::{
    domain::pool::{PoolMode, PoolName},
    practice::{
        cluster::{Cluster, OWNER, PUBLIC_HOST},
        pooler::PoolEntry,
    },
};
use serde_json::Value;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Row as _,
    postgres::{PgConnectOptions, PgConnection, PgSslMode},
};
use tempfile::TempDir;

use crate::proof::proving;

/// A cluster, and a folder for migrations.
pub struct Ground {
    pub cluster: Cluster,
    pub folder: TempDir,
}

impl Ground {
    pub async fn start() -> Self {
        poolwright::safety::one_tls_provider();
        Self { cluster: Cluster::start().await.unwrap(), folder: tempfile::tempdir().unwrap() }
    }

    /// The direct URL; `more` are further parameters. The real Prisma takes the practice authority by `no-verify` only.
    pub fn url(&self, database: &str, more: &str) -> String {
        self.url_at(self.cluster.direct_port(), database, more)
    }

    pub fn url_at(&self, port: u16, database: &str, more: &str) -> String {
        let password = self.cluster.password(OWNER).unwrap().expose();
        format!(
            "postgresql://{OWNER}:{password}@{PUBLIC_HOST}:{port}/{database}?sslmode=no-verify{more}"
        )
    }

    pub async fn connect(&self, database: &str) -> PgConnection {
        PgConnectOptions::new_without_pgpass()
            .host(PUBLIC_HOST)
            .port(self.cluster.direct_port())
            .username(OWNER)
            .password(self.cluster.password(OWNER).unwrap().expose())
            .database(database)
            .ssl_mode(PgSslMode::Require)
            .connect()
            .await
            .unwrap()
    }

    pub async fn run(&self, database: &str, sql: &str) {
        let mut connection = self.connect(database).await;
        connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
        connection.close().await.unwrap();
    }

    /// The first column of each row, as text.
    pub async fn rows(&self, database: &str, sql: &str) -> Vec<String> {
        let mut connection = self.connect(database).await;
        let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
        connection.close().await.unwrap();
        rows.iter()
            .map(|row| row.get_unchecked::<Option<String>, _>(0).unwrap_or_default())
            .collect()
    }

    pub fn migrations(&self) -> PathBuf {
        self.folder.path().join("prisma/migrations")
    }

    /// Writes a Prisma migration.
    pub fn script(&self, name: &str, sql: impl AsRef<[u8]>) {
        let directory = self.migrations().join(name);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("migration.sql"), sql).unwrap();
    }

    /// The real program, in the folder, with the direct URL in its environment.
    pub fn migrate(&self, database: &str, arguments: &[&str]) -> Command {
        migrate(self.folder.path(), &self.url(database, ""), arguments)
    }

    /// Runs it and gives its JSON; the exit code in it is the process's.
    pub fn json(&self, database: &str, arguments: &[&str]) -> Value {
        let mut command = self.migrate(database, arguments);
        let output = command.arg("--json").output().unwrap();
        let json: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|err| panic!("{err}: {}", said(&output)));
        assert_eq!(json["exit"].as_i64(), output.status.code().map(i64::from), "{json:#}");
        json
    }

    /// name | steps | finished | rolled back | logs
    pub async fn ledger(&self, database: &str) -> Vec<String> {
        self.rows(database, &ledger_sql("_prisma_migrations")).await
    }
}

pub fn ledger_sql(table: &str) -> String {
    format!(
        "select migration_name || '|' || left(checksum, 8) || '|' || applied_steps_count || '|' || \
         case when finished_at is null then '-' when finished_at = started_at then 'at once' else 'finished' end || '|' || \
         case when rolled_back_at is null then '-' else 'rolled back' end || '|' || \
         case when logs is null then '-' when logs = '' then 'empty' else 'logs' end \
         from {table} order by started_at, rolled_back_at nulls last"
    )
}

pub fn migrate(folder: &Path, url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poolwright"));
    command
        .arg("migrate")
        .args(arguments)
        .current_dir(folder)
        .env_remove("DATABASE_URL")
        .env("DIRECT_URL", url)
        .stdin(Stdio::null());
    command
}

pub fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn run(mut command: Command) -> (i32, String) {
    let output = command.output().unwrap();
    (output.status.code().unwrap(), said(&output))
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "“{part}” is not in:\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_names_file_place_statement_and_what_stays_and_the_ways_out_work() {
    let ground = Ground::start().await;
    ground.script("1_init", "create table a(id int);\n");
    ground.script("2_more", "create table b(id int);\n-- é\ninsert into b\n  values (1), ('x');\n");
    ground.script("3_last", "create table c(id int);\n");

    let (exit, text) = run(ground.migrate("defaultdb", &["deploy"]));
    assert_eq!(exit, 1, "{text}");
    has(
        &text,
        &[
            "✓ 1_init",
            "Migration 2_more was refused at line 4, column 16. (P3018)",
            "Nothing of it was kept.",
            "prisma/migrations/2_more/migration.sql:4:16",
            "Statement: insert into b values (1), ('x');",
            "22P02",
            "poolwright migrate resolve --rolled-back 2_more",
        ],
    );
    assert_eq!(
        ground
            .rows("defaultdb", "select count(*)::text from pg_class where relname in ('b', 'c')")
            .await,
        ["0"]
    );
    let status = ground.json("defaultdb", &["status"]);
    assert_eq!(status["failed"][0]["name"], "2_more");
    assert!(status["failed"][0]["logs"].as_str().unwrap().contains("invalid input syntax"));
    assert_eq!(status["exit"], 1);
    let refused = ground.json("defaultdb", &["deploy"]);
    assert_eq!(refused["problem"]["code"], "P3009");

    ground.script("2_more", "create table b(id int);\n");
    assert_eq!(ground.json("defaultdb", &["resolve", "--rolled-back", "2_more"])["exit"], 0);
    assert_eq!(
        ground.json("defaultdb", &["status"])["pending"],
        serde_json::json!(["2_more", "3_last"])
    );
    assert_eq!(ground.json("defaultdb", &["deploy"])["applied"].as_array().unwrap().len(), 2);
    assert_eq!(ground.json("defaultdb", &["status"])["exit"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_run_in_a_transaction_is_split_out_and_said() {
    let ground = Ground::start().await;
    let sql = "create table a(id int);\ninsert into a values (1), (1);\n\ncreate unique index concurrently a_id on a(id);\ncreate table b(id int);\n";
    ground.script("1_index", sql);

    let (exit, text) = run(ground.migrate("defaultdb", &["deploy"]));

    assert_eq!(exit, 1, "{text}");
    has(
        &text,
        &[
            "1_index is not one transaction: CREATE INDEX CONCURRENTLY in line 4 can't run in one",
            "Migration 1_index was refused at line 4, column 1.",
            "What it did up to line 2 is committed and stays; nothing after that does.",
            "The index public.a_id is invalid",
            "DROP INDEX CONCURRENTLY public.a_id",
        ],
    );
    has(&run(ground.migrate("defaultdb", &["status"])).1, &["The index public.a_id is invalid"]);

    ground.run("defaultdb", "drop index concurrently a_id").await;
    ground.run("defaultdb", "drop table a").await;
    ground.json("defaultdb", &["resolve", "--rolled-back", "1_index"]);
    ground.script("1_index", sql.replace("(1), (1)", "(1), (2)"));
    let (exit, text) = run(ground.migrate("defaultdb", &["deploy"]));
    assert_eq!(exit, 0, "{text}");
    assert_eq!(ground.json("defaultdb", &["status"])["warnings"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_that_leaves_something_behind_does_not_reach_the_next() {
    let ground = Ground::start().await;
    ground.script(
        "1_dirty",
        "create role painter;\ngrant painter to doadmin;\ncreate schema other;\nset search_path = other;\nset statement_timeout = '1s';\nset default_transaction_read_only = on;\n\
         prepare p as select 1;\ncreate temp table here(id int);\nlisten x;\nset role painter;\nselect pg_advisory_unlock_all();\n",
    );
    ground.script(
        "2_clean",
        "create table lands_in_public(id int);\nprepare p as select 2;\ncreate temp table here(id int);\nselect pg_sleep(1.2);\n",
    );
    ground.script("3_open", "begin;\ncreate table never(id int);\n");

    let (exit, text) = run(ground.migrate("defaultdb", &["deploy"]));

    assert_eq!(exit, 1, "{text}");
    has(
        &text,
        &[
            "▲ 1_dirty leaves search_path behind.",
            "▲ 1_dirty leaves role behind.",
            "▲ 1_dirty leaves default_transaction_read_only behind.",
            "✓ 2_clean",
            "Migration 3_open was refused at line 1, column 1.",
            "It ended inside a transaction of its own; nothing of it was kept.",
        ],
    );
    let place = "select relnamespace::regnamespace::text || ' ' || relowner::regrole from pg_class \
                 where relname = 'lands_in_public'";
    assert_eq!(ground.rows("defaultdb", place).await, ["public doadmin"]);
    let ledger = ground.ledger("defaultdb").await;
    assert!(
        ledger[1].ends_with("|1|finished|-|-") && ledger[2].ends_with("|0|-|-|logs"),
        "{ledger:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_that_gives_the_lock_to_another_deploy_is_the_last_one() {
    let ground = Ground::start().await;
    let unlock = "create table a(id int);\nselect pg_advisory_unlock_all();\nselect pg_sleep(1);\n";
    ground.script("1_unlock", unlock);
    ground.script("2_more", "create table b(id int);\n");
    let mut deploy = ground.migrate("defaultdb", &["deploy"]);
    let deploy = deploy.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let running = "select count(*)::text from pg_stat_activity where query like '%unlock_all%pg_sleep%' and pid <> pg_backend_pid()";
    let began = Instant::now();
    while ground.rows("defaultdb", running).await != ["1"] {
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    let mut other = ground.connect("defaultdb").await;
    other.execute("select pg_advisory_lock(72707369)").await.unwrap();

    let output = deploy.wait_with_output().unwrap();

    assert_eq!(output.status.code(), Some(1));
    has(&said(&output), &["The migration lock was given away by the last script"]);
    let ledger = ground.ledger("defaultdb").await;
    assert_eq!(ledger.len(), 1, "{ledger:?}");
    assert!(ledger[0].ends_with("|1|finished|-|-"), "{ledger:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edited_missing_and_exchanged_ones_are_warned_about_and_fail_nothing() {
    let ground = Ground::start().await;
    ground.script("1_init", "create table a(id int);\n");
    ground.script("2_gone", "create table b(id int);\n");
    assert_eq!(ground.json("defaultdb", &["deploy"])["exit"], 0);
    ground.script("1_init", "create table a(id bigint);\n");
    fs::remove_dir_all(ground.migrations().join("2_gone")).unwrap();
    let status = ground.json("defaultdb", &["status"]);
    assert_eq!(
        (&status["edited"][0], &status["missing"][0]),
        (&Value::from("1_init"), &Value::from("2_gone"))
    );
    assert_eq!(status["exit"], 0, "as Prisma answers");

    ground.script("1_a", "select 1");
    ground.script("1_B", "select 1");
    let status = ground.json("defaultdb", &["status"]);
    assert_eq!(status["pending"], serde_json::json!(["1_a", "1_B"]));
    let warnings = status["warnings"].to_string();
    has(
        &warnings,
        &[
            "1_a runs before 1_B",
            "Prisma up to 6.5",
            "1_a sorts before a migration that is applied already",
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_pool_it_refuses_and_says_why() {
    let mut ground = Ground::start().await;
    let pool = PoolEntry {
        name: PoolName::given("shop-pool"),
        database: "defaultdb".to_owned(),
        mode: PoolMode::Transaction,
        size: 2,
        user: Some(OWNER.to_owned()),
    };
    ground.cluster.set_pools(vec![pool]).await.unwrap();
    ground.script("1_init", "create table a(id int);\n");
    let url = ground.url_at(ground.cluster.pool_port(), "shop-pool", "");

    for command in ["deploy", "status"] {
        let (exit, text) = run(migrate(ground.folder.path(), &url, &[command]));
        assert_eq!(exit, 1, "{text}");
        has(
            &text,
            &[
                "The direct URL reaches the pooler",
                "the next deploy over the direct port would wait for it in vain (P1002)",
            ],
        );
    }
    assert_eq!(
        ground
            .rows(
                "defaultdb",
                "select count(*)::text from pg_class where relname in ('a', '_prisma_migrations')"
            )
            .await,
        ["0"]
    );
    let held = "select count(*)::text from pg_locks where locktype = 'advisory'";
    assert_eq!(ground.rows("defaultdb", held).await, ["0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_deploys_at_once_one_works_and_the_other_waits_and_tells_for_whom() {
    let ground = Ground::start().await;
    ground.script("1_slow", "create table a(id int);\nselect pg_sleep(2);\n");
    ground.script("2_more", "create table b(id int);\n");
    let deploy = || {
        let mut command = ground.migrate("defaultdb", &["deploy"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };

    let first = deploy();
    let locked = "select count(*)::text from pg_locks where locktype = 'advisory' and granted";
    let began = Instant::now();
    while ground.rows("defaultdb", locked).await != ["1"] {
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    let second = deploy();
    let (first, second) = (first.wait_with_output().unwrap(), second.wait_with_output().unwrap());

    assert!(said(&first).contains("✓ 2 migrations applied."), "{}", said(&first));
    has(
        &said(&second),
        &[
            "Waiting up to 10 s for the migration lock. It is held by process ",
            "poolwright",
            "✓ Nothing was pending",
        ],
    );
    assert_eq!((first.status.code(), second.status.code()), (Some(0), Some(0)));
    assert_eq!(ground.ledger("defaultdb").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_never_given_up_ends_the_wait_after_ten_seconds() {
    let ground = Ground::start().await;
    ground.script("1_init", "create table a(id int);\n");
    let mut other = ground.connect("defaultdb").await;
    other.execute("select pg_advisory_lock(72707369)").await.unwrap();
    // The same number in another database is another lock.
    ground.cluster.create_database("elsewhere").await.unwrap();
    assert_eq!(ground.json("elsewhere", &["deploy"])["exit"], 0);

    let began = Instant::now();
    let (exit, text) = run(ground.migrate("defaultdb", &["deploy"]));

    let took = began.elapsed().as_secs_f64();
    assert!((9.5..14.0).contains(&took), "{took} s");
    assert_eq!(exit, 1);
    has(
        &text,
        &[
            "Another deploy holds the migration lock.",
            "It was waited for 10 s. It is held by process ",
        ],
    );
    let exists = "select count(*)::text from pg_class where relname = '_prisma_migrations'";
    assert_eq!(ground.rows("defaultdb", exists).await, ["0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_others_keep_locked_is_waited_for_briefly_then_given_way_to() {
    let ground = Ground::start().await;
    ground.run("defaultdb", "create table _prisma_migrations_are_not_here(); create schema s; create table s.busy(id int)").await;
    ground.run("defaultdb", "drop table _prisma_migrations_are_not_here").await;
    ground.script(
        "1_alter",
        "create table before(id int);\nalter table s.busy add column more int;\n",
    );
    let mut other = ground.connect("defaultdb").await;
    other.execute("begin; lock table s.busy in access share mode").await.unwrap();

    let deploy = ground.migrate("defaultdb", &["deploy"]).stdout(Stdio::piped()).spawn().unwrap();
    let wait = "select count(*)::text from pg_locks where not granted";
    let began = Instant::now();
    while ground.rows("defaultdb", wait).await != ["1"] {
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    // It gives way after 5 s: then a reader that came later is served, although the first transaction is still open.
    let mut reader = ground.connect("defaultdb").await;
    let began = Instant::now();
    reader.execute("select * from s.busy").await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(7), "the queue stood for {:?}", began.elapsed());
    other.execute("commit").await.unwrap();

    let output = deploy.wait_with_output().unwrap();
    has(&said(&output), &["1_alter: a lock was not free for 5 s; try 2", "✓ 1 migration applied."]);
    assert_eq!(ground.ledger("defaultdb").await.len(), 1, "one attempt, one row");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_text_and_what_is_missing_stops_before_it_with_its_place() {
    let ground = Ground::start().await;
    ground.script("1_init", "create table a(id int);\n");
    ground.script("2_latin", b"create table b(id int);\n-- caf\xE9\n");
    ground.script("3_last", "create table c(id int);\n");

    let deployed = ground.json("defaultdb", &["deploy"]);
    let what = deployed["problem"]["what"].as_str().unwrap();
    has(what, &["prisma/migrations/2_latin/migration.sql:2:7 is not UTF-8."]);
    assert_eq!(
        ground.ledger("defaultdb").await.len(),
        1,
        "1_init ran, nothing is noted of 2_latin"
    );

    ground.script("2_latin", b"create table b(id int);\0");
    has(
        ground.json("defaultdb", &["deploy"])["problem"]["what"].as_str().unwrap(),
        &["2_latin/migration.sql:1:24 holds a NUL byte."],
    );
    ground.script("2_latin", b"\xFF\xFEc\0r\0");
    has(
        ground.json("defaultdb", &["deploy"])["problem"]["what"].as_str().unwrap(),
        &["is saved as UTF-16."],
    );
    fs::remove_file(ground.migrations().join("2_latin/migration.sql")).unwrap();
    let missing = ground.json("defaultdb", &["deploy"]);
    assert_eq!(missing["problem"]["code"], "P3015");
    has(missing["problem"]["what"].as_str().unwrap(), &["2_latin/migration.sql was not found."]);
    assert_eq!(ground.json("defaultdb", &["status"])["problem"]["code"], "P3015");
    fs::write(ground.migrations().join("2_latin/ops.json"), "[]").unwrap();
    assert_eq!(ground.json("defaultdb", &["deploy"])["problem"]["code"], "Prisma 8");
    assert_eq!(
        ground
            .rows("defaultdb", "select count(*)::text from pg_class where relname in ('b', 'c')")
            .await,
        ["0"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_psql_understands_is_said() {
    let ground = Ground::start().await;
    ground.script("1_meta", "create table a(id int);\n\\i other.sql\n");
    has(
        &run(ground.migrate("defaultdb", &["deploy"])).1,
        &["refused at line 2, column 1", "Line 2 is for psql alone"],
    );
    ground.json("defaultdb", &["resolve", "--rolled-back", "1_meta"]);
    ground.script("1_meta", "create table a(id int);\ncopy a from stdin;\n");
    has(
        &run(ground.migrate("defaultdb", &["deploy"])).1,
        &["refused at line 2, column 1", "Line 2 is for psql alone"],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_folder_of_numbered_files_has_the_same_safety_and_a_ledger_of_its_own() {
    let ground = Ground::start().await;
    let folder = ground.folder.path().join("migrations");
    fs::create_dir_all(&folder).unwrap();
    let put = |name: &str, sql: &str| fs::write(folder.join(name), sql).unwrap();
    put("1_init.up.sql", "create table a(id int);");
    put("1_init.down.sql", "drop table a;");
    put("2_more.up.sql", "insert into a values (2);");
    put("10_last.up.sql", "insert into b values (1);");
    put(".2_more.sql", "this is no SQL");
    put("notes.txt", "neither");

    let deployed = ground.json("defaultdb", &["deploy"]);
    assert_eq!(deployed["problem"]["code"], "P3018");
    let rows = ground.rows("defaultdb", &ledger_sql("_poolwright_migrations")).await;
    let names: Vec<&str> = rows.iter().map(|row| row.split('|').next().unwrap()).collect();
    assert_eq!(names, ["1_init.up.sql", "2_more.up.sql", "10_last.up.sql"]);
    assert_eq!(ground.json("defaultdb", &["deploy"])["problem"]["code"], "P3009");
    put("10_last.up.sql", "insert into a values (10);");
    ground.json("defaultdb", &["resolve", "--rolled-back", "10_last.up.sql"]);
    assert_eq!(ground.json("defaultdb", &["deploy"])["exit"], 0);
    assert_eq!(ground.json("defaultdb", &["status"])["exit"], 0);

    put("11_goose.sql", "-- +goose Up\ncreate table c();\n-- +goose Down\ndrop table c;\n");
    let refused = ground.json("defaultdb", &["deploy"]);
    has(refused["problem"]["what"].as_str().unwrap(), &["11_goose.sql was made for goose."]);
    fs::rename(folder.join("11_goose.sql"), folder.join("V11__x.sql")).unwrap();
    has(&ground.json("defaultdb", &["deploy"])["problem"].to_string(), &["was made for Flyway"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_goes_away_does_not_stop_a_deploy() {
    let ground = Ground::start().await;
    ground.script("1_a", "create table a(id int);\n");
    ground.script("2_b", "create table b(id int);\n");
    let mut command = ground.migrate("defaultdb", &["deploy"]);
    let mut deploy = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(deploy.stdout.take());
    drop(deploy.stderr.take());
    assert_eq!(deploy.wait().unwrap().code(), Some(0));
    assert_eq!(ground.ledger("defaultdb").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_baseline_marks_what_is_there_and_the_rest_is_applied() {
    let ground = Ground::start().await;
    ground.run("defaultdb", "create table a(id int); create table b(id int)").await;
    ground.script("1_a", "create table a(id int);\n");
    ground.script("2_b", "create table b(id int);\n");
    ground.script("3_c", "create table c(id int);\n");
    let refused = ground.json("defaultdb", &["deploy"]);
    assert_eq!(refused["problem"]["code"], "P3005");

    let marked = ground.json("defaultdb", &["resolve", "--baseline", "2_b"]);
    assert_eq!(marked["marked"], serde_json::json!(["1_a", "2_b"]));
    assert_eq!(
        ground.json("defaultdb", &["resolve", "--baseline", "2_b"])["marked"],
        serde_json::json!([])
    );
    assert_eq!(ground.json("defaultdb", &["deploy"])["applied"][0]["name"], "3_c");
    assert!(ground.ledger("defaultdb").await[0].ends_with("|0|at once|-|empty"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_schema_that_the_prisma_schema_names_has_to_be_empty_at_first() {
    let ground = Ground::start().await;
    ground.run("defaultdb", "create schema billing; create table billing.invoice(id int)").await;
    ground.script("1_a", "create table a(id int);\n");
    let schema = "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n  schemas = [\"public\", \"billing\"]\n}\n";
    let file = ground.migrations().with_file_name("schema.prisma");
    fs::write(&file, schema).unwrap();
    assert_eq!(ground.json("defaultdb", &["deploy"])["problem"]["code"], "P3005");
    fs::write(&file, schema.replace(", \"billing\"", "")).unwrap();
    assert_eq!(ground.json("defaultdb", &["deploy"])["exit"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn url_folder_and_production_are_taken_from_where_they_stand() {
    let ground = Ground::start().await;
    ground.script("1_a", "create table a(id int);\n");
    let bare = |arguments: &[&str]| {
        let mut command = migrate(ground.folder.path(), "", arguments);
        command.env_remove("DIRECT_URL");
        run(command)
    };
    let url = ground.url("defaultdb", "");
    let file =
        format!("DATABASE_URL=\"postgresql://nobody@nowhere.invalid/x\"\nDIRECT_URL=\"{url}\"\n");
    fs::write(ground.folder.path().join(".env"), file).unwrap();

    has(
        &bare(&["status"]).1,
        &["The direct URL was not found in DIRECT_URL or DATABASE_URL.", "add --env-file .env"],
    );
    has(&bare(&["status", "--env-file", ".env"]).1, &["○ 1 migration pending."]);
    let wrong = bare(&["status", "--env-file", ".env", "--url-env", "DATABASE_URL"]);
    has(&wrong.1, &["The name nowhere.invalid cannot be found.", "P1001"]);
    has(
        &bare(&["status", "--env-file", ".env", "--folder", "other"]).1,
        &["The migrations folder other was not found."],
    );
    assert_eq!(bare(&["status", "--env-file", ".env", "--schema", "prisma/schema.prisma"]).0, 1);

    let profile = "version = 1\ncluster = \"shop\"\nenvironment = \"production\"\n";
    fs::write(ground.folder.path().join("poolwright.toml"), profile).unwrap();
    let guarded = bare(&["deploy", "--env-file", ".env"]);
    assert_eq!(guarded.0, 1);
    has(
        &guarded.1,
        &[
            "Nothing was changed: poolwright.toml says that this is production.",
            "--production shop",
        ],
    );
    assert_eq!(bare(&["deploy", "--env-file", ".env", "--production", "other"]).0, 1);
    assert_eq!(
        ground.rows("defaultdb", "select count(*)::text from pg_class where relname = 'a'").await,
        ["0"]
    );
    let (exit, text) = bare(&["deploy", "--env-file", ".env", "--production", "shop"]);
    assert_eq!(exit, 0, "{text}");

    let password = ground.cluster.password(OWNER).unwrap().expose().to_owned();
    assert!(!text.contains(&password) && !wrong.1.contains(&password));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_database_is_made_only_when_asked_for() {
    let ground = Ground::start().await;
    ground.script("1_a", "create table a(id int);\n");
    let (exit, text) = run(ground.migrate("brand new", &["deploy"]));
    assert_eq!(exit, 1);
    has(&text, &["There is no database brand new.", "P1003", "--create-database"]);
    let (exit, text) = run(ground.migrate("brand new", &["deploy", "--create-database"]));
    assert_eq!(exit, 0, "{text}");
    assert_eq!(ground.ledger("brand new").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_script_and_one_of_many_statements_work_with_progress() {
    let (bytes, statements) = if proving() { (100_000_000, 20_000) } else { (8_000_000, 2_000) };
    let ground = Ground::start().await;
    let row = "x".repeat(999_900);
    let mut long = "create table long(text text);\n".to_owned();
    while long.len() < bytes {
        long.extend(["insert into long values ('", row.as_str(), "');\n"]);
    }
    ground.script("1_long", &long);
    let many: String =
        (0..statements).map(|n| format!("insert into many values ({n});\n")).collect();
    ground.script("2_many", format!("create table many(n int);\n{many}"));
    ground.script("3_wrong", format!("{many}insert into nothing values (1);\n"));

    let began = Instant::now();
    let output = ground.migrate("defaultdb", &["deploy"]).output().unwrap();

    let took = began.elapsed();
    println!("{bytes} bytes and 2 × {statements} statements took {took:?}:\n{}", said(&output));
    has(
        &said(&output),
        &[
            "✓ 1_long",
            "✓ 2_many",
            &format!("Migration 3_wrong was refused at line {}, column 13.", statements + 1),
        ],
    );
    assert_eq!(
        ground.rows("defaultdb", "select sum(length(text))::text from long").await,
        [(long.matches("insert").count() * 999_900).to_string()]
    );
    assert_eq!(
        ground.rows("defaultdb", "select count(*)::text from many").await,
        [statements.to_string()]
    );
    // A line every two seconds: a fast machine is done before the first.
    if Duration::from_secs(10) < took {
        has(&said(&output), &["MB sent"]);
    }
}
