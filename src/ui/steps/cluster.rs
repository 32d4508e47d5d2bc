//! Page 2: which cluster, and what kind of environment it is.

use egui::{Align, Layout, Response, Ui, accesskit::Node, vec2};

use crate::{
    domain::{
        cluster::{Cluster, ClusterFacts, ClusterId, Environment},
        upkeep::Notice,
    },
    setup::{
        Msg, Setup,
        step::StepId,
        steps::cluster::{self, Peek, Phase, Step},
    },
    ui::{
        act::Act,
        kit::{self, Icon, LongList},
        theme::{Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let mut act = None;
    if setup.steps.cluster.clusters.is_empty() {
        act = empty(ui, setup);
    } else {
        if !setup.steps.cluster.clusters.iter().any(Cluster::can_be_chosen) {
            act = none_can_be_chosen(ui, setup);
        }
        act = list(ui, setup).or(act);
    }
    notices(ui, &setup.steps.cluster);
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

/// From here on a list is searched rather than read.
const MANY: usize = 8;

fn list(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let mut act = None;
    let step = &mut setup.steps.cluster;
    kit::card(ui, Some("Database clusters"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        let all = step.clusters.len();
        if MANY < all {
            kit::field(ui, "Find a cluster", &mut step.draft.filter, "Name, region or tag");
        }
        let shown = step.shown();
        if MANY < all {
            let found = if shown.len() == all {
                format!("{all} clusters")
            } else {
                format!("{} of {all} clusters", shown.len())
            };
            kit::live(ui, &found);
        }
        let reading = matches!(step.phase, Phase::Reading(..) | Phase::Listing(_));
        ui.add_enabled_ui(!reading, |ui| {
            let wide = WIDE <= ui.available_width();
            let height = if NARROW <= ui.available_width() { 58.0 } else { 76.0 };
            let is_chosen = |cluster: &&Cluster| step.draft.chosen.as_ref() == Some(&cluster.id);
            let chosen = shown.iter().position(is_chosen);
            let list = LongList { name: "Clusters", rows: shown.len(), height, chosen };
            let listed = kit::long_list(ui, list, |ui, index| {
                shown.get(index).map(|cluster| row(ui, step, cluster, wide))
            });
            if let Some(cluster) = listed.pressed.and_then(|index| shown.get(index)) {
                act = Some(cluster::Msg::Choose(cluster.id.clone()).into());
            }
            let rows = listed.in_sight.and_then(|range| shown.get(range)).unwrap_or_default();
            let ids: Vec<ClusterId> = step.to_peek(rows.iter().copied());
            if act.is_none() && !reading && !ids.is_empty() {
                act = Some(cluster::Msg::Peek(ids).into());
            }
        });
        if kit::link_button(ui, "Read the list again").clicked() {
            act = Some(cluster::Msg::List.into());
        }
    });
    act
}

/// Environment and pools stand beside the name from this width on.
const WIDE: f32 = 600.0;
/// Below this width a row takes three lines.
const NARROW: f32 = 420.0;
const PILL: f32 = 118.0;
const METER: f32 = 150.0;

/// One cluster. What can't be chosen stays visible, with the reason.
fn row(ui: &mut Ui, step: &Step, cluster: &Cluster, wide: bool) -> Response {
    let refusal = cluster.refusal();
    let mut parts = Vec::new();
    if cluster.engine == "pg" {
        parts.push(format!("PostgreSQL {}", cluster.version));
    }
    let plan = cluster.ram_gib().zip(cluster.vcpus());
    parts.push(
        plan.map_or_else(|| cluster.size.clone(), |(ram, cpus)| format!("{ram} GB / {cpus} vCPU")),
    );
    parts.push(cluster.region.clone());
    parts.push(refusal.clone().unwrap_or_else(|| cluster.status.clone()));
    if !wide && let Some(pools) = pools(step, cluster) {
        parts.push(pools);
    }
    let chosen = step.draft.chosen.as_ref() == Some(&cluster.id);
    let width = ui.available_width();
    let side = if wide { PILL + METER + 2.0 * gap::M } else { PILL };
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = gap::M;
        let row = ui
            .scope(|ui| {
                ui.set_width(width - side);
                ui.add_enabled_ui(refusal.is_none(), |ui| {
                    kit::listed_row(ui, chosen, &cluster.name, &parts.join(" · "))
                })
                .inner
            })
            .inner;
        if refusal.is_none() {
            let environment = match step.draft.environment.filter(|_| chosen) {
                Some(environment) => environment,
                None => Environment::guess(&cluster.name, &cluster.tags),
            };
            let mut told = vec![environment.word().to_owned()];
            told.append(&mut parts);
            told.extend(pools(step, cluster).filter(|_| wide));
            ui.ctx().accesskit_node_builder(row.id, |node| node.set_description(told.join(", ")));
            beside(ui, step, cluster, environment, wide);
        }
        row
    })
    .inner
}

fn beside(ui: &mut Ui, step: &Step, cluster: &Cluster, environment: Environment, wide: bool) {
    let theme = Theme::of(ui);
    let layout = Layout::left_to_right(Align::Center);
    ui.allocate_ui_with_layout(vec2(PILL - gap::M, 30.0), layout, |ui| {
        ui.set_min_width(PILL - gap::M);
        // By itself it would be read out for all rows, before the one that has the focus.
        kit::silent_pill(ui, environment.word(), theme.environment(environment));
    });
    if wide && let Some(text) = pools(step, cluster) {
        ui.vertical(|ui| {
            ui.add_space(6.0);
            let read = step.peeks.get(&cluster.id).zip(cluster.limit_by_plan());
            if let Some((Peek::Read { booked, .. }, limit)) = read {
                kit::meter(ui, METER, *booked, limit, &text);
            } else {
                let told = kit::caption(ui, &text);
                ui.ctx().accesskit_node_builder(told.id, Node::set_hidden);
            }
        });
    }
}

/// How much of the cluster its pools have; `None` until it is asked for.
fn pools(step: &Step, cluster: &Cluster) -> Option<String> {
    Some(match step.peeks.get(&cluster.id)? {
        Peek::Reading(_) => "reading pools…".to_owned(),
        Peek::Unread => "pools not read".to_owned(),
        Peek::Read { pools: 0, .. } => "no pool".to_owned(),
        Peek::Read { pools, booked } => {
            let pools = kit::count(*pools, "pool", "pools");
            match cluster.limit_by_plan() {
                Some(limit) => format!("{pools}, {booked} of {limit}"),
                None => format!("{pools}, {booked} in all"),
            }
        }
    })
}

fn empty(ui: &mut Ui, setup: &Setup) -> Option<Act> {
    kit::card(ui, None, |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        if matches!(setup.steps.cluster.phase, Phase::Listing(_)) {
            ui.horizontal(|ui| {
                kit::icon(ui, Icon::Working, 16.0, Theme::of(ui).accent);
                kit::live(ui, "Reading the clusters of this account…");
            });
            return None;
        }
        if setup.steps.cluster.listed().is_none() {
            kit::paragraph(ui, "The clusters of this account are not read yet.");
            return None;
        }
        kit::subheading(ui, &format!("No database cluster in {}.", team(setup)));
        kit::paragraph(
            ui,
            "You may be signed in to another team: a token belongs to one team only.",
        );
        ways_on(ui)
    })
}

