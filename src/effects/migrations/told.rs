//! What the person is told when migrations stop. Prisma's own code stands beside each where it has one.

use std::path::Path;

use crate::{
    domain::{
        conn_url::ConnUrl,
        diagnosis::{Place, explain},
        migration::{
            Failure,
            script::{BadText, Spot},
        },
        problem::{Fix, Problem},
        stages::Port,
    },
    postgres::{
        migrate::{MigrateError, ScriptError},
        stages,
        wire::WireError,
    },
    project::migrations::{Folder, FolderError},
    setup::steps::measure::Target,
};

/// A connection that did not come about. Prisma has few codes for this; ours say more.
pub(super) fn connection(problem: Problem, url: &ConnUrl) -> Problem {
    let code = match problem.code.as_str() {
        "DNS" | "refused" | "time-out" | "network" => "P1001",
        "silent" | "query_wait_timeout" => "P1002",
        "28P01" | "28000" => "P1000",
        "3D000" => {
            return problem
                .hint(format!("Make the database {} first: add --create-database", url.database))
                .detail("Prisma's code for this: P1003. Its deploy makes the database unasked.");
        }
        "not direct" => {
            return problem
                .detail("A pool in transaction mode keeps the migration lock with a server connection of its own; the next deploy over the direct port would wait for it in vain (P1002).");
        }
        _ => return problem, // Prisma has no code of its own for it
    };
    problem.detail(format!("Prisma's code for this: {code}."))
}

pub(super) fn wire(err: WireError, direct: &Target) -> Problem {
    let url = &direct.url;
    let place = Place {
        port: Port::Direct,
        host: &url.host,
        number: url.port,
        user: &url.user,
        database: &url.database,
    };
    explain(&stages::symptom(err), place)
}

pub(in crate::effects) fn migrate(err: MigrateError, folder: &Folder, direct: &Target) -> Problem {
    match err {
        MigrateError::Locked { holder } => Problem::new(
            "P1002",
            "Another deploy holds the migration lock.",
            holder.map_or_else(
                || "It was waited for 10 s. Who holds it is hidden from this role, or it ended just now.".to_owned(),
                |holder| format!("It was waited for 10 s. It is held by {holder}."),
            ),
        )
        .fix("Try again", Fix::TryAgain)
        .hint("Where no deploy runs, a pooled connection leaked the lock: end that connection"),
        MigrateError::LockLost => Problem::new(
            "lock lost",
            "The migration lock was given away by the last script, and another deploy has it now.",
            "The script has DISCARD ALL or an unlock of all locks. What it did is recorded; nothing after it ran.",
        )
        .fix("Try again", Fix::TryAgain),
        MigrateError::NotEmpty => not_empty(folder),
        MigrateError::Failed(failures) => failed(&failures),
        MigrateError::AlreadyApplied(name) => Problem::new(
            "P3008",
            format!("Migration {name} was not marked: it is recorded as applied."),
            "The ledger has a finished row of it.",
        )
        .hint("Leave it as it is"),
        MigrateError::NeverApplied(name) => Problem::new(
            "P3011",
            format!("Migration {name} was not marked: the ledger has no row of it."),
            "What was never begun can't be rolled back.",
        )
        .hint("Check the name: it is the whole name of the folder entry, 20201207184859_initial_migration"),
        MigrateError::NotFailed(name) => Problem::new(
            "P3012",
            format!("Migration {name} was not marked: it did not fail."),
            "Every row of it in the ledger is finished.",
        )
        .hint("Write a migration that takes its changes back"),
        MigrateError::Unmanaged => Problem::new(
            "no ledger",
            "Nothing was marked: the database has no ledger of migrations.",
            "No migration was ever begun here, so none can be rolled back.",
        )
        .hint("Check that the URL names the right database and schema"),
        MigrateError::Script(error) => script(&error, folder),
        MigrateError::Wire(err) => wire(err, direct)
            .hint("Read the status: it shows what was done, and how to go on")
            .outcome_unknown(),
    }
}

