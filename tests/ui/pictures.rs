//! Contact sheets for people: every page in its states, both themes, large and small.
//! Written to the folder that `POOLWRIGHT_PICTURES` names; without it there is nothing to look at.

use std::path::{Path, PathBuf};

use egui::{Theme, Vec2};
use egui_kittest::Harness;
use poolwright::{
    domain::cluster::Environment,
    setup::{Setup, step::StepId},
    ui::{start::Start, theme},
};

use crate::fixtures::{self, SMALL, WINDOW};

pub type Make = fn() -> Setup;

pub const PAGES: &[(&str, Make)] = &[
    ("sign-in-empty", fixtures::fresh),
    ("sign-in-typed", fixtures::typed_token),
    ("sign-in-running", fixtures::signing_in),
    ("sign-in-refused", fixtures::refused_token),
    ("sign-in-done", fixtures::signed_in),
    ("cluster-reading", fixtures::listing),
    ("cluster-none", || fixtures::listed(Vec::new())),
    ("cluster-choice", fixtures::clusters),
    ("cluster-done", || fixtures::chosen(Environment::Production)),
    ("measure-before", || fixtures::at(fixtures::chosen(Environment::Staging), StepId::Measure)),
    ("measure-waiting", fixtures::waiting_for_a_slot),
    ("measure-running", || fixtures::recording(34)),
    ("measure-enough", || fixtures::recording(90)),
    ("pool-size", || fixtures::sizing(Environment::Staging)),
    ("pool-production", || fixtures::sizing(Environment::Production)),
    ("pool-creating", fixtures::creating),
    ("pool-done", fixtures::created),
    ("test-ahead", || fixtures::at(fixtures::signed_in(), StepId::Test)),
];

#[test]
fn pages_for_the_eye() {
    let Some(folder) = std::env::var_os("POOLWRIGHT_PICTURES").map(PathBuf::from) else { return };
    let only = std::env::var("POOLWRIGHT_PICTURE").unwrap_or_default();
    std::fs::create_dir_all(&folder).expect("the folder for pictures");
    let pages = PAGES.iter().chain(fixtures::shop::PAGES);
    for (name, make) in pages.filter(|(name, _)| name.starts_with(&only)) {
        for (kind, theme, size, scale) in [
            ("light", Theme::Light, WINDOW, 1.0),
            ("dark", Theme::Dark, WINDOW, 1.0),
            ("small", Theme::Light, SMALL, 2.0),
            ("middle", Theme::Dark, Vec2::new(900.0, 780.0), 1.0),
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
