//! A profile as a file: the example's keys and comments, with this profile's values.

use std::time::Duration;

use toml_edit::{Array, DocumentMut, Item, TableLike, Value};

use super::{EXAMPLE, Profile};
use crate::domain::leak;

impl Profile {
    /// What stands in the file. A text that could hold a secret is left out: no reader would accept it.
    pub fn text(&self) -> String {
        // The example is a document; a test reads it.
        let mut document: DocumentMut = EXAMPLE.parse().unwrap_or_default();
        let Self { cluster, environment, pool, variables, project, app, measure, skip } = self;
        let root: &mut dyn TableLike = document.as_table_mut();
        put(root, "cluster", text(cluster.as_ref()));
        put(root, "environment", Some(environment.word().into()));
        put(root, "skip", texts(skip));
        within(root, "pool", |table| {
            put(table, "name", text(pool.name.as_ref()));
            put(table, "size", number(pool.size));
            put(table, "mode", pool.mode.map(|mode| mode.word().into()));
            put(table, "database", text(pool.database.as_ref()));
            put(table, "user", text(pool.user.as_ref()));
        });
        within(root, "variables", |table| {
            put(table, "pooled", text(variables.pooled.as_ref()));
            put(table, "direct", text(variables.direct.as_ref()));
            put(table, "limit", number(variables.limit));
        });
        within(root, "project", |table| {
            let files = project.env_files.iter().flatten();
            let files: Vec<String> = files.map(|file| file.display().to_string()).collect();
            put(table, "folder", Some(project.folder.display().to_string().into()));
            put(table, "env_files", texts(&files));
        });
        within(root, "app", |table| {
            put(table, "name", text(app.name.as_ref()));
            put(table, "health_url", text(app.health_url.as_ref()));
        });
        within(root, "measure", |table| {
            put(table, "samples", number(measure.samples));
            put(table, "every", measure.every.map(|every| time(every).into()));
        });
        document.to_string()
    }
}

/// A key of the example gets this value and keeps its comment, or goes with it.
fn put(table: &mut dyn TableLike, key: &str, value: Option<Value>) {
    match (value, table.get_mut(key).and_then(Item::as_value_mut)) {
        (Some(mut value), Some(there)) => {
            *value.decor_mut() = there.decor().clone();
            *there = value;
        }
        (_, _) => {
            table.remove(key);
        }
    }
}

/// One of the example's tables; it goes where nothing stays in it.
fn within(root: &mut dyn TableLike, name: &str, fill: impl FnOnce(&mut dyn TableLike)) {
    let Some(table) = root.get_mut(name).and_then(Item::as_table_like_mut) else { return };
    fill(table);
    if table.is_empty() {
        root.remove(name);
    }
}

fn text(text: Option<&String>) -> Option<Value> {
    let is_open = |text: &&String| leak::in_text(text).is_empty() && leak::in_value(text).is_none();
    text.filter(is_open).map(Into::into)
}

fn texts(texts: &[String]) -> Option<Value> {
    (!texts.is_empty()).then(|| Value::Array(texts.iter().collect::<Array>()))
}

fn number(number: Option<u32>) -> Option<Value> {
    number.map(|number| i64::from(number).into())
}

/// In the largest unit that gives a whole number.
fn time(time: Duration) -> String {
    match time.as_millis() {
        ms if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms if ms % 1000 == 0 => format!("{}s", ms / 1000),
        ms => format!("{ms}ms"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        cluster::Environment,
        pool::PoolMode,
        profile::{App, Measure, Pool, Project, Variables, parse},
    };

    const STEPS: [&str; 2] = ["measure", "migrations"];

    fn least() -> Profile {
        Profile {
            cluster: None,
            environment: Environment::Staging,
            pool: Pool::default(),
            variables: Variables::default(),
            project: Project { folder: ".".into(), env_files: None },
            app: App::default(),
            measure: Measure::default(),
            skip: Vec::new(),
        }
    }

    #[test]
    fn the_example_is_written_as_it_stands() {
        assert_eq!(parse(EXAMPLE, &STEPS).unwrap().text(), EXAMPLE);
    }

    #[test]
    fn what_is_left_out_takes_its_comment_and_its_table_along() {
        let text = least().text();
        assert!(text.starts_with("# A team profile"), "{text}");
        assert!(text.contains("environment = \"staging\"") && text.contains("[project]"), "{text}");
        for gone in ["cluster =", "Steps to leave out", "[pool]", "[app]", "[measure]", "env_files"]
        {
            assert!(!text.contains(gone), "{gone}: {text}");
        }
        assert_eq!(parse(&text, &STEPS), Ok(least()));
    }

    #[test]
    fn a_text_with_a_secret_is_left_out() {
        let health_url = Some("https://me:Zq7canary@shop.io".to_owned());
        let profile = Profile { app: App { health_url, name: None }, ..least() };
        assert_eq!(profile.text(), least().text());
    }

    prop_compose! {
        fn any_profile()(
            cluster in proptest::option::of("[a-z][a-z é\"']{0,8}x"),
            (name, database) in ("[a-zA-Z][a-zA-Z0-9_-]{2,9}", "[a-z\\\\]{1,5}"),
            (size, limit) in (proptest::option::of(1..1000_u32), proptest::option::of(1..99_u32)),
            every in proptest::option::of(1..200_000_u64),
            files in proptest::collection::vec("[a-z]{1,4}/[.]env[.]?[a-z]{0,4}", 0..3),
            migrations in any::<bool>(),
        ) -> Profile {
            Profile {
                cluster,
                environment: Environment::Development,
                pool: Pool {
                    name: Some(name),
                    size,
                    mode: Some(PoolMode::Session),
                    database: Some(database),
                    user: None,
                },
                variables: Variables { limit, ..Variables::default() },
                project: Project {
                    folder: "a b".into(),
                    env_files: (!files.is_empty())
                        .then(|| files.into_iter().map(Into::into).collect()),
                },
                app: App::default(),
                measure: Measure { samples: size, every: every.map(Duration::from_millis) },
                skip: if migrations { vec!["migrations".to_owned()] } else { Vec::new() },
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_it_was(profile in any_profile()) {
            prop_assert_eq!(parse(&profile.text(), &STEPS), Ok(profile));
        }
    }
}
