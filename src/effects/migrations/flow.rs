//! Status, deploy and resolve of one folder on one database: for the window's step and for `poolwright migrate` alike.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::{
    domain::{
        migration::{
            Compared, Entry, Layout, Resolve, Script, Status, Warning, compare, order,
            statements::{self, Plan},
        },
        problem::Problem,
        timing::Timing,
    },
    effects::migrations::told,
    postgres::{
        migrate::{self, Book, MigrateError, Progress, Seen},
        stages,
        wire::Wire,
    },
    project::migrations::{self as project, Folder, FolderError},
    setup::steps::measure::Target,
};

/// What is to be brought up to date, and with which folder.
#[derive(Clone, Debug)]
pub struct Job {
    pub direct: Target,
    pub folder: PathBuf,
    /// How long a full database is waited for.
    pub patience: Duration,
    /// Make the database where it is missing, as Prisma's deploy does unasked.
    pub create_database: bool,
    pub timing: Timing,
}

/// What a look gave. Scripts are not in it.
#[derive(Clone, Debug)]
pub struct Survey {
    pub layout: Layout,
    pub entries: Vec<Entry>,
    pub compared: Compared,
    pub edited: Vec<String>,
    /// Tables stand in the database although no ledger does: P3005.
    pub schema_not_empty: bool,
    pub warnings: Vec<Warning>,
}

/// How a deploy ended that ended well.
#[derive(Clone, Debug)]
pub struct Deployed {
    pub entries: usize,
    pub applied: usize,
    pub warnings: Vec<Warning>,
}

impl Survey {
    /// What Prisma's status answers with exit code 0.
    pub fn is_up_to_date(&self) -> bool {
        self.compared.managed && self.compared.pending.is_empty() && self.compared.failed.is_empty()
    }
}

/// Folder and ledger compared; changes nothing.
pub async fn survey(job: &Job) -> Result<Survey, Problem> {
    let folder = list(job).await?;
    // Prisma's status wants every script, also those it would not run.
    if let Some(entry) = folder.entries.iter().find(|entry| !entry.has_script) {
        return Err(told::folder(&FolderError::NoScript(folder.file(&entry.name))));
    }
    survey_of(&folder, job).await
}

async fn survey_of(folder: &Folder, job: &Job) -> Result<Survey, Problem> {
    let mut wire = connect(job).await?;
    let seen = migrate::look(&mut wire, &book(job, folder)).await;
    wire.close().await;
    let Seen { rows, not_empty, invalid_indexes } =
        seen.map_err(|err| told::wire(err, &job.direct))?;
    let compared = compare(&folder.entries, rows.as_deref());
    let (edited, compared) = edited(folder.clone(), compared).await?;
    let mut warnings = warnings(folder, &compared);
    warnings.extend(invalid_indexes.into_iter().map(Warning::InvalidIndex));
    Ok(Survey {
        layout: folder.layout,
        entries: folder.entries.clone(),
        compared,
        edited,
        schema_not_empty: not_empty,
        warnings,
    })
}

/// The survey with the scripts of what is pending, for the window.
pub(super) async fn status(job: &Job) -> Result<Status, Problem> {
    let folder = list(job).await?;
    let survey = survey_of(&folder, job).await?;
    let pending = survey.compared.pending.clone();
    let compared = survey.compared;
    let status = blocking(move || {
        let scripts: Result<Vec<Script>, FolderError> =
            pending.iter().map(|entry| folder.script(&entry.name)).collect();
        // Looking for risks reads every statement.
        Ok(Status::new(compared, scripts.map_err(|err| told::folder(&err))?))
    })
    .await?;
    Ok(Status {
        edited: survey.edited,
        schema_not_empty: survey.schema_not_empty,
        warnings: survey.warnings,
        ..status
    })
}

