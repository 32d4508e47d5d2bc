//! Stories of step 4: sizes, names, pools that are there, and what is done by hand.

use super::*;

#[test]
fn a_pool_that_somebody_else_made_meanwhile_can_be_used() {
    let mut setup = signed_in(Environment::Staging);
    let (ticket, _) = started(setup.act(now(), pool::Msg::Act.into()));
    let theirs = Pool { size: 3, ..made(&order()) };
    setup.settle(now(), ticket, pool::Msg::Found(Some(theirs.clone())).into());
    assert_eq!(setup.standing(StepId::Pool), Standing::Stopped);
    let adopt = setup.fix(StepId::Pool, &Fix::UsePool(order().name)).expect("the card offers it");
    assert!(setup.act(now(), adopt).is_empty());
    assert_eq!(setup.facts.pool, Some(theirs));
}

#[test]
fn only_a_pool_that_we_sent_is_ours_to_delete() {
    for (sent_before, entries) in [(false, 0), (true, 1)] {
        let mut setup = signed_in(Environment::Staging);
        let (mut ticket, _) = started(setup.act(now(), pool::Msg::Act.into()));
        if sent_before {
            let (finding, _) = started(setup.settle(now(), ticket, lost()));
            setup.settle(now(), finding, pool::Msg::Found(None).into());
            (ticket, _) = started(setup.act(now(), pool::Msg::Act.into()));
        }
        // The account refused, because a pool of this name and these settings is there.
        setup.settle(now(), ticket, pool::Msg::Found(Some(made(&order()))).into());
        assert_eq!(setup.facts.pool, Some(made(&order())));
        assert_eq!(setup.record.entries.len(), entries);
    }
}

#[test]
fn editing_while_the_pool_is_created_does_not_change_the_order() {
    let mut setup = signed_in(Environment::Staging);
    let (ticket, _) = started(setup.act(now(), pool::Msg::Act.into()));
    setup.steps.pool.draft.size = 2;
    let (_, effect) = started(setup.settle(now(), ticket, lost()));
    assert_eq!(pool_effect(effect), pool::Effect::LookFor(id(), order()));
    assert!(matches!(&setup.steps.pool.phase, pool::Phase::Finding(_, kept) if *kept == order()));
}

#[test]
fn each_look_for_a_pool_is_told_and_looking_can_be_stopped() {
    let mut setup = signed_in(Environment::Staging);
    let (ticket, _) = started(setup.act(now(), pool::Msg::Act.into()));
    let (finding, _) = started(setup.settle(now(), ticket, lost()));
    setup.note(now(), finding, pool::Msg::Looked(3, 10).into());
    let Primary::Working(label, Some(stop)) = setup.primary(StepId::Pool) else {
        panic!("it can be stopped")
    };
    assert_eq!(label, "Looking for pool shop-pool… 3 of 10");
    assert!(
        matches!(setup.act(now(), stop).as_slice(), [Order::Cancel(stopped)] if *stopped == finding)
    );
    assert!(matches!(setup.steps.pool.phase, pool::Phase::Editing));
}

#[test]
fn an_existing_pool_is_used_without_a_request() {
    let mut setup = signed_in(Environment::Staging);
    setup.facts.cluster.as_mut().unwrap().pools.push(made(&order()));
    assert!(setup.act(now(), pool::Msg::Act.into()).is_empty());
    assert_eq!(setup.facts.pool, Some(made(&order())));
    assert!(setup.record.entries.is_empty());
}

#[test]
fn another_size_resizes_with_the_user_kept() {
    let mut setup = signed_in(Environment::Staging);
    setup.facts.cluster.as_mut().unwrap().pools.push(made(&order()));
    setup.act(now(), pool::Msg::UseSize(7).into());
    let (_, effect) = started(setup.act(now(), pool::Msg::Act.into()));
    assert_eq!(pool_effect(effect), pool::Effect::Resize(id(), PoolOrder { size: 7, ..order() }));
}

#[test]
fn a_found_resize_is_no_creation_and_is_never_undone_by_deleting() {
    let mut setup = signed_in(Environment::Staging);
    setup.facts.cluster.as_mut().unwrap().pools.push(made(&order()));
    setup.act(now(), pool::Msg::UseSize(7).into());
    let (ticket, _) = started(setup.act(now(), pool::Msg::Act.into()));
    let (finding, _) = started(setup.settle(now(), ticket, lost()));
    let found = Pool { size: 7, ..made(&order()) };
    setup.settle(now(), finding, pool::Msg::Found(Some(found)).into());
    let sent = PoolOrder { size: 7, ..order() };
    let undo = Undo::RestorePool { cluster: id(), earlier: order(), sent };
    assert_eq!(setup.record.entries.iter().map(|entry| &entry.undo).collect::<Vec<_>>(), [&undo]);
    assert_eq!(setup.standing(StepId::Pool), Standing::Done);
}

