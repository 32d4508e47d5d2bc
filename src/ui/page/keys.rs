//! The keyboard: what works on every page. A focused text field keeps its own editing keys.

use egui::{Id, Key, KeyboardShortcut, Modifiers, Ui};

use super::{Page, entrance, fixed};
use crate::{
    setup::{
        Msg, Setup,
        step::{Group, Primary, StepId},
        steps::{cluster, measure, test},
    },
    ui::{act::Act, kit},
};

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
    fn go(&mut self, ui: &Ui, forward: bool) {
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

const GROUP_KEYS: [Key; 6] = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6];

/// What looks again at the world, on pages that can.
fn again(step: StepId) -> Option<Msg> {
    match step {
        StepId::Cluster => Some(cluster::Msg::List.into()),
        StepId::Measure => Some(measure::Msg::Record.into()),
        StepId::Test => Some(test::Msg::Run.into()),
        StepId::SignIn
        | StepId::Pool
        | StepId::Urls
        | StepId::Project
        | StepId::EnvFiles
        | StepId::Migrations
        | StepId::App
        | StepId::Verify
        | StepId::HandOver => None,
    }
}

impl Page {
    pub(super) fn keys(&mut self, ui: &Ui, setup: &mut Setup, acts: &mut Vec<Act>) {
        let pressed = |modifiers, key| {
            ui.input_mut(|input| input.consume_shortcut(&KeyboardShortcut::new(modifiers, key)))
        };
        let step = setup.current;
        if pressed(Modifiers::COMMAND, Key::Enter)
            && let Primary::Act(_, msg) = setup.primary(step)
        {
            acts.push(Act::Do(msg));
        } else if pressed(Modifiers::COMMAND, Key::Period)
            && let Primary::Working(_, Some(stop)) = setup.primary(step)
        {
            acts.push(Act::Do(stop));
        }
        if pressed(Modifiers::COMMAND, Key::R)
            && setup.facts.missing_for(step).is_none()
            && let Some(msg) = again(step)
        {
            acts.push(Act::Do(msg));
        }
        if !ui.text_edit_focused() {
            let back = pressed(Modifiers::ALT, Key::ArrowLeft).then(|| step.previous());
            let ahead = pressed(Modifiers::ALT, Key::ArrowRight).then(|| step.next());
            let to = back.or(ahead).flatten();
            acts.extend(to.map(|step| Act::Do(Msg::Go(step))));
        }
        for (group, key) in Group::ALL.into_iter().zip(GROUP_KEYS) {
            if pressed(Modifiers::COMMAND, key) {
                acts.extend(entrance(setup, group).map(|step| Act::Do(Msg::Go(step))));
            }
        }
        if pressed(Modifiers::COMMAND, Key::D) {
            setup.set_dry_run(!setup.rules.dry_run);
        }
        if pressed(Modifiers::COMMAND, Key::L) {
            self.turn_drawer(ui);
        }
        if self.drawer && pressed(Modifiers::NONE, Key::Escape) {
            self.turn_drawer(ui);
        }
        if pressed(Modifiers::NONE, Key::F1) {
            kit::open_next_fold(ui.ctx());
        }
        if pressed(Modifiers::SHIFT, Key::F6) {
            self.panes.go(ui, false);
        } else if pressed(Modifiers::NONE, Key::F6) {
            self.panes.go(ui, true);
        }
    }

    /// Opens or closes the drawer. The focus goes into it, and back to what opened it.
    pub(super) fn turn_drawer(&mut self, ui: &Ui) {
        self.drawer = !self.drawer;
        self.drawer_enters = self.drawer;
        let opener = ui.data(|data| data.get_temp(fixed("opener of the requests")));
        if let Some(id) = opener.filter(|_| !self.drawer) {
            ui.memory_mut(|memory| memory.request_focus(id));
        }
    }
}
