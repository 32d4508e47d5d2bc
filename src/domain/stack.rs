//! What a project is built with, what each client needs in its URL, and the edits its code needs.

use std::path::PathBuf;

use crate::domain::{
    conn_url::ConnUrl,
    stages::{Port, Probe},
};

/// The library that reads a URL. Each reads its own dialect: one URL per consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Prisma 4 to 6: its own engine, its own URL parameters.
    Prisma6,
    /// Prisma 7 with a driver adapter: pool settings live in code.
    Prisma7,
    /// `psql` and everything on libpq; refuses unknown parameters.
    Libpq,
    NodePostgres,
    /// Nothing known; the plain URL.
    Unknown,
}

impl Client {
    pub fn title(self) -> &'static str {
        match self {
            Self::Prisma6 => "Prisma 4 to 6",
            Self::Prisma7 => "Prisma 7",
            Self::Libpq => "psql and libpq",
            Self::NodePostgres => "node-postgres",
            Self::Unknown => "Other",
        }
    }
}

/// A URL made for one client, with the reason for every parameter we added or left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientUrl {
    pub url: ConnUrl,
    pub reasons: Vec<(String, String)>,
}

/// What was found in the project folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    pub root: PathBuf,
    pub client: Client,
    /// `Prisma 6.19.3 in package.json`, `datasource in prisma/schema.prisma:3`.
    pub evidence: Vec<String>,
    /// Relative to `root`.
    pub migrations: Option<PathBuf>,
    /// Env files found, relative to `root`, in reading order.
    pub env_files: Vec<PathBuf>,
    pub findings: Vec<Finding>,
    pub edits: Vec<Edit>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Relative to the project's root.
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    pub what: String,
    pub why: String,
}

/// A planned change of one project file. No secret is ever in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Relative to the project's root.
    pub file: PathBuf,
    pub reason: String,
    pub before: String,
    pub after: String,
}

/// The URL `client` should get for `port`, given what the probe found (nothing yet: the safe form).
/// `limit` is the number of connections one instance may open.
pub fn url_for(
    client: Client,
    port: Port,
    base: &ConnUrl,
    probe: Option<Probe>,
    limit: u32,
) -> ClientUrl {
    todo!("{client:?} {port:?} {base:?} {probe:?} {limit}")
}
