//! Reads a migrations folder: Prisma's directories with their lock file, or plain numbered `.sql` files. Scripts are read
//! one at a time, when they are needed.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    disk,
    domain::{
        migration::{
            Entry, Layout, Script, lock_provider, order,
            script::{BadText, was_recorded_as},
        },
        prisma_schema,
    },
};

/// PostgreSQL takes no longer message.
const LARGEST: u64 = 1024 * 1024 * 1024 - 1024;

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    #[error("{} could not be read", .path.display())]
    Read { path: PathBuf, source: io::Error },
    /// P3015.
    #[error("{} does not exist", .0.display())]
    NoScript(PathBuf),
    /// P3019, with what the lock file names.
    #[error("migration_lock.toml names the provider {0}")]
    Provider(String),
    #[error("{} is larger than 1 GiB", .0.display())]
    TooLarge(PathBuf),
    #[error("{} is not UTF-8 text", .path.display())]
    NotText { path: PathBuf, bad: BadText },
    /// Made by Prisma 8, which keeps its history in another way.
    #[error("{} was made by Prisma 8", .0.display())]
    Prisma8(PathBuf),
    /// Its files mean something else to the tool they were made for.
    #[error("{} was made for {tool}", .path.display())]
    OtherTool { path: PathBuf, tool: &'static str },
}

/// What the folder holds, without the scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    pub path: PathBuf,
    pub layout: Layout,
    /// In the order in which they run.
    pub entries: Vec<Entry>,
    /// Schemas of the database that the Prisma schema beside the folder names.
    pub schemas: Vec<String>,
}

/// Lists the folder. The lock file is checked, the scripts are not.
pub fn list(folder: &Path) -> Result<Folder, FolderError> {
    let mut directories = Vec::new();
    let mut files = Vec::new();
    let listing = match std::fs::read_dir(folder) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => {
            return Err(FolderError::Missing(folder.to_owned()));
        }
        listing => listing.map_err(at(folder))?,
    };
    for entry in listing {
        let entry = entry.map_err(at(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // A link is neither: Prisma does not follow those.
        let kind = entry.file_type().map_err(at(&entry.path()))?;
        if kind.is_dir() {
            let has_script = entry.path().join(PRISMA_SCRIPT).is_file();
            directories.push(Entry { name, has_script });
        } else if kind.is_file() {
            files.push(name);
        }
    }
    check_lock(folder)?;
    let numbered: Vec<Entry> =
        files.iter().filter(|name| is_numbered(name)).map(Entry::new).collect();
    let is_prisma = files.iter().any(|name| name == PRISMA_LOCK)
        || directories.iter().any(|entry| entry.has_script)
        || numbered.is_empty();
    let mut schemas = Vec::new();
    let (layout, mut entries) =
        if is_prisma { (Layout::Prisma, directories) } else { (Layout::Plain, numbered) };
    match layout {
        Layout::Prisma => {
            refuse_prisma_8(folder, &entries)?;
            schemas = schemas_beside(folder);
            order::as_prisma(&mut entries, |entry| &entry.name);
        }
        Layout::Plain => {
            refuse_other_tools(folder, &entries)?;
            order::by_number(&mut entries, |entry| &entry.name);
        }
    }
    Ok(Folder { path: folder.to_owned(), layout, entries, schemas })
}

const PRISMA_SCRIPT: &str = "migration.sql";
const PRISMA_LOCK: &str = "migration_lock.toml";

/// A Prisma schema is one file, or all `.prisma` files of its folder. What can't be read names none.
fn schemas_beside(folder: &Path) -> Vec<String> {
    let beside = folder.parent().and_then(|parent| std::fs::read_dir(parent).ok()).into_iter();
    let files = beside.flatten().flatten().map(|entry| entry.path());
    let schemas = files.filter(|file| file.extension().is_some_and(|it| it == "prisma"));
    let texts =
        schemas.filter_map(|file| String::from_utf8(disk::read(&file, 1 << 20).ok()??).ok());
    texts
        .flat_map(|text| prisma_schema::datasources(&text))
        .flat_map(|datasource| datasource.schemas().to_vec())
        .collect()
}

/// Not the way back, not what an editor or a Mac leaves behind.
fn is_numbered(name: &str) -> bool {
    let name = Path::new(name);
    let ends = |path: &Path, wanted: &str| {
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
    };
    let stem = name.file_stem().map_or(name, Path::new);
    let is_hidden = stem.to_string_lossy().starts_with('.');
    let goes_back = ["down", "undo"].iter().any(|way| ends(stem, way) || stem == Path::new(way));
    ends(name, "sql") && !is_hidden && !goes_back
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Read { path, source }
}

fn check_lock(folder: &Path) -> Result<(), FolderError> {
    let path = folder.join(PRISMA_LOCK);
    match std::fs::read(&path) {
        Ok(bytes) => lock_provider(&String::from_utf8_lossy(&bytes)).map_err(FolderError::Provider),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(FolderError::Read { path, source }),
    }
}

fn refuse_prisma_8(folder: &Path, entries: &[Entry]) -> Result<(), FolderError> {
    let newer = entries.iter().filter(|entry| !entry.has_script).find(|entry| {
        let directory = folder.join(&entry.name);
        ["ops.json", "migration.json"].iter().any(|file| directory.join(file).is_file())
    });
    newer.map_or(Ok(()), |entry| Err(FolderError::Prisma8(folder.join(&entry.name))))
}

/// Folders whose tool keeps a ledger of its own, by a file that only that tool makes.
const SIGNS: [(&str, &str); 4] = [
    ("meta/_journal.json", "Drizzle"),
    ("atlas.sum", "Atlas"),
    ("../config.toml", "Supabase"),
    ("../../supabase/config.toml", "Supabase"),
];

fn refuse_other_tools(folder: &Path, entries: &[Entry]) -> Result<(), FolderError> {
    let refused = |path: PathBuf, tool: &'static str| Err(FolderError::OtherTool { path, tool });
    for (sign, tool) in SIGNS {
        if folder.join(sign).is_file() {
            return refused(folder.to_owned(), tool);
        }
    }
    for entry in entries {
        let path = folder.join(&entry.name);
        if is_flyway(&entry.name) {
            return refused(path, "Flyway");
        }
        if let Some(tool) = tool_of(&head(&path)?) {
            return refused(path, tool);
        }
    }
    Ok(())
}

/// `V1__init.sql`, and the ways back and repeatable ones that go with them.
fn is_flyway(name: &str) -> bool {
    let versioned = name.strip_prefix(['V', 'U', 'B']);
    let version = versioned.and_then(|rest| rest.split_once("__")).map(|(version, _)| version);
    version.is_some_and(|version| {
        !version.is_empty() && version.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '_'))
    }) || name.starts_with("R__")
}

