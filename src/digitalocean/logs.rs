//! The log of an app's component. It lies on another host, which the account names and the token never goes to.

use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::{
    digitalocean::{
        answer::Head,
        client::{Client, Recording, on_this_computer},
        error::{ApiError, Failure},
        wire::or_default,
    },
    domain::{
        app_spec::AppId,
        log::Spot,
        operation::{Method, Operation},
    },
};

/// More than that is not read; what was read by then counts.
const MOST_BYTES: usize = 4 << 20;
/// The end that is kept: hundreds of lines.
const KEPT_BYTES: usize = 64 << 10;
/// A log that is still written to may never end.
const LONGEST: Duration = Duration::from_secs(5);

/// Where a log is. Holds a signature: whoever knows the whole address may read the log.
#[derive(Clone, PartialEq, Eq)]
pub struct LogAddress(String);

impl std::fmt::Debug for LogAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogAddress({})", self.shown())
    }
}

impl LogAddress {
    /// Without what stands behind the path.
    fn shown(&self) -> &str {
        self.0.split(['?', '#']).next().unwrap_or_default()
    }
}

/// The end of a log, as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogEnd {
    pub bytes: Vec<u8>,
    /// What came before it was left out.
    pub cut: bool,
}

#[derive(Deserialize)]
struct Addresses {
    #[serde(default, deserialize_with = "or_default")]
    live_url: String,
    #[serde(default, deserialize_with = "or_default")]
    historic_urls: Vec<String>,
}

impl Client {
    /// `None` while there is no log, or none that may be read from here.
    pub async fn find_log(
        &self,
        app: &AppId,
        deployment: &str,
        spot: &Spot,
    ) -> Result<Option<LogAddress>, ApiError> {
        let operation = Operation::FindLog(app.clone(), deployment.to_owned(), spot.clone());
        let found: Addresses = self.read(operation, None).await?;
        let all = std::iter::once(found.live_url).chain(found.historic_urls);
        Ok(all.into_iter().find(|url| self.may_be_read(url)).map(LogAddress))
    }

    /// Encrypted, or practice's own. No name and password in front of the host: it could pass for another.
    fn may_be_read(&self, url: &str) -> bool {
        let is_ours = on_this_computer(&self.base) && on_this_computer(url);
        let authority = url.split("://").nth(1).and_then(|rest| rest.split('/').next());
        (url.starts_with("https://") || is_ours) && !authority.unwrap_or_default().contains('@')
    }

    /// Reads the end of a log, without the token.
    pub async fn read_log(&self, address: &LogAddress) -> Result<LogEnd, Failure> {
        let path = address.shown().to_owned();
        let mut recording = Recording::begin(self, Method::Get, path, None);
        let limit = self.limit.min(LONGEST);
        let until = Instant::now() + limit;
        let asked = self.http.get(&address.0).timeout(limit).send().await;
        let mut answer = asked.map_err(|err| Failure::of(err, limit))?;
        let status = answer.status().as_u16();
        recording.answered(status, &Head::default());
        if status != 200 {
            return Err(Failure::Redirected(status));
        }
        let mut end = LogEnd::default();
        let mut read = 0;
        // What arrived in time is worth showing, however the rest ends.
        while Instant::now() < until
            && read < MOST_BYTES
            && let Ok(Some(part)) = answer.chunk().await
        {
            read += part.len();
            end.bytes.extend_from_slice(&part);
            if 2 * KEPT_BYTES < end.bytes.len() {
                end.bytes.drain(..end.bytes.len() - KEPT_BYTES);
                end.cut = true;
            }
        }
        Ok(end)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::domain::{secret::Secret, timing::Timing};

    #[test]
    fn only_an_encrypted_address_is_read_or_practices_own() {
        crate::safety::one_tls_provider();
        let client = |base: &str| {
            Client::new(
                base,
                &crate::domain::proxy::Proxy::System,
                &Secret::new("t"),
                &Timing::default(),
                mpsc::channel(1).0,
            )
            .unwrap()
        };
        let (real, practice) = (client("https://api.example"), client("http://127.0.0.1:9"));
        for (url, really, in_practice) in [
            ("https://logs.example/a?sig=1", true, true),
            ("http://logs.example/a", false, false),
            ("http://127.0.0.1:80/a", false, true),
            ("https://logs.example@127.0.0.1/a", false, false),
            ("wss://logs.example/a", false, false),
            ("file:///etc/passwd", false, false),
            ("", false, false),
        ] {
            assert_eq!(real.may_be_read(url), really, "{url}");
            assert_eq!(practice.may_be_read(url), in_practice, "{url}");
        }
    }

    #[test]
    fn the_signature_of_an_address_is_never_shown() {
        let address = LogAddress("https://logs.example/a?sig=canary".to_owned());
        assert_eq!(format!("{address:?}"), "LogAddress(https://logs.example/a)");
    }
}
