//! Are two URLs the pooled and the direct one of the same cluster?

use crate::domain::{pool::Pool, secret::Secret, stages::Port};

use super::ConnUrl;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairFinding {
    pub verdict: Verdict,
    pub text: String,
    pub fix: Option<PairFix>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// Works or may work, and is worth a thought.
    Doubtful,
    /// Must be changed first.
    Wrong,
}

/// What a button beside the finding can change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PairFix {
    Exchange,
    /// The pooled URL gets this as its last part.
    UsePool(String),
    /// The direct URL gets this as its last part.
    UseDatabase(String),
    /// Both URLs ask for encryption.
    RequireTls,
}

impl PairFix {
    /// Verb and object, as it stands on the button.
    pub fn label(&self) -> String {
        match self {
            Self::Exchange => "Exchange them".to_owned(),
            Self::UsePool(name) | Self::UseDatabase(name) => format!("Use {name}"),
            Self::RequireTls => "Require encryption in both".to_owned(),
        }
    }

    pub fn apply(&self, pooled: &mut ConnUrl, direct: &mut ConnUrl) {
        match self {
            Self::Exchange => std::mem::swap(pooled, direct),
            Self::UsePool(name) => name.clone_into(&mut pooled.database),
            Self::UseDatabase(name) => name.clone_into(&mut direct.database),
            Self::RequireTls => {
                for url in [pooled, direct] {
                    if !asks_for_tls(url) {
                        *url = url.clone().with_parameter("sslmode", "require");
                    }
                }
            }
        }
    }
}

/// DigitalOcean's ports.
pub const DIRECT_PORT: u16 = 25060;
pub const POOL_PORT: u16 = 25061;

/// What the account says of the cluster. Without an account nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    pub pools: Vec<KnownPool>,
    pub databases: Vec<String>,
    /// Where PostgreSQL and where the pools listen.
    pub ports: Option<(u16, u16)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPool {
    pub name: String,
    pub database: String,
    /// `None`: each client signs in as itself.
    pub user: Option<String>,
}

impl From<&Pool> for KnownPool {
    fn from(pool: &Pool) -> Self {
        Self {
            name: pool.name.as_str().to_owned(),
            database: pool.db.clone(),
            user: pool.user.clone(),
        }
    }
}

impl Known {
    pub fn port(&self, port: Port) -> u16 {
        let (direct, pooled) = self.ports.unwrap_or((DIRECT_PORT, POOL_PORT));
        match port {
            Port::Pooled => pooled,
            Port::Direct => direct,
        }
    }

    fn pool(&self, name: &str) -> Option<&KnownPool> {
        self.pools.iter().find(|pool| pool.name == name)
    }

    fn has_database(&self, name: &str) -> bool {
        self.databases.iter().any(|database| database == name)
    }

    /// The pool that a URL most likely means which names `database`.
    fn pool_of(&self, database: &str) -> Option<&KnownPool> {
        let serving = self.pools.iter().find(|pool| pool.database == database);
        serving.or(match self.pools.as_slice() {
            [only] => Some(only),
            _ => None, // which of several can't be told
        })
    }
}

/// Every question is listed, also those answered well.
pub fn check(pooled: &ConnUrl, direct: &ConnUrl, known: &Known) -> Vec<PairFinding> {
    let mut findings = vec![
        hosts(pooled, direct),
        ports(pooled, direct, known),
        names(pooled, direct, known),
        tls(pooled, direct),
        passwords(pooled, direct),
        user(pooled, direct, known),
    ];
    findings.extend(duplicates(pooled, direct));
    findings
}

fn good(text: impl Into<String>) -> PairFinding {
    PairFinding { verdict: Verdict::Good, text: text.into(), fix: None }
}

fn wrong(text: impl Into<String>) -> PairFinding {
    PairFinding { verdict: Verdict::Wrong, text: text.into(), fix: None }
}

fn doubtful(text: impl Into<String>) -> PairFinding {
    PairFinding { verdict: Verdict::Doubtful, text: text.into(), fix: None }
}

impl PairFinding {
    fn fix(self, fix: PairFix) -> Self {
        Self { fix: Some(fix), ..self }
    }
}

fn hosts(pooled: &ConnUrl, direct: &ConnUrl) -> PairFinding {
    for (url, name) in [(pooled, "pooled"), (direct, "direct")] {
        if url.is_socket() {
            return wrong(format!(
                "The {name} URL leads to a socket of this computer. A cluster is reached by its host's name."
            ));
        }
        if !url.more_hosts.is_empty() {
            let count = url.more_hosts.len() + 1;
            return doubtful(format!(
                "The {name} URL names {count} hosts. A cluster has one; the test goes to the first."
            ));
        }
    }
    if pooled.cluster_host() == direct.cluster_host() {
        good("same cluster")
    } else {
        let (pooled, direct) = (&pooled.host, &direct.host);
        wrong(format!("The URLs name two clusters: {pooled} and {direct}."))
    }
}