fn team(setup: &Setup) -> String {
    let account = setup.facts.account.as_ref();
    match account.and_then(|account| account.team.as_deref()) {
        Some(team) => format!("the team “{team}”"),
        None => "this account".to_owned(),
    }
}

/// There are clusters, but none for this.
fn none_can_be_chosen(ui: &mut Ui, setup: &Setup) -> Option<Act> {
    kit::card(ui, None, |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        kit::subheading(ui, &format!("No PostgreSQL cluster in {} can be chosen.", team(setup)));
        kit::paragraph(ui, &why_none(&setup.steps.cluster.clusters));
        ways_on(ui)
    })
}

/// `2 use another engine; 1 is still being created.`
fn why_none(clusters: &[Cluster]) -> String {
    let others = clusters.iter().filter(|cluster| cluster.engine != "pg").count();
    let mut why = Vec::new();
    if 0 < others {
        why.push(if others == 1 {
            "1 uses another engine".to_owned()
        } else {
            format!("{others} use another engine")
        });
    }
    let waiting = clusters.iter().filter(|cluster| cluster.engine == "pg");
    why.extend(
        waiting.map(|cluster| {
            format!("{} is {}", cluster.name, cluster.refusal().unwrap_or_default())
        }),
    );
    format!("{}.", why.join("; "))
}

fn ways_on(ui: &mut Ui) -> Option<Act> {
    let mut act = None;
    ui.horizontal_wrapped(|ui| {
        if kit::secondary_button(ui, "Read the clusters again").clicked() {
            act = Some(cluster::Msg::List.into());
        }
        if kit::secondary_button(ui, "Switch account").clicked() {
            act = Some(Act::Do(Msg::Go(StepId::SignIn)));
        }
        if kit::link_button(ui, "Open the databases page").clicked() {
            act = Some(Act::Open("https://cloud.digitalocean.com/databases".to_owned()));
        }
    });
    act
}

/// What is going to happen to the chosen cluster, as of when the list was read.
fn notices(ui: &mut Ui, step: &Step) {
    let theme = Theme::of(ui);
    let Some((cluster, listed)) = step.chosen().zip(step.listed()) else { return };
    for notice in cluster.upkeep.notices(listed) {
        match notice {
            Notice::Maintenance { at, pending } => {
                let here = at.to_zoned(jiff::tz::TimeZone::system());
                let title = format!("Maintenance on {} (your time).", here.strftime("%A at %H:%M"));
                let text = if pending.is_empty() {
                    "No update is waiting, so most likely nothing happens. During maintenance DigitalOcean refuses changes.".to_owned()
                } else {
                    format!(
                        "Waiting for it: {}. The cluster may restart, and DigitalOcean refuses changes meanwhile.",
                        pending.join(", ")
                    )
                };
                kit::note(ui, theme.warning, Icon::Warning, &title, &text);
            }
            Notice::Ended(date) => {
                let title = format!("PostgreSQL {} ended on {}.", cluster.version, day(date));
                let text = "It gets no repairs any more, and DigitalOcean may upgrade it by itself. Pools work all the same.";
                kit::note(ui, theme.warning, Icon::Warning, &title, text);
            }
            Notice::Ends(date) => {
                let title = format!("PostgreSQL {} ends on {}.", cluster.version, day(date));
                let text = "From then on it gets no repairs. Plan an upgrade; a pool survives it.";
                kit::note(ui, theme.info, Icon::Info, &title, text);
            }
        }
    }
}

fn day(date: jiff::civil::Date) -> String {
    date.strftime("%-d %B %Y").to_string()
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
