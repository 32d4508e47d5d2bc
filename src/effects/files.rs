//! Writes and restores the project's files: atomically, with a backup outside the project, read back.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    disk::DiskError,
    domain::{
        env_file::WrittenKey,
        problem::{Fix, Problem},
        secret::Secret,
        words::capital,
    },
    effects::World,
    project::files::{self, Change, FileError},
    setup::{facts::WrittenFile, steps::hand_over::Stand},
};

/// One file to write. Its text may hold a password.
pub(super) struct Write {
    /// Relative to the root, or absolute.
    pub file: PathBuf,
    /// What the plan was made from; another text there now means somebody changed it. `None`: no file yet.
    pub before: Option<Secret>,
    pub after: Secret,
    /// `+1 line` or `2 variables`.
    pub what: String,
}

/// Writes all or, where one is refused, puts back those before it.
pub(super) async fn write(
    root: &Path,
    writes: Vec<Write>,
    world: &World,
) -> Result<Vec<WrittenFile>, Problem> {
    let (root, backups) = (root.to_owned(), world.data.join("backups"));
    blocking(move || {
        let (changes, whats): (Vec<Change>, Vec<String>) = writes
            .into_iter()
            .map(|Write { file, before, after, what }| (Change { file, before, after }, what))
            .unzip();
        let written = files::write(&root, &backups, &changes)
            .map_err(|err| problem(&err, "Nothing was changed."))?;
        let with_what = written.into_iter().zip(whats);
        Ok(with_what
            .map(|(file, what)| WrittenFile {
                file: file.file,
                hash: file.hash,
                backup: file.backup,
                what,
            })
            .collect())
    })
    .await
}

/// Puts the backup back (or removes the file where there was none) while the file is still `ours`, a hash. Of an env file
/// that changed since, only our `keys` go back to what they were.
pub(super) async fn restore(
    file: PathBuf,
    backup: Option<PathBuf>,
    ours: String,
    keys: Vec<WrittenKey>,
) -> Result<(), Problem> {
    blocking(move || {
        let ended = match files::restore(&file, backup.as_deref(), &ours) {
            Err(FileError::NotOurs(_)) if !keys.is_empty() => {
                files::restore_keys(&file, backup.as_deref(), &keys)
            }
            ended => ended,
        };
        ended.map_err(|err| problem(&err, "The file was left as it is."))
    })
    .await
}

/// How a file of ours stands by now; `None` where it can't be read.
pub(super) async fn stand(
    file: PathBuf,
    backup: Option<PathBuf>,
    ours: String,
    keys: Vec<WrittenKey>,
) -> Option<Stand> {
    let by_hand = |why: &str| Stand::Changed(why.to_owned());
    let looked = blocking(move || {
        let there = files::hash_of(&file).map_err(|err| problem(&err, ""))?;
        let no_backup = backup.as_ref().is_some_and(|backup| !backup.is_file());
        Ok(match there {
            None if backup.is_none() => Stand::Gone("the file is gone already".to_owned()),
            None => by_hand("the file is gone; its backup is still there"),
            Some(_) if no_backup => by_hand("its backup is gone"),
            Some(hash) if hash == ours => Stand::Ours,
            Some(_) if keys.is_empty() => by_hand("the file was changed since"),
            Some(_) => match files::with_keys_back(&file, backup.as_deref(), &keys) {
                Ok(_) => Stand::KeysOnly,
                Err(_) => by_hand("the file and our variables in it were changed since"),
            },
        })
    });
    looked.await.ok()
}

/// Runs work with files beside the async tasks.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(ended) => ended,
        Err(err) => Err(Problem::new(
            "internal",
            "Poolwright made a mistake with a file and stopped this action.",
            "This is a defect of the program.",
        )
        .detail(err.to_string())
        .outcome_unknown()),
    }
}

