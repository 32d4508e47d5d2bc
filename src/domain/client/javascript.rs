//! Node's clients. All but postgres.js stand on node-postgres and read its URL.

use crate::domain::conn_url::{Form, parameters::Reader};

use super::{
    About, Side, Stray,
    rules::{REQUIRE_TLS, Rule, WHY_CA, WHY_VERIFIED, When, set},
};

/// node-postgres 8 checks the certificate whatever sslmode says, but for this word of its own.
pub(super) const NODE_TLS: &[Rule] = &[
    set(
        "sslmode",
        "no-verify",
        "The connection is encrypted; the certificate is not checked. With sslmode=require node-postgres checks it, and refuses DigitalOcean's own authority.",
    )
    .when(When::Encrypted),
    set("sslmode", "verify-full", WHY_VERIFIED).when(When::Verified),
    set("sslrootcert", "$CA", WHY_CA).when(When::Verified),
];

const POOLED: Side = Side {
    reads: &[Reader::Libpq, Reader::NodePostgres],
    stray: Stray::Ignored,
    tls: NODE_TLS,
    rules: &[],
};

const DIRECT: Side =
    Side { reads: &[Reader::Libpq, Reader::NodePostgres, Reader::Server], ..POOLED };

pub const NODE_POSTGRES: About = About {
    title: "node-postgres",
    family: "JavaScript",
    also: "pg node typescript express",
    form: Form::URL,
    pooled: POOLED,
    direct: DIRECT,
    file: "db.js",
    code: r#"
import pg from "pg";

export const pool = new pg.Pool({
  connectionString: process.env.$KEY,
  max: $LIMIT, ← The most connections one instance of the app opens; node-postgres takes it here, not in the URL.
  connectionTimeoutMillis: 20_000, ← How long a query waits for one of these connections; without it, for ever.
});
[unnamed]// No query has a name: { name: … } prepares a statement. ← A named statement lives on one server connection, and the pool lends another for the next transaction.
"#,
    migrate: (
        r#"DATABASE_URL="$$DIRECT" npx --no node-pg-migrate up"#,
        "node-pg-migrate reads DATABASE_URL, and locks with the session: over a pool the lock would stay behind.",
    ),
};

pub const POSTGRES_JS: About = About {
    title: "postgres.js",
    family: "JavaScript",
    also: "postgres porsager node deno bun typescript",
    form: Form::URL,
    pooled: Side { reads: &[Reader::PostgresJs], stray: Stray::Sent, tls: REQUIRE_TLS, rules: &[] },
    direct: Side {
        reads: &[Reader::PostgresJs, Reader::Server],
        stray: Stray::Sent,
        tls: REQUIRE_TLS,
        rules: &[],
    },
    file: "db.js",
    code: r#"
[verified]import { readFileSync } from "node:fs";
import postgres from "postgres";

export const sql = postgres(process.env.$KEY, {
  max: $LIMIT, ← The most connections one instance of the app opens; the pool shares out the database's own.
[unnamed]  prepare: false, ← Its statements are prepared by name, which lasts for one transaction only behind this pool.
[verified]  ssl: { ca: readFileSync("$CA") }, ← postgres.js does not read sslrootcert in the URL; with ssl it checks the certificate and the host's name.
});
"#,
    migrate: (
        r#"$KEY="$$DIRECT" npx --no drizzle-kit migrate"#,
        "Or the tool of the project, with the direct URL in the variable that it reads.",
    ),
};

pub const DRIZZLE: About = About {
    title: "Drizzle",
    family: "JavaScript",
    also: "drizzle-orm drizzle-kit node typescript orm",
    form: Form::URL,
    pooled: POOLED,
    direct: DIRECT,
    file: "db.js",
    code: r#"
import { drizzle } from "drizzle-orm/node-postgres";

export const db = drizzle({
  connection: {
    connectionString: process.env.$KEY,
    max: $LIMIT, ← The most connections one instance of the app opens; the pool shares out the database's own.
  },
});
[unnamed]// No .prepare("name"): it needs a statement that outlasts the transaction. ← The pool lends another server connection for the next transaction.
"#,
    migrate: (
        r#"$KEY="$$DIRECT" npx --no drizzle-kit migrate"#,
        "dbCredentials.url in drizzle.config.ts reads $KEY; for this command it holds the direct URL.",
    ),
};

pub const TYPE_ORM: About = About {
    title: "TypeORM",
    family: "JavaScript",
    also: "nest nestjs node typescript orm",
    form: Form::URL,
    pooled: POOLED,
    direct: DIRECT,
    file: "data-source.js",
    code: r#"
import "reflect-metadata";
import { DataSource } from "typeorm";

export const dataSource = new DataSource({
  type: "postgres",
  url: process.env.$KEY,
  poolSize: $LIMIT, ← The most connections one instance of the app opens; the pool shares out the database's own.
});
"#,
    migrate: (
        r#"$KEY="$$DIRECT" npx --no typeorm migration:run -d data-source.js"#,
        "The data source reads $KEY; for this command it holds the direct URL.",
    ),
};

pub const KNEX: About = About {
    title: "Knex",
    family: "JavaScript",
    also: "objection bookshelf node query builder",
    form: Form::URL,
    pooled: POOLED,
    direct: DIRECT,
    file: "db.js",
    code: r#"
import knex from "knex";

export const db = knex({
  client: "pg",
  connection: process.env.$KEY,
  pool: {
    min: 0, ← Knex keeps two connections open otherwise, also in an instance that has nothing to do.
    max: $LIMIT, ← The most connections one instance of the app opens; the pool shares out the database's own.
  },
});
"#,
    migrate: (
        r#"$KEY="$$DIRECT" npx --no knex migrate:latest"#,
        "knexfile.js reads $KEY; for this command it holds the direct URL.",
    ),
};

pub const SEQUELIZE: About = About {
    title: "Sequelize",
    family: "JavaScript",
    also: "node typescript orm",
    form: Form::URL,
    pooled: POOLED,
    direct: DIRECT,
    file: "db.js",
    code: r#"
import { Sequelize } from "sequelize";

export const sequelize = new Sequelize(process.env.$KEY, {
  dialect: "postgres",
  pool: { max: $LIMIT }, ← The most connections one instance of the app opens; the pool shares out the database's own.
});
"#,
    migrate: (
        r#"$KEY="$$DIRECT" npx --no sequelize-cli db:migrate"#,
        "config.js names $KEY in use_env_variable; for this command it holds the direct URL.",
    ),
};
