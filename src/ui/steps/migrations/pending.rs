//! The migrations that wait: what each loses, rewrites, locks or breaks, its SQL, and the name that allows a loss.

use egui::{RichText, Ui};

use crate::{
    domain::migration::{Harm, Pending, Risk, Status},
    ui::{
        kit::{self, Begin, Icon, Listed},
        theme::{Theme, role},
    },
};

/// Of a longer script only the beginning is shown.
const SHOWN: usize = 5000;

pub(super) fn show(ui: &mut Ui, status: &Status) {
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
    let told: Vec<&Risk> = pending.risks.iter().filter(|risk| risk.harm != Harm::Brief).collect();
    for risk in &told {
        self::risk(ui, risk);
    }
    if told.is_empty() {
        let text = "Nothing in it that is known to lose data or to lock for long.";
        kit::marked(ui, Icon::Done, theme.success.text, "Passed", text);
    }
    let locked: Vec<&str> = pending
        .risks
        .iter()
        .filter(|risk| risk.harm == Harm::Brief)
        .filter_map(|risk| risk.lock.as_ref().map(|(_, on)| on.as_str()))
        .collect();
    if !locked.is_empty() {
        let mut tables = locked;
        tables.sort_unstable();
        tables.dedup();
        kit::caption(ui, &format!("Locks for a moment: {}.", tables.join(", ")));
    }
    kit::fold(ui, &format!("SQL of {name}"), |ui| sql(ui, pending));
}

fn risk(ui: &mut Ui, risk: &Risk) {
    let theme = Theme::of(ui);
    let text = format!("{}: line {} {}.", harm(risk), risk.line, risk.what);
    let (icon, colour) = if risk.destructive {
        (Icon::Warning, theme.danger.text)
    } else {
        match risk.harm {
            Harm::Locks | Harm::Rewrites => (Icon::Locked, theme.warning.text),
            Harm::Destroys | Harm::Breaks | Harm::Fails => (Icon::Warning, theme.warning.text),
            Harm::Unseen | Harm::Brief => (Icon::Info, theme.info.text),
        }
    };
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        kit::marked(ui, icon, colour, "Warning", &text);
        let lock = risk.lock.as_ref().map(|(lock, on)| {
            format!("Blocks {} of {on} until the script ends ({}).", lock.blocks(), lock.name())
        });
        let safer = risk.safer.as_ref().map(|way| format!("Safer: {way}."));
        let more: Vec<String> = lock.into_iter().chain(safer).collect();
        if !more.is_empty() {
            kit::beneath(ui, |ui| kit::caption(ui, &more.join(" ")));
        }
    });
}

fn harm(risk: &Risk) -> &'static str {
    match risk.harm {
        Harm::Destroys => "May lose data",
        Harm::Rewrites if risk.destructive => "Rewrites, may lose data",
        Harm::Rewrites => "Rewrites",
        Harm::Locks | Harm::Brief => "Locks",
        Harm::Breaks if risk.destructive => "May lose data",
        Harm::Breaks => "May break running code",
        Harm::Fails => "May not go through",
        Harm::Unseen => "Not looked into",
    }
}

fn sql(ui: &mut Ui, pending: &Pending) {
    let lines: Vec<Listed<'_>> = pending
        .script
        .sql
        .trim_end()
        .lines()
        .take(SHOWN)
        .enumerate()
        .map(|(at, text)| {
            let number = at + 1;
            let marked =
                pending.risks.iter().any(|risk| risk.line == number && risk.harm != Harm::Brief);
            Listed { number: Some(number), text, marked }
        })
        .collect();
    kit::listing(ui, &format!("Lines of {}", pending.script.name), Begin::Top, &lines);
    if lines.len() == SHOWN {
        kit::caption(ui, &format!("The first {SHOWN} lines are shown."));
    }
}

/// The brake before a loss: the database's name, typed or pasted.
pub(super) fn name(ui: &mut Ui, typed: &mut String, database: &str) {
    let theme = Theme::of(ui);
    kit::card(ui, Some("Data may be lost"), |ui| {
        kit::paragraph(
            ui,
            "Statements marked so above take rows, columns or values with them, or write them anew. Make sure that nothing needs them, and that the newest backup is new enough.",
        );
        kit::field(
            ui,
            "Name of the database",
            typed,
            &format!("Type {database} to allow these statements."),
        );
        if typed.trim() == database {
            let text = format!("Allowed in {database}.");
            kit::marked(ui, Icon::Done, theme.success.text, "Done", &text);
        }
    });
}
