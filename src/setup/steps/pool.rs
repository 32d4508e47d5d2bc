//! Step 4: the pool's size, mode and name; one request; the pool read back.

use crate::{
    domain::{
        capacity::{self, Demand, Limits, RESERVE, Sizing},
        cluster::ClusterId,
        pool::{Pool, PoolMode, PoolName, PoolOrder},
        problem::{Fix, Problem},
        record::Undo,
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

#[derive(Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
    /// A pool whose creation we sent and got no answer to: found later, it is ours.
    unanswered: Option<PoolName>,
}

#[derive(Debug)]
pub struct Draft {
    pub name: String,
    pub size: u32,
    /// The person chose the size; measuring again does not move it.
    pub size_chosen: bool,
    pub mode: PoolMode,
    pub db: String,
    /// `None` makes an inbound-user pool.
    pub user: Option<String>,
    filled: bool,
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
            filled: false,
        }
    }
}

#[derive(Debug, Default)]
pub enum Phase {
    #[default]
    Editing,
    Creating(Ticket, PoolOrder),
    Resizing(Ticket, PoolOrder),
    /// A create whose answer was lost may have worked: look before trying again.
    Finding(Ticket, PoolOrder),
    Failed(Problem),
    WouldChange(PoolOrder),
}

impl Phase {
    /// The scope that what is under way takes.
    fn scope(&self) -> Option<&'static str> {
        match self {
            Self::Creating(..) => Some("database:create"),
            Self::Resizing(..) => Some("database:update"),
            Self::Editing | Self::Finding(..) | Self::Failed(_) | Self::WouldChange(_) => None,
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
}

#[derive(Debug)]
pub enum Msg {
    /// Creates, resizes or adopts, whatever the draft asks for.
    Act,
    UseSize(u32),
    Adopt(PoolName),
    Stop,
    Made(Pool),
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
    Resize {
        from: Pool,
        to: PoolOrder,
    },
}

/// What goes into the size, measured where possible.
pub fn sizing(facts: &Facts, name: &str) -> Option<Sizing> {
    let cluster = facts.cluster.as_ref()?;
    let measured = facts.activity.limits.map(Limits::usable);
    let limit = measured.or_else(|| cluster.cluster.ram_gib().map(Limits::usable_by_plan))?;
    let others =
        cluster.pools.iter().filter(|pool| pool.name.as_str() != name).map(|pool| pool.size).sum();
    Some(capacity::size(Demand {
        limit,
        measured: measured.is_some(),
        others,
        direct: 0,
        reserve: RESERVE,
        vcpus: cluster.cluster.vcpus().unwrap_or(1),
    }))
}

/// What the primary button will send, shown before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: &'static str,
    pub path: String,
    /// JSON, indented.
    pub body: String,
    /// The same for the provider's own command line.
    pub command: String,
}

/// `None` where nothing is sent: the pool is right already, or something is missing.
pub fn request(step: &Step, facts: &Facts) -> Option<Request> {
    let cluster = &facts.cluster.as_ref()?.cluster.id.0;
    let (method, verb, path, order) = match step.decide(facts).ok()? {
        Decision::Adopt(_) => return None,
        Decision::Create(order) => {
            ("POST", "create", format!("/v2/databases/{cluster}/pools"), order)
        }
        Decision::Resize { to, .. } => {
            ("PUT", "update", format!("/v2/databases/{cluster}/pools/{}", to.name), to)
        }
    };
    let mut body = serde_json::Map::new();
    if method == "POST" {
        body.insert("name".to_owned(), order.name.as_str().into());
    }
    body.insert("mode".to_owned(), order.mode.word().into());
    body.insert("size".to_owned(), order.size.into());
    body.insert("db".to_owned(), order.db.clone().into());
    let user = order.user.as_ref().map_or(String::new(), |user| format!(" --user {user}"));
    let command = format!(
        "doctl databases pool {verb} {cluster} {} --mode {} --size {} --db {}{user}",
        order.name,
        order.mode.word(),
        order.size,
        order.db
    );
    if let Some(user) = order.user {
        body.insert("user".to_owned(), user.into());
    }
    let body = format!("{:#}", serde_json::Value::Object(body));
    Some(Request { method, path, body, command })
}

