//! The program is killed: at requests to the account, before they arrive and after they were carried out, and between
//! any two things that are reported. What is opened afterwards stands on the same step, sends nothing that changes
//! anything, says what it found, and can be brought to its end.

#![expect(clippy::print_stdout, reason = "the killed program tells the test how far it came")]

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use poolwright::{
    domain::{
        cluster::Environment,
        migration::Resolve,
        problem::{Fix, Problem},
        secret::Secret,
    },
    effects::{
        World,
        runner::Runner,
        saved::{self, Place},
    },
    practice::{Practice, account::Call, scenario::Scenario},
    safety,
    setup::{
        Msg, Rules, Setup,
        answers::Answers,
        resume::{Outcome, What},
        saved::UnderWay,
        step::{Primary, Standing, StepId},
        steps::{migrations, sign_in, test},
    },
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    runtime::Handle,
    sync::mpsc,
};

use crate::{
    crash_gate::{Gate, Held, Strike, When},
    proof::proving,
};

const INSIDE: &str = "POOLWRIGHT_TEST_CRASH_CHILD";
const TEST: &str = "crash_bench::the_program_as_it_is_killed";
/// Full counts run on a busy computer, too.
const LIMIT: Duration = Duration::from_secs(180);

/// What the child is told, and what it says.
const VARIABLES: [&str; 5] = ["API", "TOKEN", "DATA", "PROJECT", "ABORT_AT"];
const AT_STEP: &str = "at step ";
const ENDED: &str = "ended: ";

fn variable(name: &str) -> String {
    std::env::var(format!("{INSIDE}_{name}")).unwrap_or_default()
}

fn world(api: &str, practice_services: [String; 2], data: &Path) -> World {
    World::practice(api.to_owned(), practice_services, data.to_owned())
}

/// A set-up with everything chosen beforehand; nothing is measured, which takes its time and sends nothing.
fn fresh(project: &Path) -> Setup {
    let mut setup = Setup::new(Rules::default());
    setup.answer(Answers {
        cluster: Some(poolwright::practice::account::CLUSTER_NAME.to_owned()),
        environment: Some(Environment::Practice),
        project: Some(project.to_owned()),
        app: Some(poolwright::practice::account::APP_NAME.to_owned()),
        poll_every: Some(Duration::from_millis(50)),
        skip: vec![StepId::Measure, StepId::Verify],
        ..Answers::default()
    });
    setup
}

/// The one set-up of the folder, or a new one.
async fn the_set_up(data: &Path, project: &Path) -> (Setup, Place) {
    let folder = Place::below(data);
    let shelf = saved::shelf(folder.clone()).await;
    assert_eq!(shelf.problems, [] as [Problem; 0]);
    match shelf.rows.into_iter().next() {
        Some(row) => {
            let (saved, place) = saved::open(folder, row.id).await.unwrap();
            (Setup::resumed(Rules::default(), saved), place)
        }
        None => (fresh(project), Place::new(folder)),
    }
}

/// Drives a set-up as a person does who presses what is offered.
struct Driver {
    setup: Setup,
    runner: Runner,
    reports: usize,
    abort_at: Option<usize>,
    /// A migration that was marked as rolled back.
    rolled_back: Option<String>,
}

impl Driver {
    async fn open(world: World, token: Secret, project: &Path) -> Self {
        let (mut setup, place) = the_set_up(&world.data, project).await;
        setup.steps.sign_in.remembered = Some(token);
        setup.steps.sign_in.draft.keep = sign_in::Keep::SessionOnly;
        // Where the access was ended, the app's connections can't be counted: said soon.
        setup.rules.slot_patience = Duration::from_secs(1);
        let mut runner = Runner::new(world, Handle::current(), Arc::new(|| ()));
        runner.keep_in(place);
        Self { setup, runner, reports: 0, abort_at: None, rolled_back: None }
    }

    fn act(&mut self, msg: Msg) {
        let orders = self.setup.act(Timestamp::now(), msg);
        self.runner.keep(&self.setup);
        self.runner.obey(orders);
    }

    async fn report(&mut self) {
        let next = tokio::time::timeout(LIMIT, self.runner.next()).await;
        let report = next.expect("something is reported").unwrap();
        let orders = report.hand_to(&mut self.setup, Timestamp::now());
        self.reports += 1;
        if self.abort_at == Some(self.reports) {
            std::process::abort();
        }
        self.runner.keep(&self.setup);
        self.runner.obey(orders);
    }

    /// Opens it where it was left, and takes in everything that comes of it.
    async fn look_again(&mut self) {
        self.act(Msg::Go(self.setup.current));
        while self.setup.busy() {
            self.report().await;
        }
    }

