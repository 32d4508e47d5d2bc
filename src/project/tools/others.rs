//! Tools that other files tell of: Alembic, Django, Rails, Laravel, Ecto, and programs that stand alone.

use std::path::{Path, PathBuf};

use super::{
    found,
    places::{Places, line_of},
    through, variables, with,
};
use crate::{
    domain::migration::tool::{
        Found, Tool,
        variable::{Form, Variable},
    },
    project::{command::is_there, script::Script},
};

pub(super) fn find(places: &Places) -> Vec<Found> {
    let tools = [
        alembic,
        django,
        rails,
        laravel,
        golang_migrate,
        goose,
        flyway,
        liquibase,
        entity_framework,
        sqlx,
        diesel,
        ecto,
    ];
    tools.into_iter().flat_map(|find| find(places)).collect()
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}

/// A file with a line that proves the tool: `Gemfile:3`.
fn proof(path: &Path, text: &str, words: &str) -> String {
    match line_of(text, words) {
        Some(line) => format!("{}:{line}", path.display()),
        None => path.display().to_string(),
    }
}

/// The project's own Python, where it keeps one.
fn own_python(found: &mut Found, places: &Places, program: &str) {
    let folder = places.root.join(&found.folder);
    let own = [".venv/bin", "venv/bin", ".venv/Scripts", "venv/Scripts"];
    let there = own.iter().map(|at| format!("{at}/{program}")).find(|path| is_there(&folder, path));
    if let Some(path) = there {
        through(found, program, &path);
    } else if places.contains(&found.folder.join("uv.lock")) {
        through(found, program, &format!("uv run --no-sync {program}"));
    } else if places.contains(&found.folder.join("poetry.lock")) {
        through(found, program, &format!("poetry run {program}"));
    } else if program == "python" && !is_there(&folder, "python") {
        through(found, program, "python3");
    }
}

/// Python that lets an env file win over what is set.
fn python_elsewhere(path: &Path, text: &str) -> Option<String> {
    ["override=True", "overwrite=True"].into_iter().find_map(|words| {
        let line = line_of(text, words)?;
        Some(format!(
            "{}:{line} lets an env file override what is set already, so the tool would take that file's URL.",
            path.display()
        ))
    })
}

fn alembic(places: &Places) -> Vec<Found> {
    let of = |ini: &Path| {
        let text = places.text(ini)?;
        let mut found = found(Tool::Alembic, &folder_of(ini), vec![ini.display().to_string()]);
        let setting = |key: &str| {
            let line = text.lines().find(|line| line.trim_start().starts_with(key))?;
            Some(line.split_once('=')?.1.trim().to_owned())
        };
        let location = setting("script_location")
            .map_or_else(|| "alembic".to_owned(), |at| at.replace("%(here)s/", ""));
        let env = found.folder.join(location).join("env.py");
        if let Some(code) = places.text(&env) {
            found.evidence.push(env.display().to_string());
            found.variables = variables(&code);
            found.elsewhere = python_elsewhere(&env, &code);
            // A database that env.py takes from the app's settings can't be seen here.
            let own = found.variables.is_empty()
                && !code.contains("set_main_option")
                && !code.contains("create_engine");
            let url = setting("sqlalchemy.url").filter(|url| url.starts_with("postgres"));
            if let (true, Some(_)) = (own, url) {
                found.elsewhere = Some(format!(
                    "{} names the database itself, and {} reads no variable, so the tool would not get the direct URL.",
                    proof(ini, &text, "sqlalchemy.url"),
                    env.display()
                ));
            }
        }
        own_python(&mut found, places, "alembic");
        Some(found)
    };
    places.named("alembic.ini").filter_map(of).collect()
}

