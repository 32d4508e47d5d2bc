//! A list of stages in columns: what was found and how long it took, one row per stage.

use std::{sync::Arc, time::Duration};

use egui::{
    Align2, Color32, Galley, Id, Pos2, Rect, Role, Sense, TextFormat, TextStyle, Ui, Vec2,
    WidgetInfo, pos2, text::LayoutJob, vec2,
};

use crate::ui::{
    kit::{Icon, figures::figures, paint_icon, took},
    theme::{Theme, gap, role},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    NotReached,
    Running,
    Passed,
    /// Works, but something about it is not verified.
    Unverified,
    Failed,
}

impl Mark {
    fn word(self) -> &'static str {
        match self {
            Self::NotReached => "not reached",
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Unverified => "passed, not verified",
            Self::Failed => "stopped",
        }
    }

    fn icon(self, theme: &Theme) -> (Icon, Color32) {
        match self {
            Self::NotReached => (Icon::NotStarted, theme.idle),
            Self::Running => (Icon::Working, theme.accent),
            Self::Passed => (Icon::Done, theme.success.text),
            Self::Unverified => (Icon::Unverified, theme.warning.text),
            Self::Failed => (Icon::Stopped, theme.danger.text),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    pub mark: Mark,
    /// What was found, or what is waited for.
    pub found: String,
    pub took: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub title: String,
    pub cells: Vec<Cell>,
}

/// A column's name, and what else stands in its head: `pooled`, `port 25061`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    pub name: &'a str,
    pub detail: &'a str,
}

const ICON: f32 = 16.0;
const PADDING: f32 = 8.0;
const LINE: f32 = 20.0;
const TIME_WIDTH: f32 = 52.0;
/// Below this width the columns stand closer,
const CLOSE_BELOW: f32 = 620.0;
/// and below this one a stage stands above what was found, not beside it.
const ABOVE_BELOW: f32 = 480.0;

/// Draws the rows under their heads; without heads there is one column.
pub fn stages(ui: &mut Ui, heads: &[Head<'_>], rows: &[Row]) {
    list(ui, heads, rows, Age::Fresh);
}

/// The same for what may have changed since: in grey.
pub fn old_stages(ui: &mut Ui, heads: &[Head<'_>], rows: &[Row]) {
    list(ui, heads, rows, Age::Old);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Fresh,
    Old,
}

fn list(ui: &mut Ui, heads: &[Head<'_>], rows: &[Row], age: Age) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let columns = Columns::of(ui, heads.len().max(1));
        if !heads.is_empty() {
            head(ui, &columns, heads);
        }
        for (index, row) in rows.iter().enumerate() {
            let names = heads.iter().map(|head| head.name).chain(std::iter::repeat(""));
            row_ui(ui, &columns, (index, row), names, age);
        }
    });
}

/// Where the columns stand, from the left edge of the list.
struct Columns {
    title: f32,
    /// Where the first of them begins.
    first: f32,
    each: f32,
    between: f32,
}

impl Columns {
    fn of(ui: &Ui, count: usize) -> Self {
        let width = ui.available_width();
        // A single column has short findings, and leaves room for long names.
        let share = if count == 1 { 0.45 } else { 0.18 };
        let title = (width * share).max(104.0);
        let between = if width < CLOSE_BELOW { gap::M } else { gap::XL };
        let above = 1 < count && width < ABOVE_BELOW;
        let (title, first) = if above { (width, 0.0) } else { (title, title + gap::L) };
        let gaps = between * (count - 1) as f32;
        Self { title, first, each: (width - first - gaps) / count as f32, between }
    }

    fn left(&self, column: usize) -> f32 {
        self.first + column as f32 * (self.each + self.between)
    }

    fn title_is_above(&self) -> bool {
        self.first < self.title
    }

    /// What has no time has its room as well.
    fn text_width(&self, cell: &Cell) -> f32 {
        let time = if cell.took.is_some() { TIME_WIDTH } else { 0.0 };
        (self.each - ICON - gap::S - time).max(60.0)
    }
}

fn head(ui: &mut Ui, columns: &Columns, heads: &[Head<'_>]) {
    let theme = Theme::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::hover());
    for (index, head) in heads.iter().enumerate() {
        let mut job = LayoutJob::default();
        let format = |style: TextStyle, color| TextFormat::simple(style.resolve(ui.style()), color);
        job.append(head.name, 0.0, format(role::strong(), theme.text));
        job.append(head.detail, gap::S, format(TextStyle::Small, theme.text_2));
        let galley = ui.painter().layout_job(job);
        let at = pos2(rect.left() + columns.left(index), rect.top());
        let place = Rect::from_min_size(at, galley.size());
        let response = ui.interact(place, ui.id_of("head", index), Sense::hover());
        let name = match head.detail {
            "" => head.name.to_owned(),
            detail => format!("{}, {detail}", head.name),
        };
        response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, &name));
        ui.painter().galley(at, galley, theme.text);
    }
}

/// One cell, laid out but not placed.
struct Laid {
    mark: Mark,
    age: Age,
    text: Arc<Galley>,
    time: Option<Arc<Galley>>,
}