fn ports(pooled: &ConnUrl, direct: &ConnUrl, known: &Known) -> PairFinding {
    if pooled.port == direct.port {
        let port = pooled.port;
        return wrong(format!("Both URLs use port {port}. The pool has a port of its own."));
    }
    if (pooled.port, direct.port) == (known.port(Port::Direct), known.port(Port::Pooled)) {
        let port = pooled.port;
        return wrong(format!("These two URLs seem exchanged: the pooled one uses port {port}."))
            .fix(PairFix::Exchange);
    }
    good(format!("ports {} and {}", pooled.port, direct.port))
}

/// A pool may be named like its database, so where nothing is known equal names are a doubt; the test decides.
fn names(pooled: &ConnUrl, direct: &ConnUrl, known: &Known) -> PairFinding {
    if pooled.database.is_empty() {
        let finding = wrong("The pooled URL names no pool. Its last part is the pool's name.");
        return with_pool(finding, known.pool_of(&direct.database));
    }
    if direct.database.is_empty() {
        let finding =
            wrong("The direct URL names no database. Its last part is the database's name.");
        return with_database(finding, known.pool(&pooled.database));
    }
    if known.pool(&direct.database).is_some() && !known.has_database(&direct.database) {
        let name = &direct.database;
        let finding = wrong(format!(
            "The direct URL names the pool, {name}. Its last part must be the database's name."
        ));
        return with_database(finding, known.pool(&direct.database));
    }
    if known.pool(&pooled.database).is_some() {
        return good("pool name ≠ database");
    }
    let name = &pooled.database;
    if known.has_database(name) {
        let pools: Vec<&str> = known.pools.iter().map(|pool| pool.name.as_str()).collect();
        let pools = match pools.as_slice() {
            [] => "This cluster has no pool.".to_owned(),
            some => format!("Pools of this cluster: {}.", some.join(", ")),
        };
        let finding = wrong(format!(
            "The pooled URL names the database, {name}. Its last part must be the pool's name. {pools}"
        ));
        return with_pool(finding, known.pool_of(name));
    }
    if !known.pools.is_empty() {
        let pools: Vec<&str> = known.pools.iter().map(|pool| pool.name.as_str()).collect();
        let finding =
            wrong(format!("The cluster has no pool {name}. Its pools: {}.", pools.join(", ")));
        return with_pool(finding, known.pool_of(&direct.database));
    }
    if pooled.database == direct.database {
        return doubtful(format!(
            "The pooled URL seems to name the database, {name}. Its last part must be the pool's name."
        ));
    }
    good("pool name ≠ database")
}

fn with_pool(finding: PairFinding, pool: Option<&KnownPool>) -> PairFinding {
    match pool {
        Some(pool) => finding.fix(PairFix::UsePool(pool.name.clone())),
        None => finding,
    }
}

fn with_database(finding: PairFinding, pool: Option<&KnownPool>) -> PairFinding {
    match pool {
        Some(pool) => finding.fix(PairFix::UseDatabase(pool.database.clone())),
        None => finding,
    }
}

fn asks_for_tls(url: &ConnUrl) -> bool {
    matches!(url.parameter("sslmode"), Some("require" | "verify-ca" | "verify-full" | "no-verify"))
}

fn tls(pooled: &ConnUrl, direct: &ConnUrl) -> PairFinding {
    for (url, name) in [(pooled, "pooled"), (direct, "direct")] {
        if asks_for_tls(url) {
            continue;
        }
        let finding = match url.parameter("sslmode") {
            Some(mode) => wrong(format!(
                "The {name} URL does not insist on encryption (sslmode={mode}). It needs sslmode=require or stronger."
            )),
            None => wrong(format!(
                "The {name} URL does not ask for encryption. It needs sslmode=require or stronger."
            )),
        };
        return finding.fix(PairFix::RequireTls);
    }
    good("TLS required")
}

fn passwords(pooled: &ConnUrl, direct: &ConnUrl) -> PairFinding {
    for (url, name) in [(pooled, "pooled"), (direct, "direct")] {
        match &url.password {
            Some(password) if is_placeholder(password) => {
                return wrong(format!(
                    "The password in the {name} URL is a placeholder, not the password itself."
                ));
            }
            Some(password) if !password.is_empty() => {}
            Some(_) | None => return wrong(format!("The {name} URL has no password.")),
        }
    }
    if pooled.user == direct.user && pooled.password != direct.password {
        let user = &pooled.user;
        return doubtful(format!(
            "The URLs give {user} two different passwords. At most one of them is right."
        ));
    }
    good("passwords encoded")
}

