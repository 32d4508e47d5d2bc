//! Lines of code or of a program's output: monospace, numbered where asked, scrolled inside, only those in sight drawn.

use egui::{
    Align2, EventFilter, Frame, Key, Margin, Response, Role, ScrollArea, Sense, TextStyle, Ui,
    UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};

use crate::ui::{
    kit::{focus_ring, legible::legible},
    theme::{CONTROL_RADIUS, Theme, gap},
};

/// Rows beyond this many scroll inside.
const IN_SIGHT: usize = 14;
const LINE: f32 = 20.0;
/// Longer lines are cut for the eye: the text stays whole where it is copied.
const LONGEST: usize = 2000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed<'a> {
    /// From 1; `None` where lines have no numbers.
    pub number: Option<usize>,
    pub text: &'a str,
    /// Worth a look: on a tinted ground.
    pub marked: bool,
}

/// Where the lines begin to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    Top,
    /// At the last line, and along with it as lines come.
    End,
}

/// Draws `lines`; `name` says to a screen reader what they are. Arrows and page keys scroll while it has the focus.
pub fn listing(ui: &mut Ui, name: &str, begin: Begin, lines: &[Listed<'_>]) {
    let theme = Theme::of(ui);
    let role = match begin {
        Begin::Top => Role::Code,
        Begin::End => Role::Log,
    };
    let shown = Frame::new()
        .fill(theme.bg)
        .stroke(theme.hairline())
        .corner_radius(CONTROL_RADIUS)
        .inner_margin(Margin::symmetric(0, 6))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            // Before the lines, so that it is behind them for the pointer.
            let place = ui.interact(
                ui.max_rect(),
                ui.make_persistent_id((name, "lines")),
                Sense::focusable_noninteractive(),
            );
            place.widget_info(|| WidgetInfo::labeled(role, true, name));
            rows(ui, name, begin, lines, &place);
            place
        });
    let whole = shown.inner.with_new_rect(shown.response.rect);
    focus_ring(ui, &whole);
}

fn rows(ui: &mut Ui, name: &str, begin: Begin, lines: &[Listed<'_>], place: &Response) {
    let theme = Theme::of(ui);
    let font = TextStyle::Monospace.resolve(ui.style());
    let last = lines.iter().rev().find_map(|line| line.number);
    let gutter = last.map_or(gap::M, |last| {
        let digits = last.to_string().len().max(2);
        ui.painter().layout_no_wrap("0".repeat(digits), font.clone(), theme.text_2).size().x
            + 2.0 * gap::M
    });
    ui.spacing_mut().item_spacing = Vec2::ZERO;
    // Its lines go on beyond its edge.
    let builder = UiBuilder::new().id_salt((name, "scrolled")).accessibility_role(Role::ScrollView);
    ui.scope_builder(builder, |ui| {
        ScrollArea::both()
            .id_salt(name)
            .max_height(LINE * IN_SIGHT as f32)
            .min_scrolled_height(LINE * 4.0)
            .auto_shrink([false, true])
            .stick_to_bottom(begin == Begin::End)
            .show_rows(ui, LINE, lines.len(), |ui, range| {
                if place.has_focus() {
                    scroll(ui, place);
                }
                for line in lines.get(range).unwrap_or_default() {
                    row(ui, line, gutter);
                }
            });
    });
}

fn row(ui: &mut Ui, line: &Listed<'_>, gutter: f32) {
    let theme = Theme::of(ui);
    let font = TextStyle::Monospace.resolve(ui.style());
    let text: String = line.text.chars().take(LONGEST).collect();
    let drawn = legible(ui, &text, &font).replace('\t', "    ");
    let galley = ui.painter().layout_no_wrap(drawn, font.clone(), theme.text);
    let size = vec2((gutter + galley.size().x + gap::M).max(ui.available_width()), LINE);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &text));
    if line.marked {
        ui.painter().rect_filled(rect, 0, theme.warning.ground);
    }
    if let Some(number) = line.number {
        let at = pos2(rect.left() + gutter - gap::M, rect.center().y);
        ui.painter().text(at, Align2::RIGHT_CENTER, number, font, theme.text_2);
    }
    let at = pos2(rect.left() + gutter, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, theme.text);
}

/// Keys that would otherwise move the focus scroll the lines.
fn scroll(ui: &Ui, place: &Response) {
    let filter =
        EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(place.id, filter));
    let page = LINE * (IN_SIGHT - 1) as f32;
    let by = ui.input(|input| {
        let pressed = |key| input.num_presses(key) as f32;
        vec2(
            4.0 * LINE * (pressed(Key::ArrowLeft) - pressed(Key::ArrowRight)),
            LINE * (pressed(Key::ArrowUp) - pressed(Key::ArrowDown))
                + page * (pressed(Key::PageUp) - pressed(Key::PageDown))
                + f32::MAX.sqrt() * (pressed(Key::Home) - pressed(Key::End)),
        )
    });
    if by != Vec2::ZERO {
        ui.scroll_with_delta(by);
    }
}
