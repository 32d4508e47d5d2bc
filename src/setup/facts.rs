//! What is established. Only `update` writes it, and only here is dropped what depended on a change.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::{
    domain::{
        access::{Granted, Lease},
        activity::{Activity, verdict::Comparison},
        app_spec::{AppId, SpecChange},
        capacity::Sizing,
        client::{Client, ClientUrl, Needs},
        cluster::{ClusterFacts, ClusterId, Environment},
        conn_url::ConnUrl,
        env_file::WrittenKey,
        load::Loaded,
        migration::Applied,
        pool::Pool,
        project::Project,
        record::Undo,
        runbook::EnvChange,
        secret::Secret,
        stages::{Port, Tested},
    },
    setup::step::StepId,
};

/// Where the token is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    Keychain,
    /// In a file that a passphrase encrypts.
    Sealed,
    /// In memory, until the program ends; with the reason where the keychain refused.
    SessionOnly(Option<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    Has,
    Lacks,
    /// Not known until used: write scopes can't be asked for without changing something.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub name: &'static str,
    pub needed_for: &'static str,
    pub without: &'static str,
    pub grant: Grant,
}

/// What the twelve steps use of the account, and what happens without it.
pub const SCOPES: [Scope; 8] = [
    scope("account:read", "show account and team", "the name is not shown"),
    scope("database:read", "find clusters, pools and trusted sources", "nothing can be set up"),
    scope("database:view_credentials", "see passwords", "the pages that need one stop and say so"),
    scope("database:create", "create a pool", "step 4 gives the values for DigitalOcean's panel"),
    scope("database:update", "resize a pool, let this computer in", "both are done in the panel"),
    scope("database:delete", "undo: delete the pool", "undo is done in the panel"),
    scope("app:read", "list and check apps", "no app is found"),
    scope("app:update", "change variables and deploy", "step 10 gives the values for the panel"),
];

const fn scope(name: &'static str, needed_for: &'static str, without: &'static str) -> Scope {
    Scope { name, needed_for, without, grant: Grant::Unknown }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub token: Secret,
    pub email: Option<String>,
    pub team: Option<String>,
    pub scopes: Vec<Scope>,
    /// `None` while no cluster was seen that could tell.
    pub passwords_visible: Option<bool>,
    pub kept: Kept,
    /// When the token ends. `None` where nobody tells, or it does not end.
    pub expires_at: Option<Timestamp>,
}

impl Account {
    /// What the keychain calls it. Two accounts that do not say who they are share one name.
    pub fn label(&self) -> String {
        match (self.email.as_deref(), self.team.as_deref()) {
            (Some(email), Some(team)) => format!("{email}/{team}"),
            (Some(email), None) => email.to_owned(),
            (None, Some(team)) => team.to_owned(),
            (None, None) => "account without a name".to_owned(),
        }
    }
}

/// Both URLs, as base for every client's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urls {
    pub pooled: ConnUrl,
    pub direct: ConnUrl,
    /// For the app where it runs inside DigitalOcean's network; this computer tests over the public host.
    pub private: Option<(ConnUrl, ConnUrl)>,
    /// The cluster's certificate authority, PEM.
    pub ca: Option<String>,
    /// The file of that authority, as the app opens it; `None`: the certificate is not checked.
    pub ca_file: Option<String>,
    /// Names of the variables, pooled and direct.
    pub keys: (String, String),
    /// Connections one instance of the app may open.
    pub limit: u32,
}

impl Urls {
    pub fn base(&self, port: Port) -> &ConnUrl {
        match port {
            Port::Pooled => &self.pooled,
            Port::Direct => &self.direct,
        }
    }

    pub fn needs<'a>(&'a self, tested: Option<&Tested>) -> Needs<'a> {
        Needs {
            probe: tested.and_then(|tested| tested.probe),
            limit: self.limit,
            ca_file: self.ca_file.as_deref(),
            keys: (&self.keys.0, &self.keys.1),
        }
    }
}

/// A file we wrote, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFile {
    pub file: PathBuf,
    /// SHA-256 of what stands there now, hex.
    pub hash: String,
    pub backup: Option<PathBuf>,
    /// `+1 line` or `2 keys`.
    pub what: String,
}

impl WrittenFile {
    /// The way back; `keys` are ours in an env file.
    pub fn undo(&self, keys: Vec<WrittenKey>) -> Undo {
        Undo::RestoreFile {
            file: self.file.clone(),
            backup: self.backup.clone(),
            ours: self.hash.clone(),
            keys,
        }
    }
}

/// A run of the project's own migration tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolRun {
    /// `Knex`.
    pub title: &'static str,
    pub command: String,
    pub took: std::time::Duration,
    /// Its history was read afterwards, and nothing is pending.
    pub verified: bool,
}

