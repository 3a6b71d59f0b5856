//! Names, addresses and values as istiod accepts them. Each answers with what is wrong, or nothing.
//! Upstream: istio/istio pkg/config/validation/agent/validation.go, pkg/config/labels/instance.go.

use std::net::IpAddr;

use world::{Said, said};

/// What is wrong with a value.
pub(crate) type Wrong = Option<Said>;

fn says(wrong: bool, message: impl FnOnce() -> Said) -> Wrong {
    wrong.then(message)
}

/// Letters, digits and dashes, at most 63, neither first nor last a dash.
pub(crate) fn is_label(text: &str) -> bool {
    let inner = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    !text.is_empty() && text.len() <= 63 && inner && !text.starts_with('-') && !text.ends_with('-')
}

fn is_wildcard_label(text: &str) -> bool {
    let rest = text.strip_prefix("*-").or_else(|| text.strip_prefix('*')).unwrap_or(text);
    text == "*" || (text.len() <= 63 && is_label(rest))
}

/// A DNS label.
pub(crate) fn label(text: &str) -> Wrong {
    says(!is_label(text), || {
        said!("'{text}' is no DNS label: letters, digits and dashes", "“{text}”不是 DNS 标签：只能有字母、数字和连字符")
    })
}

/// A full host name.
pub(crate) fn fqdn(host: &str) -> Wrong {
    length(host).or_else(|| labels_of(host, host))
}

/// A host name that may begin with a star.
pub(crate) fn wildcard_host(host: &str) -> Wrong {
    let (first, rest) = host.split_once('.').map_or((host, None), |(first, rest)| (first, Some(rest)));
    let first = || {
        says(!is_wildcard_label(first), || {
            said!("'{host}' is no host name: '{first}' is no DNS label", "“{host}”不是主机名：“{first}”不是 DNS 标签")
        })
    };
    length(host).or_else(first).or_else(|| rest.and_then(|rest| labels_of(rest, host)))
}

fn length(host: &str) -> Wrong {
    says(host.is_empty(), || ("the host name is empty", "主机名为空").into())
        .or_else(|| says(host.len() > 255, || said!("'{host}' is longer than 255 letters", "“{host}”超过 255 个字符")))
}

fn labels_of(domain: &str, host: &str) -> Wrong {
    let parts: Vec<&str> = domain.split('.').collect();
    let last = parts.last().copied().unwrap_or_default();
    if last.parse::<i64>().is_ok() {
        return Some(said!("'{host}' ends in a number, as no host name does", "“{host}”以数字结尾，主机名不能如此"));
    }
    let named = if last.is_empty() { parts.get(..parts.len() - 1).unwrap_or_default() } else { parts.as_slice() };
    named.iter().find(|part| !is_label(part)).map(|part| {
        said!("'{host}' is no host name: '{part}' is no DNS label", "“{host}”不是主机名：“{part}”不是 DNS 标签")
    })
}

/// `*.example.com` is allowed, `*example.com` is not.
pub(crate) fn partial_wildcard(host: &str) -> Wrong {
    let partial = host.contains('*') && host.len() != 1 && !host.starts_with("*.");
    says(partial, || {
        said!(
            "'{host}': a star stands for whole labels, as in *.example.com",
            "“{host}”：星号代表完整的一段，例如 *.example.com"
        )
    })
}

/// An IPv4 or IPv6 address.
pub(crate) fn is_ip(text: &str) -> bool {
    text.split('%').next().is_some_and(|ip| ip.parse::<IpAddr>().is_ok())
}

/// An address.
pub(crate) fn ip(text: &str) -> Wrong {
    says(!is_ip(text), || said!("'{text}' is no IP address", "“{text}”不是 IP 地址"))
}

/// An address, or a range of them: `10.0.0.0/8`.
pub(crate) fn ip_range(text: &str) -> Wrong {
    let Some((address, bits)) = text.split_once('/') else { return ip(text) };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => -1,
    };
    let plain = !bits.starts_with('+') && (bits == "0" || !bits.starts_with('0'));
    says(!plain || bits.parse::<i32>().map_or(true, |bits| bits < 0 || bits > most), || {
        said!("'{text}' is no range of addresses", "“{text}”不是地址范围")
    })
}

/// A port.
pub(crate) fn port(number: f64) -> Wrong {
    says(!(1.0..=65535.0).contains(&number), || {
        said!("{number} is no port: 1 to 65535", "{number} 不是端口：应为 1 到 65535")
    })
}

/// `NAMESPACE/HOST`, as gateways (which may leave the namespace out) and Sidecars list their hosts.
pub(crate) fn namespaced_host(text: &str, gateway: bool) -> Wrong {
    let Some((namespace, host)) = text.split_once('/') else {
        return if gateway {
            listed_host(text, true)
        } else {
            Some(said!("'{text}' is not NAMESPACE/HOST", "“{text}”不是 NAMESPACE/HOST 的形式"))
        };
    };
    if host.is_empty() || namespace.is_empty() {
        return Some(said!("'{text}': namespace and host must both be there", "“{text}”：命名空间和主机必须都写"));
    }
    let bare = if gateway { namespace } else { namespace.strip_prefix('~').unwrap_or(namespace) };
    let known = matches!(bare, "*" | ".") || is_label(bare) || (!gateway && bare.is_empty());
    says(!known, || said!("'{namespace}' is no namespace", "“{namespace}”不是命名空间"))
        .or_else(|| listed_host(host, gateway))
}

fn listed_host(host: &str, gateway: bool) -> Wrong {
    let short = host != "*" && !host.contains('.');
    says(short, || said!("'{host}' is a short name; the full one is needed", "“{host}”是短名称；需要写全名"))
        .or_else(|| wildcard_host(host).filter(|_| !(gateway && is_ip(host))))
        .or_else(|| partial_wildcard(host))
}

