//! Page 1: the token, where it is kept, and what it may do.

use egui::{Align, Key, Label, Layout, RichText, Ui, vec2};

use crate::{
    setup::{
        Setup,
        facts::{Account, Grant, Kept, SCOPES, Scope},
        step::{Primary, StepId},
        steps::sign_in::{self, Keep, Look, Phase},
    },
    ui::{
        act::Act,
        kit::{self, Icon},
        theme::{FORM_WIDTH, Theme, gap},
    },
};

const TOKENS_PAGE: &str = "https://cloud.digitalocean.com/account/api/tokens/new";

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let act = match &setup.facts.account {
        Some(account) => signed_in(ui, account),
        None => token(ui, setup),
    };
    match &setup.facts.account {
        Some(account) => scopes(ui, &account.scopes, true),
        None => scopes(ui, &SCOPES, false),
    }
    kit::fold(ui, "Why a token?", |ui| {
        kit::paragraph(
            ui,
            "The program does what you would do in DigitalOcean's panel: it reads the cluster, creates one pool, lets this computer in for a test, and changes two variables of your app. Each request is listed under “Requests”.",
        );
        kit::paragraph(
            ui,
            "The token goes to DigitalOcean only. It is kept in the keychain of this computer's system, never in a file, and is removed by “Sign out”.",
        );
    });
    act
}

fn token(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let mut act = None;
    let busy = !matches!(setup.steps.sign_in.phase, Phase::Editing | Phase::Failed(_));
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
            look(ui, sign_in::look(&draft.token), remembered);
            ui.add_space(gap::XS);
            kept(ui, &mut draft.keep);
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

/// What the typed text looks like, said while typing.
fn look(ui: &mut Ui, look: Look, remembered: bool) {
    let theme = Theme::of(ui);
    let (icon, colour, text) = match look {
        Look::Empty if remembered => return,
        Look::Empty => (
            Icon::Info,
            theme.text_2,
            "dop_v1_ and 64 letters and digits, as the page showed it once",
        ),
        Look::Token => (Icon::Done, theme.success.text, "Looks like a DigitalOcean token"),
        Look::OldToken => {
            (Icon::Done, theme.success.text, "Looks like an older DigitalOcean token")
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
        (Keep::SessionOnly, "For this session", "in memory, until the program ends"),
    ];
    for (choice, title, meaning) in choices {
        if kit::radio(ui, *keep == choice, title, meaning).clicked() {
            *keep = choice;
        }
    }
}

fn signed_in(ui: &mut Ui, account: &Account) -> Option<Act> {
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
            Kept::SessionOnly(None) => "in memory, until the program ends".to_owned(),
            Kept::SessionOnly(Some(why)) => format!("in memory, until the program ends: {why}"),
        };
        kit::key_value(ui, "Token kept", &kept);
        ui.add_space(gap::XS);
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
    if account.passwords_visible == Some(false) {
        let theme = Theme::of(ui);
        let text = "It lacks database:view_credentials; DigitalOcean then leaves the passwords out. Pages that need one stop and say so.";
        kit::note(ui, theme.warning, Icon::Warning, "Passwords are hidden from this token.", text);
    }
    act
}

/// `known`: the account was asked what the token may do.
fn scopes(ui: &mut Ui, scopes: &[Scope], known: bool) {
    if scopes.is_empty() {
        return;
    }
    kit::card(ui, Some("What the token is used for"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::XS;
        for (place, scope) in scopes.iter().enumerate() {
            if 0 < place {
                kit::hairline(ui);
            }
            row(ui, scope, known);
        }
    });
}

fn row(ui: &mut Ui, scope: &Scope, known: bool) {
    let theme = Theme::of(ui);
    let (icon, colour, word) = match scope.grant {
        Grant::Has => (Icon::Done, theme.success.text, "granted"),
        Grant::Lacks => (Icon::Warning, theme.warning.text, "missing"),
        Grant::Unknown => (Icon::NotStarted, theme.idle, "known when used"),
    };
    let cell = |ui: &mut Ui, width: f32, add: &dyn Fn(&mut Ui)| {
        let layout = Layout::left_to_right(Align::Center).with_main_wrap(true);
        ui.allocate_ui_with_layout(vec2(width, 24.0), layout, |ui| {
            ui.set_min_width(width);
            add(ui);
        });
    };
    let needed = |ui: &mut Ui| {
        ui.add(Label::new(scope.needed_for).wrap());
    };
    let name = |ui: &mut Ui| {
        ui.add(Label::new(RichText::new(scope.name).monospace()).wrap());
    };
    let state = |ui: &mut Ui| {
        if !known {
            return;
        }
        ui.spacing_mut().item_spacing.x = 6.0;
        kit::icon(ui, icon, 15.0, colour);
        kit::caption(ui, word);
    };
    let width = ui.available_width();
    if width < 520.0 {
        cell(ui, width, &needed);
        ui.horizontal_wrapped(|ui| {
            name(ui);
            ui.add_space(gap::S);
            state(ui);
        });
    } else {
        ui.horizontal(|ui| {
            cell(ui, width * 0.42, &needed);
            cell(ui, width * 0.34, &name);
            cell(ui, width * 0.2, &state);
        });
    }
    if scope.grant == Grant::Lacks {
        kit::caption(ui, &format!("Without it: {}", scope.without));
    }
}
