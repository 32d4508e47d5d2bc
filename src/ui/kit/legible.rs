//! Signs in the output of programs that no font of ours has: a like one is drawn in the place of each.

use std::borrow::Cow;

use egui::{FontId, Ui};

/// The text for the eye. What is copied and what a screen reader says stays as it came.
pub(super) fn legible<'a>(ui: &Ui, text: &'a str, font: &FontId) -> Cow<'a, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let has = |sign| ui.fonts_mut(|fonts| fonts.has_glyph(font, sign));
    Cow::Owned(drawn(text, has))
}

fn drawn(text: &str, has: impl Fn(char) -> bool) -> String {
    let draw = |sign: char| match sign {
        '✔' | '✅' | '☑' => Some('✓'),
        '✖' | '✘' | '❌' => Some('✗'),
        'ℹ' => Some('i'),
        // They choose between forms of the sign before, or tie it to the next.
        '\u{fe0e}' | '\u{fe0f}' | '\u{200d}' => None,
        // Letters of other scripts are the system's to draw.
        sign if is_picture(sign) && !has(sign) => Some('•'),
        sign => Some(sign),
    };
    text.chars().filter_map(draw).collect()
}

/// Arrows, dingbats, the turning dots of a spinner, emoji.
fn is_picture(sign: char) -> bool {
    matches!(sign, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_like_sign_stands_in_the_place_of_one_that_no_font_has() {
        let has = |sign| sign == '→';
        for (text, eye) in [
            ("✔ Compiled → /dist", "✓ Compiled → /dist"),
            ("❌ failed, ✔️ kept", "✗ failed, ✓ kept"),
            ("⠙ Building 🚀 ready", "• Building • ready"),
            ("データベース ä", "データベース ä"),
        ] {
            assert_eq!(drawn(text, has), eye);
        }
    }
}
