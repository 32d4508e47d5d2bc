//! What each client needs in its URL.

use crate::domain::{
    conn_url::ConnUrl,
    stages::{Port, Probe, Tracking},
};

/// The library that reads a URL. Each reads its own dialect: one URL per consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Prisma 4 to 6: its own engine, its own URL parameters.
    Prisma6,
    /// Prisma 7 with a driver adapter: pool settings live in code.
    Prisma7,
    /// `psql` and everything on libpq; refuses unknown parameters.
    Libpq,
    NodePostgres,
    /// Nothing known; the plain URL.
    Unknown,
}

impl Client {
    pub fn title(self) -> &'static str {
        match self {
            Self::Prisma6 => "Prisma 4 to 6",
            Self::Prisma7 => "Prisma 7",
            Self::Libpq => "psql and libpq",
            Self::NodePostgres => "node-postgres",
            Self::Unknown => "Other",
        }
    }
}

/// A URL made for one client, with the reason for every parameter we added or left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientUrl {
    pub url: ConnUrl,
    pub reasons: Vec<(String, String)>,
}

/// Parameters that only Prisma's own engine reads. Many other clients refuse a URL that has one.
const PRISMA: [&str; 10] = [
    "connection_limit",
    "max_connection_lifetime",
    "max_idle_connection_lifetime",
    "pgbouncer",
    "pool_timeout",
    "schema",
    "single_use_connections",
    "socket_timeout",
    "sslaccept",
    "statement_cache_size",
];

/// Seconds a query of Prisma 4 to 6 waits for a connection of its own pool.
const POOL_TIMEOUT: u32 = 20;

/// The URL `client` should get for `port`, given what the probe found (nothing yet: the safe form).
/// `limit` is the number of connections one instance may open.
pub fn url_for(
    client: Client,
    port: Port,
    base: &ConnUrl,
    probe: Option<Probe>,
    limit: u32,
) -> ClientUrl {
    let made = ClientUrl { url: base.clone(), reasons: Vec::new() };
    match (client, port) {
        (Client::Prisma6, Port::Pooled) => prisma6_pooled(made, probe, limit),
        (Client::Prisma6, Port::Direct) => {
            let why = "Prisma's migrations use one direct connection and need no pool settings.";
            made.left_out(&["connection_limit", "pgbouncer", "pool_timeout"], why)
        }
        (Client::Prisma7, Port::Pooled) => made
            .never(&["pgbouncer"], "Prisma 7 sends no named statements, so any pooler suits it.")
            .never(
                &["connection_limit", "pool_timeout"],
                "Prisma 7 ignores them in the URL; max and connectionTimeoutMillis in its adapter set them.",
            )
            .left_out(&PRISMA, "Prisma 7 ignores it in the URL."),
        (Client::Prisma7, Port::Direct) => {
            made.left_out(&PRISMA, "Prisma 7 ignores it in the URL.")
        }
        (Client::Libpq, _) => made
            .left_out(&PRISMA, "psql and libpq refuse a URL with a parameter they do not know."),
        (Client::NodePostgres, _) => {
            made.left_out(&PRISMA, "node-postgres takes its pool's settings in code (max), not in the URL.")
        }
        (Client::Unknown, _) => {
            made.left_out(&PRISMA, "Many clients refuse a URL with a parameter of another client.")
        }
    }
}

fn prisma6_pooled(made: ClientUrl, probe: Option<Probe>, limit: u32) -> ClientUrl {
    let flag = ["pgbouncer"];
    let made = match made.url.parameter("schema") {
        Some("public") => made.left_out(
            &["schema"],
            "It is public without it, and Prisma may send it at sign-in, which a pooler refuses.",
        ),
        Some(_) | None => made,
    };
    let made = match probe.map_or(Tracking::Unknown, |probe| probe.tracking) {
        Tracking::Tracked => made.never(
            &flag,
            "The pooler keeps track of prepared statements; the flag would only add a transaction to every query.",
        ),
        Tracking::NotTracked => made.set(
            "pgbouncer",
            "true",
            "The pooler does not keep track of prepared statements, so Prisma must not rely on them.",
        ),
        Tracking::Unknown => made.set(
            "pgbouncer",
            "true",
            "Whether the pooler keeps track of prepared statements is not known; with the flag Prisma works either way.",
        ),
    };
    made.set(
        "connection_limit",
        &limit.to_string(),
        "The most connections one instance of the app opens; the pool shares out the database's own.",
    )
    .set(
        "pool_timeout",
        &POOL_TIMEOUT.to_string(),
        "Seconds a query waits for one of these connections before Prisma gives up.",
    )
}

