//! A list that may have thousands of rows: those in sight are drawn, and no others.

use std::ops::Range;

use egui::{Rect, Response, Role, ScrollArea, Ui, UiBuilder, vec2};

use crate::ui::theme::gap;

/// Rows beyond this many scroll inside the list.
const IN_SIGHT: usize = 8;

/// However low the window is.
const AT_LEAST: usize = 4;

/// Draws rows of one `height`; `name` says to a screen reader what they are. The rows in sight, once they stand still:
/// what is read for a row is not read for all that pass by.
pub fn long_list(
    ui: &mut Ui,
    name: &str,
    rows: usize,
    height: f32,
    mut row: impl FnMut(&mut Ui, usize),
) -> Option<Range<usize>> {
    let builder = UiBuilder::new().accessibility_role(Role::List).accessibility_label(name);
    ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut draw = |ui: &mut Ui, index: usize| {
            let rect = Rect::from_min_size(ui.cursor().min, vec2(ui.available_width(), height));
            ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt(index), |ui| {
                ui.set_min_size(rect.size());
                row(ui, index);
            });
            ui.advance_cursor_after_rect(rect);
        };
        if rows <= IN_SIGHT {
            (0..rows).for_each(|index| draw(ui, index));
            return Some(0..rows);
        }
        let id = ui.make_persistent_id((name, "in sight"));
        let shown = ScrollArea::vertical()
            .id_salt(name)
            .max_height(height * IN_SIGHT as f32)
            .min_scrolled_height(height * AT_LEAST as f32)
            .auto_shrink(false)
            .show_rows(ui, height, rows, |ui, range| {
                // Room for the bar.
                ui.set_max_width(ui.available_width() - gap::M);
                range.clone().for_each(|index| draw(ui, index));
                range
            })
            .inner;
        let before: Option<Range<usize>> = ui.data(|data| data.get_temp(id));
        ui.data_mut(|data| data.insert_temp(id, shown.clone()));
        if before.as_ref() == Some(&shown) {
            return Some(shown);
        }
        ui.request_repaint();
        None
    })
    .inner
}

/// A row that gets the focus is brought into sight with its neighbours, so that the Tab key can go on.
pub fn keep_in_sight(ui: &Ui, row: &Response) {
    if row.gained_focus() {
        ui.scroll_to_rect(row.rect.expand2(vec2(0.0, row.rect.height())), None);
    }
}
