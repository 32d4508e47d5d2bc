//! Everything the program did: what the drawer, the undo list and the runbook read. No secret is in it.

pub mod export;
mod statement;

pub use statement::{End, Place, Statement, add, shown};

use std::{path::PathBuf, time::Duration};

use jiff::Timestamp;

use crate::domain::{
    access::Lease,
    app_spec::{AppId, Spec},
    cluster::ClusterId,
    env_file::WrittenKey,
    pool::{PoolName, PoolOrder},
};

/// One HTTP request to the account and how it ended, or that it is held back for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    pub at: Timestamp,
    pub method: String,
    pub path: String,
    /// With secrets masked; `None` for requests without a body.
    pub body: Option<String>,
    /// `None` where no answer came.
    pub status: Option<u16>,
    pub took: Duration,
    pub request_id: Option<String>,
    pub rate_left: Option<u32>,
    /// It is sent (again) by itself after this wait.
    pub again_in: Option<Duration>,
}

/// One change that was made and read back.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub at: Timestamp,
    /// `Pool contrezz-pool created: 11 connections, transaction mode`.
    pub what: String,
    pub undo: Undo,
    pub undone: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Undo {
    DeletePool {
        cluster: ClusterId,
        pool: PoolName,
    },
    /// Gives a pool its earlier settings back, while it has those that we sent.
    RestorePool {
        cluster: ClusterId,
        earlier: PoolOrder,
        sent: PoolOrder,
    },
    /// Puts the backup back while the file is still ours. Of an env file that somebody changed since, only our keys go
    /// back to what they were, while their values are still ours.
    RestoreFile {
        file: PathBuf,
        backup: Option<PathBuf>,
        ours: String,
        /// Those that we wrote into an env file; empty for any other file.
        keys: Vec<WrittenKey>,
    },
    RestoreSpec {
        app: AppId,
        spec: Box<Spec>,
        /// What we put in its place, as the account had it then: what differs from it is somebody else's.
        sent: Box<Spec>,
    },
    RemoveLease {
        cluster: ClusterId,
        lease: Lease,
    },
    /// With the reason.
    Impossible(String),
}

impl Undo {
    pub fn possible(&self) -> bool {
        !matches!(self, Self::Impossible(_))
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    pub exchanges: Vec<Exchange>,
    /// What was asked of databases. A saved set-up does not keep it.
    pub statements: Vec<Statement>,
    pub entries: Vec<Entry>,
}
