//! What is shown for sqlx.

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

pub async fn connect() -> Result<PgPool, Box<dyn std::error::Error + Send + Sync>> {
    let options: PgConnectOptions = std::env::var("DATABASE_URL")?.parse()?;
    let options = options.extra_float_digits(None);
    let pool = PgPoolOptions::new().max_connections(8).connect_with(options).await?;
    Ok(pool)
}
// Each query: sqlx::query(…).persistent(false), inside a transaction.