/// What guides and masked screens put in a password's place.
pub fn is_placeholder(password: &Secret) -> bool {
    // Looked at to recognise a text that is no password; nothing of it is kept.
    let text = password.expose();
    let word: String =
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let is_filler = |c: char| matches!(c, '•' | '*' | 'x' | 'X' | '.' | '…');
    let is_words = matches!(
        word.as_str(),
        "password"
            | "yourpassword"
            | "pass"
            | "secret"
            | "hidden"
            | "redacted"
            | "changeme"
            | "showpassword"
    );
    is_words || (!text.is_empty() && text.chars().all(is_filler))
}

fn user(pooled: &ConnUrl, direct: &ConnUrl, known: &Known) -> PairFinding {
    let of_the_pool = known.pool(&pooled.database).and_then(|pool| pool.user.as_deref());
    match (pooled.user.as_str(), of_the_pool) {
        ("", _) => wrong("The pooled URL names no user."),
        (user, Some(own)) if user != own => doubtful(format!(
            "The pool signs in to the database as {own}, and the pooled URL names {user}."
        )),
        ("doadmin", _) => doubtful("user is doadmin (more power than an app needs)"),
        // A user of its own for migrations is fine, and said, so that nobody takes it for a mistake.
        (user, _) if !direct.user.is_empty() && direct.user != user => {
            good(format!("user {user}; migrations as {}", direct.user))
        }
        (user, _) => good(format!("user {user}")),
    }
}

fn duplicates(pooled: &ConnUrl, direct: &ConnUrl) -> Option<PairFinding> {
    let finding = |url: &ConnUrl, name: &str| {
        let twice = url.duplicates().join(", ");
        (!twice.is_empty()).then(|| {
            doubtful(format!(
                "The {name} URL has {twice} more than once. Clients disagree on which one counts; here it is the last."
            ))
        })
    };
    finding(pooled, "pooled").or_else(|| finding(direct, "direct"))
}

#[cfg(test)]
mod tests {
    use crate::domain::secret::MASK;

    use super::*;

    fn parsed(text: &str) -> ConnUrl {
        ConnUrl::parse(text).expect("a good URL")
    }

    fn pooled() -> ConnUrl {
        parsed("postgresql://shop_app:AVNS_canary@db.example:25061/shop-pool?sslmode=require")
    }

    fn direct() -> ConnUrl {
        parsed("postgresql://shop_app:AVNS_canary@db.example:25060/shop?sslmode=require")
    }

    fn account() -> Known {
        Known {
            pools: vec![KnownPool {
                name: "shop-pool".to_owned(),
                database: "shop".to_owned(),
                user: Some("shop_app".to_owned()),
            }],
            databases: vec!["shop".to_owned(), "defaultdb".to_owned()],
            ports: Some((25060, 25061)),
        }
    }

    /// What is not good.
    fn findings(pooled: &ConnUrl, direct: &ConnUrl, known: &Known) -> Vec<PairFinding> {
        let mut found = check(pooled, direct, known);
        found.retain(|finding| finding.verdict != Verdict::Good);
        found
    }

    #[test]
    fn a_good_pair_is_told_point_by_point() {
        for known in [Known::default(), account()] {
            let texts: Vec<String> = check(&pooled(), &direct(), &known)
                .into_iter()
                .map(|finding| finding.text)
                .collect();
            assert_eq!(
                texts,
                [
                    "same cluster",
                    "ports 25061 and 25060",
                    "pool name ≠ database",
                    "TLS required",
                    "passwords encoded",
                    "user shop_app"
                ]
            );
        }
        let private = ConnUrl { host: "private-db.example".to_owned(), ..pooled() };
        let other_ports = ConnUrl { port: 41001, ..direct() };
        assert!(findings(&private, &other_ports, &Known::default()).is_empty());
    }

