//! Step 1: the token, checked against the account, kept where the person wants it.

use zeroize::Zeroize as _;

use crate::{
    domain::{problem::Problem, secret::Secret},
    setup::{
        Ctx, Rules,
        facts::{Account, Facts},
        step::{Primary, Standing, StepId},
        ticket::Ticket,
    },
};

#[derive(Debug, Default)]
pub struct Step {
    pub draft: Draft,
    pub phase: Phase,
    /// A token that the keychain or the environment gave; used without being shown.
    pub remembered: Option<Secret>,
    /// The problem shown has ended a sign-out.
    signing_out: bool,
}

#[derive(Default)]
pub struct Draft {
    pub token: String,
    pub keep: Keep,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft").field("keep", &self.keep).finish_non_exhaustive()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.token.zeroize();
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    #[default]
    Keychain,
    SessionOnly,
}

#[derive(Debug, Default)]
pub enum Phase {
    #[default]
    Editing,
    Checking(Ticket),
    SigningOut(Ticket),
    Failed(Problem),
}

#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Asks the account who this is and what the token may do, then keeps it.
    Check { token: Secret, keep: Keep },
    /// Removes the account's token from the keychain.
    Forget(Box<Account>),
}

#[derive(Debug)]
pub enum Msg {
    SignIn,
    Stop,
    /// Keychain refused: keep in memory and go on.
    KeepForSession,
    SignedIn(Box<Account>),
    SignOut,
    SignedOut,
    Failed(Problem),
}

/// What a typed token looks like, said while typing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Empty,
    /// `dop_v1_` and 64 hexadecimal digits.
    Token,
    /// 64 hexadecimal digits, as tokens were before 2021.
    OldToken,
    Unusual,
}

pub fn look(token: &str) -> Look {
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let token = token.trim();
    if token.is_empty() {
        Look::Empty
    } else if token.strip_prefix("dop_v1_").is_some_and(hex) {
        Look::Token
    } else if hex(token) {
        Look::OldToken
    } else {
        Look::Unusual
    }
}

impl Step {
    fn token(&self) -> Option<Secret> {
        let typed = self.draft.token.trim();
        if typed.is_empty() { self.remembered.clone() } else { Some(Secret::new(typed)) }
    }

    pub fn primary(&self, facts: &Facts, _rules: &Rules) -> Primary<Msg> {
        let label = "Sign in".to_owned();
        match &self.phase {
            Phase::Checking(_) => Primary::Working("Signing in…".to_owned(), Some(Msg::Stop)),
            Phase::SigningOut(_) => Primary::Working("Signing out…".to_owned(), None),
            Phase::Editing | Phase::Failed(_) if facts.account.is_some() => Primary::Next,
            Phase::Editing | Phase::Failed(_) => match self.token() {
                None => Primary::Blocked(label, "Paste a token first.".to_owned()),
                Some(token)
                    if token.expose().chars().any(|c| c.is_control() || c.is_whitespace()) =>
                {
                    Primary::Blocked(label, "A token has no spaces or line breaks.".to_owned())
                }
                Some(_) => Primary::Act(label, Msg::SignIn),
            },
        }
    }

    pub fn open(&mut self, _ctx: &mut Ctx<'_>) {}

    pub fn update(&mut self, ctx: &mut Ctx<'_>, msg: Msg) {
        match msg {
            Msg::SignIn => self.sign_in(ctx),
            Msg::KeepForSession => {
                self.draft.keep = Keep::SessionOnly;
                self.sign_in(ctx);
            }
            Msg::Stop => {
                if let Phase::Checking(ticket) = self.phase {
                    ctx.cancel(ticket);
                    self.phase = Phase::Editing;
                }
            }
            Msg::SignedIn(account) => {
                self.draft.token.zeroize();
                self.remembered = None;
                ctx.facts.review.retain(|step| *step != StepId::SignIn);
                if ctx.facts.token().is_some_and(|token| *token != account.token) {
                    ctx.facts.changed(StepId::SignIn);
                }
                ctx.facts.account = Some(*account);
                self.phase = Phase::Editing;
            }
            Msg::SignOut => {
                if let Some(account) = ctx.facts.account.clone() {
                    self.phase = Phase::SigningOut(ctx.start(Effect::Forget(Box::new(account))));
                }
            }
            Msg::SignedOut => {
                ctx.facts.account = None;
                ctx.facts.changed(StepId::SignIn);
                self.phase = Phase::Editing;
            }
            Msg::Failed(problem) => {
                self.signing_out = matches!(self.phase, Phase::SigningOut(_));
                self.phase = Phase::Failed(problem);
            }
        }
    }

    /// What “Try again” does on the problem that is shown.
    pub(super) fn again(&self) -> Option<Msg> {
        (self.signing_out && matches!(self.phase, Phase::Failed(_))).then_some(Msg::SignOut)
    }

    fn sign_in(&mut self, ctx: &mut Ctx<'_>) {
        if matches!(self.phase, Phase::Checking(_) | Phase::SigningOut(_)) {
            return;
        }
        if let Some(token) = self.token() {
            // The keychain is outside of this program too.
            let keep = if ctx.rules.dry_run { Keep::SessionOnly } else { self.draft.keep };
            self.phase = Phase::Checking(ctx.start(Effect::Check { token, keep }));
        }
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Checking(_) | Phase::SigningOut(_) => Standing::Working,
            Phase::Failed(_) => Standing::Stopped,
            Phase::Editing if facts.account.is_some() => Standing::Done,
            Phase::Editing => Standing::NeedsYou,
        }
    }

    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Failed(problem) => Some(problem),
            Phase::Editing | Phase::Checking(_) | Phase::SigningOut(_) => None,
        }
    }
}
