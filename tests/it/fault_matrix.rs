//! Every request of the account's steps meets every fault: each run ends done or in a problem that helps, and nothing of
//! anybody is lost. Prints what came of it.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use poolwright::{
    domain::{
        pool::{PoolMode, PoolName},
        problem::{Fix, Problem},
        record::Undo,
        timing::Timing,
    },
    practice::{
        account::{Beginning, Trusted},
        faults::{Fault, Planned},
        pooler::PoolEntry,
    },
    setup::{
        Msg, StepMsg,
        step::{Primary, StepId},
        steps::{app, hand_over, pool, sign_in, test},
    },
};
use serde_json::{Value, json};

use crate::{
    paper::{Paper, Run, timing},
    proof::proving,
};

/// What a person does, from a state that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Flow {
    SignIn,
    Choose,
    Create,
    Resize,
    Adopt,
    Allow,
    Extend,
    EndAccess,
    Switch,
    Restore,
    DeletePool,
}

const FLOWS: [Flow; 11] = [
    Flow::SignIn,
    Flow::Choose,
    Flow::Create,
    Flow::Resize,
    Flow::Adopt,
    Flow::Allow,
    Flow::Extend,
    Flow::EndAccess,
    Flow::Switch,
    Flow::Restore,
    Flow::DeletePool,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Unauthorized,
    Forbidden,
    NotFound,
    Unprocessable,
    SlowDown,
    SlowDownUntold,
    Broken,
    Unavailable,
    DoneAndFailed,
    Late,
    Silent,
    ResetBefore,
    ResetAfter,
    Half,
    Page,
    PageOfProxy,
    WrongLength,
    Endless,
}

const KINDS: [Kind; 18] = [
    Kind::Unauthorized,
    Kind::Forbidden,
    Kind::NotFound,
    Kind::Unprocessable,
    Kind::SlowDown,
    Kind::SlowDownUntold,
    Kind::Broken,
    Kind::Unavailable,
    Kind::DoneAndFailed,
    Kind::Late,
    Kind::Silent,
    Kind::ResetBefore,
    Kind::ResetAfter,
    Kind::Half,
    Kind::Page,
    Kind::PageOfProxy,
    Kind::WrongLength,
    Kind::Endless,
];

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::Unauthorized => "401",
            Self::Forbidden => "403",
            Self::NotFound => "404",
            Self::Unprocessable => "422",
            Self::SlowDown => "429 retry-after",
            Self::SlowDownUntold => "429",
            Self::Broken => "500",
            Self::Unavailable => "503",
            Self::DoneAndFailed => "500 but done",
            Self::Late => "delay",
            Self::Silent => "no answer",
            Self::ResetBefore => "reset before",
            Self::ResetAfter => "reset after",
            Self::Half => "half a body",
            Self::Page => "HTML, 200",
            Self::PageOfProxy => "HTML, 502",
            Self::WrongLength => "wrong length",
            Self::Endless => "endless body",
        }
    }

    fn fault(self, lasting: bool) -> Fault {
        match self {
            Self::Unauthorized => Fault::error(401, "unauthorized", "Unable to authenticate you."),
            Self::Forbidden => Fault::error(403, "forbidden", "You are not authorized."),
            Self::NotFound => Fault::error(404, "not_found", "Not found."),
            Self::Unprocessable => Fault::error(422, "unprocessable_entity", "It is not so."),
            Self::SlowDown => Fault::slow_down(if lasting { 30 } else { 0 }),
            Self::SlowDownUntold => Fault::error(429, "too_many_requests", "Slow down."),
            Self::Broken => Fault::error(500, "server_error", "Server error."),
            Self::Unavailable => Fault::error(503, "unavailable", "Server is unavailable."),
            Self::DoneAndFailed => Fault::DoneAndFailed,
            Self::Late => Fault::Late(Duration::from_millis(10)),
            Self::Silent => Fault::Late(Duration::from_secs(60)),
            Self::ResetBefore => Fault::ClosedBefore,
            Self::ResetAfter => Fault::AnswerLost,
            Self::Half => Fault::HalfAnswer,
            Self::Page => Fault::Page(200),
            Self::PageOfProxy => Fault::Page(502),
            Self::WrongLength => Fault::WrongLength,
            Self::Endless => Fault::Endless,
        }
    }
}

