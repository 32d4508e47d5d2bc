//! The programs that tests compare with, in a folder of their own: `packaging/install-deps peers` brings them.

use std::{path::PathBuf, process::Command};

/// As the Makefile has it.
pub fn folder() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set"));
    let cache =
        || std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home().join(".cache"), PathBuf::from);
    std::env::var_os("POOLWRIGHT_PEERS")
        .map_or_else(|| cache().join("poolwright/peers"), PathBuf::from)
}

/// One of them, ready for arguments; it finds its fellows through `PEERS` and `PATH`.
pub fn command(name: &str) -> Command {
    let program = folder().join("bin").join(name);
    assert!(program.exists(), "the peer {name} is missing: run packaging/install-deps peers");
    let mut command = Command::new(&program);
    let path = std::env::var("PATH").unwrap_or_default();
    command
        .env("PEERS", folder())
        .env("PATH", format!("{}:{path}", folder().join("bin").display()));
    command
}
