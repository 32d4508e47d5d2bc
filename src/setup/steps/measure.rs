//! Step 3: who holds connections today. The recording goes on in the background until step 11 has what it needs.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use zeroize::Zeroize as _;

use crate::{
    domain::{
        activity::{Holder, Sample},
        capacity::{Limits, Rollout},
        cluster::ClusterId,
        conn_url::ConnUrl,
        figures::count,
        problem::{Fix, Problem},
        secret::Secret,
    },
    setup::{
        Ctx, Rules,
        facts::Facts,
        step::{Primary, Standing},
        ticket::Ticket,
    },
};

#[derive(Clone, Debug)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
    /// The database is full: what we wait for, or waited for until we had a connection.
    pub waiting: Option<Waiting>,
    /// Samples a side needs.
    needed: usize,
    /// Whose connections are recorded.
    cluster: Option<ClusterId>,
    /// The chosen length counts from here: the recording's begin, or the switch.
    since: Timestamp,
}

impl Default for Step {
    fn default() -> Self {
        Self {
            draft: Draft::default(),
            phase: Phase::default(),
            waiting: None,
            needed: Rules::default().min_samples,
            cluster: None,
            since: Timestamp::UNIX_EPOCH,
        }
    }
}

#[derive(Clone, Default)]
pub struct Draft {
    /// A `GET` on it once a sample tells whether the app is refused. Empty: refusals are seen on our own sign-ins only.
    pub health_url: String,
    pub length: Length,
    /// Of the direct connection's role, where the account hides it.
    pub password: String,
    filled: bool,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft")
            .field("health_url", &self.health_url)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.password.zeroize();
    }
}

/// How long is recorded before the switch, and as long after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Length {
    OneMinute,
    #[default]
    FiveMinutes,
    QuarterOfAnHour,
    OneHour,
    UntilStopped,
}

impl Length {
    pub const ALL: [Self; 5] = [
        Self::OneMinute,
        Self::FiveMinutes,
        Self::QuarterOfAnHour,
        Self::OneHour,
        Self::UntilStopped,
    ];

    pub fn words(self) -> &'static str {
        match self {
            Self::OneMinute => "1 minute",
            Self::FiveMinutes => "5 minutes",
            Self::QuarterOfAnHour => "15 minutes",
            Self::OneHour => "1 hour",
            Self::UntilStopped => "until I stop it",
        }
    }

    pub fn duration(self) -> Option<Duration> {
        let minutes = |minutes: u64| Some(Duration::from_secs(minutes * 60));
        match self {
            Self::OneMinute => minutes(1),
            Self::FiveMinutes => minutes(5),
            Self::QuarterOfAnHour => minutes(15),
            Self::OneHour => minutes(60),
            Self::UntilStopped => None,
        }
    }
}

/// A full database, and how long we have asked it for a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// In the server's words.
    pub said: String,
    pub waited: Duration,
    pub patience: Duration,
    /// Who holds the connections; empty where nobody could be asked.
    pub holders: Vec<Holder>,
}

#[derive(Clone, Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    /// Waiting for a free connection, or recording.
    Recording(Ticket),
    Failed(Problem),
}

/// Where our own connections go: the URL and the authority that signed the server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub url: ConnUrl,
    /// PEM. `None`: encrypted, not verified.
    pub ca: Option<String>,
}

#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Records until it is cancelled: limits first, then one sample after the other.
    Record {
        direct: Target,
        /// A way to ask a full database who fills it.
        pooled: Option<Target>,
        every: Duration,
        health_url: Option<String>,
        patience: Duration,
    },
}

#[derive(Debug)]
pub enum Msg {
    Record,
    /// Records with the password that was typed.
    Password,
    /// The database is full; we wait for a slot.
    Waiting(Waiting),
    Limits(Limits),
    Sample(Sample),
    /// Ends the recording; what was recorded stays.
    Stop,
    Failed(Problem),
}

/// The direct connection as the account gives it, before step 5 builds URLs for others.
pub fn direct_target(facts: &Facts) -> Result<Target, String> {
    let cluster = facts.cluster.as_ref().ok_or("Choose the cluster first.")?;
    let direct = &cluster.cluster.direct;
    let Some(password) = cluster.password_of(&direct.user) else {
        return Err(format!(
            "DigitalOcean hides the password of {} from the token. Enter it here, skip this step, or sign in with a token that may see it (step 1).",
            direct.user
        ));
    };
    let database = facts
        .pool
        .as_ref()
        .map_or_else(|| main_database(&cluster.databases, direct), |pool| pool.db.clone());
    Ok(Target {
        url: ConnUrl { password: Some(password.clone()), database, ..direct.url() },
        ca: cluster.ca.clone(),
    })
}

