//! Page 3: who holds connections now, and the recording that step 11 compares with.

use std::{collections::BTreeMap, time::Duration};

use egui::Ui;
use jiff::tz::TimeZone;

use crate::{
    domain::{
        activity::{Holder, OURS, Sample, verdict::compare},
        capacity::Limits,
        chart,
        problem::Fix,
    },
    setup::{
        Setup,
        step::{Primary, StepId},
        steps::{
            measure::{self, Length, Phase, Step, Waiting},
            test,
        },
    },
    ui::{
        act::Act,
        kit::{self, Chart, Column, Icon, Segment},
        steps::test as test_page,
        theme::{Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let recording = matches!(setup.steps.measure.phase, Phase::Recording(_));
    let mut act = way_in(ui, setup);
    let samples = &setup.facts.activity.samples;
    if let Some(waiting) = setup.steps.measure.waiting.as_ref().filter(|_| recording) {
        full(ui, setup, waiting);
    }
    match (samples.last(), &setup.steps.measure.waiting) {
        (Some(sample), _) => today(ui, setup, sample),
        (None, Some(waiting)) if recording && !waiting.holders.is_empty() => {}
        (None, _) => before(ui, setup, recording),
    }
    act = over_time(ui, setup, recording).or(act);
    options(ui, setup, recording);
    kit::fold(ui, "Why record?", |ui| {
        kit::paragraph(
            ui,
            "Without it nobody can show afterwards what changed: step 11 compares the connections before the switch with those after it. DigitalOcean keeps such a history for other engines only, so ours starts now.",
        );
        kit::paragraph(
            ui,
            &format!(
                "It needs {} samples and goes on in the background while you continue. From the switch on it records as long again.",
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

/// What is missing before the server can be asked: a password that the account hides, or a rule that lets us in.
fn way_in(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let cluster = setup.facts.cluster.as_ref()?;
    let rules = cluster.trusted_sources.clone();
    let user = cluster.cluster.direct.user.clone();
    if measure::direct_target(&setup.facts).is_err() {
        kit::card(ui, Some("The password that the account hides"), |ui| {
            let label = format!("Password of {user}");
            let password = &mut setup.steps.measure.draft.password;
            kit::form(ui, |ui| kit::secret_field(ui, &label, password));
            kit::caption(
                ui,
                "The panel shows it under the cluster's Connection details. It is used for this set-up's connections, kept in memory only, and written nowhere on this page.",
            );
        });
    }
    let asked = matches!(
        setup.steps.test.phase,
        test::Phase::FindingAddress { .. } | test::Phase::Allowing(_)
    );
    let shut_out = setup.steps.measure.was_shut_out();
    let rules = rules.filter(|rules| !rules.is_empty() && (shut_out || asked))?;
    kit::card(ui, Some("Access of this computer"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        let act = test_page::access(ui, setup, &rules);
        how_access_goes(ui, setup).or(act)
    })
}

/// Step 6 carries it out; here it is told, with the way on from a problem.
fn how_access_goes(ui: &mut Ui, setup: &Setup) -> Option<Act> {
    let theme = Theme::of(ui);
    match &setup.steps.test.phase {
        test::Phase::FindingAddress { .. } | test::Phase::Allowing(_) => {
            ui.horizontal(|ui| {
                kit::icon(ui, Icon::Working, 16.0, theme.accent);
                let doing = setup.steps.test.primary(&setup.facts, &setup.rules);
                if let Primary::Working(what, _) = doing {
                    kit::live(ui, &what);
                }
            });
            None
        }
        test::Phase::Failed(problem) => {
            let usable = |fix: &Fix| setup.fix(StepId::Test, fix).is_some();
            let fix = kit::problem(ui, problem, false, kit::FirstFix::Beside, usable)?;
            setup.fix(StepId::Test, &fix).map(Act::Do)
        }
        test::Phase::Idle
        | test::Phase::Running(_)
        | test::Phase::FetchingPassword(..)
        | test::Phase::AskingTheWeb(_)
        | test::Phase::TryingSettings(_)
        | test::Phase::Removing(..) => None,
    }
}

/// The database is full: what it says, who holds it, how long we ask.
fn full(ui: &mut Ui, setup: &Setup, waiting: &Waiting) {
    let theme = Theme::of(ui);
    if setup.facts.activity.samples.last().is_some_and(|sample| 0 < sample.total()) {
        let text = format!(
            "It took {} until one was free. It is kept for the recording.",
            kit::took(waiting.waited)
        );
        kit::note(ui, theme.warning, Icon::Warning, "The database was full.", &text);
        return;
    }
    let text = format!(
        "“{}”. Asked again for up to {}, {} so far: a free one is often there for a moment only.",
        waiting.said,
        kit::lasted(waiting.patience),
        kit::lasted(waiting.waited)
    );
    let title = "The database has no free connection for us.";
    kit::note(ui, theme.warning, Icon::Warning, title, &text);
    if waiting.holders.is_empty() {
        return;
    }
    kit::card(ui, Some("Who holds them, asked through a pool"), |ui| {
        holders(ui, &[], &waiting.holders);
    });
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
        holders(ui, &setup.facts.activity.samples, &sample.holders);
        forecast(ui, setup);
    });
    if sample.holders.iter().any(|holder| holder.application.is_empty()) {
        kit::fold(ui, "How to name the unnamed ones", unnamed);
    }
}

/// What the next deployment will need.
fn forecast(ui: &mut Ui, setup: &Setup) {
    let Some(rollout) = measure::rollout(&setup.facts) else { return };
    let theme = Theme::of(ui);
    let (icon, color, word) = if rollout.fits() {
        (Icon::Done, theme.success.text, "Forecast")
    } else {
        (Icon::Warning, theme.warning.text, "Warning")
    };
    kit::marked(ui, icon, color, word, &format!("Next deployment: {}", rollout.sentence()));
}

fn unnamed(ui: &mut Ui) {
    kit::paragraph(
        ui,
        "A connection has the name that its program gives it; step 11 and every later look at the server are easier to read with one.",
    );
    let ways = [
        ("URL of libpq, psycopg, Rails, pgx, Npgsql", "?application_name=shop-web"),
        ("node-postgres", "new Pool({ application_name: \"shop-web\" })"),
        ("JDBC", "?ApplicationName=shop-web"),
        ("Any program that uses libpq", "PGAPPNAME=shop-web"),
    ];
    for (who, what) in ways {
        kit::key_value(ui, who, what);
    }
}

/// The connections by what they do.
fn segments(ui: &Ui, sample: &Sample) -> Vec<Segment> {
    let theme = Theme::of(ui);
    let count = |state: &str| {
        let holders = sample.holders.iter().filter(|holder| holder.state == state);
        holders.map(|holder| holder.count).sum::<u32>()
    };
    let in_transaction = count("idle in transaction") + count("idle in transaction (aborted)");
    let hidden = count("hidden");
    let other =
        sample.total().saturating_sub(count("active") + count("idle") + in_transaction + hidden);
    [
        Segment::solid("active", count("active"), theme.accent),
        Segment::hatched("idle", count("idle"), theme.idle),
        Segment::solid("idle in transaction", in_transaction, theme.chart_before),
        Segment::hatched("state hidden from us", hidden, theme.text_2),
        Segment::hatched("other", other, theme.edge),
    ]
    .into_iter()
    .filter(|segment| 0 < segment.value)
    .collect()
}

/// Samples that the peak is taken from: an hour at one a second.
const PEAK_OF: usize = 3600;

/// One row of the table.
#[derive(Clone, Copy, Default)]
struct Held {
    now: u32,
    /// Of those whose age is shown to us.
    long: u32,
    hidden: bool,
}

fn holders(ui: &mut Ui, samples: &[Sample], latest: &[Holder]) {
    let who = |application: &str, user: &str| {
        let name = if application.is_empty() { "unnamed" } else { application };
        if application == OURS {
            format!("{name} (this program)")
        } else {
            format!("{name} · {user}")
        }
    };
    let mut now: BTreeMap<(&str, &str), Held> = BTreeMap::new();
    for holder in latest {
        let held = now.entry((&holder.application, &holder.user)).or_default();
        held.now += holder.count;
        held.hidden |= holder.age.is_none();
        held.long += holder.age.filter(|_| holder.state == "idle").map_or(0, |age| age.long);
    }
    let recent: Vec<&Sample> = samples.iter().rev().take(PEAK_OF).collect();
    let peaks = measure::peaks(&recent);
    let mut rows: Vec<((&str, &str), Held)> = now.into_iter().collect();
    rows.sort_by_key(|(_, held)| std::cmp::Reverse(held.now));
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(key, held)| {
            let peak = peaks.get(&key).copied().unwrap_or(held.now);
            let long = if held.hidden { "hidden".to_owned() } else { held.long.to_string() };
            vec![who(key.0, key.1), held.now.to_string(), peak.to_string(), long]
        })
        .collect();
    let columns = [
        Column::text("Who holds them"),
        Column::figures("now", 56.0),
        Column::figures("peak", 56.0),
        Column::figures("idle > 5 min", 84.0),
    ];
    kit::table(ui, "Who holds the connections", &columns, &rows);
}

/// Nothing is recorded yet: what the plan allows.
fn before(ui: &mut Ui, setup: &Setup, recording: bool) {
    let cluster = setup.facts.cluster.as_ref().map(|facts| &facts.cluster);
    let plan = cluster.and_then(|cluster| Some((cluster.ram_gib()?, &cluster.name)));
    let waits = setup.steps.measure.waiting.is_some();
    kit::card(ui, Some("Now"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        if recording && !waits {
            ui.horizontal(|ui| {
                kit::icon(ui, Icon::Working, 16.0, Theme::of(ui).accent);
                kit::live(ui, "Signing in and asking who holds the connections…");
            });
        } else if !recording {
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
    let zone = TimeZone::system();
    let data = chart::Chart::of(activity);
    let summary = data.summary(&compare(activity, setup.rules.min_samples), &zone);
    kit::card(ui, None, |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        let title = "Connections to PostgreSQL";
        kit::chart(ui, &Chart { title, data: &data, zone, summary: &summary });
        how_far(ui, setup, recording)
    })
}

fn how_far(ui: &mut Ui, setup: &Setup, recording: bool) -> Option<Act> {
    let activity = &setup.facts.activity;
    let (count, needed) = (Step::recorded(&setup.facts), setup.rules.min_samples);
    let lasted = match (activity.samples.first(), activity.samples.last()) {
        (Some(first), Some(last)) => {
            Duration::try_from(last.at.duration_since(first.at)).unwrap_or_default()
        }
        (_, _) => Duration::ZERO,
    };
    let enough = needed <= count;
    let length = setup.steps.measure.draft.length;
    ui.horizontal_wrapped(|ui| {
        let theme = Theme::of(ui);
        let (icon, colour) = match (recording, enough) {
            (true, _) => (Icon::Working, theme.accent),
            (false, true) => (Icon::Done, theme.success.text),
            (false, false) => (Icon::Unverified, theme.warning.text),
        };
        kit::icon(ui, icon, 15.0, colour);
        let so_far = kit::lasted(lasted);
        let text = match (recording, enough, length.duration()) {
            (true, true, Some(_)) => format!(
                "Recorded for {so_far}, enough for the comparison. It goes on, {} in all.",
                length.words()
            ),
            (true, true, None) => format!(
                "Recorded for {so_far}, enough for the comparison. It goes on until you stop it."
            ),
            (true, false, _) => format!("Recording, {count} of {needed} samples."),
            (false, true, _) => format!("Recorded for {so_far}, enough for the comparison."),
            (false, false, _) => format!(
                "Stopped at {count} of {needed} samples: too few to compare with in step 11."
            ),
        };
        kit::caption(ui, &text);
        let stop = recording && enough;
        (stop && kit::link_button(ui, "Stop recording").clicked())
            .then(|| measure::Msg::Stop.into())
    })
    .inner
}

fn options(ui: &mut Ui, setup: &mut Setup, recording: bool) {
    let draft = &mut setup.steps.measure.draft;
    kit::card(ui, Some("How to record"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::M;
        kit::form(ui, |ui| {
            let lengths = Length::ALL.map(|length| (length, length.words().to_owned()));
            kit::select(ui, "Record for", &mut draft.length, &lengths);
            ui.add_enabled_ui(!recording, |ui| {
                let hint = "Asked once per sample, to see whether the app is refused by the database. May stay empty.";
                kit::field(ui, "The app's health address", &mut draft.health_url, hint);
            });
        });
    });
}
