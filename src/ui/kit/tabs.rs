//! A row of tabs: one is open, arrows move along them.

use egui::{Align2, Id, Key, Role, Sense, Stroke, Ui, WidgetInfo, vec2};

use crate::ui::{
    kit::focus_ring,
    theme::{Theme, gap, role},
};

const HEIGHT: f32 = 36.0;

/// Draws the titles; the index of the one that is open.
pub fn tabs(ui: &mut Ui, name: &str, titles: &[&str], open: usize) -> usize {
    let theme = Theme::of(ui);
    let mut chosen = open;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = gap::XS;
        for (index, title) in titles.iter().enumerate() {
            let font = role::strong().resolve(ui.style());
            let ink = if index == open { theme.text } else { theme.text_2 };
            let galley = ui.painter().layout_no_wrap((*title).to_owned(), font, ink);
            let size = vec2(galley.size().x + 2.0 * gap::M, HEIGHT);
            let (_, rect) = ui.allocate_space(size);
            let response = ui.interact(rect, tab(name, index), Sense::click());
            response.widget_info(|| {
                WidgetInfo::selected(Role::Tab, ui.is_enabled(), index == open, *title)
            });
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(index == open));
            let text = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect);
            ui.painter().galley(text.min, galley, ink);
            if index == open {
                let line = Stroke::new(2.0, theme.accent);
                ui.painter().hline(rect.x_range(), rect.bottom() - 1.0, line);
            } else if response.hovered() {
                let line = Stroke::new(2.0, theme.edge);
                ui.painter().hline(rect.x_range(), rect.bottom() - 1.0, line);
            }
            focus_ring(ui, &response);
            if response.clicked() {
                chosen = index;
            }
            if response.has_focus() {
                chosen = by_arrow(ui, name, index, titles.len()).unwrap_or(chosen);
            }
            response.on_hover_cursor(egui::CursorIcon::PointingHand);
        }
    });
    chosen
}

fn tab(name: &str, index: usize) -> Id {
    Id::unique(("tab", name, index))
}

fn by_arrow(ui: &Ui, name: &str, at: usize, count: usize) -> Option<usize> {
    let pressed = |key| ui.input(|input| input.key_pressed(key));
    let next = if pressed(Key::ArrowRight) {
        (at + 1) % count
    } else if pressed(Key::ArrowLeft) {
        (at + count - 1) % count
    } else {
        return None;
    };
    ui.memory_mut(|memory| memory.request_focus(tab(name, next)));
    Some(next)
}
