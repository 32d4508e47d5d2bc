//! Before a server is reached, and the encrypted connection to it.

use std::net::Ipv4Addr;

use poolwright::domain::{
    conn_url::ConnUrl,
    diagnosis::{Known, Sources},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::Bench;
use crate::relay::Relay;

pub async fn situations(bench: &mut Bench) {
    network(bench).await;
    strangers(bench).await;
    certificates(bench).await;
    bare_passwords(bench).await;
}

fn at(url: &ConnUrl, host: &str, port: u16) -> ConnUrl {
    ConnUrl { host: host.to_owned(), port, ..url.clone() }
}

async fn network(bench: &mut Bench) {
    let (pooled, direct) = (bench.pooled(), bench.direct());
    let known = Known { public_host: None, ..bench.known() };

    let nowhere = |url: &ConnUrl| at(url, "nope.invalid", url.port);
    bench
        .expect_both("a name that nobody has", &nowhere(&pooled), &nowhere(&direct), &known, "DNS")
        .await;
    bench
        .expect_both(
            "… and the account's own host",
            &nowhere(&pooled),
            &nowhere(&direct),
            &bench.known(),
            "DNS",
        )
        .await;

    // Nobody listens on a port that was free a moment ago.
    let free =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap().port();
    bench
        .expect("a closed port", (&at(&pooled, "127.0.0.1", free), "refused"), (&direct, ""))
        .await;
    // TCP goes to one host, so there is no route to a group's address.
    let group = |url: &ConnUrl| at(url, "224.0.0.1", url.port);
    bench
        .expect_both(
            "a host without a route",
            &group(&pooled),
            &group(&direct),
            &known,
            "no network",
        )
        .await;

    bench.cluster.shut_out().await.unwrap();
    let (pooled, gate) = (bench.pooled(), at(&direct, "127.0.0.1", bench.cluster.direct_port()));
    for (situation, sources, code) in [
        ("the first packet is dropped", Sources::Unknown, "time-out"),
        (
            "… and this computer is no trusted source",
            Sources::ShutsOut(2, Ipv4Addr::new(203, 0, 113, 7)),
            "time-out",
        ),
        (
            "… although it is one",
            Sources::LetsIn(Ipv4Addr::new(203, 0, 113, 7)),
            "time-out, trusted",
        ),
    ] {
        let known = Known { sources, ..bench.known() };
        bench.expect_both(situation, &pooled, &gate, &known, code).await;
    }
    bench.expect("… on one port only", (&pooled, "one port blocked"), (&direct, "")).await;
    bench.cluster.let_in().await.unwrap();
}

/// A listener that answers each connection's first bytes like this.
async fn answering(answer: &'static [u8]) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let mut kept: Vec<TcpStream> = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 8];
            if !answer.is_empty() && stream.read_exact(&mut asked).await.is_ok() {
                stream.write_all(answer).await.unwrap();
            }
            kept.push(stream);
        }
    });
    (port, task)
}

async fn strangers(bench: &mut Bench) {
    let (pooled, direct) = (bench.pooled(), bench.direct());
    let known = Known { pool_port: None, direct_port: None, ..bench.known() };
    for (situation, answer, code) in [
        ("takes connections and says nothing", &b""[..], "silent"),
        ("a web server", b"HTTP/1.1 400 Bad Request\r\n\r\n", "not PostgreSQL"),
        ("a server without TLS", b"N", "no TLS"),
        ("a port that says yes and then talks nonsense", b"Snonsense that is no TLS at all", "TLS"),
    ] {
        let (port, listening) = answering(answer).await;
        let here = |url: &ConnUrl| at(url, "127.0.0.1", port);
        bench.expect_both(situation, &here(&pooled), &here(&direct), &known, code).await;
        listening.abort();
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let closing = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
        }
    });
    let here = |url: &ConnUrl| at(url, "127.0.0.1", port);
    bench
        .expect_both(
            "a port that closes at once",
            &here(&pooled),
            &here(&direct),
            &known,
            "connection closed",
        )
        .await;
    closing.abort();
}

async fn certificates(bench: &mut Bench) {
    let (pooled, direct) = (bench.pooled(), bench.direct());
    let known = bench.known();
    let other = authority::Authority::new();
    bench.expect_ca("another cluster's certificate", &other.pem(), "unknown authority").await;
    bench
        .expect_ca(
            "a certificate file with something else in it",
            "-----BEGIN NOTHING-----",
            "unreadable authority",
        )
        .await;

    // The servers' certificate names 127.0.0.1 and 127.0.0.2 only.
    let elsewhere = Ipv4Addr::new(127, 0, 0, 3);
    let (to_pool, to_direct) = (
        Relay::open(elsewhere, pooled.port, std::time::Duration::ZERO).await,
        Relay::open(elsewhere, direct.port, std::time::Duration::ZERO).await,
    );
    bench
        .expect_both(
            "a host that the certificate does not name",
            &at(&pooled, "127.0.0.3", to_pool.port),
            &at(&direct, "127.0.0.3", to_direct.port),
            &known,
            "name mismatch",
        )
        .await;

    for (situation, days, code) in [
        ("an expired certificate", (-20, -10), "certificate expired"),
        ("a certificate of the day after tomorrow", (2, 10), "certificate not yet valid"),
    ] {
        let server = other.serve(days, authority::Then::Nothing).await;
        let here = |url: &ConnUrl| at(url, "127.0.0.1", server.port);
        let (pooled, direct) = (here(&pooled), here(&direct));
        bench.expect_all(situation, (&pooled, &direct), Some(&other.pem()), &known, code).await;
    }
}

