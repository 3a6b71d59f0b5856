//! Paths as Envoy normalises them before anything else looks at them (Istio's default, `normalize_path`).

/// Decodes escapes of unreserved characters, turns `\` into `/` and takes `.` and `..` out; slashes are not merged, escaped ones
/// stay escaped. Upstream: envoyproxy/envoy source/common/http/path_utility.cc, canonicalPath.
pub(crate) fn normalized(path: &str) -> String {
    let decoded = decoded(path);
    let mut kept: Vec<&str> = Vec::new();
    let mut ends_in_folder = false;
    for part in decoded.split('/').skip(1) {
        ends_in_folder = matches!(part, "." | "..");
        match part {
            "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    if ends_in_folder {
        kept.push("");
    }
    format!("/{}", kept.join("/"))
}

/// Why a proxy that reads a request answers it 400 before anything else looks at it; `None` where it does not.
/// Upstream: envoyproxy/envoy source/common/http/path_utility.cc, canonicalPath.
pub(crate) fn malformed(method: &str, path: &str) -> Option<String> {
    if !METHODS.contains(&method) {
        return Some(format!("{method} is no method that proxies know"));
    }
    if !path.starts_with('/') {
        return Some(format!("the path '{path}' begins with no slash"));
    }
    path.contains("%00").then(|| "a path may not hold the character %00".to_owned())
}

/// The methods that Envoy lets through; each was asked of a genuine one.
const METHODS: [&str; 32] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "TRACE",
    "COPY",
    "LOCK",
    "MKCOL",
    "MOVE",
    "PROPFIND",
    "PROPPATCH",
    "SEARCH",
    "UNLOCK",
    "BIND",
    "REBIND",
    "UNBIND",
    "ACL",
    "REPORT",
    "MKACTIVITY",
    "CHECKOUT",
    "MERGE",
    "NOTIFY",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "PURGE",
    "MKCALENDAR",
    "LINK",
    "UNLINK",
    "SOURCE",
];

fn decoded(path: &str) -> String {
    let mut bytes: Vec<u8> = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        if let (b'%', [a, b, after @ ..]) = (first, tail)
            && let (Some(high), Some(low)) = (hex(*a), hex(*b))
            && unreserved(high * 16 + low)
        {
            bytes.push(high * 16 + low);
            rest = after;
            continue;
        }
        bytes.push(if *first == b'\\' { b'/' } else { *first });
        rest = tail;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::{malformed, normalized};

    /// Each of these was asked of a genuine Envoy.
    #[test]
    fn as_envoy_does() {
        for (sent, seen) in [
            ("/", "/"),
            ("/%61", "/a"),
            ("//a", "//a"),
            ("/a/../b", "/b"),
            ("/a/./b//c", "/a/b//c"),
            ("/a%2Fb", "/a%2Fb"),
            ("/a%2fb%5C", "/a%2fb%5C"),
            ("/a;b", "/a;b"),
            ("/%61/../b", "/b"),
            ("/..", "/"),
            ("/a/..", "/"),
            ("/a/.", "/a/"),
        ] {
            assert_eq!(normalized(sent), seen, "{sent}");
        }
    }

    #[test]
    fn what_is_answered_at_once() {
        for (method, path, refused) in [
            ("GET", "/a", false),
            ("PURGE", "/", false),
            ("get", "/", true),
            ("GET", "/a%00", true),
            ("GET", "a", true),
        ] {
            assert_eq!(malformed(method, path).is_some(), refused, "{method} {path}");
        }
    }
}
