//! The team profile as the answers of a set-up.

use std::path::{Path, PathBuf};

use crate::{
    disk::{self, DiskError},
    domain::{
        problem::{Fix, Problem},
        profile::{self, Fault, Profile},
        words::capital,
    },
    setup::{
        answers::{Answers, PoolAnswers},
        step::StepId,
        steps::urls,
    },
};

pub use crate::domain::profile::FILE;

const LARGEST: u64 = 64 * 1024;

#[derive(Debug)]
pub(super) enum ProfileError {
    Missing(PathBuf),
    Read { file: PathBuf, source: DiskError },
    NotText(PathBuf),
    Fault { file: PathBuf, fault: Fault },
}

/// Reads `poolwright.toml`. Paths in it are relative to its folder.
pub fn load(file: &Path) -> Result<Answers, Problem> {
    let steps: Vec<&str> = StepId::ALL
        .into_iter()
        .filter(|step| step.skippable().is_some())
        .map(StepId::key)
        .collect();
    let profile = read(file, &steps).map_err(|err| problem(&err))?;
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    Ok(answers(profile, file.parent().unwrap_or(Path::new("."))))
}

fn read(file: &Path, steps: &[&str]) -> Result<Profile, ProfileError> {
    let bytes = disk::read(file, LARGEST)
        .map_err(|source| ProfileError::Read { file: file.to_owned(), source })?
        .ok_or_else(|| ProfileError::Missing(file.to_owned()))?;
    // The error would carry the bytes.
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(ProfileError::NotText(file.to_owned()));
    };
    profile::parse(&text, steps)
        .map_err(|fault| ProfileError::Fault { file: file.to_owned(), fault })
}

fn answers(profile: Profile, folder: &Path) -> Answers {
    let Profile { cluster, environment, pool, variables, project, app, measure, skip } = profile;
    let defaults = urls::Draft::default();
    let keys = match (variables.pooled, variables.direct) {
        (None, None) => None,
        (pooled, direct) => {
            Some((pooled.unwrap_or(defaults.pooled_key), direct.unwrap_or(defaults.direct_key)))
        }
    };
    Answers {
        cluster,
        environment: Some(environment),
        pool: PoolAnswers {
            name: pool.name,
            size: pool.size,
            mode: pool.mode,
            db: pool.database,
            user: pool.user,
        },
        keys,
        limit: variables.limit,
        project: Some(folder.join(project.folder)),
        env_files: project.env_files,
        app: app.name,
        health_url: app.health_url,
        samples: measure.samples.and_then(|samples| usize::try_from(samples).ok()),
        sample_every: measure.every,
        poll_every: None,
        skip: skip.iter().filter_map(|word| StepId::parse(word)).collect(),
    }
}

pub(super) fn problem(err: &ProfileError) -> Problem {
    match err {
        ProfileError::Missing(file) => Problem::new(
            "no profile",
            format!("The team profile {} was not found.", file.display()),
            "Nothing of this name exists.",
        )
        .hint("Make one with two lines: version = 1 and cluster = \"the cluster's name\"")
        .fix("Copy an example with every key", Fix::Copy(profile::EXAMPLE.to_owned())),
        ProfileError::Read { file, source } => Problem::new(
            "profile",
            format!("The team profile {} could not be read.", file.display()),
            format!("{source}."),
        )
        .hint("Name the file poolwright.toml itself, and allow this user to read it"),
        ProfileError::NotText(file) => Problem::new(
            "profile",
            format!("The team profile {} is not UTF-8 text.", file.display()),
            "",
        )
        .hint("Save it as UTF-8"),
        ProfileError::Fault { file, fault: Fault { place, what, expected } } => {
            let expects =
                if expected.is_empty() { String::new() } else { format!(" Expected: {expected}.") };
            Problem::new(
                "profile",
                format!(
                    "The team profile {} was not accepted at line {}, column {}.",
                    file.display(),
                    place.line,
                    place.column
                ),
                format!("{}.{expects} Nothing was sent.", capital(what)),
            )
            .hint("Correct this line")
        }
    }
}
