//! Symptom → problem: what was seen on a port becomes what happened, why, and what to do.
//!
//! Pure functions over what was seen, where, and what the account says. Who said it is part of every finding:
//! `PostgreSQL` names the routine of its source, `PgBouncer` never does.

mod capacity;
mod encryption;
mod known;
mod meaning;
mod network;
mod pair;
mod repair;
mod session;
mod sign_in;

use std::time::Duration;

use crate::domain::{
    diagnosis::meaning::Meaning,
    problem::{Fix, Problem, Speaker},
    stages::{Port, Stage},
};

pub use crate::domain::diagnosis::{
    known::{Known, KnownPool, Sources},
    pair::{Ended, Side, explain_pair},
    repair::Repair,
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
    /// Who made this message, whatever port it came over. What `PgBouncer` heard while it signed in itself and passes
    /// on counts as its own.
    pub fn speaker(&self) -> Speaker {
        if self.routine.is_some() { Speaker::PostgreSql } else { Speaker::PgBouncer }
    }

    /// `PgBouncer` hands out a failure it remembers, although the cause may be gone.
    pub fn remembered(&self) -> bool {
        matches!(Meaning::of(self), Meaning::Remembered(_))
    }

    /// No slot of the database is free, whoever says it.
    pub fn full(&self) -> bool {
        Meaning::of(self) == Meaning::Full
    }

    /// The same answer to a wrong password, an unknown user and an unknown pool.
    pub fn hides_who(&self) -> bool {
        matches!(Meaning::of(self), Meaning::Hidden | Meaning::PasswordRefused)
    }

    /// About the pool or the database that was asked for, not about who asks.
    pub fn about_target(&self) -> bool {
        matches!(
            Meaning::of(self),
            Meaning::NoDatabase(_)
                | Meaning::NoPool
                | Meaning::ConsoleOnly
                | Meaning::PoolDisabled
                | Meaning::PoolRemoved
                | Meaning::NoConnectRight(_)
                | Meaning::DatabaseLimit(_)
                | Meaning::Full
                | Meaning::Remembered(_)
                | Meaning::PoolWait
                | Meaning::NoServer
        )
    }
}

/// What was seen, without any guess about why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Symptom {
    NameUnknown(String),
    Refused,
    /// No route to the host.
    Unreachable(String),
    /// This computer has no network of the address's kind.
    NoNetwork(String),
    /// No answer to the first packet.
    DialSilent(Duration),
    /// Connected, then nothing.
    Mute(Duration),
    /// The first byte of the answer.
    NotPostgres(u8),
    NoTls,
    UnknownAuthority(String),
    /// The authority's own certificate cannot be read.
    BadAuthority(String),
    WrongName(String),
    Expired(String),
    NotYetValid(String),
    Tls(String),
    /// Asked for a way to sign in that is not known here.
    Method,
    /// Asked for the password itself, or its MD5, on a connection whose server nobody verified.
    BarePassword(&'static str),
    Closed,
    Broken(String),
    Said(Said),
    /// Encrypted, then no answer to who signs in.
    NoSignIn(Duration),
    /// The password was accepted, then nothing: the pooler waits for a connection of its own.
    NoWelcome(Duration),
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

impl Place<'_> {
    /// `The pooled connection`, to begin a sentence.
    fn connection(&self) -> String {
        format!("The {} connection", self.port.word())
    }
}

pub(crate) const TEST_AGAIN: &str = "Test both again";

/// What the person is told about a connection that was signed in.
pub fn explain(symptom: &Symptom, place: Place<'_>) -> Problem {
    explain_at(Stage::Query, symptom, place, &Known::default())
}

/// What the person is told about the end of a test at `stage`. Looks at one port only; `explain_pair` at both.
pub fn explain_at(stage: Stage, symptom: &Symptom, place: Place<'_>, known: &Known) -> Problem {
    let problem = match symptom {
        Symptom::Said(said) => explain_said(stage, said, place, known),
        Symptom::NameUnknown(_)
        | Symptom::Refused
        | Symptom::Unreachable(_)
        | Symptom::NoNetwork(_)
        | Symptom::DialSilent(_)
        | Symptom::Mute(_)
        | Symptom::NotPostgres(_) => network::explain(symptom, place, known),
        Symptom::NoTls
        | Symptom::UnknownAuthority(_)
        | Symptom::BadAuthority(_)
        | Symptom::WrongName(_)
        | Symptom::Expired(_)
        | Symptom::NotYetValid(_)
        | Symptom::Tls(_) => encryption::explain(symptom, place, known),
        Symptom::Method => sign_in::unknown_method(place),
        Symptom::BarePassword(how) => sign_in::bare_password(how, known),
        Symptom::Closed | Symptom::Broken(_) => session::closed(stage, place),
        Symptom::NoSignIn(limit) | Symptom::NoWelcome(limit) | Symptom::Waiting(limit) => {
            capacity::waiting(*limit, stage, place, known)
        }
        Symptom::WrongServer => wrong_server(place, known),
    };
    quoted(problem, symptom, place.port)
}

