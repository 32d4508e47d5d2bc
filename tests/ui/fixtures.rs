//! Set-ups in the states that pages show, made through the core as the window makes them; and the window over one.

pub mod connection;
pub mod plan;
pub mod proof;
pub mod resumed;
pub mod shop;

use std::time::Duration;

use egui::{Theme, Ui, UiBuilder, Vec2, vec2};
use egui_kittest::Harness;
use jiff::Timestamp;
use poolwright::{
    domain::{
        access::{Granted, Lease, Rule},
        activity::{Age, Holder, Sample},
        capacity::Limits,
        cluster::{Cluster, ClusterFacts, ClusterId, Endpoint, Environment, User},
        login::Login,
        pool::{Pool, PoolMode, PoolName},
        problem::{Fix, Problem},
        record::Exchange,
        secret::Secret,
        upkeep::{Maintenance, Upkeep},
    },
    setup::{
        Msg, Order, Rules, Setup, StepMsg,
        facts::{Account, Grant, Kept, SCOPES},
        step::StepId,
        steps::{cluster, measure, pool, sign_in},
        ticket::Ticket,
    },
    ui::{act::Act, page::Page, theme},
};

pub use crate::pictures::Make;

/// A window over one set-up, without a runner: what it asks for is kept.
pub struct Screen {
    pub setup: Setup,
    pub page: Page,
    pub acts: Vec<Act>,
}

impl Screen {
    pub fn new(setup: Setup) -> Self {
        Self { setup, page: Page::default(), acts: Vec::new() }
    }

    pub fn show(&mut self, ui: &mut Ui) {
        let acts = whole(ui, |ui| self.page.show(ui, &mut self.setup, now()));
        self.acts.extend(acts);
    }
}

/// The harness leaves a margin where a window has none.
pub fn whole<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let rect = ui.ctx().content_rect();
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        ui.set_clip_rect(rect);
        add(ui)
    })
    .inner
}

pub const WINDOW: Vec2 = vec2(1180.0, 780.0);
/// A laptop at 200 %.
pub const SMALL: Vec2 = vec2(640.0, 450.0);

/// The moment at which the fixtures' windows are looked at.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_763_994_600).expect("a time")
}

pub fn window(setup: Setup) -> Harness<'static, Screen> {
    sized(setup, WINDOW, Theme::Light)
}

pub fn sized(setup: Setup, size: Vec2, theme: Theme) -> Harness<'static, Screen> {
    let screen = Screen::new(setup);
    let mut harness = Harness::builder()
        .with_size(size)
        .with_theme(theme)
        .with_max_steps(20)
        .with_context_setup(theme::install)
        .build_ui_state(
            |ui, screen: &mut Screen| {
                screen.show(ui);
            },
            screen,
        );
    harness.run();
    harness
}

/// What the person asked for, in the words of the messages. No secret is in a `Debug`.
pub fn asked(harness: &Harness<'_, Screen>) -> Vec<String> {
    told(harness, |act| !act.starts_with(PEEK))
}

/// What the list of clusters asked for by itself, for the rows in sight.
pub fn peeks(harness: &Harness<'_, Screen>) -> Vec<String> {
    told(harness, |act| act.starts_with(PEEK))
}

const PEEK: &str = "Do(Step(Cluster(Peek(";

fn told(harness: &Harness<'_, Screen>, which: fn(&str) -> bool) -> Vec<String> {
    let acts = harness.state().acts.iter().map(|act| format!("{act:?}"));
    acts.filter(|act| which(act)).collect()
}

fn act(setup: &mut Setup, msg: impl Into<Msg>) -> Option<Ticket> {
    let orders = setup.act(now(), msg.into());
    orders.into_iter().find_map(|order| match order {
        Order::Start(start) => Some(start.ticket),
        Order::Cancel(_) => None,
    })
}

/// Does something and answers the effect it starts.
pub fn answer(setup: &mut Setup, msg: impl Into<Msg>, with: impl Into<StepMsg>) {
    let ticket = act(setup, msg).expect("an effect was started");
    setup.settle(now(), ticket, with.into());
}

