//! Step 12: the runbook, the list of everything that was changed, and undo.

use std::path::PathBuf;

use crate::{
    domain::{problem::Problem, record::Undo},
    setup::{
        Ctx, Rules,
        facts::{Facts, WrittenFile},
        may_change,
        step::{Primary, Standing, StepId},
        ticket::Ticket,
    },
};

#[derive(Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
}

#[derive(Debug)]
pub struct Draft {
    /// Relative to the project's folder, or absolute.
    pub file: String,
}

impl Default for Draft {
    fn default() -> Self {
        Self { file: "POOLING.md".to_owned() }
    }
}

#[derive(Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    Writing(Ticket),
    /// Which entry of the record is being taken back.
    Undoing(Ticket, usize),
    Failed(Problem),
    WouldChange,
}

#[derive(Debug, PartialEq)]
pub enum Effect {
    Write { file: PathBuf, text: String },
    Undo(Undo),
}

#[derive(Debug)]
pub enum Msg {
    Write,
    Written(WrittenFile),
    /// Takes back one entry of the record, by its index.
    Undo(usize),
    Undone,
    Failed(Problem),
}

impl Step {
    /// Where the runbook goes; `None` where a relative name has no project to stand in.
    pub fn path(&self, facts: &Facts) -> Option<PathBuf> {
        let name = self.draft.file.trim();
        let path = PathBuf::from(name);
        if name.is_empty() {
            None
        } else if path.is_absolute() {
            Some(path)
        } else {
            facts.project.as_ref().map(|project| project.root.join(path))
        }
    }

    /// May this entry be taken back, and if not, why.
    pub fn undoable(facts: &Facts, rules: &Rules, undo: &Undo) -> Result<(), String> {
        match undo {
            Undo::Impossible(why) => Err(why.clone()),
            Undo::DeletePool { pool, .. } if facts.deployed.is_some() => {
                Err(format!("an app still uses {pool}; restore the app first"))
            }
            Undo::DeletePool { .. } | Undo::RestoreSpec { .. } | Undo::RemoveLease { .. } => {
                may_change(facts, rules)
            }
            Undo::RestoreFile { .. } => Ok(()),
        }
    }

    pub fn primary(&self, facts: &Facts, _rules: &Rules) -> Primary<Msg> {
        let label = "Write the runbook".to_owned();
        match &self.phase {
            Phase::Writing(_) => Primary::Working("Writing the runbook…".to_owned(), None),
            Phase::Undoing(..) => Primary::Working("Taking it back…".to_owned(), None),
            Phase::WouldChange => Primary::Next,
            Phase::Idle | Phase::Failed(_) if facts.established(StepId::HandOver) => Primary::Next,
            Phase::Idle | Phase::Failed(_) => match self.path(facts) {
                Some(_) => Primary::Act(label, Msg::Write),
                None => Primary::Blocked(label, "Say where the file goes.".to_owned()),
            },
        }
    }

    pub fn open(&mut self, _ctx: &mut Ctx<'_>) {}

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match (msg, &self.phase) {
            (Msg::Write, Phase::Idle | Phase::Failed(_)) => {
                let Some(file) = self.path(ctx.facts) else { return };
                if ctx.rules.dry_run {
                    self.phase = Phase::WouldChange;
                    return;
                }
                let text = crate::setup::runbook(ctx.facts, ctx.record, ctx.now);
                self.phase = Phase::Writing(ctx.start(Effect::Write { file, text }));
            }
            (Msg::Written(file), Phase::Writing(_)) => {
                ctx.facts.review.retain(|step| *step != StepId::HandOver);
                ctx.facts.runbook = Some(file);
                self.phase = Phase::Idle;
            }
            (Msg::Undo(index), Phase::Idle | Phase::Failed(_)) => self.undo(ctx, index),
            (Msg::Undone, Phase::Undoing(_, index)) => {
                let index = *index;
                self.undone(ctx, index);
            }
            (Msg::Failed(problem), _) => self.phase = Phase::Failed(problem),
            (Msg::Write | Msg::Written(_) | Msg::Undo(_) | Msg::Undone, _) => {}
        }
    }

    fn undo(&mut self, ctx: &mut Ctx<'_>, index: usize) {
        let Some(entry) = ctx.record.entries.get(index) else { return };
        if !entry.undone
            && Self::undoable(ctx.facts, ctx.rules, &entry.undo).is_ok()
            && !ctx.rules.dry_run
        {
            let undo = entry.undo.clone();
            self.phase = Phase::Undoing(ctx.start(Effect::Undo(undo)), index);
        }
    }

    fn undone(&mut self, ctx: &mut Ctx<'_>, index: usize) {
        self.phase = Phase::Idle;
        let Some(entry) = ctx.record.entries.get_mut(index) else { return };
        entry.undone = true;
        match entry.undo.clone() {
            Undo::DeletePool { pool, .. } => {
                if let Some(cluster) = &mut ctx.facts.cluster {
                    cluster.pools.retain(|other| other.name != pool);
                }
                ctx.facts.pool = None;
                ctx.facts.changed(StepId::Pool);
            }
            Undo::RestoreSpec { .. } => {
                ctx.facts.deployed = None;
                ctx.facts.changed(StepId::App);
            }
            Undo::RemoveLease { .. } => ctx.facts.lease = None,
            Undo::RestoreFile { .. } | Undo::Impossible(_) => {}
        }
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Writing(_) | Phase::Undoing(..) => Standing::Working,
            Phase::Failed(_) => Standing::Stopped,
            Phase::WouldChange => Standing::WouldChange,
            Phase::Idle if facts.established(StepId::HandOver) => Standing::Done,
            Phase::Idle => Standing::Ready,
        }
    }

    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Failed(problem) => Some(problem),
            Phase::Idle | Phase::Writing(_) | Phase::Undoing(..) | Phase::WouldChange => None,
        }
    }
}
