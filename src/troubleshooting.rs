//! `docs/guide/troubleshooting.md`, made from the problems as the program tells them.
//!
//! `make troubleshooting` writes it; without that the test compares.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use crate::{
    cli, domain,
    domain::problem::{Problem, Speaker},
    effects, setup,
};

const PAGE: &str = "docs/guide/troubleshooting.md";

/// The parts of the page in the order of the set-up: the key under which problems are told, a title, and a sentence.
const PARTS: [(&str, &str, &str); 14] = [
    (
        "practice",
        "Practice",
        "Practice runs a PostgreSQL and a PgBouncer of its own on this computer.",
    ),
    ("token", "The token and where it is kept", "Step 1, and any step that the token may not do."),
    ("account", "DigitalOcean does not answer, or refuses", "Any step that asks the account."),
    (
        "access",
        "Trusted sources and this computer's address",
        "Steps 3 and 6, where this computer is let in for a time.",
    ),
    ("measure", "Measuring", "Step 3, and whatever looks at the server later."),
    ("pool", "The pool", "Step 4, and its undo in step 12."),
    (
        "network",
        "A port does not answer",
        "Step 6, stages *name* and *port*. The pool port is usually 25061, the direct port 25060.",
    ),
    ("encryption", "Encryption and certificates", "Step 6, stage *encryption*."),
    (
        "sign-in",
        "Signing in to the database",
        "Step 6, stages *sign-in*, *pool or database* and *proof*. On the pool port the URL ends with the pool's name, on the direct port with the database's.",
    ),
    (
        "capacity",
        "No free connection",
        "Step 6, and the app's own log: the same words stand there.",
    ),
    (
        "later",
        "While the app runs",
        "What connections over a pool, and those that last, may meet; step 6 and the app's own log.",
    ),
    ("files", "Project files and env files", "Steps 7 and 8, and their undo in step 12."),
    (
        "migrations",
        "Migrations",
        "Step 9 and `poolwright migrate`. The codes that begin with P are Prisma's.",
    ),
    ("app", "App Platform", "Step 10, and its undo in step 12."),
];

const SAVED: (&str, &str, &str) =
    ("saved", "Team profile and saved set-ups", "`--profile`, and the list on the start page.");

const HEAD: &str = "# Troubleshooting

<!-- Made by `make troubleshooting` from the program's own messages. Change the message, not this page. -->

Every message below stands as the program shows it: what happened, why, and what to do. Look for the sentence on your screen, for
the code beside it, or for the server's own words as they stand in your app's log. What is **bold** is a button: Poolwright does it.

The names are examples: the host `db.example`, the database `shop`, the pool `shop-pool`, the user `shop_app`, the app `shop-web`.

";

fn told() -> Vec<(&'static str, Vec<Problem>)> {
    let mut told = effects::told();
    told.extend(domain::diagnosis::told());
    told.push(("pool", setup::steps::pool::told()));
    let remedy = Some("sudo apt-get install postgresql pgbouncer".to_owned());
    let missing = crate::practice::start_error::StartError::NoPostgres;
    told.push(("practice", vec![cli::run::no_practice(&missing, remedy)]));
    told
}

fn page() -> String {
    let told = told();
    let mut page = HEAD.to_owned();
    for (_, title, _) in PARTS.iter().chain([&SAVED]) {
        writeln!(page, "- [{title}](#{})", anchor(title)).unwrap();
    }
    for (key, title, about) in PARTS.iter().chain([&SAVED]) {
        write!(page, "\n## {title}\n\n{about}\n").unwrap();
        let of_part = told.iter().filter(|(part, _)| part == key).flat_map(|(_, told)| told);
        for (problem, quotes) in together(of_part) {
            page.push_str(&entry(problem, &quotes));
        }
    }
    page
}

/// As GitHub makes it of a title.
fn anchor(title: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || *c == ' ' || *c == '-';
    title.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

/// Problems that are told alike stand once, with everybody's words.
fn together<'a>(all: impl Iterator<Item = &'a Problem>) -> Vec<(&'a Problem, Vec<String>)> {
    let mut found: Vec<(&Problem, Vec<String>)> = Vec::new();
    for problem in all {
        let alike = found.iter_mut().find(|(known, _)| {
            known.what == problem.what && (known.why == problem.why || known.code == problem.code)
        });
        // What this program saw on the network is no text that anybody would look for.
        let said = problem.quote.as_ref().filter(|quote| quote.by != Speaker::Us);
        let said = said.map(|quote| format!("{}: `{}`", quote.by.name(), bare(&quote.words)));
        match alike {
            Some((_, quotes)) => quotes.extend(said),
            None => found.push((problem, said.into_iter().collect())),
        }
    }
    for (_, quotes) in &mut found {
        let mut seen = BTreeSet::new();
        quotes.retain(|quote| seen.insert(quote.clone()));
    }
    found
}

/// `“no such pool” (08P01)` without the quotation marks, which would stand inside code.
fn bare(words: &str) -> String {
    words.replacen('“', "", 1).replacen('”', "", 1)
}

fn entry(problem: &Problem, quotes: &[String]) -> String {
    let mut text = format!("\n### {}\n\n`{}`", escaped(&problem.what), problem.code);
    if !problem.why.is_empty() {
        write!(text, " {}", escaped(&problem.why)).unwrap();
    }
    text.push('\n');
    if !quotes.is_empty() {
        writeln!(text, "\n> {}", quotes.join(" \\\n> ")).unwrap();
    }
    if !problem.hints.is_empty() {
        text.push('\n');
    }
    for hint in &problem.hints {
        let label = escaped(&hint.label);
        match &hint.fix {
            Some(_) => writeln!(text, "- **{label}**"),
            None => writeln!(text, "- {label}"),
        }
        .unwrap();
    }
    text
}

