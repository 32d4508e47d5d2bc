//! The requests of each effect, in the order in which they go out, and how it ends where all goes well.

use crate::{
    domain::{
        app_spec::{AppId, Spec},
        cluster::ClusterId,
        log::{LogKind, Spot},
        operation::{Operation, body},
        pool::PoolOrder,
        record::Undo,
        secret::Secret,
    },
    setup::{
        facts::{Account, Facts, Kept, SCOPES},
        foretold::{CLUSTER, COMPONENT, DEPLOYMENT, Foretold, Times},
        steps::{Effect, StepMsg, app, cluster, hand_over, migrations, pool, sign_in, test},
    },
};

/// Apps on a page of the list, as the client asks for them.
const APPS_ON_A_PAGE: u32 = 200;

pub(super) fn of(
    effect: Effect,
    token: Option<Secret>,
    facts: &Facts,
) -> (Vec<Foretold>, Option<StepMsg>) {
    match effect {
        Effect::SignIn(effect) => signing_in(effect, token),
        Effect::Cluster(effect) => (choosing(effect), None),
        Effect::Pool(effect) => (pooling(effect, facts), None),
        Effect::Test(effect) => (testing(effect), None),
        Effect::Migrations(effect) => migrating(effect),
        Effect::App(effect) => switching(effect),
        Effect::HandOver(effect) => {
            let answer = match effect {
                hand_over::Effect::Undo(_)
                | hand_over::Effect::DeletePool { .. }
                | hand_over::Effect::DeleteUnchecked { .. } => Some(hand_over::Msg::Undone.into()),
                hand_over::Effect::Write(_)
                | hand_over::Effect::Open(_)
                | hand_over::Effect::Look(_) => None,
            };
            (handing_over(effect), answer)
        }
        // They work on files and in the database.
        Effect::Measure(_)
        | Effect::Urls(_)
        | Effect::Project(_)
        | Effect::EnvFiles(_)
        | Effect::Verify(_) => (Vec::new(), None),
    }
}

fn once(operation: Operation) -> Foretold {
    Foretold::new(operation, Times::Once)
}

fn if_needed(operation: Operation) -> Foretold {
    Foretold::new(operation, Times::IfNeeded)
}

fn until_done(operation: Operation) -> Foretold {
    Foretold::new(operation, Times::UntilDone)
}

fn signing_in(effect: sign_in::Effect, token: Option<Secret>) -> (Vec<Foretold>, Option<StepMsg>) {
    let token = match effect {
        sign_in::Effect::Check { token, .. } | sign_in::Effect::CheckSealed { token, .. } => token,
        sign_in::Effect::Switch { .. } | sign_in::Effect::SwitchSealed { .. } => {
            token.unwrap_or_else(|| Secret::new(""))
        }
        sign_in::Effect::Forget(_)
        | sign_in::Effect::ForgetSealed { .. }
        | sign_in::Effect::Unlock { .. }
        | sign_in::Effect::ReadDoctl => return (Vec::new(), None),
    };
    let requests = vec![
        once(Operation::ListClusters),
        once(Operation::ReadAccount),
        once(Operation::ListApps { page: 1, per_page: 1 }),
        if_needed(Operation::ReadToken),
    ];
    let account = Account {
        token,
        email: None,
        team: None,
        scopes: SCOPES.into(),
        passwords_visible: None,
        kept: Kept::SessionOnly(None),
        expires_at: None,
    };
    (requests, Some(sign_in::Msg::SignedIn(Box::new(account)).into()))
}

fn choosing(effect: cluster::Effect) -> Vec<Foretold> {
    match effect {
        cluster::Effect::List => vec![once(Operation::ListClusters)],
        cluster::Effect::Peek(id) => vec![once(Operation::ListPools(id))],
        cluster::Effect::Read { cluster, .. } => {
            let id = || cluster.id.clone();
            vec![
                once(Operation::ReadCluster(id())),
                once(Operation::ListPools(id())),
                once(Operation::ListUsers(id())),
                once(Operation::ListDatabases(id())),
                once(Operation::ReadAuthority(id())),
                once(Operation::ReadTrustedSources(id())),
                // As many pages as there are.
                until_done(Operation::ListApps { page: 1, per_page: APPS_ON_A_PAGE }),
            ]
        }
    }
}

