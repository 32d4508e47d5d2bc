//! Clusters with their pools, users, databases, trusted sources and certificate.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::{Timestamp, civil::Date};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    digitalocean::{
        client::Client,
        error::{ApiError, Failure},
        wire::{self, Connection, or_default},
    },
    domain::{
        access::Rule,
        cluster::{Cluster, ClusterId, Endpoint, User},
        operation::{Operation, body},
        pool::{Pool, PoolMode, PoolName, PoolOrder},
        upkeep::{Maintenance, Upkeep, weekday},
    },
};

#[derive(Deserialize)]
struct Clusters {
    #[serde(default, deserialize_with = "or_default")]
    databases: Vec<WireCluster>,
}

#[derive(Deserialize)]
struct OneCluster {
    database: WireCluster,
}

#[derive(Deserialize)]
struct WireCluster {
    id: String,
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    engine: String,
    #[serde(default, deserialize_with = "or_default")]
    version: String,
    #[serde(default, deserialize_with = "or_default")]
    status: String,
    #[serde(default, deserialize_with = "or_default")]
    region: String,
    #[serde(default, deserialize_with = "or_default")]
    size: String,
    #[serde(default, deserialize_with = "or_default")]
    tags: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    connection: Connection,
    #[serde(default, deserialize_with = "or_default")]
    private_connection: Connection,
    maintenance_window: Option<WireMaintenance>,
    version_end_of_life: Option<String>,
}

#[derive(Deserialize)]
struct WireMaintenance {
    #[serde(default, deserialize_with = "or_default")]
    day: String,
    #[serde(default, deserialize_with = "or_default")]
    hour: String,
    #[serde(default, deserialize_with = "or_default")]
    pending: bool,
    #[serde(default, deserialize_with = "or_default")]
    description: Vec<String>,
}

impl WireMaintenance {
    /// `None` where the window has no day or hour that we can read.
    fn maintenance(self) -> Option<Maintenance> {
        let pending = match (self.pending, self.description) {
            (false, _) => Vec::new(),
            (true, described) if described.is_empty() => vec!["updates".to_owned()],
            (true, described) => described,
        };
        Some(Maintenance { day: weekday(&self.day)?, at: self.hour.parse().ok()?, pending })
    }
}

impl WireCluster {
    fn cluster(self) -> Cluster {
        let nowhere = Endpoint {
            host: String::new(),
            port: 0,
            user: String::new(),
            password: None,
            database: String::new(),
        };
        Cluster {
            id: ClusterId(self.id),
            name: self.name,
            engine: self.engine,
            version: self.version,
            status: self.status,
            region: self.region,
            size: self.size,
            tags: self.tags,
            // Only a cluster that is not online, and can't be chosen, has no connection.
            direct: self.connection.endpoint().unwrap_or(nowhere),
            private: self.private_connection.endpoint(),
            upkeep: Upkeep {
                maintenance: self.maintenance_window.and_then(WireMaintenance::maintenance),
                end_of_life: self.version_end_of_life.and_then(|end| day(&end)),
            },
        }
    }
}

/// `2026-11-12T00:00:00Z`, or the day alone.
fn day(text: &str) -> Option<Date> {
    text.get(..10)?.parse().ok()
}

#[derive(Deserialize)]
struct Users {
    #[serde(default, deserialize_with = "or_default")]
    users: Vec<WireUser>,
}

#[derive(Deserialize)]
struct WireUser {
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    role: String,
    #[serde(default, deserialize_with = "or_default")]
    password: String,
}

#[derive(Deserialize)]
struct Databases {
    #[serde(default, deserialize_with = "or_default")]
    dbs: Vec<WireDatabase>,
}

#[derive(Deserialize)]
struct WireDatabase {
    name: String,
}

#[derive(Deserialize)]
struct Pools {
    #[serde(default, deserialize_with = "or_default")]
    pools: Vec<WirePool>,
}

#[derive(Deserialize)]
struct OnePool {
    pool: WirePool,
}

