//! Findings about what lasts longer than a transaction.

use std::path::Path;

use crate::domain::project::{Feature, Kind};

use super::{found::Found, sql};

/// Functions, methods and tags that hand SQL to the server, in any of the languages read.
pub const TAKES_SQL: [&str; 40] = [
    "$executeRaw",
    "$executeRawUnsafe",
    "$queryRaw",
    "$queryRawUnsafe",
    "DB",
    "Exec",
    "ExecContext",
    "ExecuteSqlRaw",
    "ExecuteSqlRawAsync",
    "NpgsqlCommand",
    "Query",
    "QueryContext",
    "QueryRow",
    "QueryRowContext",
    "batch_execute",
    "createNativeQuery",
    "exec",
    "exec_query",
    "execute",
    "executeUpdate",
    "executemany",
    "fetch",
    "fetchrow",
    "fetchval",
    "one",
    "prepareStatement",
    "query",
    "queryForObject",
    "query_one",
    "raw",
    "raw_sql",
    "select_value",
    "simple_query",
    "sql",
    "sql_query",
    "statement",
    "text",
    "unprepared",
    "unsafe",
    "update",
];

/// What the feature is, and what becomes of it in a pool that lends connections for one transaction each.
pub fn found(feature: Feature, place: (&Path, usize)) -> Found {
    let (what, why) = words(feature);
    Found::new(Kind::Feature(feature), place, what, why)
}

impl Found {
    /// With what was seen in place of the feature's name.
    pub fn named(mut self, what: impl Into<String>) -> Self {
        self.finding.what = what.into();
        self
    }
}

/// The features of an SQL text that begins in the line of `place`.
pub fn in_sql(text: &str, (file, line): (&Path, usize)) -> Vec<Found> {
    sql::features(text)
        .into_iter()
        .map(|(feature, at)| {
            let before = text.get(..at).unwrap_or_default();
            found(feature, (file, line + before.matches('\n').count()))
        })
        .collect()
}

fn words(feature: Feature) -> (&'static str, &'static str) {
    match feature {
        Feature::Listen => (
            "LISTEN is used here.",
            "In transaction mode the connection goes back to the pool, and notifications are lost. Give this code the \
             direct URL.",
        ),
        Feature::AdvisoryLock => (
            "An advisory lock of the session is taken here.",
            "In transaction mode it stays with a connection that others then use, and the unlock may reach another \
             one. Use pg_advisory_xact_lock, or the direct URL.",
        ),
        Feature::Set => (
            "A setting is made for the session here.",
            "In transaction mode it stays with a connection that others then use, and the next query may run without \
             it. Use SET LOCAL inside a transaction.",
        ),
        Feature::TempTable => (
            "A temporary table is made here.",
            "In transaction mode the next query may run on a connection that has no such table. Make and use it \
             inside one transaction, with ON COMMIT DROP.",
        ),
        Feature::Prepare => (
            "PREPARE is used here.",
            "In transaction mode EXECUTE may reach a connection that does not know the statement; no pooler keeps \
             track of these. Let the client library prepare instead, or leave it.",
        ),
        Feature::NamedStatement => (
            "A statement is prepared by name here.",
            "The pool lends another connection for each transaction and does not keep track of prepared statements, \
             as far as is known; the statement may not be there.",
        ),
        Feature::WithHold => (
            "A cursor outlives its transaction here.",
            "In transaction mode the next fetch may reach another connection, where it does not exist. Read inside \
             one transaction.",
        ),
        Feature::StartupParameter => (
            "A setting is sent at sign-in.",
            "PgBouncer refuses settings that it does not know at sign-in, so no connection is made. Set it for the \
             role in the database: ALTER ROLE … SET ….",
        ),
    }
}
