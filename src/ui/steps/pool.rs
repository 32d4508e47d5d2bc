//! Page 4: the pool's size, mode and name; what will be sent; the pool as it was read back.

use egui::Ui;

use crate::{
    domain::{
        capacity::Sizing,
        pool::{Pool, PoolMode, PoolOrder},
        problem::{Fix, Problem},
    },
    setup::{
        Setup,
        step::StepId,
        steps::pool::{self, Decision, Phase},
    },
    ui::{
        act::Act,
        kit::{self, Icon, Segment, SliderMark},
        theme::{Theme, gap},
    },
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    if setup.facts.cluster.is_none() {
        kit::card(ui, Some("Size"), |ui| {
            kit::paragraph(
                ui,
                "Here the pool gets its size, mode and name once a cluster is chosen.",
            );
        });
        return None;
    }
    let act = outcome(ui, setup);
    let editing =
        matches!(setup.steps.pool.phase, Phase::Editing | Phase::Failed(_) | Phase::WouldChange(_));
    ui.add_enabled_ui(editing, |ui| {
        let before = snapshot(setup);
        size(ui, setup);
        mode(ui, &mut setup.steps.pool.draft.mode);
        names(ui, setup);
        // A dry run's answer was about other values.
        if snapshot(setup) != before && matches!(setup.steps.pool.phase, Phase::WouldChange(_)) {
            setup.steps.pool.phase = Phase::Editing;
        }
    });
    act
}

/// What the person can edit here.
fn snapshot(setup: &Setup) -> (String, u32, PoolMode, String, Option<String>) {
    let draft = &setup.steps.pool.draft;
    (draft.name.clone(), draft.size, draft.mode, draft.db.clone(), draft.user.clone())
}

/// What the values come to: done, adopted, changed, refused, or only shown.
fn outcome(ui: &mut Ui, setup: &Setup) -> Option<Act> {
    let theme = Theme::of(ui);
    let step = &setup.steps.pool;
    if let Phase::WouldChange(order) = &step.phase {
        let title = format!("Dry run: pool {} would be ordered.", order.name);
        kit::note(
            ui,
            theme.info,
            Icon::Would,
            &title,
            &format!("{}. Nothing was sent.", words(order)),
        );
        return None;
    }
    if !matches!(step.phase, Phase::Editing | Phase::Failed(_)) {
        return None;
    }
    match step.decide(&setup.facts) {
        Ok(Decision::Adopt(pool)) if setup.facts.established(StepId::Pool) => {
            ready(ui, &pool);
            None
        }
        Ok(Decision::Adopt(pool)) => {
            let title = format!("Pool {} exists as wanted.", pool.name);
            kit::note(
                ui,
                theme.success,
                Icon::Info,
                &title,
                "It is used as it is. Nothing is sent.",
            );
            None
        }
        Ok(Decision::Resize { from, to }) => {
            resize(ui, &from, &to);
            None
        }
        Ok(Decision::Create(_)) => None,
        Err(problem) => refused(ui, &problem),
    }
}

fn words(order: &PoolOrder) -> String {
    format!(
        "{} connections, {} mode, database {} as {}",
        order.size,
        order.mode.word(),
        order.db,
        order.user.as_deref().unwrap_or("the inbound user")
    )
}

fn ready(ui: &mut Ui, pool: &Pool) {
    let theme = Theme::of(ui);
    let user = pool.user.as_deref().unwrap_or("the inbound user");
    let port = pool.public.as_ref().map_or(String::new(), |at| format!(" on port {}", at.port));
    let text = format!(
        "{} connections, {} mode, database {} as {user}{port}; read back from DigitalOcean.",
        pool.size,
        pool.mode.word(),
        pool.db
    );
    kit::note(ui, theme.success, Icon::Done, &format!("Pool {} is there.", pool.name), &text);
}

fn resize(ui: &mut Ui, from: &Pool, to: &PoolOrder) {
    let theme = Theme::of(ui);
    let mut changes = Vec::new();
    if from.size != to.size {
        changes.push(format!("size {} → {}", from.size, to.size));
    }
    if from.mode != to.mode {
        changes.push(format!("mode {} → {}", from.mode.word(), to.mode.word()));
    }
    let title = format!("Pool {} exists and would change:", from.name);
    let text = format!("{}. Its clients reconnect by themselves.", changes.join(", "));
    kit::note(ui, theme.warning, Icon::Warning, &title, &text);
}

