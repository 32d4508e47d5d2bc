//! The team profile, poolwright.toml: what one person chose, for everybody who sets up the same database. No secret.

mod section;
mod words;
mod written;

use std::{
    path::{Component, PathBuf},
    time::Duration,
};

use toml_edit::Document;

use crate::domain::{
    cluster::Environment,
    env_name, leak,
    pool::{PoolMode, PoolName},
};

use section::{Found, NO_SECRET, Section, no_secret, place};
use words::nearest;

pub use section::{Fault, Place};

/// Its name in a project's folder.
pub const FILE: &str = "poolwright.toml";

/// A profile with every key.
pub const EXAMPLE: &str = include_str!("../../../assets/poolwright.example.toml");

/// The form of the file that this program reads and writes.
const VERSION: i64 = 1;

/// What is left out keeps the default that the page would show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// `cluster`: its name in DigitalOcean.
    pub cluster: Option<String>,
    /// `environment`: production where it is left out, so that nothing is changed unasked.
    pub environment: Environment,
    /// `[pool]`
    pub pool: Pool,
    /// `[variables]`
    pub variables: Variables,
    /// `[project]`
    pub project: Project,
    /// `[app]`
    pub app: App,
    /// `[measure]`
    pub measure: Measure,
    /// `skip`: words of steps.
    pub skip: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// `name`: 3 to 60 letters, digits, `-` and `_`.
    pub name: Option<String>,
    /// `size`: connections to the database.
    pub size: Option<u32>,
    /// `mode`: `transaction`, `session` or `statement`.
    pub mode: Option<PoolMode>,
    /// `database`: the one that the pool serves.
    pub database: Option<String>,
    /// `user`: the role that the pool signs in as.
    pub user: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// `pooled`: the variable that the app reads.
    pub pooled: Option<String>,
    /// `direct`: the variable that migrations read.
    pub direct: Option<String>,
    /// `limit`: connections that one instance of the app may open.
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// `folder`: relative to the profile's own, which it is where it is left out.
    pub folder: PathBuf,
    /// `env_files`: relative to the project's folder, never outside it.
    pub env_files: Option<Vec<PathBuf>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct App {
    /// `name`: the app's name in App Platform.
    pub name: Option<String>,
    /// `health_url`: answers whether the app works.
    pub health_url: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// `samples`: wanted on each side of the comparison.
    pub samples: Option<u32>,
    /// `every`: between two samples, `100ms`, `1s`, `2m`.
    pub every: Option<Duration>,
}

/// Reads a profile; `steps` are the words that may stand in `skip`.
pub fn parse(text: &str, steps: &[&str]) -> Result<Profile, Fault> {
    let text = text.trim_start_matches('\u{feff}');
    // Before anything else reads it: no other message may repeat a secret.
    if let Some((line, leak)) = leak::in_text(text).into_iter().next() {
        let what = format!("a {} stands here", leak.word());
        return Err(Fault {
            place: Place { line, column: 1 },
            what,
            expected: NO_SECRET.to_owned(),
        });
    }
    let document = Document::parse(text).map_err(|err| Fault {
        place: place(text, err.span()),
        what: err.message().replace('\n', "; "),
        expected: String::new(),
    })?;
    let file = Section::file(text, document.as_table());
    no_secret(text, document.as_item())?;
    version(&file)?;
    let known = ["version", "cluster", "environment", "skip"];
    let tables = ["pool", "variables", "project", "app", "measure"];
    file.only(&[&known[..], &tables[..]].concat())?;
    Ok(Profile {
        cluster: file.text("cluster")?.map(Found::into_value),
        environment: environment(&file)?,
        pool: pool(&file.section("pool")?)?,
        variables: variables(&file.section("variables")?)?,
        project: project(&file.section("project")?)?,
        app: app(&file.section("app")?)?,
        measure: measure(&file.section("measure")?)?,
        skip: skip(&file, steps)?,
    })
}

