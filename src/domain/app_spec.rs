//! App Platform specs: which variables use a cluster, and a change of ours and nothing else.
//! The spec is edited as raw JSON: a typed struct would lose the fields it does not know.

pub mod difference;
pub mod form;
pub mod migrating;

mod switch;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{
    conn_url::{ConnUrl, parameters::is_harmless},
    pool::PoolName,
    secret::MASK,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppId(pub String);

/// An app's settings as the account gave them. They are never printed: a value may be a URL with its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Spec(Value);

impl From<Value> for Spec {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl std::ops::Deref for Spec {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl std::fmt::Debug for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spec(…)")
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    pub id: AppId,
    pub name: String,
    pub spec: Spec,
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
    /// The cluster's hosts, public and private: a plain URL that names one is switched too.
    pub hosts: Vec<String>,
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
    /// Masked; `None` where the variable is new.
    pub old: Option<String>,
    /// Masked.
    pub new: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecPlan {
    pub spec: Spec,
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
    #[error("the app's variable {0} points at another database; choose another name for ours")]
    Elsewhere(String),
}

/// Every variable that reaches this cluster: bindings to its component, or its host in a plain value.
pub fn variables(spec: &Value, cluster_name: &str, hosts: &[&str]) -> Vec<Variable> {
    let cluster = Reach { components: attached(spec, cluster_name), hosts: hosts.to_vec() };
    entries(spec)
        .into_iter()
        .filter(|entry| cluster.is_reached_by(entry.value()))
        .map(|entry| Variable {
            place: entry.place(),
            shown: entry.shown(),
            scope: entry.text("scope").unwrap_or("RUN_AND_BUILD_TIME").to_owned(),
            pooled: cluster.is_pooled(entry.value()),
        })
        .collect()
}

/// Does the app use the cluster at all: attached as a component, or by a variable?
pub fn uses_cluster(spec: &Value, cluster_name: &str, hosts: &[&str]) -> bool {
    !attached(spec, cluster_name).is_empty() || !variables(spec, cluster_name, hosts).is_empty()
}

/// Does a variable of the app go through this pool: by a binding, or by its name in a plain URL?
pub fn uses_pool(spec: &Value, cluster_name: &str, hosts: &[&str], pool: &PoolName) -> bool {
    let cluster = Reach { components: attached(spec, cluster_name), hosts: hosts.to_vec() };
    let named = Some(pool.as_str());
    entries(spec).iter().map(Entry::value).any(|value| {
        cluster.bindings(value).any(|binding| binding.pool == named)
            || (cluster.names_host(value)
                && ConnUrl::parse(value).is_ok_and(|url| Some(url.database.as_str()) == named))
    })
}

/// Plans the switch to the pool on a copy of `spec`.
pub fn plan(spec: &Value, switch: &Switch) -> Result<SpecPlan, BadSpec> {
    switch::plan(spec, switch)
}

/// Where the app says how it is: its live address and the health check path of its first service.
pub fn health_url(app: &App) -> Option<String> {
    let live = app.live_url.as_deref()?.trim_end_matches('/');
    let service = app.spec.pointer("/services/0").unwrap_or(&Value::Null);
    let (route, keeps_prefix) = route(&app.spec, service);
    let route = route.trim_end_matches('/');
    let check = service.pointer("/health_check/http_path").and_then(Value::as_str);
    let path = match check.map(|path| path.trim_start_matches('/')) {
        // The check asks the service itself, which does not see its route unless that is kept.
        Some(path) if keeps_prefix => format!("/{path}"),
        Some(path) => format!("{route}/{path}"),
        None => format!("{route}/"),
    };
    Some(format!("{live}{path}"))
}

/// How many instances of the app run side by side: of its services and workers.
pub fn instances(app: &App) -> u32 {
    let of = |component: &Value| {
        let count = component.get("instance_count").and_then(Value::as_u64).unwrap_or(1);
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    ["services", "workers"].iter().flat_map(|kind| list(app.spec.get(*kind))).map(of).sum()
}

/// The path that leads to a service, and whether the service sees it.
fn route<'a>(spec: &'a Value, service: &'a Value) -> (&'a str, bool) {
    let own = service.pointer("/routes/0");
    let rules = list(spec.pointer("/ingress/rules"));
    let rule = rules.iter().find(|rule| {
        let named = rule.pointer("/component/name").and_then(Value::as_str);
        named.is_some() && named == service.get("name").and_then(Value::as_str)
    });
    let (path, kept) = match (own, rule) {
        (Some(own), _) => (own.get("path"), own.get("preserve_path_prefix")),
        (None, Some(rule)) => {
            (rule.pointer("/match/path/prefix"), rule.pointer("/component/preserve_path_prefix"))
        }
        (None, None) => (None, None),
    };
    let is_kept = kept.and_then(Value::as_bool).unwrap_or(false);
    (path.and_then(Value::as_str).unwrap_or("/"), is_kept)
}

/// DigitalOcean's port for pools, where a plain URL is all there is to judge by.
const POOL_PORT: u16 = 25061;

/// Lists of components that have variables of their own, which win over the app's.
const COMPONENTS: [&str; 5] = ["services", "workers", "jobs", "functions", "static_sites"];

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Names of the app's database components that are attached to the cluster.
fn attached<'a>(spec: &'a Value, cluster_name: &str) -> Vec<&'a str> {
    list(spec.get("databases"))
        .iter()
        .filter(|database| {
            database.get("cluster_name").and_then(Value::as_str) == Some(cluster_name)
        })
        .filter_map(|database| database.get("name")?.as_str())
        .collect()
}

/// What holds variables: the app, or one of its components.
#[derive(Clone)]
struct Owner<'a> {
    /// JSON pointer; empty for the app.
    pointer: String,
    component: Option<&'a str>,
    /// A job that runs before each deployment: migrations.
    pre_deploy: bool,
}

