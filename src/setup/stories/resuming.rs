//! Leaving a set-up and going on with it: what is kept, what is looked at again, and what is never sent again.

use std::path::PathBuf;

use super::*;
use crate::{
    domain::{
        runbook::EnvChange,
        stages::{BothPorts, Outcome as Staged, Port, Stage, Tested},
    },
    setup::{
        facts::{Deployed, WrittenFile},
        path::Path,
        resume::{Outcome, What},
        saved::{Saved, UnderWay, Unreadable, VERSION},
        steps::project,
    },
};

pub(super) fn works() -> Tested {
    let mut ports = BothPorts::default();
    for port in Port::BOTH {
        for stage in Stage::ALL {
            let found = "well".to_owned();
            let passed = Staged::Passed { found, took: std::time::Duration::from_millis(9) };
            ports.column_mut(port).set(stage, passed);
        }
    }
    Tested {
        at: now(),
        ports,
        probe: None,
        features: Vec::new(),
        pooler_address: None,
        server_version: None,
    }
}

fn kept() -> Account {
    Account { kept: Kept::Keychain, email: Some("who@shop.example".to_owned()), ..account() }
}

fn with_app(deployment: &str) -> ClusterFacts {
    let app = App {
        id: AppId("a1".to_owned()),
        name: "shop-web".to_owned(),
        spec: serde_json::json!({"name": "shop-web"}).into(),
        live_url: None,
        active_deployment: Some(deployment.to_owned()),
        updated_at: None,
    };
    ClusterFacts { pools: vec![made(&order())], apps: vec![app], ..cluster(Environment::Staging) }
}

/// Everything up to the app is done.
fn far() -> Setup {
    let poll_every = std::time::Duration::from_millis(200);
    let mut setup =
        Setup::new(Rules { dry_run: true, min_samples: 7, poll_every, ..Rules::default() });
    setup.facts.account = Some(kept());
    setup.facts.cluster = Some(with_app("d2"));
    setup.facts.pool = Some(made(&order()));
    setup.act(now(), Msg::Go(StepId::Pool));
    setup.act(now(), urls::Msg::Accept.into());
    setup.facts.tested = Some(works());
    "/p".clone_into(&mut setup.steps.project.draft.folder);
    setup.facts.env_files = Some(vec![WrittenFile {
        file: PathBuf::from("/p/.env"),
        hash: "h1".to_owned(),
        backup: Some(PathBuf::from("/data/backups/.env")),
        what: "2 variables".to_owned(),
    }]);
    setup.facts.env_changes = vec![EnvChange {
        file: PathBuf::from("/p/.env"),
        key: "DATABASE_URL".to_owned(),
        old: Some("postgresql://shop:••••••••••@h:25060/shop".to_owned()),
        new: "postgresql://shop:••••••••••@h:25061/shop-pool".to_owned(),
    }];
    setup.facts.deployed = Some(Deployed {
        app: AppId("a1".to_owned()),
        app_name: "shop-web".to_owned(),
        deployment: Some("d2".to_owned()),
        changes: Vec::new(),
        active_at: now(),
        arrived: Some(3),
        live_url: None,
    });
    let holders = vec![Holder {
        application: "shop-web".to_owned(),
        user: "shop_app".to_owned(),
        address: None,
        state: "idle".to_owned(),
        count: 60,
        age: None,
    }];
    setup.facts.activity.samples = vec![Sample { at: now(), holders, commits: 7, refused: 1 }];
    setup.record.entries.push(Entry {
        at: now(),
        what: "Pool shop-pool created".to_owned(),
        undo: Undo::DeletePool {
            cluster: ClusterId("c1".to_owned()),
            pool: PoolName::given("shop-pool"),
        },
        undone: false,
    });
    setup.current = StepId::Verify;
    setup
}

fn read_back(setup: &Setup) -> Saved {
    Saved::parse(&setup.saved().text()).expect("what was written can be read")
}

/// Goes on with it; answers what it asks as the world outside would, and tells what it asked.
struct World {
    setup: Setup,
    asked: Vec<String>,
    cluster: ClusterFacts,
    tested: Tested,
    hash: Option<&'static str>,
}

