//! Manifests of every language but JavaScript's: what a package depends on, with the lines that say so.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item};

use crate::{
    domain::project::Library,
    project::{
        script::{Script, line},
        tokens::{Language, Source},
    },
};

use super::{package::Dependency, walk::ends};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ecosystem {
    Npm,
    Python,
    Ruby,
    Php,
    Go,
    Java,
    Net,
    Rust,
    Elixir,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Relative to the root.
    pub file: PathBuf,
    pub ecosystem: Ecosystem,
    pub dependencies: Vec<Dependency>,
}

/// Of which language a file of this name is the manifest.
pub fn ecosystem(path: &Path) -> Option<Ecosystem> {
    let name = path.file_name()?.to_str()?;
    Some(match name {
        "pyproject.toml" | "Pipfile" | "setup.cfg" => Ecosystem::Python,
        "Gemfile" => Ecosystem::Ruby,
        "composer.json" => Ecosystem::Php,
        "go.mod" => Ecosystem::Go,
        "pom.xml" | "build.gradle" | "build.gradle.kts" | "libs.versions.toml" => Ecosystem::Java,
        "Directory.Packages.props" => Ecosystem::Net,
        "Cargo.toml" => Ecosystem::Rust,
        "mix.exs" => Ecosystem::Elixir,
        _ if name.starts_with("requirements") && ends(path, &["txt"]) => Ecosystem::Python,
        _ if ends(path, &["csproj", "fsproj"]) => Ecosystem::Net,
        _ => return None, // no manifest
    })
}

impl Manifest {
    /// `None` where nothing in it has to do with a database.
    pub fn read(file: &Path, text: &str) -> Option<Self> {
        let ecosystem = ecosystem(file)?;
        let name = file.file_name()?.to_str()?;
        let found = match name {
            "pyproject.toml" => pyproject(text),
            "Pipfile" | "Cargo.toml" => tables(text),
            "libs.versions.toml" => coordinates(text),
            "Gemfile" => gems(text),
            "composer.json" => composer(text),
            "go.mod" => go(text),
            "pom.xml" => maven(text),
            "build.gradle" | "build.gradle.kts" => coordinates(text),
            "mix.exs" => mix(text),
            "setup.cfg" => requirements(text),
            _ if ecosystem == Ecosystem::Python => requirements(text),
            _ => references(text), // .NET's
        };
        let dependencies: Vec<Dependency> = found
            .into_iter()
            .filter(|dependency| !libraries(ecosystem, &dependency.name).is_empty())
            .collect();
        (!dependencies.is_empty()).then(|| Self { file: file.to_owned(), ecosystem, dependencies })
    }

    /// Folder of the package: that of the manifest, but the version catalogue lies one deeper.
    pub fn folder(&self) -> &Path {
        let folder = self.file.parent().unwrap_or(Path::new(""));
        if folder.ends_with("gradle") { folder.parent().unwrap_or(folder) } else { folder }
    }
}

