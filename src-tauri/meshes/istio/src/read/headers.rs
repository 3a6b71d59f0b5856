//! What is known of a header of a request: it was sent, a proxy makes it, or the program that asks may add it by itself.

use std::borrow::Cow;

use world::{Said, said};

/// The header that every proxy gives to a request that has none.
pub(crate) const REQUEST_ID: &str = "x-request-id";
/// The header in which a proxy says who called it in mutual TLS.
pub(crate) const CLIENT_CERT: &str = "x-forwarded-client-cert";
/// The header in which a proxy says how it was asked.
pub(crate) const PROTO: &str = "x-forwarded-proto";
/// The header in which a proxy says how often it tried to send a request on.
pub(crate) const ATTEMPTS: &str = "x-envoy-attempt-count";

/// Headers that programs mostly send without being told to.
const UNTOLD: [&str; 3] = ["user-agent", "accept", "accept-encoding"];

/// What is known of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// It is not there.
    Absent,
    /// It is there, with these texts: as often as it was sent.
    Texts(Vec<Cow<'a, str>>),
    /// It is there; its text is made on the way.
    Made,
    /// Whether the caller's program adds it was not said.
    Untold,
}

/// The headers of a request: those that were sent, names in lower case, and the names of those that a proxy makes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Headers<'a> {
    pub sent: &'a [(String, String)],
    pub made: &'a [&'static str],
    pub method: &'a str,
}

impl<'a> Value<'a> {
    /// A text.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Texts(vec![text.into()])
    }
}

impl<'a> Headers<'a> {
    /// A header by its name in lower case.
    pub fn value(&self, name: &str) -> Value<'a> {
        let all = self.sent.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str().into());
        let all: Vec<Cow<str>> = all.collect();
        let has_body = matches!(self.method, "POST" | "PUT" | "PATCH");
        if !all.is_empty() {
            Value::Texts(all)
        } else if self.made.contains(&name) {
            Value::Made
        } else if UNTOLD.contains(&name) || (name == "content-length" && has_body) {
            Value::Untold
        } else {
            Value::Absent
        }
    }
}

/// A header whose name has letters that none may have; the proxy answers 400.
pub(crate) fn misnamed(headers: &[(String, String)]) -> Option<Said> {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let wrong = |name: &str| name.is_empty() || !name.bytes().all(letter);
    headers
        .iter()
        .find(|(name, _)| wrong(name))
        .map(|(name, _)| said!("'{name}' is no name of a header", "“{name}”不是合法的请求头名称"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known() {
        let sent: Vec<(String, String)> =
            [("a", "1"), ("b", "2"), ("a", "3")].map(|(n, v)| (n.into(), v.into())).into();
        let headers = Headers { sent: &sent, made: &[REQUEST_ID], method: "GET" };
        assert_eq!(headers.value("a"), Value::Texts(vec!["1".into(), "3".into()]));
        assert_eq!(headers.value("b"), Value::text("2"));
        assert_eq!(headers.value("c"), Value::Absent);
        assert_eq!(headers.value("content-length"), Value::Absent);
        assert_eq!(headers.value(REQUEST_ID), Value::Made);
        assert_eq!(headers.value("user-agent"), Value::Untold);
        assert_eq!(Headers { method: "POST", ..headers }.value("content-length"), Value::Untold);
    }
}