#[test]
fn more_than_what_is_free_is_refused_with_the_sum() {
    let mut setup = signed_in(Environment::Staging);
    setup.act(now(), pool::Msg::UseSize(20).into());
    let problem = setup.steps.pool.decide(&setup.facts).unwrap_err();
    assert_eq!(problem.what, "20 is more than the 19 connections that are free.");
    assert!(setup.act(now(), pool::Msg::Act.into()).is_empty());
}

#[test]
fn a_pool_that_has_more_than_there_is_can_still_be_used_or_made_smaller() {
    let mut setup = signed_in(Environment::Staging);
    let whole = Pool { size: 22, ..made(&order()) };
    setup.facts.cluster.as_mut().unwrap().pools.push(whole.clone());
    setup.steps.pool.draft.size = 22;
    assert_eq!(setup.steps.pool.decide(&setup.facts), Ok(pool::Decision::Adopt(whole.clone())));
    setup.act(now(), pool::Msg::UseSize(20).into());
    let to = PoolOrder { size: 20, ..order() };
    let change = pool::Decision::Change { from: whole, to };
    assert_eq!(setup.steps.pool.decide(&setup.facts), Ok(change));
}

#[test]
fn what_stays_direct_and_what_is_kept_free_lower_what_a_pool_may_have() {
    let mut setup = signed_in(Environment::Staging);
    let holder = |application: &str, state: &str, count| Holder {
        application: application.to_owned(),
        user: "shop_app".to_owned(),
        address: None,
        state: state.to_owned(),
        count,
        age: None,
    };
    let sample = |web: u32| Sample {
        at: now(),
        holders: vec![
            holder("worker", "idle", 2),
            holder("worker", "active", 1),
            holder("web", "idle", web),
            holder(OURS, "active", 1),
        ],
        commits: 0,
        refused: 0,
    };
    setup.facts.activity.samples = vec![sample(9), sample(4)];
    let most = |name: &str, count| (name.to_owned(), count);
    assert_eq!(pool::holders(&setup.facts), [most("web", 9), most("worker", 3)]);

    setup.steps.pool.draft.direct.insert("worker".to_owned());
    setup.steps.pool.draft.reserve = 5;
    let sizing = setup.steps.pool.sizing(&setup.facts).expect("the plan tells the limit");
    assert_eq!((sizing.demand.direct, sizing.demand.reserve, sizing.ceiling), (3, 5, 22 - 3 - 5));
    setup.act(now(), pool::Msg::UseSize(15).into());
    let problem = setup.steps.pool.decide(&setup.facts).unwrap_err();
    assert!(problem.why.contains("3 direct, 5 kept free"), "{}", problem.why);
}

#[test]
fn another_pool_gets_a_name_that_is_free() {
    let mut setup = signed_in(Environment::Staging);
    for name in ["shop-pool", "shop-pool-2"] {
        let name = PoolName::given(name);
        let pool = Pool { name, size: 4, ..made(&order()) };
        setup.facts.cluster.as_mut().unwrap().pools.push(pool);
    }
    setup.act(now(), pool::Msg::Another.into());
    let draft = &setup.steps.pool.draft;
    assert_eq!((draft.name.as_str(), draft.size), ("shop-pool-3", 11));
}

#[test]
fn an_unusual_name_is_ordered_and_the_account_decides() {
    let mut setup = signed_in(Environment::Staging);
    setup.steps.pool.draft.name = "shop.pool".to_owned();
    let look = setup.steps.pool.name_look(&setup.facts);
    assert_eq!(look, pool::NameLook::Unusual(BadName::Character('.')));
    let (_, effect) = started(setup.act(now(), pool::Msg::Act.into()));
    let name = PoolName::given("shop.pool");
    assert_eq!(pool_effect(effect), pool::Effect::Create(id(), PoolOrder { name, ..order() }));
}

fn scoped(environment: Environment) -> Setup {
    let mut setup = signed_in(environment);
    setup.facts.account.as_mut().unwrap().scopes = SCOPES.to_vec();
    setup
}

