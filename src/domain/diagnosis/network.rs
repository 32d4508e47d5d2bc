//! Before a server is reached: name, route, port, and who answers there.

use std::time::Duration;

use crate::domain::{
    access::LeaseLength,
    diagnosis::{Known, Place, Repair, Sources, Symptom, TEST_AGAIN, secs},
    problem::{Fix, Problem},
    stages::Port,
};

/// What letting in does first where the address is not known.
const ASKED: &str = "Allowing asks checkip.amazonaws.com and ipv4.icanhazip.com for this computer's public address first; nothing else is sent to them";

pub(super) fn explain(symptom: &Symptom, place: Place<'_>, known: &Known) -> Problem {
    let Place { host, number, .. } = place;
    match symptom {
        Symptom::NameUnknown(_) => name_unknown(host, known),
        Symptom::Refused => refused(place, known),
        Symptom::NoNetwork(_) => Problem::new(
            "no network",
            format!("From this network there is no way to {host}."),
            "Most likely: 1 this computer is offline; 2 this network has only IPv6, and DigitalOcean's clusters answer over IPv4.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain)
        .hint("Use another network, or a VPN with IPv4"),
        Symptom::DialSilent(limit) => silent(*limit, place, known),
        Symptom::Mute(limit) => Problem::new(
            "silent",
            format!("Port {number} took the connection and then said nothing for {}.", secs(*limit)),
            "Most likely: 1 a proxy or firewall stands in between; 2 the server is overloaded.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain),
        Symptom::NotPostgres(_) => Problem::new(
            "not PostgreSQL",
            format!("Something other than PostgreSQL answers on port {number} of {host}."),
            "The port belongs to another service, or a web proxy answers in the server's place.",
        )
        .right_port(place, known)
        .hint("Check host and port in the URL"),
        _ => Problem::new(
            "no route",
            format!("{host} cannot be reached on port {number}."),
            "Most likely: 1 the host is the cluster's private one, which answers inside DigitalOcean's network only; 2 a VPN is switched off.",
        )
        .public_host(place, known)
        .fix(TEST_AGAIN, Fix::TryAgain),
    }
}

fn name_unknown(host: &str, known: &Known) -> Problem {
    let what = format!("The name {host} cannot be found.");
    match known.public_host.as_deref().filter(|right| *right != host) {
        Some(right) => Problem::new(
            "DNS",
            what,
            format!("The host is misspelt, or belongs to a cluster that was deleted. This cluster's host is {right}."),
        )
        .fix(format!("Use {right} and test again"), Fix::Repair(Repair::Host(right.to_owned()))),
        None => Problem::new(
            "DNS",
            what,
            "Most likely: 1 the host is misspelt; 2 the cluster was deleted; 3 this computer is offline.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain),
    }
}

fn refused(place: Place<'_>, known: &Known) -> Problem {
    let Place { port, host, number, .. } = place;
    let from_account = known.direct_port.is_some();
    let why = match (port, known.port(port)) {
        (_, Some(right)) if right != number => {
            format!("Nothing listens there. The cluster's {} port is {right}.", port.word())
        }
        (Port::Pooled, None) if from_account && known.pools.is_empty() => {
            "The cluster has no pool yet. The pool port opens with the first one.".to_owned()
        }
        (Port::Pooled, _) => {
            "Nothing listens there. The pool port is usually 25061, and it opens with the cluster's first pool.".to_owned()
        }
        (Port::Direct, _) => {
            "Nothing listens there. The direct port is usually 25060; a server that restarts is back within a minute.".to_owned()
        }
    };
    Problem::new("refused", format!("Port {number} on {host} refused the connection."), why)
        .right_port(place, known)
        .fix(TEST_AGAIN, Fix::TryAgain)
}

/// The first packet got no answer: what a firewall does, DigitalOcean's own among them.
fn silent(limit: Duration, place: Place<'_>, known: &Known) -> Problem {
    let Place { number, .. } = place;
    let what = format!("No answer on port {number} within {}.", secs(limit));
    let trusted_what =
        format!("No answer on port {number}, although this computer is a trusted source.");
    match (known.sources, known.web) {
        (Sources::ShutsOut(count, address), _) => Problem::new(
            "time-out",
            what,
            format!("Only {} may connect; this computer ({address}) is not among them.", sources(count)),
        )
        .let_in()
        .fix("Copy the address", Fix::Copy(address.to_string())),
        (Sources::Only(count), _) => Problem::new(
            "time-out",
            what,
            format!("Only {} may connect. Most likely: this computer is not among them.", sources(count)),
        )
        .let_in()
        .hint(ASKED)
        .fix(TEST_AGAIN, Fix::TryAgain),
        (Sources::LetsIn(_) | Sources::Everyone, Some(false)) => Problem::new(
            "no way out",
            format!("Neither port {number} nor port 443 of the region answers."),
            "The trusted sources do not stand in the way. Most likely: 1 this computer is offline; 2 a VPN or firewall blocks the way to DigitalOcean.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain),
        (Sources::LetsIn(_), Some(true)) => Problem::new(
            "blocked port",
            trusted_what,
            format!(
                "Port 443 of the region answers. Most likely: 1 a company firewall or VPN blocks port {number}; 2 the rule is still spreading (1 min); 3 this computer's address changed."
            ),
        )
        .fix("Check again", Fix::TryAgain),
        (Sources::LetsIn(_), None) => Problem::new(
            "time-out, trusted",
            trusted_what,
            "Most likely: 1 a company firewall or VPN blocks the port; 2 the rule is still spreading (1 min); 3 this computer's address changed.",
        )
        .fix("Check again", Fix::TryAgain)
        .fix("Check for a VPN or company firewall", Fix::AskTheWeb),
        (Sources::Everyone, Some(true)) => Problem::new(
            "blocked port",
            what,
            format!(
                "Every address may connect, and port 443 of the region answers. Most likely: a company firewall or VPN blocks port {number}."
            ),
        )
        .fix(TEST_AGAIN, Fix::TryAgain),
        (Sources::Everyone, None) => Problem::new(
            "time-out, trusted",
            what,
            "The cluster has no trusted sources, so every address may connect. Most likely: 1 a company firewall or VPN blocks the port; 2 this computer is offline.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain)
        .fix("Check for a VPN or company firewall", Fix::AskTheWeb),
        (Sources::Unknown, _) => {
            let problem = Problem::new(
                "time-out",
                what,
                "Most likely: 1 this computer is not among the cluster's trusted sources; 2 a company firewall or VPN blocks the port.",
            );
            // Without an account there is no rule to add.
            let problem = if known.region.is_some() { problem.let_in().hint(ASKED) } else { problem };
            problem
                .fix(TEST_AGAIN, Fix::TryAgain)
                .hint("Compare with the cluster's Network Access page")
        }
    }
}

fn sources(count: usize) -> String {
    match count {
        1 => "1 trusted source".to_owned(),
        many => format!("{many} trusted sources"),
    }
}

/// Proposals that several problems share.
impl Problem {
    pub(super) fn right_port(self, place: Place<'_>, known: &Known) -> Self {
        match known.port(place.port).filter(|right| *right != place.number) {
            Some(right) => self.fix(
                format!("Use port {right} and test again"),
                Fix::Repair(Repair::PortNumber(place.port, right)),
            ),
            None => self,
        }
    }

    pub(super) fn public_host(self, place: Place<'_>, known: &Known) -> Self {
        match known.public_host.as_deref().filter(|right| *right != place.host) {
            Some(right) => self.fix(
                "Use the public host and test again",
                Fix::Repair(Repair::Host(right.to_owned())),
            ),
            None => self,
        }
    }

    fn let_in(self) -> Self {
        let length = LeaseLength::TwoHours;
        self.fix(format!("Allow this computer for {}", length.words()), Fix::AllowThisComputer)
    }
}
