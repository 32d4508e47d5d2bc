//! Rails.

use crate::domain::conn_url::{Form, parameters::Reader};

use super::{About, Side, Stray, rules::LIBPQ_TLS};

const SIDE: Side = Side {
    reads: &[Reader::Libpq, Reader::Rails],
    stray: Stray::Ignored,
    tls: LIBPQ_TLS,
    rules: &[],
};

pub const RAILS: About = About {
    title: "Rails",
    family: "Ruby",
    also: "active record activerecord sequel",
    form: Form::URL,
    pooled: SIDE,
    direct: SIDE,
    file: "config/database.yml",
    code: r#"
production:
  adapter: postgresql
  url: <%= ENV["$KEY"] %>
  pool: $LIMIT ← The most connections one process opens; at least the threads of Puma.
[unnamed]  prepared_statements: false ← They are prepared by name, which lasts for one transaction only behind this pool.
"#,
    migrate: (
        r#"$KEY="$$DIRECT" bin/rails db:migrate"#,
        "Rails locks with the session: over a pool the lock would stay behind (ConcurrentMigrationError).",
    ),
};
