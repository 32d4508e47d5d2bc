//! Migrations that an app runs as it starts or is built: in their place a job before each deployment, over the direct
//! URL.

use serde_json::{Map, Value, json};

use crate::domain::{
    app_spec::{
        Place, SpecChange, SpecPlan, Switch, attached, form::free_name, list, shown,
        switch::direct_binding,
    },
    migration::tool::MIGRATES,
};

/// What a component does now, and what would be done in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub component: String,
    /// The field whose command migrates: `run_command` or `build_command`.
    pub field: &'static str,
    /// The name of the new job.
    pub job: String,
    /// What it says now.
    pub command: String,
    /// What the job runs.
    pub migrate: String,
    /// What the component runs from then on.
    pub rest: String,
    /// Encrypted variables of the component, which no other component can be given.
    pub left_out: Vec<String>,
    /// JSON pointer of the component.
    pointer: String,
}

/// Lists of components that may run a command of their own.
const RUNNING: [&str; 2] = ["services", "workers"];

/// What the job needs to be built like the component.
const SOURCE: [&str; 10] = [
    "git",
    "github",
    "gitlab",
    "bitbucket",
    "image",
    "dockerfile_path",
    "source_dir",
    "environment_slug",
    "build_command",
    "instance_size_slug",
];

/// The first component that migrates on its own, where its command can be parted. `None` where a job migrates already.
pub fn offer(spec: &Value) -> Option<Offer> {
    let is_migrating_job = |job: &Value| {
        let command = job.get("run_command").and_then(Value::as_str).unwrap_or_default();
        job.get("kind").and_then(Value::as_str) == Some("PRE_DEPLOY") && migrates(command)
    };
    if list(spec.get("jobs")).iter().any(is_migrating_job) {
        return None;
    }
    RUNNING.iter().find_map(|kind| {
        let components = list(spec.get(*kind)).iter().enumerate();
        components.into_iter().find_map(|(at, component)| {
            let (field, command, (migrate, rest)) =
                ["run_command", "build_command"].into_iter().find_map(|field| {
                    let command = component.get(field)?.as_str()?;
                    Some((field, command, parted(command)?))
                })?;
            Some(Offer {
                component: component.get("name")?.as_str()?.to_owned(),
                field,
                command: command.to_owned(),
                job: free_name(spec, "migrate"),
                migrate,
                rest,
                left_out: secrets(component),
                pointer: format!("/{kind}/{at}"),
            })
        })
    })
}

fn migrates(command: &str) -> bool {
    MIGRATES.iter().any(|known| command.contains(known))
}

/// The part that migrates, and the rest. `None` where nothing migrates, nothing else is done, or a shell does more with
/// the command than one thing after the other.
fn parted(command: &str) -> Option<(String, String)> {
    let plain = command.replace("&&", "");
    if plain.contains(['&', '|', ';', '(', ')', '`', '\n', '"', '\'', '>', '<', '$']) {
        return None;
    }
    let (migrate, rest): (Vec<&str>, Vec<&str>) =
        command.split("&&").map(str::trim).partition(|part| migrates(part));
    // What stands between two migrations may be needed by the second.
    let [migrate] = migrate.as_slice() else { return None };
    (!rest.is_empty()).then(|| ((*migrate).to_owned(), rest.join(" && ")))
}

fn secrets(component: &Value) -> Vec<String> {
    let envs = list(component.get("envs")).iter();
    envs.filter(|env| is_secret(env))
        .filter_map(|env| env.get("key")?.as_str())
        .map(str::to_owned)
        .collect()
}

fn is_secret(env: &Value) -> bool {
    env.get("type").and_then(Value::as_str) == Some("SECRET")
}

/// The plan with the job beside it. The job gets the direct URL under both names.
pub fn with_job(plan: SpecPlan, offer: &Offer, switch: &Switch) -> SpecPlan {
    let mut spec: Value = (*plan.spec).clone();
    let components = attached(&plan.spec, &switch.cluster_name);
    let Some((component, binding)) = spec
        .pointer(&offer.pointer)
        .and_then(Value::as_object)
        .cloned()
        .zip(components.first().map(|name| direct_binding(name)))
    else {
        return plan;
    };
    let keys: Vec<&str> = [Some(&switch.pooled_key), switch.direct_key.as_ref()]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let job = job(&component, offer, &keys, &binding);
    if let Some(Value::Object(fields)) = spec.pointer_mut(&offer.pointer) {
        fields.insert(offer.field.to_owned(), json!(offer.rest));
    }
    if let Value::Object(fields) = &mut spec {
        match fields.get_mut("jobs") {
            Some(Value::Array(jobs)) => jobs.push(job),
            Some(_) | None => {
                fields.insert("jobs".to_owned(), json!([job]));
            }
        }
    }
    let mut changes = plan.changes;
    changes.extend(keys.into_iter().map(|key| SpecChange {
        place: Place { component: Some(offer.job.clone()), key: key.to_owned() },
        old: None,
        new: shown(&binding),
    }));
    SpecPlan { spec: spec.into(), changes }
}

