//! What the primary button will send, in words that can be read, copied, and typed into a shell.

use crate::setup::{
    facts::Facts,
    steps::pool::{Decision, Step},
};

/// What the primary button will send, shown before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: &'static str,
    pub path: String,
    /// JSON, indented.
    pub body: String,
    /// The same for the provider's own command line.
    pub command: String,
}

/// `None` where nothing is sent: the pool is right already, something is missing, or it is done by hand.
pub fn request(step: &Step, facts: &Facts) -> Option<Request> {
    let cluster = &facts.cluster.as_ref()?.cluster.id.0;
    let decision = step.decide(facts).ok()?;
    if decision.by_hand(facts) {
        return None;
    }
    let (method, verb, path, order) = match decision {
        Decision::Adopt(_) => return None,
        Decision::Create(order) => {
            ("POST", "create", format!("/v2/databases/{cluster}/pools"), order)
        }
        Decision::Change { to, .. } => {
            ("PUT", "update", format!("/v2/databases/{cluster}/pools/{}", to.name), to)
        }
    };
    let mut body = serde_json::Map::new();
    if method == "POST" {
        body.insert("name".to_owned(), order.name.as_str().into());
    }
    body.insert("mode".to_owned(), order.mode.word().into());
    body.insert("size".to_owned(), order.size.into());
    body.insert("db".to_owned(), order.db.clone().into());
    let user = order.user.as_ref().map_or(String::new(), |user| format!(" --user {user}"));
    let command = format!(
        "doctl databases pool {verb} {cluster} {} --mode {} --size {} --db {}{user}",
        order.name,
        order.mode.word(),
        order.size,
        order.db
    );
    if let Some(user) = order.user {
        body.insert("user".to_owned(), user.into());
    }
    let body = format!("{:#}", serde_json::Value::Object(body));
    Some(Request { method, path, body, command })
}
