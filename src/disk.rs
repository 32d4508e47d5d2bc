//! Files on disk: written whole or not at all, never wider than before, read back. A leaf that every adapter may use.

use std::{
    fs::{self, DirBuilder, File, Metadata},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tempfile::{Builder, NamedTempFile};

/// A write that was stopped half-way leaves a file of this name; it may hold a password, so the name is one that a
/// `.gitignore` line `.env*` covers.
const LEFTOVER: (&str, &str) = (".env.poolwright.", ".tmp");

/// Who may read a file that is new. One that exists keeps its mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its owner alone, from the first byte.
    Private,
    /// As the user's umask has it.
    Shared,
}

/// What has to stand there for a write to go ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected<'a> {
    Anything,
    NoFile,
    Bytes(&'a [u8]),
}

#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    #[error("there is no room to write {}", .path.display())]
    Full { path: PathBuf, source: io::Error },
    #[error("{} is on a read-only file system", .path.display())]
    ReadOnly { path: PathBuf, source: io::Error },
    #[error("access to {} was denied", .path.display())]
    Denied { path: PathBuf, source: io::Error },
    #[error("{} is a folder", .0.display())]
    IsFolder(PathBuf),
    #[error("{} is not an ordinary file", .0.display())]
    NotAFile(PathBuf),
    #[error("{} is larger than {limit} bytes", .path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    /// Replacing it would part it from its other names.
    #[error("{} has further names on this disk", .0.display())]
    OtherNames(PathBuf),
    /// Replacing it would give it to us.
    #[error("{} belongs to another user", .path.display())]
    Owner { path: PathBuf, source: io::Error },
    #[error("{} changed meanwhile", .0.display())]
    Changed(PathBuf),
    #[error("{} does not hold what was written to it", .0.display())]
    ReadBack(PathBuf),
    #[error("unable to {act} {}", .path.display())]
    Io { act: &'static str, path: PathBuf, source: io::Error },
}

impl DiskError {
    fn new(act: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full { path, source },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path, source },
            io::ErrorKind::PermissionDenied => Self::Denied { path, source },
            io::ErrorKind::IsADirectory => Self::IsFolder(path),
            _ => Self::Io { act, path, source }, // the kinds of io::Error are open
        }
    }
}

fn failed<'a>(act: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> DiskError + 'a {
    move |source| DiskError::new(act, path, source)
}

/// What stands in a file; `None` where there is none. A file above `largest` bytes is refused.
pub fn read(path: &Path, largest: u64) -> Result<Option<Vec<u8>>, DiskError> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(err) => return Err(DiskError::new("read", path, err)),
    };
    // Asked before opening: a pipe would be waited for.
    ordinary(path, &metadata)?;
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(largest.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(failed("read", path))?;
    if largest < bytes.len() as u64 {
        return Err(DiskError::TooLarge { path: path.to_owned(), limit: largest });
    }
    Ok(Some(bytes))
}

/// Puts `bytes` in the place of the whole file. A link is followed, and stays a link.
///
/// Whatever happens on the way, the file has its old text or its new one.
pub fn write(
    path: &Path,
    bytes: &[u8],
    expected: Expected<'_>,
    new: Access,
) -> Result<(), DiskError> {
    let target = target(path)?;
    let folder = target.parent().ok_or_else(|| DiskError::NotAFile(path.to_owned()))?;
    let old = match fs::metadata(&target) {
        Ok(metadata) => Some(metadata),
        Err(err) if err.kind() == io::ErrorKind::NotFound => None,
        Err(err) => return Err(DiskError::new("read", &target, err)),
    };
    if let Some(old) = &old {
        ordinary(&target, old)?;
        alone(&target, old)?;
    }
    let temporary = fill(folder, &target, bytes, old.as_ref(), new)?;
    put(temporary, &target, expected)?;
    sync_folder(folder).map_err(failed("write", &target))?;
    let largest = bytes.len() as u64;
    match read(&target, largest) {
        Ok(Some(there)) if there == bytes => Ok(()),
        Ok(_) | Err(DiskError::TooLarge { .. }) => Err(DiskError::ReadBack(target)),
        Err(err) => Err(err),
    }
}

/// Removes a file for good.
pub fn remove(path: &Path) -> Result<(), DiskError> {
    fs::remove_file(path).map_err(failed("remove", path))?;
    match path.parent() {
        Some(folder) => sync_folder(folder).map_err(failed("remove", path)),
        None => Ok(()),
    }
}

/// Makes a folder that only its owner can enter, and those above it that are missing.
pub fn private_folder(path: &Path) -> Result<(), DiskError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(failed("make the folder", path))
}

/// Removes what stopped writes of ours left in `folder` longer than `age` ago; how many there were.
pub fn sweep(folder: &Path, age: Duration) -> Result<usize, DiskError> {
    let mut removed = 0;
    for entry in fs::read_dir(folder).map_err(failed("read", folder))? {
        let path = entry.map_err(failed("read", folder))?.path();
        // Not for a link: its own metadata is asked.
        let Ok(metadata) = path.symlink_metadata() else { continue };
        if is_leftover(&path)
            && metadata.is_file()
            && is_ours(&metadata)
            && is_older(&metadata, age)
        {
            fs::remove_file(&path).map_err(failed("remove", &path))?;
            removed += 1;
        }
    }
    Ok(removed)
}

fn is_leftover(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(|name| name.strip_prefix(LEFTOVER.0)?.strip_suffix(LEFTOVER.1))
        .is_some_and(|random| !random.is_empty() && random.chars().all(char::is_alphanumeric))
}

fn is_older(metadata: &Metadata, age: Duration) -> bool {
    let since = metadata.modified().map(|then| SystemTime::now().duration_since(then));
    matches!(since, Ok(Ok(since)) if age <= since)
}

