//! The folders that are played against the real Prisma.

use super::{
    Case,
    Expect::{self, Better, LogsKept, NewerStatus, Same},
    Step::{self, Applied, Deploy, Directory, File, Link, Remove, RolledBack, Script, Sql, Status},
};

const INIT: (&str, &str) = (
    "20250101000000_init",
    "-- CreateTable\nCREATE TABLE \"User\" (\n    \"id\" SERIAL NOT NULL,\n    \"email\" TEXT NOT NULL,\n    CONSTRAINT \"User_pkey\" PRIMARY KEY (\"id\")\n);\n",
);
const POSTS: (&str, &str) = (
    "20250102000000_posts",
    "CREATE TABLE \"Post\" (\"id\" SERIAL PRIMARY KEY, \"author\" INT NOT NULL REFERENCES \"User\"(\"id\"));\nCREATE INDEX \"Post_author\" ON \"Post\"(\"author\");\n",
);
const BROKEN: (&str, &str) =
    ("20250103000000_broken", "CREATE TABLE half(id INT);\nCREATE TABLE \"User\"(id INT);\n");
const BROKEN_NAME: &str = BROKEN.0;
const FIXED: (&str, &str) = (BROKEN.0, "CREATE TABLE half(id INT);\n");
const LAST: (&str, &str) = ("20250104000000_last", "CREATE TABLE last(id INT);\n");

fn script((name, sql): (&'static str, &'static str)) -> Step {
    Script(name, sql.into())
}

fn one(sql: &str) -> Step {
    Script("20250105000000_one", sql.into())
}

fn case<const N: usize>(name: &'static str, steps: [Step; N]) -> Case {
    Case { name, quick: false, url: "", steps: steps.into(), expect: Same }
}

fn quick<const N: usize>(name: &'static str, steps: [Step; N]) -> Case {
    Case { quick: true, ..case(name, steps) }
}

impl Case {
    fn url(self, url: &'static str) -> Self {
        Self { url, ..self }
    }

    fn expect(self, expect: Expect) -> Self {
        Self { expect, ..self }
    }
}

