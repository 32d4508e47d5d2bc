//! The only writer of the person's files: checked against what was planned from, backed up outside, put back together.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    str::Utf8Error,
    time::{Duration, SystemTime},
};

use jiff::Zoned;
use sha2::{Digest as _, Sha256};

use crate::{
    disk::{self, Access, DiskError, Expected},
    domain::{
        env_file::{self, NotTakenBack, WrittenKey},
        env_name,
        secret::Secret,
    },
};

/// Larger files are none that a set-up edits.
pub const LARGEST: u64 = 8 * 1024 * 1024;

/// Younger than this, a leftover may be a write that still goes on.
const LEFT_OVER: Duration = Duration::from_secs(60);

/// One file to change, or to make. Both texts may hold a password.
#[derive(Debug)]
pub struct Change {
    /// Relative to the root, or absolute.
    pub file: PathBuf,
    /// What the plan was made from; `None`: no file yet.
    pub before: Option<Secret>,
    pub after: Secret,
}

/// A file that was written and read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Where it really stands, absolute.
    pub file: PathBuf,
    /// SHA-256 of what stands there, hex.
    pub hash: String,
    /// `None` where there was no file.
    pub backup: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// By a link or by `..`.
    #[error("{} leads out of the project, to {}", .file.display(), .to.display())]
    Outside { file: PathBuf, to: PathBuf },
    #[error("the folder of {} does not exist", .0.display())]
    NoFolder(PathBuf),
    #[error("the link {} leads nowhere", .file.display())]
    DeadLink { file: PathBuf, source: io::Error },
    /// With the time of the change, where it is known.
    #[error("{} changed since the plan was made", .file.display())]
    Changed { file: PathBuf, at: Option<SystemTime> },
    #[error("{} is no longer as it was written", .0.display())]
    NotOurs(PathBuf),
    #[error("{} is no longer as it was written", .file.display())]
    NotOurKey { file: PathBuf, source: NotTakenBack },
    #[error("{} is not UTF-8 text", .file.display())]
    NotText { file: PathBuf, source: Utf8Error },
    #[error("the backup {} is gone", .0.display())]
    NoBackup(PathBuf),
    #[error("{} could not be resolved", .path.display())]
    Resolve { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Disk(DiskError),
    /// A later file was refused, and not all before it could be put back.
    #[error("{} could not be put back", .left.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", "))]
    NotPutBack { left: Vec<PathBuf>, source: Box<Self> },
}

/// Writes all, or none: where one is refused, those before it are put back.
///
/// `backups` is a folder of ours outside the project.
pub fn write(root: &Path, backups: &Path, changes: &[Change]) -> Result<Vec<Written>, FileError> {
    // Two writes in one second each have a folder.
    let unique = uuid::Uuid::new_v4().simple().to_string().split_off(24);
    let name = format!("{}-{unique}", Zoned::now().strftime("%Y-%m-%d/%H%M%S"));
    let backups = backups.join(name);
    let mut written = Vec::new();
    for change in changes {
        match write_one(root, &backups, change) {
            Ok(file) => written.push(file),
            Err(cause) => return Err(put_back(&written, cause)),
        }
    }
    Ok(written)
}

/// Puts the backup back, or removes the file where there was none, while it still is as `ours` says, a hash.
pub fn restore(file: &Path, backup: Option<&Path>, ours: &str) -> Result<(), FileError> {
    let not_ours = || FileError::NotOurs(file.to_owned());
    if file.is_symlink() {
        return Err(not_ours());
    }
    let there = disk::read(file, LARGEST).map_err(FileError::Disk)?.ok_or_else(not_ours)?;
    if hash(&there) != ours {
        return Err(not_ours());
    }
    let Some(backup) = backup else { return disk::remove(file).map_err(FileError::Disk) };
    let old = disk::read(backup, LARGEST)
        .map_err(FileError::Disk)?
        .ok_or_else(|| FileError::NoBackup(backup.to_owned()))?;
    disk::write(file, &old, Expected::Bytes(&there), Access::Private)
        .map_err(|err| changed_or(err, file))
}

/// Gives our keys of an env file their earlier values from the backup, or takes out those that were new. For a file that
/// somebody changed since; what they changed stays.
pub fn restore_keys(
    file: &Path,
    backup: Option<&Path>,
    keys: &[WrittenKey],
) -> Result<(), FileError> {
    let (there, after) = with_keys_back(file, backup, keys)?;
    // It goes into the file.
    disk::write(file, after.expose().as_bytes(), Expected::Bytes(&there), access(file))
        .map_err(|err| changed_or(err, file))
}