pub fn fresh() -> Setup {
    let mut setup = Setup::new(Rules { min_samples: 60, ..Rules::default() });
    act(&mut setup, Msg::Go(StepId::SignIn));
    setup
}

pub fn typed_token() -> Setup {
    let mut setup = fresh();
    setup.steps.sign_in.draft.token = format!("dop_v1_{}", "0a".repeat(32));
    setup
}

pub fn signing_in() -> Setup {
    let mut setup = typed_token();
    act(&mut setup, sign_in::Msg::SignIn);
    setup
}

pub fn refused_token() -> Setup {
    let mut setup = typed_token();
    let problem = Problem::new(
        "HTTP 401",
        "DigitalOcean did not accept the token.",
        "It was deleted or has expired, or a character is missing.",
    )
    .fix("Sign in again", Fix::TryAgain)
    .fix(
        "Create a token",
        Fix::Open("https://cloud.digitalocean.com/account/api/tokens/new".to_owned()),
    )
    .hint("Paste another token")
    .detail("HTTP 401 Unable to authenticate you (request id 4d9d8375)");
    answer(&mut setup, sign_in::Msg::SignIn, sign_in::Msg::Failed(problem));
    setup
}

pub fn account() -> Account {
    let mut scopes = SCOPES.to_vec();
    for scope in &mut scopes {
        scope.grant = match scope.name {
            "account:read" | "database:read" | "app:read" => Grant::Has,
            "database:view_credentials" => Grant::Has,
            _ => Grant::Unknown,
        };
    }
    Account {
        token: Secret::new("dop_v1_canary"),
        email: Some("ada@example.com".to_owned()),
        team: Some("Team Shop".to_owned()),
        scopes,
        passwords_visible: None,
        kept: Kept::Keychain,
        expires_at: Some(now() + Duration::from_secs(41 * 24 * 3600)),
    }
}

pub fn signed_in() -> Setup {
    signed_in_as(account())
}

pub fn signed_in_as(account: Account) -> Setup {
    let mut setup = typed_token();
    answer(&mut setup, sign_in::Msg::SignIn, sign_in::Msg::SignedIn(Box::new(account)));
    setup
}

/// Two more accounts are kept in the keychain.
pub fn several_accounts() -> Setup {
    let mut setup = signed_in();
    setup.steps.sign_in.accounts =
        ["ada@example.com/Team Shop", "ada@example.com/Team Blog", "bert@example.com/Team Lab"]
            .map(str::to_owned)
            .to_vec();
    setup
}

pub fn doctl_is_there() -> Setup {
    let mut setup = fresh();
    setup.steps.sign_in.doctl_is_there = true;
    setup
}

pub fn doctl_was_read() -> Setup {
    let mut setup = doctl_is_there();
    let login = |context: &str, current| Login {
        context: context.to_owned(),
        current,
        token: Secret::new("dop_v1_canary"),
    };
    let logins = vec![login("default", true), login("staging", false)];
    answer(&mut setup, sign_in::Msg::ReadDoctl, sign_in::Msg::Doctl(logins));
    setup
}

/// After a pool was made.
pub fn signed_out() -> Setup {
    let mut setup = at(created(), StepId::SignIn);
    answer(&mut setup, sign_in::Msg::SignOut, sign_in::Msg::SignedOut);
    setup
}

/// The token may change nothing, and hides passwords.
pub fn read_only() -> Setup {
    let mut account = account();
    account.passwords_visible = Some(false);
    for scope in &mut account.scopes {
        let reads = scope.name.ends_with(":read");
        scope.grant = if reads { Grant::Has } else { Grant::Lacks };
    }
    signed_in_as(account)
}

fn endpoint(database: &str, port: u16) -> Endpoint {
    Endpoint {
        host: "shop-db-do-user-1.f.db.ondigitalocean.com".to_owned(),
        port,
        user: "doadmin".to_owned(),
        password: Some(Secret::new("AVNS_canary")),
        database: database.to_owned(),
    }
}

