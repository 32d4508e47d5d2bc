//! A relay in front of a port: another address for it, a slow line, and a count of round trips.

use std::{
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
    time::Instant,
};

pub struct Relay {
    pub port: u16,
    trips: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Listens on `at`, passes everything on to `port` of this computer, `delay` later in each direction.
    pub async fn open(at: Ipv4Addr, port: u16, delay: Duration) -> Self {
        let listener = TcpListener::bind(SocketAddrV4::new(at, 0)).await.unwrap();
        let here = listener.local_addr().unwrap().port();
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let trips = Arc::new(AtomicUsize::new(0));
        let counted = trips.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, to, delay, counted.clone()));
            }
        });
        Self { port: here, trips, task }
    }

    /// Times that the client sent something and was answered, and one for each connection.
    pub fn round_trips(&self) -> usize {
        self.trips.load(Ordering::SeqCst)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(client: TcpStream, to: SocketAddr, delay: Duration, trips: Arc<AtomicUsize>) {
    // The answer to the first packet is on its way twice, too; the kernel gave it already.
    trips.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(2 * delay).await;
    let Ok(server) = TcpStream::connect(to).await else { return };
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let asked = Arc::new(AtomicBool::new(false));
    let asks = asked.clone();
    let up = late(from_client, to_server, delay, move || asks.store(true, Ordering::SeqCst));
    let down = late(from_server, to_client, delay, move || {
        if asked.swap(false, Ordering::SeqCst) {
            trips.fetch_add(1, Ordering::SeqCst);
        }
    });
    tokio::join!(up, down);
}

/// Passes on what comes, `delay` after it came, however much comes meanwhile.
async fn late(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    delay: Duration,
    seen: impl Fn(),
) {
    let (line, mut due) = mpsc::channel::<(Instant, Vec<u8>)>(64);
    let reading = async move {
        let mut buffer = vec![0; 16384];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            seen();
            let piece = buffer[..length].to_vec();
            if line.send((Instant::now() + delay, piece)).await.is_err() {
                break;
            }
        }
    };
    let writing = async move {
        while let Some((at, piece)) = due.recv().await {
            tokio::time::sleep_until(at).await;
            if to.write_all(&piece).await.is_err() {
                break;
            }
        }
        // The other end may be gone already.
        to.shutdown().await.ok();
    };
    tokio::join!(reading, writing);
}
