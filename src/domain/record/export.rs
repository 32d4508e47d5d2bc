//! The history as JSON lines: one object a line, the oldest first. Secrets were masked before they came into the record.

use serde_json::{Value, json};

use crate::domain::record::{End, Entry, Exchange, Record, Statement};

pub fn json_lines(record: &Record) -> String {
    json(record).into_iter().map(|line| format!("{line}\n")).collect()
}

/// The same as values.
pub fn json(record: &Record) -> Vec<Value> {
    let requests = record.exchanges.iter().map(|exchange| (exchange.at, request(exchange)));
    let asked = record.statements.iter().map(|asked| (asked.at, statement(asked)));
    let changes = record.entries.iter().map(|entry| (entry.at, change(entry)));
    let mut lines: Vec<_> = requests.chain(asked).chain(changes).collect();
    lines.sort_by_key(|(at, _)| *at);
    lines.into_iter().map(|(_, line)| line).collect()
}

fn request(exchange: &Exchange) -> Value {
    json!({
        "at": exchange.at.to_string(),
        "kind": "request",
        "method": exchange.method,
        "path": exchange.path,
        "status": exchange.status,
        "took_ms": u64::try_from(exchange.took.as_millis()).unwrap_or(u64::MAX),
        "request_id": exchange.request_id,
        "rate_left": exchange.rate_left,
        // As it was shown: text, in which secrets are masked.
        "body": exchange.body.as_deref().map(|body| {
            serde_json::from_str(body).unwrap_or_else(|_| Value::from(body))
        }),
    })
}

fn statement(statement: &Statement) -> Value {
    let (status, rows) = match &statement.end {
        End::Done(rows) => (Some("00000"), *rows),
        End::Refused(sqlstate) => (Some(sqlstate.as_str()), None),
        End::NoAnswer => (None, None),
    };
    json!({
        "at": statement.at.to_string(),
        "kind": "statement",
        "to": statement.place.to_string(),
        "statement": statement.text,
        "times": statement.times,
        "sqlstate": status,
        "rows": rows,
        "took_ms": u64::try_from(statement.took.as_millis()).unwrap_or(u64::MAX),
    })
}

fn change(entry: &Entry) -> Value {
    json!({
        "at": entry.at.to_string(),
        "kind": "change",
        "what": entry.what,
        "undone": entry.undone,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::domain::record::{Place, Undo};

    #[test]
    fn each_line_is_one_object_and_the_oldest_comes_first() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        let exchange = Exchange {
            at: at(60),
            method: "POST".to_owned(),
            path: "/v2/databases/c1/pools".to_owned(),
            body: Some(r#"{"name":"p"}"#.to_owned()),
            status: Some(201),
            took: Duration::from_millis(84),
            request_id: Some("r1".to_owned()),
            rate_left: Some(4998),
            again_in: None,
        };
        let entry = Entry {
            at: at(30),
            what: "Pool p created\nsecond line".to_owned(),
            undo: Undo::Impossible(String::new()),
            undone: true,
        };
        let asked = Statement {
            at: at(90),
            place: Place {
                user: "u".to_owned(),
                host: "h".to_owned(),
                port: 25061,
                database: "pool".to_owned(),
            },
            text: "select '•••'".to_owned(),
            end: End::Refused("42601".to_owned()),
            took: Duration::from_millis(7),
            times: 3,
        };
        let record =
            Record { exchanges: vec![exchange], statements: vec![asked], entries: vec![entry] };
        assert_eq!(
            json_lines(&record),
            concat!(
                r#"{"at":"1970-01-01T00:00:30Z","kind":"change","what":"Pool p created\nsecond line","undone":true}"#,
                "\n",
                r#"{"at":"1970-01-01T00:01:00Z","kind":"request","method":"POST","path":"/v2/databases/c1/pools","status":201,"took_ms":84,"request_id":"r1","rate_left":4998,"body":{"name":"p"}}"#,
                "\n",
                r#"{"at":"1970-01-01T00:01:30Z","kind":"statement","to":"u@h:25061/pool","statement":"select '•••'","times":3,"sqlstate":"42601","rows":null,"took_ms":7}"#,
                "\n",
            )
        );
    }
}