/// What a dependency of this name brings.
pub fn libraries(ecosystem: Ecosystem, name: &str) -> &'static [Library] {
    match ecosystem {
        Ecosystem::Npm => match name {
            "drizzle-orm" => &[Library::Drizzle],
            "typeorm" => &[Library::TypeOrm],
            "knex" => &[Library::Knex],
            "sequelize" => &[Library::Sequelize],
            "pg" => &[Library::NodePostgres],
            "postgres" => &[Library::PostgresJs],
            "node-pg-migrate" => &[Library::NodePgMigrate],
            _ => &[],
        },
        Ecosystem::Python => match name {
            "sqlalchemy" | "sqlmodel" | "flask-sqlalchemy" => &[Library::SqlAlchemy],
            "alembic" | "flask-migrate" => &[Library::Alembic],
            "django" => &[Library::Django],
            "psycopg2" | "psycopg2-binary" => &[Library::Psycopg2],
            "psycopg" | "psycopg-binary" | "psycopg-pool" => &[Library::Psycopg3],
            "asyncpg" => &[Library::Asyncpg],
            _ => &[],
        },
        Ecosystem::Ruby => match name {
            "rails" | "activerecord" => &[Library::Rails],
            "pg" => &[Library::RubyPg],
            _ => &[],
        },
        Ecosystem::Php => match name {
            "laravel/framework" => &[Library::Laravel],
            "ext-pdo_pgsql" | "ext-pgsql" | "doctrine/dbal" => &[Library::Pdo],
            _ => &[],
        },
        Ecosystem::Go => go_library(name),
        Ecosystem::Java => match name {
            "postgresql" => &[Library::Jdbc],
            "HikariCP" => &[Library::Hikari],
            "spring-boot-starter-data-jpa"
            | "spring-boot-starter-jdbc"
            | "spring-boot-starter-data-jdbc" => &[Library::Spring, Library::Hikari],
            "flyway-core" | "flyway-database-postgresql" => &[Library::Flyway],
            "liquibase-core" => &[Library::Liquibase],
            _ => &[],
        },
        Ecosystem::Net => match name {
            "Npgsql" => &[Library::Npgsql],
            "Npgsql.EntityFrameworkCore.PostgreSQL" => &[Library::EfCore, Library::Npgsql],
            _ => &[],
        },
        Ecosystem::Rust => match name {
            "sqlx" => &[Library::Sqlx],
            "diesel" => &[Library::Diesel],
            "tokio-postgres" | "deadpool-postgres" => &[Library::TokioPostgres],
            _ => &[],
        },
        Ecosystem::Elixir => match name {
            "ecto_sql" => &[Library::Ecto],
            "postgrex" => &[Library::Postgrex],
            _ => &[],
        },
    }
}

fn go_library(name: &str) -> &'static [Library] {
    if name.starts_with("github.com/jackc/pgx") || name == "gorm.io/driver/postgres" {
        &[Library::Pgx]
    } else if name == "github.com/lib/pq" {
        &[Library::LibPq]
    } else if name.starts_with("github.com/pressly/goose") {
        &[Library::Goose]
    } else if name.starts_with("github.com/golang-migrate/migrate") {
        &[Library::GolangMigrate]
    } else {
        &[]
    }
}

fn dependency(name: &str, wanted: &str, line: usize) -> Dependency {
    Dependency { name: name.to_owned(), wanted: wanted.trim().to_owned(), line }
}

/// The first line that has the word, from 1.
fn line_of(text: &str, word: &str) -> usize {
    let line = |line: &str| line.to_ascii_lowercase().replace('_', "-").contains(word);
    text.lines().position(line).map_or(1, |at| at + 1)
}

/// `SQLAlchemy[asyncio]>=2.0 ; python_version > "3.8"`
fn requirement(text: &str) -> Option<(String, &str)> {
    let text = text.split(['#', ';']).next()?.trim();
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    let wanted = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']').map_or("", |(_, wanted)| wanted),
        None => rest,
    };
    let name = name.to_ascii_lowercase().replace('_', "-");
    (!name.is_empty()).then_some((name, wanted))
}

fn requirements(text: &str) -> Vec<Dependency> {
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(at, line)| {
            let (name, wanted) = requirement(line)?;
            Some(dependency(&name, wanted, at + 1))
        })
        .collect()
}

fn pyproject(text: &str) -> Vec<Dependency> {
    let Ok(document) = text.parse::<DocumentMut>() else { return Vec::new() };
    let mut found = Vec::new();
    let mut listed = |item: Option<&Item>| {
        for asked in item.and_then(Item::as_array).into_iter().flatten() {
            if let Some((name, wanted)) = asked.as_str().and_then(requirement) {
                found.push(dependency(&name, wanted, line_of(text, &name)));
            }
        }
    };
    let project = document.get("project");
    listed(project.and_then(|project| project.get("dependencies")));
    for groups in [
        project.and_then(|project| project.get("optional-dependencies")),
        document.get("dependency-groups"),
    ] {
        for (_, group) in groups.and_then(Item::as_table_like).into_iter().flat_map(|t| t.iter()) {
            listed(Some(group));
        }
    }
    let poetry = document.get("tool").and_then(|tool| tool.get("poetry"));
    if let Some(table) = poetry.and_then(|poetry| poetry.get("dependencies")) {
        found.extend(table_of(table, text));
    }
    found
}

