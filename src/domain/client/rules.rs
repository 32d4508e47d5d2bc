//! The rules by which a base URL becomes the one a client reads.

use crate::domain::{
    conn_url::{
        ConnUrl,
        parameters::{Reader, known},
    },
    stages::Port,
};

use super::{About, ClientUrl, Needs, Side, Statements, Stray};

/// Sets a parameter or leaves some out, under a condition.
#[derive(Debug)]
pub struct Rule {
    when: When,
    does: Does,
    why: &'static str,
}

#[derive(Debug)]
enum Does {
    Set(&'static str, &'static str),
    /// Also said where they never were: people look for them.
    LeaveOut(&'static [&'static str]),
    /// Said where it was there.
    TakeOut(&'static str),
    /// Only with this value.
    TakeOutValue(&'static str, &'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Always,
    /// The server's certificate is checked against the cluster's authority.
    Verified,
    /// Encrypted only.
    Encrypted,
    /// Statements prepared by name outlast a transaction.
    Named,
    /// They do not, or it is not known.
    Unnamed,
    /// Of those: it was found out.
    NotTracked,
    /// Of those: it was not.
    NotKnown,
}

impl When {
    pub(super) fn holds(self, needs: &Needs<'_>) -> bool {
        match self {
            Self::Always => true,
            Self::Verified => needs.ca_file.is_some(),
            Self::Encrypted => needs.ca_file.is_none(),
            Self::Named => needs.names_last(),
            Self::Unnamed => !needs.names_last(),
            Self::NotTracked => needs.statements() == Statements::NotTracked,
            Self::NotKnown => needs.statements() == Statements::Unknown,
        }
    }
}

/// Sets a parameter. The value may be `$LIMIT` or `$CA`.
pub const fn set(key: &'static str, value: &'static str, why: &'static str) -> Rule {
    Rule { when: When::Always, does: Does::Set(key, value), why }
}

/// Leaves parameters out, and says so also where they never were.
pub const fn no(keys: &'static [&'static str], why: &'static str) -> Rule {
    Rule { when: When::Always, does: Does::LeaveOut(keys), why }
}

/// Takes a parameter out, where it is there.
pub const fn without(key: &'static str, why: &'static str) -> Rule {
    Rule { when: When::Always, does: Does::TakeOut(key), why }
}

/// Takes a parameter out, where it has this value.
pub const fn without_value(key: &'static str, value: &'static str, why: &'static str) -> Rule {
    Rule { when: When::Always, does: Does::TakeOutValue(key, value), why }
}

impl Rule {
    pub const fn when(self, when: When) -> Self {
        Self { when, ..self }
    }

    fn names(&self, parameter: &str) -> bool {
        match self.does {
            Does::Set(key, _) | Does::TakeOut(key) => key == parameter,
            Does::LeaveOut(keys) => keys.contains(&parameter),
            // With another value it is as any other parameter.
            Does::TakeOutValue(..) => false,
        }
    }
}

pub(super) const WHY_LIMIT: &str =
    "The most connections one instance of the app opens; the pool shares out the database's own.";
pub(super) const WHY_VERIFIED: &str =
    "The connection is encrypted, and the server proves that it is this cluster.";
pub(super) const WHY_CA: &str = "The file of the authority that signs the cluster's certificate; DigitalOcean has one for each cluster.";
const WHY_REQUIRE: &str = "The connection is encrypted; the certificate is not checked.";

/// As libpq reads it, and whoever follows it.
pub(super) const LIBPQ_TLS: &[Rule] = &[
    set("sslmode", "require", WHY_REQUIRE).when(When::Encrypted),
    set("sslmode", "verify-full", WHY_VERIFIED).when(When::Verified),
    set("sslrootcert", "$CA", WHY_CA).when(When::Verified),
];

/// Encrypted by the URL; what is checked is said in code.
pub(super) const REQUIRE_TLS: &[Rule] = &[
    set("sslmode", "require", WHY_REQUIRE).when(When::Encrypted),
    set(
        "sslmode",
        "require",
        "The connection is encrypted; the certificate is checked by the code below.",
    )
    .when(When::Verified),
];

/// The direct URL of everything on libpq.
pub(super) const LIBPQ_DIRECT: Side = Side {
    reads: &[Reader::Libpq, Reader::Server],
    stray: Stray::Refused,
    tls: LIBPQ_TLS,
    rules: &[],
};

/// Parameters about encryption, in any dialect. Where the rules do not set one, it is not in the URL.
const TLS: [&str; 14] = [
    "Root Certificate",
    "SSL Mode",
    "Trust Server Certificate",
    "channel_binding",
    "ssl",
    "sslaccept",
    "sslcert",
    "sslcertmode",
    "sslidentity",
    "sslkey",
    "sslmode",
    "sslpassword",
    "sslrootcert",
    "uselibpqcompat",
];

