//! How the person wants the window: looks, size of text, motion, keys, how long a copied secret stays, and the way to the web.

use std::time::Duration;

use crate::domain::proxy::Proxy;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub look: Look,
    pub text: TextSize,
    pub motion: Motion,
    /// `T` in a chart, and others of one letter.
    pub letter_keys: bool,
    pub copies_stay: CopiesStay,
    /// The connection test runs when its page is opened for the first time.
    pub tests_start: bool,
    pub proxy: Proxy,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            look: Look::System,
            text: TextSize::default(),
            motion: Motion::System,
            letter_keys: true,
            copies_stay: CopiesStay::Minute,
            tests_start: true,
            proxy: Proxy::System,
        }
    }
}

/// Colours of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// As the desktop has it, live.
    System,
    Light,
    Dark,
    ContrastLight,
    ContrastDark,
}

impl Look {
    pub const ALL: [Self; 5] =
        [Self::System, Self::Light, Self::Dark, Self::ContrastLight, Self::ContrastDark];

    /// The word in the settings file.
    pub fn key(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
            Self::ContrastLight => "high-contrast-light",
            Self::ContrastDark => "high-contrast-dark",
        }
    }
}

/// Fades between two states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    System,
    /// None, whatever the desktop says.
    Reduced,
    Full,
}

impl Motion {
    pub const ALL: [Self; 3] = [Self::System, Self::Reduced, Self::Full];

    /// The word in the settings file.
    pub fn key(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Reduced => "reduced",
            Self::Full => "full",
        }
    }
}

/// How long a copied secret stays on the clipboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopiesStay {
    HalfMinute,
    Minute,
    FiveMinutes,
}

impl CopiesStay {
    pub const ALL: [Self; 3] = [Self::HalfMinute, Self::Minute, Self::FiveMinutes];

    pub fn length(self) -> Duration {
        Duration::from_secs(self.seconds().unsigned_abs())
    }

    /// The number in the settings file.
    pub fn seconds(self) -> i64 {
        match self {
            Self::HalfMinute => 30,
            Self::Minute => 60,
            Self::FiveMinutes => 300,
        }
    }
}

/// Per cent of the usual size: 100 to 200, in tens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextSize(u16);

impl Default for TextSize {
    fn default() -> Self {
        Self(100)
    }
}

impl TextSize {
    const STEP: u16 = 10;

    pub fn all() -> impl Iterator<Item = Self> {
        (100..=200).step_by(usize::from(Self::STEP)).map(Self)
    }

    pub fn of_percent(percent: i64) -> Option<Self> {
        Self::all().find(|size| i64::from(size.0) == percent)
    }

    pub fn percent(self) -> u16 {
        self.0
    }

    pub fn factor(self) -> f32 {
        f32::from(self.0) / 100.0
    }

    pub fn larger(self) -> Self {
        Self(self.0.saturating_add(Self::STEP).min(200))
    }

    pub fn smaller(self) -> Self {
        Self(self.0.saturating_sub(Self::STEP).max(100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_between_its_usual_size_and_twice_that() {
        let usual = TextSize::default();
        assert_eq!(usual.smaller(), usual);
        let largest = (0..20).fold(usual, |size, _| size.larger());
        assert_eq!((largest.percent(), largest.factor()), (200, 2.0));
        assert_eq!(largest.smaller().percent(), 190);
        assert_eq!(TextSize::of_percent(105), None);
    }
}
