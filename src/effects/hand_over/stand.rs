//! Looks how each change stands by now, without changing anything.

use crate::{
    digitalocean::{client::Client, error::ApiError},
    domain::{
        access::lets_in,
        app_spec::{
            AppId, Spec,
            difference::{Difference, foreign_changes},
        },
        record::Undo,
        secret::Secret,
    },
    effects::{Notes, World, account, files},
    setup::steps::hand_over::Stand,
};

/// What can't be looked at is left out: taking it back looks for itself.
pub(super) async fn look(
    entries: Vec<(usize, Undo)>,
    token: Option<&Secret>,
    world: &World,
    notes: &Notes,
) -> Vec<(usize, Stand)> {
    let client = account::client(token, world, notes).ok();
    let mut stands = Vec::new();
    for (index, undo) in entries {
        let stand = match undo {
            Undo::RestoreFile { file, backup, ours, keys } => {
                files::stand(file, backup, ours, keys).await
            }
            undo => match &client {
                Some(client) => remote(client, &undo).await,
                None => None,
            },
        };
        stands.extend(stand.map(|stand| (index, stand)));
    }
    stands
}

async fn remote(client: &Client, undo: &Undo) -> Option<Stand> {
    match undo {
        Undo::DeletePool { cluster, pool } => {
            there(client.pool(cluster, pool).await, "the pool is not there any more", |_| {
                Stand::Ours
            })
        }
        Undo::RestorePool { cluster, earlier, sent } => {
            let pool = client.pool(cluster, &earlier.name).await;
            there(pool, "the pool is not there any more", |pool| {
                if pool.fulfils(earlier) {
                    Stand::Gone("the pool has its earlier settings".to_owned())
                } else if pool.fulfils(sent) {
                    Stand::Ours
                } else {
                    Stand::Changed("somebody changed the pool since".to_owned())
                }
            })
        }
        Undo::RestoreSpec { app, spec, sent } => restored(client, app, spec, sent).await,
        Undo::RemoveLease { cluster, lease } => {
            let rules = client.trusted_sources(cluster).await;
            there(rules, "the cluster is not there any more", |rules| {
                if lets_in(&rules, lease.address) {
                    Stand::Ours
                } else {
                    Stand::Gone("the access has ended".to_owned())
                }
            })
        }
        // Files are looked at on this computer; the rest does not come back.
        Undo::RestoreFile { .. } | Undo::Impossible(_) => None,
    }
}

async fn restored(client: &Client, app: &AppId, earlier: &Spec, sent: &Spec) -> Option<Stand> {
    there(client.app(app).await, "the app is not there any more", |now| {
        if now.app.spec == *earlier {
            Stand::Gone("the app has its earlier settings".to_owned())
        } else if foreign_changes(sent, &now.app.spec) == Difference::default() {
            Stand::Ours
        } else {
            Stand::Changed("somebody changed the app's settings since".to_owned())
        }
    })
}

fn there<T>(
    read: Result<T, ApiError>,
    gone: &str,
    found: impl FnOnce(T) -> Stand,
) -> Option<Stand> {
    match read {
        Ok(read) => Some(found(read)),
        Err(err) if err.not_found() => Some(Stand::Gone(gone.to_owned())),
        Err(err) => {
            tracing::info!(%err, "a change of ours was not looked at");
            None
        }
    }
}
