//! Who uses a pool: apps of the account by their settings, and any program by what it does in the database just now.

use std::time::Duration;

use crate::{
    digitalocean::{client::Client, error::ApiError},
    domain::{
        app_spec::{self, App},
        cluster::ClusterId,
        pool::PoolName,
        problem::{Fix, Problem},
        timing::Timing,
    },
    effects::{account, slot},
    postgres::in_use::{self, Through},
    setup::steps::hand_over::Viewpoint,
};

/// A full database is not waited for: that nobody could look is said.
const PATIENCE: Duration = Duration::from_secs(5);

/// Nobody is seen to use the pool; else what is told.
pub(super) async fn nobody(
    client: &Client,
    cluster: &ClusterId,
    name: &PoolName,
    from: Option<&Viewpoint>,
    timing: &Timing,
) -> Result<(), Problem> {
    match apps(client, cluster, name).await {
        Ok(apps) if apps.is_empty() => {}
        Ok(apps) => return Err(still_used(&apps)),
        Err(err) if err.forbidden() => return Err(apps_unknown(name)),
        Err(err) => return Err(account::problem(&err)),
    }
    let Some(from) = from else {
        return Err(clients_unknown(
            name,
            "The pool was not tested from here, so its connections can't be told from others.",
        ));
    };
    match programs(from, timing).await {
        Ok(Some(programs)) if programs.is_empty() => Ok(()),
        Ok(Some(programs)) => Err(in_use(name, &programs)),
        Ok(None) => Err(clients_unknown(name, "The database hides from our role what others do.")),
        Err(problem) => Err(clients_unknown(name, &problem.what)),
    }
}

/// Names of the apps that go through the pool.
async fn apps(
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

/// Programs that do something through the pool while we look.
async fn programs(
    from: &Viewpoint,
    timing: &Timing,
) -> Result<Option<Vec<(String, u32)>>, Problem> {
    let Viewpoint { direct, database, user, pooler } = from;
    let patience = PATIENCE.min(timing.again * 5);
    let mut watch = slot::watch(direct, patience, timing, |_, _| ()).await?;
    let through = Through { database, user: user.as_deref(), pooler };
    let seen = in_use::clients(&mut watch, through, timing.again * 3).await;
    watch.close().await;
    seen.map_err(|err| slot::problem(&err))
}

pub(in crate::effects) fn still_used(apps: &[String]) -> Problem {
    let names = apps.join(", ");
    Problem::new(
        "still used",
        "The pool cannot be deleted yet.",
        format!("{names} still uses it; without the pool it would lose its database."),
    )
    .hint(format!("Restore {names} first"))
}

pub(in crate::effects) fn in_use(name: &PoolName, programs: &[(String, u32)]) -> Problem {
    let told: Vec<String> =
        programs.iter().map(|(program, count)| format!("{program} ({count})")).collect();
    Problem::new(
        "in use",
        format!("Pool {name} was not deleted."),
        format!(
            "No app of the account names it, but programs use it just now: {}. Without the pool they would lose their database.",
            told.join(", ")
        ),
    )
    .fix("Look again", Fix::TryAgain)
    .hint("Stop them, or give them the direct URL, first")
    .fix(format!("Delete pool {name} all the same"), Fix::DeleteUnchecked)
}

pub(in crate::effects) fn clients_unknown(name: &PoolName, why: &str) -> Problem {
    Problem::new(
        "clients unknown",
        format!("Pool {name} was not deleted yet."),
        format!(
            "No app of the account names it. Whether another program uses it could not be seen. {why}"
        ),
    )
    .hint("Delete it only when nothing outside of this account's apps has its URL")
    .fix(format!("Delete pool {name} all the same"), Fix::DeleteUnchecked)
    .fix("Look again", Fix::TryAgain)
}

pub(in crate::effects) fn apps_unknown(name: &PoolName) -> Problem {
    Problem::new(
        "users unknown",
        format!("Pool {name} was not deleted."),
        "The token may not list apps (scope app:read), so nobody can tell whether one still uses the pool. Without it such an app would lose its database.",
    )
    .hint("Look in DigitalOcean's panel whether an app's variables name the pool")
    .fix(format!("Delete pool {name} all the same"), Fix::DeleteUnchecked)
}
