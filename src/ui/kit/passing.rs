//! What stands over a page for a while: a word in passing, and the question on leaving.

use egui::{
    Align2, Area, Frame, Id, Label, Margin, Modal, Order, RichText, Role, Ui, accesskit::Live, vec2,
};

use crate::ui::{
    kit,
    theme::{Theme, gap},
};

/// A confirmation that needs no action. Read out politely; never an error.
pub fn toast(ui: &Ui, text: &str) {
    let theme = Theme::of(ui);
    Area::new(Id::unique("said in passing"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_BOTTOM, vec2(0.0, -80.0))
        .interactable(false)
        .show(ui.ctx(), |ui| {
            Frame::new()
                .fill(theme.text)
                .corner_radius(6)
                .inner_margin(Margin::symmetric(14, 8))
                .show(ui, |ui| {
                    let shown = RichText::new(text).color(theme.surface);
                    let label = ui.add(Label::new(shown).extend().selectable(false));
                    ui.ctx().accesskit_node_builder(label.id, |node| {
                        node.set_role(Role::Status);
                        // Only a label's own text is read from its value.
                        node.set_label(text);
                        node.set_live(Live::Polite);
                    });
                });
        });
}

/// Stands over everything until one of `answers` is pressed: its place. Esc answers nothing.
pub fn question(ui: &Ui, title: &str, text: &str, answers: &[&str]) -> Option<usize> {
    let frame = Frame::window(ui.style()).inner_margin(Margin::same(20));
    Modal::new(Id::unique("question"))
        .frame(frame)
        .show(ui.ctx(), |ui| {
            ui.set_width(380.0);
            ui.spacing_mut().item_spacing.y = gap::M;
            kit::subheading(ui, title);
            kit::paragraph(ui, text);
            ui.add_space(gap::XS);
            ui.horizontal_wrapped(|ui| {
                let pressed = |answer: &&str| kit::secondary_button(ui, answer).clicked();
                let presses: Vec<bool> = answers.iter().map(pressed).collect();
                presses.into_iter().position(|pressed| pressed)
            })
            .inner
        })
        .inner
}
