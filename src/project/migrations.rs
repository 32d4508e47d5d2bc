//! Reads a Prisma migrations folder: every real directory with its `migration.sql`, and the lock file.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::domain::migration::{Script, lock_provider};

/// Larger scripts are refused rather than read into memory.
const LARGEST: u64 = 100 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("{} could not be read", .path.display())]
    Read { path: PathBuf, source: io::Error },
    /// P3015.
    #[error("{} has no migration.sql", .0.display())]
    NoScript(PathBuf),
    /// P3019, with what the lock file names.
    #[error("migration_lock.toml names the provider {0}")]
    Provider(String),
    #[error("{} is larger than 100 MiB", .0.display())]
    TooLarge(PathBuf),
    /// Made by Prisma 8, which keeps its history in another way.
    #[error("{} was made by Prisma 8", .0.display())]
    Prisma8(PathBuf),
}

/// The scripts in the order of their names.
pub fn read(folder: &Path) -> Result<Vec<Script>, FolderError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| FolderError::Read { path, source }
    };
    check_lock(folder)?;
    let mut directories = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(at(folder))? {
        let entry = entry.map_err(at(folder))?;
        // Not for a link to a directory: Prisma does not follow those either.
        if entry.file_type().map_err(at(&entry.path()))?.is_dir() {
            directories.push(entry.path());
        }
    }
    directories.sort();
    directories.iter().map(|directory| script(directory)).collect()
}

fn check_lock(folder: &Path) -> Result<(), FolderError> {
    let path = folder.join("migration_lock.toml");
    match std::fs::read_to_string(&path) {
        Ok(text) => lock_provider(&text).map_err(FolderError::Provider),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(FolderError::Read { path, source }),
    }
}

fn script(directory: &Path) -> Result<Script, FolderError> {
    let path = directory.join("migration.sql");
    let metadata = match std::fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(err) if err.kind() == io::ErrorKind::NotFound => {
            let newer = directory.join("ops.json").is_file();
            return Err(if newer {
                FolderError::Prisma8(directory.to_owned())
            } else {
                FolderError::NoScript(directory.to_owned())
            });
        }
        Err(source) => return Err(FolderError::Read { path, source }),
    };
    if LARGEST < metadata.len() {
        return Err(FolderError::TooLarge(path));
    }
    let bytes =
        std::fs::read(&path).map_err(|source| FolderError::Read { path: path.clone(), source })?;
    // As Prisma reads it: what is not UTF-8 becomes a replacement character, and is hashed as such.
    let sql = String::from_utf8_lossy(&bytes).into_owned();
    let name =
        directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Script::new(name, sql))
}
