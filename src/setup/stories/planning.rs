//! Stories of the plan: everything still to be done in one list, made from there by the steps' own buttons.

use std::path::PathBuf;

use super::*;
use crate::{
    domain::{
        env_file::WrittenKey,
        migration::{
            Applied, Entry as Folder, LedgerRow, compare,
            script::{Script, checksum},
            surroundings::Surroundings,
        },
        project::{Edit, Finding, Hunk, Kind, Piece},
    },
    setup::{
        facts::WrittenFile,
        plan::{Back, Item, Key, Line, PlanMsg, Tick},
        steps::project,
    },
};

const SCHEMA: &str = "datasource db {\n  url = env(\"DATABASE_URL\")\n}\n";
const ENV: &str = "PORT=1\nDATABASE_URL=postgresql://u:canary@db.example/shop\n";

/// The world around a set-up: what its files and its account hold, and what was asked of it.
struct World {
    setup: Setup,
    schema: String,
    env: String,
    account: ClusterFacts,
    pending: Vec<&'static str>,
    /// What fails.
    broken: Option<&'static str>,
    asked: Vec<&'static str>,
    waiting: Vec<Order>,
}

impl World {
    /// Steps 1 to 6 are done, and the project was chosen.
    fn ready(environment: Environment) -> Self {
        let mut setup = with_app();
        let facts = setup.facts.cluster.as_mut().unwrap();
        facts.environment = environment;
        facts.pools = vec![made(&order())];
        let account = facts.clone();
        setup.steps.cluster.clusters = vec![account.cluster.clone()];
        setup.steps.cluster.draft.chosen = Some(account.cluster.id.clone());
        setup.steps.cluster.draft.environment = Some(environment);
        setup.act(now(), urls::Msg::Accept.into());
        setup.facts.tested = Some(super::resuming::works());
        "/shop".clone_into(&mut setup.steps.project.draft.folder);
        let mut world = Self {
            setup,
            schema: SCHEMA.to_owned(),
            env: ENV.to_owned(),
            account,
            pending: vec!["SELECT 1", "SELECT 2"],
            broken: None,
            asked: Vec::new(),
            waiting: Vec::new(),
        };
        world.act(PlanMsg::Open);
        world.asked.clear();
        world
    }

    fn act(&mut self, msg: impl Into<Msg>) {
        self.begin(msg);
        while self.go_on() {}
    }

    fn begin(&mut self, msg: impl Into<Msg>) {
        let orders = self.setup.act(now(), msg.into());
        self.waiting.extend(orders);
    }

