//! PostgreSQL URLs: parse, build, mask, percent-encode; the check that two URLs are a pooled and a direct one.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::domain::secret::{MASK, Secret};

/// A parsed URL. Parts are decoded; `text` encodes them again. Unknown parameters are kept in order.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnUrl {
    pub user: String,
    pub password: Option<Secret>,
    /// An IPv6 address without its brackets.
    pub host: String,
    pub port: u16,
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
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairFinding {
    pub ok: bool,
    /// A warning, not an error: `user is doadmin (more power than an app needs)`.
    pub warning: bool,
    pub text: String,
}

/// The port where none is named.
const DEFAULT_PORT: u16 = 5432;

/// DigitalOcean's ports, direct and pooled.
const DIGITALOCEAN_PORTS: (u16, u16) = (25060, 25061);

/// Everything but the letters that mean nothing to any shell, env reader or URL parser.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const ENCODED_IN_BRACKETS: &AsciiSet = &ENCODED.remove(b':');

/// Parameters whose values are no secret in any client. Every other value is masked on the screen.
const HARMLESS: [&str; 28] = [
    "application_name",
    "binary_parameters",
    "channel_binding",
    "connect_timeout",
    "connection_limit",
    "default_query_exec_mode",
    "max",
    "max_connection_lifetime",
    "max_idle_connection_lifetime",
    "pgbouncer",
    "pool_max_conns",
    "pool_size",
    "pool_timeout",
    "prepare",
    "prepareThreshold",
    "prepared_statement_cache_size",
    "prepared_statements",
    "schema",
    "socket_timeout",
    "sslaccept",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement_cache_size",
    "target_session_attrs",
    "timezone",
    "uselibpqcompat",
];

/// May the parameter's value be shown as it is?
pub fn is_harmless(parameter: &str) -> bool {
    HARMLESS.contains(&parameter)
}

impl ConnUrl {
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        let text = text.trim();
        let rest = ["postgresql://", "postgres://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .ok_or(BadUrl::Scheme)?;
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        refuse_raw_password(authority, tail)?;
        if tail.contains('#') || rest.contains(char::is_control) {
            return Err(BadUrl::Character);
        }
        let (credentials, address) = authority.split_once('@').unwrap_or(("", authority));
        let (host, port) = host_and_port(address)?;
        let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
        let mut url = Self {
            user: String::new(),
            password: None,
            host,
            port,
            database: decode(path.strip_prefix('/').unwrap_or(path))?,
            parameters: Vec::new(),
        };
        match credentials.split_once(':') {
            Some((user, password)) => {
                url.user = decode(user)?;
                url.password = Some(Secret::new(decode(password)?));
            }
            None => url.user = decode(credentials)?,
        }
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            // As libpq reads it, these two win over what stands before the host.
            match (decode(key)?, decode(value)?) {
                (key, value) if key == "user" => url.user = value,
                (key, value) if key == "password" => url.password = Some(Secret::new(value)),
                parameter => url.parameters.push(parameter),
            }
        }
        Ok(url)
    }

    /// The URL with its password, percent-encoded so that every env reader gives the same value.
    pub fn text(&self) -> Secret {
        // The password is needed as a part of the URL; the URL is a secret again.
        let password = self.password.as_ref().map(|password| encode(password.expose()));
        Secret::new(self.render(password.as_deref(), |_, value| encode(value)))
    }

    /// The URL for the screen: ten dots for the password and for values of parameters we do not know.
    pub fn masked(&self) -> String {
        let dots = |empty: bool| if empty { "" } else { MASK };
        let password = self.password.as_ref().map(|password| dots(password.is_empty()));
        self.render(password, |key, value| {
            if is_harmless(key) { encode(value) } else { dots(value.is_empty()).to_owned() }
        })
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

    fn render(&self, password: Option<&str>, shown: impl Fn(&str, &str) -> String) -> String {
        let user = encode(&self.user);
        let credentials = match password {
            Some(password) => format!("{user}:{password}@"),
            None if user.is_empty() => String::new(),
            None => format!("{user}@"),
        };
        let (host, port, database) = (bracketed(&self.host), self.port, encode(&self.database));
        let parameters: Vec<String> = self
            .parameters
            .iter()
            .map(|(key, value)| format!("{}={}", encode(key), shown(key, value)))
            .collect();
        let mark = if parameters.is_empty() { "" } else { "?" };
        let query = parameters.join("&");
        format!("postgresql://{credentials}{host}:{port}/{database}{mark}{query}")
    }
}

impl std::fmt::Debug for ConnUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ConnUrl({})", self.masked())
    }
}

/// Some clients split a URL at the first `@`, some at the last, some end the password at `/ ? #`. A guess could send
/// a part of the password to another host as its name.
fn refuse_raw_password(authority: &str, tail: &str) -> Result<(), BadUrl> {
    let delimiter = tail.chars().next().unwrap_or('/');
    match authority.matches('@').count() {
        0 if tail.contains('@') => Err(BadUrl::UnescapedPassword(delimiter)),
        0 => Ok(()),
        // An `@` in the value of a parameter is common and harmless.
        1 if tail.split('=').next().is_some_and(|names| names.contains('@')) => {
            Err(BadUrl::UnescapedPassword('@'))
        }
        1 => Ok(()),
        _ => Err(BadUrl::UnescapedPassword('@')),
    }
}

