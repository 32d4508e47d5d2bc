//! Page 11: the verdict with its numbers and its rule, the chart, and the requests to the app.

use egui::{Galley, Label, RichText, Role, Sense, Stroke, TextStyle, Ui, WidgetInfo, vec2};
use jiff::tz::TimeZone;

use crate::{
    domain::{
        activity::{Comparison, RULE, Sample, Side, Verdict},
        capacity::Limits,
        secret::Secret,
    },
    setup::{
        Setup,
        facts::{Facts, Requests},
        steps::verify::{Msg, Phase, Step, pooled_peak},
    },
    ui::{
        act::{Act, Copied},
        kit::{self, Chart, Column, Point},
        theme::{Theme, gap, role},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let facts = &setup.facts;
    let live = Step::live(facts, &setup.rules);
    let comparison = facts.comparison.as_ref().unwrap_or(&live);
    kit::card(ui, None, |ui| verdict(ui, comparison));
    let step = &mut setup.steps.verify;
    let act = kit::card(ui, None, |ui| {
        recording(ui, facts, comparison);
        let idle = matches!(step.phase, Phase::Idle | Phase::Failed(_));
        ui.horizontal_wrapped(|ui| {
            let again = facts.comparison.is_some() && compare_again(ui, idle);
            csv(ui, facts).or_else(|| again.then(|| Msg::Compare.into()))
        })
        .inner
    });
    if let Some(requests) = &facts.requests {
        kit::card(ui, None, |ui| answers(ui, requests));
    }
    kit::fold(ui, "How the verdict is made", |ui| {
        kit::paragraph(ui, RULE);
        kit::paragraph(
            ui,
            "Both sides come from one recording over the direct connection. Samples taken while the app was being replaced count for neither side, and our own connection is left out of the traffic.",
        );
    });
    kit::fold(ui, "More options (1)", |ui| {
        let label = "Requests to the app, all at once";
        kit::number(ui, label, &mut step.draft.requests, 1..=200);
        kit::caption(ui, "They go to the app's health address and create real load for a moment.");
    });
    act
}

fn compare_again(ui: &mut Ui, idle: bool) -> bool {
    ui.add_enabled_ui(idle, |ui| kit::secondary_button(ui, "Compare again")).inner.clicked()
}

fn verdict(ui: &mut Ui, comparison: &Comparison) {
    let theme = Theme::of(ui);
    let color = match comparison.verdict {
        Verdict::Better => theme.success.text,
        Verdict::Worse => theme.danger.text,
        Verdict::NoClearChange | Verdict::NotProven(_) => theme.text,
    };
    let word = |ui: &mut Ui| {
        ui.spacing_mut().item_spacing.y = gap::XS;
        let word = RichText::new(comparison.verdict.word()).text_style(role::figure());
        ui.add(Label::new(word.color(color)).extend());
        ui.add(Label::new(RichText::new(sentence(comparison)).color(theme.text_2)).wrap());
    };
    // Below this the figures stand under the word.
    if ui.available_width() < 700.0 {
        word(ui);
        ui.add_space(gap::S);
        ui.horizontal_wrapped(|ui| numbers(ui, comparison));
        return;
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = gap::XXL;
        ui.vertical(|ui| {
            ui.set_max_width(270.0);
            word(ui);
        });
        let (line, _) = ui.allocate_exact_size(vec2(1.0, 56.0), Sense::hover());
        ui.painter().vline(line.center().x, line.y_range(), Stroke::new(1.0, theme.raised));
        numbers(ui, comparison);
    });
}

fn numbers(ui: &mut Ui, comparison: &Comparison) {
    ui.spacing_mut().item_spacing = vec2(gap::XXL, gap::M);
    let sides = [("Before, median", &comparison.before), ("After, median", &comparison.after)];
    for (name, side) in sides {
        match side {
            Some(side) => {
                figure(ui, name, &side.median.to_string(), &format!("peak {}", side.peak));
            }
            None => figure(ui, name, "–", "nothing yet"),
        }
    }
    let refused = |side: &Option<Side>| {
        side.as_ref().map_or("–".to_owned(), |side| side.refused.to_string())
    };
    let refused = format!("{} → {}", refused(&comparison.before), refused(&comparison.after));
    figure(ui, "Refused", &refused, "");
}

/// A number under its name, and a smaller one on its baseline.
fn figure(ui: &mut Ui, name: &str, number: &str, beside: &str) {
    let theme = Theme::of(ui);
    let small = TextStyle::Small.resolve(ui.style());
    let name_galley = ui.painter().layout_no_wrap(name.to_owned(), small.clone(), theme.text_2);
    let number_job = kit::figures(ui, number, &role::figure(), theme.text);
    let number_galley = ui.painter().layout_job(number_job);
    let beside_galley = ui.painter().layout_no_wrap(beside.to_owned(), small, theme.text_2);
    let gap = if beside.is_empty() { 0.0 } else { gap::S };
    let below = number_galley.size().x + gap + beside_galley.size().x;
    let top = name_galley.size().y + gap::XS;
    let size = vec2(below.max(name_galley.size().x), top + number_galley.size().y);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Label, true, format!("{name}: {number} {beside}").trim_end())
    });
    let baseline = |galley: &Galley| {
        let glyph = galley.rows.first().and_then(|row| row.glyphs.first());
        glyph.map_or(0.0, |glyph| glyph.pos.y)
    };
    let drop = baseline(&number_galley) - baseline(&beside_galley);
    let at = rect.min + vec2(0.0, top);
    let after = at + vec2(number_galley.size().x + gap, drop);
    ui.painter().galley(rect.min, name_galley, theme.text_2);
    ui.painter().galley(at, number_galley, theme.text);
    ui.painter().galley(after, beside_galley, theme.text_2);
}

