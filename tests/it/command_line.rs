//! The real program without a window: the whole set-up on practice, and what it says to bad input.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Command, Output, Stdio},
    sync::Arc,
};

use poolwright::{
    cli::{
        Exit,
        args::{Crowd, Proof},
        drive::drive,
        run::begin_practice,
    },
    domain::secret::Secret,
    effects::runner::Runner,
    practice::{Practice, scenario::Scenario},
    setup::step::{Standing, StepId},
};
use serde_json::Value;

use crate::web::Web;

fn poolwright(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poolwright"));
    command
        .args(arguments)
        .env_remove("DIGITALOCEAN_ACCESS_TOKEN")
        .env_remove("DIGITALOCEAN_API_URL")
        .stdin(Stdio::null());
    command
}

fn run(mut command: Command) -> Output {
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The steps of a JSON result as `key result`.
fn results(json: &Value) -> Vec<String> {
    let steps = json["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| {
            format!("{} {}", step["step"].as_str().unwrap(), step["result"].as_str().unwrap())
        })
        .collect()
}

fn figures(json: &Value, step: &str) -> String {
    let steps = json["steps"].as_array().unwrap();
    let step = steps.iter().find(|entry| entry["step"] == step).unwrap();
    step["figures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn what_is_hidden_in_names_never_reaches_the_terminal() {
    let mut command = poolwright(&["setup", "--profile", "shop\u{1b}[31m\u{202e}.toml"]);
    command.env("POOLWRIGHT_LOG", "trace");
    let said = said(&run(command));
    assert!(said.contains("shop\\u{1b}[31m\\u{202e}.toml"), "{said:?}");
    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
}

#[test]
fn practice_carries_out_all_twelve_steps_and_proves_that_it_got_better() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("proof");
    let mut command = poolwright(&["practice", "--no-window", "--json", "--load", "--export"]);
    command.arg(&files);
    let output = run(command);

    let json: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|err| panic!("{err}: {}", said(&output)));
    let all_done = [
        "sign-in",
        "cluster",
        "measure",
        "pool",
        "urls",
        "test",
        "project",
        "env-files",
        "migrations",
        "app",
        "verify",
        "hand-over",
    ]
    .map(|step| format!("{step} Done"));
    assert_eq!(results(&json), all_done, "{json:#}");
    assert_eq!(output.status.code(), Some(0));
    let comparison = &json["comparison"];
    assert_eq!(comparison["verdict"], "Better");
    assert_eq!(comparison["before"]["peak"], 22, "the database was full: {comparison}");
    assert!(0 < comparison["before"]["refused"].as_u64().unwrap());
    assert_eq!(comparison["after"]["refused"], 0);
    assert!(
        figures(&json, "pool").contains("contrezz-pool: 11 connections (suggested 11)"),
        "{json:#}"
    );
    assert!(
        figures(&json, "test")
            .contains("pooled: 7 of 7 stages passed\ndirect: 7 of 7 stages passed")
    );
    assert!(
        figures(&json, "migrations").starts_with("3 migrations applied over the direct connection")
    );
    assert!(figures(&json, "app").contains("ACTIVE"));
    let peak = figures(&json, "verify");
    let peak = peak.split("peaked at ").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
    assert!(
        peak.parse::<u32>().unwrap() <= 11,
        "no more server connections than the pool has: {peak}"
    );
    let (direct, pooled) = (&json["load"]["direct"], &json["load"]["pooled"]);
    assert!(0 < direct["refused"].as_u64().unwrap(), "{direct:#}");
    assert_eq!((&pooled["refused"], &pooled["served"]), (&0.into(), &pooled["clients"]));
    let picture = std::fs::read(files.join("before-and-after.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG"));
    let lines = std::fs::read_to_string(files.join("before-and-after.csv")).unwrap();
    for part in ["before", "meanwhile", "after"] {
        assert!(lines.lines().any(|line| line.ends_with(part)), "no line is of the part {part}");
    }
}

