//! Steps 7 and 8 and their undo, carried out by the runner on real files.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "other programs write files plainly")]

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use jiff::Timestamp;
use poolwright::{
    domain::{conn_url::ConnUrl, record::Undo, timing::Timing},
    effects::{World, runner::Runner},
    keychain::Keychain,
    setup::{
        Msg, Order, Rules, Setup,
        facts::Urls,
        step::{Primary, StepId},
        steps::{
            env_files,
            hand_over::{self, Stand},
            project,
        },
    },
};
use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::driven;

const POOLED: &str = "postgresql://shop:Zq7canary@db.shop.io:25061/shop-pool?sslmode=require";
const DIRECT: &str = "postgresql://shop:Zq7canary@db.shop.io:25060/shop?sslmode=require";

/// A set-up over a project, with both URLs known.
pub struct Bench {
    folder: TempDir,
    pub setup: Setup,
    runner: Runner,
}

impl Bench {
    pub async fn over(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = World {
            api: "http://127.0.0.1:9".to_owned(),
            keychain: Keychain::None,
            address_services: ["http://127.0.0.1:9".to_owned(), "http://127.0.0.1:9".to_owned()],
            proxy: poolwright::domain::proxy::Proxy::System,
            data: folder.path().join("data"),
            timing: Timing::default(),
            provokes: false,
        };
        let runner = Runner::new(world, Handle::current(), Arc::new(|| ()));
        let mut bench = Self { folder, setup: Setup::new(Rules::default()), runner };
        for (name, text) in files {
            bench.put(name, text);
        }
        bench.setup.facts.urls = Some(Urls {
            pooled: ConnUrl::parse(POOLED).unwrap(),
            direct: ConnUrl::parse(DIRECT).unwrap(),
            private: None,
            ca: None,
            ca_file: None,
            keys: ("DATABASE_URL".to_owned(), "DIRECT_URL".to_owned()),
            limit: 5,
        });
        bench.setup.steps.project.draft.folder = bench.root().display().to_string();
        bench.act(Msg::Go(StepId::Project)).await;
        bench
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    pub fn put(&self, name: &str, text: &str) {
        let file = self.root().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.root().join(name)).unwrap()
    }

    pub async fn act(&mut self, msg: impl Into<Msg>) {
        let orders = self.setup.act(Timestamp::now(), msg.into());
        self.settle(orders).await;
    }

    async fn settle(&mut self, orders: Vec<Order>) {
        driven::settle(&mut self.setup, &mut self.runner, orders).await;
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.root()).args(arguments).env_clear();
        git.env("PATH", std::env::var_os("PATH").unwrap());
        assert!(git.status().unwrap().success());
    }

    fn problem(&self, step: StepId) -> &str {
        &self.setup.problem(step).unwrap().what
    }

    fn ticked(&self) -> Vec<&Path> {
        let targets = &self.setup.steps.env_files.draft.targets;
        targets.iter().filter(|target| target.ticked).map(|target| target.file.as_path()).collect()
    }

    /// Every file with its mode and text.
    fn tree(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let mut tree = BTreeMap::new();
        let mut folders = vec![self.root()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let mode = path.metadata().unwrap().mode();
                    tree.insert(path.clone(), (mode, fs::read(path).unwrap()));
                }
            }
        }
        tree
    }
}

const PACKAGE: &str = r#"{ "dependencies": { "@prisma/client": "6.19.3" } }"#;
const SCHEMA: &str =
    "datasource db {\r\n  provider = \"postgresql\"\r\n  url = env(\"DATABASE_URL\")\r\n}\r\n";
const ENV: &str = "# the app\nPORT=8080\nDATABASE_URL=postgresql://old # direct\n";

