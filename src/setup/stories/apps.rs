//! Stories of step 10: the switch, its way back, and apps on other hosts.

use super::*;

#[test]
fn settings_that_may_have_arrived_can_be_put_back() {
    for (unknown, entries) in [(true, 1), (false, 0)] {
        let mut setup = with_app();
        let before = setup.facts.cluster.as_ref().unwrap().apps[0].spec.clone();
        let (ticket, _) = started(setup.act(now(), app::Msg::Switch.into()));
        let (ticket, _) = started(setup.settle(
            now(),
            ticket,
            app::Msg::Proposed(app::Proposal::default()).into(),
        ));
        let mut problem = Problem::new("no deployment", "No deployment started.", "");
        problem.outcome_unknown = unknown;
        setup.settle(now(), ticket, app::Msg::Failed(problem).into());

        assert_eq!(setup.record.entries.len(), entries);
        if let Some(entry) = setup.record.entries.first() {
            let app = AppId("a1".to_owned());
            let Undo::RestoreSpec { app: of, spec, sent } = &entry.undo else {
                panic!("settings can be put back")
            };
            assert_eq!((of, &**spec), (&app, &before));
            assert_ne!(**sent, before);
        }
    }
}

/// Up to the deployment that is watched.
fn switching(setup: &mut Setup) -> Ticket {
    let (ticket, _) = started(setup.act(now(), app::Msg::Switch.into()));
    let (ticket, effect) =
        started(setup.settle(now(), ticket, app::Msg::Proposed(app::Proposal::default()).into()));
    let Effect::App(app::Effect::Update { after, .. }) = effect else {
        panic!("no update: {effect:?}")
    };
    let mut stored = setup.facts.cluster.as_ref().unwrap().apps[0].clone();
    // The account adds what it is used to.
    let mut read_back = (*after).clone();
    read_back["region"] = "fra".into();
    stored.spec = read_back.into();
    setup.note(now(), ticket, app::Msg::Reread(Box::new(stored)).into());
    let app = AppId("a1".to_owned());
    let started_one = app::Started { app, deployment: "d2".to_owned() };
    started(setup.settle(now(), ticket, app::Msg::Updated(started_one).into())).0
}

fn spec_of(setup: &Setup) -> &serde_json::Value {
    &setup.facts.cluster.as_ref().unwrap().apps[0].spec
}

#[test]
fn after_a_switch_plans_start_from_what_the_account_has() {
    let mut setup = with_app();
    let before = setup.facts.cluster.as_ref().unwrap().apps[0].spec.clone();
    switching(&mut setup);
    assert_ne!(*spec_of(&setup), *before);
    let Some(Entry { undo: Undo::RestoreSpec { spec, sent, .. }, .. }) =
        setup.record.entries.first()
    else {
        panic!("settings can be put back")
    };
    assert_eq!((&**spec, &***sent), (&before, spec_of(&setup)));

    // Stopped and tried again: the plan is empty now, and nothing is sent twice.
    setup.act(now(), app::Msg::Stop.into());
    assert!(setup.act(now(), app::Msg::Switch.into()).is_empty());
    let Primary::Act(label, msg) = setup.primary(StepId::App) else { panic!("it can be followed") };
    assert_eq!(label, "Follow the deployment");
    let (_, effect) = started(setup.act(now(), msg));
    assert!(matches!(effect, Effect::App(app::Effect::Watch { .. })));
}

#[test]
fn a_restore_takes_the_switch_back_also_for_the_charts_and_can_be_stopped() {
    let mut setup = with_app();
    let watching = switching(&mut setup);
    let active = app::Msg::Active { deployment: "d2".to_owned(), live_url: None };
    let (arriving, _) = started(setup.settle(now(), watching, active.into()));
    setup.settle(now(), arriving, app::Msg::Arrived(Some(3)).into());
    assert!(setup.facts.activity.switched_at.is_some());

    started(setup.act(now(), app::Msg::Restore.into()));
    setup.act(now(), app::Msg::Stop.into());
    assert!(setup.problem(StepId::App).is_some_and(|problem| problem.outcome_unknown));
    let again = setup.fix(StepId::App, &Fix::TryAgain).expect("it can be looked at again");
    let (ticket, _) = started(setup.act(now(), again));
    setup.settle(now(), ticket, app::Msg::Restored.into());
    assert_eq!(
        (setup.facts.activity.switched_at, setup.facts.activity.switch_began_at),
        (None, None)
    );
    assert_eq!(setup.facts.deployed, None);
    assert_eq!(setup.steps.app.restored.as_deref(), Some("shop-web"));
}

#[test]
fn nothing_is_undone_while_step_10_works_and_nothing_switched_while_step_12_undoes() {
    let mut setup = with_app();
    switching(&mut setup);
    assert!(setup.act(now(), hand_over::Msg::UndoAll.into()).is_empty());
    assert_eq!(
        setup.problem(StepId::HandOver).map(|problem| problem.code.as_str()),
        Some("under way")
    );
    setup.act(now(), app::Msg::Stop.into());
    let (undoing, _) = started(setup.act(now(), hand_over::Msg::Undo(0).into()));
    assert!(setup.act(now(), app::Msg::Restore.into()).is_empty());
    assert_eq!(setup.problem(StepId::App).map(|problem| problem.code.as_str()), Some("under way"));
    setup.act(now(), hand_over::Msg::Stop.into());
    assert!(setup.settle(now(), undoing, hand_over::Msg::Undone.into()).is_empty());
    assert!(
        setup.record.entries.iter().all(|entry| !entry.undone),
        "a late answer changes nothing"
    );
}