/// Applies what is pending, in the folder's order, and stops at the first that is refused.
pub async fn deploy(job: &Job, progress: &mut impl Progress) -> Result<Deployed, Problem> {
    let folder = list(job).await?;
    let mut wire = connect(job).await?;
    let book = book(job, &folder);
    let deployed = apply_all(&mut wire, &book, &folder, progress).await;
    let invalid = match &deployed {
        // The connection may be gone; then the next status tells.
        Err(Stopped::Migrate(MigrateError::Wire(_))) => Vec::new(),
        Ok(_) | Err(_) => migrate::invalid_indexes(&mut wire, &book).await.unwrap_or_default(),
    };
    // Ends the session, and with it the lock.
    wire.close().await;
    let left = invalid.into_iter().map(Warning::InvalidIndex);
    match deployed {
        Ok((compared, applied)) => {
            let mut warnings = warnings(&folder, &compared);
            warnings.extend(left);
            Ok(Deployed { entries: folder.entries.len(), applied, warnings })
        }
        Err(stopped) => {
            let problem = stopped.told(&folder, &job.direct);
            Err(left.fold(problem, |problem, warning| problem.detail(warning.to_string())))
        }
    }
}

/// Why a deploy stopped: the database, or the next file.
enum Stopped {
    Migrate(MigrateError),
    Folder(Problem),
}

impl From<MigrateError> for Stopped {
    fn from(err: MigrateError) -> Self {
        Self::Migrate(err)
    }
}

impl Stopped {
    fn told(self, folder: &Folder, direct: &Target) -> Problem {
        match self {
            Self::Migrate(err) => told::migrate(err, folder, direct),
            Self::Folder(problem) => problem,
        }
    }
}

async fn apply_all(
    wire: &mut Wire,
    book: &Book,
    folder: &Folder,
    progress: &mut impl Progress,
) -> Result<(Compared, usize), Stopped> {
    let mut session = migrate::begin(wire, book, progress).await?;
    let compared = session.pending(&folder.entries).await?;
    let mut applied = 0;
    for entry in &compared.pending {
        let (script, plan) = read(folder, &entry.name).await.map_err(Stopped::Folder)?;
        session.apply(&script, &plan, progress).await?;
        applied += 1;
    }
    Ok((compared, applied))
}

/// Changes the ledger only; gives the names that were marked.
pub async fn resolve(
    job: &Job,
    how: &Resolve,
    progress: &mut impl Progress,
) -> Result<Vec<String>, Problem> {
    let folder = match how {
        // What was rolled back may be gone from the folder, and its lock file is not asked.
        Resolve::RolledBack(_) => {
            list(job).await.or_else(|problem| match problem.code.as_str() {
                "P3019" => Ok(Folder {
                    schemas: Vec::new(),
                    path: job.folder.clone(),
                    layout: Layout::Prisma,
                    entries: Vec::new(),
                }),
                _ => Err(problem), // no folder at all: then it is not known whose ledger is meant
            })?
        }
        Resolve::Applied(_) | Resolve::Baseline(_) => list(job).await?,
    };
    let scripts = scripts_to_mark(&folder, how)?;
    let mut wire = connect(job).await?;
    let marked = mark(&mut wire, &book(job, &folder), &folder, how, scripts, progress).await;
    wire.close().await;
    marked.map_err(|stopped| stopped.told(&folder, &job.direct))
}

/// The entries to mark as applied; P3017 where the folder has no such one.
fn scripts_to_mark(folder: &Folder, how: &Resolve) -> Result<Vec<Entry>, Problem> {
    let at = |name: &String| {
        let found = folder.entries.iter().position(|entry| entry.name == *name && entry.has_script);
        found.ok_or_else(|| told::not_in_folder(name, folder))
    };
    Ok(match how {
        Resolve::RolledBack(_) => Vec::new(),
        Resolve::Applied(name) => folder.entries.get(at(name)?).cloned().into_iter().collect(),
        Resolve::Baseline(name) => folder.entries.iter().take(at(name)? + 1).cloned().collect(),
    })
}

