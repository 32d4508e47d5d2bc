//! Symptom → problem: the message catalogue of both ports as one pure function.
//!
//! Who said it is part of the finding: `PostgreSQL` names the routine of its source, `PgBouncer` never does.

use std::time::Duration;

use crate::domain::{
    problem::{Fix, Problem},
    stages::Port,
};

/// An error or notice with every field the server gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub severity: String,
    pub sqlstate: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// Character offset into the text sent, from 1.
    pub position: Option<usize>,
    /// Only `PostgreSQL` has one.
    pub routine: Option<String>,
}

impl Said {
    /// Who made this message.
    pub fn speaker(&self, port: Port) -> &'static str {
        match (port, &self.routine) {
            (_, Some(_)) | (Port::Direct, None) => "PostgreSQL",
            (Port::Pooled, None) => "PgBouncer",
        }
    }

    /// `PgBouncer` hands out a failure it remembers, although the cause may be gone.
    pub fn remembered(&self) -> bool {
        self.message.starts_with("server login has been failing")
    }

    /// No slot of the database is free: `PostgreSQL`'s own code, also when it is passed on.
    pub fn full(&self) -> bool {
        self.sqlstate == "53300" || self.message.contains("remaining connection slots are reserved")
    }
}

/// What was seen, without any guess about why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Symptom {
    NameUnknown(String),
    Refused,
    Unreachable(String),
    /// No answer to the first packet.
    DialSilent(Duration),
    /// Connected, then nothing.
    Mute(Duration),
    NotPostgres(u8),
    NoTls,
    UnknownAuthority,
    WrongName(String),
    Expired,
    Tls(String),
    Method,
    Closed,
    Broken(String),
    Said(Said),
    /// Signed in, but the first query got no answer: no server connection became free.
    Waiting(Duration),
    /// The process id proves the other kind of server.
    WrongServer,
}

/// Where it was seen.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub port: Port,
    pub host: &'a str,
    pub number: u16,
    pub user: &'a str,
    /// Database, or on the pooled port the pool.
    pub database: &'a str,
}

/// What the person is told.
pub fn explain(symptom: &Symptom, place: Place<'_>) -> Problem {
    match symptom {
        Symptom::Said(said) => explain_said(said, place),
        Symptom::NameUnknown(_)
        | Symptom::Refused
        | Symptom::Unreachable(_)
        | Symptom::DialSilent(_)
        | Symptom::Mute(_)
        | Symptom::NotPostgres(_) => explain_network(symptom, place),
        Symptom::NoTls | Symptom::UnknownAuthority | Symptom::WrongName(_) | Symptom::Expired | Symptom::Tls(_) => {
            explain_tls(symptom, place)
        }
        Symptom::Method => Problem::new(
            "sign-in method",
            format!("The {} port asks for a way to sign in that is not supported.", place.port.word()),
            "DigitalOcean uses SCRAM-SHA-256.",
        )
        .hint("Check that host and port are the cluster's"),
        Symptom::Closed | Symptom::Broken(_) => {
            let problem = Problem::new(
                "connection closed",
                format!("The {} connection was closed without a reason.", place.port.word()),
                "Most likely: the server was restarted, an idle time-out passed, or a firewall cut the connection.",
            )
            .fix("Test both again", Fix::TryAgain);
            match symptom {
                Symptom::Broken(said) => problem.detail(said.clone()),
                _ => problem, // closed: nothing more is known
            }
        }
        Symptom::Waiting(limit) => Problem::new(
            "query_wait_timeout",
            format!("Signed in, but the first query waited {} s without an answer.", limit.as_secs().max(1)),
            match place.port {
                Port::Pooled => format!(
                    "Every connection of the pool {} is lent out, or the database behind it has no free connection.",
                    place.database
                ),
                Port::Direct => "The server is overloaded or a proxy stands in between.".to_owned(),
            },
        )
        .fix("Test both again", Fix::TryAgain)
        .hint("Look for transactions that stay open; step 3 shows who holds connections"),
        Symptom::WrongServer => wrong_server(place),
    }
}

