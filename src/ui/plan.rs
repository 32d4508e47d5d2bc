//! The page of the plan: every change still to be made, where, from what to what, and what of it can't be undone.

use egui::Ui;

use crate::{
    domain::figures::count,
    setup::{
        Msg, Setup,
        plan::{Back, Item, Key, Line, Phase, Place, PlanMsg, Tick},
        step::StepId,
    },
    ui::{
        act::Act,
        kit::{self, Icon, diff},
        steps::written,
        theme::{Theme, gap},
    },
};

pub const TITLE: &str = "Review the plan";
pub const PURPOSE: &str = "Everything that steps 7 to 10 would still change. Nothing is changed until the button below is pressed.";

pub fn show(ui: &mut Ui, setup: &Setup) -> Option<Act> {
    let mut act = None;
    ended(ui, setup);
    let items = setup.plan_items();
    if items.is_empty() && setup.plan_gaps().is_empty() {
        let (theme, text) = (Theme::of(ui), "Steps 7 to 10 have nothing more to change.");
        kit::note(ui, theme.success, Icon::Done, "Nothing is left to do here.", text);
    }
    let idle = matches!(setup.plan.phase, Phase::Idle | Phase::Over(..) | Phase::Stale(_));
    for place in Place::ALL {
        let here: Vec<&Item> = items.iter().filter(|item| item.place() == place).collect();
        if here.is_empty() {
            continue;
        }
        let shown = kit::card(ui, Some(place.title()), |ui| {
            let mut act = None;
            for (index, item) in here.into_iter().enumerate() {
                if 0 < index {
                    kit::hairline(ui);
                }
                act = row(ui, item, idle).or(act);
            }
            act
        });
        act = shown.or(act);
    }
    act = gaps(ui, setup).or(act);
    kit::caption(
        ui,
        "Order: files, then migrations, then the app. It ends at the first that does not work.",
    );
    kit::fold(ui, "What happens when the button is pressed?", |ui| {
        kit::paragraph(
            ui,
            "Files, migrations, the pool and the app's settings are read again first. Where one of them is no longer as it is shown here, nothing is changed and the plan is shown anew.",
        );
        kit::paragraph(
            ui,
            "Then each step does what its own button does, with the same checks, and each change is on the list of step 12 with its way back.",
        );
    });
    act
}

/// What came of it so far.
fn ended(ui: &mut Ui, setup: &Setup) {
    let (Phase::Over(run, _) | Phase::Applying(run)) = &setup.plan.phase else { return };
    if run.made.is_empty() {
        return;
    }
    let names: Vec<&str> = run.made.iter().map(|step| step.name()).collect();
    let steps = count(names.len(), "step", "steps");
    let names = names.join(", ");
    if setup.rules.dry_run {
        written::would(ui, &format!("{steps} would make changes: {names}."));
        return;
    }
    let theme = Theme::of(ui);
    kit::note(ui, theme.success, Icon::Done, &format!("{steps} done:"), &format!("{names}."));
}

fn row(ui: &mut Ui, item: &Item, idle: bool) -> Option<Act> {
    let mut act = None;
    ui.push_id(&item.what, |ui| {
        ui.spacing_mut().item_spacing.y = gap::XS;
        let can_turn = idle && matches!(item.tick, Tick::On | Tick::Off);
        let mut ticked = matches!(item.tick, Tick::On | Tick::WithOthers);
        ui.add_enabled_ui(can_turn, |ui| {
            let tick = kit::Tick { title: &item.what, extent: &item.change, reason: "" };
            if kit::check_row(ui, &mut ticked, tick).changed() {
                act = Some(Msg::from(PlanMsg::Turn(item.key.clone())).into());
            }
        });
        act = kit::beneath_check(ui, |ui| about(ui, item)).or(act.take());
    });
    act
}

/// What stands in its way, whether there is a way back, and what it changes.
fn about(ui: &mut Ui, item: &Item) -> Option<Act> {
    let theme = Theme::of(ui);
    match &item.tick {
        Tick::Refused(why) => {
            kit::marked(ui, Icon::Warning, theme.warning.text, "Not possible now", why);
        }
        Tick::WithOthers => {
            kit::caption(ui, "It is written together with the env files.");
        }
        Tick::On | Tick::Off => {}
    }
    if let Back::Never(how) = item.back {
        kit::marked(ui, Icon::Warning, theme.warning.text, "Warning", &capital(how));
    }
    let act = ui.horizontal(|ui| {
        if let Back::Can(how) = item.back {
            kit::caption(ui, &capital(how));
        }
        let step = item.key.step();
        let open = format!("Open step {}", step.number());
        let name = format!("{open} for {}", item.what);
        kit::link_of(ui, &open, &name).clicked().then(|| Msg::Go(step).into())
    });
    if !item.lines.is_empty() {
        let name = format!("What changes: {}", item.what);
        kit::fold_of(ui, "What changes", &name, |ui| lines(ui, item));
    }
    act.inner
}

fn lines(ui: &mut Ui, item: &Item) {
    if item.key == Key::Migrations {
        for line in &item.lines {
            let text = format!("{}: {}", line.place, line.new.as_deref().unwrap_or_default());
            kit::paragraph(ui, &text);
        }
        return;
    }
    let text = |which: fn(&Line) -> Option<&String>| {
        let lines = item.lines.iter().filter_map(|line| {
            let text = which(line)?;
            Some(match item.key {
                Key::Project(_) => format!("{text}\n"),
                _ => format!("{}={text}\n", line.place), // a variable
            })
        });
        lines.collect::<String>()
    };
    diff::hunk(ui, &text(|line| line.old.as_ref()), &text(|line| line.new.as_ref()));
    if !matches!(item.key, Key::Project(_)) {
        kit::caption(ui, "Passwords are masked.");
    }
}

/// Steps that can't say yet what they would change.
fn gaps(ui: &mut Ui, setup: &Setup) -> Option<Act> {
    let gaps = setup.plan_gaps();
    if gaps.is_empty() {
        return None;
    }
    let theme = Theme::of(ui);
    let mut act = None;
    kit::card(ui, Some("Not known yet"), |ui| {
        ui.spacing_mut().item_spacing.y = gap::XS;
        for (step, why) in gaps {
            let text = format!("Step {}, {}. {why}", step.number(), step.name());
            kit::marked(ui, Icon::NotStarted, theme.text_2, "Not known", &text);
            let to = setup.facts.missing_for(step).unwrap_or(step);
            if kit::beneath(ui, |ui| kit::link_button(ui, &go(step, to))).clicked() {
                act = Some(Msg::Go(to).into());
            }
        }
    });
    act
}

/// Two steps may wait for the same one; each button has a name of its own.
fn go(step: StepId, to: StepId) -> String {
    if step == to {
        format!("Go to step {}", to.number())
    } else {
        format!("Go to step {}, which step {} needs", to.number(), step.number())
    }
}

fn capital(text: &str) -> String {
    format!("{}.", crate::domain::words::capital(text))
}