fn version(file: &Section<'_>) -> Result<(), Fault> {
    let expected = format!("version = {VERSION}");
    let Some(found) = file.number("version")? else {
        let place = Place { line: 1, column: 1 };
        return Err(Fault { place, what: "“version” is missing".to_owned(), expected });
    };
    if i64::from(found.value) == VERSION {
        Ok(())
    } else {
        Err(found
            .fault(format!("version {} is not one this program reads", found.value), &expected))
    }
}

fn environment(file: &Section<'_>) -> Result<Environment, Fault> {
    let Some(found) = file.text("environment")? else { return Ok(Environment::Production) };
    let chosen = Environment::CHOICES.into_iter().find(|choice| choice.word() == found.value);
    let expected = "production, staging or development";
    chosen.ok_or_else(|| found.fault(format!("“environment” is “{}”", found.value), expected))
}

fn pool(pool: &Section<'_>) -> Result<Pool, Fault> {
    pool.only(&["name", "size", "mode", "database", "user"])?;
    let name = pool.text("name")?;
    if let Some(found) = &name {
        PoolName::parse(&found.value)
            .map_err(|err| found.fault(err.to_string(), "a name like contrezz-pool"))?;
    }
    let mode = match pool.text("mode")? {
        Some(found) => Some(PoolMode::parse(&found.value).ok_or_else(|| {
            found.fault(
                format!("“pool.mode” is “{}”", found.value),
                "transaction, session or statement",
            )
        })?),
        None => None,
    };
    Ok(Pool {
        name: name.map(Found::into_value),
        size: pool.number("size")?.map(Found::into_value),
        mode,
        database: pool.text("database")?.map(Found::into_value),
        user: pool.text("user")?.map(Found::into_value),
    })
}

fn variables(variables: &Section<'_>) -> Result<Variables, Fault> {
    variables.only(&["pooled", "direct", "limit"])?;
    let (pooled, direct) = (variables.text("pooled")?, variables.text("direct")?);
    for found in [&pooled, &direct].into_iter().flatten() {
        if !env_name::is_key(&found.value) {
            let what = format!("“{}” is no name of a variable", found.value);
            return Err(found.fault(what, "letters, digits and _, not a digit first"));
        }
    }
    if let (Some(pooled), Some(direct)) = (&pooled, &direct)
        && pooled.value == direct.value
    {
        let what = "both URLs have the same variable".to_owned();
        return Err(direct.fault(what, "two names, like DATABASE_URL and DIRECT_URL"));
    }
    Ok(Variables {
        pooled: pooled.map(Found::into_value),
        direct: direct.map(Found::into_value),
        limit: variables.number("limit")?.map(Found::into_value),
    })
}

fn project(project: &Section<'_>) -> Result<Project, Fault> {
    project.only(&["folder", "env_files"])?;
    let folder = project.text("folder")?.map_or_else(|| ".".to_owned(), Found::into_value);
    let env_files = match project.texts("env_files")? {
        Some(files) => Some(files.iter().map(env_file).collect::<Result<_, _>>()?),
        None => None,
    };
    Ok(Project { folder: PathBuf::from(folder), env_files })
}

fn env_file(found: &Found<String>) -> Result<PathBuf, Fault> {
    let path = PathBuf::from(&found.value);
    let stays =
        path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if stays && path.file_name().is_some() {
        Ok(path)
    } else {
        Err(found.fault(
            format!("“{}” leads out of the project", found.value),
            "a path inside the project's folder, like .env",
        ))
    }
}

fn app(app: &Section<'_>) -> Result<App, Fault> {
    app.only(&["name", "health_url"])?;
    let health_url = app.text("health_url")?;
    if let Some(found) = &health_url
        && !["https://", "http://"].iter().any(|scheme| found.value.starts_with(scheme))
    {
        let what = "app.health_url is no web address".to_owned();
        return Err(found.fault(what, "an address like https://api.example.com/health"));
    }
    Ok(App {
        name: app.text("name")?.map(Found::into_value),
        health_url: health_url.map(Found::into_value),
    })
}

