//! What a run with Orca showed: what is told to a screen reader, when, and how often.

use egui::{
    Theme,
    accesskit::{Live, Role},
};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use poolwright::{
    domain::cluster::Environment,
    setup::{Setup, step::StepId, steps::sign_in},
    ui::{kit, start::Start, theme},
};

use crate::{
    fixtures::{self, Screen, at, window},
    start,
    window::Window,
};

fn description<State>(harness: &Harness<'_, State>, role: Role, name: &str) -> String {
    let node = harness.get_by_role_and_label(role, name);
    node.accesskit_node().description().unwrap_or_default()
}

/// Goes on with another set-up in the same window.
fn becomes(window: &mut Harness<'_, Screen>, setup: Setup) {
    window.state_mut().setup = setup;
    window.run_steps(4);
}

fn has_focus(window: &Harness<'_, Screen>, button: &str) -> bool {
    window.get_by_role_and_label(Role::Button, button).accesskit_node().is_focused()
}

#[test]
fn the_window_has_its_title_as_its_name() {
    let name = |window: &Window| window.harness.root().accesskit_node().label();
    let mut window = Window::open(None, None);
    assert_eq!(name(&window).as_deref(), Some("Poolwright"));
    window.harness.get_by_role_and_label(Role::Button, "Sign in with a token").click();
    window.wait_for("Sign in to DigitalOcean");
    window.harness.step();
    assert_eq!(name(&window).as_deref(), Some("Step 1 of 12, Sign in"));
}

#[test]
fn the_state_of_a_page_is_not_said_before_its_title() {
    let live = |window: &Harness<'_, Screen>, word: &str| {
        window.get_by_role_and_label(Role::Label, word).accesskit_node().live()
    };
    let mut window = window(fixtures::signed_in());
    window.state_mut().setup = fixtures::clusters();
    window.step();
    assert_eq!(live(&window, "Needs you"), Live::Off);
    window.step();
    assert_eq!(live(&window, "Needs you"), Live::Polite, "a change is said");
}

#[test]
fn the_main_button_of_another_page_is_another_button() {
    let id = |window: &Harness<'_, Screen>, name: &str| {
        window.get_by_role_and_label(Role::Button, name).accesskit_node().id()
    };
    let mut window = window(fixtures::signed_in());
    let before = id(&window, "Next: Cluster");
    becomes(&mut window, fixtures::listed(vec![fixtures::cluster("shop-stg", "pg", "online")]));
    assert_ne!(id(&window, "Use shop-stg as staging"), before);
}

#[test]
fn the_main_button_keeps_the_focus_whatever_stands_beside_it() {
    let mut window = window(fixtures::recording(1));
    window.get_by_role_and_label(Role::Button, "Go on meanwhile");
    window.get_by_role_and_label(Role::Button, "Stop").focus();
    window.run_steps(2);
    becomes(&mut window, fixtures::recording(60));
    assert!(window.query_by_label("Go on meanwhile").is_none());
    assert!(has_focus(&window, "Next: Size and create"));
}

#[test]
fn the_main_button_has_the_focus_again_when_it_has_waited() {
    let mut window = window(fixtures::signed_in());
    window.get_by_role_and_label(Role::Button, "Next: Cluster").focus();
    window.run_steps(2);
    let mut signing_out = fixtures::signed_in();
    signing_out.act(fixtures::now(), sign_in::Msg::SignOut.into());
    becomes(&mut window, signing_out);
    let stop = window.get_by_role_and_label(Role::Button, "Stop");
    assert!(stop.accesskit_node().is_disabled() && !has_focus(&window, "Stop"));
    becomes(&mut window, fixtures::signed_in());
    assert!(has_focus(&window, "Next: Cluster"));
}

#[test]
fn a_count_is_said_now_and_then_and_does_not_describe_the_button_beside_it() {
    let mut line = Harness::builder()
        .with_theme(Theme::Light)
        .with_context_setup(theme::install)
        .with_step_dt(1.0)
        .build_ui_state(
            |ui, text: &mut String| {
                kit::live(ui, text);
            },
            "Recording… 1 of 160 samples".to_owned(),
        );
    let mut live = |text: &str| {
        text.clone_into(line.state_mut());
        line.step();
        line.get_by_role_and_label(Role::Label, text).accesskit_node().live()
    };
    assert_eq!(live("Recording… 2 of 160 samples"), Live::Off);
    assert_eq!(live("Waiting for a free connection…"), Live::Polite, "another matter");
    let later: Vec<Live> =
        (0..20).map(|second| live(&format!("Recording… {second} of 160 samples"))).collect();
    let said: Vec<usize> = later
        .iter()
        .enumerate()
        .filter_map(|(second, live)| (*live == Live::Polite).then_some(second))
        .collect();
    assert_eq!(said, [0, 15]);
    assert_eq!(live("Done"), Live::Polite);

    let window = window(fixtures::recording(3));
    assert_eq!(description(&window, Role::Button, "Stop"), "Recording");
}

#[test]
fn a_field_is_described_by_its_hint() {
    let start = Start { profile_asked: true, ..Start::default() };
    let page = start::page(start, true);
    assert_eq!(
        description(&page, Role::TextInput, "Path of the file"),
        "poolwright.toml, as step 12 writes it. It holds no secret."
    );
}

#[test]
fn a_row_of_the_clusters_says_everything_that_stands_in_it() {
    let window = window(fixtures::peeked());
    let told = description(&window, Role::RadioButton, "shop-db-stg");
    assert!(told.starts_with("staging, PostgreSQL ") && told.ends_with(", no pool"), "{told}");
    assert!(!told.contains('·'), "{told}");
}

#[cfg(target_os = "linux")]
mod in_words {
    use super::*;

    #[test]
    fn a_list_that_opens_says_what_is_chosen() {
        let window = window(at(fixtures::chosen(Environment::Production), StepId::Measure));
        let list = window.get_by_role_and_label(Role::ComboBox, "Record for");
        let list = list.accesskit_node();
        assert!(list.value().is_some_and(|value| !value.is_empty()));
        assert_eq!(list.description(), list.value());
    }

    #[test]
    fn what_opens_says_whether_it_is_open() {
        let mut window = window(fixtures::fresh());
        assert_eq!(description(&window, Role::Button, "Why a token?"), "closed");
        window.get_by_role_and_label(Role::Button, "Why a token?").click_accesskit();
        window.run();
        assert_eq!(description(&window, Role::Button, "Why a token?"), "open");
    }

    #[test]
    fn a_title_with_the_focus_is_a_text_that_can_be_read() {
        let mut window = window(fixtures::signed_in());
        becomes(&mut window, fixtures::clusters());
        let title = window.get_by_role_and_label(Role::Label, "Choose the cluster");
        assert!(title.accesskit_node().is_focused());
        assert!(title.accesskit_node().supports_text_ranges());
    }

    #[test]
    fn the_rail_says_which_page_is_shown() {
        let window = window(fixtures::clusters());
        let told = |name: &str| description(&window, Role::Button, name);
        assert_eq!(told("Cluster, step 2 of 12, Needs you"), "this page");
        assert_eq!(told("Sign in, step 1 of 12, Done"), "");
        assert_eq!(told("Connect, group 1 of 6, Needs you"), "open");
    }
}
