//! The person's files: written whole or not at all, never out of the project, restored only while they are ours.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "other programs write files plainly")]

use std::{
    fs::{self, Permissions},
    io::{BufRead as _, BufReader},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{MetadataExt as _, PermissionsExt as _, symlink},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use poolwright::{
    disk::{self, Access, DiskError, Expected},
    domain::secret::Secret,
    project::files::{self, Change, FileError, Written},
};
use tempfile::TempDir;

use crate::proof::proving;

/// A project and a folder for backups beside it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(place.root()).unwrap();
        place
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    fn backups(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    fn write(&self, changes: &[Change]) -> Result<Vec<Written>, FileError> {
        files::write(&self.root(), &self.backups(), changes)
    }
}

fn change(file: &str, before: Option<&str>, after: &str) -> Change {
    Change { file: file.into(), before: before.map(Secret::new), after: Secret::new(after) }
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o777
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn restore(written: &Written) -> Result<(), FileError> {
    files::restore(&written.file, written.backup.as_deref(), &written.hash)
}

#[test]
fn a_written_file_is_restored_byte_for_byte() {
    let place = Place::new();
    let old = "# odd\r\nA = 'b'  \n\nexport C=\"é\"";
    place.put(".env", old);
    fs::set_permissions(place.file(".env"), Permissions::from_mode(0o640)).unwrap();

    let written = place.write(&[change(".env", Some(old), "A=new\n")]).unwrap();

    assert_eq!(place.text(".env"), "A=new\n");
    let backup = written[0].backup.clone().unwrap();
    assert_eq!((fs::read_to_string(&backup).unwrap(), mode(&backup)), (old.to_owned(), 0o600));
    assert_eq!(mode(backup.parent().unwrap()), 0o700);
    assert!(backup.starts_with(place.backups()));
    restore(&written[0]).unwrap();
    assert_eq!((place.text(".env"), mode(&place.file(".env"))), (old.to_owned(), 0o640));
    assert_eq!(names(&place.root()), [".env"]);
}

#[test]
fn a_new_file_is_removed_again() {
    let place = Place::new();

    let written = place.write(&[change(".env", None, "A=1\n")]).unwrap();

    assert_eq!(written[0].backup, None);
    restore(&written[0]).unwrap();
    assert_eq!(names(&place.root()), [""; 0]);
}

#[test]
fn an_env_file_is_its_owners_alone_and_a_document_is_not() {
    let place = Place::new();

    place
        .write(&[change(".env.production", None, "A=1\n"), change("POOLING.md", None, "# A\n")])
        .unwrap();

    assert_eq!(mode(&place.file(".env.production")), 0o600);
    // As a file that any program makes here, but never to be executed or written by others.
    place.put("plain", "");
    assert_eq!(mode(&place.file("POOLING.md")), mode(&place.file("plain")) & 0o644);
}

#[test]
fn a_mode_is_never_widened() {
    for wanted in [0o600, 0o640, 0o644, 0o400, 0o660] {
        let place = Place::new();
        place.put(".env", "A=1\n");
        fs::set_permissions(place.file(".env"), Permissions::from_mode(wanted)).unwrap();

        place.write(&[change(".env", Some("A=1\n"), "A=2\n")]).unwrap();

        assert_eq!(mode(&place.file(".env")), wanted, "{wanted:o}");
    }
}

#[test]
fn the_same_text_is_not_written_again() {
    let place = Place::new();
    place.put(".env", "A=1\n");
    let before = place.file(".env").metadata().unwrap();

    place.write(&[change(".env", Some("A=1\n"), "A=1\n")]).unwrap();

    let after = place.file(".env").metadata().unwrap();
    assert_eq!(
        (before.ino(), before.modified().unwrap()),
        (after.ino(), after.modified().unwrap())
    );
}

#[test]
fn a_link_stays_a_link_and_its_target_gets_the_text() {
    let place = Place::new();
    fs::create_dir(place.file("config")).unwrap();
    place.put("config/shop.env", "A=1\n");
    symlink("config/shop.env", place.file(".env")).unwrap();

    let written = place.write(&[change(".env", Some("A=1\n"), "A=2\n")]).unwrap();

    assert_eq!(fs::read_link(place.file(".env")).unwrap(), Path::new("config/shop.env"));
    assert_eq!(place.text("config/shop.env"), "A=2\n");
    restore(&written[0]).unwrap();
    assert_eq!(place.text("config/shop.env"), "A=1\n");
}

#[test]
fn no_path_leads_out_of_the_project() {
    let place = Place::new();
    let outside = place.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "A=1\n").unwrap();
    symlink(outside.join("secret"), place.file("absolute")).unwrap();
    symlink("../outside/secret", place.file("relative")).unwrap();
    symlink("../outside", place.file("folder")).unwrap();
    symlink(&outside, outside.join("loop")).unwrap();

    for file in ["absolute", "relative", "folder/secret", "../outside/secret", "folder/new", ".."] {
        let before = file.ends_with("secret").then_some("A=1\n");
        let refused = place.write(&[change(file, before, "A=2\n")]).unwrap_err();
        assert!(matches!(refused, FileError::Outside { .. }), "{file}: {refused}");
    }
    assert_eq!(fs::read_to_string(outside.join("secret")).unwrap(), "A=1\n");
    assert_eq!(names(&outside), ["loop", "secret"]);
}

#[test]
fn what_is_no_ordinary_file_is_refused_at_once() {
    let place = Place::new();
    fs::create_dir(place.file("folder")).unwrap();
    symlink("nowhere", place.file("dead")).unwrap();
    symlink("round", place.file("round")).unwrap();
    assert!(Command::new("mkfifo").arg(place.file("pipe")).status().unwrap().success());
    place.put("one", "A=1\n");
    fs::hard_link(place.file("one"), place.file("two")).unwrap();

    let refused = |file: &str, before| place.write(&[change(file, before, "A=2\n")]).unwrap_err();

    assert!(matches!(refused("folder", None), FileError::Disk(DiskError::IsFolder(_))));
    assert!(matches!(refused("dead", None), FileError::DeadLink { .. }));
    assert!(matches!(refused("round", None), FileError::DeadLink { .. }));
    assert!(matches!(refused("pipe", None), FileError::Disk(DiskError::NotAFile(_))));
    assert!(matches!(refused("missing/.env", None), FileError::NoFolder(_)));
    assert!(matches!(refused("one", Some("A=1\n")), FileError::Disk(DiskError::OtherNames(_))));
    assert_eq!(place.text("two"), "A=1\n");
}

#[test]
fn a_foreign_edit_since_the_plan_is_kept() {
    let place = Place::new();
    place.put(".env", "A=theirs\n");
    let refused = |change| place.write(&[change]).unwrap_err();

    assert!(matches!(refused(change(".env", Some("A=1\n"), "A=2\n")), FileError::Changed { .. }));
    assert!(matches!(refused(change(".env", None, "A=2\n")), FileError::Changed { .. }));
    assert!(matches!(refused(change("gone", Some("A=1\n"), "A=2\n")), FileError::Changed { .. }));
    assert_eq!(place.text(".env"), "A=theirs\n");
}

#[test]
fn an_edit_in_the_last_moment_is_seen_too() {
    let place = Place::new();
    place.put(".env", "A=theirs\n");
    let file = place.file(".env");

    for expected in [Expected::Bytes(b"A=1\n"), Expected::Bytes(b"A=theirs\n+"), Expected::NoFile] {
        let refused = disk::write(&file, b"A=2\n", expected, Access::Private).unwrap_err();
        assert!(matches!(refused, DiskError::Changed(_)), "{expected:?}: {refused}");
    }
    assert_eq!(
        (place.text(".env").as_str(), names(&place.root())),
        ("A=theirs\n", vec![".env".to_owned()])
    );
}

#[test]
fn a_refused_file_puts_back_those_before_it() {
    let place = Place::new();
    place.put("first", "1\n");
    place.put("third", "theirs\n");

    let refused = place
        .write(&[
            change("first", Some("1\n"), "2\n"),
            change("second", None, "2\n"),
            change("third", Some("1\n"), "2\n"),
        ])
        .unwrap_err();

    assert!(matches!(refused, FileError::Changed { .. }), "{refused}");
    assert_eq!(place.text("first"), "1\n");
    assert_eq!(names(&place.root()), ["first", "third"]);
}

#[test]
fn nothing_is_restored_over_a_foreign_edit() {
    let place = Place::new();
    place.put(".env", "A=1\n");
    let written =
        place.write(&[change(".env", Some("A=1\n"), "A=2\n"), change("new", None, "2\n")]).unwrap();
    place.put(".env", "A=2\nB=theirs\n");
    place.put("new", "theirs\n");

    for file in &written {
        assert!(matches!(restore(file).unwrap_err(), FileError::NotOurs(_)));
    }
    assert_eq!(place.text(".env"), "A=2\nB=theirs\n");
    assert_eq!(place.text("new"), "theirs\n");
}

#[test]
fn names_of_any_kind_are_written_as_they_are() {
    let place = Place::new();
    let long = "x".repeat(255);
    let odd = std::ffi::OsStr::from_bytes(b"not \xff utf-8");
    let all = [" ", "-rf", "$(touch pwned)", "a\nb", "'\"", "*", long.as_str()]
        .map(PathBuf::from)
        .into_iter()
        .chain([PathBuf::from(odd)]);

    for file in all {
        let change = Change { file: file.clone(), before: None, after: Secret::new("A=1\n") };
        let written = files::write(&place.root(), &place.backups(), &[change]).unwrap();
        assert_eq!(written[0].file, place.root().canonicalize().unwrap().join(file));
    }
}

/// Names the folder for a test that was started again, as another process.
const AGAIN: &str = "POOLWRIGHT_TEST_AGAIN";

fn folder_of_this_run() -> Option<PathBuf> {
    std::env::var_os(AGAIN).map(PathBuf::from)
}

/// Starts one test of this binary again in a process of its own, through `before`.
fn again(before: &[&str], test: &str, folder: &Path) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut command = match before {
        [] => Command::new(this),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(this);
            command
        }
    };
    command.args(["--exact", &format!("files::{test}"), "--nocapture"]).env(AGAIN, folder);
    command
}

