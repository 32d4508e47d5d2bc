//! What is written into an env file is read back the same by every common reader, and nothing else in it moves.

#![expect(clippy::disallowed_methods, reason = "other programs write files plainly")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use poolwright::domain::{
    env_file::{self, Action, Assignment},
    env_target::{self, EnvTarget, Names},
    secret::Secret,
};

use crate::peers;

const POOLED: &str = "postgresql://shop_app:p%24w%23x@db-shop-do-user-1.f.db.ondigitalocean.com:25061/shop-pool?sslmode=require&connection_limit=5";
const DIRECT: &str = "postgresql://shop_app:p%24w%23x@db-shop-do-user-1.f.db.ondigitalocean.com:25060/shop?sslmode=require";

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Texts whose old value ran into its neighbours: at an `&` without quotes, at a quote that was not closed.
const HEALED: [&str; 2] = ["equals,", "own-quote,"];

/// Key → value as one reader sees a file.
type Values = BTreeMap<String, String>;

/// Reader → text → what it read.
type Read = BTreeMap<String, BTreeMap<String, Values>>;

/// A text and what we make of it.
struct Case {
    name: String,
    before: String,
    after: String,
    /// The line each key stands on, from 1.
    lines: [usize; 2],
    /// The plan warns that some readers do not see the first line.
    behind_mark: bool,
}

