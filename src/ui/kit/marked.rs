//! A line with a mark before it: an item of a list that is checked off, a warning, a file that was written.

use egui::{
    Color32, Label, Response, RichText, Role, TextFormat, TextStyle, Ui, WidgetInfo,
    text::LayoutJob,
};

use crate::ui::{
    kit::{Icon, icon},
    theme::{Theme, gap, role},
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

/// An item with its state beside its name, and what there is to say about it below.
pub fn item(ui: &mut Ui, mark: Icon, color: Color32, [name, state]: [&str; 2], text: &str) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = gap::S;
        icon(ui, mark, 15.0, color);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            let theme = Theme::of(ui);
            let format =
                |style: TextStyle, color| TextFormat::simple(style.resolve(ui.style()), color);
            let mut head = LayoutJob::default();
            head.append(name, 0.0, format(role::strong(), theme.text));
            head.append(state, gap::S, format(TextStyle::Small, color));
            let head = ui.add(Label::new(head).wrap());
            let said = format!("{name}: {state}");
            head.widget_info(|| WidgetInfo::labeled(Role::Label, true, &said));
            if !text.is_empty() {
                ui.add(Label::new(RichText::new(text).small().color(theme.text_2)).wrap());
            }
        });
    });
}
