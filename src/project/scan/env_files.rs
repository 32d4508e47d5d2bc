//! The env files of a project, also those that git ignores.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{domain::env_name, project::files};

/// Env files in the root and in `folders`, relative to the root: the root's first, in reading order, examples last.
pub fn find(root: &Path, folders: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let mut folders: Vec<&PathBuf> = folders.iter().collect();
    folders.sort_by_key(|folder| folder.components().count());
    let (mut found, mut examples) = (Vec::new(), Vec::new());
    for folder in folders {
        for name in names(root, folder) {
            let list = if env_name::is_example(&name) { &mut examples } else { &mut found };
            list.push(folder.join(name));
        }
    }
    found.append(&mut examples);
    found
}

fn names(root: &Path, folder: &Path) -> Vec<String> {
    // A folder that may not be read has no env file for us.
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| env_name::is_env_file(name))
        // A link may lead to a file of the project, and nowhere else.
        .filter(|name| files::locate(root, &folder.join(name)).is_ok_and(|place| place.is_file()))
        .collect();
    names.sort_by(|a, b| env_name::reading_order(a).cmp(&env_name::reading_order(b)));
    names
}