/// The app's new deployment, followed to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    pub app: AppId,
    pub app_name: String,
    /// `None` where the app was changed or restarted by hand.
    pub deployment: Option<String>,
    /// What the switch changed in its settings.
    pub changes: Vec<SpecChange>,
    pub active_at: Timestamp,
    /// Backends that arrived through the pool; `None` where the server hides addresses from us.
    pub arrived: Option<u32>,
    pub live_url: Option<String>,
}

/// Many requests to the app's health address at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requests {
    pub url: String,
    pub asked: u32,
    /// With a status from 200 to 299.
    pub answered: u32,
    /// Every outcome with its number: `200`, `503`, `no answer`.
    pub codes: Vec<(String, u32)>,
    pub p50: std::time::Duration,
    pub p95: std::time::Duration,
    pub slowest: std::time::Duration,
    /// Server connections of others than us: right before, and the most seen meanwhile.
    pub connections: Option<(u32, u32)>,
}

/// A production cluster that was chosen in this set-up, and the apps that use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Production {
    pub cluster: ClusterId,
    pub name: String,
    pub apps: Vec<AppId>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    pub account: Option<Account>,
    pub cluster: Option<ClusterFacts>,
    /// Every production cluster that was chosen, also before another one was: what was done there stays there.
    pub production: Vec<Production>,
    pub activity: Activity,
    /// The pool as read back from the account.
    pub pool: Option<Pool>,
    /// The arithmetic with which it was established.
    pub sized: Option<Sizing>,
    pub urls: Option<Urls>,
    /// Access of this computer, one for each cluster and address.
    pub leases: Vec<Granted>,
    pub tested: Option<Tested>,
    pub project: Option<Project>,
    pub project_files: Option<Vec<WrittenFile>>,
    pub env_files: Option<Vec<WrittenFile>>,
    /// What was written into them, for the runbook.
    pub env_changes: Vec<EnvChange>,
    pub migrated: Option<Vec<Applied>>,
    /// The project's own tool ran and ended well.
    pub tool_run: Option<ToolRun>,
    pub deployed: Option<Deployed>,
    pub requests: Option<Requests>,
    pub loaded: Option<Loaded>,
    pub comparison: Option<Comparison>,
    pub runbook: Option<WrittenFile>,
    /// Steps the person left out.
    pub skipped: Vec<StepId>,
    /// Steps whose answers stand, but an earlier choice changed under them.
    pub review: Vec<StepId>,
}

impl Facts {
    /// Every password that is known, of the account's and of URLs that were pasted.
    pub fn passwords(&self) -> Vec<Secret> {
        let account = self.cluster.as_ref().map(ClusterFacts::passwords).unwrap_or_default();
        let urls = self.urls.iter().flat_map(|urls| [&urls.pooled, &urls.direct]);
        account.into_iter().chain(urls.filter_map(|url| url.password.clone())).collect()
    }

    /// A choice of `step` changed: whatever was established from it no longer holds and asks for review.
    pub fn changed(&mut self, step: StepId) {
        for later in StepId::ALL {
            if later != step
                && depends(later, step)
                && self.drop_fact(later)
                && !self.review.contains(&later)
            {
                self.review.push(later);
            }
        }
    }

    /// Forgets what `step` established; whether there was anything.
    fn drop_fact(&mut self, step: StepId) -> bool {
        match step {
            StepId::SignIn => self.account.take().is_some(),
            StepId::Cluster => self.cluster.take().is_some(),
            StepId::Measure => {
                let any = !self.activity.samples.is_empty();
                self.activity = Activity::default();
                any
            }
            StepId::Pool => {
                self.sized = None;
                self.pool.take().is_some()
            }
            StepId::Urls => self.urls.take().is_some(),
            StepId::Test => self.tested.take().is_some(),
            StepId::Project => self.project_files.take().is_some(),
            StepId::EnvFiles => self.env_files.take().is_some(),
            StepId::Migrations => self.migrated.take().is_some() | self.tool_run.take().is_some(),
            StepId::App => self.deployed.take().is_some(),
            StepId::Verify => self.comparison.take().is_some(),
            StepId::HandOver => self.runbook.take().is_some(),
        }
    }

    /// The app is off the pool again: what was measured since it began to switch says nothing any more.
    pub fn switched_back(&mut self) {
        self.activity.take_the_switch_back();
    }

