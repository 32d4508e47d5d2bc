//! What a project folder holds: what it is built with, what in it needs care, and the smallest edits that see to it.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::domain::{
    client::Client,
    pool::PoolMode,
    stages::{Probe, Tracking},
};

/// What was found in the project folder. All paths in it are relative to `root`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    pub root: PathBuf,
    /// Of the part that the set-up's variables are for.
    pub client: Client,
    /// Each package by itself, the root's own first.
    pub parts: Vec<Part>,
    pub migrations: Option<PathBuf>,
    /// In reading order.
    pub env_files: Vec<PathBuf>,
    /// By file and line.
    pub findings: Vec<Finding>,
    pub edits: Vec<Edit>,
    pub places: Vec<Place>,
    /// What would have been read and could not be.
    pub left_out: Vec<LeftOut>,
    /// Findings, by their index, that a written hunk saw to.
    pub seen_to: Vec<usize>,
}

/// A package of the project: a folder with a manifest of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub folder: PathBuf,
    pub stacks: Vec<Stack>,
}

/// A library or tool that has to do with the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    pub library: Library,
    /// As far as it is known: `6.19.3`, or what the manifest asks for.
    pub version: Option<String>,
    pub evidence: Vec<Seen>,
}

/// Something that was seen in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `^6.19.0`, `PrismaClient`, `datasource, reads DATABASE_URL`.
    pub what: String,
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}:{}", self.what, self.file.display(), self.line)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Library {
    Prisma,
    Drizzle,
    TypeOrm,
    Knex,
    Sequelize,
    NodePostgres,
    PostgresJs,
    NodePgMigrate,
    SqlAlchemy,
    Alembic,
    Django,
    Psycopg2,
    Psycopg3,
    Asyncpg,
    Rails,
    RubyPg,
    Laravel,
    Pdo,
    Pgx,
    LibPq,
    Goose,
    GolangMigrate,
    Jdbc,
    Hikari,
    Spring,
    Flyway,
    Liquibase,
    Npgsql,
    EfCore,
    Sqlx,
    Diesel,
    TokioPostgres,
    Ecto,
    Postgrex,
}

impl Library {
    pub fn title(self) -> &'static str {
        match self {
            Self::Prisma => "Prisma",
            Self::Drizzle => "Drizzle",
            Self::TypeOrm => "TypeORM",
            Self::Knex => "Knex",
            Self::Sequelize => "Sequelize",
            Self::NodePostgres => "node-postgres",
            Self::PostgresJs => "postgres.js",
            Self::NodePgMigrate => "node-pg-migrate",
            Self::SqlAlchemy => "SQLAlchemy",
            Self::Alembic => "Alembic",
            Self::Django => "Django",
            Self::Psycopg2 => "psycopg 2",
            Self::Psycopg3 => "psycopg 3",
            Self::Asyncpg => "asyncpg",
            Self::Rails => "Rails (Active Record)",
            Self::RubyPg => "Ruby pg",
            Self::Laravel => "Laravel",
            Self::Pdo => "PDO",
            Self::Pgx => "pgx",
            Self::LibPq => "lib/pq",
            Self::Goose => "goose",
            Self::GolangMigrate => "golang-migrate",
            Self::Jdbc => "PostgreSQL JDBC",
            Self::Hikari => "HikariCP",
            Self::Spring => "Spring",
            Self::Flyway => "Flyway",
            Self::Liquibase => "Liquibase",
            Self::Npgsql => "Npgsql",
            Self::EfCore => "Entity Framework Core",
            Self::Sqlx => "sqlx",
            Self::Diesel => "Diesel",
            Self::TokioPostgres => "tokio-postgres",
            Self::Ecto => "Ecto",
            Self::Postgrex => "Postgrex",
        }
    }
}

/// What the pool of the set-up is like, and how its variables are called: what findings and edits are made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub pooled_key: String,
    pub direct_key: String,
    /// Connections one instance may open behind the pool.
    pub limit: u32,
    /// `None` before the pool is chosen: taken for the transaction mode that is proposed.
    pub mode: Option<PoolMode>,
    /// `None` before the test.
    pub probe: Option<Probe>,
}

/// As it is proposed, before anything is chosen.
impl Default for Target {
    fn default() -> Self {
        Self {
            pooled_key: "DATABASE_URL".to_owned(),
            direct_key: "DIRECT_URL".to_owned(),
            limit: 5,
            mode: None,
            probe: None,
        }
    }
}

impl Target {
    /// Statements that are prepared by name get lost between two transactions, as far as is known.
    pub fn loses_statements(&self) -> bool {
        self.mode != Some(PoolMode::Session)
            && self.probe.is_none_or(|probe| probe.tracking != Tracking::Tracked)
    }
}

