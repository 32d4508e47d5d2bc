//! The set-ups that were begun before: each a line that opens it, the last used first.

use egui::{
    Align2, Color32, Rect, Response, Role, Sense, Stroke, StrokeKind, TextStyle, Ui, WidgetInfo,
    pos2, vec2,
};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    domain::cluster::Environment,
    effects::saved::{Row, Shelf},
    setup::step::StepId,
    ui::{
        kit::{self, Icon},
        start::Choice,
        theme::{CONTROL_RADIUS, Theme, gap, role},
    },
};

/// Below this width a line has two rows.
const TWO_ROWS_BELOW: f32 = 560.0;
const REMOVE: &str = "Remove…";
const BAR: f32 = 4.0;

/// What is drawn, and which line's removal is asked about.
pub fn show(
    ui: &mut Ui,
    shelf: &Shelf,
    removing: &mut Option<String>,
    now: Timestamp,
) -> Option<Choice> {
    let mut choice = None;
    if !shelf.rows.is_empty() {
        let first = shelf.rows.iter().position(|row| !row.open_elsewhere);
        kit::card(ui, Some("Continue"), |ui| {
            ui.spacing_mut().item_spacing.y = gap::XS;
            for (at, row) in shelf.rows.iter().enumerate() {
                let drawn = Line { row, now, leads: first == Some(at) };
                choice = choice.take().or(line(ui, &drawn, removing));
            }
        });
    }
    if shelf.other_copy {
        let text = "A set-up that is open there can't be opened here at the same time.";
        let tone = Theme::of(ui).info;
        kit::note(ui, tone, Icon::Info, "Poolwright is open in another window.", text);
    }
    for problem in &shelf.problems {
        let tone = Theme::of(ui).warning;
        kit::note(ui, tone, Icon::Warning, &problem.what, &problem.why);
    }
    choice
}

struct Line<'a> {
    row: &'a Row,
    now: Timestamp,
    /// Where most people go on.
    leads: bool,
}

fn line(ui: &mut Ui, drawn: &Line<'_>, removing: &mut Option<String>) -> Option<Choice> {
    let Line { row, now, .. } = *drawn;
    let name = row.saved.name();
    let mut choice = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = gap::S;
        let font = TextStyle::Button.resolve(ui.style());
        let remove = ui.painter().layout_no_wrap(REMOVE.to_owned(), font, Color32::PLACEHOLDER);
        let side = remove.size().x + 2.0 * ui.spacing().button_padding.x + gap::S;
        let width = ui.available_width() - side;
        ui.add_enabled_ui(!row.open_elsewhere, |ui| {
            if button(ui, drawn, width).clicked() {
                choice = Some(Choice::Continue(row.id.clone()));
            }
            let remove = kit::quiet_button(ui, REMOVE);
            remove.widget_info(|| {
                let name = format!("Remove {name} from the list, {}", when(row.last_used, now));
                WidgetInfo::labeled(Role::Button, ui.is_enabled(), name)
            });
            if remove.clicked() {
                *removing = Some(row.id.clone());
            }
        });
    });
    if removing.as_deref() == Some(row.id.as_str()) {
        choice = choice.or(asked(ui, row, &name, removing));
    }
    choice
}

fn asked(ui: &mut Ui, row: &Row, name: &str, removing: &mut Option<String>) -> Option<Choice> {
    kit::paragraph(ui, &format!("Remove {name} from the list?"));
    let open = row.saved.changes.iter().filter(|change| !change.undone).count();
    let kept = "Nothing is changed at DigitalOcean or in your files.";
    let text = if open == 0 {
        format!("Its notes are deleted. {kept}")
    } else {
        let changes = kit::count(open, "change", "changes");
        format!(
            "Its notes are deleted, and with them the list of {changes} that step 12 could take back. {kept}"
        )
    };
    kit::caption(ui, &text);
    let mut choice = None;
    ui.horizontal_wrapped(|ui| {
        if kit::danger_button(ui, "Remove from the list").clicked() {
            choice = Some(Choice::Remove(row.id.clone()));
        }
        if kit::secondary_button(ui, "Keep it").clicked()
            || choice.is_some()
            || ui.input(|input| input.key_pressed(egui::Key::Escape))
        {
            *removing = None;
        }
    });
    choice
}

