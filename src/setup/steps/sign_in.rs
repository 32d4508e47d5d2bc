//! Step 1: the token, checked against the account, kept where the person wants it; other accounts that are kept.

use jiff::Timestamp;
use zeroize::Zeroize as _;

use crate::{
    domain::{login::Login, problem::Problem, secret::Secret},
    setup::{
        Ctx, Rules,
        facts::{Account, Facts, Kept},
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
    /// Accounts whose tokens the keychain holds, by the names it has for them.
    pub accounts: Vec<String>,
    /// doctl was used on this computer; what its sign-in is, nobody has looked at yet.
    pub doctl_is_there: bool,
    /// doctl's contexts, once the person asked for them.
    pub doctl: Option<Vec<Login>>,
    /// Who was signed out last.
    pub signed_out: Option<SignedOut>,
    /// When the account was asked last: from then on its days are counted.
    pub signed_in_at: Option<Timestamp>,
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

/// What a sign-out took away, and what it left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedOut {
    pub account: String,
    pub from_keychain: bool,
    pub stays: Vec<String>,
}

#[derive(Debug, Default)]
pub enum Phase {
    #[default]
    Editing,
    Checking(Ticket),
    SigningOut(Ticket),
    ReadingDoctl(Ticket),
    Failed(Problem),
}

#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Asks the account who this is and what the token may do, then keeps it.
    Check { token: Secret, keep: Keep },
    /// The same with the token that the keychain holds under this name.
    Switch { account: String },
    /// Removes the account's token from the keychain.
    Forget(Box<Account>),
    /// Reads the file in which doctl keeps its sign-in.
    ReadDoctl,
}

#[derive(Debug)]
pub enum Msg {
    SignIn,
    Stop,
    /// Keychain refused: keep in memory and go on.
    KeepForSession,
    SignedIn(Box<Account>),
    /// What the keychain holds by now.
    Accounts(Vec<String>),
    Switch(String),
    ReadDoctl,
    Doctl(Vec<Login>),
    /// Signs in with the token of this context.
    UseDoctl(String),
    SignOut,
    SignedOut,
    Failed(Problem),
}

/// What a typed token looks like, said while typing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Empty,
    /// `dop_v1_` and 64 hexadecimal digits: 71 characters.
    Token,
    /// `doo_v1_` and 64 hexadecimal digits, as an app's sign-in gives them.
    AppToken,
    /// 64 hexadecimal digits, as tokens were before 2021.
    OldToken,
    /// The right beginning, and so many of its 71 characters.
    Unfinished(usize),
    Unusual,
}

pub fn look(token: &str) -> Look {
    const LENGTH: usize = 71;
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let token = token.trim();
    if token.is_empty() {
        Look::Empty
    } else if token.strip_prefix("dop_v1_").is_some_and(hex) {
        Look::Token
    } else if token.strip_prefix("doo_v1_").is_some_and(hex) {
        Look::AppToken
    } else if hex(token) {
        Look::OldToken
    } else if token.starts_with("dop_v1_") && token.len() < LENGTH {
        Look::Unfinished(token.len())
    } else {
        Look::Unusual
    }
}

/// Whole days until the token ends; 0 on its last day.
pub fn days_left(account: &Account, now: Timestamp) -> Option<i64> {
    let left = account.expires_at?.as_second().saturating_sub(now.as_second());
    Some(left.max(0) / (24 * 3600))
}

impl Step {
    fn token(&self) -> Option<Secret> {
        let typed = self.draft.token.trim();
        if typed.is_empty() { self.remembered.clone() } else { Some(Secret::new(typed)) }
    }