    /// Answers the oldest effect.
    fn go_on(&mut self) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        if let Order::Start(start) = self.waiting.remove(0) {
            let step = start.effect.step();
            let (name, notes, end) = self.answer(start.effect);
            let end = match self.broken {
                Some(broken) if broken == name => {
                    StepMsg::failed(step, Problem::new("broken", "It did not work.", "A cause."))
                }
                _ => end,
            };
            self.asked.push(name);
            for note in notes {
                let orders = self.setup.note(now(), start.ticket, note);
                self.waiting.extend(orders);
            }
            let orders = self.setup.settle(now(), start.ticket, end);
            self.waiting.extend(orders);
        }
        true
    }

    fn status(&self) -> Status {
        let name = |at: usize| format!("{at}_x");
        let scripts: Vec<Script> =
            self.pending.iter().enumerate().map(|(at, sql)| Script::new(name(at), *sql)).collect();
        let folder: Vec<Folder> = scripts.iter().map(|script| Folder::new(&script.name)).collect();
        Status::new(compare(&folder, Some(&[])), scripts)
    }

    fn answer(&mut self, effect: Effect) -> (&'static str, Vec<StepMsg>, StepMsg) {
        let none = Vec::new();
        match effect {
            Effect::Cluster(cluster_step::Effect::Read { .. }) => (
                "read the cluster",
                none,
                cluster_step::Msg::Read(Box::new(self.account.clone())).into(),
            ),
            Effect::Project(effect) => self.project(effect),
            Effect::EnvFiles(effect) => self.env_files(effect),
            Effect::Migrations(effect) => self.migrations(effect),
            Effect::App(effect) => self.app(effect),
            // A recording goes on beside.
            Effect::Measure(_) => ("measure", none, measure::Msg::Stop.into()),
            other => panic!("not of a plan: {other:?}"),
        }
    }

    fn project(&mut self, effect: project::Effect) -> (&'static str, Vec<StepMsg>, StepMsg) {
        let (name, msg) = match effect {
            project::Effect::Scan { .. } => {
                ("scan", project::Msg::Scanned(Box::new(project_of(&self.schema))))
            }
            project::Effect::Look { files } => {
                let hash = Some(checksum(&self.schema));
                let looked = files.into_iter().map(|file| (file, hash.clone())).collect();
                ("look at the files", project::Msg::Looked(looked))
            }
            project::Effect::Write { rewrites, .. } => {
                if self.broken.is_none() {
                    self.schema.clone_from(&rewrites[0].after);
                }
                ("write the project", project::Msg::Written(vec![written("schema.prisma")]))
            }
            project::Effect::Open { .. } => panic!("nobody opens a file"),
        };
        (name, Vec::new(), msg.into())
    }

    fn env_files(&mut self, effect: env_files::Effect) -> (&'static str, Vec<StepMsg>, StepMsg) {
        let (name, msg) = match effect {
            env_files::Effect::Read { files, .. } => {
                let read = files.into_iter().map(|file| env_files::EnvFile {
                    file,
                    text: Some(Secret::new(self.env.clone())),
                    tracked: false,
                    ignored: true,
                });
                ("read the env files", env_files::Msg::Files(read.collect()))
            }
            env_files::Effect::Write { writes, .. } => {
                // Stands in a file from now on.
                writes[0].after.expose().clone_into(&mut self.env);
                ("write the env files", env_files::Msg::Written(vec![written(".env")]))
            }
        };
        (name, Vec::new(), msg.into())
    }

    fn migrations(&mut self, effect: migrations::Effect) -> (&'static str, Vec<StepMsg>, StepMsg) {
        match effect {
            migrations::Effect::Status { .. } => (
                "read the migrations",
                Vec::new(),
                migrations::Msg::Status(Box::new(self.status())).into(),
            ),
            migrations::Effect::Deploy { .. } => {
                let applied = self.status().pending.into_iter().map(|pending| Applied {
                    row: LedgerRow {
                        id: "1".to_owned(),
                        name: pending.script.name.clone(),
                        checksum: pending.script.checksum.clone(),
                        started_at: now(),
                        finished_at: Some(now()),
                        rolled_back_at: None,
                        logs: None,
                        applied_steps: 1,
                    },
                    name: pending.script.name,
                    took: std::time::Duration::from_millis(5),
                });
                let notes = applied
                    .map(|applied| migrations::Msg::Applied(Box::new(applied)).into())
                    .collect();
                let kept = std::mem::take(&mut self.pending);
                let end = migrations::Msg::Deployed(Box::new(self.status())).into();
                if self.broken.is_some() {
                    self.pending = kept;
                    return ("migrate", Vec::new(), end);
                }
                ("migrate", notes, end)
            }
            migrations::Effect::Own(own::Effect::Look { .. }) => {
                let surroundings = Surroundings {
                    proved_at: now(),
                    server: "16.4".to_owned(),
                    tables: 3,
                    rows: 400,
                    blockers: Vec::new(),
                    hidden: 0,
                };
                let look = Look {
                    tools: Vec::new(),
                    surroundings: Ok(surroundings),
                    backup: Backup::None,
                };
                let looked = own::Msg::Looked(Box::new(look));
                ("look around", Vec::new(), migrations::Msg::Own(looked).into())
            }
            other => panic!("not of a plan: {other:?}"),
        }
    }

    fn app(&mut self, effect: app::Effect) -> (&'static str, Vec<StepMsg>, StepMsg) {
        let (name, msg) = match effect {
            app::Effect::Propose { .. } => {
                ("propose", app::Msg::Proposed(app::Proposal::default()))
            }
            app::Effect::Update { app, after, .. } => {
                self.account.apps[0].spec = after;
                let started = app::Started { app, deployment: "d2".to_owned() };
                ("switch", app::Msg::Updated(started))
            }
            app::Effect::Watch { deployment, .. } => {
                ("watch", app::Msg::Active { deployment, live_url: None })
            }
            app::Effect::Arrive { .. } => ("see it arrive", app::Msg::Arrived(Some(3))),
            other => panic!("not of a plan: {other:?}"),
        };
        (name, Vec::new(), msg.into())
    }

    fn items(&self) -> Vec<Item> {
        self.setup.plan_items()
    }

    fn press(&mut self) {
        match self.setup.plan_primary() {
            Primary::Act(_, msg) => self.act(msg),
            other => panic!("the button waits: {other:?}"),
        }
    }

    fn ticks(&self) -> Vec<(String, Tick)> {
        self.items().into_iter().map(|item| (item.what, item.tick)).collect()
    }

    /// What was asked for that changes something.
    fn changed(&self) -> Vec<&'static str> {
        const CHANGES: [&str; 4] =
            ["write the project", "write the env files", "migrate", "switch"];
        self.asked.iter().copied().filter(|asked| CHANGES.contains(asked)).collect()
    }
}

