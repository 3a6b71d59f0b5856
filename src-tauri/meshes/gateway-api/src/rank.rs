//! Which of two matches is asked first, whatever route it stands in.

use crate::spec::{GrpcMatch, HttpMatch};

/// How much a match says: the greater is asked first. Equals go by age of their routes, then by namespace and name, then by place.
/// The order is that of the API (HTTPRouteRule.matches): exact path, longest prefix, a method, more headers, more query parameters.
/// Expressions rank below prefixes, as implementations may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Rank {
    form: u8,
    length: usize,
    method: bool,
    headers: usize,
    query: usize,
}

/// Ranks of paths.
const EXACT: u8 = 3;
const PREFIX: u8 = 2;
const REGEX: u8 = 1;

impl Rank {
    /// Of a match of an HTTPRoute; one without a path asks for the prefix `/`.
    pub fn of_http(m: &HttpMatch) -> Self {
        let (kind, value) = m.path.as_ref().map_or((None, None), |p| (p.kind.as_deref(), p.value.as_deref()));
        let value = value.unwrap_or("/");
        let (form, length) = match kind.unwrap_or("PathPrefix") {
            "Exact" => (EXACT, value.len()),
            "RegularExpression" => (REGEX, value.len()),
            _ if value == "/" => (PREFIX, 1),
            _ => (PREFIX, value.strip_suffix('/').unwrap_or(value).len()),
        };
        Self { form, length, method: m.method.is_some(), headers: m.headers.len(), query: m.query_params.len() }
    }

    /// Of a match of a GRPCRoute, whose service and method are a path on the wire.
    pub fn of_grpc(m: &GrpcMatch) -> Self {
        let Some(method) = &m.method else { return Self { headers: m.headers.len(), ..Self::default() } };
        let exact = method.kind.as_deref().unwrap_or("Exact") == "Exact";
        let (form, length) = match (&method.service, &method.method) {
            (Some(service), Some(name)) if exact => (EXACT, service.len() + name.len() + 2),
            (Some(service), None) if exact => (PREFIX, service.len() + 2),
            (Some(service), Some(name)) => (REGEX, service.len() + name.len() + 2),
            (Some(service), None) => (REGEX, service.len() + "//.+".len()),
            (None, name) => (REGEX, name.as_ref().map_or(0, String::len) + "/[^/]+/".len()),
        };
        Self { form, length, method: false, headers: m.headers.len(), query: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(text: &str) -> Rank {
        Rank::of_http(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn the_order_of_the_api() {
        let falling = [
            r#"{"path":{"type":"Exact","value":"/ab"}}"#,
            r#"{"path":{"type":"Exact","value":"/a"},"headers":[{"name":"x","value":"1"}]}"#,
            r#"{"path":{"type":"PathPrefix","value":"/a/b/"}}"#,
            r#"{"path":{"value":"/a"},"method":"GET"}"#,
            r#"{"path":{"value":"/a"},"headers":[{"name":"x","value":"1"},{"name":"y","value":"1"}]}"#,
            r#"{"path":{"value":"/a"},"headers":[{"name":"x","value":"1"}],"queryParams":[{"name":"q","value":"1"}]}"#,
            r#"{"path":{"value":"/a"},"headers":[{"name":"x","value":"1"}]}"#,
            r#"{}"#,
            r#"{"path":{"type":"RegularExpression","value":"/a/long/expression"}}"#,
        ];
        for pair in falling.windows(2) {
            assert!(rank(pair[0]) > rank(pair[1]), "{} before {}", pair[0], pair[1]);
        }
        assert_eq!(rank("{}"), rank(r#"{"path":{"type":"PathPrefix","value":"/"}}"#));
    }

    #[test]
    fn calls() {
        let rank = |text: &str| Rank::of_grpc(&serde_json::from_str(text).unwrap());
        let falling = [
            r#"{"method":{"service":"a.B","method":"Get"}}"#,
            r#"{"method":{"service":"a.B"}}"#,
            r#"{"method":{"type":"RegularExpression","service":"a.B","method":"Get"}}"#,
            r#"{"headers":[{"name":"x","value":"1"}]}"#,
            "{}",
        ];
        for pair in falling.windows(2) {
            assert!(rank(pair[0]) > rank(pair[1]), "{} before {}", pair[0], pair[1]);
        }
    }
}
