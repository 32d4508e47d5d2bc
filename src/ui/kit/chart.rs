//! Connections over time, before and after: painted, and as a table with the same numbers.

mod scale;

use std::sync::Arc;

use egui::{
    Align2, Color32, EventFilter, Galley, Id, Key, Painter, Pos2, Rect, Role, Sense, Shape, Stroke,
    StrokeKind, TextStyle, Ui, WidgetInfo, pos2, vec2,
};
use jiff::{Timestamp, tz::TimeZone};

pub use scale::Point;

use crate::ui::{
    kit::{
        figures::{clock_in, clock_with_seconds},
        focus_ring, subheading,
        table::{Column, table},
    },
    theme::{Theme, gap},
};

/// Points painted per series; a longer recording is thinned with its highs and lows kept.
const MOST: usize = 200;
const PLOT_HEIGHT: f32 = 190.0;
const AXIS_HEIGHT: f32 = 24.0;
/// Room above the highest line, for the limit's label.
const HEADROOM: f32 = 16.0;

/// What is to be drawn.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    pub title: &'a str,
    pub before: &'a [Point],
    /// Recorded while the app was being replaced; counts for neither side.
    pub meanwhile: &'a [Point],
    pub after: &'a [Point],
    pub limit: Option<u32>,
    pub switched: Option<Timestamp>,
    /// The reader's.
    pub zone: TimeZone,
    /// The same in words, for who does not see it.
    pub summary: &'a str,
}

/// Draws the chart with its title, its legend and the switch to the table.
pub fn chart(ui: &mut Ui, chart: &Chart<'_>) {
    let id = ui.make_persistent_id(chart.title);
    let series = Series::of(chart);
    let as_table = head(ui, id, chart.title, &series);
    if as_table {
        show_table(ui, chart, &series);
    } else {
        plot(ui, id, chart, &series);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Before,
    Meanwhile,
    After,
}

impl Side {
    fn words(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Meanwhile => "during the switch",
            Self::After => "after, through the pool",
        }
    }

    fn color(self, theme: &Theme) -> Color32 {
        match self {
            Self::Before => theme.chart_before,
            Self::Meanwhile => theme.idle,
            Self::After => theme.chart_after,
        }
    }
}

/// The three series, thinned.
struct Series {
    parts: [(Side, Vec<Point>); 3],
}

impl Series {
    fn of(chart: &Chart<'_>) -> Self {
        let parts = [
            (Side::Before, chart.before),
            (Side::Meanwhile, chart.meanwhile),
            (Side::After, chart.after),
        ];
        Self { parts: parts.map(|(side, points)| (side, scale::thin(points, MOST))) }
    }

    fn points(&self) -> impl Iterator<Item = (Side, Point)> {
        self.parts.iter().flat_map(|(side, points)| points.iter().map(|point| (*side, *point)))
    }

    fn sides(&self) -> impl Iterator<Item = Side> {
        self.parts.iter().filter(|(_, points)| !points.is_empty()).map(|(side, _)| *side)
    }
}

/// Title left; legend and the switch to the table right, or below where it is narrow.
fn head(ui: &mut Ui, id: Id, title: &str, series: &Series) -> bool {
    let mut as_table = ui.data(|data| data.get_temp::<bool>(id)).unwrap_or(false);
    let label = if as_table { "Show as chart" } else { "Show as table" };
    let legend = Legend::of(ui, series, label);
    let mut right = |ui: &mut Ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        legend.paint(ui);
        if ui.add(egui::Link::new(egui::RichText::new(label).small())).clicked() {
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
        ui.horizontal_wrapped(right);
    }
    ui.data_mut(|data| data.insert_temp(id, as_table));
    as_table
}

/// Mark and words of each series, laid out but not placed.
struct Legend {
    entries: Vec<(Side, Arc<Galley>)>,
    /// With the link behind it.
    width: f32,
}

impl Legend {
    const MARK: f32 = 16.0;

