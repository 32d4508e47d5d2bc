//! Start-up and SCRAM over an encrypted stream, with the moment the password was accepted.

use std::time::{Duration, Instant};

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
    domain::{activity::OURS, conn_url::ConnUrl},
    postgres::wire::{Transaction, Wire, WireError, said},
};

/// A signed-in connection and how long its two halves took.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub wire: Wire,
    /// From the first byte to the accepted password.
    pub sign_in: Duration,
    /// From there to the first "ready": the database or pool was found.
    pub target: Duration,
}

/// Why not, and whether the password had been accepted by then.
#[derive(Debug)]
pub(super) struct Refused {
    pub error: WireError,
    pub accepted: bool,
}

pub(super) async fn sign_in(
    stream: TlsStream<TcpStream>,
    url: &ConnUrl,
) -> Result<SignedIn, Refused> {
    let began = Instant::now();
    let mut wire = Wire {
        stream,
        incoming: BytesMut::with_capacity(4096),
        process_id: 0,
        parameters: Vec::new(),
        transaction: Transaction::Idle,
    };
    let early = |error| Refused { error, accepted: false };
    start_up(&mut wire, url).await.map_err(early)?;
    authenticate(&mut wire, url).await.map_err(early)?;
    let accepted = began.elapsed();
    until_ready(&mut wire).await.map_err(|error| Refused { error, accepted: true })?;
    Ok(SignedIn { wire, sign_in: accepted, target: began.elapsed().saturating_sub(accepted) })
}

async fn start_up(wire: &mut Wire, url: &ConnUrl) -> Result<(), WireError> {
    let parameters = [
        ("user", url.user.as_str()),
        ("database", url.database.as_str()),
        ("application_name", OURS),
        ("client_encoding", "UTF8"),
    ];
    let mut message = BytesMut::new();
    frontend::startup_message(parameters, &mut message).map_err(WireError::Broken)?;
    wire.send(&message).await
}

async fn authenticate(wire: &mut Wire, url: &ConnUrl) -> Result<(), WireError> {
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
                scram(wire, password).await?;
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

async fn until_ready(wire: &mut Wire) -> Result<(), WireError> {
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
            _ => {} // notices
        }
    }
}
