//! Measures a large account in the program's own window: how long until its clusters and apps are there, how many
//! requests that takes, and how long a frame takes while they are scrolled. The window is laid out and tessellated as
//! on a display; only the GPU's part is left out. It prints rows for benches/table.
//!
//!     cargo run --release --example account_scale -- 1000 2000 50      (make bench does this)
#![expect(clippy::print_stdout, reason = "its output is its result")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use egui_kittest::{Harness, kittest::Queryable as _};
use jiff::Timestamp;
use poolwright::{
    domain::{cluster::Environment, problem::Problem, secret::Secret},
    effects::{World, runner::Runner, settings::Kept},
    practice::account::{ALL_SCOPES, Account, Allowance, Beginning, CLUSTER_NAME, Call, Crowd},
    setup::{
        Msg, Rules, Setup,
        step::StepId,
        steps::{
            cluster, pool,
            sign_in::{self, Keep},
        },
    },
    ui::{Begun, Open, app::App},
};
use serde_json::json;
use tokio::{runtime::Handle, sync::mpsc};

const ON_SCREEN: Duration = Duration::from_secs(2);
/// Milliseconds.
const FRAME: f64 = 8.0;
const SIZE: egui::Vec2 = egui::vec2(1180.0, 780.0);

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    poolwright::safety::before_anything();
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u32>());
    let mut number = |default| arguments.next().unwrap_or(Ok(default));
    let (clusters, apps, delay) = (number(1000)?, number(2000)?, number(50)?);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let _inside = runtime.enter();
    let group = format!("An account of {clusters} clusters and {apps} apps, {delay} ms an answer");
    let mut bench = runtime.block_on(Bench::open(group, [clusters, apps, delay]))?;
    let setup = runtime.block_on(bench.signed_in());
    bench.clusters(setup, clusters)?;
    let setup = runtime.block_on(bench.signed_in());
    let setup = runtime.block_on(bench.apps(setup, apps));
    bench.scrolled_apps(setup);
    runtime.block_on(tokio::fs::remove_dir_all(&bench.world.data))?;
    Ok(())
}

struct Bench {
    group: String,
    /// It ends when it is dropped.
    _account: Account,
    calls: mpsc::Receiver<Call>,
    world: World,
    token: Secret,
}

impl Bench {
    async fn open(group: String, [clusters, apps, delay]: [u32; 3]) -> Result<Self, Failure> {
        // Two clusters and two apps are always there.
        let crowd = Crowd {
            clusters: usize::try_from(clusters)?.saturating_sub(2),
            apps: usize::try_from(apps)?.saturating_sub(2),
            delay: Duration::from_millis(delay.into()),
        };
        let account = Account::on_paper(Beginning { crowd, ..Beginning::default() }).await?;
        let token = account.issue(ALL_SCOPES, Allowance::default()).await.ok_or("no token")?;
        let data = tempfile::tempdir()?.keep();
        let world = World::practice(account.base().to_owned(), account.address_services(), data);
        let calls = account.calls().await.ok_or("the account has ended")?;
        Ok(Self { group, _account: account, calls, world, token })
    }

    async fn signed_in(&mut self) -> Setup {
        let mut setup = Setup::new(Rules::default());
        setup.steps.sign_in.remembered = Some(self.token.clone());
        setup.steps.sign_in.draft.keep = Keep::SessionOnly;
        act(&mut setup, &self.world, sign_in::Msg::SignIn.into()).await;
        while self.calls.try_recv().is_ok() {}
        setup
    }

    /// Step 2: one request for all of them, pools of the rows in sight only.
    fn clusters(&mut self, mut setup: Setup, clusters: u32) -> Result<(), Failure> {
        setup.current = StepId::Cluster;
        let began = Instant::now();
        let mut window =
            Window::open(Begun { setup, world: self.world.clone(), place: None, guard: None });
        window.until(&format!("{clusters} clusters"))?;
        self.on_screen("clusters on screen", began.elapsed());
        let scrolled = window.scroll();
        self.frames("clusters", &scrolled);
        let (mut lists, mut pools) = (0, 0);
        while let Ok(call) = self.calls.try_recv() {
            lists += u32::from(call.path == "/v2/databases");
            pools += u32::from(call.path.ends_with("/pools"));
        }
        self.row("requests for the clusters", "", &[lists.into()], Some(1.0));
        let most = f64::from(clusters) - 1.0;
        self.row("requests for pools of rows that were in sight", "", &[pools.into()], Some(most));
        Ok(())
    }

