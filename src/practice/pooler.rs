//! PgBouncer's configuration: pools by name, rewritten and reloaded, and read back from its console.

use std::{fmt::Write as _, io, path::PathBuf, time::Duration};

use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, Row as _,
    postgres::{PgConnectOptions, PgConnection},
};

use crate::domain::{
    pool::{PoolMode, PoolName},
    secret::Secret,
};

use super::{cluster::SUPERUSER, folder::put, identity::Identity};

/// A pool as PgBouncer knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolEntry {
    pub name: PoolName,
    pub database: String,
    pub mode: PoolMode,
    pub size: u32,
    /// The role all its server connections use; `None` keeps the client's own.
    pub user: Option<String>,
}

/// What the account lets a customer set for the whole pooler. The defaults are the provider's, but for the idle time:
/// a practice lasts minutes, and after a burst shall show what the pool needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Startup parameters that are dropped without a word instead of being refused.
    pub ignored_parameters: Vec<String>,
    pub min_pool_size: u32,
    /// Seconds.
    pub server_lifetime: u32,
    /// Seconds.
    pub server_idle_timeout: u32,
    pub reset_always: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ignored_parameters: vec!["extra_float_digits".to_owned()],
            min_pool_size: 0,
            server_lifetime: 3600,
            server_idle_timeout: 5,
            reset_always: false,
        }
    }
}

impl Settings {
    /// As PgBouncer names and shows them.
    fn lines(&self) -> [(&'static str, String); 5] {
        let Self {
            ignored_parameters,
            min_pool_size,
            server_lifetime,
            server_idle_timeout,
            reset_always,
        } = self;
        [
            ("ignore_startup_parameters", ignored_parameters.join(",")),
            ("min_pool_size", min_pool_size.to_string()),
            ("server_lifetime", server_lifetime.to_string()),
            ("server_idle_timeout", server_idle_timeout.to_string()),
            ("server_reset_query_always", u8::from(*reset_always).to_string()),
        ]
    }
}

/// Where PgBouncer learns passwords. The provider's choice is not public; the two word a wrong pool name differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// A file with every user.
    #[default]
    File,
    /// A function in each database, asked at sign-in.
    Query,
}

/// The one role that the file names where the others are asked for.
pub(super) const AUTH_ROLE: &str = "pgb_auth";

