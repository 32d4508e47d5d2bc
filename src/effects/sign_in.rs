//! Step 1: asks the account who the token belongs to and what it may read, then keeps it where the person wants it.

pub(super) mod sealed;

use jiff::Timestamp;

use crate::{
    digitalocean::{
        account::{Owner, TokenInfo},
        error::ApiError,
    },
    doctl,
    domain::{
        cluster::Cluster,
        problem::{Fix, Problem},
        secret::Secret,
    },
    effects::{Notes, World, account, accounts},
    keychain::KeychainError,
    setup::{
        facts::{Account, Grant, Kept, SCOPES, Scope},
        steps::sign_in::{Effect, Keep, Msg},
    },
};

pub(super) async fn run(effect: Effect, world: &World, notes: &Notes) -> Result<Msg, Problem> {
    match effect {
        Effect::Check { token, keep } => check(token, keep, world, notes).await,
        Effect::Switch { account } => switch(&account, world, notes).await,
        Effect::Forget(account) => forget(&account, world).await,
        Effect::CheckSealed { token, passphrase } => {
            sealed::check(token, passphrase, world, notes).await
        }
        Effect::SwitchSealed { account, passphrase } => {
            sealed::switch(&account, passphrase, world, notes).await
        }
        Effect::Unlock { passphrase } => sealed::unlock(passphrase, world).await,
        Effect::ForgetSealed { account, passphrase } => {
            sealed::forget(account, passphrase, world).await
        }
        Effect::ReadDoctl => read_doctl().await,
    }
}

async fn check(token: Secret, keep: Keep, world: &World, notes: &Notes) -> Result<Msg, Problem> {
    let client = account::client(Some(&token), world, notes)?;
    // The clusters are the test: a good token may lack account:read.
    let clusters = client.clusters().await.map_err(|err| account::problem(&err))?;
    let (owner, apps, info) =
        tokio::join!(client.owner(), client.may_list_apps(), client.token_info());
    let info = info.unwrap_or_else(|err| {
        tracing::info!(%err, "nothing is told of the token");
        None
    });
    let passwords_visible = passwords_visible(&clusters);
    let scopes = scopes(grant(&owner), grant(&apps), passwords_visible, info.as_ref());
    let expires_at =
        info.as_ref().and_then(TokenInfo::expires_in).map(|left| Timestamp::now() + left);
    let Owner { email, team } = owner.unwrap_or_default();
    let kept = Kept::SessionOnly(None);
    let mut account = Account { token, email, team, scopes, passwords_visible, kept, expires_at };
    account.kept = match keep {
        Keep::SessionOnly => Kept::SessionOnly(None),
        Keep::Keychain if !world.keychain.keeps() => {
            Kept::SessionOnly(Some("nothing outlives a practice".to_owned()))
        }
        Keep::Keychain => {
            let all = accounts::keep(&account.label(), &account.token, world).await;
            notes.note(Msg::Accounts(all.map_err(|err| not_kept(&err))?)).await;
            Kept::Keychain
        }
        // Written once the account has told its name, by the caller.
        Keep::Sealed => Kept::Sealed,
    };
    Ok(Msg::SignedIn(Box::new(account)))
}

async fn switch(name: &str, world: &World, notes: &Notes) -> Result<Msg, Problem> {
    match accounts::token(name, world).await {
        Ok(Some(token)) => check(token, Keep::Keychain, world, notes).await,
        Ok(None) => Err(Problem::new(
            "keychain",
            format!("The token of {name} was not found."),
            "The password store holds it no more.",
        )
        .hint("Paste a token of that account")),
        Err(err) => Err(account::chain(
            Problem::new(
                "keychain",
                format!("The token of {name} was not read."),
                unavailable(&err),
            ),
            &err,
        )
        .hint("Unlock the password store and switch again")),
    }
}

/// The person asked for it; the file is never written.
async fn read_doctl() -> Result<Msg, Problem> {
    let Some(file) = doctl::place() else { return Ok(Msg::Doctl(Vec::new())) };
    let read = tokio::task::spawn_blocking(move || doctl::logins(&file)).await;
    match read {
        Ok(Ok(logins)) => Ok(Msg::Doctl(logins)),
        Ok(Err(err)) => {
            let problem = Problem::new("doctl", "doctl's sign-in was not read.", format!("{err}."));
            Err(account::chain(problem, &err).hint("Paste a token"))
        }
        Err(_) => Err(Problem::new(
            "doctl",
            "doctl's sign-in was not read.",
            "Reading it stopped half-way.",
        )),
    }
}

async fn forget(account: &Account, world: &World) -> Result<Msg, Problem> {
    match accounts::forget(&account.label(), world).await {
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

pub(super) fn not_kept(err: &KeychainError) -> Problem {
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
        .fix("Encrypt it with a passphrase…", Fix::KeepSealed)
        .fix("Try again", Fix::TryAgain)
        .hint("Unlock the password store, or start one such as GNOME Keyring or KWallet")
}

/// Why the password store did not do what it was asked for.
pub(super) fn unavailable(err: &KeychainError) -> String {
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

/// What a set-up needs. A write scope can't be asked for without writing, so only the account can tell it.
fn scopes(
    account: Grant,
    apps: Grant,
    passwords_visible: Option<bool>,
    info: Option<&TokenInfo>,
) -> Vec<Scope> {
    let told = |name: &str| match info {
        Some(info) if info.may(name) => Grant::Has,
        Some(_) => Grant::Lacks,
        None => Grant::Unknown,
    };
    let grant = |name: &str| match (name, passwords_visible) {
        ("account:read", _) => account,
        ("database:read", _) | ("database:view_credentials", Some(true)) => Grant::Has,
        ("database:view_credentials", Some(false)) => Grant::Lacks,
        ("app:read", _) => apps,
        (name, _) => told(name), // the write scopes, and passwords where no cluster shows them
    };
    SCOPES.map(|scope| Scope { grant: grant(scope.name), ..scope }).into()
}
