//! The window, asked by role and name as a screen reader asks it: one file per page, and one for the frame.

#![expect(clippy::expect_used, clippy::panic, reason = "test helpers")]

mod app;
mod clipboard;
mod cluster;
mod drawer;
mod env_files;
mod every_page;
mod fixtures;
mod frame;
mod frame_time;
mod hand_over;
mod keyboard;
mod keychain;
mod measure;
mod migrations;
#[cfg(feature = "practice")]
mod newcomer;
mod pictures;
mod plan;
mod pool;
mod project;
mod resuming;
mod room;
#[path = "../session.rs"]
mod session;
mod settings;
mod sign_in;
mod spoken;
mod start;
mod tab;
mod test;
mod urls;
mod verify;
mod window;