fn django(places: &Places) -> Vec<Found> {
    let of = |manage: &Path| {
        let text = places.text(manage)?;
        if !text.contains("django") {
            return None;
        }
        let mut found = found(Tool::Django, &folder_of(manage), vec![manage.display().to_string()]);
        let folder = found.folder.clone();
        let settings = places.below(&folder).filter(|path| {
            let path = path.to_string_lossy();
            path.ends_with(".py") && path.contains("settings")
        });
        for path in settings {
            let Some(code) = places.text(path).filter(|code| code.contains("DATABASES")) else {
                continue;
            };
            found.evidence.push(proof(path, &code, "DATABASES"));
            found.variables.extend(variables(&code));
            // dj-database-url and django-environ read this one where none is named.
            if ["dj_database_url.config(", "env.db("].iter().any(|call| code.contains(call)) {
                found.variables.push(Variable::new("DATABASE_URL", Form::Url));
            }
            found.elsewhere = found.elsewhere.take().or_else(|| python_elsewhere(path, &code));
        }
        own_python(&mut found, places, "python");
        Some(found)
    };
    places.named("manage.py").filter_map(of).collect()
}

fn rails(places: &Places) -> Vec<Found> {
    let of = |gemfile: &Path| {
        let text = places.text(gemfile)?;
        let folder = folder_of(gemfile);
        if !text.contains("rails") || !places.contains(&folder.join("bin/rails")) {
            return None;
        }
        let mut found = found(Tool::Rails, &folder, vec![proof(gemfile, &text, "rails")]);
        let config = folder.join("config/database.yml");
        if let Some(text) = places.text(&config) {
            found.evidence.push(config.display().to_string());
            found.variables = variables(&text);
        }
        Some(found)
    };
    places.named("Gemfile").filter_map(of).collect()
}

fn laravel(places: &Places) -> Vec<Found> {
    let of = |artisan: &Path| {
        let folder = folder_of(artisan);
        let composer = folder.join("composer.json");
        let text = places.text(&composer).filter(|text| text.contains("laravel/framework"))?;
        let mut found =
            found(Tool::Laravel, &folder, vec![proof(&composer, &text, "laravel/framework")]);
        // Not a file of the project's own, so it is not among the places.
        if places.root.join(&folder).join("bootstrap/cache/config.php").is_file() {
            found.elsewhere = Some(
                "Its configuration is cached in bootstrap/cache/config.php, so no variable is read. Run php artisan config:clear first.".to_owned(),
            );
        }
        Some(found)
    };
    places.named("artisan").filter_map(of).collect()
}

/// Folders that hold a file whose name is accepted, each once.
fn folders_with(places: &Places, accepts: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = places.matching(accepts).map(folder_of).collect();
    folders.dedup();
    folders
}

fn golang_migrate(places: &Places) -> Vec<Found> {
    let folders = folders_with(places, |name| name.ends_with(".up.sql"));
    // sqlx and others have the same names: only a Go module proves it.
    let module = places.named("go.mod").find_map(|path| {
        let text = places.text(path)?;
        text.contains("golang-migrate/migrate")
            .then(|| proof(path, &text, "golang-migrate/migrate"))
    });
    let Some(module) = module else { return Vec::new() };
    folders
        .into_iter()
        .map(|folder| {
            let mut found = found(
                Tool::GolangMigrate,
                Path::new(""),
                vec![module.clone(), folder.display().to_string()],
            );
            let path = folder.display().to_string();
            through(&mut found, "migrate -path migrations", &format!("migrate -path {path}"));
            found
        })
        .collect()
}

fn goose(places: &Places) -> Vec<Found> {
    let sql = places.matching(|name| Path::new(name).extension().is_some_and(|end| end == "sql"));
    let mut folders: Vec<PathBuf> = sql
        .filter(|path| places.text(path).is_some_and(|text| text.contains("+goose Up")))
        .map(folder_of)
        .collect();
    folders.dedup();
    folders
        .into_iter()
        .map(|folder| {
            let path = folder.display().to_string();
            let mut found = found(Tool::Goose, Path::new(""), vec![format!("+goose Up in {path}")]);
            through(&mut found, "goose", &format!("goose -dir {path}"));
            found
        })
        .collect()
}

