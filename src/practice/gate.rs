//! A gate in front of a port: lets connections through, or leaves them unanswered as a firewall does.

use std::{
    io,
    net::{Ipv4Addr, SocketAddrV4},
    time::Duration,
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{mpsc, oneshot},
    task::{JoinHandle, JoinSet},
};

/// Where a gate leads, and the address it dials from: that is what the server sees of its clients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) to: SocketAddrV4,
    pub(super) from: Ipv4Addr,
}

#[derive(Debug)]
pub(super) struct Gate {
    orders: mpsc::Sender<(Stand, oneshot::Sender<io::Result<()>>)>,
    keeper: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Open,
    /// A connection's first packet gets no answer. Connections made before stay.
    Dropping,
}

impl Gate {
    /// Opens a gate on a listener made by `listen`.
    pub(super) fn open(listener: TcpListener, at: SocketAddrV4, way: Way) -> Self {
        let (orders, inbox) = mpsc::channel(4);
        let keeper = tokio::spawn(keep(listener, at, way, inbox));
        Self { orders, keeper }
    }

    /// Answers when the gate stands as asked.
    pub(super) async fn stand(&self, stand: Stand) -> io::Result<()> {
        let (done, answer) = oneshot::channel();
        self.orders.send((stand, done)).await.map_err(io::Error::other)?;
        answer.await.map_err(io::Error::other)?
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

const BACKLOG: u32 = 1024;

/// A listener that survives old connections of the same port.
pub(super) fn listen(at: SocketAddrV4) -> io::Result<TcpListener> {
    listen_with_backlog(at, BACKLOG)
}

fn listen_with_backlog(at: SocketAddrV4, backlog: u32) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(at.into())?;
    socket.listen(backlog)
}

/// Between two listeners of ours a connection of another program may have the port for a moment.
async fn listen_again(at: SocketAddrV4, backlog: u32) -> io::Result<TcpListener> {
    for _ in 0..100 {
        match listen_with_backlog(at, backlog) {
            Err(err) if err.kind() == io::ErrorKind::AddrInUse => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            ended => return ended,
        }
    }
    listen_with_backlog(at, backlog)
}

enum Door {
    Open(TcpListener),
    /// Nobody accepts, and the queue is full: the kernel drops what comes.
    Dropping {
        _listener: TcpListener,
        _queue: Vec<TcpStream>,
    },
}

async fn keep(
    listener: TcpListener,
    at: SocketAddrV4,
    way: Way,
    mut orders: mpsc::Receiver<(Stand, oneshot::Sender<io::Result<()>>)>,
) {
    let mut door = Some(Door::Open(listener));
    let mut passages = JoinSet::new();
    loop {
        tokio::select! {
            order = orders.recv() => {
                let Some((stand, done)) = order else { return };
                let turned = turn(&mut door, stand, at).await;
                // Who asked may have given up waiting; the gate stands as asked all the same.
                done.send(turned).ok();
            }
            client = next_client(door.as_ref()) => {
                // An error here is a connection that died in the queue.
                if let Ok(client) = client {
                    passages.spawn(pass(client, way));
                }
            }
            // Only to forget those that ended.
            Some(_) = passages.join_next() => {}
        }
    }
}

async fn next_client(door: Option<&Door>) -> io::Result<TcpStream> {
    match door {
        Some(Door::Open(listener)) => Ok(listener.accept().await?.0),
        Some(Door::Dropping { .. }) | None => std::future::pending().await,
    }
}

async fn turn(door: &mut Option<Door>, stand: Stand, at: SocketAddrV4) -> io::Result<()> {
    match (door.take(), stand) {
        (same @ Some(Door::Open(_)), Stand::Open)
        | (same @ Some(Door::Dropping { .. }), Stand::Dropping) => *door = same,
        (old, Stand::Open) => {
            drop(old);
            *door = Some(Door::Open(listen_again(at, BACKLOG).await?));
        }
        (old, Stand::Dropping) => {
            drop(old);
            *door = Some(fill(at).await?);
        }
    }
    Ok(())
}

/// Fills the queue of a listener that never accepts, until a connection really goes unanswered.
async fn fill(at: SocketAddrV4) -> io::Result<Door> {
    let listener = listen_again(at, 0).await?;
    let mut queue = Vec::new();
    for _ in 0..256 {
        match tokio::time::timeout(Duration::from_millis(80), TcpStream::connect(at)).await {
            Ok(Ok(stream)) => queue.push(stream),
            Ok(Err(error)) => return Err(error),
            Err(_unanswered) => return Ok(Door::Dropping { _listener: listener, _queue: queue }),
        }
    }
    Err(io::Error::other("the port goes on answering"))
}

async fn pass(mut client: TcpStream, way: Way) {
    let Ok(mut server) = dial(way).await else {
        return;
    };
    client.set_nodelay(true).ok();
    server.set_nodelay(true).ok();
    // Either end may break off at any time; the other end learns of it by the close.
    copy_bidirectional(&mut client, &mut server).await.ok();
}

async fn dial(way: Way) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddrV4::new(way.from, 0).into())?;
    socket.connect(way.to.into()).await
}
