//! What a server's message means, by its code and, where the code says nothing, by its words.
//!
//! `PgBouncer` gives nearly everything the code 08P01, and passes a server's words on under that code (1.18) or the
//! server's own (1.20 and newer); so the words decide first.

use crate::domain::diagnosis::Said;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// `PgBouncer`'s one answer to a wrong password, an unknown user and, where it asks the database for passwords,
    /// a wrong pool name.
    Hidden,
    PasswordRefused,
    NoDatabase(String),
    NoPool,
    /// `PgBouncer`'s own console was asked for.
    ConsoleOnly,
    /// The role.
    NoLogin(String),
    /// The database.
    NoConnectRight(String),
    /// The role.
    RoleLimit(String),
    /// The database.
    DatabaseLimit(String),
    /// No slot of the database is free.
    Full,
    /// The pooler takes no more clients.
    ClientLimit,
    /// No connection of the pool became free in time.
    PoolWait,
    PoolDisabled,
    PoolRemoved,
    /// A failure that the pooler remembers, with the server's words where it tells them.
    Remembered(Option<Box<Self>>),
    /// The pooler cannot reach the server.
    NoServer,
    StartupParameter(String),
    /// Newer protocol than the pooler speaks.
    NewProtocol,
    TlsRequired,
    /// The server's own list of who may come from where.
    NotFromHere,
    SignInTimeout,
    StartingOrStopping,
    Ended,
    /// The server connection behind the pool broke off.
    ServerConnectionBroke,
    IdleTimeout,
    TransactionTimeout,
    QueryTimeout,
    LockTimeout,
    PreparedLost,
    /// The pooler tracks prepared statements, and this client used a name wrongly itself.
    PreparedMisused,
    CursorLost,
    PlanChanged,
    NoTransactions,
    ReadOnly,
    NoRight,
    Deadlock,
    DiskFull,
    Other,
}

impl Meaning {
    pub(super) fn of(said: &Said) -> Self {
        match Self::of_words(&said.message) {
            Self::Other => Self::of_code(&said.sqlstate),
            meaning => meaning,
        }
    }

    /// In the order of the facts: sign-in, capacity, later.
    fn of_words(words: &str) -> Self {
        if let Some(remembered) = words.strip_prefix("server login has been failing") {
            return Self::remembered(remembered);
        }
        if let Some(meaning) = Self::of_parameter(words) {
            return meaning;
        }
        let exact = match words {
            "SASL authentication failed" | "bouncer config error" | "no such user" => Self::Hidden,
            "not allowed" => Self::ConsoleOnly,
            "SSL required" => Self::TlsRequired,
            "client_login_timeout" => Self::SignInTimeout,
            "query_wait_timeout" => Self::PoolWait,
            "database removed" => Self::PoolRemoved,
            "client_idle_timeout" => Self::IdleTimeout,
            "idle transaction timeout" | "transaction timeout" => Self::TransactionTimeout,
            "query timeout" => Self::QueryTimeout,
            "server conn crashed?" => Self::ServerConnectionBroke,
            "pgbouncer cannot connect to server" | "server DNS lookup failed" => Self::NoServer,
            "prepared statement did not exist" | "prepared statement name is already in use" => {
                Self::PreparedMisused
            }
            _ => Self::Other, // not one of the fixed texts
        };
        if exact == Self::Other { Self::of_part(words) } else { exact }
    }

    fn of_part(words: &str) -> Self {
        let starts = |beginning: &str| words.starts_with(beginning);
        let has = |part: &str| words.contains(part);
        if starts("password authentication failed") || starts("SCRAM authentication failed") {
            Self::PasswordRefused
        } else if starts("no such database") {
            Self::NoPool
        } else if starts("database \"") && has("does not exist") {
            Self::NoDatabase(quoted_name(words))
        } else if (starts("database \"") || starts("authentication database \""))
            && has("is disabled")
        {
            Self::PoolDisabled
        } else if has("is not permitted to log in") {
            Self::NoLogin(quoted_name(words))
        } else if starts("permission denied for database") {
            Self::NoConnectRight(quoted_name(words))
        } else if starts("too many connections for role") {
            Self::RoleLimit(quoted_name(words))
        } else if starts("too many connections for database") {
            Self::DatabaseLimit(quoted_name(words))
        } else if starts("remaining connection slots") || starts("sorry, too many clients") {
            Self::Full
        } else if has("no more connections allowed") {
            Self::ClientLimit
        } else if starts("no pg_hba.conf entry") {
            if has("no encryption") { Self::TlsRequired } else { Self::NotFromHere }
        } else if starts("bad packet header") {
            Self::NewProtocol
        } else if starts("the database system is") {
            Self::StartingOrStopping
        } else if has("transaction blocks not allowed") {
            Self::NoTransactions
        } else if starts("cached plan must not change") {
            Self::PlanChanged
        } else {
            Self::Other
        }
    }

