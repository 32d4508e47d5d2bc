//! The app's variables before and after.

use egui::Ui;

use crate::{
    domain::app_spec::{self, SpecChange},
    setup::{
        facts::Facts,
        steps::app::{Form, Migrations, Plan, Step},
    },
    ui::{
        kit::{
            self, Icon,
            diff::{Change, changes},
        },
        theme::Theme,
    },
};

/// Place by place, then what it comes to.
pub(super) fn variables(ui: &mut Ui, step: &Step, plan: &Plan, facts: &Facts) {
    let theme = Theme::of(ui);
    if plan.changes.is_empty() {
        kit::marked(ui, Icon::Done, theme.success.text, "Done", "The app uses the pool already.");
        return;
    }
    let cluster = facts.cluster.as_ref().map_or("", |cluster| cluster.cluster.name.as_str());
    if let Some(component) = &plan.attaches {
        let text = format!(
            "{cluster} is attached to the app as its component {component}. Where the cluster has trusted sources, DigitalOcean adds the app to them."
        );
        kit::marked(ui, Icon::Would, theme.info.text, "Will be done", &text);
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
    at_build_time(ui, step, plan, facts);
    kit::paragraph(
        ui,
        &format!(
            "{}, and nothing else in the app's settings. Encrypted values go back as they came.",
            what_changes(plan)
        ),
    );
    kit::paragraph(
        ui,
        "We do not ask for new code. DigitalOcean may still build the newest commit. The components restart.",
    );
    if let Some(proposal) = &step.proposal {
        kit::key_value(ui, "Cost afterwards", &proposal.cost);
    }
}

/// `2 variables change`, `1 variable, the attachment and the job for migrations change`.
fn what_changes(plan: &Plan) -> String {
    let moves = matches!(plan.migrating, Some((_, Migrations::MoveToAJob)));
    let besides = match (plan.attaches.is_some(), moves) {
        (false, false) => {
            return kit::count(plan.changes.len(), "variable changes", "variables change");
        }
        (true, false) => " and the attachment change",
        (false, true) => " and the job for migrations change",
        (true, true) => ", the attachment and the job for migrations change",
    };
    kit::count(plan.changes.len(), "variable", "variables") + besides
}

/// A reference is empty while the app is built.
fn at_build_time(ui: &mut Ui, step: &Step, plan: &Plan, facts: &Facts) {
    let Some((app, cluster)) = step.app(facts).zip(facts.cluster.as_ref()) else { return };
    if step.draft.form == Form::WrittenOut {
        return;
    }
    let hosts = cluster.cluster.hosts();
    let names: Vec<String> = app_spec::variables(&app.spec, &cluster.cluster.name, &hosts)
        .into_iter()
        .filter(|variable| variable.scope != "RUN_TIME")
        .filter(|variable| plan.changes.iter().any(|change| change.place == variable.place))
        .map(|variable| variable.place.key)
        .collect();
    if !names.is_empty() {
        let theme = Theme::of(ui);
        let text = format!(
            "{} is there at build time too, and a reference has no value then. If the build needs the database, choose the encrypted URL.",
            names.join(", ")
        );
        kit::marked(ui, Icon::Info, theme.text_2, "To know", &text);
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
