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

#[derive(Clone, Debug, Default)]
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
    /// The file that a passphrase encrypts.
    pub sealed: Sealed,
    /// Who was signed out last.
    pub signed_out: Option<SignedOut>,
    /// When the account was asked last: from then on its days are counted.
    pub signed_in_at: Option<Timestamp>,
    /// The account that a set-up which is gone on with belongs to.
    pub wanted: Option<String>,
    /// The problem shown has ended a sign-out.
    signing_out: bool,
}

/// Tokens in a file that a passphrase encrypts.
#[derive(Clone, Debug, Default)]
pub struct Sealed {
    pub is_there: bool,
    /// Accounts in it, once it was opened; the one used last first.
    pub accounts: Vec<String>,
    /// What has opened it.
    passphrase: Option<Secret>,
}

impl Sealed {
    pub fn is_open(&self) -> bool {
        self.passphrase.is_some()
    }
}

/// Shorter ones are guessed too soon.
const SHORTEST: usize = 8;

#[derive(Clone, Default)]
pub struct Draft {
    pub token: String,
    pub keep: Keep,
    /// Opens the file, or is to encrypt it.
    pub passphrase: String,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft").field("keep", &self.keep).finish_non_exhaustive()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.token.zeroize();
        self.passphrase.zeroize();
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    #[default]
    Keychain,
    Sealed,
    SessionOnly,
}

/// What a sign-out took away, and what it left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedOut {
    pub account: String,
    pub kept: Kept,
    pub stays: Vec<String>,
}

#[derive(Clone, Debug, Default)]
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
    Check {
        token: Secret,
        keep: Keep,
    },
    /// The same with the token that the keychain holds under this name.
    Switch {
        account: String,
    },
    /// Removes the account's token from the keychain.
    Forget(Box<Account>),
    /// The same as `Check` and `Switch`, with the file that a passphrase encrypts.
    CheckSealed {
        token: Secret,
        passphrase: Secret,
    },
    SwitchSealed {
        account: String,
        passphrase: Secret,
    },
    /// Whose tokens are in the file.
    Unlock {
        passphrase: Secret,
    },
    ForgetSealed {
        account: String,
        passphrase: Secret,
    },
    /// Reads the file in which doctl keeps its sign-in.
    ReadDoctl,
}

#[derive(Debug)]
pub enum Msg {
    SignIn,
    Stop,
    /// Keychain refused: keep in memory and go on.
    KeepForSession,
    /// Keychain refused: keep in a file that a passphrase encrypts, once one was typed.
    KeepSealed,
    /// Opens that file with the passphrase that was typed.
    Unlock,
    Unlocked(Vec<String>, Secret),
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
        let sealed = self.sealed.accounts.iter().filter(|name| !self.accounts.contains(name));
        self.accounts
            .iter()
            .chain(sealed)
            .map(String::as_str)
            .filter(move |name| here.as_deref() != Some(name))
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
                Some(_) if self.draft.keep == Keep::Sealed && self.passphrase().is_none() => {
                    let why = format!("Type a passphrase of at least {SHORTEST} characters.");
                    Primary::Blocked(label, why)
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
            Msg::KeepSealed => {
                self.draft.keep = Keep::Sealed;
                self.phase = Phase::Editing;
            }
            Msg::Unlock => self.unlock(ctx),
            Msg::Unlocked(accounts, passphrase) => self.unlocked(ctx, accounts, passphrase),
            Msg::Stop => self.stop(ctx),
            Msg::SignedIn(account) => self.signed_in(ctx, *account),
            Msg::Accounts(accounts) => self.accounts = accounts,
            Msg::Switch(account) if self.idle() => {
                let effect = match &self.sealed.passphrase {
                    Some(passphrase) if self.sealed.accounts.contains(&account) => {
                        Effect::SwitchSealed { account, passphrase: passphrase.clone() }
                    }
                    Some(_) | None => Effect::Switch { account },
                };
                self.phase = Phase::Checking(ctx.start(effect));
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
                    let effect = match (&account.kept, &self.sealed.passphrase) {
                        (Kept::Sealed, Some(passphrase)) => {
                            let (account, passphrase) = (account.label(), passphrase.clone());
                            Effect::ForgetSealed { account, passphrase }
                        }
                        (_, _) => Effect::Forget(Box::new(account)),
                    };
                    self.phase = Phase::SigningOut(ctx.start(effect));
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
            let effect = match (keep, self.passphrase()) {
                (Keep::Sealed, None) => return,
                (Keep::Sealed, Some(passphrase)) => Effect::CheckSealed { token, passphrase },
                (Keep::Keychain | Keep::SessionOnly, _) => Effect::Check { token, keep },
            };
            self.phase = Phase::Checking(ctx.start(effect));
        }
    }

    /// What has opened the file; else what was typed, where it is long enough.
    fn passphrase(&self) -> Option<Secret> {
        let typed = &self.draft.passphrase;
        let long = SHORTEST <= typed.chars().count();
        self.sealed.passphrase.clone().or_else(|| long.then(|| Secret::new(typed.as_str())))
    }

    fn unlock(&mut self, ctx: &mut Ctx<'_>) {
        if self.idle() && !self.draft.passphrase.is_empty() {
            let passphrase = Secret::new(self.draft.passphrase.as_str());
            self.phase = Phase::Checking(ctx.start(Effect::Unlock { passphrase }));
        }
    }

    /// Signs in with the account that was used last, or with the one that this set-up belongs to.
    fn unlocked(&mut self, ctx: &mut Ctx<'_>, accounts: Vec<String>, passphrase: Secret) {
        self.draft.passphrase.zeroize();
        self.phase = Phase::Editing;
        let wanted = self.wanted.as_ref().filter(|wanted| accounts.contains(wanted));
        let account = wanted.or(accounts.first()).cloned();
        self.sealed = Sealed { is_there: true, accounts, passphrase: Some(passphrase.clone()) };
        if let Some(account) = account.filter(|_| ctx.facts.account.is_none()) {
            let effect = Effect::SwitchSealed { account, passphrase };
            self.phase = Phase::Checking(ctx.start(effect));
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
        if account.kept == Kept::Sealed {
            self.sealed.passphrase = self.passphrase();
            self.sealed.is_there = true;
            let name = account.label();
            self.sealed.accounts.retain(|other| *other != name);
            self.sealed.accounts.insert(0, name);
        }
        self.draft.passphrase.zeroize();
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
            self.sealed.accounts.retain(|other| *other != name);
            self.signed_out =
                Some(SignedOut { account: name, kept: account.kept.clone(), stays: stays(ctx) });
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
