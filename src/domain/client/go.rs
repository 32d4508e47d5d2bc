//! Go's clients.

use crate::domain::conn_url::{Form, parameters::Reader};

use super::{
    About, Side, Stray,
    rules::{LIBPQ_TLS, WHY_LIMIT, When, set},
};

const GOOSE: (&str, &str) = (
    r#"GOOSE_DRIVER=postgres GOOSE_DBSTRING="$$DIRECT" goose -dir migrations up"#,
    "golang-migrate and tern need the direct URL as well: their locks belong to the session.",
);

/// migrate, goose and tern stand on either client and want neither's settings.
const DIRECT: Side = Side {
    reads: &[Reader::Libpq, Reader::Server],
    stray: Stray::Sent,
    tls: LIBPQ_TLS,
    rules: &[],
};

pub const PGX: About = About {
    title: "pgx",
    family: "Go",
    also: "golang pgxpool jackc gorm sqlc",
    form: Form::URL,
    pooled: Side {
        reads: &[Reader::Libpq, Reader::Pgx],
        stray: Stray::Sent,
        tls: LIBPQ_TLS,
        rules: &[
            set(
                "default_query_exec_mode",
                "exec",
                "pgx prepares statements by name, which lasts for one transaction only behind this pool.",
            )
            .when(When::Unnamed),
            set("pool_max_conns", "$LIMIT", WHY_LIMIT),
        ],
    },
    direct: DIRECT,
    file: "db.go",
    code: r#"
pool, err := pgxpool.New(ctx, os.Getenv("$KEY")) ← pgxpool reads pool_max_conns; a single connection with pgx.Connect would send it to the server.
"#,
    migrate: GOOSE,
};

pub const LIB_PQ: About = About {
    title: "lib/pq",
    family: "Go",
    also: "golang database/sql pq sqlx gorm",
    form: Form::URL,
    pooled: Side {
        reads: &[Reader::Libpq, Reader::GoPq],
        stray: Stray::Sent,
        tls: LIBPQ_TLS,
        rules: &[set(
            "binary_parameters",
            "yes",
            "A query and its values then travel in one round trip; in two, the pool may lend another connection for the second.",
        )
        .when(When::Unnamed)],
    },
    direct: DIRECT,
    file: "db.go",
    code: r#"
db, err := sql.Open("postgres", os.Getenv("$KEY"))
if err != nil {
	log.Fatal(err)
}
db.SetMaxOpenConns($LIMIT) ← The most connections one instance of the app opens; database/sql sets no limit by itself.
[unnamed]// No db.Prepare: it needs a statement that outlasts the transaction. ← The pool lends another server connection for the next transaction.
"#,
    migrate: GOOSE,
};
