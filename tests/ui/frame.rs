//! The frame: rail, buttons, what stands in the way, the drawer of requests, and the keyboard.

use egui::{Key, Modifiers, accesskit::Role};
use egui_kittest::{
    Node,
    kittest::{NodeT as _, Queryable as _},
};
use poolwright::{
    domain::cluster::Environment,
    setup::{
        Msg,
        facts::WrittenFile,
        step::StepId,
        steps::{pool, urls},
    },
    ui::page,
};

use crate::fixtures::{self, SMALL, WINDOW, asked, at, sized, window};

#[test]
fn the_rail_tells_name_place_and_state() {
    let window = window(fixtures::clusters());
    window.get_by_role_and_label(Role::Button, "Sign in, step 1 of 12, Done");
    window.get_by_role_and_label(Role::Button, "Cluster, step 2 of 12, Needs you");
    window.get_by_role_and_label(Role::Button, "Pool, group 2 of 6, Not started");
    assert!(window.query_by_label_contains("step 6 of 12").is_none(), "other groups are folded");
}

#[test]
fn a_group_leads_to_its_first_open_step() {
    let mut window = window(fixtures::chosen(Environment::Staging));
    window.get_by_label_contains("Connect, group 1").click();
    window.get_by_label_contains("Pool, group 2").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Go(SignIn))", "Do(Go(Measure))"]);
}

#[test]
fn a_narrow_window_has_the_steps_in_a_menu() {
    let mut window = sized(fixtures::clusters(), SMALL, egui::Theme::Light);
    window.get_by_role_and_label(Role::Button, "Step 2 of 12 · Cluster").click();
    window.run();
    window.get_by_role_and_label(Role::Button, "Sign in, step 1 of 12, Done").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Go(SignIn))"]);
}

#[test]
fn a_button_that_waits_says_why() {
    let mut window = window(fixtures::fresh());
    let button = window.get_by_role_and_label(Role::Button, "Sign in");
    assert!(button.accesskit_node().is_disabled());
    window.get_by_label("Paste a token first.");
    button.click();
    window.run();
    assert!(asked(&window).is_empty());
}

#[test]
fn what_runs_can_be_stopped_in_the_place_of_the_primary_button() {
    let mut window = window(fixtures::signing_in());
    window.get_by_label("Signing in…");
    window.get_by_role_and_label(Role::Button, "Stop").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Step(SignIn(Stop)))"]);
}

#[test]
fn a_step_that_is_done_leads_on() {
    let mut window = window(fixtures::signed_in());
    window.get_by_role_and_label(Role::Button, "Next: Cluster").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Go(Cluster))"]);
}

#[test]
fn a_step_is_left_out_with_what_that_costs() {
    let mut window = window(at(fixtures::chosen(Environment::Staging), StepId::Measure));
    let skip = "Skip this step (no baseline for the comparison)";
    window.get_by_role_and_label(Role::Button, skip).click();
    window.run();
    assert_eq!(asked(&window), ["Do(Skip(Measure))", "Do(Go(Pool))"]);
}

#[test]
fn what_a_step_needs_is_said_and_its_controls_wait() {
    let mut window = window(at(fixtures::signed_in(), StepId::Pool));
    window.get_by_label("You can look ahead. This step needs: step 2, Cluster.");
    window.get_by_role_and_label(Role::Button, "Go to step 2").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Go(Cluster))"]);
}

#[test]
fn production_waits_for_its_name() {
    let mut window = window(fixtures::sizing(Environment::Production));
    let create = "Create pool “shop-pool”";
    let field = "Name of the cluster, shop-db, to allow changes";
    let allow = "Allow changes to shop-db";
    assert!(window.get_by_label(create).accesskit_node().is_disabled());
    window.get_by_role_and_label(Role::TextInput, field).focus();
    window.get_by_role_and_label(Role::TextInput, field).type_text("shop-d");
    window.run();
    assert!(window.get_by_label(allow).accesskit_node().is_disabled());
    window.get_by_role_and_label(Role::TextInput, field).type_text("b");
    window.run();
    window.get_by_label(allow).click();
    window.run();
    assert_eq!(window.state().setup.rules.production_named.as_deref(), Some("shop-db"));
    assert!(!window.get_by_label(create).accesskit_node().is_disabled());
}

