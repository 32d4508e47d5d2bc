//! The staged test: seven stages on one connection per port, each timed, stopped at the first that ends it.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use tokio::{net::TcpStream, sync::mpsc};
use tokio_rustls::client::TlsStream;

use crate::{
    domain::{
        conn_url::ConnUrl,
        diagnosis::{Ended, Known, Place, Side, Symptom, explain, explain_at, explain_pair},
        problem::Problem,
        stages::{BothPorts, Column, Outcome, Port, Stage},
        timing::Timing,
    },
    postgres::{
        sign_in,
        wire::{self, Row, Wire, WireError},
    },
};

pub use crate::postgres::symptoms::symptom;

/// What is tested on one port.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    pub url: &'a ConnUrl,
    /// PEM of the cluster's authority.
    pub ca: Option<&'a str>,
}

/// Where stages are told as they end.
pub type Told = mpsc::Sender<(Port, Stage, Outcome)>;

/// A finished test of both ports.
#[derive(Debug)]
pub struct Finding {
    pub ports: BothPorts,
    pub pooler_address: Option<String>,
    pub server_version: Option<String>,
}

/// The identity select: who, where, and which process; it is the query stage itself.
const IDENTITY: &str = "select pg_backend_pid(), current_database(), host(inet_client_addr())";

/// How long and whom to tell.
#[derive(Clone, Copy, Debug)]
pub struct Pace<'a> {
    /// How long a full database or pool is waited for.
    pub patience: Duration,
    pub timing: &'a Timing,
    pub told: &'a Told,
}

/// Tests both ports at once, and lets each explain the other.
pub async fn test(
    pooled: Target<'_>,
    direct: Target<'_>,
    known: &Known,
    pace: Pace<'_>,
) -> Finding {
    let (pooled_run, direct_run) = tokio::join!(
        one_port(Port::Pooled, pooled, known, pace),
        one_port(Port::Direct, direct, known, pace)
    );
    let side = |port, url, end| Side { place: place(port, url), end };
    let of_direct = side(Port::Direct, direct.url, direct_run.ended.as_ref());
    let same = pooled.url.user == direct.url.user && pooled.url.password == direct.url.password;
    let asked_across;
    let crossed = match &pooled_run.ended {
        _ if same => Some(of_direct),
        Some(Ended { symptom: Symptom::Said(said), .. }) if said.hides_who() => {
            asked_across = across(pooled.url, direct, pace.timing).await;
            Some(side(Port::Direct, direct.url, asked_across.as_ref()))
        }
        _ => None, // nothing that another sign-in would explain
    };
    let (of_pooled, of_direct) = explain_pair(
        side(Port::Pooled, pooled.url, pooled_run.ended.as_ref()),
        of_direct,
        crossed,
        known,
    );
    Finding {
        ports: BothPorts {
            pooled: told_last(pooled_run.column, of_pooled),
            direct: told_last(direct_run.column, of_direct),
        },
        pooler_address: pooled_run.client_address,
        server_version: direct_run.server_version.or(pooled_run.server_version),
    }
}

/// What the direct port answers to the user and the password of the pooled URL: it says which of them is wrong.
async fn across(pooled: &ConnUrl, direct: Target<'_>, timing: &Timing) -> Option<Ended> {
    let url = ConnUrl {
        user: pooled.user.clone(),
        password: pooled.password.clone(),
        ..direct.url.clone()
    };
    match connect(&url, direct.ca, timing).await {
        Ok(wire) => {
            wire.close().await;
            None
        }
        Err(symptom) => Some(ended(Stage::SignIn, symptom)),
    }
}

/// The column with the verdict at its stage, and nothing after it.
fn told_last(mut column: Column, verdict: Option<(Stage, Problem)>) -> Column {
    if let Some((at, problem)) = verdict {
        for stage in Stage::ALL {
            let open =
                !matches!(column.get(stage), Outcome::Passed { .. } | Outcome::Unverified { .. });
            if open || at.index() <= stage.index() {
                column.set(stage, Outcome::NotReached);
            }
        }
        column.set(at, Outcome::Failed(Box::new(problem)));
    }
    column
}

/// What became of one port.
#[derive(Debug, Default)]
struct Run {
    column: Column,
    ended: Option<Ended>,
    client_address: Option<String>,
    server_version: Option<String>,
}

async fn one_port(port: Port, target: Target<'_>, known: &Known, pace: Pace<'_>) -> Run {
    let until = Instant::now() + pace.patience;
    let mut remembered_until: Option<Instant> = None;
    loop {
        let mut attempt = Attempt { port, target, pace, until, run: Run::default() };
        let Err(ended) = attempt.whole().await else { return attempt.run };
        let again = match &ended.symptom {
            // The cause may be gone by now; only a try that the pooler makes itself tells.
            Symptom::Said(said) if said.remembered() => {
                let now = Instant::now();
                now < *remembered_until.get_or_insert(now + pace.timing.remembered)
            }
            Symptom::Said(said) => said.full() && Instant::now() < until,
            _ => false, // everything else stays as it is
        };
        if !again {
            let problem = explain_at(ended.stage, &ended.symptom, place(port, target.url), known);
            attempt.tell(ended.stage, Outcome::Failed(Box::new(problem))).await;
            attempt.run.ended = Some(ended);
            return attempt.run;
        }
        let why = match &ended.symptom {
            Symptom::Said(said) if said.remembered() => "a remembered failure; asking again",
            _ => "no free connection; asking again", // a full database is all that is left
        };
        attempt.tell(ended.stage, Outcome::Waiting(why.to_owned())).await;
        tokio::time::sleep(pace.timing.again).await;
    }
}

