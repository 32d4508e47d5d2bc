//! Pieces that every page is made of. They know nothing of the set-up; their looks come from the theme alone.

mod anatomy;
mod button;
mod capacity;
mod chart;
mod choice;
mod code;
mod commands;
mod confirm;
pub mod diff;
mod field;
mod figures;
mod finder;
mod fold;
mod icon;
mod legible;
mod listing;
mod long_list;
mod marked;
mod meter;
mod passing;
mod problem;
mod sight;
mod slider;
mod spoken;
pub mod stages;
mod table;
mod tabs;
mod text;

pub use anatomy::{Part, anatomy};
pub use button::{
    button_width, chip, chip_width, copy_button, danger_button, key_row, link_button, link_of,
    primary_button, quiet_button, secondary_button,
};
pub use capacity::{Pattern, Segment, capacity};
pub use chart::{Chart, chart, use_letter_keys};
pub use choice::{Tick, beneath_check, check, check_row, listed_row, radio, radio_above, select};
pub use code::{code, code_to};
pub use commands::{Chosen, Command, commands};
pub use confirm::{Question, confirm};
pub use field::{Half, field, form, halves, secret_field};
pub use figures::{ago, clock, clock_with_seconds, day, figures};
pub use finder::{Offer, finder};
pub use fold::{fold, fold_of};
pub use icon::{Icon, icon, paint_icon, standing_icon};
pub use listing::{Begin, Listed, listing};
pub use long_list::{LongList, long_list};
pub use marked::{beneath, item, marked};
pub use meter::meter;
pub use passing::{Reply, after_question, question, toast};
pub use problem::{FirstFix, problem};
pub use sight::keep_focus_in_sight;
pub use slider::{SliderMark, number, slider};
pub use spoken::{sentence, tell_current, tell_open};
pub use table::{Column, hairline, table};
pub use tabs::tabs;
pub use text::{
    caption, focusable_heading, heading, key_value, live, mono, paint_pill, paragraph, part, pill,
    pill_width, silent_pill, subheading,
};

pub use crate::domain::figures::{count, lasted, took};

use egui::{Frame, Margin, Response, Stroke, StrokeKind, Ui};

use crate::ui::theme::{CARD_RADIUS, Theme, Tone, gap};

/// A surface with an edge; one matter per card.
pub fn card<R>(ui: &mut Ui, title: Option<&str>, add: impl FnOnce(&mut Ui) -> R) -> R {
    let theme = Theme::of(ui);
    Frame::new()
        .fill(theme.surface)
        .stroke(theme.hairline())
        .corner_radius(CARD_RADIUS)
        .inner_margin(Margin::symmetric(18, 16))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            if let Some(title) = title {
                subheading(ui, title);
                ui.add_space(gap::XS);
            }
            add(ui)
        })
        .inner
}

/// A tinted card with an edge on its left: something to know about what stands beside it.
pub fn note(ui: &mut Ui, tone: Tone, mark: Icon, title: &str, text: &str) {
    tinted(ui, tone, |ui| {
        ui.horizontal_top(|ui| {
            icon(ui, mark, 18.0, tone.text);
            ui.add_space(2.0);
            let job = text::lead(ui, title, text);
            ui.add(egui::Label::new(job).wrap());
        });
    });
}

/// The ground of notes and problems.
fn tinted<R>(ui: &mut Ui, tone: Tone, add: impl FnOnce(&mut Ui) -> R) -> R {
    let shown = Frame::new()
        .fill(tone.ground)
        .stroke(Theme::of(ui).tint_edge(tone))
        .corner_radius(CARD_RADIUS)
        .inner_margin(Margin { left: 20, right: 16, top: 12, bottom: 12 })
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui)
        });
    let rect = shown.response.rect;
    let edge = egui::Rect::from_min_max(rect.min, egui::pos2(rect.min.x + 4.0, rect.max.y));
    // The edge follows the corners of the card: the whole shape in the edge's colour, cut to four points.
    ui.painter().with_clip_rect(edge.intersect(ui.clip_rect())).rect_filled(
        rect,
        CARD_RADIUS,
        tone.text,
    );
    shown.inner
}

/// The ring around what has the keyboard's focus, for pieces that egui does not paint.
pub fn focus_ring(ui: &Ui, response: &Response) {
    if response.has_focus() {
        ring(ui, response.rect);
    }
}

fn ring(ui: &Ui, rect: egui::Rect) {
    let stroke = Stroke::new(2.0, Theme::of(ui).accent);
    ui.painter().rect_stroke(rect.expand(2.0), 6, stroke, StrokeKind::Outside);
}