#[cfg(unix)]
fn is_ours(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(metadata) == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_ours(_metadata: &Metadata) -> bool {
    true
}

/// Where a path really leads, so that a link is not replaced by a file.
fn target(path: &Path) -> Result<PathBuf, DiskError> {
    match path.symlink_metadata() {
        Ok(_) => path.canonicalize().map_err(failed("follow", path)),
        Err(err) if err.kind() == io::ErrorKind::NotFound => {
            let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
                return Err(DiskError::NotAFile(path.to_owned()));
            };
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            Ok(folder.canonicalize().map_err(failed("write", path))?.join(name))
        }
        Err(err) => Err(DiskError::new("read", path, err)),
    }
}

fn ordinary(path: &Path, metadata: &Metadata) -> Result<(), DiskError> {
    if metadata.is_dir() {
        Err(DiskError::IsFolder(path.to_owned()))
    } else if metadata.is_file() {
        Ok(())
    } else {
        Err(DiskError::NotAFile(path.to_owned()))
    }
}

#[cfg(unix)]
fn alone(path: &Path, metadata: &Metadata) -> Result<(), DiskError> {
    if 1 < std::os::unix::fs::MetadataExt::nlink(metadata) {
        return Err(DiskError::OtherNames(path.to_owned()));
    }
    Ok(())
}

#[cfg(not(unix))]
fn alone(_path: &Path, _metadata: &Metadata) -> Result<(), DiskError> {
    Ok(())
}

/// A finished file beside the target, on disk for good, with the mode and owner it is to have.
fn fill(
    folder: &Path,
    target: &Path,
    bytes: &[u8],
    old: Option<&Metadata>,
    new: Access,
) -> Result<NamedTempFile, DiskError> {
    let mut builder = Builder::new();
    builder.prefix(LEFTOVER.0).suffix(LEFTOVER.1);
    if old.is_none() && new == Access::Shared {
        share(&mut builder);
    }
    let mut temporary = builder.tempfile_in(folder).map_err(failed("write", target))?;
    temporary.write_all(bytes).map_err(failed("write", target))?;
    if let Some(old) = old {
        keep_owner_and_mode(temporary.as_file(), target, old)?;
    }
    temporary.as_file().sync_all().map_err(failed("write", target))?;
    Ok(temporary)
}

#[cfg(unix)]
fn share(builder: &mut Builder<'_, '_>) {
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
}

#[cfg(not(unix))]
fn share(_builder: &mut Builder<'_, '_>) {}

/// The new file is the owner's alone until here, so it is at no moment wider than the old one.
#[cfg(unix)]
fn keep_owner_and_mode(file: &File, target: &Path, old: &Metadata) -> Result<(), DiskError> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
    let ours = file.metadata().map_err(failed("write", target))?;
    if (ours.uid(), ours.gid()) != (old.uid(), old.gid()) {
        fchown(file, Some(old.uid()), Some(old.gid()))
            .map_err(|source| DiskError::Owner { path: target.to_owned(), source })?;
    }
    let mode = fs::Permissions::from_mode(old.permissions().mode() & 0o777);
    file.set_permissions(mode).map_err(failed("write", target))
}

#[cfg(not(unix))]
fn keep_owner_and_mode(_file: &File, _target: &Path, _old: &Metadata) -> Result<(), DiskError> {
    Ok(())
}

fn put(temporary: NamedTempFile, target: &Path, expected: Expected<'_>) -> Result<(), DiskError> {
    let persisted = match expected {
        Expected::Anything => temporary.persist(target),
        Expected::NoFile => temporary.persist_noclobber(target),
        // Looked at as late as can be: nothing but the renaming comes after.
        Expected::Bytes(bytes) => match read(target, bytes.len() as u64) {
            Ok(Some(there)) if there == bytes => temporary.persist(target),
            Ok(_) | Err(DiskError::TooLarge { .. }) => {
                return Err(DiskError::Changed(target.to_owned()));
            }
            Err(err) => return Err(err),
        },
    };
    match persisted {
        Ok(_) => Ok(()),
        Err(err) if err.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(DiskError::Changed(target.to_owned()))
        }
        Err(err) => Err(DiskError::new("write", target, err.error)),
    }
}

/// Makes a renaming last through a power cut.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: io::ErrorKind) -> DiskError {
        DiskError::new("write", Path::new("/project/.env"), kind.into())
    }

    #[test]
    fn a_reason_for_the_person_is_told_from_the_systems_own() {
        use io::ErrorKind::{
            BrokenPipe, FileTooLarge, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem,
            StorageFull,
        };
        for full in [StorageFull, QuotaExceeded, FileTooLarge] {
            assert!(matches!(error(full), DiskError::Full { .. }), "{full}");
        }
        assert!(matches!(error(ReadOnlyFilesystem), DiskError::ReadOnly { .. }));
        assert!(matches!(error(PermissionDenied), DiskError::Denied { .. }));
        assert_eq!(error(BrokenPipe).to_string(), "unable to write /project/.env");
    }

    #[test]
    fn only_names_of_ours_are_leftovers() {
        for ours in [".env.poolwright.a1B2c3.tmp", "/project/.env.poolwright.x.tmp"] {
            assert!(is_leftover(Path::new(ours)), "{ours}");
        }
        for other in [
            ".env",
            ".env.tmp",
            ".env.poolwright.tmp",
            ".env.poolwright..tmp",
            ".env.poolwright.a/b.tmp",
            ".env.poolwright.a b.tmp",
            "x.env.poolwright.a1B2c3.tmp",
        ] {
            assert!(!is_leftover(Path::new(other)), "{other}");
        }
    }
}
