//! Page 10: the app's variables before and after, whether the site stays up, and the deployment to its end.

mod deployment;
mod elsewhere;
mod log;
mod migrating;
mod variables;

use egui::Ui;

use crate::{
    domain::{
        app_spec::{self, App},
        capacity::RESERVE,
    },
    setup::{
        Msg as CoreMsg, Setup, StepMsg,
        facts::{Deployed, Facts},
        step::{Primary, StepId},
        steps::app::{Forecast, Form, Msg, NoPlan, Phase, Step, forecast},
    },
    ui::{
        act::Act,
        kit::{self, Column, Icon, LongList, Question, Segment},
        steps::written,
        theme::{Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let theme = Theme::of(ui);
    let mut act = None;
    if let Phase::WouldChange(count) = setup.steps.app.phase {
        let variables = kit::count(count, "variable", "variables");
        written::would(ui, &format!("{variables} would change, and the app would be deployed."));
    }
    if let Phase::Asking(_) = setup.steps.app.phase {
        asking(ui, &setup.steps.app);
    }
    if let Some(name) = &setup.steps.app.restored {
        let title = format!("{name} has its previous settings again.");
        let text = "They were read back, and their deployment is active.";
        kit::note(ui, theme.success, Icon::Done, &title, text);
    }
    if let Some(deployed) = &setup.facts.deployed {
        act = outcome(ui, &setup.steps.app, deployed);
    }
    let restorable = Step::restorable(&setup.record);
    let (step, facts) = (&setup.steps.app, &setup.facts);
    let began = !matches!(step.phase, Phase::Idle | Phase::WouldChange(_) | Phase::Asking(_));
    // After a failure the log of what failed is what there is to read.
    let failed = matches!(step.phase, Phase::Failed(_));
    if failed && let Some(tail) = &step.log {
        act = log::log(ui, tail).or(act);
    }
    if began || !step.seen.is_empty() {
        kit::card(ui, Some("Deployment"), |ui| deployment::deployment(ui, step, facts));
    }
    if step.working()
        && let Some(tail) = &step.log
    {
        act = log::log(ui, tail).or(act);
    }
    if facts.deployed.is_none() {
        act = if setup.steps.app.working() {
            // Nothing of it can be changed now; who wants to see again what was chosen opens it.
            let shown = kit::fold(ui, "What was chosen", |ui| before(ui, setup));
            shown.flatten().or(act)
        } else {
            before(ui, setup).or(act)
        };
    }
    // A deployment that failed offers the way back in its card.
    let offered = matches!(
        setup.primary(StepId::App),
        Primary::Act(_, CoreMsg::Step(StepMsg::App(Msg::Restore)))
    );
    if restorable && !offered {
        act = restore(ui, &setup.steps.app, &setup.facts).or(act);
    }
    act = elsewhere::elsewhere(ui, &setup.steps.app, &setup.facts).or(act);
    why(ui);
    act
}

/// Which app, what changes, and whether the site stays up.
fn before(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let theme = Theme::of(ui);
    if setup.facts.cluster.as_ref().is_none_or(|cluster| cluster.apps.is_empty()) {
        let text = "No app of this account names this cluster, or the token may not read apps (scope app:read). An app on another host is restarted by hand: see “The app runs elsewhere”.";
        kit::note(ui, theme.info, Icon::Info, "No app found.", text);
        return None;
    }
    let mut act = choice(ui, setup);
    form(ui, setup);
    let (step, facts) = (&setup.steps.app, &setup.facts);
    match step.plan(facts) {
        Some(Ok(plan)) => {
            kit::card(ui, Some("Variables"), |ui| variables::variables(ui, step, &plan, facts));
            if Step::by_hand(facts) && !plan.changes.is_empty() {
                act = elsewhere::by_hand(ui, &plan).or(act);
            }
            if let Some((offer, now)) = &plan.migrating {
                let wanted = migrating::migrating(ui, offer, *now, !step.working());
                setup.steps.app.decide_migrations(wanted);
            }
        }
        Some(Err(NoPlan::Spec(err))) => {
            let text = format!("In the app's settings, {err}.");
            kit::note(
                ui,
                theme.warning,
                Icon::Warning,
                "The app can't be switched as it is.",
                &text,
            );
        }
        Some(Err(NoPlan::NoPool | NoPlan::NoPassword)) | None => {}
    }
    if let Some(forecast) = forecast(facts) {
        kit::card(ui, Some("Will the site go down?"), |ui| foretold(ui, forecast));
    }
    act
}

fn asking(ui: &mut Ui, step: &Step) {
    let theme = Theme::of(ui);
    let besides = step.proposal.as_ref().map(|proposal| proposal.besides.join(" "));
    kit::note(
        ui,
        theme.warning,
        Icon::Warning,
        "More would change than the variables.",
        &format!("{} Nothing was sent yet.", besides.unwrap_or_default()),
    );
}

fn why(ui: &mut Ui) {
    kit::fold(ui, "Why a reference and not the URL?", |ui| {
        kit::paragraph(
            ui,
            "A reference such as ${shop-db.shop-pool.DATABASE_URL} is filled in by App Platform when an instance starts. When the password is changed, the app gets the new one with its next deployment, and no password stands in the settings.",
        );
        kit::paragraph(
            ui,
            "It is there at run time only: a build that needs the database, such as one that runs migrations, does not see it. Such a build needs the URL itself, and a cluster whose trusted sources let builds in.",
        );
        kit::paragraph(
            ui,
            "Jobs that run before each deployment keep the direct URL: migrations over the pool can stop half-way.",
        );
    });
}

/// From here on a list is searched rather than read.
const MANY: usize = 8;

fn choice(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let chosen = setup.steps.app.app(&setup.facts).map(|app| app.id.clone());
    let idle = !setup.steps.app.working();
    let apps = setup.facts.cluster.as_ref().map_or(&[][..], |cluster| &cluster.apps);
    let mut filter = std::mem::take(&mut setup.steps.app.draft.filter);
    let mut act = None;
    kit::card(ui, Some("App"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        if MANY < apps.len() {
            kit::field(ui, "Find an app", &mut filter, "Part of its name");
        }
        let wanted = filter.trim().to_lowercase();
        let shown: Vec<&App> = apps
            .iter()
            .filter(|app| wanted.is_empty() || app.name.to_lowercase().contains(&wanted))
            .collect();
        if MANY < apps.len() {
            kit::live(ui, &format!("{} of {} apps that use this cluster", shown.len(), apps.len()));
        }
        ui.add_enabled_ui(idle, |ui| {
            let is_chosen = |app: &App| chosen.as_ref() == Some(&app.id);
            let at = shown.iter().position(|app| is_chosen(app));
            let list = LongList { name: "Apps", rows: shown.len(), height: 56.0, chosen: at };
            let listed = kit::long_list(ui, list, |ui, index| {
                let app = shown.get(index)?;
                let address = app.live_url.as_deref().unwrap_or("not deployed yet");
                Some(kit::listed_row(ui, is_chosen(app), &app.name, address))
            });
            if let Some(app) = listed.pressed.and_then(|index| shown.get(index)) {
                act = Some(Msg::Choose(app.id.clone()).into());
            }
        });
        if let Some(app) = setup.steps.app.app(&setup.facts) {
            usage(ui, app, &setup.facts);
        }
    });
    setup.steps.app.draft.filter = filter;
    act
}

/// Where the app reaches the cluster today: every variable, of the app and of its components.
fn usage(ui: &mut Ui, app: &App, facts: &Facts) {
    let Some(cluster) = &facts.cluster else { return };
    let hosts = cluster.cluster.hosts();
    let found = app_spec::variables(&app.spec, &cluster.cluster.name, &hosts);
    kit::fold(ui, &format!("Where {} uses {}", app.name, cluster.cluster.name), |ui| {
        if found.is_empty() {
            kit::paragraph(
                ui,
                "The cluster is attached, but no variable that can be read names it. An encrypted one may.",
            );
            return;
        }
        let rows: Vec<Vec<String>> = found
            .iter()
            .map(|variable| {
                let at = variable.place.component.clone();
                let to = if variable.pooled { "the pool" } else { "the database" };
                vec![
                    at.unwrap_or_else(|| "whole app".to_owned()),
                    variable.place.key.clone(),
                    to.to_owned(),
                    moment(&variable.scope).to_owned(),
                ]
            })
            .collect();
        let columns = [
            Column::text("Component"),
            Column::text("Variable"),
            Column::text("Leads to"),
            Column::text("Is there"),
        ];
        kit::table(ui, "Variables that reach the cluster", &columns, &rows);
    });
}

/// The provider's word for when a variable is there.
fn moment(scope: &str) -> &str {
    match scope {
        "RUN_TIME" => "at run time",
        "BUILD_TIME" => "at build time",
        "RUN_AND_BUILD_TIME" => "at build and run time",
        other => other,
    }
}

fn form(ui: &mut Ui, setup: &mut Setup) {
    let idle = !setup.steps.app.working();
    let form = &mut setup.steps.app.draft.form;
    let before = *form;
    kit::card(ui, Some("How the app gets its URLs"), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.add_enabled_ui(idle, |ui| {
            for (choice, title, meaning) in [
                (
                    Form::Reference,
                    "Reference",
                    "filled in when an instance starts; follows a new password",
                ),
                (
                    Form::WrittenOut,
                    "URL, encrypted",
                    "where a reference can't be used; DigitalOcean encrypts it",
                ),
            ] {
                if kit::radio(ui, *form == choice, title, meaning).clicked() {
                    *form = choice;
                }
            }
        });
    });
    // What was asked or foretold was about the other form.
    if before != *form && matches!(setup.steps.app.phase, Phase::Asking(_) | Phase::WouldChange(_))
    {
        setup.steps.app.phase = Phase::Idle;
    }
}

/// The sum of what runs side by side, and what it means.
fn foretold(ui: &mut Ui, forecast: Forecast) {
    let theme = Theme::of(ui);
    let shares = [
        Segment::hatched("held today at most", forecast.held, theme.text_2),
        Segment::solid("this pool", forecast.pool, theme.accent).main(),
    ];
    kit::capacity(ui, &shares, RESERVE, forecast.limit);
    let Forecast { held, pool, reserve, limit } = forecast;
    let sum = format!(
        "{held} held today at most + {pool} for the pool + {reserve} in reserve = {} of {limit}.",
        forecast.needed()
    );
    if forecast.fits() {
        let text = format!(
            "{sum} Old and new instances have room side by side; no interruption is expected."
        );
        kit::marked(ui, Icon::Done, theme.success.text, "Passed", &text);
    } else {
        let text = format!(
            "{sum} While the old instances hold the database, the pool of the new ones may get no connection: expect refusals until the old ones have stopped."
        );
        kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", &text);
        kit::paragraph(
            ui,
            "To avoid it: lower the app's own limit or its number of instances first, wait until the connections have fallen, then switch.",
        );
    }
}

fn outcome(ui: &mut Ui, step: &Step, deployed: &Deployed) -> Option<Act> {
    let theme = Theme::of(ui);
    let at = kit::clock(deployed.active_at);
    let title = format!("{} went over to the pool at {at}.", deployed.app_name);
    let what = match &deployed.deployment {
        Some(deployment) => format!("Deployment {deployment} is active"),
        None => "It was changed by hand".to_owned(),
    };
    let verified = deployed.arrived.is_some_and(|count| 0 < count);
    match deployed.arrived {
        Some(count) if 0 < count => {
            let seen = kit::count(count as usize, "connection comes", "connections come");
            let text = format!("{what}, and {seen} through the pool.");
            kit::note(ui, theme.success, Icon::Done, &title, &text);
        }
        Some(_) => {
            let text = format!(
                "{what}, but no connection came through the pool yet. Send the app a request and look again."
            );
            kit::note(ui, theme.warning, Icon::Unverified, &title, &text);
        }
        None => {
            let text = format!(
                "{what}. Whether its connections come through the pool could not be seen, so it is not verified."
            );
            kit::note(ui, theme.warning, Icon::Unverified, &title, &text);
        }
    }
    let mut act = None;
    if !verified && !step.working() && kit::secondary_button(ui, "Look again").clicked() {
        act = Some(Msg::LookAgain.into());
    }
    act
}

fn restore(ui: &mut Ui, step: &Step, facts: &Facts) -> Option<Act> {
    let idle = !step.working();
    let name = facts
        .deployed
        .as_ref()
        .map(|deployed| deployed.app_name.clone())
        .or_else(|| step.app(facts).map(|app| app.name.clone()))
        .unwrap_or_else(|| "the app".to_owned());
    let question = format!("Restore the previous settings of {name}?");
    let asked = Question {
        ask: "Restore the previous settings…",
        question: &question,
        meaning: "The variables go back to what they were. App Platform starts one more deployment.",
        yes: "Restore settings",
        no: "Keep current settings",
    };
    ui.add_enabled_ui(idle, |ui| kit::confirm(ui, &asked)).inner.then(|| Msg::Restore.into())
}
