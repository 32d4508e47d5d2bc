//! The folder of saved set-ups: a file for each, written whole or not at all, and a lock beside it while it is open.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use crate::disk::{self, Access, DiskError, Expected};

/// An hour of samples of a busy server is some megabytes.
const LARGEST: u64 = 64 << 20;

/// A saved set-up as it lies in the folder.
#[derive(Debug)]
pub struct Found {
    pub id: String,
    /// In a copy of the program that runs now.
    pub open_elsewhere: bool,
    pub bytes: Result<Vec<u8>, DiskError>,
}

#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    #[error("the set-up is open in another window")]
    OpenElsewhere,
    #[error("the set-up is not there any more")]
    Gone,
    #[error("{} is no name of a set-up", .0)]
    Name(String),
    #[error(transparent)]
    Disk(DiskError),
}

/// One set-up that this copy of the program has open. Let go with the end of the program, however it ends.
#[derive(Debug)]
pub struct Held {
    folder: PathBuf,
    id: String,
    _lock: File,
}

impl Held {
    /// A new one; nothing is written yet.
    pub fn new(folder: &Path) -> Result<Self, SavedError> {
        disk::private_folder(folder).map_err(SavedError::Disk)?;
        let id = uuid::Uuid::new_v4().simple().to_string();
        let lock = lock(folder, &id)?;
        Ok(Self { folder: folder.to_owned(), id, _lock: lock })
    }

    /// One that is there, with what stands in it.
    pub fn open(folder: &Path, id: &str) -> Result<(Self, Vec<u8>), SavedError> {
        if !is_id(id) {
            return Err(SavedError::Name(id.to_owned()));
        }
        let lock = lock(folder, id)?;
        let bytes = disk::read(&file(folder, id), LARGEST).map_err(SavedError::Disk)?;
        let held = Self { folder: folder.to_owned(), id: id.to_owned(), _lock: lock };
        bytes.map(|bytes| (held, bytes)).ok_or(SavedError::Gone)
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn write(&self, bytes: &[u8]) -> Result<(), DiskError> {
        disk::write(&file(&self.folder, &self.id), bytes, Expected::Anything, Access::Private)
    }

    /// Takes it off the list for good.
    pub fn remove(&self) -> Result<(), DiskError> {
        disk::remove(&file(&self.folder, &self.id))
    }

    /// Puts a file aside that can't be read, so that nothing writes over it; where it lies then.
    pub fn put_aside(&self, date: &str) -> Result<PathBuf, DiskError> {
        let from = file(&self.folder, &self.id);
        let name = |number: u32| {
            let number = if number == 0 { String::new() } else { format!("-{number}") };
            self.folder.join(format!("{}.json.bad-{date}{number}", self.id))
        };
        let mut names = (0..).map(name);
        let to = names.find(|to| !to.exists()).unwrap_or_else(|| name(0));
        fs::rename(&from, &to).map_err(|source| DiskError::Io {
            act: "put aside",
            path: from,
            source,
        })?;
        Ok(to)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Of one that was never written, or was removed. A lock file that stays is no harm.
        if !file(&self.folder, &self.id).exists() {
            fs::remove_file(lock_file(&self.folder, &self.id)).ok();
        }
    }
}

/// Every set-up in the folder.
pub fn list(folder: &Path) -> Result<Vec<Found>, DiskError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(DiskError::Io { act: "read", path: folder.to_owned(), source });
        }
    };
    // What is left of a write that was stopped is no set-up.
    disk::sweep(folder, std::time::Duration::from_secs(60)).ok();
    let id = |path: PathBuf| {
        let id = path.file_name()?.to_str()?.strip_suffix(".json")?.to_owned();
        is_id(&id).then_some(id)
    };
    let ids = entries.filter_map(|entry| id(entry.ok()?.path()));
    let found = |id: String| {
        let bytes = disk::read(&file(folder, &id), LARGEST).transpose()?;
        Some(Found { open_elsewhere: is_locked(folder, &id), id, bytes })
    };
    Ok(ids.filter_map(found).collect())
}

/// Held by the first copy of the program for as long as it runs; `None`: there is another one.
pub fn first_copy(folder: &Path) -> Result<Option<File>, SavedError> {
    disk::private_folder(folder).map_err(SavedError::Disk)?;
    match lock(folder, "running") {
        Ok(lock) => Ok(Some(lock)),
        Err(SavedError::OpenElsewhere) => Ok(None),
        Err(err) => Err(err),
    }
}

fn file(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.json"))
}

fn lock_file(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.lock"))
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn lock(folder: &Path, id: &str) -> Result<File, SavedError> {
    let path = lock_file(folder, id);
    let failed =
        |source| SavedError::Disk(DiskError::Io { act: "lock", path: path.clone(), source });
    let lock = File::create(&path).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(SavedError::OpenElsewhere),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn is_locked(folder: &Path, id: &str) -> bool {
    match File::open(lock_file(folder, id)) {
        Ok(lock) => matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)),
        Err(_) => false, // without a lock file nobody has it open
    }
}
