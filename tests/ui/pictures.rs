//! Contact sheets for people: every page in its states, both themes, large and small.
//! Written to the folder that `POOLWRIGHT_PICTURES` names; without it there is nothing to look at.

use std::path::{Path, PathBuf};

use egui::{Key, Modifiers, Theme, Vec2, accesskit::Role};
use egui_kittest::{Harness, kittest::Queryable as _};
use poolwright::{
    domain::cluster::Environment,
    effects::saved::Shelf,
    setup::{Setup, step::StepId},
    ui::{kit, start::Start, theme},
};

use crate::{
    fixtures::{self, SMALL, WINDOW},
    start::begun_before,
};

pub type Make = fn() -> Setup;

pub const PAGES: &[(&str, Make)] = &[
    ("sign-in-empty", fixtures::fresh),
    ("sign-in-typed", fixtures::typed_token),
    ("sign-in-running", fixtures::signing_in),
    ("sign-in-refused", fixtures::refused_token),
    ("sign-in-done", fixtures::signed_in),
    ("sign-in-accounts", fixtures::several_accounts),
    ("sign-in-doctl", fixtures::doctl_is_there),
    ("sign-in-doctl-read", fixtures::doctl_was_read),
    ("sign-in-read-only", fixtures::read_only),
    ("sign-in-signed-out", fixtures::signed_out),
    ("cluster-reading", fixtures::listing),
    ("cluster-none", || fixtures::listed(Vec::new())),
    ("cluster-choice", fixtures::clusters),
    ("cluster-many", fixtures::many_clusters),
    ("cluster-pools", fixtures::peeked),
    ("cluster-maintained", fixtures::to_be_maintained),
    ("cluster-no-postgresql", fixtures::none_eligible),
    ("cluster-unreachable", fixtures::clusters_unreachable),
    ("cluster-done", || fixtures::chosen(Environment::Production)),
    ("measure-before", || fixtures::at(fixtures::chosen(Environment::Staging), StepId::Measure)),
    ("measure-waiting", fixtures::waiting_for_a_slot),
    ("measure-running", || fixtures::recording(34)),
    ("measure-enough", || fixtures::recording(90)),
    ("pool-size", || fixtures::sizing(Environment::Staging)),
    ("pool-production", || fixtures::sizing(Environment::Production)),
    ("pool-creating", fixtures::creating),
    ("pool-exists", fixtures::pool_exists),
    ("pool-changes", fixtures::pool_changes),
    ("pool-by-hand", fixtures::pool_by_hand),
    ("pool-not-there", fixtures::pool_not_there_yet),
    ("pool-over-booked", fixtures::pool_over_booked),
    ("pool-tight", fixtures::pool_tight),
    ("pool-stopped", fixtures::pool_stopped),
    ("pool-done", fixtures::created),
    ("test-ahead", || fixtures::at(fixtures::signed_in(), StepId::Test)),
];

/// A window to draw in.
pub struct Kind {
    name: &'static str,
    theme: Theme,
    size: Vec2,
    scale: f32,
    contrast: bool,
}

const LIGHT: Kind =
    Kind { name: "light", theme: Theme::Light, size: WINDOW, scale: 1.0, contrast: false };

/// The window of the first start and the smallest, in both themes; text at 200 % in either is one of these, closer.
const KINDS: [Kind; 9] = [
    LIGHT,
    Kind { name: "dark", theme: Theme::Dark, ..LIGHT },
    Kind { name: "small", size: SMALL, scale: 2.0, ..LIGHT },
    Kind { name: "small-dark", size: SMALL, scale: 2.0, theme: Theme::Dark, ..LIGHT },
    // Text at 200 % in the window of the first start.
    Kind { name: "large", size: Vec2::new(590.0, 390.0), scale: 2.0, ..LIGHT },
    Kind { name: "contrast", theme: Theme::Dark, contrast: true, ..LIGHT },
    Kind { name: "contrast-light", contrast: true, ..LIGHT },
    // What stands below the edge of a window, in the widest and in the narrowest.
    Kind { name: "whole", size: Vec2::new(1180.0, 1900.0), ..LIGHT },
    Kind { name: "narrow", size: Vec2::new(480.0, 2600.0), ..LIGHT },
];

