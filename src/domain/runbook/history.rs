//! What the set-up did: its changes with the way back, and the requests it sent.

use jiff::Timestamp;

use crate::domain::{
    commands::{Request, doctl},
    figures::count,
    operation::{Operation, body},
    record::{Entry, Exchange, Record, Undo},
    runbook::{
        EnvChange, date,
        markdown::{Page, code, plain},
        words,
    },
};

pub(super) fn changes(page: &mut Page, record: &Record, env_changes: &[EnvChange]) {
    page.heading(2, "What was changed, and how to take it back");
    if record.entries.is_empty() {
        page.text("Nothing was changed.");
        return;
    }
    page.text(
        "Step 12 takes each of these back while that is possible. By hand, in the reverse order:",
    );
    page.table(
        ["When", "What", "To take it back"],
        record.entries.iter().map(|entry| [moment(entry.at), plain(&entry.what), undo(entry)]),
    );
    if !env_changes.is_empty() {
        page.text("The variables that were written, their passwords left out:");
        page.table(
            ["File", "Variable", "Before", "After"],
            env_changes.iter().map(|change| {
                [
                    code(&change.file.display().to_string()),
                    code(&change.key),
                    change.old.as_deref().map_or("none".to_owned(), code),
                    code(&change.new),
                ]
            }),
        );
    }
}

fn undo(entry: &Entry) -> String {
    if entry.undone {
        return "taken back already".to_owned();
    }
    match &entry.undo {
        Undo::DeletePool { cluster, pool } => {
            let deletes = Operation::DeletePool(cluster.clone(), pool.clone());
            format!("once nothing uses it: {}", code(&command(&deletes, None)))
        }
        Undo::RestorePool { cluster, earlier, .. } => {
            let changes = Operation::ChangePool(cluster.clone(), earlier.name.clone());
            code(&command(&changes, Some(&body::changed_pool(earlier).to_string())))
        }
        Undo::RestoreFile { file, backup: Some(backup), .. } => {
            let (backup, file) = (backup.display().to_string(), file.display().to_string());
            format!("copy {} back to {}", code(&backup), code(&file))
        }
        Undo::RestoreFile { file, backup: None, .. } => {
            format!("delete {}; it was not there before", code(&file.display().to_string()))
        }
        Undo::RestoreSpec { .. } => {
            "step 12 puts the earlier settings back; by hand, set the variables as they were before, listed above. Either starts a deployment".to_owned()
        }
        Undo::RemoveLease { lease, .. } => format!(
            "remove {} under Network Access{}",
            code(&lease.address.to_string()),
            lease.until.map_or(String::new(), |until| format!("; meant to stay until {}", date(until)))
        ),
        Undo::Impossible(why) => format!("not possible: {}", plain(why)),
    }
}

fn command(operation: &Operation, body: Option<&str>) -> String {
    let (method, path) = (operation.method().name(), operation.path());
    doctl(&Request { method, path: &path, body }).unwrap_or_default()
}

pub(super) fn requests(page: &mut Page, record: &Record) {
    let is_read = |exchange: &&Exchange| exchange.method == "GET";
    let (reads, writes): (Vec<_>, Vec<_>) = record.exchanges.iter().partition(is_read);
    page.heading(2, "Requests sent to DigitalOcean");
    page.text(format!(
        "{} read something and changed nothing.",
        count(reads.len(), "request", "requests")
    ));
    if writes.is_empty() {
        page.text("None changed anything.");
        return;
    }
    page.table(
        ["When", "Request", "Answer", "Took", "Request id"],
        writes.into_iter().map(|exchange| {
            [
                moment(exchange.at),
                code(&format!("{} {}", exchange.method, exchange.path)),
                exchange.status.map_or("none came".to_owned(), |status| status.to_string()),
                words(exchange.took),
                exchange.request_id.as_deref().map_or("none".to_owned(), code),
            ]
        }),
    );
}

/// With seconds, without the time zone, which the document's head has named.
fn moment(at: Timestamp) -> String {
    at.strftime("%-d %b %Y, %H:%M:%S").to_string()
}
