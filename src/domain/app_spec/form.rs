//! The two other ways to the pool: the cluster attached to the app first, and URLs written out instead of bindings.

use serde_json::{Value, json};

use crate::domain::{
    app_spec::{Spec, SpecPlan, attached, bindings, entries, list, owners, shown},
    secret::Secret,
};

/// What an app is attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment<'a> {
    pub cluster_name: &'a str,
    pub database: &'a str,
    /// `None` leaves it to the account.
    pub user: Option<&'a str>,
    pub version: &'a str,
}

/// A copy of `spec` with the cluster as a database component, and the component's name. `None` where it is attached
/// already, or `spec` is no object.
pub fn attach(spec: &Value, to: &Attachment<'_>) -> Option<(Spec, String)> {
    if !attached(spec, to.cluster_name).is_empty() {
        return None;
    }
    let name = free_name(spec, "db");
    let mut component = json!({
        "name": name,
        "engine": "PG",
        "production": true,
        "cluster_name": to.cluster_name,
        "db_name": to.database,
    });
    if let Value::Object(fields) = &mut component {
        if let Some(user) = to.user {
            fields.insert("db_user".to_owned(), json!(user));
        }
        if !to.version.is_empty() {
            fields.insert("version".to_owned(), json!(to.version));
        }
    }
    let mut spec = spec.clone();
    let fields = spec.as_object_mut()?;
    match fields.get_mut("databases") {
        Some(Value::Array(databases)) => databases.push(component),
        Some(_) | None => {
            fields.insert("databases".to_owned(), json!([component]));
        }
    }
    Some((spec.into(), name))
}

/// A name that no component has: 2 to 32 lower-case letters, digits and hyphens.
pub(super) fn free_name(spec: &Value, base: &str) -> String {
    let owners = owners(spec);
    let databases = list(spec.get("databases")).iter().filter_map(|one| one.get("name")?.as_str());
    let taken: Vec<&str> =
        owners.iter().filter_map(|owner| owner.component).chain(databases).collect();
    let mut names = (1..).map(|number| match number {
        1 => base.to_owned(),
        number => format!("{base}-{number}"),
    });
    names.find(|name| !taken.contains(&name.as_str())).unwrap_or_default()
}

/// The URLs that stand where bindings would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenOut<'a> {
    pub pool: &'a str,
    pub pooled: &'a Secret,
    pub direct: &'a Secret,
}

/// The same plan with the URLs themselves, as secrets that the account encrypts. The databases stay as in `before`:
/// nothing is attached for it.
pub fn written_out(plan: SpecPlan, before: &Value, urls: &WrittenOut<'_>) -> SpecPlan {
    let mut spec: Value = (*plan.spec).clone();
    let mut changes = plan.changes;
    let places: Vec<(String, String, usize)> = entries(&plan.spec)
        .iter()
        .filter_map(|entry| {
            let change = changes.iter().position(|change| change.place == entry.place())?;
            Some((entry.pointer.clone(), with_urls(entry.value(), urls), change))
        })
        .collect();
    for (pointer, value, change) in places {
        if let Some(Value::Object(env)) = spec.pointer_mut(&pointer) {
            if let Some(change) = changes.get_mut(change) {
                change.new = shown(&value);
            }
            env.insert("value".to_owned(), json!(value));
            env.insert("type".to_owned(), json!("SECRET"));
        }
    }
    if let Value::Object(fields) = &mut spec {
        match before.get("databases") {
            Some(databases) => {
                fields.insert("databases".to_owned(), databases.clone());
            }
            None => {
                fields.shift_remove("databases");
            }
        }
    }
    SpecPlan { spec: spec.into(), changes }
}

