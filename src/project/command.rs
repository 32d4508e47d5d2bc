//! Runs a program of the project with the direct URL in its environment: nothing of it on a command line, every line
//! of its output masked, the whole family of its processes stopped together.
//!
//! The environment is the person's own, since programs find their compilers, versions and caches through it, without
//! whatever else could name a database or open the account: libpq's variables, values that are a PostgreSQL URL,
//! DigitalOcean's tokens.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command as Process},
    sync::mpsc,
};

use crate::domain::{
    conn_url::ConnUrl,
    migration::{
        output::{Line, Mask, Stream},
        tool::{
            Ended,
            command::{Command, URL_WITHOUT_PASSWORD},
            variable::Variable,
        },
    },
    secret::Secret,
};

/// What is run, and what it gets.
#[derive(Debug)]
pub struct Run<'a> {
    pub folder: &'a Path,
    pub command: &'a Command,
    pub variables: &'a [Variable],
    pub settings: &'a [(&'a str, &'a str)],
    pub direct: &'a ConnUrl,
    /// The cluster's certificate authority, PEM: most programs trust only well-known ones by themselves.
    pub ca: Option<&'a str>,
}

/// News of a running program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It runs; its processes are one group of this number.
    Started(Group),
    Lines(Vec<Line>),
}

/// The processes of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group(pub i32);

#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("there is no program {0}")]
    Missing(String),
    #[error("the program {program} could not be started")]
    Start { program: String, source: io::Error },
    #[error("the certificate could not be put into a file for the program")]
    Certificate(#[source] io::Error),
    #[error("the program's end could not be seen")]
    Wait(#[source] io::Error),
}

/// After the polite signal, before the one that can't be refused.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Output that is still on its way when the program is gone.
const REST: Duration = Duration::from_secs(2);
/// A line is cut where it gets longer.
const LONGEST: usize = 16 * 1024;
/// Lines told at once.
const BATCH: usize = 200;
const EVERY: Duration = Duration::from_millis(50);

/// Runs it to its end. Dropped before that, it stops the program.
pub async fn run(run: Run<'_>, news: mpsc::Sender<News>) -> Result<Ended, CommandError> {
    let began = Instant::now();
    let certificate = certificate(run.ca).await?;
    let mask = Mask::of(&secrets(&run));
    let mut child = start(&run, certificate.as_ref().map(tempfile::NamedTempFile::path))?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Group);
    let family = Family(group);
    if let Some(group) = group {
        // Gone only with whoever would stop it.
        news.send(News::Started(group)).await.ok();
    }
    let (lines, heard) = mpsc::channel(BATCH);
    let out = child.stdout.take().map(|pipe| read(pipe, Stream::Out, mask.clone(), lines.clone()));
    let err = child.stderr.take().map(|pipe| read(pipe, Stream::Err, mask, lines));
    let told = tokio::spawn(tell(heard, news));
    let reading = async { tokio::join!(maybe(out), maybe(err)) };
    let waiting = async {
        let status = child.wait().await;
        // Whatever the program left running would keep the URL, and its pipes open.
        drop(family);
        status
    };
    tokio::pin!(reading);
    tokio::pin!(waiting);
    let status = tokio::select! {
        status = &mut waiting => {
            // What never ends is not waited for.
            tokio::time::timeout(REST, &mut reading).await.ok();
            status
        }
        _ = &mut reading => waiting.await,
    };
    let status = status.map_err(CommandError::Wait)?;
    // The lines are told before the end is.
    tokio::time::timeout(REST, told).await.ok();
    Ok(Ended { code: status.code(), took: began.elapsed() })
}

async fn maybe(work: Option<impl Future<Output = ()>>) {
    if let Some(work) = work {
        work.await;
    }
}

fn start(run: &Run<'_>, certificate: Option<&Path>) -> Result<Child, CommandError> {
    let program = &run.command.program;
    let mut process = Process::new(resolved(run.folder, program));
    process
        .args(run.command.arguments.iter().map(|argument| argument_of(argument, run.direct)))
        .current_dir(run.folder)
        .env_clear()
        .envs(inherited(std::env::vars_os()))
        .envs([("NO_COLOR", "1"), ("FORCE_COLOR", "0"), ("npm_config_yes", "false")])
        .envs(run.settings.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for variable in run.variables {
        // The program connects with it; its environment is read by this user and root alone.
        process.env(&variable.name, variable.form.value(run.direct).expose());
    }
    if let Some(path) = certificate {
        process.env("PGSSLROOTCERT", path).env("NODE_EXTRA_CA_CERTS", path);
    }
    #[cfg(unix)]
    process.process_group(0);
    process.spawn().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => CommandError::Missing(program.clone()),
        _ => CommandError::Start { program: program.clone(), source }, // the kinds are open
    })
}

