//! The frame of every page: band, header, rail, heading, problem, buttons, and the panels for requests and help.

mod actions;
mod commands;
mod drawer;
mod footer;
mod header;
mod help;
mod keys;
mod panel;
mod rail;
mod welcome;

pub use actions::window_keys;
use egui::{Frame, Id, Margin, Rect, RichText, ScrollArea, Ui, UiBuilder, vec2};
use jiff::Timestamp;

use crate::{
    domain::{
        access::Granted,
        cluster::Environment,
        problem::{Fix, Problem},
        secret::Secret,
    },
    setup::{
        Msg, Setup,
        facts::Scope,
        step::{Primary, Standing, StepId},
    },
    ui::{
        act::{Act, Copied},
        kit::{self, FirstFix, Icon},
        page::{commands::Commands, footer::Footer, keys::Panes},
        plan, steps,
        theme::{
            BAND_HEIGHT, CONTENT_WIDTH, HEADER_HEIGHT, RAIL_FOLDS_BELOW, RAIL_WIDTH, Theme, gap,
        },
    },
};

/// What the frame remembers of its own: nothing that the set-up needs.
#[derive(Debug, Default)]
pub struct Page {
    drawer: drawer::Drawer,
    /// The help is open, in the place of the drawer.
    help: bool,
    help_enters: bool,
    /// What had the focus when the help was opened.
    opener: Option<Id>,
    commands: Option<Commands>,
    /// Takes the focus as soon as nothing stands over the page any more.
    returns: Option<Id>,
    /// The cluster's name, as typed so far to allow changes in production.
    typed: String,
    /// The page that was drawn last; another one takes the focus to its title.
    shown: Option<Sheet>,
    /// The problem that was drawn last; another one is scrolled to.
    told: Option<String>,
    /// What runs, and since when by the window's clock.
    running: Option<(String, f64)>,
    panes: Panes,
    main_button: footer::Held,
    pub keeping: Keeping,
    /// Why the history was not written into the file that was named.
    pub unsaved: Option<Problem>,
    /// Shown in band and title while no cluster tells its environment.
    pub label: Option<Environment>,
}

/// What can stand on the right, over or beside the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Panel {
    Requests,
    Help,
}

/// What the content shows: a step, or the plan of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sheet {
    Step(StepId),
    Plan,
}

impl Sheet {
    fn of(setup: &Setup) -> Self {
        if setup.plan.open { Self::Plan } else { Self::Step(setup.current) }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Step(step) => step.title(),
            Self::Plan => plan::TITLE,
        }
    }

    fn purpose(self) -> &'static str {
        match self {
            Self::Step(step) => step.purpose(),
            Self::Plan => plan::PURPOSE,
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Step(step) => step.key(),
            Self::Plan => "plan",
        }
    }

    fn standing(self, setup: &Setup) -> Standing {
        match self {
            Self::Step(step) => setup.standing(step),
            Self::Plan => setup.plan_standing(),
        }
    }

    /// The step that an act on a problem of this page is for.
    fn acting(self, setup: &Setup) -> StepId {
        match self {
            Self::Step(step) => step,
            Self::Plan => setup.plan_stopped_at().unwrap_or(setup.current),
        }
    }

    fn problem(self, setup: &Setup) -> Option<&Problem> {
        match self {
            Self::Step(step) => setup.problem(step),
            Self::Plan => setup.plan_problem(),
        }
    }
}

/// Whether the set-up can be gone on with later.
#[derive(Debug, Default)]
pub enum Keeping {
    /// It ends with the window, as a practice does.
    #[default]
    Nowhere,
    Kept,
    /// It was to be kept, and why it is not.
    Failing(Problem),
}

/// Where the parts of the window stand.
#[derive(Clone, Copy, Debug)]
struct Places {
    band: Rect,
    header: Rect,
    /// Rail on the left, or a bar above the content.
    steps: Rect,
    content: Rect,
    panel: Option<Rect>,
    /// Rail and header have their full size.
    wide: bool,
    tall: bool,
}

const COMPACT_HEADER: f32 = 44.0;
const STEP_BAR: f32 = 44.0;
const DRAWER_WIDTH: f32 = 400.0;
/// Below this height the header folds.
const HEADER_FOLDS_BELOW: f32 = 700.0;

