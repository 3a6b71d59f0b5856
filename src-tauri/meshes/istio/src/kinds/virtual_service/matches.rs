//! Whether a match of a VirtualService catches a request, as Envoy compares it.

use world::{Said, said};

use super::spec::{HttpMatch, StringMatch};
use crate::edge::{MESH, full_name};
use crate::kinds::request_authentication::token::Claims;
use crate::kinds::sidecar::Scope;
use crate::read::headers::{Headers, REQUEST_ID, Value};

/// A request as the caller's proxy sees it: its path is normalised, and names of headers are in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Sent<'a> {
    pub scheme: &'a str,
    pub method: &'a str,
    pub authority: &'a str,
    /// Without query.
    pub path: &'a str,
    pub query: Option<&'a str>,
    pub headers: &'a [(String, String)],
    /// What the token says that the proxy itself took; a sidecar takes none of what it sends.
    pub claims: Option<&'a Claims>,
}

impl<'a> Sent<'a> {
    /// A header, or what stands for one in HTTP/2.
    fn header(&self, name: &str) -> Value<'a> {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            ":method" => Value::text(self.method),
            ":scheme" => Value::text(self.scheme),
            ":authority" | "host" => Value::text(self.authority),
            ":path" => {
                let query = self.query.map(|q| format!("?{q}")).unwrap_or_default();
                Value::text(format!("{}{query}", self.path))
            }
            _ => Headers { sent: self.headers, made: &[REQUEST_ID], method: self.method }.value(&name),
        }
    }
}

/// Why a match does not catch a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Miss {
    /// A condition does not hold.
    Surely,
    /// Whether a condition holds was not said, and why not.
    Perhaps(Said),
}

/// Who asks, for the conditions that istiod settles before the proxy sees them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking<'a> {
    pub namespace: &'a str,
    pub labels: &'a world::Labels,
    /// `namespace/name` of the gateway that asks; `None` for a sidecar.
    pub gateway: Option<&'a str>,
    /// What its proxy sees on the port that is asked.
    pub scope: Scope<'a>,
}

/// Whether this match is in the proxy's configuration at all.
/// Upstream: istio/istio pilot/pkg/networking/core/route/route.go, sourceMatchHTTP: gateways named, labels are not looked at.
pub(crate) fn concerns(m: &HttpMatch, home: &str, asking: Asking, port: u16) -> bool {
    if m.port.is_some_and(|wanted| wanted != 0 && wanted != port) {
        return false;
    }
    if !m.gateways.is_empty() {
        let named = |g: &String| match asking.gateway {
            Some(gateway) => g != MESH && full_name(g, home) == gateway,
            None => g == MESH,
        };
        return m.gateways.iter().any(named);
    }
    mesh::selects(&m.source_labels, asking.labels)
        && (m.source_namespace.is_empty() || m.source_namespace == asking.namespace)
}

/// Whether every condition holds.
pub(crate) fn holds(m: &HttpMatch, sent: &Sent) -> Result<(), Miss> {
    let is = |of: &Option<StringMatch>, value: &str| of.as_ref().is_none_or(|of| string_holds(of, Some(value)));
    let line = m.uri.as_ref().is_none_or(|uri| path_holds(uri, m, sent.path))
        && is(&m.method, sent.method)
        && is(&m.authority, sent.authority)
        && is(&m.scheme, sent.scheme)
        && m.query_params.iter().all(|(name, of)| string_holds(of, parameter(sent.query, name)));
    if line { headers_hold(m, sent) } else { Err(Miss::Surely) }
}

fn headers_hold(m: &HttpMatch, sent: &Sent) -> Result<(), Miss> {
    let mut untold = None;
    let with = m.headers.iter().map(|header| (header, true));
    let without = m.without_headers.iter().map(|header| (header, false));
    for ((name, of), wanted) in with.chain(without) {
        let holds = match (claim_path(name), sent.header(name)) {
            (Some(path), _) => Some(claim_holds(&path, of, sent)),
            // One that is not to be there counts as empty where it is missing, unless only its presence is asked for.
            (None, Value::Absent) if !wanted && !asks_presence(of) => header_holds(of, &Value::text("")),
            (None, value) => header_holds(of, &value),
        };
        match holds {
            Some(holds) if holds == wanted => {}
            Some(_) => return Err(Miss::Surely),
            None => untold = Some(name),
        }
    }
    match untold {
        Some(name) => Err(Miss::Perhaps(said!(
            "what the caller's program sends as header {name} was not said",
            "未说明调用方程序发送的请求头 {name}"
        ))),
        None => Ok(()),
    }
}

