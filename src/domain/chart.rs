//! The picture of a recording: its series, its axes and where labels stand. The window paints it, `svg` writes it down.

pub mod scale;
pub mod svg;

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    activity::{Activity, Part, verdict::Comparison},
    capacity::Limits,
    chart::scale::Point,
    figures::clock_in,
};

/// Points per series; a longer recording is thinned with its highs and lows kept.
const MOST: usize = 200;

/// The three series of a recording, thinned, with the limit and the switch.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub series: [(Part, Vec<Point>); 3],
    pub limit: Option<u32>,
    pub switched: Option<Timestamp>,
}

/// In the legend.
pub fn words(part: Part) -> &'static str {
    match part {
        Part::Before => "before",
        Part::Meanwhile => "during the switch or our load",
        Part::After => "after, through the pool",
    }
}

impl Chart {
    pub fn of(activity: &Activity) -> Self {
        let points = |part| {
            let samples = activity.part(part).into_iter();
            let all: Vec<Point> =
                samples.map(|sample| Point { at: sample.at, value: sample.total() }).collect();
            (part, scale::thin(&all, MOST))
        };
        Self {
            series: [Part::Before, Part::Meanwhile, Part::After].map(points),
            limit: activity.limits.map(Limits::usable),
            switched: activity.switched_at,
        }
    }

    pub fn points(&self) -> impl Iterator<Item = (Part, Point)> {
        self.series.iter().flat_map(|(part, points)| points.iter().map(|point| (*part, *point)))
    }

    /// The parts that have points.
    pub fn parts(&self) -> impl Iterator<Item = Part> {
        self.series.iter().filter(|(_, points)| !points.is_empty()).map(|(part, _)| *part)
    }

    /// `None` while nothing was recorded.
    pub fn axes(&self) -> Option<Axes> {
        let times = || self.points().map(|(_, point)| point.at);
        let (from, to) = (times().min()?, times().max()?);
        // A recording of a moment is not drawn as wide as one of a minute.
        let to = to.max(from.saturating_add(SignedDuration::from_secs(10)).unwrap_or(to));
        let highest = self.points().map(|(_, point)| point.value).max().unwrap_or(0);
        let most = highest.max(self.limit.unwrap_or(0));
        let step = scale::value_step(most);
        Some(Axes { from, to, step, top: most.div_ceil(step).max(1) * step })
    }

    /// The same in words, for who does not see it.
    pub fn summary(&self, comparison: &Comparison, zone: &jiff::tz::TimeZone) -> String {
        let mut parts = vec!["Connections to PostgreSQL.".to_owned()];
        let sides = [("Before", &comparison.before), ("After", &comparison.after)];
        parts.extend(sides.into_iter().filter_map(|(name, side)| {
            let side = side.as_ref()?;
            let (median, peak, refused) = (side.median, side.peak, side.refused);
            Some(format!("{name}: median {median}, peak {peak}, {refused} refused."))
        }));
        parts.extend(self.limit.map(|limit| format!("Limit {limit}.")));
        let at = self.switched.map(|at| clock_in(at, zone));
        parts.extend(at.map(|at| format!("Switched to the pool at {at}.")));
        parts.join(" ")
    }
}

/// What the picture spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axes {
    pub from: Timestamp,
    pub to: Timestamp,
    /// Between two lines of the grid.
    pub step: u32,
    /// The highest line.
    pub top: u32,
}

/// From times and numbers to places, in the picture's own units.
#[derive(Clone, Copy, Debug)]
pub struct Plane {
    pub left: f32,
    pub right: f32,
    pub top: f32,
    pub bottom: f32,
    pub axes: Axes,
}

impl Plane {
    pub fn x(&self, at: Timestamp) -> f32 {
        let from = scale::ms(self.axes.from);
        let span = (scale::ms(self.axes.to) - from).max(1) as f32;
        self.left + (scale::ms(at) - from) as f32 / span * (self.right - self.left)
    }

    pub fn y(&self, value: u32) -> f32 {
        self.bottom - value as f32 / self.axes.top.max(1) as f32 * (self.bottom - self.top)
    }

    /// Where the label of the switch stands: left edge and middle height, away from what is drawn there.
    pub fn switch_label(
        &self,
        chart: &Chart,
        at: Timestamp,
        width: f32,
        height: f32,
    ) -> (f32, f32) {
        const GAP: f32 = 8.0;
        let x = self.x(at);
        let fits = x + GAP + width <= self.right;
        let left = if fits { x + GAP } else { x - GAP - width };
        let taken: Vec<f32> = chart
            .points()
            .filter(|(_, point)| {
                let x = self.x(point.at);
                left - GAP <= x && x <= left + width + GAP
            })
            .map(|(_, point)| self.y(point.value))
            .collect();
        (left, self.quiet_height(height, &taken))
    }

    /// The height, of a few, that lies furthest from what is drawn there.
    fn quiet_height(&self, label: f32, taken: &[f32]) -> f32 {
        let room =
            |y: &f32| taken.iter().map(|other| (other - y).abs()).fold(f32::INFINITY, f32::min);
        let height = self.bottom - self.top;
        (1..=7)
            .map(|n| self.top + label + (height - label * 2.0) * n as f32 / 8.0)
            .max_by(|one, other| room(one).total_cmp(&room(other)))
            .unwrap_or(self.top + height / 2.0)
    }
}

/// Between two marks on a line.
const MARKS_APART: f32 = 60.0;

/// Which of these places along a line carry a mark: the first, and then no two too close.
pub fn marked(xs: impl Iterator<Item = f32>) -> impl Iterator<Item = bool> {
    let mut next = f32::NEG_INFINITY;
    xs.map(move |x| {
        let is_marked = next <= x;
        if is_marked {
            next = x + MARKS_APART;
        }
        is_marked
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane() -> Plane {
        let at = |second| Timestamp::from_second(second).unwrap();
        let axes = Axes { from: at(0), to: at(100), step: 25, top: 100 };
        Plane { left: 0.0, right: 400.0, top: 0.0, bottom: 200.0, axes }
    }

    #[test]
    fn times_run_to_the_right_and_numbers_upwards() {
        let plane = plane();
        let near = |one: f32, other: f32| (one - other).abs() < 0.01;
        assert!(near(plane.x(Timestamp::from_second(25).unwrap()), 100.0));
        assert!(near(plane.y(0), 200.0) && near(plane.y(50), 100.0) && near(plane.y(100), 0.0));
    }

    #[test]
    fn the_label_of_the_switch_keeps_away_from_the_line() {
        assert!(plane().quiet_height(16.0, &[20.0, 30.0]) > 150.0);
        assert!(plane().quiet_height(16.0, &[190.0]) < 60.0);
    }

    #[test]
    fn marks_stand_apart() {
        let marks: Vec<bool> = marked([0.0, 30.0, 60.0, 61.0, 130.0].into_iter()).collect();
        assert_eq!(marks, [true, false, true, false, true]);
    }

    #[test]
    fn the_axes_hold_the_limit_and_the_peak() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let point = |second, value| Point { at: at(second), value };
        let mut chart = Chart {
            series: [
                (Part::Before, vec![point(0, 20), point(60, 84)]),
                (Part::Meanwhile, vec![]),
                (Part::After, vec![]),
            ],
            limit: Some(97),
            switched: None,
        };
        assert_eq!(chart.axes(), Some(Axes { from: at(0), to: at(60), step: 25, top: 100 }));
        chart.series[0].1.clear();
        assert_eq!(chart.axes(), None);
    }
}
