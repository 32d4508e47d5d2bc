//! Everything is done in practice, then everything is taken back: the project is byte for byte what it was, and the
//! account is as it was found. What stays is exactly what says of itself that it can't be undone.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use poolwright::{
    cli::{
        args::{Crowd, Proof},
        drive::drive,
        run::begin_practice,
    },
    domain::record::{Entry, Undo},
    effects::{profile, runner::Runner},
    practice::{
        Practice,
        account::{APP_NAME, CLUSTER_NAME},
    },
    setup::{
        Msg, Setup,
        plan::{ORDER, PlanMsg, Tick},
        runbook::Format,
        step::{Primary, Standing, StepId},
        steps::{hand_over, test},
    },
};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::{driven, proof::proving, web::Web};

/// A file: mode, bytes, and when it was written last.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    mode: u32,
    bytes: Vec<u8>,
    written: (i64, i64),
}

/// Every file and folder of the project. A folder's own times change with every file in it.
fn tree(root: &Path) -> BTreeMap<PathBuf, Seen> {
    let mut tree = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let (bytes, written) = if metadata.is_dir() {
                folders.push(path.clone());
                (Vec::new(), (0, 0))
            } else {
                (fs::read(&path).unwrap(), (metadata.mtime(), metadata.mtime_nsec()))
            };
            tree.insert(path, Seen { mode: metadata.mode(), bytes, written });
        }
    }
    tree
}

/// What the account holds of everything that a set-up may touch. Deployments are left out: each stays in its list.
async fn account(web: &Web) -> Value {
    let cluster = web.cluster().await;
    let mut answers = Vec::new();
    for path in ["", "/pools", "/firewall", "/users", "/dbs", "/config"] {
        answers.push(web.get(&format!("{cluster}{path}")).await.body);
    }
    let apps = web.get("/v2/apps").await;
    let apps = apps.at("/apps").as_array().unwrap();
    let specs: Vec<Value> = apps.iter().map(|app| json!([app["id"], app["spec"]])).collect();
    json!({ "cluster": answers, "apps": specs })
}

struct Bench {
    setup: Setup,
    runner: Runner,
    practice: Practice,
    web: Web,
    files: BTreeMap<PathBuf, Seen>,
    account: Value,
}

impl Bench {
    async fn open(scenario: &str) -> Self {
        let crowd = Crowd::default();
        let (setup, world, practice) = begin_practice(scenario, &crowd).await.unwrap();
        // Modes that a careless write would level.
        for (name, mode) in
            [("prisma/schema.prisma", 0o640), (".env", 0o400), ("package.json", 0o755)]
        {
            fs::set_permissions(practice.project().join(name), Permissions::from_mode(mode))
                .unwrap();
        }
        let web = Web::with_everything(practice.account()).await;
        let runner = Runner::new(world, Handle::current(), Arc::new(|| ()));
        let (files, account) = (tree(practice.project()), account(&web).await);
        Self { setup, runner, practice, web, files, account }
    }

    async fn act(&mut self, msg: impl Into<Msg>) {
        let orders = self.setup.act(Timestamp::now(), msg.into());
        driven::settle(&mut self.setup, &mut self.runner, orders).await;
    }

    /// As the command line does it. `all`: to the end, else what comes before the plan.
    async fn drive(&mut self, all: bool) {
        let mut consent = |step: StepId, _: &str| all || step != StepId::HandOver;
        let proof = Proof::default();
        drive(&mut self.setup, &mut self.runner, &proof, &mut consent, &mut |_, _| {}).await;
    }

    fn open_entries(&self) -> Vec<&Entry> {
        self.setup.record.entries.iter().filter(|entry| !entry.undone).collect()
    }