#[test]
fn a_dry_run_needs_no_name_and_is_switched_by_key_or_click() {
    let mut window = window(fixtures::sizing(Environment::Production));
    window.key_press_modifiers(Modifiers::COMMAND, Key::D);
    window.run();
    assert!(window.state().setup.rules.dry_run);
    assert!(window.query_by_label("Allow changes to shop-db").is_none());
    window.get_by_role_and_label(Role::Switch, "Dry run").click();
    window.run();
    assert!(!window.state().setup.rules.dry_run);
}

#[test]
fn the_request_is_shown_before_it_is_sent() {
    let mut window = window(fixtures::sizing(Environment::Staging));
    window.get_by_label("Show what will be sent").click();
    window.run();
    window.get_by_label_contains("POST /v2/databases/9cc10173-shop-db/pools");
    window.get_by_label("Request 1 as a command").click();
    window.run();
    window.get_by_label_contains("doctl databases pool create 9cc10173-shop-db shop-pool");
    assert!(asked(&window).is_empty(), "looking sends nothing");
}

#[test]
fn the_drawer_lists_what_was_sent_and_gives_the_focus_back() {
    let mut window = window(fixtures::created());
    window.key_press_modifiers(Modifiers::COMMAND, Key::L);
    window.run();
    assert!(window.get_by_label("Close requests").is_focused());
    window.get_by_role_and_label(Role::Tab, "History").click();
    window.run();
    window.get_by_label("POST /v2/databases/9cc10173-shop-db/pools");
    window.get_by_label_contains("403 · 132 ms");
    window.get_by_label_contains("no answer · 132 ms");
    window.key_press(Key::Escape);
    window.run();
    assert!(window.query_by_label("Close requests").is_none());
    assert!(window.get_by_role_and_label(Role::Button, "Requests 4").is_focused());
}

#[test]
fn the_keyboard_presses_the_primary_button_and_goes_between_pages() {
    let mut window = window(fixtures::sizing(Environment::Staging));
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.key_press_modifiers(Modifiers::ALT, Key::ArrowLeft);
    window.key_press_modifiers(Modifiers::ALT, Key::ArrowRight);
    window.key_press_modifiers(Modifiers::COMMAND, Key::Num1);
    window.run();
    let wanted = ["Do(Step(Pool(Act)))", "Do(Go(Measure))", "Do(Go(Urls))", "Do(Go(SignIn))"];
    assert_eq!(asked(&window), wanted);
}

#[test]
fn arrows_in_a_text_field_stay_in_it() {
    let mut window = window(fixtures::sizing(Environment::Staging));
    window.get_by_role_and_label(Role::TextInput, "Name").focus();
    window.run();
    window.key_press_modifiers(Modifiers::ALT, Key::ArrowLeft);
    window.run();
    assert!(asked(&window).is_empty());
}

#[test]
fn what_runs_is_stopped_by_key() {
    let mut window = window(fixtures::creating());
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.key_press_modifiers(Modifiers::COMMAND, Key::Period);
    window.run();
    let why = "Say(\"Creating pool shop-pool…\")";
    assert_eq!(asked(&window), [why, "Do(Step(Pool(Stop)))"]);
}

#[test]
fn a_new_page_gives_the_focus_to_its_title() {
    let mut window = window(fixtures::signed_in());
    window.state_mut().setup.act(fixtures::now(), Msg::Go(StepId::Cluster));
    window.run();
    assert!(window.get_by_label("Choose the cluster").is_focused());
}

#[test]
fn f6_goes_round_the_parts_of_the_window() {
    let mut window = window(fixtures::clusters());
    let mut seen = Vec::new();
    for _ in 0..4 {
        window.key_press(Key::F6);
        window.run();
        let focused = window.root().children_recursive().find(Node::is_focused);
        let node = focused.map(|node| node.accesskit_node());
        let name = node.and_then(|node| node.label().or_else(|| node.value()));
        seen.push(name.unwrap_or_default());
    }
    let wanted = ["Cluster, step 2 of 12, Needs you", "Choose the cluster", "Back", "Dry run"];
    assert_eq!(seen, wanted);
}

#[test]
fn f1_opens_the_help_of_the_step_and_gives_the_focus_back() {
    let mut window = window(fixtures::sizing(Environment::Staging));
    window.get_by_role_and_label(Role::TextInput, "Name").focus();
    window.run();
    window.key_press(Key::F1);
    window.run();
    assert!(window.get_by_label("Close help").is_focused());
    for title in ["What it does", "What it changes", "What it never does", "Keys"] {
        window.get_by_role_and_label(Role::Heading, title);
    }
    window.get_by_label_contains("One request to DigitalOcean creates the pool");
    window.key_press(Key::Escape);
    window.run();
    assert!(window.query_by_label("Close help").is_none());
    assert!(window.get_by_role_and_label(Role::TextInput, "Name").is_focused());
}

