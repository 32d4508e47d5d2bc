//! Tokens in a file that a passphrase encrypts, for computers without a keychain.
//!
//! The key comes from the passphrase by Argon2id, with a salt of its own for each writing; the text is sealed with
//! ChaCha20-Poly1305. Names of accounts are inside, too.

use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom as _, SystemRandom},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    disk::{self, Access, DiskError, Expected},
    domain::secret::Secret,
};

const VERSION: u32 = 1;
const LARGEST: u64 = 1 << 20;
const SALT: usize = 16;
const KEY: usize = 32;
/// RFC 9106's choice where memory is scarce: 64 MiB, three passes.
const COST: Cost = Cost { memory_kib: 64 << 10, passes: 3, lanes: 1 };
/// A file that asks for more than this is not ours.
const HIGHEST: Cost = Cost { memory_kib: 1 << 20, passes: 16, lanes: 16 };

/// Accounts and their tokens, the one used last first.
pub type Tokens = Vec<(String, Secret)>;

#[derive(Debug, thiserror::Error)]
pub enum SealedError {
    #[error("the passphrase does not open it")]
    Passphrase,
    #[error("the file of tokens is damaged: {0}")]
    Damaged(String),
    #[error("the file of tokens was written by a newer version (form {0})")]
    Newer(u32),
    #[error("the system gave no random numbers")]
    Random,
    #[error("the key could not be made from the passphrase: {0}")]
    Key(String),
    #[error(transparent)]
    Disk(DiskError),
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

#[derive(Debug, Deserialize, Serialize)]
struct Envelope {
    version: u32,
    argon2id: Cost,
    salt: String,
    nonce: String,
    sealed: String,
}

pub fn is_there(path: &Path) -> bool {
    path.is_file()
}

/// What the file holds; nothing where there is none. Takes about a second, on purpose.
pub fn open(path: &Path, passphrase: &Secret) -> Result<Tokens, SealedError> {
    let Some(bytes) = disk::read(path, LARGEST).map_err(SealedError::Disk)? else {
        return Ok(Vec::new());
    };
    let envelope = envelope(&bytes)?;
    let [salt, nonce, mut sealed] = [&envelope.salt, &envelope.nonce, &envelope.sealed]
        .map(|text| BASE64_STANDARD.decode(text).map_err(|err| damaged(&err)))
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?
        .try_into()
        .map_err(|_opaque| damaged(&"a part is missing"))?;
    let key = key(passphrase, &salt, envelope.argon2id)?;
    let nonce =
        Nonce::try_assume_unique_for_key(&nonce).map_err(|_opaque| damaged(&"its nonce"))?;
    let opened = key.open_in_place(nonce, Aad::from(aad(envelope.argon2id)), &mut sealed);
    // Whether the passphrase is wrong or the file was changed, nobody can tell.
    let opened = Zeroizing::new(opened.map_err(|_opaque| SealedError::Passphrase)?.to_vec());
    let pairs: Vec<(String, String)> =
        serde_json::from_slice(&opened).map_err(|_opaque| damaged(&"what it holds is no list"))?;
    Ok(pairs.into_iter().map(|(name, token)| (name, Secret::new(token))).collect())
}

/// Seals the tokens into the file, which its owner alone may read; without any, the file goes.
pub fn write(path: &Path, passphrase: &Secret, tokens: &Tokens) -> Result<(), SealedError> {
    if tokens.is_empty() {
        let there = is_there(path);
        return if there { disk::remove(path).map_err(SealedError::Disk) } else { Ok(()) };
    }
    // Into the encrypted file, where they are meant to be.
    let pairs: Vec<(&str, &str)> =
        tokens.iter().map(|(name, token)| (name.as_str(), token.expose())).collect();
    let mut text = Zeroizing::new(serde_json::to_vec(&pairs).map_err(|err| damaged(&err))?);
    let (salt, nonce) = (random::<SALT>()?, random::<NONCE_LEN>()?);
    let key = key(passphrase, &salt, COST)?;
    let tag = key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad(COST)),
            text.as_mut_slice(),
        )
        .map_err(|_opaque| SealedError::Key("sealing was refused".to_owned()))?;
    text.extend_from_slice(tag.as_ref());
    let envelope = Envelope {
        version: VERSION,
        argon2id: COST,
        salt: BASE64_STANDARD.encode(salt),
        nonce: BASE64_STANDARD.encode(nonce),
        sealed: BASE64_STANDARD.encode(&*text),
    };
    let mut bytes = serde_json::to_vec_pretty(&envelope).map_err(|err| damaged(&err))?;
    bytes.push(b'\n');
    if let Some(folder) = path.parent() {
        disk::private_folder(folder).map_err(SealedError::Disk)?;
    }
    disk::write(path, &bytes, Expected::Anything, Access::Private).map_err(SealedError::Disk)
}

fn envelope(bytes: &[u8]) -> Result<Envelope, SealedError> {
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|err| damaged(&err))?;
    let version = value.get("version").and_then(serde_json::Value::as_u64).unwrap_or(0);
    if u64::from(VERSION) < version {
        return Err(SealedError::Newer(u32::try_from(version).unwrap_or(u32::MAX)));
    }
    serde_json::from_value(value).map_err(|err| damaged(&err))
}

fn key(passphrase: &Secret, salt: &[u8], cost: Cost) -> Result<LessSafeKey, SealedError> {
    let within = cost.memory_kib <= HIGHEST.memory_kib
        && cost.passes <= HIGHEST.passes
        && cost.lanes <= HIGHEST.lanes;
    if !within {
        return Err(damaged(&"it asks for more memory or time than we ever write"));
    }
    let refused = |err: argon2::Error| SealedError::Key(err.to_string());
    let params =
        Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY)).map_err(refused)?;
    let mut key = Zeroizing::new([0; KEY]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        // The key comes from it.
        .hash_password_into(passphrase.expose().as_bytes(), salt, key.as_mut_slice())
        .map_err(refused)?;
    let key = UnboundKey::new(&CHACHA20_POLY1305, key.as_slice())
        .map_err(|_opaque| SealedError::Key("its length".to_owned()))?;
    Ok(LessSafeKey::new(key))
}

/// A file whose cost was changed does not open.
fn aad(cost: Cost) -> [u8; 12] {
    let mut aad = [0; 12];
    let parts = [cost.memory_kib, cost.passes, cost.lanes].map(u32::to_be_bytes);
    aad.copy_from_slice(parts.as_flattened());
    aad
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], SealedError> {
    let mut bytes = [0; LENGTH];
    SystemRandom::new().fill(&mut bytes).map_err(|_opaque| SealedError::Random)?;
    Ok(bytes)
}

fn damaged(why: &dyn std::fmt::Display) -> SealedError {
    SealedError::Damaged(why.to_string())
}
