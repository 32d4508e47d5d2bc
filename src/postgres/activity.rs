//! Who holds connections: limits once, then sample after sample over one connection of ours.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{Connection as _, PgConnection, Row as _, postgres::PgRow};

use crate::{
    domain::{
        activity::{Age, Holder, Sample},
        capacity::Limits,
        conn_url::ConnUrl,
        record::Place,
        timing::Timing,
    },
    postgres::{
        connect::{ConnectError, connect},
        history::{self, Counted, end_of},
    },
};

/// The third exists from PostgreSQL 16 on.
const LIMITS: &str = "select current_setting('max_connections')::int4, \
     current_setting('superuser_reserved_connections')::int4, \
     coalesce(current_setting('reserved_connections', true), '0')::int4";

/// Background workers hold no slot of `max_connections`. A role without `pg_monitor` sees of others who they are and
/// where they belong; state, address, age and kind are null for it, so a null kind counts as a client.
/// Sent as a simple query, which works over a pool in any mode.
const HOLDERS: &str = "select coalesce(application_name, ''), coalesce(usename::text, '?'), host(client_addr), \
     coalesce(state, 'hidden'), count(*), \
     extract(epoch from max(clock_timestamp() - state_change))::float8, \
     count(*) filter (where state_change < clock_timestamp() - interval '300 s') from pg_stat_activity \
     where datid is not null and usesysid is not null and (backend_type is null or backend_type = 'client backend') \
     group by 1, 2, 3, 4 order by 5 desc, 1, 2, 3, 4";

/// Others that wait for a lock, or for each other inside the server. Who waits for a lock is shown to every role.
const WAITING: &str = "select count(distinct pid) from pg_stat_activity join ( \
     select pid from pg_locks where not granted union all \
     select pid from pg_stat_activity where wait_event_type in ('Lock', 'LWLock', 'BufferPin')) as waiting using (pid) \
     where datid is not null and application_name not in ('poolwright', 'poolwright load')";

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
    place: Place,
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
        Ok(Self { connection, place: Place::of(url), limit: timing.query, own: 0 })
    }

    /// Goes on counting where an earlier watch of ours ended: its statements are in the server's count for ever.
    pub fn after(self, own: u64) -> Self {
        Self { own, ..self }
    }

    /// Another question over the same connection: `question` sends `sql`.
    pub(super) async fn ask<T: Counted>(
        &mut self,
        sql: &str,
        question: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, RecordError> {
        let asked = told(&self.place, sql, question(&mut self.connection));
        let answer = within(self.limit, asked).await?;
        self.own += 1;
        Ok(answer)
    }

    /// Statements that we sent so far.
    pub fn own(&self) -> u64 {
        self.own
    }

    pub async fn limits(&mut self) -> Result<Limits, RecordError> {
        let asked = self
            .ask(LIMITS, async |connection| sqlx::query(LIMITS).fetch_one(connection).await)
            .await;
        let row = asked?;
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
        let rows = self
            .ask(HOLDERS, async |connection| sqlx::raw_sql(HOLDERS).fetch_all(connection).await)
            .await?;
        all_holders(&rows)
    }

    /// How many sessions of others wait for something inside the server.
    pub async fn waiting(&mut self) -> Result<u32, RecordError> {
        let waiting: i64 = self
            .ask(WAITING, async |connection| {
                sqlx::query_scalar(WAITING).fetch_one(connection).await
            })
            .await?;
        Ok(u32::try_from(waiting).unwrap_or(u32::MAX))
    }

    /// One sample; `refused` is what was refused since the one before.
    pub async fn sample(&mut self, refused: u32) -> Result<Sample, RecordError> {
        let holders = self.holders().await?;
        let commits: i64 = self
            .ask(COMMITS, async |connection| {
                sqlx::query_scalar(COMMITS).fetch_one(connection).await
            })
            .await?;
        let commits = u64::try_from(commits).unwrap_or(0).saturating_sub(self.own);
        Ok(Sample { at: Timestamp::now(), holders, commits, refused })
    }

    pub async fn close(self) {
        // Nothing depends on a polite goodbye.
        tokio::time::timeout(Duration::from_secs(1), self.connection.close()).await.ok();
    }
}

/// Who holds the connections of a server that lets nobody else in, asked through one of its pools: a pooler keeps its
/// server connections. `None` where that way is closed too.
pub async fn holders_through(
    pooled: &ConnUrl,
    ca: Option<&str>,
    limit: Duration,
) -> Option<Vec<Holder>> {
    let asked = async {
        let mut connection = connect(pooled, ca, limit).await.map_err(RecordError::Connect)?;
        let asked = sqlx::raw_sql(HOLDERS).fetch_all(&mut connection);
        let found = within(limit, told(&Place::of(pooled), HOLDERS, asked)).await;
        // Nothing depends on a polite goodbye.
        connection.close().await.ok();
        all_holders(&found?)
    };
    match tokio::time::timeout(limit, asked).await {
        Ok(Ok(found)) => Some(found),
        Ok(Err(err)) => {
            tracing::info!(%err, "nobody could be asked through the pool");
            None
        }
        Err(_) => None, // the pool has no server connection either
    }
}

fn all_holders(rows: &[PgRow]) -> Result<Vec<Holder>, RecordError> {
    rows.iter().map(holder).collect::<Result<_, sqlx::Error>>().map_err(RecordError::Query)
}

fn holder(row: &PgRow) -> Result<Holder, sqlx::Error> {
    let number = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    let longest: Option<f64> = row.try_get(5)?;
    let age = match longest {
        Some(seconds) => Some(Age {
            longest: Duration::try_from_secs_f64(seconds).unwrap_or_default(),
            long: number(row.try_get(6)?),
        }),
        None => None,
    };
    Ok(Holder {
        application: row.try_get(0)?,
        user: row.try_get(1)?,
        address: row.try_get(2)?,
        state: row.try_get(3)?,
        count: number(row.try_get(4)?),
        age,
    })
}

/// Tells the history of `sql` while `asked` sends it.
pub(super) async fn told<T: Counted>(
    place: &Place,
    sql: &str,
    asked: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let mut sent = history::sent(place, sql);
    let answer = asked.await;
    if let Some(sent) = &mut sent {
        sent.ended(end_of(&answer));
    }
    answer
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
    use crate::domain::activity::{LOAD, LONG, OURS};

    #[test]
    fn the_question_counts_as_long_what_the_domain_calls_long() {
        assert!(HOLDERS.contains(&format!("interval '{} s'", LONG.as_secs())));
    }

    #[test]
    fn the_question_for_waits_leaves_our_own_out() {
        let ours = format!("('{OURS}', '{LOAD}')");
        assert!(WAITING.contains(&ours));
    }

    #[tokio::test]
    async fn a_question_that_is_never_answered_ends() {
        let limit = Duration::from_millis(1);
        let asked = std::future::pending::<Result<(), sqlx::Error>>();
        assert!(
            matches!(within(limit, asked).await, Err(RecordError::Silent(ended)) if ended == limit)
        );
    }
}
