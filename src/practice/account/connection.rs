//! Connection objects: where something listens, and the URI to it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::{
    domain::secret::Secret,
    practice::cluster::{PRIVATE_HOST, PUBLIC_HOST},
};

use super::{backing::Backing, tokens::Scopes};

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One of the cluster's four doors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) host: &'static str,
    pub(super) port: u16,
}

impl Spot {
    pub(super) fn public_direct(cluster: &Backing) -> Self {
        Self { host: PUBLIC_HOST, port: cluster.direct_port() }
    }

    pub(super) fn private_direct(cluster: &Backing) -> Self {
        Self { host: PRIVATE_HOST, port: cluster.direct_port() }
    }

    pub(super) fn public_pooled(cluster: &Backing) -> Self {
        Self { host: PUBLIC_HOST, port: cluster.pool_port() }
    }

    pub(super) fn private_pooled(cluster: &Backing) -> Self {
        Self { host: PRIVATE_HOST, port: cluster.pool_port() }
    }
}

/// Who a connection object is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Login<'a> {
    Role(&'a str, &'a Secret),
    /// Whoever comes: the pool keeps the client's own role.
    Inbound,
}

impl<'a> Login<'a> {
    /// A role without a password of ours is no role of ours; its clients bring their own.
    pub(super) fn role(name: &'a str, password: Option<&'a Secret>) -> Self {
        password.map_or(Self::Inbound, |password| Self::Role(name, password))
    }
}

/// `path` stands in the URI, `database` in the field of that name: a cluster's is empty, a pool's is the pool's name.
pub(super) fn shown(
    spot: Spot,
    path: &str,
    database: &str,
    login: Login<'_>,
    scopes: &Scopes,
) -> Value {
    let Spot { host, port } = spot;
    match login {
        Login::Role(user, password) if scopes.passwords() => json!({
            // Both fields below give the password out; this is the answer that is asked for it.
            "uri": uri(spot, path, login).expose(),
            "database": database,
            "host": host,
            "port": port,
            "user": user,
            "password": password.expose(),
            "ssl": true,
        }),
        Login::Role(user, _hidden) => json!({
            "uri": format!("postgresql://{}@{host}:{port}/{}?sslmode=require", kept(user), kept(path)),
            "database": database,
            "host": host,
            "port": port,
            "ssl": true,
        }),
        Login::Inbound => json!({
            // No secret: it has neither user nor password.
            "uri": uri(spot, path, login).expose(),
            "database": database,
            "host": host,
            "port": port,
            "user": "",
            "password": "",
            "ssl": true,
        }),
    }
}

/// With its password.
pub(super) fn uri(spot: Spot, path: &str, login: Login<'_>) -> Secret {
    let Spot { host, port } = spot;
    let (user, password) = match login {
        // It becomes part of another secret.
        Login::Role(user, password) => (kept(user), kept(password.expose())),
        Login::Inbound => (String::new(), String::new()),
    };
    Secret::new(format!(
        "postgresql://{user}:{password}@{host}:{port}/{}?sslmode=require",
        kept(path)
    ))
}

fn kept(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}
