//! The Tab key: on every page it comes to every control, in reading order, and round again.

use egui::{Key, Modifiers, Theme, accesskit::Role};
use egui_kittest::{
    Harness, Node,
    kittest::{AccessKitNode, NodeT as _, Queryable as _},
};
use poolwright::{setup::step::StepId, ui::start::Start};

use crate::{
    fixtures::{Make, SMALL, Screen, WINDOW, asked, many_clusters, plan, proof, shop, sized},
    pictures::PAGES,
    settings, start,
};

/// As in `tests/it/proof.rs`.
fn proving() -> bool {
    std::env::var_os("POOLWRIGHT_PROVE").is_some()
}

/// Role and name, as a screen reader says it.
fn said(node: &AccessKitNode<'_>) -> String {
    let label = node.labelled_by().find_map(|label| label.value().or_else(|| label.label()));
    let name = node.label().or(label).or_else(|| node.value()).unwrap_or_default();
    format!("{:?} {name}", node.role())
}

/// What takes the focus, in the order of the tree.
fn stops<State>(harness: &Harness<'_, State>) -> Vec<String> {
    let stops = harness.root().children_recursive().filter(|node| {
        let node = node.accesskit_node();
        node.data().supports_action(egui::accesskit::Action::Focus) && !node.is_disabled()
    });
    stops.map(|node| said(&node.accesskit_node())).collect()
}

/// What has the focus itself, not the row of a list that the list speaks of.
fn focused<State>(harness: &Harness<'_, State>) -> Option<String> {
    let has = |node: &Node<'_>| node.accesskit_node().is_focused_in_tree();
    let node = harness.root().children_recursive().find(has)?;
    Some(said(&node.accesskit_node()))
}

fn press<State>(harness: &mut Harness<'_, State>, modifiers: Modifiers) {
    harness.key_press_modifiers(modifiers, Key::Tab);
    harness.run_ok();
    if focused(harness).is_none() {
        // Past the last control the first one has it with the next frame.
        harness.step();
    }
}

/// What has the focus is in sight, all of it where it is not larger than a control.
fn assert_in_sight<State>(page: &str, harness: &Harness<'_, State>) {
    let Some(id) = harness.ctx.memory(egui::Memory::focused) else { return };
    let response = harness.ctx.read_response(id).expect("it was drawn");
    let (whole, seen) = (response.rect, response.interact_rect);
    let enough = if whole.height() < 120.0 { whole.height() - 0.5 } else { 40.0 };
    let name = focused(harness).unwrap_or_default();
    assert!(enough <= seen.height(), "{page}: of “{name}” at {whole:?} only {seen:?} is in sight");
}

/// Every stop on the way from the first one round to it again.
fn round<State>(page: &str, harness: &mut Harness<'_, State>, modifiers: Modifiers) -> Vec<String> {
    press(harness, modifiers);
    let mut way: Vec<String> = focused(harness).into_iter().collect();
    for _ in 0..400 {
        press(harness, modifiers);
        assert_in_sight(page, harness);
        let here = focused(harness).unwrap_or_else(|| "nothing".to_owned());
        if way.first() == Some(&here) {
            return way;
        }
        way.push(here);
    }
    way.truncate(40);
    panic!("{page}: Tab does not come round: {way:?}");
}

/// Begins with the stop that the tree has first.
fn turned(mut way: Vec<String>, first: Option<&String>) -> Vec<String> {
    let at = way.iter().position(|stop| Some(stop) == first).unwrap_or_default();
    way.rotate_left(at);
    way
}

fn check<State>(page: &str, mut harness: Harness<'_, State>) {
    harness.run_ok();
    let way = round(page, &mut harness, Modifiers::NONE);
    let stops = stops(&harness);
    assert_eq!(turned(way, stops.first()), stops, "{page}: the way of Tab is not the tree's");
    let mut back = round(page, &mut harness, Modifiers::SHIFT);
    back.reverse();
    assert_eq!(turned(back, stops.first()), stops, "{page}: the way of Shift+Tab");
}

