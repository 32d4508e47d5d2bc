//! Page 2.

use egui::Ui;

use crate::{
    setup::{Setup, step::StepId},
    ui::{act::Act, kit},
};

pub fn show(ui: &mut Ui, setup: &mut Setup) -> Option<Act> {
    let standing = setup.standing(StepId::Cluster);
    kit::card(ui, None, |ui| kit::key_value(ui, "State", standing.word()));
    None
}
