//! The plan: every change that steps 7 to 10 still have to make, in one list, and made from there in the right order.
//!
//! It has no rules of its own. What would change is asked of the steps, a tick is theirs wherever they have one, and
//! what is made is made by their own messages.

mod apply;
mod items;

use std::path::PathBuf;

use crate::{
    domain::{app_spec::AppId, pool::Pool, problem::Problem},
    setup::{
        Msg, Setup,
        foretold::Foretold,
        step::{Primary, Standing, StepId},
        steps::{cluster, env_files::EnvFile},
    },
};

/// The steps whose changes it holds, in the order in which they are made.
pub const ORDER: [StepId; 4] = [StepId::Project, StepId::EnvFiles, StepId::Migrations, StepId::App];

#[derive(Debug, Default)]
pub struct Plan {
    /// Its page is shown in the place of a step's.
    pub open: bool,
    pub phase: Phase,
    /// Items whose tick the person turned, where their step has none.
    turned: Vec<Key>,
    /// Steps that were read since the page was opened.
    read: Vec<StepId>,
}

#[derive(Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    /// Everything is read again before the first change, to be compared with what was shown.
    Looking(Box<Shown>),
    Applying(Run),
    /// It came to its end, or to the first item that did not work.
    Over(Run, Option<Problem>),
    /// Something changed since it was shown: nothing was made.
    Stale(Problem),
}

/// What the person saw and pressed the button on.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    items: Vec<Item>,
    env_files: Vec<EnvFile>,
    authority: Option<EnvFile>,
    pool: Option<Pool>,
}

/// How far the plan is carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Still to be made, the next one first.
    rest: Vec<StepId>,
    /// Under way, and whether its button was pressed.
    now: Option<(StepId, bool)>,
    /// The person asked to stop after what is under way.
    stopping: bool,
    pub made: Vec<StepId>,
    pub not_made: Vec<StepId>,
}

/// What an item is, from one look to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// Relative to the project.
    Project(PathBuf),
    Env(PathBuf),
    /// The certificate authority's file, which goes with the env files.
    Authority(PathBuf),
    Migrations,
    App(AppId),
}

impl Key {
    /// The step that makes it.
    pub fn step(&self) -> StepId {
        match self {
            Self::Project(_) => StepId::Project,
            Self::Env(_) | Self::Authority(_) => StepId::EnvFiles,
            Self::Migrations => StepId::Migrations,
            Self::App(_) => StepId::App,
        }
    }
}

/// One change still to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub key: Key,
    /// A file's name, a command, an app's name.
    pub what: String,
    /// `+1 line`, `2 variables`, `2 pending migrations`.
    pub change: String,
    pub lines: Vec<Line>,
    pub back: Back,
    pub tick: Tick,
}

