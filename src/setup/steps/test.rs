//! Step 6: both ports, stage by stage; and the timed trusted source that lets this computer in.

use std::net::Ipv4Addr;

use crate::{
    domain::{
        access::{Lease, LeaseLength, Rule},
        cluster::ClusterId,
        problem::Problem,
        record::Undo,
        stages::{BothPorts, Outcome, Port, Stage, Tested},
    },
    setup::{
        Ctx, Rules,
        facts::Facts,
        may_change_now,
        step::{Primary, Standing, StepId},
        steps::measure::Target,
        ticket::Ticket,
    },
};

#[derive(Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
    /// What is known so far, drawn while the test runs.
    pub live: BothPorts,
    /// Does again what the problem shown has ended; `None`: the test.
    again: Option<fn() -> Msg>,
}

#[derive(Debug)]
pub struct Draft {
    pub lease: LeaseLength,
    /// This computer's public address, found out or typed. Empty: not known.
    pub address: String,
}

impl Default for Draft {
    fn default() -> Self {
        Self { lease: LeaseLength::TwoHours, address: String::new() }
    }
}

#[derive(Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    Running(Ticket),
    /// Asking the two address services, after the person agreed.
    FindingAddress {
        ticket: Ticket,
        /// The found address is let in at once: that was asked for.
        allow: bool,
    },
    Allowing(Ticket),
    /// Which entry of the record is being taken back: it names the cluster, another may be chosen by now.
    Removing(Ticket, usize),
    Failed(Problem),
}

#[derive(Debug, PartialEq)]
pub enum Effect {
    Run {
        pooled: Target,
        direct: Target,
        patience: std::time::Duration,
    },
    FindAddress,
    /// Read, append, write, read back; never another rule.
    Allow {
        cluster: ClusterId,
        address: Ipv4Addr,
        length: LeaseLength,
    },
    Remove {
        cluster: ClusterId,
        lease: Lease,
    },
}

#[derive(Debug)]
pub enum Msg {
    Run,
    Stage(Port, Stage, Outcome),
    Tested(Box<Tested>),
    FindAddress,
    Address(Ipv4Addr),
    Allow,
    Allowed(Lease, Vec<Rule>),
    /// The rule was sent, and could not be read back.
    Sent(Lease),
    Remove,
    Removed(Vec<Rule>),
    Stop,
    Failed(Problem),
}

impl Step {
    pub fn primary(&self, facts: &Facts, _rules: &Rules) -> Primary<Msg> {
        match &self.phase {
            Phase::Running(_) => {
                Primary::Working("Testing both connections…".to_owned(), Some(Msg::Stop))
            }
            Phase::FindingAddress { .. } => {
                Primary::Working("Asking for this computer's address…".to_owned(), Some(Msg::Stop))
            }
            Phase::Allowing(_) => Primary::Working("Allowing this computer…".to_owned(), None),
            Phase::Removing(..) => Primary::Working("Removing the access…".to_owned(), None),
            Phase::Idle | Phase::Failed(_) if facts.established(StepId::Test) => Primary::Next,
            Phase::Idle | Phase::Failed(_) if facts.tested.is_some() => {
                Primary::Act("Test both again".to_owned(), Msg::Run)
            }
            Phase::Idle | Phase::Failed(_) => {
                Primary::Act("Test both connections".to_owned(), Msg::Run)
            }
        }
    }

