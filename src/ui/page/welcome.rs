//! The card over a page of a set-up that is gone on with: what was looked at again, and what came of it.

use egui::{Role, Ui, WidgetInfo, vec2};

use crate::{
    setup::{
        Msg, Setup,
        resume::{Check, Outcome, Resume, What},
        step::StepId,
    },
    ui::{
        act::Act,
        kit::{self, Icon},
        theme::{Theme, gap},
    },
};

pub(super) fn show(ui: &mut Ui, setup: &mut Setup, acts: &mut Vec<Act>) {
    let Some(resume) = setup.resume.as_ref().filter(|resume| !resume.seen) else { return };
    let mut seen = false;
    kit::card(ui, Some("Welcome back"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::XS;
        if let Some(at) = resume.last_used() {
            kit::caption(ui, &format!("Last used {}.", kit::day(at)));
        }
        kit::live(ui, &summary(resume));
        ui.add_space(gap::XS);
        for check in &resume.checks {
            line(ui, check, setup.current, acts);
        }
        ui.add_space(gap::XS);
        seen = kit::secondary_button(ui, "Close this card").clicked();
    });
    if seen {
        setup.welcomed();
    }
}

/// One sentence, read out when it changes.
fn summary(resume: &Resume) -> String {
    let things = |count: usize| kit::count(count, "thing", "things");
    let waits = resume.checks.iter().any(|check| matches!(check.outcome, Outcome::NeedsYou(_)));
    match (resume.open(), resume.different(), resume.checks.len()) {
        (_, _, 0) => "Nothing outside has to be looked at again.".to_owned(),
        (open, _, _) if waits => {
            format!("{} can be looked at once you have done this.", things(open))
        }
        (0, 0, _) if resume.unchecked() == 0 => "Everything is as you left it.".to_owned(),
        (0, 0, _) => {
            format!("Nothing is different. {} could not be looked at.", things(resume.unchecked()))
        }
        (0, 1, all) => format!("1 of {} is different.", things(all)),
        (0, different, all) => format!("{different} of {} are different.", things(all)),
        (open, _, _) => format!("Checking {}…", things(open)),
    }
}

fn line(ui: &mut Ui, check: &Check, current: StepId, acts: &mut Vec<Act>) {
    let theme = Theme::of(ui);
    let (mark, colour, words, step) = match &check.outcome {
        Outcome::Waiting => (Icon::NotStarted, theme.idle, "Waits.", None),
        Outcome::Looking => (Icon::Working, theme.accent, "Being looked at…", None),
        Outcome::Same(words) => (Icon::Done, theme.success.text, words.as_str(), None),
        Outcome::Different(words, step) => {
            (Icon::Warning, theme.warning.text, words.as_str(), Some(*step))
        }
        Outcome::NeedsYou(words) => {
            (Icon::NeedsYou, theme.accent, words.as_str(), Some(check.what.step()))
        }
        Outcome::Unchecked(words) => (Icon::Skipped, theme.idle, words.as_str(), None),
    };
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing = vec2(gap::S, 0.0);
        kit::icon(ui, mark, 18.0, colour);
        ui.vertical(|ui| {
            kit::key_value(ui, check.what.title(), words);
            let elsewhere = step.filter(|step| *step != current);
            if let Some(step) = elsewhere
                && leads(ui, check.what, step)
            {
                acts.push(Act::Do(Msg::Go(step)));
            }
        });
    });
}

/// Two lines may lead to one step, and no two buttons have one name.
fn leads(ui: &mut Ui, what: What, step: StepId) -> bool {
    let text = format!("Go to step {}, {}", step.number(), step.name());
    let link = kit::link_button(ui, &text);
    let name = format!("{}: {text}", what.title());
    link.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), &name));
    link.clicked()
}
