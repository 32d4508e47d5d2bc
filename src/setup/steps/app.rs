//! Step 10: the app's variables go over to the pool; one deployment, followed to its end.

use std::time::Duration;

use crate::{
    domain::{
        activity::Sample,
        app_spec::{self, App, AppId, BadSpec, Spec, SpecPlan, Switch},
        capacity::RESERVE,
        cluster::ClusterFacts,
        pool::Pool,
        problem::Problem,
        record::{Record, Undo},
        stages::Port,
    },
    setup::{
        Ctx, Rules,
        facts::{Deployed, Facts},
        may_change, may_change_now,
        step::{Primary, Standing, StepId},
        steps::{
            measure::{Target, direct_target},
            pool::sizing,
        },
        ticket::Ticket,
    },
};

#[derive(Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
    /// Phases of the deployment as they were seen, with the provider's word.
    pub seen: Vec<String>,
    /// What `propose` answered, for the person: the cost after the change, as the provider says it.
    pub proposal: Option<String>,
    /// The problem shown has ended a restore.
    restoring: bool,
}

#[derive(Debug, Default)]
pub struct Draft {
    pub app: Option<AppId>,
    /// An app's name from a team profile.
    pub wanted: Option<String>,
}

#[derive(Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    /// `propose` first: it changes nothing and tells cost and mistakes.
    Proposing(Ticket, Box<SpecPlan>),
    Updating(Ticket),
    Watching(Ticket, Started),
    Arriving(Ticket, Deployed),
    /// Which entry of the record is being taken back.
    Restoring(Ticket, usize),
    Failed(Problem),
    WouldChange(usize),
}

/// The deployment that our update started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    pub app: AppId,
    pub deployment: String,
}

#[derive(Debug, PartialEq)]
pub enum Effect {
    Propose {
        app: AppId,
        spec: Spec,
    },
    /// Reads the app again, refuses where it is not `before` any more, puts `after`, reads back.
    Update {
        app: AppId,
        before: Spec,
        after: Spec,
    },
    /// Looks until the deployment is over.
    Watch {
        app: AppId,
        deployment: String,
        every: Duration,
    },
    /// Looks at the server until the app's connections come through the pool.
    Arrive {
        direct: Target,
        pooler: Option<String>,
        patience: Duration,
    },
    Restore {
        app: AppId,
        spec: Spec,
    },
}

#[derive(Debug)]
pub enum Msg {
    Choose(AppId),
    Switch,
    Proposed(String),
    Updated(Started),
    /// The deployment's phase, in the provider's word.
    Phase(String),
    /// The deployment that serves now: ours, or a newer one that took its place.
    Active {
        deployment: String,
        live_url: Option<String>,
    },
    /// The app as the account has it now; what was read before no longer holds.
    Reread(Box<App>),
    /// Pooled backends seen; `None` where addresses are hidden from us or nobody could look.
    Arrived(Option<u32>),
    Restore,
    Restored,
    Stop,
    Failed(Problem),
}

/// What is to be changed in an app's settings.
pub fn switch(facts: &Facts) -> Option<Switch> {
    let cluster = facts.cluster.as_ref()?;
    let pool = facts.pool.as_ref()?;
    let keys = facts.urls.as_ref().map_or(("DATABASE_URL".to_owned(), None), |urls| {
        (urls.keys.0.clone(), Some(urls.keys.1.clone()))
    });
    Some(Switch {
        cluster_name: cluster.cluster.name.clone(),
        hosts: hosts(cluster, pool),
        pool: pool.name.clone(),
        pooled_key: keys.0,
        direct_key: keys.1,
        pooled_suffix: suffix(facts),
    })
}

/// Parameters this project's client needs behind the binding.
fn suffix(facts: &Facts) -> String {
    let Some(made) = facts.client_url(Port::Pooled) else { return String::new() };
    made.url
        .parameters
        .iter()
        // The binding ends with sslmode=require; what comes later counts.
        .filter(|(key, value)| (key.as_str(), value.as_str()) != ("sslmode", "require"))
        .map(|(key, value)| format!("&{key}={value}"))
        .collect()
}

/// Is there room while the old instances and those that use the pool run side by side?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// The most that was held by others than us before the switch: the old instances and what else connects.
    pub held: u32,
    pub pool: u32,
    pub reserve: u32,
    pub limit: u32,
}

impl Forecast {
    pub fn needed(self) -> u32 {
        self.held + self.pool + self.reserve
    }

