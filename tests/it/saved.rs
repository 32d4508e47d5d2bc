//! Set-ups on disk: written after each change and before anything is sent, one window at a time, never lost.

#![expect(clippy::disallowed_methods, reason = "other programs write files plainly")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use poolwright::{
    domain::timing::Timing,
    effects::{
        World,
        runner::Runner,
        saved::{self, Place, Row, Shelf},
    },
    keychain::Keychain,
    setup::{
        Msg, Rules, Setup,
        saved::{Cluster, Saved, VERSION},
        step::StepId,
    },
};
use tokio::runtime::Handle;

fn runner(folder: &Path) -> Runner {
    let world = World {
        api: "http://127.0.0.1:9".to_owned(),
        keychain: Keychain::None,
        address_services: [String::new(), String::new()],
        proxy: poolwright::domain::proxy::Proxy::System,
        data: folder.to_owned(),
        timing: Timing::default(),
        provokes: false,
    };
    let mut runner = Runner::new(world, Handle::current(), Arc::new(|| ()));
    runner.keep_in(Place::new(folder.join("setups")));
    runner
}

const LIMIT: Duration = Duration::from_secs(10);

/// Goes to a step of a set-up on `project`, and notes that.
fn left_at(runner: &mut Runner, project: &str, step: StepId) -> Setup {
    let mut setup = Setup::new(Rules::default());
    project.clone_into(&mut setup.steps.project.draft.folder);
    let orders = setup.act(Timestamp::now(), Msg::Go(step));
    assert!(orders.is_empty());
    runner.keep_now(&setup, LIMIT);
    setup
}