/// Comments that divide one file into the way there and the way back; run as plain SQL, it would do both.
const MARKS: [(&str, &str); 6] = [
    ("-- +goose", "goose"),
    ("-- +migrate", "sql-migrate"),
    ("-- migrate:up", "dbmate"),
    ("-- up migration", "node-pg-migrate"),
    ("-- down migration", "node-pg-migrate"),
    ("--liquibase formatted sql", "Liquibase"),
];

fn tool_of(head: &str) -> Option<&'static str> {
    let lines = head.lines().map(|line| line.trim().to_ascii_lowercase());
    lines.filter(|line| line.starts_with("--")).find_map(|line| {
        MARKS.iter().find(|(mark, _)| line.starts_with(mark)).map(|(_, tool)| *tool)
    })
}

/// The beginning of a file, where tools put their marks.
fn head(path: &Path) -> Result<String, FolderError> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(at(path))?;
    file.take(16 * 1024).read_to_end(&mut bytes).map_err(at(path))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Folder {
    /// Where it is, without what is in it.
    pub fn place(&self) -> Self {
        let (path, layout) = (self.path.clone(), self.layout);
        Self { path, layout, entries: Vec::new(), schemas: Vec::new() }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        match self.layout {
            Layout::Prisma => self.path.join(name).join(PRISMA_SCRIPT),
            Layout::Plain => self.path.join(name),
        }
    }

    /// One script, to be run.
    pub fn script(&self, name: &str) -> Result<Script, FolderError> {
        let path = self.file(name);
        let bytes = read(&path)?;
        Script::read(name, bytes).map_err(|bad| FolderError::NotText { path, bad })
    }

    /// Applied ones whose file is not the one that was recorded. One file is in memory at a time.
    pub fn edited(&self, applied: &[(Entry, Vec<String>)]) -> Result<Vec<String>, FolderError> {
        let mut edited = Vec::new();
        for (entry, recorded) in applied.iter().filter(|(entry, _)| entry.has_script) {
            let bytes = read(&self.file(&entry.name))?;
            // As Prisma reads it: what is not UTF-8 becomes a replacement character, and is hashed as such.
            let sql = String::from_utf8_lossy(&bytes);
            if !recorded.iter().any(|recorded| was_recorded_as(&sql, recorded)) {
                edited.push(entry.name.clone());
            }
        }
        Ok(edited)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, FolderError> {
    let metadata = match std::fs::metadata(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => {
            return Err(FolderError::NoScript(path.to_owned()));
        }
        metadata => metadata.map_err(at(path))?,
    };
    if LARGEST < metadata.len() {
        return Err(FolderError::TooLarge(path.to_owned()));
    }
    std::fs::read(path).map_err(at(path))
}
