//! What can be done from every page, by name: one list for the keys, the commands, the help and the tooltips.

use egui::{Context, Key, KeyboardShortcut, ModifierNames, Modifiers, Ui};

use super::{Page, Panel, entrance, footer};
use crate::{
    domain::stages::Port,
    setup::{
        Msg, Setup,
        plan::PlanMsg,
        step::{Group, Primary, StepId},
        steps::{cluster, measure, test},
    },
    ui::{
        act::{Act, TextSize},
        plan,
        steps::urls,
    },
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The page's primary button.
    Primary,
    Stop,
    Again,
    Skip,
    Previous,
    Next,
    Copy(Port),
    DryRun,
    Requests,
    /// Everything that is still to be changed.
    Plan,
    Undo,
    RemoveAccess,
    Help,
    Commands,
    Settings,
    Size(TextSize),
    NextPane,
    PreviousPane,
    StartPage,
    Group(Group),
    Go(StepId),
}

const COMMAND_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);
const GROUP_KEYS: [Key; 6] = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6];

impl Action {
    /// All of them, in the order in which the commands list them.
    pub fn all() -> impl Iterator<Item = Self> {
        [
            Self::Primary,
            Self::Stop,
            Self::Again,
            Self::Skip,
            Self::Previous,
            Self::Next,
            Self::Copy(Port::Pooled),
            Self::Copy(Port::Direct),
            Self::DryRun,
            Self::Requests,
            Self::Plan,
            Self::Undo,
            Self::RemoveAccess,
            Self::Help,
            Self::Commands,
            Self::Settings,
            Self::Size(TextSize::Larger),
            Self::Size(TextSize::Smaller),
            Self::Size(TextSize::Usual),
            Self::NextPane,
            Self::PreviousPane,
            Self::StartPage,
        ]
        .into_iter()
        .chain(Group::ALL.into_iter().map(Self::Group))
        .chain(StepId::ALL.into_iter().map(Self::Go))
    }

    pub fn keys(self) -> Option<KeyboardShortcut> {
        let (modifiers, key) = match self {
            Self::Primary => (Modifiers::COMMAND, Key::Enter),
            Self::Stop => (Modifiers::COMMAND, Key::Period),
            Self::Again => (Modifiers::COMMAND, Key::R),
            Self::Previous => (Modifiers::ALT, Key::ArrowLeft),
            Self::Next => (Modifiers::ALT, Key::ArrowRight),
            Self::Copy(Port::Pooled) => (COMMAND_SHIFT, Key::C),
            Self::Copy(Port::Direct) => (COMMAND_SHIFT, Key::D),
            Self::DryRun => (Modifiers::COMMAND, Key::D),
            Self::Requests => (Modifiers::COMMAND, Key::L),
            Self::Plan => (Modifiers::COMMAND, Key::P),
            Self::Undo => (Modifiers::COMMAND, Key::Z),
            Self::Help => (Modifiers::NONE, Key::F1),
            Self::Commands => (Modifiers::COMMAND, Key::K),
            Self::Settings => (Modifiers::COMMAND, Key::Comma),
            Self::Size(TextSize::Larger) => (Modifiers::COMMAND, Key::Plus),
            Self::Size(TextSize::Smaller) => (Modifiers::COMMAND, Key::Minus),
            Self::Size(TextSize::Usual) => (Modifiers::COMMAND, Key::Num0),
            Self::NextPane => (Modifiers::NONE, Key::F6),
            Self::PreviousPane => (Modifiers::SHIFT, Key::F6),
            Self::Group(group) => {
                let place = Group::ALL.iter().position(|other| *other == group)?;
                (Modifiers::COMMAND, *GROUP_KEYS.get(place)?)
            }
            Self::Skip | Self::RemoveAccess | Self::StartPage | Self::Go(_) => return None,
        };
        Some(KeyboardShortcut::new(modifiers, key))
    }

    /// A text field has a use of its own for these keys.
    fn leaves_to_text(self) -> bool {
        matches!(self, Self::Previous | Self::Next | Self::Undo)
    }

