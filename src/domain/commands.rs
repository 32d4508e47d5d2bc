//! A request to the account in the forms that people type: doctl, curl, Terraform. Nothing that is masked is written into
//! a command that could be run: it would be sent as it stands.

mod curl;
mod doctl;
mod terraform;

#[cfg(test)]
mod tests;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::domain::secret::MASK;

pub use self::{
    curl::curl,
    doctl::{doctl, no_doctl},
    terraform::{import, terraform},
};

/// A request as the drawer shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    pub method: &'a str,
    /// From the slash on, with the query.
    pub path: &'a str,
    /// JSON in which secrets are masked.
    pub body: Option<&'a str>,
}

impl Request<'_> {
    /// The path's parts behind the version, decoded.
    fn parts(&self) -> Vec<String> {
        let path = self.path.split_once('?').map_or(self.path, |(path, _)| path);
        let path = path.strip_prefix("/v2/").unwrap_or_default();
        let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        path.split('/').map(decoded).collect()
    }

    fn fields(&self) -> Option<Map<String, Value>> {
        match serde_json::from_str(self.body?).ok()? {
            Value::Object(fields) => Some(fields),
            _ => None, // no request of the account's has another body
        }
    }

    fn is_masked(&self) -> bool {
        self.body.is_some_and(|body| body.contains(MASK))
    }
}

/// What makes or changes a pool, read back from its request.
struct PoolRequest {
    cluster: String,
    name: String,
    mode: String,
    size: u64,
    db: String,
    user: Option<String>,
    is_new: bool,
}

impl PoolRequest {
    fn read(request: &Request<'_>) -> Option<Self> {
        let parts = request.parts();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let fields = request.fields()?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let (cluster, name, is_new) = match (request.method, parts.as_slice()) {
            ("POST", ["databases", cluster, "pools"]) => (*cluster, text("name")?, true),
            ("PUT", ["databases", cluster, "pools", name]) => (*cluster, (*name).to_owned(), false),
            _ => return None, // no pool is made or changed
        };
        Some(Self {
            cluster: cluster.to_owned(),
            name,
            mode: text("mode")?,
            size: fields.get("size")?.as_u64()?,
            db: text("db")?,
            user: text("user"),
            is_new,
        })
    }
}
