//! Page 12: everything that was changed with its way back, the access still open, and the runbook.

use egui::{Frame, Label, Margin, RichText, ScrollArea, Stroke, Ui};
use jiff::Timestamp;

use crate::{
    domain::record::{Entry, Record, Undo},
    setup::{
        Rules, Setup, StepMsg,
        facts::Facts,
        steps::{
            hand_over::{Msg, Phase, Step},
            test,
        },
    },
    ui::{
        act::Act,
        kit::{self, Icon, Question},
        steps::written,
        theme::{CONTROL_RADIUS, Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let mut act = open_access(ui, setup);
    let idle = matches!(setup.steps.hand_over.phase, Phase::Idle | Phase::Failed(_));
    act = kit::card(ui, Some("Everything we changed"), |ui| {
        ui.add_enabled_ui(idle, |ui| changed(ui, &setup.record, &setup.facts, &setup.rules)).inner
    })
    .or(act);
    kit::card(ui, Some("Runbook"), |ui| runbook(ui, setup));
    kit::fold(ui, "What can be taken back?", |ui| {
        kit::paragraph(
            ui,
            "A file, as long as it is what we wrote: a later edit of yours is never overwritten. The app's settings, with one more deployment. The pool, once no app uses it. Migrations cannot be undone; restore a backup instead.",
        );
    });
    act
}

/// Temporary access has to be dealt with before the end.
fn open_access(ui: &mut Ui, setup: &Setup) -> Option<Act> {
    let granted = setup.facts.first_to_end()?;
    let lease = &granted.lease;
    let theme = Theme::of(ui);
    let until = lease
        .until
        .map_or("until it is removed".to_owned(), |until| format!("until {}", kit::clock(until)));
    let text = format!("{} may connect to {} {until}.", lease.address, granted.cluster_name);
    kit::note(
        ui,
        theme.warning,
        Icon::Warning,
        "Temporary access for this computer is still open.",
        &text,
    );
    let idle = matches!(setup.steps.test.phase, test::Phase::Idle | test::Phase::Failed(_));
    let remove = ui.add_enabled_ui(idle, |ui| kit::secondary_button(ui, "Remove the access now"));
    remove.inner.clicked().then(|| StepMsg::from(test::Msg::Remove).into())
}

/// The record, newest first: what would be taken back first stands first.
fn changed(ui: &mut Ui, record: &Record, facts: &Facts, rules: &Rules) -> Option<Act> {
    if record.entries.is_empty() {
        kit::paragraph(
            ui,
            "Nothing was changed, in the account, in the database or on this computer.",
        );
        return None;
    }
    let mut act = None;
    for (index, entry) in record.entries.iter().enumerate().rev() {
        if index + 1 < record.entries.len() {
            kit::hairline(ui);
        }
        act = entry_ui(ui, index, entry, facts, rules).or(act);
    }
    if 1 < Step::undoable_now(facts, rules, record) {
        kit::hairline(ui);
        act = all(ui).or(act);
    }
    act
}

fn all(ui: &mut Ui) -> Option<Act> {
    let question = Question {
        ask: "Take everything back…",
        question: "Take everything back that can be?",
        meaning: "The app first, then files, the pool, the access; one after the other. It ends at the first that does not work.",
        yes: "Take everything back",
        no: "Keep everything",
    };
    kit::confirm(ui, &question).then(|| Msg::UndoAll.into())
}

fn entry_ui(ui: &mut Ui, index: usize, entry: &Entry, facts: &Facts, rules: &Rules) -> Option<Act> {
    let theme = Theme::of(ui);
    let undoable = Step::undoable(facts, rules, &entry.undo);
    ui.push_id(index, |ui| {
        ui.spacing_mut().item_spacing.y = gap::XS;
        ui.add(Label::new(&entry.what).wrap());
        let at = kit::clock(entry.at);
        let (mark, color, word) = match (&undoable, entry.undone) {
            (_, true) => (Icon::Done, theme.success.text, "taken back".to_owned()),
            (Ok(()), false) => (Icon::NotStarted, theme.idle, "can be taken back".to_owned()),
            (Err(why), false) => (Icon::Locked, theme.idle, why.clone()),
        };
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().interact_size.y = 20.0;
            kit::icon(ui, mark, 14.0, color);
            ui.label(RichText::new(format!("{at} · {word}")).small().color(theme.text_2));
        });
        if entry.undone || undoable.is_err() {
            return None;
        }
        let asked = Asked::of(&entry.undo)?;
        let question = Question {
            ask: &format!("{}…", asked.yes),
            question: &asked.question,
            meaning: asked.meaning,
            yes: &asked.yes,
            no: "Keep it as it is",
        };
        kit::confirm(ui, &question).then(|| Msg::Undo(index).into())
    })
    .inner
}

