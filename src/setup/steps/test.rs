//! Step 6: both ports, stage by stage; and the timed trusted source that lets this computer in.

mod access;

use std::net::Ipv4Addr;

use crate::{
    domain::{
        access::{Granted, Lease, LeaseLength, Rule},
        cluster::ClusterId,
        problem::Problem,
        stages::{BothPorts, Outcome, Port, Stage, Tested},
    },
    setup::{
        Ctx, Rules,
        facts::Facts,
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
    /// All access that ends with the program is being ended.
    leaving: bool,
}

#[derive(Debug)]
pub struct Draft {
    pub lease: LeaseLength,
    /// This computer's public address, found out or typed. Empty: not known.
    pub address: String,
    /// The person agreed that the two services are asked for it.
    pub may_ask: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Self { lease: LeaseLength::TwoHours, address: String::new(), may_ask: false }
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
    /// With its cluster: another may be chosen by now.
    Removing(Ticket, Box<Granted>),
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
        cluster_name: String,
        address: Ipv4Addr,
        length: LeaseLength,
    },
    Remove {
        cluster: ClusterId,
        lease: Lease,
    },
    /// Ends the access that runs which are over have left.
    Sweep,
}

#[derive(Debug)]
pub enum Msg {
    Run,
    Stage(Port, Stage, Outcome),
    Tested(Box<Tested>),
    FindAddress,
    Address(Ipv4Addr),
    Allow,
    /// Asks the two services for the address, and allows it.
    FindAndAllow,
    Allowed(Granted, Vec<Rule>),
    /// The rule was sent, and could not be read back.
    Sent(Granted),
    /// Ends the access to the chosen cluster.
    Remove,
    RemoveFrom(ClusterId),
    /// Ends all access that is not to outlive the program.
    RemoveTimed,
    Removed(Vec<Rule>),
    /// What earlier runs had left: gone now, and still open.
    Swept {
        ended: Vec<Granted>,
        open: Vec<Granted>,
    },
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
            (Msg::FindAndAllow, Phase::Idle | Phase::Failed(_)) => self.find_address(ctx, true),
            (Msg::Allowed(granted, rules), Phase::Allowing(_)) => self.allowed(ctx, granted, rules),
            (Msg::Sent(granted), Phase::Allowing(_)) => {
                let what = format!("Trusted source {} sent; not confirmed", granted.lease.address);
                Self::open_lease(ctx, granted, what);
            }
            (Msg::Remove, Phase::Idle | Phase::Failed(_)) => self.remove(ctx),
            (Msg::RemoveFrom(cluster), Phase::Idle | Phase::Failed(_)) => {
                self.remove_from(ctx, &cluster);
            }
            (Msg::RemoveTimed, Phase::Idle | Phase::Failed(_)) => self.remove_timed(ctx),
            (Msg::Removed(rules), Phase::Removing(_, granted)) => {
                let granted = granted.clone();
                self.removed(ctx, &granted, rules);
            }
            (Msg::Swept { ended, open }, _) => Self::swept(ctx, ended, open),
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
                | Msg::FindAndAllow
                | Msg::Allowed(..)
                | Msg::Sent(_)
                | Msg::Remove
                | Msg::RemoveFrom(_)
                | Msg::RemoveTimed
                | Msg::Removed(_)
                | Msg::Stop,
                _,
            ) => {}
        }
    }

    fn failed(&mut self, problem: Problem) {
        self.again = match self.phase {
            Phase::FindingAddress { allow: false, .. } => Some(|| Msg::FindAddress),
            Phase::FindingAddress { allow: true, .. } => Some(|| Msg::FindAndAllow),
            Phase::Allowing(_) => Some(|| Msg::Allow),
            Phase::Removing(..) => Some(|| Msg::Remove),
            Phase::Idle | Phase::Running(_) | Phase::Failed(_) => None,
        };
        self.leaving = false;
        self.phase = Phase::Failed(problem);
    }

    /// Nothing runs here, and no removal has ended with a problem.
    pub(in super::super) fn may_remove(&self) -> bool {
        match &self.phase {
            Phase::Idle => true,
            Phase::Failed(_) => !matches!(self.again.map(|again| again()), Some(Msg::Remove)),
            Phase::Running(_)
            | Phase::FindingAddress { .. }
            | Phase::Allowing(_)
            | Phase::Removing(..) => false,
        }
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
