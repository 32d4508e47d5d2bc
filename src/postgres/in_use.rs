//! Who does something through a pool? Told by the address that the pooler's connections come from.

use std::time::Duration;

use sqlx::{PgConnection, Row as _, postgres::PgRow};

use crate::{
    domain::activity::{LOAD, OURS},
    postgres::activity::{RecordError, Watch},
};

const NOW: &str = "select extract(epoch from clock_timestamp())::float8";

/// Server connections that a client has used since a moment, or uses now. A pooler keeps those that nobody uses.
const BUSY: &str = "select coalesce(nullif(application_name, ''), '?'), count(*) from pg_stat_activity \
     where datname = $1 and ($2::text is null or usename = $2) and host(client_addr) = $3 \
     and application_name not in ($5, $6) \
     and (state <> 'idle' or extract(epoch from state_change)::float8 > $4) group by 1 order by 2 desc, 1";

/// Sessions of this database of which the server hides whose they are from our role.
const HIDDEN: &str = "select count(*) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid() \
     and usesysid is not null and client_addr is null and state is null";

/// A pool, as the server sees it.
#[derive(Clone, Copy, Debug)]
pub struct Through<'a> {
    pub database: &'a str,
    /// `None`: each client signs in as itself.
    pub user: Option<&'a str>,
    /// The pooler's address.
    pub pooler: &'a str,
}

/// The programs that used the pool while we looked, with their connections; ours are left out. `None` where the server
/// hides them from our role.
pub async fn clients(
    watch: &mut Watch,
    through: Through<'_>,
    length: Duration,
) -> Result<Option<Vec<(String, u32)>>, RecordError> {
    let began: f64 = watch
        .ask(NOW, async |connection| sqlx::query_scalar(NOW).fetch_one(connection).await)
        .await?;
    tokio::time::sleep(length).await;
    let hidden: i64 = watch
        .ask(HIDDEN, async |connection| {
            sqlx::query_scalar(HIDDEN).bind(through.database).fetch_one(connection).await
        })
        .await?;
    if 0 < hidden {
        return Ok(None);
    }
    let rows = watch.ask(BUSY, async |connection| busy(connection, through, began).await).await?;
    let clients = rows.iter().map(|row| {
        let count: i64 = row.try_get(1)?;
        Ok((row.try_get(0)?, u32::try_from(count).unwrap_or(u32::MAX)))
    });
    clients.collect::<Result<_, _>>().map(Some).map_err(RecordError::Query)
}

async fn busy(
    connection: &mut PgConnection,
    through: Through<'_>,
    since: f64,
) -> Result<Vec<PgRow>, sqlx::Error> {
    let asked = sqlx::query(BUSY)
        .bind(through.database)
        .bind(through.user)
        .bind(through.pooler)
        .bind(since)
        .bind(OURS)
        .bind(LOAD);
    asked.fetch_all(connection).await
}
