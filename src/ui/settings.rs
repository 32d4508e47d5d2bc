//! The settings: looks, size of text, motion, keys, the clipboard, the way to the web, where things are, and how to
//! remove them all.

use egui::{
    Align, Frame, Key, Layout, Margin, Modifiers, RichText, Role, ScrollArea, Sense, Ui, UiBuilder,
    WidgetInfo, vec2,
};

use crate::{
    domain::{
        problem::Problem,
        proxy::{Address, AddressError, Proxy},
        settings::{CopiesStay, Look, Motion, Settings, TextSize},
    },
    effects::settings::Everything,
    ui::{
        kit::{self, Icon, Question},
        theme::{BAND_HEIGHT, FORM_WIDTH, HEADER_HEIGHT, Theme, gap},
    },
};

/// What the page remembers while it is open.
#[derive(Debug, Default)]
pub struct Page {
    /// It was drawn before; the first time its title takes the focus.
    entered: bool,
    proxy: Option<Typed>,
    pub everything: Removal,
    pub diagnostics: Diagnostics,
}

/// The proxy as it stands in the form, which may be no address yet.
#[derive(Debug)]
struct Typed {
    kind: Kind,
    address: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    System,
    Straight,
    At,
}

impl Typed {
    fn of(proxy: &Proxy) -> Self {
        let (kind, address) = match proxy {
            Proxy::System => (Kind::System, String::new()),
            Proxy::Straight => (Kind::Straight, String::new()),
            Proxy::At(address) => (Kind::At, address.to_string()),
        };
        Self { kind, address }
    }

    /// What is wrong with the address where there is one.
    fn proxy(&self) -> Result<Proxy, AddressError> {
        match self.kind {
            Kind::System => Ok(Proxy::System),
            Kind::Straight => Ok(Proxy::Straight),
            Kind::At => Address::parse(&self.address).map(Proxy::At),
        }
    }
}

/// The file for somebody who helps.
#[derive(Debug, Default)]
pub enum Diagnostics {
    #[default]
    NotAsked,
    Writing,
    Written(std::path::PathBuf),
    NotWritten(Problem),
}

/// How the system's password store answered last.
#[derive(Debug, Default)]
pub enum Store {
    #[default]
    NotAsked,
    Asking,
    /// With the accounts whose tokens it keeps.
    Answered(Vec<String>),
    Unanswered(Problem),
}

/// How far the removal of everything is.
#[derive(Debug, Default)]
pub enum Removal {
    #[default]
    NotAsked,
    Looking,
    Asked(Everything),
    Removing,
    Removed,
    Stopped(Problem),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Close,
    /// The settings were changed in place.
    Changed,
    AskStore,
    SaveDiagnostics,
    /// To see what the removal would remove.
    LookForEverything,
    RemoveEverything,
}

