//! Step 3: records who holds connections, and whether the app's health address is refused meanwhile.

use std::time::Duration;

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::time::MissedTickBehavior;

use crate::{
    domain::{problem::Problem, timing::Timing},
    effects::{Notes, World, slot},
    health::Health,
    postgres::activity::{RecordError, Watch},
    setup::steps::measure::{Effect, Msg, Target},
};

/// Broken connections in a row after which the recording ends.
const BREAKS: u32 = 3;

pub(super) async fn run(effect: Effect, world: &World, notes: &Notes) -> Result<Msg, Problem> {
    let Effect::Record { direct, every, health_url, patience } = effect;
    let health = health_url.as_deref().map(Health::new).transpose()?;
    let mut refused = 0;
    let mut breaks = 0;
    loop {
        let watch = open(&direct, patience, &world.timing, notes, &mut refused).await?;
        let (ended, samples) = record(watch, every, health.as_ref(), notes, &mut refused).await;
        breaks = if 0 < samples { 1 } else { breaks + 1 };
        if BREAKS <= breaks {
            return Err(slot::problem(&ended));
        }
        tokio::time::sleep(world.timing.again).await;
    }
}

async fn open(
    direct: &Target,
    patience: Duration,
    timing: &Timing,
    notes: &Notes,
    refused: &mut u32,
) -> Result<Watch, Problem> {
    let mut watch = slot::watch(direct, patience, timing, |said| {
        *refused += 1;
        notes.try_note(Msg::Waiting(format!(
            "The database has no free connection for us yet: “{said}”."
        )));
    })
    .await?;
    let limits = watch.limits().await.map_err(|err| slot::problem(&err))?;
    notes.note(Msg::Limits(limits)).await;
    Ok(watch)
}

/// Samples until the connection breaks; tells how, and how many samples there were.
async fn record(
    mut watch: Watch,
    every: Duration,
    health: Option<&Health>,
    notes: &Notes,
    refused: &mut u32,
) -> (RecordError, u32) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut asked = FuturesUnordered::new();
    let mut samples = 0;
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                match watch.sample(std::mem::take(refused)).await {
                    Ok(sample) => {
                        samples += 1;
                        notes.note(Msg::Sample(sample)).await;
                    }
                    Err(err) => return (err, samples),
                }
                // One request at a time: a slow app is not asked faster than it answers.
                if let Some(health) = health && asked.is_empty() {
                    asked.push(health.ask());
                }
            }
            Some(answer) = asked.next(), if !asked.is_empty() => {
                if !answer.well {
                    *refused += 1;
                }
            }
        }
    }
}
