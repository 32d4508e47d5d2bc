//! One line of figures per step, for the closing table: what was established, with its numbers.

use crate::{
    domain::{
        activity::{Holder, verdict::Side, who_holds},
        capacity::{Advice, Limits},
        stages::{Port, Tracking},
    },
    setup::{
        Setup,
        facts::Kept,
        step::{Standing, StepId},
        steps::{pool, verify},
    },
};

/// The figures of a step, empty where nothing was established.
pub fn figures(setup: &Setup, step: StepId) -> Vec<String> {
    match setup.standing(step) {
        Standing::Skipped => return vec!["left out".to_owned()],
        Standing::WouldChange => return would(setup, step),
        Standing::Stopped => {
            return setup.problem(step).map(|problem| problem.what.clone()).into_iter().collect();
        }
        Standing::NotStarted
        | Standing::Ready
        | Standing::NeedsYou
        | Standing::Working
        | Standing::Done
        | Standing::DoneNotVerified
        | Standing::NeedsReview => {}
    }
    match step {
        StepId::SignIn => sign_in(setup),
        StepId::Cluster => cluster(setup),
        StepId::Measure => measure(setup),
        StepId::Pool => pool_line(setup),
        StepId::Urls => urls(setup),
        StepId::Test => test(setup),
        StepId::Project => project(setup),
        StepId::EnvFiles => files(setup.facts.env_files.as_ref()),
        StepId::Migrations => migrations(setup),
        StepId::App => app(setup),
        StepId::Verify => verify(setup),
        StepId::HandOver => files(setup.facts.runbook.as_ref().map(std::slice::from_ref)),
    }
}

fn would(setup: &Setup, step: StepId) -> Vec<String> {
    use crate::setup::steps::{app, env_files, migrations, pool, project};
    let line = match step {
        StepId::Pool => match &setup.steps.pool.phase {
            pool::Phase::WouldChange(order) => {
                format!(
                    "would create {}: {} connections, {} mode",
                    order.name,
                    order.size,
                    order.mode.word()
                )
            }
            _ => String::new(), // only this phase stands for a change
        },
        StepId::Project => match &setup.steps.project.phase {
            project::Phase::WouldChange(count) => {
                format!("would change {}", many(*count, "file"))
            }
            _ => String::new(), // as above
        },
        StepId::EnvFiles => match &setup.steps.env_files.phase {
            env_files::Phase::WouldChange(count) => {
                format!("would write {}", many(*count, "file"))
            }
            _ => String::new(), // as above
        },
        StepId::Migrations => match &setup.steps.migrations.phase {
            migrations::Phase::WouldChange(count) => {
                match setup.steps.migrations.command(&setup.facts) {
                    Some(command) => format!("would run {command}"),
                    None => format!("would apply {}", many(*count, "migration")),
                }
            }
            _ => String::new(), // as above
        },
        StepId::App => match &setup.steps.app.phase {
            app::Phase::WouldChange(count) => {
                format!("would change {} and redeploy", many(*count, "variable"))
            }
            _ => String::new(), // as above
        },
        StepId::HandOver => "would write the runbook".to_owned(),
        StepId::SignIn
        | StepId::Cluster
        | StepId::Measure
        | StepId::Urls
        | StepId::Test
        | StepId::Verify => String::new(),
    };
    vec![line]
}

fn sign_in(setup: &Setup) -> Vec<String> {
    let Some(account) = &setup.facts.account else { return Vec::new() };
    let who = account
        .email
        .clone()
        .or_else(|| account.team.clone())
        .unwrap_or_else(|| "signed in".to_owned());
    let kept = match &account.kept {
        Kept::Keychain => "token in the keychain",
        Kept::Sealed => "token in an encrypted file",
        Kept::SessionOnly(_) => "token kept for this session only",
    };
    vec![format!("{who} · {kept}")]
}

fn cluster(setup: &Setup) -> Vec<String> {
    let Some(facts) = &setup.facts.cluster else { return Vec::new() };
    let cluster = &facts.cluster;
    vec![format!(
        "{} · PostgreSQL {} · {} · {} · {}",
        cluster.name,
        cluster.version,
        cluster.size,
        cluster.region,
        facts.environment.word()
    )]
}

fn measure(setup: &Setup) -> Vec<String> {
    let activity = &setup.facts.activity;
    let usable = activity.limits.map(Limits::usable);
    let before = activity.before();
    let peak = before.iter().map(|sample| sample.total()).max().unwrap_or(0);
    let refused: u32 = before.iter().map(|sample| sample.refused).sum();
    match usable {
        Some(usable) if !before.is_empty() => {
            vec![format!(
                "{} samples · peak {peak} of {usable} connections, ours included · {refused} refusals",
                before.len()
            )]
        }
        Some(_) | None => Vec::new(),
    }
}

fn pool_line(setup: &Setup) -> Vec<String> {
    let Some(pool) = &setup.facts.pool else { return Vec::new() };
    let sizing = pool::sizing(&setup.facts, pool.name.as_str());
    let suggested =
        sizing.map(|sizing| format!(" (suggested {})", sizing.suggested)).unwrap_or_default();
    vec![format!(
        "{}: {} connections{suggested}, {} mode, database {}, user {}",
        pool.name,
        pool.size,
        pool.mode.word(),
        pool.db,
        pool.user.as_deref().unwrap_or("inbound")
    )]
}

fn urls(setup: &Setup) -> Vec<String> {
    let Some(urls) = &setup.facts.urls else { return Vec::new() };
    vec![
        format!("{}  {}", urls.keys.0, urls.pooled.masked()),
        format!("{}  {}", urls.keys.1, urls.direct.masked()),
    ]
}

