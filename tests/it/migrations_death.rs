//! A deploy that dies: the network after each message, the program, the server, the session. What the next look shows is the
//! truth, and the ways out lead to the end.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use poolwright::{
    domain::{
        conn_url::ConnUrl,
        migration::{Applied, Resolve, Warning},
        timing::Timing,
    },
    effects::migrations::{self, Job, Progress, Running, Survey},
    practice::cluster::PUBLIC_HOST,
    setup::steps::measure::Target,
};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::timeout,
};

use crate::{
    migrations::{Ground, said},
    proof::proving,
};

struct Silent;

impl Progress for Silent {
    fn waiting(&mut self, _holder: Option<&str>) {}
    fn news(&mut self, _running: Running<'_>) {}
    fn warn(&mut self, _warning: Warning) {}
    async fn applied(&mut self, _applied: Applied) {}
}

/// What the proxy does at the chosen message of the client.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Nothing goes on any more, in neither direction.
    StopBefore,
    StopAfter,
    /// Both ends see the end of the connection.
    CutBefore,
    CutAfter,
    /// Both ends see a reset.
    ResetBefore,
    ResetAfter,
}

const FATES: [Fate; 6] = [
    Fate::StopBefore,
    Fate::CutAfter,
    Fate::ResetBefore,
    Fate::StopAfter,
    Fate::CutBefore,
    Fate::ResetAfter,
];

/// Passes on between one client and the server; fate strikes at its message `at`. Messages are counted by TLS records,
/// one for each that the client sends. Gives the port, and at the end how many there were.
async fn proxy(server: u16, at: usize, fate: Fate) -> (u16, oneshot::Receiver<usize>) {
    let listener = TcpListener::bind((PUBLIC_HOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect((PUBLIC_HOST, server)).await.unwrap();
        let count = pass_on(client, server, at, fate).await;
        // The test may have ended.
        tell.send(count).ok();
    });
    (port, told)
}

async fn pass_on(mut client: TcpStream, mut server: TcpStream, at: usize, fate: Fate) -> usize {
    let mut messages = 0;
    let mut from_client = Vec::new();
    let mut from_server = vec![0; 64 * 1024];
    loop {
        let mut piece = vec![0; 16 * 1024];
        tokio::select! {
            read = client.read(&mut piece) => {
                let Ok(length @ 1..) = read else { return messages };
                from_client.extend_from_slice(&piece[..length]);
            }
            read = server.read(&mut from_server) => {
                let Ok(length @ 1..) = read else { return messages };
                if client.write_all(&from_server[..length]).await.is_err() {
                    return messages;
                }
            }
        }
        while let Some(record) = whole_record(&mut from_client) {
            messages += usize::from(record.first() == Some(&APPLICATION_DATA));
            let struck = messages == at && record.first() == Some(&APPLICATION_DATA);
            let passes = matches!(fate, Fate::StopAfter | Fate::CutAfter | Fate::ResetAfter);
            if (!struck || passes) && server.write_all(&record).await.is_err() {
                return messages;
            }
            if struck {
                strike(client, server, fate).await;
                return messages;
            }
        }
    }
}

const APPLICATION_DATA: u8 = 23;

/// The next record, or before TLS begins whatever there is: the eight bytes that ask for it.
fn whole_record(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = match bytes.as_slice() {
        [0, 0, 0, 8, ..] => 8,
        [20..=23, 3, _, high, low, ..] => 5 + usize::from(*high) * 256 + usize::from(*low),
        _ => return None,
    };
    (length <= bytes.len()).then(|| bytes.drain(..length).collect())
}

async fn strike(mut client: TcpStream, mut server: TcpStream, fate: Fate) {
    match fate {
        Fate::StopBefore | Fate::StopAfter => {
            // Held open until the client gives up.
            let mut void = [0; 1024];
            while matches!(client.read(&mut void).await, Ok(1..)) {}
        }
        Fate::CutBefore | Fate::CutAfter => {
            client.shutdown().await.ok();
            server.shutdown().await.ok();
        }
        Fate::ResetBefore | Fate::ResetAfter => {
            client.set_zero_linger().unwrap();
            server.set_zero_linger().unwrap();
        }
    }
}

fn job(ground: &Ground, port: u16, database: &str) -> Job {
    let timing = Timing {
        sign_in: Duration::from_millis(400),
        query: Duration::from_millis(400),
        tls: Duration::from_millis(400),
        ..Timing::default()
    };
    Job {
        direct: Target {
            url: ConnUrl::parse(&ground.url_at(port, database, "")).unwrap(),
            ca: Some(ground.cluster.ca().to_owned()),
        },
        folder: ground.migrations(),
        patience: Duration::ZERO,
        create_database: false,
        timing,
    }
}

/// The same with ordinary time limits, straight to the server.
fn straight(ground: &Ground, database: &str) -> Job {
    Job { timing: Timing::default(), ..job(ground, ground.cluster.direct_port(), database) }
}