fn header_holds(of: &StringMatch, value: &Value) -> Option<bool> {
    match value {
        Value::Absent => Some(false),
        Value::Texts(all) => Some(string_holds(of, Some(&all.join(",")))),
        // What a proxy makes is never just what somebody wrote into a rule.
        Value::Made if asks_presence(of) => Some(true),
        Value::Made => of.exact.is_some().then_some(false),
        Value::Untold => None,
    }
}

/// The claim of a token that stands where a header does: `@request.auth.claims.a.b` or `@request.auth.claims[a][b]`.
/// Upstream: istio/istio pkg/jwt/routing.go, ToRoutingClaim.
fn claim_path(name: &str) -> Option<Vec<&str>> {
    const CLAIM: &str = "@request.auth.claims";
    let rest =
        name.get(..CLAIM.len()).filter(|start| start.eq_ignore_ascii_case(CLAIM)).map(|_| &name[CLAIM.len()..])?;
    match rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => Some(inner.split("][").collect()),
        None => rest.strip_prefix('.').map(|dotted| dotted.split('.').collect()),
    }
}

fn claim_holds(path: &[&str], of: &StringMatch, sent: &Sent) -> bool {
    sent.claims.is_some_and(|claims| claims.fits(path, |text| string_holds(of, Some(text))))
}

/// The first of its name, not decoded.
fn parameter<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    query?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).find(|(n, _)| *n == name).map(|(_, v)| v)
}

/// Upstream: route.go, canBeConvertedToPresentMatch.
fn asks_presence(of: &StringMatch) -> bool {
    match of {
        StringMatch { exact: None, prefix: None, regex } => regex.as_ref().is_none_or(|r| r.text == "*"),
        _ => false,
    }
}

pub(crate) fn string_holds(of: &StringMatch, value: Option<&str>) -> bool {
    let Some(value) = value else { return false };
    match of {
        _ if asks_presence(of) => true,
        StringMatch { exact: Some(text), .. } => text == value,
        StringMatch { prefix: Some(text), .. } => value.starts_with(text.as_str()),
        StringMatch { regex: Some(pattern), .. } => pattern.matches(value),
        _ => true,
    }
}

fn path_holds(uri: &StringMatch, m: &HttpMatch, path: &str) -> bool {
    // A regular expression keeps its own mind about case.
    let (a, b) = if m.ignore_uri_case { (path.to_ascii_lowercase(), true) } else { (path.to_owned(), false) };
    let lower = |text: &String| if b { text.to_ascii_lowercase() } else { text.clone() };
    match uri {
        StringMatch { exact: Some(text), .. } => lower(text) == a,
        StringMatch { prefix: Some(text), .. } if m.by_parts => {
            a.strip_prefix(&lower(text)).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        StringMatch { prefix: Some(text), .. } => a.starts_with(&lower(text)),
        StringMatch { regex: Some(pattern), .. } => pattern.matches(path),
        _ => true,
    }
}

/// Whether nothing gets past this match: later rules are never asked. Upstream: route.go, IsCatchAllRoute.
pub(crate) fn catches_all(m: &HttpMatch) -> bool {
    let whole_path = m.uri.as_ref().is_none_or(|uri| {
        uri.prefix.as_deref() == Some("/") || uri.regex.as_ref().is_some_and(|r| matches!(r.text.as_str(), "*" | ".*"))
    });
    whole_path
        && m.headers.is_empty()
        && m.without_headers.is_empty()
        && m.query_params.is_empty()
        && m.method.is_none()
        && m.authority.is_none()
        && m.scheme.is_none()
}
