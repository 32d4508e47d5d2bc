//! An account to practise on: DigitalOcean's API on loopback over a real PostgreSQL and PgBouncer.

use std::path::{Path, PathBuf};

use crate::domain::secret::Secret;

use self::{
    account::{Account, Allowance, Beginning, Crowd},
    cluster::{APP_DATABASE, Cluster, OWNER, PUBLIC_HOST},
    scenario::Scenario,
    start_error::StartError,
};

pub mod account;
pub mod app;
pub mod cluster;
pub mod faults;
pub mod pooler;
pub mod scenario;
pub mod start_error;

mod folder;
mod gate;
mod identity;
mod programs;
mod sample;
mod servers;
mod template;
mod tls;
mod trouble;

/// A running practice: an account with a token for it, a cluster, an app, a sample project.
/// Dropping it ends everything; `stop` also waits for the end.
#[derive(Debug)]
pub struct Practice {
    account: Account,
    token: Secret,
    project: PathBuf,
    data: PathBuf,
}

impl Practice {
    pub async fn start(scenario: Scenario) -> Result<Self, StartError> {
        Self::start_in(scenario, Crowd::default()).await
    }

    /// Among more clusters and apps.
    pub async fn start_in(scenario: Scenario, crowd: Crowd) -> Result<Self, StartError> {
        let cluster = Cluster::start().await?;
        let (project, data) = (cluster.scratch(), cluster.own_files());
        write_sample(&cluster, scenario).await?;
        let beginning = Beginning { crowd, ..scenario.beginning() };
        let account = Account::open(cluster, beginning).await?;
        let issued = account.issue(&scenario.scopes(), Allowance::default()).await;
        let token = issued.ok_or(StartError::AccountEnded)?;
        Ok(Self { account, token, project, data })
    }

    /// Where the API is, without `/v2`.
    pub fn api_base(&self) -> &str {
        self.account.base()
    }

    /// Two services that tell this computer its public address.
    pub fn address_services(&self) -> [String; 2] {
        self.account.address_services()
    }

    /// For backups and everything else the program keeps; private, and gone with the practice.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The sample project, in a private folder.
    pub fn project(&self) -> &Path {
        &self.project
    }

    pub fn token(&self) -> Secret {
        self.token.clone()
    }

    pub fn cluster_name(&self) -> &str {
        account::CLUSTER_NAME
    }

    pub fn app_name(&self) -> &str {
        account::APP_NAME
    }

    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Ends everything; when it returns, no process and no folder of this practice is left.
    pub async fn stop(self) {
        self.account.close().await;
    }
}

async fn write_sample(cluster: &Cluster, scenario: Scenario) -> Result<(), StartError> {
    // It goes into the sample's `.env`, as a person would have put it there.
    let password = cluster.password(OWNER).map_or("", |password| password.expose());
    let port = cluster.direct_port();
    let url = Secret::new(format!(
        "postgresql://{OWNER}:{password}@{PUBLIC_HOST}:{port}/{APP_DATABASE}?sslmode=require"
    ));
    let folder = cluster.scratch();
    let failed = |source| StartError::Project { path: cluster.scratch(), source };
    let writing =
        tokio::task::spawn_blocking(move || sample::write(&folder, &url, scenario.migrations()));
    writing.await.map_err(|err| failed(std::io::Error::other(err)))?.map_err(failed)
}
