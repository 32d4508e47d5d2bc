//! Page 9: the database that is changed, who runs the migrations, what they lose or lock, the run, and what it left.

mod history;
mod pending;
mod runner;

use egui::Ui;

use crate::{
    domain::migration::{
        surroundings::{Backup, Surroundings},
        tool::Tool,
    },
    setup::{
        Setup,
        facts::Facts,
        steps::migrations::{Phase, Step, guard, own::Runner},
    },
    ui::{
        act::Act,
        kit::{self, Icon},
        steps::written,
        theme::{Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let facts = &setup.facts;
    let step = &mut setup.steps.migrations;
    let runner = step.runner(facts);
    let mut act = None;
    if facts.urls.is_some() {
        kit::card(ui, Some("The database that is changed"), |ui| target(ui, step, facts));
    }
    around(ui, step, facts);
    if facts.project.is_some() {
        act = kit::card(ui, Some("Who runs the migrations"), |ui| {
            runner::show(ui, step, facts, runner)
        })
        .or(act);
    }
    if let Phase::WouldChange(count) = step.phase {
        would(ui, step, facts, count);
    }
    act = history::run(ui, step).or(act);
    act = runner::output(ui, &step.own).or(act);
    let own_history = match runner {
        Some(Runner::Tool(at)) => tool(step, facts, at) == Some(Tool::Prisma),
        Some(Runner::BuiltIn) | None => true,
    };
    if own_history && let Some(status) = step.status_of(facts) {
        let idle = matches!(step.phase, Phase::Idle | Phase::Failed(_)) && !step.own.busy();
        act = history::standing(ui, status, idle).or(act);
        if !matches!(step.phase, Phase::Deploying(_)) {
            pending::show(ui, status);
            let clear = status.failed.is_empty() && !status.schema_not_empty;
            let asked = clear && guard::asks(Some(&status.pending));
            if let Some(database) = guard::database(facts).filter(|_| asked).map(str::to_owned) {
                pending::name(ui, &mut step.named, &database);
            }
        }
    }
    if let Some(applied) = facts.migrated.as_ref().filter(|applied| !applied.is_empty()) {
        kit::card(ui, Some("Rows of the ledger, read back"), |ui| history::ledger(ui, applied));
    }
    why(ui);
    act
}

fn tool(step: &Step, facts: &Facts, at: usize) -> Option<Tool> {
    step.own.look_of(facts)?.tools.get(at).map(|found| found.tool)
}

/// What it is, how much it holds, how to get back.
fn target(ui: &mut Ui, step: &Step, facts: &Facts) {
    ui.spacing_mut().item_spacing.y = gap::S;
    let look = step.own.look_of(facts);
    let seen = look.and_then(|look| look.surroundings.as_ref().ok());
    if let Some(urls) = &facts.urls {
        kit::key_value(ui, "Direct URL", &urls.direct.masked());
    }
    if let Some(seen) = seen {
        let tables =
            kit::count(usize::try_from(seen.tables).unwrap_or(usize::MAX), "table", "tables");
        let rows = figures(seen.rows);
        kit::key_value(
            ui,
            "Holds",
            &format!("{tables} with about {rows} rows, on PostgreSQL {}", seen.server),
        );
        let proved = format!(
            "At {} by its process id. It is proved again before anything runs.",
            kit::clock(seen.proved_at)
        );
        kit::key_value(ui, "Proved direct", &proved);
    }
    match look.map(|look| &look.backup) {
        Some(Backup::Of(at)) => kit::key_value(ui, "Newest backup", &kit::day(*at)),
        Some(Backup::None) => kit::key_value(ui, "Newest backup", "There is none yet."),
        Some(Backup::Unknown(why)) => {
            kit::key_value(ui, "Newest backup", &format!("Not known. {why}"))
        }
        None => {}
    }
    kit::key_value(
        ui,
        "Undo",
        "A migration cannot be undone from here. The way back is a backup, restored as a new cluster.",
    );
}

/// `1,204,000`.
fn figures(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at != 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn around(ui: &mut Ui, step: &Step, facts: &Facts) {
    let theme = Theme::of(ui);
    let Some(look) = step.own.look_of(facts) else { return };
    match &look.surroundings {
        Ok(seen) => blockers(ui, seen),
        Err(problem) => {
            let why = match problem.code.as_str() {
                "not direct" => {
                    "A pool lends its connections: the lock that keeps two runs apart would stay with one of them, and the next run would wait for it in vain."
                }
                _ => problem.why.as_str(), // it was not reached
            };
            let text = format!("{why} Migrations run over the direct connection only.");
            kit::note(ui, theme.danger, Icon::Stopped, &problem.what, text.trim_start());
        }
    }
}

/// Who would make a migration wait, and with it everybody who comes after.
fn blockers(ui: &mut Ui, seen: &Surroundings) {
    let theme = Theme::of(ui);
    if !seen.blockers.is_empty() {
        let count = kit::count(seen.blockers.len(), "transaction has", "transactions have");
        let title = format!("{count} held a lock for more than 30 s.");
        let who: Vec<String> = seen.blockers.iter().take(5).map(own_sentence).collect();
        let text = format!(
            "A migration of the same tables waits for it, and everybody who comes after waits for the migration. {}",
            who.join(" ")
        );
        kit::note(ui, theme.warning, Icon::Warning, &title, &text);
    }
    if seen.hidden != 0 {
        let sessions = kit::count(
            usize::try_from(seen.hidden).unwrap_or(usize::MAX),
            "session holds a lock",
            "sessions hold locks",
        );
        kit::caption(ui, &format!("{sessions} whose age this role may not see."));
    }
}

fn own_sentence(blocker: &crate::domain::migration::surroundings::Blocker) -> String {
    format!("{}.", blocker.sentence())
}

fn would(ui: &mut Ui, step: &Step, facts: &Facts, count: usize) {
    let text = match step.command(facts) {
        Some(command) => format!("{command} would be run."),
        None => format!("{} would be applied.", kit::count(count, "migration", "migrations")),
    };
    written::would(ui, &text);
}

fn why(ui: &mut Ui) {
    kit::fold(ui, "Why over the direct connection?", |ui| {
        kit::paragraph(
            ui,
            "A migration holds locks and session settings over many statements. A pool in transaction mode may hand it another server connection after each of them, and it can stop half-way with “prepared statement … already exists”. The lock that keeps two runs apart would stay behind with a connection of the pool, and the next run would wait for it in vain. So the connection is first proved direct by its process id.",
        );
        kit::paragraph(
            ui,
            "A program of the project gets the direct URL in its own environment and nowhere else: not on its command line, not in a file. Of this computer's environment it gets everything but what names another database or opens the account. Whatever it says is shown with the password masked.",
        );
        kit::paragraph(
            ui,
            "The built-in runner leaves the ledger _prisma_migrations exactly as Prisma leaves it, and waits at most 5 s for a table, so that the app never queues behind it.",
        );
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1_000, 1_204_000].map(figures), ["0", "999", "1,000", "1,204,000"]);
    }
}
