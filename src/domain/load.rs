//! A load on both URLs, the same on each: how much of it is allowed, when it ends itself, and what came of it.

use std::time::Duration;

use crate::domain::{
    capacity::RESERVE, cluster::Environment, figures::count, problem::Problem, stages::Port,
};

/// What every client does over and over, unless the person chose another read-only statement.
pub const SELECT_ONE: &str = "select 1";

/// What is to be run on each URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub clients: u32,
    /// On each URL.
    pub lasts: Duration,
    /// One statement; it runs in a transaction that can't write.
    pub statement: String,
    pub through: Through,
    /// Production: ends by itself before others feel it.
    pub guarded: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Through {
    #[default]
    Both,
    /// Direct clients can take every slot of a small database; this leaves them out.
    PoolOnly,
}

impl Order {
    pub fn ports(&self) -> &'static [Port] {
        match self.through {
            Through::Both => &[Port::Direct, Port::Pooled],
            Through::PoolOnly => &[Port::Pooled],
        }
    }

    /// The clients come one after the other within this time.
    pub fn ramp(&self) -> Duration {
        (self.lasts / 4).min(Duration::from_secs(5))
    }
}

/// The most that may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    pub clients: u32,
    pub lasts: Duration,
    pub requests: u32,
}

/// Production: 20 clients and no more than a tenth of the limit.
pub fn caps(environment: Environment, usable: u32) -> Caps {
    let lasts = Duration::from_secs(60);
    match environment {
        Environment::Production => {
            Caps { clients: (usable / 10).clamp(1, 20), lasts, requests: 20 }
        }
        Environment::Staging | Environment::Development | Environment::Practice => {
            Caps { clients: 100, lasts, requests: 200 }
        }
    }
}

/// What a page offers first: enough to fill a small database, so that the difference shows.
pub fn usual_clients(environment: Environment, usable: u32) -> u32 {
    usable.saturating_mul(2).clamp(10, 60).min(caps(environment, usable).clients)
}

/// A guarded load is not begun where it would take the reserve.
pub fn room(order: &Order, usable: u32, held: u32) -> Result<(), Problem> {
    let free = usable.saturating_sub(held);
    if !order.guarded || order.clients.saturating_add(RESERVE) <= free {
        return Ok(());
    }
    Err(Problem::new(
        "capacity",
        "The load test was not begun.",
        format!(
            "{} would leave fewer than the {RESERVE} free connections that stay in reserve: {held} of {usable} are in use.",
            count(order.clients as usize, "client", "clients")
        ),
    )
    .hint("Ask for fewer clients, or for the pool only")
    .hint("Measure again at a quieter hour"))
}

/// Watches over others while a guarded load runs.
#[derive(Clone, Debug)]
pub struct Guard {
    usable: u32,
    /// Waits that were there before.
    usual: u32,
    /// Looks in a row that saw more.
    above: u32,
}

/// More waiting sessions than usual by this many, and in so many looks in a row, end a guarded load.
const MORE_WAITS: u32 = 2;
const LOOKS: u32 = 2;

impl Guard {
    /// `waits`: how many others waited at each look before the load.
    pub fn new(usable: u32, waits: &[u32]) -> Self {
        Self { usable, usual: waits.iter().copied().max().unwrap_or(0), above: 0 }
    }

    /// Why the load has to end now.
    pub fn seen(&mut self, held: u32, waiting: u32) -> Option<String> {
        let free = self.usable.saturating_sub(held);
        if free < RESERVE {
            return Some(format!(
                "only {} left free",
                count(free as usize, "connection was", "connections were")
            ));
        }
        self.above = if self.usual + MORE_WAITS <= waiting { self.above + 1 } else { 0 };
        (LOOKS <= self.above).then(|| {
            format!(
                "{} of others waited, {} before",
                count(waiting as usize, "session", "sessions"),
                self.usual
            )
        })
    }
}

/// While it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub elapsed: Duration,
    pub connected: u32,
    pub transactions: u64,
    pub refused: u32,
}

/// What came of one URL.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub clients: u32,
    /// Clients that got at least one transaction through.
    pub served: u32,
    /// Sign-ins, and first statements, that were refused or never answered.
    pub refused: u32,
    /// Transactions that broke off.
    pub broken: u32,
    pub first_error: Option<FirstError>,
    pub transactions: u64,
    pub lasted: Duration,
    /// From asking for a transaction to having one; waiting in the pool's queue is in it.
    pub wait_p95: Duration,
    /// Whole transactions.
    pub p50: Duration,
    pub p95: Duration,
    /// The most server connections of the load at one moment.
    pub peak: u32,
    /// Why it ended itself before its time.
    pub ended: Option<String>,
}

/// The client, from 1 in order of arrival, that met it, and the server's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstError {
    pub client: u32,
    pub said: String,
}