pub(super) fn url(about: &About, port: Port, base: &ConnUrl, needs: &Needs<'_>) -> ClientUrl {
    let side = match port {
        Port::Pooled => &about.pooled,
        Port::Direct => &about.direct,
    };
    // A URL that came with its own authority keeps it.
    let own_ca = base
        .parameter("sslrootcert")
        .filter(|_| base.parameter("sslmode").is_some_and(|mode| mode.starts_with("verify")));
    let needs = &Needs { ca_file: needs.ca_file.or(own_ca), ..*needs };
    let mut made = ClientUrl { url: base.clone(), form: about.form, reasons: Vec::new() };
    let rules = || side.tls.iter().chain(side.rules).filter(|rule| rule.when.holds(needs));
    let sets =
        |key: &str| rules().any(|rule| matches!(rule.does, Does::Set(name, _) if name == key));
    for key in TLS.iter().filter(|key| !sets(key)) {
        made.url = made.url.without_parameter(key);
    }
    // What the rules speak of has reasons of its own.
    let named = |name: &str| rules().any(|rule| rule.names(name));
    rules().fold(made.without_strays(side, port, named), |made, rule| made.follow(rule, needs))
}

impl ClientUrl {
    fn follow(mut self, rule: &Rule, needs: &Needs<'_>) -> Self {
        match rule.does {
            Does::Set(key, value) => {
                let value = filled(value, needs);
                self.reasons.push((format!("{key}={value}"), rule.why.to_owned()));
                self.url = self.url.with_parameter(key, &value);
                self
            }
            Does::LeaveOut(keys) => {
                for key in keys {
                    self.url = self.url.without_parameter(key);
                }
                self.reasons.push((format!("no {}", keys.join(", ")), rule.why.to_owned()));
                self
            }
            Does::TakeOut(key) if self.url.parameter(key).is_some() => self.take_out(key, rule.why),
            Does::TakeOutValue(key, value) if self.url.parameter(key) == Some(value) => {
                self.take_out(key, rule.why)
            }
            Does::TakeOut(_) | Does::TakeOutValue(..) => self,
        }
    }

    fn take_out(mut self, key: &str, why: &str) -> Self {
        self.url = self.url.without_parameter(key);
        self.reasons.push((format!("no {key}"), why.to_owned()));
        self
    }

    /// Takes out what the client would stumble over, and says so.
    fn without_strays(mut self, side: &Side, port: Port, named: impl Fn(&str) -> bool) -> Self {
        let mut names: Vec<String> = Vec::new();
        for (name, _) in &self.url.parameters {
            if !names.contains(name) && !named(name) {
                names.push(name.clone());
            }
        }
        for name in names {
            if let Some(why) = stray(&name, side, port) {
                self = self.take_out(&name, why);
            }
        }
        self
    }
}

/// Why a parameter can't stay, or `None`.
fn stray(name: &str, side: &Side, port: Port) -> Option<&'static str> {
    let reader = known(name).map(|parameter| parameter.reader);
    match (reader, port, side.stray) {
        (Some(Reader::Server), Port::Pooled, _) => {
            Some("It is sent to the server at sign-in, and a pooler refuses that.")
        }
        (Some(Reader::Server), Port::Direct, _) => None,
        (Some(reader), _, _) if side.reads.contains(&reader) => None,
        (Some(_) | None, _, Stray::Refused) => {
            Some("This client refuses a URL with a parameter that it does not know.")
        }
        (Some(_), _, Stray::Sent) | (None, Port::Pooled, Stray::Sent) => {
            Some("This client sends what it does not know to the server, which refuses it.")
        }
        (Some(_), _, Stray::Ignored) => Some("It belongs to another client; this one ignores it."),
        (None, Port::Direct, Stray::Sent) | (None, _, Stray::Ignored) => None,
    }
}

/// The value with what it stands for.
pub(super) fn filled(value: &str, needs: &Needs<'_>) -> String {
    let ca = needs.ca_file.unwrap_or_default();
    // Prisma looks from the schema's folder.
    let from_schema = if ca.starts_with('/') { ca.to_owned() } else { format!("../{ca}") };
    value
        .replace("$KEY", needs.keys.0)
        .replace("$DIRECT", needs.keys.1)
        .replace("$LIMIT", &needs.limit.to_string())
        .replace("$CA_FROM_SCHEMA", &from_schema)
        .replace("$CA", ca)
}