/// A request of a flow: method, path with `*` for ids, and how many like it came before.
type Request = (String, String, u32);

#[derive(Clone, Debug)]
struct Case {
    flow: Flow,
    request: Request,
    kind: Kind,
    /// The fault meets every such request from there on, not only one.
    lasting: bool,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (method, path, before) = &self.request;
        let times = if self.lasting { "from there on" } else { "once" };
        write!(f, "{:?}: {method} {path} #{before}, {} {times}", self.flow, self.kind.words())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Done,
    Told,
}

const POOL: &str = "contrezz-pool";

impl Flow {
    fn beginning(self) -> Beginning {
        let pool = |name: &str, size| PoolEntry {
            name: PoolName::given(name),
            database: "contrezz".to_owned(),
            mode: PoolMode::Session,
            size,
            user: Some("contrezz_app".to_owned()),
        };
        let mut pools = vec![pool("reports-pool", 3)];
        if self == Self::Resize {
            pools.insert(0, pool(POOL, 4));
        }
        Beginning { trusted: Trusted::App, pools, ..Beginning::default() }
    }

    /// Everything up to what is tried.
    async fn prepare(self, paper: &Paper, run: &mut Run) {
        paper
            .set_rules(json!([
                { "type": "tag", "value": "web", "description": "all of it", "new": { "a": [1, null] } },
                { "type": "ip_addr", "value": "198.51.100.4", "description": "Office" },
            ]))
            .await;
        match self {
            Self::SignIn => {}
            Self::Choose => run.sign_in().await,
            Self::Create | Self::Resize | Self::Adopt => run.ready().await,
            Self::Allow | Self::Extend | Self::EndAccess => {
                run.ready().await;
                "203.0.113.7".clone_into(&mut run.setup.steps.test.draft.address);
                if self != Self::Allow {
                    run.act(test::Msg::Allow).await;
                }
            }
            Self::Switch | Self::Restore | Self::DeletePool => {
                run.ready().await;
                run.act(pool::Msg::Act).await;
                if self == Self::Restore {
                    run.act(app::Msg::Switch).await;
                }
            }
        }
        if self == Self::Adopt {
            run.setup.steps.pool.draft.mode = PoolMode::Transaction;
            let path = format!("{}/pools", paper.other.cluster().await);
            let body = json!({"name": POOL, "mode": "transaction", "size": 5, "db": "contrezz", "user": "contrezz_app"});
            assert_eq!(paper.other.post(&path, body).await.status, 201);
        }
    }

    fn step(self) -> StepId {
        match self {
            Self::SignIn => StepId::SignIn,
            Self::Choose => StepId::Cluster,
            Self::Create | Self::Resize | Self::Adopt => StepId::Pool,
            Self::Allow | Self::Extend | Self::EndAccess => StepId::Test,
            Self::Switch | Self::Restore => StepId::App,
            Self::DeletePool => StepId::HandOver,
        }
    }

    async fn act(self, run: &mut Run) {
        let msg: StepMsg = match self {
            Self::SignIn => sign_in::Msg::SignIn.into(),
            Self::Choose => return run.choose().await,
            Self::Create | Self::Resize | Self::Adopt => pool::Msg::Act.into(),
            Self::Allow | Self::Extend => test::Msg::Allow.into(),
            Self::EndAccess => test::Msg::Remove.into(),
            Self::Switch => app::Msg::Switch.into(),
            Self::Restore => app::Msg::Restore.into(),
            Self::DeletePool => hand_over::Msg::Undo(pool_entry(run)).into(),
        };
        run.act(Msg::Step(msg)).await;
        // Without servers nobody can look who uses the pool.
        let asked =
            run.setup.problem(self.step()).is_some_and(|told| told.code == "clients unknown");
        if asked && let Some(all_the_same) = run.setup.fix(self.step(), &Fix::DeleteUnchecked) {
            run.act(all_the_same).await;
        }
    }