/// One place of a change, old and new. Values of variables are masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub place: String,
    /// `None` where it is new.
    pub old: Option<String>,
    /// `None` where it goes.
    pub new: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    /// How.
    Can(&'static str),
    Never(&'static str),
}

impl Back {
    pub fn words(self) -> &'static str {
        match self {
            Self::Can(how) | Self::Never(how) => how,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tick {
    On,
    Off,
    /// It is made with the other items of its step, or not at all.
    WithOthers,
    /// Why it can't be made now.
    Refused(String),
}

/// Where a change is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    ThisComputer,
    Database,
    DigitalOcean,
}

impl Place {
    pub const ALL: [Self; 3] = [Self::ThisComputer, Self::Database, Self::DigitalOcean];

    pub fn title(self) -> &'static str {
        match self {
            Self::ThisComputer => "On this computer",
            Self::Database => "In the database, over the direct URL",
            Self::DigitalOcean => "In DigitalOcean",
        }
    }
}

impl Item {
    pub fn place(&self) -> Place {
        match self.key {
            Key::Project(_) | Key::Env(_) | Key::Authority(_) => Place::ThisComputer,
            Key::Migrations => Place::Database,
            Key::App(_) => Place::DigitalOcean,
        }
    }
}

#[derive(Debug)]
pub enum PlanMsg {
    /// Shows the page, and reads what is not read yet.
    Open,
    /// Takes an item's tick off, or puts it back.
    Turn(Key),
    Apply,
    Stop,
}

impl From<PlanMsg> for Msg {
    fn from(msg: PlanMsg) -> Self {
        Self::Plan(msg)
    }
}

impl Setup {
    /// The ticked changes that its button makes, one step after the other.
    fn ticked_steps(&self, items: &[Item]) -> Vec<StepId> {
        let is_ticked = |step: &StepId| {
            items.iter().any(|item| item.key.step() == *step && item.tick == Tick::On)
        };
        ORDER.into_iter().filter(is_ticked).collect()
    }

    /// What can't be told yet, and why: a step of the plan that waits for another, or for the person.
    pub fn plan_gaps(&self) -> Vec<(StepId, String)> {
        let gap = |step: StepId| {
            if self.facts.skipped.contains(&step) || self.standing(step).settled() {
                return None;
            }
            if let Some(missing) = self.facts.missing_for(step) {
                let why = format!("It needs step {}, {}.", missing.number(), missing.name());
                return Some((step, why));
            }
            if let Some(problem) = self.problem(step) {
                return Some((step, problem.what.clone()));
            }
            let unread = match self.standing(step) {
                Standing::Working => return None,
                _ => self.items().all(|item| item.key.step() != step), // nothing runs
            };
            match self.primary(step) {
                Primary::Blocked(_, why) if unread => Some((step, why)),
                _ => None, // its items say it, or it has nothing to change
            }
        };
        ORDER.into_iter().filter_map(gap).collect()
    }

    /// What the button of the plan does.
    pub fn plan_primary(&self) -> Primary<Msg> {
        let stop = || Some(PlanMsg::Stop.into());
        match &self.plan.phase {
            Phase::Looking(_) => {
                return Primary::Working("Reading everything again…".to_owned(), stop());
            }
            Phase::Applying(run) => {
                let under_way = run.now.map(|(step, _)| self.primary(step));
                let what = match under_way {
                    Some(Primary::Working(what, _)) => what,
                    _ => "Making the changes…".to_owned(), // between two steps
                };
                return Primary::Working(what, (!run.stopping).then(stop).flatten());
            }
            Phase::Idle | Phase::Over(..) | Phase::Stale(_) => {}
        }
        if self.reads_for_the_plan() {
            return Primary::Working("Reading what is still to be done…".to_owned(), None);
        }
        self.plan_offer()
    }

    fn plan_offer(&self) -> Primary<Msg> {
        let items = self.plan_items();
        let steps = self.ticked_steps(&items);
        let ticked = items.iter().filter(|item| match item.tick {
            Tick::On => true,
            Tick::WithOthers => steps.contains(&item.key.step()),
            Tick::Off | Tick::Refused(_) => false,
        });
        let dry = self.rules.dry_run;
        let settled = ORDER.into_iter().all(|step| self.standing(step).settled());
        let label = match (ticked.count(), dry) {
            (0, _) if items.is_empty() || settled => return Primary::Next,
            (_, true) => "Show what would happen".to_owned(),
            (0, false) => "Apply the changes".to_owned(),
            (1, false) => "Apply 1 change".to_owned(),
            (n, false) => format!("Apply {n} changes"),
        };
        if steps.is_empty() {
            return Primary::Blocked(label, "Tick at least one change.".to_owned());
        }
        let remote = steps.iter().any(|step| matches!(step, StepId::Migrations | StepId::App));
        match super::may_change(&self.facts, &self.rules) {
            Err(why) if remote && !dry => Primary::Blocked(label, why),
            Ok(()) | Err(_) => Primary::Act(label, PlanMsg::Apply.into()),
        }
    }

    /// Every request that the plan's button leads to.
    pub fn foretell_plan(&self) -> Vec<Foretold> {
        let mut told = self.foretell(cluster::Msg::Use.into());
        for step in self.ticked_steps(&self.plan_items()) {
            if let Primary::Act(_, msg) = self.primary(step) {
                told.extend(self.foretell(msg));
            }
        }
        told
    }

    /// What the one primary button does on the page that is shown.
    pub fn primary_shown(&self) -> Primary<Msg> {
        if self.plan.open { self.plan_primary() } else { self.primary(self.current) }
    }

    /// How the plan stands as a whole.
    pub fn plan_standing(&self) -> Standing {
        match &self.plan.phase {
            Phase::Looking(_) | Phase::Applying(_) => Standing::Working,
            Phase::Stale(_) => Standing::NeedsReview,
            Phase::Over(_, Some(_)) => Standing::Stopped,
            Phase::Over(_, None) if self.rules.dry_run => Standing::WouldChange,
            Phase::Idle | Phase::Over(_, None) if self.items().next().is_some() => Standing::Ready,
            Phase::Idle | Phase::Over(_, None) if self.plan_gaps().is_empty() => Standing::Done,
            Phase::Idle | Phase::Over(_, None) => Standing::NotStarted,
        }
    }

    /// The problem that the plan shows.
    pub fn plan_problem(&self) -> Option<&Problem> {
        match &self.plan.phase {
            Phase::Over(_, problem) => problem.as_ref(),
            Phase::Stale(problem) => Some(problem),
            Phase::Idle | Phase::Looking(_) | Phase::Applying(_) => None,
        }
    }

    /// A step is being read that the plan has not seen yet.
    fn reads_for_the_plan(&self) -> bool {
        ORDER.into_iter().any(|step| self.standing(step) == Standing::Working)
            || matches!(
                self.steps.env_files.phase,
                crate::setup::steps::env_files::Phase::Reading(_)
            )
    }
}
