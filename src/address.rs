//! This computer's public address, as two independent services see it. Asked only after the person agreed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use crate::{
    domain::{proxy::Proxy, timing::Timing},
    web,
};

/// An address is at most 39 characters; more is a web page.
const LARGEST: usize = 256;

#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    #[error("no web client could be made")]
    Client(#[source] reqwest::Error),
    #[error("no answer from {service}")]
    Silent {
        service: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("no address in the answer of {service}")]
    NoAddress { service: String },
    /// The answer was an IPv6 address, or there is no way out over IPv4.
    #[error("this network has only IPv6")]
    OnlyIpv6,
    #[error("{0} is no public address")]
    NotPublic(Ipv4Addr),
    #[error("the services do not agree: {0} and {1}")]
    Differ(Ipv4Addr, Ipv4Addr),
}

/// Both services have to see the same address.
pub async fn public(services: &[String; 2], timing: &Timing) -> Result<Ipv4Addr, AddressError> {
    // Databases are reached without a web proxy and over IPv4, so the services are asked in the same way.
    let client = web::client(&Proxy::Straight)
        .and_then(|client| {
            client
                .timeout(timing.connect + timing.tls)
                .connect_timeout(timing.connect)
                .local_address(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
                .build()
        })
        .map_err(AddressError::Client)?;
    let [first, second] = services;
    let seen = tokio::try_join!(ask(&client, first), ask(&client, second));
    match seen {
        Ok((first, second)) if first == second => Ok(first),
        Ok((first, second)) => Err(AddressError::Differ(first, second)),
        Err(AddressError::Silent { .. }) if only_ipv6() => Err(AddressError::OnlyIpv6),
        Err(err) => Err(err),
    }
}

async fn ask(client: &reqwest::Client, service: &str) -> Result<Ipv4Addr, AddressError> {
    let silent = |source| AddressError::Silent { service: service.to_owned(), source };
    let no_address = || AddressError::NoAddress { service: service.to_owned() };
    let mut answer = client.get(service).send().await.map_err(silent)?;
    if !answer.status().is_success() {
        return Err(no_address());
    }
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(silent)? {
        if LARGEST < body.len() + part.len() {
            return Err(no_address());
        }
        body.extend_from_slice(&part);
    }
    match String::from_utf8_lossy(&body).trim().parse() {
        Ok(IpAddr::V4(address)) if is_public(address) => Ok(address),
        Ok(IpAddr::V4(address)) => Err(AddressError::NotPublic(address)),
        Ok(IpAddr::V6(_)) => Err(AddressError::OnlyIpv6),
        Err(_) => Err(no_address()),
    }
}

/// An address that the internet can route back to. Practice's comes from a block kept for documentation, and passes.
fn is_public(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    // Between a provider's customers and its own gateway.
    let shared = first == 100 && (64..128).contains(&second);
    let nobodys = first == 0 || 224 <= first;
    !(shared || nobodys || address.is_private() || address.is_loopback() || address.is_link_local())
}

/// Is there a route over IPv6 and none over IPv4? Connecting a UDP socket only looks at the routes; nothing is sent.
fn only_ipv6() -> bool {
    let route = |from: IpAddr, to: IpAddr| {
        UdpSocket::bind((from, 0)).and_then(|socket| socket.connect((to, 443))).is_ok()
    };
    let ipv4 = route(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into());
    let ipv6 =
        route(Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into());
    !ipv4 && ipv6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_and_shared_addresses_are_no_public_ones() {
        for no in [
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "100.64.0.1",
            "100.127.9.9",
            "0.0.0.0",
            "127.0.0.1",
            "169.254.1.1",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            assert!(!is_public(no.parse().unwrap()), "{no}");
        }
        for yes in ["203.0.113.7", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1"] {
            assert!(is_public(yes.parse().unwrap()), "{yes}");
        }
    }
}
