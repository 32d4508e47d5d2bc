//! A piece of code, a command or a value to copy.

use egui::{Align, Frame, Layout, Margin, Ui};

use crate::ui::{
    kit::{button::copy_width, caption, copy_button, mono},
    theme::{CONTROL_RADIUS, Theme, gap},
};

/// Draws it with the name of the file where it belongs; whether it was copied. `name` says what the button copies.
pub fn code(ui: &mut Ui, file: &str, text: &str, name: &str) -> bool {
    code_to(ui, file, text, ["Copy", name])
}

/// The same with a button that says more than "Copy": its label and its name.
pub fn code_to(ui: &mut Ui, head: &str, text: &str, [label, name]: [&str; 2]) -> bool {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = gap::XS;
        let copied = ui.horizontal(|ui| {
            let room = ui.available_width() - copy_width(ui, label) - gap::S;
            ui.scope(|ui| {
                ui.set_max_width(room);
                caption(ui, head);
            });
            let right = Layout::right_to_left(Align::Center);
            ui.with_layout(right, |ui| copy_button(ui, label, name)).inner
        });
        Frame::new()
            .fill(Theme::of(ui).raised)
            .corner_radius(CONTROL_RADIUS)
            .inner_margin(Margin::symmetric(12, 10))
            .show(ui, |ui| {
                ui.set_width(ui.available_width());
                mono(ui, text.trim_end());
            });
        copied.inner
    })
    .inner
}
