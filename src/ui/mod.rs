//! The window: draws the core's phases, edits its drafts, sends its messages. The only place that names egui.

pub mod act;
pub mod kit;
pub mod steps;
pub mod theme;
