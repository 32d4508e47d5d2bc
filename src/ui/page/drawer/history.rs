//! What was sent so far, to the account and to databases, and which files were written.

use egui::Ui;
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    domain::{
        problem::Problem,
        record::{End, Entry, Exchange, Statement, Undo, export::json_lines},
        secret::Secret,
    },
    setup::{Setup, facts::Urls},
    ui::{
        act::{Act, Copied, Saving},
        kit::{self, Icon},
        theme::{Theme, gap},
    },
};

/// The newest that are listed; a set-up sends fewer.
const SHOWN: usize = 200;

/// One line of the history.
enum Line<'a> {
    Request(&'a Exchange),
    Statement(&'a Statement),
    File(&'a Entry),
}

impl Line<'_> {
    fn at(&self) -> Timestamp {
        match self {
            Self::Request(exchange) => exchange.at,
            Self::Statement(statement) => statement.at,
            Self::File(entry) => entry.at,
        }
    }
}

pub(super) fn history(ui: &mut Ui, setup: &Setup, unsaved: Option<&Problem>, acts: &mut Vec<Act>) {
    let record = &setup.record;
    let files =
        record.entries.iter().filter(|entry| matches!(entry.undo, Undo::RestoreFile { .. }));
    let mut lines: Vec<Line<'_>> = (record.exchanges.iter().map(Line::Request))
        .chain(record.statements.iter().map(Line::Statement))
        .chain(files.map(Line::File))
        .collect();
    if lines.is_empty() {
        kit::paragraph(ui, "Nothing was sent yet.");
        return;
    }
    lines.sort_by_key(Line::at);
    let copy =
        |ui: &mut Ui| kit::copy_button(ui, "Copy as JSON lines", "Copy the history as JSON lines");
    ui.horizontal_wrapped(|ui| {
        if copy(ui) {
            let text = Secret::new(json_lines(record));
            acts.push(Act::Copy(Copied { text, kind: "History".to_owned(), secret: false }));
        }
        let save = kit::secondary_button(ui, "Save…").accessible_name("Save the history…");
        if save.clicked() {
            acts.push(Act::Save(Saving::History, "poolwright-history.jsonl".to_owned()));
        }
    });
    if let Some(problem) = unsaved {
        kit::problem(ui, problem, false, kit::FirstFix::Beside, |_| false);
    }
    let zone = TimeZone::system();
    for (at, line) in lines.iter().enumerate().rev().take(SHOWN) {
        ui.push_id(at, |ui| match line {
            Line::Request(exchange) => request(ui, at + 1, exchange, &zone),
            Line::Statement(asked) => {
                statement(ui, at + 1, asked, setup.facts.urls.as_ref(), &zone);
            }
            Line::File(entry) => file(ui, entry, &zone),
        });
        ui.add_space(gap::XS);
    }
    if SHOWN < lines.len() {
        kit::caption(ui, &format!("{} older ones are not listed.", lines.len() - SHOWN));
    }
}

fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

fn request(ui: &mut Ui, number: usize, exchange: &Exchange, zone: &TimeZone) {
    let theme = Theme::of(ui);
    let (icon, colour, status) = match exchange.status {
        Some(status @ 0..400) => (Icon::Done, theme.success.text, status.to_string()),
        Some(status) => (Icon::Stopped, theme.danger.text, status.to_string()),
        None => (Icon::Warning, theme.warning.text, "no answer".to_owned()),
    };
    let at = clock(exchange.at, zone);
    let left = exchange.rate_left.map_or(String::new(), |left| format!(" · {left} left this hour"));
    let second = format!("{status} · {} ms · {at}{left}", exchange.took.as_millis());
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = gap::S;
        kit::icon(ui, icon, 15.0, colour);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            kit::mono(ui, &format!("{} {}", exchange.method, exchange.path));
            kit::caption(ui, &second);
            if let Some(id) = &exchange.request_id {
                kit::caption(ui, &format!("Request id {id}"));
            }
            if let Some(body) = &exchange.body {
                kit::fold(ui, &format!("Body of request {number}"), |ui| super::block(ui, body));
            }
        });
    });
}

/// More lines are folded away.
const LINES: usize = 4;

fn statement(
    ui: &mut Ui,
    number: usize,
    statement: &Statement,
    urls: Option<&Urls>,
    zone: &TimeZone,
) {
    let theme = Theme::of(ui);
    let (icon, colour, end) = match &statement.end {
        End::Done(Some(1)) => (Icon::Done, theme.success.text, "1 row".to_owned()),
        End::Done(Some(rows)) => (Icon::Done, theme.success.text, format!("{rows} rows")),
        End::Done(None) => (Icon::Done, theme.success.text, "done".to_owned()),
        End::Refused(sqlstate) => {
            (Icon::Stopped, theme.danger.text, format!("refused, SQLSTATE {sqlstate}"))
        }
        End::NoAnswer => (Icon::Warning, theme.warning.text, "no answer".to_owned()),
    };
    let place = &statement.place;
    let way = |url| place.is_of(url);
    let to = match urls {
        Some(urls) if way(&urls.pooled) => format!("Pooled URL, as {}", place.user),
        Some(urls) if way(&urls.direct) => format!("Direct URL, as {}", place.user),
        Some(_) | None => place.to_string(),
    };
    let many = statement.times;
    let times = if many == 1 { String::new() } else { format!(" · {many} times, all together") };
    let at = clock(statement.at, zone);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = gap::S;
        kit::icon(ui, icon, 15.0, colour);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            let mut lines = statement.text.lines();
            let head: Vec<&str> = lines.by_ref().take(LINES).collect();
            kit::mono(ui, &head.join("\n"));
            kit::caption(ui, &to);
            let took = statement.took.as_millis();
            kit::caption(ui, &format!("{end}{times} · {took} ms · {at}"));
            if lines.next().is_some() {
                kit::fold(ui, &format!("Whole statement {number}"), |ui| {
                    super::block(ui, &statement.text);
                });
            }
        });
    });
}

fn file(ui: &mut Ui, entry: &Entry, zone: &TimeZone) {
    let theme = Theme::of(ui);
    let Undo::RestoreFile { file, backup, ours, .. } = &entry.undo else { return };
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = gap::S;
        kit::icon(ui, Icon::Done, 15.0, theme.success.text);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            kit::mono(ui, &file.display().to_string());
            let state = if entry.undone { "taken back since" } else { "written" };
            kit::caption(ui, &format!("{state} · {} · {}", clock(entry.at, zone), entry.what));
            kit::caption(ui, &format!("SHA-256 as written {ours}"));
            let before = match backup {
                Some(backup) => format!("As it was before: {}", backup.display()),
                None => "It was not there before.".to_owned(),
            };
            kit::caption(ui, &before);
        });
    });
}
