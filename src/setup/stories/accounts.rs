//! Stories of steps 1 and 2: signing in, other accounts, and the list of clusters.

use super::*;

#[test]
fn a_dry_run_leaves_the_keychain_alone() {
    let mut setup = Setup::new(Rules { dry_run: true, ..Rules::default() });
    setup.steps.sign_in.draft.token = "dop_v1_canary".to_owned();
    let (_, effect) = started(setup.act(now(), sign_in::Msg::SignIn.into()));
    let keep = sign_in::Keep::SessionOnly;
    let Effect::SignIn(effect) = effect else { panic!("not the sign-in's: {effect:?}") };
    assert_eq!(effect, sign_in::Effect::Check { token: Secret::new("dop_v1_canary"), keep });
}

#[test]
fn another_account_asks_for_review_of_what_came_from_the_first() {
    let mut setup = signed_in(Environment::Staging);
    setup.steps.sign_in.draft.token = "dop_v1_other".to_owned();
    setup.facts.account.as_mut().unwrap().token = Secret::new("dop_v1_canary");
    let account =
        Account { token: Secret::new("dop_v1_other"), ..setup.facts.account.clone().unwrap() };
    setup.steps.sign_in.phase = sign_in::Phase::Editing;
    let (ticket, _) = started(setup.act(now(), sign_in::Msg::SignIn.into()));
    setup.settle(now(), ticket, sign_in::Msg::SignedIn(Box::new(account)).into());
    assert_eq!(setup.facts.cluster, None);
    assert_eq!(setup.standing(StepId::Cluster), Standing::NeedsReview);
}

fn sign_in_effect(effect: Effect) -> sign_in::Effect {
    match effect {
        Effect::SignIn(effect) => effect,
        other => panic!("not the sign-in's: {other:?}"),
    }
}

#[test]
fn another_kept_account_is_switched_to_and_its_clusters_are_read_anew() {
    let mut setup = signed_in(Environment::Staging);
    setup.facts.account.as_mut().unwrap().email = Some("anna@shop.example".to_owned());
    setup.steps.sign_in.accounts =
        ["anna@shop.example", "bert@shop.example"].map(str::to_owned).to_vec();
    let (listing, _) = started(setup.act(now(), cluster_step::Msg::List.into()));
    let list = vec![cluster(Environment::Staging).cluster];
    setup.settle(now(), listing, cluster_step::Msg::Listed(list).into());
    let others: Vec<&str> = setup.steps.sign_in.others(&setup.facts).collect();
    assert_eq!(others, ["bert@shop.example"]);

    let switch = sign_in::Msg::Switch("bert@shop.example".to_owned());
    let (ticket, effect) = started(setup.act(now(), switch.into()));
    let account = "bert@shop.example".to_owned();
    assert_eq!(sign_in_effect(effect), sign_in::Effect::Switch { account: account.clone() });
    let bert = Account {
        token: Secret::new("dop_v1_other"),
        email: Some(account),
        ..setup.facts.account.clone().unwrap()
    };
    setup.settle(now(), ticket, sign_in::Msg::SignedIn(Box::new(bert)).into());
    assert!(setup.steps.cluster.clusters.is_empty() && setup.steps.cluster.listed().is_none());
    assert_eq!(setup.facts.cluster, None);
}

#[test]
fn pools_are_read_for_four_rows_in_sight_at_a_time_and_a_row_that_fails_stops_nothing() {
    let mut setup = signed_in(Environment::Staging);
    let named = |index: usize| Cluster {
        id: ClusterId(format!("c{index}")),
        name: format!("shop-{index}"),
        ..cluster(Environment::Staging).cluster
    };
    let (listing, _) = started(setup.act(now(), cluster_step::Msg::List.into()));
    let list = (0..1000).map(named).collect();
    assert!(setup.settle(now(), listing, cluster_step::Msg::Listed(list).into()).is_empty());

    let in_sight: Vec<ClusterId> = (10..18).map(|index| named(index).id).collect();
    let orders = setup.act(now(), cluster_step::Msg::Peek(in_sight.clone()).into());
    let asked: Vec<(Ticket, ClusterId)> = orders
        .into_iter()
        .map(|order| match order {
            Order::Start(start) => match start.effect {
                Effect::Cluster(cluster_step::Effect::Peek(id)) => (start.ticket, id),
                other => panic!("no row is read: {other:?}"),
            },
            Order::Cancel(_) => panic!("nothing is cancelled"),
        })
        .collect();
    assert_eq!(asked.iter().map(|(_, id)| id.clone()).collect::<Vec<_>>(), in_sight[..4]);

    let (ticket, id) = asked[0].clone();
    setup.settle(now(), ticket, cluster_step::Msg::Peeked(id, None).into());
    assert_eq!(setup.problem(StepId::Cluster), None);
    let orders = setup.act(now(), cluster_step::Msg::Peek(in_sight.clone()).into());
    assert_eq!(orders.len(), 1, "one has room again, and the failed row is not asked again");
}

#[test]
fn doctls_token_is_used_only_when_asked_for_and_never_shown() {
    let mut setup = Setup::new(Rules::default());
    let (ticket, effect) = started(setup.act(now(), sign_in::Msg::ReadDoctl.into()));
    assert_eq!(sign_in_effect(effect), sign_in::Effect::ReadDoctl);
    let login = |context: &str, token: &str| Login {
        context: context.to_owned(),
        current: false,
        token: Secret::new(token),
    };
    let logins = vec![login("one", "dop_v1_canary"), login("two", "dop_v1_canary_two")];
    assert!(setup.settle(now(), ticket, sign_in::Msg::Doctl(logins).into()).is_empty());
    assert!(!format!("{setup:?}").contains("canary"));
    let (_, effect) = started(setup.act(now(), sign_in::Msg::UseDoctl("two".to_owned()).into()));
    let (token, keep) = (Secret::new("dop_v1_canary_two"), sign_in::Keep::Keychain);
    assert_eq!(sign_in_effect(effect), sign_in::Effect::Check { token, keep });
}

#[test]
fn a_sign_out_lists_what_stays() {
    let mut setup = signed_in(Environment::Staging);
    let (ticket, _) = started(setup.act(now(), pool::Msg::Act.into()));
    setup.settle(now(), ticket, pool::Msg::Made(made(&order())).into());
    let (ticket, _) = started(setup.act(now(), sign_in::Msg::SignOut.into()));
    setup.settle(now(), ticket, sign_in::Msg::SignedOut.into());
    let left = setup.steps.sign_in.signed_out.as_ref().expect("what stays is told");
    assert_eq!(
        (left.account.as_str(), &left.kept),
        ("account without a name", &Kept::SessionOnly(None))
    );
    assert_eq!(
        left.stays.last().map(String::as_str),
        Some("Pool shop-pool created: 11 connections, transaction mode.")
    );
    assert_eq!(setup.facts.token(), None);
}

#[test]
fn a_missing_scope_is_known_before_the_step_that_needs_it() {
    let mut setup = signed_in(Environment::Staging);
    let lacking = |setup: &Setup, step| -> Vec<&str> {
        setup.facts.lacking(step).map(|scope| scope.name).collect()
    };
    setup.facts.account.as_mut().unwrap().scopes = SCOPES.to_vec();
    assert_eq!(lacking(&setup, StepId::Pool), Vec::<&str>::new());
    setup.facts.learn("database:create", Grant::Lacks);
    setup.facts.learn("app:update", Grant::Has);
    assert_eq!(lacking(&setup, StepId::Pool), ["database:create"]);
    assert_eq!(lacking(&setup, StepId::App), Vec::<&str>::new());
}
