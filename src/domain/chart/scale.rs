//! The arithmetic of the chart: round ticks, thinning, gaps.

use jiff::{Timestamp, tz::TimeZone};

use crate::domain::figures::{clock_in, clock_with_seconds};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    pub at: Timestamp,
    pub value: u32,
}

/// At most `most` points that keep every high and low: of each run of neighbours its lowest and its highest.
pub fn thin(points: &[Point], most: usize) -> Vec<Point> {
    if points.len() <= most {
        return points.to_vec();
    }
    let run = points.len().div_ceil((most / 2).max(1));
    points
        .chunks(run)
        .flat_map(|run| {
            let low = run.iter().enumerate().min_by_key(|(_, point)| point.value);
            let high = run.iter().enumerate().max_by_key(|(_, point)| point.value);
            let mut kept: Vec<(usize, Point)> =
                low.into_iter().chain(high).map(|(index, point)| (index, *point)).collect();
            kept.sort_unstable_by_key(|(index, _)| *index);
            kept.dedup_by_key(|(index, _)| *index);
            kept.into_iter().map(|(_, point)| point)
        })
        .collect()
}

/// Cuts a series where nothing was recorded for longer than three times the usual step.
pub fn unbroken(points: &[Point]) -> Vec<&[Point]> {
    let mut steps: Vec<i64> = points
        .windows(2)
        .filter_map(|pair| Some(ms(pair.last()?.at) - ms(pair.first()?.at)))
        .collect();
    steps.sort_unstable();
    let usual = steps.get(steps.len() / 2).copied().unwrap_or(0);
    points.chunk_by(|one, next| ms(next.at) - ms(one.at) <= usual * 3).collect()
}

/// Between two lines of the grid: 1, 2, 5, 10, 25, …, so that at most five lie above zero.
pub fn value_step(most: u32) -> u32 {
    let mut step = 1;
    for (index, factor) in
        [2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000].into_iter().enumerate()
    {
        if most <= step * 5 && (index == 0 || most.div_ceil(step) <= 5) {
            break;
        }
        step = factor;
    }
    step
}

/// Clock times for the axis: round in the reader's zone, at most `most` of them, with their labels.
pub fn clock_ticks(
    from: Timestamp,
    to: Timestamp,
    most: usize,
    zone: &TimeZone,
) -> Vec<(Timestamp, String)> {
    const STEPS: [i64; 15] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600];
    let span = (to.as_second() - from.as_second()).max(1);
    let most = i64::try_from(most.max(1)).unwrap_or(1);
    let step = STEPS.into_iter().find(|step| span / step <= most).unwrap_or(86_400);
    let offset = i64::from(zone.to_offset(from).seconds());
    let first = (from.as_second() + offset).div_euclid(step) * step - offset;
    let label = |at| if step < 60 { clock_with_seconds(at, zone) } else { clock_in(at, zone) };
    (0..=most + 1)
        .filter_map(|n| Timestamp::from_second(first + n * step).ok())
        .filter(|at| from <= *at && *at <= to)
        .map(|at| (at, label(at)))
        .collect()
}

pub fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(second: i64, value: u32) -> Point {
        Point { at: Timestamp::from_second(second).unwrap(), value }
    }

    #[test]
    fn thinning_keeps_the_peak_and_the_order() {
        let mut points: Vec<Point> = (0..5000).map(|n| point(n, 20)).collect();
        points[3333].value = 97;
        points[3334].value = 1;
        let thin = thin(&points, 400);
        assert!(thin.len() <= 400);
        assert!(thin.contains(&point(3333, 97)) && thin.contains(&point(3334, 1)));
        assert!(thin.is_sorted_by_key(|point| point.at));
    }

    #[test]
    fn a_few_points_stay_as_they_are() {
        let points = [point(0, 1), point(1, 2)];
        assert_eq!(thin(&points, 400), points);
    }

    #[test]
    fn a_pause_in_the_recording_breaks_the_line() {
        let points = [0, 1, 2, 3, 30, 31].map(|second| point(second, 5));
        let lengths: Vec<usize> = unbroken(&points).into_iter().map(<[Point]>::len).collect();
        assert_eq!(lengths, [4, 2]);
        assert!(unbroken(&[]).is_empty());
    }

    #[test]
    fn steps_of_the_grid_are_round_and_few() {
        let found = [0, 4, 7, 22, 25, 50, 84, 100, 197, 397, 997].map(value_step);
        assert_eq!(found, [1, 1, 2, 5, 5, 10, 25, 25, 50, 100, 250]);
    }

    #[test]
    fn clock_ticks_are_round_in_the_reader_s_zone() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let labels = |from, to, zone: &TimeZone| -> Vec<String> {
            clock_ticks(at(from), at(to), 5, zone).into_iter().map(|(_, label)| label).collect()
        };
        let minutes = labels(51_600 - 20, 51_600 + 1400, &TimeZone::UTC);
        assert_eq!(minutes, ["14:20", "14:25", "14:30", "14:35", "14:40"]);
        let half_hours = TimeZone::fixed(jiff::tz::Offset::from_seconds(19_800).unwrap());
        assert_eq!(labels(0, 3600 * 4, &half_hours), ["06:00", "07:00", "08:00", "09:00"]);
        assert_eq!(
            labels(3, 12, &TimeZone::UTC),
            ["00:00:04", "00:00:06", "00:00:08", "00:00:10", "00:00:12"]
        );
    }
}