#[derive(Deserialize)]
struct WirePool {
    name: String,
    mode: String,
    size: u32,
    db: String,
    #[serde(default, deserialize_with = "or_default")]
    user: String,
    #[serde(default, deserialize_with = "or_default")]
    connection: Connection,
    #[serde(default, deserialize_with = "or_default")]
    private_connection: Connection,
}

impl WirePool {
    fn pool(self) -> Pool {
        let mode = PoolMode::parse(&self.mode).unwrap_or_else(|| {
            tracing::warn!(pool = self.name, mode = self.mode, "unknown pool mode");
            // It counts in every sum, but never passes for the mode that was asked for.
            PoolMode::Statement
        });
        Pool {
            name: PoolName::given(self.name),
            mode,
            size: self.size,
            db: self.db,
            user: (!self.user.is_empty()).then_some(self.user),
            public: self.connection.endpoint(),
            private: self.private_connection.endpoint(),
        }
    }
}

#[derive(Deserialize)]
struct Rules {
    /// May be null, but not missing: that must not pass for the empty list, which lets everyone in.
    #[serde(deserialize_with = "Option::deserialize")]
    rules: Option<Vec<Value>>,
}

fn rule(raw: Value) -> Rule {
    let text = |field: &str| raw.get(field).and_then(Value::as_str).map(str::to_owned);
    Rule {
        kind: text("type").unwrap_or_default(),
        value: text("value").unwrap_or_default(),
        description: text("description").filter(|said| !said.is_empty()),
        raw,
    }
}

#[derive(Deserialize)]
struct OneAuthority {
    ca: Authority,
}

#[derive(Deserialize)]
struct Authority {
    certificate: String,
}

impl Authority {
    /// The certificate is the base64 form of a PEM file.
    fn pem(&self) -> Option<String> {
        let packed: String = self.certificate.split_whitespace().collect();
        let pem = String::from_utf8(BASE64_STANDARD.decode(packed).ok()?).ok()?;
        pem.contains("-----BEGIN CERTIFICATE-----").then_some(pem)
    }
}

#[derive(Deserialize)]
struct Backups {
    /// May be null, but not missing: something else must not pass for a cluster without backups.
    #[serde(deserialize_with = "Option::deserialize")]
    backups: Option<Vec<Backup>>,
}

#[derive(Deserialize)]
struct Backup {
    created_at: String,
}

impl Backups {
    /// A time that can't be read is none to rely on.
    fn latest(self) -> Option<Timestamp> {
        self.backups.into_iter().flatten().filter_map(|backup| backup.created_at.parse().ok()).max()
    }
}

impl Client {
    /// All of them in one request; the list has no pages.
    pub async fn clusters(&self) -> Result<Vec<Cluster>, ApiError> {
        let list: Clusters = self.read(Operation::ListClusters, None).await?;
        Ok(list.databases.into_iter().map(WireCluster::cluster).collect())
    }

    pub async fn cluster(&self, id: &ClusterId) -> Result<Cluster, ApiError> {
        let one: OneCluster = self.read(Operation::ReadCluster(id.clone()), None).await?;
        Ok(one.database.cluster())
    }

    pub async fn users(&self, id: &ClusterId) -> Result<Vec<User>, ApiError> {
        let list: Users = self.read(Operation::ListUsers(id.clone()), None).await?;
        let user = |user: WireUser| User {
            password: wire::password(&user.password),
            name: user.name,
            role: user.role,
        };
        Ok(list.users.into_iter().map(user).collect())
    }

    pub async fn databases(&self, id: &ClusterId) -> Result<Vec<String>, ApiError> {
        let list: Databases = self.read(Operation::ListDatabases(id.clone()), None).await?;
        Ok(list.dbs.into_iter().map(|db| db.name).collect())
    }

    pub async fn pools(&self, id: &ClusterId) -> Result<Vec<Pool>, ApiError> {
        let list: Pools = self.read(Operation::ListPools(id.clone()), None).await?;
        Ok(list.pools.into_iter().map(WirePool::pool).collect())
    }

