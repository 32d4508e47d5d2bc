//! The variables through which a program gets the direct URL, each in the form that it wants.

use crate::domain::{conn_url::ConnUrl, secret::Secret};

/// How a variable holds the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `postgresql://user:password@host:port/database?sslmode=…`
    Url,
    /// With every parameter: Prisma's own clients read them.
    PrismaUrl,
    /// `postgresql+psycopg://…`: `SQLAlchemy`'s name for psycopg 3, psycopg 2 and asyncpg.
    Psycopg,
    Psycopg2,
    Asyncpg,
    /// `ecto://…`
    Ecto,
    /// `jdbc:postgresql://host:port/database?…`, without user and password.
    Jdbc,
    /// `Host=…;Port=…;…`, of .NET.
    KeyValue,
    Host,
    Port,
    User,
    Password,
    Database,
    SslMode,
}

/// A variable by name and form. It holds no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    pub form: Form,
}

impl Variable {
    pub fn new(name: impl Into<String>, form: Form) -> Self {
        Self { name: name.into(), form }
    }

    /// By its name alone; `None` where the name says nothing about a PostgreSQL database.
    pub fn by_name(name: &str) -> Option<Self> {
        form(name).map(|form| Self::new(name, form))
    }
}

impl Form {
    /// Does a value of this form hold the password?
    pub fn is_secret(self) -> bool {
        match self {
            Self::Url
            | Self::PrismaUrl
            | Self::Psycopg
            | Self::Psycopg2
            | Self::Asyncpg
            | Self::Ecto
            | Self::KeyValue
            | Self::Password => true,
            Self::Jdbc | Self::Host | Self::Port | Self::User | Self::Database | Self::SslMode => {
                false
            }
        }
    }

    /// Does it name the whole connection, not a part of it?
    pub fn is_url(self) -> bool {
        match self {
            Self::Url
            | Self::PrismaUrl
            | Self::Psycopg
            | Self::Psycopg2
            | Self::Asyncpg
            | Self::Ecto
            | Self::Jdbc
            | Self::KeyValue => true,
            Self::Host
            | Self::Port
            | Self::User
            | Self::Password
            | Self::Database
            | Self::SslMode => false,
        }
    }

    /// The form that a URL of this beginning in an env file has: `postgresql+psycopg2`.
    pub fn of_scheme(scheme: &str) -> Option<Self> {
        Some(match scheme {
            "postgresql" | "postgres" => Self::Url,
            "postgresql+psycopg" => Self::Psycopg,
            "postgresql+psycopg2" => Self::Psycopg2,
            "postgresql+asyncpg" => Self::Asyncpg,
            "ecto" => Self::Ecto,
            "jdbc:postgresql" => Self::Jdbc,
            _ => return None, // another database
        })
    }

    /// The value for one variable.
    pub fn value(self, url: &ConnUrl) -> Secret {
        match self {
            Self::PrismaUrl => url.text(),
            Self::Url => encrypted(url).text(),
            Self::Psycopg => spelled(&encrypted(url), "postgresql+psycopg"),
            Self::Psycopg2 => spelled(&encrypted(url), "postgresql+psycopg2"),
            Self::Ecto => spelled(&bare(url).with_parameter("ssl", "true"), "ecto"),
            // It refuses sslmode and takes ssl for the same.
            Self::Asyncpg => {
                let mode = ssl_mode(url).to_owned();
                spelled(&bare(url).with_parameter("ssl", &mode), "postgresql+asyncpg")
            }
            Self::Jdbc => {
                let nobody = ConnUrl { user: String::new(), password: None, ..encrypted(url) };
                // No password is left in it.
                Secret::new(format!("jdbc:{}", nobody.text().expose()))
            }
            Self::KeyValue => key_value(url),
            Self::Host => Secret::new(url.host.clone()),
            Self::Port => Secret::new(url.port.to_string()),
            Self::User => Secret::new(url.user.clone()),
            Self::Password => url.password.clone().unwrap_or_else(|| Secret::new("")),
            Self::Database => Secret::new(url.database.clone()),
            Self::SslMode => Secret::new(ssl_mode(url)),
        }
    }
}

