//! Paths as proxies normalise them before anything else looks at them, and what they answer before that.

use world::{Said, said};

/// What a mesh has its proxies do with paths.
/// Upstream: istio/istio pilot/pkg/networking/core/listener.go, buildHTTPConnectionManager, PathNormalization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Paths {
    /// Nothing.
    AsSent,
    #[default]
    Normal,
    /// Slashes in a row are one, too.
    Merged,
    /// Escaped slashes are slashes, before all else.
    DecodedAndMerged,
}

impl Paths {
    /// A path as a proxy sends it on.
    pub fn of(self, path: &str) -> String {
        match self {
            Self::AsSent => path.to_owned(),
            Self::Normal => normalized(path),
            Self::Merged => merged(&normalized(path)),
            Self::DecodedAndMerged => {
                let mut path = path.to_owned();
                for (escaped, plain) in [("%2F", "/"), ("%2f", "/"), ("%5C", "\\"), ("%5c", "\\")] {
                    path = path.replace(escaped, plain);
                }
                merged(&normalized(&path))
            }
        }
    }
}

fn merged(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if !(c == '/' && out.ends_with('/')) {
            out.push(c);
        }
    }
    out
}

/// Decodes escapes of unreserved characters and escapes others, turns `\` into `/` and takes `.` and `..` out, whatever follows them after a
/// semicolon; slashes are not merged, escaped ones stay escaped. Upstream: envoyproxy/envoy source/common/http/path_utility.cc, canonicalPath.
fn normalized(path: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    let mut ends_in_folder = false;
    for part in path.split(['/', '\\']).skip(1) {
        let bare = part.split(';').next().unwrap_or_default();
        let part = if matches!(bare, "." | "..") { bare.to_owned() } else { decoded(part) };
        ends_in_folder = matches!(part.as_str(), "." | "..");
        match part.as_str() {
            "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(part),
        }
    }
    if ends_in_folder {
        kept.push(String::new());
    }
    format!("/{}", kept.join("/"))
}

/// Why a proxy that reads a request answers it 400 before anything else looks at it; `None` where it does not.
/// Upstream: envoyproxy/envoy source/common/http/path_utility.cc, canonicalPath.
pub(crate) fn malformed(method: &str, path: &str) -> Option<Said> {
    if !METHODS.contains(&method) {
        return Some(said!("{method} is no method that proxies know", "代理不认识方法 {method}"));
    }
    if !path.starts_with('/') {
        return Some(said!("the path '{path}' begins with no slash", "路径“{path}”不以斜杠开头"));
    }
    if !path.bytes().all(|b| b.is_ascii_graphic()) {
        return Some(said!(
            "a path holds only visible characters of ASCII, no spaces",
            "路径只能含可见的 ASCII 字符，不能有空格"
        ));
    }
    path.contains("%00").then(|| said!("a path may not hold the character %00", "路径不能含有字符 %00"))
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
        if b"\"<>^`{|}".contains(first) {
            bytes.extend(format!("%{first:02X}").into_bytes());
        } else {
            bytes.push(*first);
        }
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
    use super::{Paths, malformed, normalized};

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
            ("/a/..;x/b", "/b"),
            ("/a/.;/b", "/a/b"),
            ("/a/...;/b", "/a/...;/b"),
            ("/a/%2e%2e;/b", "/a/..;/b"),
            ("/a%5C..%5Cb", "/a%5C..%5Cb"),
            ("/a\\..\\b", "/b"),
            ("/a<b>c|\"d", "/a%3Cb%3Ec%7C%22d"),
            ("/a[b]'c~!*()", "/a[b]'c~!*()"),
        ] {
            assert_eq!(normalized(sent), seen, "{sent}");
        }
    }

    #[test]
    fn by_the_meshs_settings() {
        for (paths, sent, seen) in [
            (Paths::AsSent, "/a/../%61", "/a/../%61"),
            (Paths::Normal, "//a%2Fb", "//a%2Fb"),
            (Paths::Merged, "//a///b%2F/", "/a/b%2F/"),
            (Paths::DecodedAndMerged, "/a%2F..%5cb//c", "/b/c"),
        ] {
            assert_eq!(paths.of(sent), seen, "{sent}");
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