    /// What the person does on the problem that is shown.
    async fn again(self, run: &mut Run) {
        match run.setup.fix(self.step(), &Fix::TryAgain) {
            // Looked at again, and decided anew.
            Some(msg) if self != Self::DeletePool => run.act(msg).await,
            Some(_) | None => self.act(run).await,
        }
        // A list that had failed is there now, and the person goes on.
        if run.setup.problem(self.step()).is_none() && !self.done(run) {
            self.act(run).await;
        }
    }

    fn done(self, run: &Run) -> bool {
        let facts = &run.setup.facts;
        match self {
            Self::SignIn => facts.account.is_some(),
            Self::Choose => facts.cluster.is_some(),
            Self::Create | Self::Adopt => facts.pool.as_ref().is_some_and(|pool| pool.size == 5),
            Self::Resize => facts.pool.as_ref().is_some_and(|pool| pool.size == 5),
            Self::Allow | Self::Extend => facts.lease().is_some_and(|lease| !lease.was_there),
            Self::EndAccess => facts.leases.is_empty(),
            Self::Switch => facts.deployed.is_some(),
            Self::Restore => run
                .setup
                .record
                .entries
                .iter()
                .any(|entry| entry.undone && matches!(entry.undo, Undo::RestoreSpec { .. })),
            Self::DeletePool => run.setup.record.entries[pool_entry(run)].undone,
        }
    }

    /// An app's settings had arrived although nothing said so; read again, nothing is left to be switched.
    fn is_found_done(self, run: &Run) -> bool {
        match self {
            Self::Switch => matches!(
                run.setup.primary(StepId::App),
                Primary::Blocked(_, why) if why.starts_with("The app uses the pool already.")
            ),
            // A token that was refused once counts as one that may not create: the values are given, to be typed by
            // hand, and the pool is looked for.
            Self::Create => run.setup.problem(StepId::Pool).is_some_and(|problem| {
                problem.code == "not there yet"
                    && problem.hints.iter().any(|hint| hint.label.contains("with the values below"))
            }),
            // So does one that was refused to change it: by hand, then looked for.
            Self::Resize => run
                .setup
                .problem(StepId::Pool)
                .is_some_and(|problem| problem.code == "pool differs"),
            _ => false, // the others try the same again
        }
    }

    /// Deployments that the flow may have started, with those of its preparation and the first.
    fn deployments(self) -> usize {
        match self {
            Self::Switch => 2,
            Self::Restore => 3,
            _ => 1, // no other touches an app
        }
    }
}

fn pool_entry(run: &Run) -> usize {
    let entries = &run.setup.record.entries;
    entries.iter().position(|entry| matches!(entry.undo, Undo::DeletePool { .. })).unwrap()
}

/// What others have in the account, and what of ours must never be lost.
struct Standing {
    rules: Vec<Value>,
    reports: Value,
    spec: Value,
}

impl Standing {
    async fn of(paper: &Paper) -> Self {
        let pools = paper.pools().await;
        let reports = pools.as_array().unwrap().iter().find(|pool| pool["name"] == "reports-pool");
        let rules = paper.rules().await.as_array().unwrap().iter().take(2).cloned().collect();
        Self { rules, reports: reports.unwrap().clone(), spec: paper.spec().await }
    }

