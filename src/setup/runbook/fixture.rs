//! A set-up at its end, for the tests.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    domain::{
        access::{Granted, Lease},
        activity::{
            Activity, Holder, Sample,
            verdict::{Comparison, Side, Verdict},
        },
        app_spec::AppId,
        capacity::Limits,
        client::Client,
        cluster::{ClusterFacts, ClusterId, Environment},
        conn_url::ConnUrl,
        migration::{Applied, LedgerRow},
        pool::{PoolMode, PoolName},
        project::{Finding, Kind},
        record::{Entry, Exchange, Undo},
        runbook::EnvChange,
        secret::Secret,
        stages::{BothPorts, Column, Outcome, Probe, Tested, Tracking},
    },
    setup::{
        facts::{self, Account, Kept},
        stories::{cluster, made, order},
    },
};

use super::*;

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_185_060 + second).expect("a time")
}

/// A set-up at its end. Every secret in it is a canary.
pub fn done() -> (Facts, Record) {
    let facts = Facts {
        account: Some(account()),
        cluster: Some(with_app(cluster(Environment::Production))),
        activity: activity(),
        pool: Some(made(&order())),
        urls: Some(both_urls()),
        leases: vec![Granted {
            cluster: ClusterId("c1".to_owned()),
            cluster_name: "shop-db".to_owned(),
            lease: Lease {
                address: [203, 0, 113, 7].into(),
                until: Some(at(7200)),
                was_there: false,
            },
        }],
        tested: Some(tested()),
        project: Some(project()),
        env_changes: env_changes(),
        migrated: Some(vec![applied()]),
        deployed: Some(Deployed {
            app: AppId("a1".to_owned()),
            app_name: "shop-web".to_owned(),
            deployment: Some("8f2c".to_owned()),
            changes: changes(),
            active_at: at(60),
            arrived: Some(7),
            live_url: None,
        }),
        requests: Some(facts::Requests {
            url: "https://shop.example/health".to_owned(),
            asked: 50,
            answered: 49,
            p50: Duration::from_millis(12),
            p95: Duration::from_millis(34),
            slowest: Duration::from_millis(1250),
            codes: vec![("200".to_owned(), 49), ("503".to_owned(), 1)],
            connections: Some((3, 7)),
        }),
        comparison: Some(Comparison {
            before: Some(side(21, 17)),
            after: Some(side(7, 0)),
            verdict: Verdict::Better,
        }),
        skipped: vec![StepId::Project],
        ..Facts::default()
    };
    (facts, record())
}

fn env_changes() -> Vec<EnvChange> {
    let change = |key: &str, old: Option<&str>, new: &str| EnvChange {
        file: ".env".into(),
        key: key.to_owned(),
        old: old.map(str::to_owned),
        new: new.to_owned(),
    };
    vec![
        change(
            "DATABASE_URL",
            Some("postgresql://u:••••••••••@db.example:25060/shop"),
            "postgresql://shop_app:••••••••••@db.example:25061/shop-pool",
        ),
        change("DIRECT_URL", None, "postgresql://doadmin:••••••••••@db.example:25060/shop"),
    ]
}

fn account() -> Account {
    Account {
        token: Secret::new("dop_v1_canary"),
        email: Some("anna@example.com".to_owned()),
        team: Some("Shop".to_owned()),
        scopes: Vec::new(),
        passwords_visible: Some(true),
        kept: Kept::Keychain,
        expires_at: None,
    }
}

fn with_app(mut cluster: ClusterFacts) -> ClusterFacts {
    cluster.apps.push(app_spec::App {
        id: AppId("a1".to_owned()),
        name: "shop-web".to_owned(),
        spec: spec().into(),
        live_url: Some("https://shop.example".to_owned()),
        active_deployment: None,
        updated_at: None,
    });
    cluster
}

fn both_urls() -> facts::Urls {
    let url = |user: &str, rest: &str| {
        let text = format!("postgresql://{user}:AVNS_canary@{rest}?sslmode=require");
        ConnUrl::parse(&text).expect("a good URL")
    };
    facts::Urls {
        pooled: url("shop_app", "db.example:25061/shop-pool"),
        direct: url("doadmin", "db.example:25060/shop"),
        private: Some((
            url("shop_app", "private-db.example:25061/shop-pool"),
            url("doadmin", "private-db.example:25060/shop"),
        )),
        ca: None,
        ca_file: None,
        keys: ("DATABASE_URL".to_owned(), "DIRECT_URL".to_owned()),
        limit: 5,
    }
}

