//! A command as a person reads and edits it: one program, no shell; and the commands that are never run from here.

use std::{collections::BTreeMap, fmt};

use crate::domain::words;

/// Stands for the direct URL without its password, where a program takes it on its command line only.
pub const URL_WITHOUT_PASSWORD: &str = "{url without password}";

/// A program with its arguments, looked through and not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub program: String,
    pub arguments: Vec<String>,
}

/// Why a command is not run from here: a sentence or two.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

impl Command {
    /// `scripts` are those of the `package.json` beside which it runs: what they call counts as called here.
    pub fn parse(text: &str, scripts: &BTreeMap<String, String>) -> Result<Self, Refusal> {
        let words = words(text)?;
        look_through(&words, scripts, 0)?;
        let mut words = words.into_iter();
        let program = words.next().ok_or_else(|| Refusal("Name a command.".to_owned()))?;
        Ok(Self { program, arguments: words.collect() })
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.program)?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {}", quoted(argument)))
    }
}

/// As it would be typed.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:=@,+%".contains(c);
    if word == URL_WITHOUT_PASSWORD || !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        words::quoted(word)
    }
}

/// Words as a shell would part them; what only a shell could do is refused.
fn words(text: &str) -> Result<Vec<String>, Refusal> {
    let text = text.replace(URL_WITHOUT_PASSWORD, &format!("'{URL_WITHOUT_PASSWORD}'"));
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some('"') | None, '\\') => {
                word.get_or_insert_default().extend(letters.next());
            }
            (Some('"') | None, '$' | '`') => return Err(no_shell(c)),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, '|' | '&' | ';' | '<' | '>' | '(' | ')') => return Err(no_shell(c)),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(Refusal("A quotation mark is open at its end.".to_owned()));
    }
    words.extend(word);
    Ok(words)
}

fn no_shell(c: char) -> Refusal {
    Refusal(format!(
        "One program is run, without a shell: “{c}” would mean nothing. Put more than one into a script of the project."
    ))
}

/// Deeper than scripts call each other.
const DEEPEST: usize = 8;

fn look_through(
    words: &[String],
    scripts: &BTreeMap<String, String>,
    depth: usize,
) -> Result<(), Refusal> {
    let words = without_assignments(words)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let Some(why) = refused(&words) {
        return Err(Refusal(why));
    }
    if let Some(name) = script(&words, scripts) {
        of_script(name, scripts, depth)?;
    }
    match words.iter().skip(1).find_map(|word| loses(word)) {
        Some(word) => Err(Refusal(format!(
            "“{word}” takes migrations back or empties the database. Only what brings it up to date is run from here."
        ))),
        None => Ok(()),
    }
}

/// What a script calls, and what is called before and after it.
fn of_script(name: &str, scripts: &BTreeMap<String, String>, depth: usize) -> Result<(), Refusal> {
    if depth == DEEPEST {
        return Err(Refusal(format!(
            "The scripts of package.json call each other without end, from {name}."
        )));
    }
    for around in [format!("pre{name}"), name.to_owned(), format!("post{name}")] {
        let Some(text) = scripts.get(&around) else { continue };
        for part in parts(text) {
            look_through(&part, scripts, depth + 1).map_err(|Refusal(why)| {
                Refusal(format!("Script {around} of package.json: {why}"))
            })?;
        }
    }
    Ok(())
}

/// A script that gives a URL itself would lead elsewhere.
fn without_assignments(words: &[String]) -> Result<&[String], Refusal> {
    let mut rest = words;
    while let Some((first, more)) = rest.split_first() {
        let base = program(first);
        let assigned = first.split_once('=').filter(|(name, _)| is_variable(name));
        if let Some((name, _)) = assigned {
            if super::variable::Variable::by_name(name).is_some() {
                return Err(Refusal(format!(
                    "It sets {name} itself, so it would not get the direct URL that was tested."
                )));
            }
        } else if base != "cross-env" && base != "env" {
            break;
        }
        rest = more;
    }
    Ok(rest)
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The parts of a script that a shell runs one after the other. Quotes are respected as far as they matter here.
fn parts(text: &str) -> Vec<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '&' | '|' | ';' | '(' | ')' | '\n') => parts.push(String::new()),
            (Some(_) | None, c) => {
                if let Some(part) = parts.last_mut() {
                    part.push(c);
                }
            }
        }
    }
    let words = |part: &String| part.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    parts.iter().map(words).filter(|words| !words.is_empty()).collect()
}

