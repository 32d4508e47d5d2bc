//! A list of commands over everything: a field, and below it what fits the letters typed.

use egui::{
    Align2, Event, Frame, Id, Key, Margin, Modal, Modifiers, Rect, Response, Role, ScrollArea,
    Sense, Stroke, TextEdit, TextStyle, Ui, WidgetInfo, pos2, vec2,
};

use crate::ui::{
    kit::{self, focus_ring},
    theme::{CONTROL_RADIUS, Theme, gap},
};

#[derive(Clone, Debug)]
pub struct Command {
    pub name: String,
    /// `Ctrl+K`; may be empty.
    pub keys: String,
    /// Why it can't be done now.
    pub refused: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// It stays open.
    Nothing,
    Closed,
    /// Its place among those that were handed in.
    Command(usize),
}

const WIDTH: f32 = 560.0;

/// Letters choose, arrows move, Enter does it, Esc closes.
pub fn commands(ui: &Ui, typed: &mut String, at: &mut usize, commands: &[Command]) -> Chosen {
    let room = ui.ctx().content_rect().size();
    let frame = Frame::window(ui.style()).inner_margin(Margin::same(12));
    let shown = Modal::new(Id::unique("commands")).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width(WIDTH.min(room.x - 64.0));
        ui.spacing_mut().item_spacing.y = gap::S;
        let steps = moves(ui);
        let field = field(ui, typed);
        if field.changed() {
            *at = 0;
        }
        let found = found(commands, typed);
        *at = moved(*at, steps, found.len());
        let mut chosen = None;
        let mut rows = Vec::new();
        let height = (room.y - 220.0).clamp(120.0, 380.0);
        ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for (place, index) in found.iter().enumerate() {
                let Some(command) = commands.get(*index) else { continue };
                let here = place == *at;
                let row = row(ui, command, here);
                rows.push(row.id);
                if here {
                    ui.ctx().accesskit_node_builder(field.id, |node| {
                        node.set_active_descendant(row.id.accesskit_id());
                    });
                    if field.changed() || steps != 0 {
                        row.scroll_to_me(None);
                    }
                }
                if row.clicked() {
                    chosen = Some(*index);
                }
            }
        });
        hold_focus(ui, &field, &rows);
        if found.is_empty() {
            kit::live(ui, "No command has these letters.");
        } else {
            kit::caption(ui, "↑ ↓ move · Enter does it · Esc closes");
        }
        let entered = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
        chosen.or(found.get(*at).copied().filter(|_| entered))
    });
    let ended = shown.should_close();
    let possible = |index: &usize| commands.get(*index).is_some_and(|it| it.refused.is_none());
    match shown.inner {
        // One that can't be done says why in its row, and the list stays.
        Some(index) if possible(&index) => Chosen::Command(index),
        Some(_) | None if ended => Chosen::Closed,
        Some(_) | None => Chosen::Nothing,
    }
}

fn field(ui: &mut Ui, typed: &mut String) -> Response {
    let field = ui.add(
        TextEdit::singleline(typed)
            .id(Id::unique("the command's letters"))
            .hint_text("What do you want to do?")
            .margin(Margin::symmetric(10, 8))
            .desired_width(f32::INFINITY),
    );
    field.widget_info(|| WidgetInfo::labeled(Role::SearchInput, true, "Find a command"));
    field
}

/// The focus stays here, in the field or on a row that Tab led to; letters always go to the field.
fn hold_focus(ui: &Ui, field: &Response, rows: &[Id]) {
    let focused = ui.memory(egui::Memory::focused);
    let is_here = focused.is_some_and(|id| id == field.id || rows.contains(&id));
    let types = |event: &Event| matches!(event, Event::Text(_));
    let typing = ui.input(|input| input.events.iter().any(types));
    // The first pass only measures; there is nothing to focus yet.
    if (!is_here || typing) && !ui.is_sizing_pass() {
        field.request_focus();
    }
}

/// How many rows the arrows go, downwards.
fn moves(ui: &Ui) -> isize {
    const PAGE: isize = 8;
    ui.input_mut(|input| {
        let mut count = |key| input.count_and_consume_key(Modifiers::NONE, key).cast_signed();
        count(Key::ArrowDown) - count(Key::ArrowUp)
            + PAGE * (count(Key::PageDown) - count(Key::PageUp))
    })
}

fn moved(at: usize, steps: isize, length: usize) -> usize {
    at.saturating_add_signed(steps).min(length.saturating_sub(1))
}

fn row(ui: &mut Ui, command: &Command, here: bool) -> Response {
    let theme = Theme::of(ui);
    let height = if command.refused.is_some() { 48.0 } else { 34.0 };
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let possible = command.refused.is_none();
    response
        .widget_info(|| WidgetInfo::selected(Role::ListBoxOption, possible, here, &command.name));
    let told = [command.keys.as_str(), command.refused.as_deref().unwrap_or("")];
    let told = told.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(". ");
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_selected(here);
        if !told.is_empty() {
            node.set_description(told);
        }
        if !possible {
            node.set_disabled();
        }
    });
    if here {
        ui.painter().rect_filled(rect, CONTROL_RADIUS, theme.info.ground);
        ui.painter().rect_stroke(
            rect,
            CONTROL_RADIUS,
            Stroke::new(1.0, theme.accent),
            egui::StrokeKind::Inside,
        );
    } else if response.hovered() {
        ui.painter().rect_filled(rect, CONTROL_RADIUS, theme.raised);
    }
    text(ui, rect, command);
    focus_ring(ui, &response);
    response
}

