//! One project per stack, each with a golden list of what is found and changed; and projects that do it right.
//! `POOLWRIGHT_GOLDEN=write` writes the lists anew: read the difference before it is committed.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "other programs write files plainly")]

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use poolwright::{
    domain::project::{Edit, Project, Target},
    project::scan::{self, Progress},
};
use similar::TextDiff;

use crate::{peers, project::copy};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/projects")
}

/// The folders of all projects; the practice project is one of them.
fn projects() -> Vec<(String, PathBuf)> {
    let mut projects: Vec<(String, PathBuf)> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    let practice = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/practice/project");
    projects.push(("practice".to_owned(), practice));
    projects.sort();
    projects
}

fn target() -> Target {
    Target::default()
}

fn read(root: &Path) -> Project {
    let progress = Progress { stopped: &|| false, seen: &|_| {} };
    scan::scan(&scan::root(root).unwrap(), &target(), None, progress).unwrap()
}

/// A copy, so that no rule of the repository around it counts.
fn copied(from: &Path) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    copy(from, place.path());
    place
}

fn told(project: &Project) -> String {
    let mut told = format!("client: {}\n", project.client.title());
    for part in &project.parts {
        for stack in &part.stacks {
            writeln!(told, "\n{} in “{}”", stack.title(), part.folder.display()).unwrap();
            for seen in &stack.evidence {
                writeln!(told, "  {seen}").unwrap();
            }
        }
    }
    if let Some(migrations) = &project.migrations {
        writeln!(told, "\nmigrations: {}", migrations.display()).unwrap();
    }
    for (at, finding) in project.findings.iter().enumerate() {
        let hunk =
            project.edits.iter().flat_map(|edit| &edit.hunks).find(|hunk| hunk.finding == at);
        let edit = match hunk.map(|hunk| hunk.proposed) {
            Some(true) => " [edit]",
            Some(false) => " [edit, not ticked]",
            None => "",
        };
        let place = format!("{}:{}", finding.file.display(), finding.line);
        writeln!(told, "\n{place} {:?}{edit}\n  {}\n  {}", finding.kind, finding.what, finding.why)
            .unwrap();
    }
    for place in &project.places {
        let advice = place.change.as_deref().unwrap_or("Leave it.");
        writeln!(told, "\n{}:{} {}\n  {advice}", place.file.display(), place.line, place.what)
            .unwrap();
    }
    for left in &project.left_out {
        writeln!(told, "\nleft out: {}, {}", left.file.display(), left.reason.words()).unwrap();
    }
    for edit in &project.edits {
        let (before, after) = (edit.before.clone().unwrap_or_default(), edit.after(|_| true));
        let (before, after) = (before.replace('\r', "␍"), after.replace('\r', "␍"));
        let name = edit.file.display().to_string();
        let diff = TextDiff::from_lines(&before, &after);
        write!(told, "\n{}", diff.unified_diff().context_radius(2).header(&name, &name)).unwrap();
    }
    told
}

