//! Step 10: proposes, sends and follows the app's new settings.

mod log;

use std::time::{Duration, Instant};

use crate::{
    digitalocean::{
        apps::{BrokenStep, Deployment, Running},
        client::Client,
    },
    domain::{
        app_spec::{
            AppId, Place, Spec,
            difference::{Difference, arrived, difference, foreign_changes},
        },
        migration::output::Mask,
        problem::{Fix, Problem},
        secret::Secret,
        timing::Timing,
    },
    effects::{Notes, World, account, slot},
    postgres::arrive,
    setup::steps::{
        app::{Effect, Msg, Proposal, Started},
        measure::Target,
    },
};

/// A build may take an hour, and the jobs around it half an hour: the provider's own limits.
const LONGEST: Duration = Duration::from_secs(90 * 60);

/// Looks at a deployment that may fail in a row, each after retries of its own.
const BLIPS: u32 = 5;

/// Looks for the deployment that an update started.
const LOOKS: u32 = 10;

pub(super) async fn run(
    effect: Effect,
    token: Option<Secret>,
    world: &World,
    notes: &Notes,
) -> Result<Msg, Problem> {
    let client = || account::client(token.as_ref(), world, notes);
    match effect {
        Effect::Propose { app, before, after } => {
            propose(&client()?, &app, &before, &after).await.map(Msg::Proposed)
        }
        Effect::Update { app, before, after } => {
            update(&client()?, &app, &before, &after, &world.timing, notes).await
        }
        Effect::Newest { app, served } => {
            let newest = deployments(&client()?, &app).await?.into_iter().next();
            let newest = newest.filter(|newest| served.as_ref() != Some(&newest.id));
            Ok(Msg::Newest(newest.map(|newest| Started { app, deployment: newest.id })))
        }
        Effect::Watch { app, deployment, every, secrets } => {
            let client = client()?;
            let mask = &Mask::of(&secrets);
            let looks = Looks { client: &client, app: &app, every, mask, notes };
            let deployment = watch(&looks, deployment).await?;
            let app = read(&client, &app).await?.app;
            Ok(Msg::Active { deployment, live_url: app.live_url })
        }
        Effect::Arrive { direct, pooler, patience } => {
            Ok(Msg::Arrived(arrive(&direct, pooler.as_deref(), patience, world, notes).await))
        }
        Effect::Restore { app, spec, sent } => {
            let client = client()?;
            let restored = restore(&client, &app, &spec, &sent, &world.timing, notes).await;
            // Whatever came of it, later plans start from what is there.
            if let Ok(now) = client.app(&app).await {
                notes.note(Msg::Reread(Box::new(now.app))).await;
            }
            restored.map(|()| Msg::Restored)
        }
    }
}

/// Asks what the settings would cost, and what they cost now: what differs besides our variables, the person has to know.
async fn propose(
    client: &Client,
    app: &AppId,
    before: &Spec,
    after: &Spec,
) -> Result<Proposal, Problem> {
    let ask = |spec| client.propose(app, spec);
    let (now, then) = tokio::join!(ask(before), ask(after));
    let then = then.map_err(|err| account::problem(&err))?;
    let now = now
        .inspect_err(|err| tracing::info!(%err, "the cost of the settings in place is not known"))
        .ok();
    let mut besides = Vec::new();
    let cost = match (now.as_ref().and_then(|now| now.cost.as_ref()), &then.cost) {
        (_, None) => "DigitalOcean names no cost".to_owned(),
        (None, Some(then)) => format!("{then} USD a month"),
        (Some(now), Some(then)) if same_amount(now, then) => {
            format!("{then} USD a month, as before")
        }
        (Some(now), Some(then)) => {
            besides.push(format!("The cost changes from {now} to {then} USD a month."));
            format!("{then} USD a month instead of {now}")
        }
    };
    if let Some((now, then)) = now.and_then(|now| now.spec).zip(then.spec) {
        besides.extend(not_ours(&difference(before, after), &difference(&now, &then)));
    }
    Ok(Proposal { cost, besides })
}

