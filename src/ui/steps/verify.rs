//! Page 11: the verdict with its numbers and its rule, the chart, the next size, and two ways to put load on the app.

use egui::{Galley, Label, RichText, Role, Sense, TextStyle, Ui, WidgetInfo, vec2};
use jiff::tz::TimeZone;

use crate::{
    domain::{
        activity::verdict::{Comparison, RULE, Side, Verdict},
        capacity::Advice,
        chart,
    },
    setup::{
        Msg as SetupMsg, Setup,
        facts::Facts,
        step::StepId,
        steps::{
            pool,
            verify::{self, Format, Msg, Phase, Step, pooled_peak},
        },
    },
    ui::{
        act::{Act, Saving},
        kit::{self, Chart, Icon},
        steps::load,
        theme::{Theme, gap, role},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let live = Step::live(&setup.facts, &setup.rules);
    let comparison = setup.facts.comparison.clone().unwrap_or(live);
    let idle = matches!(setup.steps.verify.phase, Phase::Idle | Phase::Failed(_));
    let recorded = !setup.facts.activity.samples.is_empty();
    let can_export = recorded && idle;
    let mut act = kit::card(ui, None, |ui| verdict(ui, &comparison, can_export));
    written(ui, &setup.steps.verify);
    let chart = kit::card(ui, None, |ui| {
        recording(ui, &setup.facts, &comparison);
        let again = setup.facts.comparison.is_some() && compare_again(ui, idle);
        again.then(|| Msg::Compare.into())
    });
    act = act.or(chart);
    act = next_size(ui, setup).or(act);
    act = load::requests(ui, setup).or(act);
    act = load::load(ui, setup).or(act);
    kit::fold(ui, "How the verdict is made", |ui| {
        kit::paragraph(ui, RULE);
        kit::paragraph(
            ui,
            "Both sides come from one recording over the direct connection. Samples taken while the app was being replaced, or while this program itself put load on the server, count for neither side. Our own connection is left out of the traffic.",
        );
    });
    act
}

fn compare_again(ui: &mut Ui, idle: bool) -> bool {
    ui.add_enabled_ui(idle, |ui| kit::link_button(ui, "Compare again")).inner.clicked()
}

/// The recording as a file: which form, then where.
fn export(ui: &mut Ui, possible: bool) -> Option<Act> {
    ui.add_enabled_ui(possible, |ui| {
        let menu = ui.menu_button("Export…", |ui| {
            let chosen = Format::ALL.into_iter().find(|format| ui.button(format.words()).clicked());
            chosen.inspect(|_| ui.close())
        });
        menu.inner.flatten().map(|format| Act::Save(Saving::Comparison, format.file_name()))
    })
    .inner
}

fn written(ui: &mut Ui, step: &Step) {
    let theme = Theme::of(ui);
    for file in &step.exported {
        let text = format!("Written: {}", file.display());
        kit::marked(ui, Icon::Done, theme.success.text, "Done", &text);
    }
}

fn verdict(ui: &mut Ui, comparison: &Comparison, can_export: bool) -> Option<Act> {
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
        ui.add_space(gap::S);
        return export(ui, can_export);
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = gap::XXL;
        ui.vertical(|ui| {
            ui.set_max_width(236.0);
            word(ui);
        });
        let (line, _) = ui.allocate_exact_size(vec2(1.0, 56.0), Sense::hover());
        ui.painter().vline(line.center().x, line.y_range(), theme.hairline());
        numbers(ui, comparison);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            export(ui, can_export)
        })
        .inner
    })
    .inner
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
    let mut text = comparison.sentence();
    if !text.ends_with('.') && !text.is_empty() {
        text.push('.');
    }
    text
}

fn recording(ui: &mut Ui, facts: &Facts, comparison: &Comparison) {
    let zone = TimeZone::system();
    let data = chart::Chart::of(&facts.activity);
    let summary = data.summary(comparison, &zone);
    let title = "Connections to PostgreSQL";
    kit::chart(ui, &Chart { title, data: &data, zone, summary: &summary });
    let traffic = match comparison.traffic() {
        Some(traffic) => format!("{traffic} Not shown by this: your daily peak."),
        None => "Each second one small query is sent over one connection of ours.".to_owned(),
    };
    kit::caption(ui, &traffic);
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

/// What the pool's size should become, with the way to the page that changes it.
fn next_size(ui: &mut Ui, setup: &Setup) -> Option<Act> {
    let advice = verify::advice(&setup.facts, &setup.rules)?;
    let pool = setup.facts.pool.as_ref()?;
    let peak = pooled_peak(&setup.facts)?;
    let of = format!("At most {peak} of {} server connections were open at once.", pool.size);
    let (text, to) = match advice {
        Advice::Smaller { to, frees } => {
            let frees = kit::count(frees as usize, "connection", "connections");
            (format!("{of} {to} would be enough and frees {frees} for other pools."), Some(to))
        }
        Advice::Larger { to } => (
            format!(
                "All {} server connections were at work at once, so others may have waited. {to} still fit into this cluster.",
                pool.size
            ),
            Some(to),
        ),
        Advice::Fits => (format!("{of} The size fits."), None),
    };
    kit::card(ui, Some("The next size"), |ui| {
        kit::paragraph(ui, &text);
        kit::caption(ui, "From the samples after the switch. Your daily peak may need more.");
        let to = to?;
        let label = format!("Change the size to {to} in step 4");
        kit::secondary_button(ui, &label).clicked().then(|| {
            Act::Both(
                Box::new(SetupMsg::from(pool::Msg::UseSize(to)).into()),
                Box::new(Act::Do(SetupMsg::Go(StepId::Pool))),
            )
        })
    })
}
