//! Step 9's tests: what is asked before anything runs, the project's own tool from its find to its end.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use jiff::Timestamp;

use super::{
    Effect, Msg, Phase,
    own::{self, Job, Kind, Look, Runner, Running},
};
use crate::{
    domain::{
        client::Client,
        conn_url::ConnUrl,
        migration::{
            Entry, Script, Status, compare,
            output::{Line, Stream},
            surroundings::{Backup, Surroundings},
            tool::{
                Ended, Found, Tool,
                command::Command,
                variable::{Form, Variable},
            },
        },
        problem::{Fix, Problem},
        project::Project,
    },
    setup::{
        Order, Rules, Setup,
        facts::{ToolRun, Urls},
        step::{Primary, Standing, StepId},
        steps::{Effect as Any, StepMsg, measure::Target},
        ticket::Ticket,
    },
};

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

fn direct() -> ConnUrl {
    ConnUrl::parse("postgresql://doadmin:AVNS_canary@db.example:25060/shop?sslmode=require")
        .unwrap()
}

fn setup(migrations: bool) -> Setup {
    let mut setup = Setup::new(Rules::default());
    setup.facts.urls = Some(Urls {
        pooled: direct(),
        direct: direct(),
        private: None,
        ca: None,
        ca_file: None,
        keys: ("DATABASE_URL".to_owned(), "DIRECT_URL".to_owned()),
        limit: 5,
    });
    setup.facts.project = Some(Project {
        client: Client::Prisma6,
        migrations: migrations.then(|| PathBuf::from("prisma/migrations")),
        ..Project::new("/shop")
    });
    setup
}

fn found(tool: Tool, installed: bool) -> Found {
    Found {
        tool,
        folder: PathBuf::from("api"),
        evidence: vec!["package.json:3".to_owned()],
        command: tool.command().to_owned(),
        status: tool.status().map(str::to_owned),
        variables: vec![Variable::new("DIRECT_URL", Form::Url)],
        installed,
        elsewhere: None,
        scripts: BTreeMap::from([("db".to_owned(), "prisma migrate dev".to_owned())]),
    }
}

fn seen() -> Surroundings {
    Surroundings {
        proved_at: now(),
        server: "16.4".to_owned(),
        tables: 3,
        rows: 400,
        blockers: Vec::new(),
        hidden: 0,
    }
}

fn pending(scripts: &[&str]) -> Status {
    let scripts: Vec<Script> =
        scripts.iter().enumerate().map(|(at, sql)| Script::new(format!("{at}_x"), *sql)).collect();
    let entries: Vec<Entry> = scripts.iter().map(|script| Entry::new(&script.name)).collect();
    Status::new(compare(&entries, Some(&[])), scripts)
}

fn start(orders: Vec<Order>) -> (Ticket, Any) {
    let starts = orders.into_iter().find_map(|order| match order {
        Order::Start(start) => Some((start.ticket, start.effect)),
        Order::Cancel(_) => None,
    });
    starts.expect("an effect was started")
}

fn own(msg: own::Msg) -> StepMsg {
    Msg::Own(msg).into()
}

/// Status read, surroundings looked at.
fn looked(mut setup: Setup, status: Status, tools: Vec<Found>) -> Setup {
    let (mut ticket, effect) = start(setup.act(now(), Msg::Read.into()));
    if matches!(effect, Any::Migrations(Effect::Status { .. })) {
        (ticket, _) = start(setup.settle(now(), ticket, Msg::Status(Box::new(status)).into()));
    }
    let look = Look { tools, surroundings: Ok(seen()), backup: Backup::None };
    setup.settle(now(), ticket, own(own::Msg::Looked(Box::new(look))));
    setup
}

fn ready(migrations: bool, status: Status, tools: Vec<Found>) -> Setup {
    looked(setup(migrations), status, tools)
}

fn primary(setup: &Setup) -> Primary<Msg> {
    setup.steps.migrations.primary(&setup.facts, &setup.rules)
}

