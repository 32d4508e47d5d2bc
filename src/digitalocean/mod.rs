//! The account: DigitalOcean's API as far as a set-up needs it.
//!
//! A request is an `Operation`; the client sends it, repeats it where that is harmless, and records it. What is read is
//! turned into the domain's types here, so no other part knows how the provider spells things.

pub mod account;
pub mod apps;
pub mod budget;
pub mod client;
pub mod databases;
pub mod error;
pub mod logs;

mod answer;
mod pages;
mod retry;
mod wire;