    pub async fn pool(&self, id: &ClusterId, name: &PoolName) -> Result<Pool, ApiError> {
        let one: OnePool = self.read(Operation::ReadPool(id.clone(), name.clone()), None).await?;
        Ok(one.pool.pool())
    }

    /// Never repeated: the API has no key that would make two orders one.
    pub async fn create_pool(&self, id: &ClusterId, order: &PoolOrder) -> Result<Pool, ApiError> {
        let operation = Operation::CreatePool(id.clone(), order.name.clone());
        let one: OnePool = self.read(operation, Some(&body::new_pool(order))).await?;
        Ok(one.pool.pool())
    }

    /// Replaces all settings: a user that is left out is wiped from the pool.
    pub async fn change_pool(&self, id: &ClusterId, order: &PoolOrder) -> Result<(), ApiError> {
        let operation = Operation::ChangePool(id.clone(), order.name.clone());
        self.order(operation, Some(&body::changed_pool(order))).await
    }

    pub async fn delete_pool(&self, id: &ClusterId, name: &PoolName) -> Result<(), ApiError> {
        self.order(Operation::DeletePool(id.clone(), name.clone()), None).await
    }

    pub async fn trusted_sources(&self, id: &ClusterId) -> Result<Vec<Rule>, ApiError> {
        let list: Rules = self.read(Operation::ReadTrustedSources(id.clone()), None).await?;
        Ok(list.rules.unwrap_or_default().into_iter().map(rule).collect())
    }

    /// Replaces the whole list. Each rule goes back as it came, with its description and whatever else it has.
    pub async fn set_trusted_sources(
        &self,
        id: &ClusterId,
        rules: &[Rule],
    ) -> Result<(), ApiError> {
        let operation = Operation::WriteTrustedSources(id.clone());
        self.order(operation, Some(&body::trusted_sources(rules))).await
    }

    /// When the newest backup was made; `None` while there is none.
    pub async fn latest_backup(&self, id: &ClusterId) -> Result<Option<Timestamp>, ApiError> {
        let list: Backups = self.read(Operation::ListBackups(id.clone()), None).await?;
        Ok(list.latest())
    }