/// Where things are, by name and place.
pub type Places = Vec<(&'static str, String)>;

impl Page {
    pub fn show(
        &mut self,
        ui: &mut Ui,
        settings: &mut Settings,
        problem: Option<&Problem>,
        places: &Places,
        asked: &Store,
    ) -> Option<Wish> {
        let theme = Theme::of(ui);
        let full = ui.max_rect();
        ui.painter().rect_filled(full, 0, theme.bg);
        let (band, rest) = full.split_top_bottom_at_y(full.top() + BAND_HEIGHT);
        let (header, page) = rest.split_top_bottom_at_y(rest.top() + HEADER_HEIGHT);
        ui.painter().rect_filled(band, 0, theme.raised);
        ui.painter().rect_filled(header, 0, theme.surface);
        ui.painter().hline(header.x_range(), header.bottom() - 0.5, theme.hairline());
        let mut wish = self.header(ui, header);
        let width = (page.width() - 2.0 * gap::XL).min(FORM_WIDTH + 80.0);
        let side = (page.width() - width) / 2.0;
        ui.scope_builder(UiBuilder::new().max_rect(page), |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                let top = if 600.0 < page.height() { 32 } else { 16 };
                let margin = Margin { left: 0, right: 0, top, bottom: 32 };
                Frame::new().inner_margin(margin).show(ui, |ui| {
                    ui.horizontal_top(|ui| {
                        ui.spacing_mut().item_spacing.x = 0.0;
                        ui.add_space(side.max(0.0));
                        ui.vertical(|ui| {
                            ui.set_width(width);
                            ui.spacing_mut().item_spacing = vec2(gap::S, gap::L);
                            if let Some(problem) = problem {
                                kit::problem(ui, problem, false, kit::FirstFix::Beside, |_| false);
                            }
                            let before = settings.clone();
                            fields(ui, settings);
                            self.network(ui, settings);
                            where_things_are(ui, places);
                            wish = wish.or(store(ui, asked));
                            wish = wish.or(diagnostics(ui, &self.diagnostics));
                            wish = wish.or(self.removal(ui));
                            if *settings != before {
                                wish = Some(Wish::Changed);
                            }
                        });
                    });
                });
                kit::keep_focus_in_sight(ui);
            });
        });
        let escape = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
        wish.or(escape.then_some(Wish::Close))
    }

    fn header(&mut self, ui: &mut Ui, header: egui::Rect) -> Option<Wish> {
        let row = Layout::left_to_right(Align::Center);
        let inner = header.shrink2(vec2(20.0, 0.0));
        ui.scope_builder(UiBuilder::new().max_rect(inner).layout(row), |ui| {
            let text = RichText::new("Settings").text_style(crate::ui::theme::role::card_title());
            let label = egui::Label::new(text).sense(Sense::focusable_noninteractive());
            let title = ui.add(label);
            title.widget_info(|| WidgetInfo::labeled(Role::Heading, true, "Settings"));
            if !self.entered {
                self.entered = true;
                title.request_focus();
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let close = kit::secondary_button(ui, "Close settings");
                close.on_hover_text("Esc").clicked().then_some(Wish::Close)
            })
            .inner
        })
        .inner
    }

    /// An address that is none yet leaves what holds as it is.
    fn network(&mut self, ui: &mut Ui, settings: &mut Settings) {
        let typed = self.proxy.get_or_insert_with(|| Typed::of(&settings.proxy));
        if typed.proxy().is_ok_and(|proxy| proxy != settings.proxy) {
            // Set from elsewhere, as the removal of everything does.
            *typed = Typed::of(&settings.proxy);
        }
        kit::card(ui, Some("Network"), |ui| {
            ui.spacing_mut().item_spacing.y = gap::M;
            let kinds = [Kind::System, Kind::Straight, Kind::At];
            let kinds = kinds.map(|kind| (kind, kind_word(kind).to_owned()));
            kit::select(
                ui,
                "Proxy for DigitalOcean and the health address",
                &mut typed.kind,
                &kinds,
            );
            if typed.kind == Kind::At {
                kit::field(
                    ui,
                    "Address of the proxy",
                    &mut typed.address,
                    "http://proxy.example:3128",
                );
            }
            match typed.proxy() {
                Ok(proxy) => settings.proxy = proxy,
                Err(AddressError::Empty) => {
                    kit::live(ui, "No address yet; the way of before holds.");
                }
                Err(why) => {
                    let theme = Theme::of(ui);
                    let told = format!("{why} The way of before holds.");
                    kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", &told);
                }
            }
            kit::caption(
                ui,
                "Databases are always reached straight: no web proxy carries PostgreSQL.",
            );
        });
    }

    fn removal(&mut self, ui: &mut Ui) -> Option<Wish> {
        let mut wish = None;
        kit::card(ui, Some("Sign out and remove everything"), |ui| {
            ui.spacing_mut().item_spacing.y = gap::S;
            kit::paragraph(
                ui,
                "Takes what Poolwright keeps off this computer. Nothing changes at DigitalOcean, in the database or in your project.",
            );
            match &self.everything {
                Removal::NotAsked => {
                    if kit::secondary_button(ui, "Show what would go…").clicked() {
                        wish = Some(Wish::LookForEverything);
                    }
                }
                Removal::Looking => {
                    kit::live(ui, "Looking what there is…");
                }
                Removal::Asked(everything) => {
                    if asked(ui, everything) {
                        wish = Some(Wish::RemoveEverything);
                    }
                }
                Removal::Removing => {
                    kit::live(ui, "Removing…");
                }
                Removal::Removed => {
                    let theme = Theme::of(ui);
                    ui.horizontal(|ui| {
                        kit::icon(ui, Icon::Done, 16.0, theme.success.text);
                        kit::live(
                            ui,
                            "Everything listed is removed. The settings are the usual ones again.",
                        );
                    });
                }
                Removal::Stopped(problem) => {
                    kit::problem(ui, problem, true, kit::FirstFix::Beside, |_| false);
                    if kit::secondary_button(ui, "Look again").clicked() {
                        wish = Some(Wish::LookForEverything);
                    }
                }
            }
        });
        wish
    }
}

fn diagnostics(ui: &mut Ui, written: &Diagnostics) -> Option<Wish> {
    kit::card(ui, Some("Diagnostics"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        kit::paragraph(
            ui,
            "One file for somebody who helps: versions, what this computer offers, these settings, and the history of the set-up that is open. No password and no token is in it; names of clusters, apps and files are. Nothing is sent.",
        );
        match written {
            Diagnostics::NotAsked => {}
            Diagnostics::Writing => {
                kit::live(ui, "Writing the file…");
            }
            Diagnostics::Written(file) => {
                let theme = Theme::of(ui);
                let text = format!("Written: {}", file.display());
                kit::marked(ui, Icon::Done, theme.success.text, "Done", &text);
            }
            Diagnostics::NotWritten(problem) => {
                kit::problem(ui, problem, false, kit::FirstFix::Beside, |_| false);
            }
        }
        let possible = !matches!(written, Diagnostics::Writing);
        let save = |ui: &mut Ui| kit::secondary_button(ui, "Save diagnostics…");
        let button = ui.add_enabled_ui(possible, save).inner;
        button.clicked().then_some(Wish::SaveDiagnostics)
    })
}

