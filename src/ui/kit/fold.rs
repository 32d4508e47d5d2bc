//! A fold-out: a line that opens to what stands behind it.

use egui::{Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};

use crate::ui::{
    kit::{Icon, focus_ring, paint_icon, tell_open},
    theme::{Theme, gap, role},
};

/// A line with a triangle; a click, Space or Enter opens and closes it. Opened or not is kept while the window lives.
pub fn fold<R>(ui: &mut Ui, title: &str, add: impl FnOnce(&mut Ui) -> R) -> Option<R> {
    fold_of(ui, title, title, add)
}

/// One of several with the same title: `name` tells it from the others where what stands around it is not seen.
pub fn fold_of<R>(
    ui: &mut Ui,
    title: &str,
    name: &str,
    add: impl FnOnce(&mut Ui) -> R,
) -> Option<R> {
    let id = ui.make_persistent_id(("fold", name));
    let mut open: bool = ui.data(|data| data.get_temp(id)).unwrap_or(false);
    let response = line(ui, title, name, open);
    if response.clicked() {
        open = !open;
    }
    ui.data_mut(|data| data.insert_temp(id, open));
    open.then(|| {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = gap::S;
            add(ui)
        })
        .inner
    })
}

fn line(ui: &mut Ui, title: &str, name: &str, open: bool) -> Response {
    const TRIANGLE: f32 = 12.0;
    let theme = Theme::of(ui);
    let font = role::strong().resolve(ui.style());
    let width = ui.available_width() - TRIANGLE - gap::XS;
    let galley = ui.painter().layout(title.to_owned(), font, theme.accent, width);
    let size = vec2(galley.size().x + gap::XS + TRIANGLE, galley.size().y.max(24.0));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    tell_open(ui, response.id, open);
    let text = pos2(rect.left(), rect.center().y - galley.size().y / 2.0);
    let centre = pos2(rect.right() - TRIANGLE / 2.0, rect.center().y);
    ui.painter().galley(text, galley, theme.accent);
    let icon = if open { Icon::Down } else { Icon::Right };
    let triangle = Rect::from_center_size(centre, Vec2::splat(TRIANGLE));
    paint_icon(ui.painter(), triangle, icon, theme.accent, theme.surface);
    focus_ring(ui, &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}
