//! Every colour, size and font of the window: tokens per theme, and egui's style made from them.

#![expect(clippy::unreadable_literal, reason = "colours stand as they do in every other tool")]

use std::sync::Arc;

use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow,
    Stroke, Style, TextStyle, Visuals, vec2,
};

use crate::domain::{cluster::Environment, typeface};

/// Colours by role. Text has at least 4.5 : 1 on its ground, edges and icons 3 : 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    pub bg: Color32,
    /// Cards.
    pub surface: Color32,
    /// Code, table heads, the edge of cards.
    pub raised: Color32,
    pub text: Color32,
    pub text_2: Color32,
    /// Edges of inputs.
    pub edge: Color32,
    /// Also links and the focus ring.
    pub accent: Color32,
    pub on_accent: Color32,
    pub success: Tone,
    pub warning: Tone,
    pub danger: Tone,
    pub info: Tone,
    /// Not started.
    pub idle: Color32,
    /// Squares, solid line.
    pub chart_before: Color32,
    /// Triangles, dashed line.
    pub chart_after: Color32,
    production: Color32,
    staging: Color32,
    development: Color32,
    practice: Color32,
    /// Hairlines and the edges of cards.
    line: Color32,
    /// High contrast: edges of two points stand in the place of tints.
    contrast: bool,
}

/// A status colour and the tint it stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tone {
    pub text: Color32,
    pub ground: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

const fn tone(text: u32, ground: u32) -> Tone {
    Tone { text: rgb(text), ground: rgb(ground) }
}

pub const LIGHT: Theme = Theme {
    bg: rgb(0xF6F7F9),
    surface: rgb(0xFFFFFF),
    raised: rgb(0xEDF0F4),
    text: rgb(0x16202C),
    text_2: rgb(0x4A5665),
    edge: rgb(0x76818F),
    accent: rgb(0x0B5FCC),
    on_accent: rgb(0xFFFFFF),
    success: tone(0x14693A, 0xE5F4EA),
    warning: tone(0x8A4B00, 0xFFF3DC),
    danger: tone(0xB3261E, 0xFCEBE9),
    info: tone(0x0B5FCC, 0xE6F0FD),
    idle: rgb(0x5A6675),
    chart_before: rgb(0xA84A00),
    chart_after: rgb(0x0B5FCC),
    production: rgb(0xA61B1B),
    staging: rgb(0x8A4B00),
    development: rgb(0x0E6470),
    practice: rgb(0x4A5665),
    line: rgb(0xEDF0F4),
    contrast: false,
};

pub const DARK: Theme = Theme {
    bg: rgb(0x12161C),
    surface: rgb(0x1A2029),
    raised: rgb(0x252D38),
    text: rgb(0xE8EDF3),
    text_2: rgb(0xAAB5C3),
    edge: rgb(0x7F8B9B),
    accent: rgb(0x7DB2FF),
    on_accent: rgb(0x0B1A2E),
    success: tone(0x6FCF91, 0x14301F),
    warning: tone(0xF3BC55, 0x36290E),
    danger: tone(0xFF9088, 0x3B1816),
    info: tone(0x7DB2FF, 0x132A47),
    idle: rgb(0x98A4B3),
    chart_before: rgb(0xF3A35C),
    chart_after: rgb(0x7DB2FF),
    production: rgb(0xC53030),
    staging: rgb(0x8A5A00),
    development: rgb(0x12788A),
    practice: rgb(0x5C6879),
    line: rgb(0x252D38),
    contrast: false,
};

/// At least 7 : 1 for all text.
pub const CONTRAST_LIGHT: Theme = Theme {
    bg: rgb(0xFFFFFF),
    surface: rgb(0xFFFFFF),
    raised: rgb(0xECECEC),
    text: rgb(0x000000),
    text_2: rgb(0x262B33),
    edge: rgb(0x000000),
    accent: rgb(0x0A3F8F),
    on_accent: rgb(0xFFFFFF),
    success: tone(0x0B4A25, 0xFFFFFF),
    warning: tone(0x5C3200, 0xFFFFFF),
    danger: tone(0x8A0F0A, 0xFFFFFF),
    info: tone(0x0A3F8F, 0xFFFFFF),
    idle: rgb(0x333B47),
    chart_before: rgb(0x7A3200),
    chart_after: rgb(0x0A3F8F),
    production: rgb(0x8F1010),
    staging: rgb(0x5C3200),
    development: rgb(0x084A54),
    practice: rgb(0x333B47),
    line: rgb(0x000000),
    contrast: true,
};

