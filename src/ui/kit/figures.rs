//! Numbers in columns: digits of one width; clock times of this computer.

use std::time::Duration;

use egui::{Color32, TextFormat, TextStyle, Ui, text::LayoutJob};
use jiff::{Timestamp, tz::TimeZone};

use crate::domain::figures::clock_in;

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

/// `14:31:05`, where minutes are too coarse.
pub fn clock_with_seconds(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

/// How long ago: `20 min`, `2 h`, `3 days`.
pub fn ago(age: Duration) -> String {
    match age.as_secs() / 60 {
        minutes @ 0..60 => format!("{minutes} min"),
        minutes @ 60..2880 => format!("{} h", minutes / 60),
        minutes => format!("{} days", minutes / 1440),
    }
}

/// `Tuesday 25 November, 02:00`, in this computer's time zone.
pub fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%A %-d %B, %H:%M").to_string()
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
}