/// What stands in the file now, and its text with our keys as they were.
pub fn with_keys_back(
    file: &Path,
    backup: Option<&Path>,
    keys: &[WrittenKey],
) -> Result<(Vec<u8>, Secret), FileError> {
    let not_ours = || FileError::NotOurs(file.to_owned());
    if file.is_symlink() {
        return Err(not_ours());
    }
    let there = disk::read(file, LARGEST).map_err(FileError::Disk)?.ok_or_else(not_ours)?;
    let old = match backup {
        Some(backup) => {
            let old = disk::read(backup, LARGEST).map_err(FileError::Disk)?;
            let old = old.ok_or_else(|| FileError::NoBackup(backup.to_owned()))?;
            Some(text(backup, &old)?)
        }
        None => None,
    };
    let old = old.as_ref().map(Secret::expose);
    // Both texts hold values; what comes of them goes into the file.
    let after = env_file::take_back(text(file, &there)?.expose(), old, keys)
        .map_err(|source| FileError::NotOurKey { file: file.to_owned(), source })?;
    Ok((there, after))
}

fn text(file: &Path, bytes: &[u8]) -> Result<Secret, FileError> {
    let text = str::from_utf8(bytes)
        .map_err(|source| FileError::NotText { file: file.to_owned(), source })?;
    Ok(Secret::new(text))
}

/// Removes what earlier writes beside these files left when they were stopped half-way.
pub fn sweep<'a>(root: &Path, files: impl Iterator<Item = &'a PathBuf>) {
    let folders: BTreeSet<&Path> =
        files.filter_map(|file| file.parent()).chain([Path::new("")]).collect();
    for folder in folders {
        match disk::sweep(&root.join(folder), LEFT_OVER) {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, folder = %folder.display(), "leftovers removed"),
            Err(err) => tracing::warn!(%err, "leftovers stay"),
        }
    }
}

/// What stands in a file of the project; `None` where there is none.
pub fn read(root: &Path, file: &Path) -> Result<Option<Vec<u8>>, FileError> {
    disk::read(&locate(root, file)?, LARGEST).map_err(FileError::Disk)
}

/// Where a file of the project really stands, links followed. Never outside the root; a file that is named by an
/// absolute path elsewhere counts its own folder as root.
pub fn locate(root: &Path, file: &Path) -> Result<PathBuf, FileError> {
    let path = root.join(file);
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(FileError::Outside { file: file.to_owned(), to: path });
    };
    let resolve = |path: &Path| {
        path.canonicalize().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => FileError::NoFolder(file.to_owned()),
            _ => FileError::Resolve { path: path.to_owned(), source }, // the kinds are open
        })
    };
    let folder = resolve(folder)?;
    let root = if path.starts_with(root) { resolve(root)? } else { folder.clone() };
    let place = folder.join(name);
    let place = match place.symlink_metadata() {
        Ok(metadata) if metadata.is_symlink() => place
            .canonicalize()
            .map_err(|source| FileError::DeadLink { file: file.to_owned(), source })?,
        Ok(_) => place,
        Err(err) if err.kind() == io::ErrorKind::NotFound => place,
        Err(source) => return Err(FileError::Resolve { path: place, source }),
    };
    if place.starts_with(&root) {
        Ok(place)
    } else {
        Err(FileError::Outside { file: file.to_owned(), to: place })
    }
}

/// SHA-256, hex.
pub fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Of what stands in this file now; `None` where there is none.
pub fn hash_of(file: &Path) -> Result<Option<String>, FileError> {
    let there = disk::read(file, LARGEST).map_err(FileError::Disk)?;
    Ok(there.as_deref().map(hash))
}

fn write_one(root: &Path, backups: &Path, change: &Change) -> Result<Written, FileError> {
    let file = locate(root, &change.file)?;
    let old = disk::read(&file, LARGEST).map_err(FileError::Disk)?;
    // Compared with the file itself.
    let before = change.before.as_ref().map(|text| text.expose().as_bytes());
    if old.as_deref() != before {
        return Err(changed(&file));
    }
    let backup = match &old {
        Some(old) => Some(back_up(backups, root, &file, old)?),
        None => None,
    };
    // Written into the file.
    let after = change.after.expose().as_bytes();
    if old.as_deref() != Some(after) {
        let expected = old.as_deref().map_or(Expected::NoFile, Expected::Bytes);
        disk::write(&file, after, expected, access(&file))
            .map_err(|err| take_back(&file, old.as_deref(), after, changed_or(err, &file)))?;
    }
    Ok(Written { file, hash: hash(after), backup })
}

