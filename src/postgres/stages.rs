//! The staged test: seven stages on one connection per port, each timed, stopped at the first that fails.

use std::{
    io,
    time::{Duration, Instant},
};

use rustls::{CertificateError, Error as TlsError};
use tokio::sync::mpsc;

use crate::{
    domain::{
        conn_url::ConnUrl,
        diagnosis::{DirectAnswer, Place, Symptom, explain, pooled_sign_in_explained},
        problem::Problem,
        stages::{BothPorts, Column, Outcome, Port, Stage},
        timing::Timing,
    },
    postgres::{
        sign_in::{self, SignedIn},
        wire::{self, Wire, WireError},
    },
};

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

/// Failures that the pooler remembers are asked for again so often before they are reported.
const REMEMBERED: u32 = 3;

/// Tests both ports at once. `patience` is how long a full database is waited for.
pub async fn test(
    pooled: Target<'_>,
    direct: Target<'_>,
    patience: Duration,
    timing: &Timing,
    told: &Told,
) -> Finding {
    let (pooled_run, direct_run) = tokio::join!(
        one_port(Port::Pooled, pooled, patience, timing, told),
        one_port(Port::Direct, direct, patience, timing, told)
    );
    let mut ports = BothPorts { pooled: pooled_run.column, direct: direct_run.column };
    explain_by_the_other(&mut ports, pooled, direct);
    Finding {
        ports,
        pooler_address: pooled_run.client_address,
        server_version: direct_run.server_version.or(pooled_run.server_version),
    }
}

/// The pooler's answer to a wrong password and to a wrong pool name is the same; the direct port tells them apart.
fn explain_by_the_other(ports: &mut BothPorts, pooled: Target<'_>, direct: Target<'_>) {
    let hidden =
        matches!(ports.pooled.problem(), Some((_, problem)) if problem.code == "pooled sign-in");
    if !hidden {
        return;
    }
    let same = pooled.url.user == direct.url.user && pooled.url.password == direct.url.password;
    let refused =
        matches!(ports.direct.problem(), Some((Stage::SignIn, problem)) if problem.code == "28P01");
    let answer = match ports.direct.get(Stage::SignIn) {
        Outcome::Passed { .. } if same => DirectAnswer::SignedIn,
        _ if same && refused => DirectAnswer::PasswordRefused,
        _ => return, // another user's or password's answer explains nothing
    };
    let problem = pooled_sign_in_explained(answer, place(Port::Pooled, pooled.url));
    let stage = if problem.code == "no such pool" { Stage::Target } else { Stage::SignIn };
    ports.pooled.set(Stage::SignIn, Outcome::NotReached);
    ports.pooled.set(stage, Outcome::Failed(Box::new(problem)));
}

#[derive(Debug, Default)]
struct Run {
    column: Column,
    client_address: Option<String>,
    server_version: Option<String>,
}

/// Why a try ended, at which stage, and whether another try may end otherwise.
struct Stopped {
    stage: Stage,
    symptom: Symptom,
}

async fn one_port(
    port: Port,
    target: Target<'_>,
    patience: Duration,
    timing: &Timing,
    told: &Told,
) -> Run {
    let began = Instant::now();
    let mut remembered = 0;
    loop {
        let mut run = Run::default();
        let Err(stopped) = attempt(port, target, timing, told, &mut run).await else { return run };
        let repeats = matches!(&stopped.symptom, Symptom::Said(said) if said.remembered());
        remembered += u32::from(repeats);
        let again = passing(&stopped.symptom)
            && (began.elapsed() < patience || (repeats && remembered < REMEMBERED));
        if !again {
            let problem = explain(&stopped.symptom, place(port, target.url));
            tell(told, &mut run, port, stopped.stage, Outcome::Failed(Box::new(problem))).await;
            return run;
        }
        tell(told, &mut run, port, stopped.stage, Outcome::Running).await;
        tokio::time::sleep(timing.again).await;
    }
}

