//! Tools that a `package.json` names: Prisma, Drizzle, Knex, `TypeORM`, Sequelize, node-pg-migrate.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{found, places::Places, through, with};
use crate::{
    domain::{
        migration::tool::{
            Found, Tool,
            variable::{Form, Variable},
        },
        prisma_schema,
    },
    project::script::{Script, line},
};

/// What of a `package.json` matters here.
struct Package {
    folder: PathBuf,
    /// Name, wish and line of each dependency.
    dependencies: Vec<(String, String, usize)>,
    scripts: BTreeMap<String, String>,
    /// Its files are modules of the newer kind.
    modules: bool,
}

pub(super) fn find(places: &Places) -> Vec<Found> {
    let packages = places.named("package.json").filter_map(|path| Package::read(path, places));
    packages.flat_map(|package| of_package(&package, places)).collect()
}

impl Package {
    fn read(path: &Path, places: &Places) -> Option<Self> {
        let json = Script::json(&places.text(path)?)?;
        let mut package = Self {
            folder: path.parent()?.to_owned(),
            dependencies: Vec::new(),
            scripts: BTreeMap::new(),
            modules: false,
        };
        for pair in json.of_kind("pair") {
            let value = pair.child_by_field_name("value").and_then(|value| json.string(value));
            let Some(value) = value.map(unescaped) else { continue };
            match json.path(pair).as_slice() {
                ["dependencies" | "devDependencies", name] => {
                    package.dependencies.push(((*name).to_owned(), value, line(pair)));
                }
                ["scripts", name] => {
                    package.scripts.insert((*name).to_owned(), value);
                }
                ["type"] => package.modules = value == "module",
                _ => {} // says nothing about tools
            }
        }
        Some(package)
    }

    fn depends_on(&self, name: &str) -> Option<String> {
        let (name, wanted, line) = self.dependencies.iter().find(|(known, ..)| known == name)?;
        Some(format!("{name} {wanted} in {}:{line}", self.folder.join("package.json").display()))
    }

    fn found(&self, tool: Tool, evidence: String) -> Found {
        Found { scripts: self.scripts.clone(), ..found(tool, &self.folder, vec![evidence]) }
    }

    /// The path as the tool gets it, from the package's folder.
    fn own<'a>(&self, path: &'a Path) -> std::borrow::Cow<'a, str> {
        path.strip_prefix(&self.folder).unwrap_or(path).to_string_lossy()
    }
}

/// Quotes inside a string of JSON.
fn unescaped(text: &str) -> String {
    serde_json::from_str(&format!("\"{text}\"")).unwrap_or_else(|_| text.to_owned())
}

fn of_package(package: &Package, places: &Places) -> Vec<Found> {
    let mut tools = Vec::new();
    // The client alone, without its command line, can't migrate.
    if let Some(evidence) = package.depends_on("prisma") {
        tools.push(prisma(package, package.found(Tool::Prisma, evidence), places));
    }
    if let Some(evidence) = package.depends_on("drizzle-kit") {
        tools.push(drizzle(package, package.found(Tool::Drizzle, evidence), places));
    }
    if let Some(evidence) = package.depends_on("knex")
        && let Some(config) = first(package, places, |name| name.starts_with("knexfile."))
    {
        tools.push(knex(package, package.found(Tool::Knex, evidence), &config, places));
    }
    if let Some(evidence) = package.depends_on("typeorm") {
        tools.push(typeorm(package, package.found(Tool::TypeOrm, evidence), places));
    }
    if let Some(evidence) = package.depends_on("sequelize-cli") {
        tools.push(sequelize(package, package.found(Tool::Sequelize, evidence), places));
    }
    if let Some(evidence) = package.depends_on("node-pg-migrate") {
        tools.push(package.found(Tool::NodePgMigrate, evidence));
    }
    tools
}

/// The first file of the package whose name is accepted; the nearest to its root first.
fn first(package: &Package, places: &Places, accepts: impl Fn(&str) -> bool) -> Option<PathBuf> {
    places
        .matching(accepts)
        .filter(|path| path.starts_with(&package.folder))
        .min_by_key(|path| path.components().count())
        .map(Path::to_owned)
}

