//! The capacity bar: who has how many of a cluster's connections, and where the limit is.

use egui::{
    Align2, Color32, Painter, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, TextStyle, Ui,
    Vec2, WidgetInfo, pos2, vec2,
};

use crate::ui::theme::{Theme, gap, role};

/// A share of the connections. Told apart by pattern as well as by colour.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    pub label: String,
    pub value: u32,
    pub color: Color32,
    pub pattern: Pattern,
    /// The one the page is about: its legend is stronger.
    pub main: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    Solid,
    Hatched,
}

impl Segment {
    pub fn solid(label: impl Into<String>, value: u32, color: Color32) -> Self {
        Self { label: label.into(), value, color, pattern: Pattern::Solid, main: false }
    }

    pub fn hatched(label: impl Into<String>, value: u32, color: Color32) -> Self {
        Self { pattern: Pattern::Hatched, ..Self::solid(label, value, color) }
    }

    pub fn main(self) -> Self {
        Self { main: true, ..self }
    }
}

const BAR: f32 = 16.0;
/// How far the limit line stands out above and below the bar.
const LIMIT_OVER: f32 = 5.0;
const SWATCH: f32 = 10.0;
const LEGEND_LINE: f32 = 20.0;

/// Draws `segments` from the left and `reserve` at the limit; what lies between is free.
pub fn capacity(ui: &mut Ui, segments: &[Segment], reserve: u32, limit: u32) -> Response {
    let shares = Shares::of(segments, reserve, limit);
    let entries = legend(ui, segments, &shares);
    let width = ui.available_width();
    let (places, legend_height) = flow(&entries, width);
    let height = LIMIT_OVER + BAR + LIMIT_OVER + legend_height;
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, shares.sentence(segments)));
    if ui.is_rect_visible(rect) {
        let bar = Rect::from_min_size(rect.min + vec2(0.0, LIMIT_OVER), vec2(width, BAR));
        paint_bar(ui, bar, segments, &shares);
        let below = bar.bottom() + LIMIT_OVER;
        for (entry, at) in entries.iter().zip(&places) {
            entry.paint(ui, pos2(rect.left(), below) + at.to_vec2());
        }
    }
    response
}

/// What the numbers come to.
struct Shares {
    used: u32,
    reserve: u32,
    free: u32,
    /// More is taken than there is.
    over: u32,
    limit: u32,
}

impl Shares {
    fn of(segments: &[Segment], reserve: u32, limit: u32) -> Self {
        let used = segments.iter().map(|segment| segment.value).sum::<u32>();
        let wanted = used.saturating_add(reserve);
        Self {
            used,
            reserve,
            free: limit.saturating_sub(wanted),
            over: wanted.saturating_sub(limit),
            limit,
        }
    }

    /// The whole length of the bar, in connections.
    fn scale(&self) -> f32 {
        self.limit.max(self.used + self.reserve).max(1) as f32
    }

    fn sentence(&self, segments: &[Segment]) -> String {
        let mut parts: Vec<String> =
            segments.iter().map(|segment| format!("{} {}", segment.label, segment.value)).collect();
        parts.push(format!("free {}", self.free));
        if 0 < self.reserve {
            parts.push(format!("reserve {}", self.reserve));
        }
        if 0 < self.over {
            parts.push(format!("{} over the limit", self.over));
        }
        parts.push(format!("limit {}", self.limit));
        format!("Connections: {}", parts.join(", "))
    }
}

fn paint_bar(ui: &Ui, bar: Rect, segments: &[Segment], shares: &Shares) {
    let theme = Theme::of(ui);
    let painter = ui.painter();
    let x = |connections: u32| bar.left() + bar.width() * connections as f32 / shares.scale();
    painter.rect_filled(bar, 3, theme.raised);
    let mut start = 0;
    for segment in segments.iter().filter(|segment| 0 < segment.value) {
        let end = start + segment.value;
        let part = Rect::from_x_y_ranges(x(start)..=x(end), bar.y_range());
        fill(painter, part, segment.color, segment.pattern, theme.surface);
        start = end;
    }
    if 0 < shares.reserve {
        let from = shares.limit.saturating_sub(shares.reserve).max(shares.used);
        let part = Rect::from_x_y_ranges(x(from)..=x(from + shares.reserve), bar.y_range());
        fill(painter, part, theme.edge, Pattern::Solid, theme.surface);
    }
    if 0 < shares.over {
        let part = Rect::from_x_y_ranges(x(shares.limit)..=bar.right(), bar.y_range());
        let stroke = Stroke::new(2.0, theme.danger.text);
        painter.rect_stroke(part.expand2(vec2(0.0, 2.0)), 2, stroke, StrokeKind::Middle);
    }
    let at = x(shares.limit) - 1.0;
    painter.vline(at, bar.y_range().expand(LIMIT_OVER), limit_line(ui));
}

fn fill(painter: &Painter, part: Rect, color: Color32, pattern: Pattern, ground: Color32) {
    match pattern {
        Pattern::Solid => {
            painter.rect_filled(part, 0, color);
        }
        Pattern::Hatched => hatch(painter, part, color),
    }
    // A hairline of the ground keeps neighbours apart.
    painter.vline(part.right() - 0.5, part.y_range(), Stroke::new(1.0, ground));
}

