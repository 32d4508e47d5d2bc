//! Steps of a set-up that talk to the account, through the core and the runner, as window and command line do it.

use std::{io::Write as _, sync::Arc, time::Duration};

use jiff::Timestamp;
use poolwright::{
    domain::{
        access::LeaseLength,
        pool::PoolName,
        problem::{Fix, Problem},
        record::Undo,
        secret::Secret,
        timing::Timing,
    },
    effects::{World, accounts::remembered, remembered_token, runner::Runner},
    keychain::Keychain,
    practice::{
        account::{ALL_SCOPES, Account, Allowance, Beginning, CLUSTER_NAME, Trusted},
        app::Load,
        cluster::Cluster,
        faults::{Fault, Planned},
    },
    safety,
    setup::{
        Msg, Rules, Setup,
        facts::{Grant, Kept},
        step::{Primary, Standing, StepId},
        steps::{app, cluster, hand_over, pool, sign_in, test},
    },
};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::{
    driven,
    session::{KEYRING, in_session},
    web::Web,
};

pub fn idle() -> Beginning {
    Beginning { load: Load::Idle, ..Beginning::default() }
}

/// A set-up on a practice account, and somebody else who uses the account at the same time.
pub struct Rig {
    pub account: Account,
    /// How much of the history was looked at.
    seen: usize,
    pub other: Web,
    pub setup: Box<Setup>,
    runner: Runner,
    token: Secret,
    _data: tempfile::TempDir,
}

impl Rig {
    pub async fn open(beginning: Beginning, scopes: &[&str]) -> Self {
        Self::keeping(beginning, scopes, Keychain::None).await
    }

    async fn keeping(beginning: Beginning, scopes: &[&str], keychain: Keychain) -> Self {
        safety::one_tls_provider();
        let account = Account::open(Cluster::start().await.unwrap(), beginning).await.unwrap();
        let token = account.issue(scopes, Allowance::default()).await.unwrap();
        let other = Web::with_everything(&account).await;
        let data = tempfile::tempdir().unwrap();
        let ms = Duration::from_millis;
        let world = World {
            api: account.base().to_owned(),
            keychain,
            address_services: account.address_services(),
            proxy: poolwright::domain::proxy::Proxy::System,
            data: data.path().to_owned(),
            timing: Timing { retry: (ms(1), ms(20)), again: ms(20), ..Timing::default() },
            provokes: true,
        };
        let rules = Rules { poll_every: ms(50), ..Rules::default() };
        let mut rig = Self {
            account,
            seen: 0,
            other,
            setup: Box::new(Setup::new(rules)),
            runner: Runner::new(world, Handle::current(), Arc::new(|| ())),
            token: token.clone(),
            _data: data,
        };
        rig.setup.steps.sign_in.remembered = Some(token);
        rig
    }

    pub async fn full() -> Self {
        Self::open(idle(), ALL_SCOPES).await
    }

    /// Does what a person does, and takes in everything that comes of it.
    pub async fn act(&mut self, msg: impl Into<Msg>) {
        let orders = self.setup.act(Timestamp::now(), msg.into());
        driven::settle(&mut self.setup, &mut self.runner, orders).await;
    }

    /// Signed in, with the practice cluster read.
    pub async fn ready(&mut self) {
        self.act(sign_in::Msg::SignIn).await;
        self.setup.steps.cluster.draft.wanted = Some(CLUSTER_NAME.to_owned());
        self.act(Msg::Go(StepId::Cluster)).await;
        self.act(cluster::Msg::Use).await;
        assert_eq!(self.setup.standing(StepId::Cluster), Standing::Done);
        self.act(Msg::Go(StepId::Pool)).await;
        "contrezz-pool".clone_into(&mut self.setup.steps.pool.draft.name);
        self.act(pool::Msg::UseSize(5)).await;
        self.calls();
    }

