//! Page 4.

use egui::{Key, accesskit::Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::{
    domain::{cluster::Environment, pool::PoolMode},
    setup::{
        Msg,
        steps::pool::{self, Phase},
    },
};

use crate::fixtures::{self, asked, window};

fn size(window: &egui_kittest::Harness<'_, fixtures::Screen>) -> u32 {
    window.state().setup.steps.pool.draft.size
}

#[test]
fn the_suggestion_comes_with_its_arithmetic() {
    let mut window = window(fixtures::sizing(Environment::Staging));
    let slider = window.get_by_role_and_label(Role::Slider, "Pool size");
    assert_eq!(slider.accesskit_node().numeric_value(), Some(48.0));
    window.get_by_role_and_label(Role::Button, "Why 48?").click();
    window.run();
    window.get_by_label("Limit: 97, measured on the server");
    window.get_by_label("Other pools: − 10");
    window.get_by_label("At most: = 84");
    window.get_by_label("Starting point: 48: half of the limit, DigitalOcean's advice");
    window.get_by_label("Suggested: 48: the larger of both, at most 84");
}

#[test]
fn the_slider_obeys_arrows_page_keys_and_a_screen_reader() {
    let mut window = window(fixtures::sizing(Environment::Staging));
    window.get_by_role_and_label(Role::Slider, "Pool size").focus();
    window.run();
    window.key_press(Key::ArrowRight);
    window.run();
    assert_eq!(size(&window), 49);
    window.key_press(Key::PageDown);
    window.run();
    assert_eq!(size(&window), 44);
    window.get_by_role_and_label(Role::Slider, "Pool size").set_value_accesskit(30.0);
    window.run();
    assert_eq!(size(&window), 30);
    window.get_by_role_and_label(Role::Slider, "Pool size").set_value_accesskit(97.0);
    window.run();
    assert_eq!(size(&window), 84, "the slider ends at what is free");
    assert!(window.state().setup.steps.pool.draft.size_chosen);
}

#[test]
fn more_than_what_is_free_may_be_typed_and_is_refused_with_a_fix() {
    let mut setup = fixtures::sizing(Environment::Staging);
    setup.steps.pool.draft.size = 90;
    let mut window = window(setup);
    window.get_by_label_contains("90 is more than the 84 connections that are free. 97 in all");
    let create = window.get_by_role_and_label(Role::Button, "Create pool “shop-pool”");
    assert!(create.accesskit_node().is_disabled());
    window.get_by_role_and_label(Role::Button, "Use 48").click();
    window.run();
    assert_eq!(asked(&window), [format!("Do({:?})", Msg::from(pool::Msg::UseSize(48)))]);
}

#[test]
fn mode_name_database_and_user_are_edited_in_place() {
    let mut window = window(fixtures::sizing(Environment::Staging));
    window.get_by_role_and_label(Role::RadioButton, "Session").click();
    window.get_by_role_and_label(Role::TextInput, "Name").focus();
    window.get_by_role_and_label(Role::TextInput, "Name").type_text("-2");
    window.run();
    window.get_by_role_and_label(Role::ComboBox, "Database").click();
    window.run();
    window.get_by_role_and_label(Role::Button, "reports").click();
    window.run();
    let draft = &window.state().setup.steps.pool.draft;
    assert_eq!(draft.mode, PoolMode::Session);
    assert_eq!(draft.name, "shop-pool-2");
    assert_eq!(draft.db, "reports");
}

#[test]
fn the_administrator_as_user_is_advised_against() {
    let mut setup = fixtures::sizing(Environment::Staging);
    setup.steps.pool.draft.user = Some("doadmin".to_owned());
    let window = window(setup);
    window.get_by_label_contains("This user is the administrator.");
}

#[test]
fn an_existing_pool_is_resized_with_both_values_shown() {
    let mut setup = fixtures::sizing(Environment::Staging);
    let cluster = setup.facts.cluster.as_mut().expect("a cluster");
    cluster.pools.push(fixtures::pool("shop-pool", 20));
    let window = window(setup);
    window.get_by_role_and_label(Role::Heading, "Pool shop-pool changes");
    window.get_by_label_contains("Database shop and user shop_app go along unchanged.");
    let request = pool::request(&window.state().setup.steps.pool, &window.state().setup.facts);
    let request = request.expect("a request");
    assert_eq!(request.path, "/v2/databases/9cc10173-shop-db/pools/shop-pool");
    assert_eq!(request.method, "PUT");
    assert!(request.body.contains("\"user\": \"shop_app\""), "without it the user would be wiped");
    window.get_by_role_and_label(Role::Button, "Change pool “shop-pool” to 48");
}

#[test]
fn a_dry_run_says_what_it_would_do_until_something_is_edited() {
    let mut setup = fixtures::sizing(Environment::Production);
    setup.rules.dry_run = true;
    setup.act(fixtures::now(), pool::Msg::Act.into());
    let mut window = window(setup);
    window.get_by_label_contains("Dry run: pool shop-pool would be ordered.");
    window.get_by_role_and_label(Role::RadioButton, "Statement").click();
    window.run();
    assert!(matches!(window.state().setup.steps.pool.phase, Phase::Editing));
}

#[test]
fn a_created_pool_is_told_as_it_was_read_back() {
    let window = window(fixtures::created());
    window.get_by_label_contains("Pool shop-pool is there.");
    window.get_by_label_contains(
        "48 connections, transaction mode, database shop as shop_app on port 25061",
    );
    window.get_by_role_and_label(Role::Button, "Next: Pooled and direct");
}

#[test]
fn the_form_waits_while_the_pool_is_created() {
    let window = window(fixtures::creating());
    window.get_by_label("Creating pool shop-pool…");
    let name = window.get_by_role_and_label(Role::TextInput, "Name");
    assert!(name.accesskit_node().is_disabled());
}

#[test]
fn a_small_pool_that_is_there_is_used_made_larger_or_left_alone() {
    let mut window = window(fixtures::pool_exists());
    window.get_by_label_contains("48 would be the suggestion for this cluster.");
    window.get_by_role_and_label(Role::Button, "Use pool “shop-pool”");
    window.get_by_role_and_label(Role::Button, "Make it 48").click();
    window.run();
    window.get_by_role_and_label(Role::Button, "Create another pool").click();
    window.run();
    let wanted = [pool::Msg::UseSize(48), pool::Msg::Another];
    assert_eq!(asked(&window), wanted.map(|msg| format!("Do({:?})", Msg::from(msg))));
}

#[test]
fn without_the_scope_the_five_values_are_copied_and_the_pool_is_checked_for() {
    let mut window = window(fixtures::pool_by_hand());
    for (what, value) in [
        ("Pool name", "shop-pool"),
        ("Database", "shop"),
        ("User", "shop_app"),
        ("Pool mode", "Transaction"),
        ("Pool size", "48"),
    ] {
        window.get_by_label(&format!("{what}: {value}"));
        window.get_by_label(&format!("Copy the {}", what.to_lowercase()));
    }
    window.get_by_role_and_label(Role::Button, "Check now").click();
    window.run();
    assert_eq!(asked(&window), [format!("Do({:?})", Msg::from(pool::Msg::Check))]);
}

#[test]
fn a_name_is_judged_while_it_is_typed() {
    let mut window = window(fixtures::sizing(Environment::Staging));
    window.get_by_label("The name is free.");
    window.get_by_role_and_label(Role::TextInput, "Name").focus();
    window.get_by_role_and_label(Role::TextInput, "Name").type_text(".");
    window.run();
    window.get_by_label_contains("DigitalOcean may refuse it: a pool's name has letters");
    window.get_by_role_and_label(Role::Button, "Create pool “shop-pool.”");
}

#[test]
fn what_stays_direct_is_ticked_and_counts() {
    let mut window = window(fixtures::sizing(Environment::Staging));
    window.get_by_role_and_label(Role::Button, "What stays outside of the pool?").click();
    window.run();
    window.get_by_role_and_label(Role::CheckBox, "shop-worker: 7").click();
    window.run();
    window.get_by_label_contains("direct 7");
}

#[test]
fn a_page_has_one_filled_button_and_a_problem_leaves_it_to_the_footer() {
    let window = window(fixtures::pool_not_there_yet());
    // The footer's button does what the card's would.
    window.get_by_role_and_label(Role::Button, "Check again");
    window.get_by_role_and_label(Role::Button, "Check now");
}