#[test]
fn the_help_stands_in_the_same_place_on_every_page() {
    let mut places = Vec::new();
    for step in StepId::ALL {
        let mut window = window(at(fixtures::created(), step));
        window.get_by_role_and_label(Role::Button, "Help for this step").click();
        window.run();
        window.get_by_label_contains(&format!("Step {}, {}", step.number(), step.name()));
        places.push(window.get_by_label("Close help").rect());
    }
    assert!(places.windows(2).all(|two| two[0] == two[1]), "{places:?}");
}

#[test]
fn help_and_requests_take_the_place_of_each_other() {
    let mut window = window(fixtures::created());
    window.key_press(Key::F1);
    window.run();
    window.key_press_modifiers(Modifiers::COMMAND, Key::L);
    window.run();
    assert!(window.query_by_label("Close help").is_none());
    window.get_by_label("Close requests");
    window.key_press(Key::F1);
    window.run();
    assert!(window.query_by_label("Close requests").is_none());
}

#[test]
fn a_command_is_found_by_a_few_letters_and_done_with_enter() {
    let mut window = window(fixtures::sizing(Environment::Staging));
    window.get_by_role_and_label(Role::TextInput, "Name").focus();
    window.run();
    window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.run();
    // The field has the focus; a screen reader is told the row that Enter would do.
    let first = "Create pool “shop-pool”";
    assert!(window.get_by_role_and_label(Role::ListBoxOption, first).is_focused());
    window.get_by_role_and_label(Role::SearchInput, "Find a command").type_text("measure");
    window.run();
    window.key_press(Key::Enter);
    window.run();
    assert_eq!(asked(&window), ["Do(Go(Measure))"]);
    assert!(window.query_by_label("Find a command").is_none());
    assert!(window.get_by_role_and_label(Role::TextInput, "Name").is_focused());
}

#[test]
fn arrows_choose_among_commands_and_escape_leaves_them() {
    let mut window = window(fixtures::sizing(Environment::Staging));
    window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.run();
    let chosen = |window: &egui_kittest::Harness<'_, fixtures::Screen>, name: &str| {
        let node = window.get_by_role_and_label(Role::ListBoxOption, name);
        node.accesskit_node().is_selected() == Some(true)
    };
    assert!(chosen(&window, "Create pool “shop-pool”"));
    window.key_press(Key::ArrowDown);
    window.run();
    assert!(chosen(&window, "Previous step"));
    window.key_press(Key::Escape);
    window.run();
    assert!(window.query_by_label("Find a command").is_none());
    assert!(asked(&window).is_empty());
}

#[test]
fn a_command_that_can_not_be_done_says_why_and_stays() {
    let mut window = window(fixtures::fresh());
    window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.run();
    window.get_by_role_and_label(Role::SearchInput, "Find a command").type_text("copy pooled");
    window.run();
    let row =
        window.get_by_role_and_label(Role::ListBoxOption, "Copy the pooled URL with password");
    assert!(row.accesskit_node().is_disabled());
    window.key_press(Key::Enter);
    window.run();
    window.get_by_role_and_label(Role::SearchInput, "Find a command");
    assert!(asked(&window).is_empty());
}

#[test]
fn while_the_commands_are_open_no_other_key_reaches_the_page() {
    let mut window = window(fixtures::sizing(Environment::Staging));
    window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.run();
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.key_press_modifiers(Modifiers::COMMAND, Key::D);
    window.run();
    assert!(asked(&window).is_empty());
    assert!(!window.state().setup.rules.dry_run);
}

#[test]
fn keys_copy_either_url() {
    let mut window = window(fixtures::shop::shop(StepId::App));
    let both = Modifiers::COMMAND | Modifiers::SHIFT;
    window.key_press_modifiers(both, Key::C);
    window.key_press_modifiers(both, Key::D);
    window.run();
    let asked = asked(&window);
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked[0].contains("kind: \"Pooled URL with password\", secret: true"), "{asked:?}");
    assert!(asked[1].contains("kind: \"Direct URL with password\", secret: true"), "{asked:?}");
    assert!(!window.state().setup.rules.dry_run, "Shift+D is no D");
}