impl World {
    fn new(saved: Saved) -> Self {
        Self {
            setup: Setup::resumed(Rules::default(), saved),
            asked: Vec::new(),
            cluster: with_app("d2"),
            tested: works(),
            hash: Some("h1"),
        }
    }

    fn open(mut self) -> Self {
        let step = self.setup.current;
        let mut orders = self.setup.act(now(), Msg::Go(step));
        while let Some(order) = orders.pop() {
            let Order::Start(start) = order else { continue };
            let answer = self.answer(start.effect);
            let more = answer.map(|msg| self.setup.settle(now(), start.ticket, msg));
            orders.extend(more.into_iter().flatten());
        }
        self
    }

    fn answer(&mut self, effect: Effect) -> Option<StepMsg> {
        let name = format!("{effect:?}");
        self.asked.push(name.split([' ', '(', '{']).take(2).collect::<Vec<_>>().join(" "));
        Some(match effect {
            Effect::SignIn(sign_in::Effect::Switch { account }) => {
                assert_eq!(account, "who@shop.example");
                sign_in::Msg::SignedIn(Box::new(kept())).into()
            }
            Effect::Cluster(cluster_step::Effect::List) => {
                cluster_step::Msg::Listed(vec![self.cluster.cluster.clone()]).into()
            }
            Effect::Cluster(cluster_step::Effect::Read { environment, .. }) => {
                assert_eq!(environment, Environment::Staging);
                cluster_step::Msg::Read(Box::new(self.cluster.clone())).into()
            }
            Effect::Project(project::Effect::Scan { folder, .. }) => {
                project::Msg::Scanned(Box::new(Project::new(folder))).into()
            }
            Effect::Project(project::Effect::Look { files }) => {
                let looked = files.into_iter().map(|file| (file, self.hash.map(str::to_owned)));
                project::Msg::Looked(looked.collect()).into()
            }
            Effect::Test(test::Effect::Run { .. }) => {
                test::Msg::Tested(Box::new(self.tested.clone())).into()
            }
            Effect::Test(test::Effect::Sweep) => {
                test::Msg::Swept { ended: Vec::new(), open: Vec::new() }.into()
            }
            Effect::App(app::Effect::Newest { app, served }) => {
                assert_eq!(served.as_deref(), Some("d1"));
                let deployment = "d2".to_owned();
                app::Msg::Newest(Some(app::Started { app, deployment })).into()
            }
            Effect::App(app::Effect::Watch { .. } | app::Effect::Arrive { .. })
            | Effect::EnvFiles(env_files::Effect::Read { .. }) => return None,
            other => panic!("a set-up that is opened again must not ask for this: {other:?}"),
        })
    }

    fn outcomes(&self) -> Vec<(What, Outcome)> {
        let resume = self.setup.resume.as_ref().unwrap();
        resume.checks.iter().map(|check| (check.what, check.outcome.clone())).collect()
    }

    fn outcome(&self, what: What) -> Outcome {
        self.outcomes().into_iter().find(|(known, _)| *known == what).unwrap().1
    }
}

fn same(words: &str) -> Outcome {
    Outcome::Same(words.to_owned())
}

#[test]
fn a_file_holds_no_secret_and_reads_back_as_it_was_written() {
    let setup = far();
    let text = String::from_utf8(setup.saved().text()).unwrap();
    assert!(!text.contains("canary") && !text.contains("AVNS"), "{text}");
    let saved = Saved { version: VERSION, ..setup.saved() };
    assert_eq!(Saved::parse(text.as_bytes()), Ok(saved));
}

#[test]
fn an_apps_earlier_settings_are_in_no_file() {
    let mut setup = far();
    let spec = serde_json::json!({"envs": [{"key": "A", "value": "canary"}]});
    setup.record.entries.push(Entry {
        at: now(),
        what: "shop-web switched".to_owned(),
        undo: Undo::RestoreSpec {
            app: AppId("a1".to_owned()),
            spec: Box::new(spec.clone().into()),
            sent: Box::new(spec.into()),
        },
        undone: false,
    });
    let saved = read_back(&setup);
    assert!(!String::from_utf8(saved.text()).unwrap().contains("canary"));
    let back = saved.changes.last().unwrap().entry();
    assert!(matches!(back.undo, Undo::Impossible(why) if why.contains("roll back")));
}

