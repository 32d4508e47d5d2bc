//! Tokens in the file that a passphrase encrypts: keeping one, signing in with one, forgetting one.

use crate::{
    domain::{problem::Problem, secret::Secret, words::capital},
    effects::{Notes, World, account, accounts::sealed_file, files, sign_in::check as check_with},
    sealed::{self, SealedError, Tokens},
    setup::steps::sign_in::{Keep, Msg},
};

/// Checks the token against the account; only then it is written.
pub(super) async fn check(
    token: Secret,
    passphrase: Secret,
    world: &World,
    notes: &Notes,
) -> Result<Msg, Problem> {
    // A wrong passphrase is told before the account is asked.
    let mut tokens = opened(passphrase.clone(), world).await?;
    let signed_in = check_with(token, Keep::Sealed, world, notes).await?;
    if let Msg::SignedIn(account) = &signed_in {
        let name = account.label();
        tokens.retain(|(other, _)| *other != name);
        tokens.insert(0, (name, account.token.clone()));
        written(tokens, passphrase, world, "The token itself is good.").await?;
    }
    Ok(signed_in)
}

pub(super) async fn switch(
    name: &str,
    passphrase: Secret,
    world: &World,
    notes: &Notes,
) -> Result<Msg, Problem> {
    let tokens = opened(passphrase.clone(), world).await?;
    match tokens.into_iter().find(|(other, _)| other == name) {
        Some((_, token)) => check(token, passphrase, world, notes).await,
        None => Err(Problem::new(
            "sealed",
            format!("The token of {name} was not found."),
            "The encrypted file holds it no more.",
        )
        .hint("Paste a token of that account")),
    }
}

pub(super) async fn unlock(passphrase: Secret, world: &World) -> Result<Msg, Problem> {
    let tokens = opened(passphrase.clone(), world).await?;
    Ok(Msg::Unlocked(tokens.into_iter().map(|(name, _)| name).collect(), passphrase))
}

pub(super) async fn forget(
    name: String,
    passphrase: Secret,
    world: &World,
) -> Result<Msg, Problem> {
    let mut tokens = opened(passphrase.clone(), world).await?;
    tokens.retain(|(other, _)| *other != name);
    written(tokens, passphrase, world, "The token is still in the file.").await?;
    Ok(Msg::SignedOut)
}

async fn opened(passphrase: Secret, world: &World) -> Result<Tokens, Problem> {
    let file = sealed_file(world);
    files::blocking(move || {
        sealed::open(&file, &passphrase)
            .map_err(|err| problem(&err, "The encrypted file of tokens was not opened.", ""))
    })
    .await
}

async fn written(
    tokens: Tokens,
    passphrase: Secret,
    world: &World,
    kept: &'static str,
) -> Result<(), Problem> {
    let file = sealed_file(world);
    files::blocking(move || {
        sealed::write(&file, &passphrase, &tokens)
            .map_err(|err| problem(&err, "The encrypted file of tokens was not written.", kept))
    })
    .await
}

pub(in crate::effects) fn problem(err: &SealedError, what: &str, kept: &str) -> Problem {
    let problem = match err {
        SealedError::Passphrase => Problem::new(
            "passphrase",
            "The passphrase does not open the encrypted file.",
            "It is another one than the file was written with; or the file was changed since.",
        )
        .hint("Type it again")
        .hint("Paste the token and keep it for this session"),
        SealedError::Newer(_) => Problem::new(
            "sealed",
            what,
            "It was written by a newer version of Poolwright. It is left as it is.",
        )
        .hint("Open it with the newer version"),
        SealedError::Damaged(_)
        | SealedError::Random
        | SealedError::Key(_)
        | SealedError::Disk(_) => {
            Problem::new("sealed", what, format!("{}. {kept}", capital(&err.to_string())).trim())
                .hint("Keep the token for this session")
        }
    };
    account::chain(problem, err)
}
