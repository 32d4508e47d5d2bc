//! A gate before the account's port: at a chosen request it stops the traffic, before the account has it or after the
//! account has answered, and says so. Nothing passes afterwards until the next strike is chosen.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Before,
    /// Carried out, and the answer never passed on.
    After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strike {
    At {
        method: &'static str,
        path: &'static str,
        when: When,
    },
    /// The request of this number, from 1, after it was carried out.
    Number(usize),
}

/// A request at which the traffic stopped.
#[derive(Debug)]
pub struct Held;

/// What a run of the program meets.
struct Round {
    strike: Option<Strike>,
    seen: std::sync::atomic::AtomicUsize,
    tell: mpsc::Sender<Held>,
}

pub struct Gate {
    /// Where the account is for who comes through here.
    pub base: String,
    round: watch::Sender<Option<Arc<Round>>>,
}

impl Gate {
    pub async fn open(account: &str) -> Self {
        let to: SocketAddr = account.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (round, rounds) = watch::channel(None::<Arc<Round>>);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let round = rounds.borrow().clone();
                tokio::spawn(pass(client, to, round));
            }
        });
        Self { base, round }
    }

    /// From now on this is the strike; tells when it fell.
    pub fn strike(&mut self, strike: Option<Strike>) -> mpsc::Receiver<Held> {
        let (tell, held) = mpsc::channel(1);
        self.round.send_replace(Some(Arc::new(Round { strike, seen: 0.into(), tell })));
        held
    }
}

impl Round {
    /// Whether the traffic stops at this request, and when.
    fn falls(&self, head: &str) -> Option<When> {
        let number = 1 + self.seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        match self.strike? {
            Strike::Number(wanted) => (number == wanted).then_some(When::After),
            Strike::At { method, path, when } => {
                let mut words = head.split(' ');
                let fits = words.next() == Some(method)
                    && words.next().is_some_and(|target| {
                        target.ends_with(path) || (path.ends_with('/') && target.starts_with(path))
                    });
                fits.then_some(when)
            }
        }
    }
}

/// One connection. Requests come one after the other, each answered before the next, as HTTP/1.1 without pipelining has
/// it.
async fn pass(mut client: TcpStream, to: SocketAddr, round: Option<Arc<Round>>) {
    let Some(round) = round else { return };
    let Ok(mut server) = TcpStream::connect(to).await else { return };
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut answering = true;
    let mut falls = None;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let piece = asked.get(..length).unwrap_or_default();
                if answering {
                    // The first piece of the next request.
                    answering = false;
                    let text = String::from_utf8_lossy(piece);
                    falls = round.falls(text.lines().next().unwrap_or_default());
                }
                if falls == Some(When::Before) {
                    return stop(client, &round).await;
                }
                if server.write_all(piece).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                answering = true;
                if falls == Some(When::After) {
                    return stop(client, &round).await;
                }
                let piece = answered.get(..length).unwrap_or_default();
                if client.write_all(piece).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Keeps the connection open, so that the other end waits until it is killed.
async fn stop(mut client: TcpStream, round: &Round) {
    round.tell.send(Held).await.ok();
    let mut rest = [0; 1024];
    while let Ok(1..) = client.read(&mut rest).await {}
}
