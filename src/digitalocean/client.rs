//! Sends an operation: the token to one host only, questions repeated where that helps, every request recorded.

use std::{
    fmt,
    net::IpAddr,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use reqwest::{
    Response,
    header::{AUTHORIZATION, HeaderValue},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::{
    digitalocean::{
        answer::{Answer, Head, LARGEST, refusal},
        budget::Budget,
        error::{ApiError, Failure},
        retry::{self, Waits},
    },
    domain::{
        mask,
        operation::{Method, Operation},
        proxy::Proxy,
        record::Exchange,
        secret::Secret,
        timing::Timing,
    },
    web,
};

#[derive(Clone)]
pub struct Client {
    /// Without the token: each request to the account adds it.
    pub(super) http: reqwest::Client,
    pub(super) base: String,
    bearer: HeaderValue,
    pub(super) limit: Duration,
    waits: Waits,
    budget: Budget,
    exchanges: mpsc::Sender<Exchange>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the token has characters that no token has")]
    Token,
    /// The token would travel in clear.
    #[error("the address of the account is not encrypted: {0}")]
    Base(String),
    #[error("no encrypted connections can be made")]
    Tls(#[source] reqwest::Error),
}

impl Client {
    /// `base` is where every request goes, without a slash at its end. Each request is reported to `exchanges`.
    pub fn new(
        base: &str,
        proxy: &Proxy,
        token: &Secret,
        timing: &Timing,
        exchanges: mpsc::Sender<Exchange>,
    ) -> Result<Self, ClientError> {
        let on_this_computer = on_this_computer(base);
        if !base.starts_with("https://") && !on_this_computer {
            return Err(ClientError::Base(base.to_owned()));
        }
        // The header is what the token is for; `sensitive` keeps it out of every Debug and of header compression.
        let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {}", token.expose())) else {
            return Err(ClientError::Token);
        };
        bearer.set_sensitive(true);
        let way = if on_this_computer { &Proxy::Straight } else { proxy };
        let http = web::client(way).and_then(|client| {
            client
                .timeout(timing.request)
                .connect_timeout(timing.connect)
                .retry(reqwest::retry::never())
                .build()
        });
        Ok(Self {
            http: http.map_err(ClientError::Tls)?,
            base: base.to_owned(),
            bearer,
            limit: timing.request,
            waits: Waits { first: timing.retry.0, longest: timing.retry.1 },
            budget: Budget::default(),
            exchanges,
        })
    }

    /// Draws on this budget, which other clients of the same token draw on too.
    pub fn within(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Sends and reads the answer as `T`.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        operation: Operation,
        body: Option<&Value>,
    ) -> Result<T, ApiError> {
        let read = match self.send(&operation, body).await {
            Ok(answer) => answer.json(),
            Err(failure) => Err(failure),
        };
        read.map_err(|failure| ApiError { operation, failure })
    }

    /// Sends where the answer has no body that matters.
    pub(super) async fn order(
        &self,
        operation: Operation,
        body: Option<&Value>,
    ) -> Result<(), ApiError> {
        match self.send(&operation, body).await {
            Ok(_) => Ok(()),
            Err(failure) => Err(ApiError { operation, failure }),
        }
    }

    async fn send(&self, operation: &Operation, body: Option<&Value>) -> Result<Answer, Failure> {
        let only_asks = operation.method().only_asks();
        let mut tries = 0;
        loop {
            tries += 1;
            self.room(operation).await;
            let mut recording = Recording::of(self, operation, body);
            let failure = match self.once(operation, body, &mut recording).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let Some(wait) = retry::wait(&failure, only_asks, tries, self.waits, dice()) else {
                return Err(failure);
            };
            tracing::info!(%operation, %failure, ?wait, "will be sent again");
            recording.again_in(wait);
            drop(recording);
            tokio::time::sleep(wait).await;
        }
    }

    /// Waits until the budget has room, and says so where it has none.
    async fn room(&self, operation: &Operation) {
        while let Err(wait) = self.budget.take(Instant::now()) {
            tracing::info!(%operation, ?wait, "the budget of the token is used up");
            Recording::of(self, operation, None).again_in(wait);
            tokio::time::sleep(wait).await;
        }
    }

    async fn once(
        &self,
        operation: &Operation,
        body: Option<&Value>,
        recording: &mut Recording<'_>,
    ) -> Result<Answer, Failure> {
        let path = operation.path();
        let method = match operation.method() {
            Method::Get => reqwest::Method::GET,
            Method::PostQuestion | Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.header(AUTHORIZATION, self.bearer.clone());
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|err| Failure::of(err, self.limit))?;
        let status = answer.status().as_u16();
        let head = Head::read(answer.headers(), Timestamp::now());
        recording.answered(status, &head);
        let body = self.body(answer).await?;
        match status {
            200..300 => Ok(Answer { body }),
            300..400 => Err(Failure::Redirected(status)),
            _ => {
                let refusal = refusal(status, &body, head);
                recording.named(refusal.request_id.as_ref());
                Err(Failure::Refused(refusal))
            }
        }
    }

    async fn body(&self, mut answer: Response) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|err| Failure::of(err, self.limit))? {
            if LARGEST < body.len() + part.len() {
                return Err(Failure::TooLarge(LARGEST));
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }
}

/// Reports a request however it ends, also when nobody waits for its answer any more.
pub(super) struct Recording<'a> {
    exchanges: &'a mpsc::Sender<Exchange>,
    began: Instant,
    exchange: Option<Exchange>,
}

impl<'a> Recording<'a> {
    fn of(client: &'a Client, operation: &Operation, body: Option<&Value>) -> Self {
        let body = body.map(mask::body);
        Self::begin(client, operation.method(), operation.path(), body)
    }

    pub(super) fn begin(
        client: &'a Client,
        method: Method,
        path: String,
        body: Option<String>,
    ) -> Self {
        let exchange = Exchange {
            at: Timestamp::now(),
            method: method.name().to_owned(),
            path,
            body,
            status: None,
            took: Duration::ZERO,
            request_id: None,
            rate_left: None,
            again_in: None,
        };
        Self { exchanges: &client.exchanges, began: Instant::now(), exchange: Some(exchange) }
    }

    pub(super) fn answered(&mut self, status: u16, head: &Head) {
        if let Some(exchange) = &mut self.exchange {
            exchange.status = Some(status);
            exchange.request_id.clone_from(&head.request_id);
            exchange.rate_left = head.rate_left;
        }
    }

    fn again_in(&mut self, wait: Duration) {
        if let Some(exchange) = &mut self.exchange {
            exchange.again_in = Some(wait);
        }
    }

    /// The id that the body gives.
    fn named(&mut self, request_id: Option<&String>) {
        if let (Some(exchange), Some(id)) = (&mut self.exchange, request_id) {
            exchange.request_id = Some(id.clone());
        }
    }
}

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        if let Some(mut exchange) = self.exchange.take() {
            exchange.took = self.began.elapsed();
            // Full or gone: nobody has read the history for dozens of requests.
            self.exchanges.try_send(exchange).ok();
        }
    }
}

