//! A plain table: head, hairlines, numbers right-aligned in digits of one width.

use egui::{
    Align, Align2, Label, Layout, Rect, RichText, Role, TextStyle, Ui, UiBuilder, pos2, vec2,
};

use crate::ui::{
    kit::{caption, figures::figures, key_value},
    theme::{Theme, gap, role},
};

#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    head: String,
    /// In points; `None` shares what the others leave.
    width: Option<f32>,
    figures: bool,
}

impl Column {
    /// Text that takes the room that is left.
    pub fn text(head: impl Into<String>) -> Self {
        Self { head: head.into(), width: None, figures: false }
    }

    pub fn text_of(head: impl Into<String>, width: f32) -> Self {
        Self { width: Some(width), ..Self::text(head) }
    }

    /// Numbers, right-aligned.
    pub fn figures(head: impl Into<String>, width: f32) -> Self {
        Self { head: head.into(), width: Some(width), figures: true }
    }
}

/// Draws `rows`; `name` says to a screen reader what the table is of.
pub fn table(ui: &mut Ui, name: &str, columns: &[Column], rows: &[Vec<String>]) {
    let builder = UiBuilder::new().accessibility_role(Role::Table).accessibility_label(name);
    ui.scope_builder(builder, |ui| {
        if ui.available_width() < least_width(columns) {
            return stacked(ui, columns, rows);
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        let spans = spans(columns, ui.available_width());
        let heads: Vec<&str> = columns.iter().map(|column| column.head.as_str()).collect();
        row(ui, columns, &spans, &heads, Kind::Head);
        for cells in rows {
            hairline(ui);
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            row(ui, columns, &spans, &cells, Kind::Body);
        }
    });
}

/// What a column of text needs to be read.
const LEAST: f32 = 110.0;

fn least_width(columns: &[Column]) -> f32 {
    let gaps = gap::L * columns.len().saturating_sub(1) as f32;
    columns.iter().map(|column| column.width.unwrap_or(LEAST)).sum::<f32>() + gaps
}

/// Where the columns have no room beside each other: a list for each row, under its first cell.
fn stacked(ui: &mut Ui, columns: &[Column], rows: &[Vec<String>]) {
    ui.spacing_mut().item_spacing.y = gap::XS;
    if let Some(first) = columns.first() {
        caption(ui, &first.head);
    }
    for cells in rows {
        hairline(ui);
        for (place, (column, text)) in columns.iter().zip(cells).enumerate() {
            if place == 0 {
                ui.add(Label::new(RichText::new(text).text_style(role::strong())).wrap());
            } else {
                key_value(ui, &column.head, text);
            }
        }
    }
}

/// A line one point high across the width, as between rows.
pub fn hairline(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), egui::Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, Theme::of(ui).rule());
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Head,
    Body,
}

/// Left edge and width of each column.
fn spans(columns: &[Column], available: f32) -> Vec<(f32, f32)> {
    let gaps = gap::L * columns.len().saturating_sub(1) as f32;
    let fixed: f32 = columns.iter().filter_map(|column| column.width).sum();
    let flexible = columns.iter().filter(|column| column.width.is_none()).count().max(1);
    let share = ((available - fixed - gaps) / flexible as f32).max(64.0);
    let mut left = 0.0;
    columns
        .iter()
        .map(|column| {
            let width = column.width.unwrap_or(share);
            let span = (left, width);
            left += width + gap::L;
            span
        })
        .collect()
}

fn row(ui: &mut Ui, columns: &[Column], spans: &[(f32, f32)], cells: &[&str], kind: Kind) {
    const PADDING: f32 = 7.0;
    let theme = Theme::of(ui);
    let top = ui.cursor().min;
    let mut bottom: f32 = top.y;
    for ((column, (left, width)), text) in columns.iter().zip(spans).zip(cells) {
        let (style, color) = match kind {
            Kind::Head => (TextStyle::Small, theme.text_2),
            Kind::Body => (TextStyle::Body, theme.text),
        };
        let min = pos2(top.x + left, top.y + PADDING);
        let place = Rect::from_min_size(min, vec2(*width, f32::INFINITY));
        let layout = if column.figures {
            Layout::top_down(Align::Max)
        } else {
            Layout::top_down(Align::Min)
        };
        let mut cell = ui.new_child(UiBuilder::new().max_rect(place).layout(layout));
        let mut job = figures(ui, text, &style, color);
        if column.figures {
            job.halign = Align::RIGHT;
        }
        cell.add(Label::new(job).wrap());
        bottom = bottom.max(cell.min_rect().bottom());
    }
    let size = vec2(ui.available_width(), bottom + PADDING - top.y);
    ui.advance_cursor_after_rect(Align2::LEFT_TOP.anchor_size(top, size));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_takes_what_the_numbers_leave() {
        let columns = [Column::text("a"), Column::figures("b", 80.0), Column::figures("c", 60.0)];
        let spans = spans(&columns, 500.0);
        assert_eq!(spans, [(0.0, 328.0), (344.0, 80.0), (440.0, 60.0)]);
    }

    #[test]
    fn columns_that_have_no_room_are_not_drawn_beside_each_other() {
        let columns = [Column::text("a"), Column::figures("b", 80.0)];
        assert!((least_width(&columns) - 206.0).abs() < 0.1, "{}", least_width(&columns));
    }

    #[test]
    fn a_narrow_table_keeps_room_for_its_text() {
        let columns = [Column::text("a"), Column::figures("b", 80.0)];
        assert_eq!(spans(&columns, 90.0).first(), Some(&(0.0, 64.0)));
    }
}