#[test]
fn a_key_that_does_nothing_here_says_why() {
    let mut window = window(fixtures::signed_in());
    window.key_press_modifiers(Modifiers::COMMAND, Key::Period);
    window.key_press_modifiers(Modifiers::ALT, Key::ArrowLeft);
    window.run();
    let wanted = ["Say(\"Nothing runs on this page.\")", "Say(\"This is the first step.\")"];
    assert_eq!(asked(&window), wanted);
}

#[test]
fn the_list_of_changes_is_opened_by_key_and_nothing_is_taken_back() {
    let mut window = window(fixtures::created());
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.run();
    assert_eq!(asked(&window), ["Do(Go(HandOver))"]);
}

#[test]
fn no_two_commands_or_lines_of_help_share_a_name() {
    for key in [(Modifiers::NONE, Key::F1), (Modifiers::COMMAND, Key::K)] {
        for step in StepId::ALL {
            let mut window = window(at(fixtures::created(), step));
            window.key_press_modifiers(key.0, key.1);
            window.run();
            let mut names: Vec<String> = window
                .root()
                .children_recursive()
                .filter(|node| {
                    matches!(node.accesskit_node().role(), Role::Button | Role::ListBoxOption)
                })
                .map(|node| {
                    let node = node.accesskit_node();
                    format!("{:?} {}", node.role(), node.label().unwrap_or_default())
                })
                .collect();
            names.sort();
            let twice: Vec<_> = names.windows(2).filter(|two| two[0] == two[1]).collect();
            assert!(twice.is_empty(), "{step:?}: {twice:?}");
        }
    }
}

#[test]
fn the_tree_is_in_reading_order() {
    let window = window(fixtures::clusters());
    let labels: Vec<String> = window
        .root()
        .children_recursive()
        .filter_map(|node| node.accesskit_node().label().or(node.accesskit_node().value()))
        .collect();
    let place = |text: &str| labels.iter().position(|label| label == text);
    let order = [
        place("New set-up"),
        place("Dry run"),
        place("Cluster, step 2 of 12, Needs you"),
        place("Choose the cluster"),
        place("shop-db"),
        place("Back"),
        place("Use this cluster"),
    ];
    assert!(order.iter().all(Option::is_some), "{order:?} in {labels:?}");
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn the_first_step_leads_back_to_the_start_page_while_nothing_was_changed() {
    let mut window = window(fixtures::fresh());
    window.get_by_role_and_label(Role::Button, "Start page").click();
    window.run();
    assert_eq!(asked(&window), ["Leave"]);
    let changed = sized(at(fixtures::created(), StepId::SignIn), WINDOW, egui::Theme::Light);
    assert!(changed.query_by_label("Start page").is_none());
}

#[test]
fn finish_waits_until_nothing_is_open() {
    let handed_over = || {
        let mut setup = fixtures::created();
        for step in StepId::ALL.into_iter().filter(|step| step.skippable().is_some()) {
            setup.act(fixtures::now(), Msg::Skip(step));
        }
        setup.facts.runbook = Some(WrittenFile {
            file: "POOLING.md".into(),
            hash: String::new(),
            backup: None,
            what: String::new(),
        });
        at(setup, StepId::HandOver)
    };
    let waiting = window(handed_over());
    assert!(waiting.get_by_label("Finish").accesskit_node().is_disabled());
    waiting.get_by_label("One step is open: Pooled and direct.");

    let mut setup = at(handed_over(), StepId::Urls);
    setup.act(fixtures::now(), urls::Msg::Accept.into());
    setup.facts.leases = vec![fixtures::lease(60)];
    let let_in = window(at(setup, StepId::HandOver));
    assert!(let_in.get_by_label("Finish").accesskit_node().is_disabled());
    let_in.get_by_label_contains("This computer may still connect to the database.");

    let mut setup = at(handed_over(), StepId::Urls);
    setup.act(fixtures::now(), urls::Msg::Accept.into());
    let mut open = window(at(setup, StepId::HandOver));
    open.get_by_label("Finish").click();
    open.run();
    assert_eq!(asked(&open), ["Finish"]);
}

#[test]
fn access_is_counted_down_and_removed_with_one_click() {
    let mut setup = fixtures::created();
    setup.facts.leases = vec![fixtures::lease(102)];
    let mut window = window(setup);
    window.get_by_label("Access 1:42, remove this computer's access now").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Step(Test(Remove)))"]);
}

