//! One worker of the app: a connection of its own, kept as long as it is on duty, and one job after the other over it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Counts, PATIENCE, database_url::Target};

/// Between the starts of two workers of an instance.
const BETWEEN: Duration = Duration::from_millis(50);
/// Between a refused connection and the next try.
const AGAIN: Duration = Duration::from_millis(500);
const CONNECT: Duration = Duration::from_secs(5);
/// A pooler lets a first statement wait while it has no server; longer than this is as good as refused.
const FIRST_STATEMENT: Duration = Duration::from_secs(2);
const TRANSACTION: Duration = Duration::from_secs(5);
/// What the app does between two statements of a transaction.
const OWN_WORK: Duration = Duration::from_millis(5);
const GOODBYE: Duration = Duration::from_secs(1);

const PAGES: u64 = 100;
const VISITS: u64 = 5000;

#[derive(Debug)]
pub(super) enum Job {
    Visit {
        number: u64,
        arrived: Instant,
    },
    /// Answered with the number of connections to the database.
    Health(oneshot::Sender<u32>),
}

/// What a fleet that is starting hears of its workers.
#[derive(Debug)]
pub(super) enum News {
    Serving {
        instance: u32,
    },
    /// The database is full, or the pooler has no server connection.
    NoSlot(String),
    Broken(String),
}

#[derive(Debug)]
pub(super) struct Worker {
    pub(super) instance: u32,
    /// Among the workers of its instance, from 0; those below the shift's number are on duty.
    pub(super) place: u32,
    pub(super) target: Target,
    pub(super) shift: watch::Receiver<u32>,
    pub(super) stop: CancellationToken,
    pub(super) counts: Arc<Counts>,
    pub(super) news: mpsc::Sender<News>,
}

impl Worker {
    pub(super) async fn work(mut self, mut jobs: mpsc::Receiver<Job>) {
        let stop = self.stop.clone();
        // An instance starts its workers one after the other.
        let in_turn = BETWEEN * self.place;
        sleep(in_turn).await;
        while !stop.is_cancelled() {
            if !self.on_duty() {
                tokio::select! {
                    () = stop.cancelled() => return,
                    changed = self.shift.changed() => if changed.is_err() { return },
                }
                sleep(in_turn).await;
                continue;
            }
            let opened = tokio::select! {
                () = stop.cancelled() => return,
                opened = self.open() => opened,
            };
            if let Some(mut connection) = opened {
                if self.serve(&mut connection, &mut jobs).await {
                    // A goodbye that fails is a connection that has gone already.
                    timeout(GOODBYE, connection.close()).await.ok();
                }
            } else {
                self.give_up_stale(&mut jobs);
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = sleep(AGAIN) => {}
                }
            }
        }
    }

    fn on_duty(&self) -> bool {
        self.place < *self.shift.borrow()
    }

    async fn open(&self) -> Option<PgConnection> {
        let opened = timeout(CONNECT, self.target.connect()).await;
        let said = match opened {
            Ok(Ok(mut connection)) => {
                // A sign-in proves nothing behind a pooler; a statement does.
                match timeout(FIRST_STATEMENT, connection.execute(sqlx::raw_sql("SELECT 1"))).await
                {
                    Ok(Ok(_)) => {
                        self.tell(News::Serving { instance: self.instance });
                        return Some(connection);
                    }
                    Ok(Err(err)) => failure(&err),
                    Err(_) => News::NoSlot("the first statement was not answered".to_owned()),
                }
            }
            Ok(Err(err)) => failure(&err),
            Err(_) => News::Broken("the server did not answer".to_owned()),
        };
        if matches!(said, News::NoSlot(_)) {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
        }
        self.tell(said);
        None
    }

    /// News that may be lost: it is read only while a fleet starts.
    fn tell(&self, news: News) {
        self.news.try_send(news).ok();
    }

    /// Jobs until the duty ends or the connection breaks; false where it broke.
    async fn serve(
        &mut self,
        connection: &mut PgConnection,
        jobs: &mut mpsc::Receiver<Job>,
    ) -> bool {
        while self.on_duty() {
            let job = tokio::select! {
                () = self.stop.cancelled() => return true,
                job = jobs.recv() => job,
                changed = self.shift.changed() => {
                    if changed.is_err() { return true }
                    continue;
                }
            };
            let well = match job {
                Some(Job::Visit { number, arrived }) => {
                    self.receive(connection, number, arrived).await
                }
                Some(Job::Health(reply)) => {
                    match timeout(PATIENCE, connections(connection)).await {
                        Ok(Ok(connections)) => {
                            // Who asked may have gone.
                            reply.send(connections).ok();
                            true
                        }
                        Ok(Err(_)) | Err(_) => false,
                    }
                }
                None => return true,
            };
            if !well {
                return false;
            }
        }
        true
    }

    /// Serves a visitor; false where the connection broke over it.
    async fn receive(&self, connection: &mut PgConnection, number: u64, arrived: Instant) -> bool {
        // Who came too late is gone, which says nothing against the connection.
        let is_late = PATIENCE <= arrived.elapsed();
        let served = !is_late
            && timeout(TRANSACTION, visit(connection, number)).await.is_ok_and(|done| done.is_ok());
        let count = if served { &self.counts.served } else { &self.counts.failed };
        count.fetch_add(1, Ordering::Relaxed);
        served || is_late
    }

    /// Without a connection, who has waited too long is sent away.
    fn give_up_stale(&self, jobs: &mut mpsc::Receiver<Job>) {
        while let Ok(job) = jobs.try_recv() {
            if matches!(job, Job::Visit { .. }) {
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// What a failed connection tells: want of a slot passes, everything else is a mistake.
fn failure(err: &sqlx::Error) -> News {
    let said =
        err.as_database_error().map_or_else(|| err.to_string(), |said| said.message().to_owned());
    let code = err.as_database_error().and_then(sqlx::error::DatabaseError::code);
    // A pooler passes the server's words on under a code of its own.
    let of_a_full_database = [
        "remaining connection slots are reserved",
        "too many clients already",
        "server login has been failing",
        "query_wait_timeout",
    ];
    let is_full = code.as_deref() == Some("53300")
        || of_a_full_database.iter().any(|words| said.contains(words));
    if is_full { News::NoSlot(said) } else { News::Broken(said) }
}

/// One visit: a page is read, counted, and the visit noted.
async fn visit(connection: &mut PgConnection, number: u64) -> Result<(), sqlx::Error> {
    let (page, visit) = (number % PAGES, number % VISITS);
    let read = format!("BEGIN; SELECT views FROM app_load.page WHERE id = {page}");
    connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(read))).await?;
    sleep(OWN_WORK).await;
    let write = format!(
        "UPDATE app_load.page SET views = views + 1 WHERE id = {page}; \
         INSERT INTO app_load.visit (id, page, at) VALUES ({visit}, {page}, now()) \
         ON CONFLICT (id) DO UPDATE SET page = excluded.page, at = excluded.at; COMMIT"
    );
    connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(write))).await?;
    Ok(())
}

async fn connections(connection: &mut PgConnection) -> Result<u32, sqlx::Error> {
    let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()";
    let row = connection.fetch_one(sqlx::raw_sql(count)).await?;
    // A simple query answers in text.
    let text: String = row.try_get_unchecked(0)?;
    text.parse().map_err(|err| sqlx::Error::Decode(Box::new(err)))
}
