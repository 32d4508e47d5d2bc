//! Step 9: pending migrations, over the direct connection only.

pub mod guard;
pub mod own;
#[cfg(test)]
mod stories;

use std::path::PathBuf;

use crate::{
    domain::{
        migration::{Applied, Resolve, Status, Warning, tool::Tool},
        problem::{Fix, Problem},
        record::Undo,
    },
    setup::{
        Ctx, Rules,
        facts::Facts,
        may_change,
        step::{Primary, Standing, StepId},
        steps::{measure::Target, migrations::own::Runner},
        ticket::Ticket,
    },
};

#[derive(Clone, Debug, Default)]
pub struct Step {
    pub phase: Phase,
    pub status: Option<Status>,
    /// Whose status that is: another database or folder has to be asked anew.
    pub asked: Option<(Target, PathBuf)>,
    /// Applied in the deploy that runs or ran last.
    pub log: Vec<Applied>,
    /// The migration under way, and statements finished in it.
    pub running: Option<(String, u32)>,
    /// Who holds the lock that a run waits for.
    pub waiting: Option<String>,
    /// What the deploy that runs or ran last warned of.
    pub warnings: Vec<Warning>,
    /// The database's name, typed to allow what loses data.
    pub named: String,
    /// The project's own tools, and what stands around.
    pub own: own::Own,
}

#[derive(Clone, Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    Reading(Ticket),
    Deploying(Ticket),
    Resolving(Ticket),
    Failed(Problem),
    WouldChange(usize),
}

/// Both prove by process id, on the connection they use, that it is direct.
#[derive(Debug, PartialEq)]
pub enum Effect {
    Status {
        direct: Target,
        folder: PathBuf,
        patience: std::time::Duration,
    },
    Deploy {
        direct: Target,
        folder: PathBuf,
        patience: std::time::Duration,
    },
    /// Changes the ledger only, then reads the status.
    Resolve {
        direct: Target,
        folder: PathBuf,
        patience: std::time::Duration,
        how: Resolve,
    },
    Own(own::Effect),
}

#[derive(Debug)]
pub enum Msg {
    Read,
    Status(Box<Status>),
    Deploy,
    Running(String, u32),
    Applied(Box<Applied>),
    Deployed(Box<Status>),
    Waiting(String),
    Warned(Warning),
    Resolve(Resolve),
    Resolved(Resolve, Box<Status>),
    Stop,
    Own(own::Msg),
    Failed(Problem),
}

impl Step {
    fn folder(facts: &Facts) -> Option<PathBuf> {
        let project = facts.project.as_ref()?;
        project.migrations.as_ref().map(|folder| project.root.join(folder))
    }

    pub fn primary(&self, facts: &Facts, rules: &Rules) -> Primary<Msg> {
        let label = "Apply the migrations".to_owned();
        if let Some(working) = self.own.working() {
            return working.map(Msg::Own);
        }
        match &self.phase {
            Phase::Reading(_) => {
                Primary::Working("Reading the migrations…".to_owned(), Some(Msg::Stop))
            }
            Phase::Deploying(_) => {
                let what = match &self.running {
                    Some((name, statements)) => {
                        format!("Applying {name}, {statements} statements finished…")
                    }
                    None => match &self.waiting {
                        Some(holder) => format!("Waiting for another deploy: {holder}…"),
                        None => "Waiting for the database…".to_owned(),
                    },
                };
                Primary::Working(what, Some(Msg::Stop))
            }
            Phase::Resolving(_) => {
                Primary::Working("Marking in the ledger…".to_owned(), Some(Msg::Stop))
            }
            Phase::WouldChange(_) => Primary::Next,
            Phase::Idle | Phase::Failed(_)
                if self.own.look_of(facts).is_none() && self.status_of(facts).is_none() =>
            {
                Primary::Act("Read the migrations".to_owned(), Msg::Read)
            }
            Phase::Idle | Phase::Failed(_) => match self.runner(facts) {
                Some(Runner::Tool(at)) => {
                    let pending = self.status_of(facts).map(|status| status.pending.as_slice());
                    let allowed = own::Allowed { pending, named: &self.named };
                    self.own.primary(at, allowed, facts, rules).map(Msg::Own)
                }
                Some(Runner::BuiltIn) => match self.status_of(facts) {
                    None => Primary::Act("Read the migrations".to_owned(), Msg::Read),
                    Some(status) => self.offer(status, facts, rules),
                },
                None => Primary::Blocked(
                    label,
                    "No migrations were found in the project, and no tool that runs them. Skip this step.".to_owned(),
                ),
            },
        }
    }

