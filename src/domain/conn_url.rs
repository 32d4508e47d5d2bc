//! PostgreSQL URLs: parse, build, mask, percent-encode, edit.

pub mod pair;
pub mod parameters;
mod parse;
pub mod paste;
pub mod repair;
mod written;

#[cfg(test)]
mod any_bytes;

use crate::domain::secret::Secret;

pub use written::{Form, Piece, PieceKind};

/// A parsed URL. Parts are decoded; `text` encodes them again. Unknown parameters are kept in order.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnUrl {
    pub user: String,
    pub password: Option<Secret>,
    /// An IPv6 address without its brackets. A folder of sockets begins with `/`.
    pub host: String,
    pub port: u16,
    /// Hosts after the first, which a client tries in this order.
    pub more_hosts: Vec<(String, u16)>,
    /// The database's name; on the pool port the pool's name.
    pub database: String,
    pub parameters: Vec<(String, String)>,
}

/// Never carries the text: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    #[error("it does not start with postgresql:// or postgres://")]
    Scheme,
    #[error("the host is missing")]
    NoHost,
    #[error("the port is not a number from 1 to 65535")]
    Port,
    #[error("a % is not followed by two hexadecimal digits")]
    Escape,
    /// A control character, raw or escaped as NUL; a raw `#`; escapes that are no UTF-8.
    #[error("it holds a character that is not accepted there")]
    Character,
    /// A raw `@ # / ?` in the password; which part is which can't be known.
    #[error("the password seems to hold an unescaped {0}")]
    UnescapedPassword(char),
    #[error("it is longer than {MAX_LENGTH} characters")]
    TooLong,
}

/// The longest text that is looked at, in bytes. Real URLs have some hundred.
pub const MAX_LENGTH: usize = 16 * 1024;

/// The port where none is named.
const DEFAULT_PORT: u16 = 5432;

impl ConnUrl {
    /// Reads a URL. The other forms that people and panels write are read by [`paste::read`].
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        parse::url(text)
    }

    /// A URL without parameters and, where `password` is `None`, without a password.
    pub fn new(
        (host, port): (&str, u16),
        user: &str,
        password: Option<Secret>,
        database: &str,
    ) -> Self {
        Self {
            user: user.to_owned(),
            password,
            host: host.to_owned(),
            port,
            more_hosts: Vec::new(),
            database: database.to_owned(),
            parameters: Vec::new(),
        }
    }

    /// The URL with its password, percent-encoded so that every env reader gives the same value.
    pub fn text(&self) -> Secret {
        self.written(Form::URL)
    }

    /// The URL for the screen: ten dots for the password and for values of parameters we do not know.
    pub fn masked(&self) -> String {
        self.masked_as(Form::URL)
    }

    /// The URL for documents: user, host and names, nothing where the password stands.
    pub fn without_password(&self) -> Self {
        Self { password: None, ..self.clone() }
    }

    /// A parameter's value. Where it occurs more than once, clients take the last.
    pub fn parameter(&self, key: &str) -> Option<&str> {
        self.parameters.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Sets a parameter, in place where it exists. Further occurrences go: readers disagree on which one counts.
    pub fn with_parameter(mut self, key: &str, value: &str) -> Self {
        let place = self.parameters.iter().position(|(name, _)| name == key);
        self = self.without_parameter(key);
        let place = place.unwrap_or(self.parameters.len());
        self.parameters.insert(place, (key.to_owned(), value.to_owned()));
        self
    }

    pub fn without_parameter(mut self, key: &str) -> Self {
        self.parameters.retain(|(name, _)| name != key);
        self
    }

    /// Names of parameters that stand more than once, in order of their first occurrence.
    pub fn duplicates(&self) -> Vec<&str> {
        let mut found = Vec::new();
        for (index, (name, _)) in self.parameters.iter().enumerate() {
            let again = self.parameters.iter().skip(index + 1).any(|(other, _)| other == name);
            if again && !found.contains(&name.as_str()) {
                found.push(name);
            }
        }
        found
    }

    /// The server is reached through a file of this computer, not over the network.
    pub fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// A cluster is known by its public name; the private one is the same with a prefix.
    pub fn cluster_host(&self) -> String {
        let host = self.host.to_ascii_lowercase();
        host.strip_prefix("private-").map(str::to_owned).unwrap_or(host)
    }
}

