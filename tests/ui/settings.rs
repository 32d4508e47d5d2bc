//! The settings, and the looks they give the window.

#![expect(clippy::disallowed_methods, reason = "other programs write files plainly")]

use std::path::{Path, PathBuf};

use egui::{Key, Modifiers, Theme, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use poolwright::{
    domain::{
        problem::Problem,
        proxy::{Address, Proxy},
        secret::Secret,
        settings::{Look, Settings},
    },
    effects::{
        World,
        settings::{self, Everything},
    },
    keychain::Keychain,
    setup::step::StepId,
    ui::{
        Begun,
        act::Saving,
        settings::{Page, Removal, Store, Wish},
        theme,
    },
};

use crate::{
    fixtures::{SMALL, WINDOW, shop, whole},
    window::begun,
};

#[derive(Default)]
pub struct Screen {
    pub page: Page,
    pub settings: Settings,
    pub problem: Option<Problem>,
    wishes: Vec<Wish>,
}

impl Screen {
    pub fn show(&mut self, ui: &mut egui::Ui) {
        let places = vec![
            ("Settings", "/home/ada/.config/poolwright/settings.toml".to_owned()),
            ("Saved set-ups", "/home/ada/.local/share/poolwright/setups".to_owned()),
            ("Copies of files", "/home/ada/.local/share/poolwright".to_owned()),
            ("Tokens", "The system's password store, under “poolwright”.".to_owned()),
        ];
        let (problem, store) = (self.problem.as_ref(), Store::default());
        let wish = whole(ui, |ui| self.page.show(ui, &mut self.settings, problem, &places, &store));
        self.wishes.extend(wish);
    }
}

/// The list of what goes is shown.
pub fn listed(everything: Everything) -> Screen {
    let mut screen = Screen::default();
    screen.page.everything = Removal::Asked(everything);
    screen
}

pub fn everything() -> Everything {
    Everything {
        goes: vec![
            "Tokens in the keychain: Team Shop.".into(),
            "1 saved set-up, with its list of changes to take back.".into(),
        ],
        stays: vec![
            "Copies of your files from before a change: /home/ada/.local/share/poolwright.".into(),
        ],
        waits: None,
    }
}

pub fn open(screen: Screen, size: egui::Vec2) -> Harness<'static, Screen> {
    let mut harness = Harness::builder()
        .with_size(size)
        .with_theme(Theme::Light)
        .with_max_steps(20)
        .with_context_setup(theme::install)
        .build_ui_state(|ui, screen: &mut Screen| screen.show(ui), screen);
    harness.run();
    harness
}

#[test]
fn a_theme_is_chosen_by_keyboard_and_told() {
    let mut harness = open(Screen::default(), WINDOW);
    harness.get_by_role_and_label(Role::ComboBox, "Theme").focus();
    harness.run();
    harness.key_press(Key::Space);
    harness.run();
    harness.get_by_label("High contrast, dark").click();
    harness.run();
    assert_eq!(harness.state().settings.look, Look::ContrastDark);
    assert_eq!(harness.state().wishes, [Wish::Changed]);
}

#[test]
fn a_proxy_holds_once_it_is_an_address() {
    let mut harness = open(Screen::default(), WINDOW);
    harness
        .get_by_role_and_label(Role::ComboBox, "Proxy for DigitalOcean and the health address")
        .click();
    harness.run();
    harness.get_by_label("This proxy").click();
    harness.run();
    harness.get_by_label("No address yet; the way of before holds.");
    harness.get_by_role_and_label(Role::TextInput, "Address of the proxy").focus();
    harness.run();
    harness.event(egui::Event::Text("http://ada:hunter2@proxy.example".to_owned()));
    harness.run();
    harness.get_by_label_contains("A name and a password do not belong into the settings' file.");
    assert_eq!(harness.state().settings.proxy, Proxy::System);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.event(egui::Event::Text("proxy.example:3128".to_owned()));
    harness.run();
    let address = Address::parse("http://proxy.example:3128").expect("an address");
    assert_eq!(harness.state().settings.proxy, Proxy::At(address));
    assert_eq!(harness.state().wishes.last(), Some(&Wish::Changed));

    // The removal of everything sets it back; the form follows.
    harness.state_mut().settings = Settings::default();
    harness.run();
    assert_eq!(harness.state().settings.proxy, Proxy::System);
    assert!(harness.query_by_label("Address of the proxy").is_none());
}

#[test]
fn escape_closes_the_settings() {
    let mut harness = open(Screen::default(), WINDOW);
    assert!(harness.get_by_role_and_label(Role::Heading, "Settings").is_focused());
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(harness.state().wishes, [Wish::Close]);
}

#[test]
fn everything_is_removed_only_after_it_was_listed_and_agreed_to() {
    let mut harness = open(Screen::default(), egui::vec2(1180.0, 1900.0));
    harness.get_by_label("Show what would go…").click();
    harness.run();
    assert_eq!(harness.state().wishes, [Wish::LookForEverything]);
    harness.state_mut().page.everything = Removal::Asked(everything());
    harness.run();
    harness.get_by_label("• Tokens in the keychain: Team Shop.");
    harness.get_by_label("Sign out and remove…").click();
    harness.run();
    assert_eq!(harness.state().wishes.len(), 1, "a question is asked first");
    harness.get_by_label("Sign out and remove it").click();
    harness.run();
    assert_eq!(harness.state().wishes, [Wish::LookForEverything, Wish::RemoveEverything]);
}

#[test]
fn what_has_to_be_done_before_stands_in_the_place_of_the_button() {
    let waits = Some("A set-up is open. Go back to the start page first.".to_owned());
    let screen = listed(Everything { waits, ..everything() });
    let harness = open(screen, egui::vec2(1180.0, 1600.0));
    harness.get_by_label_contains("A set-up is open.");
    assert!(harness.query_by_label("Sign out and remove…").is_none());
}

