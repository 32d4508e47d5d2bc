//! `poolwright migrate status|deploy|resolve`: answers with Prisma's exit codes, in words of its own.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    cli::{Exit, args, report},
    domain::{
        migration::{Applied, Layout, Resolve, Warning},
        problem::Problem,
    },
    effects::migrations::{self as effects, Job, Progress, Running, Survey, place},
};

pub async fn run(command: &args::Migrate) -> Exit {
    let (place, carried_out) = match command {
        args::Migrate::Status(args) => (
            &args.place,
            tokio::select! {
                ended = status(args) => ended,
                () = super::run::told_to_stop() => return stopped(),
            },
        ),
        args::Migrate::Deploy(args) => (
            &args.place,
            tokio::select! {
                ended = deploy(args) => ended,
                () = super::run::told_to_stop() => return stopped(),
            },
        ),
        args::Migrate::Resolve(args) => (
            &args.place,
            tokio::select! {
                ended = resolve(args) => ended,
                () = super::run::told_to_stop() => return stopped(),
            },
        ),
    };
    carried_out.unwrap_or_else(|problem| {
        if place.json {
            report::print_line(
                &json!({ "exit": Exit::Stopped.code(), "problem": told(&problem) }).to_string(),
            );
        } else {
            report::print_problem(&problem);
        }
        Exit::Stopped
    })
}

fn stopped() -> Exit {
    report::print_error(
        "stopped. The statement under way is undone as soon as the server notices; poolwright migrate status shows what was done",
    );
    Exit::Stopped
}

fn job(place: &args::MigratePlace) -> Result<Job, Problem> {
    place::job(&place::Named {
        folder: place.folder.clone(),
        schema: place.schema.clone(),
        url_env: place.url_env.clone(),
        env_file: place.env_file.clone(),
        ca: place.ca.clone(),
    })
}

async fn status(args: &args::MigrateStatus) -> Result<Exit, Problem> {
    let job = job(&args.place)?;
    let survey = effects::survey(&job).await?;
    let exit = if survey.is_up_to_date() { Exit::Done } else { Exit::Stopped };
    if args.place.json {
        report::print_line(&status_json(&job, &survey, exit).to_string());
    } else {
        heading(&job);
        for line in status_lines(&job, &survey) {
            report::print_line(&line);
        }
    }
    Ok(exit)
}

fn heading(job: &Job) {
    let url = &job.direct.url;
    let schema = url.parameter("schema").map(|it| format!(", schema {it}")).unwrap_or_default();
    report::print_line(&format!(
        "Database  {}{schema} on {}:{} as {}, over the direct connection",
        url.database, url.host, url.port, url.user
    ));
}

