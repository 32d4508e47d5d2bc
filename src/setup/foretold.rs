//! What a button will send to the account, told before it is sent: the core is played forward on a copy, with the answers
//! of a run that goes well.

mod beside;
mod requests;

pub use beside::Beside;

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::{
    domain::{commands::Request, mask, operation::Operation},
    setup::{Msg, Order, Setup, Start},
};

/// Stands where an id will stand that only the account can give.
pub const DEPLOYMENT: &str = "DEPLOYMENT";
/// Stands where the name of a component will stand.
pub const COMPONENT: &str = "COMPONENT";
/// Stands where the id of a cluster will stand that an earlier run has left a rule in.
pub const CLUSTER: &str = "CLUSTER";

/// How often a request goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    Once,
    /// Until what was ordered is there, or its time is up.
    UntilDone,
    /// Only where it is needed: another page, a closer look.
    IfNeeded,
}

/// One request, before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foretold {
    pub operation: Operation,
    /// With secrets masked.
    pub body: Option<String>,
    pub times: Times,
}

impl Foretold {
    fn new(operation: Operation, times: Times) -> Self {
        Self { operation, body: None, times }
    }

    fn with(operation: Operation, body: &serde_json::Value) -> Self {
        Self { operation, body: Some(mask::body(body)), times: Times::Once }
    }

    pub fn method(&self) -> &'static str {
        self.operation.method().name()
    }

    pub fn changes_something(&self) -> bool {
        !self.operation.method().only_asks()
    }

    /// Hands it to `read` in the form that the commands are made from.
    pub fn request<T>(&self, read: impl FnOnce(&Request<'_>) -> T) -> T {
        let path = self.operation.path();
        read(&Request { method: self.method(), path: &path, body: self.body.as_deref() })
    }

    /// Whether and how it can be taken back.
    pub fn way_back(&self) -> &'static str {
        match self.operation {
            Operation::CreatePool(..) => "Step 12 deletes the pool again, once nothing uses it.",
            Operation::ChangePool(..) => "Step 12 gives the pool its earlier settings back.",
            Operation::UpdateApp(_) => {
                "Step 12 puts the earlier settings back; that starts one more deployment."
            }
            Operation::WriteTrustedSources(_) => {
                "Our rule is taken out again; no other is touched."
            }
            Operation::DeletePool(..) => "It cannot be undone: the pool would be made anew.",
            Operation::ReadAccount
            | Operation::ReadToken
            | Operation::ListClusters
            | Operation::ReadCluster(_)
            | Operation::ListUsers(_)
            | Operation::ListDatabases(_)
            | Operation::ListPools(_)
            | Operation::ReadPool(..)
            | Operation::ReadTrustedSources(_)
            | Operation::ReadAuthority(_)
            | Operation::ListBackups(_)
            | Operation::ListApps { .. }
            | Operation::ReadApp(_)
            | Operation::ProposeApp(_)
            | Operation::ListDeployments(_)
            | Operation::ReadDeployment(..)
            | Operation::FindLog(..) => "It changes nothing.",
        }
    }
}

/// More effects in a row than any button starts.
const MOST: usize = 32;

impl Setup {
    /// Every request that `msg` leads to. In a dry run, those that would be sent without it.
    pub fn foretell(&self, msg: Msg) -> Vec<Foretold> {
        let mut copy = self.without_history();
        copy.rules.dry_run = false;
        // Nothing that is sent depends on the hour, and the core has no clock.
        let now = Timestamp::UNIX_EPOCH;
        let mut orders: VecDeque<Order> = copy.act(now, msg).into();
        let mut told = Vec::new();
        for _ in 0..MOST {
            let Some(order) = orders.pop_front() else { break };
            let Order::Start(Start { ticket, token, effect }) = order else { continue };
            let (requests, answer) = requests::of(effect, token, &copy.facts);
            told.extend(requests);
            if let Some(answer) = answer {
                orders.extend(copy.settle(now, ticket, answer));
            }
        }
        told
    }

    fn without_history(&self) -> Self {
        let record = crate::domain::record::Record {
            statements: Vec::new(),
            exchanges: Vec::new(),
            entries: self.record.entries.clone(),
        };
        Self {
            facts: self.facts.clone(),
            steps: self.steps.clone(),
            record,
            rules: self.rules.clone(),
            current: self.current,
            resume: None,
            plan: super::plan::Plan::default(),
            path: self.path,
            tickets: self.tickets.clone(),
        }
    }
}
