//! Trusted sources: this computer's public address, the timed rule that lets it in, and its removal.
//!
//! The account replaces the whole list at once and has no way to guard it against others who write at the same moment.
//! So the list is read right before it is written, whole rules go back as they came, and it is read again afterwards.

use std::net::Ipv4Addr;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

use crate::{
    address::{self, AddressError},
    digitalocean::client::Client,
    domain::{
        access::{Lease, LeaseLength, Rule, lets_in},
        cluster::ClusterId,
        problem::{Fix, Problem},
    },
    effects::{Notes, World, account},
    setup::steps::test::Msg,
};

/// How our rules begin to say what they are for.
const OURS: &str = "Poolwright, temporary";

pub(super) async fn find_address(world: &World) -> Result<Msg, Problem> {
    address::public(&world.address_services, &world.timing)
        .await
        .map(Msg::Address)
        .map_err(|err| no_address(&err))
}

pub(super) async fn allow(
    client: &Client,
    cluster: &ClusterId,
    address: Ipv4Addr,
    length: LeaseLength,
    notes: &Notes,
) -> Result<Msg, Problem> {
    let before = read(client, cluster).await?;
    if before.is_empty() {
        return Err(open_to_everyone());
    }
    let now = Timestamp::now();
    let until = length.duration().and_then(|length| now.checked_add(length).ok());
    if lets_in(&before, address) {
        // A rule that an earlier start left behind is ours to remove.
        let was_there = !before.iter().any(|rule| is_ours(rule, address));
        return Ok(Msg::Allowed(Lease { address, until, was_there }, before));
    }
    let mut wanted = before.clone();
    wanted.push(our_rule(address, until, &TimeZone::system()));
    let lease = Lease { address, until, was_there: false };
    let after = match write(client, cluster, &wanted).await {
        Ok(after) => after,
        Err(problem) => {
            if problem.outcome_unknown {
                // Our rule may be there, and then it has to be removed one day.
                notes.note(Msg::Sent(lease)).await;
            }
            return Err(problem);
        }
    };
    if !lets_in(&after, address) {
        return Err(not_taken(&format!("{address} is not among the trusted sources.")));
    }
    if let Err(problem) = nothing_lost(&before, &after) {
        // Our rule is there all the same and has to be removed one day.
        notes.note(Msg::Allowed(lease, after)).await;
        return Err(problem);
    }
    Ok(Msg::Allowed(lease, after))
}

/// Removes our own rule. One that was there before us stays.
pub(super) async fn remove(
    client: &Client,
    cluster: &ClusterId,
    lease: &Lease,
) -> Result<Vec<Rule>, Problem> {
    let before = read(client, cluster).await?;
    let ours = |rule: &Rule| !lease.was_there && is_removable(rule, lease.address);
    let wanted: Vec<Rule> = before.iter().filter(|rule| !ours(rule)).cloned().collect();
    if wanted.len() == before.len() {
        return Ok(before);
    }
    if wanted.is_empty() {
        return Err(last_one());
    }
    let after = write(client, cluster, &wanted).await?;
    if after.iter().any(ours) {
        return Err(not_taken("The rule for this computer is still there."));
    }
    nothing_lost(&wanted, &after)?;
    Ok(after)
}

async fn read(client: &Client, cluster: &ClusterId) -> Result<Vec<Rule>, Problem> {
    client.trusted_sources(cluster).await.map_err(|err| account::problem(&err))
}

/// Writes and reads back. Where the answer to the write was lost, what is read back tells.
async fn write(client: &Client, cluster: &ClusterId, rules: &[Rule]) -> Result<Vec<Rule>, Problem> {
    match client.set_trusted_sources(cluster, rules).await {
        Err(err) if !err.outcome_unknown() => return Err(account::problem(&err)),
        Err(err) => tracing::info!(%err, "the trusted sources are looked up"),
        Ok(()) => {}
    }
    read(client, cluster).await.map_err(Problem::outcome_unknown)
}

fn our_rule(address: Ipv4Addr, until: Option<Timestamp>, zone: &TimeZone) -> Rule {
    let description = match until {
        Some(until) => {
            format!("{OURS}, until {}", until.to_zoned(zone.clone()).strftime("%H:%M"))
        }
        None => format!("{OURS}, until removed"),
    };
    let value = address.to_string();
    let raw = json!({ "type": "ip_addr", "value": value, "description": description });
    Rule { kind: "ip_addr".to_owned(), value, description: Some(description), raw }
}

fn is_for(rule: &Rule, address: Ipv4Addr) -> bool {
    rule.kind == "ip_addr" && rule.value == address.to_string()
}

fn is_ours(rule: &Rule, address: Ipv4Addr) -> bool {
    is_for(rule, address) && rule.description.as_ref().is_some_and(|said| said.starts_with(OURS))
}

/// Other tools erase descriptions, so a rule for our address without one is taken for the one we made.
fn is_removable(rule: &Rule, address: Ipv4Addr) -> bool {
    is_ours(rule, address) || (is_for(rule, address) && rule.description.is_none())
}

