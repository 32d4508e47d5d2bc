//! Connections over time, before and after: painted, and as a table with the same numbers.

use std::sync::Arc;

use egui::{
    Align2, Color32, Context, EventFilter, Galley, Id, Key, Painter, Pos2, Rect, Role, Sense,
    Shape, Stroke, StrokeKind, TextStyle, Ui, WidgetInfo, pos2, vec2,
};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    domain::{
        activity::Part,
        chart::{
            self, Plane,
            scale::{self, Point},
            words,
        },
        figures::{clock_in, clock_with_seconds},
    },
    ui::{
        kit::{
            focus_ring, link_button, subheading,
            table::{Column, table},
        },
        theme::{Theme, gap},
    },
};

const PLOT_HEIGHT: f32 = 190.0;
const AXIS_HEIGHT: f32 = 24.0;
/// Room above the highest line, for the limit's label.
const HEADROOM: f32 = 16.0;

/// What is to be drawn.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    pub title: &'a str,
    pub data: &'a chart::Chart,
    /// The reader's.
    pub zone: TimeZone,
    /// The same in words, for who does not see it.
    pub summary: &'a str,
}

/// Draws the chart with its title, its legend and the switch to the table.
pub fn chart(ui: &mut Ui, chart: &Chart<'_>) {
    let id = ui.make_persistent_id(chart.title);
    let as_table = head(ui, id, chart.title, chart.data);
    if as_table {
        show_table(ui, id, chart);
    } else {
        plot(ui, id, chart);
    }
}

fn color(part: Part, theme: &Theme) -> Color32 {
    match part {
        Part::Before => theme.chart_before,
        Part::Meanwhile => theme.idle,
        Part::After => theme.chart_after,
    }
}

/// Title left; legend and the switch to the table right, or below where it is narrow.
fn head(ui: &mut Ui, id: Id, title: &str, data: &chart::Chart) -> bool {
    let mut as_table = ui.data(|data| data.get_temp::<bool>(id)).unwrap_or(false);
    let label = if as_table { "Show as chart" } else { "Show as table" };
    let legend = Legend::of(ui, data, label);
    let mut right = |ui: &mut Ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        legend.paint(ui);
        if link_button(ui, label).clicked() {
            as_table = !as_table;
        }
    };
    let fits = ui.horizontal(|ui| {
        let title = subheading(ui, title);
        let room = ui.max_rect().right() - title.rect.right();
        let fits = legend.width + gap::XL < room;
        if fits {
            ui.add_space(room - legend.width - gap::S);
            right(ui);
        }
        fits
    });
    if !fits.inner {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.spacing_mut().interact_size.y = 28.0;
            ui.horizontal_wrapped(right);
        });
    }
    ui.data_mut(|data| data.insert_temp(id, as_table));
    as_table
}

/// Mark and words of each series, laid out but not placed.
struct Legend {
    entries: Vec<(Part, Arc<Galley>)>,
    /// With the link behind it.
    width: f32,
}

impl Legend {
    const MARK: f32 = 16.0;

    fn of(ui: &Ui, data: &chart::Chart, link: &str) -> Self {
        let theme = Theme::of(ui);
        let font = TextStyle::Small.resolve(ui.style());
        let laid =
            |text: &str| ui.painter().layout_no_wrap(text.to_owned(), font.clone(), theme.text_2);
        let entries: Vec<_> = data.parts().map(|part| (part, laid(words(part)))).collect();
        let font = TextStyle::Button.resolve(ui.style());
        let link = ui.painter().layout_no_wrap(link.to_owned(), font, theme.accent);
        let width =
            entries.iter().map(|(_, text)| Self::entry_width(text)).sum::<f32>() + link.size().x;
        Self { entries, width }
    }

    fn entry_width(text: &Galley) -> f32 {
        Self::MARK + text.size().x + gap::L
    }