fn pooling(effect: pool::Effect, facts: &Facts) -> Vec<Foretold> {
    match effect {
        pool::Effect::Create(id, order) => vec![
            Foretold::with(
                Operation::CreatePool(id.clone(), order.name.clone()),
                &body::new_pool(&order),
            ),
            until_done(Operation::ReadPool(id, order.name)),
        ],
        pool::Effect::Resize(id, order) => changing(id, &order, facts),
        pool::Effect::Find(id, name) => vec![once(Operation::ReadPool(id, name))],
        pool::Effect::LookFor(id, order) => vec![until_done(Operation::ReadPool(id, order.name))],
    }
}

fn changing(id: ClusterId, order: &PoolOrder, facts: &Facts) -> Vec<Foretold> {
    let mut requests = vec![once(Operation::ReadPool(id.clone(), order.name.clone()))];
    if order.user.is_none() && facts.cluster.is_some() {
        // Whether the token may see users at all.
        requests.push(if_needed(Operation::ReadCluster(id.clone())));
    }
    requests.push(Foretold::with(
        Operation::ChangePool(id.clone(), order.name.clone()),
        &body::changed_pool(order),
    ));
    requests.push(until_done(Operation::ReadPool(id, order.name.clone())));
    requests
}

fn testing(effect: test::Effect) -> Vec<Foretold> {
    let list = |id: ClusterId, write: fn(Operation) -> Foretold| {
        vec![
            once(Operation::ReadTrustedSources(id.clone())),
            write(Operation::WriteTrustedSources(id.clone())),
            write(Operation::ReadTrustedSources(id)),
        ]
    };
    match effect {
        test::Effect::FetchPassword { cluster, .. } => {
            vec![
                once(Operation::ListUsers(cluster.clone())),
                if_needed(Operation::ReadCluster(cluster)),
            ]
        }
        test::Effect::Allow { cluster, .. } => list(cluster, once),
        test::Effect::Remove { cluster, .. } => list(cluster, if_needed),
        // What earlier runs have left; only the disk knows.
        test::Effect::Sweep => {
            let id = || ClusterId(CLUSTER.to_owned());
            vec![
                if_needed(Operation::ReadTrustedSources(id())),
                if_needed(Operation::WriteTrustedSources(id())),
            ]
        }
        test::Effect::Run { .. }
        | test::Effect::AskTheWeb { .. }
        | test::Effect::TrySettings { .. }
        | test::Effect::FindAddress => Vec::new(),
    }
}

fn migrating(effect: migrations::Effect) -> (Vec<Foretold>, Option<StepMsg>) {
    let answer = match effect {
        migrations::Effect::Own(migrations::own::Effect::Look { cluster: Some(id), .. }) => {
            return (vec![once(Operation::ListBackups(id))], None);
        }
        migrations::Effect::Own(_) => return (Vec::new(), None),
        // Nothing that is asked of the account depends on what the ledger says.
        migrations::Effect::Status { .. } => migrations::Msg::Status(Box::default()),
        migrations::Effect::Deploy { .. } => migrations::Msg::Deployed(Box::default()),
        migrations::Effect::Resolve { how, .. } => migrations::Msg::Resolved(how, Box::default()),
    };
    (Vec::new(), Some(answer.into()))
}

fn switching(effect: app::Effect) -> (Vec<Foretold>, Option<StepMsg>) {
    let deployment = || DEPLOYMENT.to_owned();
    match effect {
        app::Effect::Propose { app, before, after } => {
            let ask = |spec: &Spec| {
                Foretold::with(Operation::ProposeApp(app.clone()), &body::proposal(&app, spec))
            };
            let proposal = app::Msg::Proposed(app::Proposal::default());
            (vec![ask(&before), ask(&after)], Some(proposal.into()))
        }
        app::Effect::Update { app, after, .. } => {
            let started = app::Started { app: app.clone(), deployment: deployment() };
            (updating(&app, &after), Some(app::Msg::Updated(started).into()))
        }
        app::Effect::Newest { app, .. } => {
            let started = app::Started { app: app.clone(), deployment: deployment() };
            let found = app::Msg::Newest(Some(started));
            (vec![once(Operation::ListDeployments(app))], Some(found.into()))
        }
        app::Effect::Watch { app, deployment, .. } => {
            let mut requests = following(&app, &deployment);
            requests.push(once(Operation::ReadApp(app)));
            (requests, Some(app::Msg::Active { deployment, live_url: None }.into()))
        }
        app::Effect::Arrive { .. } => (Vec::new(), None),
        app::Effect::Restore { app, spec, .. } => {
            let mut requests = updating(&app, &spec);
            requests.extend(following(&app, DEPLOYMENT));
            requests.push(once(Operation::ReadApp(app)));
            (requests, None)
        }
    }
}

