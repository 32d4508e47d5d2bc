//! The window, asked by role and name as a screen reader asks it: one file per page, and one for the frame.

#![expect(clippy::expect_used, clippy::panic, reason = "test helpers")]

mod app;
mod clipboard;
mod cluster;
mod env_files;
mod every_page;
mod fixtures;
mod frame;
mod hand_over;
mod measure;
mod migrations;
mod pictures;
mod pool;
mod project;
mod room;
mod sign_in;
mod start;
mod test;
mod urls;
mod verify;
mod window;