/// No mark of Markdown; an underscore within a name is none.
fn escaped(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        if matches!(c, '*' | '<' | '>' | '`' | '[' | ']' | '|' | '\\') {
            shown.push('\\');
        }
        shown.push(c);
    }
    shown
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a document in the sources")]
fn the_guides_page_says_what_the_program_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    if std::env::var_os("POOLWRIGHT_WRITE_GUIDE").is_some() {
        fs::write(&file, page()).unwrap();
    }
    let stands = fs::read_to_string(&file).unwrap_or_default();
    assert!(stands == page(), "{PAGE} is out of date: run `make troubleshooting`");
}

#[test]
fn every_part_of_the_page_has_problems() {
    let parts: BTreeSet<&str> = PARTS.iter().chain([&SAVED]).map(|(key, ..)| *key).collect();
    let told: BTreeSet<&str> = told().iter().map(|(key, _)| *key).collect();
    assert_eq!(parts, told);
}

/// What stands in the sources and not on the page.
const NOT_ON_THE_PAGE: [&str; 58] = [
    // Beside the field or the button that it is about.
    "A pool has at least 1 connection.",
    "No cluster is chosen.",
    "The pool has no name yet.",
    "The pooled URL names no pool.",
    "The direct URL names no database.",
    "There is no database {name} on this cluster.",
    "“{typed}” cannot be a trusted source.",
    "This computer's public address is not known yet.",
    "The health address {url} is not accepted.",
    "Nobody is signed in.",
    "The token was not sent.",
    "The load test was not begun.",
    "The load test did not reach the pool.",
    "This can't be taken back.",
    "The plan is out of date. Nothing was changed.",
    // Stopped by the person.
    "The plan was stopped.",
    "Taking it back was stopped.",
    "Restoring the settings is no longer followed.",
    "The run was stopped while {name} was being applied.",
    // Of the command line, which says it with the argument that is missing.
    "Nothing was marked.",
    "Nothing was changed: {} says that this is production.",
    "The URL in {variable} was not understood.",
    "The direct URL was not found in {}.",
    "The token could not be read from standard input.",
    "There is no token to sign in with.",
    "There is no practice scenario “{scenario}”.",
    // Defects of this program.
    "Poolwright made a mistake here and stopped this action.",
    "Poolwright made a mistake with a file and stopped this action.",
    "Reading the migrations folder broke off.",
    "The team profile was not read.",
    // The reason is the system's own, and told in its words.
    "A file was not removed.",
    "A saved set-up could not be read.",
    "A saved set-up is from a newer version of Poolwright.",
    "A token is still kept.",
    "No encrypted connection can be made from here.",
    "The direct connection could not be made.",
    "The file was not written.",
    "The folder for Poolwright's own files was not found.",
    "The list of saved set-ups was not read.",
    "The picture was not made.",
    "The set-up is still in the list.",
    "The set-up was not opened.",
    "The settings were not kept.",
    "The token is still in the system's password store.",
    "The token of {name} was not found.",
    "The token of {name} was not read.",
    "This computer was not let in.",
    "Your settings could not be read.",
    "doctl's sign-in was not read.",
    "{} was not opened.",
    "{} was not written.",
    // Rare, and whole in what is said there.
    "Pool {name} is still there.",
    "Pool {} was ordered, but the account does not show it.",
    "Prisma could not fetch its engine.",
    "The account does not tell the password of {user}.",
    "The account tells the password of {user} that was refused.",
    "The deployment did not end within 90 min.",
    "{name} has its new settings, but no deployment started.",
];

#[test]
fn a_new_problem_is_added_to_the_page_or_left_out_by_name() {
    let told: Vec<Problem> = told().into_iter().flat_map(|(_, told)| told).collect();
    let missing: BTreeSet<String> = templates()
        .into_iter()
        .filter(|template| !told.iter().any(|problem| fits(template, &problem.what)))
        .collect();
    let left_out: BTreeSet<String> =
        NOT_ON_THE_PAGE.iter().map(|what| (*what).to_owned()).collect();
    assert_eq!(missing, left_out, "left: in the sources; right: left out by name");
}

/// The sentences of `Problem::new(code, …)` in the product's sources, as far as they are written there.
fn templates() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "stories" && name != "tests" {
                    folders.push(path);
                }
            } else if !["stories.rs", "tests.rs", "troubleshooting.rs"].contains(&name.as_str()) {
                let text = fs::read_to_string(&path).unwrap();
                let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                found.extend(product.split("Problem::new(").skip(1).filter_map(second_literal));
            }
        }
    }
    found
}

/// The second argument, where it is a text or the pattern of one.
fn second_literal(arguments: &str) -> Option<String> {
    let (mut depth, mut quoted, mut after) = (0, false, None);
    let mut before = ' ';
    for (at, c) in arguments.char_indices() {
        match c {
            '"' if before != '\\' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                after = arguments.get(at + 1..);
                break;
            }
            _ => {} // part of the first argument
        }
        before = c;
    }
    let second = after?.trim_start();
    let text = second.strip_prefix("format!(").map_or(second, str::trim_start).strip_prefix('"')?;
    Some(text.split('"').next()?.to_owned())
}

/// `what` is this pattern with something in the place of each `{…}`.
fn fits(template: &str, what: &str) -> bool {
    let mut fixed = template.split('{').map(|part| part.split_once('}').map_or(part, |cut| cut.1));
    let Some(mut rest) = fixed.next().and_then(|first| what.strip_prefix(first)) else {
        return false;
    };
    let mut fixed = fixed.peekable();
    while let Some(part) = fixed.next() {
        let last = fixed.peek().is_none();
        let found = if last { rest.rfind(part) } else { rest.find(part) };
        let Some(at) = found else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.is_empty()
}