fn with_urls(value: &str, urls: &WrittenOut<'_>) -> String {
    let mut written = value.to_owned();
    for binding in bindings(value) {
        let url = if binding.pool == Some(urls.pool) { urls.pooled } else { urls.direct };
        // The app's settings are where this URL is meant to be; the account encrypts it.
        written = written.replace(&format!("${{{}}}", binding.text), url.expose());
    }
    // A binding brings its first parameter along; a bare URL may have none.
    if written.contains('?') { written } else { written.replacen('&', "?", 1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::app_spec::{
        Place, Switch, plan,
        tests::{self, spec},
    };

    fn switch() -> Switch {
        Switch { direct_key: Some("DIRECT_URL".to_owned()), ..tests::switch() }
    }

    fn to() -> Attachment<'static> {
        Attachment {
            cluster_name: "shop-db",
            database: "shop",
            user: Some("shop_app"),
            version: "16",
        }
    }

    /// An app that reaches the cluster by its host alone.
    fn loose() -> Value {
        json!({"name": "shop", "services": [{"name": "db", "envs": [
            {"key": "DATABASE_URL", "value": "postgresql://u:p@db.example:25060/shop", "scope": "RUN_TIME", "type": "SECRET"},
            {"key": "STRIPE", "value": "EV[1:a:b]", "type": "SECRET"},
        ]}], "region": "fra"})
    }

    #[test]
    fn attaching_adds_one_component_with_a_name_of_its_own() {
        let (attached, name) = attach(&loose(), &to()).expect("it is not attached yet");
        assert_eq!(name, "db-2", "a service is called db");
        let component = json!({"name": "db-2", "engine": "PG", "production": true,
            "cluster_name": "shop-db", "db_name": "shop", "db_user": "shop_app", "version": "16"});
        let mut expected = loose();
        expected["databases"] = json!([component]);
        assert_eq!(*attached, expected);
        assert_eq!(attach(&attached, &to()), None);

        let plan = plan(&attached, &switch()).expect("now it can be bound");
        let url = plan.spec.pointer("/services/0/envs/0/value").and_then(Value::as_str);
        assert_eq!(url, Some("${db-2.shop-pool.DATABASE_URL}&connection_limit=5"));
    }

    #[test]
    fn urls_are_written_out_as_secrets_and_nothing_is_attached_for_them() {
        let (attached, _) = attach(&loose(), &to()).expect("a copy to plan on");
        let bound = plan(&attached, &switch()).expect("a plan");
        let pooled =
            Secret::new("postgresql://shop_app:canary@db.example:25061/shop-pool?sslmode=require");
        let direct =
            Secret::new("postgresql://shop_app:canary@db.example:25060/shop?sslmode=require");
        let urls = WrittenOut { pool: "shop-pool", pooled: &pooled, direct: &direct };
        let written = written_out(bound, &loose(), &urls);

        let mut expected = loose();
        expected["services"][0]["envs"][0]["value"] = json!(
            "postgresql://shop_app:canary@db.example:25061/shop-pool?sslmode=require&connection_limit=5"
        );
        expected["envs"] = json!([{"key": "DIRECT_URL",
            "value": "postgresql://shop_app:canary@db.example:25060/shop?sslmode=require",
            "scope": "RUN_TIME", "type": "SECRET"}]);
        assert_eq!(*written.spec, expected);
        let shown = format!("{:?}", written.changes);
        assert!(!shown.contains("canary"), "{shown}");
        let places: Vec<&Place> = written.changes.iter().map(|change| &change.place).collect();
        assert_eq!(places.len(), 2);
    }

    #[test]
    fn an_app_that_is_attached_keeps_its_databases() {
        let bound = plan(&spec(), &switch()).expect("a plan");
        let (pooled, direct) =
            (Secret::new("postgresql://a:b@h:1/p"), Secret::new("postgresql://a:b@h:2/d"));
        let urls = WrittenOut { pool: "shop-pool", pooled: &pooled, direct: &direct };
        let written = written_out(bound, &spec(), &urls);
        assert_eq!(written.spec.get("databases"), spec().get("databases"));
        let text = written.spec.to_string();
        assert!(text.contains("postgresql://a:b@h:1/p?connection_limit=5"), "{text}");
    }
}