async fn shelf(folder: &Path) -> Shelf {
    saved::shelf(folder.join("setups")).await
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("setups")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn places(shelf: &Shelf) -> Vec<(Option<&str>, &str)> {
    let place = |row: &Row| (row.saved.project.clone(), row.saved.step.clone());
    let places = shelf.rows.iter().map(place);
    let leak = |text: String| &*text.leak();
    places.map(|(project, step)| (project.map(leak), leak(step))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_stand_side_by_side_the_last_used_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = runner(folder.path());
    left_at(&mut first, "/first", StepId::EnvFiles);
    let mut second = runner(folder.path());
    left_at(&mut second, "/second", StepId::App);
    let on_disk = shelf(folder.path()).await;
    assert_eq!(places(&on_disk), [(Some("/second"), "app"), (Some("/first"), "env-files")]);
    // Used once more, the first stands on top.
    left_at(&mut first, "/first", StepId::Verify);
    let on_disk = shelf(folder.path()).await;
    assert_eq!(places(&on_disk), [(Some("/first"), "verify"), (Some("/second"), "app")]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_its_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    left_at(&mut runner(folder.path()), "/p", StepId::App);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = files(folder.path()).into_iter().find(|file| file.extension().unwrap() == "json");
    assert_eq!((mode(&folder.path().join("setups")), mode(&file.unwrap())), (0o700, 0o600));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_before_something_was_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let mut runner = runner(folder.path());
    left_at(&mut runner, "", StepId::Cluster);
    assert!(!folder.path().join("setups").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_open_is_not_opened_twice_nor_removed() {
    let folder = tempfile::tempdir().unwrap();
    let mut open = runner(folder.path());
    left_at(&mut open, "/p", StepId::App);
    let row = shelf(folder.path()).await.rows.remove(0);
    assert!(row.open_elsewhere);
    let setups = folder.path().join("setups");
    let problem = saved::open(setups.clone(), row.id.clone()).await.unwrap_err();
    assert_eq!(problem.what, "This set-up is open in another window.");
    assert_eq!(
        saved::remove(setups.clone(), row.id.clone()).await.unwrap_err().code,
        "open elsewhere"
    );

    drop(open);
    // Its writer ends beside us.
    while shelf(folder.path()).await.rows[0].open_elsewhere {
        tokio::task::yield_now().await;
    }
    let (again, place) = saved::open(setups.clone(), row.id.clone()).await.unwrap();
    assert_eq!(again.step, "app");
    drop(place);
    saved::remove(setups, row.id).await.unwrap();
    assert_eq!(shelf(folder.path()).await.rows, []);
    assert_eq!(files(folder.path()), [] as [PathBuf; 0]);
}

const COPY: &str = "POOLWRIGHT_TEST_FIRST_COPY";

#[test]
fn a_second_copy_of_the_program_is_told_until_the_first_one_dies() {
    let test = "saved::a_second_copy_of_the_program_is_told_until_the_first_one_dies";
    if let Some(folder) = std::env::var_os(COPY) {
        let first = saved::first_copy(Path::new(&folder)).expect("nobody else is here");
        println!("here");
        // Until it is killed.
        std::io::read_to_string(std::io::stdin()).unwrap();
        drop(first);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut first = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(COPY, folder.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let said = std::io::BufReader::new(first.stdout.take().unwrap());
    let here =
        std::io::BufRead::lines(said).map_while(Result::ok).any(|line| line.contains("here"));
    assert!(here, "the first copy runs");
    assert!(saved::first_copy(folder.path()).is_none());
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(saved::first_copy(folder.path()).is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_is_kept_aside_and_told_and_a_newer_one_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let setups = folder.path().join("setups");
    fs::create_dir(&setups).unwrap();
    let whole = Saved { version: VERSION, step: "test".to_owned(), ..Saved::default() }.text();
    let newer = br#"{"version": 99, "step": "teleport"}"#;
    let damaged: [(&str, &[u8]); 4] = [
        ("cut", &whole[..whole.len() / 2]),
        ("nul", &[0; 512]),
        ("type", br#"{"version": 1, "step": ["test"]}"#),
        ("empty", b""),
    ];
    for (name, bytes) in damaged.into_iter().chain([("whole", &*whole), ("newer", newer)]) {
        fs::write(setups.join(format!("{name}.json")), bytes).unwrap();
    }
    let on_disk = shelf(folder.path()).await;
    assert_eq!(on_disk.rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["whole"]);
    assert_eq!(on_disk.problems.len(), 5);
    let date = jiff::Zoned::now().strftime("%Y-%m-%d").to_string();
    for (name, bytes) in damaged {
        assert!(!setups.join(format!("{name}.json")).exists(), "{name}");
        let aside = setups.join(format!("{name}.json.bad-{date}"));
        assert_eq!(fs::read(&aside).unwrap(), bytes, "{name}");
        let told = |problem: &&poolwright::domain::problem::Problem| {
            problem.why.contains(&aside.display().to_string())
        };
        assert_eq!(on_disk.problems.iter().filter(told).count(), 1, "{name}");
    }
    assert_eq!(fs::read(setups.join("newer.json")).unwrap(), newer);
    // Told once: the next look has only the newer one to tell of.
    let again = shelf(folder.path()).await;
    let whats: Vec<&str> = again.problems.iter().map(|problem| problem.what.as_str()).collect();
    assert_eq!(whats, ["A saved set-up is from a newer version of Poolwright."]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_file_of_one_name_does_not_write_over_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let setups = folder.path().join("setups");
    fs::create_dir(&setups).unwrap();
    for text in ["first", "second"] {
        fs::write(setups.join("a.json"), text).unwrap();
        shelf(folder.path()).await;
    }
    let mut kept: Vec<String> = files(folder.path())
        .iter()
        .filter(|file| file.display().to_string().contains(".bad-"))
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    kept.sort();
    assert_eq!(kept, ["first", "second"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_takes_nothing_is_told_and_the_work_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    // A file where the folder should be.
    fs::write(folder.path().join("setups"), "").unwrap();
    let mut runner = runner(folder.path());
    left_at(&mut runner, "/p", StepId::App);
    let problem = runner.not_kept().expect("it is told");
    assert_eq!(problem.what, "This set-up is not being saved.");
    fs::remove_file(folder.path().join("setups")).unwrap();
    left_at(&mut runner, "/p", StepId::Verify);
    assert_eq!(runner.not_kept(), None);
}

#[test]
fn a_name_says_cluster_and_app() {
    let cluster = |name: &str| {
        Some(Cluster { id: "c".to_owned(), name: name.to_owned(), environment: String::new() })
    };
    let named =
        Saved { cluster: cluster("shop-db"), app: Some("web".to_owned()), ..Saved::default() };
    assert_eq!(named.name(), "shop-db · web");
    assert_eq!(Saved { app: None, ..named }.name(), "shop-db");
    assert_eq!(Saved::default().name(), "A set-up without an account");
}
