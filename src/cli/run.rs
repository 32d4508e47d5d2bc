//! The two ways to run without a window: practice, and a team profile on a real account.

use std::{io::Read as _, sync::Arc};

use tokio::runtime::Handle;

use crate::{
    cli::{Exit, args, drive, report},
    domain::{cluster::Environment, problem::Problem, secret::Secret},
    effects::{self, World, runner::Runner},
    setup::{Rules, Setup, step::StepId, steps::sign_in::Keep},
};

/// Runs the whole set-up from a team profile.
pub async fn setup(args: &args::Setup) -> Exit {
    match prepare(args).await {
        Ok((mut setup, world)) => {
            let consent = consent(&args.changes);
            let how = How { json: args.json, proof: args.proof.clone() };
            let exit = run(&mut setup, world, &how, consent).await;
            closing(&setup, exit, args.json);
            exit
        }
        Err(problem) => {
            report::print_problem(&problem);
            Exit::Stopped
        }
    }
}

/// Reads profile and token; nothing is sent yet.
async fn prepare(args: &args::Setup) -> Result<(Setup, World), Problem> {
    let answers = effects::profile::load(&args.profile)?;
    let world = World::real()?;
    let production =
        answers.environment.is_none_or(|environment| environment == Environment::Production);
    let mut rules = Rules {
        dry_run: args.changes.dry_run,
        production_named: args.changes.production.clone(),
        loss_allowed: args.changes.allow_loss.clone(),
        ..Rules::default()
    };
    let mut skip_migrations = false;
    if production
        && !args.changes.migrate
        && !args.changes.dry_run
        && !answers.skip.contains(&StepId::Migrations)
    {
        skip_migrations = true;
    }
    if let Some(baseline) = args.baseline {
        let every = answers.sample_every.unwrap_or(rules.sample_every);
        rules.min_samples = usize::try_from(baseline.as_millis() / every.as_millis().max(1))
            .unwrap_or(usize::MAX)
            .max(1);
    }
    let samples = args.baseline.map(|_| rules.min_samples);
    let mut setup = Setup::new(rules);
    setup.answer(answers);
    if let Some(samples) = samples {
        setup.rules.min_samples = samples;
    }
    if skip_migrations {
        setup.facts.skipped.push(StepId::Migrations);
        report::print_error("migrations on production are left out; add --migrate to run them");
    }
    setup.steps.sign_in.remembered = Some(token(args.token_stdin, &world).await?);
    // A run without a person never writes to the keychain.
    setup.steps.sign_in.draft.keep = Keep::SessionOnly;
    Ok((setup, world))
}

/// From where the person said, else from where it is usual.
pub(super) async fn token(stdin: bool, world: &World) -> Result<Secret, Problem> {
    if stdin {
        let mut text = String::new();
        std::io::stdin().take(4096).read_to_string(&mut text).map_err(|err| {
            Problem::new(
                "token",
                "The token could not be read from standard input.",
                format!("{err}."),
            )
        })?;
        return Ok(Secret::new(text.trim()));
    }
    if let Ok(token) = std::env::var("DIGITALOCEAN_ACCESS_TOKEN") {
        return Ok(Secret::new(token.trim()));
    }
    effects::remembered_token(world).await.ok_or_else(|| {
        Problem::new(
            "token",
            "There is no token to sign in with.",
            "The keychain holds none, and DIGITALOCEAN_ACCESS_TOKEN is not set.",
        )
        .hint("Pass it with --token-stdin, or sign in once in the window")
    })
}

/// May a change be made? `--yes` says so beforehand, otherwise the person is asked.
fn consent(changes: &args::Changes) -> impl FnMut(StepId, &str) -> bool {
    let yes = changes.yes;
    move |_, label| yes || report::ask(&format!("{label}?")).unwrap_or(false)
}

/// How a run tells what it does, and what it does beside the twelve steps.
struct How {
    json: bool,
    proof: args::Proof,
}