#[test]
fn a_dry_run_changes_nothing_and_says_so_with_its_exit_code() {
    let output = run(poolwright(&["practice", "--no-window", "--dry-run", "--json"]));

    let json: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|err| panic!("{err}: {}", said(&output)));
    assert_eq!(output.status.code(), Some(2), "{json:#}");
    assert_eq!(
        figures(&json, "pool"),
        "would create contrezz-pool: 11 connections, transaction mode"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_prints_the_plan_of_what_it_would_change_and_changes_none_of_it() {
    let practice = Practice::start(Scenario::parse("pool-exists").unwrap()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let env = std::fs::read(practice.project().join(".env")).unwrap();

    let as_text = |more: &[&str]| {
        let mut command = from_profile(&practice, folder.path(), more);
        let file = folder.path().join("poolwright.toml");
        let profile = std::fs::read_to_string(&file).unwrap();
        write(&file, &format!("skip = [\"measure\", \"verify\"]\n{profile}[pool]\nsize = 4\n"));
        command.env("TZ", "UTC");
        command
    };
    let output = output(as_text(&["--dry-run"])).await;

    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let items = json["plan"]["items"].as_array().unwrap();
    let of = |step: &str| items.iter().find(|item| item["step"] == step).unwrap();
    assert_eq!(json["plan"]["unknown"], Value::Array(Vec::new()));
    for step in ["project", "env-files", "migrations", "app"] {
        assert_eq!(of(step)["would"], true, "{json:#}");
    }
    assert_eq!(of("migrations")["can_be_undone"], false);
    assert_eq!(of("migrations")["change"], "3 pending migrations");
    assert_eq!(of("env-files")["lines"][0]["place"], "DATABASE_URL");
    assert!(!said(&output).contains("AVNS_"), "passwords are masked");
    assert_eq!(std::fs::read(practice.project().join(".env")).unwrap(), env);
    practice.stop().await;
}

/// A team profile for the practice account, and the command that runs it.
fn from_profile(practice: &Practice, folder: &Path, more: &[&str]) -> Command {
    let file = folder.join("poolwright.toml");
    let profile = format!(
        "version = 1\ncluster = \"{}\"\nenvironment = \"staging\"\n\
         [project]\nfolder = \"{}\"\n\
         [app]\nname = \"{}\"\n\
         [measure]\nsamples = 160\nevery = \"100ms\"\n",
        practice.cluster_name(),
        practice.project().display(),
        practice.app_name()
    );
    write(&file, &profile);
    let mut command = poolwright(&["setup", "--profile", file.to_str().unwrap(), "--json"]);
    command
        .args(more)
        .env("DIGITALOCEAN_API_URL", practice.api_base())
        // The program's own environment is a place that a token may be in.
        .env("DIGITALOCEAN_ACCESS_TOKEN", practice.token().expose())
        .env("XDG_DATA_HOME", folder.join("data"));
    command
}

async fn output(command: Command) -> Output {
    tokio::task::spawn_blocking(move || run(command)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_profile_runs_the_same_set_up_and_tells_no_secret() {
    let practice = Practice::start(Scenario::parse("full").unwrap()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();

    let output = output(from_profile(&practice, folder.path(), &["--yes"])).await;

    let said = said(&output);
    let json: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|err| panic!("{err}: {said}"));
    assert!(results(&json).iter().all(|result| result.ends_with(" Done")), "{json:#}");
    assert_eq!(output.status.code(), Some(0));
    let runbook = std::fs::read_to_string(practice.project().join("POOLING.md")).unwrap();
    let env_file = std::fs::read_to_string(practice.project().join(".env")).unwrap();
    let passwords: Vec<&str> =
        env_file.split("://").skip(1).filter_map(|url| url.split([':', '@']).nth(1)).collect();
    assert_eq!(passwords.len(), 2, "the env file has both URLs with their passwords");
    let token = practice.token();
    for secret in passwords.into_iter().chain([token.expose()]) {
        assert!(!said.contains(secret), "what is printed holds a secret");
        assert!(!runbook.contains(secret), "the runbook holds a secret");
    }
    practice.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_word_of_consent_nothing_is_changed() {
    let practice = Practice::start(Scenario::parse("fresh").unwrap()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();

    let output = output(from_profile(&practice, folder.path(), &[])).await;

    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(results(&json).contains(&"pool Ready".to_owned()), "{json:#}");
    practice.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_not_accepted_ends_the_run_before_anything_is_read() {
    let practice = Practice::start(Scenario::parse("fresh").unwrap()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = from_profile(&practice, folder.path(), &["--yes"]);
    let wrong = Secret::new(format!("dop_v1_{}", "0".repeat(64)));
    command.env("DIGITALOCEAN_ACCESS_TOKEN", wrong.expose());

    let output = output(command).await;

    assert_eq!(output.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["steps"][0]["problem"]["what"], "DigitalOcean did not accept the token.");
    assert_eq!(results(&json)[1], "cluster Not started");
    practice.stop().await;
}

#[test]
fn told_to_stop_it_says_how_far_it_came_and_leaves_nothing() {
    let mut command = poolwright(&["practice", "--no-window"]);
    let mut running = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut said = BufReader::new(running.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("Measure the connections") {
        line.clear();
        assert!(0 < said.read_line(&mut line).unwrap(), "it ended before step 3");
    }

    let told = Command::new("kill").arg(running.id().to_string()).status().unwrap();

    assert!(told.success());
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(1));
    assert!(rest.contains("contrezz-db-practice · PostgreSQL"), "the table tells step 2: {rest}");
    assert!(rest.contains("Nothing of it is left."), "{rest}");
}

#[test]
fn without_a_display_the_window_says_how_to_go_on() {
    let mut command = poolwright(&[]);
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");

    let output = run(command);

    assert_eq!(output.status.code(), Some(64));
    assert!(said(&output).contains("practice --no-window"), "{}", said(&output));
}

#[test]
fn an_unknown_scenario_names_the_known_ones() {
    let output = run(poolwright(&["practice", "--no-window", "--scenario", "sunny"]));

    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("There is no practice scenario “sunny”."), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shut_out_it_lets_itself_in_with_consent_and_leaves_no_rule_behind() {
    // As `main` does it.
    rustls::crypto::ring::default_provider().install_default().ok();
    let (mut setup, world, practice) =
        begin_practice("not-trusted", &Crowd::default()).await.unwrap();
    // What is not about the way in is left out.
    setup.facts.skipped =
        vec![StepId::Project, StepId::EnvFiles, StepId::Migrations, StepId::App, StepId::Verify];
    setup.rules.min_samples = 5;
    let web = Web::new(practice.api_base(), practice.token());
    let rules = format!("{}/firewall", web.cluster().await);
    let before = web.get(&rules).await.body;
    let mut runner = Runner::new(world, tokio::runtime::Handle::current(), Arc::new(|| ()));
    let mut asked = Vec::new();
    let mut consent = |step: StepId, label: &str| {
        asked.push(format!("{step:?}: {label}"));
        true
    };

    drive(&mut setup, &mut runner, &Proof::default(), &mut consent, &mut |_, _| ()).await;

    for step in [StepId::Measure, StepId::Test] {
        assert_eq!(setup.standing(step), Standing::Done, "{:?}", setup.problem(step));
    }
    assert!(
        asked[0].starts_with("Measure: Ask checkip.amazonaws.com and ipv4.icanhazip.com"),
        "{asked:?}"
    );
    assert!(5 <= setup.facts.activity.samples.len());
    assert_eq!(setup.facts.lease(), None);
    assert_eq!(web.get(&rules).await.body, before, "the rule for this computer is gone");
    practice.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shut_out_and_not_allowed_to_change_that_it_names_the_trusted_sources() {
    // As `main` does it.
    rustls::crypto::ring::default_provider().install_default().ok();
    let (mut setup, world, practice) =
        begin_practice("not-trusted", &Crowd::default()).await.unwrap();
    let mut runner = Runner::new(world, tokio::runtime::Handle::current(), Arc::new(|| ()));

    let mut no = |_: StepId, _: &str| false;
    let exit = drive(&mut setup, &mut runner, &Proof::default(), &mut no, &mut |_, _| ()).await;

    assert_eq!(exit, Exit::Stopped);
    let problem = setup.problem(StepId::Measure).unwrap();
    assert_eq!(problem.what, "The database gave no answer within 10 s.");
    assert!(problem.why.starts_with("Only 1 trusted source may connect."), "{}", problem.why);
    assert_eq!(setup.facts.lease(), None);
    practice.stop().await;
}

/// A check of the practice account against a profile that wants a pool of this size.
fn check(practice: &Practice, folder: &Path, size: u32) -> Command {
    let file = folder.join("poolwright.toml");
    let profile = format!(
        "version = 1\ncluster = \"{}\"\nenvironment = \"staging\"\n\
         [pool]\nname = \"contrezz-pool\"\nsize = {size}\nmode = \"transaction\"\n\
         database = \"contrezz\"\nuser = \"contrezz_app\"\n",
        practice.cluster_name(),
    );
    write(&file, &profile);
    let mut command = poolwright(&["check", "--profile", file.to_str().unwrap(), "--json"]);
    command
        .env("DIGITALOCEAN_API_URL", practice.api_base())
        .env("DIGITALOCEAN_ACCESS_TOKEN", practice.token().expose())
        .env("XDG_DATA_HOME", folder.join("data"));
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_finds_what_has_drifted_from_the_profile_and_nothing_else() {
    let practice = Practice::start(Scenario::parse("pool-exists").unwrap()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();

    let same = output(check(&practice, folder.path(), 4)).await;
    let other = output(check(&practice, folder.path(), 11)).await;

    let json: Value =
        serde_json::from_slice(&same.stdout).unwrap_or_else(|err| panic!("{err}: {}", said(&same)));
    let whats = |json: &Value, same: bool| -> Vec<String> {
        let checks = json["checks"].as_array().unwrap().iter();
        checks
            .filter(|check| check["same"] == same)
            .map(|check| check["what"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = [
        "pool",
        "size",
        "mode",
        "database",
        "user",
        "pooled port",
        "direct port",
        "mode as proved",
    ];
    assert_eq!(whats(&json, true), all, "{json:#}");
    assert_eq!(same.status.code(), Some(0));
    let json: Value = serde_json::from_slice(&other.stdout).unwrap();
    assert_eq!(whats(&json, false), ["size"], "{json:#}");
    assert_eq!(other.status.code(), Some(1));
    practice.stop().await;
}

#[test]
fn a_profile_that_is_not_there_is_named() {
    let output = run(poolwright(&["setup", "--profile", "nowhere.toml"]));

    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("nowhere.toml"), "{}", said(&output));
}

#[test]
fn a_malformed_profile_is_refused_with_file_line_and_what_is_expected() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("poolwright.toml");
    write(&file, "version = 1\ncluster = \"shop-db\"\n\n[pool]\nsize = \"many\"\n");

    let output = run(poolwright(&["setup", "--profile", file.to_str().unwrap()]));

    let said = said(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("poolwright.toml") && said.contains("line 5") && said.contains("number"),
        "{said}"
    );
}

#[test]
fn where_a_server_is_not_installed_practice_names_it_and_the_command() {
    for (variable, program) in
        [("POOLWRIGHT_POSTGRES_BIN", "PostgreSQL"), ("POOLWRIGHT_PGBOUNCER", "PgBouncer")]
    {
        let mut command = poolwright(&["practice", "--no-window"]);
        command.env(variable, "/nonexistent");

        let output = run(command);

        assert_eq!(output.status.code(), Some(1));
        let said = said(&output);
        assert!(said.contains(&format!("{program} is not installed")), "{said}");
        assert!(
            said.contains("→ Run ") && said.contains("install") && said.contains("pgbouncer"),
            "{said}"
        );
    }
}

fn write(file: &Path, text: &str) {
    std::fs::File::create(file)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
        .unwrap();
}
