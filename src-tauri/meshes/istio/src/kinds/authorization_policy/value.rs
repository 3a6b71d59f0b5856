//! How one value of a policy is compared. Upstream: istio/istio pilot/pkg/security/authz/{matcher,model}.

use std::net::IpAddr;

use crate::read::settings::Settings;

/// `*` asks for presence, `a*` for a prefix, `*a` for a suffix, anything else is exact.
pub(crate) fn fits(pattern: &str, value: &str) -> bool {
    if pattern == "*" {
        return !value.is_empty();
    }
    if let Some(suffix) = pattern.strip_prefix('*') {
        return value.ends_with(suffix);
    }
    pattern.strip_suffix('*').map_or(pattern == value, |prefix| value.starts_with(prefix))
}

/// As `fits`, but a header that is there and empty counts as present.
pub(crate) fn header_fits(pattern: &str, value: Option<&str>) -> bool {
    value.is_some_and(|value| pattern == "*" || fits(pattern, value))
}

/// Hosts are compared without case.
pub(crate) fn host_fits(pattern: &str, host: &str) -> bool {
    fits(&pattern.to_ascii_lowercase(), &host.to_ascii_lowercase())
}

/// A path, or a template with `{*}` for one part and `{**}` for the rest.
pub(crate) fn path_fits(pattern: &str, path: &str) -> bool {
    if pattern.contains("{*}") || pattern.contains("{**}") { template_fits(pattern, path) } else { fits(pattern, path) }
}

/// Upstream: envoyproxy/envoy source/extensions/path/uri_template_lib: `{*}` is `[^/]+`, `{**}` is `.*`, both after a slash.
fn template_fits(template: &str, path: &str) -> bool {
    let escaped = regex::escape(template).replace(r"\{\*\*\}", ".*").replace(r"\{\*\}", "[^/]+");
    regex::Regex::new(&format!("^(?:{escaped})$")).is_ok_and(|re| re.is_match(path))
}

/// A principal `spiffe://…` against `cluster.local/ns/a/sa/b`, with stars. Upstream: matcher.StringMatcherWithPrefix.
pub(crate) fn principal_fits(pattern: &str, principal: &str) -> bool {
    fits(pattern, principal)
}

/// The same, where a name of the mesh's own trust domain stands for any other of its names.
pub(crate) fn is_principal(pattern: &str, principal: &str, settings: Option<&Settings>) -> bool {
    let parts: Vec<&str> = pattern.split('/').collect();
    let own = || {
        let ([domain, rest @ ..], Some(settings)) = (parts.as_slice(), settings) else { return false };
        rest.len() == 4
            && settings.trusts(domain)
            && principal.split_once('/').is_some_and(|(of, tail)| settings.trusts(of) && fits(&rest.join("/"), tail))
    };
    principal_fits(pattern, principal) || own()
}

/// A namespace with stars anywhere. Upstream: model/generator.go, srcNamespaceGenerator.
pub(crate) fn namespace_fits(pattern: &str, namespace: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = namespace.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// An address or a block of them.
pub(crate) fn block_holds(block: &str, ip: &str) -> bool {
    let (base, bits) = block.split_once('/').map_or((block, None), |(base, bits)| (base, Some(bits)));
    let (Ok(base), Ok(ip)) = (base.parse::<IpAddr>(), ip.parse::<IpAddr>()) else { return false };
    let (base, ip, width) = match (base, ip) {
        (IpAddr::V4(base), IpAddr::V4(ip)) => (u128::from(base.to_bits()), u128::from(ip.to_bits()), 32),
        (IpAddr::V6(base), IpAddr::V6(ip)) => (base.to_bits(), ip.to_bits(), 128),
        _ => return false,
    };
    let Ok(bits) = bits.map_or(Ok(width), str::parse::<u32>) else { return false };
    let shift = width.saturating_sub(bits);
    bits <= width && base.checked_shr(shift).unwrap_or(0) == ip.checked_shr(shift).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks() {
        for (block, ip, holds) in [
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.7", "10.0.0.7", true),
            ("10.0.0.7", "10.0.0.8", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("10.0.0.0/33", "10.0.0.0", false),
            ("::/0", "1.2.3.4", false),
            ("2001:db8::/32", "2001:db8::1", true),
            ("no", "1.2.3.4", false),
            ("1.2.3.4/x", "1.2.3.4", false),
        ] {
            assert_eq!(block_holds(block, ip), holds, "{block} {ip}");
        }
    }

    #[test]
    fn stars() {
        assert!(fits("/a*", "/ab") && fits("*b", "ab") && fits("*", "x") && !fits("*", "") && !fits("a", "ab"));
        assert!(header_fits("*", Some("")) && !header_fits("*", None));
        assert!(
            path_fits("/a/{*}/b", "/a/x/b") && !path_fits("/a/{*}/b", "/a/x/y/b") && path_fits("/c/{**}", "/c/x/y")
        );
        for (pattern, namespace, fits) in [
            ("a*c", "abc", true),
            ("a", "ab", false),
            ("*", "x", true),
            ("a*", "a", true),
            ("a*b*c", "axbyc", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(namespace_fits(pattern, namespace), fits, "{pattern} {namespace}");
        }
    }
}
