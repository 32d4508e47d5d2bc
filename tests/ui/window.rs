//! The window's life: from the start page into a set-up, reports taken in, practice begun and ended.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use egui::{Theme, ViewportCommand, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use poolwright::{
    domain::{
        problem::Problem,
        record::{Entry, Undo},
        timing::Timing,
    },
    effects::{World, saved::Place, settings::Kept},
    keychain::Keychain,
    setup::{Rules, Setup, step::StepId},
    ui::{Begun, Open, StartPractice, act::Saving, app::App},
};
use tokio::runtime::Runtime;

use crate::fixtures::{self, WINDOW, whole};

/// An account that nobody answers for.
pub fn begun() -> Begun {
    poolwright::safety::one_tls_provider();
    let world = World {
        api: "http://127.0.0.1:9".to_owned(),
        keychain: Keychain::None,
        address_services: [String::new(), String::new()],
        proxy: poolwright::domain::proxy::Proxy::System,
        data: std::path::PathBuf::new(),
        timing: Timing::default().scaled_down(),
        provokes: false,
    };
    Begun { setup: Setup::new(Rules::default()), world, place: None, guard: None }
}

/// Tells when it is dropped.
struct Guard(Arc<AtomicBool>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A harness over the whole program's window, and the runtime that its tasks run on.
pub struct Window {
    pub harness: Harness<'static, Option<App>>,
    _runtime: Runtime,
}

impl Window {
    pub fn open(begin: Option<Begun>, practice: Option<StartPractice>) -> Self {
        Self::with(begin, practice, None, Kept::default())
    }

    /// With a folder of saved set-ups.
    fn keeping(folder: &std::path::Path) -> Self {
        Self::with(None, None, Some(folder.to_owned()), Kept::default())
    }

    pub fn with_settings(kept: Kept) -> Self {
        Self::with(None, None, None, kept)
    }

    fn with(
        begin: Option<Begun>,
        practice: Option<StartPractice>,
        saves: Option<PathBuf>,
        settings: Kept,
    ) -> Self {
        let place = saves.clone();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let mut open = Some(Open {
            tasks: runtime.handle().clone(),
            begin,
            saves,
            practice,
            real: Arc::new(move || {
                let place = place.clone().map(Place::new);
                Ok(Begun { place, ..begun() })
            }),
            settings,
        });
        // A deployment's log has characters that no font here has.
        let harness = Harness::builder()
            .allow_missing_glyphs()
            .with_size(WINDOW)
            .with_theme(Theme::Light)
            .build_ui_state(
                move |ui, app: &mut Option<App>| {
                    if let Some(open) = open.take() {
                        // Fonts and styles hold from the next frame on.
                        *app = Some(App::new(ui.ctx(), open));
                        ui.ctx().request_repaint();
                        return;
                    }
                    let app = app.as_mut().expect("the first frame made it");
                    app.take_in(ui.ctx());
                    whole(ui, |ui| app.frame(ui));
                },
                None,
            );
        let mut window = Self { harness, _runtime: runtime };
        window.harness.run_ok();
        window
    }

    /// Draws until a text is there.
    pub fn wait_for(&mut self, text: &str) {
        for _ in 0..500 {
            self.harness.step();
            if self.harness.query_all_by_label_contains(text).next().is_some() {
                return;
            }
            // Other threads have to get on; there is nothing to wait on here.
            std::thread::park_timeout(Duration::from_millis(10));
        }
        panic!("“{text}” did not come:\n{:?}", self.harness.root());
    }

    /// As after the system's dialog.
    pub fn write(&mut self, what: Saving, file: &std::path::Path) {
        let ctx = self.harness.ctx.clone();
        let app = self.harness.state_mut().as_mut().expect("the window is open");
        app.write(&ctx, what, file.to_owned());
    }

    fn press(&mut self, label: &str) {
        self.harness.get_by_role_and_label(Role::Button, label).click();
        self.harness.step();
        self.harness.step();
    }
}

#[test]
fn signing_in_begins_a_set_up_at_its_first_step() {
    let mut window = Window::open(None, None);
    window.press("Sign in with a token");
    window.wait_for("Sign in to DigitalOcean");
    window.harness.get_by_role_and_label(Role::PasswordInput, "Personal access token");
}

#[test]
fn what_an_effect_ended_in_comes_home() {
    let mut window = Window::open(Some(begun()), None);
    let field = (Role::PasswordInput, "Personal access token");
    window.harness.get_by_role_and_label(field.0, field.1).focus();
    window.harness.get_by_role_and_label(field.0, field.1).type_text("dop_v1_anything");
    window.harness.step();
    window.press("Sign in");
    window.wait_for("Copy for a ticket");
    window.harness.get_by_role_and_label(Role::Button, "Sign in");
}

#[test]
fn practice_begins_with_its_own_band_and_ends_with_the_window() {
    let ended = Arc::new(AtomicBool::new(false));
    let of_practice = Arc::clone(&ended);
    let practice: StartPractice = Arc::new(move || {
        let guard: Box<dyn Send> = Box::new(Guard(Arc::clone(&of_practice)));
        Box::pin(async move { Ok(Begun { guard: Some(guard), ..begun() }) })
    });
    let mut window = Window::open(None, Some(practice));
    window.press("Practise");
    window.wait_for("Sign in to DigitalOcean");
    window.harness.get_by_label("practice");
    assert!(!ended.load(Ordering::SeqCst));
    drop(window);
    assert!(ended.load(Ordering::SeqCst));
}

#[test]
fn practice_that_can_not_start_says_why() {
    let practice: StartPractice = Arc::new(|| {
        let problem = Problem::new("practice", "PgBouncer is not installed.", "");
        Box::pin(std::future::ready(Err(problem)))
    });
    let mut window = Window::open(None, Some(practice));
    window.press("Practise");
    window.wait_for("PgBouncer is not installed.");
    let again = window.harness.get_by_role_and_label(Role::Button, "Practise");
    assert!(!again.accesskit_node().is_disabled());
}

#[test]
fn a_stopped_practice_does_not_open_later() {
    let practice: StartPractice = Arc::new(|| Box::pin(std::future::pending()));
    let mut window = Window::open(None, Some(practice));
    window.press("Practise");
    window.wait_for("Starting PostgreSQL and PgBouncer");
    window.press("Stop");
    assert!(window.harness.query_by_label_contains("Starting PostgreSQL").is_none());
    window.harness.get_by_role_and_label(Role::Button, "Practise");
}

fn close(window: &mut Window) {
    let viewports = &mut window.harness.input_mut().viewports;
    let root = viewports.get_mut(&egui::ViewportId::ROOT).expect("the window");
    root.events.push(egui::ViewportEvent::Close);
    window.harness.step();
}

/// What the last frame told the system about the window.
fn told(window: &Window) -> Vec<ViewportCommand> {
    let outputs = window.harness.output().viewport_output.values();
    outputs.flat_map(|output| output.commands.clone()).collect()
}

#[test]
fn nothing_keeps_an_idle_window_from_closing() {
    let mut window = Window::open(Some(begun()), None);
    close(&mut window);
    assert!(!told(&window).contains(&ViewportCommand::CancelClose));
}

#[test]
fn what_would_be_cut_off_half_way_is_asked_about() {
    let mut window = Window::open(Some(Begun { setup: fixtures::creating(), ..begun() }), None);
    close(&mut window);
    assert!(told(&window).contains(&ViewportCommand::CancelClose));
    window.wait_for("Creating pool shop-pool… is still going on.");
    window.press("Keep the window open");
    assert!(window.harness.query_by_label("Stop and quit").is_none());
    close(&mut window);
    window.wait_for("Stop and quit");
    window.harness.get_by_label("Stop and quit").click();
    window.harness.run_ok();
    let mut commands = told(&window);
    for _ in 0..3 {
        window.harness.step();
        commands.extend(told(&window));
    }
    assert!(!commands.contains(&ViewportCommand::CancelClose));
}

#[test]
fn a_question_holds_the_focus_and_gives_it_back() {
    let mut window = Window::open(Some(Begun { setup: fixtures::creating(), ..begun() }), None);
    let has = |window: &Window, role, name: &str| {
        window.harness.get_by_role_and_label(role, name).is_focused()
    };
    window.harness.get_by_role_and_label(Role::Switch, "Dry run").focus();
    window.harness.step();
    assert!(has(&window, Role::Switch, "Dry run"));
    close(&mut window);
    window.wait_for("Stop and quit");
    window.harness.step();
    for answer in ["Keep the window open", "Stop and quit", "Keep the window open"] {
        assert!(has(&window, Role::Button, answer), "{answer}: {:?}", window.harness.root());
        window.harness.key_press(egui::Key::Tab);
        window.harness.step();
        window.harness.step();
    }
    window.harness.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::Tab);
    window.harness.step();
    window.harness.step();
    assert!(has(&window, Role::Button, "Keep the window open"));
    window.harness.key_press(egui::Key::Escape);
    window.harness.step();
    window.harness.step();
    window.harness.step();
    assert!(window.harness.query_by_label("Stop and quit").is_none());
    assert!(has(&window, Role::Switch, "Dry run"));
}