/// `5` and `5.00` are the same.
fn same_amount(one: &str, other: &str) -> bool {
    match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(one), Ok(other)) => (one - other).abs() < 0.005,
        _ => one == other, // no numbers: compared as they stand
    }
}

/// What the account would change beyond what was asked for.
fn not_ours(asked: &Difference, proposed: &Difference) -> Option<String> {
    let mut more: Vec<String> = proposed
        .variables
        .iter()
        .filter(|place| !asked.variables.contains(place))
        .map(named)
        .collect();
    if proposed.elsewhere && !asked.elsewhere {
        more.push("settings other than variables".to_owned());
    }
    (!more.is_empty())
        .then(|| format!("DigitalOcean would change more than was asked for: {}.", more.join(", ")))
}

async fn read(client: &Client, app: &AppId) -> Result<Running, Problem> {
    client.app(app).await.map_err(|err| account::problem(&err))
}

/// The API has no way to guard against two writers, so the app is read again right before it is written.
async fn update(
    client: &Client,
    app: &AppId,
    before: &Spec,
    after: &Spec,
    timing: &Timing,
    notes: &Notes,
) -> Result<Msg, Problem> {
    let now = read(client, app).await?;
    if now.app.spec != *before {
        let problem = changed_elsewhere(&now, &difference(before, &now.app.spec));
        notes.note(Msg::Reread(Box::new(now.app))).await;
        return Err(problem);
    }
    put(client, &now, after, timing, notes).await.map(Msg::Updated)
}

/// Sends the settings, reads them back, and finds the deployment that this started.
async fn put(
    client: &Client,
    now: &Running,
    wanted: &Spec,
    timing: &Timing,
    notes: &Notes,
) -> Result<Started, Problem> {
    let app = &now.app.id;
    let lost = match client.update_app(app, wanted).await {
        Ok(_) => None,
        Err(err) if err.outcome_unknown() => Some(err),
        Err(err) => return Err(account::problem(&err)),
    };
    let got = client.app(app).await.map_err(|err| account::problem(&err).outcome_unknown())?;
    notes.note(Msg::Reread(Box::new(got.app.clone()))).await;
    if !arrived(&now.app.spec, wanted, &got.app.spec) {
        return Err(match lost {
            Some(err) if got.app.spec == now.app.spec => {
                let mut problem = account::problem(&err);
                problem.why.push_str(" The app was read again: nothing was changed.");
                problem.outcome_unknown = false;
                problem
            }
            Some(_) | None => not_taken(&got).outcome_unknown(),
        });
    }
    // The settings are in: whatever goes wrong from here on, they can be put back.
    let deployment =
        new_deployment(client, now, got, timing).await.map_err(Problem::outcome_unknown)?;
    Ok(Started { app: app.clone(), deployment })
}

/// The deployment that was not there before.
async fn new_deployment(
    client: &Client,
    before: &Running,
    mut now: Running,
    timing: &Timing,
) -> Result<String, Problem> {
    let known: Vec<&str> = before.deployments().collect();
    let is_new = |id: &&str| !known.contains(id);
    for look in 0..LOOKS {
        if 0 < look {
            tokio::time::sleep(timing.again).await;
            now = read(client, &before.app.id).await?;
        }
        let under_way = [now.pending.as_deref(), now.in_progress.as_deref()];
        if let Some(id) = under_way.into_iter().flatten().find(is_new) {
            return Ok(id.to_owned());
        }
        // It may be over already.
        let list = deployments(client, &before.app.id).await?;
        if let Some(id) = list.first().map(|newest| newest.id.as_str()).filter(is_new) {
            return Ok(id.to_owned());
        }
    }
    let name = &before.app.name;
    Err(Problem::new(
        "no deployment",
        format!("{name} has its new settings, but no deployment started."),
        "Settings take effect with a deployment; DigitalOcean usually starts one by itself.",
    )
    .fix("Open the app's page", Fix::Open(app_page(&before.app.id)))
    .hint("Start a deployment there"))
}

