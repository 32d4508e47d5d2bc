//! Other programs that migrate a database: what each is called with, what it reads, what stopping it means.

pub mod command;
pub mod variable;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use crate::domain::migration::tool::variable::{Form, Variable};

/// Commands that change a database's tables.
pub const MIGRATES: [&str; 22] = [
    "alembic upgrade",
    "artisan migrate",
    "db:migrate",
    "db:prepare",
    "diesel migration run",
    "dotnet ef database update",
    "drizzle-kit migrate",
    "drizzle-kit push",
    "ecto.migrate",
    "flyway migrate",
    "goose ",
    "knex migrate:",
    "liquibase update",
    "manage.py migrate",
    "migrate -database",
    "migrate -path",
    "migration:run",
    "node-pg-migrate",
    "prisma db push",
    "prisma migrate",
    "sqlx migrate run",
    "typeorm migration:run",
];

/// A program that keeps a history of migrations of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    Prisma,
    Drizzle,
    Knex,
    TypeOrm,
    Sequelize,
    NodePgMigrate,
    Alembic,
    Django,
    Rails,
    Laravel,
    GolangMigrate,
    Goose,
    Flyway,
    Liquibase,
    EntityFramework,
    Sqlx,
    Diesel,
    Ecto,
}

/// A tool as a project uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub tool: Tool,
    /// Where it runs, relative to the project's root.
    pub folder: PathBuf,
    /// `knex ^3.1.0 in package.json:12`, `knexfile.js`.
    pub evidence: Vec<String>,
    /// As it is shown and may be edited.
    pub command: String,
    /// Tells what is pending and changes nothing; where the tool has such a command.
    pub status: Option<String>,
    /// What gets the direct URL, or a part of it.
    pub variables: Vec<Variable>,
    /// The program is there: in the project, or on this computer.
    pub installed: bool,
    /// Why it would not get the direct URL: its configuration names a database itself.
    pub elsewhere: Option<String>,
    /// The scripts of its `package.json`, by name.
    pub scripts: BTreeMap<String, String>,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// `None` where a signal ended it.
    pub code: Option<i32>,
    pub took: Duration,
}

/// Whether a value that the process has already outweighs one in an env file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvFiles {
    /// It reads none by itself.
    None,
    /// It reads them, and what is set already stays.
    Below,
}

/// One line per tool of the table below.
struct Row {
    title: &'static str,
    command: &'static str,
    status: Option<&'static str>,
    /// Read whatever the project's files say, with the form each wants.
    variables: &'static [(&'static str, Form)],
    /// What it needs beside the URL to run without a person and without a download.
    settings: &'static [(&'static str, &'static str)],
    env_files: EnvFiles,
    stop: &'static str,
}

const URL: Form = Form::Url;

impl Tool {
    pub const ALL: [Self; 18] = [
        Self::Prisma,
        Self::Drizzle,
        Self::Knex,
        Self::TypeOrm,
        Self::Sequelize,
        Self::NodePgMigrate,
        Self::Alembic,
        Self::Django,
        Self::Rails,
        Self::Laravel,
        Self::GolangMigrate,
        Self::Goose,
        Self::Flyway,
        Self::Liquibase,
        Self::EntityFramework,
        Self::Sqlx,
        Self::Diesel,
        Self::Ecto,
    ];

    fn row(self) -> Row {
        match self {
            Self::Prisma
            | Self::Drizzle
            | Self::Knex
            | Self::TypeOrm
            | Self::Sequelize
            | Self::NodePgMigrate => self.of_node(),
            Self::Alembic | Self::Django | Self::Rails | Self::Laravel | Self::Ecto => {
                self.of_a_framework()
            }
            Self::GolangMigrate
            | Self::Goose
            | Self::Flyway
            | Self::Liquibase
            | Self::EntityFramework
            | Self::Sqlx
            | Self::Diesel => self.of_a_program(),
        }
    }