/// What a configuration in code says about the database.
struct Config {
    /// Each variable with the keys that lead to it.
    variables: Vec<(Vec<String>, String)>,
    elsewhere: Option<String>,
}

impl Config {
    fn read(path: &Path, places: &Places) -> Option<Self> {
        let text = places.text(path)?;
        let script = match path.extension().and_then(|end| end.to_str()) {
            Some("json") => Script::json(&text)?,
            _ => Script::parse(path, &text)?, // code, or nothing
        };
        let variables = script
            .nodes()
            .filter_map(|node| {
                let name = script.variable(node)?;
                let pair = std::iter::once(node)
                    .chain(crate::project::script::ancestors(node))
                    .find(|node| node.kind() == "pair");
                let keys = pair.map_or_else(Vec::new, |pair| script.path(pair));
                Some((keys.into_iter().map(str::to_owned).collect(), name.to_owned()))
            })
            .collect();
        let mut config = Self { variables, elsewhere: None };
        config.elsewhere = config.elsewhere(&script, &text, path);
        Some(config)
    }

    fn elsewhere(&self, script: &Script, text: &str, path: &Path) -> Option<String> {
        let overrides = script.of_kind("pair").find(|pair| {
            let value = pair.child_by_field_name("value").map(|value| script.text(value));
            script.key(*pair) == Some("override") && value == Some("true")
        });
        if let Some(pair) = overrides.filter(|_| text.contains("dotenv")) {
            return Some(format!(
                "{}:{} lets an env file override what is set already, so the tool would take that file's URL.",
                path.display(),
                line(pair)
            ));
        }
        if self.database().next().is_some() {
            return None;
        }
        let literal = script.of_kind("string").find(|node| {
            script.string(*node).is_some_and(|text| {
                ["postgres://", "postgresql://"].iter().any(|begins| text.starts_with(begins))
            })
        })?;
        Some(format!(
            "{}:{} names the database itself and reads no variable, so the tool would not get the direct URL.",
            path.display(),
            line(literal)
        ))
    }

    /// Its variables that hold a database.
    fn database(&self) -> impl Iterator<Item = (&[String], Variable)> {
        self.variables
            .iter()
            .filter_map(|(keys, name)| Some((keys.as_slice(), Variable::by_name(name)?)))
    }

    fn give(self, found: &mut Found) {
        found.variables.extend(self.database().map(|(_, variable)| variable));
        found.elsewhere = found.elsewhere.take().or(self.elsewhere);
    }

    /// The part of a configuration by environments that reads a variable; production before others.
    fn environment(&self) -> Option<String> {
        const NAMES: [&str; 3] = ["production", "staging", "development"];
        NAMES
            .into_iter()
            .map(str::to_owned)
            .find(|name| self.database().any(|(keys, _)| keys.first() == Some(name)))
    }
}

fn prisma(package: &Package, mut found: Found, places: &Places) -> Found {
    let in_package = |path: &&Path| path.starts_with(&package.folder);
    let is_schema = |name: &str| Path::new(name).extension().is_some_and(|end| end == "prisma");
    let config =
        |name: &str| name.starts_with("prisma.config.") || name.starts_with("prisma7.config.");
    if let Some(config) = first(package, places, config) {
        found.evidence.push(config.display().to_string());
        if let Some(config) = Config::read(&config, places) {
            config.give(&mut found);
        }
    }
    for path in places.matching(is_schema).filter(in_package) {
        let Some(text) = places.text(path) else { continue };
        for datasource in prisma_schema::datasources(&text) {
            found.evidence.push(format!("datasource in {}:{}", path.display(), datasource.line));
            let keys = ["url", "directUrl"];
            let names = keys.into_iter().filter_map(|key| datasource.variable(key));
            found.variables.extend(names.map(|name| Variable::new(name, Form::PrismaUrl)));
        }
    }
    for variable in &mut found.variables {
        if variable.form == Form::Url {
            variable.form = Form::PrismaUrl;
        }
    }
    found
}

