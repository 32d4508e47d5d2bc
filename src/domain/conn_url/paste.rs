//! What people paste: one connection or two, as URLs, from an env file, from a panel, from a command, in any order.

mod settings;

use crate::domain::{secret::Secret, stages::Port};

use super::{
    BadUrl, ConnUrl, MAX_LENGTH,
    pair::Known,
    parse::SCHEMES,
    repair::{Repair, repairs},
};

/// What was found in a pasted text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pasted {
    pub pooled: Option<ConnUrl>,
    pub direct: Option<ConnUrl>,
    /// Which is which follows from their ports or names; otherwise it is a guess.
    pub certain: bool,
    /// Connections that could not be read, in the order of the text.
    pub unread: Vec<Unread>,
    /// Connections beyond one of each kind.
    pub left_over: usize,
}

/// A connection that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    pub why: BadUrl,
    /// What it most likely means; several are asked about.
    pub repairs: Vec<Repair>,
}

/// More than this is not looked at.
const MAX_PASTED: usize = 64 * 1024;

/// Finds the connections in a text and tells the pooled from the direct one.
pub fn pasted(text: &str, known: &Known) -> Pasted {
    let mut found = Pasted::default();
    let mut read = Vec::new();
    for piece in connections(text) {
        match piece {
            Found::Url(url) => match as_url(&url) {
                Ok(connection) => read.push(connection),
                Err(why) => {
                    // Looked at for a password that was not encoded; only the readings are kept.
                    let repairs = repairs(plain_scheme(url.expose()).expose());
                    found.unread.push(Unread { why, repairs });
                }
            },
            Found::Settings(Ok(connection)) => read.push(connection),
            Found::Settings(Err(why)) => {
                found.unread.push(Unread { why, repairs: Vec::new() });
            }
        }
    }
    found.assign(read, known);
    found
}

/// One connection, in any of the forms.
pub fn read(text: &str) -> Result<ConnUrl, BadUrl> {
    match connections(text).into_iter().next() {
        Some(Found::Url(url)) => as_url(&url),
        Some(Found::Settings(read)) => read,
        None if text.trim().is_empty() => Err(BadUrl::NoHost),
        None => Err(BadUrl::Scheme),
    }
}

/// The other URL of the pair, where one is given: all is known but the name at its end.
pub fn counterpart(given: &ConnUrl, port: Port, name: &str, known: &Known) -> ConnUrl {
    ConnUrl { port: known.port(port), database: name.to_owned(), ..given.clone() }
}

impl Pasted {
    pub fn is_empty(&self) -> bool {
        self.pooled.is_none() && self.direct.is_none() && self.unread.is_empty()
    }

    /// The kind that was not given, where one was.
    pub fn missing(&self) -> Option<Port> {
        match (&self.pooled, &self.direct) {
            (Some(_), None) => Some(Port::Direct),
            (None, Some(_)) => Some(Port::Pooled),
            (Some(_), Some(_)) | (None, None) => None,
        }
    }

    /// Puts one more connection where it belongs; one of the same kind gives way.
    pub fn add(&mut self, url: ConnUrl, known: &Known) {
        match (kind(&url, known), self.pooled.is_some()) {
            (Some(Port::Pooled), _) | (None, false) => self.pooled = Some(url),
            (Some(Port::Direct), _) | (None, true) => self.direct = Some(url),
        }
    }

    fn assign(&mut self, read: Vec<ConnUrl>, known: &Known) {
        self.certain = true;
        let mut unclear = Vec::new();
        for url in read {
            match kind(&url, known) {
                Some(Port::Pooled) if self.pooled.is_none() => self.pooled = Some(url),
                Some(Port::Direct) if self.direct.is_none() => self.direct = Some(url),
                Some(Port::Pooled | Port::Direct) | None => unclear.push(url),
            }
        }
        // With two of unknown ports, a pooler usually has the higher one.
        if self.pooled.is_none() && self.direct.is_none() && 1 < unclear.len() {
            unclear.sort_by_key(|url| url.port);
            self.certain = false;
        }
        let mut unclear = unclear.into_iter();
        if self.direct.is_none() {
            self.direct = unclear.next();
        }
        if self.pooled.is_none() {
            self.pooled = unclear.next();
        }
        self.left_over = unclear.count();
    }
}

