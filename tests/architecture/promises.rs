//! The table of promises: each names tests that are there, or says what is not covered.

use std::{collections::BTreeSet, fs};

use super::{named::is_test, root};

/// How many promises each kind has.
const KINDS: [(char, usize); 6] = [('S', 15), ('F', 15), ('A', 14), ('D', 3), ('M', 8), ('I', 11)];

/// What is wrong with one line of the table; nothing, where it holds.
fn faults(line: &str, text: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [id, promise, tests, gap] = cells[..] else { return vec![format!("four cells: {line}")] };
    let mut found = Vec::new();
    if promise.is_empty() {
        found.push(format!("{id}: promises nothing"));
    }
    if tests == "–" {
        if gap == "–" {
            found.push(format!("{id}: neither a test nor what is not covered"));
        }
        return found;
    }
    for test in tests.split(", ").map(|test| test.trim_matches('`')) {
        let there = test.split_once("::").is_some_and(|(file, function)| {
            text(file).is_some_and(|text| is_test(&text, function))
        });
        if !there {
            found.push(format!("{id}: no test {test}"));
        }
    }
    found
}

fn lines(table: &str) -> Vec<&str> {
    table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| |")).collect()
}

#[test]
fn every_promise_names_its_tests_or_what_is_not_covered() {
    let table = fs::read_to_string(root().join("docs/promises.md")).unwrap();
    let lines = lines(&table);
    let found: Vec<String> = lines
        .iter()
        .flat_map(|line| faults(line, |file| fs::read_to_string(root().join(file)).ok()))
        .collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    let ids: BTreeSet<String> =
        lines.iter().filter_map(|line| line.split_whitespace().nth(1)).map(str::to_owned).collect();
    let all: BTreeSet<String> = KINDS
        .iter()
        .flat_map(|(kind, count)| (1..=*count).map(move |number| format!("{kind}{number}")))
        .collect();
    assert_eq!((ids, lines.len()), (all.clone(), all.len()));
}

#[test]
fn a_table_that_names_what_is_not_there_is_refused() {
    let text =
        |file: &str| (file == "a.rs").then(|| "#[test]\nfn kept() {}\nfn no() {}".to_owned());
    let found = |line| faults(line, text);
    assert_eq!(found("| S1 | Kept. | `a.rs::kept` | – |"), Vec::<String>::new());
    assert_eq!(found("| S1 | Kept. | `a.rs::no` | – |"), ["S1: no test a.rs::no"]);
    assert_eq!(found("| S1 | Kept. | `b.rs::kept` | – |"), ["S1: no test b.rs::kept"]);
    assert_eq!(found("| S1 | Kept. | – | – |"), ["S1: neither a test nor what is not covered"]);
    assert_eq!(found("| S1 | Kept. | – | not tried |"), Vec::<String>::new());
}
