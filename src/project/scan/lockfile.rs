//! Lockfiles of npm, pnpm, Yarn and Bun: the exact version of a package.

use std::path::Path;

use serde_json::Value;

use crate::domain::project::Seen;

use super::{manifest::Ecosystem, walk::Files};

/// Lockfiles are written by programs and grow larger than what people write.
const LARGEST: u64 = 32 * 1024 * 1024;

const NAMES: [&str; 5] =
    ["package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock"];

/// A version that is installed, and where it stands.
pub struct Exact {
    pub version: String,
    pub seen: Seen,
}

/// The version that a lockfile of another language names.
pub fn exact(files: &Files, folder: &Path, ecosystem: Ecosystem, name: &str) -> Option<Exact> {
    let names: &[&str] = match ecosystem {
        Ecosystem::Python => &["poetry.lock", "uv.lock"],
        Ecosystem::Rust => &["Cargo.lock"],
        Ecosystem::Ruby => &["Gemfile.lock"],
        Ecosystem::Php => &["composer.lock"],
        Ecosystem::Elixir => &["mix.lock"],
        // Their manifests name what is used.
        Ecosystem::Npm | Ecosystem::Go | Ecosystem::Java | Ecosystem::Net => return None,
    };
    let mut locks = folder
        .ancestors()
        .flat_map(|folder| names.iter().map(move |file| folder.join(file)))
        .filter(|file| files.contains(file));
    let file = locks.next()?;
    let text = files.text_up_to(&file, LARGEST)?;
    let (line, version) = match ecosystem {
        Ecosystem::Ruby => between(&text, &format!("    {name} ("), ")"),
        Ecosystem::Elixir => {
            let line = text.lines().position(|line| line.contains(&format!("\"{name}\": {{")))?;
            let version = text.lines().nth(line)?.split('"').nth(3)?;
            Some((line + 1, version.to_owned()))
        }
        Ecosystem::Php => below(&text, &format!("\"name\": \"{name}\""), "\"version\": \""),
        _ => below(&text, &format!("name = \"{name}\""), "version = \""), // of one form
    }?;
    let seen = Seen { what: format!("{name} {version}"), file, line };
    Some(Exact { version, seen })
}

/// In the line that begins so.
fn between(text: &str, begin: &str, end: &str) -> Option<(usize, String)> {
    text.lines().enumerate().find_map(|(at, line)| {
        let (version, _) = line.strip_prefix(begin)?.split_once(end)?;
        version.starts_with(|c: char| c.is_ascii_digit()).then(|| (at + 1, version.to_owned()))
    })
}

/// In the line after that of the name.
fn below(text: &str, name: &str, begin: &str) -> Option<(usize, String)> {
    let at = text.lines().position(|line| line.trim().trim_end_matches(',') == name)?;
    let (_, rest) = text.lines().nth(at + 1)?.split_once(begin)?;
    Some((at + 2, rest.split('"').next()?.trim_start_matches('v').to_owned()))
}

/// The version in the nearest lockfile from `folder` up.
pub fn version(files: &Files, folder: &Path, name: &str) -> Option<Exact> {
    for folder_above in folder.ancestors() {
        for file in NAMES.map(|file| folder_above.join(file)) {
            if !files.contains(&file) {
                continue;
            }
            let text = files.text_up_to(&file, LARGEST)?;
            let below = folder.strip_prefix(folder_above).unwrap_or(folder);
            let found = match file.file_name()?.to_str()? {
                "pnpm-lock.yaml" | "bun.lock" => beside_at_sign(&text, name),
                "yarn.lock" => yarn(&text, name),
                _ => npm(&text, below, name), // the two names of npm's
            };
            let version = found?;
            let seen = Seen {
                what: format!("{name} {version}"),
                line: line_of(&text, name, &version),
                file,
            };
            return Some(Exact { version, seen });
        }
    }
    None
}

/// The line of the version: the first that has it after one that has the name.
fn line_of(text: &str, name: &str, version: &str) -> usize {
    let mut lines = text.lines().enumerate().skip_while(|(_, line)| !line.contains(name));
    lines.find(|(_, line)| line.contains(version)).map_or(1, |(at, _)| at + 1)
}

