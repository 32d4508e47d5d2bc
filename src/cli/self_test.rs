//! The self-test: what packages are tried with on a fresh machine. JSON on standard output, no secret in it.

use serde_json::{Value, json};

use crate::{
    cli::{Exit, report},
    effects::{World, surroundings},
};

/// Prints what works here. `window` is what came of opening one, `null` in a build without.
pub async fn run(window: Value) -> Exit {
    let world = match World::real() {
        Ok(world) => world,
        Err(problem) => {
            report::print_problem(&problem);
            return Exit::Stopped;
        }
    };
    let found = surroundings::look(&world).await;
    let problems = problems(&window, &found);
    let told = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "window": window,
        "authorities": found.authorities,
        "keychain": found.keychain,
        "data": found.data,
        "problems": problems,
    });
    report::print_line(&format!("{told:#}"));
    if problems.is_empty() { Exit::Done } else { Exit::Stopped }
}

/// What the program can't do without. A keychain is not among it: the token can stay in memory.
fn problems(window: &Value, found: &surroundings::Surroundings) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(error) = window["error"].as_str() {
        problems.push(error.to_owned());
    }
    if window["letters"] == false {
        problems.push("a typeface lacks letters that the window needs".to_owned());
    }
    if found.authorities == 0 {
        problems.push("the system trusts no certificate authority: no server can be verified (on Debian: ca-certificates)".to_owned());
    }
    if !found.data_is_private {
        problems.push("the folder for the program's own files can't be made".to_owned());
    }
    problems
}
