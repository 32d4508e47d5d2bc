//! Step 9: status and deploy of a Prisma folder, over a connection that proved itself direct.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    domain::{
        diagnosis::{Place, explain},
        migration::{Applied, Script},
        problem::{Fix, Problem},
        stages::Port,
    },
    effects::{Notes, World},
    postgres::{
        migrate::{self, MigrateError, Progress, ScriptError},
        stages,
        wire::{Wire, WireError},
    },
    project::migrations::{self, FolderError},
    setup::steps::{
        measure::Target,
        migrations::{Effect, Msg},
    },
};

pub(super) async fn run(effect: Effect, world: &World, notes: &Notes) -> Result<Msg, Problem> {
    match effect {
        Effect::Status { direct, folder, patience } => {
            let scripts = read(folder).await?;
            let mut wire = connect(&direct, patience, world).await?;
            let status = migrate::status(&mut wire, &scripts, schema(&direct)).await;
            wire.close().await;
            status
                .map(|status| Msg::Status(Box::new(status)))
                .map_err(|err| wire_problem(err, &direct))
        }
        Effect::Deploy { direct, folder, patience } => {
            let scripts = read(folder).await?;
            let mut wire = connect(&direct, patience, world).await?;
            let mut telling = Telling { notes };
            let deployed =
                migrate::deploy(&mut wire, &scripts, schema(&direct), &mut telling).await;
            // Ends the session, and with it the lock.
            wire.close().await;
            deployed
                .map(|status| Msg::Deployed(Box::new(status)))
                .map_err(|err| problem(err, &direct))
        }
    }
}

struct Telling<'a> {
    notes: &'a Notes,
}

impl Progress for Telling<'_> {
    fn statement(&mut self, name: &str, finished: u32) {
        self.notes.try_note(Msg::Running(name.to_owned(), finished));
    }

    async fn applied(&mut self, applied: Applied) {
        self.notes.note(Msg::Applied(Box::new(applied))).await;
    }
}

async fn read(folder: PathBuf) -> Result<Vec<Script>, Problem> {
    let read = tokio::task::spawn_blocking(move || migrations::read(&folder)).await;
    match read {
        Ok(scripts) => scripts.map_err(|err| folder_problem(&err)),
        Err(err) => Err(Problem::new("internal", "Reading the migrations folder broke off.", "")
            .detail(err.to_string())),
    }
}

/// Prisma's `schema=` parameter; without it the default.
fn schema(direct: &Target) -> &str {
    direct
        .url
        .parameters
        .iter()
        .find(|(key, _)| key == "schema")
        .map_or("public", |(_, value)| value.as_str())
}

/// Waits for a slot of a full database as long as `patience`.
async fn connect(direct: &Target, patience: Duration, world: &World) -> Result<Wire, Problem> {
    let began = Instant::now();
    loop {
        match stages::direct(&direct.url, direct.ca.as_deref(), &world.timing).await {
            Err(problem) if problem.code == "53300" && began.elapsed() < patience => {}
            ended => return ended,
        }
        tokio::time::sleep(world.timing.again / 4).await;
    }
}

fn wire_problem(err: WireError, direct: &Target) -> Problem {
    let url = &direct.url;
    let place = Place {
        port: Port::Direct,
        host: &url.host,
        number: url.port,
        user: &url.user,
        database: &url.database,
    };
    explain(&stages::symptom(err), place)
}

fn problem(err: MigrateError, direct: &Target) -> Problem {
    match err {
        MigrateError::Locked { holder } => Problem::new(
            "P1002",
            "Another deploy holds the migration lock.",
            holder.map_or_else(
                || "It was waited for 10 s. Who holds it is hidden from this role.".to_owned(),
                |holder| format!("It was waited for 10 s. It is held by {holder}."),
            ),
        )
        .fix("Try again", Fix::TryAgain)
        .hint("Where no deploy runs, a pooled connection leaked the lock: end that connection"),
        MigrateError::NotEmpty => Problem::new(
            "P3005",
            "The database has tables, but no migration history.",
            "Without a baseline the first migration would try to create what is there already.",
        )
        .hint("Mark the migrations that the tables came from as applied: prisma migrate resolve --applied NAME"),
        MigrateError::Failed(names) => Problem::new(
            "P3009",
            format!("Migration {} did not finish earlier.", names.join(", ")),
            "Nothing new is applied while it is unclear what of it was done.",
        )
        .hint("Look at the database, then mark it: prisma migrate resolve --rolled-back NAME or --applied NAME"),
        MigrateError::Script(error) => script_problem(&error),
        MigrateError::Wire(err) => wire_problem(err, direct).outcome_unknown(),
    }
}

fn script_problem(error: &ScriptError) -> Problem {
    let ScriptError { name, said, place, left_open } = error;
    let what = match place {
        Some((line, column)) => {
            format!("Migration {name} was refused at line {line}, column {column}.")
        }
        None => format!("Migration {name} was refused."),
    };
    let kept = if *left_open {
        "It ended inside a transaction of its own; nothing of it was kept."
    } else {
        "The script was undone as a whole, unless it has a COMMIT of its own."
    };
    let mut problem = Problem::new("P3018", what, format!("“{}”. {kept}", said.message))
        .hint("Correct the cause, mark it with prisma migrate resolve --rolled-back, then apply again")
        .detail(format!("PostgreSQL says: {} {}", said.sqlstate, said.message));
    for more in [&said.detail, &said.hint].into_iter().flatten() {
        problem = problem.detail(more.clone());
    }
    problem
}

fn folder_problem(err: &FolderError) -> Problem {
    let shown = |path: &Path| path.display().to_string();
    match err {
        FolderError::NoScript(path) => Problem::new(
            "P3015",
            format!("{} has no migration.sql.", shown(path)),
            "Prisma stops at such a folder; nothing was applied.",
        )
        .hint("Restore the file or delete the folder"),
        FolderError::Provider(provider) => Problem::new(
            "P3019",
            format!("migration_lock.toml names the provider {provider}, not postgresql."),
            "The folder was made for another kind of database.",
        )
        .hint("Choose the right migrations folder"),
        FolderError::Prisma8(path) => Problem::new(
            "Prisma 8",
            format!("{} was made by Prisma 8.", shown(path)),
            "Its history is kept in another way, which only its own tool writes.",
        )
        .hint("Run the project's own command with the direct URL"),
        FolderError::TooLarge(path) => Problem::new(
            "too large",
            format!("{} is larger than 100 MiB.", shown(path)),
            "It is not read into memory.",
        )
        .hint("Run the project's own command with the direct URL"),
        FolderError::Read { path, source } => Problem::new(
            "folder",
            format!("{} could not be read.", shown(path)),
            format!("{source}."),
        )
        .fix("Try again", Fix::TryAgain),
    }
}
