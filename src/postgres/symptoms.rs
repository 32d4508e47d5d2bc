//! An error of the wire as what was seen.

use std::{io, time::Duration};

use rustls::{CertificateError, Error as TlsError};

use crate::{domain::diagnosis::Symptom, postgres::wire::WireError};

/// What an error of the wire looked like.
pub fn symptom(err: WireError) -> Symptom {
    match err {
        WireError::Name(err) => Symptom::NameUnknown(err.to_string()),
        WireError::Unanswered(limit) => Symptom::DialSilent(limit),
        WireError::Dial(err, took) => dial(&err, took),
        WireError::Silent(limit) => Symptom::Mute(limit),
        WireError::NotPostgres(first) => Symptom::NotPostgres(first),
        WireError::NoTls => Symptom::NoTls,
        WireError::Tls(err) => tls(&err),
        WireError::Authority(err) => Symptom::BadAuthority(err.to_string()),
        WireError::Server(said) => Symptom::Said(*said),
        WireError::Method => Symptom::Method,
        WireError::BarePassword(how) => Symptom::BarePassword(how),
        WireError::Closed => Symptom::Closed,
        WireError::Broken(err) => Symptom::Broken(err.to_string()),
    }
}

fn dial(err: &io::Error, took: Duration) -> Symptom {
    match err.kind() {
        io::ErrorKind::ConnectionRefused => Symptom::Refused,
        // The kernel gave up before we did.
        io::ErrorKind::TimedOut => Symptom::DialSilent(took),
        io::ErrorKind::NetworkUnreachable => Symptom::NoNetwork(err.to_string()),
        _ => Symptom::Unreachable(err.to_string()), // no route to the host, and its relatives
    }
}

fn tls(err: &io::Error) -> Symptom {
    let inner = err.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    let Some(TlsError::InvalidCertificate(certificate)) = inner else {
        return match err.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => Symptom::Closed,
            _ => Symptom::Tls(err.to_string()), // alerts, and settings of ours
        };
    };
    let words = certificate.to_string();
    match certificate {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            Symptom::UnknownAuthority(words)
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Symptom::Expired(words)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Symptom::NotYetValid(words)
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Symptom::WrongName(words)
        }
        _ => Symptom::Tls(words), // revoked, malformed and others
    }
}
