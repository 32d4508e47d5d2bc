//! Reads the project's folder: what it is built with, what in it needs care, the smallest edit that works.

mod code;
mod env_files;
mod found;
mod leaks;
mod lockfile;
mod package;
mod practices;
mod prisma;
mod walk;

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use crate::domain::{
    client::Client,
    project::{Library, Part, Project, Seen, Stack, Target},
};

use package::Package;
use walk::Files;

/// Asked between two files.
pub type Stopped<'a> = &'a dyn Fn() -> bool;

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

/// Reads the project below `root`, a folder from [`root`].
///
/// `tracked` are the files that git tracks, where it could say.
pub fn scan(
    root: &Path,
    target: &Target,
    tracked: Option<&BTreeSet<PathBuf>>,
    stopped: Stopped<'_>,
) -> Result<Project, ScanError> {
    let files = Files::find(root, stopped)?;
    let packages = Package::all(&files);
    let mut folders: BTreeSet<PathBuf> =
        packages.iter().map(|package| package.folder.clone()).collect();
    folders.insert(PathBuf::new());
    let mut project = Project::new(root);
    let mut found = Vec::new();
    if let Some(package) = prisma::package(&packages, &files) {
        let (client, prisma) = prisma::read(package, &files, &target.direct_key);
        project.client = client;
        project.migrations = prisma.migrations;
        found = prisma.found;
        folders.extend(prisma.schema_folder);
        let code = practices::read(&files, stopped)?;
        found.extend(practices::findings(&packages, &code, client));
        let mut stacks: Vec<Stack> = prisma.stack.into_iter().collect();
        for stack in &mut stacks {
            stack.evidence.extend(practices::clients(&code).map(|(path, line)| Seen {
                what: "PrismaClient".to_owned(),
                file: path.to_owned(),
                line,
            }));
        }
        project.parts.push(Part { folder: package.folder.clone(), stacks });
    } else if let Some((package, pg)) = driver(&packages) {
        project.client = Client::NodePostgres;
        let version = Some(pg.wanted.clone());
        let evidence = vec![package.asks_for(pg)];
        let stacks = vec![Stack { library: Library::NodePostgres, version, evidence }];
        project.parts.push(Part { folder: package.folder.clone(), stacks });
    }
    project.env_files = env_files::find(root, &folders);
    if let Some(tracked) = tracked {
        found.extend(leaks::findings(&files, tracked, stopped)?);
    }
    (project.findings, project.edits) = found::assemble(found);
    Ok(project)
}

fn driver(packages: &[Package]) -> Option<(&Package, &package::Dependency)> {
    packages.iter().find_map(|package| Some((package, package.depends_on("pg")?)))
}
