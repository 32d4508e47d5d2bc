//! Numbers in columns: digits of one width, clock times, durations.

use std::time::Duration;

use egui::{Color32, TextFormat, TextStyle, Ui, text::LayoutJob};
use jiff::{Timestamp, tz::TimeZone};

/// `text` with every digit as wide as a zero, so that numbers below each other line up.
/// Inter's digits differ in width, and egui can't ask a font for its tabular ones.
pub fn figures(ui: &Ui, text: &str, style: &TextStyle, color: Color32) -> LayoutJob {
    let font = style.resolve(ui.style());
    let format = TextFormat::simple(font.clone(), color);
    let mut job = LayoutJob::default();
    let mut trailing = 0.0;
    for piece in pieces(text) {
        let digit = piece.chars().next().filter(char::is_ascii_digit);
        let spare = digit.map_or(0.0, |digit| {
            ui.fonts_mut(|fonts| fonts.glyph_width(&font, '0') - fonts.glyph_width(&font, digit))
                .max(0.0)
        });
        job.append(piece, trailing + spare / 2.0, format.clone());
        trailing = spare / 2.0;
    }
    job
}

/// Single digits, and what stands between them.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(|c: char| c.is_ascii_digit()).flat_map(|piece| {
        let digit = piece.chars().next_back().filter(char::is_ascii_digit);
        let end = piece.len() - digit.map_or(0, char::len_utf8);
        let (before, digit) = piece.split_at_checked(end).unwrap_or((piece, ""));
        [before, digit].into_iter().filter(|piece| !piece.is_empty())
    })
}

/// `14:31`, in this computer's time zone.
pub fn clock(at: Timestamp) -> String {
    clock_in(at, &TimeZone::system())
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_alone_and_nothing_is_lost() {
        let found: Vec<&str> = pieces("a12 ms → 3").collect();
        assert_eq!(found, ["a", "1", "2", " ms → ", "3"]);
        assert_eq!(pieces("").count(), 0);
        assert_eq!(pieces("no digits").collect::<Vec<_>>(), ["no digits"]);
    }

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
}
