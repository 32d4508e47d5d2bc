//! The start page: sign in, open a team profile, or practise.

use std::path::PathBuf;

use egui::{
    Align, Frame, Key, Label, Layout, Margin, Response, RichText, Role, ScrollArea, Sense, Stroke,
    StrokeKind, TextStyle, Ui, UiBuilder, WidgetInfo, vec2,
};

use crate::{
    domain::problem::{Fix, Problem},
    setup::facts::SCOPES,
    ui::{
        kit::{self, Icon},
        theme::{BAND_HEIGHT, HEADER_HEIGHT, Theme, gap, role},
    },
};

/// What the page remembers while it is open.
#[derive(Debug, Default)]
pub struct Start {
    /// Path of the team profile, typed or chosen.
    pub profile: String,
    /// Why the last choice led nowhere.
    pub problem: Option<Problem>,
    /// Practice is starting, since this time of the window's clock.
    pub waiting: Option<f64>,
    profile_asked: bool,
}

/// What the person chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    SignIn,
    Practise,
    StopPractice,
    OpenProfile(PathBuf),
    /// Asks for the profile's file with the system's dialog.
    Browse,
    Copy(String),
    Open(String),
}

const WIDTH: f32 = 800.0;
const TILE: f32 = 108.0;

impl Start {
    pub fn show(&mut self, ui: &mut Ui, can_practise: bool) -> Option<Choice> {
        let theme = Theme::of(ui);
        let full = ui.max_rect();
        ui.painter().rect_filled(full, 0, theme.bg);
        let (band, rest) = full.split_top_bottom_at_y(full.top() + BAND_HEIGHT);
        let (header, page) = rest.split_top_bottom_at_y(rest.top() + HEADER_HEIGHT);
        ui.painter().rect_filled(band, 0, theme.raised);
        ui.painter().rect_filled(header, 0, theme.surface);
        let line = Stroke::new(1.0, theme.raised);
        ui.painter().hline(header.x_range(), header.bottom() - 0.5, line);
        let row = Layout::left_to_right(Align::Center);
        let inner = header.shrink2(vec2(20.0, 0.0));
        ui.scope_builder(UiBuilder::new().max_rect(inner).layout(row), |ui| {
            ui.add(Label::new(RichText::new("Poolwright").text_style(role::card_title())));
        });
        let side = ((page.width() - WIDTH) / 2.0).max(gap::XL);
        ui.scope_builder(UiBuilder::new().max_rect(page), |ui| {
            ScrollArea::vertical()
                .auto_shrink(false)
                .show(ui, |ui| {
                    let top = if 600.0 < page.height() { 54.0 } else { gap::XL };
                    Frame::new()
                        .inner_margin(Margin {
                            left: side as i8,
                            right: 0,
                            top: top as i8,
                            bottom: 24,
                        })
                        .show(ui, |ui| {
                            ui.set_width(page.width() - 2.0 * side);
                            ui.spacing_mut().item_spacing = vec2(gap::L, gap::L);
                            self.choices(ui, can_practise)
                        })
                        .inner
                })
                .inner
        })
        .inner
    }