impl Places {
    fn of(full: Rect, panel: bool) -> Self {
        let wide = RAIL_FOLDS_BELOW <= full.width();
        let tall = HEADER_FOLDS_BELOW <= full.height();
        let (band, rest) = full.split_top_bottom_at_y(full.top() + BAND_HEIGHT);
        let header_height = if tall { HEADER_HEIGHT } else { COMPACT_HEADER };
        let (header, rest) = rest.split_top_bottom_at_y(rest.top() + header_height);
        let (steps, content) = match (wide, tall) {
            (true, _) => rest.split_left_right_at_x(rest.left() + RAIL_WIDTH),
            (false, true) => rest.split_top_bottom_at_y(rest.top() + STEP_BAR),
            // The bar's button stands in the header.
            (false, false) => rest.split_top_bottom_at_y(rest.top()),
        };
        // Beside the content where there is room, else over it; over all of it in a small window.
        let whole = full.width() < 2.0 * DRAWER_WIDTH;
        let left = if whole { full.left() } else { full.right() - DRAWER_WIDTH };
        let panel = panel.then(|| rest.with_min_x(left));
        let beside = panel.is_some() && 480.0 <= left - content.left();
        let content = if beside { content.with_max_x(left) } else { content };
        Self { band, header, steps, content, panel, wide, tall }
    }
}

/// The environment that band, pill and title tell.
fn environment(setup: &Setup, label: Option<Environment>) -> Option<Environment> {
    setup.facts.cluster.as_ref().map(|cluster| cluster.environment).or(label)
}

/// `Step 6 of 12, Test, shop-db (practice)`
pub fn title(setup: &Setup, label: Option<Environment>) -> String {
    let step = setup.current;
    let place = if setup.plan.open {
        plan::TITLE.to_owned()
    } else {
        format!("Step {} of {}, {}", step.number(), StepId::ALL.len(), step.name())
    };
    let cluster = setup.facts.cluster.as_ref().map(|facts| facts.cluster.name.as_str());
    match (cluster, environment(setup, label)) {
        (Some(name), Some(environment)) => format!("{place}, {name} ({})", environment.word()),
        (None, Some(environment)) => format!("{place} ({})", environment.word()),
        _ => place,
    }
}

impl Page {
    /// Draws the window's whole content; what the person asked for.
    pub fn show(&mut self, ui: &mut Ui, setup: &mut Setup, now: Timestamp) -> Vec<Act> {
        let mut acts = Vec::new();
        self.follow(ui, setup);
        self.keys(ui, setup, &mut acts);
        let theme = Theme::of(ui);
        let places = Places::of(ui.max_rect(), self.panel().is_some());
        ui.painter().rect_filled(ui.max_rect(), 0, theme.bg);
        let environment = environment(setup, self.label);
        let band = environment.map_or(theme.raised, |environment| theme.environment(environment));
        ui.painter().rect_filled(places.band, 0, band);
        self.header(ui, &places, setup, now, &mut acts);
        if places.wide {
            self.rail(ui, &places, setup, &mut acts);
        } else if places.tall {
            self.step_bar(ui, &places, setup, &mut acts);
        }
        self.content(ui, &places, setup, now, &mut acts);
        match (places.panel, self.panel()) {
            (Some(rect), Some(Panel::Requests)) => self.drawer(ui, rect, setup, &mut acts),
            (Some(rect), Some(Panel::Help)) => self.help_panel(ui, rect, setup, &mut acts),
            (_, None) | (None, Some(_)) => {}
        }
        self.commands(ui, setup, &mut acts);
        acts
    }

    /// Leaving a set-up that changed something and is not kept would leave its undo behind; access that ends with the
    /// program needs a set-up to end it.
    fn may_leave(&self, setup: &Setup) -> bool {
        let open = setup.facts.leases.iter().any(Granted::ends_by_itself);
        setup.record.entries.is_empty()
            || (matches!(self.keeping, Keeping::Kept) && !setup.busy() && !open)
    }

    /// Notices that another page is shown, or that something began to run.
    fn follow(&mut self, ui: &Ui, setup: &Setup) {
        if self.shown != Some(Sheet::of(setup)) {
            self.told = None;
            self.running = None;
            self.main_button = footer::Held::default();
            // The new page's title takes the focus.
            self.returns = None;
        }
        let working = match setup.primary_shown() {
            Primary::Working(what, _) => Some(what),
            _ => None, // nothing runs
        };
        // A count in the text moves on; the wait is still the same one.
        let same = |a: &str, b: &str| a.split('…').next() == b.split('…').next();
        self.running = match (working, self.running.take()) {
            (None, _) => None,
            (Some(what), Some((before, since))) if same(&what, &before) => Some((what, since)),
            (Some(what), _) => Some((what, ui.input(|input| input.time))),
        };
    }

