//! What tasks of the window send home, and what becomes of it.

use std::path::PathBuf;

use egui::{Context, ViewportCommand};
use tokio::task::AbortHandle;

use super::{App, Screen, beginning::recognise, preferences::apply};
use crate::{
    domain::{problem::Problem, secret::Secret, settings::Settings},
    effects::{
        accounts::Remembered,
        desktop::Looks,
        saved::{FirstCopy, Place, Shelf},
        settings::Everything,
    },
    setup::{answers::Answers, saved::Saved, steps::verify},
    ui::{
        Begun,
        act::Saving,
        page,
        settings::{Diagnostics, Removal},
    },
};

/// What comes back to the window itself.
pub(super) enum News {
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

impl App {
    /// Runs something beside the window; its news arrives in a later frame.
    pub(super) fn send_home(
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

    pub(super) fn heard(&mut self, ctx: &Context, news: News) {
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

    pub(super) fn written(&mut self, ctx: &Context, what: Saving, ended: Result<PathBuf, Problem>) {
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
}
