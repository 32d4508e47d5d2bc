//! One answer of the API: its headers and body, read carefully. Whatever may come, nothing of a body is quoted but the
//! API's own error sentence and a web page's title.

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    digitalocean::{
        error::{Failure, Refusal},
        retry,
        wire::or_default,
    },
    domain::mask,
};

/// More than any real answer; a list of two hundred apps is a few MiB.
pub(super) const LARGEST: usize = 8 * 1024 * 1024;

/// What the headers tell beside the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub request_id: Option<String>,
    pub rate_left: Option<u32>,
    pub wait: Option<std::time::Duration>,
}

impl Head {
    pub(super) fn read(headers: &HeaderMap, now: Timestamp) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let rate_left = text("ratelimit-remaining").and_then(|left| left.trim().parse().ok());
        Self {
            request_id: text("x-request-id").map(mask::text),
            rate_left,
            wait: retry::asked(text("retry-after"), rate_left, text("ratelimit-reset"), now),
        }
    }
}

/// A body that was read to its end, with a status below 400.
pub(super) struct Answer {
    pub body: Vec<u8>,
}

impl Answer {
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|err| self.not_read(&err))
    }

    /// Never the error's own text: it quotes the value it did not expect.
    fn not_read(&self, err: &serde_json::Error) -> Failure {
        let begins_as_json =
            self.body.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|b| *b == b'{');
        if err.is_data() {
            Failure::Unexpected(format!("line {}, column {}", err.line(), err.column()))
        } else if err.is_eof() {
            Failure::Half(self.body.len())
        } else if begins_as_json {
            Failure::Unexpected(format!("not JSON at line {}, column {}", err.line(), err.column()))
        } else {
            Failure::NotJson { title: title(&self.body) }
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    #[serde(deserialize_with = "or_default")]
    id: String,
    #[serde(deserialize_with = "or_default")]
    message: String,
    request_id: Option<String>,
    /// The second form of error bodies.
    #[serde(deserialize_with = "or_default")]
    error: String,
}

/// A status of 400 and above, with whatever its body tells.
pub(super) fn refusal(status: u16, body: &[u8], head: Head) -> Refusal {
    let read: Option<ErrorBody> = serde_json::from_slice(body).ok();
    let given = |text: &str| (!text.is_empty()).then(|| mask::text(text));
    let (id, message, request_id) = match read {
        Some(read) => {
            let message = given(&read.message).or_else(|| given(&read.error));
            (given(&read.id).or_else(|| given(&read.error)), message, read.request_id)
        }
        None => (None, title(body), None),
    };
    Refusal {
        status,
        id,
        message,
        request_id: request_id.map(|id| mask::text(&id)).or(head.request_id),
        wait: head.wait,
    }
}

/// A web page's title, or a short plain sentence such as `404 page not found`.
fn title(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body.get(..body.len().min(4096)).unwrap_or_default());
    let text = text.trim();
    let found = match text.split_once("<title>") {
        Some((_, rest)) => rest.split_once("</title>")?.0.trim(),
        None if text.len() <= 120 && !text.contains(['<', '{', '"', '\n']) => text,
        None => return None,
    };
    (!found.is_empty()).then(|| mask::text(found))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn head() -> Head {
        Head { request_id: Some("from-header".to_owned()), ..Head::default() }
    }

    #[test]
    fn an_error_is_read_in_whatever_form_it_comes() {
        let table = [
            (
                r#"{"id": "not_found", "message": "The resource was not found.", "request_id": "r1"}"#,
                (Some("not_found"), Some("The resource was not found."), Some("r1")),
            ),
            (
                r#"{"id": "forbidden", "message": null}"#,
                (Some("forbidden"), None, Some("from-header")),
            ),
            (
                r#"{"error": "bad thing", "root_causes": []}"#,
                (Some("bad thing"), Some("bad thing"), Some("from-header")),
            ),
            ("404 page not found\n", (None, Some("404 page not found"), Some("from-header"))),
            (
                "<html><head><title>502 Bad Gateway</title></head></html>",
                (None, Some("502 Bad Gateway"), Some("from-header")),
            ),
            ("", (None, None, Some("from-header"))),
            (r#"{"password": "AVNS_canary"#, (None, None, Some("from-header"))),
        ];
        for (body, expected) in table {
            let read = refusal(400, body.as_bytes(), head());
            let got = (read.id.as_deref(), read.message.as_deref(), read.request_id.as_deref());
            assert_eq!(got, expected, "{body}");
        }
    }

    #[test]
    fn what_is_not_as_described_never_quotes_the_value() {
        #[derive(Debug, Deserialize)]
        struct Wanted {
            #[expect(dead_code, reason = "only its form matters")]
            port: u16,
        }
        let read = |body: &str| {
            Answer { body: body.as_bytes().to_vec() }.json::<Wanted>().unwrap_err().to_string()
        };
        for (body, expected) in [
            (r#"{"port": "canary"}"#, "another form than the API describes: line 1, column 17"),
            (r#"{"port": 1, "password": "canary"#, "breaks off after 31 bytes"),
            (r#"{"port": canary}"#, "another form than the API describes: not JSON at line 1"),
            ("<html>canary</html>", "the answer is not JSON"),
            ("", "breaks off after 0 bytes"),
        ] {
            let said = read(body);
            assert!(said.contains(expected) && !said.contains("canary"), "{body}: {said}");
        }
    }

    #[test]
    fn the_headers_tell_request_budget_and_wait() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("x-request-id", "r7"), ("ratelimit-remaining", "12"), ("retry-after", "3")]
        {
            headers.insert(name, value.parse().unwrap());
        }
        let expected = Head {
            request_id: Some("r7".to_owned()),
            rate_left: Some(12),
            wait: Some(Duration::from_secs(3)),
        };
        assert_eq!(Head::read(&headers, Timestamp::UNIX_EPOCH), expected);
    }
}
