//! Where a run writes: in the project and in its own folders, nowhere else. What is searched there is all there is.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use poolwright::practice::{Practice, scenario::Scenario};
use serde_json::Value;
use tempfile::TempDir;

/// A home of its own for a program, and a list of the files that it opens to write.
struct Home {
    folder: TempDir,
}

const FOLDERS: [(&str, &str); 6] = [
    ("HOME", "home"),
    ("XDG_DATA_HOME", "data"),
    ("XDG_CONFIG_HOME", "config"),
    ("XDG_STATE_HOME", "state"),
    ("XDG_CACHE_HOME", "cache"),
    ("TMPDIR", "tmp"),
];

impl Home {
    fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        for (_, name) in FOLDERS {
            std::fs::create_dir(home.path().join(name)).unwrap();
        }
        home
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("strace");
        command
            // Only these calls are stopped at; the program is hardly slower for it.
            .args(["-f", "-y", "-qq", "--seccomp-bpf", "-s", "65536"])
            .args(["-e", "trace=open,openat,creat,connect", "-o"])
            .arg(self.path().join("calls"))
            .arg(program)
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(FOLDERS.map(|(variable, name)| (variable, self.path().join(name))))
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end. Devices, and what the system shows of the program itself, are no files.
    fn watch(&self, mut command: Command) -> (Output, BTreeSet<PathBuf>) {
        let output = command.output().expect("strace is missing: run packaging/install-deps test");
        let calls = std::fs::read_to_string(self.path().join("calls")).unwrap();
        assert!(calls.contains("openat("), "{}", String::from_utf8_lossy(&output.stderr));
        let files = calls.lines().filter_map(opened_to_write);
        let files = files.filter(|file| !file.starts_with("/dev") && !file.starts_with("/proc"));
        (output, files.collect())
    }
}

/// `7 connect(9<TCP:[1]>, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.1")}, 16) = 0`: 192.0.2.1.
fn spoken_to(line: &str) -> Option<&str> {
    let (_, address) =
        line.split_once("sa_family=AF_INET").filter(|_| line.contains("connect("))?;
    address.split('"').nth(1)
}

/// `7 openat(AT_FDCWD</home>, "a", O_WRONLY|O_CREAT, 0600) = 5</home/a>`: `/home/a`.
fn opened_to_write(line: &str) -> Option<PathBuf> {
    let (before, after) = line.split_once('"')?;
    let (file, after) = after.split_once('"')?;
    let writes = ["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|flag| after.contains(flag));
    if after.contains(") = -1 ") || !(writes || before.contains(" creat(")) {
        return None;
    }
    let folder = before.split_once('<').and_then(|(_, rest)| rest.rsplit_once('>'));
    Some(Path::new(folder.map_or("", |(folder, _)| folder)).join(file))
}

#[test]
fn a_file_that_is_opened_to_be_written_is_told_from_one_that_is_read() {
    for (line, expected) in [
        (r#"7 openat(AT_FDCWD</a>, "b", O_WRONLY|O_CREAT, 0600) = 5</a/b>"#, Some("/a/b")),
        (r#"7 openat(AT_FDCWD</a>, "/c", O_RDWR|O_CLOEXEC) = 5</c>"#, Some("/c")),
        (r#"7 openat(3</d>, "e", O_RDONLY|O_CREAT <unfinished ...>"#, Some("/d/e")),
        (r#"7 creat("/f", 0600) = 5</f>"#, Some("/f")),
        (r#"7 openat(AT_FDCWD</a>, "/c", O_RDONLY|O_CLOEXEC) = 5</c>"#, None),
        (r#"7 openat(AT_FDCWD</a>, "/c", O_WRONLY) = -1 EACCES (Permission denied)"#, None),
    ] {
        assert_eq!(opened_to_write(line), expected.map(PathBuf::from), "{line}");
    }
}

#[test]
fn who_is_spoken_to_is_read_from_either_family() {
    for (line, expected) in [
        (
            r#"7 connect(9<TCP:[1]>, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.1")}, 16) = -1 EINPROGRESS (Operation now in progress)"#,
            Some("192.0.2.1"),
        ),
        (
            r#"7 connect(9<TCPv6:[1]>, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = 0"#,
            Some("2001:db8::1"),
        ),
        (r#"7 connect(9<UNIX:[1]>, {sa_family=AF_UNIX, sun_path="/run/bus"}, 110) = 0"#, None),
        (r#"7 openat(AT_FDCWD</a>, "b", O_RDONLY) = 5</a/b>"#, None),
    ] {
        assert_eq!(spoken_to(line), expected, "{line}");
    }
}

#[test]
fn a_write_anywhere_is_seen() {
    let (home, elsewhere) = (Home::new(), tempfile::tempdir().unwrap());
    let file = elsewhere.path().join("file");
    let script = format!("cat </dev/null >'{}'; : >here", file.display());

    let (_, written) = home.watch(home.command("/bin/sh", &["-c", &script]));

    assert_eq!(written, BTreeSet::from([home.path().join("here"), file]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_set_up_writes_in_the_project_and_its_data_folder_and_speaks_with_account_and_database_alone()
 {
    let practice = Practice::start(Scenario::parse("fresh").unwrap()).await.unwrap();
    let home = Home::new();
    let profile = home.path().join("poolwright.toml");
    let text = format!(
        "version = 1\ncluster = \"{}\"\nenvironment = \"staging\"\nskip = [\"verify\"]\n\
         [project]\nfolder = \"{}\"\n[app]\nname = \"{}\"\n\
         [measure]\nsamples = 5\nevery = \"100ms\"\n",
        practice.cluster_name(),
        practice.project().display(),
        practice.app_name()
    );
    std::fs::File::create(&profile)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
        .unwrap();
    let program = env!("CARGO_BIN_EXE_poolwright");
    let profile = profile.to_str().unwrap();
    let mut command = home.command(program, &["setup", "--profile", profile, "--yes", "--json"]);
    command
        .env("DIGITALOCEAN_API_URL", practice.api_base())
        // The program's own environment is a place that a token may be in.
        .env("DIGITALOCEAN_ACCESS_TOKEN", practice.token().expose());

    let (output, written) = tokio::task::block_in_place(|| home.watch(command));

    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{json:#}");
    let project = practice.project().canonicalize().unwrap();
    let (in_project, others): (Vec<_>, Vec<_>) =
        written.into_iter().partition(|file| file.starts_with(&project));
    assert!(!in_project.is_empty(), "the env files and the runbook are written there");
    let data = home.path().join("data/poolwright");
    let strangers: Vec<_> = others.iter().filter(|file| !file.starts_with(&data)).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
    // Account and database are on this computer, and nobody else has anything to do with a set-up.
    let calls = std::fs::read_to_string(home.path().join("calls")).unwrap();
    let spoken_to: BTreeSet<&str> = calls.lines().filter_map(spoken_to).collect();
    assert_eq!(spoken_to, BTreeSet::from(["127.0.0.1"]));
    practice.stop().await;
}
