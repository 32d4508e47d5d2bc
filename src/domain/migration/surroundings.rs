//! What stands around a migration: the database it changes, who could hold it up, how to get back.

use std::time::Duration;

use jiff::Timestamp;

/// The database that would be changed, as it was when it was proved to be reached directly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// When the connection proved by its process id that no pooler stands in between.
    pub proved_at: Timestamp,
    /// `16.4`.
    pub server: String,
    pub tables: u64,
    /// As the server estimates it.
    pub rows: u64,
    pub blockers: Vec<Blocker>,
    /// Sessions with locks whose age this role may not see.
    pub hidden: u32,
}

/// A transaction that has held a lock on a table for long. A migration of that table would wait for it, and everybody
/// who comes after would wait for the migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// `None` for a transaction that was prepared and left.
    pub process: Option<i32>,
    pub user: String,
    /// May be empty.
    pub application: String,
    /// `idle in transaction`.
    pub state: String,
    pub age: Duration,
    /// The tables it has locked.
    pub tables: String,
}

/// The newest backup of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backup {
    Of(Timestamp),
    None,
    /// With the reason.
    Unknown(String),
}

/// A proof of the direct connection holds for so long.
pub const PROOF_HOLDS: Duration = Duration::from_secs(5 * 60);
/// A transaction with locks is worth a word from this age on.
pub const LONG: Duration = Duration::from_secs(30);

impl Blocker {
    /// `shop-worker (shop_app, process 4711): idle in transaction for 2 min 10 s, locks public.orders`.
    pub fn sentence(&self) -> String {
        let who = if self.application.is_empty() { "A session" } else { &self.application };
        let process = match self.process {
            Some(process) => format!("process {process}"),
            None => "prepared".to_owned(),
        };
        let secs = self.age.as_secs();
        let age = if secs < 120 {
            format!("{secs} s")
        } else {
            format!("{} min {} s", secs / 60, secs % 60)
        };
        format!("{who} ({}, {process}): {} for {age}, locks {}", self.user, self.state, self.tables)
    }
}

impl Surroundings {
    /// Does the proof still hold?
    pub fn proved(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.proved_at);
        age.unsigned_abs() <= PROOF_HOLDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocker_is_one_sentence() {
        let blocker = Blocker {
            process: Some(4711),
            user: "shop_app".to_owned(),
            application: "shop-worker".to_owned(),
            state: "idle in transaction".to_owned(),
            age: Duration::from_secs(130),
            tables: "orders".to_owned(),
        };
        assert_eq!(
            blocker.sentence(),
            "shop-worker (shop_app, process 4711): idle in transaction for 2 min 10 s, locks orders"
        );
        let nameless = Blocker { process: None, application: String::new(), age: LONG, ..blocker };
        assert_eq!(
            nameless.sentence(),
            "A session (shop_app, prepared): idle in transaction for 30 s, locks orders"
        );
    }

    #[test]
    fn a_proof_holds_for_five_minutes() {
        let at = |secs: i64| Timestamp::from_second(1_000_000 + secs).unwrap();
        let seen = Surroundings {
            proved_at: at(0),
            server: "16.4".to_owned(),
            tables: 1,
            rows: 1,
            blockers: Vec::new(),
            hidden: 0,
        };
        assert!(seen.proved(at(300)));
        assert!(!seen.proved(at(301)));
    }
}
