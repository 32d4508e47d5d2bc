//! A switch that an earlier run of the program has sent, and whose end it did not see.

use crate::{
    domain::{app_spec::AppId, record::Undo},
    setup::{
        Ctx,
        steps::app::{Effect, Phase, Started, Step},
    },
};

/// The settings from before were in the memory of the run that ended.
const WAY_BACK: &str = "its earlier settings went with the run of the program that replaced them: roll back to the \
                        earlier deployment on the app's page";

impl Step {
    /// Looks for the deployment that came of the settings; `served` is the one from before.
    pub(in crate::setup) fn look_for(
        &mut self,
        ctx: &mut Ctx<'_>,
        app: AppId,
        served: Option<String>,
    ) {
        if !self.working() {
            self.phase = Phase::Finding(ctx.start(Effect::Newest { app, served }));
        }
    }

    pub(super) fn newest(&mut self, ctx: &mut Ctx<'_>, started: Option<Started>) {
        if !matches!(self.phase, Phase::Finding(_)) {
            return;
        }
        self.phase = Phase::Idle;
        let Some(started) = started else { return };
        let name = self.app(ctx.facts).map_or("The app", |app| app.name.as_str());
        let what = format!("{name} switched to the pool, deployment {}", started.deployment);
        ctx.did(what, Undo::Impossible(WAY_BACK.to_owned()));
        self.follow(ctx, started);
    }

    /// Follows a deployment that an earlier run began to follow.
    pub(in crate::setup) fn follow_on(&mut self, ctx: &mut Ctx<'_>, started: Started) {
        if !self.working() {
            self.follow(ctx, started);
        }
    }
}