    /// A file that we wrote is as it was before: the step that wrote it is to be looked at again.
    pub fn taken_back(&mut self, file: &Path) {
        let wrote = |files: &Option<Vec<WrittenFile>>| {
            files.as_ref().is_some_and(|files| files.iter().any(|written| written.file == file))
        };
        if wrote(&self.project_files) {
            self.project_files = None;
            if let Some(project) = &mut self.project {
                project.seen_to.clear();
            }
        }
        if wrote(&self.env_files) {
            self.env_files = None;
            self.env_changes.clear();
            self.review.push(StepId::EnvFiles);
        }
        self.runbook.take_if(|runbook| runbook.file == file);
    }

    /// Keeps in mind that the chosen cluster is production.
    pub(super) fn note_production(&mut self) {
        let Some(facts) = &self.cluster else { return };
        self.production.retain(|known| known.cluster != facts.cluster.id);
        if facts.environment == Environment::Production {
            self.production.push(Production {
                cluster: facts.cluster.id.clone(),
                name: facts.cluster.name.clone(),
                apps: facts.apps.iter().map(|app| app.id.clone()).collect(),
            });
        }
    }

    /// The step's fact stands and nothing under it moved.
    pub fn established(&self, step: StepId) -> bool {
        !self.review.contains(&step)
            && match step {
                StepId::SignIn => self.account.is_some(),
                StepId::Cluster => self.cluster.is_some(),
                StepId::Measure => !self.activity.samples.is_empty(),
                StepId::Pool => self.pool.is_some(),
                StepId::Urls => self.urls.is_some(),
                StepId::Test => self.tested.as_ref().is_some_and(Tested::both_work),
                StepId::Project => self.project.is_some(),
                StepId::EnvFiles => self.env_files.is_some(),
                StepId::Migrations => self.migrated.is_some() || self.tool_run.is_some(),
                StepId::App => self.deployed.is_some(),
                StepId::Verify => self.comparison.is_some(),
                StepId::HandOver => self.runbook.is_some(),
            }
    }

    /// The first step that must be done before `step` can run.
    pub fn missing_for(&self, step: StepId) -> Option<StepId> {
        // Without an account, URLs are pasted.
        let pasted = |need| (step, need) == (StepId::Urls, StepId::Pool) && self.account.is_none();
        step.needs().iter().copied().find(|need| !self.established(*need) && !pasted(*need))
    }

    /// The library that reads the URLs in the person's project.
    pub fn client(&self) -> Client {
        self.project.as_ref().map_or(Client::Unknown, |project| project.client)
    }

    /// What the form of a client's URL depends on.
    pub fn needs(&self) -> Option<Needs<'_>> {
        let urls = self.urls.as_ref()?;
        Some(urls.needs(self.tested.as_ref()))
    }

    /// The URL of one port as the project's client reads it.
    pub fn client_url(&self, port: Port) -> Option<ClientUrl> {
        Some(self.client().url(port, self.urls.as_ref()?.base(port), &self.needs()?))
    }

    /// What the token may, as far as that is known.
    pub fn grant(&self, scope: &str) -> Grant {
        let scopes = self.account.as_ref().map_or(&[][..], |account| &account.scopes);
        scopes.iter().find(|known| known.name == scope).map_or(Grant::Unknown, |known| known.grant)
    }

    /// A request that takes this scope was answered: now it is known.
    pub fn learn(&mut self, scope: &str, grant: Grant) {
        let scopes = self.account.iter_mut().flat_map(|account| &mut account.scopes);
        if let Some(known) = scopes.into_iter().find(|known| known.name == scope) {
            known.grant = grant;
        }
    }

    /// Scopes that `step` makes use of and the token is known to lack.
    pub fn lacking(&self, step: StepId) -> impl Iterator<Item = &Scope> {
        let scopes = self.account.as_ref().map_or(&[][..], |account| &account.scopes);
        scopes
            .iter()
            .filter(move |scope| scope.grant == Grant::Lacks && step.scopes().contains(&scope.name))
    }

    /// This computer's access to the chosen cluster.
    pub fn lease(&self) -> Option<&Lease> {
        let chosen = &self.cluster.as_ref()?.cluster.id;
        self.leases.iter().rev().find(|granted| granted.cluster == *chosen).map(|open| &open.lease)
    }

    /// Of the access that we gave, what ends first; what stays until it is removed comes last.
    pub fn first_to_end(&self) -> Option<&Granted> {
        let ours = self.leases.iter().filter(|granted| granted.is_ours());
        ours.min_by_key(|granted| (granted.lease.until.is_none(), granted.lease.until))
    }

    pub fn token(&self) -> Option<&Secret> {
        self.account.as_ref().map(|account| &account.token)
    }
}

fn depends(step: StepId, on: StepId) -> bool {
    step.needs().iter().any(|need| *need == on || depends(*need, on))
}
