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
    backing::{Backing, Books},
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
mod backing;
mod call;
mod connection;
mod crowd;
mod databases;
mod deployment;
mod desk;
mod firewall;
mod first_specs;
mod log;
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
    crowd::Crowd,
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
    pub crowd: Crowd,
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
            crowd: Crowd::default(),
        }
    }
}

/// The account. Dropping it ends it; `close` also waits for the end.
#[derive(Debug)]
pub struct Account {
    base: String,
    desk: mpsc::Sender<Order>,
    keeper: Option<JoinHandle<Backing>>,
    server: JoinHandle<()>,
}

impl Account {
    pub async fn open(cluster: Cluster, beginning: Beginning) -> Result<Self, StartError> {
        let site = Site::open(beginning.load).await.map_err(StartError::NoPort)?;
        Self::over(Backing::Servers(Box::new(cluster)), Some(site), beginning).await
    }

    /// Without a cluster or an app that runs: what the account says of them is all there is. Opens in milliseconds.
    pub async fn on_paper(beginning: Beginning) -> Result<Self, StartError> {
        Self::over(Backing::Books(Books::open()?), None, beginning).await
    }

    async fn over(
        mut backing: Backing,
        site: Option<Site>,
        mut beginning: Beginning,
    ) -> Result<Self, StartError> {
        let pools = std::mem::take(&mut beginning.pools);
        if !pools.is_empty() {
            backing.set_pools(pools).await.map_err(StartError::Pooler)?;
        }
        let mut databases = Databases::new(backing, beginning.crowd);
        let (desk, orders) = mpsc::channel(64);
        let listener = TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(StartError::NoPort)?;
        let base = format!("http://{}", listener.local_addr().map_err(StartError::NoPort)?);
        let apps = Apps::new(site, &databases, &beginning, (&base, desk.clone())).await;
        databases.trust(beginning.trusted, apps.web_id()).await.map_err(StartError::NoPort)?;

        let keeper = tokio::spawn(Desk::new(databases, apps).work(orders));
        let server = tokio::spawn(server::serve(listener, desk.clone(), beginning.crowd.delay));
        Ok(Self { base, desk, keeper: Some(keeper), server })
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
        self.plan_fault_after(0, planned).await;
    }

    /// A fault that lets so many requests of its kind pass first.
    pub async fn plan_fault_after(&self, after: u32, planned: Planned) {
        self.ask(|reply| Order::Fault(after, planned, reply)).await;
    }

    /// Drops the faults that have met nobody yet.
    pub async fn forget_faults(&self) {
        self.ask(Order::NoFaults).await;
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
