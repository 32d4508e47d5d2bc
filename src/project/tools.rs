//! Finds the programs that migrate the project's database: by their files, with the command and the variables of each.

mod node;
mod others;
mod places;

use std::{collections::BTreeMap, path::Path};

use crate::{
    domain::migration::tool::{
        Found, Tool,
        command::quoted,
        variable::{Form, Variable},
    },
    project::{
        command::is_there,
        tools::places::{Places, names_in},
    },
};

/// The tools of the project at `root`. `keys` are the variables that the set-up writes, pooled and direct: a program
/// that reads an env file must find both set already.
pub fn find(root: &Path, keys: (&str, &str)) -> Vec<Found> {
    let places = Places::of(root);
    let mut found = node::find(&places);
    found.extend(others::find(&places));
    for one in &mut found {
        complete(one, &places, keys);
    }
    found.sort_by_key(|one| (one.folder.components().count(), one.folder.clone(), one.tool));
    found
}

/// What every tool gets: its own variables, those of the set-up, and each in the form that the env files show.
fn complete(found: &mut Found, places: &Places, keys: (&str, &str)) {
    let url = if found.tool == Tool::Prisma { Form::PrismaUrl } else { Form::Url };
    let always = [keys.0, keys.1, "DATABASE_URL", "DIRECT_URL"];
    let known: Vec<Variable> = found
        .variables
        .drain(..)
        .chain(found.tool.variables())
        .chain(always.map(|name| Variable::new(name, url)))
        .collect();
    let mut variables: BTreeMap<String, Variable> = BTreeMap::new();
    for mut variable in known {
        if variable.form == Form::Url {
            let spelled = places
                .scheme_of(&found.folder, &variable.name)
                .and_then(|scheme| Form::of_scheme(&scheme));
            variable.form = spelled.unwrap_or(url);
        }
        variables.entry(variable.name.clone()).or_insert(variable);
    }
    found.variables = variables.into_values().collect();
    let folder = places.root.join(&found.folder);
    let words: Vec<&str> = found.command.split(' ').collect();
    found.installed = match words.as_slice() {
        ["npx", "--no", name, ..] => {
            is_there(&folder, "npx") && places.has_binary(&found.folder, name)
        }
        [program, ..] => is_there(&folder, program),
        [] => false,
    };
}

/// A tool as it is before [`complete`].
fn found(tool: Tool, folder: &Path, evidence: Vec<String>) -> Found {
    Found {
        tool,
        folder: folder.to_owned(),
        evidence,
        command: tool.command().to_owned(),
        status: tool.status().map(str::to_owned),
        variables: Vec::new(),
        installed: false,
        elsewhere: None,
        scripts: BTreeMap::new(),
    }
}

/// Adds arguments to both commands.
fn with(found: &mut Found, arguments: &[&str]) {
    let added: String = arguments.iter().map(|argument| format!(" {}", quoted(argument))).collect();
    found.command.push_str(&added);
    if let Some(status) = &mut found.status {
        status.push_str(&added);
    }
}

/// Puts another program before the arguments of both commands.
fn through(found: &mut Found, old: &str, new: &str) {
    for command in std::iter::once(&mut found.command).chain(&mut found.status) {
        if let Some(rest) = command.strip_prefix(old) {
            *command = format!("{new}{rest}");
        }
    }
}

/// The variables of a PostgreSQL database that a text names in quotes.
fn variables(text: &str) -> Vec<Variable> {
    names_in(text).into_iter().filter_map(|name| Variable::by_name(&name)).collect()
}
