//! What each package is built with: from its manifests, its lockfiles, and the clients that its code makes.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::domain::{
    client::Client,
    project::{Library, Part, Seen, Stack},
};

use super::{
    lockfile,
    manifest::{self, Ecosystem, Manifest},
    package::{Dependency, Package},
    walk::Files,
};

/// The parts of the project under construction, by folder.
#[derive(Debug, Default)]
pub struct Parts(BTreeMap<PathBuf, Vec<Stack>>);

impl Parts {
    pub fn of(packages: &[Package], manifests: &[&Manifest], files: &Files) -> Self {
        let mut parts = Self::default();
        for package in packages {
            for dependency in &package.dependencies {
                let libraries = manifest::libraries(Ecosystem::Npm, &dependency.name);
                for library in libraries {
                    let seen = package.asks_for(dependency);
                    let exact = lockfile::version(files, &package.folder, &dependency.name);
                    parts.add(&package.folder, *library, dependency, seen, exact);
                }
            }
        }
        for manifest in manifests {
            for dependency in &manifest.dependencies {
                for library in manifest::libraries(manifest.ecosystem, &dependency.name) {
                    let seen = Seen {
                        what: format!("{} {}", dependency.name, dependency.wanted),
                        file: manifest.file.clone(),
                        line: dependency.line,
                    };
                    let folder = manifest.folder();
                    let exact =
                        lockfile::exact(files, folder, manifest.ecosystem, &dependency.name);
                    parts.add(folder, *library, dependency, seen, exact);
                }
            }
        }
        parts
    }

    fn add(
        &mut self,
        folder: &Path,
        library: Library,
        dependency: &Dependency,
        seen: Seen,
        exact: Option<lockfile::Exact>,
    ) {
        let mut evidence = vec![seen];
        let mut version = (dependency.wanted != "*").then(|| dependency.wanted.clone());
        if let Some(exact) = exact {
            version = Some(exact.version);
            evidence.push(exact.seen);
        }
        let stacks = self.0.entry(folder.to_owned()).or_default();
        match stacks.iter_mut().find(|stack| stack.library == library) {
            Some(stack) => {
                stack.version = stack.version.take().or(version);
                stack.evidence.extend(evidence);
            }
            None => stacks.push(Stack { library, version, evidence }),
        }
    }

    pub fn put(&mut self, folder: &Path, stack: Stack) {
        let stacks = self.0.entry(folder.to_owned()).or_default();
        stacks.retain(|other| other.library != stack.library);
        stacks.insert(0, stack);
    }

    /// A client that code makes: evidence for its part, where that has the library.
    pub fn made(&mut self, library: Library, seen: Seen) {
        let Some(folder) = self.owner(&seen.file) else { return };
        let stacks = self.0.entry(folder).or_default();
        if let Some(stack) = stacks.iter_mut().find(|stack| stack.library == library) {
            stack.evidence.push(seen);
        }
    }

    /// The folder of the part that a file belongs to.
    fn owner(&self, file: &Path) -> Option<PathBuf> {
        let around = self.0.keys().filter(|folder| file.starts_with(folder));
        around.max_by_key(|folder| folder.components().count()).cloned()
    }

    /// Does the part of this file have one of these libraries? Where no part is its owner, any part counts.
    pub fn has(&self, file: &Path, libraries: &[Library]) -> bool {
        let has =
            |stacks: &Vec<Stack>| stacks.iter().any(|stack| libraries.contains(&stack.library));
        match self.owner(file).and_then(|folder| self.0.get(&folder)) {
            _ if libraries.is_empty() => true,
            Some(stacks) => has(stacks),
            None => self.0.values().any(has),
        }
    }

    pub fn done(self) -> Vec<Part> {
        let mut parts: Vec<Part> = self
            .0
            .into_iter()
            .filter(|(_, stacks)| !stacks.is_empty())
            .map(|(folder, mut stacks)| {
                stacks.sort_by_key(|stack| stack.library);
                Part { folder, stacks }
            })
            .collect();
        parts.sort_by_key(|part| part.folder.components().count());
        parts
    }
}

/// Whose dialect the set-up's URLs are written in: that of the library that reads the app's variable, of the first
/// part that has one.
pub fn client(parts: &[Part]) -> Client {
    parts.iter().find_map(client_of).unwrap_or(Client::Unknown)
}

/// What stands on a driver goes before the driver.
fn client_of(part: &Part) -> Option<Client> {
    let has = |library: Library| part.stacks.iter().any(|stack| stack.library == library);
    let alchemy =
        if has(Library::Asyncpg) { Client::SqlAlchemyAsyncpg } else { Client::SqlAlchemyPsycopg };
    [
        (Library::Drizzle, Client::Drizzle),
        (Library::TypeOrm, Client::TypeOrm),
        (Library::Knex, Client::Knex),
        (Library::Sequelize, Client::Sequelize),
        (Library::PostgresJs, Client::PostgresJs),
        (Library::NodePostgres, Client::NodePostgres),
        (Library::Django, Client::Django),
        (Library::SqlAlchemy, alchemy),
        (Library::Asyncpg, Client::Asyncpg),
        (Library::Psycopg3, Client::Psycopg3),
        (Library::Psycopg2, Client::Psycopg2),
        (Library::Rails, Client::Rails),
        (Library::RubyPg, Client::Libpq),
        (Library::Laravel, Client::Laravel),
        (Library::Pgx, Client::Pgx),
        (Library::LibPq, Client::GoPq),
        (Library::Spring, Client::Spring),
        (Library::Hikari, Client::Hikari),
        (Library::Jdbc, Client::Hikari),
        (Library::EfCore, Client::EfCore),
        (Library::Npgsql, Client::Npgsql),
        (Library::Sqlx, Client::Sqlx),
        (Library::Diesel, Client::Diesel),
        (Library::TokioPostgres, Client::TokioPostgres),
        (Library::Ecto, Client::Ecto),
        (Library::Postgrex, Client::Ecto),
    ]
    .into_iter()
    .find_map(|(library, client)| has(library).then_some(client))
}
