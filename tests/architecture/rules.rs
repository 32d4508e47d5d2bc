//! The rules themselves: each takes the tree and gives its breaches.

use super::source::{Breach, Source, words};

/// The adapters are all that is neither the core, nor a front, nor practice, nor one of the leaves `disk` and `web`.
fn is_adapter(module: &str) -> bool {
    !matches!(
        module,
        "domain"
            | "setup"
            | "effects"
            | "ui"
            | "cli"
            | "practice"
            | "disk"
            | "web"
            | "lib"
            | "main"
    )
}

fn may_use(module: &str, named: &str) -> bool {
    match module {
        "domain" => false,
        "setup" | "disk" | "web" => named == "domain",
        "effects" => !matches!(named, "ui" | "cli" | "practice"),
        "ui" => matches!(named, "domain" | "setup" | "effects"),
        "cli" => matches!(named, "domain" | "setup" | "effects" | "practice"),
        // The simulated account shares no code with the client it is to test.
        "practice" => matches!(named, "domain" | "disk"),
        _ if is_adapter(module) => matches!(named, "domain" | "disk" | "web"),
        _ => true,
    }
}

pub fn layers(sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in sources {
        let module = source.module();
        for (at, named) in source.own_modules() {
            let is_ours = sources.iter().any(|other| other.module() == named);
            if is_ours && named != module && !may_use(module, &named) {
                breaches.push(source.breach(at, format!("`{module}` must not use `{named}`")));
            }
        }
    }
    breaches
}

/// What reads or changes the world outside.
const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::ToSocketAddrs",
    "std::net::UdpSocket",
    "std::env",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "arboard",
    "axum",
    "directories",
    "eframe",
    "egui",
    "fs4",
    "ignore",
    "keyring",
    "keyring_core",
    "postgres_protocol",
    "reqwest",
    "rfd",
    "rustix",
    "rustls",
    "sqlx",
    "tempfile",
    "tokio",
    "tokio_rustls",
    "zbus",
];

const CLOCKS: &[&str] = &["Timestamp::now", "Zoned::now", "Instant::now", "SystemTime::now"];

pub fn purity(sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in sources.iter().filter(|source| matches!(source.module(), "domain" | "setup")) {
        let module = source.module();
        for outside in OUTSIDE {
            for at in source.names(outside) {
                let what = format!("`{module}` is pure and must not use `{outside}`");
                breaches.push(source.breach(at, what));
            }
        }
        for clock in CLOCKS {
            for (at, _) in source.code.match_indices(clock) {
                breaches.push(source.breach(at, format!("`{module}` has no clock: `{clock}`")));
            }
        }
    }
    breaches
}

/// Where each crate may be named: folders of `src` or files.
const HOMES: &[(&str, &[&str])] = &[
    ("egui", &["ui/"]),
    ("eframe", &["ui/"]),
    ("rfd", &["ui/"]),
    ("arboard", &["clipboard.rs"]),
    ("reqwest", &["digitalocean/", "address.rs", "health.rs", "web.rs"]),
    ("sqlx", &["postgres/", "practice/"]),
    ("postgres_protocol", &["postgres/", "practice/"]),
    ("keyring", &["keychain.rs"]),
    ("keyring_core", &["keychain.rs"]),
    ("zbus_secret_service_keyring_store", &["keychain.rs"]),
    ("argon2", &["sealed.rs"]),
    ("axum", &["practice/"]),
    ("rcgen", &["practice/"]),
    ("clap", &["cli/", "main.rs"]),
    ("resvg", &["picture.rs"]),
    ("tree_sitter", &["project/"]),
    ("tree_sitter_typescript", &["project/"]),
];

pub fn crates_at_home(sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in sources {
        for (name, homes) in HOMES {
            if homes.iter().any(|home| source.file.starts_with(home)) {
                continue;
            }
            for at in source.names(name) {
                let what = format!("`{name}` is named in {} only", homes.join(", "));
                breaches.push(source.breach(at, what));
            }
        }
    }
    breaches
}

/// Types that print the password they hold: each is named in one module only. Practice counts for itself.
pub fn one_module_each(sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for wanted in ["url::Url", "PgConnectOptions"] {
        let mut home: Option<&str> = None;
        for source in sources.iter().filter(|source| source.module() != "practice") {
            let first = if wanted.contains("::") {
                source.names(wanted).first().copied()
            } else {
                words(&source.code).find(|(_, word)| *word == wanted).map(|(at, _)| at)
            };
            let Some(at) = first else { continue };
            match home {
                None => home = Some(&source.file),
                Some(home) => {
                    let what = format!("`{wanted}` is named in {home} already");
                    breaches.push(source.breach(at, what));
                }
            }
        }
    }
    breaches
}

pub fn first_lines(sources: &[Source]) -> Vec<Breach> {
    let says_nothing = |source: &&Source| {
        let first = source.text.lines().next().unwrap_or("");
        first.strip_prefix("//! ").is_none_or(|what| what.trim().is_empty())
    };
    let what = "the first line says what the file is for: `//! …`";
    sources.iter().filter(says_nothing).map(|source| source.breach(0, what)).collect()
}

const BANNED: &[&str] = &["util", "utils", "helper", "helpers", "manager", "common", "misc"];

pub fn module_names(sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in sources {
        for name in source.file.trim_end_matches(".rs").split('/') {
            if name.split('_').any(|word| BANNED.contains(&word)) {
                breaches.push(source.breach(0, format!("`{name}` is no noun of the domain")));
            }
        }
    }
    breaches
}

pub fn one_runtime(sources: &[Source]) -> Vec<Breach> {
    let banned =
        ["unbounded_channel", "Arc<Mutex", "Arc<RwLock", "Runtime::new", "new_multi_thread"];
    let mut breaches = Vec::new();
    for source in sources {
        for word in banned {
            if source.file == "main.rs" && matches!(word, "Runtime::new" | "new_multi_thread") {
                continue;
            }
            for (at, _) in source.code.match_indices(word) {
                let what =
                    format!("`{word}`: one runtime, made in main; bounded channels; one owner");
                breaches.push(source.breach(at, what));
            }
        }
    }
    breaches
}

/// A dependency that no code names: it turns features of another one on.
const FOR_ITS_FEATURES: &str = "# for its features";

/// Dependencies of the manifest that code has to name, with the line they stand on.
fn dependencies(manifest: &str) -> Vec<(usize, String)> {
    let mut inside = false;
    let mut found = Vec::new();
    for (number, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            inside = line.trim_end().ends_with("dependencies]");
        } else if inside
            && !line.starts_with([' ', '#'])
            && !line.ends_with(FOR_ITS_FEATURES)
            && let Some((name, _)) = line.split_once('=')
        {
            found.push((number + 1, name.trim().replace('-', "_")));
        }
    }
    found
}

pub fn unused_dependencies(manifest: &str, code: &[String]) -> Vec<Breach> {
    let is_named = |name: &str| code.iter().any(|code| words(code).any(|(_, word)| word == name));
    dependencies(manifest)
        .into_iter()
        .filter(|(_, name)| !is_named(name))
        .map(|(line, name)| Breach {
            file: "Cargo.toml".to_owned(),
            line,
            what: format!("`{name}` is named nowhere in src/ or tests/"),
        })
        .collect()
}
