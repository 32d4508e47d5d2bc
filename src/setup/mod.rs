//! The core: messages in, orders out; no input or output, no clock.
//!
//! `act` is for what the person did, `note` for news from a running effect, `settle` for how it ended.
//! All return orders, which the window, the command line and tests each obey.

pub mod answers;
pub mod facts;
pub mod foretold;
pub mod path;
pub mod plan;
pub mod resume;
pub mod runbook;
pub mod saved;
pub mod step;
pub mod steps;
pub mod ticket;

#[cfg(test)]
mod stories;

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    domain::{
        cluster::Environment,
        problem::{Fix, Problem},
        record::{self, Entry, Exchange, Record, Statement, Undo},
        secret::Secret,
    },
    setup::{
        facts::{Facts, Production},
        path::Path,
        plan::{Plan, PlanMsg},
        resume::Resume,
        step::{Primary, Standing, StepId},
        steps::Steps,
        ticket::{Ticket, Tickets},
    },
};

pub use crate::setup::steps::{Effect, StepMsg};

/// How this set-up is to behave. Plain fields; practice's profile sets shorter times.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Nothing is changed anywhere; each step says what it would do.
    pub dry_run: bool,
    /// The connection test runs when its page is opened for the first time.
    pub tests_start: bool,
    /// The cluster's name as typed by the person: production may be changed.
    pub production_named: Option<String>,
    /// The database's name as given beforehand: migrations that lose data may run there.
    pub loss_allowed: Option<String>,
    pub sample_every: Duration,
    /// Samples needed on each side of the comparison.
    pub min_samples: usize,
    /// How long a step waits for a slot of a full database.
    pub slot_patience: Duration,
    /// Between two looks at a deployment.
    pub poll_every: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            dry_run: false,
            tests_start: true,
            production_named: None,
            loss_allowed: None,
            sample_every: Duration::from_secs(1),
            min_samples: 60,
            slot_patience: Duration::from_secs(120),
            poll_every: Duration::from_secs(5),
        }
    }
}

/// What comes in: from the person, or as news of an effect.
#[derive(Debug)]
pub enum Msg {
    /// Opens a step's page.
    Go(StepId),
    /// Leaves a step out.
    Skip(StepId),
    /// The plan of everything that is still to be changed.
    Plan(PlanMsg),
    /// A newcomer wants to see the whole set-up.
    EveryStep,
    Step(StepMsg),
}

impl<T: Into<StepMsg>> From<T> for Msg {
    fn from(msg: T) -> Self {
        Self::Step(msg.into())
    }
}

/// What goes out.
#[derive(Debug)]
pub enum Order {
    Start(Start),
    Cancel(Ticket),
}

/// An effect to carry out. The token travels beside it, so that no effect holds one of its own.
#[derive(Debug)]
pub struct Start {
    pub ticket: Ticket,
    pub token: Option<Secret>,
    pub effect: Effect,
}

/// What a step's `update` works with.
#[derive(Debug)]
pub struct Ctx<'a> {
    pub facts: &'a mut Facts,
    pub rules: &'a Rules,
    pub record: &'a mut Record,
    pub now: Timestamp,
    tickets: &'a mut Tickets,
    orders: &'a mut Vec<Order>,
}

impl Ctx<'_> {
    pub fn start(&mut self, effect: impl Into<Effect>) -> Ticket {
        let effect = effect.into();
        let ticket = self.tickets.open(effect.step());
        let token = self.facts.token().cloned();
        self.orders.push(Order::Start(Start { ticket, token, effect }));
        ticket
    }

    /// Stops an effect. Its answer, should one still come, is dropped.
    pub fn cancel(&mut self, ticket: Ticket) {
        self.tickets.close(ticket);
        self.orders.push(Order::Cancel(ticket));
    }

    /// Notes a change that was made and read back.
    pub fn did(&mut self, what: impl Into<String>, undo: Undo) {
        self.record.entries.push(Entry { at: self.now, what: what.into(), undo, undone: false });
    }
}

/// One set-up: its facts, its steps, and what it did.
#[derive(Debug)]
pub struct Setup {
    pub facts: Facts,
    pub steps: Steps,
    pub record: Record,
    pub rules: Rules,
    pub current: StepId,
    /// It is gone on with: what is looked at again.
    pub resume: Option<Resume>,
    pub plan: Plan,
    pub path: Path,
    tickets: Tickets,
}

