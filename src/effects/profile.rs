//! The team profile as the answers of a set-up.

use std::path::Path;

use crate::{domain::problem::Problem, setup::answers::Answers};

/// Reads `poolwright.toml`. Paths in it are relative to its folder.
pub fn load(file: &Path) -> Result<Answers, Problem> {
    todo!("{file:?}")
}
