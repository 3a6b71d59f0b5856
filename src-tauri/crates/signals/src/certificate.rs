//! The certificate that a proxy shows to others, as its Envoy tells.

use base64::Engine;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// A workload's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// When it ends.
    pub not_after: Timestamp,
    /// Who signed it, e.g. `O=cluster.local`; `None` where the source does not say.
    pub issuer: Option<String>,
    /// The identity, `spiffe://…`; empty where it has none.
    pub spiffe: String,
}

/// Reads `/config_dump?resource=dynamic_active_secrets`: Envoy leaves out the keys, the certificates are whole.
pub fn read_secrets(body: &[u8]) -> Option<Certificate> {
    let dump: Value = serde_json::from_slice(body).ok()?;
    let secret = dump.get("configs")?.as_array()?.iter().find(|secret| secret["name"] == "default")?;
    let chain = secret.pointer("/secret/tls_certificate/certificate_chain/inline_bytes")?.as_str()?;
    let pem = base64::engine::general_purpose::STANDARD.decode(chain).ok()?;
    let pem = x509_parser::pem::Pem::iter_from_buffer(&pem).next()?.ok()?;
    let certificate = pem.parse_x509().ok()?;
    let names = certificate.subject_alternative_name().ok().flatten();
    let spiffe = names.iter().flat_map(|names| &names.value.general_names).find_map(|name| match name {
        x509_parser::extensions::GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    });
    Some(Certificate {
        not_after: Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?,
        issuer: Some(certificate.issuer().to_string()),
        spiffe: spiffe.unwrap_or_default(),
    })
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
        expiration_time: String,
    }
    let certs: Certs = serde_json::from_slice(body).ok()?;
    let leaf = certs.certificates.iter().find_map(|entry| entry.cert_chain.first())?;
    let spiffe = leaf.subject_alt_names.iter().find_map(|name| name.get("uri").and_then(Value::as_str));
    Some(Certificate {
        not_after: leaf.expiration_time.parse().ok()?,
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
        let secret = |text: &str| {
            format!(
                r#"{{"configs":[{{"name":"default","secret":{{"tls_certificate":{{"certificate_chain":{{"inline_bytes":"{text}"}}}}}}}}]}}"#
            )
        };
        for text in [
            "",
            "!!",
            "aGVsbG8=",
            "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCmFHVnNiRzg9Ci0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K",
        ] {
            assert_eq!(read_secrets(secret(text).as_bytes()), None);
        }
    }
}
