//! TypeScript and JavaScript that talk to PostgreSQL without Prisma: node-postgres, postgres.js, Drizzle, Knex,
//! Sequelize, `TypeORM`; and what any of them asks of a session.

use std::path::Path;

use tree_sitter::Node;

use crate::{
    domain::project::{Feature, Kind, Library, Target},
    project::script::{Script, children, line},
};

use super::{
    code::{Code, first_argument, has_option, kept, object_has},
    features,
    found::{Found, insert, replace},
    script_edit::{object_with, options_with},
};

/// A finding that holds where its package has one of these libraries; any, where none is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighted {
    pub found: Found,
    pub needs: &'static [Library],
}

impl From<Found> for Sighted {
    fn from(found: Found) -> Self {
        Self { found, needs: &[] }
    }
}

/// A name of another module, as this file calls it.
struct Binding<'a> {
    module: &'a str,
    /// `default`, `*`, or the name it is exported under.
    imported: &'a str,
    local: &'a str,
}

struct File<'a> {
    path: &'a Path,
    script: &'a Script,
    target: &'a Target,
    bindings: Vec<Binding<'a>>,
}

pub fn read(path: &Path, script: &Script, target: &Target, code: &mut Code) {
    let file = File { path, script, target, bindings: bindings(script) };
    for node in script.nodes() {
        match node.kind() {
            "new_expression" => file.made(node, code),
            "call_expression" => file.called(node, code),
            "object" => file.object(node, code),
            _ => {} // makes and asks nothing
        }
    }
}

fn bindings(script: &Script) -> Vec<Binding<'_>> {
    let mut found = Vec::new();
    for node in script.of_kind("import_statement") {
        let module = node.child_by_field_name("source").and_then(|source| script.string(source));
        let clause = children(node).find(|child| child.kind() == "import_clause");
        let (Some(module), Some(clause)) = (module, clause) else { continue };
        for part in children(clause) {
            match part.kind() {
                "identifier" => {
                    found.push(Binding { module, imported: "default", local: script.text(part) });
                }
                "namespace_import" => found.extend(children(part).map(|name| Binding {
                    module,
                    imported: "*",
                    local: script.text(name),
                })),
                "named_imports" => found.extend(children(part).filter_map(|one| {
                    let imported = script.text(one.child_by_field_name("name")?);
                    let alias = one.child_by_field_name("alias").map(|alias| script.text(alias));
                    Some(Binding { module, imported, local: alias.unwrap_or(imported) })
                })),
                _ => {} // a comment
            }
        }
    }
    for node in script.of_kind("variable_declarator") {
        found.extend(required(script, node).into_iter().flatten());
    }
    found
}

/// `const pg = require('pg')`, `const { Pool } = require('pg')`, `const knex = require('knex')(…)`
fn required<'a>(script: &'a Script, node: Node<'_>) -> Option<Vec<Binding<'a>>> {
    let value = node.child_by_field_name("value")?;
    let module = require_of(script, value)?;
    let name = node.child_by_field_name("name")?;
    Some(match name.kind() {
        "identifier" => vec![Binding { module, imported: "default", local: script.text(name) }],
        "object_pattern" => children(name)
            .filter(|part| part.kind() == "shorthand_property_identifier_pattern")
            .map(|part| Binding { module, imported: script.text(part), local: script.text(part) })
            .collect(),
        _ => return None, // taken apart in another way
    })
}

fn require_of<'a>(script: &'a Script, node: Node<'_>) -> Option<&'a str> {
    let function = node.child_by_field_name("function")?;
    (script.text(function) == "require").then_some(())?;
    script.string(node.child_by_field_name("arguments")?.named_child(0)?)
}

