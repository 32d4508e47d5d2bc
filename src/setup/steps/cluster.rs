//! Step 2: which cluster, and what kind of environment it is.

use crate::{
    domain::{
        cluster::{Cluster, ClusterFacts, ClusterId, Environment},
        problem::Problem,
        secret::Secret,
    },
    setup::{
        Ctx, Rules,
        facts::Facts,
        step::{Primary, Standing, StepId},
        ticket::Ticket,
    },
};

#[derive(Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
    /// As the account gave them; rows that can't be chosen stay visible.
    pub clusters: Vec<Cluster>,
    listed: bool,
    /// Whose clusters they are.
    account: Option<Secret>,
}

#[derive(Debug, Default)]
pub struct Draft {
    pub chosen: Option<ClusterId>,
    /// A cluster's name from a team profile; chosen when the list arrives.
    pub wanted: Option<String>,
    pub environment: Option<Environment>,
}

#[derive(Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    Listing(Ticket),
    Reading(Ticket, ClusterId, Environment),
    Failed(Problem),
}

#[derive(Debug, PartialEq)]
pub enum Effect {
    List,
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
    Choose(ClusterId),
    Use,
    Stop,
    Read(Box<ClusterFacts>),
    Failed(Problem),
}

impl Step {
    /// The account has answered with its clusters, be it none.
    pub fn listed(&self) -> bool {
        self.listed
    }

    pub fn chosen(&self) -> Option<&Cluster> {
        let chosen = self.draft.chosen.as_ref()?;
        self.clusters.iter().find(|cluster| cluster.id == *chosen)
    }

    pub fn primary(&self, facts: &Facts, _rules: &Rules) -> Primary<Msg> {
        match &self.phase {
            Phase::Listing(_) => Primary::Working("Reading clusters…".to_owned(), Some(Msg::Stop)),
            Phase::Reading(..) => {
                Primary::Working("Reading the cluster…".to_owned(), Some(Msg::Stop))
            }
            Phase::Idle | Phase::Failed(_) if !self.listed => {
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
        let label = format!("Use {}", cluster.name);
        if let Some(refusal) = cluster.refusal() {
            return Primary::Blocked(label, format!("{} is {refusal}.", cluster.name));
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
        if matches!(self.phase, Phase::Idle) && !self.listed {
            self.phase = Phase::Listing(ctx.start(Effect::List));
        }
    }

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match (msg, &self.phase) {
            (Msg::List, Phase::Idle | Phase::Failed(_)) => {
                self.phase = Phase::Listing(ctx.start(Effect::List))
            }
            (Msg::Listed(clusters), Phase::Listing(_)) => self.take_list(clusters),
            (Msg::Choose(id), _) => self.choose(id),
            (Msg::Use, Phase::Idle | Phase::Failed(_)) => self.read(ctx),
            (Msg::Stop, Phase::Listing(ticket) | Phase::Reading(ticket, ..)) => {
                ctx.cancel(*ticket);
                self.phase = Phase::Idle;
            }
            (Msg::Read(facts), Phase::Reading(..)) => {
                if ctx.facts.cluster.as_ref().is_some_and(|old| old.cluster.id != facts.cluster.id)
                {
                    ctx.facts.changed(StepId::Cluster);
                }
                if let Some(account) = &mut ctx.facts.account {
                    account.passwords_visible =
                        Some(facts.cluster.direct.password.as_ref().is_some_and(|p| !p.is_empty()));
                }
                ctx.facts.review.retain(|step| *step != StepId::Cluster);
                ctx.facts.cluster = Some(*facts);
                self.phase = Phase::Idle;
            }
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
            *self = Self::default();
        }
        self.account = now;
    }

    fn take_list(&mut self, clusters: Vec<Cluster>) {
        self.clusters = clusters;
        self.listed = true;
        self.phase = Phase::Idle;
        let wanted = self.draft.wanted.as_deref();
        let mut candidates = self.clusters.iter().filter(|cluster| match wanted {
            Some(name) => cluster.name == name,
            None => cluster.refusal().is_none(),
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
            && cluster.refusal().is_none()
        {
            let id = cluster.id.clone();
            let ticket = ctx.start(Effect::Read { cluster: Box::new(cluster), environment });
            self.phase = Phase::Reading(ticket, id, environment);
        }
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Listing(_) | Phase::Reading(..) => Standing::Working,
            Phase::Failed(_) => Standing::Stopped,
            Phase::Idle if facts.established(StepId::Cluster) => Standing::Done,
            Phase::Idle if self.listed => Standing::NeedsYou,
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