#[tokio::test]
async fn the_project_is_changed_and_comes_back_byte_for_byte() {
    let mut bench = Bench::over(&[
        ("package.json", PACKAGE),
        ("prisma/schema.prisma", SCHEMA),
        (".env", ENV),
        (".gitignore", ".env\n"),
    ])
    .await;
    let env = bench.root().join(".env");
    fs::set_permissions(&env, Permissions::from_mode(0o600)).unwrap();
    let before = bench.tree();

    bench.act(project::Msg::Write).await;
    bench.act(Msg::Go(StepId::EnvFiles)).await;
    bench.act(env_files::Msg::Write).await;

    let url = "  url = env(\"DATABASE_URL\")\r\n";
    assert_eq!(
        bench.text("prisma/schema.prisma"),
        SCHEMA.replace(url, &format!("{url}  directUrl = env(\"DIRECT_URL\")\r\n"))
    );
    let text = bench.text(".env");
    assert!(text.starts_with("# the app\nPORT=8080\nDATABASE_URL=\"postgresql://shop:Zq7canary@db.shop.io:25061/shop-pool?"), "{text}");
    assert!(
        text.contains("\nDIRECT_URL=\"postgresql://shop:Zq7canary@db.shop.io:25060/shop?"),
        "{text}"
    );
    let done: Vec<String> =
        bench.setup.record.entries.iter().map(|entry| entry.what.clone()).collect();
    let root = bench.root().canonicalize().unwrap();
    assert_eq!(
        done,
        [
            format!("{} changed, +1 line", root.join("prisma/schema.prisma").display()),
            format!("{} written, 2 variables", root.join(".env").display()),
        ]
    );
    assert!(!format!("{:?} {:?}", bench.setup.record, bench.setup.facts).contains("canary"));
    assert!(matches!(bench.setup.primary(StepId::EnvFiles), Primary::Next));

    for index in [1, 0] {
        bench.act(hand_over::Msg::Undo(index)).await;
    }
    assert_eq!(bench.tree(), before);
}

#[tokio::test]
async fn our_keys_are_taken_back_out_of_a_file_that_changed_since() {
    let mut bench = Bench::over(&[("package.json", PACKAGE), (".env", ENV)]).await;
    bench.act(Msg::Go(StepId::EnvFiles)).await;
    bench.act(env_files::Msg::Write).await;
    let theirs = bench.text(".env").replace("PORT=8080", "PORT=9090") + "NEW=1\n";
    bench.put(".env", &theirs);

    bench.act(hand_over::Msg::Undo(0)).await;

    assert!(bench.setup.record.entries[0].undone);
    assert_eq!(bench.text(".env"), ENV.replace("PORT=8080", "PORT=9090") + "NEW=1\n");
}

#[tokio::test]
async fn a_key_that_somebody_changed_since_is_not_taken_back() {
    let mut bench = Bench::over(&[("package.json", PACKAGE), (".env", ENV)]).await;
    bench.act(Msg::Go(StepId::EnvFiles)).await;
    bench.act(env_files::Msg::Write).await;
    let theirs = bench.text(".env").replace("25060", "25070");
    bench.put(".env", &theirs);

    bench.act(hand_over::Msg::Undo(0)).await;

    let problem = bench.setup.problem(StepId::HandOver).unwrap();
    assert_eq!(
        problem.why,
        "DIRECT_URL has another value now than the one that was written. The file was left as it is."
    );
    assert!(!bench.setup.record.entries[0].undone);
    assert_eq!(bench.text(".env"), theirs);
}

