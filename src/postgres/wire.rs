//! A small client of the v3 protocol: one connection whose every stage can be timed and whose every error field is kept.
//! The message forms come from `postgres-protocol`; sqlx hides process ids, notices and who said an error.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Buf as _, BufMut as _, BytesMut};
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::{
    IsNull,
    message::{
        backend::{ErrorFields, Message},
        frontend::{self, BindError},
    },
};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    domain::{diagnosis::Said, record::Place},
    postgres::{
        history::{self, end_of_reply},
        tls,
    },
};

/// Why a connection did not come about, or broke.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("the name could not be resolved")]
    Name(#[source] io::Error),
    /// With the time until it was told.
    #[error("the port could not be reached")]
    Dial(#[source] io::Error, Duration),
    #[error("the first packet was not answered within {0:?}")]
    Unanswered(Duration),
    #[error("no answer within {0:?}")]
    Silent(Duration),
    /// The first byte of the answer to the request for TLS.
    #[error("something other than PostgreSQL answered")]
    NotPostgres(u8),
    #[error("the server offers no TLS")]
    NoTls,
    #[error("the TLS handshake ended")]
    Tls(#[source] io::Error),
    #[error("the server refused")]
    Server(Box<Said>),
    #[error("the authority's certificate could not be read")]
    Authority(#[source] rustls::Error),
    #[error("the server asked for a way to sign in that is not supported")]
    Method,
    /// Plain or hashed, and nobody verified who asks.
    #[error("a server that was not verified asked for the {0} password")]
    BarePassword(&'static str),
    #[error("the server closed the connection")]
    Closed,
    #[error("the connection broke")]
    Broken(#[source] io::Error),
}

/// Whether the connection is inside a transaction, as told after each statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transaction {
    Idle,
    Open,
    /// An error happened inside; everything is refused until it ends.
    Aborted,
}

pub type Row = Vec<Option<String>>;

/// A long script goes out in pieces of this size.
const PIECE: usize = 64 * 1024;

/// What of an answer is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keep {
    All,
    Errors,
}

/// The answer to one message of ours, up to the server's being ready again.
#[derive(Debug, Default)]
pub struct Reply {
    pub rows: Vec<Row>,
    /// Command tags in order: `CREATE TABLE`, `INSERT 0 1`.
    pub tags: Vec<String>,
    pub notices: Vec<Said>,
    /// Channels on which something was heard.
    pub heard: Vec<String>,
    pub error: Option<Said>,
}

impl Reply {
    const EMPTY: Self = Self {
        rows: Vec::new(),
        tags: Vec::new(),
        notices: Vec::new(),
        heard: Vec::new(),
        error: None,
    };

    /// The rows; an error of the server is an error here.
    pub fn rows(self) -> Result<Vec<Row>, WireError> {
        match self.error {
            Some(said) => Err(WireError::Server(Box::new(said))),
            None => Ok(self.rows),
        }
    }
}

/// What a running script shows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// So many bytes of it are on their way.
    Sent(usize),
    /// A statement ended, with its tag.
    Finished(&'a str),
}

/// A signed-in connection.
#[derive(Debug)]
pub struct Wire {
    pub(super) place: Place,
    pub(super) stream: TlsStream<TcpStream>,
    pub(super) incoming: BytesMut,
    /// From `BackendKeyData`: PostgreSQL's process, or a number that PgBouncer made up.
    pub process_id: i32,
    pub parameters: Vec<(String, String)>,
    pub transaction: Transaction,
}

/// The addresses of a host.
pub async fn resolve(host: &str, port: u16, limit: Duration) -> Result<Vec<SocketAddr>, WireError> {
    let found = within(limit, async {
        tokio::net::lookup_host((host, port)).await.map_err(WireError::Name)
    })
    .await?;
    let addresses: Vec<SocketAddr> = found.collect();
    if addresses.is_empty() {
        return Err(WireError::Name(io::Error::new(
            io::ErrorKind::NotFound,
            "the name has no address",
        )));
    }
    Ok(addresses)
}

/// The first address that takes a connection. One that does not answer leaves time for the next.
pub async fn dial(addresses: &[SocketAddr], limit: Duration) -> Result<TcpStream, WireError> {
    let each = limit / u32::try_from(addresses.len()).unwrap_or(1).max(1);
    let mut last = WireError::Unanswered(limit);
    for address in addresses {
        let began = Instant::now();
        match tokio::time::timeout(each, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Small messages go out at once; an error only costs time.
                stream.set_nodelay(true).ok();
                return Ok(stream);
            }
            Ok(Err(err)) => last = WireError::Dial(err, began.elapsed()),
            Err(_elapsed) => last = WireError::Unanswered(limit),
        }
    }
    Err(last)
}

/// Asks for TLS and does the handshake; the certificate is checked where an authority is given.
pub async fn encrypt(
    mut tcp: TcpStream,
    host: &str,
    ca: Option<&str>,
    limit: Duration,
) -> Result<TlsStream<TcpStream>, WireError> {
    // Before anything is sent: without an authority that can be read there is nothing to talk about.
    let config = tls::config(ca);
    within(limit, async {
        let config = config.map_err(WireError::Authority)?;
        let mut request = BytesMut::new();
        frontend::ssl_request(&mut request);
        tcp.write_all(&request).await.map_err(WireError::Broken)?;
        match tcp.read_u8().await {
            Ok(b'S') => {}
            Ok(b'N') => return Err(WireError::NoTls),
            Ok(other) => return Err(WireError::NotPostgres(other)),
            Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(WireError::Closed);
            }
            Err(err) => return Err(WireError::Broken(err)),
        }
        let name = ServerName::try_from(host.to_owned())
            .map_err(|err| WireError::Tls(io::Error::new(io::ErrorKind::InvalidInput, err)))?;
        TlsConnector::from(Arc::new(config)).connect(name, tcp).await.map_err(WireError::Tls)
    })
    .await
}

/// A deadline for anything on the wire.
pub async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, WireError>>,
) -> Result<T, WireError> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(WireError::Silent(limit)))
}