/// One way through the stages on one connection.
struct Attempt<'a> {
    port: Port,
    target: Target<'a>,
    pace: Pace<'a>,
    /// Until then a pool with nothing free is waited for.
    until: Instant,
    run: Run,
}

impl Attempt<'_> {
    async fn whole(&mut self) -> Result<(), Ended> {
        let stream = self.encrypted().await?;
        let wire = self.signed_in(stream).await?;
        let (wire, row) = self.identity(wire).await?;
        self.prove(wire, row).await
    }

    /// Name, port and encryption.
    async fn encrypted(&mut self) -> Result<TlsStream<TcpStream>, Ended> {
        let Target { url, ca } = self.target;
        let timing = self.pace.timing;

        let began = self.begin(Stage::Name).await;
        let resolved = wire::resolve(&url.host, url.port, timing.name).await;
        let addresses = resolved.map_err(|err| ended(Stage::Name, symptom(err)))?;
        let found = addresses.first().map(|address| address.ip().to_string()).unwrap_or_default();
        self.passed(Stage::Name, found, began.elapsed()).await;

        let began = self.begin(Stage::Port).await;
        let dialled = wire::dial(&addresses, timing.connect).await;
        let tcp = dialled.map_err(|err| ended(Stage::Port, symptom(err)))?;
        self.passed(Stage::Port, "open", began.elapsed()).await;

        let began = self.begin(Stage::Encryption).await;
        let encrypted = wire::encrypt(tcp, &url.host, ca, timing.tls).await;
        let stream = encrypted.map_err(|err| ended(Stage::Encryption, symptom(err)))?;
        let version = match stream.get_ref().1.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS", // rustls knows no older ones
        };
        let took = began.elapsed();
        let outcome = match ca {
            Some(_) => Outcome::Passed { found: format!("{version}, certificate checked"), took },
            None => {
                Outcome::Unverified { found: format!("{version}, certificate not checked"), took }
            }
        };
        self.tell(Stage::Encryption, outcome).await;
        Ok(stream)
    }

    /// Sign-in, and the pool or database, which servers answer in one breath.
    async fn signed_in(&mut self, stream: TlsStream<TcpStream>) -> Result<Wire, Ended> {
        let Target { url, ca } = self.target;
        let limit = self.pace.timing.sign_in;

        let began = self.begin(Stage::SignIn).await;
        let why = "the pooler waits for a connection to the database";
        let work = sign_in::authenticate(stream, url, ca.is_some());
        let mut wire = match self.patiently(Stage::SignIn, limit, why, work).await {
            Ok(authenticated) => authenticated.map_err(|err| {
                let symptom = symptom(err);
                let about_target = matches!(&symptom, Symptom::Said(said) if said.about_target());
                ended(if about_target { Stage::Target } else { Stage::SignIn }, symptom)
            })?,
            Err(waited) => return Err(ended(Stage::SignIn, Symptom::NoSignIn(waited))),
        };
        self.passed(Stage::SignIn, url.user.clone(), began.elapsed()).await;

        let began = self.begin(Stage::Target).await;
        match self.patiently(Stage::Target, limit, why, sign_in::until_ready(&mut wire)).await {
            Ok(ready) => ready.map_err(|err| ended(Stage::Target, symptom(err)))?,
            Err(waited) => return Err(ended(Stage::Target, Symptom::NoWelcome(waited))),
        }
        self.passed(Stage::Target, url.database.clone(), began.elapsed()).await;
        Ok(wire)
    }

    async fn identity(&mut self, mut wire: Wire) -> Result<(Wire, Row), Ended> {
        let began = self.begin(Stage::Query).await;
        let why = "all connections of the pool are lent out";
        let limit = self.pace.timing.query;
        let rows = match self.patiently(Stage::Query, limit, why, wire.rows(IDENTITY)).await {
            Ok(rows) => rows.map_err(|err| ended(Stage::Query, symptom(err)))?,
            Err(waited) => return Err(ended(Stage::Query, Symptom::Waiting(waited))),
        };
        let row = rows.into_iter().next().ok_or_else(|| ended(Stage::Query, Symptom::Closed))?;
        self.passed(Stage::Query, "1 row", began.elapsed()).await;
        Ok((wire, row))
    }

    /// Proof by process id: `PostgreSQL`'s own key names the backend, a pooler's is made up.
    async fn prove(&mut self, wire: Wire, row: Row) -> Result<(), Ended> {
        let own = itself(&wire, &row);
        // Behind the number distributions name their package.
        let version = wire
            .parameter("server_version")
            .and_then(|version| version.split_whitespace().next())
            .map(str::to_owned);
        if let (Port::Pooled, Some(Some(database))) = (self.port, row.get(1)) {
            let pool = &self.target.url.database;
            self.say_more(Stage::Target, &format!("{pool} → {database}"));
        }
        self.run.client_address = row.into_iter().nth(2).flatten();
        self.run.server_version.clone_from(&version);
        wire.close().await;
        let found = match (self.port, own) {
            (Port::Pooled, false) => "PgBouncer (ids differ)".to_owned(),
            (Port::Direct, true) => {
                let version = version.as_deref().unwrap_or_default();
                format!("PostgreSQL {version} (ids equal)")
            }
            (Port::Pooled, true) | (Port::Direct, false) => {
                return Err(ended(Stage::Proof, Symptom::WrongServer));
            }
        };
        self.passed(Stage::Proof, found, Duration::ZERO).await;
        Ok(())
    }

    /// Waits for `work` up to `limit`; on the pooled port then further, and says what for, while there is patience.
    /// The connection is kept: who signs in anew is last in the pooler's queue again. `Err`: how long it was waited.
    async fn patiently<T>(
        &mut self,
        stage: Stage,
        limit: Duration,
        why: &str,
        work: impl Future<Output = T>,
    ) -> Result<T, Duration> {
        let began = Instant::now();
        let mut work = pin!(work);
        if let Ok(done) = tokio::time::timeout(limit, &mut work).await {
            return Ok(done);
        }
        if self.port == Port::Pooled && Instant::now() < self.until {
            self.tell(stage, Outcome::Waiting(why.to_owned())).await;
            if let Ok(done) = tokio::time::timeout_at(self.until.into(), work).await {
                return Ok(done);
            }
        }
        Err(began.elapsed())
    }

    async fn begin(&mut self, stage: Stage) -> Instant {
        self.tell(stage, Outcome::Running).await;
        Instant::now()
    }

    async fn passed(&mut self, stage: Stage, found: impl Into<String>, took: Duration) {
        self.tell(stage, Outcome::Passed { found: found.into(), took }).await;
    }

    /// What a later stage learned about an earlier one; told with the end of the test.
    fn say_more(&mut self, stage: Stage, more: &str) {
        if let Outcome::Passed { took, .. } = *self.run.column.get(stage) {
            self.run.column.set(stage, Outcome::Passed { found: more.to_owned(), took });
        }
    }

    async fn tell(&mut self, stage: Stage, outcome: Outcome) {
        self.run.column.set(stage, outcome.clone());
        // Nobody listens any more only after a stop.
        self.pace.told.send((self.port, stage, outcome)).await.ok();
    }
}

