//! Poolwright sets up PostgreSQL connection pooling on DigitalOcean, from an API token to proof that it works.
//!
//! `domain` holds the rules, `setup` the twelve steps as a pure core, `effects` carries their orders out through
//! the adapters, `ui` and `cli` drive the same core, `practice` is an account to practise on.

#![cfg_attr(
    all(test, not(feature = "practice")),
    allow(
        dead_code,
        unused_imports,
        reason = "examples of messages, for the guide's page; its test needs practice"
    )
)]

#[cfg(all(feature = "practice", not(unix)))]
compile_error!(
    "practice runs PgBouncer, which needs Unix: build with --no-default-features --features gui"
);

pub mod address;
#[cfg(feature = "gui")]
pub mod appearance;
pub mod cli;
#[cfg(feature = "gui")]
pub mod clipboard;
pub mod digitalocean;
pub mod disk;
pub mod doctl;
pub mod domain;
pub mod effects;
pub mod health;
pub mod keychain;
pub mod leases;
pub mod picture;
pub mod postgres;
#[cfg(feature = "practice")]
pub mod practice;
pub mod project;
pub mod safety;
pub mod saved;
pub mod sealed;
#[cfg(feature = "gui")]
pub mod settings;
pub mod setup;
#[cfg(feature = "gui")]
pub mod ui;

#[cfg(feature = "practice")]
#[cfg(test)]
mod troubleshooting;
pub mod web;