    fn paint(&self, ui: &mut Ui) {
        for (part, text) in &self.entries {
            let size = vec2(Self::entry_width(text), 20.0);
            let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words(*part)));
            let mark = pos2(rect.left() + 5.0, rect.center().y);
            paint_mark(ui.painter(), mark, *part, color(*part, Theme::of(ui)));
            let at = pos2(rect.left() + Self::MARK, rect.center().y - text.size().y / 2.0);
            ui.painter().galley(at, text.clone(), Theme::of(ui).text_2);
        }
    }
}

fn show_table(ui: &mut Ui, id: Id, chart: &Chart<'_>) {
    let columns =
        [Column::text_of("Time", 96.0), Column::figures("Connections", 96.0), Column::text("Side")];
    let rows: Vec<Vec<String>> = chart
        .data
        .points()
        .map(|(part, point)| {
            let time = clock_with_seconds(point.at, &chart.zone);
            vec![time, point.value.to_string(), words(part).to_owned()]
        })
        .collect();
    let shown = egui::ScrollArea::vertical()
        .max_height(HEADROOM + PLOT_HEIGHT + AXIS_HEIGHT)
        .show(ui, |ui| table(ui, chart.title, &columns, &rows));
    let response = ui.interact(shown.inner_rect, id.with("table"), Sense::click());
    turn_with_key(ui, id, &response, false);
    focus_ring(ui, &response);
}

/// Whether keys of one letter do anything.
pub(super) fn letter_keys(ctx: &Context) -> bool {
    !ctx.data(|data| data.get_temp(no_letter_keys()).unwrap_or(false))
}

/// Switches keys of one letter on or off in the whole window.
pub fn use_letter_keys(ctx: &Context, on: bool) {
    ctx.data_mut(|data| data.insert_temp(no_letter_keys(), !on));
}

fn no_letter_keys() -> Id {
    Id::unique("no keys of one letter")
}

/// `T` goes from the chart to its table and back.
fn turn_with_key(ui: &Ui, id: Id, response: &egui::Response, as_table: bool) {
    if response.has_focus() && letter_keys(ui.ctx()) && ui.input(|input| input.key_pressed(Key::T))
    {
        ui.data_mut(|data| data.insert_temp(id, as_table));
        let other = if as_table { "table" } else { "plot" };
        ui.memory_mut(|memory| memory.request_focus(id.with(other)));
        ui.request_repaint();
    }
}

fn plot(ui: &mut Ui, id: Id, chart: &Chart<'_>) {
    let size = vec2(ui.available_width(), HEADROOM + PLOT_HEIGHT + AXIS_HEIGHT);
    let (outer, _) = ui.allocate_exact_size(size, Sense::hover());
    let response = ui.interact(outer, id.with("plot"), Sense::click());
    let Some(axes) = chart.data.axes() else {
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, chart.summary));
        let text = "Nothing is recorded yet.";
        let font = TextStyle::Body.resolve(ui.style());
        ui.painter().text(outer.center(), Align2::CENTER_CENTER, text, font, Theme::of(ui).text_2);
        return;
    };
    let plane = Plane {
        left: outer.left() + axis_width(ui, axes.top),
        right: outer.right() - 6.0,
        top: outer.top() + HEADROOM,
        bottom: outer.bottom() - AXIS_HEIGHT,
        axes,
    };
    turn_with_key(ui, id, &response, true);
    let cursor = cursor(ui, id, &response, &plane, chart.data);
    let told: Option<String> = cursor.map(|(part, point)| tell(chart, part, point));
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Image, true, chart.summary);
        info.current_text_value.clone_from(&told);
        info
    });
    if ui.is_rect_visible(outer) {
        let ticks = scale::clock_ticks(axes.from, axes.to, tick_count(&plane), &chart.zone);
        paint_axes(ui, &plane, &ticks);
        paint_limit(ui, &plane, chart.data.limit);
        for (part, points) in &chart.data.series {
            paint_series(ui, &plane, *part, points);
        }
        paint_switch(ui, &plane, chart);
        if let (Some((_, point)), Some(told)) = (cursor, told) {
            paint_cursor(ui, &plane, point, &told);
        }
        focus_ring(ui, &response);
    }
}

