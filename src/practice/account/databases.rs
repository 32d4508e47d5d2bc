//! Clusters as the account shows them: one that is real, and a neighbour of another kind.

use std::{io, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    domain::secret::Secret,
    practice::cluster::{APP_DATABASE, OWNER},
};

use super::{
    Trusted,
    backing::{Backing, new_password},
    call::{Answer, Refusal, Request},
    connection::{self, Login, Spot},
    crowd::{Crowd, Other},
    firewall::{Rules, THIS_COMPUTER},
    operation::OnCluster,
    pools, settings,
    tokens::Scopes,
};

pub const CLUSTER_NAME: &str = "contrezz-db-practice";
const SIZE: &str = "db-s-1vcpu-1gb";
/// PgBouncer answers RELOAD before it is through; a new password is worth nothing before.
const RELOADED: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) struct Databases {
    pub(super) cluster: Backing,
    pub(super) id: String,
    created_at: Timestamp,
    pub(super) names: Vec<String>,
    pub(super) rules: Rules,
    /// A cluster that has no pools: shown, and nothing else.
    neighbour: String,
    others: Vec<Other>,
    network: String,
    project: String,
}

impl Databases {
    pub(super) fn new(cluster: Backing, crowd: Crowd) -> Self {
        let id = || uuid::Uuid::new_v4().to_string();
        let cluster_id = id();
        Self {
            cluster,
            rules: Rules::none(&cluster_id),
            id: cluster_id,
            created_at: Timestamp::now(),
            names: vec!["defaultdb".to_owned(), APP_DATABASE.to_owned()],
            neighbour: id(),
            others: (0..crowd.clusters).map(Other::new).collect(),
            network: id(),
            project: id(),
        }
    }

    pub(super) fn project(&self) -> &str {
        &self.project
    }

    pub(super) fn list(&self, scopes: &Scopes) -> Answer {
        let mut shown = vec![self.shown(scopes), self.neighbour(scopes)];
        shown.extend(self.others.iter().map(|other| other.shown(scopes)));
        Answer::ok(json!({ "databases": shown }))
    }

    pub(super) async fn perform(
        &mut self,
        id: &str,
        on: OnCluster<'_>,
        request: &Request,
        scopes: &Scopes,
    ) -> Result<Answer, Refusal> {
        if id == self.neighbour && on == OnCluster::Read {
            return Ok(Answer::ok(json!({ "database": self.neighbour(scopes) })));
        }
        if let Some(other) = self.others.iter_mut().find(|other| other.id == id) {
            return other.perform(on, request.object(), scopes, self.cluster.ca());
        }
        if id != self.id {
            return Err(Refusal::NotFound);
        }
        match on {
            OnCluster::Read => Ok(Answer::ok(json!({ "database": self.shown(scopes) }))),
            OnCluster::Pools => Ok(pools::list(&self.cluster, scopes)),
            OnCluster::AddPool => pools::add(self, request.object()?, scopes).await,
            OnCluster::Pool(name) => pools::one(&self.cluster, name, scopes),
            OnCluster::ChangePool(name) => pools::change(self, name, request.object()?).await,
            OnCluster::RemovePool(name) => pools::remove(&mut self.cluster, name).await,
            OnCluster::Users => {
                let users: Vec<Value> = self.users(scopes);
                Ok(Answer::ok(json!({ "users": users })))
            }
            OnCluster::AddUser => self.add_user(request.object()?, scopes).await,
            OnCluster::User(name) => {
                let user = self.user(name, scopes).ok_or(Refusal::NotFound)?;
                Ok(Answer::ok(json!({ "user": user })))
            }
            OnCluster::ResetUser(name) => self.reset_user(name, scopes).await,
            OnCluster::Databases => {
                let names: Vec<Value> =
                    self.names.iter().map(|name| json!({ "name": name })).collect();
                Ok(Answer::ok(json!({ "dbs": names })))
            }
            OnCluster::AddDatabase => self.add_database(request.object()?).await,
            OnCluster::Rules => Ok(Answer::ok(json!({ "rules": self.rules.shown() }))),
            OnCluster::ReplaceRules => self.replace_rules(request.object()?).await,
            OnCluster::Authority => {
                let certificate = BASE64.encode(self.cluster.ca());
                Ok(Answer::ok(json!({ "ca": { "certificate": certificate } })))
            }
            OnCluster::Backups => Ok(self.backups()),
            OnCluster::Settings => Ok(settings::shown(self.cluster.settings())),
            OnCluster::ChangeSettings => {
                settings::change(&mut self.cluster, request.object()?).await
            }
        }
    }

