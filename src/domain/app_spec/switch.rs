//! Plans the switch of an app to the pool: which variables get which binding. The rest of the spec stays as it is.

use serde_json::{Map, Value, json};

use crate::domain::app_spec::{
    BadSpec, Binding, Entry, Owner, Place, Reach, SpecChange, SpecPlan, Switch, attached, entries,
    owners, parameters, shown,
};

/// Parameters set anew by each switch, or brought by the binding itself; others behind the old value stay.
const REPLACED: [&str; 7] =
    ["connection_limit", "password", "pgbouncer", "pool_timeout", "sslmode", "sslpassword", "user"];

/// Plans the switch to the pool on a copy of `spec`.
pub(super) fn plan(spec: &Value, switch: &Switch) -> Result<SpecPlan, BadSpec> {
    if !spec.is_object() {
        return Err(BadSpec::NotAnObject);
    }
    let entries = entries(spec);
    if let Some(secret) = entries.iter().find(|entry| entry.is_secret() && entry.value().is_empty())
    {
        return Err(BadSpec::EmptySecret(secret.key().to_owned()));
    }
    let cluster = Reach {
        components: attached(spec, &switch.cluster_name),
        hosts: switch.hosts.iter().map(String::as_str).collect(),
    };
    let bound = entries
        .iter()
        .filter(|entry| entry.key() == switch.pooled_key)
        .find_map(|entry| cluster.binding(entry.value()))
        .map(|binding| binding.component);
    let Some(component) = bound.or_else(|| cluster.components.first().copied()) else {
        return Err(BadSpec::NotAttached(switch.cluster_name.clone()));
    };
    let planner = Planner { spec, switch, cluster, component, entries: &entries };
    let mut edits = planner.pooled()?;
    edits.extend(planner.direct()?);
    Ok(apply(spec, edits))
}

enum Edit<'a> {
    /// The variable at this place gets another value.
    Set { entry: &'a Entry<'a>, value: String },
    /// A new variable for this owner.
    Add { owner: Owner<'a>, key: &'a str, value: String },
}

struct Planner<'a> {
    spec: &'a Value,
    switch: &'a Switch,
    cluster: Reach<'a>,
    /// The component to bind where nothing in place names one.
    component: &'a str,
    entries: &'a [Entry<'a>],
}

impl<'a> Planner<'a> {
    /// Of the variables of one name, those that reach the cluster. Where none does, those whose value nobody can read:
    /// one of them must be it, and it would win over a variable of the app. Empty: there is room for a new one.
    fn targets(&self, named: Vec<&'a Entry<'a>>) -> Result<Vec<&'a Entry<'a>>, BadSpec> {
        let reaches = |entry: &&Entry<'_>| self.cluster.is_reached_by(entry.value());
        let (reaching, others): (Vec<_>, Vec<_>) = named.into_iter().partition(reaches);
        if !reaching.is_empty() {
            return Ok(reaching);
        }
        let is_unknown = |entry: &&Entry<'_>| entry.is_sealed() || entry.value().is_empty();
        let (unknown, elsewhere): (Vec<_>, Vec<_>) = others.into_iter().partition(is_unknown);
        match elsewhere.iter().find(|entry| entry.owner.component.is_none()) {
            Some(entry) if unknown.is_empty() => Err(BadSpec::Elsewhere(entry.key().to_owned())),
            Some(_) | None => Ok(unknown),
        }
    }

