//! A test that needs a message bus of its own. The bus is read from the environment of the whole process, so the test runs
//! itself once more in a child with that environment.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

/// Set in the child.
pub const INSIDE: &str = "POOLWRIGHT_TEST_KEYCHAIN_CHILD";

/// Whether this is the child; where not, runs `test` in a child on the given bus and expects it to pass.
pub fn in_child(test: &str, bus: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let run = child(test, folder.path()).env("DBUS_SESSION_BUS_ADDRESS", bus).output();
    passed(&run.expect("the test runs once more"));
    false
}

/// This test binary with one test and folders of its own.
pub fn child(test: &str, folder: &Path) -> Command {
    let mut child = Command::new(std::env::current_exe().expect("the tests' own program"));
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

pub fn passed(output: &Output) {
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
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("bus.conf");
    let listen = folder.path().display();
    let text = format!(
        "<busconfig><type>session</type><listen>unix:dir={listen}</listen>\
         <policy context='default'><allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>"
    );
    let mut file = File::create(&config).expect("a file");
    file.write_all(text.as_bytes()).expect("the bus is described");
    let mut session = Command::new("dbus-run-session");
    let script = format!("{first}\n\"$0\" --exact {test} --nocapture");
    session.arg("--config-file").arg(config).args(["--", "bash", "-c", &script]);
    session.arg(std::env::current_exe().expect("the tests' own program"));
    at_home(&mut session, folder.path());
    passed(&session.output().expect("dbus-run-session runs (package dbus)"));
    false
}

/// A keyring that is open; it ends with its bus. It goes into the background before it has its name on the bus.
pub const KEYRING: &str = "printf practice | gnome-keyring-daemon --replace --unlock --components=secrets >/dev/null && \
                       gdbus wait --session --timeout 10 org.freedesktop.secrets || exit 9";

/// Locks it again; there is nobody to unlock it by hand.
pub const LOCK: &str = "gdbus call --session --dest org.freedesktop.secrets --object-path /org/freedesktop/secrets \
                        --method org.freedesktop.Secret.Service.Lock \"['/org/freedesktop/secrets/collection/login']\"";
