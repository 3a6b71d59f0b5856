//! Linkerd: what its policies mean for a request, and what is wrong with them.
//!
//! Decided is what the destination's proxy lets in: Servers and their authorizations, the default policy, mutual TLS between meshed pods.
//! Deliberately absent, and said so in each answer: routes of Servers and of Services, service profiles, egress networks, rate limits.

mod detect;
mod kinds;
mod probes;
mod read;
mod reading;
mod rules;
#[cfg(test)]
#[path = "../../../crates/world/tests/told/mod.rs"]
mod told;
mod verdict;

use std::sync::Arc;

use mesh::{Extent, Kind, Membership, Mesh, Places, Presence, Reading, Rule, Source, Summary};
use world::{Document, Pod, World};

/// Linkerd, as the engine knows it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Linkerd;

impl Mesh for Linkerd {
    fn name(&self) -> &'static str {
        "Linkerd"
    }

    fn kinds(&self) -> &'static [Kind] {
        kinds::KINDS
    }

    fn sources(&self) -> &'static [Source] {
        // `linkerd-config`: the trust domain, and the policy of ports without a Server. Its home may have another name, which nobody says
        // before it is read.
        const { &[Source { group: "", kind: "ConfigMap", extent: Extent::Beside("linkerd") }] }
    }

    fn detect(&self, world: &World, groups: &[String]) -> Option<Presence> {
        detect::presence(world, groups)
    }

    fn membership(&self, world: &World, pod: &Pod) -> Option<Membership> {
        detect::carries_proxy(pod, |namespace| world.namespace(namespace)).then_some(Membership::Sidecar)
    }

    fn rules(&self) -> Vec<&'static Rule> {
        rules::ALL.iter().map(|(rule, _)| *rule).collect()
    }

    fn summary(&self, document: &Document) -> Option<Summary> {
        kinds::summary::of(document)
    }

    fn read(&self, world: &World, places: &Arc<Places>) -> Option<Box<dyn Reading>> {
        Some(Box::new(read::Index::of(world, places.clone())))
    }
}
