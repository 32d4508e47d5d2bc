//! Prisma in a package: its version, its configuration, its schema, and the smallest edit for the direct URL.

use std::path::{Path, PathBuf};

use crate::{
    domain::{
        client::Client,
        prisma_schema::{self, Datasource},
        project::{Kind, Library, Piece, Seen, Stack},
    },
    project::script::{Script, line},
};

use super::{
    code::{first_argument, object_has},
    found::{Found, insert, replace},
    package::{Package, Version},
    script_edit::{Style, object_with},
    walk::{Files, inside},
};

/// What Prisma says about a project.
#[derive(Debug, Default)]
pub struct Prisma {
    pub stack: Option<Stack>,
    /// Relative to the root.
    pub migrations: Option<PathBuf>,
    /// Where the schema lies; Prisma up to 6 reads an env file there as well.
    pub schema_folder: Option<PathBuf>,
    pub found: Vec<Found>,
}

/// The package whose Prisma the app uses: the first with a schema, else the first that depends on it.
pub fn package<'a>(packages: &'a [Package], files: &Files) -> Option<&'a Package> {
    let depending = || packages.iter().filter(|package| depends(package));
    depending().find(|package| has_schema(package, files)).or_else(|| depending().next())
}

pub fn depends(package: &Package) -> bool {
    package.depends_on("prisma").or(package.depends_on("@prisma/client")).is_some()
}

pub fn has_schema(package: &Package, files: &Files) -> bool {
    Schema::find(package, &Config::find(package, files, ""), files).is_some()
}

/// Reads `package`; `direct_key` is the variable that migrations are to use.
pub fn read(package: &Package, files: &Files, direct_key: &str) -> (Client, Prisma) {
    let dependency = package.depends_on("prisma").or(package.depends_on("@prisma/client"));
    let version = dependency.and_then(|dependency| package.version(dependency, files));
    let config = Config::find(package, files, direct_key);
    let schema = Schema::find(package, &config, files);
    let client = client(version.as_ref(), schema.as_ref());
    let mut prisma = Prisma {
        migrations: migrations(package, version.as_ref(), &config, schema.as_ref(), files),
        schema_folder: schema.as_ref().and_then(Schema::folder),
        ..Prisma::default()
    };
    let mut evidence = Vec::new();
    if let Some(version) = &version {
        evidence.extend(version.evidence.clone());
    } else if let Some(dependency) = dependency {
        evidence.push(package.asks_for(dependency));
    }
    if let Some(schema) = &schema {
        evidence.push(schema.evidence());
        prisma.found.extend(schema.relation_mode());
    }
    let version_text = version.as_ref().map(|version| version.text.clone());
    prisma.stack = Some(Stack { library: Library::Prisma, version: version_text, evidence });
    let planned = Plan { package, version, config, schema, direct_key };
    match client {
        Client::Prisma6 => planned.in_schema(&mut prisma),
        Client::Prisma7 => planned.in_config(&mut prisma),
        _ => {} // another client or a version that is not known
    }
    (client, prisma)
}

/// By its version; where that can't be told, by whether the schema has a `url`, which Prisma 7 refuses.
fn client(version: Option<&Version>, schema: Option<&Schema>) -> Client {
    match version.map(|version| version.major) {
        Some(4..=6) => Client::Prisma6,
        Some(7) => Client::Prisma7,
        Some(_) => Client::Unknown,
        None if schema.is_some_and(|schema| schema.datasource.get("url").is_some()) => {
            Client::Prisma6
        }
        None => Client::Prisma7,
    }
}

/// `prisma.config.ts` and its other names.
#[derive(Debug, Default)]
struct Config {
    /// Relative to the root.
    file: Option<PathBuf>,
    schema: Option<String>,
    migrations: Option<String>,
    url: Option<ConfigUrl>,
    text: String,
    /// What sets `datasource.url` where nothing does: after the last property of the configuration.
    with_url: Vec<Piece>,
}

#[derive(Debug)]
struct ConfigUrl {
    line: usize,
    /// `None` where it is no plain variable.
    variable: Option<String>,
    /// Where its name stands.
    name: Option<std::ops::Range<usize>>,
}

