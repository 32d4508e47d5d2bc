//! Step 11: requests to the app's health address, all at once, and what they cost in server connections.

use std::time::Duration;

use futures_util::{StreamExt as _, stream::FuturesUnordered};

use crate::{
    domain::{activity::OURS, problem::Problem},
    effects::{World, slot},
    health::{Answer, Health},
    postgres::activity::Watch,
    setup::{
        facts::Requests,
        steps::{
            measure::Target,
            verify::{Effect, Msg},
        },
    },
};

/// Between two looks at the server while the requests run.
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(super) async fn run(effect: Effect, world: &World) -> Result<Msg, Problem> {
    let Effect::Requests { url, count, direct } = effect;
    let health = Health::new(&url)?;
    let mut watch = match &direct {
        Some(direct) => Some(watch(direct, world).await?),
        None => None,
    };
    let mut asked: FuturesUnordered<_> = (0..count).map(|_| health.ask()).collect();
    let mut answers = Vec::new();
    let mut peak = None;
    while !asked.is_empty() {
        tokio::select! {
            Some(answer) = asked.next() => answers.push(answer),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if let Some(watch) = &mut watch {
            let holders = watch.holders().await.map_err(|err| slot::problem(&err))?;
            let held = holders
                .iter()
                .filter(|holder| holder.application != OURS)
                .map(|holder| holder.count)
                .sum();
            peak = peak.max(Some(held));
        }
    }
    if let Some(watch) = watch {
        watch.close().await;
    }
    Ok(Msg::Requested(summary(count, &answers, peak)))
}

async fn watch(direct: &Target, world: &World) -> Result<Watch, Problem> {
    slot::watch(direct, world.timing.again * 10, &world.timing, |_| ()).await
}

fn summary(asked: u32, answers: &[Answer], peak: Option<u32>) -> Requests {
    let mut times: Vec<Duration> =
        answers.iter().filter(|answer| answer.well).map(|answer| answer.took).collect();
    times.sort_unstable();
    // The nearest rank: the smallest time that so many percent of the answers did not exceed.
    let percentile = |percent: usize| {
        let rank = (times.len() * percent).div_ceil(100).max(1);
        times.get(rank - 1).copied().unwrap_or_default()
    };
    Requests {
        asked,
        answered: u32::try_from(times.len()).unwrap_or(u32::MAX),
        p50: percentile(50),
        p95: percentile(95),
        slowest: percentile(100),
        peak,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks_of_the_answers_that_arrived() {
        let answers: Vec<Answer> =
            (1..=20).map(|ms| Answer { well: ms != 20, took: Duration::from_millis(ms) }).collect();
        let summary = summary(20, &answers, Some(4));
        assert_eq!((summary.answered, summary.asked), (19, 20));
        assert_eq!(
            (summary.p50, summary.p95, summary.slowest),
            (Duration::from_millis(10), Duration::from_millis(19), Duration::from_millis(19))
        );
    }
}
