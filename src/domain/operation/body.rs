//! The bodies of the requests that have one.

use serde_json::{Map, Value, json};

use crate::domain::{access::Rule, app_spec::AppId, pool::PoolOrder};

pub fn new_pool(order: &PoolOrder) -> Value {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), order.name.as_str().into());
    fields.extend(settings(order));
    Value::Object(fields)
}

/// Replaces all settings: a user that is left out is wiped from the pool.
pub fn changed_pool(order: &PoolOrder) -> Value {
    Value::Object(settings(order))
}

fn settings(order: &PoolOrder) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("mode".to_owned(), order.mode.word().into());
    fields.insert("size".to_owned(), order.size.into());
    fields.insert("db".to_owned(), order.db.clone().into());
    if let Some(user) = &order.user {
        fields.insert("user".to_owned(), user.clone().into());
    }
    fields
}

/// The whole list, each rule as it came.
pub fn trusted_sources(rules: &[Rule]) -> Value {
    let raw: Vec<&Value> = rules.iter().map(|rule| &rule.raw).collect();
    json!({ "rules": raw })
}

pub fn proposal(app: &AppId, spec: &Value) -> Value {
    json!({ "app_id": app.0, "spec": spec })
}

pub fn app_settings(spec: &Value) -> Value {
    json!({ "spec": spec })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pool::{PoolMode, PoolName};

    #[test]
    fn an_inbound_user_pool_sends_no_user_and_any_other_sends_its_own() {
        let order = PoolOrder {
            name: PoolName::given("shop-pool"),
            mode: PoolMode::Session,
            size: 5,
            db: "shop".to_owned(),
            user: Some("app".to_owned()),
        };
        let with = json!({"mode": "session", "size": 5, "db": "shop", "user": "app"});
        assert_eq!(changed_pool(&order), with);
        let named = r#"{"name":"shop-pool","mode":"session","size":5,"db":"shop","user":"app"}"#;
        assert_eq!(new_pool(&order).to_string(), named);
        let without = json!({"mode": "session", "size": 5, "db": "shop"});
        assert_eq!(changed_pool(&PoolOrder { user: None, ..order }), without);
    }
}