fn ended(stage: Stage, symptom: Symptom) -> Ended {
    Ended { stage, symptom }
}

fn place(port: Port, url: &ConnUrl) -> Place<'_> {
    Place { port, host: &url.host, number: url.port, user: &url.user, database: &url.database }
}

/// The process that answers a query is the one that the sign-in named.
fn itself(wire: &Wire, row: &Row) -> bool {
    let backend = row.first().and_then(|pid| pid.as_ref()?.parse::<i32>().ok());
    backend == Some(wire.process_id)
}

/// A direct connection for work, proved by process id on itself.
pub async fn direct(url: &ConnUrl, ca: Option<&str>, timing: &Timing) -> Result<Wire, Problem> {
    let explained = |symptom: Symptom| explain(&symptom, place(Port::Direct, url));
    let mut wire = connect(url, ca, timing).await.map_err(explained)?;
    let rows = match wire::within(timing.query, wire.rows(IDENTITY)).await {
        Ok(rows) => rows,
        Err(WireError::Silent(limit)) => return Err(explained(Symptom::Waiting(limit))),
        Err(err) => return Err(explained(symptom(err))),
    };
    let row = rows.into_iter().next().ok_or_else(|| explained(Symptom::Closed))?;
    if itself(&wire, &row) { Ok(wire) } else { Err(explained(Symptom::WrongServer)) }
}

/// A signed-in connection, without stages.
pub async fn connect(url: &ConnUrl, ca: Option<&str>, timing: &Timing) -> Result<Wire, Symptom> {
    let addresses = wire::resolve(&url.host, url.port, timing.name).await.map_err(symptom)?;
    let tcp = wire::dial(&addresses, timing.connect).await.map_err(symptom)?;
    let stream = wire::encrypt(tcp, &url.host, ca, timing.tls).await.map_err(symptom)?;
    let entering = async {
        let mut wire = sign_in::authenticate(stream, url, ca.is_some()).await?;
        sign_in::until_ready(&mut wire).await?;
        Ok(wire)
    };
    wire::within(timing.sign_in, entering).await.map_err(symptom)
}