/// Why the button waits, with the fix where one is known.
fn refused(ui: &mut Ui, problem: &Problem) -> Option<Act> {
    let theme = Theme::of(ui);
    kit::note(ui, theme.warning, Icon::Warning, &problem.what, &problem.why);
    let mut act = None;
    ui.horizontal_wrapped(|ui| {
        for hint in &problem.hints {
            let msg = match &hint.fix {
                Some(Fix::UseSize(size)) => pool::Msg::UseSize(*size),
                Some(Fix::UsePool(name)) => pool::Msg::Adopt(name.clone()),
                _ => continue, // only the person can do it; the note says so
            };
            if kit::secondary_button(ui, &hint.label).clicked() {
                act = Some(msg.into());
            }
        }
    });
    act
}

fn size(ui: &mut Ui, setup: &mut Setup) {
    let sizing = pool::sizing(&setup.facts, setup.steps.pool.draft.name.trim());
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
        let last = sizing.demand.limit.max(2);
        let most = sizing.ceiling.max(1);
        let moved = ui.horizontal_top(|ui| {
            const NUMBER: f32 = 110.0;
            ui.spacing_mut().item_spacing.x = gap::XL;
            let scale = ui.available_width() - NUMBER - gap::XL;
            let moved = ui
                .vertical(|ui| {
                    ui.set_width(scale);
                    ui.add_space(gap::XL);
                    kit::slider(ui, "Pool size", &mut draft.size, 1..=last, most, &marks(&sizing))
                })
                .inner;
            let typed = ui
                .vertical(|ui| {
                    ui.set_width(NUMBER);
                    kit::number(ui, "Connections", &mut draft.size, 0..=last.max(1000))
                })
                .inner;
            moved.changed() || typed.changed()
        });
        if moved.inner {
            draft.size_chosen = true;
        }
        kit::fold(ui, &format!("Why {}?", sizing.suggested), |ui| arithmetic(ui, &sizing));
    });
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

fn arithmetic(ui: &mut Ui, sizing: &Sizing) {
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
    kit::paragraph(
        ui,
        "Step 11 measures whether it is right; the size can be changed at any time.",
    );
}

fn mode(ui: &mut Ui, mode: &mut PoolMode) {
    kit::card(ui, Some("Mode"), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for choice in PoolMode::ALL {
            if kit::radio(ui, *mode == choice, choice.title(), choice.meaning()).clicked() {
                *mode = choice;
            }
        }
        if *mode == PoolMode::Transaction {
            ui.add_space(gap::S);
            kit::caption(
                ui,
                "What lasts longer than a transaction does not work over it: LISTEN, session advisory locks, temporary tables that are kept. Step 6 tries what does.",
            );
        }
    });
}

fn names(ui: &mut Ui, setup: &mut Setup) {
    let Some(cluster) = &setup.facts.cluster else { return };
    let draft = &mut setup.steps.pool.draft;
    let databases: Vec<(String, String)> =
        cluster.databases.iter().map(|name| (name.clone(), name.clone())).collect();
    let mut users: Vec<(Option<String>, String)> =
        cluster.users.iter().map(|user| (Some(user.name.clone()), user.name.clone())).collect();
    users.push((None, "inbound user".to_owned()));
    let primary = cluster.users.iter().find(|user| user.role == "primary");
    let administrator = primary.is_some_and(|user| draft.user.as_ref() == Some(&user.name));
    kit::card(ui, Some("Name and access"), |ui| {
        ui.spacing_mut().item_spacing = egui::vec2(gap::L, gap::M);
        let width = ui.available_width();
        let hint = "3 to 60 letters, digits, - and _";
        let mut fields = |ui: &mut Ui, width: f32| {
            ui.scope(|ui| {
                ui.set_width(width);
                kit::field(ui, "Name", &mut draft.name, hint);
            });
            ui.scope(|ui| {
                ui.set_width(width);
                kit::select(ui, "Database", &mut draft.db, &databases);
            });
            ui.scope(|ui| {
                ui.set_width(width);
                kit::select(ui, "User", &mut draft.user, &users);
            });
        };
        if width < 560.0 {
            fields(ui, width);
        } else {
            ui.horizontal_top(|ui| fields(ui, (width - 2.0 * gap::L) / 3.0));
        }
        kit::caption(
            ui,
            "In the pooled URL the pool's name stands where the database's name usually stands.",
        );
        if administrator {
            let theme = Theme::of(ui);
            let text = "An app needs less: create a user for it in the cluster's page “Users & databases”.";
            kit::note(ui, theme.warning, Icon::Warning, "This user is the administrator.", text);
        }
    });
}