    /// Through `npx --no`: plain npx would fetch the newest version of what is not installed.
    fn of_node(self) -> Row {
        let row = |title, command, status, env_files, stop| Row {
            title,
            command,
            status,
            variables: &[],
            settings: &[],
            env_files,
            stop,
        };
        match self {
            Self::Drizzle => row(
                "Drizzle Kit",
                "npx --no drizzle-kit migrate",
                None,
                EnvFiles::Below,
                "Drizzle applies what is pending in one transaction; PostgreSQL undoes it as a whole.",
            ),
            Self::Knex => row(
                "Knex",
                "npx --no knex migrate:latest",
                Some("npx --no knex migrate:status"),
                EnvFiles::None,
                "Knex undoes the migration it was in and leaves its lock behind: run knex migrate:unlock before the next try.",
            ),
            Self::TypeOrm => row(
                "TypeORM",
                "npx --no typeorm migration:run",
                Some("npx --no typeorm migration:show"),
                EnvFiles::Below,
                "TypeORM runs what is pending in one transaction, unless told otherwise; PostgreSQL undoes it as a whole.",
            ),
            Self::Sequelize => row(
                "Sequelize",
                "npx --no sequelize-cli db:migrate",
                Some("npx --no sequelize-cli db:migrate:status"),
                EnvFiles::None,
                "Sequelize uses no transaction by itself: what the migration under way had done stays, and it counts as pending.",
            ),
            Self::NodePgMigrate => Row {
                variables: &[("DATABASE_URL", URL)],
                ..row(
                    "node-pg-migrate",
                    "npx --no node-pg-migrate up",
                    None,
                    EnvFiles::Below,
                    "Each migration is one transaction: the one under way is undone, those before it stay.",
                )
            },
            _ => Row {
                settings: &[("PRISMA_HIDE_UPDATE_MESSAGE", "1"), ("CHECKPOINT_DISABLE", "1")],
                ..row(
                    "Prisma Migrate",
                    "npx --no prisma migrate deploy",
                    Some("npx --no prisma migrate status"),
                    EnvFiles::Below,
                    "Prisma leaves the migration under way unfinished in its ledger (P3009): look at what it did, then mark it here as rolled back or as applied.",
                )
            }, // Prisma; no other tool comes here
        }
    }

    fn of_a_framework(self) -> Row {
        let row = |title, command, status, settings, env_files, stop| Row {
            title,
            command,
            status: Some(status),
            variables: &[],
            settings,
            env_files,
            stop,
        };
        match self {
            Self::Django => row(
                "Django",
                "python manage.py migrate --noinput",
                "python manage.py showmigrations --plan",
                &[("PYTHONUNBUFFERED", "1")],
                EnvFiles::None,
                "Each migration is one transaction unless it says atomic = False: the one under way is undone, those before it stay.",
            ),
            Self::Rails => Row {
                variables: &[("DATABASE_URL", URL)],
                ..row(
                    "Rails",
                    "bin/rails db:migrate",
                    "bin/rails db:migrate:status",
                    // Another environment would be written into the database as its own.
                    &[("RAILS_ENV", "production"), ("SECRET_KEY_BASE_DUMMY", "1")],
                    EnvFiles::Below,
                    "Each migration is one transaction unless it says disable_ddl_transaction!: the one under way is undone, those before it stay.",
                )
            },
            Self::Laravel => Row {
                variables: &[
                    ("DB_URL", URL),
                    ("DATABASE_URL", URL),
                    ("DB_HOST", Form::Host),
                    ("DB_PORT", Form::Port),
                    ("DB_DATABASE", Form::Database),
                    ("DB_USERNAME", Form::User),
                    ("DB_PASSWORD", Form::Password),
                    ("DB_SSLMODE", Form::SslMode),
                ],
                ..row(
                    "Laravel",
                    "php artisan migrate --force --no-interaction",
                    "php artisan migrate:status --no-interaction",
                    &[("DB_CONNECTION", "pgsql")],
                    EnvFiles::Below,
                    "Each migration is one transaction on PostgreSQL: the one under way is undone, those before it stay.",
                )
            },
            Self::Ecto => Row {
                variables: &[("DATABASE_URL", Form::Url)],
                ..row(
                    "Ecto",
                    "mix ecto.migrate",
                    "mix ecto.migrations",
                    // Only there does the usual config/runtime.exs read the variable.
                    &[("MIX_ENV", "prod")],
                    EnvFiles::None,
                    "Each migration is one transaction unless it says @disable_ddl_transaction: the one under way is undone, those before it stay.",
                )
            },
            _ => row(
                "Alembic",
                "alembic upgrade head",
                "alembic current",
                &[("PYTHONUNBUFFERED", "1")],
                EnvFiles::None,
                "Alembic runs what is pending in one transaction, unless env.py says otherwise; PostgreSQL undoes it as a whole.",
            ), // Alembic; no other tool comes here
        }
    }

