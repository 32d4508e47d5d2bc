//! A pool as Terraform has it. Terraform's resources for trusted sources and apps replace what they do not know, so only
//! pools have a form here.

use crate::domain::commands::{PoolRequest, Request};

/// The resource that the request would make; `None` where Terraform has none, or one that loses something.
pub fn terraform(request: &Request<'_>) -> Option<String> {
    let pool = PoolRequest::read(request)?;
    let note = if pool.is_new {
        ""
    } else {
        "# Terraform deletes the pool and makes it anew where it changes.\n"
    };
    let mut rows = vec![
        ("cluster_id", text(&pool.cluster)),
        ("name", text(&pool.name)),
        ("mode", text(&pool.mode)),
        ("size", pool.size.to_string()),
        ("db_name", text(&pool.db)),
    ];
    rows.extend(pool.user.as_deref().map(|user| ("user", text(user))));
    let rows: String = rows.iter().map(|(key, value)| format!("  {key:<10} = {value}\n")).collect();
    let label = label(&pool.name);
    Some(format!(
        "{note}resource \"digitalocean_database_connection_pool\" \"{label}\" {{\n{rows}}}"
    ))
}

/// Lets Terraform take over a pool that is there, so that its next plan is empty. Stands beside the resource.
pub fn import(request: &Request<'_>) -> Option<String> {
    let pool = PoolRequest::read(request)?;
    let id = text(&format!("{},{}", pool.cluster, pool.name));
    let label = label(&pool.name);
    Some(format!(
        "import {{\n  to = digitalocean_database_connection_pool.{label}\n  id = {id}\n}}"
    ))
}

/// A name as Terraform takes it: letters, digits, `_` and `-`, no digit or hyphen first.
fn label(name: &str) -> String {
    let label: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    if label.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        label
    } else {
        format!("pool_{label}")
    }
}

/// A string of the language, in which nothing is put in place of something else.
fn text(value: &str) -> String {
    let mut quoted = String::from('"');
    for c in value.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted.replace("${", "$${").replace("%{", "%%{")
}
