//! Every action by name, to be found by a few letters.

use egui::Ui;

use super::{
    Page,
    actions::{self, Action},
};
use crate::{
    setup::Setup,
    ui::{
        act::Act,
        kit::{self, Chosen, Command},
    },
};

/// The list of commands is open.
#[derive(Debug)]
pub(super) struct Commands {
    typed: String,
    at: usize,
    /// Where the focus goes back to.
    opener: Option<egui::Id>,
}

impl Page {
    pub(super) fn open_commands(&mut self, ui: &Ui) {
        let opener = ui.memory(egui::Memory::focused);
        self.commands = Some(Commands { typed: String::new(), at: 0, opener });
    }

    pub(super) fn commands(&mut self, ui: &Ui, setup: &mut Setup, acts: &mut Vec<Act>) {
        let Some(mut open) = self.commands.take() else { return };
        let actions: Vec<Action> =
            Action::all().filter(|action| *action != Action::Commands).collect();
        let commands: Vec<Command> = actions
            .iter()
            .map(|action| Command {
                name: action.name(setup),
                keys: action.keys().map_or(String::new(), |keys| actions::written(ui.ctx(), keys)),
                refused: action.refused(self, setup),
            })
            .collect();
        let chosen = kit::commands(ui, &mut open.typed, &mut open.at, &commands);
        if chosen == Chosen::Nothing {
            self.commands = Some(open);
            return;
        }
        self.returns = open.opener;
        if let Chosen::Command(place) = chosen
            && let Some(action) = actions.get(place)
        {
            self.perform(ui, *action, setup, acts);
        }
        ui.request_repaint();
    }
}