fn host_and_port(address: &str) -> Result<(String, u16), BadUrl> {
    let bracketed = address.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (host, port) = match bracketed {
        Some((host, "")) => (host, ""),
        Some((host, rest)) => (host, rest.strip_prefix(':').ok_or(BadUrl::Port)?),
        None => address.split_once(':').unwrap_or((address, "")),
    };
    if host.is_empty() {
        return Err(BadUrl::NoHost);
    }
    let port = match port {
        "" => DEFAULT_PORT,
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().filter(|port| *port != 0).ok_or(BadUrl::Port)?
        }
        _ => return Err(BadUrl::Port),
    };
    Ok((decode(host)?, port))
}

fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{}]", utf8_percent_encode(host, ENCODED_IN_BRACKETS))
    } else {
        encode(host)
    }
}

fn encode(part: &str) -> String {
    utf8_percent_encode(part, ENCODED).to_string()
}

fn decode(part: &str) -> Result<String, BadUrl> {
    let is_escape = |after: &str| after.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !part.split('%').skip(1).all(is_escape) {
        return Err(BadUrl::Escape);
    }
    match percent_decode_str(part).decode_utf8() {
        // NUL ends a text in PostgreSQL's protocol.
        Ok(text) if !text.contains('\0') => Ok(text.into_owned()),
        Ok(_) | Err(_) => Err(BadUrl::Character),
    }
}

/// Is this a pooled and a direct URL of one cluster? Every question is listed, also those answered well.
pub fn pair_check(pooled: &ConnUrl, direct: &ConnUrl) -> Vec<PairFinding> {
    vec![
        check_hosts(pooled, direct),
        check_ports(pooled, direct),
        check_names(pooled, direct),
        check_tls(pooled, direct),
        check_passwords(pooled, direct),
        check_user(pooled),
    ]
}

fn good(text: impl Into<String>) -> PairFinding {
    PairFinding { ok: true, warning: false, text: text.into() }
}

fn wrong(text: impl Into<String>) -> PairFinding {
    PairFinding { ok: false, warning: false, text: text.into() }
}

fn doubtful(text: impl Into<String>) -> PairFinding {
    PairFinding { ok: false, warning: true, text: text.into() }
}

fn check_hosts(pooled: &ConnUrl, direct: &ConnUrl) -> PairFinding {
    // The private name of a cluster is the public one with a prefix.
    let cluster = |url: &ConnUrl| {
        let host = url.host.to_ascii_lowercase();
        host.strip_prefix("private-").map_or(host.clone(), str::to_owned)
    };
    if cluster(pooled) == cluster(direct) {
        good("same cluster")
    } else {
        let (pooled, direct) = (&pooled.host, &direct.host);
        wrong(format!("The URLs name two clusters: {pooled} and {direct}."))
    }
}

fn check_ports(pooled: &ConnUrl, direct: &ConnUrl) -> PairFinding {
    let ports = (pooled.port, direct.port);
    if ports == DIGITALOCEAN_PORTS {
        let port = pooled.port;
        wrong(format!("These two URLs seem exchanged: the pooled one uses port {port}."))
    } else if pooled.port == direct.port {
        let port = pooled.port;
        wrong(format!("Both URLs use port {port}. The pool has a port of its own."))
    } else {
        good(format!("ports {} and {}", pooled.port, direct.port))
    }
}

/// A pool may be named like its database, so equal names are a doubt; the test of step 6 decides.
fn check_names(pooled: &ConnUrl, direct: &ConnUrl) -> PairFinding {
    if pooled.database.is_empty() {
        wrong("The pooled URL names no pool. Its last part is the pool's name.")
    } else if direct.database.is_empty() {
        wrong("The direct URL names no database. Its last part is the database's name.")
    } else if pooled.database == direct.database {
        let name = &pooled.database;
        doubtful(format!(
            "The pooled URL seems to name the database, {name}. Its last part must be the pool's name."
        ))
    } else {
        good("pool name ≠ database")
    }
}

fn check_tls(pooled: &ConnUrl, direct: &ConnUrl) -> PairFinding {
    for (url, name) in [(pooled, "pooled"), (direct, "direct")] {
        match url.parameter("sslmode") {
            Some("require" | "verify-ca" | "verify-full" | "no-verify") => {}
            Some(mode) => {
                return wrong(format!(
                    "The {name} URL does not insist on encryption (sslmode={mode}). It needs sslmode=require or stronger."
                ));
            }
            None => {
                return wrong(format!(
                    "The {name} URL does not ask for encryption. It needs sslmode=require or stronger."
                ));
            }
        }
    }
    good("TLS required")
}

fn check_passwords(pooled: &ConnUrl, direct: &ConnUrl) -> PairFinding {
    for (url, name) in [(pooled, "pooled"), (direct, "direct")] {
        match &url.password {
            Some(password) if is_placeholder(password) => {
                return wrong(format!(
                    "The password in the {name} URL is a placeholder, not the password itself."
                ));
            }
            Some(password) if !password.is_empty() => {}
            Some(_) | None => return wrong(format!("The {name} URL has no password.")),
        }
    }
    good("passwords encoded")
}

