//! A line with a mark before it: an item of a list that is checked off, a warning, a file that was written.

use egui::{
    Color32, Label, Response, Role, TextFormat, TextStyle, Ui, WidgetInfo, text::LayoutJob,
};

use crate::ui::{
    kit::{Icon, caption, icon, paragraph},
    theme::{Theme, gap, role},
};

const MARK: f32 = 15.0;
const LINE: f32 = 20.0;

/// `word` is what the mark means, for who does not see it.
pub fn marked(ui: &mut Ui, mark: Icon, color: Color32, word: &str, text: &str) -> Response {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = gap::S;
        icon(ui, mark, MARK, color);
        let response = paragraph(ui, text);
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
        icon(ui, mark, MARK, color);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let theme = Theme::of(ui);
            let format = |style: TextStyle, color| TextFormat {
                line_height: Some(LINE),
                ..TextFormat::simple(style.resolve(ui.style()), color)
            };
            let mut head = LayoutJob::default();
            head.append(name, 0.0, format(role::strong(), theme.text));
            head.append(state, gap::S, format(TextStyle::Small, color));
            let head = ui.add(Label::new(head).wrap());
            let said = format!("{name}: {state}");
            head.widget_info(|| WidgetInfo::labeled(Role::Label, true, &said));
            if !text.is_empty() {
                caption(ui, text);
            }
        });
    });
}

/// What there is to say and to do about a marked line: it begins where the line's text begins.
pub fn beneath<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    indented(ui, MARK + gap::S, add)
}

pub(super) fn indented<R>(ui: &mut Ui, by: f32, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal_top(|ui| {
        ui.add_space(by);
        ui.vertical(add).inner
    })
    .inner
}
