//! The hand-over in each of its forms: written beside each other, and read back by what they are meant for.
#![cfg(unix)]

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use jiff::Timestamp;
use poolwright::{
    domain::record::{Exchange, Record},
    setup::{
        Msg,
        facts::Facts,
        runbook::{Format, Language, text},
        step::{Standing, StepId},
        steps::hand_over,
    },
};

use crate::change::Bench;

const POOL: &str =
    r#"{"name":"it's $(x)","mode":"transaction","size":11,"db":"shop","user":"shop_app"}"#;

fn exchange(method: &str, path: &str, body: Option<&str>) -> Exchange {
    Exchange {
        at: Timestamp::UNIX_EPOCH,
        method: method.to_owned(),
        path: path.to_owned(),
        body: body.map(str::to_owned),
        status: Some(200),
        took: Duration::ZERO,
        request_id: None,
        rate_left: None,
        again_in: None,
    }
}

fn record() -> Record {
    Record {
        statements: Vec::new(),
        exchanges: vec![
            exchange("GET", "/v2/databases", None),
            exchange("POST", "/v2/databases/c1/pools", Some(POOL)),
            exchange("DELETE", "/v2/databases/c1/pools/it%27s%20%24%28x%29", None),
        ],
        entries: Vec::new(),
    }
}

fn script(language: Language) -> String {
    let format = Format::Commands(language);
    text(format, &Facts::default(), &record(), (Timestamp::UNIX_EPOCH, "POOLING"))
}

/// What a real shell hands to the program of each command.
fn calls(program: &str, script: &str) -> Vec<Vec<String>> {
    let seen = format!("{program}() {{ printf '%s\\0' \"$@\"; printf '\\1\\0'; }}\n{script}");
    let output = Command::new("bash")
        .args(["--norc", "-c", &seen])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("DIGITALOCEAN_TOKEN", "dop_v1_canary")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let calls = text.split("\u{1}\0").filter(|call| !call.is_empty());
    calls.map(|call| call.split_terminator('\0').map(str::to_owned).collect()).collect()
}

#[test]
fn a_shell_reads_the_scripts_as_the_changes_that_were_made() {
    let doctl = script(Language::Doctl);
    assert_eq!(
        calls("doctl", &doctl),
        [
            "databases pool create c1 it's_$(x) --mode transaction --size 11 --db shop --user shop_app",
            "databases pool delete c1 it's_$(x)",
        ]
        .map(|call| call.split(' ').map(|word| word.replace('_', " ")).collect::<Vec<_>>())
        .map(|call| call.into_iter().map(|word| word.replace("shop app", "shop_app")).collect::<Vec<_>>())
    );
    let curl = calls("curl", &script(Language::Curl));
    let asked: Vec<&str> = curl
        .iter()
        .flatten()
        .map(String::as_str)
        .filter(|word| word.starts_with("https://") || *word == POOL)
        .collect();
    assert_eq!(
        asked,
        [
            "https://api.digitalocean.com/v2/databases/c1/pools",
            POOL,
            "https://api.digitalocean.com/v2/databases/c1/pools/it%27s%20%24%28x%29",
        ]
    );
    assert!(!curl.concat().concat().contains("canary"), "the token is no argument");
}

#[tokio::test]
async fn each_form_is_saved_beside_the_runbook() {
    let mut bench = Bench::over(&[("package.json", "{}")]).await;
    bench.setup.record = record();
    bench.act(Msg::Go(StepId::HandOver)).await;
    bench.setup.steps.hand_over.draft.file = "docs.d/POOL.md".to_owned();
    bench.put("docs.d/keep", "");

    for language in [Language::Curl, Language::Doctl] {
        bench.act(hand_over::Msg::Save(Format::Commands(language))).await;
    }

    let saved = &bench.setup.steps.hand_over.saved;
    let names: Vec<_> = saved.iter().map(|saved| saved.file.file_name().unwrap()).collect();
    assert_eq!(names, ["POOL-curl.sh", "POOL-doctl.sh"]);
    assert_eq!(bench.text("docs.d/POOL-doctl.sh"), script(Language::Doctl));
    assert_eq!(bench.setup.standing(StepId::HandOver), Standing::Done);
}
