//! Step 10: the app's variables go over to the pool; one deployment, followed to its end.

mod plan;
mod problems;
mod proof;
mod resumed;
mod way_back;

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    domain::{
        app_spec::{App, AppId, Spec, SpecChange},
        log::Tail,
        problem::{Fix, Problem},
        secret::Secret,
    },
    setup::{
        Ctx, Rules,
        facts::{Deployed, Facts, Grant},
        may_change,
        step::{Primary, Standing},
        steps::{measure::Target, pool::FORBIDDEN},
        ticket::Ticket,
    },
};

pub use self::{
    plan::{Forecast, Form, Migrations, NoPlan, Plan, forecast, plan, planner, sentence, switch},
    problems::under_way,
};

#[derive(Clone, Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
    /// Phases of the deployment as they were seen, with the provider's word.
    pub seen: Vec<String>,
    /// When each of them was seen first.
    pub seen_at: Vec<Timestamp>,
    /// What the component that is deployed has said last; after a failure, the one that failed.
    pub log: Option<Tail>,
    /// What `propose` answered, for the person: the cost after the change, as the provider says it.
    pub proposal: Option<Proposal>,
    /// The app's settings were put back; of which app.
    pub restored: Option<String>,
    /// A deployment of ours that nobody follows any more; how it ended is not known.
    unfollowed: Option<Started>,
    /// What the change was that is under way.
    changes: Vec<SpecChange>,
    /// The problem shown has ended a restore.
    restoring: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub app: Option<AppId>,
    /// An app's name from a team profile.
    pub wanted: Option<String>,
    pub form: Form,
    pub migrations: Migrations,
    /// Shows only apps that have this in their names.
    pub filter: String,
}

#[derive(Clone, Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    /// `propose` first: it changes nothing and tells cost and mistakes.
    Proposing(Ticket, Box<Plan>),
    /// The proposal came to more than our variables: the person is asked.
    Asking(Box<Plan>),
    /// The settings before and after, the latter as the account has them once they were read back.
    Updating(Ticket, Box<Sent>),
    /// An earlier run of the program has sent the settings: which deployment came of it?
    Finding(Ticket),
    Watching(Ticket, Started),
    Arriving(Ticket, Deployed),
    /// Which entry of the record is being taken back.
    Restoring(Ticket, usize),
    Failed(Problem),
    WouldChange(usize),
}

/// Settings that were replaced, and those that took their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub app: AppId,
    pub app_name: String,
    pub before: Spec,
    pub after: Spec,
}

/// What the account says before anything is changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// `12.00 USD a month, as before`
    pub cost: String,
    /// What comes with the change besides our variables, one sentence each.
    pub besides: Vec<String>,
}

impl From<&str> for Proposal {
    fn from(cost: &str) -> Self {
        Self { cost: cost.to_owned(), besides: Vec::new() }
    }
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
        before: Spec,
        after: Spec,
    },
    /// Reads the app again, refuses where it is not `before` any more, puts `after`, reads back.
    Update {
        app: AppId,
        before: Spec,
        after: Spec,
    },
    /// After a switch whose answer was lost: the newest deployment, unless it is the one that served before.
    Newest {
        app: AppId,
        served: Option<String>,
    },
    /// Looks until the deployment is over.
    Watch {
        app: AppId,
        deployment: String,
        every: Duration,
        /// What the log must not show, however it is spelt.
        secrets: Vec<Secret>,
    },
    /// Looks at the server until the app's connections come through the pool.
    Arrive {
        direct: Target,
        pooler: Option<String>,
        patience: Duration,
    },
    /// Puts `spec` back where the app still has what we `sent`.
    Restore {
        app: AppId,
        spec: Spec,
        sent: Spec,
    },
}

#[derive(Debug)]
pub enum Msg {
    Choose(AppId),
    Switch,
    Proposed(Proposal),
    /// Goes on with what was asked about.
    Confirm,
    Updated(Started),
    /// The deployment of a switch that an earlier run of the program has sent.
    Newest(Option<Started>),
    /// The deployment's phase, in the provider's word.
    Phase(String),
    /// The end of a component's log.
    Log(Tail),
    /// The deployment that serves now: ours, or a newer one that took its place.
    Active {
        deployment: String,
        live_url: Option<String>,
    },
    /// The app as the account has it now; what was read before no longer holds.
    Reread(Box<App>),
    /// An app that was changed or restarted by hand runs with the pooled URL now; its name, where it has one.
    Restarted(String),
    /// Pooled backends seen; `None` where addresses are hidden from us or nobody could look.
    Arrived(Option<u32>),
    LookAgain,
    /// Looks again at the deployment that was not followed to its end.
    Follow,
    Restore,
    Restored,
    Stop,
    Failed(Problem),
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