fn many(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn status_lines(job: &Job, survey: &Survey) -> Vec<String> {
    let compared = &survey.compared;
    let kind = match survey.layout {
        Layout::Prisma => "migration",
        Layout::Plain => "SQL file",
    };
    let mut lines = vec![format!(
        "Folder    {}, {}; {} applied",
        job.folder.display(),
        many(survey.entries.len(), kind),
        compared.applied.len()
    )];
    let mut list = |title: &str, names: Vec<&str>| {
        if !names.is_empty() {
            lines.push(format!("\n{title}"));
            lines.extend(names.into_iter().map(|name| format!("  {name}")));
        }
    };
    list("Pending, in this order:", compared.pending.iter().map(|it| it.name.as_str()).collect());
    list(
        "Begun, but not finished:",
        compared.failed.iter().map(|failure| failure.name.as_str()).collect(),
    );
    let edited =
        "Changed after it was applied (Prisma does not mind; a new database would differ):";
    list(edited, survey.edited.iter().map(String::as_str).collect());
    list(
        "In the ledger, but not in the folder:",
        compared.missing.iter().map(String::as_str).collect(),
    );
    lines.push(String::new());
    lines.extend(survey.warnings.iter().map(|warning| format!("▲ {warning}")));
    lines.extend(verdict(survey));
    lines
}

/// The last lines: where it stands, and how to go on.
fn verdict(survey: &Survey) -> Vec<String> {
    let compared = &survey.compared;
    if let Some(failure) = compared.failed.first() {
        let name = &failure.name;
        return vec![
            format!(
                "✕ Migration {name} did not finish. Nothing new is applied before that is settled (P3009)."
            ),
            format!(
                "  Nothing of it is in the database: poolwright migrate resolve --rolled-back {name}"
            ),
            format!(
                "  All of it is:                     poolwright migrate resolve --applied {name}"
            ),
        ];
    }
    if survey.schema_not_empty {
        let last = survey.entries.last().map_or("NAME", |entry| entry.name.as_str());
        return vec![
            "✕ The database has tables, but no migration history (P3005).".to_owned(),
            format!("  Mark what they came from: poolwright migrate resolve --baseline {last}"),
        ];
    }
    match compared.pending.len() {
        0 if !compared.managed => vec!["○ The database has no migration history yet.".to_owned()],
        0 => vec!["✓ The database is up to date.".to_owned()],
        pending => vec![format!(
            "○ {} pending. To apply: poolwright migrate deploy",
            many(pending, "migration")
        )],
    }
}

fn status_json(job: &Job, survey: &Survey, exit: Exit) -> Value {
    let compared = &survey.compared;
    json!({
        "exit": exit.code(),
        "database": job.direct.url.database,
        "folder": job.folder.display().to_string(),
        "managed": compared.managed,
        "schema_not_empty": survey.schema_not_empty,
        "pending": compared.pending.iter().map(|entry| &entry.name).collect::<Vec<_>>(),
        "applied": compared.applied.iter().map(|(entry, _)| &entry.name).collect::<Vec<_>>(),
        "failed": compared.failed.iter().map(|failure| json!({
            "name": failure.name, "started_at": failure.started_at.to_string(), "logs": failure.logs,
        })).collect::<Vec<_>>(),
        "edited": survey.edited,
        "missing": compared.missing,
        "warnings": survey.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

async fn deploy(args: &args::MigrateDeploy) -> Result<Exit, Problem> {
    place::may_change(args.guard.profile.as_deref(), args.guard.production.as_deref())?;
    let job = Job { create_database: args.create_database, ..job(&args.place)? };
    let json = args.place.json;
    if !json {
        heading(&job);
    }
    let mut telling = Telling { json, applied: Vec::new(), warnings: Vec::new(), last: None };
    let deployed = effects::deploy(&job, &mut telling).await;
    if json {
        report::print_line(&telling.result(deployed.as_ref().err()).to_string());
        return Ok(if deployed.is_ok() { Exit::Done } else { Exit::Stopped });
    }
    let deployed = deployed.inspect_err(|_| telling.so_far())?;
    for warning in &deployed.warnings {
        report::print_line(&format!("▲ {warning}"));
    }
    report::print_line(&match deployed.applied {
        0 => {
            format!("✓ Nothing was pending: {} in the folder.", many(deployed.entries, "migration"))
        }
        applied => format!("✓ {} applied.", many(applied, "migration")),
    });
    Ok(Exit::Done)
}

async fn resolve(args: &args::MigrateResolve) -> Result<Exit, Problem> {
    place::may_change(args.guard.profile.as_deref(), args.guard.production.as_deref())?;
    let job = job(&args.place)?;
    let args::MigrateHow { applied, rolled_back, baseline } = &args.how;
    let how = applied
        .clone()
        .map(Resolve::Applied)
        .or_else(|| rolled_back.clone().map(Resolve::RolledBack))
        .or_else(|| baseline.clone().map(Resolve::Baseline))
        .ok_or_else(|| Problem::new("usage", "Nothing was marked.", "No migration is named."))?;
    let json = args.place.json;
    let mut telling = Telling { json, applied: Vec::new(), warnings: Vec::new(), last: None };
    let marked = effects::resolve(&job, &how, &mut telling).await?;
    if json {
        report::print_line(&json!({ "exit": Exit::Done.code(), "marked": marked }).to_string());
        return Ok(Exit::Done);
    }
    let word = match how {
        Resolve::RolledBack(_) => "rolled back; the next deploy runs it again",
        Resolve::Applied(_) | Resolve::Baseline(_) => "applied",
    };
    for name in &marked {
        report::print_line(&format!("✓ {name} is marked as {word}."));
    }
    if marked.is_empty() {
        report::print_line("✓ All of it was marked as applied before.");
    }
    Ok(Exit::Done)
}

/// Between two lines about a long script.
const EVERY: Duration = Duration::from_secs(2);

/// A deploy on the terminal, or nothing until its end as JSON.
struct Telling {
    json: bool,
    applied: Vec<Applied>,
    warnings: Vec<Warning>,
    /// When the script under way was last spoken of.
    last: Option<Instant>,
}

impl Telling {
    fn line(&self, text: &str) {
        if !self.json {
            report::print_line(text);
        }
    }

    /// What stands, although the deploy stopped.
    fn so_far(&self) {
        if !self.applied.is_empty() {
            let applied = many(self.applied.len(), "migration");
            self.line(&format!("○ {applied} applied before it stopped."));
        }
    }

    fn result(&self, problem: Option<&Problem>) -> Value {
        let exit = if problem.is_none() { Exit::Done } else { Exit::Stopped };
        json!({
            "exit": exit.code(),
            "applied": self.applied.iter().map(|applied| json!({
                "name": applied.name,
                "milliseconds": u64::try_from(applied.took.as_millis()).unwrap_or(u64::MAX),
                "checksum": applied.row.checksum,
            })).collect::<Vec<_>>(),
            "warnings": self.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "problem": problem.map(told),
        })
    }
}

impl Progress for Telling {
    fn waiting(&mut self, holder: Option<&str>) {
        let holder = holder.map(|holder| format!(" It is held by {holder}.")).unwrap_or_default();
        self.line(&format!("○ Waiting up to 10 s for the migration lock.{holder}"));
    }

    fn news(&mut self, running: Running<'_>) {
        if running.sent == 0 && running.finished == 0 {
            self.last = Some(Instant::now());
            if 1 < running.attempt {
                let Running { name, attempt, .. } = running;
                self.line(&format!("  {name}: a lock was not free for 5 s; try {attempt}"));
            }
        }
        if self.last.is_none_or(|last| EVERY <= last.elapsed()) {
            self.last = Some(Instant::now());
            let Running { name, sent, bytes, finished, statements, .. } = running;
            self.line(&if finished == 0 {
                format!("  {name}: {} of {} MB sent", sent / 1_000_000, bytes / 1_000_000)
            } else {
                format!("  {name}: {finished} of {statements} statements")
            });
        }
    }

    fn warn(&mut self, warning: Warning) {
        self.line(&format!("▲ {warning}"));
        self.warnings.push(warning);
    }

    async fn applied(&mut self, applied: Applied) {
        self.line(&format!("✓ {}  {} ms", applied.name, applied.took.as_millis()));
        self.applied.push(applied);
    }
}

fn told(problem: &Problem) -> Value {
    json!({
        "code": problem.code,
        "what": problem.what,
        "why": problem.why,
        "hints": problem.hints.iter().map(|hint| &hint.label).collect::<Vec<_>>(),
        "detail": problem.detail,
    })
}