fn explain_network(symptom: &Symptom, place: Place<'_>) -> Problem {
    let Place { port, host, number, .. } = place;
    match symptom {
        Symptom::NameUnknown(said) => Problem::new(
            "DNS",
            format!("The name {host} cannot be found."),
            "The host is misspelt, or the cluster was deleted, or this computer is offline.",
        )
        .fix("Try again", Fix::TryAgain)
        .detail(said.clone()),
        Symptom::Refused => Problem::new(
            "refused",
            format!("Port {number} on {host} refused the connection."),
            match port {
                Port::Pooled => "Nothing listens there: the pool port is 25061, and it opens with the cluster's first pool.",
                Port::Direct => "Nothing listens there: the direct port is 25060.",
            },
        )
        .fix("Test both again", Fix::TryAgain)
        .hint("Check the port in the URL"),
        Symptom::DialSilent(limit) => Problem::new(
            "time-out",
            format!("No answer on port {number} within {} s.", limit.as_secs().max(1)),
            "Most likely: this computer is not among the cluster's trusted sources; or a company firewall or VPN blocks the port.",
        )
        .fix("Allow this computer for 2 hours", Fix::AllowThisComputer)
        .fix("Test both again", Fix::TryAgain),
        Symptom::Mute(limit) => Problem::new(
            "silent",
            format!("Port {number} took the connection and then said nothing for {} s.", limit.as_secs().max(1)),
            "Most likely: a proxy or firewall stands in between, or the server is overloaded.",
        )
        .fix("Test both again", Fix::TryAgain),
        Symptom::NotPostgres(first) => Problem::new(
            "not PostgreSQL",
            format!("Something other than PostgreSQL answers on port {number} of {host}."),
            "The URL's port belongs to another service, or a web proxy answers.",
        )
        .hint("Check host and port in the URL")
        .detail(format!("first byte of the answer: {first:#04x}")),
        other => Problem::new("network", format!("{host} cannot be reached on port {number}."), "There is no route to it.")
            .fix("Test both again", Fix::TryAgain)
            .detail(match other {
                Symptom::Unreachable(said) => said.clone(),
                _ => String::new(), // the caller passes network symptoms only
            }),
    }
}

fn explain_tls(symptom: &Symptom, place: Place<'_>) -> Problem {
    let Place { host, number, .. } = place;
    match symptom {
        Symptom::NoTls => Problem::new(
            "no TLS",
            format!("The server on port {number} offers no encryption."),
            "DigitalOcean always encrypts; this is another server.",
        )
        .hint("Check host and port in the URL"),
        Symptom::UnknownAuthority => Problem::new(
            "unknown authority",
            "The server's certificate is not signed by this cluster's authority.",
            "DigitalOcean signs each cluster with an authority of its own; this certificate comes from another one.",
        )
        .hint("Check that the host belongs to the chosen cluster")
        .hint("Look for a proxy that opens encrypted connections"),
        Symptom::WrongName(names) => Problem::new(
            "name mismatch",
            format!("The certificate belongs to another name than {host}."),
            "The private host was used from outside, or a proxy answers.",
        )
        .hint("Use the public host")
        .detail(names.clone()),
        Symptom::Expired => Problem::new(
            "certificate expired",
            "The server's certificate is no longer valid.",
            "It has expired, or the clock of this computer is wrong.",
        )
        .hint("Check this computer's date and time"),
        other => Problem::new("TLS", "The encrypted connection could not be set up.", "Server and program found no common way.")
            .fix("Test both again", Fix::TryAgain)
            .detail(match other {
                Symptom::Tls(said) => said.clone(),
                _ => String::new(), // the caller passes TLS symptoms only
            }),
    }
}

fn wrong_server(place: Place<'_>) -> Problem {
    match place.port {
        Port::Pooled => Problem::new(
            "not pooled",
            "The pooled URL reaches PostgreSQL itself, not the pooler.",
            format!("The process ids are the same, so nothing stands in between. Port {} is not the pool port.", place.number),
        )
        .hint("Use the pool port, 25061"),
        Port::Direct => Problem::new(
            "not direct",
            "The direct URL reaches the pooler, not PostgreSQL itself.",
            "The process ids differ. Migrations over a pooler can stop half-way and leave a lock behind.",
        )
        .hint("Use the direct port, 25060"),
    }
}

