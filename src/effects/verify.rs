//! Step 11: requests to the app's health address, the same load over both URLs, and the recording as files.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use jiff::tz::TimeZone;

use crate::{
    disk::{self, Access, Expected},
    domain::{
        activity::{Activity, Holder, verdict::Comparison},
        chart::svg::svg,
        figures::percentile,
        load::{self, Guard, Loaded, Order, Outcome},
        problem::{Fix, Problem},
        stages::Port,
    },
    effects::{Notes, World, files, slot},
    health::{Answer, Health},
    picture,
    postgres::{
        activity::{RecordError, Watch},
        load as client,
    },
    setup::{
        facts::Requests,
        steps::{
            measure::Target,
            verify::{Effect, Format, Msg},
        },
    },
};

/// Between two looks at the server while the requests run.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A browser waits longer; a person does not.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn run(effect: Effect, world: &World, notes: &Notes) -> Result<Msg, Problem> {
    match effect {
        Effect::Requests { url, count, direct } => {
            requests(url, count, direct.as_ref(), world).await.map(Msg::Requested)
        }
        Effect::Load { direct, pooled, order } => {
            let loaded = load(&direct, &pooled, order, world, notes).await?;
            Ok(Msg::Loaded(Box::new(loaded)))
        }
        Effect::Export { files, activity, comparison } => {
            export(files, activity, comparison).await.map(Msg::Exported)
        }
    }
}

