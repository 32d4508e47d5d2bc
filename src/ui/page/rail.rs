//! The steps on the left: six groups, the current one unfolded; or a bar with a menu where the window is narrow.

use egui::{
    Align2, Popup, Rect, Response, Role, ScrollArea, Sense, StrokeKind, TextStyle, Ui, UiBuilder,
    Vec2, WidgetInfo, pos2, vec2,
};

use super::{
    Page, Places,
    actions::{self, Action},
    entrance, surface,
};
use crate::{
    setup::{
        Msg, Setup,
        path::Path,
        plan::PlanMsg,
        step::{Group, Standing, StepId},
    },
    ui::{
        act::Act,
        kit::{self, Icon, focus_ring, paint_icon},
        plan,
        theme::{Theme, gap, role},
    },
};

/// What stands below the steps.
const FOOT: [Action; 3] = [Action::Help, Action::Commands, Action::Settings];

/// How a group stands: what needs attention wins, once the group is reached.
fn standing_of(setup: &Setup, group: Group) -> Standing {
    let standings: Vec<Standing> = group.steps().map(|step| setup.standing(step)).collect();
    let waits = |standing: &Standing| {
        matches!(standing, Standing::NotStarted | Standing::Ready | Standing::NeedsYou)
    };
    let before = StepId::ALL.into_iter().take_while(|step| step.group() != group);
    let reached = setup.current.group() == group
        || before.into_iter().all(|step| setup.standing(step).settled());
    if !reached && standings.iter().all(waits) {
        return Standing::NotStarted;
    }
    let urgent = [
        Standing::Stopped,
        Standing::Working,
        Standing::NeedsReview,
        Standing::NeedsYou,
        Standing::WouldChange,
    ];
    if let Some(urgent) = urgent.into_iter().find(|urgent| standings.contains(urgent)) {
        return urgent;
    }
    let all = |wanted: Standing| standings.iter().all(|standing| *standing == wanted);
    if all(Standing::Skipped) {
        Standing::Skipped
    } else if standings.iter().all(|standing| standing.settled()) {
        if standings.contains(&Standing::DoneNotVerified) {
            Standing::DoneNotVerified
        } else {
            Standing::Done
        }
    } else if standings.iter().all(|standing| *standing == Standing::NotStarted) {
        Standing::NotStarted
    } else {
        Standing::Ready
    }
}

/// `Test, step 6 of 12, Done`
fn step_name(step: StepId, standing: Standing) -> String {
    format!("{}, step {} of {}, {}", step.name(), step.number(), StepId::ALL.len(), standing.word())
}

