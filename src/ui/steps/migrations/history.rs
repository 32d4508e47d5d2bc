//! What the ledger says: the run of the built-in runner, migrations that stand half-way with the ways out, warnings.

use egui::Ui;

use crate::{
    domain::migration::{Applied, Failure, Resolve, Status},
    setup::steps::migrations::{Msg, Phase, Step},
    ui::{
        act::Act,
        kit::{
            self, Column, Icon, Question,
            stages::{Cell, Mark, Row, stages},
        },
        theme::{Theme, gap},
    },
};

/// What was applied, what runs, what comes; and what it warned of.
pub(super) fn run(ui: &mut Ui, step: &Step) -> Option<Act> {
    let theme = Theme::of(ui);
    if matches!(step.phase, Phase::Deploying(_)) || !step.log.is_empty() {
        kit::card(ui, Some("Run"), |ui| stages(ui, &[], &rows(step)));
    }
    for warning in &step.warnings {
        kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", &warning.to_string());
    }
    None
}

fn rows(step: &Step) -> Vec<Row> {
    let cell = |mark, found: &str, took| vec![Cell { mark, found: found.to_owned(), took }];
    let mut rows: Vec<Row> = step
        .log
        .iter()
        .map(|applied| Row {
            title: applied.name.clone(),
            cells: cell(Mark::Passed, "applied", Some(applied.took)),
        })
        .collect();
    if let Some((name, statements)) = &step.running {
        let finished = *statements as usize;
        let found = match finished {
            0 => "begun".to_owned(),
            _ => kit::count(finished, "statement finished", "statements finished"),
        };
        rows.push(Row { title: name.clone(), cells: cell(Mark::Running, &found, None) });
    }
    let begun = |name: &str| rows.iter().any(|row| row.title == name);
    let waiting: Vec<Row> = step
        .status
        .iter()
        .filter(|_| matches!(step.phase, Phase::Deploying(_)))
        .flat_map(|status| &status.pending)
        .filter(|pending| !begun(&pending.script.name))
        .map(|pending| Row {
            title: pending.script.name.clone(),
            cells: cell(Mark::NotReached, "waiting", None),
        })
        .collect();
    rows.extend(waiting);
    rows
}

/// What the ledger says beside the pending ones.
pub(super) fn standing(ui: &mut Ui, status: &Status, idle: bool) -> Option<Act> {
    let theme = Theme::of(ui);
    let mut act = None;
    // Once, in the last of these cards.
    let read_again = |ui: &mut Ui, here: bool| {
        let button = |ui: &mut Ui| kit::link_button(ui, "Read the migrations again");
        (here && ui.add_enabled_ui(idle, button).inner.clicked()).then(|| Msg::Read.into())
    };
    for (at, name) in status.failed.iter().enumerate() {
        let failure = status.failures.iter().find(|failure| failure.name == *name);
        let is_last = at + 1 == status.failed.len() && !status.schema_not_empty;
        act = kit::card(ui, Some(&format!("{name} stands half-way")), |ui| {
            half_way(ui, name, failure, idle).or(read_again(ui, is_last))
        })
        .or(act);
    }
    if status.schema_not_empty {
        act = kit::card(ui, Some("The database has tables, but no history"), |ui| {
            baseline(ui, status, idle).or(read_again(ui, true))
        })
        .or(act);
    }
    let edited =
        "was changed after it was applied. Prisma ignores that; a new database would differ.";
    let missing = "is in the ledger, but not in the folder.";
    for (names, what) in [(&status.edited, edited), (&status.missing, missing)] {
        for name in names {
            kit::note(ui, theme.warning, Icon::Warning, name, what);
        }
    }
    for warning in &status.warnings {
        kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", &warning.to_string());
    }
    act
}