fn tested() -> Tested {
    let passed = Column {
        stages: std::array::from_fn(|stage| Outcome::Passed {
            found: format!("found {stage}"),
            took: Duration::from_millis(11),
        }),
    };
    Tested {
        at: at(0),
        ports: BothPorts { pooled: passed.clone(), direct: passed },
        features: Vec::new(),
        probe: Some(Probe { mode: Some(PoolMode::Transaction), tracking: Tracking::NotTracked }),
        pooler_address: Some("10.0.0.9".to_owned()),
        server_version: Some("16.4".to_owned()),
    }
}

fn project() -> Project {
    Project {
        client: Client::Prisma6,
        findings: vec![Finding::new(
            Kind::Clients,
            (Path::new("src/db.ts"), 14),
            "a client for each request",
            "",
        )],
        ..Project::new("/project")
    }
}

fn applied() -> Applied {
    let name = "20250101000000_init".to_owned();
    Applied {
        name: name.clone(),
        took: Duration::from_millis(33),
        row: LedgerRow {
            id: "5f0c".to_owned(),
            name,
            checksum: "74321ef4".to_owned(),
            started_at: at(1),
            finished_at: Some(at(2)),
            rolled_back_at: None,
            logs: None,
            applied_steps: 1,
        },
    }
}

fn side(median: u32, refused: u32) -> Side {
    Side {
        samples: 60,
        median,
        peak: median + 1,
        refused,
        transactions: 6000,
        lasted: Duration::from_secs(134),
        per_second: 221.4,
    }
}

fn spec() -> Value {
    json!({
        "databases": [{"name": "db", "cluster_name": "shop-db"}],
        "services": [{"name": "web", "health_check": {"http_path": "/health"}, "envs": [
            {"key": "DATABASE_URL", "value": "postgresql://u:AVNS_canary@db.example:25060/shop"},
            {"key": "STRIPE", "value": "EV[1:canary:canary]", "type": "SECRET"},
        ]}],
    })
}

fn activity() -> Activity {
    let holder = Holder {
        application: "web".to_owned(),
        user: "shop_app".to_owned(),
        address: Some("10.0.0.9".to_owned()),
        state: "idle".to_owned(),
        count: 8,
        age: None,
    };
    Activity {
        limits: Some(Limits { max_connections: 25, superuser_reserved: 3, reserved: 0 }),
        samples: vec![Sample { at: at(90), holders: vec![holder], commits: 0, refused: 0 }],
        switched_at: Some(at(60)),
        switch_began_at: Some(at(50)),
        loads: Vec::new(),
    }
}

pub const POOL: &str =
    r#"{"name":"shop-pool","mode":"transaction","size":11,"db":"shop","user":"shop_app"}"#;

fn record() -> Record {
    let exchange = |method: &str, path: &str| Exchange {
        at: at(3),
        method: method.to_owned(),
        path: path.to_owned(),
        body: (method == "POST").then(|| POOL.to_owned()),
        status: Some(201),
        took: Duration::from_millis(240),
        request_id: Some("req-1".to_owned()),
        rate_left: None,
        again_in: None,
    };
    let entry = |what: &str, undo| Entry { at: at(4), what: what.to_owned(), undo, undone: false };
    let cluster = ClusterId("c1".to_owned());
    Record {
        statements: Vec::new(),
        exchanges: vec![
            exchange("GET", "/v2/databases"),
            exchange("POST", "/v2/databases/c1/pools"),
        ],
        entries: vec![
            entry(
                "Pool shop-pool created: 11 connections, transaction mode",
                Undo::DeletePool { cluster, pool: PoolName::given("shop-pool") },
            ),
            entry(
                ".env written, 2 variables",
                Undo::RestoreFile {
                    file: ".env".into(),
                    backup: Some("/data/.env.bak".into()),
                    ours: String::new(),
                    keys: Vec::new(),
                },
            ),
            entry(
                "shop-web switched to the pool, deployment 8f2c",
                Undo::RestoreSpec {
                    app: AppId("a1".to_owned()),
                    spec: Box::new(spec().into()),
                    sent: Box::new(spec().into()),
                },
            ),
            entry(
                "Migration 20250101000000_init applied over the direct connection",
                Undo::Impossible("a migration cannot be undone from here".to_owned()),
            ),
        ],
    }
}

fn changes() -> Vec<app_spec::SpecChange> {
    let switch = app_spec::Switch {
        cluster_name: "shop-db".to_owned(),
        hosts: vec!["db.example".to_owned()],
        pool: PoolName::given("shop-pool"),
        pooled_key: "DATABASE_URL".to_owned(),
        direct_key: Some("DIRECT_URL".to_owned()),
        pooled_suffix: "&pgbouncer=true&connection_limit=5&pool_timeout=20".to_owned(),
    };
    app_spec::plan(&spec(), &switch).map_or_else(|_| Vec::new(), |plan| plan.changes)
}
