//! From transport errors and `Status` answers to causes.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::error::{Cause, FieldCause, FieldOwner, Unreachable, Untrusted};

/// Longest text of a server that an error carries.
const DETAIL: usize = 2000;

/// How server-side apply begins to say what does not fit the schema.
const TYPED: &str = "failed to create typed patch object";

/// What an API server answers when it does not do what it was asked (meta/v1 Status).
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Status {
    pub(crate) message: String,
    reason: String,
    details: Option<Details>,
    pub(crate) code: u16,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Details {
    kind: String,
    group: String,
    causes: Option<Vec<StatusCause>>,
    retry_after_seconds: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct StatusCause {
    reason: String,
    message: String,
    field: String,
}

/// The cause behind an answer that is no success.
pub(crate) fn answer(code: StatusCode, headers: &HeaderMap, body: &[u8]) -> Cause {
    let status = serde_json::from_slice::<Status>(body)
        .unwrap_or_else(|_| Status { message: shorten(&String::from_utf8_lossy(body)), ..Status::default() });
    let mut cause = status_cause(code.as_u16(), status);
    if let (Cause::TooManyRequests { after }, Some(told)) = (&mut cause, retry_after(headers)) {
        *after = told;
    }
    cause
}

/// The cause behind a `Status` that came with this code, as an answer or inside a watch stream.
pub(crate) fn status_cause(code: u16, status: Status) -> Cause {
    let details = status.details.unwrap_or_default();
    let causes = details.causes.unwrap_or_default();
    let detail = if status.message.is_empty() { status.reason.clone() } else { shorten(&status.message) };
    match code {
        401 => Cause::Unauthenticated { detail },
        403 => {
            let (verb, resource) = denied(&status.message).unwrap_or_else(|| {
                let resource =
                    if details.group.is_empty() { details.kind } else { format!("{}.{}", details.kind, details.group) };
                (String::new(), resource)
            });
            Cause::Forbidden { verb, resource, detail }
        }
        404 => Cause::NotFound { detail },
        409 => Cause::Conflict { owners: causes.iter().filter_map(owner).collect(), detail },
        410 => Cause::Gone,
        429 => Cause::TooManyRequests { after: Duration::from_secs(details.retry_after_seconds.max(1)) },
        422 => Cause::Invalid { causes: fields(causes, &status.message), detail },
        400 if status.message.contains("strict decoding error") => {
            Cause::Invalid { causes: fields(causes, &status.message), detail }
        }
        // Server-side apply answers 500 for what does not fit the schema (kubernetes,
        // staging/src/k8s.io/apimachinery/pkg/util/managedfields/internal/structuredmerge.go).
        500 if status.message.contains(TYPED) => Cause::Invalid { causes: fields(causes, &status.message), detail },
        500.. => Cause::Server { status: code, detail },
        _ => Cause::Refused { status: code, detail },
    }
}

/// `virtualservices.networking.istio.io is forbidden: User "x" cannot list resource "virtualservices" in API group
/// "networking.istio.io" …` (kubernetes, staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go).
fn denied(message: &str) -> Option<(String, String)> {
    let (verb, rest) = message.split_once(" cannot ")?.1.split_once(" resource \"")?;
    let (resource, rest) = rest.split_once('"')?;
    let group =
        rest.split_once("API group \"").and_then(|(_, rest)| rest.split_once('"')).map_or("", |(group, _)| group);
    let resource = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
    Some((verb.to_owned(), resource))
}

/// `conflict with "manager" using networking.istio.io/v1` or `… with subresource "status" …`.
fn owner(cause: &StatusCause) -> Option<FieldOwner> {
    if cause.reason != "FieldManagerConflict" {
        return None;
    }
    let manager = cause.message.split('"').nth(1)?.to_owned();
    Some(FieldOwner { manager, field: cause.field.clone() })
}

fn fields(causes: Vec<StatusCause>, message: &str) -> Vec<FieldCause> {
    if !causes.is_empty() {
        return causes.into_iter().map(|c| FieldCause { field: c.field, message: shorten(&c.message) }).collect();
    }
    if let Some((_, rest)) = message.split_once("strict decoding error: ") {
        return rest
            .split(", ")
            .filter_map(|part| {
                let (what, field) = part.split_once(" \"")?;
                let field = field.trim_end_matches('"').to_owned();
                Some(FieldCause { field, message: what.trim().to_owned() })
            })
            .collect();
    }
    // One fault is written behind the object's name, several are written in lines of their own.
    if let Some((_, rest)) = message.split_once(TYPED) {
        let (_, faults) = rest.split_once("): ").unwrap_or(("", rest));
        return faults
            .lines()
            .filter_map(|line| line.trim().strip_prefix('.')?.split_once(": "))
            .map(|(field, message)| FieldCause { field: field.to_owned(), message: shorten(message) })
            .collect();
    }
    Vec::new()
}

/// The `Retry-After` header in seconds; at least one second, at most five minutes.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.clamp(1, 300)))
}

/// The texts of `Warning: 299 - "…"` headers.
pub(crate) fn warnings(headers: &HeaderMap) -> Vec<String> {
    let text = |value: &http::HeaderValue| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let quoted =
            text.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"')).map(|(inner, _)| inner.to_owned());
        shorten(&quoted.unwrap_or(text).replace("\\\"", "\""))
    };
    headers.get_all(http::header::WARNING).iter().map(text).collect()
}

