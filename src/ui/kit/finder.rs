//! One of many: a line that opens to a field for searching and what it finds, by group.

use egui::{
    Align2, Event, Key, Modifiers, Response, Role, Sense, Stroke, StrokeKind, TextStyle, Ui,
    WidgetInfo, vec2,
};

use crate::ui::{
    kit::{
        Icon, caption, chip, field, field::labelled, focus_ring, paint_icon, spoken::tell_chosen,
    },
    theme::{CONTROL_RADIUS, Theme, gap},
};

/// One of the choices.
#[derive(Clone, Copy, Debug)]
pub struct Offer<T> {
    pub value: T,
    pub title: &'static str,
    /// Offers of one group stand side by side.
    pub group: &'static str,
    /// Other words by which it is found.
    pub also: &'static str,
}

impl<T> Offer<T> {
    fn matches(&self, words: &str) -> bool {
        let text = format!("{} {} {}", self.title, self.group, self.also).to_lowercase();
        words.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// Whether the choice changed. Enter in the field takes the first that is found, Escape closes.
pub fn finder<T: Copy + PartialEq>(
    ui: &mut Ui,
    label: &str,
    hint: &str,
    chosen: &mut T,
    offers: &[Offer<T>],
) -> bool {
    let id = ui.make_persistent_id(("finder", label));
    let mut open = ui.data(|data| data.get_temp::<bool>(id)).unwrap_or(false);
    let was_open = open;
    let title = offers.iter().find(|offer| offer.value == *chosen).map_or("", |offer| offer.title);
    let line = labelled(ui, label, "", |ui| closed(ui, title, open));
    if line.clicked() {
        open = !open;
    }
    let mut taken = None;
    if open {
        taken = search(ui, id, hint, *chosen, offers, !was_open);
        // While a text is composed, Escape belongs to it.
        let escaped = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
        if taken.is_some() || escaped {
            open = false;
            line.request_focus();
        }
    }
    ui.data_mut(|data| {
        data.insert_temp(id, open);
        if !open {
            data.remove::<String>(id);
        }
    });
    match taken {
        Some(value) if value != *chosen => {
            *chosen = value;
            true
        }
        Some(_) | None => false,
    }
}

/// Looks like a list that opens.
fn closed(ui: &mut Ui, title: &str, open: bool) -> Response {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 34.0), Sense::click());
    response.widget_info(|| {
        let mut info = WidgetInfo::new(Role::ComboBox);
        info.enabled = ui.is_enabled();
        info.current_text_value = Some(title.to_owned());
        info
    });
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_expanded(open));
    tell_chosen(ui, response.id, title);
    let edge = if open || response.hovered() { theme.accent } else { theme.edge };
    ui.painter().rect(
        rect,
        CONTROL_RADIUS,
        theme.surface,
        Stroke::new(1.0, edge),
        StrokeKind::Inside,
    );
    let font = TextStyle::Body.resolve(ui.style());
    let at = rect.left_center() + vec2(10.0, 0.0);
    ui.painter().text(at, Align2::LEFT_CENTER, title, font, theme.text);
    let icon =
        egui::Rect::from_center_size(rect.right_center() - vec2(19.0, 0.0), vec2(11.0, 11.0));
    paint_icon(ui.painter(), icon, Icon::Down, theme.text, theme.surface);
    focus_ring(ui, &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

fn search<T: Copy + PartialEq>(
    ui: &mut Ui,
    id: egui::Id,
    hint: &str,
    chosen: T,
    offers: &[Offer<T>],
    opened: bool,
) -> Option<T> {
    let mut words = ui.data(|data| data.get_temp::<String>(id)).unwrap_or_default();
    let typed = field(ui, "Search", &mut words, hint);
    if opened {
        typed.request_focus();
    }
    let found: Vec<&Offer<T>> = offers.iter().filter(|offer| offer.matches(&words)).collect();
    let enter = ui.input(|input| {
        input
            .events
            .iter()
            .any(|event| matches!(event, Event::Key { key: Key::Enter, pressed: true, .. }))
    });
    let mut taken = found.first().filter(|_| typed.lost_focus() && enter).map(|offer| offer.value);
    if found.is_empty() {
        caption(ui, "Nothing of this name. “Other” gets the plain URL.");
    }
    let mut groups: Vec<&str> = Vec::new();
    for offer in &found {
        if !groups.contains(&offer.group) {
            groups.push(offer.group);
        }
    }
    for group in groups {
        let of_group = found.iter().filter(|offer| offer.group == group);
        taken = row(ui, group, of_group, chosen).or(taken);
    }
    ui.data_mut(|data| data.insert_temp(id, words));
    taken
}

/// The group's name, and beside it what belongs to it.
fn row<'a, T: Copy + PartialEq + 'a>(
    ui: &mut Ui,
    group: &str,
    offers: impl Iterator<Item = &'a &'a Offer<T>>,
    chosen: T,
) -> Option<T> {
    const GROUP_WIDTH: f32 = 92.0;
    const CHIP_HEIGHT: f32 = 28.0;
    let mut taken = None;
    ui.horizontal_top(|ui| {
        let size = vec2(GROUP_WIDTH, CHIP_HEIGHT);
        let middle = egui::Layout::left_to_right(egui::Align::Center);
        ui.allocate_ui_with_layout(size, middle, |ui| {
            ui.set_min_width(GROUP_WIDTH);
            caption(ui, group);
        });
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing = vec2(gap::S, gap::XS);
            ui.horizontal_wrapped(|ui| {
                for offer in offers {
                    let on = offer.value == chosen;
                    let response = chip(ui, offer.title, on);
                    response.widget_info(|| {
                        WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), on, offer.title)
                    });
                    if response.clicked() {
                        taken = Some(offer.value);
                    }
                }
            });
        });
    });
    taken
}
