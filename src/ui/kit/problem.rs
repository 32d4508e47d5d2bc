//! The card that tells what did not work: what happened, why, what to do.

use egui::{Label, RichText, Role, Sense, Ui, UiBuilder};

use crate::{
    domain::problem::{Fix, Problem, Quote},
    ui::{
        kit::{
            button::fix_button, caption, fold, link_button, mono, paragraph, secondary_button,
            tinted,
        },
        theme::{Theme, gap, role},
    },
};

/// How the first fix stands on a page that has at most one filled button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstFix {
    /// The page's filled button.
    Main,
    /// The page has another one.
    Beside,
}

/// Draws the problem; the fix that was clicked. `usable` tells which fixes can be carried out now.
/// `enter`: the focus goes to its first line, so that the next stop of the Tab key is its first button.
pub fn problem(
    ui: &mut Ui,
    problem: &Problem,
    enter: bool,
    first: FirstFix,
    usable: impl Fn(&Fix) -> bool,
) -> Option<Fix> {
    let tone = Theme::of(ui).danger;
    let group =
        UiBuilder::new().accessibility_role(Role::Alert).accessibility_label(problem.what.clone());
    ui.scope_builder(group, |ui| {
        tinted(ui, tone, |ui| {
            ui.spacing_mut().item_spacing.y = gap::S;
            let what = RichText::new(&problem.what).text_style(role::strong());
            let mut what = Label::new(what).wrap();
            let id = ui.next_auto_id();
            // No stop of the Tab key unless it was sent there.
            if enter || ui.memory(|memory| memory.has_focus(id)) {
                what = what.sense(Sense::focusable_noninteractive());
            }
            let what = ui.add(what);
            if enter {
                what.request_focus();
            }
            if !problem.why.is_empty() {
                paragraph(ui, &problem.why);
            }
            if let Some(quote) = &problem.quote {
                caption(ui, &quote.sentence());
            }
            if problem.outcome_unknown {
                caption(ui, "It may have worked although no answer came.");
            }
            for hint in problem.hints.iter().filter(|hint| hint.fix.is_none()) {
                paragraph(ui, &format!("•  {}", hint.label));
            }
            let fix = fixes(ui, problem, first, usable);
            if !problem.detail.is_empty() {
                fold(ui, "Details", |ui| {
                    for line in &problem.detail {
                        mono(ui, line);
                    }
                });
            }
            fix
        })
    })
    .inner
}

fn fixes(
    ui: &mut Ui,
    problem: &Problem,
    first: FirstFix,
    usable: impl Fn(&Fix) -> bool,
) -> Option<Fix> {
    let mut clicked = None;
    ui.horizontal_wrapped(|ui| {
        let fixes = problem.hints.iter().filter_map(|hint| Some((&hint.label, hint.fix.as_ref()?)));
        for (place, (label, fix)) in fixes.filter(|(_, fix)| usable(fix)).enumerate() {
            let response = if place == 0 && first == FirstFix::Main {
                fix_button(ui, label, true)
            } else {
                secondary_button(ui, label)
            };
            if response.clicked() {
                clicked = Some(fix.clone());
            }
        }
        if link_button(ui, "Copy for a ticket").clicked() {
            clicked = Some(Fix::Copy(ticket(problem)));
        }
    });
    clicked
}

/// The problem as plain text for those who help. Without secrets, as the problem itself is.
fn ticket(problem: &Problem) -> String {
    let mut lines = vec![format!("[{}] {}", problem.code, problem.what)];
    if !problem.why.is_empty() {
        lines.push(problem.why.clone());
    }
    lines.extend(problem.quote.iter().map(Quote::sentence));
    lines.extend(problem.detail.iter().cloned());
    lines.join("\n")
}
