//! What a customer can set for the whole cluster, and what the provider offers.

use serde_json::{Map, Value, json};

use crate::practice::pooler::Settings;

use super::{
    backing::Backing,
    call::{Answer, Refusal},
    databases::broken,
};

/// Major versions with their end of life, as postgresql.org has them.
const VERSIONS: [(&str, &str); 5] = [
    ("14", "2026-11-12T00:00:00Z"),
    ("15", "2027-11-11T00:00:00Z"),
    ("16", "2028-11-09T00:00:00Z"),
    ("17", "2029-11-08T00:00:00Z"),
    ("18", "2030-11-14T00:00:00Z"),
];

pub(super) fn end_of_life(major: &str) -> &'static str {
    VERSIONS.iter().find(|(version, _)| *version == major).map_or("", |(_, end)| end)
}

pub(super) fn options() -> Answer {
    let versions: Vec<&str> = VERSIONS.iter().map(|(version, _)| *version).collect();
    let availability: Vec<Value> = VERSIONS
        .iter()
        .map(|(version, end)| {
            json!({ "version": version, "end_of_life": end, "end_of_availability": null })
        })
        .collect();
    Answer::ok(json!({
        "options": {
            "pg": {
                "regions": ["ams3", "fra1", "nyc3"],
                "versions": versions,
                "layouts": [{
                    "num_nodes": 1,
                    "sizes": ["db-s-1vcpu-1gb", "db-s-1vcpu-2gb", "db-s-2vcpu-4gb", "db-s-4vcpu-8gb"],
                }],
                "default_version": "17",
            },
        },
        "version_availability": { "pg": availability },
    }))
}

pub(super) fn shown(settings: &Settings) -> Answer {
    let Settings {
        ignored_parameters,
        min_pool_size,
        server_lifetime,
        server_idle_timeout,
        reset_always,
    } = settings;
    Answer::ok(json!({
        "config": {
            "timezone": "UTC",
            "pgbouncer": {
                "server_reset_query_always": reset_always,
                "ignore_startup_parameters": ignored_parameters,
                "min_pool_size": min_pool_size,
                "server_lifetime": server_lifetime,
                "server_idle_timeout": server_idle_timeout,
                "autodb_pool_size": 0,
            },
        },
    }))
}

/// Takes over what practice can really put into force: the pooler's settings. Anything else is refused.
pub(super) async fn change(
    cluster: &mut Backing,
    body: &Map<String, Value>,
) -> Result<Answer, Refusal> {
    let Some(config) = body.get("config").and_then(Value::as_object) else {
        return Err(Refusal::Unprocessable("config is required".to_owned()));
    };
    let mut settings = cluster.settings().clone();
    for (key, value) in config {
        match (key.as_str(), value) {
            ("pgbouncer", Value::Object(pgbouncer)) => {
                for (key, value) in pgbouncer {
                    set(&mut settings, key, value).ok_or_else(|| {
                        Refusal::Unprocessable(format!("pgbouncer.{key} is invalid"))
                    })?;
                }
            }
            _ => return Err(Refusal::Unprocessable(format!("{key} can't be set"))), // none of ours
        }
    }
    cluster.set_settings(settings).await.map_err(|err| broken(&err))?;
    Ok(Answer { status: 200, ..Answer::done() })
}

fn set(settings: &mut Settings, key: &str, value: &Value) -> Option<()> {
    let number = |least: u64, most: u64| {
        let number = value.as_u64().filter(|number| (least..=most).contains(number))?;
        u32::try_from(number).ok()
    };
    match key {
        "server_reset_query_always" => settings.reset_always = value.as_bool()?,
        "min_pool_size" => settings.min_pool_size = number(0, 10_000)?,
        "server_lifetime" => settings.server_lifetime = number(60, 86_400)?,
        "server_idle_timeout" => settings.server_idle_timeout = number(0, 86_400)?,
        "ignore_startup_parameters" => {
            let allowed = ["extra_float_digits", "search_path"];
            let names = value
                .as_array()?
                .iter()
                .map(|name| name.as_str().filter(|name| allowed.contains(name)).map(str::to_owned));
            settings.ignored_parameters = names.collect::<Option<_>>()?;
        }
        _ => return None, // the automatic pools are not part of practice
    }
    Some(())
}
