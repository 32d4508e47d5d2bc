//! Step 6: runs the staged test on both ports, then the probe behind the pooled one.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::{
    digitalocean::client::Client,
    domain::{
        cluster::ClusterId,
        diagnosis::Known,
        features::inferred,
        problem::{Fix, Problem},
        secret::Secret,
        stages::Tested,
        timing::Timing,
    },
    effects::{
        Notes, World,
        access::{self, Desk},
        account,
    },
    postgres::{
        features, probe,
        stages::{self, Pace, Target},
    },
    setup::steps::{
        measure,
        test::{Effect, Msg},
    },
};

pub(super) async fn run(
    effect: Effect,
    token: Option<Secret>,
    world: &World,
    notes: &Notes,
) -> Result<Msg, Problem> {
    match effect {
        Effect::Run { pooled, direct, known, patience } => {
            Ok(Msg::Tested(Box::new(both(&pooled, &direct, &known, patience, world, notes).await)))
        }
        Effect::FetchPassword { cluster, user } => {
            let client = account::client(token.as_ref(), world, notes)?;
            fetch_password(&client, &cluster, user).await
        }
        Effect::AskTheWeb { region } => {
            let address = world.web_of(&region);
            Ok(Msg::Web(answers(&address, &world.timing).await))
        }
        Effect::TrySettings { pooled } => {
            let found = features::settings(target(&pooled).url, target(&pooled).ca, &world.timing);
            Ok(Msg::Settings(found.await))
        }
        Effect::FindAddress => access::find_address(world).await,
        Effect::Allow { cluster, cluster_name, address, length } => {
            let client = &account::client(token.as_ref(), world, notes)?;
            access::allow(&Desk { client, notes }, cluster, cluster_name, address, length).await
        }
        Effect::Remove { cluster, lease } => {
            let client = &account::client(token.as_ref(), world, notes)?;
            access::remove(&Desk { client, notes }, &cluster, &lease).await.map(Msg::Removed)
        }
        Effect::Sweep => {
            let client = &account::client(token.as_ref(), world, notes)?;
            access::sweep(&Desk { client, notes }).await
        }
    }
}

async fn both(
    pooled: &measure::Target,
    direct: &measure::Target,
    known: &Known,
    patience: Duration,
    world: &World,
    notes: &Notes,
) -> Tested {
    let (told, mut heard) = mpsc::channel(16);
    let test = async {
        let pace = Pace { patience, timing: &world.timing, told: &told };
        let finding = Box::pin(stages::test(target(pooled), target(direct), known, pace)).await;
        drop(told);
        finding
    };
    let pass_on = async {
        while let Some((port, stage, outcome)) = heard.recv().await {
            notes.note(Msg::Stage(port, stage, outcome)).await;
        }
    };
    let (finding, ()) = tokio::join!(test, pass_on);
    let (probe, features) = if finding.ports.pooled.answered() {
        let Target { url, ca } = target(pooled);
        let probe = probe::probe(url, ca, &world.timing).await;
        let features = if world.provokes {
            Box::pin(features::provoked(url, ca, probe, &world.timing)).await
        } else {
            inferred(probe)
        };
        (Some(probe), features)
    } else {
        (None, Vec::new())
    };
    Tested {
        at: Timestamp::now(),
        ports: finding.ports,
        probe,
        features,
        pooler_address: finding.pooler_address,
        server_version: finding.server_version,
    }
}

async fn fetch_password(
    client: &Client,
    cluster: &ClusterId,
    user: String,
) -> Result<Msg, Problem> {
    let users = client.users(cluster).await.map_err(|err| account::problem(&err))?;
    let password = users
        .into_iter()
        .find(|known| known.name == user)
        .and_then(|known| known.password)
        .filter(|password| !password.is_empty());
    match password {
        Some(password) => Ok(Msg::Fetched(user, password)),
        None => Err(Problem::new(
            "no password",
            format!("The account does not tell the password of {user}."),
            "The user is not the account's, or the token lacks database:view_credentials.",
        )
        .fix("Paste the password", Fix::TypePassword(user))),
    }
}

/// Does anybody take a connection there?
async fn answers(address: &str, timing: &Timing) -> bool {
    let dialled = tokio::time::timeout(timing.connect, tokio::net::TcpStream::connect(address));
    matches!(dialled.await, Ok(Ok(_)))
}

fn target(target: &measure::Target) -> Target<'_> {
    Target { url: &target.url, ca: target.ca.as_deref() }
}
