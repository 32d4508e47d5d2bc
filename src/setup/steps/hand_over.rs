//! Step 12: the runbook, the list of everything that was changed, and undo.

use std::path::PathBuf;

use crate::{
    domain::{
        cluster::ClusterId,
        pool::PoolName,
        problem::{Fix, Problem},
        record::{Record, Undo},
    },
    setup::{
        Ctx, Rules,
        facts::{Facts, WrittenFile},
        may_take_back,
        step::{Primary, Standing, StepId},
        ticket::Ticket,
    },
};

#[derive(Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
    /// Entries still to be taken back after the one that is under way, the next one last.
    queue: Vec<usize>,
    /// The entry that could not be taken back.
    stopped: Option<usize>,
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
    Write {
        file: PathBuf,
        text: String,
    },
    Undo(Undo),
    /// Deletes a pool although the token may not look whether an app uses it.
    DeleteUnchecked {
        cluster: ClusterId,
        pool: PoolName,
    },
}

#[derive(Debug)]
pub enum Msg {
    Write,
    Written(WrittenFile),
    /// Takes back one entry of the record, by its index.
    Undo(usize),
    /// Takes back everything that can be: the app first, then files, the pool, the access.
    UndoAll,
    /// The pool that was not deleted because nobody could tell who uses it: all the same.
    DeleteUnchecked,
    Undone,
    Stop,
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
            Undo::DeletePool { .. }
            | Undo::RestoreSpec { .. }
            | Undo::RemoveLease { .. }
            | Undo::RestoreFile { .. } => may_take_back(facts, rules, undo),
        }
    }

    /// Entries that can be taken back now.
    pub fn undoable_now(facts: &Facts, rules: &Rules, record: &Record) -> usize {
        let open = record.entries.iter().filter(|entry| !entry.undone);
        open.filter(|entry| Self::undoable(facts, rules, &entry.undo).is_ok()).count()
    }

    pub fn primary(&self, facts: &Facts, _rules: &Rules) -> Primary<Msg> {
        let label = "Write the runbook".to_owned();
        match &self.phase {
            Phase::Writing(_) => Primary::Working("Writing the runbook…".to_owned(), None),
            Phase::Undoing(..) => Primary::Working("Taking it back…".to_owned(), Some(Msg::Stop)),
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
            (Msg::UndoAll, Phase::Idle | Phase::Failed(_)) => {
                self.queue = undo_order(ctx.record);
                self.undo_next(ctx);
            }
            (Msg::DeleteUnchecked, Phase::Failed(_)) => self.delete_unchecked(ctx),
            (Msg::Stop, Phase::Undoing(ticket, index)) => {
                ctx.cancel(*ticket);
                self.stopped = Some(*index);
                self.queue.clear();
                self.phase = Phase::Failed(stopped());
            }
            (Msg::Undone, Phase::Undoing(_, index)) => {
                let index = *index;
                self.undone(ctx, index);
                self.undo_next(ctx);
            }
            (Msg::Failed(problem), phase) => {
                self.stopped = match phase {
                    Phase::Undoing(_, index) => Some(*index),
                    Phase::Idle | Phase::Writing(_) | Phase::Failed(_) | Phase::WouldChange => None,
                };
                self.queue.clear();
                self.phase = Phase::Failed(problem);
            }
            (
                Msg::Write
                | Msg::Written(_)
                | Msg::Undo(_)
                | Msg::UndoAll
                | Msg::DeleteUnchecked
                | Msg::Undone
                | Msg::Stop,
                _,
            ) => {}
        }
    }

    /// What “Try again” does on the problem that is shown.
    pub(super) fn again(&self) -> Option<Msg> {
        self.stopped.map(Msg::Undo)
    }

    /// Says why nothing is taken back now.
    pub(super) fn refuse(&mut self, problem: Problem) {
        self.queue.clear();
        self.stopped = None;
        self.phase = Phase::Failed(problem);
    }

    /// Something is being taken back.
    pub fn undoing(&self) -> bool {
        matches!(self.phase, Phase::Undoing(..))
    }

    fn delete_unchecked(&mut self, ctx: &mut Ctx<'_>) {
        let Some(index) = self.stopped else { return };
        let Some(Undo::DeletePool { cluster, pool }) =
            ctx.record.entries.get(index).filter(|entry| !entry.undone).map(|entry| &entry.undo)
        else {
            return;
        };
        let undo = Undo::DeletePool { cluster: cluster.clone(), pool: pool.clone() };
        let effect = Effect::DeleteUnchecked { cluster: cluster.clone(), pool: pool.clone() };
        if may_take_back(ctx.facts, ctx.rules, &undo).is_ok() && !ctx.rules.dry_run {
            self.phase = Phase::Undoing(ctx.start(effect), index);
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

    /// The next of the queue that can be taken back by now; what comes first may have been in its way.
    fn undo_next(&mut self, ctx: &mut Ctx<'_>) {
        while matches!(self.phase, Phase::Idle | Phase::Failed(_))
            && let Some(index) = self.queue.pop()
        {
            self.undo(ctx, index);
        }
    }

    fn undone(&mut self, ctx: &mut Ctx<'_>, index: usize) {
        self.phase = Phase::Idle;
        let Some(entry) = ctx.record.entries.get_mut(index) else { return };
        entry.undone = true;
        match entry.undo.clone() {
            Undo::DeletePool { cluster: home, pool } => {
                if let Some(facts) = ctx.facts.cluster.as_mut().filter(|at| at.cluster.id == home) {
                    facts.pools.retain(|other| other.name != pool);
                    if ctx.facts.pool.take_if(|ours| ours.name == pool).is_some() {
                        ctx.facts.changed(StepId::Pool);
                    }
                }
            }
            Undo::RestoreSpec { app, spec, .. } => {
                let apps = ctx.facts.cluster.iter_mut().flat_map(|facts| &mut facts.apps);
                if let Some(known) = apps.into_iter().find(|known| known.id == app) {
                    known.spec = *spec;
                }
                if ctx.facts.deployed.take_if(|deployed| deployed.app == app).is_some() {
                    ctx.facts.switched_back();
                    ctx.facts.changed(StepId::App);
                }
            }
            Undo::RemoveLease { cluster, lease } => {
                // Newer ones, of other clusters, may be open.
                ctx.facts.leases.retain(|open| (&open.cluster, &open.lease) != (&cluster, &lease));
            }
            Undo::RestoreFile { file, .. } => ctx.facts.taken_back(&file),
            Undo::Impossible(_) => {}
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

/// Whatever was sent by then is sent; each undo looks first, so that doing it again does nothing twice.
fn stopped() -> Problem {
    Problem::new(
        "stopped",
        "Taking it back was stopped.",
        "What was sent by then stays sent. “Try again” looks first how things stand.",
    )
    .fix("Try again", Fix::TryAgain)
    .outcome_unknown()
}

/// What is taken back when, the first one last: the app, then files, the pool, the access; the newest first of each.
fn undo_order(record: &Record) -> Vec<usize> {
    let rank = |undo: &Undo| match undo {
        Undo::RestoreSpec { .. } => Some(3),
        Undo::RestoreFile { .. } => Some(2),
        Undo::DeletePool { .. } => Some(1),
        Undo::RemoveLease { .. } => Some(0),
        Undo::Impossible(_) => None,
    };
    let mut order: Vec<(u8, usize)> = record
        .entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| !entry.undone)
        .filter_map(|(index, entry)| Some((rank(&entry.undo)?, index)))
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(_, index)| index).collect()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use jiff::Timestamp;
    use serde_json::Value;

    use super::*;
    use crate::{
        domain::{
            access::Lease, app_spec::AppId, cluster::ClusterId, pool::PoolName, record::Entry,
        },
        setup::{Order, Setup, facts::Deployed, steps, ticket::Ticket},
    };

    fn cluster() -> ClusterId {
        ClusterId("c1".to_owned())
    }

    fn restore_file(name: &str) -> Undo {
        Undo::RestoreFile { file: PathBuf::from(name), backup: None, ours: String::new() }
    }

    fn delete_pool() -> Undo {
        Undo::DeletePool { cluster: cluster(), pool: PoolName::given("shop-pool") }
    }

    fn restore_spec() -> Undo {
        let spec = || Box::new(Value::Null.into());
        Undo::RestoreSpec { app: AppId("a1".to_owned()), spec: spec(), sent: spec() }
    }

    fn remove_lease() -> Undo {
        let lease = Lease { address: Ipv4Addr::LOCALHOST, until: None, was_there: false };
        Undo::RemoveLease { cluster: cluster(), lease }
    }

    /// A set-up that made one change of each kind, and an app that uses the pool.
    fn changed() -> Setup {
        let mut setup = Setup::new(Rules::default());
        let migration = Undo::Impossible("not from here".to_owned());
        let undos = [
            remove_lease(),
            delete_pool(),
            restore_file("a"),
            restore_file("b"),
            migration,
            restore_spec(),
        ];
        setup.record.entries = undos
            .into_iter()
            .map(|undo| Entry {
                at: Timestamp::UNIX_EPOCH,
                what: String::new(),
                undo,
                undone: false,
            })
            .collect();
        setup.facts.deployed = Some(Deployed {
            app: AppId("a1".to_owned()),
            app_name: "shop-web".to_owned(),
            deployment: Some("d1".to_owned()),
            changes: Vec::new(),
            active_at: Timestamp::UNIX_EPOCH,
            arrived: None,
            live_url: None,
        });
        setup
    }

    fn started(orders: Vec<Order>) -> Option<(Ticket, Undo)> {
        orders.into_iter().find_map(|order| match order {
            Order::Start(start) => match start.effect {
                steps::Effect::HandOver(Effect::Undo(undo)) => Some((start.ticket, undo)),
                other => panic!("no undo: {other:?}"),
            },
            Order::Cancel(_) => None,
        })
    }

    #[test]
    fn everything_is_taken_back_one_after_the_other_what_is_in_the_way_first() {
        let now = Timestamp::UNIX_EPOCH;
        let mut setup = changed();
        let mut next = started(setup.act(now, Msg::UndoAll.into()));
        let mut order = Vec::new();
        while let Some((ticket, undo)) = next {
            order.push(undo);
            next = started(setup.settle(now, ticket, Msg::Undone.into()));
        }
        let expected =
            [restore_spec(), restore_file("b"), restore_file("a"), delete_pool(), remove_lease()];
        assert_eq!(order, expected);
        assert_eq!(setup.record.entries.iter().filter(|entry| !entry.undone).count(), 1);
    }

    #[test]
    fn a_file_that_was_taken_back_is_no_longer_written() {
        let now = Timestamp::UNIX_EPOCH;
        let mut setup = changed();
        setup.facts.env_files = Some(vec![WrittenFile {
            file: PathBuf::from("a"),
            hash: String::new(),
            backup: None,
            what: String::new(),
        }]);
        setup.facts.project_files = Some(Vec::new());
        let (ticket, _) = started(setup.act(now, Msg::Undo(2).into())).expect("an undo");
        setup.settle(now, ticket, Msg::Undone.into());
        assert_eq!(setup.facts.env_files, None);
        assert_eq!(setup.facts.review, [StepId::EnvFiles]);
        assert_eq!(setup.facts.project_files, Some(Vec::new()));
    }

    #[test]
    fn the_first_that_does_not_work_ends_it() {
        let now = Timestamp::UNIX_EPOCH;
        let mut setup = changed();
        let (ticket, _) = started(setup.act(now, Msg::UndoAll.into())).expect("an undo");
        let problem = Problem::new("changed", "The app was changed since.", "");
        assert!(setup.settle(now, ticket, Msg::Failed(problem).into()).is_empty());
        let (_, undo) = started(setup.act(now, Msg::Undo(0).into())).expect("one alone");
        assert_eq!(undo, remove_lease());
    }
}