    /// The authority that signed the cluster's certificate, PEM.
    pub async fn authority(&self, id: &ClusterId) -> Result<String, ApiError> {
        let operation = Operation::ReadAuthority(id.clone());
        let one: OneAuthority = self.read(operation.clone(), None).await?;
        one.ca.pem().ok_or_else(|| ApiError {
            operation,
            failure: Failure::Unexpected("the certificate is no PEM in base64".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::secret::Secret;

    #[test]
    fn a_cluster_is_read_from_the_descriptions_own_example() {
        let list: Clusters = serde_json::from_str(
            r#"{"databases": [{
                "id": "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30", "name": "backend", "engine": "pg", "version": "10",
                "connection": {
                    "uri": "postgres://doadmin:wv78n3zp@backend-do-user-0.db.ondigitalocean.com:25060/defaultdb?sslmode=require",
                    "database": "", "host": "backend-do-user-0.db.ondigitalocean.com", "port": 25060,
                    "user": "doadmin", "password": "wv78n3zp", "ssl": true},
                "private_connection": null,
                "users": null, "db_names": null, "num_nodes": 1, "region": "nyc3", "status": "a new word",
                "size": "db-s-2vcpu-4gb", "tags": null,
                "maintenance_window": {"day": "sunday", "hour": "03:12:02", "pending": true, "description": ["A fix", "A version"]},
                "version_end_of_life": "2022-11-10T00:00:00Z", "do_settings": {"service_cnames": []}, "storage_size_mib": 61440}]}"#,
        )
        .unwrap();
        let cluster = list.databases.into_iter().next().unwrap().cluster();
        let expected = Cluster {
            id: ClusterId("9cc10173-e9ea-4176-9dbc-a4cee4c4ff30".to_owned()),
            name: "backend".to_owned(),
            engine: "pg".to_owned(),
            version: "10".to_owned(),
            status: "a new word".to_owned(),
            region: "nyc3".to_owned(),
            size: "db-s-2vcpu-4gb".to_owned(),
            tags: Vec::new(),
            direct: Endpoint {
                host: "backend-do-user-0.db.ondigitalocean.com".to_owned(),
                port: 25060,
                user: "doadmin".to_owned(),
                password: Some(Secret::new("wv78n3zp")),
                database: "defaultdb".to_owned(),
            },
            private: None,
            upkeep: Upkeep {
                maintenance: Some(Maintenance {
                    day: jiff::civil::Weekday::Sunday,
                    at: jiff::civil::time(3, 12, 2, 0),
                    pending: vec!["A fix".to_owned(), "A version".to_owned()],
                }),
                end_of_life: Some(jiff::civil::date(2022, 11, 10)),
            },
        };
        assert_eq!(cluster, expected);
    }

    #[test]
    fn an_upkeep_that_says_nothing_is_none() {
        for json in [
            r#"{"id": "a", "name": "a"}"#,
            r#"{"id": "a", "name": "a", "maintenance_window": null, "version_end_of_life": null}"#,
            r#"{"id": "a", "name": "a", "maintenance_window": {"day": "any", "hour": "03:00"}, "version_end_of_life": "soon"}"#,
        ] {
            let cluster = serde_json::from_str::<WireCluster>(json).unwrap().cluster();
            assert_eq!(cluster.upkeep, Upkeep::default(), "{json}");
        }
    }

    #[test]
    fn lists_may_be_missing_or_null_but_trusted_sources_may_not_be_missing() {
        for json in ["{}", r#"{"pools": null}"#, r#"{"pools": []}"#] {
            assert!(serde_json::from_str::<Pools>(json).unwrap().pools.is_empty(), "{json}");
        }
        assert_eq!(serde_json::from_str::<Rules>(r#"{"rules": null}"#).unwrap().rules, None);
        assert!(serde_json::from_str::<Rules>("{}").is_err());
    }

    #[test]
    fn the_newest_backup_counts_in_whatever_order_they_come() {
        let latest = |json: &str| serde_json::from_str::<Backups>(json).map(Backups::latest);
        let list = r#"{"backups": [
            {"created_at": "2019-01-31T19:25:22Z", "size_gigabytes": 0.03},
            {"created_at": "2019-02-02T19:25:22+00:00", "size_gigabytes": 0.03, "new": 1},
            {"created_at": "soon", "size_gigabytes": 0}]}"#;
        assert_eq!(latest(list).unwrap(), Some("2019-02-02T19:25:22Z".parse().unwrap()));
        assert_eq!(latest(r#"{"backups": []}"#).unwrap(), None);
        assert_eq!(latest(r#"{"backups": null}"#).unwrap(), None);
        assert!(latest("{}").is_err());
    }

    #[test]
    fn an_unknown_mode_never_passes_for_the_one_asked_for() {
        let json = r#"{"name": "p", "mode": "auto", "size": 7, "db": "shop", "user": ""}"#;
        let pool = serde_json::from_str::<WirePool>(json).unwrap().pool();
        assert_eq!((pool.mode, pool.size, pool.user), (PoolMode::Statement, 7, None));
    }

    #[test]
    fn a_rule_keeps_every_field_it_came_with() {
        let raw = json!({"uuid": "u1", "type": "ip_addr", "value": "192.0.2.1", "description": "office", "new": {"a": 1}});
        let expected = Rule {
            kind: "ip_addr".to_owned(),
            value: "192.0.2.1".to_owned(),
            description: Some("office".to_owned()),
            raw: raw.clone(),
        };
        assert_eq!(rule(raw), expected);
    }

    #[test]
    fn the_certificate_is_unpacked_once() {
        let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        let packed = |text: &str| Authority { certificate: BASE64_STANDARD.encode(text) };
        assert_eq!(packed(pem).pem().as_deref(), Some(pem));
        assert_eq!(packed("something else").pem(), None);
        assert_eq!(Authority { certificate: "***".to_owned() }.pem(), None);
    }
}