impl Kind {
    fn harness<State: 'static>(
        &self,
        state: State,
        show: impl Fn(&mut State, &mut egui::Ui) + 'static,
    ) -> Harness<'static, State> {
        let contrast = self.contrast;
        Harness::builder()
            .with_size(self.size)
            .with_theme(self.theme)
            .with_pixels_per_point(self.scale)
            .with_max_steps(20)
            .with_context_setup(move |ctx| {
                theme::install(ctx);
                theme::use_contrast(ctx, contrast);
            })
            .wgpu()
            .build_ui_state(move |ui, state: &mut State| show(state, ui), state)
    }
}

/// Every page in each of its states.
pub fn every_page() -> impl Iterator<Item = &'static (&'static str, Make)> {
    PAGES
        .iter()
        .chain(fixtures::shop::PAGES)
        .chain(fixtures::proof::PAGES)
        .chain(fixtures::plan::PAGES)
}

#[test]
fn pages_for_the_eye() {
    let Some(folder) = std::env::var_os("POOLWRIGHT_PICTURES").map(PathBuf::from) else { return };
    let only = std::env::var("POOLWRIGHT_PICTURE").unwrap_or_default();
    std::fs::create_dir_all(&folder).expect("the folder for pictures");
    for (name, make) in every_page().filter(|(name, _)| name.starts_with(&only)) {
        for kind in &KINDS {
            let screen = fixtures::Screen::new(make());
            let harness = kind.harness(screen, fixtures::Screen::show);
            save(harness, &folder, &format!("{name}-{}", kind.name));
        }
    }
    if "start".starts_with(&only) || only.starts_with("start") {
        start(&folder);
    }
    if "settings".starts_with(&only) || only.starts_with("settings") {
        settings(&folder);
    }
    if only.is_empty() || "help commands".contains(&only) {
        panels(&folder);
    }
    if "open".starts_with(&only) || only.starts_with("open") {
        opened(&folder);
    }
}

