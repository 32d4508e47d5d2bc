//! What the page's button will send, before it is sent.

use egui::Ui;

use crate::{
    domain::{
        commands::{curl, doctl, no_doctl, terraform},
        secret::Secret,
    },
    setup::{
        Setup,
        foretold::{Foretold, Times},
        step::{Primary, StepId},
    },
    ui::{
        act::{Act, Copied},
        kit::{self, Icon},
        theme::{Theme, gap},
    },
};

pub(super) fn next(ui: &mut Ui, setup: &Setup, acts: &mut Vec<Act>) {
    let listed = match told(setup) {
        Ok(told) => {
            list(ui, setup, &told, acts);
            told.len()
        }
        Err(why) => {
            kit::paragraph(ui, &why);
            0
        }
    };
    beside(ui, setup, listed, acts);
}

/// The page's other buttons; their requests are numbered on from those of the main one.
fn beside(ui: &mut Ui, setup: &Setup, listed: usize, acts: &mut Vec<Act>) {
    let mut number = listed;
    for one in setup.foretell_beside() {
        ui.add_space(gap::M);
        kit::part(ui, &one.what);
        let sends = kit::count(one.told.len(), "request", "requests");
        kit::paragraph(ui, &format!("Its button sends {sends}, in this order."));
        for told in &one.told {
            number += 1;
            kit::hairline(ui);
            request(ui, number, told, acts);
        }
    }
}

/// What the button sends, or why it sends nothing.
fn told(setup: &Setup) -> Result<Vec<Foretold>, String> {
    match setup.primary_shown() {
        Primary::Act(label, _) if setup.plan.open => match setup.foretell_plan() {
            told if told.is_empty() => Err(format!("“{label}” sends nothing to DigitalOcean.")),
            told => Ok(told),
        },
        Primary::Act(_, msg) => {
            let told = setup.foretell(msg);
            if told.is_empty() {
                let instead = instead(setup.current);
                return Err(format!("The button sends nothing to DigitalOcean. {instead}"));
            }
            Ok(told)
        }
        Primary::Next => Err("The button goes to the next page. Nothing is sent.".to_owned()),
        Primary::Working(what, _) => {
            Err(format!("{what} What it has sent so far is in the history."))
        }
        Primary::Blocked(_, why) => Err(format!("Nothing is sent yet. {why}")),
    }
}

fn list(ui: &mut Ui, setup: &Setup, told: &[Foretold], acts: &mut Vec<Act>) {
    let changes = told.iter().filter(|one| one.changes_something()).count();
    let sum = match changes {
        0 => "They change nothing.".to_owned(),
        _ => format!("{} something.", kit::count(changes, "of them changes", "of them change")),
    };
    let all = kit::count(told.len(), "request", "requests");
    kit::paragraph(ui, &format!("The button sends {all}, in this order. {sum}"));
    if setup.rules.dry_run {
        kit::paragraph(ui, "Dry run is on: what changes something is not sent.");
    }
    for (at, one) in told.iter().enumerate() {
        kit::hairline(ui);
        request(ui, at + 1, one, acts);
    }
}

/// What a step does where it asks nothing of the account.
fn instead(step: StepId) -> &'static str {
    match step {
        StepId::Measure | StepId::Verify => "It asks the database.",
        StepId::Urls => "The URLs are put together on this computer.",
        StepId::Test => "It connects to both ports.",
        StepId::Project | StepId::EnvFiles | StepId::HandOver => {
            "It works on files of this computer."
        }
        StepId::Migrations => "It works in the database, over the direct URL.",
        StepId::SignIn | StepId::Cluster | StepId::Pool | StepId::App => "",
    }
}

fn request(ui: &mut Ui, number: usize, told: &Foretold, acts: &mut Vec<Act>) {
    let theme = Theme::of(ui);
    let (icon, colour) = if told.changes_something() {
        (Icon::Would, theme.info.text)
    } else {
        (Icon::Info, theme.text_2)
    };
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = gap::S;
        kit::icon(ui, icon, 15.0, colour);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = gap::XS;
            kit::mono(ui, &format!("{} {}", told.method(), told.operation.path()));
            kit::caption(ui, &about(told));
        });
    });
    if let Some(body) = &told.body {
        let pretty = serde_json::from_str::<serde_json::Value>(body)
            .map_or_else(|_| body.clone(), |body| format!("{body:#}"));
        // The settings of an app are long; a pool's are what there is to check.
        if pretty.lines().count() < 12 {
            super::block(ui, &pretty);
        } else {
            kit::fold(ui, &format!("Body of request {number}"), |ui| super::block(ui, &pretty));
        }
    }
    kit::fold(ui, &format!("Request {number} as a command"), |ui| {
        commands(ui, number, told, acts);
    });
}

fn about(told: &Foretold) -> String {
    let times = match told.times {
        Times::Once => "",
        Times::UntilDone => " As often as needed until it is done.",
        Times::IfNeeded => " Only where it is needed.",
    };
    let scope = match told.operation.scope() {
        "" => String::new(),
        scope => format!(" Takes the scope {scope}."),
    };
    format!("To {}.{times}{scope} {}", told.operation, told.way_back())
}

fn commands(ui: &mut Ui, number: usize, told: &Foretold, acts: &mut Vec<Act>) {
    let forms = told.request(|request| {
        [("doctl", doctl(request)), ("curl", curl(request)), ("Terraform", terraform(request))]
    });
    if let Some(why) = told.request(no_doctl) {
        kit::caption(ui, why);
    }
    for (form, text) in forms {
        let Some(text) = text else { continue };
        if kit::code(ui, form, &text, &format!("Copy request {number} for {form}")) {
            let kind = format!("Command for {form}");
            acts.push(Act::Copy(Copied { text: Secret::new(text), kind, secret: false }));
        }
    }
}
