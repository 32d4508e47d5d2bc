//! How much is tried: small counts usually, full counts where proof is asked for.

/// `make prove` asks for it.
pub fn proving() -> bool {
    std::env::var_os("POOLWRIGHT_PROVE").is_some()
}
