//! Writing a URL: in which form, and in which pieces, so that each can be explained.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::secret::{MASK, Secret};

use super::{ConnUrl, parameters::is_harmless};

/// How a client wants its connection written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `postgresql://user:password@host:port/database?key=value`, or with another scheme.
    Url(&'static str),
    /// `jdbc:postgresql://host:port/database?user=…&password=…&key=value`
    Jdbc,
    /// `Host=…;Port=…;Database=…;Username=…;Password=…;key=value`
    DotNet,
}

impl Form {
    pub const URL: Self = Self::Url("postgresql");
}

/// A piece of the written URL, with the sign that belongs to it: `:25061`. Together the pieces are the whole.
#[derive(Clone, PartialEq, Eq)]
pub struct Piece {
    pub kind: PieceKind,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PieceKind {
    Scheme,
    User,
    Password,
    Host,
    Port,
    Database,
    /// With its name.
    Parameter(String),
}

/// Everything but the letters that mean nothing to any shell, env reader or URL parser.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const ENCODED_IN_BRACKETS: &AsciiSet = &ENCODED.remove(b':');

/// What stands where a secret stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrets {
    InClear,
    Dots,
}

impl ConnUrl {
    /// The whole with its password.
    pub fn written(&self, form: Form) -> Secret {
        Secret::new(together(&self.pieces_with(form, Secrets::InClear)))
    }

    /// The whole for the screen: ten dots for the password and for values of parameters we do not know.
    pub fn masked_as(&self, form: Form) -> String {
        together(&self.pieces_with(form, Secrets::Dots))
    }

    /// The pieces for the screen, masked.
    pub fn pieces(&self, form: Form) -> Vec<Piece> {
        self.pieces_with(form, Secrets::Dots)
    }

    /// The pieces with the password, for a person who asked to see it. They wipe nothing when they are dropped.
    pub fn pieces_in_clear(&self, form: Form) -> Vec<Piece> {
        self.pieces_with(form, Secrets::InClear)
    }

    fn pieces_with(&self, form: Form, secrets: Secrets) -> Vec<Piece> {
        match form {
            Form::Url(scheme) => self.url_pieces(scheme, secrets),
            Form::Jdbc => self.jdbc_pieces(secrets),
            Form::DotNet => self.dot_net_pieces(secrets),
        }
    }

    fn url_pieces(&self, scheme: &str, secrets: Secrets) -> Vec<Piece> {
        let mut pieces = vec![piece(PieceKind::Scheme, format!("{scheme}://"))];
        let password = self.shown_password(secrets, encode);
        let at = if self.user.is_empty() && password.is_none() { "" } else { "@" };
        if !at.is_empty() {
            pieces.push(piece(PieceKind::User, encode(&self.user)));
        }
        pieces.extend(password.map(|text| piece(PieceKind::Password, format!(":{text}"))));
        pieces.extend(self.address_pieces(at));
        pieces.push(piece(PieceKind::Database, format!("/{}", encode(&self.database))));
        pieces.extend(self.parameter_pieces('?', secrets));
        pieces
    }

    fn jdbc_pieces(&self, secrets: Secrets) -> Vec<Piece> {
        let mut pieces = vec![piece(PieceKind::Scheme, "jdbc:postgresql://".to_owned())];
        pieces.extend(self.address_pieces(""));
        pieces.push(piece(PieceKind::Database, format!("/{}", encode(&self.database))));
        let mut sign = '?';
        if !self.user.is_empty() {
            pieces.push(piece(PieceKind::User, format!("{sign}user={}", encode(&self.user))));
            sign = '&';
        }
        if let Some(password) = self.shown_password(secrets, encode) {
            pieces.push(piece(PieceKind::Password, format!("{sign}password={password}")));
            sign = '&';
        }
        pieces.extend(self.parameter_pieces(sign, secrets));
        pieces
    }

    fn dot_net_pieces(&self, secrets: Secrets) -> Vec<Piece> {
        let (hosts, ports): (Vec<String>, Vec<String>) =
            self.hosts().map(|(host, port)| (host.to_owned(), port.to_string())).unzip();
        let one_port = self.more_hosts.iter().all(|(_, port)| *port == self.port);
        let host = if one_port {
            hosts.join(",")
        } else {
            let each = hosts.iter().zip(&ports).map(|(host, port)| format!("{host}:{port}"));
            each.collect::<Vec<_>>().join(",")
        };
        let mut pieces = vec![piece(PieceKind::Host, format!("Host={}", quoted(&host)))];
        if one_port {
            pieces.push(piece(PieceKind::Port, format!(";Port={}", self.port)));
        }
        let database = format!(";Database={}", quoted(&self.database));
        pieces.push(piece(PieceKind::Database, database));
        if !self.user.is_empty() {
            pieces.push(piece(PieceKind::User, format!(";Username={}", quoted(&self.user))));
        }
        if let Some(password) = self.shown_password(secrets, quoted) {
            pieces.push(piece(PieceKind::Password, format!(";Password={password}")));
        }
        pieces.extend(self.parameters.iter().map(|(key, value)| {
            let value = shown_value(key, value, secrets, quoted);
            piece(PieceKind::Parameter(key.clone()), format!(";{key}={value}"))
        }));
        pieces
    }

    fn hosts(&self) -> impl Iterator<Item = (&str, u16)> {
        let more = self.more_hosts.iter().map(|(host, port)| (host.as_str(), *port));
        std::iter::once((self.host.as_str(), self.port)).chain(more)
    }

    /// Host and port by turns; `before` stands in front of the first.
    fn address_pieces(&self, before: &str) -> Vec<Piece> {
        let mut sign = before;
        let mut pieces = Vec::new();
        for (host, port) in self.hosts() {
            pieces.push(piece(PieceKind::Host, format!("{sign}{}", bracketed(host))));
            pieces.push(piece(PieceKind::Port, format!(":{port}")));
            sign = ",";
        }
        pieces
    }

    fn parameter_pieces(&self, first: char, secrets: Secrets) -> Vec<Piece> {
        let mut sign = first;
        let mut pieces = Vec::new();
        for (key, value) in &self.parameters {
            let value = shown_value(key, value, secrets, encode);
            let text = format!("{sign}{}={value}", encode(key));
            pieces.push(piece(PieceKind::Parameter(key.clone()), text));
            sign = '&';
        }
        pieces
    }

    fn shown_password(&self, secrets: Secrets, write: fn(&str) -> String) -> Option<String> {
        let password = self.password.as_ref()?;
        Some(match secrets {
            // The password is needed as a part of the URL; the URL is a secret again.
            Secrets::InClear => write(password.expose()),
            Secrets::Dots if password.is_empty() => String::new(),
            Secrets::Dots => MASK.to_owned(),
        })
    }
}

fn piece(kind: PieceKind, text: String) -> Piece {
    Piece { kind, text }
}

fn together(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect()
}

fn shown_value(key: &str, value: &str, secrets: Secrets, write: fn(&str) -> String) -> String {
    match secrets {
        Secrets::InClear => write(value),
        Secrets::Dots if is_harmless(key) => write(value),
        Secrets::Dots if value.is_empty() => String::new(),
        Secrets::Dots => MASK.to_owned(),
    }
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

/// A value of a .NET connection string, in quotes where it holds a sign that means something there.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-._~:/\\+,@!*()[]{}<>?#%^&|$".contains(c);
    if value.chars().all(plain) {
        value.to_owned()
    } else if value.contains('"') && !value.contains('\'') {
        format!("'{value}'")
    } else {
        format!("\"{}\"", value.replace('"', "\"\""))
    }
}
