//! A connection pool: its name, mode, size, and the order that creates it.

use crate::domain::cluster::Endpoint;

/// A pool's name as the account accepts it: 3 to 60 of `[A-Za-z0-9_-]`.
/// Other characters are not documented, so they are a warning for the person, never accepted from text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PoolName(String);

impl PoolName {
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let length = text.chars().count();
        if length < 3 {
            return Err(BadName::TooShort);
        }
        if 60 < length {
            return Err(BadName::TooLong);
        }
        match text.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '_' || *c == '-')) {
            Some(c) => Err(BadName::Character(c)),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// A name that the account gave us; it is right by definition.
    pub fn given(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for PoolName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    #[error("a pool's name has at least 3 characters")]
    TooShort,
    #[error("a pool's name has at most 60 characters")]
    TooLong,
    #[error("a pool's name has letters, digits, - and _ only; found “{0}”")]
    Character(char),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolMode {
    Transaction,
    Session,
    Statement,
}

impl PoolMode {
    pub const ALL: [Self; 3] = [Self::Transaction, Self::Session, Self::Statement];

    pub fn word(self) -> &'static str {
        match self {
            Self::Transaction => "transaction",
            Self::Session => "session",
            Self::Statement => "statement",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Transaction => "Transaction",
            Self::Session => "Session",
            Self::Statement => "Statement",
        }
    }

    /// One clause that says what the mode means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Transaction => "a connection is lent for one transaction; most apps",
            Self::Session => "a connection stays with its client; needs more of them",
            Self::Statement => "no transactions at all; rarely right",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

/// What is asked of the account. `user: None` makes an inbound-user pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolOrder {
    pub name: PoolName,
    pub mode: PoolMode,
    pub size: u32,
    pub db: String,
    pub user: Option<String>,
}

/// A pool as read from the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    pub name: PoolName,
    pub mode: PoolMode,
    pub size: u32,
    pub db: String,
    pub user: Option<String>,
    pub public: Option<Endpoint>,
    pub private: Option<Endpoint>,
}

impl Pool {
    /// What would have to be asked for to get it.
    pub fn order(&self) -> PoolOrder {
        PoolOrder {
            name: self.name.clone(),
            mode: self.mode,
            size: self.size,
            db: self.db.clone(),
            user: self.user.clone(),
        }
    }

    /// Is it what the order asked for? Name, mode, size, database and user.
    pub fn fulfils(&self, order: &PoolOrder) -> bool {
        self.name == order.name
            && self.mode == order.mode
            && self.size == order.size
            && self.db == order.db
            && self.user == order.user
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_three_to_sixty_plain_characters() {
        assert_eq!(PoolName::parse("ab"), Err(BadName::TooShort));
        assert_eq!(PoolName::parse(&"a".repeat(61)), Err(BadName::TooLong));
        assert_eq!(PoolName::parse("a.b"), Err(BadName::Character('.')));
        assert_eq!(PoolName::parse("a-b_9"), Ok(PoolName::given("a-b_9")));
        assert_eq!(PoolName::parse("äää"), Err(BadName::Character('ä')));
    }

    #[test]
    fn a_pool_fulfils_its_order_only_with_every_setting() {
        let order = PoolOrder {
            name: PoolName::given("shop-pool"),
            mode: PoolMode::Transaction,
            size: 11,
            db: "shop".to_owned(),
            user: Some("shop_app".to_owned()),
        };
        let pool = Pool {
            name: order.name.clone(),
            mode: order.mode,
            size: order.size,
            db: order.db.clone(),
            user: order.user.clone(),
            public: None,
            private: None,
        };
        assert!(pool.fulfils(&order));
        for other in [
            Pool { mode: PoolMode::Session, ..pool.clone() },
            Pool { size: 12, ..pool.clone() },
            Pool { db: "other".to_owned(), ..pool.clone() },
            Pool { user: None, ..pool.clone() },
        ] {
            assert!(!other.fulfils(&order), "{other:?}");
        }
    }
}
