//! The buttons of a page: back, skip with its cost, and the one primary button with the reason where it waits.

use egui::{
    Align, Color32, Id, Layout, Rect, Response, TextStyle, TextWrapMode, Ui, UiBuilder, WidgetText,
    vec2,
};

use super::{
    Page, Places, Sheet,
    actions::{Action, with_keys},
    drawer::Tab,
    surface,
};
use crate::{
    setup::{
        Msg, Setup, may_change,
        step::{Primary, Standing, StepId},
        steps::pool,
    },
    ui::{
        act::Act,
        brake,
        kit::{self, Icon},
        theme::{FOOTER_HEIGHT, Theme, gap},
    },
};

/// What the footer shows, worked out before the content gets its height.
pub(super) struct Footer {
    step: StepId,
    /// The button on the left.
    back: Option<(&'static str, Act)>,
    /// Where the primary button leads when nothing more is to do here.
    next: Option<StepId>,
    primary: Primary<Msg>,
    /// Beside or above the buttons: why not, or what runs.
    text: Option<String>,
    /// A button without an edge, left of the primary one.
    side: Option<(String, Side)>,
    /// Production: its name is asked for here.
    confirm: bool,
    margin: f32,
    /// The text has a row of its own.
    stacked: bool,
    rows: f32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Skip,
    /// On while this step still works, or was left out.
    Next(StepId),
    /// Opens the drawer that shows the request.
    WillSend,
}

const BUTTON: f32 = 40.0;
/// A small line, with what layout adds.
const ONE_LINE: f32 = 20.0;
/// Higher than this it has no room beside the buttons.
const BESIDE: f32 = 48.0;
/// The text beside the buttons needs at least this.
const TEXT_MIN: f32 = 220.0;

impl Footer {
    pub fn of(ui: &Ui, page: &Page, places: &Places, setup: &Setup) -> Self {
        let step = setup.current;
        let plan = setup.plan.open;
        let primary = primary(setup);
        let blocked = may_change(&setup.facts, &setup.rules).err();
        let confirm = match (&primary, &blocked) {
            (Primary::Blocked(_, why), Some(because)) => why == because && !setup.rules.dry_run,
            _ => false, // nothing waits for the name
        };
        let text = match &primary {
            Primary::Blocked(_, why) => Some(why.clone()),
            Primary::Working(what, _) => Some(match setup.held_back(jiff::Timestamp::now()) {
                Some(waits) => page.waiting(ui, &format!("{what} {waits}")),
                None => page.waiting(ui, what),
            }),
            Primary::Act(..) | Primary::Next => None,
        };
        let margin = if places.wide { 40.0 } else { gap::L };
        let mut footer = Self {
            side: if plan { None } else { side(setup, step, &primary) },
            back: back(page, setup),
            next: next(setup),
            step,
            primary,
            text,
            confirm,
            margin,
            stacked: false,
            rows: 0.0,
        };
        footer.fit(ui, places.content.width());
        footer
    }

    /// Finds room for the text: between the buttons, or on a row above them.
    fn fit(&mut self, ui: &Ui, width: f32) {
        let width = width - 2.0 * self.margin;
        let mut free = self.beside(ui, width);
        let wraps = |free: f32| {
            self.text.as_ref().is_some_and(|text| ONE_LINE < small(ui, text, free - 26.0).size().y)
        };
        if (free < 0.0 || wraps(free))
            && let Some((text, Side::Skip)) = &mut self.side
        {
            // The shorter word; the cost stands in the tooltip and is spoken.
            "Skip this step".clone_into(text);
            free = self.beside(ui, width);
        }
        if let Some(text) = &self.text {
            let beside = |free: f32| small(ui, text, free - 26.0).size().y <= BESIDE;
            self.stacked = self.confirm || free < TEXT_MIN || !beside(free);
            let room = if self.stacked { width - 26.0 } else { free - 26.0 };
            let height = small(ui, text, room).size().y;
            if self.stacked {
                self.rows += height.max(20.0) + gap::L;
            }
        }
        if self.confirm {
            self.rows += brake::HEIGHT - gap::XS;
        }
    }