fn blocked(setup: &Setup) -> String {
    match primary(setup) {
        Primary::Blocked(_, why) => why,
        other => panic!("not blocked: {other:?}"),
    }
}

#[test]
fn the_projects_own_tool_runs_where_it_is_installed_else_the_built_in_runner() {
    let runner = |migrations, tools| {
        let setup = ready(migrations, pending(&["SELECT 1"]), tools);
        setup.steps.migrations.runner(&setup.facts)
    };
    assert_eq!(runner(true, vec![]), Some(Runner::BuiltIn));
    assert_eq!(runner(true, vec![found(Tool::Prisma, false)]), Some(Runner::BuiltIn));
    assert_eq!(runner(true, vec![found(Tool::Prisma, true)]), Some(Runner::Tool(0)));
    // The built-in runner's folder is Prisma's: another tool beside it has to be chosen.
    assert_eq!(runner(true, vec![found(Tool::Knex, true)]), Some(Runner::BuiltIn));
    assert_eq!(runner(false, vec![found(Tool::Knex, false)]), Some(Runner::Tool(0)));
    assert_eq!(
        runner(false, vec![found(Tool::Knex, false), found(Tool::Alembic, true)]),
        Some(Runner::Tool(1))
    );
    assert_eq!(runner(false, vec![]), None);
}

#[test]
fn what_loses_data_waits_for_the_databases_name() {
    let mut setup = ready(true, pending(&["DROP TABLE a; TRUNCATE b;"]), vec![]);
    assert_eq!(
        blocked(&setup),
        "2 statements may lose data. Type the database's name, shop, to allow that."
    );
    assert!(setup.act(now(), Msg::Deploy.into()).is_empty(), "the button is not the only brake");
    setup.steps.migrations.named = "shop-db".to_owned();
    assert!(setup.act(now(), Msg::Deploy.into()).is_empty());
    setup.steps.migrations.named = " shop ".to_owned();
    assert!(
        matches!(primary(&setup), Primary::Act(label, Msg::Deploy) if label == "Apply 1 migration")
    );
    let (_, effect) = start(setup.act(now(), Msg::Deploy.into()));
    assert!(matches!(effect, Any::Migrations(Effect::Deploy { .. })));
}

#[test]
fn the_name_may_be_given_beforehand() {
    let mut setup = ready(true, pending(&["DROP TABLE a"]), vec![]);
    setup.rules.loss_allowed = Some("other".to_owned());
    assert!(blocked(&setup).contains("One statement may lose data."));
    setup.rules.loss_allowed = Some("shop".to_owned());
    assert!(matches!(primary(&setup), Primary::Act(_, Msg::Deploy)));
}

#[test]
fn a_tool_gets_the_direct_url_and_its_end_is_recorded() {
    let mut setup = ready(false, Status::default(), vec![found(Tool::Knex, true)]);
    let Primary::Act(label, msg) = primary(&setup) else { panic!("no button") };
    assert_eq!(label, "Migrate with Knex");
    let (ticket, effect) = start(setup.act(now(), msg.into()));
    let command = Command::parse(Tool::Knex.command(), &BTreeMap::new()).unwrap();
    let Any::Migrations(Effect::Own(effect)) = effect else { panic!("{effect:?}") };
    let job = Job {
        folder: "/shop/api".into(),
        tool: Tool::Knex,
        command,
        variables: vec![Variable::new("DIRECT_URL", Form::Url)],
        direct: Target { url: direct(), ca: None },
        patience: setup.rules.slot_patience,
    };
    assert_eq!(effect, own::Effect::Run(Box::new(job)));
    assert!(
        matches!(primary(&setup), Primary::Working(what, Some(_)) if what == "Proving the connection to be direct…")
    );
    setup.note(now(), ticket, own(own::Msg::Started(4711)));
    let line = Line { stream: Stream::Out, text: "Batch 1 run".to_owned() };
    setup.note(now(), ticket, own(own::Msg::Lines(vec![line.clone()])));

    let ended = Ended { code: Some(0), took: Duration::from_secs(2) };
    setup.settle(now(), ticket, own(own::Msg::Ended(ended)));

    let run = ToolRun {
        title: "Knex",
        command: "npx --no knex migrate:latest".to_owned(),
        took: Duration::from_secs(2),
        verified: false,
    };
    assert_eq!(setup.facts.tool_run, Some(run));
    assert_eq!(
        setup.record.entries[0].what,
        "npx --no knex migrate:latest ended well over the direct connection"
    );
    assert_eq!(setup.steps.migrations.standing(&setup.facts), Standing::DoneNotVerified);
    assert!(setup.steps.migrations.own.log.lines().eq([&line]));
    assert!(matches!(primary(&setup), Primary::Next));
}