    /// One a day at the same time, as the provider makes them; the newest is of the night before this cluster began.
    fn backups(&self) -> Answer {
        let night = 24 * 3600;
        let days = self.created_at.as_second().div_euclid(night);
        let backups: Vec<Value> = (0..7)
            .filter_map(|ago| Timestamp::from_second((days - ago) * night).ok())
            .map(|at| json!({ "created_at": at.to_string(), "size_gigabytes": 0.03 }))
            .collect();
        let hours = json!({ "backup_hour": 0, "backup_minute": 0, "backup_interval_hours": 24 });
        Answer::ok(json!({ "backups": backups, "scheduled_backup_time": hours }))
    }

    fn shown(&self, scopes: &Scopes) -> Value {
        let version = self.cluster.version();
        let major = version.split('.').next().unwrap_or(version);
        // The provider leaves `database` empty here and names one in the URI only.
        let connection = |spot: Spot| {
            let login = Login::role(OWNER, self.cluster.password(OWNER));
            connection::shown(spot, "defaultdb", "", login, scopes)
        };
        let mut shown = json!({
            "id": self.id,
            "name": CLUSTER_NAME,
            "engine": "pg",
            "version": major,
            "semantic_version": version,
            "connection": connection(Spot::public_direct(&self.cluster)),
            "private_connection": connection(Spot::private_direct(&self.cluster)),
            "users": self.users(scopes),
            "db_names": self.names,
            "num_nodes": 1,
            "region": "fra1",
            "status": "online",
            "created_at": self.created_at.to_string(),
            "maintenance_window": { "day": "sunday", "hour": "03:00:00", "pending": false },
            "size": SIZE,
            "rules": self.rules.shown(),
            "storage_size_mib": 10240,
            "version_end_of_life": settings::end_of_life(major),
        });
        self.add_scoped(&mut shown, scopes, &["practice"]);
        shown
    }

    /// What a token sees only with a scope of another product.
    fn add_scoped(&self, shown: &mut Value, scopes: &Scopes, tags: &[&str]) {
        let Some(shown) = shown.as_object_mut() else { return };
        for (scope, key, value) in [
            ("tag:read", "tags", json!(tags)),
            ("vpc:read", "private_network_uuid", json!(self.network)),
            ("project:read", "project_id", json!(self.project)),
        ] {
            if scopes.has(scope) {
                shown.insert(key.to_owned(), value);
            }
        }
    }

    fn neighbour(&self, scopes: &Scopes) -> Value {
        let mut shown = json!({
            "id": self.neighbour,
            "name": "contrezz-cache-practice",
            "engine": "valkey",
            "version": "8",
            "semantic_version": "8.0.1",
            "num_nodes": 1,
            "region": "fra1",
            "status": "online",
            "created_at": self.created_at.to_string(),
            "maintenance_window": { "day": "sunday", "hour": "04:00:00", "pending": false },
            "size": SIZE,
            "storage_size_mib": 0,
        });
        self.add_scoped(&mut shown, scopes, &[]);
        shown
    }

    fn users(&self, scopes: &Scopes) -> Vec<Value> {
        self.cluster.users().iter().map(|(name, password)| user(name, password, scopes)).collect()
    }