/// Until no session of ours is left in this database: then what stands there stands.
async fn settled(ground: &Ground, database: &str) {
    let sessions = format!(
        "select count(*)::text from pg_stat_activity where application_name = 'poolwright' and datname = '{database}'"
    );
    let began = Instant::now();
    while ground.rows("defaultdb", &sessions).await != ["0"] {
        assert!(began.elapsed() < Duration::from_secs(20), "a session of {database} does not end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// `1_a` is one transaction, `2_b` is sent in two parts.
fn two_scripts(ground: &Ground) {
    ground.script("1_a", "create table a(id int);\ninsert into a values (1);\n");
    ground.script("2_b", "create table b(id int);\ncreate index concurrently b_id on b(id);\n");
}

/// What of a script is in the database.
#[derive(Clone, Copy, Debug, PartialEq)]
enum There {
    Nothing,
    Part,
    All,
}

async fn there(ground: &Ground, database: &str) -> [(&'static str, There); 2] {
    let count = |names: &'static str| async move {
        let sql = format!(
            "select count(*)::text from pg_class c left join pg_index i on i.indexrelid = c.oid \
             where c.relname in ({names}) and coalesce(i.indisvalid, true)"
        );
        ground.rows(database, &sql).await.remove(0)
    };
    let a = if count("'a'").await == "1" { There::All } else { There::Nothing };
    let b = match count("'b', 'b_id'").await.as_str() {
        "0" => There::Nothing,
        "1" => There::Part,
        _ => There::All,
    };
    [("1_a", a), ("2_b", b)]
}

fn is_applied(survey: &Survey, name: &str) -> bool {
    survey.compared.applied.iter().any(|(entry, _)| entry.name == name)
}

fn is_failed(survey: &Survey, name: &str) -> bool {
    survey.compared.failed.iter().any(|failure| failure.name == name)
}

/// The status is true, and both ways out lead to the end. Gives what was found, for the table.
async fn true_and_recoverable(ground: &Ground, database: &str, what: &str) -> String {
    settled(ground, database).await;
    let job = straight(ground, database);
    let survey = migrations::survey(&job).await.unwrap();
    let mut found = Vec::new();
    for (name, there) in there(ground, database).await {
        if is_applied(&survey, name) {
            assert_eq!(there, There::All, "{what}: {name} is marked done");
            found.push(format!("{name} applied"));
        } else if is_failed(&survey, name) {
            found.push(format!("{name} unfinished, {there:?} there"));
            let way = match there {
                There::All => Resolve::Applied(name.to_owned()),
                There::Part | There::Nothing => Resolve::RolledBack(name.to_owned()),
            };
            if there == There::Part {
                ground.run(database, "drop table b").await;
            }
            migrations::resolve(&job, &way, &mut Silent).await.unwrap();
        } else {
            assert_eq!(there, There::Nothing, "{what}: {name} is pending");
            found.push(format!("{name} pending"));
        }
    }
    migrations::deploy(&job, &mut Silent).await.unwrap_or_else(|err| panic!("{what}: {err:?}"));
    let survey = migrations::survey(&job).await.unwrap();
    assert!(survey.is_up_to_date(), "{what}: {survey:?}");
    assert_eq!(there(ground, database).await, [("1_a", There::All), ("2_b", There::All)], "{what}");
    found.join(", ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_fails_at_any_message_leaves_a_true_status_and_a_way_out() {
    let ground = Ground::start().await;
    two_scripts(&ground);
    ground.cluster.create_database("whole").await.unwrap();
    let server = ground.cluster.direct_port();
    let (port, count) = proxy(server, usize::MAX, Fate::CutAfter).await;
    migrations::deploy(&job(&ground, port, "whole"), &mut Silent).await.unwrap();
    let messages = count.await.unwrap();
    assert!(20 < messages, "{messages} messages");

    let mut runs = 0;
    for at in 1..=messages {
        for (number, fate) in FATES.into_iter().enumerate() {
            if !proving() && number != at % FATES.len() {
                continue;
            }
            runs += 1;
            let database = format!("k{at}_{number}");
            ground.cluster.create_database(&database).await.unwrap();
            let (port, _) = proxy(server, at, fate).await;
            let job = job(&ground, port, &database);
            // A script may take for ever, so here it is the person who stops it.
            let ended =
                timeout(Duration::from_millis(1500), migrations::deploy(&job, &mut Silent)).await;
            let found =
                true_and_recoverable(&ground, &database, &format!("message {at}, {fate:?}")).await;
            let ended = match &ended {
                Ok(Ok(_)) => "done".to_owned(),
                Ok(Err(problem)) => problem.what.clone(),
                Err(_) => "stopped by the person".to_owned(),
            };
            let fate = format!("{fate:?}");
            println!("message {at:>2} of {messages}  {fate:<12} {found:<48} {ended}");
        }
    }
    println!("{runs} deaths, after each the status was true");
}

fn deploy(ground: &Ground, database: &str) -> std::process::Child {
    let mut command = ground.migrate(database, &["deploy"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Until a session of ours shows this in `pg_stat_activity`; gives its process id.
async fn session_that(ground: &Ground, condition: &str) -> i32 {
    let sql = format!(
        "select pid::text from pg_stat_activity where application_name = 'poolwright' and {condition}"
    );
    let began = Instant::now();
    loop {
        if let Some(pid) = ground.rows("defaultdb", &sql).await.first() {
            return pid.parse().unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(20), "no session that {condition}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_program_s_statement_is_undone_soon_and_shown_as_unfinished() {
    let ground = Ground::start().await;
    ground.script("1_a", "create table a(id int);\nselect pg_sleep(60);\n");
    ground.script("2_b", "create table b(id int);\ncreate index concurrently b_id on b(id);\n");
    let mut program = deploy(&ground, "defaultdb");
    session_that(&ground, "query like '%pg_sleep(60)%'").await;

    program.kill().unwrap();
    program.wait().unwrap();
    let began = Instant::now();
    settled(&ground, "defaultdb").await;
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "the server noticed after {:?}",
        began.elapsed()
    );

    two_scripts(&ground);
    let found = true_and_recoverable(&ground, "defaultdb", "killed").await;
    assert_eq!(found, "1_a unfinished, Nothing there, 2_b pending");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_killed_at_any_moment_leaves_a_true_status() {
    let ground = Ground::start().await;
    two_scripts(&ground);
    let kills = if proving() { 60 } else { 6 };
    for kill in 0..kills {
        let database = format!("kill{kill}");
        ground.cluster.create_database(&database).await.unwrap();
        let mut program = deploy(&ground, &database);
        let moment = Duration::from_millis(10 + 80 * kill / kills);
        tokio::time::sleep(moment).await;
        program.kill().unwrap();
        program.wait().unwrap();
        let found = true_and_recoverable(&ground, &database, &format!("kill {kill}")).await;
        println!("killed after {moment:>4.0?}: {found}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_leaves_an_unfinished_row_and_nothing_of_the_script() {
    let ground = Ground::start().await;
    ground.script("1_a", "create table a(id int);\nselect pg_sleep(60);\n");
    ground.script("2_b", "create table b(id int);\ncreate index concurrently b_id on b(id);\n");
    let program = deploy(&ground, "defaultdb");
    session_that(&ground, "query like '%pg_sleep(60)%'").await;

    // One process that dies makes the server end all sessions and recover from its log.
    let victim: i32 = {
        let mut other = ground.connect("defaultdb").await;
        let pid = sqlx::Row::get(
            &sqlx::Executor::fetch_one(&mut other, "select pg_backend_pid()").await.unwrap(),
            0,
        );
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        pid
    };
    let output = program.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{victim}");
    assert!(said(&output).contains("Read the status: it shows what was done"), "{}", said(&output));

    let began = Instant::now();
    while migrations::survey(&straight(&ground, "defaultdb")).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "the server does not come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    two_scripts(&ground);
    let found = true_and_recoverable(&ground, "defaultdb", "restarted").await;
    assert_eq!(found, "1_a unfinished, Nothing there, 2_b pending");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ended_while_it_waits_for_a_lock_is_not_done() {
    let ground = Ground::start().await;
    ground.run("defaultdb", "create schema s; create table s.busy(id int)").await;
    ground.script("1_a", "create table a(id int);\nlock table s.busy;\n");
    ground.script("2_b", "create table b(id int);\ncreate index concurrently b_id on b(id);\n");
    let mut other = ground.connect("defaultdb").await;
    sqlx::Executor::execute(&mut other, sqlx::raw_sql("begin; lock table s.busy")).await.unwrap();
    let program = deploy(&ground, "defaultdb");
    let pid = session_that(&ground, "wait_event_type = 'Lock'").await;

    ground.run("defaultdb", &format!("select pg_terminate_backend({pid})")).await;

    let output = program.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("Read the status: it shows what was done"), "{}", said(&output));
    let status = ground.json("defaultdb", &["status"]);
    assert_eq!(status["failed"][0]["name"], "1_a");
    assert_eq!(status["pending"], serde_json::json!(["2_b"]));
    let (exit, text) = {
        let output = ground.migrate("defaultdb", &["deploy"]).output().unwrap();
        (output.status.code(), said(&output))
    };
    assert_eq!(exit, Some(1));
    assert!(text.contains("the run ended without a word"), "{text}");
    drop(other);
    two_scripts(&ground);
    let found = true_and_recoverable(&ground, "defaultdb", "terminated").await;
    assert_eq!(found, "1_a unfinished, Nothing there, 2_b pending");
}
