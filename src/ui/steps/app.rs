//! Page 10: the app's variables before and after, whether the site stays up, and the deployment to its end.

use egui::Ui;

use crate::{
    domain::{
        app_spec::{App, SpecChange, SpecPlan},
        capacity::RESERVE,
        secret::Secret,
    },
    setup::{
        Setup,
        facts::{Deployed, Facts},
        steps::app::{Forecast, Msg, Phase, Step, forecast},
    },
    ui::{
        act::{Act, Copied},
        kit::{
            self, Icon, Question, Segment,
            diff::{Change, changes},
            stages::{Cell, Mark, Row, stages},
        },
        steps::written,
        theme::{Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let theme = Theme::of(ui);
    let (step, facts) = (&setup.steps.app, &setup.facts);
    let mut act = None;
    if let Phase::WouldChange(count) = step.phase {
        let variables = kit::count(count, "variable", "variables");
        written::would(ui, &format!("{variables} would change, and the app would be deployed."));
    }
    if let Some(deployed) = &facts.deployed {
        outcome(ui, deployed);
    }
    if matches!(step.phase, Phase::Failed(_)) && Step::restorable(&setup.record) {
        act = restore(ui, step, facts).or(act);
    }
    let began = !matches!(step.phase, Phase::Idle | Phase::WouldChange(_));
    if began || !step.seen.is_empty() {
        kit::card(ui, Some("Deployment"), |ui| deployment(ui, step, facts));
    }
    let apps = facts.cluster.as_ref().map_or(&[][..], |cluster| &cluster.apps);
    if apps.is_empty() {
        let text = "No app of this account names this cluster, or the token may not read apps (scope app:read).";
        kit::note(ui, theme.info, Icon::Info, "No app found.", text);
    } else if facts.deployed.is_none() {
        act = kit::card(ui, Some("App"), |ui| choice(ui, step, facts, apps)).or(act);
        if let Some(Ok(plan)) = step.plan(facts) {
            kit::card(ui, Some("Variables"), |ui| variables(ui, step, &plan));
        }
        if let Some(forecast) = forecast(facts) {
            kit::card(ui, Some("Will the site go down?"), |ui| foretold(ui, forecast));
        }
    }
    if Step::restorable(&setup.record) && !matches!(step.phase, Phase::Failed(_)) {
        act = restore(ui, step, facts).or(act);
    }
    act = elsewhere(ui, facts).or(act);
    kit::fold(ui, "Why a reference and not the URL?", |ui| {
        kit::paragraph(
            ui,
            "A reference such as ${shop-db.shop-pool.DATABASE_URL} is filled in by App Platform when an instance starts. When the password is changed, the app gets the new one with its next deployment, and no password stands in the settings.",
        );
        kit::paragraph(
            ui,
            "It is there at run time only: a build that needs the database, such as one that runs migrations, does not see it.",
        );
    });
    act
}

fn choice(ui: &mut Ui, step: &Step, facts: &Facts, apps: &[App]) -> Option<Act> {
    let chosen = step.app(facts).map(|app| &app.id);
    let mut act = None;
    let idle = matches!(step.phase, Phase::Idle | Phase::Failed(_));
    ui.add_enabled_ui(idle, |ui| {
        for app in apps {
            let address = app.live_url.as_deref().unwrap_or("not deployed yet");
            if kit::radio(ui, chosen == Some(&app.id), &app.name, address).clicked() {
                act = Some(Msg::Choose(app.id.clone()).into());
            }
        }
    });
    act
}

fn variables(ui: &mut Ui, step: &Step, plan: &SpecPlan) {
    let theme = Theme::of(ui);
    if plan.changes.is_empty() {
        kit::marked(ui, Icon::Done, theme.success.text, "Done", "The app uses the pool already.");
        return;
    }
    let mut places: Vec<Option<&str>> = Vec::new();
    for change in &plan.changes {
        let place = change.place.component.as_deref();
        if !places.contains(&place) {
            places.push(place);
        }
    }
    for place in places {
        kit::caption(ui, &place.map_or("Whole app".to_owned(), |name| format!("Component {name}")));
        let of_place =
            plan.changes.iter().filter(|change| change.place.component.as_deref() == place);
        let lines: Vec<Change> = of_place.map(line).collect();
        changes(ui, &lines);
    }
    let number = kit::count(plan.changes.len(), "variable changes", "variables change");
    kit::paragraph(
        ui,
        &format!(
            "{number}, and nothing else in the app's settings. Encrypted values go back as they came."
        ),
    );
    kit::paragraph(
        ui,
        "We do not ask for new code. DigitalOcean may still build the newest commit. The components restart.",
    );
    if let Some(cost) = &step.proposal {
        kit::key_value(ui, "Cost afterwards", cost);
    }
}

fn line(change: &SpecChange) -> Change {
    let key = &change.place.key;
    Change {
        line: None,
        before: change.old.as_ref().map(|old| format!("{key}={old}")),
        after: format!("{key}={}", change.new),
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

/// Phases of a deployment in their order, as the account names them.
const PHASES: [(&str, &str); 5] = [
    ("PENDING_BUILD", "Waiting for the build"),
    ("BUILDING", "Building"),
    ("PENDING_DEPLOY", "Waiting to deploy"),
    ("DEPLOYING", "Deploying"),
    ("ACTIVE", "Active"),
];

fn deployment(ui: &mut Ui, step: &Step, facts: &Facts) {
    let row = |title: &str, mark, found: &str| Row {
        title: title.to_owned(),
        cells: vec![Cell { mark, found: found.to_owned(), took: None }],
    };
    let mut rows = Vec::new();
    let (asked, sent) = match &step.phase {
        Phase::Proposing(..) => (Mark::Running, Mark::NotReached),
        Phase::Updating(_) => (Mark::Passed, Mark::Running),
        Phase::Failed(_) if step.proposal.is_none() => (Mark::Failed, Mark::NotReached),
        Phase::Failed(_) if step.seen.is_empty() => (Mark::Passed, Mark::Failed),
        Phase::Idle
        | Phase::Watching(..)
        | Phase::Arriving(..)
        | Phase::Restoring(..)
        | Phase::Failed(_)
        | Phase::WouldChange(_) => (Mark::Passed, Mark::Passed),
    };
    rows.push(row("Checked by the account", asked, step.proposal.as_deref().unwrap_or_default()));
    rows.push(row("Settings sent", sent, ""));
    let end = match &step.phase {
        Phase::Failed(_) => End::Stopped,
        Phase::Arriving(..) => End::Reached,
        _ if facts.deployed.is_some() => End::Reached,
        _ => End::Open, // it goes on
    };
    let phases = phases(&step.seen, end);
    rows.extend(phases.into_iter().map(|(title, mark, found)| row(title, mark, &found)));
    let arrived = match (&step.phase, facts.deployed.as_ref().map(|deployed| deployed.arrived)) {
        (Phase::Arriving(..), _) => row("Connections through the pool", Mark::Running, "looking"),
        (_, Some(Some(count))) if 0 < count => row(
            "Connections through the pool",
            Mark::Passed,
            &kit::count(count as usize, "connection", "connections"),
        ),
        (_, Some(Some(_))) => {
            row("Connections through the pool", Mark::Unverified, "none seen yet")
        }
        (_, Some(None)) => {
            row("Connections through the pool", Mark::Unverified, "hidden from this role")
        }
        (_, None) => row("Connections through the pool", Mark::NotReached, "not reached"),
    };
    rows.push(arrived);
    stages(ui, &[], &rows);
}

/// How the deployment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Open,
    Reached,
    Stopped,
}

/// Marks of the phases, from those that were seen. A word we do not know stands at the phase it was said in.
fn phases(seen: &[String], end: End) -> Vec<(&'static str, Mark, String)> {
    let place = |word: &String| PHASES.iter().position(|(known, _)| known == word);
    let current = seen.iter().filter_map(place).max().or((!seen.is_empty()).then_some(0));
    let unknown = seen.last().filter(|word| place(word).is_none());
    let said = unknown.map(|word| word.to_lowercase().replace('_', " ")).unwrap_or_default();
    let mark = |index: usize| match current {
        _ if end == End::Reached => Mark::Passed,
        Some(current) if index < current => Mark::Passed,
        Some(current) if index == current && end == End::Stopped => Mark::Failed,
        Some(current) if index == current => Mark::Running,
        Some(_) | None => Mark::NotReached,
    };
    PHASES
        .into_iter()
        .enumerate()
        .map(|(index, (_, title))| {
            let here = end != End::Reached && current == Some(index);
            (title, mark(index), if here { said.clone() } else { String::new() })
        })
        .collect()
}

fn outcome(ui: &mut Ui, deployed: &Deployed) {
    let theme = Theme::of(ui);
    let at = kit::clock(deployed.active_at);
    let title = format!("{} went over to the pool at {at}.", deployed.app_name);
    let deployment = &deployed.deployment;
    match deployed.arrived {
        Some(count) if 0 < count => {
            let seen = kit::count(count as usize, "connection comes", "connections come");
            let text = format!("Deployment {deployment} is active, and {seen} through the pool.");
            kit::note(ui, theme.success, Icon::Done, &title, &text);
        }
        Some(_) => {
            let text = format!(
                "Deployment {deployment} is active, but no connection came through the pool yet. Send the app a request and look again in step 11."
            );
            kit::note(ui, theme.warning, Icon::Unverified, &title, &text);
        }
        None => {
            let text = format!(
                "Deployment {deployment} is active. Whether its connections come through the pool is hidden from this role, so it is not verified."
            );
            kit::note(ui, theme.warning, Icon::Unverified, &title, &text);
        }
    }
}

fn restore(ui: &mut Ui, step: &Step, facts: &Facts) -> Option<Act> {
    let idle = matches!(step.phase, Phase::Idle | Phase::Failed(_));
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

/// Apps that run on other hosts are restarted by the person.
fn elsewhere(ui: &mut Ui, facts: &Facts) -> Option<Act> {
    let key = facts.urls.as_ref().map_or("DATABASE_URL", |urls| urls.keys.0.as_str());
    let ways = [
        ("systemd", "sudo systemctl restart APP".to_owned()),
        ("Docker Compose", "docker compose up -d --force-recreate APP".to_owned()),
        ("Kubernetes", "kubectl rollout restart deployment/APP".to_owned()),
    ];
    let mut act = None;
    kit::fold(ui, "The app runs elsewhere", |ui| {
        kit::paragraph(
            ui,
            &format!(
                "Put the pooled URL of step 5 into {key} where the app reads it, then restart the app. APP stands for its name."
            ),
        );
        for (host, command) in ways {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing.x = gap::M;
                if kit::copy_button(ui, "Copy", &format!("Copy the command for {host}")) {
                    let kind = format!("Command for {host}");
                    let text = Secret::new(command.as_str());
                    act = Some(Act::Copy(Copied { text, kind, secret: false }));
                }
                ui.label(host);
                kit::mono(ui, &command);
            });
        }
    });
    act
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(seen: &[&str], end: End) -> Vec<Mark> {
        let seen: Vec<String> = seen.iter().map(|word| (*word).to_owned()).collect();
        phases(&seen, end).into_iter().map(|(_, mark, _)| mark).collect()
    }

    #[test]
    fn a_phase_that_was_passed_over_counts_as_passed() {
        use Mark::{NotReached, Passed, Running};
        assert_eq!(
            marks(&["PENDING_BUILD", "DEPLOYING"], End::Open),
            [Passed, Passed, Passed, Running, NotReached]
        );
        assert_eq!(marks(&[], End::Open), [NotReached; 5]);
        assert_eq!(marks(&["ACTIVE"], End::Reached), [Passed; 5]);
    }

    #[test]
    fn it_stopped_in_the_phase_that_was_under_way() {
        use Mark::{Failed, NotReached, Passed};
        assert_eq!(
            marks(&["PENDING_BUILD", "BUILDING", "ERROR"], End::Stopped),
            [Passed, Failed, NotReached, NotReached, NotReached]
        );
    }

    #[test]
    fn a_word_we_do_not_know_is_shown_where_it_was_said() {
        let seen = ["BUILDING".to_owned(), "WAITING_FOR_SLOT".to_owned()];
        let found = phases(&seen, End::Open);
        assert_eq!(found.get(1), Some(&("Building", Mark::Running, "waiting for slot".to_owned())));
    }
}