#[test]
fn after_prisma_its_history_is_read_and_only_that_verifies() {
    let mut setup = ready(true, pending(&["SELECT 1"]), vec![found(Tool::Prisma, true)]);
    let (ticket, _) = start(setup.act(now(), own_run().into()));
    setup.note(now(), ticket, own(own::Msg::Started(1)));
    let ended = Ended { code: Some(0), took: Duration::from_secs(1) };
    let (ticket, effect) = start(setup.settle(now(), ticket, own(own::Msg::Ended(ended))));
    assert!(matches!(effect, Any::Migrations(Effect::Status { .. })));
    setup.settle(now(), ticket, Msg::Status(Box::new(pending(&["SELECT 1"]))).into());
    assert!(!setup.facts.tool_run.as_ref().unwrap().verified);

    let ticket = start(setup.act(now(), Msg::Read.into())).0;
    setup.settle(now(), ticket, Msg::Status(Box::default()).into());
    assert!(setup.facts.tool_run.as_ref().unwrap().verified);
}

fn own_run() -> Msg {
    Msg::Own(own::Msg::Run(0))
}

/// Runs the tool to an end, with what it said.
fn ends(tool: Tool, code: Option<i32>, said: &str) -> Setup {
    let mut setup = ready(true, pending(&["SELECT 1"]), vec![found(tool, true)]);
    setup.steps.migrations.own.draft.runner = Some(Runner::Tool(0));
    let (ticket, _) = start(setup.act(now(), own_run().into()));
    setup.note(now(), ticket, own(own::Msg::Started(1)));
    let line = Line { stream: Stream::Err, text: said.to_owned() };
    setup.note(now(), ticket, own(own::Msg::Lines(vec![line])));
    let ended = Ended { code, took: Duration::from_secs(1) };
    setup.settle(now(), ticket, own(own::Msg::Ended(ended)));
    setup
}

#[test]
fn a_bad_end_is_told_with_its_last_words() {
    let setup = ends(Tool::Knex, Some(1), "relation \"a\" already exists");
    let problem = setup.problem(StepId::Migrations).unwrap();
    assert_eq!(problem.what, "npx --no knex migrate:latest ended with exit code 1.");
    assert_eq!(problem.why, "Its last words: “relation \"a\" already exists”.");
    assert_eq!(setup.steps.migrations.standing(&setup.facts), Standing::Stopped);
    assert_eq!((&setup.facts.tool_run, setup.record.entries.len()), (&None, 0));
}

#[test]
fn an_engine_that_can_not_be_fetched_leads_to_the_built_in_runner() {
    let said = "Error: request to https://binaries.prisma.sh/all_commits/c2990dca/debian-openssl-3.0.x/schema-engine.gz.sha256 failed, reason: getaddrinfo ENOTFOUND binaries.prisma.sh";
    let mut setup = ends(Tool::Prisma, Some(1), said);
    let problem = setup.problem(StepId::Migrations).unwrap();
    assert_eq!(problem.what, "Prisma could not fetch its engine.");
    assert_eq!(problem.hints[0].fix, Some(Fix::UseBuiltInRunner));

    let msg = setup.fix(StepId::Migrations, &Fix::UseBuiltInRunner).unwrap();
    setup.act(now(), msg);

    assert_eq!(setup.problem(StepId::Migrations), None);
    assert!(
        matches!(primary(&setup), Primary::Act(label, Msg::Deploy) if label == "Apply 1 migration")
    );
}