pub fn cluster(name: &str, engine: &str, status: &str) -> Cluster {
    Cluster {
        id: ClusterId(format!("9cc10173-{name}")),
        name: name.to_owned(),
        engine: engine.to_owned(),
        version: "16".to_owned(),
        status: status.to_owned(),
        region: "fra1".to_owned(),
        size: "db-s-2vcpu-4gb".to_owned(),
        tags: Vec::new(),
        direct: endpoint("defaultdb", 25060),
        private: None,
        upkeep: Upkeep::default(),
    }
}

pub fn listing() -> Setup {
    let mut setup = signed_in();
    act(&mut setup, Msg::Go(StepId::Cluster));
    setup
}

pub fn listed(clusters: Vec<Cluster>) -> Setup {
    let mut setup = signed_in();
    answer(&mut setup, Msg::Go(StepId::Cluster), cluster::Msg::Listed(clusters));
    setup
}

pub fn clusters() -> Setup {
    listed(vec![
        cluster("shop-db", "pg", "online"),
        cluster("shop-db-stg", "pg", "online"),
        cluster("legacy", "mysql", "online"),
        cluster("shop-db-new", "pg", "creating"),
    ])
}

/// As many as an agency has.
pub fn many_clusters() -> Setup {
    let cluster = |index: usize| {
        let region = ["fra1", "ams3", "nyc3"].get(index % 3).copied().unwrap_or("fra1");
        let kind = ["", "-stg", "-dev"].get(index % 3).copied().unwrap_or("");
        Cluster {
            region: region.to_owned(),
            ..cluster(&format!("shop-{index:04}{kind}"), "pg", "online")
        }
    };
    listed((0..1000).map(cluster).collect())
}

/// The rows were read: one with pools, one without, one that could not be read.
pub fn peeked() -> Setup {
    let mut setup = listed(vec![
        cluster("shop-db", "pg", "online"),
        cluster("shop-db-stg", "pg", "online"),
        cluster("blog", "pg", "online"),
        cluster("legacy", "mysql", "online"),
    ]);
    for (name, sizes) in
        [("shop-db", Some(vec![48, 10])), ("shop-db-stg", Some(Vec::new())), ("blog", None)]
    {
        let id = ClusterId(format!("9cc10173-{name}"));
        let peeked = cluster::Msg::Peeked(id.clone(), sizes);
        answer(&mut setup, cluster::Msg::Peek(vec![id]), peeked);
    }
    setup
}

/// On the eve of its window, with a version that is over.
pub fn to_be_maintained() -> Setup {
    let old = Cluster {
        version: "13".to_owned(),
        upkeep: Upkeep {
            maintenance: Some(Maintenance {
                day: jiff::civil::Weekday::Tuesday,
                at: jiff::civil::time(3, 0, 0, 0),
                pending: vec!["PostgreSQL 13.22".to_owned()],
            }),
            end_of_life: Some(jiff::civil::date(2025, 11, 13)),
        },
        ..cluster("shop-db", "pg", "online")
    };
    listed(vec![old, cluster("legacy", "mysql", "online")])
}

pub fn none_eligible() -> Setup {
    listed(vec![
        cluster("legacy", "mysql", "online"),
        cluster("cache", "valkey", "online"),
        cluster("shop-db-new", "pg", "creating"),
    ])
}

/// The list was asked for and nobody answered.
pub fn clusters_unreachable() -> Setup {
    let mut setup = signed_in();
    let problem = Problem::new(
        "offline",
        "DigitalOcean cannot be reached.",
        "The name of its address was not found. Most likely: there is no network.",
    )
    .fix("Try again", Fix::TryAgain)
    .hint("Check this computer's network");
    answer(&mut setup, Msg::Go(StepId::Cluster), cluster::Msg::Failed(problem));
    setup
}

pub fn pool(name: &str, size: u32) -> Pool {
    Pool {
        name: PoolName::given(name),
        mode: PoolMode::Transaction,
        size,
        db: "shop".to_owned(),
        user: Some("shop_app".to_owned()),
        public: Some(endpoint(name, 25061)),
        private: None,
    }
}

