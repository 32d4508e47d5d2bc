//! PostgreSQL and PgBouncer over the wire: the staged test, probes and migrations by hand, measuring through sqlx.

pub mod activity;
pub mod arrive;
mod connect;