#[test]
fn a_stop_asks_the_processes_and_says_what_it_means_for_this_tool() {
    let mut setup = ready(false, Status::default(), vec![found(Tool::Knex, true)]);
    let (ticket, _) = start(setup.act(now(), own_run().into()));
    setup.note(now(), ticket, own(own::Msg::Started(4711)));
    let (asking, effect) = start(setup.act(now(), Msg::Own(own::Msg::Stop).into()));
    let Any::Migrations(Effect::Own(effect)) = effect else { panic!("{effect:?}") };
    assert_eq!(effect, own::Effect::Stop { group: 4711 });
    assert!(matches!(primary(&setup), Primary::Working(_, None)), "it is asked once");

    let ended = Ended { code: None, took: Duration::from_secs(3) };
    setup.settle(now(), ticket, own(own::Msg::Ended(ended)));
    setup.settle(now(), asking, own(own::Msg::Stopped));

    let problem = setup.problem(StepId::Migrations).unwrap();
    assert_eq!(problem.what, "npx --no knex migrate:latest was stopped after 3 s.");
    assert!(problem.why.contains("knex migrate:unlock"), "{}", problem.why);
}

#[test]
fn a_run_goes_on_while_another_page_is_open() {
    let mut setup = ready(false, Status::default(), vec![found(Tool::Knex, true)]);
    let (ticket, _) = start(setup.act(now(), own_run().into()));
    setup.note(now(), ticket, own(own::Msg::Started(4711)));
    assert!(
        setup.act(now(), crate::setup::Msg::Go(StepId::App)).is_empty(),
        "nothing is cancelled"
    );
    assert_eq!(setup.steps.migrations.standing(&setup.facts), Standing::Working);
    let ended = Ended { code: Some(0), took: Duration::from_secs(9) };
    setup.settle(now(), ticket, own(own::Msg::Ended(ended)));
    assert_eq!(setup.steps.migrations.standing(&setup.facts), Standing::DoneNotVerified);
}

#[test]
fn a_stop_before_the_program_runs_starts_nothing() {
    let mut setup = ready(false, Status::default(), vec![found(Tool::Knex, true)]);
    let (ticket, _) = start(setup.act(now(), own_run().into()));
    let orders = setup.act(now(), Msg::Own(own::Msg::Stop).into());
    assert!(matches!(orders.as_slice(), [Order::Cancel(cancelled)] if *cancelled == ticket));
    assert!(matches!(primary(&setup), Primary::Act(..)));
}

#[test]
fn an_edited_command_is_looked_through_before_it_can_be_run() {
    let mut setup = ready(true, pending(&["SELECT 1"]), vec![found(Tool::Prisma, true)]);
    for (text, part) in [
        ("npx --no prisma migrate reset", "drops every table"),
        ("npm run db", "Script db of package.json: It is made for a developer's own database"),
        ("", "Name a command."),
    ] {
        setup.steps.migrations.own.draft.command = Some((0, text.to_owned()));
        assert!(blocked(&setup).contains(part), "{text}");
        assert!(setup.act(now(), own_run().into()).is_empty(), "{text}");
    }
}

#[test]
fn a_tool_that_would_not_get_the_url_or_is_not_there_is_not_run() {
    let elsewhere = Found {
        elsewhere: Some("knexfile.js:2 names the database itself.".to_owned()),
        ..found(Tool::Knex, true)
    };
    assert_eq!(
        blocked(&ready(false, Status::default(), vec![elsewhere])),
        "knexfile.js:2 names the database itself."
    );
    let missing = ready(false, Status::default(), vec![found(Tool::Knex, false)]);
    assert_eq!(
        blocked(&missing),
        "Knex is not installed here. Install the project's dependencies, then read again."
    );
}