/// What is asked before something is taken back.
struct Asked {
    question: String,
    meaning: &'static str,
    yes: String,
}

impl Asked {
    fn of(undo: &Undo) -> Option<Self> {
        let asked = |question: String, meaning, yes: String| Some(Self { question, meaning, yes });
        match undo {
            Undo::DeletePool { pool, .. } => asked(
                format!("Delete pool {pool}?"),
                "Clients that still use its URL are refused from then on.",
                format!("Delete pool {pool}"),
            ),
            Undo::RestoreFile { file, backup, .. } => {
                let name = file.file_name().unwrap_or(file.as_os_str()).display();
                let meaning = if backup.is_some() {
                    "It is put back as it was before, while it is still what we wrote."
                } else {
                    "The file is new; it is removed while it is still what we wrote."
                };
                asked(format!("Restore {}?", file.display()), meaning, format!("Restore {name}"))
            }
            Undo::RestoreSpec { .. } => asked(
                "Restore the app's previous settings?".to_owned(),
                "App Platform starts one more deployment.",
                "Restore the app's settings".to_owned(),
            ),
            Undo::RemoveLease { lease, .. } => asked(
                format!("Remove the access of {}?", lease.address),
                "No other trusted source is touched.",
                format!("Remove access of {}", lease.address),
            ),
            Undo::Impossible(_) => None,
        }
    }
}

fn runbook(ui: &mut Ui, setup: &mut Setup) {
    if matches!(setup.steps.hand_over.phase, Phase::WouldChange) {
        written::would(ui, "The runbook would be written.");
    }
    if let Some(file) = &setup.facts.runbook {
        written::files(ui, std::slice::from_ref(file), &setup.facts);
    }
    let draft = &mut setup.steps.hand_over.draft;
    kit::field(
        ui,
        "File of the runbook",
        &mut draft.file,
        "Relative to the project's folder, or a whole path. No password is in it.",
    );
    preview(ui, &setup.facts, &setup.record);
}

fn preview(ui: &mut Ui, facts: &Facts, record: &Record) {
    let theme = Theme::of(ui);
    let text = crate::setup::runbook(facts, record, last_event(record));
    Frame::new()
        .stroke(Stroke::new(1.0, theme.raised))
        .corner_radius(CONTROL_RADIUS)
        .inner_margin(Margin::symmetric(12, 8))
        .show(ui, |ui| {
            ScrollArea::vertical().max_height(280.0).auto_shrink([false, true]).show(ui, |ui| {
                for line in text.lines() {
                    kit::mono(ui, line);
                }
            });
        });
    kit::caption(ui, "Date and time are set when it is written.");
}

/// Drawing has no clock: the preview stands at what happened last.
fn last_event(record: &Record) -> Timestamp {
    let exchanges = record.exchanges.iter().map(|exchange| exchange.at);
    let entries = record.entries.iter().map(|entry| entry.at);
    exchanges.chain(entries).max().unwrap_or(Timestamp::UNIX_EPOCH)
}
