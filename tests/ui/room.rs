//! Every page in every state has room: light and dark, a laptop at 200 %, every control with a name of its own.

use std::collections::BTreeMap;

use egui::{Theme, accesskit::Role};
use egui_kittest::kittest::{AccessKitNode, NodeT as _};

use crate::{
    fixtures::{Make, SMALL, WINDOW, plan, proof, shop, sized},
    pictures::PAGES,
};

/// Half a point of rounding.
const SLACK: f32 = 0.5;
/// The smallest window that is promised, 960 × 640, at 200 %.
const SCALED: egui::Vec2 = egui::vec2(480.0, 320.0);

fn pages() -> impl Iterator<Item = (&'static str, Make)> {
    PAGES.iter().chain(shop::PAGES).chain(proof::PAGES).chain(plan::PAGES).copied()
}

#[test]
fn nothing_stands_out_of_the_window_sideways() {
    for (name, make) in pages() {
        for size in [WINDOW, SMALL, egui::vec2(900.0, 600.0), SCALED] {
            let window = sized(make(), size, Theme::Light);
            // The text of a field of one line is longer than the field and moves inside it, as lines of code do.
            let placed = |node: &egui_kittest::Node<'_>| {
                let node = node.accesskit_node();
                let scrolls = std::iter::successors(node.parent(), AccessKitNode::parent)
                    .any(|above| above.role() == Role::ScrollView);
                node.raw_bounds().is_some() && node.role() != Role::TextRun && !scrolls
            };
            for node in window.root().children_recursive().filter(placed) {
                let rect = node.rect();
                assert!(
                    -SLACK <= rect.left() && rect.right() <= size.x + SLACK,
                    "{name} at {size:?}: {node:?} is at {rect:?}"
                );
            }
        }
    }
}

#[test]
fn the_buttons_of_a_page_are_inside_the_window_and_large_enough() {
    let last = ["Stop", "Finish"];
    for (name, make) in pages() {
        for size in [WINDOW, SMALL] {
            let window = sized(make(), size, Theme::Dark);
            let buttons: Vec<_> = window
                .root()
                .children_recursive()
                .filter(|node| node.accesskit_node().role() == Role::Button)
                .collect();
            let primary = buttons.last().expect("a page has buttons");
            let label = primary.accesskit_node().label().unwrap_or_default();
            assert!(primary.rect().bottom() <= size.y, "{name}: {label} at {:?}", primary.rect());
            assert!(40.0 - SLACK <= primary.rect().height() || last.contains(&label.as_str()));
            for button in buttons {
                let rect = button.rect();
                assert!(24.0 - SLACK <= rect.height(), "{name}: {button:?} is {rect:?}");
            }
        }
    }
}

#[test]
fn no_two_controls_of_a_page_share_a_name() {
    let controls =
        [Role::Button, Role::TextInput, Role::PasswordInput, Role::ComboBox, Role::CheckBox];
    for (name, make) in pages() {
        let window = sized(make(), WINDOW, Theme::Light);
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for node in window.root().children_recursive() {
            let node = node.accesskit_node();
            if controls.contains(&node.role()) {
                *names.entry(node.label().unwrap_or_default()).or_default() += 1;
            }
        }
        let twice: Vec<_> = names.iter().filter(|(_, count)| 1 < **count).collect();
        assert!(twice.is_empty(), "{name}: {twice:?}");
        assert!(!names.contains_key(""), "{name} has a control without a name");
    }
}

#[test]
fn no_page_tells_a_secret() {
    for (name, make) in pages() {
        let window = sized(make(), WINDOW, Theme::Light);
        let tree = format!("{:?}", window.root());
        for secret in ["canary", "0a0a0a"] {
            assert!(!tree.contains(secret), "{name} shows {secret}");
        }
    }
}
