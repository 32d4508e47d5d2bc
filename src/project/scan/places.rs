//! Other places that connect: CI, compose files, process lists, cron, unit files, manifests of a cluster.

use std::path::Path;

use crate::domain::{
    migration::tool::MIGRATES,
    project::{Place, Target},
};

use super::walk::ends;

/// What a file of this name is, where it may start something that connects.
pub fn kind(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?;
    let is_yaml = ends(path, &["yml", "yaml"]);
    let folder = path.parent().unwrap_or(Path::new(""));
    if is_yaml && folder.ends_with(".github/workflows") {
        return Some("GitHub Actions");
    }
    Some(match name {
        ".gitlab-ci.yml" => "GitLab CI",
        "config.yml" if folder.ends_with(".circleci") => "CircleCI",
        "bitbucket-pipelines.yml" | "azure-pipelines.yml" | "Jenkinsfile" => "CI",
        "Procfile" => "Procfile",
        "crontab" | "schedule.rb" => "Cron",
        "fly.toml" | "render.yaml" => "Host's settings",
        "app.yaml" if folder.file_name().is_some_and(|name| name == ".do") => "App spec",
        "package.json" => "Script",
        _ if is_yaml && (name.starts_with("docker-compose") || name.starts_with("compose")) => {
            "Compose"
        }
        _ if name.starts_with("Dockerfile") || ends(path, &["Dockerfile"]) => "Dockerfile",
        _ if name.ends_with("entrypoint.sh") => "Start script",
        _ if ends(path, &["service"]) => "systemd unit",
        _ if ends(path, &["cron"]) => "Cron",
        _ if is_yaml => "Kubernetes",
        _ => return None, // starts nothing
    })
}

/// The places of one file.
pub fn read(path: &Path, text: &str, target: &Target) -> Vec<Place> {
    let Some(kind) = kind(path) else { return Vec::new() };
    if kind == "Kubernetes" && !is_cluster_manifest(text) {
        return Vec::new();
    }
    let lines: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()))
        .filter(|(_, line)| !line.starts_with('#') && !line.starts_with("//"))
        .collect();
    let names = |line: &str| line.contains(&target.pooled_key) || line.contains("PGHOST");
    let is_own = lines.iter().any(|(_, line)| is_local_url(line));
    let gives_direct = lines.iter().any(|(_, line)| line.contains(&target.direct_key));
    let place = |line: usize, what: &str, change: Option<String>, why: String| Place {
        what: format!("{kind}: {what}"),
        file: path.to_owned(),
        line,
        change,
        why,
    };
    let mut found = Vec::new();
    for (number, line) in &lines {
        let command = MIGRATES.iter().find(|command| line.contains(**command));
        if let Some(command) = command.filter(|_| kind != "Script" || starts(line)) {
            let what = format!("runs {}", command.trim());
            found.push(if is_own {
                let why = "It runs against a database of its own on the same machine.".to_owned();
                place(*number, &what, None, why)
            } else if gives_direct {
                let why = format!("It is given {} already.", target.direct_key);
                place(*number, &what, None, why)
            } else {
                let change = format!("Give this command the direct URL, as {}.", target.direct_key);
                let why =
                    "Migrations need the direct connection: over the pool they can stop half-way."
                        .to_owned();
                place(*number, &what, Some(change), why)
            });
        }
    }
    if kind == "Procfile" {
        for (number, line) in &lines {
            let name = line.split_once(':').map(|(name, _)| name.trim());
            if let Some(name) = name.filter(|name| !matches!(*name, "web" | "release" | "")) {
                let why = "A process of its own: its connections count in the pool as well. The pooled URL suits it, unless it listens.";
                found.push(place(*number, &format!("process {name}"), None, why.to_owned()));
            }
        }
    } else if kind != "Script"
        && let Some((number, _)) = lines.iter().find(|(_, line)| names(line))
        && !found.iter().any(|place| place.change.is_some())
    {
        let why = if is_own {
            "It uses a database of its own on the same machine.".to_owned()
        } else {
            format!("{} is the pooled URL from now on, and suits it.", target.pooled_key)
        };
        found.push(place(*number, &format!("sets {}", target.pooled_key), None, why));
    }
    found
}

/// Scripts that run when the app is built or started; others are run by hand.
fn starts(line: &str) -> bool {
    const NAMES: [&str; 8] =
        ["start", "prestart", "build", "prebuild", "postbuild", "postinstall", "release", "deploy"];
    let name = line.split('"').nth(1).unwrap_or_default();
    NAMES.contains(&name)
}

fn is_cluster_manifest(text: &str) -> bool {
    text.lines().any(|line| {
        line.strip_prefix("kind:").is_some_and(|kind| {
            matches!(kind.trim(), "Deployment" | "CronJob" | "Job" | "StatefulSet" | "DaemonSet")
        })
    })
}

/// A URL of PostgreSQL on this machine or of a neighbour in the same compose file: its host has no dot.
fn is_local_url(line: &str) -> bool {
    let urls = ["postgres://", "postgresql://"].into_iter().filter_map(|begin| {
        let (_, rest) = line.split_once(begin)?;
        let server = rest.split_once('@').map_or(rest, |(_, server)| server);
        server.split(['/', ':', '?', '"', '\'', ' ']).next()
    });
    let mut hosts = urls.filter(|host| !host.is_empty() && !host.contains('$'));
    hosts.any(|host| !host.contains('.') || host == "127.0.0.1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str, text: &str) -> Vec<String> {
        let target = Target::default();
        read(Path::new(path), text, &target)
            .into_iter()
            .map(|place| {
                let advice = if place.change.is_some() { "change" } else { "leave" };
                format!("{} {} {advice}", place.line, place.what)
            })
            .collect()
    }

    #[test]
    fn migrations_are_given_the_direct_url_unless_they_have_it() {
        let deploy =
            "env:\n  DATABASE_URL: ${{ secrets.DATABASE_URL }}\nrun: npx prisma migrate deploy\n";
        assert_eq!(
            told(".github/workflows/deploy.yml", deploy),
            ["3 GitHub Actions: runs prisma migrate change"]
        );
        let with = format!("{deploy}  DIRECT_URL: ${{{{ secrets.DIRECT_URL }}}}\n");
        assert_eq!(
            told(".github/workflows/deploy.yml", &with),
            [
                "3 GitHub Actions: runs prisma migrate leave",
                "2 GitHub Actions: sets DATABASE_URL leave"
            ]
        );
    }

    #[test]
    fn a_database_of_its_own_stays_as_it_is() {
        let test =
            "DATABASE_URL: postgres://postgres:x@localhost:5432/test\nrun: alembic upgrade head\n";
        assert_eq!(
            told(".gitlab-ci.yml", test),
            ["2 GitLab CI: runs alembic upgrade leave", "1 GitLab CI: sets DATABASE_URL leave"]
        );
    }

    #[test]
    fn processes_beside_the_web_are_named() {
        assert_eq!(
            told(
                "Procfile",
                "web: npm start\nrelease: npx prisma migrate deploy\nworker: node worker.js\n"
            ),
            ["2 Procfile: runs prisma migrate change", "3 Procfile: process worker leave"]
        );
    }

    #[test]
    fn a_script_counts_where_the_app_starts_with_it() {
        let scripts = "{\n\"migrate\": \"prisma migrate deploy\",\n\"start\": \"prisma migrate deploy && next start\"\n}";
        assert_eq!(told("package.json", scripts), ["3 Script: runs prisma migrate change"]);
    }
}
