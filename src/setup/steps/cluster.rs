//! Step 2: which cluster, and what kind of environment it is.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    domain::{
        cluster::{Cluster, ClusterFacts, ClusterId, Environment},
        problem::Problem,
        secret::Secret,
    },
    setup::{
        Ctx, Rules,
        facts::{Facts, Grant},
        step::{Primary, Standing, StepId},
        ticket::Ticket,
    },
};

#[derive(Clone, Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
    /// As the account gave them; rows that can't be chosen stay visible.
    pub clusters: Vec<Cluster>,
    /// Pools of the clusters that were in sight.
    pub peeks: BTreeMap<ClusterId, Peek>,
    /// When the account answered with its clusters, be it none.
    listed: Option<Timestamp>,
    /// Whose clusters they are.
    account: Option<Secret>,
}

#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub chosen: Option<ClusterId>,
    /// A cluster's name from a team profile; chosen when the list arrives.
    pub wanted: Option<String>,
    pub environment: Option<Environment>,
    /// Shows only clusters that have this in name, region or tags.
    pub filter: String,
}

#[derive(Clone, Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    Listing(Ticket),
    Reading(Ticket, ClusterId, Environment),
    Failed(Problem),
}

/// What a row tells of its cluster's pools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peek {
    Reading(Ticket),
    Read {
        pools: usize,
        /// Connections that they have together.
        booked: u32,
    },
    Unread,
}

/// So many rows are read at once.
const PEEKS: usize = 4;

#[derive(Debug, PartialEq)]
pub enum Effect {
    List,
    /// The pools of a row in sight.
    Peek(ClusterId),
    /// Pools, users, databases, trusted sources, certificate, apps: everything later steps need.
    Read {
        cluster: Box<Cluster>,
        environment: Environment,
    },
}

#[derive(Debug)]
pub enum Msg {
    List,
    Listed(Vec<Cluster>),
    /// These rows are in sight.
    Peek(Vec<ClusterId>),
    /// The sizes of the cluster's pools; `None` where they were not read.
    Peeked(ClusterId, Option<Vec<u32>>),
    Choose(ClusterId),
    Use,
    Stop,
    Read(Box<ClusterFacts>),
    Failed(Problem),
}

impl Step {
    /// When the account answered with its clusters, be it none.
    pub fn listed(&self) -> Option<Timestamp> {
        self.listed
    }

    pub fn chosen(&self) -> Option<&Cluster> {
        let chosen = self.draft.chosen.as_ref()?;
        self.clusters.iter().find(|cluster| cluster.id == *chosen)
    }

    /// The rows, those that can be chosen first.
    pub fn shown(&self) -> Vec<&Cluster> {
        let wanted = self.draft.filter.trim().to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let matches = |cluster: &&Cluster| {
            wanted.is_empty()
                || has(&cluster.name)
                || has(&cluster.region)
                || cluster.tags.iter().any(|tag| has(tag))
        };
        let mut shown: Vec<&Cluster> = self.clusters.iter().filter(matches).collect();
        shown.sort_by_key(|cluster| !cluster.can_be_chosen());
        shown
    }

