//! The hand-over document: what was set up, how to look after it, how to undo it. Markdown and HTML, no secret.

mod care;
mod history;
mod html;
mod markdown;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::{
    activity::verdict::{Comparison, RULE, Side, Verdict},
    app_spec::SpecChange,
    capacity::{Limits, Sizing},
    client::{Client, ClientUrl},
    cluster::{Cluster, Environment},
    conn_url::ConnUrl,
    migration::Applied,
    pool::{Pool, PoolMode},
    record::Record,
    runbook::markdown::{Page, code, plain},
    stages::{Outcome, Port, Stage, Tested, Tracking},
    words::argument,
};

/// Everything the document tells. Parts that a set-up left out are `None`.
#[derive(Debug)]
pub struct Runbook<'a> {
    /// `Poolwright 0.1.0`.
    pub program: String,
    pub at: Timestamp,
    /// The account with which it was set up; `None` where it does not say its name.
    pub by: Option<String>,
    pub cluster: &'a Cluster,
    pub environment: Environment,
    pub pool: &'a Pool,
    pub urls: Option<Urls<'a>>,
    pub limits: Option<Limits>,
    pub sizing: Option<Sizing>,
    pub tested: Option<&'a Tested>,
    pub client: Client,
    /// Holds both URLs; relative to the project's folder.
    pub env_file: &'a Path,
    /// Variables written into env files, with their values before and after; masked.
    pub env_changes: &'a [EnvChange],
    pub migrated: Option<&'a [Applied]>,
    pub app: Option<App<'a>>,
    /// Where the app says how it is.
    pub health_url: Option<String>,
    pub comparison: Option<&'a Comparison>,
    /// The most connections that came through the pool at once, after the switch.
    pub pooled_peak: Option<u32>,
    pub requests: Option<Requests>,
    pub picture: Option<Picture>,
    pub record: &'a Record,
    /// What is left to do, one sentence each.
    pub open: Vec<String>,
}

#[derive(Debug)]
pub struct Urls<'a> {
    pub pooled_key: &'a str,
    pub direct_key: &'a str,
    pub pooled: ClientUrl,
    pub direct: ClientUrl,
    /// The cluster's host inside DigitalOcean's network.
    pub private_host: Option<&'a str>,
}

/// The recording before and after, drawn.
#[derive(Debug)]
pub struct Picture {
    pub svg: String,
    /// In words, for who does not see it.
    pub words: String,
    /// The file beside the document in which Markdown finds it.
    pub file: String,
}

/// A variable of an env file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvChange {
    pub file: PathBuf,
    pub key: String,
    /// `None` where it is new.
    pub old: Option<String>,
    pub new: String,
}

/// The app that was switched.
#[derive(Debug)]
pub struct App<'a> {
    pub name: &'a str,
    pub changes: Vec<SpecChange>,
    /// `None` where the app was changed by hand.
    pub deployment: Option<&'a str>,
    pub active_at: Timestamp,
    /// Connections that arrived through the pool; `None` where the server hides where they come from.
    pub arrived: Option<u32>,
}

/// Requests sent to the app at once, after the switch.
#[derive(Clone, Copy, Debug)]
pub struct Requests {
    pub asked: u32,
    pub answered: u32,
    pub p50: Duration,
    pub p95: Duration,
    pub slowest: Duration,
}

