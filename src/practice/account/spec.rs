//! App specs: what is accepted, secrets sealed on their first submission, variables resolved at a deployment.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value, json};

use crate::{domain::secret::Secret, practice::cluster::OWNER};

use super::{
    call::Refusal,
    connection::{self, Login, Spot},
    databases::{CLUSTER_NAME, Databases},
    pools,
};

/// Lists of components that have variables.
const COMPONENTS: [&str; 5] = ["services", "workers", "jobs", "functions", "static_sites"];

/// Sealed values and what they stand for. Only the account can open one.
#[derive(Debug, Default)]
pub(super) struct Vault {
    sealed: Vec<(String, Secret)>,
}

impl Vault {
    /// The spec as it is stored: every new secret sealed, those that come back sealed left as they are.
    pub(super) fn sealed(&mut self, spec: &Value) -> Result<Value, Refusal> {
        let mut spec = spec.clone();
        for variable in variables_mut(&mut spec) {
            if variable.get("type").and_then(Value::as_str) != Some("SECRET") {
                continue;
            }
            let value = variable.get("value").and_then(Value::as_str).unwrap_or_default();
            let stored = if value.starts_with("EV[") {
                if self.opened(value).is_none() {
                    return Err(invalid(
                        "envs.value",
                        "the encrypted value is not one of this app",
                    ));
                }
                continue;
            } else if value.is_empty() {
                // The old value is gone: this is how people lose them.
                String::new()
            } else {
                self.seal(value)
            };
            variable.insert("value".to_owned(), json!(stored));
        }
        Ok(spec)
    }

    pub(super) fn seal(&mut self, value: &str) -> String {
        // It can't be told from an encrypted text, and is not one: the value stays in memory.
        let random = |bytes: usize| {
            let mut text = Vec::new();
            while text.len() < bytes {
                text.extend_from_slice(uuid::Uuid::new_v4().as_bytes());
            }
            text.truncate(bytes);
            BASE64.encode(text)
        };
        let sealed = format!("EV[1:{}:{}]", random(24), random(value.len() + 16));
        self.sealed.push((sealed.clone(), Secret::new(value)));
        sealed
    }

    fn opened(&self, sealed: &str) -> Option<&Secret> {
        self.sealed.iter().find(|(text, _)| text == sealed).map(|(_, value)| value)
    }
}

/// What the account checks before it stores or prices a spec.
pub(super) fn check(spec: &Value, databases: &Databases) -> Result<(), Refusal> {
    let spec = spec.as_object().ok_or_else(|| invalid("spec", "is required"))?;
    check_name(spec, "name")?;
    let mut names = Vec::new();
    for kind in COMPONENTS {
        for component in list(spec, kind) {
            check_name(component, kind)?;
            names.push(component.get("name"));
            for variable in list(component, "envs") {
                check_variable(variable)?;
            }
        }
    }
    for variable in list(spec, "envs") {
        check_variable(variable)?;
    }
    for database in list(spec, "databases") {
        check_name(database, "databases")?;
        names.push(database.get("name"));
        check_database(database, databases)?;
    }
    let unique: std::collections::BTreeSet<_> =
        names.iter().map(|name| name.and_then(Value::as_str)).collect();
    if unique.len() < names.len() {
        return Err(invalid("name", "component names must be unique"));
    }
    Ok(())
}

fn check_name(of: &Map<String, Value>, field: &str) -> Result<(), Refusal> {
    let name = of.get("name").and_then(Value::as_str).unwrap_or_default();
    let is_plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let begins_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    if (2..=32).contains(&name.len()) && is_plain && begins_well && !name.ends_with('-') {
        Ok(())
    } else {
        Err(invalid(&format!("{field}.name"), "must match ^[a-z][a-z0-9-]{0,30}[a-z0-9]$"))
    }
}

fn check_variable(variable: &Map<String, Value>) -> Result<(), Refusal> {
    let key = variable.get("key").and_then(Value::as_str).unwrap_or_default();
    let is_name = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if key.is_empty() || !is_name || key.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(invalid("envs.key", "must match ^[_A-Za-z][_A-Za-z0-9]*$"));
    }
    let one_of = |field: &str, words: &[&str]| match variable.get(field) {
        None => Ok(()),
        Some(word) if word.as_str().is_some_and(|word| words.contains(&word)) => Ok(()),
        Some(_) => {
            Err(invalid(&format!("envs.{field}"), &format!("must be one of {}", words.join(", "))))
        }
    };
    one_of("scope", &["UNSET", "RUN_TIME", "BUILD_TIME", "RUN_AND_BUILD_TIME"])?;
    one_of("type", &["GENERAL", "SECRET"])
}

fn check_database(database: &Map<String, Value>, databases: &Databases) -> Result<(), Refusal> {
    let text = |key: &str| database.get(key).and_then(Value::as_str);
    if text("cluster_name") != Some(CLUSTER_NAME) {
        return Err(invalid("databases.cluster_name", "database cluster not found"));
    }
    if text("db_name").is_some_and(|name| !databases.names.iter().any(|known| known == name)) {
        return Err(invalid("databases.db_name", "database not found"));
    }
    if text("db_user").is_some_and(|user| databases.cluster.password(user).is_none()) {
        return Err(invalid("databases.db_user", "database user not found"));
    }
    Ok(())
}

fn invalid(field: &str, why: &str) -> Refusal {
    Refusal::BadRequest(format!("error validating app spec field \"{field}\": {why}"))
}

