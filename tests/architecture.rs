//! The dependency rules of ARCHITECTURE.md, read from `src/**`: each breach is named with file and line.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "test helpers"
)]

#[path = "named.rs"]
mod named;
#[path = "architecture/promises.rs"]
mod promises;
#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/source.rs"]
mod source;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use source::{Breach, Source, without_comments};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return files };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// All of `src/` but the files that are compiled for tests only.
fn tree() -> Vec<Source> {
    let src = root().join("src");
    let files: Vec<Source> = rust_files(&src)
        .iter()
        .map(|path| {
            let name = path.strip_prefix(&src).unwrap().to_str().unwrap();
            Source::new(name, &fs::read_to_string(path).unwrap())
        })
        .collect();
    let tests_only: BTreeSet<String> = files.iter().flat_map(Source::test_files).collect();
    files.into_iter().filter(|source| !tests_only.contains(&source.file)).collect()
}

fn assert_none(breaches: &[Breach]) {
    let list: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "\n{}\n", list.join("\n"));
}

#[test]
fn each_module_uses_only_those_it_may() {
    assert_none(&rules::layers(&tree()));
}

#[test]
fn domain_and_setup_do_no_io_and_ask_no_clock() {
    assert_none(&rules::purity(&tree()));
}

#[test]
fn each_crate_is_named_only_where_it_belongs() {
    assert_none(&rules::crates_at_home(&tree()));
}

#[test]
fn types_that_could_print_a_password_are_named_in_one_module() {
    assert_none(&rules::one_module_each(&tree()));
}

#[test]
fn every_file_says_on_its_first_line_what_it_is_for() {
    let mut sources = tree();
    for path in rust_files(&root().join("tests")) {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        if !name.contains("/fixtures/") {
            sources.push(Source::new(&format!("../{name}"), &fs::read_to_string(&path).unwrap()));
        }
    }
    assert_none(&rules::first_lines(&sources));
}

#[test]
fn modules_are_nouns_of_the_domain() {
    assert_none(&rules::module_names(&tree()));
}

#[test]
fn there_is_one_runtime_and_state_has_one_owner() {
    assert_none(&rules::one_runtime(&tree()));
}

#[test]
fn there_is_one_implementation_of_tls() {
    let read = |file: &str| fs::read_to_string(root().join(file)).unwrap();
    let (rules, lock) = (read("deny.toml"), read("Cargo.lock"));
    let denied = rules.lines().find_map(|line| line.strip_prefix("deny = [")).unwrap();
    let denied: Vec<&str> = denied.split('"').skip(1).step_by(2).collect();
    assert!(denied.contains(&"openssl"), "{denied:?}");
    assert!(lock.contains("name = \"ring\""), "what is denied is looked for as it stands here");
    for name in denied {
        assert!(!lock.contains(&format!("name = \"{name}\"")), "{name} is in the tree");
    }
}

#[test]
fn every_dependency_is_used() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut code: Vec<String> = Vec::new();
    for folder in ["src", "tests", "benches", "examples"] {
        for path in rust_files(&root().join(folder)) {
            code.push(without_comments(&fs::read_to_string(path).unwrap()));
        }
    }
    assert_none(&rules::unused_dependencies(&manifest, &code));
}

#[cfg(test)]
mod each_rule_can_fail {
    use super::{rules::*, source::*};

    const DOMAIN: (&str, &str) = ("domain/pool.rs", "//! Pools.\n");