impl Step {
    fn existing<'a>(&self, facts: &'a Facts) -> Option<&'a Pool> {
        facts
            .cluster
            .as_ref()?
            .pools
            .iter()
            .find(|pool| pool.name.as_str() == self.draft.name.trim())
    }

    /// What the primary button would do, or why it can't.
    pub fn decide(&self, facts: &Facts) -> Result<Decision, Problem> {
        let cluster = facts.cluster.as_ref().ok_or_else(|| {
            Problem::new("no cluster", "No cluster is chosen.", "Step 2 chooses it.")
        })?;
        let draft = &self.draft;
        let name = PoolName::parse(draft.name.trim()).map_err(|err| {
            Problem::new(
                "pool name",
                format!("The name “{}” is not accepted: {err}.", draft.name.trim()),
                "",
            )
            .hint("Choose another name")
        })?;
        if cluster.databases.iter().any(|db| db == draft.name.trim()) {
            return Err(Problem::new(
                "pool name",
                format!("{name} is also the name of a database."),
                "In the pooled URL the pool's name stands where the database's usually stands; with equal names nobody can tell them apart.",
            )
            .hint("Choose another name"));
        }
        if !cluster.databases.contains(&draft.db) {
            return Err(Problem::new(
                "database",
                format!("There is no database {} on this cluster.", draft.db),
                "",
            ));
        }
        self.check_size(facts)?;
        let order = PoolOrder {
            name,
            mode: draft.mode,
            size: draft.size,
            db: draft.db.clone(),
            user: draft.user.clone(),
        };
        match self.existing(facts) {
            None => Ok(Decision::Create(order)),
            Some(pool) if pool.fulfils(&order) => Ok(Decision::Adopt(pool.clone())),
            Some(pool) if pool.db == order.db && pool.user == order.user => {
                Ok(Decision::Resize { from: pool.clone(), to: order })
            }
            Some(pool) => Err(Problem::new(
                "name taken",
                format!("A pool named {} exists.", pool.name),
                format!(
                    "It serves database {} as {}, {} connections, {} mode.",
                    pool.db,
                    pool.user.as_deref().unwrap_or("the inbound user"),
                    pool.size,
                    pool.mode.word()
                ),
            )
            .fix("Use this pool", Fix::UsePool(pool.name.clone()))
            .hint("Choose another name")),
        }
    }

    fn check_size(&self, facts: &Facts) -> Result<(), Problem> {
        let size = self.draft.size;
        if size == 0 {
            return Err(Problem::new("capacity", "A pool has at least 1 connection.", "")
                .fix("Use 1", Fix::UseSize(1)));
        }
        let Some(sizing) = sizing(facts, self.draft.name.trim()) else { return Ok(()) };
        if size <= sizing.ceiling {
            return Ok(());
        }
        let demand = sizing.demand;
        Err(Problem::new(
            "capacity",
            format!("{size} is more than the {} connections that are free.", sizing.ceiling),
            format!(
                "{} in all: {} in other pools, {} direct, {} kept free for migrations and administration.",
                demand.limit, demand.others, demand.direct, demand.reserve
            ),
        )
        .fix(format!("Use {}", sizing.suggested.max(1)), Fix::UseSize(sizing.suggested.max(1))))
    }

    pub fn primary(&self, facts: &Facts, rules: &Rules) -> Primary<Msg> {
        match &self.phase {
            Phase::Creating(_, order) => {
                Primary::Working(format!("Creating pool {}…", order.name), Some(Msg::Stop))
            }
            Phase::Resizing(_, order) => {
                Primary::Working(format!("Changing pool {}…", order.name), Some(Msg::Stop))
            }
            Phase::Finding(_, order) => {
                Primary::Working(format!("Looking for pool {}…", order.name), Some(Msg::Stop))
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
            Decision::Resize { to, .. } => format!("Change pool “{}” to {}", to.name, to.size),
        };
        match may_change(facts, rules) {
            Ok(()) => Primary::Act(label, Msg::Act),
            Err(_) if rules.dry_run => Primary::Act(label, Msg::Act),
            Err(why) => Primary::Blocked(label, why),
        }
    }

    /// Fills the draft with what suits this cluster; what the person or a profile wrote stays.
    pub fn open(&mut self, ctx: &mut Ctx<'_>) {
        let Some(cluster) = &ctx.facts.cluster else { return };
        if !self.draft.filled {
            self.draft.filled = true;
            if self.draft.db.is_empty() {
                self.draft.db = main_database(&cluster.databases, &cluster.cluster.direct);
            }
            if self.draft.name.is_empty() {
                self.draft.name = format!("{}-pool", self.draft.db);
            }
            if self.draft.user.is_none() {
                // The least powerful role that can be bound; the administrator only where nobody else is there.
                let normal = cluster.users.iter().find(|user| user.role == "normal");
                self.draft.user =
                    normal.or_else(|| cluster.users.first()).map(|user| user.name.clone());
            }
            if let Some(pool) = cluster
                .pools
                .iter()
                .find(|pool| pool.db == self.draft.db && pool.user == self.draft.user)
                && !self.draft.size_chosen
            {
                self.draft.name = pool.name.as_str().to_owned();
                self.draft.size = pool.size;
                self.draft.mode = pool.mode;
                self.draft.size_chosen = true;
            }
        }
        if !self.draft.size_chosen
            && let Some(sizing) = sizing(ctx.facts, self.draft.name.trim())
        {
            self.draft.size = sizing.suggested;
        }
    }

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match (msg, &self.phase) {
            (Msg::Act, Phase::Editing | Phase::Failed(_)) => self.act(ctx),
            (Msg::UseSize(size), Phase::Editing | Phase::Failed(_) | Phase::WouldChange(_)) => {
                self.draft.size = size;
                self.draft.size_chosen = true;
                self.phase = Phase::Editing;
            }
            (Msg::Adopt(name), Phase::Editing | Phase::Failed(_) | Phase::WouldChange(_)) => {
                if let Some(pool) = ctx
                    .facts
                    .cluster
                    .as_ref()
                    .and_then(|c| c.pools.iter().find(|pool| pool.name == name))
                    .cloned()
                {
                    self.take_over(&pool);
                    self.established(ctx, pool);
                }
            }
            (Msg::Made(pool), Phase::Creating(..) | Phase::Resizing(..)) => self.made(ctx, pool),
            (
                Msg::Found(found),
                Phase::Creating(_, order) | Phase::Resizing(_, order) | Phase::Finding(_, order),
            ) => {
                let order = order.clone();
                self.found(ctx, found, &order);
            }
            (Msg::Failed(problem), Phase::Creating(_, order) | Phase::Resizing(_, order))
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
            (Msg::Stop, Phase::Creating(ticket, order) | Phase::Resizing(ticket, order)) => {
                let order = order.clone();
                ctx.cancel(*ticket);
                // The request may have arrived already.
                self.find(ctx, order);
            }
            (Msg::Stop, Phase::Finding(ticket, _)) => {
                ctx.cancel(*ticket);
                self.phase = Phase::Editing;
            }
            (
                Msg::Act
                | Msg::UseSize(_)
                | Msg::Adopt(_)
                | Msg::Made(_)
                | Msg::Found(_)
                | Msg::Stop,
                _,
            ) => {}
        }
    }

    fn found(&mut self, ctx: &mut Ctx<'_>, found: Option<Pool>, order: &PoolOrder) {
        match found {
            // Refused because it was there, and never sent before: somebody else's, which is not ours to delete.
            Some(pool)
                if pool.fulfils(order)
                    && matches!(self.phase, Phase::Creating(..))
                    && self.unanswered.as_ref() != Some(&pool.name) =>
            {
                self.established(ctx, pool);
            }
            Some(pool) if pool.fulfils(order) => self.made(ctx, pool),
            Some(pool) => {
                self.phase = Phase::Failed(different(&pool, order));
                // The card offers to use it, so it has to be known.
                if let Some(cluster) = &mut ctx.facts.cluster {
                    cluster.pools.retain(|other| other.name != pool.name);
                    cluster.pools.push(pool);
                }
            }
            None => self.phase = Phase::Failed(not_created(order)),
        }
    }

    /// The account did what was ordered, or was found to have done it.
    fn made(&mut self, ctx: &mut Ctx<'_>, pool: Pool) {
        let Some(cluster) = &ctx.facts.cluster else { return };
        let existed = cluster.pools.iter().any(|other| other.name == pool.name);
        let (verb, undo) = if existed {
            ("changed", Undo::Impossible("set the earlier size on the pool's step".to_owned()))
        } else {
            (
                "created",
                Undo::DeletePool { cluster: cluster.cluster.id.clone(), pool: pool.name.clone() },
            )
        };
        let (name, size, mode) = (&pool.name, pool.size, pool.mode.word());
        ctx.did(format!("Pool {name} {verb}: {size} connections, {mode} mode"), undo);
        self.established(ctx, pool);
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
            Decision::Create(order) | Decision::Resize { to: order, .. } if ctx.rules.dry_run => {
                Phase::WouldChange(order)
            }
            Decision::Create(_) | Decision::Resize { .. }
                if may_change(ctx.facts, ctx.rules).is_err() =>
            {
                return;
            }
            Decision::Create(order) => {
                Phase::Creating(ctx.start(Effect::Create(cluster, order.clone())), order)
            }
            Decision::Resize { to, .. } => {
                Phase::Resizing(ctx.start(Effect::Resize(cluster, to.clone())), to)
            }
        };
    }

    fn find(&mut self, ctx: &mut Ctx<'_>, order: PoolOrder) {
        let Some(cluster) = ctx.facts.cluster.as_ref().map(|facts| facts.cluster.id.clone()) else {
            return;
        };
        self.unanswered = Some(order.name.clone());
        let ticket = ctx.start(Effect::Find(cluster, order.name.clone()));
        self.phase = Phase::Finding(ticket, order);
    }

    fn take_over(&mut self, pool: &Pool) {
        pool.name.as_str().clone_into(&mut self.draft.name);
        self.draft.size = pool.size;
        self.draft.size_chosen = true;
        self.draft.mode = pool.mode;
        self.draft.db.clone_from(&pool.db);
        self.draft.user.clone_from(&pool.user);
    }

    fn established(&mut self, ctx: &mut Ctx<'_>, pool: Pool) {
        if ctx
            .facts
            .pool
            .as_ref()
            .is_some_and(|old| old.name != pool.name || old.db != pool.db || old.user != pool.user)
        {
            ctx.facts.changed(StepId::Pool);
        }
        if let Some(cluster) = &mut ctx.facts.cluster {
            cluster.pools.retain(|other| other.name != pool.name);
            cluster.pools.push(pool.clone());
        }
        ctx.facts.review.retain(|step| *step != StepId::Pool);
        ctx.facts.pool = Some(pool);
        self.phase = Phase::Editing;
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Creating(..) | Phase::Resizing(..) | Phase::Finding(..) => Standing::Working,
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
            | Phase::Resizing(..)
            | Phase::Finding(..)
            | Phase::WouldChange(_) => None,
        }
    }
}

fn not_created(order: &PoolOrder) -> Problem {
    Problem::new(
        "not created",
        format!("Pool {} was not created.", order.name),
        "The answer to the request was lost, and the account does not list the pool.",
    )
    .fix("Create the pool again", Fix::TryAgain)
}

fn different(pool: &Pool, order: &PoolOrder) -> Problem {
    Problem::new(
        "pool differs",
        format!("Pool {} exists, but not as asked for.", pool.name),
        format!(
            "It has {} connections in {} mode on {}; {} in {} mode on {} were asked for.",
            pool.size,
            pool.mode.word(),
            pool.db,
            order.size,
            order.mode.word(),
            order.db
        ),
    )
    .fix("Use this pool", Fix::UsePool(pool.name.clone()))
    .hint("Choose another name")
}
