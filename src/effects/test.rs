//! Step 6: runs the staged test on both ports, then the probe behind the pooled one.

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::{
    domain::{
        problem::Problem,
        secret::Secret,
        stages::{Outcome, Tested},
    },
    effects::{
        Notes, World,
        access::{self, Desk},
        account,
    },
    postgres::{
        probe,
        stages::{self, Target},
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
        Effect::Run { pooled, direct, patience } => {
            let (told, mut heard) = mpsc::channel(16);
            let test = async {
                let (pooled, direct) = (target(&pooled), target(&direct));
                let finding =
                    Box::pin(stages::test(pooled, direct, patience, &world.timing, &told)).await;
                drop(told);
                finding
            };
            let pass_on = async {
                while let Some((port, stage, outcome)) = heard.recv().await {
                    notes.note(Msg::Stage(port, stage, outcome)).await;
                }
            };
            let (finding, ()) = tokio::join!(test, pass_on);
            let probe = if works(&finding.ports.pooled.stages) {
                Some(probe::probe(&pooled.url, pooled.ca.as_deref(), &world.timing).await)
            } else {
                None
            };
            Ok(Msg::Tested(Box::new(Tested {
                at: Timestamp::now(),
                ports: finding.ports,
                probe,
                pooler_address: finding.pooler_address,
                server_version: finding.server_version,
            })))
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

fn target(target: &measure::Target) -> Target<'_> {
    Target { url: &target.url, ca: target.ca.as_deref() }
}

fn works(stages: &[Outcome]) -> bool {
    stages
        .iter()
        .all(|outcome| matches!(outcome, Outcome::Passed { .. } | Outcome::Unverified { .. }))
}
