//! Page 2: which cluster, and what kind of environment it is.

use egui::Ui;

use crate::{
    domain::cluster::{Cluster, ClusterFacts, Environment},
    setup::{
        Setup,
        steps::cluster::{self, Phase},
    },
    ui::{
        act::Act,
        kit::{self, Icon},
        theme::{Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let mut act = None;
    let step = &setup.steps.cluster;
    if step.clusters.is_empty() {
        act = empty(ui, setup);
    } else {
        kit::card(ui, Some("PostgreSQL clusters"), |ui| {
            ui.spacing_mut().item_spacing.y = gap::XS;
            let reading = matches!(step.phase, Phase::Reading(..) | Phase::Listing(_));
            ui.add_enabled_ui(!reading, |ui| {
                for cluster in &step.clusters {
                    let chosen = step.draft.chosen.as_ref() == Some(&cluster.id);
                    if row(ui, cluster, chosen) {
                        act = Some(cluster::Msg::Choose(cluster.id.clone()).into());
                    }
                }
            });
            if kit::link_button(ui, "Read the list again").clicked() {
                act = Some(cluster::Msg::List.into());
            }
        });
    }
    environment(ui, setup);
    if let Some(facts) = &setup.facts.cluster
        && setup.steps.cluster.chosen().is_none_or(|chosen| chosen.id == facts.cluster.id)
    {
        found(ui, facts);
    }
    if setup.steps.cluster.chosen().is_none() {
        return act;
    }
    kit::fold(ui, "Why the environment?", |ui| {
        kit::paragraph(
            ui,
            "It decides how careful the program is. In production every change waits until the cluster's name was typed once, and nothing that loads the database runs by itself. The band at the top of the window has the environment's colour, so that two windows can't be mixed up.",
        );
    });
    act
}

/// One cluster; whether it was clicked. What can't be chosen stays visible, with the reason.
fn row(ui: &mut Ui, cluster: &Cluster, chosen: bool) -> bool {
    let refusal = cluster.refusal();
    let mut parts = vec![format!("PostgreSQL {}", cluster.version)];
    if cluster.engine != "pg" {
        parts.clear();
    }
    let plan = cluster.ram_gib().zip(cluster.vcpus());
    parts.push(
        plan.map_or_else(|| cluster.size.clone(), |(ram, cpus)| format!("{ram} GB / {cpus} vCPU")),
    );
    parts.push(cluster.region.clone());
    parts.push(refusal.clone().unwrap_or_else(|| cluster.status.clone()));
    ui.add_enabled_ui(refusal.is_none(), |ui| {
        kit::radio_row(ui, chosen, &cluster.name, &parts.join(" · ")).clicked()
    })
    .inner
}

fn empty(ui: &mut Ui, setup: &Setup) -> Option<Act> {
    let mut act = None;
    let account = setup.facts.account.as_ref();
    let team = account.and_then(|account| account.team.as_deref());
    kit::card(ui, None, |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        if matches!(setup.steps.cluster.phase, Phase::Listing(_)) {
            ui.horizontal(|ui| {
                kit::icon(ui, Icon::Working, 16.0, Theme::of(ui).accent);
                kit::live(ui, "Reading the clusters of this account…");
            });
            return;
        }
        let listed = setup.steps.cluster.listed();
        if !listed {
            kit::paragraph(ui, "The clusters of this account are not read yet.");
            return;
        }
        let what = team.map_or("No database cluster in this account.".to_owned(), |team| {
            format!("No database cluster in the team “{team}”.")
        });
        kit::subheading(ui, &what);
        kit::paragraph(
            ui,
            "You may be signed in to another team: a token belongs to one team only.",
        );
        ui.horizontal(|ui| {
            if kit::secondary_button(ui, "Read the list again").clicked() {
                act = Some(cluster::Msg::List.into());
            }
            if kit::link_button(ui, "Open the databases page").clicked() {
                act = Some(Act::Open("https://cloud.digitalocean.com/databases".to_owned()));
            }
        });
    });
    act
}

fn environment(ui: &mut Ui, setup: &mut Setup) {
    let step = &mut setup.steps.cluster;
    let Some(cluster) = step.chosen() else { return };
    let guess = Environment::guess(&cluster.name, &cluster.tags);
    let title = format!("What kind of environment is {}?", cluster.name);
    let reading = matches!(step.phase, Phase::Reading(..));
    kit::card(ui, Some(&title), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        kit::caption(
            ui,
            &format!(
                "Guessed from its name and tags: {}. In doubt it is production.",
                guess.word()
            ),
        );
        ui.add_space(gap::S);
        let practice = (guess == Environment::Practice).then_some(Environment::Practice);
        ui.add_enabled_ui(!reading, |ui| {
            for environment in practice.into_iter().chain(Environment::CHOICES) {
                let on = step.draft.environment == Some(environment);
                let (title, meaning) = words(environment);
                if kit::radio(ui, on, title, meaning).clicked() {
                    step.draft.environment = Some(environment);
                }
            }
        });
    });
}

fn words(environment: Environment) -> (&'static str, &'static str) {
    match environment {
        Environment::Production => ("Production", "its name is asked for before anything changes"),
        Environment::Staging => ("Staging", "like production, for trying things out"),
        Environment::Development => ("Development", "only developers use it"),
        Environment::Practice => ("Practice", "a simulated account; nothing real can change"),
    }
}

/// What later steps will work with.
fn found(ui: &mut Ui, facts: &ClusterFacts) {
    let names = |names: Vec<&str>| match names.as_slice() {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    kit::card(ui, Some(&format!("Read from {}", facts.cluster.name)), |ui| {
        ui.spacing_mut().item_spacing.y = 6.0;
        let pools: Vec<String> = facts
            .pools
            .iter()
            .map(|pool| format!("{} ({}, {})", pool.name, pool.size, pool.mode.word()))
            .collect();
        kit::key_value(ui, "Pools", &names(pools.iter().map(String::as_str).collect()));
        kit::key_value(
            ui,
            "Databases",
            &names(facts.databases.iter().map(String::as_str).collect()),
        );
        kit::key_value(
            ui,
            "Users",
            &names(facts.users.iter().map(|user| user.name.as_str()).collect()),
        );
        let sources = match &facts.trusted_sources {
            None => "not readable with this token".to_owned(),
            Some(rules) if rules.is_empty() => "none: every address may connect".to_owned(),
            Some(rules) if rules.len() == 1 => "1".to_owned(),
            Some(rules) => rules.len().to_string(),
        };
        kit::key_value(ui, "Trusted sources", &sources);
        kit::key_value(
            ui,
            "Apps",
            &names(facts.apps.iter().map(|app| app.name.as_str()).collect()),
        );
        let certificate = if facts.ca.is_some() { "read" } else { "not readable with this token" };
        kit::key_value(ui, "Certificate", certificate);
    });
}
