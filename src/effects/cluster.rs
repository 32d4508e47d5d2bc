//! Step 2: reads clusters and everything about the chosen one.

use crate::{
    digitalocean::{client::Client, error::ApiError},
    domain::{
        app_spec::{self, App},
        cluster::{Cluster, ClusterFacts, ClusterId, Environment},
        problem::Problem,
        secret::Secret,
    },
    effects::{Notes, World, account},
    setup::steps::cluster::{Effect, Msg},
};

pub(super) async fn run(
    effect: Effect,
    token: Option<Secret>,
    world: &World,
    notes: &Notes,
) -> Result<Msg, Problem> {
    let client = account::client(token.as_ref(), world, notes)?;
    let read = match effect {
        Effect::List => client.clusters().await.map(Msg::Listed),
        Effect::Peek(id) => Ok(peek(&client, id).await),
        Effect::Read { cluster, environment } => {
            facts(&client, &cluster, environment).await.map(|facts| Msg::Read(Box::new(facts)))
        }
    };
    read.map_err(|err| account::problem(&err))
}

/// A row that was not read says so; the page is of use without it.
async fn peek(client: &Client, id: ClusterId) -> Msg {
    match client.pools(&id).await {
        Ok(pools) => Msg::Peeked(id, Some(pools.iter().map(|pool| pool.size).collect())),
        Err(err) => {
            tracing::info!(%err, "the pools of a row were not read");
            Msg::Peeked(id, None)
        }
    }
}

/// All at once: the answers do not depend on each other.
async fn facts(
    client: &Client,
    cluster: &Cluster,
    environment: Environment,
) -> Result<ClusterFacts, ApiError> {
    let id = &cluster.id;
    let (cluster, pools, users, databases, ca, trusted_sources, apps) = tokio::try_join!(
        client.cluster(id),
        client.pools(id),
        client.users(id),
        client.databases(id),
        client.authority(id),
        async { if_allowed(client.trusted_sources(id).await) },
        async { if_allowed(client.apps().await) },
    )?;
    let apps = apps.unwrap_or_default();
    Ok(ClusterFacts {
        apps: apps.into_iter().filter(|app| uses(app, &cluster)).collect(),
        cluster,
        environment,
        pools,
        users,
        databases,
        ca: Some(ca),
        trusted_sources,
    })
}

/// A token may lack the scope; the steps that need the answer say so.
fn if_allowed<T>(read: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(err) if err.forbidden() => Ok(None),
        Err(err) => Err(err),
    }
}

fn uses(app: &App, cluster: &Cluster) -> bool {
    app_spec::uses_cluster(&app.spec, &cluster.name, &cluster.hosts())
}