    fn of_parameter(words: &str) -> Option<Self> {
        let name = words
            .strip_prefix("unsupported startup parameter in options: ")
            .or_else(|| words.strip_prefix("unsupported startup parameter: "))?;
        Some(Self::StartupParameter(name.trim().to_owned()))
    }

    /// `, cached error: connect failed (server_login_retry)`; older ones tell no error.
    fn remembered(rest: &str) -> Self {
        let words = rest
            .strip_prefix(", cached error: ")
            .map(|inner| inner.trim_end_matches(" (server_login_retry)"));
        let inner = words.map(|words| match words {
            "connect failed" => Self::NoServer,
            words => Self::of_words(words),
        });
        Self::Remembered(inner.filter(|inner| *inner != Self::Other).map(Box::new))
    }

    fn of_code(sqlstate: &str) -> Self {
        match sqlstate {
            "28P01" => Self::PasswordRefused,
            "28000" => Self::NotFromHere,
            "3D000" => Self::NoDatabase(String::new()),
            "53300" => Self::Full,
            "53100" => Self::DiskFull,
            "57P01" | "57P02" => Self::Ended,
            "57P03" => Self::StartingOrStopping,
            "57P05" => Self::IdleTimeout,
            "25P03" | "25P04" => Self::TransactionTimeout,
            "57014" => Self::QueryTimeout,
            "55P03" => Self::LockTimeout,
            "42P05" | "26000" => Self::PreparedLost,
            "34000" => Self::CursorLost,
            "25006" => Self::ReadOnly,
            "42501" => Self::NoRight,
            "40P01" => Self::Deadlock,
            _ => Self::Other, // the words stand for themselves
        }
    }
}

/// What stands between the first two quotes.
fn quoted_name(words: &str) -> String {
    words.split('"').nth(1).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(sqlstate: &str, message: &str) -> Meaning {
        Meaning::of(&Said {
            sqlstate: sqlstate.to_owned(),
            message: message.to_owned(),
            ..Said::default()
        })
    }

    #[test]
    fn a_server_s_words_mean_the_same_under_whatever_code_the_pooler_passes_them_on() {
        let words = "password authentication failed for user \"doadmin\"";
        for code in ["28P01", "08P01"] {
            assert_eq!(meaning(code, words), Meaning::PasswordRefused);
        }
        let missing = "database \"missing_db\" does not exist";
        for code in ["3D000", "08P01"] {
            assert_eq!(meaning(code, missing), Meaning::NoDatabase("missing_db".to_owned()));
        }
    }

    #[test]
    fn what_a_remembered_failure_was_is_read_where_it_is_told() {
        let remembered = |inner: &str| {
            meaning(
                "08P01",
                &format!("server login has been failing, {inner} (server_login_retry)"),
            )
        };
        assert_eq!(remembered("try again later"), Meaning::Remembered(None));
        let inner = |meaning| Meaning::Remembered(Some(Box::new(meaning)));
        assert_eq!(remembered("cached error: connect failed"), inner(Meaning::NoServer));
        assert_eq!(
            remembered("cached error: too many connections for role \"x\""),
            inner(Meaning::RoleLimit("x".to_owned()))
        );
        assert_eq!(
            remembered("cached error: database \"d\" does not exist"),
            inner(Meaning::NoDatabase("d".to_owned()))
        );
    }

    #[test]
    fn the_refused_parameter_is_named() {
        for words in [
            "unsupported startup parameter: search_path",
            "unsupported startup parameter in options: search_path",
        ] {
            let parameter = Meaning::StartupParameter("search_path".to_owned());
            assert_eq!(meaning("08P01", words), parameter);
        }
    }
}
