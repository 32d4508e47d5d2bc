//! Step 11: before and after, from the same recording, with a verdict that says when it is not proven. On request also
//! many requests to the app at once, the same load over both URLs, and all of it as files.

use std::{path::PathBuf, time::Duration};

use jiff::Timestamp;

use crate::{
    domain::{
        activity::{
            Activity, Span,
            verdict::{self, Comparison, Verdict},
        },
        app_spec,
        capacity::{self, Advice, Limits},
        cluster::Environment,
        load::{self, Caps, Loaded, Order, Progress, Through},
        problem::Problem,
        stages::Port,
    },
    setup::{
        Ctx, Rules,
        facts::{Facts, Requests},
        may_change_now,
        step::{Primary, Standing, StepId},
        steps::{
            measure::{Target, direct_target},
            pool,
        },
        ticket::Ticket,
    },
};

#[derive(Clone, Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
    /// Files that were written last.
    pub exported: Vec<PathBuf>,
    /// What the problem shown has ended; `None`: the comparison.
    broke: Option<Broke>,
}

#[derive(Clone, Debug)]
pub struct Draft {
    /// Requests to the health address, all at once.
    pub requests: u32,
    /// Empty: none are sent.
    pub health_url: String,
    /// Clients of the load test; 0 until the page was opened.
    pub clients: u32,
    /// Seconds on each URL.
    pub seconds: u32,
    pub through: Through,
    /// What each client does over and over; it can't write.
    pub statement: String,
    filled: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            requests: 50,
            health_url: String::new(),
            clients: 0,
            seconds: 10,
            through: Through::Both,
            statement: load::SELECT_ONE.to_owned(),
            filled: false,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    /// Waiting for enough samples after the switch.
    Watching,
    Requesting(Ticket),
    Loading(Ticket, Option<(Port, Progress)>),
    Exporting(Ticket, Vec<PathBuf>),
    Failed(Problem),
}

#[derive(Clone, Debug)]
enum Broke {
    Requests,
    Load,
    Export(Vec<PathBuf>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Png,
    Svg,
    Csv,
    Json,
}

impl Format {
    pub const ALL: [Self; 4] = [Self::Png, Self::Svg, Self::Csv, Self::Json];

    pub fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Png => "Picture (PNG)",
            Self::Svg => "Picture (SVG)",
            Self::Csv => "Every sample as a line (CSV)",
            Self::Json => "Everything (JSON)",
        }
    }

    /// By what the file's name ends with; a name without a known ending is a picture.
    pub fn of(file: &std::path::Path) -> Self {
        let ending = file.extension().and_then(|ending| ending.to_str());
        Self::ALL
            .into_iter()
            .find(|format| {
                ending.is_some_and(|ending| ending.eq_ignore_ascii_case(format.ending()))
            })
            .unwrap_or(Self::Png)
    }

    pub fn file_name(self) -> String {
        format!("before-and-after.{}", self.ending())
    }
}

#[derive(Debug, PartialEq)]
pub enum Effect {
    /// So many `GET`s at once, and the app's server connections meanwhile.
    Requests { url: String, count: u32, direct: Option<Target> },
    /// The same transactions over both URLs; reads only.
    Load { direct: Target, pooled: Target, order: Order },
    /// Writes each file in its format. The recording is what it was when this was asked for.
    Export { files: Vec<PathBuf>, activity: Box<Activity>, comparison: Box<Comparison> },
}

#[derive(Debug)]
pub enum Msg {
    Compare,
    Request,
    Requested(Requests),
    Load,
    Progress(Port, Progress),
    Loaded(Box<Loaded>),
    /// To these files; their endings say in which form.
    Export(Vec<PathBuf>),
    Exported(Vec<PathBuf>),
    Stop,
    Failed(Problem),
}

/// The most pooled backends seen after the switch; `None` where addresses are hidden from us.
pub fn pooled_peak(facts: &Facts) -> Option<u32> {
    let pooler = facts.tested.as_ref()?.pooler_address.as_deref()?;
    facts.activity.after().iter().map(|sample| sample.held_from(pooler)).max()
}