impl Setup {
    pub fn new(rules: Rules) -> Self {
        Self {
            facts: Facts::default(),
            steps: Steps::default(),
            record: Record::default(),
            rules,
            current: StepId::SignIn,
            resume: None,
            plan: Plan::default(),
            path: Path::default(),
            tickets: Tickets::default(),
        }
    }

    /// What the person did.
    pub fn act(&mut self, now: Timestamp, msg: Msg) -> Vec<Order> {
        let mut orders = Vec::new();
        let from = self.place();
        match msg {
            Msg::EveryStep => self.lead_all_the_way(),
            Msg::Go(step) => {
                self.current = step;
                self.plan.open = false;
                self.with(now, &mut orders, |steps, ctx| steps.open(step, ctx));
            }
            Msg::Skip(step) => {
                if step.skippable().is_some() && !self.facts.skipped.contains(&step) {
                    self.facts.skipped.push(step);
                }
            }
            Msg::Plan(msg) => self.update_plan(now, &mut orders, msg),
            Msg::Step(msg) => {
                let step = msg.step();
                self.facts.skipped.retain(|skipped| *skipped != step);
                self.with(now, &mut orders, |steps, ctx| steps.update(ctx, msg));
                self.walk_on(now, from, &mut orders);
            }
        }
        self.go_on_resuming(now, &mut orders);
        self.go_on_planning(now, &mut orders);
        orders
    }

    /// News from an effect that goes on.
    pub fn note(&mut self, now: Timestamp, ticket: Ticket, msg: StepMsg) -> Vec<Order> {
        if self.tickets.owner(ticket) == Some(msg.step()) {
            self.deliver(now, msg)
        } else {
            Vec::new()
        }
    }

    /// How an effect ended.
    pub fn settle(&mut self, now: Timestamp, ticket: Ticket, msg: StepMsg) -> Vec<Order> {
        if self.tickets.close(ticket) == Some(msg.step()) {
            self.deliver(now, msg)
        } else {
            Vec::new()
        }
    }

    /// From now on nothing is changed anywhere, or it is again.
    pub fn set_dry_run(&mut self, on: bool) {
        self.rules.dry_run = on;
        if !on {
            self.steps.end_dry_run();
        }
    }

    /// What is due by now without anybody's asking: the end of timed access. Asked for often; it has no clock.
    pub fn due(&self, now: Timestamp) -> Option<Msg> {
        let first = self.facts.first_to_end()?;
        let over = first.lease.until.is_some_and(|until| until <= now);
        // After a removal that did not work the person decides.
        (over && self.steps.test.may_remove())
            .then(|| steps::test::Msg::RemoveFrom(first.cluster.clone()).into())
    }

    /// What is waited for before the account is asked (again), and how long still; `None` while nothing waits.
    pub fn held_back(&self, now: Timestamp) -> Option<String> {
        let last = self.record.exchanges.last().filter(|_| self.busy())?;
        let until = last.at.checked_add(last.took).ok()?.checked_add(last.again_in?).ok()?;
        let seconds = until.duration_since(now).as_secs();
        (0 < seconds).then(|| match last.status {
            Some(429) => format!("DigitalOcean asks us to wait {seconds} s."),
            Some(_) | None => format!("DigitalOcean is asked again in {seconds} s."),
        })
    }

    /// A request to the account ended; for the history only.
    pub fn exchanged(&mut self, exchange: Exchange) {
        self.record.exchanges.push(exchange);
    }

    /// A statement to a database ended; for the history only.
    pub fn asked(&mut self, statement: Statement) {
        record::add(&mut self.record.statements, statement);
    }

    fn deliver(&mut self, now: Timestamp, msg: StepMsg) -> Vec<Order> {
        let mut orders = Vec::new();
        let from = self.place();
        self.with(now, &mut orders, |steps, ctx| steps.update(ctx, msg));
        self.go_on_resuming(now, &mut orders);
        self.go_on_planning(now, &mut orders);
        self.walk_on(now, from, &mut orders);
        orders
    }