fn rect(plane: &Plane) -> Rect {
    Rect::from_min_max(pos2(plane.left, plane.top), pos2(plane.right, plane.bottom))
}

fn place(plane: &Plane, point: Point) -> Pos2 {
    pos2(plane.x(point.at), plane.y(point.value))
}

fn tick_count(plane: &Plane) -> usize {
    ((plane.right - plane.left) / 110.0).max(2.0) as usize
}

fn axis_width(ui: &Ui, top: u32) -> f32 {
    let font = TextStyle::Small.resolve(ui.style());
    let widest = ui.painter().layout_no_wrap(top.to_string(), font, Color32::PLACEHOLDER);
    widest.size().x + gap::S
}

/// `14:33:05, 19 connections, after`.
fn tell(chart: &Chart<'_>, part: Part, point: Point) -> String {
    let time = clock_with_seconds(point.at, &chart.zone);
    format!("{time}, {} connections, {}", point.value, words(part))
}

/// The point under the pointer, or the one that the arrow keys chose.
fn cursor(
    ui: &Ui,
    id: Id,
    response: &egui::Response,
    plane: &Plane,
    data: &chart::Chart,
) -> Option<(Part, Point)> {
    let points: Vec<(Part, Point)> = data.points().collect();
    if let Some(pointer) = response.hover_pos().filter(|pointer| rect(plane).contains(*pointer)) {
        let distance = |point: &Point| (plane.x(point.at) - pointer.x).abs();
        return points
            .into_iter()
            .min_by(|(_, one), (_, other)| distance(one).total_cmp(&distance(other)));
    }
    if !response.has_focus() {
        return None;
    }
    let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let chosen = id.with("chosen");
    let last = points.len().saturating_sub(1);
    let mut index = ui.data(|data| data.get_temp::<usize>(chosen)).unwrap_or(last).min(last);
    let (back, on) =
        ui.input(|input| (input.num_presses(Key::ArrowLeft), input.num_presses(Key::ArrowRight)));
    index = index.saturating_sub(back).saturating_add(on).min(last);
    ui.data_mut(|data| data.insert_temp(chosen, index));
    points.get(index).copied()
}

fn paint_axes(ui: &Ui, plane: &Plane, ticks: &[(Timestamp, String)]) {
    let (rect, step) = (rect(plane), plane.axes.step);
    let theme = Theme::of(ui);
    let font = TextStyle::Small.resolve(ui.style());
    let painter = ui.painter();
    for line in 0..=plane.axes.top / step.max(1) {
        let value = line * step;
        let y = painter.round_to_pixel_center(plane.y(value));
        painter.hline(rect.x_range(), y, theme.rule());
        let at = pos2(rect.left() - gap::S, y);
        painter.text(at, Align2::RIGHT_CENTER, value, font.clone(), theme.text_2);
    }
    for (at, label) in ticks {
        let x = plane.x(*at);
        painter.vline(x, rect.bottom()..=rect.bottom() + 4.0, Stroke::new(1.0, theme.edge));
        let galley = painter.layout_no_wrap(label.clone(), font.clone(), theme.text_2);
        let half = galley.size().x / 2.0;
        // The outermost labels stay inside the card.
        let x = x.clamp(rect.left() - half, (rect.right() - half).max(rect.left()));
        painter.galley(pos2(x - half, rect.bottom() + 6.0), galley, theme.text_2);
    }
}

