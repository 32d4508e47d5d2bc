//! Tokens: what each may do, and how many requests it may send.

use std::{
    collections::{BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::json;

use crate::domain::secret::Secret;

use super::call::{Answer, Refusal};

/// Every scope that a set-up can use.
pub const ALL_SCOPES: &[&str] = &[
    "account:read",
    "app:read",
    "app:update",
    "database:create",
    "database:delete",
    "database:read",
    "database:update",
    "database:view_credentials",
    "project:read",
    "tag:read",
    "vpc:read",
];

/// What the provider proposes for a new token.
const LASTS: Duration = Duration::from_secs(30 * 24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// How many requests a token may send; the defaults are the provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub in_an_hour: usize,
    pub in_a_minute: usize,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { in_an_hour: 5000, in_a_minute: 250 }
    }
}

#[derive(Debug)]
pub(super) struct Grant {
    token: Secret,
    scopes: Scopes,
    budget: Budget,
}

impl Grant {
    pub(super) fn new(scopes: &[String], allowance: Allowance) -> Self {
        let random = || uuid::Uuid::new_v4().simple();
        let token = Secret::new(format!("dop_v1_{}{}", random(), random()));
        let scopes = Scopes(scopes.iter().cloned().collect());
        Self { token, scopes, budget: Budget { allowance, spent: VecDeque::new() } }
    }

    pub(super) fn token(&self) -> &Secret {
        &self.token
    }

    pub(super) fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    pub(super) fn budget(&mut self) -> &mut Budget {
        &mut self.budget
    }
}

/// What a token lets its owner see and do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scopes(BTreeSet<String>);

impl Scopes {
    pub(super) fn has(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }

    /// What the provider's sign-in tells of a token.
    pub(super) fn told(&self) -> Answer {
        Answer::ok(json!({
            "resource_owner_id": 1,
            "scopes": self.0,
            "expires_in_seconds": LASTS.as_secs(),
            "application": { "uid": "" },
            "created_at": Timestamp::now().as_second(),
        }))
    }

    /// Passwords need a scope of their own, and are kept from every token that can only read.
    pub(super) fn passwords(&self) -> bool {
        let can_write = self.0.iter().any(|scope| {
            [":create", ":update", ":delete"].iter().any(|verb| scope.ends_with(verb))
        });
        can_write && self.has("database:view_credentials")
    }
}

/// The requests of the last hour, oldest first.
#[derive(Debug)]
pub(super) struct Budget {
    allowance: Allowance,
    spent: VecDeque<Instant>,
}

impl Budget {
    /// Counts a request, unless the budget is used up.
    pub(super) fn spend(&mut self, now: Instant) -> Result<(), Refusal> {
        while self.spent.front().is_some_and(|sent| HOUR <= now.duration_since(*sent)) {
            self.spent.pop_front();
        }
        let wait = self.wait(now, self.allowance.in_an_hour, HOUR).max(self.wait(
            now,
            self.allowance.in_a_minute,
            MINUTE,
        ));
        if wait.is_zero() {
            self.spent.push_back(now);
            Ok(())
        } else {
            Err(Refusal::TooMany(wait.as_secs() + 1))
        }
    }

    /// How long until one more fits into a window of this length.
    fn wait(&self, now: Instant, allowed: usize, window: Duration) -> Duration {
        let full_since = self.spent.len().checked_sub(allowed).and_then(|at| self.spent.get(at));
        full_since.map_or(Duration::ZERO, |sent| window.saturating_sub(now.duration_since(*sent)))
    }

    /// The window slides: `reset` is when the oldest request leaves it.
    pub(super) fn headers(&self, now: Instant) -> [(&'static str, String); 3] {
        let left = self.allowance.in_an_hour.saturating_sub(self.spent.len());
        let oldest = self.spent.front().map_or(Duration::ZERO, |sent| now.duration_since(*sent));
        let reset = Timestamp::now()
            .as_second()
            .saturating_add_unsigned(HOUR.saturating_sub(oldest).as_secs());
        [
            ("ratelimit-limit", self.allowance.in_an_hour.to_string()),
            ("ratelimit-remaining", left.to_string()),
            ("ratelimit-reset", reset.to_string()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(scopes: &[&str], allowance: Allowance) -> Grant {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Grant::new(&scopes, allowance)
    }

    #[test]
    fn a_token_looks_like_the_providers() {
        let grant = grant(&[], Allowance::default());
        assert_eq!(grant.token().expose().len(), 71);
    }

    #[test]
    fn passwords_need_their_scope_and_a_token_that_can_write() {
        let sees = |scopes: &[&str]| grant(scopes, Allowance::default()).scopes().passwords();
        assert!(sees(ALL_SCOPES));
        assert!(!sees(&["database:read", "database:view_credentials"]));
        assert!(!sees(&["database:read", "database:update"]));
    }

    #[test]
    fn the_burst_of_a_minute_ends_and_is_over_a_minute_later() {
        let allowance = Allowance { in_an_hour: 10, in_a_minute: 2 };
        let mut grant = grant(&[], allowance);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let budget = grant.budget();
        assert_eq!(budget.spend(at(0)), Ok(()));
        assert_eq!(budget.spend(at(20)), Ok(()));
        assert_eq!(budget.spend(at(30)), Err(Refusal::TooMany(31)));
        assert_eq!(budget.spend(at(61)), Ok(()));
        let [_, (_, left), _] = budget.headers(at(61));
        assert_eq!(left, "7");
    }
}
