//! Where Istio's webhooks find their control plane.
//! Upstream: istio/istio pkg/config/analysis/analyzers/externalcontrolplane/externalcontrolplane.go.

use std::net::IpAddr;

use mesh::{Subject, split_port};

use crate::read::field::Field;

/// How a webhook is reached.
pub(super) enum Address {
    /// By neither a Service nor a URL.
    Nowhere,
    /// By a URL that is none.
    Broken,
    /// By a URL with an IP address.
    Ip,
    /// By a name.
    Name,
}

/// The webhooks of Istio's own configurations that are not reached by a Service.
pub(super) fn addresses(subject: &Subject) -> Vec<(Field<'_>, Address)> {
    let Some(document) = subject.document() else { return Vec::new() };
    let name = document.key.name.as_str();
    let ours = match document.key.kind.as_str() {
        "MutatingWebhookConfiguration" => name.starts_with("istio-sidecar-injector"),
        _ => name == "istiod-default-validator" || name.starts_with("istio-validator"),
    };
    let hooks = Field::of(document).items("webhooks").into_iter().filter(|_| ours).map(|hook| hook.get("clientConfig"));
    hooks
        .filter(|config| config.has("url") || !config.has("service"))
        .map(|config| (config.clone(), address(&config)))
        .collect()
}

fn address(config: &Field) -> Address {
    if !config.has("url") {
        return Address::Nowhere;
    }
    let url = config.text("url");
    if url.chars().any(|c| c.is_control() || c == ' ') || url.starts_with(':') {
        return Address::Broken;
    }
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = split_port(authority.rsplit_once('@').map_or(authority, |(_, host)| host)).0;
    if host.parse::<IpAddr>().is_ok() { Address::Ip } else { Address::Name }
}
