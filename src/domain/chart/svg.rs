//! The picture as SVG, for who looks at it without the window. On light ground, in the colours of the window's light theme.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use crate::domain::{
    activity::{Activity, Part, verdict::Comparison},
    chart::{Chart, Plane, marked, scale, words},
    figures::clock_in,
    words::escaped,
};

const WIDTH: f32 = 960.0;
const HEIGHT: f32 = 430.0;
const MARGIN: f32 = 28.0;
/// Of one letter of the small type, on average: nothing measures text here.
const LETTER: f32 = 6.6;

const INK: &str = "#16202C";
const INK_2: &str = "#4A5665";
const GRID: &str = "#E3E7EC";
const LIMIT: &str = "#B3261E";

fn color(part: Part) -> &'static str {
    match part {
        Part::Before => "#A84A00",
        Part::Meanwhile => "#5A6675",
        Part::After => "#0B5FCC",
    }
}

/// The recording and its verdict as one picture.
pub fn svg(activity: &Activity, comparison: &Comparison, zone: &TimeZone) -> String {
    let chart = Chart::of(activity);
    let mut page = Page::default();
    page.line(format_args!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="Inter, sans-serif" font-size="12.5">"#
    ));
    page.line(format_args!("<title>Connections to PostgreSQL, before and after</title>"));
    page.line(format_args!("<desc>{}</desc>", escaped(&chart.summary(comparison, zone))));
    page.line(format_args!(r##"<rect width="{WIDTH}" height="{HEIGHT}" fill="#FFFFFF"/>"##));
    page.line(format_args!(
        r#"<text x="{MARGIN}" y="42" font-size="18" font-weight="600" fill="{INK}">Connections to PostgreSQL</text>"#
    ));
    let verdict = format!("{}: {}", comparison.verdict.word(), comparison.sentence());
    page.text(MARGIN, 66.0, INK, &verdict);
    page.text(MARGIN, 86.0, INK_2, &comparison.traffic().unwrap_or_default());
    page.legend(&chart);
    match chart.axes() {
        Some(axes) => {
            let plane = Plane {
                left: MARGIN + 36.0,
                right: WIDTH - MARGIN,
                top: 140.0,
                bottom: HEIGHT - 48.0,
                axes,
            };
            page.axes(&plane, zone);
            page.limit(&plane, chart.limit);
            for (part, points) in &chart.series {
                page.series(&plane, *part, points);
            }
            page.switch(&plane, &chart, zone);
        }
        None => page.text(MARGIN, 240.0, INK_2, "Nothing is recorded yet."),
    }
    page.line(format_args!("</svg>"));
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing into a String never fails.
        writeln!(self.text, "{line}").ok();
    }

    fn text(&mut self, x: f32, y: f32, ink: &str, text: &str) {
        if !text.is_empty() {
            let text = escaped(text);
            self.line(format_args!(r#"<text x="{x:.1}" y="{y:.1}" fill="{ink}">{text}</text>"#));
        }
    }

    fn anchored(&mut self, (x, y): (f32, f32), anchor: &str, ink: &str, text: &str) {
        let text = escaped(text);
        self.line(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" fill="{ink}">{text}</text>"#
        ));
    }

    fn stroke(&mut self, path: &str, color: &str, width: f32, dash: &str) {
        self.line(format_args!(
            r#"<path d="{path}" fill="none" stroke="{color}" stroke-width="{width}" stroke-linejoin="round"{dash}/>"#
        ));
    }

    fn legend(&mut self, chart: &Chart) {
        let mut x = MARGIN + 36.0;
        let y = 116.0;
        for part in chart.parts() {
            self.mark(part, x + 5.0, y - 4.5);
            self.text(x + 18.0, y, INK_2, words(part));
            x += 18.0 + words(part).len() as f32 * LETTER + 24.0;
        }
    }

    fn axes(&mut self, plane: &Plane, zone: &TimeZone) {
        let (left, right) = (plane.left, plane.right);
        for line in 0..=plane.axes.top / plane.axes.step.max(1) {
            let value = line * plane.axes.step;
            let y = plane.y(value);
            self.stroke(&format!("M{left:.1} {y:.1}H{right:.1}"), GRID, 1.0, "");
            self.anchored((left - 8.0, y + 4.0), "end", INK_2, &value.to_string());
        }
        for (at, label) in scale::clock_ticks(plane.axes.from, plane.axes.to, 7, zone) {
            let (x, bottom) = (plane.x(at), plane.bottom);
            self.stroke(&format!("M{x:.1} {bottom:.1}v4"), INK_2, 1.0, "");
            self.anchored((x, bottom + 20.0), "middle", INK_2, &label);
        }
    }

    fn limit(&mut self, plane: &Plane, limit: Option<u32>) {
        let Some(limit) = limit else { return };
        let (left, right, y) = (plane.left, plane.right, plane.y(limit));
        let dash = r#" stroke-dasharray="1.5 4""#;
        self.stroke(&format!("M{left:.1} {y:.1}H{right:.1}"), LIMIT, 1.5, dash);
        self.anchored((right, y - 6.0), "end", LIMIT, &format!("limit {limit}"));
    }

    fn series(&mut self, plane: &Plane, part: Part, points: &[scale::Point]) {
        let (width, dash) = match part {
            Part::Before => (2.0, ""),
            Part::Meanwhile => (1.5, r#" stroke-dasharray="1.5 3""#),
            Part::After => (2.0, r#" stroke-dasharray="6 4""#),
        };
        for run in scale::unbroken(points) {
            let places: Vec<(f32, f32)> =
                run.iter().map(|point| (plane.x(point.at), plane.y(point.value))).collect();
            let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
            self.stroke(&format!("M{}", path.join("L")), color(part), width, dash);
            let marks = marked(places.iter().map(|(x, _)| *x));
            for ((x, y), _) in places.iter().zip(marks).filter(|(_, is_marked)| *is_marked) {
                if part != Part::Meanwhile {
                    self.mark(part, *x, *y);
                }
            }
        }
    }

    /// A square for before, a triangle for after.
    fn mark(&mut self, part: Part, x: f32, y: f32) {
        let color = color(part);
        match part {
            Part::Before => self.line(format_args!(
                r#"<rect x="{:.1}" y="{:.1}" width="8" height="8" fill="{color}"/>"#,
                x - 4.0,
                y - 4.0
            )),
            Part::Meanwhile => {
                self.line(format_args!(r#"<circle cx="{x:.1}" cy="{y:.1}" r="2" fill="{color}"/>"#))
            }
            Part::After => self.line(format_args!(
                r#"<path d="M{x:.1} {:.1}l5 9h-10z" fill="{color}"/>"#,
                y - 5.5
            )),
        }
    }

    fn switch(&mut self, plane: &Plane, chart: &Chart, zone: &TimeZone) {
        let Some(at) = chart.switched.filter(|at| plane.axes.from <= *at && *at <= plane.axes.to)
        else {
            return;
        };
        let (x, top, bottom) = (plane.x(at), plane.top - 8.0, plane.bottom);
        let dash = r#" stroke-dasharray="4 3""#;
        self.stroke(&format!("M{x:.1} {top:.1}V{bottom:.1}"), INK_2, 1.5, dash);
        let label = format!("switched to the pool {}", clock_in(at, zone));
        let width = label.len() as f32 * LETTER;
        let (left, middle) = plane.switch_label(chart, at, width, 16.0);
        self.text(left, middle + 4.0, INK, &label);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{
        activity::{Holder, Sample, verdict::compare},
        capacity::Limits,
    };

    fn recorded() -> Activity {
        let at = |second: i64| Timestamp::from_second(51_600 + second).unwrap();
        let sample = |second, count| Sample {
            at: at(second),
            holders: vec![Holder {
                application: "shop-web".to_owned(),
                user: "app".to_owned(),
                address: None,
                state: "idle".to_owned(),
                count,
                age: None,
            }],
            commits: u64::try_from(second).unwrap() * 200,
            refused: 0,
        };
        Activity {
            limits: Some(Limits { max_connections: 100, superuser_reserved: 3, reserved: 0 }),
            samples: (0..60)
                .map(|n| sample(n, 80))
                .chain((70..130).map(|n| sample(n, 20)))
                .collect(),
            switch_began_at: Some(at(60)),
            switched_at: Some(at(65)),
            loads: Vec::new(),
        }
    }

    #[test]
    fn the_picture_holds_both_series_the_limit_the_switch_and_the_verdict() {
        let activity = recorded();
        let picture = svg(&activity, &compare(&activity, 60), &TimeZone::UTC);
        for part in [
            "Better: 60 connections fewer, no refusals",
            "limit 97",
            "switched to the pool 14:21",
            "similar traffic (200 → 200 transactions a second)",
            ">before<",
            ">after, through the pool<",
            "Before: median 80, peak 80, 0 refused.",
        ] {
            assert!(picture.contains(part), "{part} is missing in {picture}");
        }
        assert!(picture.contains(&format!("stroke=\"{}\"", color(Part::Before))));
        assert!(picture.contains("stroke-dasharray=\"6 4\""), "the second series is dashed");
    }

    #[test]
    fn without_a_recording_the_picture_says_so() {
        let activity = Activity::default();
        let picture = svg(&activity, &compare(&activity, 60), &TimeZone::UTC);
        assert!(picture.contains("Nothing is recorded yet."));
        assert!(picture.ends_with("</svg>\n"));
    }
}
