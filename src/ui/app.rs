//! The window's life: takes reports in, draws, hands on what the person asked for. Never waits.

use std::{path::PathBuf, sync::Arc, time::Duration};

use egui::{Context, Ui, ViewportCommand};
use jiff::Timestamp;
use tokio::{runtime::Handle, sync::mpsc, task::AbortHandle};

use crate::{
    domain::{problem::Problem, secret::Secret},
    effects::{
        World,
        accounts::{Remembered, remembered},
        desktop::{self, Looks},
        profile,
    },
    setup::{
        Msg,
        answers::Answers,
        step::StepId,
        steps::{sign_in, verify},
    },
    ui::{
        Begun, Open, StartPractice, StartReal,
        act::{Act, Copied},
        kit,
        leaving::Leaving,
        page,
        session::Session,
        start::{Choice, Start},
        theme,
    },
};

/// Reports and recordings redraw at most ten times a second.
const FRAME: Duration = Duration::from_millis(100);

pub struct App {
    tasks: Handle,
    practice: Option<StartPractice>,
    real: StartReal,
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
}

enum Screen {
    Start(Start),
    Setup(Box<Session>),
}

/// What comes back to the window itself.
enum News {
    Practice(Result<Box<Begun>, Problem>),
    Remembered(Remembered),
    /// For step 7.
    Folder(PathBuf),
    /// For step 11.
    SaveTo(PathBuf),
    /// For the start page.
    ProfileFile(PathBuf),
    Profile(Result<Answers, Problem>),
    Looks(Looks),
}