impl Laid {
    fn of(ui: &Ui, cell: &Cell, width: f32, age: Age) -> Self {
        let theme = Theme::of(ui);
        let color = match cell.mark {
            _ if age == Age::Old => theme.idle,
            Mark::NotReached => theme.idle,
            Mark::Running => theme.text_2,
            Mark::Passed | Mark::Unverified => theme.text,
            Mark::Failed => theme.danger.text,
        };
        let mut job = LayoutJob::default();
        let font = TextStyle::Body.resolve(ui.style());
        let line_height = Some(LINE);
        // A mark never stands alone.
        let found = if cell.found.is_empty() { cell.mark.word() } else { &cell.found };
        job.append(
            found,
            0.0,
            TextFormat { font_id: font, color, line_height, ..TextFormat::default() },
        );
        job.wrap.max_width = width;
        let time = cell.took.map(|duration| {
            let job = figures(ui, &took(duration), &TextStyle::Small, theme.text_2);
            ui.painter().layout_job(job)
        });
        Self { mark: cell.mark, age, text: ui.painter().layout_job(job), time }
    }

    fn paint(&self, ui: &Ui, at: Pos2, width: f32) {
        let theme = Theme::of(ui);
        let (icon, color) = self.mark.icon(theme);
        let color = if self.age == Age::Old { theme.idle } else { color };
        let middle = at.y + LINE / 2.0;
        let square = Rect::from_center_size(pos2(at.x + ICON / 2.0, middle), Vec2::splat(ICON));
        paint_icon(ui.painter(), square, icon, color, theme.surface);
        ui.painter().galley(at + vec2(ICON + gap::S, 0.0), self.text.clone(), theme.text);
        if let Some(time) = &self.time {
            let right = Align2::RIGHT_CENTER.anchor_size(pos2(at.x + width, middle), time.size());
            ui.painter().galley(right.min, time.clone(), theme.text_2);
        }
    }
}

fn row_ui<'a>(
    ui: &mut Ui,
    columns: &Columns,
    (index, row): (usize, &Row),
    names: impl Iterator<Item = &'a str>,
    age: Age,
) {
    let theme = Theme::of(ui);
    let laid: Vec<Laid> =
        row.cells.iter().map(|cell| Laid::of(ui, cell, columns.text_width(cell), age)).collect();
    let font = TextStyle::Body.resolve(ui.style());
    let title = ui.painter().layout(row.title.clone(), font, theme.text_2, columns.title);
    let found = laid.iter().map(|cell| cell.text.size().y).fold(LINE, f32::max);
    let (above, tallest) = if columns.title_is_above() {
        (title.size().y + gap::XS, found)
    } else {
        (0.0, found.max(title.size().y))
    };
    let size = vec2(ui.available_width(), above + tallest + 2.0 * PADDING);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let top = rect.top() + PADDING;
    ui.painter().hline(rect.x_range(), rect.top(), theme.rule());
    ui.painter().galley(pos2(rect.left(), top + 1.0), title, theme.text_2);
    for (column, ((cell, laid), name)) in row.cells.iter().zip(&laid).zip(names).enumerate() {
        let at = pos2(rect.left() + columns.left(column), top + above);
        let place = Rect::from_min_size(at, vec2(columns.each, tallest));
        let response = ui.interact(place, ui.id_of(("cell", index), column), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, sentence(row, name, cell)));
        laid.paint(ui, at, columns.each);
    }
}

/// `Port, pooled: passed, open, 24 ms`.
fn sentence(row: &Row, column: &str, cell: &Cell) -> String {
    let mut head = row.title.clone();
    if !column.is_empty() {
        head = format!("{head}, {column}");
    }
    let time = cell.took.map(took);
    // What was not reached says by itself what it waits for.
    let speaks = cell.mark == Mark::NotReached && !cell.found.is_empty();
    let word = (!speaks).then_some(cell.mark.word());
    let said = [word, Some(cell.found.as_str()), time.as_deref()];
    let mut said: Vec<&str> = said.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    said.dedup();
    format!("{head}: {}", said.join(", "))
}

trait Ids {
    fn id_of(&self, what: impl std::hash::Hash + std::fmt::Debug, index: usize) -> Id;
}

impl Ids for Ui {
    /// One id per piece of this list.
    fn id_of(&self, what: impl std::hash::Hash + std::fmt::Debug, index: usize) -> Id {
        self.unique_id().with(what).with(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_reads_as_one_sentence() {
        let cell = |mark, found: &str, took| Cell { mark, found: found.to_owned(), took };
        let row = Row { title: "Port".to_owned(), cells: Vec::new() };
        let open = cell(Mark::Passed, "open", Some(Duration::from_millis(24)));
        assert_eq!(sentence(&row, "pooled", &open), "Port, pooled: passed, open, 24 ms");
        let none = cell(Mark::NotReached, "not reached", None);
        assert_eq!(sentence(&row, "direct", &none), "Port, direct: not reached");
        assert_eq!(sentence(&row, "", &cell(Mark::Running, "", None)), "Port: running");
    }
}