impl Config {
    /// In the order in which Prisma looks.
    const STEMS: [&str; 5] = [
        "prisma7.config",
        ".config/prisma7",
        "prisma.config",
        ".config/prisma",
        ".config/prisma.config",
    ];
    const EXTENSIONS: [&str; 6] = ["js", "ts", "mjs", "cjs", "mts", "cts"];

    fn find(package: &Package, files: &Files, direct_key: &str) -> Self {
        let names = Self::STEMS
            .iter()
            .flat_map(|stem| Self::EXTENSIONS.iter().map(move |end| format!("{stem}.{end}")));
        let file = names.map(|name| package.folder.join(name)).find(|file| files.contains(file));
        let text = file.as_ref().and_then(|file| files.text(file));
        match (file, text) {
            (Some(file), Some(text)) => Self::read(&file, &text, direct_key),
            _ => Self::default(),
        }
    }

    fn read(file: &Path, text: &str, direct_key: &str) -> Self {
        let mut config =
            Self { file: Some(file.to_owned()), text: text.to_owned(), ..Self::default() };
        let Some(script) = Script::parse(file, text) else { return config };
        for pair in script.of_kind("pair") {
            let Some(value) = pair.child_by_field_name("value") else { continue };
            match script.path(pair).as_slice() {
                ["schema"] => config.schema = joined(&script, value),
                ["migrations", "path"] => config.migrations = joined(&script, value),
                ["datasource", "url"] => {
                    let variable = script.variable(value).map(str::to_owned);
                    let name = Script::variable_name(value);
                    config.url = Some(ConfigUrl { line: line(pair), variable, name });
                }
                _ => {} // settings of other things
            }
        }
        if config.url.is_none() && script.is_sound() {
            config.with_url = with_url(&script, &Style::of(file, text), direct_key);
        }
        config
    }

    /// A path that the configuration names, from the root.
    fn path(&self, path: Option<&String>) -> Option<PathBuf> {
        inside(self.file.as_ref()?.parent()?, path?)
    }
}

/// `datasource: { url: process.env.KEY }` in the object that the configuration is, which may be unset, unlike `env()`.
fn with_url(script: &Script, style: &Style, key: &str) -> Vec<Piece> {
    let made = script.of_kind("call_expression").find(|call| {
        call.child_by_field_name("function").is_some_and(|name| script.text(name) == "defineConfig")
    });
    let object = made
        .and_then(first_argument)
        .or_else(|| {
            let export = script.of_kind("export_statement").next()?;
            export.child_by_field_name("value")
        })
        .filter(|object| object.kind() == "object" && !object_has(script, *object, "datasource"));
    let has_env = script.of_kind("import_specifier").any(|name| script.text(name) == "env");
    let quoted = style.text(key);
    let value = if has_env { format!("env({quoted})") } else { format!("process.env.{key}") };
    let datasource = format!("{{ url: {value} }}");
    object.map(|object| object_with(script, object, "datasource", &datasource)).unwrap_or_default()
}

