//! sqlx's connection options, built from our own parsed URL: its own parser logs what it does not know.

use std::time::Duration;

use sqlx::{
    ConnectOptions as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};

use crate::domain::{activity::OURS, conn_url::ConnUrl, secret::Secret};

/// Why no connection came about.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("no answer within {0:?}")]
    Silent(Duration),
    #[error("the connection was not made")]
    Refused(#[source] sqlx::Error),
}

impl ConnectError {
    /// The server's SQLSTATE, where it was the server that refused.
    pub fn sqlstate(&self) -> Option<String> {
        match self {
            Self::Refused(err) => Some(err.as_database_error()?.code()?.into_owned()),
            Self::Silent(_) => None,
        }
    }

    /// Nothing answered within this time.
    pub fn silent_for(&self) -> Option<Duration> {
        match self {
            Self::Silent(limit) => Some(*limit),
            Self::Refused(_) => None,
        }
    }

    /// Every slot is taken: 53300 from PostgreSQL.
    pub fn full(&self) -> bool {
        self.sqlstate().as_deref() == Some("53300")
    }

    /// What the server or the network said, without a password in it.
    pub fn said(&self) -> String {
        match self {
            Self::Refused(err) => match err.as_database_error() {
                Some(server) => server.message().to_owned(),
                None => err.to_string(),
            },
            Self::Silent(_) => self.to_string(),
        }
    }
}

/// One connection, verified against `ca` where there is one.
pub async fn connect(
    url: &ConnUrl,
    ca: Option<&str>,
    limit: Duration,
) -> Result<PgConnection, ConnectError> {
    connect_as(OURS, url, ca, limit).await
}

/// The same under a name by which the server's list tells it from our other connections.
pub async fn connect_as(
    name: &str,
    url: &ConnUrl,
    ca: Option<&str>,
    limit: Duration,
) -> Result<PgConnection, ConnectError> {
    let options = options(url, ca).application_name(name);
    tokio::time::timeout(limit, options.connect())
        .await
        .map_err(|_elapsed| ConnectError::Silent(limit))?
        .map_err(ConnectError::Refused)
}

fn options(url: &ConnUrl, ca: Option<&str>) -> PgConnectOptions {
    let options = PgConnectOptions::new_without_pgpass()
        .host(&url.host)
        .port(url.port)
        .username(&url.user)
        .database(&url.database)
        // The driver signs in with it. Where there is none it would take PGPASSWORD, which is for another server.
        .password(url.password.as_ref().map_or("", Secret::expose))
        // No pooler has to know of it.
        .extra_float_digits(None)
        .disable_statement_logging();
    match ca {
        Some(pem) => {
            options.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert_from_pem(pem.as_bytes().to_vec())
        }
        None => options.ssl_mode(PgSslMode::Require),
    }
}