impl Page {
    pub(super) fn rail(
        &mut self,
        ui: &mut Ui,
        places: &Places,
        setup: &mut Setup,
        acts: &mut Vec<Act>,
    ) {
        let line = Theme::of(ui).hairline();
        ui.painter().vline(places.steps.right() - 0.5, places.steps.y_range(), line);
        let inner = places.steps.shrink2(vec2(gap::M, 0.0));
        let height = 30.0 * FOOT.len() as f32 + gap::L;
        let (inner, foot) = inner.split_top_bottom_at_y(inner.bottom() - height);
        let navigation = UiBuilder::new()
            .max_rect(inner)
            .accessibility_role(Role::Navigation)
            .accessibility_label("Set-up steps");
        ui.scope_builder(navigation, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.add_space(18.0);
                ui.horizontal(|ui| {
                    ui.add_space(10.0);
                    kit::caption(ui, "Set-up steps");
                });
                ui.add_space(gap::XS);
                for (place, group) in Group::ALL.into_iter().enumerate() {
                    if group.steps().any(|step| setup.leads_to(step)) {
                        self.group(ui, place + 1, group, setup, acts);
                    }
                }
                newcomer(ui, setup, acts);
                kit::keep_focus_in_sight(ui);
            });
        });
        ui.scope_builder(UiBuilder::new().max_rect(foot), |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.painter().hline(foot.x_range(), foot.top(), line);
            ui.add_space(gap::S);
            self.foot(ui, setup, acts);
        });
    }

    /// In the same place on every page: help, all commands, settings. Whether one was chosen.
    fn foot(&mut self, ui: &mut Ui, setup: &mut Setup, acts: &mut Vec<Act>) -> bool {
        let mut chosen = None;
        for action in FOOT {
            let keys = action.keys().map_or(String::new(), |keys| actions::written(ui.ctx(), keys));
            let name = action.name(setup);
            if kit::key_row(ui, &name, &keys, &name).clicked() {
                chosen = Some(action);
            }
        }
        if let Some(action) = chosen {
            self.perform(ui, action, setup, acts);
        }
        chosen.is_some()
    }

    fn group(
        &mut self,
        ui: &mut Ui,
        place: usize,
        group: Group,
        setup: &Setup,
        acts: &mut Vec<Act>,
    ) {
        let here =
            if setup.plan.open { group == Group::Change } else { setup.current.group() == group };
        let standing = standing_of(setup, group);
        let title = group.title();
        let name = format!("{title}, group {place} of {}, {}", Group::ALL.len(), standing.word());
        let row = Row { indent: 10.0, title, standing, word: None, current: false, strong: here };
        let response = row.show(ui, &name);
        kit::tell_open(ui, response.id, here);
        if response.clicked()
            && let Some(step) = entrance(setup, group)
        {
            acts.push(Act::Do(Msg::Go(step)));
        }
        if !here {
            return;
        }
        for step in group.steps().filter(|step| setup.leads_to(*step)) {
            let standing = setup.standing(step);
            let current = step == setup.current && !setup.plan.open;
            let row = Row {
                indent: 36.0,
                title: step.name(),
                standing,
                word: Some(standing.word()),
                current,
                strong: current,
            };
            let response = row.show(ui, &step_name(step, standing));
            if current {
                self.panes.rail = Some(response.id);
            }
            if response.clicked() {
                acts.push(Act::Do(Msg::Go(step)));
            }
        }
        if group == Group::Change {
            let response = plan_row(ui, setup, 36.0, acts);
            if setup.plan.open {
                self.panes.rail = Some(response.id);
            }
        }
        ui.add_space(gap::XS);
    }

    pub(super) fn step_bar(
        &mut self,
        ui: &mut Ui,
        places: &Places,
        setup: &mut Setup,
        acts: &mut Vec<Act>,
    ) {
        surface(ui, places.steps, true);
        let inner = places.steps.shrink2(vec2(gap::L, 6.0));
        ui.scope_builder(UiBuilder::new().max_rect(inner), |ui| {
            ui.horizontal_centered(|ui| self.step_menu(ui, setup, inner.width(), acts));
        });
    }

    /// `Step 6 of 12 · Test ▾`, with all twelve steps behind it; shorter where `room` asks for it.
    pub(super) fn step_menu(
        &mut self,
        ui: &mut Ui,
        setup: &mut Setup,
        room: f32,
        acts: &mut Vec<Act>,
    ) {
        let step = setup.current;
        let place = format!("{} of {}", step.number(), StepId::ALL.len());
        let (name, short) = if setup.plan.open {
            (plan::TITLE.to_owned(), "Plan".to_owned())
        } else {
            (format!("Step {place} · {}", step.name()), format!("Step {place}"))
        };
        let shortest = if setup.plan.open { short.clone() } else { place };
        let texts = [name.clone(), short, shortest];
        let response = menu_button(ui, &texts, room, &name);
        self.panes.rail = Some(response.id);
        Popup::menu(&response).width(280.0).show(|ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            ScrollArea::vertical().max_height(ui.ctx().content_rect().height() - 240.0).show(
                ui,
                |ui| {
                    for step in StepId::ALL.into_iter().filter(|step| setup.leads_to(*step)) {
                        let standing = setup.standing(step);
                        let current = step == setup.current && !setup.plan.open;
                        let row = Row {
                            indent: 8.0,
                            title: step.name(),
                            standing,
                            word: Some(standing.word()),
                            current,
                            strong: current,
                        };
                        if row.show(ui, &step_name(step, standing)).clicked() {
                            acts.push(Act::Do(Msg::Go(step)));
                            ui.close();
                        }
                        if step == StepId::App && plan_row(ui, setup, 8.0, acts).clicked() {
                            ui.close();
                        }
                    }
                    kit::keep_focus_in_sight(ui);
                },
            );
            kit::hairline(ui);
            if self.foot(ui, setup, acts) {
                ui.close();
            }
        });
    }
}

/// Leads to the plan of what steps 7 to 10 still have to change.
fn plan_row(ui: &mut Ui, setup: &Setup, indent: f32, acts: &mut Vec<Act>) -> Response {
    let standing = setup.plan_standing();
    let row = Row {
        indent,
        title: plan::TITLE,
        standing,
        word: Some(standing.word()),
        current: setup.plan.open,
        strong: setup.plan.open,
    };
    let response = row.show(ui, &format!("{}, steps 7 to 10, {}", plan::TITLE, standing.word()));
    if response.clicked() {
        acts.push(Act::Do(PlanMsg::Open.into()));
    }
    response
}

