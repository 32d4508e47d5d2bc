//! Nothing free: slots of the database, connections of the pool, and what the pooler remembers of both.

use std::time::Duration;

use crate::domain::{
    diagnosis::{Known, Place, TEST_AGAIN, meaning::Meaning, secs, sign_in},
    problem::{Fix, Problem},
    stages::{Port, Stage},
};

const WHO_HOLDS: &str = "Step 3 shows who holds the connections";

pub(super) fn explain(meaning: &Meaning, place: Place<'_>, known: &Known) -> Option<Problem> {
    let database = place.database;
    Some(match meaning {
        Meaning::Full => full(place),
        Meaning::RoleLimit(role) => Problem::new(
            "role limit",
            format!("The role {role} has no connection left."),
            "It has a limit of its own, and all of it is in use.",
        )
        .statement(format!("ALTER ROLE {} CONNECTION LIMIT -1;", sign_in::identifier(role)))
        .fix(TEST_AGAIN, Fix::TryAgain),
        Meaning::DatabaseLimit(database) => Problem::new(
            "database limit",
            format!("The database {database} has no connection left."),
            "It has a limit of its own, and all of it is in use.",
        )
        .statement(format!("ALTER DATABASE {} CONNECTION LIMIT -1;", sign_in::identifier(database)))
        .fix(TEST_AGAIN, Fix::TryAgain),
        Meaning::ClientLimit => Problem::new(
            "max_client_conn",
            "The pooler takes no more clients.",
            "Its own limit of clients is reached, not the pool's size. Most likely: an app opens connections and never closes them.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain)
        .hint("Lower the number of connections each instance of the app opens"),
        Meaning::PoolWait => pool_full(
            format!("No connection of the pool {database} became free in time."),
            place,
            known,
        ),
        Meaning::PoolDisabled => Problem::new(
            "pool disabled",
            format!("The pool {database} is switched off."),
            "The pooler takes no new clients for it. Most likely: DigitalOcean maintains the cluster.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain)
        .hint("Look at the cluster's page for maintenance"),
        Meaning::PoolRemoved => Problem::new(
            "pool removed",
            format!("The pool {database} was removed while it was in use."),
            "Every client of it was sent away.",
        )
        .use_pool(place, known)
        .hint("Make the pool again in step 4"),
        Meaning::Remembered(inner) => remembered(inner.as_deref(), place, known),
        Meaning::NoServer => missing_database(place, known).unwrap_or_else(|| Problem::new(
            "no server behind the pool",
            "The pooler cannot reach the database.",
            "Most likely: the database restarts or is being moved; it is back within minutes.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain)),
        _ => return None, // about the sign-in, or about a connection that was in use
    })
}

fn full(place: Place<'_>) -> Problem {
    let why = match place.port {
        Port::Direct => "All connections that ordinary users may have are in use.",
        Port::Pooled => {
            "The pool needs one more connection to the database, and all that ordinary users may have are in use."
        }
    };
    Problem::new("53300", "The database has no free connection.", why)
        .fix("Keep trying for 2 min", Fix::TryAgain)
        .hint(WHO_HOLDS)
}

/// No answer to the sign-in, to the accepted password or to the first query.
pub(super) fn waiting(limit: Duration, stage: Stage, place: Place<'_>, known: &Known) -> Problem {
    let waited = secs(limit);
    let what = match stage {
        Stage::Name | Stage::Port | Stage::Encryption | Stage::SignIn => {
            format!(
                "The sign-in over the {} connection got no answer for {waited}.",
                place.port.word()
            )
        }
        Stage::Target => format!("The password was accepted, and then nothing came for {waited}."),
        Stage::Query | Stage::Proof => {
            format!("Signed in, but the first query waited {waited} without an answer.")
        }
    };
    match (place.port, stage) {
        (Port::Direct, _) => Problem::new(
            "slow server",
            what,
            "Most likely: 1 the server is overloaded; 2 a proxy stands in between.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain),
        (Port::Pooled, Stage::Query | Stage::Proof) => pool_full(what, place, known),
        (Port::Pooled, _) if place.database == sign_in::CONSOLE => sign_in::console(place, known),
        (Port::Pooled, _) => missing_database(place, known).unwrap_or_else(|| {
            Problem::new(
                "no server behind the pool",
                what,
                "The pooler needs the database to go on, and does not reach it. Most likely: 1 the database has no free connection; 2 the pooler is paused, or at a limit of its own; 3 the database restarts; 4 the pool's database does not exist.",
            )
            .fix("Keep trying for 2 min", Fix::TryAgain)
            .hint(WHO_HOLDS)
        }),
    }
}

/// The pool leads to a database that the account does not list.
fn missing_database(place: Place<'_>, known: &Known) -> Option<Problem> {
    let database = &known.pool(place.database)?.database;
    known.lacks_database(database).then(|| sign_in::pool_s_database(database, place, known))
}

fn pool_full(what: String, place: Place<'_>, known: &Known) -> Problem {
    missing_database(place, known).unwrap_or_else(|| {
        Problem::new(
            "query_wait_timeout",
            what,
            format!(
                "Most likely: 1 every connection of the pool {} is lent out, also to transactions that stay open; 2 the database behind it has no free connection.",
                place.database
            ),
        )
        .fix("Keep trying for 2 min", Fix::TryAgain)
        .hint(WHO_HOLDS)
    })
}

/// What the pooler remembers is told as what it was; only its age is in doubt.
fn remembered(inner: Option<&Meaning>, place: Place<'_>, known: &Known) -> Problem {
    let was = inner.and_then(|inner| {
        sign_in::explain(inner, place, known).or_else(|| explain(inner, place, known))
    });
    match was {
        Some(problem) => {
            let again = problem.hints.iter().any(|hint| hint.fix == Some(Fix::TryAgain));
            let problem = if again { problem } else { problem.fix(TEST_AGAIN, Fix::TryAgain) };
            problem.detail("The pooler repeats a failure it remembers. It tries again within 15 s.")
        }
        None => missing_database(place, known).unwrap_or_else(|| Problem::new(
            "remembered failure",
            "The pooler repeats a failure it remembers.",
            "It could not sign in to the database a moment ago, and does not say why. It tries again within 15 s.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain)),
    }
}
