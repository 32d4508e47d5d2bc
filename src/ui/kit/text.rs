//! Texts by role: headings, captions, key and value, monospace, and lines that announce themselves.

use std::sync::Arc;

use egui::{
    Color32, FontSelection, Galley, Label, Rect, Response, RichText, Role, Sense, TextStyle,
    TextWrapMode, Ui, Vec2, WidgetInfo, accesskit::Live, text::LayoutJob, vec2,
};

use crate::ui::{
    kit::{legible::legible, spoken},
    theme::{Theme, gap, role},
};

/// A page's title.
pub fn heading(ui: &mut Ui, text: &str) -> Response {
    titled(ui, Label::new(RichText::new(text).heading()), text, 1)
}

/// A page's title that can take the focus: when its page is opened, it is where reading begins.
pub fn focusable_heading(ui: &mut Ui, text: &str) -> Response {
    let label = Label::new(RichText::new(text).heading());
    let label = label.sense(Sense::focusable_noninteractive());
    if spoken::HEADINGS_ARE_NAMED { titled(ui, label, text, 1) } else { ui.add(label.wrap()) }
}

/// A card's title.
pub fn subheading(ui: &mut Ui, text: &str) -> Response {
    titled(ui, Label::new(RichText::new(text).text_style(role::card_title())), text, 2)
}

fn titled(ui: &mut Ui, label: Label, text: &str, level: usize) -> Response {
    let response = ui.add(label.wrap());
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, text));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_level(level));
    response
}

/// Running text, wrapped.
pub fn paragraph(ui: &mut Ui, text: &str) -> Response {
    ui.add(Label::new(RichText::new(text).line_height(Some(20.0))).wrap())
}

/// Secondary text: what explains a field or a figure.
pub fn caption(ui: &mut Ui, text: &str) -> Response {
    let text = RichText::new(text).small().line_height(Some(18.0));
    ui.add(Label::new(text.color(Theme::of(ui).text_2)).wrap())
}

/// A secondary line that a screen reader reads out when it changes; what only counts on, now and then.
pub fn live(ui: &mut Ui, text: &str) -> Response {
    let response = caption(ui, text);
    if is_worth_saying(ui, &response, text) {
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_live(Live::Polite));
    }
    response
}

/// Seconds between two counts that are read out. Each would cut off the one before, and whatever else is read.
const COUNTS_EVERY: f64 = 15.0;

/// What a line said last, and when.
#[derive(Clone, Debug)]
struct Said {
    text: String,
    at: f64,
}

fn is_worth_saying(ui: &Ui, line: &Response, text: &str) -> bool {
    let now = ui.input(|input| input.time);
    let id = line.id.with("said");
    let said = ui.data(|data| data.get_temp::<Said>(id));
    // `Recording… 12 of 160 samples` is the same matter as `Recording… 11 of 160 samples`.
    let matter = |text: &str| text.split_once('…').map(|(matter, _)| matter.to_owned());
    let counts_on = said.is_some_and(|said| {
        said.text != text
            && matter(text).is_some()
            && matter(text) == matter(&said.text)
            && now - said.at < COUNTS_EVERY
    });
    if !counts_on {
        let changed =
            ui.data(|data| data.get_temp::<Said>(id)).is_none_or(|said| said.text != text);
        if changed {
            ui.data_mut(|data| data.insert_temp(id, Said { text: text.to_owned(), at: now }));
        }
    }
    !counts_on
}

/// A URL, a command, a path. Breaks between words, at signs, and where there are none anywhere, so that nothing is cut.
pub fn mono(ui: &mut Ui, text: &str) -> Response {
    let mut job = LayoutJob::default();
    let font_id = TextStyle::Monospace.resolve(ui.style());
    job.append(
        &legible(ui, text, &font_id),
        0.0,
        egui::TextFormat {
            font_id,
            color: Theme::of(ui).text,
            line_height: Some(20.0),
            ..Default::default()
        },
    );
    ui.add(Label::new(job).wrap())
}

/// One line of a list of facts. A screen reader gets both as one sentence.
pub fn key_value(ui: &mut Ui, key: &str, value: &str) {
    const KEY_WIDTH: f32 = 160.0;
    let theme = Theme::of(ui);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = gap::M;
        let width = KEY_WIDTH.min(ui.available_width() / 3.0);
        let shown = RichText::new(key).color(theme.text_2).line_height(Some(20.0));
        let wrap = Some(TextWrapMode::Wrap);
        let galley =
            egui::WidgetText::from(shown).into_galley(ui, wrap, width, FontSelection::Default);
        let (rect, _) = ui.allocate_exact_size(vec2(width, galley.size().y), Sense::hover());
        ui.painter().galley(rect.min, galley, theme.text_2);
        let response = paragraph(ui, value);
        let sentence = format!("{key}: {value}");
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &sentence));
    });
}

/// A word on a coloured ground, in capitals: the environment, nothing else.
pub fn pill(ui: &mut Ui, word: &str, ground: Color32) {
    let response = silent_pill(ui, word, ground);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, word));
}

/// The same beside a piece that says the word for it.
pub fn silent_pill(ui: &mut Ui, word: &str, ground: Color32) -> Response {
    let size = pill_text(ui, word).size() + PILL_PADDING;
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
    paint_pill(ui, rect, word, ground);
    response
}

/// The same inside another piece, which says the word in its own name.
pub fn paint_pill(ui: &Ui, rect: Rect, word: &str, ground: Color32) {
    let galley = pill_text(ui, word);
    ui.painter().rect_filled(rect, rect.height() / 2.0, ground);
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, Color32::WHITE);
}

const PILL_PADDING: Vec2 = vec2(20.0, 6.0);

fn pill_text(ui: &Ui, word: &str) -> Arc<Galley> {
    let text = RichText::new(word.to_uppercase())
        .font(egui::FontId::new(11.5, TextStyle::Button.resolve(ui.style()).family))
        .color(Color32::WHITE);
    egui::WidgetText::from(text).into_galley(
        ui,
        Some(TextWrapMode::Extend),
        f32::INFINITY,
        FontSelection::Default,
    )
}

/// How wide the pill with this word is.
pub fn pill_width(ui: &Ui, word: &str) -> f32 {
    pill_text(ui, word).size().x + PILL_PADDING.x
}

/// A bold opening and what follows it, as one wrapped text.
pub(super) fn lead(ui: &Ui, title: &str, text: &str) -> LayoutJob {
    let theme = Theme::of(ui);
    let format = |style: TextStyle| egui::TextFormat {
        font_id: style.resolve(ui.style()),
        color: theme.text,
        line_height: Some(20.0),
        ..Default::default()
    };
    let mut job = LayoutJob::default();
    job.append(title, 0.0, format(role::strong()));
    if !title.is_empty() && !text.is_empty() {
        job.append(" ", 0.0, format(TextStyle::Body));
    }
    job.append(text, 0.0, format(TextStyle::Body));
    job
}

/// The title of a part of a panel.
pub fn part(ui: &mut Ui, title: &str) -> Response {
    titled(ui, Label::new(RichText::new(title).text_style(role::strong())), title, 3)
}