/// A service's variable at run time: its own value before the app's, bindings filled in.
pub(super) fn resolved(
    spec: &Value,
    service: &Map<String, Value>,
    key: &str,
    vault: &Vault,
    databases: &Databases,
) -> Option<Secret> {
    let spec = spec.as_object()?;
    let at_run_time = |variable: &&Map<String, Value>| {
        variable.get("key").and_then(Value::as_str) == Some(key)
            && variable.get("scope").and_then(Value::as_str) != Some("BUILD_TIME")
    };
    let variable =
        list(service, "envs").find(at_run_time).or_else(|| list(spec, "envs").find(at_run_time))?;
    let value = variable.get("value").and_then(Value::as_str).unwrap_or_default();
    // It goes into the app's environment, where it belongs.
    let value = vault.opened(value).map_or(value, |opened| opened.expose());
    Some(bound(value, |name| binding(name, spec, databases)))
}

/// Fills in every `${…}` that is known; others stay as they are, as on the App Platform.
fn bound(text: &str, value_of: impl Fn(&str) -> Option<Secret>) -> Secret {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${") {
        filled.push_str(before);
        let Some((name, after)) = from.split_once('}') else {
            filled.push_str("${");
            rest = from;
            continue;
        };
        if let Some(value) = value_of(name) {
            // It becomes part of another secret.
            filled.push_str(value.expose());
        } else {
            filled.push_str("${");
            filled.push_str(name);
            filled.push('}');
        }
        rest = after;
    }
    filled.push_str(rest);
    Secret::new(filled)
}

/// `db.DATABASE_URL` or `db.pool.DATABASE_URL`, over the private network.
fn binding(name: &str, spec: &Map<String, Value>, databases: &Databases) -> Option<Secret> {
    let parts: Vec<&str> = name.split('.').collect();
    let component = parts.first()?;
    let database = list(spec, "databases")
        .find(|database| database.get("name").and_then(Value::as_str) == Some(component))?;
    let text = |key: &str| database.get(key).and_then(Value::as_str);
    let cluster = &databases.cluster;
    let (spot, path, login, key) = match parts.as_slice() {
        [_, key] => {
            let user = text("db_user").unwrap_or(OWNER);
            let path = text("db_name").unwrap_or("defaultdb");
            let login = Login::role(user, cluster.password(user));
            (Spot::private_direct(cluster), path, login, *key)
        }
        [_, pool, key] => {
            let pool = pools::named(cluster, pool)?;
            let path = pool.name.as_str();
            (Spot::private_pooled(cluster), path, pools::login(cluster, pool), *key)
        }
        _ => return None, // no other form is known
    };
    let (user, password) = match login {
        Login::Role(user, password) => (user.to_owned(), password.clone()),
        Login::Inbound => (String::new(), Secret::new("")),
    };
    match key {
        "DATABASE_URL" => Some(connection::uri(spot, path, login)),
        "HOSTNAME" => Some(Secret::new(spot.host)),
        "PORT" => Some(Secret::new(spot.port.to_string())),
        "USERNAME" => Some(Secret::new(user)),
        "PASSWORD" => Some(password),
        "DATABASE" => Some(Secret::new(path)),
        "CA_CERT" => Some(Secret::new(cluster.ca())),
        _ => None, // the App Platform has no others
    }
}

/// The objects of a list; what is none is passed over.
pub(super) fn list<'a>(
    of: &'a Map<String, Value>,
    key: &str,
) -> impl Iterator<Item = &'a Map<String, Value>> {
    of.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

fn variables_mut(spec: &mut Value) -> Vec<&mut Map<String, Value>> {
    let mut found = Vec::new();
    let Some(spec) = spec.as_object_mut() else { return found };
    for (key, value) in spec.iter_mut() {
        let Some(items) = value.as_array_mut() else { continue };
        if key == "envs" {
            found.extend(items.iter_mut().filter_map(Value::as_object_mut));
        } else if COMPONENTS.contains(&key.as_str()) {
            let components = items.iter_mut().filter_map(Value::as_object_mut);
            let envs = components.filter_map(|of| of.get_mut("envs").and_then(Value::as_array_mut));
            found.extend(envs.flatten().filter_map(Value::as_object_mut));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_sealed_once_and_kept_when_it_comes_back() {
        let mut vault = Vault::default();
        let spec = json!({
            "name": "web",
            "envs": [{ "key": "A", "value": "canary", "type": "SECRET" }],
            "services": [{ "name": "web", "envs": [{ "key": "B", "value": "plain" }] }],
        });
        let stored = vault.sealed(&spec).unwrap();
        let sealed = stored.pointer("/envs/0/value").and_then(Value::as_str).unwrap();
        assert!(sealed.starts_with("EV[1:") && sealed.ends_with(']'), "{sealed}");
        assert_eq!(vault.opened(sealed).map(Secret::expose), Some("canary"));
        assert_eq!(stored.pointer("/services/0/envs/0/value"), Some(&json!("plain")));

        assert_eq!(vault.sealed(&stored).unwrap(), stored);
    }

    #[test]
    fn somebody_elses_sealed_value_is_refused() {
        let spec =
            json!({ "envs": [{ "key": "A", "value": "EV[1:eA==:eA==]", "type": "SECRET" }] });
        assert!(matches!(Vault::default().sealed(&spec), Err(Refusal::BadRequest(_))));
    }

    #[test]
    fn text_around_bindings_stays_and_unknown_ones_too() {
        let value_of = |name: &str| (name == "db.URL").then(|| Secret::new("u"));
        let check = |text: &str, wanted: &str| {
            assert_eq!(bound(text, value_of).expose(), wanted, "{text}");
        };
        check("${db.URL}&limit=5", "u&limit=5");
        check("a${db.URL}b${db.URL}", "aubu");
        check("${other.URL}", "${other.URL}");
        check("${db.URL", "${db.URL");
        check("", "");
    }
}
