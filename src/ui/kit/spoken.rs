//! What a screen reader would not hear: states that `AccessKit` passes on to some systems only are told in words, too.

use egui::{
    Id, Ui,
    accesskit::{AriaCurrent, Node},
};

/// Windows has all of these states.
const NO_STATES: bool = !cfg!(windows);
/// The accessibility bus of Linux has no text of a list that opens; macOS has it as its value.
const NO_VALUE: bool = !cfg!(any(windows, target_os = "macos"));

/// Of a heading with the focus, Orca 48 says the lines alone, and `AccessKit` gives lines to labels only.
pub(super) const HEADINGS_ARE_NAMED: bool = cfg!(any(windows, target_os = "macos"));

/// What the control opens is open, or not.
pub fn tell_open(ui: &Ui, id: Id, open: bool) {
    tell(ui, id, |node| {
        node.set_expanded(open);
        if NO_STATES {
            node.set_description(if open { "open" } else { "closed" });
        }
    });
}

/// The control stands for the page that is shown.
pub fn tell_current(ui: &Ui, id: Id) {
    tell(ui, id, |node| {
        node.set_aria_current(AriaCurrent::Step);
        if NO_STATES {
            node.set_description("this page");
        }
    });
}

/// What is chosen of a list that opens.
pub(super) fn tell_chosen(ui: &Ui, id: Id, chosen: &str) {
    if NO_VALUE {
        tell(ui, id, |node| node.set_description(chosen));
    }
}

/// Parts that a raised dot keeps apart, in one sentence: the dot would be read out.
pub fn sentence(parts: &str) -> String {
    parts.replace(" · ", ", ")
}

fn tell(ui: &Ui, id: Id, words: impl FnOnce(&mut Node)) {
    ui.ctx().accesskit_node_builder(id, words);
}
