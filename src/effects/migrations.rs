//! Step 9: status, deploy and resolve, over a connection that proved itself direct.

mod flow;
pub(super) mod own;
pub mod place;
pub(super) mod told;

use std::{path::PathBuf, time::Duration};

use crate::{
    domain::{
        migration::{Applied, Warning},
        problem::Problem,
        secret::Secret,
    },
    effects::{Notes, World},
    setup::steps::{
        measure::Target,
        migrations::{Effect, Msg},
    },
};

pub use crate::postgres::migrate::{Progress, Running};
pub use flow::{Deployed, Job, Survey, deploy, resolve, survey};

pub(super) async fn run(
    effect: Effect,
    token: Option<Secret>,
    world: &World,
    notes: &Notes,
) -> Result<Msg, Problem> {
    let job = |direct: Target, folder: PathBuf, patience: Duration| Job {
        direct,
        folder,
        patience,
        create_database: false,
        timing: world.timing.clone(),
    };
    let mut news = News { notes };
    match effect {
        Effect::Own(effect) => Ok(Box::pin(own::run(effect, token, world, notes)).await),
        Effect::Status { direct, folder, patience } => {
            let status = flow::status(&job(direct, folder, patience)).await?;
            Ok(Msg::Status(Box::new(status)))
        }
        Effect::Deploy { direct, folder, patience } => {
            let job = job(direct, folder, patience);
            flow::deploy(&job, &mut news).await?;
            Ok(Msg::Deployed(Box::new(flow::status(&job).await?)))
        }
        Effect::Resolve { direct, folder, patience, how } => {
            let job = job(direct, folder, patience);
            flow::resolve(&job, &how, &mut news).await?;
            Ok(Msg::Resolved(how, Box::new(flow::status(&job).await?)))
        }
    }
}

/// Tells the window.
struct News<'a> {
    notes: &'a Notes,
}

impl Progress for News<'_> {
    fn waiting(&mut self, holder: Option<&str>) {
        self.notes.try_note(Msg::Waiting(
            holder.unwrap_or("held by a session that this role can't see").to_owned(),
        ));
    }

    fn news(&mut self, running: Running<'_>) {
        let finished = u32::try_from(running.finished).unwrap_or(u32::MAX);
        self.notes.try_note(Msg::Running(running.name.to_owned(), finished));
    }

    fn warn(&mut self, warning: Warning) {
        self.notes.try_note(Msg::Warned(warning));
    }

    async fn applied(&mut self, applied: Applied) {
        self.notes.note(Msg::Applied(Box::new(applied))).await;
    }
}