fn explain_said(stage: Stage, said: &Said, place: Place<'_>, known: &Known) -> Problem {
    let meaning = Meaning::of(said);
    let signing_in = stage.index() <= Stage::Target.index();
    let problem = match (place.port, said.speaker()) {
        // PostgreSQL does not speak for itself through a pooler before the sign-in is over, and on the direct port
        // nobody else speaks.
        (Port::Pooled, Speaker::PostgreSql)
            if signing_in && matches!(meaning, Meaning::NoDatabase(_)) =>
        {
            wrong_server(place, known)
        }
        (Port::Direct, Speaker::PgBouncer) if signing_in => wrong_server(place, known),
        _ => sign_in::explain(&meaning, place, known)
            .or_else(|| capacity::explain(&meaning, place, known))
            .or_else(|| session::explain(&meaning, said, place, known))
            .unwrap_or_else(|| unexplained(stage, said, place)),
    };
    [&said.detail, &said.hint]
        .into_iter()
        .flatten()
        .fold(problem, |problem, more| problem.detail(more.clone()))
}

/// A message that no rule knows: its own words are all there is.
fn unexplained(stage: Stage, said: &Said, place: Place<'_>) -> Problem {
    let code = if said.sqlstate.is_empty() { "server" } else { &said.sqlstate };
    let what = if stage.index() <= Stage::Target.index() {
        format!("{} was refused.", place.connection())
    } else {
        format!("A statement over the {} connection was refused.", place.port.word())
    };
    Problem::new(code, what, format!("{} says: “{}”.", said.speaker().name(), said.message))
        .fix(TEST_AGAIN, Fix::TryAgain)
}

/// The server's own words, or what this program saw, beside the problem.
fn quoted(problem: Problem, symptom: &Symptom, port: Port) -> Problem {
    let seen = match symptom {
        Symptom::Said(said) => {
            let words = match said.sqlstate.as_str() {
                "" => format!("“{}”", said.message),
                code => format!("“{}” ({code})", said.message),
            };
            return problem.quote(said.speaker(), words);
        }
        Symptom::Refused => "the connection was refused".to_owned(),
        Symptom::DialSilent(limit) => {
            format!("no answer to the first packet within {}", secs(*limit))
        }
        Symptom::Mute(limit) => format!("connected, then no byte within {}", secs(*limit)),
        Symptom::NotPostgres(first) => format!("the first byte of the answer was {first:#04x}"),
        Symptom::NoTls => "the request for encryption was answered with N".to_owned(),
        Symptom::Method => "an unknown request for a password".to_owned(),
        Symptom::BarePassword(how) => format!("a request for the {how} password"),
        Symptom::Closed => "the connection was closed".to_owned(),
        Symptom::NoSignIn(limit) => {
            format!("encrypted, then no answer to the sign-in for {}", secs(*limit))
        }
        Symptom::NoWelcome(limit) => {
            format!("the password was accepted, then nothing for {}", secs(*limit))
        }
        Symptom::Waiting(limit) => {
            format!("signed in, then no answer to a query for {}", secs(*limit))
        }
        Symptom::WrongServer => match port {
            Port::Pooled => "the process ids at sign-in and in a query are the same".to_owned(),
            Port::Direct => "the process ids at sign-in and in a query differ".to_owned(),
        },
        Symptom::NameUnknown(words)
        | Symptom::Unreachable(words)
        | Symptom::NoNetwork(words)
        | Symptom::UnknownAuthority(words)
        | Symptom::BadAuthority(words)
        | Symptom::WrongName(words)
        | Symptom::Expired(words)
        | Symptom::NotYetValid(words)
        | Symptom::Tls(words)
        | Symptom::Broken(words) => words.clone(),
    };
    problem.quote(Speaker::Us, seen)
}

/// `2 s`, `50 ms`: tests wait less than people.
fn secs(limit: Duration) -> String {
    match limit.as_secs() {
        0 => format!("{} ms", limit.as_millis()),
        secs => format!("{secs} s"),
    }
}

/// A URL leads to the other kind of server than its name says.
fn wrong_server(place: Place<'_>, known: &Known) -> Problem {
    let problem = match place.port {
        Port::Pooled => Problem::new(
            "not pooled",
            "The pooled URL reaches PostgreSQL itself, not the pooler.",
            format!(
                "PostgreSQL answered for itself, so nothing stands in between. Port {} is not the pool port.",
                place.number
            ),
        ),
        Port::Direct => Problem::new(
            "not direct",
            "The direct URL reaches the pooler, not PostgreSQL itself.",
            format!(
                "PgBouncer answered on port {}. Migrations over a pooler can stop half-way and leave a lock behind.",
                place.number
            ),
        ),
    };
    match known.port(place.port) {
        Some(right) if right != place.number => problem.fix(
            format!("Use port {right} and test again"),
            Fix::Repair(Repair::PortNumber(place.port, right)),
        ),
        Some(_) | None => problem.hint(match place.port {
            Port::Pooled => "Use the pool port, 25061, and the pool's name",
            Port::Direct => "Use the direct port, 25060, and the database's name",
        }),
    }
}

#[cfg(test)]
pub(crate) use tests::told;

#[cfg(test)]
mod tests;