async fn mark(
    wire: &mut Wire,
    book: &Book,
    folder: &Folder,
    how: &Resolve,
    entries: Vec<Entry>,
    progress: &mut impl Progress,
) -> Result<Vec<String>, Stopped> {
    let mut session = migrate::begin(wire, book, progress).await?;
    if let Resolve::RolledBack(name) = how {
        session.mark_rolled_back(name).await?;
        return Ok(vec![name.clone()]);
    }
    let mut marked = Vec::new();
    for Entry { name, .. } in entries {
        let (script, _) = read(folder, &name).await.map_err(Stopped::Folder)?;
        match session.mark_applied(&script).await {
            // A baseline goes over those that are there already.
            Err(MigrateError::AlreadyApplied(_)) if matches!(how, Resolve::Baseline(_)) => {}
            ended => {
                ended?;
                marked.push(name);
            }
        }
    }
    Ok(marked)
}

fn warnings(folder: &Folder, compared: &Compared) -> Vec<Warning> {
    let names: Vec<&str> = compared.pending.iter().map(|entry| entry.name.as_str()).collect();
    let exchanged = match folder.layout {
        Layout::Prisma => order::exchanged_by_older_prisma(&names),
        Layout::Plain => None,
    };
    let exchanged = exchanged.map(|(first, second)| Warning::Order {
        first: first.to_owned(),
        second: second.to_owned(),
    });
    let late = compared.late(&folder.entries).into_iter();
    exchanged.into_iter().chain(late.map(|name| Warning::Late(name.to_owned()))).collect()
}

fn book(job: &Job, folder: &Folder) -> Book {
    let schema = job.direct.url.parameter("schema").filter(|schema| !schema.is_empty());
    Book {
        layout: folder.layout,
        schema: schema.map(str::to_owned),
        schemas: folder.schemas.clone(),
        limit: job.timing.query,
    }
}

/// A connection proved direct, on itself. Waits for a slot of a full database as long as `patience`.
pub(super) async fn connect(job: &Job) -> Result<Wire, Problem> {
    let Job { direct, timing, .. } = job;
    let began = Instant::now();
    let mut may_create = job.create_database;
    loop {
        match stages::direct(&direct.url, direct.ca.as_deref(), timing).await {
            Err(problem) if problem.code == "53300" && began.elapsed() < job.patience => {
                tokio::time::sleep(timing.again / 4).await;
            }
            Err(problem) if problem.code == "3D000" && may_create => {
                may_create = false;
                create_database(job).await?;
            }
            ended => return ended.map_err(|problem| told::connection(problem, &direct.url)),
        }
    }
}

/// Where a database can be made from; the last is the only one on DigitalOcean.
const OTHERS: [&str; 3] = ["postgres", "template1", "defaultdb"];

async fn create_database(job: &Job) -> Result<(), Problem> {
    let Target { url, ca } = &job.direct;
    let mut last = None;
    for other in OTHERS {
        let mut place = url.clone();
        other.clone_into(&mut place.database);
        match stages::direct(&place, ca.as_deref(), &job.timing).await {
            Ok(mut wire) => {
                let created = migrate::create_database(&mut wire, &url.database).await;
                wire.close().await;
                return created.map_err(|err| told::wire(err, &job.direct));
            }
            Err(problem) => last = Some(problem),
        }
    }
    last.map_or(Ok(()), |problem| Err(told::connection(problem, url)))
}

async fn list(job: &Job) -> Result<Folder, Problem> {
    let path = job.folder.clone();
    blocking(move || project::list(&path).map_err(|err| told::folder(&err))).await
}

async fn read(folder: &Folder, name: &str) -> Result<(Script, Plan), Problem> {
    let folder = folder.place();
    let name = name.to_owned();
    blocking(move || {
        let script = folder.script(&name).map_err(|err| told::folder(&err))?;
        let plan = statements::plan(&script.sql);
        Ok((script, plan))
    })
    .await
}

async fn edited(folder: Folder, compared: Compared) -> Result<(Vec<String>, Compared), Problem> {
    blocking(move || {
        let edited = folder.edited(&compared.applied).map_err(|err| told::folder(&err))?;
        Ok((edited, compared))
    })
    .await
}

/// Files are read beside the runtime's own threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|err| {
        let problem = Problem::new("internal", "Reading the migrations folder broke off.", "");
        Err(problem.detail(err.to_string()))
    })
}
