//! Writes and restores the project's files: atomically, with a backup outside the project, read back.

use std::path::{Path, PathBuf};

use crate::{
    domain::{problem::Problem, secret::Secret},
    effects::World,
    setup::facts::WrittenFile,
};

/// One file to write. Its text may hold a password.
pub(super) struct Write {
    /// Relative to the root, or absolute.
    pub file: PathBuf,
    /// What the plan was made from; another text there now means somebody changed it. `None`: no file yet.
    pub before: Option<Secret>,
    pub after: Secret,
    /// `+1 line` or `2 variables`.
    pub what: String,
}

/// Writes all or, where one is refused, puts back those before it.
pub(super) async fn write(
    root: &Path,
    writes: Vec<Write>,
    world: &World,
) -> Result<Vec<WrittenFile>, Problem> {
    todo!("{root:?} {} {world:?}", writes.len())
}

/// Puts the backup back (or removes the file where there was none) while the file is still `ours`, a hash.
pub(super) async fn restore(
    file: PathBuf,
    backup: Option<PathBuf>,
    ours: String,
) -> Result<(), Problem> {
    todo!("{file:?} {backup:?} {ours}")
}