#[test]
fn the_settings_have_room_in_small_windows_and_names_of_their_own() {
    for size in [WINDOW, SMALL, egui::vec2(480.0, 320.0)] {
        let harness = open(listed(everything()), size);
        let mut names = Vec::new();
        for node in harness.root().children_recursive() {
            let inner = node.accesskit_node();
            if inner.raw_bounds().is_some() && inner.role() != Role::TextRun {
                let rect = node.rect();
                assert!(-0.5 <= rect.left() && rect.right() <= size.x + 0.5, "{node:?} {rect:?}");
            }
            if matches!(inner.role(), Role::Button | Role::ComboBox | Role::CheckBox) {
                names.push(inner.label().unwrap_or_default());
            }
        }
        names.sort();
        let before = names.len();
        names.dedup();
        assert_eq!(names.len(), before);
        assert!(!names.contains(&String::new()));
    }
}

/// The whole program over a file of settings.
fn program(file: &Path) -> crate::window::Window {
    let kept = poolwright::effects::settings::load_from(file.to_owned());
    crate::window::Window::with_settings(kept)
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("settings.toml");
    (folder, file)
}

#[test]
fn text_grows_by_key_within_bounds_and_is_kept() {
    let (_folder, file) = file();
    let mut window = program(&file);
    for _ in 0..2 {
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Plus);
        window.harness.step();
    }
    window.harness.step();
    assert!((window.harness.ctx.zoom_factor() - 1.2).abs() < 0.001);
    window.wait_for("Text at 120 %");
    let kept = (0..500).any(|_| {
        window.harness.step();
        std::thread::park_timeout(std::time::Duration::from_millis(10));
        std::fs::read_to_string(&file).is_ok_and(|text| text.contains("text-percent = 120"))
    });
    assert!(kept);
    let again = program(&file);
    assert!((again.harness.ctx.zoom_factor() - 1.2).abs() < 0.001);
}

#[test]
fn high_contrast_is_drawn_and_the_start_page_is_found_again() {
    let (_folder, file) = file();
    std::fs::write(&file, "look = \"high-contrast-dark\"\n").expect("a file");
    let mut window = program(&file);
    assert_eq!(window.harness.ctx.global_style().visuals.panel_fill, theme::CONTRAST_DARK.bg);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Comma);
    window.wait_for("Sign out and remove everything");
    window.harness.key_press(Key::Escape);
    window.wait_for("Sign in with a token");
}

#[test]
fn damaged_settings_are_told_and_kept_under_another_name() {
    let (folder, file) = file();
    std::fs::write(&file, "look = \n").expect("a file");
    let mut window = program(&file);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Comma);
    window.wait_for("Your settings could not be read.");
    let names: Vec<String> = std::fs::read_dir(folder.path())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(names[0].starts_with("settings.toml.bad-"), "{names:?}");
}

#[tokio::test]
async fn everything_that_is_kept_is_listed_and_removed_and_the_rest_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let service = format!("poolwright-test-{}", std::process::id());
    let keychain = Keychain::System { service };
    let mut world = World::practice(String::new(), Default::default(), folder.path().to_owned());
    world.keychain = keychain.clone();
    let limit = world.timing.keychain;
    for (item, text) in [
        ("accounts", "Team Shop"),
        ("token:Team Shop", "dop_v1_canary"),
        ("account:last", "Team Shop"),
    ] {
        keychain.keep(item, &Secret::new(text), limit).await.expect("it is kept");
    }
    let file = folder.path().join("settings.toml");
    let sealed = folder.path().join("tokens.sealed");
    let backup = folder.path().join("backups").join("env");
    std::fs::create_dir(folder.path().join("backups")).expect("a folder");
    for file in [&file, &sealed, &backup] {
        std::fs::write(file, "").expect("a file");
    }

    let all = settings::everything(&world, None, Some(file.clone())).await;
    assert_eq!(
        all.goes.first().map(String::as_str),
        Some("Tokens in the password store: Team Shop.")
    );
    assert_eq!(all.waits, None);
    settings::remove_everything(&world, None, Some(file.clone())).await.expect("it is removed");
    for item in ["accounts", "token:Team Shop", "account:last"] {
        assert_eq!(keychain.recall(item, limit).await.expect("it answers"), None, "{item}");
    }
    assert!(!file.exists() && !sealed.exists() && backup.exists());
    let again = settings::everything(&world, None, Some(file)).await;
    assert_eq!(again.goes.first().map(String::as_str), Some("Tokens in the password store: none."));
}

#[test]
fn diagnostics_hold_versions_settings_and_history_and_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("diagnostics.json");
    let setup = shop::settled(StepId::App);
    let secrets = format!("{:?}", setup.facts.cluster.as_ref().map(|facts| facts.users.len()));
    assert_ne!(secrets, "None", "there are passwords to be left out");
    let count = setup.record.exchanges.len() + setup.record.entries.len();
    assert_ne!(count, 0);
    let mut window = crate::window::Window::open(Some(Begun { setup, ..begun() }), None);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Comma);
    window.wait_for("Save diagnostics…");
    window.write(Saving::Diagnostics, &file);
    window.wait_for("Written: ");
    let text = std::fs::read_to_string(&file).expect("the file");
    for canary in [shop::CANARY, "AVNS_", "dop_v1_"] {
        assert!(!text.contains(canary), "a secret is in it");
    }
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(document["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["settings"]["look"], "system");
    assert_eq!(document["self_test"]["keychain"], "keeps");
    assert_eq!(document["history"].as_array().map(Vec::len), Some(count));
}
