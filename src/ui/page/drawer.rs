//! The drawer of requests: what the primary button will send, and what was sent.

mod history;
mod next;

use egui::{Frame, Margin, Rect, ScrollArea, Ui};

use super::{Page, panel};
use crate::{
    setup::Setup,
    ui::{
        act::Act,
        kit,
        theme::{Theme, gap},
    },
};

/// What the frame remembers of the drawer.
#[derive(Debug, Default)]
pub(super) struct Drawer {
    pub(super) open: bool,
    /// It was opened just now and is to take the focus.
    pub(super) enters: bool,
    pub(super) tab: Tab,
}

/// Which part of the drawer is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tab {
    #[default]
    Next,
    History,
}

const NAMES: panel::Names = panel::Names {
    id: "requests",
    name: "Requests",
    title: "What is sent",
    close: "Close requests",
};

impl Page {
    pub(super) fn drawer(&mut self, ui: &mut Ui, rect: Rect, setup: &Setup, acts: &mut Vec<Act>) {
        panel::show(ui, rect, &NAMES, |ui| {
            if panel::top(ui, &NAMES, &mut self.drawer.enters) {
                self.turn_drawer(ui);
            }
            let tab = self.tabs(ui);
            ui.add_space(gap::S);
            let scrolls = ScrollArea::vertical().id_salt(format!("{tab:?}")).auto_shrink(false);
            scrolls.show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = gap::S;
                // Beside the scroll bar.
                ui.set_max_width(ui.available_width() - gap::S);
                match tab {
                    Tab::Next => next::next(ui, setup, acts),
                    Tab::History => {
                        history::history(ui, setup, self.unsaved.as_ref(), acts);
                    }
                }
                kit::keep_focus_in_sight(ui);
            });
        });
    }

    fn tabs(&mut self, ui: &mut Ui) -> Tab {
        const TABS: [Tab; 2] = [Tab::Next, Tab::History];
        let open = TABS.iter().position(|tab| *tab == self.drawer.tab).unwrap_or_default();
        let chosen = kit::tabs(ui, "requests", &["Next", "History"], open);
        self.drawer.tab = TABS.get(chosen).copied().unwrap_or_default();
        self.drawer.tab
    }
}

/// Code on its own ground.
fn block(ui: &mut Ui, text: &str) {
    Frame::new()
        .fill(Theme::of(ui).raised)
        .corner_radius(6)
        .inner_margin(Margin::symmetric(10, 8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            kit::mono(ui, text);
        });
}
