//! Page 5.

use egui::accesskit::Role;
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use poolwright::{
    domain::{client::Client, secret::Secret, stages::Tracking},
    setup::{Rules, Setup, step::StepId},
    ui::act::{Act, Copied},
};

use crate::fixtures::{
    Screen, asked,
    shop::{CANARY, settled, shop},
    sized, window,
};

fn copied(act: Option<&Act>) -> Option<(&str, &str, bool)> {
    let Act::Copy(Copied { text, kind, secret }) = act? else { return None };
    Some((text.expose(), kind, *secret))
}

const HOST: &str = "shop-db-do-user-1.f.db.ondigitalocean.com";

#[test]
fn copying_says_what_it_copies_and_whether_it_is_secret() {
    let mut harness = window(shop(StepId::Urls));
    harness.get_by_label("Copy Pooled URL with password").click();
    harness.run_ok();
    harness.get_by_label("Copy Direct URL without password").click();
    harness.run_ok();
    let acts = &harness.state().acts;
    let pooled = format!("postgresql://shop_app:{CANARY}@{HOST}:25061/shop-pool?sslmode=require");
    assert_eq!(copied(acts.first()), Some((pooled.as_str(), "Pooled URL with password", true)));
    let direct = format!("postgresql://doadmin@{HOST}:25060/shop?sslmode=require");
    let without = "Direct URL without password";
    assert_eq!(copied(acts.get(1)), Some((direct.as_str(), without, false)));
}

#[test]
fn each_part_of_the_url_has_its_name_and_its_sentence() {
    let harness = window(shop(StepId::Urls));
    let pool = harness.get_by_role_and_label(Role::Button, "Pooled URL, pool's name: /shop-pool");
    let sentence = pool.accesskit_node().data().description().unwrap_or_default().to_owned();
    assert_eq!(
        sentence,
        "“shop-pool” is the pool's name, not a database. Using “shop” here is refused."
    );
    harness.get_by_role_and_label(Role::Button, "Direct URL, database: /shop");
    harness.get_by_role_and_label(Role::Button, "Pooled URL, password: hidden");
}

#[test]
fn a_password_is_shown_when_asked_and_hidden_after_half_a_minute() {
    let mut harness = window(shop(StepId::Urls));
    let shown = format!("Pooled URL, password: :{CANARY}");
    harness.get_by_label("Show the password of the Pooled URL").click();
    harness.run_ok();
    harness.get_by_label(&shown);
    harness.get_by_label("Direct URL, password: hidden");
    harness.input_mut().time = Some(harness.ctx.input(|input| input.time) + 31.0);
    harness.run_ok();
    assert!(harness.query_by_label(&shown).is_none());
}

#[test]
fn a_password_is_hidden_when_the_window_loses_the_focus() {
    let mut harness = window(shop(StepId::Urls));
    harness.get_by_label("Show the password of the Pooled URL").click();
    harness.run_ok();
    harness.input_mut().focused = false;
    harness.run_ok();
    harness.input_mut().focused = true;
    harness.run_ok();
    harness.get_by_label("Pooled URL, password: hidden");
}

#[test]
fn the_clients_form_follows_the_project_and_the_probe() {
    let mut setup = settled(StepId::Urls);
    setup.facts.project = Some(crate::fixtures::shop::project());
    let tested = crate::fixtures::shop::tested();
    assert_eq!(tested.probe.map(|probe| probe.tracking), Some(Tracking::NotTracked));
    setup.facts.tested = Some(tested);
    let harness = window(setup);
    harness.get_by_label("Pooled URL, parameter: &pgbouncer=true");
    harness.get_by_label("Pooled URL, parameter: &connection_limit=5");
    assert!(harness.query_by_label_contains("Direct URL, parameter: &pgbouncer").is_none());
}

#[test]
fn own_names_are_typed_and_refused_where_no_shell_takes_them() {
    let mut setup = shop(StepId::Urls);
    setup.steps.urls.draft.pooled_key = "MY-URL".to_owned();
    let harness = window(setup);
    harness.get_by_role_and_label(Role::TextInput, "Variable, pooled");
    harness.get_by_label_contains("“MY-URL” is not a variable name");
    let button = harness.get_by_role_and_label(Role::Button, "Use these URLs");
    assert!(button.accesskit_node().is_disabled());
}

