//! Python: `SQLAlchemy`, Alembic, Django, psycopg, asyncpg.

use crate::{
    domain::project::{Feature, Kind, Library},
    project::tokens::Call,
};

use super::{Code, Read};
use crate::project::scan::{
    drivers::Sighted,
    found::{insert, replace},
};

pub fn read(code: &Code<'_>, read: &mut Read) {
    for name in ["create_engine", "create_async_engine"] {
        for call in code.source.calls(name) {
            engine(code, call, read);
        }
    }
    if code.source.has("asyncpg") {
        asyncpg(code, read);
    }
    psycopg(code, read);
    django(code, read);
    alembic(code, read);
}

fn engine(code: &Code<'_>, call: Call, read: &mut Read) {
    let source = &code.source;
    let url = source.literal(call.open + 1).unwrap_or_default();
    let is_other = ["sqlite", "mysql", "oracle", "mssql"].iter().any(|name| url.starts_with(name));
    let is_defined = source.word(call.name.wrapping_sub(1)) == "def";
    if is_other || is_defined {
        return;
    }
    read.clients.push((Library::SqlAlchemy, code.seen(source.word(call.name), call.name)));
    let argument = |name: &str| source.argument(call.open, call.close, name);
    let has_rest = source.find_all(&["*", "*"]).any(|at| call.open < at && at < call.close);
    if argument("pool_size").is_none() && argument("poolclass").is_none() && !has_rest {
        let why = code.limit_why("By default it opens up to 15 connections in each instance.");
        let limit = format!("pool_size={}, max_overflow=0", code.target.limit);
        let found = code.found(Kind::Limits, call.name, "The engine has no pool_size.", why);
        read.sighted.push(found.fixed(source.text, code.with_argument(call, &limit)).into());
    }
    if code.target.loses_statements() && argument("connect_args").is_none() && !has_rest {
        let is_async = source.word(call.name) == "create_async_engine";
        let (needs, what, setting): (&'static [Library], _, _) = if is_async {
            (
                &[Library::Asyncpg],
                "asyncpg prepares statements by name.",
                "connect_args={\"prepared_statement_cache_size\": 0, \"statement_cache_size\": 0}",
            )
        } else {
            (
                &[Library::Psycopg3],
                "psycopg 3 prepares statements by name after five runs.",
                "connect_args={\"prepare_threshold\": None}",
            )
        };
        let found = code
            .feature(Feature::NamedStatement, call.name, what)
            .fixed(source.text, code.with_argument(call, setting));
        read.sighted.push(Sighted { found, needs });
    }
}

fn asyncpg(code: &Code<'_>, read: &mut Read) {
    let source = &code.source;
    for at in source.find("asyncpg") {
        let name = source.word(at + 2);
        if source.word(at + 1) != "." || !matches!(name, "create_pool" | "connect") {
            continue;
        }
        let Some(call) = source.calls(name).find(|call| call.name == at + 2) else { continue };
        read.clients.push((Library::Asyncpg, code.seen(&format!("asyncpg.{name}"), at)));
        let argument = |name: &str| source.argument(call.open, call.close, name);
        if code.target.loses_statements() && argument("statement_cache_size").is_none() {
            let found = code
                .feature(Feature::NamedStatement, at, "asyncpg prepares statements by name.")
                .fixed(source.text, code.with_argument(call, "statement_cache_size=0"));
            read.sighted.push(found.into());
        }
        if name == "create_pool" && argument("max_size").is_none() {
            let why = code.limit_why("By default it opens up to 10 connections in each instance.");
            let limit = format!("max_size={}", code.target.limit);
            let min = if argument("min_size").is_none() { "min_size=0, " } else { "" };
            let found = code.found(Kind::Limits, at, "The pool has no max_size.", why);
            let pieces = code.with_argument(call, &format!("{min}{limit}"));
            read.sighted.push(found.fixed(source.text, pieces).into());
        }
        if source.argument(call.open, call.close, "server_settings").is_some() {
            let found =
                code.feature(Feature::StartupParameter, at, "server_settings are sent at sign-in.");
            read.sighted.push(found.into());
        }
    }
}

