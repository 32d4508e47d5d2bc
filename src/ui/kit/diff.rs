//! What changes in a file: removed and added lines with numbers, signs and the changed words underlined.

use std::sync::Arc;

use egui::{
    Frame, Galley, Id, Key, Margin, Memory, Modifiers, Rect, Response, Role, Sense, Stroke,
    TextFormat, TextStyle, Ui, WidgetInfo, pos2, text::LayoutJob, vec2,
};
use similar::{ChangeTag, DiffOp, TextDiff};

use crate::ui::{
    kit::{Tick, caption, chart::letter_keys, check_row},
    theme::{CONTROL_RADIUS, Theme, gap},
};

/// Unchanged lines shown around a change.
const CONTEXT: usize = 3;
const LINE: f32 = 20.0;
/// Above and below the text, so that an underline stays on the ground of its own line.
const INSET: f32 = 2.0;

/// Draws the difference. Secrets are masked in both texts before they come here.
pub fn diff(ui: &mut Ui, before: &str, after: &str) {
    let lines = lines(before, after);
    if lines.is_empty() {
        caption(ui, "Nothing in this file changes.");
    } else {
        show(ui, &lines);
        caption(ui, "Nothing else in this file changes.");
    }
}

/// Draws one change of several in a file.
pub fn hunk(ui: &mut Ui, before: &str, after: &str) {
    show(ui, &lines(before, after));
}

/// The ticks of the changes on a page, in their order.
#[derive(Clone, Debug, Default)]
struct Ticks {
    /// The pass in which they were drawn.
    drawn: u64,
    ids: Vec<Id>,
}

fn ticks() -> Id {
    Id::unique("ticks of changes")
}

/// The tick above a change. `J` and `K` go from one to the next, see [`walk`].
pub fn tick(ui: &mut Ui, ticked: &mut bool, tick: Tick<'_>) -> Response {
    let response = check_row(ui, ticked, tick);
    let drawn = ui.cumulative_pass_nr();
    ui.data_mut(|data| {
        let ticks: &mut Ticks = data.get_temp_mut_or_default(ticks());
        if ticks.drawn != drawn {
            *ticks = Ticks { drawn, ids: Vec::new() };
        }
        ticks.ids.push(response.id);
    });
    response
}

/// Called after the changes of a page: `J` goes to the next one's tick, `K` to the one before, and Space turns it as it
/// turns any. In a text field they are letters.
pub fn walk(ui: &Ui) {
    let covered = ui.memory(Memory::top_modal_layer).is_some();
    if covered || !letter_keys(ui.ctx()) || ui.text_edit_focused() {
        return;
    }
    let ticks: Ticks = ui.data(|data| data.get_temp(ticks())).unwrap_or_default();
    let Some(last) = ticks.ids.len().checked_sub(1) else { return };
    if ticks.drawn != ui.cumulative_pass_nr() {
        return;
    }
    let focused = ui.memory(Memory::focused);
    let here = ticks.ids.iter().position(|id| Some(*id) == focused);
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let to = match (pressed(Key::J), pressed(Key::K)) {
        (true, false) => here.map_or(0, |here| (here + 1).min(last)),
        (false, true) => here.map_or(last, |here| here.saturating_sub(1)),
        (true, true) | (false, false) => return,
    };
    if let Some(id) = ticks.ids.get(to) {
        ui.memory_mut(|memory| memory.request_focus(*id));
    }
}

/// One line of a file that changes: what stood there, and what will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// From 1; `None` where what changes is no file.
    pub line: Option<usize>,
    pub before: Option<String>,
    pub after: String,
}

/// Draws changed lines alone, where the rest of the file is not to be shown.
pub fn changes(ui: &mut Ui, changes: &[Change]) {
    let lines: Vec<Line> = changes.iter().flat_map(changed).collect();
    show(ui, &lines);
}

fn changed(change: &Change) -> Vec<Line> {
    let line = |kind, numbers, pieces| Line::Text { kind, numbers, pieces };
    let (old, new) = ((change.line, None), (None, change.line));
    match &change.before {
        Some(before) => {
            let (removed, added) = compare_words(before, &change.after);
            vec![line(Kind::Removed, old, removed), line(Kind::Added, new, added)]
        }
        None => vec![line(Kind::Added, new, vec![(false, change.after.clone())])],
    }
}

