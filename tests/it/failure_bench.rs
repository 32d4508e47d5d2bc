//! The failure bench: situations made for real with a PostgreSQL and two kinds of PgBouncer, and what the program says
//! about each. Prints a table of situation → verdict.

mod before;
mod capacity;
mod later;
mod sign_in;

use std::{io::Write as _, time::Duration};

use poolwright::{
    domain::{
        conn_url::ConnUrl,
        diagnosis::{Known, KnownPool, Symptom, explain},
        pool::PoolMode,
        problem::{Problem, Quote},
        secret::Secret,
        stages::{Column, Port, Stage},
        timing::Timing,
    },
    postgres::stages::{self, Finding, Pace, Target},
    practice::{
        cluster::{APP_DATABASE, APP_ROLE, Build, Cluster, PUBLIC_HOST},
        pooler::{Auth, PoolEntry},
    },
};
use tokio::sync::mpsc;

use crate::{poolers, proof::proving, served};

/// The pool that the bench uses.
const POOL: &str = "shop-pool";

/// What is waited for in an answer that never comes; all else answers in milliseconds.
fn timing() -> Timing {
    let ms = Duration::from_millis;
    Timing {
        name: ms(4000),
        connect: ms(700),
        tls: ms(2500),
        sign_in: ms(2500),
        query: ms(1500),
        again: ms(100),
        // The bench's poolers try again after 0.3 s, at most twice for one sign-in.
        remembered: ms(2500),
        ..Timing::default()
    }
}

/// What one kind of pooler is like.
struct Bench {
    name: String,
    cluster: Cluster,
    rows: Vec<[String; 5]>,
    wrong: Vec<String>,
}

