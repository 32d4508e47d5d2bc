//! Whole runs in practice, with and without a window, well and badly ended: nothing that is written, printed, shown or
//! passed to another program holds a secret, but the env file that the person approved, and its backup.

#![expect(clippy::disallowed_methods, reason = "a thread of the test looks at other processes")]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use poolwright::practice::{
    Practice,
    faults::{Fault, Planned},
    scenario::Scenario,
};
use serde_json::Value;

use crate::{canary::Canaries, proof::proving, web::Web};

/// The token and the password of every role.
async fn canaries(practice: &Practice) -> Canaries {
    let web = Web::with_everything(practice.account()).await;
    let cluster = web.cluster().await;
    let answers = [web.get(&cluster).await.body, web.get(&format!("{cluster}/users")).await.body];
    let mut found = vec![practice.token().expose().to_owned()];
    for answer in &answers {
        passwords(answer, &mut found);
    }
    found.sort();
    found.dedup();
    assert!(3 <= found.len(), "the token and the passwords of two roles");
    Canaries::new(found)
}

fn passwords(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(text) if name == "password" && !text.is_empty() => {
                        found.push(text.to_owned());
                    }
                    _ => passwords(value, found), // look deeper
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| passwords(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// An env file of the project, or the text that one had before.
fn is_approved(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == ".env")
}

/// The program in a home of its own, everything logged, under `strace` where that works.
struct Home {
    folder: tempfile::TempDir,
    traced: bool,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "tmp", "run"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let traced = Command::new("strace")
            .args(["-qq", "-o", "/dev/null", "true"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        Self { folder, traced }
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_poolwright");
        let mut command = if self.traced {
            // With every argument and the whole environment of whatever is started.
            let mut strace = Command::new("strace");
            strace.args(["-f", "-qq", "-v", "-s", "1000000", "-e", "trace=execve", "-o"]);
            strace.arg(self.place("executed")).arg(program);
            strace
        } else {
            Command::new(program)
        };
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command
            .env("HOME", self.place("home"))
            .env("TMPDIR", self.place("tmp"))
            .env("XDG_RUNTIME_DIR", self.place("run"))
            .env("RUST_LOG", "trace")
            .env("POOLWRIGHT_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (variable, name) in [
            ("XDG_DATA_HOME", "data"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
        ] {
            command.env(variable, self.place("home").join(name));
        }
        command
    }
}

/// Looks at the arguments of every process until it is dropped.
struct Watch {
    over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<usize>>,
}

impl Watch {
    fn over(canaries: Arc<Canaries>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut looks = 0;
            while !ends.load(Ordering::Relaxed) {
                for process in fs::read_dir("/proc").unwrap().flatten() {
                    // One that has ended meanwhile has none.
                    let arguments = fs::read(process.path().join("cmdline")).unwrap_or_default();
                    canaries.assert_none_in("the arguments of a process", &arguments);
                }
                looks += 1;
                std::thread::sleep(Duration::from_millis(5));
            }
            looks
        });
        Self { over, thread: Some(thread) }
    }

    /// How often it has looked.
    fn end(mut self) -> usize {
        self.over.store(true, Ordering::Relaxed);
        let looks = self.thread.take().unwrap().join().expect("no process shows a secret");
        // A run that breaks off early is over after a few.
        assert!(0 < looks, "nobody looked at the processes");
        looks
    }
}

/// A whole set-up without a window, searched afterwards.
async fn run(practice: &Practice, canaries: &Arc<Canaries>, more: &[&str]) -> (Output, usize) {
    let home = Home::new();
    let profile = home.place("poolwright.toml");
    let skip = if proving() { "" } else { "skip = [\"measure\", \"verify\"]\n" };
    let text = format!(
        "version = 1\ncluster = \"{}\"\nenvironment = \"staging\"\n{skip}\
         [project]\nfolder = \"{}\"\n[app]\nname = \"{}\"\n\
         [measure]\nsamples = 160\nevery = \"100ms\"\n",
        practice.cluster_name(),
        practice.project().display(),
        practice.app_name()
    );
    fs::File::create(&profile).unwrap().write_all(text.as_bytes()).unwrap();
    let mut command = home.command();
    command.args(["setup", "--token-stdin", "--profile"]).arg(&profile).args(more);
    command.env("DIGITALOCEAN_API_URL", practice.api_base());
    let token = practice.token();
    let watch = Watch::over(Arc::clone(canaries));
    let output = tokio::task::spawn_blocking(move || {
        let mut running = command.spawn().unwrap();
        running.stdin.take().unwrap().write_all(token.expose().as_bytes()).unwrap();
        running.wait_with_output().unwrap()
    })
    .await
    .unwrap();
    let looks = watch.end();

    canaries.assert_none_in("what is printed", &output.stdout);
    canaries.assert_none_in("the log", &output.stderr);
    if home.traced {
        let executed = fs::read(home.place("executed")).unwrap();
        assert!(executed.windows(6).any(|window| window == b"execve"), "something was started");
    }
    canaries.assert_none_below(home.folder.path(), is_approved);
    canaries.assert_none_below(practice.project(), is_approved);
    (output, looks)
}

/// Answers that hold passwords and break off, and changes whose end is unclear: what is told of them tells no secret.
fn faults() -> Vec<(&'static str, &'static str, Fault)> {
    let all = vec![
        ("GET", "/v2/databases/*", Fault::HalfAnswer),
        // Before a run has made the pool; the later ones find it.
        ("POST", "/v2/databases/*/pools", Fault::error(500, "server_error", "Unexpected.")),
        ("PUT", "/v2/apps/*", Fault::error(422, "invalid", "The spec was not accepted.")),
        ("GET", "/v2/databases", Fault::WrongLength),
        ("GET", "/v2/databases/*/users", Fault::HalfAnswer),
        ("GET", "/v2/databases/*/pools", Fault::WrongLength),
        ("POST", "/v2/apps/propose", Fault::Page(502)),
        ("GET", "/v2/apps", Fault::HalfAnswer),
    ];
    let few = if proving() { all.len() } else { 3 };
    all.into_iter().take(few).collect()
}

fn planned(method: &str, path: &str, fault: Fault) -> Planned {
    Planned { method: method.to_owned(), path_end: path.to_owned(), times: 50, fault }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_without_a_window_leaves_no_secret_anywhere_however_it_ends() {
    let practice = Practice::start(Scenario::parse("fresh").unwrap()).await.unwrap();
    let canaries = Arc::new(canaries(&practice).await);
    for (method, path, fault) in faults() {
        practice.account().plan_fault(planned(method, path, fault)).await;
        let (output, _) = run(&practice, &canaries, &["--yes"]).await;
        practice.account().forget_faults().await;
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(log.contains("poolwright::"), "{method} {path}: it is logged: {log}");
        assert_eq!(
            output.status.code(),
            Some(1),
            "{method} {path}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }

    // A change whose answer is lost is looked up and found done, so that the run ends well.
    practice.account().plan_fault(planned("PUT", "/v2/apps/*", Fault::AnswerLost)).await;
    let (output, looks) = run(&practice, &canaries, &["--yes", "--json"]).await;
    assert!(10 < looks, "only {looks} looks at the processes");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    // The search finds what is there: the approved file has both URLs.
    let env = fs::read(practice.project().join(".env")).unwrap();
    assert!(canaries.find(&env).is_some());
    practice.stop().await;
}

#[cfg(feature = "gui")]
mod window {
    use egui::{Context, Key, Modifiers, Ui, UiBuilder};
    use egui_kittest::Harness;
    use jiff::Timestamp;
    use poolwright::{
        cli::{args::Crowd, run::begin_practice},
        effects::runner::Runner,
        setup::{
            Msg, Order, Setup,
            plan::PlanMsg,
            step::{Primary, StepId},
        },
        ui::{page::Page, theme},
    };
    use tokio::runtime::Handle;

    use super::*;

    struct Screen {
        setup: Setup,
        page: Page,
    }

    struct Window {
        harness: Harness<'static, Screen>,
        runner: Runner,
        canaries: Canaries,
        looks: usize,
    }

    impl Window {
        fn over(setup: Setup, runner: Runner, canaries: Canaries) -> Self {
            // A deployment's log has characters that no font here has.
            let harness = Harness::builder()
                .allow_missing_glyphs()
                .with_size(egui::vec2(1180.0, 2400.0))
                .with_max_steps(20)
                .with_context_setup(|ctx: &Context| theme::install(ctx))
                .build_ui_state(
                    |ui: &mut Ui, screen: &mut Screen| {
                        let rect = ui.ctx().content_rect();
                        ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
                            screen.page.show(ui, &mut screen.setup, Timestamp::now());
                        });
                    },
                    Screen { setup, page: Page::default() },
                );
            Self { harness, runner, canaries, looks: 0 }
        }

        /// Draws it, and reads all that the accessibility tree tells.
        fn look(&mut self) {
            self.harness.step();
            let tree = format!("{:?}", self.harness.root());
            let step = self.harness.state().setup.current;
            self.canaries.assert_none_in(&format!("the page of {step:?}"), tree.as_bytes());
            self.looks += 1;
        }

        async fn obey(&mut self, orders: Vec<Order>) {
            self.runner.obey(orders);
            self.look();
            while self.harness.state().setup.busy() {
                let next = tokio::time::timeout(Duration::from_secs(60), self.runner.next());
                let report = next.await.expect("something is reported").unwrap();
                let setup = &mut self.harness.state_mut().setup;
                let orders = report.hand_to(setup, Timestamp::now());
                self.runner.obey(orders);
                self.look();
            }
        }

        async fn act(&mut self, msg: impl Into<Msg>) {
            let orders = self.harness.state_mut().setup.act(Timestamp::now(), msg.into());
            self.obey(orders).await;
        }

        async fn press(&mut self, step: StepId) {
            self.act(Msg::Go(step)).await;
            while let Primary::Act(_, msg) = self.harness.state().setup.primary(step) {
                self.act(msg).await;
                assert_eq!(self.harness.state().setup.problem(step), None);
            }
            // What is folded in, and the drawer of requests.
            for _ in 0..4 {
                self.harness.key_press(Key::F1);
                self.look();
            }
            for _ in 0..2 {
                self.harness.key_press_modifiers(Modifiers::COMMAND, Key::L);
                self.look();
                self.look();
            }
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_page_on_the_way_tells_a_secret_and_nothing_that_is_kept_holds_one() {
        let (setup, world, practice) = begin_practice("fresh", &Crowd::default()).await.unwrap();
        let canaries = super::canaries(&practice).await;
        let runner = Runner::new(world, Handle::current(), Arc::new(|| ()));
        let mut window = Window::over(setup, runner, canaries);
        window.harness.state_mut().setup.facts.skipped = vec![StepId::Measure, StepId::Verify];
        let before = [StepId::SignIn, StepId::Cluster, StepId::Pool, StepId::Urls, StepId::Test];
        for step in before {
            window.press(step).await;
        }
        window.act(PlanMsg::Open).await;
        for _ in 0..6 {
            window.harness.key_press(Key::F1);
            window.look();
        }
        for step in [StepId::Project, StepId::EnvFiles, StepId::Migrations, StepId::App] {
            window.press(step).await;
        }
        window.press(StepId::HandOver).await;

        assert!(100 < window.looks, "only {} looks", window.looks);
        let setup = &window.harness.state().setup;
        let kept = setup.saved().text();
        window.canaries.assert_none_in("the saved set-up", &kept);
        let told = format!("{setup:?}");
        window.canaries.assert_none_in("the whole state, printed", told.as_bytes());
        let read = window.canaries.assert_none_below(practice.project(), is_approved)
            + window.canaries.assert_none_below(practice.data(), is_approved);
        assert!(10 < read);
        practice.stop().await;
    }
}
