//! The files of a project: what git would see, never out of the folder, links not followed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ignore::WalkBuilder;

use super::{ScanError, Stopped};

/// Larger files are not read: no code or configuration written by hand is.
const LARGEST: u64 = 1024 * 1024;

/// Folders that hold what others wrote, or what is built from the project.
const NOT_OURS: [&str; 12] = [
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    ".venv",
    "venv",
    "__pycache__",
    ".next",
    ".turbo",
    "dist",
    "build",
    "coverage",
];

/// The ordinary files below a folder.
#[derive(Debug)]
pub struct Files {
    pub root: PathBuf,
    /// Relative to the root, sorted.
    pub paths: Vec<PathBuf>,
}

impl Files {
    pub fn find(root: &Path, stopped: Stopped<'_>) -> Result<Self, ScanError> {
        let mut paths = Vec::new();
        let in_repository = root.ancestors().any(|folder| folder.join(".git").exists());
        let walk = WalkBuilder::new(root)
            .hidden(false)
            .ignore(false)
            .git_global(false)
            .require_git(false)
            // Rules from above the folder hold only where they belong to the same repository.
            .parents(in_repository)
            .follow_links(false)
            .same_file_system(true)
            .filter_entry(|entry| {
                let name = entry.file_name().to_str();
                entry.depth() == 0 || !name.is_some_and(|name| NOT_OURS.contains(&name))
            })
            .build();
        for entry in walk {
            if stopped() {
                return Err(ScanError::Stopped);
            }
            match entry {
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                    paths.extend(entry.path().strip_prefix(root).ok().map(Path::to_owned));
                }
                Ok(_) => {}
                // A folder that may not be entered does not stop the scan.
                Err(err) => tracing::debug!(%err, "left out of the scan"),
            }
        }
        paths.sort();
        Ok(Self { root: root.to_owned(), paths })
    }

    pub fn contains(&self, path: &Path) -> bool {
        self.paths.binary_search_by(|other| other.as_path().cmp(path)).is_ok()
    }

    /// The files below a folder, itself excluded.
    pub fn below<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = &'a Path> {
        self.paths.iter().map(PathBuf::as_path).filter(move |path| path.starts_with(folder))
    }

    pub fn text(&self, path: &Path) -> Option<String> {
        self.text_up_to(path, LARGEST)
    }

    /// `None` for what is no ordinary UTF-8 file of at most `largest` bytes.
    pub fn text_up_to(&self, path: &Path, largest: u64) -> Option<String> {
        let path = self.root.join(path);
        // Asked of the link itself.
        let metadata = path.symlink_metadata().ok()?;
        if !metadata.is_file() || largest < metadata.len() {
            return None;
        }
        fs::read_to_string(path).ok()
    }
}

/// A path of the project without `.` and `..`; `None` where it leads out of the project.
pub fn inside(folder: &Path, path: &str) -> Option<PathBuf> {
    use std::path::Component;
    let mut clean = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !clean.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_cleaned_and_never_leads_out() {
        let inside = |folder: &str, path: &str| inside(Path::new(folder), path);
        assert_eq!(inside("apps/web", "./prisma/../db"), Some("apps/web/db".into()));
        assert_eq!(inside("apps/web", "../../db"), Some("db".into()));
        assert_eq!(inside("apps/web", "../../../db"), None);
        assert_eq!(inside("", "/etc/passwd"), None);
    }
}