pub const CONTRAST_DARK: Theme = Theme {
    bg: rgb(0x000000),
    surface: rgb(0x000000),
    raised: rgb(0x1E1E1E),
    text: rgb(0xFFFFFF),
    text_2: rgb(0xE2E6EB),
    edge: rgb(0xFFFFFF),
    accent: rgb(0x9CC4FF),
    on_accent: rgb(0x000000),
    success: tone(0x7CE79B, 0x000000),
    warning: tone(0xFFC94D, 0x000000),
    danger: tone(0xFFA39B, 0x000000),
    info: tone(0x9CC4FF, 0x000000),
    idle: rgb(0xC9D0D9),
    chart_before: rgb(0xFFB370),
    chart_after: rgb(0x9CC4FF),
    production: rgb(0x8F1010),
    staging: rgb(0x5C3200),
    development: rgb(0x084A54),
    practice: rgb(0x333B47),
    line: rgb(0xFFFFFF),
    contrast: true,
};

const THEMES: [&Theme; 4] = [&LIGHT, &DARK, &CONTRAST_LIGHT, &CONTRAST_DARK];

impl Theme {
    /// The tokens of the theme that `ui` is drawn in.
    pub fn of(ui: &egui::Ui) -> &'static Self {
        let ground = ui.visuals().panel_fill;
        // Each has a ground of its own.
        THEMES.into_iter().find(|theme| theme.bg == ground).unwrap_or(&LIGHT)
    }

    /// Around what can be pressed but is not a field.
    pub fn line(&self) -> Color32 {
        self.line
    }

    /// Between parts, and around cards.
    pub fn hairline(&self) -> Stroke {
        Stroke::new(if self.contrast { 2.0 } else { 1.0 }, self.line)
    }

    /// Between the rows of a table, and behind a chart.
    pub fn rule(&self) -> Stroke {
        Stroke::new(1.0, self.line)
    }

    /// What tells a tinted part from its surroundings where tints are not used.
    pub fn tint_edge(&self, tone: Tone) -> Stroke {
        if self.contrast { Stroke::new(2.0, tone.text) } else { Stroke::NONE }
    }

    /// Band and pill of an environment. Never used for a status.
    pub fn environment(&self, environment: Environment) -> Color32 {
        match environment {
            Environment::Production => self.production,
            Environment::Staging => self.staging,
            Environment::Development => self.development,
            Environment::Practice => self.practice,
        }
    }
}

/// Spacing on the 8-point grid.
pub mod gap {
    pub const XS: f32 = 4.0;
    pub const S: f32 = 8.0;
    pub const M: f32 = 12.0;
    pub const L: f32 = 16.0;
    pub const XL: f32 = 24.0;
    pub const XXL: f32 = 32.0;
}

pub const CONTENT_WIDTH: f32 = 820.0;
pub const FORM_WIDTH: f32 = 560.0;
pub const RAIL_WIDTH: f32 = 232.0;
/// Below this the rail becomes a bar on top.
pub const RAIL_FOLDS_BELOW: f32 = 1040.0;
pub const HEADER_HEIGHT: f32 = 56.0;
pub const FOOTER_HEIGHT: f32 = 64.0;
pub const BAND_HEIGHT: f32 = 6.0;
/// Fades, in seconds. None under reduced motion.
pub const FADE: f32 = 0.15;
pub const CARD_RADIUS: u8 = 8;
pub const CONTROL_RADIUS: u8 = 6;

/// Roles of type that egui has no name for.
pub mod role {
    use egui::TextStyle;

    pub fn card_title() -> TextStyle {
        TextStyle::Name("card title".into())
    }

    /// The verdict and its numbers.
    pub fn figure() -> TextStyle {
        TextStyle::Name("figure".into())
    }

    /// Body text in medium weight.
    pub fn strong() -> TextStyle {
        TextStyle::Name("strong".into())
    }
}

fn medium() -> FontFamily {
    FontFamily::Name("medium".into())
}

fn semibold() -> FontFamily {
    FontFamily::Name("semibold".into())
}

/// Fonts and both styles; once, when the window is made.
pub fn install(ctx: &Context) {
    ctx.set_fonts(fonts());
    ctx.all_styles_mut(shape);
    use_contrast(ctx, false);
}

