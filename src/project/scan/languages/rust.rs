//! Rust: sqlx, Diesel, tokio-postgres.

use crate::domain::project::{Feature, Kind, Library, Piece};

use super::{Code, Read};
use crate::project::scan::found::insert;

pub fn read(code: &Code<'_>, read: &mut Read) {
    let source = &code.source;
    for at in source.find_all(&["PgPoolOptions", ":", ":", "new", "(", ")"]) {
        read.clients.push((Library::Sqlx, code.seen("PgPoolOptions", at)));
        if !source.has("max_connections") {
            let why = code.limit_why("By default it opens up to 10 connections in each instance.");
            let what = "The pool has no max_connections.";
            let call = format!(".max_connections({})", code.target.limit);
            let found = code.found(Kind::Limits, at, what, why);
            read.sighted.push(found.fixed(source.text, chained(code, at + 5, &call)).into());
        }
        sqlx(code, at, read);
    }
    for at in source.find_all(&["PgPool", ":", ":", "connect"]) {
        read.clients.push((Library::Sqlx, code.seen("PgPool::connect", at)));
        let why = code.limit_why("By default it opens up to 10 connections in each instance.");
        read.sighted
            .push(code.found(Kind::Limits, at, "The pool has no limit of its own.", why).into());
        sqlx(code, at, read);
    }
    for at in source.find_all(&["PgListener", ":", ":"]).take(1) {
        read.sighted.push(code.feature(Feature::Listen, at, "LISTEN is used here.").into());
    }
    diesel(code, read);
    for at in source.find_all(&["tokio_postgres", ":", ":", "connect"]) {
        read.clients.push((Library::TokioPostgres, code.seen("tokio_postgres::connect", at)));
        if code.target.loses_statements() && !source.has("query_typed") {
            let found = code
                .feature(Feature::NamedStatement, at, "tokio-postgres prepares statements by name.")
                .because("query and execute prepare by name, and the pool may lend a connection that does not know the statement. query_typed and simple_query do not.");
            read.sighted.push(found.into());
        }
    }
}

fn sqlx(code: &Code<'_>, at: usize, read: &mut Read) {
    let source = &code.source;
    if !source.has("extra_float_digits") {
        let found = code
            .feature(Feature::StartupParameter, at, "sqlx sends extra_float_digits at sign-in.")
            .because("A pooler that does not ignore it refuses every connection. Build PgConnectOptions from the URL and call .extra_float_digits(None).");
        read.sighted.push(found.into());
    }
    if code.target.loses_statements() && !source.has("persistent") && !source.has("raw_sql") {
        let found = code
            .feature(Feature::NamedStatement, at, "sqlx prepares statements by name.")
            .because("The pool does not keep track of them, as far as is known. Run queries inside a transaction or with raw_sql, or use session mode; statement-cache-capacity=0 makes it worse.");
        read.sighted.push(found.into());
    }
}

fn diesel(code: &Code<'_>, read: &mut Read) {
    let source = &code.source;
    let manager =
        source.find_all(&["ConnectionManager", ":", ":", "<", "PgConnection", ">"]).next();
    let single = source.find_all(&["PgConnection", ":", ":", "establish"]).next();
    let Some(at) = manager.or(single) else { return };
    read.clients.push((Library::Diesel, code.seen("PgConnection", at)));
    if code.target.loses_statements() && !source.has("set_prepared_statement_cache_size") {
        let found = code
            .feature(Feature::NamedStatement, at, "Diesel prepares statements by name.")
            .because("The pool does not keep track of them, as far as is known. Call set_prepared_statement_cache_size(CacheSize::Disabled) on each connection, in the pool's on_acquire.");
        read.sighted.push(found.into());
    }
    if manager.is_some() && !source.has("max_size") {
        let why = code.limit_why("By default it opens 10 connections in each instance.");
        let found = code.found(Kind::Limits, at, "The pool has no max_size.", why);
        let builder = source.find_all(&["Pool", ":", ":", "builder", "(", ")"]).next();
        let call = format!(".max_size({})", code.target.limit);
        let pieces = builder.map(|at| chained(code, at + 5, &call)).unwrap_or_default();
        read.sighted.push(found.fixed(source.text, pieces).into());
    }
}

/// A further call of a chain, in a line of its own where the next one has one.
fn chained(code: &Code<'_>, end: usize, call: &str) -> Vec<Piece> {
    let source = &code.source;
    let Some(token) = source.tokens.get(end) else { return Vec::new() };
    let is_broken = source.line(end) < source.line(end + 1) && source.word(end + 1) == ".";
    let before = if is_broken {
        format!("{}{}", source.line_end(), source.indent(end + 1))
    } else {
        String::new()
    };
    vec![insert(token.range.end, format!("{before}{call}"))]
}
