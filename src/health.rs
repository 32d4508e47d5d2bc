//! Requests to the app's own health address: does it answer, with what, how fast.

use std::time::{Duration, Instant};

use crate::{
    domain::{problem::Problem, proxy::Proxy},
    web,
};

/// What one request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `None`: no answer came in time, or the connection broke.
    pub status: Option<u16>,
    pub took: Duration,
}

impl Answer {
    /// A status from 200 to 299.
    pub fn well(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// The app has nothing to serve with. A status below 500 speaks of the address, not of the app.
    pub fn refused(&self) -> bool {
        self.status.is_none_or(|status| 500 <= status)
    }
}

#[derive(Clone, Debug)]
pub struct Health {
    client: reqwest::Client,
    url: reqwest::Url,
}

impl Health {
    /// Longer than `limit` is no answer.
    pub fn new(url: &str, proxy: &Proxy, limit: Duration) -> Result<Self, Problem> {
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
        let client = web::client(proxy)
            .and_then(|client| client.timeout(limit).build())
            .map_err(|err| bad(format!("No web client could be made: {err}.")))?;
        Ok(Self { client, url: parsed })
    }

    pub async fn ask(&self) -> Answer {
        let began = Instant::now();
        let sent = self.client.get(self.url.clone()).send().await;
        let status = sent.ok().map(|answer| answer.status().as_u16());
        Answer { status, took: began.elapsed() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_page_says_nothing_against_the_app_and_silence_does() {
        let of = |status| Answer { status, took: Duration::ZERO };
        let table = [
            (Some(200), true, false),
            (Some(204), true, false),
            (Some(302), false, false),
            (Some(404), false, false),
            (Some(500), false, true),
            (Some(503), false, true),
            (None, false, true),
        ];
        for (status, well, refused) in table {
            assert_eq!((of(status).well(), of(status).refused()), (well, refused), "{status:?}");
        }
    }

    #[test]
    fn only_web_addresses_are_asked() {
        let refusal = |url| {
            Health::new(url, &Proxy::System, Duration::from_secs(1)).err().map(|bad| bad.what)
        };
        let what = "The health address postgresql://db/shop is not accepted.".to_owned();
        assert_eq!(refusal("postgresql://db/shop"), Some(what));
        assert!(refusal("shop.example/health").is_some());
    }
}