    /// The breaches of a tree of these files, as text.
    fn found(rule: fn(&[Source]) -> Vec<Breach>, files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> =
            files.iter().map(|(file, text)| Source::new(file, text)).collect();
        rule(&sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_layer_that_looks_up() {
        let setup = ("setup/mod.rs", "//! Core.\nuse crate::domain::pool;\n");
        let upwards = [
            ("domain/bad.rs", "//! Bad.\n\nuse crate::{domain::pool, setup::Setup};\n"),
            ("domain/bad.rs", "//! Bad.\n\ntype A = super::super::setup::Setup;\n"),
        ];
        for bad in upwards {
            assert_eq!(
                found(layers, &[DOMAIN, setup, bad]),
                ["src/domain/bad.rs:3: `domain` must not use `setup`"]
            );
        }
    }

    #[test]
    fn an_adapter_that_knows_another() {
        let files = [
            DOMAIN,
            ("disk.rs", "//! Disk.\n"),
            ("postgres/mod.rs", "//! PG.\nuse crate::disk;\nuse crate::domain;\n"),
            ("saved.rs", "//! Saved.\nuse crate::postgres::wire;\n"),
        ];
        assert_eq!(found(layers, &files), ["src/saved.rs:2: `saved` must not use `postgres`"]);
    }

    #[test]
    fn a_front_that_knows_an_adapter() {
        let files = [
            ("postgres/mod.rs", "//! PG.\n"),
            ("effects/mod.rs", "//! Effects.\nuse crate::postgres;\n"),
            ("ui/mod.rs", "//! UI.\nuse crate::effects;\n// crate::postgres\n"),
            ("cli/mod.rs", "//! CLI.\nfn f() { crate::postgres::go(\"crate::effects\") }\n"),
        ];
        assert_eq!(found(layers, &files), ["src/cli/mod.rs:2: `cli` must not use `postgres`"]);
    }

    #[test]
    fn a_product_path_that_knows_practice() {
        let files = [
            ("practice/mod.rs", "//! Practice.\n"),
            ("effects/app.rs", "//! App.\nuse crate::practice::Account;\n"),
            ("main.rs", "//! Main.\nuse poolwright::practice;\n"),
        ];
        assert_eq!(
            found(layers, &files),
            ["src/effects/app.rs:2: `effects` must not use `practice`"]
        );
    }

    #[test]
    fn a_core_that_reads_a_file_or_the_clock() {
        let files = [(
            "setup/mod.rs",
            "//! Core.\nuse std::{fmt, fs};\nfn f() { jiff::Timestamp::now(); }\n// std::net\nlet u = \"std::env\";\n",
        )];
        assert_eq!(
            found(purity, &files),
            [
                "src/setup/mod.rs:2: `setup` is pure and must not use `std::fs`",
                "src/setup/mod.rs:3: `setup` has no clock: `Timestamp::now`",
            ]
        );
    }

    #[test]
    fn a_core_that_does_io_after_its_tests() {
        let text =
            "//! Core.\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\nuse std::net::TcpStream;\n";
        assert_eq!(
            found(purity, &[("setup/mod.rs", text)]),
            ["src/setup/mod.rs:6: `setup` is pure and must not use `std::net::TcpStream`"]
        );
    }

    #[test]
    fn a_crate_away_from_home() {
        let files = [
            ("ui/app.rs", "//! App.\nuse egui::Ui;\n"),
            ("cli/mod.rs", "//! CLI.\nlet sqlx = 1;\nuse egui;\nfn f() { keyring::go() }\n"),
        ];
        assert_eq!(
            found(crates_at_home, &files),
            [
                "src/cli/mod.rs:3: `egui` is named in ui/ only",
                "src/cli/mod.rs:4: `keyring` is named in keychain.rs only",
            ]
        );
    }

    #[test]
    fn connection_options_in_two_modules() {
        let files = [
            ("postgres/connect.rs", "//! C.\nuse sqlx::postgres::PgConnectOptions;\n"),
            ("postgres/load.rs", "//! L.\nfn f(_: &sqlx::postgres::PgConnectOptions) {}\n"),
        ];
        assert_eq!(
            found(one_module_each, &files),
            ["src/postgres/load.rs:2: `PgConnectOptions` is named in postgres/connect.rs already"]
        );
    }

    #[test]
    fn a_file_without_its_first_line() {
        let files = [("disk.rs", "use std::fs;\n"), ("main.rs", "//! \n"), DOMAIN];
        assert_eq!(
            found(first_lines, &files),
            [
                "src/disk.rs:1: the first line says what the file is for: `//! …`",
                "src/main.rs:1: the first line says what the file is for: `//! …`",
            ]
        );
    }

    #[test]
    fn a_module_called_helpers() {
        let files = [("ui/kit/draw_helpers.rs", "//! H.\n"), DOMAIN];
        assert_eq!(
            found(module_names, &files),
            ["src/ui/kit/draw_helpers.rs:1: `draw_helpers` is no noun of the domain"]
        );
    }

    #[test]
    fn a_second_runtime_or_a_shared_lock() {
        let files = [
            ("main.rs", "//! M.\nfn main() { Runtime::new() }\n"),
            ("effects/runner.rs", "//! R.\ntype S = Arc<Mutex<u8>>;\n"),
        ];
        assert_eq!(
            found(one_runtime, &files),
            [
                "src/effects/runner.rs:2: `Arc<Mutex`: one runtime, made in main; bounded channels; one owner"
            ]
        );
    }

    #[test]
    fn a_dependency_that_nothing_names() {
        let manifest = "[dependencies]\nserde = \"1\"\nfutures-util = { version = \"0.3\" }\n\n[features]\nx = []\n";
        let code = [without_comments("use serde::Serialize; // futures_util")];
        let breaches = unused_dependencies(manifest, &code);
        assert_eq!(
            breaches.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["Cargo.toml:3: `futures_util` is named nowhere in src/ or tests/"]
        );
    }

    #[test]
    fn strings_and_comments_are_not_code() {
        let text = "let a = \"egui\"; // egui\nlet b = r#\"egui \"x\" \"#; /* egui */ let c: &'static str = '\"'; egui::x\n";
        let code = without_comments(text);
        assert_eq!((code.len(), code.matches("egui").count()), (text.len(), 1));
    }
}
