//! A data directory that is ready to be copied: making one takes a second, copying one a tenth.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::domain::secret::Secret;

use super::{
    cluster::{APP_DATABASE, APP_ROLE, OWNER, SUPERUSER},
    folder::{make, put},
    identity::Identity,
    programs::Programs,
    start_error::StartError,
};

/// Part of the template's name: raise it with every change of what is in a template.
const NUMBER: u32 = 3;

/// The passwords that a template was made with.
#[derive(Clone, Debug)]
pub(super) struct Passwords {
    pub(super) superuser: Secret,
    pub(super) owner: Secret,
    pub(super) app: Secret,
}

#[derive(Debug)]
pub(super) struct Template {
    folder: PathBuf,
    pub(super) passwords: Passwords,
    /// PostgreSQL's version: `15.18`.
    pub(super) version: String,
}

impl Template {
    /// The template for this PostgreSQL; made if it is not there yet.
    pub(super) fn ready(
        base: &Path,
        programs: &Programs,
        identity: Identity,
    ) -> Result<Self, StartError> {
        let version = version(&programs.postgres)?;
        let folder = base.join(format!("template-{version}-{NUMBER}-{}", identity.user_id()));
        if !folder.exists() {
            let failed = |source| StartError::Folder { path: folder.clone(), source };
            // One maker at a time; the others find it made.
            let lock = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(base.join("template.lock"))
                .map_err(failed)?;
            lock.lock().map_err(failed)?;
            if !folder.exists() {
                build(&folder, base, programs, identity)?;
            }
        }
        let passwords = fs::read_to_string(folder.join("passwords"))
            .ok()
            .and_then(|text| Passwords::parse(&text))
            .ok_or_else(|| StartError::Folder {
                path: folder.join("passwords"),
                source: io::ErrorKind::InvalidData.into(),
            })?;
        Ok(Self { folder, passwords, version })
    }

    /// Copies the data directory to `to`, as the account that the server runs as.
    pub(super) fn copy(&self, to: &Path, identity: Identity) -> Result<(), StartError> {
        let cp = Path::new("cp");
        let mut command = identity.command(cp, Path::new("/"));
        command.arg("-a").arg(self.folder.join("data")).arg(to);
        run(command, "cp", None)
    }
}

impl Passwords {
    fn fresh() -> Self {
        let password = || {
            let random = uuid::Uuid::new_v4().simple().to_string();
            Secret::new(format!("AVNS_{}", random.get(..19).unwrap_or(&random)))
        };
        Self { superuser: password(), owner: password(), app: password() }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(Secret::new);
        Some(Self { superuser: lines.next()?, owner: lines.next()?, app: lines.next()? })
    }

    /// For the template's own file, which only its owner can read.
    fn text(&self) -> String {
        let Self { superuser, owner, app } = self;
        format!("{}\n{}\n{}\n", superuser.expose(), owner.expose(), app.expose())
    }
}

fn build(
    folder: &Path,
    base: &Path,
    programs: &Programs,
    identity: Identity,
) -> Result<(), StartError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| StartError::Folder { path, source }
    };
    let making = base.join("template-making");
    // What a maker that died left; nobody else makes one, we hold the lock.
    fs::remove_dir_all(&making)
        .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
        .map_err(failed(&making))?;
    make(&making, 0o700).map_err(failed(&making))?;
    identity.give(&making).map_err(failed(&making))?;

    let data = making.join("data");
    let mut initdb = identity.command(&programs.initdb, &making);
    initdb
        .args(["--username", SUPERUSER, "--encoding", "UTF8", "--locale", locale()])
        // Never in force: the server gets a file of ours.
        .args(["--auth", "reject"])
        // Small segments keep the copy small.
        .args(["--wal-segsize", "1", "--no-sync", "--no-instructions", "--pgdata"])
        .arg(&data);
    let passwords = Passwords::fresh();
    run(initdb, "initdb", None)?;
    single_user(programs, identity, &data, "postgres", &roles(&passwords))?;
    single_user(programs, identity, &data, APP_DATABASE, &app_schema())?;
    let file = making.join("passwords");
    put(&file, &passwords.text()).map_err(failed(&file))?;
    fs::rename(&making, folder).map_err(failed(folder))
}

