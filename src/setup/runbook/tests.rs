//! What the document tells, and that no secret and no name gets out of its place.

use super::{fixture::*, *};
use crate::{
    domain::{cluster::Environment, pool::PoolName, profile, record::Exchange},
    setup::{
        facts::WrittenFile,
        stories::{cluster, made, order},
    },
};

fn markdown(facts: &Facts, record: &Record) -> String {
    text(Format::Markdown, facts, record, (at(100), "POOLING"))
}

#[test]
fn no_secret_is_in_any_form() {
    let (facts, record) = done();
    let forms = Language::ALL.map(Format::Commands);
    for format in [Format::Markdown, Format::Html, Format::Profile].into_iter().chain(forms) {
        let text = text(format, &facts, &record, (at(100), "POOLING"));
        assert!(text.contains("shop-pool"), "{text}");
        assert!(!text.contains("canary"), "{text}");
        assert!(!text.contains("EV["), "{text}");
    }
}

#[test]
fn every_part_of_the_set_up_is_told_with_its_figures() {
    let (facts, record) = done();
    let text = markdown(&facts, &record);
    for told in [
        "# Connection pooling of shop-db\n",
        concat!(
            "Written by Poolwright ",
            env!("CARGO_PKG_VERSION"),
            " on 20 November 2026, 14:32 UTC."
        ),
        "| Cluster | `shop-db`, PostgreSQL 16, db-s-1vcpu-1gb, fra1, production |",
        "| Pool | `shop-pool`: 11 connections, transaction mode, database `shop`, user `shop_app` |",
        "| Server | PostgreSQL 16.4 answered the test |",
        "| Client | Prisma 4 to 6 |",
        "| Set up with the account of | anna@example.com, Shop |",
        "| `.env` | `DATABASE_URL` | `postgresql://u:••••••••••@db.example:25060/shop` | `postgresql://shop_app:••••••••••@db.example:25061/shop-pool` |",
        "| `.env` | `DIRECT_URL` | none | `postgresql://doadmin:••••••••••@db.example:25060/shop` |",
        "\n![Connections to PostgreSQL. Before: median 21, ",
        "](POOLING.svg)\n",
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
    let text = markdown(&facts, &Record::default());
    for untold in
        ["## The two URLs", "## Before and after", "## Migrations", "## The app", "## Left open"]
    {
        assert!(!text.contains(untold), "{untold}");
    }
    assert!(text.contains("| Usable connections | 22 | by the plan db-s-1vcpu-1gb"));
    assert!(text.contains("Nothing was changed."));
    assert_eq!(markdown(&Facts::default(), &Record::default()), "");
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
    let text = markdown(&facts, &record);
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

fn html(facts: &Facts, record: &Record) -> String {
    text(Format::Html, facts, record, (at(100), "POOLING"))
}

#[test]
fn the_html_is_one_file_with_the_same_words_and_the_picture_inside() {
    let (facts, record) = done();
    let page = html(&facts, &record);
    for told in [
        "<title>Connection pooling of shop-db</title>",
        "prefers-color-scheme: dark",
        "@media print",
        "<figure>\n<svg ",
        "<td>Median connections</td><td>21</td><td>7</td>",
        "<code>doctl databases pool delete c1 shop-pool</code>",
        "<li><a href=\"#part-1\">What was set up</a></li>",
    ] {
        assert!(page.contains(told), "missing: {told}\n{page}");
    }
    // The picture's own namespace is a name, not an address.
    let addresses = page.replace("http://www.w3.org/2000/svg", "");
    for leads_out in ["src=", "url(", "@import", "<link", "<script", "href=\"http"] {
        assert!(!addresses.contains(leads_out), "{leads_out}");
    }
    let (name, svg) = beside(&facts, "POOLING").expect("a picture");
    assert_eq!(name, "POOLING.svg");
    assert!(page.contains(&svg));
}

#[test]
fn without_a_comparison_there_is_no_picture() {
    let (mut facts, record) = done();
    facts.comparison = None;
    assert_eq!(beside(&facts, "POOLING"), None);
    assert!(!markdown(&facts, &record).contains("!["));
    assert!(!html(&facts, &record).contains("<figure>"));
}

#[test]
fn no_name_becomes_an_element() {
    let (facts, record) = done();
    let hostile =
        hostile(facts, record, "x</title></style><script>alert(1)</script>&amp;\"'><b onclick=x>");
    let page = html(&hostile.0, &hostile.1);
    // Only tags and attributes that we write.
    let tags: std::collections::BTreeSet<&str> = page
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split([' ', '>', '\n', '/']).find(|name| !name.is_empty()))
        .collect();
    for tag in &tags {
        let ours = [
            "!DOCTYPE", "a", "body", "code", "desc", "div", "figure", "h1", "h2", "h3", "head",
            "html", "li", "main", "meta", "nav", "ol", "p", "path", "pre", "rect", "circle",
            "strong", "style", "svg", "table", "tbody", "td", "text", "th", "thead", "title", "tr",
            "ul",
        ];
        assert!(ours.contains(tag), "{tag}");
    }
    assert_eq!(page.matches("<title>").count(), 2, "the page's and the picture's");
}

/// Every name of the set-up replaced.
fn hostile(mut facts: Facts, mut record: Record, name: &str) -> (Facts, Record) {
    let cluster = facts.cluster.as_mut().expect("a cluster");
    for field in [
        &mut cluster.cluster.name,
        &mut cluster.cluster.id.0,
        &mut cluster.cluster.size,
        &mut cluster.cluster.version,
    ] {
        name.clone_into(field);
    }
    let pool = facts.pool.as_mut().expect("a pool");
    (pool.name, pool.db, pool.user) =
        (PoolName::given(name), name.to_owned(), Some(name.to_owned()));
    for entry in &mut record.entries {
        name.clone_into(&mut entry.what);
    }
    for exchange in &mut record.exchanges {
        exchange.path = format!("/v2/{name}");
    }
    (facts, record)
}

fn terraform(facts: &Facts, record: &Record) -> hcl_edit::structure::Body {
    let format = Format::Commands(Language::Terraform);
    text(format, facts, record, (at(100), "POOLING")).parse().expect("HCL")
}

/// A string, or a number.
fn value(block: &hcl_edit::structure::Block, key: &str) -> String {
    let value = &block.body.get_attribute(key).expect("an attribute").value;
    value.as_str().map_or_else(|| value.to_string().trim().to_owned(), str::to_owned)
}

#[test]
fn terraform_takes_the_pool_over_as_it_is() {
    let (facts, record) = done();
    let body = terraform(&facts, &record);
    let [terraform, import, pool] = body.blocks().collect::<Vec<_>>()[..] else { panic!("three") };
    assert_eq!(terraform.ident.as_str(), "terraform");
    assert_eq!(import.ident.as_str(), "import");
    assert_eq!(value(import, "id"), "c1,shop-pool");
    assert_eq!(value(import, "to"), "digitalocean_database_connection_pool.shop-pool");
    assert_eq!(pool.ident.as_str(), "resource");
    let labels: Vec<&str> =
        pool.labels.iter().map(hcl_edit::structure::BlockLabel::as_str).collect();
    assert_eq!(labels, ["digitalocean_database_connection_pool", "shop-pool"]);
    for (key, expected) in [
        ("cluster_id", "c1"),
        ("name", "shop-pool"),
        ("mode", "transaction"),
        ("size", "11"),
        ("db_name", "shop"),
        ("user", "shop_app"),
    ] {
        assert_eq!(value(pool, key), expected, "{key}");
    }
}

#[test]
fn terraform_reads_any_name_back() {
    for name in ["a\"b", "a${b}c", "a%{if}b", "a\\n", "a\nb", "9é"] {
        let (facts, record) = done();
        let (facts, record) = hostile(facts, record, name);
        let body = terraform(&facts, &record);
        let pool = body.blocks().last().expect("a pool");
        for key in ["name", "db_name", "user"] {
            // The parser leaves the escapes of templates in a string without one.
            let read = value(pool, key).replace("$${", "${").replace("%%{", "%{");
            assert_eq!(read, name, "{key}");
        }
    }
}

fn exchange(method: &str, path: &str, status: Option<u16>) -> Exchange {
    Exchange {
        at: at(3),
        method: method.to_owned(),
        path: path.to_owned(),
        body: Some(POOL.to_owned()),
        status,
        took: std::time::Duration::ZERO,
        request_id: None,
        rate_left: None,
        again_in: None,
    }
}

#[test]
fn each_change_stands_once_in_its_order_however_often_it_was_sent() {
    let pools = "/v2/databases/c1/pools";
    let record = Record {
        statements: Vec::new(),
        exchanges: vec![
            exchange("POST", "/v2/apps/propose", Some(200)),
            exchange("POST", pools, Some(503)),
            exchange("POST", pools, None),
            exchange("POST", pools, Some(201)),
            exchange("PUT", "/v2/databases/c1/firewall", None),
            exchange("DELETE", "/v2/databases/c1/pools/shop-pool", Some(422)),
        ],
        entries: Vec::new(),
    };
    let text = commands::commands(Language::Doctl, &Facts::default(), &record);
    assert_eq!(
        text,
        "#!/bin/bash\n# What the set-up changed in the account, as commands for doctl. Sign in first: doctl auth init\nset -euo pipefail\n\n# 20 Nov 2026, 14:31:03 UTC, POST /v2/databases/c1/pools\ndoctl databases pool create c1 shop-pool --mode transaction --size 11 --db shop --user shop_app\n\n# 20 Nov 2026, 14:31:03 UTC, PUT /v2/databases/c1/firewall\n# No answer came; what had become of it was looked up afterwards.\n# doctl has no command that keeps the descriptions of the trusted sources: it erases them.\n"
    );
}

#[test]
fn the_team_profile_leads_to_the_same_set_up() {
    let (mut facts, record) = done();
    let written = |file: &str| WrittenFile {
        file: file.into(),
        hash: String::new(),
        backup: None,
        what: String::new(),
    };
    let root = &facts.project.as_ref().unwrap().root;
    let ours = [".env", "apps/web/.env.local", "ca.crt"].map(|file| root.join(file));
    let ours = ours.map(|file| written(file.to_str().unwrap()));
    facts.env_files = Some([ours.as_slice(), &[written("/etc/shop.env")]].concat());
    facts.urls.as_mut().unwrap().ca_file = Some("ca.crt".to_owned());
    facts.skipped = vec![StepId::Measure, StepId::Migrations];
    let text = text(Format::Profile, &facts, &record, (at(100), "POOLING"));
    let read = profile::parse(&text, &["measure", "migrations"]).unwrap();
    assert_eq!(read.cluster.as_deref(), Some("shop-db"));
    assert_eq!(read.environment, Environment::Production);
    assert_eq!(
        (read.pool.name.as_deref(), read.pool.size, read.pool.user.as_deref()),
        (Some("shop-pool"), Some(11), Some("shop_app"))
    );
    let files = [".env", "apps/web/.env.local"].map(Into::into).to_vec();
    assert_eq!(read.project.env_files, Some(files));
    assert_eq!(read.app.name.as_deref(), Some("shop-web"));
    assert_eq!(read.skip, ["migrations"]);
}