    async fn go_to_the_end(&mut self) -> Result<(), String> {
        for step in StepId::ALL {
            if self.setup.facts.skipped.contains(&step) || self.setup.standing(step).settled() {
                continue;
            }
            self.act(Msg::Go(step));
            println!("{AT_STEP}{}", step.key());
            self.one_step(step).await?;
        }
        Ok(())
    }

    /// A migration in whose middle the program was killed.
    fn left_half_way(&self) -> Option<String> {
        self.setup.steps.migrations.status.as_ref()?.failed.first().cloned()
    }

    async fn one_step(&mut self, step: StepId) -> Result<(), String> {
        let mut pressed = 0;
        while pressed < 9 {
            match self.setup.primary(step) {
                Primary::Next => return Ok(()),
                Primary::Working(..) => self.report().await,
                Primary::Blocked(label, why) => match self.left_half_way() {
                    Some(name) if step == StepId::Migrations && pressed < 9 => {
                        pressed += 1;
                        // Its script is one transaction. Refused a second time, it was committed before the note of its
                        // end could be made.
                        let committed =
                            self.rolled_back.replace(name.clone()) == Some(name.clone());
                        let how = if committed { Resolve::Applied } else { Resolve::RolledBack };
                        println!("marks {name}, committed: {committed}");
                        self.act(migrations::Msg::Resolve(how(name)).into());
                    }
                    _ => return Err(format!("{step:?}, {label}: {why}")),
                },
                Primary::Act(label, msg) => {
                    pressed += 1;
                    let problem = self.setup.problem(step).map(|problem| problem.what.as_str());
                    println!("presses {label}, {problem:?}");
                    let asks_to_be_let_in = self.setup.problem(step).is_some_and(|problem| {
                        problem.hints.iter().any(|hint| hint.fix == Some(Fix::AllowThisComputer))
                    });
                    self.act(if asks_to_be_let_in { test::Msg::FindAndAllow.into() } else { msg });
                }
            }
        }
        Err(format!("{step:?} does not end: {:?}", self.setup.problem(step)))
    }
}

/// Not a test of its own: the program that the others kill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_as_it_is_killed() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    safety::one_tls_provider();
    let [api, token, data, project, abort_at] = VARIABLES.map(variable);
    let services = [format!("{api}/address/1"), format!("{api}/address/2")];
    let services = match std::env::var(format!("{INSIDE}_SERVICES")) {
        Ok(given) => {
            let (one, other) = given.split_once(' ').unwrap();
            [one.to_owned(), other.to_owned()]
        }
        Err(_) => services,
    };
    let world = world(&api, services, Path::new(&data));
    let mut driver = Driver::open(world, Secret::new(token), Path::new(&project)).await;
    driver.abort_at = abort_at.parse().ok();
    println!("{AT_STEP}{}", driver.setup.current.key());
    driver.look_again().await;
    let ended = driver.go_to_the_end().await;
    driver.runner.keep_now(&driver.setup, LIMIT);
    println!("{ENDED}{} {ended:?}", driver.reports);
    assert_eq!(ended, Ok(()));
}

/// A practice, and what of it was asked for.
struct Ground {
    practice: Practice,
    calls: mpsc::Receiver<Call>,
    gate: Gate,
    data: tempfile::TempDir,
}

/// How a run of the program ended.
struct Run {
    /// The step that it said it was on.
    step: Option<StepId>,
    /// Reports that it took in, where it came to its end.
    reports: Option<usize>,
    said: Vec<String>,
}

impl Ground {
    async fn open() -> Self {
        let scenario = if proving() { Scenario::NotTrusted } else { Scenario::Fresh };
        safety::one_tls_provider();
        let practice = Practice::start(scenario).await.unwrap();
        let calls = practice.account().calls().await.unwrap();
        let gate = Gate::open(practice.api_base()).await;
        Self { practice, calls, gate, data: tempfile::tempdir().unwrap() }
    }

