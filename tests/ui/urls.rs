//! Page 5.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::{
    domain::stages::Tracking,
    setup::step::StepId,
    ui::act::{Act, Copied},
};

use crate::fixtures::{
    asked,
    shop::{CANARY, settled, shop},
    window,
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
fn the_primary_button_accepts_both() {
    let mut harness = window(shop(StepId::Urls));
    harness.get_by_role_and_label(Role::Button, "Use these URLs").click();
    harness.run_ok();
    assert_eq!(asked(&harness), ["Do(Step(Urls(Accept)))"]);
}