pub fn facts(environment: Environment) -> ClusterFacts {
    let user = |name: &str, role: &str| User {
        name: name.to_owned(),
        role: role.to_owned(),
        password: Some(Secret::new("AVNS_canary")),
    };
    ClusterFacts {
        cluster: cluster("shop-db", "pg", "online"),
        environment,
        pools: vec![Pool { db: "reports".to_owned(), ..pool("reports-pool", 10) }],
        users: vec![user("doadmin", "primary"), user("shop_app", "normal")],
        databases: vec!["defaultdb".to_owned(), "shop".to_owned(), "reports".to_owned()],
        ca: Some("-----BEGIN CERTIFICATE-----".to_owned()),
        trusted_sources: Some(vec![Rule {
            kind: "ip_addr".to_owned(),
            value: "203.0.113.9".to_owned(),
            description: None,
            raw: serde_json::json!({}),
        }]),
        apps: Vec::new(),
    }
}

/// The cluster is chosen and read; on its page.
pub fn chosen(environment: Environment) -> Setup {
    let mut setup = clusters();
    act(&mut setup, cluster::Msg::Choose(ClusterId("9cc10173-shop-db".to_owned())));
    setup.steps.cluster.draft.environment = Some(environment);
    answer(&mut setup, cluster::Msg::Use, cluster::Msg::Read(Box::new(facts(environment))));
    setup
}

pub fn at(mut setup: Setup, step: StepId) -> Setup {
    act(&mut setup, Msg::Go(step));
    setup
}

pub fn sample(second: i64, web: u32) -> Sample {
    let holder = |application: &str, user: &str, state: &str, count| Holder {
        application: application.to_owned(),
        user: user.to_owned(),
        address: Some("10.114.0.3".to_owned()),
        state: state.to_owned(),
        count,
        age: (user != "doadmin")
            .then_some(Age { longest: Duration::from_secs(460), long: count / 2 }),
    };
    Sample {
        at: now() + Duration::from_secs(second.unsigned_abs()),
        holders: vec![
            holder("shop-web", "shop_app", "idle", web),
            holder("shop-web", "shop_app", "active", 6),
            holder("shop-worker", "shop_app", "idle in transaction", 7),
            holder("", "doadmin", "idle", 3),
            holder("poolwright", "doadmin", "active", 1),
        ],
        commits: 1000 + 200 * second.unsigned_abs(),
        refused: 0,
    }
}

/// Recording on page 3, with so many samples.
pub fn recording(samples: i64) -> Setup {
    let mut setup = at(chosen(Environment::Production), StepId::Measure);
    "https://shop-web.ondigitalocean.app/health"
        .clone_into(&mut setup.steps.measure.draft.health_url);
    let ticket = act(&mut setup, measure::Msg::Record).expect("the recording was started");
    let limits = Limits { max_connections: 100, superuser_reserved: 3, reserved: 0 };
    setup.note(now(), ticket, measure::Msg::Limits(limits).into());
    for second in 0..samples {
        let web = 54 + u32::try_from((second * 7) % 11).unwrap_or(0);
        setup.note(now(), ticket, measure::Msg::Sample(sample(second, web)).into());
    }
    setup
}

pub fn waiting_for_a_slot() -> Setup {
    let mut setup = at(chosen(Environment::Production), StepId::Measure);
    let ticket = act(&mut setup, measure::Msg::Record).expect("the recording was started");
    let waiting = measure::Waiting {
        said: "remaining connection slots are reserved for roles with the SUPERUSER attribute"
            .to_owned(),
        waited: Duration::from_secs(14),
        patience: Duration::from_secs(120),
        holders: sample(0, 80).holders,
    };
    setup.note(now(), ticket, measure::Msg::Waiting(waiting).into());
    setup
}

/// On page 4 with an established measure.
pub fn sizing(environment: Environment) -> Setup {
    let mut setup = recording(60);
    if let Some(cluster) = &mut setup.facts.cluster {
        cluster.environment = environment;
    }
    at(setup, StepId::Pool)
}

