//! What differs between two specs of one app: which variables, and whether anything else.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Place, entries, owners};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    pub variables: Vec<Place>,
    /// Something other than variables.
    pub elsewhere: bool,
}

/// In the order of their places.
pub fn difference(one: &Value, other: &Value) -> Difference {
    let (ours, theirs) = (variables(one), variables(other));
    let places = ours.keys().chain(theirs.keys().filter(|place| !ours.contains_key(*place)));
    let variables = places
        .filter(|place| ours.get(*place) != theirs.get(*place))
        .map(|(component, key)| Place {
            component: component.map(str::to_owned),
            key: (*key).to_owned(),
        })
        .collect();
    Difference { variables, elsewhere: bare(one) != bare(other) }
}

/// Did everything that `wanted` changes in `before` arrive in `got`? A secret comes back encrypted.
pub fn arrived(before: &Value, wanted: &Value, got: &Value) -> bool {
    let missing = difference(wanted, got).variables;
    let sealed = |place: &Place| {
        let came = variables(got).remove(&(place.component.as_deref(), place.key.as_str()));
        came.is_some_and(|envs| {
            envs.iter()
                .all(|env| env["value"].as_str().is_some_and(|value| value.starts_with("EV[")))
        })
    };
    difference(before, wanted)
        .variables
        .iter()
        .all(|place| !missing.contains(place) || sealed(place))
}

/// May `earlier` be put back over `now` without undoing somebody else's change? Ours are variables that bind a
/// database; the places of any other difference are given.
pub fn foreign_changes(earlier: &Value, now: &Value) -> Difference {
    let mut difference = difference(earlier, now);
    let now = variables(now);
    difference.variables.retain(|place| {
        let there = now.get(&(place.component.as_deref(), place.key.as_str()));
        let bound =
            |env: &&Value| env["value"].as_str().is_some_and(|value| value.starts_with("${"));
        !there.is_some_and(|envs| envs.iter().all(bound))
    });
    difference
}

/// Each variable by component and key; a key may stand there more than once.
fn variables(spec: &Value) -> BTreeMap<(Option<&str>, &str), Vec<&Value>> {
    let mut variables: BTreeMap<_, Vec<&Value>> = BTreeMap::new();
    for entry in entries(spec) {
        variables.entry((entry.owner.component, entry.key())).or_default().push(entry.env);
    }
    variables
}

/// The spec without its variables.
fn bare(spec: &Value) -> Value {
    let mut bare = spec.clone();
    for owner in owners(spec) {
        if let Some(Value::Object(fields)) = bare.pointer_mut(&owner.pointer) {
            fields.shift_remove("envs");
        }
    }
    bare
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::tests::with_envs, *};

    fn spec(envs: Value) -> Value {
        with_envs("/services/0", envs)
    }

    fn place(key: &str) -> Place {
        Place { component: Some("web".to_owned()), key: key.to_owned() }
    }

    fn before() -> Value {
        spec(json!([
            {"key": "DATABASE_URL", "value": "${db.DATABASE_URL}"},
            {"key": "STRIPE", "value": "EV[1:a:b]", "type": "SECRET"},
        ]))
    }

    fn switched() -> Value {
        spec(json!([
            {"key": "DATABASE_URL", "value": "${db.shop-pool.DATABASE_URL}"},
            {"key": "DIRECT_URL", "value": "${db.DATABASE_URL}"},
            {"key": "STRIPE", "value": "EV[1:a:b]", "type": "SECRET"},
        ]))
    }

    #[test]
    fn added_changed_and_moved_variables_are_told_apart_from_the_rest() {
        let changed = Difference {
            variables: vec![place("DATABASE_URL"), place("DIRECT_URL")],
            elsewhere: false,
        };
        assert_eq!(difference(&before(), &switched()), changed);
        assert_eq!(difference(&before(), &before()), Difference::default());
        let mut scaled = before();
        scaled["services"][0]["instance_count"] = json!(3);
        assert_eq!(
            difference(&before(), &scaled),
            Difference { variables: Vec::new(), elsewhere: true }
        );
    }

    #[test]
    fn a_change_has_arrived_when_ours_is_there_whatever_else_the_server_did() {
        let mut normalised = switched();
        normalised["region"] = json!("fra");
        assert!(arrived(&before(), &switched(), &normalised));
        assert!(!arrived(&before(), &switched(), &before()));
        let secret = |value: &str| spec(json!([{"key": "A", "value": value, "type": "SECRET"}]));
        assert!(arrived(&before(), &secret("plain"), &secret("EV[1:x:y]")));
        assert!(!arrived(&before(), &secret("plain"), &secret("")));
    }

    #[test]
    fn only_bindings_of_ours_may_be_put_back_over() {
        assert_eq!(foreign_changes(&before(), &switched()), Difference::default());
        let theirs = spec(json!([
            {"key": "DATABASE_URL", "value": "${db.shop-pool.DATABASE_URL}"},
            {"key": "STRIPE", "value": "EV[1:new:new]", "type": "SECRET"},
            {"key": "FLAG", "value": "on"},
        ]));
        let foreign = foreign_changes(&before(), &theirs).variables;
        assert_eq!(foreign, [place("STRIPE"), place("FLAG")]);
        let removed = spec(json!([{"key": "DATABASE_URL", "value": "${db.DATABASE_URL}"}]));
        assert_eq!(foreign_changes(&before(), &removed).variables, [place("STRIPE")]);
    }
}
