//! Whether a token was signed by one of the keys that a rule itself holds (a JSON Web Key Set, RFC 7517).

use num_bigint::BigUint;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use serde::Deserialize;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::token::{Token, decoded};

/// What became of the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signed {
    /// By one of the keys.
    Well,
    /// By none of them.
    Badly,
    /// In a way that is not checked here.
    Unchecked,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Key>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Key {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    crv: String,
    n: String,
    e: String,
    x: String,
    y: String,
}

/// Tries the keys that may be meant: those with the token's own name for its key, or all where one side names none.
/// Upstream: google/jwt_verify_lib src/verify.cc, verifyJwtWithoutTimeChecking.
pub(super) fn check(token: &Token, jwks: &str) -> Signed {
    let family = match token.algorithm.get(..2) {
        Some("RS") => "RSA",
        Some("ES") => "EC",
        Some("PS" | "HS" | "Ed") => return Signed::Unchecked,
        _ => return Signed::Badly,
    };
    let Ok(Keys { keys }) = serde_json::from_str(jwks) else { return Signed::Badly };
    let meant = |key: &&Key| {
        let named = token.key.is_none() || key.kid.is_none() || token.key == key.kid;
        named && key.kty == family && key.alg.as_ref().is_none_or(|alg| *alg == token.algorithm)
    };
    let mut worst = Signed::Badly;
    for key in keys.iter().filter(meant) {
        match by(token, key) {
            Signed::Well => return Signed::Well,
            Signed::Unchecked => worst = Signed::Unchecked,
            Signed::Badly => {}
        }
    }
    worst
}

fn by(token: &Token, key: &Key) -> Signed {
    let (signed, signature) = (token.signed.as_bytes(), token.signature.as_slice());
    let holds = match token.algorithm.as_str() {
        "RS256" => rsa(key, &SHA256, &Sha256::digest(signed), signature),
        "RS384" => rsa(key, &SHA384, &Sha384::digest(signed), signature),
        "RS512" => rsa(key, &SHA512, &Sha512::digest(signed), signature),
        "ES256" if key.crv == "P-256" => elliptic(key, signed, signature),
        _ => return Signed::Unchecked,
    };
    if holds.unwrap_or(false) { Signed::Well } else { Signed::Badly }
}

/// What stands before a digest in a signature: its name in DER. RFC 8017, section 9.2, note 1.
const SHA256: [u8; 19] = [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
const SHA384: [u8; 19] = [0x30, 0x41, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0, 4, 0x30];
const SHA512: [u8; 19] = [0x30, 0x51, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 0x40];

/// RSASSA-PKCS1-v1_5, RFC 8017, section 8.2.2. Only public values are in it, so that its time may depend on them.
fn rsa(key: &Key, name: &[u8], digest: &[u8], signature: &[u8]) -> Option<bool> {
    let modulus = BigUint::from_bytes_be(&decoded(&key.n)?);
    let exponent = BigUint::from_bytes_be(&decoded(&key.e)?);
    let length = usize::try_from(modulus.bits().div_ceil(8)).ok()?;
    let padding = length.checked_sub(name.len() + digest.len() + 3).filter(|p| *p >= 8)?;
    if signature.len() != length || exponent.bits() > 64 || length > 2048 {
        return Some(false);
    }
    let opened = BigUint::from_bytes_be(signature).modpow(&exponent, &modulus);
    let mut wanted = vec![0, 1];
    wanted.extend(std::iter::repeat_n(0xff, padding));
    wanted.push(0);
    wanted.extend_from_slice(name);
    wanted.extend_from_slice(digest);
    Some(opened == BigUint::from_bytes_be(&wanted))
}

fn elliptic(key: &Key, signed: &[u8], signature: &[u8]) -> Option<bool> {
    let mut point = vec![4];
    point.extend(decoded(&key.x)?);
    point.extend(decoded(&key.y)?);
    let key = VerifyingKey::from_sec1_bytes(&point).ok()?;
    Some(key.verify(signed, &Signature::from_slice(signature).ok()?).is_ok())
}