/// Read, replaced, read back.
fn updating(app: &AppId, spec: &Spec) -> Vec<Foretold> {
    vec![
        once(Operation::ReadApp(app.clone())),
        Foretold::with(Operation::UpdateApp(app.clone()), &body::app_settings(spec)),
        until_done(Operation::ReadApp(app.clone())),
        if_needed(Operation::ListDeployments(app.clone())),
    ]
}

fn following(app: &AppId, deployment: &str) -> Vec<Foretold> {
    let spot = Spot { component: COMPONENT.to_owned(), kind: LogKind::Build };
    vec![
        until_done(Operation::ReadDeployment(app.clone(), deployment.to_owned())),
        if_needed(Operation::FindLog(app.clone(), deployment.to_owned(), spot)),
    ]
}

fn handing_over(effect: hand_over::Effect) -> Vec<Foretold> {
    let deleting = |cluster: ClusterId, pool: crate::domain::pool::PoolName| {
        vec![
            once(Operation::DeletePool(cluster.clone(), pool.clone())),
            until_done(Operation::ReadPool(cluster, pool)),
        ]
    };
    match effect {
        hand_over::Effect::Write(_) | hand_over::Effect::Open(_) => Vec::new(),
        hand_over::Effect::DeletePool { cluster, pool, .. } => {
            let mut requests = vec![
                once(Operation::ReadPool(cluster.clone(), pool.clone())),
                once(Operation::ReadCluster(cluster.clone())),
                until_done(Operation::ListApps { page: 1, per_page: APPS_ON_A_PAGE }),
            ];
            requests.extend(deleting(cluster, pool));
            requests
        }
        hand_over::Effect::DeleteUnchecked { cluster, pool } => deleting(cluster, pool),
        hand_over::Effect::Undo(undo) => taking_back(undo),
        hand_over::Effect::Look(entries) => {
            entries.into_iter().filter_map(|(_, undo)| looking(undo)).map(once).collect()
        }
    }
}

/// What tells how a change stands.
fn looking(undo: Undo) -> Option<Operation> {
    match undo {
        Undo::DeletePool { cluster, pool } => Some(Operation::ReadPool(cluster, pool)),
        Undo::RestorePool { cluster, earlier, .. } => {
            Some(Operation::ReadPool(cluster, earlier.name))
        }
        Undo::RestoreSpec { app, .. } => Some(Operation::ReadApp(app)),
        Undo::RemoveLease { cluster, .. } => Some(Operation::ReadTrustedSources(cluster)),
        Undo::RestoreFile { .. } | Undo::Impossible(_) => None,
    }
}

fn taking_back(undo: Undo) -> Vec<Foretold> {
    match undo {
        Undo::DeletePool { cluster, pool } => {
            handing_over(hand_over::Effect::DeletePool { cluster, pool, from: None })
        }
        Undo::RestorePool { cluster, earlier, .. } => {
            let mut requests =
                vec![once(Operation::ReadPool(cluster.clone(), earlier.name.clone()))];
            requests.extend(changing(cluster, &earlier, &Facts::default()));
            requests
        }
        Undo::RestoreSpec { app, spec, .. } => {
            let mut requests = updating(&app, &spec);
            requests.extend(following(&app, DEPLOYMENT));
            requests
        }
        Undo::RemoveLease { cluster, lease } => testing(test::Effect::Remove { cluster, lease }),
        Undo::RestoreFile { .. } | Undo::Impossible(_) => Vec::new(),
    }
}
