//! The encrypted connection: is there one, and whose certificate is it.

use crate::domain::{
    diagnosis::{Known, Place, Repair, Symptom, TEST_AGAIN},
    problem::{Fix, Problem},
};

pub(super) fn explain(symptom: &Symptom, place: Place<'_>, known: &Known) -> Problem {
    let Place { host, number, .. } = place;
    match symptom {
        Symptom::NoTls => Problem::new(
            "no TLS",
            format!("The server on port {number} offers no encryption."),
            "DigitalOcean's clusters always do, so this is another server, or a proxy in front of it.",
        )
        .public_host(place, known)
        .right_port(place, known)
        .hint("Check host and port in the URL"),
        Symptom::UnknownAuthority(_) => Problem::new(
            "unknown authority",
            "The server's certificate is not signed by the authority it was checked against.",
            "DigitalOcean signs each cluster with an authority of its own. Most likely: 1 the certificate file is another cluster's; 2 the host is another cluster's; 3 a proxy opens encrypted connections.",
        )
        .this_cluster_s(known)
        .hint("Compare the host with the cluster's connection details"),
        Symptom::BadAuthority(_) => Problem::new(
            "unreadable authority",
            "The authority's certificate could not be read.",
            "The server's certificate cannot be checked without it. Nothing was sent to the server.",
        )
        .this_cluster_s(known)
        .hint("Download the CA certificate again from the cluster's connection details"),
        Symptom::WrongName(_) => Problem::new(
            "name mismatch",
            format!("The certificate belongs to another name than {host}."),
            "The private host was used from outside, or a proxy answers.",
        )
        .public_host(place, known)
        .hint("Use the host name from the cluster's connection details, not its address"),
        Symptom::Expired(_) => Problem::new(
            "certificate expired",
            "The server's certificate has expired.",
            "Most likely: 1 the clock of this computer is ahead; 2 the cluster waits for its maintenance, which renews certificates.",
        )
        .hint("Check this computer's date and time")
        .fix(TEST_AGAIN, Fix::TryAgain),
        Symptom::NotYetValid(_) => Problem::new(
            "certificate not yet valid",
            "The server's certificate is not valid yet.",
            "Most likely: the clock of this computer is behind.",
        )
        .hint("Check this computer's date and time")
        .fix(TEST_AGAIN, Fix::TryAgain),
        _ => Problem::new(
            "TLS",
            format!("{} could not be encrypted.", place.connection()),
            "Server and program found no common way. Most likely: a proxy or firewall changes the connection.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain),
    }
}

impl Problem {
    pub(super) fn this_cluster_s(self, known: &Known) -> Self {
        if known.authority_unused {
            let repair = Fix::Repair(Repair::Certificate);
            self.fix("Use this cluster's certificate and test again", repair)
        } else {
            self
        }
    }
}
