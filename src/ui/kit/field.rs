//! Text fields with their label above and what is expected below.

use egui::{Label, Response, RichText, TextEdit, Ui, Vec2};

use crate::ui::{
    kit::caption,
    theme::{FORM_WIDTH, Theme, gap, role},
};

/// A field of one line. `hint` says format and limits before anything is typed; it may be empty.
pub fn field(ui: &mut Ui, label: &str, text: &mut String, hint: &str) -> Response {
    labelled(ui, label, hint, |ui| ui.add(line(text)))
}

/// A field whose text is not shown. Copies for undo are wiped as soon as they are made.
pub fn secret_field(ui: &mut Ui, label: &str, text: &mut String) -> Response {
    labelled(ui, label, "", |ui| {
        let response = ui.add(line(text).password(true));
        if let Some(mut state) = TextEdit::load_state(ui.ctx(), response.id) {
            state.clear_undoer();
            TextEdit::store_state(ui.ctx(), response.id, state);
        }
        response
    })
}

/// Fields of a form: no wider than is pleasant to read.
pub fn form<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.scope(|ui| {
        ui.set_max_width(FORM_WIDTH.min(ui.available_width()));
        add(ui)
    })
    .inner
}

/// One of two fields that belong beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    Left,
    Right,
}

/// Draws both beside each other, or below each other where there is no room for what they say.
pub fn halves(ui: &mut Ui, mut add: impl FnMut(&mut Ui, Half)) {
    const LEAST: f32 = 200.0;
    if ui.available_width() < 2.0 * LEAST + gap::L {
        add(ui, Half::Left);
        add(ui, Half::Right);
        return;
    }
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = gap::L;
        ui.columns(2, |columns| {
            let [left, right] = columns else { return };
            add(left, Half::Left);
            add(right, Half::Right);
        });
    });
}

fn line(text: &mut String) -> TextEdit<'_> {
    TextEdit::singleline(text)
        .margin(egui::Margin::symmetric(10, 7))
        .min_size(Vec2::new(0.0, 34.0))
        .align(egui::Align2::LEFT_CENTER)
        .desired_width(f32::INFINITY)
}

/// The label, then the input that it names, then the hint that describes it.
pub(super) fn labelled(
    ui: &mut Ui,
    label: &str,
    hint: &str,
    input: impl FnOnce(&mut Ui) -> Response,
) -> Response {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = gap::XS;
        let label = ui.add(Label::new(
            RichText::new(label).text_style(role::strong()).color(Theme::of(ui).text),
        ));
        let response = input(ui).labelled_by(label.id);
        if !hint.is_empty() {
            caption(ui, hint);
            // By its words: no system passes on by which other text a field is described.
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(hint));
        }
        response
    })
    .inner
}
