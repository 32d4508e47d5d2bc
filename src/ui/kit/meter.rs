//! A bar one line high: how much of something is taken.

use egui::{Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

use crate::ui::{kit::caption, theme::Theme};

const BAR: f32 = 8.0;

/// The text above the bar says the same, so that neither needs the other.
pub fn meter(ui: &mut Ui, width: f32, taken: u32, most: u32, text: &str) -> Response {
    let theme = Theme::of(ui);
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.set_width(width);
        caption(ui, text);
        let (rect, response) = ui.allocate_exact_size(vec2(width, BAR), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, text));
        if ui.is_rect_visible(rect) {
            let part = (taken as f32 / most.max(1) as f32).min(1.0);
            let filled = rect.with_max_x(rect.left() + rect.width() * part);
            // Amber above four fifths, as wherever connections are counted.
            let tight = most.saturating_mul(8) < taken.saturating_mul(10);
            let ink = if tight { theme.warning.text } else { theme.accent };
            ui.painter().rect_filled(rect, 3, theme.raised);
            ui.painter().rect_filled(filled, 3, ink);
            let edge = Stroke::new(1.0, theme.edge);
            ui.painter().rect_stroke(rect, 3, edge, StrokeKind::Inside);
        }
        response
    })
    .inner
}
