//! Buttons: one primary per page, secondary, links, and "Copy" that says so.

use std::time::Duration;

use egui::{
    Align2, Button, Color32, Response, RichText, Role, Sense, Stroke, StrokeKind, TextStyle, Ui,
    Vec2, Widget as _, WidgetInfo,
    text::{LayoutJob, TextWrapping},
    vec2,
};

use crate::ui::{
    kit::{Icon, focus_ring, paint_icon},
    theme::{CONTROL_RADIUS, Theme, gap},
};

/// What the page is for: verb and object. 40 points high.
pub fn primary_button(ui: &mut Ui, text: &str, enabled: bool) -> Response {
    filled(ui, text, enabled, vec2(120.0, 40.0))
}

/// A filled button of ordinary height: the main fix of a problem.
pub(super) fn fix_button(ui: &mut Ui, text: &str, enabled: bool) -> Response {
    filled(ui, text, enabled, vec2(0.0, 32.0))
}

fn filled(ui: &mut Ui, text: &str, enabled: bool, min_size: Vec2) -> Response {
    let theme = Theme::of(ui);
    let response = ui
        .scope(|ui| {
            let visuals = ui.visuals_mut();
            // The reason stands beside a disabled button, so both stay readable.
            visuals.disabled_alpha = 1.0;
            let shades = [
                (&mut visuals.widgets.inactive, 0.0),
                (&mut visuals.widgets.noninteractive, 0.0),
                (&mut visuals.widgets.hovered, 0.12),
                (&mut visuals.widgets.active, 0.2),
            ];
            for (widget, shade) in shades {
                let (fill, ink) = if enabled {
                    (theme.accent.lerp_to_gamma(theme.text, shade), theme.on_accent)
                } else {
                    (theme.raised, theme.text_2)
                };
                widget.weak_bg_fill = fill;
                widget.bg_stroke = Stroke::NONE;
                widget.fg_stroke = Stroke::new(1.0, ink);
            }
            ui.spacing_mut().button_padding.x = 18.0;
            ui.add_enabled(enabled, Button::new(text).min_size(min_size).truncate())
        })
        .inner;
    focus_ring(ui, &response);
    response
}

/// An action beside the primary one.
pub fn secondary_button(ui: &mut Ui, text: &str) -> Response {
    if ui.is_enabled() {
        Button::new(text).ui(ui)
    } else {
        let theme = Theme::of(ui);
        let text = RichText::new(text).color(theme.text_2);
        Button::new(text).fill(theme.raised).stroke(Stroke::NONE).ui(ui)
    }
}

/// An action that takes something away. Edge and text in the colour of danger, not filled.
pub fn danger_button(ui: &mut Ui, text: &str) -> Response {
    let theme = Theme::of(ui);
    Button::new(RichText::new(text).color(theme.danger.text))
        .stroke(Stroke::new(1.0, theme.danger.text))
        .ui(ui)
}

/// An action without an edge.
pub fn link_button(ui: &mut Ui, text: &str) -> Response {
    link_of(ui, text, text)
}

