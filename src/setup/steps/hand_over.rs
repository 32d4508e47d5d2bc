//! Step 12: the runbook, the list of everything that was changed, and undo.

mod stand;

use std::path::{Path, PathBuf};

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
        runbook::{self, Format},
        step::{Primary, Standing, StepId},
        steps::measure::{Target, direct_target},
        ticket::Ticket,
    },
};

pub use self::stand::Stand;

#[derive(Clone, Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
    /// What was written here, the newest last.
    pub saved: Vec<WrittenFile>,
    /// Entries still to be taken back after the one that is under way, the next one last.
    queue: Vec<usize>,
    /// The entry that could not be taken back.
    stopped: Option<usize>,
    /// How entries of the record were found to stand, by their index.
    stands: Vec<(usize, Stand)>,
    looking: Option<Ticket>,
}

#[derive(Clone, Debug)]
pub struct Draft {
    /// Relative to the project's folder, or absolute. The other forms of the hand-over stand beside it.
    pub file: String,
    /// The form that is looked at.
    pub format: Format,
}

impl Default for Draft {
    fn default() -> Self {
        Self { file: "POOLING.md".to_owned(), format: Format::Markdown }
    }
}

#[derive(Clone, Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    Writing(Ticket, Format),
    /// Which entry of the record is being taken back.
    Undoing(Ticket, usize),
    Failed(Problem),
    WouldChange,
}

#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Files with their texts; all, or none.
    Write(Vec<(PathBuf, String)>),
    /// In the program that the desktop has for it.
    Open(PathBuf),
    /// Everything but the deletion of a pool.
    Undo(Undo),
    /// Looks how these changes stand, by their index in the record; changes nothing.
    Look(Vec<(usize, Undo)>),
    /// Unless somebody uses it.
    DeletePool {
        cluster: ClusterId,
        pool: PoolName,
        /// `None` where nobody can look.
        from: Option<Box<Viewpoint>>,
    },
    /// Deletes a pool although somebody may use it.
    DeleteUnchecked { cluster: ClusterId, pool: PoolName },
}

/// Where it can be seen who uses a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewpoint {
    pub direct: Target,
    pub database: String,
    pub user: Option<String>,
    /// The address of the pooler, as the database sees it.
    pub pooler: String,
}

impl Viewpoint {
    fn of(facts: &Facts, home: &ClusterId, name: &PoolName) -> Option<Self> {
        let cluster = facts.cluster.as_ref().filter(|cluster| cluster.cluster.id == *home)?;
        let pool = cluster.pools.iter().find(|pool| pool.name == *name)?;
        Some(Self {
            direct: direct_target(facts).ok()?,
            database: pool.db.clone(),
            user: pool.user.clone(),
            pooler: facts.tested.as_ref()?.pooler_address.clone()?,
        })
    }
}

#[derive(Debug)]
pub enum Msg {
    Write,
    /// One form of the hand-over.
    Save(Format),
    Written(Vec<WrittenFile>),
    Open(PathBuf),
    Opened,
    /// Looks how everything that could be taken back stands by now.
    Look,
    Looked(Vec<(usize, Stand)>),
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

    /// What the names of all forms begin with.
    pub fn stem(&self) -> String {
        let stem = Path::new(self.draft.file.trim()).file_stem();
        stem.map_or_else(|| "POOLING".to_owned(), |stem| stem.to_string_lossy().into_owned())
    }

    /// Where one form of it goes.
    pub fn place(&self, format: Format, facts: &Facts) -> Option<PathBuf> {
        let name = || format.file_name(&self.stem());
        match format {
            Format::Profile => Some(facts.project.as_ref()?.root.join(name())),
            Format::Markdown => self.path(facts),
            Format::Html | Format::Commands(_) => Some(self.path(facts)?.with_file_name(name())),
        }
    }

    /// The form's file and text, and the picture that stands beside Markdown.
    fn files(&self, format: Format, ctx: &Ctx<'_>) -> Option<Vec<(PathBuf, String)>> {
        let file = self.place(format, ctx.facts)?;
        let stem = self.stem();
        let text = runbook::text(format, ctx.facts, ctx.record, (ctx.now, &stem));
        let picture = match format {
            Format::Markdown => runbook::beside(ctx.facts, &stem),
            Format::Html | Format::Commands(_) | Format::Profile => None,
        };
        let picture = picture.map(|(name, svg)| (file.with_file_name(name), svg));
        Some(std::iter::once((file, text)).chain(picture).collect())
    }

