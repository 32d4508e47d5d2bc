//! The plan of a dry run: everything that would be changed, as text and as JSON.

use serde_json::{Value, json};

use crate::{
    domain::figures::count,
    setup::{
        Setup,
        plan::{Back, Item, Line, Place, Tick},
    },
};

/// One line of text each.
pub fn lines(setup: &Setup) -> Vec<String> {
    let items = setup.plan_items();
    let mut lines = vec![match items.iter().filter(|item| would(item)).count() {
        0 => "Plan of steps 7 to 10: nothing would be changed".to_owned(),
        n => format!("Plan of steps 7 to 10: {}", count(n, "change", "changes")),
    }];
    for place in Place::ALL {
        let here: Vec<&Item> = items.iter().filter(|item| item.place() == place).collect();
        if !here.is_empty() {
            lines.push(format!("  {}", place.title()));
        }
        for item in here {
            let tick = if would(item) { 'x' } else { ' ' };
            lines.push(format!("  [{tick}] {}: {}; {}", item.what, item.change, item.back.words()));
            if let Tick::Refused(why) = &item.tick {
                lines.push(format!("        {why}"));
            }
            lines.extend(item.lines.iter().map(|line| format!("        {}", changed(line))));
        }
    }
    lines.extend(setup.plan_gaps().into_iter().map(|(step, why)| {
        format!("  [?] Step {}, {}: not known yet. {why}", step.number(), step.name())
    }));
    lines
}

fn would(item: &Item) -> bool {
    matches!(item.tick, Tick::On | Tick::WithOthers)
}

/// `DATABASE_URL: old → new`
fn changed(line: &Line) -> String {
    let Line { place, old, new } = line;
    match (old, new) {
        (Some(old), Some(new)) => format!("{place}: {old} → {new}"),
        (None, Some(new)) => format!("{place}: + {new}"),
        (Some(old), None) => format!("{place}: − {old}"),
        (None, None) => place.clone(),
    }
}

/// The same as a value.
pub fn json(setup: &Setup) -> Value {
    let items: Vec<Value> = setup
        .plan_items()
        .iter()
        .map(|item| {
            let refused = match &item.tick {
                Tick::Refused(why) => Some(why),
                Tick::On | Tick::Off | Tick::WithOthers => None,
            };
            let lines: Vec<Value> = item
                .lines
                .iter()
                .map(|line| json!({ "place": line.place, "old": line.old, "new": line.new }))
                .collect();
            json!({
                "step": item.key.step().key(),
                "what": item.what,
                "change": item.change,
                "would": would(item),
                "refused": refused,
                "can_be_undone": matches!(item.back, Back::Can(_)),
                "undo": item.back.words(),
                "lines": lines,
            })
        })
        .collect();
    let unknown: Vec<Value> = setup
        .plan_gaps()
        .into_iter()
        .map(|(step, why)| json!({ "step": step.key(), "why": why }))
        .collect();
    json!({ "items": items, "unknown": unknown })
}