impl Owner<'_> {
    fn app() -> Self {
        Self { pointer: String::new(), component: None, pre_deploy: false }
    }
}

fn owners(spec: &Value) -> Vec<Owner<'_>> {
    let mut owners = vec![Owner::app()];
    for kind in COMPONENTS {
        for (index, component) in list(spec.get(kind)).iter().enumerate() {
            owners.push(Owner {
                pointer: format!("/{kind}/{index}"),
                component: Some(component.get("name").and_then(Value::as_str).unwrap_or(kind)),
                pre_deploy: component.get("kind").and_then(Value::as_str) == Some("PRE_DEPLOY"),
            });
        }
    }
    owners
}

/// One variable as it stands in the spec.
struct Entry<'a> {
    owner: Owner<'a>,
    pointer: String,
    env: &'a Value,
}

fn entries(spec: &Value) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    for owner in owners(spec) {
        let envs = format!("{}/envs", owner.pointer);
        for (index, env) in list(spec.pointer(&envs)).iter().enumerate() {
            let pointer = format!("{envs}/{index}");
            entries.push(Entry { owner: owner.clone(), pointer, env });
        }
    }
    entries
}

impl<'a> Entry<'a> {
    fn text(&self, field: &str) -> Option<&'a str> {
        self.env.get(field)?.as_str()
    }

    fn key(&self) -> &'a str {
        self.text("key").unwrap_or("")
    }

    fn value(&self) -> &'a str {
        self.text("value").unwrap_or("")
    }

    fn is_secret(&self) -> bool {
        self.text("type") == Some("SECRET")
    }

    /// Encrypted by the provider: what it points at can't be known.
    fn is_sealed(&self) -> bool {
        self.value().starts_with("EV[")
    }

    fn place(&self) -> Place {
        Place { component: self.owner.component.map(str::to_owned), key: self.key().to_owned() }
    }

    fn shown(&self) -> String {
        if self.is_sealed() { MASK.to_owned() } else { shown(self.value()) }
    }
}

/// `${component.DATABASE_URL}` or `${component.pool.DATABASE_URL}`.
struct Binding<'a> {
    component: &'a str,
    pool: Option<&'a str>,
    /// All between the braces.
    text: &'a str,
}

