//! Page 1: the token, where it is kept, and what it may do.

mod scopes;

use egui::{Key, Label, Ui};
use jiff::Timestamp;

use crate::{
    domain::{login::Login, secret::Secret},
    setup::{
        Setup,
        facts::{Account, Grant, Kept, SCOPES},
        step::{Primary, StepId},
        steps::sign_in::{self, Keep, Look, Phase, SignedOut},
    },
    ui::{
        act::{Act, Copied},
        kit::{self, Icon},
        theme::{FORM_WIDTH, Theme, gap},
    },
};

const TOKENS_PAGE: &str = "https://cloud.digitalocean.com/account/api/tokens/new";

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let mut act = None;
    if let Some(signed_out) = &setup.steps.sign_in.signed_out {
        act = left(ui, signed_out);
    }
    act = match &setup.facts.account {
        Some(account) => signed_in(ui, setup, account),
        None => token(ui, setup),
    }
    .or(act);
    act = others(ui, setup).or(act);
    match &setup.facts.account {
        Some(account) => scopes::scopes(ui, &account.scopes, true),
        None => scopes::scopes(ui, &SCOPES, false),
    }
    kit::fold(ui, "Why a token?", |ui| {
        kit::paragraph(
            ui,
            "The program does what you would do in DigitalOcean's panel: it reads the cluster, creates one pool, lets this computer in for a test, and changes two variables of your app. Each request is listed under “Requests”.",
        );
        kit::paragraph(
            ui,
            "The token goes to DigitalOcean's API only. It is kept in the keychain of this computer's system, or in a file that your passphrase encrypts, and is removed by “Sign out”.",
        );
        kit::paragraph(
            ui,
            "A token that may only read is enough to look around: everything up to the plan works, and what it may not change is given as values for the panel.",
        );
    });
    act
}

fn token(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let mut act = None;
    let busy = !matches!(setup.steps.sign_in.phase, Phase::Editing | Phase::Failed(_));
    let sealed = (setup.steps.sign_in.sealed.is_there, setup.steps.sign_in.sealed.is_open());
    if sealed == (true, false) {
        act = unlock(ui, setup, busy);
    }
    kit::card(ui, Some("Token"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::M;
        let remembered = setup.steps.sign_in.remembered.is_some();
        if remembered && setup.steps.sign_in.draft.token.is_empty() {
            let theme = Theme::of(ui);
            let text = "Signing in uses it. Paste another one to replace it.";
            kit::note(ui, theme.info, Icon::Info, "A token is kept on this computer.", text);
        }
        ui.add_enabled_ui(!busy, |ui| {
            ui.set_max_width(FORM_WIDTH.min(ui.available_width()));
            let draft = &mut setup.steps.sign_in.draft;
            let label = "Personal access token";
            let field = kit::secret_field(ui, label, &mut draft.token);
            if busy {
                field.surrender_focus();
            } else {
                focus_once(ui, &field);
            }
            look(ui, sign_in::look(&draft.token), remembered);
            ui.add_space(gap::XS);
            kept(ui, &mut draft.keep);
            if draft.keep == Keep::Sealed && !sealed.0 && !sealed.1 {
                kit::secret_field(ui, "Passphrase for the token", &mut draft.passphrase);
                kit::caption(
                    ui,
                    "At least 8 characters. Nobody can bring it back; a token can be made anew.",
                );
            }
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            if entered && let Primary::Act(_, msg) = setup.primary(StepId::SignIn) {
                act = Some(Act::Do(msg));
            }
        });
        if kit::link_button(ui, "Create a token on DigitalOcean's page").clicked() {
            act = Some(Act::Open(TOKENS_PAGE.to_owned()));
        }
    });
    act
}

/// Tokens of earlier sign-ins are in a file that a passphrase encrypts.
fn unlock(ui: &mut Ui, setup: &mut Setup, busy: bool) -> Option<Act> {
    kit::card(ui, Some("Tokens in an encrypted file"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::M;
        kit::paragraph(ui, "Type its passphrase to sign in with the token that was used last.");
        let mut act = None;
        ui.add_enabled_ui(!busy, |ui| {
            ui.set_max_width(FORM_WIDTH.min(ui.available_width()));
            let passphrase = &mut setup.steps.sign_in.draft.passphrase;
            let field = kit::secret_field(ui, "Passphrase", passphrase);
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let typed = !passphrase.is_empty();
            let pressed = ui
                .add_enabled_ui(typed, |ui| kit::secondary_button(ui, "Open the file").clicked())
                .inner;
            if typed && (pressed || entered) {
                act = Some(sign_in::Msg::Unlock.into());
            }
        });
        act
    })
}