fn written(name: &str) -> WrittenFile {
    WrittenFile {
        file: PathBuf::from("/shop").join(name),
        hash: "h".to_owned(),
        backup: None,
        what: "changed".to_owned(),
    }
}

fn project_of(schema: &str) -> Project {
    let file = PathBuf::from("schema.prisma");
    let finding =
        Finding::new(Kind::Migrations, (&file, 2), "No direct URL.", "Migrations need it.");
    let at = schema.find("}\n").unwrap();
    let with = "  directUrl = env(\"DIRECT_URL\")\n".to_owned();
    let is_done = schema.contains("directUrl");
    let hunk = Hunk { finding: 0, proposed: true, pieces: vec![Piece { at, length: 0, with }] };
    let edit = Edit { file, before: Some(schema.to_owned()), hunks: vec![hunk] };
    Project {
        client: Client::Prisma6,
        migrations: Some(PathBuf::from("prisma/migrations")),
        env_files: vec![PathBuf::from(".env")],
        findings: vec![finding],
        edits: if is_done { Vec::new() } else { vec![edit] },
        ..Project::new("/shop")
    }
}

#[test]
fn everything_still_to_be_done_is_listed_with_old_and_new_and_without_secrets() {
    let world = World::ready(Environment::Staging);
    let items = world.items();
    let names: Vec<&str> = items.iter().map(|item| item.what.as_str()).collect();
    assert_eq!(names, ["schema.prisma", ".env", "Built-in runner", "shop-web"]);
    let changes: Vec<&str> = items.iter().map(|item| item.change.as_str()).collect();
    assert_eq!(
        changes,
        ["+1 line", "2 variables", "2 pending migrations", "2 variables, then one deployment"]
    );
    let added = Line {
        place: "line 3".to_owned(),
        old: None,
        new: Some("directUrl = env(\"DIRECT_URL\")".to_owned()),
    };
    assert_eq!(items[0].lines, [added]);
    let Line { place, old, new } = &items[1].lines[0];
    assert_eq!((place.as_str(), old.is_some(), new.is_some()), ("DATABASE_URL", true, true));
    assert!(!format!("{items:?}").contains("canary"), "{items:?}");
    let cannot: Vec<&Key> = items
        .iter()
        .filter(|item| matches!(item.back, Back::Never(_)))
        .map(|item| &item.key)
        .collect();
    assert_eq!(cannot, [&Key::Migrations]);
    assert!(items.iter().all(|item| item.tick == Tick::On));
    let Primary::Act(label, _) = world.setup.plan_primary() else { panic!("ready") };
    assert_eq!(label, "Apply 4 changes");
}