impl Outcome {
    pub fn per_second(&self) -> f64 {
        let seconds = self.lasted.as_secs_f64();
        if 0.0 < seconds { self.transactions as f64 / seconds } else { 0.0 }
    }

    /// Every client was served and nothing went wrong.
    pub fn clean(&self) -> bool {
        self.served == self.clients && self.refused == 0 && self.broken == 0
    }

    fn sentence(&self) -> String {
        let served = if self.served == self.clients {
            format!("all {} clients were served", self.clients)
        } else {
            format!("{} of {} clients were served", self.served, self.clients)
        };
        let refused = match self.refused {
            0 => "none was refused".to_owned(),
            refused => {
                format!("{} refused", count(refused as usize, "connection was", "connections were"))
            }
        };
        let broken = match self.broken {
            0 => String::new(),
            broken => {
                format!(
                    ", {} off",
                    count(broken as usize, "transaction broke", "transactions broke")
                )
            }
        };
        let peak = count(self.peak as usize, "server connection", "server connections");
        format!("{served}, {refused}{broken}, over at most {peak}")
    }
}

/// The same load over both URLs.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    pub order: Order,
    /// `None`: left out.
    pub direct: Option<Outcome>,
    pub pooled: Outcome,
}

impl Loaded {
    pub fn outcomes(&self) -> impl Iterator<Item = (Port, &Outcome)> {
        let direct = self.direct.as_ref().map(|outcome| (Port::Direct, outcome));
        direct.into_iter().chain(std::iter::once((Port::Pooled, &self.pooled)))
    }

    /// What it showed, in figures.
    pub fn sentence(&self) -> String {
        let pooled = self.pooled.sentence();
        match &self.direct {
            Some(direct) => {
                format!("Directly {}. Through the pool {pooled}.", direct.sentence())
            }
            None => format!("Through the pool {pooled}."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(clients: u32, guarded: bool) -> Order {
        Order {
            clients,
            lasts: Duration::from_secs(10),
            statement: SELECT_ONE.to_owned(),
            through: Through::Both,
            guarded,
        }
    }

    #[test]
    fn production_is_held_to_twenty_clients_and_a_tenth_of_the_limit() {
        let clients = |usable| caps(Environment::Production, usable).clients;
        assert_eq!([clients(5), clients(97), clients(397)], [1, 9, 20]);
        assert_eq!(usual_clients(Environment::Production, 397), 20);
        assert_eq!(usual_clients(Environment::Practice, 22), 44);
        assert_eq!(usual_clients(Environment::Staging, 97), 60);
    }

    #[test]
    fn a_guarded_load_leaves_the_reserve_alone() {
        assert_eq!(room(&order(9, true), 97, 85), Ok(()));
        let refused = room(&order(9, true), 97, 86).unwrap_err();
        assert_eq!(
            refused.why,
            "9 clients would leave fewer than the 3 free connections that stay in reserve: 86 of 97 are in use."
        );
        assert_eq!(room(&order(40, false), 22, 22), Ok(()));
    }

    #[test]
    fn the_guard_ends_a_load_that_takes_the_last_connections() {
        let mut guard = Guard::new(97, &[]);
        assert_eq!(guard.seen(94, 0), None);
        assert_eq!(guard.seen(95, 0), Some("only 2 connections were left free".to_owned()));
    }

    #[test]
    fn the_guard_ends_a_load_under_which_others_wait_longer_than_for_a_moment() {
        let mut guard = Guard::new(97, &[0, 1]);
        assert_eq!(guard.seen(50, 2), None, "one more than before is chance");
        assert_eq!(guard.seen(50, 3), None, "a single look may be chance");
        assert_eq!(guard.seen(50, 1), None);
        assert_eq!(guard.seen(50, 3), None);
        assert_eq!(guard.seen(50, 4), Some("4 sessions of others waited, 1 before".to_owned()));
    }

    #[test]
    fn the_result_is_told_in_figures() {
        let outcome = |served, refused, peak| Outcome {
            clients: 40,
            served,
            refused,
            broken: 0,
            first_error: None,
            transactions: 4000,
            lasted: Duration::from_secs(8),
            wait_p95: Duration::from_millis(3),
            p50: Duration::from_millis(4),
            p95: Duration::from_millis(9),
            peak,
            ended: None,
        };
        let loaded = Loaded {
            order: order(40, false),
            direct: Some(outcome(21, 268, 21)),
            pooled: outcome(40, 0, 10),
        };
        assert_eq!(
            loaded.sentence(),
            "Directly 21 of 40 clients were served, 268 connections were refused, over at most 21 server connections. \
             Through the pool all 40 clients were served, none was refused, over at most 10 server connections."
        );
        assert!(loaded.pooled.clean());
        assert!((loaded.pooled.per_second() - 500.0).abs() < 1e-9);
    }
}
