//! Page 12: everything that was changed with its way back, the access still open, and the runbook.

use egui::{Frame, Margin, RichText, ScrollArea, Ui};
use jiff::Timestamp;

use crate::{
    domain::{
        cluster::Environment,
        record::{Entry, Record, Undo},
        secret::Secret,
    },
    setup::{
        Setup, StepMsg,
        facts::Facts,
        runbook::{self, Format, Language},
        step::{Standing, StepId},
        steps::{
            hand_over::{Msg, Phase, Stand, Step},
            test,
        },
    },
    ui::{
        act::{Act, Copied},
        kit::{self, Icon, Question},
        steps::written,
        theme::{CONTROL_RADIUS, Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let mut act = open_access(ui, setup);
    let idle = matches!(setup.steps.hand_over.phase, Phase::Idle | Phase::Failed(_));
    act = kit::card(ui, Some("Everything we changed"), |ui| {
        ui.add_enabled_ui(idle, |ui| changed(ui, setup)).inner
    })
    .or(act);
    act = kit::card(ui, Some("Runbook and team profile"), |ui| runbook(ui, setup)).or(act);
    act = another(ui, setup).or(act);
    kit::fold(ui, "What can be taken back?", |ui| {
        kit::paragraph(
            ui,
            "A file, as long as it is what we wrote: a later edit of yours is never overwritten. The app's settings, with one more deployment. The pool, once no app uses it. Migrations cannot be undone; restore a backup instead.",
        );
    });
    act
}

/// Nothing outlives a practice, so there is no other environment of it.
fn another(ui: &mut Ui, setup: &Setup) -> Option<Act> {
    let cluster = setup.facts.cluster.as_ref()?;
    if cluster.environment == Environment::Practice {
        return None;
    }
    kit::card(ui, Some("Another environment"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        kit::paragraph(
            ui,
            "A new set-up with the same names, mode, project and files. It asks for the cluster, its environment and the app. This one stays in the list on the start page.",
        );
        let works = |step| setup.standing(step) == Standing::Working;
        let idle = ![StepId::Pool, StepId::Migrations, StepId::App, StepId::HandOver]
            .map(works)
            .contains(&true);
        let button = ui.add_enabled_ui(idle, |ui| {
            kit::secondary_button(ui, "Do the same for another environment")
        });
        if !idle {
            kit::caption(ui, "Something still runs here. It can begin once that has ended.");
        }
        button.inner.clicked().then_some(Act::Another)
    })
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
    let cluster = granted.cluster.clone();
    remove.inner.clicked().then(|| StepMsg::from(test::Msg::RemoveFrom(cluster)).into())
}

/// The record, newest first: what would be taken back first stands first.
fn changed(ui: &mut Ui, setup: &Setup) -> Option<Act> {
    let Setup { record, facts, rules, .. } = setup;
    let step = &setup.steps.hand_over;
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
        let undoable = Step::undoable(facts, rules, &entry.undo);
        act = entry_ui(ui, index, entry, &undoable, step.stand(index)).or(act);
    }
    if record.entries.iter().any(|entry| !entry.undone && entry.undo.possible()) {
        kit::hairline(ui);
        if step.looks() {
            kit::caption(ui, "Looking how each of them stands by now…");
        } else if kit::link_button(ui, "Look again how they stand").clicked() {
            act = Some(Msg::Look.into());
        }
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

fn entry_ui(
    ui: &mut Ui,
    index: usize,
    entry: &Entry,
    undoable: &Result<(), String>,
    stand: Option<&Stand>,
) -> Option<Act> {
    let theme = Theme::of(ui);
    ui.push_id(index, |ui| {
        ui.spacing_mut().item_spacing.y = gap::XS;
        kit::paragraph(ui, &entry.what);
        let at = kit::clock(entry.at);
        let (mark, color, word) = match (undoable, entry.undone, stand) {
            (_, true, _) => (Icon::Done, theme.success.text, "taken back".to_owned()),
            (_, false, Some(Stand::Gone(why))) => {
                (Icon::Done, theme.idle, format!("nothing to take back: {why}"))
            }
            (_, false, Some(Stand::Changed(why))) => {
                (Icon::Warning, theme.warning.text, format!("by hand only: {why}"))
            }
            (Err(why), false, _) => (Icon::Locked, theme.idle, why.clone()),
            (Ok(()), false, Some(Stand::KeysOnly)) => (
                Icon::NotStarted,
                theme.idle,
                "the file was changed since; our variables alone can be taken back".to_owned(),
            ),
            (Ok(()), false, Some(Stand::Ours) | None) => {
                (Icon::NotStarted, theme.idle, "can be taken back".to_owned())
            }
        };
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().interact_size.y = 20.0;
            kit::icon(ui, mark, 14.0, color);
            ui.label(RichText::new(format!("{at} · {word}")).small().color(theme.text_2));
        });
        if entry.undone || undoable.is_err() || stand.is_some_and(|stand| !stand.is_open()) {
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
            Undo::RestorePool { earlier, .. } => asked(
                format!("Give pool {} its earlier settings back?", earlier.name),
                "Its size and mode go back, while they are still what we set.",
                format!("Change pool {} back to {}", earlier.name, earlier.size),
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

fn runbook(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let (facts, record) = (&setup.facts, &setup.record);
    let step = &mut setup.steps.hand_over;
    if matches!(step.phase, Phase::WouldChange) {
        written::would(ui, "The runbook would be written.");
    }
    let saved = if step.saved.is_empty() { facts.runbook.as_slice() } else { &step.saved };
    if !saved.is_empty() {
        written::files(ui, saved, facts);
    }
    kit::field(
        ui,
        "File of the runbook",
        &mut step.draft.file,
        "Relative to the project's folder, or a whole path. The other forms stand beside it. No password is in any of them.",
    );
    let stem = step.stem();
    forms(ui, &mut step.draft.format, &stem);
    let text = |format| runbook::text(format, facts, record, (last_event(record), &stem));
    let format = step.draft.format;
    match format {
        Format::Markdown => {
            preview(ui, &text(format));
            kit::caption(ui, "Date and time are set when it is written.");
        }
        Format::Html => {
            kit::paragraph(
                ui,
                "It says the same as the Markdown, with the picture inside, in light and dark. It loads nothing from anywhere.",
            );
        }
        Format::Commands(_) => preview(ui, &text(format)),
        Format::Profile => {
            preview(ui, &text(format));
            profile_notes(ui, facts);
        }
    }
    let name = format.file_name(&stem);
    ui.horizontal_wrapped(|ui| {
        let act = saving(ui, step, facts);
        // What a browser shows is of no use as text.
        let is_copied =
            format != Format::Html && kit::copy_button(ui, "Copy", &format!("Copy {name}"));
        let copied = || Copied { text: Secret::new(text(format)), kind: name, secret: false };
        act.or_else(|| is_copied.then(|| Act::Copy(copied())))
    })
    .inner
}

fn profile_notes(ui: &mut Ui, facts: &Facts) {
    let is_practice =
        facts.cluster.as_ref().is_some_and(|cluster| cluster.environment == Environment::Practice);
    if is_practice {
        kit::caption(ui, "A sample: the practice cluster ends with the practice.");
    }
    if facts.project.is_none() {
        kit::caption(
            ui,
            "It stands in the project's folder, which step 7 asks for. Until then it can be copied.",
        );
    }
}

/// Which form is looked at.
fn forms(ui: &mut Ui, format: &mut Format, stem: &str) {
    let commands = match *format {
        Format::Commands(language) => Format::Commands(language),
        Format::Markdown | Format::Html | Format::Profile => Format::Commands(Language::default()),
    };
    let forms = [
        (Format::Markdown, "Markdown", "for the repository; its picture is a file beside it"),
        (Format::Html, "HTML", "one file for the browser and for printing"),
        (commands, "As commands", "the same set-up for doctl, curl or Terraform"),
        (Format::Profile, "Team profile", "to commit, without a secret: who joins opens it here"),
    ];
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (form, title, meaning) in forms {
            if kit::radio(ui, *format == form, title, meaning).clicked() {
                *format = form;
            }
        }
    });
    if let Format::Commands(language) = format {
        let options = Language::ALL.map(|language| {
            let name = Format::Commands(language).file_name(stem);
            (language, format!("{} ({name})", language.title()))
        });
        kit::select(ui, "Commands for", language, &options);
    }
}

/// The buttons that write this form and open what was written.
fn saving(ui: &mut Ui, step: &Step, facts: &Facts) -> Option<Act> {
    let format = step.draft.format;
    let place = step.place(format, facts)?;
    let name = place.file_name()?.to_string_lossy().into_owned();
    let idle = matches!(step.phase, Phase::Idle | Phase::Failed(_));
    let is_saved = step.saved.iter().any(|saved| saved.file.ends_with(&name));
    let button = |ui: &mut Ui, label: &str| {
        ui.add_enabled_ui(idle, |ui| kit::secondary_button(ui, label)).inner.clicked()
    };
    let save = button(ui, &format!("Save {name}"));
    let open = is_saved && button(ui, &format!("Open {name}"));
    match (save, open) {
        (true, _) => Some(Msg::Save(format).into()),
        (false, true) => Some(Msg::Open(place).into()),
        (false, false) => None,
    }
}

fn preview(ui: &mut Ui, text: &str) {
    let theme = Theme::of(ui);
    Frame::new()
        .stroke(theme.hairline())
        .corner_radius(CONTROL_RADIUS)
        .inner_margin(Margin::symmetric(12, 8))
        .show(ui, |ui| {
            ScrollArea::vertical().max_height(280.0).auto_shrink([false, true]).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                // A line of text is no control, and needs not its height.
                ui.spacing_mut().interact_size.y = 0.0;
                for line in text.lines() {
                    kit::mono(ui, line);
                }
            });
        });
}

/// Drawing has no clock: the preview stands at what happened last.
fn last_event(record: &Record) -> Timestamp {
    let exchanges = record.exchanges.iter().map(|exchange| exchange.at);
    let entries = record.entries.iter().map(|entry| entry.at);
    exchanges.chain(entries).max().unwrap_or(Timestamp::UNIX_EPOCH)
}