fn assert_passed(mut command: Command) {
    let run = command.output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
}

#[test]
fn a_folder_that_may_not_be_written_keeps_the_old_file() {
    let Some(folder) = folder_of_this_run() else {
        let place = Place::new();
        place.put(".env", "A=1\n");
        fs::set_permissions(place.root(), Permissions::from_mode(0o500)).unwrap();
        // Root may write everywhere, unless it gives that up.
        let without = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
        let before = if rustix::process::geteuid().is_root() { &without[..] } else { &[] };
        assert_passed(again(
            before,
            "a_folder_that_may_not_be_written_keeps_the_old_file",
            &place.root(),
        ));
        fs::set_permissions(place.root(), Permissions::from_mode(0o700)).unwrap();
        assert_eq!(
            (place.text(".env").as_str(), names(&place.root())),
            ("A=1\n", vec![".env".to_owned()])
        );
        return;
    };
    let expected = Expected::Bytes(b"A=1\n");
    let refused =
        disk::write(&folder.join(".env"), b"A=2\n", expected, Access::Private).unwrap_err();
    assert!(matches!(refused, DiskError::Denied { .. }), "{refused}");
}

#[test]
fn a_text_that_finds_no_room_keeps_the_old_file() {
    let Some(folder) = folder_of_this_run() else {
        let place = Place::new();
        place.put(".env", "A=1\n");
        // The limit answers as a full disk does, half-way through.
        let limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh"];
        assert_passed(again(
            &limited,
            "a_text_that_finds_no_room_keeps_the_old_file",
            &place.root(),
        ));
        assert_eq!(
            (place.text(".env").as_str(), names(&place.root())),
            ("A=1\n", vec![".env".to_owned()])
        );
        return;
    };
    let long = "x".repeat(1024 * 1024);
    let refused =
        disk::write(&folder.join(".env"), long.as_bytes(), Expected::Anything, Access::Private)
            .unwrap_err();
    assert!(matches!(refused, DiskError::Full { .. }), "{refused}");
}