fn measure(measure: &Section<'_>) -> Result<Measure, Fault> {
    measure.only(&["samples", "every"])?;
    let every = match measure.text("every")? {
        Some(found) => Some(duration(&found.value).ok_or_else(|| {
            found.fault(
                format!("“measure.every” is “{}”", found.value),
                "a time like 100ms, 1s or 2m",
            )
        })?),
        None => None,
    };
    Ok(Measure { samples: measure.number("samples")?.map(Found::into_value), every })
}

/// `100ms`, `1s`, `2m`.
fn duration(text: &str) -> Option<Duration> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number: u64 = text.strip_suffix(unit)?.parse().ok().filter(|number| 0 < *number)?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        _ => None, // no unit of time
    }
}

fn skip(file: &Section<'_>, steps: &[&str]) -> Result<Vec<String>, Fault> {
    let mut words = Vec::new();
    for found in file.texts("skip")?.unwrap_or_default() {
        if !steps.contains(&found.value.as_str()) {
            let what = format!("“{}” is no step that can be left out", found.value);
            return Err(found.fault(what, &nearest(&found.value, steps)));
        }
        words.push(found.value);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [&str; 3] = ["measure", "migrations", "verify"];

    fn fault(text: &str) -> (usize, usize, String, String) {
        let fault = parse(text, &STEPS).unwrap_err();
        (fault.place.line, fault.place.column, fault.what, fault.expected)
    }

    fn assert_fault(text: &str, line: usize, column: usize, what: &str, expected: &str) {
        assert_eq!(fault(text), (line, column, what.to_owned(), expected.to_owned()), "{text}");
    }

    #[test]
    fn the_example_has_every_key() {
        let profile = parse(EXAMPLE, &STEPS).unwrap();

        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            profile,
            Profile {
                cluster: text("contrezz-db-prod"),
                environment: Environment::Production,
                pool: Pool {
                    name: text("contrezz-pool"),
                    size: Some(11),
                    mode: Some(PoolMode::Transaction),
                    database: text("contrezz"),
                    user: text("doadmin"),
                },
                variables: Variables {
                    pooled: text("DATABASE_URL"),
                    direct: text("DIRECT_URL"),
                    limit: Some(5),
                },
                project: Project {
                    folder: ".".into(),
                    env_files: Some(vec![".env".into(), ".env.production".into()]),
                },
                app: App {
                    name: text("contrezz-web"),
                    health_url: text("https://api.contrezz.com/health"),
                },
                measure: Measure { samples: Some(60), every: Some(Duration::from_secs(1)) },
                skip: vec!["migrations".to_owned()],
            }
        );
    }

    #[test]
    fn one_line_is_enough_and_means_production() {
        let profile = parse("version = 1\n", &STEPS).unwrap();

        assert_eq!(profile.environment, Environment::Production);
        assert_eq!((profile.project.folder, profile.project.env_files), (".".into(), None));
        assert_eq!((profile.cluster, profile.skip), (None, vec![]));
    }

    #[test]
    fn each_fault_is_told_with_its_place_and_what_is_expected() {
        let number = "a whole number from 1";
        assert_fault("cluster = \"a\"\n", 1, 1, "“version” is missing", "version = 1");
        assert_fault(
            "version = 2",
            1,
            11,
            "version 2 is not one this program reads",
            "version = 1",
        );
        assert_fault("version = \"1\"", 1, 11, "“version” is a text", number);
        assert_fault("version = 1\n\n[pool]\nsize = \"é\"", 4, 8, "“pool.size” is a text", number);
        assert_fault("version = 1\npool.size = 0", 2, 13, "“pool.size” is out of range", number);
        assert_fault(
            "version = 1\npool.size = 4294967296",
            2,
            13,
            "“pool.size” is out of range",
            number,
        );
        assert_fault(
            "version = 1\ncluster = 5",
            2,
            11,
            "“cluster” is a whole number",
            "a text in quotes",
        );
        assert_fault(
            "version = 1\ncluster = ' '",
            2,
            11,
            "“cluster” is empty",
            "a text, or no such line",
        );
        assert_fault("version = 1\npool = 'x'", 2, 8, "“pool” is a text", "a table, [pool]");
        assert_fault(
            "version = 1\npool = { mode = 'transactional' }",
            2,
            17,
            "“pool.mode” is “transactional”",
            "transaction, session or statement",
        );
        assert_fault(
            "version = 1\nenvironment = 'practice'",
            2,
            15,
            "“environment” is “practice”",
            "production, staging or development",
        );
        assert_fault(
            "version = 1\n[variables]\npooled = 'A'\ndirect = 'A'",
            4,
            10,
            "both URLs have the same variable",
            "two names, like DATABASE_URL and DIRECT_URL",
        );
        assert_fault(
            "version = 1\nmeasure.every = '1 hour'",
            2,
            17,
            "“measure.every” is “1 hour”",
            "a time like 100ms, 1s or 2m",
        );
        let (line, column, ..) = fault("version = 1\ncluster = \n");
        assert_eq!((line, column), (2, 11));
    }

    #[test]
    fn an_unknown_key_is_told_with_the_one_that_was_meant() {
        assert_fault("version = 1\nclutser = 'a'", 2, 1, "there is no key clutser", "cluster");
        assert_fault(
            "version = 1\n[pool]\n  databse = 'a'",
            3,
            3,
            "there is no key databse in [pool]",
            "database",
        );
        assert_fault(
            "version = 1\n[app]\ntoken = 'a'",
            3,
            1,
            "there is no key token in [app]",
            "one of name, health_url",
        );
        assert_fault(
            "version = 1\nskip = ['migration']",
            2,
            9,
            "“migration” is no step that can be left out",
            "migrations",
        );
    }

    #[test]
    fn no_secret_is_accepted_anywhere_and_none_is_repeated() {
        let token = format!("dop_v1_{}", "0123abcd".repeat(8));
        for text in [
            format!("version = 1\ncluster = \"{token}\""),
            format!("version = 1\n# {token}\n"),
            format!("version = \"{token}"),
            format!("version = 1\nunknown = [[{{ a = '{token}' }}]]"),
            "version = 1\napp.health_url = 'https://me:Zq7canary@shop.io'".to_owned(),
            "version = 1\ncluster = \"postgresql://u:Zq7canary@localhost/x\"".to_owned(),
            "version = 1\n[[x]]\ny = 'AVNS_0123456789'".to_owned(),
        ] {
            let fault = parse(&text, &STEPS).unwrap_err();
            assert!(fault.what.ends_with(" stands here"), "{text}: {fault:?}");
            let shown = format!("{fault:?}");
            assert!(!shown.contains("canary") && !shown.contains("0123"), "{shown}");
        }
    }

    #[test]
    fn env_files_stay_in_the_project() {
        let read =
            |file: &str| parse(&format!("version = 1\nproject.env_files = [\"{file}\"]"), &STEPS);
        for file in ["/etc/passwd", "../.env", "a/../../.env", "..", ""] {
            assert!(read(file).is_err(), "{file}");
        }
        // An example gets the names, and no value.
        for file in [".env", "apps/web/.env.local", ".env.example"] {
            assert_eq!(read(file).unwrap().project.env_files, Some(vec![file.into()]));
        }
    }

    #[test]
    fn times_have_a_unit() {
        let ms = Duration::from_millis;
        for (text, expected) in [
            ("100ms", Some(ms(100))),
            ("1s", Some(ms(1000))),
            ("2m", Some(ms(120_000))),
            ("0s", None),
            ("1", None),
            ("s", None),
            ("1.5s", None),
            ("-1s", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(duration(text), expected, "{text}");
        }
    }
}
