//! The keyboard: what works on every page. A focused text field keeps its own editing keys.

use egui::{Id, Key, Modifiers, Ui};

use super::{Page, Panel, actions, drawer::Tab, fixed};
use crate::{setup::Setup, ui::act::Act};

/// Where F6 goes: the first place of each part of the window, as it was drawn last.
#[derive(Debug, Default)]
pub(super) struct Panes {
    pub header: Option<Id>,
    pub rail: Option<Id>,
    pub content: Option<Id>,
    pub footer: Option<Id>,
    /// The part that F6 went to last.
    at: usize,
}

impl Panes {
    pub(super) fn go(&mut self, ui: &Ui, forward: bool) {
        let places = [self.header, self.rail, self.content, self.footer];
        let focused = ui.memory(egui::Memory::focused);
        let here = places.iter().position(|place| place.is_some() && *place == focused);
        let at = here.unwrap_or(self.at);
        let next = if forward { at + 1 } else { at + places.len() - 1 } % places.len();
        self.at = next;
        if let Some(id) = places.get(next).copied().flatten() {
            ui.memory_mut(|memory| memory.request_focus(id));
        }
    }
}

impl Page {
    pub(super) fn keys(&mut self, ui: &Ui, setup: &mut Setup, acts: &mut Vec<Act>) {
        // What stands over the page has the keys.
        if ui.memory(egui::Memory::top_modal_layer).is_some() {
            return;
        }
        if let Some(id) = self.returns.take() {
            ui.memory_mut(|memory| memory.request_focus(id));
        }
        // Several in one frame, where a frame takes long.
        while let Some(action) = actions::pressed(ui) {
            self.perform(ui, action, setup, acts);
        }
        let escape =
            |ui: &Ui| ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
        if let Some(panel) = self.panel()
            && escape(ui)
        {
            self.turn(ui, panel);
        }
    }

    /// Which panel is open on the right.
    pub(super) fn panel(&self) -> Option<Panel> {
        match (self.drawer.open, self.help) {
            (true, _) => Some(Panel::Requests),
            (false, true) => Some(Panel::Help),
            (false, false) => None,
        }
    }

    pub(super) fn turn(&mut self, ui: &Ui, panel: Panel) {
        match panel {
            Panel::Requests => {
                self.help = false;
                self.turn_drawer(ui);
            }
            Panel::Help => {
                self.drawer.open = false;
                self.turn_help(ui);
            }
        }
    }

    /// Opens the drawer at one of its parts, or closes it.
    pub(super) fn open_drawer(&mut self, ui: &Ui, tab: Tab) {
        self.drawer.tab = tab;
        self.turn_drawer(ui);
    }

    /// Opens or closes the drawer. The focus goes into it, and back to what opened it.
    pub(super) fn turn_drawer(&mut self, ui: &Ui) {
        self.help = false;
        self.drawer.open = !self.drawer.open;
        self.drawer.enters = self.drawer.open;
        let opener = ui.data(|data| data.get_temp(fixed("opener of the requests")));
        if let Some(id) = opener.filter(|_| !self.drawer.open) {
            ui.memory_mut(|memory| memory.request_focus(id));
        }
    }

    /// The same with the help, which can be opened from anywhere: the focus goes back there.
    pub(super) fn turn_help(&mut self, ui: &Ui) {
        self.help = !self.help;
        self.help_enters = self.help;
        if self.help {
            self.opener = ui.memory(egui::Memory::focused);
        } else if let Some(id) = self.opener.take() {
            ui.memory_mut(|memory| memory.request_focus(id));
        }
    }
}