pub fn creating() -> Setup {
    let mut setup = sizing(Environment::Staging);
    act(&mut setup, pool::Msg::Act);
    setup
}

pub fn created() -> Setup {
    let mut setup = sizing(Environment::Staging);
    let made = pool("shop-pool", setup.steps.pool.draft.size);
    answer(&mut setup, pool::Msg::Act, pool::Msg::Made(made));
    setup.exchanged(exchange("POST", "/v2/databases/9cc10173-shop-db/pools", Some(201)));
    setup.exchanged(exchange("GET", "/v2/databases/9cc10173-shop-db/pools/shop-pool", Some(200)));
    setup.exchanged(exchange("GET", "/v2/apps", Some(403)));
    setup.exchanged(exchange("GET", "/v2/apps", None));
    setup
}

/// A pool for the same database and user is there, smaller than advised.
pub fn pool_exists() -> Setup {
    let mut setup = recording(60);
    if let Some(cluster) = &mut setup.facts.cluster {
        cluster.environment = Environment::Staging;
        cluster.pools.push(pool("shop-pool", 20));
    }
    at(setup, StepId::Pool)
}

/// It is to have another size and another mode.
pub fn pool_changes() -> Setup {
    let mut setup = pool_exists();
    act(&mut setup, pool::Msg::UseSize(48));
    setup.steps.pool.draft.mode = PoolMode::Session;
    setup
}

/// The token may not create pools.
pub fn pool_by_hand() -> Setup {
    let mut setup = sizing(Environment::Staging);
    setup.facts.learn("database:create", Grant::Lacks);
    setup
}

/// The person has not made it yet.
pub fn pool_not_there_yet() -> Setup {
    let mut setup = pool_by_hand();
    answer(&mut setup, pool::Msg::Check, pool::Msg::Found(None));
    setup
}

/// More than there is, with a name that the account may refuse.
pub fn pool_over_booked() -> Setup {
    let mut setup = sizing(Environment::Staging);
    setup.steps.pool.draft.size = 90;
    "shop.pool".clone_into(&mut setup.steps.pool.draft.name);
    setup
}

/// Other pools have nearly all, and a worker stays direct.
pub fn pool_tight() -> Setup {
    let mut setup = sizing(Environment::Staging);
    if let Some(cluster) = &mut setup.facts.cluster {
        cluster.pools.push(Pool { db: "reports".to_owned(), ..pool("batch-pool", 73) });
    }
    setup.steps.pool.draft.direct.insert("shop-worker".to_owned());
    setup.steps.pool.draft.user = None;
    at(setup, StepId::Pool)
}

/// The account was unable to create it.
pub fn pool_stopped() -> Setup {
    let mut setup = sizing(Environment::Staging);
    let problem = Problem::new(
        "HTTP 422",
        "DigitalOcean refused to create pool shop-pool.",
        "DigitalOcean says: “pool size exceeds the limit of the cluster”.",
    )
    .detail("HTTP 422 (request id 4d9d8375)");
    answer(&mut setup, pool::Msg::Act, pool::Msg::Failed(problem));
    setup
}

pub fn exchange(method: &str, path: &str, status: Option<u16>) -> Exchange {
    Exchange {
        at: now(),
        method: method.to_owned(),
        path: path.to_owned(),
        body: (method == "POST").then(|| "{\"name\": \"shop-pool\", \"size\": 43}".to_owned()),
        status,
        took: Duration::from_millis(132),
        request_id: Some("4d9d8375-3c56-4925-a3e7-eb137fed17e9".to_owned()),
        rate_left: Some(4816),
        again_in: None,
    }
}

pub fn lease(minutes: i64) -> Granted {
    let lease = Lease {
        address: [203, 0, 113, 7].into(),
        until: Some(now() + Duration::from_secs(60 * minutes.unsigned_abs())),
        was_there: false,
    };
    let cluster = created().facts.cluster.expect("a cluster").cluster;
    Granted { cluster: cluster.id, cluster_name: cluster.name, lease }
}
