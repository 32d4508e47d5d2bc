//! Step 4: the pool's size, mode and name; one request; the pool read back.

mod answers;
mod problems;
mod request;
mod size;

use std::collections::BTreeSet;

use crate::{
    domain::{
        capacity::{RESERVE, Sizing},
        cluster::ClusterId,
        pool::{BadName, Pool, PoolMode, PoolName, PoolOrder},
        problem::Problem,
    },
    setup::{
        Ctx, Rules,
        facts::{Facts, Grant},
        may_change,
        step::{Primary, Standing, StepId},
        steps::measure::main_database,
        ticket::Ticket,
    },
};

pub use self::{
    request::{Request, request},
    size::{AppSide, LEAST_RESERVE, app_side, holders, limit, sizing},
};

#[cfg(test)]
pub(crate) use self::problems::told;

#[derive(Clone, Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
    /// A pool whose creation we sent and got no answer to: found later, it is ours.
    unanswered: Option<PoolName>,
    /// Looks for it so far, and how many there will be.
    looks: Option<(u32, u32)>,
}

#[derive(Clone, Debug)]
pub struct Draft {
    pub name: String,
    pub size: u32,
    /// The person chose the size; measuring again does not move it.
    pub size_chosen: bool,
    pub mode: PoolMode,
    pub db: String,
    /// `None` makes an inbound-user pool.
    pub user: Option<String>,
    /// Applications whose connections stay outside of the pool, by the names they give themselves.
    pub direct: BTreeSet<String>,
    /// Connections kept free.
    pub reserve: u32,
    /// For which cluster the fields were filled in.
    filled: Option<ClusterId>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            name: String::new(),
            size: 0,
            size_chosen: false,
            mode: PoolMode::Transaction,
            db: String::new(),
            user: None,
            direct: BTreeSet::new(),
            reserve: RESERVE,
            filled: None,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub enum Phase {
    #[default]
    Editing,
    Creating(Ticket, PoolOrder),
    Changing(Ticket, PoolOrder),
    /// A create whose answer was lost may have worked: look before trying again.
    Finding(Ticket, PoolOrder),
    /// Is there by now what the person makes by hand?
    Checking(Ticket, PoolOrder),
    Failed(Problem),
    WouldChange(PoolOrder),
}

impl Phase {
    /// The scope that what is under way takes.
    fn scope(&self) -> Option<&'static str> {
        match self {
            Self::Creating(..) => Some("database:create"),
            Self::Changing(..) => Some("database:update"),
            Self::Editing
            | Self::Finding(..)
            | Self::Checking(..)
            | Self::Failed(_)
            | Self::WouldChange(_) => None,
        }
    }
}

/// The code of a problem that a missing scope has caused.
pub(super) const FORBIDDEN: &str = "HTTP 403";

/// Each ends with the pool as read back from the account.
#[derive(Debug, PartialEq)]
pub enum Effect {
    Create(ClusterId, PoolOrder),
    /// PUT with mode, size, database and user: leaving the user out would wipe it.
    Resize(ClusterId, PoolOrder),
    Find(ClusterId, PoolName),
    /// After a lost answer: looks again and again until the account shows what was ordered, or clearly does not.
    LookFor(ClusterId, PoolOrder),
}

#[derive(Debug)]
pub enum Msg {
    /// Creates, changes or adopts, whatever the draft asks for.
    Act,
    UseSize(u32),
    Adopt(PoolName),
    /// Leaves the pool that is there alone and fills in another one.
    Another,
    /// Looks whether the pool is there that the person makes by hand.
    Check,
    Stop,
    Made(Pool),
    /// So many looks for it so far, of so many.
    Looked(u32, u32),
    /// What the account has under that name: after a lost answer, or where it refused or did something else.
    Found(Option<Pool>),
    Failed(Problem),
}

/// What the draft comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    Create(PoolOrder),
    /// It exists as wanted; nothing is sent.
    Adopt(Pool),
    /// It exists with another size or mode.
    Change {
        from: Pool,
        to: PoolOrder,
    },
}

impl Decision {
    /// The token is known not to allow it, so the person does it in DigitalOcean's panel.
    pub fn by_hand(&self, facts: &Facts) -> bool {
        let scope = match self {
            Self::Create(_) => "database:create",
            Self::Change { .. } => "database:update",
            Self::Adopt(_) => return false,
        };
        facts.grant(scope) == Grant::Lacks
    }

    fn order(self) -> Option<PoolOrder> {
        match self {
            Self::Create(order) | Self::Change { to: order, .. } => Some(order),
            Self::Adopt(_) => None,
        }
    }
}

