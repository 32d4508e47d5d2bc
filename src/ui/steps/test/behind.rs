//! What stands behind the pooled port: the mode, prepared statements, and what an app may use of a session.

use egui::{Color32, Ui};

use crate::{
    domain::{
        features::{Basis, Found, Holds},
        pool::PoolMode,
        project::{Feature, Project},
        stages::{Probe, Tracking},
    },
    setup::{
        Setup,
        steps::test::{Msg, Phase},
    },
    ui::{
        act::Act,
        kit::{self, Icon},
        theme::{Theme, gap},
    },
};

/// What the probe on a second connection found.
pub(super) fn behind(ui: &mut Ui, setup: &Setup, probe: Probe) -> Option<Act> {
    kit::card(ui, Some("What stands behind the pooled port"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::XS;
        mode(ui, setup, probe);
        tracking(ui, probe);
        let features = setup.facts.tested.as_ref().map_or(&[][..], |tested| &tested.features);
        if features.is_empty() || probe.mode.is_none() {
            return None;
        }
        ui.add_space(gap::S);
        table(ui, features, setup.facts.project.as_ref());
        try_settings(ui, setup, features)
    })
}

fn mode(ui: &mut Ui, setup: &Setup, probe: Probe) {
    let theme = Theme::of(ui);
    let ordered = setup.facts.pool.as_ref().map(|pool| pool.mode);
    match probe.mode {
        Some(mode) if ordered.is_none_or(|ordered| ordered == mode) => {
            let text = format!("{} mode: {}.", mode.title(), mode.meaning());
            kit::marked(ui, Icon::Done, theme.success.text, "Proved", &text);
        }
        Some(mode) => {
            let text = format!("{} mode was found, another was asked for.", mode.title());
            kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", &text);
        }
        None => {
            kit::marked(ui, Icon::Info, theme.info.text, "Unclear", "The mode stayed unclear.");
        }
    }
}

fn tracking(ui: &mut Ui, probe: Probe) {
    let theme = Theme::of(ui);
    let (mark, color, word, text) = match (probe.tracking, probe.mode) {
        (Tracking::Tracked, _) => (
            Icon::Done,
            theme.success.text,
            "Proved",
            "Prepared statements are followed from one server connection to the next; libraries may use them.",
        ),
        (Tracking::NotTracked, Some(PoolMode::Session)) => (
            Icon::Done,
            theme.success.text,
            "Proved",
            "Prepared statements stay: each client keeps its server connection.",
        ),
        (Tracking::NotTracked, _) => (
            Icon::Warning,
            theme.warning.text,
            "Warning",
            "Prepared statements are lost between transactions. The pooled URL says so to the libraries that prepare by name.",
        ),
        (Tracking::Unknown, _) => (
            Icon::Info,
            theme.info.text,
            "Unclear",
            "Whether prepared statements are followed stayed unclear. The URL is written in its safe form.",
        ),
    };
    kit::marked(ui, mark, color, word, text);
}

/// What the project uses first, then the rest.
fn table(ui: &mut Ui, features: &[Found], project: Option<&Project>) {
    kit::part(ui, "What an app may use through it");
    let tried = features.iter().filter(|found| found.basis == Basis::Provoked).count();
    kit::caption(
        ui,
        match tried {
            0 | 1 => {
                "Inferred from the mode that was proved. It was not tried out: that would leave locks, settings and tables on the server's connections."
            }
            _ => "Tried out on the practice cluster, with two connections that take turns.",
        },
    );
    ui.add_space(gap::XS);
    let used = |found: &Found| project.and_then(|project| found.feature.in_project(project));
    let mut rows: Vec<(&Found, Option<String>)> =
        features.iter().map(|found| (found, used(found))).collect();
    rows.sort_by_key(|(_, used)| used.is_none());
    if TWO_COLUMNS <= ui.available_width() {
        for pair in rows.chunks(2) {
            ui.columns(2, |columns| {
                for (ui, (found, used)) in columns.iter_mut().zip(pair) {
                    row(ui, found, used.as_deref());
                }
            });
            ui.add_space(gap::XS);
        }
    } else {
        for (found, used) in &rows {
            row(ui, found, used.as_deref());
            ui.add_space(gap::XS);
        }
    }
    if project.is_none() {
        kit::caption(ui, "Step 7 reads the project; then this tells which of them it uses.");
    }
}

/// From this width on, two of them stand side by side.
const TWO_COLUMNS: f32 = 620.0;

fn row(ui: &mut Ui, found: &Found, used: Option<&str>) {
    let Found { feature, holds, basis, seen } = found;
    let (mark, color) = mark(Theme::of(ui), *holds, used.is_some());
    let mut text = match holds {
        Holds::Works | Holds::Unclear => String::new(),
        Holds::Lost | Holds::Refused => {
            format!("{} {}", feature.consequence(), feature.instead())
        }
    };
    // Which settings: the one thing that a look at the mode does not tell.
    if let (Some(seen), Basis::Provoked, Feature::StartupParameter) = (seen, basis, feature) {
        text = format!("{text} Tried and {seen}.");
    }
    if let Some(place) = used {
        text = format!("{text} The project uses it in {place}.");
    }
    kit::item(ui, mark, color, [feature.title(), word(*holds)], text.trim_start());
}

fn mark(theme: &Theme, holds: Holds, used: bool) -> (Icon, Color32) {
    match (holds, used) {
        (Holds::Works, _) => (Icon::Done, theme.success.text),
        (Holds::Lost | Holds::Refused, true) => (Icon::Warning, theme.warning.text),
        (Holds::Lost | Holds::Refused, false) => (Icon::Skipped, theme.idle),
        (Holds::Unclear, _) => (Icon::Info, theme.info.text),
    }
}

fn word(holds: Holds) -> &'static str {
    match holds {
        Holds::Works => "Works",
        Holds::Lost => "Does not last",
        Holds::Refused => "Refused",
        Holds::Unclear => "Unclear",
    }
}

/// Settings at sign-in leave nothing behind, so they can be tried on any cluster that wishes it.
fn try_settings(ui: &mut Ui, setup: &Setup, features: &[Found]) -> Option<Act> {
    let settings = features.iter().find(|found| found.feature == Feature::StartupParameter)?;
    if settings.basis == Basis::Provoked {
        return None;
    }
    ui.add_space(gap::S);
    let idle = matches!(setup.steps.test.phase, Phase::Idle | Phase::Failed(_));
    let label = "Try settings at sign-in";
    let button = ui.add_enabled_ui(idle, |ui| kit::secondary_button(ui, label)).inner;
    kit::caption(
        ui,
        "Four sign-ins over the pooled URL, each with one setting. They leave nothing behind.",
    );
    button.clicked().then(|| Msg::TrySettings.into())
}

/// Mode and tracking for a ticket.
pub(super) fn sentence(probe: Probe) -> String {
    let mode = probe.mode.map_or("mode unclear".to_owned(), |mode| format!("{} mode", mode.word()));
    let tracking = match probe.tracking {
        Tracking::Tracked => "prepared statements tracked",
        Tracking::NotTracked => "prepared statements not tracked",
        Tracking::Unknown => "prepared statements unclear",
    };
    format!("pooled  behind it         {mode}, {tracking}")
}
