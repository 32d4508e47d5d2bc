//! Trusted sources: who may connect to the cluster, and the timed rule for this computer.

use std::{net::Ipv4Addr, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use crate::domain::cluster::ClusterId;

/// One trusted source as the account gave it. `raw` is the whole object and goes back byte for byte:
/// the official tools lose descriptions because they rebuild rules from known fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub kind: String,
    pub value: String,
    pub description: Option<String>,
    pub raw: Value,
}

/// A rule of ours, and until when it is meant to stay. `until: None` stays until the person removes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub address: Ipv4Addr,
    pub until: Option<Timestamp>,
    /// The rule was there before us; it is never removed by us.
    pub was_there: bool,
}

/// A lease, and the cluster that it opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    pub cluster: ClusterId,
    pub cluster_name: String,
    pub lease: Lease,
}

impl Granted {
    /// A rule of ours; one that was there before us is somebody else's.
    pub fn is_ours(&self) -> bool {
        !self.lease.was_there
    }

    /// Ends by itself: at its time, or with the program.
    pub fn ends_by_itself(&self) -> bool {
        self.is_ours() && self.lease.until.is_some()
    }
}

/// What is kept of a rule of ours, so that it is found again among the rules of others, also by the next start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub granted: Granted,
    pub description: String,
    /// The account's id of the rule; `None` until the account has shown it.
    pub rule: Option<String>,
}

impl Kept {
    /// One for this address that is to be sent; its description says whose it is and until when, in that time zone.
    pub fn new(granted: Granted, zone: &TimeZone) -> Self {
        let description = match granted.lease.until {
            Some(until) => {
                format!("{OURS}, until {}", until.to_zoned(zone.clone()).strftime("%H:%M"))
            }
            None => format!("{OURS}, until removed"),
        };
        Self { granted, description, rule: None }
    }

    /// As it is sent.
    pub fn to_rule(&self) -> Rule {
        let value = self.granted.lease.address.to_string();
        let description = self.description.clone();
        let raw = json!({ "type": IP_ADDRESS, "value": value, "description": description });
        Rule { kind: IP_ADDRESS.to_owned(), value, description: Some(description), raw }
    }

    /// Is this rule the one? By its id, also where another tool has erased its description; without the id by the very
    /// description. A rule that somebody has given words of their own is theirs.
    pub fn is(&self, rule: &Rule) -> bool {
        let same_id = self.rule.is_some() && self.rule.as_deref() == rule.id();
        rule.is_for(self.granted.lease.address)
            && match &rule.description {
                Some(said) if same_id => said.starts_with(OURS),
                Some(said) => *said == self.description,
                None => same_id,
            }
    }
}

/// How our rules begin to say what they are for.
const OURS: &str = "Poolwright, temporary";

const IP_ADDRESS: &str = "ip_addr";

/// Above this many the provider may refuse; its documents disagree.
pub const MANY_RULES: usize = 100;

impl Rule {
    /// The account's own id of it.
    pub fn id(&self) -> Option<&str> {
        self.raw.get("uuid")?.as_str()
    }

    /// For this very address, not for a network around it.
    pub fn is_for(&self, address: Ipv4Addr) -> bool {
        self.kind == IP_ADDRESS && self.value == address.to_string()
    }

    /// The same rule with another description; whatever else it has stays.
    pub fn described(mut self, description: &str) -> Self {
        if let Some(fields) = self.raw.as_object_mut() {
            fields.insert("description".to_owned(), description.into());
        }
        self.description = Some(description.to_owned());
        self
    }

    /// Says the same: what it lets in, and its words.
    fn says_what(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.value == other.value
            && self.description == other.description
    }
}

/// Rules that were to stay and are not there any more as they were.
pub fn lost<'a>(wanted: &'a [Rule], after: &[Rule]) -> Vec<&'a Rule> {
    wanted.iter().filter(|rule| !after.iter().any(|other| other.says_what(rule))).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseLength {
    HalfAnHour,
    TwoHours,
    EightHours,
    UntilRemoved,
}

impl LeaseLength {
    pub const ALL: [Self; 4] =
        [Self::HalfAnHour, Self::TwoHours, Self::EightHours, Self::UntilRemoved];

    pub fn duration(self) -> Option<Duration> {
        let hours = |n: u64| Some(Duration::from_secs(n * 3600));
        match self {
            Self::HalfAnHour => Some(Duration::from_secs(1800)),
            Self::TwoHours => hours(2),
            Self::EightHours => hours(8),
            Self::UntilRemoved => None,
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::HalfAnHour => "30 minutes",
            Self::TwoHours => "2 hours",
            Self::EightHours => "8 hours",
            Self::UntilRemoved => "until I remove it",
        }
    }

    /// `for 2 hours`, `until I remove it`.
    pub fn lasting(self) -> String {
        match self.duration() {
            Some(_) => format!("for {}", self.words()),
            None => self.words().to_owned(),
        }
    }
}

