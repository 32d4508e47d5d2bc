//! How many requests the provider takes from one token, kept here so that it never has to refuse one of ours.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::watch;

/// The provider's limits: requests, and the window in which they count.
const WINDOWS: [(usize, Duration); 2] =
    [(250, Duration::from_secs(60)), (5000, Duration::from_secs(3600))];

/// Shared by all clients of a set-up: the limits are the token's, not a client's.
#[derive(Clone, Debug)]
pub struct Budget(Arc<watch::Sender<Spent>>);

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Spent::default())))
    }
}

impl Budget {
    /// Counts a request that is sent now, or says how long until there is room for one.
    pub(super) fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut taken = Ok(());
        // One short look and note; everybody's requests are counted by the same hand.
        self.0.send_if_modified(|spent| {
            taken = spent.take(now);
            false
        });
        taken
    }
}

/// When the requests of the last hour were sent, oldest first.
#[derive(Debug, Default)]
struct Spent(VecDeque<Instant>);

impl Spent {
    fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let [_, (_, longest)] = WINDOWS;
        while self.0.front().is_some_and(|sent| longest <= now.saturating_duration_since(*sent)) {
            self.0.pop_front();
        }
        let wait = WINDOWS.into_iter().map(|(most, window)| self.wait(now, most, window)).max();
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        self.0.push_back(now);
        Ok(())
    }

    /// Until one more fits into a window of this length.
    fn wait(&self, now: Instant, most: usize, window: Duration) -> Duration {
        let leaves_first = self.0.len().checked_sub(most).and_then(|at| self.0.get(at));
        leaves_first.map_or(Duration::ZERO, |sent| {
            window.saturating_sub(now.saturating_duration_since(*sent))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many are let through when one more is wanted every `every`, for `length`; none of them waits.
    fn sent(budget: &Budget, start: Instant, every: Duration, length: Duration) -> Vec<Duration> {
        let mut sent = Vec::new();
        let mut at = Duration::ZERO;
        while at < length {
            if budget.take(start + at).is_ok() {
                sent.push(at);
            }
            at += every;
        }
        sent
    }

    #[test]
    fn no_minute_has_more_than_250_and_no_hour_more_than_5000() {
        let (minute, hour) = (Duration::from_secs(60), Duration::from_secs(3600));
        let all = sent(&Budget::default(), Instant::now(), Duration::from_millis(100), 2 * hour);
        let most = |window: Duration| {
            let inside = |from: &Duration| {
                all.iter().filter(|at| *from <= **at && **at < *from + window).count()
            };
            all.iter().step_by(50).map(inside).max().unwrap()
        };
        assert_eq!((most(minute), most(hour)), (250, 5000));
    }

    #[test]
    fn the_wait_is_until_the_oldest_leaves_the_full_window() {
        let budget = Budget::default();
        let start = Instant::now();
        for at in 0..250 {
            assert_eq!(budget.take(start + Duration::from_millis(at)), Ok(()));
        }
        let wait = |secs| budget.take(start + Duration::from_secs(secs));
        assert_eq!(wait(10), Err(Duration::from_secs(50)));
        assert_eq!(wait(60), Ok(()));
    }

    #[test]
    fn every_client_draws_from_the_same_budget() {
        let (one, now) = (Budget::default(), Instant::now());
        let other = one.clone();
        for _ in 0..125 {
            assert_eq!((one.take(now), other.take(now)), (Ok(()), Ok(())));
        }
        assert!(one.take(now).is_err() && other.take(now).is_err());
    }
}
