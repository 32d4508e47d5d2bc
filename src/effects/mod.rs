//! Carries the core's orders out: the only place that calls the adapters. One file per step.

#[cfg(feature = "gui")]
pub mod desktop;
#[cfg(feature = "gui")]
pub mod exports;
pub mod migrations;
pub mod profile;
pub mod runner;
pub mod saved;
#[cfg(feature = "gui")]
pub mod settings;

mod access;
mod account;
pub mod accounts;
mod app;
mod cluster;
mod env_files;
mod files;
mod hand_over;
mod measure;
mod pool;
mod project;
mod sign_in;
mod slot;
pub mod surroundings;
mod test;
mod urls;
mod verify;

#[cfg(test)]
mod catalogue;
#[cfg(test)]
pub(crate) use catalogue::told;

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::{
    digitalocean::{budget::Budget, client::on_this_computer},
    domain::{
        operation::HOME,
        problem::Problem,
        proxy::Proxy,
        record::{Exchange, Statement},
        secret::Secret,
        timing::Timing,
    },
    keychain::Keychain,
    leases::Leases,
    setup::{Effect, Order, Setup, Start, StepMsg, ticket::Ticket},
};

/// Where effects reach out to. Practice is nothing but other values in here.
#[derive(Clone, Debug)]
pub struct World {
    /// `https://api.digitalocean.com`, or practice's account on loopback.
    pub api: String,
    pub keychain: Keychain,
    /// Two services that answer this computer's public address; asked only after the person agreed.
    pub address_services: [String; 2],
    pub proxy: Proxy,
    /// Backups and other files of ours; 0700.
    pub data: PathBuf,
    pub timing: Timing,
    /// Features of a session are tried out, although that leaves traces on the server.
    pub provokes: bool,
}

/// Another address, by the variable that doctl reads too. The client takes https only, except on this computer.
const OTHER_API: &str = "DIGITALOCEAN_API_URL";

impl World {
    /// The real account, the system's keychain, the user's data folder.
    pub fn real() -> Result<Self, Problem> {
        let folders = directories::ProjectDirs::from("", "", "poolwright").ok_or_else(|| {
            Problem::new(
                "home",
                "The folder for Poolwright's own files was not found.",
                "No home folder is set for this user.",
            )
            .hint("Set HOME and start again")
        })?;
        Ok(Self {
            api: std::env::var(OTHER_API)
                .ok()
                .map(|api| api.trim_end_matches('/').to_owned())
                .filter(|api| !api.is_empty())
                .unwrap_or_else(|| HOME.to_owned()),
            keychain: Keychain::System { service: "poolwright".to_owned() },
            address_services: [
                "https://checkip.amazonaws.com".to_owned(),
                "https://ipv4.icanhazip.com".to_owned(),
            ],
            proxy: Proxy::System,
            data: folders.data_local_dir().to_owned(),
            timing: Timing::default(),
            provokes: false,
        })
    }

    /// Host and port that web pages come from in this region, where nothing of the cluster stands in the way.
    fn web_of(&self, region: &str) -> String {
        if self.api != HOME {
            let address = self.api.split("://").nth(1).unwrap_or_default();
            return address.split('/').next().unwrap_or_default().to_owned();
        }
        // Object storage has a host in most regions; older ones are served by a neighbour's.
        let near = match region {
            "nyc1" | "nyc2" => "nyc3",
            "ams2" => "ams3",
            "sfo1" => "sfo2",
            same => same,
        };
        format!("{near}.digitaloceanspaces.com:443")
    }

    /// The way to the web from now on; an account on this computer is reached without one.
    pub fn take_proxy(&mut self, proxy: Proxy) {
        if !on_this_computer(&self.api) {
            self.proxy = proxy;
        }
    }

    /// An account on this computer whose token dies with it: nothing of it goes into the keychain.
    pub fn practice(api: String, address_services: [String; 2], data: PathBuf) -> Self {
        Self {
            api,
            keychain: Keychain::None,
            address_services,
            proxy: Proxy::Straight,
            data,
            timing: Timing::default(),
            provokes: true,
        }
    }
}

