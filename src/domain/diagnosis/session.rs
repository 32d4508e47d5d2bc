//! After the sign-in: connections that end, waits that are cut off, and what a pool does to a session.

use crate::domain::{
    diagnosis::{Known, Place, Said, TEST_AGAIN, meaning::Meaning},
    problem::{Fix, Problem},
    stages::{Port, Stage},
};

pub(super) fn explain(
    meaning: &Meaning,
    said: &Said,
    place: Place<'_>,
    known: &Known,
) -> Option<Problem> {
    ended(meaning, place)
        .or_else(|| pooling(meaning, said))
        .or_else(|| refused(meaning, place, known))
}

/// The connection is gone.
pub(super) fn ended(meaning: &Meaning, place: Place<'_>) -> Option<Problem> {
    let connection = place.connection();
    Some(match meaning {
        Meaning::StartingOrStopping => Problem::new(
            "57P03",
            "The database is starting or stopping.",
            "It takes no connections at this moment. A restart takes less than a minute, a resize some minutes.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain),
        Meaning::Ended => Problem::new(
            "57P01",
            format!("{connection} was ended by the server."),
            "It is being restarted or maintained, or an administrator ended the session.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain),
        Meaning::ServerConnectionBroke => Problem::new(
            "server connection lost",
            "The connection behind the pool broke off inside a transaction.",
            "The database was restarted or the session ended. What the transaction had done is taken back.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain)
        .hint("Let the app repeat the transaction"),
        Meaning::IdleTimeout => Problem::new(
            "idle time-out",
            format!("{connection} was ended because nothing was sent over it for long."),
            "A limit on idle connections is set.",
        )
        .hint("Let the app close connections it does not use, before the limit does"),
        Meaning::TransactionTimeout => Problem::new(
            "open transaction",
            format!("{connection} was ended because a transaction stayed open."),
            "A limit on open transactions is set. Until then it held a connection of the pool.",
        )
        .hint("Look for code that waits for something else between BEGIN and COMMIT"),
        _ => return None, // the connection is still there
    })
}

/// What works on a session of one's own, and not on one that is lent.
fn pooling(meaning: &Meaning, said: &Said) -> Option<Problem> {
    const OTHER_CONNECTION: &str = "The pool lends a different connection for each transaction";
    let code = if said.sqlstate.is_empty() { "pooling" } else { said.sqlstate.as_str() };
    Some(match meaning {
        Meaning::PreparedLost => Problem::new(
            code,
            "A prepared statement was lost between transactions.",
            format!("{OTHER_CONNECTION}; this client prepares statements by name."),
        )
        .hint("Use the settings of step 5 for this client: unnamed statements, or none kept")
        .hint("Or use a pool in session mode"),
        Meaning::PreparedMisused => Problem::new(
            "prepared name",
            "The pooler refused the name of a prepared statement.",
            "It follows prepared statements by name, and this client used one twice or after DEALLOCATE ALL.",
        )
        .hint("Remove pgbouncer=true from a Prisma URL: it sends DEALLOCATE ALL"),
        Meaning::CursorLost => Problem::new(
            code,
            "A cursor was lost between transactions.",
            format!("{OTHER_CONNECTION}; cursors WITH HOLD stay behind on the old one."),
        )
        .hint("Read the cursor to its end inside one transaction, or use the direct URL"),
        Meaning::PlanChanged => Problem::new(
            code,
            "A prepared statement does not fit its table any more.",
            "A migration changed the table while the statement was kept.",
        )
        .hint("Restart the app after a migration, or let it prepare the statement again"),
        Meaning::NoTransactions => Problem::new(
            "statement mode",
            "The pool takes no transactions.",
            "It is in statement mode, which lends a connection for one statement only.",
        )
        .hint("Change the pool to transaction mode in step 4"),
        _ => return None, // has nothing to do with pooling
    })
}

/// The statement was refused, the connection goes on.
fn refused(meaning: &Meaning, place: Place<'_>, known: &Known) -> Option<Problem> {
    let Place { user, database, port, .. } = place;
    Some(match meaning {
        Meaning::QueryTimeout => Problem::new(
            "57014",
            "A query was stopped before it ended.",
            "A time limit for statements is set, or somebody stopped it.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain)
        .hint("Run long statements over the direct URL"),
        Meaning::LockTimeout => Problem::new(
            "55P03",
            "A lock was not given in time.",
            "Another transaction holds it. It may be one that stays open without doing anything.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain),
        Meaning::Deadlock => Problem::new(
            "40P01",
            "Two transactions waited for each other, and one was stopped.",
            "Each held what the other wanted.",
        )
        .hint("Let the app repeat the transaction"),
        Meaning::ReadOnly => Problem::new(
            "25006",
            "The database takes no changes at this moment.",
            "Most likely: 1 the host is a read-only node's; 2 the disk is nearly full, and DigitalOcean switched the cluster to read-only.",
        )
        .public_host(place, known)
        .hint("Look at the cluster's page for its disk"),
        Meaning::DiskFull => Problem::new(
            "53100",
            "The database's disk is full.",
            "Nothing can be written until there is room.",
        )
        .hint("Resize the cluster's storage"),
        Meaning::NoRight => {
            let database = match port {
                Port::Direct => database,
                Port::Pooled => known.pool(database).map_or(database, |pool| pool.database.as_str()),
            };
            Problem::new(
                "42501",
                format!("The role {user} lacks a right in {database}."),
                "What was asked for belongs to another role.",
            )
            .hint("Grant the right as the owner, or use the owner's role")
        }
        _ => return None, // explained elsewhere, or not known
    })
}

/// Closed without a word, before or after the sign-in.
pub(super) fn closed(stage: Stage, place: Place<'_>) -> Problem {
    let why = match stage {
        Stage::Name | Stage::Port | Stage::Encryption => {
            "Most likely: 1 something other than PostgreSQL listens on this port; 2 a firewall or proxy cut the connection."
        }
        Stage::SignIn | Stage::Target | Stage::Query | Stage::Proof => {
            "Most likely: 1 the server was restarted; 2 a firewall or proxy cut the connection; 3 an idle time-out passed."
        }
    };
    Problem::new(
        "connection closed",
        format!("{} was closed without a reason.", place.connection()),
        why,
    )
    .fix(TEST_AGAIN, Fix::TryAgain)
}
