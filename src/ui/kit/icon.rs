//! Status marks, drawn by the painter; each stands beside its word.

use std::f32::consts::TAU;

use egui::{Color32, Painter, Pos2, Rect, Sense, Shape, Stroke, Ui, Vec2, pos2, vec2};

use crate::{setup::step::Standing, ui::theme::Theme};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Done,
    /// Half filled.
    Unverified,
    Working,
    Warning,
    Stopped,
    NotStarted,
    /// May be run now.
    Ready,
    /// Dashed.
    Skipped,
    NeedsYou,
    Locked,
    /// A dry run's "would change".
    Would,
    Info,
    /// A bare tick.
    Tick,
    /// A bare cross.
    Cross,
    /// A triangle that points down.
    Down,
    /// A triangle that points right.
    Right,
}

/// Mark and colour of a step's standing.
pub fn standing_icon(standing: Standing, theme: &Theme) -> (Icon, Color32) {
    match standing {
        Standing::NotStarted => (Icon::NotStarted, theme.idle),
        Standing::Ready => (Icon::Ready, theme.accent),
        Standing::NeedsYou => (Icon::NeedsYou, theme.accent),
        Standing::Working => (Icon::Working, theme.accent),
        Standing::Done => (Icon::Done, theme.success.text),
        Standing::DoneNotVerified => (Icon::Unverified, theme.success.text),
        Standing::Skipped => (Icon::Skipped, theme.idle),
        Standing::NeedsReview => (Icon::Warning, theme.warning.text),
        Standing::Stopped => (Icon::Stopped, theme.danger.text),
        Standing::WouldChange => (Icon::Would, theme.info.text),
    }
}

/// Draws a mark in the flow of a row. It is decoration: the word beside it carries the meaning.
pub fn icon(ui: &mut Ui, icon: Icon, size: f32, colour: Color32) {
    let height = size.max(20.0);
    let (rect, _) = ui.allocate_exact_size(vec2(size, height), Sense::hover());
    let knocked_out = Theme::of(ui).surface;
    paint_icon(
        ui.painter(),
        Rect::from_center_size(rect.center(), Vec2::splat(size)),
        icon,
        colour,
        knocked_out,
    );
}

/// Draws a mark into `rect`. `ground` is the colour of strokes inside a filled mark.
pub fn paint_icon(painter: &Painter, rect: Rect, icon: Icon, colour: Color32, ground: Color32) {
    let brush = Brush { painter, rect, colour };
    match icon {
        Icon::Done => {
            brush.disc(0.46);
            brush.line(&[(0.29, 0.52), (0.44, 0.66), (0.71, 0.36)], ground);
        }
        Icon::Unverified => {
            brush.ring(0.42);
            brush.half();
        }
        Icon::Working => {
            brush.ring(0.42);
            brush.disc(0.3);
        }
        Icon::Ready => {
            brush.ring(0.42);
            brush.disc(0.15);
        }
        Icon::Warning => brush.warning(),
        Icon::Stopped => {
            brush.disc(0.46);
            brush.line(&[(0.35, 0.35), (0.65, 0.65)], ground);
            brush.line(&[(0.65, 0.35), (0.35, 0.65)], ground);
        }
        Icon::NotStarted => brush.ring(0.42),
        Icon::Skipped => brush.dashes(),
        Icon::NeedsYou => brush.pencil(),
        Icon::Locked => brush.lock(),
        Icon::Would => {
            brush.ring(0.42);
            brush.line(&[(0.32, 0.5), (0.68, 0.5)], colour);
            brush.line(&[(0.5, 0.32), (0.5, 0.68)], colour);
        }
        Icon::Info => {
            brush.ring(0.42);
            brush.line(&[(0.5, 0.47), (0.5, 0.71)], colour);
            brush.dot(0.5, 0.31);
        }
        Icon::Tick => brush.line(&[(0.18, 0.54), (0.4, 0.76), (0.84, 0.26)], colour),
        Icon::Cross => {
            brush.line(&[(0.22, 0.22), (0.78, 0.78)], colour);
            brush.line(&[(0.78, 0.22), (0.22, 0.78)], colour);
        }
        Icon::Down => brush.filled(&[(0.2, 0.32), (0.8, 0.32), (0.5, 0.74)]),
        Icon::Right => brush.filled(&[(0.32, 0.2), (0.74, 0.5), (0.32, 0.8)]),
    }
}

