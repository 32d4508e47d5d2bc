//! The way to the web: DigitalOcean's API and the app's health address. Databases are always reached straight, as no web
//! proxy carries PostgreSQL.

use std::fmt;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// As `HTTPS_PROXY` and `NO_PROXY` say, or the settings of macOS and Windows.
    #[default]
    System,
    /// None, whatever the system says.
    Straight,
    At(Address),
}

/// The address of a web proxy: `http://proxy.example:3128`. No name and no password is in it, as it is kept in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("It is empty.")]
    Empty,
    #[error("A proxy's address begins with http:// or https://, not with {0}://.")]
    Scheme(String),
    #[error(
        "A name and a password do not belong into the settings' file. Leave them out here, and set HTTPS_PROXY for the program if the proxy wants them."
    )]
    SignIn,
    #[error("It has no host.")]
    NoHost,
    #[error("A host has no “{0}” in it.")]
    Sign(char),
    #[error("“{0}” is no port: a number from 1 to 65535 is.")]
    Port(String),
    #[error("Behind the port comes “{0}”; a proxy has no path.")]
    Path(String),
}

impl Address {
    /// Where the scheme is missing it is http, as with curl.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        let scheme = scheme.to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https") {
            return Err(AddressError::Scheme(scheme));
        }
        // First of all, so that no other error repeats a password.
        if rest.contains('@') {
            return Err(AddressError::SignIn);
        }
        let (place, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
        if !matches!(path, "" | "/") {
            return Err(AddressError::Path(path.to_owned()));
        }
        let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, rest)) => match rest.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None => return Err(AddressError::Port(rest.to_owned())),
            },
            None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        if host.is_empty() {
            return Err(AddressError::NoHost);
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if let Some(sign) = host.chars().find(|c| !is_part(*c)) {
            return Err(AddressError::Sign(sign));
        }
        if let Some(port) = port
            && !port.parse::<u16>().is_ok_and(|port| 0 < port)
        {
            return Err(AddressError::Port(port.to_owned()));
        }
        Ok(Self(format!("{scheme}://{place}")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, address) in [
            ("http://proxy.example:3128", "http://proxy.example:3128"),
            (" proxy.example:3128 ", "http://proxy.example:3128"),
            ("HTTPS://proxy_1.example/", "https://proxy_1.example"),
            ("10.0.0.8:8080", "http://10.0.0.8:8080"),
            ("http://[fd00::8]:8080", "http://[fd00::8]:8080"),
            ("[fd00::8]", "http://[fd00::8]"),
        ] {
            assert_eq!(Address::parse(text).unwrap().as_str(), address, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_without_a_password() {
        let refused = |text: &str| Address::parse(text).unwrap_err();
        assert_eq!(refused("  "), AddressError::Empty);
        assert_eq!(refused("socks5://proxy:1080"), AddressError::Scheme("socks5".to_owned()));
        assert_eq!(refused("http://:3128"), AddressError::NoHost);
        assert_eq!(refused("http://pro xy:3128"), AddressError::Sign(' '));
        assert_eq!(refused("proxy:0"), AddressError::Port("0".to_owned()));
        assert_eq!(refused("proxy:"), AddressError::Port(String::new()));
        assert_eq!(refused("[::1]3128"), AddressError::Port("3128".to_owned()));
        assert_eq!(refused("proxy:3128/pac"), AddressError::Path("/pac".to_owned()));
        for text in ["http://ada:hunter2@proxy:3128", "ada:hunter2@proxy", "http://a:b@c:d/hunter2"]
        {
            let told = refused(text);
            assert_eq!(told, AddressError::SignIn);
            assert!(!told.to_string().contains("hunter2"));
        }
    }
}