fn bindings(value: &str) -> impl Iterator<Item = Binding<'_>> {
    value.split("${").skip(1).filter_map(|rest| {
        let (inside, _) = rest.split_once('}')?;
        let parts: Vec<&str> = inside.split('.').collect();
        match parts.as_slice() {
            [component, _] => Some(Binding { component, pool: None, text: inside }),
            [component, pool, _] => Some(Binding { component, pool: Some(pool), text: inside }),
            _ => None, // not a binding of a database
        }
    })
}

/// What reaches the cluster: its components in this app, and its hosts.
struct Reach<'a> {
    components: Vec<&'a str>,
    hosts: Vec<&'a str>,
}

impl Reach<'_> {
    /// The bindings of this cluster in a value.
    fn bindings<'v>(&self, value: &'v str) -> impl Iterator<Item = Binding<'v>> {
        bindings(value).filter(|binding| self.components.contains(&binding.component))
    }

    /// The first of them.
    fn binding<'v>(&self, value: &'v str) -> Option<Binding<'v>> {
        self.bindings(value).next()
    }

    fn names_host(&self, value: &str) -> bool {
        self.hosts.iter().any(|host| !host.is_empty() && value.contains(host))
    }

    fn is_reached_by(&self, value: &str) -> bool {
        self.binding(value).is_some() || self.names_host(value)
    }

    fn is_pooled(&self, value: &str) -> bool {
        match self.binding(value) {
            Some(binding) => binding.pool.is_some(),
            None => ConnUrl::parse(value).is_ok_and(|url| url.port == POOL_PORT),
        }
    }
}

/// A value for the screen: bindings and known parameters as they are, anything else hidden.
fn shown(value: &str) -> String {
    if let Ok(url) = ConnUrl::parse(value)
        && !value.contains("${")
    {
        return url.masked();
    }
    let bindings: Vec<String> =
        bindings(value).map(|binding| format!("${{{}}}", binding.text)).collect();
    match bindings.as_slice() {
        [] => MASK.to_owned(),
        [binding] if value.strip_prefix(binding.as_str()).is_some_and(is_harmless_tail) => {
            value.to_owned()
        }
        bindings => bindings.join("…"),
    }
}

fn is_harmless_tail(tail: &str) -> bool {
    tail.is_empty() || parameters(tail).all(|(key, _)| is_harmless(key))
}

