//! The box for URLs that the person brings, and what was found in it.

use egui::Ui;

use crate::{
    domain::{
        conn_url::{pair::Known, paste::Unread, repair::Repair},
        secret::Secret,
        stages::Port,
        words::capital,
    },
    setup::{
        Setup,
        steps::urls::{Draft, known},
    },
    ui::{
        kit::{self, Icon},
        theme::{Theme, gap},
    },
};

/// Open from the beginning where there is no account to take URLs from.
pub(super) fn show(ui: &mut Ui, setup: &mut Setup) {
    let known = known(&setup.facts);
    let draft = &mut setup.steps.urls.draft;
    if setup.facts.cluster.is_none() || !draft.pasted.is_empty() {
        kit::card(ui, Some("Paste URLs"), |ui| inside(ui, draft, &known));
    } else {
        kit::fold(ui, "Paste URLs instead", |ui| {
            kit::card(ui, None, |ui| inside(ui, draft, &known));
        });
    }
}

fn inside(ui: &mut Ui, draft: &mut Draft, known: &Known) {
    kit::caption(
        ui,
        "Both in one go, in any order: URLs, lines of an env file, a panel's connection details, a psql command. Nothing is sent, and nothing is written to disk.",
    );
    // The field edits a plain text; the copy made for it is wiped after each frame.
    let text = draft.pasting.as_ref().map_or("", |text| text.expose());
    let mut text = zeroize::Zeroizing::new(text.to_owned());
    if kit::secret_field(ui, "Pooled and direct URL", &mut text).changed() {
        draft.paste(Secret::new(text.as_str()), known);
    }
    if draft.pasting.is_some() {
        kit::live(ui, "No PostgreSQL URL in it so far.");
    }
    found(ui, draft);
    repairs(ui, draft, known);
    missing(ui, draft);
    edit(ui, draft);
    if !draft.pasted.is_empty() && kit::link_button(ui, "Forget these URLs").clicked() {
        draft.forget_pasted();
    }
}

fn found(ui: &mut Ui, draft: &Draft) {
    let theme = Theme::of(ui);
    let pasted = &draft.pasted;
    ui.spacing_mut().item_spacing.y = gap::S;
    for (url, port) in [(&pasted.pooled, Port::Pooled), (&pasted.direct, Port::Direct)] {
        if let Some(url) = url {
            let text = format!("{} URL: {}, port {}", capital(port.word()), url.host, url.port);
            kit::marked(ui, Icon::Done, theme.success.text, "Found", &text);
        }
    }
    if pasted.pooled.is_some() && pasted.direct.is_some() && !pasted.certain {
        kit::marked(
            ui,
            Icon::Warning,
            theme.warning.text,
            "A guess",
            "Neither port is known, so the higher one is taken for the pool. The test, step 6, finds out.",
        );
    }
    if 0 < pasted.left_over {
        let text = match pasted.left_over {
            1 => "1 more URL was found and not taken.".to_owned(),
            n => format!("{n} more URLs were found and not taken."),
        };
        kit::marked(ui, Icon::Warning, theme.warning.text, "Left over", &text);
    }
}

/// A URL whose password was not encoded: one reading is proposed, several are asked about.
fn repairs(ui: &mut Ui, draft: &mut Draft, known: &Known) {
    let theme = Theme::of(ui);
    let mut chosen: Option<Repair> = None;
    for unread in &draft.pasted.unread {
        let text = format!("A URL could not be read: {}.", unread.why);
        kit::marked(ui, Icon::Stopped, theme.danger.text, "Not read", &text);
        kit::paragraph(ui, question(unread));
        for repair in &unread.repairs {
            ui.horizontal_wrapped(|ui| {
                let label = reading(repair);
                if kit::secondary_button(ui, &label).clicked() {
                    chosen = Some(repair.clone());
                }
            });
        }
    }
    if let Some(repair) = chosen {
        draft.choose(&repair, known);
    }
}

fn question(unread: &Unread) -> &'static str {
    match unread.repairs.len() {
        0 => "Correct it where it was copied from, and paste it again.",
        1 => {
            "Most likely the password holds signs that had to be encoded. Poolwright encodes them."
        }
        _ => {
            "The password holds signs that had to be encoded, and it can be read in more than one way. Which is right?"
        }
    }
}

/// What a reading means, without the password.
fn reading(repair: &Repair) -> String {
    let raw: Vec<String> = repair.raw.iter().map(char::to_string).collect();
    // Its length tells two readings apart.
    let length = repair.url.password.as_ref().map_or(0, |secret| secret.expose().chars().count());
    let escapes = if repair.decoded { ", the rest encoded already" } else { "" };
    let (raw, host) = (raw.join(" "), &repair.url.host);
    format!("Password of {length} characters with {raw}{escapes}, host {host}")
}

/// One URL says all but one name.
fn missing(ui: &mut Ui, draft: &mut Draft) {
    let (label, hint) = match draft.pasted.missing() {
        Some(Port::Pooled) => (
            "Name of the pool",
            "The direct URL says everything but this. In the panel: Connection Pools.",
        ),
        Some(Port::Direct) => (
            "Name of the database",
            "The pooled URL says everything but this: its last part is the pool's name.",
        ),
        None => return,
    };
    kit::field(ui, label, &mut draft.missing_name, hint);
}

fn edit(ui: &mut Ui, draft: &mut Draft) {
    let pasted = &mut draft.pasted;
    if pasted.pooled.is_none() && pasted.direct.is_none() {
        return;
    }
    kit::fold(ui, "Edit the parts", |ui| {
        for (url, port) in [(&mut pasted.pooled, Port::Pooled), (&mut pasted.direct, Port::Direct)]
        {
            if let Some(url) = url {
                super::parts::edit(ui, url, port);
            }
        }
    });
}