    /// What would change in the app's settings.
    pub fn plan(&self, facts: &Facts) -> Option<Result<Plan, NoPlan>> {
        Some(plan(self.app(facts)?, &self.draft, facts))
    }

    /// The token is known not to allow the change, so the person makes it in DigitalOcean's panel.
    pub fn by_hand(facts: &Facts) -> bool {
        facts.grant("app:update") == Grant::Lacks
    }

    /// The new deployment does not serve: the way back is what is offered first.
    fn asks_to_restore(&self) -> bool {
        self.problem().is_some_and(|problem| {
            problem.hints.iter().any(|hint| hint.fix == Some(Fix::RestoreApp))
        })
    }

    /// A deployment of ours whose end is not known.
    pub fn unfollowed(&self) -> Option<&Started> {
        self.unfollowed.as_ref()
    }

    /// What was asked or foretold was about the other choice.
    pub fn decide_migrations(&mut self, migrations: Migrations) {
        if self.draft.migrations != migrations && !self.working() {
            self.draft.migrations = migrations;
            if matches!(self.phase, Phase::Asking(_) | Phase::WouldChange(_)) {
                self.phase = Phase::Idle;
            }
        }
    }

    /// Something is being done to the app.
    pub fn working(&self) -> bool {
        match &self.phase {
            Phase::Proposing(..)
            | Phase::Updating(..)
            | Phase::Finding(_)
            | Phase::Watching(..)
            | Phase::Arriving(..)
            | Phase::Restoring(..) => true,
            Phase::Idle | Phase::Asking(_) | Phase::Failed(_) | Phase::WouldChange(_) => false,
        }
    }

    /// Says why nothing is changed now.
    pub(super) fn refuse(&mut self, problem: Problem) {
        self.restoring = false;
        self.phase = Phase::Failed(problem);
    }

    pub fn primary(&self, facts: &Facts, rules: &Rules) -> Primary<Msg> {
        match &self.phase {
            Phase::Proposing(..) => {
                Primary::Working("Asking for the cost…".to_owned(), Some(Msg::Stop))
            }
            Phase::Updating(..) => Primary::Working("Sending the app's settings…".to_owned(), None),
            Phase::Finding(_) => {
                Primary::Working("Looking for the deployment…".to_owned(), Some(Msg::Stop))
            }
            Phase::Watching(..) => {
                let seen = self.seen.last().map_or("waiting", String::as_str);
                let word = seen.to_lowercase().replace('_', " ");
                Primary::Working(format!("Deployment: {word}…"), Some(Msg::Stop))
            }
            Phase::Arriving(..) => {
                Primary::Working("Waiting for the app's connections…".to_owned(), Some(Msg::Stop))
            }
            Phase::Restoring(..) => {
                Primary::Working("Restoring the settings…".to_owned(), Some(Msg::Stop))
            }
            Phase::Asking(_) => {
                let name = self.app(facts).map_or("the app", |app| app.name.as_str());
                Primary::Act(format!("Switch {name} all the same"), Msg::Confirm)
            }
            Phase::WouldChange(_) => Primary::Next,
            Phase::Idle | Phase::Failed(_) if facts.deployed.is_some() => Primary::Next,
            Phase::Idle | Phase::Failed(_) => self.offer(facts, rules),
        }
    }

    fn offer(&self, facts: &Facts, rules: &Rules) -> Primary<Msg> {
        if self.asks_to_restore() {
            let name = self.app(facts).map_or("the app", |app| app.name.as_str());
            let label = format!("Restore the settings of {name}");
            return match may_change(facts, rules) {
                Ok(()) => Primary::Act(label, Msg::Restore),
                Err(why) => Primary::Blocked(label, why),
            };
        }
        if self.unfollowed.is_some() {
            return Primary::Act("Follow the deployment".to_owned(), Msg::Follow);
        }
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
        match plan(app, &self.draft, facts) {
            Err(err) => Primary::Blocked(label, plan::sentence(&err)),
            Ok(plan) if plan.changes.is_empty() => {
                Primary::Blocked(label, "The app uses the pool already. Skip this step.".to_owned())
            }
            Ok(_) if Self::by_hand(facts) => {
                let label = format!("I have changed {}", app.name);
                Primary::Act(label, Msg::Restarted(app.name.clone()))
            }
            Ok(_) => match may_change(facts, rules) {
                Err(why) if !rules.dry_run => Primary::Blocked(label, why),
                Ok(()) | Err(_) => Primary::Act(label, Msg::Switch),
            },
        }
    }