async fn run(
    setup: &mut Setup,
    world: World,
    how: &How,
    mut consent: impl FnMut(StepId, &str) -> bool,
) -> Exit {
    let mut runner = Runner::new(world, Handle::current(), Arc::new(|| ()));
    let mut progress = report::Progress::new(how.json);
    let mut tell = |setup: &Setup, news: drive::News<'_>| progress.tell(setup, news);
    tokio::select! {
        exit = drive::drive(setup, &mut runner, &how.proof, &mut consent, &mut tell) => exit,
        () = told_to_stop() => {
            report::print_error("stopped; what was done before is in the table");
            Exit::Stopped
        }
    }
}

/// Ctrl-C, or the end of the session.
pub(super) async fn told_to_stop() {
    #[cfg(unix)]
    if let Ok(mut end) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = end.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        return;
    }
    // An error says that the signal can't be heard; then only the end of the run ends it.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn closing(setup: &Setup, exit: Exit, json: bool) {
    if json { report::print_json(setup, exit) } else { report::print_table(setup) }
}

/// Runs the whole set-up on the practice account and prints what came of it.
#[cfg(feature = "practice")]
pub async fn practice(args: &args::Practice) -> Exit {
    let started = std::time::Instant::now();
    let begun = tokio::select! {
        begun = begin_practice(&args.scenario, &args.crowd) => begun,
        () = told_to_stop() => return Exit::Stopped,
    };
    let (mut setup, world, practice) = match begun {
        Ok(begun) => begun,
        Err(problem) => {
            report::print_problem(&problem);
            return Exit::Stopped;
        }
    };
    setup.rules.dry_run = args.dry_run;
    let how = How { json: args.json, proof: args.proof.clone() };
    let exit = run(&mut setup, world, &how, |_, _| true).await;
    practice.stop().await;
    closing(&setup, exit, args.json);
    if !args.json {
        let took = started.elapsed();
        report::print_line(&format!(
            "Practice on this computer, {} s. Nothing of it is left.",
            took.as_secs()
        ));
    }
    exit
}

/// Starts the practice account and a set-up that is ready to sign in to it.
#[cfg(feature = "practice")]
pub async fn begin_practice(
    scenario: &str,
    crowd: &args::Crowd,
) -> Result<(Setup, World, crate::practice::Practice), Problem> {
    use std::{path::PathBuf, time::Duration};

    use crate::{
        practice::{Practice, account::Crowd, scenario::Scenario},
        setup::answers::Answers,
    };

    let scenario = Scenario::parse(scenario).ok_or_else(|| {
        Problem::new(
            "scenario",
            format!("There is no practice scenario “{scenario}”."),
            format!("Known: {}.", Scenario::names().join(", ")),
        )
    })?;
    let crowd = Crowd {
        clusters: crowd.clusters,
        apps: crowd.apps,
        delay: Duration::from_millis(crowd.delay),
    };
    let practice =
        Practice::start_in(scenario, crowd).await.map_err(|err| no_practice(&err, err.remedy()))?;
    let world = World::practice(
        practice.api_base().to_owned(),
        practice.address_services(),
        practice.data().to_owned(),
    );
    let mut setup = Setup::new(Rules::default());
    setup.answer(Answers {
        cluster: Some(practice.cluster_name().to_owned()),
        environment: Some(Environment::Practice),
        project: Some(PathBuf::from(practice.project())),
        app: Some(practice.app_name().to_owned()),
        // Long enough to see one of the app's busy waves, whenever the recording begins.
        samples: Some(160),
        sample_every: Some(Duration::from_millis(100)),
        poll_every: Some(Duration::from_millis(200)),
        ..Answers::default()
    });
    setup.steps.sign_in.remembered = Some(practice.token());
    setup.steps.sign_in.draft.keep = Keep::SessionOnly;
    Ok((setup, world, practice))
}

/// `remedy`: the command that brings what is missing.
#[cfg(feature = "practice")]
pub(crate) fn no_practice(
    err: &crate::practice::start_error::StartError,
    remedy: Option<String>,
) -> Problem {
    let mut problem = Problem::new("practice", "Practice could not be started.", format!("{err}."));
    let mut source = std::error::Error::source(err);
    while let Some(cause) = source {
        problem = problem.detail(cause.to_string());
        source = cause.source();
    }
    match remedy {
        Some(command) => {
            problem.fix(format!("Run {command}"), crate::domain::problem::Fix::Copy(command))
        }
        None => problem,
    }
}