    fn user(&self, name: &str, scopes: &Scopes) -> Option<Value> {
        self.cluster.password(name).map(|password| user(name, password, scopes))
    }

    async fn add_user(
        &mut self,
        body: &Map<String, Value>,
        scopes: &Scopes,
    ) -> Result<Answer, Refusal> {
        let name = new_name(body)?;
        if self.cluster.password(&name).is_some() {
            return Err(Refusal::Unprocessable("user name is not available".to_owned()));
        }
        self.give_password(&name).await?;
        let user = self.user(&name, scopes).ok_or(Refusal::Broken)?;
        Ok(Answer::created(json!({ "user": user })))
    }

    async fn reset_user(&mut self, name: &str, scopes: &Scopes) -> Result<Answer, Refusal> {
        if self.cluster.password(name).is_none() {
            return Err(Refusal::NotFound);
        }
        self.give_password(name).await?;
        let user = self.user(name, scopes).ok_or(Refusal::Broken)?;
        Ok(Answer::ok(json!({ "user": user })))
    }

    async fn give_password(&mut self, name: &str) -> Result<(), Refusal> {
        self.cluster.set_role(name, new_password()).await.map_err(|err| broken(&err))?;
        if matches!(self.cluster, Backing::Servers(_)) {
            tokio::time::sleep(RELOADED).await;
        }
        Ok(())
    }

    async fn add_database(&mut self, body: &Map<String, Value>) -> Result<Answer, Refusal> {
        let name = new_name(body)?;
        if self.names.contains(&name) {
            return Err(Refusal::Unprocessable("database name is not available".to_owned()));
        }
        self.cluster.create_database(&name).await.map_err(|err| broken(&err))?;
        self.names.push(name.clone());
        Ok(Answer::created(json!({ "db": { "name": name } })))
    }

    /// The rules of a beginning, which name the app.
    pub(super) async fn trust(&mut self, trusted: Trusted, app: &str) -> io::Result<()> {
        let none = Rules::none(&self.id);
        let computer = THIS_COMPUTER.to_string();
        self.enforce(match trusted {
            Trusted::Everyone => none,
            Trusted::App => none.with("app", app, "The web app"),
            Trusted::AppAndThisComputer => {
                none.with("app", app, "The web app").with("ip_addr", &computer, "Office")
            }
        })
        .await
    }

    async fn replace_rules(&mut self, body: &Map<String, Value>) -> Result<Answer, Refusal> {
        let rules = self.rules.replaced_by(body)?;
        self.enforce(rules).await.map_err(|err| broken(&err))?;
        Ok(Answer::done())
    }

    /// Puts rules into force: opens or shuts the ports for this computer.
    async fn enforce(&mut self, rules: Rules) -> io::Result<()> {
        self.cluster.let_this_computer(rules.let_this_computer_in()).await?;
        self.rules = rules;
        Ok(())
    }
}

/// Something of ours failed; the log says what, the answer says only that.
pub(super) fn broken(err: &(dyn std::error::Error + 'static)) -> Refusal {
    tracing::warn!(err, "the practice account could not carry out a request");
    Refusal::Broken
}

fn user(name: &str, password: &Secret, scopes: &Scopes) -> Value {
    let role = if name == OWNER { "primary" } else { "normal" };
    let mut user = json!({ "name": name, "role": role });
    if scopes.passwords()
        && let Some(user) = user.as_object_mut()
    {
        // This is the answer that gives passwords out.
        user.insert("password".to_owned(), json!(password.expose()));
    }
    user
}

/// A name for a role or a database that is safe in every statement and file of ours.
fn new_name(body: &Map<String, Value>) -> Result<String, Refusal> {
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let is_reserved = name.starts_with('_') || name.starts_with("pg_");
    if name.is_empty() || 63 < name.len() || !is_plain || is_reserved {
        return Err(Refusal::Unprocessable("name is invalid".to_owned()));
    }
    Ok(name.to_owned())
}
