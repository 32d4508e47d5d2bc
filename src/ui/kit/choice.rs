//! One of several, or yes and no.

use egui::{
    Align2, ComboBox, Rect, Response, Role, Sense, Stroke, StrokeKind, TextStyle, Ui, Vec2,
    WidgetInfo, pos2, text::LayoutJob, vec2,
};

use crate::ui::{
    kit::{
        Icon, field::labelled, focus_ring, marked::indented, paint_icon, sentence,
        spoken::tell_chosen,
    },
    theme::{Theme, gap, role},
};

const BOX: f32 = 18.0;

/// A list that opens. Whether the choice changed.
pub fn select<T: Clone + PartialEq>(
    ui: &mut Ui,
    label: &str,
    chosen: &mut T,
    options: &[(T, String)],
) -> bool {
    let mut changed = false;
    labelled(ui, label, "", |ui| {
        let shown = options
            .iter()
            .find(|(option, _)| option == chosen)
            .map_or(String::new(), |(_, text)| text.clone());
        let width = ui.available_width();
        ui.spacing_mut().interact_size.y = 34.0;
        ui.spacing_mut().button_padding.x = 10.0;
        let list = ComboBox::from_id_salt(label)
            .selected_text(shown.as_str())
            .width(width)
            .truncate()
            .icon(|ui, rect, visuals, _open| {
                let rect = Rect::from_center_size(rect.center(), Vec2::splat(11.0));
                paint_icon(
                    ui.painter(),
                    rect,
                    Icon::Down,
                    visuals.fg_stroke.color,
                    visuals.bg_fill,
                );
            })
            .show_ui(ui, |ui| {
                for (option, text) in options {
                    changed |= ui.selectable_value(chosen, option.clone(), text).changed();
                }
            })
            .response;
        tell_chosen(ui, list.id, &shown);
        list
    });
    changed
}

/// One of several, with its meaning beside it.
pub fn radio(ui: &mut Ui, selected: bool, title: &str, meaning: &str) -> Response {
    let words = Words { beside: meaning, ..Words::of(title) };
    mark(ui, Mark::Radio, selected, &words)
}

/// One of several, with its meaning below: it is long.
pub fn radio_above(ui: &mut Ui, selected: bool, title: &str, meaning: &str) -> Response {
    let words = Words { below: meaning, ..Words::of(title) };
    mark(ui, Mark::Radio, selected, &words)
}

/// One of a list of many, with its particulars on a second line. The list is one stop of the Tab key: the row itself
/// takes no focus.
pub fn listed_row(ui: &mut Ui, selected: bool, title: &str, particulars: &str) -> Response {
    let words = Words { below: particulars, ..Words::of(title) };
    mark(ui, Mark::Listed, selected, &words)
}

/// Yes or no. Whether it changed is in the response.
pub fn check(ui: &mut Ui, ticked: &mut bool, label: &str) -> Response {
    turn(ui, ticked, &Words { is_plain: true, ..Words::of(label) })
}

/// What is ticked in a list of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick<'a> {
    pub title: &'a str,
    /// How much of it changes; may be empty.
    pub extent: &'a str,
    /// Why; may be empty.
    pub reason: &'a str,
}

/// Yes or no for one change of several, with its extent beside it and its reason below.
pub fn check_row(ui: &mut Ui, ticked: &mut bool, tick: Tick<'_>) -> Response {
    let Tick { title, extent, reason } = tick;
    turn(ui, ticked, &Words { beside: extent, below: reason, ..Words::of(title) })
}

/// What there is to say and to do about what is ticked: it begins where the title begins.
pub fn beneath_check<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    indented(ui, BOX + gap::M, add)
}

fn turn(ui: &mut Ui, ticked: &mut bool, words: &Words<'_>) -> Response {
    let mut response = mark(ui, Mark::Check, *ticked, words);
    if response.clicked() {
        *ticked = !*ticked;
        response.mark_changed();
    }
    response
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Radio,
    Listed,
    Check,
}

/// What stands beside a mark.
struct Words<'a> {
    title: &'a str,
    /// In ordinary weight: there is nothing beside it to be told from.
    is_plain: bool,
    beside: &'a str,
    below: &'a str,
}