/// A server that asks for the password itself gets it from nobody who did not verify it.
async fn bare_passwords(bench: &mut Bench) {
    let (pooled, direct) = (bench.pooled(), bench.direct());
    let known = Known { pool_port: None, direct_port: None, ..bench.known() };
    let authority = authority::Authority::new();
    for (situation, then) in [
        ("asks for the plain password", authority::Then::AskPlain),
        ("asks for the MD5 of the password", authority::Then::AskMd5),
    ] {
        let server = authority.serve((-1, 10), then).await;
        let here = |url: &ConnUrl| at(url, "127.0.0.1", server.port);
        let (pooled, direct) = (here(&pooled), here(&direct));
        let unverified = format!("{situation}, not verified");
        bench.expect_all(&unverified, (&pooled, &direct), None, &known, "bare password").await;
        assert_eq!(server.passwords(), 0, "{situation}: a password was sent to a stranger");
        // One that is verified gets it; this one then hangs up.
        let verified = format!("{situation}, verified");
        let ca = authority.pem();
        bench
            .expect_all(&verified, (&pooled, &direct), Some(&ca), &known, "connection closed")
            .await;
        assert_eq!(server.passwords(), 2, "{situation}");
    }
}

impl Bench {
    async fn expect_both(
        &mut self,
        situation: &str,
        pooled: &ConnUrl,
        direct: &ConnUrl,
        known: &Known,
        code: &str,
    ) {
        let ca = self.cluster.ca().to_owned();
        self.expect_all(situation, (pooled, direct), Some(&ca), known, code).await;
    }

    async fn expect_ca(&mut self, situation: &str, ca: &str, code: &str) {
        let (pooled, direct, known) = (self.pooled(), self.direct(), self.known());
        self.expect_all(situation, (&pooled, &direct), Some(ca), &known, code).await;
    }

    async fn expect_all(
        &mut self,
        situation: &str,
        (pooled, direct): (&ConnUrl, &ConnUrl),
        ca: Option<&str>,
        known: &Known,
        code: &str,
    ) {
        use poolwright::domain::stages::Port;
        let finding = self.test_with(pooled, direct, ca, known).await;
        for port in Port::BOTH {
            self.judge(situation, port, finding.ports.column(port), code);
        }
    }
}

/// An authority of the test's own, and servers that show a certificate of it.
mod authority {
    use std::{
        net::Ipv4Addr,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::{Duration, SystemTime},
    };

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    };
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
        task::JoinHandle,
    };
    use tokio_rustls::TlsAcceptor;

    pub struct Authority(CertifiedIssuer<'static, KeyPair>);

    #[derive(Clone, Copy)]
    pub enum Then {
        Nothing,
        AskPlain,
        AskMd5,
    }

    pub struct Server {
        pub port: u16,
        passwords: Arc<AtomicUsize>,
        task: JoinHandle<()>,
    }

    impl Server {
        /// Passwords that arrived here.
        pub fn passwords(&self) -> usize {
            self.passwords.load(Ordering::SeqCst)
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            self.task.abort();
        }
    }

    impl Authority {
        pub fn new() -> Self {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
        }

        pub fn pem(&self) -> String {
            self.0.pem()
        }

        /// A server for 127.0.0.1 whose certificate is valid from and until so many days from now.
        pub async fn serve(&self, days: (i64, i64), then: Then) -> Server {
            let day = |days: i64| {
                let apart = Duration::from_secs(days.unsigned_abs() * 86400);
                let now = SystemTime::now();
                if days < 0 { now - apart } else { now + apart }
            };
            let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
            params.not_before = day(days.0).into();
            params.not_after = day(days.1).into();
            let key = KeyPair::generate().unwrap();
            let certificate = params.signed_by(&key, &self.0).unwrap();
            let chain = vec![CertificateDer::from(certificate.der().to_vec())];
            let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .unwrap();
            let acceptor = TlsAcceptor::from(Arc::new(config));
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let passwords = Arc::new(AtomicUsize::new(0));
            let counted = passwords.clone();
            let task = tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(answer(stream, acceptor.clone(), then, counted.clone()));
                }
            });
            Server { port, passwords, task }
        }
    }

    async fn answer(
        mut stream: TcpStream,
        acceptor: TlsAcceptor,
        then: Then,
        passwords: Arc<AtomicUsize>,
    ) {
        let mut request = [0; 8];
        if stream.read_exact(&mut request).await.is_err() || stream.write_all(b"S").await.is_err() {
            return;
        }
        let Ok(mut stream) = acceptor.accept(stream).await else { return };
        let mut startup = [0; 1024];
        if !matches!(stream.read(&mut startup).await, Ok(1..)) {
            return;
        }
        // An Authentication message: its kind, and for MD5 four bytes of salt.
        let ask: &[u8] = match then {
            Then::Nothing => return,
            Then::AskPlain => b"R\0\0\0\x08\0\0\0\x03",
            Then::AskMd5 => b"R\0\0\0\x0c\0\0\0\x05salt",
        };
        stream.write_all(ask).await.unwrap();
        stream.flush().await.unwrap();
        if let Ok(1..) = stream.read(&mut startup).await
            && startup[0] == b'p'
        {
            passwords.fetch_add(1, Ordering::SeqCst);
        }
    }
}