    fn content(
        &mut self,
        ui: &mut Ui,
        places: &Places,
        setup: &mut Setup,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        let sheet = Sheet::of(setup);
        let margin = if places.wide { 40.0 } else { gap::L };
        let footer = Footer::of(ui, self, places, setup);
        let (page, buttons) =
            places.content.split_top_bottom_at_y(places.content.bottom() - footer.height());
        ui.scope_builder(UiBuilder::new().max_rect(page).id_salt(sheet.key()), |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                let width = (ui.available_width() - 2.0 * margin).min(CONTENT_WIDTH);
                let top = if places.tall { gap::XL } else { gap::M };
                let told = Frame::new()
                    .inner_margin(Margin {
                        left: margin as i8,
                        right: 0,
                        top: top as i8,
                        bottom: 24,
                    })
                    .show(ui, |ui| {
                        ui.set_width(width);
                        self.zones(ui, sheet, setup, now, acts)
                    });
                kit::keep_focus_in_sight(ui);
                // The whole of a new problem, not only its first line.
                if let Some(problem) = told.inner {
                    ui.scroll_to_rect(problem, None);
                }
            });
        });
        // Buttons of its own for each page: one that only took another name would be read out before the new title.
        ui.scope_builder(
            UiBuilder::new().max_rect(buttons).id_salt((sheet.key(), "footer")),
            |ui| {
                footer.show(ui, self, setup, acts);
            },
        );
    }

    /// Heading and purpose, what stands in the way, then the step's own page. Where a problem stands that is new.
    fn zones(
        &mut self,
        ui: &mut Ui,
        sheet: Sheet,
        setup: &mut Setup,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) -> Option<Rect> {
        ui.spacing_mut().item_spacing.y = gap::M;
        let mut told = None;
        let entered = self.shown != Some(sheet);
        self.heading(ui, sheet, setup);
        if let Keeping::Failing(problem) = &self.keeping {
            kit::note(ui, Theme::of(ui).warning, Icon::Warning, &problem.what, &problem.why);
        }
        welcome::show(ui, setup, acts);
        let missing = match sheet {
            Sheet::Step(step) => setup.facts.missing_for(step),
            Sheet::Plan => None,
        };
        if let Some(missing) = missing {
            ahead(ui, missing, acts);
        }
        if let Sheet::Step(step) = sheet {
            lacking(ui, step, setup, acts);
        }
        let step = sheet.acting(setup);
        if let Some(problem) = sheet.problem(setup) {
            let usable = |fix: &Fix| match fix {
                Fix::Copy(_) | Fix::Open(_) | Fix::ProxySettings => true,
                Fix::TryAgain
                | Fix::AllowThisComputer
                | Fix::Repair(_)
                | Fix::FetchPassword(_)
                | Fix::TypePassword(_)
                | Fix::AskTheWeb
                | Fix::RemoveRule(_)
                | Fix::UseSize(_)
                | Fix::UsePool(_)
                | Fix::UseBuiltInRunner
                | Fix::DeleteUnchecked
                | Fix::RestoreApp
                | Fix::KeepSealed
                | Fix::KeepForSession => setup.fix(step, fix).is_some(),
            };
            let top = ui.cursor().min;
            let new = self.told.as_deref() != Some(problem.what.as_str());
            // A page that was just opened is read from its title on; who types is not interrupted.
            let enter = new && !entered && !ui.text_edit_focused();
            let first = match setup.primary_shown() {
                Primary::Act(..) | Primary::Next => FirstFix::Beside,
                Primary::Blocked(..) | Primary::Working(..) => FirstFix::Main,
            };
            let fix = kit::problem(ui, problem, enter, first, usable);
            if new {
                self.told = Some(problem.what.clone());
                told = Some(Rect::from_two_pos(top, ui.cursor().min));
            }
            acts.extend(fix.and_then(|fix| act_of(setup, step, fix)));
        } else {
            self.told = None;
        }
        let page = ui.add_enabled_ui(missing.is_none(), |ui| {
            ui.spacing_mut().item_spacing = vec2(gap::S, gap::M);
            match sheet {
                Sheet::Step(step) => steps::show(ui, step, setup, now),
                Sheet::Plan => plan::show(ui, setup),
            }
        });
        acts.extend(page.inner);
        told
    }

    fn heading(&mut self, ui: &mut Ui, sheet: Sheet, setup: &Setup) {
        let theme = Theme::of(ui);
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = gap::XS;
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing.x = gap::M;
                let entered = self.shown.is_some_and(|shown| shown != sheet);
                let focused = ui.memory(egui::Memory::focused);
                // No stop of the Tab key unless it was sent there.
                let id = if entered || (focused.is_some() && focused == self.panes.content) {
                    kit::focusable_heading(ui, sheet.title()).id
                } else {
                    kit::heading(ui, sheet.title()).id
                };
                if entered {
                    ui.memory_mut(|memory| memory.request_focus(id));
                }
                self.panes.content = Some(id);
                self.shown = Some(sheet);
                standing(ui, sheet.standing(setup), entered);
            });
            let purpose =
                RichText::new(sheet.purpose()).color(theme.text_2).line_height(Some(20.0));
            ui.add(egui::Label::new(purpose).wrap());
            ui.add_space(gap::XS);
        });
    }
}