    fn pooled(&self) -> Result<Vec<Edit<'a>>, BadSpec> {
        let key = self.switch.pooled_key.as_str();
        let named = self.entries.iter().filter(|entry| entry.key() == key);
        let (of_jobs, others): (Vec<_>, Vec<_>) = named.partition(|entry| entry.owner.pre_deploy);
        let targets = self.targets(others)?;
        let is_apps = targets.iter().any(|entry| entry.owner.component.is_none());
        let mut edits = Vec::new();
        if targets.is_empty() {
            edits.push(Edit::Add { owner: Owner::app(), key, value: self.pooled_value("") });
        }
        if targets.is_empty() || is_apps {
            edits.extend(self.shielded_jobs(key));
        }
        edits.extend(targets.into_iter().filter_map(|entry| {
            let value = self.pooled_value(entry.value());
            (value != entry.value()).then_some(Edit::Set { entry, value })
        }));
        edits.extend(of_jobs.into_iter().filter_map(|entry| self.direct_edit(entry)));
        Ok(edits)
    }

    /// A job that runs migrations must not inherit the app's pooled URL.
    fn shielded_jobs(&self, key: &'a str) -> impl Iterator<Item = Edit<'a>> {
        let has_own = move |owner: &Owner<'_>| {
            self.entries
                .iter()
                .any(|entry| entry.owner.pointer == owner.pointer && entry.key() == key)
        };
        owners(self.spec)
            .into_iter()
            .filter(move |owner| owner.pre_deploy && !has_own(owner))
            .map(move |owner| Edit::Add { owner, key, value: direct_binding(self.component) })
    }

    fn direct(&self) -> Result<Vec<Edit<'a>>, BadSpec> {
        let Some(key) = self.switch.direct_key.as_deref() else { return Ok(Vec::new()) };
        let named = self.entries.iter().filter(|entry| entry.key() == key).collect();
        let targets = self.targets(named)?;
        if targets.is_empty() {
            let value = direct_binding(self.component);
            return Ok(vec![Edit::Add { owner: Owner::app(), key, value }]);
        }
        Ok(targets.into_iter().filter_map(|entry| self.direct_edit(entry)).collect())
    }

    /// Gives a variable the direct binding. `None` where it has it already, or where a job's value is no pool we know:
    /// a plain URL, or one that nobody can read.
    fn direct_edit(&self, entry: &'a Entry<'a>) -> Option<Edit<'a>> {
        let value = entry.value();
        let component = match self.cluster.binding(value) {
            Some(Binding { pool: None, .. }) => return None,
            Some(Binding { component, .. }) => component,
            None if entry.owner.pre_deploy && !self.cluster.is_pooled(value) => return None,
            None => self.component,
        };
        Some(Edit::Set { entry, value: direct_binding(component) })
    }

    /// The pool's binding with our parameters; parameters of others that stood behind the old value stay.
    fn pooled_value(&self, old: &str) -> String {
        let Switch { pool, pooled_suffix, .. } = self.switch;
        let (component, tail) = match self.cluster.binding(old) {
            Some(binding) => {
                let tail = old.strip_prefix(&format!("${{{}}}", binding.text)).unwrap_or("");
                (binding.component, tail)
            }
            None => (self.component, old.split_once('?').map_or("", |(_, query)| query)),
        };
        let ours: Vec<&str> = parameters(pooled_suffix).map(|(key, _)| key).collect();
        let kept: String = parameters(tail)
            .filter(|(key, value)| {
                // Prisma may send `schema` at sign-in, which poolers refuse; `public` is what it is without.
                (*key, *value) != ("schema", "public")
                    && !REPLACED.contains(key)
                    && !ours.contains(key)
            })
            .map(|(key, value)| format!("&{key}={value}"))
            .collect();
        format!("${{{component}.{pool}.DATABASE_URL}}{kept}{pooled_suffix}")
    }
}

pub(super) fn direct_binding(component: &str) -> String {
    format!("${{{component}.DATABASE_URL}}")
}

/// Carries the edits out on a copy.
fn apply(spec: &Value, edits: Vec<Edit<'_>>) -> SpecPlan {
    let mut spec = spec.clone();
    let mut changes = Vec::new();
    for edit in edits {
        match edit {
            Edit::Set { entry, value } => {
                if let Some(Value::Object(env)) = spec.pointer_mut(&entry.pointer) {
                    set(env, &value);
                    let (place, old) = (entry.place(), Some(entry.shown()));
                    changes.push(SpecChange { place, old, new: shown(&value) });
                }
            }
            Edit::Add { owner, key, value } => {
                if let Some(Value::Object(fields)) = spec.pointer_mut(&owner.pointer) {
                    add(fields, key, &value);
                    let component = owner.component.map(str::to_owned);
                    let place = Place { component, key: key.to_owned() };
                    changes.push(SpecChange { place, old: None, new: shown(&value) });
                }
            }
        }
    }
    SpecPlan { spec: spec.into(), changes }
}

