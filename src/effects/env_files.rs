//! Step 8: reads and writes env files.

use std::path::{Path, PathBuf};

use crate::{
    domain::{problem::Problem, secret::Secret},
    effects::{World, files},
    project::{self, git},
    setup::steps::env_files::{Effect, EnvFile, Msg, Write},
};

pub(super) async fn run(effect: Effect, world: &World) -> Result<Msg, Problem> {
    match effect {
        Effect::Read { root, files } => {
            let mut read = Vec::new();
            for file in files {
                read.push(read_one(&root, file).await?);
            }
            Ok(Msg::Files(read))
        }
        Effect::Write { root, writes } => {
            let writes = writes
                .into_iter()
                .map(|Write { file, before, after, what }| files::Write {
                    file,
                    before,
                    after,
                    what,
                })
                .collect();
            files::write(&root, writes, world).await.map(Msg::Written)
        }
    }
}

async fn read_one(root: &Path, file: PathBuf) -> Result<EnvFile, Problem> {
    let (text, place) = {
        let (root, file) = (root.to_owned(), file.clone());
        files::blocking(move || text(&root, &file)).await?
    };
    let tracked = git::tracks(&place).await;
    let ignored = git::ignores(root, &place).await;
    Ok(EnvFile { file, text, tracked, ignored })
}

/// The text, and where the file really stands: git is asked about that one.
fn text(root: &Path, file: &Path) -> Result<(Option<Secret>, PathBuf), Problem> {
    let refused = |err| files::problem(&err, "Nothing was changed.");
    let place = project::files::locate(root, file).map_err(refused)?;
    let Some(bytes) = project::files::read(root, file).map_err(refused)? else {
        return Ok((None, place));
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok((Some(Secret::new(text)), place)),
        // The error would carry the bytes.
        Err(_) => Err(Problem::new(
            "encoding",
            format!("{} is not UTF-8 text.", place.display()),
            "Env files in other encodings are read differently by every tool. Nothing was changed.",
        )
        .hint("Save it as UTF-8, or leave it out")),
    }
}
