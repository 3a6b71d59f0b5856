//! Search over everything that a proxy works with. What is secret is neither found nor shown.

use memchr::memmem::Finder;
use serde_json::Value;

use super::{Dump, Part, Sort};
use crate::endpoint::Endpoint;
use crate::redact;

/// Most places that are told.
const MOST: usize = 1000;
/// Bytes shown on each side of a place.
const AROUND: usize = 60;

/// A place where the text stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// In which list.
    pub sort: Sort,
    /// At which place of it.
    pub at: usize,
    /// The name of what stands there; empty for the bootstrap.
    pub name: String,
    /// The text around it.
    pub around: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// One place a part, in the order of the lists.
    pub hits: Vec<Hit>,
    /// There are more than are told.
    pub more: bool,
}

/// Where a text stands, whatever the case of its letters.
pub fn search(dump: &Dump, body: &[u8], endpoints: &[Endpoint], wanted: &str) -> Found {
    let wanted = wanted.trim().to_ascii_lowercase();
    let mut found = Found::default();
    if wanted.is_empty() {
        return found;
    }
    let finder = Finder::new(&wanted);
    let in_text = |facts: &str| place(&finder, facts);
    let in_part = |range: &std::ops::Range<usize>| {
        let raw = body.get(range.clone())?;
        // Almost all parts end here, without being read.
        finder.find(&raw.to_ascii_lowercase())?;
        let mut value: Value = serde_json::from_slice(raw).ok()?;
        redact(&mut value);
        // As Envoy writes it, and without blanks.
        [serde_json::to_string_pretty(&value), serde_json::to_string(&value)]
            .into_iter()
            .flatten()
            .find_map(|text| in_text(&text))
    };
    let mut take = |sort, at, name: &str, around: Option<String>| {
        let Some(around) = around else { return true };
        found.more = found.hits.len() >= MOST;
        if !found.more {
            found.hits.push(Hit { sort, at, name: name.to_owned(), around });
        }
        !found.more
    };
    let goes_on = each(&dump.listeners, |at, part| take(Sort::Listeners, at, &part.what.name, in_part(&part.text)))
        && each(&dump.routes, |at, part| take(Sort::Routes, at, &part.what.host, in_part(&part.text)))
        && each(&dump.clusters, |at, part| take(Sort::Clusters, at, &part.what.name, in_part(&part.text)))
        && endpoints
            .iter()
            .enumerate()
            .all(|(at, one)| take(Sort::Endpoints, at, &one.cluster, in_text(&endpoint(one))))
        && each(&dump.secrets, |at, part| {
            let around = in_text(&secret(part)).or_else(|| in_part(&part.text));
            take(Sort::Secrets, at, &part.what.name, around)
        });
    if goes_on {
        take(Sort::Bootstrap, 0, "", in_part(&dump.bootstrap.text));
    }
    found
}

fn each<T>(parts: &[Part<T>], mut take: impl FnMut(usize, &Part<T>) -> bool) -> bool {
    parts.iter().enumerate().all(|(at, part)| take(at, part))
}

/// What the line of an endpoint says.
fn endpoint(of: &Endpoint) -> String {
    let Endpoint { cluster, address, health, passed_over, protocol, services, .. } = of;
    [cluster.as_str(), address, health, passed_over, protocol, &services.join(" ")].join(" ")
}

/// What a certificate says, which the text has encoded.
fn secret(part: &Part<super::Secret>) -> String {
    let own = part.what.certificate.iter().chain(&part.what.root);
    let says = own.map(|of| format!("{} {}", of.spiffe, of.issuer.as_deref().unwrap_or_default()));
    [part.what.name.clone(), part.what.roots.clone()].into_iter().chain(says).collect::<Vec<_>>().join(" ")
}

fn place(finder: &Finder<'_>, text: &str) -> Option<String> {
    let at = finder.find(text.to_ascii_lowercase().as_bytes())?;
    let (start, end) = (at.saturating_sub(AROUND), (at + finder.needle().len() + AROUND).min(text.len()));
    let shown = String::from_utf8_lossy(&text.as_bytes()[start..end]);
    Some(shown.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As an Envoy writes them, shortened; a token stands where a filter has one.
    const DUMP: &str = r#"{"configs": [
        {"dynamic_active_clusters": [{"cluster": {"name": "outbound|80||web.shop.svc.cluster.local",
            "typed_dns": {"token": "s3cr3t-web"}}}]},
        {"dynamic_active_secrets": [{"name": "kubernetes://web-tls", "secret": {"name": "kubernetes://web-tls",
            "tls_certificate": {"private_key": {"inline_bytes": "czNjcjN0"}}}}]}]}"#;

    fn found(wanted: &str) -> Vec<String> {
        let dump = super::super::read(DUMP.as_bytes());
        let endpoint = Endpoint {
            cluster: "outbound|80||web.shop.svc.cluster.local".into(),
            address: "10.244.0.60:9080".into(),
            health: "HEALTHY".into(),
            ..Endpoint::default()
        };
        let found = search(&dump, DUMP.as_bytes(), &[endpoint], wanted);
        assert!(!found.more && found.hits.iter().all(|hit| !hit.around.contains("s3cr3t")), "{found:?}");
        found.hits.into_iter().map(|hit| format!("{:?} {}", hit.sort, hit.name)).collect()
    }

    #[test]
    fn every_list_is_searched_and_no_secret_is_found() {
        let web = "outbound|80||web.shop.svc.cluster.local";
        assert_eq!(
            found("WEB"),
            [format!("Clusters {web}"), format!("Endpoints {web}"), "Secrets kubernetes://web-tls".into()]
        );
        assert_eq!(found("10.244.0.60"), [format!("Endpoints {web}")]);
        assert_eq!(found("\"name\": \"outbound"), [format!("Clusters {web}")], "as it is shown");
        for nothing in ["s3cr3t", "czNjcjN0", "", "  ", "nowhere"] {
            assert_eq!(found(nothing), [""; 0], "{nothing}");
        }
    }

    #[test]
    fn a_thousand_places_are_told_and_that_there_are_more() {
        let endpoints = vec![Endpoint { cluster: "a".into(), ..Endpoint::default() }; MOST + 1];
        let found = |n: usize| {
            let found = search(&Dump::default(), b"", &endpoints[..n], "a");
            (found.hits.len(), found.more)
        };
        assert_eq!((found(MOST), found(MOST + 1)), ((MOST, false), (MOST, true)));
    }
}
