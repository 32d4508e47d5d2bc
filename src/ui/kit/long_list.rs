//! A list that may have thousands of rows, one of which is chosen: those in sight are drawn, and no others. For the
//! keyboard it is one stop: Tab leads to it and on, arrows move inside.

use std::ops::Range;

use egui::{
    EventFilter, Id, Key, Modifiers, Rect, Response, Role, ScrollArea, Sense, Ui, UiBuilder,
    accesskit, vec2,
};

use crate::ui::{kit::ring, theme::gap};

/// Rows beyond this many scroll inside the list.
const IN_SIGHT: usize = 8;

/// However low the window is.
const AT_LEAST: usize = 4;

/// What there is to list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LongList<'a> {
    /// Says to a screen reader what the rows are.
    pub name: &'a str,
    pub rows: usize,
    /// Of each row.
    pub height: f32,
    /// Where arrows begin.
    pub chosen: Option<usize>,
}

/// What came of drawing it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The row that was pressed.
    pub pressed: Option<usize>,
    /// The rows in sight, once they stand still: what is read for a row is not read for all that pass by.
    pub in_sight: Option<Range<usize>>,
}

/// Draws rows; `row` gives the response of its radio button.
pub fn long_list(
    ui: &mut Ui,
    list: LongList<'_>,
    mut row: impl FnMut(&mut Ui, usize) -> Option<Response>,
) -> Shown {
    let builder = UiBuilder::new()
        .scope_id(place(list.name))
        .sense(if list.rows == 0 { Sense::hover() } else { Sense::focusable_noninteractive() })
        .accessibility_role(Role::RadioGroup)
        .accessibility_label(list.name);
    let drawn = ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let cursor = Cursor::moved(ui, list);
        let mut pressed = None;
        let mut draw = |ui: &mut Ui, index: usize| {
            let rect =
                Rect::from_min_size(ui.cursor().min, vec2(ui.available_width(), list.height));
            ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt(index), |ui| {
                ui.set_min_size(rect.size());
                if let Some(response) = row(ui, index)
                    && cursor.presses(ui, index, &response)
                {
                    pressed = Some(index);
                }
            });
            ui.advance_cursor_after_rect(rect);
        };
        let in_sight = if list.rows <= IN_SIGHT {
            (0..list.rows).for_each(|index| draw(ui, index));
            Some(0..list.rows)
        } else {
            scrolled(ui, list, cursor, &mut draw)
        };
        Shown { pressed, in_sight }
    });
    // It was made known before its size was.
    let Rect { min, max } = drawn.response.rect;
    ui.ctx().accesskit_node_builder(place(list.name), |node| {
        node.set_bounds(accesskit::Rect::new(
            min.x.into(),
            min.y.into(),
            max.x.into(),
            max.y.into(),
        ));
    });
    // By pointer or keys: arrows go on from there.
    if drawn.inner.pressed.is_some() {
        ui.memory_mut(|memory| memory.request_focus(place(list.name)));
        ui.request_repaint();
    }
    drawn.inner
}

fn place(name: &str) -> Id {
    Id::unique(("list", name))
}

/// The row that the keyboard is on.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    list: Id,
    at: usize,
    keyboard: Keyboard,
    /// It went to another row just now.
    went: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keyboard {
    /// Something else has the focus.
    Elsewhere,
    Here,
    /// Space or Enter was pressed.
    Presses,
}

impl Cursor {
    /// Where the keys of this frame lead to.
    fn moved(ui: &Ui, list: LongList<'_>) -> Self {
        let id = place(list.name);
        let last = list.rows.saturating_sub(1);
        let before = ui.data(|data| data.get_temp::<usize>(id)).or(list.chosen);
        let before = before.unwrap_or_default().min(last);
        let here = ui.is_enabled() && ui.memory(|memory| memory.has_focus(id));
        if !here {
            return Self { list: id, at: before, keyboard: Keyboard::Elsewhere, went: false };
        }
        let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
        let (by, first, end, presses) = ui.input_mut(|input| {
            let mut count = |key| input.count_and_consume_key(Modifiers::NONE, key).cast_signed();
            let page = AT_LEAST.cast_signed();
            let by = count(Key::ArrowDown) - count(Key::ArrowUp)
                + page * (count(Key::PageDown) - count(Key::PageUp));
            let pressed = count(Key::Space) + count(Key::Enter);
            (by, count(Key::Home), count(Key::End), pressed)
        });
        let from = match (first, end) {
            (0, 0) => before,
            (0, _) => last,
            (_, _) => 0, // Home
        };
        let at = from.saturating_add_signed(by).min(last);
        if at != before {
            ui.data_mut(|data| data.insert_temp(id, at));
        }
        let entered = ui.memory(|memory| !memory.had_focus_last_frame(id));
        if entered {
            // Arrows are the list's from the next frame on.
            ui.request_repaint();
        }
        let keyboard = if 0 < presses { Keyboard::Presses } else { Keyboard::Here };
        Self { list: id, at, keyboard, went: at != before || entered }
    }

    /// Marks the row where it is this one; whether it is pressed, by pointer or keys.
    fn presses(self, ui: &Ui, index: usize, row: &Response) -> bool {
        if row.clicked() {
            ui.data_mut(|data| data.insert_temp(self.list, index));
            return true;
        }
        if self.keyboard == Keyboard::Elsewhere || self.at != index {
            return false;
        }
        ring(ui, row.rect);
        // A screen reader is told of the row, as if it had the focus itself.
        ui.ctx().accesskit_node_builder(self.list, |node| {
            node.set_active_descendant(row.id.accesskit_id());
        });
        self.keyboard == Keyboard::Presses && row.enabled()
    }
}

fn scrolled(
    ui: &mut Ui,
    list: LongList<'_>,
    cursor: Cursor,
    draw: &mut impl FnMut(&mut Ui, usize),
) -> Option<Range<usize>> {
    let id = place(list.name).with("in sight");
    let shown = ScrollArea::vertical()
        .id_salt(list.name)
        .max_height(list.height * IN_SIGHT as f32)
        .min_scrolled_height(list.height * AT_LEAST as f32)
        .auto_shrink(false)
        .show_rows(ui, list.height, list.rows, |ui, range| {
            // Room for the bar.
            ui.set_max_width(ui.available_width() - gap::M);
            if cursor.went {
                let rows = cursor.at as f32 - range.start as f32;
                let top = ui.max_rect().top() + rows * list.height;
                let row = Rect::from_x_y_ranges(ui.max_rect().x_range(), top..=top + list.height);
                ui.scroll_to_rect(row, None);
            }
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
}
