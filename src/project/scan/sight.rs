//! One look at one file: what kind it is by its name, and what it shows.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::domain::{
    leak::{self, Leak},
    migration::tool::MIGRATES,
    project::{Place, Target, Unread},
};

use super::{
    code::{self, Code},
    config,
    drivers::Sighted,
    features,
    found::Found,
    hints::Hints,
    languages,
    manifest::{self, Manifest},
    places,
    walk::Look,
};

/// What a file showed.
#[derive(Debug)]
pub struct Sight {
    /// Relative to the root.
    pub path: PathBuf,
    pub content: Content,
    /// By line; only of files that git tracks.
    pub leaks: Vec<(usize, Leak)>,
    pub places: Vec<Place>,
}

#[derive(Debug)]
pub enum Content {
    Nothing,
    Manifest(Manifest),
    Script(Box<Code>),
    Code(languages::Read),
    Config(Vec<Sighted>),
    Sql(Vec<Found>),
}

/// Words of code that has to do with a database's client.
const CODE: [&str; 71] = [
    "$disconnect",
    "$executeRaw",
    "$queryRaw",
    "'knex'",
    "'pg'",
    "'postgres'",
    ".listen(",
    "ActionCable",
    "ConnectionPool",
    "DATABASES",
    "DATABASE_URL",
    "DataSource",
    "DIRECT_URL",
    "HOLD",
    "HikariConfig",
    "LISTEN ",
    "NpgsqlConnection",
    "PG.connect",
    "PREPARE ",
    "PgConnection",
    "PgListener",
    "PgPool",
    "PgPoolOptions",
    "Postgrex",
    "PrismaClient",
    "PrismaPg",
    "\"SET ",
    "'SET ",
    "`SET ",
    "SET ROLE",
    "SET SESSION",
    "SET search_path",
    "SIGINT",
    "SIGTERM",
    "TEMP TABLE",
    "TEMPORARY",
    "UseNpgsql",
    "\"knex\"",
    "\"pg\"",
    "\"postgres\"",
    "advisory_lock",
    "alembic",
    "asyncpg",
    "close-with-grace",
    "connection_limit",
    "create_async_engine",
    "create_engine",
    "drizzle",
    "enableShutdownHooks",
    "getNotifications",
    "knex",
    "\"listen ",
    "'listen ",
    "`listen ",
    "pg_stat_activity",
    "pgbouncer",
    "pgsql",
    "pgx",
    "pool_timeout",
    "pq.NewListener",
    "psycopg",
    "sequelize",
    "\"set ",
    "'set ",
    "`set ",
    "set_config",
    "sql.Open",
    "temp table",
    "tokio_postgres",
    "typeorm",
    "wait_for_notify",
];

/// Words of a leak.
const LEAKS: [&str; 6] = ["AVNS_", "dop_v1_", "doo_v1_", "dor_v1_", "postgres://", "postgresql://"];

/// Every word that is looked for in files whose name says nothing.
pub fn words(target: &Target) -> impl Iterator<Item = &str> {
    CODE.into_iter().chain(LEAKS).chain(keys(target))
}

fn keys(target: &Target) -> [&str; 4] {
    [target.pooled_key.as_str(), target.direct_key.as_str(), "PGHOST", "worker"]
}

pub struct Eye<'a> {
    target: &'a Target,
    tracked: Option<&'a BTreeSet<OsString>>,
    code: Hints,
    leaks: Hints,
    /// Both, for one pass over what git tracks.
    either: Hints,
    elixir: Hints,
    places: Hints,
}

impl<'a> Eye<'a> {
    pub fn new(target: &'a Target, tracked: Option<&'a BTreeSet<OsString>>) -> Self {
        let keys = keys(target);
        Self {
            target,
            tracked,
            code: Hints::new(CODE.into_iter().chain(keys)),
            leaks: Hints::new(LEAKS),
            either: Hints::new(CODE.into_iter().chain(keys).chain(LEAKS).chain(["Repo"])),
            elixir: Hints::new(["Repo"]),
            places: Hints::new(MIGRATES.into_iter().chain(keys)),
        }
    }