#[test]
fn without_the_scope_the_pool_is_made_by_hand_and_looked_for() {
    let mut setup = scoped(Environment::Production);
    let name = order().name;
    setup.facts.learn("database:create", Grant::Lacks);
    assert_eq!(pool::request(&setup.steps.pool, &setup.facts), None);
    let Primary::Act(label, msg) = setup.primary(StepId::Pool) else { panic!("it can be checked") };
    assert_eq!(label, "Check now", "looking changes nothing, in production too");
    let (ticket, effect) = started(setup.act(now(), msg));
    assert_eq!(pool_effect(effect), pool::Effect::Find(id(), name.clone()));
    setup.settle(now(), ticket, pool::Msg::Found(None).into());
    assert_eq!(
        setup.problem(StepId::Pool).map(|problem| problem.what.as_str()),
        Some("Pool shop-pool is not there yet.")
    );

    let again = setup.fix(StepId::Pool, &Fix::TryAgain).expect("it can be checked again");
    let (ticket, _) = started(setup.act(now(), again));
    setup.settle(now(), ticket, pool::Msg::Found(Some(made(&order()))).into());
    assert_eq!(setup.standing(StepId::Pool), Standing::Done);
    assert!(setup.record.entries.iter().all(|entry| !entry.undo.possible()), "it is not ours");
}

#[test]
fn a_refused_create_teaches_that_the_scope_is_missing() {
    let mut setup = scoped(Environment::Staging);
    let (ticket, _) = started(setup.act(now(), pool::Msg::Act.into()));
    let problem = Problem::new("HTTP 403", "This token may not create pool shop-pool.", "");
    setup.settle(now(), ticket, pool::Msg::Failed(problem).into());
    assert_eq!(setup.facts.grant("database:create"), Grant::Lacks);
    assert!(matches!(setup.primary(StepId::Pool), Primary::Act(label, _) if label == "Check now"));
}

#[test]
fn a_mode_that_the_account_kept_is_told_and_nothing_is_lost() {
    let mut setup = signed_in(Environment::Staging);
    setup.facts.cluster.as_mut().unwrap().pools.push(made(&order()));
    setup.steps.pool.draft.mode = PoolMode::Session;
    let (ticket, effect) = started(setup.act(now(), pool::Msg::Act.into()));
    let wanted = PoolOrder { mode: PoolMode::Session, ..order() };
    assert_eq!(pool_effect(effect), pool::Effect::Resize(id(), wanted));
    setup.settle(now(), ticket, pool::Msg::Found(Some(made(&order()))).into());
    let problem = setup.problem(StepId::Pool).expect("it is told");
    assert_eq!(problem.what, "Pool shop-pool is still in transaction mode.");
    let pools = &setup.facts.cluster.as_ref().unwrap().pools;
    assert_eq!(pools.as_slice(), [made(&order())]);
}

#[test]
fn another_cluster_has_fields_of_its_own() {
    let mut setup = signed_in(Environment::Staging);
    let mut other = cluster(Environment::Staging);
    other.cluster.id = ClusterId("c2".to_owned());
    other.databases = vec!["blog".to_owned()];
    setup.facts.cluster = Some(other);
    setup.act(now(), Msg::Go(StepId::Pool));
    let draft = &setup.steps.pool.draft;
    assert_eq!((draft.db.as_str(), draft.name.as_str()), ("blog", "blog-pool"));
}

#[test]
fn a_database_name_is_no_pool_name() {
    let mut setup = signed_in(Environment::Staging);
    setup.steps.pool.draft.name = "shop".to_owned();
    assert!(matches!(setup.primary(StepId::Pool), Primary::Blocked(..)));
}

#[test]
fn a_pool_whose_users_nobody_knows_is_deleted_only_when_asked_again() {
    let mut setup = signed_in(Environment::Staging);
    setup.facts.pool = Some(made(&order()));
    setup.record.entries.push(entry(Undo::DeletePool { cluster: id(), pool: order().name }));
    assert!(setup.act(now(), hand_over::Msg::DeleteUnchecked.into()).is_empty());
    let (ticket, _) = started(setup.act(now(), hand_over::Msg::Undo(0).into()));
    let problem = Problem::new("users unknown", "Pool shop-pool was not deleted.", "");
    setup.settle(now(), ticket, hand_over::Msg::Failed(problem).into());
    let all_the_same = setup.fix(StepId::HandOver, &Fix::DeleteUnchecked).unwrap();
    let (ticket, effect) = started(setup.act(now(), all_the_same));
    let Effect::HandOver(effect) = effect else { panic!("not the hand-over's: {effect:?}") };
    assert_eq!(effect, hand_over::Effect::DeleteUnchecked { cluster: id(), pool: order().name });
    setup.settle(now(), ticket, hand_over::Msg::Undone.into());
    assert_eq!(setup.facts.pool, None);
}
