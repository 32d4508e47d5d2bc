//! What the person changes without us: values for DigitalOcean's panel, and commands for other hosts.

use egui::Ui;

use crate::{
    domain::secret::Secret,
    setup::{
        facts::Facts,
        steps::app::{Msg, Plan, Step},
    },
    ui::{
        act::{Act, Copied},
        kit,
        theme::gap,
    },
};

/// The token may not change the app: variable by variable, with what each is to become.
pub(super) fn by_hand(ui: &mut Ui, plan: &Plan) -> Option<Act> {
    let mut act = None;
    kit::card(ui, Some("Change the variables in DigitalOcean's panel"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        kit::paragraph(
            ui,
            "Open the app's page, tab “Settings”, and edit the variables there. Saving starts a deployment. When it is active, press “I have changed it” below: then the app's connections are looked for behind the pool.",
        );
        if let Some(component) = &plan.attaches {
            kit::marked(
                ui,
                kit::Icon::Info,
                crate::ui::theme::Theme::of(ui).text_2,
                "First",
                &format!(
                    "Attach the cluster first: “Create”, “Create/attach database”, “Previously created DigitalOcean database”, with the name {component}."
                ),
            );
        }
        for change in &plan.changes {
            let place = change.place.component.as_deref().unwrap_or("the whole app");
            let key = &change.place.key;
            let head = format!("{key} of {place}");
            if kit::code(ui, &head, &change.new, &format!("Copy {head}")) {
                let text = Secret::new(change.new.as_str());
                let kind = format!("Value of {key}");
                act = Some(Act::Copy(Copied { text, kind, secret: false }));
            }
        }
    });
    act
}

/// Apps that run on other hosts are restarted by the person; the proof is the same. It is what there is to do where the
/// account has no app.
pub(super) fn elsewhere(ui: &mut Ui, step: &Step, facts: &Facts) -> Option<Act> {
    let title = "The app runs elsewhere";
    let has_apps = facts.cluster.as_ref().is_some_and(|cluster| !cluster.apps.is_empty());
    if has_apps || facts.deployed.is_some() {
        kit::fold(ui, title, |ui| restart(ui, step, facts)).flatten()
    } else {
        kit::card(ui, Some(title), |ui| restart(ui, step, facts))
    }
}

fn restart(ui: &mut Ui, step: &Step, facts: &Facts) -> Option<Act> {
    let key = facts.urls.as_ref().map_or("DATABASE_URL", |urls| urls.keys.0.as_str());
    let ways = [
        ("systemd", "sudo systemctl restart APP".to_owned()),
        ("Docker Compose", "docker compose up -d --force-recreate APP".to_owned()),
        ("Kubernetes", "kubectl rollout restart deployment/APP".to_owned()),
    ];
    let mut act = None;
    kit::paragraph(
        ui,
        &format!(
            "On a Droplet, in Kubernetes or at another provider: put the pooled URL of step 5 into {key} where the app reads it, then restart the app. APP stands for its name. Restart one instance after the other where you can, so that the site stays up."
        ),
    );
    for (host, command) in ways {
        if kit::code(ui, host, &command, &format!("Copy the command for {host}")) {
            let kind = format!("Command for {host}");
            let text = Secret::new(command.as_str());
            act = Some(Act::Copy(Copied { text, kind, secret: false }));
        }
    }
    if facts.deployed.is_none() {
        ui.add_enabled_ui(!step.working() && facts.pool.is_some(), |ui| {
            if kit::secondary_button(ui, "I have restarted it").clicked() {
                act = Some(Msg::Restarted(String::new()).into());
            }
        });
        kit::caption(
            ui,
            "Marks the switch, and looks in the database whether connections come through the pool.",
        );
    }
    act
}
