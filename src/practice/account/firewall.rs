//! Trusted sources: a list that is replaced as a whole, and what it means for this computer.

use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::call::Refusal;

/// What the address services of practice answer; from a range that is reserved for documentation.
pub const THIS_COMPUTER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);

const MOST_RULES: usize = 100;
const KINDS: [&str; 5] = ["droplet", "k8s", "ip_addr", "tag", "app"];

#[derive(Clone, Debug)]
pub(super) struct Rules {
    cluster: String,
    rules: Vec<Map<String, Value>>,
}

impl Rules {
    pub(super) fn none(cluster: &str) -> Self {
        Self { cluster: cluster.to_owned(), rules: Vec::new() }
    }

    /// One more, as the provider would have stored it.
    pub(super) fn with(mut self, kind: &str, value: &str, description: &str) -> Self {
        let rule = json!({ "type": kind, "value": value, "description": description });
        if let Value::Object(rule) = rule {
            let rule = self.stored(rule);
            self.rules.push(rule);
        }
        self
    }

    pub(super) fn shown(&self) -> &[Map<String, Value>] {
        &self.rules
    }

    /// The rules that a PUT asks for. What it does not repeat, descriptions included, is gone.
    pub(super) fn replaced_by(&self, body: &Map<String, Value>) -> Result<Self, Refusal> {
        let Some(wanted) = body.get("rules").and_then(Value::as_array) else {
            return Err(Refusal::Unprocessable("rules is required".to_owned()));
        };
        if MOST_RULES < wanted.len() {
            return Err(Refusal::Unprocessable(format!(
                "a cluster has at most {MOST_RULES} trusted sources"
            )));
        }
        let mut replaced = Self::none(&self.cluster);
        for rule in wanted {
            let rule = checked(rule)?;
            replaced.rules.push(self.stored(rule.clone()));
        }
        Ok(replaced)
    }

    /// With an id, the cluster and the time of creation, which a rule keeps while its id comes back.
    fn stored(&self, mut rule: Map<String, Value>) -> Map<String, Value> {
        let known = rule
            .get("uuid")
            .and_then(|id| self.rules.iter().find(|old| old.get("uuid") == Some(id)));
        let kept = |key: &str| known.and_then(|old| old.get(key)).cloned();
        let id = kept("uuid").unwrap_or_else(|| json!(uuid::Uuid::new_v4().to_string()));
        let created = kept("created_at").unwrap_or_else(|| json!(Timestamp::now().to_string()));
        rule.insert("uuid".to_owned(), id);
        rule.insert("cluster_uuid".to_owned(), json!(self.cluster));
        rule.insert("created_at".to_owned(), created);
        rule
    }

    /// Does the list let this computer in? An empty one lets everyone in.
    pub(super) fn let_this_computer_in(&self) -> bool {
        self.rules.is_empty() || self.rules.iter().any(covers_this_computer)
    }
}

fn covers_this_computer(rule: &Map<String, Value>) -> bool {
    let text = |key: &str| rule.get(key).and_then(Value::as_str).unwrap_or_default();
    text("type") == "ip_addr"
        && network(text("value")).is_some_and(|(start, length)| {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            u32::from(start) & mask == u32::from(THIS_COMPUTER) & mask
        })
}

/// An address with the number of bits that count: `203.0.113.7` or `203.0.113.0/24`.
fn network(text: &str) -> Option<(Ipv4Addr, u32)> {
    let (address, length) = text.split_once('/').unwrap_or((text, "32"));
    let length = length.parse().ok().filter(|length| *length <= 32)?;
    Some((address.parse().ok()?, length))
}

fn checked(rule: &Value) -> Result<&Map<String, Value>, Refusal> {
    let invalid = |message: &str| Refusal::Unprocessable(message.to_owned());
    let rule = rule.as_object().ok_or_else(|| invalid("a rule is not an object"))?;
    let text = |key: &str| rule.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let kind = text("type").ok_or_else(|| invalid("type is required"))?;
    let value = text("value").ok_or_else(|| invalid("value is required"))?;
    if !KINDS.contains(&kind) {
        return Err(invalid("type is not droplet, k8s, ip_addr, tag or app"));
    }
    if kind == "ip_addr" && network(value).is_none() {
        return Err(invalid("value is not an IPv4 address or network"));
    }
    Ok(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(rules: &Value) -> Result<Rules, Refusal> {
        let body = json!({ "rules": rules });
        Rules::none("c").replaced_by(body.as_object().unwrap())
    }

    #[test]
    fn an_empty_list_lets_everyone_in_and_the_first_rule_shuts_the_others_out() {
        assert!(replaced(&json!([])).unwrap().let_this_computer_in());
        for (value, is_in) in [
            ("203.0.113.7", true),
            ("203.0.113.8", false),
            ("203.0.113.0/24", true),
            ("203.0.112.0/24", false),
            ("0.0.0.0/0", true),
        ] {
            let rules = replaced(&json!([{ "type": "ip_addr", "value": value }])).unwrap();
            assert_eq!(rules.let_this_computer_in(), is_in, "{value}");
        }
    }

    #[test]
    fn a_rule_keeps_its_id_and_time_and_loses_what_is_not_sent_back() {
        let rules = Rules::none("c").with("ip_addr", "198.51.100.4", "Office");
        let mut sent = rules.shown()[0].clone();
        sent.remove("description");
        let body = json!({ "rules": [sent, { "type": "tag", "value": "web" }] });

        let replaced = rules.replaced_by(body.as_object().unwrap()).unwrap();

        let [first, second] = replaced.shown() else { panic!("two rules") };
        assert_eq!(first.get("uuid"), rules.shown()[0].get("uuid"));
        assert_eq!(first.get("created_at"), rules.shown()[0].get("created_at"));
        assert_eq!(first.get("description"), None);
        assert_ne!(second.get("uuid"), first.get("uuid"));
    }

    #[test]
    fn rules_that_mean_nothing_are_refused() {
        for rule in [
            json!({ "type": "ip_addr", "value": "2001:db8::1" }),
            json!({ "type": "ip_addr", "value": "203.0.113.0/33" }),
            json!({ "type": "host", "value": "x" }),
            json!({ "type": "tag" }),
        ] {
            assert!(matches!(replaced(&json!([rule])), Err(Refusal::Unprocessable(_))), "{rule}");
        }
    }
}