/// The cause behind an error of the transport.
pub(crate) fn transport(error: &kube::Error) -> Cause {
    if let Some(exec) = find::<crate::ExecError>(error) {
        return Cause::Credentials(exec.clone());
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return Cause::Untrusted(untrusted(tls));
    }
    if let kube::Error::Api(status) = error {
        let body = serde_json::to_vec(status).unwrap_or_default();
        return serde_json::from_slice::<Status>(&body)
            .map_or(Cause::Gone, |s| status_cause(if s.code == 0 { status.code } else { s.code }, s));
    }
    if let Some(detail) = proxy(error) {
        return Cause::Unreachable(Unreachable::Proxy(detail));
    }
    let text = innermost(error);
    let io_kind = find::<io::Error>(error).map(io::Error::kind);
    Cause::Unreachable(match io_kind {
        Some(io::ErrorKind::ConnectionRefused) => Unreachable::Refused,
        Some(io::ErrorKind::TimedOut) => Unreachable::Timeout(crate::connect::CONNECT_LIMIT),
        _ if text.contains("Connection refused") => Unreachable::Refused,
        _ if text.contains("failed to lookup") || text.contains("dns error") => Unreachable::Dns,
        _ => Unreachable::Cut(shorten(&text)),
    })
}

/// The cause behind an error of a stream that TLS is spoken over.
pub(crate) fn stream(error: &io::Error) -> Cause {
    match find::<rustls::Error>(error) {
        Some(tls) => Cause::Untrusted(untrusted(tls)),
        None => Cause::Unreachable(Unreachable::Cut(shorten(&error.to_string()))),
    }
}

/// What the way through a proxy failed with (hyper-util, src/client/legacy/connect/proxy). Its own errors come first: a
/// proxy that refuses the connection is no cluster that does.
fn proxy(error: &kube::Error) -> Option<String> {
    let step = chain(error).find_map(|e| {
        let text = e.to_string();
        text.strip_prefix("tunnel error: ").or_else(|| text.strip_prefix("SOCKS error: ")).map(str::to_owned)
    })?;
    let cause = innermost(error);
    Some(shorten(&if cause.ends_with(&step) { step } else { format!("{step}: {cause}") }))
}

fn untrusted(error: &rustls::Error) -> Untrusted {
    use rustls::CertificateError as Bad;
    match error {
        rustls::Error::InvalidCertificate(bad) => match bad {
            Bad::Expired | Bad::ExpiredContext { .. } | Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                Untrusted::Expired
            }
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => Untrusted::WrongHost,
            // A bad signature: an authority of the same name with another key, as of a cluster that was made anew.
            Bad::UnknownIssuer | Bad::BadSignature => Untrusted::UnknownAuthority,
            // A self-signed leaf that is no authority of ours.
            Bad::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => Untrusted::UnknownAuthority,
            other => Untrusted::Other(shorten(&other.to_string())),
        },
        rustls::Error::AlertReceived(alert) => Untrusted::ByServer(shorten(&format!("{alert:?}"))),
        other => Untrusted::Other(shorten(&other.to_string())),
    }
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source())
}