/// Does the list let this address in? An empty list lets everyone in.
pub fn lets_in(rules: &[Rule], address: Ipv4Addr) -> bool {
    rules.is_empty()
        || rules.iter().any(|rule| rule.kind == IP_ADDRESS && is_inside(address, &rule.value))
}

/// `source` is an address or a network: `203.0.113.0/24`.
fn is_inside(address: Ipv4Addr, source: &str) -> bool {
    let (start, length) = source.split_once('/').unwrap_or((source, "32"));
    let (Ok(start), Ok(length @ 0..=32)) = (start.parse::<Ipv4Addr>(), length.parse::<u32>())
    else {
        return false;
    };
    // A length of 0 leaves no bit to compare.
    let significant = |address: Ipv4Addr| u32::from(address).checked_shr(32 - length).unwrap_or(0);
    significant(start) == significant(address)
}

#[cfg(test)]
mod network_tests {
    use super::*;

    #[test]
    fn a_network_lets_in_every_address_of_it() {
        let address = Ipv4Addr::new(203, 0, 113, 7);
        let table = [
            ("203.0.113.7", true),
            ("203.0.113.8", false),
            ("203.0.113.0/24", true),
            ("203.0.112.0/24", false),
            ("203.0.112.0/23", true),
            ("0.0.0.0/0", true),
            ("203.0.113.7/33", false),
            ("203.0.113.7/", false),
            ("office", false),
        ];
        for (source, inside) in table {
            assert_eq!(is_inside(address, source), inside, "{source}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(kind: &str, value: &str) -> Rule {
        Rule { kind: kind.to_owned(), value: value.to_owned(), description: None, raw: Value::Null }
    }

    #[test]
    fn an_empty_list_lets_everyone_in_and_one_rule_shuts_the_others_out() {
        let address = Ipv4Addr::new(203, 0, 113, 7);
        assert!(lets_in(&[], address));
        assert!(!lets_in(&[rule("app", "203.0.113.7")], address));
        assert!(!lets_in(&[rule("ip_addr", "203.0.113.70")], address));
        assert!(lets_in(&[rule("app", "a1"), rule("ip_addr", "203.0.113.7")], address));
    }

    const HERE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);

    fn kept(until: Option<&str>) -> Kept {
        let until = until.map(|until| until.parse().unwrap());
        let lease = Lease { address: HERE, until, was_there: false };
        let cluster = ClusterId("c1".to_owned());
        let granted = Granted { cluster, cluster_name: "shop-db".to_owned(), lease };
        Kept::new(granted, &TimeZone::fixed(jiff::tz::offset(1)))
    }

    #[test]
    fn our_rule_says_whose_it_is_and_until_when() {
        let raw = json!({"type": "ip_addr", "value": "203.0.113.7", "description": "Poolwright, temporary, until 16:20"});
        assert_eq!(kept(Some("2026-11-12T15:20:00Z")).to_rule().raw, raw);
        assert_eq!(kept(None).description, "Poolwright, temporary, until removed");
    }

    #[test]
    fn our_rule_is_told_from_every_other() {
        let ours = Kept { rule: Some("r1".to_owned()), ..kept(Some("2026-11-12T15:20:00Z")) };
        let words = Some("Poolwright, temporary, until 16:20");
        let table = [
            ("203.0.113.7", Some("r1"), words, true),
            ("203.0.113.7", Some("r1"), None, true),
            ("203.0.113.7", None, words, true),
            ("203.0.113.7", Some("r2"), words, true),
            // Somebody else behind the same address, and rules that somebody made theirs.
            ("203.0.113.7", Some("r2"), Some("Poolwright, temporary, until 17:05"), false),
            ("203.0.113.7", Some("r1"), Some("office, for good"), false),
            ("203.0.113.7", Some("r2"), None, false),
            ("203.0.113.8", Some("r1"), words, false),
        ];
        for (value, id, said, is_ours) in table {
            let rule = Rule {
                kind: "ip_addr".to_owned(),
                value: value.to_owned(),
                description: said.map(str::to_owned),
                raw: json!({ "uuid": id }),
            };
            assert_eq!(ours.is(&rule), is_ours, "{rule:?}");
        }
    }

    #[test]
    fn a_rule_that_is_missing_or_lost_its_words_is_named() {
        let said = |text: &str| rule("ip_addr", "192.0.2.1").described(text);
        let wanted = [rule("app", "a1"), said("office")];
        assert_eq!(lost(&wanted, &wanted), Vec::<&Rule>::new());
        assert_eq!(lost(&wanted, &wanted[..1]), [&wanted[1]]);
        assert_eq!(lost(&wanted, &[rule("app", "a1"), rule("ip_addr", "192.0.2.1")]), [&wanted[1]]);
    }

    #[test]
    fn a_lease_lasts_as_long_as_its_words_say() {
        let minutes: Vec<Option<u64>> = LeaseLength::ALL
            .into_iter()
            .map(|length| length.duration().map(|duration| duration.as_secs() / 60))
            .collect();
        assert_eq!(minutes, [Some(30), Some(120), Some(480), None]);
    }
}
