//! Who holds connections: limits once, then sample after sample over one connection of ours.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{Connection as _, PgConnection, Row as _};

use crate::{
    domain::{
        activity::{Holder, Sample},
        capacity::Limits,
        conn_url::ConnUrl,
        timing::Timing,
    },
    postgres::connect::{ConnectError, connect},
};

/// The third exists from PostgreSQL 16 on.
const LIMITS: &str = "select current_setting('max_connections')::int4, \
     current_setting('superuser_reserved_connections')::int4, \
     coalesce(current_setting('reserved_connections', true), '0')::int4";

/// Background workers hold no slot of `max_connections`; for other roles without `pg_monitor` their kind is hidden.
const HOLDERS: &str = "select coalesce(application_name, ''), coalesce(usename::text, '?'), host(client_addr), \
     coalesce(state, 'hidden'), count(*) from pg_stat_activity \
     where datid is not null and (backend_type is null or backend_type = 'client backend') \
     group by 1, 2, 3, 4 order by 5 desc, 1, 2, 3, 4";

const COMMITS: &str = "select coalesce(sum(xact_commit), 0)::int8 from pg_stat_database";

/// Why nothing can be seen, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error(transparent)]
    Connect(ConnectError),
    #[error("the server did not answer the question about its connections")]
    Query(#[source] sqlx::Error),
    #[error("no answer within {0:?} to the question about the connections")]
    Silent(Duration),
}

impl RecordError {
    /// Nothing answered within this time when the connection was to be made.
    pub fn silent_for(&self) -> Option<Duration> {
        match self {
            Self::Connect(err) => err.silent_for(),
            Self::Query(_) | Self::Silent(_) => None,
        }
    }

    /// Every slot of the database is taken.
    pub fn full(&self) -> bool {
        matches!(self, Self::Connect(err) if err.full())
    }
}

/// A connection that watches the server.
#[derive(Debug)]
pub struct Watch {
    connection: PgConnection,
    /// How long an answer may take: a connection that a network dropped silently never ends by itself.
    limit: Duration,
    /// Statements of ours, which the server counts as commits too.
    own: u64,
}

impl Watch {
    pub async fn open(
        url: &ConnUrl,
        ca: Option<&str>,
        timing: &Timing,
    ) -> Result<Self, RecordError> {
        let connection = connect(url, ca, timing.sign_in).await.map_err(RecordError::Connect)?;
        Ok(Self { connection, limit: timing.query, own: 0 })
    }

    pub async fn limits(&mut self) -> Result<Limits, RecordError> {
        let asked = sqlx::query(LIMITS).fetch_one(&mut self.connection);
        let row = within(self.limit, asked).await?;
        self.own += 1;
        let number = |index: usize| -> Result<u32, RecordError> {
            let value: i32 = row.try_get(index).map_err(RecordError::Query)?;
            Ok(u32::try_from(value).unwrap_or(0))
        };
        Ok(Limits {
            max_connections: number(0)?,
            superuser_reserved: number(1)?,
            reserved: number(2)?,
        })
    }

    pub async fn holders(&mut self) -> Result<Vec<Holder>, RecordError> {
        let asked = sqlx::query(HOLDERS).fetch_all(&mut self.connection);
        let rows = within(self.limit, asked).await?;
        self.own += 1;
        rows.iter()
            .map(|row| {
                let count: i64 = row.try_get(4)?;
                Ok(Holder {
                    application: row.try_get(0)?,
                    user: row.try_get(1)?,
                    address: row.try_get(2)?,
                    state: row.try_get(3)?,
                    count: u32::try_from(count).unwrap_or(u32::MAX),
                })
            })
            .collect::<Result<_, sqlx::Error>>()
            .map_err(RecordError::Query)
    }

    /// One sample; `refused` is what was refused since the one before.
    pub async fn sample(&mut self, refused: u32) -> Result<Sample, RecordError> {
        let holders = self.holders().await?;
        let asked = sqlx::query_scalar(COMMITS).fetch_one(&mut self.connection);
        let commits: i64 = within(self.limit, asked).await?;
        self.own += 1;
        let commits = u64::try_from(commits).unwrap_or(0).saturating_sub(self.own);
        Ok(Sample { at: Timestamp::now(), holders, commits, refused })
    }

    pub async fn close(self) {
        // Nothing depends on a polite goodbye.
        tokio::time::timeout(Duration::from_secs(1), self.connection.close()).await.ok();
    }
}

async fn within<T>(
    limit: Duration,
    asked: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, RecordError> {
    match tokio::time::timeout(limit, asked).await {
        Ok(answer) => answer.map_err(RecordError::Query),
        Err(_) => Err(RecordError::Silent(limit)), // the clock's error says nothing more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_that_is_never_answered_ends() {
        let limit = Duration::from_millis(1);
        let asked = std::future::pending::<Result<(), sqlx::Error>>();
        assert!(
            matches!(within(limit, asked).await, Err(RecordError::Silent(ended)) if ended == limit)
        );
    }
}
