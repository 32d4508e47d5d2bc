//! How a request can end badly. No text in here holds a secret, and none comes from a body that could.

use std::{fmt, io, time::Duration};

use crate::domain::operation::Operation;

/// An operation that did not end well, and why.
#[derive(Debug, thiserror::Error)]
#[error("unable to {operation}")]
pub struct ApiError {
    pub operation: Operation,
    #[source]
    pub failure: Failure,
}

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No connection was made, so nothing was sent.
    #[error("no connection: {reason}")]
    Unreachable {
        reason: Reason,
        #[source]
        source: reqwest::Error,
    },
    #[error("no whole answer within {0:?}")]
    Silent(Duration),
    /// The connection ended after the request was sent, or while it was.
    #[error("the connection ended before the answer was complete")]
    Broken(#[source] reqwest::Error),
    #[error("{0}")]
    Refused(Refusal),
    /// The token goes to the API's own host only.
    #[error("the answer points to another address, HTTP {0}")]
    Redirected(u16),
    /// A web page or plain text where JSON was due; with its title, where it has one.
    #[error("the answer is not JSON")]
    NotJson { title: Option<String> },
    /// JSON that breaks off.
    #[error("the answer breaks off after {0} bytes")]
    Half(usize),
    /// JSON, but not as the API describes it. Never the value: it may be a password.
    #[error("the answer has another form than the API describes: {0}")]
    Unexpected(String),
    #[error("the answer is larger than {} MiB", .0 / (1024 * 1024))]
    TooLarge(usize),
}

/// A status of 400 and above.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    /// The API's word, `unauthorized`; `None` where something else than the API answered.
    pub id: Option<String>,
    /// The provider's sentence, or the title of a web page.
    pub message: Option<String>,
    pub request_id: Option<String>,
    /// How long the provider asks us to wait.
    pub wait: Option<Duration>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if let Some(id) = &self.id {
            write!(f, " {id}")?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        Ok(())
    }
}

/// Why no connection was made, as far as the chain of errors tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("the name was not found")]
    Name,
    #[error("it was refused")]
    Refused,
    #[error("no answer")]
    Silent,
    #[error("the certificate's authority is not known")]
    Authority,
    #[error("the certificate was not accepted")]
    Certificate,
    #[error("the proxy refused")]
    Proxy,
    #[error("the network")]
    Network,
}

impl ApiError {
    pub fn status(&self) -> Option<u16> {
        match &self.failure {
            Failure::Refused(refusal) => Some(refusal.status),
            _ => None, // no other failure is an answer with a status of its own
        }
    }

    /// The token lacks the scope, or the role behind it the right.
    pub fn forbidden(&self) -> bool {
        self.status() == Some(403)
    }

    pub fn not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// Something may have been changed although no clear answer came.
    pub fn outcome_unknown(&self) -> bool {
        !self.operation.method().only_asks() && !self.failure.nothing_was_done()
    }

    /// Asking once more later may help.
    pub fn passing(&self) -> bool {
        self.failure.passing()
    }
}

impl Failure {
    /// The request did not arrive, or the answer says that it was not carried out.
    pub fn nothing_was_done(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Redirected(_) => true,
            Self::Refused(refusal) => refusal.status < 500,
            Self::Silent(_)
            | Self::Broken(_)
            | Self::NotJson { .. }
            | Self::Half(_)
            | Self::Unexpected(_)
            | Self::TooLarge(_) => false,
        }
    }

    /// The cause lies in the network or the provider and may be gone in a moment.
    pub fn passing(&self) -> bool {
        match self {
            Self::Unreachable { reason, .. } => match reason {
                Reason::Name | Reason::Refused | Reason::Silent | Reason::Network => true,
                Reason::Authority | Reason::Certificate | Reason::Proxy => false,
            },
            Self::Silent(_) | Self::Broken(_) | Self::Half(_) => true,
            Self::Refused(refusal) => refusal.status == 429 || 500 <= refusal.status,
            Self::Redirected(_)
            | Self::NotJson { .. }
            | Self::Unexpected(_)
            | Self::TooLarge(_) => false,
        }
    }

    /// Sorts an error of the HTTP library. Its URL is left out.
    pub(super) fn of(err: reqwest::Error, limit: Duration) -> Self {
        let source = err.without_url();
        if source.is_connect() {
            let reason = if source.is_timeout() { Reason::Silent } else { reason(&source) };
            Self::Unreachable { reason, source }
        } else if source.is_timeout() {
            Self::Silent(limit)
        } else {
            Self::Broken(source)
        }
    }
}

/// Looks through the chain; `io::Error` hides what it carries from `source`.
fn reason(err: &reqwest::Error) -> Reason {
    let mut link: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(err);
    let mut found = Reason::Network;
    while let Some(cause) = link {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return certificate(tls);
        }
        let said = cause.to_string();
        if said.contains("tunnel") || said.contains("proxy") {
            return Reason::Proxy;
        }
        if said.contains("dns error") || said.contains("lookup address") {
            found = Reason::Name;
        }
        link = match cause.downcast_ref::<io::Error>() {
            Some(io) => {
                match io.kind() {
                    io::ErrorKind::ConnectionRefused => found = Reason::Refused,
                    io::ErrorKind::TimedOut => found = Reason::Silent,
                    _ => {} // the rest is the network's
                }
                io.get_ref().map(|inner| -> &(dyn std::error::Error + 'static) { inner })
            }
            None => cause.source(),
        };
    }
    found
}

fn certificate(err: &rustls::Error) -> Reason {
    match err {
        rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => {
            Reason::Authority
        }
        rustls::Error::InvalidCertificate(_) => Reason::Certificate,
        _ => Reason::Network, // a broken handshake
    }
}
