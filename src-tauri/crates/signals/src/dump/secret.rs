//! Secrets: what a proxy shows and whom it trusts. Envoy leaves private keys out; whatever else stands there is never kept.

use base64::Engine;

use crate::certificate::{self, Certificate};
use crate::dump::origin::within;
use crate::dump::{Part, State};
use crate::json::Scanner;

/// A secret in a line.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Secret {
    /// `default`, `ROOTCA`, `kubernetes://web-tls`
    pub name: String,
    /// The certificate that is shown to others.
    pub certificate: Option<Certificate>,
    /// What the roots are known by: the first bytes of their SHA-256, each, in order; empty where it holds none.
    pub roots: String,
    /// The first of its roots.
    pub root: Option<Certificate>,
}

pub(super) fn read(scanner: &mut Scanner<'_>, state: State, out: &mut Vec<Part<Secret>>) -> Option<()> {
    let mut part = Part::<Secret>::begun(scanner, state);
    scanner.object(|scanner, name| {
        match name {
            "name" => part.what.name = scanner.plain()?,
            "secret" => secret(scanner, &mut part.what)?,
            _ => scanner.skip()?,
        }
        Some(())
    })?;
    part.text.end = scanner.offset();
    out.push(part);
    Some(())
}

fn secret(scanner: &mut Scanner<'_>, out: &mut Secret) -> Option<()> {
    scanner.object(|scanner, name| match name {
        "tls_certificate" => within(scanner, "certificate_chain", |scanner| {
            out.certificate = inline(scanner)?.and_then(|pem| certificate::read_pem(&pem));
            Some(())
        }),
        "validation_context" => within(scanner, "trusted_ca", |scanner| {
            if let Some(pem) = inline(scanner)? {
                out.roots = certificate::known_by(&pem);
                out.root = certificate::read_pem(&pem);
            }
            Some(())
        }),
        _ => scanner.skip(),
    })
}

/// What a data source holds itself; `None` where it names a file.
fn inline(scanner: &mut Scanner<'_>) -> Option<Option<Vec<u8>>> {
    let mut found = None;
    scanner.object(|scanner, name| {
        match name {
            "inline_bytes" => {
                found = base64::engine::general_purpose::STANDARD.decode(scanner.plain()?).ok();
            }
            "inline_string" => found = Some(scanner.plain()?.into_bytes()),
            _ => scanner.skip()?,
        }
        Some(())
    })?;
    Some(found)
}
