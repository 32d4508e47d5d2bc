//! Tokens and passwords in files that git tracks.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::domain::{leak, project::Kind};

use super::{ScanError, Stopped, found::Found, walk::Files};

pub fn findings(
    files: &Files,
    tracked: &BTreeSet<PathBuf>,
    stopped: Stopped<'_>,
) -> Result<Vec<Found>, ScanError> {
    let mut findings = Vec::new();
    let mut folders = BTreeMap::new();
    for path in tracked {
        if stopped() {
            return Err(ScanError::Stopped);
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        // A folder that was replaced by a link would lead out of the project.
        let is_real = folders.entry(folder).or_insert_with(|| {
            let folder = files.root.join(folder);
            folder.canonicalize().is_ok_and(|real| real == folder)
        });
        if !*is_real {
            continue;
        }
        let Some(text) = files.text(path) else { continue };
        for (line, leak) in leak::in_text(&text) {
            findings.push(Found::new(
                Kind::Secret,
                (path, line),
                format!("A {} stands in a file that git tracks.", leak.word()),
                "It stays in the history when the file is changed. Plan to replace it.",
            ));
        }
    }
    Ok(findings)
}
