//! Requests and answers held against an OpenAPI description: required fields, types, formats, and no field that the
//! description does not know.

use std::path::Path;

use jsonschema::{Draft, error::ValidationErrorKind};
use poolwright::practice::account::Call;
use serde_json::{Map, Value, json};

pub struct Description {
    paths: Value,
    components: Value,
}

/// Fields that are real although the description leaves them out: the object's place among the schemas, and the field.
const EXCEPTIONS: [(&str, &str); 4] = [
    // The official Go client and the documentation have variables, alerts and features of the whole app.
    ("/app_spec", "envs"),
    ("/app_spec", "alerts"),
    ("/app_spec", "features"),
    // In the description's own example, not in its schema.
    ("/options/properties/options/properties/pg", "default_version"),
];

impl Description {
    pub fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file)
            .unwrap_or_else(|err| panic!("the API description {}: {err}", file.display()));
        let mut whole: Value = serde_json::from_str(&text)
            .unwrap_or_else(|err| panic!("the API description {}: {err}", file.display()));
        let mut schemas = whole["components"]["schemas"].take();
        for (place, field) in EXCEPTIONS {
            schemas.pointer_mut(place).unwrap()["properties"][field] = json!(true);
        }
        let translated: Map<String, Value> = schemas
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, schema)| (name.clone(), translated(schema, &schemas)))
            .collect();
        Self { components: json!({ "schemas": translated }), paths: whole["paths"].take() }
    }

    pub fn operation_id(&self, call: &Call) -> Option<&str> {
        self.operation(&call.method, &call.path)?["operationId"].as_str()
    }

    /// What is wrong with a call, one line each.
    pub fn faults(&self, call: &Call) -> Vec<String> {
        let Call { method, path, query, body, status, answer } = call;
        let named = |what: String| format!("{method} {path} {status}: {what}");
        let Some(operation) = self.operation(method, path) else {
            return vec![named("the description has no such operation".to_owned())];
        };
        let mut faults = Vec::new();
        for (name, _) in query {
            let known =
                |parameter: &Value| parameter["in"] == "query" && parameter["name"] == *name;
            if !operation["parameters"]
                .as_array()
                .is_some_and(|known_ones| known_ones.iter().any(known))
            {
                faults.push(named(format!("unknown parameter {name}")));
            }
        }
        // What was refused may be wrong on purpose.
        if *status < 400 {
            let asked = &operation["requestBody"];
            faults.extend(self.compare("request", asked, body.as_ref()).into_iter().map(named));
        }
        let responses = &operation["responses"];
        let response = responses.get(status.to_string());
        // Refusals that the description leaves out, 403 and 422 among them, come under `default`.
        let response = response.or_else(|| responses.get("default").filter(|_| 400 <= *status));
        match response {
            None => faults.push(named("the description has no such status".to_owned())),
            Some(response) => {
                faults.extend(
                    self.compare("answer", response, answer.as_ref()).into_iter().map(named),
                );
            }
        }
        faults
    }

    /// The operation whose path template this path fills in; a template without gaps comes first.
    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let fits = |template: &str| {
            let parts: Vec<&str> = template.split('/').collect();
            let given: Vec<&str> = path.split('/').collect();
            parts.len() == given.len()
                && parts
                    .iter()
                    .zip(given)
                    .all(|(part, given)| part.starts_with('{') || *part == given)
        };
        let paths = self.paths.as_object().unwrap();
        let mut fitting: Vec<_> = paths.iter().filter(|(template, _)| fits(template)).collect();
        fitting.sort_by_key(|(template, _)| template.matches('{').count());
        fitting.iter().find_map(|(_, operations)| operations.get(method.to_lowercase()))
    }

    fn compare(&self, side: &str, part: &Value, given: Option<&Value>) -> Vec<String> {
        let schema = part.pointer("/content/application~1json/schema");
        match (schema, given) {
            (None, None) => Vec::new(),
            (None, Some(_)) => vec![format!("{side} has a body, the description none")],
            (Some(_), None) => vec![format!("{side} has no body")],
            (Some(schema), Some(given)) => {
                let faults = self.differences(schema, given);
                faults.into_iter().map(|fault| format!("{side}{fault}")).collect()
            }
        }
    }

    fn differences(&self, schema: &Value, given: &Value) -> Vec<String> {
        let mut schema =
            closed(translated(schema, &self.components["schemas"]), &self.components["schemas"]);
        schema.as_object_mut().unwrap().insert("components".to_owned(), self.components.clone());
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .build(&schema)
            .unwrap_or_else(|err| panic!("the description's schema: {err}"));
        validator
            .iter_errors(given)
            .map(|error| {
                let place = error.instance_path();
                match error.kind() {
                    ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                        format!("{place}: unknown fields {unexpected:?}")
                    }
                    // The text without the value, which may be a password.
                    _ => format!("{place}: {}", error.masked()),
                }
            })
            .collect()
    }
}

/// A schema of OpenAPI 3.0 as one of JSON Schema: `nullable` becomes a type, and every object that is described is
/// closed against fields that are not.
fn translated(schema: &Value, schemas: &Value) -> Value {
    let Some(schema) = schema.as_object() else { return schema.clone() };
    let mut is_nullable = false;
    let mut result = Map::new();
    for (key, value) in schema {
        let part = match (key.as_str(), value) {
            ("nullable", value) => {
                is_nullable = value == true;
                continue;
            }
            // No part of the rules, and examples may look like them.
            ("example" | "description" | "title" | "default" | "readOnly" | "deprecated", _) => {
                continue;
            }
            ("properties", Value::Object(properties)) => properties
                .iter()
                .map(|(name, schema)| (name.clone(), closed(translated(schema, schemas), schemas)))
                .collect(),
            ("items", items) => closed(translated(items, schemas), schemas),
            ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => {
                parts.iter().map(|part| translated(part, schemas)).collect()
            }
            _ => value.clone(), // a rule that both have
        };
        result.insert(key.clone(), part);
    }
    if is_nullable {
        return json!({ "anyOf": [{ "type": "null" }, result] });
    }
    Value::Object(result)
}

fn closed(mut schema: Value, schemas: &Value) -> Value {
    if describes_fields(&schema, schemas)
        && let Some(schema) = schema.as_object_mut()
    {
        schema.insert("unevaluatedProperties".to_owned(), json!(false));
    }
    schema
}

/// Does the schema name the fields of an object? One that does not is open to any.
fn describes_fields(schema: &Value, schemas: &Value) -> bool {
    if schema.get("additionalProperties").is_some() {
        return false;
    }
    if let Some(name) = schema["$ref"].as_str() {
        return describes_fields(&schemas[name.rsplit('/').next().unwrap()], schemas);
    }
    let in_parts = |key: &str| {
        schema[key]
            .as_array()
            .is_some_and(|parts| parts.iter().any(|part| describes_fields(part, schemas)))
    };
    schema.get("properties").is_some() || ["allOf", "anyOf", "oneOf"].into_iter().any(in_parts)
}