    /// What the buttons leave of `width`.
    fn beside(&self, ui: &Ui, width: f32) -> f32 {
        width - self.buttons_width(ui) - width_of(ui, "Start page") - 2.0 * gap::XL
    }

    pub fn height(&self) -> f32 {
        FOOTER_HEIGHT + self.rows
    }

    fn primary_label(&self) -> String {
        match &self.primary {
            Primary::Act(label, _) | Primary::Blocked(label, _) => label.clone(),
            Primary::Working(..) => "Stop".to_owned(),
            Primary::Next => onward(self.next),
        }
    }

    fn primary_width(&self, ui: &Ui) -> f32 {
        (width_of(ui, &self.primary_label()) + 8.0).max(120.0)
    }

    fn buttons_width(&self, ui: &Ui) -> f32 {
        let side = self.side.as_ref().map_or(0.0, |(text, _)| width_of(ui, text) + gap::M);
        side + self.primary_width(ui)
    }

    pub fn show(mut self, ui: &mut Ui, page: &mut Page, setup: &mut Setup, acts: &mut Vec<Act>) {
        let rect = ui.max_rect();
        surface(ui, rect, false);
        let inner = rect.shrink2(vec2(self.margin, 0.0));
        let (above, row) = inner.split_top_bottom_at_y(inner.bottom() - FOOTER_HEIGHT);
        if 0.0 < self.rows {
            ui.scope_builder(UiBuilder::new().max_rect(above), |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                ui.add_space(gap::M);
                if self.stacked {
                    self.text(ui);
                }
                if self.confirm {
                    brake::ask(ui, &mut page.typed, setup);
                }
            });
        }
        let buttons = self.buttons_width(ui);
        let (left, right) = row.split_left_right_at_x(row.right() - buttons);
        let line = Layout::left_to_right(Align::Center);
        ui.scope_builder(UiBuilder::new().max_rect(left).layout(line), |ui| {
            ui.spacing_mut().item_spacing.x = gap::XL;
            if let Some((label, act)) = self.back.take() {
                let back = kit::quiet_button(ui, label);
                page.panes.footer = Some(back.id);
                if back.clicked() {
                    acts.push(act);
                }
                if self.step.previous().is_some() {
                    back.on_hover_text(with_keys(ui.ctx(), "", Action::Previous));
                }
            }
            if !self.stacked {
                self.text(ui);
            }
        });
        ui.scope_builder(UiBuilder::new().max_rect(right).layout(line), |ui| {
            ui.spacing_mut().item_spacing.x = gap::M;
            self.side(ui, page, acts);
            let place = right.with_min_x(right.right() - self.primary_width(ui));
            self.primary(ui, place, page, acts);
        });
    }

