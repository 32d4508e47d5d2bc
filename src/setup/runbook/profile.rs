//! A set-up as the team profile that leads to the same.

use std::path::{Path, PathBuf};

use crate::{
    domain::{
        cluster::Environment,
        profile::{App, Measure, Pool, Profile, Project, Variables},
    },
    setup::{facts::Facts, step::StepId},
};

use super::health_url;

/// `None` while there is no pool to tell the team of.
pub(super) fn profile(facts: &Facts) -> Option<Profile> {
    let (cluster, pool, urls) =
        (facts.cluster.as_ref()?, facts.pool.as_ref()?, facts.urls.as_ref()?);
    let environment = match cluster.environment {
        // Nothing outlives a practice; no profile leads to one.
        Environment::Practice => Environment::Development,
        chosen => chosen,
    };
    let (pooled, direct) = urls.keys.clone();
    let skipped = StepId::ALL.into_iter().filter(|step| {
        // Somebody who joins measures nothing; whoever repeats it all has to.
        step.skippable().is_some() && *step != StepId::Measure && facts.skipped.contains(step)
    });
    Some(Profile {
        cluster: Some(cluster.cluster.name.clone()),
        environment,
        pool: Pool {
            name: Some(pool.name.as_str().to_owned()),
            size: Some(pool.size),
            mode: Some(pool.mode),
            database: Some(pool.db.clone()),
            user: pool.user.clone(),
        },
        variables: Variables {
            pooled: Some(pooled),
            direct: Some(direct),
            limit: Some(urls.limit).filter(|limit| 0 < *limit),
        },
        project: Project { folder: ".".into(), env_files: env_files(facts) },
        app: App {
            name: facts.deployed.as_ref().map(|deployed| deployed.app_name.clone()),
            health_url: health_url(facts),
        },
        measure: Measure::default(),
        skip: skipped.map(|step| step.key().to_owned()).collect(),
    })
}

/// Those that were written, relative to the project; one outside is this computer's own affair. The certificate
/// authority comes with the URLs that name it.
fn env_files(facts: &Facts) -> Option<Vec<PathBuf>> {
    let root = facts.project.as_ref().map_or(Path::new(""), |project| &project.root);
    let authority = facts.urls.as_ref().and_then(|urls| urls.ca_file.as_deref()).map(Path::new);
    let written = facts.env_files.iter().flatten();
    let files: Vec<PathBuf> = written
        .filter_map(|written| written.file.strip_prefix(root).ok())
        .filter(|file| Some(*file) != authority)
        .map(Path::to_owned)
        .collect();
    (!files.is_empty()).then_some(files)
}
