//! Writes the open set-up after each change, beside the window; whatever is sent next waits until it is on disk.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::{runtime::Handle, sync::watch};

use crate::{
    domain::problem::Problem,
    effects::{
        files,
        runner::Wake,
        saved::{Place, not_saved},
    },
    saved::{Held, SavedError},
    setup::{
        Setup,
        saved::{Recording, Saved},
    },
};

/// New samples alone are written in bunches.
const BUNCH: usize = 10;
/// An effect waits no longer than this for the disk.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Keeper {
    to_write: watch::Sender<Option<(u64, Arc<Saved>)>>,
    standing: watch::Receiver<Standing>,
    last: Option<Arc<Saved>>,
    number: u64,
}

/// How far writing has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// The change that was dealt with last.
    number: u64,
    /// Why that was not written.
    pub problem: Option<Problem>,
}

impl Keeper {
    pub fn new(place: Place, tasks: &Handle, wake: Wake) -> Self {
        let (to_write, jobs) = watch::channel(None);
        let (tell, standing) = watch::channel(Standing::default());
        tasks.spawn(write_all(place, jobs, tell, wake));
        Self { to_write, standing, last: None, number: 0 }
    }

    /// Notes the set-up as it is now, where something of it is new.
    pub fn keep(&mut self, setup: &Setup, now: Timestamp) {
        self.note(setup.saved(), now, BUNCH);
    }

    /// The same with every last sample; at the end.
    pub fn keep_all(&mut self, setup: &Setup, now: Timestamp) {
        self.note(setup.saved(), now, 1);
    }

    fn note(&mut self, saved: Saved, now: Timestamp, bunch: usize) {
        if self.last.is_none() && !saved.is_worth_keeping() {
            return;
        }
        if self.last.as_deref().is_some_and(|last| is_old(last, &saved, bunch)) {
            return;
        }
        let saved = Arc::new(saved);
        self.last = Some(Arc::clone(&saved));
        self.number += 1;
        let stamped = Saved { last_used: now.to_string(), ..(*saved).clone() };
        self.to_write.send_replace(Some((self.number, Arc::new(stamped))));
    }

    /// Ends once everything noted by now is on disk, or could not be written, or took too long.
    pub fn written(&self) -> impl Future<Output = ()> + Send + 'static {
        let (number, mut standing) = (self.number, self.standing.clone());
        async move {
            let there = standing.wait_for(|standing| number <= standing.number);
            if tokio::time::timeout(PATIENCE, there).await.is_err() {
                tracing::warn!("the set-up was not written in time");
            }
        }
    }

    pub fn problem(&self) -> Option<Problem> {
        self.standing.borrow().problem.clone()
    }

    /// Waits for the disk, at most so long. For the end of the program, when nothing is drawn any more.
    pub fn flush(&self, limit: Duration) {
        let began = Instant::now();
        while self.standing.borrow().number < self.number && began.elapsed() < limit {
            std::thread::park_timeout(Duration::from_millis(2));
        }
    }
}

/// Nothing of it is new but a few samples.
fn is_old(last: &Saved, saved: &Saved, bunch: usize) -> bool {
    let (then, now) = (last.recording.samples.len(), saved.recording.samples.len());
    if now < then || then + bunch <= now {
        return false;
    }
    let without = |saved: &Saved| Saved {
        recording: Recording { samples: Vec::new(), ..saved.recording.clone() },
        ..saved.clone()
    };
    without(last) == without(saved)
}

async fn write_all(
    place: Place,
    mut jobs: watch::Receiver<Option<(u64, Arc<Saved>)>>,
    tell: watch::Sender<Standing>,
    wake: Wake,
) {
    let mut place = place;
    // Ends with the set-up; what was noted last is still seen.
    while jobs.changed().await.is_ok() {
        let Some((number, saved)) = jobs.borrow_and_update().clone() else { continue };
        let (back, problem) = write(place, saved).await;
        place = back;
        let had = tell.borrow().problem.is_some();
        if had || problem.is_some() {
            wake();
        }
        tell.send_replace(Standing { number, problem });
    }
}

async fn write(place: Place, saved: Arc<Saved>) -> (Place, Option<Problem>) {
    let folder = place.folder.clone();
    let work = move || {
        let mut place = place;
        let held = match place.held.take() {
            Some(held) => Ok(held),
            None => Held::new(&place.folder),
        };
        let problem = match held {
            Ok(held) => {
                let ended = held.write(&saved.text());
                place.held = Some(held);
                ended.err().map(|err| not_saved(&SavedError::Disk(err)))
            }
            Err(err) => Some(not_saved(&err)),
        };
        Ok((place, problem))
    };
    match files::blocking(work).await {
        Ok(ended) => ended,
        Err(problem) => (Place::new(folder), Some(problem)),
    }
}