/// Icon and word of a page, beside its title. On a page that was just opened nothing is said before the title.
fn standing(ui: &mut Ui, standing: Standing, entered: bool) {
    let (icon, colour) = kit::standing_icon(standing, Theme::of(ui));
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        kit::icon(ui, icon, 15.0, colour);
        if entered {
            kit::caption(ui, standing.word());
        } else {
            kit::live(ui, standing.word());
        }
    });
}

/// The page is shown, but can't be used yet.
fn ahead(ui: &mut Ui, missing: StepId, acts: &mut Vec<Act>) {
    let theme = Theme::of(ui);
    Frame::new()
        .fill(theme.info.ground)
        .stroke(theme.tint_edge(theme.info))
        .corner_radius(6)
        .inner_margin(Margin::symmetric(14, 6))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_wrapped(|ui| {
                kit::icon(ui, Icon::Info, 16.0, theme.info.text);
                ui.label(format!(
                    "You can look ahead. This step needs: step {}, {}.",
                    missing.number(),
                    missing.name()
                ));
                if kit::link_button(ui, &format!("Go to step {}", missing.number())).clicked() {
                    acts.push(Act::Do(Msg::Go(missing)));
                }
            });
        });
}

/// The token is known to lack something that this step makes use of: said before it is tried.
fn lacking(ui: &mut Ui, step: StepId, setup: &Setup, acts: &mut Vec<Act>) {
    let missing: Vec<&Scope> = setup.facts.lacking(step).collect();
    if missing.is_empty() || setup.facts.established(step) {
        return;
    }
    let theme = Theme::of(ui);
    let lines: Vec<String> = missing
        .iter()
        .map(|scope| {
            format!("{} ({}). Without it: {}.", scope.name, scope.needed_for, scope.without)
        })
        .collect();
    let title =
        if lines.len() == 1 { "The token lacks a scope:" } else { "The token lacks scopes:" };
    kit::note(ui, theme.warning, Icon::Warning, title, &lines.join(" "));
    if kit::link_button(ui, "Sign in with another token").clicked() {
        acts.push(Act::Do(Msg::Go(StepId::SignIn)));
    }
}

/// What a fix button of the problem card asks for.
fn act_of(setup: &Setup, step: StepId, fix: Fix) -> Option<Act> {
    match fix {
        Fix::Copy(text) => Some(Act::Copy(Copied {
            text: Secret::new(text),
            kind: "Text".to_owned(),
            secret: false,
        })),
        Fix::Open(address) => Some(Act::Open(address)),
        Fix::ProxySettings => Some(Act::Settings),
        Fix::TryAgain
        | Fix::AllowThisComputer
        | Fix::Repair(_)
        | Fix::FetchPassword(_)
        | Fix::TypePassword(_)
        | Fix::AskTheWeb
        | Fix::RemoveRule(_)
        | Fix::UseSize(_)
        | Fix::UsePool(_)
        | Fix::UseBuiltInRunner
        | Fix::DeleteUnchecked
        | Fix::RestoreApp
        | Fix::KeepSealed
        | Fix::KeepForSession => setup.fix(step, &fix).map(Act::Do),
    }
}

/// Where a group is opened: at its first step that is not settled.
fn entrance(setup: &Setup, group: crate::setup::step::Group) -> Option<StepId> {
    group.steps().find(|step| !setup.standing(*step).settled()).or_else(|| group.steps().next())
}

/// The ground of header, bars and footer, with a hairline where they meet the content.
fn surface(ui: &Ui, rect: Rect, hairline_below: bool) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(rect, 0, theme.surface);
    let y = if hairline_below { rect.bottom() - 0.5 } else { rect.top() + 0.5 };
    ui.painter().hline(rect.x_range(), y, theme.hairline());
}

/// The place of one thing in the window that keeps its name from frame to frame.
fn fixed(name: &'static str) -> Id {
    Id::unique(name)
}
