//! The hand-over document of a set-up. Its form is the domain's; this knows where the figures lie.

use std::path::Path;

use jiff::Timestamp;

use crate::{
    domain::{
        app_spec,
        project::Project,
        record::Record,
        runbook::{App, Requests, Runbook, Urls},
        stages::Port,
    },
    setup::{
        facts::{Deployed, Facts},
        step::StepId,
        steps::pool,
    },
};

/// Empty while there is neither cluster nor pool to tell about.
pub fn runbook(facts: &Facts, record: &Record, now: Timestamp) -> String {
    let (Some(cluster), Some(pool)) = (&facts.cluster, &facts.pool) else { return String::new() };
    let pooler = facts.tested.as_ref().and_then(|tested| tested.pooler_address.as_deref());
    let after = facts.activity.after();
    Runbook {
        program: format!("Poolwright {}", env!("CARGO_PKG_VERSION")),
        at: now,
        cluster: &cluster.cluster,
        environment: cluster.environment,
        pool,
        urls: urls(facts),
        limits: facts.activity.limits,
        sizing: pool::sizing(facts, pool.name.as_str()),
        tested: facts.tested.as_ref(),
        client: facts.client(),
        env_file: facts
            .env_files
            .as_ref()
            .and_then(|files| files.first())
            .map_or(Path::new(".env"), |file| &file.file),
        migrated: facts.migrated.as_deref(),
        app: facts.deployed.as_ref().map(app),
        health_url: health_url(facts),
        comparison: facts.comparison.as_ref(),
        pooled_peak: pooler
            .and_then(|pooler| after.iter().map(|sample| sample.held_from(pooler)).max()),
        requests: facts.requests.as_ref().map(|requests| Requests {
            asked: requests.asked,
            answered: requests.answered,
            p50: requests.p50,
            p95: requests.p95,
            slowest: requests.slowest,
        }),
        record,
        open: open(facts),
    }
    .markdown()
}

fn urls(facts: &Facts) -> Option<Urls<'_>> {
    let urls = facts.urls.as_ref()?;
    Some(Urls {
        pooled_key: &urls.keys.0,
        direct_key: &urls.keys.1,
        pooled: facts.client_url(Port::Pooled)?,
        direct: facts.client_url(Port::Direct)?,
        private_host: urls.private.as_ref().map(|(pooled, _)| pooled.host.as_str()),
    })
}

fn app(deployed: &Deployed) -> App<'_> {
    App {
        name: &deployed.app_name,
        changes: deployed.changes.clone(),
        deployment: deployed.deployment.as_deref(),
        active_at: deployed.active_at,
        arrived: deployed.arrived,
    }
}

fn health_url(facts: &Facts) -> Option<String> {
    let deployed = facts.deployed.as_ref()?;
    let apps = &facts.cluster.as_ref()?.apps;
    app_spec::health_url(apps.iter().find(|app| app.id == deployed.app)?)
}

fn open(facts: &Facts) -> Vec<String> {
    let mut open: Vec<String> = StepId::ALL
        .into_iter()
        .filter(|step| facts.skipped.contains(step))
        .filter_map(|step| {
            Some(format!(
                "Step {}, {}, was left out: {}.",
                step.number(),
                step.name(),
                step.skippable()?
            ))
        })
        .collect();
    open.extend(StepId::ALL.into_iter().filter(|step| facts.review.contains(step)).map(|step| {
        format!(
            "Step {}, {}, is to be looked at again: an earlier choice changed.",
            step.number(),
            step.name()
        )
    }));
    let granted = facts.leases.iter().filter(|granted| granted.is_ours());
    open.extend(granted.map(|granted| {
        format!(
            "{} is still among the trusted sources of {}, for the computer that ran the set-up.",
            granted.lease.address, granted.cluster_name
        )
    }));
    let findings = facts.project.iter().flat_map(Project::open);
    open.extend(
        findings.map(|finding| {
            format!("{}:{}: {}", finding.file.display(), finding.line, finding.what)
        }),
    );
    open
}

