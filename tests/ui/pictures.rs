//! Contact sheets for people: every page in its states, both themes, large and small.
//! Written to the folder that `POOLWRIGHT_PICTURES` names; without it there is nothing to look at.

use std::path::{Path, PathBuf};

use egui::{Key, Modifiers, Theme, Vec2, accesskit::Role};
use egui_kittest::{Harness, kittest::Queryable as _};
use poolwright::{
    domain::cluster::Environment,
    setup::{Setup, step::StepId},
    ui::{kit, start::Start, theme},
};

use crate::fixtures::{self, SMALL, WINDOW};

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

#[test]
fn pages_for_the_eye() {
    let Some(folder) = std::env::var_os("POOLWRIGHT_PICTURES").map(PathBuf::from) else { return };
    let only = std::env::var("POOLWRIGHT_PICTURE").unwrap_or_default();
    std::fs::create_dir_all(&folder).expect("the folder for pictures");
    let pages = PAGES.iter().chain(fixtures::shop::PAGES).chain(fixtures::proof::PAGES);
    for (name, make) in pages.filter(|(name, _)| name.starts_with(&only)) {
        for (kind, theme, size, scale) in [
            ("light", Theme::Light, WINDOW, 1.0),
            ("dark", Theme::Dark, WINDOW, 1.0),
            ("small", Theme::Light, SMALL, 2.0),
            ("middle", Theme::Dark, Vec2::new(900.0, 780.0), 1.0),
            ("whole", Theme::Light, Vec2::new(1180.0, 1900.0), 1.0),
        ] {
            let screen = fixtures::Screen::new(make());
            let harness = Harness::builder()
                .with_size(size)
                .with_theme(theme)
                .with_pixels_per_point(scale)
                .with_max_steps(20)
                .with_context_setup(theme::install)
                .wgpu()
                .build_ui_state(
                    |ui, screen: &mut fixtures::Screen| {
                        screen.show(ui);
                    },
                    screen,
                );
            save(harness, &folder, &format!("{name}-{kind}"));
        }
    }
    if "start".starts_with(&only) || only.starts_with("start") {
        start(&folder);
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
    let cases: [(&str, Make, Vec2, Doing); 11] = [
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
            let text = "Creating pool shop-pool… is still going on. Closing cuts it off; what was done by then stays done.";
            let answers = ["Keep the window open", "Close anyway"];
            kit::question(ui, "Close while something is being done?", text, &answers);
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
    for (kind, theme, size, scale) in [
        ("light", Theme::Light, WINDOW, 1.0),
        ("dark", Theme::Dark, WINDOW, 1.0),
        ("small", Theme::Light, SMALL, 2.0),
    ] {
        let harness = Harness::builder()
            .with_size(size)
            .with_theme(theme)
            .with_pixels_per_point(scale)
            .with_context_setup(theme::install)
            .wgpu()
            .build_ui_state(
                |ui, start: &mut Start| {
                    fixtures::whole(ui, |ui| start.show(ui, true));
                },
                Start::default(),
            );
        save(harness, folder, &format!("start-{kind}"));
    }
}

fn save<State>(mut harness: Harness<'_, State>, folder: &Path, name: &str) {
    harness.run();
    let picture = harness.render().expect("a picture");
    picture.save(folder.join(format!("{name}.png"))).expect("a place for the picture");
}