/// A workspace may have a version of its own.
fn npm(text: &str, below: &Path, name: &str) -> Option<String> {
    let lock: Value = serde_json::from_str(text).ok()?;
    let below = below.to_str()?.replace('\\', "/");
    let own = format!("{below}/node_modules/{name}");
    let hoisted = format!("node_modules/{name}");
    let packages = lock.get("packages");
    let entry = packages
        .and_then(|packages| packages.get(own).or_else(|| packages.get(hoisted)))
        .or_else(|| lock.get("dependencies")?.get(name))?;
    Some(entry.get("version")?.as_str()?.to_owned())
}

/// `/prisma@6.19.3:`, `'@prisma/client@6.19.3(…)':`, `["prisma@6.19.3", …`.
fn beside_at_sign(text: &str, name: &str) -> Option<String> {
    let wanted = format!("{name}@");
    text.match_indices(&wanted).find_map(|(at, _)| {
        let before = text.get(..at)?.chars().next_back();
        if before.is_some_and(|c| !matches!(c, ' ' | '\n' | '/' | '\'' | '"')) {
            return None;
        }
        // `@prisma/client@` ends like a package `client`.
        let scope = text.get(..at)?.rsplit(['\n', ' ', '\'', '"']).next()?;
        if scope.trim_start_matches('/').starts_with('@') {
            return None;
        }
        version_at(text.get(at + wanted.len()..)?)
    })
}

/// A heading with the wishes, then `version "6.19.3"` or `version: 6.19.3`.
fn yarn(text: &str, name: &str) -> Option<String> {
    let wanted = format!("{name}@");
    let mut lines = text.lines();
    lines.find(|line| {
        let mut wishes = line.split(", ");
        line.ends_with(':') && wishes.any(|wish| wish.trim_start_matches('"').starts_with(&wanted))
    })?;
    let version = lines.next()?.trim_start().strip_prefix("version")?;
    version_at(version.trim_start_matches([':', ' ', '"']))
}

fn version_at(text: &str) -> Option<String> {
    let version: String = text
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'))
        .collect();
    version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npm_names_the_version_of_the_workspace_first() {
        let lock = r#"{ "packages": {
            "": { "version": "1.0.0" },
            "node_modules/prisma": { "version": "6.19.3" },
            "apps/web/node_modules/prisma": { "version": "7.1.0" } } }"#;

        assert_eq!(npm(lock, Path::new(""), "prisma").as_deref(), Some("6.19.3"));
        assert_eq!(npm(lock, Path::new("apps/web"), "prisma").as_deref(), Some("7.1.0"));
        let old = r#"{ "dependencies": { "prisma": { "version": "4.9.0" } } }"#;
        assert_eq!(npm(old, Path::new(""), "prisma").as_deref(), Some("4.9.0"));
    }

    #[test]
    fn pnpm_and_bun_name_it_beside_the_at_sign() {
        let pnpm = "packages:\n\n  '@prisma/client@6.19.3(prisma@6.19.2)':\n    resolution: {}\n\n  client@1.0.0:\n\n  prisma@6.19.2(typescript@5.9.0):\n";
        assert_eq!(beside_at_sign(pnpm, "@prisma/client").as_deref(), Some("6.19.3"));
        assert_eq!(beside_at_sign(pnpm, "client").as_deref(), Some("1.0.0"));
        assert_eq!(beside_at_sign(pnpm, "prisma").as_deref(), Some("6.19.2"));
        let bun = "\"prisma\": [\"prisma@7.0.0-rc.1\", \"\", {}],\n";
        assert_eq!(beside_at_sign(bun, "prisma").as_deref(), Some("7.0.0-rc.1"));
        assert_eq!(beside_at_sign(bun, "pg"), None);
    }

    #[test]
    fn yarn_names_it_below_the_wishes() {
        let classic = "\"@prisma/client@^6\", \"@prisma/client@^6.19.0\":\n  version \"6.19.3\"\n\nprisma@^6.19.0:\n  version \"6.19.2\"\n  dependencies:\n    pg@^8:\n";
        assert_eq!(yarn(classic, "@prisma/client").as_deref(), Some("6.19.3"));
        assert_eq!(yarn(classic, "prisma").as_deref(), Some("6.19.2"));
        assert_eq!(yarn(classic, "pg"), None);
        let berry = "\"prisma@npm:^6.19.0\":\n  version: 6.19.1\n";
        assert_eq!(yarn(berry, "prisma").as_deref(), Some("6.19.1"));
    }
}