    /// What is wrong in the account after a run.
    async fn wrong(&self, flow: Flow, paper: &Paper) -> Vec<String> {
        let mut wrong = Vec::new();
        let rules = paper.rules().await.as_array().unwrap().clone();
        if rules.get(..2) != Some(&self.rules) || 3 < rules.len() {
            wrong.push(format!("trusted sources: {rules:?}"));
        }
        let pools = paper.pools().await.as_array().unwrap().clone();
        let ours: Vec<&Value> = pools.iter().filter(|pool| pool["name"] == POOL).collect();
        if 1 < ours.len() || 2 < pools.len() || !pools.contains(&self.reports) {
            wrong.push(format!("pools: {pools:?}"));
        }
        if ours.iter().any(|pool| pool["user"] != "contrezz_app" || pool["db"] != "contrezz") {
            wrong.push(format!("a pool lost its user: {ours:?}"));
        }
        let spec = paper.spec().await;
        let text = |spec: &Value| {
            spec.to_string().replace("${db.contrezz-pool.DATABASE_URL}", "${db.DATABASE_URL}")
        };
        if text(&spec) != text(&self.spec) {
            wrong.push(format!("the app's settings: {spec}"));
        }
        let path = format!("{}/deployments", paper.other.app().await);
        let deployments = paper.other.get(&path).await.at("/deployments").as_array().unwrap().len();
        if flow.deployments() < deployments {
            wrong.push(format!("{deployments} deployments"));
        }
        wrong
    }
}

/// What is missing in a problem.
fn unhelpful(problem: &Problem, run: &Run) -> Vec<String> {
    let mut missing = Vec::new();
    let whole = format!("{problem:?}");
    if problem.what.is_empty() || whole.to_lowercase().contains("unknown error") {
        missing.push("what happened");
    }
    if problem.why.is_empty() && problem.detail.is_empty() {
        missing.push("why");
    }
    if problem.hints.is_empty() {
        missing.push("what to do");
    }
    // Another request may have been refused as well since.
    let refused = run.setup.record.exchanges.iter().filter(|exchange| {
        exchange.status.is_some_and(|status| problem.code == format!("HTTP {status}"))
    });
    let ids: Vec<&String> = refused.filter_map(|exchange| exchange.request_id.as_ref()).collect();
    let told = |id: &&String| problem.detail.iter().any(|line| line.contains(*id));
    if !ids.is_empty() && !ids.iter().any(told) {
        missing.push("the request id");
    }
    missing.into_iter().map(|what| format!("the problem lacks {what}: {whole}")).collect()
}

/// The requests of a flow that nothing disturbs.
async fn requests(flow: Flow) -> Vec<Request> {
    let paper = Paper::open(flow.beginning()).await;
    let mut run = paper.start();
    flow.prepare(&paper, &mut run).await;
    let mut calls = paper.account.calls().await.unwrap();
    flow.act(&mut run).await;
    let mut requests = Vec::new();
    while let Ok(call) = calls.try_recv() {
        requests.push((call.method, with_stars(&call.path)));
    }
    assert!(flow.done(&run), "{flow:?} without a fault: {:?}", run.setup.problem(flow.step()));
    let before = Standing::of(&paper).await;
    assert_eq!(before.wrong(flow, &paper).await, Vec::<String>::new(), "{flow:?} without a fault");
    let mut seen: BTreeMap<(String, String), u32> = BTreeMap::new();
    requests
        .into_iter()
        .filter_map(|(method, path)| {
            let before = seen.entry((method.clone(), path.clone())).or_default();
            *before += 1;
            // A loop of looks is the same request again.
            (*before <= 2).then(|| (method, path, *before - 1))
        })
        .collect()
}