#[tokio::test]
async fn a_kill_at_any_moment_leaves_the_old_text_or_the_new() {
    let texts = ["a", "b"].map(|letter| letter.repeat(2 * 1024 * 1024));
    if let Some(folder) = folder_of_this_run() {
        println!("writing");
        loop {
            for text in &texts {
                let file = folder.join(".env");
                disk::write(&file, text.as_bytes(), Expected::Anything, Access::Private).unwrap();
            }
        }
    }
    let place = Place::new();
    place.put(".env", &texts[0]);
    fs::set_permissions(place.file(".env"), Permissions::from_mode(0o600)).unwrap();
    let rounds = if proving() { 500 } else { 15 };

    for round in 0..rounds {
        let mut command =
            again(&[], "a_kill_at_any_moment_leaves_the_old_text_or_the_new", &place.root());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let told = BufReader::new(child.stdout.take().unwrap());
        assert!(told.lines().any(|line| line.unwrap().ends_with("writing")));
        tokio::time::sleep(Duration::from_millis(5 + round * 7 % 56)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(texts.contains(&place.text(".env")), "torn in round {round}");
    }

    let left = names(&place.root());
    for name in left.iter().filter(|name| *name != ".env") {
        assert_eq!(mode(&place.file(name)), 0o600, "{name}");
    }
    assert_eq!(disk::sweep(&place.root(), Duration::from_secs(60)).unwrap(), 0, "too young");
    assert_eq!(disk::sweep(&place.root(), Duration::ZERO).unwrap(), left.len() - 1);
    assert_eq!(names(&place.root()), [".env"]);
}
