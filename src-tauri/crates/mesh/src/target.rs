//! A request's URL taken apart, without a URL crate: only what a proxy looks at, and paths stay exactly as sent.

use crate::Request;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `http` or `https`, in lower case.
    pub scheme: String,
    /// Host of the URL: where the connection goes.
    pub host: String,
    /// Port of the URL, or the scheme's.
    pub port: u16,
    /// The `:authority` that proxies see: the Host header where one is sent, else host and port of the URL.
    pub authority: String,
    /// Path as sent, never empty.
    pub path: String,
    /// Query as sent, without `?`.
    pub query: Option<String>,
}

impl Target {
    /// Reads the URL and the Host header; `None` where the URL names no host or no usable port.
    pub fn of(request: &Request) -> Option<Self> {
        let url = request.url.split('#').next().unwrap_or_default();
        let (scheme, rest) = url.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = split_port(authority);
        let default = match scheme.as_str() {
            "http" | "ws" => 80,
            "https" | "wss" => 443,
            _ => return None,
        };
        let port = match port {
            Some(text) => text.parse().ok().filter(|p| *p != 0)?,
            None => default,
        };
        if host.is_empty() {
            return None;
        }
        let (path, query) = tail.split_once('?').map_or((tail, None), |(path, query)| (path, Some(query.to_owned())));
        let sent = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, value)| value);
        Some(Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port,
            authority: sent.map_or_else(|| authority.to_owned(), |value| value.trim().to_owned()),
            path: if path.is_empty() { "/".into() } else { path.to_owned() },
            query,
        })
    }
}

/// Splits `host:port`; IPv6 addresses come in brackets and leave without.
pub fn split_port(authority: &str) -> (&str, Option<&str>) {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, tail) = rest.split_once(']').unwrap_or((rest, ""));
        return (host, tail.strip_prefix(':'));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Caller;

    fn target(url: &str, host: Option<&str>) -> Option<Target> {
        Target::of(&Request {
            id: String::new(),
            from: Caller::Outside { ip: String::new() },
            via: None,
            method: "GET".into(),
            url: url.into(),
            headers: host.map(|h| ("Host".to_owned(), h.to_owned())).into_iter().collect(),
            at: None,
        })
    }

    #[test]
    fn parts() {
        for (url, host, port, authority, path, query) in [
            ("http://reviews:9080/x?y=z", "reviews", 9080, "reviews:9080", "/x", Some("y=z")),
            ("http://Reviews", "reviews", 80, "Reviews", "/", None),
            ("https://u:p@a.b//a/%61#f", "a.b", 443, "a.b", "//a/%61", None),
            ("http://a?q", "a", 80, "a", "/", Some("q")),
            ("http://[::1]:81/", "::1", 81, "[::1]:81", "/", None),
        ] {
            let t = target(url, None).unwrap();
            assert_eq!(
                (t.host.as_str(), t.port, t.authority.as_str(), t.path.as_str(), t.query.as_deref()),
                (host, port, authority, path, query),
                "{url}"
            );
        }
        assert_eq!(target("http://a:80/", Some("b")).unwrap().authority, "b");
    }

    #[test]
    fn no_target() {
        for url in ["", "reviews", "http://", "http://:80/", "http://a:0/", "http://a:99999/", "ftp://a/"] {
            assert_eq!(target(url, None), None, "{url}");
        }
    }
}