    pub async fn with_pool(&mut self) {
        self.ready().await;
        self.act(pool::Msg::Act).await;
        assert_eq!(self.setup.problem(StepId::Pool), None);
        self.calls();
    }

    pub fn problem(&self, step: StepId) -> &Problem {
        self.setup.problem(step).expect("the step shows a problem")
    }

    pub async fn plan(&self, method: &str, path_end: &str, fault: Fault) {
        let (method, path_end) = (method.to_owned(), path_end.to_owned());
        self.account.plan_fault(Planned { method, path_end, times: 1, fault }).await;
    }

    /// Method and last part of the path of each request since the last look, as the history has them.
    pub fn calls(&mut self) -> Vec<String> {
        let exchanges = &self.setup.record.exchanges;
        let fresh = &exchanges[self.seen..];
        self.seen = exchanges.len();
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        fresh
            .iter()
            .map(|exchange| format!("{} {}", exchange.method, last(&exchange.path)))
            .collect()
    }

    async fn rules(&self) -> Value {
        let path = format!("{}/firewall", self.other.cluster().await);
        self.other.get(&path).await.at("/rules").clone()
    }

    pub async fn spec(&self) -> Value {
        self.other.get(&self.other.app().await).await.at("/app/spec").clone()
    }

    pub async fn set_spec(&self, spec: &Value) {
        let answer = self.other.put(&self.other.app().await, json!({ "spec": spec })).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    pub async fn close(self) {
        drop(self.runner);
        self.account.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_in_says_who_it_is_and_what_the_token_may() {
    let mut rig = Rig::open(idle(), &["database:read", "database:create"]).await;
    rig.act(sign_in::Msg::SignIn).await;
    let account = rig.setup.facts.account.clone().unwrap();
    let grant = |name: &str| account.scopes.iter().find(|scope| scope.name == name).unwrap().grant;
    assert_eq!((account.email.clone(), account.passwords_visible), (None, Some(false)));
    assert_eq!(grant("account:read"), Grant::Lacks);
    assert_eq!(grant("app:read"), Grant::Lacks);
    assert_eq!(grant("database:read"), Grant::Has);
    assert_eq!(grant("database:view_credentials"), Grant::Lacks);
    assert_eq!(grant("database:create"), Grant::Has);
    assert_eq!(grant("database:update"), Grant::Lacks);
    assert!(matches!(sign_in::days_left(&account, Timestamp::now()), Some(29..=30)));
    assert!(matches!(account.kept, Kept::SessionOnly(Some(_))));

    // The cluster can be read all the same; what the token may not see is left open.
    rig.ready().await;
    let facts = rig.setup.facts.cluster.clone().unwrap();
    assert_eq!((facts.trusted_sources.is_some(), facts.apps.len()), (true, 0));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_tells_of_a_token_is_known_when_it_is_used() {
    let mut rig = Rig::open(idle(), &["database:read", "app:read"]).await;
    rig.plan("GET", "/token/info", Fault::error(404, "not_found", "404 page not found")).await;
    rig.act(sign_in::Msg::SignIn).await;
    let account = rig.setup.facts.account.clone().unwrap();
    let unknown: Vec<&str> = account
        .scopes
        .iter()
        .filter(|scope| scope.grant == Grant::Unknown)
        .map(|scope| scope.name)
        .collect();
    assert_eq!(unknown, ["database:create", "database:update", "database:delete", "app:update"]);
    assert_eq!(account.expires_at, None);
    assert!(rig.calls().iter().all(|call| call.starts_with("GET ")), "asking changes nothing");

    rig.ready().await;
    rig.act(pool::Msg::Act).await;
    assert_eq!(rig.problem(StepId::Pool).code, "HTTP 403");
    assert_eq!(rig.setup.facts.grant("database:create"), Grant::Lacks);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_accounts_are_kept_and_each_is_forgotten_alone() {
    if !in_session("account_setup::several_accounts_are_kept_and_each_is_forgotten_alone", KEYRING)
    {
        return;
    }
    let system = Keychain::System { service: "poolwright-test".to_owned() };
    let mut rig = Rig::keeping(idle(), ALL_SCOPES, system).await;
    rig.act(sign_in::Msg::SignIn).await;
    // One that does not say who it is has a name of its own.
    let nameless = rig.account.issue(&["database:read"], Allowance::default()).await.unwrap();
    rig.setup.steps.sign_in.remembered = Some(nameless.clone());
    rig.act(sign_in::Msg::SignIn).await;
    let names = ["account without a name", "practice@contrezz.example/Contrezz practice"];
    assert_eq!(rig.setup.steps.sign_in.accounts, names);

    let [_, named] = names;
    rig.act(sign_in::Msg::Switch(named.to_owned())).await;
    assert_eq!(rig.setup.facts.token(), Some(&rig.token));
    let found = remembered(rig.runner.world()).await;
    assert_eq!(
        (found.accounts.as_slice(), &found.token),
        (&[named, names[0]].map(str::to_owned)[..], &Some(rig.token.clone()))
    );

    rig.act(sign_in::Msg::SignOut).await;
    let found = remembered(rig.runner.world()).await;
    assert_eq!(found.accounts, [names[0]]);
    assert_eq!(found.token, None, "nobody else is signed in by itself");
    rig.act(sign_in::Msg::Switch(names[0].to_owned())).await;
    assert_eq!(rig.setup.facts.token(), Some(&nameless));
    rig.act(sign_in::Msg::SignOut).await;
    assert!(remembered(rig.runner.world()).await.accounts.is_empty());
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_kept_and_forgotten_at_sign_out() {
    if !in_session("account_setup::a_token_is_kept_and_forgotten_at_sign_out", KEYRING) {
        return;
    }
    let system = Keychain::System { service: "poolwright-test".to_owned() };
    let mut rig = Rig::keeping(idle(), ALL_SCOPES, system.clone()).await;
    rig.act(sign_in::Msg::SignIn).await;
    assert_eq!(
        rig.setup.facts.account.as_ref().map(|account| &account.kept),
        Some(&Kept::Keychain)
    );
    assert_eq!(remembered_token(rig.runner.world()).await, Some(rig.token.clone()));
    let own = "token:practice@contrezz.example/Contrezz practice";
    let kept = || system.recall(own, Duration::from_secs(3));
    assert_eq!(kept().await.unwrap(), Some(rig.token.clone()));

    rig.act(sign_in::Msg::SignOut).await;
    assert_eq!(rig.setup.facts.account, None);
    assert_eq!((remembered_token(rig.runner.world()).await, kept().await.unwrap()), (None, None));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_keychain_the_token_is_kept_for_the_session_if_asked() {
    let test = "account_setup::without_a_keychain_the_token_is_kept_for_the_session_if_asked";
    if !in_session(test, "") {
        return;
    }
    let system = Keychain::System { service: "poolwright-test".to_owned() };
    let mut rig = Rig::keeping(idle(), ALL_SCOPES, system).await;
    rig.act(sign_in::Msg::SignIn).await;
    let problem = rig.problem(StepId::SignIn);
    assert_eq!(problem.what, "The token was not kept in the system's password store.");
    assert_eq!(problem.why, "No password store is running. The token itself is good.");
    let keep = rig.setup.fix(StepId::SignIn, &Fix::KeepForSession).unwrap();
    rig.act(keep).await;
    let account = rig.setup.facts.account.clone().unwrap();
    assert_eq!(account.kept, Kept::SessionOnly(None));
    rig.act(sign_in::Msg::SignOut).await;
    assert_eq!(rig.setup.facts.account, None);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_token_and_a_missing_scope_are_said_in_words() {
    let mut rig = Rig::open(idle(), &["app:read"]).await;
    rig.act(sign_in::Msg::SignIn).await;
    let problem = rig.problem(StepId::SignIn);
    assert_eq!(problem.what, "This token may not list clusters.");
    assert!(problem.why.contains("database:read"), "{problem:?}");

    rig.setup.steps.sign_in.draft.token = "dop_v1_canary".to_owned();
    rig.act(sign_in::Msg::SignIn).await;
    let problem = rig.problem(StepId::SignIn);
    assert_eq!(problem.what, "DigitalOcean did not accept the token.");
    assert!(!format!("{problem:?}").contains("canary"));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_looked_up_and_the_pool_is_made_once() {
    let mut rig = Rig::full().await;
    rig.ready().await;
    rig.plan("POST", "/pools", Fault::AnswerLost).await;
    rig.act(pool::Msg::Act).await;
    assert_eq!(rig.setup.standing(StepId::Pool), Standing::Done);
    assert_eq!(rig.calls(), ["POST pools", "GET contrezz-pool"]);
    let made = rig.setup.facts.pool.clone().unwrap();
    assert_eq!(made.public.unwrap().database, "contrezz-pool");
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_the_account_lists_late_is_looked_for_until_it_is_there() {
    let mut rig = Rig::full().await;
    rig.ready().await;
    rig.plan("POST", "/pools", Fault::AnswerLost).await;
    let not_yet = Planned {
        method: "GET".to_owned(),
        path_end: "/pools/contrezz-pool".to_owned(),
        times: 3,
        fault: Fault::error(404, "not_found", "Not found."),
    };
    rig.account.plan_fault(not_yet).await;
    rig.act(pool::Msg::Act).await;
    assert_eq!(rig.setup.standing(StepId::Pool), Standing::Done);
    let calls = rig.calls();
    assert_eq!(calls.first().map(String::as_str), Some("POST pools"));
    assert_eq!(calls[1..], vec!["GET contrezz-pool"; 4]);
    let undo = rig.setup.record.entries.first().map(|entry| entry.undo.clone());
    assert!(matches!(undo, Some(Undo::DeletePool { .. })), "it is ours: {undo:?}");
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_was_not_made_is_offered_again() {
    let mut rig = Rig::full().await;
    rig.ready().await;
    rig.plan("POST", "/pools", Fault::error(500, "server_error", "Unexpected server-side error"))
        .await;
    rig.act(pool::Msg::Act).await;
    let calls = rig.calls();
    assert_eq!(calls.iter().filter(|call| *call == "POST pools").count(), 1);
    assert_eq!(calls.iter().filter(|call| *call == "GET contrezz-pool").count(), 10);
    assert_eq!(rig.problem(StepId::Pool).what, "Pool contrezz-pool was not created.");
    let again = rig.setup.fix(StepId::Pool, &Fix::TryAgain).unwrap();
    rig.act(again).await;
    assert_eq!(rig.setup.standing(StepId::Pool), Standing::Done);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_somebody_else_made_is_shown_and_can_be_used() {
    let mut rig = Rig::full().await;
    rig.ready().await;
    let path = format!("{}/pools", rig.other.cluster().await);
    let theirs = json!({"name": "contrezz-pool", "mode": "session", "size": 3, "db": "contrezz", "user": "contrezz_app"});
    rig.other.post(&path, theirs).await;
    rig.calls();
    rig.act(pool::Msg::Act).await;
    assert_eq!(rig.calls(), ["POST pools", "GET contrezz-pool"]);
    assert_eq!(rig.problem(StepId::Pool).what, "Pool contrezz-pool exists, but not as asked for.");
    let adopt = Fix::UsePool(PoolName::given("contrezz-pool"));
    let adopt = rig.setup.fix(StepId::Pool, &adopt).unwrap();
    rig.act(adopt).await;
    assert_eq!(rig.setup.facts.pool.as_ref().map(|pool| pool.size), Some(3));

    // And changed: with the user that it has.
    rig.act(pool::Msg::UseSize(6)).await;
    rig.act(pool::Msg::Act).await;
    let pool = rig.setup.facts.pool.clone().unwrap();
    assert_eq!((pool.size, pool.user.as_deref()), (6, Some("contrezz_app")));
    assert_eq!(rig.calls(), ["GET contrezz-pool", "PUT contrezz-pool", "GET contrezz-pool"]);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_is_not_changed_where_its_user_is_hidden() {
    let mut rig = Rig::open(idle(), &["database:read", "database:update", "database:create"]).await;
    rig.ready().await;
    let path = format!("{}/pools", rig.other.cluster().await);
    // A pool with an inbound user looks the same to this token as one whose user it may not see.
    let theirs =
        json!({"name": "contrezz-pool", "mode": "transaction", "size": 3, "db": "contrezz"});
    rig.other.post(&path, theirs).await;
    rig.setup.steps.pool.draft.user = None;
    rig.act(pool::Msg::Act).await;
    rig.act(pool::Msg::UseSize(5)).await;
    rig.calls();
    rig.act(pool::Msg::Act).await;
    assert_eq!(rig.problem(StepId::Pool).code, "user hidden");
    assert!(!rig.calls().iter().any(|call| call.starts_with("PUT")));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn this_computer_is_let_in_and_out_and_nobody_elses_rule_is_touched() {
    let mut rig = Rig::open(Beginning { trusted: Trusted::App, ..idle() }, ALL_SCOPES).await;
    rig.with_pool().await;
    let before = rig.rules().await;
    rig.act(test::Msg::FindAddress).await;
    assert_eq!(rig.setup.steps.test.draft.address, "203.0.113.7");
    rig.setup.steps.test.draft.lease = LeaseLength::HalfAnHour;
    rig.act(test::Msg::Allow).await;
    let after = rig.rules().await;
    let ours = after.as_array().unwrap().last().unwrap();
    assert_eq!((&ours["type"], &ours["value"]), (&json!("ip_addr"), &json!("203.0.113.7")));
    assert!(ours["description"].as_str().unwrap().starts_with("Poolwright, temporary, until "));
    assert_eq!(&after.as_array().unwrap()[..1], before.as_array().unwrap());
    let lease = rig.setup.facts.lease().cloned().unwrap();
    assert!(!lease.was_there && lease.until.is_some());

    rig.act(test::Msg::Remove).await;
    assert_eq!(rig.rules().await, before);
    assert_eq!(rig.setup.facts.leases, []);

    // The address is found on the way where it is not known yet: the person has agreed that it is asked for.
    rig.setup.steps.test.draft.address.clear();
    rig.act(test::Msg::Allow).await;
    assert_eq!(rig.rules().await.as_array().unwrap().len(), before.as_array().unwrap().len() + 1);
    rig.act(test::Msg::Remove).await;
    assert_eq!(rig.rules().await, before);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_cluster_is_not_shut_and_a_shut_one_not_opened() {
    let everyone = Beginning { trusted: Trusted::Everyone, ..idle() };
    let mut rig = Rig::open(everyone, ALL_SCOPES).await;
    rig.with_pool().await;
    rig.setup.steps.test.draft.address = "203.0.113.7".to_owned();
    rig.act(test::Msg::Allow).await;
    assert_eq!(rig.problem(StepId::Test).code, "open to everyone");
    assert_eq!(rig.rules().await, json!([]));

    // The others were removed while we had access: ours is the last one, without which everyone may connect.
    let path = format!("{}/firewall", rig.other.cluster().await);
    let office = json!({"rules": [{"type": "ip_addr", "value": "198.51.100.4"}]});
    rig.other.put(&path, office).await;
    rig.act(test::Msg::Allow).await;
    let both = rig.rules().await;
    rig.other.put(&path, json!({"rules": [both[1]]})).await;
    rig.act(test::Msg::Remove).await;
    assert_eq!(rig.problem(StepId::Test).code, "last rule");
    assert_eq!(rig.rules().await.as_array().unwrap().len(), 1);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_was_there_before_us_stays() {
    let mut rig = Rig::full().await;
    rig.with_pool().await;
    let path = format!("{}/firewall", rig.other.cluster().await);
    let theirs = json!({"rules": [{"type": "tag", "value": "web"}, {"type": "ip_addr", "value": "203.0.113.7"}]});
    rig.other.put(&path, theirs).await;
    let before = rig.rules().await;
    rig.setup.steps.test.draft.address = "203.0.113.7".to_owned();
    rig.act(test::Msg::Allow).await;
    assert!(rig.setup.facts.lease().unwrap().was_there);
    rig.calls();
    rig.act(test::Msg::Remove).await;
    assert_eq!((rig.calls(), rig.rules().await), (Vec::<String>::new(), before));
    assert_eq!(rig.setup.facts.leases, []);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_is_switched_restored_and_its_pool_deleted_only_then() {
    let mut rig = Rig::full().await;
    rig.with_pool().await;
    let before = rig.spec().await;
    rig.act(app::Msg::Switch).await;
    assert_eq!(rig.setup.problem(StepId::App), None);
    assert_eq!(rig.setup.steps.app.seen.last().map(String::as_str), Some("ACTIVE"));
    assert!(
        rig.setup.steps.app.proposal.as_ref().unwrap().cost.ends_with(" USD a month, as before")
    );
    let after = rig.spec().await;
    assert_eq!(after["services"][0]["envs"][0]["value"], "${db.contrezz-pool.DATABASE_URL}");
    let undone =
        after.to_string().replace("${db.contrezz-pool.DATABASE_URL}", "${db.DATABASE_URL}");
    assert_eq!(undone, before.to_string(), "every other byte stays, EV[…] too");
    assert!(!rig.setup.record.exchanges.iter().any(|exchange| {
        exchange
            .body
            .as_ref()
            .is_some_and(|body| body.contains("update_all_source") || body.contains("EV["))
    }));

    let undo = |rig: &Rig, wanted: fn(&Undo) -> bool| {
        rig.setup.record.entries.iter().position(|entry| wanted(&entry.undo)).unwrap()
    };
    let pool_entry = undo(&rig, |undo| matches!(undo, Undo::DeletePool { .. }));
    let spec_entry = undo(&rig, |undo| matches!(undo, Undo::RestoreSpec { .. }));
    // The core refuses by what it knows; here it has forgotten, and the account is what counts.
    let deployed = rig.setup.facts.deployed.take();
    rig.act(hand_over::Msg::Undo(pool_entry)).await;
    assert_eq!(rig.problem(StepId::HandOver).code, "still used");
    rig.setup.facts.deployed = deployed;

    rig.act(hand_over::Msg::Undo(spec_entry)).await;
    assert_eq!(rig.spec().await, before);
    rig.act(hand_over::Msg::Undo(pool_entry)).await;
    // Nothing was tested, so nobody can tell who else uses it: that is said, and the person decides.
    assert_eq!(rig.problem(StepId::HandOver).code, "clients unknown");
    let all_the_same = rig.setup.fix(StepId::HandOver, &Fix::DeleteUnchecked).unwrap();
    rig.act(all_the_same).await;
    assert_eq!(rig.setup.problem(StepId::HandOver), None);
    let path = format!("{}/pools/contrezz-pool", rig.other.cluster().await);
    assert_eq!(rig.other.get(&path).await.status, 404);

    let printed = format!("{:?} {:?}", rig.setup, rig.runner);
    assert!(!printed.contains(rig.token.expose()) && !printed.contains("AVNS_"));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_counts_as_switched_when_its_connections_come_through_the_pool() {
    let mut rig =
        Rig::open(Beginning { load: Load::Steady, ..Beginning::default() }, ALL_SCOPES).await;
    rig.with_pool().await;
    rig.act(Msg::Go(StepId::Urls)).await;
    let Primary::Act(_, build) = rig.setup.primary(StepId::Urls) else {
        panic!("URLs can be built")
    };
    rig.act(build).await;
    rig.act(Msg::Go(StepId::Test)).await;
    assert_eq!(rig.setup.standing(StepId::Test), Standing::Done);
    rig.act(app::Msg::Switch).await;
    let deployed = rig.setup.facts.deployed.clone().unwrap();
    assert!(deployed.arrived.is_some_and(|count| 0 < count), "{deployed:?}");
    assert_eq!(rig.setup.standing(StepId::App), Standing::Done);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_a_program_uses_is_deleted_only_when_it_is_done() {
    let mut rig = Rig::full().await;
    rig.with_pool().await;
    rig.act(Msg::Go(StepId::Urls)).await;
    let Primary::Act(_, build) = rig.setup.primary(StepId::Urls) else {
        panic!("URLs can be built")
    };
    rig.act(build).await;
    rig.act(Msg::Go(StepId::Test)).await;
    let pooled = rig.setup.facts.urls.as_ref().unwrap().pooled.text();
    // The program itself needs it to sign in.
    let mut program = std::process::Command::new("psql")
        .arg(pooled.expose())
        .env("PGAPPNAME", "nightly-report")
        .args(["-qAt", "-f", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("psql, which PostgreSQL brings");
    program.stdin.take().unwrap().write_all(b"select 1 \\watch 0.01\n").unwrap();
    // Its first answer: now it is in.
    let mut first = [0; 1];
    std::io::Read::read_exact(program.stdout.as_mut().unwrap(), &mut first).unwrap();

    rig.calls();
    rig.act(hand_over::Msg::Undo(0)).await;
    let problem = rig.problem(StepId::HandOver).clone();
    assert_eq!(problem.code, "in use");
    assert!(problem.why.contains(": nightly-report (1)."), "{}", problem.why);
    assert!(!rig.calls().iter().any(|call| call.starts_with("DELETE")));

    program.kill().unwrap();
    program.wait().unwrap();
    rig.act(hand_over::Msg::Undo(0)).await;
    assert_eq!(rig.setup.problem(StepId::HandOver), None);
    assert!(rig.setup.record.entries[0].undone);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_pool_gets_its_earlier_settings_back_unless_somebody_changed_it_since() {
    let mut rig = Rig::full().await;
    rig.with_pool().await;
    let path = format!("{}/pools/contrezz-pool", rig.other.cluster().await);
    let settings =
        |body: &Value| ["mode", "size", "db", "user"].map(|field| body["pool"][field].clone());
    let before = settings(&rig.other.get(&path).await.body);
    rig.setup.steps.pool.draft.mode = poolwright::domain::pool::PoolMode::Session;
    rig.act(pool::Msg::UseSize(7)).await;
    rig.act(pool::Msg::Act).await;
    assert_ne!(settings(&rig.other.get(&path).await.body), before);

    rig.act(hand_over::Msg::Undo(1)).await;
    assert_eq!(rig.setup.problem(StepId::HandOver), None);
    assert_eq!(settings(&rig.other.get(&path).await.body), before);
    let pool = rig.setup.facts.pool.clone().unwrap();
    assert_eq!((pool.size, pool.mode.word()), (5, "transaction"));
    assert!(rig.setup.record.entries[1].undone);

    rig.act(pool::Msg::UseSize(6)).await;
    rig.act(pool::Msg::Act).await;
    let theirs = json!({"mode": "transaction", "size": 8, "db": before[2], "user": before[3]});
    rig.other.put(&path, theirs).await;
    rig.act(hand_over::Msg::Undo(2)).await;
    assert_eq!(rig.problem(StepId::HandOver).code, "changed since");
    assert_eq!(rig.other.get(&path).await.body["pool"]["size"], 8);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_elses_change_is_noticed_and_kept() {
    let mut rig = Rig::full().await;
    rig.with_pool().await;
    let mut theirs = rig.spec().await;
    theirs["services"][0]["instance_count"] = json!(3);
    theirs["envs"][0]["value"] = json!("staging");
    rig.set_spec(&theirs).await;
    rig.calls();
    rig.act(app::Msg::Switch).await;
    let problem = rig.problem(StepId::App);
    assert_eq!(problem.what, "contrezz-web was changed while you were reading.");
    assert!(problem.why.contains("NODE_ENV, settings other than variables"), "{}", problem.why);
    assert!(!rig.calls().iter().any(|call| call.starts_with("PUT")));

    // The plan is made anew from what is there now.
    let Primary::Act(_, again) = rig.setup.primary(StepId::App) else {
        panic!("it can be tried again")
    };
    rig.act(again).await;
    assert_eq!(rig.setup.problem(StepId::App), None);
    let after = rig.spec().await;
    assert_eq!(after["services"][0]["instance_count"], json!(3));

    // Their next change is not undone with ours.
    let mut next = after.clone();
    next["envs"][0]["value"] = json!("production");
    rig.set_spec(&next).await;
    rig.act(app::Msg::Restore).await;
    let problem = rig.problem(StepId::App);
    assert_eq!(problem.code, "changed since");
    assert!(
        problem.why.contains("NODE_ENV") && !problem.why.contains("production"),
        "{}",
        problem.why
    );
    assert_eq!(rig.spec().await, next);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_to_an_update_is_looked_up() {
    let mut rig = Rig::full().await;
    rig.with_pool().await;
    let app = rig.other.app().await;
    rig.plan("PUT", &app, Fault::ClosedBefore).await;
    rig.act(app::Msg::Switch).await;
    let problem = rig.problem(StepId::App);
    assert!(
        problem.why.ends_with("nothing was changed.") && !problem.outcome_unknown,
        "{problem:?}"
    );

    rig.plan("PUT", &app, Fault::AnswerLost).await;
    rig.calls();
    rig.act(app::Msg::Switch).await;
    assert_eq!(rig.setup.problem(StepId::App), None);
    let puts = rig.calls().iter().filter(|call| call.starts_with("PUT")).count();
    assert_eq!(puts, 1);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_that_fails_names_the_step_and_can_be_restored() {
    let failing = Beginning { deployments_fail: true, ..idle() };
    let mut rig = Rig::open(failing, ALL_SCOPES).await;
    rig.with_pool().await;
    let before = rig.spec().await;
    rig.act(app::Msg::Switch).await;
    let problem = rig.problem(StepId::App).clone();
    assert_eq!(problem.what, "The new deployment of contrezz-web did not start.");
    assert!(
        problem.why.starts_with("web: ")
            && problem.why.ends_with("The previous deployment still serves."),
        "{}",
        problem.why
    );
    rig.act(app::Msg::Restore).await;
    assert_eq!((rig.setup.problem(StepId::App), rig.spec().await), (None, before));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_runbook_is_written_and_what_stood_there_can_come_back() {
    let mut rig = Rig::full().await;
    rig.with_pool().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("POOLING.md");
    std::fs::File::create(&file).unwrap().write_all(b"notes of mine\n").unwrap();
    file.to_str().unwrap().clone_into(&mut rig.setup.steps.hand_over.draft.file);
    rig.act(hand_over::Msg::Write).await;
    assert_eq!(rig.setup.problem(StepId::HandOver), None);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("contrezz-pool"));
    assert!(!text.contains("AVNS_") && !text.contains(rig.token.expose()));
    let written = rig.setup.facts.runbook.clone().unwrap();
    let backup = written.backup.expect("a file that was there has a backup");
    assert_eq!(std::fs::read_to_string(backup).unwrap(), "notes of mine\n");
    rig.close().await;
}