async fn attempt(
    port: Port,
    target: Target<'_>,
    timing: &Timing,
    told: &Told,
    run: &mut Run,
) -> Result<(), Stopped> {
    let Target { url, ca } = target;
    let at = |stage| move |symptom| Stopped { stage, symptom };

    let began = Instant::now();
    let addresses = wire::resolve(&url.host, url.port, timing.name)
        .await
        .map_err(symptom)
        .map_err(at(Stage::Name))?;
    let found = addresses.first().map(|address| address.ip().to_string()).unwrap_or_default();
    tell(told, run, port, Stage::Name, Outcome::Passed { found, took: began.elapsed() }).await;

    let began = Instant::now();
    let tcp = wire::dial(&addresses, timing.connect)
        .await
        .map_err(dial_symptom)
        .map_err(at(Stage::Port))?;
    tell(
        told,
        run,
        port,
        Stage::Port,
        Outcome::Passed { found: "open".to_owned(), took: began.elapsed() },
    )
    .await;

    let began = Instant::now();
    let tls = wire::encrypt(tcp, &url.host, ca, timing.tls)
        .await
        .map_err(symptom)
        .map_err(at(Stage::Encryption))?;
    let version = match tls.get_ref().1.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS", // rustls knows no older ones
    };
    let took = began.elapsed();
    let outcome = match ca {
        Some(_) => Outcome::Passed { found: format!("{version}, certificate checked"), took },
        None => Outcome::Unverified { found: format!("{version}, certificate not checked"), took },
    };
    tell(told, run, port, Stage::Encryption, outcome).await;

    let wire = signed_in(port, url, tls, timing, told, run).await?;
    let began = Instant::now();
    let (wire, row) = identity(wire, timing.query).await.map_err(at(Stage::Query))?;
    tell(
        told,
        run,
        port,
        Stage::Query,
        Outcome::Passed { found: "1 row".to_owned(), took: began.elapsed() },
    )
    .await;
    prove(port, wire, row, told, run).await
}

/// Sign-in and the pool or database, which the server answers in one breath.
async fn signed_in(
    port: Port,
    url: &ConnUrl,
    tls: tokio_rustls::client::TlsStream<tokio::net::TcpStream>,
    timing: &Timing,
    told: &Told,
    run: &mut Run,
) -> Result<Wire, Stopped> {
    let began = Instant::now();
    let silent = |stage| Stopped { stage, symptom: Symptom::Mute(timing.sign_in) };
    let entered = tokio::time::timeout(timing.sign_in, sign_in::sign_in(tls, url))
        .await
        .map_err(|_elapsed| silent(Stage::SignIn))?;
    match entered {
        Ok(SignedIn { wire, sign_in, target }) => {
            tell(
                told,
                run,
                port,
                Stage::SignIn,
                Outcome::Passed { found: url.user.clone(), took: sign_in },
            )
            .await;
            tell(
                told,
                run,
                port,
                Stage::Target,
                Outcome::Passed { found: url.database.clone(), took: target },
            )
            .await;
            Ok(wire)
        }
        Err(refused) => {
            let symptom = symptom(refused.error);
            if refused.accepted {
                let outcome = Outcome::Passed { found: url.user.clone(), took: began.elapsed() };
                tell(told, run, port, Stage::SignIn, outcome).await;
            }
            let about_target = refused.accepted
                || matches!(&symptom, Symptom::Said(said) if said.sqlstate == "3D000" || said.message.starts_with("no such database"));
            Err(Stopped {
                stage: if about_target { Stage::Target } else { Stage::SignIn },
                symptom,
            })
        }
    }
}

async fn identity(mut wire: Wire, limit: Duration) -> Result<(Wire, wire::Row), Symptom> {
    let rows = match wire::within(limit, wire.rows(IDENTITY)).await {
        Ok(rows) => rows,
        Err(WireError::Silent(limit)) => return Err(Symptom::Waiting(limit)),
        Err(err) => return Err(symptom(err)),
    };
    let row = rows.into_iter().next().ok_or(Symptom::Closed)?;
    Ok((wire, row))
}

/// Proof by process id: `PostgreSQL`'s own key names the backend, a pooler's is made up.
async fn prove(
    port: Port,
    wire: Wire,
    row: wire::Row,
    told: &Told,
    run: &mut Run,
) -> Result<(), Stopped> {
    let backend: Option<i32> = row.first().cloned().flatten().and_then(|pid| pid.parse().ok());
    let itself = backend == Some(wire.process_id);
    // Behind the number distributions name their package.
    let version = wire
        .parameter("server_version")
        .and_then(|version| version.split_whitespace().next())
        .map(str::to_owned);
    run.client_address = row.get(2).cloned().flatten();
    run.server_version.clone_from(&version);
    wire.close().await;
    let found = match (port, itself) {
        (Port::Pooled, false) => "PgBouncer, the process ids differ".to_owned(),
        (Port::Direct, true) => {
            format!("PostgreSQL {}, the process ids are equal", version.as_deref().unwrap_or(""))
        }
        (Port::Pooled, true) | (Port::Direct, false) => {
            return Err(Stopped { stage: Stage::Proof, symptom: Symptom::WrongServer });
        }
    };
    tell(told, run, port, Stage::Proof, Outcome::Passed { found, took: Duration::ZERO }).await;
    Ok(())
}

