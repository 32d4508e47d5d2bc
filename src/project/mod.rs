//! The folder of the person: read with care, written only by `files`.

pub mod files;
pub mod migrations;
