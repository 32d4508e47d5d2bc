//! What this computer offers the program, tried out: certificates, the keychain, a folder of its own. Tells no secret.

use std::{path::PathBuf, time::Duration};

use crate::{
    disk,
    domain::secret::Secret,
    effects::World,
    keychain::{Keychain, KeychainError},
};

/// Whoever has to unlock a keychain by hand would need longer; nobody is there during a self-test.
const LIMIT: Duration = Duration::from_secs(3);
const ITEM: &str = "self-test";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// Authorities that the system trusts; without any no server can be verified.
    pub authorities: usize,
    /// How the keychain answered when something was kept, read back and removed.
    pub keychain: &'static str,
    pub data: PathBuf,
    /// The folder can be made, for the person alone.
    pub data_is_private: bool,
}

pub async fn look(world: &World) -> Surroundings {
    Surroundings {
        authorities: rustls_native_certs::load_native_certs().certs.len(),
        keychain: keychain(&world.keychain).await.unwrap_or_else(|err| state(&err)),
        data: world.data.clone(),
        data_is_private: disk::private_folder(&world.data).is_ok(),
    }
}

async fn keychain(keychain: &Keychain) -> Result<&'static str, KeychainError> {
    keychain.keep(ITEM, &Secret::new(ITEM), LIMIT).await?;
    let kept = keychain.recall(ITEM, LIMIT).await?;
    keychain.forget(ITEM, LIMIT).await?;
    let gone = keychain.recall(ITEM, LIMIT).await?.is_none();
    // What was kept is this file's own word.
    let same = kept.is_some_and(|kept| kept.expose() == ITEM);
    Ok(if same && gone { "keeps" } else { "forgets" })
}

fn state(err: &KeychainError) -> &'static str {
    match err {
        KeychainError::Silent(_) => "silent",
        err if err.locked() => "locked",
        KeychainError::Unavailable(_) => "missing",
        KeychainError::NotText | KeychainError::Thread(_) | KeychainError::BrokeOff => "broken",
    }
}
