//! Web clients that take the way which the person set.

use reqwest::{ClientBuilder, NoProxy};

use crate::domain::proxy::Proxy;

const THIS_COMPUTER: &str = "localhost,127.0.0.0/8,::1";

/// A client of ours on this way, with what all of them have in common.
pub fn client(way: &Proxy) -> Result<ClientBuilder, reqwest::Error> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("poolwright/", env!("CARGO_PKG_VERSION")));
    Ok(match way {
        Proxy::System => client,
        Proxy::Straight => client.no_proxy(),
        // What NO_PROXY names is exempt also where the person named the proxy; this computer always is.
        Proxy::At(address) => {
            let named =
                ["no_proxy", "NO_PROXY"].into_iter().find_map(|name| std::env::var(name).ok());
            let exempt = format!("{THIS_COMPUTER},{}", named.unwrap_or_default());
            let proxy = reqwest::Proxy::all(address.as_str())?;
            client.proxy(proxy.no_proxy(NoProxy::from_string(&exempt)))
        }
    })
}
