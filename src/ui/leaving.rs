//! Closing the window: what runs is not cut off unasked, and access given to this computer is taken back first.

use std::time::Duration;

use egui::{Context, Ui, ViewportCommand};
use jiff::Timestamp;

use crate::{
    setup::{
        step::{Standing, StepId},
        steps::test,
    },
    ui::{
        kit::{self, Reply},
        session::Session,
    },
};

#[derive(Clone, Debug, Default, PartialEq)]
pub enum Leaving {
    #[default]
    No,
    /// Something runs; what it is.
    Asking(String),
    /// Since that time of the window's clock.
    RemovingAccess(f64),
    Now,
}

/// The access is removed within this, or stays until it ends by itself.
const REMOVAL_TAKES: f64 = 10.0;

impl Leaving {
    /// Looks whether the window is asked to close, and whether it may.
    pub fn watch(&mut self, ctx: &Context, session: &mut Session) {
        let asked = ctx.input(|input| input.viewport().close_requested());
        match self {
            Self::No if asked => {
                if let Some(what) = session.unfinished() {
                    ctx.send_viewport_cmd(ViewportCommand::CancelClose);
                    *self = Self::Asking(what);
                } else {
                    self.go(ctx, session);
                }
            }
            Self::Asking(_) | Self::RemovingAccess(_) if asked => {
                ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            }
            Self::RemovingAccess(since) => {
                let late = REMOVAL_TAKES <= ctx.input(|input| input.time) - *since;
                // One that stays is told, as long as the window stays.
                if late || !session.access_ends_with_us() {
                    self.now(ctx);
                }
            }
            Self::No | Self::Asking(_) | Self::Now => {}
        }
    }

    /// Closes, after the access is removed where there is one of ours.
    fn go(&mut self, ctx: &Context, session: &mut Session) {
        if !session.access_ends_with_us() {
            *self = Self::Now;
            return;
        }
        ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        session.act(test::Msg::Stop.into());
        session.act(test::Msg::RemoveTimed.into());
        *self = Self::RemovingAccess(ctx.input(|input| input.time));
    }

    fn now(&mut self, ctx: &Context) {
        *self = Self::Now;
        ctx.send_viewport_cmd(ViewportCommand::Close);
    }

    /// Draws what stands between the wish to close and the end.
    pub fn show(&mut self, ui: &Ui, session: &mut Session) {
        match self {
            Self::Asking(what) => {
                let title = "Quit while something is being done?";
                let text = format!(
                    "{what} is still going on. Quitting cuts it off; what was done by then stays done, and is looked up when the set-up is opened again."
                );
                match kit::question(ui, title, &text, &["Keep the window open", "Stop and quit"]) {
                    Some(Reply::Answer(0) | Reply::Escape) => *self = Self::No,
                    Some(Reply::Answer(_)) => {
                        self.go(ui.ctx(), session);
                        if *self == Self::Now {
                            self.now(ui.ctx());
                        }
                    }
                    None if session.unfinished().is_none() => *self = Self::No,
                    None => {}
                }
            }
            Self::RemovingAccess(_) => {
                let stands = session.setup.standing(StepId::Test) != Standing::Working;
                let why = session.setup.problem(StepId::Test).filter(|_| stands);
                let (title, text) = match why {
                    Some(problem) => {
                        ("This computer's access was not removed", problem.what.as_str())
                    }
                    None => (
                        "Removing this computer's access",
                        "The trusted source that let this computer in is being removed…",
                    ),
                };
                let until = session.setup.facts.first_to_end().and_then(|first| first.lease.until);
                match kit::question(ui, title, text, &[&stays(until)]) {
                    Some(Reply::Answer(_)) => self.now(ui.ctx()),
                    // The window stays; the access is removed all the same.
                    Some(Reply::Escape) => *self = Self::No,
                    None => {}
                }
                ui.request_repaint_after(Duration::from_millis(500));
            }
            Self::No | Self::Now => {}
        }
    }
}

/// `Leave it until 16:20`
fn stays(until: Option<Timestamp>) -> String {
    until.map_or("Leave it".to_owned(), |until| format!("Leave it until {}", kit::clock(until)))
}