async fn deployments(client: &Client, app: &AppId) -> Result<Vec<Deployment>, Problem> {
    client.deployments(app).await.map_err(|err| account::problem(&err))
}

/// How an app is looked at while a deployment of it runs.
struct Looks<'a> {
    client: &'a Client,
    app: &'a AppId,
    every: Duration,
    /// For what the log says.
    mask: &'a Mask,
    notes: &'a Notes,
}

/// Follows a deployment to its end, or the newer one that took its place; gives the one that serves.
async fn watch(looks: &Looks<'_>, deployment: String) -> Result<String, Problem> {
    let (tell, told) = tokio::sync::watch::channel(None);
    tokio::select! {
        ended = follow(looks, deployment, &tell) => ended,
        never = log::along(looks, told) => match never {},
    }
}

async fn follow(
    looks: &Looks<'_>,
    mut deployment: String,
    tell: &tokio::sync::watch::Sender<Option<log::Page>>,
) -> Result<String, Problem> {
    let Looks { client, app, every, notes, .. } = *looks;
    let began = Instant::now();
    let mut blips = 0;
    while began.elapsed() < LONGEST {
        match client.deployment(app, &deployment).await {
            Ok(seen) => {
                blips = 0;
                notes.note(Msg::Phase(seen.phase.clone())).await;
                tell.send_replace(log::Page::of(&seen));
                match seen.phase.as_str() {
                    "ACTIVE" => return Ok(deployment),
                    "SUPERSEDED" => deployment = newer(client, app, deployment).await?,
                    "ERROR" => {
                        let problem = not_started(client, app, &seen).await;
                        return Err(log::last_words(looks, &seen, problem).await);
                    }
                    "CANCELED" => return Err(stopped(app)),
                    _ => {} // on its way, also under a name that is new to us
                }
            }
            Err(err) if err.passing() && blips < BLIPS => blips += 1,
            Err(err) => return Err(account::problem(&err)),
        }
        tokio::time::sleep(every).await;
    }
    Err(Problem::new(
        "time-out",
        "The deployment did not end within 90 min.",
        "Builds and jobs have shorter limits at DigitalOcean.",
    )
    .fix("Open the app's page", Fix::Open(app_page(app))))
}

async fn newer(client: &Client, app: &AppId, superseded: String) -> Result<String, Problem> {
    let list = deployments(client, app).await?;
    Ok(list.into_iter().next().map_or(superseded, |newest| newest.id))
}

/// Puts earlier settings back over those that we sent and waits until they serve, unless somebody else's change would
/// be lost.
pub(super) async fn restore(
    client: &Client,
    app: &AppId,
    earlier: &Spec,
    sent: &Spec,
    timing: &Timing,
    notes: &Notes,
) -> Result<(), Problem> {
    let now = read(client, app).await?;
    if now.app.spec == *earlier {
        return Ok(());
    }
    let foreign = foreign_changes(sent, &now.app.spec);
    if foreign != Difference::default() {
        return Err(changed_since(&now, &foreign));
    }
    let started = put(client, &now, earlier, timing, notes).await?;
    let mask = &Mask::of(&[]);
    let looks = Looks { client, app, every: timing.again * 5, mask, notes };
    watch(&looks, started.deployment).await.map(drop)
}

/// Looks at the server until the app's connections come through the pool. `None` where that can't be seen; the
/// deployment is active all the same.
async fn arrive(
    direct: &Target,
    pooler: Option<&str>,
    patience: Duration,
    world: &World,
    notes: &Notes,
) -> Option<u32> {
    let pooler = pooler?;
    let seen = async {
        let mut watch = slot::watch(direct, patience, &world.timing, |_, _| ()).await?;
        let seen = arrive::pooled_backends(&mut watch, pooler, patience, &world.timing).await;
        watch.close().await;
        seen.map_err(|err| slot::problem(&err))
    };
    match seen.await {
        Ok(seen) => seen,
        Err(problem) => {
            notes.note(Msg::Phase(format!("not verified: {}", problem.what))).await;
            None
        }
    }
}