    pub fn open(&mut self, _ctx: &mut Ctx<'_>) {}

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match msg {
            Msg::Choose(app) => {
                self.draft.app = Some(app);
                self.draft.migrations = Migrations::default();
                if matches!(self.phase, Phase::Asking(_) | Phase::WouldChange(_)) {
                    self.phase = Phase::Idle;
                }
            }
            Msg::Switch => self.switch(ctx),
            Msg::Proposed(proposal) => self.proposed(ctx, proposal),
            Msg::Confirm => self.confirmed(ctx),
            Msg::Updated(started) => self.updated(ctx, started),
            Msg::Newest(started) => self.newest(ctx, started),
            Msg::Phase(word) => {
                if self.seen.last() != Some(&word) {
                    self.seen.push(word);
                    self.seen_at.push(ctx.now);
                }
            }
            Msg::Log(tail) => self.log = Some(tail),
            Msg::Active { deployment, live_url } => self.active(ctx, deployment, live_url),
            Msg::Reread(app) => self.reread(ctx, *app),
            Msg::Restarted(name) => self.restarted(ctx, name),
            Msg::Arrived(arrived) => self.arrived(ctx, arrived),
            Msg::LookAgain => self.look_again(ctx),
            Msg::Follow => {
                if !self.working()
                    && let Some(started) = self.unfollowed.take()
                {
                    self.follow(ctx, started);
                }
            }
            Msg::Restore => self.restore(ctx),
            Msg::Restored => self.restored(ctx),
            Msg::Stop => self.stop(ctx),
            Msg::Failed(problem) => self.failed(ctx, problem),
        }
    }

    fn switch(&mut self, ctx: &mut Ctx<'_>) {
        if !matches!(self.phase, Phase::Idle | Phase::Failed(_) | Phase::Asking(_)) {
            return;
        }
        let Some(app) = self.app(ctx.facts) else { return };
        let Ok(plan) = plan(app, &self.draft, ctx.facts) else { return };
        if plan.changes.is_empty()
            || (!ctx.rules.dry_run && may_change(ctx.facts, ctx.rules).is_err())
        {
            return;
        }
        let effect = Effect::Propose {
            app: app.id.clone(),
            before: app.spec.clone(),
            after: plan.spec.clone(),
        };
        self.forget_deployment();
        self.proposal = None;
        self.restored = None;
        self.unfollowed = None;
        self.phase = Phase::Proposing(ctx.start(effect), Box::new(plan));
    }

    fn forget_deployment(&mut self) {
        self.seen.clear();
        self.seen_at.clear();
        self.log = None;
    }

    fn proposed(&mut self, ctx: &mut Ctx<'_>, proposal: Proposal) {
        let Phase::Proposing(_, plan) = std::mem::take(&mut self.phase) else { return };
        let asks = !proposal.besides.is_empty();
        self.proposal = Some(proposal);
        if ctx.rules.dry_run {
            self.phase = Phase::WouldChange(plan.changes.len());
        } else if asks {
            self.phase = Phase::Asking(plan);
        } else {
            self.send(ctx, *plan);
        }
    }

    fn confirmed(&mut self, ctx: &mut Ctx<'_>) {
        if matches!(self.phase, Phase::Asking(_))
            && may_change(ctx.facts, ctx.rules).is_ok()
            && let Phase::Asking(plan) = std::mem::take(&mut self.phase)
        {
            self.send(ctx, *plan);
        }
    }

