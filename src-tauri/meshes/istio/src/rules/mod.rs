//! What can be wrong with Istio's objects: one file a finding, one line here.

mod ambient_rule_elsewhere;
mod ambient_rule_without_waypoint;
mod annotation_deprecated;
mod annotation_invalid;
mod annotation_misplaced;
mod annotation_unknown;
mod annotations;
mod auto_image_in_pod;
mod auto_image_not_injected;
#[cfg(test)]
mod cases;
mod claim_route_without_authentication;
mod condition_negative;
mod control_plane;
mod control_plane_address_invalid;
mod control_plane_address_is_ip;
mod deny_misses_plaintext;
mod deployment_ports_conflict;
mod deployment_protocols_conflict;
mod deprecated_setting;
mod destination_port_missing;
mod destination_port_not_found;
mod destination_rule_duplicate_host;
mod destination_rule_hides_wider;
mod destination_rule_host_not_found;
mod destination_rule_out_of_reach;
mod destination_rule_tls_fights_peer_authentication;
mod envoy_filter_add;
mod envoy_filter_fragile;
mod envoy_filter_order;
mod envoy_filter_order_by_version;
mod envoy_filter_remove;
mod envoy_filter_replace;
mod export_to_missing_namespace;
mod external_name_port_name;
mod fault_injected;
mod foreign;
mod gateway_api_crd_old;
mod gateway_credential_invalid;
mod gateway_credential_not_found;
mod gateway_duplicate_certificate;
mod gateway_name_old_form;
mod gateway_not_found;
mod gateway_port_not_on_service;
mod gateway_route_without_subset;
mod gateway_selector_matches_nothing;
mod gateways_conflict;
mod host_not_found;
mod host_not_in_gateway;
mod injector_service_not_found;
mod injectors;
mod injectors_overlap;
mod internal_gateway_named;
mod invalid_spec;
mod jwks_fetch_unrestricted;
mod l7_policy_on_tcp_port;
mod match_ineffective;
mod mesh_network_registry_unknown;
mod mutual_tls_off;
mod namespace_injected_by_default;
mod namespace_not_injected;
mod no_rule_catches;
mod parts;
mod patches;
mod peer_authentication_ignored;
mod peer_authentication_selector_in_root;
mod pod_sidecar_and_ambient;
mod pod_without_proxy;
mod policy_allow_covered_by_deny;
mod policy_allows_all;
mod policy_host_unknown;
mod policy_lost_at_ztunnel;
mod policy_method_unknown;
mod policy_namespace_missing;
mod policy_needs_mutual_tls;
mod policy_never_matches;
mod policy_port_is_service_port;
mod policy_principal_unknown;
mod policy_trust_domain_unknown;
mod port_tls_server_unverified;
mod proxy_image_differs;
mod route_repeats_destination;
mod rule_shadowed;
mod runs_as_proxy_user;
mod selector_ignored_by_waypoint;
mod selector_matches_nothing;
mod selector_misses_by_one;
mod selector_on_kubernetes_gateway;
mod service_entry_duplicate_host;
mod service_entry_needs_addresses;
mod service_entry_protocols_conflict;
mod service_port_name;
mod service_target_port_missing;
mod several_injection_labels;
mod shape;
mod sidecar_egress_host_unknown;
mod sidecar_in_ambient;
mod sidecar_in_ambient_namespace;
mod sidecar_outbound_mode_missing;
mod sidecar_selector_in_root;
mod sidecars_overlap;
mod sidecars_without_selector;
mod spec_warning;
mod strict_without_proxy;
mod subset_not_defined;
mod subset_not_ready;
mod subset_selects_no_pods;
mod subset_without_labels;
mod target_without_waypoint;
mod telemetries_overlap;
mod telemetries_without_selector;
mod telemetry_without_provider;
mod timeout_cuts_retries;
mod tls_server_unverified;
mod virtual_service_duplicate_host;
mod waypoint_label_outside_ambient;
mod waypoint_not_found;
mod weights_not_100;
mod workload_group_account_unknown;
mod workload_group_duplicate_labels;
mod workload_selector_matches_nothing;
mod workload_without_policy;

use std::sync::Arc;

use mesh::{Check, Rule, Silence, Typed};
use world::{Labels, Pod};

use crate::kinds::virtual_service::spec::{Target, VirtualService};
use crate::read::Index;
use crate::read::hosts::fqdn;

pub(crate) use foreign::FOREIGN;

