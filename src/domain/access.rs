//! Trusted sources: who may connect to the cluster, and the timed rule for this computer.

use std::{net::Ipv4Addr, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

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
}

/// Does the list let this address in? An empty list lets everyone in.
pub fn lets_in(rules: &[Rule], address: Ipv4Addr) -> bool {
    rules.is_empty()
        || rules.iter().any(|rule| rule.kind == "ip_addr" && is_inside(address, &rule.value))
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

    #[test]
    fn a_lease_lasts_as_long_as_its_words_say() {
        let minutes: Vec<Option<u64>> = LeaseLength::ALL
            .into_iter()
            .map(|length| length.duration().map(|duration| duration.as_secs() / 60))
            .collect();
        assert_eq!(minutes, [Some(30), Some(120), Some(480), None]);
    }
}
