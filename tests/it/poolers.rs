//! The two kinds of PgBouncer that tests run against: the system's, and one that tracks prepared statements.

use std::path::PathBuf;

/// Name, and the program where it is not the system's own.
pub fn all() -> [(&'static str, Option<PathBuf>); 2] {
    [("PgBouncer of the system", None), ("PgBouncer 1.24", Some(tracking()))]
}

/// A PgBouncer that tracks prepared statements (1.21 or newer), as `packaging/install-deps peers` installs it.
pub fn tracking() -> PathBuf {
    let folder = std::env::var_os("POOLWRIGHT_PEERS").map_or_else(
        || {
            let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
            let home = std::env::var_os("HOME").map(PathBuf::from);
            let cache = cache.or_else(|| Some(home?.join(".cache"))).expect("a home folder");
            cache.join("poolwright/peers")
        },
        PathBuf::from,
    );
    let program = folder.join("bin/pgbouncer");
    assert!(
        program.is_file(),
        "PgBouncer 1.24 is missing at {}: run packaging/install-deps peers",
        program.display()
    );
    program
}
