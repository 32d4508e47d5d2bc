//! Page 3: who holds connections now, and the recording that step 11 compares with.

use std::collections::BTreeMap;

use egui::Ui;
use jiff::tz::TimeZone;

use crate::{
    domain::{
        activity::{OURS, Sample},
        capacity::Limits,
    },
    setup::{
        Setup,
        steps::measure::{self, Phase, Step},
    },
    ui::{
        act::Act,
        kit::{self, Chart, Column, Icon, Point, Segment},
        theme::{FORM_WIDTH, Theme, gap},
    },
};

/// Samples that the peak is taken from: an hour at one a second.
const PEAK_OF: usize = 3600;

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let recording = matches!(setup.steps.measure.phase, Phase::Recording(_));
    let latest = setup.facts.activity.samples.last();
    if let Some(waiting) = setup.steps.measure.waiting.as_deref().filter(|_| recording) {
        let theme = Theme::of(ui);
        let title = "The database has no free connection for us.";
        kit::note(ui, theme.warning, Icon::Warning, title, waiting);
    }
    match latest {
        Some(sample) => today(ui, setup, sample),
        None => before(ui, setup, recording),
    }
    let act = over_time(ui, setup, recording);
    health(ui, setup, recording);
    kit::fold(ui, "Why record?", |ui| {
        kit::paragraph(
            ui,
            "Without it nobody can show afterwards what changed: step 11 compares the connections before the switch with those after it. DigitalOcean keeps such a history for other engines only, so ours starts now.",
        );
        kit::paragraph(
            ui,
            &format!(
                "It needs {} samples and goes on in the background while you continue.",
                setup.rules.min_samples
            ),
        );
        let every = kit::took(setup.rules.sample_every);
        kit::paragraph(
            ui,
            &format!("It costs one connection, named {OURS}, and one small query every {every}."),
        );
    });
    act
}

fn today(ui: &mut Ui, setup: &Setup, sample: &Sample) {
    let limits = setup.facts.activity.limits;
    let title = match limits {
        Some(limits) => {
            format!("Now: {} of {} connections in use", sample.total(), limits.usable())
        }
        None => format!("Now: {} connections in use", sample.total()),
    };
    kit::card(ui, Some(&title), |ui| {
        ui.spacing_mut().item_spacing.y = gap::M;
        if let Some(limits) = limits {
            kit::capacity(ui, &segments(ui, sample), 0, limits.usable());
            let reserved = limits.max_connections.saturating_sub(limits.usable());
            if 0 < reserved {
                kit::caption(
                    ui,
                    &format!("{reserved} more are reserved for the server's administrators."),
                );
            }
        }
        holders(ui, &setup.facts.activity.samples, sample);
    });
}

/// The connections by what they do.
fn segments(ui: &Ui, sample: &Sample) -> Vec<Segment> {
    let theme = Theme::of(ui);
    let count = |state: &str| {
        let holders = sample.holders.iter().filter(|holder| holder.state == state);
        holders.map(|holder| holder.count).sum::<u32>()
    };
    let known = ["active", "idle", "idle in transaction"];
    let other = sample.total() - known.into_iter().map(count).sum::<u32>();
    [
        Segment::solid("active", count("active"), theme.accent),
        Segment::hatched("idle", count("idle"), theme.idle),
        Segment::solid("idle in transaction", count("idle in transaction"), theme.chart_before),
        Segment::hatched("hidden from us", other, theme.text_2),
    ]
    .into_iter()
    .filter(|segment| 0 < segment.value)
    .collect()
}