/// Something worth a look, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub kind: Kind,
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    pub what: String,
    pub why: String,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A password in a file that git tracks.
    Secret,
    /// What migrations read.
    Migrations,
    /// More clients than one per process.
    Clients,
    /// How many connections one instance may open.
    Limits,
    /// URLs and options that do nothing, or break something.
    Settings,
    /// Something that lasts longer than a transaction.
    Feature(Feature),
    /// Closing connections at the end.
    Shutdown,
    /// An endpoint that tells how many connections are open.
    Health,
    /// Foreign keys that the next migration would drop.
    ForeignKeys,
}

impl Kind {
    /// The heading that findings of this kind stand under.
    pub fn title(self) -> &'static str {
        match self {
            Self::Secret => "Passwords in git",
            Self::Migrations => "Migrations",
            Self::Clients => "One client per process",
            Self::Limits => "Connection limits",
            Self::Settings => "URLs and options",
            Self::Feature(_) => "What does not last in this pool",
            Self::Shutdown => "Closing connections at the end",
            Self::Health => "Health",
            Self::ForeignKeys => "Foreign keys",
        }
    }
}

/// What a session keeps, and a pool that lends a connection for one transaction does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    Listen,
    /// Held until the session ends; those of a transaction are none.
    AdvisoryLock,
    /// `SET` and `set_config(…, false)`, not `SET LOCAL`.
    Set,
    TempTable,
    /// SQL's own `PREPARE`, which no pooler tracks.
    Prepare,
    /// Prepared by name in the protocol; a pooler may track these.
    NamedStatement,
    /// A cursor that outlives its transaction.
    WithHold,
    /// Settings sent at sign-in.
    StartupParameter,
}

impl Feature {
    /// Does it get lost in a pool of this mode?
    pub fn is_lost(self, target: &Target) -> bool {
        match (self, target.mode) {
            // The pooler refuses them before any mode counts.
            (Self::StartupParameter, _) => true,
            (_, Some(PoolMode::Session)) => false,
            (Self::NamedStatement, _) => target.loses_statements(),
            (
                Self::Listen
                | Self::AdvisoryLock
                | Self::Set
                | Self::TempTable
                | Self::Prepare
                | Self::WithHold,
                _,
            ) => true,
        }
    }
}

/// A planned change of one file, or a new one. No secret is ever in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub file: PathBuf,
    /// What the plan was made from; `None` for a new file.
    pub before: Option<String>,
    /// In the order of their places; they never touch each other.
    pub hunks: Vec<Hunk>,
}

/// What sees to one finding: taken as a whole or left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// Its place among the project's findings.
    pub finding: usize,
    /// Ticked from the beginning: safe, and needed for the set-up to work well.
    pub proposed: bool,
    pub pieces: Vec<Piece>,
}

/// Bytes to replace in the text as it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Piece {
    pub at: usize,
    pub length: usize,
    pub with: String,
}

/// A file as it was and as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    pub file: PathBuf,
    pub before: Option<String>,
    pub after: String,
}

impl Edit {
    /// The text with the hunks that `ticked` names by their index.
    pub fn after(&self, ticked: impl Fn(usize) -> bool) -> String {
        let before = self.before.as_deref().unwrap_or_default();
        let hunks = self.hunks.iter().enumerate().filter(|(index, _)| ticked(*index));
        let mut pieces: Vec<&Piece> = hunks.flat_map(|(_, hunk)| &hunk.pieces).collect();
        pieces.sort_by_key(|piece| piece.at);
        let mut after = String::with_capacity(before.len());
        let mut done = 0;
        for piece in pieces {
            after.push_str(before.get(done..piece.at).unwrap_or_default());
            after.push_str(&piece.with);
            done = piece.at + piece.length;
        }
        after.push_str(before.get(done..).unwrap_or_default());
        after
    }
}

/// Something beside the app that connects to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// `CI`, `Compose service`, `Worker`.
    pub what: String,
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    /// What has to be changed; `None`: leave it as it is.
    pub change: Option<String>,
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub file: PathBuf,
    pub reason: Unread,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unread {
    Link,
    TooLarge,
    NotText,
    NoAccess,
}

impl Unread {
    pub fn words(self) -> &'static str {
        match self {
            Self::Link => "a link; what it leads to is not followed",
            Self::TooLarge => "larger than 1 MiB",
            Self::NotText => "not UTF-8",
            Self::NoAccess => "not readable for this user",
        }
    }
}

