//! The files of a project: what git would see, never out of the folder, links not followed; each is looked at once,
//! on as many threads as there are processors.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};

use ignore::{DirEntry, ParallelVisitor, ParallelVisitorBuilder, WalkBuilder, WalkState};

use crate::domain::project::{LeftOut, Unread};

use super::{Progress, ScanError, sight::Sight};

/// Larger files are not read: no code or configuration written by hand is.
const LARGEST: u64 = 1024 * 1024;

/// Between two pieces of news.
const NEWS_EVERY: usize = 500;

/// Folders that hold what others wrote, or what is built from the project.
const NOT_OURS: [&str; 18] = [
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    ".venv",
    "venv",
    "__pycache__",
    ".next",
    ".turbo",
    "_build",
    "deps",
    "vendor",
    "dist",
    "build",
    "target",
    "obj",
    ".gradle",
    "coverage",
];

/// The ordinary files below a folder.
#[derive(Debug)]
pub struct Files {
    pub root: PathBuf,
    /// Relative to the root, in the order of their bytes: what lies below a folder lies together.
    pub paths: Vec<PathBuf>,
    /// What was seen in them, by path.
    pub sights: Vec<Sight>,
    pub left_out: Vec<LeftOut>,
}

/// How a file is looked at, from its path and its bytes.
pub trait Look: Sync {
    /// Is a file of this name read at all?
    fn wants(&self, path: &Path) -> bool;
    /// `Err` where the bytes are not what they should be.
    fn look(&self, path: &Path, bytes: Vec<u8>) -> Result<Option<Sight>, Unread>;
}

impl Files {
    pub fn find(root: &Path, look: &dyn Look, progress: Progress<'_>) -> Result<Self, ScanError> {
        let in_repository = root.ancestors().any(|folder| folder.join(".git").exists());
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let walk = WalkBuilder::new(root)
            .hidden(false)
            .ignore(false)
            .git_global(false)
            .require_git(false)
            // Rules from above the folder hold only where they belong to the same repository.
            .parents(in_repository)
            .follow_links(false)
            .same_file_system(true)
            .threads(threads)
            .filter_entry(|entry| {
                let name = entry.file_name().to_str();
                entry.depth() == 0
                    || !entry.file_type().is_some_and(|kind| kind.is_dir())
                    || !name.is_some_and(|name| NOT_OURS.contains(&name))
            })
            .build_parallel();
        // Each thread hands in what it saw once, when it ends.
        let (home, seen) = mpsc::sync_channel(threads + 1);
        let count = AtomicUsize::new(0);
        walk.visit(&mut Visitors { root, look, progress, count: &count, home });
        let mut files = Self {
            root: root.to_owned(),
            paths: Vec::new(),
            sights: Vec::new(),
            left_out: Vec::new(),
        };
        for batch in seen.try_iter() {
            files.take(batch);
        }
        if (progress.stopped)() {
            return Err(ScanError::Stopped);
        }
        files.paths.sort_unstable_by(|a, b| bytes(a).cmp(bytes(b)));
        files.sights.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        files.left_out.sort_unstable_by(|a, b| a.file.cmp(&b.file));
        Ok(files)
    }

    fn take(&mut self, batch: Batch) {
        self.paths.extend(batch.paths);
        self.sights.extend(batch.sights);
        self.left_out.extend(batch.left_out);
    }

    /// Looks at files that git tracks although it ignores them, too.
    pub fn look_at_tracked(&mut self, tracked: &BTreeSet<OsString>, look: &dyn Look) {
        for path in tracked.iter().map(Path::new) {
            if self.contains(path) {
                continue;
            }
            let is_ours =
                !path.iter().any(|part| part.to_str().is_some_and(|part| NOT_OURS.contains(&part)));
            // A folder that was replaced by a link would lead out of the project.
            let is_real = || {
                let folder = self.root.join(path.parent().unwrap_or(Path::new("")));
                folder.canonicalize().is_ok_and(|real| real == folder)
            };
            if is_ours && is_real() {
                let is_file = self
                    .root
                    .join(path)
                    .symlink_metadata()
                    .is_ok_and(|metadata| metadata.is_file());
                if is_file && let Ok(bytes) = read(&self.root.join(path), LARGEST) {
                    self.sights.extend(look.look(path, bytes).ok().flatten());
                }
            }
        }
    }

    pub fn contains(&self, path: &Path) -> bool {
        self.paths.binary_search_by(|other| bytes(other).cmp(bytes(path))).is_ok()
    }

