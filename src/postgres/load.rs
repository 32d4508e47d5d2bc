//! The same load on a URL as on the other: clients that come one after the other, each with short transactions that can't
//! write, until the time is over or somebody ends it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{
        activity::LOAD,
        conn_url::ConnUrl,
        figures::percentile,
        load::{FirstError, Guard, Order, Outcome, Progress},
        record::{End, Place},
    },
    postgres::{
        activity::{RecordError, Watch},
        connect::{ConnectError, connect_as},
        history,
    },
};

/// Between two looks at the server.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// An app works between its transactions; this long on average.
const PAUSE: Duration = Duration::from_millis(200);
/// After a refused connection, as well-behaved clients wait.
const AGAIN: Duration = Duration::from_millis(500);
/// A transaction that can't write, whatever the statement; and that ends.
const BEGIN: &str = "begin read only; set local statement_timeout = '2s'";
/// Longer than this nobody waits for a connection or a transaction.
const PATIENCE: Duration = Duration::from_secs(10);
const GOODBYE: Duration = Duration::from_millis(500);

/// Where the load goes.
#[derive(Clone, Debug)]
pub struct Target {
    pub url: ConnUrl,
    /// PEM. `None`: encrypted, not verified.
    pub ca: Option<String>,
}

/// Runs the load on one URL. `watch` looks on over a connection of its own; `guard` may end the load; `tell` hears how it goes.
pub async fn run(
    target: &Target,
    order: &Order,
    watch: &mut Watch,
    mut guard: Option<Guard>,
    mut tell: impl FnMut(Progress) + Send,
) -> Result<Outcome, RecordError> {
    let (began, stop, counts) =
        (Instant::now(), CancellationToken::new(), Arc::new(Counts::default()));
    // Ends the clients also where this is dropped half-way.
    let _stops = stop.clone().drop_guard();
    // The clients send it by the thousand: told as one.
    let whole = format!("{BEGIN};\n{};\ncommit", order.statement);
    let mut told = history::sent(&Place::of(&target.url), &whole);
    let mut clients = start(target, order, &stop, &counts);
    let (mut peak, mut ended) = (0, None);
    let mut looks = tokio::time::interval(LOOK_EVERY);
    while ended.is_none() && began.elapsed() < order.lasts {
        looks.tick().await;
        let holders = watch.holders().await?;
        let held: u32 = holders.iter().map(|holder| holder.count).sum();
        let of_load = holders.iter().filter(|holder| holder.application == LOAD);
        peak = peak.max(of_load.map(|holder| holder.count).sum());
        if let Some(guard) = &mut guard {
            ended = guard.seen(held, watch.waiting().await?);
        }
        tell(counts.progress(began.elapsed()));
    }
    let lasted = began.elapsed();
    stop.cancel();
    let transactions = counts.transactions.load(Ordering::Relaxed);
    if let Some(told) = &mut told
        && 0 < transactions
    {
        told.ended(End::Done(None));
        told.times(transactions);
    }
    drop(told);
    let mut tallies = Vec::new();
    while let Some(tally) = clients.join_next().await {
        tallies.extend(tally.ok()); // a client that panicked has nothing to tell
    }
    Ok(outcome(order, &tallies, Ran { lasted, peak, ended }))
}