fn drizzle(package: &Package, mut found: Found, places: &Places) -> Found {
    let Some(config) =
        first(package, places, |name| name.starts_with("drizzle") && name.contains(".config."))
    else {
        return found;
    };
    let own = package.own(&config).into_owned();
    if !own.starts_with("drizzle.config.") {
        with(&mut found, &["--config", &own]);
    }
    found.evidence.push(config.display().to_string());
    if let Some(config) = Config::read(&config, places) {
        config.give(&mut found);
    }
    found
}

fn knex(package: &Package, mut found: Found, path: &Path, places: &Places) -> Found {
    found.evidence.push(path.display().to_string());
    let own = package.own(path).into_owned();
    if own.contains('/') {
        with(&mut found, &["--knexfile", &own]);
    }
    if let Some(config) = Config::read(path, places) {
        if let Some(name) = config.environment() {
            with(&mut found, &["--env", &name]);
        }
        config.give(&mut found);
    }
    found
}

fn typeorm(package: &Package, mut found: Found, places: &Places) -> Found {
    let ends = ["ts", "js", "mjs", "cjs", "mts", "cts"];
    let code = |name: &str| {
        Path::new(name)
            .extension()
            .and_then(|end| end.to_str())
            .is_some_and(|end| ends.contains(&end))
    };
    let mut sources: Vec<&Path> = places
        .matching(code)
        .filter(|path| {
            path.starts_with(&package.folder) && !path.to_string_lossy().contains("test")
        })
        .filter(|path| {
            let name = path.to_string_lossy().to_lowercase();
            ["source", "orm", "database", "db", "migrat"].iter().any(|hint| name.contains(hint))
        })
        .filter(|path| places.text(path).is_some_and(|text| text.contains("new DataSource(")))
        .collect();
    sources.sort_by_key(|path| path.components().count());
    let Some(source) = sources.first() else {
        found.elsewhere = Some(
            "No file with a DataSource was found: add -d and its path to the command.".to_owned(),
        );
        return found;
    };
    let own = package.own(source).into_owned();
    if Path::new(&own).extension().is_some_and(|end| end.to_string_lossy().ends_with("ts")) {
        let kind = if package.modules { "esm" } else { "commonjs" };
        through(&mut found, "npx --no typeorm", &format!("npx --no typeorm-ts-node-{kind}"));
    }
    with(&mut found, &["-d", &own]);
    found.evidence.push(source.display().to_string());
    if let Some(config) = Config::read(source, places) {
        config.give(&mut found);
    }
    found
}

fn sequelize(package: &Package, mut found: Found, places: &Places) -> Found {
    let config = places.below(&package.folder).find(|path| {
        let own = package.own(path);
        ["config/config.json", "config/config.js", "config/config.cjs", "config/database.js"]
            .contains(&own.as_ref())
    });
    let Some(path) = config.map(Path::to_owned) else { return found };
    found.evidence.push(path.display().to_string());
    let named = used_variable(&path, places);
    if let Some((environment, name)) = named {
        with(&mut found, &["--env", &environment]);
        found.variables.push(Variable::new(name, Form::Url));
    } else if let Some(config) = Config::read(&path, places) {
        if let Some(name) = config.environment() {
            with(&mut found, &["--env", &name]);
        } else if config.database().next().is_none()
            && path.extension().is_some_and(|end| end == "json")
        {
            let text = format!(
                "{} names the database itself; with use_env_variable it would take the direct URL.",
                path.display()
            );
            found.elsewhere = Some(text);
        }
        config.give(&mut found);
    }
    found
}

/// `use_env_variable` with the environment it stands in; production before others.
fn used_variable(path: &Path, places: &Places) -> Option<(String, String)> {
    let text = places.text(path)?;
    let script = if path.extension().is_some_and(|end| end == "json") {
        Script::json(&text)?
    } else {
        Script::parse(path, &text)?
    };
    let mut named: Vec<(String, String)> = script
        .of_kind("pair")
        .filter_map(|pair| match script.path(pair).as_slice() {
            [environment, "use_env_variable"] => {
                let name = script.string(pair.child_by_field_name("value")?)?;
                Some(((*environment).to_owned(), name.to_owned()))
            }
            _ => None, // another setting
        })
        .collect();
    named.sort_by_key(|(environment, _)| environment != "production");
    named.into_iter().next()
}