fn psycopg(code: &Code<'_>, read: &mut Read) {
    let source = &code.source;
    let pools = ["ConnectionPool", "AsyncConnectionPool"];
    for call in pools.into_iter().flat_map(|name| source.calls(name)) {
        read.clients.push((Library::Psycopg3, code.seen(source.word(call.name), call.name)));
        let is_set = source.argument(call.open, call.close, "kwargs").is_some();
        if code.target.loses_statements() && !is_set {
            named(code, call, "kwargs={\"prepare_threshold\": None}", read);
        }
    }
    for at in source.find_all(&["psycopg", ".", "connect"]) {
        let Some(call) = source.calls("connect").find(|call| call.name == at + 2) else { continue };
        read.clients.push((Library::Psycopg3, code.seen("psycopg.connect", at)));
        let is_set = source.argument(call.open, call.close, "prepare_threshold").is_some();
        if code.target.loses_statements() && !is_set {
            named(code, call, "prepare_threshold=None", read);
        }
    }
    for at in source.find_all(&["psycopg2", ".", "connect"]) {
        read.clients.push((Library::Psycopg2, code.seen("psycopg2.connect", at)));
    }
}

fn named(code: &Code<'_>, call: Call, setting: &str, read: &mut Read) {
    let what = "psycopg 3 prepares statements by name after five runs.";
    let found = code
        .feature(Feature::NamedStatement, call.name, what)
        .fixed(code.source.text, code.with_argument(call, setting));
    read.sighted.push(found.into());
}

/// `DATABASES = { "default": { "ENGINE": "django.db.backends.postgresql", … } }`
fn django(code: &Code<'_>, read: &mut Read) {
    let source = &code.source;
    for at in source.find_all(&["DATABASES", "="]) {
        if source.find("DISABLE_SERVER_SIDE_CURSORS").next().is_some()
            || (0..source.tokens.len())
                .any(|at| source.literal(at) == Some("DISABLE_SERVER_SIDE_CURSORS"))
            || source.has("disable_server_side_cursors")
        {
            return;
        }
        let Some(close) = source.closing(at + 2) else { continue };
        read.clients.push((Library::Django, code.seen("DATABASES", at)));
        let engine = (at..close).find(|inside| {
            source.literal(*inside).is_some_and(|name| {
                name.starts_with("django.db.backends.postgresql") || name.contains("psqlextra")
            })
        });
        let what = "Django's cursors on the server outlive their transaction.";
        let at_url = (at..close).find(|inside| source.word(*inside) == "dj_database_url");
        if let Some(engine) = engine {
            let found = code.feature(Feature::WithHold, engine, what).because(WHY_CURSORS);
            read.sighted.push(found.fixed(source.text, after_engine(code, engine)).into());
        } else if let Some(at_url) = at_url {
            let why = format!(
                "{WHY_CURSORS} Add below: DATABASES[\"default\"][\"DISABLE_SERVER_SIDE_CURSORS\"] = True"
            );
            read.sighted.push(code.feature(Feature::WithHold, at_url, what).because(&why).into());
        }
    }
}

const WHY_CURSORS: &str = "iterator() opens one on one connection and reads it over another. With \
                           DISABLE_SERVER_SIDE_CURSORS Django reads them at once.";

/// A line of its own after that of `"ENGINE": "…",`, in the same quotes.
fn after_engine(code: &Code<'_>, engine: usize) -> Vec<crate::domain::project::Piece> {
    let source = &code.source;
    let quote = source.word(engine).chars().next().unwrap_or('"');
    let key = format!("{quote}DISABLE_SERVER_SIDE_CURSORS{quote}: True");
    if source.word(engine + 1) == "," {
        return code.line_after(engine, engine + 1, &format!("{key},"));
    }
    let end = source.tokens.get(engine).map_or(0, |token| token.range.end);
    vec![insert(end, format!(", {key}"))]
}

/// `env.py`, where Alembic takes its URL from.
fn alembic(code: &Code<'_>, read: &mut Read) {
    let source = &code.source;
    let is_env = code.path.file_name().is_some_and(|name| name == "env.py")
        && source.find_all(&["alembic", "import", "context"]).next().is_some();
    if !is_env {
        return;
    }
    let literals = || (0..source.tokens.len()).filter(|at| source.literal(*at).is_some());
    let named = |key: &str| literals().find(|at| source.literal(*at) == Some(key));
    read.clients.extend(
        source
            .find("context")
            .next()
            .map(|at| (Library::Alembic, code.seen("Alembic's env.py", at))),
    );
    if named(&code.target.direct_key).is_some() {
        return;
    }
    let Some(at) = named(&code.target.pooled_key) else { return };
    let why = format!(
        "Migrations need the direct URL: over the pool they can stop half-way. The app keeps {}.",
        code.target.pooled_key
    );
    let what = format!("Alembic reads {}.", code.target.pooled_key);
    let found = code.found(Kind::Migrations, at, &what, why);
    let inner = source.tokens.get(at).map(|token| token.inner.clone());
    let pieces = inner.map(|inner| replace(inner, code.target.direct_key.clone()));
    read.sighted.push(found.fixed(source.text, pieces.into_iter().collect()).into());
}