/// The database the app most likely uses: the first that is not the provider's own.
pub fn main_database(databases: &[String], direct: &crate::domain::cluster::Endpoint) -> String {
    databases
        .iter()
        .find(|name| !matches!(name.as_str(), "defaultdb" | "_dodb" | "postgres"))
        .or_else(|| databases.first())
        .cloned()
        .unwrap_or_else(|| direct.database.clone())
}

/// A pool of the cluster, over which a database can be asked that lets nobody in.
fn pooled_target(facts: &Facts) -> Option<Target> {
    let cluster = facts.cluster.as_ref()?;
    let endpoint = cluster
        .pools
        .iter()
        .chain(&facts.pool)
        .find_map(|pool| pool.public.as_ref().filter(|endpoint| endpoint.password.is_some()))?;
    Some(Target { url: endpoint.url(), ca: cluster.ca.clone() })
}

fn chosen(facts: &Facts) -> Option<&ClusterId> {
    facts.cluster.as_ref().map(|facts| &facts.cluster.id)
}

/// What the next deployment of the app will need, from the most that was held so far. `None` while nothing is measured.
pub fn rollout(facts: &Facts) -> Option<Rollout> {
    let limit = facts.activity.limits?.usable();
    let cluster = facts.cluster.as_ref()?;
    let before = facts.activity.before();
    // Which connections are the app's is not known for certain; who holds the most is taken for it.
    let peaks = peaks(&before);
    let (app, peak) = peaks.into_iter().max_by_key(|(_, peak)| *peak)?;
    let others = before
        .iter()
        .map(|sample| sample.total_of_others().saturating_sub(sample.held_by(app)))
        .max()?;
    let instances: u32 = cluster.apps.iter().map(crate::domain::app_spec::instances).sum();
    let instances = (0 < instances).then_some(instances);
    Some(Rollout { app: peak, instances, others, limit })
}

/// The most that each application held under each role; this program left out.
pub fn peaks<'a>(samples: &[&'a Sample]) -> BTreeMap<(&'a str, &'a str), u32> {
    let mut peaks = BTreeMap::new();
    for sample in samples {
        let mut sums: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        for holder in sample.holders.iter().filter(|holder| !holder.is_ours()) {
            *sums.entry((&holder.application, &holder.user)).or_default() += holder.count;
        }
        for (who, sum) in sums {
            let peak = peaks.entry(who).or_default();
            *peak = sum.max(*peak);
        }
    }
    peaks
}

impl Step {
    pub fn recorded(facts: &Facts) -> usize {
        facts.activity.before().len()
    }

    pub fn primary(&self, facts: &Facts, rules: &Rules) -> Primary<Msg> {
        let label = "Record the connections".to_owned();
        let recorded = Self::recorded(facts);
        match &self.phase {
            Phase::Recording(_) if rules.min_samples <= recorded => Primary::Next,
            Phase::Recording(_) => {
                let what = match &self.waiting {
                    Some(_) if facts.activity.samples.is_empty() => {
                        "Waiting for a free connection…".to_owned()
                    }
                    _ => format!("Recording… {recorded} of {} samples", rules.min_samples),
                };
                Primary::Working(what, Some(Msg::Stop))
            }
            Phase::Idle if rules.min_samples <= recorded => Primary::Next,
            Phase::Idle | Phase::Failed(_) => match direct_target(facts) {
                Ok(_) if 0 < recorded => Primary::Act("Go on recording".to_owned(), Msg::Record),
                Ok(_) => Primary::Act(label, Msg::Record),
                Err(_) if !self.draft.password.is_empty() && facts.cluster.is_some() => {
                    Primary::Act(label, Msg::Password)
                }
                Err(why) => Primary::Blocked(label, why),
            },
        }
    }