/// How the password store stands, and the button that asks it. It may want its own password first, so it is not asked
/// because somebody came for another setting.
fn store(ui: &mut Ui, store: &Store) -> Option<Wish> {
    let theme = Theme::of(ui);
    kit::card(ui, Some("Password store"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        let (ask, possible) = match store {
            Store::NotAsked => {
                kit::live(ui, "Not asked since the program started.");
                ("Ask the password store", true)
            }
            Store::Asking => {
                kit::live(ui, "Asking the password store…");
                ("Ask the password store", false)
            }
            Store::Answered(accounts) => {
                let kept = match accounts.as_slice() {
                    [] => "It answers. No token is kept in it.".to_owned(),
                    names => format!("It answers. Tokens kept in it: {}.", names.join(", ")),
                };
                kit::marked(ui, Icon::Done, theme.success.text, "Done", &kept);
                ("Ask again", true)
            }
            Store::Unanswered(problem) => {
                let told = format!("{} {}", problem.what, problem.why);
                kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", &told);
                for hint in &problem.hints {
                    kit::caption(ui, &format!("{}.", hint.label));
                }
                ("Try again", true)
            }
        };
        let button = ui.add_enabled_ui(possible, |ui| kit::secondary_button(ui, ask)).inner;
        button.clicked().then_some(Wish::AskStore)
    })
}

/// Whether the person agreed to what is listed.
fn asked(ui: &mut Ui, everything: &Everything) -> bool {
    let list = |ui: &mut Ui, title: &str, lines: &[String]| {
        kit::part(ui, title);
        for line in lines {
            kit::paragraph(ui, &format!("• {line}"));
        }
    };
    list(ui, "What goes", &everything.goes);
    list(ui, "What stays", &everything.stays);
    if let Some(why) = &everything.waits {
        let theme = Theme::of(ui);
        kit::note(ui, theme.warning, Icon::Warning, "Not yet.", why);
        return false;
    }
    kit::confirm(
        ui,
        &Question {
            ask: "Sign out and remove…",
            question: "Remove what is listed above?",
            meaning: "It cannot be undone.",
            yes: "Sign out and remove it",
            no: "Keep it",
        },
    )
}

fn fields(ui: &mut Ui, settings: &mut Settings) {
    kit::card(ui, Some("Looks"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::M;
        let looks = Look::ALL.map(|look| (look, look_word(look).to_owned()));
        kit::select(ui, "Theme", &mut settings.look, &looks);
        let sizes: Vec<(TextSize, String)> =
            TextSize::all().map(|size| (size, format!("{} %", size.percent()))).collect();
        kit::select(ui, "Size of text and everything", &mut settings.text, &sizes);
        let motions = Motion::ALL.map(|motion| (motion, motion_word(motion).to_owned()));
        kit::select(ui, "Motion", &mut settings.motion, &motions);
    });
    kit::card(ui, Some("Tests"), |ui| {
        kit::check(
            ui,
            &mut settings.tests_start,
            "Test both connections as soon as their page is opened for the first time",
        );
    });
    kit::card(ui, Some("Keys and clipboard"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::M;
        kit::check(
            ui,
            &mut settings.letter_keys,
            "Keys of one letter (T shows a chart's table, J and K go through changes)",
        );
        let stays = CopiesStay::ALL.map(|stay| (stay, stay_word(stay).to_owned()));
        let label = "A copied password or URL is taken off the clipboard after";
        kit::select(ui, label, &mut settings.copies_stay, &stays);
    });
}

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::System => "As the system says (HTTPS_PROXY)",
        Kind::Straight => "None",
        Kind::At => "This proxy",
    }
}

fn look_word(look: Look) -> &'static str {
    match look {
        Look::System => "As the desktop has it",
        Look::Light => "Light",
        Look::Dark => "Dark",
        Look::ContrastLight => "High contrast, light",
        Look::ContrastDark => "High contrast, dark",
    }
}

fn motion_word(motion: Motion) -> &'static str {
    match motion {
        Motion::System => "As the desktop has it",
        Motion::Reduced => "Reduced: nothing fades",
        Motion::Full => "Full",
    }
}

fn stay_word(stay: CopiesStay) -> &'static str {
    match stay {
        CopiesStay::HalfMinute => "30 seconds",
        CopiesStay::Minute => "1 minute",
        CopiesStay::FiveMinutes => "5 minutes",
    }
}

fn where_things_are(ui: &mut Ui, places: &Places) {
    kit::card(ui, Some("Where things are"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        for (name, place) in places {
            kit::key_value(ui, name, place);
        }
        kit::caption(
            ui,
            "Nothing about you goes to anybody. Poolwright speaks with DigitalOcean and your database; two services are asked for this computer's public address, once you agree.",
        );
    });
}
