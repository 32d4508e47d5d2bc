//! Prisma. Up to 6 its own engine reads the URL; from 7 on the client is node-postgres, and the engine only migrates.

use crate::domain::conn_url::{Form, parameters::Reader};

use super::{
    About, Side, Stray,
    javascript::NODE_TLS,
    rules::{Rule, WHY_CA, WHY_LIMIT, WHY_VERIFIED, When, no, set, without, without_value},
};

const ENGINE: &[Reader] = &[Reader::Libpq, Reader::Server, Reader::Prisma];

const ENGINE_TLS: &[Rule] = &[
    set(
        "sslmode",
        "require",
        "The connection is encrypted; Prisma does not check the certificate.",
    )
    .when(When::Encrypted),
    set("sslmode", "require", "The connection is encrypted. Prisma's engine knows no verify-full.")
        .when(When::Verified),
    set("sslaccept", "strict", WHY_VERIFIED).when(When::Verified),
    set("sslcert", "$CA_FROM_SCHEMA", WHY_CA).when(When::Verified),
];

const ENGINE_DIRECT: Side = Side {
    reads: ENGINE,
    stray: Stray::Ignored,
    tls: ENGINE_TLS,
    rules: &[
        without("connection_limit", WHY_ONE),
        without("pgbouncer", WHY_ONE),
        without("pool_timeout", WHY_ONE),
    ],
};

const WHY_ONE: &str = "Prisma's migrations use one direct connection and need no pool settings.";

pub const PRISMA_6: About = About {
    title: "Prisma 4 to 6",
    family: "JavaScript",
    also: "typescript node orm 5",
    form: Form::URL,
    pooled: Side {
        reads: ENGINE,
        stray: Stray::Ignored,
        tls: ENGINE_TLS,
        rules: &[
            without_value(
                "schema",
                "public",
                "It is public without it, and Prisma may send it at sign-in, which a pooler refuses.",
            ),
            no(
                &["pgbouncer"],
                "Prepared statements last behind this pool; the flag would only add a transaction to every query.",
            )
            .when(When::Named),
            set(
                "pgbouncer",
                "true",
                "The pooler does not keep track of prepared statements, so Prisma must not rely on them.",
            )
            .when(When::NotTracked),
            set(
                "pgbouncer",
                "true",
                "Whether the pooler keeps track of prepared statements is not known; with the flag Prisma works either way.",
            )
            .when(When::NotKnown),
            set("connection_limit", "$LIMIT", WHY_LIMIT),
            set(
                "pool_timeout",
                "20",
                "Seconds a query waits for one of these connections before Prisma gives up.",
            ),
        ],
    },
    direct: ENGINE_DIRECT,
    file: "prisma/schema.prisma",
    code: r#"
datasource db {
  provider  = "postgresql"
  url       = env("$KEY") ← The app's queries go through the pool.
  directUrl = env("$DIRECT") ← Migrations go straight to the database.
}
"#,
    migrate: (
        r#"$KEY="$$DIRECT" npx --no prisma migrate deploy"#,
        "Both variables hold the direct URL for this one command: older versions know no directUrl.",
    ),
};

pub const PRISMA_7: About = About {
    title: "Prisma 7",
    family: "JavaScript",
    also: "typescript node orm adapter-pg",
    form: Form::URL,
    pooled: Side {
        reads: &[Reader::Libpq, Reader::NodePostgres],
        stray: Stray::Ignored,
        tls: NODE_TLS,
        rules: &[
            no(&["pgbouncer"], "Prisma 7 sends no named statements, so any pooler suits it."),
            no(
                &["connection_limit", "pool_timeout"],
                "Prisma 7 ignores them in the URL; max and connectionTimeoutMillis in its adapter set them.",
            ),
        ],
    },
    direct: ENGINE_DIRECT,
    file: "src/db.ts",
    code: r#"
import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "./generated/prisma/client";

const adapter = new PrismaPg({
  connectionString: process.env.$KEY,
  max: $LIMIT, ← The most connections one instance of the app opens; the pool shares out the database's own.
  connectionTimeoutMillis: 20_000, ← How long a query waits for one of these connections; without it, for ever.
  idleTimeoutMillis: 300_000, ← Idle connections to the pool cost little; new ones cost a sign-in.
});

export const prisma = new PrismaClient({ adapter });
"#,
    migrate: (
        "npx --no prisma migrate deploy",
        "datasource.url in prisma.config.ts must read $DIRECT: Prisma 7 knows no directUrl.",
    ),
};