/// The whole line is the button.
fn button(ui: &mut Ui, drawn: &Line<'_>, width: f32) -> Response {
    let Line { row, now, leads } = *drawn;
    let theme = Theme::of(ui);
    let two = width < TWO_ROWS_BELOW;
    let (rect, response) =
        ui.allocate_exact_size(vec2(width, if two { 62.0 } else { 44.0 }), Sense::click());
    let environment = environment(row);
    let said = said(row, now);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), &said));
    let ground = if response.hovered() { theme.raised } else { theme.surface };
    ui.painter().rect_filled(rect, CONTROL_RADIUS, ground);
    let ink = if ui.is_enabled() { theme.text } else { theme.text_2 };
    let mut left = rect.left() + gap::M;
    let middle = if two { rect.top() + 20.0 } else { rect.center().y };
    if let Some(environment) = environment {
        let colour = theme.environment(environment);
        let bar = Rect::from_min_size(rect.min + vec2(0.0, 6.0), vec2(BAR, rect.height() - 12.0));
        ui.painter().rect_filled(bar, 2, colour);
        let pill = kit::pill_width(ui, environment.word());
        let at = Rect::from_center_size(pos2(left + pill / 2.0, middle), vec2(pill, 22.0));
        kit::paint_pill(ui, at, environment.word(), colour);
        // Names stand below each other.
        left += kit::pill_width(ui, Environment::Development.word()) + gap::M;
    }
    let (place, time) = (place(row), when(row.last_used, now));
    let small = TextStyle::Small.resolve(ui.style());
    let right = rect.right() - gap::XL;
    let details = if row.open_elsewhere {
        "open in another window".to_owned()
    } else {
        format!("{place}   {time}")
    };
    let galley = ui.painter().layout_no_wrap(details, small, theme.text_2);
    let (width_left, at) = if two {
        (right - left, pos2(rect.left() + gap::M, rect.top() + 36.0))
    } else {
        let at = right - galley.size().x;
        (at - gap::M - left, pos2(at, middle - galley.size().y / 2.0))
    };
    ui.painter().galley(at, galley, theme.text_2);
    let font = role::strong().resolve(ui.style());
    let mut job = egui::text::LayoutJob::simple_singleline(row.saved.name(), font, ink);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width_left.max(0.0));
    let galley = ui.painter().layout_job(job);
    let at = Align2::LEFT_CENTER.anchor_size(pos2(left, middle), galley.size()).min;
    ui.painter().galley(at, galley, ink);
    let mark = Rect::from_center_size(pos2(rect.right() - gap::M, middle), vec2(12.0, 12.0));
    kit::paint_icon(ui.painter(), mark, Icon::Right, theme.text_2, ground);
    let edge = if leads { Stroke::new(2.0, theme.accent) } else { theme.hairline() };
    ui.painter().rect_stroke(rect, CONTROL_RADIUS, edge, StrokeKind::Inside);
    kit::focus_ring(ui, &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

fn environment(row: &Row) -> Option<Environment> {
    row.saved.cluster.as_ref().and_then(|cluster| Environment::parse(&cluster.environment))
}

/// As a screen reader says it.
fn said(row: &Row, now: Timestamp) -> String {
    let mut parts = vec![format!("Continue {}", row.saved.name())];
    parts.extend(environment(row).map(|environment| environment.word().to_owned()));
    parts.push(place(row));
    parts.push(when(row.last_used, now));
    if row.open_elsewhere {
        parts.push("open in another window".to_owned());
    }
    parts.join(", ")
}

/// `step 6 of 12 · Test`
fn place(row: &Row) -> String {
    let all = StepId::ALL.len();
    if row.saved.done {
        return format!("step {all} of {all} · done");
    }
    // One of another version has a step that this one does not know.
    let step = StepId::parse(&row.saved.step).unwrap_or(StepId::SignIn);
    format!("step {} of {all} · {}", step.number(), step.name())
}

/// `today 14:02`, `12 Nov`, `12 Nov 2025`
fn when(last_used: Option<Timestamp>, now: Timestamp) -> String {
    let Some(last_used) = last_used else { return "at an unknown time".to_owned() };
    let here = |at: Timestamp| at.to_zoned(TimeZone::system());
    let (then, now) = (here(last_used), here(now));
    let form = if then.date() == now.date() {
        "today %H:%M"
    } else if then.year() == now.year() {
        "%-d %b"
    } else {
        "%-d %b %Y"
    };
    then.strftime(form).to_string()
}
