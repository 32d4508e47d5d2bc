//! The folder of the person: read with care, written only by `files`.

pub mod command;
pub mod files;
pub mod git;
pub mod migrations;
pub mod scan;
mod script;
mod tokens;
pub mod tools;
