//! The switch counts when the app's connections are seen behind the pool, whoever made it.

use crate::{
    domain::{app_spec::AppId, record::Undo},
    setup::{
        Ctx,
        facts::Deployed,
        step::StepId,
        steps::{
            app::{Effect, Phase, Step},
            measure::direct_target,
        },
    },
};

impl Step {
    pub(super) fn active(
        &mut self,
        ctx: &mut Ctx<'_>,
        deployment: String,
        live_url: Option<String>,
    ) {
        let Phase::Watching(_, started) = std::mem::take(&mut self.phase) else { return };
        let app_name = self.app(ctx.facts).map(|app| app.name.clone()).unwrap_or_default();
        let deployed = Deployed {
            app: started.app,
            app_name,
            deployment: Some(deployment),
            changes: std::mem::take(&mut self.changes),
            active_at: ctx.now,
            arrived: None,
            live_url,
        };
        self.prove(ctx, deployed);
    }

    /// Changed in the panel, or restarted on another host: what we can see of it is the same.
    pub(super) fn restarted(&mut self, ctx: &mut Ctx<'_>, name: String) {
        if self.working() || ctx.facts.pool.is_none() {
            return;
        }
        let name = if name.trim().is_empty() { "the app".to_owned() } else { name };
        let app = self.app(ctx.facts).filter(|app| app.name == name);
        let deployed = Deployed {
            app: app.map_or_else(|| AppId(String::new()), |app| app.id.clone()),
            live_url: app.and_then(|app| app.live_url.clone()),
            app_name: name,
            deployment: None,
            changes: Vec::new(),
            active_at: ctx.now,
            arrived: None,
        };
        ctx.facts.activity.switch_began_at = Some(ctx.now);
        ctx.facts.skipped.retain(|step| *step != StepId::App);
        let what = format!("{} went over to the pool by hand", deployed.app_name);
        let why = "it was changed by hand: give it its earlier URL and restart it".to_owned();
        ctx.did(what, Undo::Impossible(why));
        self.prove(ctx, deployed);
    }

    /// Looks for the app's connections behind the pool.
    fn prove(&mut self, ctx: &mut Ctx<'_>, deployed: Deployed) {
        match direct_target(ctx.facts) {
            Ok(direct) => {
                let pooler =
                    ctx.facts.tested.as_ref().and_then(|tested| tested.pooler_address.clone());
                let effect = Effect::Arrive { direct, pooler, patience: ctx.rules.slot_patience };
                self.phase = Phase::Arriving(ctx.start(effect), deployed);
            }
            Err(_) => self.established(ctx, deployed), // without the password nothing can be looked at
        }
    }

    pub(super) fn look_again(&mut self, ctx: &mut Ctx<'_>) {
        if !self.working()
            && let Some(deployed) = ctx.facts.deployed.clone()
        {
            self.prove(ctx, deployed);
        }
    }

    pub(super) fn arrived(&mut self, ctx: &mut Ctx<'_>, arrived: Option<u32>) {
        let Phase::Arriving(_, deployed) = std::mem::take(&mut self.phase) else { return };
        self.established(ctx, Deployed { arrived, ..deployed });
    }

    pub(super) fn established(&mut self, ctx: &mut Ctx<'_>, deployed: Deployed) {
        // Looking once more does not move the moment of the switch.
        if ctx.facts.deployed.as_ref().is_none_or(|old| old.active_at != deployed.active_at) {
            ctx.facts.activity.switched_at = Some(ctx.now);
        }
        ctx.facts.review.retain(|step| *step != StepId::App);
        ctx.facts.deployed = Some(deployed);
        self.phase = Phase::Idle;
    }
}
