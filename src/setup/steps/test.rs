//! Step 6: both ports, stage by stage; and the timed trusted source that lets this computer in.

mod access;
mod known;
mod repair;

use std::net::Ipv4Addr;

use crate::{
    domain::{
        access::{Granted, Lease, LeaseLength, Rule},
        cluster::ClusterId,
        diagnosis::{Known, Repair},
        features::Found,
        problem::{Fix, Problem},
        project::Feature,
        secret::Secret,
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

#[derive(Clone, Debug, Default)]
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

#[derive(Clone, Debug)]
pub struct Draft {
    pub lease: LeaseLength,
    /// This computer's public address, found out or typed. Empty: not known.
    pub address: String,
    /// The person agreed that the two services are asked for it.
    pub may_ask: bool,
    /// Another password that is being typed.
    pub password: Option<TypedPassword>,
    /// Whether the region answered on the web's port; `None` where it was not asked.
    pub web: Option<bool>,
}

/// Shown masked, and gone from here as soon as it is used.
#[derive(Clone, Debug)]
pub struct TypedPassword {
    pub user: String,
    pub typed: Secret,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            lease: LeaseLength::TwoHours,
            address: String::new(),
            may_ask: false,
            password: None,
            web: None,
        }
    }
}

#[derive(Clone, Debug, Default)]
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
    FetchingPassword(Ticket, String),
    AskingTheWeb(Ticket),
    TryingSettings(Ticket),
    /// With its cluster: another may be chosen by now.
    Removing(Ticket, Box<Granted>),
    Failed(Problem),
}