/// Draws with coordinates from 0 to 1 across the mark.
struct Brush<'a> {
    painter: &'a Painter,
    rect: Rect,
    colour: Color32,
}

impl Brush<'_> {
    fn at(&self, x: f32, y: f32) -> Pos2 {
        pos2(self.rect.left() + x * self.rect.width(), self.rect.top() + y * self.rect.height())
    }

    /// 1.6 points on a mark of 16.
    fn stroke(&self, colour: Color32) -> Stroke {
        Stroke::new((self.rect.width() * 0.1).max(1.2), colour)
    }

    fn disc(&self, radius: f32) {
        self.painter.circle_filled(self.rect.center(), radius * self.rect.width(), self.colour);
    }

    fn ring(&self, radius: f32) {
        self.painter.circle_stroke(
            self.rect.center(),
            radius * self.rect.width(),
            self.stroke(self.colour),
        );
    }

    fn dot(&self, x: f32, y: f32) {
        self.painter.circle_filled(self.at(x, y), self.rect.width() * 0.065, self.colour);
    }

    fn line(&self, points: &[(f32, f32)], colour: Color32) {
        let points = points.iter().map(|(x, y)| self.at(*x, *y)).collect();
        self.painter.line(points, self.stroke(colour));
    }

    fn closed(&self, points: &[(f32, f32)]) {
        let points = points.iter().map(|(x, y)| self.at(*x, *y)).collect();
        self.painter.add(Shape::closed_line(points, self.stroke(self.colour)));
    }

    fn filled(&self, points: &[(f32, f32)]) {
        let points = points.iter().map(|(x, y)| self.at(*x, *y)).collect();
        self.painter.add(Shape::convex_polygon(points, self.colour, Stroke::NONE));
    }

    /// Points of a circle, from one part of a turn to another, clockwise from the top.
    fn arc(&self, radius: f32, from: f32, to: f32) -> Vec<Pos2> {
        let radius = radius * self.rect.width();
        (0..=12_u8)
            .map(|step| from + (to - from) * f32::from(step) / 12.0)
            .map(|turn| {
                let angle = (turn - 0.25) * TAU;
                self.rect.center() + radius * vec2(angle.cos(), angle.sin())
            })
            .collect()
    }

    fn half(&self) {
        let points = self.arc(0.42, 0.5, 1.0);
        self.painter.add(Shape::convex_polygon(points, self.colour, Stroke::NONE));
    }

    fn dashes(&self) {
        for dash in 0..6_u8 {
            let from = f32::from(dash) / 6.0;
            self.painter.line(self.arc(0.42, from, from + 0.09), self.stroke(self.colour));
        }
    }

    fn warning(&self) {
        self.closed(&[(0.5, 0.12), (0.95, 0.88), (0.05, 0.88)]);
        self.line(&[(0.5, 0.4), (0.5, 0.62)], self.colour);
        self.dot(0.5, 0.75);
    }

    fn pencil(&self) {
        self.closed(&[(0.14, 0.86), (0.2, 0.62), (0.68, 0.14), (0.86, 0.32), (0.38, 0.8)]);
        self.line(&[(0.58, 0.24), (0.76, 0.42)], self.colour);
    }

    fn lock(&self) {
        self.closed(&[(0.2, 0.46), (0.8, 0.46), (0.8, 0.88), (0.2, 0.88)]);
        let mut bow: Vec<Pos2> = self
            .arc(0.2, 0.75, 1.25)
            .into_iter()
            .map(|point| point - vec2(0.0, 0.18 * self.rect.height()))
            .collect();
        bow.insert(0, self.at(0.3, 0.46));
        bow.push(self.at(0.7, 0.46));
        self.painter.line(bow, self.stroke(self.colour));
    }
}
