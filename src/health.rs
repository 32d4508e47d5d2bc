//! Requests to the app's own health address: does it answer, how fast.

use std::time::{Duration, Instant};

use crate::domain::problem::Problem;

/// Longer than this is no answer.
const LIMIT: Duration = Duration::from_secs(2);

/// What one request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// A status from 200 to 299 arrived in time.
    pub well: bool,
    pub took: Duration,
}

#[derive(Clone, Debug)]
pub struct Health {
    client: reqwest::Client,
    url: reqwest::Url,
}

impl Health {
    pub fn new(url: &str) -> Result<Self, Problem> {
        let bad = |why: String| {
            Problem::new(
                "health address",
                format!("The health address {url} is not accepted."),
                why,
            )
            .hint("Correct the address or leave it empty")
        };
        let parsed =
            reqwest::Url::parse(url).map_err(|err| bad(format!("It is no web address: {err}.")))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(bad("It has to start with http:// or https://.".to_owned()));
        }
        let client = reqwest::Client::builder()
            .timeout(LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("poolwright/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|err| bad(format!("No web client could be made: {err}.")))?;
        Ok(Self { client, url: parsed })
    }

    pub async fn ask(&self) -> Answer {
        let began = Instant::now();
        let sent = self.client.get(self.url.clone()).send().await;
        let well = sent.is_ok_and(|answer| answer.status().is_success());
        Answer { well, took: began.elapsed() }
    }
}
