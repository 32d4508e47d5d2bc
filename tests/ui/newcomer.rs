//! A newcomer with the team's profile: from the start page to the applied migrations, by what a screen reader is told.

#![expect(clippy::disallowed_types, reason = "the window may ask for a set-up again; there is one")]

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use egui::{Theme, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use poolwright::{
    cli::{args::Crowd, run::begin_practice},
    domain::problem::Problem,
    effects::settings::Kept,
    practice::Practice,
    ui::{Begun, Open, app::App},
};

use crate::fixtures::{WINDOW, whole};

/// What a button that goes on begins with.
const GOES_ON: [&str; 6] = ["Use ", "Test both", "Write ", "Apply ", "Next: ", "Keep the "];

struct Newcomer {
    harness: Harness<'static, Option<App>>,
    /// Everything that was done, in its order.
    actions: Vec<String>,
    // Last: the window's tasks run on it, and practice ends on it.
    practice: Option<Practice>,
    runtime: tokio::runtime::Runtime,
}

impl Newcomer {
    fn begin() -> Self {
        poolwright::safety::one_tls_provider();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let begun = runtime.block_on(begin_practice("pool-exists", &Crowd::default()));
        let (setup, world, practice) = begun.expect("practice");
        let begun = Mutex::new(Some(Begun { setup, world, place: None, guard: None }));
        let mut open = Some(Open {
            tasks: runtime.handle().clone(),
            begin: None,
            saves: None,
            settings: Kept::default(),
            practice: None,
            real: Arc::new(move || {
                let begun = begun.lock().expect("one window").take();
                begun.ok_or_else(|| Problem::new("test", "It has begun already.", ""))
            }),
        });
        let harness = Harness::builder().with_size(WINDOW).with_theme(Theme::Light).build_ui_state(
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
        let mut newcomer = Self { harness, actions: Vec::new(), practice: Some(practice), runtime };
        newcomer.harness.run_ok();
        newcomer
    }

    fn project(&self) -> &Path {
        self.practice.as_ref().expect("it runs").project()
    }

    fn press(&mut self, label: &str) {
        self.actions.push(label.to_owned());
        self.harness.get_by_role_and_label(Role::Button, label).click_accesskit();
        self.harness.step();
        self.harness.step();
    }

    fn type_into(&mut self, field: &str, text: &str) {
        self.actions.push(format!("{field}: {text}"));
        self.harness.get_by_role_and_label(Role::TextInput, field).focus();
        self.harness.get_by_role_and_label(Role::TextInput, field).type_text(text);
        self.harness.step();
    }

    /// The names of the buttons that can be pressed.
    fn buttons(&self) -> Vec<String> {
        let buttons = self.harness.query_all_by_role(Role::Button);
        buttons
            .filter(|button| !button.accesskit_node().is_disabled())
            .filter_map(|button| button.accesskit_node().label())
            .collect()
    }

    /// Draws until the page offers to go on, or is the last.
    fn next(&mut self) -> Option<String> {
        for _ in 0..3000 {
            self.harness.step();
            let buttons = self.buttons();
            if buttons.iter().any(|button| button == "Finish") {
                return None;
            }
            let goes_on = |button: &&String| GOES_ON.iter().any(|word| button.starts_with(word));
            let is_working = buttons.iter().any(|button| button == "Stop");
            if let Some(button) = buttons.iter().find(goes_on).filter(|_| !is_working) {
                return Some(button.clone());
            }
            // Other threads have to get on; there is nothing to wait on here.
            std::thread::park_timeout(Duration::from_millis(10));
        }
        panic!("after {:?}: {:?}", self.actions, self.harness.root());
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        if let Some(practice) = self.practice.take() {
            self.runtime.block_on(practice.stop());
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a team writes its profile plainly")]
fn a_team_profile_leads_to_applied_migrations_in_twelve_actions() {
    let mut newcomer = Newcomer::begin();
    let cluster = newcomer.practice.as_ref().expect("it runs").cluster_name().to_owned();
    let profile = newcomer.project().join("poolwright.toml");
    let text = format!(
        "version = 1\ncluster = \"{cluster}\"\nenvironment = \"development\"\n[pool]\nname = \"contrezz-pool\"\nsize = 4\nmode = \"transaction\"\n[project]\nenv_files = [\".env\"]\n"
    );
    fs::write(&profile, text).expect("the profile");

    newcomer.press("Open a team profile");
    newcomer.type_into("Path of the file", &profile.display().to_string());
    newcomer.press("Open the profile");
    while let Some(button) = newcomer.next() {
        newcomer.press(&button);
        assert!(newcomer.actions.len() <= 12, "{:?}", newcomer.actions);
    }

    println!("{} actions: {:?}", newcomer.actions.len(), newcomer.actions);
    assert!(
        newcomer.actions.iter().any(|action| action.starts_with("Apply ")),
        "{:?}",
        newcomer.actions
    );
    let env = fs::read_to_string(newcomer.project().join(".env")).expect("the env file");
    assert!(env.contains("/contrezz-pool?") && env.contains("DIRECT_URL="));
    for left_out in ["Measure", "App Platform", "Before and after", "Project files"] {
        assert!(newcomer.harness.query_by_label_contains(&format!("{left_out}, step")).is_none());
    }
    newcomer.harness.get_by_label("Your team did the rest").click();
    newcomer.harness.run_steps(3);
    newcomer
        .harness
        .get_by_label_contains("Before and after: the team has switched the app already");
    newcomer.harness.get_by_role_and_label(Role::Button, "Show every step");
}
