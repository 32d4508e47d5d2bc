//! A set-up as it is now, for its file. What a set-up that was opened again has not looked at yet stays as the file had it.

use std::path::PathBuf;

use crate::{
    domain::{migration::Applied, pool::PoolOrder, runbook},
    setup::{
        Setup,
        facts::{self, Kept, WrittenFile},
        path::Path,
        saved::{
            Account, Cluster, Deployed, Done, EnvChange, File, Keeping, Migration, Pool, Recording,
            Request, Saved, UnderWay, UrlChoices, VERSION, time,
        },
        step::{Standing, StepId},
        steps::{app, env_files, hand_over, migrations, pool as pool_step, project},
    },
};

impl Setup {
    /// Without a time: who writes it puts that in.
    pub fn saved(&self) -> Saved {
        let (facts, steps) = (&self.facts, &self.steps);
        let before = self.resume.as_ref().map(|resume| &resume.saved);
        // Not looked at again yet, or different from what it was.
        let open = |step: StepId| before.filter(|_| facts.review.contains(&step));
        let here = before.filter(|saved| self.is_same_cluster(saved));
        let there = |step: StepId| here.filter(|_| facts.review.contains(&step));
        let names = |steps: &[StepId]| steps.iter().map(|step| step.key().to_owned()).collect();
        Saved {
            version: VERSION,
            last_used: String::new(),
            step: self.current.key().to_owned(),
            done: self.standing(StepId::HandOver) == Standing::Done,
            dry_run: self.rules.dry_run,
            newcomer: self.path == Path::Newcomer,
            pace: Some((
                self.rules.min_samples,
                self.rules.sample_every.as_millis() as u64,
                self.rules.poll_every.as_millis() as u64,
            )),
            account: facts
                .account
                .as_ref()
                .map(account)
                .or_else(|| before.and_then(|saved| saved.account.clone())),
            cluster: self.cluster().or_else(|| open(StepId::Cluster)?.cluster.clone()),
            pool: facts
                .pool
                .as_ref()
                .map(|pool| Pool::of(&pool.order()))
                .or_else(|| there(StepId::Pool)?.pool.clone()),
            pool_draft: self.pool_draft(),
            size_chosen: steps.pool.draft.size_chosen,
            urls: self.url_choices(),
            urls_used: facts.urls.is_some()
                || open(StepId::Urls).is_some_and(|saved| saved.urls_used),
            tested: facts.established(StepId::Test)
                || open(StepId::Test).is_some_and(|saved| saved.tested),
            project: self.folder(),
            project_files: files(facts.project_files.as_deref())
                .or_else(|| open(StepId::Project)?.project_files.clone()),
            env_targets: self.env_targets(),
            env_files: files(facts.env_files.as_deref())
                .or_else(|| open(StepId::EnvFiles)?.env_files.clone()),
            env_changes: match open(StepId::EnvFiles) {
                Some(saved) if facts.env_files.is_none() => saved.env_changes.clone(),
                _ => facts.env_changes.iter().map(env_change).collect(),
            },
            migrated: facts.migrated.as_ref().map(|all| all.iter().map(migration).collect()),
            tool_ran: facts.tool_run.is_some()
                || open(StepId::Migrations).is_some_and(|saved| saved.tool_ran),
            app: steps.app.app(facts).map(|app| app.name.clone()).or(steps
                .app
                .draft
                .wanted
                .clone()),
            written_out: steps.app.draft.form == app::Form::WrittenOut,
            migrates_in_a_job: steps.app.draft.migrations == app::Migrations::MoveToAJob,
            deployed: facts
                .deployed
                .as_ref()
                .map(deployed)
                .or_else(|| there(StepId::App)?.deployed.clone()),
            health_url: steps.measure.draft.health_url.clone(),
            recording: Recording::of(&facts.activity),
            compared: facts.comparison.is_some()
                || there(StepId::Verify).is_some_and(|saved| saved.compared),
            runbook_name: steps.hand_over.draft.file.clone(),
            runbook: facts
                .runbook
                .as_ref()
                .map(file)
                .or_else(|| open(StepId::HandOver)?.runbook.clone()),
            skipped: names(&facts.skipped),
            review: names(&facts.review),
            under_way: self.under_way().or_else(|| before?.under_way.clone()),
            changes: self.record.entries.iter().map(Done::of).collect(),
            requests: self.record.exchanges.iter().filter_map(Request::of).collect(),
        }
    }

    fn is_same_cluster(&self, saved: &Saved) -> bool {
        match (&self.facts.cluster, &saved.cluster) {
            (Some(now), Some(then)) => now.cluster.id.0 == then.id,
            (Some(_) | None, None) | (None, Some(_)) => true,
        }
    }

    fn cluster(&self) -> Option<Cluster> {
        let facts = self.facts.cluster.as_ref()?;
        Some(Cluster {
            id: facts.cluster.id.0.clone(),
            name: facts.cluster.name.clone(),
            environment: facts.environment.word().to_owned(),
        })
    }

    fn pool_draft(&self) -> Option<Pool> {
        let draft = &self.steps.pool.draft;
        (!draft.name.trim().is_empty()).then(|| Pool {
            name: draft.name.trim().to_owned(),
            mode: draft.mode.word().to_owned(),
            size: draft.size,
            db: draft.db.clone(),
            user: draft.user.clone(),
        })
    }

    fn url_choices(&self) -> UrlChoices {
        let draft = &self.steps.urls.draft;
        UrlChoices {
            pooled_key: draft.pooled_key.clone(),
            direct_key: draft.direct_key.clone(),
            limit: draft.limit,
            verify: draft.verify,
            ca_file: draft.ca_file.clone(),
            pasted: draft.pasted.pooled.is_some() || draft.pasted.direct.is_some(),
        }
    }