#[test]
fn one_button_makes_everything_in_order_and_each_step_ends_as_if_it_had_been_made_there() {
    let mut world = World::ready(Environment::Staging);
    world.press();
    assert_eq!(world.changed(), ["write the project", "write the env files", "migrate", "switch"]);

    let mut alone = World::ready(Environment::Staging);
    for step in crate::setup::plan::ORDER {
        let Primary::Act(_, msg) = alone.setup.primary(step) else { panic!("{step:?} is ready") };
        alone.act(msg);
    }
    let ends = |world: &World| {
        let standings = StepId::ALL.map(|step| world.setup.standing(step));
        let facts = &world.setup.facts;
        let files = (facts.project_files.clone(), facts.env_files.clone());
        (standings, files, facts.migrated.clone(), facts.deployed.clone())
    };
    assert_eq!(ends(&world), ends(&alone));
    assert_eq!(world.setup.record.entries, alone.setup.record.entries);
    assert_eq!(world.setup.record.entries.len(), 5);
    assert!(world.items().is_empty());
    assert!(matches!(world.setup.plan_primary(), Primary::Next));
}

#[test]
fn the_keys_of_an_env_file_can_be_taken_back_one_by_one_also_from_the_plan() {
    let mut world = World::ready(Environment::Staging);
    world.press();
    let of_env = world.setup.record.entries.iter().find_map(|entry| match &entry.undo {
        Undo::RestoreFile { keys, .. } if !keys.is_empty() => Some(keys.clone()),
        _ => None, // another change
    });
    let keys: Vec<String> = of_env.unwrap().into_iter().map(|WrittenKey { key, .. }| key).collect();
    assert_eq!(keys, ["DATABASE_URL", "DIRECT_URL"]);
}

#[test]
fn only_what_is_ticked_is_made() {
    let mut world = World::ready(Environment::Staging);
    for key in [Key::Project(PathBuf::from("schema.prisma")), Key::Migrations] {
        world.act(PlanMsg::Turn(key));
    }
    let off: Vec<String> =
        world.ticks().into_iter().filter(|(_, tick)| *tick == Tick::Off).map(|(w, _)| w).collect();
    assert_eq!(off, ["schema.prisma", "Built-in runner"]);
    world.press();
    assert_eq!(world.changed(), ["write the env files", "switch"]);
    // What was left out is still there to be made.
    assert_eq!(world.items().len(), 2);

    let mut world = World::ready(Environment::Staging);
    for item in world.items() {
        world.act(PlanMsg::Turn(item.key));
    }
    assert!(matches!(world.setup.plan_primary(), Primary::Blocked(..)));
    // Ticked again, it is as before.
    for item in world.items() {
        world.act(PlanMsg::Turn(item.key));
    }
    assert!(world.ticks().iter().all(|(_, tick)| *tick == Tick::On));
}

type Change = fn(&mut World);

#[test]
fn what_changed_since_it_was_shown_is_refused_and_shown_anew() {
    let changes: [(Change, &str); 5] = [
        (|world| world.schema.push_str("// more\n"), "schema.prisma was saved by another program."),
        (|world| world.env.push_str("NEW=1\n"), ".env was saved by another program."),
        (|world| world.pending.push("SELECT 3"), "Other migrations are pending now."),
        (
            |world| {
                let mut spec = (*world.account.apps[0].spec).clone();
                spec["services"][0]["envs"][0]["value"] = "postgresql://u@db.example:1/x".into();
                world.account.apps[0].spec = spec.into();
            },
            "The settings of shop-web were changed.",
        ),
        (
            |world| world.account.pools[0].size = 5,
            "The pool is not as it was any more: look at step 4.",
        ),
    ];
    for (change, said) in changes {
        let mut world = World::ready(Environment::Staging);
        change(&mut world);
        world.press();
        assert!(world.changed().is_empty(), "{said}");
        let problem = world.setup.plan_problem().expect(said);
        assert_eq!(
            (problem.what.as_str(), problem.why.as_str()),
            ("The plan is out of date. Nothing was changed.", said)
        );
        if said.contains("pool") {
            assert_eq!(world.setup.standing(StepId::Pool), Standing::NeedsReview);
            continue;
        }
        // It was read anew: now it goes through, and nothing of the others' is lost.
        world.press();
        assert_eq!(world.setup.plan_problem(), None, "{said}");
        assert_eq!(world.changed().len(), 4, "{said}");
        assert!(world.env.contains("NEW=1") == said.contains(".env"));
        assert!(world.schema.contains("// more") == said.contains("schema"));
    }
}