#[tokio::test]
async fn the_list_tells_of_each_file_how_it_stands_before_anything_is_taken_back() {
    let mut bench = Bench::over(&[
        ("package.json", PACKAGE),
        ("prisma/schema.prisma", SCHEMA),
        (".env", ENV),
        (".gitignore", ".env\n"),
    ])
    .await;
    bench.act(project::Msg::Write).await;
    bench.act(Msg::Go(StepId::EnvFiles)).await;
    bench.act(env_files::Msg::Write).await;
    let (schema, env) = (bench.text("prisma/schema.prisma"), bench.text(".env"));
    let both = |bench: &Bench| {
        let step = &bench.setup.steps.hand_over;
        [0, 1].map(|index| step.stand(index).cloned().unwrap())
    };

    bench.act(hand_over::Msg::Look).await;
    assert_eq!(both(&bench), [Stand::Ours, Stand::Ours]);

    bench.put("prisma/schema.prisma", &format!("{schema}// more\n"));
    bench.put(".env", &format!("{env}NEW=1\n"));
    bench.act(hand_over::Msg::Look).await;
    let by_hand = |why: &str| Stand::Changed(why.to_owned());
    assert_eq!(both(&bench), [by_hand("the file was changed since"), Stand::KeysOnly]);

    bench.put(".env", &env.replace("25060", "25070"));
    fs::remove_file(bench.root().join("prisma/schema.prisma")).unwrap();
    bench.act(hand_over::Msg::Look).await;
    let [first, second] = both(&bench);
    assert_eq!(first, by_hand("the file is gone; its backup is still there"));
    assert_eq!(second, by_hand("the file and our variables in it were changed since"));

    // Nothing of it is touched, and nothing is claimed to be taken back.
    bench.act(hand_over::Msg::UndoAll).await;
    assert_eq!(bench.text(".env"), env.replace("25060", "25070"));
    assert!(bench.setup.record.entries.iter().all(|entry| !entry.undone));
}

#[tokio::test]
async fn a_tracked_example_gets_the_names_and_no_value() {
    let example = "PORT=8080\nDATABASE_URL=\n";
    let mut bench = Bench::over(&[
        ("package.json", PACKAGE),
        (".env", ENV),
        (".env.example", example),
        (".gitignore", ".env\n"),
    ])
    .await;
    bench.git(&["init", "-q"]);
    bench.git(&["add", ".env.example"]);

    bench.act(Msg::Go(StepId::EnvFiles)).await;
    assert_eq!(bench.ticked(), [Path::new(".env"), Path::new(".env.example")]);
    bench.act(env_files::Msg::Write).await;

    assert_eq!(
        bench.text(".env.example"),
        format!(
            "{example}# For migrations: the URL of the database itself.\nDIRECT_URL=\"postgresql://USER:PASSWORD@HOST:25060/DATABASE?sslmode=require\"\n"
        )
    );
    let what = &bench.setup.record.entries[1].what;
    assert!(what.ends_with(".env.example written, 1 name without a value"), "{what}");
    bench.act(hand_over::Msg::UndoAll).await;
    assert_eq!(
        (bench.text(".env"), bench.text(".env.example")),
        (ENV.to_owned(), example.to_owned())
    );
}

#[tokio::test]
async fn the_authority_that_the_urls_name_is_written_with_them() {
    let mut bench = Bench::over(&[("package.json", PACKAGE), (".env", ENV)]).await;
    let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let urls = bench.setup.facts.urls.as_mut().unwrap();
    (urls.ca, urls.ca_file) = (Some(pem.to_owned()), Some("shop-db-ca.crt".to_owned()));

    bench.act(Msg::Go(StepId::EnvFiles)).await;
    let Primary::Act(label, _) = bench.setup.primary(StepId::EnvFiles) else { panic!("ready") };
    assert_eq!(label, "Write 2 variables and the authority");
    bench.act(env_files::Msg::Write).await;

    assert_eq!(bench.text("shop-db-ca.crt"), pem);
    assert!(bench.text(".env").contains("sslcert=..%2Fshop-db-ca.crt"), "{}", bench.text(".env"));
    assert!(matches!(bench.setup.primary(StepId::EnvFiles), Primary::Next));
    bench.act(hand_over::Msg::UndoAll).await;
    assert!(!bench.root().join("shop-db-ca.crt").exists());
    assert_eq!(bench.text(".env"), ENV);
}

