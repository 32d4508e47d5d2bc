//! `package.json`: what a package depends on, with the lines that say so, and the version its lockfile names.

use std::path::{Path, PathBuf};

use crate::{
    domain::project::Seen,
    project::script::{Script, line},
};

use super::{lockfile, walk::Files};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Relative to the root; empty for the root's own.
    pub folder: PathBuf,
    pub dependencies: Vec<Dependency>,
    /// `prisma.schema`, read by Prisma up to 6.
    pub schema: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    pub name: String,
    /// `^6.19.0`, `latest`, `workspace:*`.
    pub wanted: String,
    /// From 1.
    pub line: usize,
}

/// A version as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub major: u32,
    pub minor: Option<u32>,
    /// `6.19.3`, or what the manifest asks for.
    pub text: String,
    pub evidence: Vec<Seen>,
}

impl Package {
    pub fn file(&self) -> PathBuf {
        self.folder.join("package.json")
    }

    pub fn depends_on(&self, name: &str) -> Option<&Dependency> {
        self.dependencies.iter().find(|dependency| dependency.name == name)
    }

    /// Every package of the project, the root's own first.
    pub fn all(files: &Files) -> Vec<Self> {
        let manifests = files.paths.iter().filter(|path| path.ends_with("package.json"));
        let mut packages: Vec<Self> = manifests
            .filter_map(|path| Some(Self::read(path.parent()?, &files.text(path)?)))
            .collect();
        packages
            .sort_by_key(|package| (package.folder.components().count(), package.folder.clone()));
        packages
    }

    fn read(folder: &Path, text: &str) -> Self {
        let mut package =
            Self { folder: folder.to_owned(), dependencies: Vec::new(), schema: None };
        let Some(json) = Script::json(text) else { return package };
        for pair in json.of_kind("pair") {
            let value = pair.child_by_field_name("value").and_then(|value| json.string(value));
            let Some(value) = value else { continue };
            match json.path(pair).as_slice() {
                ["dependencies" | "devDependencies", name] => {
                    package.dependencies.push(Dependency {
                        name: (*name).to_owned(),
                        wanted: value.to_owned(),
                        line: line(pair),
                    });
                }
                ["prisma", "schema"] => package.schema = Some(value.to_owned()),
                _ => {} // says nothing about the database
            }
        }
        package
    }

    pub fn asks_for(&self, dependency: &Dependency) -> Seen {
        Seen {
            what: format!("{} {}", dependency.name, dependency.wanted),
            file: self.file(),
            line: dependency.line,
        }
    }

    /// The exact version of a dependency where a lockfile names it, else what `package.json` asks for.
    pub fn version(&self, dependency: &Dependency, files: &Files) -> Option<Version> {
        let mut evidence = vec![self.asks_for(dependency)];
        let text = match lockfile::version(files, &self.folder, &dependency.name) {
            Some(exact) => {
                evidence.push(exact.seen);
                exact.version
            }
            None => dependency.wanted.clone(),
        };
        let (major, minor) = numbers(&text)?;
        Some(Version { major, minor, text, evidence })
    }
}

/// The package that a file belongs to: the one in the nearest folder above it.
pub fn owner<'a>(packages: &'a [Package], file: &Path) -> Option<&'a Package> {
    packages
        .iter()
        .filter(|package| file.starts_with(&package.folder))
        .max_by_key(|package| package.folder.components().count())
}

/// Major and minor of `^6.19.0`, `>=5 <7` (the lower), `npm:prisma@6.1.0`; `None` for `latest` and `workspace:*`.
fn numbers(version: &str) -> Option<(u32, Option<u32>)> {
    let version = version.rsplit_once('@').map_or(version, |(_, version)| version);
    let mut parts = version
        .trim_start_matches(|c: char| !c.is_ascii_digit())
        .split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next().and_then(|minor| minor.parse().ok())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_found_with_their_lines() {
        let text = r#"{
  "name": "shop",
  "scripts": { "prisma": "prisma generate", "dependencies": "no" },
  "dependencies": {
    "@prisma/client": "^6.19.0"
  },
  "devDependencies": { "prisma": "^6.19.0" },
  "prisma": { "schema": "db/schema.prisma", "seed": "tsx seed.ts" }
}"#;

        let package = Package::read(Path::new("apps/web"), text);

        let dependency = |name: &str, line| Dependency {
            name: name.to_owned(),
            wanted: "^6.19.0".to_owned(),
            line,
        };
        assert_eq!(
            package.dependencies,
            [dependency("@prisma/client", 5), dependency("prisma", 7)]
        );
        assert_eq!(package.schema.as_deref(), Some("db/schema.prisma"));
    }

    #[test]
    fn a_version_is_read_from_every_form_of_a_wish() {
        for (wanted, expected) in [
            ("^6.19.0", Some((6, Some(19)))),
            ("~4.9", Some((4, Some(9)))),
            ("7", Some((7, None))),
            (">=5.2.0 <7", Some((5, Some(2)))),
            ("8.0.0-rc.5", Some((8, Some(0)))),
            ("npm:prisma@6.1.0", Some((6, Some(1)))),
            ("6.x", Some((6, None))),
            ("latest", None),
            ("workspace:*", None),
            ("catalog:", None),
        ] {
            assert_eq!(numbers(wanted), expected, "{wanted}");
        }
    }
}