    /// Which of the rows in sight are to be read now.
    pub fn to_peek<'a>(&self, in_sight: impl Iterator<Item = &'a Cluster>) -> Vec<ClusterId> {
        let reading = self.peeks.values().filter(|peek| matches!(peek, Peek::Reading(_))).count();
        let is_new =
            |cluster: &&Cluster| cluster.can_be_chosen() && !self.peeks.contains_key(&cluster.id);
        let room = PEEKS.saturating_sub(reading);
        in_sight.filter(is_new).take(room).map(|cluster| cluster.id.clone()).collect()
    }

    pub fn primary(&self, facts: &Facts, _rules: &Rules) -> Primary<Msg> {
        match &self.phase {
            Phase::Listing(_) => Primary::Working("Reading clusters…".to_owned(), Some(Msg::Stop)),
            Phase::Reading(..) => {
                Primary::Working("Reading the cluster…".to_owned(), Some(Msg::Stop))
            }
            Phase::Idle | Phase::Failed(_) if self.listed.is_none() => {
                Primary::Act("Read the clusters".to_owned(), Msg::List)
            }
            Phase::Idle | Phase::Failed(_) => self.choice(facts),
        }
    }

    fn choice(&self, facts: &Facts) -> Primary<Msg> {
        let Some(cluster) = self.chosen() else {
            let why = match &self.draft.wanted {
                Some(name) => format!("No cluster named {name} is in this account."),
                None => "Choose a cluster first.".to_owned(),
            };
            return Primary::Blocked("Use this cluster".to_owned(), why);
        };
        let name = &cluster.name;
        // The button names the environment: pressing it confirms the guess.
        let label = match self.draft.environment {
            Some(environment) => format!("Use {name} as {}", environment.word()),
            None => format!("Use {name}"),
        };
        if let Some(refusal) = cluster.refusal() {
            return Primary::Blocked(label, format!("{name} is {refusal}."));
        }
        let same = facts.cluster.as_ref().is_some_and(|facts| {
            facts.cluster.id == cluster.id && Some(facts.environment) == self.draft.environment
        });
        if same && facts.established(StepId::Cluster) {
            Primary::Next
        } else {
            Primary::Act(label, Msg::Use)
        }
    }

    pub fn open(&mut self, ctx: &mut Ctx<'_>) {
        if matches!(self.phase, Phase::Idle) && self.listed.is_none() {
            self.phase = Phase::Listing(ctx.start(Effect::List));
        }
    }

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match (msg, &self.phase) {
            (Msg::List, Phase::Idle | Phase::Failed(_)) => {
                self.forget_peeks(ctx);
                self.phase = Phase::Listing(ctx.start(Effect::List));
            }
            (Msg::Listed(clusters), Phase::Listing(_)) => self.take_list(ctx, clusters),
            (Msg::Peek(ids), _) => self.peek(ctx, &ids),
            (Msg::Peeked(id, sizes), _) => {
                let peek = sizes.map_or(Peek::Unread, |sizes| Peek::Read {
                    pools: sizes.len(),
                    booked: sizes.iter().sum(),
                });
                self.peeks.insert(id, peek);
            }
            (Msg::Choose(id), _) => self.choose(id),
            (Msg::Use, Phase::Idle | Phase::Failed(_)) => self.read(ctx),
            (Msg::Stop, Phase::Listing(ticket) | Phase::Reading(ticket, ..)) => {
                ctx.cancel(*ticket);
                self.phase = Phase::Idle;
            }
            (Msg::Read(facts), Phase::Reading(..)) => self.established(ctx, *facts),
            (Msg::Failed(problem), _) => self.phase = Phase::Failed(problem),
            (Msg::List | Msg::Listed(_) | Msg::Use | Msg::Stop | Msg::Read(_), _) => {}
        }
    }

    /// The clusters of one account say nothing about another's.
    pub(super) fn keep_to_the_account(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.facts.token().cloned();
        if self.account.is_some() && self.account != now {
            if let Phase::Listing(ticket) | Phase::Reading(ticket, ..) = &self.phase {
                ctx.cancel(*ticket);
            }
            self.forget_peeks(ctx);
            *self = Self::default();
        }
        self.account = now;
    }

    fn take_list(&mut self, ctx: &Ctx<'_>, clusters: Vec<Cluster>) {
        self.clusters = clusters;
        self.listed = Some(ctx.now);
        self.phase = Phase::Idle;
        let wanted = self.draft.wanted.as_deref();
        let mut candidates = self.clusters.iter().filter(|cluster| match wanted {
            Some(name) => cluster.name == name,
            None => cluster.can_be_chosen(),
        });
        // With a name the one that has it, without one the only one that can be chosen.
        let only = candidates
            .next()
            .filter(|_| candidates.next().is_none())
            .map(|cluster| cluster.id.clone());
        if self.chosen().is_none()
            && let Some(id) = only
        {
            self.choose(id);
        }
    }

    fn peek(&mut self, ctx: &mut Ctx<'_>, ids: &[ClusterId]) {
        let in_sight = self.clusters.iter().filter(|cluster| ids.contains(&cluster.id));
        for id in self.to_peek(in_sight) {
            let ticket = ctx.start(Effect::Peek(id.clone()));
            self.peeks.insert(id, Peek::Reading(ticket));
        }
    }

    fn forget_peeks(&mut self, ctx: &mut Ctx<'_>) {
        for peek in std::mem::take(&mut self.peeks).into_values() {
            if let Peek::Reading(ticket) = peek {
                ctx.cancel(ticket);
            }
        }
    }

    fn choose(&mut self, id: ClusterId) {
        let Some(cluster) = self.clusters.iter().find(|cluster| cluster.id == id) else { return };
        if self.draft.environment.is_none()
            || self.draft.chosen.as_ref().is_some_and(|chosen| *chosen != id)
        {
            self.draft.environment = Some(Environment::guess(&cluster.name, &cluster.tags));
        }
        self.draft.chosen = Some(id);
    }

    fn read(&mut self, ctx: &mut Ctx<'_>) {
        if let (Some(cluster), Some(environment)) = (self.chosen().cloned(), self.draft.environment)
            && cluster.can_be_chosen()
        {
            let id = cluster.id.clone();
            let ticket = ctx.start(Effect::Read { cluster: Box::new(cluster), environment });
            self.phase = Phase::Reading(ticket, id, environment);
        }
    }

    fn established(&mut self, ctx: &mut Ctx<'_>, facts: ClusterFacts) {
        if ctx.facts.cluster.as_ref().is_some_and(|old| old.cluster.id != facts.cluster.id) {
            ctx.facts.changed(StepId::Cluster);
        }
        let shown = facts.cluster.direct.password.as_ref().is_some_and(|p| !p.is_empty());
        if let Some(account) = &mut ctx.facts.account {
            account.passwords_visible = Some(shown);
        }
        let grant = if shown { Grant::Has } else { Grant::Lacks };
        ctx.facts.learn("database:view_credentials", grant);
        let booked = facts.pools.iter().map(|pool| pool.size).sum();
        let peek = Peek::Read { pools: facts.pools.len(), booked };
        self.peeks.insert(facts.cluster.id.clone(), peek);
        ctx.facts.review.retain(|step| *step != StepId::Cluster);
        ctx.facts.cluster = Some(facts);
        self.phase = Phase::Idle;
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Listing(_) | Phase::Reading(..) => Standing::Working,
            Phase::Failed(_) => Standing::Stopped,
            Phase::Idle if facts.established(StepId::Cluster) => Standing::Done,
            Phase::Idle if self.listed.is_some() => Standing::NeedsYou,
            Phase::Idle => Standing::Ready,
        }
    }

    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Failed(problem) => Some(problem),
            Phase::Idle | Phase::Listing(_) | Phase::Reading(..) => None,
        }
    }
}
