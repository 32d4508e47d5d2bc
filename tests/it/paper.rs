//! A practice account without servers, somebody else who uses it, and runs of the program on it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use poolwright::{
    domain::{problem::Problem, secret::Secret, timing::Timing},
    effects::{World, runner::Runner},
    keychain::Keychain,
    practice::account::{ALL_SCOPES, Account, Allowance, Beginning, CLUSTER_NAME},
    safety,
    setup::{
        Msg, Rules, Setup,
        step::{Standing, StepId},
        steps::{cluster, pool, sign_in},
    },
};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::{driven, web::Web};

pub struct Paper {
    pub account: Account,
    /// Somebody else who uses the account at the same time.
    pub other: Web,
    pub token: Secret,
    data: tempfile::TempDir,
}

impl Paper {
    pub async fn open(beginning: Beginning) -> Self {
        safety::one_tls_provider();
        let account = Account::on_paper(beginning).await.unwrap();
        // A test asks more in a minute than a person.
        let much = Allowance { in_an_hour: 1_000_000, in_a_minute: 1_000_000 };
        let token = account.issue(ALL_SCOPES, much).await.unwrap();
        let other = Web::new(account.base(), account.issue(ALL_SCOPES, much).await.unwrap());
        Self { account, other, token, data: tempfile::tempdir().unwrap() }
    }

    /// The program started anew, over the files that earlier runs have left.
    pub fn start(&self) -> Run {
        let rules = Rules { poll_every: Duration::from_millis(5), ..Rules::default() };
        let mut run = Run { setup: Setup::new(rules), runner: self.runner(timing()) };
        run.setup.steps.sign_in.remembered = Some(self.token.clone());
        run
    }

    pub fn runner(&self, timing: Timing) -> Runner {
        self.runner_at(self.account.base(), timing)
    }

    /// Where something stands between the program and the account.
    pub fn runner_at(&self, api: &str, timing: Timing) -> Runner {
        let world = World {
            api: api.to_owned(),
            keychain: Keychain::None,
            address_services: self.account.address_services(),
            proxy: poolwright::domain::proxy::Proxy::System,
            data: self.data.path().to_owned(),
            provokes: false,
            timing,
        };
        Runner::new(world, Handle::current(), Arc::new(|| ()))
    }

    /// Notes of access that are on disk.
    pub fn notes(&self) -> Vec<PathBuf> {
        let Ok(files) = std::fs::read_dir(self.data.path().join("leases")) else {
            return Vec::new();
        };
        let paths = files.map(|file| file.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|end| end == "json")).collect()
    }

    pub async fn rules(&self) -> Value {
        self.rules_of(&self.other.cluster().await).await
    }

    pub async fn rules_of(&self, cluster: &str) -> Value {
        self.other.get(&format!("{cluster}/firewall")).await.at("/rules").clone()
    }

    pub async fn set_rules(&self, rules: Value) {
        let path = format!("{}/firewall", self.other.cluster().await);
        assert_eq!(self.other.put(&path, json!({ "rules": rules })).await.status, 204);
    }

    pub async fn pools(&self) -> Value {
        let path = format!("{}/pools", self.other.cluster().await);
        self.other.get(&path).await.at("/pools").clone()
    }

    pub async fn spec(&self) -> Value {
        self.other.get(&self.other.app().await).await.at("/app/spec").clone()
    }
}

/// Waits of milliseconds.
pub fn timing() -> Timing {
    let ms = Duration::from_millis;
    Timing { request: ms(2000), retry: (ms(1), ms(4)), again: ms(2), ..Timing::default() }
}

pub struct Run {
    pub setup: Setup,
    pub runner: Runner,
}

impl Run {
    /// Does what a person does, and takes in everything that comes of it.
    pub async fn act(&mut self, msg: impl Into<Msg>) {
        let orders = self.setup.act(Timestamp::now(), msg.into());
        driven::settle(&mut self.setup, &mut self.runner, orders).await;
    }

    pub async fn sign_in(&mut self) {
        self.act(sign_in::Msg::SignIn).await;
    }

    /// Chooses the practice cluster.
    pub async fn choose(&mut self) {
        self.setup.steps.cluster.draft.wanted = Some(CLUSTER_NAME.to_owned());
        self.act(Msg::Go(StepId::Cluster)).await;
        self.act(cluster::Msg::Use).await;
    }

    /// Signed in, with the practice cluster read and a pool of five in the form.
    pub async fn ready(&mut self) {
        self.sign_in().await;
        self.choose().await;
        assert_eq!(self.setup.standing(StepId::Cluster), Standing::Done);
        self.act(Msg::Go(StepId::Pool)).await;
        "contrezz-pool".clone_into(&mut self.setup.steps.pool.draft.name);
        self.act(pool::Msg::UseSize(5)).await;
    }

    pub fn problem(&self, step: StepId) -> &Problem {
        self.setup.problem(step).expect("the step shows a problem")
    }
}
