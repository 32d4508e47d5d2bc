//! A script's text: read strictly, hashed as Prisma hashes it, and places in it.

use sha2::{Digest as _, Sha256};

/// One migration with its script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub name: String,
    pub sql: String,
    /// Lower-case hex SHA-256 of the script as UTF-8.
    pub checksum: String,
}

/// Line and column, both from 1, counted in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    pub line: usize,
    pub column: usize,
}

/// Bytes that are no text PostgreSQL could take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadText {
    /// Two bytes per letter, as some Windows programs save.
    Utf16,
    NotUtf8(Spot),
    Nul(Spot),
}

impl Script {
    pub fn new(name: impl Into<String>, sql: impl Into<String>) -> Self {
        let sql = sql.into();
        let checksum = checksum(&sql);
        Self { name: name.into(), sql, checksum }
    }

    /// Takes the bytes over without a copy. A byte order mark stays, as Prisma leaves it.
    pub fn read(name: impl Into<String>, bytes: Vec<u8>) -> Result<Self, BadText> {
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            return Err(BadText::Utf16);
        }
        let sql = String::from_utf8(bytes).map_err(|err| {
            let valid = err.utf8_error().valid_up_to();
            let before = err.as_bytes().get(..valid).unwrap_or_default();
            BadText::NotUtf8(end_of(&String::from_utf8_lossy(before)))
        })?;
        match sql.find('\0') {
            Some(at) => Err(BadText::Nul(spot(&sql, at))),
            None => Ok(Self::new(name, sql)),
        }
    }
}

/// More of a script than this is not shown: laying it out would take longer than running it.
const SHOWN: usize = 1024 * 1024;

impl Script {
    /// The script with as much of its text as can be looked at.
    pub fn shown(mut self) -> Self {
        if SHOWN < self.sql.len() {
            let rest = self.sql.split_off(self.sql.floor_char_boundary(SHOWN));
            self.sql.shrink_to_fit();
            let megabytes = rest.len().div_ceil(1_000_000);
            self.sql.extend(["\n-- Another ", &megabytes.to_string(), " MB are not shown.\n"]);
        }
        self
    }
}

/// Where the byte offset `at` lies in `text`.
pub fn spot(text: &str, at: usize) -> Spot {
    end_of(text.get(..at).unwrap_or(text))
}

/// The byte offset of a character position that the server counts from 1.
pub fn offset(text: &str, position: usize) -> usize {
    text.char_indices().nth(position.saturating_sub(1)).map_or(text.len(), |(at, _)| at)
}

fn end_of(text: &str) -> Spot {
    let line = 1 + text.bytes().filter(|byte| *byte == b'\n').count();
    let last = text.rsplit('\n').next().unwrap_or(text);
    Spot { line, column: 1 + last.chars().count() }
}

/// Lower-case hex SHA-256 of the text as UTF-8, nothing normalised.
pub fn checksum(sql: &str) -> String {
    hex(sql, |byte| format!("{byte:02x}"))
}

/// Is this what was recorded? Line ends may have changed on the way through git; Prisma tolerates both. Its first versions
/// wrote bytes below 16 with one digit.
pub fn was_recorded_as(sql: &str, recorded: &str) -> bool {
    let same = |text: &str| {
        if recorded.len() == 64 {
            recorded == checksum(text)
        } else {
            recorded == hex(text, |byte| format!("{byte:x}"))
        }
    };
    if same(sql) {
        return true;
    }
    let unix = sql.replace("\r\n", "\n");
    same(&unix) || same(&unix.replace('\n', "\r\n"))
}

fn hex(text: &str, digits: impl Fn(&u8) -> String) -> String {
    Sha256::digest(text.as_bytes()).iter().map(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_plain_sha_256() {
        assert_eq!(
            checksum("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(checksum("").len(), 64);
    }

    #[test]
    fn other_line_ends_are_no_edit() {
        let recorded = checksum("CREATE TABLE a();\n");
        assert!(was_recorded_as("CREATE TABLE a();\r\n", &recorded));
        assert!(was_recorded_as("a\nb", &checksum("a\r\nb")));
        assert!(!was_recorded_as("CREATE TABLE a(b int);\n", &recorded));
    }

    #[test]
    fn checksums_without_leading_zeros_are_known() {
        let old = hex("abc", |byte| format!("{byte:x}"));
        assert!(old.len() < 64);
        assert!(was_recorded_as("abc", &old));
        assert!(!was_recorded_as("abd", &old));
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_place() {
        let read = |bytes: &[u8]| Script::read("x", bytes.to_vec()).map(|script| script.sql);
        let at = |line, column| Spot { line, column };
        assert_eq!(read(b"select 1;\n-- \xE9"), Err(BadText::NotUtf8(at(2, 4))));
        assert_eq!(read(b"a\0b"), Err(BadText::Nul(at(1, 2))));
        assert_eq!(read(b"\xFF\xFEs\0"), Err(BadText::Utf16));
        assert_eq!(read("\u{feff}select 1".as_bytes()), Ok("\u{feff}select 1".to_owned()));
    }

    #[test]
    fn a_long_script_is_shown_in_part_and_says_so() {
        let shown = Script::new("x", "é".repeat(SHOWN)).shown();
        assert!(shown.sql.len() < SHOWN + 100);
        assert!(shown.sql.ends_with("é\n-- Another 2 MB are not shown.\n"));
        assert_eq!(Script::new("x", "é").shown().sql, "é");
    }

    #[test]
    fn a_position_is_counted_in_characters() {
        let sql = "select 1;\n-- é\nselekt 2;";
        assert_eq!(spot(sql, offset(sql, 1)), Spot { line: 1, column: 1 });
        assert_eq!(spot(sql, offset(sql, 16)), Spot { line: 3, column: 1 });
        assert_eq!(spot("", offset("", 9)), Spot { line: 1, column: 1 });
    }
}
