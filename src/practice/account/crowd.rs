//! Clusters and apps beside the usual ones: accounts of any size, to look at and to be let into.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value, json};

use super::{
    backing::new_password,
    call::{Answer, Refusal},
    databases::CLUSTER_NAME,
    firewall::Rules,
    operation::OnCluster,
    tokens::Scopes,
};
use crate::domain::secret::Secret;

/// How many there are beside the usual ones, and how long each answer of the account takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    pub clusters: usize,
    pub apps: usize,
    pub delay: Duration,
}

/// Backend connections, by the size.
const SIZES: [(&str, u32); 4] = [
    ("db-s-1vcpu-1gb", 22),
    ("db-s-1vcpu-2gb", 47),
    ("db-s-2vcpu-4gb", 97),
    ("db-s-4vcpu-8gb", 197),
];
const REGIONS: [&str; 4] = ["ams3", "fra1", "nyc3", "sgp1"];
const USES: [&str; 5] = ["shop", "blog", "billing", "search", "reports"];
const STAGES: [&str; 3] = ["prod", "staging", "dev"];

/// A cluster without servers. Its trusted sources can be changed, everything else can only be read.
#[derive(Debug)]
pub(super) struct Other {
    pub(super) id: String,
    name: String,
    number: usize,
    password: Secret,
    rules: Rules,
}

fn pick<T: Copy + Default>(from: &[T], number: usize) -> T {
    number.checked_rem(from.len()).and_then(|at| from.get(at)).copied().unwrap_or_default()
}

impl Other {
    /// `number` decides everything about it but its id and password.
    pub(super) fn new(number: usize) -> Self {
        let id = uuid::Uuid::new_v4().to_string();
        let name = format!("{}-{}-{number:04}", pick(&USES, number), pick(&STAGES, number / 5));
        let rules = Rules::none(&id).with("ip_addr", "198.51.100.4", "Office");
        Self { id, name, number, password: new_password(), rules }
    }

    /// Most are PostgreSQL and online.
    fn engine(&self) -> &'static str {
        match self.number % 20 {
            7 => "mysql",
            13 => "valkey",
            _ => "pg", // the others
        }
    }

    fn status(&self) -> &'static str {
        if self.number % 50 == 9 { "creating" } else { "online" }
    }

    fn size(&self) -> (&'static str, u32) {
        pick(&SIZES, self.number / 3)
    }

    pub(super) fn perform(
        &mut self,
        on: OnCluster<'_>,
        body: Result<&Map<String, Value>, Refusal>,
        scopes: &Scopes,
        authority: &str,
    ) -> Result<Answer, Refusal> {
        Ok(match on {
            OnCluster::Read => Answer::ok(json!({ "database": self.shown(scopes) })),
            OnCluster::Pools => Answer::ok(json!({ "pools": self.pools(scopes) })),
            OnCluster::Users => {
                let mut user = json!({ "name": "doadmin", "role": "primary" });
                if let (true, Some(user)) = (scopes.passwords(), user.as_object_mut()) {
                    // This is the answer that gives passwords out.
                    user.insert("password".to_owned(), json!(self.password.expose()));
                }
                Answer::ok(json!({ "users": [user] }))
            }
            OnCluster::Databases => Answer::ok(json!({ "dbs": [{ "name": "defaultdb" }] })),
            OnCluster::Rules => Answer::ok(json!({ "rules": self.rules.shown() })),
            OnCluster::ReplaceRules => {
                self.rules = self.rules.replaced_by(body?)?;
                Answer::done()
            }
            OnCluster::Authority => {
                Answer::ok(json!({ "ca": { "certificate": BASE64.encode(authority) } }))
            }
            _ => return Err(Refusal::NotFound), // there is nothing else to it
        })
    }

    pub(super) fn shown(&self, scopes: &Scopes) -> Value {
        let (size, _) = self.size();
        let (version, semantic) = match self.engine() {
            "pg" => ("16", "16.9"),
            _ => ("8", "8.0.1"),
        };
        let mut shown = json!({
            "id": self.id,
            "name": self.name,
            "engine": self.engine(),
            "version": version,
            "semantic_version": semantic,
            "num_nodes": 1,
            "region": pick(&REGIONS, self.number),
            "status": self.status(),
            "created_at": "2026-03-01T09:00:00Z",
            "maintenance_window": { "day": "sunday", "hour": "03:00:00", "pending": false },
            "size": size,
            "storage_size_mib": 10240,
        });
        if let (Some(shown), "online") = (shown.as_object_mut(), self.status()) {
            shown.insert("connection".to_owned(), self.connection(25060, "defaultdb", scopes));
            shown.insert("rules".to_owned(), json!(self.rules.shown()));
        }
        if let (Some(shown), true) = (shown.as_object_mut(), scopes.has("tag:read")) {
            shown.insert("tags".to_owned(), json!([pick(&STAGES, self.number / 5)]));
        }
        shown
    }

    /// Every third has one.
    fn pools(&self, scopes: &Scopes) -> Vec<Value> {
        if !self.number.is_multiple_of(3) || self.engine() != "pg" {
            return Vec::new();
        }
        let name = format!("{}-pool", pick(&USES, self.number));
        let connection = self.connection(25061, &name, scopes);
        vec![json!({
            "name": name,
            "mode": "transaction",
            "size": self.size().1 / 2,
            "db": "defaultdb",
            "user": "doadmin",
            "connection": connection,
        })]
    }

    fn connection(&self, port: u16, path: &str, scopes: &Scopes) -> Value {
        let host = format!("{}-do-user-1-0.b.db.ondigitalocean.com", self.name);
        // This is the answer that gives passwords out.
        let password = if scopes.passwords() { self.password.expose() } else { "" };
        json!({
            "uri": format!("postgresql://doadmin:{password}@{host}:{port}/{path}?sslmode=require"),
            "database": "",
            "host": host,
            "port": port,
            "user": "doadmin",
            "password": password,
            "ssl": true,
        })
    }
}

/// An app that is only a spec. Every second one uses the practice cluster.
pub(super) fn app(number: usize) -> Value {
    let name = format!("{}-app-{number:04}", pick(&USES, number));
    let variables: Vec<Value> = (0..8)
        .map(|at| json!({ "key": format!("SETTING_{at}"), "value": format!("value {at}"), "scope": "RUN_TIME" }))
        .collect();
    let mut spec = json!({
        "name": name,
        "region": "fra",
        "services": [{
            "name": "web",
            "github": { "repo": format!("practice/{name}"), "branch": "main", "deploy_on_push": true },
            "instance_size_slug": "apps-s-1vcpu-1gb",
            "instance_count": 1,
            "http_port": 8080,
            "envs": variables,
        }],
    });
    if number.is_multiple_of(2)
        && let Some(spec) = spec.as_object_mut()
    {
        let database = json!({ "name": "db", "engine": "PG", "production": true, "cluster_name": CLUSTER_NAME });
        let url =
            json!({ "key": "DATABASE_URL", "value": "${db.DATABASE_URL}", "scope": "RUN_TIME" });
        spec.insert("databases".to_owned(), json!([database]));
        spec.insert("envs".to_owned(), json!([url]));
    }
    spec
}