fn holders(ui: &mut Ui, samples: &[Sample], latest: &Sample) {
    let who = |application: &str, user: &str| {
        let name = if application.is_empty() { "unnamed" } else { application };
        if application == OURS {
            format!("{name} (this program)")
        } else {
            format!("{name} · {user}")
        }
    };
    let sums = |sample: &Sample| {
        let mut sums: BTreeMap<String, (u32, u32)> = BTreeMap::new();
        for holder in &sample.holders {
            let sum = sums.entry(who(&holder.application, &holder.user)).or_default();
            sum.0 += holder.count;
            sum.1 += if holder.state == "idle" { holder.count } else { 0 };
        }
        sums
    };
    let mut peaks: BTreeMap<String, u32> = BTreeMap::new();
    for sample in samples.iter().rev().take(PEAK_OF) {
        for (name, (count, _)) in sums(sample) {
            let peak = peaks.entry(name).or_default();
            *peak = count.max(*peak);
        }
    }
    let mut now: Vec<(String, (u32, u32))> = sums(latest).into_iter().collect();
    now.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    let rows: Vec<Vec<String>> = now
        .into_iter()
        .map(|(name, (count, idle))| {
            let peak = peaks.get(&name).copied().unwrap_or(count);
            vec![name, count.to_string(), peak.to_string(), idle.to_string()]
        })
        .collect();
    let columns = [
        Column::text("Who holds them"),
        Column::figures("now", 64.0),
        Column::figures("peak", 64.0),
        Column::figures("idle", 64.0),
    ];
    kit::table(ui, "Who holds the connections", &columns, &rows);
}

/// Nothing is recorded yet: what the plan allows.
fn before(ui: &mut Ui, setup: &Setup, recording: bool) {
    let cluster = setup.facts.cluster.as_ref().map(|facts| &facts.cluster);
    let plan = cluster.and_then(|cluster| Some((cluster.ram_gib()?, &cluster.name)));
    kit::card(ui, Some("Now"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        if recording {
            ui.horizontal(|ui| {
                kit::icon(ui, Icon::Working, 16.0, Theme::of(ui).accent);
                kit::live(ui, "Signing in and asking who holds the connections…");
            });
        } else {
            kit::paragraph(
                ui,
                "Nothing is recorded yet. “Record the connections” shows who holds them now.",
            );
        }
        if let Some((ram, name)) = plan {
            let usable = Limits::usable_by_plan(ram);
            kit::caption(
                ui,
                &format!("The plan of {name}, {ram} GB, gives {usable} connections to use."),
            );
        }
    });
}

/// The recording so far, and its end where the person wants it.
fn over_time(ui: &mut Ui, setup: &Setup, recording: bool) -> Option<Act> {
    let activity = &setup.facts.activity;
    if activity.samples.len() < 2 {
        return None;
    }
    let points = |samples: &[&Sample]| -> Vec<Point> {
        samples.iter().map(|sample| Point { at: sample.at, value: sample.total() }).collect()
    };
    let (count, needed) = (Step::recorded(&setup.facts), setup.rules.min_samples);
    kit::card(ui, None, |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        let summary = format!("{count} samples of the connections before the switch");
        kit::chart(
            ui,
            &Chart {
                title: "Connections to PostgreSQL",
                before: &points(&activity.before()),
                meanwhile: &[],
                after: &points(&activity.after()),
                limit: activity.limits.map(Limits::usable),
                switched: activity.switched_at,
                zone: TimeZone::system(),
                summary: &summary,
            },
        );
        ui.horizontal_wrapped(|ui| {
            let theme = Theme::of(ui);
            let (icon, colour) = match (recording, needed <= count) {
                (true, _) => (Icon::Working, theme.accent),
                (false, true) => (Icon::Done, theme.success.text),
                (false, false) => (Icon::NotStarted, theme.idle),
            };
            kit::icon(ui, icon, 15.0, colour);
            let text = match (recording, needed <= count) {
                (true, true) => format!("{count} samples, enough for the comparison. It goes on until the app has switched."),
                (true, false) => format!("Recording, {count} of {needed} samples."),
                (false, true) => format!("{count} samples, enough for the comparison."),
                (false, false) => format!("Stopped at {count} of {needed} samples."),
            };
            kit::caption(ui, &text);
            let stop = recording && needed <= count;
            (stop && kit::link_button(ui, "Stop recording").clicked())
                .then(|| measure::Msg::Stop.into())
        })
        .inner
    })
}

fn health(ui: &mut Ui, setup: &mut Setup, recording: bool) {
    kit::card(ui, Some("The app's health address"), |ui| {
        ui.add_enabled_ui(!recording, |ui| {
            ui.set_max_width(FORM_WIDTH.min(ui.available_width()));
            let hint = "Asked once per sample, to see whether the app is refused by the database. May stay empty.";
            kit::field(ui, "Address", &mut setup.steps.measure.draft.health_url, hint);
        });
    });
}