    /// Who runs the migrations: as chosen; else the project's own tool where it is installed, else the built-in runner.
    pub fn runner(&self, facts: &Facts) -> Option<Runner> {
        let tools = self.own.look_of(facts).map(|look| look.tools.as_slice()).unwrap_or_default();
        let folder = Self::folder(facts).is_some();
        match self.own.draft.runner {
            Some(Runner::Tool(at)) if at < tools.len() => return Some(Runner::Tool(at)),
            Some(Runner::BuiltIn) if folder => return Some(Runner::BuiltIn),
            Some(Runner::Tool(_) | Runner::BuiltIn) | None => {}
        }
        // The built-in runner reads Prisma's folders, so only Prisma itself comes before it there.
        let ready = tools.iter().position(|found| {
            found.installed && found.elsewhere.is_none() && (!folder || found.tool == Tool::Prisma)
        });
        match ready {
            Some(at) => Some(Runner::Tool(at)),
            None if folder => Some(Runner::BuiltIn),
            None => (!tools.is_empty()).then_some(Runner::Tool(0)),
        }
    }

    /// The command of the project's own tool, where that would run.
    pub fn command(&self, facts: &Facts) -> Option<&str> {
        let Some(Runner::Tool(at)) = self.runner(facts) else { return None };
        let found = self.own.look_of(facts)?.tools.get(at)?;
        Some(self.own.command(at, found))
    }

    fn offer(&self, status: &Status, facts: &Facts, rules: &Rules) -> Primary<Msg> {
        let label = match status.pending.len() {
            0 if !status.failed.is_empty() => "Apply the migrations".to_owned(),
            0 if facts.migrated.is_some() => return Primary::Next,
            0 => return Primary::Act("Keep the database as it is".to_owned(), Msg::Deploy),
            1 => "Apply 1 migration".to_owned(),
            n => format!("Apply {n} migrations"),
        };
        if let Some(name) = status.failed.first() {
            return Primary::Blocked(
                label,
                format!("Migration {name} did not finish earlier (P3009). Resolve it first."),
            );
        }
        if status.schema_not_empty {
            return Primary::Blocked(
                label,
                "The database has tables but no Prisma history (P3005). Set a baseline first."
                    .to_owned(),
            );
        }
        match guard::check(Some(&status.pending), &self.named, facts, rules) {
            Err(why) if !rules.dry_run => Primary::Blocked(label, why),
            Ok(()) | Err(_) => Primary::Act(label, Msg::Deploy),
        }
    }

