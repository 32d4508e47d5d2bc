//! Where a secret may not be: looks for it in every form in which it could have been written.

use std::{
    collections::HashSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// So many bytes of a secret as it is are a find. Of other forms it takes as many as nobody writes by chance.
const PIECE: usize = 12;

/// Every piece of every form of some secrets, by length.
pub struct Canaries(Vec<(usize, HashSet<Vec<u8>>)>);

impl Canaries {
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut pieces = Vec::new();
        for secret in secrets {
            // What every token and password of DigitalOcean begins with is no secret.
            let own = secret.trim_start_matches("dop_v1_").trim_start_matches("AVNS_");
            assert!(PIECE < own.len(), "a canary is long enough to be found by its pieces");
            for (form, length) in forms(own) {
                pieces.push((length, form));
            }
        }
        let mut sets: Vec<(usize, HashSet<Vec<u8>>)> = Vec::new();
        for (length, form) in pieces {
            let windows = form.windows(length).map(<[u8]>::to_vec);
            match sets.iter_mut().find(|(of, _)| *of == length) {
                Some((_, set)) => set.extend(windows),
                None => sets.push((length, windows.collect())),
            }
        }
        Self(sets)
    }

    /// Where the first piece of a secret begins.
    pub fn find(&self, bytes: &[u8]) -> Option<usize> {
        self.0.iter().find_map(|(length, pieces)| {
            bytes.windows(*length).position(|window| pieces.contains(window))
        })
    }

    /// Fails where `bytes` hold any of the secrets, without printing it.
    pub fn assert_none_in(&self, what: &str, bytes: &[u8]) {
        if let Some(at) = self.find(bytes) {
            let line = bytes.iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
            panic!("{what} holds a secret, at byte {at}, line {line}");
        }
    }

    /// Every file below `root` but those that `may` hold one; those are open to their owner alone. How many were read.
    pub fn assert_none_below(&self, root: &Path, may: impl Fn(&Path) -> bool) -> usize {
        let mut read = 0;
        for file in files_below(root) {
            self.assert_none_in("the name of a file", file.as_os_str().as_encoded_bytes());
            let bytes = fs::read(&file).unwrap();
            read += 1;
            if !may(&file) {
                self.assert_none_in(&file.display().to_string(), &bytes);
            } else if self.find(&bytes).is_some() {
                let mode = file.metadata().unwrap().permissions().mode() & 0o777;
                assert_eq!(mode & 0o077, 0, "{} is open to others: {mode:o}", file.display());
            }
        }
        read
    }
}

/// Files, sockets and pipes left out; links are not followed.
fn files_below(root: &Path) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![root.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let metadata = path.symlink_metadata().unwrap();
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_file() {
                files.push(path);
            }
        }
    }
    files
}

/// A secret in each form, with the length of a piece that counts.
fn forms(secret: &str) -> Vec<(Vec<u8>, usize)> {
    let bytes = secret.as_bytes();
    let hex = |upper: bool| {
        let digits = |byte: &u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        bytes.iter().map(digits).collect::<String>().into_bytes()
    };
    let percent = |all: bool| {
        let encoded = |byte: &u8| match char::from(*byte) {
            plain if plain.is_ascii_alphanumeric() && !all => plain.to_string(),
            _ => format!("%{byte:02X}"),
        };
        bytes.iter().map(encoded).collect::<String>().into_bytes()
    };
    let mut forms = vec![
        (bytes.to_vec(), PIECE),
        (bytes.iter().rev().copied().collect(), PIECE),
        (percent(false), PIECE),
        (percent(true), 3 * 6),
        (serde_json::to_string(secret).unwrap().trim_matches('"').as_bytes().to_vec(), PIECE),
        (secret.encode_utf16().flat_map(u16::to_le_bytes).collect(), 2 * PIECE),
        (hex(false), 2 * 9),
        (hex(true), 2 * 9),
    ];
    for (standard, skip) in [(true, 0), (true, 1), (true, 2), (false, 0), (false, 1), (false, 2)] {
        let encoded = base64(bytes.get(skip..).unwrap_or_default(), standard);
        forms.push((encoded, 16));
    }
    forms.retain(|(form, length)| *length <= form.len());
    forms
}

/// Whole groups of three alone: what comes before or after a secret does not change them.
fn base64(bytes: &[u8], standard: bool) -> Vec<u8> {
    let last = if standard { b"+/" } else { b"-_" };
    let alphabet: Vec<u8> =
        (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(last.iter().copied()).collect();
    let group = |group: &[u8; 3]| {
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        [18, 12, 6, 0].map(|shift| alphabet[((bits >> shift) & 63) as usize])
    };
    bytes.as_chunks::<3>().0.iter().flat_map(group).collect()
}

#[test]
fn a_secret_is_found_in_every_form_and_in_part() {
    let secret = "AVNS_canary+9/Xq&7=Lw2Zt";
    let canaries = Canaries::new([secret.to_owned()]);
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let found = [
        b"postgresql://u:AVNS_canary+9/Xq&7=Lw2Zt@h".to_vec(),
        b"cut: ry+9/Xq&7=Lw".to_vec(),
        b"postgresql://u:AVNS_canary%2B9%2FXq%267%3DLw2Zt@h".to_vec(),
        // `x:secret`, `xy:secret` and `xyz:secret`, encoded by another program.
        b"eDpBVk5TX2NhbmFyeSs5L1hxJjc9THcyWnQ=".to_vec(),
        b"eHk6QVZOU19jYW5hcnkrOS9YcSY3PUx3Mlp0".to_vec(),
        b"eHl6OkFWTlNfY2FuYXJ5KzkvWHEmNz1MdzJadA==".to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        utf16,
    ];
    for text in found {
        assert!(canaries.find(&text).is_some(), "{}", String::from_utf8_lossy(&text));
    }
    for text in ["AVNS_ and dop_v1_ are no secrets", "canary+9/X", "eDpBVk5T"] {
        assert_eq!(canaries.find(text.as_bytes()), None, "{text}");
    }
}
