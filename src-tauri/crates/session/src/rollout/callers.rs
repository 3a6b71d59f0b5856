//! Whose requests go through the route of a plan: those of callers in the mesh, those that come in by gateways, or both.

use std::collections::BTreeSet;

use mesh::{Entering, Ready};
use rollout::{Plan, RouteKind};
use world::ObjectKey;

use crate::map::Flow;

/// The Gateways that let these in: `namespace/name`.
pub(super) fn gateways<'a>(entering: impl IntoIterator<Item = &'a Entering>) -> Vec<String> {
    let name = |ObjectKey { namespace, name, .. }: &ObjectKey| format!("{namespace}/{name}");
    let all: BTreeSet<String> = entering.into_iter().map(|entering| name(&entering.gateway)).collect();
    all.into_iter().collect()
}

/// Who calls by a plan's route.
#[derive(Debug, Default)]
pub(crate) struct Callers {
    /// Callers in the mesh.
    pub within: bool,
    /// Requests from outside that it decides at a gateway.
    pub entering: Vec<Entering>,
}

impl Callers {
    /// As the engine decides it now.
    pub fn of(ready: &Ready, plan: &Plan) -> Self {
        let (route, service) = (plan.object(), &plan.service);
        let within = ready.routes(&service.namespace, &service.name);
        let within = within.iter().any(|one| one.object.as_ref() == Some(&route));
        let names: &[&String] = match plan.route.kind {
            RouteKind::VirtualService => &[&service.name],
            RouteKind::HttpRoute => &[&plan.stable, &plan.canary],
        };
        let leads = |entering: &Entering| {
            entering.services.iter().any(|(namespace, name)| *namespace == service.namespace && names.contains(&name))
        };
        Self { within, entering: ready.entering(&route).into_iter().filter(leads).collect() }
    }

    /// The route decides nothing for the service.
    pub fn is_nobody(&self) -> bool {
        !self.within && self.entering.is_empty()
    }

    /// Whether a flow goes through it.
    pub fn include(&self, flow: &Flow) -> bool {
        self.within || self.entering.iter().any(|entering| entering.workload == flow.from)
    }
}