    fn child(&self, abort_at: Option<usize>) -> Child {
        let project = self.practice.project().display().to_string();
        let data = self.data.path().display().to_string();
        let abort_at = abort_at.map_or(String::new(), |at| at.to_string());
        // The practice's own token; it is worth nothing elsewhere.
        let token = self.practice.token().expose().to_owned();
        let values = [self.gate.base.clone(), token, data, project, abort_at];
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", TEST, "--nocapture"]).env(INSIDE, "1").kill_on_drop(true);
        for (name, value) in VARIABLES.into_iter().zip(values) {
            command.env(format!("{INSIDE}_{name}"), value);
        }
        command.env(format!("{INSIDE}_SERVICES"), self.practice.address_services().join(" "));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// Runs the program until the strike, which kills it; `None`: to its end.
    async fn run(
        &mut self,
        strike: Option<Strike>,
        abort_at: Option<usize>,
    ) -> (Run, Option<Held>) {
        let mut held = self.gate.strike(strike);
        let mut child = self.child(abort_at);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        let mut struck = None;
        loop {
            tokio::select! {
                line = lines.next_line() => match line.unwrap() {
                    Some(line) => said.push(line),
                    None => break,
                },
                Some(found) = held.recv() => {
                    struck = Some(found);
                    child.kill().await.unwrap();
                }
                () = tokio::time::sleep(LIMIT) => panic!("it hangs: {said:?}"),
            }
        }
        child.wait().await.unwrap();
        let after = |line: &String, word: &str| Some(line.split_once(word)?.1.to_owned());
        let step = said.iter().rev().find_map(|line| StepId::parse(after(line, AT_STEP)?.trim()));
        let reports = said.iter().find_map(|line| {
            after(line, ENDED)?.split(' ').next().and_then(|count| count.parse().ok())
        });
        (Run { step, reports, said }, struck)
    }

    /// Requests since the last look that change a pool, an app or a database of the account.
    fn writes(&mut self) -> Vec<String> {
        let mut writes = Vec::new();
        while let Ok(call) = self.calls.try_recv() {
            let reads = call.method == "GET" || call.path.ends_with("/propose");
            // Access that a crash left is ended by whoever signs in next.
            let access = call.path.ends_with("/firewall");
            if !reads && !access {
                writes.push(format!("{} {}", call.method, shape(&call.path)));
            }
        }
        writes
    }

    /// Opens what is left, without doing anything.
    async fn open_again(&mut self) -> Driver {
        let services = self.practice.address_services();
        let world = world(self.practice.api_base(), services, self.data.path());
        let project = self.practice.project().to_owned();
        let mut driver = Driver::open(world, self.practice.token(), &project).await;
        driver.look_again().await;
        driver
    }

    async fn close(self) {
        self.practice.stop().await;
    }
}

/// Without ids: `/v2/apps/*`
fn shape(path: &str) -> String {
    let part = |part: &str| {
        let is_id = 20 < part.len() && part.contains('-');
        if is_id { "*".to_owned() } else { part.to_owned() }
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// What the file says was under way when the program died.
async fn under_way(data: &Path) -> (StepId, Option<UnderWay>) {
    let row = saved::shelf(Place::below(data)).await.rows.remove(0);
    (StepId::parse(&row.saved.step).unwrap(), row.saved.under_way)
}

/// Opens what was left and holds that it is the truth.
async fn the_truth(ground: &mut Ground, run: &Run, what: &str) {
    ground.writes();
    let (step, under_way) = under_way(ground.data.path()).await;
    let driver = ground.open_again().await;
    let setup = &driver.setup;
    assert_eq!(ground.writes(), [] as [String; 0], "{what}: opened again, it changed something");
    assert_eq!(setup.current, step, "{what}");
    if let Some(said) = run.step {
        assert_eq!(setup.current, said, "{what}: {:?}", run.said);
    }
    let resume = setup.resume.as_ref().unwrap();
    assert_eq!(resume.open(), 0, "{what}: {:?}", resume.checks);
    let outcome = |what: What| {
        resume.checks.iter().find(|check| check.what == what).map(|check| &check.outcome)
    };
    match under_way {
        Some(UnderWay::CreatePool(pool) | UnderWay::ChangePool(pool)) => {
            let there = setup.facts.cluster.iter().flat_map(|facts| &facts.pools);
            let there = there.filter(|there| there.name.as_str() == pool.name).count();
            match outcome(What::Pool) {
                Some(Outcome::Same(_)) => {
                    assert_eq!((there, setup.standing(StepId::Pool)), (1, Standing::Done))
                }
                Some(Outcome::Different(words, _)) => {
                    assert!(words.contains("Nothing was sent again"), "{what}: {words}");
                    assert_eq!((there, setup.standing(StepId::Pool)), (0, Standing::Stopped));
                }
                other => panic!("{what}: {other:?}"),
            }
        }
        Some(UnderWay::SwitchApp { .. }) => match outcome(What::App) {
            Some(Outcome::Same(words)) => {
                assert!(words.contains("had arrived"), "{what}: {words}");
                assert!(setup.facts.deployed.is_some(), "{what}: {:?}", setup.problem(StepId::App));
            }
            Some(Outcome::Different(words, _)) => {
                assert!(words.contains("had not arrived"), "{what}: {words}");
                assert_eq!(setup.facts.deployed, None);
            }
            other => panic!("{what}: {other:?}"),
        },
        Some(UnderWay::FollowDeployment { .. }) => {
            assert!(matches!(outcome(What::App), Some(Outcome::Same(_))), "{what}");
            assert!(setup.facts.deployed.is_some(), "{what}: {:?}", setup.problem(StepId::App));
        }
        Some(_) => assert!(outcome(What::UnderWay).is_some(), "{what}: {:?}", resume.checks),
        None => {}
    }
    let mut driver = driver;
    driver.runner.keep_now(&driver.setup, LIMIT);
}

/// In the order in which a set-up sends them, each killed before it arrives and after it was carried out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_write_it_is_found_as_it_is_and_sent_once() {
    let mut ground = Ground::open().await;
    let writes = [("POST", "/pools"), ("PUT", "/firewall"), ("PUT", "/v2/apps/")];
    // Only who is not let in yet asks to be.
    let writes = writes.into_iter().filter(|(_, path)| proving() || *path != "/firewall");
    let mut sent = Vec::new();
    for (method, path) in writes {
        for when in [When::Before, When::After] {
            let what = format!("{when:?} {method} {path}");
            let strike = Strike::At { method, path, when };
            let (run, held) = ground.run(Some(strike), None).await;
            assert!(held.is_some(), "{what} did not come: {:?}", run.said);
            sent.extend(ground.writes());
            // The file said so before the request was sent.
            let (_, noted) = under_way(ground.data.path()).await;
            match path {
                "/pools" => {
                    assert!(matches!(noted, Some(UnderWay::CreatePool(_))), "{what}: {noted:?}")
                }
                "/v2/apps/" => {
                    assert!(matches!(noted, Some(UnderWay::SwitchApp { .. })), "{what}: {noted:?}")
                }
                _ => assert_eq!(noted, None, "{what}: access has notes of its own"),
            }
            the_truth(&mut ground, &run, &what).await;
        }
    }
    let (run, _) = ground.run(None, None).await;
    assert!(run.reports.is_some(), "{:?}", run.said);
    sent.extend(ground.writes());
    assert_eq!(sent, ["POST /v2/databases/*/pools", "PUT /v2/apps/*"]);
    ground.close().await;
}

/// Counted by what is reported to the set-up: files being read and written, migrations, the test, and all requests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_two_reports_it_goes_on_from_there() {
    let mut ground = Ground::open().await;
    if !proving() {
        // Again and again, each time a little later.
        let points = [40, 70, 100, 130];
        return killed_at_reports(&mut ground, &points).await;
    }
    let (run, _) = ground.run(None, None).await;
    let all = run.reports.unwrap_or_else(|| panic!("{:?}", run.said));
    ground.close().await;
    // A third of them: each takes some ten seconds.
    for at in (1..=all).step_by(3) {
        let mut ground = Ground::open().await;
        killed_at_reports(&mut ground, &[at]).await;
        ground.close().await;
    }
}

async fn killed_at_reports(ground: &mut Ground, points: &[usize]) {
    let mut sent = Vec::new();
    for at in points {
        let what = format!("at report {at}");
        let (run, _) = ground.run(None, Some(*at)).await;
        sent.extend(ground.writes());
        let nothing_chosen = saved::shelf(Place::below(ground.data.path())).await.rows.is_empty();
        // A run may come to its end before.
        if run.reports.is_none() && !nothing_chosen {
            the_truth(ground, &run, &what).await;
        }
    }
    let (run, _) = ground.run(None, None).await;
    assert!(run.reports.is_some(), "{points:?}: {:?}", run.said);
    sent.extend(ground.writes());
    let once = ["POST /v2/databases/*/pools", "PUT /v2/apps/*"];
    assert_eq!(sent, once, "{points:?}: {:?}", run.said);
}

/// Every request, reads too; each once carried out and not answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_request_it_goes_on_from_there() {
    if !proving() {
        return;
    }
    let mut number = 0;
    loop {
        number += 1;
        let what = format!("at request {number}");
        let mut ground = Ground::open().await;
        let (run, held) = ground.run(Some(Strike::Number(number)), None).await;
        if held.is_none() {
            assert!(run.reports.is_some(), "{what}: {:?}", run.said);
            ground.close().await;
            break;
        }
        let mut sent = ground.writes();
        let folder: PathBuf = Place::below(ground.data.path());
        if !saved::shelf(folder).await.rows.is_empty() {
            the_truth(&mut ground, &run, &what).await;
        }
        let (run, _) = ground.run(None, None).await;
        assert!(run.reports.is_some(), "{what}: {:?}", run.said);
        sent.extend(ground.writes());
        assert_eq!(
            sent,
            ["POST /v2/databases/*/pools", "PUT /v2/apps/*"],
            "{what}: {:?}",
            run.said
        );
        ground.close().await;
    }
    assert!(30 < number, "a set-up has more than {number} requests");
}
