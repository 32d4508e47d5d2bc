//! Python's clients: on libpq (psycopg, and what stands on it) and on asyncpg.

use crate::domain::conn_url::{Form, parameters::Reader};

use super::{
    About, Side, Stray,
    psql::PSQL_FILE,
    rules::{LIBPQ_DIRECT, LIBPQ_TLS, Rule, When, no, set},
};

const LIBPQ_POOLED: Side =
    Side { reads: &[Reader::Libpq], stray: Stray::Refused, tls: LIBPQ_TLS, rules: &[] };

const ONE_FILE: &str = "One transaction: the file applies as a whole or not at all.";
const ALEMBIC: (&str, &str) = (
    r#"$KEY="$$DIRECT" alembic upgrade head"#,
    "env.py reads $KEY; for this command it holds the direct URL.",
);

pub const PSYCOPG_3: About = About {
    title: "psycopg 3",
    family: "Python",
    also: "psycopg psycopg_pool",
    form: Form::URL,
    pooled: LIBPQ_POOLED,
    direct: LIBPQ_DIRECT,
    file: "db.py",
    code: r#"
import os

from psycopg_pool import ConnectionPool

pool = ConnectionPool(
    os.environ["$KEY"],
    min_size=1,
    max_size=$LIMIT, ← The most connections one instance of the app opens; the pool shares out the database's own.
[unnamed]    kwargs={"prepare_threshold": None}, ← From its fifth run on psycopg prepares a statement by name, which lasts for one transaction only behind this pool.
)
"#,
    migrate: (PSQL_FILE, ONE_FILE),
};

pub const PSYCOPG_2: About = About {
    title: "psycopg 2",
    family: "Python",
    also: "psycopg2 psycopg2-binary",
    form: Form::URL,
    pooled: LIBPQ_POOLED,
    direct: LIBPQ_DIRECT,
    file: "db.py",
    code: r#"
import os

from psycopg2.pool import ThreadedConnectionPool

pool = ThreadedConnectionPool(
    1,
    $LIMIT, ← The most connections one instance of the app opens. psycopg 2 raises an error where all are taken.
    os.environ["$KEY"],
)
"#,
    migrate: (PSQL_FILE, ONE_FILE),
};

pub const ASYNCPG: About = About {
    title: "asyncpg",
    family: "Python",
    also: "asyncio fastapi",
    form: Form::URL,
    pooled: Side { reads: &[Reader::Libpq], stray: Stray::Sent, tls: LIBPQ_TLS, rules: &[] },
    direct: Side {
        reads: &[Reader::Libpq, Reader::Server],
        stray: Stray::Sent,
        tls: LIBPQ_TLS,
        rules: &[],
    },
    file: "db.py",
    code: r#"
import os

import asyncpg


async def connect():
    return await asyncpg.create_pool(
        os.environ["$KEY"],
        min_size=1,
        max_size=$LIMIT, ← The most connections one instance of the app opens; the pool shares out the database's own.
[unnamed]        statement_cache_size=0, ← Its statements are prepared by name, which lasts for one transaction only behind this pool.
    )
"#,
    migrate: (PSQL_FILE, ONE_FILE),
};

pub const SQLALCHEMY_PSYCOPG: About = About {
    title: "SQLAlchemy with psycopg",
    family: "Python",
    also: "flask fastapi alembic orm psycopg3",
    form: Form::Url("postgresql+psycopg"),
    pooled: LIBPQ_POOLED,
    direct: LIBPQ_DIRECT,
    file: "db.py",
    code: r#"
import os

from sqlalchemy import create_engine

engine = create_engine(
    os.environ["$KEY"],
    pool_size=$LIMIT, ← The most connections one instance of the app opens; the pool shares out the database's own.
    max_overflow=0, ← Otherwise ten more are opened under load.
[unnamed]    connect_args={"prepare_threshold": None}, ← From its fifth run on psycopg prepares a statement by name, which lasts for one transaction only behind this pool.
)
"#,
    migrate: ALEMBIC,
};

const ASYNC_TLS: &[Rule] = &[
    no(
        &["sslmode"],
        "SQLAlchemy hands it to asyncpg as an argument, which asyncpg does not know; ssl is its word.",
    ),
    set("ssl", "require", "The connection is encrypted; the certificate is not checked.")
        .when(When::Encrypted),
    set(
        "ssl",
        "require",
        "The connection is encrypted; the certificate is checked by the code below.",
    )
    .when(When::Verified),
];

const ASYNC_READS: &[Reader] = &[Reader::SqlAlchemy];

pub const SQLALCHEMY_ASYNCPG: About = About {
    title: "SQLAlchemy with asyncpg",
    family: "Python",
    also: "fastapi asyncio alembic orm sqlmodel",
    form: Form::Url("postgresql+asyncpg"),
    pooled: Side {
        reads: ASYNC_READS,
        stray: Stray::Refused,
        tls: ASYNC_TLS,
        rules: &[set(
            "prepared_statement_cache_size",
            "0",
            "A prepared statement lasts for one transaction only behind this pool, so none is kept.",
        )
        .when(When::Unnamed)],
    },
    direct: Side { reads: ASYNC_READS, stray: Stray::Refused, tls: ASYNC_TLS, rules: &[] },
    file: "db.py",
    code: r#"
import os
[verified]import ssl

from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine(
    os.environ["$KEY"],
    pool_size=$LIMIT, ← The most connections one instance of the app opens; the pool shares out the database's own.
    max_overflow=0, ← Otherwise ten more are opened under load.
    connect_args={
[verified]        "ssl": ssl.create_default_context(cafile="$CA"), ← The server proves that it is this cluster; asyncpg takes the authority only in code.
[unnamed]        "prepared_statement_name_func": lambda: "", ← A statement with a name stays behind on a server connection, where the next process stumbles over it.
[unnamed]        "statement_cache_size": 0, ← asyncpg's own statements are prepared by name as well.
    },
)
"#,
    migrate: ALEMBIC,
};

pub const DJANGO: About = About {
    title: "Django",
    family: "Python",
    also: "dj-database-url orm wagtail",
    form: Form::URL,
    pooled: LIBPQ_POOLED,
    direct: LIBPQ_DIRECT,
    file: "settings.py",
    code: r#"
import os

import dj_database_url

DATABASES = {
    "default": dj_database_url.parse(
        os.environ["$KEY"],
        disable_server_side_cursors=True, ← .iterator() would read from a cursor that stays behind on another server connection.
    )
}
DATABASES["default"]["OPTIONS"]["pool"] = { ← Django 5.1 with psycopg 3 keeps connections in a pool of its own; before, each thread has one.
    "min_size": 1,
    "max_size": $LIMIT, ← The most connections one process of the app opens; the pool shares out the database's own.
}
"#,
    migrate: (
        r#"$KEY="$$DIRECT" python manage.py migrate"#,
        "settings.py reads $KEY; for this command it holds the direct URL.",
    ),
};