/// The token kept at the last sign-in; `None` where there is none or the keychain does not answer.
pub async fn remembered_token(world: &World) -> Option<Secret> {
    accounts::remembered(world).await.token
}

/// What comes back from a running effect.
#[derive(Debug)]
pub enum Report {
    Note(Ticket, StepMsg),
    End(Ticket, StepMsg),
    Exchange(Exchange),
    Statement(Statement),
}

impl Report {
    /// Hands it to the set-up; what has to be started or ended now.
    pub fn hand_to(self, setup: &mut Setup, now: Timestamp) -> Vec<Order> {
        match self {
            Self::Note(ticket, msg) => setup.note(now, ticket, msg),
            Self::End(ticket, msg) => setup.settle(now, ticket, msg),
            Self::Exchange(exchange) => {
                setup.exchanged(exchange);
                Vec::new()
            }
            Self::Statement(statement) => {
                setup.asked(statement);
                Vec::new()
            }
        }
    }
}

/// An effect's line home.
#[derive(Clone, Debug)]
pub struct Notes {
    ticket: Ticket,
    reports: mpsc::Sender<Report>,
    exchanges: mpsc::Sender<Exchange>,
    budget: Budget,
    leases: Arc<Leases>,
}

impl Notes {
    /// News while the effect goes on.
    pub async fn note(&self, msg: impl Into<StepMsg>) {
        // The other end is gone only when the program ends; then nobody is left to tell.
        self.reports.send(Report::Note(self.ticket, msg.into())).await.ok();
    }

    /// News that may be lost when there is too much of it.
    pub fn try_note(&self, msg: impl Into<StepMsg>) {
        // Full or gone: the next piece of news says the same.
        self.reports.try_send(Report::Note(self.ticket, msg.into())).ok();
    }

    /// What may still be sent with the set-up's token.
    pub(super) fn budget(&self) -> Budget {
        self.budget.clone()
    }

    /// The notes of temporary access that was given.
    pub(super) fn leases(&self) -> Arc<Leases> {
        Arc::clone(&self.leases)
    }

    /// Where the account's client reports each request.
    pub fn exchanges(&self) -> mpsc::Sender<Exchange> {
        self.exchanges.clone()
    }
}

/// Carries one order out and says how it ended.
async fn carry_out(start: Start, world: World, notes: Notes) -> StepMsg {
    let Start { token, effect, .. } = start;
    let step = effect.step();
    let ended: Result<StepMsg, Problem> = match effect {
        Effect::SignIn(effect) => sign_in::run(effect, &world, &notes).await.map(Into::into),
        Effect::Cluster(effect) => {
            cluster::run(effect, token, &world, &notes).await.map(Into::into)
        }
        Effect::Measure(effect) => measure::run(effect, &world, &notes).await.map(Into::into),
        Effect::Pool(effect) => pool::run(effect, token, &world, &notes).await.map(Into::into),
        Effect::Urls(effect) => urls::run(effect, &world).await.map(Into::into),
        Effect::Test(effect) => test::run(effect, token, &world, &notes).await.map(Into::into),
        Effect::Project(effect) => project::run(effect, &world, &notes).await.map(Into::into),
        Effect::EnvFiles(effect) => env_files::run(effect, &world).await.map(Into::into),
        Effect::Migrations(effect) => {
            Box::pin(migrations::run(effect, token, &world, &notes)).await.map(Into::into)
        }
        Effect::App(effect) => app::run(effect, token, &world, &notes).await.map(Into::into),
        Effect::Verify(effect) => verify::run(effect, &world, &notes).await.map(Into::into),
        Effect::HandOver(effect) => {
            hand_over::run(effect, token, &world, &notes).await.map(Into::into)
        }
    };
    ended.unwrap_or_else(|problem| {
        tracing::info!(step = step.key(), code = problem.code, what = problem.what, "stopped");
        StepMsg::failed(step, problem)
    })
}