    /// Runs by itself on arrival.
    pub fn open(&mut self, ctx: &mut Ctx<'_>) {
        if ctx.facts.tested.is_none() && matches!(self.phase, Phase::Idle) {
            self.run(ctx);
        }
    }

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match (msg, &self.phase) {
            (Msg::Run, Phase::Idle | Phase::Failed(_)) => self.run(ctx),
            (Msg::Stage(port, stage, outcome), Phase::Running(_)) => {
                self.live.column_mut(port).set(stage, outcome)
            }
            (Msg::Tested(tested), Phase::Running(_)) => {
                self.live = tested.ports.clone();
                ctx.facts.review.retain(|step| *step != StepId::Test);
                ctx.facts.tested = Some(*tested);
                self.phase = Phase::Idle;
            }
            (Msg::FindAddress, Phase::Idle | Phase::Failed(_)) => {
                self.find_address(ctx, false);
            }
            (Msg::Address(address), Phase::FindingAddress { allow, .. }) => {
                let allow = *allow;
                self.draft.address = address.to_string();
                self.phase = Phase::Idle;
                if allow {
                    self.allow(ctx);
                }
            }
            (Msg::Allow, Phase::Idle | Phase::Failed(_)) => self.allow(ctx),
            (Msg::Allowed(lease, rules), Phase::Allowing(_)) => self.allowed(ctx, lease, rules),
            (Msg::Sent(lease), Phase::Allowing(_)) => {
                let what = format!("Trusted source {} sent; not confirmed", lease.address);
                Self::open_lease(ctx, lease, what);
            }
            (Msg::Remove, Phase::Idle | Phase::Failed(_)) => self.remove(ctx),
            (Msg::Removed(rules), Phase::Removing(_, entry)) => {
                let entry = *entry;
                self.removed(ctx, entry, rules);
            }
            (Msg::Stop, Phase::Running(ticket) | Phase::FindingAddress { ticket, .. }) => {
                ctx.cancel(*ticket);
                self.live = BothPorts::default();
                self.phase = Phase::Idle;
            }
            (Msg::Failed(problem), _) => self.failed(problem),
            (
                Msg::Run
                | Msg::Stage(..)
                | Msg::Tested(_)
                | Msg::FindAddress
                | Msg::Address(_)
                | Msg::Allow
                | Msg::Allowed(..)
                | Msg::Sent(_)
                | Msg::Remove
                | Msg::Removed(_)
                | Msg::Stop,
                _,
            ) => {}
        }
    }

    fn failed(&mut self, problem: Problem) {
        self.again = match self.phase {
            Phase::FindingAddress { allow: false, .. } => Some(|| Msg::FindAddress),
            Phase::FindingAddress { allow: true, .. } | Phase::Allowing(_) => Some(|| Msg::Allow),
            Phase::Removing(..) => Some(|| Msg::Remove),
            Phase::Idle | Phase::Running(_) | Phase::Failed(_) => None,
        };
        self.phase = Phase::Failed(problem);
    }

    /// What “Try again” does on the problem that is shown.
    pub(super) fn again(&self) -> Option<Msg> {
        matches!(self.phase, Phase::Failed(_)).then(|| self.again.map(|again| again()))?
    }

    fn run(&mut self, ctx: &mut Ctx<'_>) {
        let Some(urls) = &ctx.facts.urls else { return };
        let target = |url: &crate::domain::conn_url::ConnUrl| Target {
            url: url.clone(),
            ca: urls.ca.clone(),
        };
        let effect = Effect::Run {
            pooled: target(&urls.pooled),
            direct: target(&urls.direct),
            patience: ctx.rules.slot_patience,
        };
        ctx.facts.tested = None;
        self.live = BothPorts::default();
        self.phase = Phase::Running(ctx.start(effect));
    }

    fn allow(&mut self, ctx: &mut Ctx<'_>) {
        let Some(cluster) = ctx.facts.cluster.as_ref().map(|facts| facts.cluster.id.clone()) else {
            return;
        };
        if let Err(problem) =
            may_change_now(ctx.facts, ctx.rules, "The trusted sources were not changed.")
        {
            self.phase = Phase::Failed(problem);
            return;
        }
        match self.draft.address.trim().parse() {
            Ok(address) => {
                let length = self.draft.lease;
                let effect = Effect::Allow { cluster, address, length };
                self.phase = Phase::Allowing(ctx.start(effect));
            }
            // Not an IPv4 address, or none yet: ask.
            Err(_) => self.find_address(ctx, true),
        }
    }

    fn find_address(&mut self, ctx: &mut Ctx<'_>, allow: bool) {
        self.phase = Phase::FindingAddress { ticket: ctx.start(Effect::FindAddress), allow };
    }

    fn allowed(&mut self, ctx: &mut Ctx<'_>, lease: Lease, rules: Vec<Rule>) {
        let what = format!("Trusted source {} added for this computer", lease.address);
        Self::open_lease(ctx, lease, what);
        if let Some(cluster) = &mut ctx.facts.cluster {
            cluster.trusted_sources = Some(rules);
        }
        self.phase = Phase::Idle;
        self.run(ctx);
    }

    fn open_lease(ctx: &mut Ctx<'_>, lease: Lease, what: String) {
        if let (Some(cluster), false) = (&ctx.facts.cluster, lease.was_there) {
            let undo =
                Undo::RemoveLease { cluster: cluster.cluster.id.clone(), lease: lease.clone() };
            ctx.did(what, undo);
        }
        ctx.facts.lease = Some(lease);
    }

    fn remove(&mut self, ctx: &mut Ctx<'_>) {
        // A rule that was there before us is not ours to remove; only our access ends.
        ctx.facts.lease.take_if(|lease| lease.was_there);
        let open = ctx.record.entries.iter().enumerate().rev().find_map(|(at, entry)| {
            match &entry.undo {
                Undo::RemoveLease { cluster, lease }
                    if !entry.undone && ctx.facts.lease.as_ref() == Some(lease) =>
                {
                    Some((at, cluster.clone(), lease.clone()))
                }
                _ => None, // only a rule of ours can be removed here
            }
        });
        if let Some((at, cluster, lease)) = open {
            let ticket = ctx.start(Effect::Remove { cluster, lease });
            self.phase = Phase::Removing(ticket, at);
        }
    }

    fn removed(&mut self, ctx: &mut Ctx<'_>, entry: usize, rules: Vec<Rule>) {
        self.phase = Phase::Idle;
        ctx.facts.lease = None;
        let Some(entry) = ctx.record.entries.get_mut(entry) else { return };
        entry.undone = true;
        if let (Undo::RemoveLease { cluster: home, .. }, Some(facts)) =
            (&entry.undo, &mut ctx.facts.cluster)
            && facts.cluster.id == *home
        {
            facts.trusted_sources = Some(rules);
        }
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Running(_)
            | Phase::FindingAddress { .. }
            | Phase::Allowing(_)
            | Phase::Removing(..) => Standing::Working,
            Phase::Failed(_) => Standing::Stopped,
            Phase::Idle => match &facts.tested {
                Some(tested)
                    if Port::BOTH.into_iter().all(|port| tested.ports.column(port).passed()) =>
                {
                    Standing::Done
                }
                Some(tested) if tested.both_work() => Standing::DoneNotVerified,
                Some(_) => Standing::Stopped,
                None => Standing::Ready,
            },
        }
    }

    /// The first port's problem; the direct one first, because it explains the other.
    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Failed(problem) => Some(problem),
            Phase::Idle
            | Phase::Running(_)
            | Phase::FindingAddress { .. }
            | Phase::Allowing(_)
            | Phase::Removing(..) => {
                let of = |port| self.live.column(port).problem().map(|(_, problem)| problem);
                of(Port::Direct).or_else(|| of(Port::Pooled))
            }
        }
    }
}