fn show(ui: &mut Ui, lines: &[Line]) {
    let theme = Theme::of(ui);
    Frame::new()
        .stroke(theme.hairline())
        .corner_radius(CONTROL_RADIUS)
        .inner_margin(Margin::symmetric(0, 4))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 0.0;
            let gutter = Gutter::of(ui, lines);
            for (index, line) in lines.iter().enumerate() {
                line_ui(ui, index, line, &gutter);
            }
        });
}

/// How many lines are added and removed: `+1 −0`.
pub fn size(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    format!("+{} −{}", count(ChangeTag::Insert), count(ChangeTag::Delete))
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    Text {
        kind: Kind,
        /// From 1, in the old and in the new text.
        numbers: (Option<usize>, Option<usize>),
        /// Pieces, and whether each is what changed.
        pieces: Vec<(bool, String)>,
    },
    /// Unchanged lines left out between two changes.
    Skipped(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Same,
    Removed,
    Added,
}

impl Kind {
    fn sign(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Removed => "−",
            Self::Added => "+",
        }
    }
}

fn lines(before: &str, after: &str) -> Vec<Line> {
    let diff = TextDiff::from_lines(before, after);
    let mut found = Vec::new();
    let mut shown_to = 0;
    for group in diff.grouped_ops(CONTEXT) {
        let start = group.first().map_or(0, |op| op.old_range().start);
        if 0 < start.saturating_sub(shown_to) {
            found.push(Line::Skipped(start - shown_to));
        }
        for op in &group {
            shown_to = op.old_range().end;
            let words = paired_words(&diff, op);
            for (change, pieces) in diff.iter_changes(op).zip(words) {
                let kind = match change.tag() {
                    ChangeTag::Equal => Kind::Same,
                    ChangeTag::Delete => Kind::Removed,
                    ChangeTag::Insert => Kind::Added,
                };
                let number = |index: Option<usize>| index.map(|index| index + 1);
                let numbers = (number(change.old_index()), number(change.new_index()));
                found.push(Line::Text { kind, numbers, pieces });
            }
        }
    }
    found
}

type Pieces = Vec<(bool, String)>;

/// The pieces of each line of `op`: what it removes, then what it adds. Lines that replace each other and are alike
/// are compared word by word.
fn paired_words(diff: &TextDiff<'_, '_, str>, op: &DiffOp) -> Vec<Pieces> {
    let text = |tag| -> Vec<&str> {
        let of_tag = diff.iter_changes(op).filter(|change| change.tag() == tag);
        of_tag.map(|change| bare(change.value())).collect()
    };
    let whole = |lines: Vec<&str>| -> Vec<Pieces> {
        lines.into_iter().map(|line| vec![(false, line.to_owned())]).collect()
    };
    let (old, new) = (text(ChangeTag::Delete), text(ChangeTag::Insert));
    if old.is_empty() || new.is_empty() {
        return whole(diff.iter_changes(op).map(|change| bare(change.value())).collect());
    }
    let pairs: Vec<(Pieces, Pieces)> =
        old.iter().zip(&new).map(|(old, new)| compare_words(old, new)).collect();
    let (mut removed, mut added) = (whole(old), whole(new));
    for (index, (was, is)) in pairs.into_iter().enumerate() {
        if let (Some(removed), Some(added)) = (removed.get_mut(index), added.get_mut(index)) {
            (*removed, *added) = (was, is);
        }
    }
    removed.append(&mut added);
    removed
}

fn compare_words(old: &str, new: &str) -> (Pieces, Pieces) {
    /// Below this share of equal words two lines have nothing to do with each other.
    const ALIKE: f32 = 0.4;
    let (old_words, new_words) = (words(old), words(new));
    let diff = TextDiff::from_slices(&old_words, &new_words);
    if diff.ratio() < ALIKE {
        return (vec![(false, old.to_owned())], vec![(false, new.to_owned())]);
    }
    let without = |tag: ChangeTag| {
        let kept = diff.iter_all_changes().filter(|change| change.tag() != tag);
        kept.map(|change| (change.tag() != ChangeTag::Equal, change.value().to_owned())).collect()
    };
    (without(ChangeTag::Insert), without(ChangeTag::Delete))
}

