//! Runs effects: one task and one cancellation token per ticket; a panic becomes a problem, so no wait is for ever.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::{runtime::Handle, sync::mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    digitalocean::budget::Budget,
    domain::{problem::Problem, proxy::Proxy},
    effects::{
        Notes, Report, World, carry_out,
        saved::{Keeper, Place},
    },
    leases::Leases,
    postgres::history::telling,
    setup::{Order, Setup, Start, StepMsg, ticket::Ticket},
};

/// Called after each report, from any thread: the window asks for a repaint.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

pub struct Runner {
    world: World,
    tasks: Handle,
    running: BTreeMap<Ticket, CancellationToken>,
    sender: mpsc::Sender<Report>,
    reports: mpsc::Receiver<Report>,
    wake: Wake,
    budget: Budget,
    leases: Arc<Leases>,
    keeper: Option<Keeper>,
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("running", &self.running.len()).finish_non_exhaustive()
    }
}

impl Runner {
    pub fn new(world: World, tasks: Handle, wake: Wake) -> Self {
        let (sender, reports) = mpsc::channel(256);
        let leases = Arc::new(Leases::new(world.data.join("leases")));
        Self {
            world,
            tasks,
            running: BTreeMap::new(),
            sender,
            reports,
            wake,
            budget: Budget::default(),
            leases,
            keeper: None,
        }
    }

    /// From now on the set-up is kept there.
    pub fn keep_in(&mut self, place: Place) {
        self.keeper = Some(Keeper::new(place, &self.tasks, self.wake.clone()));
    }

    /// Notes the set-up as it is now. What is obeyed afterwards waits until that is on disk.
    pub fn keep(&mut self, setup: &Setup) {
        if let Some(keeper) = &mut self.keeper {
            keeper.keep(setup, Timestamp::now());
        }
    }

    /// Why the set-up is not being kept.
    pub fn not_kept(&self) -> Option<Problem> {
        self.keeper.as_ref().and_then(Keeper::problem)
    }

    /// Notes everything and waits for the disk, at most so long.
    pub fn keep_now(&mut self, setup: &Setup, limit: Duration) {
        if let Some(keeper) = &mut self.keeper {
            keeper.keep_all(setup, Timestamp::now());
            keeper.flush(limit);
        }
    }

    /// What is started from now on takes this way to the web.
    pub fn take_proxy(&mut self, proxy: Proxy) {
        self.world.take_proxy(proxy);
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    pub fn obey(&mut self, orders: Vec<Order>) {
        for order in orders {
            match order {
                Order::Start(start) => self.start(start),
                Order::Cancel(ticket) => {
                    if let Some(token) = self.running.remove(&ticket) {
                        token.cancel();
                    }
                }
            }
        }
    }

    fn start(&mut self, start: Start) {
        let ticket = start.ticket;
        let step = start.effect.step();
        let cancel = CancellationToken::new();
        self.running.insert(ticket, cancel.clone());
        let (reports, mut news) = mpsc::channel(64);
        let (exchanges, mut requests) = mpsc::channel(64);
        let (listener, mut statements) = mpsc::channel(64);
        let (budget, leases) = (self.budget.clone(), Arc::clone(&self.leases));
        let notes = Notes { ticket, reports, exchanges, budget, leases };
        let world = self.world.clone();
        let (home, wake) = (self.sender.clone(), self.wake.clone());
        let kept = self.keeper.as_ref().map(Keeper::written);
        self.tasks.spawn(async move {
            let effect = async move {
                // Before anything is sent, a file says that it is going to be.
                if let Some(kept) = kept {
                    kept.await;
                }
                let carried = Box::pin(telling(listener, carry_out(start, world, notes)));
                std::panic::AssertUnwindSafe(carried).catch_unwind().await
            };
            // Goes on until the effect has dropped its ends, so that the end never overtakes the news, and the request
            // or statement that a stop broke off is in the history.
            let forward = async {
                loop {
                    let report = tokio::select! {
                        Some(report) = news.recv() => report,
                        Some(exchange) = requests.recv() => Report::Exchange(exchange),
                        Some(statement) = statements.recv() => Report::Statement(statement),
                        else => break,
                    };
                    if home.send(report).await.is_err() {
                        break;
                    }
                    wake();
                }
            };
            let (ended, ()) = tokio::join!(cancel.run_until_cancelled(effect), forward);
            let Some(ended) = ended else { return };
            let msg = ended.unwrap_or_else(|_| StepMsg::failed(step, broken()));
            // Nobody listens any more only when the program ends.
            home.send(Report::End(ticket, msg)).await.ok();
            wake();
        });
    }

    /// The reports that are there now; never waits.
    pub fn drain(&mut self) -> Vec<Report> {
        let mut reports = Vec::new();
        while let Ok(report) = self.reports.try_recv() {
            self.forget(&report);
            reports.push(report);
        }
        reports
    }

    /// The next report.
    pub async fn next(&mut self) -> Option<Report> {
        let report = self.reports.recv().await?;
        self.forget(&report);
        Some(report)
    }

    fn forget(&mut self, report: &Report) {
        if let Report::End(ticket, _) = report {
            self.running.remove(ticket);
        }
    }

    /// Stops everything that runs.
    pub fn stop(&mut self) {
        while let Some((_, token)) = self.running.pop_first() {
            token.cancel();
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.stop();
    }
}

fn broken() -> Problem {
    Problem::new(
        "internal",
        "Poolwright made a mistake here and stopped this action.",
        "This is a defect of the program; what was done before is in the list of requests.",
    )
    .hint("Try once more; report it if it stays")
    .outcome_unknown()
}