    fn with(
        &mut self,
        now: Timestamp,
        orders: &mut Vec<Order>,
        run: impl FnOnce(&mut Steps, &mut Ctx<'_>),
    ) {
        let mut ctx = Ctx {
            facts: &mut self.facts,
            rules: &self.rules,
            record: &mut self.record,
            now,
            tickets: &mut self.tickets,
            orders,
        };
        run(&mut self.steps, &mut ctx);
    }

    /// What the primary button of `step` does now.
    pub fn primary(&self, step: StepId) -> Primary<Msg> {
        if let Some(missing) = self.facts.missing_for(step) {
            let why = format!("This step needs step {}, {}.", missing.number(), missing.name());
            return Primary::Blocked(step.title().to_owned(), why);
        }
        self.steps.primary(step, &self.facts, &self.rules).map(Msg::Step)
    }

    pub fn standing(&self, step: StepId) -> Standing {
        if self.facts.skipped.contains(&step) {
            return Standing::Skipped;
        }
        let standing = self.steps.standing(step, &self.facts);
        if matches!(standing, Standing::NotStarted | Standing::Ready | Standing::NeedsYou) {
            if self.facts.review.contains(&step) {
                return Standing::NeedsReview;
            }
            if self.facts.missing_for(step).is_some() {
                return Standing::NotStarted;
            }
        }
        standing
    }

    /// The problem that `step` shows.
    pub fn problem(&self, step: StepId) -> Option<&Problem> {
        self.steps.problem(step)
    }

    /// What a fix button of a problem on `step` sends; `None` where the window handles it (copy, open).
    pub fn fix(&self, step: StepId, fix: &Fix) -> Option<Msg> {
        match fix {
            Fix::TryAgain => match (self.steps.again(step), self.primary(step)) {
                (Some(msg), _) => Some(Msg::Step(msg)),
                (None, Primary::Act(_, msg)) => Some(msg),
                (None, Primary::Blocked(..) | Primary::Working(..) | Primary::Next) => None,
            },
            Fix::Copy(_) | Fix::Open(_) | Fix::ProxySettings => None,
            Fix::AllowThisComputer
            | Fix::Repair(_)
            | Fix::FetchPassword(_)
            | Fix::TypePassword(_)
            | Fix::AskTheWeb
            | Fix::RemoveRule(_)
            | Fix::UseSize(_)
            | Fix::UsePool(_)
            | Fix::UseBuiltInRunner
            | Fix::DeleteUnchecked
            | Fix::RestoreApp
            | Fix::KeepSealed
            | Fix::KeepForSession => self.steps.fix(step, fix).map(Msg::Step),
        }
    }

    pub fn busy(&self) -> bool {
        self.tickets.any()
    }
}

/// Production is changed only after its cluster was named.
pub fn may_change(facts: &Facts, rules: &Rules) -> Result<(), String> {
    let Some(cluster) = &facts.cluster else { return Ok(()) };
    match cluster.environment {
        Environment::Production => named(&cluster.cluster.name, rules),
        Environment::Staging | Environment::Development | Environment::Practice => Ok(()),
    }
}

/// The same where it was done: another cluster may be chosen by now.
pub fn may_take_back(facts: &Facts, rules: &Rules, undo: &Undo) -> Result<(), String> {
    let at = |wanted: &dyn Fn(&Production) -> bool| {
        facts
            .production
            .iter()
            .filter(|known| wanted(known))
            .try_for_each(|known| named(&known.name, rules))
    };
    match undo {
        Undo::DeletePool { cluster, .. } | Undo::RestorePool { cluster, .. } => {
            at(&|known| known.cluster == *cluster)
        }
        Undo::RestoreSpec { app, .. } => at(&|known| known.apps.contains(app)),
        // Access that was given may always end.
        Undo::RemoveLease { .. } | Undo::RestoreFile { .. } | Undo::Impossible(_) => Ok(()),
    }
}

fn named(cluster: &str, rules: &Rules) -> Result<(), String> {
    if rules.production_named.as_deref() == Some(cluster) {
        return Ok(());
    }
    Err(format!("This is production. Type the cluster's name, {cluster}, to allow changes."))
}

/// A change that no step's button foretells, such as access or a restore: never in a dry run. `kept` says what stays.
pub fn may_change_now(facts: &Facts, rules: &Rules, kept: &str) -> Result<(), Problem> {
    if rules.dry_run {
        return Err(Problem::new(
            "dry run",
            kept,
            "This is a dry run: nothing is changed anywhere.",
        )
        .hint("Switch the dry run off to change it"));
    }
    may_change(facts, rules).map_err(|why| Problem::new("production", kept, why))
}
