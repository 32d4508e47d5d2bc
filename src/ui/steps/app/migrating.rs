//! Migrations that the app runs on its own, and the job that could take them over.

use egui::Ui;

use crate::{
    domain::app_spec::migrating::Offer,
    setup::steps::app::Migrations,
    ui::{
        kit::{
            self, Icon,
            diff::{Change, changes},
        },
        theme::Theme,
    },
};

pub(super) fn migrating(ui: &mut Ui, offer: &Offer, now: Migrations, idle: bool) -> Migrations {
    let theme = Theme::of(ui);
    let mut moves = now == Migrations::MoveToAJob;
    kit::card(ui, Some("Migrations in the app"), |ui| {
        let when =
            if offer.field == "build_command" { "while it is built" } else { "when it starts" };
        let text = format!(
            "{} runs “{}” {when}, with the pooled URL unless the program reads another variable. Over the pool migrations can stop half-way.",
            offer.component, offer.migrate
        );
        kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", &text);
        let label = format!(
            "Let a job named {} run them before each deployment, over the direct URL",
            offer.job
        );
        ui.add_enabled_ui(idle, |ui| kit::check(ui, &mut moves, &label));
        if !moves {
            kit::caption(
                ui,
                "The job is one more component: DigitalOcean says what it costs before anything is sent.",
            );
            return;
        }
        let line = |before: Option<String>, after: String| Change { line: None, before, after };
        changes(
            ui,
            &[
                line(
                    Some(format!("{}.{}: {}", offer.component, offer.field, offer.command)),
                    format!("{}.{}: {}", offer.component, offer.field, offer.rest),
                ),
                line(None, format!("{}.kind: PRE_DEPLOY", offer.job)),
                line(None, format!("{}.run_command: {}", offer.job, offer.migrate)),
            ],
        );
        if !offer.left_out.is_empty() {
            let text = format!(
                "{} of {} is encrypted and is not given to the job. If the migrations need it, add it there.",
                offer.left_out.join(", "),
                offer.component
            );
            kit::marked(ui, Icon::Info, theme.text_2, "To know", &text);
        }
    });
    if moves { Migrations::MoveToAJob } else { Migrations::StayInTheApp }
}
