//! psql, whatever else is built on libpq, and clients that are not known.

use crate::domain::conn_url::{Form, parameters::Reader};

use super::{
    About, Side, Stray,
    rules::{LIBPQ_DIRECT, LIBPQ_TLS},
};

/// A file of SQL, all or nothing.
pub(super) const PSQL_FILE: &str = r#"psql "$$DIRECT" -v ON_ERROR_STOP=1 -1 -f migration.sql"#;

pub const LIBPQ: About = About {
    title: "psql and libpq",
    family: "Command line",
    also: "pg_dump pg_restore shell terminal C postgresql",
    form: Form::URL,
    pooled: Side { reads: &[Reader::Libpq], stray: Stray::Refused, tls: LIBPQ_TLS, rules: &[] },
    direct: LIBPQ_DIRECT,
    file: "shell",
    code: r#"
psql "$$KEY"
"#,
    migrate: (PSQL_FILE, "One transaction: the file applies as a whole or not at all."),
};

pub const UNKNOWN: About = About {
    title: "Other",
    family: "Other",
    also: "unknown generic plain",
    form: Form::URL,
    pooled: Side { reads: &[Reader::Libpq], stray: Stray::Sent, tls: LIBPQ_TLS, rules: &[] },
    direct: LIBPQ_DIRECT,
    file: "",
    code: "",
    migrate: (
        PSQL_FILE,
        "Or the project's own tool, with the direct URL in the variable that it reads.",
    ),
};