/// P3009, with the ways out.
fn half_way(ui: &mut Ui, name: &str, failure: Option<&Failure>, idle: bool) -> Option<Act> {
    let theme = Theme::of(ui);
    let when =
        failure.map(|failure| format!(" on {}", kit::day(failure.started_at))).unwrap_or_default();
    kit::marked(
        ui,
        Icon::Stopped,
        theme.danger.text,
        "Stopped",
        &format!(
            "It began{when} and did not finish (P3009). Nothing new is applied until that is settled."
        ),
    );
    if let Some(logs) = failure.and_then(|failure| failure.logs.as_deref()) {
        kit::fold(ui, &format!("What the database said to {name}"), |ui| {
            kit::mono(ui, logs.trim())
        });
    }
    kit::paragraph(ui, "Look at what of it is in the database, then choose:");
    let mut act = None;
    ui.add_enabled_ui(idle, |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        let rolled_back = Question {
            ask: "Mark as rolled back…",
            question: &format!("Mark {name} as rolled back?"),
            meaning: "Right where nothing of it is there, or what was there has been taken back. It is pending again. Only the ledger is changed; this cannot be undone.",
            yes: "Mark as rolled back",
            no: "Leave it open",
        };
        if kit::confirm(ui, &rolled_back) {
            act = Some(Msg::Resolve(Resolve::RolledBack(name.to_owned())).into());
        }
        let applied = Question {
            ask: "Mark as applied…",
            question: &format!("Mark {name} as applied?"),
            meaning: "Right where all of it is there, finished by hand. It is not run again. Only the ledger is changed; this cannot be undone.",
            yes: "Mark as applied",
            no: "Leave it unmarked",
        };
        if kit::confirm(ui, &applied) {
            act = Some(Msg::Resolve(Resolve::Applied(name.to_owned())).into());
        }
    });
    act
}

/// P3005: which of the migrations the tables came from.
fn baseline(ui: &mut Ui, status: &Status, idle: bool) -> Option<Act> {
    let theme = Theme::of(ui);
    let text =
        "The first migration would try to make what is there already, so nothing is run (P3005).";
    kit::marked(ui, Icon::Stopped, theme.danger.text, "Stopped", text);
    kit::paragraph(
        ui,
        "Set a baseline: choose the last migration whose changes the tables already have. It and those before it count as applied, without being run.",
    );
    let names: Vec<(String, String)> = status
        .pending
        .iter()
        .map(|pending| (pending.script.name.clone(), pending.script.name.clone()))
        .collect();
    let id = ui.make_persistent_id("last of the baseline");
    let first = names.first().map(|(name, _)| name.clone())?;
    let mut last: String = ui.data(|data| data.get_temp(id)).unwrap_or(first);
    if !names.iter().any(|(name, _)| *name == last) {
        names.first()?.0.clone_into(&mut last);
    }
    if kit::select(ui, "Last migration that is there", &mut last, &names) {
        ui.data_mut(|data| data.insert_temp(id, last.clone()));
    }
    let count = names.iter().position(|(name, _)| *name == last).map_or(1, |at| at + 1);
    let marked = kit::count(count, "migration", "migrations");
    let question = Question {
        ask: &format!("Mark {marked} as applied…"),
        question: &format!("Mark {marked}, up to {last}, as applied?"),
        meaning: "The ledger is made, with a row for each. Nothing is run; this cannot be undone.",
        yes: &format!("Mark {marked} as applied"),
        no: "Set no baseline",
    };
    let agreed = ui.add_enabled_ui(idle, |ui| kit::confirm(ui, &question)).inner;
    agreed.then(|| Msg::Resolve(Resolve::Baseline(last)).into())
}

pub(super) fn ledger(ui: &mut Ui, applied: &[Applied]) {
    let columns = [
        Column::text("Migration"),
        Column::text_of("Checksum", 110.0),
        Column::figures("Took", 70.0),
        Column::figures("Finished", 70.0),
    ];
    let rows: Vec<Vec<String>> = applied
        .iter()
        .map(|applied| {
            let finished = applied.row.finished_at.map_or("not yet".to_owned(), kit::clock);
            let checksum: String = applied.row.checksum.chars().take(12).collect();
            vec![applied.name.clone(), checksum, kit::took(applied.took), finished]
        })
        .collect();
    kit::table(ui, "Rows of the ledger", &columns, &rows);
}
