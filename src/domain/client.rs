//! What each client needs: the form of its URL, the parameters in it, the settings in its code, its migrations.
//!
//! One file per family holds a table-like description, [`About`], per client. To add one: a variant here, its line in
//! `ALL` and in `about`, its `About` in the family's file. The tests below check the rest.

mod code;
mod dot_net;
mod elixir;
mod go;
mod java;
mod javascript;
mod php;
mod prisma;
mod psql;
mod python;
mod ruby;
mod rules;
mod rust;

use crate::domain::{
    conn_url::{ConnUrl, Form, Piece, parameters::Reader},
    pool::PoolMode,
    secret::Secret,
    stages::{Port, Probe, Tracking},
};

pub use code::Code;
use rules::Rule;

/// The library that reads a URL. Each reads its own dialect: one URL per consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// Prisma 4 to 6: its own engine, its own URL parameters.
    Prisma6,
    /// Prisma 7 with a driver adapter: pool settings live in code.
    Prisma7,
    NodePostgres,
    PostgresJs,
    Drizzle,
    TypeOrm,
    Knex,
    Sequelize,
    Psycopg3,
    Psycopg2,
    Asyncpg,
    SqlAlchemyPsycopg,
    SqlAlchemyAsyncpg,
    Django,
    Rails,
    Laravel,
    Pgx,
    GoPq,
    Hikari,
    Spring,
    Npgsql,
    EfCore,
    Sqlx,
    TokioPostgres,
    Diesel,
    Ecto,
    /// `psql` and everything on libpq; refuses unknown parameters.
    Libpq,
    /// Nothing known; the plain URL.
    Unknown,
}

impl Client {
    /// In the order in which they are offered: by family, the most used first.
    pub const ALL: [Self; 28] = [
        Self::Prisma6,
        Self::Prisma7,
        Self::NodePostgres,
        Self::PostgresJs,
        Self::Drizzle,
        Self::TypeOrm,
        Self::Knex,
        Self::Sequelize,
        Self::Django,
        Self::SqlAlchemyPsycopg,
        Self::SqlAlchemyAsyncpg,
        Self::Psycopg3,
        Self::Psycopg2,
        Self::Asyncpg,
        Self::Rails,
        Self::Laravel,
        Self::Pgx,
        Self::GoPq,
        Self::Spring,
        Self::Hikari,
        Self::EfCore,
        Self::Npgsql,
        Self::Sqlx,
        Self::TokioPostgres,
        Self::Diesel,
        Self::Ecto,
        Self::Libpq,
        Self::Unknown,
    ];

    pub fn about(self) -> &'static About {
        match self {
            Self::Prisma6 => &prisma::PRISMA_6,
            Self::Prisma7 => &prisma::PRISMA_7,
            Self::NodePostgres => &javascript::NODE_POSTGRES,
            Self::PostgresJs => &javascript::POSTGRES_JS,
            Self::Drizzle => &javascript::DRIZZLE,
            Self::TypeOrm => &javascript::TYPE_ORM,
            Self::Knex => &javascript::KNEX,
            Self::Sequelize => &javascript::SEQUELIZE,
            Self::Psycopg3 => &python::PSYCOPG_3,
            Self::Psycopg2 => &python::PSYCOPG_2,
            Self::Asyncpg => &python::ASYNCPG,
            Self::SqlAlchemyPsycopg => &python::SQLALCHEMY_PSYCOPG,
            Self::SqlAlchemyAsyncpg => &python::SQLALCHEMY_ASYNCPG,
            Self::Django => &python::DJANGO,
            Self::Rails => &ruby::RAILS,
            Self::Laravel => &php::LARAVEL,
            Self::Pgx => &go::PGX,
            Self::GoPq => &go::LIB_PQ,
            Self::Hikari => &java::HIKARI,
            Self::Spring => &java::SPRING,
            Self::Npgsql => &dot_net::NPGSQL,
            Self::EfCore => &dot_net::EF_CORE,
            Self::Sqlx => &rust::SQLX,
            Self::TokioPostgres => &rust::TOKIO_POSTGRES,
            Self::Diesel => &rust::DIESEL,
            Self::Ecto => &elixir::ECTO,
            Self::Libpq => &psql::LIBPQ,
            Self::Unknown => &psql::UNKNOWN,
        }
    }

    pub fn title(self) -> &'static str {
        self.about().title
    }

    /// Does a person who types these words look for this client?
    pub fn matches(self, words: &str) -> bool {
        let about = self.about();
        let text = format!("{} {} {}", about.title, about.family, about.also).to_lowercase();
        words.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }

    /// The URL for `port`, with the reason for every parameter set or left out.
    pub fn url(self, port: Port, base: &ConnUrl, needs: &Needs<'_>) -> ClientUrl {
        let about = self.about();
        rules::url(about, port, base, needs)
    }

    /// What goes into the app's code or configuration; `None` where the URL says it all.
    pub fn code(self, needs: &Needs<'_>) -> Option<Code> {
        code::filled(self.about(), needs)
    }

    /// The variable of its process by which this client, or the runtime it stands on, finds a certificate authority.
    pub fn authority_key(self) -> Option<&'static str> {
        match self {
            Self::Prisma7
            | Self::NodePostgres
            | Self::PostgresJs
            | Self::Drizzle
            | Self::TypeOrm
            | Self::Knex
            | Self::Sequelize => Some("NODE_EXTRA_CA_CERTS"),
            Self::Psycopg3
            | Self::Psycopg2
            | Self::Asyncpg
            | Self::SqlAlchemyPsycopg
            | Self::SqlAlchemyAsyncpg
            | Self::Django
            | Self::Rails
            | Self::Laravel
            | Self::Pgx
            | Self::GoPq
            | Self::Npgsql
            | Self::EfCore
            | Self::Sqlx
            | Self::Diesel
            | Self::Libpq => Some("PGSSLROOTCERT"),
            Self::Prisma6
            | Self::Hikari
            | Self::Spring
            | Self::TokioPostgres
            | Self::Ecto
            | Self::Unknown => None,
        }
    }

    /// The command that runs migrations over the direct URL, and a sentence about it.
    pub fn migrate(self, (pooled, direct): (&str, &str)) -> (String, String) {
        let (command, why) = self.about().migrate;
        let named = |text: &str| text.replace("$KEY", pooled).replace("$DIRECT", direct);
        (named(command), named(why))
    }
}