/// Practice's account: plain HTTP over loopback, where no proxy has a place.
pub fn on_this_computer(base: &str) -> bool {
    base.strip_prefix("http://")
        .and_then(|rest| rest.split(['/', ':']).next())
        .and_then(|host| host.parse::<IpAddr>().ok())
        .is_some_and(|address| address.is_loopback())
}

/// From 0 to 1.
fn dice() -> f64 {
    let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
    f64::from(u32::try_from(random >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(base: &str, token: &str) -> Result<Client, ClientError> {
        crate::safety::one_tls_provider();
        Client::new(
            base,
            &Proxy::System,
            &Secret::new(token),
            &Timing::default(),
            mpsc::channel(1).0,
        )
    }

    #[test]
    fn the_token_travels_in_clear_on_this_computer_only() {
        for base in ["http://api.digitalocean.com", "http://127.0.0.1.example", "ftp://127.0.0.1"] {
            assert!(matches!(client(base, "dop_v1_x"), Err(ClientError::Base(_))), "{base}");
        }
        for base in ["https://api.digitalocean.com", "http://127.0.0.1:8080"] {
            assert_eq!(
                client(base, "dop_v1_x").map(|client| client.base).ok().as_deref(),
                Some(base)
            );
        }
    }

    #[tokio::test]
    async fn another_host_is_not_asked_what_is_not_described() {
        let elsewhere = client("https://api.invalid", "dop_v1_x").unwrap();
        assert_eq!(elsewhere.token_info().await.unwrap(), None, "a request would have failed");
    }

    #[test]
    fn no_debug_shows_the_token() {
        let client = client("https://api.digitalocean.com", "dop_v1_canary").unwrap();
        assert!(!format!("{client:?} {:?}", client.bearer).contains("canary"));
    }

    #[test]
    fn a_token_that_no_header_can_hold_is_refused_without_being_shown() {
        let err = client("https://api.digitalocean.com", "canary\n").unwrap_err();
        assert!(matches!(err, ClientError::Token));
        assert!(!format!("{err:?} {err}").contains("canary"));
    }
}
