//! Who may call: only this machine's own page. Another site's page, or a name rebound to loopback, is refused.

use http::{HeaderMap, Uri, header};

/// What a request must show.
pub struct Guard {
    hosts: Vec<String>,
    origins: Vec<String>,
    token: Option<String>,
}

impl Guard {
    /// A guard of the server on this port; `origins` may call too.
    pub fn new(port: u16, origins: Vec<String>, token: Option<String>) -> Self {
        let hosts: Vec<String> = ["127.0.0.1", "localhost"].iter().map(|name| format!("{name}:{port}")).collect();
        let own = hosts.iter().map(|host| format!("http://{host}"));
        let origins = own.chain(origins.into_iter().map(|o| o.trim_end_matches('/').to_owned())).collect();
        Self { hosts, origins, token }
    }

    /// Why a request is refused; `None` where it may pass.
    pub fn refuses(&self, uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        if !text(header::HOST).is_some_and(|host| self.hosts.iter().any(|own| own == host)) {
            return Some("the Host header names another machine");
        }
        if headers.contains_key(header::ORIGIN)
            && !text(header::ORIGIN).is_some_and(|origin| self.origins.iter().any(|own| own == origin))
        {
            return Some("another site's page may not call");
        }
        let bearer = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        let given = bearer.or_else(|| query(uri, "token")).unwrap_or_default();
        match &self.token {
            Some(token) if !same(token, given) => Some("the token is missing or wrong"),
            _ => None,
        }
    }
}

/// A parameter of the query; ids and tokens need no unescaping.
pub fn query<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Compares without telling by its time how much was right.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differs, (x, y)| differs | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_page_may_call() {
        let guard = Guard::new(4600, vec!["http://localhost:5173/".into()], Some("s3cret".into()));
        for (host, origin, uri, bearer, passes) in [
            ("127.0.0.1:4600", "", "/call/x", "Bearer s3cret", true),
            ("localhost:4600", "http://localhost:4600", "/call/x", "Bearer s3cret", true),
            ("127.0.0.1:4600", "http://localhost:5173", "/watch?session=a&token=s3cret", "", true),
            ("127.0.0.1:4600", "", "/call/x", "", false),
            ("127.0.0.1:4600", "", "/call/x", "Bearer s3creT", false),
            ("evil.example:4600", "", "/call/x", "Bearer s3cret", false),
            ("127.0.0.1:4600", "http://evil.example", "/call/x", "Bearer s3cret", false),
            ("127.0.0.1:4600", "null", "/call/x", "Bearer s3cret", false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [(header::HOST, host), (header::ORIGIN, origin), (header::AUTHORIZATION, bearer)] {
                if !value.is_empty() {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            let refused = guard.refuses(&uri.parse().unwrap(), &headers);
            assert_eq!(refused.is_none(), passes, "{host} {origin} {uri} {bearer}: {refused:?}");
        }
    }
}