/// `"a/b"` or `path.join("a", "b")`, with `__dirname` and its like in front.
fn joined(script: &Script, value: tree_sitter::Node<'_>) -> Option<String> {
    if let Some(path) = script.string(value) {
        return Some(path.to_owned());
    }
    let function = value.child_by_field_name("function")?;
    if !matches!(script.text(function).rsplit('.').next(), Some("join" | "resolve")) {
        return None;
    }
    let arguments = value.child_by_field_name("arguments")?;
    let parts: Vec<&str> = crate::project::script::children(arguments)
        .filter_map(|part| script.string(part))
        .collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// The schema file that holds the datasource.
#[derive(Debug)]
struct Schema {
    /// Relative to the root.
    file: PathBuf,
    text: String,
    datasource: Datasource,
    /// The folder of a schema in several files.
    several_in: Option<PathBuf>,
}

impl Schema {
    /// Where the configuration, `package.json` and Prisma's own custom say, in this order; else anywhere in the package.
    fn find(package: &Package, config: &Config, files: &Files) -> Option<Self> {
        let named = config
            .path(config.schema.as_ref())
            .or_else(|| inside(&package.folder, package.schema.as_ref()?));
        let custom = ["schema.prisma", "prisma/schema.prisma", "prisma/schema"]
            .map(|path| package.folder.join(path));
        named
            .into_iter()
            .chain(custom)
            .find_map(|path| Self::at(&path, files))
            .or_else(|| Self::below(&package.folder, files))
    }

    fn at(path: &Path, files: &Files) -> Option<Self> {
        if files.contains(path) {
            return Self::read(path, files);
        }
        let schema = Self::below(path, files)?;
        Some(Self { several_in: Some(path.to_owned()), ..schema })
    }

    fn below(folder: &Path, files: &Files) -> Option<Self> {
        let mut schemas =
            files.below(folder).filter(|path| path.extension().is_some_and(|end| end == "prisma"));
        schemas.find_map(|path| Self::read(path, files))
    }

    fn read(file: &Path, files: &Files) -> Option<Self> {
        let text = files.text(file)?;
        let datasource = prisma_schema::datasources(&text).into_iter().next()?;
        Some(Self { file: file.to_owned(), text, datasource, several_in: None })
    }

    fn folder(&self) -> Option<PathBuf> {
        self.file.parent().map(Path::to_owned)
    }

    fn evidence(&self) -> Seen {
        let provider = self.datasource.text("provider").unwrap_or("no provider");
        let what = match self.datasource.variable("url") {
            Some(variable) if self.datasource.is_postgresql() => {
                format!("datasource that reads {variable}")
            }
            _ if self.datasource.is_postgresql() => "datasource".to_owned(),
            _ => format!("datasource for {provider}"), // not PostgreSQL
        };
        Seen { what, file: self.file.clone(), line: self.datasource.line }
    }

    /// It is named as a connection setting by many guides.
    fn relation_mode(&self) -> Option<Found> {
        ["relationMode", "referentialIntegrity"].into_iter().find_map(|key| {
            let property = self.datasource.get(key)?;
            (self.datasource.text(key) == Some("prisma")).then(|| {
                Found::new(
                    Kind::ForeignKeys,
                    (&self.file, property.line),
                    format!("{key} = \"prisma\" is set."),
                    "It has nothing to do with connections: the next migration that is made with it drops the \
                     foreign keys. Keep it only if that is meant.",
                )
            })
        })
    }

    fn found(&self, key: &str, what: impl Into<String>, why: impl Into<String>) -> Found {
        let line = self.datasource.get(key).map_or(self.datasource.line, |found| found.line);
        Found::new(Kind::Migrations, (&self.file, line), what, why)
    }
}

/// `migrations.path` of the configuration, else beside the schema; only where it exists.
fn migrations(
    package: &Package,
    version: Option<&Version>,
    config: &Config,
    schema: Option<&Schema>,
    files: &Files,
) -> Option<PathBuf> {
    let named = config.path(config.migrations.as_ref());
    let beside = || {
        let schema = schema?;
        // Prisma 7 takes the folder of a schema in several files, earlier ones that of the datasource.
        let root = match &schema.several_in {
            Some(folder) if version.is_some_and(|version| 7 <= version.major) => folder.clone(),
            Some(_) | None => schema.folder()?,
        };
        Some(root.join("migrations"))
    };
    let folder = named.or_else(beside).unwrap_or_else(|| package.folder.join("prisma/migrations"));
    let is_there = files.below(&folder).next().is_some() && files.root.join(&folder).is_dir();
    is_there.then_some(folder)
}

/// What is to be changed, and what can only be named.
struct Plan<'a> {
    package: &'a Package,
    version: Option<Version>,
    config: Config,
    schema: Option<Schema>,
    direct_key: &'a str,
}

