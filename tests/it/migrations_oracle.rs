//! The built-in runner against the real Prisma: the same folder on two databases, step by step; then ledgers, schemas and each
//! one's status on the other's database are compared.
#![expect(clippy::disallowed_methods, reason = "other programs write files plainly")]

mod cases;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use futures_util::{StreamExt as _, stream};
use poolwright::practice::cluster::{OWNER, PUBLIC_HOST};
use tokio::process::Command;

use crate::{
    migrations::{Ground, ledger_sql},
    proof::proving,
};

pub struct Case {
    pub name: &'static str,
    /// Also without `POOLWRIGHT_PROVE`.
    pub quick: bool,
    /// Further parameters of the URL.
    pub url: &'static str,
    pub steps: Vec<Step>,
    pub expect: Expect,
}

pub enum Step {
    /// A migration's script.
    Script(&'static str, Vec<u8>),
    /// Any other file of the folder.
    File(&'static str, &'static str),
    Directory(&'static str),
    /// A link to a directory with a script.
    Link(&'static str),
    Remove(&'static str),
    /// On both databases.
    Sql(&'static str),
    Deploy,
    Status,
    Applied(&'static str),
    RolledBack(&'static str),
}

pub enum Expect {
    /// Exit codes, ledger, schema and status are alike.
    Same,
    /// All but the status: Prisma before 7.9 calls what was rolled back up to date.
    NewerStatus,
    /// All but the text in `logs`, which Prisma loses.
    LogsKept,
    /// What Prisma loses, ours tells or does; both outcomes as they are.
    Better { ours: &'static str, prisma: &'static str },
}

/// Where the real Prisma lies, and a Node for it.
struct Peer {
    prisma: PathBuf,
    path: std::ffi::OsString,
}

impl Peer {
    fn find() -> Self {
        let peers = crate::peers::folder();
        let prisma = peers.join("prisma");
        assert!(
            prisma.join(".made").is_file(),
            "the real Prisma is missing in {}: run packaging/install-deps peers",
            prisma.display()
        );
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(peers.join("bin")).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(folders).unwrap();
        Self { prisma, path }
    }

    fn command(&self, url: &str, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new("bash");
        command
            .arg("oracle.sh")
            .args(arguments)
            .current_dir(&self.prisma)
            .env("PATH", &self.path)
            .env("DATABASE_URL", url)
            .env("ORACLE_MIGRATIONS", folder.join("prisma/migrations"))
            .stdin(Stdio::null());
        command
    }
}

fn ours(url: &str, folder: &Path, arguments: &[&str]) -> Command {
    Command::from(crate::migrations::migrate(folder, url, arguments))
}

async fn exit(mut command: Command) -> (i32, String) {
    let output = command.output().await.unwrap();
    (output.status.code().unwrap(), crate::migrations::said(&output))
}

/// What one side made of a case.
#[derive(Debug, Default, PartialEq)]
struct Made {
    exits: Vec<i32>,
    ledger: Vec<String>,
    schema: String,
}

impl Made {
    /// `0 1 · 1_init finished · 2_more logs`
    fn outcome(&self) -> String {
        let exits: Vec<String> = self.exits.iter().map(ToString::to_string).collect();
        let rows = self.ledger.iter().map(|row| {
            let cells: Vec<&str> = row.split('|').collect();
            let states = cells[3..].iter().filter(|state| **state != "-").copied();
            format!("{} {}", cells[0], states.collect::<Vec<_>>().join(" "))
        });
        std::iter::once(exits.join(" "))
            .chain(rows.map(|row| row.trim_end().to_owned()))
            .collect::<Vec<_>>()
            .join(" · ")
    }
}

fn carry_out(folder: &Path, step: &Step) -> Option<Vec<&'static str>> {
    let migrations = folder.join("prisma/migrations");
    match step {
        Step::Script(name, sql) => {
            fs::create_dir_all(migrations.join(name)).unwrap();
            fs::write(migrations.join(name).join("migration.sql"), sql).unwrap();
        }
        Step::File(name, text) => fs::write(migrations.join(name), text).unwrap(),
        Step::Directory(name) => fs::create_dir_all(migrations.join(name)).unwrap(),
        Step::Link(name) => {
            let target = folder.join("elsewhere");
            fs::create_dir_all(&target).unwrap();
            fs::write(target.join("migration.sql"), "create table linked(id int);").unwrap();
            std::os::unix::fs::symlink(&target, migrations.join(name)).unwrap();
        }
        Step::Remove(name) => {
            let path = migrations.join(name);
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        }
        Step::Sql(_) => {}
        Step::Deploy => return Some(vec!["deploy"]),
        Step::Status => return Some(vec!["status"]),
        Step::Applied(name) => return Some(vec!["resolve", "--applied", name]),
        Step::RolledBack(name) => return Some(vec!["resolve", "--rolled-back", name]),
    }
    None
}

async fn play(ground: &Ground, peer: &Peer, number: usize, case: &Case) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let migrations = folder.path().join("prisma/migrations");
    fs::create_dir_all(&migrations).unwrap();
    fs::write(migrations.join("migration_lock.toml"), "provider = \"postgresql\"\n").unwrap();
    let databases = [format!("ours_{number}"), format!("prisma_{number}")];
    for database in &databases {
        ground.cluster.create_database(database).await.unwrap();
    }
    let [our_url, their_url] = databases.each_ref().map(|database| ground.url(database, case.url));
    let (mut our, mut their) = (Made::default(), Made::default());
    let mut texts = Vec::new();
    for step in &case.steps {
        if let Step::Sql(sql) = step {
            for database in &databases {
                ground.run(database, sql).await;
            }
        }
        let Some(arguments) = carry_out(folder.path(), step) else { continue };
        let ((our_exit, our_text), (their_exit, their_text)) = tokio::join!(
            exit(ours(&our_url, folder.path(), &arguments)),
            exit(peer.command(&their_url, folder.path(), &arguments))
        );
        our.exits.push(our_exit);
        their.exits.push(their_exit);
        texts.push(format!("── {arguments:?}\n── ours\n{our_text}\n── Prisma\n{their_text}"));
    }
    for (made, database) in [(&mut our, &databases[0]), (&mut their, &databases[1])] {
        made.ledger = ledger(ground, database).await;
        made.schema = schema(ground, database).await;
    }
    let (by_prisma, by_ours, by_ours_on_theirs) = tokio::join!(
        exit(peer.command(&our_url, folder.path(), &["status"])),
        exit(ours(&our_url, folder.path(), &["status"])),
        exit(ours(&their_url, folder.path(), &["status"]))
    );
    let statuses = [by_prisma.0, by_ours.0, by_ours_on_theirs.0];
    texts.push(format!("── status by Prisma on ours\n{}\n── by ours\n{}", by_prisma.1, by_ours.1));
    let texts = texts.join("\n");
    judge(case, &mut our, &mut their, statuses).map_err(|why| format!("{why}\n{texts}"))
}

/// Compares, and says in a few words what came of it.
fn judge(
    case: &Case,
    our: &mut Made,
    their: &mut Made,
    statuses: [i32; 3],
) -> Result<String, String> {
    let [by_prisma, by_ours, by_ours_on_theirs] = statuses;
    let told = format!(
        "exits {:?} {:?}, status {statuses:?}\nours:   {:#?}\nPrisma: {:#?}",
        our.exits, their.exits, our.ledger, their.ledger
    );
    let agree = |is: bool, what: &str| if is { Ok(()) } else { Err(format!("{what}\n{told}")) };
    match &case.expect {
        Expect::Better { ours, prisma } => {
            agree(our.outcome() == *ours, &format!("ours is not “{ours}”: “{}”", our.outcome()))?;
            agree(
                their.outcome() == *prisma,
                &format!("Prisma’s is not “{prisma}”: “{}”", their.outcome()),
            )?;
            agree(by_prisma == by_ours, "the statuses of ours differ")?;
            return Ok(format!("better: {} instead of {}", our.outcome(), their.outcome()));
        }
        Expect::LogsKept => {
            let without_logs = |row: &String| row.rsplit_once('|').unwrap().0.to_owned();
            our.ledger = our.ledger.iter().map(without_logs).collect();
            their.ledger = their.ledger.iter().map(without_logs).collect();
        }
        Expect::Same | Expect::NewerStatus => {}
    }
    agree(our.exits == their.exits, "exit codes differ")?;
    agree(our.ledger == their.ledger, "the ledgers differ")?;
    if our.schema != their.schema {
        let diff = similar::TextDiff::from_lines(&their.schema, &our.schema);
        return Err(format!("the schemas differ\n{}", diff.unified_diff()));
    }
    agree(by_ours == by_ours_on_theirs, "our status differs between the two databases")?;
    if matches!(case.expect, Expect::NewerStatus) {
        agree(
            (by_prisma, by_ours) == (0, 1),
            "the statuses are not those of before and after 7.9",
        )?;
        return Ok(format!("equal: {}; status by the rule of 7.9", our.outcome()));
    }
    agree(by_prisma == by_ours, "the statuses differ")?;
    Ok(format!("equal: {}; status {by_ours}", our.outcome()))
}

/// Where the ledger lies, and its rows.
async fn ledger(ground: &Ground, database: &str) -> Vec<String> {
    let place = "select format('%I.%I', nspname, relname) from pg_class join pg_namespace n on n.oid = relnamespace \
                 where relname = '_prisma_migrations' and relkind = 'r'";
    let mut rows = Vec::new();
    for table in ground.rows(database, place).await {
        // The row's place comes behind its name, which may hold anything else.
        let table_rows = ground.rows(database, &ledger_sql(&table)).await;
        rows.extend(table_rows.into_iter().map(|row| format!("{row}|{table}")));
    }
    rows.iter().map(|row| moved(row)).collect()
}

/// `name|…|logs|table` with the table behind the name, so that `logs` is last.
fn moved(row: &str) -> String {
    let (rest, table) = row.rsplit_once('|').unwrap();
    let (name, states) = rest.split_once('|').unwrap();
    if table == "public._prisma_migrations" {
        rest.to_owned()
    } else {
        format!("{name} in {table}|{states}")
    }
}

async fn schema(ground: &Ground, database: &str) -> String {
    let pg_dump = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin/pg_dump"))
        .filter(|file| file.is_file())
        .max()
        .unwrap_or_else(|| PathBuf::from("pg_dump"));
    let output = Command::new(pg_dump)
        .args(["--schema-only", "-h", PUBLIC_HOST, "-U", OWNER, "-d", database])
        .args(["-p", &ground.cluster.direct_port().to_string()])
        .env("PGSSLMODE", "require")
        .env("PGPASSWORD", ground.cluster.password(OWNER).unwrap().expose())
        .output()
        .await
        .expect("pg_dump, of the PostgreSQL that practice uses");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let dump = String::from_utf8_lossy(&output.stdout).into_owned();
    // Newer versions fence the dump with a random word.
    dump.lines()
        .filter(|line| !line.contains("restrict "))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ledger_schema_and_status_are_those_of_the_real_prisma() {
    let peer = Peer::find();
    let ground = Ground::start().await;
    let only = std::env::var("POOLWRIGHT_CASE").ok();
    let chosen: Vec<(usize, Case)> = cases::all()
        .into_iter()
        .enumerate()
        .filter(|(_, case)| match &only {
            Some(only) => case.name.contains(only.as_str()),
            None => case.quick || proving(),
        })
        .collect();
    let (ground, peer) = (&ground, &peer);

    let played = stream::iter(chosen)
        .map(|(number, case)| async move {
            let result = play(ground, peer, number, &case).await;
            let told = result.as_ref().map_or("NOT AS PRISMA", |told| told.as_str());
            println!("{:<60} {told}", case.name);
            (case.name, result)
        })
        .buffered(2)
        .collect::<Vec<_>>()
        .await;

    let mut failed = Vec::new();
    for (name, result) in &played {
        if let Err(why) = result {
            failed.push(format!("{name}: {why}"));
        }
    }
    println!("{} folders, {} as expected", played.len(), played.len() - failed.len());
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
