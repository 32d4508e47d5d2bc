//! A whole number on a scale with named marks, and the same number as a field.

use std::{ops::RangeInclusive, sync::Arc};

use egui::{
    DragValue, EventFilter, Galley, Key, Rect, Response, Role, Sense, Stroke, TextStyle, Ui,
    WidgetInfo,
    accesskit::{Action, ActionData},
    pos2, vec2,
};

use crate::ui::{
    kit::field::labelled,
    theme::{Theme, gap},
};

/// A place on the scale that has a meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliderMark {
    pub value: u32,
    pub text: String,
}

const KNOB: f32 = 9.0;
const TRACK: f32 = 4.0;
const HEIGHT: f32 = 26.0;
const LABEL_LINE: f32 = 20.0;
/// Page Up and Page Down.
const STRIDE: i64 = 5;

/// Draws the scale over `range`; the knob goes no further than `most`. Arrows move by 1, Page keys by 5.
pub fn slider(
    ui: &mut Ui,
    name: &str,
    value: &mut u32,
    range: RangeInclusive<u32>,
    most: u32,
    marks: &[SliderMark],
) -> Response {
    let (first, last) = range.into_inner();
    let labels = Labels::of(ui, marks, first, last);
    let width = ui.available_width();
    let size = vec2(width, HEIGHT + 8.0 + labels.rows * LABEL_LINE);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let bar = Rect::from_min_size(rect.min, vec2(width, HEIGHT));
    let id = ui.make_persistent_id(("slider", name));
    let mut response = ui.interact(bar, id, Sense::click_and_drag());
    let most = most.clamp(first, last.max(first));
    let wanted = moved(ui, &response, *value, first, last);
    if let Some(wanted) = wanted.map(|wanted| wanted.clamp(first, most))
        && wanted != *value
    {
        *value = wanted;
        response.mark_changed();
    }
    let shown = f64::from(*value);
    response.widget_info(|| WidgetInfo::slider(ui.is_enabled(), shown, name));
    ui.ctx().accesskit_node_builder(id, |node| {
        node.set_role(Role::Slider);
        node.set_min_numeric_value(f64::from(first));
        node.set_max_numeric_value(f64::from(most));
        node.set_numeric_value_step(1.0);
        node.set_value(format!("{value} connections"));
        for action in [Action::Increment, Action::Decrement, Action::SetValue] {
            node.add_action(action);
        }
    });
    if ui.is_rect_visible(rect) {
        paint(ui, &response, bar, fraction(*value, first, last), fraction(most, first, last));
        labels.paint(ui, bar);
    }
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

fn fraction(value: u32, first: u32, last: u32) -> f32 {
    let span = last.saturating_sub(first).max(1);
    (value.saturating_sub(first) as f32 / span as f32).clamp(0.0, 1.0)
}

/// The value that pointer, keyboard or a screen reader asks for.
fn moved(ui: &Ui, response: &Response, value: u32, first: u32, last: u32) -> Option<u32> {
    let track = response.rect.shrink2(vec2(KNOB, 0.0));
    if let Some(at) = response.interact_pointer_pos() {
        let part = ((at.x - track.left()) / track.width()).clamp(0.0, 1.0);
        return Some(first + (part * last.saturating_sub(first) as f32).round() as u32);
    }
    let asked = ui.input(|input| {
        let mut requests = input.accesskit_action_requests(response.id, Action::SetValue);
        requests.find_map(|request| match request.data {
            Some(ActionData::NumericValue(value)) => Some(value.round().max(0.0) as u32),
            _ => None, // other data are for other widgets
        })
    });
    if asked.is_some() {
        return asked;
    }
    let mut by = ui.input(|input| {
        let count = |action| whole(input.num_accesskit_action_requests(response.id, action));
        count(Action::Increment) - count(Action::Decrement)
    });
    if response.has_focus() {
        let filter = EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        by += ui.input(|input| {
            let pressed = |key| whole(input.num_presses(key));
            pressed(Key::ArrowRight) + pressed(Key::ArrowUp)
                - pressed(Key::ArrowLeft)
                - pressed(Key::ArrowDown)
                + STRIDE * (pressed(Key::PageUp) - pressed(Key::PageDown))
        });
    }
    (by != 0).then(|| u32::try_from(i64::from(value) + by).unwrap_or(first))
}

/// So many steps; more than a person can ask for in one frame is as good as none.
fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(0)
}

