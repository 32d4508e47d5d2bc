//! Why practice could not start, each case with what the person can do.

use std::{io, path::PathBuf};

use super::programs;

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
    #[error("the practice account ended before it was used")]
    AccountEnded,
}

/// What PostgreSQL and PgBouncer say last where their port is taken.
const TAKEN: [&str; 2] = ["could not create any TCP/IP sockets", "nowhere to listen on"];

impl StartError {
    pub(super) fn is_taken_port(&self) -> bool {
        matches!(self, Self::Ended { log, .. } if TAKEN.iter().any(|words| log.contains(words)))
    }

    /// The command that brings what is missing, where that is the cause and this system's package manager is known.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::NoPostgres => install(|manager| format!("{} pgbouncer", manager.postgres)),
            Self::NoPgBouncer => install(|_| "pgbouncer".to_owned()),
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
            | Self::Project { .. }
            | Self::AccountEnded => None,
        }
    }
}

struct Manager {
    program: &'static str,
    install: &'static str,
    /// Its package with PostgreSQL's server.
    postgres: &'static str,
    /// Installs for everybody, which only root may.
    needs_root: bool,
}

const MANAGERS: [Manager; 4] = [
    Manager {
        program: "apt-get",
        install: "apt-get install",
        postgres: "postgresql",
        needs_root: true,
    },
    Manager {
        program: "dnf",
        install: "dnf install",
        postgres: "postgresql-server",
        needs_root: true,
    },
    Manager {
        program: "pacman",
        install: "pacman -S --needed",
        postgres: "postgresql",
        needs_root: true,
    },
    Manager {
        program: "brew",
        install: "brew install",
        postgres: "postgresql@17",
        needs_root: false,
    },
];

fn install(packages: impl Fn(&Manager) -> String) -> Option<String> {
    let is_there = |manager: &&Manager| {
        programs::path_folders().any(|folder| folder.join(manager.program).is_file())
    };
    let manager = MANAGERS.iter().find(is_there)?;
    let is_root = rustix::process::geteuid().is_root();
    let sudo = if manager.needs_root && !is_root { "sudo " } else { "" };
    Some(format!("{sudo}{} {}", manager.install, packages(manager)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_was_taken_meanwhile_is_told_from_other_ends() {
        let ended = |log: &str| StartError::Ended { program: "postgres", log: log.to_owned() };
        assert!(ended("FATAL:  could not create any TCP/IP sockets").is_taken_port());
        assert!(ended("FATAL nowhere to listen on").is_taken_port());
        assert!(!ended("FATAL:  could not access directory").is_taken_port());
    }
}