    fn send(&mut self, ctx: &mut Ctx<'_>, plan: Plan) {
        let Some(app) = self.app(ctx.facts) else { return };
        let sent = Sent {
            app: app.id.clone(),
            app_name: app.name.clone(),
            before: app.spec.clone(),
            after: plan.spec.clone(),
        };
        let effect =
            Effect::Update { app: sent.app.clone(), before: sent.before.clone(), after: plan.spec };
        self.changes = plan.changes;
        ctx.facts.activity.switch_began_at = Some(ctx.now);
        self.phase = Phase::Updating(ctx.start(effect), Box::new(sent));
    }

    /// Later plans and comparisons start from what the account has now.
    fn reread(&mut self, ctx: &mut Ctx<'_>, app: App) {
        if let Phase::Updating(_, sent) = &mut self.phase
            && sent.app == app.id
        {
            sent.after = app.spec.clone();
        }
        let apps = ctx.facts.cluster.iter_mut().flat_map(|facts| &mut facts.apps);
        if let Some(old) = apps.into_iter().find(|old| old.id == app.id) {
            *old = app;
        }
    }

    fn updated(&mut self, ctx: &mut Ctx<'_>, started: Started) {
        let Phase::Updating(_, sent) = std::mem::take(&mut self.phase) else { return };
        let what =
            format!("{} switched to the pool, deployment {}", sent.app_name, started.deployment);
        way_back::record(ctx, what, *sent);
        ctx.facts.learn("app:update", Grant::Has);
        self.follow(ctx, started);
    }

    fn follow(&mut self, ctx: &mut Ctx<'_>, started: Started) {
        let effect = Effect::Watch {
            app: started.app.clone(),
            deployment: started.deployment.clone(),
            every: ctx.rules.poll_every,
            secrets: ctx.facts.passwords(),
        };
        self.phase = Phase::Watching(ctx.start(effect), started);
    }

    fn failed(&mut self, ctx: &mut Ctx<'_>, problem: Problem) {
        let phase = std::mem::take(&mut self.phase);
        self.restoring = matches!(phase, Phase::Restoring(..));
        let ended = problem.hints.iter().any(|hint| hint.fix == Some(Fix::RestoreApp));
        if let Phase::Watching(_, started) = &phase
            && !ended
        {
            self.unfollowed = Some(started.clone());
        }
        if let Phase::Updating(_, sent) = phase {
            if problem.outcome_unknown {
                let what = format!("New settings of {} sent; not confirmed", sent.app_name);
                way_back::record(ctx, what, *sent);
            } else if problem.code == FORBIDDEN {
                ctx.facts.learn("app:update", Grant::Lacks);
            }
        }
        if ctx.facts.deployed.is_none() {
            ctx.facts.switched_back();
        }
        self.phase = Phase::Failed(problem);
    }

    /// What “Try again” does on the problem that is shown.
    pub(super) fn again(&self) -> Option<Msg> {
        (self.restoring && matches!(self.phase, Phase::Failed(_))).then_some(Msg::Restore)
    }

    fn stop(&mut self, ctx: &mut Ctx<'_>) {
        match &self.phase {
            // The deployment goes on at the provider; only our looking ends.
            Phase::Proposing(ticket, _) | Phase::Finding(ticket) => {
                ctx.cancel(*ticket);
                self.phase = Phase::Idle;
            }
            Phase::Watching(ticket, started) => {
                ctx.cancel(*ticket);
                self.unfollowed = Some(started.clone());
                self.phase = Phase::Idle;
            }
            // It is active: that stands, whether its connections were seen or not.
            Phase::Arriving(ticket, deployed) => {
                let deployed = deployed.clone();
                ctx.cancel(*ticket);
                self.established(ctx, deployed);
            }
            Phase::Restoring(ticket, _) => {
                ctx.cancel(*ticket);
                self.restoring = true;
                self.phase = Phase::Failed(problems::restore_stopped());
            }
            Phase::Asking(_) => self.phase = Phase::Idle,
            Phase::Idle | Phase::Updating(..) | Phase::Failed(_) | Phase::WouldChange(_) => {}
        }
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            _ if self.working() => Standing::Working,
            Phase::Asking(_) => Standing::NeedsYou,
            Phase::Failed(_) => Standing::Stopped,
            Phase::WouldChange(_) => Standing::WouldChange,
            _ => match &facts.deployed {
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
            | Phase::Asking(_)
            | Phase::Updating(..)
            | Phase::Finding(_)
            | Phase::Watching(..)
            | Phase::Arriving(..)
            | Phase::Restoring(..)
            | Phase::WouldChange(_) => None,
        }
    }
}
