//! The start page: go on with a set-up, sign in, paste URLs, open a team profile, or practise.

mod go_on;

use std::{path::PathBuf, sync::Arc};

use egui::{
    Align, Galley, Key, Label, Layout, Response, RichText, Role, ScrollArea, Sense, Stroke,
    StrokeKind, TextStyle, Ui, UiBuilder, Vec2, WidgetInfo, text::LayoutJob, vec2,
};

use jiff::Timestamp;

use crate::{
    domain::problem::{Fix, Problem},
    effects::saved::Shelf,
    setup::facts::SCOPES,
    ui::{
        kit::{self, Icon},
        theme::{BAND_HEIGHT, CARD_RADIUS, HEADER_HEIGHT, Theme, gap, role},
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
    /// Its path is asked for.
    pub profile_asked: bool,
    /// Set-ups that were begun before.
    pub shelf: Shelf,
    /// The one whose removal is asked about.
    pub removing: Option<String>,
}

/// What the person chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Goes on with a saved set-up.
    Continue(String),
    /// Takes one off the list.
    Remove(String),
    SignIn,
    /// Without an account: the URLs are brought.
    PasteUrls,
    Practise,
    StopPractice,
    OpenProfile(PathBuf),
    /// Asks for the profile's file with the system's dialog.
    Browse,
    Copy(String),
    Open(String),
    Settings,
}

const WIDTH: f32 = 800.0;

