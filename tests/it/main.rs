//! Tests against real servers: one binary, one module per part of the program.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test helpers"
)]

#[cfg(feature = "practice")]
mod access;
#[cfg(feature = "practice")]
mod account;
#[cfg(feature = "practice")]
mod account_setup;
#[cfg(feature = "practice")]
mod account_steps;
mod address;
#[cfg(feature = "practice")]
mod api_description;
#[cfg(feature = "practice")]
mod app_log;
#[cfg(feature = "practice")]
mod authority;
#[cfg(feature = "practice")]
mod canary;
mod canned;
mod change;
#[cfg(feature = "practice")]
mod clients;
#[cfg(feature = "practice")]
mod command_line;
mod commands;
#[cfg(feature = "practice")]
mod crash_bench;
#[cfg(feature = "practice")]
mod crash_gate;
mod driven;
mod env_readers;
#[cfg(feature = "practice")]
mod failure_bench;
#[cfg(feature = "practice")]
mod fault_matrix;
mod files;
#[cfg(feature = "practice")]
mod foretold;
mod guide;
mod hand_over;
#[cfg(all(feature = "practice", target_os = "linux"))]
mod kept;
mod keychain;
#[cfg(feature = "practice")]
mod load;
mod migration_tools;
#[cfg(feature = "practice")]
mod migration_tools_run;
#[cfg(feature = "practice")]
mod migrations;
#[cfg(feature = "practice")]
mod migrations_death;
#[cfg(feature = "practice")]
mod migrations_oracle;
#[path = "../named.rs"]
mod named;
#[cfg(feature = "practice")]
mod openapi;
#[cfg(feature = "practice")]
mod paper;
mod peers;
#[cfg(feature = "practice")]
mod poolers;
#[cfg(feature = "practice")]
mod practice;
#[cfg(feature = "practice")]
mod practice_account;
#[cfg(feature = "practice")]
mod practice_app;
#[cfg(feature = "practice")]
mod practice_cluster;
#[cfg(feature = "practice")]
mod probe;
mod profile;
mod project;
mod projects;
mod proof;
#[cfg(feature = "practice")]
mod properties;
mod proxy;
#[cfg(feature = "practice")]
mod pydo;
#[cfg(feature = "practice")]
mod relay;
mod saved;
mod sealed;
#[cfg(feature = "practice")]
mod secret_bench;
#[cfg(feature = "practice")]
mod served;
#[path = "../session.rs"]
mod session;
#[cfg(feature = "practice")]
mod stages;
#[cfg(feature = "practice")]
mod statements;
mod traces;
#[cfg(feature = "practice")]
mod undo_bench;
#[cfg(feature = "practice")]
mod web;
#[cfg(all(feature = "practice", target_os = "linux"))]
mod written_places;
