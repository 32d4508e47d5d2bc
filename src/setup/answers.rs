//! A set-up's answers given beforehand, by a team profile or by practice: what a person would choose page by page.

use std::{path::PathBuf, time::Duration};

use crate::{
    domain::{cluster::Environment, pool::PoolMode},
    setup::{Setup, step::StepId, steps::env_files::Target},
};

/// Everything optional: what is missing keeps the default that the page would show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    pub cluster: Option<String>,
    pub environment: Option<Environment>,
    pub pool: PoolAnswers,
    /// Names of the variables, pooled and direct.
    pub keys: Option<(String, String)>,
    /// Connections one instance of the app may open.
    pub limit: Option<u32>,
    pub project: Option<PathBuf>,
    pub env_files: Option<Vec<PathBuf>>,
    pub app: Option<String>,
    pub health_url: Option<String>,
    pub samples: Option<usize>,
    pub sample_every: Option<Duration>,
    pub poll_every: Option<Duration>,
    pub skip: Vec<StepId>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PoolAnswers {
    pub name: Option<String>,
    pub size: Option<u32>,
    pub mode: Option<PoolMode>,
    pub db: Option<String>,
    pub user: Option<String>,
}

impl Setup {
    /// What a set-up of another environment takes over: rules, names and files. It asks for the cluster, its
    /// environment and the app.
    pub fn for_another_environment(&self) -> Answers {
        let (pool, urls) = (&self.steps.pool.draft, &self.steps.urls.draft);
        let folder = self.steps.project.draft.folder.trim();
        let targets = &self.steps.env_files.draft.targets;
        let ticked = targets.iter().filter(|target| target.ticked);
        Answers {
            pool: PoolAnswers {
                name: Some(pool.name.trim().to_owned()).filter(|name| !name.is_empty()),
                mode: Some(pool.mode),
                ..PoolAnswers::default()
            },
            keys: Some((urls.pooled_key.clone(), urls.direct_key.clone())),
            limit: Some(urls.limit),
            project: (!folder.is_empty()).then(|| PathBuf::from(folder)),
            env_files: (!targets.is_empty())
                .then(|| ticked.map(|target| target.file.clone()).collect()),
            samples: Some(self.rules.min_samples),
            sample_every: Some(self.rules.sample_every),
            poll_every: Some(self.rules.poll_every),
            skip: self.facts.skipped.clone(),
            ..Answers::default()
        }
    }

    /// Puts the answers into the drafts. Nothing is sent and nothing is decided by this.
    pub fn answer(&mut self, answers: Answers) {
        let steps = &mut self.steps;
        steps.cluster.draft.wanted = answers.cluster;
        steps.cluster.draft.environment = answers.environment;
        if let Some(name) = answers.pool.name {
            steps.pool.draft.name = name;
        }
        if let Some(size) = answers.pool.size {
            steps.pool.draft.size = size;
            steps.pool.draft.size_chosen = true;
        }
        if let Some(mode) = answers.pool.mode {
            steps.pool.draft.mode = mode;
        }
        if let Some(db) = answers.pool.db {
            steps.pool.draft.db = db;
        }
        steps.pool.draft.user = answers.pool.user;
        if let Some((pooled, direct)) = answers.keys {
            steps.urls.draft.pooled_key = pooled;
            steps.urls.draft.direct_key = direct;
        }
        if let Some(limit) = answers.limit {
            steps.urls.draft.limit = limit;
        }
        if let Some(folder) = answers.project {
            steps.project.draft.folder = folder.display().to_string();
        }
        if let Some(files) = answers.env_files {
            steps.env_files.draft.targets =
                files.into_iter().map(|file| Target { file, ticked: true }).collect();
        }
        steps.app.draft.wanted = answers.app;
        if let Some(url) = answers.health_url {
            steps.measure.draft.health_url = url;
        }
        if let Some(samples) = answers.samples {
            self.rules.min_samples = samples;
        }
        if let Some(every) = answers.sample_every {
            self.rules.sample_every = every;
        }
        if let Some(every) = answers.poll_every {
            self.rules.poll_every = every;
        }
        self.facts.skipped = answers.skip;
    }
}
