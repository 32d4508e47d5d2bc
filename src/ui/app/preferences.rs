//! The settings as the window follows and keeps them.

use egui::Context;

use super::{App, Dialog, Screen, news::News};
use crate::{
    domain::{
        problem::Problem,
        settings::{Look, Motion, Settings, TextSize},
    },
    effects::{
        World,
        accounts::password_store,
        desktop::{self, Looks},
        settings::{self as kept_settings, Kept},
    },
    ui::{
        act::{self, Saving},
        kit, page,
        settings::{self, Removal, Wish},
        theme,
    },
};

impl App {
    pub(super) fn follow_looks(&self, ctx: &Context) {
        let (home, ctx) = (self.home.clone(), ctx.clone());
        desktop::follow_looks(&self.tasks, move |looks| {
            // A full line home: the looks are told again with the next change.
            let heard = home.try_send(News::Looks(looks)).is_ok() || !home.is_closed();
            ctx.request_repaint();
            heard
        });
    }

    pub(super) fn open_settings(&mut self, ctx: &Context) {
        self.opener = ctx.memory(egui::Memory::focused);
        self.settings = Some(settings::Page::default());
        ctx.request_repaint();
    }

    pub(super) fn resize(&mut self, ctx: &Context, size: act::TextSize) {
        let text = &mut self.kept.settings.text;
        *text = match size {
            act::TextSize::Larger => text.larger(),
            act::TextSize::Smaller => text.smaller(),
            act::TextSize::Usual => TextSize::default(),
        };
        let said = format!("Text at {} %", text.percent());
        self.changed_settings(ctx);
        self.tell(ctx, said);
    }

    /// They hold at once, and are kept beside the window.
    pub(super) fn changed_settings(&mut self, ctx: &Context) {
        apply(ctx, self.looks, &self.kept.settings);
        if let Screen::Setup(session) = &mut self.screen {
            session.setup.rules.tests_start = self.kept.settings.tests_start;
            session.take_proxy(&self.kept.settings.proxy);
        }
        if self.writing.is_none() {
            self.keep_settings(ctx);
        }
    }

    pub(super) fn keep_settings(&mut self, ctx: &Context) {
        let settings = self.kept.settings.clone();
        let Some(file) = self.kept.file.clone() else { return };
        self.writing = Some(settings.clone());
        self.send_home(ctx, async move {
            Some(News::SettingsKept(kept_settings::save(file, settings).await))
        });
    }

    pub(super) fn settle(&mut self, ctx: &Context, wish: Wish) -> Option<Dialog> {
        match wish {
            Wish::Close => {
                self.settings = None;
                if let Some(id) = self.opener.take() {
                    ctx.memory_mut(|memory| memory.request_focus(id));
                }
                ctx.request_repaint();
            }
            Wish::Changed => self.changed_settings(ctx),
            Wish::SaveDiagnostics => {
                let name = "poolwright-diagnostics.json".to_owned();
                return Some(Dialog::Save(Saving::Diagnostics, name));
            }
            Wish::AskStore => {
                self.store = settings::Store::Asking;
                self.send_home(ctx, async move {
                    Some(News::Store(match World::real() {
                        Ok(world) => password_store(&world).await,
                        Err(problem) => Err(problem),
                    }))
                });
            }
            Wish::LookForEverything => {
                self.removal(Removal::Looking);
                let (saves, file) = (self.saves.clone(), self.kept.file.clone());
                let open = matches!(&self.screen, Screen::Setup(session) if !matches!(session.page.keeping, page::Keeping::Nowhere));
                self.send_home(ctx, async move {
                    let world = World::real().ok()?;
                    let mut all = kept_settings::everything(&world, saves, file).await;
                    if open {
                        let why = "A set-up is open. Go back to the start page first.";
                        all.waits = Some(why.to_owned());
                    }
                    Some(News::Everything(Box::new(all)))
                });
            }
            Wish::RemoveEverything => {
                self.removal(Removal::Removing);
                let (saves, file) = (self.saves.clone(), self.kept.file.clone());
                self.send_home(ctx, async move {
                    let ended = match World::real() {
                        Ok(world) => kept_settings::remove_everything(&world, saves, file).await,
                        Err(problem) => Err(problem),
                    };
                    Some(News::EverythingRemoved(ended))
                });
            }
        }
        None
    }

    pub(super) fn stored(&mut self, answer: Result<Vec<String>, Problem>) {
        self.store = match answer {
            Ok(accounts) => settings::Store::Answered(accounts),
            Err(problem) => settings::Store::Unanswered(problem),
        };
    }

    pub(super) fn removal(&mut self, removal: Removal) {
        if let Some(page) = &mut self.settings {
            page.everything = removal;
        }
    }
}

/// The person's settings first, then the desktop's wishes.
pub(super) fn apply(ctx: &Context, looks: Looks, settings: &Settings) {
    let preference = match settings.look {
        Look::System => egui::ThemePreference::System,
        Look::Light | Look::ContrastLight => egui::ThemePreference::Light,
        Look::Dark | Look::ContrastDark => egui::ThemePreference::Dark,
    };
    let contrast = match settings.look {
        Look::System => looks.high_contrast,
        Look::Light | Look::Dark => false,
        Look::ContrastLight | Look::ContrastDark => true,
    };
    let still = match settings.motion {
        Motion::System => looks.reduced_motion,
        Motion::Reduced => true,
        Motion::Full => false,
    };
    let fallback = match looks.dark {
        Some(true) => egui::Theme::Dark,
        Some(false) | None => egui::Theme::Light,
    };
    ctx.options_mut(|options| {
        options.fallback_theme = fallback;
        options.theme_preference = preference;
    });
    theme::use_contrast(ctx, contrast);
    ctx.all_styles_mut(|style| style.animation_time = if still { 0.0 } else { theme::FADE });
    kit::use_letter_keys(ctx, settings.letter_keys);
    let factor = settings.text.factor();
    if ctx.zoom_factor().to_bits() != factor.to_bits() {
        ctx.set_zoom_factor(factor);
    }
}

/// Where the program keeps what outlives it.
pub(super) fn places(kept: &Kept, saves: Option<&std::path::Path>) -> settings::Places {
    let path = |path: &std::path::Path| path.display().to_string();
    let nowhere = || "Nowhere: they last until you close Poolwright.".to_owned();
    let data = saves.and_then(std::path::Path::parent);
    vec![
        ("Settings", kept.file.as_deref().map_or_else(nowhere, path)),
        ("Saved set-ups", saves.map_or_else(nowhere, path)),
        ("Copies of files", data.map_or_else(nowhere, path)),
        ("Tokens", "The system's password store, under “poolwright”.".to_owned()),
    ]
}
