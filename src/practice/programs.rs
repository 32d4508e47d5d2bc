//! Finds PostgreSQL and PgBouncer among the system's packages; both are usually off PATH.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::start_error::StartError;

#[derive(Clone, Debug)]
pub(super) struct Programs {
    pub(super) initdb: PathBuf,
    pub(super) postgres: PathBuf,
    pub(super) pgbouncer: PathBuf,
}

/// A folder with PostgreSQL's programs, to be used instead of those that would be found.
const POSTGRES_FOLDER: &str = "POOLWRIGHT_POSTGRES_BIN";
/// A PgBouncer to be used instead of the one that would be found.
const PGBOUNCER: &str = "POOLWRIGHT_PGBOUNCER";

impl Programs {
    /// `pgbouncer` is taken instead of the one that would be found.
    pub(super) fn find(pgbouncer: Option<PathBuf>) -> Result<Self, StartError> {
        let folder = match env::var_os(POSTGRES_FOLDER) {
            Some(folder) => Some(PathBuf::from(folder)).filter(|folder| has_server(folder)),
            None => newest_server(),
        }
        .ok_or(StartError::NoPostgres)?;
        let pgbouncer = match pgbouncer.or_else(|| env::var_os(PGBOUNCER).map(PathBuf::from)) {
            Some(file) => Some(file).filter(|file| file.is_file()),
            None => {
                pooler_folders().map(|folder| folder.join("pgbouncer")).find(|file| file.is_file())
            }
        }
        .ok_or(StartError::NoPgBouncer)?;
        Ok(Self { initdb: folder.join("initdb"), postgres: folder.join("postgres"), pgbouncer })
    }
}

fn has_server(folder: &Path) -> bool {
    folder.join("initdb").is_file() && folder.join("postgres").is_file()
}

/// The newest major version wins; what is only on PATH comes last, as its version is not in its name.
fn newest_server() -> Option<PathBuf> {
    let versioned = [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
    ];
    versioned
        .into_iter()
        .flat_map(|(parent, prefix)| versions_in(Path::new(parent), prefix))
        .filter(|(_, folder)| has_server(folder))
        .max_by_key(|(version, _)| *version)
        .map(|(_, folder)| folder)
        .or_else(|| path_folders().find(|folder| has_server(folder)))
}

/// Folders `<prefix><major>/bin` below `parent`, with their major version.
fn versions_in(parent: &Path, prefix: &str) -> Vec<(u32, PathBuf)> {
    let Ok(entries) = parent.read_dir() else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect()
}

fn pooler_folders() -> impl Iterator<Item = PathBuf> {
    ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"]
        .into_iter()
        .map(PathBuf::from)
        .chain(path_folders())
}

pub(super) fn path_folders() -> impl Iterator<Item = PathBuf> {
    env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect::<Vec<_>>())
        .unwrap_or_default()
        .into_iter()
}
