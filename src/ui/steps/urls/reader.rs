//! Which client reads the URLs, what goes into its code, and how it migrates.

use egui::Ui;

use crate::{
    domain::{
        client::{Client, Needs},
        secret::Secret,
    },
    setup::facts::Facts,
    ui::{
        act::{Act, Copied},
        kit::{self, Column, Icon},
        theme::{Theme, gap},
    },
};

/// The choice of the client. The project's own is offered first.
pub(super) fn choice(ui: &mut Ui, facts: &Facts, chosen: &mut Client) -> bool {
    let own = facts.project.as_ref().map(|project| project.client);
    let own = own.filter(|client| *client != Client::Unknown);
    let mut offers = Vec::new();
    if let Some(client) = own {
        offers.push(kit::Offer {
            value: client,
            title: client.title(),
            group: "Your project",
            also: client.about().also,
        });
    }
    offers.extend(Client::ALL.into_iter().filter(|client| Some(*client) != own).map(|client| {
        let about = client.about();
        kit::Offer { value: client, title: about.title, group: about.family, also: about.also }
    }));
    kit::finder(ui, "Written for", "Library, framework or language", chosen, &offers)
}

/// What goes into the app's code, line by line with its reasons, and the command for migrations.
pub(super) fn settings(ui: &mut Ui, client: Client, needs: &Needs<'_>) -> Option<Act> {
    let mut act = None;
    let title = client.title();
    if let Some(code) = client.code(needs) {
        kit::card(ui, Some(&format!("Settings for {title}")), |ui| {
            if kit::code(ui, code.file, &code.text, &format!("Copy settings for {title}")) {
                act = Some(copied(&code.text, format!("Settings for {title}")));
            }
            kit::fold(ui, "Why these settings?", |ui| {
                let columns = [Column::text_of("Setting", 240.0), Column::text("Reason")];
                let rows: Vec<Vec<String>> = code
                    .reasons
                    .iter()
                    .map(|(line, reason)| vec![line.clone(), reason.clone()])
                    .collect();
                kit::table(ui, &format!("Settings for {title}"), &columns, &rows);
            });
            statements(ui, needs);
        });
    }
    kit::card(ui, Some("Migrations"), |ui| {
        let (command, why) = client.migrate(needs.keys);
        if kit::code(ui, "shell", &command, "Copy command for migrations") {
            act = Some(copied(&command, "Command for migrations".to_owned()));
        }
        kit::caption(ui, &why);
    });
    act
}

fn copied(text: &str, kind: String) -> Act {
    Act::Copy(Copied { text: Secret::new(text), kind, secret: false })
}

/// What the form rests on.
fn statements(ui: &mut Ui, needs: &Needs<'_>) {
    let theme = Theme::of(ui);
    ui.spacing_mut().item_spacing.y = gap::XS;
    let (mark, color, word, text) = match (needs.probe, needs.names_last()) {
        (Some(_), true) => (
            Icon::Done,
            theme.success.text,
            "Found out",
            "The test found that prepared statements last behind this pool, so they are allowed.",
        ),
        (Some(_), false) => (
            Icon::Done,
            theme.success.text,
            "Found out",
            "The test found that prepared statements do not last behind this pool, so they are left out.",
        ),
        (None, _) => (
            Icon::Info,
            theme.info.text,
            "Not known yet",
            "Whether prepared statements last behind this pool is found out by the test, step 6. Until then this is the form that is safe either way.",
        ),
    };
    kit::marked(ui, mark, color, word, text);
}