async fn tell(told: &Told, run: &mut Run, port: Port, stage: Stage, outcome: Outcome) {
    run.column.set(stage, outcome.clone());
    // Nobody listens any more only after a stop.
    told.send((port, stage, outcome)).await.ok();
}

fn place(port: Port, url: &ConnUrl) -> Place<'_> {
    Place { port, host: &url.host, number: url.port, user: &url.user, database: &url.database }
}

fn dial_symptom(err: WireError) -> Symptom {
    match err {
        WireError::Silent(limit) => Symptom::DialSilent(limit),
        WireError::Dial(err) => match err.kind() {
            io::ErrorKind::ConnectionRefused => Symptom::Refused,
            io::ErrorKind::TimedOut => Symptom::DialSilent(Duration::from_secs(5)),
            _ => Symptom::Unreachable(err.to_string()), // no route, network down
        },
        other => symptom(other),
    }
}

/// What an error of the wire looked like.
pub fn symptom(err: WireError) -> Symptom {
    match err {
        WireError::Name(err) => Symptom::NameUnknown(err.to_string()),
        WireError::Dial(err) => Symptom::Unreachable(err.to_string()),
        WireError::Silent(limit) => Symptom::Mute(limit),
        WireError::NotPostgres(first) => Symptom::NotPostgres(first),
        WireError::NoTls => Symptom::NoTls,
        WireError::Tls(err) => tls_symptom(&err),
        WireError::Server(said) => Symptom::Said(*said),
        WireError::Method => Symptom::Method,
        WireError::Closed => Symptom::Closed,
        WireError::Broken(err) => Symptom::Broken(err.to_string()),
    }
}

fn tls_symptom(err: &io::Error) -> Symptom {
    let inner = err.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    match inner {
        Some(TlsError::InvalidCertificate(certificate)) => match certificate {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                Symptom::UnknownAuthority
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Symptom::Expired,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Symptom::WrongName(certificate.to_string())
            }
            _ => Symptom::Tls(certificate.to_string()), // revoked, malformed and others
        },
        _ => Symptom::Tls(err.to_string()), // handshake alerts, input of ours
    }
}

/// A direct connection for work, proved by process id on itself.
pub async fn direct(url: &ConnUrl, ca: Option<&str>, timing: &Timing) -> Result<Wire, Problem> {
    let explained = |symptom: Symptom| explain(&symptom, place(Port::Direct, url));
    let wire = connect(url, ca, timing).await.map_err(explained)?;
    let (wire, row) = identity(wire, timing.query).await.map_err(explained)?;
    let backend: Option<i32> = row.first().cloned().flatten().and_then(|pid| pid.parse().ok());
    if backend == Some(wire.process_id) { Ok(wire) } else { Err(explained(Symptom::WrongServer)) }
}

/// A signed-in connection, without stages.
pub(super) async fn connect(
    url: &ConnUrl,
    ca: Option<&str>,
    timing: &Timing,
) -> Result<Wire, Symptom> {
    let addresses = wire::resolve(&url.host, url.port, timing.name).await.map_err(symptom)?;
    let tcp = wire::dial(&addresses, timing.connect).await.map_err(dial_symptom)?;
    let tls = wire::encrypt(tcp, &url.host, ca, timing.tls).await.map_err(symptom)?;
    match tokio::time::timeout(timing.sign_in, sign_in::sign_in(tls, url)).await {
        Ok(Ok(signed_in)) => Ok(signed_in.wire),
        Ok(Err(refused)) => Err(symptom(refused.error)),
        Err(_elapsed) => Err(Symptom::Mute(timing.sign_in)),
    }
}

/// May another try end otherwise?
fn passing(symptom: &Symptom) -> bool {
    match symptom {
        Symptom::Said(said) => said.full() || said.remembered(),
        Symptom::Waiting(_) => true,
        _ => false, // everything else stays as it is
    }
}
