//! What is known of the cluster when a test begins.

use std::net::Ipv4Addr;

use super::Draft;
use crate::{
    domain::{
        access::lets_in,
        diagnosis::{Known, KnownPool, Sources},
        pool::Pool,
    },
    setup::facts::Facts,
};

pub(super) fn known(facts: &Facts, draft: &Draft) -> Known {
    let Some(cluster) = &facts.cluster else { return Known::default() };
    // The chosen pool may be younger than the list.
    let listed = |pool: &Pool| cluster.pools.iter().any(|other| other.name == pool.name);
    let young = facts.pool.iter().filter(|pool| !listed(pool));
    let pools: Vec<&Pool> = cluster.pools.iter().chain(young).collect();
    let direct = &cluster.cluster.direct;
    let mut users: Vec<String> = cluster.users.iter().map(|user| user.name.clone()).collect();
    if !users.is_empty() && !users.contains(&direct.user) {
        users.push(direct.user.clone());
    }
    let public = pools.iter().find_map(|pool| pool.public.as_ref());
    Known {
        pool_port: public.map(|endpoint| endpoint.port),
        pools: pools
            .iter()
            .map(|pool| KnownPool {
                name: pool.name.as_str().to_owned(),
                database: pool.db.clone(),
                user: pool.user.clone(),
            })
            .collect(),
        databases: cluster.databases.clone(),
        users,
        direct_port: Some(direct.port),
        public_host: Some(direct.host.clone()),
        region: Some(cluster.cluster.region.clone()),
        sources: sources(facts, draft),
        tells_passwords: facts
            .account
            .as_ref()
            .is_some_and(|account| account.passwords_visible == Some(true)),
        authority_unused: cluster.ca.is_some()
            && facts.urls.as_ref().is_some_and(|urls| urls.ca != cluster.ca),
        web: draft.web,
    }
}

fn sources(facts: &Facts, draft: &Draft) -> Sources {
    let rules = facts.cluster.as_ref().and_then(|cluster| cluster.trusted_sources.as_ref());
    let Some(rules) = rules else { return Sources::Unknown };
    if rules.is_empty() {
        return Sources::Everyone;
    }
    let typed: Option<Ipv4Addr> = draft.address.trim().parse().ok();
    match typed.or_else(|| facts.lease().map(|lease| lease.address)) {
        Some(address) if lets_in(rules, address) => Sources::LetsIn(address),
        Some(address) => Sources::ShutsOut(rules.len(), address),
        None => Sources::Only(rules.len()),
    }
}
