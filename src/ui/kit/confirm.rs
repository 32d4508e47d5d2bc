//! A question before something is taken away or changed back: asked in place, the safe answer beside it.

use egui::{Ui, Widget as _};

use crate::ui::{
    kit::{caption, danger_button},
    theme::{Theme, role},
};

/// What is asked, and what the two buttons say.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The button that asks: `Restore variables…`.
    pub ask: &'a str,
    /// Names the object: `Restore 2 variables of shop-web?`.
    pub question: &'a str,
    /// What it means; may be empty.
    pub meaning: &'a str,
    pub yes: &'a str,
    pub no: &'a str,
}

/// Whether the person agreed.
pub fn confirm(ui: &mut Ui, question: &Question<'_>) -> bool {
    let id = ui.make_persistent_id(("confirm", question.question));
    let open = ui.data(|data| data.get_temp::<bool>(id)).unwrap_or(false);
    let set = |ui: &Ui, open: bool| ui.data_mut(|data| data.insert_temp(id, open));
    if !open {
        if danger_button(ui, question.ask).clicked() {
            set(ui, true);
            ui.request_repaint();
        }
        return false;
    }
    let mut agreed = false;
    ui.vertical(|ui| {
        let text = egui::RichText::new(question.question).text_style(role::strong());
        ui.add(egui::Label::new(text).wrap());
        if !question.meaning.is_empty() {
            caption(ui, question.meaning);
        }
        ui.horizontal_wrapped(|ui| {
            agreed = filled_danger(ui, question.yes);
            let keep = crate::ui::kit::secondary_button(ui, question.no).clicked();
            if keep || agreed || ui.input(|input| input.key_pressed(egui::Key::Escape)) {
                set(ui, false);
            }
        });
    });
    agreed
}

/// Filled only here, inside its question.
fn filled_danger(ui: &mut Ui, text: &str) -> bool {
    let theme = Theme::of(ui);
    let ink = theme.surface;
    egui::Button::new(egui::RichText::new(text).color(ink)).fill(theme.danger.text).ui(ui).clicked()
}
