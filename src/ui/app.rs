//! The window's life: takes reports in, draws, hands on what the person asked for. Never waits.

use std::{path::PathBuf, sync::Arc, time::Duration};

use egui::{Context, Ui, ViewportCommand};
use jiff::Timestamp;
use tokio::{runtime::Handle, sync::mpsc, task::AbortHandle};

use crate::{
    domain::{
        problem::Problem,
        record::Record,
        secret::Secret,
        settings::{Look, Motion, Settings, TextSize},
    },
    effects::{
        World,
        accounts::{Remembered, password_store, remembered},
        desktop::{self, Looks},
        exports, profile,
        saved::{self, FirstCopy, Place, Shelf},
        settings::{self as kept_settings, Everything, Kept},
    },
    setup::{
        Msg, Rules, Setup,
        answers::Answers,
        saved::Saved,
        step::StepId,
        steps::{
            sign_in::{self, Keep},
            verify,
        },
    },
    ui::{
        Begun, Open, StartPractice, StartReal,
        act::{self, Act, Copied, Saving},
        kit,
        leaving::Leaving,
        page,
        session::Session,
        settings::{self, Diagnostics, Removal, Wish},
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

/// What comes back to the window itself.
enum News {
    Practice(Result<Box<Begun>, Problem>),
    Remembered(Remembered),
    /// For step 7.
    Folder(PathBuf),
    SaveTo(Saving, PathBuf),
    Saved(Saving, Result<PathBuf, Problem>),
    /// For the start page.
    ProfileFile(PathBuf),
    Profile(Result<Answers, Problem>),
    Looks(Looks),
    Shelf(Shelf, Option<FirstCopy>),
    /// A copy that the desktop did not take with a mark.
    Plain(Secret),
    Opened(Result<(Box<Saved>, Place), Problem>),
    Removed(Result<(), Problem>),
    SettingsKept(Result<(), Problem>),
    /// How the password store answered the settings.
    Store(Result<Vec<String>, Problem>),
    /// What there is to be removed.
    Everything(Box<Everything>),
    EverythingRemoved(Result<(), Problem>),
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

    /// Reads which set-ups were begun before, and whether another copy of the program runs.
    fn look_at_the_shelf(&self, ctx: &Context) {
        let Some(folder) = self.saves.clone() else { return };
        let is_first = self.first_copy.is_some();
        self.send_home(ctx, async move {
            let mut shelf = saved::shelf(folder.clone()).await;
            let asked = tokio::task::spawn_blocking(move || {
                (!is_first).then(|| saved::first_copy(&folder)).flatten()
            });
            let first = asked.await.unwrap_or_default();
            shelf.other_copy = !is_first && first.is_none();
            Some(News::Shelf(shelf, first))
        });
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

    fn begin(&mut self, ctx: &Context, mut begun: Begun) {
        begun.setup.rules.tests_start = self.kept.settings.tests_start;
        begun.world.take_proxy(self.kept.settings.proxy.clone());
        let wake = {
            let ctx = ctx.clone();
            Arc::new(move || ctx.request_repaint_after(FRAME))
        };
        let world = begun.world.clone();
        let resumes = begun.setup.resume.is_some();
        let mut session = Session::new(begun, self.tasks.clone(), wake);
        let known = session.setup.facts.account.is_some();
        if session.setup.steps.sign_in.remembered.is_some() && !known && !resumes {
            session.act(sign_in::Msg::SignIn.into());
        } else if !known {
            self.recall(ctx, world);
        }
        self.screen = Screen::Setup(Box::new(session));
        ctx.request_repaint();
    }

    /// Back to the start page. Ending practice may take seconds, so the set-up ends beside the window.
    fn leave(&mut self, ctx: &Context) {
        let start = Screen::Start(Start::default());
        if let Screen::Setup(session) = std::mem::replace(&mut self.screen, start) {
            let ended = self.tasks.spawn_blocking(move || drop(session));
            let saves = self.saves.clone();
            let other_copy = self.first_copy.is_none();
            self.send_home(ctx, async move {
                // Its last change is in the list only when it has ended.
                ended.await.ok();
                let shelf = saved::shelf(saves?).await;
                Some(News::Shelf(Shelf { other_copy, ..shelf }, None))
            });
        }
    }

    /// The same for another environment, signed in as before.
    fn another(&mut self, ctx: &Context) {
        let Screen::Setup(session) = &self.screen else { return };
        let answers = session.setup.for_another_environment();
        let token = session.setup.facts.token().cloned();
        let keep = session.setup.steps.sign_in.draft.keep;
        self.leave(ctx);
        self.begin_real(ctx, Some(answers), |setup| {
            setup.steps.sign_in.remembered = token;
            // Where it is kept by now it stays; the passphrase of a file is not typed here.
            setup.steps.sign_in.draft.keep = match keep {
                Keep::Keychain => Keep::Keychain,
                Keep::Sealed | Keep::SessionOnly => Keep::SessionOnly,
            };
        });
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
        if let News::Remembered(Remembered { accounts, store: Some(store), .. }) = &news {
            self.stored(store.clone().map(|()| accounts.clone()));
        }
        match (news, &mut self.screen) {
            (News::Store(answer), _) => self.stored(answer),
            (News::Looks(looks), _) => {
                self.looks = looks;
                apply(ctx, looks, &self.kept.settings);
            }
            (News::SettingsKept(ended), _) => {
                self.kept.problem = ended.err();
                if self.writing.take().as_ref() != Some(&self.kept.settings) {
                    self.keep_settings(ctx);
                }
            }
            (News::Everything(everything), _) => self.removal(Removal::Asked(*everything)),
            (News::EverythingRemoved(Err(problem)), _) => self.removal(Removal::Stopped(problem)),
            (News::EverythingRemoved(Ok(())), _) => {
                self.kept.settings = Settings::default();
                apply(ctx, self.looks, &self.kept.settings);
                self.removal(Removal::Removed);
                self.look_at_the_shelf(ctx);
            }
            // The person asked for it on the clipboard.
            (News::Plain(secret), _) => ctx.copy_text(secret.expose().to_owned()),
            (News::Practice(result), Screen::Start(start)) => {
                self.starting = None;
                start.waiting = None;
                match result {
                    Ok(begun) => self.begin(ctx, *begun),
                    Err(problem) => start.problem = Some(problem),
                }
            }
            (News::Profile(result), Screen::Start(start)) => match result {
                Ok(answers) => self.begin_real(ctx, Some(answers), |_| ()),
                Err(problem) => start.problem = Some(problem),
            },
            (News::Shelf(shelf, first), screen) => {
                self.first_copy = self.first_copy.take().or(first);
                if let Screen::Start(start) = screen {
                    start.shelf = shelf;
                }
            }
            (News::Opened(Ok((saved, place))), Screen::Start(_)) => {
                self.begin_kept(ctx, *saved, place);
            }
            (News::Opened(Err(problem)) | News::Removed(Err(problem)), Screen::Start(start)) => {
                start.problem = Some(problem);
                self.look_at_the_shelf(ctx);
            }
            (News::Removed(Ok(())), Screen::Start(_)) => self.look_at_the_shelf(ctx),
            (News::ProfileFile(file), Screen::Start(start)) => {
                start.profile = file.display().to_string();
            }
            (News::Remembered(found), Screen::Setup(session)) => recognise(session, found),
            (News::Folder(folder), Screen::Setup(session)) => {
                session.setup.steps.project.draft.folder = folder.display().to_string();
            }
            (News::SaveTo(Saving::Comparison, file), Screen::Setup(session)) => {
                session.act(verify::Msg::Export(vec![file]).into());
            }
            (News::SaveTo(what @ (Saving::History | Saving::Diagnostics), file), _) => {
                self.write(ctx, what, file);
            }
            (News::Saved(what, ended), _) => self.written(ctx, what, ended),
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
                | News::SaveTo(..)
                | News::Opened(_)
                | News::Removed(_),
                _,
            ) => {}
        }
    }

    fn begin_real(
        &mut self,
        ctx: &Context,
        answers: Option<Answers>,
        prepare: impl FnOnce(&mut Setup),
    ) {
        match (self.real)() {
            Ok(mut begun) => {
                if let Some(answers) = answers {
                    begun.setup.answer(answers);
                    begun.setup.lead_newcomer();
                }
                prepare(&mut begun.setup);
                self.begin(ctx, begun);
            }
            Err(problem) => {
                if let Screen::Start(start) = &mut self.screen {
                    start.problem = Some(problem);
                }
            }
        }
    }

    /// Goes on with a saved set-up, in the same world as a new one.
    fn begin_kept(&mut self, ctx: &Context, saved: Saved, place: Place) {
        match (self.real)() {
            Ok(begun) => {
                let setup = Setup::resumed(Rules::default(), saved);
                self.begin(ctx, Begun { setup, place: Some(place), ..begun });
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

    fn chosen(&mut self, ctx: &Context, choice: Choice) -> Option<Dialog> {
        match choice {
            Choice::Continue(id) => {
                if let Some(folder) = self.saves.clone() {
                    self.send_home(ctx, async move {
                        let opened = saved::open(folder, id).await;
                        Some(News::Opened(opened.map(|(saved, place)| (Box::new(saved), place))))
                    });
                }
            }
            Choice::Remove(id) => {
                if let Some(folder) = self.saves.clone() {
                    self.send_home(ctx, async move {
                        Some(News::Removed(saved::remove(folder, id).await))
                    });
                }
            }
            Choice::SignIn => self.begin_real(ctx, None, |_| ()),
            Choice::PasteUrls => {
                self.begin_real(ctx, None, |_| ());
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
            Choice::Settings => self.open_settings(ctx),
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

    fn open_settings(&mut self, ctx: &Context) {
        self.opener = ctx.memory(egui::Memory::focused);
        self.settings = Some(settings::Page::default());
        ctx.request_repaint();
    }

    fn resize(&mut self, ctx: &Context, size: act::TextSize) {
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
    fn changed_settings(&mut self, ctx: &Context) {
        apply(ctx, self.looks, &self.kept.settings);
        if let Screen::Setup(session) = &mut self.screen {
            session.setup.rules.tests_start = self.kept.settings.tests_start;
            session.take_proxy(&self.kept.settings.proxy);
        }
        if self.writing.is_none() {
            self.keep_settings(ctx);
        }
    }

    fn keep_settings(&mut self, ctx: &Context) {
        let settings = self.kept.settings.clone();
        let Some(file) = self.kept.file.clone() else { return };
        self.writing = Some(settings.clone());
        self.send_home(ctx, async move {
            Some(News::SettingsKept(kept_settings::save(file, settings).await))
        });
    }

    fn settle(&mut self, ctx: &Context, wish: Wish) -> Option<Dialog> {
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

    fn written(&mut self, ctx: &Context, what: Saving, ended: Result<PathBuf, Problem>) {
        match (what, ended, &mut self.screen) {
            (Saving::Diagnostics, ended, _) => {
                if let Some(page) = &mut self.settings {
                    page.diagnostics = match ended {
                        Ok(file) => Diagnostics::Written(file),
                        Err(problem) => Diagnostics::NotWritten(problem),
                    };
                }
            }
            (Saving::Comparison | Saving::History, Ok(file), Screen::Setup(session)) => {
                session.page.unsaved = None;
                self.tell(ctx, format!("Written: {}", file.display()));
            }
            (Saving::Comparison | Saving::History, Err(problem), Screen::Setup(session)) => {
                session.page.unsaved = Some(problem);
            }
            // The set-up was left meanwhile.
            (Saving::Comparison | Saving::History, _, Screen::Start(_)) => {}
        }
    }

    fn stored(&mut self, answer: Result<Vec<String>, Problem>) {
        self.store = match answer {
            Ok(accounts) => settings::Store::Answered(accounts),
            Err(problem) => settings::Store::Unanswered(problem),
        };
    }

    fn removal(&mut self, removal: Removal) {
        if let Some(page) = &mut self.settings {
            page.everything = removal;
        }
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

/// Signs in with the account that was used last, unless the set-up has one already.
fn recognise(session: &mut Session, found: Remembered) {
    let sign_in = &mut session.setup.steps.sign_in;
    sign_in.accounts = found.accounts;
    sign_in.doctl_is_there = found.doctl_is_there;
    sign_in.sealed.is_there = found.sealed;
    // One that is gone on with has an account of its own.
    if session.setup.resume.is_none()
        && session.setup.facts.account.is_none()
        && sign_in.draft.token.is_empty()
        && let Some(token) = found.token
    {
        sign_in.remembered = Some(token);
        session.act(sign_in::Msg::SignIn.into());
    }
}

/// The person's settings first, then the desktop's wishes.
fn apply(ctx: &Context, looks: Looks, settings: &Settings) {
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
fn places(kept: &Kept, saves: Option<&std::path::Path>) -> settings::Places {
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