impl Bench {
    /// A pooler that asks the database for passwords needs a server connection for the sign-in already.
    fn no_room(&self) -> &'static str {
        if self.name.ends_with("by query") {
            "no server behind the pool"
        } else {
            "query_wait_timeout"
        }
    }

    async fn with(pooler: usize, auth: Auth) -> Self {
        let (name, pgbouncer) = poolers::all()[pooler].clone();
        let mut cluster = Cluster::start_as(Build { pgbouncer, auth }).await.unwrap();
        cluster.set_pools(vec![pool(POOL, 3)]).await.unwrap();
        // So that waiting for a pool ends within a test.
        cluster.tell_pooler("SET query_wait_timeout = 5").await.unwrap();
        cluster.tell_pooler("SET server_login_retry = '0.3'").await.unwrap();
        let name = format!("{name}, passwords by {auth:?}").to_lowercase();
        Self { name, cluster, rows: Vec::new(), wrong: Vec::new() }
    }

    fn url(&self, port: u16, database: &str) -> ConnUrl {
        served::url(&self.cluster, APP_ROLE, port, database).with_parameter("sslmode", "require")
    }

    fn pooled(&self) -> ConnUrl {
        self.url(self.cluster.pool_port(), POOL)
    }

    /// PostgreSQL's own port: a gate answers also while the server is down.
    fn direct(&self) -> ConnUrl {
        self.url(self.cluster.server_port(), APP_DATABASE)
    }

    fn known(&self) -> Known {
        let pool = |pool: &PoolEntry| KnownPool {
            name: pool.name.as_str().to_owned(),
            database: pool.database.clone(),
            user: pool.user.clone(),
        };
        Known {
            pools: self.cluster.pools().iter().map(pool).collect(),
            databases: ["contrezz", "defaultdb"].map(str::to_owned).to_vec(),
            users: self.cluster.users().iter().map(|(name, _)| name.clone()).collect(),
            pool_port: Some(self.cluster.pool_port()),
            direct_port: Some(self.cluster.server_port()),
            public_host: Some(PUBLIC_HOST.to_owned()),
            region: Some("fra1".to_owned()),
            ..Known::default()
        }
    }

    /// The program's own test of both ports, as step 6 runs it.
    async fn test(&self, pooled: &ConnUrl, direct: &ConnUrl) -> Finding {
        self.test_with(pooled, direct, Some(self.cluster.ca()), &self.known()).await
    }

    async fn test_with(
        &self,
        pooled: &ConnUrl,
        direct: &ConnUrl,
        ca: Option<&str>,
        known: &Known,
    ) -> Finding {
        let (told, mut heard) = mpsc::channel(64);
        let timing = timing();
        let pace = Pace { patience: Duration::ZERO, timing: &timing, told: &told };
        let (pooled, direct) = (Target { url: pooled, ca }, Target { url: direct, ca });
        let finding = Box::pin(stages::test(pooled, direct, known, pace));
        let listening = async { while heard.recv().await.is_some() {} };
        tokio::select! {
            finding = finding => finding,
            () = listening => unreachable!("the test tells until its end"),
        }
    }

    /// A situation, and the codes that the program must come to; "" where a port must pass.
    async fn expect(
        &mut self,
        situation: &str,
        pooled: (&ConnUrl, &str),
        direct: (&ConnUrl, &str),
    ) {
        let finding = self.test(pooled.0, direct.0).await;
        self.judge(situation, Port::Pooled, &finding.ports.pooled, pooled.1);
        self.judge(situation, Port::Direct, &finding.ports.direct, direct.1);
    }

    /// The same where only the pooled port is of interest; the direct one must pass.
    async fn expect_pooled(&mut self, situation: &str, code: &str) {
        let (pooled, direct) = (self.pooled(), self.direct());
        let finding = self.test(&pooled, &direct).await;
        self.judge(situation, Port::Pooled, &finding.ports.pooled, code);
        if let Some((stage, problem)) = finding.ports.direct.problem() {
            self.wrong.push(format!(
                "{situation}: the direct port stopped at {stage:?}: {}",
                problem.what
            ));
        }
    }

    fn judge(&mut self, situation: &str, port: Port, column: &Column, code: &str) {
        match column.problem() {
            Some((stage, problem)) => self.verdict(situation, port, stage.title(), problem, code),
            None if code.is_empty() => self.rows.push([
                situation.to_owned(),
                port.word().to_owned(),
                "passed".to_owned(),
                String::new(),
                String::new(),
            ]),
            None => {
                self.wrong.push(format!("{situation}, {}: passed instead of “{code}”", port.word()))
            }
        }
    }

    fn verdict(&mut self, situation: &str, port: Port, stage: &str, problem: &Problem, code: &str) {
        let by = problem.quote.as_ref().map_or("nobody", |quote| quote.by.name());
        self.rows.push([
            situation.to_owned(),
            port.word().to_owned(),
            stage.to_owned(),
            by.to_owned(),
            format!("[{}] {}", problem.code, problem.what),
        ]);
        if problem.code != code {
            let said = problem.quote.as_ref().map(Quote::sentence).unwrap_or_default();
            self.wrong.push(format!(
                "{situation}, {}: “{}” instead of “{code}”: {} {said}",
                port.word(),
                problem.code,
                problem.what
            ));
        }
        // What no rule knows is told in the server's words alone.
        let vague = ["unknown error", "says: “"];
        if vague.iter().any(|word| problem.what.contains(word) || problem.why.contains(word)) {
            self.wrong.push(format!(
                "{situation}: nothing is explained: {} {}",
                problem.what, problem.why
            ));
        }
    }

    /// What was seen on a connection that was signed in.
    fn judge_symptom(&mut self, situation: &str, port: Port, symptom: &Symptom, code: &str) {
        let url = match port {
            Port::Pooled => self.pooled(),
            Port::Direct => self.direct(),
        };
        let place = poolwright::domain::diagnosis::Place {
            port,
            host: &url.host,
            number: url.port,
            user: &url.user,
            database: &url.database,
        };
        let problem = explain(symptom, place);
        self.verdict(situation, port, Stage::Query.title(), &problem, code);
    }

    /// The table, whatever the outcome; then the outcome.
    fn close(self) {
        let mut out = std::io::stdout().lock();
        // Past the test's own capture: the table is what this test is for.
        writeln!(out, "\n{}: {} verdicts", self.name, self.rows.len()).unwrap();
        for [situation, port, stage, by, verdict] in &self.rows {
            writeln!(out, "  {situation:<58} {port:<7} {stage:<17} {by:<11} {verdict}").unwrap();
        }
        drop(out);
        assert!(self.wrong.is_empty(), "{}:\n{}", self.name, self.wrong.join("\n"));
    }
}

fn pool(name: &str, size: u32) -> PoolEntry {
    PoolEntry { user: None, ..served::pool(name, PoolMode::Transaction, size) }
}

fn with_password(url: &ConnUrl, password: &str) -> ConnUrl {
    ConnUrl { password: Some(Secret::new(password)), ..url.clone() }
}

fn with_name(url: &ConnUrl, database: &str) -> ConnUrl {
    ConnUrl { database: database.to_owned(), ..url.clone() }
}

fn with_user(url: &ConnUrl, user: &str) -> ConnUrl {
    ConnUrl { user: user.to_owned(), ..url.clone() }
}

async fn everything(pooler: usize, auth: Auth) {
    let mut bench = Bench::with(pooler, auth).await;
    sign_in::situations(&mut bench).await;
    capacity::situations(&mut bench).await;
    Box::pin(later::situations(&mut bench)).await;
    bench.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_before_a_server_is_reached_is_explained() {
    let mut bench = Bench::with(0, Auth::File).await;
    before::situations(&mut bench).await;
    bench.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_system_s_pooler_and_postgresql_say_is_explained() {
    Box::pin(everything(0, Auth::File)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_newer_pooler_and_postgresql_say_is_explained() {
    Box::pin(everything(1, Auth::File)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_poolers_say_that_ask_the_database_for_passwords_is_explained() {
    for pooler in 0..2 {
        if proving() {
            Box::pin(everything(pooler, Auth::Query)).await;
        } else {
            let mut bench = Bench::with(pooler, Auth::Query).await;
            sign_in::situations(&mut bench).await;
            bench.close();
        }
    }
}