#[test]
fn a_hidden_password_is_asked_for() {
    let mut setup = shop(StepId::Urls);
    let cluster = setup.facts.cluster.as_mut().expect("a cluster");
    cluster.cluster.direct.password = None;
    cluster.users.iter_mut().for_each(|user| user.password = None);
    let mut harness = window(setup);
    let field = harness.get_by_role_and_label(Role::PasswordInput, "Password of shop_app");
    field.focus();
    field.type_text("s3cret/");
    harness.run_ok();
    let built = harness.state().setup.steps.urls.build(&harness.state().setup.facts);
    let url = built.expect("both URLs").pooled.text();
    assert!(url.expose().contains("shop_app:s3cret%2F@"));
    assert!(harness.query_by_label_contains("s3cret").is_none());
}

#[test]
fn a_typed_password_is_for_its_role_of_its_cluster_only() {
    let mut setup = shop(StepId::Urls);
    let facts = setup.facts.cluster.as_mut().expect("a cluster");
    facts.cluster.direct.password = None;
    facts.users.iter_mut().for_each(|user| user.password = None);
    let id = facts.cluster.id.clone();
    setup.steps.urls.draft.type_for(&id, "shop_app", Secret::new("typed"));
    assert!(setup.steps.urls.build(&setup.facts).is_ok());
    let other_role = |setup: &mut Setup, role: &str| {
        setup.facts.pool.as_mut().expect("a pool").user = Some(role.to_owned());
        setup.steps.urls.build(&setup.facts).err()
    };
    let asked = other_role(&mut setup, "reports").expect("a question");
    assert!(asked.starts_with("The password of reports is hidden"), "{asked}");
    assert_eq!(other_role(&mut setup, "shop_app"), None);
    let cluster = setup.facts.cluster.as_mut().expect("a cluster");
    cluster.cluster.id.0.push('2');
    assert!(setup.steps.urls.build(&setup.facts).is_err());
}

/// Nothing of the page lies below the window's edge.
fn tall(setup: Setup) -> Harness<'static, Screen> {
    sized(setup, egui::vec2(1180.0, 2600.0), egui::Theme::Light)
}

/// Without an account, at step 5.
fn without_account() -> Setup {
    let mut setup = Setup::new(Rules::default());
    setup.current = StepId::Urls;
    setup
}

const POOLED: &str = "postgresql://app:pw@db.example:25061/shop-pool?sslmode=require";
const DIRECT: &str = "postgresql://app:pw@db.example:25060/shop?sslmode=require";

fn paste(harness: &mut Harness<'_, Screen>, text: &str) {
    let field = harness.get_by_role_and_label(Role::PasswordInput, "Pooled and direct URL");
    field.focus();
    field.type_text(text);
    harness.run_ok();
}

#[test]
fn pasted_urls_serve_without_an_account() {
    let mut harness = tall(without_account());
    assert!(harness.query_all_by_label_contains("Paste both URLs").next().is_some());
    paste(&mut harness, &format!("DIRECT_URL={DIRECT} DATABASE_URL='{POOLED}'"));
    harness.get_by_label("Found: Pooled URL: db.example, port 25061");
    harness.get_by_label("Found: Direct URL: db.example, port 25060");
    harness.get_by_role_and_label(Role::Button, "Use these URLs").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Urls(Accept)))"]);
    let urls = harness.state().setup.steps.urls.build(&harness.state().setup.facts).expect("both");
    assert_eq!((urls.pooled.text().expose(), urls.direct.text().expose()), (POOLED, DIRECT));
    assert!(harness.query_by_label_contains("app:pw").is_none(), "the password is not shown");
}