/// Looks for an error of this type in the chain, also where an `io::Error` wraps it (that hides it from `source`).
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref::<E>() {
            return Some(found);
        }
        next = match current.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    None
}

/// What an error says at its root.
pub(crate) fn innermost(error: &(dyn StdError + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// The text, cut to a bound, without control characters.
pub(crate) fn shorten(text: &str) -> String {
    let clean = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    let mut short: String = text.trim().chars().take(DETAIL).map(clean).collect();
    if text.chars().nth(DETAIL).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(code: u16, body: &str) -> Cause {
        answer(StatusCode::from_u16(code).unwrap(), &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn a_missing_right_names_verb_and_resource() {
        let body = r#"{"kind":"Status","message":"virtualservices.networking.istio.io is forbidden: User \"eve\" cannot list resource \"virtualservices\" in API group \"networking.istio.io\" at the cluster scope","reason":"Forbidden","details":{"group":"networking.istio.io","kind":"virtualservices"},"code":403}"#;
        let Cause::Forbidden { verb, resource, .. } = cause(403, body) else { panic!("not forbidden") };
        assert_eq!((verb.as_str(), resource.as_str()), ("list", "virtualservices.networking.istio.io"));
    }

    #[test]
    fn a_conflict_names_managers_and_fields() {
        let body = r#"{"message":"Apply failed with 1 conflict","reason":"Conflict","details":{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"argocd-controller\" using networking.istio.io/v1","field":".spec.http"}]},"code":409}"#;
        let Cause::Conflict { owners, .. } = cause(409, body) else { panic!("no conflict") };
        assert_eq!(owners, [FieldOwner { manager: "argocd-controller".into(), field: ".spec.http".into() }]);
    }

    #[test]
    fn what_is_invalid_names_its_fields() {
        let table = [
            (
                422,
                r#"{"message":"x","details":{"causes":[{"reason":"FieldValueInvalid","message":"Invalid value","field":"spec.hosts"}]}}"#,
                "spec.hosts",
            ),
            (
                400,
                r#"{"message":"VirtualService in version \"v1\" cannot be handled: strict decoding error: unknown field \"spec.htp\", unknown field \"spec.x\""}"#,
                "spec.htp",
            ),
            (
                500,
                r#"{"message":"failed to create typed patch object (shop/r; networking.istio.io/v1, Kind=VirtualService): .spec.htp: field not declared in schema"}"#,
                "spec.htp",
            ),
            (
                500,
                r#"{"message":"failed to create typed patch object (shop/r; a/v1, Kind=R): errors:\n  .spec.http[0].weight: expected numeric\n  .spec.x: field not declared in schema"}"#,
                "spec.http[0].weight",
            ),
        ];
        for (code, body, field) in table {
            let Cause::Invalid { causes, .. } = cause(code, body) else { panic!("{code}") };
            assert_eq!(causes[0].field, field);
        }
    }

    #[test]
    fn busy_servers_say_how_long_to_wait() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "7".parse().unwrap());
        let cause = answer(StatusCode::TOO_MANY_REQUESTS, &headers, b"");
        assert_eq!(cause, Cause::TooManyRequests { after: Duration::from_secs(7) });
    }

    #[test]
    fn what_is_no_status_is_quoted_short_and_without_escapes() {
        let Cause::Server { detail, .. } = cause(502, &format!("<html>\u{1b}[31m{}", "x".repeat(9000))) else {
            panic!()
        };
        assert!(detail.starts_with("<html> [31m") && detail.chars().count() == DETAIL + 1, "{detail}");
    }

    #[test]
    fn warnings_lose_their_frame() {
        let mut headers = HeaderMap::new();
        headers.append("warning", r#"299 - "unknown field \"spec.x\"""#.parse().unwrap());
        headers.append("warning", "299 - \"second\"".parse().unwrap());
        assert_eq!(warnings(&headers), ["unknown field \"spec.x\"", "second"]);
    }
}
