//! The table from the guide to the program: nothing of the guide is left out, and every page and test it names is there.

use std::{collections::BTreeSet, path::Path};

use poolwright::setup::step::StepId;

use crate::named::is_test;

/// One line of `docs/guide-table.md`.
struct Row {
    item: String,
    pages: Vec<StepId>,
    /// File and function.
    tests: Vec<(String, String)>,
}

fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

fn rows() -> Vec<Row> {
    let table = text("docs/guide-table.md");
    let lines = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    lines.map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
    let [item, pages, tests] = cells.as_slice() else { panic!("three cells: {line}") };
    let page = |key: &str| StepId::parse(key).unwrap_or_else(|| panic!("no page {key}: {line}"));
    let test = |name: &str| {
        let name = name.trim_matches('`');
        let (file, function) = name.split_once("::").unwrap_or_else(|| panic!("no test: {line}"));
        (file.to_owned(), function.to_owned())
    };
    Row {
        item: (*item).to_owned(),
        pages: pages.split(", ").map(page).collect(),
        tests: tests.split(", ").map(test).collect(),
    }
}

#[test]
fn every_item_of_the_guide_has_its_page_and_its_tests() {
    let rows = rows();
    let items: BTreeSet<String> =
        text("tests/fixtures/guide-items.txt").lines().map(str::to_owned).collect();
    let covered: BTreeSet<String> = rows.iter().map(|row| row.item.clone()).collect();
    assert_eq!(covered, items);
    assert_eq!(covered.len(), rows.len(), "an item stands twice");
    for row in &rows {
        let pages: Vec<String> =
            row.pages.iter().map(|page| format!("{} {}", page.number(), page.name())).collect();
        let tests: Vec<&str> = row.tests.iter().map(|(_, function)| function.as_str()).collect();
        println!("{:<56} {:<24} {}", row.item, pages.join(", "), tests.join(", "));
        for (file, function) in &row.tests {
            assert!(is_test(&text(file), function), "{}: no test {function} in {file}", row.item);
        }
    }
}

#[test]
fn only_tests_count_as_tests() {
    let source = "#[test]\nfn one() {}\n\n#[tokio::test(flavor = \"multi_thread\")]\nasync fn two() {}\n\nfn three() {}\n";
    let found = ["one", "two", "three", "four"].map(|name| is_test(source, name));
    assert_eq!(found, [true, true, false, false]);
}
