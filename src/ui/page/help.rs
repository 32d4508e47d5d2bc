//! The help for a step: what it does, what it changes, what it never does, and the keys. In the same place on every page.

use egui::{Rect, ScrollArea, Ui};

use super::{
    Page, Panel,
    actions::{self, Action},
    panel,
};
use crate::{
    domain::stages::Port,
    setup::{Setup, step::StepId},
    ui::{
        act::{Act, TextSize},
        kit,
        theme::gap,
    },
};

/// What a page is about, in words for somebody who sees it for the first time.
struct Help {
    does: &'static str,
    changes: &'static str,
    never: &'static str,
}

fn help(step: StepId) -> Help {
    match step {
        StepId::SignIn => Help {
            does: "Asks DigitalOcean whose token this is, and what it may do. The table on the page says which scope each later step needs, and what is done by hand without it.",
            changes: "The token is kept in this computer's keychain, so that the next start is signed in. Nothing changes at DigitalOcean.",
            never: "The token is never written to a file, a log or a report.",
        },
        StepId::Cluster => Help {
            does: "Reads your PostgreSQL clusters with their pools, users, databases and trusted sources. Choose the one that your app uses, and what it is for: production asks for its name before anything is changed.",
            changes: "Nothing.",
            never: "A cluster is never created, resized or moved by this program.",
        },
        StepId::Measure => Help {
            does: "Looks once a second at who holds connections to the database, and keeps the figures. Step 11 compares them with those after the switch. You can go on while it records.",
            changes: "Nothing. It uses one connection, named poolwright, and asks for counts only.",
            never: "No query of your app and no row of your tables is read.",
        },
        StepId::Pool => Help {
            does: "Proposes a size from the plan's limit and from what else connects, and creates the pool. The slider shows what is left for everything else.",
            changes: "One request to DigitalOcean creates the pool, or changes its size. Your app goes on as before until step 10.",
            never: "A second pool is never ordered because an answer was lost: it is looked up first. Step 12 takes the pool away again.",
        },
        StepId::Urls => Help {
            does: "Builds both URLs in the form that your client reads: the pooled one for the app, the direct one for migrations. Each part says what it is for, and both are checked as a pair.",
            changes: "Nothing.",
            never: "A password is shown only after a click, for half a minute. A copied one is taken off the clipboard again.",
        },
        StepId::Test => Help {
            does: "Connects over both URLs and says, stage by stage, how far it came: name, port, encryption, sign-in, pool or database, query. Where this computer is not let in, it offers to let it in for a time.",
            changes: "Nothing, unless you let this computer in: that adds one trusted source to the cluster. It is removed when its time is over.",
            never: "No table is read or written.",
        },
        StepId::Project => Help {
            does: "Reads the project's folder, finds how it connects, and shows the smallest edits that make it use both URLs. Each one can be left out.",
            changes: "The files whose edits you leave ticked, after a copy of each was kept outside the project.",
            never: "No code of the project is run, and nothing is committed to git.",
        },
        StepId::EnvFiles => Help {
            does: "Puts both URLs into the env files that your tools read, and checks that git does not track them.",
            changes: "The lines of the two variables in the files you choose, after a copy was kept. Every other byte stays.",
            never: "A password is never written into a file that git tracks.",
        },
        StepId::Migrations => Help {
            does: "Lists the migrations that the database lacks, says what each one locks or loses, and runs them over the direct URL: with your own tool, or with the runner built in.",
            changes: "The database's tables, as the migrations say. This is the one step that can't be taken back by this program.",
            never: "A migration is never run over the pool, and none that loses data without your agreement.",
        },
        StepId::App => Help {
            does: "Changes the app's variables to the pooled and the direct URL. App Platform then starts one deployment, whose progress is shown. For apps elsewhere it gives the commands.",
            changes: "The two variables in the app's spec. The spec from before is kept, and step 12 restores it.",
            never: "We do not ask for new code. Other parts of the spec stay as they are.",
        },
        StepId::Verify => Help {
            does: "Compares the connections from before the switch with those after it, and says whether it is better, worse or no clear change. The rule is printed beside the verdict.",
            changes: "Nothing.",
            never: "It never says better without enough figures on both sides.",
        },
        StepId::HandOver => Help {
            does: "Writes down what was changed and how to look after it, and takes changes back one by one.",
            changes: "A runbook in the project's folder; and what you take back.",
            never: "Nothing is taken back without its button being pressed.",
        },
    }
}

/// Those that are worth learning; the commands show all.
const KEYS: [Action; 14] = [
    Action::Primary,
    Action::Stop,
    Action::Again,
    Action::Previous,
    Action::Next,
    Action::Commands,
    Action::Requests,
    Action::DryRun,
    Action::Copy(Port::Pooled),
    Action::Copy(Port::Direct),
    Action::Undo,
    Action::NextPane,
    Action::Size(TextSize::Larger),
    Action::Settings,
];

const NAMES: panel::Names =
    panel::Names { id: "help", name: "Help", title: "Help for this step", close: "Close help" };

impl Page {
    pub(super) fn help_panel(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        setup: &mut Setup,
        acts: &mut Vec<Act>,
    ) {
        panel::show(ui, rect, &NAMES, |ui| {
            if panel::top(ui, &NAMES, &mut self.help_enters) {
                self.turn(ui, Panel::Help);
            }
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = gap::S;
                texts(ui, setup.current);
                let chosen = keys(ui, setup);
                kit::keep_focus_in_sight(ui);
                if let Some(action) = chosen {
                    self.perform(ui, action, setup, acts);
                }
            });
        });
    }
}

fn texts(ui: &mut Ui, step: StepId) {
    let Help { does, changes, never } = help(step);
    kit::caption(ui, &format!("Step {}, {}", step.number(), step.name()));
    for (title, text) in
        [("What it does", does), ("What it changes", changes), ("What it never does", never)]
    {
        ui.add_space(gap::XS);
        kit::part(ui, title);
        kit::paragraph(ui, text);
    }
    ui.add_space(gap::XS);
}

/// Each with its keys; a click does the same.
fn keys(ui: &mut Ui, setup: &Setup) -> Option<Action> {
    kit::part(ui, "Keys");
    let mut chosen = None;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for action in KEYS {
            let Some(keys) = action.keys() else { continue };
            let keys = actions::written(ui.ctx(), keys);
            let name = action.name(setup);
            if kit::key_row(ui, &name, &keys, &format!("{name}, {keys}")).clicked() {
                chosen = Some(action);
            }
        }
    });
    kit::caption(
        ui,
        "Tab goes through the page, Space or Enter presses what has the focus. In a chart, T shows its table. In a list of changes, J and K go to the next and the previous one, and Space ticks it.",
    );
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_says_what_it_changes() {
        for step in StepId::ALL {
            let Help { does, changes, never } = help(step);
            for text in [does, changes, never] {
                assert!(text.ends_with('.') && text.len() < 260, "{step:?}: {text}");
            }
        }
    }
}