fn explain_said(said: &Said, place: Place<'_>) -> Problem {
    let Place { port, user, database, .. } = place;
    let problem = match said.sqlstate.as_str() {
        _ if said.remembered() => Problem::new(
            "remembered failure",
            "The pooler repeats a failure it remembers.",
            "It could not reach the database a moment ago; it tries again within 15 s.",
        )
        .fix("Test both again", Fix::TryAgain),
        _ if said.full() || said.message.starts_with("sorry, too many clients") => Problem::new(
            "53300",
            "The database has no free connection.",
            "All connections that ordinary users may have are in use.",
        )
        .fix("Keep trying", Fix::TryAgain)
        .hint("Step 3 shows who holds them"),
        "28P01" => password_refused(user),
        "28000" => Problem::new(
            "28000",
            format!("The server does not let {user} sign in this way."),
            "The role may not sign in, or an unencrypted connection was tried.",
        )
        .hint("Check the role in the cluster's Users & Databases page"),
        "3D000" => Problem::new("3D000", format!("There is no database {database}."), match port {
            Port::Direct => "On the direct port the last part of the URL is the database's name, not the pool's.",
            Port::Pooled => "The pool points at a database that does not exist any more.",
        })
        .hint("Correct the name in the URL"),
        "42501" => Problem::new(
            "42501",
            format!("{user} may not use {database}."),
            "The role lacks the right to connect or to use what was asked for.",
        )
        .hint("Grant the right as the administrator"),
        "57P01" => Problem::new(
            "57P01",
            "The server ended the connection.",
            "It is being restarted or maintained, or an administrator ended the session.",
        )
        .fix("Test both again", Fix::TryAgain),
        "57P03" => Problem::new("57P03", "The server is starting or stopping.", "It takes no connections at this moment.")
            .fix("Test both again", Fix::TryAgain),
        "42P05" | "26000" => Problem::new(
            said.sqlstate.clone(),
            "A prepared statement was lost between transactions.",
            "The pool lends another connection for each transaction; this client prepares statements by name.",
        )
        .hint("Set the client to unnamed statements, or use session mode"),
        _ => explain_text(said, place), // PgBouncer's own code is nearly always 08P01: only its words tell
    };
    let mut problem =
        problem.detail(format!("{} says: {} {}", said.speaker(port), said.sqlstate, said.message));
    for more in [&said.detail, &said.hint].into_iter().flatten() {
        problem = problem.detail(more.clone());
    }
    problem
}

fn password_refused(user: &str) -> Problem {
    Problem::new(
        "28P01",
        format!("The password of {user} was refused."),
        "It was changed after the URL was copied, or a special character was not encoded.",
    )
    .hint("Read the cluster again in step 2 to fetch the current password")
}

fn explain_text(said: &Said, place: Place<'_>) -> Problem {
    let Place { port, user, database, .. } = place;
    let message = said.message.as_str();
    if message.starts_with("no such database") {
        Problem::new(
            "no such pool",
            format!("The pooler knows no pool “{database}”."),
            "On the pool port the last part of the URL is the pool's name, not the database's.",
        )
        .hint("Use the pool's name in the pooled URL")
    } else if message == "SASL authentication failed" || message == "bouncer config error" {
        Problem::new(
            "pooled sign-in",
            format!("The pooler refused {user} on “{database}”."),
            "It gives the same answer for a wrong password, an unknown user and a wrong pool name.",
        )
        .hint("Compare with the direct connection: if that works, the pool's name or its user is wrong")
    } else if message.starts_with("query_wait_timeout") {
        Problem::new(
            "query_wait_timeout",
            "The pool had no free connection in time.",
            format!("Every connection of {database} stayed lent out."),
        )
        .fix("Test both again", Fix::TryAgain)
    } else if message.contains("no more connections allowed") {
        Problem::new(
            "max_client_conn",
            "The pooler takes no more clients.",
            "Its limit of clients is reached.",
        )
        .fix("Test both again", Fix::TryAgain)
    } else if message.starts_with("unsupported startup parameter") {
        Problem::new(
            "startup parameter",
            "The pooler does not accept a parameter of this client.",
            "A pooler takes only few settings at sign-in; others belong into the transaction.",
        )
        .hint("Remove the parameter from the pooled URL")
    } else if message == "SSL required" || message.contains("no pg_hba.conf entry") {
        Problem::new(
            "TLS required",
            "The server takes only encrypted connections.",
            "The URL needs sslmode=require or stronger.",
        )
        .hint("Add sslmode=require to the URL")
    } else {
        Problem::new(
            if said.sqlstate.is_empty() { "server" } else { &said.sqlstate },
            format!("The {} connection was refused.", port.word()),
            format!("{} says: “{message}”.", said.speaker(port)),
        )
        .fix("Test both again", Fix::TryAgain)
    }
}

/// How the direct port answered the user and password that the pooler refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectAnswer {
    SignedIn,
    PasswordRefused,
}