fn paint(ui: &Ui, response: &Response, bar: Rect, at: f32, most: f32) {
    let theme = Theme::of(ui);
    let painter = ui.painter();
    let track = bar.shrink2(vec2(KNOB, (HEIGHT - TRACK) / 2.0));
    let x = |part: f32| track.left() + part * track.width();
    // What can't be had is thinner.
    let rest = Rect::from_x_y_ranges(
        x(most)..=track.right(),
        track.center().y - 1.0..=track.center().y + 1.0,
    );
    painter.rect_filled(rest, 1, theme.edge.gamma_multiply(0.5));
    painter.rect_filled(track.with_max_x(x(most)), 2, theme.edge.gamma_multiply(0.6));
    painter.rect_filled(track.with_max_x(x(at)), 2, theme.accent);
    let centre = pos2(x(at), track.center().y);
    let fill =
        if response.hovered() || response.dragged() { theme.info.ground } else { theme.surface };
    painter.circle(centre, KNOB, fill, Stroke::new(2.0, theme.accent));
    if response.has_focus() {
        painter.circle_stroke(centre, KNOB + 4.0, Stroke::new(2.0, theme.accent));
    }
}

/// The texts under the scale, each as near to its mark as the others allow.
struct Labels {
    /// Mark's place, text's left edge, row, text.
    placed: Vec<(f32, f32, f32, Arc<Galley>)>,
    rows: f32,
}

impl Labels {
    fn of(ui: &Ui, marks: &[SliderMark], first: u32, last: u32) -> Self {
        let width = ui.available_width();
        let theme = Theme::of(ui);
        let font = TextStyle::Small.resolve(ui.style());
        let mut ends: Vec<f32> = Vec::new();
        let mut placed = Vec::new();
        let mut marks: Vec<&SliderMark> = marks.iter().collect();
        marks.sort_by_key(|mark| mark.value);
        for mark in marks {
            let text = ui.painter().layout_no_wrap(mark.text.clone(), font.clone(), theme.text_2);
            let at = KNOB + fraction(mark.value, first, last) * (width - 2.0 * KNOB);
            let left = (at - text.size().x / 2.0).clamp(0.0, (width - text.size().x).max(0.0));
            let row = ends.iter().position(|end| *end + gap::M < left).unwrap_or(ends.len());
            let end = left + text.size().x;
            match ends.get_mut(row) {
                Some(old) => *old = end,
                None => ends.push(end),
            }
            placed.push((at, left, row as f32, text));
        }
        Self { placed, rows: ends.len() as f32 }
    }

    fn paint(self, ui: &Ui, bar: Rect) {
        let theme = Theme::of(ui);
        for (at, left, row, text) in self.placed {
            let x = bar.left() + at;
            let top = bar.bottom() + 2.0;
            let below = top + 6.0 + row * LABEL_LINE;
            ui.painter().vline(x, bar.bottom() - 3.0..=below - 1.0, Stroke::new(1.0, theme.edge));
            let place = Rect::from_min_size(pos2(bar.left() + left, below), text.size());
            // A line to a lower row must not cross the text of the row above.
            ui.painter().rect_filled(place.expand2(vec2(3.0, 0.0)), 0, theme.surface);
            ui.painter().galley(place.min, text, theme.text_2);
        }
    }
}

/// A whole number, typed, dragged or moved by arrows.
pub fn number(ui: &mut Ui, label: &str, value: &mut u32, range: RangeInclusive<u32>) -> Response {
    labelled(ui, label, "", |ui| {
        ui.spacing_mut().interact_size = vec2(ui.available_width().min(110.0), 34.0);
        ui.spacing_mut().button_padding.x = 10.0;
        ui.add(DragValue::new(value).range(range).speed(0.25).update_while_editing(true))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_runs_from_first_to_last() {
        assert!((fraction(1, 1, 97) - 0.0).abs() < f32::EPSILON);
        assert!((fraction(49, 1, 97) - 0.5).abs() < f32::EPSILON);
        assert!((fraction(97, 1, 97) - 1.0).abs() < f32::EPSILON);
        assert!((fraction(5, 1, 1) - 1.0).abs() < f32::EPSILON);
    }
}