#[test]
fn the_access_of_this_computer_is_taken_back_before_the_window_closes() {
    let mut setup = fixtures::created();
    let granted = fixtures::lease(60);
    let (cluster, lease) = (granted.cluster.clone(), granted.lease.clone());
    let undo = Undo::RemoveLease { cluster, lease };
    let at = fixtures::now();
    setup.record.entries.push(Entry { at, what: String::new(), undo, undone: false });
    setup.facts.leases = vec![granted];
    let mut window = Window::open(Some(Begun { setup, ..begun() }), None);
    close(&mut window);
    assert!(told(&window).contains(&ViewportCommand::CancelClose));
    // Nobody answers for the account, so the removal ends with a problem. It is told, and the window closes all the same.
    window.wait_for("This computer's access was not removed");
    let closed = (0..500).any(|_| {
        window.harness.step();
        std::thread::park_timeout(Duration::from_millis(10));
        told(&window).contains(&ViewportCommand::Close)
    });
    assert!(closed);
}

#[test]
fn leaving_a_set_up_ends_its_practice() {
    let ended = Arc::new(AtomicBool::new(false));
    let guard: Box<dyn Send> = Box::new(Guard(Arc::clone(&ended)));
    let mut window = Window::open(Some(Begun { guard: Some(guard), ..begun() }), None);
    window.press("Start page");
    window.wait_for("Set up connection pooling for a DigitalOcean PostgreSQL cluster");
    let over = (0..500).any(|_| {
        std::thread::park_timeout(Duration::from_millis(10));
        ended.load(Ordering::SeqCst)
    });
    assert!(over);
}

