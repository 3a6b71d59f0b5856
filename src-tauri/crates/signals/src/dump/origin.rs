//! The objects that Istio names in what it makes.

use world::ObjectKey;

use crate::json::Scanner;

/// Where a part came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// An object by its own name.
    Object(ObjectKey),
    /// A host of the registry, with the namespace and name that Istio gave it: a Service, or a ServiceEntry.
    Host {
        /// `reviews.shop.svc.cluster.local`
        host: String,
        /// Namespace of the object.
        namespace: String,
        /// Name of the Service; the host for a ServiceEntry.
        name: String,
    },
}

/// `/apis/networking.istio.io/v1/namespaces/shop/virtual-service/reviews`; of the core group `/api/v1/…`.
pub(crate) fn of_path(path: &str) -> Option<Origin> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (group, rest) = match parts.as_slice() {
        ["apis", group, _version, rest @ ..] => (*group, rest),
        ["api", _version, rest @ ..] => ("", rest),
        _ => return None,
    };
    match rest {
        ["namespaces", namespace, kind, name] => {
            // A route that Istio made of an object of the Gateway API is called `<name>~…`.
            let own = name.split('~').next().unwrap_or(name);
            Some(Origin::Object(ObjectKey::new(group, &camel(kind), namespace, own)))
        }
        _ => None,
    }
}

/// `VirtualService` of `virtual-service`.
fn camel(kind: &str) -> String {
    let mut out = String::new();
    for word in kind.split('-') {
        let mut letters = word.chars();
        out.extend(letters.next().into_iter().flat_map(char::to_uppercase).chain(letters));
    }
    out
}

/// `ns[shop]-policy[allow]-rule[0]`: the name of a rule that an AuthorizationPolicy made
/// (pilot/pkg/security/authz/builder, `policyName`).
pub(crate) fn of_policy(name: &str) -> Option<Origin> {
    let (namespace, rest) = name.strip_prefix("ns[")?.split_once("]-policy[")?;
    let (policy, _) = rest.split_once(']')?;
    Some(Origin::Object(ObjectKey::new("security.istio.io", "AuthorizationPolicy", namespace, policy)))
}

/// Reads a `metadata` and adds the objects that it names.
pub(super) fn of_metadata(scanner: &mut Scanner<'_>, from: &mut Vec<Origin>) -> Option<()> {
    within(scanner, "filter_metadata", |scanner| {
        within(scanner, "istio", |scanner| {
            scanner.object(|scanner, name| match name {
                "config" => {
                    if let Some(origin) = of_path(&scanner.plain()?) {
                        from.insert(0, origin);
                    }
                    Some(())
                }
                "services" => scanner.list(|scanner| {
                    from.push(host(scanner)?);
                    Some(())
                }),
                _ => scanner.skip(),
            })
        })
    })
}

fn host(scanner: &mut Scanner<'_>) -> Option<Origin> {
    let (mut host, mut namespace, mut service) = (String::new(), String::new(), String::new());
    scanner.object(|scanner, name| {
        let field = match name {
            "host" => &mut host,
            "namespace" => &mut namespace,
            "name" => &mut service,
            _ => return scanner.skip(),
        };
        *field = scanner.plain()?;
        Some(())
    })?;
    Some(Origin::Host { host, namespace, name: service })
}

/// Reads the one member of an object that has this name, and passes over the others.
pub(crate) fn within(
    scanner: &mut Scanner<'_>,
    wanted: &str,
    mut read: impl FnMut(&mut Scanner<'_>) -> Option<()>,
) -> Option<()> {
    scanner.object(|scanner, name| if name == wanted { read(scanner) } else { scanner.skip() })
}

/// Address and port of an `address`; `pipe:…` where it is a socket of the file system.
pub(crate) fn address(scanner: &mut Scanner<'_>) -> Option<String> {
    let (mut host, mut port) = (String::new(), String::new());
    scanner.object(|scanner, name| match name {
        "socket_address" => scanner.object(|scanner, name| {
            match name {
                "address" => host = scanner.plain()?,
                "port_value" => port = scanner.plain()?,
                _ => scanner.skip()?,
            }
            Some(())
        }),
        "pipe" => within(scanner, "path", |scanner| {
            host = format!("pipe:{}", scanner.plain()?);
            Some(())
        }),
        _ => scanner.skip(),
    })?;
    Some(if port.is_empty() { host } else { format!("{host}:{port}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_objects() {
        let said = |origin: Option<Origin>| match origin {
            Some(Origin::Object(key)) => format!("{} {key}", key.group),
            other => format!("{other:?}"),
        };
        let table = [
            (
                "/apis/networking.istio.io/v1/namespaces/shop/virtual-service/reviews",
                "networking.istio.io VirtualService shop/reviews",
            ),
            (
                "/apis/networking.istio.io/v1alpha3/namespaces/shop/destination-rule/a.b",
                "networking.istio.io DestinationRule shop/a.b",
            ),
            (
                "/apis/gateway.networking.k8s.io/v1/namespaces/shop/HTTPRoute/r",
                "gateway.networking.k8s.io HTTPRoute shop/r",
            ),
            ("", "None"),
            ("/apis", "None"),
            ("nothing of it", "None"),
        ];
        for (path, expected) in table {
            assert_eq!(said(of_path(path)), expected, "{path}");
        }
        assert_eq!(
            said(of_policy("ns[shop]-policy[px-allow]-rule[0]")),
            "security.istio.io AuthorizationPolicy shop/px-allow"
        );
        assert_eq!(said(of_policy("istio-ext-authz-deny")), "None");
    }
}
