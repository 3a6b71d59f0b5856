//! What can be wrong with Istio's objects: one file a finding, one line here.

#[cfg(test)]
mod cases;
mod destination_rule_duplicate_host;
mod destination_rule_host_not_found;
mod destination_rule_tls_fights_peer_authentication;
mod export_to_missing_namespace;
mod foreign;
mod gateway_not_found;
mod host_not_found;
mod l7_policy_on_tcp_port;
mod no_rule_catches;
mod policy_namespace_missing;
mod policy_needs_mutual_tls;
mod policy_principal_unknown;
mod rule_shadowed;
mod selector_matches_nothing;
mod service_port_name;
mod shape;
mod strict_without_proxy;
mod subset_not_defined;
mod subset_selects_no_pods;
mod virtual_service_duplicate_host;
mod weights_not_100;

use std::sync::Arc;

use mesh::{Check, Rule, Typed, selects};
use world::{Labels, Pod};

use crate::kinds::virtual_service::spec::{Target, VirtualService};
use crate::read::Index;
use crate::read::hosts::fqdn;

pub(crate) use foreign::FOREIGN;

/// Every rule with its check.
pub(crate) static ALL: &[(&Rule, Check<Index>)] = &[
    (&destination_rule_duplicate_host::RULE, destination_rule_duplicate_host::check),
    (&destination_rule_host_not_found::RULE, destination_rule_host_not_found::check),
    (&destination_rule_tls_fights_peer_authentication::RULE, destination_rule_tls_fights_peer_authentication::check),
    (&export_to_missing_namespace::RULE, export_to_missing_namespace::check),
    (&gateway_not_found::RULE, gateway_not_found::check),
    (&host_not_found::RULE, host_not_found::check),
    (&l7_policy_on_tcp_port::RULE, l7_policy_on_tcp_port::check),
    (&no_rule_catches::RULE, no_rule_catches::check),
    (&policy_namespace_missing::RULE, policy_namespace_missing::check),
    (&policy_needs_mutual_tls::RULE, policy_needs_mutual_tls::check),
    (&policy_principal_unknown::RULE, policy_principal_unknown::check),
    (&rule_shadowed::RULE, rule_shadowed::check),
    (&selector_matches_nothing::RULE, selector_matches_nothing::check),
    (&service_port_name::RULE, service_port_name::check),
    (&shape::RULE, shape::check),
    (&strict_without_proxy::RULE, strict_without_proxy::check),
    (&subset_not_defined::RULE, subset_not_defined::check),
    (&subset_selects_no_pods::RULE, subset_selects_no_pods::check),
    (&virtual_service_duplicate_host::RULE, virtual_service_duplicate_host::check),
    (&weights_not_100::RULE, weights_not_100::check),
];

/// A place where a VirtualService sends requests.
struct Use<'a> {
    path: String,
    /// In full.
    host: String,
    target: &'a Target,
}

/// Every destination and mirror of a VirtualService.
fn destinations<'a>(typed: &'a Typed<VirtualService>) -> Vec<Use<'a>> {
    let mut all = Vec::new();
    let mut put = |path: String, target: &'a Target| {
        let host = fqdn(&target.host, &typed.document.key.namespace);
        all.push(Use { path, host, target });
    };
    for (at, rule) in typed.spec.http.iter().enumerate() {
        for (n, weighted) in rule.route.iter().enumerate() {
            put(format!("spec.http[{at}].route[{n}].destination"), &weighted.destination);
        }
        if let Some(mirror) = &rule.mirror {
            put(format!("spec.http[{at}].mirror"), mirror);
        }
        for (n, mirror) in rule.mirrors.iter().enumerate() {
            if let Some(target) = &mirror.destination {
                put(format!("spec.http[{at}].mirrors[{n}].destination"), target);
            }
        }
    }
    all
}

/// The pods that a policy of this namespace is about: those of the namespace, or of all where it is the root, with these labels.
fn governed<'a>(ask: &'a Index, namespace: &'a str, labels: Option<&Labels>) -> Vec<&'a Arc<Pod>> {
    match labels {
        Some(labels) if namespace != ask.root => ask.places.selected(namespace, labels),
        _ => {
            let fits = |pod: &&Arc<Pod>| labels.is_none_or(|wanted| selects(wanted, &pod.labels));
            beside(ask, namespace, true).into_iter().filter(fits).collect()
        }
    }
}

/// The pods of a namespace; of all namespaces where it is the root and what is there holds everywhere.
fn beside<'a>(ask: &'a Index, namespace: &'a str, root_is_all: bool) -> Vec<&'a Arc<Pod>> {
    if root_is_all && namespace == ask.root {
        ask.places.pods().collect()
    } else {
        ask.places.pods_in(namespace).collect()
    }
}
