//! A request as it arrived, the answer to it, and the refusals in the provider's words.

use serde_json::{Value, json};

/// What was asked.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    /// What stood behind `Bearer`.
    pub(super) token: Option<String>,
    pub(super) body: Body,
}

#[derive(Debug)]
pub(super) enum Body {
    Empty,
    Json(Value),
    NotJson,
}

impl Request {
    /// The object that an operation needs as its body.
    pub(super) fn object(&self) -> Result<&serde_json::Map<String, Value>, Refusal> {
        match &self.body {
            Body::Json(Value::Object(object)) => Ok(object),
            Body::Empty | Body::Json(_) | Body::NotJson => {
                Err(Refusal::BadRequest("The request body is not a JSON object.".to_owned()))
            }
        }
    }

    /// The page asked for and how many there are on one: `page` from 1, `per_page` 20, at most 200.
    pub(super) fn page(&self) -> Result<(usize, usize), Refusal> {
        let number = |name: &str, default: usize| match self
            .query
            .iter()
            .find(|(key, _)| key == name)
        {
            None => Ok(default),
            Some((_, value)) => value.parse().ok().filter(|number| 0 < *number).ok_or_else(|| {
                Refusal::BadRequest(format!("The parameter {name} is not a number from 1 on."))
            }),
        };
        Ok((number("page", 1)?, number("per_page", 20)?.min(200)))
    }
}

/// What is answered. `body: None` is an empty answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Option<Value>,
    /// Besides the content type.
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: 200, body: Some(body), headers: Vec::new() }
    }

    pub(super) fn created(body: Value) -> Self {
        Self { status: 201, ..Self::ok(body) }
    }

    pub(super) fn done() -> Self {
        Self { status: 204, body: None, headers: Vec::new() }
    }
}

/// Why nothing was done. Status and id are documented; the texts are examples of the provider's documentation, or of
/// what people quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Unauthorized,
    /// The token lacks this scope.
    Forbidden,
    NotFound,
    /// Seconds after which the budget has room again.
    TooMany(u64),
    BadRequest(String),
    Unprocessable(String),
    Broken,
}

impl Refusal {
    pub(super) fn answer(&self, request_id: &str) -> Answer {
        let (status, id, message) = match self {
            Self::Unauthorized => (401, "unauthorized", "Unable to authenticate you."),
            Self::Forbidden => {
                (403, "forbidden", "You are not authorized to perform this operation")
            }
            Self::NotFound => {
                (404, "not_found", "The resource you were accessing could not be found.")
            }
            Self::TooMany(_) => (429, "too_many_requests", "API rate limit exceeded."),
            Self::BadRequest(message) => (400, "bad_request", message.as_str()),
            Self::Unprocessable(message) => (422, "unprocessable_entity", message.as_str()),
            Self::Broken => (500, "server_error", "Unexpected server-side error"),
        };
        let body = json!({ "id": id, "message": message, "request_id": request_id });
        let headers = match self {
            Self::TooMany(seconds) => vec![("retry-after", seconds.to_string())],
            _ => Vec::new(), // only a wait has something to add
        };
        Answer { status, body: Some(body), headers }
    }
}

/// A request and its answer, for who listens.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub body: Option<Value>,
    pub status: u16,
    pub answer: Option<Value>,
}
