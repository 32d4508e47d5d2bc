//! Step 3: records who holds connections, and whether the app's health address is refused meanwhile.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{sync::mpsc, time::MissedTickBehavior};

use crate::{
    domain::{activity::Holder, problem::Problem, timing::Timing},
    effects::{Notes, World, slot},
    health::Health,
    postgres::activity::{self, RecordError, Watch},
    setup::steps::measure::{Effect, Msg, Target, Waiting},
};

/// Broken connections in a row after which the recording ends.
const BREAKS: u32 = 3;
/// A health request that takes longer is as good as refused.
const HEALTH: Duration = Duration::from_secs(2);
/// For the question to a full database over one of its pools.
const THROUGH_THE_POOL: Duration = Duration::from_secs(3);
const ASK_EVERY: Duration = Duration::from_secs(10);

pub(super) async fn run(effect: Effect, world: &World, notes: &Notes) -> Result<Msg, Problem> {
    let Effect::Record { direct, pooled, every, health_url, patience } = effect;
    let health =
        health_url.as_deref().map(|url| Health::new(url, &world.proxy, HEALTH)).transpose()?;
    let way = Way { direct, pooled, patience };
    let (mut refused, mut own) = (0, 0);
    let mut breaks = 0;
    loop {
        let watch = open(&way, &world.timing, notes, &mut refused).await?;
        let mut watch = watch.after(own);
        let (ended, samples) =
            record(&mut watch, every, health.as_ref(), notes, &mut refused).await;
        own = watch.own();
        breaks = if 0 < samples { 1 } else { breaks + 1 };
        if BREAKS <= breaks {
            return Err(slot::problem(&ended));
        }
        tokio::time::sleep(world.timing.again).await;
    }
}

/// How the server is reached.
struct Way {
    direct: Target,
    pooled: Option<Target>,
    patience: Duration,
}

/// Waits for a connection; tells meanwhile, where the cluster has a pool to ask through, who holds them all.
async fn open(
    way: &Way,
    timing: &Timing,
    notes: &Notes,
    refused: &mut u32,
) -> Result<Watch, Problem> {
    let (tell, mut heard) = mpsc::channel(16);
    let opening = slot::watch(&way.direct, way.patience, timing, |said, waited| {
        // Full: the next refusal says the same.
        tell.try_send((said.to_owned(), waited)).ok();
    });
    tokio::pin!(opening);
    let (mut who, mut asked, mut asking) = (Vec::new(), None, FuturesUnordered::new());
    let opened = loop {
        tokio::select! {
            opened = &mut opening => break opened,
            Some((said, waited)) = heard.recv() => {
                *refused += 1;
                let due = asked.is_none_or(|asked: Instant| ASK_EVERY <= asked.elapsed());
                if let (Some(pooled), true) = (&way.pooled, due && asking.is_empty()) {
                    asked = Some(Instant::now());
                    asking.push(holders(pooled));
                }
                let (patience, holders) = (way.patience, who.clone());
                notes.try_note(Msg::Waiting(Waiting { said, waited, patience, holders }));
            }
            Some(found) = asking.next(), if !asking.is_empty() => who = found,
        }
    };
    let mut watch = opened?;
    let limits = watch.limits().await.map_err(|err| slot::problem(&err))?;
    notes.note(Msg::Limits(limits)).await;
    Ok(watch)
}

async fn holders(pooled: &Target) -> Vec<Holder> {
    let asked = activity::holders_through(&pooled.url, pooled.ca.as_deref(), THROUGH_THE_POOL);
    asked.await.unwrap_or_default()
}

/// Samples until the connection breaks; tells how, and how many samples there were.
async fn record(
    watch: &mut Watch,
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
                if answer.refused() {
                    *refused += 1;
                }
            }
        }
    }
}
