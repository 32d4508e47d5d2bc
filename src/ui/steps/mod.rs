//! The pages of the twelve steps: decision, reasons and result. Heading, problem and buttons are the frame's.

pub mod app;
pub mod cluster;
pub mod env_files;
pub mod hand_over;
mod load;
pub mod measure;
pub mod migrations;
pub mod pool;
pub mod project;
pub mod sign_in;
pub mod test;
pub mod urls;
pub mod verify;
pub(super) mod written;

use egui::Ui;
use jiff::Timestamp;

use crate::{
    setup::{Setup, step::StepId},
    ui::act::Act,
};

/// Draws what is between the purpose and the buttons; what the person asked for there.
pub fn show(ui: &mut Ui, step: StepId, setup: &mut Setup, now: Timestamp) -> Option<Act> {
    match step {
        StepId::SignIn => sign_in::show(ui, setup),
        StepId::Cluster => cluster::show(ui, setup),
        StepId::Measure => measure::show(ui, setup),
        StepId::Pool => pool::show(ui, setup),
        StepId::Urls => urls::show(ui, setup),
        StepId::Test => test::show(ui, setup, now),
        StepId::Project => project::show(ui, setup),
        StepId::EnvFiles => env_files::show(ui, setup),
        StepId::Migrations => migrations::show(ui, setup),
        StepId::App => app::show(ui, setup),
        StepId::Verify => verify::show(ui, setup),
        StepId::HandOver => hand_over::show(ui, setup),
    }
}
