//! The files among which tools are looked for: names first, texts only where a name is one of a tool's.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ignore::WalkBuilder;

/// Deeper than any project keeps its migrations.
const DEEPEST: usize = 7;
/// More files than this are no project's own.
const MOST: usize = 100_000;
/// Larger than any configuration.
const LARGEST: u64 = 512 * 1024;
const NOT_OURS: [&str; 11] = [
    ".git",
    "node_modules",
    ".venv",
    "venv",
    "__pycache__",
    "site-packages",
    "vendor",
    "target",
    ".next",
    "dist",
    "deps",
];

#[derive(Debug)]
pub(super) struct Places {
    pub root: PathBuf,
    /// Ordinary files relative to the root, sorted.
    files: Vec<PathBuf>,
}

impl Places {
    pub fn of(root: &Path) -> Self {
        let walk = WalkBuilder::new(root)
            .hidden(false)
            .ignore(false)
            .git_global(false)
            .parents(false)
            .require_git(false)
            .follow_links(false)
            .max_depth(Some(DEEPEST))
            .filter_entry(|entry| {
                let name = entry.file_name().to_str();
                entry.depth() == 0 || !name.is_some_and(|name| NOT_OURS.contains(&name))
            })
            .build();
        let files = walk
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
            .filter_map(|entry| Some(entry.path().strip_prefix(root).ok()?.to_owned()));
        let mut files: Vec<PathBuf> = files.take(MOST).collect();
        files.sort();
        Self { root: root.to_owned(), files }
    }

    /// Files of exactly this name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Path> {
        self.matching(move |file| file == name)
    }

    /// Files whose name is accepted.
    pub fn matching<'a>(
        &'a self,
        accepts: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Path> {
        let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        self.files
            .iter()
            .map(PathBuf::as_path)
            .filter(move |path| name(path).is_some_and(|name| accepts(&name)))
    }

    pub fn below<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = &'a Path> {
        self.files.iter().map(PathBuf::as_path).filter(move |path| path.starts_with(folder))
    }

    pub fn contains(&self, path: &Path) -> bool {
        self.files.binary_search_by(|file| file.as_path().cmp(path)).is_ok()
    }

    pub fn text(&self, path: &Path) -> Option<String> {
        let path = self.root.join(path);
        let metadata = path.symlink_metadata().ok()?;
        (metadata.is_file() && metadata.len() <= LARGEST)
            .then(|| fs::read_to_string(path).ok())
            .flatten()
    }

    /// Is it installed in the project? A workspace keeps its programs in a folder above.
    pub fn has_binary(&self, folder: &Path, name: &str) -> bool {
        folder.ancestors().any(|above| {
            let binaries = self.root.join(above).join("node_modules/.bin");
            ["", ".cmd"].iter().any(|end| binaries.join(format!("{name}{end}")).exists())
        })
    }

    /// How the URL in a variable begins where an env file gives it; nothing more of it is looked at.
    pub fn scheme_of(&self, folder: &Path, name: &str) -> Option<String> {
        folder.ancestors().find_map(|above| {
            [".env", ".env.local", ".env.production", ".env.example"].iter().find_map(|file| {
                let text = self.text(&above.join(file))?;
                text.lines().rev().find_map(|line| {
                    let line = line.trim_start();
                    let line = line.strip_prefix("export ").unwrap_or(line);
                    let value = line.strip_prefix(name)?.trim_start().strip_prefix('=')?;
                    let (scheme, _) =
                        value.trim_start().trim_start_matches(['"', '\'']).split_once("://")?;
                    Some(scheme.to_owned())
                })
            })
        })
    }
}

/// The line, from 1, on which a text first has these words.
pub(super) fn line_of(text: &str, words: &str) -> Option<usize> {
    text.lines().position(|line| line.contains(words)).map(|at| at + 1)
}

/// Names that could be variables and stand in quotes, in `${…}` or after `:`, in their order.
pub(super) fn names_in(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut names: Vec<String> = Vec::new();
    for (at, c) in text.char_indices() {
        if !matches!(c, '"' | '\'' | '{' | '`') {
            continue;
        }
        let rest = text.get(at + 1..).unwrap_or_default();
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        let closed = matches!(
            rest.get(end..).and_then(|rest| rest.chars().next()),
            Some('"' | '\'' | '}' | '`' | ':')
        );
        let begins = name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
        let shouts = name.chars().all(|c| !c.is_ascii_lowercase());
        if closed && begins && shouts && 2 < name.len() && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_every_language() {
        let text = "os.environ[\"DB_HOST\"], os.getenv('DB_PORT', '5432'), ENV.fetch(\"DATABASE_URL\") ${PG_URI:-x} \
                    System.get_env(\"POSTGRES_USER\"), {'NAME': 'x', \"name\": \"shop\"}";
        assert_eq!(
            names_in(text),
            ["DB_HOST", "DB_PORT", "DATABASE_URL", "PG_URI", "POSTGRES_USER", "NAME"]
        );
    }

    #[test]
    fn a_line_is_counted_from_one() {
        assert_eq!(line_of("a\nb c\n", "b"), Some(2));
        assert_eq!(line_of("a", "z"), None);
    }
}