#[derive(Debug, PartialEq)]
pub enum Effect {
    Run {
        pooled: Target,
        direct: Target,
        known: Box<Known>,
        patience: std::time::Duration,
    },
    /// Reads the account's users for one password.
    FetchPassword {
        cluster: ClusterId,
        user: String,
    },
    /// One connection to port 443 of this region, nothing more.
    AskTheWeb {
        region: String,
    },
    /// A sign-in per setting that apps send along.
    TrySettings {
        pooled: Target,
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
    /// The fix beside a problem: for as long as its button says.
    AllowFor(LeaseLength),
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
    Repair(Repair),
    FetchPassword(String),
    /// The account's password for this user.
    Fetched(String, Secret),
    TypePassword(String),
    UsePassword,
    AskTheWeb,
    Web(bool),
    TrySettings,
    Settings(Found),
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
            Phase::FetchingPassword(_, user) => {
                Primary::Working(format!("Fetching the password of {user}…"), Some(Msg::Stop))
            }
            Phase::AskingTheWeb(_) => {
                Primary::Working("Trying port 443 of the region…".to_owned(), Some(Msg::Stop))
            }
            Phase::TryingSettings(_) => {
                Primary::Working("Trying settings at sign-in…".to_owned(), Some(Msg::Stop))
            }
            Phase::Idle | Phase::Failed(_) if facts.established(StepId::Test) => Primary::Next,
            Phase::Idle | Phase::Failed(_) if facts.tested.is_some() => {
                Primary::Act("Test both again".to_owned(), Msg::Run)
            }
            Phase::Idle | Phase::Failed(_) => {
                Primary::Act("Test both connections".to_owned(), Msg::Run)
            }
        }
    }

    /// Runs by itself on arrival, unless the person wants to start it.
    pub fn open(&mut self, ctx: &mut Ctx<'_>) {
        if ctx.rules.tests_start && ctx.facts.tested.is_none() && matches!(self.phase, Phase::Idle)
        {
            self.run(ctx);
        }
    }

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match msg {
            Msg::Run
            | Msg::FindAddress
            | Msg::Allow
            | Msg::AllowFor(_)
            | Msg::FindAndAllow
            | Msg::Remove
            | Msg::RemoveFrom(_)
            | Msg::RemoveTimed
            | Msg::Repair(_)
            | Msg::FetchPassword(_)
            | Msg::TypePassword(_)
            | Msg::UsePassword
            | Msg::AskTheWeb
            | Msg::TrySettings => {
                // One thing at a time: a click while something runs does nothing.
                if matches!(self.phase, Phase::Idle | Phase::Failed(_)) {
                    self.asked(ctx, msg);
                }
            }
            Msg::Stage(port, stage, outcome) => {
                if matches!(self.phase, Phase::Running(_)) {
                    self.live.column_mut(port).set(stage, outcome);
                }
            }
            Msg::Stop => self.stop(ctx),
            Msg::Failed(problem) => self.failed(problem),
            Msg::Tested(_)
            | Msg::Address(_)
            | Msg::Allowed(..)
            | Msg::Sent(_)
            | Msg::Removed(_)
            | Msg::Swept { .. }
            | Msg::Fetched(..)
            | Msg::Web(_)
            | Msg::Settings(_) => self.answered(ctx, msg),
        }
    }

    /// What the person wants, while nothing runs.
    fn asked(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match msg {
            Msg::Run => self.run(ctx),
            Msg::FindAddress => self.find_address(ctx, false),
            Msg::Allow => self.allow(ctx),
            Msg::AllowFor(length) => {
                self.draft.lease = length;
                self.allow(ctx);
            }
            Msg::FindAndAllow => self.find_address(ctx, true),
            Msg::Remove => self.remove(ctx),
            Msg::RemoveFrom(cluster) => self.remove_from(ctx, &cluster),
            Msg::RemoveTimed => self.remove_timed(ctx),
            Msg::Repair(repair) => self.repair(ctx, &repair),
            Msg::FetchPassword(user) => self.fetch_password(ctx, user),
            Msg::TypePassword(user) => {
                self.draft.password = Some(TypedPassword { user, typed: Secret::new("") });
            }
            Msg::UsePassword => {
                if let Some(TypedPassword { user, typed }) = self.draft.password.take() {
                    self.use_password(ctx, &user, &typed);
                }
            }
            Msg::AskTheWeb => self.ask_the_web(ctx),
            Msg::TrySettings => self.try_settings(ctx),
            _ => {} // `update` passes only what a person can want
        }
    }

    /// How an effect ended; what does not belong to the one that runs is dropped.
    fn answered(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match (msg, &self.phase) {
            (Msg::Tested(tested), Phase::Running(_)) => {
                self.live = tested.ports.clone();
                ctx.facts.review.retain(|step| *step != StepId::Test);
                ctx.facts.tested = Some(*tested);
                self.phase = Phase::Idle;
            }
            (Msg::Address(address), Phase::FindingAddress { allow, .. }) => {
                let allow = *allow;
                self.draft.address = address.to_string();
                self.phase = Phase::Idle;
                if allow {
                    self.allow(ctx);
                }
            }
            (Msg::Allowed(granted, rules), Phase::Allowing(_)) => self.allowed(ctx, granted, rules),
            (Msg::Sent(granted), Phase::Allowing(_)) => {
                let what = format!("Trusted source {} sent; not confirmed", granted.lease.address);
                Self::open_lease(ctx, granted, what);
            }
            (Msg::Removed(rules), Phase::Removing(_, granted)) => {
                let granted = granted.clone();
                self.removed(ctx, &granted, rules);
            }
            (Msg::Swept { ended, open }, _) => Self::swept(ctx, ended, open),
            (Msg::Fetched(user, password), Phase::FetchingPassword(..)) => {
                self.phase = Phase::Idle;
                self.fetched(ctx, &user, &password);
            }
            (Msg::Web(answers), Phase::AskingTheWeb(_)) => {
                self.draft.web = Some(answers);
                self.run(ctx);
            }
            (Msg::Settings(found), Phase::TryingSettings(_)) => {
                self.phase = Phase::Idle;
                let features = ctx.facts.tested.iter_mut().flat_map(|tested| &mut tested.features);
                for row in features.filter(|row| row.feature == Feature::StartupParameter) {
                    row.clone_from(&found);
                }
            }
            _ => {} // late, or of something that was stopped
        }
    }

    fn stop(&mut self, ctx: &mut Ctx<'_>) {
        match &self.phase {
            Phase::Running(ticket) => {
                ctx.cancel(*ticket);
                self.live = BothPorts::default();
                self.phase = Phase::Idle;
            }
            Phase::FindingAddress { ticket, .. }
            | Phase::FetchingPassword(ticket, _)
            | Phase::AskingTheWeb(ticket)
            | Phase::TryingSettings(ticket) => {
                ctx.cancel(*ticket);
                self.phase = Phase::Idle;
            }
            Phase::Idle | Phase::Allowing(_) | Phase::Removing(..) | Phase::Failed(_) => {}
        }
    }

    fn failed(&mut self, problem: Problem) {
        self.again = match self.phase {
            Phase::FindingAddress { allow: false, .. } => Some(|| Msg::FindAddress),
            Phase::FindingAddress { allow: true, .. } => Some(|| Msg::FindAndAllow),
            Phase::Allowing(_) => Some(|| Msg::Allow),
            Phase::Removing(..) => Some(|| Msg::Remove),
            Phase::AskingTheWeb(_) => Some(|| Msg::AskTheWeb),
            Phase::TryingSettings(_) => Some(|| Msg::TrySettings),
            Phase::Idle | Phase::Running(_) | Phase::FetchingPassword(..) | Phase::Failed(_) => {
                None
            }
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
            | Phase::FetchingPassword(..)
            | Phase::AskingTheWeb(_)
            | Phase::TryingSettings(_)
            | Phase::Allowing(_)
            | Phase::Removing(..) => false,
        }
    }

    /// What a fix button beside one of this step's problems does.
    pub(super) fn fix(&self, fix: &Fix) -> Option<Msg> {
        match fix {
            Fix::AllowThisComputer => Some(Msg::AllowFor(LeaseLength::TwoHours)),
            Fix::Repair(repair) => Some(Msg::Repair(repair.clone())),
            Fix::FetchPassword(user) => Some(Msg::FetchPassword(user.clone())),
            Fix::TypePassword(user) => Some(Msg::TypePassword(user.clone())),
            Fix::AskTheWeb => Some(Msg::AskTheWeb),
            Fix::TryAgain
            | Fix::RemoveRule(_)
            | Fix::UseSize(_)
            | Fix::UsePool(_)
            | Fix::DeleteUnchecked
            | Fix::RestoreApp
            | Fix::UseBuiltInRunner
            | Fix::KeepSealed
            | Fix::KeepForSession
            | Fix::Copy(_)
            | Fix::Open(_)
            | Fix::ProxySettings => None,
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
            known: Box::new(known::known(ctx.facts, &self.draft)),
            patience: ctx.rules.slot_patience,
        };
        ctx.facts.tested = None;
        // An answer of the web is about one test only.
        self.draft.web = None;
        self.live = BothPorts::default();
        self.phase = Phase::Running(ctx.start(effect));
    }

    fn try_settings(&mut self, ctx: &mut Ctx<'_>) {
        let Some(urls) = &ctx.facts.urls else { return };
        let pooled = Target { url: urls.pooled.clone(), ca: urls.ca.clone() };
        self.phase = Phase::TryingSettings(ctx.start(Effect::TrySettings { pooled }));
    }

    fn ask_the_web(&mut self, ctx: &mut Ctx<'_>) {
        let Some(cluster) = &ctx.facts.cluster else { return };
        let region = cluster.cluster.region.clone();
        self.phase = Phase::AskingTheWeb(ctx.start(Effect::AskTheWeb { region }));
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Running(_)
            | Phase::FindingAddress { .. }
            | Phase::Allowing(_)
            | Phase::FetchingPassword(..)
            | Phase::AskingTheWeb(_)
            | Phase::TryingSettings(_)
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
            | Phase::FetchingPassword(..)
            | Phase::AskingTheWeb(_)
            | Phase::TryingSettings(_)
            | Phase::Removing(..) => {
                let of = |port| self.live.column(port).problem().map(|(_, problem)| problem);
                of(Port::Direct).or_else(|| of(Port::Pooled))
            }
        }
    }
}

#[cfg(test)]
mod tests;
