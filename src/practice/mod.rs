//! An account to practise on: DigitalOcean's API on loopback over a real PostgreSQL and PgBouncer.

pub mod account;
pub mod app;
pub mod cluster;
pub mod faults;
pub mod pooler;
pub mod start_error;

mod folder;
mod gate;
mod identity;
mod programs;
mod servers;
mod template;
mod tls;
