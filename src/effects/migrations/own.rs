//! Step 9, the project's own tool: what is found around its run, the proof that comes before it, the run, its stop.

use std::{path::PathBuf, time::Duration};

use tokio::sync::mpsc;

use crate::{
    domain::{
        cluster::ClusterId,
        migration::{
            surroundings::{Backup, LONG, Surroundings},
            tool::Found,
        },
        problem::{Fix, Problem},
        secret::Secret,
    },
    effects::{
        Notes, World, account, files,
        migrations::{flow, told},
    },
    postgres::{surroundings, wire::Wire},
    project::{
        command::{self, CommandError, Group, News, PATIENCE, Run},
        tools,
    },
    setup::steps::{
        measure::Target,
        migrations::{
            self,
            own::{Effect, Job, Look, Msg},
        },
    },
};

pub(super) async fn run(
    effect: Effect,
    token: Option<Secret>,
    world: &World,
    notes: &Notes,
) -> migrations::Msg {
    let msg = match effect {
        Effect::Look { root, keys, direct, cluster, patience } => {
            let (tools, surroundings, backup) = tokio::join!(
                find(root, keys),
                around(&direct, patience, world),
                backup(cluster, token, world, notes),
            );
            match tools {
                Ok(tools) => Msg::Looked(Box::new(Look { tools, surroundings, backup })),
                Err(problem) => Msg::Failed(problem),
            }
        }
        Effect::Run(job) => match Box::pin(migrate(*job, world, notes)).await {
            Ok(msg) => msg,
            Err(problem) => {
                tracing::info!(code = problem.code, what = problem.what, "stopped");
                Msg::Failed(problem)
            }
        },
        Effect::Stop { group } => {
            command::stop(Group(group), PATIENCE).await;
            Msg::Stopped
        }
    };
    migrations::Msg::Own(msg)
}

async fn find(root: PathBuf, keys: (String, String)) -> Result<Vec<Found>, Problem> {
    files::blocking(move || Ok(tools::find(&root, (&keys.0, &keys.1)))).await
}

async fn around(
    direct: &Target,
    patience: Duration,
    world: &World,
) -> Result<Surroundings, Problem> {
    let mut wire = proved(direct, patience, world).await?;
    let seen = surroundings::read(&mut wire, LONG).await;
    wire.close().await;
    seen.map_err(|err| told::wire(err, direct))
}

/// A connection proved direct by its process id, once a slot of the database is free.
async fn proved(direct: &Target, patience: Duration, world: &World) -> Result<Wire, Problem> {
    let job = flow::Job {
        direct: direct.clone(),
        folder: PathBuf::new(),
        patience,
        create_database: false,
        timing: world.timing.clone(),
    };
    flow::connect(&job).await
}

async fn backup(
    cluster: Option<ClusterId>,
    token: Option<Secret>,
    world: &World,
    notes: &Notes,
) -> Backup {
    let Some(cluster) = cluster else {
        return Backup::Unknown("No account is used here.".to_owned());
    };
    let client = match account::client(token.as_ref(), world, notes) {
        Ok(client) => client,
        Err(problem) => return Backup::Unknown(problem.what),
    };
    match client.latest_backup(&cluster).await {
        Ok(Some(at)) => Backup::Of(at),
        Ok(None) => Backup::None,
        Err(err) => Backup::Unknown(account::problem(&err).what),
    }
}

/// However lately it was tested: the URL proves itself direct right before the program gets it.
async fn migrate(job: Job, world: &World, notes: &Notes) -> Result<Msg, Problem> {
    proved(&job.direct, job.patience, world).await?.close().await;
    let (news, mut heard) = mpsc::channel(16);
    let run = command::run(
        Run {
            folder: &job.folder,
            command: &job.command,
            variables: &job.variables,
            settings: job.tool.settings(),
            direct: &job.direct.url,
            ca: job.direct.ca.as_deref(),
        },
        news,
    );
    let pass_on = async {
        while let Some(news) = heard.recv().await {
            let msg = match news {
                News::Started(group) => Msg::Started(group.0),
                News::Lines(lines) => Msg::Lines(lines),
            };
            notes.note(migrations::Msg::Own(msg)).await;
        }
    };
    let (ended, ()) = tokio::join!(run, pass_on);
    ended.map(Msg::Ended).map_err(|err| problem(&err))
}

pub(in crate::effects) fn problem(err: &CommandError) -> Problem {
    let source = |problem: Problem| match std::error::Error::source(err) {
        Some(source) => problem.detail(source.to_string()),
        None => problem,
    };
    match err {
        CommandError::Missing(program) => Problem::new(
            "no program",
            format!("There is no program {program} on this computer."),
            "It was looked for in the project's folder and in the folders that PATH names.",
        )
        .hint("Install it, or edit the command")
        .fix("Use the built-in runner", Fix::UseBuiltInRunner),
        CommandError::Start { program, .. } => {
            source(Problem::new("no start", format!("{program} could not be started."), ""))
                .hint("Look whether it may be run")
        }
        CommandError::Certificate(_) => source(Problem::new(
            "certificate",
            "The cluster's certificate could not be put into a file for the program.",
            "Nothing was run.",
        ))
        .fix("Try again", Fix::TryAgain),
        CommandError::Wait(_) => source(Problem::new(
            "no end",
            "The program's end could not be seen.",
            "It was asked to stop.",
        ))
        .outcome_unknown(),
    }
}
