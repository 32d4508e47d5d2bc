//! A URL whose password was not percent-encoded: what it most likely means. Where more than one reading is possible,
//! the person is asked; a wrong guess could send a part of the password to another host as its name.

use crate::domain::secret::Secret;

use super::{
    ConnUrl, MAX_LENGTH,
    parse::{self, SCHEMES},
};

/// One way to read the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    pub url: ConnUrl,
    /// What the password holds that was not encoded: `@`, `#`. Says nothing else of it.
    pub raw: Vec<char>,
    /// Escapes in the password were taken for escapes; otherwise each `%` is one.
    pub decoded: bool,
}

/// No password holds more of them; it bounds the work.
const MOST_SIGNS: usize = 16;

/// More readings than a person can choose from.
const MOST: usize = 4;

/// The readings of a URL that could not be read as it stands, most likely first. None where its password is not what
/// is wrong with it.
pub fn repairs(text: &str) -> Vec<Repair> {
    if MAX_LENGTH < text.len() || ConnUrl::parse(text).is_ok() {
        return Vec::new();
    }
    let text = text.trim();
    let found = SCHEMES.iter().find_map(|scheme| Some((*scheme, text.strip_prefix(scheme)?)));
    let Some((scheme, rest)) = found else { return Vec::new() };
    let mut readings: Vec<Repair> = Vec::new();
    // The last sign is the likeliest: hosts hold none.
    for (at, _) in rest.rmatch_indices('@').take(MOST_SIGNS) {
        for repair in readings_at(scheme, rest, at) {
            if !readings.contains(&repair) && readings.len() < MOST {
                readings.push(repair);
            }
        }
        if readings.len() == MOST {
            break;
        }
    }
    // A name with a dot or an address is a host's; a bare word is more likely a piece of a password.
    readings.sort_by_key(|repair| !is_likely_host(&repair.url.host));
    readings
}

/// The readings with the credentials before the `@` at this place.
fn readings_at(scheme: &str, rest: &str, at: usize) -> Vec<Repair> {
    let Some((credentials, place)) = rest.split_at_checked(at) else { return Vec::new() };
    let place = place.strip_prefix('@').unwrap_or(place);
    let Some((user, password)) = credentials.split_once(':') else { return Vec::new() };
    let user_is_plain = !user.contains(['@', '/', '?', '#']);
    // What follows must be readable by itself.
    let Ok(address) = ConnUrl::parse(&format!("{scheme}{place}")) else { return Vec::new() };
    let (Ok(user), true, true) = (parse::decode(user), user_is_plain, is_host(&address.host))
    else {
        return Vec::new();
    };
    let raw = raw_in(password);
    if password.contains(char::is_control) || raw.is_empty() {
        return Vec::new();
    }
    let with = |password: String, decoded| Repair {
        url: ConnUrl {
            user: user.clone(),
            password: Some(Secret::new(password)),
            ..address.clone()
        },
        raw: raw.clone(),
        decoded,
    };
    let mut readings = vec![with(password.to_owned(), false)];
    // It may be encoded in part; then `%41` is an A.
    match parse::decode(password) {
        Ok(decoded) if decoded != password => readings.push(with(decoded, true)),
        Ok(_) | Err(_) => {} // as it stands, or no encoding at all
    }
    readings
}

/// Characters that had to be encoded, each once.
fn raw_in(password: &str) -> Vec<char> {
    let escapes_are_right = parse::decode(password).is_ok();
    let mut raw = Vec::new();
    for c in password.chars() {
        let had_to = matches!(c, '@' | '/' | '?' | '#') || (c == '%' && !escapes_are_right);
        if had_to && !raw.contains(&c) {
            raw.push(c);
        }
    }
    raw
}

fn is_host(host: &str) -> bool {
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
    !host.is_empty() && host.chars().all(in_name)
}

fn is_likely_host(host: &str) -> bool {
    host.contains('.') || host.contains(':') || host == "localhost"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each reading as password and host, with what was raw.
    fn readings(text: &str) -> Vec<(String, String, String)> {
        repairs(text)
            .into_iter()
            .map(|Repair { url, raw, decoded: _ }| {
                let password = url.password.map(|password| password.expose().to_owned());
                (password.unwrap_or_default(), url.host, raw.into_iter().collect())
            })
            .collect()
    }

    fn one(password: &str, raw: &str) -> Vec<(String, String, String)> {
        vec![(password.to_owned(), "db.example".to_owned(), raw.to_owned())]
    }

    #[test]
    fn a_raw_character_in_the_password_has_one_reading() {
        for (password, raw) in
            [("a@b", "@"), ("a#b", "#"), ("a/b", "/"), ("a?b", "?"), ("a%b", "%"), ("/?#", "/?#")]
        {
            let text = format!("postgresql://u:{password}@db.example:25061/d?sslmode=require");
            assert_eq!(readings(&text), one(password, raw), "{password}");
        }
    }

    #[test]
    fn a_password_that_reads_as_a_host_is_asked_about() {
        let hosts = |text| readings(text).into_iter().map(|(_, host, _)| host).collect::<Vec<_>>();
        assert_eq!(
            readings("postgresql://u:p#q@one.example:1/x@two.example:2/d"),
            [("p#q@one.example:1/x".to_owned(), "two.example".to_owned(), "#@/".to_owned())],
            "an @ in the path is no reading"
        );
        assert_eq!(hosts("postgres://u:a@b@db.example/d"), ["db.example"]);
        assert_eq!(hosts("postgres://u:a@b.c/d@db.example/e"), ["db.example"]);
    }

    #[test]
    fn a_password_encoded_in_part_has_two_readings() {
        assert_eq!(
            readings("postgresql://u:a%40b#c@db.example/d"),
            [
                ("a%40b#c".to_owned(), "db.example".to_owned(), "#".to_owned()),
                ("a@b#c".to_owned(), "db.example".to_owned(), "#".to_owned())
            ]
        );
    }

    #[test]
    fn what_is_wrong_elsewhere_is_not_repaired() {
        for text in [
            "postgresql://u:p@db.example/d",
            "mysql://u:p@q@db.example/d",
            "postgresql://u:p@q@db.example:0/d",
            "postgresql://u@x:p@db.example/d",
            "postgresql://u:p@q@/d",
            "",
        ] {
            assert_eq!(repairs(text), [], "{text}");
        }
    }

    proptest! {
        /// Whatever a person's password is, the right reading is among those offered.
        #[test]
        fn the_meant_url_is_among_the_readings(password in "[ -~]{1,16}") {
            let text = format!("postgresql://u:{password}@db.example:25061/pool?sslmode=require");
            let meant = Some(Secret::new(password));
            let read = ConnUrl::parse(&text);
            let found = repairs(&text);
            prop_assert!(
                read.is_ok() || found.iter().any(|repair| repair.url.password == meant && repair.url.host == "db.example"),
                "{text}: {found:?}"
            );
        }
    }
}
