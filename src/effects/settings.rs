//! The window's settings between starts, and the removal of everything that the program keeps.

use std::path::{Path, PathBuf};

use jiff::Zoned;

use crate::{
    disk,
    domain::{problem::Problem, settings::Settings, words::capital},
    effects::{World, account, accounts, files, saved},
    leases::Leases,
    settings::{self, SettingsError},
};

/// What a start finds of them.
#[derive(Debug, Default)]
pub struct Kept {
    pub settings: Settings,
    /// `None` where nothing is to be written: there is no place, or what stands there can't be read.
    pub file: Option<PathBuf>,
    /// Why these are not the person's own.
    pub problem: Option<Problem>,
}

/// Reads them before there is a window, so that its first frame has its looks.
pub fn load() -> Kept {
    match directories::ProjectDirs::from("", "", "poolwright") {
        Some(folders) => load_from(folders.config_dir().join("settings.toml")),
        None => Kept::default(),
    }
}

/// From this file.
pub fn load_from(file: PathBuf) -> Kept {
    let err = match settings::read(&file) {
        Ok(settings) => {
            return Kept {
                settings: settings.unwrap_or_default(),
                file: Some(file),
                problem: None,
            };
        }
        Err(err) => err,
    };
    let problem = |why: String| Problem::new("settings", "Your settings could not be read.", why);
    if let SettingsError::Damaged(why) = &err {
        let date = Zoned::now().strftime("%Y-%m-%d").to_string();
        return match settings::put_aside(&file, &date) {
            Ok(to) => {
                let told = format!("The file is damaged. It is kept as {}.", to.display());
                let problem = problem(told).detail(why.clone()).hint("The usual settings are used");
                Kept { file: Some(file), problem: Some(problem), ..Kept::default() }
            }
            Err(aside) => {
                let told = format!("{} is damaged and is left as it is.", file.display());
                let problem = account::chain(problem(told).detail(why.clone()), &aside).hint(
                    "The usual settings are used, and changes last until you close Poolwright",
                );
                Kept { problem: Some(problem), ..Kept::default() }
            }
        };
    }
    let told = format!("{} is left as it is.", file.display());
    let problem = account::chain(problem(told), &err)
        .hint("The usual settings are used, and changes last until you close Poolwright");
    Kept { problem: Some(problem), ..Kept::default() }
}

/// Keeps them for the next start.
pub async fn save(file: PathBuf, kept: Settings) -> Result<(), Problem> {
    files::blocking(move || {
        settings::write(&file, &kept).map_err(|err| {
            let why = format!("{}: {}.", file.display(), capital(&err.to_string()));
            account::chain(Problem::new("settings", "The settings were not kept.", why), &err)
                .hint("They hold until you close Poolwright")
        })
    })
    .await
}

/// What the program keeps on this computer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Everything {
    /// One sentence for each kind.
    pub goes: Vec<String>,
    pub stays: Vec<String>,
    /// Why it is not to be removed yet.
    pub waits: Option<String>,
}

/// Looks what there is.
pub async fn everything(
    world: &World,
    saves: Option<PathBuf>,
    file: Option<PathBuf>,
) -> Everything {
    let shelf = match saves {
        Some(folder) => saved::shelf(folder).await,
        None => saved::Shelf::default(),
    };
    let left = left_behind(world).await;
    let mut all = Everything::default();
    let accounts = accounts::kept(world).await;
    all.goes.push(match accounts.as_deref() {
        Ok([]) => "Tokens in the password store: none.".to_owned(),
        Ok(names) => format!("Tokens in the password store: {}.", names.join(", ")),
        Err(_) => "Tokens in the password store, which does not answer.".to_owned(), // said below
    });
    let sealed = accounts::sealed_file(world);
    if tokio::fs::try_exists(&sealed).await.unwrap_or(true) {
        all.goes.push(format!("Tokens in a file under a passphrase: {}.", sealed.display()));
    }
    all.goes.push(match shelf.rows.len() {
        0 => "Saved set-ups: none.".to_owned(),
        1 => "1 saved set-up, with its list of changes to take back.".to_owned(),
        count => format!("{count} saved set-ups, with their lists of changes to take back."),
    });
    if let Some(file) = file {
        all.goes.push(format!("Settings: {}.", file.display()));
    }
    let backups = world.data.display();
    all.stays.push(format!("Copies of your files from before a change: {backups}."));
    all.stays.push("Pools, variables and files that a set-up made or changed. Take them back on step 12 first, if you want to.".to_owned());
    if let Err(err) = accounts {
        tracing::info!(%err, "what the password store holds is not known");
        all.waits = Some("The password store did not answer, so tokens would be left in it. Unlock it and look again.".to_owned());
    } else if shelf.other_copy || shelf.rows.iter().any(|row| row.open_elsewhere) {
        all.waits =
            Some("Another window of Poolwright has a set-up open. Close it first.".to_owned());
    } else if !left.is_empty() {
        let named = left.join(", ");
        all.waits = Some(format!(
            "This computer may still connect to {named}. Remove its access first (step 6): only the token can do that."
        ));
    }
    all
}

async fn left_behind(world: &World) -> Vec<String> {
    let folder = world.data.join("leases");
    let read = files::blocking(move || {
        let left = Leases::new(folder).left_behind();
        Ok(left.into_iter().map(|kept| kept.granted.cluster_name).collect())
    });
    read.await.unwrap_or_default()
}

/// Removes it, one after the other; what was removed before something did not work is gone.
pub async fn remove_everything(
    world: &World,
    saves: Option<PathBuf>,
    file: Option<PathBuf>,
) -> Result<(), Problem> {
    let still_kept = |err| {
        let why = "The password store did not take it out. Nothing else was removed.";
        account::chain(Problem::new("keychain", "A token is still kept.", why), &err)
            .hint("Unlock it and try again")
    };
    for account in accounts::kept(world).await.map_err(still_kept)? {
        accounts::forget(&account, world).await.map_err(still_kept)?;
    }
    let sealed = accounts::sealed_file(world);
    files::blocking(move || remove_file(&sealed)).await?;
    if let Some(folder) = saves {
        for row in saved::shelf(folder.clone()).await.rows {
            saved::remove(folder.clone(), row.id).await?;
        }
    }
    let Some(file) = file else { return Ok(()) };
    files::blocking(move || remove_file(&file)).await
}

/// Fine, too, where it is not there.
fn remove_file(file: &Path) -> Result<(), Problem> {
    let there = std::fs::symlink_metadata(file);
    if there.is_err_and(|err| err.kind() == std::io::ErrorKind::NotFound) {
        return Ok(());
    }
    disk::remove(file).map_err(|err| {
        let why = format!("{} is still there.", file.display());
        account::chain(Problem::new("remove", "A file was not removed.", why), &err)
    })
}