    /// Accounts that can be switched to.
    pub fn others<'a>(&'a self, facts: &Facts) -> impl Iterator<Item = &'a str> {
        let here = facts.account.as_ref().map(Account::label);
        self.accounts.iter().map(String::as_str).filter(move |name| here.as_deref() != Some(name))
    }

    pub fn primary(&self, facts: &Facts, _rules: &Rules) -> Primary<Msg> {
        let label = "Sign in".to_owned();
        match &self.phase {
            Phase::Checking(_) => Primary::Working("Signing in…".to_owned(), Some(Msg::Stop)),
            Phase::SigningOut(_) => Primary::Working("Signing out…".to_owned(), None),
            Phase::ReadingDoctl(_) => {
                Primary::Working("Reading doctl's sign-in…".to_owned(), Some(Msg::Stop))
            }
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
            Msg::Stop => self.stop(ctx),
            Msg::SignedIn(account) => self.signed_in(ctx, *account),
            Msg::Accounts(accounts) => self.accounts = accounts,
            Msg::Switch(account) if self.idle() => {
                self.phase = Phase::Checking(ctx.start(Effect::Switch { account }));
            }
            Msg::ReadDoctl if self.idle() => {
                self.phase = Phase::ReadingDoctl(ctx.start(Effect::ReadDoctl));
            }
            Msg::Doctl(logins) => {
                self.doctl = Some(logins);
                self.phase = Phase::Editing;
            }
            Msg::UseDoctl(context) if self.idle() => {
                let logins = self.doctl.take().unwrap_or_default();
                if let Some(login) = logins.into_iter().find(|login| login.context == context) {
                    self.draft.token.zeroize();
                    self.remembered = Some(login.token);
                    self.sign_in(ctx);
                }
            }
            Msg::SignOut if self.idle() => {
                if let Some(account) = ctx.facts.account.clone() {
                    self.phase = Phase::SigningOut(ctx.start(Effect::Forget(Box::new(account))));
                }
            }
            Msg::SignedOut => self.signed_out(ctx),
            Msg::Failed(problem) => {
                self.signing_out = matches!(self.phase, Phase::SigningOut(_));
                self.phase = Phase::Failed(problem);
            }
            // Something else is under way.
            Msg::Switch(_) | Msg::ReadDoctl | Msg::UseDoctl(_) | Msg::SignOut => {}
        }
    }

    /// What “Try again” does on the problem that is shown.
    pub(super) fn again(&self) -> Option<Msg> {
        (self.signing_out && matches!(self.phase, Phase::Failed(_))).then_some(Msg::SignOut)
    }

    fn idle(&self) -> bool {
        matches!(self.phase, Phase::Editing | Phase::Failed(_))
    }

    fn sign_in(&mut self, ctx: &mut Ctx<'_>) {
        if self.idle()
            && let Some(token) = self.token()
        {
            // The keychain is outside of this program too.
            let keep = if ctx.rules.dry_run { Keep::SessionOnly } else { self.draft.keep };
            self.phase = Phase::Checking(ctx.start(Effect::Check { token, keep }));
        }
    }

    fn stop(&mut self, ctx: &mut Ctx<'_>) {
        if let Phase::Checking(ticket) | Phase::ReadingDoctl(ticket) = self.phase {
            ctx.cancel(ticket);
            self.phase = Phase::Editing;
        }
    }

    fn signed_in(&mut self, ctx: &mut Ctx<'_>, account: Account) {
        self.draft.token.zeroize();
        self.remembered = None;
        self.doctl = None;
        self.signed_out = None;
        ctx.facts.review.retain(|step| *step != StepId::SignIn);
        if ctx.facts.token().is_some_and(|token| *token != account.token) {
            ctx.facts.changed(StepId::SignIn);
        }
        ctx.facts.account = Some(account);
        self.signed_in_at = Some(ctx.now);
        self.phase = Phase::Editing;
    }

    fn signed_out(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(account) = ctx.facts.account.take() {
            let name = account.label();
            self.accounts.retain(|other| *other != name);
            self.signed_out = Some(SignedOut {
                account: name,
                from_keychain: account.kept == Kept::Keychain,
                stays: stays(ctx),
            });
        }
        self.remembered = None;
        ctx.facts.changed(StepId::SignIn);
        self.phase = Phase::Editing;
    }

    pub fn standing(&self, facts: &Facts) -> Standing {
        match &self.phase {
            Phase::Checking(_) | Phase::SigningOut(_) | Phase::ReadingDoctl(_) => Standing::Working,
            Phase::Failed(_) => Standing::Stopped,
            Phase::Editing if facts.account.is_some() => Standing::Done,
            Phase::Editing => Standing::NeedsYou,
        }
    }

    pub fn problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Failed(problem) => Some(problem),
            Phase::Editing | Phase::Checking(_) | Phase::SigningOut(_) | Phase::ReadingDoctl(_) => {
                None
            }
        }
    }
}

/// What a sign-out leaves as it is.
fn stays(ctx: &Ctx<'_>) -> Vec<String> {
    let mut stays = vec![
        "The token itself: it is good until it ends, or until it is deleted on DigitalOcean's page."
            .to_owned(),
    ];
    let open = ctx.record.entries.iter().filter(|entry| !entry.undone);
    stays.extend(open.map(|entry| format!("{}.", entry.what.trim_end_matches('.'))));
    let granted = ctx.facts.leases.iter().filter(|granted| granted.is_ours());
    stays.extend(granted.map(|granted| {
        format!(
            "The trusted source {} of {}: sign in again to remove it, or remove it in the panel.",
            granted.lease.address, granted.cluster_name
        )
    }));
    stays
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_told_by_its_looks_while_it_is_typed() {
        let digits = "0a".repeat(32);
        assert_eq!(look(""), Look::Empty);
        assert_eq!(look(&format!(" dop_v1_{digits}\n")), Look::Token);
        assert_eq!(look(&format!("doo_v1_{digits}")), Look::AppToken);
        assert_eq!(look(&digits), Look::OldToken);
        assert_eq!(look("dop_v1_0a0a"), Look::Unfinished(11));
        assert_eq!(look(&format!("dop_v1_{digits}0")), Look::Unusual);
        assert_eq!(look("AVNS_0a"), Look::Unusual);
    }
}
