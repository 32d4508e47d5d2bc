//! Reading a URL: the one form that is exact, so that whatever is read can be written again.

use percent_encoding::percent_decode_str;

use crate::domain::secret::Secret;

use super::{BadUrl, ConnUrl, DEFAULT_PORT, MAX_LENGTH};

pub(super) const SCHEMES: [&str; 2] = ["postgresql://", "postgres://"];

pub(super) fn url(text: &str) -> Result<ConnUrl, BadUrl> {
    if MAX_LENGTH < text.len() {
        return Err(BadUrl::TooLong);
    }
    let text = text.trim();
    let rest = SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)).ok_or(BadUrl::Scheme)?;
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    refuse_raw_password(authority, tail)?;
    if tail.contains('#') || rest.contains(char::is_control) {
        return Err(BadUrl::Character);
    }
    let (credentials, address) = authority.split_once('@').unwrap_or(("", authority));
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let mut hosts = hosts(address)?;
    let (user, password) = match credentials.split_once(':') {
        Some((user, password)) => (user, Some(Secret::new(decode(password)?))),
        None => (credentials, None),
    };
    let mut url = ConnUrl {
        user: decode(user)?,
        password,
        host: String::new(),
        port: DEFAULT_PORT,
        more_hosts: Vec::new(),
        database: decode(path.strip_prefix('/').unwrap_or(path))?,
        parameters: Vec::new(),
    };
    read_query(&mut url, &mut hosts, query)?;
    hosts.put_into(&mut url)?;
    Ok(url)
}

/// Some clients split a URL at the first `@`, some at the last, some end the password at `/ ? #`. A guess could send
/// a part of the password to another host as its name.
fn refuse_raw_password(authority: &str, tail: &str) -> Result<(), BadUrl> {
    let delimiter = tail.chars().next().unwrap_or('/');
    match authority.matches('@').count() {
        0 if tail.contains('@') => Err(BadUrl::UnescapedPassword(delimiter)),
        0 => Ok(()),
        // An `@` in the value of a parameter is common and harmless.
        1 if tail.split('=').next().is_some_and(|names| names.contains('@')) => {
            Err(BadUrl::UnescapedPassword('@'))
        }
        1 => Ok(()),
        _ => Err(BadUrl::UnescapedPassword('@')),
    }
}

/// As libpq reads it, a parameter named like a part of the URL wins over that part.
fn read_query(url: &mut ConnUrl, hosts: &mut Hosts, query: &str) -> Result<(), BadUrl> {
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (key, value) = (decode(key)?, decode(value)?);
        match key.as_str() {
            "user" => url.user = value,
            "password" => url.password = Some(Secret::new(value)),
            "dbname" => url.database = value,
            "host" if !value.is_empty() => {
                hosts.names = value.split(',').map(str::to_owned).collect();
            }
            "port" if !value.is_empty() => {
                hosts.ports = value.split(',').map(port).collect::<Result<_, _>>()?;
            }
            _ => url.parameters.push((key, value)), // everything else is a parameter
        }
    }
    Ok(())
}

/// Names and ports as they were written; a single port serves all.
struct Hosts {
    names: Vec<String>,
    ports: Vec<u16>,
}

/// More hosts than anybody has.
const MAX_HOSTS: usize = 64;

fn hosts(address: &str) -> Result<Hosts, BadUrl> {
    let mut hosts = Hosts { names: Vec::new(), ports: Vec::new() };
    if address.is_empty() {
        return Ok(hosts);
    }
    for place in address.split(',') {
        let bracketed = place.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (name, number) = match bracketed {
            Some((name, "")) => (name, ""),
            Some((name, rest)) => (name, rest.strip_prefix(':').ok_or(BadUrl::Port)?),
            None => place.split_once(':').unwrap_or((place, "")),
        };
        hosts.names.push(decode(name)?);
        hosts.ports.push(port(number)?);
    }
    Ok(hosts)
}

impl Hosts {
    fn put_into(self, url: &mut ConnUrl) -> Result<(), BadUrl> {
        if self.names.is_empty() || self.names.iter().any(String::is_empty) {
            return Err(BadUrl::NoHost);
        }
        let for_each = match self.ports.as_slice() {
            [] => vec![DEFAULT_PORT; self.names.len()],
            [one] => vec![*one; self.names.len()],
            each if each.len() == self.names.len() => each.to_vec(),
            _ => return Err(BadUrl::Port), // neither one port nor one for each host
        };
        if MAX_HOSTS < for_each.len() {
            return Err(BadUrl::TooLong);
        }
        let mut places = self.names.into_iter().zip(for_each);
        let (host, port) = places.next().ok_or(BadUrl::NoHost)?;
        url.host = host;
        url.port = port;
        url.more_hosts = places.collect();
        Ok(())
    }
}

pub(super) fn port(text: &str) -> Result<u16, BadUrl> {
    match text {
        "" => Ok(DEFAULT_PORT),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().filter(|port| *port != 0).ok_or(BadUrl::Port)
        }
        _ => Err(BadUrl::Port), // signs, blanks, letters
    }
}

pub(super) fn decode(part: &str) -> Result<String, BadUrl> {
    let is_escape = |after: &str| after.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !part.split('%').skip(1).all(is_escape) {
        return Err(BadUrl::Escape);
    }
    match percent_decode_str(part).decode_utf8() {
        // NUL ends a text in PostgreSQL's protocol.
        Ok(text) if !text.contains('\0') => Ok(text.into_owned()),
        Ok(_) | Err(_) => Err(BadUrl::Character),
    }
}