/// A client in its particulars. `$KEY`, `$DIRECT`, `$LIMIT` and `$CA` stand for the variables' names, the connections of
/// one instance, and the file of the cluster's certificate authority.
#[derive(Debug)]
pub struct About {
    pub title: &'static str,
    /// The group it is offered in.
    pub family: &'static str,
    /// Other words by which it is looked for.
    pub also: &'static str,
    /// How it wants the connection written.
    pub form: Form,
    pub pooled: Side,
    pub direct: Side,
    /// The file where the code usually stands; empty where there is no code.
    pub file: &'static str,
    /// Lines of code. One that begins with `[verified]`, `[encrypted]`, `[unnamed]` or `[named]` stands only then; what
    /// follows ` ← ` is the reason for the line.
    pub code: &'static str,
    /// The command, and a sentence about it.
    pub migrate: (&'static str, &'static str),
}

/// What one of the two URLs needs.
#[derive(Debug)]
pub struct Side {
    /// The dialects it understands.
    pub reads: &'static [Reader],
    pub stray: Stray,
    pub tls: &'static [Rule],
    pub rules: &'static [Rule],
}

/// What becomes of a parameter that the client does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stray {
    /// The client refuses the URL.
    Refused,
    /// It goes to the server at sign-in, which refuses it, as a pooler does.
    Sent,
    Ignored,
}

/// What a client's form depends on.
#[derive(Clone, Copy, Debug)]
pub struct Needs<'a> {
    /// Nothing yet: the form that is safe either way.
    pub probe: Option<Probe>,
    /// Connections one instance of the app may open.
    pub limit: u32,
    /// The file of the cluster's certificate authority, as the app opens it; `None`: encrypted, not verified.
    pub ca_file: Option<&'a str>,
    /// Names of the variables, pooled and direct.
    pub keys: (&'a str, &'a str),
}

/// What is known of prepared statements behind the pooled port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Statements {
    Tracked,
    /// In session mode a client keeps its server connection.
    Session,
    NotTracked,
    Unknown,
}

impl Needs<'_> {
    fn statements(&self) -> Statements {
        match self.probe {
            Some(Probe { tracking: Tracking::Tracked, .. }) => Statements::Tracked,
            Some(Probe { mode: Some(PoolMode::Session), .. }) => Statements::Session,
            Some(Probe { tracking: Tracking::NotTracked, .. }) => Statements::NotTracked,
            Some(Probe { tracking: Tracking::Unknown, .. }) | None => Statements::Unknown,
        }
    }

    /// Statements that are prepared by name outlast a transaction.
    pub fn names_last(&self) -> bool {
        matches!(self.statements(), Statements::Tracked | Statements::Session)
    }
}

/// A URL made for one client, with the reason for every parameter we set or left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientUrl {
    pub url: ConnUrl,
    pub form: Form,
    pub reasons: Vec<(String, String)>,
}

impl ClientUrl {
    /// As it stands in an env file.
    pub fn text(&self) -> Secret {
        self.url.written(self.form)
    }

    pub fn masked(&self) -> String {
        self.url.masked_as(self.form)
    }

    /// With nothing where the password stands.
    pub fn without_password(&self) -> Secret {
        self.url.without_password().written(self.form)
    }

    pub fn pieces(&self) -> Vec<Piece> {
        self.url.pieces(self.form)
    }

    pub fn pieces_in_clear(&self) -> Vec<Piece> {
        self.url.pieces_in_clear(self.form)
    }

    /// Why a parameter stands in the URL.
    pub fn reason(&self, parameter: &str) -> Option<&str> {
        self.reasons
            .iter()
            .find(|(name, _)| name.split_once('=').is_some_and(|(key, _)| key == parameter))
            .map(|(_, why)| why.as_str())
    }
}

#[cfg(test)]
mod tests;