    fn save(&mut self, ctx: &mut Ctx<'_>, format: Format) {
        let Some(files) = self.files(format, ctx) else { return };
        self.phase = if ctx.rules.dry_run {
            Phase::WouldChange
        } else {
            Phase::Writing(ctx.start(Effect::Write(files)), format)
        };
    }

    /// May this entry be taken back, and if not, why.
    pub fn undoable(facts: &Facts, rules: &Rules, undo: &Undo) -> Result<(), String> {
        match undo {
            Undo::Impossible(why) => Err(why.clone()),
            Undo::DeletePool { pool, .. } if facts.deployed.is_some() => {
                Err(format!("an app still uses {pool}; restore the app first"))
            }
            Undo::DeletePool { .. }
            | Undo::RestorePool { .. }
            | Undo::RestoreSpec { .. }
            | Undo::RemoveLease { .. }
            | Undo::RestoreFile { .. } => may_take_back(facts, rules, undo),
        }
    }

    /// Entries that can be taken back now, those among them that come after another.
    pub fn undoable_now(facts: &Facts, rules: &Rules, record: &Record) -> usize {
        let open = || record.entries.iter().filter(|entry| !entry.undone).map(|entry| &entry.undo);
        let can = |undo: &Undo| Self::undoable(facts, rules, undo).is_ok();
        // The app comes first, and then nothing keeps its pool.
        let frees = open().any(|undo| matches!(undo, Undo::RestoreSpec { .. }) && can(undo));
        let waits_for_the_app = |undo: &Undo| {
            matches!(undo, Undo::DeletePool { .. }) && may_take_back(facts, rules, undo).is_ok()
        };
        open().filter(|undo| can(undo) || (frees && waits_for_the_app(undo))).count()
    }

    pub fn primary(&self, facts: &Facts, _rules: &Rules) -> Primary<Msg> {
        let label = "Write the runbook".to_owned();
        match &self.phase {
            Phase::Writing(..) => Primary::Working("Writing the runbook…".to_owned(), None),
            Phase::Undoing(..) => Primary::Working("Taking it back…".to_owned(), Some(Msg::Stop)),
            Phase::WouldChange => Primary::Next,
            Phase::Idle | Phase::Failed(_) if facts.established(StepId::HandOver) => Primary::Next,
            Phase::Idle | Phase::Failed(_) => match self.path(facts) {
                Some(_) => Primary::Act(label, Msg::Write),
                None => Primary::Blocked(label, "Say where the file goes.".to_owned()),
            },
        }
    }

