//! Asks git what it tracks and ignores. It reads; none of the repository's own programs are run.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    path::Path,
    process::Stdio,
    time::Duration,
};

use ignore::gitignore::GitignoreBuilder;
use tokio::process::Command;

/// A repository on a slow disk still answers.
const LIMIT: Duration = Duration::from_secs(20);

/// The files below `folder` that git tracks, relative to it; `None` without git or a repository.
pub async fn tracked_below(folder: &Path) -> Option<BTreeSet<OsString>> {
    let answer = ask(folder, &["ls-files", "-z"], None).await?;
    if answer.code != 0 {
        return None;
    }
    let paths = answer.output.split(|byte| *byte == 0).filter(|path| !path.is_empty());
    Some(paths.map(path).collect())
}

/// Is this file in git's index, so that its text would be committed?
pub async fn tracks(file: &Path) -> bool {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return false };
    let asked =
        ask(folder, &["--literal-pathspecs", "ls-files", "--error-unmatch"], Some(name)).await;
    asked.is_some_and(|answer| answer.code == 0)
}

/// The day on which a line, from 1, of a tracked file came into the history as it is; `None` where git can't say, or
/// where it is not committed yet.
pub async fn since(root: &Path, file: &Path, line: usize) -> Option<String> {
    let folder = root.join(file.parent()?);
    let range = format!("{line},{line}");
    let arguments = ["blame", "--porcelain", "--no-textconv", "-L", range.as_str()];
    let answer = ask(&folder, &arguments, Some(file.file_name()?)).await?;
    let text = String::from_utf8(answer.output).ok().filter(|_| answer.code == 0)?;
    let is_committed = !text.starts_with("0000000000");
    let seconds = text.lines().find_map(|line| line.strip_prefix("committer-time "))?;
    let at = jiff::Timestamp::from_second(seconds.parse().ok().filter(|_| is_committed)?).ok()?;
    Some(at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%-d %B %Y").to_string())
}

/// Is this file covered by a `.gitignore`, tracked or not? Read by ourselves where there is no git or no repository.
pub async fn ignores(root: &Path, file: &Path) -> bool {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return false };
    match ask(folder, &["check-ignore", "--no-index", "--quiet"], Some(name)).await {
        Some(Answer { code: 0, .. }) => true,
        Some(Answer { code: 1, .. }) => false,
        Some(_) | None => ignored_by_files(root, file),
    }
}

/// The rules of every `.gitignore` from the root down to the file; the last one that says something decides.
fn ignored_by_files(root: &Path, file: &Path) -> bool {
    let folders: Vec<&Path> =
        file.ancestors().skip(1).take_while(|at| at.starts_with(root)).collect();
    let mut is_ignored = false;
    for folder in folders.into_iter().rev() {
        let mut builder = GitignoreBuilder::new(folder);
        // A file that is missing or has a broken line says what it can.
        if let Some(err) = builder.add(folder.join(".gitignore")) {
            tracing::debug!(%err, "rules left out");
        }
        let Ok(rules) = builder.build() else { continue };
        let said = rules.matched_path_or_any_parents(file, false);
        is_ignored = said.is_ignore() || is_ignored && !said.is_whitelist();
    }
    is_ignored
}

struct Answer {
    code: i32,
    output: Vec<u8>,
}

/// `None` where git is missing or does not answer.
async fn ask(folder: &Path, arguments: &[&str], name: Option<&OsStr>) -> Option<Answer> {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(folder)
        // A folder is read for the person who opened it, whoever owns it; what it could start is switched off.
        .args(["-c", "safe.directory=*", "-c", "core.fsmonitor=false"])
        .args(arguments);
    if let Some(name) = name {
        // In this form no name is an option or a pattern for git.
        command.arg("--").arg(Path::new(".").join(name));
    }
    // Nothing of our own environment, where a token may be.
    command.env_clear();
    for kept in ["PATH", "HOME", "XDG_CONFIG_HOME", "SystemRoot", "USERPROFILE"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await.ok()?.ok()?;
    Some(Answer { code: output.status.code()?, output: output.stdout })
}

#[cfg(unix)]
fn path(bytes: &[u8]) -> OsString {
    <OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes).to_owned()
}

#[cfg(not(unix))]
fn path(bytes: &[u8]) -> OsString {
    // With the separators of this system, as the walk names them.
    String::from_utf8_lossy(bytes).replace('/', std::path::MAIN_SEPARATOR_STR).into()
}