impl Wire {
    /// One or several statements as one simple query: PostgreSQL makes them one transaction.
    pub async fn run(&mut self, sql: &str) -> Result<Reply, WireError> {
        self.exchange(sql, |buffer| frontend::query(sql, buffer)).await
    }

    /// The same for a script of any length, which is sent without being copied. Its rows and tags are not kept.
    pub async fn script(
        &mut self,
        sql: &str,
        mut heard: impl FnMut(Heard<'_>) + Send,
    ) -> Result<Reply, WireError> {
        let mut told = history::sent(&self.place, sql);
        let reply = match self.send_query(sql, &mut heard).await {
            Ok(()) => self.answer(Keep::Errors, &mut heard).await,
            Err(err) => Err(err),
        };
        if let Some(told) = &mut told {
            told.ended(end_of_reply(&reply, false));
        }
        reply
    }

    /// `Query` as the protocol has it: a letter, a length that counts itself, the text, a zero.
    async fn send_query(
        &mut self,
        sql: &str,
        heard: &mut (impl FnMut(Heard<'_>) + Send),
    ) -> Result<(), WireError> {
        let length = i32::try_from(sql.len() + 5).map_err(|_too_long| {
            WireError::Broken(io::Error::other("the script is longer than a message can be"))
        })?;
        let mut outgoing = BytesMut::with_capacity(PIECE + 5);
        outgoing.put_u8(b'Q');
        outgoing.put_i32(length);
        let mut sent = 0;
        for piece in sql.as_bytes().chunks(PIECE) {
            outgoing.extend_from_slice(piece);
            sent += piece.len();
            if sent < sql.len() {
                self.send(&outgoing).await?;
                outgoing.clear();
                heard(Heard::Sent(sent));
            }
        }
        outgoing.put_u8(0);
        self.send(&outgoing).await
    }

    /// Several simple queries in one go; one reply each. A later one runs also where an earlier one is refused.
    pub async fn run_each<const N: usize>(
        &mut self,
        sql: [&str; N],
    ) -> Result<[Reply; N], WireError> {
        let mut outgoing = BytesMut::new();
        for one in sql {
            frontend::query(one, &mut outgoing).map_err(WireError::Broken)?;
        }
        let mut told = sql.map(|one| history::sent(&self.place, one));
        self.send(&outgoing).await?;
        let mut replies = [const { Reply::EMPTY }; N];
        for (reply, told) in replies.iter_mut().zip(&mut told) {
            let answer = self.answer(Keep::All, &mut |_| ()).await;
            if let Some(mut told) = told.take() {
                told.ended(end_of_reply(&answer, true));
            }
            *reply = answer?;
        }
        Ok(replies)
    }

    /// The rows of a statement; an error of the server is an error here.
    pub async fn rows(&mut self, sql: &str) -> Result<Vec<Row>, WireError> {
        self.run(sql).await?.rows()
    }

    /// Prepares a named statement at the protocol's level.
    pub(super) async fn prepare(&mut self, name: &str, sql: &str) -> Result<Reply, WireError> {
        self.exchange(&format!("prepare {name} as {sql}"), |buffer| {
            frontend::parse(name, sql, std::iter::empty(), buffer)?;
            frontend::sync(buffer);
            Ok(())
        })
        .await
    }

    /// Prepares `sql` under `name`, asks `question` on the same connection and forgets the name again, in one breath:
    /// no pooler lends another connection before it is over.
    pub(super) async fn prepare_and_ask(
        &mut self,
        name: &str,
        sql: &str,
        question: &str,
    ) -> Result<Reply, WireError> {
        self.exchange(&format!("prepare {name} as {sql};\n{question}"), |buffer| {
            frontend::parse(name, sql, std::iter::empty(), buffer)?;
            frontend::parse("", question, std::iter::empty(), buffer)?;
            execute("", buffer)?;
            frontend::close(b'S', name, buffer)?;
            frontend::sync(buffer);
            Ok(())
        })
        .await
    }

    /// Runs what was prepared under `name`.
    pub(super) async fn execute(&mut self, name: &str) -> Result<Reply, WireError> {
        self.exchange(&format!("execute {name}"), |buffer| {
            execute(name, buffer)?;
            frontend::sync(buffer);
            Ok(())
        })
        .await
    }

    /// `sql` is what the history tells of it.
    async fn exchange(
        &mut self,
        sql: &str,
        fill: impl FnOnce(&mut BytesMut) -> io::Result<()>,
    ) -> Result<Reply, WireError> {
        let mut outgoing = BytesMut::new();
        fill(&mut outgoing).map_err(WireError::Broken)?;
        let mut told = history::sent(&self.place, sql);
        let reply = match self.send(&outgoing).await {
            Ok(()) => self.answer(Keep::All, &mut |_| ()).await,
            Err(err) => Err(err),
        };
        if let Some(told) = &mut told {
            told.ended(end_of_reply(&reply, true));
        }
        reply
    }

    async fn answer(
        &mut self,
        keep: Keep,
        heard: &mut (impl FnMut(Heard<'_>) + Send),
    ) -> Result<Reply, WireError> {
        let mut reply = Reply::EMPTY;
        loop {
            match self.receive().await? {
                Message::DataRow(_) if keep == Keep::Errors => {}
                Message::DataRow(row) => {
                    let buffer = row.buffer();
                    let cells = row.ranges().map(|range| {
                        Ok(range
                            .and_then(|range| buffer.get(range))
                            .map(|cell| String::from_utf8_lossy(cell).into_owned()))
                    });
                    reply.rows.push(cells.collect().map_err(WireError::Broken)?);
                }
                Message::CommandComplete(complete) => {
                    let tag = complete.tag().map_err(WireError::Broken)?;
                    heard(Heard::Finished(tag));
                    if keep == Keep::All {
                        reply.tags.push(tag.to_owned());
                    }
                }
                Message::NoticeResponse(_) if keep == Keep::Errors => {}
                Message::NoticeResponse(notice) => reply.notices.push(said(notice.fields())),
                Message::NotificationResponse(told) => {
                    reply.heard.push(told.channel().map_err(WireError::Broken)?.to_owned());
                }
                Message::ErrorResponse(error) => {
                    let error = said(error.fields());
                    if matches!(error.severity.as_str(), "FATAL" | "PANIC") {
                        return Err(WireError::Server(Box::new(error)));
                    }
                    // The first error explains; later ones only follow from it.
                    reply.error.get_or_insert(error);
                }
                Message::CopyInResponse(_) => {
                    let mut fail = BytesMut::new();
                    frontend::copy_fail("rows from standard input are not supported", &mut fail)
                        .map_err(WireError::Broken)?;
                    self.send(&fail).await?;
                }
                Message::ReadyForQuery(ready) => {
                    self.transaction = match ready.status() {
                        b'I' => Transaction::Idle,
                        b'T' => Transaction::Open,
                        _ => Transaction::Aborted, // the protocol knows only 'E' besides
                    };
                    return Ok(reply);
                }
                _ => {} // row descriptions, parse and close completions, parameters: nothing to do
            }
        }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        let sent = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match sent.await {
            Ok(()) => Ok(()),
            Err(err) => Err(self.last_words().await.unwrap_or(WireError::Broken(err))),
        }
    }

    /// What the server said before it closed: a restart and an ended session explain themselves.
    async fn last_words(&mut self) -> Option<WireError> {
        let read = async {
            loop {
                match self.receive().await {
                    Ok(Message::ErrorResponse(error)) => {
                        return Some(WireError::Server(Box::new(said(error.fields()))));
                    }
                    Ok(_) => {} // what it sent before
                    Err(_gone) => return None,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(1), read).await.unwrap_or(None)
    }

    pub(super) async fn receive(&mut self) -> Result<Message, WireError> {
        loop {
            if let Some(message) = Message::parse(&mut self.incoming).map_err(WireError::Broken)? {
                return Ok(message);
            }
            match self.stream.read_buf(&mut self.incoming).await {
                Ok(0) => return Err(WireError::Closed),
                Ok(_) => {}
                // Servers seldom say goodbye at the level of TLS.
                Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(WireError::Closed);
                }
                Err(err) => return Err(WireError::Broken(err)),
            }
        }
    }

    /// Says goodbye; nothing depends on its arrival.
    pub async fn close(mut self) {
        let mut goodbye = BytesMut::new();
        frontend::terminate(&mut goodbye);
        let farewell = async {
            self.send(&goodbye).await.ok();
            self.stream.shutdown().await.ok();
        };
        tokio::time::timeout(Duration::from_secs(1), farewell).await.ok();
        self.incoming.advance(self.incoming.len());
    }

    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Runs a prepared statement without parameters; its rows come as text.
fn execute(name: &str, buffer: &mut BytesMut) -> io::Result<()> {
    let no_values = std::iter::empty::<()>();
    frontend::bind("", name, [], no_values, |(), _| Ok(IsNull::Yes), [], buffer).map_err(
        |err| match err {
            BindError::Conversion(err) => io::Error::other(err),
            BindError::Serialization(err) => err,
        },
    )?;
    frontend::execute("", 0, buffer)
}

/// Every field of an error or notice. Values that are not UTF-8 are shown as well as can be.
pub(super) fn said(mut fields: ErrorFields<'_>) -> Said {
    let mut said = Said::default();
    while let Ok(Some(field)) = fields.next() {
        let value = String::from_utf8_lossy(field.value_bytes()).into_owned();
        match field.type_() {
            // `V` is never translated; PgBouncer sends only `S`.
            b'V' => said.severity = value,
            b'S' if said.severity.is_empty() => said.severity = value,
            b'C' => said.sqlstate = value,
            b'M' => said.message = value,
            b'D' => said.detail = Some(value),
            b'H' => said.hint = Some(value),
            b'P' => said.position = value.parse().ok(),
            b'R' => said.routine = Some(value),
            _ => {} // schema, table, file and line of the server's source: not for people
        }
    }
    said
}
