//! What a package does with its clients as a whole: one per process, closed at the end, limits where they are read.

use std::path::{Path, PathBuf};

use crate::domain::{client::Client, project::Kind};

use super::{
    code::{self, Code},
    found::Found,
    package::{Package, owner},
    walk::Files,
};

/// Frameworks that run the process themselves and end it without asking.
const OWN_PROCESS: [&str; 6] =
    ["@remix-run/node", "@sveltejs/kit", "astro", "next", "nuxt", "serverless"];

/// Folders of code that does not run in the app.
const ASIDE: [&str; 13] = [
    "__mocks__",
    "__tests__",
    "bench",
    "cypress",
    "e2e",
    "examples",
    "fixtures",
    "mocks",
    "playwright",
    "scripts",
    "spec",
    "test",
    "tests",
];

/// The code files that have to do with a client, by path.
pub fn read(
    files: &Files,
    stopped: super::Stopped<'_>,
) -> Result<Vec<(PathBuf, Code)>, super::ScanError> {
    let mut found = Vec::new();
    for path in &files.paths {
        if stopped() {
            return Err(super::ScanError::Stopped);
        }
        let is_code =
            path.extension().and_then(|extension| extension.to_str()).is_some_and(|extension| {
                matches!(extension, "ts" | "mts" | "cts" | "tsx" | "js" | "mjs" | "cjs" | "jsx")
            });
        if is_code && let Some(code) = files.text(path).and_then(|text| code::read(path, &text)) {
            found.push((path.clone(), code));
        }
    }
    Ok(found)
}

/// The findings of every package, each by itself.
pub fn findings(packages: &[Package], files: &[(PathBuf, Code)], client: Client) -> Vec<Found> {
    let mut findings = Vec::new();
    for (path, code) in files {
        findings.extend(in_file(path, code, client));
    }
    for package in packages {
        let own: Vec<&(PathBuf, Code)> = files
            .iter()
            .filter(|(path, _)| owner(packages, path).is_some_and(|other| other == package))
            .filter(|(path, _)| !is_aside(path.strip_prefix(&package.folder).unwrap_or(path)))
            .collect();
        findings.extend(in_package(package, &own));
    }
    findings
}

/// Where the clients of the app are made: the evidence.
pub fn clients(files: &[(PathBuf, Code)]) -> impl Iterator<Item = (&Path, usize)> {
    files
        .iter()
        .filter(|(path, _)| !is_aside(path))
        .flat_map(|(path, code)| code.clients.iter().map(move |made| (path.as_path(), made.line)))
}

fn in_file(path: &Path, code: &Code, client: Client) -> Vec<Found> {
    let mut findings = Vec::new();
    let limit_goes = match client {
        Client::Prisma7 => "Prisma 7 refuses it. The limit goes into the adapter: max.",
        // Every other reads no such setting.
        _ => {
            "Prisma has no such option, so it changes nothing. The limit goes into the URL: connection_limit."
        }
    };
    for line in &code.internal {
        findings.push(Found::new(
            Kind::Settings,
            (path, *line),
            "__internal sets no connection limit.",
            limit_goes,
        ));
    }
    for line in &code.appended {
        findings.push(Found::new(
            Kind::Settings,
            (path, *line),
            "A query is appended to the URL with a “?” of its own.",
            "The URL has a query already, ?sslmode=require, so this becomes part of its last value. \
             The URL in the env file has the parameter in its right place.",
        ));
    }
    for line in &code.without_max {
        findings.push(Found::new(
            Kind::Limits,
            (path, *line),
            "The adapter has no max.",
            "It opens up to 10 connections; limits in the URL are not read. Set max to the limit of step 5.",
        ));
    }
    if client == Client::Prisma7 {
        for (line, option) in &code.removed_options {
            findings.push(Found::new(
                Kind::Settings,
                (path, *line),
                format!("{option} is no longer an option of the client."),
                "Prisma 7 refuses it. The pooled URL goes into the adapter: connectionString.",
            ));
        }
    }
    for line in &code.big_counts {
        findings.push(Found::new(
            Kind::Settings,
            (path, *line),
            "COUNT(*) comes back as a BigInt.",
            "JSON can't hold one, so res.json fails and the answer is an error. Write COUNT(*)::int.",
        ));
    }
    for made in code.clients.iter().filter(|made| made.per_request) {
        findings.push(Found::new(
            Kind::Clients,
            (path, made.line),
            "A PrismaClient is made for each request.",
            "Each one opens connections of its own. Make one in a module and import it.",
        ));
    }
    findings
}

fn in_package(package: &Package, files: &[&(PathBuf, Code)]) -> Vec<Found> {
    let kept: Vec<(&Path, usize, bool)> = files
        .iter()
        .filter_map(|(path, code)| {
            let made = code.clients.iter().find(|made| !made.per_request)?;
            Some((path.as_path(), made.line, code.exports))
        })
        .collect();
    let Some(first) = kept.iter().find(|(.., exports)| *exports).or(kept.first()) else {
        return Vec::new();
    };
    let mut findings: Vec<Found> = kept
        .iter()
        .filter(|other| *other != first)
        .map(|(path, line, _)| {
            Found::new(
                Kind::Settings,
                (path, *line),
                "A further PrismaClient is made here.",
                format!(
                    "Each one keeps connections of its own. Import that of {}:{} instead.",
                    first.0.display(),
                    first.1
                ),
            )
        })
        .collect();
    let is_closed = files.iter().any(|(_, code)| code.sigterm.is_some())
        && files.iter().any(|(_, code)| code.disconnect.is_some());
    let runs_itself = OWN_PROCESS.iter().any(|name| package.depends_on(name).is_some());
    if !is_closed && !runs_itself {
        findings.push(Found::new(
            Kind::Shutdown,
            (first.0, first.1),
            "The client is not closed on SIGTERM.",
            "A deployment ends the old instances with SIGTERM; connections that are not closed stay in use until \
             the server notices. Call $disconnect() on SIGTERM and SIGINT.",
        ));
    }
    findings
}

/// Tests, seeds and scripts have clients of their own, and may.
fn is_aside(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("seed.")
        || path.starts_with("prisma")
        || name.starts_with("prisma.config.")
        || name.split('.').any(|part| matches!(part, "test" | "spec" | "e2e" | "mock"))
        || path.parent().is_some_and(|folder| {
            folder
                .components()
                .any(|part| part.as_os_str().to_str().is_some_and(|part| ASIDE.contains(&part)))
        })
}
