//! The window's life: takes reports in, draws, hands on what the person asked for. Never waits.

mod beginning;
mod news;
mod preferences;

use std::{path::PathBuf, time::Duration};

use egui::{Context, Ui, ViewportCommand};
use jiff::Timestamp;
use tokio::{runtime::Handle, sync::mpsc, task::AbortHandle};

use self::{
    news::News,
    preferences::{apply, places},
};
use crate::{
    domain::{record::Record, settings::Settings},
    effects::{
        World,
        desktop::{self, Looks},
        exports,
        saved::FirstCopy,
        settings::Kept,
    },
    ui::{
        Open, StartPractice, StartReal,
        act::{Act, Copied, Saving},
        kit,
        leaving::Leaving,
        page,
        session::Session,
        settings::{self, Diagnostics},
        start::Start,
        theme,
    },
};

/// Reports and recordings redraw at most ten times a second.
const FRAME: Duration = Duration::from_millis(100);

pub struct App {
    tasks: Handle,
    practice: Option<StartPractice>,
    real: StartReal,
    /// The folder of saved set-ups.
    saves: Option<PathBuf>,
    /// `None` where another copy of the program was there before.
    first_copy: Option<FirstCopy>,
    screen: Screen,
    /// What tasks of the window itself send home.
    home: mpsc::Sender<News>,
    news: mpsc::Receiver<News>,
    starting: Option<AbortHandle>,
    copies: desktop::Copies,
    /// Said in passing, until that time of the window's clock.
    said: Option<(String, f64)>,
    title: String,
    leaving: Leaving,
    looks: Looks,
    kept: Kept,
    /// What is being written; one after the other, so that the last one stays.
    writing: Option<Settings>,
    /// The settings are open, over everything else.
    settings: Option<settings::Page>,
    /// What had the focus when they were opened.
    opener: Option<egui::Id>,
    store: settings::Store,
    /// What the window is drawn with, in the words of its driver.
    pub drawn_with: String,
}

enum Screen {
    Start(Start),
    Setup(Box<Session>),
}

/// A dialog of the system that the frame asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialog {
    Folder,
    Profile,
    /// With a name for the file.
    Save(Saving, String),
}

impl App {
    pub fn new(ctx: &Context, open: Open) -> Self {
        theme::install(ctx);
        // Without a desktop that tells: X11 has no theme of its own.
        ctx.options_mut(|options| options.fallback_theme = egui::Theme::Light);
        let (home, news) = mpsc::channel(16);
        let copies = desktop::Copies::new(open.tasks.clone());
        let mut app = Self {
            tasks: open.tasks,
            practice: open.practice,
            real: open.real,
            saves: open.saves,
            first_copy: None,
            screen: Screen::Start(Start::default()),
            home,
            news,
            starting: None,
            copies,
            said: None,
            title: String::new(),
            leaving: Leaving::default(),
            looks: Looks::default(),
            kept: open.settings,
            writing: None,
            settings: None,
            opener: None,
            store: settings::Store::default(),
            drawn_with: String::new(),
        };
        // The sizes are ours, between 100 and 200 %, and kept.
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        apply(ctx, app.looks, &app.kept.settings);
        app.follow_looks(ctx);
        if let Some(begun) = open.begin {
            app.begin(ctx, begun);
        }
        app.look_at_the_shelf(ctx);
        app
    }

    /// Draws the window; a dialog of the system is opened by the caller, who has the window's handle.
    pub fn frame(&mut self, ui: &mut Ui) -> Option<Dialog> {
        // What the title bar shows; a screen reader is told the window's name by the tree alone.
        ui.ctx().accesskit_node_builder(egui::accesskit_root_id(), |node| {
            node.set_label(self.title.as_str());
        });
        if let Some(page) = &mut self.settings {
            let places = places(&self.kept, self.saves.as_deref());
            let Kept { settings, problem, .. } = &mut self.kept;
            let wish = page.show(ui, settings, problem.as_ref(), &places, &self.store);
            let dialog = wish.and_then(|wish| self.settle(ui.ctx(), wish));
            self.over(ui);
            return dialog;
        }
        let dialog = match &mut self.screen {
            Screen::Start(start) => {
                let asked = page::window_keys(ui);
                let choice = start.show(ui, self.practice.is_some(), Timestamp::now());
                if let Some(act) = asked {
                    self.act(ui.ctx(), act);
                }
                choice.and_then(|choice| self.chosen(ui.ctx(), choice))
            }
            Screen::Setup(session) => {
                let acts = session.page.show(ui, &mut session.setup, Timestamp::now());
                let mut dialog = None;
                for act in acts {
                    dialog = self.act(ui.ctx(), act).or(dialog);
                }
                dialog
            }
        };
        self.over(ui);
        dialog
    }