/// One of several with the same text: `name` tells it from the others where what stands around it is not seen.
pub fn link_of(ui: &mut Ui, text: &str, name: &str) -> Response {
    let theme = Theme::of(ui);
    let font = TextStyle::Button.resolve(ui.style());
    let galley = ui.painter().layout(text.to_owned(), font, theme.accent, ui.available_width());
    let size = vec2(galley.size().x, galley.size().y.max(28.0));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    let at = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), rect);
    if response.hovered() {
        let line = Stroke::new(1.0, theme.accent);
        ui.painter().hline(at.x_range(), at.bottom() + 0.5, line);
    }
    ui.painter().galley(at.min, galley, theme.accent);
    focus_ring(ui, &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// An action without an edge, in the colour of secondary text.
pub fn quiet_button(ui: &mut Ui, text: &str) -> Response {
    let text = RichText::new(text).color(Theme::of(ui).text_2);
    Button::new(text).frame_when_inactive(false).ui(ui)
}

/// How long "Copied" stands.
const SAID: Duration = Duration::from_secs(2);

/// Copies something. `name` says what, for those who do not see what stands beside it: "Copy pooled URL".
/// Says "Copied" for two seconds, in the same width.
pub fn copy_button(ui: &mut Ui, label: &str, name: &str) -> bool {
    let id = ui.next_auto_id().with("copied");
    let now = ui.input(|input| input.time);
    let copied_at: Option<f64> = ui.data(|data| data.get_temp(id));
    let left = copied_at.map_or(0.0, |at| at + SAID.as_secs_f64() - now);
    let said = 0.0 < left;
    let theme = Theme::of(ui);
    let text = RichText::new(if said { "Copied" } else { label });
    let text = if said { text.color(theme.success.text) } else { text };
    let response = Button::new(text)
        .min_size(vec2(copy_width(ui, label), 0.0))
        .corner_radius(CONTROL_RADIUS)
        .ui(ui)
        .accessible_name(if said { "Copied" } else { name });
    if said {
        let rect = egui::Rect::from_center_size(
            egui::pos2(response.rect.left() + 15.0, response.rect.center().y),
            Vec2::splat(12.0),
        );
        paint_icon(ui.painter(), rect, Icon::Tick, theme.success.text, theme.surface);
        ui.request_repaint_after(Duration::from_secs_f64(left));
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_live(egui::accesskit::Live::Polite);
        });
    }
    if response.clicked() {
        ui.data_mut(|data| data.insert_temp(id, now));
        ui.request_repaint();
    }
    response.clicked()
}

/// How wide a button that copies is: "Copied" and its tick have room in it too.
pub(super) fn copy_width(ui: &Ui, label: &str) -> f32 {
    button_width(ui, "Copied").max(button_width(ui, label)) + gap::L + 2.0
}

/// How wide a button with this text is.
pub fn button_width(ui: &Ui, text: &str) -> f32 {
    let font = TextStyle::Button.resolve(ui.style());
    let text = ui.painter().layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER);
    text.size().x + 2.0 * ui.spacing().button_padding.x
}

/// A small rounded button of the header; tinted where it stands for something that is on.
pub fn chip(ui: &mut Ui, text: &str, on: bool) -> Response {
    let theme = Theme::of(ui);
    let size = vec2(chip_width(ui, text), 28.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let (fill, edge, ink) = match (on, response.hovered()) {
        (true, _) => (theme.info.ground, theme.accent, theme.accent),
        (false, true) => (theme.raised, theme.edge, theme.text),
        (false, false) => (theme.surface, theme.line(), theme.text_2),
    };
    ui.painter().rect(rect, 14, fill, Stroke::new(1.0, edge), StrokeKind::Inside);
    let font = TextStyle::Small.resolve(ui.style());
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, font, ink);
    focus_ring(ui, &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// How wide a chip with this text is.
pub fn chip_width(ui: &Ui, text: &str) -> f32 {
    let font = TextStyle::Small.resolve(ui.style());
    ui.painter().layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER).size().x + 24.0
}

/// A line that does something, with the keys that do the same on its right.
pub fn key_row(ui: &mut Ui, text: &str, keys: &str, name: &str) -> Response {
    let theme = Theme::of(ui);
    let size = vec2(ui.available_width(), 30.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    if response.hovered() {
        ui.painter().rect_filled(rect, CONTROL_RADIUS, theme.raised);
    }
    let inner = rect.shrink2(vec2(8.0, 0.0));
    let small = TextStyle::Small.resolve(ui.style());
    let keys =
        ui.painter().text(inner.right_center(), Align2::RIGHT_CENTER, keys, small, theme.text_2);
    let font = TextStyle::Body.resolve(ui.style());
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, theme.text);
    job.wrap = TextWrapping::truncate_at_width(keys.left() - gap::M - inner.left());
    let galley = ui.painter().layout_job(job);
    let at = egui::pos2(inner.left(), inner.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, theme.text);
    focus_ring(ui, &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}
