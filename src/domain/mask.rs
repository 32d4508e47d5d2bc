//! What the record of a request may show: bodies and sentences with their secrets masked.

use serde_json::Value;

use crate::domain::secret::MASK;

/// Fields whose value is a secret, wherever they stand.
const SECRET_FIELDS: &[&str] = &[
    "api_key",
    "ca_cert",
    "endpoint",
    "key",
    "password",
    "registry_credentials",
    "repo_clone_url",
    "secret",
    "token",
    "uri",
];

/// A request's body as the history shows it.
pub fn body(body: &Value) -> String {
    masked(body, None).to_string()
}

fn masked(value: &Value, field: Option<&str>) -> Value {
    match value {
        Value::Object(fields) => {
            let variable = fields.contains_key("key") && fields.contains_key("value");
            let fields = fields.iter().map(|(name, value)| {
                let shown = match (variable, name.as_str(), value) {
                    (true, "key", _) => value.clone(),
                    (true, "value", Value::String(text)) => Value::String(variable_value(text)),
                    _ => masked(value, Some(name)), // any other field goes by its name
                };
                (name.clone(), shown)
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.iter().map(|item| masked(item, field)).collect(),
        Value::String(value) if field.is_some_and(|name| SECRET_FIELDS.contains(&name)) => {
            Value::String(if value.is_empty() { String::new() } else { MASK.to_owned() })
        }
        Value::String(value) => Value::String(text(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Of an app's variables only bindings are shown, with the parameters behind them that are settings.
fn variable_value(value: &str) -> String {
    let tail = value.strip_prefix("${").and_then(|rest| rest.split_once('}')).map(|(_, tail)| tail);
    match tail {
        Some(tail) if is_settings(tail) => value.to_owned(),
        Some(_) | None => MASK.to_owned(),
    }
}

/// `&connection_limit=5&pgbouncer=true`: each a number or a switch, and no password by its name.
fn is_settings(tail: &str) -> bool {
    let is_setting = |parameter: &str| {
        parameter.split_once('=').is_some_and(|(key, value)| {
            let harmless = matches!(value, "true" | "false" | "require" | "verify-full")
                || (value.len() < 6 && value.bytes().all(|byte| byte.is_ascii_digit()));
            harmless && !key.contains("pass")
        })
    };
    tail.is_empty()
        || tail.strip_prefix(['&', '?']).is_some_and(|rest| rest.split('&').all(is_setting))
}

/// A sentence of the provider's: words that look like a secret are masked, control characters escaped, the rest capped.
pub fn text(said: &str) -> String {
    const LONGEST: usize = 2000;
    let words: Vec<String> = said
        .split(' ')
        .map(|word| if looks_secret(word) { MASK.to_owned() } else { visible(word) })
        .collect();
    let whole = words.join(" ");
    match whole.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", whole.get(..at).unwrap_or_default()),
        None => whole,
    }
}

/// A token, an encrypted value, a generated password, or a URL with a user in it.
fn looks_secret(word: &str) -> bool {
    ["dop_v1_", "doo_v1_", "dor_v1_", "EV[", "AVNS_"].iter().any(|mark| word.contains(mark))
        || word.split_once("://").is_some_and(|(_, rest)| rest.contains('@'))
}

/// Text from outside can't fake the interface: no control and no direction-changing characters.
pub fn visible(word: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    word.chars()
        .flat_map(|c| if hidden(c) { c.escape_default().collect() } else { vec![c] })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_spec_shows_bindings_and_no_secret() {
        let spec = json!({"spec": {
            "name": "shop-web",
            "services": [{
                "name": "web",
                "git": {"repo_clone_url": "https://x:canary@git.example/shop.git"},
                "envs": [
                    {"key": "DATABASE_URL", "value": "${db.shop-pool.DATABASE_URL}&connection_limit=5", "scope": "RUN_TIME"},
                    {"key": "BEHIND", "value": "${APP_DOMAIN}canary"},
                    {"key": "PARAMETER", "value": "${db.DATABASE_URL}&options=canary"},
                    {"key": "MIXED", "value": "${db.HOSTNAME}&password=canary"},
                    {"key": "STRIPE", "value": "EV[1:canary:canary]", "type": "SECRET"},
                    {"key": "PLAIN", "value": "canary"},
                ],
                "log_destinations": [{"name": "a", "datadog": {"endpoint": "canary", "api_key": "canary"}}],
                "run_command": "serve --db postgres://u:canary@h/d",
            }],
        }});
        let shown = body(&spec);
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("${db.shop-pool.DATABASE_URL}&connection_limit=5"), "{shown}");
        assert!(shown.contains(r#""key":"STRIPE""#), "{shown}");
    }

    #[test]
    fn a_sentence_loses_what_looks_secret_and_what_hides() {
        assert_eq!(
            text("value \"EV[1:a:b]\" of \u{202e}X is postgres://u:p@h/d not ok\u{7}"),
            format!("value {MASK} of \\u{{202e}}X is {MASK} not ok\\u{{7}}")
        );
        assert_eq!(text("see https://docs.example/x"), "see https://docs.example/x");
        assert_eq!(text(&"x ".repeat(3000)).chars().count(), 2001);
    }

    #[test]
    fn a_pool_and_its_rules_are_shown_as_they_are() {
        let pool =
            json!({"name": "p", "mode": "transaction", "size": 11, "db": "shop", "user": "app"});
        assert_eq!(body(&pool), pool.to_string());
        let rules = json!({"rules": [{"uuid": "u", "type": "ip_addr", "value": "203.0.113.7"}]});
        assert_eq!(body(&rules), rules.to_string());
    }
}
