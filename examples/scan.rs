//! Reads a project folder as step 7 does, and tells how many files it saw and what it found. For measuring scripts.
//!
//! With `--words`, the words that make a file worth reading, one a line.
#![expect(clippy::print_stdout, reason = "a script reads it")]

use std::sync::atomic::{AtomicUsize, Ordering};

use poolwright::{
    domain::project::Target,
    project::{
        git,
        scan::{self, Progress},
    },
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let target = Target::default();
    let folder = std::env::args_os().nth(1).ok_or("scan FOLDER | --words")?;
    if folder == "--words" {
        for word in scan::words(&target) {
            println!("{word}");
        }
        return Ok(());
    }
    let root = scan::root(folder.as_ref())?;
    let tracked = git::tracked_below(&root).await;
    let most = AtomicUsize::new(0);
    let progress = Progress {
        stopped: &|| false,
        seen: &|count| {
            most.fetch_max(count, Ordering::Relaxed);
        },
    };
    let project = scan::scan(&root, &target, tracked.as_ref(), progress)?;
    println!(
        "{} files or more, {} parts, {} findings, {} edits",
        most.load(Ordering::Relaxed),
        project.parts.len(),
        project.findings.len(),
        project.edits.len()
    );
    Ok(())
}
