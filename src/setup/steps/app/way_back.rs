//! The app's earlier settings: kept with each switch, and put back.

use crate::{
    domain::record::{Record, Undo},
    setup::{
        Ctx, may_change_now,
        step::StepId,
        steps::app::{Effect, Phase, Sent, Step},
    },
};

impl Step {
    /// Our last change of an app can still be taken back here.
    pub fn restorable(record: &Record) -> bool {
        record
            .entries
            .iter()
            .any(|entry| !entry.undone && matches!(entry.undo, Undo::RestoreSpec { .. }))
    }

    pub(super) fn restore(&mut self, ctx: &mut Ctx<'_>) {
        if !matches!(self.phase, Phase::Idle | Phase::Failed(_)) {
            return;
        }
        let entries = ctx.record.entries.iter().enumerate().rev();
        let last = entries.filter(|(_, entry)| !entry.undone).find_map(|(at, entry)| {
            match &entry.undo {
                Undo::RestoreSpec { app, spec, sent } => {
                    let (app, spec, sent) = (app.clone(), (**spec).clone(), (**sent).clone());
                    Some((at, Effect::Restore { app, spec, sent }))
                }
                _ => None, // only an app's earlier spec can be put back here
            }
        });
        if let Err(problem) =
            may_change_now(ctx.facts, ctx.rules, "The app's settings were not restored.")
        {
            self.refuse(problem);
            return;
        }
        if let Some((at, effect)) = last {
            self.phase = Phase::Restoring(ctx.start(effect), at);
        }
    }

    pub(super) fn restored(&mut self, ctx: &mut Ctx<'_>) {
        let Phase::Restoring(_, at) = self.phase else { return };
        let Some(entry) = ctx.record.entries.get_mut(at) else { return };
        entry.undone = true;
        self.unfollowed = None;
        let Undo::RestoreSpec { app, .. } = &entry.undo else { return };
        let apps = ctx.facts.cluster.as_ref().map_or(&[][..], |cluster| &cluster.apps);
        let name = apps.iter().find(|known| known.id == *app).map(|app| app.name.clone());
        self.restored = Some(name.unwrap_or_else(|| "The app".to_owned()));
        ctx.facts.deployed = None;
        ctx.facts.switched_back();
        ctx.facts.changed(StepId::App);
        self.forget_deployment();
        self.phase = Phase::Idle;
    }
}

/// Keeps the earlier settings, so that they can be put back.
pub(super) fn record(ctx: &mut Ctx<'_>, what: String, sent: Sent) {
    let undo = Undo::RestoreSpec {
        app: sent.app,
        spec: Box::new(sent.before),
        sent: Box::new(sent.after),
    };
    ctx.did(what, undo);
}