    fn of_a_program(self) -> Row {
        let row = |title, command, status, variables, stop| Row {
            title,
            command,
            status: Some(status),
            variables,
            settings: &[],
            env_files: EnvFiles::None,
            stop,
        };
        match self {
            Self::Goose => Row {
                settings: &[("GOOSE_DRIVER", "postgres")],
                ..row(
                    "goose",
                    "goose up",
                    "goose status",
                    &[("GOOSE_DBSTRING", URL)],
                    "Each migration is one transaction unless it says NO TRANSACTION: the one under way is undone, those before it stay.",
                )
            },
            Self::Flyway => Row {
                settings: &[("FLYWAY_CLEAN_DISABLED", "true")],
                ..row(
                    "Flyway",
                    "flyway migrate",
                    "flyway info",
                    &[
                        ("FLYWAY_URL", Form::Jdbc),
                        ("FLYWAY_USER", Form::User),
                        ("FLYWAY_PASSWORD", Form::Password),
                    ],
                    "Each migration is one transaction on PostgreSQL: the one under way is undone, those before it stay.",
                )
            },
            Self::Liquibase => row(
                "Liquibase",
                "liquibase update",
                "liquibase status",
                &[
                    ("LIQUIBASE_COMMAND_URL", Form::Jdbc),
                    ("LIQUIBASE_COMMAND_USERNAME", Form::User),
                    ("LIQUIBASE_COMMAND_PASSWORD", Form::Password),
                ],
                "The changeset under way is undone, and Liquibase's lock stays behind: run liquibase release-locks before the next try.",
            ),
            Self::EntityFramework => row(
                "Entity Framework",
                "dotnet ef database update",
                "dotnet ef migrations list",
                &[],
                "Each migration is one transaction: the one under way is undone, those before it stay.",
            ),
            Self::Sqlx => Row {
                env_files: EnvFiles::Below,
                ..row(
                    "sqlx",
                    "sqlx migrate run",
                    "sqlx migrate info",
                    &[("DATABASE_URL", URL)],
                    "Each migration is one transaction unless it says no-transaction: the one under way is undone, those before it stay.",
                )
            },
            Self::Diesel => Row {
                env_files: EnvFiles::Below,
                ..row(
                    "Diesel",
                    "diesel migration run",
                    "diesel migration list",
                    &[("DATABASE_URL", URL)],
                    "Each migration is one transaction: the one under way is undone, those before it stay.",
                )
            },
            // The password goes beside the URL: what stands on a command line every user of the computer can read.
            _ => row(
                "golang-migrate",
                "migrate -path migrations -database {url without password} up",
                "migrate -path migrations -database {url without password} version",
                &[("PGPASSWORD", Form::Password)],
                "The version under way stays marked as dirty: look at what it did, then set the true version with migrate force.",
            ), // golang-migrate; no other tool comes here
        }
    }

    pub fn title(self) -> &'static str {
        self.row().title
    }

    /// What it is called with, before the project's own paths are added.
    pub fn command(self) -> &'static str {
        self.row().command
    }

    pub fn status(self) -> Option<&'static str> {
        self.row().status
    }

    pub fn variables(self) -> impl Iterator<Item = Variable> {
        let rows = self.row().variables.iter();
        rows.map(|(name, form)| Variable::new(*name, *form))
    }

    pub fn settings(self) -> &'static [(&'static str, &'static str)] {
        self.row().settings
    }

    pub fn env_files(self) -> EnvFiles {
        self.row().env_files
    }

    /// What it means to stop it half-way.
    pub fn stop(self) -> &'static str {
        self.row().stop
    }
}

#[cfg(test)]
mod tests {
    use super::{command::Command, *};

    #[test]
    fn every_tool_has_a_command_that_is_not_refused() {
        for tool in Tool::ALL {
            for text in [Some(tool.command()), tool.status()].into_iter().flatten() {
                let parsed = Command::parse(text, &BTreeMap::new());
                assert!(parsed.is_ok(), "{tool:?}: {parsed:?}");
            }
            assert!(tool.stop().ends_with('.'), "{tool:?}");
        }
    }

    #[test]
    fn no_two_tools_share_a_title_or_a_command() {
        let mut titles: Vec<_> = Tool::ALL.iter().map(|tool| tool.title()).collect();
        let mut commands: Vec<_> = Tool::ALL.iter().map(|tool| tool.command()).collect();
        titles.sort_unstable();
        titles.dedup();
        commands.sort_unstable();
        commands.dedup();
        assert_eq!((titles.len(), commands.len()), (18, 18));
    }

    #[test]
    fn nothing_of_node_is_downloaded() {
        for tool in Tool::ALL.iter().filter(|tool| tool.command().starts_with("npx")) {
            assert!(tool.command().starts_with("npx --no "), "{tool:?}");
        }
    }
}