/// `[dependencies]`, `[packages]` and their relatives: `name = "1"` or `name = { version = "1" }`.
fn tables(text: &str) -> Vec<Dependency> {
    let Ok(document) = text.parse::<DocumentMut>() else { return Vec::new() };
    let workspace = document.get("workspace").and_then(|table| table.get("dependencies"));
    ["dependencies", "dev-dependencies", "packages"]
        .into_iter()
        .filter_map(|name| document.get(name))
        .chain(workspace)
        .flat_map(|table| table_of(table, text))
        .collect()
}

fn table_of(item: &Item, text: &str) -> Vec<Dependency> {
    let table = item.as_table_like().into_iter().flat_map(|table| table.iter());
    table
        .filter(|(_, value)| serves_postgres(value))
        .map(|(name, value)| {
            let version = value.as_str().or_else(|| value.get("version")?.as_str());
            let name = name.to_ascii_lowercase();
            dependency(&name, version.unwrap_or("*"), line_of(text, &name.replace('_', "-")))
        })
        .collect()
}

/// sqlx and Diesel serve several databases: where they name any, PostgreSQL has to be among them.
fn serves_postgres(value: &Item) -> bool {
    let Some(features) = value.get("features").and_then(Item::as_array) else { return true };
    let names: Vec<&str> = features.iter().filter_map(|name| name.as_str()).collect();
    let has = |word: &str| names.iter().any(|name| name.contains(word));
    has("postgres") || !(has("mysql") || has("sqlite"))
}

fn gems(text: &str) -> Vec<Dependency> {
    let source = Source::read(Language::Ruby, text);
    source
        .find("gem")
        .filter_map(|at| {
            let name = source.literal(at + 1)?;
            let wanted = (source.word(at + 2) == ",").then(|| source.literal(at + 3)).flatten();
            Some(dependency(name, wanted.unwrap_or("*"), source.line(at)))
        })
        .collect()
}

fn composer(text: &str) -> Vec<Dependency> {
    let Some(json) = Script::json(text) else { return Vec::new() };
    json.of_kind("pair")
        .filter_map(|pair| {
            let wanted = json.string(pair.child_by_field_name("value")?)?;
            match json.path(pair).as_slice() {
                ["require" | "require-dev", name] => Some(dependency(name, wanted, line(pair))),
                _ => None, // another setting
            }
        })
        .collect()
}

fn go(text: &str) -> Vec<Dependency> {
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(at, line)| {
            let line = line.split("//").next()?.trim();
            let mut words = line.strip_prefix("require ").unwrap_or(line).split_whitespace();
            let (name, version) = (words.next()?, words.next()?);
            version.starts_with('v').then(|| dependency(name, version, at + 1))
        })
        .collect()
}

fn maven(text: &str) -> Vec<Dependency> {
    let text = without_xml_comments(text);
    let mut found = Vec::new();
    for (at, open) in text.match_indices("<artifactId>") {
        let rest = text.get(at + open.len()..).unwrap_or_default();
        let Some((name, after)) = rest.split_once("</artifactId>") else { continue };
        let rest = after.split("</dependency>").next().unwrap_or_default();
        let version = rest.split_once("<version>").and_then(|(_, rest)| rest.split('<').next());
        let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        found.push(dependency(name.trim(), version.unwrap_or("*"), line));
    }
    found
}

/// Comments become blanks, so that lines stay.
fn without_xml_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!--") {
        kept.push_str(before);
        let (comment, tail) = after.split_once("-->").unwrap_or((after, ""));
        kept.extend(comment.chars().filter(|c| *c == '\n'));
        rest = tail;
    }
    kept.push_str(rest);
    kept
}

/// `"org.postgresql:postgresql:42.7.3"` in Gradle's files, of both its languages.
fn coordinates(text: &str) -> Vec<Dependency> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.split("//").next().unwrap_or_default();
        for quoted in line.split(['"', '\'']).skip(1).step_by(2) {
            let mut parts = quoted.split(':');
            if let (Some(_), Some(name)) = (parts.next(), parts.next()) {
                found.push(dependency(name, parts.next().unwrap_or("*"), at + 1));
            }
        }
    }
    found
}