    /// Step 2 reads the apps of the chosen cluster: pages of 200, four at once.
    async fn apps(&mut self, mut setup: Setup, apps: u32) -> Setup {
        setup.steps.cluster.draft.wanted = Some(CLUSTER_NAME.to_owned());
        setup.steps.cluster.draft.environment = Some(Environment::Practice);
        act(&mut setup, &self.world, Msg::Go(StepId::Cluster)).await;
        let began = Instant::now();
        act(&mut setup, &self.world, cluster::Msg::Use.into()).await;
        let took = began.elapsed();
        let read = setup.facts.cluster.as_ref().map_or(0, |facts| facts.apps.len());
        let mut pages = 0;
        while let Ok(call) = self.calls.try_recv() {
            pages += u32::from(call.path == "/v2/apps");
        }
        assert_ne!(read, 0, "apps use the cluster");
        self.on_screen(&format!("{read} apps that use the cluster found"), took);
        self.row("requests for the apps", "", &[pages.into()], Some(apps.div_ceil(200).into()));
        for msg in [Msg::Go(StepId::Pool), pool::Msg::UseSize(5).into(), pool::Msg::Act.into()] {
            act(&mut setup, &self.world, msg).await;
        }
        setup
    }

    /// Step 10.
    fn scrolled_apps(&mut self, mut setup: Setup) {
        setup.current = StepId::App;
        let mut window =
            Window::open(Begun { setup, world: self.world.clone(), place: None, guard: None });
        let scrolled = window.scroll();
        self.frames("apps", &scrolled);
    }

    fn on_screen(&self, what: &str, took: Duration) {
        self.row(what, "s", &[took.as_secs_f64()], Some(ON_SCREEN.as_secs_f64()));
    }

    fn frames(&self, of: &str, frames: &[f64]) {
        self.row(&format!("a frame while {of} are scrolled"), "ms", frames, None);
        let mut sorted = frames.to_vec();
        sorted.sort_by(f64::total_cmp);
        let slow = sorted.get(sorted.len() * 95 / 100).copied().unwrap_or(f64::INFINITY);
        self.row(
            &format!("95 % of the frames while {of} are scrolled"),
            "ms",
            &[slow],
            Some(FRAME),
        );
    }

    fn row(&self, what: &str, unit: &str, values: &[f64], limit: Option<f64>) {
        let group = &self.group;
        let row =
            json!({ "group": group, "what": what, "unit": unit, "values": values, "limit": limit });
        println!("{row}");
    }
}

/// Does what a person does, and waits for what comes of it.
async fn act(setup: &mut Setup, world: &World, msg: Msg) {
    let mut runner = Runner::new(world.clone(), Handle::current(), Arc::new(|| ()));
    runner.obey(setup.act(Timestamp::now(), msg));
    while setup.busy() {
        let Some(report) = runner.next().await else { return };
        runner.obey(report.hand_to(setup, Timestamp::now()));
    }
}

struct Window(Harness<'static, Option<App>>);

impl Window {
    fn open(begun: Begun) -> Self {
        let mut open = Some(Open {
            tasks: Handle::current(),
            begin: Some(begun),
            saves: None,
            practice: None,
            real: Arc::new(|| Err(Problem::new("", "", ""))),
            settings: Kept::default(),
        });
        let harness = Harness::builder().with_size(SIZE).build_ui_state(
            move |ui, app: &mut Option<App>| {
                if let Some(open) = open.take() {
                    *app = Some(App::new(ui.ctx(), open));
                    ui.ctx().request_repaint();
                    return;
                }
                let Some(app) = app else { return };
                app.take_in(ui.ctx());
                let whole = egui::UiBuilder::new().max_rect(ui.ctx().content_rect());
                ui.scope_builder(whole, |ui| app.frame(ui));
            },
            None,
        );
        Self(harness)
    }

    /// Draws until a text is there; how long that took.
    fn until(&mut self, text: &str) -> Result<Duration, Failure> {
        let began = Instant::now();
        while began.elapsed() < 5 * ON_SCREEN {
            self.0.step();
            if self.0.query_all_by_label_contains(text).next().is_some() {
                return Ok(began.elapsed());
            }
            std::thread::park_timeout(Duration::from_millis(2));
        }
        Err(format!("“{text}” did not come").into())
    }

    /// Milliseconds of each frame, laid out and tessellated.
    fn scroll(&mut self) -> Vec<f64> {
        self.0.event(egui::Event::PointerMoved((SIZE / 2.0).to_pos2()));
        for _ in 0..20 {
            self.0.step();
        }
        (0..300)
            .map(|frame| {
                let down = if frame < 200 { -90.0 } else { 160.0 };
                self.0.event(egui::Event::MouseWheel {
                    unit: egui::MouseWheelUnit::Point,
                    delta: egui::vec2(0.0, down),
                    phase: egui::TouchPhase::Move,
                    source: egui::MouseWheelSource::Wheel,
                    modifiers: egui::Modifiers::NONE,
                });
                let began = Instant::now();
                self.0.step();
                let shapes = self.0.output().shapes.clone();
                std::hint::black_box(self.0.ctx.tessellate(shapes, 1.0));
                began.elapsed().as_secs_f64() * 1000.0
            })
            .collect()
    }
}
