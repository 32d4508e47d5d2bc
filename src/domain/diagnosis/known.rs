//! What the account says about the cluster, as far as it explains an answer on a port.

use std::net::Ipv4Addr;

use crate::domain::{stages::Port, words::distance};

/// Empty where nothing is known, as with two pasted URLs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    pub pools: Vec<KnownPool>,
    pub databases: Vec<String>,
    pub users: Vec<String>,
    /// Of the pools and of the server.
    pub pool_port: Option<u16>,
    pub direct_port: Option<u16>,
    pub public_host: Option<String>,
    /// Slug of the region: `fra1`.
    pub region: Option<String>,
    pub sources: Sources,
    /// The account tells passwords, so that one can be fetched.
    pub tells_passwords: bool,
    /// The account tells the cluster's authority, and the test does not use it.
    pub authority_unused: bool,
    /// Whether the region answered on port 443; `None` where it was not asked.
    pub web: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPool {
    pub name: String,
    pub database: String,
    /// `None`: whoever signs in.
    pub user: Option<String>,
}

/// Who may connect, and whether this computer is among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sources {
    #[default]
    Unknown,
    Everyone,
    /// Only so many sources, and this computer's address is not known here.
    Only(usize),
    LetsIn(Ipv4Addr),
    ShutsOut(usize, Ipv4Addr),
}

impl Known {
    pub fn port(&self, port: Port) -> Option<u16> {
        match port {
            Port::Pooled => self.pool_port,
            Port::Direct => self.direct_port,
        }
    }

    pub(super) fn pool(&self, name: &str) -> Option<&KnownPool> {
        self.pools.iter().find(|pool| pool.name == name)
    }

    /// The pool to use instead: the only one for `database`, else the only one there is.
    pub(super) fn pool_for(&self, database: &str) -> Option<&KnownPool> {
        let mut for_it = self.pools.iter().filter(|pool| pool.database == database);
        match (for_it.next(), for_it.next(), self.pools.as_slice()) {
            (Some(one), None, _) | (None, None, [one]) => Some(one),
            _ => None, // none, or a choice that is the person's
        }
    }

    /// `Pools of this cluster: shop-pool, jobs-pool.`
    pub(super) fn list_pools(&self) -> Option<String> {
        let names: Vec<&str> = self.pools.iter().map(|pool| pool.name.as_str()).collect();
        list("Pools of this cluster", &names)
    }

    pub(super) fn list_databases(&self) -> Option<String> {
        let names: Vec<&str> = self.databases.iter().map(String::as_str).collect();
        list("Databases here", &names)
    }

    pub(super) fn list_users(&self) -> Option<String> {
        let names: Vec<&str> = self.users.iter().map(String::as_str).collect();
        list("Users here", &names)
    }

    /// The account lists users, and this is none of them.
    pub(super) fn lacks_user(&self, user: &str) -> bool {
        !self.users.is_empty() && !self.users.iter().any(|known| known == user)
    }

    pub(super) fn lacks_database(&self, database: &str) -> bool {
        !self.databases.is_empty() && !self.databases.iter().any(|known| known == database)
    }
}

fn list(what: &str, names: &[&str]) -> Option<String> {
    match names {
        [] => None,
        [_, _, _, _, _, _, _, ..] => Some(format!("{what}: {}.", names.len())),
        few => Some(format!("{what}: {}.", few.join(", "))),
    }
}

/// The name that was meant: another spelling of it, at most two letters apart.
pub(super) fn nearest<'a>(meant: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = names.map(|name| (distance(meant, name), name)).filter(|(apart, _)| *apart <= 2);
    near.min_by_key(|(apart, _)| *apart).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_meant_is_at_most_two_letters_away() {
        assert_eq!(nearest("shop-pol", ["jobs", "shop-pool"].into_iter()), Some("shop-pool"));
        assert_eq!(nearest("orders", ["jobs", "shop-pool"].into_iter()), None);
    }

    #[test]
    fn the_pool_meant_is_the_only_one_for_the_database_or_the_only_one() {
        let pool = |name: &str, database: &str| KnownPool {
            name: name.to_owned(),
            database: database.to_owned(),
            user: None,
        };
        let known = |pools| Known { pools, ..Known::default() };
        let meant = |known: &Known| known.pool_for("shop").map(|pool| pool.name.clone());
        assert_eq!(meant(&known(vec![])), None);
        assert_eq!(meant(&known(vec![pool("a", "jobs")])), Some("a".to_owned()));
        assert_eq!(meant(&known(vec![pool("a", "jobs"), pool("b", "shop")])), Some("b".to_owned()));
        assert_eq!(meant(&known(vec![pool("a", "shop"), pool("b", "shop")])), None);
    }
}
