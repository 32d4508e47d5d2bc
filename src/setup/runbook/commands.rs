//! The set-up as commands: what was sent to the account, for doctl and curl; what it made, for Terraform.

use serde_json::json;

use crate::{
    domain::{
        commands::{self, Request},
        record::{Exchange, Record},
    },
    setup::facts::Facts,
};

/// The language of the commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    Doctl,
    Curl,
    Terraform,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::Doctl, Self::Curl, Self::Terraform];

    pub fn title(self) -> &'static str {
        match self {
            Self::Doctl => "doctl",
            Self::Curl => "curl",
            Self::Terraform => "Terraform",
        }
    }
}

/// Empty while there is neither cluster nor pool to tell about.
pub fn commands(language: Language, facts: &Facts, record: &Record) -> String {
    match language {
        Language::Doctl => script(&DOCTL, record),
        Language::Curl => script(&CURL, record),
        Language::Terraform => terraform(facts).unwrap_or_default(),
    }
}

/// A script for one of the command lines.
struct Script {
    head: &'static str,
    form: fn(&Request<'_>) -> Option<String>,
    /// Why there is no command for a request.
    none: fn(&Request<'_>) -> &'static str,
}

const DOCTL: Script = Script {
    head: "#!/bin/bash\n# What the set-up changed in the account, as commands for doctl. Sign in first: doctl auth init\nset -euo pipefail\n",
    form: commands::doctl,
    none: |request| {
        commands::no_doctl(request).unwrap_or("doctl has no command for it; curl can send it.")
    },
};

const CURL: Script = Script {
    head: "#!/bin/bash\n# What the set-up changed in the account, as commands for curl. The token comes from the environment.\nset -euo pipefail\n: \"${DIGITALOCEAN_TOKEN:?put a token into DIGITALOCEAN_TOKEN}\"\n",
    form: commands::curl,
    none: |_| "It has no form for curl.",
};

fn script(script: &Script, record: &Record) -> String {
    let changes = changes(record);
    let commands: String = changes.iter().map(|exchange| one(script, exchange)).collect();
    let none = if changes.is_empty() { "\n# Nothing was changed in the account.\n" } else { "" };
    format!("{}{commands}{none}", script.head)
}

fn one(script: &Script, exchange: &Exchange) -> String {
    let request =
        Request { method: &exchange.method, path: &exchange.path, body: exchange.body.as_deref() };
    let told = line(&format!(
        "{} UTC, {} {}",
        exchange.at.strftime("%-d %b %Y, %H:%M:%S"),
        exchange.method,
        exchange.path
    ));
    let unclear = match exchange.status {
        None => "# No answer came; what had become of it was looked up afterwards.\n",
        Some(_) => "",
    };
    let command =
        (script.form)(&request).unwrap_or_else(|| format!("# {}", line((script.none)(&request))));
    format!("\n# {told}\n{unclear}{command}\n")
}

/// One line of a comment.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The requests that changed something, in their order; each once, however often it had to be sent.
fn changes(record: &Record) -> Vec<&Exchange> {
    let exchanges = &record.exchanges;
    let is_change =
        |exchange: &Exchange| exchange.method != "GET" && !exchange.path.ends_with("/propose");
    let worked =
        |exchange: &Exchange| exchange.status.is_some_and(|status| (200..300).contains(&status));
    let worked_later = |at: usize, exchange: &Exchange| {
        exchanges.iter().skip(at + 1).any(|later| {
            worked(later) && (&later.method, &later.path) == (&exchange.method, &exchange.path)
        })
    };
    exchanges
        .iter()
        .enumerate()
        .filter(|(_, exchange)| is_change(exchange) && exchange.again_in.is_none())
        .filter(|(at, exchange)| {
            worked(exchange) || (exchange.status.is_none() && !worked_later(*at, exchange))
        })
        .map(|(_, exchange)| exchange)
        .collect()
}

/// The pool as it is now, with what lets Terraform take it over.
fn terraform(facts: &Facts) -> Option<String> {
    let (cluster, pool) = (facts.cluster.as_ref()?, facts.pool.as_ref()?);
    let path = format!("/v2/databases/{}/pools", cluster.cluster.id.0);
    let mut body = json!({
        "name": pool.name.as_str(),
        "mode": pool.mode.word(),
        "size": pool.size,
        "db": pool.db,
    });
    if let (Some(user), Some(fields)) = (&pool.user, body.as_object_mut()) {
        fields.insert("user".to_owned(), json!(user));
    }
    let body = body.to_string();
    let request = Request { method: "POST", path: &path, body: Some(&body) };
    let (import, resource) = (commands::import(&request)?, commands::terraform(&request)?);
    Some(format!("{TERRAFORM}\n{import}\n\n{resource}\n"))
}

const TERRAFORM: &str = r#"# The pool that the set-up made. With the import block, the first plan takes it over and changes nothing.
# A later change of its size, mode or user deletes the pool and makes it anew: its clients are cut off meanwhile.
# Trusted sources and the app are not here: their resources replace everything that they do not name.
# The token comes from the variable DIGITALOCEAN_TOKEN.
terraform {
  required_version = ">= 1.5"
  required_providers {
    digitalocean = {
      source = "digitalocean/digitalocean"
    }
  }
}
"#;
