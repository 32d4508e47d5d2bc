//! Step 3: who holds connections today. The recording goes on in the background until step 11 has what it needs.

use std::time::Duration;

use crate::{
    domain::{
        activity::Sample, capacity::Limits, cluster::ClusterId, conn_url::ConnUrl, problem::Problem,
    },
    setup::{
        Ctx, Rules,
        facts::Facts,
        step::{Primary, Standing},
        ticket::Ticket,
    },
};

#[derive(Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
    /// The database is full; what we wait for.
    pub waiting: Option<String>,
    /// Samples the baseline needs.
    needed: usize,
    /// Whose connections are recorded.
    cluster: Option<ClusterId>,
}

#[derive(Debug, Default)]
pub struct Draft {
    /// A `GET` on it once a sample tells whether the app is refused. Empty: refusals are seen on our own sign-ins only.
    pub health_url: String,
    filled: bool,
}

#[derive(Debug, Default)]
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
    Record { direct: Target, every: Duration, health_url: Option<String>, patience: Duration },
}

#[derive(Debug)]
pub enum Msg {
    Record,
    /// The database is full; we wait for a slot. With who holds them, where known.
    Waiting(String),
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
        return Err("DigitalOcean hides this cluster's password from the token. Skip this step, or sign in with a token that may see it (step 1).".to_owned());
    };
    let database = facts
        .pool
        .as_ref()
        .map_or_else(|| main_database(&cluster.databases, direct), |pool| pool.db.clone());
    Ok(Target {
        url: ConnUrl {
            user: direct.user.clone(),
            password: Some(password.clone()),
            host: direct.host.clone(),
            port: direct.port,
            database,
            more_hosts: Vec::new(),
            parameters: vec![("sslmode".to_owned(), "require".to_owned())],
        },
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

fn chosen(facts: &Facts) -> Option<&ClusterId> {
    facts.cluster.as_ref().map(|facts| &facts.cluster.id)
}

impl Step {
    pub fn recorded(facts: &Facts) -> usize {
        facts.activity.before().len()
    }

    pub fn primary(&self, facts: &Facts, rules: &Rules) -> Primary<Msg> {
        let label = "Record the connections".to_owned();
        match &self.phase {
            Phase::Recording(_) if rules.min_samples <= Self::recorded(facts) => Primary::Next,
            Phase::Recording(_) => {
                let what = format!(
                    "Recording… {} of {} samples",
                    Self::recorded(facts),
                    rules.min_samples
                );
                Primary::Working(what, Some(Msg::Stop))
            }
            Phase::Idle if rules.min_samples <= Self::recorded(facts) => Primary::Next,
            Phase::Idle | Phase::Failed(_) => match direct_target(facts) {
                Ok(_) => Primary::Act(label, Msg::Record),
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
            (Msg::Limits(limits), Phase::Recording(_)) => ctx.facts.activity.limits = Some(limits),
            (Msg::Sample(sample), Phase::Recording(_)) => {
                self.waiting = None;
                ctx.facts.activity.samples.push(sample);
            }
            (Msg::Waiting(text), Phase::Recording(_)) => self.waiting = Some(text),
            (Msg::Stop, Phase::Recording(ticket)) => {
                ctx.cancel(*ticket);
                self.phase = Phase::Idle;
            }
            (Msg::Failed(problem), _) => self.phase = Phase::Failed(problem),
            (Msg::Record | Msg::Limits(_) | Msg::Sample(_) | Msg::Waiting(_) | Msg::Stop, _) => {}
        }
    }

    /// Starts or restarts the recording; step 11 asks for it too.
    pub fn record(&mut self, ctx: &mut Ctx<'_>) {
        if matches!(self.phase, Phase::Recording(_)) {
            return;
        }
        if let Ok(direct) = direct_target(ctx.facts) {
            let health = self.draft.health_url.trim();
            let effect = Effect::Record {
                direct,
                every: ctx.rules.sample_every,
                health_url: (!health.is_empty()).then(|| health.to_owned()),
                patience: ctx.rules.slot_patience,
            };
            self.needed = ctx.rules.min_samples;
            self.cluster = chosen(ctx.facts).cloned();
            self.phase = Phase::Recording(ctx.start(effect));
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

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Recording(_)
                if Self::recorded(facts) < self.needed
                    && facts.activity.switch_began_at.is_none() =>
            {
                Standing::Working
            }
            Phase::Failed(_) if facts.activity.samples.is_empty() => Standing::Stopped,
            Phase::Idle | Phase::Failed(_) | Phase::Recording(_)
                if !facts.activity.samples.is_empty() =>
            {
                Standing::Done
            }
            Phase::Idle | Phase::Failed(_) | Phase::Recording(_) => Standing::Ready,
        }
    }

    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Failed(problem) => Some(problem),
            Phase::Idle | Phase::Recording(_) => None,
        }
    }
}