impl File<'_> {
    /// Is this expression what `module` exports as `name`?
    fn is(&self, node: Node<'_>, module: &str, name: &str) -> bool {
        match node.kind() {
            "identifier" => self.bindings.iter().any(|binding| {
                binding.module == module
                    && binding.local == self.script.text(node)
                    && (binding.imported == name
                        || (name == "default" && matches!(binding.imported, "*" | "default")))
            }),
            "member_expression" => {
                let parts =
                    node.child_by_field_name("object").zip(node.child_by_field_name("property"));
                parts.is_some_and(|(object, property)| {
                    self.script.text(property) == name && self.is(object, module, "default")
                })
            }
            "call_expression" => name == "default" && require_of(self.script, node) == Some(module),
            _ => false, // no name
        }
    }

    fn push(&self, code: &mut Code, found: Found) {
        code.sighted.push(found.into());
    }

    fn found(&self, kind: Kind, node: Node<'_>, what: &str, why: impl Into<String>) -> Found {
        Found::new(kind, (self.path, line(node)), what, why)
    }

    fn made(&self, node: Node<'_>, code: &mut Code) {
        let Some(constructor) = node.child_by_field_name("constructor") else { return };
        if self.is(constructor, "pg", "Pool") {
            self.client(node, Library::NodePostgres, "A pool is made for each request.", code);
            self.limit(node, "max", "The pool has no max.", code);
            self.sign_in_settings(node, code);
        } else if self.is(constructor, "pg", "Client") {
            let made = kept(self.script, node, Library::NodePostgres);
            if made.per_request {
                let why = "Each one signs in anew, and the pool of the database lends it a connection at once. \
                           Take one from a Pool that is made once.";
                let what = "A connection is opened for each request.";
                self.push(code, self.found(Kind::Clients, node, what, why));
            }
            self.sign_in_settings(node, code);
        } else if self.is(constructor, "sequelize", "Sequelize")
            || self.is(constructor, "sequelize-typescript", "Sequelize")
        {
            self.client(node, Library::Sequelize, "A Sequelize is made for each request.", code);
        } else if self.is(constructor, "typeorm", "DataSource") {
            self.client(node, Library::TypeOrm, "A DataSource is made for each request.", code);
            self.type_orm(node, code);
        }
    }

    fn client(&self, node: Node<'_>, library: Library, each: &str, code: &mut Code) {
        let made = kept(self.script, node, library);
        if made.per_request {
            let why = "Each one opens connections of its own. Make one in a module and import it.";
            self.push(code, self.found(Kind::Clients, node, each, why));
        }
        code.clients.push(made);
    }

    fn limit(&self, node: Node<'_>, key: &str, what: &str, code: &mut Code) {
        if has_option(self.script, node, key) {
            return;
        }
        let pieces = options_with(self.script, node, key, &code.style.limit(self.target.limit));
        let why = format!(
            "It opens up to 10 connections in each instance; step 5 counts {} behind the pool.",
            self.target.limit
        );
        let found = self.found(Kind::Limits, node, what, why).fixed(self.script.whole(), pieces);
        self.push(code, found);
    }

    /// What node-postgres sends at sign-in.
    fn sign_in_settings(&self, node: Node<'_>, code: &mut Code) {
        const SENT: [&str; 4] =
            ["options", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"];
        let Some(options) = first_argument(node).filter(|first| first.kind() == "object") else {
            return;
        };
        for pair in children(options).filter(|child| child.kind() == "pair") {
            if let Some(key) = self.script.key(pair).filter(|key| SENT.contains(key)) {
                let what = format!("{key} is sent at sign-in.");
                let found = features::found(Feature::StartupParameter, (self.path, line(pair)));
                self.push(code, found.named(what));
            }
        }
    }

    fn type_orm(&self, node: Node<'_>, code: &mut Code) {
        let Some(options) = first_argument(node).filter(|first| first.kind() == "object") else {
            return;
        };
        let is_postgres = children(options).any(|pair| {
            self.script.key(pair) == Some("type")
                && pair.child_by_field_name("value").and_then(|value| self.script.string(value))
                    == Some("postgres")
        });
        if !is_postgres
            || object_has(self.script, options, "poolSize")
            || object_has(self.script, options, "extra")
        {
            return;
        }
        let value = code.style.limit(self.target.limit);
        let why = format!(
            "It opens up to 10 connections in each instance; step 5 counts {} behind the pool.",
            self.target.limit
        );
        let found = self
            .found(Kind::Limits, node, "The DataSource has no poolSize.", why)
            .fixed(self.script.whole(), object_with(self.script, options, "poolSize", &value));
        self.push(code, found);
    }

    fn called(&self, node: Node<'_>, code: &mut Code) {
        let Some(function) = node.child_by_field_name("function") else { return };
        if self.is(function, "postgres", "default") {
            self.client(node, Library::PostgresJs, "A client is made for each request.", code);
            self.postgres_js(node, code);
        } else if self.is(function, "knex", "default") || self.is(function, "knex", "knex") {
            self.client(node, Library::Knex, "A Knex is made for each request.", code);
        } else if self.is_drizzle(function) {
            self.drizzle(node, code);
        }
        let property = function.child_by_field_name("property").map(|name| self.script.text(name));
        match property {
            Some("listen") if self.first_text(node).is_some() => {
                self.feature_of(&[Library::PostgresJs], Feature::Listen, node, code);
            }
            Some("prepare") if self.first_text(node).is_some_and(|name| !name.contains(' ')) => {
                self.feature_of(&[Library::Drizzle], Feature::NamedStatement, node, code);
            }
            Some("query") => {
                let named = first_argument(node).filter(|first| first.kind() == "object");
                if named.is_some_and(|object| {
                    object_has(self.script, object, "name")
                        && object_has(self.script, object, "text")
                }) {
                    self.feature(Feature::NamedStatement, node, code);
                }
            }
            _ => {} // nothing that lasts
        }
        self.sql(node, code);
    }

    fn is_drizzle(&self, function: Node<'_>) -> bool {
        ["drizzle-orm/node-postgres", "drizzle-orm/postgres-js"]
            .iter()
            .any(|module| self.is(function, module, "drizzle"))
    }

    /// With a URL of its own, Drizzle makes the pool, and nothing sets its limit.
    fn drizzle(&self, node: Node<'_>, code: &mut Code) {
        let url = first_argument(node).filter(|first| {
            self.script.variable(*first).is_some() || self.script.string(*first).is_some()
        });
        if url.is_some() {
            let why = format!(
                "Drizzle makes it from the URL, with up to 10 connections in each instance; step 5 counts {0} behind \
                 the pool. Make it yourself and hand it in: drizzle(new Pool({{ connectionString, max: {0} }})).",
                self.target.limit
            );
            self.push(code, self.found(Kind::Limits, node, "Drizzle's pool has no limit.", why));
        }
    }

    fn postgres_js(&self, node: Node<'_>, code: &mut Code) {
        let Some(arguments) = node.child_by_field_name("arguments") else { return };
        let mut given = children(arguments).filter(|child| child.kind() != "comment");
        let (first, second) = (given.next(), given.next());
        let options = [second, first].into_iter().flatten().find(|given| given.kind() == "object");
        let has = |key: &str| match (options, second) {
            (Some(options), _) => object_has(self.script, options, key),
            // Options in a variable may well have it.
            (None, second) => second.is_some(),
        };
        let says = |key: &str| {
            first.and_then(|url| self.script.string(url)).is_some_and(|url| url.contains(key))
        };
        let limit = code.style.limit(self.target.limit);
        let with = |pairs: &[(&str, &str)]| match (options, first) {
            (Some(options), _) => pairs
                .iter()
                .flat_map(|(key, value)| object_with(self.script, options, key, value))
                .collect(),
            (None, Some(url)) => {
                let pairs: Vec<String> =
                    pairs.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                vec![insert(url.end_byte(), format!(", {{ {} }}", pairs.join(", ")))]
            }
            (None, None) => Vec::new(),
        };
        let (no_prepare, no_max) = (
            self.target.loses_statements() && !has("prepare") && !says("prepare="),
            !has("max") && !says("max="),
        );
        if no_prepare {
            let mut pairs = vec![("prepare", "false")];
            if no_max && options.is_none() {
                pairs.push(("max", &limit));
            }
            let found = features::found(Feature::NamedStatement, (self.path, line(node)))
                .named("postgres.js prepares statements by name.");
            self.push(code, found.fixed(self.script.whole(), with(&pairs)));
        }
        if no_max && !(no_prepare && options.is_none()) {
            let why = format!(
                "It opens up to 10 connections in each instance; step 5 counts {} behind the pool.",
                self.target.limit
            );
            let found = self.found(Kind::Limits, node, "postgres.js has no max.", why);
            self.push(code, found.fixed(self.script.whole(), with(&[("max", &limit)])));
        }
    }

    fn feature(&self, feature: Feature, node: Node<'_>, code: &mut Code) {
        self.push(code, features::found(feature, (self.path, line(node))));
    }

    fn feature_of(
        &self,
        needs: &'static [Library],
        feature: Feature,
        node: Node<'_>,
        code: &mut Code,
    ) {
        let found = features::found(feature, (self.path, line(node)));
        code.sighted.push(Sighted { found, needs });
    }

    fn first_text(&self, node: Node<'_>) -> Option<&str> {
        first_argument(node).and_then(|first| self.script.string(first))
    }

    /// SQL that is handed to the client.
    fn sql(&self, node: Node<'_>, code: &mut Code) {
        let name = node.child_by_field_name("function").map(|name| self.script.text(name));
        // The grammar takes a type before a template for a part of the name.
        let name = name.and_then(|name| name.split('<').next()?.rsplit('.').next());
        let Some(arguments) = node.child_by_field_name("arguments") else { return };
        let sql = if arguments.kind() == "template_string" {
            Some(arguments)
        } else {
            first_argument(node)
        };
        let Some(sql) = sql.filter(|sql| matches!(sql.kind(), "string" | "template_string")) else {
            return;
        };
        if !name.is_some_and(|name| features::TAKES_SQL.contains(&name)) {
            return;
        }
        let text = self.script.text(sql);
        let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
        for found in features::in_sql(inner, (self.path, line(sql))) {
            self.push(code, found);
        }
    }

    /// A configuration object that a tool reads: Knex's, Drizzle's.
    fn object(&self, node: Node<'_>, code: &mut Code) {
        let name = self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("drizzle.config.") {
            self.drizzle_config(node, code);
        } else if self.is_knex(node) {
            self.knex(node, code);
        }
    }

    fn pair<'n>(&self, object: Node<'n>, key: &str) -> Option<Node<'n>> {
        children(object).find(|pair| pair.kind() == "pair" && self.script.key(*pair) == Some(key))
    }

    fn drizzle_config(&self, node: Node<'_>, code: &mut Code) {
        let url = self
            .pair(node, "dbCredentials")
            .and_then(|pair| pair.child_by_field_name("value"))
            .and_then(|value| self.pair(value, "url"));
        let Some(url) = url else { return };
        let value = url.child_by_field_name("value");
        let variable = value.and_then(|value| self.script.variable(value));
        if variable == Some(self.target.direct_key.as_str()) {
            return;
        }
        let pieces: Vec<_> = value
            .filter(|_| variable == Some(self.target.pooled_key.as_str()))
            .and_then(|value| Script::variable_name(value))
            .map(|range| vec![replace(range, self.target.direct_key.clone())])
            .unwrap_or_default();
        let what = match variable {
            Some(variable) => format!("drizzle-kit reads {variable}."),
            None => "drizzle-kit's URL is no plain variable.".to_owned(),
        };
        let why = format!(
            "drizzle-kit runs migrations, and they need the direct URL: {}. The app keeps the pooled one.",
            self.target.direct_key
        );
        let found = self.found(Kind::Migrations, url, &what, why);
        self.push(code, found.fixed(self.script.whole(), pieces));
    }

    fn is_knex(&self, object: Node<'_>) -> bool {
        let client = self.pair(object, "client").and_then(|pair| pair.child_by_field_name("value"));
        let is_postgres = client
            .and_then(|client| self.script.string(client))
            .is_some_and(|client| matches!(client, "pg" | "postgres" | "postgresql"));
        is_postgres && self.pair(object, "connection").is_some()
    }

    fn knex(&self, object: Node<'_>, code: &mut Code) {
        if let Some(path) = self.pair(object, "searchPath") {
            let found = features::found(Feature::Set, (self.path, line(path)))
                .named("searchPath is set once for each connection.");
            self.push(code, found);
        }
        let why = "Idle connections of every instance keep places of the database. With min: 0 they are given back.";
        let limit = self.target.limit;
        match self.pair(object, "pool").and_then(|pool| pool.child_by_field_name("value")) {
            None if object_has(self.script, object, "pool") => {} // in a variable
            None => {
                let value = format!("{{ min: 0, max: {} }}", code.style.limit(limit));
                let pieces = object_with(self.script, object, "pool", &value);
                let what = "Knex keeps 2 connections open and goes up to 10.";
                let found = self.found(Kind::Limits, object, what, why);
                self.push(code, found.fixed(self.script.whole(), pieces));
            }
            Some(pool) => {
                let min = self.pair(pool, "min").and_then(|min| min.child_by_field_name("value"));
                if let Some(min) = min.filter(|min| self.script.text(*min) != "0") {
                    let what = format!("Knex keeps {} connections open.", self.script.text(min));
                    let found = self.found(Kind::Limits, min, &what, why);
                    let pieces = vec![replace(min.byte_range(), "0")];
                    self.push(code, found.fixed(self.script.whole(), pieces));
                }
            }
        }
    }
}