impl ClientUrl {
    fn set(mut self, key: &str, value: &str, why: &str) -> Self {
        self.url = self.url.with_parameter(key, value);
        self.reasons.push((format!("{key}={value}"), why.to_owned()));
        self
    }

    /// Takes parameters out where they are, and says so.
    fn left_out(mut self, keys: &[&str], why: &str) -> Self {
        for key in keys {
            if self.url.parameter(key).is_some() {
                self = self.never(&[key], why);
            }
        }
        self
    }

    /// Says why parameters are not in the URL, also where they never were.
    fn never(mut self, keys: &[&str], why: &str) -> Self {
        for key in keys {
            self.url = self.url.without_parameter(key);
        }
        self.reasons.push((format!("no {}", keys.join(", ")), why.to_owned()));
        self
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::pool::PoolMode;

    use super::*;

    const PLAIN: &str = "postgresql://u:p@h:25061/shop-pool?sslmode=require";

    fn made(client: Client, port: Port, base: &str, tracking: Option<Tracking>) -> ClientUrl {
        let base = ConnUrl::parse(base).expect("a good URL");
        let probe = tracking.map(|tracking| Probe { mode: Some(PoolMode::Transaction), tracking });
        url_for(client, port, &base, probe, 5)
    }

    fn text(client: Client, port: Port, base: &str, tracking: Option<Tracking>) -> String {
        made(client, port, base, tracking).url.text().expose().to_owned()
    }

    #[test]
    fn prisma_6_gets_the_flag_unless_statements_are_tracked() {
        let of = |tracking| text(Client::Prisma6, Port::Pooled, PLAIN, tracking);
        let with = format!("{PLAIN}&pgbouncer=true&connection_limit=5&pool_timeout=20");
        let without = format!("{PLAIN}&connection_limit=5&pool_timeout=20");
        assert_eq!(of(Some(Tracking::NotTracked)), with);
        assert_eq!(of(Some(Tracking::Unknown)), with);
        assert_eq!(of(None), with);
        assert_eq!(of(Some(Tracking::Tracked)), without);
        let flagged = format!("{PLAIN}&pgbouncer=true");
        assert_eq!(text(Client::Prisma6, Port::Pooled, &flagged, Some(Tracking::Tracked)), without);
    }

    #[test]
    fn no_other_client_gets_a_parameter_of_prisma() {
        let flagged = format!("{PLAIN}&pgbouncer=true&connection_limit=9&schema=app");
        for client in [Client::Prisma7, Client::Libpq, Client::NodePostgres, Client::Unknown] {
            for port in Port::BOTH {
                for base in [PLAIN, &flagged] {
                    assert_eq!(text(client, port, base, None), PLAIN, "{client:?} {port:?}");
                }
            }
        }
    }

    #[test]
    fn the_direct_url_of_prisma_6_is_plain_but_keeps_its_schema() {
        let base = format!("{PLAIN}&schema=app&pgbouncer=true");
        let kept = format!("{PLAIN}&schema=app");
        assert_eq!(text(Client::Prisma6, Port::Direct, &base, Some(Tracking::NotTracked)), kept);
    }

    #[test]
    fn every_parameter_set_or_left_out_has_its_reason() {
        let names = |client, port, base: &str, tracking| {
            made(client, port, base, tracking)
                .reasons
                .into_iter()
                .map(|(name, why)| {
                    assert!(why.ends_with('.'), "{why}");
                    name
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names(Client::Prisma6, Port::Pooled, PLAIN, None),
            ["pgbouncer=true", "connection_limit=5", "pool_timeout=20"]
        );
        assert_eq!(
            names(Client::Prisma6, Port::Pooled, PLAIN, Some(Tracking::Tracked)),
            ["no pgbouncer", "connection_limit=5", "pool_timeout=20"]
        );
        assert_eq!(
            names(Client::Prisma7, Port::Pooled, PLAIN, None),
            ["no pgbouncer", "no connection_limit, pool_timeout"]
        );
        let flagged = format!("{PLAIN}&pgbouncer=true");
        assert_eq!(names(Client::Libpq, Port::Pooled, &flagged, None), ["no pgbouncer"]);
        assert!(names(Client::Libpq, Port::Pooled, PLAIN, None).is_empty());
    }
}
