//! Step 7: reads the project folder and writes the ticked edits.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio_util::sync::CancellationToken;

use crate::{
    domain::{
        figures,
        problem::{Fix, Problem},
        project::{Kind, Project, Rewrite, Target},
        secret::Secret,
    },
    effects::{Notes, World, files},
    project::{
        self,
        files::sweep,
        git,
        scan::{self, Progress, ScanError},
    },
    setup::steps::project::{Effect, Msg},
};

pub(super) async fn run(effect: Effect, world: &World, notes: &Notes) -> Result<Msg, Problem> {
    match effect {
        Effect::Scan { folder, target } => {
            scan(folder, target, notes).await.map(|project| Msg::Scanned(Box::new(project)))
        }
        Effect::Write { root, rewrites } => {
            let writes = rewrites.into_iter().map(write).collect();
            files::write(&root, writes, world).await.map(Msg::Written)
        }
        Effect::Open { file } => open(&file).await.map(|()| Msg::Opened),
        Effect::Look { files } => look(files).await.map(Msg::Looked),
    }
}

/// A file that can't be read is told as one that is gone: nobody can say that it is as it was.
async fn look(files: Vec<PathBuf>) -> Result<Vec<(PathBuf, Option<String>)>, Problem> {
    files::blocking(move || {
        let looked = files.into_iter().map(|file| {
            let hash = project::files::hash_of(&file).unwrap_or_else(|err| {
                tracing::info!(%err, "a file of ours was not read");
                None
            });
            (file, hash)
        });
        Ok(looked.collect())
    })
    .await
}

async fn scan(folder: PathBuf, target: Target, notes: &Notes) -> Result<Project, Problem> {
    let root =
        files::blocking(move || scan::root(&at_home(&folder)).map_err(|err| problem(&err))).await?;
    let tracked = git::tracked_below(&root).await;
    let stop = CancellationToken::new();
    // Dropped with this effect when the person stops it; the walk then ends at its next file.
    let _stop_with_us = stop.clone().drop_guard();
    let (within, notes) = (root.clone(), notes.clone());
    let mut project = files::blocking(move || {
        let progress = Progress {
            stopped: &|| stop.is_cancelled(),
            seen: &|count| notes.try_note(Msg::Seen(count)),
        };
        let project = scan::scan(&within, &target, tracked.as_ref(), progress)
            .map_err(|err| problem(&err))?;
        let edited = project.edits.iter().map(|edit| &edit.file);
        sweep(&project.root, project.env_files.iter().chain(edited));
        Ok(project)
    })
    .await?;
    let secrets = project.findings.iter_mut().filter(|finding| finding.kind == Kind::Secret);
    for finding in secrets.take(AGES) {
        if let Some(since) = git::since(&root, &finding.file, finding.line).await {
            scan::with_age(finding, &since);
        }
    }
    Ok(project)
}

/// How many passwords git is asked about; more are not told apart by their age.
const AGES: usize = 20;

/// `~/shop`, as people write it.
fn at_home(folder: &Path) -> PathBuf {
    match (folder.strip_prefix("~"), directories::BaseDirs::new()) {
        (Ok(below), Some(folders)) => folders.home_dir().join(below),
        (Ok(_) | Err(_), _) => folder.to_owned(),
    }
}

fn write(rewrite: Rewrite) -> files::Write {
    let what = lines(rewrite.before.as_deref().unwrap_or_default(), &rewrite.after);
    files::Write {
        file: rewrite.file,
        before: rewrite.before.map(Secret::new),
        after: Secret::new(rewrite.after),
        what,
    }
}

/// In the program that the desktop has for such files. It goes on by itself.
pub(super) async fn open(file: &Path) -> Result<(), Problem> {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let failed = |why: String| {
        Problem::new(
            "editor",
            format!("{} was not opened.", file.display()),
            format!("The desktop's own way to open files, {program}, {why}."),
        )
        .hint("Open the file in your editor")
    };
    let mut command = tokio::process::Command::new(program);
    command.arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status =
        command.status().await.map_err(|err| failed(format!("could not be started: {err}")))?;
    if status.success() { Ok(()) } else { Err(failed(format!("ended with {status}"))) }
}

/// `+1 line`, `+2 −1 lines`.
fn lines(before: &str, after: &str) -> String {
    use similar::{ChangeTag, TextDiff};
    let diff = TextDiff::from_lines(before, after);
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    figures::lines(count(ChangeTag::Insert), count(ChangeTag::Delete))
}

pub(super) fn problem(err: &ScanError) -> Problem {
    let again = |problem: Problem| problem.fix("Try again", Fix::TryAgain);
    match err {
        ScanError::Missing(folder) => Problem::new(
            "no such folder",
            format!("The folder {} was not found.", folder.display()),
            "Nothing of this name exists.",
        )
        .hint("Choose the project's folder"),
        ScanError::NotAFolder(path) => {
            Problem::new("not a folder", format!("{} is a file, not a folder.", path.display()), "")
                .hint("Choose the folder it lies in")
        }
        ScanError::Everything(path) => Problem::new(
            "not a project",
            format!("{} holds the whole computer, not a project.", path.display()),
            "",
        )
        .hint("Choose the project's folder"),
        ScanError::Name(path) => Problem::new(
            "folder name",
            format!("The name of {} can't be shown faithfully.", path.display()),
            "It is not UTF-8.",
        )
        .hint("Rename the folder, or use a link with another name"),
        ScanError::Read { folder, source } => again(Problem::new(
            "folder",
            format!("The folder {} could not be read.", folder.display()),
            format!("{source}."),
        )),
        ScanError::Stopped => again(Problem::new(
            "stopped",
            "Reading the project was stopped.",
            "Nothing was changed.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_in_lines() {
        assert_eq!(lines("a\nb\n", "a\nx\nb\n"), "+1 line");
        assert_eq!(lines("a\n", "a\nx\ny\n"), "+2 lines");
        assert_eq!(lines("a\nb\n", "a\nc\n"), "+1 −1 lines");
    }
}