impl<'a> Words<'a> {
    fn of(title: &'a str) -> Self {
        Self { title, is_plain: false, beside: "", below: "" }
    }

    /// The name to a screen reader.
    fn name(&self, mark: Mark) -> String {
        match (mark, self.beside) {
            (Mark::Check, beside) if !beside.is_empty() => {
                let colon = if self.title.ends_with('.') { "" } else { ":" };
                format!("{}{colon} {beside}", self.title)
            }
            _ => self.title.to_owned(), // what stands beside it is its meaning
        }
    }

    /// What there is to know beside the name.
    fn description(&self, mark: Mark) -> &'a str {
        if mark == Mark::Radio && self.below.is_empty() { self.beside } else { self.below }
    }

    fn laid(&self, ui: &Ui) -> LayoutJob {
        let theme = Theme::of(ui);
        let mut job = LayoutJob::default();
        let mut append = |text: &str, apart, style: TextStyle, color| {
            let font_id = style.resolve(ui.style());
            let line_height = Some(20.0);
            job.append(
                text,
                apart,
                egui::TextFormat { font_id, color, line_height, ..Default::default() },
            );
        };
        let ink = if ui.is_enabled() { theme.text } else { theme.text_2 };
        append(self.title, 0.0, if self.is_plain { TextStyle::Body } else { role::strong() }, ink);
        if !self.beside.is_empty() {
            append(self.beside, 6.0, TextStyle::Body, theme.text_2);
        }
        if !self.below.is_empty() {
            append("\n", 0.0, TextStyle::Body, theme.text_2);
            append(self.below, 0.0, TextStyle::Small, theme.text_2);
        }
        job
    }
}

fn mark(ui: &mut Ui, mark: Mark, on: bool, words: &Words<'_>) -> Response {
    const HEIGHT: f32 = 30.0;
    let theme = Theme::of(ui);
    let mut job = words.laid(ui);
    job.wrap.max_width = ui.available_width() - BOX - gap::M;
    if mark == Mark::Listed {
        // Rows of a long list have one height.
        job.wrap.max_rows = 3;
    }
    let galley = ui.painter().layout_job(job);
    let is_cut = galley.elided;
    let size = vec2(BOX + gap::M + galley.size().x, HEIGHT.max(galley.size().y + 10.0));
    let sense = if mark == Mark::Listed { Sense::CLICK } else { Sense::click() };
    let (rect, response) = ui.allocate_exact_size(size, sense);
    let role = match mark {
        Mark::Radio | Mark::Listed => Role::RadioButton,
        Mark::Check => Role::CheckBox,
    };
    let (name, description) = (words.name(mark), words.description(mark));
    response.widget_info(|| WidgetInfo::selected(role, ui.is_enabled(), on, &name));
    if !description.is_empty() {
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_description(sentence(description))
        });
    }
    if ui.is_rect_visible(rect) {
        let centre = pos2(rect.left() + BOX / 2.0, rect.top() + HEIGHT / 2.0);
        let square = Rect::from_center_size(centre, Vec2::splat(BOX));
        let edge = if on || response.hovered() { theme.accent } else { theme.edge };
        let stroke = Stroke::new(1.6, edge);
        match mark {
            Mark::Radio | Mark::Listed => {
                ui.painter().circle(centre, BOX / 2.0 - 1.0, theme.surface, stroke);
                if on {
                    ui.painter().circle_filled(centre, 4.5, theme.accent);
                }
            }
            Mark::Check => {
                let fill = if on { theme.accent } else { theme.surface };
                ui.painter().rect(square.shrink(1.0), 4, fill, stroke, StrokeKind::Inside);
                if on {
                    let tick = Rect::from_center_size(centre, Vec2::splat(12.0));
                    paint_icon(ui.painter(), tick, Icon::Tick, theme.on_accent, fill);
                }
            }
        }
        let text = Align2::LEFT_CENTER
            .align_size_within_rect(galley.size(), rect.with_min_x(rect.left() + BOX + gap::M));
        ui.painter().galley(text.min, galley, theme.text);
        focus_ring(ui, &response);
    }
    let response = response.on_hover_cursor(egui::CursorIcon::PointingHand);
    if is_cut { response.on_hover_text(format!("{name}: {description}")) } else { response }
}
