//! Start-up and SCRAM over an encrypted stream, up to the accepted password and from there to the first "ready".

use bytes::BytesMut;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::{
    authentication::{
        md5_hash,
        sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256},
    },
    message::{backend::Message, frontend},
};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::{
    domain::{activity::OURS, conn_url::ConnUrl, record::Place},
    postgres::wire::{Transaction, Wire, WireError, said},
};

/// More rounds than any server asks for would keep this computer busy for minutes.
const MOST_ROUNDS: u32 = 1_000_000;

/// Signs in up to the accepted password. `verified`: the server's certificate proved who it is.
pub(super) async fn authenticate(
    stream: TlsStream<TcpStream>,
    url: &ConnUrl,
    verified: bool,
) -> Result<Wire, WireError> {
    let mut wire = Wire {
        place: Place::of(url),
        stream,
        incoming: BytesMut::with_capacity(4096),
        process_id: 0,
        parameters: Vec::new(),
        transaction: Transaction::Idle,
    };
    start_up(&mut wire, url).await?;
    prove(&mut wire, url, verified).await?;
    Ok(wire)
}

async fn start_up(wire: &mut Wire, url: &ConnUrl) -> Result<(), WireError> {
    let parameters = [
        ("user", url.user.as_str()),
        ("database", url.database.as_str()),
        ("application_name", OURS),
        ("client_encoding", "UTF8"),
    ];
    // Every libpq client sends these along, so the test has to.
    let options = url.parameter("options").map(|options| ("options", options));
    let parameters = parameters.into_iter().chain(options);
    let mut message = BytesMut::new();
    frontend::startup_message(parameters, &mut message).map_err(WireError::Broken)?;
    wire.send(&message).await
}

async fn prove(wire: &mut Wire, url: &ConnUrl, verified: bool) -> Result<(), WireError> {
    // Needed to answer the server's challenge.
    let password = url.password.as_ref().map_or("", |password| password.expose()).as_bytes();
    loop {
        match wire.receive().await? {
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationSasl(body) => {
                let offered = body
                    .mechanisms()
                    .any(|name| Ok(name == SCRAM_SHA_256))
                    .map_err(WireError::Broken)?;
                if !offered {
                    return Err(WireError::Method);
                }
                return scram(wire, password).await;
            }
            Message::AuthenticationMd5Password(_) if !verified => {
                return Err(WireError::BarePassword("MD5-hashed"));
            }
            Message::AuthenticationCleartextPassword if !verified => {
                return Err(WireError::BarePassword("plain"));
            }
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(url.user.as_bytes(), password, body.salt());
                answer(wire, hash.as_bytes()).await?;
            }
            Message::AuthenticationCleartextPassword => answer(wire, password).await?,
            Message::ErrorResponse(error) => {
                return Err(WireError::Server(Box::new(said(error.fields()))));
            }
            Message::NoticeResponse(_) => {}
            _ => return Err(WireError::Method), // Kerberos and its relatives
        }
    }
}

async fn answer(wire: &mut Wire, password: &[u8]) -> Result<(), WireError> {
    let mut message = BytesMut::new();
    frontend::password_message(password, &mut message).map_err(WireError::Broken)?;
    wire.send(&message).await
}

async fn scram(wire: &mut Wire, password: &[u8]) -> Result<(), WireError> {
    let mut scram = ScramSha256::new(password, ChannelBinding::unsupported());
    let mut message = BytesMut::new();
    frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut message)
        .map_err(WireError::Broken)?;
    wire.send(&message).await?;
    loop {
        match wire.receive().await? {
            Message::AuthenticationSaslContinue(body) => {
                if rounds(body.data()).is_none_or(|rounds| MOST_ROUNDS < rounds) {
                    return Err(WireError::Method);
                }
                scram.update(body.data()).map_err(WireError::Broken)?;
                let mut message = BytesMut::new();
                frontend::sasl_response(scram.message(), &mut message)
                    .map_err(WireError::Broken)?;
                wire.send(&message).await?;
            }
            Message::AuthenticationSaslFinal(body) => {
                return scram.finish(body.data()).map_err(WireError::Broken);
            }
            Message::ErrorResponse(error) => {
                return Err(WireError::Server(Box::new(said(error.fields()))));
            }
            Message::NoticeResponse(_) => {}
            _ => return Err(WireError::Method), // nothing else belongs into this exchange
        }
    }
}

/// `i` of `r=…,s=…,i=4096`.
fn rounds(challenge: &[u8]) -> Option<u32> {
    let challenge = std::str::from_utf8(challenge).ok()?;
    challenge.split(',').find_map(|part| part.strip_prefix("i="))?.parse().ok()
}

/// From the accepted password to the first "ready": the pool or database was found, and answers.
pub(super) async fn until_ready(wire: &mut Wire) -> Result<(), WireError> {
    loop {
        match wire.receive().await? {
            Message::BackendKeyData(key) => wire.process_id = key.process_id(),
            Message::ParameterStatus(parameter) => {
                let name = parameter.name().map_err(WireError::Broken)?.to_owned();
                let value = parameter.value().map_err(WireError::Broken)?.to_owned();
                wire.parameters.push((name, value));
            }
            Message::ErrorResponse(error) => {
                return Err(WireError::Server(Box::new(said(error.fields()))));
            }
            Message::ReadyForQuery(_) => return Ok(()),
            _ => {} // the last word about the password, and notices
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rounds_that_a_server_asks_for_are_read() {
        assert_eq!(rounds(b"r=abc,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"), Some(4096));
        assert_eq!(rounds(b"r=abc,s=x,i=99999999999"), None);
        assert_eq!(rounds(b"r=abc"), None);
    }
}