#[test]
fn nothing_runs_over_a_connection_that_is_not_direct() {
    let mut setup = ready(false, Status::default(), vec![found(Tool::Knex, true)]);
    let ticket = start(setup.act(now(), Msg::Read.into())).0;
    let pooled = Problem::new("not direct", "A pooler answered on the direct URL.", "");
    let look = Look {
        tools: vec![found(Tool::Knex, true)],
        surroundings: Err(pooled),
        backup: Backup::None,
    };
    setup.settle(now(), ticket, own(own::Msg::Looked(Box::new(look))));
    assert_eq!(
        blocked(&setup),
        "A pooler answered on the direct URL. Migrations run over the direct connection only."
    );
    assert!(setup.act(now(), own_run().into()).is_empty());
}

#[test]
fn a_dry_run_runs_no_tool() {
    let mut setup = ready(true, pending(&["DROP TABLE a"]), vec![found(Tool::Prisma, true)]);
    setup.rules.dry_run = true;
    let Primary::Act(_, msg) = primary(&setup) else { panic!("no button") };
    assert!(setup.act(now(), msg.into()).is_empty());
    assert!(matches!(setup.steps.migrations.phase, Phase::WouldChange(1)));
}

#[test]
fn asking_the_tool_changes_no_fact_and_its_exit_code_is_no_problem() {
    let mut setup = ready(false, Status::default(), vec![found(Tool::Knex, true)]);
    let (ticket, effect) = start(setup.act(now(), Msg::Own(own::Msg::Ask(0)).into()));
    let Any::Migrations(Effect::Own(own::Effect::Run(job))) = effect else { panic!("{effect:?}") };
    assert_eq!(job.command.to_string(), "npx --no knex migrate:status");
    setup.note(now(), ticket, own(own::Msg::Started(1)));
    let ended = Ended { code: Some(1), took: Duration::from_secs(1) };
    setup.settle(now(), ticket, own(own::Msg::Ended(ended)));
    assert_eq!((setup.facts.tool_run.clone(), setup.problem(StepId::Migrations)), (None, None));
    assert_eq!(setup.steps.migrations.own.ended, Some((Kind::Ask, ended)));
}

#[test]
fn a_defect_while_a_tool_runs_ends_the_run_in_a_problem() {
    let mut setup = ready(false, Status::default(), vec![found(Tool::Knex, true)]);
    let (ticket, _) = start(setup.act(now(), own_run().into()));
    let broken = Problem::new("internal", "Poolwright made a mistake here.", "");
    setup.settle(now(), ticket, Msg::Failed(broken.clone()).into());
    assert_eq!(setup.problem(StepId::Migrations), Some(&broken));
    let running = Running {
        ticket,
        kind: Kind::Migrate,
        tool: Tool::Knex,
        command: String::new(),
        group: None,
    };
    assert!(
        !matches!(&setup.steps.migrations.own.phase, own::Phase::Running(now) if *now == running)
    );
}

#[test]
fn a_stop_of_the_built_in_runner_says_what_it_leaves() {
    let mut setup = ready(true, pending(&["SELECT 1"]), vec![]);
    let (ticket, _) = start(setup.act(now(), Msg::Deploy.into()));
    setup.note(now(), ticket, Msg::Running("0_x".to_owned(), 1).into());
    setup.act(now(), Msg::Stop.into());
    let problem = setup.problem(StepId::Migrations).unwrap();
    assert_eq!(problem.what, "The run was stopped while 0_x was being applied.");
    let msg = setup.fix(StepId::Migrations, &Fix::TryAgain).unwrap();
    let (_, effect) = start(setup.act(now(), msg));
    assert!(matches!(effect, Any::Migrations(Effect::Status { .. })));
}
