//! Configuration files of frameworks: Rails' database.yml, Spring's properties, .NET's appsettings.

use std::path::Path;

use crate::{
    domain::project::{Feature, Kind, Library, Piece, Target},
    project::script::{Script, line},
};

use super::{
    drivers::Sighted,
    features,
    found::{Found, insert},
    walk::ends,
    yaml::{self, Line},
};

/// Is this file one of them?
pub fn is_config(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    path.ends_with("config/database.yml")
        || path.ends_with("config/cable.yml")
        || (name.starts_with("application") && ends(path, &["properties", "yml", "yaml"]))
        || (name.starts_with("appsettings") && ends(path, &["json"]))
}

pub fn read(path: &Path, text: &str, target: &Target) -> Vec<Sighted> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let file = File { path, text, target };
    if name == "database.yml" {
        file.rails()
    } else if name == "cable.yml" {
        file.cable()
    } else if name.starts_with("appsettings") {
        file.net()
    } else if ends(path, &["properties"]) {
        file.properties()
    } else {
        file.spring_yaml()
    }
}

struct File<'a> {
    path: &'a Path,
    text: &'a str,
    target: &'a Target,
}

impl File<'_> {
    fn named(&self, at: usize, what: &str) -> Found {
        features::found(Feature::NamedStatement, (self.path, at)).named(what)
    }

    /// `production:` without `prepared_statements: false`, its own or inherited.
    fn rails(&self) -> Vec<Sighted> {
        let lines = yaml::lines(self.text);
        let has = |section: &Line<'_>, key: &str| yaml::child(&lines, section, key).is_some();
        let section = |name: &str| lines.iter().find(|line| line.indent == 0 && line.key == name);
        let (Some(production), default) = (section("production"), section("default")) else {
            return Vec::new();
        };
        let inherits = has(production, "<<");
        let says = |key: &str| {
            has(production, key) || (inherits && default.is_some_and(|default| has(default, key)))
        };
        let home = if inherits { default.unwrap_or(production) } else { production };
        let adapter = yaml::child(&lines, home, "adapter");
        let is_postgres = adapter.is_some_and(|line| line.value.contains("postg"));
        if !is_postgres || !self.target.loses_statements() || says("prepared_statements") {
            return Vec::new();
        }
        let what = "Active Record prepares statements by name.";
        let pieces: Vec<Piece> = yaml::children(&lines, production)
            .into_iter()
            .find(|line| line.key != "<<")
            .map(|line| insert(line.at, self.line(line, "prepared_statements: false")))
            .into_iter()
            .collect();
        let found = self.named(production.number, what).fixed(self.text, pieces);
        vec![Sighted { found, needs: &[Library::Rails] }]
    }

    /// A line before another one, with its indent.
    fn line(&self, before: &Line<'_>, text: &str) -> String {
        format!("{}{text}{}", " ".repeat(before.indent), self.end())
    }

    fn cable(&self) -> Vec<Sighted> {
        let lines = yaml::lines(self.text);
        let listens =
            lines.iter().filter(|line| line.key == "adapter" && line.value == "postgresql");
        listens
            .map(|line| {
                let found = features::found(Feature::Listen, (self.path, line.number));
                found.named("Action Cable listens over the database.").into()
            })
            .collect()
    }

    /// `spring.datasource.…=…`
    fn properties(&self) -> Vec<Sighted> {
        let mut found = Vec::new();
        let lines: Vec<(usize, &str, &str)> = self
            .text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with(['#', '!']))
            .filter_map(|(at, line)| {
                let (key, value) = line.split_once(['=', ':'])?;
                Some((at + 1, key.trim(), value.trim()))
            })
            .collect();
        let get = |name: &str| lines.iter().find(|(_, key, _)| *key == name);
        let Some((number, _, url)) = get("spring.datasource.url") else { return found };
        if url.contains("jdbc:h2") || url.contains("jdbc:mysql") {
            return found;
        }
        let with = |line: String| vec![self.after(*number, &format!("{line}{}", self.end()))];
        if get("spring.datasource.hikari.maximum-pool-size").is_none() {
            let size = format!("spring.datasource.hikari.maximum-pool-size={}", self.target.limit);
            found.push(self.hikari_size(*number).fixed(self.text, with(size)).into());
        }
        let property = "spring.datasource.hikari.data-source-properties.prepareThreshold";
        if self.target.loses_statements()
            && get(property).is_none()
            && !url.contains("prepareThreshold")
        {
            let found_one =
                self.named(*number, JDBC).fixed(self.text, with(format!("{property}=0")));
            found.push(found_one.into());
        }
        found.extend(self.flyway(*number, get("spring.flyway.url").is_some()));
        found
    }

    fn hikari_size(&self, line: usize) -> Found {
        let why = format!(
            "By default HikariCP keeps 10 connections open in each instance. Step 5 counts {} behind the pool.",
            self.target.limit
        );
        Found::new(Kind::Limits, (self.path, line), "HikariCP's pool has no size.", why)
    }

    fn flyway(&self, line: usize, has_url: bool) -> Option<Sighted> {
        if has_url {
            return None;
        }
        let why = format!(
            "Flyway takes the app's URL, and migrations need the direct one. Give it spring.flyway.url, user and \
             password of its own, from {}.",
            self.target.direct_key
        );
        let found =
            Found::new(Kind::Migrations, (self.path, line), "Flyway has no URL of its own.", why);
        Some(Sighted { found, needs: &[Library::Flyway] })
    }

    fn end(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// After a line, which may be the last and have no end.
    fn after(&self, number: usize, text: &str) -> Piece {
        let at = self.text.split_inclusive('\n').take(number).map(str::len).sum();
        let ends = self.text.get(..at).is_some_and(|before| before.ends_with('\n'));
        insert(at, if ends { text.to_owned() } else { format!("{}{text}", self.end()) })
    }

    fn spring_yaml(&self) -> Vec<Sighted> {
        let lines = yaml::lines(self.text);
        let mut found = Vec::new();
        let spring = lines.iter().find(|line| line.indent == 0 && line.key == "spring");
        let datasource = spring.and_then(|spring| yaml::child(&lines, spring, "datasource"));
        let Some(datasource) = datasource else { return found };
        let Some(url) = yaml::child(&lines, datasource, "url") else { return found };
        if url.value.contains("jdbc:h2") || url.value.contains("jdbc:mysql") {
            return found;
        }
        let hikari = yaml::child(&lines, datasource, "hikari");
        let first = yaml::children(&lines, datasource).first().copied();
        let deeper = first.map_or(2, |first| first.indent - datasource.indent);
        let has =
            |key: &str| hikari.is_some_and(|hikari| yaml::child(&lines, hikari, key).is_some());
        let needs_threshold = self.target.loses_statements()
            && !has("data-source-properties")
            && !url.value.contains("prepareThreshold");
        let size = format!("maximum-pool-size: {}", self.target.limit);
        if !has("maximum-pool-size") {
            let inside = hikari.and_then(|hikari| yaml::children(&lines, hikari).first().copied());
            let piece = if let Some(inside) = inside {
                insert(inside.at, self.line(inside, &size))
            } else {
                let blank = " ".repeat(deeper);
                let mut text = self.line(url, "hikari:");
                text.push_str(&self.line(url, &format!("{blank}{size}")));
                if needs_threshold {
                    text.push_str(&self.line(url, &format!("{blank}data-source-properties:")));
                    text.push_str(&self.line(url, &format!("{blank}{blank}prepareThreshold: 0")));
                }
                self.after(url.number, &text)
            };
            found.push(self.hikari_size(url.number).fixed(self.text, vec![piece]).into());
        }
        if needs_threshold {
            // The block above brings it, where there was none.
            let inside = hikari.and_then(|hikari| yaml::children(&lines, hikari).first().copied());
            let pieces = inside.map(|inside| {
                let blank = " ".repeat(deeper);
                let mut text = self.line(inside, "data-source-properties:");
                text.push_str(&self.line(inside, &format!("{blank}prepareThreshold: 0")));
                insert(inside.at, text)
            });
            if let Some(piece) = pieces {
                found.push(self.named(url.number, JDBC).fixed(self.text, vec![piece]).into());
            } else if has("maximum-pool-size") {
                found.push(self.named(url.number, JDBC).into());
            }
        }
        let flyway = spring.and_then(|spring| yaml::child(&lines, spring, "flyway"));
        let has_url = flyway.is_some_and(|flyway| yaml::child(&lines, flyway, "url").is_some());
        found.extend(self.flyway(url.number, has_url));
        found
    }

    /// `"Default": "Host=…;Database=…"`
    fn net(&self) -> Vec<Sighted> {
        let Some(json) = Script::json(self.text) else { return Vec::new() };
        let mut found = Vec::new();
        for pair in json.of_kind("pair") {
            let Some(value) = pair.child_by_field_name("value") else { continue };
            let Some(text) = json.string(value) else { continue };
            let lower = text.to_ascii_lowercase();
            let is_ours = matches!(json.path(pair).as_slice(), ["ConnectionStrings", _])
                && lower.contains("host=")
                && lower.contains("database=");
            if !is_ours || lower.contains("no reset on close=true") {
                continue;
            }
            // The parser reads the text with a bracket before it.
            let end = (value.end_byte() - 1).saturating_sub(1);
            let end = end + self.text.len() - self.text.trim_start_matches('\u{feff}').len();
            let gap = if text.ends_with(';') { "" } else { ";" };
            let finding = features::found(Feature::Set, (self.path, line(pair)))
                .named("Npgsql resets the session when a connection is closed.")
                .because(
                    "Behind a pool in transaction mode the reset reaches any connection, and costs a round trip. \
                     No Reset On Close=true leaves it out.",
                )
                .fixed(self.text, vec![insert(end, format!("{gap}No Reset On Close=true"))]);
            found.push(finding.into());
        }
        found
    }
}

const JDBC: &str = "The driver prepares statements by name after five runs.";
