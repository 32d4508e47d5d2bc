//! Step 1: asks the account who the token belongs to and what it may read, then keeps it where the person wants it.

use crate::{
    digitalocean::{account::Owner, error::ApiError},
    domain::{
        cluster::Cluster,
        problem::{Fix, Problem},
        secret::Secret,
    },
    effects::{LAST_TOKEN, Notes, World, account},
    keychain::KeychainError,
    setup::{
        facts::{Account, Grant, Kept, SCOPES, Scope},
        steps::sign_in::{Effect, Keep, Msg},
    },
};

pub(super) async fn run(effect: Effect, world: &World, notes: &Notes) -> Result<Msg, Problem> {
    match effect {
        Effect::Check { token, keep } => check(token, keep, world, notes).await,
        Effect::Forget(account) => forget(&account, world).await,
    }
}

async fn check(token: Secret, keep: Keep, world: &World, notes: &Notes) -> Result<Msg, Problem> {
    let client = account::client(Some(&token), world, notes)?;
    // The clusters are the test: a good token may lack account:read.
    let clusters = client.clusters().await.map_err(|err| account::problem(&err))?;
    let (owner, apps) = tokio::join!(client.owner(), client.may_list_apps());
    let passwords_visible = passwords_visible(&clusters);
    let scopes = scopes(grant(&owner), grant(&apps), passwords_visible);
    let Owner { email, team } = owner.unwrap_or_default();
    let mut account =
        Account { token, email, team, scopes, passwords_visible, kept: Kept::SessionOnly(None) };
    account.kept = match keep {
        Keep::SessionOnly => Kept::SessionOnly(None),
        Keep::Keychain if !world.keychain.keeps() => {
            Kept::SessionOnly(Some("nothing outlives a practice".to_owned()))
        }
        Keep::Keychain => kept(&account, world).await?,
    };
    Ok(Msg::SignedIn(Box::new(account)))
}

async fn kept(account: &Account, world: &World) -> Result<Kept, Problem> {
    for item in [Some(LAST_TOKEN.to_owned()), item(account)].into_iter().flatten() {
        world
            .keychain
            .keep(&item, &account.token, world.timing.keychain)
            .await
            .map_err(|err| not_kept(&err))?;
    }
    Ok(Kept::Keychain)
}

/// The account's own item beside the last one; `None` where the account did not say who it is.
fn item(account: &Account) -> Option<String> {
    let email = account.email.as_deref()?;
    Some(match account.team.as_deref() {
        Some(team) => format!("token:{email}/{team}"),
        None => format!("token:{email}"),
    })
}

async fn forget(account: &Account, world: &World) -> Result<Msg, Problem> {
    let limit = world.timing.keychain;
    let removed = async {
        if let Some(item) = item(account) {
            world.keychain.forget(&item, limit).await?;
        }
        // Another account may have signed in since.
        if world.keychain.recall(LAST_TOKEN, limit).await?.as_ref() == Some(&account.token) {
            world.keychain.forget(LAST_TOKEN, limit).await?;
        }
        Ok::<(), KeychainError>(())
    };
    match removed.await {
        // What was never kept there need not be removed.
        Err(err) if account.kept == Kept::Keychain => Err(account::chain(
            Problem::new(
                "keychain",
                "The token is still in the system's password store.",
                unavailable(&err),
            )
            .fix("Try again", Fix::TryAgain)
            .hint("Remove the items named poolwright in the password store itself"),
            &err,
        )),
        Ok(()) | Err(_) => Ok(Msg::SignedOut),
    }
}

fn not_kept(err: &KeychainError) -> Problem {
    let what = match err {
        KeychainError::Silent(_) => "The system's password store did not answer.",
        KeychainError::Unavailable(_)
        | KeychainError::NotText
        | KeychainError::Thread(_)
        | KeychainError::BrokeOff => "The token was not kept in the system's password store.",
    };
    let why = format!("{} The token itself is good.", unavailable(err));
    account::chain(Problem::new("keychain", what, why), err)
        .fix("Keep the token for this session", Fix::KeepForSession)
        .fix("Try again", Fix::TryAgain)
        .hint("Unlock the password store, or start one such as GNOME Keyring or KWallet")
}

fn unavailable(err: &KeychainError) -> String {
    match err {
        KeychainError::Silent(limit) => format!(
            "No answer came within {} s. Most likely: it is locked and asks for its password in a window of its own.",
            limit.as_secs().max(1)
        ),
        err if err.locked() => "It is locked, and it was not unlocked.".to_owned(),
        KeychainError::Unavailable(_) => "No password store is running.".to_owned(),
        KeychainError::NotText | KeychainError::Thread(_) | KeychainError::BrokeOff => {
            format!("{err}.")
        }
    }
}

/// `None` while there is no cluster that could tell. Without the scope the account leaves passwords out.
fn passwords_visible(clusters: &[Cluster]) -> Option<bool> {
    let with_hosts = clusters.iter().filter(|cluster| !cluster.direct.host.is_empty());
    with_hosts.map(|cluster| cluster.direct.password.is_some()).reduce(|any, one| any || one)
}

fn grant<T>(asked: &Result<T, ApiError>) -> Grant {
    match asked {
        Ok(_) => Grant::Has,
        Err(err) if err.forbidden() => Grant::Lacks,
        Err(err) => {
            tracing::info!(%err, "a scope could not be asked for");
            Grant::Unknown
        }
    }
}

/// What a set-up needs. A write scope can't be asked for without writing.
fn scopes(account: Grant, apps: Grant, passwords_visible: Option<bool>) -> Vec<Scope> {
    let passwords = match passwords_visible {
        Some(true) => Grant::Has,
        Some(false) => Grant::Lacks,
        None => Grant::Unknown,
    };
    let grant = |name: &str| match name {
        "account:read" => account,
        "database:read" => Grant::Has,
        "database:view_credentials" => passwords,
        "app:read" => apps,
        _ => Grant::Unknown, // the write scopes
    };
    SCOPES.map(|scope| Scope { grant: grant(scope.name), ..scope }).into()
}
