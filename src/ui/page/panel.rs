//! What stands on the right, over or beside the page: its ground, and a title with a button that closes it.

use egui::{
    Align, Area, Frame, Layout, Margin, Order, Rect, Role, Sense, Stroke, Ui, WidgetInfo, vec2,
};

use super::fixed;
use crate::ui::{
    kit::{self, Icon},
    theme::Theme,
};

/// How a panel is called.
pub(super) struct Names {
    pub id: &'static str,
    /// To a screen reader.
    pub name: &'static str,
    pub title: &'static str,
    /// Of the button.
    pub close: &'static str,
}

pub(super) fn show(ui: &Ui, rect: Rect, names: &Names, add: impl FnOnce(&mut Ui)) {
    let theme = Theme::of(ui);
    Area::new(fixed(names.id))
        .order(Order::Middle)
        .fixed_pos(rect.min)
        .constrain(false)
        .fade_in(false)
        .role(Role::Complementary)
        .accessible_name(names.name)
        .show(ui.ctx(), |ui| {
            ui.painter().rect_filled(rect, 0, theme.surface);
            ui.painter().vline(rect.left() + 0.5, rect.y_range(), Stroke::new(1.0, theme.edge));
            ui.set_min_size(rect.size());
            ui.set_max_size(rect.size());
            Frame::new().inner_margin(Margin::symmetric(18, 14)).show(ui, |ui| {
                ui.set_max_size(rect.size() - vec2(36.0, 28.0));
                add(ui);
            });
        });
}

/// Title and close button. Whether it was pressed. `enters`: it was opened just now and is to take the focus.
pub(super) fn top(ui: &mut Ui, names: &Names, enters: &mut bool) -> bool {
    ui.horizontal(|ui| {
        kit::subheading(ui, names.title);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let theme = Theme::of(ui);
            let (_, rect) = ui.allocate_space(vec2(28.0, 28.0));
            let response = ui.interact(rect, fixed(names.close), Sense::click());
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, names.close));
            if response.hovered() {
                ui.painter().rect_filled(rect, 6, theme.raised);
            }
            // The first pass only measures; there is nothing to focus yet.
            if *enters && !ui.is_sizing_pass() {
                *enters = false;
                response.request_focus();
            }
            let mark = rect.shrink(8.0);
            kit::paint_icon(ui.painter(), mark, Icon::Cross, theme.text_2, theme.surface);
            kit::focus_ring(ui, &response);
            response.on_hover_text("Close. Esc").clicked()
        })
        .inner
    })
    .inner
}