    pub fn name(self, setup: &Setup) -> String {
        match self {
            Self::Primary => match footer::primary(setup) {
                Primary::Act(label, _) | Primary::Blocked(label, _) => label,
                Primary::Working(..) => "Main button of this page".to_owned(),
                Primary::Next => footer::onward(footer::next(setup)),
            },
            Self::Stop => "Stop what runs".to_owned(),
            Self::Again => "Check again".to_owned(),
            Self::Skip => "Skip this step".to_owned(),
            Self::Previous => "Previous step".to_owned(),
            Self::Next => "Next step".to_owned(),
            Self::Copy(Port::Pooled) => "Copy the pooled URL with password".to_owned(),
            Self::Copy(Port::Direct) => "Copy the direct URL with password".to_owned(),
            Self::DryRun if setup.rules.dry_run => "Switch the dry run off".to_owned(),
            Self::DryRun => "Switch the dry run on".to_owned(),
            Self::Requests => "Requests to DigitalOcean".to_owned(),
            Self::Plan => format!("{}, steps 7 to 10", plan::TITLE),
            Self::Undo => "List of changes, to take them back".to_owned(),
            Self::RemoveAccess => "Remove this computer's access".to_owned(),
            Self::Help => "Help for this step".to_owned(),
            Self::Commands => "All commands".to_owned(),
            Self::Settings => "Settings".to_owned(),
            Self::Size(TextSize::Larger) => "Larger text".to_owned(),
            Self::Size(TextSize::Smaller) => "Smaller text".to_owned(),
            Self::Size(TextSize::Usual) => "Text at 100 %".to_owned(),
            Self::NextPane => "Next part of the window".to_owned(),
            Self::PreviousPane => "Previous part of the window".to_owned(),
            Self::StartPage => "Start page".to_owned(),
            Self::Group(group) => format!("Go to group {}", group.title()),
            Self::Go(to) => format!("Go to step {}, {}", to.number(), to.name()),
        }
    }

    /// Why it can't be done now.
    pub fn refused(self, page: &Page, setup: &Setup) -> Option<String> {
        let step = setup.current;
        let unless = |possible: bool, why: &str| (!possible).then(|| why.to_owned());
        match self {
            Self::Primary => match footer::primary(setup) {
                Primary::Act(..) | Primary::Next => None,
                Primary::Blocked(_, why) => Some(why),
                Primary::Working(what, _) => Some(what),
            },
            Self::Stop => match footer::primary(setup) {
                Primary::Working(_, Some(_)) => None,
                Primary::Working(what, None) => Some(format!("{what} It can't be cut off.")),
                Primary::Act(..) | Primary::Blocked(..) | Primary::Next => {
                    Some("Nothing runs on this page.".to_owned())
                }
            },
            Self::Again => {
                let missing = setup.facts.missing_for(step);
                match (again(step).filter(|_| !setup.plan.open), missing) {
                    (None, _) => Some("This page has nothing to check again.".to_owned()),
                    (_, Some(missing)) => {
                        Some(format!("This page needs step {}.", missing.number()))
                    }
                    (Some(_), None) => None,
                }
            }
            Self::Skip if setup.plan.open => Some(
                "This page is no step. Take off the ticks of what is to be left out.".to_owned(),
            ),
            Self::Skip => unless(step.skippable().is_some(), "The set-up needs this step."),
            Self::Previous => unless(setup.previous(step).is_some(), "This is the first step."),
            Self::Next => unless(setup.next(step).is_some(), "This is the last step."),
            Self::Copy(_) => setup.steps.urls.build(&setup.facts).err(),
            Self::RemoveAccess => {
                unless(setup.facts.first_to_end().is_some(), "This computer was not let in.")
            }
            Self::StartPage => unless(
                page.may_leave(setup),
                "Something was changed or runs: finish on step 12 first.",
            ),
            Self::Group(_)
            | Self::DryRun
            | Self::Requests
            | Self::Plan
            | Self::Undo
            | Self::Help
            | Self::Commands
            | Self::Settings
            | Self::Size(_)
            | Self::NextPane
            | Self::PreviousPane
            | Self::Go(_) => None,
        }
    }
}

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

/// `Ctrl+Shift+C`, or `⇧⌘C`, as this system writes it.
pub fn written(ctx: &Context, keys: KeyboardShortcut) -> String {
    let mac = ctx.os().is_mac();
    let names = if mac { &ModifierNames::SYMBOLS } else { &ModifierNames::NAMES };
    let key = match keys.logical_key {
        Key::ArrowLeft => "←",
        Key::ArrowRight => "→",
        Key::Period => ".",
        Key::Comma => ",",
        Key::Plus => "+",
        Key::Minus => "−",
        key => key.name(), // letters, digits and names stand for themselves
    };
    let modifiers = names.format(&keys.modifiers, mac);
    let between = if modifiers.is_empty() { "" } else { names.concat };
    format!("{modifiers}{between}{key}")
}

/// A tooltip with the keys that do the same: `Dry run. Ctrl+D`
pub fn with_keys(ctx: &Context, text: &str, action: Action) -> String {
    match action.keys() {
        Some(keys) if text.is_empty() => written(ctx, keys),
        Some(keys) => format!("{text} {}", written(ctx, keys)),
        None => text.to_owned(),
    }
}