    /// The files below a folder, itself excluded.
    pub fn below<'a>(&'a self, folder: &Path) -> impl Iterator<Item = &'a Path> {
        let mut begin = folder.as_os_str().to_owned();
        if !begin.is_empty() {
            begin.push(std::path::MAIN_SEPARATOR_STR);
        }
        let begin = begin.into_encoded_bytes();
        let first = self.paths.partition_point(|path| bytes(path) < begin.as_slice());
        let rest = self.paths.iter().skip(first).map(PathBuf::as_path);
        rest.take_while(move |path| bytes(path).starts_with(&begin))
    }

    pub fn text(&self, path: &Path) -> Option<String> {
        self.text_up_to(path, LARGEST)
    }

    /// `None` for what is no ordinary UTF-8 file of at most `largest` bytes.
    pub fn text_up_to(&self, path: &Path, largest: u64) -> Option<String> {
        if !self.contains(path) {
            return None;
        }
        let bytes = read(&self.root.join(path), largest).ok()?;
        String::from_utf8(bytes).ok()
    }
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

fn read(path: &Path, largest: u64) -> Result<Vec<u8>, Unread> {
    let file = File::open(path).map_err(|err| no_access(&err))?;
    let length = file.metadata().map_err(|err| no_access(&err))?.len();
    if largest < length {
        return Err(Unread::TooLarge);
    }
    // With room for its end as well, it is read at once.
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
    file.take(largest + 1).read_to_end(&mut bytes).map_err(|err| no_access(&err))?;
    if largest < bytes.len() as u64 { Err(Unread::TooLarge) } else { Ok(bytes) }
}

fn no_access(err: &std::io::Error) -> Unread {
    tracing::debug!(%err, "left out of the scan");
    Unread::NoAccess
}

/// What one thread saw.
#[derive(Debug, Default)]
struct Batch {
    paths: Vec<PathBuf>,
    sights: Vec<Sight>,
    left_out: Vec<LeftOut>,
}

struct Visitors<'s> {
    root: &'s Path,
    look: &'s dyn Look,
    progress: Progress<'s>,
    count: &'s AtomicUsize,
    home: mpsc::SyncSender<Batch>,
}

impl<'s> ParallelVisitorBuilder<'s> for Visitors<'s> {
    fn build(&mut self) -> Box<dyn ParallelVisitor + 's> {
        Box::new(Visitor {
            root: self.root,
            look: self.look,
            progress: self.progress,
            count: self.count,
            home: self.home.clone(),
            batch: Batch::default(),
        })
    }
}

struct Visitor<'s> {
    root: &'s Path,
    look: &'s dyn Look,
    progress: Progress<'s>,
    count: &'s AtomicUsize,
    home: mpsc::SyncSender<Batch>,
    batch: Batch,
}

impl ParallelVisitor for Visitor<'_> {
    fn visit(&mut self, entry: Result<DirEntry, ignore::Error>) -> WalkState {
        if (self.progress.stopped)() {
            return WalkState::Quit;
        }
        match entry {
            Ok(entry) => self.entry(&entry),
            // A folder that may not be entered does not stop the scan.
            Err(err) => self.refused(&err),
        }
        WalkState::Continue
    }
}

impl Visitor<'_> {
    fn entry(&mut self, entry: &DirEntry) {
        let Ok(path) = entry.path().strip_prefix(self.root) else { return };
        let Some(kind) = entry.file_type() else { return };
        if kind.is_symlink() {
            let leads_to_folder = entry.path().is_dir();
            if leads_to_folder || self.look.wants(path) {
                self.leave_out(path, Unread::Link);
            }
        } else if kind.is_file() {
            let before = self.count.fetch_add(1, Ordering::Relaxed);
            if before.is_multiple_of(NEWS_EVERY) {
                (self.progress.seen)(before);
            }
            if self.look.wants(path) {
                match read(entry.path(), LARGEST).and_then(|bytes| self.look.look(path, bytes)) {
                    Ok(sight) => self.batch.sights.extend(sight),
                    Err(reason) => self.leave_out(path, reason),
                }
            }
            self.batch.paths.push(path.to_owned());
        }
    }

    fn leave_out(&mut self, path: &Path, reason: Unread) {
        self.batch.left_out.push(LeftOut { file: path.to_owned(), reason });
    }

    fn refused(&mut self, err: &ignore::Error) {
        tracing::debug!(%err, "left out of the scan");
        if let Some(path) = path_of(err)
            && let Ok(path) = path.strip_prefix(self.root)
        {
            let path = path.to_owned();
            self.leave_out(&path, Unread::NoAccess);
        }
    }
}

fn path_of(err: &ignore::Error) -> Option<&Path> {
    match err {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        _ => None, // says nothing of a place
    }
}

impl Drop for Visitor<'_> {
    fn drop(&mut self) {
        // There is room for one batch of each thread.
        self.home.try_send(std::mem::take(&mut self.batch)).ok();
    }
}

/// Has the file one of these extensions?
pub fn ends(path: &Path, extensions: &[&str]) -> bool {
    path.extension().and_then(|end| end.to_str()).is_some_and(|end| extensions.contains(&end))
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
