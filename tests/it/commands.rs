//! Commands for doctl and curl, read back by a real shell and held against doctl's own usage.

use std::process::{Command, Stdio};

use poolwright::domain::{
    commands::{Request, curl, doctl},
    secret::MASK,
};
use serde_json::json;

const CREATE: &str =
    r#"{"name":"shop-pool","mode":"transaction","size":11,"db":"shop","user":"shop_app"}"#;

fn request<'a>(method: &'a str, path: &'a str, body: Option<&'a str>) -> Request<'a> {
    Request { method, path, body }
}

/// What a real shell hands to the program of each command: its arguments, and its standard input at the end.
fn in_bash(program: &str, script: &str) -> Vec<Vec<String>> {
    let seen = format!(
        "{program}() {{ printf '%s\\0' \"$@\"; if [[ \"$*\" == *'@-'* ]]; then printf '%s\\0' \"$(cat)\"; fi; printf '\\1\\0'; }}\n{script}\n"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new("bash")
        .args(["--norc", "-euc", &seen])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("DIGITALOCEAN_TOKEN", "dop_v1_canary")
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    // Where the output of a command goes to a file, it is read from there.
    let file = std::fs::read(folder.path().join("spec.json")).unwrap_or_default();
    let text = String::from_utf8([file, output.stdout].concat()).expect("text");
    let calls = text.split("\u{1}\0").filter(|call| !call.is_empty());
    calls.map(|call| call.split_terminator('\0').map(str::to_owned).collect()).collect()
}

/// Commands, their places and flags as doctl's own source has them.
const USAGE: &[(&str, usize, &[&str])] = &[
    ("account get", 0, &[]),
    ("databases list", 0, &[]),
    ("databases get", 1, &[]),
    ("databases user list", 1, &[]),
    ("databases db list", 1, &[]),
    ("databases pool list", 1, &[]),
    ("databases pool get", 2, &[]),
    ("databases pool create", 2, &["--mode", "--size", "--db", "--user"]),
    ("databases pool update", 2, &["--mode", "--size", "--db", "--user"]),
    ("databases pool delete", 2, &["--force"]),
    ("databases firewalls list", 1, &[]),
    ("databases get-ca", 1, &[]),
    ("databases backups", 1, &[]),
    ("apps list", 0, &[]),
    ("apps get", 1, &[]),
    ("apps list-deployments", 1, &[]),
    ("apps get-deployment", 2, &[]),
    ("apps logs", 2, &["--deployment", "--type", "--follow"]),
    ("apps propose", 0, &["--app", "--spec"]),
    ("apps update", 1, &["--spec", "--update-sources"]),
    ("apps spec get", 1, &["--deployment", "--format"]),
];

/// Holds a command against the usage: known, with as many places, and no flag that doctl does not have.
fn fits(arguments: &[String]) -> bool {
    USAGE.iter().any(|(verb, places, flags)| {
        let verb: Vec<&str> = verb.split(' ').collect();
        let given: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let Some(rest) = given.strip_prefix(verb.as_slice()) else { return false };
        let (mut at, mut rest) = (0, rest.iter());
        while let Some(word) = rest.next() {
            if word.starts_with("--") {
                if !flags.contains(word) || rest.next().is_none() {
                    return false;
                }
            } else {
                at += 1;
            }
        }
        at == *places
    })
}

#[test]
fn doctls_commands_are_doctls_own() {
    let spec = json!({"app_id": "a 1", "spec": {"name": "shop"}}).to_string();
    let app = json!({"spec": {"name": "shop"}}).to_string();
    let pool = r#"{"mode":"session","size":4,"db":"sh'op","user":"$(id)"}"#;
    let table: &[(&str, &str, Option<&str>)] = &[
        ("GET", "/v2/account", None),
        ("GET", "/v2/databases", None),
        ("GET", "/v2/databases/c1", None),
        ("GET", "/v2/databases/c1/users", None),
        ("GET", "/v2/databases/c1/dbs", None),
        ("GET", "/v2/databases/c1/pools", None),
        ("GET", "/v2/databases/c1/pools/p%20q", None),
        ("GET", "/v2/databases/c1/firewall", None),
        ("GET", "/v2/databases/c1/ca", None),
        ("GET", "/v2/databases/c1/backups", None),
        ("GET", "/v2/apps?page=1&per_page=200", None),
        ("GET", "/v2/apps/a1", None),
        ("GET", "/v2/apps/a1/deployments?page=1&per_page=20", None),
        ("GET", "/v2/apps/a1/deployments/d1", None),
        ("GET", "/v2/apps/a1/deployments/d1/components/web/logs?type=BUILD&follow=false", None),
        ("POST", "/v2/databases/c1/pools", Some(CREATE)),
        ("PUT", "/v2/databases/c1/pools/p", Some(pool)),
        ("DELETE", "/v2/databases/c1/pools/p", None),
        ("POST", "/v2/apps/propose", Some(&spec)),
        ("PUT", "/v2/apps/a%201", Some(&app)),
    ];
    for (method, path, body) in table {
        let text = doctl(&request(method, path, *body)).unwrap_or_default();
        let calls = in_bash("doctl", &text);
        assert!(!calls.is_empty(), "{method} {path}: {text}");
        for call in calls {
            assert!(fits(&call), "{method} {path}: {call:?}");
        }
    }
}

#[test]
fn curl_sends_the_body_as_it_is_and_the_token_beside_the_arguments() {
    let body = json!({"name": "it's", "db": "$(id)`\"\\", "size": 1}).to_string();
    let text = curl(&request("POST", "/v2/databases/c1/pools", Some(&body))).expect("a command");
    assert!(!text.contains("canary"));
    let mut calls = in_bash("curl", &text);
    let call = calls.pop().expect("a call");
    let header = "Content-Type: application/json";
    assert_eq!(
        call,
        [
            "--fail-with-body",
            "--request",
            "POST",
            "https://api.digitalocean.com/v2/databases/c1/pools",
            "--header",
            header,
            "--data",
            &body,
            "--header",
            "@-",
            "Authorization: Bearer dop_v1_canary",
        ]
    );
    assert!(calls.is_empty());
}

#[test]
fn a_masked_body_is_never_part_of_a_command() {
    let body = json!({"spec": {"name": "shop", "envs": [{"key": "A", "value": MASK}]}}).to_string();
    let change = request("PUT", "/v2/apps/a1", Some(&body));
    let text = curl(&change).expect("a command");
    assert!(!text.contains(MASK), "{text}");
    let call = in_bash("curl", &text).pop().expect("a call");
    assert!(call.contains(&"@body.json".to_owned()), "{call:?}");
    let text = doctl(&change).expect("a command");
    assert!(!text.contains(MASK) && text.ends_with("--spec spec.json"), "{text}");
}