fn text(ui: &Ui, rect: Rect, command: &Command) {
    let theme = Theme::of(ui);
    let inner = rect.shrink2(vec2(10.0, 0.0));
    let font = |style: TextStyle| style.resolve(ui.style());
    let line = rect.top() + if command.refused.is_some() { 16.0 } else { rect.height() / 2.0 };
    let keys = ui.painter().text(
        pos2(inner.right(), line),
        Align2::RIGHT_CENTER,
        &command.keys,
        font(TextStyle::Small),
        theme.text_2,
    );
    let ink = if command.refused.is_some() { theme.text_2 } else { theme.text };
    let place = |y: f32, right: f32| Rect::from_min_max(pos2(inner.left(), y), pos2(right, y));
    let cut = |text: &str, style, ink, at: Rect| {
        let job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font(style), ink);
        let mut job = job;
        job.wrap = egui::text::TextWrapping::truncate_at_width(at.width());
        let galley = ui.painter().layout_job(job);
        let min = pos2(at.left(), at.center().y - galley.size().y / 2.0);
        ui.painter().galley(min, galley, ink);
    };
    cut(&command.name, TextStyle::Body, ink, place(line, keys.left() - gap::M));
    if let Some(why) = &command.refused {
        cut(why, TextStyle::Small, theme.text_2, place(line + 18.0, inner.right()));
    }
}

/// The places of those that fit, the best first, and of equals those that can be done now.
fn found(commands: &[Command], typed: &str) -> Vec<usize> {
    let mut fits: Vec<(u32, usize)> = commands
        .iter()
        .enumerate()
        .filter_map(|(place, command)| Some((fit(&command.name, typed)?, place)))
        .collect();
    let refused = |place: &usize| commands.get(*place).is_some_and(|it| it.refused.is_some());
    fits.sort_by_key(|(fit, place)| (std::cmp::Reverse(*fit), refused(place), *place));
    fits.into_iter().map(|(_, place)| place).collect()
}

/// How well the letters fit, all of them in their order: more for the first letter of a word, and for one beside the last.
fn fit(name: &str, typed: &str) -> Option<u32> {
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let wanted: Vec<char> = typed.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    // Best sum so far for a last letter at each place.
    let mut best: Vec<Option<u32>> = Vec::new();
    for (count, letter) in wanted.iter().enumerate() {
        let mut next = vec![None; name.len()];
        let mut before: Option<u32> = None;
        for (place, here) in name.iter().enumerate() {
            let beside = place.checked_sub(1).and_then(|left| best.get(left).copied().flatten());
            if here == letter {
                let starts = place
                    .checked_sub(1)
                    .and_then(|left| name.get(left))
                    .is_none_or(|left| !left.is_alphanumeric());
                let worth = if starts { 8 } else { 1 };
                let from = if count == 0 { Some(0) } else { before };
                let run = beside.map(|sum| sum + 6);
                if let Some(slot) = next.get_mut(place) {
                    *slot = from.max(run).map(|sum| sum + worth);
                }
            }
            before = before.max(best.get(place).copied().flatten());
        }
        best = next;
    }
    if wanted.is_empty() { Some(0) } else { best.into_iter().flatten().max() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(typed: &str) -> Vec<&'static str> {
        const NAMES: [&str; 5] = [
            "Copy the pooled URL with password",
            "Copy the direct URL with password",
            "Switch the dry run on",
            "Go to step 4, Size and create",
            "Requests to DigitalOcean",
        ];
        let command =
            |name: &str| Command { name: name.to_owned(), keys: String::new(), refused: None };
        let commands: Vec<Command> = NAMES.iter().map(|name| command(name)).collect();
        found(&commands, typed).into_iter().map(|place| NAMES[place]).collect()
    }

    #[test]
    fn letters_find_a_command_by_its_words_first() {
        assert_eq!(first("dry")[0], "Switch the dry run on");
        assert_eq!(first("cdu")[0], "Copy the direct URL with password");
        assert_eq!(first("sizecr")[0], "Go to step 4, Size and create");
        assert_eq!(first("REQ")[0], "Requests to DigitalOcean");
        assert_eq!(first("Copy pooled"), ["Copy the pooled URL with password"]);
        assert!(first("xq").is_empty());
    }

    #[test]
    fn nothing_typed_leaves_the_order() {
        assert_eq!(first("").len(), 5);
        assert_eq!(first("")[4], "Requests to DigitalOcean");
    }

    #[test]
    fn what_can_be_done_now_stands_first() {
        let command = |name: &str, refused: Option<&str>| Command {
            name: name.to_owned(),
            keys: String::new(),
            refused: refused.map(str::to_owned),
        };
        let commands = [command("Stop", Some("Nothing runs.")), command("Settings", None)];
        assert_eq!(found(&commands, ""), [1, 0]);
        assert_eq!(found(&commands, "sto"), [0]);
    }

    #[test]
    fn arrows_stay_in_the_list() {
        assert_eq!(moved(0, -1, 3), 0);
        assert_eq!(moved(1, 8, 3), 2);
        assert_eq!(moved(4, 0, 0), 0);
    }
}