/// The script that is run, where a package manager runs one.
fn script<'a>(words: &[&'a str], scripts: &BTreeMap<String, String>) -> Option<&'a str> {
    let (first, rest) = words.split_first()?;
    let manager = program(first);
    if !["npm", "pnpm", "yarn", "bun"].contains(&manager) {
        return None;
    }
    let mut rest = rest.iter().filter(|word| !word.starts_with('-')).peekable();
    if rest.peek().is_some_and(|word| **word == "run" || **word == "run-script") {
        rest.next();
    }
    let name = *rest.next()?;
    scripts.contains_key(name).then_some(name)
}

/// The last part of a path, without `.cmd` and `.exe`.
fn program(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name.strip_suffix(".cmd").or_else(|| name.strip_suffix(".exe")).unwrap_or(name)
}

const SHELLS: [&str; 9] =
    ["sh", "bash", "zsh", "dash", "fish", "cmd", "powershell", "pwsh", "eval"];

fn refused(words: &[&str]) -> Option<String> {
    let calls = |name: &str| words.iter().take(4).any(|word| program(word) == name);
    if let Some(shell) =
        SHELLS.into_iter().find(|shell| words.first().is_some_and(|first| program(first) == *shell))
    {
        return Some(format!(
            "What {shell} runs can't be looked through. Name the program itself."
        ));
    }
    if words.iter().any(|word| word.contains("://") && word.contains('@')) {
        return Some(
            "A URL stands on the command line, where every user of this computer can read it. The direct URL is given in the program's environment.".to_owned(),
        );
    }
    let row = REFUSED.iter().find(|(program, words_of, _)| calls(program) && says(words, words_of));
    row.map(|(_, _, why)| (*why).to_owned())
}

/// Do these words stand in the command in this order, options aside?
fn says(words: &[&str], wanted: &[&str]) -> bool {
    let mut said = words.iter().filter(|word| !word.starts_with('-') || wanted.contains(word));
    wanted.iter().all(|wanted| said.any(|word| word == wanted))
}

/// A word that means a loss in whatever program: `db:reset`, `migrate-fresh`, `downgrade`.
fn loses(word: &str) -> Option<&str> {
    const LOSES: [&str; 18] = [
        "reset",
        "fresh",
        "rollback",
        "revert",
        "undo",
        "redo",
        "down",
        "downgrade",
        "drop",
        "wipe",
        "flush",
        "clean",
        "purge",
        "refresh",
        "truncate",
        "nuke",
        "dropdb",
        "destroy",
    ];
    // A path or a value is no order.
    if word.contains(['/', '=', '.']) && !word.starts_with("ecto.") {
        return None;
    }
    let bare = word.trim_start_matches('-');
    bare.split([':', '-', '_', '.']).any(|part| LOSES.contains(&part)).then_some(word)
}

const ASKS: &str = "It is made for a developer's own database: it asks questions, compares by means of a second database, and may empty this one.";
const NO_HISTORY: &str = "It changes the tables to fit the code, without a migration and without the history: what it does can't be looked at first, and columns may go.";
const FILLS: &str = "It fills the database with sample rows. Only migrations are run from here.";
const MAKES: &str =
    "It writes a new migration. Make it on a developer's database, and run it from here.";
const MARKS: &str = "It changes the history without running anything, so that tables and history may no longer agree.";
const NAMED: &str = "Named to a certain migration, it may take later ones back. Without a name it applies what is pending.";

