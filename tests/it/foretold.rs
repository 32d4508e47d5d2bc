//! The requests that the practice account receives are those that were shown before they were sent, one to one, through
//! a whole set-up and its undoing.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use poolwright::{
    cli::{args::Crowd, run::begin_practice},
    domain::{mask, problem::Fix},
    effects::runner::Runner,
    practice::account::Call,
    safety,
    setup::{
        Msg, Setup,
        foretold::{CLUSTER, COMPONENT, DEPLOYMENT, Foretold, Times},
        step::{Primary, Standing, StepId},
        steps::{hand_over, measure},
    },
};
use tokio::{runtime::Handle, sync::mpsc};

struct Rig {
    setup: Setup,
    runner: Runner,
    calls: mpsc::Receiver<Call>,
    /// Requests that were received, and those of them that change something.
    counts: (usize, usize),
}

/// What a person does; made twice, once to be foretold.
type Act<'a> = &'a dyn Fn(&Setup) -> Msg;

impl Rig {
    /// Foretells, acts, waits for the end, and compares.
    async fn act(&mut self, what: &str, step: StepId, act: Act<'_>) {
        let told = self.setup.foretell(act(&self.setup));
        let msg = act(&self.setup);
        let orders = self.setup.act(Timestamp::now(), msg);
        self.runner.obey(orders);
        while self.goes_on(step) {
            self.hear().await;
        }
        let mut received = Vec::new();
        while let Ok(call) = self.calls.try_recv() {
            received.push(call);
        }
        self.counts.0 += received.len();
        self.counts.1 += received.iter().filter(|call| changes(call)).count();
        // What ends in a problem sends less than was shown, and never anything else.
        let mut wrong = unforetold(&told, &received);
        if self.setup.problem(step).is_none() {
            wrong.extend(missing(&told, &received));
        }
        assert!(wrong.is_empty(), "{what}:\n{}\nforetold: {told:#?}", wrong.join("\n"));
    }

    fn goes_on(&self, step: StepId) -> bool {
        match step {
            // A recording goes on beside everything; it asks the database alone.
            StepId::Measure => false,
            StepId::HandOver if self.setup.steps.hand_over.is_looking() => true,
            step => self.setup.standing(step) == Standing::Working,
        }
    }

    async fn hear(&mut self) {
        let next = tokio::time::timeout(Duration::from_secs(60), self.runner.next());
        let report = next.await.expect("something is reported").unwrap();
        let orders = report.hand_to(&mut self.setup, Timestamp::now());
        self.runner.obey(orders);
    }

    /// Opens a page and presses its button until it leads on.
    async fn step(&mut self, step: StepId) {
        self.act(&format!("opening {step:?}"), step, &|_| Msg::Go(step)).await;
        for _ in 0..6 {
            if !matches!(self.setup.primary(step), Primary::Act(..)) {
                break;
            }
            self.act(&format!("the button of {step:?}"), step, &|setup| {
                let Primary::Act(_, msg) = setup.primary(step) else {
                    panic!("it could be pressed")
                };
                msg
            })
            .await;
        }
        assert_eq!(self.setup.problem(step), None, "{step:?}");
    }
}

fn changes(call: &Call) -> bool {
    call.method != "GET" && !call.path.ends_with("/propose")
}

/// Is this the request that was foretold?
fn is(told: &Foretold, call: &Call) -> bool {
    let whole = told.operation.path();
    let (path, query) = whole.split_once('?').unwrap_or((&whole, ""));
    let parts: Vec<&str> = path.split('/').collect();
    let given: Vec<&str> = call.path.split('/').collect();
    let same = |(told, given): (&&str, &&str)| {
        told == given || [DEPLOYMENT, COMPONENT, CLUSTER].contains(told)
    };
    let body = call.body.as_ref().map(mask::body);
    // Whose log is read, and of what, is known only when something is built.
    let asks_for_a_log = path.ends_with("/logs");
    let asked: Vec<String> =
        call.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    told.method() == call.method
        && parts.len() == given.len()
        && parts.iter().zip(&given).all(same)
        && told.body == body
        && (asks_for_a_log || query == asked.join("&"))
}

/// What was sent and not shown, a line each.
fn unforetold(told: &[Foretold], received: &[Call]) -> Vec<String> {
    let mut wrong = Vec::new();
    for call in received {
        if !told.iter().any(|told| is(told, call)) {
            wrong.push(format!(
                "sent but not foretold: {} {} {:?}",
                call.method, call.path, call.body
            ));
        }
    }
    wrong
}

/// What was shown and not sent, or not as often or in the order in which it was shown.
fn missing(told: &[Foretold], received: &[Call]) -> Vec<String> {
    let mut wrong = Vec::new();
    for one in told {
        let alike = |times: fn(Times) -> bool| {
            told.iter()
                .filter(|other| {
                    other.operation == one.operation && other.body == one.body && times(other.times)
                })
                .count()
        };
        let (once, more) =
            (alike(|times| times == Times::Once), alike(|times| times != Times::Once));
        let came = received.iter().filter(|call| is(one, call)).count();
        let least = once + alike(|times| times == Times::UntilDone);
        if came < least || (more == 0 && came != once) {
            wrong.push(format!(
                "foretold {once} (and {more} open), came {came}: {} {}",
                one.method(),
                one.operation.path()
            ));
        }
    }
    // What changes something comes in the order in which it was shown.
    let shown: Vec<&Foretold> =
        told.iter().filter(|told| told.changes_something() && told.times == Times::Once).collect();
    let sent: Vec<&Call> = received.iter().filter(|call| changes(call)).collect();
    if shown.len() != sent.len() || !shown.iter().zip(&sent).all(|(told, call)| is(told, call)) {
        wrong.push(format!(
            "changes: {} shown, {} sent, or in another order",
            shown.len(),
            sent.len()
        ));
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_was_shown_before_through_a_whole_set_up() {
    safety::one_tls_provider();
    let crowd = Crowd { clusters: 0, apps: 0, delay: 0 };
    let (setup, world, practice) = begin_practice("full", &crowd).await.expect("practice");
    let calls = practice.account().calls().await.unwrap();
    let runner = Runner::new(world, Handle::current(), Arc::new(|| ()));
    let mut rig = Rig { setup, runner, calls, counts: (0, 0) };

    for step in StepId::ALL {
        match step {
            // The comparison waits for samples, and asks the database alone.
            StepId::Verify => {}
            StepId::Measure => {
                rig.step(step).await;
                while rig.setup.facts.activity.samples.len() < 3 {
                    rig.hear().await;
                }
                rig.act("ending the recording", step, &|_| measure::Msg::Stop.into()).await;
            }
            step => rig.step(step).await,
        }
    }
    assert_eq!(rig.setup.standing(StepId::App), Standing::Done);
    let (_, changes) = rig.counts;
    assert_eq!(changes, 2, "the pool and the app's settings");

    rig.act("taking everything back", StepId::HandOver, &|_| hand_over::Msg::UndoAll.into()).await;
    // The app that used it has stopped a moment ago.
    while rig.setup.fix(StepId::HandOver, &Fix::DeleteUnchecked).is_some()
        && rig.setup.problem(StepId::HandOver).is_some()
    {
        rig.act("the pool all the same", StepId::HandOver, &|_| {
            hand_over::Msg::DeleteUnchecked.into()
        })
        .await;
    }
    assert_eq!(rig.setup.problem(StepId::HandOver), None);
    println!("{} requests, {} of them changes: all as they were shown", rig.counts.0, rig.counts.1);
    practice.stop().await;
}
