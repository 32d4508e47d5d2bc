//! A piece of code or a command to copy.

use egui::{Frame, Margin, Ui};

use crate::ui::{
    kit::{caption, copy_button, mono},
    theme::{CONTROL_RADIUS, Theme},
};

/// Draws it with the name of the file where it belongs; whether it was copied. `name` says what the button copies.
pub fn code(ui: &mut Ui, file: &str, text: &str, name: &str) -> bool {
    caption(ui, file);
    Frame::new()
        .fill(Theme::of(ui).raised)
        .corner_radius(CONTROL_RADIUS)
        .inner_margin(Margin::symmetric(12, 10))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            mono(ui, text.trim_end());
        });
    // In a row its label stands in the middle, as beside other buttons.
    ui.horizontal(|ui| copy_button(ui, "Copy", name)).inner
}