/// In the smallest window more is out of sight. `make prove` looks at the usual one, too.
fn check_all(pages: &[(&str, Make)]) {
    let sizes: &[egui::Vec2] = if proving() { &[SMALL, WINDOW] } else { &[SMALL] };
    for (page, make) in pages {
        for size in sizes {
            check(page, sized(make(), *size, Theme::Light));
        }
    }
}

#[test]
fn tab_comes_to_every_control_of_the_first_pages_in_reading_order() {
    check_all(PAGES);
}

#[test]
fn tab_comes_to_every_control_of_the_later_pages_in_reading_order() {
    check_all(shop::PAGES);
}

#[test]
fn tab_comes_to_every_control_of_proof_and_plan_in_reading_order() {
    check_all(proof::PAGES);
    check_all(plan::PAGES);
}

#[test]
fn tab_goes_through_the_start_page_and_the_settings_as_well() {
    check("start", start::page(Start::default(), true));
    let begun_before = Start { shelf: start::begun_before(), ..Start::default() };
    check("start, begun before", start::page(begun_before, true));
    for size in [WINDOW, SMALL] {
        check("settings", settings::open(settings::Screen::default(), size));
        let listed = settings::listed(settings::everything());
        check("settings, removal", settings::open(listed, size));
    }
}

/// What opens over the page comes last, and its own controls are all there is.
#[test]
fn tab_goes_through_what_stands_beside_the_page() {
    for key in [(Modifiers::NONE, Key::F1), (Modifiers::COMMAND, Key::L)] {
        for size in [WINDOW, SMALL] {
            let mut harness = sized(shop::settled(StepId::App), size, Theme::Light);
            harness.key_press_modifiers(key.0, key.1);
            harness.run_ok();
            check(&format!("{:?}", key.1), harness);
        }
    }
}

/// A list of any length is one stop, with arrows inside.
#[test]
fn arrows_move_in_a_long_list_and_space_chooses() {
    let mut window = sized(many_clusters(), WINDOW, Theme::Light);
    window.get_by_role_and_label(Role::RadioGroup, "Clusters").focus();
    window.run_ok();
    let at = |window: &Harness<'_, Screen>| {
        let row = window.get_all_by_role(Role::RadioButton).find(Node::is_focused);
        row.and_then(|row| row.accesskit_node().label())
    };
    assert_eq!(at(&window).as_deref(), Some("shop-0000"));
    for (key, name) in [
        (Key::ArrowDown, "shop-0001-stg"),
        (Key::ArrowDown, "shop-0002-dev"),
        (Key::ArrowUp, "shop-0001-stg"),
        (Key::End, "shop-0999"),
        (Key::PageUp, "shop-0995-dev"),
        (Key::Home, "shop-0000"),
        (Key::PageDown, "shop-0004-stg"),
    ] {
        window.key_press(key);
        window.run_ok();
        assert_eq!(at(&window).as_deref(), Some(name), "{key:?}");
        let row = window.get_by_role_and_label(Role::RadioButton, name).rect();
        let list = window.get_by_role_and_label(Role::RadioGroup, "Clusters").rect();
        assert!(list.contains_rect(row), "{name} is out of sight");
    }
    window.key_press(Key::Space);
    window.run_ok();
    let wanted = "Do(Step(Cluster(Choose(ClusterId(\"9cc10173-shop-0004-stg\")))))";
    assert_eq!(asked(&window), [wanted]);
}

/// By pointer the same list takes the focus where it was clicked.
#[test]
fn a_row_that_was_clicked_is_where_arrows_go_on() {
    let mut window = sized(many_clusters(), WINDOW, Theme::Light);
    window.get_by_role_and_label(Role::RadioButton, "shop-0002-dev").click();
    window.run_ok();
    window.key_press(Key::ArrowDown);
    window.key_press(Key::Enter);
    window.run_ok();
    let asked = asked(&window);
    assert!(asked[0].contains("shop-0002-dev") && asked[1].contains("shop-0003"), "{asked:?}");
}
