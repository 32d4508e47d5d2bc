//! What was done, as a file keeps it: each change with its way back, and the requests that made them.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        access::Lease,
        cluster::ClusterId,
        env_file::WrittenKey,
        pool::PoolName,
        record::{Entry, Exchange, Undo},
    },
    setup::saved::{Pool, at, time},
};

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Done {
    pub at: String,
    pub what: String,
    pub undo: TakeBack,
    pub undone: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TakeBack {
    DeletePool { cluster: String, pool: String },
    RestorePool { cluster: String, earlier: Pool, sent: Pool },
    RestoreFile { file: String, backup: Option<String>, ours: String, keys: Vec<Key> },
    RemoveLease { cluster: String, address: std::net::Ipv4Addr, until: Option<String> },
    Impossible(String),
}

/// A key that was written into an env file, with the hash of its value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Key {
    pub key: String,
    pub hash: String,
}

/// An app's settings may hold passwords, so they are in no file.
const NOT_KEPT: &str = "its earlier settings may hold passwords, so they were not kept when the program ended: \
                        roll back to the earlier deployment on the app's page";

impl TakeBack {
    fn of(undo: &Undo) -> Self {
        let text = |path: &PathBuf| path.display().to_string();
        match undo {
            Undo::DeletePool { cluster, pool } => {
                Self::DeletePool { cluster: cluster.0.clone(), pool: pool.as_str().to_owned() }
            }
            Undo::RestorePool { cluster, earlier, sent } => Self::RestorePool {
                cluster: cluster.0.clone(),
                earlier: Pool::of(earlier),
                sent: Pool::of(sent),
            },
            Undo::RestoreFile { file, backup, ours, keys } => Self::RestoreFile {
                file: text(file),
                backup: backup.as_ref().map(text),
                ours: ours.clone(),
                keys: keys
                    .iter()
                    .map(|written| Key { key: written.key.clone(), hash: written.hash.clone() })
                    .collect(),
            },
            Undo::RestoreSpec { .. } => Self::Impossible(NOT_KEPT.to_owned()),
            Undo::RemoveLease { cluster, lease } => Self::RemoveLease {
                cluster: cluster.0.clone(),
                address: lease.address,
                until: lease.until.map(time),
            },
            Undo::Impossible(why) => Self::Impossible(why.clone()),
        }
    }

    fn undo(&self) -> Undo {
        match self {
            Self::DeletePool { cluster, pool } => Undo::DeletePool {
                cluster: ClusterId(cluster.clone()),
                pool: PoolName::given(pool),
            },
            Self::RestorePool { cluster, earlier, sent } => Undo::RestorePool {
                cluster: ClusterId(cluster.clone()),
                earlier: earlier.order(),
                sent: sent.order(),
            },
            Self::RestoreFile { file, backup, ours, keys } => Undo::RestoreFile {
                file: PathBuf::from(file),
                backup: backup.as_ref().map(PathBuf::from),
                ours: ours.clone(),
                keys: keys
                    .iter()
                    .map(|key| WrittenKey { key: key.key.clone(), hash: key.hash.clone() })
                    .collect(),
            },
            Self::RemoveLease { cluster, address, until } => Undo::RemoveLease {
                cluster: ClusterId(cluster.clone()),
                lease: Lease {
                    address: *address,
                    until: until.as_deref().map(at),
                    was_there: false,
                },
            },
            Self::Impossible(why) => Undo::Impossible(why.clone()),
        }
    }
}

impl Done {
    pub(super) fn of(entry: &Entry) -> Self {
        Self {
            at: time(entry.at),
            what: entry.what.clone(),
            undo: TakeBack::of(&entry.undo),
            undone: entry.undone,
        }
    }

    pub fn entry(&self) -> Entry {
        Entry {
            at: at(&self.at),
            what: self.what.clone(),
            undo: self.undo.undo(),
            undone: self.undone,
        }
    }
}

/// A request that changed something, with secrets masked. What was only read is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Request {
    pub at: String,
    pub method: String,
    pub path: String,
    pub body: Option<String>,
    pub status: Option<u16>,
    pub milliseconds: u64,
    pub id: Option<String>,
}

impl Request {
    pub(super) fn of(exchange: &Exchange) -> Option<Self> {
        (exchange.method != "GET" && exchange.again_in.is_none()).then(|| Self {
            at: time(exchange.at),
            method: exchange.method.clone(),
            path: exchange.path.clone(),
            body: exchange.body.clone(),
            status: exchange.status,
            milliseconds: exchange.took.as_millis() as u64,
            id: exchange.request_id.clone(),
        })
    }

    pub fn exchange(&self) -> Exchange {
        Exchange {
            at: at(&self.at),
            method: self.method.clone(),
            path: self.path.clone(),
            body: self.body.clone(),
            status: self.status,
            took: Duration::from_millis(self.milliseconds),
            request_id: self.id.clone(),
            rate_left: None,
            again_in: None,
        }
    }
}