fn test(setup: &Setup) -> Vec<String> {
    let Some(tested) = &setup.facts.tested else { return Vec::new() };
    let mut lines: Vec<String> = Port::BOTH
        .into_iter()
        .map(|port| {
            let column = tested.ports.column(port);
            let passed = column
                .stages
                .iter()
                .filter(|stage| matches!(stage, crate::domain::stages::Outcome::Passed { .. }))
                .count();
            format!("{}: {passed} of {} stages passed", port.word(), column.stages.len())
        })
        .collect();
    if let Some(probe) = tested.probe {
        let mode = probe.mode.map_or("mode unclear", |mode| mode.word());
        let tracking = match probe.tracking {
            Tracking::Tracked => "prepared statements tracked",
            Tracking::NotTracked => "prepared statements not tracked",
            Tracking::Unknown => "prepared statements unclear",
        };
        lines.push(format!("probe: {mode} mode, {tracking}"));
    }
    lines
}

fn project(setup: &Setup) -> Vec<String> {
    let Some(project) = &setup.facts.project else { return Vec::new() };
    let changed = setup.facts.project_files.as_ref().map_or(0, Vec::len);
    vec![format!(
        "{} · {} changed · {}",
        project.client.title(),
        many(changed, "file"),
        many(project.findings.len(), "finding")
    )]
}

/// `1 file`, `2 files`.
fn many(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn files(files: Option<impl AsRef<[crate::setup::facts::WrittenFile]>>) -> Vec<String> {
    let Some(files) = files else { return Vec::new() };
    let lines: Vec<String> = files
        .as_ref()
        .iter()
        .map(|file| format!("{} written and read back, {}", file.file.display(), file.what))
        .collect();
    if lines.is_empty() { vec!["nothing to change".to_owned()] } else { lines }
}

fn migrations(setup: &Setup) -> Vec<String> {
    if let Some(run) = &setup.facts.tool_run {
        let read = if run.verified { "nothing is pending" } else { "what is pending was not read" };
        return vec![format!(
            "{} ended well over the direct connection, {} ms; {read}",
            run.command,
            run.took.as_millis()
        )];
    }
    let Some(applied) = &setup.facts.migrated else { return Vec::new() };
    let mut lines =
        vec![format!("{} applied over the direct connection", many(applied.len(), "migration"))];
    lines.extend(applied.iter().map(|applied| {
        let short: String = applied.row.checksum.chars().take(12).collect();
        let finished = if applied.row.finished_at.is_some() { "finished" } else { "not finished" };
        format!("{} · checksum {short} · {finished} · ledger row {}", applied.name, applied.row.id)
    }));
    lines
}

fn app(setup: &Setup) -> Vec<String> {
    let Some(deployed) = &setup.facts.deployed else { return Vec::new() };
    let arrived = match deployed.arrived {
        Some(count) => format!("{count} connections arrived through the pool"),
        None => "whether its connections come through the pool is hidden from this role".to_owned(),
    };
    let deployment = match &deployed.deployment {
        Some(deployment) => format!("deployment {deployment} ACTIVE"),
        None => "changed by hand".to_owned(),
    };
    vec![format!("{} · {deployment} · {arrived}", deployed.app_name)]
}

fn verify(setup: &Setup) -> Vec<String> {
    let Some(comparison) = &setup.facts.comparison else { return Vec::new() };
    let mut lines = vec![format!("{}: {}", comparison.verdict.word(), comparison.sentence())];
    lines.extend(comparison.traffic());
    let usable = setup.facts.activity.limits.map_or(0, Limits::usable);
    let side = |name: &str, side: &Side| {
        format!(
            "{name}: median {} and peak {} of {usable} connections · {} refusals · {:.0} transactions a second",
            side.median, side.peak, side.refused, side.per_second
        )
    };
    lines.extend(comparison.before.as_ref().map(|before| side("before", before)));
    lines.extend(comparison.after.as_ref().map(|after| side("after", after)));
    if let Some(pooled) = verify::pooled_peak(&setup.facts) {
        let size = setup.facts.pool.as_ref().map_or(0, |pool| pool.size);
        lines.push(format!("the app's server connections peaked at {pooled}, the pool has {size}"));
    }
    if let Some(requests) = &setup.facts.requests {
        let caused = requests.connections.map_or(String::new(), |(before, peak)| {
            format!(", server connections {before} → {peak}")
        });
        lines.push(format!(
            "{} of {} requests answered, p95 {} ms{caused}",
            requests.answered,
            requests.asked,
            requests.p95.as_millis()
        ));
    }
    lines.extend(setup.facts.loaded.as_ref().map(|loaded| format!("load: {}", loaded.sentence())));
    lines.extend(advice(setup));
    lines
}

fn advice(setup: &Setup) -> Option<String> {
    match verify::advice(&setup.facts, &setup.rules)? {
        Advice::Smaller { to, frees } => {
            Some(format!("next size: {to} would be enough and frees {frees} for other pools"))
        }
        Advice::Larger { to } => {
            Some(format!("next size: all were at work at once, {to} still fit"))
        }
        Advice::Fits => None,
    }
}

/// `97 are in use: shop-web 60, unnamed 3. `; empty where nobody was asked.
pub fn holders(holders: &[Holder]) -> String {
    if holders.is_empty() {
        return String::new();
    }
    let total: u32 = holders.iter().map(|holder| holder.count).sum();
    format!("{total} are in use: {}. ", who_holds(holders))
}
