//! The hand-over of a set-up: the document, and everything as commands. Their form is the domain's; this knows where the
//! figures lie.

mod commands;
#[cfg(test)]
mod fixture;
mod profile;
#[cfg(test)]
mod tests;

use std::path::Path;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    domain::{
        app_spec,
        chart::{Chart, svg::svg},
        profile::FILE,
        project::Project,
        record::Record,
        runbook::{App, Picture, Requests, Runbook, Urls},
        stages::Port,
    },
    setup::{
        facts::{Account, Deployed, Facts},
        step::StepId,
        steps::pool,
    },
};

pub use commands::Language;

/// A form of the hand-over, each a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Markdown,
    Html,
    Commands(Language),
    /// The team profile, which the next person opens.
    Profile,
}

impl Format {
    /// The file's name; `stem` is what all names of this hand-over begin with.
    pub fn file_name(self, stem: &str) -> String {
        match self {
            Self::Markdown => format!("{stem}.md"),
            Self::Html => format!("{stem}.html"),
            Self::Commands(Language::Doctl) => format!("{stem}-doctl.sh"),
            Self::Commands(Language::Curl) => format!("{stem}-curl.sh"),
            Self::Commands(Language::Terraform) => format!("{stem}.tf"),
            Self::Profile => FILE.to_owned(),
        }
    }

    /// Markdown has its picture in a file beside it.
    fn picture_name(stem: &str) -> String {
        format!("{stem}.svg")
    }
}

/// Empty while there is neither cluster nor pool to tell about.
pub fn text(
    format: Format,
    facts: &Facts,
    record: &Record,
    (now, stem): (Timestamp, &str),
) -> String {
    match format {
        Format::Markdown => {
            document(facts, record, (now, stem)).map(|document| document.markdown())
        }
        Format::Html => document(facts, record, (now, stem)).map(|document| document.html()),
        Format::Commands(language) => Some(commands::commands(language, facts, record)),
        Format::Profile => profile::profile(facts).map(|profile| profile.text()),
    }
    .unwrap_or_default()
}

/// What stands beside the Markdown: the name of its picture, and the picture.
pub fn beside(facts: &Facts, stem: &str) -> Option<(String, String)> {
    picture(facts, stem).map(|picture| (picture.file, picture.svg))
}

fn document<'a>(
    facts: &'a Facts,
    record: &'a Record,
    (now, stem): (Timestamp, &str),
) -> Option<Runbook<'a>> {
    let (cluster, pool) = (facts.cluster.as_ref()?, facts.pool.as_ref()?);
    let pooler = facts.tested.as_ref().and_then(|tested| tested.pooler_address.as_deref());
    let after = facts.activity.after();
    Some(Runbook {
        program: format!("Poolwright {}", env!("CARGO_PKG_VERSION")),
        at: now,
        by: facts.account.as_ref().and_then(by),
        cluster: &cluster.cluster,
        environment: cluster.environment,
        pool,
        urls: urls(facts),
        limits: facts.activity.limits,
        sizing: pool::sizing(facts, pool.name.as_str()),
        tested: facts.tested.as_ref(),
        client: facts.client(),
        env_file: facts
            .env_files
            .as_ref()
            .and_then(|files| files.first())
            .map_or(Path::new(".env"), |file| &file.file),
        env_changes: &facts.env_changes,
        migrated: facts.migrated.as_deref(),
        app: facts.deployed.as_ref().map(app),
        health_url: health_url(facts),
        comparison: facts.comparison.as_ref(),
        pooled_peak: pooler
            .and_then(|pooler| after.iter().map(|sample| sample.held_from(pooler)).max()),
        requests: facts.requests.as_ref().map(|requests| Requests {
            asked: requests.asked,
            answered: requests.answered,
            p50: requests.p50,
            p95: requests.p95,
            slowest: requests.slowest,
        }),
        picture: picture(facts, stem),
        record,
        open: open(facts),
    })
}

/// `anna@example.com, Shop`.
fn by(account: &Account) -> Option<String> {
    match (account.email.as_deref(), account.team.as_deref()) {
        (Some(email), Some(team)) => Some(format!("{email}, {team}")),
        (Some(name), None) | (None, Some(name)) => Some(name.to_owned()),
        (None, None) => None,
    }
}

/// `None` while there is nothing to draw.
fn picture(facts: &Facts, stem: &str) -> Option<Picture> {
    let comparison = facts.comparison.as_ref()?;
    let zone = TimeZone::UTC;
    let has_samples = !facts.activity.samples.is_empty();
    has_samples.then(|| Picture {
        svg: svg(&facts.activity, comparison, &zone),
        words: Chart::of(&facts.activity).summary(comparison, &zone),
        file: Format::picture_name(stem),
    })
}

fn urls(facts: &Facts) -> Option<Urls<'_>> {
    let urls = facts.urls.as_ref()?;
    Some(Urls {
        pooled_key: &urls.keys.0,
        direct_key: &urls.keys.1,
        pooled: facts.client_url(Port::Pooled)?,
        direct: facts.client_url(Port::Direct)?,
        private_host: urls.private.as_ref().map(|(pooled, _)| pooled.host.as_str()),
    })
}

fn app(deployed: &Deployed) -> App<'_> {
    App {
        name: &deployed.app_name,
        changes: deployed.changes.clone(),
        deployment: deployed.deployment.as_deref(),
        active_at: deployed.active_at,
        arrived: deployed.arrived,
    }
}

fn health_url(facts: &Facts) -> Option<String> {
    let deployed = facts.deployed.as_ref()?;
    let apps = &facts.cluster.as_ref()?.apps;
    app_spec::health_url(apps.iter().find(|app| app.id == deployed.app)?)
}

fn open(facts: &Facts) -> Vec<String> {
    let mut open: Vec<String> = StepId::ALL
        .into_iter()
        .filter(|step| facts.skipped.contains(step))
        .filter_map(|step| {
            Some(format!(
                "Step {}, {}, was left out: {}.",
                step.number(),
                step.name(),
                step.skippable()?
            ))
        })
        .collect();
    open.extend(StepId::ALL.into_iter().filter(|step| facts.review.contains(step)).map(|step| {
        format!(
            "Step {}, {}, is to be looked at again: an earlier choice changed.",
            step.number(),
            step.name()
        )
    }));
    let granted = facts.leases.iter().filter(|granted| granted.is_ours());
    open.extend(granted.map(|granted| {
        format!(
            "{} is still among the trusted sources of {}, for the computer that ran the set-up.",
            granted.lease.address, granted.cluster_name
        )
    }));
    let findings = facts.project.iter().flat_map(Project::open);
    open.extend(
        findings.map(|finding| {
            format!("{}:{}: {}", finding.file.display(), finding.line, finding.what)
        }),
    );
    open
}