/// How many of others wait while nothing of ours runs; what a guard compares with.
pub async fn usual_waits(watch: &mut Watch) -> Result<Vec<u32>, RecordError> {
    let mut waits = Vec::new();
    for _ in 0..4 {
        waits.push(watch.waiting().await?);
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(waits)
}

/// Waits until the server has let go of the load's connections, at the longest for `patience`.
pub async fn gone(watch: &mut Watch, patience: Duration) -> Result<(), RecordError> {
    let began = Instant::now();
    while began.elapsed() < patience {
        let holders = watch.holders().await?;
        if holders.iter().all(|holder| holder.application != LOAD) {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// What all clients came to so far.
#[derive(Debug, Default)]
struct Counts {
    connected: AtomicU32,
    refused: AtomicU32,
    transactions: AtomicU64,
}

impl Counts {
    fn progress(&self, elapsed: Duration) -> Progress {
        Progress {
            elapsed,
            connected: self.connected.load(Ordering::Relaxed),
            transactions: self.transactions.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

fn start(
    target: &Target,
    order: &Order,
    stop: &CancellationToken,
    counts: &Arc<Counts>,
) -> JoinSet<Tally> {
    let mut clients = JoinSet::new();
    for number in 0..order.clients {
        let client = Client {
            number,
            arrives: order.ramp() * number / order.clients.max(1),
            target: target.clone(),
            statement: order.statement.clone(),
            counts: Arc::clone(counts),
            tally: Tally::default(),
        };
        clients.spawn(client.work(stop.clone()));
    }
    clients
}

#[derive(Debug, Default)]
struct Tally {
    number: u32,
    refused: u32,
    broken: u32,
    /// When, and in whose words.
    first_error: Option<(Instant, String)>,
    /// Of each transaction: until it had begun, and as a whole.
    times: Vec<(Duration, Duration)>,
}

struct Client {
    number: u32,
    arrives: Duration,
    target: Target,
    statement: String,
    counts: Arc<Counts>,
    tally: Tally,
}

impl Client {
    async fn work(mut self, stop: CancellationToken) -> Tally {
        self.tally.number = self.number + 1;
        stop.run_until_cancelled(tokio::time::sleep(self.arrives)).await;
        while !stop.is_cancelled() {
            let ca = self.target.ca.as_deref();
            let connecting = connect_as(LOAD, &self.target.url, ca, PATIENCE);
            let Some(connected) = stop.run_until_cancelled(connecting).await else { break };
            match connected {
                Ok(mut connection) => {
                    self.counts.connected.fetch_add(1, Ordering::Relaxed);
                    let well = self.use_up(&mut connection, &stop).await;
                    self.counts.connected.fetch_sub(1, Ordering::Relaxed);
                    if well {
                        // Nothing depends on a polite goodbye.
                        tokio::time::timeout(GOODBYE, connection.close()).await.ok();
                        break;
                    }
                }
                Err(err) => self.refused(&err),
            }
            stop.run_until_cancelled(tokio::time::sleep(AGAIN)).await;
        }
        self.tally
    }

    /// Transactions until the end; false where the connection broke.
    async fn use_up(&mut self, connection: &mut PgConnection, stop: &CancellationToken) -> bool {
        let mut done = 0;
        while !stop.is_cancelled() {
            let working = tokio::time::timeout(PATIENCE, transaction(connection, &self.statement));
            let Some(worked) = stop.run_until_cancelled(working).await else { return false };
            let said = match worked {
                Ok(Ok(times)) => {
                    self.tally.times.push(times);
                    self.counts.transactions.fetch_add(1, Ordering::Relaxed);
                    done += 1;
                    let pause = self.pause(done);
                    stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                    continue;
                }
                Ok(Err(err)) => ConnectError::Refused(err).said(),
                Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
            };
            if done == 0 {
                // A pooler lets everybody sign in; the first statement tells whether there is a connection.
                self.tally.refused += 1;
                self.counts.refused.fetch_add(1, Ordering::Relaxed);
            } else {
                self.tally.broken += 1;
            }
            self.tally.first_error.get_or_insert((Instant::now(), said));
            return false;
        }
        true
    }

    fn refused(&mut self, err: &ConnectError) {
        self.tally.refused += 1;
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
        self.tally.first_error.get_or_insert((Instant::now(), err.said()));
    }

    /// Half to one and a half times the usual, so that the clients don't march in step.
    fn pause(&self, done: u32) -> Duration {
        let spread = (self.number.wrapping_mul(31).wrapping_add(done.wrapping_mul(17))) % 101;
        PAUSE * (50 + spread) / 100
    }
}

/// One transaction: how long until it had begun, and how long in all.
async fn transaction(
    connection: &mut PgConnection,
    statement: &str,
) -> Result<(Duration, Duration), sqlx::Error> {
    let began = Instant::now();
    connection.execute(sqlx::raw_sql(BEGIN)).await?;
    let waited = began.elapsed();
    // Sent as one prepared statement, so that it can't end the transaction and begin another; without a name, as pools
    // need it. The person chose it, and the transaction can't write.
    let chosen = sqlx::query(AssertSqlSafe(statement)).persistent(false);
    connection.execute(chosen).await?;
    connection.execute(sqlx::raw_sql("commit")).await?;
    Ok((waited, began.elapsed()))
}

struct Ran {
    lasted: Duration,
    peak: u32,
    ended: Option<String>,
}

fn outcome(order: &Order, tallies: &[Tally], ran: Ran) -> Outcome {
    let sorted = |part: fn(&(Duration, Duration)) -> Duration| {
        let mut times: Vec<Duration> =
            tallies.iter().flat_map(|tally| &tally.times).map(part).collect();
        times.sort_unstable();
        times
    };
    let (waits, times) = (sorted(|(waited, _)| *waited), sorted(|(_, whole)| *whole));
    let served = tallies.iter().filter(|tally| !tally.times.is_empty()).count();
    let first = tallies
        .iter()
        .filter_map(|tally| tally.first_error.as_ref().map(|error| (tally.number, error)))
        .min_by_key(|(_, (at, _))| *at);
    Outcome {
        clients: order.clients,
        served: u32::try_from(served).unwrap_or(u32::MAX),
        refused: tallies.iter().map(|tally| tally.refused).sum(),
        broken: tallies.iter().map(|tally| tally.broken).sum(),
        first_error: first.map(|(client, (_, said))| FirstError { client, said: said.clone() }),
        transactions: times.len() as u64,
        lasted: ran.lasted,
        wait_p95: percentile(&waits, 95),
        p50: percentile(&times, 50),
        p95: percentile(&times, 95),
        peak: ran.peak,
        ended: ran.ended,
    }
}
