//! The system's keychain: a real one, one that is missing, one that never answers, one that is locked.
//!
//! Each state needs a message bus of its own. The bus is read from the environment of the whole process, so every test
//! but the first runs itself once more in a child with that environment.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use poolwright::{
    domain::secret::Secret,
    keychain::{Keychain, KeychainError},
};

const LIMIT: Duration = Duration::from_secs(3);
const INSIDE: &str = "POOLWRIGHT_TEST_KEYCHAIN_CHILD";

fn keychain() -> Keychain {
    Keychain::System { service: format!("poolwright-test-{}", std::process::id()) }
}

/// Whether this is the child; where not, runs `test` in a child on the given bus and expects it to pass.
fn in_child(test: &str, bus: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let folder = tempfile::tempdir().unwrap();
    passed(&child(test, folder.path()).env("DBUS_SESSION_BUS_ADDRESS", bus).output().unwrap());
    false
}

/// This test binary with one test and folders of its own.
fn child(test: &str, folder: &Path) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    at_home(child.args(["--exact", test, "--nocapture"]), folder);
    child
}

fn at_home(command: &mut Command, folder: &Path) {
    command
        .env(INSIDE, "1")
        .env("XDG_RUNTIME_DIR", folder)
        .env("XDG_DATA_HOME", folder)
        .env("XDG_CONFIG_HOME", folder)
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdin(Stdio::null());
}

fn passed(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Whether this is the child; where not, runs `test` after `first` in a session with a bus of its own. That bus knows no
/// service that it could start by itself.
pub fn in_session(test: &str, first: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("bus.conf");
    let listen = folder.path().display();
    let text = format!(
        "<busconfig><type>session</type><listen>unix:dir={listen}</listen>\
         <policy context='default'><allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>"
    );
    File::create(&config).unwrap().write_all(text.as_bytes()).unwrap();
    let mut session = Command::new("dbus-run-session");
    let script = format!("{first}\n\"$0\" --exact {test} --nocapture");
    session.arg("--config-file").arg(config).args(["--", "bash", "-c", &script]);
    session.arg(std::env::current_exe().unwrap());
    at_home(&mut session, folder.path());
    passed(&session.output().expect("dbus-run-session runs (package dbus)"));
    false
}

/// A keyring that is open; it ends with its bus. It goes into the background before it has its name on the bus.
pub const KEYRING: &str = "printf practice | gnome-keyring-daemon --replace --unlock --components=secrets >/dev/null && \
                       gdbus wait --session --timeout 10 org.freedesktop.secrets || exit 9";

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
    let lock = "gdbus call --session --dest org.freedesktop.secrets --object-path /org/freedesktop/secrets \
                --method org.freedesktop.Secret.Service.Lock \"['/org/freedesktop/secrets/collection/login']\"";
    assert!(Command::new("bash").args(["-c", lock]).status().unwrap().success());
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