fn ssl_mode(url: &ConnUrl) -> &str {
    url.parameter("sslmode").unwrap_or("require")
}

/// Without parameters: what one client understands, the next refuses.
fn bare(url: &ConnUrl) -> ConnUrl {
    ConnUrl { parameters: Vec::new(), ..url.clone() }
}

/// With `sslmode` alone, which all of them understand.
fn encrypted(url: &ConnUrl) -> ConnUrl {
    bare(url).with_parameter("sslmode", ssl_mode(url))
}

fn spelled(url: &ConnUrl, scheme: &str) -> Secret {
    let text = url.text();
    // It stays a secret, with another beginning.
    let rest = text.expose().split_once("://").map_or("", |(_, rest)| rest);
    Secret::new(format!("{scheme}://{rest}"))
}

fn key_value(url: &ConnUrl) -> Secret {
    // .NET's own quoting: a quoted value holds anything, its quotes doubled.
    let quoted = |value: &str| format!("\"{}\"", value.replace('"', "\"\""));
    let mode = if ssl_mode(url) == "verify-full" { "VerifyFull" } else { "Require" };
    // The password has to stand in the connection string.
    let password =
        url.password.as_ref().map_or(String::new(), |password| quoted(password.expose()));
    Secret::new(format!(
        "Host={};Port={};Database={};Username={};Password={password};SSL Mode={mode}",
        url.host,
        url.port,
        quoted(&url.database),
        quoted(&url.user),
    ))
}

/// Words that say a variable is about a PostgreSQL database.
const DATABASE: [&str; 11] = [
    "DATABASE",
    "DB",
    "PG",
    "PSQL",
    "POSTGRES",
    "POSTGRESQL",
    "SQL",
    "DIRECT",
    "DATASOURCE",
    "MIGRATE",
    "MIGRATION",
];

fn form(name: &str) -> Option<Form> {
    if name.starts_with("ConnectionStrings__") {
        return Some(Form::KeyValue);
    }
    let upper = name.to_ascii_uppercase();
    if let Some(libpq) = upper.strip_prefix("PG").filter(|rest| !rest.starts_with('_')) {
        return part(libpq);
    }
    let words: Vec<&str> = upper.split('_').filter(|word| !word.is_empty()).collect();
    let last = *words.last()?;
    if !words.iter().any(|word| DATABASE.contains(word) || is_url_word(word)) {
        return None;
    }
    if upper.contains("JDBC") || upper.starts_with("SPRING_DATASOURCE_URL") {
        return Some(Form::Jdbc);
    }
    if is_url_word(last) || upper.ends_with("CONNECTION_STRING") {
        let about_a_database =
            words.iter().any(|word| DATABASE.contains(word)) || last.starts_with("PG");
        return about_a_database.then_some(Form::Url);
    }
    if words.iter().any(|word| is_url_word(word)) {
        // `POSTGRES_URL_NON_POOLING`, `DATABASE_URL_UNPOOLED`.
        return words.iter().any(|word| DATABASE.contains(word)).then_some(Form::Url);
    }
    if upper.ends_with("SSL_MODE") {
        return Some(Form::SslMode);
    }
    if words.len() < 2 {
        return None;
    }
    part(last)
}

fn is_url_word(word: &str) -> bool {
    matches!(word, "URL" | "URI" | "DSN" | "DBSTRING")
}

