//! Tests against real servers: one binary, one module per part of the program.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test helpers"
)]

#[cfg(feature = "practice")]
mod account;
#[cfg(feature = "practice")]
mod canned;
mod files;
#[cfg(feature = "practice")]
mod practice_account;
#[cfg(feature = "practice")]
mod practice_cluster;
#[cfg(feature = "practice")]
mod web;
mod project;
