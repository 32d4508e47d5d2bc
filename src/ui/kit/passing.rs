//! What stands over a page for a while: a word in passing, and the question on leaving.

use egui::{
    Align2, Area, Frame, Id, Key, Label, Margin, Memory, Modal, Modifiers, Order, Response,
    RichText, Role, Ui, accesskit::Live, vec2,
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

/// What the person says to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// One of the answers, by its place.
    Answer(usize),
    /// Esc: not what was asked about.
    Escape,
}

/// A question that stands there.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// What had the focus before.
    opener: Option<Id>,
    /// The pass in which it was drawn last.
    drawn: u64,
}

fn asked() -> Id {
    Id::unique("the question's opener")
}

/// Stands over everything until one of `answers` is pressed. The focus is on them, at first on the first, which is the
/// one that changes nothing.
pub fn question(ui: &Ui, title: &str, text: &str, answers: &[&str]) -> Option<Reply> {
    let before = ui.data(|data| data.get_temp::<Asked>(asked()));
    let opener = before.map_or_else(|| ui.memory(Memory::focused), |asked| asked.opener);
    let drawn = ui.cumulative_pass_nr();
    ui.data_mut(|data| data.insert_temp(asked(), Asked { opener, drawn }));
    let frame = Frame::window(ui.style()).inner_margin(Margin::same(20));
    let pressed = Modal::new(Id::unique("question"))
        .frame(frame)
        .show(ui.ctx(), |ui| {
            ui.set_width(380.0);
            ui.spacing_mut().item_spacing.y = gap::M;
            kit::subheading(ui, title);
            kit::paragraph(ui, text);
            ui.add_space(gap::XS);
            let focused = ui.memory(Memory::focused);
            let buttons: Vec<Response> = ui
                .horizontal_wrapped(|ui| {
                    answers.iter().map(|answer| kit::secondary_button(ui, answer)).collect()
                })
                .inner;
            // One that Tab is leaving gives it to the next, past the last one to the first.
            let holds = |button: &Response| button.has_focus() || Some(button.id) == focused;
            // The first pass only measures; there is nothing to focus yet.
            if !ui.is_sizing_pass()
                && !buttons.iter().any(holds)
                && let Some(first) = buttons.first()
            {
                first.request_focus();
            }
            buttons.iter().position(Response::clicked)
        })
        .inner;
    let escape = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    pressed.map(Reply::Answer).or(escape.then_some(Reply::Escape))
}

/// Where a question stood until the last pass, the focus goes back to what had it before.
pub fn after_question(ui: &Ui) {
    let is_over = |asked: &Asked| asked.drawn < ui.cumulative_pass_nr();
    if let Some(over) = ui.data(|data| data.get_temp::<Asked>(asked())).filter(is_over) {
        ui.data_mut(|data| data.remove::<Asked>(asked()));
        if let Some(id) = over.opener {
            ui.memory_mut(|memory| memory.request_focus(id));
        }
    }
}