fn flyway(places: &Places) -> Vec<Found> {
    let config = places.matching(|name| name == "flyway.conf" || name == "flyway.toml");
    let mut tools: Vec<Found> = config
        .map(|path| found(Tool::Flyway, &folder_of(path), vec![path.display().to_string()]))
        .collect();
    if tools.is_empty() {
        let versioned = |name: &str| {
            name.starts_with('V')
                && name.contains("__")
                && Path::new(name).extension().is_some_and(|end| end == "sql")
        };
        for folder in folders_with(places, versioned) {
            let path = folder.display().to_string();
            let mut one = found(Tool::Flyway, Path::new(""), vec![format!("V…__….sql in {path}")]);
            with(&mut one, &[&format!("-locations=filesystem:{path}")]);
            tools.push(one);
        }
    }
    tools
}

fn liquibase(places: &Places) -> Vec<Found> {
    let config = places.named("liquibase.properties");
    config
        .map(|path| found(Tool::Liquibase, &folder_of(path), vec![path.display().to_string()]))
        .collect()
}

fn entity_framework(places: &Places) -> Vec<Found> {
    let of = |project: &Path| {
        let text = places.text(project)?;
        if !text.contains("Microsoft.EntityFrameworkCore")
            && !text.contains("Npgsql.EntityFrameworkCore")
        {
            return None;
        }
        let folder = folder_of(project);
        if !places
            .below(&folder)
            .any(|path| path.components().any(|part| part.as_os_str() == "Migrations"))
        {
            return None;
        }
        let mut found = found(
            Tool::EntityFramework,
            &folder,
            vec![proof(project, &text, "EntityFrameworkCore")],
        );
        let settings = folder.join("appsettings.json");
        if let Some(json) = places.text(&settings).and_then(|text| Script::json(&text)) {
            for pair in json.of_kind("pair") {
                if let ["ConnectionStrings", name] = json.path(pair).as_slice() {
                    let name = format!("ConnectionStrings__{name}");
                    found.variables.push(Variable::new(name, Form::KeyValue));
                }
            }
            found.evidence.push(settings.display().to_string());
        }
        Some(found)
    };
    places
        .matching(|name| Path::new(name).extension().is_some_and(|end| end == "csproj"))
        .filter_map(of)
        .collect()
}

fn cargo(places: &Places, tool: Tool, dependency: &str, folder_has: &str) -> Vec<Found> {
    let of = |manifest: &Path| {
        let text = places.text(manifest)?;
        let line = text.lines().position(|line| {
            let line = line.trim_start();
            line.strip_prefix(dependency).is_some_and(|rest| rest.starts_with([' ', '=', '.']))
        })?;
        let folder = folder_of(manifest);
        let migrations = folder.join(folder_has);
        places.below(&migrations).next()?;
        let evidence = format!("{dependency} in {}:{}", manifest.display(), line + 1);
        Some(found(tool, &folder, vec![evidence, migrations.display().to_string()]))
    };
    places.named("Cargo.toml").filter_map(of).collect()
}

fn sqlx(places: &Places) -> Vec<Found> {
    cargo(places, Tool::Sqlx, "sqlx", "migrations")
}

fn diesel(places: &Places) -> Vec<Found> {
    cargo(places, Tool::Diesel, "diesel", "migrations")
}

fn ecto(places: &Places) -> Vec<Found> {
    let of = |mix: &Path| {
        let text = places.text(mix).filter(|text| text.contains(":ecto_sql"))?;
        let mut found = found(Tool::Ecto, &folder_of(mix), vec![proof(mix, &text, ":ecto_sql")]);
        let config = found.folder.join("config/runtime.exs");
        if let Some(text) = places.text(&config) {
            found.evidence.push(config.display().to_string());
            found.variables = variables(&text);
        }
        Some(found)
    };
    places.named("mix.exs").filter_map(of).collect()
}