    fn text(&self, ui: &mut Ui) {
        let Some(text) = &self.text else { return };
        let theme = Theme::of(ui);
        let (icon, colour) = match self.primary {
            Primary::Working(..) => (Icon::Working, theme.accent),
            _ if self.confirm => (Icon::Locked, theme.text_2),
            _ => (Icon::Info, theme.text_2),
        };
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = gap::S;
            kit::icon(ui, icon, 16.0, colour);
            kit::live(ui, text);
        });
    }

    fn side(&self, ui: &mut Ui, page: &mut Page, acts: &mut Vec<Act>) {
        let Some((text, side)) = &self.side else { return };
        let response = kit::quiet_button(ui, text);
        let response = match (side, self.step.skippable()) {
            (Side::Skip, Some(cost)) => {
                let name = format!("Skip this step ({cost})");
                response.accessible_name(&name).on_hover_text(name)
            }
            (Side::Skip | Side::Next(_) | Side::WillSend, _) => response,
        };
        if !response.clicked() {
            return;
        }
        match side {
            Side::Skip => {
                acts.push(Act::Do(Msg::Skip(self.step)));
                acts.extend(self.next.map(|next| Act::Do(Msg::Go(next))));
            }
            Side::Next(next) => acts.push(Act::Do(Msg::Go(*next))),
            Side::WillSend => page.open_drawer(ui, Tab::Next),
        }
    }

    fn primary(self, ui: &mut Ui, place: Rect, page: &mut Page, acts: &mut Vec<Act>) {
        let label = self.primary_label();
        let place = Rect::from_center_size(place.center(), vec2(place.width(), BUTTON));
        let (next, keys) = (self.next, with_keys(ui.ctx(), "", Action::Primary));
        // The same button, whatever stands beside it; on each page another.
        let id = Id::unique(("main button", page.shown.map(Sheet::key)));
        ui.scope_builder(UiBuilder::new().max_rect(place).scope_id(id), |ui| match self.primary {
            primary @ (Primary::Act(..) | Primary::Next) => {
                let button = kit::primary_button(ui, &label, true);
                page.panes.footer.get_or_insert(button.id);
                page.main_button.follow(&button);
                if button.clicked() {
                    acts.extend(press(next, primary));
                }
                button.on_hover_text(keys);
            }
            Primary::Blocked(_, why) => {
                let button = kit::primary_button(ui, &label, false);
                ui.ctx().accesskit_node_builder(button.id, |node| node.set_description(why));
                page.main_button.follow(&button);
            }
            Primary::Working(what, stop) => {
                ui.spacing_mut().interact_size.y = BUTTON;
                let button = ui
                    .add_enabled_ui(stop.is_some(), |ui| {
                        let size = vec2(place.width(), BUTTON);
                        ui.add(egui::Button::new(&label).min_size(size))
                    })
                    .inner;
                // Without its count: each change of what describes the button with the focus is read out.
                let doing = what.split_once('…').map_or(what.as_str(), |(doing, _)| doing);
                ui.ctx().accesskit_node_builder(button.id, |node| node.set_description(doing));
                page.main_button.follow(&button);
                if button.clicked() {
                    acts.extend(stop.map(Act::Do));
                }
                button.on_hover_text(with_keys(ui.ctx(), "", Action::Stop));
            }
        });
    }
}

/// Whether the main button has the focus, or had it when it began to wait: what waits can't keep it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Held {
    #[default]
    No,
    Focused,
    Waiting,
}

impl Held {
    /// Gives the focus back to a button that waits no more, unless it has gone elsewhere.
    fn follow(&mut self, button: &Response) {
        let is_free = button.ctx.memory(egui::Memory::focused).is_none();
        *self = match *self {
            _ if button.enabled() && button.has_focus() => Self::Focused,
            Self::Waiting if button.enabled() && is_free => {
                button.request_focus();
                Self::Focused
            }
            Self::Focused | Self::Waiting if !button.enabled() && is_free => Self::Waiting,
            Self::No | Self::Focused | Self::Waiting => Self::No,
        };
    }
}

/// What the button on the right does on this page, whether it is clicked or called by its keys.
pub(super) fn primary(setup: &Setup) -> Primary<Msg> {
    if setup.plan.open {
        return setup.plan_primary();
    }
    last(setup, setup.current, setup.primary(setup.current))
}

/// The page that follows this one.
pub(super) fn next(setup: &Setup) -> Option<StepId> {
    if setup.plan.open { Some(StepId::Verify) } else { setup.next(setup.current) }
}

/// What pressing it asks for; `next` is the page that follows.
pub(super) fn press(next: Option<StepId>, primary: Primary<Msg>) -> Option<Act> {
    match primary {
        Primary::Act(_, msg) => Some(Act::Do(msg)),
        Primary::Next => Some(next.map_or(Act::Finish, |next| Act::Do(Msg::Go(next)))),
        Primary::Blocked(..) | Primary::Working(..) => None,
    }
}

