//! Reads the project's folder: what it is built with, what in it needs care, the smallest edit that works.

mod code;
mod env_files;
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

use crate::domain::stack::{Client, Project};

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
/// `direct_key` names the variable of the direct URL, `tracked` the files that git tracks, where it could say.
pub fn scan(
    root: &Path,
    direct_key: &str,
    tracked: Option<&BTreeSet<PathBuf>>,
    stopped: Stopped<'_>,
) -> Result<Project, ScanError> {
    let files = Files::find(root, stopped)?;
    let packages = Package::all(&files);
    let mut folders: BTreeSet<PathBuf> =
        packages.iter().map(|package| package.folder.clone()).collect();
    folders.insert(PathBuf::new());
    let mut project = Project {
        root: root.to_owned(),
        client: Client::Unknown,
        evidence: Vec::new(),
        migrations: None,
        env_files: Vec::new(),
        findings: Vec::new(),
        edits: Vec::new(),
    };
    if let Some(package) = prisma::package(&packages, &files) {
        let (client, found) = prisma::read(package, &files, direct_key);
        project.client = client;
        project.evidence = found.evidence;
        project.migrations = found.migrations;
        project.findings = found.findings;
        project.edits = found.edits;
        folders.extend(found.schema_folder);
        let code = practices::read(&files, stopped)?;
        project.findings.extend(practices::findings(&packages, &code, client));
        project.evidence.extend(
            practices::clients(&code)
                .map(|(path, line)| format!("PrismaClient in {}:{line}", path.display())),
        );
    } else {
        (project.client, project.evidence) = without_prisma(&packages);
    }
    project.env_files = env_files::find(root, &folders);
    if let Some(tracked) = tracked {
        project.findings.extend(leaks::findings(&files, tracked, stopped)?);
    }
    project.findings.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    Ok(project)
}

fn without_prisma(packages: &[Package]) -> (Client, Vec<String>) {
    let driver = packages.iter().find_map(|package| Some((package, package.depends_on("pg")?)));
    match driver {
        Some((package, pg)) => (
            Client::NodePostgres,
            vec![format!(
                "node-postgres {} in {}:{}",
                pg.wanted,
                package.file().display(),
                pg.line
            )],
        ),
        None => (
            Client::Unknown,
            vec!["No client that Poolwright knows; the env files get plain URLs".to_owned()],
        ),
    }
}