impl Plan<'_> {
    /// Up to Prisma 6: `directUrl` beside the `url`, unless the configuration has taken over.
    fn in_schema(&self, prisma: &mut Prisma) {
        if let Some(url) = &self.config.url {
            prisma.found.extend(self.config_url(url));
            return;
        }
        let Some(schema) = self.schema.as_ref().filter(|schema| schema.datasource.is_postgresql())
        else {
            return;
        };
        let datasource = &schema.datasource;
        if let Some(variable) = datasource.variable("directUrl") {
            if variable != self.direct_key {
                prisma.found.push(schema.found(
                    "directUrl",
                    format!("directUrl reads {variable}."),
                    format!(
                        "The set-up writes the direct URL as {}. Choose {variable} as its name in step 5.",
                        self.direct_key
                    ),
                ));
            }
            return;
        }
        if self.version.as_ref().is_some_and(|version| {
            version.major == 4 && version.minor.is_some_and(|minor| minor < 10)
        }) {
            prisma.found.push(schema.found(
                "url",
                "This Prisma has no directUrl.",
                "It came with Prisma 4.10. Until then, migrations need DATABASE_URL set to the direct URL, as step 9 \
                 does it.",
            ));
            return;
        }
        let found = |why: String| schema.found("url", "The schema has no directUrl.", why);
        prisma
            .found
            .push(match prisma_schema::direct_url_line(&schema.text, datasource, self.direct_key) {
            Some((at, line)) => found(format!(
                "Migrations then read {} and go over the direct connection; the app keeps its url.",
                self.direct_key
            ))
            .fixed(&schema.text, vec![insert(at, line)]),
            None => found(format!(
                "Its form is unusual, so nothing is changed by itself. Add this to the datasource: \
                     directUrl = env(\"{}\")",
                self.direct_key
            )),
        });
    }

    /// Prisma 7 needs no edit of the schema: the configuration names the URL for migrations, code the one for the app.
    fn in_config(&self, prisma: &mut Prisma) {
        if let Some(schema) = &self.schema {
            for key in ["url", "directUrl"] {
                if let Some(property) = schema.datasource.get(key) {
                    let found = schema.found(
                        key,
                        format!("{key} stands in the schema."),
                        "Prisma 7 refuses it there. The direct URL goes into prisma.config.ts, the pooled URL into the \
                         adapter.",
                    );
                    let line = prisma_schema::line_of(&schema.text, property);
                    let pieces = line.map(|line| replace(line, "")).into_iter().collect();
                    prisma.found.push(found.fixed(&schema.text, pieces));
                }
            }
        }
        match (&self.config.url, &self.config.file) {
            (Some(url), _) => prisma.found.extend(self.config_url(url)),
            (None, Some(file)) => {
                let found = Found::new(
                    Kind::Migrations,
                    (file, 1),
                    "prisma.config.ts names no URL for migrations.",
                    format!(
                        "Prisma 7 reads it there, and migrations need the direct one: {}.",
                        self.direct_key
                    ),
                );
                prisma.found.push(found.fixed(&self.config.text, self.config.with_url.clone()));
            }
            (None, None) => prisma.found.push(self.without_config()),
        }
    }

    /// A configuration of its own, where Prisma 7 has none.
    fn without_config(&self) -> Found {
        let manifest = self.package.file();
        let found = Found::new(
            Kind::Migrations,
            (&manifest, 1),
            "No prisma.config.ts names a URL for migrations.",
            format!(
                "Prisma 7 reads it there, and reads env files no longer by itself: import 'dotenv/config' does where \
                 that package is installed. The direct URL is {}.",
                self.direct_key
            ),
        );
        let Some(schema) = &self.schema else { return found };
        let file = self.package.folder.join("prisma.config.ts");
        let path = schema.several_in.as_deref().unwrap_or(&schema.file);
        let path = path.strip_prefix(&self.package.folder).unwrap_or(path);
        let dotenv = if self.package.depends_on("dotenv").is_some() {
            "import 'dotenv/config';\n"
        } else {
            ""
        };
        let text = format!(
            "{dotenv}import {{ defineConfig }} from 'prisma/config';\n\nexport default defineConfig({{\n  \
             schema: '{}',\n  datasource: {{ url: process.env.{} }},\n}});\n",
            path.display(),
            self.direct_key
        );
        found.new_file(file, text)
    }

    fn config_url(&self, url: &ConfigUrl) -> Option<Found> {
        let file = self.config.file.clone()?;
        if url.variable.as_deref() == Some(self.direct_key) {
            return None;
        }
        let what = match &url.variable {
            Some(variable) => format!("datasource.url reads {variable}."),
            None => "datasource.url is no plain variable.".to_owned(),
        };
        let why = format!(
            "Prisma uses it for migrations, and they need the direct URL: {}. The app keeps the pooled URL.",
            self.direct_key
        );
        let pieces = url.name.clone().map(|name| vec![replace(name, self.direct_key)]);
        let found = Found::new(Kind::Migrations, (&file, url.line), what, why);
        Some(found.fixed(&self.config.text, pieces.unwrap_or_default()))
    }
}