/// What is not shown to a newcomer, and how to see it.
fn newcomer(ui: &mut Ui, setup: &Setup, acts: &mut Vec<Act>) {
    if setup.path == Path::Whole {
        return;
    }
    ui.add_space(gap::M);
    let inset = egui::Margin { left: 10, ..egui::Margin::ZERO };
    egui::Frame::new().inner_margin(inset).show(ui, |ui| {
        kit::fold(ui, "Your team did the rest", |ui| {
            for (steps, why) in left_out(setup.path) {
                kit::caption(ui, &format!("{}: {why}.", steps.join(", ")));
            }
        });
    });
    if kit::quiet_button(ui, "Show every step").clicked() {
        acts.push(Act::Do(Msg::EveryStep));
    }
}

/// The steps that a path leaves out, by the reason.
fn left_out(path: Path) -> Vec<(Vec<&'static str>, &'static str)> {
    let mut reasons: Vec<(Vec<&str>, &str)> = Vec::new();
    for step in StepId::ALL {
        let Some(why) = path.left_out(step) else { continue };
        match reasons.iter_mut().find(|(_, known)| *known == why) {
            Some((steps, _)) => steps.push(step.name()),
            None => reasons.push((vec![step.name()], why)),
        }
    }
    reasons
}

/// A button with a triangle at its end and the first of `texts` that `room` is enough for, else the last.
fn menu_button(ui: &mut Ui, texts: &[String], room: f32, name: &str) -> Response {
    const BESIDE: f32 = 38.0;
    let theme = Theme::of(ui);
    let font = TextStyle::Button.resolve(ui.style());
    let layout =
        |text: &String| ui.painter().layout_no_wrap(text.clone(), font.clone(), theme.text);
    let mut galleys = texts.iter().map(layout);
    let fits = galleys.find(|galley| galley.size().x + BESIDE <= room);
    let galley = fits.unwrap_or_else(|| layout(texts.last().unwrap_or(&String::new())));
    let size = vec2(galley.size().x + BESIDE, 32.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    let visuals = ui.style().interact(&response);
    ui.painter().rect(
        rect,
        visuals.corner_radius,
        visuals.weak_bg_fill,
        visuals.bg_stroke,
        egui::StrokeKind::Inside,
    );
    let at = pos2(rect.left() + 12.0, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, theme.text);
    let triangle =
        Rect::from_center_size(pos2(rect.right() - 16.0, rect.center().y), Vec2::splat(10.0));
    paint_icon(ui.painter(), triangle, Icon::Down, theme.text, theme.surface);
    response
}

/// One row of the rail: mark, title, and the word of its state.
struct Row<'a> {
    indent: f32,
    title: &'a str,
    standing: Standing,
    word: Option<&'a str>,
    current: bool,
    strong: bool,
}

impl Row<'_> {
    fn show(&self, ui: &mut Ui, name: &str) -> Response {
        const MARK: f32 = 16.0;
        let theme = Theme::of(ui);
        let height = if self.word.is_some() { 44.0 } else { 32.0 };
        let size = vec2(ui.available_width(), height);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
        if self.current {
            kit::tell_current(ui, response.id);
        }
        let painter = ui.painter();
        if self.current {
            let edge = theme.tint_edge(theme.info);
            painter.rect(rect, 6, theme.info.ground, edge, StrokeKind::Inside);
        } else if response.hovered() {
            painter.rect_filled(rect, 6, theme.raised);
        }
        let (icon, colour) = kit::standing_icon(self.standing, theme);
        let line = if self.word.is_some() { rect.top() + 14.0 } else { rect.center().y };
        let mark = pos2(rect.left() + self.indent + MARK / 2.0, line);
        let ground = if self.current { theme.info.ground } else { theme.bg };
        paint_icon(painter, Rect::from_center_size(mark, Vec2::splat(MARK)), icon, colour, ground);
        let style = if self.strong { role::strong() } else { TextStyle::Body };
        let ink = if self.strong || self.standing.settled() { theme.text } else { theme.text_2 };
        let left = rect.left() + self.indent + MARK + 10.0;
        let font = style.resolve(ui.style());
        painter.text(pos2(left, line), Align2::LEFT_CENTER, self.title, font, ink);
        if let Some(word) = self.word {
            let font = TextStyle::Small.resolve(ui.style());
            painter.text(pos2(left, line + 17.0), Align2::LEFT_CENTER, word, font, theme.text_2);
        }
        focus_ring(ui, &response);
        response.on_hover_cursor(egui::CursorIcon::PointingHand)
    }
}