#[test]
fn a_look_that_failed_is_repeated_and_a_deployment_that_failed_is_taken_back() {
    let mut setup = with_app();
    let watching = switching(&mut setup);
    let offline = Problem::new("offline", "DigitalOcean cannot be reached.", "")
        .fix("Try again", Fix::TryAgain);
    setup.settle(now(), watching, app::Msg::Failed(offline).into());
    let again = setup.fix(StepId::App, &Fix::TryAgain).expect("it can be looked at again");
    let (watching, effect) = started(setup.act(now(), again));
    assert!(matches!(effect, Effect::App(app::Effect::Watch { .. })));

    let broken = Problem::new("deployment failed", "The new deployment did not start.", "")
        .fix("Restore the previous settings", Fix::RestoreApp);
    setup.settle(now(), watching, app::Msg::Failed(broken).into());
    let Primary::Act(label, msg) = setup.primary(StepId::App) else {
        panic!("there is a way back")
    };
    assert_eq!(label, "Restore the settings of shop-web");
    let (_, effect) = started(setup.act(now(), msg));
    assert!(matches!(effect, Effect::App(app::Effect::Restore { .. })));
}

#[test]
fn what_comes_besides_the_variables_is_asked_about_first() {
    let mut setup = with_app();
    let (ticket, _) = started(setup.act(now(), app::Msg::Switch.into()));
    let proposal = app::Proposal {
        cost: "17 USD a month instead of 12".to_owned(),
        besides: vec!["The cost changes from 12 to 17 USD a month.".to_owned()],
    };
    assert!(setup.settle(now(), ticket, app::Msg::Proposed(proposal).into()).is_empty());
    assert_eq!(setup.standing(StepId::App), Standing::NeedsYou);
    let Primary::Act(label, msg) = setup.primary(StepId::App) else {
        panic!("it can be confirmed")
    };
    assert_eq!(label, "Switch shop-web all the same");
    let (_, effect) = started(setup.act(now(), msg));
    assert!(matches!(effect, Effect::App(app::Effect::Update { .. })));
}

#[test]
fn an_app_that_is_not_attached_is_attached_or_gets_the_url_itself() {
    let mut setup = with_app();
    let apps = &mut setup.facts.cluster.as_mut().unwrap().apps;
    apps[0].spec = serde_json::json!({"name": "shop-web", "services": [{"name": "web", "envs": [
        {"key": "DATABASE_URL", "value": "postgresql://u:canary@db.example:25060/shop", "scope": "RUN_TIME"},
    ]}]})
    .into();
    let plan = setup.steps.app.plan(&setup.facts).unwrap().unwrap();
    assert_eq!(plan.attaches.as_deref(), Some("db"));
    assert_eq!(plan.changes[0].new, "${db.shop-pool.DATABASE_URL}");

    setup.steps.app.draft.form = app::Form::WrittenOut;
    let plan = setup.steps.app.plan(&setup.facts).unwrap().unwrap();
    assert_eq!((plan.attaches, plan.spec.get("databases")), (None, None));
    let env = plan.spec.pointer("/services/0/envs/0").unwrap();
    assert_eq!(env["type"], "SECRET");
    assert!(
        env["value"].as_str().unwrap().starts_with("postgresql://shop_app:p@db.example:25061/")
    );
    assert!(!format!("{:?}", plan.changes).contains(":p@"));
}

#[test]
fn an_app_on_another_host_is_proved_the_same_way() {
    let mut setup = signed_in(Environment::Staging);
    setup.facts.pool = Some(made(&order()));
    let (ticket, effect) = started(setup.act(now(), app::Msg::Restarted(String::new()).into()));
    assert!(matches!(effect, Effect::App(app::Effect::Arrive { .. })));
    setup.settle(now(), ticket, app::Msg::Arrived(Some(0)).into());
    assert_eq!(setup.standing(StepId::App), Standing::DoneNotVerified);
    let switched = setup.facts.activity.switched_at;
    assert!(switched.is_some());

    let later = now() + std::time::Duration::from_secs(60);
    let (ticket, _) = started(setup.act(later, app::Msg::LookAgain.into()));
    setup.settle(later, ticket, app::Msg::Arrived(Some(4)).into());
    assert_eq!(setup.standing(StepId::App), Standing::Done);
    assert_eq!(setup.facts.activity.switched_at, switched, "looking again moves nothing");
}

#[test]
fn a_token_that_may_not_change_apps_leaves_the_change_to_the_person() {
    let mut setup = with_app();
    setup.facts.account.as_mut().unwrap().scopes = SCOPES.to_vec();
    setup.facts.learn("app:update", Grant::Lacks);
    let Primary::Act(label, msg) = setup.primary(StepId::App) else { panic!("it goes on by hand") };
    assert_eq!(label, "I have changed shop-web");
    let (_, effect) = started(setup.act(now(), msg));
    assert!(matches!(effect, Effect::App(app::Effect::Arrive { .. })), "nothing is sent");
}

#[test]
fn putting_one_app_back_leaves_the_other_to_be_put_back() {
    let mut setup = signed_in(Environment::Staging);
    for app in ["a1", "a2"] {
        let undo = Undo::RestoreSpec {
            app: AppId(app.to_owned()),
            spec: Box::new(serde_json::json!({}).into()),
            sent: Box::new(serde_json::json!({}).into()),
        };
        setup.record.entries.push(entry(undo));
    }
    let (ticket, _) = started(setup.act(now(), app::Msg::Restore.into()));
    setup.settle(now(), ticket, app::Msg::Restored.into());
    assert_eq!(setup.record.entries.iter().map(|e| e.undone).collect::<Vec<_>>(), [false, true]);
}