/// What a refused file comes to. `kept` says what did not happen.
pub(super) fn problem(err: &FileError, kept: &str) -> Problem {
    match err {
        FileError::Changed { file, at } => Problem::new(
            "File changed",
            format!("{} changed since the preview.", file.display()),
            match at.and_then(clock) {
                Some(time) => format!("Saved by another program at {time}. {kept}"),
                None => format!("Another program saved or removed it. {kept}"),
            },
        )
        .hint("Read the files again and look at the new preview"),
        FileError::NotOurs(file) => Problem::new(
            "File changed",
            format!("{} is no longer as it was written here.", file.display()),
            format!("The old text would undo that later change as well. {kept}"),
        )
        .hint("Take the lines back by hand"),
        FileError::NotOurKey { file, source } => Problem::new(
            "File changed",
            format!("{} is no longer as it was written here.", file.display()),
            format!("{}. {kept}", capital(&source.to_string())),
        )
        .hint("Take the lines back by hand"),
        FileError::NotText { file, source } => Problem::new(
            "File changed",
            format!("{} is no longer as it was written here.", file.display()),
            format!("It is not UTF-8 text now. {kept}"),
        )
        .hint("Take the lines back by hand")
        .detail(source.to_string()),
        FileError::NoBackup(backup) => Problem::new(
            "no backup",
            format!("The backup {} is gone.", backup.display()),
            format!("Somebody removed it. {kept}"),
        )
        .hint("Take the lines back by hand"),
        FileError::Outside { file, to } => Problem::new(
            "outside the project",
            format!("{} leads out of the project.", file.display()),
            format!("It leads to {}. {kept}", to.display()),
        )
        .hint("Replace the link by a file, or choose another file"),
        FileError::DeadLink { file, source } => Problem::new(
            "dead link",
            format!("{} is a link that leads nowhere.", file.display()),
            kept,
        )
        .hint("Remove the link or restore the file it names")
        .detail(source.to_string()),
        FileError::NoFolder(file) => Problem::new(
            "no folder",
            format!("The folder of {} does not exist.", file.display()),
            kept,
        )
        .hint("Make the folder or choose another file")
        .fix("Try again", Fix::TryAgain),
        FileError::Resolve { path, source } => unable(path, &format!("{source}. {kept}")),
        FileError::Disk(err) => disk_problem(err, kept),
        FileError::NotPutBack { left, source } => {
            let mut problem = problem(source, "");
            let left: Vec<String> = left.iter().map(|file| file.display().to_string()).collect();
            problem.why = format!(
                "{} {} had been written before and could not be put back.",
                problem.why.trim_end(),
                left.join(", ")
            );
            problem.hint("Look at step 12 and at the backups")
        }
    }
}

pub(super) fn disk_problem(err: &DiskError, kept: &str) -> Problem {
    let again = |problem: Problem| problem.fix("Try again", Fix::TryAgain);
    match err {
        DiskError::Full { path, source } => again(Problem::new(
            "disk full",
            format!("There is no room to write {}.", path.display()),
            format!("The disk is full, or a quota or a size limit was reached. {kept}"),
        ))
        .hint("Free some room on this disk")
        .detail(source.to_string()),
        DiskError::ReadOnly { path, source } => again(unable(
            path,
            &format!("It is on a read-only file system. {kept}"),
        ))
        .hint("Make the file system writable or choose another folder")
        .detail(source.to_string()),
        DiskError::Denied { path, source } => again(unable(
            path,
            &format!("The system denied access to it or to its folder. {kept}"),
        ))
        .hint("Allow this user to write there")
        .detail(source.to_string()),
        DiskError::Owner { path, source } => unable(
            path,
            &format!("It belongs to another user, and a new text would change that. {kept}"),
        )
        .hint("Run Poolwright as the file's owner")
        .detail(source.to_string()),
        DiskError::IsFolder(path) => Problem::new(
            "not a file",
            format!("{} is a folder, not a file.", path.display()),
            kept,
        )
        .hint("Choose another file"),
        DiskError::NotAFile(path) => Problem::new(
            "not a file",
            format!("{} is a pipe or a device, not an ordinary file.", path.display()),
            kept,
        )
        .hint("Choose another file"),
        DiskError::TooLarge { path, limit } => Problem::new(
            "too large",
            format!("{} is larger than {} KiB.", path.display(), limit / 1024),
            kept,
        )
        .hint("Choose another file"),
        DiskError::OtherNames(path) => unable(
            path,
            &format!("It has a second name on this disk (a hard link), which would keep the old text. {kept}"),
        )
        .hint("Replace it by a copy of its own"),
        DiskError::Changed(path) => {
            problem(&FileError::Changed { file: path.clone(), at: None }, kept)
        }
        DiskError::ReadBack(path) => again(Problem::new(
            "read back",
            format!("{} does not hold what was written to it.", path.display()),
            "Another program wrote it in the same moment, or the disk is faulty.",
        ))
        .hint("Look at the file before anything else"),
        DiskError::Io { path, source, .. } => {
            again(unable(path, &format!("{source}. {kept}"))).detail(err.to_string())
        }
    }
}

fn unable(path: &Path, why: &str) -> Problem {
    Problem::new(
        "file",
        format!("{} could not be written or read.", path.display()),
        why.trim_end(),
    )
}

/// `14:29`, in the person's time zone.
fn clock(at: SystemTime) -> Option<String> {
    let at = Timestamp::try_from(at).ok()?;
    Some(at.to_zoned(TimeZone::system()).strftime("%H:%M").to_string())
}
