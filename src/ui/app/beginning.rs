//! How a set-up begins, goes on from where it was kept, and is left.

use std::sync::Arc;

use egui::Context;

use super::{App, Dialog, FRAME, Screen, news::News};
use crate::{
    domain::{problem::Problem, secret::Secret},
    effects::{
        World,
        accounts::{Remembered, remembered},
        profile,
        saved::{self, Place, Shelf},
    },
    setup::{
        Msg, Rules, Setup,
        answers::Answers,
        saved::Saved,
        step::StepId,
        steps::sign_in::{self, Keep},
    },
    ui::{
        Begun,
        act::Copied,
        session::Session,
        start::{Choice, Start},
    },
};

impl App {
    /// Reads which set-ups were begun before, and whether another copy of the program runs.
    pub(super) fn look_at_the_shelf(&self, ctx: &Context) {
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

    pub(super) fn begin(&mut self, ctx: &Context, mut begun: Begun) {
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
    pub(super) fn leave(&mut self, ctx: &Context) {
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
    pub(super) fn another(&mut self, ctx: &Context) {
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
    pub(super) fn recall(&self, ctx: &Context, world: World) {
        self.send_home(ctx, async move { Some(News::Remembered(remembered(&world).await)) });
    }

    pub(super) fn begin_real(
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
    pub(super) fn begin_kept(&mut self, ctx: &Context, saved: Saved, place: Place) {
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

    pub(super) fn chosen(&mut self, ctx: &Context, choice: Choice) -> Option<Dialog> {
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
}

/// Signs in with the account that was used last, unless the set-up has one already.
pub(super) fn recognise(session: &mut Session, found: Remembered) {
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

pub(super) fn unread() -> Problem {
    Problem::new("profile", "The team profile was not read.", "Reading it stopped half-way.")
        .hint("Open it once more")
}
