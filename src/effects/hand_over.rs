//! Step 12: writes the runbook and takes changes back.

mod stand;

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    domain::{figures::count, problem::Problem, record::Undo, secret::Secret},
    effects::{
        Notes, World,
        access::{self, Desk},
        account, app, files, pool, project,
    },
    setup::{
        facts::WrittenFile,
        steps::hand_over::{Effect, Msg},
    },
};

pub(super) async fn run(
    effect: Effect,
    token: Option<Secret>,
    world: &World,
    notes: &Notes,
) -> Result<Msg, Problem> {
    match effect {
        Effect::Write(files) => write(files, world).await.map(Msg::Written),
        Effect::Open(file) => project::open(&file).await.map(|()| Msg::Opened),
        Effect::Look(entries) => {
            Ok(Msg::Looked(stand::look(entries, token.as_ref(), world, notes).await))
        }
        Effect::Undo(undo) => take_back(undo, token, world, notes).await.map(|()| Msg::Undone),
        Effect::DeletePool { cluster, pool, from } => {
            let client = account::client(token.as_ref(), world, notes)?;
            pool::delete(&client, &cluster, &pool, from.as_deref(), &world.timing).await?;
            Ok(Msg::Undone)
        }
        Effect::DeleteUnchecked { cluster, pool } => {
            let client = account::client(token.as_ref(), world, notes)?;
            pool::delete_unchecked(&client, &cluster, &pool, &world.timing).await?;
            Ok(Msg::Undone)
        }
    }
}

/// All stand in one folder.
async fn write(files: Vec<(PathBuf, String)>, world: &World) -> Result<Vec<WrittenFile>, Problem> {
    let mut root = PathBuf::new();
    let mut writes = Vec::new();
    for (file, text) in files {
        let before = match tokio::fs::read_to_string(&file).await {
            Ok(text) => Some(Secret::new(text)),
            Err(err) if err.kind() == io::ErrorKind::NotFound => None,
            Err(err) => return Err(unreadable(&file, &err)),
        };
        file.parent().unwrap_or(Path::new("")).clone_into(&mut root);
        let what = count(text.lines().count(), "line", "lines");
        writes.push(files::Write { file, before, after: Secret::new(text), what });
    }
    files::write(&root, writes, world).await
}

fn unreadable(file: &Path, err: &io::Error) -> Problem {
    Problem::new(
        "runbook",
        format!("{} was not written.", file.display()),
        format!(
            "What stands there now could not be read, and nothing is written over it unread: {err}."
        ),
    )
    .hint("Choose another name for the runbook")
}

async fn take_back(
    undo: Undo,
    token: Option<Secret>,
    world: &World,
    notes: &Notes,
) -> Result<(), Problem> {
    let client = || account::client(token.as_ref(), world, notes);
    match undo {
        Undo::DeletePool { cluster, pool } => {
            pool::delete(&client()?, &cluster, &pool, None, &world.timing).await
        }
        Undo::RestorePool { cluster, earlier, sent } => {
            pool::restore(&client()?, &cluster, &earlier, &sent, &world.timing).await
        }
        Undo::RestoreFile { file, backup, ours, keys } => {
            files::restore(file, backup, ours, keys).await
        }
        Undo::RestoreSpec { app, spec, sent } => {
            // What it notes of the app is meant for step 10 and dropped on the way.
            app::restore(&client()?, &app, &spec, &sent, &world.timing, notes).await
        }
        Undo::RemoveLease { cluster, lease } => {
            let client = &client()?;
            access::remove(&Desk { client, notes }, &cluster, &lease).await.map(drop)
        }
        Undo::Impossible(why) => Err(Problem::new("undo", "This can't be taken back.", why)),
    }
}
