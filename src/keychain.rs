//! The operating system's keychain, on a thread of its own and with a time limit.

use std::{fmt, time::Duration};

use crate::domain::secret::Secret;

/// Which keychain: the system's, or none (practice keeps nothing).
#[derive(Clone, PartialEq, Eq)]
pub enum Keychain {
    System {
        service: String,
    },
    /// Keeps nothing; used by practice, whose token dies with it.
    None,
}

impl fmt::Debug for Keychain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System { service } => write!(f, "Keychain({service})"),
            Self::None => f.write_str("Keychain(none)"),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum KeychainError {
    #[error("no password store answered within {0:?}")]
    Silent(Duration),
    #[error("the password store is not available")]
    Unavailable(#[source] keyring_core::Error),
}

impl Keychain {
    /// Stores `secret` under `item`, for example `token:<account>`.
    pub async fn keep(
        &self,
        item: &str,
        secret: &Secret,
        limit: Duration,
    ) -> Result<(), KeychainError> {
        todo!("{item} {secret:?} {limit:?}")
    }

    pub async fn recall(
        &self,
        item: &str,
        limit: Duration,
    ) -> Result<Option<Secret>, KeychainError> {
        todo!("{item} {limit:?}")
    }

    pub async fn forget(&self, item: &str, limit: Duration) -> Result<(), KeychainError> {
        todo!("{item} {limit:?}")
    }
}
