//! A URL in its parts: each has its name beneath and its sentence when it is asked.

use std::sync::Arc;

use egui::{
    Frame, Galley, Margin, Rect, Response, Role, Sense, Stroke, TextStyle, Ui, WidgetInfo, pos2,
    text::LayoutJob, vec2,
};

use crate::ui::{
    kit::{focus_ring, paragraph},
    theme::{CONTROL_RADIUS, Theme, gap},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// As it stands in the URL, with the sign that belongs to it: `:25061`.
    pub text: String,
    pub name: &'static str,
    pub sentence: String,
    /// Read out in place of the text: a password's dots say nothing.
    pub said: Option<&'static str>,
}

const TEXT_LINE: f32 = 20.0;
const NAME_LINE: f32 = 18.0;
const TICK: f32 = 5.0;
const LINE_GAP: f32 = 10.0;
/// The lines beneath two parts do not touch.
const BETWEEN: f32 = 3.0;

/// Draws the URL. The sentence of the part under the pointer or the focus stands below, else that of `lead`.
pub fn anatomy(ui: &mut Ui, url: &str, parts: &[Part], lead: usize) {
    let theme = Theme::of(ui);
    let chosen_id = ui.make_persistent_id(("anatomy", url));
    let mut chosen = ui.data(|data| data.get_temp::<usize>(chosen_id)).unwrap_or(lead);
    let mut shown = None;
    Frame::new()
        .fill(theme.raised)
        .corner_radius(CONTROL_RADIUS)
        .inner_margin(Margin::symmetric(12, 10))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            let laid: Vec<Laid> = parts.iter().map(|part| Laid::of(ui, part)).collect();
            let (places, height) = flow(&laid, ui.available_width());
            let (area, _) =
                ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
            for (index, ((part, laid), at)) in parts.iter().zip(&laid).zip(places).enumerate() {
                let rect = Rect::from_min_size(area.min + at.to_vec2(), laid.size());
                let id = chosen_id.with(index);
                let response = ui.interact(rect, id, Sense::click());
                describe(ui, &response, url, part);
                if response.clicked() || response.gained_focus() {
                    chosen = index;
                }
                if response.hovered() {
                    shown = Some(index);
                }
                laid.paint(ui, rect, &response, index == chosen);
            }
        });
    ui.data_mut(|data| data.insert_temp(chosen_id, chosen));
    if let Some(part) = parts.get(shown.unwrap_or(chosen)) {
        paragraph(ui, &part.sentence);
    }
}

fn describe(ui: &Ui, response: &Response, url: &str, part: &Part) {
    let said = part.said.unwrap_or(&part.text);
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Button, ui.is_enabled(), format!("{url}, {}: {said}", part.name))
    });
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_description(part.sentence.as_str());
    });
}

/// One part, laid out but not placed.
struct Laid {
    text: Arc<Galley>,
    name: Arc<Galley>,
}

impl Laid {
    fn of(ui: &Ui, part: &Part) -> Self {
        let theme = Theme::of(ui);
        let mono = TextStyle::Monospace.resolve(ui.style());
        let mut job = LayoutJob::single_section(
            part.text.clone(),
            egui::TextFormat {
                line_height: Some(TEXT_LINE),
                ..egui::TextFormat::simple(mono, theme.text)
            },
        );
        job.wrap.max_width = ui.available_width();
        job.wrap.break_anywhere = true;
        let small = TextStyle::Small.resolve(ui.style());
        Self {
            text: ui.painter().layout_job(job),
            name: ui.painter().layout_no_wrap(part.name.to_owned(), small, theme.text_2),
        }
    }

    fn size(&self) -> egui::Vec2 {
        let width = self.text.size().x.max(self.name.size().x);
        vec2(width, self.text.size().y + TICK + NAME_LINE)
    }

    /// How far the next part is away: its name does not touch this one's.
    fn advance(&self) -> f32 {
        (self.text.size().x + BETWEEN).max(self.name.size().x + gap::S)
    }

    fn paint(&self, ui: &Ui, rect: Rect, response: &Response, chosen: bool) {
        let theme = Theme::of(ui);
        let painter = ui.painter();
        if response.hovered() || chosen {
            painter.rect_filled(rect.expand2(vec2(BETWEEN, 2.0)), 4, theme.info.ground);
        }
        let color = if chosen { theme.accent } else { theme.text };
        painter.galley_with_override_text_color(rect.min, self.text.clone(), color);
        let below = rect.top() + self.text.size().y;
        let tick = Stroke::new(1.0, if chosen { theme.accent } else { theme.edge });
        painter.hline(rect.left()..=rect.left() + self.text.size().x, below, tick);
        let name = pos2(rect.left(), below + TICK - 2.0);
        painter.galley(name, self.name.clone(), theme.text_2);
        focus_ring(ui, response);
    }
}

/// Places the parts one behind the other, with a new line where the width ends.
fn flow(parts: &[Laid], width: f32) -> (Vec<egui::Pos2>, f32) {
    let (mut x, mut y, mut line): (f32, f32, f32) = (0.0, 0.0, 0.0);
    let places = parts
        .iter()
        .map(|part| {
            let size = part.size();
            if 0.0 < x && width < x + size.x {
                x = 0.0;
                y += line + LINE_GAP;
                line = 0.0;
            }
            let at = pos2(x, y);
            x += part.advance();
            line = line.max(size.y);
            at
        })
        .collect();
    (places, y + line)
}