    /// Everything back, and nothing but what can't come back is left.
    async fn take_back(mut self) {
        let steps =
            [StepId::Pool, StepId::Project, StepId::EnvFiles, StepId::Migrations, StepId::App];
        for step in steps.into_iter().chain([StepId::HandOver]) {
            assert_eq!(
                self.setup.standing(step),
                Standing::Done,
                "{step:?}: {:?}",
                self.setup.problem(step)
            );
        }
        let changed = tree(self.practice.project());
        let touched: Vec<&PathBuf> = changed
            .iter()
            .filter(|(path, seen)| self.files.get(*path) != Some(seen))
            .map(|(path, _)| path)
            .collect();
        assert!(3 <= touched.len(), "schema, env file and runbook were written: {touched:?}");
        assert_ne!(account(&self.web).await, self.account);

        self.act(hand_over::Msg::UndoAll).await;
        // On a busy machine the old instances still hold the database's last connections: asked again, as the page offers.
        for _ in 0..10 {
            let problem = self.setup.problem(StepId::HandOver);
            if problem.is_none_or(|problem| problem.code != "clients unknown") {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.act(hand_over::Msg::UndoAll).await;
        }

        assert_eq!(self.setup.problem(StepId::HandOver), None);
        let left = self.open_entries();
        assert!(
            left.iter().all(|entry| matches!(entry.undo, Undo::Impossible(_))),
            "what can be taken back was: {left:?}"
        );
        assert_eq!(left.len(), 3, "the three migrations stay, and say so: {left:?}");
        let after = tree(self.practice.project());
        let names = |tree: &BTreeMap<PathBuf, Seen>| tree.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&after), names(&self.files));
        for (path, was) in &self.files {
            let is = &after[path];
            assert_eq!((is.mode, &is.bytes), (was.mode, &was.bytes), "{}", path.display());
            if !touched.contains(&path) {
                assert_eq!(is.written, was.written, "{} was not touched", path.display());
            }
        }
        assert_eq!(account(&self.web).await, self.account);
        self.practice.stop().await;
    }
}

/// Steps 7 to 10 are made from the plan, the way in included, since this computer is not a trusted source at first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_plan_made_is_taken_back_to_the_byte() {
    let mut bench = Box::pin(Bench::open("not-trusted")).await;
    let later = [StepId::Measure, StepId::Verify];
    bench.setup.facts.skipped = later.into_iter().chain(ORDER).collect();
    bench.drive(false).await;
    assert_eq!(bench.setup.standing(StepId::Test), Standing::Done);
    bench.setup.facts.skipped = later.to_vec();

    // What the run let in has ended with it.
    bench.act(test::Msg::FindAndAllow).await;
    bench.act(PlanMsg::Open).await;
    assert_eq!(bench.setup.plan_gaps(), []);
    let steps: Vec<StepId> = bench.setup.plan_items().iter().map(|item| item.key.step()).collect();
    assert!(ORDER.iter().all(|step| steps.contains(step)), "{steps:?}");
    let Primary::Act(_, apply) = bench.setup.plan_primary() else {
        panic!("it can be applied: {:?}", bench.setup.plan_primary())
    };
    bench.act(apply).await;
    assert_eq!(bench.setup.plan_problem(), None);
    let open = bench.setup.plan_items();
    assert!(open.iter().all(|item| item.tick == Tick::Off), "what was ticked is made: {open:?}");
    assert!(matches!(bench.setup.plan_primary(), Primary::Next));
    bench.act(hand_over::Msg::Save(Format::Profile)).await;
    assert_eq!(bench.setup.facts.runbook, None, "the profile is no runbook");
    bench.act(hand_over::Msg::Write).await;

    let profile = profile::load(&bench.practice.project().join(profile::FILE)).unwrap();
    let facts = &bench.setup.facts;
    assert_eq!(profile.cluster.as_deref(), Some(CLUSTER_NAME));
    assert_eq!(profile.pool.name.as_deref(), facts.pool.as_ref().map(|pool| pool.name.as_str()));
    assert_eq!(profile.pool.size, facts.pool.as_ref().map(|pool| pool.size));
    assert_eq!(profile.app.as_deref(), Some(APP_NAME));
    assert_eq!(profile.skip, [StepId::Verify]);
    let files = profile.env_files.expect("env files were written");
    assert!(files.iter().all(|file| file.is_relative()) && !files.is_empty(), "{files:?}");

    Box::pin(bench.take_back()).await;
}

/// All twelve steps as the command line makes them, with the proof.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_whole_run_made_is_taken_back_to_the_byte() {
    if !proving() {
        return;
    }
    let mut bench = Box::pin(Bench::open("full")).await;
    bench.drive(true).await;
    Box::pin(bench.take_back()).await;
}
