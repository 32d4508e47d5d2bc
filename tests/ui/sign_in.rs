//! Page 1.

use egui::{Key, accesskit::Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::{
    domain::{cluster::Environment, secret::Secret},
    setup::{facts::Grant, steps::sign_in::Keep},
};

use crate::fixtures::{self, account, asked, window};

#[test]
fn the_token_is_typed_into_a_password_field_and_judged_by_its_looks() {
    let mut window = window(fixtures::fresh());
    window.get_by_label("dop_v1_ and 64 letters and digits, as the page showed it once");
    let field = |window: &egui_kittest::Harness<'_, _>, text: &str| {
        window.get_by_role_and_label(Role::PasswordInput, "Personal access token").focus();
        window.get_by_role_and_label(Role::PasswordInput, "Personal access token").type_text(text);
    };
    field(&window, "dop_v1_");
    window.run();
    window.get_by_label("Begins like a DigitalOcean token: 7 of 71 characters");
    field(&window, &"0a".repeat(32));
    window.run();
    window.get_by_label("Looks like a DigitalOcean token");
    window.key_press(Key::Enter);
    window.run();
    assert_eq!(asked(&window), ["Do(Step(SignIn(SignIn)))"]);
}

#[test]
fn the_field_keeps_no_copies_for_undo() {
    let mut window = window(fixtures::typed_token());
    window.get_by_role_and_label(Role::PasswordInput, "Personal access token").focus();
    window.get_by_role_and_label(Role::PasswordInput, "Personal access token").type_text("ff");
    window.run();
    let before = window.state().setup.steps.sign_in.draft.token.clone();
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::Z);
    window.run();
    assert_eq!(window.state().setup.steps.sign_in.draft.token, before);
}

#[test]
fn where_the_token_is_kept_is_chosen() {
    let mut window = window(fixtures::fresh());
    window.get_by_role_and_label(Role::RadioButton, "For this session").click();
    window.run();
    assert_eq!(window.state().setup.steps.sign_in.draft.keep, Keep::SessionOnly);
}

#[test]
fn a_kept_token_is_used_without_being_shown() {
    let mut setup = fixtures::fresh();
    setup.steps.sign_in.remembered = Some(Secret::new("dop_v1_canary"));
    let mut window = window(setup);
    window.get_by_label_contains("A token is kept on this computer.");
    window.get_by_role_and_label(Role::Button, "Sign in").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Step(SignIn(SignIn)))"]);
}

#[test]
fn the_page_that_creates_tokens_is_opened_in_the_browser() {
    let mut window = window(fixtures::fresh());
    window.get_by_label("Create a token on DigitalOcean's page").click();
    window.run();
    let wanted = "Open(\"https://cloud.digitalocean.com/account/api/tokens/new\")";
    assert_eq!(asked(&window), [wanted]);
}

#[test]
fn who_signed_in_and_what_the_token_may_do_is_told() {
    let mut account = account();
    account.passwords_visible = Some(false);
    for scope in &mut account.scopes {
        if scope.name == "database:create" {
            scope.grant = Grant::Lacks;
        }
    }
    let mut window = window(fixtures::signed_in_as(account));
    window.get_by_label("Account: ada@example.com");
    window.get_by_label("Team: Team Shop");
    window.get_by_label("Token kept: in this computer's keychain");
    window.get_by_label_contains("Passwords are hidden from this token.");
    window.get_by_label("Without it: step 4 gives the values for DigitalOcean's panel");
    window.get_by_label_contains("Token ends: in 41 days, on ");
    assert_eq!(window.query_all_by_label("granted").count(), 4);
    window.get_by_role_and_label(Role::Button, "Sign out").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Step(SignIn(SignOut)))"]);
}

#[test]
fn the_fields_wait_while_the_token_is_checked() {
    let window = window(fixtures::signing_in());
    let field = window.get_by_role_and_label(Role::PasswordInput, "Personal access token");
    assert!(field.accesskit_node().is_disabled());
}

#[test]
fn the_field_has_the_focus_as_soon_as_the_page_is_there() {
    let window = window(fixtures::fresh());
    let field = window.get_by_role_and_label(Role::PasswordInput, "Personal access token");
    assert!(field.accesskit_node().is_focused());
}

#[test]
fn another_account_is_switched_to_and_doctl_is_read_only_when_asked() {
    let mut window = window(fixtures::several_accounts());
    window.get_by_role_and_label(Role::Button, "Switch to bert@example.com/Team Lab").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Step(SignIn(Switch(\"bert@example.com/Team Lab\"))))"]);

    let mut window = self::window(fixtures::doctl_is_there());
    window.get_by_role_and_label(Role::Button, "Read doctl's sign-in").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Step(SignIn(ReadDoctl)))"]);

    let mut window = self::window(fixtures::doctl_was_read());
    window.get_by_role_and_label(Role::Button, "Sign in with doctl's context staging").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Step(SignIn(UseDoctl(\"staging\"))))"]);
}

#[test]
fn a_sign_out_tells_what_was_removed_and_what_stays() {
    let window = window(fixtures::signed_out());
    window.get_by_role_and_label(Role::Heading, "Signed out: ada@example.com/Team Shop");
    window
        .get_by_label("Done: The token was removed from this computer's keychain and from memory.");
    window.get_by_label("Stays: Pool shop-pool created: 48 connections, transaction mode.");
}

#[test]
fn a_token_that_can_only_read_is_named_where_it_matters() {
    let window = window(fixtures::read_only());
    window.get_by_label_contains("This token can only read.");
    let mut setup = fixtures::sizing(Environment::Staging);
    setup.facts.learn("database:create", Grant::Lacks);
    let mut window = self::window(setup);
    window.get_by_label_contains("The token lacks a scope: database:create (create a pool).");
    window.get_by_role_and_label(Role::Button, "Sign in with another token").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Go(SignIn))"]);
}

#[test]
fn a_token_can_be_encrypted_with_a_passphrase() {
    let mut setup = fixtures::fresh();
    setup.steps.sign_in.draft.token = format!("dop_v1_{}", "0a".repeat(32));
    let mut window = window(setup);
    assert!(window.query_by_label("Passphrase for the token").is_none());
    window.get_by_role_and_label(Role::RadioButton, "Encrypt it").click();
    window.run();
    window.get_by_label("Type a passphrase of at least 8 characters.");
    let field = (Role::PasswordInput, "Passphrase for the token");
    window.get_by_role_and_label(field.0, field.1).focus();
    window.get_by_role_and_label(field.0, field.1).type_text("canary horse");
    window.run();
    window.get_by_role_and_label(Role::Button, "Sign in").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Step(SignIn(SignIn)))"]);
}

#[test]
fn an_encrypted_file_is_opened_with_its_passphrase() {
    let mut setup = fixtures::fresh();
    setup.steps.sign_in.sealed.is_there = true;
    let mut window = window(setup);
    assert!(window.get_by_label("Open the file").accesskit_node().is_disabled());
    window.get_by_role_and_label(Role::PasswordInput, "Passphrase").focus();
    window.get_by_role_and_label(Role::PasswordInput, "Passphrase").type_text("canary horse");
    window.key_press(Key::Enter);
    window.run();
    assert_eq!(asked(&window), ["Do(Step(SignIn(Unlock)))"]);
}