/// By the port, then by the name at its end.
fn kind(url: &ConnUrl, known: &Known) -> Option<Port> {
    const USUAL_DIRECT: u16 = 5432;
    const USUAL_POOLED: u16 = 6432;
    let is_pool = known.pools.iter().any(|pool| pool.name == url.database);
    let is_database = known.databases.contains(&url.database);
    if url.port == known.port(Port::Pooled) {
        Some(Port::Pooled)
    } else if url.port == known.port(Port::Direct) {
        Some(Port::Direct)
    } else if url.port == USUAL_POOLED || (is_pool && !is_database) {
        Some(Port::Pooled)
    } else if url.port == USUAL_DIRECT || (is_database && !is_pool) {
        Some(Port::Direct)
    } else {
        None
    }
}

enum Found {
    Url(Secret),
    Settings(Result<ConnUrl, BadUrl>),
}

/// The URLs of a text; where there is none, the connections that stand as settings or on a command line.
fn connections(text: &str) -> Vec<Found> {
    let text = text.get(..text.floor_char_boundary(MAX_PASTED)).unwrap_or(text);
    let urls = urls(text);
    if urls.is_empty() {
        settings::connections(text).into_iter().map(Found::Settings).collect()
    } else {
        urls.into_iter().map(|url| Found::Url(Secret::new(url))).collect()
    }
}

/// Each ends at its closing quote, else at the next blank.
fn urls(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at);
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | ':');
        let scheme_at = before.rfind(|c| !word(c)).map_or(0, |end| {
            end + before.get(end..).and_then(|text| text.chars().next()).map_or(1, char::len_utf8)
        });
        let scheme = before.get(scheme_at..).unwrap_or_default();
        if !is_ours(scheme) {
            rest = after.strip_prefix("://").unwrap_or_default();
            continue;
        }
        let quote = before.get(..scheme_at).and_then(|text| text.chars().next_back());
        let url = rest.get(scheme_at..).unwrap_or_default();
        let end = match quote.filter(|c| matches!(c, '"' | '\'' | '`')) {
            Some(quote) => url.find([quote, '\n', '\r']),
            None => url.find(char::is_whitespace),
        };
        let (url, left) = url.split_at(end.unwrap_or(url.len()));
        found.push(url);
        rest = left;
    }
    found
}

/// Schemes by which libraries know PostgreSQL: `postgresql+psycopg`, `jdbc:postgresql`, `ecto`.
fn is_ours(scheme: &str) -> bool {
    let scheme = scheme.strip_prefix("jdbc:").unwrap_or(scheme);
    let scheme = scheme.split('+').next().unwrap_or(scheme);
    matches!(scheme, "postgresql" | "postgres" | "postgis" | "pgsql" | "psql" | "ecto")
}

/// The URL with the scheme that all of PostgreSQL's own tools know.
fn plain_scheme(url: &str) -> Secret {
    match url.split_once("://") {
        Some((scheme, rest)) if is_ours(scheme) => {
            let usual = SCHEMES.first().copied().unwrap_or_default();
            Secret::new(format!("{usual}{rest}"))
        }
        Some(_) | None => Secret::new(url),
    }
}

fn as_url(url: &Secret) -> Result<ConnUrl, BadUrl> {
    // Read into its parts, where the password is a secret again.
    let text = url.expose();
    if MAX_LENGTH < text.len() {
        return Err(BadUrl::TooLong);
    }
    let read = ConnUrl::parse(plain_scheme(text).expose())?;
    Ok(settings::in_our_words(read))
}

#[cfg(test)]
mod tests {
    use crate::domain::conn_url::pair::KnownPool;

    use super::*;

    const POOLED: &str = "postgresql://app:pw@db.example:25061/shop-pool?sslmode=require";
    const DIRECT: &str = "postgresql://app:pw@db.example:25060/shop?sslmode=require";

    fn url(text: &str) -> ConnUrl {
        ConnUrl::parse(text).expect("a good URL")
    }

    fn found(text: &str) -> Pasted {
        pasted(text, &Known::default())
    }

    fn both() -> Pasted {
        Pasted {
            pooled: Some(url(POOLED)),
            direct: Some(url(DIRECT)),
            certain: true,
            ..Pasted::default()
        }
    }

    #[test]
    fn both_urls_are_found_in_any_order_and_in_what_surrounds_them() {
        for text in [
            format!("{POOLED}\n{DIRECT}"),
            format!("  {DIRECT} {POOLED}  "),
            format!("DATABASE_URL=\"{POOLED}\"\nexport DIRECT_URL='{DIRECT}' # not for the app"),
            format!("psql {DIRECT} -c 'select 1'\r\nthe pool: `{POOLED}`"),
            format!("see https://docs.example/x\n{DIRECT}\n{POOLED}"),
            format!("é{POOLED} é\n“{DIRECT}"),
        ] {
            assert_eq!(found(&text), both(), "{text}");
        }
    }

