//! The system's keychain: a real one, one that is missing, one that never answers, one that is locked.
//!
//! Each state needs a message bus of its own, so every test but the first runs itself once more: see `tests/session.rs`.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use poolwright::{
    domain::secret::Secret,
    keychain::{Keychain, KeychainError},
};

use crate::session::{INSIDE, KEYRING, LOCK, child, in_child, in_session, passed};

const LIMIT: Duration = Duration::from_secs(3);

fn keychain() -> Keychain {
    Keychain::System { service: format!("poolwright-test-{}", std::process::id()) }
}

#[tokio::test]
async fn what_is_kept_is_recalled_replaced_and_forgotten() {
    let test = "keychain::what_is_kept_is_recalled_replaced_and_forgotten";
    if !in_session(test, KEYRING) {
        return;
    }
    let keychain = keychain();
    let kept = |item: &'static str| {
        let keychain = keychain.clone();
        async move { keychain.recall(item, LIMIT).await.unwrap() }
    };
    assert_eq!(kept("token:a").await, None);
    keychain.keep("token:a", &Secret::new("dop_v1_ä"), LIMIT).await.unwrap();
    keychain.keep("token:b", &Secret::new("other"), LIMIT).await.unwrap();
    keychain.keep("token:a", &Secret::new("dop_v1_new"), LIMIT).await.unwrap();
    assert_eq!(kept("token:a").await, Some(Secret::new("dop_v1_new")));
    keychain.forget("token:a", LIMIT).await.unwrap();
    assert_eq!(kept("token:a").await, None);
    assert_eq!(kept("token:b").await, Some(Secret::new("other")));
    keychain.forget("token:a", LIMIT).await.unwrap();
}

#[tokio::test]
async fn without_a_bus_it_is_not_available() {
    if !in_child("keychain::without_a_bus_it_is_not_available", "unix:path=/nonexistent/bus") {
        return;
    }
    let err = keychain().keep("token:a", &Secret::new("canary"), LIMIT).await.unwrap_err();
    assert!(matches!(err, KeychainError::Unavailable(_)) && !err.locked(), "{err:?}");
    assert!(!format!("{err:?}").contains("canary"));
}

#[tokio::test]
async fn a_bus_without_a_password_store_is_not_available() {
    if !in_session("keychain::a_bus_without_a_password_store_is_not_available", "") {
        return;
    }
    let err = keychain().recall("token:a", LIMIT).await.unwrap_err();
    assert!(matches!(err, KeychainError::Unavailable(_)) && !err.locked(), "{err:?}");
}

#[tokio::test]
async fn a_locked_one_says_so_and_works_again_once_it_is_open() {
    let test = "keychain::a_locked_one_says_so_and_works_again_once_it_is_open";
    if !in_session(test, KEYRING) {
        return;
    }
    let keychain = keychain();
    keychain.keep("token:a", &Secret::new("kept"), LIMIT).await.unwrap();
    assert!(Command::new("bash").args(["-c", LOCK]).status().unwrap().success());
    let err = keychain.recall("token:a", LIMIT).await.unwrap_err();
    assert!(err.locked(), "{err:?}");

    // Another keyring takes its place with the same items, open.
    assert!(Command::new("bash").args(["-c", KEYRING]).status().unwrap().success());
    assert_eq!(keychain.recall("token:a", LIMIT).await.unwrap(), Some(Secret::new("kept")));
}

#[tokio::test]
async fn a_bus_that_never_answers_is_silent_and_lets_the_program_end() {
    let test = "keychain::a_bus_that_never_answers_is_silent_and_lets_the_program_end";
    if std::env::var_os(INSIDE).is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bus");
        // Accepts by its queue and says nothing.
        let _silent = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let bus = format!("unix:path={}", path.display());
        let began = Instant::now();
        passed(&child(test, folder.path()).env("DBUS_SESSION_BUS_ADDRESS", bus).output().unwrap());
        assert!(began.elapsed() < Duration::from_secs(5), "the program waited for its keychain");
        return;
    }
    let limit = Duration::from_millis(300);
    let began = Instant::now();
    let err = keychain().recall("token:a", limit).await.unwrap_err();
    assert!(matches!(err, KeychainError::Silent(after) if after == limit), "{err:?}");
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn none_keeps_nothing() {
    let none = Keychain::None;
    none.keep("token:a", &Secret::new("x"), LIMIT).await.unwrap();
    assert_eq!(none.recall("token:a", LIMIT).await.unwrap(), None);
    assert!(!none.keeps());
}
