//! Time limits and waits as data: tests run them at a thousandth and assert the requested waits as values.

use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    pub name: Duration,
    pub connect: Duration,
    pub tls: Duration,
    pub sign_in: Duration,
    /// A full pool answers a sign-in and then lets the query wait: this ends the wait.
    pub query: Duration,
    /// One request to the account, from start to the last byte.
    pub request: Duration,
    /// Waits between tries of a request that may be repeated: first and longest.
    pub retry: (Duration, Duration),
    pub keychain: Duration,
    /// Between two tries where a pooler serves a failure it remembers, or a database is full.
    pub again: Duration,
    /// How long a failure that a pooler remembers is asked for again: by default it tries anew after 15 s itself.
    pub remembered: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            name: seconds(5),
            connect: seconds(5),
            tls: seconds(5),
            sign_in: seconds(10),
            query: seconds(10),
            request: seconds(30),
            retry: (seconds(1), seconds(30)),
            keychain: seconds(3),
            again: seconds(1),
            remembered: seconds(20),
        }
    }
}

impl Timing {
    /// Every wait at a thousandth, for tests in real time.
    pub fn scaled_down(self) -> Self {
        let small = |long: Duration| long / 1000;
        Self {
            retry: (small(self.retry.0), small(self.retry.1)),
            again: small(self.again),
            remembered: small(self.remembered),
            ..self
        }
    }
}
