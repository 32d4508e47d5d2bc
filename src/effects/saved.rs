//! Saved set-ups: the list for the start page, opening one, and keeping the one that is open up to date.

mod keeper;

use std::path::{Path, PathBuf};

use jiff::{Timestamp, Zoned};

pub use self::keeper::{Keeper, Standing};
use crate::{
    domain::{
        problem::{Fix, Problem},
        words::capital,
    },
    effects::{account, files},
    saved::{self, Found, Held, SavedError},
    setup::saved::{Saved, Unreadable},
};

/// Where set-ups are kept, and the one of them that is open; none yet for a new one.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    held: Option<Held>,
}

impl Place {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, held: None }
    }

    /// The folder below that of the program's own files.
    pub fn below(data: &Path) -> PathBuf {
        data.join("setups")
    }
}

/// What the start page shows of them.
#[derive(Debug, Default)]
pub struct Shelf {
    /// The last used first.
    pub rows: Vec<Row>,
    /// Files that can't be read; each was put aside or left alone, and is told.
    pub problems: Vec<Problem>,
    /// Another copy of the program runs.
    pub other_copy: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub id: String,
    pub saved: Saved,
    pub last_used: Option<Timestamp>,
    pub open_elsewhere: bool,
}

/// Held for as long as the program runs, so that a second copy knows of the first.
#[derive(Debug)]
pub struct FirstCopy {
    _lock: std::fs::File,
}

/// `None` where another copy has it already, or nobody can tell.
pub fn first_copy(folder: &Path) -> Option<FirstCopy> {
    let first = saved::first_copy(folder).unwrap_or_else(|err| {
        tracing::info!(%err, "whether another copy runs is not known");
        None
    });
    first.map(|lock| FirstCopy { _lock: lock })
}

/// Reads the whole folder.
pub async fn shelf(folder: PathBuf) -> Shelf {
    let read = files::blocking(move || Ok(read_shelf(&folder))).await;
    read.unwrap_or_else(|problem| Shelf { problems: vec![problem], ..Shelf::default() })
}

fn read_shelf(folder: &Path) -> Shelf {
    let mut shelf = Shelf::default();
    let found = match saved::list(folder) {
        Ok(found) => found,
        Err(err) => {
            let problem = Problem::new(
                "saved set-ups",
                "The list of saved set-ups was not read.",
                format!("{}.", capital(&err.to_string())),
            );
            shelf.problems.push(account::chain(problem, &err));
            return shelf;
        }
    };
    for Found { id, open_elsewhere, bytes } in found {
        let parsed = match &bytes {
            Ok(bytes) => Saved::parse(bytes),
            Err(err) => Err(Unreadable::Damaged(err.to_string())),
        };
        match parsed {
            Ok(saved) => {
                let last_used = saved.last_used.parse().ok();
                shelf.rows.push(Row { id, saved, last_used, open_elsewhere });
            }
            // Its writer may be about to replace it.
            Err(_) if open_elsewhere => {}
            Err(err) => shelf.problems.push(unreadable(folder, &id, &err)),
        }
    }
    shelf.rows.sort_by_key(|row| std::cmp::Reverse(row.last_used));
    shelf
}

/// Says what is wrong with the file, after it was put out of harm's way.
fn unreadable(folder: &Path, id: &str, err: &Unreadable) -> Problem {
    let file = folder.join(format!("{id}.json"));
    match err {
        Unreadable::Newer(_) => Problem::new(
            "newer set-up",
            "A saved set-up is from a newer version of Poolwright.",
            format!("{} is left as it is. This version can't read it.", file.display()),
        )
        .hint("Open it with the newer version"),
        Unreadable::Damaged(why) => {
            let date = Zoned::now().strftime("%Y-%m-%d").to_string();
            let aside = Held::open(folder, id)
                .map_err(|err| err.to_string())
                .and_then(|(held, _)| held.put_aside(&date).map_err(|err| err.to_string()));
            let kept = match aside {
                Ok(to) => format!("It is kept as {}.", to.display()),
                Err(err) => format!("It is left as it is ({err})."),
            };
            Problem::new(
                "damaged set-up",
                "A saved set-up could not be read.",
                format!("{} is damaged. {kept}", file.display()),
            )
            .detail(why.clone())
            .hint("Begin a new set-up: it finds what stands on the account")
        }
    }
}

/// Opens one for this copy of the program alone.
pub async fn open(folder: PathBuf, id: String) -> Result<(Saved, Place), Problem> {
    files::blocking(move || {
        let (held, bytes) = Held::open(&folder, &id).map_err(|err| not_opened(&err))?;
        let saved = Saved::parse(&bytes).map_err(|err| unreadable(&folder, &id, &err))?;
        Ok((saved, Place { folder, held: Some(held) }))
    })
    .await
}

/// Takes one off the list for good; nothing else is touched.
pub async fn remove(folder: PathBuf, id: String) -> Result<(), Problem> {
    files::blocking(move || {
        let removed = match Held::open(&folder, &id) {
            Ok((held, _)) => held.remove().map_err(SavedError::Disk),
            Err(SavedError::Gone) => Ok(()),
            Err(err) => Err(err),
        };
        removed.map_err(|err| match err {
            SavedError::OpenElsewhere => not_opened(&err),
            err => Problem::new(
                "saved set-up",
                "The set-up is still in the list.",
                format!("{}.", capital(&err.to_string())),
            ),
        })
    })
    .await
}

pub(super) fn not_opened(err: &SavedError) -> Problem {
    match err {
        SavedError::OpenElsewhere => Problem::new(
            "open elsewhere",
            "This set-up is open in another window.",
            "Two windows would write over each other's notes.",
        )
        .hint("Go on there, or close it there first"),
        SavedError::Gone => Problem::new(
            "gone",
            "This set-up is not in the list any more.",
            "It was removed meanwhile, perhaps in another window.",
        ),
        err @ (SavedError::Name(_) | SavedError::Disk(_)) => Problem::new(
            "saved set-up",
            "The set-up was not opened.",
            format!("{}.", capital(&err.to_string())),
        )
        .fix("Try again", Fix::TryAgain),
    }
}

pub(super) fn not_saved(err: &SavedError) -> Problem {
    let problem = Problem::new(
        "not saved",
        "This set-up is not being saved.",
        format!(
            "{}. You can go on; after a restart this run would be missing.",
            capital(&err.to_string())
        ),
    );
    account::chain(problem, err)
}