    pub fn fits(self) -> bool {
        self.needed() <= self.limit
    }
}

/// `None` while nothing was recorded, or the limit is not known.
pub fn forecast(facts: &Facts) -> Option<Forecast> {
    let pool = facts.pool.as_ref()?;
    let held = facts.activity.before().into_iter().map(Sample::total_of_others).max()?;
    let limit = sizing(facts, pool.name.as_str())?.demand.limit;
    Some(Forecast { held, pool: pool.size, reserve: RESERVE, limit })
}

/// Every name and address under which the cluster and the pool are reached.
fn hosts(cluster: &ClusterFacts, pool: &Pool) -> Vec<String> {
    let others = [cluster.cluster.private.as_ref(), pool.public.as_ref(), pool.private.as_ref()];
    let mut hosts = vec![cluster.cluster.direct.host.clone()];
    for endpoint in others.into_iter().flatten() {
        if !hosts.contains(&endpoint.host) {
            hosts.push(endpoint.host.clone());
        }
    }
    hosts
}

impl Step {
    pub fn app<'a>(&self, facts: &'a Facts) -> Option<&'a App> {
        let apps = &facts.cluster.as_ref()?.apps;
        match (&self.draft.app, &self.draft.wanted) {
            (Some(id), _) => apps.iter().find(|app| app.id == *id),
            (None, Some(name)) => apps.iter().find(|app| app.name == *name),
            (None, None) => apps.first().filter(|_| apps.len() == 1),
        }
    }

    /// What would change in the app's spec.
    pub fn plan(&self, facts: &Facts) -> Option<Result<SpecPlan, BadSpec>> {
        let app = self.app(facts)?;
        Some(app_spec::plan(&app.spec, &switch(facts)?))
    }

    /// Our last change of an app can still be taken back here.
    pub fn restorable(record: &Record) -> bool {
        record
            .entries
            .iter()
            .any(|entry| !entry.undone && matches!(entry.undo, Undo::RestoreSpec { .. }))
    }

    pub fn primary(&self, facts: &Facts, rules: &Rules) -> Primary<Msg> {
        match &self.phase {
            Phase::Proposing(..) => {
                Primary::Working("Asking for the cost…".to_owned(), Some(Msg::Stop))
            }
            Phase::Updating(_) => Primary::Working("Sending the app's settings…".to_owned(), None),
            Phase::Watching(..) => {
                let seen = self.seen.last().map_or("waiting", String::as_str);
                Primary::Working(format!("Deploying: {seen}"), Some(Msg::Stop))
            }
            Phase::Arriving(..) => {
                Primary::Working("Waiting for the app's connections…".to_owned(), Some(Msg::Stop))
            }
            Phase::Restoring(..) => Primary::Working("Restoring the settings…".to_owned(), None),
            Phase::WouldChange(_) => Primary::Next,
            Phase::Idle | Phase::Failed(_) if facts.deployed.is_some() => Primary::Next,
            Phase::Idle | Phase::Failed(_) => self.offer(facts, rules),
        }
    }

    fn offer(&self, facts: &Facts, rules: &Rules) -> Primary<Msg> {
        let label = "Switch the app to the pool".to_owned();
        let Some(app) = self.app(facts) else {
            let apps = facts.cluster.as_ref().map_or(0, |cluster| cluster.apps.len());
            let why = match (&self.draft.wanted, apps) {
                (Some(name), _) => format!("No app named {name} uses this cluster."),
                (None, 0) => "No app of this account uses this cluster. Skip this step.".to_owned(),
                (None, _) => "Choose the app first.".to_owned(),
            };
            return Primary::Blocked(label, why);
        };
        let label = format!("Switch {} to the pool", app.name);
        match self.plan(facts) {
            None => Primary::Blocked(label, "Create the pool first.".to_owned()),
            Some(Err(err)) => Primary::Blocked(label, format!("{err}.")),
            Some(Ok(plan)) if plan.changes.is_empty() => {
                Primary::Blocked(label, "The app uses the pool already. Skip this step.".to_owned())
            }
            Some(Ok(_)) => match may_change(facts, rules) {
                Err(why) if !rules.dry_run => Primary::Blocked(label, why),
                Ok(()) | Err(_) => Primary::Act(label, Msg::Switch),
            },
        }
    }

    pub fn open(&mut self, _ctx: &mut Ctx<'_>) {}

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match msg {
            Msg::Choose(app) => self.draft.app = Some(app),
            Msg::Switch => self.switch(ctx),
            Msg::Proposed(cost) => self.proposed(ctx, cost),
            Msg::Updated(started) => self.updated(ctx, started),
            Msg::Phase(word) => {
                if self.seen.last() != Some(&word) {
                    self.seen.push(word);
                }
            }
            Msg::Active { deployment, live_url } => self.active(ctx, deployment, live_url),
            Msg::Reread(app) => {
                let apps = ctx.facts.cluster.iter_mut().flat_map(|facts| &mut facts.apps);
                if let Some(old) = apps.into_iter().find(|old| old.id == app.id) {
                    *old = *app;
                }
            }
            Msg::Arrived(arrived) => self.arrived(ctx, arrived),
            Msg::Restore => self.restore(ctx),
            Msg::Restored => self.restored(ctx),
            Msg::Stop => self.stop(ctx),
            Msg::Failed(problem) => self.failed(ctx, problem),
        }
    }

    fn switch(&mut self, ctx: &mut Ctx<'_>) {
        if !matches!(self.phase, Phase::Idle | Phase::Failed(_)) {
            return;
        }
        let Some((app, Ok(plan))) =
            self.app(ctx.facts).map(|app| app.id.clone()).zip(self.plan(ctx.facts))
        else {
            return;
        };
        if !ctx.rules.dry_run && may_change(ctx.facts, ctx.rules).is_err() {
            return;
        }
        self.seen.clear();
        let ticket = ctx.start(Effect::Propose { app, spec: plan.spec.clone() });
        self.phase = Phase::Proposing(ticket, Box::new(plan));
    }

    fn proposed(&mut self, ctx: &mut Ctx<'_>, cost: String) {
        let Phase::Proposing(_, plan) = std::mem::take(&mut self.phase) else { return };
        self.proposal = Some(cost);
        if ctx.rules.dry_run {
            self.phase = Phase::WouldChange(plan.changes.len());
            return;
        }
        let Some(app) = self.app(ctx.facts) else { return };
        let effect =
            Effect::Update { app: app.id.clone(), before: app.spec.clone(), after: plan.spec };
        ctx.facts.activity.switch_began_at = Some(ctx.now);
        self.phase = Phase::Updating(ctx.start(effect));
    }

    fn updated(&mut self, ctx: &mut Ctx<'_>, started: Started) {
        if !matches!(self.phase, Phase::Updating(_)) {
            return;
        }
        self.record(ctx, |name| {
            format!("{name} switched to the pool, deployment {}", started.deployment)
        });
        let effect = Effect::Watch {
            app: started.app.clone(),
            deployment: started.deployment.clone(),
            every: ctx.rules.poll_every,
        };
        self.phase = Phase::Watching(ctx.start(effect), started);
    }

    /// Keeps the earlier settings, so that they can be put back.
    fn record(&self, ctx: &mut Ctx<'_>, what: impl FnOnce(&str) -> String) {
        if let Some(app) = self.app(ctx.facts) {
            let undo = Undo::RestoreSpec { app: app.id.clone(), spec: Box::new(app.spec.clone()) };
            let what = what(&app.name);
            ctx.did(what, undo);
        }
    }

    fn failed(&mut self, ctx: &mut Ctx<'_>, problem: Problem) {
        if matches!(self.phase, Phase::Updating(_)) && problem.outcome_unknown {
            self.record(ctx, |name| format!("New settings of {name} sent; not confirmed"));
        }
        if ctx.facts.deployed.is_none() {
            ctx.facts.activity.switch_began_at = None;
            ctx.facts.activity.switched_at = None;
        }
        self.restoring = matches!(self.phase, Phase::Restoring(..));
        self.phase = Phase::Failed(problem);
    }

    /// What “Try again” does on the problem that is shown.
    pub(super) fn again(&self) -> Option<Msg> {
        (self.restoring && matches!(self.phase, Phase::Failed(_))).then_some(Msg::Restore)
    }

    fn active(&mut self, ctx: &mut Ctx<'_>, deployment: String, live_url: Option<String>) {
        let Phase::Watching(_, started) = std::mem::take(&mut self.phase) else { return };
        let app_name = self.app(ctx.facts).map(|app| app.name.clone()).unwrap_or_default();
        let deployed = Deployed {
            app: started.app,
            app_name,
            deployment,
            active_at: ctx.now,
            arrived: None,
            live_url,
        };
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

    fn arrived(&mut self, ctx: &mut Ctx<'_>, arrived: Option<u32>) {
        let Phase::Arriving(_, deployed) = std::mem::take(&mut self.phase) else { return };
        self.established(ctx, Deployed { arrived, ..deployed });
    }

    fn established(&mut self, ctx: &mut Ctx<'_>, deployed: Deployed) {
        ctx.facts.activity.switched_at = Some(ctx.now);
        ctx.facts.review.retain(|step| *step != StepId::App);
        ctx.facts.deployed = Some(deployed);
        self.phase = Phase::Idle;
    }

    fn restore(&mut self, ctx: &mut Ctx<'_>) {
        if !matches!(self.phase, Phase::Idle | Phase::Failed(_)) {
            return;
        }
        let entries = ctx.record.entries.iter().enumerate().rev();
        let last = entries.filter(|(_, entry)| !entry.undone).find_map(|(at, entry)| {
            match &entry.undo {
                Undo::RestoreSpec { app, spec } => Some((at, app.clone(), (**spec).clone())),
                _ => None, // only an app's earlier spec can be put back here
            }
        });
        if let Err(problem) =
            may_change_now(ctx.facts, ctx.rules, "The app's settings were not restored.")
        {
            self.phase = Phase::Failed(problem);
            return;
        }
        if let Some((at, app, spec)) = last {
            self.phase = Phase::Restoring(ctx.start(Effect::Restore { app, spec }), at);
        }
    }

    fn restored(&mut self, ctx: &mut Ctx<'_>) {
        if let Phase::Restoring(_, at) = self.phase
            && let Some(entry) = ctx.record.entries.get_mut(at)
        {
            entry.undone = true;
            ctx.facts.deployed = None;
            self.phase = Phase::Idle;
        }
    }

    fn stop(&mut self, ctx: &mut Ctx<'_>) {
        match &self.phase {
            // The deployment goes on at the provider; only our looking ends.
            Phase::Proposing(ticket, _)
            | Phase::Watching(ticket, _)
            | Phase::Arriving(ticket, _) => {
                ctx.cancel(*ticket);
                self.phase = Phase::Idle;
            }
            Phase::Idle
            | Phase::Updating(_)
            | Phase::Restoring(..)
            | Phase::Failed(_)
            | Phase::WouldChange(_) => {}
        }
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Proposing(..)
            | Phase::Updating(_)
            | Phase::Watching(..)
            | Phase::Arriving(..)
            | Phase::Restoring(..) => Standing::Working,
            Phase::Failed(_) => Standing::Stopped,
            Phase::WouldChange(_) => Standing::WouldChange,
            Phase::Idle => match &facts.deployed {
                Some(deployed) if deployed.arrived.is_some_and(|count| 0 < count) => Standing::Done,
                Some(_) => Standing::DoneNotVerified,
                None if self.app(facts).is_none() => Standing::NeedsYou,
                None => Standing::Ready,
            },
        }
    }

    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Failed(problem) => Some(problem),
            Phase::Idle
            | Phase::Proposing(..)
            | Phase::Updating(_)
            | Phase::Watching(..)
            | Phase::Arriving(..)
            | Phase::Restoring(..)
            | Phase::WouldChange(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{
        activity::{Activity, Holder, OURS},
        capacity::Limits,
    };

    fn forecast(held: u32) -> Forecast {
        Forecast { held, pool: 11, reserve: 3, limit: 22 }
    }

    #[test]
    fn old_instances_the_pool_and_the_reserve_share_the_limit() {
        assert!(forecast(8).fits());
        assert!(!forecast(9).fits());
        assert_eq!(forecast(9).needed(), 23);
    }

    #[test]
    fn without_a_pool_nothing_is_foretold() {
        let holder = |application: &str, count| Holder {
            application: application.to_owned(),
            user: "app".to_owned(),
            address: None,
            state: "idle".to_owned(),
            count,
            age: None,
        };
        let sample = Sample {
            at: Timestamp::UNIX_EPOCH,
            holders: vec![holder("web", 8), holder(OURS, 1)],
            commits: 0,
            refused: 0,
        };
        assert_eq!(sample.total_of_others(), 8);
        let limits = Limits { max_connections: 25, superuser_reserved: 3, reserved: 0 };
        let activity =
            Activity { limits: Some(limits), samples: vec![sample], ..Activity::default() };
        let facts = Facts { activity, ..Facts::default() };
        assert_eq!(super::forecast(&facts), None);
    }
}