fn part(word: &str) -> Option<Form> {
    Some(match word {
        "HOST" | "HOSTNAME" | "SERVER" | "HOSTADDR" => Form::Host,
        "PORT" => Form::Port,
        "USER" | "USERNAME" => Form::User,
        "PASSWORD" | "PASS" | "PWD" => Form::Password,
        "NAME" | "DATABASE" | "DB" | "DBNAME" => Form::Database,
        "SSLMODE" => Form::SslMode,
        _ => return None, // something else of the database
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_known_by_its_name() {
        for (name, expected) in [
            ("DATABASE_URL", Some(Form::Url)),
            ("DIRECT_URL", Some(Form::Url)),
            ("DIRECT_DATABASE_URL", Some(Form::Url)),
            ("DATABASE_URL_UNPOOLED", Some(Form::Url)),
            ("POSTGRES_URL_NON_POOLING", Some(Form::Url)),
            ("POSTGRES_PRISMA_URL", Some(Form::Url)),
            ("PG_URI", Some(Form::Url)),
            ("DB_DSN", Some(Form::Url)),
            ("PG_CONNECTION_STRING", Some(Form::Url)),
            ("database_url", Some(Form::Url)),
            ("SPRING_DATASOURCE_URL", Some(Form::Jdbc)),
            ("SPRING_DATASOURCE_USERNAME", Some(Form::User)),
            ("JDBC_DATABASE_URL", Some(Form::Jdbc)),
            ("ConnectionStrings__Default", Some(Form::KeyValue)),
            ("PGHOST", Some(Form::Host)),
            ("PGDATABASE", Some(Form::Database)),
            ("PGPASSWORD", Some(Form::Password)),
            ("POSTGRES_DB", Some(Form::Database)),
            ("POSTGRES_USER", Some(Form::User)),
            ("DB_NAME", Some(Form::Database)),
            ("DB_PASS", Some(Form::Password)),
            ("DB_SSL_MODE", Some(Form::SslMode)),
            ("REDIS_URL", None),
            ("APP_URL", None),
            ("API_HOST", None),
            ("PGOPTIONS", None),
            ("NODE_ENV", None),
            ("DB_POOL_SIZE", None),
            ("PORT", None),
        ] {
            assert_eq!(Variable::by_name(name).map(|variable| variable.form), expected, "{name}");
        }
    }

    #[test]
    fn every_form_is_spelled_as_its_reader_wants_it() {
        let url = "postgresql://shop_app:p%40ss%22%20x@db.example:25060/shop?sslmode=require&schema=app&pgbouncer=true";
        let url = ConnUrl::parse(url).expect("a URL");
        for (form, expected) in [
            (
                Form::Url,
                "postgresql://shop_app:p%40ss%22%20x@db.example:25060/shop?sslmode=require",
            ),
            (
                Form::PrismaUrl,
                "postgresql://shop_app:p%40ss%22%20x@db.example:25060/shop?sslmode=require&schema=app&pgbouncer=true",
            ),
            (
                Form::Psycopg,
                "postgresql+psycopg://shop_app:p%40ss%22%20x@db.example:25060/shop?sslmode=require",
            ),
            (
                Form::Asyncpg,
                "postgresql+asyncpg://shop_app:p%40ss%22%20x@db.example:25060/shop?ssl=require",
            ),
            (Form::Ecto, "ecto://shop_app:p%40ss%22%20x@db.example:25060/shop?ssl=true"),
            (Form::Jdbc, "jdbc:postgresql://db.example:25060/shop?sslmode=require"),
            (
                Form::KeyValue,
                "Host=db.example;Port=25060;Database=\"shop\";Username=\"shop_app\";Password=\"p@ss\"\" x\";SSL Mode=Require",
            ),
            (Form::Host, "db.example"),
            (Form::Port, "25060"),
            (Form::User, "shop_app"),
            (Form::Password, "p@ss\" x"),
            (Form::Database, "shop"),
            (Form::SslMode, "require"),
        ] {
            assert_eq!(form.value(&url).expose(), expected, "{form:?}");
        }
    }

    #[test]
    fn what_is_called_no_secret_holds_no_password() {
        let url =
            ConnUrl::parse("postgresql://u:AVNS_canary@h:1/d?sslmode=require").expect("a URL");
        for form in [Form::Jdbc, Form::Host, Form::Port, Form::User, Form::Database, Form::SslMode]
        {
            assert!(
                !form.is_secret() && !form.value(&url).expose().contains("AVNS_canary"),
                "{form:?}"
            );
        }
    }
}