/// Runs of letters and digits, and each sign by itself: what changes in a URL is one of its parts.
fn words(line: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let length = if is_word(first) {
            rest.find(|c: char| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (word, tail) = rest.split_at_checked(length).unwrap_or((rest, ""));
        words.push(word);
        rest = tail;
    }
    words
}

fn bare(line: &str) -> &str {
    line.trim_end_matches(['\n', '\r'])
}

/// Widths of the two number columns and of the sign.
struct Gutter {
    number: f32,
}

impl Gutter {
    const SIGN: f32 = 20.0;

    fn of(ui: &Ui, lines: &[Line]) -> Self {
        let highest = lines
            .iter()
            .map(|line| match line {
                Line::Text { numbers, .. } => numbers.0.max(numbers.1).unwrap_or(0),
                Line::Skipped(_) => 0,
            })
            .max()
            .unwrap_or(0);
        let font = TextStyle::Monospace.resolve(ui.style());
        let digit = ui.fonts_mut(|fonts| fonts.glyph_width(&font, '0'));
        let digits = if highest == 0 { 0 } else { highest.to_string().len() };
        Self { number: if digits == 0 { 0.0 } else { digits as f32 * digit + gap::M } }
    }

    fn width(&self) -> f32 {
        2.0 * self.number + gap::S + Self::SIGN
    }
}

fn line_ui(ui: &mut Ui, index: usize, line: &Line, gutter: &Gutter) {
    let theme = Theme::of(ui);
    let font = TextStyle::Monospace.resolve(ui.style());
    let small = TextStyle::Small.resolve(ui.style());
    let (kind, numbers, galley) = match line {
        Line::Skipped(count) => {
            let words = if *count == 1 {
                "1 line unchanged".to_owned()
            } else {
                format!("{count} lines unchanged")
            };
            (Kind::Same, (None, None), ui.painter().layout_no_wrap(words, small, theme.text_2))
        }
        Line::Text { kind, numbers, pieces } => {
            let width = ui.available_width() - gutter.width() - gap::S;
            (*kind, *numbers, laid(ui, *kind, pieces, width))
        }
    };
    let size = vec2(ui.available_width(), galley.size().y.max(LINE - 2.0 * INSET) + 2.0 * INSET);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let response = ui.interact(rect, ui.unique_id().with(("line", index)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, sentence(line)));
    if !ui.is_rect_visible(rect) {
        return;
    }
    let (ground, color) = match kind {
        Kind::Same => (None, theme.text_2),
        Kind::Removed => (Some(theme.danger.ground), theme.danger.text),
        Kind::Added => (Some(theme.success.ground), theme.success.text),
    };
    let painter = ui.painter();
    if let Some(ground) = ground {
        painter.rect_filled(rect, 0, ground);
    }
    let middle = rect.top() + LINE / 2.0;
    for (column, number) in [numbers.0, numbers.1].into_iter().enumerate() {
        if let Some(number) = number {
            let x = rect.left() + gutter.number * (column as f32 + 1.0);
            let at = pos2(x, middle);
            painter.text(at, egui::Align2::RIGHT_CENTER, number, font.clone(), theme.text_2);
        }
    }
    let sign = pos2(rect.left() + gutter.width() - Gutter::SIGN + 2.0, middle);
    painter.text(sign, egui::Align2::LEFT_CENTER, kind.sign(), font, color);
    let text =
        Rect::from_min_size(pos2(rect.left() + gutter.width(), rect.top() + INSET), galley.size());
    painter.galley(text.min, galley, theme.text);
}

fn laid(ui: &Ui, kind: Kind, pieces: &[(bool, String)], width: f32) -> Arc<Galley> {
    let theme = Theme::of(ui);
    let color = match kind {
        Kind::Same => theme.text_2,
        Kind::Removed | Kind::Added => theme.text,
    };
    let mut job = LayoutJob::default();
    for (changed, piece) in pieces {
        let underline = if *changed { Stroke::new(1.5, color) } else { Stroke::NONE };
        let font_id = TextStyle::Monospace.resolve(ui.style());
        let line_height = Some(LINE - 2.0 * INSET);
        job.append(
            piece,
            0.0,
            TextFormat { font_id, color, line_height, underline, ..TextFormat::default() },
        );
    }
    // Between words, else at signs: a URL that is cut inside a number or a name reads as another.
    job.wrap.max_width = width.max(80.0);
    ui.painter().layout_job(job)
}

/// `Added, line 4: directUrl = env("DIRECT_URL")`.
fn sentence(line: &Line) -> String {
    match line {
        Line::Skipped(1) => "1 line unchanged".to_owned(),
        Line::Skipped(count) => format!("{count} lines unchanged"),
        Line::Text { kind, numbers, pieces } => {
            let text: String = pieces.iter().map(|(_, piece)| piece.as_str()).collect();
            let word = match kind {
                Kind::Same => "Unchanged",
                Kind::Removed => "Removed",
                Kind::Added => "Added",
            };
            match numbers.1.or(numbers.0) {
                Some(number) => format!("{word}, line {number}: {}", text.trim()),
                None => format!("{word}: {}", text.trim()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(before: &str, after: &str) -> Vec<String> {
        lines(before, after).iter().map(sentence).collect()
    }

    #[test]
    fn a_long_line_breaks_at_signs_and_never_inside_a_number() {
        egui::__run_test_ui(|ui| {
            let url =
                "DATABASE_URL=postgresql://shop_app@db.example:25061/shop-pool?limit=10&timeout=20";
            for width in (120..400).step_by(7) {
                let galley = laid(ui, Kind::Added, &[(false, url.to_owned())], width as f32);
                let rows: Vec<String> = galley.rows.iter().map(|row| row.text()).collect();
                assert_eq!(rows.concat(), url);
                let broken = rows
                    .iter()
                    .rev()
                    .skip(1)
                    .find(|row| row.ends_with(|last: char| last.is_alphanumeric()));
                assert_eq!(broken, None, "{rows:?}");
            }
        });
    }

    #[test]
    fn an_added_line_stands_among_its_neighbours() {
        let before = "a\nb\nc\nd\ne\nf\n";
        let after = "a\nb\nc\nd\ne\nnew\nf\n";
        assert_eq!(
            told(before, after),
            [
                "2 lines unchanged",
                "Unchanged, line 3: c",
                "Unchanged, line 4: d",
                "Unchanged, line 5: e",
                "Added, line 6: new",
                "Unchanged, line 7: f",
            ]
        );
        assert_eq!(size(before, after), "+1 −0");
    }

    #[test]
    fn of_a_replaced_line_only_the_changed_words_are_marked() {
        let found = lines("a\nurl = one\nb\n", "a\nurl = two\nmore\nb\n");
        let marked: Vec<Vec<&str>> = found
            .iter()
            .map(|line| match line {
                Line::Text { pieces, .. } => pieces
                    .iter()
                    .filter(|(changed, _)| *changed)
                    .map(|(_, piece)| piece.as_str())
                    .collect(),
                Line::Skipped(_) => Vec::new(),
            })
            .collect();
        assert_eq!(marked, [vec![], vec!["one"], vec!["two"], vec![], vec![]]);
    }

    #[test]
    fn of_a_url_only_the_changed_parts_are_marked() {
        let (removed, added) =
            compare_words("u@h.example:25060/shop", "u@h.example:25061/shop-pool");
        let marked = |pieces: Pieces| -> String {
            pieces.into_iter().filter(|(changed, _)| *changed).map(|(_, piece)| piece).collect()
        };
        assert_eq!((marked(removed), marked(added)), ("25060".to_owned(), "25061-pool".to_owned()));
    }

    #[test]
    fn equal_texts_have_no_lines_and_other_line_ends_are_not_shown() {
        assert!(lines("a\n", "a\n").is_empty());
        assert_eq!(told("", "a\r\n"), ["Added, line 1: a"]);
    }
}
