//! A database cluster of the account, and what is read about it.

use crate::domain::{
    access::Rule, app_spec::App, capacity::Limits, conn_url::ConnUrl, pool::Pool, secret::Secret,
    upkeep::Upkeep,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterId(pub String);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    pub id: ClusterId,
    pub name: String,
    /// `pg`, `mysql`, …; only `pg` has pools we know.
    pub engine: String,
    pub version: String,
    /// `online`, `creating`, `resizing`, …; unknown values are kept.
    pub status: String,
    pub region: String,
    /// Size slug: `db-s-1vcpu-1gb`.
    pub size: String,
    pub tags: Vec<String>,
    pub direct: Endpoint,
    pub private: Option<Endpoint>,
    pub upkeep: Upkeep,
}

/// Where a connection goes. The password is missing where the token may not see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: Option<Secret>,
    /// The database's name, or on a pool's endpoint the pool's name.
    pub database: String,
}

impl Endpoint {
    /// Encrypted, as its own user and to its own database.
    pub fn url(&self) -> ConnUrl {
        ConnUrl::new((&self.host, self.port), &self.user, self.password.clone(), &self.database)
            .with_parameter("sslmode", "require")
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub name: String,
    /// `primary` or `normal`.
    pub role: String,
    pub password: Option<Secret>,
}

/// Everything about the chosen cluster that later steps need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterFacts {
    pub cluster: Cluster,
    pub environment: Environment,
    pub pools: Vec<Pool>,
    pub users: Vec<User>,
    pub databases: Vec<String>,
    /// The cluster's certificate authority, PEM. Not a secret.
    pub ca: Option<String>,
    /// `None` where the token may not read them.
    pub trusted_sources: Option<Vec<Rule>>,
    /// Apps that use this cluster; empty where the token may not read apps.
    pub apps: Vec<App>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    Production,
    Staging,
    Development,
    Practice,
}

impl Environment {
    pub const ALL: [Self; 4] = [Self::Production, Self::Staging, Self::Development, Self::Practice];
    pub const CHOICES: [Self; 3] = [Self::Production, Self::Staging, Self::Development];

    pub fn word(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "development",
            Self::Practice => "practice",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|environment| environment.word() == word)
    }

    /// A guess from name and tags, to be confirmed once. Production when in doubt.
    pub fn guess(name: &str, tags: &[String]) -> Self {
        let words: Vec<String> = std::iter::once(name)
            .chain(tags.iter().map(String::as_str))
            .flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric()))
            .map(str::to_ascii_lowercase)
            .collect();
        let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
        if has(&["prod", "production", "live"]) {
            Self::Production
        } else if has(&["practice"]) {
            Self::Practice
        } else if has(&["staging", "stage", "stg", "test", "qa", "preview"]) {
            Self::Staging
        } else if has(&["dev", "development", "sandbox"]) {
            Self::Development
        } else {
            Self::Production
        }
    }
}

impl Cluster {
    pub fn can_be_chosen(&self) -> bool {
        self.engine == "pg" && self.status == "online" && !self.direct.host.is_empty()
    }

    /// Why this cluster can't be chosen, in words that follow "is", or `None`.
    pub fn refusal(&self) -> Option<String> {
        if self.can_be_chosen() {
            return None;
        }
        Some(match (self.engine.as_str(), self.status.as_str()) {
            ("pg", "creating") => "still being created".to_owned(),
            ("pg", "resizing") => "being resized".to_owned(),
            ("pg", "migrating") => "being moved to another region".to_owned(),
            ("pg", "forking") => "being forked from another cluster".to_owned(),
            ("pg", "online") => "hidden: the token may not see its address".to_owned(),
            ("pg", other) => format!("not online but “{other}”"),
            ("advanced_pg", _) => {
                "PostgreSQL of the Advanced Edition, which is not known to have pools".to_owned()
            }
            (engine, _) => format!("{}, not PostgreSQL", engine_name(engine)),
        })
    }

    /// Public and private, as an app's variables may name them.
    pub fn hosts(&self) -> Vec<&str> {
        let endpoints = std::iter::once(&self.direct).chain(&self.private);
        endpoints.map(|endpoint| endpoint.host.as_str()).collect()
    }

    /// RAM from the size slug: `db-s-2vcpu-4gb` is 4, `gd-2vcpu-8gb-intel` is 8.
    pub fn ram_gib(&self) -> Option<u32> {
        self.slug_number("gb")
    }

    /// Connections that ordinary roles have together, while nothing is measured.
    pub fn limit_by_plan(&self) -> Option<u32> {
        self.ram_gib().map(Limits::usable_by_plan)
    }

    pub fn vcpus(&self) -> Option<u32> {
        self.slug_number("vcpu")
    }

