//! Reads the project's folder: what it is built with, what in it needs care, the smallest edit that works.

mod code;
mod config;
mod drivers;
mod env_files;
mod features;
mod found;
mod hints;
mod languages;
mod lockfile;
mod manifest;
mod package;
mod places;
mod practices;
mod prisma;
mod script_edit;
mod sight;
mod sql;
mod stacks;
mod walk;
mod yaml;

use std::{
    collections::BTreeSet,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use crate::domain::{
    client::Client,
    project::{Finding, Kind, Library, Project, Seen, Target},
};

use code::Code;
use found::Found;
use package::Package;
use sight::{Content, Eye, Sight};
use stacks::Parts;
use walk::Files;

/// How a scan is watched: it is asked whether it is to stop, and tells how many files it has seen. From any thread.
#[derive(Clone, Copy)]
pub struct Progress<'a> {
    pub stopped: &'a (dyn Fn() -> bool + Sync),
    pub seen: &'a (dyn Fn(usize) + Sync),
}

/// Says since when a password has been in git's history.
pub fn with_age(finding: &mut Finding, since: &str) {
    finding.why = format!(
        "It is in git's history since {since}, and stays there when the file is changed. Plan to replace it."
    );
}

#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// The whole file system is no project.
    #[error("{} is the root of the file system", .0.display())]
    Everything(PathBuf),
    /// Names of other encodings can't be shown and chosen again.
    #[error("the name of {} is not UTF-8", .0.display())]
    Name(PathBuf),
    #[error("{} could not be read", .folder.display())]
    Read { folder: PathBuf, source: io::Error },
    #[error("the scan was stopped")]
    Stopped,
}

/// The folder as it really lies on disk.
pub fn root(folder: &Path) -> Result<PathBuf, ScanError> {
    let real = folder.canonicalize().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ScanError::Missing(folder.to_owned()),
        _ => ScanError::Read { folder: folder.to_owned(), source }, // the kinds are open
    })?;
    if !real.is_dir() {
        return Err(ScanError::NotAFolder(folder.to_owned()));
    }
    if real.parent().is_none() {
        return Err(ScanError::Everything(real));
    }
    if real.to_str().is_none() {
        return Err(ScanError::Name(real));
    }
    match real.read_dir() {
        Ok(_) => Ok(real),
        Err(source) => Err(ScanError::Read { folder: real, source }),
    }
}

/// The words that make a file worth reading; `benches/scan` has ripgrep look for the same.
pub fn words(target: &Target) -> Vec<String> {
    sight::words(target).map(str::to_owned).collect()
}

/// Reads the project below `root`, a folder from [`root`].
///
/// `tracked` are the files that git tracks, where it could say.
pub fn scan(
    root: &Path,
    target: &Target,
    tracked: Option<&BTreeSet<OsString>>,
    progress: Progress<'_>,
) -> Result<Project, ScanError> {
    let eye = Eye::new(target, tracked);
    let mut files = Files::find(root, &eye, progress)?;
    if let Some(tracked) = tracked {
        files.look_at_tracked(tracked, &eye);
    }
    let packages = Package::all(&files);
    let mut folders: BTreeSet<PathBuf> =
        packages.iter().map(|package| package.folder.clone()).collect();
    folders.insert(PathBuf::new());
    let manifests: Vec<&manifest::Manifest> = files
        .sights
        .iter()
        .filter_map(|sight| match &sight.content {
            Content::Manifest(manifest) => Some(manifest),
            _ => None, // of another kind
        })
        .collect();
    folders.extend(manifests.iter().map(|manifest| manifest.folder().to_owned()));
    let mut reading = Reading {
        project: Project::new(root),
        parts: Parts::of(&packages, &manifests, &files),
        found: Vec::new(),
        folders,
    };
    reading.prisma(&packages, &files, target);
    reading.code(&files.sights);
    let Reading { mut project, parts, mut found, folders } = reading;
    project.env_files = env_files::find(root, &folders);
    found.extend(leaks(&files.sights));
    project.parts = parts.done();
    if project.client == Client::Unknown {
        project.client = stacks::client(&project.parts);
    }
    (project.findings, project.edits) = found::assemble(found);
    project.places = files.sights.into_iter().flat_map(|sight| sight.places).collect();
    project.left_out = files.left_out;
    Ok(project)
}

/// A project in the course of being read.
struct Reading {
    project: Project,
    parts: Parts,
    found: Vec<Found>,
    /// Where env files may lie.
    folders: BTreeSet<PathBuf>,
}

impl Reading {
    /// Prisma in each package, and what code does with its clients.
    fn prisma(&mut self, packages: &[Package], files: &Files, target: &Target) {
        let first = prisma::package(packages, files);
        let mut clients: Vec<(&Path, Client)> = Vec::new();
        for package in packages.iter().filter(|package| prisma::depends(package)) {
            let is_first = first.is_some_and(|first| first == package);
            let (client, prisma) = prisma::read(package, files, &target.direct_key);
            clients.push((&package.folder, client));
            self.folders.extend(prisma.schema_folder);
            if is_first {
                self.project.client = client;
                self.project.migrations = prisma.migrations;
            }
            if is_first || prisma::has_schema(package, files) {
                self.found.extend(prisma.found);
            }
            if let Some(stack) = prisma.stack {
                self.parts.put(&package.folder, stack);
            }
        }
        let scripts: Vec<(&Path, &Code)> = files
            .sights
            .iter()
            .filter_map(|sight| match &sight.content {
                Content::Script(code) => Some((sight.path.as_path(), code.as_ref())),
                _ => None, // of another kind
            })
            .collect();
        let project_client = self.project.client;
        let client = |package: &Package| {
            let own = clients.iter().find(|(folder, _)| *folder == package.folder);
            own.map_or(project_client, |(_, client)| *client)
        };
        self.found.extend(practices::findings(packages, &scripts, target, &client));
    }

    /// What each file shows by itself.
    fn code(&mut self, sights: &[Sight]) {
        for sight in sights.iter().filter(|sight| !practices::is_aside(&sight.path)) {
            let path = &sight.path;
            let mut sighted = |found: &[drivers::Sighted]| {
                let held = found.iter().filter(|one| self.parts.has(path, one.needs));
                self.found.extend(held.map(|one| one.found.clone()));
            };
            match &sight.content {
                Content::Script(code) => {
                    sighted(&code.sighted);
                    for made in &code.clients {
                        let what = match made.library {
                            Library::Prisma => "PrismaClient",
                            _ => "client", // of the stack it stands under
                        };
                        let seen =
                            Seen { what: what.to_owned(), file: path.clone(), line: made.line };
                        self.parts.made(made.library, seen);
                    }
                }
                Content::Code(read) => {
                    sighted(&read.sighted);
                    for (library, seen) in &read.clients {
                        self.parts.made(*library, seen.clone());
                    }
                }
                Content::Config(found) => sighted(found),
                Content::Sql(found) => self.found.extend(found.iter().cloned()),
                Content::Nothing | Content::Manifest(_) => {}
            }
        }
    }
}

fn leaks(sights: &[Sight]) -> Vec<Found> {
    let leaks = sights.iter().flat_map(|sight| sight.leaks.iter().map(move |leak| (sight, leak)));
    leaks
        .map(|(sight, (line, leak))| {
            Found::new(
                Kind::Secret,
                (&sight.path, *line),
                format!("A {} stands in a file that git tracks.", leak.word()),
                "It stays in the history when the file is changed. Plan to replace it.",
            )
        })
        .collect()
}
