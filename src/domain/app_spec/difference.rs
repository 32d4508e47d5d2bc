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

/// What somebody else changed since we `sent` our settings. A secret that we sent comes back encrypted.
pub fn foreign_changes(sent: &Value, now: &Value) -> Difference {
    let mut difference = difference(sent, now);
    let (ours, theirs) = (variables(sent), variables(now));
    difference.variables.retain(|place| {
        let key = (place.component.as_deref(), place.key.as_str());
        let sealed_since = ours.get(&key).zip(theirs.get(&key)).is_some_and(|(ours, theirs)| {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|(ours, theirs)| sealed_alike(ours, theirs))
        });
        !sealed_since
    });
    difference
}

/// The same variable, whose plain secret was encrypted on its way.
fn sealed_alike(ours: &Value, theirs: &Value) -> bool {
    let seals = |value: &Value| value["value"].as_str().is_some_and(|text| text.starts_with("EV["));
    let bare = |value: &Value| {
        let mut bare = value.clone();
        if let Value::Object(fields) = &mut bare {
            fields.shift_remove("value");
        }
        bare
    };
    ours == theirs
        || (ours["type"] == "SECRET" && !seals(ours) && seals(theirs) && bare(ours) == bare(theirs))
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
    fn every_change_since_ours_is_somebody_elses_also_that_of_a_binding() {
        assert_eq!(foreign_changes(&switched(), &switched()), Difference::default());
        let mut theirs = switched();
        theirs["services"][0]["envs"] = json!([
            {"key": "DATABASE_URL", "value": "${other.DATABASE_URL}"},
            {"key": "DIRECT_URL", "value": "${db.DATABASE_URL}"},
            {"key": "STRIPE", "value": "EV[1:new:new]", "type": "SECRET"},
            {"key": "FLAG", "value": "on"},
        ]);
        let foreign = foreign_changes(&switched(), &theirs);
        assert_eq!(foreign.variables, [place("DATABASE_URL"), place("STRIPE"), place("FLAG")]);
        let mut scaled = switched();
        scaled["services"][0]["instance_count"] = json!(3);
        assert!(foreign_changes(&switched(), &scaled).elsewhere);
    }

    #[test]
    fn a_secret_of_ours_that_was_encrypted_since_is_still_ours() {
        let secret = |value: &str, scope: &str| {
            spec(json!([{"key": "DATABASE_URL", "value": value, "type": "SECRET", "scope": scope}]))
        };
        let sent = secret("postgresql://u:p@h/p", "RUN_TIME");
        assert_eq!(foreign_changes(&sent, &secret("EV[1:x:y]", "RUN_TIME")), Difference::default());
        let rescoped = foreign_changes(&sent, &secret("EV[1:x:y]", "BUILD_TIME"));
        assert_eq!(rescoped.variables, [place("DATABASE_URL")]);
        let sealed = secret("EV[1:x:y]", "RUN_TIME");
        let replaced = foreign_changes(&sealed, &secret("EV[1:other:other]", "RUN_TIME"));
        assert_eq!(replaced.variables, [place("DATABASE_URL")]);
    }
}
