//! Whether the policies at a waypoint let a request through.

use world::ObjectKey;

use super::{Admission, Arriving, Asker, judge};
use crate::kinds::Typed;
use crate::kinds::authorization_policy::AuthorizationPolicy;
use crate::kinds::sidecar::Scope;
use crate::kinds::target::binds;
use crate::read::Index;

/// The policies that are bound to a waypoint, to its class, or to the service that is asked for.
/// Upstream: istio/istio pilot/pkg/model/authorization.go, ListAuthorizationPolicies: of the root, the waypoint's and the service's namespace.
pub(crate) fn in_force<'a>(
    index: &'a Index,
    waypoint: &'a ObjectKey,
    service: Option<&'a ObjectKey>,
) -> impl Iterator<Item = &'a Typed<AuthorizationPolicy>> {
    let mut namespaces = vec![&index.root, &waypoint.namespace];
    namespaces.extend(service.map(|s| &s.namespace));
    namespaces.sort();
    namespaces.dedup();
    let policies = namespaces.into_iter().flat_map(|ns| index.authorization_policies.within(ns));
    policies.filter(move |typed| binds(&typed.document, waypoint, service, &index.root))
}

/// Asks them.
pub(crate) fn admit(index: &Index, waypoint: &ObjectKey, service: Option<&ObjectKey>, request: &Arriving) -> Admission {
    judge(
        Asker { index, scope: Scope::whole(&waypoint.namespace), namespace: &waypoint.namespace },
        in_force(index, waypoint, service),
        request,
    )
}
