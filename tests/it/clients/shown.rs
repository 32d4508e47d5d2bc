//! The code that is shown for Rust's clients, as files. A test compares them with what the program shows.

pub mod sqlx;
pub mod tokio_postgres;