/// The button that leads on: `Next: Test`, or the last one.
pub(super) fn onward(next: Option<StepId>) -> String {
    next.map_or("Finish".to_owned(), |next| format!("Next: {}", next.name()))
}

/// From the plan to the step it was opened on, from a step to the one before.
fn back(page: &Page, setup: &Setup) -> Option<(&'static str, Act)> {
    if setup.plan.open {
        return Some(("Back", Act::Do(Msg::Go(setup.current))));
    }
    match setup.previous(setup.current) {
        Some(previous) => Some(("Back", Act::Do(Msg::Go(previous)))),
        None => page.may_leave(setup).then_some(("Start page", Act::Leave)),
    }
}

/// "Finish" waits until nothing is open.
fn last(setup: &Setup, step: StepId, primary: Primary<Msg>) -> Primary<Msg> {
    if setup.next(step).is_some() || !matches!(primary, Primary::Next) {
        return primary;
    }
    let finish = "Finish".to_owned();
    if setup.facts.first_to_end().is_some() {
        let why = "This computer may still connect to the database. Remove its access first (above, “Access”).";
        return Primary::Blocked(finish, why.to_owned());
    }
    let settled = |step: &StepId| {
        matches!(setup.standing(*step), Standing::WouldChange) || setup.standing(*step).settled()
    };
    let is_open = |step: &StepId| setup.leads_to(*step) && !settled(step);
    let open: Vec<&str> = StepId::ALL.into_iter().filter(is_open).map(StepId::name).collect();
    match open.as_slice() {
        [] => primary,
        [one] => Primary::Blocked(finish, format!("One step is open: {one}.")),
        many => {
            Primary::Blocked(finish, format!("{} steps are open: {}.", many.len(), many.join(", ")))
        }
    }
}

/// What stands left of the primary button.
fn side(setup: &Setup, step: StepId, primary: &Primary<Msg>) -> Option<(String, Side)> {
    let standing = setup.standing(step);
    match primary {
        Primary::Next => None,
        Primary::Working(..) => setup
            .next(step)
            .filter(|next| setup.facts.missing_for(*next).is_none())
            .map(|next| ("Go on meanwhile".to_owned(), Side::Next(next))),
        Primary::Act(..) | Primary::Blocked(..) if standing == Standing::Skipped => {
            setup.next(step).map(|next| (format!("Next: {}", next.name()), Side::Next(next)))
        }
        Primary::Act(..)
            if step == StepId::Pool && pool::request(&setup.steps.pool, &setup.facts).is_some() =>
        {
            Some(("Show what will be sent".to_owned(), Side::WillSend))
        }
        Primary::Act(..) | Primary::Blocked(..) => {
            step.skippable().map(|cost| (format!("Skip this step ({cost})"), Side::Skip))
        }
    }
}

impl Page {
    /// What runs, with how long it takes already once that is long.
    fn waiting(&self, ui: &Ui, what: &str) -> String {
        let now = ui.input(|input| input.time);
        let seconds = self.running.as_ref().map_or(0.0, |(_, since)| now - since) as u64;
        ui.request_repaint_after(std::time::Duration::from_secs(1));
        match seconds {
            0..5 => what.to_owned(),
            5..60 => format!("{what} {seconds} s"),
            _ => format!("{what} {} min {} s", seconds / 60, seconds % 60),
        }
    }
}

fn small(ui: &Ui, text: &str, width: f32) -> std::sync::Arc<egui::Galley> {
    WidgetText::from(text).into_galley(ui, Some(TextWrapMode::Wrap), width, TextStyle::Small)
}

/// How wide an ordinary button with this text is.
fn width_of(ui: &Ui, text: &str) -> f32 {
    let font = TextStyle::Button.resolve(ui.style());
    let text = ui.painter().layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER);
    text.size().x + 2.0 * ui.spacing().button_padding.x + 2.0
}
