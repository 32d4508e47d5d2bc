//! What the primary button will send, in words that can be read, copied, and typed into a shell.

use crate::{
    domain::{
        commands::{self, doctl},
        operation::{Operation, body},
    },
    setup::{
        facts::Facts,
        steps::pool::{Decision, Step},
    },
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
    let cluster = facts.cluster.as_ref()?.cluster.id.clone();
    let decision = step.decide(facts).ok()?;
    if decision.by_hand(facts) {
        return None;
    }
    let (operation, body) = match decision {
        Decision::Adopt(_) => return None,
        Decision::Create(order) => {
            (Operation::CreatePool(cluster, order.name.clone()), body::new_pool(&order))
        }
        Decision::Change { to, .. } => {
            (Operation::ChangePool(cluster, to.name.clone()), body::changed_pool(&to))
        }
    };
    let (method, path) = (operation.method().name(), operation.path());
    let text = body.to_string();
    let command = doctl(&commands::Request { method, path: &path, body: Some(&text) })?;
    let body = format!("{body:#}");
    Some(Request { method, path, body, command })
}
