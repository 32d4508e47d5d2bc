//! Page 2.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use poolwright::domain::cluster::Environment;

use crate::fixtures::{self, asked, cluster, listed, window};

#[test]
fn a_cluster_is_chosen_by_its_row() {
    let mut window = window(fixtures::clusters());
    window.get_by_role_and_label(Role::RadioButton, "shop-db-stg").click();
    window.run();
    let wanted = "Do(Step(Cluster(Choose(ClusterId(\"9cc10173-shop-db-stg\")))))";
    assert_eq!(asked(&window), [wanted]);
}

#[test]
fn what_can_not_be_chosen_stays_visible_with_the_reason() {
    let window = window(fixtures::clusters());
    for (name, reason) in
        [("legacy", "MySQL, not PostgreSQL"), ("shop-db-new", "still being created")]
    {
        let row = window.get_by_role_and_label(Role::RadioButton, name);
        assert!(row.accesskit_node().is_disabled(), "{name}");
        let told = row.accesskit_node().description().unwrap_or_default();
        assert!(told.ends_with(reason), "{told}");
    }
}

#[test]
fn the_only_cluster_is_chosen_and_its_environment_guessed() {
    let mut window = window(listed(vec![cluster("shop-stg", "pg", "online")]));
    let staging = window.get_by_role_and_label(Role::RadioButton, "Staging");
    assert_eq!(staging.accesskit_node().toggled(), Some(egui::accesskit::Toggled::True));
    window.get_by_role_and_label(Role::RadioButton, "Production").click();
    window.run();
    let draft = &window.state().setup.steps.cluster.draft;
    assert_eq!(draft.environment, Some(Environment::Production));
    window.get_by_role_and_label(Role::Button, "Use shop-stg as production").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Step(Cluster(Use)))"]);
}

#[test]
fn an_account_without_clusters_says_so_and_offers_to_look_again() {
    let mut window = window(listed(Vec::new()));
    window.get_by_label("No database cluster in the team “Team Shop”.");
    window.get_by_role_and_label(Role::Button, "Read the clusters again").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Step(Cluster(List)))"]);
}

#[test]
fn what_was_read_is_told() {
    let window = window(fixtures::chosen(Environment::Staging));
    window.get_by_label("Pools: reports-pool (10, transaction)");
    window.get_by_label("Databases: defaultdb, shop, reports");
    window.get_by_label("Users: doadmin, shop_app");
    window.get_by_label("Trusted sources: 1");
    window.get_by_label("Apps: none");
}

#[test]
fn reading_is_told_while_it_lasts() {
    let window = window(fixtures::listing());
    window.get_by_label("Reading the clusters of this account…");
    window.get_by_role_and_label(Role::Button, "Stop");
}

#[test]
fn of_a_thousand_clusters_those_in_sight_are_drawn_and_read() {
    let mut window = window(fixtures::many_clusters());
    let rows = || window.get_all_by_role(Role::RadioButton).count();
    assert!(rows() < 20, "{} rows are drawn", rows());
    window.get_by_label("1000 clusters");
    let peeks = fixtures::peeks(&window);
    let [first, ..] = peeks.as_slice() else { panic!("nothing is read") };
    assert_eq!(first.matches("ClusterId").count(), 4, "{first}");
    assert!(first.contains("shop-0000") && first.contains("shop-0003"), "{first}");

    window.get_by_role_and_label(Role::TextInput, "Find a cluster").focus();
    window.get_by_role_and_label(Role::TextInput, "Find a cluster").type_text("-0512");
    window.run();
    window.get_by_label("1 of 1000 clusters");
    window.get_by_role_and_label(Role::RadioButton, "shop-0512-dev");
}

#[test]
fn a_row_tells_its_pools_and_its_environment() {
    let window = window(fixtures::peeked());
    assert_eq!(window.query_all_by_label("2 pools, 58 of 97").count(), 2, "text and bar");
    assert_eq!(window.query_all_by_label("no pool").count(), 2);
}

#[test]
fn maintenance_and_the_end_of_a_version_are_told_of_the_chosen_cluster() {
    let window = window(fixtures::to_be_maintained());
    window.get_by_label_contains("Waiting for it: PostgreSQL 13.22.");
    window.get_by_label_contains("PostgreSQL 13 ended on 13 November 2025.");
}

#[test]
fn where_no_cluster_can_be_chosen_the_reasons_are_counted() {
    let mut window = window(fixtures::none_eligible());
    window.get_by_label("No PostgreSQL cluster in the team “Team Shop” can be chosen.");
    window.get_by_label("2 use another engine; shop-db-new is still being created.");
    window.get_by_role_and_label(Role::Button, "Switch account").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Go(SignIn))"]);
}
