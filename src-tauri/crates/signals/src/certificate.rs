//! The certificate that a proxy shows to others, as its Envoy tells.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A workload's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// When it began.
    pub not_before: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
    /// Who signed it, e.g. `O=cluster.local`; `None` where the source does not say.
    pub issuer: Option<String>,
    /// The identity, `spiffe://…`; empty where it has none.
    pub spiffe: String,
}

/// The first certificate of a PEM text.
pub(crate) fn read_pem(pem: &[u8]) -> Option<Certificate> {
    let pem = x509_parser::pem::Pem::iter_from_buffer(pem).next()?.ok()?;
    let certificate = pem.parse_x509().ok()?;
    let names = certificate.subject_alternative_name().ok().flatten();
    let spiffe = names.iter().flat_map(|names| &names.value.general_names).find_map(|name| match name {
        x509_parser::extensions::GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    });
    let validity = certificate.validity();
    Some(Certificate {
        not_before: Timestamp::from_second(validity.not_before.timestamp()).ok()?,
        not_after: Timestamp::from_second(validity.not_after.timestamp()).ok()?,
        issuer: Some(certificate.issuer().to_string()),
        spiffe: spiffe.unwrap_or_default(),
    })
}

/// What the certificates of a PEM text are known by: the first eight bytes of the SHA-256 of each, sorted, so that two texts
/// with the same roots are known by the same.
pub(crate) fn known_by(pem: &[u8]) -> String {
    let mut all: Vec<String> = x509_parser::pem::Pem::iter_from_buffer(pem)
        .filter_map(Result::ok)
        .map(|pem| Sha256::digest(&pem.contents).iter().take(8).map(|byte| format!("{byte:02x}")).collect())
        .collect();
    all.sort();
    all.dedup();
    all.join(" ")
}

/// Reads `/certs`, which does not say who signed.
pub fn read_certs(body: &[u8]) -> Option<Certificate> {
    #[derive(Deserialize)]
    struct Certs {
        certificates: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        #[serde(default)]
        cert_chain: Vec<Leaf>,
    }
    #[derive(Deserialize)]
    struct Leaf {
        #[serde(default)]
        subject_alt_names: Vec<Value>,
        #[serde(default)]
        valid_from: String,
        expiration_time: String,
    }
    let certs: Certs = serde_json::from_slice(body).ok()?;
    let leaf = certs.certificates.iter().find_map(|entry| entry.cert_chain.first())?;
    let spiffe = leaf.subject_alt_names.iter().find_map(|name| name.get("uri").and_then(Value::as_str));
    let not_after: Timestamp = leaf.expiration_time.parse().ok()?;
    Some(Certificate {
        not_before: leaf.valid_from.parse().unwrap_or(not_after),
        not_after,
        issuer: None,
        spiffe: spiffe.unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_certs_says() {
        let body = br#"{"certificates":[{"ca_cert":[{"expiration_time":"2036-11-20T08:15:10Z"}],"cert_chain":[]},
            {"cert_chain":[{"subject_alt_names":[{"dns":"x"},{"uri":"spiffe://cluster.local/ns/shop/sa/a"}],"expiration_time":"2026-11-24T08:15:17Z"}]}]}"#;
        let certificate = read_certs(body).unwrap();
        assert_eq!(certificate.spiffe, "spiffe://cluster.local/ns/shop/sa/a");
        assert_eq!(certificate.not_after, "2026-11-24T08:15:17Z".parse().unwrap());
    }

    #[test]
    fn what_is_no_certificate() {
        for body in [
            &b""[..],
            b"{}",
            b"[]",
            br#"{"certificates":[]}"#,
            br#"{"certificates":[{"cert_chain":[{"expiration_time":"soon"}]}]}"#,
        ] {
            assert_eq!(read_certs(body), None);
        }
        for text in ["", "no PEM", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"] {
            assert_eq!(read_pem(text.as_bytes()), None);
        }
        assert_eq!(known_by(b"no PEM"), "");
    }

    proptest::proptest! {
        #[test]
        fn no_damage_breaks_it(at in 0..400_usize, byte in proptest::num::u8::ANY, end in 0..400_usize, bytes in "\\PC{0,80}") {
            use base64::Engine;
            let engine = base64::engine::general_purpose::STANDARD;
            let text: String = include_str!("ill/root.pem").lines().filter(|line| !line.starts_with('-')).collect();
            let mut der = engine.decode(text).unwrap();
            let (at, end) = (at % der.len(), end % der.len());
            der[at] = byte;
            for part in [&der[..], &der[..=end]] {
                let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", engine.encode(part));
                let _ = read_pem(pem.as_bytes());
                known_by(pem.as_bytes());
            }
            let _ = read_certs(bytes.as_bytes());
        }
    }
}