/// A program, the words that say what it is to do, and why it does not from here.
const REFUSED: [(&str, &[&str], &str); 48] = [
    ("prisma", &["migrate", "dev"], ASKS),
    ("prisma", &["migrate", "reset"], "It drops every table, and with them every row."),
    ("prisma", &["db", "push"], NO_HISTORY),
    ("prisma", &["db", "execute"], "It runs SQL that the history does not know of."),
    ("prisma", &["db", "seed"], FILLS),
    ("drizzle-kit", &["push"], NO_HISTORY),
    ("drizzle-kit", &["drop"], "It deletes a migration."),
    ("drizzle-kit", &["generate"], MAKES),
    (
        "knex",
        &["migrate:rollback"],
        "It takes back the migrations that were run last, and with them their columns and rows.",
    ),
    ("knex", &["migrate:down"], "It takes a migration back, and with it its columns and rows."),
    ("knex", &["migrate:make"], MAKES),
    ("knex", &["seed:run"], FILLS),
    (
        "typeorm",
        &["migration:revert"],
        "It takes the last migration back, and with it its columns and rows.",
    ),
    ("typeorm", &["schema:sync"], NO_HISTORY),
    ("typeorm", &["schema:drop"], "It drops every table, and with them every row."),
    ("typeorm", &["migration:generate"], MAKES),
    ("typeorm", &["migration:create"], MAKES),
    ("sequelize-cli", &["db:drop"], "It drops the database."),
    (
        "sequelize-cli",
        &["db:migrate:undo"],
        "It takes the last migration back, and with it its columns and rows.",
    ),
    (
        "sequelize-cli",
        &["db:migrate:undo:all"],
        "It takes every migration back, and with them every row.",
    ),
    ("sequelize-cli", &["db:seed:all"], FILLS),
    ("sequelize", &["db:drop"], "It drops the database."),
    (
        "sequelize",
        &["db:migrate:undo"],
        "It takes the last migration back, and with it its columns and rows.",
    ),
    (
        "node-pg-migrate",
        &["down"],
        "It takes the last migration back, and with it its columns and rows.",
    ),
    (
        "node-pg-migrate",
        &["redo"],
        "It takes the last migration back first, and with it its columns and rows.",
    ),
    ("node-pg-migrate", &["create"], MAKES),
    ("alembic", &["downgrade"], "It takes migrations back, and with them their columns and rows."),
    ("alembic", &["stamp"], MARKS),
    ("alembic", &["revision"], MAKES),
    ("manage.py", &["flush"], "It empties every table."),
    ("manage.py", &["migrate", "--fake"], MARKS),
    (
        "manage.py",
        &["migrate", "zero"],
        "It takes every migration of an application back, and with them their rows.",
    ),
    (
        "dotnet",
        &["database", "update", "0"],
        "It takes every migration back, and with them every row.",
    ),
    ("manage.py", &["makemigrations"], MAKES),
    ("manage.py", &["loaddata"], FILLS),
    (
        "rails",
        &["db:schema:load"],
        "It makes every table anew from db/schema.rb, and drops what is there.",
    ),
    (
        "rails",
        &["db:setup"],
        "It makes every table anew from db/schema.rb, and drops what is there.",
    ),
    ("rails", &["db:seed"], FILLS),
    ("artisan", &["migrate:fresh"], "It drops every table, and with them every row."),
    ("artisan", &["db:seed"], FILLS),
    ("artisan", &["migrate", "--seed"], FILLS),
    ("migrate", &["force"], MARKS),
    ("migrate", &["goto"], NAMED),
    ("flyway", &["repair"], MARKS),
    ("flyway", &["baseline"], MARKS),
    (
        "sqlx",
        &["database", "setup"],
        "It makes the database anew where it is missing. Only what is pending is run from here.",
    ),
    (
        "diesel",
        &["database", "setup"],
        "It makes the database anew where it is missing. Only what is pending is run from here.",
    ),
    ("mix", &["ecto.setup"], "It makes the database anew and fills it with sample rows."),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Command, Refusal> {
        let scripts = [
            ("db:migrate", "prisma migrate deploy"),
            ("db:dev", "prisma migrate dev"),
            ("deploy", "npm run build && npm run db:dev"),
            ("build", "tsc -p ."),
            (
                "own-url",
                "cross-env NODE_ENV=production DATABASE_URL=postgres://h/d knex migrate:latest",
            ),
            ("plain-env", "NODE_ENV=production knex migrate:latest"),
            ("round", "npm run round"),
            ("prequiet", "prisma db push"),
            ("quiet", "prisma migrate deploy"),
        ];
        let scripts = scripts.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        Command::parse(text, &scripts)
    }

    #[test]
    fn what_brings_a_database_up_to_date_is_run() {
        for text in [
            "npx --no prisma migrate deploy --schema db/schema.prisma",
            "node_modules/.bin/knex migrate:latest --env production",
            "alembic -c db/alembic.ini upgrade head",
            "npm run db:migrate",
            "yarn db:migrate",
            "pnpm run plain-env",
            "make migrate",
            "python manage.py migrate --noinput",
            "npx --no typeorm migration:run -d src/drop-shipping/data-source.js",
            "goose -dir ./down-time up",
        ] {
            let command = parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(command.to_string(), text);
        }
    }

    #[test]
    fn what_loses_or_bypasses_is_refused_with_its_reason() {
        for (text, part) in [
            ("npx --no prisma migrate dev", "made for a developer's own database"),
            ("npx prisma migrate --schema x reset", "drops every table"),
            ("prisma db push", "without a migration and without the history"),
            ("npx --no drizzle-kit push", "without a migration"),
            ("knex migrate:rollback --all", "takes back the migrations"),
            ("node_modules/.bin/typeorm schema:drop -d x.js", "drops every table"),
            ("npx --no sequelize-cli db:migrate:undo", "takes the last migration back"),
            ("node-pg-migrate down", "takes the last migration back"),
            ("alembic downgrade -1", "takes migrations back"),
            ("python manage.py flush", "empties every table"),
            ("python manage.py migrate --fake", "changes the history"),
            ("python manage.py migrate shop zero", "takes every migration of an application back"),
            ("dotnet ef database update 0", "takes every migration back"),
            ("bin/rails db:schema:load", "drops what is there"),
            ("bin/rails db:rollback", "“db:rollback” takes migrations back"),
            ("bin/rails db:drop", "“db:drop”"),
            ("php artisan migrate:fresh --force", "drops every table"),
            ("php artisan migrate:refresh", "“migrate:refresh”"),
            ("php artisan db:wipe", "“db:wipe”"),
            ("migrate -path m down", "“down”"),
            ("goose reset", "“reset”"),
            ("flyway clean", "“clean”"),
            ("liquibase rollback-count 1", "“rollback-count”"),
            ("liquibase drop-all", "“drop-all”"),
            ("dotnet ef database drop", "“drop”"),
            ("sqlx migrate revert", "“revert”"),
            ("diesel migration redo", "“redo”"),
            ("mix ecto.reset", "“ecto.reset”"),
            ("make db-reset", "“db-reset”"),
            ("bash -c 'prisma migrate deploy'", "can't be looked through"),
            ("prisma migrate deploy && rm -rf /", "without a shell"),
            ("prisma migrate deploy $X", "without a shell"),
            ("migrate -database postgres://u:p@h/d up", "every user of this computer can read it"),
            ("prisma 'migrate", "A quotation mark is open"),
            ("", "Name a command."),
        ] {
            let Err(Refusal(why)) = parse(text) else { panic!("{text} is not refused") };
            assert!(why.contains(part), "{text}: {why}");
        }
    }

    #[test]
    fn a_script_is_looked_through_to_its_end() {
        for (text, part) in [
            (
                "npm run db:dev",
                "Script db:dev of package.json: It is made for a developer's own database",
            ),
            (
                "npm run deploy",
                "Script deploy of package.json: Script db:dev of package.json: It is made",
            ),
            ("npm run own-url", "It sets DATABASE_URL itself"),
            ("npm run round", "call each other without end"),
            ("yarn quiet", "Script prequiet of package.json: It changes the tables"),
        ] {
            let Err(Refusal(why)) = parse(text) else { panic!("{text} is not refused") };
            assert!(why.contains(part), "{text}: {why}");
        }
    }

    #[test]
    fn words_are_parted_as_a_shell_parts_them() {
        let command = parse(r#"tool  'a b' "c d" e\ f ''"#).unwrap();
        assert_eq!(command.arguments, ["a b", "c d", "e f", ""]);
        assert_eq!(command.to_string(), "tool 'a b' 'c d' 'e f' ''");
        let migrate = parse("migrate -database {url without password} up").unwrap();
        assert_eq!(migrate.arguments, ["-database", URL_WITHOUT_PASSWORD, "up"]);
        assert_eq!(migrate.to_string(), "migrate -database {url without password} up");
    }
}