impl Runbook<'_> {
    /// One file, with the picture inside.
    pub fn html(&self) -> String {
        let title = format!("Connection pooling of {}", self.cluster.name);
        let picture = self.picture.as_ref().map(|picture| picture.svg.as_str());
        html::page(&title, &self.markdown(), picture)
    }

    pub fn markdown(&self) -> String {
        let mut page = Page::default();
        page.heading(1, &format!("Connection pooling of {}", plain(&self.cluster.name)));
        page.text(format!(
            "Written by {} on {}. All times are UTC. No password and no token is in this document.",
            plain(&self.program),
            date(self.at)
        ));
        self.summary(&mut page);
        self.urls(&mut page);
        self.size(&mut page);
        self.test(&mut page);
        self.migrations(&mut page);
        self.app(&mut page);
        self.before_and_after(&mut page);
        history::changes(&mut page, self.record, self.env_changes);
        care::looking_after(&mut page, self);
        care::messages(&mut page);
        history::requests(&mut page, self.record);
        if !self.open.is_empty() {
            page.heading(2, "Left open");
            page.list(self.open.iter().map(|point| plain(point)));
        }
        page.finish()
    }

    fn direct_key(&self) -> &str {
        self.urls.as_ref().map_or("DIRECT_URL", |urls| urls.direct_key)
    }

    fn pooled_key(&self) -> &str {
        self.urls.as_ref().map_or("DATABASE_URL", |urls| urls.pooled_key)
    }

    fn summary(&self, page: &mut Page) {
        let (cluster, pool) = (self.cluster, self.pool);
        let user = pool.user.as_deref().map_or("whoever signs in".to_owned(), code);
        let mut rows = vec![
            [
                "Cluster".to_owned(),
                format!(
                    "{}, PostgreSQL {}, {}, {}, {}",
                    code(&cluster.name),
                    plain(&cluster.version),
                    plain(&cluster.size),
                    plain(&cluster.region),
                    self.environment.word()
                ),
            ],
            [
                "Pool".to_owned(),
                format!(
                    "{}: {} connections, {} mode, database {}, user {user}",
                    code(pool.name.as_str()),
                    pool.size,
                    pool.mode.word(),
                    code(&pool.db)
                ),
            ],
        ];
        let server = self.tested.and_then(|tested| tested.server_version.as_deref());
        if let Some(version) = server {
            let version = format!("PostgreSQL {} answered the test", plain(version));
            rows.push(["Server".to_owned(), version]);
        }
        if self.client != Client::Unknown {
            rows.push(["Client".to_owned(), plain(self.client.title())]);
        }
        if let Some(by) = &self.by {
            rows.push(["Set up with the account of".to_owned(), plain(by)]);
        }
        if let Some(app) = &self.app {
            let text = format!("{}, on the pool since {}", code(app.name), date(app.active_at));
            rows.push(["App".to_owned(), text]);
        }
        if let Some(comparison) = self.comparison {
            let text = match (&comparison.before, &comparison.after) {
                (Some(before), Some(after)) => format!(
                    "{}: median {} connections before, {} after",
                    comparison.verdict.word(),
                    before.median,
                    after.median
                ),
                (_, _) => comparison.verdict.word().to_owned(),
            };
            rows.push(["Result".to_owned(), text]);
        }
        page.heading(2, "What was set up");
        page.table(["Part", "As it is"], rows);
    }

    fn urls(&self, page: &mut Page) {
        let Some(urls) = &self.urls else { return };
        let (id, pool) = (argument(&self.cluster.id.0), self.pool.name.as_str());
        page.heading(2, "The two URLs");
        page.text(format!(
            "{} is for the app, through the pool. Its last part is the pool's name, not the database's:",
            code(urls.pooled_key)
        ));
        page.code("", &shown(&urls.pooled.url));
        page.text(format!(
            "{} is for migrations and administration, straight to the database:",
            code(urls.direct_key)
        ));
        page.code("", &shown(&urls.direct.url));
        let reasons = urls.pooled.reasons.iter().chain(&urls.direct.reasons);
        page.list(reasons.map(|(name, why)| format!("{}: {}", code(name), plain(why))));
        if let Some(host) = urls.private_host {
            page.text(format!(
                "Programs in the cluster's own network use the host {} instead.",
                code(host)
            ));
        }
        page.text(format!(
            "The passwords are not here. In the panel: Databases, {}, Connection details; choose the user, and under Database/Pool the pool {} or the database {}. On the command line (this prints the passwords):",
            code(&self.cluster.name),
            code(pool),
            code(&self.pool.db)
        ));
        page.code(
            "sh",
            &format!(
                "doctl databases pool get {id} {} --format URI --no-header\ndoctl databases connection {id} --format URI --no-header\ndoctl databases get-ca {id}",
                argument(pool)
            ),
        );
        page.text(format!(
            "The second names the cluster's default database; put {} in its place. The third gives the certificate for sslmode=verify-full.",
            code(&self.pool.db)
        ));
    }

    fn size(&self, page: &mut Page) {
        let Some(sizing) = self.sizing else { return };
        let demand = sizing.demand;
        let limit = match self.limits.filter(|_| demand.measured) {
            Some(limits) => format!(
                "measured: max_connections {} − {} for superusers − {} reserved",
                limits.max_connections, limits.superuser_reserved, limits.reserved
            ),
            None => format!("by the plan {}: 25 for each GiB of memory, less 3", self.cluster.size),
        };
        let rows = [
            ("Usable connections", demand.limit, limit),
            ("Other pools", demand.others, "sum of their sizes".to_owned()),
            ("Direct connections", demand.direct, "of programs that stay direct".to_owned()),
            (
                "Reserve",
                demand.reserve,
                "one migration, one administrator, this program".to_owned(),
            ),
            (
                "The most a pool may have",
                sizing.ceiling,
                format!(
                    "{} − {} − {} − {}",
                    demand.limit, demand.others, demand.direct, demand.reserve
                ),
            ),
            (
                "Enough for the processors",
                sizing.low,
                format!("2 × {} vCPU + 1 (HikariCP, PostgreSQL wiki)", demand.vcpus),
            ),
            (
                "DigitalOcean's starting point",
                sizing.half,
                format!("half of {}, rounded down", demand.limit),
            ),
            (
                "Suggested",
                sizing.suggested,
                format!(
                    "the larger of {} and {}, at most {}",
                    sizing.half, sizing.low, sizing.ceiling
                ),
            ),
            ("Chosen", self.pool.size, "the pool's size".to_owned()),
        ];
        page.heading(2, "Why this size");
        page.table(
            ["Figure", "Connections", "From"],
            rows.map(|(name, count, from)| [name.to_owned(), count.to_string(), plain(&from)]),
        );
        page.text(match self.pool.mode {
            PoolMode::Transaction => {
                "Transaction mode: a connection is lent for one transaction and then returned. Session settings, LISTEN, session advisory locks and temporary tables do not outlive it; what needs them takes the direct URL."
            }
            PoolMode::Session => {
                "Session mode: a connection stays with its client until that signs out, so the pool needs one for each client."
            }
            PoolMode::Statement => {
                "Statement mode: a connection is lent for one statement; transactions are refused."
            }
        });
    }

    fn test(&self, page: &mut Page) {
        let Some(tested) = self.tested else { return };
        page.heading(2, "Connection test");
        page.text(format!("Tested on {}, from the computer that ran the set-up.", date(tested.at)));
        let cell = |port, stage| match tested.ports.column(port).get(stage) {
            Outcome::NotReached => "not reached".to_owned(),
            Outcome::Running | Outcome::Waiting(_) => "not finished".to_owned(),
            Outcome::Passed { found, took } => format!("✓ {}, {}", plain(found), words(*took)),
            Outcome::Unverified { found, took } => {
                format!("works, not verified: {}, {}", plain(found), words(*took))
            }
            Outcome::Failed(problem) => format!("✕ {}", plain(&problem.what)),
        };
        page.table(
            ["Stage", "Pooled", "Direct"],
            Stage::ALL.map(|stage| {
                [stage.title().to_owned(), cell(Port::Pooled, stage), cell(Port::Direct, stage)]
            }),
        );
        if let Some(probe) = tested.probe {
            let mode = probe.mode.map_or("The mode stayed unclear".to_owned(), |mode| {
                format!("{} mode is proved", mode.title())
            });
            let tracking = match probe.tracking {
                Tracking::Tracked => "the pooler keeps track of prepared statements",
                Tracking::NotTracked => "the pooler does not keep track of prepared statements",
                Tracking::Unknown => {
                    "whether the pooler keeps track of prepared statements stayed unclear"
                }
            };
            page.text(format!("{mode}; {tracking}."));
        }
    }

    fn migrations(&self, page: &mut Page) {
        let Some(applied) = self.migrated else { return };
        page.heading(2, "Migrations");
        if applied.is_empty() {
            page.text("Nothing was pending.");
            return;
        }
        page.text(format!(
            "{} applied over the direct connection, each row read back.",
            applied.len()
        ));
        page.table(
            ["Migration", "SHA-256", "Finished", "Took", "Ledger row"],
            applied.iter().map(|applied| {
                let row = &applied.row;
                let finished = row.finished_at.map_or("not finished".to_owned(), date);
                [
                    code(&applied.name),
                    code(&row.checksum),
                    finished,
                    words(applied.took),
                    code(&row.id),
                ]
            }),
        );
    }

    fn app(&self, page: &mut Page) {
        let Some(app) = &self.app else { return };
        page.heading(2, "The app");
        let arrived = match app.arrived {
            Some(count) => format!("{count} of its connections were seen to come through the pool"),
            None => {
                "where its connections come from is hidden from this role, so that was not verified"
                    .to_owned()
            }
        };
        let (name, at) = (code(app.name), date(app.active_at));
        page.text(match app.deployment {
            Some(deployment) => {
                format!(
                    "Deployment {} of {name} became active on {at}; {arrived}.",
                    code(deployment)
                )
            }
            None => format!("{name} was changed by hand on {at}; {arrived}."),
        });
        if !app.changes.is_empty() {
            page.table(
                ["Variable", "Of", "Before", "After"],
                app.changes.iter().map(|change| {
                    [
                        code(&change.place.key),
                        change.place.component.as_deref().map_or("the app".to_owned(), code),
                        change.old.as_deref().map_or("none".to_owned(), code),
                        code(&change.new),
                    ]
                }),
            );
        }
    }

    fn before_and_after(&self, page: &mut Page) {
        let Some(comparison) = self.comparison else { return };
        page.heading(2, "Before and after");
        let why = match &comparison.verdict {
            Verdict::NotProven(why) => format!(" {}", plain(why)),
            Verdict::Better | Verdict::NoClearChange | Verdict::Worse => String::new(),
        };
        page.text(format!("**{}.**{why}", comparison.verdict.word()));
        if let Some(picture) = &self.picture {
            page.text(format!("![{}]({})", plain(&picture.words), link(&picture.file)));
        }
        let figures = [&comparison.before, &comparison.after].map(|side| {
            side.as_ref().map_or_else(|| FIGURES.map(|_| "not recorded".to_owned()), figures)
        });
        let [before, after] = figures;
        let rows = FIGURES.into_iter().zip(before).zip(after);
        page.table(
            ["Figure", "Before", "After"],
            rows.map(|((name, before), after)| [name.to_owned(), before, after]),
        );
        let usable = self.sizing.map_or(0, |sizing| sizing.demand.limit);
        let mut facts = vec![format!(
            "All connections to PostgreSQL are counted, this program's included; {usable} are usable."
        )];
        facts.extend(self.pooled_peak.map(|peak| {
            let size = self.pool.size;
            format!("The pool's server connections peaked at {peak}; the pool has {size}.")
        }));
        facts.extend(self.requests.map(|requests| {
            format!(
                "{} of {} requests sent at once were answered: half within {}, 95 % within {}, the slowest after {}.",
                requests.answered,
                requests.asked,
                words(requests.p50),
                words(requests.p95),
                words(requests.slowest)
            )
        }));
        facts.push(format!("The rule. {RULE}"));
        page.list(facts);
    }
}

/// What is told of each side of the comparison.
const FIGURES: [&str; 6] = [
    "Median connections",
    "Peak connections",
    "Refusals",
    "Transactions a second",
    "Samples",
    "Recorded for",
];

fn figures(side: &Side) -> [String; 6] {
    [
        side.median.to_string(),
        side.peak.to_string(),
        side.refused.to_string(),
        format!("{:.0}", side.per_second),
        side.samples.to_string(),
        words(side.lasted),
    ]
}

/// The name of a file beside the document, as a link takes it.
fn link(file: &str) -> String {
    utf8_percent_encode(file, NON_ALPHANUMERIC).to_string().replace("%2E", ".").replace("%2D", "-")
}

/// A URL without its password.
fn shown(url: &ConnUrl) -> String {
    url.without_password().masked()
}

fn date(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// `11 ms`, `3.2 s`, `2 min 14 s`.
fn words(length: Duration) -> String {
    let (seconds, millis) = (length.as_secs(), length.subsec_millis());
    match seconds {
        0 => format!("{millis} ms"),
        1..60 => format!("{seconds}.{} s", millis / 100),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}
