//! Step 4: creates, changes, finds and deletes pools, each read back.

pub(super) mod clients;

use crate::{
    digitalocean::{client::Client, error::ApiError},
    domain::{
        cluster::ClusterId,
        pool::{Pool, PoolName, PoolOrder},
        problem::{Fix, Problem},
        secret::Secret,
        timing::Timing,
    },
    effects::{Notes, World, account},
    setup::steps::{
        hand_over::Viewpoint,
        pool::{Effect, Msg},
    },
};

/// Looks at the account before a change counts as not done.
const LOOKS: u32 = 10;

/// Looks that may fail while a pool is looked for, each after retries of its own.
const BLIPS: u32 = 2;

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
        Effect::LookFor(cluster, order) => {
            look_for(&client, &cluster, &order, &world.timing, notes).await
        }
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

/// A request whose answer was lost may still be carried out: one look that finds nothing proves nothing.
async fn look_for(
    client: &Client,
    cluster: &ClusterId,
    order: &PoolOrder,
    timing: &Timing,
    notes: &Notes,
) -> Result<Msg, Problem> {
    let mut seen = None;
    let mut blips = 0;
    for look in 1..=LOOKS {
        notes.note(Msg::Looked(look, LOOKS)).await;
        match client.pool(cluster, &order.name).await {
            Ok(pool) if pool.fulfils(order) => return Ok(Msg::Found(Some(pool))),
            Ok(pool) => seen = Some(pool),
            Err(err) if err.not_found() => seen = None,
            Err(err) if err.passing() && blips < BLIPS => blips += 1,
            Err(err) => return Err(account::problem(&err)),
        }
        if look < LOOKS {
            tokio::time::sleep(timing.again * 3).await;
        }
    }
    Ok(Msg::Found(seen))
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

/// Deletes the pool, unless somebody uses it, or nobody can tell. Fine where it is gone already.
pub(super) async fn delete(
    client: &Client,
    cluster: &ClusterId,
    name: &PoolName,
    from: Option<&Viewpoint>,
    timing: &Timing,
) -> Result<(), Problem> {
    if find(client, cluster, name).await?.is_none() {
        return Ok(());
    }
    clients::nobody(client, cluster, name, from, timing).await?;
    delete_unchecked(client, cluster, name, timing).await
}

/// Gives a pool its earlier settings back, while it has those that we gave it.
pub(super) async fn restore(
    client: &Client,
    cluster: &ClusterId,
    earlier: &PoolOrder,
    sent: &PoolOrder,
    timing: &Timing,
) -> Result<(), Problem> {
    match find(client, cluster, &earlier.name).await? {
        None => return Err(gone(&earlier.name)),
        Some(now) if now.fulfils(earlier) => return Ok(()),
        Some(now) if !now.fulfils(sent) => return Err(changed_since(&now)),
        Some(_) => {}
    }
    match resize(client, cluster, earlier, timing).await? {
        Msg::Made(_) => Ok(()),
        _ => Err(not_restored(&earlier.name)), // what the account shows instead
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

pub(super) fn gone(name: &PoolName) -> Problem {
    Problem::new(
        "gone",
        format!("Pool {name} was not changed back."),
        "The account has no pool of this name any more.",
    )
    .hint("Make it anew on step 4 if it is still needed")
}

pub(super) fn changed_since(now: &Pool) -> Problem {
    Problem::new(
        "changed since",
        format!("Pool {} was not changed back.", now.name),
        format!(
            "Somebody has changed it since: it has {} connections in {} mode now. Nothing was sent.",
            now.size,
            now.mode.word()
        ),
    )
    .hint("Set the size you want on step 4")
}

pub(super) fn not_restored(name: &PoolName) -> Problem {
    Problem::new(
        "not taken over",
        format!("Pool {name} does not have its earlier settings."),
        "They were sent, and the account shows others.",
    )
    .fix("Try again", Fix::TryAgain)
    .outcome_unknown()
}

pub(super) fn user_hidden(name: &PoolName) -> Problem {
    Problem::new(
        "user hidden",
        format!("Pool {name} was not changed."),
        "The token may not see the pool's user (scope database:view_credentials), and a change that leaves the user out would wipe it from the pool.",
    )
    .hint("Sign in with a token that has database:view_credentials")
}
