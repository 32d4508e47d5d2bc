//! Why practice could not start, each case with what the person can do.

use std::{io, path::PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("PostgreSQL is not installed")]
    NoPostgres,
    #[error("PgBouncer is not installed")]
    NoPgBouncer,
    #[error(
        "no user account to run the servers as: PostgreSQL refuses to run as root, and neither postgres nor nobody exists"
    )]
    NoAccount,
    #[error("no home folder is known for this user")]
    NoHome,
    #[error("could not prepare a private folder: {path}")]
    Folder { path: PathBuf, source: io::Error },
    #[error("could not make a certificate")]
    Certificate(#[source] rcgen::Error),
    #[error("no free port on this computer")]
    NoPort(#[source] io::Error),
    #[error("could not run {program}")]
    Run { program: PathBuf, source: io::Error },
    /// The end of the program's own log says why.
    #[error("{program} ended before it was ready; its last words: {log}")]
    Ended { program: &'static str, log: String },
    #[error("{program} was not ready after {seconds} s; its last words: {log}")]
    TooSlow { program: &'static str, seconds: u64, log: String },
    #[error("the practice database refused a statement")]
    Sql(#[source] sqlx::Error),
    #[error("could not set up the pools")]
    Pooler(#[source] super::pooler::PoolerError),
    #[error("could not write the sample project: {path}")]
    Project { path: PathBuf, source: io::Error },
}

impl StartError {
    /// The Debian package that is missing and the command that brings it, where that is the cause.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::NoPostgres => Some(Remedy { package: "postgresql" }),
            Self::NoPgBouncer => Some(Remedy { package: "pgbouncer" }),
            Self::NoAccount
            | Self::NoHome
            | Self::Folder { .. }
            | Self::Certificate(_)
            | Self::NoPort(_)
            | Self::Run { .. }
            | Self::Ended { .. }
            | Self::TooSlow { .. }
            | Self::Sql(_)
            | Self::Pooler(_)
            | Self::Project { .. } => None,
        }
    }
}

/// A package of the system that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remedy {
    pub package: &'static str,
}

impl Remedy {
    /// Brings both servers; installs nothing that is there already.
    pub const COMMAND: &'static str = "packaging/install-deps";

    /// The same without our script, on Debian and Ubuntu.
    pub const APT: &'static str = "apt-get install postgresql pgbouncer";
}