/// The most of them that were at work; `None` where their state is hidden from us.
fn busy_peak(facts: &Facts) -> Option<u32> {
    let pooler = facts.tested.as_ref()?.pooler_address.as_deref()?;
    let busy = |sample: &crate::domain::activity::Sample| {
        let pooled =
            sample.holders.iter().filter(|holder| holder.address.as_deref() == Some(pooler));
        pooled.filter(|holder| holder.state != "idle").map(|holder| holder.count).sum()
    };
    facts.activity.after().into_iter().map(busy).max()
}

/// What the pool's size should become; `None` while too little was seen.
pub fn advice(facts: &Facts, rules: &Rules) -> Option<Advice> {
    if facts.activity.after().len() < rules.min_samples {
        return None;
    }
    let pool = facts.pool.as_ref()?;
    let sizing = pool::sizing(facts, pool.name.as_str())?;
    let open = pooled_peak(facts).filter(|open| 0 < *open)?;
    Some(capacity::advise(pool.size, open, busy_peak(facts), &sizing))
}

/// In production unless the person says otherwise.
fn environment(facts: &Facts) -> Environment {
    facts.cluster.as_ref().map_or(Environment::Production, |cluster| cluster.environment)
}

/// The most load that may be asked for here.
pub fn caps(facts: &Facts) -> Caps {
    load::caps(environment(facts), usable(facts))
}

fn usable(facts: &Facts) -> u32 {
    facts.activity.limits.map_or(22, Limits::usable) // the smallest plan there is
}

impl Step {
    pub fn live(facts: &Facts, rules: &Rules) -> Comparison {
        verdict::compare(&facts.activity, rules.min_samples)
    }

    pub fn primary(&self, facts: &Facts, rules: &Rules) -> Primary<Msg> {
        let stop = Some(Msg::Stop);
        match &self.phase {
            Phase::Watching => {
                let what = format!(
                    "Recording… {} of {} samples",
                    facts.activity.after().len(),
                    rules.min_samples
                );
                Primary::Working(what, stop)
            }
            Phase::Requesting(_) => {
                Primary::Working(format!("Sending {} requests…", self.draft.requests), stop)
            }
            Phase::Loading(_, progress) => {
                let at = match progress {
                    Some((Port::Direct, _)) => " over the direct URL",
                    Some((Port::Pooled, _)) => " over the pooled URL",
                    None => "",
                };
                Primary::Working(format!("Putting load on the database{at}…"), stop)
            }
            Phase::Exporting(..) => Primary::Working("Writing the files…".to_owned(), None),
            Phase::Idle | Phase::Failed(_) if facts.comparison.is_some() => Primary::Next,
            Phase::Idle | Phase::Failed(_) => {
                Primary::Act("Compare before and after".to_owned(), Msg::Compare)
            }
        }
    }

