//! Files that the person asks for by the system's dialog: the history, and what somebody who helps has to know.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::{
    disk::{self, Access, Expected},
    domain::{
        problem::Problem,
        record::{Record, export},
        settings::Settings,
    },
    effects::{World, files, surroundings},
    settings,
};

/// The history as JSON lines. Secrets were masked before they came into the record.
pub async fn history(file: PathBuf, record: Record) -> Result<PathBuf, Problem> {
    write(file, export::json_lines(&record)).await
}

/// What the window tells of itself.
#[derive(Clone, Debug)]
pub struct Told {
    /// What it is drawn with.
    pub window: String,
    pub settings: Settings,
    /// Of the set-up that is open; an empty one where there is none.
    pub record: Record,
}

/// Versions, what this computer offers, the settings and the history: one file, and no secret in it.
pub async fn diagnostics(file: PathBuf, world: World, told: Told) -> Result<PathBuf, Problem> {
    let found = surroundings::look(&world).await;
    let text = format!("{:#}\n", document(&found, &told));
    write(file, text).await
}

fn document(found: &surroundings::Surroundings, told: &Told) -> Value {
    let settings: serde_json::Map<String, Value> = settings::words(&told.settings)
        .into_iter()
        .map(|(key, word)| (key.to_owned(), Value::from(word)))
        .collect();
    json!({
        "program": "poolwright",
        "version": env!("CARGO_PKG_VERSION"),
        "system": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "self_test": {
            "window": told.window,
            "authorities": found.authorities,
            "keychain": found.keychain,
            "data": found.data,
            "data_is_private": found.data_is_private,
        },
        "settings": settings,
        "history": export::json(&told.record),
    })
}

async fn write(file: PathBuf, text: String) -> Result<PathBuf, Problem> {
    files::blocking(move || {
        // The person chose the name, and the dialog asked before it let another file be replaced.
        disk::write(&file, text.as_bytes(), Expected::Anything, Access::Private)
            .map_err(|err| files::disk_problem(&err, "The file was not written."))?;
        Ok(file)
    })
    .await
}