#[cfg(test)]
mod tests {
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
            secret::Secret,
            stages::{BothPorts, Column, Outcome, Probe, Tested, Tracking},
        },
        setup::{
            facts::{self, Account, Kept},
            stories::{cluster, made, order},
        },
    };

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_185_060 + second).expect("a time")
    }

    /// A set-up at its end. Every secret in it is a canary.
    fn done() -> (Facts, Record) {
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

    fn account() -> Account {
        Account {
            token: Secret::new("dop_v1_canary"),
            email: None,
            team: None,
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
            probe: Some(Probe {
                mode: Some(PoolMode::Transaction),
                tracking: Tracking::NotTracked,
            }),
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

    fn record() -> Record {
        let exchange = |method: &str, path: &str| Exchange {
            at: at(3),
            method: method.to_owned(),
            path: path.to_owned(),
            body: None,
            status: Some(201),
            took: Duration::from_millis(240),
            request_id: Some("req-1".to_owned()),
            rate_left: None,
            again_in: None,
        };
        let entry =
            |what: &str, undo| Entry { at: at(4), what: what.to_owned(), undo, undone: false };
        let cluster = ClusterId("c1".to_owned());
        Record {
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

    #[test]
    fn no_secret_is_in_it() {
        let (facts, record) = done();
        let text = runbook(&facts, &record, at(100));
        assert!(!text.contains("canary"), "{text}");
        assert!(!text.contains("EV["), "{text}");
    }

    #[test]
    fn every_part_of_the_set_up_is_told_with_its_figures() {
        let (facts, record) = done();
        let text = runbook(&facts, &record, at(100));
        for told in [
            "# Connection pooling of shop-db\n",
            concat!(
                "Written by Poolwright ",
                env!("CARGO_PKG_VERSION"),
                " on 20 November 2026, 14:32 UTC."
            ),
            "| Cluster | `shop-db`, PostgreSQL 16, db-s-1vcpu-1gb, fra1, production |",
            "| Pool | `shop-pool`: 11 connections, transaction mode, database `shop`, user `shop_app` |",
            "| App | `shop-web`, on the pool since 20 November 2026, 14:32 UTC |",
            "| Result | Better: median 21 connections before, 7 after |",
            "postgresql://shop_app@db.example:25061/shop-pool?sslmode=require&pgbouncer=true&connection_limit=5&pool_timeout=20\n",
            "postgresql://doadmin@db.example:25060/shop?sslmode=require\n",
            "doctl databases pool get c1 shop-pool --format URI --no-header\n",
            "| Usable connections | 22 | measured: max_connections 25 − 3 for superusers − 0 reserved |",
            "| The most a pool may have | 19 | 22 − 0 − 0 − 3 |",
            "| Suggested | 11 | the larger of 11 and 3, at most 19 |",
            "| Name | ✓ found 0, 11 ms | ✓ found 0, 11 ms |",
            "Transaction mode is proved; the pooler does not keep track of prepared statements.",
            "| `20250101000000_init` | `74321ef4` | 20 November 2026, 14:31 UTC | 33 ms | `5f0c` |",
            "Deployment `8f2c` of `shop-web` became active on 20 November 2026, 14:32 UTC; 7 of its connections were seen to come through the pool.",
            "| `DATABASE_URL` | `web` | `postgresql://u:••••••••••@db.example:25060/shop` | `${db.shop-pool.DATABASE_URL}&pgbouncer=true&connection_limit=5&pool_timeout=20` |",
            "| `DIRECT_URL` | the app | none | `${db.DATABASE_URL}` |",
            "**Better.**",
            "| Median connections | 21 | 7 |",
            "| Peak connections | 22 | 8 |",
            "| Refusals | 17 | 0 |",
            "| Transactions a second | 221 | 221 |",
            "| Recorded for | 2 min 14 s | 2 min 14 s |",
            "The pool's server connections peaked at 8; the pool has 11.",
            "49 of 50 requests sent at once were answered: half within 12 ms, 95 % within 34 ms, the slowest after 1.2 s.",
            crate::domain::activity::verdict::RULE,
            "| 20 Nov 2026, 14:31:04 | Pool shop-pool created: 11 connections, transaction mode | once nothing uses it: `doctl databases pool delete c1 shop-pool` |",
            "copy `/data/.env.bak` back to `.env` |",
            "not possible: a migration cannot be undone from here |",
            "doctl databases pool update c1 shop-pool --size NEW_SIZE --mode transaction --db shop --user shop_app\n",
            "use the host `private-db.example` instead",
            "set -a; . ./.env; set +a\nDATABASE_URL=\"$DIRECT_URL\" npx --no prisma migrate deploy\n",
            "https://shop.example/health",
            "Transaction mode is the reason, not session mode.",
            "1 request read something and changed nothing.",
            "| `POST /v2/databases/c1/pools` | 201 | 240 ms | `req-1` |",
            "- Step 7, Project files, was left out: the project's files stay as they are.\n",
            "- 203.0.113.7 is still among the trusted sources of shop-db, for the computer that ran the set-up.\n",
            "- src/db.ts:14: a client for each request\n",
        ] {
            assert!(text.contains(told), "missing: {told}\n{text}");
        }
    }

    #[test]
    fn what_was_left_out_leaves_no_gap_and_no_claim() {
        let facts = Facts {
            cluster: Some(cluster(Environment::Staging)),
            pool: Some(made(&order())),
            ..Facts::default()
        };
        let text = runbook(&facts, &Record::default(), at(0));
        for untold in [
            "## The two URLs",
            "## Before and after",
            "## Migrations",
            "## The app",
            "## Left open",
        ] {
            assert!(!text.contains(untold), "{untold}");
        }
        assert!(text.contains("| Usable connections | 22 | by the plan db-s-1vcpu-1gb"));
        assert!(text.contains("Nothing was changed."));
        assert_eq!(runbook(&Facts::default(), &Record::default(), at(0)), "");
    }

    /// Columns of a table's line: pipes that no backslash stands before.
    fn columns(line: &str) -> usize {
        line.replace("\\|", "").matches('|').count()
    }

    #[test]
    fn no_name_breaks_out_of_its_place() {
        let (mut facts, mut record) = done();
        let hostile = "x|y`z\n# Heading\n```\n<b>$(touch pwned) 'q'";
        let cluster = facts.cluster.as_mut().expect("a cluster");
        cluster.cluster.name = hostile.to_owned();
        cluster.cluster.size = hostile.to_owned();
        let pool = facts.pool.as_mut().expect("a pool");
        (pool.name, pool.db, pool.user) =
            (PoolName::given(hostile), hostile.to_owned(), Some(hostile.to_owned()));
        for entry in &mut record.entries {
            entry.what = hostile.to_owned();
        }
        let text = runbook(&facts, &record, at(0));
        let mut fence: Option<&str> = None;
        let mut width = None;
        for line in text.lines() {
            let ticks = line.find(|c| c != '`').map_or(line, |end| line.split_at(end).0);
            match fence {
                Some(open) if line == open => fence = None,
                Some(_) => continue,
                None if 3 <= ticks.len() => fence = Some(ticks),
                None => {}
            }
            assert!(!line.starts_with("# Heading"), "{text}");
            if line.starts_with("| ") {
                assert_eq!(*width.get_or_insert(columns(line)), columns(line), "{line}");
            } else {
                width = None;
            }
        }
        assert_eq!(fence, None);
        assert!(text.contains(r"'\''q'\''"));
    }
}