    fn slug_number(&self, unit: &str) -> Option<u32> {
        self.size.split('-').rev().find_map(|part| part.strip_suffix(unit)?.parse().ok())
    }
}

/// As the provider writes it.
fn engine_name(engine: &str) -> &str {
    match engine {
        "mysql" => "MySQL",
        "advanced_mysql" => "MySQL of the Advanced Edition",
        "redis" => "Redis",
        "valkey" => "Valkey",
        "mongodb" => "MongoDB",
        "kafka" => "Kafka",
        "opensearch" => "OpenSearch",
        other => other,
    }
}

impl ClusterFacts {
    /// Every password that is known here.
    pub fn passwords(&self) -> Vec<Secret> {
        let users = self.users.iter().filter_map(|user| user.password.clone());
        users.chain(self.cluster.direct.password.clone()).collect()
    }

    /// The password the account gives for a role, where the token may see it.
    pub fn password_of(&self, role: &str) -> Option<&Secret> {
        self.users
            .iter()
            .find(|user| user.name == role)
            .and_then(|user| user.password.as_ref())
            .or_else(|| {
                let direct = &self.cluster.direct;
                (direct.user == role).then_some(direct.password.as_ref()).flatten()
            })
            .filter(|password| !password.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_is_guessed_from_whole_words() {
        let guess = |name: &str| Environment::guess(name, &[]);
        assert_eq!(guess("contrezz-db-prod"), Environment::Production);
        assert_eq!(guess("shop-db-stg"), Environment::Staging);
        assert_eq!(guess("devotion-db"), Environment::Production);
        assert_eq!(guess("practice-db"), Environment::Practice);
        assert_eq!(Environment::guess("db", &["dev".to_owned()]), Environment::Development);
    }

    fn cluster(engine: &str, status: &str, size: &str) -> Cluster {
        Cluster {
            id: ClusterId("c1".to_owned()),
            name: "shop-db".to_owned(),
            engine: engine.to_owned(),
            version: "16".to_owned(),
            status: status.to_owned(),
            region: "fra1".to_owned(),
            size: size.to_owned(),
            tags: Vec::new(),
            direct: Endpoint {
                host: "db.example".to_owned(),
                port: 25060,
                user: "doadmin".to_owned(),
                password: Some(Secret::new("admin")),
                database: "defaultdb".to_owned(),
            },
            private: None,
            upkeep: Upkeep::default(),
        }
    }

    #[test]
    fn memory_and_processors_are_read_from_the_size() {
        for (size, ram, vcpus) in [
            ("db-s-1vcpu-1gb", Some(1), Some(1)),
            ("gd-2vcpu-8gb-intel", Some(8), Some(2)),
            ("so1_5-4vcpu-32gb", Some(32), Some(4)),
            ("db-amd-2vcpu-4gb", Some(4), Some(2)),
            ("unknown", None, None),
        ] {
            let cluster = cluster("pg", "online", size);
            assert_eq!((cluster.ram_gib(), cluster.vcpus()), (ram, vcpus), "{size}");
        }
    }

    #[test]
    fn only_an_online_postgresql_cluster_can_be_chosen() {
        let refusal = |engine, status| cluster(engine, status, "db-s-1vcpu-1gb").refusal();
        assert_eq!(refusal("pg", "online"), None);
        assert_eq!(refusal("mysql", "online").as_deref(), Some("MySQL, not PostgreSQL"));
        assert_eq!(refusal("pg", "resizing").as_deref(), Some("being resized"));
        assert_eq!(refusal("pg", "on fire").as_deref(), Some("not online but “on fire”"));
        let mut hidden = cluster("pg", "online", "db-s-1vcpu-1gb");
        hidden.direct.host.clear();
        assert!(hidden.refusal().is_some_and(|why| why.starts_with("hidden")));
    }

    #[test]
    fn a_hidden_password_is_none_wherever_it_is_looked_for() {
        let user = |name: &str, password: Option<&str>| User {
            name: name.to_owned(),
            role: "normal".to_owned(),
            password: password.map(Secret::new),
        };
        let facts = ClusterFacts {
            cluster: cluster("pg", "online", "db-s-1vcpu-1gb"),
            environment: Environment::Practice,
            pools: Vec::new(),
            users: vec![
                user("app", Some("app's")),
                user("hidden", Some("")),
                user("doadmin", None),
            ],
            databases: Vec::new(),
            ca: None,
            trusted_sources: None,
            apps: Vec::new(),
        };
        assert_eq!(facts.password_of("app"), Some(&Secret::new("app's")));
        assert_eq!(facts.password_of("hidden"), None);
        assert_eq!(facts.password_of("doadmin"), Some(&Secret::new("admin")));
        assert_eq!(facts.password_of("nobody"), None);
    }
}