pub fn all() -> Vec<Case> {
    [
        ordinary(),
        failing(),
        resolving(),
        baseline(),
        files(),
        folders(),
        lock_files(),
        schemas(),
        transactions(),
        statements(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn ordinary() -> Vec<Case> {
    vec![
        quick("three ordinary ones", [script(INIT), script(POSTS), script(LAST), Deploy]),
        case("nothing pending the second time", [script(INIT), Deploy, Deploy, Status]),
        case("one more after a deploy", [script(INIT), Deploy, script(POSTS), Status, Deploy]),
        case(
            "one that sorts before applied ones",
            [script(INIT), script(LAST), Deploy, script(POSTS), Deploy],
        ),
        case("an empty folder", [Deploy]),
        case("an empty folder, status first", [Status, Deploy, Status]),
    ]
}

fn failing() -> Vec<Case> {
    let refused = |name, steps: Vec<Step>| Case { steps, ..case(name, []) };
    vec![
        refused(
            "the first fails",
            vec![Script(INIT.0, "SELECT broken;".into()), script(LAST), Deploy],
        ),
        refused(
            "the second of three fails",
            vec![script(INIT), script(BROKEN), script(LAST), Deploy],
        ),
        refused("the last fails", vec![script(INIT), script(POSTS), script(BROKEN), Deploy]),
        case(
            "after a failure nothing is applied",
            [script(INIT), script(BROKEN), Deploy, script(LAST), Deploy, Status],
        ),
        case(
            "a failed one is gone from the folder",
            [script(INIT), script(BROKEN), Deploy, Remove(BROKEN_NAME), Deploy],
        ),
        case(
            "a constraint is violated",
            [one("CREATE TABLE t(id INT UNIQUE);\nINSERT INTO t VALUES (1), (1);\n"), Deploy],
        ),
        case(
            "a block raises an exception",
            [one("DO $$ BEGIN RAISE EXCEPTION 'no; really'; END $$;"), Deploy],
        ),
        case(
            "a syntax error after good statements",
            [one("CREATE TABLE t(id INT);\nCREATE TABL u(id INT);\n"), Deploy],
        ),
        case("a command of psql", [one("\\set x 1\nCREATE TABLE t(id INT);\n"), Deploy]),
        case(
            "rows for COPY",
            [one("CREATE TABLE t(id INT);\nCOPY t FROM stdin;\n1\n\\.\n"), Deploy],
        ),
    ]
}

fn resolving() -> Vec<Case> {
    vec![
        quick(
            "rolled back, corrected, applied",
            [script(INIT), script(BROKEN), Deploy, RolledBack(BROKEN_NAME), script(FIXED), Deploy],
        ),
        case(
            "rolled back and not applied again",
            [script(INIT), script(BROKEN), Deploy, RolledBack(BROKEN_NAME)],
        )
        .expect(NewerStatus),
        case(
            "rolled back twice",
            [
                script(INIT),
                script(BROKEN),
                Deploy,
                RolledBack(BROKEN_NAME),
                RolledBack(BROKEN_NAME),
            ],
        )
        .expect(NewerStatus),
        case(
            "three attempts, then marked as applied",
            [
                script(INIT),
                script(BROKEN),
                Deploy,
                RolledBack(BROKEN_NAME),
                Deploy,
                RolledBack(BROKEN_NAME),
                Deploy,
                Applied(BROKEN_NAME),
            ],
        ),
        case(
            "a failed one marked as applied, the rest deployed",
            [script(INIT), script(BROKEN), script(LAST), Deploy, Applied(BROKEN_NAME), Deploy],
        ),
        case("applied is not marked again", [script(INIT), Deploy, Applied(INIT.0)]),
        case("what is applied did not fail", [script(INIT), Deploy, RolledBack(INIT.0)]),
        case(
            "what never began can't be rolled back",
            [script(INIT), Deploy, RolledBack("20200101000000_other")],
        ),
        case(
            "what the folder lacks can't be marked",
            [script(INIT), Applied("20200101000000_other"), Deploy],
        ),
        case("without a ledger nothing is rolled back", [script(INIT), RolledBack(INIT.0)]),
        case(
            "rolled back after a later success",
            [
                script(INIT),
                script(BROKEN),
                Deploy,
                RolledBack(BROKEN_NAME),
                script(FIXED),
                Deploy,
                RolledBack(BROKEN_NAME),
            ],
        ),
        case(
            "pending ones marked one by one",
            [script(INIT), script(POSTS), Applied(POSTS.0), Applied(INIT.0), Deploy],
        ),
    ]
}

fn baseline() -> Vec<Case> {
    let there = "CREATE TABLE \"User\"(id INT PRIMARY KEY)";
    vec![
        quick(
            "tables without a ledger, then a baseline",
            [Sql(there), script(INIT), script(LAST), Deploy, Applied(INIT.0), Deploy],
        ),
        case("tables without a ledger and an empty folder", [Sql(there), Deploy]),
        case(
            "views alone are no tables",
            [
                Sql(
                    "CREATE VIEW v AS SELECT 1 AS one; CREATE MATERIALIZED VIEW m AS SELECT 2 AS two",
                ),
                script(INIT),
                Deploy,
            ],
        ),
        case(
            "types, sequences and functions are no tables",
            [
                Sql(
                    "CREATE TYPE mood AS ENUM ('ok'); CREATE SEQUENCE s; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1'",
                ),
                script(INIT),
                Deploy,
            ],
        ),
        case(
            "a partitioned table without partitions",
            [Sql("CREATE TABLE p(id INT) PARTITION BY RANGE (id)"), script(INIT), Deploy],
        ),
        case(
            "a partition is a table",
            [
                Sql(
                    "CREATE TABLE p(id INT) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p DEFAULT",
                ),
                script(INIT),
                Deploy,
            ],
        ),
        case(
            "an unlogged table is a table",
            [Sql("CREATE UNLOGGED TABLE u(id INT)"), script(INIT), Deploy],
        ),
        case(
            "what PostGIS makes is no table",
            [Sql("CREATE TABLE spatial_ref_sys(id INT)"), script(INIT), Deploy],
        ),
        case(
            "tables in another schema do not count",
            [Sql("CREATE SCHEMA other; CREATE TABLE other.t(id INT)"), script(INIT), Deploy],
        ),
    ]
}

fn files() -> Vec<Case> {
    let crlf = |sql: &str| sql.replace('\n', "\r\n").into_bytes();
    vec![
        case(
            "edited after it was applied",
            [
                script(INIT),
                Deploy,
                Script(INIT.0, "CREATE TABLE other(id INT);".into()),
                Deploy,
                Status,
            ],
        ),
        case(
            "an applied one is gone",
            [script(INIT), script(POSTS), Deploy, Remove(POSTS.0), Deploy, Status],
        ),
        case(
            "one is gone and another is pending",
            [script(INIT), script(POSTS), Deploy, Remove(POSTS.0), script(LAST), Status, Deploy],
        ),
        case(
            "Windows line ends",
            [Script(INIT.0, crlf(INIT.1)), Script(POSTS.0, crlf(POSTS.1)), Deploy],
        ),
        case(
            "line ends changed after it was applied",
            [script(INIT), Deploy, Script(INIT.0, crlf(INIT.1)), Deploy],
        ),
        quick(
            "a byte order mark",
            [Script(INIT.0, [b"\xEF\xBB\xBF", INIT.1.as_bytes()].concat()), Deploy, Status],
        ),
        case("an empty file", [one(""), Deploy]),
        case("comments only", [one("-- This is an empty migration.\n/* ; */"), Deploy]),
        case("semicolons only", [one(";;\n;"), Deploy]),
        case("no semicolon at the end", [one("CREATE TABLE t(id INT)"), Deploy]),
        case(
            "letters of many scripts",
            [one("CREATE TABLE \"größe_表\"(\"ü\" TEXT DEFAULT '🦀; --');\n"), Deploy],
        ),
    ]
}

fn folders() -> Vec<Case> {
    let table = |name: &'static str, sql: &'static str| Script(name, sql.into());
    vec![
        quick(
            "hidden and oddly named ones, in Prisma's order",
            [
                table(".hidden", "CREATE TABLE hidden(id INT);"),
                table("10_x", "ALTER TABLE a ADD x INT;"),
                table("1_init", "CREATE TABLE a(id INT);"),
                table("2_y", "ALTER TABLE a DROP x;"),
                table("A", "CREATE TABLE big(id INT);"),
                table("b it's", "ALTER TABLE big ADD b INT;"),
                table("é 表", "ALTER TABLE big DROP b;"),
                Deploy,
            ],
        ),
        case(
            "the order of big and small letters",
            [
                table("20250101_b", "ALTER TABLE a ADD x INT;"),
                table("20250101_A", "CREATE TABLE a(id INT);"),
                table("20250101_C", "ALTER TABLE a DROP x;"),
                Deploy,
            ],
        ),
        case(
            "links and loose files do not count",
            [
                script(INIT),
                Link("20250102000000_link"),
                File("README.md", "# no"),
                File("x.sql", "no"),
                Deploy,
            ],
        ),
        case(
            "a directory without a script comes last",
            [script(INIT), Directory("20250199000000_none"), Deploy, Status],
        ),
        case(
            "a directory without a script between others",
            [script(INIT), Directory("20250101500000_none"), script(POSTS), Deploy, Deploy],
        ),
        case(
            "an applied one lost its script",
            [
                script(INIT),
                script(POSTS),
                Deploy,
                Remove("20250101000000_init/migration.sql"),
                Deploy,
                Status,
            ],
        ),
        case(
            "scripts in subfolders do not count",
            [
                script(INIT),
                Directory("20250101000000_init/more"),
                File("20250101000000_init/more/migration.sql", "no"),
                Deploy,
            ],
        ),
    ]
}

fn lock_files() -> Vec<Case> {
    let lock = "migration_lock.toml";
    vec![
        case("no lock file", [Remove(lock), script(INIT), Deploy]),
        case(
            "a lock file of another database",
            [File(lock, "provider = \"mysql\"\n"), script(INIT), Deploy, Status, Applied(INIT.0)],
        ),
        case(
            "a lock file without blanks",
            [File(lock, "provider=\"postgresql\"\n"), script(INIT), Deploy],
        ),
        case(
            "a lock file with comments and Windows line ends",
            [File(lock, "# Do not edit\r\nprovider = \"postgresql\"\r\n"), script(INIT), Deploy],
        ),
        case(
            "a lock file does not stop a roll-back",
            [
                script(INIT),
                script(BROKEN),
                Deploy,
                File(lock, "provider = \"sqlite\"\n"),
                RolledBack(BROKEN_NAME),
                File(lock, "provider = \"postgresql\"\n"),
            ],
        )
        .expect(NewerStatus),
    ]
}

fn schemas() -> Vec<Case> {
    vec![
        quick("another schema, which is made", [script(INIT), script(POSTS), Deploy, Status])
            .url("&schema=app"),
        case("a schema with capitals and blanks", [script(INIT), Deploy]).url("&schema=My%20App"),
        case(
            "another schema with tables",
            [
                Sql("CREATE SCHEMA app; CREATE TABLE app.t(id INT)"),
                script(INIT),
                Deploy,
                Applied(INIT.0),
            ],
        )
        .url("&schema=app"),
        case(
            "a table in public does not count for another schema",
            [Sql("CREATE TABLE t(id INT)"), script(INIT), Deploy],
        )
        .url("&schema=app"),
        case(
            "a schema named like the user takes the ledger",
            [Sql("CREATE SCHEMA doadmin"), script(INIT), Deploy, Deploy],
        )
        // Prisma looks for tables in public, so it finds its ledger once and wants to make it again the next time.
        .expect(Better {
            ours: "0 0 · 20250101000000_init in doadmin._prisma_migrations finished",
            prisma: "0 1 · 20250101000000_init in doadmin._prisma_migrations finished",
        }),
        case(
            "qualified names in another schema",
            [one("CREATE SCHEMA x; CREATE TABLE x.t(id INT); CREATE TABLE u(id INT);"), Deploy],
        )
        .url("&schema=app"),
    ]
}

fn transactions() -> Vec<Case> {
    vec![
        quick(
            "a transaction of its own",
            [one("BEGIN;\nCREATE TABLE t(id INT);\nCOMMIT;\n"), script(LAST), Deploy],
        ),
        case(
            "a failure in a transaction of its own",
            [one("BEGIN;\nCREATE TABLE t(id INT);\nSELECT broken;\nCOMMIT;\n"), Deploy],
        )
        .expect(LogsKept),
        case(
            "a commit in the middle, then a failure",
            [
                one("CREATE TABLE t(id INT);\nCOMMIT;\nCREATE TABLE u(id INT);\nSELECT broken;\n"),
                Deploy,
            ],
        ),
        case(
            "a roll-back at the end",
            [one("BEGIN;\nCREATE TABLE t(id INT);\nROLLBACK;\n"), Deploy],
        ),
        case(
            "a savepoint",
            [
                one(
                    "BEGIN; SAVEPOINT s; CREATE TABLE t(id INT); ROLLBACK TO s; CREATE TABLE u(id INT); COMMIT;",
                ),
                Deploy,
            ],
        ),
        case("a commit without a transaction", [one("CREATE TABLE t(id INT);\nCOMMIT;\n"), Deploy]),
        // Prisma reports success, and everything is undone when it disconnects.
        case("a transaction left open", [one("BEGIN;\nCREATE TABLE t(id INT);\n"), Deploy]).expect(
            Better { ours: "1 · 20250105000000_one logs", prisma: "0 · 20250105000000_one" },
        ),
        case(
            "a transaction left open, more behind it",
            [
                script(INIT),
                one("BEGIN;\nCREATE TABLE t(id INT);\n"),
                Script("20250106000000_two", "CREATE TABLE u(id INT);".into()),
                Deploy,
            ],
        )
        .expect(Better {
            ours: "1 · 20250101000000_init finished · 20250105000000_one logs",
            prisma: "0 · 20250101000000_init finished · 20250105000000_one",
        }),
    ]
}

fn statements() -> Vec<Case> {
    let mut cases = vec![
        quick(
            "an index built concurrently",
            [script(TABLE), one("CREATE INDEX CONCURRENTLY i ON t(id);\n"), Deploy],
        ),
        case(
            "an index dropped concurrently",
            [script(TABLE), one("DROP INDEX CONCURRENTLY IF EXISTS i;\n"), Deploy],
        ),
        case(
            "an index built concurrently fails",
            [script(TABLE), one("CREATE INDEX CONCURRENTLY i ON t(nothing);\n"), Deploy],
        ),
        case("VACUUM alone", [script(TABLE), one("VACUUM t;"), Deploy]),
        // As Prisma 7.4 and later do.
        case(
            "an index built concurrently among others",
            [
                script(TABLE),
                one("CREATE TABLE u(id INT);\nCREATE INDEX CONCURRENTLY i ON t(id);\n"),
                Deploy,
            ],
        )
        .expect(Better {
            ours: "0 · 20250104000000_table finished · 20250105000000_one finished",
            prisma: "1 · 20250104000000_table finished · 20250105000000_one logs",
        }),
        case(
            "an index built concurrently inside BEGIN and COMMIT",
            [
                script(TABLE),
                one("BEGIN;\nCREATE INDEX CONCURRENTLY i ON t(id);\nCOMMIT;\n"),
                Deploy,
            ],
        )
        .expect(LogsKept),
    ];
    cases.extend(kinds_of_statements());
    cases.extend(settings());
    cases
}

const TABLE: (&str, &str) =
    ("20250104000000_table", "CREATE TABLE t(id INT);\nCREATE TYPE mood AS ENUM ('ok');\n");

fn kinds_of_statements() -> Vec<Case> {
    vec![
        case(
            "a new value of an enum",
            [script(TABLE), one("ALTER TYPE mood ADD VALUE 'sad';\n"), Deploy],
        ),
        case(
            "two new values of an enum",
            [
                script(TABLE),
                one(
                    "ALTER TYPE mood ADD VALUE 'sad';\nALTER TYPE mood ADD VALUE 'mad' BEFORE 'ok';\n",
                ),
                Deploy,
            ],
        ),
        quick(
            "a new value of an enum that is used at once",
            [
                script(TABLE),
                one("ALTER TYPE mood ADD VALUE 'sad';\nCREATE TABLE u(m mood DEFAULT 'sad');\n"),
                Deploy,
            ],
        ),
        case(
            "functions with semicolons",
            [
                one(
                    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN RETURN 1; END; $body$;\nCREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;\n",
                ),
                Deploy,
            ],
        ),
        case(
            "triggers, rules, comments and rights",
            [
                script(TABLE),
                one(
                    "CREATE RULE r AS ON INSERT TO t DO ALSO (NOTIFY a; NOTIFY b);\nCOMMENT ON TABLE t IS 'it''s; here';\nGRANT SELECT ON t TO PUBLIC;\n",
                ),
                Deploy,
            ],
        ),
        case(
            "a script that gives rows",
            [
                one(
                    "CREATE TABLE t(id INT);\nINSERT INTO t SELECT generate_series(1, 1000) RETURNING id;\nSELECT * FROM t;\n",
                ),
                Deploy,
            ],
        ),
    ]
}

/// What a script leaves in the session: Prisma goes on with it, ours begins anew.
fn settings() -> Vec<Case> {
    let after = Script("20250106000000_after", "CREATE TABLE after(id INT);\n".into());
    let after = || match &after {
        Script(name, sql) => Script(name, sql.clone()),
        _ => panic!("a script"),
    };
    vec![
        case("a setting for its transaction only", [one("SET LOCAL statement_timeout = '5s';\nCREATE TABLE t(id INT);\n"), after(), Deploy]),
        case("a setting that changes nothing", [one("SET statement_timeout = '50s';\nCREATE TABLE t(id INT);\n"), after(), Deploy]),
        case("a search path changed and put back", [
            one("CREATE SCHEMA x;\nSET search_path = x;\nCREATE TABLE t(id INT);\nRESET search_path;\n"), after(), Deploy,
        ]),
        // Prisma looks for its ledger in the wrong schema.
        case("a search path left behind", [one("CREATE SCHEMA x;\nSET search_path = x;\nCREATE TABLE t(id INT);\n"), after(), Deploy])
            .expect(Better {
                ours: "0 · 20250105000000_one finished · 20250106000000_after finished",
                prisma: "1 · 20250105000000_one",
            }),
        case("the search path of a dump", [
            one("SELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.t(id INT);\n"), after(), Deploy,
        ])
        .expect(Better {
            ours: "0 · 20250105000000_one finished · 20250106000000_after finished",
            prisma: "1 · 20250105000000_one",
        }),
        case("read-only left behind", [one("CREATE TABLE t(id INT);\nSET default_transaction_read_only = on;\n"), after(), Deploy])
            .expect(Better {
                ours: "0 · 20250105000000_one finished · 20250106000000_after finished",
                prisma: "1 · 20250105000000_one",
            }),
        case("a temporary table of the same name", [one("CREATE TEMP TABLE t(id INT);\n"), Script("20250106000000_two", "CREATE TABLE public.t(id INT);\n".into()), Deploy]),
    ]
}
