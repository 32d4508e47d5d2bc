//! PostgreSQL URLs: parse, build, mask, percent-encode; the check that two URLs are a pooled and a direct one.

use crate::domain::secret::Secret;

/// A parsed URL. Parts are decoded; `text` encodes them again. Unknown parameters are kept in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnUrl {
    pub user: String,
    pub password: Option<Secret>,
    pub host: String,
    pub port: u16,
    /// The database's name; on the pool port the pool's name.
    pub database: String,
    pub parameters: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    #[error("it does not start with postgresql:// or postgres://")]
    Scheme,
    #[error("the host is missing")]
    NoHost,
    #[error("the port is not a number from 1 to 65535")]
    Port,
    #[error("a % is not followed by two hexadecimal digits")]
    Escape,
    /// A raw `@ # / ?` in the password; which part is which can't be known.
    #[error("the password seems to hold an unescaped {0}")]
    UnescapedPassword(char),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairFinding {
    pub ok: bool,
    /// A warning, not an error: `user is doadmin (more power than an app needs)`.
    pub warning: bool,
    pub text: String,
}

impl ConnUrl {
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        todo!("{text}")
    }

    /// The URL with its password, percent-encoded so that every env reader gives the same value.
    pub fn text(&self) -> Secret {
        todo!()
    }

    /// The URL for the screen: ten dots for the password.
    pub fn masked(&self) -> String {
        todo!()
    }

    /// Sets a parameter, in place where it exists.
    pub fn with_parameter(self, key: &str, value: &str) -> Self {
        todo!("{key} {value}")
    }
}

/// Is this a pooled and a direct URL of one cluster?
pub fn pair_check(pooled: &ConnUrl, direct: &ConnUrl) -> Vec<PairFinding> {
    todo!("{pooled:?} {direct:?}")
}
