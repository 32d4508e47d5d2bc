//! The operating system's keychain, on a thread of its own and with a time limit.
//!
//! A keychain may never answer: a bus that takes the connection and stays silent, a prompt that nobody sees. Such a call
//! can't be ended, so it gets a thread that nothing waits for, not even the end of the program.

use std::{fmt, io, sync::Arc, thread, time::Duration};

use keyring::Entry;
use keyring_core::CredentialStore;
use tokio::sync::oneshot;

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
    /// There is none, or it is locked and nobody unlocked it.
    #[error("the password store is not available")]
    Unavailable(#[source] keyring_core::Error),
    /// What is kept is no text. Without the library's error, which holds the bytes.
    #[error("the password store holds something else under this name")]
    NotText,
    #[error("no thread for the password store")]
    Thread(#[source] io::Error),
    #[error("the password store's library broke off")]
    BrokeOff,
}

impl From<keyring_core::Error> for KeychainError {
    fn from(err: keyring_core::Error) -> Self {
        match err {
            keyring_core::Error::BadEncoding(_) | keyring_core::Error::BadDataFormat(..) => {
                Self::NotText
            }
            err => Self::Unavailable(err),
        }
    }
}

impl KeychainError {
    /// It is there, but locked.
    pub fn locked(&self) -> bool {
        matches!(self, Self::Unavailable(keyring_core::Error::NoStorageAccess(_)))
    }
}

impl Keychain {
    /// Whether anything outlives the program here.
    pub fn keeps(&self) -> bool {
        match self {
            Self::System { .. } => true,
            Self::None => false,
        }
    }

    /// Stores `secret` under `item`, for example `token:<account>`.
    pub async fn keep(
        &self,
        item: &str,
        secret: &Secret,
        limit: Duration,
    ) -> Result<(), KeychainError> {
        let Self::System { service } = self else { return Ok(()) };
        let (service, item, secret) = (service.clone(), item.to_owned(), secret.clone());
        // The keychain is where the token is meant to be.
        ask(limit, move || entry(&service, &item)?.set_password(secret.expose())).await
    }

    /// `None` where nothing is kept under this name.
    pub async fn recall(
        &self,
        item: &str,
        limit: Duration,
    ) -> Result<Option<Secret>, KeychainError> {
        let Self::System { service } = self else { return Ok(None) };
        let (service, item) = (service.clone(), item.to_owned());
        ask(limit, move || match entry(&service, &item)?.get_password() {
            Ok(kept) => Ok(Some(Secret::new(kept))),
            Err(keyring_core::Error::NoEntry) => Ok(None),
            Err(err) => Err(err),
        })
        .await
    }

    /// Fine, too, where nothing is kept under this name.
    pub async fn forget(&self, item: &str, limit: Duration) -> Result<(), KeychainError> {
        let Self::System { service } = self else { return Ok(()) };
        let (service, item) = (service.clone(), item.to_owned());
        ask(limit, move || match entry(&service, &item)?.delete_credential() {
            Ok(()) | Err(keyring_core::Error::NoEntry) => Ok(()),
            Err(err) => Err(err),
        })
        .await
    }
}

/// A store is made anew each time, so that one that was missing or locked can be tried again.
fn entry(service: &str, item: &str) -> Result<Entry, keyring_core::Error> {
    #[cfg(target_os = "macos")]
    let store: Arc<CredentialStore> = apple_native_keyring_store::keychain::Store::new()?;
    #[cfg(target_os = "windows")]
    let store: Arc<CredentialStore> = windows_native_keyring_store::Store::new()?;
    #[cfg(not(any(target_os = "macos", target_os = "windows")))]
    let store: Arc<CredentialStore> = zbus_secret_service_keyring_store::Store::new()?;
    // Not through the library's one default store, which two threads would take from each other.
    Ok(Entry { inner: keyring_core::Entry::new_in_store(&store, service, item)? })
}

async fn ask<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> Result<T, keyring_core::Error> + Send + 'static,
) -> Result<T, KeychainError> {
    let (answer, answered) = oneshot::channel();
    let thread = thread::Builder::new().name("keychain".to_owned());
    thread
        .spawn(move || {
            // Nobody listens where the time was up.
            answer.send(work()).ok();
        })
        .map_err(KeychainError::Thread)?;
    match tokio::time::timeout(limit, answered).await {
        Ok(Ok(ended)) => Ok(ended?),
        Ok(Err(_)) => Err(KeychainError::BrokeOff), // the thread dropped its end without an answer
        Err(_) => Err(KeychainError::Silent(limit)), // the clock's error says nothing more
    }
}
