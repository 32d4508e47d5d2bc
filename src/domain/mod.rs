//! Pure rules and types: no input or output, no clock, no threads, no library of the outside world.

pub mod access;
pub mod activity;
pub mod app_spec;
pub mod capacity;
pub mod client;
pub mod cluster;
pub mod conn_url;
pub mod diagnosis;
pub mod env_file;
pub mod env_name;
pub mod env_target;
pub mod leak;
pub mod login;
pub mod migration;
pub mod pool;
pub mod prisma_schema;
pub mod problem;
pub mod project;
pub mod record;
pub mod runbook;
pub mod secret;
pub mod stages;
pub mod timing;
pub mod upkeep;