impl std::fmt::Debug for ConnUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ConnUrl({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::domain::secret::MASK;

    use super::*;

    fn parsed(text: &str) -> ConnUrl {
        ConnUrl::parse(text).expect("a good URL")
    }

    #[test]
    fn every_part_is_found_and_decoded() {
        let url = parsed("postgres://us%40er:p%2Fw%23@db.example:25061/my%20pool?sslmode=require");
        assert_eq!(
            url,
            ConnUrl {
                user: "us@er".to_owned(),
                password: Some(Secret::new("p/w#")),
                host: "db.example".to_owned(),
                port: 25061,
                more_hosts: Vec::new(),
                database: "my pool".to_owned(),
                parameters: vec![("sslmode".to_owned(), "require".to_owned())],
            }
        );
    }

    #[test]
    fn missing_parts_are_empty_and_the_port_is_postgresql_s_own() {
        for (text, built) in [
            ("postgresql://h", "postgresql://h:5432/"),
            ("postgresql://h:/", "postgresql://h:5432/"),
            ("postgresql://u@h?a=1&&b", "postgresql://u@h:5432/?a=1&b="),
            (" postgresql://u:@h/d\n", "postgresql://u:@h:5432/d"),
            ("postgresql://:@h/p-04?sslmode=require", "postgresql://:@h:5432/p-04?sslmode=require"),
            ("postgresql://u:p@[::1]/d", "postgresql://u:p@[::1]:5432/d"),
            ("postgresql://[fe80::1%25eth0]:25060/d", "postgresql://[fe80::1%25eth0]:25060/d"),
            ("postgresql://h/d?user=u&password=p&a=1", "postgresql://u:p@h:5432/d?a=1"),
            ("postgresql://h/d?dbname=e&port=7", "postgresql://h:7/e"),
            ("postgresql://u@a:1,b,[::1]:3/d", "postgresql://u@a:1,b:5432,[::1]:3/d"),
            ("postgresql:///d?host=a,b&port=1,2", "postgresql://a:1,b:2/d"),
            ("postgresql:///d?host=a,b&port=7", "postgresql://a:7,b:7/d"),
            ("postgresql:///d?host=/run/postgresql", "postgresql://%2Frun%2Fpostgresql:5432/d"),
            ("postgresql://u@%2Frun%2Fpg:5433/d", "postgresql://u@%2Frun%2Fpg:5433/d"),
        ] {
            assert_eq!(parsed(text).text().expose(), built, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, bad) in [
            ("", BadUrl::Scheme),
            ("mysql://h/d", BadUrl::Scheme),
            ("postgresql:///d", BadUrl::NoHost),
            ("postgresql://u:p@:25060/d", BadUrl::NoHost),
            ("postgresql://[]/d", BadUrl::NoHost),
            ("postgresql://h:0/d", BadUrl::Port),
            ("postgresql://h:65536/d", BadUrl::Port),
            ("postgresql://h:+5/d", BadUrl::Port),
            ("postgresql://[::1]x/d", BadUrl::Port),
            ("postgresql://a,b/d?port=1,2,3", BadUrl::Port),
            ("postgresql://a,,b/d", BadUrl::NoHost),
            ("postgresql://user:password", BadUrl::Port),
            ("postgresql://u:50%@h/d", BadUrl::Escape),
            ("postgresql://u:%é@h/d", BadUrl::Escape),
            ("postgresql://u:p@h/%zz", BadUrl::Escape),
            ("postgresql://u:%ff@h/d", BadUrl::Character),
            ("postgresql://u%00x:p@h/d", BadUrl::Character),
            ("postgresql://u:p@h/d\npostgresql://h/d", BadUrl::Character),
            ("postgresql://u:p@h/d#part", BadUrl::Character),
        ] {
            assert_eq!(ConnUrl::parse(text), Err(bad), "{text}");
        }
    }

    #[test]
    fn a_raw_separator_in_the_password_is_found_and_named() {
        for (password, separator) in [
            ("a@b", '@'),
            ("a#b", '#'),
            ("a/b", '/'),
            ("a?b", '?'),
            ("12/34", '/'),
            ("a/b@c", '/'),
            ("a@b/c", '@'),
            ("a@b?c", '@'),
            ("a@b#c", '@'),
            ("?b=c", '?'),
        ] {
            let text = format!("postgresql://u:{password}@h:25060/d?sslmode=require");
            assert_eq!(
                ConnUrl::parse(&text),
                Err(BadUrl::UnescapedPassword(separator)),
                "{password}"
            );
        }
        let harmless = parsed("postgresql://u:p@h/d?application_name=me@home");
        assert_eq!(harmless.parameter("application_name"), Some("me@home"));
    }

    #[test]
    fn the_password_is_masked_whatever_prints_the_url() {
        let url = parsed(
            "postgresql://u:AVNS_canary@h/d?sslmode=require&sslpassword=canary&password=canary",
        );
        let masked = format!("postgresql://u:{MASK}@h:5432/d?sslmode=require&sslpassword={MASK}");
        assert_eq!(url.masked(), masked);
        assert_eq!(format!("{url:?}"), format!("ConnUrl({masked})"));
        assert_eq!(
            url.without_password().masked(),
            format!("postgresql://u@h:5432/d?sslmode=require&sslpassword={MASK}")
        );
    }

    #[test]
    fn a_parameter_is_set_in_place_and_once() {
        let url = parsed("postgresql://h/d?a=1&b=2&a=3").with_parameter("a", "4");
        assert_eq!(url.masked(), parsed("postgresql://h/d?a=4&b=2").masked());
        assert_eq!(url.parameter("a"), Some("4"));
        let url = url.with_parameter("sslmode", "require").without_parameter("a");
        assert_eq!(url.text().expose(), "postgresql://h:5432/d?b=2&sslmode=require");
    }

    #[test]
    fn sockets_and_further_hosts_are_known_as_such() {
        let socket = parsed("postgresql:///d?host=/run/postgresql");
        assert!(socket.is_socket() && !parsed("postgresql://h/d").is_socket());
        let two = parsed("postgresql://a:1,b:2/d");
        assert_eq!((two.host.as_str(), two.more_hosts), ("a", vec![("b".to_owned(), 2)]));
    }

    #[test]
    fn parameters_that_stand_twice_are_named_once() {
        let url = parsed("postgresql://h/d?a=1&b=2&a=3&c=4&a=5&c=6");
        assert_eq!(url.duplicates(), ["a", "c"]);
    }

    #[test]
    fn a_text_of_any_length_is_answered() {
        let long = format!("postgresql://{}", "a".repeat(MAX_LENGTH));
        assert_eq!(ConnUrl::parse(&long), Err(BadUrl::TooLong));
    }

    #[test]
    fn other_clients_get_the_same_connection_in_their_own_form() {
        let url = parsed("postgresql://us%40er:p%3B%22%26@h:25061/my%20pool?sslmode=require");
        let written = |form| url.written(form).expose().to_owned();
        assert_eq!(
            written(Form::Url("postgresql+asyncpg")),
            "postgresql+asyncpg://us%40er:p%3B%22%26@h:25061/my%20pool?sslmode=require"
        );
        assert_eq!(
            written(Form::Jdbc),
            "jdbc:postgresql://h:25061/my%20pool?user=us%40er&password=p%3B%22%26&sslmode=require"
        );
        assert_eq!(
            written(Form::DotNet),
            "Host=h;Port=25061;Database=\"my pool\";Username=us@er;Password='p;\"&';sslmode=require"
        );
        let several = parsed("postgresql://a:1,b:2/d");
        assert_eq!(several.written(Form::DotNet).expose(), "Host=a:1,b:2;Database=d");
        let bare = parsed("postgresql://h/d?a=1");
        assert_eq!(bare.written(Form::Jdbc).expose(), "jdbc:postgresql://h:5432/d?a=1");
        for form in [Form::URL, Form::Jdbc, Form::DotNet] {
            assert!(!url.masked_as(form).contains("p;") && url.masked_as(form).contains(MASK));
        }
    }

    /// Any URL a value of ours can be: parameters named like its parts are read as parts.
    fn any_url() -> impl Strategy<Value = ConnUrl> {
        let text = "[^\0]{0,12}";
        let key = "[^\0]{1,8}".prop_filter("a part of the URL", |key: &String| {
            !matches!(key.as_str(), "user" | "password" | "dbname" | "host" | "port")
        });
        let password = proptest::option::of(text.prop_map(Secret::new));
        let parameters = proptest::collection::vec((key, text), 0..4);
        let hosts = proptest::collection::vec(("[^\0]{1,12}", 1..=u16::MAX), 1..3);
        (text, password, hosts, text, parameters).prop_map(
            |(user, password, mut hosts, database, parameters)| {
                let (host, port) = hosts.remove(0);
                ConnUrl { user, password, host, port, more_hosts: hosts, database, parameters }
            },
        )
    }

    proptest! {
        #[test]
        fn text_is_read_back_as_the_same_url(url in any_url()) {
            let text = url.text();
            prop_assert_eq!(ConnUrl::parse(text.expose()), Ok(url));
        }

        #[test]
        fn text_has_only_characters_that_every_reader_agrees_on(url in any_url()) {
            let text = url.text();
            let agreed = |c: char| c.is_ascii_alphanumeric() || "._~:/?&=%@,+-[]".contains(c);
            prop_assert!(text.expose().chars().all(agreed));
        }

        #[test]
        fn any_text_is_refused_or_read_for_good(text in "(postgres(ql)?://)?([a-z0-9:/?#@%&=\\[\\]é]|\\PC){0,40}") {
            if let Ok(url) = ConnUrl::parse(&text) {
                prop_assert_eq!(ConnUrl::parse(url.text().expose()), Ok(url));
            }
        }

        #[test]
        fn masking_hides_the_password(url in any_url(), canary in "AVNS_[a-z]{12}") {
            let url = ConnUrl { password: Some(Secret::new(canary.clone())), ..url };
            prop_assert!(!url.masked().contains(&canary));
        }
    }
}