/// Whoever comes here to sign in can paste at once. Later the field takes the focus only when it is asked to.
fn focus_once(ui: &Ui, field: &egui::Response) {
    let id = field.id.with("entered");
    let entered = ui.data_mut(|data| std::mem::replace(data.get_temp_mut_or(id, false), true));
    if !entered && ui.memory(|memory| memory.focused().is_none()) {
        field.request_focus();
    }
}

/// What the typed text looks like, said while typing.
fn look(ui: &mut Ui, look: Look, remembered: bool) {
    let theme = Theme::of(ui);
    let unfinished;
    let (icon, colour, text) = match look {
        Look::Empty if remembered => return,
        Look::Empty => (
            Icon::Info,
            theme.text_2,
            "dop_v1_ and 64 letters and digits, as the page showed it once",
        ),
        Look::Token => (Icon::Done, theme.success.text, "Looks like a DigitalOcean token"),
        Look::AppToken => {
            (Icon::Done, theme.success.text, "Looks like a token from an app's sign-in")
        }
        Look::OldToken => {
            (Icon::Done, theme.success.text, "Looks like an older DigitalOcean token")
        }
        Look::Unfinished(length) => {
            unfinished = format!("Begins like a DigitalOcean token: {length} of 71 characters");
            (Icon::Info, theme.text_2, unfinished.as_str())
        }
        Look::Unusual => (
            Icon::Warning,
            theme.warning.text,
            "Does not look like a DigitalOcean token; it is tried as it stands",
        ),
    };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = gap::S;
        kit::icon(ui, icon, 15.0, colour);
        kit::live(ui, text);
    });
}

fn kept(ui: &mut Ui, keep: &mut Keep) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let choices = [
        (Keep::Keychain, "Keep it", "in this computer's keychain, for the next time"),
        (Keep::Sealed, "Encrypt it", "with a passphrase, in a file of Poolwright's own"),
        (Keep::SessionOnly, "For this session", "in memory, until the program ends"),
    ];
    for (choice, title, meaning) in choices {
        if kit::radio(ui, *keep == choice, title, meaning).clicked() {
            *keep = choice;
        }
    }
}

fn signed_in(ui: &mut Ui, setup: &Setup, account: &Account) -> Option<Act> {
    let mut act = None;
    kit::card(ui, Some("Signed in"), |ui| {
        if let Some(email) = &account.email {
            kit::key_value(ui, "Account", email);
        }
        if let Some(team) = &account.team {
            kit::key_value(ui, "Team", team);
        }
        if account.email.is_none() && account.team.is_none() {
            kit::key_value(ui, "Account", "not shown: the token lacks account:read");
        }
        let kept = match &account.kept {
            Kept::Keychain => "in this computer's keychain".to_owned(),
            Kept::Sealed => "in a file that your passphrase encrypts".to_owned(),
            Kept::SessionOnly(None) => "in memory, until the program ends".to_owned(),
            Kept::SessionOnly(Some(why)) => format!("in memory, until the program ends: {why}"),
        };
        kit::key_value(ui, "Token kept", &kept);
        kit::key_value(ui, "Token ends", &ends(account, setup.steps.sign_in.signed_in_at));
        ui.add_space(gap::XS);
        let idle = matches!(setup.steps.sign_in.phase, Phase::Editing | Phase::Failed(_));
        ui.add_enabled_ui(idle, |ui| {
            ui.horizontal_wrapped(|ui| {
                if kit::secondary_button(ui, "Sign out").clicked() {
                    act = Some(sign_in::Msg::SignOut.into());
                }
                kit::caption(
                    ui,
                    "Removes the token from this computer. Nothing changes in the account.",
                );
            });
        });
    });
    let writes =
        ["database:create", "database:update", "app:update"].map(|scope| setup.facts.grant(scope));
    if writes == [Grant::Lacks; 3] {
        let theme = Theme::of(ui);
        let text = "Everything up to the plan works with it. What it may not change, steps 4 and 10 give as values for DigitalOcean's panel, and check afterwards.";
        kit::note(ui, theme.info, Icon::Info, "This token can only read.", text);
    }
    if account.passwords_visible == Some(false) {
        act = hidden_passwords(ui).or(act);
    }
    act
}

/// In days, and on which: a sign-in lasts longer than a page is looked at.
fn ends(account: &Account, asked: Option<Timestamp>) -> String {
    let Some(at) = account.expires_at else {
        return "not told by DigitalOcean; its tokens page shows it".to_owned();
    };
    let day = at.to_zoned(jiff::tz::TimeZone::system()).strftime("%-d %B %Y").to_string();
    match asked.and_then(|asked| sign_in::days_left(account, asked)) {
        None => format!("on {day}"),
        Some(0) => format!("within a day, on {day}"),
        Some(1) => format!("in 1 day, on {day}"),
        Some(days) => format!("in {days} days, on {day}"),
    }
}