#[test]
fn the_first_failure_ends_it_and_says_what_was_and_what_was_not_done() {
    let mut world = World::ready(Environment::Staging);
    world.broken = Some("migrate");
    world.press();
    assert_eq!(world.changed(), ["write the project", "write the env files", "migrate"]);
    let problem = world.setup.plan_problem().unwrap();
    assert_eq!(problem.what, "It did not work.");
    assert_eq!(
        problem.why,
        "A cause. Done: step 7 (Project files), step 8 (Env files). Not done: step 9 (Migrations), step 10 (App Platform)."
    );
    assert_eq!(world.setup.plan_stopped_at(), Some(StepId::Migrations));
    assert_eq!(world.setup.standing(StepId::Migrations), Standing::Stopped);

    // What is left can be made from the same page.
    world.broken = None;
    world.asked.clear();
    world.act(PlanMsg::Open);
    world.act(migrations::Msg::Read);
    world.press();
    assert_eq!(world.changed(), ["migrate", "switch"]);
}

#[test]
fn a_stop_lets_what_is_under_way_end_and_begins_nothing_more() {
    let mut world = World::ready(Environment::Staging);
    let Primary::Act(_, msg) = world.setup.plan_primary() else { panic!("ready") };
    world.begin(msg);
    while !world.asked.contains(&"write the project") && world.go_on() {}
    // The env files are being written.
    world.act(PlanMsg::Stop);
    assert_eq!(world.changed(), ["write the project", "write the env files"]);
    let problem = world.setup.plan_problem().unwrap();
    assert_eq!(problem.what, "The plan was stopped.");
    assert_eq!(
        problem.why,
        "Done: step 7 (Project files), step 8 (Env files). Not done: step 9 (Migrations), step 10 (App Platform)."
    );
}

#[test]
fn a_dry_run_changes_nothing_and_every_step_says_what_it_would_do() {
    let mut world = World::ready(Environment::Staging);
    world.setup.set_dry_run(true);
    let Primary::Act(label, _) = world.setup.plan_primary() else { panic!("ready") };
    assert_eq!(label, "Show what would happen");
    world.press();
    assert!(world.changed().is_empty());
    for step in crate::setup::plan::ORDER {
        assert_eq!(world.setup.standing(step), Standing::WouldChange, "{step:?}");
    }
    assert_eq!(world.items().len(), 4);
    assert_eq!(world.setup.plan_problem(), None);
}

#[test]
fn production_is_named_first_and_its_migrations_are_ticked_by_the_person() {
    let mut world = World::ready(Environment::Production);
    let migrations = |world: &World| {
        let items = world.items();
        items.into_iter().find(|item| item.key == Key::Migrations).map(|item| item.tick)
    };
    assert_eq!(migrations(&world), Some(Tick::Off));
    let Primary::Blocked(_, why) = world.setup.plan_primary() else { panic!("blocked") };
    assert!(why.contains("Type the cluster's name, shop-db"), "{why}");
    world.act(PlanMsg::Apply);
    assert!(world.asked.is_empty());

    world.setup.rules.production_named = Some("shop-db".to_owned());
    assert_eq!(migrations(&world), Some(Tick::Off));
    world.press();
    assert_eq!(world.changed(), ["write the project", "write the env files", "switch"]);
    world.act(PlanMsg::Turn(Key::Migrations));
    world.press();
    assert_eq!(world.changed().last(), Some(&"migrate"));
}

#[test]
fn a_step_that_waits_says_for_what() {
    let mut setup = signed_in(Environment::Staging);
    setup.act(now(), PlanMsg::Open.into());
    assert!(setup.plan_items().is_empty());
    let gaps = setup.plan_gaps();
    let of = |step: StepId| gaps.iter().find(|(at, _)| *at == step).map(|(_, why)| why.as_str());
    assert_eq!(of(StepId::Project), Some("Choose the project's folder first."));
    assert_eq!(of(StepId::App), Some("It needs step 4, Size and create."));
}
