//! The account on the wire: HTTP on loopback, whose connections can be cut as a network cuts them.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body as HttpBody, Bytes},
    extract::{ConnectInfo, Path, Query, State, connect_info::Connected},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::Response,
    routing::get,
    serve::{IncomingStream, Listener},
};
use futures_util::{StreamExt as _, stream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;

use crate::practice::faults::Fault;

use super::{
    call::{Answer, Body, Request},
    desk::{Handled, Order},
    firewall::THIS_COMPUTER,
    log::{self, Wanted},
};

/// Longer bodies than this no client of ours sends.
const LONGEST_BODY: usize = 4 << 20;

/// Where the two services answer that tell a computer its public address.
pub(super) const ADDRESS_PATHS: [&str; 2] = ["/ip-a", "/ip-b"];

/// Every answer comes after `delay`.
pub(super) async fn serve(listener: TcpListener, desk: mpsc::Sender<Order>, delay: Duration) {
    let address = || async { format!("{THIS_COMPUTER}\n") };
    let [one, two] = ADDRESS_PATHS;
    let router = Router::new()
        .route(one, get(address))
        .route(two, get(address))
        .route(log::PLACE, get(read_log))
        .fallback(receive)
        .with_state(Counter { desk, delay });
    let service = router.into_make_service_with_connect_info::<Cut>();
    // It ends only with the account.
    axum::serve(Cuttable(listener), service).await.ok();
}

/// Where requests are taken in.
#[derive(Clone)]
struct Counter {
    desk: mpsc::Sender<Order>,
    delay: Duration,
}

async fn receive(
    State(Counter { desk, delay }): State<Counter>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    (method, uri): (Method, Uri),
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: HttpBody,
) -> Response {
    let Ok(body) = axum::body::to_bytes(body, LONGEST_BODY).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "too large");
    };
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let request = Request {
        method: method.as_str().to_owned(),
        path: uri.path().to_owned(),
        query,
        token: token.map(str::to_owned),
        body: parsed(&body),
    };
    tokio::time::sleep(delay).await;
    let (reply, handled) = oneshot::channel();
    // A desk that is gone answers nobody.
    desk.send(Order::Handle(request, reply)).await.ok();
    let Ok(Handled { answer, fault }) = handled.await else {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "practice has ended");
    };
    match fault {
        None | Some(Fault::Status { .. } | Fault::DoneAndFailed) => response(&answer),
        Some(Fault::Late(wait)) => {
            tokio::time::sleep(wait).await;
            response(&answer)
        }
        Some(Fault::ClosedBefore | Fault::AnswerLost) => {
            cut.0.cancel();
            plain(StatusCode::OK, "")
        }
        Some(Fault::Page(status)) => page(status),
        Some(Fault::HalfAnswer) => half(&answer),
        Some(Fault::WrongLength) => short(&answer),
        Some(Fault::Endless) => endless(&answer),
    }
}

/// A log's address is all that it takes: a token has no business here.
async fn read_log(
    State(Counter { desk, .. }): State<Counter>,
    Path((app, deployment, component, kind)): Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        return plain(StatusCode::BAD_REQUEST, "a token was sent to a place that takes none");
    }
    let (reply, text) = oneshot::channel();
    let wanted = Wanted { app, deployment, component, kind };
    desk.send(Order::Log(wanted, reply)).await.ok();
    match text.await {
        Ok(Some(text)) => Response::new(HttpBody::from(text)),
        Ok(None) | Err(_) => plain(StatusCode::NOT_FOUND, "no such log"),
    }
}

fn parsed(body: &Bytes) -> Body {
    if body.is_empty() {
        return Body::Empty;
    }
    serde_json::from_slice(body).map_or(Body::NotJson, Body::Json)
}

fn response(answer: &Answer) -> Response {
    let text = answer.body.as_ref().map(ToString::to_string);
    with_head(answer, text.map_or_else(HttpBody::empty, HttpBody::from))
}

/// Announces the whole body and ends in the middle of it.
fn half(answer: &Answer) -> Response {
    let text = answer.body.as_ref().map(ToString::to_string).unwrap_or_default();
    let length = text.len();
    let first = Bytes::from(text).slice(..length / 2);
    let broken = io::Error::from(io::ErrorKind::ConnectionReset);
    let mut response =
        with_head(answer, HttpBody::from_stream(stream::iter([Ok(first), Err(broken)])));
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    response
}

/// Announces less than there is, so that the body ends too early and nobody on the way can tell.
fn short(answer: &Answer) -> Response {
    let mut text = answer.body.as_ref().map(ToString::to_string).unwrap_or_default();
    text.truncate(text.floor_char_boundary(text.len() / 2));
    with_head(answer, text.into())
}

/// A body that begins well and never ends.
fn endless(answer: &Answer) -> Response {
    let mut text = answer.body.as_ref().map(ToString::to_string).unwrap_or_default();
    text.truncate(text.floor_char_boundary(text.len() / 2));
    let blanks = Bytes::from(vec![b' '; 64 << 10]);
    let begin = stream::once(async { Ok::<_, io::Error>(Bytes::from(text)) });
    let body = begin.chain(stream::repeat_with(move || Ok(blanks.clone())));
    let mut response = with_head(answer, HttpBody::from_stream(body));
    if response.status() == StatusCode::NO_CONTENT {
        *response.status_mut() = StatusCode::OK;
    }
    response
}

fn with_head(answer: &Answer, body: HttpBody) -> Response {
    let mut response = Response::builder().status(answer.status);
    if answer.body.is_some() {
        response = response.header(header::CONTENT_TYPE, "application/json; charset=utf-8");
    }
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    response.body(body).unwrap_or_else(|_bad_head| plain(StatusCode::INTERNAL_SERVER_ERROR, ""))
}

/// What stands between a client and the account may answer in its place.
fn page(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut page = plain(status, "<!DOCTYPE html><html><body><h1>Bad gateway</h1></body></html>");
    page.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html"));
    page
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(HttpBody::from(text));
    *response.status_mut() = status;
    response
}

/// Cuts the connection that a request came over.
#[derive(Clone, Debug)]
struct Cut(CancellationToken);

struct Cuttable(TcpListener);

/// A connection that is as dead as a cut cable once it is told to be.
struct Wire {
    stream: TcpStream,
    cut: CancellationToken,
}

impl Listener for Cuttable {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Answers are small and wanted at once.
        stream.set_nodelay(true).ok();
        (Wire { stream, cut: CancellationToken::new() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Cuttable>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Cuttable>) -> Self {
        Self(stream.io().cut.clone())
    }
}

impl Wire {
    fn alive(&self) -> io::Result<()> {
        if self.cut.is_cancelled() { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.alive()?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.alive()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.alive()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