#[test]
fn an_idle_window_draws_nothing() {
    let window = Window::open(Some(begun()), None);
    let output = window.harness.output().viewport_output.values().next().expect("a viewport");
    assert_eq!(output.repaint_delay, Duration::MAX);
}

#[test]
fn a_page_opened_ahead_begins_once_it_can() {
    let mut begun = begun();
    begun.setup.current = StepId::Cluster;
    let mut window = Window::open(Some(begun), None);
    window.wait_for("You can look ahead. This step needs: step 1, Sign in.");
}

const FOLDER: &str = "Folder of the project";

#[test]
fn a_set_up_that_was_left_stands_on_the_start_page_and_opens_where_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let setups = folder.path().join("setups");
    {
        let mut window = Window::keeping(&setups);
        window.press("Paste two URLs");
        window.wait_for("Pooled and direct URLs");
        window.harness.get_by_label_contains("Change, group 4 of 6").click();
        window.wait_for("Change the project files");
        window.harness.get_by_role_and_label(Role::TextInput, FOLDER).focus();
        let missing = folder.path().join("shop").display().to_string();
        window.harness.get_by_role_and_label(Role::TextInput, FOLDER).type_text(&missing);
        window.harness.step();
        window.press("Read the project");
        window.wait_for("Copy for a ticket");
    }
    let mut window = Window::keeping(&setups);
    window.wait_for("Continue A set-up without an account, step 7 of 12");
    let line = window
        .harness
        .get_by(|node| node.label().is_some_and(|label| label.starts_with("Continue A set-up")));
    line.click();
    window.wait_for("Welcome back");
    window.wait_for("1 of 1 thing is different.");
    window.harness.get_by_label("Change the project files");
}