/// What stands behind a binding: `&connection_limit=5&schema=app`.
fn parameters(tail: &str) -> impl Iterator<Item = (&str, &str)> {
    tail.split(['?', '&'])
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    pub(super) fn switch() -> Switch {
        Switch {
            cluster_name: "shop-db".to_owned(),
            hosts: vec!["db.example".to_owned()],
            pool: PoolName::given("shop-pool"),
            pooled_key: "DATABASE_URL".to_owned(),
            direct_key: None,
            pooled_suffix: "&connection_limit=5".to_owned(),
        }
    }

    /// An app as the account gives it: fields we do not know, an encrypted secret, a migration job.
    pub(super) fn spec() -> Value {
        json!({
            "name": "shop-web",
            "zzz_unknown": {"b": 1, "a": [1.50, null]},
            "services": [{
                "name": "web",
                "http_port": 8080,
                "health_check": {"http_path": "/health"},
                "envs": [
                    {"key": "STRIPE", "scope": "RUN_TIME", "type": "SECRET", "value": "EV[1:abc:def]"},
                    {"value": "${db.DATABASE_URL}", "scope": "RUN_AND_BUILD_TIME", "key": "DATABASE_URL"},
                ],
            }],
            "jobs": [{"name": "migrate", "kind": "PRE_DEPLOY", "envs": [{"key": "DATABASE_URL", "value": "${db.DATABASE_URL}"}]}],
            "workers": [{"name": "mailer", "envs": [{"key": "DATABASE_URL", "value": "${other.DATABASE_URL}"}]}],
            "databases": [
                {"name": "other", "engine": "PG", "cluster_name": "other-db"},
                {"name": "db", "engine": "PG", "production": true, "cluster_name": "shop-db"},
            ],
        })
    }

    /// The spec with one variable list put at `pointer`.
    pub(super) fn with_envs(pointer: &str, envs: Value) -> Value {
        let mut spec = spec();
        let owner = spec.pointer_mut(pointer).and_then(Value::as_object_mut).expect("an owner");
        owner.insert("envs".to_owned(), envs);
        spec
    }

    #[test]
    fn variables_of_the_cluster_are_found_and_masked() {
        let envs = json!([
            {"key": "A", "value": "${db.shop-pool.DATABASE_URL}&connection_limit=5", "scope": "RUN_TIME"},
            {"key": "B", "value": "postgres://app:canary@${db.HOSTNAME}:${db.PORT}/d"},
            {"key": "C", "value": "postgresql://u:canary@db.example:25061/p"},
            {"key": "D", "value": "jdbc:postgresql://db.example/d?password=canary"},
            {"key": "E", "value": "EV[1:abc:def]", "type": "SECRET"},
            {"key": "F", "value": "${other.DATABASE_URL}"},
        ]);
        let mut spec = with_envs("/services/0", envs);
        spec.as_object_mut().expect("an object").remove("jobs");
        let found: Vec<(String, String, bool)> = variables(&spec, "shop-db", &["db.example"])
            .into_iter()
            .map(|variable| (variable.place.key, variable.shown, variable.pooled))
            .collect();
        let row = |key: &str, shown: &str, pooled| (key.to_owned(), shown.to_owned(), pooled);
        assert_eq!(
            found,
            [
                row("A", "${db.shop-pool.DATABASE_URL}&connection_limit=5", true),
                row("B", "${db.HOSTNAME}…${db.PORT}", false),
                row("C", &format!("postgresql://u:{MASK}@db.example:25061/p"), true),
                row("D", MASK, false),
            ]
        );
        assert!(uses_cluster(&spec, "shop-db", &[]));
        assert!(!uses_cluster(&spec, "third-db", &["third.example"]));
        assert!(uses_cluster(&spec, "third-db", &["db.example"]));
    }

    #[test]
    fn a_pool_is_used_by_a_binding_or_by_its_name_in_a_url() {
        let uses = |value: &str| {
            let spec = with_envs("/services/0", json!([{"key": "A", "value": value}]));
            uses_pool(&spec, "shop-db", &["db.example"], &PoolName::given("shop-pool"))
        };
        assert!(uses("${db.shop-pool.DATABASE_URL}&connection_limit=5"));
        assert!(uses("postgres://${db.USERNAME}:${db.PASSWORD}@${db.shop-pool.HOSTNAME}/x"));
        assert!(uses("postgresql://u:p@db.example:25061/shop-pool?sslmode=require"));
        assert!(!uses("${db.DATABASE_URL}"));
        assert!(!uses("${db.shop-pool-2.DATABASE_URL}"));
        assert!(!uses("${other.shop-pool.DATABASE_URL}"));
        assert!(!uses("postgresql://u:p@other.example:25061/shop-pool"));
    }

    #[test]
    fn the_health_url_is_what_the_outside_asks() {
        let url = |service: Value, live: Option<&str>| {
            health_url(&App {
                id: AppId("a".to_owned()),
                name: "a".to_owned(),
                spec: service.into(),
                live_url: live.map(str::to_owned),
                active_deployment: None,
                updated_at: None,
            })
        };
        let live = Some("https://shop.example/");
        assert_eq!(url(spec(), live).as_deref(), Some("https://shop.example/health"));
        assert_eq!(url(spec(), None), None);
        assert_eq!(url(json!({}), live).as_deref(), Some("https://shop.example/"));
        for (service, path) in [
            (json!({"routes": [{"path": "/api"}]}), "/api/"),
            (
                json!({"routes": [{"path": "/api"}], "health_check": {"http_path": "health"}}),
                "/api/health",
            ),
            (
                json!({"routes": [{"path": "/api", "preserve_path_prefix": true}], "health_check": {"http_path": "/api/health"}}),
                "/api/health",
            ),
        ] {
            let spec = json!({"services": [service]});
            assert_eq!(url(spec, live), Some(format!("https://shop.example{path}")));
        }
        let rules = json!([{"match": {"path": {"prefix": "/v1"}}, "component": {"name": "web"}}]);
        let spec = json!({"services": [{"name": "web"}], "ingress": {"rules": rules}});
        assert_eq!(url(spec, live).as_deref(), Some("https://shop.example/v1/"));
    }
}