/// A write that ended in an error may have replaced the file all the same: then it gets its old text again. A text that
/// is neither the old nor ours is somebody's, or the disk's fault, and is told.
fn take_back(file: &Path, old: Option<&[u8]>, ours: &[u8], cause: FileError) -> FileError {
    let there = match disk::read(file, LARGEST) {
        Ok(there) if there.as_deref() == old => return cause,
        Ok(there) => there,
        Err(err) => {
            tracing::warn!(file = %file.display(), %err, "not read after a write that failed");
            None
        }
    };
    let put_back = match (there, old) {
        (Some(there), Some(old)) if there == ours => {
            disk::write(file, old, Expected::Bytes(ours), access(file)).is_ok()
        }
        (Some(there), None) if there == ours => disk::remove(file).is_ok(),
        // Another program's: that it changed is the cause already.
        _ => matches!(cause, FileError::Changed { .. }),
    };
    if put_back {
        cause
    } else {
        FileError::NotPutBack { left: vec![file.to_owned()], source: Box::new(cause) }
    }
}

/// An env file is its owner's alone; documents, code and an example that holds no value are as the umask has it.
fn access(file: &Path) -> Access {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_private = env_name::is_env_file(name) && !env_name::is_example(name);
    if is_private { Access::Private } else { Access::Shared }
}

/// A copy that only its owner can read, whatever the mode of the file.
fn back_up(backups: &Path, root: &Path, file: &Path, old: &[u8]) -> Result<PathBuf, FileError> {
    let root = root.canonicalize();
    let inside = root.ok().and_then(|root| file.strip_prefix(root).ok());
    let name = inside.or_else(|| file.file_name().map(Path::new)).unwrap_or(Path::new("file"));
    let backup = backups.join(name);
    if let Some(folder) = backup.parent() {
        disk::private_folder(folder).map_err(FileError::Disk)?;
    }
    disk::write(&backup, old, Expected::NoFile, Access::Private).map_err(FileError::Disk)?;
    Ok(backup)
}

/// The last first, as they were written.
fn put_back(written: &[Written], cause: FileError) -> FileError {
    let mut left = Vec::new();
    for done in written.iter().rev() {
        if let Err(err) = restore(&done.file, done.backup.as_deref(), &done.hash) {
            tracing::warn!(file = %done.file.display(), %err, "not put back");
            left.push(done.file.clone());
        }
    }
    if left.is_empty() { cause } else { FileError::NotPutBack { left, source: Box::new(cause) } }
}

fn changed(file: &Path) -> FileError {
    let at = file.metadata().and_then(|metadata| metadata.modified()).ok();
    FileError::Changed { file: file.to_owned(), at }
}

fn changed_or(err: DiskError, file: &Path) -> FileError {
    match err {
        DiskError::Changed(_) => changed(file),
        other => FileError::Disk(other), // as the disk said it
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(there: Option<&str>, old: Option<&str>) -> (String, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("schema.prisma");
        if let Some(there) = there {
            disk::write(&file, there.as_bytes(), Expected::NoFile, Access::Shared).unwrap();
        }
        let cause = FileError::Disk(DiskError::ReadBack(file.clone()));
        let err = take_back(&file, old.map(str::as_bytes), b"ours", cause);
        let now = disk::read(&file, LARGEST).unwrap();
        let what = match err {
            FileError::NotPutBack { .. } => "left",
            _ => "as it was", // the cause alone
        };
        (what.to_owned(), now.map(|text| String::from_utf8(text).unwrap()))
    }

    #[test]
    fn a_file_whose_reading_back_went_wrong_gets_its_old_text_again() {
        let as_it_was = |text: Option<&str>| ("as it was".to_owned(), text.map(str::to_owned));
        assert_eq!(ended(Some("ours"), Some("old")), as_it_was(Some("old")));
        assert_eq!(ended(Some("ours"), None), as_it_was(None));
        assert_eq!(ended(Some("old"), Some("old")), as_it_was(Some("old")));
        assert_eq!(ended(None, None), as_it_was(None));
    }

    #[test]
    fn a_text_that_is_neither_old_nor_ours_stays_and_is_told() {
        let (what, text) = ended(Some("another's"), Some("old"));
        assert_eq!((what.as_str(), text.as_deref()), ("left", Some("another's")));
    }
}