fn set(env: &mut Map<String, Value>, value: &str) {
    env.insert("value".to_owned(), json!(value));
    // A binding is no secret; sealed, nobody could see any more where it points. Absent means general.
    if let Some(kind) = env.get_mut("type") {
        *kind = json!("GENERAL");
    }
}

fn add(owner: &mut Map<String, Value>, key: &str, value: &str) {
    // Bindings are not there at build time.
    let env = json!({"key": key, "value": value, "scope": "RUN_TIME", "type": "GENERAL"});
    match owner.get_mut("envs") {
        Some(Value::Array(envs)) => envs.push(env),
        Some(_) | None => {
            owner.insert("envs".to_owned(), json!([env]));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::domain::{
        app_spec::tests::{spec, switch, with_envs},
        secret::MASK,
    };

    use super::*;

    const POOLED: &str = "${db.shop-pool.DATABASE_URL}&connection_limit=5";

    fn changes(spec: &Value, switch: &Switch) -> Vec<(Option<String>, String, String)> {
        let plan = plan(spec, switch).expect("a plan");
        plan.changes
            .into_iter()
            .map(|change| (change.place.component, change.place.key, change.new))
            .collect()
    }

    fn change(component: Option<&str>, key: &str, new: &str) -> (Option<String>, String, String) {
        (component.map(str::to_owned), key.to_owned(), new.to_owned())
    }

    #[test]
    fn the_variable_is_switched_where_it_stands_and_nothing_else_moves() {
        let plan = plan(&spec(), &switch()).expect("a plan");
        let before = spec().to_string();
        let old =
            r#"{"value":"${db.DATABASE_URL}","scope":"RUN_AND_BUILD_TIME","key":"DATABASE_URL"}"#;
        let new = r#"{"value":"${db.shop-pool.DATABASE_URL}&connection_limit=5","scope":"RUN_AND_BUILD_TIME","key":"DATABASE_URL"}"#;
        assert!(before.contains(old));
        assert_eq!(plan.spec.to_string(), before.replace(old, new));
        assert_eq!(
            plan.changes,
            [SpecChange {
                place: Place { component: Some("web".to_owned()), key: "DATABASE_URL".to_owned() },
                old: Some("${db.DATABASE_URL}".to_owned()),
                new: POOLED.to_owned(),
            }]
        );
    }

    #[test]
    fn a_spec_as_wanted_is_left_alone() {
        let switch = Switch { direct_key: Some("DIRECT_URL".to_owned()), ..switch() };
        let once = plan(&spec(), &switch).expect("a plan");
        assert_eq!(once.changes.len(), 2);
        let twice = plan(&once.spec, &switch).expect("a plan");
        assert_eq!(twice, SpecPlan { spec: once.spec, changes: Vec::new() });
    }

    #[test]
    fn a_new_variable_is_the_app_s_and_a_migration_job_stays_direct() {
        let mut spec = spec();
        for component in ["services", "jobs", "workers"] {
            let component = spec.pointer_mut(&format!("/{component}/0")).expect("a component");
            component.as_object_mut().expect("an object").remove("envs");
        }
        let switch = Switch { direct_key: Some("DIRECT_URL".to_owned()), ..switch() };
        assert_eq!(
            changes(&spec, &switch),
            [
                change(None, "DATABASE_URL", POOLED),
                change(Some("migrate"), "DATABASE_URL", "${db.DATABASE_URL}"),
                change(None, "DIRECT_URL", "${db.DATABASE_URL}"),
            ]
        );
        let planned = plan(&spec, &switch).expect("a plan").spec;
        assert_eq!(
            planned.pointer("/envs/0").map(Value::to_string).as_deref(),
            Some(
                r#"{"key":"DATABASE_URL","value":"${db.shop-pool.DATABASE_URL}&connection_limit=5","scope":"RUN_TIME","type":"GENERAL"}"#
            )
        );
    }

    #[test]
    fn a_migration_job_on_the_pool_goes_back_to_the_direct_url() {
        let web = change(Some("web"), "DATABASE_URL", POOLED);
        let direct = change(Some("migrate"), "DATABASE_URL", "${db.DATABASE_URL}");
        let with = |value: &str| {
            let envs = json!([{"key": "DATABASE_URL", "value": value}]);
            changes(&with_envs("/jobs/0", envs), &switch())
        };
        assert_eq!(with("${db.shop-pool.DATABASE_URL}"), [web.clone(), direct.clone()]);
        assert_eq!(with("postgres://u:p@db.example:25061/shop-pool"), [web.clone(), direct]);
        for kept in ["postgres://u:p@db.example:25060/shop", "EV[1:abc:def]"] {
            assert_eq!(with(kept), std::slice::from_ref(&web));
        }
    }

    #[test]
    fn a_job_without_a_value_of_its_own_is_shielded_from_the_app_s_pooled_url() {
        let mut spec =
            with_envs("", json!([{"key": "DATABASE_URL", "value": "${db.DATABASE_URL}"}]));
        spec.pointer_mut("/jobs/0").and_then(Value::as_object_mut).expect("a job").remove("envs");
        assert_eq!(
            changes(&spec, &switch()),
            [
                change(Some("migrate"), "DATABASE_URL", "${db.DATABASE_URL}"),
                change(None, "DATABASE_URL", POOLED),
                change(Some("web"), "DATABASE_URL", POOLED),
            ]
        );
    }

    #[test]
    fn plain_and_encrypted_urls_are_replaced_by_the_binding() {
        let old = |value: &str| {
            let envs = json!([{"key": "DATABASE_URL", "type": "SECRET", "value": value, "scope": "RUN_TIME"}]);
            let plan = plan(&with_envs("/services/0", envs), &switch()).expect("a plan");
            let env = plan.spec.pointer("/services/0/envs/0").map(Value::to_string);
            (env, plan.changes.into_iter().next().and_then(|change| change.old))
        };
        let env = |new: &str| {
            format!(
                r#"{{"key":"DATABASE_URL","type":"GENERAL","value":"{new}","scope":"RUN_TIME"}}"#
            )
        };
        let plain = "postgresql://u:AVNS_canary@db.example:25060/shop?sslmode=require&schema=app";
        assert_eq!(
            old(plain),
            (
                Some(env("${db.shop-pool.DATABASE_URL}&schema=app&connection_limit=5")),
                Some(format!(
                    "postgresql://u:{MASK}@db.example:25060/shop?sslmode=require&schema=app"
                ))
            )
        );
        assert_eq!(old("EV[1:abc:def]"), (Some(env(POOLED)), Some(MASK.to_owned())));
    }

    #[test]
    fn parameters_of_others_stay_behind_the_binding() {
        for (old, new) in [
            ("${db.DATABASE_URL}&schema=app", "&schema=app&connection_limit=5"),
            (
                "${db.old-pool.DATABASE_URL}&pgbouncer=true&connection_limit=9",
                "&connection_limit=5",
            ),
            ("${db.DATABASE_URL}&schema=public", "&connection_limit=5"),
            ("postgres://${db.USERNAME}:${db.PASSWORD}@${db.HOSTNAME}", "&connection_limit=5"),
        ] {
            let spec = with_envs("/services/0", json!([{"key": "DATABASE_URL", "value": old}]));
            let new = format!("${{db.shop-pool.DATABASE_URL}}{new}");
            assert_eq!(changes(&spec, &switch()), [change(Some("web"), "DATABASE_URL", &new)]);
        }
    }

    #[test]
    fn what_would_do_harm_is_refused() {
        let refusal = |spec: &Value| plan(spec, &switch()).map(|_| ()).expect_err("refused");
        assert_eq!(refusal(&json!([])), BadSpec::NotAnObject);
        assert_eq!(refusal(&json!({"name": "x"})), BadSpec::NotAttached("shop-db".to_owned()));
        let emptied = with_envs("/services/0", json!([{"key": "STRIPE", "type": "SECRET"}]));
        assert_eq!(refusal(&emptied), BadSpec::EmptySecret("STRIPE".to_owned()));
        let mut elsewhere = with_envs("", json!([{"key": "DATABASE_URL", "value": "mysql://h/d"}]));
        elsewhere.as_object_mut().expect("an object").remove("services");
        elsewhere.as_object_mut().expect("an object").remove("jobs");
        assert_eq!(refusal(&elsewhere), BadSpec::Elsewhere("DATABASE_URL".to_owned()));
    }

    fn any_env() -> impl Strategy<Value = Value> {
        let key = prop_oneof![Just("DATABASE_URL"), Just("DIRECT_URL"), Just("OTHER")];
        let value = prop_oneof![
            Just("${db.DATABASE_URL}"),
            Just("${db.shop-pool.DATABASE_URL}"),
            Just("${other.DATABASE_URL}"),
            Just("EV[1:abc:def]"),
            Just("postgresql://u:p@db.example:25060/shop?sslmode=require"),
            Just("${unfinished"),
        ];
        (key, value, any::<bool>()).prop_map(|(key, value, has_type)| {
            let mut env = json!({"zzz": [key], "value": value, "key": key});
            if has_type && let Some(env) = env.as_object_mut() {
                env.insert("type".to_owned(), json!("SECRET"));
            }
            env
        })
    }

    fn any_spec() -> impl Strategy<Value = Value> {
        let envs = || proptest::collection::vec(any_env(), 0..4);
        (envs(), envs(), envs(), envs()).prop_map(|(app, web, job, worker)| {
            let mut spec = spec();
            for (pointer, envs) in
                [("", app), ("/services/0", web), ("/jobs/0", job), ("/workers/0", worker)]
            {
                let owner = spec.pointer_mut(pointer).and_then(Value::as_object_mut);
                owner.expect("an owner").insert("envs".to_owned(), json!(envs));
            }
            spec
        })
    }

    /// Takes the variables named like ours out, wherever they stand.
    fn without_ours(spec: &Value) -> Value {
        let mut rest = spec.clone();
        for owner in owners(spec) {
            let envs = rest.pointer_mut(&format!("{}/envs", owner.pointer));
            if let Some(Value::Array(envs)) = envs {
                envs.retain(|env| {
                    !matches!(env["key"].as_str(), Some("DATABASE_URL" | "DIRECT_URL"))
                });
            }
        }
        rest
    }

    proptest! {
        #[test]
        fn only_our_variables_differ_and_a_second_plan_changes_nothing(spec in any_spec()) {
            let switch = Switch { direct_key: Some("DIRECT_URL".to_owned()), ..switch() };
            match plan(&spec, &switch) {
                Ok(once) => {
                    prop_assert_eq!(without_ours(&once.spec).to_string(), without_ours(&spec).to_string());
                    let twice = plan(&once.spec, &switch).expect("a plan");
                    prop_assert_eq!(twice.spec.to_string(), once.spec.to_string());
                    prop_assert_eq!(twice.changes, []);
                    prop_assert_eq!(once.changes.is_empty(), *once.spec == spec);
                }
                Err(err) => prop_assert!(matches!(err, BadSpec::Elsewhere(_))),
            }
        }

        #[test]
        fn no_json_makes_a_plan_panic(text in "[\\[\\]{}\",:a-z0-9]{0,40}") {
            let spec = serde_json::from_str(&text).unwrap_or(Value::String(text));
            prop_assert!(plan(&spec, &switch()).is_err());
        }
    }
}