    pub fn open(&mut self, ctx: &mut Ctx<'_>) {
        self.look(ctx);
    }

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match (msg, &self.phase) {
            (Msg::Write, Phase::Idle | Phase::Failed(_)) => self.save(ctx, Format::Markdown),
            (Msg::Save(format), Phase::Idle | Phase::Failed(_)) => self.save(ctx, format),
            (Msg::Written(files), Phase::Writing(_, format)) => {
                for file in &files {
                    let what = format!("{} written, {}", file.file.display(), file.what);
                    ctx.did(what, file.undo(Vec::new()));
                }
                let is_first_or_again = |known: &WrittenFile| {
                    files.first().is_none_or(|first| first.file == known.file)
                };
                let tells = *format != Format::Profile;
                if tells && ctx.facts.runbook.as_ref().is_none_or(is_first_or_again) {
                    ctx.facts.runbook = files.first().cloned();
                    ctx.facts.review.retain(|step| *step != StepId::HandOver);
                }
                self.saved.retain(|saved| files.iter().all(|file| file.file != saved.file));
                self.saved.extend(files);
                self.phase = Phase::Idle;
            }
            (Msg::Look, _) => self.look(ctx),
            (Msg::Looked(stands), _) => {
                self.looking = None;
                self.stands = stands;
            }
            (Msg::Open(file), Phase::Idle | Phase::Failed(_)) => {
                ctx.start(Effect::Open(file));
            }
            (Msg::Undo(index), Phase::Idle | Phase::Failed(_)) => {
                self.queue.clear();
                self.undo(ctx, index);
            }
            (Msg::UndoAll, Phase::Idle | Phase::Failed(_)) => {
                self.queue = undo_order(ctx.record);
                // What is known not to come back that way does not end the rest.
                self.queue.retain(|index| {
                    self.stands.iter().all(|(at, stand)| at != index || stand.is_open())
                });
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
                self.looking = None;
                self.stopped = match phase {
                    Phase::Undoing(_, index) => Some(*index),
                    Phase::Idle | Phase::Writing(..) | Phase::Failed(_) | Phase::WouldChange => {
                        None
                    }
                };
                // After a “delete all the same” the rest goes on.
                if !problem.hints.iter().any(|hint| hint.fix == Some(Fix::DeleteUnchecked)) {
                    self.queue.clear();
                }
                self.phase = Phase::Failed(problem);
            }
            (
                Msg::Write
                | Msg::Save(_)
                | Msg::Written(_)
                | Msg::Open(_)
                | Msg::Opened
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
            let effect = match entry.undo.clone() {
                Undo::DeletePool { cluster, pool } => {
                    let from = Viewpoint::of(ctx.facts, &cluster, &pool).map(Box::new);
                    Effect::DeletePool { cluster, pool, from }
                }
                undo => Effect::Undo(undo),
            };
            self.phase = Phase::Undoing(ctx.start(effect), index);
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
        self.stands.retain(|(at, _)| *at != index);
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
            Undo::RestorePool { cluster: home, earlier, .. } => {
                let known = ctx.facts.cluster.as_mut().filter(|at| at.cluster.id == home);
                let pools = known.into_iter().flat_map(|facts| &mut facts.pools);
                for pool in pools.chain(&mut ctx.facts.pool) {
                    if pool.name == earlier.name {
                        (pool.size, pool.mode) = (earlier.size, earlier.mode);
                        (pool.db, pool.user) = (earlier.db.clone(), earlier.user.clone());
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

    /// It looks how its changes stand by now, while everything can be used.
    pub fn is_looking(&self) -> bool {
        self.looking.is_some()
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Writing(..) | Phase::Undoing(..) => Standing::Working,
            Phase::Failed(_) => Standing::Stopped,
            Phase::WouldChange => Standing::WouldChange,
            Phase::Idle if facts.established(StepId::HandOver) => Standing::Done,
            Phase::Idle => Standing::Ready,
        }
    }

    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Failed(problem) => Some(problem),
            Phase::Idle | Phase::Writing(..) | Phase::Undoing(..) | Phase::WouldChange => None,
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
        Undo::DeletePool { .. } | Undo::RestorePool { .. } => Some(1),
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
        Undo::RestoreFile {
            file: PathBuf::from(name),
            backup: None,
            ours: String::new(),
            keys: Vec::new(),
        }
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
                steps::Effect::HandOver(Effect::DeletePool { cluster, pool, from: None }) => {
                    Some((start.ticket, Undo::DeletePool { cluster, pool }))
                }
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

    #[test]
    fn what_is_found_changed_or_gone_is_left_out_and_the_rest_comes_back() {
        let now = Timestamp::UNIX_EPOCH;
        let mut setup = changed();
        // Of two changes of one file the later is looked at; the earlier comes back after it.
        setup.record.entries[2].undo = restore_file("b");
        let looked = setup.act(now, Msg::Look.into()).into_iter().find_map(|order| match order {
            Order::Start(start) => Some((start.ticket, start.effect)),
            Order::Cancel(_) => None,
        });
        let Some((ticket, steps::Effect::HandOver(Effect::Look(asked)))) = looked else {
            panic!("it is looked at")
        };
        let mut asked: Vec<usize> = asked.into_iter().map(|(index, _)| index).collect();
        asked.sort_unstable();
        assert_eq!(asked, [0, 1, 3, 5]);
        let by_hand = Stand::Changed("the file was changed since".to_owned());
        let gone = Stand::Gone("the access has ended".to_owned());
        let stands = vec![(0, gone), (1, Stand::Ours), (3, by_hand), (5, Stand::KeysOnly)];
        assert!(setup.settle(now, ticket, Msg::Looked(stands).into()).is_empty());
        assert_eq!(setup.standing(StepId::HandOver), Standing::NotStarted);

        let mut next = started(setup.act(now, Msg::UndoAll.into()));
        let mut order = Vec::new();
        while let Some((ticket, undo)) = next {
            order.push(undo);
            next = started(setup.settle(now, ticket, Msg::Undone.into()));
        }
        assert_eq!(order, [restore_spec(), restore_file("b"), delete_pool()]);
        assert_eq!(setup.steps.hand_over.stand(1), None);
    }
}