    fn folder(&self) -> Option<String> {
        let typed = self.steps.project.draft.folder.trim();
        let read = self.facts.project.as_ref().map(|project| project.root.display().to_string());
        if typed.is_empty() { read } else { Some(typed.to_owned()) }
    }

    fn env_targets(&self) -> Vec<(String, bool)> {
        let targets = &self.steps.env_files.draft.targets;
        targets.iter().map(|target| (target.file.display().to_string(), target.ticked)).collect()
    }

    /// What is being done now and would be half done if the program ended.
    fn under_way(&self) -> Option<UnderWay> {
        let steps = &self.steps;
        self.pool_under_way()
            .or_else(|| self.app_under_way())
            .or_else(|| {
                matches!(steps.project.phase, project::Phase::Writing(..))
                    .then_some(UnderWay::ProjectFiles)
            })
            .or_else(|| {
                matches!(steps.env_files.phase, env_files::Phase::Writing(..))
                    .then_some(UnderWay::EnvFiles)
            })
            .or_else(|| {
                use migrations::Phase::{Deploying, Resolving};
                let runs = matches!(steps.migrations.phase, Deploying(_) | Resolving(_));
                (runs || steps.migrations.own.runs()).then_some(UnderWay::Migrations)
            })
            .or_else(|| match &steps.hand_over.phase {
                hand_over::Phase::Undoing(_, index) => {
                    let what = self.record.entries.get(*index)?.what.clone();
                    Some(UnderWay::TakingBack { what })
                }
                _ => None, // nothing is taken back
            })
    }

    fn pool_under_way(&self) -> Option<UnderWay> {
        let known = |order: &PoolOrder| {
            let cluster = self.facts.cluster.as_ref();
            cluster.is_some_and(|cluster| cluster.pools.iter().any(|pool| pool.name == order.name))
        };
        match &self.steps.pool.phase {
            pool_step::Phase::Creating(_, order) => Some(UnderWay::CreatePool(Pool::of(order))),
            pool_step::Phase::Changing(_, order) => Some(UnderWay::ChangePool(Pool::of(order))),
            pool_step::Phase::Finding(_, order) if known(order) => {
                Some(UnderWay::ChangePool(Pool::of(order)))
            }
            pool_step::Phase::Finding(_, order) => Some(UnderWay::CreatePool(Pool::of(order))),
            pool_step::Phase::Editing
            | pool_step::Phase::Checking(..)
            | pool_step::Phase::Failed(_)
            | pool_step::Phase::WouldChange(_) => None,
        }
    }

    fn app_under_way(&self) -> Option<UnderWay> {
        let app = self.steps.app.app(&self.facts)?;
        let (id, name) = (app.id.0.clone(), app.name.clone());
        let follow = |deployment: &str| {
            let (app, name) = (id.clone(), name.clone());
            UnderWay::FollowDeployment { app, name, deployment: deployment.to_owned() }
        };
        match &self.steps.app.phase {
            app::Phase::Updating(..) => {
                let served = app.active_deployment.clone();
                Some(UnderWay::SwitchApp { app: id.clone(), name: name.clone(), served })
            }
            app::Phase::Watching(_, started) => Some(follow(&started.deployment)),
            app::Phase::Arriving(_, deployed) => deployed.deployment.as_deref().map(follow),
            app::Phase::Restoring(..) => Some(UnderWay::RestoreApp),
            app::Phase::Idle
            | app::Phase::Proposing(..)
            | app::Phase::Asking(_)
            | app::Phase::Finding(_)
            | app::Phase::Failed(_)
            | app::Phase::WouldChange(_) => Some(follow(&self.steps.app.unfollowed()?.deployment)),
        }
    }
}

fn account(account: &facts::Account) -> Account {
    let kept = match account.kept {
        Kept::Keychain => Keeping::Keychain,
        Kept::Sealed => Keeping::Sealed,
        Kept::SessionOnly(_) => Keeping::Session,
    };
    Account { name: account.label(), kept }
}

fn files(written: Option<&[WrittenFile]>) -> Option<Vec<File>> {
    written.map(|written| written.iter().map(file).collect())
}

fn file(written: &WrittenFile) -> File {
    let text = |path: &PathBuf| path.display().to_string();
    File {
        file: text(&written.file),
        hash: written.hash.clone(),
        backup: written.backup.as_ref().map(text),
        what: written.what.clone(),
    }
}

fn env_change(change: &runbook::EnvChange) -> EnvChange {
    EnvChange {
        file: change.file.display().to_string(),
        key: change.key.clone(),
        old: change.old.clone(),
        new: change.new.clone(),
    }
}

fn migration(applied: &Applied) -> Migration {
    Migration {
        name: applied.name.clone(),
        milliseconds: applied.took.as_millis() as u64,
        id: applied.row.id.clone(),
        checksum: applied.row.checksum.clone(),
        started_at: time(applied.row.started_at),
        finished_at: applied.row.finished_at.map(time),
        applied_steps: applied.row.applied_steps,
    }
}

fn deployed(deployed: &facts::Deployed) -> Deployed {
    let changes = deployed.changes.iter().map(|change| {
        let place = &change.place;
        (place.component.clone(), place.key.clone(), change.old.clone(), change.new.clone())
    });
    Deployed {
        app: deployed.app.0.clone(),
        app_name: deployed.app_name.clone(),
        deployment: deployed.deployment.clone(),
        active_at: time(deployed.active_at),
        arrived: deployed.arrived,
        live_url: deployed.live_url.clone(),
        changes: changes.collect(),
    }
}