#[derive(Debug, thiserror::Error)]
pub enum PoolerError {
    #[error("could not write the pooler's configuration")]
    Write(#[source] io::Error),
    #[error("could not tell the pooler to read its configuration")]
    Reload(#[source] io::Error),
    #[error("the pooler's console did not answer")]
    Console(#[source] sqlx::Error),
    #[error("the pooler did not take the change over")]
    NotTaken,
}

/// Where PgBouncer's files lie and who may read them.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) folder: PathBuf,
    pub(super) identity: Identity,
    pub(super) auth: Auth,
}

impl Files {
    /// The part that holds for every pool. A pooler's memory of a failed server login is kept short: 15 s, its default, would make
    /// a practice set-up wait after every refusal.
    pub(super) fn write_settings(&self, port: u16, settings: &Settings) -> io::Result<()> {
        let folder = self.folder.display();
        let auth = match self.auth {
            Auth::File => String::new(),
            Auth::Query => format!(
                "auth_user = {AUTH_ROLE}\n\
                 auth_query = SELECT usename, passwd FROM pgb.get_auth($1)\n"
            ),
        };
        let settings: String =
            settings.lines().iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        self.put(
            "pgbouncer.ini",
            &format!(
                "[databases]\n\
                 %include {folder}/pools.ini\n\
                 [pgbouncer]\n\
                 listen_addr = 127.0.0.1\n\
                 listen_port = {port}\n\
                 unix_socket_dir =\n\
                 auth_type = scram-sha-256\n\
                 auth_file = {folder}/users\n\
                 admin_users = {SUPERUSER}\n\
                 client_tls_sslmode = require\n\
                 client_tls_cert_file = {folder}/server.crt\n\
                 client_tls_key_file = {folder}/server.key\n\
                 server_tls_sslmode = verify-full\n\
                 server_tls_ca_file = {folder}/ca.crt\n\
                 max_client_conn = 1000\n\
                 server_login_retry = 2\n\
                 {auth}{settings}"
            ),
        )
    }

    pub(super) fn write_pools(&self, pools: &[PoolEntry], server_port: u16) -> io::Result<()> {
        let mut text = String::new();
        for PoolEntry { name, database, mode, size, user } in pools {
            write!(
                text,
                "{name} = host=127.0.0.1 port={server_port} dbname={} pool_mode={} pool_size={size}",
                quoted(database),
                mode.word(),
            )
            .map_err(io::Error::other)?;
            if let Some(user) = user {
                write!(text, " user={}", quoted(user)).map_err(io::Error::other)?;
            }
            text.push('\n');
        }
        self.put("pools.ini", &text)
    }

    /// Plain passwords: a stored SCRAM secret goes stale when the server salts the same password anew. The folder is
    /// private to the servers.
    pub(super) fn write_users(&self, users: &[(String, Secret)]) -> io::Result<()> {
        let mut text = String::new();
        for (name, password) in users {
            let double = |value: &str| value.replace('"', "\"\"");
            writeln!(text, "\"{}\" \"{}\"", double(name), double(password.expose()))
                .map_err(io::Error::other)?;
        }
        self.put("users", &text)
    }

    pub(super) fn put(&self, name: &str, text: &str) -> io::Result<()> {
        let path = self.folder.join(name);
        put(&path, text)?;
        self.identity.give(&path)
    }
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// Waits until the console lists exactly these pools. RELOAD answers before it is through, and a bad line is left
/// out without a word, so only the list is proof.
pub(super) async fn verify(
    pools: &[PoolEntry],
    port: u16,
    password: &Secret,
) -> Result<(), PoolerError> {
    let mut wanted: Vec<Listed> = pools.iter().map(Listed::of).collect();
    wanted.sort();
    let mut console = console(port, password).await.map_err(PoolerError::Console)?;
    // A busy computer may take seconds for it.
    for _ in 0..1000 {
        if listed(&mut console).await.map_err(PoolerError::Console)? == wanted {
            console.close().await.map_err(PoolerError::Console)?;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err(PoolerError::NotTaken)
}

/// What `SHOW DATABASES` says of a pool.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    name: String,
    database: String,
    user: Option<String>,
    size: i64,
    mode: Option<String>,
}

impl Listed {
    fn of(pool: &PoolEntry) -> Self {
        Self {
            name: pool.name.as_str().to_owned(),
            database: pool.database.clone(),
            user: pool.user.clone(),
            size: i64::from(pool.size),
            mode: Some(pool.mode.word().to_owned()),
        }
    }
}

/// Waits until the console shows these settings.
pub(super) async fn verify_settings(
    settings: &Settings,
    port: u16,
    password: &Secret,
) -> Result<(), PoolerError> {
    let wanted = settings.lines();
    let mut console = console(port, password).await.map_err(PoolerError::Console)?;
    // A busy computer may take seconds for it.
    for _ in 0..1000 {
        let rows = console.fetch_all(sqlx::raw_sql("SHOW CONFIG")).await;
        let in_force: Vec<(String, Option<String>)> = rows
            .map_err(PoolerError::Console)?
            .iter()
            .map(|row| Ok((row.try_get_unchecked(0)?, row.try_get_unchecked(1)?)))
            .collect::<Result<_, sqlx::Error>>()
            .map_err(PoolerError::Console)?;
        let is_in_force = |(key, value): &(&str, String)| {
            in_force.iter().any(|(name, is)| name == key && is.as_ref() == Some(value))
        };
        if wanted.iter().all(is_in_force) {
            return console.close().await.map_err(PoolerError::Console);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err(PoolerError::NotTaken)
}

async fn listed(console: &mut PgConnection) -> Result<Vec<Listed>, sqlx::Error> {
    let rows = console.fetch_all(sqlx::raw_sql("SHOW DATABASES")).await?;
    let mut found = Vec::new();
    for row in rows {
        // Texts, as everything a simple query gives.
        let text = |name: &str| -> Result<Option<String>, sqlx::Error> {
            row.try_get_unchecked::<Option<String>, _>(name)
        };
        let Some(name) = text("name")?.filter(|name| name != "pgbouncer") else {
            continue;
        };
        found.push(Listed {
            name,
            database: text("database")?.unwrap_or_default(),
            user: text("force_user")?.filter(|user| !user.is_empty()),
            size: text("pool_size")?.and_then(|size| size.parse().ok()).unwrap_or_default(),
            mode: text("pool_mode")?,
        });
    }
    found.sort();
    Ok(found)
}

pub(super) async fn console(port: u16, password: &Secret) -> Result<PgConnection, sqlx::Error> {
    PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(port)
        .username(SUPERUSER)
        // The console's own sign-in.
        .password(password.expose())
        .database("pgbouncer")
        .ssl_mode(sqlx::postgres::PgSslMode::Require)
        .extra_float_digits(None)
        .disable_statement_logging()
        .connect()
        .await
}
