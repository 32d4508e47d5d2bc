//! Step 12: writes the runbook and takes changes back.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    domain::{problem::Problem, record::Undo, secret::Secret},
    effects::{
        Notes, World,
        access::{self, Desk},
        account, app, files, pool,
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
        Effect::Write { file, text } => write(file, text, world).await.map(Msg::Written),
        Effect::Undo(undo) => take_back(undo, token, world, notes).await.map(|()| Msg::Undone),
        Effect::DeleteUnchecked { cluster, pool } => {
            let client = account::client(token.as_ref(), world, notes)?;
            pool::delete_unchecked(&client, &cluster, &pool, &world.timing).await?;
            Ok(Msg::Undone)
        }
    }
}

async fn write(file: PathBuf, text: String, world: &World) -> Result<WrittenFile, Problem> {
    let before = match tokio::fs::read_to_string(&file).await {
        Ok(text) => Some(Secret::new(text)),
        Err(err) if err.kind() == io::ErrorKind::NotFound => None,
        Err(err) => return Err(unreadable(&file, &err)),
    };
    let root = file.parent().unwrap_or(Path::new("")).to_owned();
    let lines = text.lines().count();
    let write = files::Write {
        file: file.clone(),
        before,
        after: Secret::new(text),
        what: format!("{lines} lines"),
    };
    let written = files::write(&root, vec![write], world).await?;
    written
        .into_iter()
        .next()
        .ok_or_else(|| Problem::new("runbook", format!("{} was not written.", file.display()), ""))
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
            pool::delete(&client()?, &cluster, &pool, &world.timing).await
        }
        Undo::RestoreFile { file, backup, ours } => files::restore(file, backup, ours).await,
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
