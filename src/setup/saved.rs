//! A saved set-up: what a file keeps of it, by step name and without a secret, so that it can be gone on with later.
//!
//! It keeps what the person chose, what was done, and what was under way. What stands outside is read anew.

mod entry;
mod recording;
mod taken;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::pool::{PoolMode, PoolName, PoolOrder};

pub use self::{
    entry::{Done, Request, TakeBack},
    recording::Recording,
};

/// The form that this program writes. A file with a higher number was written by a newer one and is left alone.
pub const VERSION: u32 = 1;

#[expect(clippy::struct_excessive_bools, reason = "each says one thing of the file")]
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct Saved {
    pub version: u32,
    /// RFC 3339, as every time in here.
    pub last_used: String,
    /// The page that was open, by its step's key.
    pub step: String,
    /// Nothing more was to be done.
    pub done: bool,
    /// Nothing was to be changed anywhere.
    pub dry_run: bool,
    /// Only what a newcomer to the team needs was led through.
    pub newcomer: bool,
    /// Samples a side needs, milliseconds between two of them and between two looks at a deployment.
    pub pace: Option<(usize, u64, u64)>,
    pub account: Option<Account>,
    pub cluster: Option<Cluster>,
    /// As it was read back from the account.
    pub pool: Option<Pool>,
    pub pool_draft: Option<Pool>,
    pub size_chosen: bool,
    pub urls: UrlChoices,
    /// The URLs were accepted.
    pub urls_used: bool,
    /// Both connections worked.
    pub tested: bool,
    pub project: Option<String>,
    pub project_files: Option<Vec<File>>,
    pub env_targets: Vec<(String, bool)>,
    pub env_files: Option<Vec<File>>,
    pub env_changes: Vec<EnvChange>,
    pub migrated: Option<Vec<Migration>>,
    /// The project's own tool has run them.
    pub tool_ran: bool,
    pub app: Option<String>,
    pub written_out: bool,
    /// The app's migrations move to a job with the direct URL.
    pub migrates_in_a_job: bool,
    pub deployed: Option<Deployed>,
    pub health_url: String,
    pub recording: Recording,
    pub compared: bool,
    pub runbook_name: String,
    pub runbook: Option<File>,
    pub skipped: Vec<String>,
    /// Steps that had something to show and were asked to be looked at again.
    pub review: Vec<String>,
    pub under_way: Option<UnderWay>,
    pub changes: Vec<Done>,
    pub requests: Vec<Request>,
}

/// Whose set-up it is, by the name under which its token is kept. The token itself is never in here.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Account {
    pub name: String,
    pub kept: Keeping,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keeping {
    Keychain,
    /// In the file that a passphrase encrypts.
    Sealed,
    /// Gone with the program: it has to be given again.
    Session,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Cluster {
    pub id: String,
    pub name: String,
    pub environment: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Pool {
    pub name: String,
    pub mode: String,
    pub size: u32,
    pub db: String,
    pub user: Option<String>,
}

impl Pool {
    pub(super) fn of(order: &PoolOrder) -> Self {
        Self {
            name: order.name.as_str().to_owned(),
            mode: order.mode.word().to_owned(),
            size: order.size,
            db: order.db.clone(),
            user: order.user.clone(),
        }
    }

    /// A mode that this version does not know is the usual one; the account says what it really is.
    pub(super) fn order(&self) -> PoolOrder {
        PoolOrder {
            name: PoolName::given(&self.name),
            mode: PoolMode::parse(&self.mode).unwrap_or(PoolMode::Transaction),
            size: self.size,
            db: self.db.clone(),
            user: self.user.clone(),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct UrlChoices {
    pub pooled_key: String,
    pub direct_key: String,
    pub limit: u32,
    pub verify: bool,
    pub ca_file: String,
    /// The person brought the URLs; they held passwords, so they have to be brought again.
    pub pasted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct File {
    pub file: String,
    pub hash: String,
    pub backup: Option<String>,
    pub what: String,
}

/// A variable that was written into an env file, its values masked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct EnvChange {
    pub file: String,
    pub key: String,
    pub old: Option<String>,
    pub new: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Migration {
    pub name: String,
    pub milliseconds: u64,
    pub id: String,
    pub checksum: String,
    pub started_at: String,
    pub finished_at: Option<String>,
    pub applied_steps: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Deployed {
    pub app: String,
    pub app_name: String,
    pub deployment: Option<String>,
    pub active_at: String,
    pub arrived: Option<u32>,
    pub live_url: Option<String>,
    /// Component, variable, its value before and after; both masked.
    pub changes: Vec<(Option<String>, String, Option<String>, String)>,
}

/// What was sent, or about to be, and not yet answered when this was written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnderWay {
    CreatePool(Pool),
    ChangePool(Pool),
    /// New settings of an app. With the deployment that served then.
    SwitchApp {
        app: String,
        name: String,
        served: Option<String>,
    },
    FollowDeployment {
        app: String,
        name: String,
        deployment: String,
    },
    RestoreApp,
    ProjectFiles,
    EnvFiles,
    Migrations,
    TakingBack {
        what: String,
    },
}

/// Why a file is not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error(
        "it was written by a newer version of Poolwright (form {0}; this one reads up to {VERSION})"
    )]
    Newer(u32),
    #[error("it is damaged: {0}")]
    Damaged(String),
}

impl Saved {
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let damaged = |err: &dyn std::fmt::Display| Unreadable::Damaged(err.to_string());
        let value: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|err| damaged(&err))?;
        let version = value.get("version").and_then(serde_json::Value::as_u64);
        let version = version
            .and_then(|version| u32::try_from(version).ok())
            .filter(|version| 0 < *version)
            .ok_or_else(|| damaged(&"it does not say its version"))?;
        if VERSION < version {
            return Err(Unreadable::Newer(version));
        }
        serde_json::from_value(value).map_err(|err| damaged(&err))
    }

    /// As it stands in the file.
    pub fn text(&self) -> Vec<u8> {
        // Plain fields and text keys: nothing in here can fail to be written.
        let mut text = serde_json::to_vec(self).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// Something was chosen that would be missed.
    pub fn is_worth_keeping(&self) -> bool {
        self.cluster.is_some() || self.urls_used || self.project.is_some()
    }

    /// `shop-db · shop-web`, as far as they are known.
    pub fn name(&self) -> String {
        let app = self.deployed.as_ref().map(|deployed| deployed.app_name.as_str());
        let names = [
            self.cluster.as_ref().map(|cluster| cluster.name.as_str()),
            app.or(self.app.as_deref()),
        ];
        let known: Vec<&str> =
            names.into_iter().flatten().filter(|name| !name.is_empty()).collect();
        if known.is_empty() { "A set-up without an account".to_owned() } else { known.join(" · ") }
    }
}

pub(super) fn time(at: Timestamp) -> String {
    at.to_string()
}

/// A time that can't be read is none that anything depends on.
pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}
