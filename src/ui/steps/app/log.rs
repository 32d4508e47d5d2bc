//! The end of a component's log.

use egui::Ui;

use crate::{
    domain::{
        log::{Spot, Tail},
        secret::Secret,
    },
    ui::{
        act::{Act, Copied},
        kit::{self, Begin, Listed},
        theme::gap,
    },
};

pub(super) fn log(ui: &mut Ui, tail: &Tail) -> Option<Act> {
    let Spot { component, kind } = &tail.spot;
    kit::card(ui, Some(&format!("Log of {component}, {}", kind.when())), |ui| {
        if tail.cut {
            kit::caption(ui, "Earlier lines are left out. DigitalOcean's page has them.");
        }
        let lines: Vec<Listed<'_>> = tail
            .lines
            .iter()
            .map(|line| Listed { number: None, text: line, marked: false })
            .collect();
        kit::listing(ui, &format!("Log of {component}"), Begin::End, &lines);
        ui.add_space(gap::XS);
        let copy = |ui: &mut Ui| kit::copy_button(ui, "Copy the log", "Copy the log");
        ui.horizontal(copy).inner.then(|| {
            // Every line was masked before it came here.
            let text = Secret::new(tail.lines.join("\n"));
            Act::Copy(Copied { text, kind: "Log".to_owned(), secret: false })
        })
    })
}
