//! App Platform specs: which variables use a cluster, and a change of ours and nothing else.
//! The spec is edited as raw JSON: a typed struct would lose the fields it does not know.

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::pool::PoolName;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppId(pub String);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    pub id: AppId,
    pub name: String,
    pub spec: Value,
    pub live_url: Option<String>,
    pub active_deployment: Option<String>,
    pub updated_at: Option<Timestamp>,
}

/// Where a variable stands in the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// `None` at app level, else the component's name.
    pub component: Option<String>,
    pub key: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub place: Place,
    /// Masked: a binding is shown, a secret is not.
    pub shown: String,
    /// `RUN_TIME`, `BUILD_TIME`, `RUN_AND_BUILD_TIME`.
    pub scope: String,
    /// Already points at a pool.
    pub pooled: bool,
}

/// What is to be changed in the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    pub cluster_name: String,
    pub pool: PoolName,
    /// Key the app reads for the pooled URL.
    pub pooled_key: String,
    /// Key migrations read; `None` leaves it out.
    pub direct_key: Option<String>,
    /// Appended after the binding: `&connection_limit=5`. Empty for clients that take none.
    pub pooled_suffix: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecChange {
    pub place: Place,
    pub old: Option<String>,
    pub new: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecPlan {
    pub spec: Value,
    pub changes: Vec<SpecChange>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSpec {
    #[error("no database component of this app is attached to the cluster {0}")]
    NotAttached(String),
    #[error("the spec is not a JSON object")]
    NotAnObject,
    /// A secret would be emptied by sending the spec back.
    #[error("the secret {0} came back empty; sending the spec would erase it")]
    EmptySecret(String),
}

/// Every variable that reaches this cluster: bindings to its component, or its host in a plain value.
pub fn variables(spec: &Value, cluster_name: &str, hosts: &[&str]) -> Vec<Variable> {
    todo!("{spec} {cluster_name} {hosts:?}")
}

/// Does the app use the cluster at all: attached as a component, or by a variable?
pub fn uses_cluster(spec: &Value, cluster_name: &str, hosts: &[&str]) -> bool {
    todo!("{spec} {cluster_name} {hosts:?}")
}

/// Plans the switch to the pool on a copy of `spec`.
pub fn plan(spec: &Value, switch: &Switch) -> Result<SpecPlan, BadSpec> {
    todo!("{spec} {switch:?}")
}

/// Where the app says how it is: its live address and the health check path of its first service.
pub fn health_url(app: &App) -> Option<String> {
    todo!("{app:?}")
}
