//! A whole set-up in practice by the keyboard alone: nothing but keys goes in, and only what a screen reader is told
//! comes out.

use std::time::{Duration, Instant};

use egui::{Key, Modifiers, accesskit::Role};
use egui_kittest::{
    Node,
    kittest::{NodeT as _, Queryable as _},
};
use poolwright::{
    cli::{args::Crowd, run::begin_practice},
    setup::step::StepId,
    ui::Begun,
};

use crate::window::Window;

/// A full database is waited for up to two minutes; a deployment and its samples come on top.
const PATIENCE: Duration = Duration::from_secs(180);

struct Hands {
    window: Window,
    /// What had the focus on the way, without a name.
    nameless: Vec<String>,
}

impl Hands {
    fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.window.harness.key_press_modifiers(modifiers, key);
        self.look();
    }

    fn look(&mut self) {
        for _ in 0..3 {
            self.window.harness.step();
        }
    }

    /// The button on the right: its name, and whether it can be pressed.
    fn primary(&self) -> (String, bool) {
        let root = self.window.harness.root();
        let last = root
            .children_recursive()
            .filter(|node| node.accesskit_node().role() == Role::Button)
            .last()
            .expect("a page has buttons");
        let node = last.accesskit_node();
        (node.label().unwrap_or_default(), !node.is_disabled())
    }

    fn focused(&self) -> Option<String> {
        let root = self.window.harness.root();
        let node = root.children_recursive().find(Node::is_focused)?;
        let node = node.accesskit_node();
        let name = node.labelled_by().find_map(|label| label.value().or_else(|| label.label()));
        let name = node.label().or(name).or_else(|| node.value());
        Some(name.unwrap_or_else(|| format!("{:?} without a name", node.role())))
    }

    /// Tab until `name` has the focus.
    fn go_to(&mut self, name: &str) {
        for _ in 0..200 {
            let focused = self.focused();
            if focused.as_deref() == Some(name) {
                return;
            }
            self.nameless.extend(focused.filter(|name| name.ends_with("without a name")));
            self.press(Modifiers::NONE, Key::Tab);
        }
        panic!("Tab never came to “{name}”");
    }

    /// Half of the pages by the shortcut, half by Tab and Enter.
    fn press_primary(&mut self, step: StepId, name: &str) {
        if step.number().is_multiple_of(2) {
            self.go_to(name);
            self.press(Modifiers::NONE, Key::Enter);
        } else {
            self.press(Modifiers::COMMAND, Key::Enter);
        }
    }

    fn is_done(&self, step: StepId) -> bool {
        let done = format!("{}, step {} of 12, Done", step.name(), step.number());
        self.window.harness.query_by_label(&done).is_some()
    }

    fn do_step(&mut self, step: StepId) {
        let until = Instant::now() + PATIENCE;
        let mut pressed = String::new();
        while !self.is_done(step) {
            assert!(Instant::now() < until, "{step:?}: {:?}", self.window.harness.root());
            let (name, possible) = self.primary();
            let leads_on = name == "Stop" || name.starts_with("Next: ") || name == "Finish";
            if possible && !leads_on {
                let stopped = self.window.harness.query_all_by_label("Stopped").next().is_some();
                assert!(name != pressed || !stopped, "{step:?}: {:?}", self.window.harness.root());
                self.press_primary(step, &name);
                pressed = name;
            }
            self.look();
            // Servers and other threads have to get on; there is nothing to wait on here.
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// By turns with the shortcut of the button, from page to page, and by name.
    fn go_on(&mut self, step: StepId) {
        match step.number() % 3 {
            0 => self.press(Modifiers::COMMAND, Key::Enter),
            1 => self.press(Modifiers::ALT, Key::ArrowRight),
            _ => {
                self.press(Modifiers::COMMAND, Key::K);
                for letter in format!("go to step {}", step.number() + 1).chars() {
                    let typed = egui::Event::Text(letter.to_string());
                    self.window.harness.input_mut().events.push(typed);
                    self.window.harness.step();
                }
                self.press(Modifiers::NONE, Key::Enter);
            }
        }
        let next = step.next().expect("there is a next step");
        for _ in 0..50 {
            self.look();
            if self.focused().as_deref() == Some(next.title()) {
                return;
            }
        }
        panic!("{next:?} did not open with its title in focus, but {:?}", self.focused());
    }
}

#[test]
fn every_step_is_done_by_keyboard_alone() {
    poolwright::safety::one_tls_provider();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    // What ends practice runs on a runtime.
    let _inside = runtime.enter();
    let began = runtime.block_on(begin_practice("full", &Crowd::default()));
    let (setup, world, practice) = began.expect("practice starts");
    let begun = Begun { setup, world, place: None, guard: Some(Box::new(practice)) };
    let window = Window::open(Some(begun), None);
    let mut hands = Hands { window, nameless: Vec::new() };
    for step in StepId::ALL {
        hands.do_step(step);
        if step.next().is_some() {
            hands.go_on(step);
        }
    }
    assert_eq!(hands.primary(), ("Finish".to_owned(), true));
    assert!(hands.nameless.is_empty(), "{:?}", hands.nameless);
}