/// Where the direct port lets the same user in, the pooler's "SASL authentication failed" can't be the password:
/// it is the pool's name or the pool's user. Where the direct port refuses the password too, it is the password.
pub fn pooled_sign_in_explained(direct: DirectAnswer, place: Place<'_>) -> Problem {
    match direct {
        DirectAnswer::SignedIn => Problem::new(
            "no such pool",
            format!("The pooler knows no pool “{}” for {}.", place.database, place.user),
            "The same password works on the direct port, so the name of the pool or its user is what is wrong.",
        )
        .hint("Use the pool's name in the pooled URL"),
        DirectAnswer::PasswordRefused => password_refused(place.user),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(port: Port) -> Place<'static> {
        let (number, database) = match port {
            Port::Pooled => (25061, "shop-pool"),
            Port::Direct => (25060, "shop"),
        };
        Place { port, host: "db.example", number, user: "shop_app", database }
    }

    fn server(sqlstate: &str, message: &str, routine: Option<&str>) -> Symptom {
        Symptom::Said(Said {
            severity: "FATAL".to_owned(),
            sqlstate: sqlstate.to_owned(),
            message: message.to_owned(),
            routine: routine.map(str::to_owned),
            ..Said::default()
        })
    }

    /// The code and the first sentence for each row of the catalogue.
    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn each_symptom_has_its_own_words() {
        use Port::{Direct, Pooled};
        let table = [
            (
                server(
                    "28P01",
                    "password authentication failed for user \"shop_app\"",
                    Some("auth_failed"),
                ),
                Direct,
                "28P01",
                "The password of shop_app was refused.",
            ),
            (
                server("08P01", "SASL authentication failed", None),
                Pooled,
                "pooled sign-in",
                "The pooler refused shop_app on “shop-pool”.",
            ),
            (
                server("08P01", "no such database: shop-pool", None),
                Pooled,
                "no such pool",
                "The pooler knows no pool “shop-pool”.",
            ),
            (
                server("3D000", "database \"shop\" does not exist", Some("InitPostgres")),
                Direct,
                "3D000",
                "There is no database shop.",
            ),
            (
                server(
                    "53300",
                    "remaining connection slots are reserved for non-replication superuser connections",
                    Some("InitPostgres"),
                ),
                Direct,
                "53300",
                "The database has no free connection.",
            ),
            (
                server("53300", "sorry, too many clients already", Some("InitProcess")),
                Direct,
                "53300",
                "The database has no free connection.",
            ),
            (
                server(
                    "08P01",
                    "server login has been failing, try again later (server_login_retry)",
                    None,
                ),
                Pooled,
                "remembered failure",
                "The pooler repeats a failure it remembers.",
            ),
            (
                server("08P01", "query_wait_timeout", None),
                Pooled,
                "query_wait_timeout",
                "The pool had no free connection in time.",
            ),
            (
                server(
                    "57P01",
                    "terminating connection due to administrator command",
                    Some("ProcessInterrupts"),
                ),
                Direct,
                "57P01",
                "The server ended the connection.",
            ),
            (
                server("08P01", "unsupported startup parameter: options", None),
                Pooled,
                "startup parameter",
                "The pooler does not accept a parameter of this client.",
            ),
            (
                server("08P01", "SSL required", None),
                Pooled,
                "TLS required",
                "The server takes only encrypted connections.",
            ),
            (
                Symptom::DialSilent(Duration::from_secs(5)),
                Pooled,
                "time-out",
                "No answer on port 25061 within 5 s.",
            ),
            (
                Symptom::Refused,
                Direct,
                "refused",
                "Port 25060 on db.example refused the connection.",
            ),
            (
                Symptom::NotPostgres(b'H'),
                Direct,
                "not PostgreSQL",
                "Something other than PostgreSQL answers on port 25060 of db.example.",
            ),
            (
                Symptom::UnknownAuthority,
                Pooled,
                "unknown authority",
                "The server's certificate is not signed by this cluster's authority.",
            ),
            (
                Symptom::Waiting(Duration::from_secs(10)),
                Pooled,
                "query_wait_timeout",
                "Signed in, but the first query waited 10 s without an answer.",
            ),
            (
                Symptom::WrongServer,
                Direct,
                "not direct",
                "The direct URL reaches the pooler, not PostgreSQL itself.",
            ),
        ];
        for (symptom, port, code, what) in table {
            let problem = explain(&symptom, place(port));
            assert_eq!((problem.code.as_str(), problem.what.as_str()), (code, what), "{symptom:?}");
            assert!(!problem.hints.is_empty(), "{symptom:?} tells nothing to do");
        }
    }

    #[test]
    fn a_routine_means_that_postgresql_said_it_even_through_the_pooler() {
        let said =
            |routine: Option<&str>| Said { routine: routine.map(str::to_owned), ..Said::default() };
        assert_eq!(said(Some("InitPostgres")).speaker(Port::Pooled), "PostgreSQL");
        assert_eq!(said(None).speaker(Port::Pooled), "PgBouncer");
    }

    #[test]
    fn a_time_out_offers_to_let_this_computer_in() {
        let problem = explain(&Symptom::DialSilent(Duration::from_secs(5)), place(Port::Direct));
        assert_eq!(
            problem.hints.first().and_then(|hint| hint.fix.clone()),
            Some(Fix::AllowThisComputer)
        );
    }

    #[test]
    fn the_direct_port_tells_what_the_pooler_hides() {
        let explained = |direct| pooled_sign_in_explained(direct, place(Port::Pooled)).code;
        assert_eq!(explained(DirectAnswer::SignedIn), "no such pool");
        assert_eq!(explained(DirectAnswer::PasswordRefused), "28P01");
    }
}
