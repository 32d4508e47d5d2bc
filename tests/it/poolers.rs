//! The two kinds of PgBouncer that tests run against: the system's, and one that tracks prepared statements.

use std::path::PathBuf;

use crate::peers;

/// Name, and the program where it is not the system's own.
pub fn all() -> [(&'static str, Option<PathBuf>); 2] {
    [("PgBouncer of the system", None), ("PgBouncer 1.24", Some(tracking()))]
}

/// A PgBouncer that tracks prepared statements (1.21 or newer), as `packaging/install-deps peers` installs it.
pub fn tracking() -> PathBuf {
    let program = peers::folder().join("bin/pgbouncer");
    assert!(
        program.is_file(),
        "PgBouncer 1.24 is missing at {}: run packaging/install-deps peers",
        program.display()
    );
    program
}
