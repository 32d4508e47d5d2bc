//! The window, asked by role and name as a screen reader asks it: one file per page, and one for the frame.

#![expect(clippy::expect_used, clippy::panic, reason = "test helpers")]

mod cluster;
mod fixtures;
mod frame;
mod measure;
mod pictures;
mod pool;
mod room;
mod sign_in;
mod start;
mod window;