/// Every rule with its check.
pub(crate) static ALL: &[(&Rule, Check<Index>)] = &[
    (&annotation_deprecated::RULE, annotation_deprecated::check),
    (&annotation_invalid::RULE, annotation_invalid::check),
    (&annotation_misplaced::RULE, annotation_misplaced::check),
    (&annotation_unknown::RULE, annotation_unknown::check),
    (&auto_image_in_pod::RULE, auto_image_in_pod::check),
    (&auto_image_not_injected::RULE, auto_image_not_injected::check),
    (&claim_route_without_authentication::RULE, claim_route_without_authentication::check),
    (&condition_negative::RULE, condition_negative::check),
    (&control_plane_address_invalid::RULE, control_plane_address_invalid::check),
    (&control_plane_address_is_ip::RULE, control_plane_address_is_ip::check),
    (&deployment_ports_conflict::RULE, deployment_ports_conflict::check),
    (&deployment_protocols_conflict::RULE, deployment_protocols_conflict::check),
    (&deprecated_setting::RULE, deprecated_setting::check),
    (&destination_port_missing::RULE, destination_port_missing::check),
    (&destination_port_not_found::RULE, destination_port_not_found::check),
    (&ambient_rule_elsewhere::RULE, ambient_rule_elsewhere::check),
    (&ambient_rule_without_waypoint::RULE, ambient_rule_without_waypoint::check),
    (&deny_misses_plaintext::RULE, deny_misses_plaintext::check),
    (&destination_rule_duplicate_host::RULE, destination_rule_duplicate_host::check),
    (&destination_rule_hides_wider::RULE, destination_rule_hides_wider::check),
    (&destination_rule_host_not_found::RULE, destination_rule_host_not_found::check),
    (&destination_rule_out_of_reach::RULE, destination_rule_out_of_reach::check),
    (&destination_rule_tls_fights_peer_authentication::RULE, destination_rule_tls_fights_peer_authentication::check),
    (&envoy_filter_add::RULE, envoy_filter_add::check),
    (&envoy_filter_fragile::RULE, envoy_filter_fragile::check),
    (&envoy_filter_order::RULE, envoy_filter_order::check),
    (&envoy_filter_order_by_version::RULE, envoy_filter_order_by_version::check),
    (&envoy_filter_remove::RULE, envoy_filter_remove::check),
    (&envoy_filter_replace::RULE, envoy_filter_replace::check),
    (&export_to_missing_namespace::RULE, export_to_missing_namespace::check),
    (&external_name_port_name::RULE, external_name_port_name::check),
    (&gateway_api_crd_old::RULE, gateway_api_crd_old::check),
    (&gateway_credential_invalid::RULE, gateway_credential_invalid::check),
    (&gateway_credential_not_found::RULE, gateway_credential_not_found::check),
    (&gateway_duplicate_certificate::RULE, gateway_duplicate_certificate::check),
    (&fault_injected::RULE, fault_injected::check),
    (&gateway_name_old_form::RULE, gateway_name_old_form::check),
    (&gateway_not_found::RULE, gateway_not_found::check),
    (&gateway_port_not_on_service::RULE, gateway_port_not_on_service::check),
    (&gateway_route_without_subset::RULE, gateway_route_without_subset::check),
    (&gateway_selector_matches_nothing::RULE, gateway_selector_matches_nothing::check),
    (&gateways_conflict::RULE, gateways_conflict::check),
    (&host_not_found::RULE, host_not_found::check),
    (&host_not_in_gateway::RULE, host_not_in_gateway::check),
    (&injector_service_not_found::RULE, injector_service_not_found::check),
    (&injectors_overlap::RULE, injectors_overlap::check),
    (&internal_gateway_named::RULE, internal_gateway_named::check),
    (&invalid_spec::RULE, invalid_spec::check),
    (&jwks_fetch_unrestricted::RULE, jwks_fetch_unrestricted::check),
    (&l7_policy_on_tcp_port::RULE, l7_policy_on_tcp_port::check),
    (&match_ineffective::RULE, match_ineffective::check),
    (&mesh_network_registry_unknown::RULE, mesh_network_registry_unknown::check),
    (&namespace_injected_by_default::RULE, namespace_injected_by_default::check),
    (&namespace_not_injected::RULE, namespace_not_injected::check),
    (&no_rule_catches::RULE, no_rule_catches::check),
    (&pod_without_proxy::RULE, pod_without_proxy::check),
    (&mutual_tls_off::RULE, mutual_tls_off::check),
    (&peer_authentication_ignored::RULE, peer_authentication_ignored::check),
    (&peer_authentication_selector_in_root::RULE, peer_authentication_selector_in_root::check),
    (&pod_sidecar_and_ambient::RULE, pod_sidecar_and_ambient::check),
    (&policy_allow_covered_by_deny::RULE, policy_allow_covered_by_deny::check),
    (&policy_allows_all::RULE, policy_allows_all::check),
    (&policy_host_unknown::RULE, policy_host_unknown::check),
    (&policy_lost_at_ztunnel::RULE, policy_lost_at_ztunnel::check),
    (&policy_method_unknown::RULE, policy_method_unknown::check),
    (&policy_namespace_missing::RULE, policy_namespace_missing::check),
    (&policy_needs_mutual_tls::RULE, policy_needs_mutual_tls::check),
    (&policy_never_matches::RULE, policy_never_matches::check),
    (&policy_port_is_service_port::RULE, policy_port_is_service_port::check),
    (&policy_principal_unknown::RULE, policy_principal_unknown::check),
    (&port_tls_server_unverified::RULE, port_tls_server_unverified::check),
    (&proxy_image_differs::RULE, proxy_image_differs::check),
    (&policy_trust_domain_unknown::RULE, policy_trust_domain_unknown::check),
    (&route_repeats_destination::RULE, route_repeats_destination::check),
    (&rule_shadowed::RULE, rule_shadowed::check),
    (&runs_as_proxy_user::RULE, runs_as_proxy_user::check),
    (&selector_ignored_by_waypoint::RULE, selector_ignored_by_waypoint::check),
    (&selector_matches_nothing::RULE, selector_matches_nothing::check),
    (&selector_on_kubernetes_gateway::RULE, selector_on_kubernetes_gateway::check),
    (&service_entry_needs_addresses::RULE, service_entry_needs_addresses::check),
    (&service_entry_protocols_conflict::RULE, service_entry_protocols_conflict::check),
    (&service_port_name::RULE, service_port_name::check),
    (&several_injection_labels::RULE, several_injection_labels::check),
    (&shape::RULE, shape::check),
    (&sidecar_in_ambient::RULE, sidecar_in_ambient::check),
    (&sidecars_overlap::RULE, sidecars_overlap::check),
    (&sidecars_without_selector::RULE, sidecars_without_selector::check),
    (&spec_warning::RULE, spec_warning::check),
    (&selector_misses_by_one::RULE, selector_misses_by_one::check),
    (&service_entry_duplicate_host::RULE, service_entry_duplicate_host::check),
    (&service_target_port_missing::RULE, service_target_port_missing::check),
    (&sidecar_egress_host_unknown::RULE, sidecar_egress_host_unknown::check),
    (&sidecar_in_ambient_namespace::RULE, sidecar_in_ambient_namespace::check),
    (&sidecar_outbound_mode_missing::RULE, sidecar_outbound_mode_missing::check),
    (&sidecar_selector_in_root::RULE, sidecar_selector_in_root::check),
    (&strict_without_proxy::RULE, strict_without_proxy::check),
    (&subset_not_defined::RULE, subset_not_defined::check),
    (&subset_not_ready::RULE, subset_not_ready::check),
    (&subset_selects_no_pods::RULE, subset_selects_no_pods::check),
    (&telemetries_overlap::RULE, telemetries_overlap::check),
    (&telemetries_without_selector::RULE, telemetries_without_selector::check),
    (&telemetry_without_provider::RULE, telemetry_without_provider::check),
    (&tls_server_unverified::RULE, tls_server_unverified::check),
    (&subset_without_labels::RULE, subset_without_labels::check),
    (&target_without_waypoint::RULE, target_without_waypoint::check),
    (&timeout_cuts_retries::RULE, timeout_cuts_retries::check),
    (&virtual_service_duplicate_host::RULE, virtual_service_duplicate_host::check),
    (&waypoint_label_outside_ambient::RULE, waypoint_label_outside_ambient::check),
    (&waypoint_not_found::RULE, waypoint_not_found::check),
    (&weights_not_100::RULE, weights_not_100::check),
    (&workload_selector_matches_nothing::RULE, workload_selector_matches_nothing::check),
    (&workload_group_account_unknown::RULE, workload_group_account_unknown::check),
    (&workload_group_duplicate_labels::RULE, workload_group_duplicate_labels::check),
    (&workload_without_policy::RULE, workload_without_policy::check),
];

/// Annotations of istioctl and of Kiali, with what stands in them for every code.
/// Upstream: istio/istio pkg/config/analysis/local/istiod_analyze.go, filterMessages; kiali/kiali models/istio_validation.go,
/// ParseIgnoreValidationsAnnotation.
pub(crate) const SILENCES: &[Silence] = &[
    Silence { annotation: "galley.istio.io/analyze-suppress", all: "*" },
    Silence { annotation: "kiali.io/ignore-validations", all: "" },
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
        Some(labels) => ask.places.selected_anywhere(labels),
        None => beside(ask, namespace, true),
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