/// Paints both styles in their ordinary colours, or in high contrast.
pub fn use_contrast(ctx: &Context, high: bool) {
    let (light, dark) = if high { (&CONTRAST_LIGHT, &CONTRAST_DARK) } else { (&LIGHT, &DARK) };
    ctx.style_mut_of(egui::Theme::Light, |style| paint(style, light));
    ctx.style_mut_of(egui::Theme::Dark, |style| paint(style, dark));
}

/// How much of its colour what can't be used keeps. It is still read.
const DISABLED: f32 = 0.9;

/// The families that the window is drawn with.
pub fn families() -> [FontFamily; 4] {
    [FontFamily::Proportional, medium(), semibold(), FontFamily::Monospace]
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let bundled: [(&str, &'static [u8]); 4] = [
        ("Inter", typeface::INTER),
        ("Inter Medium", typeface::INTER_MEDIUM),
        ("Inter SemiBold", typeface::INTER_SEMIBOLD),
        ("JetBrains Mono", typeface::JETBRAINS_MONO),
    ];
    for (name, bytes) in bundled {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let fallback = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let with = |first: &str| {
        std::iter::once(first.to_owned())
            .chain(std::iter::once("Inter".to_owned()))
            .chain(fallback.iter().cloned())
            .collect::<Vec<_>>()
    };
    fonts.families.insert(FontFamily::Proportional, with("Inter"));
    fonts.families.insert(medium(), with("Inter Medium"));
    fonts.families.insert(semibold(), with("Inter SemiBold"));
    fonts.families.entry(FontFamily::Monospace).or_default().insert(0, "JetBrains Mono".to_owned());
    fonts
}

/// What does not depend on the colours.
fn shape(style: &mut Style) {
    style.text_styles = [
        (TextStyle::Heading, FontId::new(22.0, semibold())),
        (role::card_title(), FontId::new(16.0, semibold())),
        (role::figure(), FontId::new(28.0, semibold())),
        (role::strong(), FontId::new(14.0, medium())),
        (TextStyle::Body, FontId::new(14.0, FontFamily::Proportional)),
        (TextStyle::Button, FontId::new(14.0, medium())),
        (TextStyle::Monospace, FontId::new(13.0, FontFamily::Monospace)),
        (TextStyle::Small, FontId::new(12.5, FontFamily::Proportional)),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(gap::S, gap::S);
    spacing.button_padding = vec2(14.0, 6.0);
    spacing.interact_size = vec2(40.0, 32.0);
    spacing.text_edit_width = 360.0;
    spacing.combo_width = 200.0;
    spacing.icon_width = 18.0;
    spacing.icon_width_inner = 10.0;
    spacing.window_margin = Margin::same(16);
    spacing.menu_margin = Margin::same(6);
    style.interaction.selectable_labels = true;
    style.animation_time = FADE;
    style.visuals.text_cursor.blink = false;
}

fn paint(style: &mut Style, theme: &Theme) {
    let dark = *theme == DARK || *theme == CONTRAST_DARK;
    let mut visuals = if dark { Visuals::dark() } else { Visuals::light() };
    visuals.text_cursor.blink = false;
    visuals.disabled_alpha = DISABLED;
    visuals.panel_fill = theme.bg;
    visuals.window_fill = theme.surface;
    visuals.extreme_bg_color = theme.surface;
    visuals.text_edit_bg_color = Some(theme.surface);
    visuals.faint_bg_color = theme.raised;
    visuals.code_bg_color = theme.raised;
    visuals.hyperlink_color = theme.accent;
    visuals.weak_text_color = Some(theme.text_2);
    visuals.error_fg_color = theme.danger.text;
    visuals.warn_fg_color = theme.warning.text;
    visuals.selection.bg_fill = if dark { rgb(0x29478A) } else { rgb(0xCFDFFF) };
    // The outline of a focused text field.
    visuals.selection.stroke = Stroke::new(2.0, theme.accent);
    visuals.window_corner_radius = CornerRadius::same(10);
    visuals.menu_corner_radius = CornerRadius::same(8);
    visuals.window_stroke = theme.hairline();
    visuals.window_shadow = Shadow {
        offset: [0, 8],
        blur: 24,
        spread: 0,
        color: Color32::from_black_alpha(if dark { 120 } else { 40 }),
    };
    visuals.popup_shadow = visuals.window_shadow;
    let widgets = &mut visuals.widgets;
    widgets.noninteractive.bg_fill = theme.surface;
    widgets.noninteractive.weak_bg_fill = theme.surface;
    widgets.noninteractive.bg_stroke = theme.hairline();
    widgets.noninteractive.fg_stroke = Stroke::new(1.0, theme.text);
    widgets.inactive.bg_fill = theme.raised;
    widgets.inactive.weak_bg_fill = theme.surface;
    widgets.inactive.bg_stroke = Stroke::new(1.0, theme.edge);
    widgets.inactive.fg_stroke = Stroke::new(1.0, theme.text);
    widgets.hovered.bg_fill = theme.raised;
    widgets.hovered.weak_bg_fill = theme.raised;
    widgets.hovered.bg_stroke = Stroke::new(1.0, theme.text_2);
    widgets.hovered.fg_stroke = Stroke::new(1.0, theme.text);
    // Pressed, and focused by keyboard: the focus ring.
    widgets.active.bg_fill = theme.info.ground;
    widgets.active.weak_bg_fill = theme.info.ground;
    widgets.active.bg_stroke = Stroke::new(2.0, theme.accent);
    widgets.active.fg_stroke = Stroke::new(1.0, theme.text);
    widgets.open.bg_fill = theme.raised;
    widgets.open.weak_bg_fill = theme.surface;
    widgets.open.bg_stroke = Stroke::new(1.0, theme.edge);
    widgets.open.fg_stroke = Stroke::new(1.0, theme.text);
    for widget in [
        &mut widgets.noninteractive,
        &mut widgets.inactive,
        &mut widgets.hovered,
        &mut widgets.active,
        &mut widgets.open,
    ] {
        widget.corner_radius = CornerRadius::same(CONTROL_RADIUS);
        widget.expansion = 0.0;
    }
    style.visuals = visuals;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, WCAG 2.2.
    fn luminance(color: Color32) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    fn contrast(one: Color32, other: Color32) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn text_is_readable_and_edges_are_seen_in_every_theme() {
        for theme in THEMES {
            let text = if theme.contrast { 7.0 } else { 4.5 };
            let grounds = [theme.bg, theme.surface, theme.raised];
            let tones = [theme.success, theme.warning, theme.danger, theme.info];
            let on_grounds = [theme.text, theme.text_2]
                .into_iter()
                .flat_map(|ink| grounds.map(|ground| (ink, ground)));
            let on_tints = tones.into_iter().flat_map(|tone| {
                [theme.text, tone.text].into_iter().map(move |ink| (ink, tone.ground))
            });
            let status = tones
                .into_iter()
                .map(|tone| tone.text)
                .chain([theme.accent])
                .flat_map(|ink| [theme.bg, theme.surface].map(|ground| (ink, ground)));
            let bands = Environment::ALL.map(|it| (Color32::WHITE, theme.environment(it)));
            let filled = [(theme.on_accent, theme.accent), (theme.surface, theme.danger.text)];
            let toast = [(theme.surface, theme.text)];
            for (ink, ground) in
                on_grounds.chain(on_tints).chain(status).chain(bands).chain(filled).chain(toast)
            {
                let found = contrast(ink, ground);
                assert!(text <= found, "{ink:?} on {ground:?}: {found:.2}");
            }
            let seen = [theme.edge, theme.idle, theme.chart_before, theme.chart_after];
            for mark in seen {
                for ground in [theme.bg, theme.surface] {
                    let found = contrast(mark, ground);
                    assert!(3.0 <= found, "{mark:?} on {ground:?}: {found:.2}");
                }
            }
            if theme.contrast {
                assert!(7.0 <= contrast(theme.line, theme.bg));
            }
        }
    }

    #[test]
    fn what_can_not_be_used_is_still_read() {
        for theme in THEMES {
            for ground in [theme.bg, theme.surface] {
                for ink in [theme.text, theme.text_2, theme.accent] {
                    let found = contrast(ground.lerp_to_gamma(ink, DISABLED), ground);
                    assert!(4.5 <= found, "{ink:?} on {ground:?}: {found:.2}");
                }
            }
        }
    }

    #[test]
    fn a_theme_is_known_by_its_ground() {
        let grounds: Vec<Color32> = THEMES.iter().map(|theme| theme.bg).collect();
        for (place, ground) in grounds.iter().enumerate() {
            assert!(!grounds[..place].contains(ground));
        }
    }
}