#[test]
fn every_reader_reads_what_was_written_and_everything_else_as_before() {
    let texts = corpus();
    assert!(300 <= texts.len(), "{} texts", texts.len());
    let cases: Vec<Case> =
        texts.into_iter().filter_map(|(name, text)| planned(name, text)).collect();
    assert!(300 <= cases.len(), "{} texts can be edited", cases.len());

    let folder = tempfile::tempdir().unwrap();
    for case in &cases {
        fs::write(folder.path().join(format!("{} before.env", case.name)), &case.before).unwrap();
        fs::write(folder.path().join(format!("{} after.env", case.name)), &case.after).unwrap();
    }
    let read = read_all(folder.path());
    assert_eq!(read.len(), 8, "{:?}", read.keys());

    let mut wrong = Vec::new();
    for (reader, texts) in &read {
        for case in &cases {
            let before = texts.get(&format!("{} before", case.name));
            let after = texts.get(&format!("{} after", case.name));
            wrong.extend(compare(reader, case, before, after));
        }
        println!("{reader}: {} texts", texts.len() / 2);
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Removing a key, and taking our own back out of a file that somebody changed since: only our lines go.
#[test]
fn every_reader_misses_a_removed_key_and_reads_everything_else_as_before() {
    let mut cases = Vec::new();
    for (name, text) in corpus() {
        let Some(set) = planned(name.clone(), text.clone()) else { continue };
        for (way, before) in [("theirs", text), ("ours", set.after)] {
            let name = format!("{name}, {way}");
            // A quote that is open there makes the text ambiguous, and it is refused.
            if let Ok(after) = without_both(&before) {
                assert_only_lines_of_ours_went(&name, &before, &after);
                cases.push((name, before, after));
            }
        }
    }
    assert!(600 <= cases.len(), "{} texts", cases.len());

    let folder = tempfile::tempdir().unwrap();
    for (name, before, after) in &cases {
        fs::write(folder.path().join(format!("{name} before.env")), before).unwrap();
        fs::write(folder.path().join(format!("{name} after.env")), after).unwrap();
    }
    let read = read_all(folder.path());
    assert_eq!(read.len(), 8, "{:?}", read.keys());
    let mut wrong = Vec::new();
    for (reader, texts) in &read {
        for (name, ..) in &cases {
            let Some(before) = texts.get(&format!("{name} before")) else { continue };
            let Some(after) = texts.get(&format!("{name} after")) else {
                // The text as it was before us, which such a reader refused as well.
                let first = name.replace(", ours", ", theirs");
                if !texts.contains_key(&format!("{first} before")) {
                    continue;
                }
                wrong.push(format!("{reader}: {name} is refused since the removal"));
                continue;
            };
            if others(reader, after).len() != after.len() {
                wrong.push(format!("{reader}: {name}: a key is still there"));
            }
            let is_healed = HEALED.iter().any(|healed| name.starts_with(healed));
            if others(reader, before) != others(reader, after) && !is_healed {
                wrong.push(format!("{reader}: {name}: another variable is read differently"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn without_both(text: &str) -> Result<String, env_file::BadAssignment> {
    let mut text = text.to_owned();
    for key in ["DATABASE_URL", "DIRECT_URL"] {
        if let Some(without) = env_file::remove(&text, key)? {
            // Values of the corpus, not anybody's.
            without.expose().clone_into(&mut text);
        }
    }
    Ok(text)
}

/// What is left are the other lines in their order; an empty one may stand where a key was hidden behind a mark.
fn assert_only_lines_of_ours_went(name: &str, before: &str, after: &str) {
    let mut left = after.split_inclusive('\n').map(|line| line.trim_end_matches(['\r', '\n']));
    let mut next = left.next();
    for line in before.split_inclusive('\n') {
        let line = line.trim_end_matches(['\r', '\n']);
        if next == Some(line) {
            next = left.next();
        } else {
            let is_ours = ["DATABASE_URL", "DIRECT_URL"].iter().any(|key| line.contains(key));
            assert!(is_ours, "{name}: {line:?} went");
            if next == Some(BYTE_ORDER_MARK) {
                next = left.next();
            }
        }
    }
    assert_eq!(next.unwrap_or_default(), "", "{name}");
}

/// Texts as frameworks and people leave them, each in seven forms.
fn corpus() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/env");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut texts = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let forms = [
            ("as it is", text.clone()),
            ("CRLF", text.replace('\n', "\r\n")),
            ("byte order mark", format!("{BYTE_ORDER_MARK}{text}")),
            ("no last line end", text.trim_end_matches('\n').to_owned()),
            ("comment first", format!("# of the team\n\n{text}")),
            ("blank lines last", format!("{text}\n\n")),
            ("one more variable", format!("{text}ADDED_LATER='by another program'\n")),
        ];
        texts.extend(forms.map(|(form, text)| (format!("{name}, {form}"), text)));
    }
    texts
}

/// Both keys, one after the other; each may move nothing but its own line.
fn planned(name: String, before: String) -> Option<Case> {
    let once = set(&name, &before, "DATABASE_URL", POOLED)?;
    let twice = set(&name, &once.text, "DIRECT_URL", DIRECT)?;
    let line_of = |key: &str| {
        let start = format!("{key}=\"postgresql://shop_app");
        twice.text.lines().position(|line| line.contains(&start)).unwrap() + 1
    };
    let lines = [line_of("DATABASE_URL"), line_of("DIRECT_URL")];
    Some(Case {
        name,
        before,
        after: twice.text,
        lines,
        behind_mark: once.behind_mark || twice.behind_mark,
    })
}

struct Set {
    text: String,
    behind_mark: bool,
}

/// The new text. `None` where an open quote makes the text ambiguous and it is refused.
fn set(name: &str, text: &str, key: &str, value: &str) -> Option<Set> {
    let assignment = Assignment { key: key.to_owned(), value: Secret::new(value) };
    let plan = match env_file::plan(text, &[assignment]) {
        Ok(plan) => plan,
        Err(env_file::BadAssignment::OpenQuote(_)) => return None,
        Err(err) => panic!("{name}: {err}"),
    };
    let change = &plan.changes[0];
    // A value of the corpus, not anybody's.
    let new = plan.text.expose().to_owned();
    let same = |a: &mut dyn Iterator<Item = u8>, b: &mut dyn Iterator<Item = u8>| {
        a.zip(b).take_while(|(a, b)| a == b).count()
    };
    let prefix = same(&mut text.bytes(), &mut new.bytes());
    let suffix = same(&mut text.bytes().rev(), &mut new.bytes().rev())
        .min(text.len().min(new.len()) - prefix);
    let moved = String::from_utf8_lossy(&new.as_bytes()[prefix..new.len() - suffix]).into_owned();
    let own = new.split_inclusive('\n').nth(change.line - 1).unwrap();
    let fits = match change.action {
        // Where a line end had to be put before ours, it comes with it.
        Action::Add => moved.trim_matches(['\r', '\n']).len() <= own.len(),
        Action::Replace => own.contains(&moved),
        Action::Keep => moved.is_empty(),
    };
    assert!(fits, "{name}: {key} moved {moved:?}, its line is {own:?}");
    Some(Set { text: new, behind_mark: plan.behind_mark })
}

/// What one reader reads differently from what it should.
fn compare(
    reader: &str,
    case: &Case,
    before: Option<&Values>,
    after: Option<&Values>,
) -> Vec<String> {
    // A reader that refuses the whole text refused it before as well.
    let Some(before) = before else { return Vec::new() };
    let Some(after) = after else {
        return vec![format!("{reader}: {} is refused since the change", case.name)];
    };
    let mut wrong = Vec::new();
    for (key, value, line) in
        [("DATABASE_URL", POOLED, case.lines[0]), ("DIRECT_URL", DIRECT, case.lines[1])]
    {
        let read = after.get(key).map(|read| plain(reader, read));
        let is_hidden = case.behind_mark && line == 1;
        if read != Some(value) && !is_hidden {
            wrong.push(format!("{reader}: {}: {key} is read as {read:?}", case.name));
        }
    }
    let is_healed = HEALED.iter().any(|name| case.name.starts_with(name));
    if others(reader, before) != others(reader, after) && !is_healed {
        wrong.push(format!("{reader}: {}: another variable is read differently", case.name));
    }
    wrong
}

/// What is not ours.
fn others(reader: &str, values: &Values) -> Values {
    let is_ours = |key: &str| {
        ["DATABASE_URL", "DIRECT_URL"].contains(&key.trim_start_matches(BYTE_ORDER_MARK))
    };
    let others = values.iter().filter(|(key, _)| !is_ours(key));
    others.map(|(key, value)| (key.clone(), plain(reader, value).to_owned())).collect()
}

/// A shell takes the CR of a line end for a part of every value; that was so before.
fn plain<'a>(reader: &str, value: &'a str) -> &'a str {
    if ["bash", "dash"].contains(&reader) { value.trim_end_matches('\r') } else { value }
}

fn read_all(folder: &Path) -> Read {
    let mut read = Read::new();
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    let node =
        peers::command("node").arg(scripts.join("read-env.mjs")).arg(folder).output().unwrap();
    assert!(node.status.success(), "{}", String::from_utf8_lossy(&node.stderr));
    read.extend(serde_json::from_slice::<Read>(&node.stdout).unwrap());
    let python =
        peers::command("python").arg(scripts.join("read_env.py")).arg(folder).output().unwrap();
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    read.extend(serde_json::from_slice::<Read>(&python.stdout).unwrap());
    read.insert("dotenvy".to_owned(), each(folder, dotenvy));
    read.insert("bash".to_owned(), each(folder, |file| shell("bash", file)));
    read.insert("dash".to_owned(), each(folder, |file| shell("dash", file)));
    read
}

fn each(folder: &Path, read: impl Fn(&Path) -> Option<Values>) -> BTreeMap<String, Values> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        if let Some(values) = read(&file) {
            all.insert(name, values);
        }
    }
    all
}

/// `None` where a line is not accepted.
fn dotenvy(file: &Path) -> Option<Values> {
    dotenvy::from_path_iter(file).ok()?.collect::<Result<Values, _>>().ok()
}

/// The file as a script, with nothing to run and nothing in the environment. `None` where the shell gives up on it.
fn shell(shell: &str, file: &Path) -> Option<Values> {
    let output = Command::new(shell)
        .args(match shell {
            "fish" => ["--no-config", "-c", "source $argv[1]; /usr/bin/env -0"],
            _ => ["-c", "set -a; PATH=/nowhere; . \"$1\"; /usr/bin/env -0", shell],
        })
        .arg(file)
        .env_clear()
        .output()
        .unwrap();
    if !output.status.success() {
        return None;
    }
    let ours = ["PATH", "PWD", "OLDPWD", "SHLVL", "_", "IFS", "PS4"];
    let text = String::from_utf8(output.stdout).unwrap();
    let pairs = text.split('\0').filter_map(|pair| pair.split_once('='));
    Some(
        pairs
            .filter(|(key, _)| !ours.contains(key))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
    )
}

/// The formats that a program on this machine can read back.
#[test]
fn other_places_read_back_what_was_rendered() {
    let folder = tempfile::tempdir().unwrap();
    let assignments = [("DATABASE_URL", POOLED), ("DIRECT_URL", DIRECT)]
        .map(|(key, value)| Assignment { key: key.to_owned(), value: Secret::new(value) });
    let env_file = folder.path().join(".env");
    fs::write(&env_file, env_file::plan("", &assignments).unwrap().text.expose()).unwrap();
    let names = Names {
        env_file: env_file.to_str().unwrap(),
        cluster: "shop-db",
        pool: "shop-pool",
        authority: None,
    };
    let text = |target| env_target::text(target, &assignments, names).unwrap().expose().to_owned();
    let whole = Values::from([
        ("DATABASE_URL".to_owned(), POOLED.to_owned()),
        ("DIRECT_URL".to_owned(), DIRECT.to_owned()),
    ]);
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        file
    };

    let envrc = write("envrc", &text(EnvTarget::Direnv));
    assert_eq!(shell("bash", &envrc), Some(whole.clone()));

    let fish = write("session.fish", &text(EnvTarget::Fish));
    // It sets variables of its own, which differ between its versions.
    let mut read = shell("fish", &fish).unwrap();
    read.retain(|key, _| whole.contains_key(key));
    assert_eq!(read, whole);

    // What gh would get on its standard input; it reads the same format.
    let command = text(EnvTarget::GitHubActions);
    let before_gh = command.split_once(" | gh ").unwrap().0;
    let piped = Command::new("dash").args(["-c", before_gh]).output().unwrap();
    let lines = write("piped.env", &String::from_utf8(piped.stdout).unwrap());
    assert_eq!(dotenvy(&lines), Some(whole));
}
