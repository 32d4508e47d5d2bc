//! What a file kept, put back: drafts, what was done, and what was recorded. Facts about the world outside wait for
//! their checks, and until then their steps ask to be looked at.

use std::{path::PathBuf, time::Duration};

use crate::{
    domain::{
        app_spec::{AppId, Place, SpecChange},
        cluster::{ClusterId, Environment},
        migration::{Applied, LedgerRow},
        runbook::EnvChange,
    },
    setup::{
        Setup,
        facts::{Deployed, WrittenFile},
        saved::{self, Saved, at},
        step::StepId,
        steps::{app, env_files::Target, sign_in},
    },
};

impl Setup {
    pub(super) fn restore(&mut self, saved: &Saved) {
        self.current = StepId::parse(&saved.step).unwrap_or(StepId::SignIn);
        self.rules.dry_run = saved.dry_run;
        if saved.newcomer {
            self.lead_newcomer();
        }
        if let Some((samples, sample_every, poll_every)) = saved.pace {
            self.rules.min_samples = samples;
            self.rules.sample_every = Duration::from_millis(sample_every.max(1));
            self.rules.poll_every = Duration::from_millis(poll_every.max(1));
        }
        self.restore_drafts(saved);
        self.record.entries = saved.changes.iter().map(saved::Done::entry).collect();
        self.record.exchanges = saved.requests.iter().map(saved::Request::exchange).collect();
        self.facts.activity = saved.recording.activity();
        self.facts.migrated = saved.migrated.as_ref().map(|all| all.iter().map(applied).collect());
        self.facts.skipped = saved.skipped.iter().filter_map(|key| StepId::parse(key)).collect();
        self.facts.review = to_review(saved);
    }

    fn restore_drafts(&mut self, saved: &Saved) {
        let steps = &mut self.steps;
        if let Some(account) = &saved.account {
            steps.sign_in.wanted = Some(account.name.clone());
            steps.sign_in.draft.keep = match account.kept {
                saved::Keeping::Keychain => sign_in::Keep::Keychain,
                saved::Keeping::Sealed => sign_in::Keep::Sealed,
                saved::Keeping::Session => sign_in::Keep::SessionOnly,
            };
        }
        if let Some(cluster) = &saved.cluster {
            steps.cluster.draft.wanted = Some(cluster.name.clone());
            // Production when in doubt.
            let environment = Environment::parse(&cluster.environment);
            steps.cluster.draft.environment = Some(environment.unwrap_or(Environment::Production));
            if let Some(draft) = &saved.pool_draft {
                let id = ClusterId(cluster.id.clone());
                steps.pool.fill_again(&draft.order(), saved.size_chosen, id);
            }
        }
        let urls = &mut steps.urls.draft;
        if !saved.urls.pooled_key.is_empty() && !saved.urls.direct_key.is_empty() {
            urls.pooled_key.clone_from(&saved.urls.pooled_key);
            urls.direct_key.clone_from(&saved.urls.direct_key);
            urls.limit = saved.urls.limit;
            urls.verify = saved.urls.verify;
            urls.ca_file.clone_from(&saved.urls.ca_file);
        }
        steps.project.draft.folder = saved.project.clone().unwrap_or_default();
        let target =
            |(file, ticked): &(String, bool)| Target { file: PathBuf::from(file), ticked: *ticked };
        steps.env_files.draft.targets = saved.env_targets.iter().map(target).collect();
        steps.app.draft.wanted.clone_from(&saved.app);
        if saved.written_out {
            steps.app.draft.form = app::Form::WrittenOut;
        }
        if saved.migrates_in_a_job {
            steps.app.draft.migrations = app::Migrations::MoveToAJob;
        }
        steps.measure.draft.health_url.clone_from(&saved.health_url);
        if !saved.runbook_name.is_empty() {
            steps.hand_over.draft.file.clone_from(&saved.runbook_name);
        }
    }
}

/// Whatever was established, and what was open already.
fn to_review(saved: &Saved) -> Vec<StepId> {
    let was = [
        (StepId::SignIn, saved.account.is_some()),
        (StepId::Cluster, saved.cluster.is_some()),
        (StepId::Pool, saved.pool.is_some()),
        (StepId::Urls, saved.urls_used),
        (StepId::Test, saved.tested),
        (StepId::Project, saved.project.is_some()),
        (StepId::EnvFiles, saved.env_files.is_some()),
        (StepId::Migrations, saved.tool_ran && saved.migrated.is_none()),
        (StepId::App, saved.deployed.is_some()),
        (StepId::Verify, saved.compared),
        (StepId::HandOver, saved.runbook.is_some()),
    ];
    let open = |step: StepId| saved.review.iter().any(|key| key == step.key());
    was.into_iter().filter(|(step, was)| *was || open(*step)).map(|(step, _)| step).collect()
}

pub(super) fn written(file: &saved::File) -> WrittenFile {
    WrittenFile {
        file: PathBuf::from(&file.file),
        hash: file.hash.clone(),
        backup: file.backup.as_ref().map(PathBuf::from),
        what: file.what.clone(),
    }
}

pub(super) fn env_change(saved: &saved::EnvChange) -> EnvChange {
    EnvChange {
        file: PathBuf::from(&saved.file),
        key: saved.key.clone(),
        old: saved.old.clone(),
        new: saved.new.clone(),
    }
}

fn applied(migration: &saved::Migration) -> Applied {
    Applied {
        name: migration.name.clone(),
        took: Duration::from_millis(migration.milliseconds),
        row: LedgerRow {
            id: migration.id.clone(),
            name: migration.name.clone(),
            checksum: migration.checksum.clone(),
            started_at: at(&migration.started_at),
            finished_at: migration.finished_at.as_deref().map(at),
            rolled_back_at: None,
            logs: None,
            applied_steps: migration.applied_steps,
        },
    }
}

pub(super) fn deployed(saved: &saved::Deployed) -> Deployed {
    let change = |(component, key, old, new): &(Option<String>, String, Option<String>, String)| {
        let place = Place { component: component.clone(), key: key.clone() };
        SpecChange { place, old: old.clone(), new: new.clone() }
    };
    Deployed {
        app: AppId(saved.app.clone()),
        app_name: saved.app_name.clone(),
        deployment: saved.deployment.clone(),
        changes: saved.changes.iter().map(change).collect(),
        active_at: at(&saved.active_at),
        arrived: saved.arrived,
        live_url: saved.live_url.clone(),
    }
}
