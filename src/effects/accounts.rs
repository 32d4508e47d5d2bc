//! The accounts whose tokens the keychain holds: one item each, a list of their names, and which was used last.

use std::{path::PathBuf, time::Duration};

use crate::{
    doctl,
    domain::{problem::Problem, secret::Secret},
    effects::{World, account, sign_in},
    keychain::{Keychain, KeychainError},
    sealed,
};

/// The names of all accounts, one a line. A keychain can't be asked for what it holds.
const NAMES: &str = "accounts";
/// The name of the account that was signed in last. Without it nobody is signed in at the next start.
const LAST: &str = "account:last";

/// The item of one account's token.
fn item(account: &str) -> String {
    format!("token:{account}")
}

/// What a start finds of earlier sign-ins.
#[derive(Debug, Default)]
pub struct Remembered {
    pub accounts: Vec<String>,
    /// The token of the account that was signed in last.
    pub token: Option<Secret>,
    pub doctl_is_there: bool,
    /// Tokens are in a file that a passphrase encrypts.
    pub sealed: bool,
    /// Whether the password store told anything; `None` where there is none to ask.
    pub store: Option<Result<(), Problem>>,
}

/// The file of tokens that a passphrase encrypts.
pub(super) fn sealed_file(world: &World) -> PathBuf {
    world.data.join("tokens.sealed")
}

/// Asks the keychain; nothing where it does not answer.
pub async fn remembered(world: &World) -> Remembered {
    let (keychain, limit) = (&world.keychain, world.timing.keychain);
    let found = async {
        let last = keychain.recall(LAST, limit).await?;
        let token = match &last {
            // The name of the item, not its secret.
            Some(last) => keychain.recall(&item(last.expose()), limit).await?,
            None => None,
        };
        Ok::<_, KeychainError>((names(keychain, limit).await?, token))
    };
    let (accounts, token, store) = match found.await {
        Ok((accounts, token)) => (accounts, token, Ok(())),
        Err(err) => {
            tracing::info!(%err, "no token from the keychain");
            (Vec::new(), None, Err(not_usable(&err)))
        }
    };
    let looked = tokio::task::spawn_blocking(doctl::is_there).await;
    let file = sealed_file(world);
    let sealed = tokio::task::spawn_blocking(move || sealed::is_there(&file)).await;
    Remembered {
        accounts,
        token,
        doctl_is_there: keychain.keeps() && looked.unwrap_or(false),
        sealed: sealed.unwrap_or(false),
        store: keychain.keeps().then_some(store),
    }
}

/// Asks the password store anew for the names of the accounts whose tokens it keeps.
#[cfg(feature = "gui")]
pub async fn password_store(world: &World) -> Result<Vec<String>, Problem> {
    kept(world).await.map_err(|err| not_usable(&err))
}

fn not_usable(err: &KeychainError) -> Problem {
    let what = "The system's password store cannot be used now.";
    account::chain(Problem::new("keychain", what, sign_in::unavailable(err)), err).hint(
        "Without it a token lasts for the session, or is encrypted with a passphrase (step 1)",
    )
}

/// The names of all accounts whose tokens are kept.
#[cfg(feature = "gui")]
pub(super) async fn kept(world: &World) -> Result<Vec<String>, KeychainError> {
    names(&world.keychain, world.timing.keychain).await
}

async fn names(keychain: &Keychain, limit: Duration) -> Result<Vec<String>, KeychainError> {
    let kept = keychain.recall(NAMES, limit).await?;
    // Names, no tokens.
    Ok(kept.map_or_else(Vec::new, |kept| kept.expose().lines().map(str::to_owned).collect()))
}

/// The token of an account that is kept.
pub(super) async fn token(account: &str, world: &World) -> Result<Option<Secret>, KeychainError> {
    world.keychain.recall(&item(account), world.timing.keychain).await
}

/// Keeps a token under its account's name; all names that are kept by now.
pub(super) async fn keep(
    account: &str,
    token: &Secret,
    world: &World,
) -> Result<Vec<String>, KeychainError> {
    let (keychain, limit) = (&world.keychain, world.timing.keychain);
    keychain.keep(&item(account), token, limit).await?;
    let mut all = names(keychain, limit).await?;
    all.retain(|name| name != account);
    all.insert(0, account.to_owned());
    keychain.keep(NAMES, &Secret::new(all.join("\n")), limit).await?;
    keychain.keep(LAST, &Secret::new(account), limit).await?;
    Ok(all)
}

/// Removes a token and its account's name. Others stay, but none of them signs in by itself.
pub(super) async fn forget(account: &str, world: &World) -> Result<(), KeychainError> {
    let (keychain, limit) = (&world.keychain, world.timing.keychain);
    keychain.forget(&item(account), limit).await?;
    let mut all = names(keychain, limit).await?;
    all.retain(|name| name != account);
    if all.is_empty() {
        keychain.forget(NAMES, limit).await?;
    } else {
        keychain.keep(NAMES, &Secret::new(all.join("\n")), limit).await?;
    }
    // Another account may have signed in since.
    if keychain.recall(LAST, limit).await? == Some(Secret::new(account)) {
        keychain.forget(LAST, limit).await?;
    }
    Ok(())
}
