//! Connections written as settings: libpq's `key=value`, a panel's `key = value` lines, .NET's `Key=value;`, variables
//! named `PG…`, and the flags of psql.

use crate::domain::{
    conn_url::{BadUrl, ConnUrl, DEFAULT_PORT, parse},
    secret::Secret,
};

/// The connections of a text; a part that is named again begins the next one.
pub(super) fn connections(text: &str) -> Vec<Result<ConnUrl, BadUrl>> {
    let pairs = if is_dot_net(text) { dot_net(text) } else { libpq(text) };
    let mut found: Vec<Draft> = Vec::new();
    for (key, value) in pairs {
        let part = part(&key);
        match found.last_mut() {
            Some(draft) if !draft.has(&part) => draft.set(part, key, value),
            Some(_) | None => {
                let mut draft = Draft::default();
                draft.set(part, key, value);
                found.push(draft);
            }
        }
    }
    found.into_iter().filter(Draft::is_connection).map(Draft::read).collect()
}

/// The same parameters under the names of libpq, where other clients call them otherwise.
pub(super) fn in_our_words(mut url: ConnUrl) -> ConnUrl {
    for (key, value) in &mut url.parameters {
        match (key.as_str(), value.as_str()) {
            ("ssl", "true" | "1") => "require".clone_into(value),
            ("ssl", _) => {}
            _ => continue, // already libpq's
        }
        "sslmode".clone_into(key);
    }
    url
}

#[derive(PartialEq, Eq)]
enum Part {
    Host,
    Port,
    User,
    Password,
    Database,
    Parameter(String),
}

/// Which part of a URL a setting is.
fn part(key: &str) -> Part {
    let plain: String =
        key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    match plain.as_str() {
        "host" | "pghost" | "server" | "datasource" | "hostname" | "h" => Part::Host,
        "port" | "pgport" | "p" => Part::Port,
        "user" | "username" | "userid" | "uid" | "pguser" | "u" => Part::User,
        "password" | "pwd" | "pgpassword" => Part::Password,
        "database" | "dbname" | "db" | "pgdatabase" | "initialcatalog" | "d" => Part::Database,
        "sslmode" | "pgsslmode" => Part::Parameter("sslmode".to_owned()),
        "sslrootcert" | "rootcertificate" | "pgsslrootcert" => {
            Part::Parameter("sslrootcert".to_owned())
        }
        _ => Part::Parameter(key.to_owned()), // anything else is kept as it is
    }
}

#[derive(Default)]
struct Draft {
    host: Option<String>,
    port: Option<String>,
    user: Option<String>,
    password: Option<Secret>,
    database: Option<String>,
    parameters: Vec<(String, String)>,
}

impl Draft {
    fn has(&self, part: &Part) -> bool {
        match part {
            Part::Host => self.host.is_some(),
            Part::Port => self.port.is_some(),
            Part::User => self.user.is_some(),
            Part::Password => self.password.is_some(),
            Part::Database => self.database.is_some(),
            Part::Parameter(name) => self.parameters.iter().any(|(key, _)| key == name),
        }
    }

    fn set(&mut self, part: Part, key: String, value: String) {
        match part {
            Part::Host => self.host = Some(value),
            Part::Port => self.port = Some(value),
            Part::User => self.user = Some(value),
            Part::Password => self.password = Some(Secret::new(value)),
            Part::Database => self.database = Some(value),
            // .NET writes values as it writes names: VerifyFull.
            Part::Parameter(name) if name == "sslmode" => {
                let value = match value.to_ascii_lowercase().as_str() {
                    "verifyfull" => "verify-full".to_owned(),
                    "verifyca" => "verify-ca".to_owned(),
                    other => other.to_owned(),
                };
                self.parameters.push((name, value));
            }
            Part::Parameter(name) if name == "sslrootcert" => self.parameters.push((name, value)),
            Part::Parameter(_) => self.parameters.push((key, value)),
        }
    }

    /// A single word with a sign behind it is no connection.
    fn is_connection(&self) -> bool {
        let parts = [&self.host, &self.port, &self.user, &self.database];
        1 < parts.into_iter().flatten().count()
    }

    fn read(self) -> Result<ConnUrl, BadUrl> {
        let host = self.host.filter(|host| !host.is_empty()).ok_or(BadUrl::NoHost)?;
        let texts = [Some(&host), self.user.as_ref(), self.database.as_ref()];
        let has_control = |text: &String| text.contains(char::is_control);
        // Looked at for what no password can hold.
        let in_password =
            self.password.as_ref().is_some_and(|secret| secret.expose().contains('\0'));
        if texts.into_iter().flatten().any(has_control) || in_password {
            return Err(BadUrl::Character);
        }
        let port = self.port.as_deref().map_or(Ok(DEFAULT_PORT), parse::port)?;
        Ok(ConnUrl {
            user: self.user.unwrap_or_default(),
            password: self.password,
            host,
            port,
            more_hosts: Vec::new(),
            database: self.database.unwrap_or_default(),
            parameters: self.parameters,
        })
    }
}

fn is_dot_net(text: &str) -> bool {
    let first = text.split(';').next().unwrap_or_default();
    text.contains(';') && first.matches('=').count() == 1
}

/// `Key=value;`, values in single or double quotes where they need it, a quote doubled inside.
fn dot_net(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while let Some((key, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, left) = if let Some(quote) = quote {
            quoted(after.get(1..).unwrap_or_default(), quote, None)
        } else {
            let (value, left) = after.split_once([';', '\n']).unwrap_or((after, ""));
            (value.trim().to_owned(), left)
        };
        pairs.push((key.trim_matches([' ', ';', '\n', '\r', '\t']).to_owned(), value));
        rest = left;
    }
    pairs
}

/// `key=value` and `key = value` between blanks and line ends, and psql's flags.
fn libpq(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let flag = word.strip_prefix('-').filter(|flag| matches!(*flag, "U" | "h" | "p" | "d"));
        let after = after.trim_start_matches([' ', '\t']);
        if let Some(flag) = flag {
            let (value, left) = value(after);
            pairs.push((flag.to_owned(), value));
            rest = left;
        } else if matches!(word, "--set" | "--variable" | "export" | "set") {
            rest = after.strip_prefix('=').unwrap_or(after);
        } else if let Some(after) = after.strip_prefix('=') {
            let (value, left) = value(after.trim_start_matches([' ', '\t']));
            pairs.push((word.to_owned(), value));
            rest = left;
        } else {
            rest = after;
        }
        rest = rest.trim_start();
    }
    pairs
}

/// A value up to the next blank, or within quotes with `\` before what is meant literally.
fn value(text: &str) -> (String, &str) {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        quoted(text.get(1..).unwrap_or_default(), quote, Some('\\'))
    } else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (value, left) = text.split_at(end);
        (value.to_owned(), left)
    }
}

/// The text up to the closing quote, and what follows. Inside, the quote is doubled or stands behind `escape`.
fn quoted(text: &str, quote: char, escape: Option<char>) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if Some(c) == escape {
            value.extend(chars.next().map(|(_, literal)| literal));
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return (value, text.get(at + c.len_utf8()..).unwrap_or_default());
        } else {
            value.push(c);
        }
    }
    (value, "")
}