/// A dialog of the system that the frame asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialog {
    Folder,
    Profile,
    /// With a name for the file.
    Save(String),
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
            screen: Screen::Start(Start::default()),
            home,
            news,
            starting: None,
            copies,
            said: None,
            title: String::new(),
            leaving: Leaving::default(),
        };
        app.follow_looks(ctx);
        if let Some(begun) = open.begin {
            app.begin(ctx, begun);
        }
        app
    }

    fn follow_looks(&self, ctx: &Context) {
        let (home, ctx) = (self.home.clone(), ctx.clone());
        desktop::follow_looks(&self.tasks, move |looks| {
            // A full line home: the looks are told again with the next change.
            let heard = home.try_send(News::Looks(looks)).is_ok() || !home.is_closed();
            ctx.request_repaint();
            heard
        });
    }

    fn begin(&mut self, ctx: &Context, begun: Begun) {
        let wake = {
            let ctx = ctx.clone();
            Arc::new(move || ctx.request_repaint_after(FRAME))
        };
        let world = begun.world.clone();
        let mut session = Session::new(begun, self.tasks.clone(), wake);
        let known = session.setup.facts.account.is_some();
        if session.setup.steps.sign_in.remembered.is_some() && !known {
            session.act(sign_in::Msg::SignIn.into());
        } else if !known {
            self.recall(ctx, world);
        }
        self.screen = Screen::Setup(Box::new(session));
        ctx.request_repaint();
    }

    /// Back to the start page. Ending practice may take seconds, so the set-up ends beside the window.
    fn leave(&mut self) {
        let start = Screen::Start(Start::default());
        if let Screen::Setup(session) = std::mem::replace(&mut self.screen, start) {
            self.tasks.spawn_blocking(move || drop(session));
        }
    }

    /// Asks the keychain for earlier sign-ins.
    fn recall(&self, ctx: &Context, world: World) {
        self.send_home(ctx, async move { Some(News::Remembered(remembered(&world).await)) });
    }

    /// Runs something beside the window; its news arrives in a later frame.
    fn send_home(
        &self,
        ctx: &Context,
        work: impl Future<Output = Option<News>> + Send + 'static,
    ) -> AbortHandle {
        let (home, ctx) = (self.home.clone(), ctx.clone());
        let task = self.tasks.spawn(async move {
            if let Some(news) = work.await {
                // The window is gone only when the program ends.
                home.send(news).await.ok();
                ctx.request_repaint();
            }
        });
        task.abort_handle()
    }

    /// Takes in what was reported since the last frame.
    pub fn take_in(&mut self, ctx: &Context) {
        while let Ok(news) = self.news.try_recv() {
            self.heard(ctx, news);
        }
        if let Screen::Setup(session) = &mut self.screen {
            session.take_in();
        }
        if let Screen::Setup(session) = &mut self.screen {
            self.leaving.watch(ctx, session);
        }
        let title = match &self.screen {
            Screen::Start(_) => "Poolwright".to_owned(),
            Screen::Setup(session) => page::title(&session.setup, session.page.label),
        };
        if title != self.title {
            self.title.clone_from(&title);
            ctx.send_viewport_cmd(ViewportCommand::Title(title));
        }
    }

    fn heard(&mut self, ctx: &Context, news: News) {
        match (news, &mut self.screen) {
            (News::Looks(looks), _) => apply(ctx, looks),
            (News::Practice(result), Screen::Start(start)) => {
                self.starting = None;
                start.waiting = None;
                match result {
                    Ok(begun) => self.begin(ctx, *begun),
                    Err(problem) => start.problem = Some(problem),
                }
            }
            (News::Profile(result), Screen::Start(start)) => match result {
                Ok(answers) => self.begin_real(ctx, Some(answers)),
                Err(problem) => start.problem = Some(problem),
            },
            (News::ProfileFile(file), Screen::Start(start)) => {
                start.profile = file.display().to_string();
            }
            (News::Remembered(found), Screen::Setup(session)) => {
                let sign_in = &mut session.setup.steps.sign_in;
                sign_in.accounts = found.accounts;
                sign_in.doctl_is_there = found.doctl_is_there;
                if session.setup.facts.account.is_none()
                    && sign_in.draft.token.is_empty()
                    && let Some(token) = found.token
                {
                    sign_in.remembered = Some(token);
                    session.act(sign_in::Msg::SignIn.into());
                }
            }
            (News::Folder(folder), Screen::Setup(session)) => {
                session.setup.steps.project.draft.folder = folder.display().to_string();
            }
            (News::SaveTo(file), Screen::Setup(session)) => {
                session.act(verify::Msg::Export(vec![file]).into());
            }
            (News::Practice(Ok(begun)), Screen::Setup(_)) => {
                // A set-up was begun meanwhile; ending practice may take seconds.
                self.tasks.spawn_blocking(move || drop(begun));
            }
            // An answer for the other screen: nobody waits for it any more.
            (
                News::Practice(Err(_))
                | News::Profile(_)
                | News::ProfileFile(_)
                | News::Remembered(_)
                | News::Folder(_)
                | News::SaveTo(_),
                _,
            ) => {}
        }
    }

    fn begin_real(&mut self, ctx: &Context, answers: Option<Answers>) {
        match (self.real)() {
            Ok(mut begun) => {
                if let Some(answers) = answers {
                    begun.setup.answer(answers);
                }
                self.begin(ctx, begun);
            }
            Err(problem) => {
                if let Screen::Start(start) = &mut self.screen {
                    start.problem = Some(problem);
                }
            }
        }
    }

    /// Draws the window; a dialog of the system is opened by the caller, who has the window's handle.
    pub fn frame(&mut self, ui: &mut Ui) -> Option<Dialog> {
        let dialog = match &mut self.screen {
            Screen::Start(start) => {
                let choice = start.show(ui, self.practice.is_some());
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
        self.say(ui);
        if let Screen::Setup(session) = &mut self.screen {
            self.leaving.show(ui, session);
        }
        dialog
    }

    fn chosen(&mut self, ctx: &Context, choice: Choice) -> Option<Dialog> {
        match choice {
            Choice::SignIn => self.begin_real(ctx, None),
            Choice::PasteUrls => {
                self.begin_real(ctx, None);
                return self.act(ctx, Msg::Go(StepId::Urls).into());
            }
            Choice::Practise => {
                if let Some(practice) = &self.practice {
                    let ready = practice();
                    let task = self.send_home(ctx, async move {
                        Some(News::Practice(ready.await.map(Box::new)))
                    });
                    self.starting = Some(task);
                }
            }
            Choice::StopPractice => {
                if let Some(task) = self.starting.take() {
                    task.abort();
                }
            }
            Choice::OpenProfile(file) => {
                self.send_home(ctx, async move {
                    let read = tokio::task::spawn_blocking(move || profile::load(&file)).await;
                    Some(News::Profile(read.unwrap_or_else(|_| Err(unread()))))
                });
            }
            Choice::Browse => return Some(Dialog::Profile),
            Choice::Copy(text) => self.copy(
                ctx,
                Copied { text: Secret::new(text), kind: "Text".to_owned(), secret: false },
            ),
            Choice::Open(address) => ctx.open_url(egui::OpenUrl::new_tab(address)),
        }
        None
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
            Act::Save(name) => return Some(Dialog::Save(name)),
            Act::Both(first, second) => {
                let dialog = self.act(ctx, *first);
                return self.act(ctx, *second).or(dialog);
            }
            Act::Leave => self.leave(),
            Act::Finish => ctx.send_viewport_cmd(ViewportCommand::Close),
        }
        None
    }

    fn copy(&mut self, ctx: &Context, copied: Copied) {
        // The person asked for it on the clipboard.
        ctx.copy_text(copied.text.expose().to_owned());
        let mut said = format!("{} copied.", copied.kind);
        if copied.secret {
            let stays = desktop::COPY_STAYS.as_secs();
            said = format!("{said} The clipboard is cleared in {stays} s.");
            self.copies.made(copied.text);
        }
        self.said = Some((said, ctx.input(|input| input.time) + 4.0));
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
            Dialog::Save(name) => {
                let picked = picker.set_title("Before and after").set_file_name(name).save_file();
                self.send_home(ctx, async move {
                    picked.await.map(|file| News::SaveTo(file.path().to_owned()))
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

fn apply(ctx: &Context, looks: Looks) {
    let theme = match looks.dark {
        Some(true) => egui::Theme::Dark,
        Some(false) | None => egui::Theme::Light,
    };
    ctx.options_mut(|options| options.fallback_theme = theme);
    ctx.all_styles_mut(|style| {
        style.animation_time = if looks.reduced_motion { 0.0 } else { theme::FADE };
    });
}

fn unread() -> Problem {
    Problem::new("profile", "The team profile was not read.", "Reading it stopped half-way.")
        .hint("Open it once more")
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
