//! Which database and which folder `poolwright migrate` means: from variables, files and what lies in the current folder.

use std::path::{Path, PathBuf};

use crate::{
    disk,
    domain::{cluster::Environment, conn_url::ConnUrl, env_file, problem::Problem, secret::Secret},
    effects::{migrations::Job, profile},
    setup::steps::measure::Target,
};

/// What the command line names; everything may be left out.
#[derive(Clone, Debug, Default)]
pub struct Named {
    pub folder: Option<PathBuf>,
    pub schema: Option<PathBuf>,
    pub url_env: Option<String>,
    pub env_file: Option<PathBuf>,
    pub ca: Option<PathBuf>,
}

/// The variables that are looked for, in this order, where none is named.
const VARIABLES: [&str; 2] = ["DIRECT_URL", "DATABASE_URL"];
/// The folders that are looked for, where none is named.
const FOLDERS: [&str; 2] = ["prisma/migrations", "migrations"];
const LARGEST: u64 = 1024 * 1024;

/// Database and folder, before anything is connected to.
pub fn job(named: &Named) -> Result<Job, Problem> {
    let (variable, url) = url(named)?;
    let url = ConnUrl::parse(url.expose()).map_err(|err| {
        Problem::new("URL", format!("The URL in {variable} was not understood."), format!("{err}."))
            .hint("It looks like postgresql://user:password@host:25060/database?sslmode=require")
    })?;
    let ca = match named.ca.as_deref().or_else(|| url.parameter("sslrootcert").map(Path::new)) {
        Some(file) => Some(authority(file)?),
        None => None,
    };
    Ok(Job {
        direct: Target { url, ca },
        folder: folder(named),
        patience: std::time::Duration::ZERO,
        create_database: false,
        timing: crate::domain::timing::Timing::default(),
    })
}

/// The variable and its value: from the environment, else from the file that is named.
fn url(named: &Named) -> Result<(String, Secret), Problem> {
    let file = match &named.env_file {
        Some(file) => Some(text(file, "env file")?),
        None => None,
    };
    let variables: Vec<&str> = match &named.url_env {
        Some(variable) => vec![variable],
        None => VARIABLES.to_vec(),
    };
    for variable in &variables {
        let set = std::env::var(variable).ok().map(Secret::new);
        let read = || file.as_ref().and_then(|file| env_file::value(file, variable));
        if let Some(url) =
            set.filter(|url| !url.is_empty()).or_else(read).filter(|it| !it.is_empty())
        {
            return Ok(((*variable).to_owned(), url));
        }
    }
    let searched = match &named.env_file {
        Some(file) => format!("Neither the environment nor {} has it.", file.display()),
        None => "The environment has no such variable.".to_owned(),
    };
    let problem = Problem::new(
        "no URL",
        format!("The direct URL was not found in {}.", variables.join(" or ")),
        searched,
    );
    Err(if named.env_file.is_none() && Path::new(".env").is_file() {
        problem.hint("Read it from the file here: add --env-file .env")
    } else {
        problem.hint("Set DIRECT_URL to the direct URL, or name another variable with --url-env")
    })
}

fn authority(file: &Path) -> Result<String, Problem> {
    text(file, "certificate authority").map_err(|problem| {
        problem.hint("Download it in DigitalOcean's control panel, then name it with --ca")
    })
}

fn text(file: &Path, what: &str) -> Result<String, Problem> {
    let failed = |why: String| {
        Problem::new(what, format!("The {what} {} could not be read.", file.display()), why)
    };
    let bytes = disk::read(file, LARGEST)
        .map_err(|err| failed(format!("{err}.")))?
        .ok_or_else(|| failed("Nothing of this name exists.".to_owned()))?;
    String::from_utf8(bytes).map_err(|err| failed(format!("It is not UTF-8 text: {err}.")))
}

fn folder(named: &Named) -> PathBuf {
    if let Some(folder) = &named.folder {
        return folder.clone();
    }
    if let Some(schema) = &named.schema {
        // A schema in several files is a folder itself.
        let beside = if schema.is_dir() { Some(schema.as_path()) } else { schema.parent() };
        return beside.unwrap_or(Path::new("")).join("migrations");
    }
    let found = FOLDERS.iter().map(Path::new).find(|folder| folder.is_dir());
    found.unwrap_or(Path::new("prisma/migrations")).to_owned()
}

/// May the database be changed? A profile that says production wants the cluster's name.
pub fn may_change(profile: Option<&Path>, production: Option<&str>) -> Result<(), Problem> {
    let here = Path::new(profile::FILE);
    let Some(file) = profile.or_else(|| here.is_file().then_some(here)) else { return Ok(()) };
    let answers = profile::load(file)?;
    let is_production =
        answers.environment.is_none_or(|environment| environment == Environment::Production);
    if !is_production || (production.is_some() && production == answers.cluster.as_deref()) {
        return Ok(());
    }
    let cluster = answers.cluster.as_deref().unwrap_or("CLUSTER");
    let why = match production {
        Some(other) => format!("It names the cluster {cluster}, not {other}."),
        None => "Nothing is changed there unless its name is given.".to_owned(),
    };
    Err(Problem::new(
        "production",
        format!("Nothing was changed: {} says that this is production.", file.display()),
        why,
    )
    .hint(format!("If that is what you want: add --production {cluster}")))
}
