//! Tells the history which statements are sent, whoever sends them.
//!
//! The listener belongs to the task, as a span of tracing does: the functions of this module would otherwise all hand it
//! on. What a task spawns has none.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::{
    domain::record::{End, Place, Statement, shown},
    postgres::wire::{Reply, WireError},
};

tokio::task_local! {
    static LISTENER: mpsc::Sender<Statement>;
}

/// Does `work`; each statement that it sends is told to `listener` once it ended.
pub async fn telling<T>(listener: mpsc::Sender<Statement>, work: impl Future<Output = T>) -> T {
    LISTENER.scope(listener, work).await
}

/// A statement under way; told however it ends, also when nobody waits for its answer any more.
#[derive(Debug)]
pub(super) struct Sent {
    listener: mpsc::Sender<Statement>,
    began: Instant,
    statement: Statement,
}

/// Begins to tell of `sql`, where somebody listens. Boxed, as it stands in every future that sends something.
pub(super) fn sent(place: &Place, sql: &str) -> Option<Box<Sent>> {
    let listener = LISTENER.try_with(Clone::clone).ok()?;
    let statement = Statement {
        at: Timestamp::now(),
        place: place.clone(),
        text: shown(sql),
        end: End::NoAnswer,
        took: Duration::ZERO,
        times: 1,
    };
    Some(Box::new(Sent { listener, began: Instant::now(), statement }))
}

impl Sent {
    pub fn ended(&mut self, end: End) {
        self.statement.end = end;
    }

    /// It stands for so many.
    pub fn times(&mut self, times: u64) {
        self.statement.times = times;
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.statement.took = self.began.elapsed();
        // Full or gone: nobody has read the history for dozens of statements.
        self.listener.try_send(self.statement.clone()).ok();
    }
}

/// What sqlx gives back, as rows.
pub(super) trait Counted {
    fn rows(&self) -> u64;
}

impl<T> Counted for Vec<T> {
    fn rows(&self) -> u64 {
        self.len() as u64
    }
}

macro_rules! one_row {
    ($($what:ty),+) => {
        $(impl Counted for $what {
            fn rows(&self) -> u64 {
                1
            }
        })+
    };
}

one_row!(i64, f64, sqlx::postgres::PgRow);

pub(super) fn end_of<T: Counted>(answer: &Result<T, sqlx::Error>) -> End {
    match answer {
        Ok(answer) => End::Done(Some(answer.rows())),
        Err(err) => match err.as_database_error().and_then(sqlx::error::DatabaseError::code) {
            Some(code) => End::Refused(code.into_owned()),
            None => End::NoAnswer,
        },
    }
}

/// `read`: the rows of the answer were kept.
pub(super) fn end_of_reply(reply: &Result<Reply, WireError>, read: bool) -> End {
    match reply {
        Ok(Reply { error: Some(said), .. }) => End::Refused(said.sqlstate.clone()),
        Err(WireError::Server(said)) => End::Refused(said.sqlstate.clone()),
        Ok(reply) => End::Done(read.then_some(reply.rows.len() as u64)),
        Err(_) => End::NoAnswer,
    }
}