#[test]
fn nothing_in_the_header_lies_over_another_part_in_a_small_window() {
    for width in [320.0, 480.0, 640.0, 700.0] {
        for step in StepId::ALL {
            let mut setup = fixtures::created();
            setup.facts.leases = vec![fixtures::lease(102)];
            let size = egui::vec2(width, SMALL.y);
            let window = sized(at(setup, step), size, egui::Theme::Light);
            let menu = format!("Step {} of 12 · {}", step.number(), step.name());
            let menu = window.get_by_role_and_label(Role::Button, &menu).rect();
            let chip = window.get_by_label_contains("Access 1:42").rect();
            let environment = fixtures::created().facts.cluster.unwrap().environment;
            let pill = window.query_by_label(environment.word()).map(|pill| pill.rect());
            if 640.0 <= width {
                let pill = pill.expect("the environment is told");
                assert!(menu.right() <= pill.left() && pill.right() <= chip.left(), "{step:?}");
            } else if 480.0 <= width {
                let end = pill.map_or(menu.right(), |pill| pill.right());
                assert!(end <= chip.left(), "{step:?} at {width}");
            }
        }
    }
}

#[test]
fn the_title_tells_step_cluster_and_environment() {
    let title = |setup| page::title(&setup, None);
    assert_eq!(title(fixtures::fresh()), "Step 1 of 12, Sign in");
    let production = title(fixtures::sizing(Environment::Production));
    assert_eq!(production, "Step 4 of 12, Size and create, shop-db (production)");
    let practice = page::title(&fixtures::fresh(), Some(Environment::Practice));
    assert_eq!(practice, "Step 1 of 12, Sign in (practice)");
}

#[test]
fn a_problem_offers_its_fix_and_a_text_for_helpers() {
    let mut window = window(fixtures::refused_token());
    window.get_by_role_and_label(Role::Alert, "DigitalOcean did not accept the token.");
    window.get_by_role_and_label(Role::Button, "Sign in again").click();
    window.get_by_role_and_label(Role::Button, "Create a token").click();
    window.get_by_role_and_label(Role::Button, "Copy for a ticket").click();
    window.get_by_role_and_label(Role::Button, "Details").click();
    window.run();
    window.get_by_label_contains("request id 4d9d8375");
    let asked = asked(&window);
    let starts = ["Do(Step(SignIn(SignIn)))", "Open(\"https://cloud", "Copy(Copied"];
    assert_eq!(asked.len(), starts.len(), "{asked:?}");
    for (asked, start) in asked.iter().zip(starts) {
        assert!(asked.starts_with(start), "{asked}");
    }
}

#[test]
fn the_focus_goes_to_a_new_problem() {
    let mut window = window(fixtures::typed_token());
    window.run();
    window.state_mut().setup = fixtures::signing_in();
    window.run();
    window.state_mut().setup = fixtures::refused_token();
    window.run();
    let focused = |node: &Node<'_>| node.accesskit_node().is_focused();
    assert!(focused(
        &window.get_by_role_and_label(Role::Label, "DigitalOcean did not accept the token.")
    ));
    window.key_press(Key::Tab);
    window.run();
    assert!(focused(&window.get_by_role_and_label(Role::Button, "Sign in again")));
}

#[test]
fn a_second_click_is_left_to_the_core() {
    let mut window = window(fixtures::sizing(Environment::Staging));
    window.get_by_label("Create pool “shop-pool”").click();
    window.run();
    assert_eq!(asked(&window), [format!("Do({:?})", Msg::from(pool::Msg::Act))]);
}

#[test]
fn what_has_no_room_in_the_header_is_left_out_as_a_whole_and_still_told() {
    let setup = fixtures::shop::shop(StepId::EnvFiles);
    let narrow = fixtures::sized(setup, egui::vec2(480.0, 900.0), egui::Theme::Light);
    let place = narrow.get_by_label("shop-db · fra1 · Team Shop").rect();
    let chip = narrow.get_by_role_and_label(Role::Switch, "Dry run").rect();
    assert!(0.0 < place.width(), "the cluster has room: {place}");
    assert!(place.right() + 12.0 <= chip.left(), "{place} touches {chip}");
}

#[test]
fn a_reason_beside_the_buttons_takes_one_line_where_there_is_room() {
    let no_app = fixtures::shop::PAGES.iter().find(|(name, _)| *name == "app-none");
    let (_, make) = no_app.expect("the page");
    let window = window(make());
    let reason = window.get_by_label("No app of this account uses this cluster. Skip this step.");
    assert!(reason.rect().height() < 24.0, "{}", reason.rect());
    // The cost is still told.
    window.get_by_role_and_label(Role::Button, "Skip this step (no app is switched)");
}
