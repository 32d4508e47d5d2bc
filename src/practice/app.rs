//! The deployed app: instances of workers that hold real connections, steady traffic over them, a health address.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::{MissedTickBehavior, interval, interval_at, timeout},
};

use crate::domain::secret::Secret;

use self::{database_url::Target, fleet::Fleet, worker::Job};

mod database_url;
pub(super) mod fleet;
mod worker;

/// Where the app says how it is.
pub(super) const HEALTH_PATH: &str = "/health/db";
/// Longer than this nobody waits for a connection.
const PATIENCE: Duration = Duration::from_secs(1);

/// Visitors come at this pace, however many connections there are to serve them.
const BETWEEN_VISITS: Duration = Duration::from_millis(5);

/// Workers on duty in each instance: in a quiet time between two busy ones, and where it is always the same.
const QUIET: u32 = 3;
const STEADY: u32 = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// A quiet time of this length, then one in which every worker is wanted, and so on: a full database has moments
    /// with a free slot.
    Waves(Duration),
    /// Always the same, and never more than the database can bear.
    Steady,
    /// Connections without visitors, which leaves a computer to its other work.
    Idle,
}

/// What is deployed.
#[derive(Clone, Debug)]
pub(super) struct Release {
    pub(super) instances: u32,
    /// Connections that each instance wants, unless its URL allows fewer.
    pub(super) workers: u32,
    pub(super) database_url: Secret,
    /// PEM.
    pub(super) authority: String,
    /// Ends right after its start, as a release with a mistake in its code does.
    pub(super) crashes: bool,
}

/// What came of the traffic so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Transactions.
    pub served: u64,
    /// Visitors who got no connection in time, or lost it.
    pub failed: u64,
    /// Connections that the server refused for want of a slot.
    pub refused: u64,
}

#[derive(Debug, Default)]
struct Counts {
    served: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
}

/// The app's place on the web. Its visitors come as long as it stands.
#[derive(Debug)]
pub(super) struct Site {
    address: SocketAddr,
    orders: mpsc::Sender<Order>,
    shift: watch::Receiver<u32>,
    counts: Arc<Counts>,
    _tasks: JoinSet<()>,
}

/// Puts releases live; a copy can be given away.
#[derive(Clone, Debug)]
pub(super) struct Doorman {
    orders: mpsc::Sender<Order>,
    shift: watch::Receiver<u32>,
    counts: Arc<Counts>,
}

#[derive(Debug)]
enum Order {
    Live(Fleet, oneshot::Sender<()>),
    /// Answered with the number of connections to the app's database.
    Health(oneshot::Sender<u32>),
}

impl Site {
    pub(super) async fn open(load: Load) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (orders, inbox) = mpsc::channel(64);
        let (change_shift, shift) =
            watch::channel(if load == Load::Steady { STEADY } else { QUIET });
        let counts = Arc::new(Counts::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(keep(inbox, change_shift, load, Arc::clone(&counts)));
        let router = Router::new().route(HEALTH_PATH, get(health)).with_state(orders.clone());
        tasks.spawn(async move {
            // It ends only with the site.
            axum::serve(listener, router).await.ok();
        });
        Ok(Self { address, orders, shift, counts, _tasks: tasks })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn doorman(&self) -> Doorman {
        Doorman {
            orders: self.orders.clone(),
            shift: self.shift.clone(),
            counts: Arc::clone(&self.counts),
        }
    }

    pub(super) fn traffic(&self) -> Traffic {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { served, failed, refused } = self.counts.as_ref();
        Traffic { served: read(served), failed: read(failed), refused: read(refused) }
    }
}

impl Doorman {
    /// Starts a release beside the one that is live. It gets no visitors yet.
    pub(super) fn start(&self, release: &Release) -> Result<Fleet, String> {
        let target = Target::parse(&release.database_url, &release.authority)?;
        Ok(Fleet::start(release, &target, &self.shift, &self.counts))
    }

    /// Sends visitors to this fleet from now on; returns when the one before has gone.
    pub(super) async fn put_live(&self, fleet: Fleet) {
        let (done, gone) = oneshot::channel();
        // Without a site there is nobody to serve.
        self.orders.send(Order::Live(fleet, done)).await.ok();
        gone.await.ok();
    }

    /// Waits until so many health requests in a row went well, at the longest for `patience`.
    pub(super) async fn settled(&self, in_a_row: u32, patience: Duration) {
        let began = Instant::now();
        let mut well = 0;
        while well < in_a_row && began.elapsed() < patience {
            well = if ask(&self.orders).await.is_some() { well + 1 } else { 0 };
        }
    }
}

/// The connections in use; `None` where no connection could be had in time.
async fn ask(orders: &mpsc::Sender<Order>) -> Option<u32> {
    let (reply, answer) = oneshot::channel();
    orders.send(Order::Health(reply)).await.ok()?;
    timeout(PATIENCE, answer).await.ok()?.ok()
}

async fn health(State(orders): State<mpsc::Sender<Order>>) -> (StatusCode, Json<Value>) {
    match ask(&orders).await {
        Some(connections) => {
            (StatusCode::OK, Json(json!({ "healthy": true, "connections": connections })))
        }
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(json!({ "healthy": false, "error": "no database connection in time" })),
        ),
    }
}

/// Owns the fleet that is live: sends it visitors, changes shifts, replaces it.
async fn keep(
    mut orders: mpsc::Receiver<Order>,
    shift: watch::Sender<u32>,
    load: Load,
    counts: Arc<Counts>,
) {
    let mut visitors = interval(BETWEEN_VISITS);
    visitors.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (has_waves, wave) = match load {
        Load::Waves(wave) => (true, wave),
        Load::Steady | Load::Idle => (false, Duration::from_secs(3600)),
    };
    let mut waves = interval_at(tokio::time::Instant::now() + wave, wave);
    let mut live: Option<Fleet> = None;
    let mut leaving = JoinSet::new();
    let mut sent = 0;
    loop {
        tokio::select! {
            _ = visitors.tick(), if load != Load::Idle => {
                let Some(fleet) = &live else { continue };
                sent += 1;
                let arrived = Instant::now();
                if !fleet.give(sent, *shift.borrow(), Job::Visit { number: sent, arrived }) {
                    counts.failed.fetch_add(1, Ordering::Relaxed);
                }
            }
            _ = waves.tick(), if has_waves => {
                shift.send_modify(|wanted| *wanted = if *wanted == QUIET { u32::MAX } else { QUIET });
            }
            order = orders.recv() => match order {
                Some(Order::Live(fleet, done)) => {
                    let before = live.replace(fleet);
                    leaving.spawn(async move {
                        if let Some(before) = before {
                            before.stop().await;
                        }
                        done.send(()).ok();
                    });
                }
                Some(Order::Health(reply)) => {
                    sent += 1;
                    if let Some(fleet) = &live {
                        // Where it can't be given, the reply is dropped, and who asked knows.
                        fleet.give(sent, *shift.borrow(), Job::Health(reply));
                    }
                }
                None => return,
            },
            // Only to forget those that have gone.
            Some(_) = leaving.join_next() => {}
        }
    }
}
