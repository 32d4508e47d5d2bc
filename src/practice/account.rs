//! DigitalOcean's HTTP API on loopback, over a practice cluster and an app that really runs.
//! Faithful to the published description and to what is known beyond it; one task owns all state.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    time::Duration,
};

use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::domain::secret::Secret;

use self::{
    apps::Apps,
    databases::Databases,
    desk::{Desk, Order},
};

use super::{
    app::{Load, Site, Traffic},
    cluster::Cluster,
    faults::Planned,
    pooler::PoolEntry,
    start_error::StartError,
};

mod apps;
mod call;
mod connection;
mod databases;
mod deployment;
mod desk;
mod firewall;
mod first_specs;
mod operation;
mod pages;
mod pools;
mod price;
mod rollout;
mod server;
mod settings;
mod spec;
mod tokens;

pub use self::{
    call::Call,
    databases::CLUSTER_NAME,
    firewall::THIS_COMPUTER,
    first_specs::APP_NAME,
    tokens::{ALL_SCOPES, Allowance},
};

/// How the account stands when somebody first looks.
#[derive(Clone, Debug)]
pub struct Beginning {
    pub trusted: Trusted,
    pub pools: Vec<PoolEntry>,
    pub load: Load,
    /// Every deployment but that of the app's first settings crashes.
    pub deployments_fail: bool,
}

/// Long enough for a set-up to get in during a quiet time, and to see a full database soon after.
const WAVE: Duration = Duration::from_secs(8);

/// Who may connect from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trusted {
    /// The list is empty.
    Everyone,
    AppAndThisComputer,
    App,
}

impl Default for Beginning {
    fn default() -> Self {
        Self {
            trusted: Trusted::AppAndThisComputer,
            pools: Vec::new(),
            load: Load::Waves(WAVE),
            deployments_fail: false,
        }
    }
}

/// The account. Dropping it ends it; `close` also waits for the end.
#[derive(Debug)]
pub struct Account {
    base: String,
    desk: mpsc::Sender<Order>,
    keeper: Option<JoinHandle<Cluster>>,
    server: JoinHandle<()>,
}

impl Account {
    pub async fn open(mut cluster: Cluster, beginning: Beginning) -> Result<Self, StartError> {
        let Beginning { trusted, pools, load, deployments_fail } = beginning;
        if !pools.is_empty() {
            cluster.set_pools(pools).await.map_err(StartError::Pooler)?;
        }
        let mut databases = Databases::new(cluster);
        let site = Site::open(load).await.map_err(StartError::NoPort)?;
        let (desk, orders) = mpsc::channel(64);
        let apps = Apps::new(site, &databases, deployments_fail, desk.clone()).await;
        databases.trust(trusted, apps.web_id()).await.map_err(StartError::NoPort)?;

        let listener = TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(StartError::NoPort)?;
        let address = listener.local_addr().map_err(StartError::NoPort)?;
        let keeper = tokio::spawn(Desk::new(databases, apps).work(orders));
        let server = tokio::spawn(server::serve(listener, desk.clone()));
        Ok(Self { base: format!("http://{address}"), desk, keeper: Some(keeper), server })
    }

    /// Where the API is, without `/v2`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Two services that tell this computer its public address.
    pub fn address_services(&self) -> [String; 2] {
        server::ADDRESS_PATHS.map(|path| format!("{}{path}", self.base))
    }

    /// A new token. `None` only when the account has ended.
    pub async fn issue(&self, scopes: &[&str], allowance: Allowance) -> Option<Secret> {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.ask(|reply| Order::Issue(scopes, allowance, reply)).await
    }

    pub async fn plan_fault(&self, planned: Planned) {
        self.ask(|reply| Order::Fault(planned, reply)).await;
    }

    /// Every request from now on, with its answer.
    pub async fn calls(&self) -> Option<mpsc::Receiver<Call>> {
        self.ask(Order::Listen).await
    }

    /// What came of the app's traffic so far.
    pub async fn traffic(&self) -> Option<Traffic> {
        self.ask(Order::Traffic).await.flatten()
    }

    /// Ends the account, its app and its cluster; nothing of them is left when it returns.
    pub async fn close(mut self) {
        self.server.abort();
        self.desk.send(Order::Stop).await.ok();
        if let Some(keeper) = self.keeper.take()
            && let Ok(cluster) = keeper.await
        {
            // Waits for processes to end.
            tokio::task::spawn_blocking(move || drop(cluster)).await.ok();
        }
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.desk.send(order(reply)).await.ok()?;
        answer.await.ok()
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.server.abort();
        if let Some(keeper) = &self.keeper {
            keeper.abort();
        }
    }
}