/// The action whose keys are pressed now; they are taken from the input.
pub fn pressed(ui: &Ui) -> Option<Action> {
    let types = ui.text_edit_focused();
    let mut known: Vec<(Action, KeyboardShortcut)> = Action::all()
        .filter(|action| !(types && action.leaves_to_text()))
        .filter_map(|action| action.keys().map(|keys| (action, keys)))
        .collect();
    // On many keyboards plus is reached with Shift over the equals sign.
    let larger = KeyboardShortcut::new(Modifiers::COMMAND, Key::Equals);
    known.push((Action::Size(TextSize::Larger), larger));
    // Shift is no hindrance to a shortcut without it, so those with it come first.
    known.sort_by_key(|(_, keys)| !keys.modifiers.shift);
    ui.input_mut(|input| {
        known.into_iter().find(|(_, keys)| input.consume_shortcut(keys)).map(|(action, _)| action)
    })
}

/// Keys that belong to the window rather than to a set-up.
pub fn window_keys(ui: &Ui) -> Option<Act> {
    match pressed(ui)? {
        Action::Settings => Some(Act::Settings),
        Action::Size(size) => Some(Act::Size(size)),
        _ => None, // needs a set-up
    }
}

impl Page {
    /// Does what was asked for by key or by name, or says why not.
    pub(super) fn perform(
        &mut self,
        ui: &Ui,
        action: Action,
        setup: &mut Setup,
        acts: &mut Vec<Act>,
    ) {
        if let Some(why) = action.refused(self, setup) {
            acts.push(Act::Say(why));
            return;
        }
        let step = setup.current;
        let go = |to: Option<StepId>| to.map(|to| Act::Do(Msg::Go(to)));
        match action {
            Action::Primary => {
                acts.extend(footer::press(footer::next(setup), footer::primary(setup)))
            }
            Action::Stop => {
                if let Primary::Working(_, Some(stop)) = footer::primary(setup) {
                    acts.push(Act::Do(stop));
                }
            }
            Action::Again => acts.extend(again(step).map(Act::Do)),
            Action::Skip => {
                acts.push(Act::Do(Msg::Skip(step)));
                acts.extend(go(setup.next(step)));
            }
            Action::Previous => acts.extend(go(setup.previous(step))),
            Action::Next => acts.extend(go(setup.next(step))),
            Action::Copy(port) => {
                acts.extend(urls::whole(ui, setup, port).map(Act::Copy));
            }
            Action::DryRun => setup.set_dry_run(!setup.rules.dry_run),
            Action::Requests => self.turn(ui, Panel::Requests),
            Action::Help => self.turn(ui, Panel::Help),
            Action::Plan => acts.push(Act::Do(PlanMsg::Open.into())),
            Action::Undo => acts.extend(go(Some(StepId::HandOver))),
            Action::RemoveAccess => acts.push(test::Msg::Remove.into()),
            Action::Commands => self.open_commands(ui),
            Action::Settings => acts.push(Act::Settings),
            Action::Size(size) => acts.push(Act::Size(size)),
            Action::NextPane => self.panes.go(ui, true),
            Action::PreviousPane => self.panes.go(ui, false),
            Action::StartPage => acts.push(Act::Leave),
            Action::Group(group) => acts.extend(go(entrance(setup, group))),
            Action::Go(to) => acts.extend(go(Some(to))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use egui::os::OperatingSystem::{Mac, Nix};

    use super::*;
    use crate::setup::Rules;

    #[test]
    fn no_two_actions_share_a_name_or_keys() {
        let setup = Setup::new(Rules::default());
        let mut names = HashSet::new();
        let mut keys = HashSet::new();
        for action in Action::all() {
            let name = action.name(&setup);
            assert!(names.insert(name.clone()), "{name}");
            if let Some(shortcut) = action.keys() {
                assert!(keys.insert(format!("{shortcut:?}")), "{name}: {shortcut:?}");
            }
        }
    }

    #[test]
    fn no_action_has_a_letter_alone() {
        for action in Action::all() {
            let Some(keys) = action.keys() else { continue };
            let function = [Key::F1, Key::F6].contains(&keys.logical_key);
            assert!(function || keys.modifiers.any(), "{action:?}");
        }
    }

    #[test]
    fn keys_are_written_as_the_system_writes_them() {
        let ctx = Context::default();
        let shown = |os, action: Action| {
            ctx.set_os(os);
            written(&ctx, action.keys().unwrap())
        };
        assert_eq!(shown(Nix, Action::Copy(Port::Pooled)), "Ctrl+Shift+C");
        assert_eq!(shown(Nix, Action::Previous), "Alt+←");
        assert_eq!(shown(Nix, Action::Help), "F1");
        assert_eq!(shown(Mac, Action::Copy(Port::Pooled)), "⇧⌘C");
    }
}
