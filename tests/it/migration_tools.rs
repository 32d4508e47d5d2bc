//! Tools that migrate a database: found by their files, with the right command, variables and warnings.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "other programs write files plainly")]

use std::{fs, path::Path};

use poolwright::{
    domain::migration::tool::{Found, Tool, command::Command, variable::Form},
    project::tools,
};
use tempfile::TempDir;

pub fn project(files: &[(&str, &str)]) -> TempDir {
    let place = tempfile::tempdir().unwrap();
    for (name, text) in files {
        put(place.path(), name, text);
    }
    place
}

pub fn put(root: &Path, name: &str, text: &str) {
    let file = root.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

pub fn found(files: &[(&str, &str)]) -> Vec<Found> {
    tools::find(project(files).path(), ("DATABASE_URL", "DIRECT_URL"))
}

fn one(files: &[(&str, &str)]) -> Found {
    let mut found = found(files);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

fn package(dependency: &str) -> String {
    format!(
        "{{\n  \"name\": \"shop\",\n  \"dependencies\": {{ \"{dependency}\": \"^1.2.3\" }}\n}}\n"
    )
}

type Case<'a> = (Tool, &'a [(&'a str, &'a str)], &'a str, &'a [(&'a str, Form)]);

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn each_tool_is_known_by_its_files() {
    use Form::{Asyncpg, Database, Host, Jdbc, KeyValue, Password, PrismaUrl, Url, User};
    let json = |name| package(name);
    let (prisma, drizzle, knex, typeorm, sequelize, pg_migrate) = (
        json("prisma"),
        json("drizzle-kit"),
        json("knex"),
        json("typeorm"),
        json("sequelize-cli"),
        json("node-pg-migrate"),
    );
    let cases: &[Case<'_>] = &[
        (
            Tool::Prisma,
            &[
                ("package.json", &prisma),
                (
                    "prisma/schema.prisma",
                    "datasource db {\n  provider = \"postgresql\"\n  url = env(\"POOLED\")\n  directUrl = env(\"STRAIGHT\")\n}\n",
                ),
            ],
            "npx --no prisma migrate deploy",
            &[("POOLED", PrismaUrl), ("STRAIGHT", PrismaUrl), ("DATABASE_URL", PrismaUrl)],
        ),
        (
            Tool::Drizzle,
            &[
                ("package.json", &drizzle),
                (
                    "drizzle.config.ts",
                    "export default { dbCredentials: { url: process.env.SHOP_DATABASE_URL! } };\n",
                ),
            ],
            "npx --no drizzle-kit migrate",
            &[("SHOP_DATABASE_URL", Url), ("DIRECT_URL", Url)],
        ),
        (
            Tool::Knex,
            &[
                ("package.json", &knex),
                (
                    "db/knexfile.js",
                    "module.exports = { development: { client: 'sqlite3' },\n production: { connection: { host: process.env.PGHOST, password: process.env.PGPASSWORD } } };\n",
                ),
            ],
            "npx --no knex migrate:latest --knexfile db/knexfile.js --env production",
            &[("PGHOST", Host), ("PGPASSWORD", Password)],
        ),
        (
            Tool::TypeOrm,
            &[
                ("package.json", &typeorm),
                (
                    "src/data-source.ts",
                    "export const source = new DataSource({ type: 'postgres', url: process.env['PG_URL'] });\n",
                ),
            ],
            "npx --no typeorm-ts-node-commonjs migration:run -d src/data-source.ts",
            &[("PG_URL", Url)],
        ),
        (
            Tool::Sequelize,
            &[
                ("package.json", &sequelize),
                (
                    "config/config.json",
                    "{ \"development\": { \"dialect\": \"sqlite\" }, \"production\": { \"use_env_variable\": \"PROD_DB\" } }",
                ),
            ],
            "npx --no sequelize-cli db:migrate --env production",
            &[("PROD_DB", Url)],
        ),
        (
            Tool::NodePgMigrate,
            &[("package.json", &pg_migrate)],
            "npx --no node-pg-migrate up",
            &[("DATABASE_URL", Url)],
        ),
        (
            Tool::Alembic,
            &[
                (
                    "alembic.ini",
                    "[alembic]\nscript_location = %(here)s/db/migrations\nsqlalchemy.url = driver://user:pass@localhost/dbname\n",
                ),
                ("db/migrations/env.py", "url = os.environ[\"SHOP_DATABASE_URL\"]\n"),
                (".env.example", "SHOP_DATABASE_URL=\"postgresql+asyncpg://localhost/shop\"\n"),
            ],
            "alembic upgrade head",
            &[("SHOP_DATABASE_URL", Asyncpg)],
        ),
        (
            Tool::Django,
            &[
                (
                    "backend/manage.py",
                    "#!/usr/bin/env python\nfrom django.core.management import execute_from_command_line\n",
                ),
                (
                    "backend/shop/settings/base.py",
                    "DATABASES = {'default': {'NAME': os.environ['DB_NAME'], 'USER': os.getenv('DB_USER'), 'HOST': env('DB_HOST')}}\n",
                ),
                ("backend/.venv/bin/python", "#!/bin/sh\n"),
            ],
            ".venv/bin/python manage.py migrate --noinput",
            &[("DB_NAME", Database), ("DB_USER", User), ("DB_HOST", Host)],
        ),
        (
            Tool::Rails,
            &[
                ("Gemfile", "source 'x'\ngem \"rails\", \"~> 8.0\"\n"),
                ("bin/rails", "#!/usr/bin/env ruby\n"),
                (
                    "config/database.yml",
                    "production:\n  primary:\n    url: <%= ENV[\"PRIMARY_DATABASE_URL\"] %>\n",
                ),
            ],
            "bin/rails db:migrate",
            &[("DATABASE_URL", Url), ("PRIMARY_DATABASE_URL", Url)],
        ),
        (
            Tool::Laravel,
            &[
                ("artisan", "<?php\n"),
                ("composer.json", "{ \"require\": { \"laravel/framework\": \"^12\" } }"),
            ],
            "php artisan migrate --force --no-interaction",
            &[("DB_URL", Url), ("DB_HOST", Host), ("DB_PASSWORD", Password)],
        ),
        (
            Tool::GolangMigrate,
            &[
                ("go.mod", "require github.com/golang-migrate/migrate/v4 v4.18.0\n"),
                ("db/migrations/1_init.up.sql", "select 1;"),
            ],
            "migrate -path db/migrations -database {url without password} up",
            &[("PGPASSWORD", Password)],
        ),
        (
            Tool::Goose,
            &[("db/0001_init.sql", "-- +goose Up\nselect 1;\n")],
            "goose -dir db up",
            &[("GOOSE_DBSTRING", Url)],
        ),
        (
            Tool::Flyway,
            &[("src/main/resources/db/migration/V1__init.sql", "select 1;")],
            "flyway migrate -locations=filesystem:src/main/resources/db/migration",
            &[("FLYWAY_URL", Jdbc), ("FLYWAY_USER", User), ("FLYWAY_PASSWORD", Password)],
        ),
        (
            Tool::Liquibase,
            &[("liquibase.properties", "changeLogFile=changelog.xml\n")],
            "liquibase update",
            &[("LIQUIBASE_COMMAND_URL", Jdbc), ("LIQUIBASE_COMMAND_PASSWORD", Password)],
        ),
        (
            Tool::EntityFramework,
            &[
                (
                    "Shop/Shop.csproj",
                    "<PackageReference Include=\"Npgsql.EntityFrameworkCore.PostgreSQL\" />\n",
                ),
                ("Shop/Migrations/1_Init.cs", "class Init {}\n"),
                (
                    "Shop/appsettings.json",
                    "{ \"ConnectionStrings\": { \"Shop\": \"Host=localhost\" } }",
                ),
            ],
            "dotnet ef database update",
            &[("ConnectionStrings__Shop", KeyValue)],
        ),
        (
            Tool::Sqlx,
            &[
                ("Cargo.toml", "[dependencies]\nsqlx = \"0.9\"\n"),
                ("migrations/1_init.sql", "select 1;"),
            ],
            "sqlx migrate run",
            &[("DATABASE_URL", Url)],
        ),
        (
            Tool::Diesel,
            &[
                ("Cargo.toml", "[dependencies]\ndiesel = { version = \"2\" }\n"),
                ("migrations/1_init/up.sql", "select 1;"),
            ],
            "diesel migration run",
            &[("DATABASE_URL", Url)],
        ),
        (
            Tool::Ecto,
            &[
                ("mix.exs", "defp deps, do: [{:ecto_sql, \"~> 3.10\"}]\n"),
                ("config/runtime.exs", "url: System.fetch_env!(\"SHOP_DATABASE_URL\")\n"),
            ],
            "mix ecto.migrate",
            &[("DATABASE_URL", Url), ("SHOP_DATABASE_URL", Url)],
        ),
    ];
    let tools: Vec<Tool> = cases.iter().map(|(tool, ..)| *tool).collect();
    assert_eq!(tools, Tool::ALL);
    for (tool, files, command, variables) in cases {
        let found = one(files);
        assert_eq!((found.tool, found.command.as_str()), (*tool, *command), "{found:#?}");
        assert_eq!(found.elsewhere, None, "{tool:?}");
        assert!(!found.evidence.is_empty(), "{tool:?}");
        for (name, form) in *variables {
            let got = found.variables.iter().find(|variable| variable.name == *name);
            assert_eq!(
                got.map(|variable| variable.form),
                Some(*form),
                "{tool:?} {name}: {found:#?}"
            );
        }
        for text in std::iter::once(&found.command).chain(&found.status) {
            Command::parse(text, &found.scripts)
                .unwrap_or_else(|why| panic!("{tool:?} {text}: {why}"));
        }
    }
}

#[test]
fn what_would_lead_to_another_database_is_said_with_file_and_line() {
    let (knex, drizzle, typeorm) = (package("knex"), package("drizzle-kit"), package("typeorm"));
    let sequelize = package("sequelize-cli");
    let cases: &[(&[(&str, &str)], &str)] = &[
        (
            &[
                ("package.json", &knex),
                ("knexfile.js", "module.exports = {\n connection: 'postgres://u:p@old/d'\n};\n"),
            ],
            "knexfile.js:2 names the database itself",
        ),
        (
            &[
                ("package.json", &drizzle),
                (
                    "drizzle.config.ts",
                    "import dotenv from 'dotenv';\ndotenv.config({ path: '.env', override: true });\nexport default { url: process.env.DATABASE_URL };\n",
                ),
            ],
            "drizzle.config.ts:2 lets an env file override",
        ),
        (&[("package.json", &typeorm)], "No file with a DataSource was found"),
        (
            &[
                ("package.json", &sequelize),
                ("config/config.json", "{ \"production\": { \"host\": \"old\" } }"),
            ],
            "config/config.json names the database itself",
        ),
        (
            &[
                (
                    "alembic.ini",
                    "[alembic]\nscript_location = alembic\nsqlalchemy.url = postgresql://u:p@old/d\n",
                ),
                ("alembic/env.py", "config = context.config\n"),
            ],
            "alembic.ini:3 names the database itself, and alembic/env.py reads no variable",
        ),
        (
            &[
                ("manage.py", "import django\n"),
                (
                    "shop/settings.py",
                    "load_dotenv(override=True)\nDATABASES = {'default': env.db('DATABASE_URL')}\n",
                ),
            ],
            "shop/settings.py:1 lets an env file override",
        ),
        (
            &[
                ("artisan", ""),
                ("composer.json", "{\"require\": {\"laravel/framework\": \"^12\"}}"),
                ("bootstrap/cache/config.php", "<?php return [];\n"),
            ],
            "Its configuration is cached",
        ),
    ];
    for (files, part) in cases {
        let found = one(files);
        let why = found.elsewhere.clone().unwrap_or_else(|| panic!("nothing said: {found:#?}"));
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn a_project_may_have_several_tools_each_in_its_folder() {
    let found = found(&[
        ("apps/api/package.json", &package("prisma")),
        (
            "apps/api/prisma/schema.prisma",
            "datasource db {\n provider = \"postgresql\"\n url = env(\"DATABASE_URL\")\n}\n",
        ),
        ("apps/old/package.json", &package("node-pg-migrate")),
        ("services/ml/alembic.ini", "[alembic]\n"),
        ("node_modules/knex/package.json", &package("prisma")),
    ]);
    let places: Vec<(Tool, String)> =
        found.iter().map(|one| (one.tool, one.folder.display().to_string())).collect();
    assert_eq!(
        places,
        [
            (Tool::Prisma, "apps/api".to_owned()),
            (Tool::NodePgMigrate, "apps/old".to_owned()),
            (Tool::Alembic, "services/ml".to_owned()),
        ]
    );
    assert_eq!(found[0].evidence[0], "prisma ^1.2.3 in apps/api/package.json:3");
}

#[test]
fn only_what_can_migrate_is_a_tool() {
    assert_eq!(found(&[("package.json", &package("@prisma/client"))]), []);
    assert_eq!(
        found(&[("package.json", &package("pg")), ("manage.py", "print('no framework')\n")]),
        []
    );
    assert_eq!(found(&[]), []);
}

#[test]
fn installed_means_in_the_project_and_never_fetched() {
    let files =
        [("package.json", package("knex")), ("knexfile.js", "module.exports = {};\n".to_owned())];
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let place = project(&files);
    let find = || tools::find(place.path(), ("DATABASE_URL", "DIRECT_URL")).remove(0);
    assert!(!find().installed);
    put(place.path(), "node_modules/.bin/knex", "#!/usr/bin/env node\n");
    assert!(find().installed, "npx is on this computer");
}
