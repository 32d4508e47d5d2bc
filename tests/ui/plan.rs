//! The plan's page: reached from the rail and the keyboard, ticked, applied, and what it says of what it did not do.

use egui::{Key, Modifiers};
use egui_kittest::{Harness, kittest::Queryable as _};
use poolwright::{
    setup::{plan::Tick, step::StepId},
    ui::act::Act,
};

use crate::fixtures::{Screen, asked, plan, shop, window};

fn tells(window: &Harness<'_, Screen>, text: &str) {
    assert!(0 < window.query_all_by_label_contains(text).count(), "{text}");
}

#[test]
fn it_opens_from_the_rail_and_by_ctrl_p() {
    let mut window = window(shop::pending());
    window.get_by_label_contains("Review the plan, steps 7 to 10").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Plan(Open))"]);
    window.state_mut().acts.clear();
    window.key_press_modifiers(Modifiers::COMMAND, Key::P);
    window.run();
    assert_eq!(asked(&window), ["Do(Plan(Open))"]);
}

#[test]
fn every_change_is_told_with_where_and_what_cannot_be_undone() {
    let window = window(plan::whole());
    for text in [
        "On this computer",
        "In the database, over the direct URL",
        "In DigitalOcean",
        "prisma/schema.prisma: +1 line",
        ".env: 2 variables",
        "2 pending migrations",
        "then one deployment",
        "Can't be undone",
        "is tracked by git",
    ] {
        tells(&window, text);
    }
}

#[test]
fn a_tick_and_the_button_ask_for_what_they_say() {
    let mut window = window(plan::whole());
    window.get_by_label("prisma/schema.prisma: +1 line").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Plan(Turn(Project(\"prisma/schema.prisma\"))))"]);
    let act = window.state_mut().acts.remove(0);
    if let Act::Do(msg) = act {
        window.state_mut().setup.act(shop::at(600), msg);
    }
    let items = window.state().setup.plan_items();
    assert_eq!(items[0].tick, Tick::Off);
    window.run();
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run();
    assert_eq!(asked(&window), ["Do(Plan(Apply))"]);
}

#[test]
fn what_was_and_was_not_done_stands_on_the_page() {
    let window = window(plan::stopped());
    tells(&window, "DigitalOcean did not accept the settings of shop-web.");
    tells(&window, "Done: step 7 (Project files). Not done: step 10 (App Platform).");
}

#[test]
fn a_plan_that_is_out_of_date_says_so_and_the_step_leads_back() {
    let mut window = window(plan::stale());
    tells(&window, "The plan is out of date. Nothing was changed.");
    window.get_by_label("Back").click();
    window.run();
    let step = window.state().setup.current;
    assert_eq!(asked(&window).last(), Some(&format!("Do(Go({step:?}))")));
    assert_ne!(step, StepId::SignIn);
}

#[test]
fn production_asks_for_its_name_first() {
    let window = window(plan::production());
    window.get_by_label_contains("Name of the cluster, shop-db, to allow changes");
}
