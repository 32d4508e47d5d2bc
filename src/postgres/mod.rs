//! PostgreSQL and PgBouncer over the wire: the staged test, probes and migrations by hand, measuring through sqlx.

pub mod activity;
pub mod arrive;
mod connect;
pub mod features;
pub mod history;
pub mod in_use;
mod ledger;
pub mod load;
pub mod migrate;
pub mod probe;
mod run;
mod sign_in;
pub mod stages;
pub mod surroundings;
mod symptoms;
mod tls;
pub mod wire;