/// What guides and masked screens put in a password's place.
fn is_placeholder(password: &Secret) -> bool {
    // Looked at to recognise a text that is no password; nothing of it is kept.
    let text = password.expose();
    let word: String =
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let is_filler = |c: char| matches!(c, '•' | '*' | 'x' | 'X' | '.' | '…');
    let is_words = matches!(word.as_str(), "password" | "yourpassword" | "pass" | "secret");
    is_words || (!text.is_empty() && text.chars().all(is_filler))
}

fn check_user(pooled: &ConnUrl) -> PairFinding {
    match pooled.user.as_str() {
        "" => wrong("The pooled URL names no user."),
        "doadmin" => doubtful("user is doadmin (more power than an app needs)"),
        user => good(format!("user {user}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> ConnUrl {
        ConnUrl::parse(text).expect("a good URL")
    }

    fn pooled() -> ConnUrl {
        parsed("postgresql://shop_app:AVNS_canary@db.example:25061/shop-pool?sslmode=require")
    }

    fn direct() -> ConnUrl {
        parsed("postgresql://shop_app:AVNS_canary@db.example:25060/shop?sslmode=require")
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

    fn findings(pooled: &ConnUrl, direct: &ConnUrl) -> Vec<(bool, String)> {
        pair_check(pooled, direct)
            .into_iter()
            .filter(|finding| !finding.ok)
            .map(|finding| (finding.warning, finding.text))
            .collect()
    }

    #[test]
    fn a_good_pair_is_told_point_by_point() {
        let texts: Vec<String> =
            pair_check(&pooled(), &direct()).into_iter().map(|finding| finding.text).collect();
        assert_eq!(
            texts,
            [
                "same cluster",
                "ports 25061 and 25060",
                "pool name ≠ database",
                "TLS required",
                "passwords encoded",
                "user shop_app"
            ]
        );
        assert!(findings(&pooled(), &direct()).is_empty());
        let private = ConnUrl { host: "private-db.example".to_owned(), ..pooled() };
        let other_ports = ConnUrl { port: 41001, ..direct() };
        assert!(findings(&private, &other_ports).is_empty());
    }

    #[test]
    fn each_mistake_of_a_pair_is_found() {
        let with_password =
            |password: &str| ConnUrl { password: Some(Secret::new(password)), ..pooled() };
        let exchanged = "These two URLs seem exchanged: the pooled one uses port 25060.";
        for (url, warning, text) in [
            (
                ConnUrl { port: 25060, ..pooled() },
                false,
                "Both URLs use port 25060. The pool has a port of its own.",
            ),
            (
                ConnUrl { host: "other.example".to_owned(), ..pooled() },
                false,
                "The URLs name two clusters: other.example and db.example.",
            ),
            (
                ConnUrl { database: "shop".to_owned(), ..pooled() },
                true,
                "The pooled URL seems to name the database, shop. Its last part must be the pool's name.",
            ),
            (
                pooled().without_parameter("sslmode"),
                false,
                "The pooled URL does not ask for encryption. It needs sslmode=require or stronger.",
            ),
            (
                pooled().with_parameter("sslmode", "prefer"),
                false,
                "The pooled URL does not insist on encryption (sslmode=prefer). It needs sslmode=require or stronger.",
            ),
            (
                with_password("PASSWORD"),
                false,
                "The password in the pooled URL is a placeholder, not the password itself.",
            ),
            (
                with_password("[YOUR-PASSWORD]"),
                false,
                "The password in the pooled URL is a placeholder, not the password itself.",
            ),
            (
                with_password(MASK),
                false,
                "The password in the pooled URL is a placeholder, not the password itself.",
            ),
            (with_password(""), false, "The pooled URL has no password."),
            (
                ConnUrl { user: "doadmin".to_owned(), ..pooled() },
                true,
                "user is doadmin (more power than an app needs)",
            ),
        ] {
            assert_eq!(findings(&url, &direct()), [(warning, text.to_owned())]);
        }
        let swapped =
            findings(&ConnUrl { port: 25060, ..pooled() }, &ConnUrl { port: 25061, ..direct() });
        assert_eq!(swapped, [(false, exchanged.to_owned())]);
    }

    /// Any URL a value of ours can be: parameters named like credentials are read as credentials.
    fn any_url() -> impl Strategy<Value = ConnUrl> {
        let text = "[^\0]{0,12}";
        let key = "[^\0]{1,8}".prop_filter("a credential", |key: &String| {
            !matches!(key.as_str(), "user" | "password")
        });
        let password = proptest::option::of(text.prop_map(Secret::new));
        let parameters = proptest::collection::vec((key, text), 0..4);
        (text, password, "[^\0]{1,12}", 1..=u16::MAX, text, parameters).prop_map(
            |(user, password, host, port, database, parameters)| ConnUrl {
                user,
                password,
                host,
                port,
                database,
                parameters,
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
