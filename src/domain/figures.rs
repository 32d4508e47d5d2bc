//! Numbers in words: clock times, durations, counts.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

/// `14:31`, in the reader's time zone.
pub fn clock_in(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M").to_string()
}

/// `14:31:05`, where minutes are too coarse.
pub fn clock_with_seconds(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

/// How long a step of work took: `< 0.1 ms`, `0.4 ms`, `24 ms`, `1.2 s`, `2 min 14 s`.
pub fn took(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1000.0;
    if ms < 0.05 {
        "< 0.1 ms".to_owned()
    } else if ms < 1.0 {
        format!("{ms:.1} ms")
    } else if ms < 999.5 {
        format!("{ms:.0} ms")
    } else if ms < 9_950.0 {
        format!("{:.1} s", ms / 1000.0)
    } else {
        lasted(duration)
    }
}

/// A longer time in whole seconds: `45 s`, `2 min 14 s`, `1 h 5 min`.
pub fn lasted(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, seconds) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// `1 file`, `2 files`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// What becomes of a file's lines: `+1 line`, `+2 −1 lines`.
pub fn lines(added: usize, removed: usize) -> String {
    match (added, removed) {
        (1, 0) => "+1 line".to_owned(),
        (added, 0) => format!("+{added} lines"),
        (added, removed) => format!("+{added} −{removed} lines"),
    }
}

/// The smallest time that so many percent of `sorted` do not exceed: the nearest rank.
pub fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_unit_that_suits_them() {
        let of = |ms| took(Duration::from_millis(ms));
        assert_eq!(took(Duration::from_micros(20)), "< 0.1 ms");
        assert_eq!(took(Duration::from_micros(420)), "0.4 ms");
        assert_eq!(
            [of(9), of(24), of(999), of(1_200), of(12_000), of(134_000)],
            ["9 ms", "24 ms", "999 ms", "1.2 s", "12 s", "2 min 14 s"]
        );
        assert_eq!(lasted(Duration::from_secs(3_900)), "1 h 5 min");
        assert_eq!(lasted(Duration::from_secs(120)), "2 min");
    }

    #[test]
    fn a_clock_time_is_told_in_the_zone_of_the_reader() {
        let at = Timestamp::from_second(52_265).unwrap();
        assert_eq!(clock_in(at, &TimeZone::UTC), "14:31");
        assert_eq!(clock_with_seconds(at, &TimeZone::fixed(jiff::tz::offset(2))), "16:31:05");
    }

    #[test]
    fn a_percentile_is_a_time_that_was_measured() {
        let times: Vec<Duration> = (1..=19).map(Duration::from_millis).collect();
        let ms = |percent| percentile(&times, percent).as_millis();
        assert_eq!([ms(50), ms(95), ms(100)], [10, 19, 19]);
        assert_eq!(percentile(&[], 95), Duration::ZERO);
    }
}