impl Start {
    pub fn show(&mut self, ui: &mut Ui, can_practise: bool, now: Timestamp) -> Option<Choice> {
        let theme = Theme::of(ui);
        let full = ui.max_rect();
        ui.painter().rect_filled(full, 0, theme.bg);
        let (band, rest) = full.split_top_bottom_at_y(full.top() + BAND_HEIGHT);
        let (header, page) = rest.split_top_bottom_at_y(rest.top() + HEADER_HEIGHT);
        ui.painter().rect_filled(band, 0, theme.raised);
        ui.painter().rect_filled(header, 0, theme.surface);
        let line = theme.hairline();
        ui.painter().hline(header.x_range(), header.bottom() - 0.5, line);
        let row = Layout::left_to_right(Align::Center);
        let inner = header.shrink2(vec2(20.0, 0.0));
        let settings = ui.scope_builder(UiBuilder::new().max_rect(inner).layout(row), |ui| {
            ui.add(Label::new(RichText::new("Poolwright").text_style(role::card_title())));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                kit::quiet_button(ui, "Settings").clicked()
            })
            .inner
        });
        let width = (page.width() - 2.0 * gap::XL).min(WIDTH);
        let side = (page.width() - width) / 2.0;
        ui.scope_builder(UiBuilder::new().max_rect(page), |ui| {
            ScrollArea::vertical()
                .auto_shrink(false)
                .show(ui, |ui| {
                    ui.add_space(if 600.0 < page.height() { 54.0 } else { gap::L });
                    let choices = ui.horizontal_top(|ui| {
                        ui.add_space(side);
                        ui.vertical(|ui| {
                            ui.set_width(width);
                            ui.spacing_mut().item_spacing = vec2(gap::L, gap::L);
                            self.choices(ui, can_practise, now)
                        })
                        .inner
                    });
                    kit::keep_focus_in_sight(ui);
                    choices.inner
                })
                .inner
        })
        .inner
        .or(settings.inner.then_some(Choice::Settings))
    }

    fn choices(&mut self, ui: &mut Ui, can_practise: bool, now: Timestamp) -> Option<Choice> {
        let mut choice = None;
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = gap::XS;
            kit::heading(ui, "Set up connection pooling for a DigitalOcean PostgreSQL cluster");
            let text = "About 15 minutes. Nothing changes until you press a button that says so. Each change is shown before it is made, and all but migrations can be taken back.";
            ui.add(Label::new(RichText::new(text).color(Theme::of(ui).text_2).line_height(Some(20.0))).wrap());
            ui.add_space(gap::S);
        });
        if let Some(problem) = &self.problem {
            let usable = |fix: &Fix| matches!(fix, Fix::Copy(_) | Fix::Open(_) | Fix::TryAgain);
            match kit::problem(ui, problem, false, kit::FirstFix::Main, usable) {
                Some(Fix::Copy(text)) => choice = Some(Choice::Copy(text)),
                Some(Fix::Open(address)) => choice = Some(Choice::Open(address)),
                Some(Fix::TryAgain) => choice = Some(Choice::Practise),
                _ => {} // fixes of a step; none belongs to this page
            }
        }
        ui.add_enabled_ui(self.waiting.is_none(), |ui| {
            let go_on = go_on::show(ui, &self.shelf, &mut self.removing, now);
            choice = choice.take().or(go_on);
            choice = choice.take().or(self.tiles(ui, can_practise));
        });
        if let Some(since) = self.waiting {
            choice = choice.or(waiting(ui, since));
        }
        if self.profile_asked {
            choice = choice.or(self.profile(ui));
        }
        promises(ui);
        kit::fold(ui, "What you will need", needs);
        match &choice {
            Some(Choice::Practise) => {
                self.waiting = Some(ui.input(|input| input.time));
                self.problem = None;
            }
            Some(Choice::StopPractice) => self.waiting = None,
            Some(Choice::OpenProfile(_) | Choice::Continue(_) | Choice::Remove(_)) => {
                self.problem = None;
            }
            Some(
                Choice::SignIn
                | Choice::PasteUrls
                | Choice::Browse
                | Choice::Copy(_)
                | Choice::Open(_)
                | Choice::Settings,
            )
            | None => {}
        }
        choice
    }

    fn tiles(&mut self, ui: &mut Ui, can_practise: bool) -> Option<Choice> {
        let tiles: Vec<&Tile> =
            TILES.iter().filter(|tile| can_practise || tile.leads != Leads::Practice).collect();
        let across = if ui.available_width() < 620.0 { 1 } else { 2 };
        let width = (ui.available_width() - gap::L * (across - 1) as f32) / across as f32;
        let height = tiles.iter().map(|tile| tile.height(ui, width)).fold(0.0, f32::max);
        let mut choice = None;
        for row in tiles.chunks(across) {
            let layout = Layout::left_to_right(Align::TOP);
            ui.allocate_ui_with_layout(vec2(ui.available_width(), height), layout, |ui| {
                for tile in row {
                    let main = tile.leads == Leads::SignIn && self.shelf.rows.is_empty();
                    if tile.show(ui, vec2(width, height), main).clicked() {
                        match tile.leads {
                            Leads::SignIn => choice = Some(Choice::SignIn),
                            Leads::Paste => choice = Some(Choice::PasteUrls),
                            Leads::Practice => choice = Some(Choice::Practise),
                            Leads::Profile => self.profile_asked = true,
                        }
                    }
                }
            });
        }
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

/// What a set-up changes, and what it leaves alone: said before anything is chosen.
fn promises(ui: &mut Ui) {
    kit::card(ui, None, |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        kit::key_value(
            ui,
            "Will be changed",
            "One pool at DigitalOcean; the lines of your project and env files that you leave ticked; pending migrations; two variables of the app. Each behind a button of its own.",
        );
        kit::key_value(
            ui,
            "Never changed",
            "The cluster and its plan, other pools, your tables' rows, and what is in git.",
        );
        kit::key_value(
            ui,
            "Never sent",
            "Nothing about you goes to anybody. Poolwright speaks with DigitalOcean and your database; two services are asked for this computer's public address, once you agree.",
        );
    });
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Leads {
    SignIn,
    Paste,
    Practice,
    Profile,
}

/// A card that is a button.
struct Tile {
    leads: Leads,
    title: &'static str,
    text: &'static str,
}

const TILES: [Tile; 4] = [
    Tile {
        leads: Leads::SignIn,
        title: "Sign in with a token",
        text: "Finds your clusters and apps. The token stays in this computer's keychain.",
    },
    Tile {
        leads: Leads::Paste,
        title: "Paste two URLs",
        text: "Without an account: tests both, and writes them into your project and env files.",
    },
    Tile {
        leads: Leads::Practice,
        title: "Practise",
        text: "A simulated account over a real PostgreSQL and PgBouncer on this computer.",
    },
    Tile {
        leads: Leads::Profile,
        title: "Open a team profile",
        text: "Your team's poolwright.toml holds the choices: cluster, pool, files, app.",
    },
];

const TILE_SIDE: f32 = 18.0;

impl Tile {
    fn texts(&self, ui: &Ui, width: f32) -> (Arc<Galley>, Arc<Galley>) {
        let theme = Theme::of(ui);
        let width = width - 2.0 * TILE_SIDE;
        let font = role::card_title().resolve(ui.style());
        let head = ui.painter().layout(self.title.to_owned(), font, theme.text, width);
        let font = TextStyle::Small.resolve(ui.style());
        let mut job = LayoutJob::simple(self.text.to_owned(), font, theme.text_2, width);
        for section in &mut job.sections {
            section.format.line_height = Some(18.0);
        }
        (head, ui.painter().layout_job(job))
    }

    fn height(&self, ui: &Ui, width: f32) -> f32 {
        let (head, body) = self.texts(ui, width);
        head.size().y + gap::XS + body.size().y + 2.0 * TILE_SIDE
    }

    fn show(&self, ui: &mut Ui, size: Vec2, main: bool) -> Response {
        let theme = Theme::of(ui);
        let (head, body) = self.texts(ui, size.x);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), self.title));
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(self.text));
        // Where most people begin.
        let main = main && ui.is_enabled();
        let edge = match (main, response.hovered()) {
            (true, _) => Stroke::new(2.0, theme.accent),
            (false, true) => Stroke::new(1.0, theme.edge),
            (false, false) => theme.hairline(),
        };
        ui.painter().rect(rect, CARD_RADIUS, theme.surface, edge, StrokeKind::Inside);
        let place = rect.min + Vec2::splat(TILE_SIDE);
        let below = place + vec2(0.0, head.size().y + gap::XS);
        ui.painter().galley(place, head, theme.text);
        ui.painter().galley(below, body, theme.text_2);
        kit::focus_ring(ui, &response);
        response.on_hover_cursor(egui::CursorIcon::PointingHand)
    }
}
