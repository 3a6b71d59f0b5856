//! A request, taken apart: who asks, what for, with which options.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::kinds::{Kind, Kinds};
use crate::refusal::Refusal;

/// A request with its body read.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What shall be run: the options `command`, in their order.
    pub(crate) command: Vec<String>,
}

/// What a path of the API is about.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) kind: Arc<Kind>,
    pub(crate) version: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
    /// What follows the subresource, for proxies.
    pub(crate) rest: String,
}

impl Ask {
    pub(crate) fn new(parts: &http::request::Parts, body: Bytes) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        let command =
            query.split('&').filter_map(|pair| pair.strip_prefix("command=")).map(|part| decode(part, true)).collect();
        let query = query.split('&').filter(|p| !p.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        });
        Self {
            method: parts.method.clone(),
            path: decode(parts.uri.path(), false),
            query: query.collect(),
            headers: parts.headers.clone(),
            body,
            command,
        }
    }

    /// An option of the query; empty where it is not given.
    pub(crate) fn option(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.option(name), "true" | "1")
    }

    /// The manager that a write is recorded for: as named, or the first part of the user agent.
    pub(crate) fn manager(&self) -> String {
        let named = self.option("fieldManager");
        if !named.is_empty() {
            return named.to_owned();
        }
        let agent = self.headers.get(http::header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or("unknown");
        agent.split('/').next().unwrap_or("unknown").to_owned()
    }

    /// The user, by the token; a token that is none of the others' is the administrator's.
    pub(crate) fn user(&self) -> &'static str {
        match self.headers.get(http::header::AUTHORIZATION).and_then(|v| v.to_str().ok()) {
            Some("Bearer demo-viewer") => "demo-viewer",
            Some("Bearer demo-runner") => "demo-runner",
            _ => "demo-admin",
        }
    }

    pub(crate) fn may_write(&self) -> bool {
        self.user() == "demo-admin"
    }

    /// Whether the user may run programs in pods.
    pub(crate) fn may_run(&self) -> bool {
        self.may_write() || self.user() == "demo-runner"
    }
}

fn decode(text: &str, plus_is_space: bool) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let two = |bytes: &std::str::Bytes<'_>| {
            let mut ahead = bytes.clone();
            let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
            Some(u8::try_from(digit(ahead.next())? * 16 + digit(ahead.next())?).unwrap_or_default())
        };
        match byte {
            b'%' => match two(&bytes) {
                Some(decoded) => {
                    out.push(decoded);
                    bytes.nth(1);
                }
                None => out.push(b'%'),
            },
            b'+' if plus_is_space => out.push(b' '),
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `/api/v1/…` and `/apis/<group>/<version>/…` as what they are about.
pub(crate) fn target(kinds: &Kinds, path: &str) -> Result<Target, Refusal> {
    let mut parts = path.trim_matches('/').split('/').map(str::to_owned);
    let mut next = || parts.next().filter(|p| !p.is_empty());
    let (group, version) = match next().as_deref() {
        Some("api") => (String::new(), next()),
        Some("apis") => (next().unwrap_or_default(), next()),
        _ => return Err(Refusal::NoSuchPath),
    };
    let version = version.ok_or(Refusal::NoSuchPath)?;
    let find = |plural: &str| kinds.served(&group, &version, plural).cloned();
    let first = next().ok_or(Refusal::NoSuchPath)?;
    let (namespace, plural, name) = if first == "namespaces" {
        let namespace = next();
        match (namespace, next()) {
            (None, _) => (None, first, None),
            (Some(name), None) => (None, first, Some(name)),
            // `/namespaces/x/status` is a subresource, `/namespaces/x/pods` a kind in it.
            (Some(name), Some(sub)) if group.is_empty() && find(&sub).is_none() => {
                let kind = find("namespaces").filter(|_| matches!(sub.as_str(), "status" | "finalize"));
                let kind = kind.ok_or(Refusal::NoSuchPath)?;
                let (name, subresource) = (Some(name), Some(sub));
                return Ok(Target { kind, version, namespace: None, name, subresource, rest: String::new() });
            }
            (namespace, Some(plural)) => (namespace, plural, next()),
        }
    } else {
        (None, first, next())
    };
    let kind = find(&plural).ok_or(Refusal::NoSuchPath)?;
    if namespace.is_some() && !kind.namespaced || name.is_some() && namespace.is_none() && kind.namespaced {
        return Err(Refusal::NoSuchPath);
    }
    let subresource = next();
    let known = subresource.as_ref().is_none_or(|sub| {
        kind.subresources.contains(sub) || sub == "status" && kind.version(&version).is_some_and(|v| v.status)
    });
    if !known {
        return Err(Refusal::NoSuchPath);
    }
    let rest: Vec<String> = parts.collect();
    Ok(Target { kind, version, namespace, name, subresource, rest: rest.join("/") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let kinds = Kinds::read("").unwrap();
        let read = |path: &str| {
            target(&kinds, path).ok().map(|t| {
                let or = |o: Option<String>| o.unwrap_or_default();
                format!("{} {} {} {} {}", t.kind.kind, or(t.namespace), or(t.name), or(t.subresource), t.rest)
            })
        };
        for (path, expected) in [
            ("/api/v1/pods", Some("Pod    ")),
            ("/api/v1/namespaces", Some("Namespace    ")),
            ("/api/v1/namespaces/prod", Some("Namespace  prod  ")),
            ("/api/v1/namespaces/prod/status", Some("Namespace  prod status ")),
            (
                "/api/v1/namespaces/prod/pods/a:15020/proxy/stats/prometheus",
                Some("Pod prod a:15020 proxy stats/prometheus"),
            ),
            ("/apis/networking.istio.io/v1beta1/namespaces/prod/virtualservices/r", Some("VirtualService prod r  ")),
            ("/apis/networking.istio.io/v9/virtualservices", None),
            ("/api/v1/pods/a", None),
            ("/api/v1/namespaces/prod/nodes", None),
            ("/api/v1/namespaces/prod/pods/a/none", None),
            ("/nothing", None),
        ] {
            assert_eq!(read(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn percent_encoding() {
        assert_eq!(decode("a%20in%20%28b%2Cc%29+d", true), "a in (b,c) d");
        assert_eq!(decode("100%", false), "100%");
    }
}