/// What opens over or inside a page.
fn opened(folder: &Path) {
    type Doing = fn(&mut Harness<'_, fixtures::Screen>);
    let sizing: Make = || fixtures::sizing(Environment::Staging);
    let requests: Doing = |h| h.key_press_modifiers(Modifiers::COMMAND, Key::L);
    let whole = Vec2::new(1180.0, 1400.0);
    let history: Doing = |h| {
        h.key_press_modifiers(Modifiers::COMMAND, Key::L);
        h.run();
        h.get_by_role_and_label(Role::Tab, "History").click();
    };
    let cases: [(&str, Make, Vec2, Doing); 16] = [
        ("behind-tried", fixtures::connection::tried_out, whole, |_| ()),
        ("behind-inferred", fixtures::connection::unverified, whole, |_| ()),
        (
            "clients",
            || fixtures::shop::shop(StepId::Urls),
            Vec2::new(1180.0, 2000.0),
            |h| {
                h.get_by_role_and_label(Role::ComboBox, "Written for").click();
            },
        ),
        ("requests", fixtures::created, WINDOW, requests),
        ("requests-small", fixtures::created, SMALL, requests),
        ("next-pool", sizing, WINDOW, |h| {
            h.key_press_modifiers(Modifiers::COMMAND, Key::L);
            h.run();
            h.get_by_label("Request 1 as a command").click();
        }),
        ("next-app", || fixtures::shop::shop(StepId::App), WINDOW, requests),
        ("history", fixtures::shop::databases_asked, WINDOW, history),
        ("history-small", fixtures::shop::databases_asked, SMALL, history),
        (
            "profile",
            || fixtures::shop::shop(StepId::HandOver),
            whole,
            |h| {
                h.get_by_role_and_label(Role::RadioButton, "Team profile").click_accesskit();
            },
        ),
        ("will-send", sizing, WINDOW, |h| h.get_by_label("Show what will be sent").click()),
        ("steps-small", sizing, SMALL, |h| h.get_by_label_contains("Step 4 of 12").click()),
        ("reasons", sizing, WINDOW, |h| h.key_press(Key::F1)),
        ("select", sizing, Vec2::new(1180.0, 1000.0), |h| {
            h.get_by_role_and_label(Role::ComboBox, "User").click();
        }),
        ("details", fixtures::refused_token, WINDOW, |h| h.get_by_label("Details").click()),
        ("focus", sizing, WINDOW, |h| h.get_by_role_and_label(Role::Slider, "Pool size").focus()),
    ];
    for (name, make, size, act) in cases {
        let screen = fixtures::Screen::new(make());
        let mut harness = Harness::builder()
            .with_size(size)
            .with_theme(if name.contains("small") { Theme::Dark } else { Theme::Light })
            .with_pixels_per_point(if size == SMALL { 2.0 } else { 1.0 })
            .with_max_steps(20)
            .with_context_setup(theme::install)
            .wgpu()
            .build_ui_state(|ui, screen: &mut fixtures::Screen| screen.show(ui), screen);
        harness.run();
        act(&mut harness);
        save(harness, folder, &format!("open-{name}"));
    }
    over(folder);
}

/// What stands over every page for a while.
fn over(folder: &Path) {
    type Draw = fn(&egui::Ui);
    let over: [(&str, Draw); 2] = [
        ("toast", |ui| {
            kit::toast(ui, "Pooled URL with password copied. The clipboard is cleared in 60 s.");
        }),
        ("question", |ui| {
            let text = "Creating pool shop-pool… is still going on. Quitting cuts it off; what was done by then stays done, and is looked up when the set-up is opened again.";
            let answers = ["Keep the window open", "Stop and quit"];
            kit::question(ui, "Quit while something is being done?", text, &answers);
        }),
    ];
    for (name, draw) in over {
        let harness = Harness::builder()
            .with_size(WINDOW)
            .with_theme(Theme::Light)
            .with_max_steps(20)
            .with_context_setup(theme::install)
            .wgpu()
            .build_ui_state(
                |ui, screen: &mut fixtures::Screen| {
                    screen.show(ui);
                    draw(ui);
                },
                fixtures::Screen::new(fixtures::creating()),
            );
        save(harness, folder, &format!("open-{name}"));
    }
}

fn start(folder: &Path) {
    for kind in &KINDS {
        for (name, shelf) in [("start", Shelf::default()), ("start-begun-before", begun_before())] {
            let start = Start { shelf, ..Start::default() };
            let harness = kind.harness(start, |start, ui| {
                fixtures::whole(ui, |ui| start.show(ui, true, jiff::Timestamp::UNIX_EPOCH));
            });
            save(harness, folder, &format!("{name}-{}", kind.name));
        }
    }
}

fn settings(folder: &Path) {
    let listed = || crate::settings::listed(crate::settings::everything());
    for kind in &KINDS {
        let harness =
            kind.harness(crate::settings::Screen::default(), crate::settings::Screen::show);
        save(harness, folder, &format!("settings-{}", kind.name));
        let harness = kind.harness(listed(), crate::settings::Screen::show);
        save(harness, folder, &format!("settings-removal-{}", kind.name));
    }
}

/// Over the page, in every kind of window.
fn panels(folder: &Path) {
    for (name, modifiers, key) in
        [("help", Modifiers::NONE, Key::F1), ("commands", Modifiers::COMMAND, Key::K)]
    {
        for kind in &KINDS {
            let screen = fixtures::Screen::new(fixtures::sizing(Environment::Staging));
            let mut harness = kind.harness(screen, fixtures::Screen::show);
            harness.run();
            harness.key_press_modifiers(modifiers, key);
            save(harness, folder, &format!("{name}-{}", kind.name));
        }
    }
}

fn save<State>(mut harness: Harness<'_, State>, folder: &Path, name: &str) {
    harness.run();
    let picture = harness.render().expect("a picture");
    picture.save(folder.join(format!("{name}.png"))).expect("a place for the picture");
}
