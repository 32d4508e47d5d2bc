//! A line with a mark before it: an item of a list that is checked off, a warning, a file that was written.

use egui::{Color32, Label, Response, Role, Ui, WidgetInfo};

use crate::ui::{
    kit::{Icon, icon},
    theme::gap,
};

/// `word` is what the mark means, for who does not see it.
pub fn marked(ui: &mut Ui, mark: Icon, color: Color32, word: &str, text: &str) -> Response {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = gap::S;
        icon(ui, mark, 15.0, color);
        let response = ui.add(Label::new(text).wrap());
        let name = format!("{word}: {text}");
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &name));
        response
    })
    .inner
}
