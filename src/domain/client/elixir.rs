//! Ecto over Postgrex.

use crate::domain::conn_url::{Form, parameters::Reader};

use super::{
    About, Side, Stray,
    rules::{Rule, no},
};

/// Versions of Ecto differ in what they accept in the URL, so nothing about encryption stands there.
const TLS: &[Rule] =
    &[no(&["sslmode"], "Some versions of Ecto refuse it; ssl in the configuration below says it.")];

const SIDE: Side = Side { reads: &[Reader::Ecto], stray: Stray::Refused, tls: TLS, rules: &[] };

pub const ECTO: About = About {
    title: "Ecto",
    family: "Elixir",
    also: "phoenix postgrex",
    form: Form::URL,
    pooled: SIDE,
    direct: SIDE,
    file: "config/runtime.exs",
    code: r#"
config :shop, Shop.Repo,
  url: System.fetch_env!("$KEY"),
[verified]  ssl: [verify: :verify_peer, cacertfile: "$CA"], ← The connection is encrypted, and the server proves that it is this cluster.
[encrypted]  ssl: [verify: :verify_none], ← The connection is encrypted; the certificate is not checked.
[unnamed]  prepare: :unnamed, ← Statements prepared by name last for one transaction only behind this pool.
  pool_size: $LIMIT ← The most connections one instance of the app opens; the pool shares out the database's own.
"#,
    migrate: (
        r#"$KEY="$$DIRECT" mix ecto.migrate"#,
        "The repository reads $KEY; for this command it holds the direct URL.",
    ),
};