/// What is to be said of a name while it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameLook {
    Empty,
    Good,
    /// The account may refuse it: its answer is shown.
    Unusual(BadName),
    /// Of a pool that is there.
    Taken,
    /// Of a database: nobody could tell the two URLs apart.
    Database,
}

impl Step {
    fn existing<'a>(&self, facts: &'a Facts) -> Option<&'a Pool> {
        let pools = &facts.cluster.as_ref()?.pools;
        pools.iter().find(|pool| pool.name.as_str() == self.draft.name.trim())
    }

    /// The arithmetic of the size, with what the person chose.
    pub fn sizing(&self, facts: &Facts) -> Option<Sizing> {
        size::of_draft(facts, &self.draft)
    }

    pub fn name_look(&self, facts: &Facts) -> NameLook {
        let name = self.draft.name.trim();
        let databases = facts.cluster.as_ref().map_or(&[][..], |cluster| &cluster.databases);
        if name.is_empty() {
            NameLook::Empty
        } else if self.existing(facts).is_some() {
            NameLook::Taken
        } else if databases.iter().any(|database| database == name) {
            NameLook::Database
        } else {
            PoolName::parse(name).err().map_or(NameLook::Good, NameLook::Unusual)
        }
    }

    /// What the primary button would do, or why it can't.
    pub fn decide(&self, facts: &Facts) -> Result<Decision, Problem> {
        let cluster = facts.cluster.as_ref().ok_or_else(problems::no_cluster)?;
        let draft = &self.draft;
        match self.name_look(facts) {
            NameLook::Empty => return Err(problems::no_name()),
            NameLook::Database => return Err(problems::database_name(draft.name.trim())),
            NameLook::Good | NameLook::Unusual(_) | NameLook::Taken => {}
        }
        if !cluster.databases.contains(&draft.db) {
            return Err(problems::no_database(&draft.db));
        }
        let order = PoolOrder {
            name: PoolName::given(draft.name.trim()),
            mode: draft.mode,
            size: draft.size,
            db: draft.db.clone(),
            user: draft.user.clone(),
        };
        match self.existing(facts) {
            None => {
                self.check_size(facts)?;
                Ok(Decision::Create(order))
            }
            Some(pool) if pool.fulfils(&order) => Ok(Decision::Adopt(pool.clone())),
            Some(pool) if pool.db == order.db && pool.user == order.user => {
                // A pool that has more than there is may be made smaller, or have another mode.
                if pool.size < order.size || order.size == 0 {
                    self.check_size(facts)?;
                }
                Ok(Decision::Change { from: pool.clone(), to: order })
            }
            Some(pool) => Err(problems::name_taken(pool)),
        }
    }

    fn check_size(&self, facts: &Facts) -> Result<(), Problem> {
        let size = self.draft.size;
        if size == 0 {
            return Err(problems::no_connection());
        }
        match self.sizing(facts) {
            Some(sizing) if sizing.ceiling < size => Err(problems::over_booked(size, &sizing)),
            Some(_) | None => Ok(()),
        }
    }

    pub fn primary(&self, facts: &Facts, rules: &Rules) -> Primary<Msg> {
        let working = |what: String| Primary::Working(what, Some(Msg::Stop));
        match &self.phase {
            Phase::Creating(_, order) => working(format!("Creating pool {}…", order.name)),
            Phase::Changing(_, order) => working(format!("Changing pool {}…", order.name)),
            Phase::Finding(_, order) | Phase::Checking(_, order) => {
                let looks =
                    self.looks.map_or(String::new(), |(look, of)| format!(" {look} of {of}"));
                working(format!("Looking for pool {}…{looks}", order.name))
            }
            Phase::WouldChange(_) => Primary::Next,
            Phase::Editing | Phase::Failed(_) => self.offer(facts, rules),
        }
    }

    fn offer(&self, facts: &Facts, rules: &Rules) -> Primary<Msg> {
        let decision = match self.decide(facts) {
            Ok(decision) => decision,
            Err(problem) => {
                return Primary::Blocked(
                    format!("Create pool “{}”", self.draft.name.trim()),
                    problem.what,
                );
            }
        };
        if decision.by_hand(facts) {
            return Primary::Act("Check now".to_owned(), Msg::Check);
        }
        let label = match &decision {
            Decision::Create(order) => format!("Create pool “{}”", order.name),
            Decision::Adopt(pool)
                if facts.pool.as_ref() == Some(pool) && facts.established(StepId::Pool) =>
            {
                return Primary::Next;
            }
            Decision::Adopt(pool) => {
                return Primary::Act(format!("Use pool “{}”", pool.name), Msg::Act);
            }
            Decision::Change { from, to } if from.size == to.size => {
                format!("Change pool “{}” to {} mode", to.name, to.mode.word())
            }
            Decision::Change { to, .. } => format!("Change pool “{}” to {}", to.name, to.size),
        };
        match may_change(facts, rules) {
            Ok(()) => Primary::Act(label, Msg::Act),
            Err(_) if rules.dry_run => Primary::Act(label, Msg::Act),
            Err(why) => Primary::Blocked(label, why),
        }
    }

    /// Fills the draft with what suits this cluster; what the person or a profile wrote stays.
    /// The pool that the draft asks for is there as it is asked for: nothing would be sent.
    pub fn adopts(&self, facts: &Facts) -> bool {
        matches!(self.phase, Phase::Editing) && matches!(self.decide(facts), Ok(Decision::Adopt(_)))
    }

    pub fn open(&mut self, ctx: &mut Ctx<'_>) {
        let Some(cluster) = &ctx.facts.cluster else { return };
        if self.draft.filled.as_ref() != Some(&cluster.cluster.id) {
            if self.draft.filled.is_some() {
                // What was filled in for another cluster names its databases and users.
                self.draft = Draft { mode: self.draft.mode, ..Draft::default() };
            }
            self.draft.filled = Some(cluster.cluster.id.clone());
            self.fill(ctx.facts);
        }
        if !self.draft.size_chosen
            && let Some(sizing) = self.sizing(ctx.facts)
        {
            self.draft.size = sizing.suggested;
        }
    }

    fn fill(&mut self, facts: &Facts) {
        let Some(cluster) = &facts.cluster else { return };
        if self.draft.db.is_empty() {
            self.draft.db = main_database(&cluster.databases, &cluster.cluster.direct);
        }
        if self.draft.user.is_none() {
            // The least powerful role that can be bound; the administrator only where nobody else is there.
            let normal = cluster.users.iter().find(|user| user.role == "normal");
            self.draft.user =
                normal.or_else(|| cluster.users.first()).map(|user| user.name.clone());
        }
        let serves = |pool: &&Pool| pool.db == self.draft.db && pool.user == self.draft.user;
        if let Some(pool) = cluster.pools.iter().find(serves)
            && !self.draft.size_chosen
            && (self.draft.name.is_empty() || self.draft.name == pool.name.as_str())
        {
            self.take_over(&pool.clone());
        }
        if self.draft.name.is_empty() {
            self.draft.name = format!("{}-pool", self.draft.db);
        }
    }

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match (msg, &self.phase) {
            (Msg::Act, Phase::Editing | Phase::Failed(_)) => self.act(ctx),
            (Msg::Check, Phase::Editing | Phase::Failed(_)) => self.check(ctx),
            (Msg::UseSize(size), Phase::Editing | Phase::Failed(_) | Phase::WouldChange(_)) => {
                self.draft.size = size;
                self.draft.size_chosen = true;
                self.phase = Phase::Editing;
            }
            (Msg::Adopt(name), Phase::Editing | Phase::Failed(_) | Phase::WouldChange(_)) => {
                self.adopt(ctx, &name);
            }
            (Msg::Another, Phase::Editing | Phase::Failed(_) | Phase::WouldChange(_)) => {
                self.another(ctx.facts);
            }
            (Msg::Looked(look, of), Phase::Finding(..)) => self.looks = Some((look, of)),
            (Msg::Made(pool), Phase::Creating(..) | Phase::Changing(..)) => self.made(ctx, pool),
            (
                Msg::Found(found),
                Phase::Creating(_, order)
                | Phase::Changing(_, order)
                | Phase::Finding(_, order)
                | Phase::Checking(_, order),
            ) => {
                let order = order.clone();
                self.found(ctx, found, &order);
            }
            (Msg::Failed(problem), Phase::Creating(_, order) | Phase::Changing(_, order))
                if problem.outcome_unknown =>
            {
                self.find(ctx, order.clone());
            }
            (Msg::Failed(problem), phase) => {
                if problem.code == FORBIDDEN
                    && let Some(scope) = phase.scope()
                {
                    ctx.facts.learn(scope, Grant::Lacks);
                }
                self.phase = Phase::Failed(problem);
            }
            (Msg::Stop, Phase::Creating(ticket, order) | Phase::Changing(ticket, order)) => {
                let order = order.clone();
                ctx.cancel(*ticket);
                // The request may have arrived already.
                self.find(ctx, order);
            }
            (Msg::Stop, Phase::Finding(ticket, _) | Phase::Checking(ticket, _)) => {
                ctx.cancel(*ticket);
                self.phase = Phase::Editing;
            }
            (
                Msg::Act
                | Msg::Check
                | Msg::UseSize(_)
                | Msg::Adopt(_)
                | Msg::Another
                | Msg::Made(_)
                | Msg::Looked(..)
                | Msg::Found(_)
                | Msg::Stop,
                _,
            ) => {}
        }
    }

    fn act(&mut self, ctx: &mut Ctx<'_>) {
        let decision = match self.decide(ctx.facts) {
            Ok(decision) => decision,
            Err(problem) => {
                self.phase = Phase::Failed(problem);
                return;
            }
        };
        let Some(cluster) = ctx.facts.cluster.as_ref().map(|facts| facts.cluster.id.clone()) else {
            return;
        };
        self.phase = match decision {
            Decision::Adopt(pool) => return self.established(ctx, pool),
            Decision::Create(order) | Decision::Change { to: order, .. } if ctx.rules.dry_run => {
                Phase::WouldChange(order)
            }
            Decision::Create(_) | Decision::Change { .. }
                if may_change(ctx.facts, ctx.rules).is_err() =>
            {
                return;
            }
            Decision::Create(order) => {
                Phase::Creating(ctx.start(Effect::Create(cluster, order.clone())), order)
            }
            Decision::Change { to, .. } => {
                Phase::Changing(ctx.start(Effect::Resize(cluster, to.clone())), to)
            }
        };
    }

    fn check(&mut self, ctx: &mut Ctx<'_>) {
        let order = self.decide(ctx.facts).ok().and_then(Decision::order);
        let cluster = ctx.facts.cluster.as_ref().map(|facts| facts.cluster.id.clone());
        if let Some((order, cluster)) = order.zip(cluster) {
            self.looks = None;
            let ticket = ctx.start(Effect::Find(cluster, order.name.clone()));
            self.phase = Phase::Checking(ticket, order);
        }
    }

    fn find(&mut self, ctx: &mut Ctx<'_>, order: PoolOrder) {
        let Some(cluster) = ctx.facts.cluster.as_ref().map(|facts| facts.cluster.id.clone()) else {
            return;
        };
        self.unanswered = Some(order.name.clone());
        self.looks = None;
        let ticket = ctx.start(Effect::LookFor(cluster, order.clone()));
        self.phase = Phase::Finding(ticket, order);
    }

    fn adopt(&mut self, ctx: &mut Ctx<'_>, name: &PoolName) {
        let cluster = ctx.facts.cluster.as_ref();
        let known =
            cluster.and_then(|cluster| cluster.pools.iter().find(|pool| pool.name == *name));
        if let Some(pool) = known.cloned() {
            self.take_over(&pool);
            self.established(ctx, pool);
        }
    }

    /// A name that is free, and the size that is advised beside the pools that are there.
    fn another(&mut self, facts: &Facts) {
        let Some(cluster) = &facts.cluster else { return };
        let free = |name: &String| cluster.pools.iter().all(|pool| pool.name.as_str() != name);
        let base = format!("{}-pool", self.draft.db);
        let mut names = (2..).map(|number| format!("{base}-{number}"));
        if let Some(name) = Some(base.clone()).filter(free).or_else(|| names.find(free)) {
            self.draft.name = name;
        }
        self.draft.size_chosen = false;
        if let Some(sizing) = self.sizing(facts) {
            self.draft.size = sizing.suggested;
        }
        self.phase = Phase::Editing;
    }

    fn take_over(&mut self, pool: &Pool) {
        pool.name.as_str().clone_into(&mut self.draft.name);
        self.draft.size = pool.size;
        self.draft.size_chosen = true;
        self.draft.mode = pool.mode;
        self.draft.db.clone_from(&pool.db);
        self.draft.user.clone_from(&pool.user);
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Creating(..)
            | Phase::Changing(..)
            | Phase::Finding(..)
            | Phase::Checking(..) => Standing::Working,
            Phase::Failed(_) => Standing::Stopped,
            Phase::WouldChange(_) => Standing::WouldChange,
            Phase::Editing if facts.established(StepId::Pool) => Standing::Done,
            Phase::Editing => Standing::Ready,
        }
    }

    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Failed(problem) => Some(problem),
            Phase::Editing
            | Phase::Creating(..)
            | Phase::Changing(..)
            | Phase::Finding(..)
            | Phase::Checking(..)
            | Phase::WouldChange(_) => None,
        }
    }
}
