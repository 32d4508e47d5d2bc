//! The size of the pool: the bar, the scale, what stays outside of the pool, and the arithmetic.

use egui::Ui;

use crate::{
    domain::capacity::Sizing,
    setup::{
        Setup,
        steps::pool::{self, AppSide, LEAST_RESERVE},
    },
    ui::{
        kit::{self, Icon, Segment, SliderMark},
        theme::{Theme, gap},
    },
};

pub(super) fn size(ui: &mut Ui, setup: &mut Setup) {
    let sizing = setup.steps.pool.sizing(&setup.facts);
    let app_side = pool::app_side(&setup.facts);
    kit::card(ui, Some("Size"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::S;
        let draft = &mut setup.steps.pool.draft;
        let Some(sizing) = sizing else {
            kit::paragraph(
                ui,
                "The cluster's limit is not known: its plan does not tell its memory. Step 3 measures it.",
            );
            if kit::number(ui, "Connections", &mut draft.size, 1..=1000).changed() {
                draft.size_chosen = true;
            }
            return;
        };
        kit::capacity(
            ui,
            &segments(ui, &sizing, draft.size),
            sizing.demand.reserve,
            sizing.demand.limit,
        );
        ui.add_space(gap::XS);
        if scale(ui, &mut draft.size, &sizing) {
            draft.size_chosen = true;
        }
        warnings(ui, &sizing, draft.size);
        kit::fold(ui, &format!("Why {}?", sizing.suggested), |ui| {
            arithmetic(ui, &sizing, app_side)
        });
        kit::fold(ui, "What stays outside of the pool?", |ui| outside(ui, setup));
    });
}

/// Slider and number; whether one was moved.
fn scale(ui: &mut Ui, size: &mut u32, sizing: &Sizing) -> bool {
    const NUMBER: f32 = 110.0;
    let last = sizing.demand.limit.max(2);
    let most = sizing.ceiling.max(1);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = gap::XL;
        let width = ui.available_width() - NUMBER - gap::XL;
        let moved = ui
            .vertical(|ui| {
                ui.set_width(width);
                ui.add_space(gap::XL);
                kit::slider(ui, "Pool size", size, 1..=last, most, &marks(sizing))
            })
            .inner;
        let typed = ui
            .vertical(|ui| {
                ui.set_width(NUMBER);
                kit::number(ui, "Connections", size, 0..=last.max(1000))
            })
            .inner;
        moved.changed() || typed.changed()
    })
    .inner
}

/// What is allowed, but worth a second look.
fn warnings(ui: &mut Ui, sizing: &Sizing, size: u32) {
    let theme = Theme::of(ui);
    let mut warn = |text: &str| {
        kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", text);
    };
    let demand = sizing.demand;
    if sizing.ceiling < sizing.low {
        warn(&format!(
            "{} are left, fewer than the {} that keep the processors busy. Make another pool smaller, choose a larger plan, or go on with what is left.",
            sizing.ceiling, sizing.low
        ));
    }
    let taken = demand.others + demand.direct + size;
    if size <= sizing.ceiling && demand.limit * 4 < taken * 5 {
        warn(&format!(
            "More than four fifths of the limit would be given away: {taken} of {}. A connection costs about 10 MB of the server's memory.",
            demand.limit
        ));
    }
}

fn segments(ui: &Ui, sizing: &Sizing, size: u32) -> Vec<Segment> {
    let theme = Theme::of(ui);
    let demand = sizing.demand;
    [
        Segment::hatched("other pools", demand.others, theme.idle),
        Segment::solid("direct", demand.direct, theme.chart_before),
        Segment::solid("this pool", size, theme.accent).main(),
    ]
    .into_iter()
    .filter(|segment| 0 < segment.value)
    .collect()
}

fn marks(sizing: &Sizing) -> Vec<SliderMark> {
    let cores = sizing.demand.vcpus;
    let cores = if cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") };
    let mut marks =
        vec![SliderMark { value: sizing.ceiling, text: format!("{} at most", sizing.ceiling) }];
    if sizing.half < sizing.ceiling {
        let text = format!("{} DigitalOcean's starting point", sizing.half);
        marks.push(SliderMark { value: sizing.half, text });
    }
    if sizing.low < sizing.ceiling && sizing.low != sizing.half {
        let text = format!("{} enough for {cores}", sizing.low);
        marks.push(SliderMark { value: sizing.low, text });
    }
    marks
}

fn arithmetic(ui: &mut Ui, sizing: &Sizing, app_side: Option<AppSide>) {
    let demand = sizing.demand;
    ui.spacing_mut().item_spacing.y = 6.0;
    let origin = if demand.measured {
        "measured on the server"
    } else {
        "from the plan: 25 per GB of memory, less 3"
    };
    kit::key_value(ui, "Limit", &format!("{}, {origin}", demand.limit));
    kit::key_value(ui, "Other pools", &format!("− {}", demand.others));
    kit::key_value(
        ui,
        "Direct",
        &format!("− {} connections that stay outside a pool", demand.direct),
    );
    kit::key_value(
        ui,
        "Kept free",
        &format!("− {} for a migration, an administrator and this program", demand.reserve),
    );
    kit::key_value(ui, "At most", &format!("= {}", sizing.ceiling));
    kit::key_value(
        ui,
        "Starting point",
        &format!("{}: half of the limit, DigitalOcean's advice", sizing.half),
    );
    kit::key_value(
        ui,
        "Processors",
        &format!(
            "{}: 2 × {} + 1 keep them busy; more only wait for each other",
            sizing.low, demand.vcpus
        ),
    );
    kit::key_value(
        ui,
        "Suggested",
        &format!("{}: the larger of both, at most {}", sizing.suggested, sizing.ceiling),
    );
    if let Some(side) = app_side {
        let AppSide { instances, each } = side;
        let text = format!(
            "{instances} × {each} = {}, and {} while a deployment runs. Behind the pool that may be more than its size: what has no connection waits.",
            side.total(),
            side.total() * 2
        );
        kit::key_value(ui, "The app opens", &text);
    }
    kit::paragraph(
        ui,
        "Step 11 measures whether it is right; the size can be changed at any time.",
    );
}

/// Applications that keep their direct connections, and what is kept free.
fn outside(ui: &mut Ui, setup: &mut Setup) {
    let holders = pool::holders(&setup.facts);
    let draft = &mut setup.steps.pool.draft;
    if holders.is_empty() {
        kit::paragraph(
            ui,
            "Step 3 records who is connected. Then you can say here which of them will not go through the pool.",
        );
    } else {
        kit::caption(
            ui,
            "Tick what keeps its direct connections, such as a worker that uses LISTEN. The number is the most it held.",
        );
    }
    for (name, count) in holders {
        let shown = if name.is_empty() { "without a name" } else { name.as_str() };
        let mut ticked = draft.direct.contains(&name);
        if kit::check(ui, &mut ticked, &format!("{shown}: {count}")).changed() {
            if ticked {
                draft.direct.insert(name);
            } else {
                draft.direct.remove(&name);
            }
        }
    }
    ui.scope(|ui| {
        ui.set_width(110.0);
        kit::number(ui, "Kept free", &mut draft.reserve, LEAST_RESERVE..=50);
    });
    kit::caption(ui, "At least 2: a migration, and an administrator who looks what is wrong.");
}