    fn is_tracked(&self, path: &Path) -> bool {
        self.tracked.is_some_and(|tracked| tracked.contains(path.as_os_str()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Manifest,
    Config,
    Script,
    Code,
    Sql,
    Place,
    Other,
}

fn subject(path: &Path) -> Subject {
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
    if manifest::ecosystem(path).is_some() {
        Subject::Manifest
    } else if config::is_config(path) {
        Subject::Config
    } else if matches!(end, "ts" | "mts" | "cts" | "tsx" | "js" | "mjs" | "cjs" | "jsx") {
        Subject::Script
    } else if languages::language(path).is_some() {
        Subject::Code
    } else if end == "sql" {
        Subject::Sql
    } else if places::kind(path).is_some() {
        Subject::Place
    } else {
        Subject::Other
    }
}

/// What no text is ever in.
fn is_binary(path: &Path) -> bool {
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
    matches!(
        end,
        "png"
            | "jpg"
            | "jpeg"
            | "gif"
            | "webp"
            | "ico"
            | "pdf"
            | "zip"
            | "gz"
            | "woff"
            | "woff2"
            | "ttf"
            | "otf"
            | "mp4"
            | "mp3"
            | "wasm"
            | "so"
            | "dll"
            | "exe"
            | "class"
            | "jar"
            | "db"
    )
}

impl Look for Eye<'_> {
    fn wants(&self, path: &Path) -> bool {
        subject(path) != Subject::Other || (self.is_tracked(path) && !is_binary(path))
    }

    fn look(&self, path: &Path, bytes: Vec<u8>) -> Result<Option<Sight>, Unread> {
        let subject = subject(path);
        let is_code = matches!(subject, Subject::Script | Subject::Code | Subject::Sql);
        let is_tracked = self.is_tracked(path);
        if is_code && is_tracked && !self.either.is_in(&bytes) {
            return Ok(None);
        }
        let for_content = match subject {
            Subject::Manifest | Subject::Config => true,
            Subject::Script | Subject::Code => {
                self.code.is_in(&bytes)
                    || (path.extension().is_some_and(|end| end == "exs")
                        && self.elixir.is_in(&bytes))
            }
            Subject::Sql => self.code.is_in(&bytes),
            Subject::Place => path.ends_with("Procfile") || self.places.is_in(&bytes),
            Subject::Other => false,
        };
        let for_leaks = is_tracked && self.leaks.is_in(&bytes);
        if !for_content && !for_leaks {
            return Ok(None);
        }
        let Ok(text) = String::from_utf8(bytes) else {
            // What only git knows of may be anything.
            return if for_content { Err(Unread::NotText) } else { Ok(None) };
        };
        let leaks = if for_leaks { leak::in_text(&text) } else { Vec::new() };
        let places = places::read(path, &text, self.target);
        let content =
            if for_content { self.content(path, subject, &text) } else { Content::Nothing };
        Ok(Some(Sight { path: path.to_owned(), content, leaks, places }))
    }
}

impl Eye<'_> {
    fn content(&self, path: &Path, subject: Subject, text: &str) -> Content {
        match subject {
            Subject::Manifest => {
                Manifest::read(path, text).map_or(Content::Nothing, Content::Manifest)
            }
            Subject::Config => Content::Config(config::read(path, text, self.target)),
            Subject::Script => code::read(path, text, self.target)
                .map_or(Content::Nothing, |code| Content::Script(Box::new(code))),
            Subject::Code => match languages::language(path) {
                Some(language) => Content::Code(languages::read(path, language, text, self.target)),
                None => Content::Nothing,
            },
            // Migrations run over the direct connection, where all of it lasts.
            Subject::Sql if is_migration(path) => Content::Nothing,
            Subject::Sql => Content::Sql(features::in_sql(text, (path, 1))),
            Subject::Place | Subject::Other => Content::Nothing,
        }
    }
}

fn is_migration(path: &Path) -> bool {
    let mut folders = path.iter().filter_map(|part| part.to_str());
    folders.any(|part| {
        let part = part.to_ascii_lowercase();
        part.starts_with("migrat")
            || part.starts_with("seed")
            || matches!(
                part.as_str(),
                "structure.sql" | "schema.sql" | "init.sql" | "dump.sql" | "drizzle" | "changelog"
            )
    })
}