/// Every rule that was to stay is still there.
fn nothing_lost(wanted: &[Rule], after: &[Rule]) -> Result<(), Problem> {
    let is_there = |rule: &Rule| {
        after.iter().any(|other| other.kind == rule.kind && other.value == rule.value)
    };
    let lost: Vec<&Rule> = wanted.iter().filter(|rule| !is_there(rule)).collect();
    if lost.is_empty() {
        return Ok(());
    }
    let mut problem = Problem::new(
        "rules lost",
        "Trusted sources are missing after the change.",
        "We sent them back as they were. Most likely: somebody else wrote the list at the same moment.",
    )
    .hint("Compare the list with the cluster's Network Access page and add what is missing");
    for rule in lost {
        problem = problem.detail(format!(
            "missing: {} {} {}",
            rule.kind,
            rule.value,
            rule.description.as_deref().unwrap_or_default()
        ));
    }
    Err(problem)
}

fn not_taken(why: &str) -> Problem {
    Problem::new("not taken over", "The trusted sources did not change as asked for.", why)
        .fix("Try again", Fix::TryAgain)
}

fn open_to_everyone() -> Problem {
    Problem::new(
        "open to everyone",
        "Nothing was added: every address may connect to this cluster already.",
        "It has no trusted sources. The first one would shut out everybody else, also the app.",
    )
    .hint("Test both connections; the trusted sources do not stand in the way")
    .hint("Add the app as a trusted source first, on the cluster's Network Access page")
}

fn last_one() -> Problem {
    Problem::new(
        "last rule",
        "The access of this computer was not removed.",
        "It is the last trusted source. Without any, every address of the internet may connect.",
    )
    .hint("Add the app as a trusted source first, on the cluster's Network Access page")
}

fn no_address(err: &AddressError) -> Problem {
    let problem = match err {
        AddressError::OnlyIpv6 => Problem::new(
            "IPv6 only",
            "This network has only IPv6.",
            "DigitalOcean's trusted sources accept only IPv4 addresses.",
        )
        .hint("Use another network or a VPN with IPv4"),
        AddressError::Differ(first, second) => Problem::new(
            "address",
            "The two services saw different addresses of this computer.",
            format!("One saw {first}, the other {second}. Most likely: a VPN or a line with several ways out."),
        )
        .hint("Type the address that the database sees"),
        AddressError::NotPublic(address) => Problem::new(
            "address",
            "This computer's public address was not found.",
            format!("A service answered {address}, which is no public address."),
        )
        .hint("Type the address"),
        AddressError::Silent { service, .. } | AddressError::NoAddress { service } => Problem::new(
            "address",
            "This computer's public address was not found.",
            format!("{service} gave no address."),
        )
        .fix("Try again", Fix::TryAgain)
        .hint("Type the address"),
        AddressError::Client(_) => Problem::new(
            "certificates",
            "This computer's public address was not found.",
            "No encrypted connection can be made from here.",
        )
        .hint("Install the package ca-certificates"),
    };
    account::chain(problem, err)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);

    fn rule(kind: &str, value: &str, description: Option<&str>) -> Rule {
        Rule {
            kind: kind.to_owned(),
            value: value.to_owned(),
            description: description.map(str::to_owned),
            raw: json!({ "type": kind, "value": value }),
        }
    }

    #[test]
    fn our_rule_says_whose_it_is_and_until_when() {
        let until = "2026-11-12T15:20:00Z".parse().ok();
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let timed = our_rule(HERE, until, &zone);
        let raw = json!({"type": "ip_addr", "value": "203.0.113.7", "description": "Poolwright, temporary, until 16:20"});
        assert_eq!(timed.raw, raw);
        assert!(is_ours(&timed, HERE));
        let open = our_rule(HERE, None, &zone);
        assert_eq!(open.description.as_deref(), Some("Poolwright, temporary, until removed"));
    }

    #[test]
    fn only_our_own_rule_is_removed() {
        let table = [
            (rule("ip_addr", "203.0.113.7", Some("Poolwright, temporary, until 16:20")), true),
            (rule("ip_addr", "203.0.113.7", None), true),
            (rule("ip_addr", "203.0.113.7", Some("office")), false),
            (rule("ip_addr", "203.0.113.8", Some("Poolwright, temporary, until 16:20")), false),
            (rule("tag", "203.0.113.7", None), false),
        ];
        for (rule, removable) in table {
            assert_eq!(is_removable(&rule, HERE), removable, "{rule:?}");
        }
    }

    #[test]
    fn a_rule_that_is_missing_afterwards_is_named() {
        let wanted = [rule("app", "a1", None), rule("ip_addr", "192.0.2.1", Some("office"))];
        assert_eq!(nothing_lost(&wanted, &wanted), Ok(()));
        let problem = nothing_lost(&wanted, &wanted[..1]).unwrap_err();
        assert_eq!(problem.detail, ["missing: ip_addr 192.0.2.1 office"]);
    }
}