    fn of(ui: &Ui, series: &Series, link: &str) -> Self {
        let theme = Theme::of(ui);
        let font = TextStyle::Small.resolve(ui.style());
        let laid =
            |text: &str| ui.painter().layout_no_wrap(text.to_owned(), font.clone(), theme.text_2);
        let entries: Vec<_> = series.sides().map(|side| (side, laid(side.words()))).collect();
        let width = entries.iter().map(|(_, text)| Self::entry_width(text)).sum::<f32>()
            + laid(link).size().x;
        Self { entries, width }
    }

    fn entry_width(text: &Galley) -> f32 {
        Self::MARK + text.size().x + gap::L
    }

    fn paint(&self, ui: &mut Ui) {
        for (side, text) in &self.entries {
            let size = vec2(Self::entry_width(text), 20.0);
            let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, side.words()));
            let mark = pos2(rect.left() + 5.0, rect.center().y);
            paint_mark(ui.painter(), mark, *side, side.color(Theme::of(ui)));
            let at = pos2(rect.left() + Self::MARK, rect.center().y - text.size().y / 2.0);
            ui.painter().galley(at, text.clone(), Theme::of(ui).text_2);
        }
    }
}

fn show_table(ui: &mut Ui, chart: &Chart<'_>, series: &Series) {
    let columns =
        [Column::text_of("Time", 96.0), Column::figures("Connections", 96.0), Column::text("Side")];
    let rows: Vec<Vec<String>> = series
        .points()
        .map(|(side, point)| {
            let time = clock_with_seconds(point.at, &chart.zone);
            vec![time, point.value.to_string(), side.words().to_owned()]
        })
        .collect();
    egui::ScrollArea::vertical().max_height(PLOT_HEIGHT + AXIS_HEIGHT).show(ui, |ui| {
        table(ui, chart.title, &columns, &rows);
    });
}

/// From times and numbers to places in the window.
struct Plane {
    rect: Rect,
    from: i64,
    to: i64,
    top: u32,
}

impl Plane {
    fn x(&self, at: Timestamp) -> f32 {
        let span = (self.to - self.from).max(1) as f32;
        let share = (scale::ms(at) - self.from) as f32 / span;
        self.rect.left() + share * self.rect.width()
    }

    fn y(&self, value: u32) -> f32 {
        self.rect.bottom() - value as f32 / self.top.max(1) as f32 * self.rect.height()
    }

    fn place(&self, point: Point) -> Pos2 {
        pos2(self.x(point.at), self.y(point.value))
    }
}

fn plot(ui: &mut Ui, id: Id, chart: &Chart<'_>, series: &Series) {
    let size = vec2(ui.available_width(), HEADROOM + PLOT_HEIGHT + AXIS_HEIGHT);
    let (outer, _) = ui.allocate_exact_size(size, Sense::hover());
    let response = ui.interact(outer, id.with("plot"), Sense::click());
    let times = || series.points().map(|(_, point)| point.at);
    let (Some(from), Some(to)) = (times().min(), times().max()) else {
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, chart.summary));
        let text = "Nothing is recorded yet.";
        let font = TextStyle::Body.resolve(ui.style());
        ui.painter().text(outer.center(), Align2::CENTER_CENTER, text, font, Theme::of(ui).text_2);
        return;
    };
    let to = to.max(from.saturating_add(jiff::SignedDuration::from_secs(10)).unwrap_or(to));
    let most = series.points().map(|(_, point)| point.value).max().unwrap_or(0);
    let step = scale::value_step(most.max(chart.limit.unwrap_or(0)));
    let top = most.max(chart.limit.unwrap_or(0)).div_ceil(step).max(1) * step;
    let plane = Plane {
        rect: Rect::from_min_max(
            outer.min + vec2(axis_width(ui, top), HEADROOM),
            outer.max - vec2(6.0, AXIS_HEIGHT),
        ),
        from: scale::ms(from),
        to: scale::ms(to),
        top,
    };
    if response.has_focus() && ui.input(|input| input.key_pressed(Key::T)) {
        ui.data_mut(|data| data.insert_temp(id, true));
        ui.request_repaint();
    }
    let cursor = cursor(ui, id, &response, &plane, series);
    let told = cursor.map(|(side, point)| tell(chart, side, point));
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Image, true, chart.summary);
        info.current_text_value.clone_from(&told);
        info
    });
    if ui.is_rect_visible(outer) {
        paint_axes(
            ui,
            &plane,
            step,
            &scale::clock_ticks(from, to, tick_count(&plane), &chart.zone),
        );
        paint_limit(ui, &plane, chart.limit);
        for (side, points) in &series.parts {
            paint_series(ui, &plane, *side, points);
        }
        paint_switch(ui, &plane, chart, series);
        if let (Some((_, point)), Some(told)) = (cursor, told) {
            paint_cursor(ui, &plane, point, &told);
        }
        focus_ring(ui, &response);
    }
}