    fn choices(&mut self, ui: &mut Ui, can_practise: bool) -> Option<Choice> {
        let mut choice = None;
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = gap::XS;
            kit::heading(ui, "Set up connection pooling for a DigitalOcean PostgreSQL cluster");
            let text = "About 15 minutes. Nothing changes until you press a button that says so.";
            ui.add(Label::new(RichText::new(text).color(Theme::of(ui).text_2)).wrap());
        });
        if let Some(problem) = &self.problem {
            let usable = |fix: &Fix| matches!(fix, Fix::Copy(_) | Fix::Open(_) | Fix::TryAgain);
            match kit::problem(ui, problem, usable) {
                Some(Fix::Copy(text)) => choice = Some(Choice::Copy(text)),
                Some(Fix::Open(address)) => choice = Some(Choice::Open(address)),
                Some(Fix::TryAgain) => choice = Some(Choice::Practise),
                _ => {} // fixes of a step; none belongs to this page
            }
        }
        ui.add_enabled_ui(self.waiting.is_none(), |ui| {
            choice = choice.take().or(self.tiles(ui, can_practise));
        });
        if let Some(since) = self.waiting {
            choice = choice.or(waiting(ui, since));
        }
        if self.profile_asked {
            choice = choice.or(self.profile(ui));
        }
        kit::fold(ui, "What you will need", needs);
        match &choice {
            Some(Choice::Practise) => {
                self.waiting = Some(ui.input(|input| input.time));
                self.problem = None;
            }
            Some(Choice::StopPractice) => self.waiting = None,
            Some(Choice::OpenProfile(_)) => self.problem = None,
            Some(Choice::SignIn | Choice::Browse | Choice::Copy(_) | Choice::Open(_)) | None => {}
        }
        choice
    }

    fn tiles(&mut self, ui: &mut Ui, can_practise: bool) -> Option<Choice> {
        let mut choice = None;
        let count: u8 = if can_practise { 3 } else { 2 };
        let across = if ui.available_width() < 620.0 { 1 } else { count };
        let width = (ui.available_width() - gap::L * f32::from(across - 1)) / f32::from(across);
        let one = |ui: &mut Ui, title: &str, text: &str, main: bool| {
            tile(ui, width, title, text, main).clicked()
        };
        let layout = if across == 1 {
            Layout::top_down(Align::LEFT)
        } else {
            Layout::left_to_right(Align::TOP)
        };
        ui.with_layout(layout, |ui| {
            let text = "Finds your clusters and apps. The token stays in this computer’s keychain.";
            if one(ui, "Sign in with a token", text, true) {
                choice = Some(Choice::SignIn);
            }
            let text = "A simulated account over a real PostgreSQL and PgBouncer on this computer.";
            if can_practise && one(ui, "Practise", text, false) {
                choice = Some(Choice::Practise);
            }
            let text = "Your team’s poolwright.toml holds the choices: cluster, pool, files, app.";
            if one(ui, "Open a team profile", text, false) {
                self.profile_asked = true;
            }
        });
        choice
    }

    fn profile(&mut self, ui: &mut Ui) -> Option<Choice> {
        kit::card(ui, Some("Team profile"), |ui| {
            let mut choice = None;
            let hint = "poolwright.toml, as step 12 writes it. It holds no secret.";
            let field = kit::field(ui, "Path of the file", &mut self.profile, hint);
            let path = self.profile.trim();
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = gap::S;
                let open = ui.add_enabled_ui(!path.is_empty(), |ui| {
                    kit::secondary_button(ui, "Open the profile").clicked()
                });
                if open.inner || (entered && !path.is_empty()) {
                    choice = Some(Choice::OpenProfile(PathBuf::from(path)));
                }
                if kit::quiet_button(ui, "Choose file…").clicked() {
                    choice = Some(Choice::Browse);
                }
            });
            choice
        })
    }
}

fn waiting(ui: &mut Ui, since: f64) -> Option<Choice> {
    let theme = Theme::of(ui);
    let seconds = (ui.input(|input| input.time) - since) as u64;
    ui.request_repaint_after(std::time::Duration::from_secs(1));
    let mut stop = false;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = gap::S;
        kit::icon(ui, Icon::Working, 16.0, theme.accent);
        let text = "Starting PostgreSQL and PgBouncer on this computer…";
        if seconds < 2 {
            kit::live(ui, text);
        } else {
            kit::live(ui, &format!("{text} {seconds} s"));
        }
        stop = kit::secondary_button(ui, "Stop").clicked();
    });
    stop.then_some(Choice::StopPractice)
}

fn needs(ui: &mut Ui) {
    kit::card(ui, None, |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        kit::key_value(ui, "Cluster", "The name of a PostgreSQL cluster at DigitalOcean.");
        kit::key_value(ui, "Project", "The folder of the app that uses it, on this computer.");
        let scopes = SCOPES.map(|scope| scope.name).join(", ");
        kit::key_value(
            ui,
            "Token",
            &format!(
                "A personal access token with these scopes: {scopes}. With fewer, some steps are done by hand."
            ),
        );
        kit::caption(ui, "To practise, only the packages postgresql and pgbouncer.");
    });
}

/// A card that is a button. The main one has the accent's edge.
fn tile(ui: &mut Ui, width: f32, title: &str, text: &str, main: bool) -> Response {
    let theme = Theme::of(ui);
    let inner = width - 36.0;
    let title_font = role::card_title().resolve(ui.style());
    let text_font = TextStyle::Small.resolve(ui.style());
    let head = ui.painter().layout(title.to_owned(), title_font, theme.text, inner);
    let body = ui.painter().layout(text.to_owned(), text_font, theme.text_2, inner);
    let height = (head.size().y + body.size().y + 42.0).max(TILE);
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), title));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(text));
    let edge = match (main && ui.is_enabled(), response.hovered()) {
        (true, _) => Stroke::new(2.0, theme.accent),
        (false, true) => Stroke::new(1.0, theme.edge),
        (false, false) => Stroke::new(1.0, theme.raised),
    };
    ui.painter().rect(rect, 8, theme.surface, edge, StrokeKind::Inside);
    let place = rect.shrink2(vec2(18.0, 17.0));
    let below = place.min + vec2(0.0, head.size().y + gap::XS + 2.0);
    ui.painter().galley(place.min, head, theme.text);
    ui.painter().galley(below, body, theme.text_2);
    kit::focus_ring(ui, &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}
