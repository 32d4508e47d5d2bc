//! URLs and pools of a practice cluster.

use poolwright::{
    domain::{
        conn_url::ConnUrl,
        pool::{PoolMode, PoolName},
    },
    practice::{
        cluster::{APP_DATABASE, APP_ROLE, Cluster, PUBLIC_HOST},
        pooler::PoolEntry,
    },
};

/// With the role's password, and without parameters.
pub fn url(cluster: &Cluster, role: &str, port: u16, database: &str) -> ConnUrl {
    ConnUrl::new((PUBLIC_HOST, port), role, cluster.password(role).cloned(), database)
}

/// A pool of the app's database, as the app's role.
pub fn pool(name: &str, mode: PoolMode, size: u32) -> PoolEntry {
    PoolEntry {
        name: PoolName::given(name),
        database: APP_DATABASE.to_owned(),
        mode,
        size,
        user: Some(APP_ROLE.to_owned()),
    }
}