    pub fn open(&mut self, ctx: &mut Ctx<'_>) {
        if self.draft.filled {
            return;
        }
        self.draft.filled = true;
        let caps = caps(ctx.facts);
        self.draft.requests = self.draft.requests.min(caps.requests);
        self.draft.clients = load::usual_clients(environment(ctx.facts), usable(ctx.facts));
        if self.draft.health_url.is_empty() {
            self.draft.health_url = deployed_health_url(ctx.facts).unwrap_or_default();
        }
    }

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        let idle = matches!(self.phase, Phase::Idle | Phase::Failed(_));
        match msg {
            Msg::Compare if idle => {
                self.phase = Phase::Watching;
                self.watch(ctx);
            }
            Msg::Request if idle => self.request(ctx),
            Msg::Requested(requests) if matches!(self.phase, Phase::Requesting(_)) => {
                end_of_load(ctx);
                ctx.facts.requests = Some(requests);
                self.judge(ctx);
            }
            Msg::Load if idle => self.load(ctx),
            Msg::Progress(port, progress) => {
                if let Phase::Loading(_, shown) = &mut self.phase {
                    *shown = Some((port, progress));
                }
            }
            Msg::Loaded(loaded) if matches!(self.phase, Phase::Loading(..)) => {
                end_of_load(ctx);
                ctx.facts.loaded = Some(*loaded);
                self.phase = Phase::Idle;
            }
            Msg::Export(files) if idle => self.export(ctx, files),
            Msg::Exported(files) if matches!(self.phase, Phase::Exporting(..)) => {
                self.exported = files;
                self.phase = Phase::Idle;
            }
            Msg::Stop => self.stop(ctx),
            Msg::Failed(problem) => self.failed(ctx, problem),
            Msg::Compare
            | Msg::Request
            | Msg::Requested(_)
            | Msg::Load
            | Msg::Loaded(_)
            | Msg::Export(_)
            | Msg::Exported(_) => {}
        }
    }

    fn failed(&mut self, ctx: &mut Ctx<'_>, problem: Problem) {
        end_of_load(ctx);
        self.broke = match &self.phase {
            Phase::Requesting(_) => Some(Broke::Requests),
            Phase::Loading(..) => Some(Broke::Load),
            Phase::Exporting(_, files) => Some(Broke::Export(files.clone())),
            Phase::Idle | Phase::Watching | Phase::Failed(_) => None,
        };
        if matches!(self.broke, Some(Broke::Requests)) {
            // The comparison does not need them.
            self.judge(ctx);
        }
        self.phase = Phase::Failed(problem);
    }

    /// What “Try again” does on the problem that is shown.
    pub(super) fn again(&self) -> Option<Msg> {
        match (&self.phase, &self.broke) {
            (Phase::Failed(_), Some(Broke::Requests)) => Some(Msg::Request),
            (Phase::Failed(_), Some(Broke::Load)) => Some(Msg::Load),
            (Phase::Failed(_), Some(Broke::Export(files))) => Some(Msg::Export(files.clone())),
            (_, _) => None, // the primary button does it again
        }
    }

    fn stop(&mut self, ctx: &mut Ctx<'_>) {
        match &self.phase {
            Phase::Requesting(ticket) => {
                ctx.cancel(*ticket);
                end_of_load(ctx);
                self.judge(ctx);
            }
            Phase::Loading(ticket, _) => {
                ctx.cancel(*ticket);
                end_of_load(ctx);
                self.phase = Phase::Idle;
            }
            Phase::Watching => self.judge(ctx),
            Phase::Idle | Phase::Exporting(..) | Phase::Failed(_) => {}
        }
    }

    /// Called after every news: goes on once there are enough samples.
    pub(super) fn watch(&mut self, ctx: &mut Ctx<'_>) {
        if !matches!(self.phase, Phase::Watching)
            || ctx.facts.activity.after().len() < ctx.rules.min_samples
        {
            return;
        }
        if self.draft.health_url.is_empty() {
            self.draft.health_url = deployed_health_url(ctx.facts).unwrap_or_default();
        }
        // In production many requests at once are the person's own decision.
        if environment(ctx.facts) == Environment::Production || self.draft.health_url.is_empty() {
            self.judge(ctx);
        } else {
            self.request(ctx);
        }
    }

    /// A new sample: a comparison that was made is kept true while the recording goes on.
    pub(super) fn sampled(&self, ctx: &mut Ctx<'_>) {
        if ctx.facts.comparison.is_some() {
            ctx.facts.comparison = Some(Self::live(ctx.facts, ctx.rules));
        }
    }

    /// No more samples will come: `why`, or nobody records.
    pub(super) fn ended(&mut self, ctx: &mut Ctx<'_>, why: Option<&Problem>) {
        match (&self.phase, why) {
            (Phase::Watching, Some(problem)) => self.phase = Phase::Failed(problem.clone()),
            (Phase::Watching, None) => self.judge(ctx),
            (
                Phase::Idle
                | Phase::Requesting(_)
                | Phase::Loading(..)
                | Phase::Exporting(..)
                | Phase::Failed(_),
                _,
            ) => {}
        }
    }

    fn judge(&mut self, ctx: &mut Ctx<'_>) {
        ctx.facts.review.retain(|step| *step != StepId::Verify);
        ctx.facts.comparison = Some(Self::live(ctx.facts, ctx.rules));
        self.phase = Phase::Idle;
    }

    fn request(&mut self, ctx: &mut Ctx<'_>) {
        let url = self.draft.health_url.trim().to_owned();
        if url.is_empty() {
            return;
        }
        let count = self.draft.requests.clamp(1, caps(ctx.facts).requests);
        self.draft.requests = count;
        let direct = direct_target(ctx.facts).ok();
        begin_of_load(ctx);
        self.phase = Phase::Requesting(ctx.start(Effect::Requests { url, count, direct }));
    }

    /// The load that the draft asks for, held to what is allowed.
    pub fn order(&self, facts: &Facts) -> Order {
        let caps = caps(facts);
        let statement = self.draft.statement.trim().trim_end_matches(';');
        let clients = match self.draft.clients {
            0 => load::usual_clients(environment(facts), usable(facts)),
            chosen => chosen,
        };
        Order {
            clients: clients.clamp(1, caps.clients),
            lasts: Duration::from_secs(u64::from(self.draft.seconds.max(1))).min(caps.lasts),
            statement: if statement.is_empty() { load::SELECT_ONE } else { statement }.to_owned(),
            through: self.draft.through,
            guarded: environment(facts) == Environment::Production,
        }
    }

    fn load(&mut self, ctx: &mut Ctx<'_>) {
        let kept = "The load test was not begun.";
        if let Err(problem) = may_change_now(ctx.facts, ctx.rules, kept) {
            self.broke = Some(Broke::Load);
            self.phase = Phase::Failed(problem);
            return;
        }
        let Some(urls) = &ctx.facts.urls else {
            self.broke = Some(Broke::Load);
            self.phase = Phase::Failed(Problem::new(
                "urls",
                kept,
                "Both URLs are needed first, from step 5.",
            ));
            return;
        };
        let target = |url: &crate::domain::conn_url::ConnUrl| Target {
            url: url.clone(),
            ca: urls.ca.clone(),
        };
        let (direct, pooled) = (target(&urls.direct), target(&urls.pooled));
        let effect = Effect::Load { direct, pooled, order: self.order(ctx.facts) };
        begin_of_load(ctx);
        self.phase = Phase::Loading(ctx.start(effect), None);
    }

    fn export(&mut self, ctx: &mut Ctx<'_>, files: Vec<PathBuf>) {
        let comparison =
            ctx.facts.comparison.clone().unwrap_or_else(|| Self::live(ctx.facts, ctx.rules));
        let activity = Box::new(ctx.facts.activity.clone());
        self.exported.clear();
        let comparison = Box::new(comparison);
        let effect = Effect::Export { files: files.clone(), activity, comparison };
        self.phase = Phase::Exporting(ctx.start(effect), files);
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Watching | Phase::Requesting(_) | Phase::Loading(..) | Phase::Exporting(..) => {
                Standing::Working
            }
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
            Phase::Idle
            | Phase::Watching
            | Phase::Requesting(_)
            | Phase::Loading(..)
            | Phase::Exporting(..) => None,
        }
    }
}

fn deployed_health_url(facts: &Facts) -> Option<String> {
    let deployed = facts.deployed.as_ref()?;
    let app = facts.cluster.as_ref()?.apps.iter().find(|app| app.id == deployed.app)?;
    app_spec::health_url(app)
}

/// From now on our own load is in the recording.
fn begin_of_load(ctx: &mut Ctx<'_>) {
    ctx.facts.activity.loads.push(Span { from: ctx.now, until: Timestamp::MAX });
}

/// What it leaves behind is gone soon after.
const SETTLES: Duration = Duration::from_secs(2);

fn end_of_load(ctx: &mut Ctx<'_>) {
    let until = ctx.now.checked_add(SETTLES).unwrap_or(ctx.now);
    for load in &mut ctx.facts.activity.loads {
        load.until = load.until.min(until);
    }
}