fn not_empty(folder: &Folder) -> Problem {
    let last = folder.entries.last().map_or("NAME", |entry| entry.name.as_str());
    let first = folder.entries.first().map_or("NAME", |entry| entry.name.as_str());
    Problem::new(
        "P3005",
        "The database has tables, but no migration history.",
        "Without a baseline the first migration would try to create what is there already. Nothing was changed.",
    )
    .hint(format!(
        "Mark what the tables came from as applied, up to the last such migration: poolwright migrate resolve --baseline {last}"
    ))
    .hint(format!("Only the first of them: poolwright migrate resolve --applied {first}"))
}

fn failed(failures: &[Failure]) -> Problem {
    let names: Vec<&str> = failures.iter().map(|failure| failure.name.as_str()).collect();
    let name = names.first().copied().unwrap_or("NAME");
    let mut problem = Problem::new(
        "P3009",
        format!("Migration {} did not finish earlier.", names.join(", ")),
        "Nothing new is applied while it is unclear what of it was done.",
    )
    .hint(format!("Where nothing of it is in the database, or you took it back: poolwright migrate resolve --rolled-back {name}"))
    .hint(format!("Where you completed it by hand: poolwright migrate resolve --applied {name}"))
    .hint("Where you don't know: compare the tables with its script, complete or undo it, then mark it");
    for failure in failures {
        let began = failure.started_at.strftime("%Y-%m-%d %H:%M:%S UTC");
        let said = failure.logs.as_deref().and_then(last_words);
        problem = problem.detail(match said {
            Some(said) => format!("{} began {began}: {said}", failure.name),
            None => format!("{} began {began}; the run ended without a word.", failure.name),
        });
    }
    problem
}

/// The database's own sentence at the end of what Prisma, or this program, noted.
fn last_words(logs: &str) -> Option<String> {
    let (_, said) = logs.split_once("Database error:")?;
    said.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
}

/// Says what happened, where, and what of it stays.
fn script(error: &ScriptError, folder: &Folder) -> Problem {
    let ScriptError { name, said, place, statement, .. } = error;
    let file = shown(&folder.file(name));
    let at = place.map(|Spot { line, column }| format!(":{line}:{column}")).unwrap_or_default();
    let what = match place {
        Some(Spot { line, column }) => {
            format!("Migration {name} was refused at line {line}, column {column}.")
        }
        None => format!("Migration {name} was refused."),
    };
    let mut problem = Problem::new("P3018", what, format!("“{}”. {}", said.message, kept(error)));
    for cause in causes(error) {
        problem = problem.detail(cause);
    }
    if error.kept.is_none() && !error.may_commit {
        problem = problem
            .hint(format!("Correct the cause, then let it run again: poolwright migrate resolve --rolled-back {name}"));
    } else {
        problem = problem
            .hint(format!("Undo by hand what stayed, then let it run again: poolwright migrate resolve --rolled-back {name}"))
            .hint(format!("Or complete it by hand, then: poolwright migrate resolve --applied {name}"));
    }
    problem = problem.detail(format!("{file}{at}"));
    if !statement.is_empty() {
        problem = problem.detail(format!("Statement: {statement}"));
    }
    problem = problem.detail(format!("PostgreSQL says: {} {}", said.sqlstate, said.message));
    for more in [&said.detail, &said.hint].into_iter().flatten() {
        problem = problem.detail(more.clone());
    }
    problem
}

fn kept(error: &ScriptError) -> String {
    let mut text = match error.kept {
        None if error.left_open => {
            "It ended inside a transaction of its own; nothing of it was kept.".to_owned()
        }
        None => "Nothing of it was kept.".to_owned(),
        Some(line) => format!(
            "What it did up to line {line} is committed and stays; nothing after that does."
        ),
    };
    if error.may_commit {
        text.push_str(" What a procedure or DO block in it committed stays too.");
    }
    text
}

