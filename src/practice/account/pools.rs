//! Pools: what the account allows, and PgBouncer rewritten after each change.

use serde_json::{Map, Value, json};

use crate::{
    domain::pool::{PoolMode, PoolName},
    practice::pooler::PoolEntry,
};

use super::{
    backing::Backing,
    call::{Answer, Refusal},
    connection::{self, Login, Spot},
    databases::{Databases, broken},
    tokens::Scopes,
};

/// Backend connections of the smallest plan, shared by all its pools.
const BACKENDS: u32 = 22;
const MOST_POOLS: usize = 21;

pub(super) fn list(cluster: &Backing, scopes: &Scopes) -> Answer {
    let pools: Vec<Value> =
        cluster.pools().iter().map(|pool| shown(cluster, pool, scopes)).collect();
    Answer::ok(json!({ "pools": pools }))
}

pub(super) fn one(cluster: &Backing, name: &str, scopes: &Scopes) -> Result<Answer, Refusal> {
    let pool = named(cluster, name).ok_or(Refusal::NotFound)?;
    Ok(Answer::ok(json!({ "pool": shown(cluster, pool, scopes) })))
}

pub(super) async fn add(
    databases: &mut Databases,
    body: &Map<String, Value>,
    scopes: &Scopes,
) -> Result<Answer, Refusal> {
    let name = text(body, "name")?;
    let pool = wanted(databases, name_of(name)?, body)?;
    let cluster = &mut databases.cluster;
    // The pooler's own console answers to this name.
    if named(cluster, name).is_some() || name == "pgbouncer" {
        return Err(Refusal::Unprocessable("pool name is not available".to_owned()));
    }
    if MOST_POOLS <= cluster.pools().len() {
        return Err(Refusal::Unprocessable(format!(
            "a cluster has at most {MOST_POOLS} connection pools"
        )));
    }
    let mut pools = cluster.pools().to_vec();
    pools.push(pool.clone());
    cluster.set_pools(pools).await.map_err(|err| broken(&err))?;
    Ok(Answer::created(json!({ "pool": shown(cluster, &pool, scopes) })))
}

/// Replaces all there is to a pool: without a user in the body it has none afterwards.
pub(super) async fn change(
    databases: &mut Databases,
    name: &str,
    body: &Map<String, Value>,
) -> Result<Answer, Refusal> {
    if named(&databases.cluster, name).is_none() {
        return Err(Refusal::NotFound);
    }
    let pool = wanted(databases, PoolName::given(name), body)?;
    let mut pools = databases.cluster.pools().to_vec();
    if let Some(old) = pools.iter_mut().find(|pool| pool.name.as_str() == name) {
        *old = pool;
    }
    databases.cluster.set_pools(pools).await.map_err(|err| broken(&err))?;
    Ok(Answer::done())
}

pub(super) async fn remove(cluster: &mut Backing, name: &str) -> Result<Answer, Refusal> {
    let mut pools = cluster.pools().to_vec();
    let before = pools.len();
    pools.retain(|pool| pool.name.as_str() != name);
    if pools.len() == before {
        return Err(Refusal::NotFound);
    }
    cluster.set_pools(pools).await.map_err(|err| broken(&err))?;
    Ok(Answer::done())
}

pub(super) fn named<'a>(cluster: &'a Backing, name: &str) -> Option<&'a PoolEntry> {
    cluster.pools().iter().find(|pool| pool.name.as_str() == name)
}

/// Who a pool's connection object is for.
pub(super) fn login<'a>(cluster: &'a Backing, pool: &'a PoolEntry) -> Login<'a> {
    pool.user.as_deref().map_or(Login::Inbound, |user| Login::role(user, cluster.password(user)))
}

fn shown(cluster: &Backing, pool: &PoolEntry, scopes: &Scopes) -> Value {
    let name = pool.name.as_str();
    let connection = |spot| connection::shown(spot, name, name, login(cluster, pool), scopes);
    let mut shown = json!({
        "name": name,
        "mode": pool.mode.word(),
        "size": pool.size,
        "db": pool.database,
        "connection": connection(Spot::public_pooled(cluster)),
        "private_connection": connection(Spot::private_pooled(cluster)),
    });
    if let (Some(shown), Some(user)) = (shown.as_object_mut(), &pool.user) {
        shown.insert("user".to_owned(), json!(user));
    }
    shown
}

/// The pool that a body asks for.
fn wanted(
    databases: &Databases,
    name: PoolName,
    body: &Map<String, Value>,
) -> Result<PoolEntry, Refusal> {
    let unprocessable = |message: String| Err(Refusal::Unprocessable(message));
    let Some(mode) = PoolMode::parse(text(body, "mode")?) else {
        return unprocessable("mode is not session, transaction or statement".to_owned());
    };
    let size = body.get("size").and_then(Value::as_u64).and_then(|size| u32::try_from(size).ok());
    let Some(size) = size.filter(|size| 0 < *size) else {
        return unprocessable("size is not a number from 1 on".to_owned());
    };
    let others: u32 = databases
        .cluster
        .pools()
        .iter()
        .filter(|pool| pool.name != name)
        .map(|pool| pool.size)
        .sum();
    let left = BACKENDS.saturating_sub(others);
    if left < size {
        return unprocessable(format!(
            "pool size {size} exceeds the available backend connections: \
             {BACKENDS} in all - {others} of other pools = {left}"
        ));
    }
    let database = text(body, "db")?;
    if !databases.names.iter().any(|name| name == database) {
        return unprocessable(format!("database {database} does not exist"));
    }
    let user = match body.get("user") {
        None | Some(Value::Null) => None,
        Some(user) => user.as_str().filter(|user| !user.is_empty()),
    };
    if let Some(user) = user
        && databases.cluster.password(user).is_none()
    {
        return unprocessable(format!("user {user} does not exist"));
    }
    let database = database.to_owned();
    Ok(PoolEntry { name, database, mode, size, user: user.map(str::to_owned) })
}

fn name_of(text: &str) -> Result<PoolName, Refusal> {
    PoolName::parse(text)
        .map_err(|bad| Refusal::Unprocessable(format!("pool name is invalid: {bad}")))
}

fn text<'a>(body: &'a Map<String, Value>, key: &str) -> Result<&'a str, Refusal> {
    body.get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Refusal::Unprocessable(format!("{key} is required")))
}