    pub fn open(&mut self, ctx: &mut Ctx<'_>) {
        let known = self.own.look_of(ctx.facts).is_some()
            && (self.status_of(ctx.facts).is_some() || Self::folder(ctx.facts).is_none());
        if !known && matches!(self.phase, Phase::Idle) && !self.own.busy() {
            self.read(ctx);
        }
    }

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match (msg, &self.phase) {
            (Msg::Read, Phase::Idle | Phase::Failed(_)) => self.read(ctx),
            (Msg::Status(status), Phase::Reading(_)) => {
                self.own.ran_over(ctx.facts, &status);
                self.status = Some(*status);
                self.phase = Phase::Idle;
                self.own.look(ctx);
            }
            (Msg::Own(msg), _) => self.update_own(ctx, msg),
            (Msg::Deploy, Phase::Idle | Phase::Failed(_)) => self.deploy(ctx),
            (Msg::Running(name, statements), Phase::Deploying(_)) => {
                self.waiting = None;
                self.running = Some((name, statements))
            }
            (Msg::Waiting(holder), Phase::Deploying(_) | Phase::Resolving(_)) => {
                self.waiting = Some(holder)
            }
            (Msg::Warned(warning), Phase::Deploying(_)) => self.warnings.push(warning),
            (Msg::Resolve(how), Phase::Idle | Phase::Failed(_)) => self.resolve(ctx, how),
            (Msg::Resolved(how, status), Phase::Resolving(_)) => {
                let stays = Undo::Impossible("a mark in the ledger stays".to_owned());
                ctx.did(marked(&how), stays);
                self.status = Some(*status);
                self.phase = Phase::Idle;
            }
            (Msg::Applied(applied), Phase::Deploying(_)) => {
                ctx.did(
                    format!("Migration {} applied over the direct connection", applied.name),
                    Undo::Impossible("a migration cannot be undone from here".to_owned()),
                );
                self.log.push(*applied);
            }
            (Msg::Deployed(status), Phase::Deploying(_)) => {
                ctx.facts.review.retain(|step| *step != StepId::Migrations);
                ctx.facts.migrated = Some(self.log.clone());
                self.status = Some(*status);
                self.running = None;
                self.phase = Phase::Idle;
            }
            (
                Msg::Stop,
                Phase::Reading(ticket) | Phase::Deploying(ticket) | Phase::Resolving(ticket),
            ) => {
                ctx.cancel(*ticket);
                self.status = None;
                self.phase = match (&self.phase, self.running.take()) {
                    (Phase::Deploying(_), Some((name, _))) => Phase::Failed(stopped(&name)),
                    _ => Phase::Idle, // nothing was under way
                };
            }
            (Msg::Failed(problem), Phase::Idle | Phase::Failed(_) | Phase::WouldChange(_))
                if self.own.busy() =>
            {
                self.own.fail(problem)
            }
            (Msg::Failed(problem), _) => {
                self.running = None;
                self.status = None;
                self.phase = Phase::Failed(problem);
            }
            (
                Msg::Read
                | Msg::Status(_)
                | Msg::Deploy
                | Msg::Running(..)
                | Msg::Applied(_)
                | Msg::Deployed(_)
                | Msg::Waiting(_)
                | Msg::Warned(_)
                | Msg::Resolve(_)
                | Msg::Resolved(..)
                | Msg::Stop,
                _,
            ) => {}
        }
    }

    fn update_own(&mut self, ctx: &mut Ctx<'_>, msg: own::Msg) {
        let pending = self.status.as_ref().map(|status| status.pending.as_slice());
        let allowed = own::Allowed { pending, named: &self.named };
        match self.own.update(ctx, msg, allowed) {
            own::After::Nothing => {}
            own::After::Read => self.read(ctx),
            own::After::WouldRun => self.phase = Phase::WouldChange(pending.map_or(0, <[_]>::len)),
        }
    }

    pub fn target(facts: &Facts) -> Option<(Target, PathBuf)> {
        let urls = facts.urls.as_ref()?;
        let target = Target { url: urls.direct.clone(), ca: urls.ca.clone() };
        Some((target, Self::folder(facts)?))
    }

    /// The status, while the database and the folder are still those that were asked.
    pub fn status_of(&self, facts: &Facts) -> Option<&Status> {
        self.status.as_ref().filter(|_| self.asked == Self::target(facts))
    }

    fn read(&mut self, ctx: &mut Ctx<'_>) {
        self.status = None;
        self.asked = Self::target(ctx.facts);
        if let Some((direct, folder)) = self.asked.clone() {
            let patience = ctx.rules.slot_patience;
            self.phase = Phase::Reading(ctx.start(Effect::Status { direct, folder, patience }));
        } else {
            self.phase = Phase::Idle;
            self.own.look(ctx);
        }
    }

    /// The ways out of a history that stands still. Only the ledger changes.
    fn resolve(&mut self, ctx: &mut Ctx<'_>, how: Resolve) {
        if ctx.rules.dry_run || may_change(ctx.facts, ctx.rules).is_err() {
            return;
        }
        self.asked = Self::target(ctx.facts);
        if let Some((direct, folder)) = self.asked.clone() {
            let patience = ctx.rules.slot_patience;
            self.waiting = None;
            let ticket = ctx.start(Effect::Resolve { direct, folder, patience, how });
            self.phase = Phase::Resolving(ticket);
        }
    }

    fn deploy(&mut self, ctx: &mut Ctx<'_>) {
        let Some(status) = self.status_of(ctx.facts) else { return };
        if !status.failed.is_empty() {
            return;
        }
        if status.pending.is_empty() {
            ctx.facts.review.retain(|step| *step != StepId::Migrations);
            ctx.facts.migrated = Some(ctx.facts.migrated.take().unwrap_or_default());
            return;
        }
        if ctx.rules.dry_run {
            self.phase = Phase::WouldChange(status.pending.len());
            return;
        }
        if guard::check(Some(&status.pending), &self.named, ctx.facts, ctx.rules).is_err() {
            return;
        }
        if let Some((direct, folder)) = self.asked.clone() {
            self.log.clear();
            self.warnings.clear();
            self.waiting = None;
            let patience = ctx.rules.slot_patience;
            self.phase = Phase::Deploying(ctx.start(Effect::Deploy { direct, folder, patience }));
        }
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        if self.own.busy() {
            return Standing::Working;
        }
        match &self.phase {
            Phase::Reading(_) | Phase::Deploying(_) | Phase::Resolving(_) => Standing::Working,
            Phase::Failed(_) => Standing::Stopped,
            Phase::WouldChange(_) => Standing::WouldChange,
            Phase::Idle if self.own.problem().is_some() => Standing::Stopped,
            Phase::Idle if facts.established(StepId::Migrations) => {
                let unseen = facts.tool_run.as_ref().is_some_and(|run| !run.verified);
                if unseen { Standing::DoneNotVerified } else { Standing::Done }
            }
            Phase::Idle => Standing::Ready,
        }
    }

    /// What “Try again” sends after a problem of the built-in runner: first of all it is looked how things stand.
    pub fn again(&self) -> Option<Msg> {
        matches!(self.phase, Phase::Failed(_)).then_some(Msg::Read)
    }

    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Failed(problem) => Some(problem),
            Phase::Idle
            | Phase::Reading(_)
            | Phase::Deploying(_)
            | Phase::Resolving(_)
            | Phase::WouldChange(_) => self.own.problem(),
        }
    }
}

fn marked(how: &Resolve) -> String {
    match how {
        Resolve::RolledBack(name) => format!("Migration {name} marked as rolled back"),
        Resolve::Applied(name) => format!("Migration {name} marked as applied"),
        Resolve::Baseline(name) => format!("Migrations up to {name} marked as applied: a baseline"),
    }
}

/// What a stop leaves behind.
fn stopped(name: &str) -> Problem {
    Problem::new(
        "stopped",
        format!("The run was stopped while {name} was being applied."),
        "PostgreSQL undoes what it had done, unless it has a COMMIT of its own. Its row in the ledger stays unfinished (P3009). Those before it stay applied.",
    )
    .fix("Read the migrations again", Fix::TryAgain)
}
