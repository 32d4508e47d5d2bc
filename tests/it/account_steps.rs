//! Steps 1, 2, 4 and 10 where the token may not do everything, and where the app is not as usual.

use poolwright::{
    domain::{cluster::Environment, conn_url::ConnUrl, problem::Fix, record::Undo},
    practice::account::ALL_SCOPES,
    setup::{
        facts::Grant,
        step::{Primary, Standing, StepId},
        steps::{app, cluster, hand_over, pool},
    },
};
use serde_json::json;

use crate::account_setup::{Rig, idle};

fn without(scopes: &[&str]) -> Vec<&'static str> {
    ALL_SCOPES.iter().copied().filter(|scope| !scopes.contains(scope)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_made_by_hand_is_found_and_never_deleted_by_us() {
    let mut rig = Rig::open(idle(), &without(&["database:create"])).await;
    rig.ready().await;
    assert_eq!(rig.setup.facts.grant("database:create"), Grant::Lacks);
    rig.act(pool::Msg::Check).await;
    assert_eq!(rig.problem(StepId::Pool).what, "Pool contrezz-pool is not there yet.");
    assert_eq!(rig.calls(), ["GET contrezz-pool"]);

    let pool::Decision::Create(order) = rig.setup.steps.pool.decide(&rig.setup.facts).unwrap()
    else {
        panic!("it is not there")
    };
    let path = format!("{}/pools", rig.other.cluster().await);
    let by_hand = json!({"name": "contrezz-pool", "mode": "transaction", "size": 5,
        "db": order.db, "user": order.user});
    assert_eq!(rig.other.post(&path, by_hand).await.status, 201);
    let again = rig.setup.fix(StepId::Pool, &Fix::TryAgain).unwrap();
    rig.act(again).await;
    assert_eq!(rig.setup.standing(StepId::Pool), Standing::Done);
    assert!(rig.setup.record.entries.iter().all(|entry| matches!(entry.undo, Undo::Impossible(_))));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_in_sight_tell_their_pools() {
    let mut rig = Rig::full().await;
    rig.with_pool().await;
    let id = rig.setup.facts.cluster.as_ref().unwrap().cluster.id.clone();
    rig.act(cluster::Msg::List).await;
    rig.calls();
    rig.act(cluster::Msg::Peek(vec![id.clone()])).await;
    assert_eq!(rig.calls(), ["GET pools"]);
    let peek = rig.setup.steps.cluster.peeks.get(&id);
    assert_eq!(peek, Some(&cluster::Peek::Read { pools: 1, booked: 5 }));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mode_is_changed_with_database_and_user_kept() {
    let mut rig = Rig::full().await;
    rig.with_pool().await;
    let before = rig.setup.facts.pool.clone().unwrap();
    rig.setup.steps.pool.draft.mode = poolwright::domain::pool::PoolMode::Session;
    rig.act(pool::Msg::Act).await;
    let after = rig.setup.facts.pool.clone().unwrap();
    assert_eq!(after.mode.word(), "session");
    assert_eq!((after.size, after.db, after.user), (before.size, before.db, before.user));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whether_an_app_uses_the_pool_has_to_be_known_or_waived_before_it_is_deleted() {
    let mut rig = Rig::open(idle(), &without(&["app:read"])).await;
    rig.with_pool().await;
    rig.act(hand_over::Msg::Undo(0)).await;
    assert_eq!(rig.problem(StepId::HandOver).code, "users unknown");
    assert!(!rig.calls().iter().any(|call| call.starts_with("DELETE")));
    let all_the_same = rig.setup.fix(StepId::HandOver, &Fix::DeleteUnchecked).unwrap();
    rig.act(all_the_same).await;
    assert_eq!(rig.setup.problem(StepId::HandOver), None);
    let path = format!("{}/pools/contrezz-pool", rig.other.cluster().await);
    assert_eq!(rig.other.get(&path).await.status, 404);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_is_not_attached_is_attached_and_gets_back_as_it_was() {
    let mut rig = Rig::full().await;
    rig.with_pool().await;
    let path = rig.other.app().await;
    let facts = rig.setup.facts.cluster.as_ref().unwrap();
    // The app runs with it, so it has to work.
    let direct = &facts.cluster.direct;
    let password = facts.password_of("contrezz_app").cloned();
    let url = ConnUrl::new((&direct.host, direct.port), "contrezz_app", password, "contrezz")
        .with_parameter("sslmode", "require");
    let mut loose = rig.spec().await;
    loose.as_object_mut().unwrap().shift_remove("databases");
    loose["services"][0]["envs"][0]["value"] = json!(url.text().expose());
    rig.other.put(&path, json!({ "spec": loose })).await;
    let before = rig.other.get(&path).await.at("/app/spec").clone();
    rig.setup.steps.cluster.draft.environment = Some(Environment::Staging);
    rig.act(cluster::Msg::Use).await;
    assert_eq!(rig.setup.problem(StepId::Cluster), None);

    rig.act(app::Msg::Switch).await;
    assert_eq!(rig.setup.problem(StepId::App), None);
    let after = rig.spec().await;
    assert_eq!(after["databases"][0]["cluster_name"], "contrezz-db-practice");
    let name = after["databases"][0]["name"].as_str().unwrap();
    let bound = format!("${{{name}.contrezz-pool.DATABASE_URL}}");
    assert_eq!(after["services"][0]["envs"][0]["value"], json!(bound));

    rig.act(app::Msg::Restore).await;
    assert_eq!(rig.setup.problem(StepId::App), None);
    assert_eq!(rig.other.get(&path).await.at("/app/spec"), &before);
    assert_eq!(rig.setup.facts.activity.switched_at, None);
    // Read again on the way: the next switch starts from what is there now.
    rig.act(app::Msg::Switch).await;
    assert_eq!(rig.setup.problem(StepId::App), None);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_takes_the_migrations_over_and_is_gone_after_a_restore() {
    let mut rig = Rig::full().await;
    rig.with_pool().await;
    let path = rig.other.app().await;
    let mut spec = rig.spec().await;
    spec["services"][0]["run_command"] = json!("npx prisma migrate deploy && npm start");
    rig.other.put(&path, json!({ "spec": spec })).await;
    rig.setup.steps.cluster.draft.environment = Some(Environment::Staging);
    rig.act(cluster::Msg::Use).await;
    let before = rig.spec().await;

    rig.setup.steps.app.decide_migrations(app::Migrations::MoveToAJob);
    rig.act(app::Msg::Switch).await;
    // One more component costs something, and that is asked about first.
    let besides = rig.setup.steps.app.proposal.as_ref().unwrap().besides.join(" ");
    assert!(besides.starts_with("The cost changes from 48 to 60 USD a month."), "{besides}");
    assert_eq!(rig.spec().await, before);
    rig.act(app::Msg::Confirm).await;
    assert_eq!(rig.setup.problem(StepId::App), None);
    let after = rig.spec().await;
    assert_eq!(after["services"][0]["run_command"], "npm start");
    let job = &after["jobs"][0];
    assert_eq!(
        (&job["kind"], &job["run_command"]),
        (&json!("PRE_DEPLOY"), &json!("npx prisma migrate deploy"))
    );
    let url = job["envs"].as_array().unwrap().iter().find(|env| env["key"] == "DATABASE_URL");
    assert_eq!(url.unwrap()["value"], "${db.DATABASE_URL}");

    rig.act(app::Msg::Restore).await;
    assert_eq!((rig.setup.problem(StepId::App), rig.spec().await), (None, before));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_url_that_is_written_out_is_encrypted_and_in_no_history() {
    let mut rig = Rig::full().await;
    rig.with_pool().await;
    let before = rig.spec().await;
    rig.setup.steps.app.draft.form = app::Form::WrittenOut;
    rig.act(app::Msg::Switch).await;
    assert_eq!(rig.setup.problem(StepId::App), None);
    let env = rig.spec().await["services"][0]["envs"][0].clone();
    assert_eq!(env["type"], "SECRET");
    assert!(env["value"].as_str().unwrap().starts_with("EV["), "{env}");
    let printed = format!("{:?} {:?}", rig.setup, rig.setup.record.exchanges);
    assert!(!printed.contains("AVNS_"), "no password is in the history");

    rig.act(app::Msg::Restore).await;
    assert_eq!((rig.setup.problem(StepId::App), rig.spec().await), (None, before));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_elses_other_binding_is_not_overwritten_by_a_restore() {
    let mut rig = Rig::full().await;
    rig.with_pool().await;
    rig.act(app::Msg::Switch).await;
    let mut theirs = rig.spec().await;
    theirs["services"][0]["envs"][0]["value"] = json!("${db.DATABASE_URL}&application_name=theirs");
    rig.set_spec(&theirs).await;
    let theirs = rig.spec().await;
    rig.act(app::Msg::Restore).await;
    assert_eq!(rig.problem(StepId::App).code, "changed since");
    assert_eq!(rig.spec().await, theirs);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_only_reads_comes_as_far_as_the_plan() {
    let scopes: Vec<&str> =
        ALL_SCOPES.iter().copied().filter(|scope| scope.ends_with(":read")).collect();
    let mut rig = Rig::open(idle(), &scopes).await;
    rig.ready().await;
    let lacking: Vec<&str> =
        rig.setup.facts.lacking(StepId::Pool).map(|scope| scope.name).collect();
    assert_eq!(lacking, ["database:create", "database:update"]);
    let Primary::Act(label, _) = rig.setup.primary(StepId::Pool) else { panic!("it goes on") };
    assert_eq!(label, "Check now");
    assert!(pool::request(&rig.setup.steps.pool, &rig.setup.facts).is_none());
    rig.close().await;
}
