//! Page 9: what is pending and what it locks or destroys, the run, and the ledger rows read back.

use egui::{RichText, Ui};

use crate::{
    domain::{
        migration::{Applied, Harm, Pending, Risk, Status},
        secret::Secret,
    },
    setup::{
        Setup,
        facts::Facts,
        steps::migrations::{Msg, Phase, Step},
    },
    ui::{
        act::{Act, Copied},
        kit::{
            self, Column, Icon,
            stages::{Cell, Mark, Row, stages},
        },
        steps::written,
        theme::{Theme, gap, role},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let (step, facts) = (&setup.steps.migrations, &setup.facts);
    let theme = Theme::of(ui);
    let folder = facts.project.as_ref().and_then(|project| project.migrations.as_ref());
    if let Some(folder) = folder {
        kit::card(ui, None, |ui| way(ui, facts, &folder.display().to_string()));
    } else {
        let text = "The project has no prisma/migrations folder. Run your own tool with the direct URL, or skip this step.";
        kit::note(ui, theme.info, Icon::Info, "Nothing to run from here.", text);
    }
    if matches!(step.phase, Phase::Deploying(_)) || !step.log.is_empty() {
        kit::card(ui, Some("Run"), |ui| run(ui, step));
    }
    if let Phase::WouldChange(count) = step.phase {
        let migrations = kit::count(count, "migration", "migrations");
        written::would(ui, &format!("{migrations} would be applied."));
    }
    let mut act = None;
    if let Some(status) = step.status_of(facts) {
        let idle = matches!(step.phase, Phase::Idle | Phase::Failed(_));
        act = standing(ui, status, idle);
        if !matches!(step.phase, Phase::Deploying(_)) {
            pending(ui, status);
        }
    }
    if let Some(applied) = facts.migrated.as_ref().filter(|applied| !applied.is_empty()) {
        kit::card(ui, Some("Rows of the ledger, read back"), |ui| ledger(ui, applied));
    }
    kit::fold(ui, "Why over the direct connection?", |ui| {
        kit::paragraph(
            ui,
            "A migration holds locks and session settings over many statements. A pool in transaction mode may hand it another server connection after each of them, and it can stop half-way with “prepared statement … already exists”. So the very connection that runs it is first proved direct by its process id.",
        );
        kit::paragraph(
            ui,
            "The ledger _prisma_migrations is left exactly as Prisma leaves it. The URL is given to this run only; nothing is written to disk.",
        );
    });
    act
}

fn way(ui: &mut Ui, facts: &Facts, folder: &str) {
    kit::key_value(ui, "Folder", folder);
    if let Some(urls) = &facts.urls {
        kit::key_value(ui, "Over", &urls.direct.masked());
    }
    kit::key_value(
        ui,
        "Undo",
        "A migration cannot be undone from here. Make sure of a backup first.",
    );
}

/// What was applied, what runs, what comes.
fn run(ui: &mut Ui, step: &Step) {
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
    stages(ui, &[], &rows);
}

/// What the ledger says beside the pending ones.
fn standing(ui: &mut Ui, status: &Status, idle: bool) -> Option<Act> {
    let mut act = None;
    let theme = Theme::of(ui);
    let warnings = [
        (
            &status.edited,
            "was changed after it was applied. Prisma ignores that; a new database would differ.",
        ),
        (&status.missing, "is in the ledger, but not in the folder."),
    ];
    for name in &status.failed {
        let text = "It began earlier and did not finish. See what it left behind, then mark it as rolled back or as applied (P3009).";
        kit::note(ui, theme.danger, Icon::Stopped, &format!("{name} stands half-way."), text);
        act = resolve(ui, name).or(act);
    }
    if status.schema_not_empty {
        let text =
            "Mark the migrations that made these tables as applied first: a baseline (P3005).";
        kit::note(ui, theme.danger, Icon::Stopped, "The database has tables, but no ledger.", text);
    }
    if !status.failed.is_empty() || status.schema_not_empty {
        act = again(ui, idle).or(act);
    }
    for (names, what) in warnings {
        for name in names {
            kit::note(ui, theme.warning, Icon::Warning, name, what);
        }
    }
    act
}

/// Prisma's own command; the direct URL comes from the env file that it reads.
fn resolve(ui: &mut Ui, name: &str) -> Option<Act> {
    let label = "Copy the command that marks it rolled back";
    let copy = |ui: &mut Ui| kit::copy_button(ui, label, &format!("{label}, {name}"));
    ui.horizontal(copy).inner.then(|| {
        let text = Secret::new(format!("npx prisma migrate resolve --rolled-back {name}"));
        let kind = "Command that marks a migration rolled back".to_owned();
        Act::Copy(Copied { text, kind, secret: false })
    })
}

/// After what stood in the way was put right elsewhere.
fn again(ui: &mut Ui, idle: bool) -> Option<Act> {
    let button = |ui: &mut Ui| kit::secondary_button(ui, "Read the migrations again");
    ui.add_enabled_ui(idle, button).inner.clicked().then(|| Msg::Read.into())
}

fn pending(ui: &mut Ui, status: &Status) {
    let theme = Theme::of(ui);
    let applied = kit::count(status.applied.len(), "migration", "migrations");
    if status.pending.is_empty() {
        if !status.failed.is_empty() {
            return;
        }
        let text = format!("The ledger lists {applied} as applied.");
        kit::note(ui, theme.success, Icon::Done, "Nothing is pending.", &text);
        return;
    }
    let title = format!("{} pending", kit::count(status.pending.len(), "migration", "migrations"));
    kit::card(ui, Some(&title), |ui| {
        kit::caption(ui, &format!("In this order. The ledger lists {applied} as applied."));
        for one in &status.pending {
            kit::hairline(ui);
            script(ui, one);
        }
    });
}

fn script(ui: &mut Ui, pending: &Pending) {
    let theme = Theme::of(ui);
    let name = &pending.script.name;
    ui.add(egui::Label::new(RichText::new(name).text_style(role::strong())).wrap());
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = gap::XS;
        let told = pending.risks.iter().filter(|risk| risk.harm != Harm::Brief);
        for risk in told {
            let text = format!("{}: line {} {}", harm(risk), risk.line, risk.what);
            if risk.destructive {
                kit::marked(ui, Icon::Warning, theme.danger.text, "Warning", &text);
            } else {
                kit::marked(ui, Icon::Locked, theme.warning.text, "Warning", &text);
            }
        }
        if pending.risks.iter().all(|risk| risk.harm == Harm::Brief) {
            let text = "Nothing in it that is known to lose data or to lock for long.";
            kit::marked(ui, Icon::Done, theme.success.text, "Passed", text);
        }
    });
    kit::fold(ui, &format!("SQL of {name}"), |ui| kit::mono(ui, pending.script.sql.trim_end()));
}

fn harm(risk: &Risk) -> &'static str {
    match risk.harm {
        Harm::Destroys => "May lose data",
        Harm::Rewrites if risk.destructive => "Rewrites, may lose data",
        Harm::Rewrites => "Rewrites",
        Harm::Locks | Harm::Brief => "Locks",
        Harm::Breaks => "May break running code",
        Harm::Fails => "May not go through",
        Harm::Unseen => "Not looked into",
    }
}

fn ledger(ui: &mut Ui, applied: &[Applied]) {
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