/// All requests at once, and what they cost in server connections.
async fn requests(
    url: String,
    count: u32,
    direct: Option<&Target>,
    world: &World,
) -> Result<Requests, Problem> {
    let health = Health::new(&url, &world.proxy, PATIENCE)?;
    let mut watch = match direct {
        Some(direct) => Some(watch(direct, world).await?),
        None => None,
    };
    let mut connections = None;
    if let Some(watch) = &mut watch {
        let before = of_others(watch).await?;
        connections = Some((before, before));
    }
    let mut asked: FuturesUnordered<_> = (0..count).map(|_| health.ask()).collect();
    let mut answers = Vec::new();
    while !asked.is_empty() {
        tokio::select! {
            Some(answer) = asked.next() => answers.push(answer),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if let (Some(watch), Some((_, peak))) = (&mut watch, &mut connections) {
            *peak = of_others(watch).await?.max(*peak);
        }
    }
    if let Some(watch) = watch {
        watch.close().await;
    }
    Ok(summary(url, count, &answers, connections))
}

async fn watch(direct: &Target, world: &World) -> Result<Watch, Problem> {
    slot::watch(direct, world.timing.again * 10, &world.timing, |_, _| ()).await
}

async fn of_others(watch: &mut Watch) -> Result<u32, Problem> {
    let holders = watch.holders().await.map_err(|err| slot::problem(&err))?;
    let others = holders.iter().filter(|holder| !holder.is_ours());
    Ok(others.map(|holder| holder.count).sum())
}

fn summary(
    url: String,
    asked: u32,
    answers: &[Answer],
    connections: Option<(u32, u32)>,
) -> Requests {
    let mut times: Vec<Duration> =
        answers.iter().filter(|answer| answer.well()).map(|answer| answer.took).collect();
    times.sort_unstable();
    let mut codes: BTreeMap<String, u32> = BTreeMap::new();
    for answer in answers {
        let code = answer.status.map_or("no answer".to_owned(), |status| status.to_string());
        *codes.entry(code).or_default() += 1;
    }
    Requests {
        url,
        asked,
        answered: u32::try_from(times.len()).unwrap_or(u32::MAX),
        codes: codes.into_iter().collect(),
        p50: percentile(&times, 50),
        p95: percentile(&times, 95),
        slowest: percentile(&times, 100),
        connections,
    }
}

/// First the direct URL, then the pooled one, so that neither disturbs the other.
async fn load(
    direct: &Target,
    pooled: &Target,
    order: Order,
    world: &World,
    notes: &Notes,
) -> Result<Loaded, Problem> {
    let failed = |err: RecordError| slot::problem(&err);
    let mut watch = watch(direct, world).await?;
    let usable = watch.limits().await.map_err(failed)?.usable();
    let holders = watch.holders().await.map_err(failed)?;
    load::room(&order, usable, holders.iter().map(|holder: &Holder| holder.count).sum())?;
    let waits = if order.guarded {
        client::usual_waits(&mut watch).await.map_err(failed)?
    } else {
        Vec::new()
    };
    let mut outcomes: Vec<(Port, Outcome)> = Vec::new();
    for port in order.ports() {
        let to = match port {
            Port::Direct => direct,
            Port::Pooled => pooled,
        };
        let target = client::Target { url: to.url.clone(), ca: to.ca.clone() };
        let guard = order.guarded.then(|| Guard::new(usable, &waits));
        let tell = |progress| notes.try_note(Msg::Progress(*port, progress));
        let ran = client::run(&target, &order, &mut watch, guard, tell).await.map_err(failed)?;
        outcomes.push((*port, ran));
        if *port == Port::Direct {
            // Connections that are closing hold their slots for a moment.
            client::gone(&mut watch, world.timing.again * 5).await.map_err(failed)?;
        }
    }
    watch.close().await;
    let (mut direct, mut through_pool) = (None, None);
    for (port, outcome) in outcomes {
        match port {
            Port::Direct => direct = Some(outcome),
            Port::Pooled => through_pool = Some(outcome),
        }
    }
    let pooled = through_pool.ok_or_else(|| {
        Problem::new("load", "The load test did not reach the pool.", "It was ended before.")
    })?;
    Ok(Loaded { order, direct, pooled })
}

async fn export(
    files: Vec<PathBuf>,
    activity: Box<Activity>,
    comparison: Box<Comparison>,
) -> Result<Vec<PathBuf>, Problem> {
    let writing = tokio::task::spawn_blocking(move || {
        for file in &files {
            let bytes = content(file, &activity, &comparison)?;
            if let Some(folder) = file.parent() {
                // Where this is refused, writing is too, and says why.
                std::fs::create_dir_all(folder).ok();
            }
            // The person chose the name, and the dialog asked before it let another file be replaced.
            disk::write(file, &bytes, Expected::Anything, Access::Shared)
                .map_err(|err| files::disk_problem(&err, "The file was not written."))?;
        }
        Ok(files)
    });
    writing.await.unwrap_or_else(|_| {
        Err(Problem::new("export", "The file was not written.", "Writing stopped half-way."))
    })
}

fn content(file: &Path, activity: &Activity, comparison: &Comparison) -> Result<Vec<u8>, Problem> {
    let picture = || svg(activity, comparison, &TimeZone::system());
    match Format::of(file) {
        Format::Csv => Ok(activity.csv().into_bytes()),
        Format::Json => Ok(format!("{:#}\n", activity.json(comparison)).into_bytes()),
        Format::Svg => Ok(picture().into_bytes()),
        Format::Png => picture::png(&picture()).map_err(|err| {
            Problem::new("export", "The picture was not made.", format!("{err}."))
                .fix("Try again", Fix::TryAgain)
                .hint("Export it as SVG")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_summed_up_by_outcome_and_their_times_are_of_those_answered() {
        let answer = |status, ms| Answer { status, took: Duration::from_millis(ms) };
        let mut answers: Vec<Answer> = (1..=19).map(|ms| answer(Some(200), ms)).collect();
        answers.extend([answer(Some(503), 2), answer(None, 10_000)]);
        let summary = summary("http://shop/health".to_owned(), 21, &answers, Some((3, 7)));
        let codes = [("200", 19), ("503", 1), ("no answer", 1)]
            .map(|(code, count)| (code.to_owned(), count))
            .to_vec();
        let ms = Duration::from_millis;
        assert_eq!(
            summary,
            Requests {
                url: "http://shop/health".to_owned(),
                asked: 21,
                answered: 19,
                codes,
                p50: ms(10),
                p95: ms(19),
                slowest: ms(19),
                connections: Some((3, 7)),
            }
        );
    }
}