fn tick_count(plane: &Plane) -> usize {
    (plane.rect.width() / 110.0).max(2.0) as usize
}

fn axis_width(ui: &Ui, top: u32) -> f32 {
    let font = TextStyle::Small.resolve(ui.style());
    let widest = ui.painter().layout_no_wrap(top.to_string(), font, Color32::PLACEHOLDER);
    widest.size().x + gap::S
}

/// `14:33:05, 19 connections, after`.
fn tell(chart: &Chart<'_>, side: Side, point: Point) -> String {
    let time = clock_with_seconds(point.at, &chart.zone);
    format!("{time}, {} connections, {}", point.value, side.words())
}

/// The point under the pointer, or the one that the arrow keys chose.
fn cursor(
    ui: &Ui,
    id: Id,
    response: &egui::Response,
    plane: &Plane,
    series: &Series,
) -> Option<(Side, Point)> {
    let points: Vec<(Side, Point)> = series.points().collect();
    if let Some(pointer) = response.hover_pos().filter(|pointer| plane.rect.contains(*pointer)) {
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

fn paint_axes(ui: &Ui, plane: &Plane, step: u32, ticks: &[(Timestamp, String)]) {
    let theme = Theme::of(ui);
    let font = TextStyle::Small.resolve(ui.style());
    let painter = ui.painter();
    for line in 0..=plane.top / step.max(1) {
        let value = line * step;
        let y = painter.round_to_pixel_center(plane.y(value));
        painter.hline(plane.rect.x_range(), y, Stroke::new(1.0, theme.raised));
        let at = pos2(plane.rect.left() - gap::S, y);
        painter.text(at, Align2::RIGHT_CENTER, value, font.clone(), theme.text_2);
    }
    for (at, label) in ticks {
        let x = plane.x(*at);
        painter.vline(
            x,
            plane.rect.bottom()..=plane.rect.bottom() + 4.0,
            Stroke::new(1.0, theme.edge),
        );
        let galley = painter.layout_no_wrap(label.clone(), font.clone(), theme.text_2);
        let half = galley.size().x / 2.0;
        // The outermost labels stay inside the card.
        let x =
            x.clamp(plane.rect.left() - half, (plane.rect.right() - half).max(plane.rect.left()));
        painter.galley(pos2(x - half, plane.rect.bottom() + 6.0), galley, theme.text_2);
    }
}

fn paint_limit(ui: &Ui, plane: &Plane, limit: Option<u32>) {
    let Some(limit) = limit else { return };
    let theme = Theme::of(ui);
    let y = plane.y(limit);
    let line = [pos2(plane.rect.left(), y), pos2(plane.rect.right(), y)];
    ui.painter().extend(Shape::dotted_line(&line, theme.danger.text, 5.0, 1.0));
    let font = TextStyle::Small.resolve(ui.style());
    let at = pos2(plane.rect.right(), y - 2.0);
    ui.painter().text(at, Align2::RIGHT_BOTTOM, format!("limit {limit}"), font, theme.danger.text);
}

fn paint_series(ui: &Ui, plane: &Plane, side: Side, points: &[Point]) {
    /// Between two marks on a line, in points.
    const APART: f32 = 60.0;
    let color = side.color(Theme::of(ui));
    let painter = ui.painter();
    for part in scale::unbroken(points) {
        let path: Vec<Pos2> = part.iter().map(|point| plane.place(*point)).collect();
        match side {
            Side::Before => {
                painter.add(Shape::line(path.clone(), Stroke::new(2.0, color)));
            }
            Side::After => {
                painter.extend(Shape::dashed_line(&path, Stroke::new(2.0, color), 6.0, 4.0))
            }
            Side::Meanwhile => painter.extend(Shape::dotted_line(&path, color, 4.0, 1.0)),
        }
        let mut next = f32::NEG_INFINITY;
        for place in path {
            if next <= place.x && side != Side::Meanwhile {
                paint_mark(painter, place, side, color);
                next = place.x + APART;
            }
        }
    }
}

/// A square for before, a triangle for after.
fn paint_mark(painter: &Painter, at: Pos2, side: Side, color: Color32) {
    match side {
        Side::Before => {
            painter.rect_filled(Rect::from_center_size(at, vec2(7.0, 7.0)), 0, color);
        }
        Side::Meanwhile => {
            painter.circle_filled(at, 1.5, color);
        }
        Side::After => {
            let corners = vec![at + vec2(0.0, -5.0), at + vec2(4.5, 3.5), at + vec2(-4.5, 3.5)];
            painter.add(Shape::convex_polygon(corners, color, Stroke::NONE));
        }
    }
}

fn paint_switch(ui: &Ui, plane: &Plane, chart: &Chart<'_>, series: &Series) {
    let Some(switched) = chart.switched else { return };
    let theme = Theme::of(ui);
    let x = plane.x(switched);
    if !plane.rect.expand(1.0).x_range().contains(x) {
        return;
    }
    let line = [pos2(x, plane.rect.top() - 6.0), pos2(x, plane.rect.bottom())];
    ui.painter().extend(Shape::dashed_line(&line, Stroke::new(1.5, theme.text_2), 4.0, 3.0));
    let text = format!("switched to the pool {}", clock_in(switched, &chart.zone));
    let font = TextStyle::Small.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(text, font, theme.text);
    let size = galley.size();
    let left =
        if x + gap::S + size.x <= plane.rect.right() { x + gap::S } else { x - gap::S - size.x };
    let taken: Vec<f32> = series
        .points()
        .map(|(_, point)| plane.place(point))
        .filter(|place| left - 8.0 <= place.x && place.x <= left + size.x + 8.0)
        .map(|place| place.y)
        .collect();
    let y = quiet_height(plane.rect, size.y, &taken);
    ui.painter().galley(pos2(left, y - size.y / 2.0), galley, theme.text);
}

/// The height, of a few, that lies furthest from what is drawn there.
fn quiet_height(rect: Rect, label: f32, taken: &[f32]) -> f32 {
    let room = |y: &f32| taken.iter().map(|other| (other - y).abs()).fold(f32::INFINITY, f32::min);
    (1..=7)
        .map(|n| rect.top() + label + (rect.height() - label * 2.0) * n as f32 / 8.0)
        .max_by(|one, other| room(one).total_cmp(&room(other)))
        .unwrap_or(rect.center().y)
}

fn paint_cursor(ui: &Ui, plane: &Plane, point: Point, told: &str) {
    let theme = Theme::of(ui);
    let at = plane.place(point);
    let painter = ui.painter();
    painter.vline(at.x, plane.rect.y_range(), Stroke::new(1.0, theme.text_2));
    painter.circle(at, 4.0, theme.surface, Stroke::new(2.0, theme.text));
    let font = TextStyle::Small.resolve(ui.style());
    let galley = painter.layout_no_wrap(told.to_owned(), font, theme.text);
    let size = galley.size() + vec2(16.0, 8.0);
    let left = (at.x + 8.0).min(plane.rect.right() - size.x);
    let top = (at.y - size.y - 8.0).max(plane.rect.top());
    let bubble = Rect::from_min_size(pos2(left, top), size);
    painter.rect(bubble, 4, theme.surface, Stroke::new(1.0, theme.edge), StrokeKind::Inside);
    painter.galley(bubble.min + vec2(8.0, 4.0), galley, theme.text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_of_the_switch_keeps_away_from_the_line() {
        let rect = Rect::from_min_max(pos2(0.0, 0.0), pos2(400.0, 200.0));
        assert!(quiet_height(rect, 16.0, &[20.0, 30.0]) > 150.0);
        assert!(quiet_height(rect, 16.0, &[190.0]) < 60.0);
    }
}
