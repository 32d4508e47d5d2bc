//! Promises that are kept by what the program does not do: seen from outside, by the system.
#![expect(clippy::disallowed_methods, reason = "other programs write files plainly")]

use std::{
    fs::{self, Permissions},
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use poolwright::{
    disk::{self, Access, Expected},
    domain::{conn_url::ConnUrl, diagnosis::Known, pool::PoolMode, timing::Timing},
    postgres::{
        activity::Watch,
        stages::{self, Pace, Target},
    },
    practice::cluster::{APP_DATABASE, APP_ROLE, Cluster, OWNER},
};
use tokio::sync::mpsc;

use crate::{migrations::Ground, served};

/// What the child of a test works with.
const INSIDE: &str = "POOLWRIGHT_TEST_KEPT";

/// The calls that matter, in order: `fsync`, `rename`, and what they were about.
fn calls(trace: &str, folder: &Path) -> Vec<(&'static str, bool)> {
    let folder = folder.to_str().unwrap();
    trace
        .lines()
        .filter(|line| line.contains(folder) && line.ends_with(" = 0"))
        .filter_map(|line| {
            let call = ["fsync", "rename"].into_iter().find(|call| line.contains(call))?;
            Some((call, line.contains(&format!("<{folder}>"))))
        })
        .collect()
}

#[test]
fn a_file_is_on_the_disk_before_its_name_and_the_name_before_it_is_called_written() {
    if let Some(file) = std::env::var_os(INSIDE) {
        disk::write(Path::new(&file), b"A=1\n", Expected::Anything, Access::Private).unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (place, trace) = (folder.path().join("project"), folder.path().join("trace"));
    fs::create_dir(&place).unwrap();
    let test =
        "kept::a_file_is_on_the_disk_before_its_name_and_the_name_before_it_is_called_written";
    let output = Command::new("strace")
        .args(["-f", "-y", "-qq", "-e", "trace=fsync,rename,renameat,renameat2", "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env(INSIDE, place.join(".env"))
        .output()
        .expect("strace is missing: run packaging/install-deps test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let trace = fs::read_to_string(trace).unwrap();
    // The file, its name, and then the folder that holds the name.
    let expected = [("fsync", false), ("rename", false), ("fsync", true)];
    assert_eq!(calls(&trace, &place.canonicalize().unwrap()), expected, "{trace}");
}

#[test]
fn a_running_program_may_leave_no_core() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poolwright"));
    let mut running = command
        .args(["practice", "--no-window"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(running.stdout.take().unwrap()).read_line(&mut said).unwrap();

    let limits = fs::read_to_string(format!("/proc/{}/limits", running.id())).unwrap();

    running.kill().unwrap();
    running.wait().unwrap();
    let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>(), ["0", "0", "bytes"], "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_variables_and_the_password_file_of_other_programs_change_nothing() {
    if let Ok(url) = std::env::var(INSIDE) {
        poolwright::safety::one_tls_provider();
        let url = ConnUrl::parse(&url).unwrap();
        let opened = Watch::open(&url, None, &Timing::default()).await;
        assert_eq!(opened.is_ok(), url.password.is_some(), "{:?}", opened.err());
        return;
    }
    let ground = Ground::start().await;
    let (home, url) = (ground.folder.path(), ground.url("defaultdb", ""));
    let bare = ConnUrl { password: None, ..ConnUrl::parse(&url).unwrap() };
    let password = ground.cluster.password(OWNER).unwrap().expose();
    let passwords = home.join(".pgpass");
    fs::write(&passwords, format!("*:*:*:*:{password}\n")).unwrap();
    fs::set_permissions(&passwords, Permissions::from_mode(0o600)).unwrap();

    // With the password in it, the URL decides everything; without it, nobody is asked for another one.
    for url in [url.as_str(), bare.text().expose()] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "kept::the_variables_and_the_password_file_of_other_programs_change_nothing",
            ])
            .env(INSIDE, url)
            .env("HOME", home)
            .env("PGPASSFILE", &passwords)
            .env("PGPASSWORD", password)
            .envs([("PGHOST", "192.0.2.1"), ("PGPORT", "1"), ("PGUSER", "nobody")])
            .envs([("PGDATABASE", "elsewhere"), ("PGSSLMODE", "disable")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// Everything that a schema dump would show, and how many rows were ever written.
const TRACES: &str = "select (select string_agg(oid || relname, ',' order by oid) from pg_class) \
     || (select string_agg(rolname || coalesce(rolconfig::text, ''), ',' order by oid) from pg_roles) \
     || (select tup_inserted + tup_updated + tup_deleted from pg_stat_database where datname = current_database())";
/// The pooler comes from 127.0.0.1 and keeps its connection; the direct port's clients come from another address.
const OURS: &str = "select count(*)::text from pg_stat_activity where application_name = 'poolwright' \
     and client_addr <> '127.0.0.1' and pid <> pg_backend_pid()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_of_both_ports_changes_nothing_and_leaves_no_connection_open() {
    let mut cluster = Cluster::start().await.unwrap();
    cluster.set_pools(vec![served::pool("shop-pool", PoolMode::Transaction, 3)]).await.unwrap();
    let pooled = served::url(&cluster, APP_ROLE, cluster.pool_port(), "shop-pool");
    let direct = served::url(&cluster, APP_ROLE, cluster.direct_port(), APP_DATABASE);
    let timing = Timing::default();
    let ask = async |sql: &str| {
        let mut wire = stages::connect(&direct, Some(cluster.ca()), &timing).await.unwrap();
        let rows = wire.rows(sql).await.unwrap();
        rows[0][0].clone().unwrap_or_default()
    };
    let open = stages::connect(&direct, Some(cluster.ca()), &timing).await.unwrap();
    assert_eq!(ask(OURS).await, "1", "one that stays open is seen");
    drop(open);
    let before = ask(TRACES).await;

    let (told, mut heard) = mpsc::channel(64);
    let pace = Pace { patience: Duration::ZERO, timing: &timing, told: &told };
    let ca = Some(cluster.ca());
    let (one, other) = (Target { url: &pooled, ca }, Target { url: &direct, ca });
    let finding = Box::pin(stages::test(one, other, &Known::default(), pace)).await;
    heard.close();

    assert!(finding.ports.pooled.passed() && finding.ports.direct.passed(), "{finding:?}");
    assert_eq!(ask(TRACES).await, before);
    // The server needs a moment to see that a client has gone.
    let began = Instant::now();
    while ask(OURS).await != "0" {
        assert!(began.elapsed() < Duration::from_secs(2), "{}", ask(OURS).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