/// What the word means here, in numbers.
fn sentence(comparison: &Comparison) -> String {
    let (before, after) = match (&comparison.verdict, &comparison.before, &comparison.after) {
        (Verdict::NotProven(why), _, _) => return why.clone(),
        (_, Some(before), Some(after)) => (before, after),
        _ => return String::new(),
    };
    let connections = |number: u32| kit::count(number as usize, "connection", "connections");
    let moved = if after.median <= before.median {
        format!("{} fewer", connections(before.median - after.median))
    } else {
        format!("{} more", connections(after.median - before.median))
    };
    let refused = match (before.refused, after.refused) {
        (_, 0) => "no refusals".to_owned(),
        (_, after) => kit::count(after as usize, "refusal", "refusals"),
    };
    format!("{moved}, {refused}")
}

fn recording(ui: &mut Ui, facts: &Facts, comparison: &Comparison) {
    let activity = &facts.activity;
    let point = |sample: &Sample| Point { at: sample.at, value: sample.total() };
    let (before, after) = (activity.before(), activity.after());
    let meanwhile: Vec<Point> = activity
        .samples
        .iter()
        .filter(|sample| activity.switch_began_at.is_some_and(|began| began <= sample.at))
        .filter(|sample| activity.switched_at.is_none_or(|switched| sample.at < switched))
        .map(point)
        .collect();
    let before: Vec<Point> = before.into_iter().map(point).collect();
    let after: Vec<Point> = after.into_iter().map(point).collect();
    let limit = activity.limits.map(Limits::usable);
    kit::chart(
        ui,
        &Chart {
            title: "Connections to PostgreSQL",
            before: &before,
            meanwhile: &meanwhile,
            after: &after,
            limit,
            switched: activity.switched_at,
            zone: TimeZone::system(),
            summary: &summary(facts, comparison, limit),
        },
    );
    kit::caption(ui, &traffic(comparison));
    if let (Some(peak), Some(pool)) = (pooled_peak(facts), &facts.pool) {
        kit::caption(
            ui,
            &format!(
                "At most {peak} of the pool's {} server connections were open at once.",
                pool.size
            ),
        );
    }
}

/// The chart in words.
fn summary(facts: &Facts, comparison: &Comparison, limit: Option<u32>) -> String {
    let side = |name: &str, side: &Side| {
        format!("{name}: median {}, peak {}, {} refused. ", side.median, side.peak, side.refused)
    };
    let mut text = "Connections to PostgreSQL. ".to_owned();
    text += &comparison.before.as_ref().map(|before| side("Before", before)).unwrap_or_default();
    text += &comparison.after.as_ref().map(|after| side("After", after)).unwrap_or_default();
    text += &limit.map(|limit| format!("Limit {limit}. ")).unwrap_or_default();
    let switched = facts.activity.switched_at;
    text += &switched
        .map(|at| format!("Switched to the pool at {}.", kit::clock(at)))
        .unwrap_or_default();
    text.trim_end().to_owned()
}

fn traffic(comparison: &Comparison) -> String {
    let (Some(before), Some(after)) = (&comparison.before, &comparison.after) else {
        return "Each second one small query is sent over one connection of ours.".to_owned();
    };
    format!(
        "{} before and {} after, {:.0} → {:.0} transactions a second. Not shown by this: your daily peak.",
        kit::lasted(before.lasted),
        kit::lasted(after.lasted),
        before.per_second,
        after.per_second
    )
}

fn answers(ui: &mut Ui, requests: &Requests) {
    let columns = [
        Column::text(format!(
            "{} to the app",
            kit::count(requests.asked as usize, "request", "requests")
        )),
        Column::figures("answered", 84.0),
        Column::figures("p50", 60.0),
        Column::figures("p95", 60.0),
        Column::figures("slowest", 66.0),
        Column::figures("connections they caused", 110.0),
    ];
    let peak = requests.peak.map_or("hidden".to_owned(), |peak| peak.to_string());
    let row = vec![
        "through the pool".to_owned(),
        format!("{} of {}", requests.answered, requests.asked),
        kit::took(requests.p50),
        kit::took(requests.p95),
        kit::took(requests.slowest),
        peak,
    ];
    kit::table(ui, "Requests to the app", &columns, &[row]);
}

/// Every sample as a line, for a spreadsheet.
fn csv(ui: &mut Ui, facts: &Facts) -> Option<Act> {
    if facts.activity.samples.is_empty()
        || !kit::copy_button(ui, "Copy as CSV", "Copy the recording as CSV")
    {
        return None;
    }
    let line = |sample: &Sample| {
        format!("{},{},{},{}\n", sample.at, sample.total(), sample.refused, sample.commits)
    };
    let head = std::iter::once("time,connections,refused,commits\n".to_owned());
    let text: String = head.chain(facts.activity.samples.iter().map(line)).collect();
    let kind = "Recording as CSV".to_owned();
    Some(Act::Copy(Copied { text: Secret::new(text), kind, secret: false }))
}