    pub fn open(&mut self, ctx: &mut Ctx<'_>) {
        if self.draft.filled {
            return;
        }
        self.draft.filled = true;
        let Some(cluster) = &ctx.facts.cluster else { return };
        if self.draft.health_url.is_empty()
            && let Some(app) = cluster.apps.first()
        {
            self.draft.health_url = crate::domain::app_spec::health_url(app).unwrap_or_default();
        }
    }

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match (msg, &self.phase) {
            (Msg::Record, Phase::Idle | Phase::Failed(_)) => self.record(ctx),
            (Msg::Password, Phase::Idle | Phase::Failed(_)) => self.use_password(ctx),
            (Msg::Limits(limits), Phase::Recording(_)) => ctx.facts.activity.limits = Some(limits),
            (Msg::Sample(sample), Phase::Recording(ticket)) => {
                let ticket = *ticket;
                ctx.facts.activity.samples.push(sample);
                self.end_in_time(ctx, ticket);
            }
            (Msg::Waiting(waiting), Phase::Recording(_)) => self.waiting = Some(waiting),
            (Msg::Stop, Phase::Recording(ticket)) => {
                ctx.cancel(*ticket);
                self.phase = Phase::Idle;
            }
            (Msg::Failed(problem), _) => self.phase = Phase::Failed(explained(ctx.facts, problem)),
            (
                Msg::Record
                | Msg::Password
                | Msg::Limits(_)
                | Msg::Sample(_)
                | Msg::Waiting(_)
                | Msg::Stop,
                _,
            ) => {}
        }
    }

    /// Starts or restarts the recording; steps 10 and 11 ask for it too.
    pub fn record(&mut self, ctx: &mut Ctx<'_>) {
        if matches!(self.phase, Phase::Recording(_)) {
            return;
        }
        if let Ok(direct) = direct_target(ctx.facts) {
            let health = self.draft.health_url.trim();
            let effect = Effect::Record {
                direct,
                pooled: pooled_target(ctx.facts),
                every: ctx.rules.sample_every,
                health_url: (!health.is_empty()).then(|| health.to_owned()),
                patience: ctx.rules.slot_patience,
            };
            self.waiting = None;
            self.needed = ctx.rules.min_samples;
            self.cluster = chosen(ctx.facts).cloned();
            self.since = ctx.now;
            self.phase = Phase::Recording(ctx.start(effect));
        }
    }

    /// The password stands in for the one that the account hides, here and on the later pages.
    fn use_password(&mut self, ctx: &mut Ctx<'_>) {
        let Some(facts) = &mut ctx.facts.cluster else { return };
        let password = Secret::new(std::mem::take(&mut self.draft.password));
        let direct = &mut facts.cluster.direct;
        for user in facts.users.iter_mut().filter(|user| user.name == direct.user) {
            user.password = Some(password.clone());
        }
        direct.password = Some(password);
        self.record(ctx);
    }

    /// The chosen length is over. A side that has too few samples yet is waited for, and so is a switch under way.
    fn end_in_time(&mut self, ctx: &mut Ctx<'_>, ticket: Ticket) {
        let activity = &ctx.facts.activity;
        let samples = match (activity.switch_began_at, activity.switched_at) {
            (Some(_), None) => return,
            (_, Some(switched)) => {
                self.since = self.since.max(switched);
                activity.after().len()
            }
            (None, None) => activity.before().len(),
        };
        let elapsed = Duration::try_from(ctx.now.duration_since(self.since)).unwrap_or_default();
        let over = self.draft.length.duration().is_some_and(|length| length <= elapsed);
        if over && ctx.rules.min_samples <= samples {
            ctx.cancel(ticket);
            self.phase = Phase::Idle;
        }
    }

    /// Ends the recording of a cluster that is no longer the chosen one: its samples would count for the new one.
    pub(super) fn keep_to_the_cluster(&mut self, ctx: &mut Ctx<'_>) {
        if let Phase::Recording(ticket) = self.phase
            && self.cluster.as_ref() != chosen(ctx.facts)
        {
            ctx.cancel(ticket);
            self.phase = Phase::Idle;
        }
    }

    /// Nothing answered here: letting this computer in may be what it takes.
    pub fn was_shut_out(&self) -> bool {
        matches!(&self.phase, Phase::Failed(problem) if problem.code == SHUT_OUT)
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        let recorded = Self::recorded(facts);
        match &self.phase {
            Phase::Recording(_)
                if recorded < self.needed && facts.activity.switch_began_at.is_none() =>
            {
                Standing::Working
            }
            Phase::Failed(_) if facts.activity.samples.is_empty() => Standing::Stopped,
            Phase::Idle | Phase::Failed(_) | Phase::Recording(_) => {
                match (recorded, facts.activity.samples.is_empty()) {
                    (_, true) => Standing::Ready,
                    (recorded, false) if self.needed <= recorded => Standing::Done,
                    // Too few to compare with.
                    (_, false) => Standing::DoneNotVerified,
                }
            }
        }
    }

    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Failed(problem) => Some(problem),
            Phase::Idle | Phase::Recording(_) => None,
        }
    }
}

/// The code of a problem that says nobody answered.
pub const SHUT_OUT: &str = "time-out";

/// What the account's trusted sources say about a port that did not answer.
fn explained(facts: &Facts, problem: Problem) -> Problem {
    let rules = facts.cluster.as_ref().and_then(|facts| facts.trusted_sources.as_deref());
    let (SHUT_OUT, Some(rules)) = (problem.code.as_str(), rules) else { return problem };
    let sources = count(rules.len(), "trusted source", "trusted sources");
    let mut hints = problem.hints;
    let why = if rules.is_empty() {
        "Every address may connect to this cluster. Most likely: a company firewall or VPN blocks the port.".to_owned()
    } else {
        let label = "Allow this computer for 2 hours".to_owned();
        let fix = Some(Fix::AllowThisComputer);
        hints.insert(0, crate::domain::problem::Hint { label, fix });
        format!(
            "Only {sources} may connect. Most likely: this computer is not among them; or a company firewall or VPN blocks the port."
        )
    };
    Problem { why, hints, ..problem }
}