fn paint_limit(ui: &Ui, plane: &Plane, limit: Option<u32>) {
    let (rect, Some(limit)) = (rect(plane), limit) else { return };
    let theme = Theme::of(ui);
    let y = plane.y(limit);
    let line = [pos2(rect.left(), y), pos2(rect.right(), y)];
    ui.painter().extend(Shape::dotted_line(&line, theme.danger.text, 5.0, 1.0));
    let font = TextStyle::Small.resolve(ui.style());
    let at = pos2(rect.right(), y - 2.0);
    ui.painter().text(at, Align2::RIGHT_BOTTOM, format!("limit {limit}"), font, theme.danger.text);
}

fn paint_series(ui: &Ui, plane: &Plane, part: Part, points: &[Point]) {
    let color = color(part, Theme::of(ui));
    let painter = ui.painter();
    for run in scale::unbroken(points) {
        let path: Vec<Pos2> = run.iter().map(|point| place(plane, *point)).collect();
        match part {
            Part::Before => {
                painter.add(Shape::line(path.clone(), Stroke::new(2.0, color)));
            }
            Part::After => {
                painter.extend(Shape::dashed_line(&path, Stroke::new(2.0, color), 6.0, 4.0))
            }
            Part::Meanwhile => painter.extend(Shape::dotted_line(&path, color, 4.0, 1.0)),
        }
        let marks = chart::marked(path.iter().map(|place| place.x));
        for (place, is_marked) in path.iter().zip(marks) {
            if is_marked && part != Part::Meanwhile {
                paint_mark(painter, *place, part, color);
            }
        }
    }
}

/// A square for before, a triangle for after.
fn paint_mark(painter: &Painter, at: Pos2, part: Part, color: Color32) {
    match part {
        Part::Before => {
            painter.rect_filled(Rect::from_center_size(at, vec2(7.0, 7.0)), 0, color);
        }
        Part::Meanwhile => {
            painter.circle_filled(at, 1.5, color);
        }
        Part::After => {
            let corners = vec![at + vec2(0.0, -5.0), at + vec2(4.5, 3.5), at + vec2(-4.5, 3.5)];
            painter.add(Shape::convex_polygon(corners, color, Stroke::NONE));
        }
    }
}

fn paint_switch(ui: &Ui, plane: &Plane, chart: &Chart<'_>) {
    let Some(switched) = chart.data.switched else { return };
    let theme = Theme::of(ui);
    let (x, rect) = (plane.x(switched), rect(plane));
    if !rect.expand(1.0).x_range().contains(x) {
        return;
    }
    let line = [pos2(x, rect.top() - 6.0), pos2(x, rect.bottom())];
    ui.painter().extend(Shape::dashed_line(&line, Stroke::new(1.5, theme.text_2), 4.0, 3.0));
    let text = format!("switched to the pool {}", clock_in(switched, &chart.zone));
    let font = TextStyle::Small.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(text, font, theme.text);
    let size = galley.size();
    let (left, middle) = plane.switch_label(chart.data, switched, size.x, size.y);
    ui.painter().galley(pos2(left, middle - size.y / 2.0), galley, theme.text);
}

fn paint_cursor(ui: &Ui, plane: &Plane, point: Point, told: &str) {
    let theme = Theme::of(ui);
    let (at, rect) = (place(plane, point), rect(plane));
    let painter = ui.painter();
    painter.vline(at.x, rect.y_range(), Stroke::new(1.0, theme.text_2));
    painter.circle(at, 4.0, theme.surface, Stroke::new(2.0, theme.text));
    let font = TextStyle::Small.resolve(ui.style());
    let galley = painter.layout_no_wrap(told.to_owned(), font, theme.text);
    let size = galley.size() + vec2(16.0, 8.0);
    let left = (at.x + 8.0).min(rect.right() - size.x);
    let top = (at.y - size.y - 8.0).max(rect.top());
    let bubble = Rect::from_min_size(pos2(left, top), size);
    painter.rect(bubble, 4, theme.surface, Stroke::new(1.0, theme.edge), StrokeKind::Inside);
    painter.galley(bubble.min + vec2(8.0, 4.0), galley, theme.text);
}
