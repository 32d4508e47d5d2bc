//! Step 4: creates, changes, finds and deletes pools, each read back.

use crate::{
    digitalocean::{client::Client, error::ApiError},
    domain::{
        app_spec::{self, App},
        cluster::ClusterId,
        pool::{Pool, PoolName, PoolOrder},
        problem::{Fix, Problem},
        secret::Secret,
        timing::Timing,
    },
    effects::{Notes, World, account},
    setup::steps::pool::{Effect, Msg},
};

/// Looks at the account before a change counts as not done.
const LOOKS: u32 = 10;

pub(super) async fn run(
    effect: Effect,
    token: Option<Secret>,
    world: &World,
    notes: &Notes,
) -> Result<Msg, Problem> {
    let client = account::client(token.as_ref(), world, notes)?;
    match effect {
        Effect::Create(cluster, order) => create(&client, &cluster, &order, &world.timing).await,
        Effect::Resize(cluster, order) => resize(&client, &cluster, &order, &world.timing).await,
        Effect::Find(cluster, name) => find(&client, &cluster, &name).await.map(Msg::Found),
    }
}

async fn create(
    client: &Client,
    cluster: &ClusterId,
    order: &PoolOrder,
    timing: &Timing,
) -> Result<Msg, Problem> {
    match client.create_pool(cluster, order).await {
        Ok(_) => read_back(client, cluster, order, timing).await,
        // Somebody, perhaps an earlier try of ours, has made a pool of this name: what is it?
        Err(err) if matches!(err.status(), Some(409 | 422)) => {
            match find(client, cluster, &order.name).await? {
                Some(pool) => Ok(Msg::Found(Some(pool))),
                None => Err(account::problem(&err)),
            }
        }
        Err(err) => Err(account::problem(&err)),
    }
}

/// The request replaces all settings, so the pool is read first: its own database and user have to go along.
async fn resize(
    client: &Client,
    cluster: &ClusterId,
    order: &PoolOrder,
    timing: &Timing,
) -> Result<Msg, Problem> {
    let now = client.pool(cluster, &order.name).await.map_err(|err| account::problem(&err))?;
    if now.fulfils(order) {
        return Ok(Msg::Made(now));
    }
    if now.db != order.db || now.user != order.user {
        return Ok(Msg::Found(Some(now)));
    }
    if now.user.is_none() {
        let owner = client.cluster(cluster).await.map_err(|err| account::problem(&err))?;
        if owner.direct.password.is_none() {
            return Err(user_hidden(&order.name));
        }
    }
    client.change_pool(cluster, order).await.map_err(|err| account::problem(&err))?;
    read_back(client, cluster, order, timing).await
}

/// Looks until the account shows what was ordered; at the end, what it shows instead.
async fn read_back(
    client: &Client,
    cluster: &ClusterId,
    order: &PoolOrder,
    timing: &Timing,
) -> Result<Msg, Problem> {
    let mut seen = None;
    for look in 0..LOOKS {
        if 0 < look {
            tokio::time::sleep(timing.again).await;
        }
        // The change was sent already, so an error here leaves its outcome open.
        seen = find(client, cluster, &order.name).await.map_err(Problem::outcome_unknown)?;
        if let Some(pool) = &seen
            && pool.fulfils(order)
        {
            return Ok(Msg::Made(pool.clone()));
        }
    }
    match seen {
        Some(pool) => Ok(Msg::Found(Some(pool))),
        None => Err(Problem::new(
            "not listed",
            format!("Pool {} was ordered, but the account does not show it.", order.name),
            "DigitalOcean accepted the request.",
        )
        .fix("Look again", Fix::TryAgain)
        .outcome_unknown()),
    }
}

async fn find(
    client: &Client,
    cluster: &ClusterId,
    name: &PoolName,
) -> Result<Option<Pool>, Problem> {
    found(client.pool(cluster, name).await).map_err(|err| account::problem(&err))
}

fn found<T>(read: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(err) if err.not_found() => Ok(None),
        Err(err) => Err(err),
    }
}

/// Deletes the pool, unless an app of the account goes through it, or nobody can tell. Fine where it is gone already.
pub(super) async fn delete(
    client: &Client,
    cluster: &ClusterId,
    name: &PoolName,
    timing: &Timing,
) -> Result<(), Problem> {
    match users(client, cluster, name).await {
        Ok(users) if users.is_empty() => delete_unchecked(client, cluster, name, timing).await,
        Ok(users) => Err(still_used(&users)),
        Err(err) if err.forbidden() => Err(users_unknown(name)),
        Err(err) => Err(account::problem(&err)),
    }
}

pub(super) async fn delete_unchecked(
    client: &Client,
    cluster: &ClusterId,
    name: &PoolName,
    timing: &Timing,
) -> Result<(), Problem> {
    match found(client.delete_pool(cluster, name).await) {
        Ok(_) => {}
        // The answer was lost: what the account shows below is what counts.
        Err(err) if err.outcome_unknown() => tracing::info!(%err, "the pool is looked up"),
        Err(err) => return Err(account::problem(&err)),
    }
    for look in 0..LOOKS {
        if 0 < look {
            tokio::time::sleep(timing.again).await;
        }
        if find(client, cluster, name).await?.is_none() {
            return Ok(());
        }
    }
    Err(Problem::new(
        "not deleted",
        format!("Pool {name} is still there."),
        "It was asked to be deleted, and the account still shows it.",
    )
    .fix("Try again", Fix::TryAgain))
}

/// Names of the apps that go through the pool.
async fn users(
    client: &Client,
    cluster: &ClusterId,
    name: &PoolName,
) -> Result<Vec<String>, ApiError> {
    let cluster = client.cluster(cluster).await?;
    let apps = client.apps().await?;
    let hosts = cluster.hosts();
    let uses = |app: &App| app_spec::uses_pool(&app.spec, &cluster.name, &hosts, name);
    Ok(apps.into_iter().filter(uses).map(|app| app.name).collect())
}

fn users_unknown(name: &PoolName) -> Problem {
    Problem::new(
        "users unknown",
        format!("Pool {name} was not deleted."),
        "The token may not list apps (scope app:read), so nobody can tell whether one still uses the pool. Without it such an app would lose its database.",
    )
    .hint("Look in DigitalOcean's panel whether an app's variables name the pool")
    .fix(format!("Delete pool {name} all the same"), Fix::DeleteUnchecked)
}

fn still_used(apps: &[String]) -> Problem {
    let names = apps.join(", ");
    Problem::new(
        "still used",
        "The pool cannot be deleted yet.",
        format!("{names} still uses it; without the pool it would lose its database."),
    )
    .hint(format!("Restore {names} first"))
}

fn user_hidden(name: &PoolName) -> Problem {
    Problem::new(
        "user hidden",
        format!("Pool {name} was not changed."),
        "The token may not see the pool's user (scope database:view_credentials), and a change that leaves the user out would wipe it from the pool.",
    )
    .hint("Sign in with a token that has database:view_credentials")
}