#[test]
fn each_stack_is_recognised_with_its_findings_and_edits() {
    let write = std::env::var_os("POOLWRIGHT_GOLDEN").is_some();
    let projects = projects();
    assert!(35 <= projects.len());
    let mut wrong = String::new();
    for (name, root) in &projects {
        let place = copied(root);
        let is = told(&read(place.path()));
        let golden = folder().join(format!("{name}.golden"));
        if write {
            fs::write(&golden, &is).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if is != expected {
            let diff = TextDiff::from_lines(&expected, &is);
            write!(wrong, "\n{name}\n{}", diff.unified_diff().header("golden", "found")).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn projects_that_do_it_right_have_no_findings() {
    let clean: Vec<(String, PathBuf)> =
        projects().into_iter().filter(|(name, _)| name.starts_with("clean-")).collect();
    assert!(10 <= clean.len());
    for (name, root) in clean {
        let project = read(copied(&root).path());
        assert_eq!((project.findings, project.edits), (vec![], vec![]), "{name}");
    }
}

fn apply(root: &Path, edit: &Edit) -> PathBuf {
    let file = root.join(&edit.file);
    fs::write(&file, edit.after(|_| true)).unwrap();
    file
}

/// Every edit of every project, written.
fn edited() -> Vec<(String, tempfile::TempDir, Project)> {
    let projects = projects().into_iter().map(|(name, root)| {
        let place = copied(&root);
        let project = read(place.path());
        for edit in &project.edits {
            apply(place.path(), edit);
        }
        (name, place, project)
    });
    projects.filter(|(.., project)| !project.edits.is_empty()).collect()
}

#[test]
fn what_an_edit_sees_to_is_not_found_again() {
    for (name, place, before) in edited() {
        let after = read(place.path());
        let fixed: BTreeSet<(&PathBuf, &String)> = before
            .edits
            .iter()
            .flat_map(|edit| &edit.hunks)
            .map(|hunk| &before.findings[hunk.finding])
            .map(|finding| (&finding.file, &finding.what))
            .collect();
        let again: Vec<_> = after
            .findings
            .iter()
            .filter(|finding| fixed.contains(&(&finding.file, &finding.what)))
            .collect();
        assert!(again.is_empty(), "{name}: {again:#?}");
        let remaining: Vec<_> = after.edits.iter().map(|edit| &edit.file).collect();
        assert!(remaining.is_empty(), "{name}: a second round of edits in {remaining:?}");
    }
}

/// Each text of a list in a program's standard input is read by a parser of its language.
fn parsed_by(peer: &str, arguments: &[&str], texts: &[(String, String)]) {
    let mut parser = peers::command(peer)
        .args(arguments)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    serde_json::to_writer(parser.stdin.take().unwrap(), texts).unwrap();
    let ended = parser.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn edited_files_still_parse() {
    let (mut python, mut scripts) = (Vec::new(), Vec::new());
    for (name, place, project) in edited() {
        for edit in &project.edits {
            let text = fs::read_to_string(place.path().join(&edit.file)).unwrap();
            let file = format!("{name}/{}", edit.file.display());
            match edit.file.extension().and_then(|end| end.to_str()).unwrap_or_default() {
                "ts" | "js" => scripts.push((file, text)),
                "py" => python.push((file, text)),
                "json" => drop(serde_json::from_str::<serde_json::Value>(&text).unwrap()),
                "yml" => {
                    drop(serde_saphyr::from_str::<serde_json::Value>(&plain_yaml(&text)).unwrap())
                }
                _ => {} // no parser of these languages is at hand
            }
        }
    }
    assert!((4, 20) <= (python.len(), scripts.len()));
    let code =
        "import ast, sys, json\nfor name, text in json.load(sys.stdin): ast.parse(text, name)";
    parsed_by("python", &["-c", code], &python);
    let code = "const { stripTypeScriptTypes } = require('node:module');
        for (const [name, text] of JSON.parse(require('node:fs').readFileSync(0)))
            try { stripTypeScriptTypes(text) } catch (err) { console.error(name, err.message); process.exit(1) }";
    parsed_by("node", &["-e", code], &scripts);
}

/// Rails' templates stand for values.
fn plain_yaml(text: &str) -> String {
    let mut plain = String::new();
    for line in text.lines() {
        let line = line.split_once("<%=").map_or(line.to_owned(), |(key, _)| format!("{key}x"));
        plain.push_str(&line);
        plain.push('\n');
    }
    plain
}

#[test]
fn an_edited_schema_is_valid_for_the_real_prisma() {
    for (name, place, project) in edited() {
        if !matches!(name.as_str(), "practice" | "prisma-6") {
            continue;
        }
        let schema = place.path().join("prisma/schema.prisma");
        assert!(project.edits.iter().any(|edit| edit.file.ends_with("schema.prisma")), "{name}");
        let prisma = peers::folder().join("prisma/node_modules/prisma/build/index.js");
        assert!(prisma.exists(), "the peer prisma is missing: run packaging/install-deps peers");
        let ended = peers::command("node")
            .arg(prisma)
            .args(["validate", "--schema"])
            .arg(schema)
            .current_dir(place.path())
            .envs([("DATABASE_URL", "postgresql://h/pool"), ("DIRECT_URL", "postgresql://h/shop")])
            .envs([("PRISMA_HIDE_UPDATE_MESSAGE", "1"), ("CHECKPOINT_DISABLE", "1")])
            // It looks for its engines, which validation does not start.
            .envs([
                ("PRISMA_SCHEMA_ENGINE_BINARY", "/bin/true"),
                ("PRISMA_QUERY_ENGINE_LIBRARY", "/bin/true"),
            ])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.success(), "{name}: {said}");
    }
}

#[test]
fn no_edit_changes_a_line_end_or_a_tab() {
    for (name, _, project) in edited() {
        for edit in project.edits {
            let Some(before) = &edit.before else { continue };
            let after = edit.after(|_| true);
            let windows = |text: &str| text.contains("\r\n");
            assert_eq!(windows(before), windows(&after), "{name}");
            if windows(before) {
                assert_eq!(after.matches('\n').count(), after.matches("\r\n").count(), "{name}");
            }
        }
    }
}