/// A path with a slash counts from the folder, as in a shell; a bare name is looked for on `PATH`.
fn resolved(folder: &Path, program: &str) -> PathBuf {
    if program.contains(['/', '\\']) { folder.join(program) } else { PathBuf::from(program) }
}

/// Is the program there? As [`run`] would find it.
pub fn is_there(folder: &Path, program: &str) -> bool {
    let path = resolved(folder, program);
    if program.contains(['/', '\\']) {
        return path.is_file();
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| {
        ["", ".exe", ".cmd"].iter().any(|end| folder.join(format!("{program}{end}")).is_file())
    })
}

fn argument_of(argument: &str, direct: &ConnUrl) -> String {
    if argument != URL_WITHOUT_PASSWORD {
        return argument.to_owned();
    }
    let mode = direct.parameter("sslmode").unwrap_or("require").to_owned();
    let url = ConnUrl { parameters: Vec::new(), ..direct.without_password() };
    // No password is in it.
    url.with_parameter("sslmode", &mode).text().expose().to_owned()
}

/// What of our own environment a program gets.
fn inherited(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> impl Iterator<Item = (OsString, OsString)> {
    variables.filter(|(name, value)| !leads_elsewhere(name) && !is_database_url(value))
}

fn leads_elsewhere(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    Variable::by_name(&name).is_some()
        || name.strip_prefix("PG").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('_'))
        || name.starts_with("DIGITALOCEAN_")
        || name.starts_with("POOLWRIGHT_")
        || name == "PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK"
}

fn is_database_url(value: &OsStr) -> bool {
    let value = value.to_string_lossy();
    value.split_once("://").is_some_and(|(scheme, _)| {
        let scheme = scheme.strip_prefix("jdbc:").unwrap_or(scheme);
        let scheme = scheme.split('+').next().unwrap_or(scheme);
        matches!(
            scheme,
            "postgres" | "postgresql" | "ecto" | "pgsql" | "prisma+postgres" | "prisma"
        )
    })
}

fn secrets(run: &Run<'_>) -> Vec<Secret> {
    let values = run.variables.iter().filter(|variable| variable.form.is_secret());
    let values = values.map(|variable| variable.form.value(run.direct));
    run.direct.password.iter().cloned().chain(values).collect()
}

async fn certificate(ca: Option<&str>) -> Result<Option<tempfile::NamedTempFile>, CommandError> {
    let Some(ca) = ca.map(str::to_owned) else { return Ok(None) };
    let written = tokio::task::spawn_blocking(move || {
        use io::Write as _;
        let mut file = tempfile::Builder::new().prefix("cluster-ca-").suffix(".pem").tempfile()?;
        file.write_all(ca.as_bytes())?;
        file.flush()?;
        Ok(file)
    });
    match written.await {
        Ok(written) => written.map(Some).map_err(CommandError::Certificate),
        Err(broken) => Err(CommandError::Certificate(io::Error::other(broken))),
    }
}

/// Lines, at each end of a line and at each return to its beginning.
async fn read(
    mut pipe: impl AsyncRead + Unpin,
    stream: Stream,
    mask: Mask,
    lines: mpsc::Sender<Line>,
) {
    let mut line: Vec<u8> = Vec::new();
    let mut chunk = vec![0_u8; 8192];
    loop {
        // A pipe that breaks has said what it had to say.
        let count = pipe.read(&mut chunk).await.unwrap_or(0);
        let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        for byte in bytes {
            match byte {
                b'\n' | b'\r' => {
                    if !give(&mut line, *byte, stream, &mask, &lines).await {
                        return;
                    }
                }
                // The rest of a line this long is not kept: half a secret at its cut could not be known.
                _ if line.len() == LONGEST => {}
                byte => line.push(*byte),
            }
        }
    }
    give(&mut line, b'\r', stream, &mask, &lines).await;
}