    #[test]
    fn other_forms_are_read_into_the_same_url() {
        for text in [
            "jdbc:postgresql://db.example:25061/shop-pool?user=app&password=pw&sslmode=require",
            "postgresql+asyncpg://app:pw@db.example:25061/shop-pool?ssl=require",
            "postgres://app:pw@db.example:25061/shop-pool?sslmode=require",
            "ecto://app:pw@db.example:25061/shop-pool?ssl=true",
            "host=db.example port=25061 user=app password=pw dbname=shop-pool sslmode=require",
            "username = app\npassword = pw\nhost = db.example\nport = 25061\ndatabase = shop-pool\nsslmode = require",
            "Host=db.example;Port=25061;Database=shop-pool;Username=app;Password=pw;SSL Mode=Require",
            "Server=db.example;Port=25061;Database=shop-pool;User Id=app;Password=\"pw\";SslMode=Require;",
            "PGPASSWORD=pw psql -U app -h db.example -p 25061 -d shop-pool --set=sslmode=require",
            "PGHOST=db.example\nPGPORT=25061\nPGUSER=app\nPGPASSWORD='pw'\nPGDATABASE=shop-pool\nPGSSLMODE=require",
        ] {
            assert_eq!(read(text), Ok(url(POOLED)), "{text}");
        }
    }

    #[test]
    fn two_connections_as_settings_are_a_pair() {
        let text = "host=db.example port=25060 user=app password=pw dbname=shop sslmode=require\n\
                    host=db.example port=25061 user=app password=pw dbname=shop-pool sslmode=require";
        assert_eq!(found(text), both());
    }

    #[test]
    fn quoted_values_keep_their_blanks_and_quotes() {
        let one = read(r"host=h password='it\'s a \\ pass' user=u dbname=d").expect("read");
        assert_eq!(one.password, Some(Secret::new(r"it's a \ pass")));
        let other = read("Host=h;Password=\"a;b=\"\"c\"\" d\";Username=u").expect("read");
        assert_eq!(other.password, Some(Secret::new("a;b=\"c\" d")));
    }

    #[test]
    fn where_one_url_is_given_the_other_kind_is_missing() {
        assert_eq!(found(POOLED).missing(), Some(Port::Direct));
        assert_eq!(found(DIRECT).missing(), Some(Port::Pooled));
        assert_eq!(found("").missing(), None);
        let known = Known::default();
        assert_eq!(counterpart(&url(POOLED), Port::Direct, "shop", &known), url(DIRECT));
        assert_eq!(counterpart(&url(DIRECT), Port::Pooled, "shop-pool", &known), url(POOLED));
    }

    #[test]
    fn unusual_ports_are_told_apart_by_name_else_it_is_a_guess() {
        let pooled = POOLED.replace("25061", "7001");
        let direct = DIRECT.replace("25060", "7000");
        let text = format!("{pooled} {direct}");
        let guessed = found(&text);
        assert!(!guessed.certain);
        assert_eq!((&guessed.pooled, &guessed.direct), (&Some(url(&pooled)), &Some(url(&direct))));

        let known = Known {
            pools: vec![KnownPool {
                name: "shop-pool".to_owned(),
                database: "shop".to_owned(),
                user: None,
            }],
            databases: vec!["shop".to_owned()],
            ports: None,
        };
        assert!(pasted(&text, &known).certain);
    }

    #[test]
    fn two_of_one_kind_stand_side_by_side_for_the_pair_check() {
        let other = DIRECT.replace("/shop", "/stock");
        let pair = found(&format!("{DIRECT}\n{other}"));
        assert_eq!((pair.direct, pair.pooled), (Some(url(DIRECT)), Some(url(&other))));
        assert_eq!(found(&format!("{DIRECT}\n{POOLED}\n{other}\n{other}")).left_over, 2);
    }

    #[test]
    fn a_raw_password_comes_with_its_readings() {
        let raw = POOLED.replace("pw", "p#w");
        let pasted = found(&raw);
        let readings: Vec<_> = pasted.unread.iter().flat_map(|unread| &unread.repairs).collect();
        assert_eq!(readings.len(), 1);
        assert_eq!(readings.first().map(|repair| repair.raw.as_slice()), Some(&['#'][..]));
        assert_eq!(
            pasted.unread.first().map(|unread| &unread.why),
            Some(&BadUrl::UnescapedPassword('#'))
        );
    }

    #[test]
    fn nothing_of_a_secret_is_printed() {
        let shown = format!("{:?}", found(&POOLED.replace("pw", "can#ary")));
        assert!(!shown.contains("can"), "{shown}");
    }
}
