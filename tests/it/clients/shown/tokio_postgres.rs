//! What is shown for tokio-postgres.

use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use tokio_postgres::Client;

pub async fn connect() -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter("shop-db-ca.crt")? {
        roots.add(certificate?)?;
    }
    let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let tls = tokio_postgres_rustls::MakeRustlsConnect::new(tls);
    let (client, connection) =
        tokio_postgres::connect(&std::env::var("DATABASE_URL")?, tls).await?;
    tokio::spawn(connection);
    Ok(client)
}
// Several connections: deadpool-postgres, with max_size 8.
// Each query: client.query_typed(…).