/// Whether anybody still listens.
async fn give(
    line: &mut Vec<u8>,
    end: u8,
    stream: Stream,
    mask: &Mask,
    lines: &mpsc::Sender<Line>,
) -> bool {
    // A return to the beginning, or the second half of a double end, makes no empty line.
    if line.is_empty() && end == b'\r' {
        return true;
    }
    let text = if line.len() == LONGEST {
        let whole = mask.line(line);
        let shown: String = whole.chars().take(LONGEST / 8).collect();
        format!("{shown}…")
    } else {
        mask.line(line)
    };
    line.clear();
    lines.send(Line { stream, text }).await.is_ok()
}

/// Passes lines on in batches, so that a program that says much does not keep anybody busy.
async fn tell(mut lines: mpsc::Receiver<Line>, news: mpsc::Sender<News>) {
    let mut batch = Vec::new();
    while lines.recv_many(&mut batch, BATCH).await != 0 {
        if news.send(News::Lines(std::mem::take(&mut batch))).await.is_err() {
            return;
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Ends whatever is left of a group when nobody waits for it any more.
struct Family(Option<Group>);

impl Drop for Family {
    fn drop(&mut self) {
        let Some(group) = self.0.take() else { return };
        if !signal(group, Signal::Terminate) {
            return;
        }
        // Without a runtime the program ends with us, and the polite signal has to do.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(PATIENCE).await;
                signal(group, Signal::Kill);
            });
        }
    }
}

/// Asks a group to end, and ends it where it does not within `patience`. Whether it had to.
pub async fn stop(group: Group, patience: Duration) -> bool {
    let began = Instant::now();
    signal(group, Signal::Terminate);
    while began.elapsed() < patience {
        if !signal(group, Signal::Ask) {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    signal(group, Signal::Kill)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// Only looks whether somebody is there.
    Ask,
    Terminate,
    Kill,
}

/// Whether the group is there.
#[cfg(unix)]
fn signal(group: Group, signal: Signal) -> bool {
    use rustix::process::{Pid, Signal as Unix, kill_process_group, test_kill_process_group};
    let Some(pid) = Pid::from_raw(group.0) else { return false };
    match signal {
        Signal::Ask => test_kill_process_group(pid),
        Signal::Terminate => kill_process_group(pid, Unix::TERM),
        Signal::Kill => kill_process_group(pid, Unix::KILL),
    }
    .is_ok()
}

/// Where there are no groups, the program itself is ended when its run is dropped.
#[cfg(not(unix))]
fn signal(_: Group, _: Signal) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_the_person_s_own_without_other_databases_and_tokens() {
        let ours = [
            ("PATH", "/usr/bin"),
            ("HOME", "/home/ada"),
            ("LANG", "de_DE.UTF-8"),
            ("JAVA_HOME", "/opt/java"),
            ("HTTPS_PROXY", "http://proxy:3128"),
            ("PGHOST", "elsewhere"),
            ("PGSERVICE", "prod"),
            ("PGOPTIONS", "-c x=y"),
            ("DATABASE_URL", "anything"),
            ("DB_PASSWORD", "secret"),
            ("SHOP", "postgresql+psycopg://u:p@h/d"),
            ("LEGACY", "jdbc:postgresql://h/d"),
            ("DIGITALOCEAN_ACCESS_TOKEN", "dop_v1_x"),
            ("POOLWRIGHT_PEERS", "/x"),
            ("REDIS_URL", "redis://h"),
        ];
        let pairs = ours.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let left: Vec<String> =
            inherited(pairs).map(|(name, _)| name.to_string_lossy().into_owned()).collect();
        assert_eq!(left, ["PATH", "HOME", "LANG", "JAVA_HOME", "HTTPS_PROXY", "REDIS_URL"]);
    }

    #[test]
    fn a_command_line_never_gets_the_password() {
        let url =
            ConnUrl::parse("postgresql://u:AVNS_canary@h:25060/d?sslmode=require&x=AVNS_canary");
        let url = url.expect("a URL");
        assert_eq!(
            argument_of(URL_WITHOUT_PASSWORD, &url),
            "postgresql://u@h:25060/d?sslmode=require"
        );
        assert_eq!(argument_of("up", &url), "up");
    }
}