/// Ids differ from account to account.
fn with_stars(path: &str) -> String {
    let part = |part: &str| if part.len() == 36 { "*".to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

struct Ended {
    case: Case,
    outcome: Outcome,
    wrong: Vec<String>,
    took: Duration,
}

async fn run(case: Case) -> Ended {
    let flow = case.flow;
    let paper = Paper::open(flow.beginning()).await;
    let mut run = paper.start();
    flow.prepare(&paper, &mut run).await;
    let before = Standing::of(&paper).await;
    let (method, path_end, after) = case.request.clone();
    let times = if case.lasting { 999 } else { 1 };
    let fault = case.kind.fault(case.lasting);
    paper.account.plan_fault_after(after, Planned { method, path_end, times, fault }).await;

    if case.kind == Kind::Silent {
        let request = Duration::from_millis(40);
        run.runner = paper.runner(Timing { request, ..timing() });
    }
    let began = Instant::now();
    flow.act(&mut run).await;
    let took = began.elapsed();
    paper.account.forget_faults().await;
    run.runner = paper.runner(timing());
    let mut wrong = before.wrong(flow, &paper).await;
    let outcome = match (run.setup.problem(flow.step()), flow.done(&run)) {
        (None, true) => Outcome::Done,
        (Some(problem), _) => {
            wrong.extend(unhelpful(problem, &run));
            Outcome::Told
        }
        (None, false) => {
            wrong.push("neither done nor told".to_owned());
            Outcome::Told
        }
    };
    // Once everything is well again, so is the set-up: the first try may find out that something was done.
    if outcome == Outcome::Told {
        for _ in 0..2 {
            if !flow.done(&run) && !flow.is_found_done(&run) {
                flow.again(&mut run).await;
            }
        }
        if !flow.done(&run) && !flow.is_found_done(&run) {
            let problem = run.setup.problem(flow.step());
            wrong.push(format!("trying again did not help: {problem:?}"));
        }
        wrong.extend(
            before
                .wrong(flow, &paper)
                .await
                .into_iter()
                .map(|what| format!("after trying again: {what}")),
        );
    }
    let shown = format!("{:?} {:?}", run.setup.record, run.setup.facts);
    // Looked for in what must not hold it.
    if shown.contains(paper.token.expose()) {
        wrong.push("the token is shown".to_owned());
    }
    paper.account.close().await;
    Ended { case, outcome, wrong, took }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_may_meet_every_fault() {
    let mut cases = Vec::new();
    let mut counted = String::new();
    for flow in FLOWS {
        let requests = Box::pin(requests(flow)).await;
        writeln!(counted, "{flow:?}: {} distinct requests", requests.len()).unwrap();
        for request in requests {
            for kind in KINDS {
                for lasting in [false, true] {
                    cases.push(Case { flow, request: request.clone(), kind, lasting });
                }
            }
        }
    }
    let all = cases.len();
    if !proving() {
        // Every flow and every fault, with one in seven of their meetings.
        cases = cases.into_iter().step_by(7).collect();
    }
    println!("{counted}{} of {all} runs", cases.len());
    let ended: Vec<Ended> = stream::iter(cases).map(run).buffer_unordered(6).collect().await;
    println!("{}", report(&ended));
    let wrong: Vec<String> = ended
        .iter()
        .filter(|ended| !ended.wrong.is_empty())
        .map(|ended| format!("{}\n    {}", ended.case, ended.wrong.join("\n    ")))
        .collect();
    assert!(wrong.is_empty(), "{} runs went wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Flow by fault: done / told.
fn report(ended: &[Ended]) -> String {
    let mut counts: BTreeMap<(Kind, Flow), (u32, u32)> = BTreeMap::new();
    for ended in ended {
        let (done, told) = counts.entry((ended.case.kind, ended.case.flow)).or_default();
        match ended.outcome {
            Outcome::Done => *done += 1,
            Outcome::Told => *told += 1,
        }
    }
    let mut table = format!("{:16}", "done/told");
    for flow in FLOWS {
        write!(table, " {:>10}", format!("{flow:?}")).unwrap();
    }
    for kind in KINDS {
        write!(table, "\n{:16}", kind.words()).unwrap();
        for flow in FLOWS {
            let (done, told) = counts.get(&(kind, flow)).copied().unwrap_or_default();
            write!(table, " {:>10}", format!("{done}/{told}")).unwrap();
        }
    }
    let mut times: Vec<Duration> = ended.iter().map(|ended| ended.took).collect();
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100].as_millis();
    let (median, most, longest) = (at(50), at(95), at(100));
    format!("{table}\na run: median {median} ms, 95 % {most} ms, longest {longest} ms")
}