fn hidden_passwords(ui: &mut Ui) -> Option<Act> {
    const SCOPE: &str = "database:view_credentials";
    let theme = Theme::of(ui);
    let text = "It lacks database:view_credentials; DigitalOcean then leaves user and password out. Pages that need one stop and say so. A token with that scope and at least one that may change something shows them.";
    kit::note(ui, theme.warning, Icon::Warning, "Passwords are hidden from this token.", text);
    let mut act = None;
    ui.horizontal_wrapped(|ui| {
        if kit::copy_button(
            ui,
            "Copy the scope's name",
            "Copy the scope's name, database:view_credentials",
        ) {
            let text = Secret::new(SCOPE);
            act = Some(Act::Copy(Copied {
                text,
                kind: "Name of the scope".to_owned(),
                secret: false,
            }));
        }
        if kit::link_button(ui, "Create another token on DigitalOcean's page").clicked() {
            act = Some(Act::Open(TOKENS_PAGE.to_owned()));
        }
    });
    act
}

/// What a sign-out took away, and what it left.
fn left(ui: &mut Ui, signed_out: &SignedOut) -> Option<Act> {
    let theme = Theme::of(ui);
    let mut act = None;
    kit::card(ui, Some(&format!("Signed out: {}", signed_out.account)), |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        let removed = match signed_out.kept {
            Kept::Keychain => {
                "The token was removed from this computer's keychain and from memory."
            }
            Kept::Sealed => "The token was removed from the encrypted file and from memory.",
            Kept::SessionOnly(_) => "The token was removed from memory. It was kept nowhere else.",
        };
        kit::marked(ui, Icon::Done, theme.success.text, "Done", removed);
        kit::caption(ui, "What stays:");
        for line in &signed_out.stays {
            kit::marked(ui, Icon::Info, theme.text_2, "Stays", line);
        }
        if kit::link_button(ui, "Open DigitalOcean's tokens page").clicked() {
            act = Some(Act::Open("https://cloud.digitalocean.com/account/api/tokens".to_owned()));
        }
    });
    act
}

/// Other ways in: accounts that the keychain holds, and doctl's sign-in.
fn others(ui: &mut Ui, setup: &Setup) -> Option<Act> {
    let step = &setup.steps.sign_in;
    let accounts: Vec<&str> = step.others(&setup.facts).collect();
    let doctl = step.doctl_is_there && setup.facts.account.is_none();
    if accounts.is_empty() && !doctl {
        return None;
    }
    let mut act = None;
    let title = if accounts.is_empty() { "Another sign-in" } else { "Other accounts" };
    let idle = matches!(step.phase, Phase::Editing | Phase::Failed(_));
    kit::card(ui, Some(title), |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        ui.add_enabled_ui(idle, |ui| {
            for account in &accounts {
                ui.horizontal_wrapped(|ui| {
                    let name = format!("Switch to {account}");
                    let button = kit::secondary_button(ui, "Switch").on_hover_text(&name);
                    if button.accessible_name(&name).clicked() {
                        act = Some(sign_in::Msg::Switch((*account).to_owned()).into());
                    }
                    ui.add(Label::new(*account).wrap());
                });
            }
            if doctl {
                act = self::doctl(ui, step.doctl.as_deref()).or(act.take());
            }
        });
        if !accounts.is_empty() {
            kit::caption(
                ui,
                "Their tokens are kept on this computer. What was read from this account is read anew.",
            );
        }
    });
    act
}

fn doctl(ui: &mut Ui, logins: Option<&[Login]>) -> Option<Act> {
    let mut act = None;
    let Some(logins) = logins else {
        kit::paragraph(
            ui,
            "DigitalOcean's command line, doctl, was used on this computer. Its sign-in can be used here: its file is read when you press the button, and never written.",
        );
        if kit::secondary_button(ui, "Read doctl's sign-in").clicked() {
            act = Some(sign_in::Msg::ReadDoctl.into());
        }
        return act;
    };
    if logins.is_empty() {
        kit::paragraph(ui, "doctl is not signed in on this computer.");
    }
    for login in logins {
        ui.horizontal_wrapped(|ui| {
            let name = format!("Sign in with doctl's context {}", login.context);
            let button = kit::secondary_button(ui, "Sign in").on_hover_text(&name);
            if button.accessible_name(&name).clicked() {
                act = Some(sign_in::Msg::UseDoctl(login.context.clone()).into());
            }
            let current = if login.current { ", the current one" } else { "" };
            ui.add(Label::new(format!("doctl's context {}{current}", login.context)).wrap());
        });
    }
    act
}