impl Project {
    /// A folder in which nothing was found.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            client: Client::Unknown,
            parts: Vec::new(),
            migrations: None,
            env_files: Vec::new(),
            findings: Vec::new(),
            edits: Vec::new(),
            places: Vec::new(),
            left_out: Vec::new(),
            seen_to: Vec::new(),
        }
    }

    /// The findings that no hunk sees to: a person has to.
    pub fn without_edit(&self) -> impl Iterator<Item = &Finding> {
        let has_edit = |index: usize| {
            self.edits.iter().flat_map(|edit| &edit.hunks).any(|hunk| hunk.finding == index)
        };
        let findings = self.findings.iter().enumerate();
        findings.filter(move |(index, _)| !has_edit(*index)).map(|(_, finding)| finding)
    }

    /// The findings that nothing written by us saw to.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        let findings = self.findings.iter().enumerate();
        findings.filter(|(index, _)| !self.seen_to.contains(index)).map(|(_, finding)| finding)
    }

    /// `Prisma 6.19.3 in package.json:12`, of every stack.
    pub fn evidence(&self) -> impl Iterator<Item = String> {
        self.stacks().flat_map(|(_, stack)| stack.evidence.iter().map(Seen::to_string))
    }

    /// The features that the code uses, with their places.
    pub fn features(&self) -> impl Iterator<Item = (Feature, &Finding)> {
        self.findings.iter().filter_map(|finding| match finding.kind {
            Kind::Feature(feature) => Some((feature, finding)),
            Kind::Secret
            | Kind::Migrations
            | Kind::Clients
            | Kind::Limits
            | Kind::Settings
            | Kind::Shutdown
            | Kind::Health
            | Kind::ForeignKeys => None,
        })
    }

    pub fn stacks(&self) -> impl Iterator<Item = (&Part, &Stack)> {
        self.parts.iter().flat_map(|part| part.stacks.iter().map(move |stack| (part, stack)))
    }

    pub fn uses(&self, library: Library) -> bool {
        self.stacks().any(|(_, stack)| stack.library == library)
    }
}

impl Stack {
    /// `Prisma 6.19.3`
    pub fn title(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.library.title()),
            None => self.library.title().to_owned(),
        }
    }
}

impl Finding {
    /// Not where the pool keeps what the code relies on.
    pub fn matters(&self, target: &Target) -> bool {
        match self.kind {
            Kind::Feature(feature) => feature.is_lost(target),
            Kind::Secret
            | Kind::Migrations
            | Kind::Clients
            | Kind::Limits
            | Kind::Settings
            | Kind::Shutdown
            | Kind::Health
            | Kind::ForeignKeys => true,
        }
    }

    pub fn new(
        kind: Kind,
        (file, line): (&Path, usize),
        what: impl Into<String>,
        why: impl Into<String>,
    ) -> Self {
        Self { kind, file: file.to_owned(), line, what: what.into(), why: why.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hunk(pieces: &[(usize, usize, &str)]) -> Hunk {
        let piece = |(at, length, with): &(usize, usize, &str)| Piece {
            at: *at,
            length: *length,
            with: (*with).to_owned(),
        };
        Hunk { finding: 0, proposed: true, pieces: pieces.iter().map(piece).collect() }
    }

    #[test]
    fn each_hunk_is_taken_whole_or_left_out() {
        let edit = Edit {
            file: "a.ts".into(),
            before: Some("one two three four".to_owned()),
            hunks: vec![hunk(&[(0, 3, "1"), (14, 4, "4")]), hunk(&[(4, 3, "2"), (8, 0, "2½ ")])],
        };

        assert_eq!(edit.after(|_| true), "1 2 2½ three 4");
        assert_eq!(edit.after(|index| index == 0), "1 two three 4");
        assert_eq!(edit.after(|index| index == 1), "one 2 2½ three four");
        assert_eq!(edit.after(|_| false), "one two three four");
    }

    #[test]
    fn a_session_pool_loses_nothing_but_what_comes_at_sign_in() {
        let target = |mode, tracking| Target {
            pooled_key: "DATABASE_URL".to_owned(),
            direct_key: "DIRECT_URL".to_owned(),
            limit: 5,
            mode: Some(mode),
            probe: Some(Probe { mode: Some(mode), tracking }),
        };
        let session = target(PoolMode::Session, Tracking::NotTracked);
        let tracked = target(PoolMode::Transaction, Tracking::Tracked);
        let plain = target(PoolMode::Transaction, Tracking::NotTracked);

        assert!(!Feature::Listen.is_lost(&session));
        assert!(!Feature::NamedStatement.is_lost(&session));
        assert!(Feature::StartupParameter.is_lost(&session));
        assert!(!Feature::NamedStatement.is_lost(&tracked));
        assert!(Feature::Prepare.is_lost(&tracked), "no pooler tracks SQL's own");
        assert!(Feature::NamedStatement.is_lost(&plain));
    }
}