    #[test]
    fn each_mistake_of_a_pair_is_found() {
        let with_password =
            |password: &str| ConnUrl { password: Some(Secret::new(password)), ..pooled() };
        let placeholder =
            wrong("The password in the pooled URL is a placeholder, not the password itself.");
        for (url, finding) in [
            (
                ConnUrl { port: 25060, ..pooled() },
                wrong("Both URLs use port 25060. The pool has a port of its own."),
            ),
            (
                ConnUrl { host: "other.example".to_owned(), ..pooled() },
                wrong("The URLs name two clusters: other.example and db.example."),
            ),
            (
                ConnUrl { host: "/var/run/postgresql".to_owned(), ..pooled() },
                wrong(
                    "The pooled URL leads to a socket of this computer. A cluster is reached by its host's name.",
                ),
            ),
            (
                ConnUrl { more_hosts: vec![("b.example".to_owned(), 25061)], ..pooled() },
                doubtful(
                    "The pooled URL names 2 hosts. A cluster has one; the test goes to the first.",
                ),
            ),
            (
                ConnUrl { database: "shop".to_owned(), ..pooled() },
                doubtful(
                    "The pooled URL seems to name the database, shop. Its last part must be the pool's name.",
                ),
            ),
            (
                pooled().without_parameter("sslmode"),
                wrong(
                    "The pooled URL does not ask for encryption. It needs sslmode=require or stronger.",
                )
                .fix(PairFix::RequireTls),
            ),
            (
                pooled().with_parameter("sslmode", "prefer"),
                wrong(
                    "The pooled URL does not insist on encryption (sslmode=prefer). It needs sslmode=require or stronger.",
                )
                .fix(PairFix::RequireTls),
            ),
            (with_password("PASSWORD"), placeholder.clone()),
            (with_password("[YOUR-PASSWORD]"), placeholder.clone()),
            (with_password(MASK), placeholder.clone()),
            (with_password("************"), placeholder),
            (with_password(""), wrong("The pooled URL has no password.")),
            (
                with_password("AVNS_other"),
                doubtful(
                    "The URLs give shop_app two different passwords. At most one of them is right.",
                ),
            ),
            (
                ConnUrl { user: "doadmin".to_owned(), ..pooled() },
                doubtful("user is doadmin (more power than an app needs)"),
            ),
            (
                ConnUrl {
                    parameters: vec![
                        ("sslmode".to_owned(), "require".to_owned()),
                        ("sslmode".to_owned(), "verify-full".to_owned()),
                    ],
                    ..pooled()
                },
                doubtful(
                    "The pooled URL has sslmode more than once. Clients disagree on which one counts; here it is the last.",
                ),
            ),
        ] {
            assert_eq!(findings(&url, &direct(), &Known::default()), [finding]);
        }
    }

    #[test]
    fn exchanged_urls_are_exchanged_by_their_fix() {
        let (mut one, mut other) =
            (ConnUrl { port: 25060, ..pooled() }, ConnUrl { port: 25061, ..direct() });
        let exchanged = wrong("These two URLs seem exchanged: the pooled one uses port 25060.")
            .fix(PairFix::Exchange);
        assert_eq!(findings(&one, &other, &Known::default()), [exchanged]);
        PairFix::Exchange.apply(&mut one, &mut other);
        assert_eq!((one.port, other.port), (25061, 25060));

        let practice = Known { ports: Some((41000, 41001)), ..Known::default() };
        let (one, other) =
            (ConnUrl { port: 41000, ..pooled() }, ConnUrl { port: 41001, ..direct() });
        assert_eq!(findings(&one, &other, &practice).len(), 1);
    }

    #[test]
    fn what_the_account_knows_names_the_right_pool_and_database() {
        let wrong_pool = ConnUrl { database: "shop".to_owned(), ..pooled() };
        assert_eq!(
            findings(&wrong_pool, &direct(), &account()),
            [wrong(
                "The pooled URL names the database, shop. Its last part must be the pool's name. Pools of this cluster: shop-pool."
            )
            .fix(PairFix::UsePool("shop-pool".to_owned()))]
        );
        let no_pool = ConnUrl { database: "shop-poll".to_owned(), ..pooled() };
        assert_eq!(
            findings(&no_pool, &direct(), &account()),
            [wrong("The cluster has no pool shop-poll. Its pools: shop-pool.")
                .fix(PairFix::UsePool("shop-pool".to_owned()))]
        );
        let wrong_database = ConnUrl { database: "shop-pool".to_owned(), ..direct() };
        assert_eq!(
            findings(&pooled(), &wrong_database, &account()),
            [wrong(
                "The direct URL names the pool, shop-pool. Its last part must be the database's name."
            )
            .fix(PairFix::UseDatabase("shop".to_owned()))]
        );
        let other_user = ConnUrl { user: "reports".to_owned(), ..pooled() };
        assert_eq!(
            findings(&other_user, &direct(), &account()),
            [doubtful(
                "The pool signs in to the database as shop_app, and the pooled URL names reports."
            )]
        );
    }

    #[test]
    fn a_user_of_its_own_for_migrations_is_told() {
        let by_admin = ConnUrl { user: "doadmin".to_owned(), ..direct() };
        let told = check(&pooled(), &by_admin, &Known::default());
        let told: Vec<&str> = told.iter().map(|finding| finding.text.as_str()).collect();
        assert!(told.contains(&"user shop_app; migrations as doadmin"), "{told:?}");
    }

    #[test]
    fn encryption_is_required_where_it_was_not_and_kept_where_it_is_stronger() {
        let mut one = pooled().with_parameter("sslmode", "prefer");
        let mut other = direct().with_parameter("sslmode", "verify-full");
        PairFix::RequireTls.apply(&mut one, &mut other);
        assert_eq!(one.parameter("sslmode"), Some("require"));
        assert_eq!(other.parameter("sslmode"), Some("verify-full"));
    }
}