/// Debian always has C.UTF-8; macOS calls it differently, and C does as well.
fn locale() -> &'static str {
    if cfg!(target_os = "linux") { "C.UTF-8" } else { "C" }
}

/// Statements run by the server itself, before it ever listens; one a line. They come by the standard input, as a
/// command line can be read by everybody.
fn single_user(
    programs: &Programs,
    identity: Identity,
    data: &Path,
    database: &str,
    statements: &[String],
) -> Result<(), StartError> {
    let mut server = identity.command(&programs.postgres, data);
    // Without -F its fsyncs cost two seconds; exit_on_error gives a failure away.
    server
        .args([
            "--single",
            "-F",
            "-c",
            "exit_on_error=on",
            "-c",
            "password_encryption=scram-sha-256",
        ])
        .arg("-D")
        .arg(data)
        .arg(database);
    run(server, "postgres --single", Some(&statements.join("\n")))
}

fn roles(passwords: &Passwords) -> Vec<String> {
    let Passwords { superuser, owner, app } = passwords;
    vec![
        format!("ALTER ROLE {SUPERUSER} PASSWORD '{}'", superuser.expose()),
        format!(
            "CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE REPLICATION PASSWORD '{}'",
            owner.expose()
        ),
        format!("GRANT pg_monitor TO {OWNER}"),
        format!("CREATE ROLE {APP_ROLE} LOGIN PASSWORD '{}'", app.expose()),
        format!("CREATE DATABASE defaultdb OWNER {OWNER}"),
        format!("CREATE DATABASE {APP_DATABASE} OWNER {OWNER}"),
    ]
}

/// The app's rights on tables to come, and two small tables of its own. Those stand outside `public`: Prisma takes
/// a `public` with tables for a database that somebody else set up.
fn app_schema() -> Vec<String> {
    let defaults = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public");
    vec![
        format!("GRANT USAGE ON SCHEMA public TO {APP_ROLE}"),
        format!("{defaults} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP_ROLE}"),
        format!("{defaults} GRANT USAGE, SELECT ON SEQUENCES TO {APP_ROLE}"),
        format!("CREATE SCHEMA app_load AUTHORIZATION {APP_ROLE}"),
        "CREATE TABLE app_load.page (id integer PRIMARY KEY, views bigint NOT NULL)".to_owned(),
        "INSERT INTO app_load.page SELECT id, 0 FROM generate_series(0, 99) AS id".to_owned(),
        format!("ALTER TABLE app_load.page OWNER TO {APP_ROLE}"),
        "CREATE TABLE app_load.visit (id integer PRIMARY KEY, page integer NOT NULL, at timestamptz NOT NULL)"
            .to_owned(),
        format!("ALTER TABLE app_load.visit OWNER TO {APP_ROLE}"),
    ]
}

/// `15.18` of `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn version(postgres: &Path) -> Result<String, StartError> {
    let failed = |source| StartError::Run { program: postgres.to_owned(), source };
    let Output { stdout, .. } =
        Command::new(postgres).arg("--version").stdin(Stdio::null()).output().map_err(failed)?;
    let text = String::from_utf8_lossy(&stdout).into_owned();
    let version = text.split_whitespace().nth(2).unwrap_or("unknown");
    Ok(version.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect())
}

/// Runs a program to its end; its last words go into the error.
fn run(mut command: Command, program: &'static str, input: Option<&str>) -> Result<(), StartError> {
    let failed = |source| StartError::Run { program: program.into(), source };
    let input_pipe = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child = command
        .stdin(input_pipe)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let (Some(mut pipe), Some(text)) = (child.stdin.take(), input) {
        // A program that ends early closes its input; its exit code tells the story.
        pipe.write_all(text.as_bytes()).and_then(|()| pipe.write_all(b"\n")).ok();
    }
    let output = child.wait_with_output().map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(StartError::Ended { program, log: super::servers::last_words(&words) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_survive_their_file_and_differ() {
        let fresh = Passwords::fresh();
        let read = Passwords::parse(&fresh.text()).unwrap();
        assert_eq!(read.owner, fresh.owner);
        assert_eq!(read.app, fresh.app);
        assert_ne!(read.owner, read.app);
        assert_eq!(fresh.owner.expose().len(), 24);
    }
}
