//! The kinds of Linkerd.

pub(crate) mod spec;
pub(crate) mod summary;

use mesh::Kind;

/// API group of policies.
pub(crate) const POLICY: &str = "policy.linkerd.io";

const fn kind(group: &'static str, kind: &'static str, plural: &'static str, purpose: &'static str) -> Kind {
    Kind { group, kind, plural, namespaced: true, purpose }
}

/// Everything that Linkerd's users write.
pub(crate) const KINDS: &[Kind] = &[
    kind(POLICY, "Server", "servers", "Names a port of workloads that policies guard."),
    kind(POLICY, "AuthorizationPolicy", "authorizationpolicies", "Says who may call a Server, route or namespace."),
    kind(POLICY, "ServerAuthorization", "serverauthorizations", "Says who may call a Server, in the older form."),
    kind(POLICY, "MeshTLSAuthentication", "meshtlsauthentications", "Names callers by their identity."),
    kind(POLICY, "NetworkAuthentication", "networkauthentications", "Names callers by their address."),
    kind(POLICY, "HTTPRoute", "httproutes", "Says where HTTP requests go, in Linkerd's own group."),
    kind(POLICY, "EgressNetwork", "egressnetworks", "Says what may leave the cluster."),
    kind(POLICY, "HTTPLocalRateLimitPolicy", "httplocalratelimitpolicies", "Limits how many requests a Server takes."),
    kind("linkerd.io", "ServiceProfile", "serviceprofiles", "Describes the routes of a service."),
    kind("workload.linkerd.io", "ExternalWorkload", "externalworkloads", "Adds a machine outside Kubernetes."),
    kind("multicluster.linkerd.io", "Link", "links", "Joins another cluster."),
];
