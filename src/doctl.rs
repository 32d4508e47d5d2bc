//! The sign-in of DigitalOcean's own command line, doctl: read when the person asks for it, never written.

use std::path::{Path, PathBuf};

use zeroize::Zeroize as _;

use crate::{
    disk::{self, DiskError},
    domain::{login::Login, secret::Secret},
};

#[derive(Debug, thiserror::Error)]
pub enum DoctlError {
    #[error("doctl's file was not read")]
    Unreadable(#[source] DiskError),
    #[error("doctl's file is not text")]
    NotText,
}

/// doctl's file is a few lines; what is larger is something else.
const LARGEST: u64 = 256 * 1024;

/// Where doctl keeps its sign-in. `None` where this user has no home.
pub fn place() -> Option<PathBuf> {
    let folders = directories::BaseDirs::new()?;
    Some(folders.config_dir().join("doctl").join("config.yaml"))
}

/// The contexts that have a token, the current one first. Empty where doctl was never signed in.
pub fn logins(file: &Path) -> Result<Vec<Login>, DoctlError> {
    let bytes = match disk::read(file, LARGEST) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(Vec::new()),
        Err(err) => return Err(DoctlError::Unreadable(err)),
    };
    // The bytes hold tokens, so the library's error, which shows them, is not kept.
    let Ok(mut text) = String::from_utf8(bytes) else { return Err(DoctlError::NotText) };
    let logins = read(&text);
    text.zeroize();
    Ok(logins)
}

/// doctl writes two plain levels: `access-token: …`, `context: …`, and `auth-contexts:` with one indented line for each.
fn read(text: &str) -> Vec<Login> {
    let mut current = DEFAULT.to_owned();
    let mut found: Vec<(String, Secret)> = Vec::new();
    let mut in_contexts = false;
    for line in text.lines() {
        let Some((key, value)) = entry(line) else { continue };
        let indented = line.starts_with([' ', '\t']);
        if !indented {
            in_contexts = key == "auth-contexts";
        }
        match (indented, key) {
            (false, "access-token") => found.push((DEFAULT.to_owned(), Secret::new(value))),
            (false, "context") if !value.is_empty() => value.clone_into(&mut current),
            (true, name) if in_contexts => found.push((name.to_owned(), Secret::new(value))),
            _ => {} // a setting of a command
        }
    }
    let mut logins: Vec<Login> = found
        .into_iter()
        .filter(|(_, token)| !token.is_empty())
        .map(|(context, token)| Login { current: context == current, context, token })
        .collect();
    logins.sort_by_key(|login| !login.current);
    logins
}

/// doctl's name for the context whose token stands at the top level.
const DEFAULT: &str = "default";

fn entry(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let (key, value) = line.split_once(':')?;
    let bare = |text| -> &str {
        let text: &str = text;
        let text = text.trim();
        let quoted = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
        quoted('"').or_else(|| quoted('\'')).unwrap_or(text)
    };
    Some((bare(key), bare(value))).filter(|(_, value)| *value != "{}")
}

/// Whether there is something to ask for; the file is not opened.
pub fn is_there() -> bool {
    place().is_some_and(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(String, bool, String)> {
        let plain = |login: Login| (login.context, login.current, login.token.expose().to_owned());
        read(text).into_iter().map(plain).collect()
    }

    #[test]
    fn every_context_is_found_and_the_current_one_first() {
        let text = "access-token: dop_v1_one\napi-url: \"\"\nauth-contexts:\n  staging: dop_v1_two\n  'the shop': \"dop_v1_three\"\n  empty: \"\"\ncompute:\n  droplet:\n    create:\n      staging: no\ncontext: staging\noutput: text\n";
        let login = |name: &str, current, token: &str| (name.to_owned(), current, token.to_owned());
        assert_eq!(
            names(text),
            [
                login("staging", true, "dop_v1_two"),
                login("default", false, "dop_v1_one"),
                login("the shop", false, "dop_v1_three"),
            ]
        );
    }

    #[test]
    fn a_file_without_a_sign_in_gives_none() {
        for text in ["", "access-token: \"\"\nauth-contexts: {}\ncontext: default\n", "# x: y\n"] {
            assert_eq!(names(text), []);
        }
    }

    #[test]
    fn no_debug_shows_a_token() {
        let printed = format!("{:?}", read("access-token: dop_v1_canary\n"));
        assert!(!printed.contains("canary"), "{printed}");
    }
}