fn job(component: &Map<String, Value>, offer: &Offer, keys: &[&str], binding: &str) -> Value {
    let mut job = Map::new();
    job.insert("name".to_owned(), json!(offer.job));
    job.insert("kind".to_owned(), json!("PRE_DEPLOY"));
    for field in SOURCE {
        if let Some(value) = component.get(field) {
            job.insert(field.to_owned(), value.clone());
        }
    }
    if offer.field == "build_command" {
        job.insert("build_command".to_owned(), json!(offer.rest));
    }
    job.insert("run_command".to_owned(), json!(offer.migrate));
    let is_ours =
        |env: &Value| env.get("key").and_then(Value::as_str).is_some_and(|key| keys.contains(&key));
    let mut envs: Vec<Value> = list(component.get("envs"))
        .iter()
        .filter(|env| !is_secret(env) && !is_ours(env))
        .cloned()
        .collect();
    envs.extend(
        keys.iter().map(
            |key| json!({"key": key, "value": binding, "scope": "RUN_TIME", "type": "GENERAL"}),
        ),
    );
    job.insert("envs".to_owned(), json!(envs));
    Value::Object(job)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::app_spec::{
        plan,
        tests::{spec, switch},
    };

    fn with(field: &str, command: &str) -> Value {
        let mut spec = spec();
        spec.as_object_mut().expect("an object").shift_remove("jobs");
        spec["services"][0][field] = json!(command);
        spec["services"][0]["github"] = json!({"repo": "shop/web", "branch": "main"});
        spec
    }

    #[test]
    fn only_a_command_that_does_one_thing_after_the_other_is_parted() {
        let table = [
            (
                "npx prisma migrate deploy && node server.js",
                Some(("npx prisma migrate deploy", "node server.js")),
            ),
            (
                "npm ci && python manage.py migrate && gunicorn shop.wsgi",
                Some(("python manage.py migrate", "npm ci && gunicorn shop.wsgi")),
            ),
            ("npx prisma migrate deploy", None),
            ("npx prisma migrate deploy; node server.js", None),
            ("npx prisma migrate deploy || true && node server.js", None),
            ("sh -c 'npx prisma migrate deploy && node server.js'", None),
            ("alembic upgrade head && flask run && alembic upgrade head", None),
            ("node server.js", None),
        ];
        for (command, expected) in table {
            let found = offer(&with("run_command", command));
            let parts = found.as_ref().map(|found| (found.migrate.as_str(), found.rest.as_str()));
            assert_eq!(parts, expected, "{command}");
        }
    }

    #[test]
    fn where_a_job_migrates_already_nothing_is_offered() {
        let mut spec = with("run_command", "npx prisma migrate deploy && node server.js");
        spec["jobs"] = json!([{"name": "m", "kind": "PRE_DEPLOY", "run_command": "npx prisma migrate deploy"}]);
        assert_eq!(offer(&spec), None);
        spec["jobs"][0]["kind"] = json!("POST_DEPLOY");
        assert!(offer(&spec).is_some());
    }

    #[test]
    fn the_job_is_built_like_its_component_and_has_the_direct_url() {
        let before = with("run_command", "npx prisma migrate deploy && node server.js");
        let found = offer(&before).expect("an offer");
        assert_eq!(found.left_out, ["STRIPE"]);
        let switch = Switch { direct_key: Some("DIRECT_URL".to_owned()), ..switch() };
        let bound = plan(&before, &switch).expect("a plan");
        let without = bound.clone();
        let with = with_job(bound, &found, &switch);

        let mut expected = (*without.spec).clone();
        expected["services"][0]["run_command"] = json!("node server.js");
        expected["jobs"] = json!([{
            "name": "migrate",
            "kind": "PRE_DEPLOY",
            "github": {"repo": "shop/web", "branch": "main"},
            "run_command": "npx prisma migrate deploy",
            "envs": [
                {"key": "DATABASE_URL", "value": "${db.DATABASE_URL}", "scope": "RUN_TIME", "type": "GENERAL"},
                {"key": "DIRECT_URL", "value": "${db.DATABASE_URL}", "scope": "RUN_TIME", "type": "GENERAL"},
            ],
        }]);
        assert_eq!(*with.spec, expected);
        let added: Vec<_> =
            with.changes.iter().filter(|change| !without.changes.contains(change)).collect();
        assert_eq!(added.len(), 2);
        assert!(added.iter().all(|change| change.place.component.as_deref() == Some("migrate")));
        // Once it is there, the next plan leaves it alone.
        let again = plan(&with.spec, &switch).expect("a plan");
        assert_eq!((again.changes, offer(&with.spec)), (Vec::new(), None));
    }

    #[test]
    fn a_build_that_migrates_is_built_without_it() {
        let before = with("build_command", "npm run build && npx prisma migrate deploy");
        let found = offer(&before).expect("an offer");
        assert_eq!(found.field, "build_command");
        let bound = plan(&before, &switch()).expect("a plan");
        let with = with_job(bound, &found, &switch());
        for pointer in ["/services/0/build_command", "/jobs/0/build_command"] {
            assert_eq!(with.spec.pointer(pointer), Some(&json!("npm run build")), "{pointer}");
        }
    }
}
