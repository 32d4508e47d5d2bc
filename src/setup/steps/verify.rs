//! Step 11: before and after, from the same recording, with a verdict that says when it is not proven.

use crate::{
    domain::{
        activity::{self, Comparison},
        problem::Problem,
    },
    setup::{
        Ctx, Rules,
        facts::{Facts, Requests},
        step::{Primary, Standing, StepId},
        steps::measure::{Target, direct_target},
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
    /// Requests to the health URL, all at once.
    pub requests: u32,
}

impl Default for Draft {
    fn default() -> Self {
        Self { requests: 50 }
    }
}

#[derive(Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    /// Waiting for enough samples after the switch.
    Watching,
    Requesting(Ticket),
    Failed(Problem),
}

#[derive(Debug, PartialEq)]
pub enum Effect {
    /// So many `GET`s at once, and the app's server connections meanwhile.
    Requests { url: String, count: u32, direct: Option<Target> },
}

#[derive(Debug)]
pub enum Msg {
    Compare,
    Requested(Requests),
    Stop,
    Failed(Problem),
}

/// The most pooled backends seen after the switch; `None` where addresses are hidden from us.
pub fn pooled_peak(facts: &Facts) -> Option<u32> {
    let pooler = facts.tested.as_ref()?.pooler_address.as_deref()?;
    facts.activity.after().iter().map(|sample| sample.held_from(pooler)).max()
}

impl Step {
    pub fn live(facts: &Facts, rules: &Rules) -> Comparison {
        activity::compare(&facts.activity, rules.min_samples)
    }

    pub fn primary(&self, facts: &Facts, rules: &Rules) -> Primary<Msg> {
        match &self.phase {
            Phase::Watching => {
                let what = format!(
                    "Recording… {} of {} samples",
                    facts.activity.after().len(),
                    rules.min_samples
                );
                Primary::Working(what, Some(Msg::Stop))
            }
            Phase::Requesting(_) => Primary::Working(
                format!("Sending {} requests…", self.draft.requests),
                Some(Msg::Stop),
            ),
            Phase::Idle | Phase::Failed(_) if facts.comparison.is_some() => Primary::Next,
            Phase::Idle | Phase::Failed(_) => {
                Primary::Act("Compare before and after".to_owned(), Msg::Compare)
            }
        }
    }

    pub fn open(&mut self, _ctx: &mut Ctx<'_>) {}

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match (msg, &self.phase) {
            (Msg::Compare, Phase::Idle | Phase::Failed(_)) => {
                self.phase = Phase::Watching;
                self.watch(ctx);
            }
            (Msg::Requested(requests), Phase::Requesting(_)) => {
                ctx.facts.requests = Some(requests);
                self.judge(ctx);
            }
            (Msg::Stop, Phase::Requesting(ticket)) => {
                ctx.cancel(*ticket);
                self.phase = Phase::Idle;
            }
            (Msg::Stop, Phase::Watching) => self.judge(ctx),
            (Msg::Failed(problem), _) => self.phase = Phase::Failed(problem),
            (Msg::Compare | Msg::Requested(_) | Msg::Stop, _) => {}
        }
    }

    /// Called after every news: goes on once there are enough samples.
    pub(super) fn watch(&mut self, ctx: &mut Ctx<'_>) {
        if !matches!(self.phase, Phase::Watching) {
            return;
        }
        if ctx.facts.activity.after().len() < ctx.rules.min_samples {
            return;
        }
        let url = ctx.facts.cluster.as_ref().and_then(|cluster| {
            let deployed = ctx.facts.deployed.as_ref()?;
            let app = cluster.apps.iter().find(|app| app.id == deployed.app)?;
            crate::domain::app_spec::health_url(app)
        });
        match url {
            Some(url) => {
                let direct = direct_target(ctx.facts).ok();
                let effect = Effect::Requests { url, count: self.draft.requests, direct };
                self.phase = Phase::Requesting(ctx.start(effect));
            }
            None => self.judge(ctx),
        }
    }

    /// No more samples will come: `why`, or nobody records.
    pub(super) fn ended(&mut self, ctx: &mut Ctx<'_>, why: Option<&Problem>) {
        match (&self.phase, why) {
            (Phase::Watching, Some(problem)) => self.phase = Phase::Failed(problem.clone()),
            (Phase::Watching, None) => self.judge(ctx),
            (Phase::Idle | Phase::Requesting(_) | Phase::Failed(_), _) => {}
        }
    }

    fn judge(&mut self, ctx: &mut Ctx<'_>) {
        ctx.facts.review.retain(|step| *step != StepId::Verify);
        ctx.facts.comparison = Some(Self::live(ctx.facts, ctx.rules));
        self.phase = Phase::Idle;
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        use crate::domain::activity::Verdict;
        match &self.phase {
            Phase::Watching | Phase::Requesting(_) => Standing::Working,
            Phase::Failed(_) => Standing::Stopped,
            Phase::Idle => match facts.comparison.as_ref().map(|comparison| &comparison.verdict) {
                Some(Verdict::NotProven(_)) => Standing::DoneNotVerified,
                Some(Verdict::Better | Verdict::NoClearChange | Verdict::Worse) => Standing::Done,
                None => Standing::Ready,
            },
        }
    }

    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Failed(problem) => Some(problem),
            Phase::Idle | Phase::Watching | Phase::Requesting(_) => None,
        }
    }
}