/// A key of a Kubernetes label.
pub(crate) fn label_key(key: &str) -> Wrong {
    let (prefix, name) = key.rsplit_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let good = is_qualified(name)
        && name.len() <= 63
        && prefix.is_none_or(|prefix| prefix.len() <= 253 && prefix.split('.').all(is_label));
    says(!good, || said!("'{key}' is no key of a label", "“{key}”不是标签的键"))
}

/// A value of a Kubernetes label.
pub(crate) fn label_value(value: &str) -> Wrong {
    says(!value.is_empty() && !is_qualified(value), || {
        said!("'{value}' is no value of a label", "“{value}”不是标签的值")
    })
}

fn is_qualified(text: &str) -> bool {
    let inner = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    inner && edge(text.bytes().next()) && edge(text.bytes().last())
}

/// A name of a header as HTTP has it. `strict` leaves letters, digits, dashes and underscores.
pub(crate) fn header_name(name: &str, strict: bool) -> Wrong {
    let extra: &[u8] = if strict { b"-_" } else { b"!#$%&'*+-.^_`|~" };
    let good = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || extra.contains(&b));
    says(!good, || said!("'{name}' is no name of a header", "“{name}”不是 HTTP 头的名称"))
}

/// A duration of at least a millisecond, in whole milliseconds. What is no duration at all is another rule's.
pub(crate) fn duration(text: &str) -> Wrong {
    let nanoseconds = nanoseconds(text)?;
    says(nanoseconds < 1e6, || said!("{text} is shorter than a millisecond", "{text} 短于 1 毫秒")).or_else(|| {
        says((nanoseconds % 1e6).abs() > 0.5, || said!("{text} is not in whole milliseconds", "{text} 不是整毫秒"))
    })
}

/// As Go writes durations: `1h2m3.5s`, `10ms`. `None` where it is none.
pub(crate) fn nanoseconds(text: &str) -> Option<f64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text),
    };
    let mut sum = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (value, tail) = rest.split_at(number);
        let unit = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, after) = tail.split_at(unit);
        let scale = match unit {
            "ns" => 1.0,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 6e10,
            "h" => 3.6e12,
            _ => return None,
        };
        sum += value.parse::<f64>().ok()? * scale;
        rest = after;
    }
    Some(sign * sum)
}

/// A regular expression that RE2 takes, not longer than istiod allows.
pub(crate) fn regex(text: &str) -> Wrong {
    if text.is_empty() {
        return Some(("the regular expression is empty", "正则表达式为空").into());
    }
    if text.len() > 1024 {
        return Some(("the regular expression is longer than 1024 letters", "正则表达式超过 1024 个字符").into());
    }
    regex::Regex::new(text).err().map(|_| said!("'{text}' is no regular expression", "“{text}”不是正则表达式"))
}

/// A protocol of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Requests.
    Http,
    /// Encrypted bytes.
    Tls,
    /// Bytes.
    Tcp,
    /// Datagrams.
    Udp,
}

/// A protocol by its name; `None` where istiod knows none of that name. Upstream: pkg/config/protocol/instance.go, Parse.
pub(crate) fn protocol(name: &str) -> Option<Protocol> {
    Some(match name.to_ascii_lowercase().as_str() {
        "http" | "http2" | "http_proxy" | "grpc" | "grpc-web" => Protocol::Http,
        "https" | "tls" => Protocol::Tls,
        "tcp" | "mongo" | "redis" | "mysql" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return None,
    })
}

/// A header by which a route asks for a claim of the caller's token. Upstream: pkg/jwt/routing.go, ToRoutingClaim.
pub(crate) fn is_claim(header: &str) -> bool {
    let named = header.get(..20).filter(|start| start.eq_ignore_ascii_case("@request.auth.claims"));
    let rest = named.and_then(|_| header.get(20..)).unwrap_or_default();
    (rest.starts_with('.') && rest.len() > 1) || (rest.starts_with('[') && rest.ends_with(']') && rest.len() > 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_and_bad() {
        type Check = fn(&str) -> Wrong;
        let table: [(Check, &[&str], &[&str]); 8] = [
            (fqdn, &["a", "a.b.", "reviews.shop.svc.cluster.local"], &["", "a..b", "*.a", "-a", "1.2.3.4", "a_b"]),
            (wildcard_host, &["*", "*.a.b", "a", "a.", "*-a.b", "*a.b"], &["a.*", "**", "*.1"]),
            (ip_range, &["1.2.3.4", "10.0.0.0/8", "::1/128"], &["10.0.0.0/33", "a", "1.2.3.4/", "1.2.3.4/08"]),
            (|h| namespaced_host(h, true), &["*", "a.b", "./a.b", "*/*", "1.2.3.4"], &["a", "/a.b", "_/a.b", "*a.b"]),
            (|h| namespaced_host(h, false), &["*/*", "./*", "ns/a.b", "~/*"], &["a.b", "*", "ns/a", "ns/"]),
            (label_key, &["app", "a.b/c_d"], &["", "a/b/c", "-a", "/a"]),
            (duration, &["1s", "0.5s", "1h2m", "nonsense"], &["0s", "0.5ms", "1.0005s", "-1s"]),
            (regex, &["a.*"], &["", "(", "a(?!b)"]),
        ];
        for (at, (check, good, bad)) in table.into_iter().enumerate() {
            for text in good {
                assert_eq!(check(text), None, "{at}: {text}");
            }
            for text in bad {
                assert!(check(text).is_some(), "{at}: {text}");
            }
        }
        assert!(
            is_claim("@request.auth.claims.a") && is_claim("@Request.Auth.Claims[a]") && !is_claim("@request.auth")
        );
    }
}