fn hatch(painter: &Painter, part: Rect, color: Color32) {
    const STEP: f32 = 5.0;
    let painter = painter.with_clip_rect(part.intersect(painter.clip_rect()));
    let lines = (part.width() + part.height()) / STEP;
    for line in 0..=lines as usize {
        let x = part.left() + line as f32 * STEP;
        let ends = [pos2(x - part.height(), part.bottom()), pos2(x, part.top())];
        painter.line_segment(ends, Stroke::new(1.5, color));
    }
}

/// What stands before a word of the legend.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Sign {
    None,
    Share(Color32, Pattern),
    /// A piece of the limit line.
    Limit,
}

/// One entry of the legend, laid out but not placed.
struct Entry {
    sign: Sign,
    text: std::sync::Arc<egui::Galley>,
    color: Color32,
    /// Stands at the right end, under the limit line.
    right: bool,
}

impl Entry {
    fn sign_width(&self) -> f32 {
        match self.sign {
            Sign::None => 0.0,
            Sign::Share(..) => SWATCH + 6.0,
            Sign::Limit => 8.0,
        }
    }

    fn width(&self) -> f32 {
        self.sign_width() + self.text.size().x
    }

    fn paint(&self, ui: &Ui, at: Pos2) {
        let middle = at.y + LEGEND_LINE / 2.0;
        let square = Rect::from_min_size(pos2(at.x, middle - SWATCH / 2.0), Vec2::splat(SWATCH));
        let painter = ui.painter();
        match self.sign {
            Sign::None => {}
            Sign::Share(color, pattern) => {
                match pattern {
                    Pattern::Solid => {
                        painter.rect_filled(square, 2, color);
                    }
                    Pattern::Hatched => hatch(painter, square, color),
                }
                let edge = Stroke::new(1.0, Theme::of(ui).edge);
                painter.rect_stroke(square, 2, edge, StrokeKind::Inside);
            }
            Sign::Limit => {
                painter.vline(at.x + 1.0, square.y_range().expand(1.0), limit_line(ui));
            }
        }
        let place = pos2(at.x + self.sign_width(), middle);
        let place = Align2::LEFT_CENTER.anchor_size(place, self.text.size());
        painter.galley(place.min, self.text.clone(), self.color);
    }
}

fn limit_line(ui: &Ui) -> Stroke {
    Stroke::new(2.0, Theme::of(ui).text)
}

fn legend(ui: &Ui, segments: &[Segment], shares: &Shares) -> Vec<Entry> {
    let theme = Theme::of(ui);
    let entry = |text: String, style: TextStyle, color, sign, right| {
        let text = ui.painter().layout_no_wrap(text, style.resolve(ui.style()), color);
        Entry { sign, text, color, right }
    };
    let mut entries: Vec<Entry> = segments
        .iter()
        .map(|segment| {
            let (style, color) = if segment.main {
                (role::strong(), theme.text)
            } else {
                (TextStyle::Small, theme.text_2)
            };
            let text = format!("{} {}", segment.label, segment.value);
            entry(text, style, color, Sign::Share(segment.color, segment.pattern), false)
        })
        .collect();
    let free = Sign::Share(theme.raised, Pattern::Solid);
    entries.push(entry(
        format!("free {}", shares.free),
        TextStyle::Small,
        theme.text_2,
        free,
        false,
    ));
    if 0 < shares.reserve {
        let text = format!("reserve {}", shares.reserve);
        let sign = Sign::Share(theme.edge, Pattern::Solid);
        entries.push(entry(text, TextStyle::Small, theme.text_2, sign, false));
    }
    if 0 < shares.over {
        let text = format!("{} over the limit", shares.over);
        entries.push(entry(text, role::strong(), theme.danger.text, Sign::None, false));
    }
    let limit = format!("limit {}", shares.limit);
    // Where more is taken than there is, the line is not at the right end, and its sign says which it is.
    let (sign, right) = if 0 < shares.over { (Sign::Limit, false) } else { (Sign::None, true) };
    entries.push(entry(limit, TextStyle::Small, theme.text, sign, right));
    entries
}

/// Places the entries line by line, and says how high that is.
fn flow(entries: &[Entry], width: f32) -> (Vec<Pos2>, f32) {
    let (mut x, mut y) = (0.0, 0.0);
    let places = entries
        .iter()
        .map(|entry| {
            if 0.0 < x && width < x + entry.width() {
                x = 0.0;
                y += LEGEND_LINE;
            }
            let left = if entry.right { (width - entry.width()).max(x) } else { x };
            x = left + entry.width() + gap::L;
            pos2(left, y)
        })
        .collect();
    (places, y + LEGEND_LINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(pool: u32) -> Vec<Segment> {
        vec![
            Segment::hatched("other pools", 10, Color32::GRAY),
            Segment::solid("this pool", pool, Color32::BLUE).main(),
        ]
    }

    #[test]
    fn the_sentence_names_every_share_and_what_is_left() {
        let segments = segments(48);
        assert_eq!(
            Shares::of(&segments, 3, 97).sentence(&segments),
            "Connections: other pools 10, this pool 48, free 36, reserve 3, limit 97"
        );
    }

    #[test]
    fn more_than_there_is_lengthens_the_bar_and_is_told() {
        let segments = segments(90);
        let shares = Shares::of(&segments, 3, 97);
        assert_eq!((shares.free, shares.over), (0, 6));
        assert!((shares.scale() - 103.0).abs() < f32::EPSILON);
        assert!(shares.sentence(&segments).contains("6 over the limit"));
    }
}