#[test]
fn what_is_as_it_was_stands_again_and_nothing_is_changed() {
    let world = World::new(read_back(&far())).open();
    assert_eq!(
        world.outcomes(),
        [
            (What::Token, same("It is valid.")),
            (What::Cluster, same("shop-db is online.")),
            (What::Pool, same("shop-pool has 11 connections, transaction mode.")),
            (What::Files, same("1 file is as we wrote it.")),
            (What::Address, same("This computer is let in.")),
            (What::Direct, same("It answers, 9 ms.")),
            (What::App, same("shop-web runs our deployment d2.")),
        ]
    );
    assert_eq!(world.setup.rules, far().rules);
    let (then, now) = (far().facts, world.setup.facts);
    assert_eq!((now.review.as_slice(), now.urls), (&[][..], then.urls));
    assert_eq!((now.pool, now.deployed, now.env_files), (then.pool, then.deployed, then.env_files));
    assert_eq!(now.env_changes, then.env_changes);
    assert_eq!((now.activity, world.setup.current), (then.activity, StepId::Verify));
    assert_eq!(world.setup.record, far().record);
}

#[test]
fn a_newcomer_is_led_the_same_way_again() {
    let mut setup = far();
    setup.lead_newcomer();
    let again = World::new(read_back(&setup)).open().setup;
    assert_eq!(again.path, Path::Newcomer);
    assert_eq!(again.facts.skipped, setup.facts.skipped);
}

#[test]
fn what_is_different_asks_for_review_and_says_how() {
    let mut world = World::new(read_back(&far()));
    world.cluster =
        ClusterFacts { pools: vec![Pool { size: 12, ..made(&order()) }], ..with_app("d3") };
    world.hash = Some("h2");
    let world = world.open();
    let different = |words: &str, step| Outcome::Different(words.to_owned(), step);
    assert_eq!(
        world.outcome(What::Pool),
        different(
            "shop-pool has 12 connections, transaction mode. It had 11 connections, transaction mode.",
            StepId::Pool
        )
    );
    assert_eq!(
        world.outcome(What::Files),
        different(".env was changed since we wrote it.", StepId::EnvFiles)
    );
    assert_eq!(
        world.outcome(What::App),
        different("shop-web runs deployment d3. Ours was d2.", StepId::App)
    );
    for step in [StepId::Pool, StepId::EnvFiles, StepId::App] {
        assert_eq!(world.setup.standing(step), Standing::NeedsReview, "{step:?}");
    }
}

#[test]
fn what_was_not_looked_at_again_stays_in_the_file() {
    let mut saved = read_back(&far());
    saved.account = saved.account.map(|account| crate::setup::saved::Account {
        kept: crate::setup::saved::Keeping::Session,
        ..account
    });
    let world = World::new(saved.clone()).open();
    assert!(matches!(world.outcome(What::Token), Outcome::NeedsYou(_)));
    let again = read_back(&world.setup);
    assert_eq!(Saved { review: Vec::new(), ..again }, saved);
}

#[test]
fn a_sign_in_goes_on_with_what_waited_for_it() {
    let mut saved = read_back(&far());
    saved.account.as_mut().unwrap().kept = crate::setup::saved::Keeping::Session;
    let mut world = World::new(saved).open();
    world.setup.steps.sign_in.remembered = Some(Secret::new("dop_v1_canary"));
    let mut orders = world.setup.act(now(), sign_in::Msg::SignIn.into());
    let Some(Order::Start(start)) = orders.pop() else { panic!("it signs in") };
    let signed_in = sign_in::Msg::SignedIn(Box::new(kept())).into();
    let mut orders = world.setup.settle(now(), start.ticket, signed_in);
    while let Some(order) = orders.pop() {
        let Order::Start(start) = order else { continue };
        if let Some(msg) = world.answer(start.effect) {
            orders.extend(world.setup.settle(now(), start.ticket, msg));
        }
    }
    assert_eq!(world.setup.resume.as_ref().unwrap().open(), 0, "{:?}", world.outcomes());
    assert_eq!(world.setup.facts.review, []);
}