#[test]
fn one_pasted_url_asks_for_the_one_name_that_is_missing() {
    let mut harness = tall(without_account());
    paste(&mut harness, POOLED);
    let field = harness.get_by_role_and_label(Role::TextInput, "Name of the database");
    field.focus();
    field.type_text("shop");
    harness.run_ok();
    let urls = harness.state().setup.steps.urls.build(&harness.state().setup.facts).expect("both");
    assert_eq!(urls.direct.text().expose(), DIRECT);
}

#[test]
fn a_raw_password_is_encoded_when_the_person_agrees() {
    let mut harness = tall(without_account());
    paste(&mut harness, &format!("{} {DIRECT}", POOLED.replace(":pw@", ":p#w@")));
    harness.get_by_label_contains(
        "A URL could not be read: the password seems to hold an unescaped #.",
    );
    harness
        .get_by_role_and_label(Role::Button, "Password of 3 characters with #, host db.example")
        .click();
    harness.run_ok();
    let urls = harness.state().setup.steps.urls.build(&harness.state().setup.facts).expect("both");
    assert_eq!(urls.pooled.text().expose(), POOLED.replace(":pw@", ":p%23w@"));
}

#[test]
fn exchanged_urls_are_exchanged_by_a_button() {
    let mut setup = without_account();
    let known = poolwright::setup::steps::urls::known(&setup.facts);
    let draft = &mut setup.steps.urls.draft;
    draft.paste(Secret::new(format!("{POOLED} {DIRECT}")), &known);
    std::mem::swap(&mut draft.pasted.pooled, &mut draft.pasted.direct);
    let mut harness = tall(setup);
    harness.get_by_label_contains("To be changed: These two URLs seem exchanged");
    harness.get_by_role_and_label(Role::Button, "Exchange them").click();
    harness.run_ok();
    assert!(harness.query_by_label_contains("These two URLs seem exchanged").is_none());
    harness.get_by_role_and_label(Role::Button, "Pooled URL, port: :25061");
}

#[test]
fn a_client_is_found_by_typing_and_taken_with_enter() {
    let mut harness = tall(shop(StepId::Urls));
    harness.get_by_role_and_label(Role::ComboBox, "Written for").click();
    harness.run_ok();
    let field = harness.get_by_role_and_label(Role::TextInput, "Search");
    assert!(field.is_focused(), "typing goes to the search");
    field.type_text("go pool");
    harness.run_ok();
    assert!(harness.query_by_role_and_label(Role::RadioButton, "node-postgres").is_none());
    harness.key_press(egui::Key::Enter);
    harness.run_ok();
    harness.get_by_label("Pooled URL, parameter: &default_query_exec_mode=exec");
    harness.get_by_role_and_label(Role::Button, "Copy settings for pgx");
    assert!(harness.query_by_role_and_label(Role::TextInput, "Search").is_none(), "it closes");
}

#[test]
fn every_client_can_be_chosen_and_shows_its_settings() {
    let mut harness = tall(shop(StepId::Urls));
    for client in Client::ALL {
        harness.get_by_role_and_label(Role::ComboBox, "Written for").click();
        harness.run_ok();
        harness.get_by_role_and_label(Role::RadioButton, client.title()).click();
        harness.run_ok();
        let copy = format!("Copy settings for {}", client.title());
        let shown = harness.query_by_role_and_label(Role::Button, &copy).is_some();
        assert_eq!(shown, !client.about().code.is_empty(), "{client:?}");
    }
}

#[test]
fn the_authority_is_written_into_the_project() {
    let mut setup = settled(StepId::Urls);
    setup.facts.cluster.as_mut().expect("a cluster").ca = Some("PEM".to_owned());
    setup.facts.project = Some(crate::fixtures::shop::project());
    setup.steps.urls.draft.verify = true;
    let mut harness = tall(setup);
    harness.get_by_label("Pooled URL, parameter: &sslaccept=strict");
    harness.get_by_role_and_label(Role::Button, "Write shop-db-ca.crt").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Urls(SaveAuthority)))"]);
}

#[test]
fn the_primary_button_accepts_both() {
    let mut harness = window(shop(StepId::Urls));
    harness.get_by_role_and_label(Role::Button, "Use these URLs").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Urls(Accept)))"]);
}