#[tokio::test]
async fn only_files_that_hold_the_key_are_ticked() {
    let mut bench = Bench::over(&[
        ("package.json", PACKAGE),
        (".env", "PORT=1\n"),
        (".env.production", "DATABASE_URL=postgresql://live\n"),
        (".env.test", "DATABASE_URL=\n"),
        (".env.example", "DATABASE_URL=\n"),
    ])
    .await;
    bench.act(Msg::Go(StepId::EnvFiles)).await;
    assert_eq!(bench.ticked(), [Path::new(".env.production"), Path::new(".env.test")]);

    let mut bench =
        Bench::over(&[("package.json", PACKAGE), (".env", ""), (".env.local", "PORT=1\n")]).await;
    bench.act(Msg::Go(StepId::EnvFiles)).await;
    assert_eq!(bench.ticked(), [Path::new(".env")]);
}

#[tokio::test]
async fn a_project_without_env_files_gets_one_that_is_its_owners_alone() {
    let mut bench = Bench::over(&[("package.json", PACKAGE)]).await;

    bench.act(Msg::Go(StepId::EnvFiles)).await;
    bench.act(env_files::Msg::Write).await;

    let mode = bench.root().join(".env").metadata().unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(matches!(&bench.setup.record.entries[0].undo, Undo::RestoreFile { backup: None, .. }));
}

#[tokio::test]
async fn a_file_saved_elsewhere_since_the_preview_is_not_overwritten() {
    let mut bench = Bench::over(&[("package.json", PACKAGE), (".env", ENV)]).await;
    bench.act(Msg::Go(StepId::EnvFiles)).await;
    bench.put(".env", "DATABASE_URL=theirs\n");

    bench.act(env_files::Msg::Write).await;

    let file = bench.root().canonicalize().unwrap().join(".env");
    let what = format!("{} changed since the preview.", file.display());
    assert_eq!(bench.problem(StepId::EnvFiles), what);
    assert_eq!(bench.text(".env"), "DATABASE_URL=theirs\n");

    bench.act(env_files::Msg::Read).await;
    bench.act(env_files::Msg::Write).await;
    assert!(bench.setup.facts.env_files.is_some());
}

#[tokio::test]
async fn a_tracked_env_file_is_not_written() {
    let mut bench = Bench::over(&[("package.json", PACKAGE), (".env", ENV)]).await;
    bench.git(&["init", "-q"]);
    bench.git(&["add", "-f", ".env"]);

    bench.act(Msg::Go(StepId::EnvFiles)).await;

    let Primary::Blocked(_, why) = bench.setup.primary(StepId::EnvFiles) else { panic!("blocked") };
    assert_eq!(why, ".env is tracked by git; a password in it would be committed.");
    bench.act(env_files::Msg::Write).await;
    assert_eq!(bench.text(".env"), ENV);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_a_sentence() {
    let mut bench = Bench::over(&[("package.json", PACKAGE)]).await;
    let gone = bench.root().join("gone");
    bench.setup.steps.project.draft.folder = gone.display().to_string();

    bench.act(project::Msg::Scan).await;

    let what = format!("The folder {} was not found.", gone.display());
    assert_eq!(bench.problem(StepId::Project), what);
}

#[tokio::test]
async fn what_a_stopped_write_left_is_swept_by_the_next_scan() {
    let mut bench = Bench::over(&[
        ("package.json", PACKAGE),
        ("apps/web/package.json", PACKAGE),
        ("apps/web/.env", ENV),
    ])
    .await;
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(120);
    for name in [
        ".env.poolwright.a1B2c3.tmp",
        "apps/web/.env.poolwright.a1B2c3.tmp",
        ".env.poolwright.young.tmp",
    ] {
        bench.put(name, "DATABASE_URL=canary\n");
        if !name.contains("young") {
            let file = fs::File::options().write(true).open(bench.root().join(name)).unwrap();
            file.set_modified(old).unwrap();
        }
    }

    bench.act(project::Msg::Scan).await;

    let left: Vec<PathBuf> = bench
        .tree()
        .into_keys()
        .filter(|path| path.extension().is_some_and(|end| end == "tmp"))
        .collect();
    assert_eq!(left, [bench.root().join(".env.poolwright.young.tmp")]);
}
