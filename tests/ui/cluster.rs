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
    for (name, reason) in [("legacy", "mysql, not PostgreSQL"), ("shop-db-new", "still creating")] {
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
    window.get_by_role_and_label(Role::Button, "Use shop-stg").click();
    window.run();
    assert_eq!(asked(&window), ["Do(Step(Cluster(Use)))"]);
}

#[test]
fn an_account_without_clusters_says_so_and_offers_to_look_again() {
    let mut window = window(listed(Vec::new()));
    window.get_by_label("No database cluster in the team “Team Shop”.");
    window.get_by_role_and_label(Role::Button, "Read the list again").click();
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