pub(super) fn changed_elsewhere(now: &Running, difference: &Difference) -> Problem {
    Problem::new(
        "changed elsewhere",
        format!("{} was changed while you were reading.", now.app.name),
        format!("{} Nothing was sent.", what_changed(now, difference)),
    )
    .hint("Look at the new plan below")
    .fix("Switch with the new settings", Fix::TryAgain)
}

pub(super) fn changed_since(now: &Running, foreign: &Difference) -> Problem {
    Problem::new(
        "changed since",
        format!("The earlier settings of {} were not put back.", now.app.name),
        format!(
            "{} Putting all settings back would undo that. Nothing was sent.",
            what_changed(now, foreign)
        ),
    )
    .fix("Open the app's page", Fix::Open(app_page(&now.app.id)))
    .hint("Set the variables there by hand")
}

/// Names and times, never values.
fn what_changed(now: &Running, difference: &Difference) -> String {
    let mut what: Vec<String> = difference.variables.iter().map(named).collect();
    if difference.elsewhere {
        what.push("settings other than variables".to_owned());
    }
    let at = match now.app.updated_at {
        Some(at) => {
            let here = at.to_zoned(jiff::tz::TimeZone::system());
            format!(" at {} (your time)", here.strftime("%H:%M"))
        }
        None => String::new(),
    };
    if what.is_empty() {
        return format!("The order of its settings changed{at}.");
    }
    format!("Changed{at}: {}.", what.join(", "))
}

fn named(place: &Place) -> String {
    match &place.component {
        Some(component) => format!("{} of {component}", place.key),
        None => place.key.clone(),
    }
}

pub(super) fn not_taken(got: &Running) -> Problem {
    Problem::new(
        "not taken over",
        format!("{} does not have the settings that were sent.", got.app.name),
        "The app was read again, and the variables are not as they were sent. Most likely: somebody else changed it at the same moment.",
    )
    .fix("Open the app's page", Fix::Open(app_page(&got.app.id)))
}

/// Says that the previous deployment serves only where the account says so.
async fn not_started(client: &Client, app: &AppId, failed: &Deployment) -> Problem {
    let now = client.app(app).await.ok();
    let name = now.as_ref().map_or("the app", |now| now.app.name.as_str());
    let serves = now.as_ref().and_then(|now| now.app.active_deployment.as_ref());
    let mut why = failed.broken.as_ref().map_or_else(String::new, broken);
    if serves.is_some_and(|serving| *serving != failed.id) {
        why.push_str(" The previous deployment still serves.");
    }
    deployment_failed(app, name, why.trim_start(), &failed.id)
}

pub(super) fn deployment_failed(app: &AppId, name: &str, why: &str, deployment: &str) -> Problem {
    Problem::new("deployment failed", format!("The new deployment of {name} did not start."), why)
        .fix("Restore the previous settings", Fix::RestoreApp)
        .fix(
            "Open the deployment's log",
            Fix::Open(format!("{}/deployments/{deployment}", app_page(app))),
        )
        .detail(format!("deployment {deployment}"))
}

pub(super) fn broken(step: &BrokenStep) -> String {
    let component =
        step.component.as_ref().map_or_else(String::new, |component| format!("{component}: "));
    match &step.reason {
        Some(reason) => format!("{component}{}: “{reason}”.", step.step),
        None => format!("{component}{} ended in an error.", step.step),
    }
}

pub(super) fn stopped(app: &AppId) -> Problem {
    Problem::new(
        "deployment canceled",
        "The deployment was stopped before it served.",
        "Somebody stopped it, or DigitalOcean did. The app keeps its new settings until the next deployment.",
    )
    .fix("Restore the previous settings", Fix::RestoreApp)
    .fix("Open the app's page", Fix::Open(app_page(app)))
}

fn app_page(app: &AppId) -> String {
    format!("https://cloud.digitalocean.com/apps/{}", app.0)
}