/// What is behind the server's words, where it can be known.
fn causes(error: &ScriptError) -> Vec<String> {
    let mut causes = Vec::new();
    if let Some(line) = error.for_psql {
        causes.push(format!("Line {line} is for psql alone: a command with a backslash, or COPY … FROM stdin with its rows. Write it as SQL, INSERT for example."));
    }
    let cause = match error.said.sqlstate.as_str() {
        "55P03" if 1 < error.tries => {
            let tries = error.tries;
            format!("Other sessions kept what it needs locked. It gave way after 5 s, {tries} times, so that nobody queues behind it; the step shows sessions that block.")
        }
        "55P03" => "Another session kept what it needs locked. It gave way after 5 s, so that nobody queues behind it.".to_owned(),
        "55P04" => "A new value of an enum can be used only after it is committed: put the statements that use it into the next migration.".to_owned(),
        "25001" if !error.left_open => "This statement can't run in a transaction: take it out of BEGIN … COMMIT.".to_owned(),
        "42601" if error.said.message.contains('\u{feff}') => "The file begins with a byte order mark. Save it as UTF-8 without one.".to_owned(),
        _ => return causes, // the server's own words have to do
    };
    causes.push(cause);
    causes
}

pub(in crate::effects) fn not_in_folder(name: &str, folder: &Folder) -> Problem {
    Problem::new(
        "P3017",
        format!("Migration {name} was not found in {}.", shown(&folder.path)),
        "Only what the folder has can be marked as applied: its script's checksum goes into the ledger.",
    )
    .hint("Check the name: it is the whole name of the folder entry, 20201207184859_initial_migration")
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

pub(in crate::effects) fn folder(err: &FolderError) -> Problem {
    match err {
        FolderError::Missing(path) => Problem::new(
            "no folder",
            format!("The migrations folder {} was not found.", shown(path)),
            "Nothing was changed.",
        )
        .hint("Name it with --folder"),
        FolderError::NoScript(path) => Problem::new(
            "P3015",
            format!("{} was not found.", shown(path)),
            "A directory among the migrations has no script; neither it nor anything after it ran.",
        )
        .hint("Restore the file or delete the directory"),
        FolderError::Provider(provider) => Problem::new(
            "P3019",
            format!("migration_lock.toml names the provider {provider}, not postgresql."),
            "Most likely: the folder was made for another kind of database. Prisma reads the line literally: provider = \"postgresql\".",
        )
        .hint("Choose the right migrations folder"),
        FolderError::Prisma8(path) => Problem::new(
            "Prisma 8",
            format!("{} was made by Prisma 8.", shown(path)),
            "Its history is kept in the schema prisma_contract, which only its own tool writes.",
        )
        .hint("Run the project's own command with the direct URL: npx --no prisma db migrate"),
        FolderError::OtherTool { path, tool } => Problem::new(
            "another tool",
            format!("{} was made for {tool}.", shown(path)),
            format!("{tool} keeps a history of its own, and its files may hold the way back as well. As plain SQL they would do the wrong thing."),
        )
        .hint(format!("Run {tool} with the direct URL")),
        FolderError::TooLarge(path) => Problem::new(
            "too large",
            format!("{} is larger than 1 GiB.", shown(path)),
            "PostgreSQL takes no longer message.",
        )
        .hint("Divide it into several migrations"),
        FolderError::NotText { path, bad } => not_text(path, *bad),
        FolderError::Read { path, source } => Problem::new(
            "folder",
            format!("{} could not be read.", shown(path)),
            format!("{source}."),
        )
        .fix("Try again", Fix::TryAgain),
    }
}

fn not_text(path: &Path, bad: BadText) -> Problem {
    let file = shown(path);
    let nothing = "Neither it nor anything after it ran.";
    match bad {
        BadText::Utf16 => Problem::new(
            "UTF-16",
            format!("{file} is saved as UTF-16."),
            format!("PostgreSQL takes UTF-8. {nothing}"),
        ),
        BadText::NotUtf8(Spot { line, column }) => Problem::new(
            "not UTF-8",
            format!("{file}:{line}:{column} is not UTF-8."),
            format!("Prisma 6.6 and later would put � in its place and run it; that loses what was meant. {nothing}"),
        ),
        BadText::Nul(Spot { line, column }) => Problem::new(
            "NUL",
            format!("{file}:{line}:{column} holds a NUL byte."),
            format!("No text in PostgreSQL can hold one. {nothing}"),
        ),
    }
    .hint("Save the file as UTF-8, then try again")
}