fn mix(text: &str) -> Vec<Dependency> {
    let source = Source::read(Language::Elixir, text);
    source
        .find_all(&["{", ":"])
        .filter_map(|at| {
            let wanted = (source.word(at + 3) == ",").then(|| source.literal(at + 4)).flatten();
            Some(dependency(source.word(at + 2), wanted?, source.line(at)))
        })
        .collect()
}

/// `<PackageReference Include="Npgsql" Version="8.0.3" />`
fn references(text: &str) -> Vec<Dependency> {
    let text = without_xml_comments(text);
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let attribute = |name: &str| {
            let (_, rest) = line.split_once(&format!("{name}=\""))?;
            rest.split('"').next()
        };
        let is_reference = line.contains("<PackageReference") || line.contains("<PackageVersion");
        if let Some(name) = attribute("Include").filter(|_| is_reference) {
            found.push(dependency(name, attribute("Version").unwrap_or("*"), at + 1));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str, text: &str) -> Vec<(String, String, usize)> {
        let manifest = Manifest::read(Path::new(file), text);
        let dependencies = manifest.map(|manifest| manifest.dependencies).unwrap_or_default();
        dependencies.into_iter().map(|one| (one.name, one.wanted, one.line)).collect()
    }

    fn one(name: &str, wanted: &str, line: usize) -> (String, String, usize) {
        (name.to_owned(), wanted.to_owned(), line)
    }

    #[test]
    fn each_manifest_names_its_dependencies_with_their_lines() {
        for (file, text, expected) in [
            (
                "requirements.txt",
                "# SQLAlchemy\nSQLAlchemy[asyncio]==2.0.30 # why\npsycopg2_binary>=2.9\n",
                vec![one("sqlalchemy", "==2.0.30", 2), one("psycopg2-binary", ">=2.9", 3)],
            ),
            (
                "pyproject.toml",
                "[project]\ndependencies = [\n  \"asyncpg>=0.29\",\n]\n[tool.poetry.dependencies]\nDjango = \"^5.2\"\n",
                vec![one("asyncpg", ">=0.29", 3), one("django", "^5.2", 6)],
            ),
            (
                "Gemfile",
                "gem \"rails\", \"~> 7.1\"\n# gem 'pg'\ngem 'pg'\n",
                vec![one("rails", "~> 7.1", 1), one("pg", "*", 3)],
            ),
            (
                "composer.json",
                "{ \"require\": {\n \"laravel/framework\": \"^11.0\" } }",
                vec![one("laravel/framework", "^11.0", 2)],
            ),
            (
                "go.mod",
                "module shop\nrequire (\n\tgithub.com/jackc/pgx/v5 v5.6.0\n\tgithub.com/x/y v1.0.0 // indirect\n)\n",
                vec![one("github.com/jackc/pgx/v5", "v5.6.0", 3)],
            ),
            (
                "pom.xml",
                "<dependency>\n<artifactId>postgresql</artifactId>\n<version>42.7.3</version>\n</dependency><!-- <artifactId>HikariCP</artifactId> -->",
                vec![one("postgresql", "42.7.3", 2)],
            ),
            (
                "build.gradle",
                "implementation 'org.flywaydb:flyway-core'\nruntimeOnly \"org.postgresql:postgresql:42.7.3\" // x:y\n",
                vec![one("flyway-core", "*", 1), one("postgresql", "42.7.3", 2)],
            ),
            (
                "Shop.csproj",
                "<PackageReference Include=\"Npgsql\" Version=\"8.0.3\" />",
                vec![one("Npgsql", "8.0.3", 1)],
            ),
            (
                "Cargo.toml",
                "[dependencies]\nsqlx = { version = \"0.8\", features = [\"postgres\"] }\ndiesel = { version = \"2\", features = [\"sqlite\"] }\n",
                vec![one("sqlx", "0.8", 2)],
            ),
            (
                "mix.exs",
                "defp deps do\n [{:ecto_sql, \"~> 3.11\"}]\nend",
                vec![one("ecto_sql", "~> 3.11", 2)],
            ),
        ] {
            assert_eq!(read(file, text), expected, "{file}");
        }
    }
}