    /// What stands over every page for a while.
    fn over(&mut self, ui: &mut Ui) {
        self.say(ui);
        if let Screen::Setup(session) = &mut self.screen {
            self.leaving.show(ui, session);
        }
        kit::after_question(ui);
    }

    fn act(&mut self, ctx: &Context, act: Act) -> Option<Dialog> {
        match act {
            Act::Do(msg) => {
                if let Screen::Setup(session) = &mut self.screen {
                    session.act(msg);
                }
            }
            Act::Copy(copied) => self.copy(ctx, copied),
            Act::Open(address) => ctx.open_url(egui::OpenUrl::new_tab(address)),
            Act::ChooseFolder => return Some(Dialog::Folder),
            Act::Save(what, name) => return Some(Dialog::Save(what, name)),
            Act::Both(first, second) => {
                let dialog = self.act(ctx, *first);
                return self.act(ctx, *second).or(dialog);
            }
            Act::Say(text) => self.tell(ctx, text),
            Act::Settings => self.open_settings(ctx),
            Act::Size(size) => self.resize(ctx, size),
            Act::Leave => self.leave(ctx),
            Act::Another => self.another(ctx),
            Act::Finish => ctx.send_viewport_cmd(ViewportCommand::Close),
        }
        None
    }

    fn copy(&mut self, ctx: &Context, copied: Copied) {
        let mut said = format!("{} copied.", copied.kind);
        if copied.secret {
            let stays = self.kept.settings.copies_stay.length();
            said = format!("{said} The clipboard is cleared in {} s.", stays.as_secs());
            let (home, waker) = (self.home.clone(), ctx.clone());
            self.copies.make(copied.text, stays, move |secret| {
                // A full line home: the person presses once more.
                home.try_send(News::Plain(secret)).ok();
                waker.request_repaint();
            });
        } else {
            // The person asked for it on the clipboard.
            ctx.copy_text(copied.text.expose().to_owned());
        }
        self.tell(ctx, said);
    }

    fn tell(&mut self, ctx: &Context, said: String) {
        self.said = Some((said, ctx.input(|input| input.time) + 4.0));
    }

    /// Writes what was asked for into the file that the person named.
    pub fn write(&mut self, ctx: &Context, what: Saving, file: PathBuf) {
        let record = match &self.screen {
            Screen::Setup(session) => session.setup.record.clone(),
            Screen::Start(_) => Record::default(),
        };
        let (window, settings) = (self.drawn_with.clone(), self.kept.settings.clone());
        if let (Saving::Diagnostics, Some(page)) = (what, &mut self.settings) {
            page.diagnostics = Diagnostics::Writing;
        }
        self.send_home(ctx, async move {
            let ended = match what {
                Saving::Comparison => return None, // step 11 writes it
                Saving::History => exports::history(file, record).await,
                Saving::Diagnostics => match World::real() {
                    Ok(world) => {
                        let told = exports::Told { window, settings, record };
                        exports::diagnostics(file, world, told).await
                    }
                    Err(problem) => Err(problem),
                },
            };
            Some(News::Saved(what, ended))
        });
    }

    /// The system's dialog for a file or folder, without waiting for it.
    fn ask(&self, ctx: &Context, window: &eframe::Frame, dialog: Dialog) {
        let picker = rfd::AsyncFileDialog::new().set_parent(window);
        match dialog {
            Dialog::Folder => {
                let picked = picker.set_title("The project's folder").pick_folder();
                self.send_home(ctx, async move {
                    picked.await.map(|folder| News::Folder(folder.path().to_owned()))
                });
            }
            Dialog::Save(what, name) => {
                let picked = picker.set_title(what.title()).set_file_name(name).save_file();
                self.send_home(ctx, async move {
                    picked.await.map(|file| News::SaveTo(what, file.path().to_owned()))
                });
            }
            Dialog::Profile => {
                let picked = picker
                    .set_title("The team profile")
                    .add_filter("Team profile", &["toml"])
                    .pick_file();
                self.send_home(ctx, async move {
                    picked.await.map(|file| News::ProfileFile(file.path().to_owned()))
                });
            }
        }
    }

    /// A confirmation that needs no action, for some seconds, read out politely.
    fn say(&mut self, ui: &mut Ui) {
        let Some((said, until)) = &self.said else { return };
        let left = until - ui.input(|input| input.time);
        if left <= 0.0 {
            self.said = None;
            return;
        }
        kit::toast(ui, said);
        ui.request_repaint_after(Duration::from_secs_f64(left));
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.take_in(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        // The second call comes when the first frame is on the screen; `make bench` waits for the line.
        match ui.cumulative_frame_nr() {
            0 => ui.request_repaint(),
            1 => tracing::debug!("first frame is on the screen"),
            _ => {}
        }
        if let Some(dialog) = self.frame(ui) {
            self.ask(ui.ctx(), frame, dialog);
        }
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.copies.take_back_now();
    }
}
