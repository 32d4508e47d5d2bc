//! Rust's clients.

use crate::domain::conn_url::{Form, parameters::Reader};

use super::{
    About, Side, Stray,
    rules::{LIBPQ_DIRECT, LIBPQ_TLS, REQUIRE_TLS},
};

pub const SQLX: About = About {
    title: "sqlx",
    family: "Rust",
    also: "axum actix sea-orm",
    form: Form::URL,
    pooled: Side { reads: &[Reader::Libpq], stray: Stray::Ignored, tls: LIBPQ_TLS, rules: &[] },
    direct: Side {
        reads: &[Reader::Libpq, Reader::Server],
        stray: Stray::Ignored,
        tls: LIBPQ_TLS,
        rules: &[],
    },
    file: "src/db.rs",
    code: r#"
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

pub async fn connect() -> Result<PgPool, Box<dyn std::error::Error + Send + Sync>> {
    let options: PgConnectOptions = std::env::var("$KEY")?.parse()?;
    let options = options.extra_float_digits(None); ← sqlx sends extra_float_digits at sign-in, which a pooler refuses unless it was told to ignore it.
    let pool = PgPoolOptions::new().max_connections($LIMIT).connect_with(options).await?; ← The most connections one instance of the app opens; the pool shares out the database's own.
    Ok(pool)
}
[unnamed]// Each query: sqlx::query(…).persistent(false), inside a transaction. ← sqlx prepares statements by name, which lasts for one transaction only behind this pool; statement_cache_capacity(0) does not help.
"#,
    migrate: (
        r#"DATABASE_URL="$$DIRECT" sqlx migrate run"#,
        "sqlx locks with the session: over a pool the lock would stay behind.",
    ),
};

pub const TOKIO_POSTGRES: About = About {
    title: "tokio-postgres",
    family: "Rust",
    also: "postgres deadpool bb8",
    form: Form::URL,
    pooled: Side { reads: &[Reader::Libpq], stray: Stray::Refused, tls: REQUIRE_TLS, rules: &[] },
    direct: Side { reads: &[Reader::Libpq], stray: Stray::Refused, tls: REQUIRE_TLS, rules: &[] },
    file: "src/db.rs",
    code: r#"
[verified]use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use tokio_postgres::Client;

pub async fn connect() -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
[verified]    let mut roots = rustls::RootCertStore::empty();
[verified]    for certificate in CertificateDer::pem_file_iter("$CA")? {
[verified]        roots.add(certificate?)?; ← The server proves that it is this cluster; tokio-postgres takes the authority only in code.
[verified]    }
[verified]    let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
[verified]    let tls = tokio_postgres_rustls::MakeRustlsConnect::new(tls);
[encrypted]    let tls = native_tls::TlsConnector::builder()
[encrypted]        .danger_accept_invalid_certs(true) ← Encrypted, not verified, as sslmode=require means it; DigitalOcean's authority is known to no computer.
[encrypted]        .build()?;
[encrypted]    let tls = postgres_native_tls::MakeTlsConnector::new(tls);
    let (client, connection) =
        tokio_postgres::connect(&std::env::var("$KEY")?, tls).await?;
    tokio::spawn(connection);
    Ok(client)
}
// Several connections: deadpool-postgres, with max_size $LIMIT. ← The most connections one instance of the app opens; the pool shares out the database's own.
[unnamed]// Each query: client.query_typed(…). ← query() prepares statements by name, which lasts for one transaction only behind this pool.
"#,
    migrate: (
        "refinery migrate -e $DIRECT -p migrations",
        "refinery takes the name of the variable that holds the direct URL.",
    ),
};

pub const DIESEL: About = About {
    title: "Diesel",
    family: "Rust",
    also: "r2d2 orm rocket",
    form: Form::URL,
    pooled: Side { reads: &[Reader::Libpq], stray: Stray::Refused, tls: LIBPQ_TLS, rules: &[] },
    direct: LIBPQ_DIRECT,
    file: "src/db.rs",
    code: r#"
use diesel::{
[unnamed]    connection::CacheSize,
    pg::PgConnection,
    prelude::*,
[unnamed]    r2d2::{ConnectionManager, CustomizeConnection, Error, Pool},
[named]    r2d2::{ConnectionManager, Pool},
};
[unnamed]
[unnamed]#[derive(Debug)]
[unnamed]struct NoStatementCache;
[unnamed]
[unnamed]impl CustomizeConnection<PgConnection, Error> for NoStatementCache {
[unnamed]    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), Error> {
[unnamed]        connection.set_prepared_statement_cache_size(CacheSize::Disabled); ← Its statements are prepared by name, which lasts for one transaction only behind this pool.
[unnamed]        Ok(())
[unnamed]    }
[unnamed]}

pub fn connect() -> Result<Pool<ConnectionManager<PgConnection>>, Box<dyn std::error::Error>> {
    let manager = ConnectionManager::new(std::env::var("$KEY")?);
    let pool = Pool::builder()
        .max_size($LIMIT) ← The most connections one instance of the app opens; the pool shares out the database's own.
[unnamed]        .connection_customizer(Box::new(NoStatementCache))
        .build(manager)?;
    Ok(pool)
}
"#,
    migrate: (
        r#"DATABASE_URL="$$DIRECT" diesel migration run"#,
        "diesel reads DATABASE_URL; for this command it holds the direct URL.",
    ),
};
