//! What is done once, before anything else: no core dump, one TLS provider, logs without secrets.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Call first in `main`, and first in every test that reaches for TLS.
pub fn before_anything() {
    no_core_dump();
    one_tls_provider();
    logging();
}

/// A core dump would hold the token and passwords.
#[cfg(unix)]
fn no_core_dump() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(err) = setrlimit(Resource::Core, none) {
        tracing::warn!(%err, "core dumps stay as they are");
    }
}

#[cfg(not(unix))]
fn no_core_dump() {}

/// rustls needs its provider named before the first client is built.
pub fn one_tls_provider() {
    // An error says only that it is installed already.
    rustls::crypto::ring::default_provider().install_default().ok();
}

/// Off unless `POOLWRIGHT_LOG` asks for it. Only our own lines: libraries print statements and parameters.
fn logging() {
    let Ok(filter) = std::env::var("POOLWRIGHT_LOG") else { return };
    let filter = EnvFilter::new(format!("off,poolwright={filter}"));
    // An error says only that a logger is set already.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init()
        .ok();
}