/// A pool's creation is on its way.
fn creating() -> Saved {
    let mut setup = Setup::new(Rules::default());
    setup.facts.account = Some(kept());
    setup.facts.cluster = Some(cluster(Environment::Staging));
    setup.act(now(), Msg::Go(StepId::Pool));
    "shop-pool".clone_into(&mut setup.steps.pool.draft.name);
    setup.steps.pool.draft.db = "shop".to_owned();
    setup.act(now(), pool::Msg::UseSize(11).into());
    setup.act(now(), pool::Msg::Act.into());
    let saved = read_back(&setup);
    assert!(matches!(saved.under_way, Some(UnderWay::CreatePool(_))));
    saved
}

#[test]
fn a_creation_that_had_arrived_is_found_and_can_be_taken_back() {
    let world = World::new(creating()).open();
    let words = "shop-pool has 11 connections, transaction mode: its creation had arrived.";
    assert_eq!(world.outcome(What::Pool), same(words));
    assert_eq!(world.setup.standing(StepId::Pool), Standing::Done);
    let entry = world.setup.record.entries.last().unwrap();
    let (cluster, pool) = (ClusterId("c1".to_owned()), PoolName::given("shop-pool"));
    assert_eq!(entry.undo, Undo::DeletePool { cluster, pool });
    assert_eq!(world.setup.saved().under_way, None);
}

#[test]
fn a_creation_that_had_not_arrived_is_told_and_not_sent_again() {
    let mut world = World::new(creating());
    world.cluster = cluster(Environment::Staging);
    let world = world.open();
    assert!(matches!(world.outcome(What::Pool), Outcome::Different(words, StepId::Pool)
        if words.ends_with("Nothing was sent again.")));
    assert_eq!(world.setup.standing(StepId::Pool), Standing::Stopped);
    assert_eq!(world.setup.current, StepId::Pool);
}

#[test]
fn another_cluster_is_not_mistaken_for_the_one_that_was_left() {
    let mut world = World::new(read_back(&far()));
    world.cluster.cluster.id = ClusterId("c2".to_owned());
    let world = world.open();
    assert_eq!(
        world.outcome(What::Cluster),
        Outcome::Different("shop-db is not in this account any more.".to_owned(), StepId::Cluster)
    );
    assert!(matches!(world.outcome(What::Pool), Outcome::Unchecked(_)));
    assert_eq!(world.setup.facts.pool, None);
}

#[test]
fn a_newer_form_is_refused_kindly_and_a_broken_one_is_told() {
    let newer = br#"{"version": 2, "step": "teleport"}"#;
    assert_eq!(Saved::parse(newer), Err(Unreadable::Newer(2)));
    for broken in
        [&b""[..], b"\0\0\0", b"[]", b"{\"version\": \"1\"}", b"{\"version\": 1, \"step\": 7}"]
    {
        assert!(matches!(Saved::parse(broken), Err(Unreadable::Damaged(_))), "{broken:?}");
    }
    // A step of another version, by its name, is passed over.
    let saved =
        Saved::parse(br#"{"version": 1, "step": "teleport", "skipped": ["fly", "measure"]}"#);
    let setup = Setup::resumed(Rules::default(), saved.unwrap());
    assert_eq!((setup.current, setup.facts.skipped), (StepId::SignIn, vec![StepId::Measure]));
}

#[test]
fn another_environment_takes_over_names_and_files_and_asks_for_the_rest() {
    let mut done = far();
    done.rules.dry_run = false;
    "shop-pool".clone_into(&mut done.steps.pool.draft.name);
    done.steps.urls.draft.limit = 9;
    done.steps.app.draft.wanted = Some("shop-web".to_owned());
    let mut another = Setup::new(Rules::default());
    another.answer(done.for_another_environment());
    let steps = &another.steps;
    assert_eq!((steps.pool.draft.name.as_str(), steps.urls.draft.limit), ("shop-pool", 9));
    assert_eq!(steps.project.draft.folder, "/p");
    assert_eq!((&steps.cluster.draft.wanted, steps.cluster.draft.environment), (&None, None));
    assert_eq!((&steps.app.draft.wanted, steps.pool.draft.size), (&None, 0));
    assert_eq!((&another.facts.cluster, another.record.entries.len()), (&None, 0));
}
