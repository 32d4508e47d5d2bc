//! The settings' file: TOML that a person may edit. What another version put into it stays.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, value};

use crate::{
    disk::{self, DiskError},
    domain::{
        proxy::{Address, Proxy},
        settings::{CopiesStay, Look, Motion, Settings, TextSize},
    },
};

/// Nothing of ours is larger.
const LARGEST: u64 = 64 << 10;

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It is there, but can't be read now; it is not to be replaced.
    #[error("the settings can't be read")]
    Closed(#[source] DiskError),
    #[error("the settings are damaged: {0}")]
    Damaged(String),
    #[error("the settings were not written")]
    NotWritten(#[source] DiskError),
    #[error("unable to put the damaged settings aside as {}", .to.display())]
    NotAside { to: PathBuf, source: std::io::Error },
}

const LOOK: &str = "look";
const TEXT: &str = "text-percent";
const MOTION: &str = "motion";
const LETTER_KEYS: &str = "letter-keys";
const COPIES_STAY: &str = "copies-stay-seconds";
const TESTS_START: &str = "tests-start-by-themselves";
/// `system`, `none`, or an address.
const PROXY: &str = "proxy";

/// `None` where there is no file: the first start.
pub fn read(file: &Path) -> Result<Option<Settings>, SettingsError> {
    let Some(bytes) = disk::read(file, LARGEST).map_err(SettingsError::Closed)? else {
        return Ok(None);
    };
    parse(&document(&bytes)?).map(Some).map_err(SettingsError::Damaged)
}

fn proxy(word: &str) -> Result<Proxy, String> {
    match word {
        "system" => Ok(Proxy::System),
        "none" => Ok(Proxy::Straight),
        address => match Address::parse(address) {
            Ok(address) => Ok(Proxy::At(address)),
            Err(why) => Err(format!("{PROXY} is no proxy: {why}")),
        },
    }
}

fn document(bytes: &[u8]) -> Result<DocumentMut, SettingsError> {
    let text = std::str::from_utf8(bytes).map_err(|err| SettingsError::Damaged(err.to_string()))?;
    text.parse().map_err(|err: toml_edit::TomlError| SettingsError::Damaged(err.to_string()))
}

/// A key that is not there has its usual value.
fn parse(document: &DocumentMut) -> Result<Settings, String> {
    let usual = Settings::default();
    let word = |key| match document.get(key) {
        None => Ok(None),
        Some(item) => item.as_str().map(Some).ok_or(format!("{key} is no text")),
    };
    let number = |key| match document.get(key) {
        None => Ok(None),
        Some(item) => item.as_integer().map(Some).ok_or(format!("{key} is no whole number")),
    };
    let switch = |key| match document.get(key) {
        None => Ok(None),
        Some(item) => item.as_bool().map(Some).ok_or(format!("{key} is neither true nor false")),
    };
    Ok(Settings {
        look: one_of(LOOK, word(LOOK)?, &Look::ALL, Look::key)?.unwrap_or(usual.look),
        text: number(TEXT)?.map_or(Ok(usual.text), |percent| {
            TextSize::of_percent(percent).ok_or(format!("{TEXT} is {percent}, not 100, 110 to 200"))
        })?,
        motion: one_of(MOTION, word(MOTION)?, &Motion::ALL, Motion::key)?.unwrap_or(usual.motion),
        letter_keys: switch(LETTER_KEYS)?.unwrap_or(usual.letter_keys),
        tests_start: switch(TESTS_START)?.unwrap_or(usual.tests_start),
        proxy: word(PROXY)?.map_or(Ok(usual.proxy), proxy)?,
        copies_stay: one_of(
            COPIES_STAY,
            number(COPIES_STAY)?,
            &CopiesStay::ALL,
            CopiesStay::seconds,
        )?
        .unwrap_or(usual.copies_stay),
    })
}

fn one_of<T: Copy, K: PartialEq + std::fmt::Debug>(
    key: &str,
    found: Option<K>,
    all: &[T],
    of: fn(T) -> K,
) -> Result<Option<T>, String> {
    let Some(found) = found else { return Ok(None) };
    let known = || all.iter().map(|one| format!("{:?}", of(*one))).collect::<Vec<_>>().join(", ");
    match all.iter().find(|one| of(**one) == found) {
        Some(one) => Ok(Some(*one)),
        None => Err(format!("{key} is {found:?}, not one of {}", known())),
    }
}

/// Changes the values in the file, and nothing else in it. One that can't be read is left alone.
pub fn write(file: &Path, settings: &Settings) -> Result<(), SettingsError> {
    let before = disk::read(file, LARGEST).map_err(SettingsError::Closed)?;
    let mut document = document(before.as_deref().unwrap_or_default())?;
    for (key, value) in values(settings) {
        match document.get_mut(key).and_then(Item::as_value_mut).zip(value.as_value()) {
            Some((old, new)) => {
                // What stands around it, such as a comment, stays.
                let around = old.decor().clone();
                *old = new.clone();
                *old.decor_mut() = around;
            }
            None => {
                document.insert(key, value);
            }
        }
    }
    let expected = before.as_deref().map_or(disk::Expected::NoFile, disk::Expected::Bytes);
    if let Some(folder) = file.parent() {
        disk::private_folder(folder).map_err(SettingsError::NotWritten)?;
    }
    disk::write(file, document.to_string().as_bytes(), expected, disk::Access::Private)
        .map_err(SettingsError::NotWritten)
}

/// As they stand in the file.
fn values(settings: &Settings) -> [(&'static str, Item); 7] {
    let Settings { look, text, motion, letter_keys, copies_stay, tests_start, proxy } = settings;
    let proxy = match proxy {
        Proxy::System => "system",
        Proxy::Straight => "none",
        Proxy::At(address) => address.as_str(),
    };
    [
        (LOOK, value(look.key())),
        (TEXT, value(i64::from(text.percent()))),
        (MOTION, value(motion.key())),
        (LETTER_KEYS, value(*letter_keys)),
        (COPIES_STAY, value(copies_stay.seconds())),
        (TESTS_START, value(*tests_start)),
        (PROXY, value(proxy)),
    ]
}

/// Key and value of each, as text.
pub fn words(settings: &Settings) -> Vec<(&'static str, String)> {
    let word = |item: Item| match item.as_str() {
        Some(text) => text.to_owned(),
        None => item.to_string().trim().to_owned(),
    };
    values(settings).into_iter().map(|(key, item)| (key, word(item))).collect()
}

/// Of one day. More than these, and the last is replaced.
const MOST_ASIDE: usize = 1_000;

/// Renames a damaged file, so that nothing of it is lost: `settings.toml.bad-2026-12-01`.
pub fn put_aside(file: &Path, date: &str) -> Result<PathBuf, SettingsError> {
    let name = |count: usize| {
        let again = if count == 0 { String::new() } else { format!("-{}", count + 1) };
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        file.with_file_name(format!("{name}.bad-{date}{again}"))
    };
    let to = (0..MOST_ASIDE).map(name).find(|to| !to.exists()).unwrap_or_else(|| name(MOST_ASIDE));
    match std::fs::rename(file, &to) {
        Ok(()) => Ok(to),
        Err(source) => Err(SettingsError::NotAside { to, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other() -> Settings {
        Settings {
            look: Look::ContrastDark,
            text: TextSize::of_percent(150).unwrap(),
            motion: Motion::Reduced,
            letter_keys: false,
            copies_stay: CopiesStay::HalfMinute,
            tests_start: false,
            proxy: Proxy::At(Address::parse("proxy.example:3128").unwrap()),
        }
    }

    /// As another program leaves it.
    fn put(file: &Path, text: &str) {
        let access = disk::Access::Private;
        disk::write(file, text.as_bytes(), disk::Expected::Anything, access).unwrap();
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("of ours").join("settings.toml");
        assert_eq!(read(&file).unwrap(), None);
        write(&file, &other()).unwrap();
        assert_eq!(read(&file).unwrap(), Some(other()));
        write(&file, &Settings::default()).unwrap();
        assert_eq!(read(&file).unwrap(), Some(Settings::default()));
    }

    #[test]
    fn comments_and_what_is_not_known_here_stay() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        put(&file, "# mine\nlook = \"dark\" # at night\nfuture = [1, 2]\n");
        write(&file, &Settings { look: Look::Light, ..Settings::default() }).unwrap();
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            "# mine\nlook = \"light\" # at night\nfuture = [1, 2]\ntext-percent = 100\nmotion = \"system\"\nletter-keys = true\ncopies-stay-seconds = 60\ntests-start-by-themselves = true\nproxy = \"system\"\n"
        );
    }

    #[test]
    fn a_damaged_file_is_told_kept_and_never_written_over() {
        for text in [
            "look = ",
            "look = \"neon\"",
            "text-percent = 105",
            "letter-keys = 1",
            "tests-start-by-themselves = 0",
            "\u{feff}[",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("settings.toml");
            put(&file, text);
            let is_damaged = |err| matches!(err, SettingsError::Damaged(_));
            assert!(is_damaged(read(&file).unwrap_err()), "{text}");
            let first = put_aside(&file, "2026-12-01").unwrap();
            put(&file, text);
            let second = put_aside(&file, "2026-12-01").unwrap();
            assert_eq!(first.file_name().unwrap(), "settings.toml.bad-2026-12-01");
            assert_eq!(second.file_name().unwrap(), "settings.toml.bad-2026-12-01-2");
            assert_eq!(std::fs::read_to_string(first).unwrap(), text);
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        put(&file, "look = ");
        write(&file, &other()).unwrap_err();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "look = ");
    }
}
